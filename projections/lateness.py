"""How long after they were effective facts became known, or were recorded.

Days are days of the ledger's zone: the day of the clock less ``effective_on``. One pass
over the log keeps, for each event, how many facts were so many days late; of the facts
themselves only those that were asked for are kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from sys import intern
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from ledger.domain.fiscal import (
    days_in,
    fiscal_year_of,
    format_instant,
    from_micros,
)
from ledger.errors import FactDamagedError
from projections.history import fields_of
from projections.readmodel import NO_CUTOFF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger.reader import Log
    from projections.basis import Basis

    Clock = Literal["known", "recorded"]

T = TypeVar("T")

CLOCKS = ("known", "recorded")

BUCKETS: tuple[tuple[str, float, float], ...] = (
    ("effective_after", float("-inf"), -1),
    ("same_day", 0, 0),
    ("days_1_7", 1, 7),
    ("days_8_30", 8, 30),
    ("days_31_90", 31, 90),
    ("days_91_365", 91, 365),
    ("over_365", 366, float("inf")),
)
"""Name, first and last day; together they hold every number of days, once each."""

_OFFICES = ("scr.filed/1", "scr.transferred/1", "scr.refiled/1")
_REMEMBERED = 50_000  # Instants and days, so that memory does not grow with the log.

# What a payload can raise that was never checked, or was changed since.
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


class Asked(NamedTuple):
    """Which clock is held against ``effective_on``, and of which facts."""

    clock: Clock = "known"
    years: range | None = None
    """Fiscal years of ``effective_on``."""
    events: tuple[str, ...] = ()
    by: str | None = None
    office: str | None = None
    """Of the SCR, at the basis."""


class Timed(NamedTuple):
    """A case fact and its clocks, all as text, and how many days late it is."""

    days: int
    position: int
    subject: str
    """``scr`` or ``organization``."""
    id: str
    event: str
    effective_on: str
    known_at: str
    claimed: bool
    recorded_at: str
    by: str


class Spread(NamedTuple):
    """How late the facts of one event are, or of all."""

    event: str | None
    """None: all that were asked for."""
    facts: int
    over: int
    """How many are later than the days asked about."""
    buckets: Mapping[str, int]
    """By the names of ``BUCKETS``; they add up to ``facts``."""
    median: int | None
    p90: int | None
    largest: int | None


class Lateness(NamedTuple):
    """The answer: a spread for each event, in order of name, and one for all."""

    events: list[Spread]
    total: Spread


def measured(log: Log, basis: Basis, asked: Asked) -> Iterator[Timed]:
    """Yield the visible case facts that were asked for, in log order, with their days.

    :raises FactDamagedError: what is kept cannot be read.
    """
    offices = None if asked.office is None else offices_of(log, basis)
    reading = _Reading(log, basis)
    for position, topic, recorded_at, payload in log.narrow(0, basis.position):
        if topic.startswith("ledger."):
            continue
        fields = fields_of(position, payload)
        try:
            if not _wanted(fields, asked, offices):
                continue
            timed = reading.timed(position, recorded_at, fields, asked.clock)
        except _UNREADABLE as error:
            why = f"its days cannot be told ({type(error).__name__}: {error})"
            raise FactDamagedError(position, why) from None
        if timed is not None:
            yield timed


def _wanted(
    fields: Mapping[str, str], asked: Asked, offices: Mapping[str, str] | None
) -> bool:
    return (
        (not asked.events or fields["event"] in asked.events)
        and (asked.by is None or fields["by"] == asked.by)
        and (
            asked.years is None or fiscal_year_of(fields["effective_on"]) in asked.years
        )
        and (offices is None or offices.get(fields.get("scr", "")) == asked.office)
    )


class _Reading:
    """Tells the days of one basis; the same texts come again and again."""

    def __init__(self, log: Log, basis: Basis) -> None:
        self._day_of = days_in(log.identity.timezone)
        self._cutoff = None if basis.cutoff >= NO_CUTOFF else from_micros(basis.cutoff)
        self._instants: dict[str, tuple[datetime, int]] = {}
        self._days: dict[str, int] = {}

    def timed(
        self, position: int, recorded_at: str, fields: Mapping[str, str], clock: Clock
    ) -> Timed | None:
        """Return a fact with its days, or None where it is not visible."""
        claimed = fields.get("known_at")
        known_at = recorded_at if claimed is None else claimed
        known, day = self._instant(known_at)
        if self._cutoff is not None and known > self._cutoff:
            return None
        if clock == "recorded":
            day = self._instant(recorded_at)[1]
        effective_on, by = fields["effective_on"], fields["by"]
        if not isinstance(by, str):
            message = f"{by} is no text"
            raise TypeError(message)
        subject = "scr" if "scr" in fields else "organization"
        return Timed(
            day - self._day(effective_on),
            position,
            subject,
            fields[subject],
            fields["event"],
            effective_on,
            known_at,
            claimed is not None,
            recorded_at,
            by,
        )

    def _instant(self, text: str) -> tuple[datetime, int]:
        found = self._instants.get(text)
        if found is None:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                message = f"{text} is no instant"
                raise ValueError(message)
            found = moment, self._day_of(moment).toordinal()
            _remember(self._instants, text, found)
        return found

    def _day(self, text: str) -> int:
        found = self._days.get(text)
        if found is None:
            found = date.fromisoformat(text).toordinal()
            _remember(self._days, text, found)
        return found


def _remember(known: dict[str, T], text: str, found: T) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[text] = found


# --- the distribution ----------------------------------------------------------------


def spread(timed: Iterable[Timed], over: int) -> Lateness:
    """Return how the days of facts are spread, for each event and for all.

    :param over: how many days a fact must be later than to be counted as ``over``.
    """
    events: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for fact in timed:
        events[fact.event][fact.days] += 1
    total: Counter[int] = Counter()
    for days in events.values():
        total.update(days)
    found = [_spread(event, days, over) for event, days in sorted(events.items())]
    return Lateness(found, _spread(None, total, over))


def _spread(event: str | None, days: Counter[int], over: int) -> Spread:
    return Spread(
        event,
        facts=days.total(),
        over=_between(days, over + 1, float("inf")),
        buckets={name: _between(days, low, high) for name, low, high in BUCKETS},
        median=nearest_rank(days, 50),
        p90=nearest_rank(days, 90),
        largest=max(days, default=None),
    )


def _between(days: Counter[int], low: float, high: float) -> int:
    return sum(facts for late, facts in days.items() if low <= late <= high)


def nearest_rank(days: Counter[int], percent: int) -> int | None:
    """Return the percentile by the nearest-rank method, always a number that is there.

    It is the smallest number of days that at least ``percent`` in a hundred of the
    facts do not exceed: of *n* facts in order, number ⌈*n* · percent / 100⌉. At 50 that
    is ``statistics.median_low``.

    :returns: None where there are no facts.
    """
    rank = -(-days.total() * percent // 100)
    reached = 0
    for late in sorted(days):
        reached += days[late]
        if reached >= rank:
            return late
    return None


# --- the list ------------------------------------------------------------------------


def listed(timed: Iterable[Timed], over: int) -> list[Timed]:
    """Return the facts later than so many days, the latest first, then by position."""
    found = [_kept(fact) for fact in timed if fact.days > over]
    found.sort(key=lambda fact: (-fact.days, fact.position))
    return found


def _kept(fact: Timed) -> Timed:
    """Return a fact to hold on to: texts that recur are held once."""
    return fact._replace(
        event=intern(fact.event),
        effective_on=intern(fact.effective_on),
        recorded_at=intern(fact.recorded_at),
        by=intern(fact.by),
    )


def offices_of(log: Log, basis: Basis) -> dict[str, str]:
    """Return the office that each SCR has at a basis.

    :raises FactDamagedError: what is kept cannot be read.
    """
    reading = _Reading(log, basis)
    offices: dict[str, str] = {}
    for position, topic, recorded_at, payload in log.narrow(0, basis.position):
        if topic not in _OFFICES:
            continue
        fields = fields_of(position, payload)
        try:
            visible = reading.timed(position, recorded_at, fields, "known") is not None
            if visible and "office" in fields:
                offices[fields["scr"]] = fields["office"]
        except _UNREADABLE as error:
            why = f"its office cannot be told ({type(error).__name__}: {error})"
            raise FactDamagedError(position, why) from None
    return offices


def as_rows(
    facts: Iterable[Timed], offices: Mapping[str, str]
) -> Iterator[dict[str, object]]:
    """Yield the members of an answer for facts of a list.

    :param offices: by SCR; an organization has none.
    """
    for fact in facts:
        yield {
            "days_late": fact.days,
            "position": fact.position,
            fact.subject: fact.id,
            "event": fact.event,
            "effective_on": fact.effective_on,
            "known_at": _written(fact.known_at),
            "claimed": fact.claimed,
            "recorded_at": _written(fact.recorded_at),
            "by": fact.by,
            "office": offices.get(fact.id) if fact.subject == "scr" else None,
        }


def _written(instant: str) -> str:
    return format_instant(datetime.fromisoformat(instant))
