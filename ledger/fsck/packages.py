"""Correction packages, and the facts that an agreement brings, on replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import package as packages
from ledger.domain.events import Agreed, Proposed
from ledger.errors import LedgerError
from ledger.fsck.found import Finding
from ledger.fsck.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.events import (
        Event,
        PackageEvent,
    )


class Packages(State):
    """Holds packages against their state, and facts against packages."""

    def _package(
        self, position: int, fact: PackageEvent, recorded_at: str
    ) -> Iterator[Finding]:
        held = self._packages.get(fact.package)
        lengths: dict[str, int] = {}
        if held is not None:
            streams = packages.touched(held.content)
            lengths = {stream: self._versions[stream] for stream in streams}
        two = fact.four_eyes if isinstance(fact, Agreed) else True
        try:
            packages.refuse(held, fact, lengths, four_eyes=two)
            if isinstance(fact, Agreed) and held is not None:
                packages.refuse_strangers(self._people, held)
            content = packages.said_of(held, fact)
            if content is not None and content.findings is not None:
                sample = self._samples.get(content.findings.sample)
                packages.refuse_unfounded(fact.package, content, sample)
        except LedgerError as error:
            yield Finding(position, "package", str(error))
            if held is None and not isinstance(fact, Proposed):
                return
        self._packages[fact.package] = packages.evolve(held, fact)
        if isinstance(fact, Agreed):
            assert held is not None
            said = {"by": held.proposer, "correction": held.id}
            self.due.extend({**item, **said} for item in held.content.items)
            if fact.four_eyes != self._people.four_eyes:
                why = "it does not say whether two people were asked for then"
                yield Finding(position, "package", why)
            self._due_at = recorded_at
            if fact.facts != len(held.content.items):
                why = f"it brings {len(held.content.items)} facts, not {fact.facts}"
                yield Finding(position, "package", why)

    def _is_due(
        self, position: int, fact: Event, recorded_at: str
    ) -> Iterator[Finding]:
        """Compare a fact with the one that an agreement before it brings here."""
        if not self.due:
            return
        due = self.due.popleft()
        said = fact.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"recorded_by"}
        )
        if said != due or recorded_at != self._due_at:
            self.due.clear()
            why = f"what package {due['correction']} brings here is another fact"
            yield Finding(position, "package", why)
