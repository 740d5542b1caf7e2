"""Who there is, who holds which role, and how an act is tied to who did it.

All of it at a position: a role that is granted later says nothing of an earlier act.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import people as persons
from ledger.domain.fiscal import format_instant
from ledger.domain.people import ROLES, STREAM, Change, Identity, People, Person
from ledger.errors import FactDamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log, Row


class Listed(NamedTuple):
    """A person, since when, and who said so."""

    person: Person
    position: int
    recorded_at: str
    by: str
    identity: Identity
    """How the adding is tied to who did it."""


def people(log: Log, upto: int | None = None) -> People:
    """Return the people as they are after a position; left out: the head.

    :raises FactDamagedError: what is kept is no fact about a person.
    """
    found = People(solo=log.identity.solo)
    for _, change in _changes(log, upto):
        found = persons.evolve(found, change)
    return found


def four_eyes(log: Log, upto: int | None = None) -> bool:
    """Whether roles are asked for after a position; left out: the head."""
    return people(log, upto).four_eyes


def identity(log: Log, by: str, run_by: str, upto: int) -> Identity:
    """Return how an act is tied to who is said to have done it.

    :param run_by: the account that ran the command.
    :param upto: the position at which it was recorded.
    """
    return persons.identity_of(people(log, upto), by, run_by)


def listed(log: Log, upto: int | None = None) -> list[Listed]:
    """Return all persons as they are after a position, in the order of joining."""
    now = people(log, upto)
    before = People(solo=now.solo)
    found: list[Listed] = []
    for row, change in _changes(log, upto):
        if change.event == "joined" and before.find(change.person) is None:
            held = now.find(change.person)
            assert held is not None  # Nobody leaves.
            found.append(
                Listed(
                    held,
                    row.position,
                    format_instant(datetime.fromisoformat(row.recorded_at)),
                    change.by,
                    persons.identity_of(before, change.by, change.run_by),
                )
            )
        before = persons.evolve(before, change)
    return found


def _changes(log: Log, upto: int | None) -> Iterator[tuple[Row, Change]]:
    for row in log.stream(STREAM, log.head if upto is None else upto):
        yield row, _change(row)


def _change(row: Row) -> Change:
    try:
        found = _said(json.loads(row.payload))
    except (ValueError, RecursionError):
        found = None
    if found is None:
        raise FactDamagedError(row.position, "it is no fact of a person")
    return found


def _said(fields: object) -> Change | None:
    """Return what a fact says of a person; nothing in it is believed."""
    match fields:
        case {
            "event": "joined",
            "person": str(person),
            "by": str(by),
            "run_by": str(run_by),
            **rest,
        }:
            account = rest.get("account")
            if account is None or isinstance(account, str):
                return Change("joined", person, by, run_by, account)
        case {
            "event": ("granted" | "revoked") as event,
            "person": str(person),
            "by": str(by),
            "run_by": str(run_by),
            "role": role,
        } if role in ROLES:
            return Change(event, person, by, run_by, role=role)
    return None


def as_json(one: Listed) -> dict[str, object]:
    """Return what an answer says of a person."""
    held = one.person
    return {
        "person": held.id,
        "roles": [role for role in ROLES if role in held.roles],
        "account": held.account,
        "identity": "asserted" if held.account is None else "bound",
        "since": one.recorded_at,
        "position": one.position,
        "by": one.by,
        "by_identity": one.identity,
    }
