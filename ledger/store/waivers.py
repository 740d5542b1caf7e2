"""Waivers: that an SCR's failure of a validation rule is let pass until a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain.events import WAIVERS_STREAM, Waived, payload_of
from ledger.errors import NoSuchScrError
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.store.sqlite import Appending


class Decided(NamedTuple):
    """What came of waiving."""

    fact: Waived
    position: int | None
    """Where it stands; None if it was recorded already."""
    moment: datetime
    """When it was decided."""


def append(appending: Appending, fact: Waived) -> Decided:
    """Append a waiver of an SCR that is filed; the one that holds adds nothing.

    :raises NoSuchScrError: there is no such SCR.
    """
    if not appending.stream(f"scr/{fact.scr}"):
        raise NoSuchScrError(fact.scr)
    held = [
        fact_of(WAIVERS_STREAM, topic, payload)
        for topic, payload, _ in appending.stream(WAIVERS_STREAM)
    ]
    said = (fact.rule, fact.scr)
    for last in reversed(held):
        assert isinstance(last, Waived)
        if (last.rule, last.scr) == said:
            # Who ran the command says nothing about what is waived.
            aside = {"run_by"}
            if last.model_dump(exclude=aside) == fact.model_dump(exclude=aside):
                return Decided(last, None, appending.moment)
            break
    stored = StoredEvent(WAIVERS_STREAM, len(held) + 1, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Decided(fact, position, appending.moment)
