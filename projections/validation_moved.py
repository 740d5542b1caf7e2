"""Which printed figures have moved since, by how much, and the SCRs that came or went.

Misreporting is held to be significant at 10 % or more (DOJ OIG 13-34); a figure that
moved by more than that has to be looked at before it is printed again.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import end_of_day, to_micros
from projections.counts import Question, cases, count
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
    scrs: tuple[str, ...]
    """Those that came or went; none where the printing was never supported."""

    @property
    def words(self) -> str:
        """What is said of it."""
        name = f"{self.figure.measure} FY {self.figure.fiscal_year}"
        return (
            f"{name} was printed as {self.figure.shown:,} in"
            f" {self.publication.content.name}, and is {self.now:,}"
        )


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
        now = _value(model, basis, measure, year)
        if abs(now - figure.shown) * 100 > percent * figure.shown:
            there = basis_of(log, one)
            version = next(
                used.version
                for used in one.content.definitions
                if used.measure == measure
            )
            before = _scrs(model, there, measure, year, f"{measure}@{version}")
            after = _scrs(model, basis, measure, year)
            yield Moved(one, figure, now, tuple(sorted(before ^ after)))


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


def _value(model: ReadModel, basis: Basis, measure: str, year: int) -> int:
    (row,) = count(model, basis, Question((measure,), range(year, year + 1)))
    return int(str(row["value"]))


def _scrs(
    model: ReadModel, basis: Basis, measure: str, year: int, version: str | None = None
) -> set[str]:
    pinned = () if version is None else (version,)
    question = Question((measure,), range(year, year + 1), definitions=pinned)
    return {str(row["scr"]) for row in cases(model, basis, question)}
