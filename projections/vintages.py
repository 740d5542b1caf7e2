"""Figures as they were known at one time after another: the revision triangle.

A vintage is a basis. A fiscal year is in a vintage once the year has ended by then: a
year that still runs has no figure to revise.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import end_of_day, last_day, to_micros
from ledger.errors import UsageError
from projections import basis as bases
from projections.counts import Question, asked_years, count
from projections.measures import find
from projections.publications import basis_of, recorded
from projections.readmodel import NO_CUTOFF
from projections.reconcile import DEFINITION, Side, by_cause, counted, reconcile
from projections.revisions import Revisions, revisions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.measures import Measure
    from projections.readmodel import ReadModel
    from projections.reconcile import Year

MONTHS_AFTER = (12, 24)
"""When it is asked how much of a year was final, in months after its end."""

EVERY, ON = "1y", "01-15"
"""The usual vintages: what was known each 15 January."""

_EVERY = r"([1-9][0-9]?)([ym])"
_ON = r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_MOST = 1_000
_EVERY_YEAR_HAS = 28
_MONTHS = 12


class Vintage(NamedTuple):
    """What was known at one time, and by which definition it was counted."""

    name: str
    basis: Basis
    until: int
    """When it was, in microseconds since 1970: the cut-off, or without one the moment
    at which the last fact was recorded."""
    measure: Measure | None
    """None where the measure had no definition."""


class Revised(NamedTuple):
    """The figure of a year in a vintage, beside the one before it."""

    fiscal_year: int
    place: int
    """Of the vintage."""
    before: int | None
    """None where it is the first."""
    value: int
    causes: Mapping[str, int]
    """The effect of each cause, the largest first."""
    came: int
    went: int

    @property
    def change(self) -> int | None:
        """By how much it was revised; None of a first value."""
        return None if self.before is None else self.value - self.before


class Final(NamedTuple):
    """How much of the last figure of a year was there some months after its end."""

    fiscal_year: int
    months: int
    then: int
    """The figure then."""
    kept: int
    """How many of what was counted then are counted still."""
    last: int
    """The figure in the last vintage."""

    @property
    def gone(self) -> int:
        """How many of what was counted then are not counted any more."""
        return self.then - self.kept


class Triangle(NamedTuple):
    """Figures by fiscal year and vintage."""

    measure: str
    years: range
    vintages: tuple[Vintage, ...]
    values: Mapping[tuple[int, int], int]
    """Fiscal year and place of the vintage → figure, where the year had ended."""

    def of_year(self, year: int) -> list[tuple[int, int]]:
        """Return the vintages of a year and its figures, the earliest first."""
        places = range(len(self.vintages))
        return [
            (place, self.values[year, place])
            for place in places
            if (year, place) in self.values
        ]


# --- which vintages -------------------------------------------------------------------


def asked_for(log: Log, texts: Sequence[str]) -> list[tuple[str, Basis]]:
    """Return the vintages of some ``--as-of`` texts, in the order of what was known.

    :raises UsageError: a text is none, or two are one.
    """
    found: dict[Basis, str] = {}
    for text in texts:
        basis = bases.parse_as_of(text, log)
        if basis in found:
            message = f"{text} and {found[basis]} are one vintage; name each once"
            raise UsageError(message)
        found[basis] = text
    if len({basis.bound == "all" for basis in found}) > 1:
        message = "@N and dates are two orders of vintages; give one kind"
        raise UsageError(message)
    pairs = [(text, basis) for basis, text in found.items()]
    return sorted(pairs, key=lambda pair: (pair[1].cutoff, pair[1].position))


def published(log: Log, measure: str) -> list[tuple[str, Basis]]:
    """Return the vintages that publications of a measure rest on.

    Several that rest on one basis are one vintage, under all their names.

    :raises UsageError: there is none.
    """
    found: dict[Basis, str] = {}
    for one in recorded(log):
        if any(figure.measure == measure for figure in one.content.figures):
            basis, name = basis_of(log, one), one.content.name
            found[basis] = f"{found[basis]}, {name}" if basis in found else name
    if not found:
        message = f"no publication has a figure of {measure}; leave --publications out"
        raise UsageError(message)
    pairs = [(name, basis) for basis, name in found.items()]
    return sorted(pairs, key=lambda pair: (pair[1].cutoff, pair[1].position))


def regular(
    log: Log, model: ReadModel, every: str, on: str, years: range | None
) -> list[tuple[str, Basis]]:
    """Return vintages at regular days, and at the end all that is recorded.

    The first is the first such day after the end of the first year, the last the last
    one before the last fact was recorded.

    :param every: ``1y``, ``6m``: years or months between them.
    :param on: ``MM-DD``: the day of the first month, and of every one.
    :raises UsageError: these are none.
    """
    step, month, day = _regularity(every, on)
    now = bases.of_now(log)
    years = asked_years(model, now, Question((), years))
    found: list[tuple[str, Basis]] = []
    if years:
        end = from_until(log, now)
        for when in _days(_first_after(last_day(years.start), month, day), step):
            basis = _on(log, when)
            if basis is None or (basis.instant or 0) > end:
                break
            found.append((when.isoformat(), basis))
            if len(found) > _MOST:
                message = (
                    f"--every {every} makes over {_MOST:,} vintages; ask for fewer"
                )
                raise UsageError(message)
    return [*found, ("all", now)]


def _first_after(end: date, month: int, day: int) -> date:
    """Return the first day of a month and day after a day."""
    same_year = date(end.year, month, day)
    return same_year if same_year > end else date(end.year + 1, month, day)


def _on(log: Log, when: date) -> Basis | None:
    if when.year > bases.LAST_YEAR:
        return None
    return bases.parse_as_of(when.isoformat(), log)


def _regularity(every: str, on: str) -> tuple[int, int, int]:
    said = re.fullmatch(_EVERY, every)
    if said is None:
        message = f"--every takes years or months, such as 1y or 6m, not {every}"
        raise UsageError(message)
    day = re.fullmatch(_ON, on)
    if day is None or (day[1] == "02" and int(day[2]) > _EVERY_YEAR_HAS):
        message = f"--on takes a day that every year has, such as 01-15, not {on}"
        raise UsageError(message)
    if int(day[2]) > monthrange(2001, int(day[1]))[1]:
        message = f"--on takes a day of the calendar, such as 01-15, not {on}"
        raise UsageError(message)
    step = int(said[1]) * (_MONTHS if said[2] == "y" else 1)
    return step, int(day[1]), int(day[2])


def _days(first: date, step: int) -> Iterator[date]:
    """Yield a day and those so many months after it; in short months their last day."""
    month = first.year * _MONTHS + first.month - 1
    while True:
        yield _in_month(month, first.day)
        month += step


def _in_month(months: int, day: int) -> date:
    year, month = divmod(months, _MONTHS)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day, last))


def from_until(log: Log, basis: Basis) -> int:
    """Return when a basis was: its cut-off, or when its last fact was recorded."""
    if basis.instant is not None:
        return basis.instant
    rows = list(log.narrow(basis.position - 1, basis.position))
    return to_micros(datetime.fromisoformat(rows[0][2])) if rows else 0


# --- the triangle ---------------------------------------------------------------------


def triangle(  # noqa: PLR0913, PLR0917 - what is asked, and of what
    log: Log,
    model: ReadModel,
    measure: str,
    at: Iterable[tuple[str, Basis]],
    years: range | None,
    definition: str | None = None,
    now: int = NO_CUTOFF,
) -> Triangle:
    """Return the figures of a measure in some vintages.

    :param years: None for those in which ``dd-all`` is not 0 in the last vintage, and
        which had ended by then.
    :param definition: ``ID@VERSION``: the one to count by throughout; left out: the
        one that was in force.
    :param now: in microseconds since 1970: no year has ended that ends after it.
    :raises UsageError: there is no such measure, or it never had a definition.
    """
    vintages = tuple(
        Vintage(name, basis, min(from_until(log, basis), now), measure_at)
        for name, basis, measure_at in _defined(model, definition or measure, at)
    )
    asked = years if years is not None else _ended_years(log, model, vintages[-1])
    pinned = () if definition is None else (definition,)
    values: dict[tuple[int, int], int] = {}
    for place, vintage in enumerate(vintages):
        if vintage.measure is None:
            continue
        question = Question((measure,), asked, definitions=pinned)
        for row in count(model, vintage.basis, question):
            year, value = row["fiscal_year"], row["value"]
            assert isinstance(year, int)
            assert isinstance(value, int)
            if _ended(log, year) <= vintage.until:
                values[year, place] = value
    return Triangle(measure, asked, vintages, values)


def _defined(
    model: ReadModel, name: str, at: Iterable[tuple[str, Basis]]
) -> Iterator[tuple[str, Basis, Measure | None]]:
    held = list(at)
    found: list[Measure | None] = []
    refused: UsageError | None = None
    for _, basis in held:
        try:
            found.append(find(model, basis, name))
        except UsageError as error:
            refused = error
            found.append(None)
    if refused is not None and not any(found):
        raise refused
    for (text, basis), measure in zip(held, found, strict=True):
        yield text, basis, measure


def _ended_years(log: Log, model: ReadModel, last: Vintage) -> range:
    years = asked_years(model, last.basis, Question(()))
    ended = [year for year in years if _ended(log, year) <= last.until]
    return range(ended[0], ended[-1] + 1) if ended else range(0)


def _ended(log: Log, year: int) -> int:
    """Return when a fiscal year ends, in the ledger's time zone: 31 USC 1102."""
    return to_micros(end_of_day(last_day(year), log.identity.timezone))


# --- what became of it ----------------------------------------------------------------


def revised(
    log: Log,
    model: ReadModel,
    found: Triangle,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> list[Revised]:
    """Return every figure with the one before it, and what the difference is made of.

    By year, then vintage. The one before is that of the last vintage that has one.

    :param on_progress: told how many pairs of vintages are reconciled.
    """
    rows: list[Revised] = []
    between: dict[tuple[int, int], dict[int, Year]] = {}
    for year in found.years:
        before: tuple[int, int] | None = None
        for place, value in found.of_year(year):
            if before is None:
                rows.append(Revised(year, place, None, value, {}, 0, 0))
            else:
                pair = before[0], place
                if pair not in between:
                    between[pair] = _between(log, model, found, *pair)
                    on_progress(len(between))
                part = _part(between[pair].get(year), before[1], value)
                rows.append(Revised(year, place, before[1], value, *part))
            before = place, value
    return rows


def _between(
    log: Log, model: ReadModel, found: Triangle, first: int, second: int
) -> dict[int, Year]:
    """Return the years between two vintages, reconciled; none if they cannot be.

    They cannot where the measure counts another unit by then.
    """
    one, other = found.vintages[first], found.vintages[second]
    assert one.measure is not None  # Both have figures.
    assert other.measure is not None
    if one.measure.definition.unit != other.measure.definition.unit:
        return {}
    sides = Side(one.basis, one.measure), Side(other.basis, other.measure)
    years = reconcile(log, model, *sides, found.years)
    return {year.fiscal_year: year for year in years}


def _part(
    year: Year | None, before: int, after: int
) -> tuple[dict[str, int], int, int]:
    if year is None:  # All units are others: the definition's doing alone.
        return {DEFINITION: after - before}, after, before
    effects = [item.effect for item in year.items]
    came = sum(effect for effect in effects if effect > 0)
    return dict(by_cause(year.items)), came, came - sum(effects)


def statistics(found: Triangle) -> list[tuple[str, Revisions]]:
    """Return how much figures were revised: first to last, and from one to the next.

    The first value of a year is that of the first vintage it is in, whenever it was.
    """
    values = [[value for _, value in found.of_year(year)] for year in found.years]
    longest = max(map(len, values), default=0)
    first_to_last = [(held[0], held[-1]) for held in values if len(held) > 1]
    steps = [
        (f"{_ordinal(n)} to {_ordinal(n + 1)}", list(_steps(values, n)))
        for n in range(1, longest)
    ]
    return [
        (name, revisions(pairs))
        for name, pairs in (("first to last", first_to_last), *steps)
    ]


def _steps(values: Iterable[Sequence[int]], number: int) -> Iterator[tuple[int, int]]:
    for held in values:
        if len(held) > number:
            yield held[number - 1], held[number]


def _ordinal(number: int) -> str:
    teen = number % 100 in (11, 12, 13)
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def causes(rows: Iterable[Revised]) -> list[tuple[str, int]]:
    """Return the effect of each cause over all revisions, the largest first."""
    effects: Counter[str] = Counter()
    for row in rows:
        effects.update(row.causes)
    return sorted(effects.items(), key=lambda pair: (-abs(pair[1]), pair[0]))


def finality(log: Log, model: ReadModel, found: Triangle) -> list[Final]:
    """Return how much of each year was final some months after its end.

    What had not happened yet by the last vintage is left out: it is unknown.
    """
    last = found.vintages[-1]
    rows: list[Final] = []
    if last.measure is None:
        return rows
    for year in found.years:
        if (year, len(found.vintages) - 1) not in found.values:
            continue
        alone = range(year, year + 1)
        now = counted(model, Side(last.basis, last.measure), alone).keys()
        for months in MONTHS_AFTER:
            day = _in_month(year * _MONTHS + 8 + months, 30)
            instant = to_micros(end_of_day(day, log.identity.timezone))
            if instant > last.until:
                continue
            basis = last.basis._replace(bound="before", instant=instant)
            # By the definition of the last vintage: what the data became is asked.
            then = counted(model, Side(basis, last.measure), alone).keys()
            rows.append(Final(year, months, len(then), len(then & now), len(now)))
    return rows
