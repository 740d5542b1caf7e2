"""Recommendations: decided against what is recorded of each, and appended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import claimed_days, recommendation
from ledger.domain.events import (
    Closed,
    Completed,
    Recommended,
    Responded,
    Scheduled,
    payload_of,
)
from ledger.errors import HeadMovedError
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ledger.domain.events import RecommendationEvent
    from ledger.store.sqlite import Appending


class Decided(NamedTuple):
    """What came of one fact about a recommendation."""

    fact: RecommendationEvent
    position: int | None
    """Where it stands, or would stand; None if the same was the last one recorded."""


def append(
    appending: Appending, fact: RecommendationEvent, zone: ZoneInfo, head: int | None
) -> Decided:
    """Decide a fact against what is recorded of its recommendation, and append it.

    The last fact again adds nothing, nor does the recommendation itself.

    :param head: the last position that a check was computed at; None: there is none.
    :raises HeadMovedError: the log has grown since.
    :raises LedgerError: a rule of ``ledger.domain.recommendation`` or of claimed
        days.
    """
    recorded = _recorded(appending, fact.stream)
    for old in (*recorded[:1], *recorded[-1:]):
        if recommendation.is_same(old, fact):
            return Decided(old, None)
    if head is not None and appending.head != head:
        raise HeadMovedError(head, appending.head)
    held: recommendation.Standing | None = None
    for old in recorded:
        held = recommendation.evolve(held, old)
    recommendation.refuse(held, fact)
    if fact.event in claimed_days.FIELDS:
        claimed = getattr(fact, claimed_days.FIELDS[fact.event])
        claimed_days.refuse(fact.event, claimed, appending.moment, zone)
    if recorded:
        first = recorded[0]
        assert isinstance(first, Recommended)  # Nothing else comes first.
        recommendation.refuse_days(first, fact)
    version = len(recorded) + 1
    stored = StoredEvent(fact.stream, version, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Decided(fact, position)


def _recorded(appending: Appending, stream: str) -> list[RecommendationEvent]:
    found: list[RecommendationEvent] = []
    for topic, payload, _ in appending.stream(stream):
        fact = fact_of(stream, topic, payload)
        assert isinstance(
            fact, Recommended | Responded | Scheduled | Completed | Closed
        )
        found.append(fact)
    return found
