"""The life of an SCR: which facts may follow which, and what each makes of it.

Deciding (``refuse``, ``anomalies``) may refuse but changes nothing. Evolving says
what a fact does and never argues: it has already happened (docs/counting.md).
"""

from __future__ import annotations

from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, assert_never

from ledger.domain.links import check_link
from ledger.errors import (
    AlreadyFiledError,
    NotFiledError,
    NotVoidedError,
    OutcomeReversedError,
    OutcomeTakenError,
    UnknownOutcomeError,
    VoidedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from datetime import date

    from ledger.domain.events import (
        Approved,
        Determined,
        Dismantled,
        Disrupted,
        Redetermined,
        Rescinded,
        Returned,
        ScrEvent,
    )

Kind = Literal["disruption", "dismantlement"]
Panel = Literal["approved", "returned", "rescinded"]
Answer = Literal["yes", "no", "unknown"]


class Outcome(NamedTuple):
    """A disruption or dismantlement as it stands."""

    id: str
    kind: Kind
    on: date
    reversed: bool = False
    panel: Panel | None = None

    @property
    def live(self) -> bool:
        """Whether it can be counted: not reversed, not sent back by the panel."""
        return not self.reversed and self.panel in (None, "approved")


class Determination(NamedTuple):
    """One answer to whether the entity meets the TCO definition."""

    association: Answer
    transnational: Answer
    high_threat: Answer | None
    organization: str | None
    definition: str | None
    since: date | None

    @property
    def meets_tco(self) -> Answer:
        """Both elements yes: yes. Either no: no. Anything else is unknown."""
        if "no" in (self.association, self.transnational):
            return "no"
        if self.association == self.transnational == "yes":
            return "yes"
        return "unknown"


class Scr(NamedTuple):
    """An SCR as it stands after some prefix of its stream."""

    id: str
    filed_on: date
    case_number: str
    office: str
    program: str | None
    title: str | None
    category: str | None = None
    subcategory: str | None = None
    panel: Panel | None = None
    first_approved_on: date | None = None
    voided: bool = False
    duplicate_of: str | None = None
    outcomes: Mapping[str, Outcome] = MappingProxyType({})
    determinations: tuple[Determination, ...] = ()

    @property
    def stands(self) -> bool:
        """Whether it is not voided, or reinstated since."""
        return not self.voided

    @property
    def approved(self) -> bool:
        """Whether the panel's last word on the SCR itself is that it is accepted."""
        return self.panel == "approved"

    def determination(self, on: date) -> Determination | None:
        """Return the last determination that holds for an outcome dated ``on``."""
        for held in reversed(self.determinations):
            if held.since is None or held.since <= on:
                return held
        return None

    def meets_tco(self, on: date) -> Answer:
        """Return the TCO answer for a day; none recorded is unknown, never no."""
        held = self.determination(on)
        return held.meets_tco if held else "unknown"


_CATEGORY = Scr._fields.index("category")
_PANEL = Scr._fields.index("panel")
_OUTCOMES = Scr._fields.index("outcomes")
_DETERMINATIONS = Scr._fields.index("determinations")


def _with(scr: Scr, first: int, *values: object) -> Scr:
    """Return an SCR with other values, beside each other from a field on.

    As ``_replace`` does, in half the time: an import comes here for every fact.
    """
    after = first + len(values)
    return tuple.__new__(Scr, scr[:first] + values + scr[after:])


def evolve(scr: Scr | None, event: ScrEvent) -> Scr:  # noqa: C901, PLR0911, PLR0912 - one case per fact
    """Return what ``event`` makes of ``scr``.

    :raises NotFiledError: a first fact that is not `filed`.
    :raises AlreadyFiledError: a second `filed`.
    """
    if event.event == "filed":
        if scr is not None:
            raise AlreadyFiledError(event.scr)
        return Scr(
            event.scr,
            event.effective_on,
            event.case_number,
            event.office,
            event.program,
            event.title,
        )
    if scr is None:
        raise NotFiledError(event.scr)
    match event.event:
        case "classified" | "reclassified":
            return _with(scr, _CATEGORY, event.category, event.subcategory)
        case "determined" | "redetermined":
            return _with(
                scr, _DETERMINATIONS, (*scr.determinations, _determination(event))
            )
        case "approved" | "returned" | "rescinded":
            return _panel(scr, event)
        case "disrupted":
            return _happened(scr, event, "disruption")
        case "dismantled":
            return _happened(scr, event, "dismantlement")
        case "transferred":
            return scr._replace(
                office=event.office, program=event.program or scr.program
            )
        case "redated":
            return _outcome(scr, event.outcome, on=event.effective_on)
        case "reversed":
            return _outcome(scr, event.outcome, reversed=True)
        case "refiled":
            given = event.model_dump(
                include={"case_number", "office", "program", "title"},
                exclude_none=True,
            )
            return scr._replace(**given)
        case "voided":
            return scr._replace(voided=True, duplicate_of=event.duplicate_of)
        case "reinstated":
            return scr._replace(voided=False, duplicate_of=None)
        case "reopened":
            return scr
        case _:
            assert_never(event)


def replay(events: Iterable[ScrEvent], scr: Scr | None = None) -> Scr | None:
    """Fold a stream into an SCR."""
    return reduce(evolve, events, scr)


def _determination(event: Determined | Redetermined) -> Determination:
    return Determination(
        event.association,
        event.transnational,
        event.high_threat,
        event.organization,
        event.definition,
        event.since,
    )


def _happened(scr: Scr, event: Disrupted | Dismantled, kind: Kind) -> Scr:
    new = Outcome(event.outcome, kind, event.effective_on)
    # Unpacking the empty proxy of an SCR without outcomes would take as long again.
    return _with(scr, _OUTCOMES, {**(scr.outcomes or {}), new.id: new})


def _panel(scr: Scr, event: Approved | Returned | Rescinded) -> Scr:
    if event.outcome is not None:
        return _outcome(scr, event.outcome, panel=event.event)
    first = scr.first_approved_on
    if first is None and event.event == "approved":
        first = event.effective_on
    return _with(scr, _PANEL, event.event, first)


def _outcome(scr: Scr, name: str, **changes: object) -> Scr:
    held = scr.outcomes.get(name)
    if held is None:
        raise UnknownOutcomeError(scr.id, name)
    changed = held._replace(**changes)  # type: ignore[arg-type]  # names checked above
    return _with(scr, _OUTCOMES, {**scr.outcomes, name: changed})


# --- deciding ----------------------------------------------------------------


def refuse(  # noqa: C901, PLR0912 - one case per fact
    scr: Scr | None, event: ScrEvent, leads_to: Callable[[str], str | None]
) -> None:
    """Refuse an event that may not follow what is recorded about its SCR.

    :param leads_to: gives the SCR that a given SCR is voided as a duplicate of now,
        or None.
    :raises RuleError: the class names the rule (docs/interchange.md, "Refused").
    """
    if event.event == "filed":
        if scr is not None:
            raise AlreadyFiledError(event.scr)
        return
    if scr is None:
        raise NotFiledError(event.scr)
    if scr.voided and event.event != "reinstated":
        raise VoidedError(scr.id)
    match event.event:
        case "disrupted" | "dismantled":
            if event.outcome in scr.outcomes:
                raise OutcomeTakenError(scr.id, event.outcome)
        case "redated" | "reversed":
            if _named(scr, event.outcome).reversed:
                raise OutcomeReversedError(scr.id, event.outcome)
        case "approved" | "returned" | "rescinded":
            if event.outcome is not None:
                _named(scr, event.outcome)
        case "reinstated":
            if not scr.voided:
                raise NotVoidedError(scr.id)
        case "voided":
            if event.duplicate_of is not None:
                check_link("duplicate_of", scr.id, event.duplicate_of, leads_to)
        case (
            "classified"
            | "reclassified"
            | "determined"
            | "redetermined"
            | "transferred"
            | "refiled"
            | "reopened"
        ):
            pass
        case _:
            assert_never(event)


def _named(scr: Scr, outcome: str) -> Outcome:
    held = scr.outcomes.get(outcome)
    if held is None:
        raise UnknownOutcomeError(scr.id, outcome)
    return held


ANOMALIES = {
    "approved-without-determination": "an SCR is approved before any determination",
    "outcome-not-approved": "an outcome on an SCR that is not approved",
    "outcome-before-filing": "an outcome dated before the SCR was filed",
    "dismantled-before-disrupted": "a dismantlement before any disruption",
    "effective-after-known": "effective after the day it was known",
    "nothing-returned": "returned where the panel's last word is no approval",
    "nothing-rescinded": "rescinded where the panel's last word is no approval",
    "nothing-reclassified": "reclassified with no category before it",
    "nothing-redetermined": "redetermined with no determination before it",
    "duplicate-of-unknown": "voided as a duplicate of an SCR that is not here",
    "category-not-in-taxonomy": "a category that is not in the taxonomy",
}
"""Accepted from a file, because history is loaded as found; reported by name."""


def anomalies(  # noqa: C901, PLR0912 - one case per fact
    scr: Scr | None,
    event: ScrEvent,
    *,
    known_on: date,
    exists: Callable[[str], bool],
    categories: Container[str] | None = None,
) -> Iterator[str]:
    """Yield the rules of :data:`ANOMALIES` that a lawful event departs from.

    :param scr: the SCR before the event.
    :param known_on: the day the event was known, in the ledger's zone.
    :param exists: whether an SCR is filed in this ledger.
    :param categories: those of the taxonomy; None if no taxonomy is recorded.
    """
    if event.effective_on > known_on:
        yield "effective-after-known"
    if scr is None:
        return
    match event.event:
        case "approved":
            if event.outcome is None and not scr.determinations:
                yield "approved-without-determination"
        case "disrupted" | "dismantled":
            if not scr.approved:
                yield "outcome-not-approved"
            if event.effective_on < scr.filed_on:
                yield "outcome-before-filing"
            if event.event == "dismantled" and not _ever_disrupted(scr):
                yield "dismantled-before-disrupted"
        case "redated":
            if event.effective_on < scr.filed_on:
                yield "outcome-before-filing"
        case "returned" | "rescinded":
            if _panel_of(scr, event.outcome) != "approved":
                yield f"nothing-{event.event}"
        case "classified" | "reclassified":
            if event.event == "reclassified" and scr.category is None:
                yield "nothing-reclassified"
            if categories is not None and event.category not in categories:
                yield "category-not-in-taxonomy"
        case "redetermined":
            if not scr.determinations:
                yield "nothing-redetermined"
        case "voided":
            if event.duplicate_of is not None and not exists(event.duplicate_of):
                yield "duplicate-of-unknown"
        case (
            "filed"
            | "determined"
            | "transferred"
            | "refiled"
            | "reopened"
            | "reinstated"
            | "reversed"
        ):
            pass
        case _:
            assert_never(event)


def _ever_disrupted(scr: Scr) -> bool:
    return any(outcome.kind == "disruption" for outcome in scr.outcomes.values())


def _panel_of(scr: Scr, outcome: str | None) -> Panel | None:
    return scr.panel if outcome is None else _named(scr, outcome).panel
