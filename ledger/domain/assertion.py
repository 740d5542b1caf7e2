"""Standing assertions along their stream: which fact may follow.

The same rules decide before a fact is appended and judge it when it is verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ledger.domain.events import Asserted, Withdrawn
from ledger.errors import (
    AlreadyWithdrawnError,
    HeadMovedError,
    NoSuchAssertionError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.domain.events import AssertionEvent

SAME = (
    "measure",
    "version",
    "fiscal_year",
    "value",
    "bound",
    "instant",
    "pinned",
    "by",
)
"""Two assertions that agree in these are the same claim by the same author."""


def refuse(held: Mapping[int, bool], fact: AssertionEvent, head: int) -> None:
    """Refuse a fact that may not follow.

    :param held: the positions of all assertions, and whether each stands.
    :param head: the last position before the fact.
    :raises HeadMovedError: a claim was not proved at the head, or where it is pinned.
    :raises NoSuchAssertionError: there is nothing at that position to withdraw.
    :raises AlreadyWithdrawnError: it was withdrawn before.
    """
    match fact:
        case Asserted():
            due = head if fact.pinned is None else fact.pinned
            if fact.proved_position != due or due > head:
                raise HeadMovedError(fact.proved_position, head)
        case Withdrawn():
            if fact.assertion not in held:
                raise NoSuchAssertionError(fact.assertion)
            if not held[fact.assertion]:
                raise AlreadyWithdrawnError(fact.assertion)
        case _:
            assert_never(fact)


def after(fact: AssertionEvent, position: int) -> tuple[int, bool]:
    """Return which assertion a fact is about, and whether that stands after it."""
    match fact:
        case Asserted():
            return position, True
        case Withdrawn():
            return fact.assertion, False
        case _:
            assert_never(fact)


def is_same(one: AssertionEvent, other: Asserted) -> bool:
    """Whether two assertions are the same claim by the same author."""
    return isinstance(one, Asserted) and all(
        getattr(one, name) == getattr(other, name) for name in SAME
    )
