"""Correction packages: decided, and carried out, under one lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import package as packages
from ledger.domain import scr as scrs
from ledger.domain import subject as subjects
from ledger.domain.events import (
    CASE_CLASSES,
    Agreed,
    Amended,
    Proposed,
    Recalled,
    Rejected,
    Unreadable,
    parse_fields,
    payload_of,
)
from ledger.domain.people import normal
from ledger.errors import (
    FaultyPackageError,
    NoSuchPackageError,
    NotAnAuthorError,
    RuleError,
    SelfApprovalError,
)
from ledger.store import people, samples, taxonomies
from ledger.store.codec import fact_of
from ledger.store.live import anomalies
from ledger.store.streams import recall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from ledger.domain.events import CaseEvent, PackageBody, PackageEvent
    from ledger.store.sqlite import Appending

MOST_FAULTS = 100
_OURS = ("known_at", "by", "correction", "recorded_by", "command_id")
_BY_EVENT = {cls.topic.partition(".")[2].partition("/")[0]: cls for cls in CASE_CLASSES}


class Decided(NamedTuple):
    """What came of proposing, amending, agreeing, rejecting or recalling."""

    package: str
    position: int
    """Where the decision stands, or would stand."""
    facts: int
    """How many case facts were recorded behind it."""


def completed(
    items: Iterable[Mapping[str, str]], *, today: date, reason: str
) -> list[dict[str, str]]:
    """Return items with what they leave out: the day, and the package's reason."""
    found = []
    for item in items:
        cls = _BY_EVENT.get(item.get("event", ""))
        takes = cls is not None and "reason" in cls.model_fields
        said = {**item}
        said.setdefault("effective_on", today.isoformat())
        if takes:
            said.setdefault("reason", reason)
        found.append(said)
    return found


def next_id(appending: Appending) -> str:
    """Return the id of the next package."""
    held = appending.streams(packages.PREFIX)
    numbers = (int(stream.removeprefix(f"{packages.PREFIX}C-")) for stream in held)
    return f"C-{max(numbers, default=0) + 1}"


def held(appending: Appending, package: str) -> packages.Package:
    """Return a package as it stands.

    :raises NoSuchPackageError: there is none.
    """
    found, _ = _held(appending, package)
    if found is None:
        raise NoSuchPackageError(package)
    return found


def findings_of(appending: Appending, package: str) -> dict[str, str] | None:
    """Return the findings that a package was proposed from, if from any.

    :raises NoSuchPackageError: there is none.
    """
    content = held(appending, package).content
    return None if content.findings is None else content.findings.model_dump()


def _held(appending: Appending, package: str) -> tuple[packages.Package | None, int]:
    stream = f"{packages.PREFIX}{package}"
    found: packages.Package | None = None
    rows = appending.stream(stream)
    for topic, payload, _ in rows:
        fact = fact_of(stream, topic, payload)
        assert isinstance(fact, Proposed | Amended | Agreed | Rejected | Recalled)
        found = packages.evolve(found, fact)
    return found, len(rows)


def append(
    appending: Appending, zone: ZoneInfo, fact: PackageEvent, *, account: str
) -> Decided:
    """Decide a fact about a package and append it; agreement brings its case facts.

    :raises LedgerError: a rule of ``ledger.domain.package``, or of who may do what.
    :raises FaultyPackageError: an item cannot be recorded, with every fault.
    """
    standing, length = _held(appending, fact.package)
    lengths: dict[str, int] = {}
    if standing is not None:
        lengths = lengths_of(appending, standing.content)
    two = people.four_eyes(appending)
    others: list[str] = []
    if isinstance(fact, Agreed | Rejected) and standing is not None:
        known = people.recorded(appending)
        others = packages.approvers(known, standing)
        if isinstance(fact, Agreed):
            packages.refuse_strangers(known, standing)
    _who(fact, standing, others, two=two)
    packages.refuse(standing, fact, lengths, four_eyes=two, approvers=others)
    said = packages.said_of(standing, fact)
    if said is not None and said.findings is not None:
        sample, _ = samples.recalled(appending, said.findings.sample)
        packages.refuse_unfounded(fact.package, said, sample)
    stored = [StoredEvent(fact.stream, length + 1, fact.topic, payload_of(fact))]
    count = 0
    if isinstance(fact, Proposed | Amended):
        items = fact.content.items
        facts_of(appending, zone, fact.package, items, fact.by, account=account)
    elif isinstance(fact, Agreed):
        assert standing is not None
        placed = facts_of(
            appending,
            zone,
            standing.id,
            standing.content.items,
            standing.proposer,
            account=account,
        )
        stored += placed
        count = len(placed)
    position = appending.put(stored)[0]
    return Decided(fact.package, position, count)


def _who(
    fact: PackageEvent,
    standing: packages.Package | None,
    others: Sequence[str],
    *,
    two: bool,
) -> None:
    """Refuse an author who rejects, and another one who recalls.

    :raises RefusedError: by its name.
    """
    authors = () if standing is None else standing.authors
    named = {normal(name) for name in authors}
    if not two:
        return
    if isinstance(fact, Rejected) and normal(fact.by) in named:
        raise SelfApprovalError(fact.package, fact.by, authors, others)
    if isinstance(fact, Recalled) and authors and normal(fact.by) not in named:
        raise NotAnAuthorError(fact.package, fact.by, authors)


def lengths_of(appending: Appending, content: PackageBody) -> dict[str, int]:
    """Return how many facts each stream has that a package touches."""
    return {
        stream: len(appending.positions(stream)) for stream in packages.touched(content)
    }


# --- its facts ------------------------------------------------------------------------


class _Subjects:
    """How subjects stand while the items of a package follow one another."""

    def __init__(self, appending: Appending) -> None:
        self._appending = appending
        self._states: dict[str, subjects.Subject | None] = {}
        self._lengths: dict[str, int] = {}

    def state(self, stream: str) -> subjects.Subject | None:
        """Return how a subject stands."""
        if stream not in self._states:
            recalled = recall(self._appending, stream)
            self._states[stream] = recalled.state
            self._lengths[stream] = len(recalled.facts)
        return self._states[stream]

    def take(self, fact: CaseEvent) -> StoredEvent:
        """Let a fact follow, and return its row."""
        self._states[fact.stream] = subjects.evolve(self.state(fact.stream), fact)
        self._lengths[fact.stream] += 1
        version = self._lengths[fact.stream]
        return StoredEvent(fact.stream, version, fact.topic, payload_of(fact))


def facts_of(  # noqa: PLR0913 - what each fact is made of
    appending: Appending,
    zone: ZoneInfo,
    package: str,
    items: Iterable[Mapping[str, str]],
    by: str,
    *,
    account: str,
) -> list[StoredEvent]:
    """Return the case facts of a package, decided one after another.

    :param items: as in its content, completed.

    :raises FaultyPackageError: some cannot be recorded, with every fault.
    """
    moment = _Subjects(appending)
    today = appending.moment.astimezone(zone).date()
    stored: list[StoredEvent] = []
    faults: list[str] = []
    for number, item in enumerate(items, 1):
        said = {**item, "by": by, "correction": package, "recorded_by": account}
        wrong = list(_wrong(item))
        fact: CaseEvent | None = None
        if not wrong:
            try:
                fact = parse_fields(said)
                wrong = list(_refused(moment, appending, fact, today))
            except Unreadable as error:
                wrong = list(error.faults)
        if fact is None or wrong:
            about = item.get("scr") or item.get("organization") or ""
            faults += [f"item {number}: {about}: {f}: {rule}" for f, rule in wrong]
        else:
            stored.append(moment.take(fact))
    if faults:
        listed = tuple(faults[:MOST_FAULTS])
        raise FaultyPackageError(package, listed, len(faults))
    return stored


def _wrong(item: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if item.get("event") not in packages.EVENTS:
        known = ", ".join(packages.EVENTS)
        yield "event", f"is none a package brings; there are {known}"
    for field in _OURS:
        if field in item:
            yield field, "is set by the ledger in a package"


def _refused(
    moment: _Subjects, appending: Appending, fact: CaseEvent, today: date
) -> Iterator[tuple[str, str]]:
    state = moment.state(fact.stream)
    try:
        subjects.refuse(state, fact, lambda name: subjects.leads_to(moment.state(name)))
    except RuleError as error:
        yield "event", str(error)
        return
    if fact.forced is not None:
        return
    for rule in anomalies(
        fact,
        state,
        today,
        exists=lambda name: moment.state(f"scr/{name}") is not None,
        categories=taxonomies.categories(appending),
    ):
        yield "event", f"{scrs.ANOMALIES[rule]}; say why in `forced` if it is so"
