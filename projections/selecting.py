"""From a definition to what it takes: its clauses, over observations and over rows.

A clause is a column and the values it may have. The same clause is asked of an
observation while the log is folded and, as SQL, of the rows of the read model; the
tests hold the two to one answer. There is no other way in which anything is counted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.domain.definitions import ANSWERS, Population, as_json
from ledger.domain.fiscal import fiscal_year_of
from projections.standing import COLUMNS, FIRST_APPROVAL, NO, UNKNOWN, YES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ledger.domain.definitions import Answer, Definition
    from projections.standing import Observation

    Value = str | int | None

INDEX = {column: place for place, column in enumerate(COLUMNS)}
_NUMBERS: dict[Answer, int] = {"yes": YES, "unknown": UNKNOWN, "no": NO}
_DATED = {
    "outcome": "happened_on",
    "outcome-approval": "outcome_approved_on",
    "scr-approval": "scr_approved_on",
}


class Clause(NamedTuple):
    """One condition of a definition: a column has one of some values, or none of them.

    An observation without a value has none of them.
    """

    name: str
    """Where it stands in the definition: ``population.tco``."""
    column: str
    values: tuple[Value, ...]
    negated: bool = False

    def holds(self, observation: Observation) -> bool:
        """Whether an observation meets it."""
        return (observation[INDEX[self.column]] in self.values) != self.negated


def clauses(definition: Definition) -> tuple[Clause, ...]:
    """Return the conditions of a definition, in the order in which they are told.

    That the SCR stands and the outcome is live is no clause: else there is nothing to
    observe.
    """
    population = definition.population
    return tuple(
        Clause(name, column, values, negated)
        for name, column, values, negated in (
            (
                "population.approved",
                "approved",
                (1,) if population.approved else None,
                False,
            ),
            ("kinds", "kind", definition.kinds, False),
            # An outcome always has a date; an approval of it may be missing.
            (
                "attribution",
                _DATED[definition.attribution],
                None if definition.attribution == "outcome" else (None,),
                True,
            ),
            ("population.tco", "answer", _answers(population.tco), False),
            (
                "population.high_threat",
                "high_threat",
                _answers(population.high_threat),
                False,
            ),
            ("population.categories", "category", population.categories, False),
            (
                "population.categories_except",
                "category",
                population.categories_except,
                True,
            ),
            ("population.offices", "office", population.offices, False),
            ("population.offices_except", "office", population.offices_except, True),
        )
        if values is not None
    )


def _answers(words: tuple[Answer, ...] | None) -> tuple[int, ...] | None:
    return None if words is None else tuple(_NUMBERS[word] for word in words)


def year_column(definition: Definition) -> str:
    """Return the column whose date decides the year."""
    return _DATED[definition.attribution]


def year_of(definition: Definition) -> Callable[[Observation], int]:
    """Return what tells the fiscal year of an observation that meets the clauses."""
    if definition.attribution == "outcome":
        return lambda observation: observation[0]
    place = INDEX[year_column(definition)]

    def year(observation: Observation) -> int:
        day = observation[place]
        assert isinstance(day, str)  # The clause `attribution` holds.
        return fiscal_year_of(day)

    return year


def taker(definition: Definition) -> Callable[[Observation], bool]:
    """Return what says whether a definition takes an observation."""
    tests = [
        (INDEX[clause.column], frozenset(clause.values), clause.negated)
        for clause in clauses(definition)
    ]

    def takes(observation: Observation) -> bool:
        for place, values, negated in tests:
            if (observation[place] in values) == negated:
                return False
        return True

    return takes


# --- as SQL ----------------------------------------------------------------------


def as_sql(definition: Definition, values: dict[str, Any]) -> tuple[str, str]:
    """Return a condition on rows of ``beliefs``, and the expression of their year.

    :param values: gets the values of the condition's parameters.
    """
    parts = ["1"]
    for number, clause in enumerate(clauses(definition)):
        if clause.values == (None,):
            parts.append(f"{clause.column} IS NOT NULL")
            continue
        names = [f"c{number}_{place}" for place in range(len(clause.values))]
        values.update(zip(names, clause.values, strict=True))
        listed = ", ".join(f":{name}" for name in names)
        if clause.negated:
            parts.append(
                f"({clause.column} IS NULL OR {clause.column} NOT IN ({listed}))"
            )
        else:
            parts.append(f"{clause.column} IN ({listed})")
    return " AND ".join(parts), year_sql(definition)


def year_sql(definition: Definition) -> str:
    """Return the expression of the fiscal year of a row, 31 USC 1102."""
    if definition.attribution == "outcome":
        return "fiscal_year"
    day = year_column(definition)
    # Months 10 to 12 are those whose first digit is 1.
    return f"(CAST(substr({day}, 1, 4) AS INTEGER) + (substr({day}, 6, 1) = '1'))"


# --- series: what running totals are kept of ----------------------------------------

FIRST_YEAR, LAST_YEAR = 1900, 3000
EVERY_YEAR = range(FIRST_YEAR, LAST_YEAR + 1)
_YEARS = 2_048
_PER_SERIES = _YEARS * 4


class Series(NamedTuple):
    """What running totals are kept of: a definition less its words, split by answer."""

    number: int
    takes: Callable[[Observation], bool]
    year: Callable[[Observation], int]
    by_outcome: bool
    once: bool
    looks_at: frozenset[int]
    """The places in an observation on which it depends where it counts."""


def summed(definition: Definition) -> bool:
    """Whether a figure is a sum over SCRs, so that running totals can be kept of it.

    Distinct organizations, and cases that several SCRs share, are no sum.
    """
    return definition.unit in ("scr", "outcome")


def key_of(definition: Definition) -> str:
    """Return what definitions have in common that share their running totals.

    Totals are kept by TCO answer, so a definition that takes only some answers is a
    part of another's totals, where taking them afterwards is the same as before.
    """
    population = definition.population
    if _sliced(definition):
        population = population._replace(tco=None)
    told = definition._replace(
        id="",
        version=0,
        title="",
        owner="",
        source="",
        population=population,
        denominator=None,
        targets={},
        data_quality=None,
    )
    return json.dumps(as_json(told), sort_keys=True)


def answers_of(definition: Definition) -> tuple[int, ...]:
    """Return the TCO answers of a series that a definition takes."""
    if _sliced(definition):
        taken = definition.population.tco or ANSWERS
        return tuple(_NUMBERS[word] for word in ANSWERS if word in taken)
    return (YES, UNKNOWN, NO)


def _sliced(definition: Definition) -> bool:
    # An SCR's answer is the greatest of its outcomes: whether one is yes can be told
    # from it, whether one is no cannot. Nor can it where other outcomes are not taken
    # into account: the first year of an SCR, or its first approval.
    tco = definition.population.tco
    if tco is None or definition.unit == "outcome":
        return True
    return (
        definition.once == "per-year"
        and FIRST_APPROVAL not in definition.kinds
        and set(tco) in ({"yes"}, {"yes", "unknown"}, set(ANSWERS))
    )


def series_of(number: int, definition: Definition) -> Series:
    """Return the series of a definition under a number."""
    if _sliced(definition):
        everything = definition.population._replace(tco=None)
        definition = definition._replace(population=everything)
    return Series(
        number,
        taker(definition),
        year_of(definition),
        definition.unit == "outcome",
        definition.once == "ever",
        frozenset(INDEX[column] for column in _columns(definition)),
    )


def _columns(definition: Definition) -> set[str]:
    year = year_column(definition)
    return {
        *("kind", "answer", "fiscal_year" if year == "happened_on" else year),
        *(clause.column for clause in clauses(definition)),
    }


def looked_at(every: Iterable[Series]) -> tuple[int, ...]:
    """Return the places in an observation that decide where any series counts it."""
    return tuple(sorted(frozenset().union(*(one.looks_at for one in every))))


def cell(series: int, year: int, answer: int) -> int:
    """Return the number of a cell of the running totals."""
    return series * _PER_SERIES + (year - FIRST_YEAR) * 4 + answer


def year_and_answer(number: int) -> tuple[int, int]:
    """Return the fiscal year and the answer of a cell."""
    year, answer = divmod(number % _PER_SERIES, 4)
    return year + FIRST_YEAR, answer


def cells_of(
    every: Iterable[Series], observations: Iterable[Observation]
) -> dict[int, int]:
    """Return how often an SCR with these observations is counted in each cell."""
    held = list(observations)
    counted: dict[int, int] = {}
    for one in every:
        taken = [row for row in held if one.takes(row)]
        if not taken:
            continue
        if one.by_outcome:
            for row in taken:
                number = cell(one.number, one.year(row), row[7])
                counted[number] = counted.get(number, 0) + 1
            continue
        for year, answer in in_years(one, taken).items():
            counted[cell(one.number, year, answer)] = 1
    return counted


def in_years(one: Series, taken: Iterable[Observation]) -> dict[int, int]:
    """Return the years in which an SCR is counted, and its answer in each.

    The answer is that of its outcomes of the year; that of its first approval only
    where there is none.
    """
    years: dict[int, int] = {}
    entered: dict[int, int] = {}
    for row in taken:
        year = one.year(row)
        told = entered if row[2] == FIRST_APPROVAL else years
        if told.get(year, 0) < row[7]:
            told[year] = row[7]
    found = {**entered, **years}
    if one.once and found:
        first = min(found)
        return {first: found[first]}
    return found


__all__ = [
    "Clause",
    "Population",
    "Series",
    "answers_of",
    "as_sql",
    "cell",
    "cells_of",
    "clauses",
    "key_of",
    "looked_at",
    "series_of",
    "summed",
    "taker",
    "year_and_answer",
    "year_of",
]
