"""`scr prove` and `scr check-proof`, as typed: files that need no ledger."""

import json
import re
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from tests.commandline import filed, line, prepare, scr
from tests.definitions import Put, body, put
from tests.proofs import ANN, witness_key
from tests.publications import forge, payload
from tests.witnessed import clocks, publish, signed


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


def check(*arguments):
    """
    Check files where there is no ledger, with the key of the log.
    """
    here = Path.cwd()
    (here / "away").mkdir(exist_ok=True)
    with chdir(here / "away"):
        named = [f"../{one}" if (here / one).exists() else one for one in arguments]
        return scr("check-proof", *named, "--key", "../log.vkey")


# --- facts ----------------------------------------------------------------------------


def test_a_fact_is_proved_and_checked_with_no_ledger():
    """
    The sentence says position, log, size, root and key, and the fact stands under it.
    """
    assert scr("prove", "@5", "-o", "5.tlog-proof").code == 0
    told = check("5.tlog-proof")
    root = scr("count", "--as-of", "@22", "--json").json["basis"]["root"]

    assert (told.code, told.err) == (0, "")
    first, second = told.out.splitlines()
    assert re.match(r"\.\./5.tlog-proof: @5 of scr-ledger/\S+ is fact 4 of scr/", first)
    assert f"the log had 22 facts and the root {root}, signed by key " in first
    assert json.loads(second)["event"] == "approved"


def test_all_facts_of_an_scr():
    """
    A file each, in a folder, which is checked at once and in order.
    """
    told = scr("prove", "SCR-1", "-o", "proofs")
    assert told.err == "proved 5 facts of SCR-1, in proofs\n"
    assert scr("prove", "SCR-4", "-o", "others").code == 0
    told = check("proofs")

    found = re.findall(r"is fact (\d) of scr/SCR-1 ", told.out)
    assert (told.code, found) == (0, ["1", "2", "3", "4", "5"])


def test_as_json():
    """
    All that is shown, with the whole fact.
    """
    scr("prove", "@2", "-o", "f")
    told = check("f", "--json").json

    assert (told["shows"], told["position"], told["size"]) == ("inclusion", 2, 22)
    assert json.loads(told["payload"])["scr"] == "SCR-1"
    assert told["key"] == Path("log.vkey").read_text().strip()
    assert (told["cosigned"], told["other_signatures"]) == ([], 0)


def test_hostile_text_is_shown_as_it_is_spelt():
    """
    What a fact holds never reaches a terminal as it is.
    """
    text = filed("SCR-7", title="\u202egnp.exe")
    Path("more.jsonl").write_text(text, encoding="utf-8")
    scr("import", "more.jsonl")
    scr("checkpoint", "--by", "press")
    scr("prove", "SCR-7", "-o", "p")
    told = check("p")

    assert told.code == 0
    assert "\\u202egnp.exe" in told.out
    assert "\u202e" not in told.out


def test_without_the_key_nothing_is_verified():
    """
    It says so, ends with 4, and says what to do.
    """
    scr("prove", "@5", "-o", "f")
    told = scr("check-proof", "f")

    assert (told.code, told.out) == (4, "")
    assert "is not verified" in told.err
    assert "--key" in told.err


def test_a_proof_that_was_touched():
    """
    A fact said otherwise is told.
    """
    scr("prove", "@5", "-o", "f")
    text = Path("f").read_text()
    Path("f").write_text(text.replace("index 4", "index 5"))
    told = check("f")

    assert (told.code, told.out) == (4, "")
    assert "proves nothing" in told.err


def test_no_checkpoint_covers_it():
    """
    One line says how to make one.
    """
    scr("file", "SCR-8", "--case-number", "C", "--office", "o", "--by", "b")
    told = scr("prove", "SCR-8", "-o", "p")

    assert told.code == 3
    assert "make one with `scr checkpoint`" in told.err
    assert told.err.count("\n") == 1
    assert not Path("p").exists()


def test_a_whole_publication_is_not_given_away_unnoticed():
    """
    The proof of that fact holds all it counts; whoever makes it is told.
    """
    position = scr("publication", "show", "APR", "--json").json["position"]

    assert "warning: this proof holds a whole" in scr("prove", f"@{position}").err
    assert scr("prove", "@2").err == ""


def test_a_ledger_that_was_edited_proves_nothing():
    """
    What is kept does not give the root that was signed.
    """
    forge("scr.db", 5, {**payload("scr.db", 5), "by": "agent-2"})

    assert scr("prove", "@5").code == 4


# --- growth ---------------------------------------------------------------------------


def grow():
    """
    Record a fact and issue a checkpoint.
    """
    scr("file", "SCR-8", "--case-number", "C", "--office", "o", "--by", "b")
    assert scr("checkpoint", "-o", "new.checkpoint", "--by", "press").code == 0


def test_a_log_that_only_grew():
    """
    From a checkpoint kept, or from a size, up to the newest checkpoint.
    """
    grow()
    assert scr("prove", "--from", "held.checkpoint", "-o", "grown.txt").code == 0
    told = check("grown.txt", "--against", "held.checkpoint")
    by_size = scr("prove", "--from", "@22").out

    assert told.code == 0
    assert "begins with what it was at size 22" in told.out
    assert by_size == Path("grown.txt").read_text()
    told = check("grown.txt", "--against", "held.checkpoint", "--json").json
    assert (told["old_size"], told["size"]) == (22, 24)


def test_a_proof_against_a_checkpoint_kept():
    """
    It has to be of the same log; the file that ties two sizes does.
    """
    grow()
    scr("prove", "@23", "-o", "f")
    scr("prove", "--from", "held.checkpoint", "-o", "grown.txt")

    assert check("f", "--against", "new.checkpoint").code == 0
    told = check("f", "--against", "held.checkpoint")
    assert (told.code, "prove --from" in told.err) == (4, True)
    assert check("f", "grown.txt", "--against", "held.checkpoint").code == 0


def test_a_checkpoint_of_another_history():
    """
    It is told by who makes the proof, with both roots.
    """
    text = Path("held.checkpoint").read_text().splitlines(keepends=True)
    text[2] = f"{'A' * 43}=\n"
    Path("other.checkpoint").write_text("".join(text))
    told = scr("prove", "--from", "other.checkpoint")

    assert told.code == 4
    assert "is forked: at size 22" in told.err


def test_a_checkpoint_of_another_ledger(tmp_path):
    """
    It is refused by name.
    """
    with chdir(tmp_path):
        (tmp_path / "two").mkdir()
        signed(tmp_path / "two")
    told = scr("prove", "--from", "two/held.checkpoint")

    assert told.code == 5
    assert "give one of this log" in told.err


# --- members --------------------------------------------------------------------------


def member(unit="SCR-1", measure="dd-all", publication="APR", path="m.json"):
    """
    Prove that something is counted.
    """
    named = ("--in", publication, "--measure", measure, "--fy", "2019")
    return scr("prove", unit, *named, "-o", path)


def test_one_is_shown_and_no_other():
    """
    Against the log, against the public document, and against both.
    """
    assert member().code == 0
    assert scr("publication", "report", "APR", "--public", "-o", "APR.json").code == 0
    told = check("m.json")
    both = check("m.json", "--publication", "APR.json")
    alone = scr("check-proof", "m.json", "--publication", "APR.json")

    assert told.code == both.code == alone.code == 0
    assert "SCR-1 counts in dd-all FY2019 = 3 of APR (seal " in told.out
    assert "signed by key" in told.out
    assert "as ../APR.json prints it and as scr-ledger/" in both.out
    assert "whether a log has it is not shown" in alone.out
    files = Path("m.json").read_text() + Path("APR.json").read_text()
    assert "SCR-2" not in files
    assert payload("scr.db", 21)["members_secret"] not in files


def test_what_ties_it_to_nothing():
    """
    Neither a key nor a document: it is not verified.
    """
    member()
    told = scr("check-proof", "m.json")

    assert told.code == 4
    assert "--key" in told.err


def test_who_asks_for_more_than_the_document_is_not_told_less():
    """
    Without its summary a file shows nothing of a log that was held, or witnessed.
    """
    member()
    assert scr("publication", "report", "APR", "--public", "-o", "APR.json").code == 0
    Path("ann.vkey").write_text(f"{witness_key('ann', ANN)}\n")
    document = ("--publication", "APR.json")
    alone = scr("check-proof", "m.json", *document, "--key", "ann.vkey")
    assert (alone.code, "no key is given" in alone.err) == (4, True)
    assert check("m.json", *document, "--against", "held.checkpoint").code == 0
    told = json.loads(Path("m.json").read_text())
    del told["summary"]
    Path("m.json").write_text(f"{json.dumps(told, indent=2)}\n")

    assert check("m.json", *document).code == 0
    for more in (("--against", "held.checkpoint"), ("--key", "ann.vkey")):
        refused = check("m.json", *document, *more)
        assert refused.code == 4
        assert "does not show that a log has it" in refused.err


def test_a_document_of_another_publication():
    """
    It is told.
    """
    member()
    publish("APR-2")
    scr("publication", "report", "APR-2", "--public", "-o", "2.json")
    told = check("m.json", "--publication", "2.json")

    assert told.code == 4
    assert "another publication" in told.err


def test_outcomes_of_an_scr():
    """
    Where outcomes are counted, all of the SCR are shown, or the one that is named.
    """
    publish("D", "disruptions-all")
    assert member(measure="disruptions-all", publication="D").code == 0
    assert check("m.json", "--json").json["members"] == ["SCR-1 D1"]
    assert member("SCR-1 D1", "disruptions-all", "D").code == 0


@pytest.mark.parametrize("unit", ["case", "outcome"])
def test_a_word_that_names_nobody_shows_nobody(unit):
    """
    Not all at once by an empty one, and no case numbers by what they begin with.
    """
    facts = ""
    for scr_id, case in (("SCR-50", "HO 19"), ("SCR-51", "HO 20")):
        given = {"case_number": case, "office": "SAC Houston"}
        facts += line(scr_id, "filed", "2018-10-01", **given)
        facts += line(scr_id, "approved", "2018-10-02")
        facts += line(scr_id, "disrupted", "2018-10-03", outcome="D1")
    Path("more.jsonl").write_text(facts)
    assert scr("import", "more.jsonl").code == 0
    put("scr.db", Put(body("m", unit=unit)))
    assert publish("M", "m").code == 0

    assert member("", measure="m", publication="M").code == 3
    assert member("").code == 3
    assert member("HO", measure="m", publication="M").code == 3
    named = {"case": "HO 19", "outcome": "SCR-50"}[unit]
    assert member(named, measure="m", publication="M").code == 0


def test_what_was_printed_before_and_what_takes_its_place():
    """
    Of both, members are shown: of what the ledger gave, beside what was printed.
    """
    line = {
        "name": "OLD",
        "document": "d",
        "printed_on": "2020-01-15",
        "as_of": "@19",
        "fiscal_year": 2019,
        "claims": "c",
        "figures": {"dd-all": 7},
    }
    Path("printed.jsonl").write_text(json.dumps(line) + "\n")
    assert scr("publish", "--as-printed", "printed.jsonl", "--by", "b").code == 0
    assert member(publication="OLD").code == 0
    assert "dd-all FY2019 = 3, printed as 7 of OLD" in check("m.json").out

    said = ("--document", "d", "--reason", "r", "--override", "o", "--by", "b")
    assert scr("restate", "OLD", *said).code == 0
    assert member(publication="OLD-R1").code == 0
    assert "dd-all FY2019 = 3 of OLD-R1" in check("m.json").out
    assert scr("publication", "verify").code == 0
    assert scr("verify").code == 0


def test_a_publication_that_nobody_signed(tmp_path):
    """
    It is shown against the public document alone.
    """
    (tmp_path / "plain").mkdir()
    prepare(tmp_path / "plain")
    with chdir(tmp_path / "plain"):
        publish("APR")
        assert member().code == 0
        scr("publication", "report", "APR", "--public", "-o", "APR.json")
        assert scr("check-proof", "m.json", "--publication", "APR.json").code == 0
        assert scr("check-proof", "m.json").code == 4
        assert "summary" not in json.loads(Path("m.json").read_text())


def test_an_older_publication_says_so():
    """
    It has no members roots, and verifies as ever.
    """
    fields = payload("scr.db", 21)
    del fields["members_secret"], fields["content"]["seal_salt"]
    for figure in fields["content"]["figures"]:
        del figure["members_root"]
    forge("scr.db", 21, fields, rehash=True)
    told = member()

    assert told.code == 3
    assert "without members roots" in told.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["SCR-4"], 3, "is not counted in dd-all FY2019"),
        (["SCR-1", "--measure", "dd-tco"], 2, "has no figure dd-tco"),
        (["SCR-1", "--in", "NONE"], 3, "NONE"),
        (["SCR-1", "--fy", "2019..2020"], 2, "one fiscal year"),
        (["SCR-1", "--fy", "x"], 2, "fiscal year"),
    ],
)
def test_what_is_no_member(arguments, code, says):
    """
    Not counted, no such figure or publication.
    """
    given = {"--in": "APR", "--measure": "dd-all", "--fy": "2019"}
    given |= dict(zip(arguments[1::2], arguments[2::2], strict=True))
    options = [part for pair in given.items() for part in pair]
    told = scr("prove", arguments[0], *options)

    assert (told.code, told.out) == (code, "")
    assert says in told.err


# --- as typed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["prove"], 2, "just one"),
        (["prove", "@1", "--from", "@1"], 2, "just one"),
        (["prove", "@1", "--measure", "m"], 2, "go together"),
        (["prove", "@x"], 2, "no position"),
        (["prove", "@0"], 2, "beyond"),
        (["prove", "@99"], 2, "beyond"),
        (["prove", "--from", "@99"], 2, "beyond"),
        (["prove", "--from", "none"], 3, "cannot read none"),
        (["prove", "--from", "h.jsonl"], 5, "no proof that can be read"),
        (["prove", "SCR-1"], 2, "-o FOLDER"),
        (["prove", "SCR-99", "-o", "p"], 3, "SCR-99"),
        (["prove", "SCR-1", "-o", "log.vkey"], 6, "cannot make the folder"),
        (["check-proof"], 2, "Missing"),
        (["check-proof", "none"], 3, "cannot read none"),
        (["check-proof", "log.vkey"], 5, "no proof that can be read"),
        (["check-proof", "held.checkpoint", "--key", "none"], 3, "cannot read none"),
        (["check-proof", "held.checkpoint", "--key", "a+b"], 2, "--key"),
        (["check-proof", "held.checkpoint", "--required", "1"], 2, "given"),
        (["check-proof", "held.checkpoint", "--against", "none"], 3, "cannot read"),
        (["check-proof", "{", "--publication", "none"], 3, "cannot read"),
    ],
)
def test_what_is_refused(arguments, code, says):
    """
    One line says what, where, and what to do.
    """
    Path("h.jsonl").write_text("{}\n")
    told = scr(*arguments)

    assert (told.code, told.out) == (code, "")
    assert says in told.err
    assert told.err.count("\n") == 1
