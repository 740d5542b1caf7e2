"""A bundle is judged by one file that needs nothing of this program.

The long version changes every byte of a bundle: `SCR_SOAK_HOSTILE=1`.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from random import Random
from zipfile import ZipFile

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger import evidence
from ledger.domain.definitions import BUILT_IN
from ledger.domain.events import TOPICS
from ledger.domain.publication import hash_of_set
from ledger.evidence import verify
from ledger.reader import open_log
from ledger.tlog import merkle, note
from projections import bundling
from tests import ledgers, oracle
from tests.bundles import changed, judged, listed, rewritten, unpacked, written
from tests.commandline import HISTORY, filed, prepare, scr
from tests.definitions import (
    Put,
    all_bases,
    body,
    case_facts,
    case_loads,
    families,
    of_oracle,
    put,
)
from tests.publications import compute, printing, publish, record, register
from tests.witnessed import signed as signed_ledger

SOAK = int(os.environ.get("SCR_SOAK_HOSTILE", "0"))
FIXTURE = Path("fixtures/oig-23-52")

RATE = body(
    "rate",
    unit="outcome",
    denominator="disruptions-all",
    targets={"2019": 40, "2020": 9.5},
)


@pytest.fixture(scope="module")
def ledger() -> str:
    """
    A ledger with a definition, free text, one publication as printed and one computed.
    """
    with ledgers.folder() as folder:
        path = str(prepare(folder, HISTORY + filed("SCR-7", title="a title")))
        put(path, Put(RATE))
        register(path, printing("APR-2019", ("dd-all", 2019, 4)))
        publish(path, "APR-2020", ("rate", 2019), ("organizations-tco", 2019))
        yield path


@pytest.fixture(scope="module")
def files(ledger, tmp_path_factory) -> dict[str, bytes]:
    """
    The files of its bundle.
    """
    return unpacked(written(ledger), tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def without_text(ledger, tmp_path_factory) -> dict[str, bytes]:
    """
    The files of its bundle without free text.
    """
    data = written(ledger, without_text=True)
    return unpacked(data, tmp_path_factory.mktemp("bundle"))


# --- alone ----------------------------------------------------------------------------


def test_the_audits_fixture_is_computed_again_in_a_bare_interpreter(tmp_path):
    """
    With Python alone, in an empty folder: all six printings and a computed publication.
    """
    path = str(tmp_path / "demo.db")
    assert scr("demo", "--keep", path).code == 0
    publish(
        path, "AUDIT", ("dd-all", 2020), ("dd-tco", 2020), ("organizations-tco", 2021)
    )
    assert scr("--ledger", path, "bundle", "-o", str(tmp_path / "b.zip")).code == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "verify.py").write_bytes(evidence.verifier())

    told = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", str(tmp_path / "b.zip")],
        cwd=empty,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (told.returncode, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert sum(line.startswith("ok     publication") for line in lines) == 7
    assert sum("computed again, figures with" in line for line in lines) == 7
    assert lines[-1] == "All of it agrees."
    assert [one.name for one in empty.iterdir()] == ["verify.py"]


def test_an_old_python_reads_it():
    """
    Its syntax is that of Python 3.8, and it imports the standard library alone.
    """
    tree = ast.parse(evidence.verifier(), feature_version=(3, 8))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    own = {name for name in imported if not name.startswith("cryptography.")}
    assert {name.partition(".")[0] for name in own} <= sys.stdlib_module_names


def test_a_folder_is_judged_as_the_zip_is(files, tmp_path, capsys):
    """
    Unpacked, it is judged from where it lies; it writes nothing there.
    """
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)

    assert verify.judge(tmp_path) == 0
    assert "All of it agrees." in capsys.readouterr().out
    assert verify.read(tmp_path) == files


# --- figures --------------------------------------------------------------------------


@holds_for(case_loads(), families(most=3), st.data())
def test_it_counts_as_the_program_does(loads, bodies, data):
    """
    Whatever was recorded and however it is defined: what the program publishes at a
    basis, the checker computes again from the facts, built-in measures included.
    """
    with ledgers.folder() as folder, pytest.MonkeyPatch.context() as patched:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        put(path, *map(Put, bodies))
        with open_log(path) as log:
            asked = data.draw(all_bases(case_facts(log)), label="basis")
        names = [*(f"{one['id']}@1" for one in bodies), *BUILT_IN]
        publish(
            path,
            "APR",
            *[(name, year) for name in names for year in (2018, 2019, 2020)],
            at=lambda log: of_oracle(log, asked),
        )

        found = judged(unpacked(written(path), folder), patched)

        assert found.code == 0, found.said


def test_a_figure_that_was_sealed_wrong_is_found(ledger, tmp_path, monkeypatch):
    """
    Its seal, leaf and root are right, because it was recorded so; the facts say less.
    """
    path = str(tmp_path / "scr.db")
    Path(path).write_bytes(Path(ledger).read_bytes())
    content, head = compute(path, "WRONG", ("dd-tco", 2020))
    figure = content.figures[0]
    units = (*figure.counted, "SCR-9")
    digest = hash_of_set(units)
    forged = figure._replace(value=2, counted=units, counted_sha256=digest)
    record(path, head, content._replace(figures=(forged,)))

    found = judged(unpacked(written(path), tmp_path), monkeypatch)

    assert found.code == 1
    assert "dd-tco FY2020: value is 2, the facts give 1" in found.said


NAMES = "ab\u00e9\uffee\U0001f600"
"""By UTF-16, as RFC 8785 sorts them, the last comes before the one before it."""


@holds_for(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**53) + 1, 2**53 - 1),
            st.floats(1e-4, 1e14),
            st.text(st.characters(exclude_categories=["Cs"])),
        ),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(NAMES), inner),
    )
)
def test_it_writes_the_json_that_is_hashed(value):
    """
    Byte for byte as an implementation of RFC 8785 does.
    """
    assert verify.canonical(value).encode() == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1e300, 1e-9, float("nan"), 2**60, -(2**60)])
def test_it_refuses_numbers_that_it_cannot_write(value):
    """
    What the short version does not do, it does not do wrong.
    """
    with pytest.raises((ValueError, OverflowError)):
        verify.canonical(value)


@pytest.mark.parametrize("size", [*range(18), 63, 64, 65])
def test_it_computes_the_roots_of_the_tree(size):
    """
    At every position the root of RFC 6962.
    """
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(size)]

    found = verify.roots(leaves, set(range(size + 1)))

    assert found == {n: merkle.root(leaves[:n]).hex() for n in range(size + 1)}


# --- forged ---------------------------------------------------------------------------


def test_no_changed_byte_is_accepted(files, without_text, monkeypatch):
    """
    Of any file, also of the text to read and of the checker itself.
    """
    random = Random(5)
    for held in (files, without_text):
        places = [(name, at) for name in held for at in range(len(held[name]))]
        about = [place for place in places if place[0] == "bundle.json"]
        drawn = random.sample(places, 60) + random.sample(about, 60)
        for name, at in places if SOAK else drawn:
            data = bytearray(held[name])
            data[at] ^= 1 << random.randrange(8)

            found = judged({**held, name: bytes(data)}, monkeypatch)

            assert found.code != 0, (name, at)


def test_no_changed_byte_of_the_zip_gives_other_files(ledger, files, tmp_path):
    """
    A byte that only the packing has may change; what is read is the same, or refused.
    """
    data = written(ledger)
    random = Random(6)
    at = tmp_path / "changed.zip"
    for place in range(len(data)) if SOAK else random.sample(range(len(data)), 60):
        made = bytearray(data)
        made[place] ^= 1 << random.randrange(8)
        at.write_bytes(made)
        if verify.judge(at) == 0:
            assert verify.read(at) == files, place


def set_in(place: int, name: str, value: object):
    """
    Return a change of one fact's field.
    """

    def change(facts) -> None:
        facts[place][name] = value

    return change


def in_payload(place: int, old: str, new: str):
    """
    Return a change of one fact's payload.
    """

    def change(facts) -> None:
        assert old in facts[place]["payload"]
        facts[place]["payload"] = facts[place]["payload"].replace(old, new)

    return change


FORGERIES = [
    ("facts", in_payload(3, "yes", "no"), "root"),
    ("facts", set_in(3, "version", 7), "stands at another place"),
    ("facts", set_in(3, "recorded_at", "2030-01-01T00:00:00.000000Z"), "before"),
    ("facts", lambda facts: facts.pop(), "root"),
    ("facts", lambda facts: facts.pop(4), "stands at another place"),
    ("facts", lambda facts: facts.insert(4, facts[5]), "another place"),
    ("facts", set_in(2, "leaf", "00" * 32), "cannot read"),
    ("definitions/rate@1.json", lambda one: one.update(unit="scr"), "does not have"),
    ("definitions/dd-all@1.json", lambda one: one.update(unit="case"), "does not have"),
]


@pytest.mark.parametrize(("name", "change", "says"), FORGERIES)
def test_a_forgery_that_is_listed_is_found(files, monkeypatch, name, change, says):
    """
    The forger has written the new hash of the file into bundle.json.
    """
    name = "facts.jsonl" if name == "facts" else name
    found = judged(changed(files, name, change), monkeypatch)

    assert found.code != 0
    assert says in found.said


def test_a_file_beside_the_folder_takes_no_place_in_it(ledger, tmp_path):
    """
    Else a zip could be judged by one file, and unpacked to another of that name.
    """
    path = tmp_path / "bundle.zip"
    path.write_bytes(written(ledger))
    with ZipFile(path, "a") as held:
        held.writestr("facts.jsonl", held.read("scr-bundle/facts.jsonl"))

    assert verify.judge(path) == 2


@pytest.mark.parametrize("topic", sorted(verify.WHOLE))
def test_what_has_no_free_text_is_there_whole(topic):
    """
    Of these topics nothing is ever left out.
    """
    assert not set(bundling.free_text(topic)) & set(TOPICS[topic].model_fields)


def test_a_publication_without_its_bytes_is_refused(files, monkeypatch):
    """
    Its leaf would be taken on trust, and with it another publication of that root.
    """

    def emptied(facts) -> None:
        one = next(one for one in facts if one["topic"] == verify.PUBLISHED)
        leaf = verify.leaf_of(one).hex()
        one.update(leaf=leaf, fields=json.loads(one.pop("payload")))

    forged = listed(changed(files, "facts.jsonl", emptied), without_text=True)

    assert "is not here whole" in judged(forged, monkeypatch).said


def test_members_roots_are_those_of_the_secret(files):
    """
    Of an older publication there is neither secret nor root nor salt.
    """
    facts = map(json.loads, files["facts.jsonl"].splitlines())
    one = next(fact for fact in facts if fact["topic"] == verify.PUBLISHED)
    said = json.loads(one["payload"])
    assert list(verify.wrong_members(said)) == []

    other = {**said, "members_secret": "11" * 32}
    assert len(list(verify.wrong_members(other))) == 1 + len(said["content"]["figures"])
    del said["members_secret"]
    assert any("salt" in one for one in verify.wrong_members(said))
    del said["content"]["seal_salt"]
    for figure in said["content"]["figures"]:
        del figure["members_root"]
    assert list(verify.wrong_members(said)) == []


def test_a_summary_is_what_was_published(tmp_path, monkeypatch):
    """
    Proofs of members are tied to it, so it has the roots that are sealed.
    """
    signed_ledger(tmp_path)
    held = unpacked(written(str(tmp_path / "scr.db")), tmp_path)
    told = judged(held, monkeypatch).said
    assert "summaries: 1" in told
    vkey = (tmp_path / "log.vkey").read_text(encoding="utf-8").strip()
    assert f": {vkey}\n" in told
    assert "compare these keys with what you have of them by another way" in told

    def forged(facts) -> None:
        one = next(one for one in facts if one["topic"] == verify.SUMMARIZED)
        one["payload"] = one["payload"].replace('"value":', '"value":1')

    told = judged(changed(held, "facts.jsonl", forged), monkeypatch)

    assert "is not what APR prints" in told.said


def test_a_sealed_file_that_was_changed_is_found(files, monkeypatch):
    """
    Its hash is in the list, but not under the seal.
    """
    name = next(one for one in files if one.startswith("publications/"))

    found = judged(
        changed(files, name, lambda one: one.update(claims="x")), monkeypatch
    )

    assert "its seal is of another content" in found.said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"head": 3}, "bundle.json says @3"),
        ({"root": "00" * 32}, "root 0000"),
        ({"without_text": 0}, ""),
        (
            {"ledger": {"ledger_id": "x", "name": "x", "timezone": "x"}},
            "another ledger",
        ),
        ({"publications": []}, "lists other publications"),
        ({"definitions": []}, "no definition here"),
        ({"schema": "scr-bundle/2"}, "cannot read"),
    ],
)
def test_what_bundle_json_says_is_held_against_the_facts(
    files, monkeypatch, change, says
):
    """
    It is the one file that no hash in the bundle covers.
    """
    found = judged(listed(files, **change), monkeypatch)

    assert says in found.said
    assert (found.code != 0) == bool(says)


def test_a_file_more_or_less_is_found(files, monkeypatch):
    """
    In the folder, and in the list.
    """
    more = judged({**files, "more.txt": b""}, monkeypatch)
    less = judged({n: d for n, d in files.items() if n != "README.txt"}, monkeypatch)

    assert "more.txt is not in the list" in more.said
    assert "README.txt is missing" in less.said


def test_text_left_out_is_told(files, without_text, monkeypatch):
    """
    How many leaves are taken on trust, and that figures do not depend on the text.
    """
    found = judged(without_text, monkeypatch)

    assert found.code == 0
    assert "1 of 23 facts are without" in found.said
    assert "no figure depends on the text" in found.said
    assert "agrees, but for 1 facts that are taken on trust." in found.said
    assert "on trust" not in judged(files, monkeypatch).said


def test_a_leaf_in_the_place_of_text_is_not_hidden(without_text, monkeypatch):
    """
    A bundle that says it is whole has no leaf on trust.
    """
    found = judged(listed(without_text, without_text=False), monkeypatch)

    assert "bundle.json does not say so" in found.said


def in_basis(**said: object):
    """
    Return a change of what the first publication says that it rests on.
    """

    def change(facts) -> None:
        facts[21]["said"]["content"]["basis"].update(said)

    return change


def in_content(name: str, value: object):
    """
    Return a change of what the first publication names first.
    """

    def change(facts) -> None:
        facts[21]["said"]["content"]["definitions"][0][name] = value

    return change


def with_checkpoint(facts) -> None:
    """
    Add a checkpoint that no key of the log has signed.
    """
    last = facts[-1]
    said = {"note": checkpoint(1, "00" * 32, OLD)}
    place = {"position": last["position"] + 1, "stream": "checkpoints", "version": 1}
    facts.append({**last, **place, "topic": verify.CHECKPOINTED, "said": said})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _: None, "All of it agrees"),
        (in_basis(visible=99), "17 of 17 facts claimed"),
        (in_basis(grade="mixed"), "its basis is claimed"),
        (in_basis(position=22), "it rests on facts that came after it"),
        (in_basis(root="00" * 32), "the log had another root at"),
        (in_content("hash", "00" * 32), "no definition here is"),
        (in_content("version", 2), "no definition here is"),
        (
            lambda facts: facts[20]["said"]["definition"].update(owner="x"),
            "rate@1 is not here as it was recorded",
        ),
        (with_checkpoint, "is signed for the log scr-ledger/x"),
        (with_checkpoint, "checkpoints/ does not hold"),
    ],
)
def test_who_rewrites_everything_must_still_be_right(files, monkeypatch, change, says):
    """
    Seals, files, root and list made anew: what the facts give is still computed.
    """
    found = judged(rewritten(files, change), monkeypatch)

    assert says in found.said
    assert (found.code == 0) == ("agrees" in says)


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("dd-all", {"unit": "case"}, "is not the built-in measure"),
        ("dd-all", {"once": "ever"}, "is not the built-in measure"),
        ("dd-all", {"denominator": "dd-tco"}, "is not the built-in measure"),
        ("rate", {"id": "other"}, "is the definition of another"),
        ("rate", {"version": 3}, "is the definition of another"),
    ],
)
def test_a_definition_with_its_own_hash_is_held_to_its_name(
    files, monkeypatch, name, change, says
):
    """
    Its hash in the list is that of its bytes, and it says something else.
    """
    made = changed(files, f"definitions/{name}@1.json", lambda one: one.update(change))
    lists = json.loads(files["bundle.json"])["definitions"]
    for one in lists:
        one["hash"] = verify.sha256(made[one["file"]])

    found = judged(listed(made, definitions=lists), monkeypatch)

    assert says in found.said
    assert found.code == 1


def test_bundle_json_has_one_form(files, monkeypatch):
    """
    The same content in other bytes would have another hash to be noted.
    """
    about = json.loads(files["bundle.json"])
    other = {**files, "bundle.json": json.dumps(about).encode()}

    assert "not in its one form" in judged(other, monkeypatch).said


# --- signed ---------------------------------------------------------------------------

ORIGIN = "scr-ledger/x"
OLD, NEW, STRANGER = (
    Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2, 3)
)


def signed(text: str, *keys: Ed25519PrivateKey) -> str:
    """
    Return a note signed by keys.
    """
    return str(note.Note(text, tuple(note.sign(text, key, ORIGIN) for key in keys)))


def keyed(
    position: int,
    root: str,
    key: Ed25519PrivateKey,
    *by: Ed25519PrivateKey,
    as_: Ed25519PrivateKey | None = None,
) -> str:
    """
    Return the note of a new key; of one that has another's id, if told so.
    """
    vkey = str(note.public_of(key, ORIGIN))
    if as_ is not None:
        ids = [note.public_of(one, ORIGIN).key_id.hex() for one in (key, as_)]
        vkey = vkey.replace(f"+{ids[0]}+", f"+{ids[1]}+")
    return signed(f"scr-ledger key/1\n{ORIGIN}\n{vkey}\n{position}\n{root}\n", *by)


def checkpoint(
    size: int, root: str, *by: Ed25519PrivateKey, origin: str = ORIGIN
) -> str:
    """
    Return a checkpoint.
    """
    text = b64encode(bytes.fromhex(root)).decode()
    return signed(f"{origin}\n{size}\n{text}\n", *by)


ROOTS = {size: f"{size:02x}" * 32 for size in range(9)}


def noted(*notes: tuple[str, str]) -> list[dict[str, object]]:
    """
    Return facts of topics and notes, from position 2 on.
    """
    return [
        {"position": n, "topic": topic, "payload": json.dumps({"note": text})}
        for n, (topic, text) in enumerate(notes, 2)
    ]


FIRST = (verify.KEYED, keyed(1, ROOTS[1], OLD, OLD))


@pytest.mark.parametrize(
    ("notes", "says"),
    [
        ([FIRST], None),
        ([FIRST, (verify.CHECKPOINTED, checkpoint(2, ROOTS[2], OLD))], None),
        ([FIRST, (verify.KEYED, keyed(2, ROOTS[2], NEW, NEW, OLD))], None),
        ([FIRST, (verify.KEYED, keyed(2, ROOTS[2], NEW, NEW))], "keys that should"),
        ([(verify.KEYED, keyed(1, ROOTS[1], OLD, NEW))], "keys that should"),
        ([FIRST, (verify.CHECKPOINTED, checkpoint(2, ROOTS[2], NEW))], "keys that"),
        ([FIRST, (verify.CHECKPOINTED, checkpoint(2, ROOTS[1], OLD))], "another root"),
        ([FIRST, (verify.CHECKPOINTED, checkpoint(7, ROOTS[7], OLD))], "another root"),
        (
            [FIRST, (verify.CHECKPOINTED, checkpoint(2, ROOTS[2], OLD, origin="o"))],
            "for the log o",
        ),
        ([(verify.CHECKPOINTED, checkpoint(1, ROOTS[1], OLD))], "keys that should"),
        ([FIRST, (verify.KEYED, keyed(2, ROOTS[2], OLD, OLD))], "on record again"),
        (
            [FIRST, (verify.KEYED, keyed(2, ROOTS[2], STRANGER, STRANGER, as_=OLD))],
            "not that of its name and key",
        ),
    ],
)
def test_keys_and_checkpoints_are_held_against_roots_and_keys(notes, says):
    """
    A checkpoint is of this log, of its root there, and signed by the key that signs.
    """
    found = list(verify.wrong_notes(noted(*notes), ROOTS, ORIGIN))

    assert [says in one for one in found] == [True] if says else found == []


def distrusted(key: Ed25519PrivateKey, trusted_to: int) -> dict[str, object]:
    """
    Return what is said of a key that is believed no further.
    """
    return {"key": note.public_of(key, ORIGIN).key_id.hex(), "trusted_to": trusted_to}


ROTATED = (verify.KEYED, keyed(2, ROOTS[2], NEW, NEW, OLD))


@pytest.mark.parametrize(
    ("notes", "said", "then", "allowed"),
    [
        ([FIRST], distrusted(OLD, 1), checkpoint(2, ROOTS[2], OLD), False),
        ([FIRST, ROTATED], distrusted(NEW, 2), checkpoint(3, ROOTS[3], OLD), False),
        ([FIRST, ROTATED], distrusted(OLD, 2), checkpoint(3, ROOTS[3], NEW), True),
        ([FIRST, ROTATED], distrusted(OLD, 2), checkpoint(3, ROOTS[3], OLD), False),
        ([FIRST, ROTATED], distrusted(OLD, 1), checkpoint(3, ROOTS[3], NEW), False),
    ],
)
def test_who_is_not_believed_any_more_signs_nothing(notes, said, then, allowed):
    """
    Nor whom it vouched for beyond; whom it vouched for before signs as ever.
    """
    facts = noted(*notes, (verify.DISTRUSTED, ""), (verify.CHECKPOINTED, then))
    facts[-2]["payload"] = json.dumps(said)

    found = list(verify.wrong_notes(facts, ROOTS, ORIGIN))

    assert ["keys that should" in one for one in found] == [True] * (not allowed)


def witnessed(by: Ed25519PrivateKey, size: int = 1, text: str | None = None):
    """
    Return facts of a checkpoint, a policy of one witness, and a cosignature.
    """
    made = checkpoint(1, ROOTS[1], OLD)
    signing = text or f"{made.partition(chr(10) * 2)[0]}\n"
    line = str(note.cosign(signing, by, "ann", 7)).rstrip("\n")
    vkey = str(note.public_of(NEW, "ann", note.COSIGNATURE))
    facts = noted((verify.CHECKPOINTED, made), (verify.ENTRUSTED, ""))
    facts[1]["payload"] = json.dumps({"witnesses": [vkey]})
    said = json.dumps({"size": size, "line": line})
    return [*facts, {"position": 4, "topic": verify.COSIGNED, "payload": said}]


def test_cosignatures_are_checked(monkeypatch):
    """
    One is by a witness of the policy, over a checkpoint on record, or is found.
    """
    forged = witnessed(NEW, text="another text\n")

    assert list(verify.wrong_cosignatures(witnessed(NEW))) == []
    for facts in (witnessed(STRANGER), witnessed(NEW, size=2), witnessed(NEW)[::2]):
        (found,) = verify.wrong_cosignatures(facts)
        assert "no witness of the policy, or of no checkpoint" in found
    (found,) = verify.wrong_cosignatures(forged)
    assert "the cosignature of ann does not hold" in found
    monkeypatch.setattr(verify, "verifier", lambda: None)
    assert list(verify.wrong_cosignatures(forged)) == []


def test_no_changed_signature_is_accepted(monkeypatch):
    """
    Where cryptography is there; without it, that is said and not checked.
    """
    text = checkpoint(2, ROOTS[2], OLD)
    head, _, tail = text.rpartition(" ")
    other = b64encode(bytes([*verify.base64.b64decode(tail)[:-1], 1])).decode()
    facts = noted(FIRST, (verify.CHECKPOINTED, f"{head} {other}\n"))

    assert any(
        "does not hold" in one for one in verify.wrong_notes(facts, ROOTS, ORIGIN)
    )
    monkeypatch.setattr(verify, "verifier", lambda: None)
    assert list(verify.wrong_notes(facts, ROOTS, ORIGIN)) == []


def test_the_oracle_has_the_same_built_in_measures():
    """
    What the checker holds built-in measures to is what the document says they are.
    """
    assert set(verify.BUILT_IN) == set(oracle.BUILT_INS)
    for name, (unit, kinds, population) in verify.BUILT_IN.items():
        said = oracle.BUILT_INS[name]
        assert (unit, kinds) == (said["unit"], said["kinds"])
        assert population == {"approved": True, **said.get("population", {})}
