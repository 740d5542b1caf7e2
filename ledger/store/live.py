"""One live fact: decided against what is recorded, and appended, under one lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import scr as scrs
from ledger.domain import subject as subjects
from ledger.domain.events import ScrFact, Unreadable, parse_fields, payload_of
from ledger.domain.package import is_name
from ledger.errors import (
    AnomalyError,
    CommandIdTakenError,
    FieldError,
    PackagesOwnError,
)
from ledger.store import taxonomies
from ledger.store.streams import recall

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from ledger.domain.events import CaseEvent
    from ledger.store.sqlite import Appending
    from ledger.store.streams import Recalled


class Recorded(NamedTuple):
    """What came of a live command."""

    fact: CaseEvent
    position: int | None
    """Where it stands; None for one that was already recorded, or only rehearsed."""
    already: bool
    anomalies: tuple[str, ...]


def record(
    appending: Appending,
    zone: ZoneInfo,
    fields: Mapping[str, str],
    *,
    account: str,
) -> Recorded:
    """Decide one fact against the state of its subject, and append it.

    The append is open, so nobody else can write between the decision and the fact.

    :param fields: as in a line of a file, without ``known_at``; ``effective_on`` may
        be left out: the day of recording in the ledger's zone.
    :param account: who runs the command, kept apart from ``by``.
    :raises RuleError: the fact may not follow what is recorded.
    :raises AnomalyError: it departs from a rule, and no reason forces it.
    :raises CommandIdTakenError: its ``command_id`` belongs to another fact.
    :raises FieldError: a value is not what its field takes.
    """
    if is_name(fields.get("correction", "")):
        raise PackagesOwnError
    today = appending.moment.astimezone(zone).date()
    fact = _fact({"effective_on": today.isoformat(), **fields}, account)
    recalled = recall(appending, fact.stream)
    if _is_repeated(fact, recalled, fields):
        return Recorded(fact, None, already=True, anomalies=())
    subjects.refuse(
        recalled.state,
        fact,
        lambda name: subjects.leads_to(recall(appending, name).state),
    )
    found = tuple(
        anomalies(
            fact,
            recalled.state,
            today,
            exists=lambda name: recall(appending, f"scr/{name}").state is not None,
            categories=taxonomies.categories(appending),
        )
    )
    if found and fact.forced is None:
        raise AnomalyError([scrs.ANOMALIES[rule] for rule in found])
    version = len(recalled.facts) + 1
    stored = StoredEvent(fact.stream, version, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Recorded(fact, position, already=False, anomalies=found)


def _fact(fields: Mapping[str, str], account: str) -> CaseEvent:
    for field in ("known_at", "recorded_by"):
        if field in fields:
            raise FieldError(field, "is set by the ledger on a live command")
    try:
        return parse_fields({**fields, "recorded_by": account})
    except Unreadable as error:
        field, rule = error.faults[0]
        raise FieldError(field, rule) from None


def _is_repeated(
    fact: CaseEvent, recalled: Recalled, fields: Mapping[str, str]
) -> bool:
    """Whether a fact with this command id is there; it must say the same."""
    if fact.command_id is None:
        return False
    # A day that was not given is the day of recording, another one each time.
    aside = {"recorded_by"} | ({"effective_on"} - fields.keys())
    for held, _ in recalled.facts:
        if held.command_id == fact.command_id:
            if held.model_dump(exclude=aside) != fact.model_dump(exclude=aside):
                raise CommandIdTakenError(fact.command_id, held.event, held.subject)
            return True
    return False


def anomalies(
    fact: CaseEvent,
    state: subjects.Subject | None,
    today: date,
    *,
    exists: Callable[[str], bool],
    categories: Container[str] | None,
) -> list[str]:
    """Return the rules that a fact departs from, which is known today.

    :param state: how its subject stands before it.
    :param exists: whether there is an SCR of that id.
    :param categories: those of the taxonomy; None where none is loaded.
    """
    if isinstance(fact, ScrFact):
        assert state is None or isinstance(state, scrs.Scr)
        return list(
            scrs.anomalies(
                state, fact, known_on=today, exists=exists, categories=categories
            )
        )
    return ["effective-after-known"] if fact.effective_on > today else []
