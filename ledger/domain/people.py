"""People: who there is, whose account is whose, which roles they hold, who may do what.

A person is named by an id, and every way of writing that id is the same person. The
rules are those of docs/people.md; they decide before a fact is appended, and judge it
when it is verified. This module is on the path of questions, so it knows no pydantic:
a fact about a person comes as a :class:`Change`.
"""

from __future__ import annotations

import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from ledger.domain.corrections import CORRECTIONS
from ledger.errors import (
    AccountOfAnotherError,
    AccountTakenError,
    DirectCorrectionError,
    ImpersonationError,
    LacksRoleError,
    LastSupervisorError,
    NoSuchPersonError,
    NotAPersonError,
    PersonTakenError,
    RoleHeldError,
    RoleNotHeldError,
    SoloLedgerError,
    UnnamableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STREAM = "people"

Role = Literal[
    "agent", "supervisor", "panel", "corrector", "approver", "publisher", "auditor"
]
ROLES: tuple[Role, ...] = get_args(Role)

What = Literal["joined", "granted", "revoked"]
Identity = Literal["bound", "asserted", "unknown"]
"""How an act is tied to who is said to have done it: by the account on record; by no
more than a name; or the name is of no person at all."""

_FIELD_WORK: tuple[Role, ...] = ("agent", "supervisor")
_PANEL: tuple[Role, ...] = ("panel",)
_CLAIMS: tuple[Role, ...] = ("auditor", "supervisor", "publisher")
_MEASURES: tuple[Role, ...] = ("supervisor", "publisher")
_SIGNERS: tuple[Role, ...] = ("supervisor", "publisher")
_SUPERVISOR: tuple[Role, ...] = ("supervisor",)
_AUDITOR: tuple[Role, ...] = ("auditor",)
_CORRECTOR: tuple[Role, ...] = ("corrector",)
_APPROVER: tuple[Role, ...] = ("approver",)

ACTS: Mapping[str, tuple[Role, ...]] = MappingProxyType(
    {
        "filed": _FIELD_WORK,
        "classified": _FIELD_WORK,
        "determined": _FIELD_WORK,
        "disrupted": _FIELD_WORK,
        "dismantled": _FIELD_WORK,
        "transferred": _FIELD_WORK,
        "reopened": _FIELD_WORK,
        "approved": _PANEL,
        "returned": _PANEL,
        "published": ("publisher",),
        "retracted": ("publisher",),
        "marked": _CLAIMS,
        "asserted": _CLAIMS,
        "withdrawn": _CLAIMS,
        "defined": _MEASURES,
        "retired": _MEASURES,
        "categorized": _SUPERVISOR,
        "waived": _SUPERVISOR,
        "proposed": _CORRECTOR,
        "amended": _CORRECTOR,
        "agreed": _APPROVER,
        "rejected": _APPROVER,
        "requested": _FIELD_WORK,
        "cited": _FIELD_WORK,
        "declined": _FIELD_WORK,
        "recommended": _AUDITOR,
        "responded": _SUPERVISOR,
        "scheduled": _SUPERVISOR,
        "completed": _SUPERVISOR,
        "closed": _AUDITOR,
        "framed": _AUDITOR,
        "drawn": _AUDITOR,
        "spared": _AUDITOR,
        "examined": _AUDITOR,
        "settled": _AUDITOR,
        "recalled": (*_CORRECTOR, *_APPROVER),
        "keyed": _SIGNERS,
        "distrusted": _SIGNERS,
        "checkpointed": _SIGNERS,
        "restored": _SUPERVISOR,
        "entrusted": _SIGNERS,
        "cosigned": _CLAIMS,
        "summarized": ("publisher",),
    }
)
"""Which of the roles an act takes, by the event it records, while four eyes are on."""

PROPOSED_ONLY = frozenset((*CORRECTIONS, "merged"))
"""What nobody records directly while four eyes are on: a merger corrects nothing that
was said, and yet moves figures of every year."""

NEEDED: tuple[Role, ...] = ("corrector", "approver")
"""The roles without which nothing is corrected."""


class Change(NamedTuple):
    """A fact about a person, and who recorded it."""

    event: What
    person: str
    by: str
    run_by: str
    account: str | None = None
    """Of ``joined``: the operating-system account that is the person's."""
    role: Role | None = None
    """Of ``granted`` and ``revoked``."""


class Person(NamedTuple):
    """One person as the facts have it."""

    id: str
    normal: str
    account: str | None = None
    roles: frozenset[Role] = frozenset()


class People(NamedTuple):
    """All persons of a ledger, by the normal form of their ids."""

    persons: Mapping[str, Person] = MappingProxyType({})
    solo: bool = False
    """Whether the ledger was made to be one person's, for ever."""

    @property
    def four_eyes(self) -> bool:
        """Whether roles are asked for: somebody was added, and it is not solo."""
        return bool(self.persons) and not self.solo

    def find(self, name: str) -> Person | None:
        """Return the person of a name, however it is written."""
        return self.persons.get(normal(name))

    def holders(self, roles: Iterable[Role]) -> list[str]:
        """Return the ids of those who hold one of some roles, in order of joining."""
        asked = frozenset(roles)
        return [one.id for one in self.persons.values() if one.roles & asked]


class Decided(NamedTuple):
    """What came of adding a person, or of granting or revoking roles."""

    person: str
    account: str | None
    positions: dict[str, int]
    """What was recorded: `joined`, or a role, and its position."""
    already: tuple[str, ...]
    """What was recorded already, named the same way."""
    first: bool
    """Whether four eyes are on by this, and were not before."""
    vacant: tuple[Role, ...]
    """The roles that corrections need and that nobody holds any more by this."""


def normal(name: str) -> str:
    """Return the one form of all ways to write a name; of none, the empty text.

    Compatibility forms are composed (Unicode NFKC), case is folded, and only letters
    and digits are kept.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = "".join(char for char in folded if char.isalnum())
    # Folding can make what composes again; what is folded twice stays as it is.
    return kept if kept == name else normal(kept)


def evolve(people: People, change: Change) -> People:
    """Return the people after a fact; it never argues."""
    key = normal(change.person)
    held = people.persons.get(key) or Person(change.person, key)
    roles = frozenset(() if change.role is None else (change.role,))
    match change.event:
        case "joined":
            after = held._replace(id=change.person, account=change.account)
        case "granted":
            after = held._replace(roles=held.roles | roles)
        case "revoked":
            after = held._replace(roles=held.roles - roles)
    return people._replace(persons=MappingProxyType({**people.persons, key: after}))


def refuse(people: People, change: Change) -> None:
    """Refuse a fact that may not follow.

    Once somebody is a supervisor, only a supervisor records one.

    :raises PeopleError: the rule it breaks.
    :raises NoSuchPersonError: it is about nobody who joined.
    """
    if people.solo:
        raise SoloLedgerError
    if people.holders(_SUPERVISOR):
        actor(people, change.by, change.run_by, _SUPERVISOR)
    elif (person := people.find(change.by)) is not None:
        _refuse_another(people, person, change.by, change.run_by, _SUPERVISOR)
    if change.event == "joined":
        _refuse_joining(people, change)
        return
    held = people.find(change.person)
    if held is None or held.id != change.person:
        raise NoSuchPersonError(change.person)
    assert change.role is not None  # The other two events have one.
    if change.event == "granted":
        if change.role in held.roles:
            raise RoleHeldError(held.id, change.role)
        return
    if change.role not in held.roles:
        raise RoleNotHeldError(held.id, change.role)
    if change.role == "supervisor" and people.holders(_SUPERVISOR) == [held.id]:
        raise LastSupervisorError(held.id)


def _refuse_joining(people: People, change: Change) -> None:
    if not normal(change.person):
        raise UnnamableError(change.person)
    if (taken := people.find(change.person)) is not None:
        raise PersonTakenError(change.person, taken.id)
    if change.account is not None:
        owner = owner_of(people, change.account)
        if owner is None and change.account == change.run_by:
            # Else who adds a person would be locked out by that very fact.
            owner = people.find(change.by)
        if owner is not None:
            raise AccountTakenError(change.account, owner.id)


def owner_of(people: People, account: str) -> Person | None:
    """Return the person whose account it is."""
    every = people.persons.values()
    return next((one for one in every if one.account == account), None)


def permit(people: People, act: str, by: str, account: str) -> str:
    """Return the id of who does something, if that person may.

    Where four eyes are off everybody may, and ``by`` comes back as it is.

    :param act: the event that is to be recorded.
    :raises PeopleError: the rule it breaks; it says who may.
    """
    if not people.four_eyes:
        return by
    if act in PROPOSED_ONLY:
        raise DirectCorrectionError(act, people.holders(("corrector",)))
    if act not in ACTS:
        return by
    return actor(people, by, account, ACTS[act]).id


def actor(people: People, by: str, account: str, roles: Sequence[Role]) -> Person:
    """Return the person who acts, if it is that person and holds one of the roles.

    :param account: who runs the command; if it is on record as somebody's, it acts for
        nobody else.
    :param roles: none: any person may.
    :raises PeopleError: the rule it breaks; it says who may.
    """
    person = people.find(by)
    if person is None:
        raise NotAPersonError(by, roles, people.holders(roles or ROLES))
    _refuse_another(people, person, by, account, roles)
    if roles and person.roles.isdisjoint(roles):
        raise LacksRoleError(person.id, roles, people.holders(roles))
    return person


def _refuse_another(
    people: People, person: Person, by: str, account: str, roles: Sequence[Role]
) -> None:
    """Refuse an account that is known not to be the person's."""
    may = people.holders(roles or ROLES)
    if person.account not in (None, account):
        raise ImpersonationError(by, account, roles, may)
    owner = owner_of(people, account)
    if owner not in (None, person):
        assert owner is not None
        raise AccountOfAnotherError(by, account, owner.id, roles, may)


def identity_of(people: People, by: str, run_by: str) -> Identity:
    """Return how an act is tied to who is said to have done it."""
    person = people.find(by)
    if person is None:
        return "unknown"
    return "bound" if person.account == run_by else "asserted"
