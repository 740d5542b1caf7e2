"""A resource request along its stream: which fact may follow.

The same rules decide before a fact is appended and judge it when it is verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from ledger.domain.events import Cited, Declined, Requested
from ledger.errors import CitesAlreadyError, NoSuchRequestError, RequestTakenError

if TYPE_CHECKING:
    from ledger.domain.events import RequestEvent

_ASIDE = {"by", "run_by", "proved_position", "proved_root"}
"""Who said it, and what proved it then, do not make another fact of it."""


class Standing(NamedTuple):
    """What is recorded of a request."""

    cites: bool = False
    """Whether it cites SCR data."""


def refuse(held: Standing | None, fact: RequestEvent) -> None:
    """Refuse a fact that may not follow.

    :param held: what is recorded of the request; None: nothing.
    :raises RequestTakenError: it is recorded already.
    :raises NoSuchRequestError: it is not recorded.
    :raises CitesAlreadyError: it cites SCR data, so there is nothing to decline.
    """
    match fact:
        case Requested():
            if held is not None:
                raise RequestTakenError(fact.request)
        case Cited() | Declined():
            if held is None:
                raise NoSuchRequestError(fact.request)
            if held.cites and isinstance(fact, Declined):
                raise CitesAlreadyError(fact.request)
        case _:
            assert_never(fact)


def evolve(held: Standing | None, fact: RequestEvent) -> Standing:
    """Return what a fact makes of a request."""
    match fact:
        case Requested():
            return Standing()
        case Cited():
            return Standing(cites=True)
        case Declined():
            return held or Standing()
        case _:
            assert_never(fact)


def is_same(one: RequestEvent, other: RequestEvent) -> bool:
    """Whether two facts say the same, whoever said it and whatever proved it."""
    return type(one) is type(other) and (
        one.model_dump(exclude=_ASIDE) == other.model_dump(exclude=_ASIDE)
    )
