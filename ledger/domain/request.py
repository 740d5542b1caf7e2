"""A resource request along its stream: which fact may follow.

The same rules decide before a fact is appended and judge it when it is verified.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, assert_never

from ledger.domain import claimed_days
from ledger.domain.events import Cited, Declined, Requested
from ledger.errors import CitesAlreadyError, NoSuchRequestError, RequestTakenError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from ledger.domain.events import RequestEvent

_ASIDE = {"by", "run_by", "proved_position", "proved_root"}
"""Who said it, and what proved it then, do not make another fact of it."""

_MOMENT = timedelta(microseconds=1)


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


def refuse_days(
    requested: Requested, fact: Cited | Declined, day_of: Callable[[datetime], date]
) -> None:
    """Refuse to append a fact that claims a day before what it is about, or rests on.

    Facts that stand are not judged by it.

    :param day_of: tells the day of an instant in the ledger's zone.
    :raises DayTooEarlyError: that of the request, or of the cut-off of what it cites.
    """
    field = claimed_days.FIELDS[fact.event]
    claimed: date | None = getattr(fact, field)
    if requested.submitted_on is not None:
        what = "the day the request was submitted"
        claimed_days.refuse_earlier(field, claimed, requested.submitted_on, what)
    if isinstance(fact, Cited) and fact.instant is not None:
        refuse_unknown(claimed, fact.bound, fact.instant, day_of)


def refuse_unknown(
    cited_on: date | None,
    bound: str,
    instant: datetime,
    day_of: Callable[[datetime], date],
) -> None:
    """Refuse a day of citing on which what is cited was not known yet.

    :param instant: the cut-off it is cited at.
    :param day_of: tells the day of an instant in the ledger's zone.
    :raises DayTooEarlyError: it is before the day of the cut-off.
    """
    known = instant - _MOMENT if bound == "before" else instant
    what = "the day of the cut-off of what it cites"
    claimed_days.refuse_earlier("cited_on", cited_on, day_of(known), what)


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
