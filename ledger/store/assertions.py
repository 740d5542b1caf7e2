"""Standing assertions: a claim or a withdrawal, decided and appended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import assertion as assertions
from ledger.domain.events import ASSERTIONS_STREAM, Asserted, Withdrawn, payload_of
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from ledger.domain.events import AssertionEvent
    from ledger.store.sqlite import Appending


class Decided(NamedTuple):
    """What came of asserting or withdrawing."""

    fact: AssertionEvent
    position: int
    """Where it stands, or would stand."""
    already: bool


def append(appending: Appending, fact: AssertionEvent) -> Decided:
    """Decide a claim or a withdrawal against what is recorded, and append it.

    The append is open, so nothing can come between the proof of a claim and the claim:
    if the log has grown since, it is refused. The same claim that its author has
    standing already adds nothing.

    :raises LedgerError: a rule of ``ledger.domain.assertion``.
    """
    recorded = _recorded(appending)
    held = dict(assertions.after(old, position) for position, old in recorded)
    if isinstance(fact, Asserted):
        for position, old in recorded:
            if held.get(position) and assertions.is_same(old, fact):
                return Decided(old, position, already=True)
    assertions.refuse(held, fact, appending.head)
    version = len(recorded) + 1
    stored = StoredEvent(ASSERTIONS_STREAM, version, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Decided(fact, position, already=False)


def _recorded(appending: Appending) -> list[tuple[int, AssertionEvent]]:
    """Return all facts of the stream, each with its position."""
    found: list[tuple[int, AssertionEvent]] = []
    positions = appending.positions(ASSERTIONS_STREAM)
    rows = appending.stream(ASSERTIONS_STREAM)
    for position, (topic, payload, _) in zip(positions, rows, strict=True):
        fact = fact_of(ASSERTIONS_STREAM, topic, payload)
        assert isinstance(fact, Asserted | Withdrawn)
        found.append((position, fact))
    return found
