"""`scr import` of extracts, and of files from which something is set aside."""

from __future__ import annotations

import io
import json
import sys
from contextlib import chdir

import pytest

from tests import ledgers
from tests.commandline import filed, life, line, scr
from tests.test_cli_comparing import AGREEING, DIFFERING, write

FIRST = ("--known-at", "2019-12-31")
LATER = ("--known-at", "2020-12-31")


@pytest.fixture
def folder():
    """
    A folder with an empty scr.db, and the working directory of the test.
    """
    with ledgers.folder() as made, chdir(made):
        ledgers.make(made / "scr.db")
        yield made


def imported() -> list[dict]:
    """
    Return what the log has of imports.
    """
    return scr("log", "--event", "imported", "--json").json["rows"]


# --- extracts ------------------------------------------------------------------------


def test_an_extract_is_loaded_and_says_what_it_added(folder):
    """
    Rows and facts on stdout; the import is recorded with the file's name and hash.
    """
    told = scr("import", "--snapshot", write(folder, AGREEING), *FIRST)

    assert told.code == 0, told.err
    assert told.out == (
        "extract.csv: 4 rows, added 14 facts (4 filed, 2 classified, 4 approved,"
        " 4 disrupted); head @16\n"
    )
    (fact,) = imported()
    assert (fact["file"], fact["rows"], fact["set_aside"]) == ("extract.csv", 4, 0)
    assert len(fact["sha256"]) == 64
    assert scr("compare", "extract.csv").code == 0
    assert scr("count", "--json").json["basis"]["grade"] == "claimed"


def test_a_day_ends_where_the_ledger_is(folder):
    """
    A day stands for its last microsecond in the ledger's zone, an instant for itself.
    """
    path = write(folder, AGREEING[:1])
    scr("import", "--snapshot", path, "--known-at", "2019-12-31")
    path = write(folder, [["SCR-2", *AGREEING[0][1:]]])
    scr("import", "--snapshot", path, "--known-at", "2020-01-01T05:00:00+01:00")

    known = {
        row["scr"]: row["known_at"]
        for row in scr("log", "--json").json["rows"]
        if "scr" in row
    }
    assert known == {
        "SCR-1": "2020-01-01T04:59:59.999999Z",
        "SCR-2": "2020-01-01T04:00:00Z",
    }


def test_a_later_extract_adds_what_differs_and_names_what_is_gone(folder):
    """
    The SCRs that are not in it any more are named on stderr, and left as they are.
    """
    scr("import", "--snapshot", write(folder, AGREEING), *FIRST)
    told = scr("import", "--snapshot", write(folder, DIFFERING), *LATER)

    assert told.code == 0, told.err
    assert "1 reclassified" in told.out
    assert (
        "extract.csv: not in it, but standing in the ledger, and left alone:"
        " 1 SCR: SCR-3\n"
    ) in told.err


def test_what_is_gone_is_voided_where_asked(folder):
    """
    With `--missing voids`, and the comparison then finds nothing.
    """
    scr("import", "--snapshot", write(folder, AGREEING), *FIRST)
    path = write(folder, AGREEING[:3])
    told = scr("import", "--snapshot", path, *LATER, "--missing", "voids")

    assert "1 voided" in told.out
    assert "SCR-4" in told.err
    assert scr("compare", path).code == 0


def test_the_same_extract_again_adds_nothing(folder):
    """
    And says so, without recording an import.
    """
    scr("import", "--snapshot", write(folder, AGREEING), *FIRST)
    told = scr("import", "--snapshot", write(folder, AGREEING), *FIRST)

    assert told.out == (
        "extract.csv: 4 rows, nothing new, 4 already recorded; head @16\n"
    )
    assert len(imported()) == 1


def test_a_dry_run_records_nothing(folder):
    """
    It says what would be added.
    """
    path = write(folder, AGREEING)
    told = scr("import", "--snapshot", path, *FIRST, "--dry-run")

    assert "would add 14 facts" in told.out
    assert imported() == []


MISUSES = [
    ("--snapshot", "extract.csv"),
    ("--snapshot", "extract.csv", "extract.csv", *FIRST),
    ("--snapshot", "extract.csv", "--known-at", "soon"),
    ("--snapshot", "extract.csv", "--known-at", "2019-02-30"),
    ("--snapshot", "extract.csv", "--known-at", "2019-02-01T10:00:00"),
    ("--snapshot", "extract.csv", *FIRST, "--source", " "),
    ("--snapshot", "extract.csv", *FIRST, "--missing", "voided"),
    ("facts.jsonl", *FIRST),
    ("facts.jsonl", "--missing", "voids"),
]


@pytest.mark.parametrize("arguments", MISUSES, ids=" ".join)
def test_what_contradicts_is_refused_before_anything_is_read(folder, arguments):
    """
    With one line on stderr and exit code 2.
    """
    write(folder, AGREEING)
    (folder / "facts.jsonl").write_text(filed("SCR-1"))
    told = scr("import", *arguments)

    assert (told.code, told.out) == (2, "")
    assert told.err.count("\n") == 1


def test_a_snapshot_of_the_future_is_refused(folder):
    """
    What an extract shows must have been known by now; and there must be an extract.
    """
    path = write(folder, AGREEING)

    assert scr("import", "--snapshot", path, "--known-at", "2999-12-31").code == 5
    assert scr("import", "--snapshot", "none.csv", *FIRST).code == 3


def test_rows_are_set_aside_with_their_reasons(folder):
    """
    `--set-aside` leaves out the SCR, writes its row with what is wrong, and count and
    doctor say from then on that something was left out.
    """
    rows = [AGREEING[0], [*AGREEING[1][:-1], "soon"]]
    path = write(folder, rows)
    assert scr("import", "--snapshot", path, *FIRST).code == 5
    told = scr("import", "--snapshot", path, *FIRST, "--set-aside", "out.jsonl")

    assert told.code == 0
    assert "extract.csv: 1 SCR set aside" in told.err
    (aside,) = map(json.loads, (folder / "out.jsonl").read_text().splitlines())
    assert (aside["file"], aside["line"], aside["scr"]) == ("extract.csv", 3, "SCR-2")
    assert aside["faults"] == [
        {"field": "on_1", "rule": "must be a date YYYY-MM-DD, years 1900 to 2999"}
    ]
    assert aside["cells"]["on_1"] == "soon"
    assert imported()[0]["set_aside"] == 1


# --- files of facts -------------------------------------------------------------------

BAD = line("SCR-2", "disrupted", "2019-03-04", outcome="D 1")
FACTS = (
    life("SCR-1")
    + filed("SCR-2")
    + life("SCR-3")
    + BAD
    + line("SCR-2", "approved", "2019-03-05")
    + '{"organization":"ORG-1","event":"unmerged","effective_on":"2019-01-01",'
    '"known_at":"2019-01-01T00:00:00Z","by":"b","reason":"r"}\n'
    + line("SCR-4", "filed", "2019-03-04", office="SAC X", case_number="C")
    + '{"scr":"SCR-4"}\n'
)


def test_whole_subjects_are_set_aside(folder):
    """
    All lines of an SCR or organization with a refused one are left out and written
    with their reasons; all others are recorded as if these were not in the file.
    """
    (folder / "facts.jsonl").write_text(FACTS)
    assert scr("import", "facts.jsonl").code == 5
    told = scr("import", "facts.jsonl", "--set-aside", "out.jsonl")

    assert told.code == 0, told.err
    assert "12 lines, added 6 facts" in told.out
    assert "facts.jsonl: 3 SCRs set aside" in told.err
    out = [json.loads(text) for text in (folder / "out.jsonl").read_text().splitlines()]
    assert [(each["line"], bool(each["faults"])) for each in out] == [
        (4, False),
        (8, True),
        (9, False),
        (10, True),
        (11, False),
        (12, True),
    ]
    assert out[1] == {
        "file": "facts.jsonl",
        "line": 8,
        "scr": "SCR-2",
        "faults": [
            {
                "field": "outcome",
                "rule": "must be an id: 1 to 64 of A-Z a-z 0-9 . _ - /",
            }
        ],
        "text": BAD.rstrip(),
    }
    assert out[3]["organization"] == "ORG-1"
    assert imported()[0]["set_aside"] == 3
    assert {row.get("scr") for row in scr("log", "--json").json["rows"]} == {
        None,
        "SCR-1",
        "SCR-3",
    }


def test_standard_input_can_be_set_aside_from(folder, monkeypatch):
    """
    It is read twice all the same.
    """
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(FACTS.encode())))
    monkeypatch.setattr(sys, "stdin", stdin)

    assert scr("import", "-", "--set-aside", "out.jsonl").code == 0
    assert imported()[0]["rows"] == 12
    assert len((folder / "out.jsonl").read_text().splitlines()) == 6


@pytest.mark.parametrize(
    "text", ["{]\n", '{"scr":"SCR 1","event":"filed"}\n', '{"event":"filed"}\n']
)
def test_a_line_that_names_no_subject_is_never_set_aside(folder, text):
    """
    Nobody knows whose history would be recorded without it, so the file is refused,
    and such lines are what is listed.
    """
    (folder / "facts.jsonl").write_text(BAD + life("SCR-1") + text)
    told = scr("import", "facts.jsonl", "--set-aside", "out.jsonl")

    assert told.code == 5
    assert {text.split(": ")[0] for text in told.err.splitlines()} == {
        "facts.jsonl:5",
        "scr",
    }
    assert imported() == []
    assert not (folder / "out.jsonl").exists()


def test_lines_out_of_order_are_set_aside(folder):
    """
    A new line before one that is recorded is a fault of its SCR like any other.
    """
    ledgers.load("scr.db", filed("SCR-1") + line("SCR-1", "approved", "2019-01-02"))
    early = line("SCR-1", "classified", "2019-01-01", category="c", subcategory="s")
    text = filed("SCR-1") + early + line("SCR-1", "approved", "2019-01-02")
    (folder / "facts.jsonl").write_text(text + filed("SCR-2"))
    told = scr("import", "facts.jsonl", "--set-aside", "out.jsonl")

    assert told.code == 0
    assert "4 lines, added 1 facts" in told.out
    out = [json.loads(text) for text in (folder / "out.jsonl").read_text().splitlines()]
    assert [len(each["faults"]) for each in out] == [0, 1, 0]


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_count_says_what_was_set_aside(folder, form):
    """
    Under a table, else on stderr, up to the position of the basis; doctor notes it.
    """
    note = "note: the imports into this ledger have set aside 3 SCRs"
    (folder / "facts.jsonl").write_text(FACTS)
    assert note not in "".join(scr("count", "-f", form)[1:])
    scr("import", "facts.jsonl", "--set-aside", "out.jsonl")
    told = scr("count", "-f", form)

    assert told.code == 0
    assert (note in told.out) == (form == "table")
    assert (note in told.err) == (form != "table")
    assert note not in "".join(scr("count", "-f", form, "--as-of", "@2")[1:])
    assert "1; 3 SCRs set aside" in scr("doctor").out
