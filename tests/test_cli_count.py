"""Figures and the SCRs behind them, as the command line gives them."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter

import pytest
from hypothesis import given as holds_for
from hypothesis import settings
from hypothesis import strategies as st

from cli.render import FORMATS
from ledger.domain.fiscal import format_instant
from ledger.reader import open_log
from tests import ledgers, oracle, strategies
from tests.commandline import HISTORY, filed, life, line, prepare, scr

HOSTILE = "=cmd|' /C calc'!A0 \u202e<b>|`x`</b>"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """
    A small ledger, asked only.
    """
    return str(prepare(tmp_path_factory.mktemp("count")))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """
    A ledger whose texts are formulas, markup and marks of direction.
    """
    text = (
        life("SCR-1", category="+1").replace("SAC Houston", json.dumps(HOSTILE)[1:-1])
        + life("SCR-2", category="@SUM(A1)").replace('"s"', '"-2"')
        + life("SCR-3")
    )
    return str(prepare(tmp_path_factory.mktemp("hostile"), text))


def rows(told) -> list[dict]:
    """
    Return the rows of an answer in JSON that went well.
    """
    assert (told.code, told.err) == (0, "")
    return told.json["rows"]


# --- the shape --------------------------------------------------------------------


def test_the_answer_has_the_shape_of_the_contract(ledger):
    """
    Schema, basis and rows come first; measures as asked, then years, 0 included.
    """
    told = scr(
        "--ledger", ledger, "count", "dd-tco", "dd-all", "--fy", "2018..2019",
        "--as-of", "2019-12-31", "--json",
    )  # fmt: skip
    assert list(told.json) == ["schema", "basis", "rows", "definitions"]
    assert told.json["schema"] == "scr-count/1"
    basis = told.json["basis"]
    assert len(bytes.fromhex(basis["root"])) == 32
    assert list(basis) == [
        "bound", "instant", "position", "root", "grade", "visible", "claimed",
    ]  # fmt: skip
    assert [(name, value) for name, value in basis.items() if name != "root"] == [
        ("bound", "before"),
        ("instant", "2020-01-01T05:00:00Z"),
        ("position", 19),
        ("grade", "claimed"),
        ("visible", 16),
        ("claimed", 16),
    ]
    assert [list(row.items()) for row in rows(told)] == [
        [("measure", measure), ("fiscal_year", year), ("value", value)]
        for measure, year, value in (
            ("dd-tco", 2018, 0),
            ("dd-tco", 2019, 1),
            ("dd-all", 2018, 0),
            ("dd-all", 2019, 3),
        )
    ]


def test_the_default_table_shows_the_whole_and_its_parts(ledger):
    """
    Without a measure the table has, per year, `dd-all` and the parts it adds up from.
    """
    told = scr("--ledger", ledger, "count")

    assert [line_.split() for line_ in told.out.splitlines()[5:]] == [
        ["2019", "3", "1", "1", "1"],
        ["2020", "1", "1", "0", "0"],
    ]
    head = "Fiscal year   dd-all   TCO yes (dd-tco)   TCO unknown   TCO no"
    assert told.out.splitlines()[3] == head


def test_a_table_of_measures_has_a_column_for_each(ledger):
    """
    With measures the table has a line per year and a column per measure.
    """
    told = scr("--ledger", ledger, "count", "entered-all", "dd-all", "--fy", "2019")

    assert told.out.splitlines()[3:] == [
        "Fiscal year   entered-all   dd-all",
        "──────────────────────────────────",
        "2019                    4        3",
    ]


def test_default_measures_are_the_same_in_every_format(ledger):
    """
    Without a measure the rows are those of `dd-all dd-tco`, whatever the format.
    """
    for fmt in FORMATS[1:]:
        plain = scr("--ledger", ledger, "count", "-f", fmt)
        named = scr("--ledger", ledger, "count", "dd-all", "dd-tco", "-f", fmt)
        assert plain == named


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_empty_ledger_has_no_rows(tmp_path, fmt):
    """
    Where nothing counts there are no rows without `--fy`, and it is no error.
    """
    path = str(prepare(tmp_path, filed("SCR-1")))
    for asked in (["count"], ["cases", "dd-all"]):
        told = scr("--ledger", path, *asked, "-f", fmt)
        assert (told.code, told.err) == (0, "")
    if fmt == "json":
        assert told.json["rows"] == []
    if fmt == "table":
        assert "no rows" in told.out


def test_asked_years_are_rows_where_nothing_counts(ledger):
    """
    With `--fy` every year is a row; FY may stand before either.
    """
    asked = ["--ledger", ledger, "count", "dd-all", "--json", "--fy"]

    told = scr(*asked, "FY2999")
    assert [row["value"] for row in rows(told)] == [0]
    assert rows(scr(*asked, "FY2018..2020")) == rows(scr(*asked, "2018..FY2020"))
    assert [row["value"] for row in rows(scr(*asked, "2018..2020"))] == [0, 3, 1]


# --- breakdowns -------------------------------------------------------------------


def test_by_splits_into_cells_that_are_not_0(ledger):
    """
    Cells stand by code point, null last, and columns as asked, with comma or twice.
    """
    asked = ["--ledger", ledger, "count", "dd-all", "--fy", "2019", "--json"]

    found = rows(scr(*asked, "--by", "category,meets_tco"))

    assert found == rows(scr(*asked, "--by", "category", "--by", "meets_tco"))
    assert [list(row.values())[2:] for row in found] == [
        ["gangs", "yes", 1],
        ["narcotics", "no", 1],
        [None, "unknown", 1],
    ]


def test_the_null_cell_is_empty_in_csv_and_none_in_a_table(ledger):
    """
    Who has no value is in a cell of its own, which `COLUMN=` keeps.
    """
    asked = ["--ledger", ledger, "count", "dd-all", "--by", "category", "--fy", "2019"]

    assert "\ndd-all,2019,,1," in scr(*asked, "-f", "csv").out
    assert "none" in scr(*asked).out.splitlines()[-1]
    only = rows(scr(*asked, "--where", "category=", "--json"))
    assert [(row["category"], row["value"]) for row in only] == [(None, 1)]


def test_a_value_may_hold_an_equals_sign(tmp_path):
    """
    What stands behind the first `=` is the value, exactly.
    """
    path = str(prepare(tmp_path, life("SCR-1", category="a=b =")))
    found = rows(
        scr("--ledger", path, "count", "dd-all", "--where", "category=a=b =", "--json")
    )

    assert [row["value"] for row in found] == [1]


@pytest.mark.parametrize("measure", oracle.MEASURES)
@pytest.mark.parametrize(
    "where",
    [[], ["meets_tco=yes"], ["meets_tco=no"], ["category=", "meets_tco=unknown"],
     ["category=gangs"], ["office=SAC Houston", "program="]],
    ids=" ".join,
)  # fmt: skip
def test_cases_reconcile_with_count(ledger, measure, where):
    """
    The rows, the outcomes or the organizations behind a figure add up to it.
    """
    cells = [part for cell in where for part in ("--where", cell)]
    asked = ["--ledger", ledger]
    figures = {
        row["fiscal_year"]: row["value"]
        for row in rows(scr(*asked, "count", measure, *cells, "--json"))
        if row["value"]
    }

    found = rows(scr(*asked, "cases", measure, *cells, "--json"))

    assert reconciled(measure, found) == figures


def reconciled(measure: str, found: list[dict]) -> dict[int, int]:
    """
    Return the figure per year that rows of cases add up to.
    """
    if measure == "organizations-tco":
        pairs = {(row["fiscal_year"], row["organization"]) for row in found}
        return dict(Counter(year for year, _ in pairs))
    figures: Counter[int] = Counter()
    for row in found:
        unit = measure.startswith("dis")
        figures[row["fiscal_year"]] += len(row["outcomes"]) if unit else 1
    return dict(figures)


def test_cases_have_the_shape_of_the_contract(ledger):
    """
    A row names the SCR, its cell, its organization, and the outcomes that count.
    """
    told = scr("--ledger", ledger, "cases", "dd-tco", "--json")

    assert told.json["schema"] == "scr-cases/1"
    assert list(rows(told)[0].items()) == [
        ("measure", "dd-tco"),
        ("fiscal_year", 2019),
        ("scr", "SCR-1"),
        ("category", "gangs"),
        ("subcategory", "s"),
        ("office", "SAC Houston"),
        ("program", None),
        ("meets_tco", "yes"),
        ("organization", None),
        ("outcomes", [{"outcome": "D1", "kind": "disruption", "on": "2019-03-04"}]),
    ]
    table = scr("--ledger", ledger, "cases", "dd-tco").out.splitlines()
    assert table[0] == "dd-tco: 2 rows"
    assert "D1 disruption 2019-03-04" in table[-2]


# --- hostile text -----------------------------------------------------------------


def test_json_is_exact_whatever_a_fact_says(hostile):
    """
    Text comes back as it went in, and nothing hidden reaches the terminal.
    """
    for fmt in ("json", "jsonl"):
        told = scr("--ledger", hostile, "cases", "dd-all", "-f", fmt)
        assert "\u202e" not in told.out
        text = told.out if fmt == "json" else told.out.splitlines()[1]
        found = json.loads(text)
        row = found["rows"][0] if fmt == "json" else found
        assert (row["office"], row["category"]) == (HOSTILE, "+1")


def test_a_spreadsheet_runs_no_cell(hostile):
    """
    Cells that are formulas get a leading quote in CSV and TSV; `--raw` leaves them.
    """
    for fmt, mark in (("csv", ","), ("tsv", "\t")):
        asked = ["--ledger", hostile, "cases", "dd-all", "-f", fmt]
        cells = {
            cell
            for row in csv.reader(io.StringIO(scr(*asked).out), delimiter=mark)
            for cell in row
        }
        assert {"'+1", "'@SUM(A1)", "'-2"} < cells
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
        raw = csv.DictReader(io.StringIO(scr(*asked, "--raw").out), delimiter=mark)
        assert [row["category"] for row in raw] == ["+1", "@SUM(A1)", ""]


def test_a_table_shows_what_is_hidden(hostile):
    """
    Tables and Markdown spell out what would act.
    """
    told = scr("--ledger", hostile, "cases", "dd-all")
    assert r"\u202e<b>" in told.out

    told = scr("--ledger", hostile, "count", "dd-all", "--by", "office", "-f", "md")
    assert "<b>" not in told.out
    assert "\u202e" not in told.out


# --- against the replay -----------------------------------------------------------


@holds_for(strategies.loads(max_files=2), st.data())
@settings(max_examples=8)
def test_what_is_printed_is_what_a_replay_gives(loads, data):
    """
    For drawn histories, figures and members at any basis are those of a slow replay
    of the exported facts.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        facts = oracle.facts_of(scr("--ledger", path, "export").out.splitlines())
        asked = data.draw(strategies.bases(facts))
        by = data.draw(st.sampled_from(["", "office", "meets_tco", "category,program"]))
        basis = pasted(path, asked)
        columns = tuple(by.split(",")) if by else ()
        split = ["--by", by] if by else []

        told = scr("--ledger", path, "count", *oracle.MEASURES, *split, *basis)
        assert rows(told) == oracle.count(
            facts, asked, oracle.MEASURES, None, by=columns
        )
        for measure in ("dd-tco", "disruptions-all", "organizations-tco"):
            told = scr("--ledger", path, "cases", measure, *basis)
            assert rows(told) == oracle.cases(facts, asked, (measure,), None)


def pasted(path: str, asked: oracle.Basis) -> list[str]:
    """
    Return the options that ask for an oracle's basis, and for JSON.
    """
    with open_log(path) as log:
        root = log.root(asked.position).hex()
    instant = f"{format_instant(asked.instant)} " if asked.instant else ""
    return ["--json", "--basis", f"{asked.bound} {instant}@{asked.position} {root}"]


def test_a_correction_moves_a_figure_and_not_the_past(tmp_path):
    """
    What was counted on a day stays what was counted on that day.
    """
    path = str(
        prepare(
            tmp_path,
            HISTORY
            + line(
                "SCR-1", "redated", "2019-10-01", "2021-01-01T12:00:00Z",
                outcome="D1", reason="late",
            ),
        )
    )  # fmt: skip
    asked = ["--ledger", path, "count", "dd-all", "--fy", "2019..2020", "--json"]

    assert [r["value"] for r in rows(scr(*asked, "--as-of", "2020-12-31"))] == [3, 1]
    assert [r["value"] for r in rows(scr(*asked))] == [2, 2]
