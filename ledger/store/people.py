"""People: facts about them decided and appended, and who may do what looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventsourcing.persistence import StoredEvent

from ledger.domain import people as persons
from ledger.domain.events import (
    LEDGER_STREAM,
    Granted,
    Joined,
    Opened,
    Revoked,
    payload_of,
)
from ledger.domain.people import NEEDED, STREAM, Change, Decided, People
from ledger.errors import LogDamagedError
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.domain.events import PersonEvent
    from ledger.store.sqlite import Appending


def append(appending: Appending, facts: Iterable[PersonEvent]) -> Decided:
    """Decide facts about one person, each against all before it; append all or none.

    A person, or a role, that is on record as asked adds nothing.

    :raises PeopleError: a rule of ``ledger.domain.people``.
    :raises NoSuchPersonError: the person was not added.
    """
    before = people = recorded(appending)
    version = len(appending.positions(STREAM))
    positions: dict[str, int] = {}
    already: list[str] = []
    person = ""
    for fact in facts:
        change = change_of(_as_on_record(people, fact))
        person, name = change.person, change.role or change.event
        if _is_held(people, change):
            already.append(name)
            continue
        persons.refuse(people, change)
        version += 1
        payload = payload_of(_as_on_record(people, fact))
        stored = StoredEvent(STREAM, version, fact.topic, payload)
        (positions[name],) = appending.put([stored])
        people = persons.evolve(people, change)
    held = people.find(person)
    return Decided(
        person,
        None if held is None else held.account,
        positions,
        tuple(already),
        people.four_eyes and not before.four_eyes,
        tuple(
            role
            for role in NEEDED
            if before.holders((role,)) and not people.holders((role,))
        ),
    )


def _as_on_record(people: People, fact: PersonEvent) -> PersonEvent:
    """Return a fact about roles with the person's id as it is on record."""
    held = people.find(fact.person)
    if held is None or isinstance(fact, Joined):
        return fact
    return fact.model_copy(update={"person": held.id})


def _is_held(people: People, change: Change) -> bool:
    held = people.find(change.person)
    if held is None or people.solo:
        return False
    if change.event == "joined":
        return (held.id, held.account) == (change.person, change.account)
    return change.event == "granted" and change.role in held.roles


def change_of(fact: PersonEvent) -> Change:
    """Return a fact as the rules see it."""
    account = fact.account if isinstance(fact, Joined) else None
    role = None if isinstance(fact, Joined) else fact.role
    return Change(fact.event, fact.person, fact.by, fact.run_by, account, role)


def recorded(appending: Appending) -> People:
    """Return the people as the log has them while an append is open."""
    people = People(solo=_solo(appending))
    for topic, payload, _ in appending.stream(STREAM):
        fact = fact_of(STREAM, topic, payload)
        assert isinstance(fact, Joined | Granted | Revoked)
        people = persons.evolve(people, change_of(fact))
    return people


def _solo(appending: Appending) -> bool:
    found = appending.stream(LEDGER_STREAM)
    if not found:
        why = "position 1 does not hold the ledger's identity"
        raise LogDamagedError(why)
    topic, payload, _ = found[0]
    opened = fact_of(LEDGER_STREAM, topic, payload)
    return isinstance(opened, Opened) and opened.solo is True


def four_eyes(appending: Appending) -> bool:
    """Whether roles are asked for: somebody was added, and the ledger is not solo."""
    # Most ledgers have nobody, and are asked this at every append.
    return bool(appending.positions(STREAM)) and recorded(appending).four_eyes


def permit(appending: Appending, act: str, by: str, account: str) -> str:
    """Return the id of who does something, as ``ledger.domain.people.ACTS`` allows.

    :param act: the event that is to be recorded.
    :raises PeopleError: the rule it breaks; it says who may.
    """
    if not four_eyes(appending):
        return by
    return persons.permit(recorded(appending), act, by, account)
