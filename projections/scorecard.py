"""Whether the fixes hold: for each of three recommendations, a rate with its list.

1. *TCO identified*: of the SCRs that stand and are approved, those whose determination
   answers yes or no, on the day of the first approval and on that of every live
   outcome. Unknown on any of these days is not identified.
2. *Validated before reporting*: of the figures that were printed, those that went
   through a green gate.
3. *SCR data used*: of the resource requests, those that cite a figure or an SCR.

Each rate is computed at a basis, and its trend at the ends of the fiscal quarters or
years before it, up to the same position (docs/accountability.md).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.domain.fiscal import end_of_day, fiscal_year, to_micros
from projections import basis as bases
from projections import publications, requests
from projections.counts import VISIBLE
from projections.knowing import Knowing
from projections.standing import UNKNOWN
from projections.waivers import day_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel

RateId = Literal["tco-identified", "validated-before-reporting", "scr-data-used"]
Period = Literal["quarter", "year"]

TITLES: dict[RateId, str] = {
    "tco-identified": "TCO identified in the SCR",
    "validated-before-reporting": "Validated before reporting",
    "scr-data-used": "SCR data used in requests",
}
UNITS: dict[RateId, str] = {
    "tco-identified": "SCRs",
    "validated-before-reporting": "printed figures",
    "scr-data-used": "requests",
}
POINTS = 12
"""How many periods a trend has at most, the basis included."""

_PERCENT = 100
_MONTHS = {"quarter": (12, 3, 6, 9), "year": (9,)}
_DECEMBER = 12


class Listed(NamedTuple):
    """One unit behind a rate."""

    unit: str
    """An SCR; ``PUBLICATION MEASURE FYYEAR``; a request."""
    counts: bool
    """Whether it is in the numerator."""
    why: str


class Rate(NamedTuple):
    """A numerator and a denominator."""

    rate: RateId
    numerator: int
    denominator: int

    @property
    def percent(self) -> float | None:
        """The rate in percent, to one decimal; None: there is nothing to share."""
        if not self.denominator:
            return None
        return round(self.numerator * _PERCENT / self.denominator, 1)


class Point(NamedTuple):
    """All rates at the end of a period, or at the basis itself."""

    label: str
    """``FY2023 Q1``, ``FY2022``, or the day of the basis."""
    day: str
    rates: tuple[Rate, ...]


class Scorecard(NamedTuple):
    """The rates at a basis, and how they came to be what they are."""

    day: str
    rates: tuple[Rate, ...]
    trend: tuple[Point, ...]
    """The last one is the basis."""
    lists: dict[RateId, tuple[Listed, ...]]


def scorecard(
    log: Log, model: ReadModel, basis: Basis, by: Period = "year"
) -> Scorecard:
    """Return the scorecard at a basis; the same for ever.

    :param by: the periods of the trend.
    """
    lists: dict[RateId, tuple[Listed, ...]] = {
        "tco-identified": tuple(_identified(model, basis)),
        "validated-before-reporting": tuple(_validated(log, basis)),
        "scr-data-used": tuple(_used(log, basis)),
    }
    rates = tuple(_rate(name, listed) for name, listed in lists.items())
    day = day_of(log, basis)
    trend = [*_before(log, model, basis, day, by), Point(day or "empty", day, rates)]
    return Scorecard(day, rates, tuple(trend[-POINTS:]), lists)


def rates(log: Log, model: ReadModel, basis: Basis) -> tuple[Rate, ...]:
    """Return the three rates at a basis."""
    return (
        _rate("tco-identified", _identified(model, basis)),
        _rate("validated-before-reporting", _validated(log, basis)),
        _rate("scr-data-used", _used(log, basis)),
    )


def _rate(name: RateId, listed: Iterator[Listed] | tuple[Listed, ...]) -> Rate:
    counted = [one.counts for one in listed]
    return Rate(name, counted.count(True), len(counted))


# --- the lists ------------------------------------------------------------------------


def _identified(model: ReadModel, basis: Basis) -> Iterator[Listed]:
    # One row for the first approval of every SCR that stands and is approved, and one
    # for each of its live outcomes; each has the answer that holds on its own day.
    rows = model.all(
        "SELECT scr, sum(answer=:unknown)"  # noqa: S608 - constants of ours
        f" FROM beliefs WHERE approved AND {VISIBLE} GROUP BY scr ORDER BY scr",
        {"unknown": UNKNOWN, "k": basis.cutoff, "p": basis.position},
    )
    for scr, unknown in rows:
        why = "answers yes or no" if not unknown else f"unknown on {_days(unknown)}"
        yield Listed(scr, not unknown, why)


def _days(count: int) -> str:
    return "1 day that counts" if count == 1 else f"{count:,} days that count"


def _validated(log: Log, basis: Basis) -> Iterator[Listed]:
    knowing = Knowing(log, basis)
    for one in publications.recorded(log, basis.position):
        content = one.content
        if content.printed_on is None:
            known = to_micros(datetime.fromisoformat(one.recorded_at)) <= basis.cutoff
        else:
            known = knowing.day_passes(content.printed_on)
        if not known:
            continue
        green = content.gate is not None and content.gate.green
        why = "through a green gate"
        if content.gate is None:
            why = "as printed, through no gate"
        elif not green:
            why = "gate overridden"
        for figure in content.figures:
            name = f"{content.name} {figure.measure} FY{figure.fiscal_year}"
            yield Listed(name, green, why)


def _used(log: Log, basis: Basis) -> Iterator[Listed]:
    for one in requests.at(log, basis):
        if one.citations:
            why = "; ".join(citation.words for citation in one.citations)
        else:
            why = one.reason or "undecided"
        yield Listed(one.request, one.state == "used", why)


# --- the trend ------------------------------------------------------------------------


def _before(
    log: Log, model: ReadModel, basis: Basis, day: str, by: Period
) -> Iterator[Point]:
    """Yield the ends of the periods before a day, from the first that has anything."""
    if not day:
        return
    ends: list[date] = []
    last = date.fromisoformat(day)
    for end in _ends_before(last, by):
        ends.append(end)
        if len(ends) == POINTS:
            break
    begun = False
    for end in reversed(ends):
        cutoff = to_micros(end_of_day(end, log.identity.timezone))
        found = rates(log, model, basis._replace(bound="before", instant=cutoff))
        begun = begun or any(one.denominator for one in found)
        if begun:
            yield Point(_label(end, by), end.isoformat(), found)


def _ends_before(day: date, by: Period) -> Iterator[date]:
    """Yield the last days of the fiscal periods before a day, the latest first."""
    year, months = day.year, _MONTHS[by]
    while year >= bases.FIRST_YEAR:
        for month in sorted(months, reverse=True):
            following = date(year + month // _DECEMBER, month % _DECEMBER + 1, 1)
            end = following - timedelta(days=1)
            if end < day:
                yield end
        year -= 1


def _label(end: date, by: Period) -> str:
    year = fiscal_year(end)
    if by == "year":
        return f"FY{year}"
    return f"FY{year} Q{(end.month // 3) % 4 + 1}"
