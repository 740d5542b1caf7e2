"""A recommendation along its stream: which fact may follow, and how it stands.

The life cycle is that of audit follow-up: open and unresolved until the addressee
concurs with a plan and a day, open and resolved until it is closed
(docs/accountability.md). Nothing of it is stored; it follows from the facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from ledger.domain import claimed_days
from ledger.domain.events import (
    Closed,
    Completed,
    Recommended,
    Responded,
    Scheduled,
)
from ledger.errors import (
    ClosedAlreadyError,
    MilestoneCompletedError,
    NoSuchMilestoneError,
    NoSuchRecommendationError,
    RecommendationTakenError,
)

if TYPE_CHECKING:
    from datetime import date

    from ledger.domain.events import RecommendationEvent

_ASIDE = {"by", "run_by"}
_PROOF = {"check", "proved_position", "proved_root"}
"""Of a closing: its check is that of the recommendation, green wherever it was."""
_DAYS = ("responded_on", "scheduled_on", "completed_on", "due_on")


class Standing(NamedTuple):
    """What is recorded of a recommendation."""

    check: str | None
    closed: bool = False
    milestones: tuple[str, ...] = ()
    completed: tuple[str, ...] = ()


def refuse(held: Standing | None, fact: RecommendationEvent) -> None:
    """Refuse a fact that may not follow.

    :param held: what is recorded of the recommendation; None: nothing.
    :raises RecommendationTakenError: it is recorded already.
    :raises NoSuchRecommendationError: it is not recorded.
    :raises ClosedAlreadyError: nothing follows its closing.
    :raises NoSuchMilestoneError: it has no such milestone to complete.
    :raises MilestoneCompletedError: that one is completed.
    """
    if isinstance(fact, Recommended):
        if held is not None:
            raise RecommendationTakenError(fact.recommendation)
        return
    if held is None:
        raise NoSuchRecommendationError(fact.recommendation)
    if held.closed:
        raise ClosedAlreadyError(fact.recommendation)
    match fact:
        case Scheduled() | Completed():
            if fact.milestone in held.completed:
                raise MilestoneCompletedError(fact.recommendation, fact.milestone)
            if isinstance(fact, Completed) and fact.milestone not in held.milestones:
                raise NoSuchMilestoneError(fact.recommendation, fact.milestone)
        case Responded() | Closed():
            pass
        case _:
            assert_never(fact)


def refuse_days(recommended: Recommended, fact: RecommendationEvent) -> None:
    """Refuse to append a fact with a day before the recommendation was issued.

    Facts that stand are not judged by it.

    :raises DayTooEarlyError: nothing is said, due or done before that.
    """
    what = "the day the recommendation was issued"
    for field in _DAYS:
        day: date | None = getattr(fact, field, None)
        claimed_days.refuse_earlier(field, day, recommended.issued_on, what)


def evolve(held: Standing | None, fact: RecommendationEvent) -> Standing:
    """Return what a fact makes of a recommendation."""
    if isinstance(fact, Recommended):
        return Standing(fact.check)
    held = held or Standing(None)
    match fact:
        case Responded():
            return held
        case Scheduled():
            return held._replace(milestones=(*held.milestones, fact.milestone))
        case Completed():
            return held._replace(completed=(*held.completed, fact.milestone))
        case Closed():
            return held._replace(closed=True)
        case _:
            assert_never(fact)


def is_same(one: RecommendationEvent, other: RecommendationEvent) -> bool:
    """Whether two facts say the same, whoever said it and whatever proved it."""
    aside = _ASIDE | _PROOF if isinstance(one, Closed) else _ASIDE
    return type(one) is type(other) and (
        one.model_dump(exclude=aside) == other.model_dump(exclude=aside)
    )
