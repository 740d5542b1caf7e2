"""What a definition takes: of observations, of rows, and as part of running totals."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from itertools import chain, combinations, product
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.definitions import BUILT_IN, DataQuality, Population, from_json
from projections import selecting
from projections.standing import COLUMNS, NO, UNKNOWN, YES
from tests import oracle, strategies
from tests.definitions import ANSWERS, KINDS, body, definitions, in_loads, relatives

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.domain.definitions import Definition
    from projections.standing import Observation

WORDS = {YES: "yes", UNKNOWN: "unknown", NO: "no"}


@st.composite
def observations(draw) -> Observation:
    """
    Draw one thing that could be counted; whatever may be without a value sometimes is.
    """
    day = st.sampled_from(strategies.DAYS)
    kind = draw(st.sampled_from(KINDS))
    entered = kind == "first-approval"
    on = draw(day)
    said = {
        "fiscal_year": oracle.fiscal_year(date.fromisoformat(on)),
        "place": -1 if entered else draw(st.integers(0, 3)),
        "kind": kind,
        "happened_on": on,
        "outcome_approved_on": None if entered else draw(st.none() | day),
        "scr_approved_on": on if entered else draw(st.none() | day),
        "approved": draw(st.sampled_from((1, 1, 0))),
        "answer": draw(st.sampled_from((YES, UNKNOWN, NO))),
        "high_threat": draw(st.sampled_from((YES, UNKNOWN, NO))),
        "organization": None if entered else draw(values("organization") | st.none()),
        "case_number": draw(values("case_number")),
        "category": draw(values("category") | st.none()),
        "subcategory": draw(values("subcategory") | st.none()),
        "office": draw(values("office")),
        "program": draw(values("program") | st.none()),
    }
    return tuple(said[column] for column in COLUMNS)


def values(field: str) -> st.SearchStrategy[str]:
    """
    Draw one of the few values of a field.
    """
    return st.sampled_from(in_loads(field))


def of_one_scr() -> st.SearchStrategy[list[Observation]]:
    """
    Draw what can be counted of one SCR: it has at most one first approval.
    """

    def lawful(drawn: list[Observation]) -> list[Observation]:
        entered = [row for row in drawn if row[2] == "first-approval"]
        return [*entered[:1], *(row for row in drawn if row not in entered)]

    return st.lists(observations(), max_size=6).map(lawful)


def countable(observation: Observation) -> oracle.Countable:
    """
    Return an observation as the replay has it.
    """
    said = dict(zip(COLUMNS, observation, strict=True))

    def day(column: str) -> date | None:
        return said[column] and date.fromisoformat(said[column])

    return oracle.Countable(
        scr="S-1",
        cell={
            column: said[column]
            for column in ("category", "subcategory", "office", "program")
        },
        case_number=said["case_number"],
        approved=said["approved"] == 1,
        outcome=None if said["place"] < 0 else f"D{said['place']}",
        kind=said["kind"],
        on=day("happened_on"),
        outcome_approved_on=day("outcome_approved_on"),
        scr_approved_on=day("scr_approved_on"),
        meets_tco=WORDS[said["answer"]],
        high_threat=WORDS[said["high_threat"]],
        organization=said["organization"],
    )


# --- as Python, as SQL, and as the replay says ---------------------------------------


def in_sql(
    definition: Definition, rows: list[Observation]
) -> tuple[list[bool], list[int | None]]:
    """
    Return which rows a table gives back, and the year of each row.
    """
    given: dict[str, object] = {}
    condition, year = selecting.as_sql(definition, given)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE beliefs (number, {', '.join(COLUMNS)})")
        marks = ",".join("?" * (len(COLUMNS) + 1))
        connection.executemany(
            f"INSERT INTO beliefs VALUES ({marks})",
            [(number, *row) for number, row in enumerate(rows)],
        )
        taken = connection.execute(
            f"SELECT number FROM beliefs WHERE {condition}", given
        )
        numbers = {number for (number,) in taken}
        years = [
            each
            for (each,) in connection.execute(
                f"SELECT {year} FROM beliefs ORDER BY number"
            )
        ]
    return [number in numbers for number in range(len(rows))], years


@holds_for(definitions(), st.lists(observations(), max_size=8))
def test_a_definition_takes_the_same_in_every_form(one, rows):
    """
    Clause by clause, all at once, as SQL over rows, and as the replay reads the JSON;
    and what is taken is in the same year.
    """
    definition = from_json(one)
    takes, year = selecting.taker(definition), selecting.year_of(definition)
    clauses = selecting.clauses(definition)

    by_replay = [oracle.takes(one, countable(row)) for row in rows]
    assert [takes(row) for row in rows] == by_replay
    assert [all(clause.holds(row) for clause in clauses) for row in rows] == by_replay
    by_sql, years = in_sql(definition, rows)
    assert by_sql == by_replay
    for row, taken, in_year in zip(rows, by_replay, years, strict=True):
        if taken:
            on = oracle.counted_on(one, countable(row))
            assert year(row) == in_year == oracle.fiscal_year(on)


CLAUSES: dict[str, dict] = {
    "population.approved": {"population": {"approved": True}},
    "kinds": {"kinds": ["dismantlement"]},
    "attribution": {"attribution": "outcome-approval"},
    "population.tco": {"population": {"tco": ["no", "unknown"]}},
    "population.high_threat": {"population": {"high_threat": ["yes"]}},
    "population.categories": {"population": {"categories": ["fraud"]}},
    "population.categories_except": {"population": {"categories_except": ["fraud"]}},
    "population.offices": {"population": {"offices": ["SAC Houston"]}},
    "population.offices_except": {
        "population": {"offices_except": ["SAC Houston", "elsewhere"]}
    },
}


@holds_for(st.lists(observations(), min_size=1, max_size=8))
def test_each_clause_alone_is_the_same_as_sql(rows):
    """
    A definition that says little else: its one clause, of an observation and of a row.
    """
    for name, said in CLAUSES.items():
        population = {"approved": False, **said.get("population", {})}
        one = body(**{"kinds": list(KINDS), **said, "population": population})
        definition = from_json(one)
        clauses = {clause.name: clause for clause in selecting.clauses(definition)}
        assert set(clauses) == {name, "kinds"}
        by_sql, _ = in_sql(definition, rows)
        assert [clauses[name].holds(row) for row in rows] == by_sql


def test_clauses_are_told_in_one_order():
    """
    The order of the tests is that in which an explanation tells them.
    """
    population = {
        "tco": ["yes"],
        "high_threat": ["yes"],
        "categories": ["fraud"],
        "offices_except": ["SAC X"],
    }
    one = body(population=population, attribution="scr-approval")

    assert [clause.name for clause in selecting.clauses(from_json(one))] == [
        "population.approved",
        "kinds",
        "attribution",
        "population.tco",
        "population.high_threat",
        "population.categories",
        "population.offices_except",
    ]
    assert [clause.name for clause in selecting.clauses(BUILT_IN["dd-all"])] == [
        "population.approved",
        "kinds",
    ]


@pytest.mark.parametrize(
    ("day", "year"),
    [
        ("2018-09-30", 2018),
        ("2018-10-01", 2019),
        ("2018-12-31", 2019),
        ("2019-01-01", 2019),
        ("2019-09-30", 2019),
        ("1900-01-01", 1900),
        ("1999-11-30", 2000),
        ("2999-12-31", 3000),
    ],
)
@pytest.mark.parametrize("attribution", ["outcome-approval", "scr-approval"])
def test_the_year_of_a_row_is_that_of_its_day(day, year, attribution):
    """
    Whichever day decides, the year is the one that begins in October before it.
    """
    definition = from_json(body(attribution=attribution))
    plain = dict.fromkeys(COLUMNS, "") | {"answer": YES, "fiscal_year": 1}
    said = plain | {selecting.year_column(definition): day}
    row = tuple(said[column] for column in COLUMNS)

    assert in_sql(definition, [row])[1] == [year]
    assert selecting.year_of(definition)(row) == year
    number = selecting.cell(3, year, NO)
    assert selecting.year_and_answer(number) == (year, NO)


# --- series: filtering first, or slicing afterwards ----------------------------------


def subsets(options: Iterable[str]) -> Iterator[list[str]]:
    """
    Yield every choice of at least one.
    """
    every = tuple(options)
    sizes = range(1, len(every) + 1)
    return map(list, chain.from_iterable(combinations(every, size) for size in sizes))


def every_summed() -> Iterator[dict]:
    """
    Yield the definitions that are sums: every unit, kinds, answers and once.
    """
    tcos: tuple[list[str] | None, ...] = (None, *subsets(ANSWERS))
    for unit, kinds, tco, once in product(
        ("scr", "outcome"), subsets(KINDS), tcos, ("per-year", "ever")
    ):
        if unit == "outcome" and ("first-approval" in kinds or once == "ever"):
            continue  # Refused when it is recorded.
        population = {} if tco is None else {"tco": tco}
        yield body(unit=unit, kinds=kinds, population=population, once=once)


EVERY_SUMMED = list(every_summed())


def sliced(one: dict, rows: list[Observation]) -> Counter[tuple[int, str]]:
    """
    Return by year and answer what a definition takes of the totals it shares.
    """
    definition = from_json(one)
    series = selecting.series_of(5, definition)
    taken = selecting.answers_of(definition)
    found: Counter[tuple[int, str]] = Counter()
    for number, count in selecting.cells_of([series], rows).items():
        assert number // selecting.cell(1, selecting.FIRST_YEAR, 0) == 5
        year, answer = selecting.year_and_answer(number)
        if answer in taken:
            found[year, WORDS[answer]] += count
    return found


def filtered(one: dict, rows: list[Observation]) -> Counter[tuple[int, str]]:
    """
    Return the same as the replay has it: first take, then count by year and answer.
    """
    found: Counter[tuple[int, str]] = Counter()
    for year, held in oracle.counted(one, map(countable, rows)).items():
        outcomes = [each for each in held if each.kind != "first-approval"]
        if one["unit"] == "outcome":
            found.update((year, each.meets_tco) for each in outcomes)
        elif held:
            told = {each.meets_tco for each in outcomes or held}
            found[year, next(word for word in ANSWERS if word in told)] += 1
    return found


@holds_for(of_one_scr())
def test_a_slice_of_shared_totals_is_what_filtering_first_gives(rows):
    """
    For every unit, choice of kinds, choice of answers, per year and once ever.
    """
    for one in EVERY_SUMMED:
        assert sliced(one, rows) == filtered(one, rows)


@holds_for(definitions(), of_one_scr(), st.data())
def test_one_key_is_one_series(one, rows, data):
    """
    Definitions that have a key in common have the same cells, and a key is a
    definition: the series can be made from it alone.
    """
    other = data.draw(relatives(one, "another"))
    definitions_ = [from_json(one), from_json(other)]
    keys = [selecting.key_of(each) for each in definitions_]
    if keys[0] != keys[1] or not selecting.summed(definitions_[0]):
        return
    first, second = (
        selecting.cells_of([selecting.series_of(0, each)], rows)
        for each in definitions_
    )
    assert first == second
    for each in (one, other):
        if selecting.summed(from_json(each)):
            assert sliced(each, rows) == filtered(each, rows)


WORDS_ALONE = {
    "id": "another",
    "version": 7,
    "title": "another",
    "owner": "another",
    "source": "another",
    "denominator": "dd-all",
    "targets": MappingProxyType({2019: 3}),
    "data_quality": DataQuality(*"ABCDE"),
}
COUNTED = {
    "unit": "outcome",
    "kinds": ("disruption",),
    "population": Population(approved=False),
    "attribution": "scr-approval",
    "once": "ever",
}


def test_what_a_key_leaves_out():
    """
    Words, targets and denominators do not count; every other field does.
    """
    plain = BUILT_IN["dd-all"]
    key = selecting.key_of(plain)

    assert {*WORDS_ALONE, *COUNTED} == set(plain._fields)
    assert selecting.key_of(plain._replace(**WORDS_ALONE)) == key
    for field, value in COUNTED.items():
        assert selecting.key_of(plain._replace(**{field: value})) != key


@pytest.mark.parametrize(
    ("said", "shares"),
    [
        ({"population": {"tco": ["yes"]}}, True),
        ({"population": {"tco": ["unknown", "yes"]}}, True),
        ({"population": {"tco": ["no", "unknown", "yes"]}}, True),
        # Of an SCR with a yes and a no in one year, the answer is yes.
        ({"population": {"tco": ["no"]}}, False),
        ({"population": {"tco": ["unknown"]}}, False),
        ({"population": {"tco": ["yes", "no"]}}, False),
        # Its first year with a yes may be a later one.
        ({"population": {"tco": ["yes"]}, "once": "ever"}, False),
        # Its first approval says yes where an outcome that is left out says no.
        ({"population": {"tco": ["yes"]}, "kinds": list(KINDS)}, False),
        ({"population": {"tco": ["no"]}, "unit": "outcome"}, True),
        ({"population": {"high_threat": ["yes"]}}, False),
    ],
)
def test_which_answers_are_a_slice(said, shares):
    """
    Only where the answer of the whole says what its parts would.
    """
    part = from_json(body(**said))
    population = {
        name: value for name, value in said["population"].items() if name != "tco"
    }
    whole = from_json(body(**{**said, "population": {}}))

    assert (selecting.key_of(part) == selecting.key_of(whole)) is shares
    if not shares and not population:
        assert selecting.answers_of(part) == (YES, UNKNOWN, NO)


def test_cells_do_not_run_into_each_other():
    """
    Every series, year and answer has a number of its own, in order.
    """
    keys = list(product((0, 1, 7), (1900, 1901, 2999, 3000), (NO, UNKNOWN, YES)))
    numbers = [selecting.cell(*key) for key in keys]

    assert numbers == sorted(set(numbers))
    assert [selecting.year_and_answer(number) for number in numbers] == [
        (year, answer) for _, year, answer in keys
    ]


def test_distinct_things_are_no_sums():
    """
    Organizations and cases that several SCRs share need the members.
    """
    for unit, summed in {
        "scr": True,
        "outcome": True,
        "organization": False,
        "case": False,
    }.items():
        assert selecting.summed(from_json(body(unit=unit))) is summed
