"""`scr compare`: an extract beside the ledger, from the source and back to it."""

from __future__ import annotations

import csv
from contextlib import chdir

import pytest

from tests import ledgers
from tests.commandline import line, prepare, scr

COLUMNS = (
    *("scr", "case_number", "office", "filed_on", "category", "subcategory"),
    *("approved_on", "outcome_1", "kind_1", "on_1"),
)
SAME = ["C-1", "SAC Houston", "2018-10-01"]
TAIL = ["2018-10-04", "D1", "disruption", "2019-03-04"]
AGREEING = [
    ["SCR-1", *SAME, "gangs", "s", *TAIL],
    ["SCR-2", *SAME, "narcotics", "s", *TAIL],
    ["SCR-3", *SAME, "", "", *TAIL],
    ["SCR-4", *SAME, "", "", *TAIL[:3], "2020-09-30"],
]
DIFFERING = [
    ["SCR-1", *SAME, "fraud", "s", *TAIL[:3], "2019-10-01"],
    ["SCR-2", *SAME, "narcotics", "s", "", "", "", ""],
    ["SCR-9", *SAME, "", "", *TAIL],
    AGREEING[3],
]


@pytest.fixture
def folder():
    """
    A folder with scr.db, of four SCRs, and the working directory of the test.
    """
    with ledgers.folder() as made, chdir(made):
        prepare(made)
        yield made


def write(folder, rows, columns=COLUMNS, name="extract.csv"):
    """
    Write an extract.
    """
    with (folder / name).open("w", newline="") as out:
        csv.writer(out).writerows([columns, *rows])
    return str(folder / name)


def test_an_extract_that_agrees_ends_with_0(folder):
    """
    No rows, and a summary that says so in both directions.
    """
    told = scr("compare", write(folder, AGREEING))

    assert (told.code, told.err) == (0, "")
    assert "no rows" in told.out
    assert "From the extract: of 4 SCRs 4 agree, 0 differ, 0 are missing" in told.out
    assert "From the ledger: of 4 SCRs 4 agree, 0 differ, 0 are not in" in told.out


def test_what_differs_is_listed_field_by_field_both_ways(folder):
    """
    What is missing here, what is extra here, and each field that differs with what
    either has; the answer ends with 1, names its basis and counts the SCRs.
    """
    told = scr("compare", write(folder, DIFFERING), "--json")

    assert told.code == 1
    assert told.json["schema"] == "scr-compare/1"
    assert told.json["basis"]["grade"] == "claimed"
    assert [tuple(row.values()) for row in told.json["rows"]] == [
        ("SCR-1", "different", "category", "fraud", "gangs"),
        (
            "SCR-1",
            "different",
            "outcome D1",
            "disruption 2019-10-01",
            "disruption 2019-03-04",
        ),
        ("SCR-2", "different", "approved", "no", "yes"),
        ("SCR-2", "different", "outcome D1", None, "disruption 2019-03-04"),
        ("SCR-3", "extra", None, None, None),
        ("SCR-9", "missing", None, None, None),
    ]
    assert list(told.json["rows"][0]) == [
        "scr",
        "difference",
        "field",
        "extract",
        "ledger",
    ]
    assert told.json["summary"] == {
        "extract": 4,
        "ledger": 4,
        "agreeing": 1,
        "missing": 1,
        "extra": 1,
        "different": 2,
    }


@pytest.mark.parametrize("form", ["table", "jsonl", "csv", "tsv", "md"])
def test_every_format_has_the_differences(folder, form):
    """
    The rows and the basis stand in each.
    """
    told = scr("compare", write(folder, DIFFERING), "-f", form)

    assert told.code == 1
    assert "fraud" in told.out
    assert scr("count").out.splitlines()[0].split("@")[1].split()[1] in told.out


def test_as_of_compares_with_what_was_known(folder):
    """
    What became known later, or is recorded later, is no difference.
    """
    early = [[*row[:-4], "2018-10-04", "", "", ""] for row in AGREEING]

    assert scr("compare", write(folder, early), "--as-of", "2018-12-31").code == 0
    assert scr("compare", write(folder, early), "--as-of", "2019-03-04").code == 1
    none = write(folder, [])
    assert scr("compare", none, "--as-of", "@0").code == 0
    assert scr("compare", none, "--as-of", "@0", "--json").json["rows"] == []


def test_a_voided_scr_is_not_extra_and_may_be_missing_from_an_extract(folder):
    """
    An extract rarely has what was withdrawn. One with a column that says it stands
    differs; without that column nothing is said of it.
    """
    ledgers.load("scr.db", line("SCR-4", "voided", "2020-12-01", reason="r"))

    assert scr("compare", write(folder, AGREEING[:3])).code == 0
    assert scr("compare", write(folder, AGREEING)).code == 0
    standing = [[*row, "no"] for row in AGREEING]
    told = scr("compare", write(folder, standing, (*COLUMNS, "voided")), "--json")
    assert [tuple(row.values())[2:] for row in told.json["rows"]] == [
        ("voided", "no", "yes")
    ]


def test_an_extract_that_cannot_be_read_is_refused_with_its_faults(folder):
    """
    Each is named by file, row, field and rule, and nothing is said of differences.
    """
    bad = [["SCR-1", *SAME, "gangs", "", *TAIL[:3], "soon"], ["S 2", *[""] * 9]]
    path = write(folder, bad)
    told = scr("compare", path)

    assert (told.code, told.out) == (5, "")
    assert told.err.splitlines() == [
        f"{path}:2: on_1: must be a date YYYY-MM-DD, years 1900 to 2999",
        f"{path}:2: subcategory: is required with category",
        f"{path}:3: scr: must be an id: 1 to 64 of A-Z a-z 0-9 . _ - /",
        f"scr: {path} cannot be read: 3 faults; correct it, or the map that names"
        " its columns, and try again",
    ]


def test_there_must_be_an_extract_and_a_ledger(folder):
    """
    Without either it ends with 3.
    """
    assert scr("compare", "none.csv").code == 3
    assert scr("--ledger", "none.db", "compare", write(folder, AGREEING)).code == 3


def test_comparing_changes_nothing(folder):
    """
    Not a byte of the ledger.
    """
    before = (folder / "scr.db").read_bytes()
    scr("compare", write(folder, DIFFERING))

    assert (folder / "scr.db").read_bytes() == before


def test_facts_of_organizations_are_no_scrs(folder):
    """
    A merger in the log is neither extra nor missing.
    """
    merged = line(
        "", "merged", "2020-01-01", organization="O-1", into="O-2", reason="r"
    )
    ledgers.load("scr.db", merged)

    assert scr("compare", write(folder, AGREEING)).code == 0
