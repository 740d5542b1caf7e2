"""What a case fact is about: an SCR or an organization, each with its own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import organization as organizations
from ledger.domain import scr as scrs
from ledger.domain.events import ScrFact
from ledger.domain.organization import Organization
from ledger.domain.scr import Scr

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.domain.events import CaseEvent

Subject = Scr | Organization


def refuse(
    state: Subject | None, fact: CaseEvent, leads_to: Callable[[str], str | None]
) -> None:
    """Refuse a fact that may not follow what is recorded about its subject.

    :param leads_to: gives the id a stream (``scr/…``, ``organization/…``) leads to
        now, as a duplicate or by a merger, or None.
    :raises RuleError: the class names the rule.
    """
    if isinstance(fact, ScrFact):
        assert state is None or isinstance(state, Scr)
        scrs.refuse(state, fact, lambda name: leads_to(f"scr/{name}"))
    else:
        assert state is None or isinstance(state, Organization)
        organizations.refuse(state, fact, lambda name: leads_to(f"organization/{name}"))


def evolve(state: Subject | None, fact: CaseEvent) -> Subject:
    """Return what a fact makes of its subject."""
    if isinstance(fact, ScrFact):
        assert not isinstance(state, Organization)
        return scrs.evolve(state, fact)
    assert not isinstance(state, Scr)
    return organizations.evolve(state, fact)


def leads_to(state: Subject | None) -> str | None:
    """Return the id a subject leads to now, as a duplicate or by a merger."""
    match state:
        case Scr(duplicate_of=target) | Organization(into=target):
            return target
        case _:
            return None
