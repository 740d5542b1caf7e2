"""`scr witness`, as typed: files between the keepers of a log and those who watch."""

import os
import shutil
from contextlib import chdir
from pathlib import Path
from unittest import mock

import pytest

from ledger.tlog import note
from tests.commandline import scr
from tests.proofs import ANN, BEN, witness_key
from tests.witnessed import clocks, signed


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """
    A ledger that is signed, with a publication.
    """
    folder = tmp_path_factory.mktemp("made")
    signed(folder)
    return folder


@pytest.fixture(autouse=True)
def here(made, tmp_path, monkeypatch):
    """
    Stand in a copy of it.
    """
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_KEYS", str(tmp_path / "keys"))
    clocks(monkeypatch)


@pytest.fixture
def now(monkeypatch):
    """
    The clock of a witness, where the ledger has not come to the year 2030 yet.
    """
    import time

    clocks(monkeypatch, time.time())


def watch(name="ig"):
    """
    Make a witness, and leave its key in a file of its name.
    """
    told = scr("witness", "new", name)
    assert told.code == 0
    Path(f"{name}.vkey").write_text(told.out, encoding="utf-8")


def policy(*names, required=1):
    """
    Record a policy of witnesses whose keys are in files.
    """
    asked = [part for name in names for part in ("--witness", f"{name}.vkey")]
    return scr("witness", "policy", "--required", str(required), *asked, "--by", "b")


def sign(*arguments):
    """
    Sign where there is no ledger.
    """
    here = Path.cwd()
    (here / "away").mkdir(exist_ok=True)
    with chdir(here / "away"):
        named = [f"../{one}" if (here / one).exists() else one for one in arguments]
        return scr("witness", "sign", *named)


def add(text):
    """
    Record what a witness has sent.
    """
    Path("cosigned.txt").write_text(text, encoding="utf-8")
    return scr("witness", "add", "cosigned.txt", "--by", "auditor")


def grow(scr_id):
    """
    Record a fact, issue a checkpoint, and leave the proof of the growth.
    """
    filing = ["--case-number", "C", "--office", "o", "--by", "b"]
    assert scr("file", scr_id, *filing).code == 0
    assert scr("checkpoint", "-o", "new.checkpoint", "--by", "press").code == 0
    assert scr("prove", "--from", "held.checkpoint", "-o", "grown.txt").code == 0


@pytest.mark.usefixtures("now")
def test_from_the_first_sight_to_a_publication_that_is_witnessed():
    """
    New to the witness the log's key is given; then the proof of the growth is enough.
    """
    watch()
    assert policy("ig").out == "recorded @24: 1 of 1: ig\n"
    assert sign("held.checkpoint").code == 5
    line = sign("held.checkpoint", "--key", "log.vkey").out
    assert add(line).out == "recorded @25: ig has signed all up to @22\n"
    assert add(line).out == "already recorded @25: ig has signed all up to @22\n"
    grow("SCR-8")
    assert add(sign("grown.txt").out).code == 0

    shown = scr("publication", "show", "APR")
    assert "It is witnessed by 1 of 1, 1 required." in shown.out
    (row,) = scr("publication", "list", "--json").json["rows"]
    assert row["witnessed"] == "1 of 1"
    assert "witnessed by 1 of 1" in scr("publication", "report", "APR").out
    (told,) = scr("witness", "list", "--json").json["rows"]
    assert (told["witness"], told["signed"]) == ("ig", 26)
    assert scr("verify").code == 0
    assert scr("prove", "@2", "-o", "f").code == 0
    checked = scr("check-proof", "f", "--key", "log.vkey", "--key", "ig.vkey")
    assert "cosigned by ig at " in checked.out


def test_too_few_is_said():
    """
    In every place where a publication is told of.
    """
    watch("one")
    watch("two")
    policy("one", "two", required=2)

    told = scr("publication", "show", "APR", "--json").json["witnessed"]
    assert told == {"required": 2, "of": 2, "by": [], "enough": False}
    assert "0 of 2 (too few)" in scr("publication", "list").out


def test_without_a_policy_nothing_is_said_of_witnesses():
    """
    A ledger that asks for none is as before.
    """
    assert scr("publication", "show", "APR", "--json").json["witnessed"] is None
    assert "itnessed" not in scr("publication", "list").out
    assert scr("witness", "list").out.startswith("0 of 0 witnesses are required")


@pytest.mark.usefixtures("now")
def test_the_policy_chooses_what_is_proved_against():
    """
    Where enough have signed an older checkpoint, proofs are against that one.
    """
    watch()
    policy("ig")
    add(sign("held.checkpoint", "--key", "log.vkey").out)
    grow("SCR-8")
    old, new = scr("prove", "@2").out, scr("prove", "@24").out

    assert ("\n22\n" in old, "\n22\n" in new) == (True, False)
    assert "— ig " in old


@pytest.mark.usefixtures("now")
def test_a_rotation_is_shown_by_its_proof():
    """
    A witness takes the new key from the fact that put it in place of the old one.
    """
    watch()
    sign("held.checkpoint", "--key", "log.vkey")
    assert scr("key", "rotate", "--by", "press").code == 0
    grow("SCR-8")
    scr("prove", "@24", "-o", "rotation.tlog-proof")

    refused = sign("grown.txt")
    assert (refused.code, "--key" in refused.err) == (4, True)
    assert sign("grown.txt", "--rotation", "rotation.tlog-proof").code == 0
    assert sign("grown.txt").code == 0


@pytest.mark.usefixtures("now")
def test_no_two_histories_are_signed():
    """
    Neither a log that was rolled back nor one that was forked.
    """
    watch()
    shutil.copytree(".", "fork", ignore=shutil.ignore_patterns("fork", "keys"))
    grow("SCR-8")
    sign("new.checkpoint", "--key", "log.vkey")
    other = mock.patch.dict(os.environ, XDG_STATE_HOME=str(Path("else").absolute()))
    with other, chdir("fork"):  # By somebody who has not seen the one.
        grow("SCR-9")

    smaller, other = sign("held.checkpoint"), sign("fork/new.checkpoint")
    assert (smaller.code, "rolled back" in smaller.err) == (4, True)
    assert (other.code, "is forked: at size 24" in other.err) == (4, True)


def test_a_key_under_a_passphrase(monkeypatch):
    """
    It signs with it, and not without.
    """
    monkeypatch.setenv("SCR_KEY_PASSPHRASE", "secret")
    assert scr("witness", "new", "ig", "--encrypt").code == 0
    assert sign("held.checkpoint", "--key", "log.vkey").code == 0
    monkeypatch.setenv("SCR_KEY_PASSPHRASE", "wrong")
    told = sign("held.checkpoint")

    assert told.code != 0
    assert told.out == ""


def test_which_witness():
    """
    The only one of a machine needs no name; of several one is named.
    """
    assert sign("held.checkpoint").code == 3
    watch("one")
    watch("two")
    told = sign("held.checkpoint", "--key", "log.vkey")
    assert (told.code, "one, two" in told.err) == (2, True)
    assert sign("held.checkpoint", "--key", "log.vkey", "--as", "two").code == 0


def test_json_of_what_is_recorded():
    """
    What was recorded, of whom, and where.
    """
    keys = (witness_key("ann", ANN), witness_key("ben", BEN))
    Path("all.vkey").write_text("\n".join(keys))
    said = ("--witness", "all.vkey", "--by", "b", "--json")
    told = scr("witness", "policy", "--required", "1", *said).json
    assert (told["status"], told["witnesses"]) == ("recorded", list(keys))
    text = Path("held.checkpoint").read_text()
    signed_text = note.parse(text.encode()).text
    line = str(note.cosign(signed_text, ANN, "ann", 1))
    Path("cosigned.txt").write_text(line)
    told = scr(
        "witness", "add", "cosigned.txt", "--by", "b", "--dry-run", "--json"
    ).json
    assert (told["status"], told["position"]) == ("would be recorded", None)
    assert (told["witness"], told["at"]) == ("ann", "1970-01-01T00:00:01Z")


def test_a_whole_note_is_taken_too():
    """
    A checkpoint with cosignatures under it; the signature of the log is none.
    """
    Path("ann.vkey").write_text(witness_key("ann", ANN))
    policy("ann")
    text = Path("held.checkpoint").read_text()
    line = str(note.cosign(note.parse(text.encode()).text, ANN, "ann", 1))

    assert add(text + line).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["new", "a b"], 5, "a name"),
        (["sign", "none"], 3, "no witness"),
        (["policy", "--required", "1", "--by", "b"], 5, "1 of 0"),
        (["policy", "--required", "17", "--by", "b"], 2, "17"),
        (["policy", "--required", "1", "--witness", "a+b", "--by", "b"], 5, "verifier"),
        (["policy", "--required", "1", "--witness", "none", "--by", "b"], 3, "none"),
        (["policy", "--required", "1", "--witness", "log.vkey", "--by", "b"], 5, "log"),
        (["add", "none", "--by", "b"], 3, "none"),
        (["add", "log.vkey", "--by", "b"], 5, "form"),
        (["add", "held.checkpoint", "--by", "b"], 5, "nobody but the log"),
    ],
)
def test_what_is_refused(arguments, code, says):
    """
    One line says what, where, and what to do; nothing is recorded.
    """
    told = scr("witness", *arguments)

    assert (told.code, told.out) == (code, "")
    assert says in told.err
    assert told.err.count("\n") == 1


def test_a_cosignature_of_the_future():
    """
    It is not recorded: its clock is ahead of the ledger's.
    """
    watch()
    policy("ig")
    told = add(sign("held.checkpoint", "--key", "log.vkey").out)

    assert told.code == 5
    assert "still to come" in told.err
