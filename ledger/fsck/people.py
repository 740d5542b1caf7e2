"""Whether whoever acted may: persons, accounts and roles, on replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import people as persons
from ledger.domain.events import (
    Granted,
    Imported,
    Joined,
    Opened,
    Revoked,
)
from ledger.errors import (
    LedgerError,
)
from ledger.fsck.found import Finding
from ledger.fsck.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.events import (
        LedgerEvent,
        PersonEvent,
    )


class People(State):
    """Holds facts against who there is at their position."""

    def _who(self, position: int, fact: LedgerEvent) -> Iterator[Finding]:
        if isinstance(fact, Opened):
            self._people = self._people._replace(solo=fact.solo is True)
        elif isinstance(fact, Joined | Granted | Revoked):
            yield from self._person(position, fact)
        elif not isinstance(fact, Imported):
            yield from self._permitted(position, fact.event, fact.by, fact.run_by)

    def _permitted(
        self, position: int, act: str, by: str, account: str
    ) -> Iterator[Finding]:
        try:
            persons.permit(self._people, act, by, account)
        except LedgerError as error:
            yield Finding(position, "people", str(error))

    def _person(self, position: int, fact: PersonEvent) -> Iterator[Finding]:
        account = fact.account if isinstance(fact, Joined) else None
        role = None if isinstance(fact, Joined) else fact.role
        said = (fact.event, fact.person, fact.by, fact.run_by, account, role)
        change = persons.Change(*said)
        try:
            persons.refuse(self._people, change)
        except LedgerError as error:
            yield Finding(position, "people", str(error))
        self._people = persons.evolve(self._people, change)
