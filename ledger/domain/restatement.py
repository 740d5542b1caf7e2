"""Restatements, and what is said of a publication later: floors, that it is withdrawn.

A publication is never changed. What supersedes it names it with its seal, and says of
every figure what was shown before and which parts make the difference; the parts add up
to it, with nothing left over (docs/restatement.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.errors import (
    AlreadyRetractedError,
    FloorTooHighError,
    NoSuchFigureError,
    NoSuchPublicationError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger.domain.events import Marked, Retracted
    from ledger.domain.publication import Figure, Publication, Status

    Key = tuple[str, int]

Part = Literal["tco-no", "tco-unknown", "tco-yes", "taken-in"]

PARTS: tuple[Part, ...] = ("tco-no", "tco-unknown", "tco-yes", "taken-in")
"""What another definition leaves out, by TCO answer, and what it takes in besides."""

Cause = Literal[
    "late-information",
    "return",
    "transfer",
    "reclassification",
    "redetermination",
    "redating",
    "reversal",
    "rescission",
    "refiling",
    "voiding",
    "duplicate",
    "reinstatement",
    "merger",
    "printed-otherwise",
    "definition",
]
"""Those of a reconciliation, and that a document had what the ledger did not give."""

DEFINITION: Literal["definition"] = "definition"
PRINTED_OTHERWISE: Literal["printed-otherwise"] = "printed-otherwise"

REASONS: dict[Cause, Status] = {
    "late-information": "late-data",
    "return": "late-data",
    "transfer": "late-data",
    "reclassification": "error",
    "redetermination": "error",
    "redating": "error",
    "reversal": "error",
    "rescission": "error",
    "refiling": "error",
    "voiding": "error",
    "duplicate": "error",
    "reinstatement": "error",
    "merger": "error",
    PRINTED_OTHERWISE: "error",
    DEFINITION: "definition",
}
"""By cause (docs/reconciliation.md): a plain fact that came later is late data; a fact
that says what should have been said all along corrects an error. That two organizations
had been counted as two was an error as well."""


class Supersedes(NamedTuple):
    """The publication that a restatement takes the place of."""

    publication: str
    seal: str


class Previously(NamedTuple):
    """What the superseded publication shows of a figure."""

    measure: str
    version: int
    value: int
    denominator: int | None = None


class Change(NamedTuple):
    """A part of the difference between what is shown now and what was before."""

    cause: Cause
    effect: int
    came: int
    """How many count now and did not."""
    went: int
    """How many counted and do not any more."""
    part: Part | None = None
    """Of a definition: which part of it."""


def statuses_of(changes: Iterable[Change]) -> tuple[Status, ...]:
    """Return why a figure is another, in the order of ``publication.STATUSES``.

    All that came or went counts, also where it makes up for one another.
    """
    found = {REASONS[one.cause] for one in changes if one.came or one.went}
    order: tuple[Status, ...] = ("late-data", "error", "definition")
    return tuple(word for word in order if word in found)


# --- a restatement by itself ----------------------------------------------------------


def disagreements(one: Publication) -> Iterator[str]:
    """Yield what a publication says of restating that does not go together."""
    restated = one.kind == "restatement"
    if restated != (one.supersedes is not None) or restated != (one.reason is not None):
        yield "a restatement names what it supersedes and why, nothing else does"
    for figure in one.figures:
        about = f"{figure.measure} FY{figure.fiscal_year}"
        yield from (f"{about}: {why}" for why in _of_figure(figure, restated=restated))


def _of_figure(figure: Figure, *, restated: bool) -> Iterator[str]:
    said = (figure.previously, figure.changes, figure.statuses)
    if any((part is not None) != restated for part in said):
        yield "only a restatement says what was shown before, and what changed"
        return
    if figure.previously is None or figure.changes is None:
        if figure.denominator_changes is not None:
            yield "only a restatement says what changed of a denominator"
        return
    was = figure.previously
    yield from _split(figure.changes, was.value, figure.value)
    both = figure.denominator is not None and was.denominator is not None
    if both != (figure.denominator_changes is not None):
        yield "what changed of a denominator is told where there are two"
    elif was.denominator is not None and figure.denominator is not None:
        under = figure.denominator_changes or ()
        yield from _split(under, was.denominator, figure.denominator)
    every = (*figure.changes, *(figure.denominator_changes or ()))
    if figure.statuses != statuses_of(every):
        yield "its statuses are not those of its changes"


def _split(changes: tuple[Change, ...], before: int, after: int) -> Iterator[str]:
    if before + sum(one.effect for one in changes) != after:
        yield "its changes do not add up to the difference"
    places = [(one.cause, one.part or "") for one in changes]
    if len(set(places)) < len(places):
        yield "a part is named twice"
    for one in changes:
        if one.effect != one.came - one.went or not (one.came or one.went):
            yield "the effect of a part is not what came less what went"
        if (one.cause == DEFINITION) != (one.part is not None):
            yield "a definition has parts, no other cause has"


# --- among the publications before it -------------------------------------------------


class Printing(NamedTuple):
    """A recorded publication, as far as later facts about it are judged by it."""

    seal: str
    figures: Mapping[Key, Previously]
    """By measure and fiscal year: what it shows."""
    superseded_by: str | None = None
    withdrawn: bool = False


def printing_of(one: Publication, seal: str) -> Printing:
    """Return a publication as later facts about it are judged by it."""
    versions = {used.measure: used.version for used in one.definitions}
    return Printing(
        seal,
        {
            (figure.measure, figure.fiscal_year): Previously(
                figure.measure,
                versions.get(figure.measure, 0),
                figure.shown,
                figure.denominator,
            )
            for figure in one.figures
        },
    )


def misplaced(one: Publication, before: Mapping[str, Printing]) -> Iterator[str]:
    """Yield what a restatement says of the one it supersedes that is not so.

    :param before: the publications recorded before it, by name.
    """
    if one.supersedes is None:
        return
    name = one.supersedes.publication
    of = before.get(name)
    if of is None or of.seal != one.supersedes.seal:
        yield f"it supersedes {name}, and none of that name and seal is before it"
        return
    if of.superseded_by is not None:
        yield f"it supersedes {name}, and {of.superseded_by} does so already"
    shown = [
        (figure.previously.measure, figure.fiscal_year, figure.previously)
        for figure in one.figures
        if figure.previously is not None
    ]
    if sorted(key[:2] for key in shown) != sorted(of.figures):
        yield f"its figures are not those of {name}, one for one"
    elif any(of.figures[measure, year] != was for measure, year, was in shown):
        yield f"it says otherwise than {name} what that one shows"


def published(
    before: Mapping[str, Printing], one: Publication, seal: str
) -> dict[str, Printing]:
    """Return which entries change when a publication is recorded."""
    found = {one.name: printing_of(one, seal)}
    if one.supersedes is not None and one.supersedes.publication in before:
        name = one.supersedes.publication
        found[name] = before[name]._replace(superseded_by=one.name)
    return found


# --- said of it afterwards ------------------------------------------------------------


def refuse(before: Mapping[str, Printing], fact: Marked | Retracted) -> None:
    """Refuse what may not be said of a publication.

    :param before: the publications recorded before it, by name.
    :raises NoSuchPublicationError: there is none.
    :raises NoSuchFigureError: the publication has no such figure.
    :raises AlreadyRetractedError: it was withdrawn before.
    """
    of = before.get(fact.publication)
    if of is None:
        raise NoSuchPublicationError(fact.publication)
    if fact.event == "retracted":
        if of.withdrawn:
            raise AlreadyRetractedError(fact.publication)
        return
    if (fact.measure, fact.fiscal_year) not in of.figures:
        figures = ", ".join(f"{measure} FY{year}" for measure, year in of.figures)
        about = f"{fact.measure} FY{fact.fiscal_year}"
        raise NoSuchFigureError(fact.publication, about, figures)


def refuse_floor(before: Mapping[str, Printing], fact: Marked) -> None:
    """Refuse a floor above the figure it is about, which :func:`refuse` has found.

    A rule for what is recorded from now on: a log that has one still verifies.

    :raises FloorTooHighError: the figure shows less.
    """
    shown = before[fact.publication].figures[fact.measure, fact.fiscal_year].value
    if fact.at_least > shown:
        about = f"{fact.measure} FY{fact.fiscal_year}"
        raise FloorTooHighError(fact.publication, about, shown, fact.at_least)


def said(
    before: Mapping[str, Printing], fact: Marked | Retracted
) -> dict[str, Printing]:
    """Return which entries change when something is said of a publication."""
    of = before.get(fact.publication)
    if of is None or fact.event != "retracted":
        return {}
    return {fact.publication: of._replace(withdrawn=True)}
