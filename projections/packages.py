"""Correction packages as they stand, and what one would do before anybody agrees to it.

A preview carries a package out in a copy of the ledger and compares the two, so what it
shows is what agreement brings: there is no second way of counting.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, cast

from ledger.domain import package as packages
from ledger.domain.events import (
    Agreed,
    Amended,
    Proposed,
    Recalled,
    Rejected,
    Unreadable,
    parse_fields,
    parse_stored,
)
from ledger.domain.fiscal import format_instant
from ledger.errors import FactDamagedError, NoSuchPackageError
from projections import basis as bases
from projections.material import is_material, proportion
from projections.measures import every, find
from projections.pairing import pair
from projections.publications import recorded as publications_recorded
from projections.publishing import met_in
from projections.reconcile import Side, figures, reconcile
from projections.selecting import EVERY_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger.domain.events import CaseEvent, Event
    from ledger.domain.package import Package
    from ledger.domain.publication import Figure
    from ledger.reader import Log, Row
    from projections.basis import Basis
    from projections.measures import Measure
    from projections.publications import Recorded
    from projections.readmodel import ReadModel
    from projections.reconcile import Item, Year


class Step(NamedTuple):
    """One fact of a package's own stream."""

    position: int
    recorded_at: str
    event: str
    by: str
    run_by: str
    words: str | None
    """The reason it was rejected or recalled, or the note of an amendment."""


class Standing(NamedTuple):
    """A package, and how it came to stand as it does."""

    package: Package
    steps: tuple[Step, ...]

    @property
    def decided(self) -> Step | None:
        """What ended it, if anything did."""
        last = self.steps[-1]
        return None if last.event in ("proposed", "amended") else last


def packages_of(log: Log, basis: Basis | None = None) -> list[Standing]:
    """Return all packages, in the order in which they were proposed.

    :param basis: as they stood there, known when they are recorded; None for the head.
    :raises FactDamagedError: what is kept is none.
    """
    streams: dict[str, list[Row]] = {}
    upto = log.head if basis is None else basis.position
    for row in log.family(packages.PREFIX, upto):
        if basis is None or bases.is_recorded(row, basis):
            streams.setdefault(row.stream, []).append(row)
    return [_standing(rows) for rows in streams.values()]


def of_sample(log: Log, basis: Basis, sample: str) -> list[Standing]:
    """Return the packages proposed from the findings of a sample, as they stood.

    That is read from the packages: a sample does not say what came of it.
    """
    return [
        one
        for one in packages_of(log, basis)
        if (found := one.package.content.findings) is not None
        and found.sample == sample
    ]


def package_of(log: Log, name: str) -> Standing:
    """Return a package.

    :raises NoSuchPackageError: there is none.
    :raises FactDamagedError: what is kept is none.
    """
    stream = f"{packages.PREFIX}{name}"
    rows = log.stream(stream, log.head) if name.isascii() else []
    if not rows:
        raise NoSuchPackageError(name)
    return _standing(rows)


def _standing(rows: Iterable[Row]) -> Standing:
    held: Package | None = None
    steps: list[Step] = []
    for row in rows:
        try:
            fact = parse_stored(row.topic, row.payload)
        except Unreadable as error:
            raise FactDamagedError(row.position, str(error)) from None
        if not isinstance(fact, Proposed | Amended | Agreed | Rejected | Recalled):
            raise FactDamagedError(row.position, "it is no fact of a package")
        held = packages.evolve(held, fact)
        words = getattr(fact, "reason", None) or getattr(fact, "note", None)
        at = format_instant(datetime.fromisoformat(row.recorded_at))
        steps.append(Step(row.position, at, fact.event, fact.by, fact.run_by, words))
    assert held is not None  # No stream is without facts.
    return Standing(held, tuple(steps))


def hash_now(log: Log, package: Package) -> str:
    """Return the hash of what is agreed to, as it stands now."""
    lengths = {
        stream: len(log.stream(stream, log.head))
        for stream in packages.touched(package.content)
    }
    return packages.hash_of(package.id, package.content, lengths)


# --- what it would do -----------------------------------------------------------------


class Effect(NamedTuple):
    """What a package does to a measure as it is counted today."""

    measure: Measure
    years: tuple[Year, ...]
    """Those with an item."""


class Affected(NamedTuple):
    """A printed figure that a package moves."""

    publication: Recorded
    figure: Figure
    before: int
    """Today, without the package."""
    after: int
    """Today, with it."""
    met_before: bool | None
    met_after: bool | None
    items: tuple[Item, ...]
    below_before: int | None = None
    """Of a rate: its denominator, today without the package."""
    below_after: int | None = None

    @property
    def material(self) -> bool:
        """Whether it is then a tenth or more away from what was printed.

        Of a rate it is the share that is compared.
        """
        below = self.figure.denominator, self.below_after
        return is_material(*proportion(self.figure.shown, self.after, *below))

    @property
    def flips(self) -> bool:
        """Whether a target that was met is unmet, or the other way round."""
        return self.met_before != self.met_after


class Preview(NamedTuple):
    """What agreement to a package would bring."""

    before: Basis
    after: Basis
    """In the copy: its facts stand where the agreement will, one position earlier."""
    effects: tuple[Effect, ...]
    affected: tuple[Affected, ...]


def preview(copy: Log, model: ReadModel, head: int, upto: int) -> Preview:
    """Compare a copy in which a package is carried out with itself before.

    :param copy: the copy's log, and its read model.
    :param head: the last position before the package's facts.
    :param upto: the last of them.
    """
    before, after = (bases.parse_as_of(f"@{at}", copy) for at in (head, upto))
    effects = []
    for listed in every(model, before):
        if listed.state not in ("built in", "in force"):
            continue
        found = _effect(copy, model, before, after, listed.measure)
        if found.years:
            effects.append(found)
    return Preview(
        before, after, tuple(effects), tuple(_affected(copy, model, before, after))
    )


def _effect(
    copy: Log, model: ReadModel, before: Basis, after: Basis, measure: Measure
) -> Effect:
    sides = Side(before, measure), Side(after, measure)
    years = reconcile(copy, model, *sides, EVERY_YEAR)
    return Effect(measure, tuple(year for year in years if year.items))


def _affected(
    copy: Log, model: ReadModel, before: Basis, after: Basis
) -> list[Affected]:
    effects: dict[str, dict[int, Year]] = {}

    def moved(name: str, year: int) -> Year | None:
        """Return what happens to a year of a measure; None if nothing does."""
        if name not in effects:
            measure = find(model, before, name)
            effect = _effect(copy, model, before, after, measure)
            effects[name] = {each.fiscal_year: each for each in effect.years}
        return effects[name].get(year)

    def both(name: str, year: int) -> tuple[int, int]:
        """Return a figure of a year, without and with the package."""
        side = Side(before, find(model, before, name))
        held = figures(model, side, range(year, year + 1))[year]
        change = moved(name, year)
        return held, held if change is None else change.after

    found: list[Affected] = []
    for one in publications_recorded(copy):
        names = {
            used.measure: f"{used.measure}@{used.version}"
            for used in one.content.definitions
        }
        for figure in one.content.figures:
            name, fiscal_year = names[figure.measure], figure.fiscal_year
            measure = find(model, before, name)
            under = measure.definition.denominator
            below = None if under is None else names[under]
            year = moved(name, fiscal_year)
            if year is None and (below is None or moved(below, fiscal_year) is None):
                continue
            was, is_now = (
                met_in(model, basis, measure, fiscal_year) for basis in (before, after)
            )
            found.append(
                Affected(
                    one,
                    figure,
                    *both(name, fiscal_year),
                    was,
                    is_now,
                    () if year is None else year.items,
                    *((None, None) if below is None else both(below, fiscal_year)),
                )
            )
    return found


# --- how long it took -----------------------------------------------------------------


class Delay(NamedTuple):
    """How long a mistake stood before it was found, and before it was corrected."""

    subject: str
    event: str
    mistake_position: int
    mistake_at: str
    """When the fact that is corrected was known."""
    detected_at: str
    """When the package was proposed; of what was said later, when it was amended."""
    corrected_at: str | None
    """When it was agreed to; None if it was not."""

    def days(self, until: str | None) -> int | None:
        """Return the days from the mistake to an instant."""
        if until is None:
            return None
        return (_instant(until) - _instant(self.mistake_at)).days


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def delays(log: Log, standing: Standing) -> list[Delay]:
    """Return how long what each item corrects had stood."""
    said = [step for step in standing.steps if step.event in ("proposed", "amended")]
    decided = standing.decided
    agreed = decided if decided is not None and decided.event == "agreed" else None
    found: list[Delay] = []
    for item in standing.package.content.items:
        corrects = _corrected(log, item, said[-1].position)
        if corrects is not None:
            position, at = corrects
            found.append(
                Delay(
                    item.get("scr") or item["organization"],
                    item["event"],
                    position,
                    at,
                    next(s.recorded_at for s in said if s.position > position),
                    None if agreed is None else agreed.recorded_at,
                )
            )
    return found


def _corrected(
    log: Log, item: Mapping[str, str], proposed: int
) -> tuple[int, str] | None:
    """Return the first fact that an item corrects, and when it was known."""
    kind = "scr" if "scr" in item else "organization"
    rows = log.stream(f"{kind}/{item[kind]}", proposed)
    try:
        facts = [(row.position, cast("CaseEvent", _parsed(row))) for row in rows]
        said = {**item, "by": "-"}
        corrects = pair([*facts, (proposed, parse_fields(said))]).corrects
    except Unreadable as error:
        raise FactDamagedError(
            rows[-1].position if rows else proposed, str(error)
        ) from None
    if proposed not in corrects:
        return None
    first = corrects[proposed][0]
    row = next(one for one in rows if one.position == first)
    fact = dict(facts)[first]
    known = fact.known_at or datetime.fromisoformat(row.recorded_at)
    return first, format_instant(known)


def _parsed(row: Row) -> Event:
    return parse_stored(row.topic, row.payload)
