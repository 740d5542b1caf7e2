"""Resource requests: decided against what is recorded of each, and appended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import claimed_days, request
from ledger.domain.events import Cited, Declined, Requested, payload_of
from ledger.domain.fiscal import days_in
from ledger.errors import HeadMovedError
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from ledger.domain.events import RequestEvent
    from ledger.store.sqlite import Appending


class Decided(NamedTuple):
    """What came of one fact about a request."""

    fact: RequestEvent
    position: int | None
    """Where it stands, or would stand; None if the same is recorded already."""


def append(
    appending: Appending,
    facts: Iterable[RequestEvent],
    zone: ZoneInfo,
    head: int | None,
) -> list[Decided]:
    """Decide facts about requests one after another, and append them, all or none.

    The append is open, so nothing can come between what proved a citation and the
    citation.

    :param head: the last position that proofs rest on; None: there are no proofs.
    :raises HeadMovedError: the log has grown since.
    :raises LedgerError: a rule of ``ledger.domain.request`` or of claimed days.
    """
    if head is not None and appending.head != head:
        raise HeadMovedError(head, appending.head)
    return [_append(appending, fact, zone) for fact in facts]


def _append(appending: Appending, fact: RequestEvent, zone: ZoneInfo) -> Decided:
    recorded = _recorded(appending, fact.stream)
    for old in recorded:
        if request.is_same(old, fact):
            return Decided(old, None)
    held: request.Standing | None = None
    for old in recorded:
        held = request.evolve(held, old)
    request.refuse(held, fact)
    claimed = getattr(fact, claimed_days.FIELDS[fact.event])
    claimed_days.refuse(fact.event, claimed, appending.moment, zone)
    if recorded and not isinstance(fact, Requested):
        first = recorded[0]
        assert isinstance(first, Requested)  # Nothing else comes first.
        request.refuse_days(first, fact, days_in(zone.key))
    version = len(recorded) + 1
    stored = StoredEvent(fact.stream, version, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Decided(fact, position)


def _recorded(appending: Appending, stream: str) -> list[RequestEvent]:
    found: list[RequestEvent] = []
    for topic, payload, _ in appending.stream(stream):
        fact = fact_of(stream, topic, payload)
        assert isinstance(fact, Requested | Cited | Declined)
        found.append(fact)
    return found
