"""Which printed figures have moved since, by how much, and the SCRs that came or went.

Misreporting is held to be significant at 10 % or more (DOJ OIG 13-34); a figure that
moved by more than that has to be looked at before it is printed again.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import end_of_day, to_micros
from projections.counts import Question, cases, count
from projections.material import is_beyond, proportion
from projections.measures import find
from projections.publications import basis_of, recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.domain.publication import Figure
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.publications import Recorded
    from projections.readmodel import ReadModel

PERCENT = 10


class Moved(NamedTuple):
    """A printed figure that is another by more than a share of it."""

    publication: Recorded
    figure: Figure
    now: int
    under: int | None
    """Of a rate: its denominator now."""
    scrs: tuple[str, ...]
    """Those that came or went; none where the printing was never supported."""

    @property
    def words(self) -> str:
        """What is said of it."""
        name = f"{self.figure.measure} FY {self.figure.fiscal_year}"
        was, now = (
            f"{value:,}" if under is None else f"{value:,} of {under:,}"
            for value, under in (
                (self.figure.shown, self.figure.denominator),
                (self.now, self.under),
            )
        )
        where = self.publication.content.name
        return f"{name} was printed as {was} in {where}, and is {now}"


def moved(
    log: Log,
    model: ReadModel,
    basis: Basis,
    asked: Iterable[tuple[str, int]],
    percent: int = PERCENT,
) -> Iterator[Moved]:
    """Yield the figures that moved by more than so many percent since printed last.

    :param asked: measures, by the definitions in force at the basis, and fiscal years.
    """
    last = _last(log, basis)
    for measure, year in asked:
        if (measure, year) not in last:
            continue
        one, figure = last[measure, year]
        now, under = _figure(model, basis, measure, year)
        share = proportion(figure.shown, now, figure.denominator, under)
        if is_beyond(figure.shown, now, percent) or is_beyond(*share, percent):
            yield Moved(
                one, figure, now, under, _moving(log, model, basis, one, figure)
            )


def _moving(
    log: Log, model: ReadModel, basis: Basis, one: Recorded, figure: Figure
) -> tuple[str, ...]:
    """Return the SCRs that came or went since; of a rate, below its line as well."""
    there = basis_of(log, one)
    versions = {used.measure: used.version for used in one.content.definitions}
    measures = {figure.measure}
    if figure.denominator is not None:
        definition = find(model, there, f"{figure.measure}@{versions[figure.measure]}")
        measures |= {str(definition.definition.denominator)}
    year, found = figure.fiscal_year, set()
    for measure in measures:
        before = _scrs(model, there, measure, year, f"{measure}@{versions[measure]}")
        found |= before ^ _scrs(model, basis, measure, year)
    return tuple(sorted(found))


def _last(log: Log, basis: Basis) -> dict[tuple[str, int], tuple[Recorded, Figure]]:
    """Return what had been printed last of each figure at a basis."""
    found: dict[tuple[str, int], tuple[Recorded, Figure]] = {}
    for one in recorded(log, basis.position):
        if _printed_at(log, one) <= basis.cutoff:
            for figure in one.content.figures:
                found[figure.measure, figure.fiscal_year] = one, figure
    return found


def _printed_at(log: Log, one: Recorded) -> int:
    """Return when something was printed: the day begins it, or it was recorded."""
    if one.content.printed_on is None:
        return to_micros(datetime.fromisoformat(one.recorded_at))
    day = date.fromisoformat(one.content.printed_on) - timedelta(days=1)
    return to_micros(end_of_day(day, log.identity.timezone))


def _figure(
    model: ReadModel, basis: Basis, measure: str, year: int
) -> tuple[int, int | None]:
    """Return a figure, and of a rate its denominator."""
    (row,) = count(model, basis, Question((measure,), range(year, year + 1)))
    under = row.get("denominator")
    return int(str(row["value"])), None if under is None else int(str(under))


def _scrs(
    model: ReadModel, basis: Basis, measure: str, year: int, version: str | None = None
) -> set[str]:
    pinned = () if version is None else (version,)
    question = Question((measure,), range(year, year + 1), definitions=pinned)
    return {str(row["scr"]) for row in cases(model, basis, question)}
