"""Making a ledger, loading files into it, and making its read model anew."""

from __future__ import annotations

import io
import json
import sys
from contextlib import chdir
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from cli.main import run
from tests.commandline import HISTORY, filed, life, line, prepare, scr

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def empty(tmp_path, monkeypatch) -> Path:
    """
    A working directory with a ledger that holds its identity only.
    """
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path, "")
    return tmp_path


def head() -> int:
    """
    Return how far the log goes.
    """
    return scr("verify", "--json").json["position"]


# --- init -------------------------------------------------------------------------


def test_init_says_what_it_made(tmp_path, monkeypatch):
    """
    One line names the file, the name, the zone and the id; position 1 holds them.
    """
    monkeypatch.chdir(tmp_path)
    told = scr("--ledger", "west.db", "init", "--timezone", "US/Pacific")

    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("made west.db: west, days end in US/Pacific, id ")
    (row,) = scr("--ledger", "west.db", "log", "--json").json["rows"]
    assert (row["position"], row["event"]) == (1, "opened")
    assert (row["name"], row["timezone"]) == ("west", "US/Pacific")
    assert told.out.strip().endswith(row["ledger_id"])


def test_two_ledgers_are_never_the_same(tmp_path, monkeypatch):
    """
    Each has an id of its own, and so another root.
    """
    monkeypatch.chdir(tmp_path)
    roots = set()
    for name in ("a.db", "b.db"):
        assert scr("--ledger", name, "init", "--name", "same").code == 0
        roots.add(scr("--ledger", name, "count", "--json").json["basis"]["root"])

    assert len(roots) == 2


def test_init_shows_a_path_safely(tmp_path, monkeypatch):
    """
    An escape sequence in the ledger's path is shown, not obeyed.
    """
    monkeypatch.chdir(tmp_path)

    told = scr("--ledger", "a\x1b[31m.db", "init", "--name", "plain")

    assert told.out.startswith(r"made a\x1b[31m.db: plain")
    told = scr("--ledger", "a\x1b[31m.db", "rebuild")
    assert told.out.startswith("rebuilt a\\x1b[31m.db.readmodel to @1, in ")


# --- import -----------------------------------------------------------------------


def test_import_says_what_it_added(empty):
    """
    A line per file on stdout: lines, facts, events, head; anomalies on stderr.
    """
    (empty / "a.jsonl").write_text(HISTORY)

    told = scr("import", "a.jsonl")

    assert told.code == 0
    assert told.out == (
        "a.jsonl: 17 lines, added 17 facts (4 filed, 2 classified, 3 determined,"
        " 4 approved, 4 disrupted); head @19\n"
    )
    assert told.err == "a.jsonl: 1 approved-without-determination\n"


def test_import_again_adds_nothing_and_says_so(empty):
    """
    The same file twice is one file, also in one command; an extended one adds its end.
    """
    (empty / "a.jsonl").write_text(HISTORY)
    (empty / "b.jsonl").write_text(
        HISTORY + line("SCR-1", "reopened", "2021-01-01", reason="r")
    )

    told = scr("import", "a.jsonl", "a.jsonl", "b.jsonl")

    assert told.out.splitlines()[1:] == [
        "a.jsonl: 17 lines, nothing new, 17 already recorded; head @19",
        "b.jsonl: 18 lines, added 1 facts, 17 already recorded (1 reopened); head @21",
    ]


def test_an_import_records_itself(empty):
    """
    An import that adds facts records file, hash, counts, anomalies and account; one
    that adds nothing records nothing.
    """
    (empty / "a.jsonl").write_text(HISTORY)
    assert scr("import", "--source", "box 7", "a.jsonl", "a.jsonl").code == 0

    (row,) = scr("log", "--event", "imported", "--json").json["rows"]

    assert row["position"] == 19
    assert (row["file"], row["rows"], row["already_recorded"]) == ("a.jsonl", 17, 0)
    assert row["sha256"] == sha256(HISTORY.encode()).hexdigest()
    assert row["added"]["filed"] == 4
    assert row["anomalies"] == {"approved-without-determination": 1}
    assert row["source"] == "box 7"
    assert row["run_by"]


def test_a_source_is_given_to_facts_that_name_none(empty):
    """
    `--source` fills what a file leaves out, and leaves what it says.
    """
    (empty / "a.jsonl").write_text(filed("SCR-1") + filed("SCR-2", source="row 3"))
    assert scr("import", "--source", "box 7", "a.jsonl").code == 0

    rows = scr("log", "--event", "filed", "--json").json["rows"]
    assert [row["source"] for row in rows] == ["box 7", "row 3"]


def test_the_first_refused_file_stops_and_earlier_ones_stay(empty):
    """
    Of three files the second is faulty: the first is recorded, the third is not read.
    """
    for name, text in (
        ("a.jsonl", filed("SCR-1")),
        ("b.jsonl", filed("SCR-2") + filed("SCR-1", note="again")),
        ("c.jsonl", filed("SCR-3")),
    ):
        (empty / name).write_text(text)

    told = scr("import", "a.jsonl", "b.jsonl", "c.jsonl")

    assert told.code == 5
    assert told.out == "a.jsonl: 1 lines, added 1 facts (1 filed); head @3\n"
    assert told.err.startswith("b.jsonl:")
    assert "b.jsonl is refused" in told.err
    assert "c.jsonl" not in told.err
    rows = scr("log", "--event", "filed", "--json").json["rows"]
    assert [row["scr"] for row in rows] == ["SCR-1"]


def test_a_missing_file_stops_as_well(empty):
    """
    A file that is not there ends with 3; what came before stays.
    """
    (empty / "a.jsonl").write_text(filed("SCR-1"))

    told = scr("import", "a.jsonl", "none.jsonl")

    assert (told.code, told.err.count("\n")) == (3, 1)
    assert head() == 3


def test_a_dry_run_checks_and_records_nothing(empty):
    """
    It says what would be added and where the head would be, or every fault.
    """
    before = (empty / "scr.db").read_bytes()
    (empty / "a.jsonl").write_text(HISTORY)
    (empty / "b.jsonl").write_text("{}\n")

    told = scr("import", "--dry-run", "a.jsonl")

    assert told.code == 0
    assert "would add 17 facts" in told.out
    assert told.out.endswith("the head would be @19\n")
    assert told.err == "a.jsonl: 1 approved-without-determination\n"
    assert scr("import", "--dry-run", "b.jsonl").code == 5
    assert head() == 1
    assert (empty / "scr.db").read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        HISTORY.encode(),
        b"\xef\xbb\xbf" + HISTORY.encode(),
        HISTORY.replace("\n", "\r\n").encode(),
        HISTORY.replace("\n", "\n\n \n").encode(),
        HISTORY.rstrip("\n").encode(),
    ],
    ids=["plain", "mark", "crlf", "blank", "no end"],
)
def test_standard_input_is_a_file(empty, monkeypatch, text):
    """
    `-` reads standard input; a byte-order mark, CRLF and blank lines change nothing.
    """
    del empty
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    told = scr("import", "-")

    assert told.code == 0
    assert told.out.startswith("-: 17 lines, added 17 facts")
    (row,) = scr("log", "--event", "imported", "--json").json["rows"]
    assert (row["file"], row["sha256"]) == ("-", sha256(text).hexdigest())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b]0;title\x07.jsonl", r"a\x1b]0;title\x07.jsonl"),
        ("\u202elnosj.jsonl", r"\u202elnosj.jsonl"),
        ("b\udcff.jsonl", r"b\udcff.jsonl"),
        ("line\nfeed", r"line\nfeed"),
        (" ", "' '"),
        ("x" * 250, "x" * 200),
    ],
)
def test_a_file_name_is_shown_and_kept_safely(empty, name, shown):
    """
    Whatever a file is called, its name is said and recorded without hidden characters.
    """
    (empty / name).write_text(life("SCR-1"))

    told = scr("import", f"./{name}")

    assert (told.code, told.out.count("\n")) == (0, 1)
    assert told.out.startswith(f"{shown}: 3 lines, ")
    assert told.err == f"{shown}: 1 approved-without-determination\n"
    (row,) = scr("log", "--event", "imported", "--json").json["rows"]
    assert row["file"] == shown
    assert scr("verify").code == 0


def test_every_anomaly_is_counted_on_stderr(empty):
    """
    Each rule that the file departs from has a line with its count, sorted by rule.
    """
    (empty / "a.jsonl").write_text(
        filed("SCR-1")
        + line("SCR-1", "dismantled", "2018-09-30", "2018-10-02T00:00:00Z",
               outcome="M1")
        + line("SCR-1", "returned", "2018-10-03", reason="r")
        + life("SCR-2")
        + life("SCR-3")
    )  # fmt: skip

    told = scr("import", "a.jsonl")

    assert told.err.splitlines() == [
        "a.jsonl: 2 approved-without-determination",
        "a.jsonl: 1 dismantled-before-disrupted",
        "a.jsonl: 1 nothing-returned",
        "a.jsonl: 1 outcome-before-filing",
        "a.jsonl: 1 outcome-not-approved",
    ]


def test_an_empty_file_is_no_fault(empty):
    """
    A file without lines adds nothing and says so.
    """
    (empty / "a.jsonl").write_text("")

    told = scr("import", "a.jsonl")

    assert told == (0, "a.jsonl: 0 lines, nothing new; head @1\n", "")


# --- rebuild ----------------------------------------------------------------------


def test_rebuild_makes_the_read_model_anew(empty):
    """
    Missing, truncated or of another ledger: after `rebuild`, and also without it, the
    answer is the same.
    """
    (empty / "a.jsonl").write_text(HISTORY)
    assert scr("import", "a.jsonl").code == 0
    wanted = scr("count", "--json").out
    model = empty / "scr.db.readmodel"
    for spoilt in (None, b"", b"junk" * 1000, model.read_bytes()[:5000]):
        if spoilt is None:
            model.unlink()
        else:
            model.write_bytes(spoilt)
        assert scr("count", "--json").out == wanted
        if spoilt is not None:
            model.write_bytes(spoilt)
        told = scr("rebuild")
        assert (told.code, told.err) == (0, "")
        assert told.out.startswith("rebuilt scr.db.readmodel to @19, in ")
        assert scr("count", "--json").out == wanted


def test_a_read_model_of_another_ledger_is_not_used(empty):
    """
    Copied beside another ledger, a read model is made anew.
    """
    (empty / "a.jsonl").write_text(HISTORY)
    assert scr("--ledger", "other.db", "init").code == 0
    assert scr("--ledger", "other.db", "import", "a.jsonl").code == 0
    assert scr("--ledger", "other.db", "count").code == 0
    (empty / "b.jsonl").write_text("".join(filed(f"SCR-{n}") for n in range(17)))
    assert scr("import", "b.jsonl").code == 0
    (empty / "other.db.readmodel").rename(empty / "scr.db.readmodel")

    assert scr("count", "--json").json["rows"] == []


def test_reading_works_from_another_folder(empty, tmp_path_factory):
    """
    `--ledger` may be a path to anywhere; nothing is written where the command runs.
    """
    (empty / "a.jsonl").write_text(json.dumps({}) + "\n")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with chdir(elsewhere):
        assert scr("--ledger", str(empty / "scr.db"), "count").code == 0
        assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["facts.xls", "FACTS.ODS", "facts.xlsm"])
def test_a_table_is_refused_in_one_line(tmp_path, name, capsys):
    """
    What import does not read is said once, not as a fault for each row.
    """
    ledger = str(tmp_path / "scr.db")
    (tmp_path / name).write_text("scr,event\nS-1,filed\n" * 300)
    assert run(["--ledger", ledger, "init"]) == 0
    capsys.readouterr()

    assert run(["--ledger", ledger, "import", str(tmp_path / name)]) == 2
    told = capsys.readouterr()

    assert told.err.count("\n") == 1
    assert "save it as .xlsx" in told.err
