"""The revision triangle, held equal to the counts at its bases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger import app
from ledger.domain.definitions import BUILT_IN
from ledger.domain.fiscal import to_micros
from ledger.errors import NotFoundError, UsageError
from ledger.reader import open_log
from projections import basis as bases
from projections import counts
from projections.publishing import Printed, as_printed
from projections.readmodel import open_read_model
from projections.vintages import (
    asked_for,
    causes,
    finality,
    published,
    regular,
    revised,
    statistics,
    triangle,
)
from tests import ledgers, oracle
from tests.commandline import life, line
from tests.definitions import LONG_AGO, Put, body, case_loads, put

if TYPE_CHECKING:
    from pathlib import Path

MEASURES = sorted(BUILT_IN)
EDGES = [f"{year}-{day}" for year in (2018, 2019, 2020) for day in ("09-29", "09-30")]
DAYS = st.sampled_from(EDGES) | st.dates(date(2016, 1, 1), date(2023, 12, 31)).map(
    date.isoformat
)
YEARS = range(2016, 2022)


def ended(year: int, text: str) -> bool:
    """
    Say whether a fiscal year had ended by the end of a day.
    """
    return text >= f"{year}-09-30"


@holds_for(
    case_loads(max_files=2),
    st.sampled_from(MEASURES),
    st.lists(DAYS, min_size=1, max_size=4, unique=True),
)
def test_cells_are_counts(loads, measure, days):
    """
    A figure is what a slow replay counts at its vintage, and there is one for every
    year that had ended by then.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log, open_read_model(log) as model:
            facts = ledgers.facts(log)
            found = triangle(log, model, measure, asked_for(log, days), YEARS)

            assert [one.name for one in found.vintages] == sorted(days)
            expected = {}
            for place, text in enumerate(sorted(days)):
                at = oracle.end_of_day(date.fromisoformat(text), log.head)
                for row in oracle.count(facts, at, [measure], YEARS):
                    if ended(row["fiscal_year"], text):
                        expected[row["fiscal_year"], place] = row["value"]
            assert found.values == expected


@holds_for(
    case_loads(max_files=2),
    st.sampled_from(MEASURES),
    st.lists(DAYS, min_size=2, max_size=4, unique=True),
)
def test_revisions_add_up(loads, measure, days):
    """
    The causes of a revision add up to it, what came less what went too, and the
    revisions of a year to the difference of its last figure and its first.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log, open_read_model(log) as model:
            found = triangle(log, model, measure, asked_for(log, days), YEARS)
            rows = revised(log, model, found)

    for row in rows:
        if row.change is not None:
            assert row.change == sum(row.causes.values()) == row.came - row.went
    for year in YEARS:
        held = found.of_year(year)
        of_year = [row for row in rows if row.fiscal_year == year]
        assert [(row.place, row.value) for row in of_year] == held
        if held:
            changes = sum(row.change or 0 for row in of_year)
            assert changes == held[-1][1] - held[0][1]
    assert sum(effect for _, effect in causes(rows)) == sum(
        row.change or 0 for row in rows
    )
    (_, whole), *steps = statistics(found)
    assert whole.total == sum(one.total for _, one in steps)


@holds_for(case_loads(max_files=2), st.sampled_from(MEASURES), DAYS)
def test_finality(loads, measure, day):
    """
    What was final some months after a year is what is in both lists of `cases`.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log, open_read_model(log) as model:
            facts = ledgers.facts(log)
            found = triangle(log, model, measure, asked_for(log, [day]), YEARS)
            rows = finality(log, model, found)

            def units(when: str, year: int) -> set:
                at = oracle.end_of_day(date.fromisoformat(when), log.head)
                listed = oracle.cases(facts, at, [measure], [year])
                return {unit for row in listed for unit in units_of(measure, row)}

            asked = [
                (year, after)
                for year in YEARS
                for after in (1, 2)
                if ended(year + after, day)
            ]
            assert [(one.fiscal_year, one.months // 12) for one in rows] == asked
            for one in rows:
                then = units(f"{one.fiscal_year + one.months // 12}-09-30", one[0])
                now = units(day, one.fiscal_year)
                assert (one.then, one.last) == (len(then), len(now))
                assert (one.kept, one.gone) == (len(then & now), len(then - now))


def units_of(measure: str, row: dict) -> list[object]:
    """
    Return what a row of `cases` counts: an SCR, its outcomes, or an organization.
    """
    if measure.startswith("organizations"):
        return [row["organization"]]
    if measure.startswith(("disruptions", "dismantlements")):
        return [(row["scr"], one["outcome"]) for one in row["outcomes"]]
    return [row["scr"]]


# --- which vintages -------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> str:
    """
    A ledger recorded in January 2024, with an outcome of FY 2019 and one of FY 2021.
    """
    made = ledgers.make(tmp_path / "scr.db")
    text = life("SCR-1") + life("SCR-2", outcome="2021-05-05")
    ledgers.load(made, text + line("SCR-1", "reopened", "2021-06-01", reason="x"))
    return made


REGULAR = [
    pytest.param(
        "1y",
        "01-15",
        ["2020-01-15", "2021-01-15", "2022-01-15", "2023-01-15", "all"],
        id="each January",
    ),
    pytest.param(
        "1y",
        "09-30",
        ["2020-09-30", "2021-09-30", "2022-09-30", "2023-09-30", "all"],
        id="after the year's last day",
    ),
    pytest.param(
        "2y", "10-01", ["2019-10-01", "2021-10-01", "2023-10-01", "all"], id="two years"
    ),
    pytest.param("5y", "01-15", ["2020-01-15", "all"], id="five years"),
    pytest.param(
        "18m",
        "03-31",
        ["2020-03-31", "2021-09-30", "2023-03-31", "all"],
        id="months of any length",
    ),
]


@pytest.mark.parametrize(("every", "on", "names"), REGULAR)
def test_regular_vintages(path, every, on, names):
    """
    They begin after the first year has ended and stop before the last fact was
    recorded; what is recorded in all comes last.
    """
    with open_log(path) as log, open_read_model(log) as model:
        found = regular(log, model, every, on, None)

    assert [name for name, _ in found] == names
    assert found[-1][1].bound == "all"


def test_vintages_of_an_empty_ledger(tmp_path):
    """
    Where nothing is counted there are no years, and only what is recorded in all.
    """
    with (
        open_log(ledgers.make(tmp_path / "scr.db")) as log,
        open_read_model(log) as model,
    ):
        at = regular(log, model, "1y", "01-15", None)
        found = triangle(log, model, "dd-all", at, None)

        assert [name for name, _ in at] == ["all"]
        assert (found.years, found.values) == (range(0), {})
        assert revised(log, model, found) == finality(log, model, found) == []


def test_vintages_stand_in_the_order_of_knowledge(path):
    """
    Whatever the order in which they are asked for.
    """
    with open_log(path) as log:
        dates = asked_for(log, ["2021-01-15", "2020-01-15T00:00:00Z", "2020-01-13"])
        places = asked_for(log, ["@9", "@4", "@5"])

    assert [name for name, _ in dates] == [
        "2020-01-13",
        "2020-01-15T00:00:00Z",
        "2021-01-15",
    ]
    assert [name for name, _ in places] == ["@4", "@5", "@9"]


def test_vintages_of_publications(path):
    """
    Each publication with figures of the measure is a vintage; of one basis, one.
    """
    publish(path, "APR-A", "dd-all", "2020-01-15")
    publish(path, "APR-B", "dd-tco", "2021-01-15")
    publish(path, "APR-C", "dd-all", "2019-12-31")
    with open_log(path) as log:
        found = published(log, "dd-all")
        assert [name for name, _ in found] == ["APR-C", "APR-A"]
        assert found[1][1] == bases.parse_as_of("APR-A", log)
        with pytest.raises(UsageError, match="no publication has a figure of entered"):
            published(log, "entered-all")


def publish(path: str, name: str, measure: str, as_of: str) -> None:
    """
    Register a printing of what the ledger gives for FY 2019.
    """
    with open_log(path) as log, open_read_model(log) as model:
        wanted = Printed(
            name=name,
            document="d",
            claims="c",
            printed_on="2022-01-01",
            as_of=as_of,
            synthetic=True,
            figures=((measure, 2019, 1, None),),
        )
        contents = as_printed(log, model, [wanted])
        head = log.head
    ledger, _ = app.open_ledger(path, clock=ledgers.Clock())
    ledger.publish(contents, head=head, by="b")
    ledger.close()


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["2020-01-15", "2020-01-15"], "one vintage"),
        (["2020-01-15", "@99"], "@99"),
        (["2020-01-15", "@9"], "two orders"),
        (["soon"], "no publication is named soon"),
        (["2020-02-30"], "calendar"),
    ],
)
def test_what_is_no_vintage(path, texts, said):
    """
    A text that names no basis, or one twice, is refused.
    """
    with (
        open_log(path) as log,
        pytest.raises((UsageError, NotFoundError), match=said),
    ):
        asked_for(log, texts)


@pytest.mark.parametrize(
    ("every", "on"),
    [
        ("y", "01-15"),
        ("0y", "01-15"),
        ("1w", "01-15"),
        ("1y", "1-15"),
        ("1y", "02-29"),
        ("1y", "04-31"),
        ("1y", "13-01"),
        ("100y", "01-15"),
    ],
)
def test_what_is_not_regular(path, every, on):
    """
    A distance or a day that is none is refused.
    """
    with (
        open_log(path) as log,
        open_read_model(log) as model,
        pytest.raises(UsageError, match=r"--every|--on"),
    ):
        regular(log, model, every, on, None)


# --- definitions ----------------------------------------------------------------------


def test_by_the_definition_of_each_vintage(path):
    """
    A vintage counts by the definition in force at it, none where there was none; a
    version that is asked for counts throughout. What a new version changed has that
    cause.
    """
    put(path, Put(body("m")), clock=ledgers.Clock())
    put(
        path,
        Put({**body("m"), "version": 2, "kinds": ["dismantlement"]}),
        clock=ledgers.Clock(),
    )
    with open_log(path) as log, open_read_model(log) as model:
        at = [
            *asked_for(log, ["2020-01-15"]),
            *asked_for(log, [f"@{log.head - 1}", f"@{log.head}"]),
        ]
        found = triangle(log, model, "m", at, range(2019, 2020))
        pinned = triangle(log, model, "m", at, range(2019, 2020), "m@1")

        assert found.of_year(2019) == [(1, 1), (2, 0)]
        assert pinned.of_year(2019) == [(0, 1), (1, 1), (2, 1)]
        assert causes(revised(log, model, found)) == [("definition", -1)]
        assert causes(revised(log, model, pinned)) == []


def test_over_a_time_without_a_definition(path):
    """
    What was revised while the measure had no definition has its causes all the same.
    """
    put(path, Put(body("m")), Put("m"), clock=ledgers.Clock())
    again = {**body("m"), "kinds": ["dismantlement"]}
    again.pop("version")
    put(path, Put(again), clock=ledgers.Clock())
    with open_log(path) as log, open_read_model(log) as model:
        at = asked_for(log, [f"@{log.head - n}" for n in range(3)])
        found = triangle(log, model, "m", at, range(2019, 2020))
        rows = revised(log, model, found)

    assert found.of_year(2019) == [(0, 1), (2, 0)]
    assert [(row.place, row.change, row.causes) for row in rows] == [
        (0, None, {}),
        (2, -1, {"definition": -1}),
    ]


def test_of_another_unit(path):
    """
    A measure that counts another unit than before is another figure altogether.
    """
    put(path, Put(body("m")), clock=ledgers.Clock())
    again = {**body("m"), "unit": "outcome"}
    again.pop("version")
    put(path, Put(again), clock=ledgers.Clock())
    with open_log(path) as log, open_read_model(log) as model:
        at = asked_for(log, [f"@{log.head - 1}", f"@{log.head}"])
        found = triangle(log, model, "m", at, range(2019, 2022))
        rows = revised(log, model, found)

    later = [row for row in rows if row.before is not None]
    assert all(row.causes == {"definition": row.change} for row in later)
    assert all(row.change == row.came - row.went for row in later)


def test_final_by_the_last_definition(path):
    """
    What was final is asked of the data alone: by the definition of the last vintage.
    """
    put(path, Put(body("m"), LONG_AGO), clock=ledgers.Clock())
    again = {**body("m"), "kinds": ["dismantlement"]}
    again.pop("version")
    put(path, Put(again), clock=ledgers.Clock())
    with open_log(path) as log, open_read_model(log) as model:
        at = [*asked_for(log, ["2021-01-15"]), *asked_for(log, [f"@{log.head}"])]
        found = triangle(log, model, "m", at, range(2019, 2020))

        assert found.of_year(2019) == [(0, 1), (1, 0)]
        assert [one.then for one in finality(log, model, found)] == [0, 0]


def test_a_year_that_has_not_ended_by_now(path):
    """
    A vintage of a day to come ends no year that has not ended.
    """
    now = to_micros(datetime(2021, 6, 1, tzinfo=UTC))
    with open_log(path) as log, open_read_model(log) as model:
        at = asked_for(log, ["2030-01-15"])
        found = triangle(log, model, "dd-all", at, range(2019, 2023), None, now)

        assert [year for year, _ in found.values] == [2019, 2020]
        rows = finality(log, model, found)
        assert [(one.fiscal_year, one.months) for one in rows] == [(2019, 12)]


def test_a_measure_that_never_was(path):
    """
    A measure without a definition in any vintage is refused.
    """
    with open_log(path) as log, open_read_model(log) as model:
        at = asked_for(log, ["2020-01-15"])
        with pytest.raises(UsageError, match="no measure is named x"):
            triangle(log, model, "x", at, None)


@holds_for(case_loads(max_files=1))
def test_left_out_years_are_those_of_count(loads):
    """
    Without years they are those `count` shows, as far as they have ended.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log, open_read_model(log) as model:
            at = asked_for(log, ["2019-12-31"])
            found = triangle(log, model, "dd-all", at, None)
            shown = counts.count(model, at[0][1], counts.Question(("dd-all",)))
            years = [row["fiscal_year"] for row in shown]
            assume(years)

            assert [*found.years] == [year for year in years if year <= 2019]
            assert bases.of_now(log).position == log.head
