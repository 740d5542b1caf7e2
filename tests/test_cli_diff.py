"""Reconciliations, as the command line gives them."""

# ruff: noqa: RUF001 - a figure that falls has a minus sign, not a hyphen.

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from cli.diff import _bar, diff_command
from cli.main import Settings
from cli.render import FORMATS
from tests import ledgers
from tests.commandline import HISTORY, life, line, prepare, scr
from tests.definitions import LONG_AGO, Put, body, put

HOSTILE = "=cmd|' /C calc'!A0 \u202e<b>|`x`</b>"
LATER = "2021-01-01T12:00:00Z"
CORRECTED = (
    HISTORY
    + line(
        "SCR-1", "redetermined", "2021-01-01", association="no", transnational="no",
        reason="r",
    )
    + line("SCR-2", "redated", "2019-10-01", LATER, outcome="D1", reason="r")
    + line("SCR-3", "disrupted", "2019-04-01", LATER, outcome="D2")
    + line("SCR-4", "rescinded", "2021-01-01", reason="r")
    + life("SCR-5", tco="yes").replace("2019-03-04T12", "2021-01-01T12")
)  # fmt: skip
"""Since 2020: a determination corrected, a date, an approval; and one SCR more."""
FROM = ["--from", "2020-12-31"]
ROOT = "0" * 64


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """
    A ledger that was corrected since, with two versions of a measure; asked only.
    """
    path = str(prepare(tmp_path_factory.mktemp("diff"), CORRECTED))
    in_july = ledgers.Clock(ledgers.datetime(2024, 7, 1, tzinfo=ledgers.UTC))
    put(
        path,
        Put(body("gangs", population={"categories": ["gangs"]}), LONG_AGO),
        Put(body("gangs", 2, population={"categories_except": ["gangs"]})),
        Put(body("cases", unit="case"), LONG_AGO),
        Put(body("organizations", unit="organization"), LONG_AGO),
        clock=in_july,
    )
    return path


def rows(told) -> list[dict]:
    """
    Return the rows of an answer in JSON that went well.
    """
    assert (told.code in {0, 1}, told.err) == (True, "")
    return told.json["rows"]


def asked(ledger: str, *arguments: str):
    """
    Ask for a reconciliation.
    """
    return scr("--ledger", ledger, "diff", *arguments)


# --- the shape ------------------------------------------------------------------------


def test_the_answer_has_the_shape_of_the_contract(ledger):
    """
    Two bases, and per year both figures, the change and every item; nothing more where
    there is nothing more to say.
    """
    told = asked(ledger, "dd-tco", *FROM, "--fy", "2019..2020", "--json")

    assert list(told.json) == ["schema", "basis", "definitions", "rows"]
    assert told.json["schema"] == "scr-diff/1"
    basis = told.json["basis"]
    assert list(basis) == ["from", "to"]
    assert (basis["from"]["bound"], basis["to"]["bound"]) == ("before", "all")
    assert basis["from"]["visible"] < basis["to"]["visible"]
    assert list(told.json["definitions"]) == ["from", "to"]
    assert rows(told) == [
        {
            "measure": "dd-tco",
            "fiscal_year": 2019,
            "from": 1,
            "to": 1,
            "change": 0,
            "items": [
                {
                    "scr": "SCR-1",
                    "effect": -1,
                    "cause": "redetermination",
                    "positions": [19],
                },
                {
                    "scr": "SCR-5",
                    "effect": 1,
                    "cause": "late-information",
                    "positions": [26],
                },
            ],
        },
        {
            "measure": "dd-tco",
            "fiscal_year": 2020,
            "from": 1,
            "to": 0,
            "change": -1,
            "items": [
                {
                    "scr": "SCR-4",
                    "effect": -1,
                    "cause": "rescission",
                    "positions": [22],
                }
            ],
        },
    ]
    assert [list(row) for row in rows(told)] == 2 * [
        ["measure", "fiscal_year", "from", "to", "change", "items"]
    ]
    assert list(rows(told)[0]["items"][0]) == ["scr", "effect", "cause", "positions"]


def test_items_of_outcomes_organizations_and_cases(ledger):
    """
    An item names what is counted: an outcome beside its SCR, an organization or a case
    number in its place; and the year at the other end of a move.
    """
    told = asked(ledger, "disruptions-all", *FROM, "--json")
    (left, *_), (_, entered) = (row["items"] for row in rows(told))

    assert left == {
        "scr": "SCR-2", "outcome": "D1", "effect": -1, "cause": "redating",
        "positions": [20], "moved_to": 2020,
    }  # fmt: skip
    assert entered["effect"] == -1
    moved = next(item for item in rows(told)[1]["items"] if item["cause"] == "redating")
    assert moved == {
        "scr": "SCR-2", "outcome": "D1", "effect": 1, "cause": "redating",
        "positions": [20], "moved_from": 2019,
    }  # fmt: skip
    found = rows(asked(ledger, "cases@1", "--from", "@1", "--fy", "2019", "--json"))
    assert list(found[0]["items"][0]) == [
        "case_number", "effect", "cause", "positions",
    ]  # fmt: skip


def test_an_organization_stands_in_place_of_the_scr(tmp_path):
    """
    For `organizations-tco` an item has `organization`, and no `scr`.
    """
    text = life("SCR-1") + line(
        "SCR-1", "determined", "2019-04-01", organization="ORG-1",
        association="yes", transnational="yes",
    )  # fmt: skip
    path = str(prepare(tmp_path, text))

    (row,) = rows(asked(path, "organizations-tco", "--from", "@4", "--json"))

    assert row["items"] == [
        {
            "organization": "ORG-1",
            "effect": 1,
            "cause": "late-information",
            "positions": [5],
        }
    ]


def test_a_definition_is_named_with_its_clause(ledger):
    """
    Two measures, and two versions of one: rows name both, items the clause.
    """
    told = asked(ledger, "dd-all", "dd-tco", "--fy", "2019", "--json")
    (row,) = rows(told)
    assert list(row)[:3] == ["measure", "to_measure", "fiscal_year"]
    assert (row["measure"], row["to_measure"]) == ("dd-all", "dd-tco")
    assert row["items"][0] == {
        "scr": "SCR-1", "effect": -1, "cause": "definition", "positions": [],
        "clause": "population.tco",
    }  # fmt: skip
    assert told.json["basis"]["from"] == told.json["basis"]["to"]

    told = asked(ledger, "gangs@1", "gangs@2", "--fy", "2019", "--json")
    (row,) = rows(told)
    assert (row["measure"], row["to_measure"]) == ("gangs@1", "gangs@2")
    assert {item["clause"] for item in row["items"]} == {
        "population.categories",
        "population.categories_except",
    }
    versions = [told.json["definitions"][side]["version"] for side in ("from", "to")]
    assert versions == [1, 2]
    assert {tuple(item["positions"]) for item in row["items"]} == {(29,)}


def test_one_measure_takes_the_definition_in_force_on_each_side(ledger):
    """
    Asked by its id, a measure has the version that held at either basis; the title
    says which.
    """
    told = asked(ledger, "gangs", *FROM, "--fy", "2019", "--json")
    (row,) = rows(told)

    assert row["measure"] == "gangs"
    assert "to_measure" not in row
    versions = [told.json["definitions"][side]["version"] for side in ("from", "to")]
    assert versions == [1, 2]
    table = asked(ledger, "gangs", *FROM, "--fy", "2019").out
    assert table.startswith("gangs@1 to gangs@2: what came and went\n")


# --- every format ---------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_has_both_bases(ledger, fmt):
    """
    Both sides are named whatever the format, with their roots; data are on stdout only.
    """
    basis = asked(ledger, "dd-all", *FROM, "--json").json["basis"]
    told = asked(ledger, "dd-all", *FROM, "-f", fmt)

    assert (told.code, told.err) == (1, "")
    for side in ("from", "to"):
        assert f"{basis[side]['root']}" in told.out


def test_cells_have_a_row_for_each_item(ledger):
    """
    CSV and TSV have the figures beside each item; a year without items has one row.
    """
    for fmt, mark in (("csv", ","), ("tsv", "\t")):
        told = asked(ledger, "disruptions-all", *FROM, "--fy", "2018..2020", "-f", fmt)
        found = list(csv.DictReader(io.StringIO(told.out), delimiter=mark))

        assert list(found[0]) == [
            "measure", "fiscal_year", "from", "to", "change", "scr", "outcome",
            "effect", "cause", "clause", "moved_from", "moved_to", "positions", "basis",
        ]  # fmt: skip
        assert [row["fiscal_year"] for row in found[:2]] == ["2018", "2019"]
        assert (found[0]["scr"], found[0]["effect"]) == ("", "")
        assert [row["scr"] for row in found[1:]] == [
            "SCR-2", "SCR-3", "SCR-5", "SCR-2", "SCR-4",
        ]  # fmt: skip
        assert (found[1]["moved_to"], found[1]["positions"]) == ("2020", "[20]")
        assert sum(int(row["effect"]) for row in found[1:4]) == int(found[1]["change"])
    told = asked(ledger, "dd-all", "dd-tco", "-f", "csv")
    assert told.out.startswith("measure,to_measure,fiscal_year,")


def test_markdown_has_the_years_in_words(ledger):
    """
    A table of the items with the columns that say something, then a line for a year.
    """
    told = asked(ledger, "dd-all", *FROM, "--fy", "2019", "-f", "md").out.splitlines()

    assert told[0] == "**dd-all: what came and went**"
    assert told[6] == (
        "| Measure | Fiscal year | From | To | Change | SCR | Effect | Cause |"
        " Moved to FY | Facts |"
    )
    assert told[8:] == [
        "| dd-all | 2019 | 3 | 3 | 0 | SCR-2 | −1 | redating | 2020 | @20 |",
        "| dd-all | 2019 | 3 | 3 | 0 | SCR-5 | +1 | late information | *none* | @26 |",
        "",
        "FY 2019: 3 → 3 = 0: +1 late information, −1 redating",
        "",
        "Moved by redating, one move each:",
        "",
        "SCR-2 from FY 2019 to FY 2020, @20",
    ]


def test_the_table_and_its_waterfall(ledger):
    """
    Figures, what came and went; each year as auditors write it, with a bar a cause;
    each move once.
    """
    told = asked(ledger, "disruptions-all", *FROM).out.splitlines()

    assert told[0] == "disruptions-all: what came and went"
    assert told[6:] == [
        "Fiscal year   From   Came   Went   To   Change",
        "──────────────────────────────────────────────",
        "2019             3     +2     −1    4       +1",
        "2020             1     +1     −1    1        0",
        "",
        "FY 2019: 3 → 4 = +1: +2 late information, −1 redating",
        "  from                 ████████████████████████                  3",
        "  +2 late information                          ████████████████  5",
        "  −1 redating                                          ░░░░░░░░  4",
        "  to                   ████████████████████████████████          4",
        "",
        "FY 2020: 1 → 1 = 0: +1 redating, −1 rescission",
        "  from           ████████████████████                      1",
        "  +1 redating                        ████████████████████  2",
        "  −1 rescission                      ░░░░░░░░░░░░░░░░░░░░  1",
        "  to             ████████████████████                      1",
        "",
        "Moved by redating, one move each:",
        "  SCR-2 D1 from FY 2019 to FY 2020, @20",
    ]


def test_a_move_is_told_once(tmp_path):
    """
    Also where other facts made the SCR go and come in one of the years before.
    """
    text = (
        HISTORY
        + line("SCR-1", "voided", "2021-01-01", reason="r")
        + line("SCR-1", "reinstated", "2021-01-02", reason="r")
        + line(
            "SCR-1", "redated", "2019-10-01", "2021-01-03T12:00:00Z", outcome="D1",
            reason="r",
        )
    )  # fmt: skip
    told = asked(str(prepare(tmp_path, text)), "dd-all", *FROM)

    assert told.out.count("  SCR-1 from FY 2019 to FY 2020, @21\n") == 1


@pytest.mark.parametrize(
    ("one", "other", "most"),
    [(999, 1000, 1000), (1000, 999, 1000), (0, 0, 1), (0, 1, 1000), (5, 5, 9)],
)
def test_a_bar_stays_in_its_place(one, other, most):
    """
    A step too small for the scale is one mark, and no bar goes beyond the greatest.
    """
    line_ = _bar("x", 1, one, other, most)

    assert len(line_) == len("  x  ") + 40 + len(f"  {other:,}")
    assert line_.count("█") + line_.count("░") == (one != other)


def test_a_cause_that_did_both_says_so(tmp_path):
    """
    Where one cause made some come and others go, the net is told with both.
    """
    no = {"association": "no", "transnational": "no", "reason": "r"}
    yes = {"association": "yes", "transnational": "yes", "reason": "r"}
    text = (
        HISTORY
        + line("SCR-1", "redetermined", "2021-01-01", **no)
        + line("SCR-2", "redetermined", "2021-01-01", **yes)
    )
    path = str(prepare(tmp_path, text))

    told = asked(path, "dd-tco", *FROM, "--fy", "2019")

    assert told.code == 1
    assert "FY 2019: 1 → 1 = 0: 0 redetermination (1 came, 1 went)\n" in told.out


def test_the_list_of_items(ledger):
    """
    `--items` lists each in a line, with the clause, or the year at the other end.
    """
    told = asked(ledger, "disruptions-all", *FROM, "--items").out.splitlines()

    assert told[6:] == [
        "Fiscal year   SCR     Outcome   Effect   Cause                    Facts",
        "───────────────────────────────────────────────────────────────────────",
        "2019          SCR-2   D1            −1   redating: to FY 2020     @20",
        "2019          SCR-3   D2            +1   late information         @21",
        "2019          SCR-5   D1            +1   late information         @26",
        "2020          SCR-2   D1            +1   redating: from FY 2019   @20",
        "2020          SCR-4   D1            −1   rescission               @22",
    ]
    told = asked(ledger, "dd-all", "dd-tco", "--fy", "2020", "--items").out
    assert "−1   definition: population.tco   built in" in told


def test_json_lines_begin_with_both_bases(ledger):
    """
    The first line has schema, bases and definitions; then a year a line.
    """
    told = asked(ledger, "dd-all", *FROM, "-f", "jsonl").out.splitlines()

    assert list(json.loads(told[0])) == ["schema", "basis", "definitions"]
    assert [json.loads(text)["fiscal_year"] for text in told[1:]] == [2019, 2020]


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_empty_ledger_has_no_rows(tmp_path, fmt):
    """
    Where nothing counts on either side there are no rows, and nothing differs.
    """
    path = str(prepare(tmp_path, ""))
    for more in ([], ["--corners"], ["--items"]):
        if fmt == "table" or more != ["--items"]:
            told = asked(path, "dd-all", "--from", "@0", "-f", fmt, *more)
            assert (told.code, told.err) == (0, "")


def test_a_terminal_gets_the_same_lines(ledger, monkeypatch):
    """
    On a wide terminal without colour the waterfall is that of a pipe.
    """
    piped = asked(ledger, "dd-all", *FROM).out

    class Terminal(io.StringIO):
        """Claims to be one."""

        def isatty(self) -> bool:
            """Say yes."""
            return True

    terminal = Terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stdout", terminal)
    diff_command.main(
        ["dd-all", *FROM], standalone_mode=False, obj=Settings(ledger), prog_name="scr"
    )

    assert terminal.getvalue() == piped


# --- corners --------------------------------------------------------------------------


def test_four_corners(ledger):
    """
    Each corner, the three effects that add up, and what the definition removes.
    """
    arguments = ["dd-all", "dd-tco", *FROM, "--fy", "2019", "--corners"]
    told = asked(ledger, *arguments, "--json")

    assert told.code == 1
    assert told.json["schema"] == "scr-corners/1"
    assert rows(told) == [
        {
            "measure": "dd-all",
            "to_measure": "dd-tco",
            "fiscal_year": 2019,
            "then_then": 3,
            "now_then": 3,
            "then_now": 1,
            "now_now": 1,
            "data_effect": 0,
            "definition_effect": -2,
            "interaction": 0,
            "removed": {"yes": 0, "unknown": 1, "no": 1},
            "added": {"yes": 0, "unknown": 0, "no": 0},
        }
    ]
    table = asked(ledger, *arguments).out.splitlines()
    assert table[6] == (
        "Fiscal year   From   Data   Definition   Both   To   Removed: no   unknown"
        "   yes   Added"
    )
    cells = ["2019", "3", "0", "−2", "0", "1", "1", "1", "0", "0"]
    assert table[8].split() == cells
    told = asked(ledger, *arguments, "-f", "csv")
    (cell,) = csv.DictReader(io.StringIO(told.out))
    assert (cell["now_then"], cell["then_now"], cell["removed_no"]) == ("3", "1", "1")


def test_corners_differ_where_items_do(ledger):
    """
    Exit code 1 wherever anything came or went, also where the figures are equal.
    """
    for year in ("2018", "2019", "2020"):
        arguments = ["dd-all", *FROM, "--fy", year]
        plain, with_corners = (
            asked(ledger, *arguments),
            asked(ledger, *arguments, "--corners"),
        )
        assert plain.code == with_corners.code == (year != "2018")


# --- sides ----------------------------------------------------------------------------


def test_a_pasted_basis_is_a_side(ledger):
    """
    What an answer printed, as its line or its object, on either side or for both.
    """
    first = asked(ledger, "dd-all", *FROM, "--json")
    one, other = (first.json["basis"][side] for side in ("from", "to"))

    def as_line(basis: dict) -> str:
        instant = f"{basis['instant']} " if basis["instant"] else ""
        return f"{basis['bound']} {instant}@{basis['position']} {basis['root']}"

    for shape in (as_line, json.dumps, lambda basis: f" {json.dumps(basis, indent=1)}"):
        told = asked(ledger, "dd-all", "--from", shape(one), "--to", shape(other),
                     "--json")  # fmt: skip
        assert told == first
        told = asked(ledger, "dd-all", "dd-tco", "--as-of", shape(one), "--json")
        assert told.json["basis"] == {"from": one, "to": one}


def test_instants_and_positions_are_sides(ledger):
    """
    Any two bases, in either direction; equal ones have no difference.
    """
    for one, other in (
        ("@9", "2020-01-15"),
        ("2021-01-01T07:00:00-05:00", "@0"),
        ("2020-12-31", "2020-12-31"),
    ):
        there = asked(ledger, "dd-all", "--from", one, "--to", other, "--json")
        back = asked(ledger, "dd-all", "--from", other, "--to", one, "--json")
        assert there.code == back.code == (one != other)
        assert [row["change"] for row in rows(there)] == [
            -row["change"] for row in rows(back)
        ]


def test_a_side_that_is_not_over_is_warned_of(ledger):
    """
    A cut-off after now is answered with a line on stderr, on either side.
    """
    for arguments in (
        ["dd-all", "--from", "2999-01-01"],
        ["dd-all", "--from", "@9", "--to", "2999-01-01"],
    ):
        told = asked(ledger, *arguments)
        assert told.code in {0, 1}
        assert told.err.startswith("scr: warning: 2999-01-01 is not over yet;")
        assert told.err.count("\n") == 1


REFUSED = [
    ([], 2, "MEASURE"),
    (["dd-all"], 2, "one measure at one basis has no difference"),
    (["dd-all", "--as-of", "@9"], 2, "one measure at one basis has no difference"),
    (["dd-all", "--to", "@9"], 2, "--to needs --from"),
    (["dd-all", "--from", "@9", "--as-of", "@9"], 2, "contradict; give one basis"),
    (["dd-all", "--to", "@9", "--as-of", "@9"], 2, "contradict; give one basis"),
    (["dd-all", *FROM, "--items", "--corners"], 2, "corners have no items"),
    (["dd-all", *FROM, "--json", "-f", "csv"], 2, "--json and --format csv contradict"),
    (["dd-all", "dd-tco", "dd-all"], 2, "diff takes one measure, or two"),
    (["dd-none", *FROM], 2, "no measure is named dd-none; there are dd-all,"),
    (["dd-all", "gangs@3"], 2, "measure gangs has no version 3"),
    (["dd-all@2", *FROM], 2, "measure dd-all has no version 2"),
    (["dd-all", "disruptions-all"], 2, "take two measures that count the same"),
    (["dd-tco", "organizations", "--corners"], 2, "dd-tco@1 counts by scr, and organ"),
    (["dd-all", "--from", "yesterday!"], 2, "is neither a date such as 2020-01-15"),
    (["dd-all", "--from", "2020-02-30"], 2, "is not a day of the calendar"),
    (["dd-all", "--from", "2020-01-15T09:00:00"], 2, "offset"),
    (["dd-all", "--from", ""], 2, "'' is neither a date such as 2020-01-15"),
    (["dd-all", *FROM, "--to", ""], 2, "'' is neither a date such as 2020-01-15"),
    (["dd-all", "dd-tco", "--as-of", ""], 2, "'' is neither a date such as"),
    (["dd-all", "--from", "", "--as-of", ""], 2, "contradict; give one basis"),
    (["dd-all", "--from", "@99"], 2, "99"),
    (["dd-all", *FROM, "--to", "@99"], 2, "99"),
    (["dd-all", *FROM, "--fy", "19"], 2, "19"),
    (["dd-all", "--from", "all @9"], 2, "a basis is `all @POSITION ROOT`"),
    (["dd-all", "--from", "{}"], 2, "not the basis object of an answer"),
    (["dd-all", "--from", "apr-2020"], 3, "no publication is named apr-2020"),
    (["dd-all", *FROM, "--to", f"all @9 {ROOT}"], 4, "at position 9 its root is "),
    (["dd-all", "dd-tco", "--as-of", f"all @9 {ROOT}"], 4, "its root is "),
]


@pytest.mark.parametrize(("arguments", "code", "said"), REFUSED, ids=str)
def test_what_is_refused(ledger, arguments, code, said):
    """
    One line on stderr, nothing on stdout, and the exit code of its kind.
    """
    told = asked(ledger, *arguments)

    assert (told.code, told.out) == (code, "")
    assert said in told.err
    assert told.err.startswith("scr: ")
    assert told.err.count("\n") == 1


def test_a_measure_not_in_force_on_a_side(tmp_path):
    """
    It has no figure there; the line says which version to ask for.
    """
    path = str(prepare(tmp_path))
    put(path, Put(body("late")), clock=ledgers.Clock())

    told = asked(path, "late", *FROM)

    assert (told.code, told.out) == (2, "")
    assert "measure late is not in force at this basis; ask for a version" in told.err
    assert asked(path, "late@1", *FROM).code in {0, 1}


def test_there_is_no_ledger(tmp_path):
    """
    Exit code 3, and how to make one.
    """
    told = asked(str(tmp_path / "none.db"), "dd-all", *FROM)

    assert (told.code, told.out) == (3, "")


# --- hostile text ---------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS)
def test_hostile_text_stays_text(tmp_path, fmt):
    """
    A case number that is a formula, markup and a mark of direction does nothing.
    """
    text = life("SCR-1").replace("C-1", json.dumps(HOSTILE)[1:-1])
    path = str(prepare(tmp_path, text))
    put(path, Put(body("cases", unit="case"), LONG_AGO), clock=ledgers.Clock())

    for more in ([], ["--items"]):
        told = asked(path, "cases@1", "--from", "@1", "-f", fmt, *more)

        assert told.code == 1
        assert "\u202e" not in told.out
        if fmt in {"csv", "tsv"}:
            mark = {"csv": ",", "tsv": "\t"}[fmt]
            (row,) = csv.DictReader(io.StringIO(told.out), delimiter=mark)
            assert row["case_number"].startswith("'=")
        if fmt == "md":
            assert "<b>" not in told.out
    if fmt == "json":
        assert told.json["rows"][0]["items"][0]["case_number"] == HOSTILE


def test_denominators_that_differ_are_said(tmp_path):
    """
    A rate is taken by its value, so a percentage may differ where nothing came or went.
    """
    path = str(prepare(tmp_path))
    rate = body("apg", denominator="entered-all")
    put(path, Put(rate, LONG_AGO), clock=ledgers.Clock())
    told = asked(path, "dd-all", "apg", "--as-of", "2024-01-01")

    assert "denominators differ: none and entered-all" in told.err
