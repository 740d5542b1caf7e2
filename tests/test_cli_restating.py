"""`scr restate`, as typed: names, refusals, plans, and what a kill leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from ledger import app, fsck
from ledger.reader import open_log
from tests import ledgers
from tests.commandline import DOCUMENTED, NOT_SIGNED, life, line, prepare, scr

GATE = ["--override", "shown as it is"]
SAID = ["--document", "Report (revised)", "--reason", "late facts"]
MINUS = "\N{MINUS SIGN}"
HOSTILE = "x\x1b[31m\u202e<script>alert(1)</script>|`*"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of 19 facts and APR: dd-all and entered-all of FY 2019.
    """
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "publisher")
    monkeypatch.setitem(
        app.open_ledger.__kwdefaults__,
        "clock",
        ledgers.Clock(datetime(2024, 6, 1, 12, tzinfo=UTC)),
    )
    publish("APR", "dd-all", "entered-all")
    return tmp_path


def publish(name, *measures):
    """
    Publish figures of FY 2019.
    """
    asked = [word for measure in measures for word in ("--measure", measure)]
    saying = ["--document", "Report", "--claims", "dd-all", *GATE]
    told = scr("publish", name, *asked, "--fy", "2019", *saying)
    assert told.code == 0, told.err


def restate(*options, name="APR"):
    """
    Restate, and return what is said.
    """
    return scr("restate", name, *SAID, *GATE, *options)


def later():
    """
    Let facts become known: a further SCR, and an outcome that does not stand.
    """
    gone = line("SCR-1", "reversed", "2024-05-01", outcome="D1", reason="r")
    ledgers.load("scr.db", life("SCR-9") + gone)


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def names(*options):
    """
    Return the publications that are listed.
    """
    rows = scr("publication", "list", *options, "--json").json["rows"]
    return list(dict.fromkeys(row["publication"] for row in rows))


def test_a_restatement_is_told_in_words():
    """
    What was shown, each part with its cause, and what is shown; why besides.
    """
    later()
    told = restate()

    assert told.code == 0
    first, *lines = told.out.splitlines()
    assert first.startswith("restated @26: APR-R1 in place of APR, seal ")
    assert lines == [
        f"  dd-all FY2019: 3 +1 late information {MINUS}1 reversal = 3"
        " (late-data, error)",
        "  entered-all FY2019: 4 +1 late information = 5 (late-data)",
    ]
    assert told.err.splitlines() == [
        "scr: note: the document claims dd-all@1, and what is computed is"
        " entered-all@1",
        "scr: note: restated through a gate that is not green",
        NOT_SIGNED.rstrip(),
    ]
    assert scr("publication", "verify").code == 0
    assert scr("verify").code == 0


def test_a_restatement_is_told_as_json():
    """
    What is sealed, with what it supersedes, by name and seal.
    """
    seal = scr("publication", "show", "APR", "--json").json["seal"]
    told = restate("--measure", "dd-tco", "--json").json
    one = told["publication"]

    assert (told["schema"], told["status"]) == ("scr-restated/1", "recorded")
    assert one["kind"] == "restatement"
    assert one["supersedes"] == {"publication": "APR", "seal": seal}
    assert one["claims"] == "dd-tco@1"
    assert one["figures"][0]["changes"] == [
        {"cause": "definition", "effect": -1, "came": 0, "went": 1, "part": "tco-no"},
        {
            "cause": "definition",
            "effect": -1,
            "came": 0,
            "went": 1,
            "part": "tco-unknown",
        },
    ]
    assert one["figures"][0]["previously"] == {
        "measure": "dd-all",
        "version": 1,
        "value": 3,
    }


def test_a_rehearsal_records_nothing():
    """
    It says what would be.
    """
    before = head()
    assert restate("--dry-run").out.startswith("would be restated: APR-R1 in place")
    assert restate("--dry-run", "--json").json["position"] is None
    assert head() == before


def test_restating_again_restates_what_is_current():
    """
    Whichever of the names is given; the default names count on, past those taken.
    """
    restate()
    publish("APR-R2", "dismantlements-all")
    again = restate()

    assert "note: APR is superseded; what is restated is APR-R1, which is" in again.err
    assert "APR-R3 in place of APR-R1" in again.out
    assert "APR-R4 in place of APR-R3" in restate(name="APR-R3").out
    assert "Mine in place of APR-R4" in restate("--as", "Mine").out
    assert names("--current") == ["APR-R2", "Mine"]


def test_the_old_publication_keeps_its_bytes_and_says_what_supersedes_it():
    """
    What is sealed is the same; beside it stands what was said since.
    """
    before = scr("publication", "show", "APR", "--json").json
    later()
    restate()
    after = scr("publication", "show", "APR", "--json").json

    assert (before["superseded_by"], before["current"]) == (None, True)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"superseded_by", "current"}
    assert after["superseded_by"] == "APR-R1"
    assert "SUPERSEDED by APR-R1." in scr("publication", "show", "APR").out
    assert "> SUPERSEDED by APR-R1." in scr("publication", "report", "APR").out
    row = scr("publication", "list", "--json").json["rows"][0]
    assert (row["superseded_by"], row["since"]) == ("APR-R1", "superseded by APR-R1")
    (traced, *_) = scr("trace", "SCR-1", "--json").json["rows"]
    assert traced["superseded_by"] == "APR-R1"


def test_a_restatement_rests_on_the_basis_that_is_asked_for():
    """
    What became known after it changes nothing.
    """
    later()

    assert "+1 late information = 4 (late-data)" in restate("--as-of", "2024-01-10").out
    shown = scr("publication", "show", "APR-R1", "--json").json
    assert shown["basis"]["bound"] == "before"
    assert scr("publication", "verify", "APR-R1").code == 0


def test_what_the_superseded_one_saw_has_to_be_seen():
    """
    Else what was not known yet would look as if it had gone.
    """
    for early in ("2019-01-01", "@3", "@0"):
        told = scr("restate", "APR", *SAID, *GATE, "--as-of", early)
        assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
        assert "APR rests on what was known later than that" in told.err


def test_what_was_said_of_the_superseded_one_is_said():
    """
    That it is withdrawn, and what is known to be wrong of it.
    """
    floor = [
        "--measure",
        "dd-all",
        "--fy",
        "2019",
        "--misstated-by-at-least",
        "1",
        "--basis-of",
        "b",
    ]
    why = ["--reason", "r", "--by", "b"]
    assert scr("publication", "mark", "APR", *floor, *why).code == 0
    assert scr("publication", "withdraw", "APR", *why).code == 0

    told = scr("restate", "APR", *SAID, *GATE, "--dry-run")
    assert "note: APR: WITHDRAWN on 2024-06-" in told.err
    assert "known misstated by at least 1" in told.err
    assert "WITHDRAWN" in scr("publication", "cases", "APR").out


def test_a_plan_of_a_package_lists_what_it_moves():
    """
    The figures its SCRs entered, and those that only it would move; once it is decided
    there is nothing to plan.
    """
    propose = ["correct", "propose", "--reason-code", "other", "--reason", "r"]
    item = ["--scr", "SCR-1", "--event", "voided", "--by", "b"]
    assert scr(*propose, *item).code == 0

    planned = scr("restate", "--plan", "--package", "C-1", "--json").json
    listed = scr("restate", "--plan", "--scr", "SCR-1", "--json").json
    assert planned["rows"] == listed["rows"] != []
    assert (planned["package"], planned["scrs"]) == ("C-1", ["SCR-1"])
    assert scr("restate", "--plan", "--package", "C-9").code == 3
    assert scr("restate", "--plan", "--package", "C-1", "--scr", "SCR-1").code == 2
    scr("correct", "withdraw", "C-1", "--reason", "r", "--by", "b")
    assert scr("restate", "--plan", "--package", "C-1").code == 5


def test_a_gate_that_is_not_green_refuses():
    """
    As for a publication: an override is a reason that is kept, and shown.
    """
    told = scr("restate", "APR", *SAID)

    assert (told.code, told.err.count("\n")) == (5, 1)
    assert "the gate is not green" in told.err
    restate()
    shown = scr("publication", "show", "APR-R1").out
    assert "It was overridden: shown as it is" in shown
    assert "In place of APR: late facts" in shown


WRONG = [
    ([], 2, "give PUBLICATION, what to restate"),
    (["APR"], 2, "give --document, what prints the restatement"),
    (["APR", "--document", "d"], 2, "give --reason, why it is restated"),
    (["X", *SAID], 3, "no publication is named X"),
    (["", *SAID], 2, "give PUBLICATION"),
    (["\udc80", *SAID], 3, "no publication is named"),
    (["APR", *SAID, *GATE, "--as", "APR"], 5, "a publication named APR is recorded"),
    (["APR", *SAID, *GATE, "--as", "1"], 2, "1 to 64 of A-Z a-z 0-9"),
    (["APR", *SAID, *GATE, "--measure", "x"], 2, "no measure is named x"),
    (["APR", *SAID, *GATE, "--measure", "disruptions-all"], 2, "say in place of which"),
    (["APR", *SAID, *GATE, "--as-of", "@999"], 2, "@999"),
    (["APR", *SAID, *GATE, "--as-of", "soon"], 3, "no publication is named soon"),
    (["APR", *SAID, "--override", " "], 2, "--override"),
    (["APR", *SAID, *GATE, "--by", " "], 2, "--by"),
    (["APR", *SAID, *GATE, "--claims", "a\tb"], 2, "--claims"),
    (["APR", "--document", " ", "--reason", "r"], 2, "--document"),
    (["APR", "--document", "d", "--reason", " ", *GATE], 2, "reason must be text"),
    (["APR", *SAID, *GATE, "--scr", "SCR-1"], 2, "--scr and --package go with --plan"),
    (["APR", *SAID, *GATE, "-f", "csv"], 2, "in words or with --json"),
    (["--plan"], 2, "give --scr"),
    (["--plan", "APR", "--scr", "SCR-1"], 2, "--plan takes --scr"),
    (["--plan", "--scr", "SCR-1", "--reason", "r"], 2, "--plan takes --scr"),
    (["--plan", "--scr", "X"], 3, "X"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What cannot be restated is said in one line, with its exit code; nothing is there.
    """
    before = head()
    told = scr("restate", *arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == before
    assert told.code in DOCUMENTED


def test_without_anybody_it_is_refused(monkeypatch):
    """
    Who restates must be given, as an option or in SCR_BY; a plan is anybody's.
    """
    monkeypatch.delenv("SCR_BY")

    assert restate().code == 2
    assert restate("--by", "somebody").code == 0
    assert scr("restate", "--plan", "--scr", "SCR-1").code == 0


def test_a_plan_lists_every_printed_figure_that_scrs_entered():
    """
    With what was printed, today's count, the SCRs, and what is current.
    """
    later()
    restate()
    rows = scr("restate", "--plan", "--scr", "SCR-1", "--scr", "SCR-9", "--json").json

    assert rows["scrs"] == ["SCR-1", "SCR-9"]
    assert [
        (r["publication"], r["measure"], r["printed"], r["today"], r["scrs"])
        for r in rows["rows"]
    ] == [
        ("APR", "dd-all", 3, 3, ["SCR-1"]),
        ("APR", "entered-all", 4, 5, ["SCR-1"]),
        ("APR-R1", "dd-all", 3, 3, ["SCR-9"]),
        ("APR-R1", "entered-all", 5, 5, ["SCR-1", "SCR-9"]),
    ]
    assert [r["state"] for r in rows["rows"]][1:3] == [
        "superseded by APR-R1",
        "current",
    ]
    assert scr("restate", "--plan", "--scr", "SCR-4").code == 0
    none = scr("restate", "--plan", "--scr", "SCR-4").out
    assert "APR" in none


def test_hostile_text_is_shown_as_it_is_nowhere():
    """
    No control or direction character reaches the terminal, from any field.
    """
    printable = HOSTILE.replace("\x1b", "")
    told = scr("restate", "APR", "--document", printable, "--reason", printable, *GATE)

    assert told.code == 0
    shown = scr("publication", "show", "APR-R1").out
    assert "\u202e" not in told.out + told.err + shown
    assert r"\u202e" in shown


# --- killed ---------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from ledger.store import sqlite
from ledger.store import publications
from cli.main import run

at, seen = int(sys.argv[1]), 0
def step(*_):
    global seen
    seen += 1
    if seen == at:
        os.kill(os.getpid(), signal.SIGKILL)
for name in ("stream", "positions", "family", "put", "_read_hashes"):
    def wrapped(self, *given, _was=getattr(sqlite.Appending, name)):
        step()
        found = _was(self, *given)
        step()
        return found
    setattr(sqlite.Appending, name, wrapped)
code = run(sys.argv[2:])
print(seen, flush=True)
sys.exit(code)
"""


def test_a_kill_at_every_step_leaves_all_or_nothing(tmp_path):
    """
    Wherever it is killed before the end, nothing is recorded, and it can be restated
    then; what is there verifies.
    """
    later()
    shutil.copy("scr.db", tmp_path / "kept.db")
    before, at, whole = head(), 1, False
    while not whole:
        for left in tmp_path.glob("scr.db*"):
            left.unlink()
        shutil.copy(tmp_path / "kept.db", "scr.db")
        dead = subprocess.run(
            [sys.executable, "-c", KILLED, str(at), "restate", "APR", *SAID, *GATE],
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        whole = dead.returncode == 0
        assert whole or dead.returncode == -signal.SIGKILL, dead.stderr
        assert head() == before + whole
        assert not fsck.check("scr.db", lambda _: None).findings
        at += 1
    assert at > 6
    assert scr("publication", "verify").code == 0
