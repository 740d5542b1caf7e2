"""Recommendations as they stand at a basis: status, due days, what is overdue.

Status and overdue follow from the facts and from the day of the basis; neither is
stored (docs/accountability.md).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.errors import FactDamagedError, NoSuchRecommendationError
from projections.knowing import Knowing
from projections.waivers import day_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.knowing import Known

Status = Literal["open unresolved", "open resolved", "closed"]

STATUSES: tuple[Status, ...] = ("open unresolved", "open resolved", "closed")
RESPONSE_DAYS = 90
"""DHS components answer a recommendation within 90 days (Directive 077-01)."""

PREFIX = "recommendation/"
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


class Response(NamedTuple):
    """What the addressee said."""

    position: int
    day: str
    by: str
    answer: str
    text: str
    due_on: str | None


class Milestone(NamedTuple):
    """A step on the way, and whether it is completed."""

    milestone: str
    due_on: str
    position: int
    completed_on: str | None = None


class Closing(NamedTuple):
    """When a recommendation was closed, and on what evidence."""

    position: int
    day: str
    by: str
    evidence: str
    check: str | None
    proof: tuple[int, str] | None
    """Of a check: the position and root it was green at."""


class Recommendation(NamedTuple):
    """A recommendation as it stands."""

    recommendation: str
    number: str | None
    report: str | None
    text: str
    addressee: str
    issued_on: str
    check: str | None
    position: int
    recorded_at: str
    by: str
    responses: tuple[Response, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    closing: Closing | None = None

    @property
    def status(self) -> Status:
        """Closed; or open, and resolved if the last response concurs."""
        if self.closing is not None:
            return "closed"
        agreed = self.responses and self.responses[-1].answer == "concur"
        return "open resolved" if agreed else "open unresolved"

    def overdue(self, today: str) -> list[tuple[str, str]]:
        """Return what was due before a day: what, and the day it was due on.

        :param today: the day of the basis; "" before anything is recorded.
        """
        if self.closing is not None:
            return []
        return [(what, day) for what, day in self._due() if day < today]

    def _due(self) -> Iterator[tuple[str, str]]:
        if not self.responses:
            issued = date.fromisoformat(self.issued_on)
            day = issued + timedelta(days=RESPONSE_DAYS)
            yield f"response, {RESPONSE_DAYS} days after issue", day.isoformat()
        elif (due_on := self.responses[-1].due_on) is not None:
            yield "corrective action", due_on
        for one in self.milestones:
            if one.completed_on is None:
                yield f"milestone {one.milestone}", one.due_on


class Listed(NamedTuple):
    """A recommendation, with what is overdue on the day of the basis."""

    recommendation: Recommendation
    overdue: tuple[tuple[str, str], ...]


def at(log: Log, basis: Basis) -> list[Listed]:
    """Return the recommendations known at a basis, by day of issue, number and id.

    :raises FactDamagedError: what is kept is no recommendation.
    """
    held: dict[str, Recommendation] = {}
    for known in Knowing(log, basis).facts(log, PREFIX):
        try:
            _take(held, known)
        except _UNREADABLE as error:
            why = f"it is no fact on a recommendation ({type(error).__name__}: {error})"
            raise FactDamagedError(known.position, why) from None
    today = day_of(log, basis)
    found = sorted(
        held.values(),
        key=lambda one: (one.issued_on, one.number or "", one.recommendation),
    )
    return [Listed(one, tuple(one.overdue(today))) for one in found]


def named(log: Log, basis: Basis, recommendation: str) -> Listed:
    """Return one recommendation.

    :raises NoSuchRecommendationError: none of that id is known at the basis.
    """
    for one in at(log, basis):
        if one.recommendation.recommendation == recommendation:
            return one
    raise NoSuchRecommendationError(recommendation)


def _take(held: dict[str, Recommendation], known: Known) -> None:
    fields = known.fields
    name = str(fields["recommendation"])
    if fields["event"] == "recommended":
        held[name] = _recommended(name, known)
        return
    one = held.get(name)
    if one is None:
        return  # Nothing is known of a recommendation before the day of its issue.
    by = str(fields["by"])
    match fields["event"]:
        case "responded":
            due_on = fields.get("due_on")
            said = (str(fields["answer"]), str(fields["text"]), due_on)
            response = Response(known.position, known.day, by, *said)
            held[name] = one._replace(responses=(*one.responses, response))
        case "scheduled":
            milestone = Milestone(
                str(fields["milestone"]), str(fields["due_on"]), known.position
            )
            kept = [m for m in one.milestones if m.milestone != milestone.milestone]
            held[name] = one._replace(milestones=(*kept, milestone))
        case "completed":
            held[name] = one._replace(
                milestones=tuple(
                    m._replace(completed_on=known.day)
                    if m.milestone == fields["milestone"]
                    else m
                    for m in one.milestones
                )
            )
        case "closed":
            evidence = str(fields["evidence"])
            check, proof = fields.get("check"), None
            if check is not None:
                proof = (int(fields["proved_position"]), str(fields["proved_root"]))
            closing = Closing(known.position, known.day, by, evidence, check, proof)
            held[name] = one._replace(closing=closing)
        case other:
            why = f"{other} is no event of a recommendation"
            raise FactDamagedError(known.position, why)


def _recommended(name: str, known: Known) -> Recommendation:
    fields = known.fields
    return Recommendation(
        name,
        fields.get("number"),
        fields.get("report"),
        str(fields["text"]),
        str(fields["addressee"]),
        date.fromisoformat(fields["issued_on"]).isoformat(),
        fields.get("check"),
        known.position,
        known.recorded_at,
        str(fields["by"]),
    )
