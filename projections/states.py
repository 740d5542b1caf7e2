"""How a subject stood before a fact and after it, and what differs.

Within one subject both clocks run the same way, so how it stood is a fold of a prefix
of its stream, whichever clock the history is walked by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import scr as scrs
from ledger.domain.events import (
    Defined,
    OrganizationFact,
    Retired,
    ScrFact,
    Unreadable,
    parse_stored,
)
from ledger.domain.organization import Organization
from ledger.domain.organization import evolve as evolve_organization
from ledger.errors import FactDamagedError, RuleError
from projections.history import described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger.domain.events import Event
    from ledger.reader import Log, Row

    Held = scrs.Scr | Organization | Defined | None
    State = dict[str, object]


class Change(NamedTuple):
    """What one fact made of its subject."""

    before: State | None
    """None where there was nothing; as `scr show` says it of an SCR."""
    after: State | None
    """None also of what has no state: imports, and the ledger itself."""


class Subjects:
    """Every subject that facts were told of, as it stands.

    A subject that is met first in the middle of its history is read up to there.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._held: dict[str, Held] = {}

    def take(self, row: Row) -> Change:
        """Take the next fact of its subject; return what it changed.

        :raises FactDamagedError: what is kept of it cannot be read.
        """
        if row.stream not in self._held:
            self._held[row.stream] = _before(self._log, row)
        before = self._held[row.stream]
        after = self._held[row.stream] = _evolve(before, row)
        return Change(_described(before), _described(after))


def change(log: Log, row: Row) -> Change:
    """Return what a fact changed, read from its stream alone.

    :raises FactDamagedError: what is kept of one of its facts cannot be read.
    """
    return Subjects(log).take(row)


def _before(log: Log, row: Row) -> Held:
    held: Held = None
    for earlier in log.stream(row.stream, row.position - 1):
        held = _evolve(held, earlier)
    return held


def _evolve(held: Held, row: Row) -> Held:
    try:
        return _fold(held, parse_stored(row.topic, row.payload))
    except (Unreadable, RuleError) as error:
        raise FactDamagedError(row.position, str(error)) from None


def _fold(held: Held, fact: Event) -> Held:
    match fact:
        case ScrFact():
            assert held is None or isinstance(held, scrs.Scr)
            return scrs.evolve(held, fact)
        case OrganizationFact():
            assert held is None or isinstance(held, Organization)
            return evolve_organization(held, fact)
        case Defined():
            return fact
        case Retired():
            return None
        case _:
            return held


def _described(held: Held) -> State | None:
    match held:
        case scrs.Scr():
            return described(held)
        case Organization():
            return {"into": held.into}
        case Defined():
            return {"version": held.version, "hash": held.hash}
        case None:
            return None


# --- what differs ------------------------------------------------------------------


class Difference(NamedTuple):
    """One thing that a fact changed."""

    name: str
    """``category``, ``D1 on``."""
    before: str | None
    after: str | None


def differences(made: Change) -> list[Difference]:
    """Return what differs, in the order in which a state is told."""
    was, is_now = (_flat(state or {}) for state in made)
    return [
        Difference(name, was.get(name), is_now.get(name))
        for name in dict.fromkeys([*was, *is_now])
        if was.get(name) != is_now.get(name)
    ]


def _flat(state: Mapping[str, object]) -> dict[str, str | None]:
    """Return a state as names and words."""
    return dict(_pairs(state))


def _pairs(state: Mapping[str, object]) -> Iterator[tuple[str, str | None]]:
    for name, value in state.items():
        if isinstance(value, list):
            for number, part in enumerate(value, 1):
                label = part.get("outcome") or f"determination {number}"
                for key, held in part.items():
                    if key != "outcome":
                        yield f"{label} {key}", _word(held)
        else:
            yield name, _word(value)


def _word(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)
