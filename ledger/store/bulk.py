"""Import: a file of facts, checked line by line and recorded in one transaction."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import scr as scrs
from ledger.domain import subject as subjects
from ledger.domain.events import (
    OrganizationFact,
    ScrFact,
    Unreadable,
    parse_line,
    payload_of,
)
from ledger.domain.fiscal import format_instant
from ledger.domain.organization import Organization
from ledger.errors import (
    KnownEarlierError,
    KnownLaterError,
    NotFiledError,
    OutOfOrderError,
    RuleError,
    UnknownOutcomeError,
)
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    from ledger.domain.events import CaseEvent
    from ledger.store.sqlite import Appending

BATCH = 5_000
FAULTS_LISTED = 100


class Fault(NamedTuple):
    """One thing wrong with one line of a file."""

    line: int
    field: str
    rule: str


class Totals(NamedTuple):
    """What an import found and added."""

    rows: int
    added: dict[str, int]
    already_recorded: int
    anomalies: dict[str, int]

    @property
    def new(self) -> int:
        """How many facts it added."""
        return sum(self.added.values())


class _Stream:
    """What is known about one subject while a file is read."""

    __slots__ = ("first_new", "known", "matcher", "state", "unread", "version")

    def __init__(self) -> None:
        self.state: subjects.Subject | None = None
        self.version = 0
        self.known: datetime | None = None
        self.matcher: _Matcher | None = None
        self.first_new: int | None = None
        self.unread: set[str] = set()


class Loader:
    """Takes the lines of one file in order, and appends those that are new.

    Faults do not stop it, so that all of a file's faults are found; the caller
    rolls the transaction back when there are any.
    """

    def __init__(
        self, appending: Appending, zone: ZoneInfo, *, source: str | None = None
    ) -> None:
        self.appending = appending
        self.zone = zone
        self.source = source
        self.moment = appending.moment
        self.faults: list[Fault] = []
        self.fault_count = 0
        self.rows = 0
        self.matched = 0
        self.added: Counter[str] = Counter()
        self.anomalies: Counter[str] = Counter()
        # A ledger that holds only its identity has no streams to look up.
        self._empty = appending.head <= 1
        self._streams: dict[str, _Stream] = {}
        self._pending: list[StoredEvent] = []

    def load(self, lines: Iterable[tuple[int, bytes]]) -> Totals:
        """Read numbered lines; return what was found. Faults are in ``faults``."""
        for number, line in lines:
            self.rows += 1
            self._line(number, line)
            if len(self._pending) >= BATCH:
                self._flush()
        self._flush()
        return Totals(self.rows, dict(self.added), self.matched, dict(self.anomalies))

    def _line(self, number: int, line: bytes) -> None:
        try:
            fact = parse_line(line)
        except Unreadable as error:
            for field, rule in error.faults:
                self._fault(number, field, rule)
            self._remember_unread(line)
            return
        stream = self._stream(fact.stream)
        known = fact.known_at or self.moment
        try:
            if self._already_recorded(stream, fact, known, number):
                return
            self._decide(stream, fact, known)
        except RuleError as error:
            if not _follows_from_unread(error, stream):
                self._fault(number, error.field, str(error))
            return
        self._append(stream, fact, known)

    def _already_recorded(
        self, stream: _Stream, fact: CaseEvent, known: datetime, number: int
    ) -> bool:
        if stream.matcher is not None and stream.matcher.take(fact, known):
            if stream.first_new is not None:
                raise OutOfOrderError(fact.subject, stream.first_new)
            self.matched += 1
            return True
        if stream.first_new is None:
            stream.first_new = number
        return False

    def _decide(self, stream: _Stream, fact: CaseEvent, known: datetime) -> None:
        if known > self.moment:
            raise KnownLaterError(format_instant(known), format_instant(self.moment))
        if stream.known is not None and known < stream.known:
            raise KnownEarlierError(
                fact.subject, format_instant(known), format_instant(stream.known)
            )
        subjects.refuse(stream.state, fact, self._leads_to)

    def _append(self, stream: _Stream, fact: CaseEvent, known: datetime) -> None:
        if isinstance(fact, ScrFact):
            assert not isinstance(stream.state, Organization)
            for rule in scrs.anomalies(
                stream.state,
                fact,
                known_on=self._day(known, fact.effective_on),
                exists=self._is_filed,
            ):
                self.anomalies[rule] += 1
        elif fact.effective_on > self._day(known, fact.effective_on):
            self.anomalies["effective-after-known"] += 1
        stream.state = subjects.evolve(stream.state, fact)
        stream.version += 1
        stream.known = known
        self.added[fact.event] += 1
        if self.source is not None and fact.source is None:
            fact = fact.model_copy(update={"source": self.source})
        self._pending.append(
            StoredEvent(fact.stream, stream.version, fact.topic, payload_of(fact))
        )

    def _day(self, known: datetime, effective_on: date) -> date:
        # Between any two offsets the day of an instant differs by less than three; for
        # what took effect earlier than that, the day of any of them tells the same.
        if effective_on.toordinal() < known.toordinal() - 3:
            return known.date()
        return known.astimezone(self.zone).date()

    def _flush(self) -> None:
        if self._pending and not self.fault_count:
            self.appending.put(self._pending)
        self._pending.clear()

    def _fault(self, line: int, field: str, rule: str) -> None:
        self.fault_count += 1
        if len(self.faults) < FAULTS_LISTED:
            self.faults.append(Fault(line, field, rule))

    # --- what is recorded already --------------------------------------------

    def _stream(self, name: str) -> _Stream:
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = _Stream()
            if not self._empty:
                self._recall(found, name)
        return found

    def _recall(self, stream: _Stream, name: str) -> None:
        recorded = [
            (fact, fact.known_at or datetime.fromisoformat(recorded_at))
            for fact, recorded_at in self._facts(name)
        ]
        for fact, known in recorded:
            stream.state = subjects.evolve(stream.state, fact)
            stream.known = known
        stream.version = len(recorded)
        if recorded:
            stream.matcher = _Matcher(recorded)

    def _facts(self, name: str) -> Iterator[tuple[CaseEvent, str]]:
        for topic, payload, recorded_at in self.appending.stream(name):
            fact = fact_of(name, topic, payload)
            assert isinstance(fact, ScrFact | OrganizationFact)
            yield fact, recorded_at

    def _leads_to(self, name: str) -> str | None:
        """Follow a duplicate or a merger from a stream, ``scr/…`` or another."""
        return subjects.leads_to(self._stream(name).state)

    def _is_filed(self, scr: str) -> bool:
        return self._stream(f"scr/{scr}").state is not None

    def _remember_unread(self, line: bytes) -> None:
        subject = _subject_of(line)
        if subject is not None:
            stream, event = subject
            self._stream(stream).unread.add(event)


class _Matcher:
    """Finds the lines of a file among the recorded facts of one subject, in order.

    A line matches the first fact after the previous match that is equal in all
    fields but ``source``, and ``known_at`` where the line gives none.
    """

    def __init__(self, recorded: list[tuple[CaseEvent, datetime]]) -> None:
        self._next = 0
        self._places: dict[bytes, list[int]] = defaultdict(list)
        self._known = [known for _, known in recorded]
        for place, (fact, _) in enumerate(recorded):
            self._places[_key(fact)].append(place)

    def take(self, fact: CaseEvent, known: datetime) -> bool:
        """Whether the line is already recorded; if so, its fact is used up."""
        for place in self._places.get(_key(fact), ()):
            if place < self._next:
                continue
            if fact.known_at is None or self._known[place] == known:
                self._next = place + 1
                return True
        return False


def _key(fact: CaseEvent) -> bytes:
    return fact.__pydantic_serializer__.to_json(
        fact, exclude_none=True, exclude={"source", "known_at", "recorded_by"}
    )


def _follows_from_unread(error: RuleError, stream: _Stream) -> bool:
    """Whether the fault may only be that an earlier line could not be read."""
    if isinstance(error, NotFiledError):
        return "filed" in stream.unread
    if isinstance(error, UnknownOutcomeError):
        return bool(stream.unread & {"disrupted", "dismantled"})
    return False


def _subject_of(line: bytes) -> tuple[str, str] | None:
    """Return stream and event of a line that is no fact, if it at least names them."""
    try:
        fields = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    match fields:
        case {"scr": str(scr), "event": str(event)}:
            return f"scr/{scr}", event
        case _:
            return None
