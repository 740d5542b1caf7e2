"""Why an SCR is counted, or is not, as the command line gives it."""

from __future__ import annotations

import csv
import io
import json

import pytest

from cli.render import FORMATS
from tests import ledgers
from tests.commandline import HISTORY, filed, life, line, prepare, scr
from tests.definitions import LONG_AGO, Put, body, put

HOSTILE = "=cmd|' /C calc'!A0 \u202e<b>|`x`</b>"
ROOT = "0" * 64


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """
    A ledger with some measures of its own; asked only.
    """
    text = HISTORY + line(
        "SCR-1", "redetermined", "2021-01-01", association="no", transnational="no",
        reason="r",
    )  # fmt: skip
    path = str(prepare(tmp_path_factory.mktemp("explain"), text))
    put(
        path,
        Put(body("cases", unit="case", once="ever"), LONG_AGO),
        Put(body("gangs", population={"categories_except": ["gangs"]}), LONG_AGO),
        clock=ledgers.Clock(ledgers.datetime(2024, 7, 1, tzinfo=ledgers.UTC)),
    )
    return path


def asked(ledger: str, *arguments: str):
    """
    Ask for an explanation.
    """
    return scr("--ledger", ledger, "explain", *arguments)


ONE = ["dd-tco", "--fy", "2019", "--scr", "SCR-1"]
THEN = ["--as-of", "2020-12-31"]


# --- one SCR ------------------------------------------------------------------------


def test_the_answer_has_its_shape(ledger):
    """
    The definition, the SCR, the year, whether it is counted, the nearest miss, and a
    row for each clause with its fact.
    """
    told = asked(ledger, *ONE, "--json")

    assert (told.code, told.err) == (1, "")
    assert list(told.json) == [
        "schema", "basis", "definition", "scr", "fiscal_year", "counted", "nearest",
        "rows",
    ]  # fmt: skip
    assert told.json["schema"] == "scr-explain/1"
    assert (told.json["counted"], told.json["nearest"]) == (False, "D1")
    assert told.json["definition"]["measure"] == "dd-tco"
    rows = {row["clause"]: row for row in told.json["rows"]}
    assert list(rows) == [
        "stands", "live", "population.approved", "kinds", "population.tco", "year",
    ]  # fmt: skip
    assert rows["population.tco"] == {
        "candidate": "D1",
        "clause": "population.tco",
        "holds": False,
        "value": "no",
        "wants": "yes",
        "fact": {
            "position": 19,
            "event": "redetermined",
            "effective_on": "2021-01-01",
            "known_at": "2021-01-01T12:00:00Z",
            "by": "agent-1",
        },
        "since": "2021-01-01T12:00:00Z",
    }
    assert rows["population.approved"]["fact"]["event"] == "approved"


def test_the_table_of_a_miss(ledger):
    """
    A line for each clause; then what stands against the nearest miss, and since when.
    """
    told = asked(ledger, *ONE).out.splitlines()

    assert told[0] == "SCR-1 is not counted in dd-tco@1, FY 2019"
    assert told[4].split() == [
        "Of", "Clause", "Holds", "There", "is", "It", "takes", "Made", "so", "by",
        "Since",
    ]  # fmt: skip
    assert told[6].startswith("the SCR   stands                yes     stands ")
    assert "no      no           yes" in told[10]
    assert "@19 redetermined 2021-01-01 by agent-1   2021-01-01T12:00:00Z" in told[10]
    assert told[12:] == [
        "",
        "The nearest miss is D1:",
        "  population.tco: no (the measure takes: yes)",
        "    so since 2021-01-01T12:00:00Z, by @19 redetermined 2021-01-01 by agent-1",
    ]


def test_a_counted_scr_ends_with_0(ledger):
    """
    It is told for which outcome it is counted.
    """
    told = asked(ledger, *ONE, *THEN)

    assert told.code == 0
    assert told.out.startswith("SCR-1 is counted in dd-tco@1, FY 2019\n")
    assert told.out.endswith("\nCounted for D1.\n")
    assert asked(ledger, *ONE, *THEN, "--json").json["nearest"] is None


def test_nothing_is_known_of_it_yet(ledger):
    """
    At a basis that sees nothing of the SCR it is not counted; that is said.
    """
    for when in ("@1", "2018-09-01", "@0"):
        told = asked(ledger, *ONE, "--as-of", when)

        assert told.code == 1
        assert told.out.endswith("\nNo fact about SCR-1 is visible at this basis.\n")


def test_what_is_against_it_without_an_outcome(tmp_path):
    """
    An SCR without outcomes has no nearest miss, and yet what stands against it.
    """
    path = str(prepare(tmp_path, HISTORY + filed("SCR-9", "2019-01-01")))

    told = asked(path, "dd-all", "--fy", "2019", "--scr", "SCR-9").out.splitlines()

    assert told[-6:-2] == [
        "",
        "Against it:",
        "  kinds: none (the measure takes: disruption or dismantlement)",
        "    so since 2019-01-01T12:00:00Z",
    ]


def test_once_ever(ledger):
    """
    A case that was counted before is told with the year in which it was.
    """
    told = asked(ledger, "cases", "--fy", "2020", "--scr", "SCR-4")

    assert told.code == 1
    assert told.out.endswith(
        "  once: first counted in FY 2019 (the measure takes: not counted in an earlier"
        " year than FY 2020)\n"
    )


@pytest.mark.parametrize("measure", ["dd-all", "dd-tco", "entered-all", "gangs"])
def test_it_agrees_with_cases(ledger, measure):
    """
    Whoever is among the cases is counted, and nobody else.
    """
    for year in ("2018", "2019", "2020"):
        found = scr("--ledger", ledger, "cases", measure, "--fy", year, "--json")
        counted = {row["scr"] for row in found.json["rows"]}
        for number in range(1, 5):
            name = f"SCR-{number}"
            told = asked(ledger, measure, "--fy", year, "--scr", name, "--json")
            assert told.json["counted"] == (name in counted)
            assert told.code == (name not in counted)


# --- the funnel ---------------------------------------------------------------------


def test_the_funnel(ledger):
    """
    Without `--scr`: how many SCRs each clause keeps, down to the figure; it is no
    answer of yes or no, so it ends with 0.
    """
    told = asked(ledger, "dd-tco", "--fy", "2019", *THEN, "--json")

    assert (told.code, told.err) == (0, "")
    assert list(told.json) == ["schema", "basis", "definition", "fiscal_year", "rows"]
    assert told.json["schema"] == "scr-funnel/1"
    assert [list(row.values()) for row in told.json["rows"]] == [
        ["known", "a fact at this basis", 4, 0],
        ["stands", "an SCR that stands", 4, 0],
        ["kinds", "disruption or dismantlement", 4, 0],
        ["live", "a live outcome", 4, 0],
        ["population.approved", "approved", 4, 0],
        ["population.tco", "yes", 2, 2],
        ["year", "a day of FY 2019", 1, 1],
    ]
    table = asked(ledger, "dd-tco", "--fy", "2019", *THEN).out
    assert table.startswith("dd-tco@1, FY 2019: the funnel\n")
    assert "The figure counts by" not in table
    told = asked(ledger, "organizations-tco", "--fy", "2019")
    assert told.out.endswith(
        "\nThe figure counts by organization; these are the SCRs behind it.\n"
    )


def test_the_funnel_of_an_empty_ledger(tmp_path):
    """
    Nothing is kept and nothing dropped.
    """
    path = str(prepare(tmp_path, ""))

    told = asked(path, "dd-all", "--fy", "2019", "--json")

    assert told.code == 0
    assert {(row["kept"], row["dropped"]) for row in told.json["rows"]} == {(0, 0)}


# --- bases and refusals -------------------------------------------------------------


@pytest.mark.parametrize("more", [[], ["--scr", "SCR-1"]])
def test_a_pasted_basis_gives_the_same_bytes(tmp_path, more):
    """
    Whatever was recorded since, about the same SCR too.
    """
    path = str(prepare(tmp_path))
    asking = ["dd-tco", "--fy", "2019", *more]
    first = {fmt: asked(path, *asking, "-f", fmt) for fmt in FORMATS}
    basis = json.dumps(json.loads(first["json"].out)["basis"])
    ledgers.load(
        path,
        line("SCR-1", "reversed", "2021-01-01", outcome="D1", reason="r")
        + life("SCR-5", tco="yes"),
    )

    assert asked(path, *asking, "--json") != first["json"]
    for fmt in FORMATS:
        assert asked(path, *asking, "--basis", basis, "-f", fmt) == first[fmt]


REFUSED = [
    (["dd-all"], 2, "--fy"),
    ([], 2, "MEASURE"),
    (["dd-all", "--fy", "2019..2020"], 2, "explain takes one fiscal year, not 2019"),
    (["dd-all", "--fy", "19"], 2, "19"),
    (["dd-all", "dd-tco", "--fy", "2019"], 2, "unexpected extra argument"),
    (["dd-none", "--fy", "2019"], 2, "no measure is named dd-none"),
    (["gangs@7", "--fy", "2019"], 2, "measure gangs has no version 7"),
    (["dd-all", "--fy", "2019", "--as-of", "@99"], 2, "99"),
    (["dd-all", "--fy", "2019", "--as-of", "@1", "--basis", "x"], 2, "contradict"),
    (["dd-all", "--fy", "2019", "--json", "-f", "md"], 2, "contradict"),
    (["dd-all", "--fy", "2019", "--scr", "SCR-99"], 3, "no SCR is named SCR-99"),
    (["dd-all", "--fy", "2019", "--scr", ""], 3, "no SCR is named ''"),
    (["dd-all", "--fy", "2019", "--scr", "\udcff"], 3, "no SCR is named"),
    (["dd-all", "--fy", "2019", "--as-of", "apr"], 3, "no publication is named apr"),
    (["dd-all", "--fy", "2019", "--basis", f"all @9 {ROOT}"], 4, "its root is "),
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


def test_a_basis_that_is_not_over_is_warned_of(ledger):
    """
    A cut-off after now is answered with a line on stderr.
    """
    told = asked(ledger, "dd-all", "--fy", "2019", "--as-of", "2999-01-01")

    assert told.code == 0
    assert told.err.startswith("scr: warning: 2999-01-01 is not over yet;")


# --- hostile text -------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS)
def test_hostile_text_stays_text(tmp_path, fmt):
    """
    A category and an agent that are formulas, markup and marks of direction do nothing.
    """
    text = json.dumps(HOSTILE)[1:-1]
    history = life("SCR-1", category="C").replace('"C"', f'"{text}"')
    path = str(prepare(tmp_path, history.replace("agent-1", text)))
    put(
        path,
        Put(body("m", population={"categories": ["gangs", HOSTILE]}), LONG_AGO),
        clock=ledgers.Clock(),
    )

    for asking in (["--scr", "SCR-1"], []):
        told = asked(path, "m@1", "--fy", "2019", *asking, "-f", fmt)

        assert (told.code, told.err) == (0, "")
        assert "\u202e" not in told.out
        if fmt == "md":
            assert "<b>" not in told.out
        if fmt in {"csv", "tsv"}:
            mark = {"csv": ",", "tsv": "\t"}[fmt]
            for row in csv.reader(io.StringIO(told.out), delimiter=mark):
                assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    if fmt == "json":
        told = asked(path, "m@1", "--fy", "2019", "--scr", "SCR-1", "--json")
        rows = {row["clause"]: row for row in told.json["rows"]}
        assert rows["population.categories"]["value"] == HOSTILE
        assert rows["population.categories"]["fact"]["by"] == HOSTILE
