"""Import: a file of facts, checked line by line and recorded in one transaction."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import scr as scrs
from ledger.domain import subject as subjects
from ledger.domain.events import (
    ScrFact,
    Unreadable,
    is_id,
    parse_line,
    payload_of,
)
from ledger.domain.fiscal import format_instant
from ledger.domain.organization import Organization
from ledger.errors import (
    AlreadyMergedError,
    KnownEarlierError,
    KnownLaterError,
    NotFiledError,
    NotMergedError,
    NotVoidedError,
    OutOfOrderError,
    RuleError,
    UnknownOutcomeError,
    VoidedError,
)
from ledger.store import taxonomies
from ledger.store.streams import recall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from ledger.domain.events import CaseEvent
    from ledger.store.sqlite import Appending, Placed
    from ledger.store.streams import Recalled

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
    set_aside: int = 0

    @property
    def new(self) -> int:
        """How many facts it added."""
        return sum(self.added.values())


class Faults:
    """What is wrong with a file: the first hundred in file order, and how many."""

    def __init__(self) -> None:
        self.listed: list[Fault] = []
        self.count = 0

    def add(self, fault: Fault) -> None:
        """Add a fault of the line that is being read."""
        self.count += 1
        if len(self.listed) < FAULTS_LISTED:
            self.listed.append(fault)

    def put_back(self, fault: Fault, *, instead: bool) -> None:
        """Add a fault of an earlier line; ``instead`` of the one it has."""
        if instead:
            self.count -= 1
            self.listed = [held for held in self.listed if held.line != fault.line]
        self.count += 1
        insort(self.listed, fault)
        del self.listed[FAULTS_LISTED:]


class Unread(NamedTuple):
    """A row of a table of which some cells could not be read."""

    text: bytes
    """The others, as a line."""
    faults: tuple[tuple[str, str], ...]
    """Field and rule of each cell that could not."""


class LeftOut(NamedTuple):
    """What of a file is set aside: whole subjects that have a refused line."""

    streams: frozenset[str]
    faults: Mapping[int, list[Fault]]


class Aside(NamedTuple):
    """One line that is set aside, with its subject and what is wrong with it.

    A line has no faults if it only shares its subject with one that has.
    """

    number: int
    line: bytes
    stream: str
    faults: tuple[Fault, ...]


_NONE_FRESH: dict[int, bool] = {}
"""Of all subjects without a matcher: nothing is ever added."""


class _Stream:
    """What is known about one subject while a file is read."""

    __slots__ = ("fresh", "known", "matcher", "name", "recalled", "state", "version")

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: subjects.Subject | None = None
        self.version = 0
        self.known: datetime | None = None
        self.matcher: _Matcher | None = None
        self.recalled: Recalled | None = None
        # Of a subject with recorded facts: the lines after the last one that was
        # recorded already, and whether each has a fault.
        self.fresh = _NONE_FRESH

    def take_up(self, recalled: Recalled) -> None:
        """Go on from what is recorded."""
        self.state = recalled.state
        self.version = len(recalled.facts)
        self.known = recalled.known


class Loader:
    """Takes the lines of one file in order, and appends those that are new.

    Faults do not stop it, so that all of a file's faults are found; the caller
    rolls the transaction back when there are any.

    :param matching: whether a line may be one that is recorded already; False takes
        every line as new.
    :param left_out: the subjects whose lines are not taken.
    :param set_aside: told of those lines.
    """

    def __init__(  # noqa: PLR0913 - all but two are keywords
        self,
        appending: Appending,
        zone: ZoneInfo,
        *,
        source: str | None = None,
        matching: bool = True,
        left_out: LeftOut | None = None,
        set_aside: Callable[[Aside], None] = lambda _: None,
    ) -> None:
        self.appending = appending
        self.zone = zone
        self.source = source
        self.matching = matching
        self.left_out = left_out or LeftOut(frozenset(), {})
        self.set_aside = set_aside
        self.moment = appending.moment
        self.faults = Faults()
        self.nameless = Faults()
        """Those of lines that name no subject."""
        self.refused: set[str] = set()
        """The streams with a refused line."""
        self.rows = 0
        self.matched = 0
        self.added: Counter[str] = Counter()
        self.anomalies: Counter[str] = Counter()
        # A ledger that holds only its identity has no streams to look up.
        self._empty = appending.head <= 1
        self._categories = taxonomies.categories(appending)
        self._streams: dict[str, _Stream] = {}
        self._missed: dict[str, set[_Missed]] = defaultdict(set)
        self._pending: list[Placed] = []
        # When the last fact that was taken was known, and the day of that.
        self._last_known = self.moment
        self._last_day = self.moment.astimezone(zone).date()

    def load(self, lines: Iterable[tuple[int, bytes | Unread]]) -> Totals:
        """Read numbered lines; return what was found. Faults are in ``faults``."""
        for number, line in lines:
            self.rows += 1
            self._line(number, line)
            if len(self._pending) >= BATCH:
                self._flush()
        self._flush()
        return Totals(
            self.rows,
            dict(self.added),
            self.matched,
            dict(self.anomalies),
            len(self.left_out.streams),
        )

    def _line(self, number: int, line: bytes | Unread) -> None:
        if isinstance(line, Unread):
            self._unread(number, *line)
            return
        try:
            fact = parse_line(line)
        except Unreadable as error:
            self._unread(number, line, error.faults)
            return
        name = fact.stream
        if name in self.left_out.streams:
            self._leave_out(number, line, name)
            return
        stream = self._stream(name)
        known = fact.known_at or self.moment
        if known == self._last_known:  # As neighbours often are: see `_decide`, `_day`.
            known = self._last_known
        if stream.matcher is not None and self._already_recorded(
            stream, stream.matcher, fact, known, number
        ):
            self.matched += 1
            return
        try:
            self._decide(stream, fact, known)
        except RuleError as error:
            self._refuse(stream, fact, number, error)
            return
        self._append(stream, fact, known)

    def _unread(
        self, number: int, line: bytes, faults: tuple[tuple[str, str], ...]
    ) -> None:
        name, missed = _said_by(line)
        if any(
            field == "scr" or field == (name or "").split("/")[0] for field, _ in faults
        ):
            # What it says of its subject is at fault: it may be about another.
            name = None
        if name in self.left_out.streams:
            self._leave_out(number, line, name)
            return
        for field, rule in faults:
            self.faults.add(Fault(number, field, rule))
            if name is None:
                self.nameless.add(Fault(number, field, rule))
        if name is not None:
            self.refused.add(name)
        self._miss(name, missed)

    def _leave_out(self, number: int, line: bytes, stream: str) -> None:
        faults = tuple(self.left_out.faults.get(number, ()))
        self.set_aside(Aside(number, line, stream, faults))

    def _already_recorded(
        self,
        stream: _Stream,
        matcher: _Matcher,
        fact: CaseEvent,
        known: datetime,
        number: int,
    ) -> bool:
        if not matcher.take(fact, known):
            stream.fresh[number] = False
            return False
        # Now the lines before this one are known to be out of order: they were
        # decided against what comes after them, so nothing else is said of them.
        error = OutOfOrderError(fact.subject, number)
        if stream.fresh:
            self.refused.add(fact.stream)
            assert stream.recalled is not None  # Something was recorded of it.
            stream.take_up(stream.recalled)
        for earlier, at_fault in stream.fresh.items():
            fault = Fault(earlier, error.field, str(error))
            self.faults.put_back(fault, instead=at_fault)
        stream.fresh.clear()
        return True

    def _refuse(
        self, stream: _Stream, fact: CaseEvent, number: int, error: RuleError
    ) -> None:
        self.refused.add(fact.stream)
        outcome = getattr(fact, "outcome", None)
        if not _only_follows(error, outcome, self._missed.get(fact.stream, set())):
            self.faults.add(Fault(number, error.field, str(error)))
            if number in stream.fresh:
                stream.fresh[number] = True
        self._miss(fact.stream, _Missed(fact.event, outcome))

    def _miss(self, stream: str | None, missed: _Missed) -> None:
        """Remember what a refused line would have established."""
        if stream is not None:
            self._missed[stream].add(missed)

    def _decide(self, stream: _Stream, fact: CaseEvent, known: datetime) -> None:
        if known is not self._last_known and known > self.moment:
            raise KnownLaterError(format_instant(known), format_instant(self.moment))
        before = stream.known
        if before is not None and known < before:
            raise KnownEarlierError(
                fact.subject, format_instant(known), format_instant(before)
            )
        subjects.refuse(stream.state, fact, self._leads_to)

    def _append(self, stream: _Stream, fact: CaseEvent, known: datetime) -> None:
        if isinstance(fact, ScrFact):
            assert not isinstance(stream.state, Organization)
            for rule in scrs.anomalies(
                stream.state,
                fact,
                known_on=self._day(known),
                exists=self._is_filed,
                categories=self._categories,
            ):
                self.anomalies[rule] += 1
        elif fact.effective_on > self._day(known):
            self.anomalies["effective-after-known"] += 1
        stream.state = subjects.evolve(stream.state, fact)
        stream.version += 1
        stream.known = known
        self.added[fact.event] += 1
        if self._missed and (opposite := _OPPOSITES.get(fact.event)):
            self._missed[stream.name].discard(_Missed(opposite, None))
        if self.source is not None and fact.source is None:
            fact = fact.model_copy(update={"source": self.source})
        self._pending.append(
            (stream.name, stream.version, fact.topic, payload_of(fact))
        )

    def _day(self, known: datetime) -> date:
        """Return the day on which a fact that may be taken was known."""
        if known is not self._last_known:
            self._last_known = known
            self._last_day = known.astimezone(self.zone).date()
        return self._last_day

    def _flush(self) -> None:
        if self._pending and not self.faults.count:
            self.appending.put_placed(self._pending)
        self._pending = []

    # --- what is recorded already --------------------------------------------

    def _stream(self, name: str) -> _Stream:
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = _Stream(name)
            if not self._empty:
                self._recall(found, name)
        return found

    def _recall(self, stream: _Stream, name: str) -> None:
        recalled = recall(self.appending, name)
        if recalled.facts:
            stream.recalled = recalled
            stream.take_up(recalled)
            if self.matching:
                stream.fresh = {}
                stream.matcher = _Matcher(recalled.facts)

    def _leads_to(self, name: str) -> str | None:
        """Follow a duplicate or a merger from a stream, ``scr/…`` or another."""
        return subjects.leads_to(self._stream(name).state)

    def _is_filed(self, scr: str) -> bool:
        return self._stream(f"scr/{scr}").state is not None


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
        places = self._places.get(_key(fact), [])
        for place in places[bisect_left(places, self._next) :]:
            if fact.known_at is None or self._known[place] == known:
                self._next = place + 1
                return True
        return False


def _key(fact: CaseEvent) -> bytes:
    return fact.__pydantic_serializer__.to_json(
        fact, exclude_none=True, exclude={"source", "known_at", "recorded_by"}
    )


class _Missed(NamedTuple):
    """What a refused line would have established about its subject."""

    event: str
    outcome: str | None
    """None also for an outcome that cannot be read: it may be any."""


# What may be missing where a rule says that something is (docs/decisions/0010).
_ESTABLISHED_BY: dict[type[RuleError], tuple[str, ...]] = {
    NotFiledError: ("filed",),
    UnknownOutcomeError: ("disrupted", "dismantled"),
    VoidedError: ("reinstated",),
    NotVoidedError: ("voided",),
    AlreadyMergedError: ("unmerged",),
    NotMergedError: ("merged",),
}
_OPPOSITES = {
    "voided": "reinstated",
    "reinstated": "voided",
    "merged": "unmerged",
    "unmerged": "merged",
}
_ABOUT_AN_OUTCOME = ("disrupted", "dismantled")


def _only_follows(error: RuleError, outcome: str | None, missed: set[_Missed]) -> bool:
    """Whether the fault may only be that an earlier line was refused."""
    events = _ESTABLISHED_BY.get(type(error), ())
    return any(
        held.event in events
        and (held.event not in _ABOUT_AN_OUTCOME or held.outcome in (None, outcome))
        for held in missed
    )


class _Pairs(list[tuple[str, object]]):
    """A JSON object as it was written: its keys in order, even those given twice."""


def _said_by(line: bytes) -> tuple[str | None, _Missed]:
    """Return stream and event of a line that is no fact, if it at least names them."""
    nothing = None, _Missed("", None)
    try:
        pairs = json.loads(
            line.decode(), parse_int=lambda _: 0, object_pairs_hook=_Pairs
        )
    except (ValueError, RecursionError):
        return nothing
    if not isinstance(pairs, _Pairs):
        return nothing
    fields = dict(pairs)
    if sum(key in ("scr", "organization") for key, _ in pairs) != len(
        fields.keys() & {"scr", "organization"}
    ):
        return nothing  # A subject is given twice.
    event = fields.get("event")
    missed = _Missed(event if isinstance(event, str) else "", None)
    match fields:
        case {"scr": str(scr)} if is_id(scr):
            outcome = fields.get("outcome")
            about = outcome if is_id(outcome) else None
            return f"scr/{scr}", missed._replace(outcome=about)
        case {"organization": str(name)} if "scr" not in fields and is_id(name):
            return f"organization/{name}", missed
        case _:
            return nothing
