"""Assertions in every format, and in words."""

from __future__ import annotations

import csv
import io
import json

import pytest

from cli.render import FORMATS
from tests import ledgers
from tests.commandline import HISTORY, line, prepare, scr
from tests.definitions import LONG_AGO, Put, body, put

HOSTILE = "=cmd|' /C calc'!A0 \u202e<b>|`x`</b>"
DETERMINED = "".join(
    line(
        name, "determined", "2019-04-01", association="yes", transnational="yes",
        organization="ORG-1",
    )
    for name in ("SCR-1", "SCR-2")
)  # fmt: skip
MEASURES = {
    "scrs": "scr",
    "outcomes": "outcome",
    "cases": "case",
    "orgs": "organization",
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger that has a measure of every unit; somebody hostile acts.
    """
    prepare(tmp_path, HISTORY + DETERMINED)
    july = ledgers.Clock(ledgers.datetime(2024, 7, 1, tzinfo=ledgers.UTC))
    these = [Put(body(name, unit=unit), LONG_AGO) for name, unit in MEASURES.items()]
    put(str(tmp_path / "scr.db"), *these, clock=july)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", HOSTILE)
    return tmp_path


def asserted() -> None:
    """
    Assert a figure of every unit, at @26 to @29; let all of them fail but one.
    """
    for name, value in (("scrs", 3), ("outcomes", 3), ("cases", 1), ("orgs", 1)):
        told = scr("assert", f"{name} FY2019 = {value}", "--note", HOSTILE)
        assert told.code == 0, told.err
    for name in ("SCR-1", "SCR-2"):
        reverse = ["reverse", name, "--outcome", "D1", "--reason", HOSTILE]
        assert scr(*reverse).code == 0


def test_each_unit_names_its_items():
    """
    SCRs, outcomes, cases and organizations, each by the member that is theirs.
    """
    asserted()
    told = scr("check", "--json")
    rows = told.json["rows"]

    assert told.code == 1
    assert (told.json["holding"], told.json["failing"]) == (1, 3)
    assert [row["state"] for row in rows] == ["fails", "fails", "holds", "fails"]
    gone = {"effect": -1, "cause": "reversal"}
    assert rows[0]["items"] == [
        {"scr": "SCR-1", **gone, "positions": [30]},
        {"scr": "SCR-2", **gone, "positions": [31]},
    ]
    assert rows[1]["items"] == [
        {"scr": "SCR-1", "outcome": "D1", **gone, "positions": [30]},
        {"scr": "SCR-2", "outcome": "D1", **gone, "positions": [31]},
    ]
    assert rows[3]["items"] == [{"organization": "ORG-1", **gone, "positions": [31]}]


def test_withdrawn_ones_have_a_row_only_in_the_list():
    """
    Else a check has those that stand.
    """
    asserted()
    scr("assert", "--withdraw", "@26", "--reason", HOSTILE)

    def positions(*asked):
        return [row["position"] for row in scr("check", *asked, "--json").json["rows"]]

    assert positions() == [27, 28, 29]
    assert positions("--list") == [26, 27, 28, 29]
    assert positions("@29", "@27", "@26") == [29, 27]
    (row,) = scr("check", "--list", "@26", "--json").json["rows"]
    assert row["withdrawn"]["reason"] == HOSTILE
    assert row["withdrawn"]["position"] == 32


def test_an_item_is_a_row_of_csv():
    """
    With what is said of its assertion; one that holds is one row.
    """
    asserted()
    rows = list(csv.DictReader(io.StringIO(scr("check", "-f", "csv").out)))

    told = [
        (row["position"], row["state"], row["scr"], row["organization"], row["effect"])
        for row in rows
    ]
    assert told == [
        ("26", "fails", "SCR-1", "", "-1"),
        ("26", "fails", "SCR-2", "", "-1"),
        ("27", "fails", "SCR-1", "", "-1"),
        ("27", "fails", "SCR-2", "", "-1"),
        ("28", "holds", "", "", ""),
        ("29", "fails", "", "ORG-1", "-1"),
    ]
    assert {row["bound"] for row in rows} == {"all"}
    assert rows[0]["basis"].startswith("all @31 ")


def test_the_list_is_one_row_each_in_csv():
    """
    With the parts of its cut-off, and what is said of it.
    """
    scr("assert", "scrs FY2019 = 3 as of 2020-01-15")
    scr("assert", "scrs FY2019 = 3 as of @25")
    scr("assert", "--withdraw", "@27", "--reason", "as found", "--by", "auditor")
    rows = list(csv.DictReader(io.StringIO(scr("check", "--list", "-f", "csv").out)))

    told = [
        (row["state"], row["bound"], row["instant"], row["pinned"], row["says"])
        for row in rows
    ]
    assert told == [
        ("holds", "before", "2020-01-16T05:00:00Z", "", ""),
        ("withdrawn", "all", "", "25", "'@28 auditor: as found"),
    ]


@pytest.mark.parametrize("fmt", [name for name in FORMATS if name != "table"])
def test_every_format_is_written_even_if_all_holds(fmt):
    """
    Only a table is silent; the basis stands in each, and the exit code is the same.
    """
    empty = scr("check", "-f", fmt)
    assert empty.code == 0
    scr("assert", "scrs FY2019 = 3", "--by", "somebody")
    told = scr("check", "-f", fmt)

    assert told.code == 0
    assert "holds" in told.out
    assert "@26" in told.out or '"position":26' in told.out.replace(" ", "")


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("asked", [[], ["--list"]], ids=str)
def test_no_format_obeys_what_somebody_wrote(fmt, asked):
    """
    By, note and reasons come safe to a terminal, a page and a spreadsheet.
    """
    asserted()
    told = scr("check", *asked, "-f", fmt)

    assert told.code == 1
    assert "\u202e" not in told.out
    if fmt == "json":
        assert told.json["rows"][0]["by"] == HOSTILE
    if fmt == "jsonl":
        first, row, *_ = map(json.loads, told.out.splitlines())
        assert first["schema"] == "scr-check/1"
        assert row["note"] == HOSTILE
    if fmt == "csv":
        rows = csv.DictReader(io.StringIO(told.out))
        assert all(row["by"].startswith("'=cmd") for row in rows)
    if fmt == "md":
        assert "<b>" not in told.out


def test_a_page_leaves_out_what_nothing_is_said_of():
    """
    Markdown has a column only if a row has something in it.
    """
    scr("assert", "scrs FY2019 = 3", "--by", "somebody")
    told = scr("check", "-f", "md")

    (head,) = [one for one in told.out.splitlines() if one.startswith("| Assertion")]
    assert head == (
        "| Assertion | State | Measure | Fiscal year | Known | Claimed | Now | Change"
        " | By | Identity | Recorded at |"
    )


def test_a_file_is_written_even_if_all_holds(here):
    """
    What an earlier check wrote there would be believed otherwise.
    """
    scr("assert", "scrs FY2019 = 3")
    told = scr("check", "-o", "out.txt")

    assert told == (0, "", "")
    text = (here / "out.txt").read_text()
    assert text.startswith("1 standing assertion, it holds\nall @26 ")


@pytest.mark.parametrize(
    ("claims", "fail", "words"),
    [
        ([], False, "0 standing assertions\n"),
        (["scrs"], False, "1 standing assertion, it holds\n"),
        (["scrs", "dd-all"], False, "2 standing assertions, all hold\n"),
        (["scrs"], True, "1 standing assertion, 1 fails\n"),
        (["scrs", "dd-all"], True, "2 standing assertions, 2 fail\n"),
    ],
)
def test_how_many_hold_is_said_in_words(claims, fail, words):
    """
    Above the list, in good English.
    """
    for name in claims:
        scr("assert", f"{name} FY2019 = 3", "--by", "somebody")
    if fail:
        scr("reverse", "SCR-1", "--outcome", "D1", "--reason", "r")

    assert scr("check", "--list").out.startswith(words)


def test_a_definition_that_changed_is_named_on_both_sides():
    """
    Each by its version, below the items, which name the clause.
    """
    scr("assert", "scrs FY2019 = 3", "--by", "somebody")
    later = body("scrs", 2, population={"categories": ["gangs"]})
    put("scr.db", Put(later, LONG_AGO), clock=ledgers.Clock(
        ledgers.datetime(2027, 1, 1, tzinfo=ledgers.UTC)
    ))  # fmt: skip
    lines = scr("check").out.splitlines()

    assert lines[-5] == (
        "@26 FY 2019: 3 → 1 = −2: −2 definition (population.categories)"  # noqa: RUF001
    )
    assert lines[-4].endswith("SCR-2: definition: population.categories, @27")
    assert ", by scrs@1 sha256 " in lines[-2]
    assert ", by scrs@2 sha256 " in lines[-1]
