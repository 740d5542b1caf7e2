"""The rules of SCRs and organizations, on replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import subject as subjects
from ledger.errors import (
    RuleError,
)
from ledger.fsck.found import Finding
from ledger.fsck.people import People
from ledger.fsck.state import instant_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.events import (
        CaseEvent,
    )


class Cases(People):
    """Holds case facts against the subject they are about."""

    def _rules(
        self, position: int, fact: CaseEvent, recorded_at: str
    ) -> Iterator[Finding]:
        recorded = instant_of(recorded_at)
        known = fact.known_at or recorded
        stream = fact.stream
        if known is not None and recorded is not None and known > recorded:
            yield Finding(position, "rules", "it was known after it was recorded")
        if known is not None:
            if known < self._known.get(stream, known):
                why = "it was known before the previous fact of its subject"
                yield Finding(position, "rules", why)
            self._known[stream] = known
        try:
            subjects.refuse(self._states.get(stream), fact, self._leads_to)
            self._states[stream] = subjects.evolve(self._states.get(stream), fact)
        except RuleError as error:
            yield Finding(position, "rules", str(error))

    def _undue(self, position: int, fact: CaseEvent) -> Iterator[Finding]:
        """Look at who stands behind a fact that no package brings here.

        That is whoever recorded it; or a file brought it, which may bring anything.
        """
        if fact.recorded_by is not None:
            yield from self._permitted(position, fact.event, fact.by, fact.recorded_by)
        elif self._people.four_eyes:
            why = "no file and no package brought it, and nobody is said to have"
            self._stray(position, "people", why)
        if fact.correction in self._packages:
            why = "it says that it carries a package out, which did not bring it"
            self._stray(position, "package", why)
