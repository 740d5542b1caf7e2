"""What case activity could support a request of a program or an office.

Figures of the five fiscal years before the one that is asked for, at a basis; the last
complete one speaks, because a year that is not over yet says too little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import fiscal_year_of, last_day
from projections import basis as bases
from projections.counts import Question, cases, check, count
from projections.waivers import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.counts import Row
    from projections.readmodel import ReadModel
    from projections.requests import Request

YEARS = 5
LARGEST = 3
MEASURES = (
    "dd-all",
    "dd-tco",
    "disruptions-all",
    "dismantlements-all",
    "entered-all",
)


class Activity(NamedTuple):
    """One measure over the years."""

    measure: str
    values: tuple[int, ...]
    """One for each year."""


class Suggested(NamedTuple):
    """The case activity behind a request."""

    years: tuple[int, ...]
    complete: int | None
    """The last of the years that is over on the day of the basis; None: none is."""
    activity: tuple[Activity, ...]
    categories: tuple[tuple[str | None, int], ...]
    """The largest of the last complete year, by ``dd-all``."""
    cited_measure: str
    cases: tuple[Row, ...]
    """The SCRs behind that measure in the last complete year, to cite."""

    def value(self, measure: str, year: int | None) -> int:
        """Return a figure; 0 where there is no such year."""
        if year is None:
            return 0
        values = next(one.values for one in self.activity if one.measure == measure)
        return values[self.years.index(year)]

    def change(self, measure: str) -> tuple[int, int] | None:
        """Return the figures of the first year and the last complete one."""
        if self.complete is None or self.complete == self.years[0]:
            return None
        first = self.value(measure, self.years[0])
        return first, self.value(measure, self.complete)

    @property
    def supports(self) -> bool:
        """Whether there is any activity that could have supported a request."""
        return self.value("dd-all", self.complete) > 0


def suggest(
    log: Log,
    model: ReadModel,
    basis: Basis,
    *,
    fiscal_year: int,
    where: tuple[tuple[str, str | None], ...],
) -> Suggested:
    """Return what could support a request for a fiscal year.

    :param where: the cell it is for: the program, the office, or both.
    :raises UsageError: a value is no text.
    """
    check(Question(MEASURES, where=where))
    years = range(fiscal_year - YEARS, fiscal_year)
    today = day_of(log, basis)
    over = [year for year in years if last_day(year).isoformat() < today]
    complete = over[-1] if over else None
    activity = tuple(
        Activity(measure, _values(model, basis, measure, years, where))
        for measure in MEASURES
    )
    found = Suggested(tuple(years), complete, activity, (), "dd-tco", ())
    if complete is None:
        return found
    measure = "dd-tco" if found.value("dd-tco", complete) else "dd-all"
    alone = range(complete, complete + 1)
    asked = Question((measure,), alone, where=where)
    return found._replace(
        categories=_largest(model, basis, alone, where),
        cited_measure=measure,
        cases=tuple(cases(model, basis, asked)),
    )


class Overlooked(NamedTuple):
    """A request that cites nothing, and the activity that was known on its day."""

    request: Request
    fiscal_year: int
    """The last that was over on the day it was submitted."""
    value: int
    """Of ``dd-all``, for its program and office, as known that day."""


def overlooked(
    log: Log, model: ReadModel, every: Iterable[Request]
) -> list[Overlooked]:
    """Return the requests that cite nothing although there was something to cite.

    The most active first; each is judged as known on the day it was submitted.
    """
    found = []
    for one in every:
        if one.state == "used":
            continue
        basis = bases.parse_as_of(one.submitted_on, log)
        year = fiscal_year_of(one.submitted_on) - 1
        where = tuple(
            (name, value)
            for name, value in (("office", one.office), ("program", one.program))
            if value is not None
        )
        (value,) = _values(model, basis, "dd-all", range(year, year + 1), where)
        if value:
            found.append(Overlooked(one, year, value))
    return sorted(found, key=lambda one: (-one.value, one.request.request))


def _values(
    model: ReadModel,
    basis: Basis,
    measure: str,
    years: range,
    where: tuple[tuple[str, str | None], ...],
) -> tuple[int, ...]:
    rows = count(model, basis, Question((measure,), years, where=where))
    return tuple(int(str(row["value"])) for row in rows)


def _largest(
    model: ReadModel,
    basis: Basis,
    alone: range,
    where: tuple[tuple[str, str | None], ...],
) -> tuple[tuple[str | None, int], ...]:
    asked = Question(("dd-all",), alone, ("category",), where)
    found = [
        (
            None if row["category"] is None else str(row["category"]),
            int(str(row["value"])),
        )
        for row in count(model, basis, asked)
    ]
    found.sort(key=lambda pair: -pair[1])  # Equal ones stay by code point.
    return tuple(found[:LARGEST])
