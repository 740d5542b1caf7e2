"""What is recorded about one subject: its facts, and how it stands after them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import subject as subjects
from ledger.domain.events import OrganizationFact, ScrFact
from ledger.errors import LogDamagedError, RuleError
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from ledger.domain.events import CaseEvent
    from ledger.store.sqlite import Appending


class Recalled(NamedTuple):
    """A subject as the log has it while an append is open."""

    state: subjects.Subject | None
    facts: list[tuple[CaseEvent, datetime]]
    """Each with the instant it was known, in stream order."""

    @property
    def known(self) -> datetime | None:
        """When the last fact was known."""
        return self.facts[-1][1] if self.facts else None


def recall(appending: Appending, stream: str) -> Recalled:
    """Read a stream back and fold it.

    :raises LogDamagedError: what is stored there are not facts of that stream.
    """
    state: subjects.Subject | None = None
    facts: list[tuple[CaseEvent, datetime]] = []
    for topic, payload, recorded_at in appending.stream(stream):
        fact = fact_of(stream, topic, payload)
        assert isinstance(fact, ScrFact | OrganizationFact)
        facts.append((fact, fact.known_at or datetime.fromisoformat(recorded_at)))
        try:
            state = subjects.evolve(state, fact)
        except RuleError as error:
            why = f"the facts of {stream} cannot follow each other ({error})"
            raise LogDamagedError(why) from None
    return Recalled(state, facts)
