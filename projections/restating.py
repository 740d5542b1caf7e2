"""Figures restated: what was shown, what is shown, and the exact parts in between.

The way goes in three steps, and every step is exact. From what was printed to what the
ledger gave then; from the data of then to those of now, under the definition of then,
by cause; and from the definition of then to that of now, on the data of now, by TCO
answer. So the parts are those of ``scr diff`` and of its four corners.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.restatement import (
    DEFINITION,
    PARTS,
    PRINTED_OTHERWISE,
    REASONS,
    Change,
    Previously,
    Supersedes,
    statuses_of,
)
from ledger.errors import FactDamagedError, UsageError
from projections.grade import grade
from projections.measures import find
from projections.publications import basis_of, named, recorded
from projections.reconcile import Side, corners, reconcile
from projections.superseding import afterwards

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.domain.definitions import Definition
    from ledger.domain.publication import Figure, Publication
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.measures import Measure
    from projections.publications import Recorded
    from projections.readmodel import ReadModel

    Key = tuple[str, int]

_PERCENT = 100


# --- what is to be restated -----------------------------------------------------------


class Restated(NamedTuple):
    """A figure that is to be shown in place of another."""

    name: str
    """The definition it is counted by: ``ID``, as in force, or ``ID@VERSION``."""
    was: Key
    """Measure and fiscal year of the figure that it takes the place of."""


def current(log: Log, one: Recorded) -> Recorded:
    """Return what is current of a publication: the end of its restatements."""
    since = afterwards(log)
    name = one.content.name
    while (later := since[name].superseded_by) is not None:
        name = later
    return one if name == one.content.name else named(log, name)


def refuse_earlier(log: Log, model: ReadModel, old: Recorded, basis: Basis) -> None:
    """Refuse to restate by less than what the superseded publication rests on.

    What was not known yet would look as if it had gone.

    :raises UsageError: some fact that one saw is not visible at the basis.
    """
    before = basis_of(log, old)
    both = min(before.cutoff, basis.cutoff), min(before.position, basis.position)
    seen = grade(model, log, before.cutoff, before.position).visible
    if grade(model, log, *both).visible < seen:
        message = (
            f"{old.content.name} rests on what was known later than that; a restatement"
            " sees at least as much, so leave --as-of out or name a later one"
        )
        raise UsageError(message)


def next_name(log: Log, one: Recorded) -> str:
    """Return the first free name of a restatement: that of the first, and ``-R1``."""
    every = {each.content.name: each.content for each in recorded(log)}
    first = one.content
    while first.supersedes is not None:
        first = every[first.supersedes.publication]
    number = 1
    while (name := f"{first.name}-R{number}") in every:
        number += 1
    return name


def restated(
    model: ReadModel, basis: Basis, one: Publication, recasts: Sequence[str]
) -> list[Restated]:
    """Return what takes the place of each figure of a publication.

    :param recasts: ``ID[@VERSION]``, in place of the figures of the same measure, else
        of the only one that counts alike; or ``OLD=ID[@VERSION]``.
    :raises UsageError: there is no such measure, or it is not said in place of which.
    """
    versions = {used.measure: used.version for used in one.definitions}
    measures = list(dict.fromkeys(figure.measure for figure in one.figures))
    by = {measure: f"{measure}@{versions[measure]}" for measure in measures}
    turned: dict[str, str] = {}
    for text in recasts:
        old, equals, name = text.partition("=")
        if not equals:
            old, name = _replaced(model, basis, by, text), text
        if old not in by:
            message = f"{one.name} has no figure of {old}; it has {', '.join(measures)}"
            raise UsageError(message)
        if old in turned:
            message = f"--measure names {old} twice; name each once"
            raise UsageError(message)
        turned[old] = find(model, basis, name).definition.name
    by |= turned
    ids = [name.partition("@")[0] for name in by.values()]
    if len(set(ids)) < len(ids):
        message = (
            f"{one.name} would have two figures of one measure; recast each of"
            f" {', '.join(measures)} to another"
        )
        raise UsageError(message)
    return [
        Restated(by[figure.measure], (figure.measure, figure.fiscal_year))
        for figure in one.figures
    ]


def _replaced(model: ReadModel, basis: Basis, by: Mapping[str, str], text: str) -> str:
    """Return the measure in whose place another is counted, where only one can be."""
    new = find(model, basis, text).definition
    if new.id in by:
        return new.id
    if len(by) == 1:
        return next(iter(by))
    alike = [
        old
        for old, name in by.items()
        if _alike(find(model, basis, name).definition, new)
    ]
    if len(alike) != 1:
        message = (
            f"say in place of which measure {text} is counted, as --measure"
            f" OLD={text}; there are {', '.join(by)}"
        )
        raise UsageError(message)
    return alike[0]


def _alike(one: Definition, other: Definition) -> bool:
    return one.unit == other.unit and set(one.kinds) == set(other.kinds)


# --- the parts ------------------------------------------------------------------------


def compared(  # noqa: PLR0913, PLR0917 - what a figure is computed from
    log: Log,
    model: ReadModel,
    old: Recorded,
    basis: Basis,
    figures: Sequence[tuple[Figure, Key]],
    used: Iterable[Measure],
) -> tuple[Figure, ...]:
    """Return figures with what was shown before, and the parts of the difference.

    :param figures: each with measure and fiscal year of the one it takes the place of.
    :param used: the definitions they are counted by, and those of denominators.
    :raises UsageError: two definitions count different things.
    """
    before = basis_of(log, old)
    then = {
        one.measure: find(model, before, f"{one.measure}@{one.version}")
        for one in old.content.definitions
    }
    now = {one.definition.id: one for one in used}
    shown = {(one.measure, one.fiscal_year): one for one in old.content.figures}
    pairs = {(figure.measure, was[0]) for figure, was in figures}
    splits = {
        (new, of): _splits(
            log,
            model,
            (before, then, of),
            (basis, now, new),
            [
                was[1]
                for figure, was in figures
                if (figure.measure, was[0]) == (new, of)
            ],
        )
        for new, of in pairs
    }
    return tuple(
        _compared(
            figure,
            shown[was],
            then[was[0]].definition.version,
            splits[figure.measure, was[0]][was[1]],
        )
        for figure, was in figures
    )


_Sided = tuple["Basis", "Mapping[str, Measure]", str]
_Split = tuple[tuple[Change, ...], tuple[Change, ...] | None]


def _splits(
    log: Log, model: ReadModel, then: _Sided, now: _Sided, years: Sequence[int]
) -> dict[int, _Split]:
    """Return by year what changed of a figure, and of its denominator if it has two."""
    sides = [Side(basis, of[name]) for basis, of, name in (then, now)]
    span = range(min(years), max(years) + 1)
    values = _parts(log, model, sides[0], sides[1], span)
    unders = [side.measure.definition.denominator for side in sides]
    below: Mapping[int, tuple[Change, ...]] | None = None
    if unders[0] is not None and unders[1] is not None:
        under = [
            Side(basis, of[name])
            for (basis, of, _), name in zip((then, now), unders, strict=True)
            if name is not None
        ]
        below = _parts(log, model, under[0], under[1], span)
    return {
        year: (values[year], None if below is None else below[year]) for year in years
    }


def _parts(
    log: Log, model: ReadModel, before: Side, after: Side, years: range
) -> dict[int, tuple[Change, ...]]:
    """Return the parts between two sides: the data by cause, then the definition."""
    data = reconcile(log, model, before, Side(after.basis, before.measure), years)
    rest = {one.fiscal_year: one for one in corners(model, before, after, years)}
    found = {}
    for year in data:
        came: Counter[str] = Counter()
        went: Counter[str] = Counter()
        for item in year.items:
            (came if item.effect > 0 else went)[item.cause] += 1
        changes = [
            Change(cause, came[cause] - went[cause], came[cause], went[cause])
            for cause in REASONS
            if came[cause] or went[cause]
        ]
        corner = rest[year.fiscal_year]
        out = {f"tco-{word}": count for word, count in corner.removed.items()}
        taken = {"taken-in": sum(corner.added.values())}
        changes += [
            Change(
                DEFINITION,
                taken.get(part, 0) - out.get(part, 0),
                taken.get(part, 0),
                out.get(part, 0),
                part,
            )
            for part in PARTS
            if taken.get(part, 0) or out.get(part, 0)
        ]
        found[year.fiscal_year] = tuple(changes)
    return found


def _compared(figure: Figure, old: Figure, version: int, split: _Split) -> Figure:
    changes, under = split
    otherwise = old.value - old.shown
    if otherwise:
        part = Change(
            PRINTED_OTHERWISE, otherwise, max(otherwise, 0), max(-otherwise, 0)
        )
        changes = (part, *changes)
    return figure._replace(
        previously=Previously(old.measure, version, old.shown, old.denominator),
        changes=changes,
        denominator_changes=under,
        statuses=statuses_of((*changes, *(under or ()))),
    )


def supersedes(one: Recorded) -> Supersedes:
    """Return how a restatement names what it takes the place of."""
    return Supersedes(one.content.name, one.seal)


def superseded(log: Log, one: Recorded) -> Recorded:
    """Return what a restatement takes the place of.

    :raises FactDamagedError: it is no restatement of one before it.
    """
    of = one.content.supersedes
    for each in recorded(log, one.position - 1):
        if of is not None and (each.content.name, each.seal) == of:
            return each
    raise FactDamagedError(one.position, "it restates nothing that is before it")


# --- targets --------------------------------------------------------------------------


def met(figure: Figure, value: int) -> bool | None:
    """Whether a value would reach a figure's target; of a rate in percent.

    :returns: None without a target, and of a part of nothing.
    """
    if figure.target is None or figure.denominator == 0:
        return None
    if figure.denominator is None:
        return value >= figure.target
    return value * _PERCENT >= figure.target * figure.denominator
