"""Requests, citations and recommendations, on replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import claimed_days
from ledger.domain import recommendation as recommendations
from ledger.domain import request as requests
from ledger.domain.claim import named
from ledger.domain.events import (
    Cited,
    Closed,
    RecommendationEvent,
    RequestEvent,
)
from ledger.errors import (
    LedgerError,
)
from ledger.fsck.found import Finding
from ledger.fsck.state import State, instant_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Answering(State):
    """Holds what requesters and auditors were told against the log."""

    def _request(
        self, position: int, fact: RequestEvent, recorded_at: str
    ) -> Iterator[Finding]:
        held = self._requests.get(fact.request)
        try:
            requests.refuse(held, fact)
            self._claimed_day(fact, recorded_at)
        except LedgerError as error:
            yield Finding(position, "request", str(error))
        self._requests[fact.request] = requests.evolve(held, fact)
        if not isinstance(fact, Cited):
            return
        self.proofs.append(
            (position, fact.proved_position, fact.proved_root, "request")
        )
        if fact.proved_position >= position:
            why = "it was proved at a position that was not there"
            yield Finding(position, "request", why)
        for scr in fact.scrs or ():
            if f"scr/{scr}" not in self._states:
                why = f"it cites {scr}, which is not filed before it"
                yield Finding(position, "request", why)
        figure = fact.figure
        if figure is None:
            return
        version = self._definitions.get((figure.measure, figure.definition_hash))
        if version is None or figure.version not in (None, version):
            name = named(figure.measure, figure.version)
            why = f"no definition of {name} before it has the hash it names"
            yield Finding(position, "request", why)

    def _recommendation(
        self, position: int, fact: RecommendationEvent, recorded_at: str
    ) -> Iterator[Finding]:
        held = self._recommendations.get(fact.recommendation)
        try:
            recommendations.refuse(held, fact)
            self._claimed_day(fact, recorded_at)
        except LedgerError as error:
            yield Finding(position, "recommendation", str(error))
        self._recommendations[fact.recommendation] = recommendations.evolve(held, fact)
        if not isinstance(fact, Closed):
            return
        if held is not None and held.check != fact.check:
            why = "it was closed by another check than its own"
            yield Finding(position, "recommendation", why)
        if fact.proved_position is not None and fact.proved_root is not None:
            proof = (fact.proved_position, fact.proved_root)
            self.proofs.append((position, *proof, "recommendation"))
            if fact.proved_position >= position:
                why = "its check was computed at a position that was not there"
                yield Finding(position, "recommendation", why)

    def _claimed_day(
        self, fact: RequestEvent | RecommendationEvent, recorded_at: str
    ) -> None:
        recorded = instant_of(recorded_at)
        field = claimed_days.FIELDS.get(fact.event)
        if field is not None and recorded is not None:  # Else it is a finding already.
            claimed_days.refuse(fact.event, getattr(fact, field), recorded, self._zone)
