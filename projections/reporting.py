"""What a report of a publication says, beside what is sealed of it.

31 USC 1116(c)(6) asks of every reported measure five statements about its data: how it
was verified, where it comes from, how accurate it has to be, what limits it, and how
the agency makes up for that. Each definition has them in words; the ledger fills in
what it knows, at the basis of the publication, so a report is the same for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from projections.counts import Question, count
from projections.imports import set_aside
from projections.keys import covering
from projections.measures import find
from projections.people import identity
from projections.publications import basis_of
from projections.publishing import claims_otherwise
from projections.superseding import afterwards
from projections.witnessing import witnessing

if TYPE_CHECKING:
    from ledger.domain.definitions import DataQuality, Definition
    from ledger.domain.people import Identity
    from ledger.domain.publication import Figure, Publication
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.publications import Recorded
    from projections.readmodel import ReadModel
    from projections.superseding import Since

STATEMENTS = (
    ("verification", "Verification and validation"),
    ("sources", "Sources"),
    ("accuracy", "Accuracy and completeness"),
    ("limitations", "Limitations"),
    ("compensation", "How the agency makes up for them"),
)
"""31 USC 1116(c)(6) (A) to (E)."""

_PERCENT = 100


class Line(NamedTuple):
    """A figure, and what it is made of."""

    figure: Figure
    parts: dict[str, int]
    """By whether the entity meets the TCO definition: yes, unknown, no."""


class Statement(NamedTuple):
    """One of the five, in the definition's words and in the ledger's."""

    title: str
    said: str
    found: tuple[str, ...]


class Reported(NamedTuple):
    """A definition, and its five statements."""

    definition: Definition
    hash: str
    statements: tuple[Statement, ...]


class Report(NamedTuple):
    """All that a report says."""

    recorded: Recorded
    lines: tuple[Line, ...]
    definitions: tuple[Reported, ...]
    otherwise: str | None
    """What the document claims, where that is not what was computed."""
    identity: Identity
    """How the publication is tied to who is said to have recorded it."""
    since: Since
    """What was said of it later: the only part that is not the same for ever."""


def report(log: Log, model: ReadModel, one: Recorded) -> Report:
    """Return what a report of a publication says."""
    basis = basis_of(log, one)
    content = one.content
    lines = lines_of(model, basis, content)
    found = _found(log, one, lines, basis)
    definitions = []
    for used in content.definitions:
        measure = find(model, basis, f"{used.measure}@{used.version}")
        quality = measure.definition.data_quality
        statements = tuple(
            Statement(title, _said(quality, name), found[name])
            for name, title in STATEMENTS
        )
        definitions.append(Reported(measure.definition, used.hash, statements))
    tied = identity(log, one.by, one.run_by, one.position)
    since = afterwards(log)[content.name]
    return Report(
        one, lines, tuple(definitions), claims_otherwise(content), tied, since
    )


def _said(quality: DataQuality | None, name: str) -> str:
    if quality is None:
        return "The built-in definition says nothing of its own."
    said: str = getattr(quality, name)
    return said


def lines_of(model: ReadModel, basis: Basis, content: Publication) -> tuple[Line, ...]:
    """Return the figures of a publication, each with its parts by TCO answer."""
    versions = {used.measure: used.version for used in content.definitions}
    lines = []
    for figure in content.figures:
        name, year = figure.measure, figure.fiscal_year
        question = Question(
            (name,),
            range(year, year + 1),
            by=("meets_tco",),
            definitions=(f"{name}@{versions[name]}",),
        )
        parts = {"yes": 0, "unknown": 0, "no": 0}
        for row in count(model, basis, question):
            parts[str(row["meets_tco"])] = int(str(row["value"]))
        lines.append(Line(figure, parts))
    return tuple(lines)


def _found(
    log: Log, one: Recorded, lines: tuple[Line, ...], basis: Basis
) -> dict[str, tuple[str, ...]]:
    """Return what the ledger knows for each of the five statements."""
    content = one.content
    return {
        "verification": (*_verification(content), *_covered(log, one)),
        "sources": _sources(content),
        "accuracy": tuple(_accuracy(line) for line in lines),
        "limitations": _limitations(log, content, basis),
        "compensation": _compensation(content),
    }


def _verification(content: Publication) -> tuple[str, ...]:
    root = content.basis.root
    recomputed = (
        f"Every figure can be computed again from the log up to position"
        f" {content.basis.position:,}, whose root is {root}."
    )
    if content.kind == "as-printed":
        held = sum(bool(figure.supported) for figure in content.figures)
        return (
            f"These figures were printed before they were registered here; the ledger"
            f" supports {held} of {len(content.figures)}.",
            recomputed,
        )
    gate = content.gate
    assert gate is not None  # A computed publication went through one.
    said = "was green" if gate.green else f"was overridden: {content.override}"
    return (
        f"{len(gate.rules)} rules of validation were asked before publication; the gate"
        f" {said}.",
        recomputed,
    )


def _covered(log: Log, one: Recorded) -> tuple[str, ...]:
    """Say which checkpoint covers a publication, once there is one."""
    found = covering(log, one.position)
    if found is None:
        return ()
    witnessed = witnessing(log)(one.position)
    more = () if witnessed is None else (f"This publication is {witnessed}.",)
    return (
        f"A checkpoint of all up to position {found.size:,} covers this publication;"
        f" its root is {found.root}, signed by key {found.key}.",
        *more,
    )


def _sources(content: Publication) -> tuple[str, ...]:
    basis = content.basis
    said = (
        f"of the {basis.visible:,} facts these figures rest on, imported files say of"
        f" {basis.claimed:,} when they became known"
    )
    witnessed = basis.visible - basis.claimed
    rest = f"; of the other {witnessed:,} the ledger witnessed it" if witnessed else ""
    return (f"Grade {basis.grade}: {said}{rest}.",)


def _accuracy(line: Line) -> str:
    figure, parts = line
    name = f"{figure.measure} FY{figure.fiscal_year}"
    if not figure.value:
        return f"{name}: nothing is counted."
    known = parts["yes"] + parts["no"]
    total = known + parts["unknown"]
    share = _PERCENT * known / total if total else 0
    return (
        f"{name}: of {figure.value:,} counted, whether the entity meets the TCO"
        f" definition is known of {known:,} ({share:.1f} %) and unknown of"
        f" {parts['unknown']:,}."
    )


def _limitations(log: Log, content: Publication, basis: Basis) -> tuple[str, ...]:
    found = ["What became known after the basis is not in these figures."]
    aside = set_aside(log, basis.position)
    if aside:
        found.append(f"The imports had set aside {aside:,} SCRs.")
    found += [
        f"{figure.measure} FY{figure.fiscal_year}: printed {figure.printed:,},"
        f" which the ledger does not support: it gives {figure.value:,}."
        for figure in content.figures
        if figure.supported is False
    ]
    return tuple(found)


def _compensation(content: Publication) -> tuple[str, ...]:
    found = [
        "A correction is a further fact: it changes later answers, never this one."
    ]
    gate = content.gate
    if gate is not None:
        waived = sum(one.waived for one in gate.rules)
        if waived:
            found.append(
                f"{waived:,} failures of validation were waived, with reasons."
            )
    restated = [figure for figure in content.figures if figure.status is not None]
    for figure in restated:
        assert figure.last is not None  # Only what was printed before has a status.
        found.append(
            f"{figure.measure} FY{figure.fiscal_year} was printed as"
            f" {figure.last.value:,} in {figure.last.publication}: {figure.status}."
        )
    found += [
        f"{figure.measure} FY{figure.fiscal_year} takes the place of"
        f" {figure.previously.value:,} in {content.supersedes.publication}:"
        f" {', '.join(figure.statuses or ()) or 'unchanged'}."
        for figure in content.figures
        if figure.previously is not None and content.supersedes is not None
    ]
    return tuple(found)
