"""Figures computed to be sealed, and computed again to be compared.

What a publication says of the log is computed from the log alone, at its basis and by
the definitions it names; so it can be computed again for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import publication as publications
from ledger.domain.publication import (
    Counted,
    Figure,
    Publication,
    Rested,
    hash_of_set,
)
from ledger.errors import (
    NotFoundError,
    PublicationChangedError,
    PublicationTakenError,
    UsageError,
)
from ledger.members import committed
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash
from projections import basis as bases
from projections.measures import find
from projections.people import four_eyes
from projections.publications import (
    PREFIX,
    basis_of,
    last_printed,
    publication_row,
    recorded,
)
from projections.reconcile import Side, counted, figures
from projections.restating import compared, superseded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ledger.domain.publication import Gate, Status
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.measures import Measure
    from projections.publications import Recorded
    from projections.readmodel import ReadModel

_PERCENT = 100


class Wanted(NamedTuple):
    """What is to be published."""

    name: str
    document: str
    claims: str
    figures: tuple[tuple[str, int], ...]
    """Measures, as ``ID`` or ``ID@VERSION``, and fiscal years."""
    definitions: tuple[str, ...] = ()
    """Further definitions to hold to, such as those of denominators."""


class Printed(NamedTuple):
    """What a document printed before it was registered."""

    name: str
    document: str
    claims: str
    printed_on: str
    as_of: str
    """What its figures rest on, as ``--as-of`` takes it."""
    synthetic: bool
    figures: tuple[tuple[str, int, int, str | None], ...]
    """Measure, fiscal year, what is printed, and its own words for it."""


# --- computed -------------------------------------------------------------------------


class Computed(NamedTuple):
    """A figure as the ledger gives it."""

    value: int
    units: tuple[str, ...]
    denominator: int | None
    denominator_units: tuple[str, ...] | None
    target: float | None


def computed(
    model: ReadModel,
    basis: Basis,
    names: Sequence[str],
    asked: Iterable[tuple[str, int]],
) -> tuple[dict[tuple[str, int], Computed], list[Measure]]:
    """Compute figures at a basis, and return the definitions they rest on.

    :param names: the definitions to compute by: ``ID``, as in force, or ``ID@VERSION``.
    :param asked: measure ids and fiscal years.
    :raises UsageError: there is no such definition.
    """
    by = {name.partition("@")[0]: find(model, basis, name) for name in names}
    used: dict[str, Measure] = {}
    found: dict[tuple[str, int], Computed] = {}
    years: dict[str, set[int]] = {}
    for measure, year in asked:
        years.setdefault(measure, set()).add(year)
    for measure, of in years.items():
        one = used[measure] = by[measure]
        under = one.definition.denominator
        if under is not None:
            used[under] = by[under] if under in by else find(model, basis, under)
        for year in sorted(of):
            found[measure, year] = _computed(
                model, basis, one, None if under is None else used[under], year
            )
    return found, list(used.values())


def _computed(
    model: ReadModel, basis: Basis, measure: Measure, under: Measure | None, year: int
) -> Computed:
    units = _units(model, basis, measure, year)
    below = None if under is None else _units(model, basis, under, year)
    value = figures(model, Side(basis, measure), range(year, year + 1))[year]
    return Computed(
        value,
        units,
        None if below is None else len(below),
        below,
        measure.definition.targets.get(year),
    )


def _units(
    model: ReadModel, basis: Basis, measure: Measure, year: int
) -> tuple[str, ...]:
    alone = range(year, year + 1)
    return tuple(
        sorted(unit for _, unit in counted(model, Side(basis, measure), alone))
    )


def _figure(measure: str, year: int, one: Computed) -> Figure:
    return Figure(
        measure,
        year,
        one.value,
        one.units,
        hash_of_set(one.units),
        denominator=one.denominator,
        denominator_sha256=None
        if one.denominator_units is None
        else hash_of_set(one.denominator_units),
        target=one.target,
        met=_met(one),
    )


def _met(one: Computed) -> bool | None:
    """Whether a figure reaches its target; of a rate, in percent."""
    if one.target is None:
        return None
    if one.denominator is None:
        return one.value >= one.target
    if not one.denominator:
        return None  # Nothing of nothing is no percentage.
    return one.value * _PERCENT >= one.target * one.denominator


def met_in(model: ReadModel, basis: Basis, measure: Measure, year: int) -> bool | None:
    """Return whether a measure reaches its target for a year; None without one."""
    if year not in measure.definition.targets:
        return None
    under = measure.definition.denominator
    other = None if under is None else find(model, basis, under)
    return _met(_computed(model, basis, measure, other, year))


def _counted_by(measure: Measure) -> Counted:
    definition = measure.definition
    return Counted(definition.id, definition.version, measure.hash)


def rested(log: Log, model: ReadModel, basis: Basis) -> Rested:
    """Return a basis, graded, as a publication has it."""
    said = bases.graded(basis, model, log)
    return Rested(**said)  # type: ignore[arg-type]  # the object has just these


def publication(  # noqa: PLR0913 - what is sealed
    log: Log,
    model: ReadModel,
    basis: Basis,
    wanted: Wanted,
    *,
    gate: Gate,
    override: str | None,
    statuses: Mapping[tuple[str, int], Status],
) -> Publication:
    """Compute a publication at a basis.

    :param statuses: why figures are not what was printed last.
    :raises UsageError: there is no such definition.
    """
    names = list(dict.fromkeys(name for name, _ in wanted.figures))
    names = [*wanted.definitions, *names]  # Of one measure the last one holds.
    asked = [(name.partition("@")[0], year) for name, year in wanted.figures]
    values, used = computed(model, basis, names, asked)
    printed = last_printed(recorded(log))
    made = []
    for key in asked:
        figure = _figure(*key, values[key])._replace(last=printed.get(key))
        status = statuses.get(key) if publications.differs(figure) else None
        made.append(figure._replace(status=status))
    return Publication(
        wanted.name,
        "computed",
        wanted.document,
        wanted.claims,
        rested(log, model, basis),
        tuple(_counted_by(one) for one in used),
        tuple(made),
        claims_measure=_claimed(model, basis, wanted.claims, log.head),
        gate=gate,
        override=override,
        four_eyes=four_eyes(log),
    )


def unanswerable(
    log: Log, model: ReadModel, one: Printed
) -> Iterator[tuple[str | None, str]]:
    """Yield what of a printing the ledger cannot answer: a measure, or None; and why.

    Without its basis it answers for no measure; of what is recorded already no measure
    is asked for again.
    """
    try:
        basis = bases.parse_as_of(one.as_of, log)
    except (UsageError, NotFoundError) as error:
        yield None, str(error)
        return
    if log.stream(f"{PREFIX}{one.name}", log.head):
        return
    for name in dict.fromkeys(measure for measure, *_ in one.figures):
        try:
            computed(model, basis, [name], [])
        except UsageError as error:
            yield name, str(error)


def as_printed(
    log: Log, model: ReadModel, every: Sequence[Printed]
) -> list[Publication]:
    """Compute what the ledger gives beside what was printed.

    A figure is supported where the ledger reproduces it at the stated day.

    :raises UsageError: a measure or a day is none.
    """
    printed = last_printed(recorded(log))
    found: list[Publication] = []
    for one in every:
        basis = bases.parse_as_of(one.as_of, log)
        asked = [(measure, year) for measure, year, _, _ in one.figures]
        names = list(dict.fromkeys(measure for measure, _ in asked))
        values, used = computed(model, basis, names, asked)
        made = []
        for measure, year, value, words in one.figures:
            figure = _figure(measure, year, values[measure, year])
            made.append(
                figure._replace(
                    printed=value,
                    printed_as=words,
                    supported=value == figure.value,
                    last=printed.get((measure, year)),
                )
            )
        sealed = Publication(
            one.name,
            "as-printed",
            one.document,
            one.claims,
            rested(log, model, basis),
            tuple(_counted_by(each) for each in used),
            tuple(made),
            claims_measure=_claimed(model, basis, one.claims, log.head),
            printed_on=one.printed_on,
            synthetic=one.synthetic,
            four_eyes=four_eyes(log),
        )
        printed |= publications.lasts(sealed)
        found.append(sealed)
    return found


def _claimed(model: ReadModel, basis: Basis, claims: str, upto: int) -> Counted | None:
    """Return the definition a claim names, where it is the name of a measure.

    :param upto: the last position before the publication: what a version said later
        is, the document cannot have meant.
    """
    try:
        named = find(model, basis, claims)
    except UsageError:
        return None
    later = named.position is not None and named.position > upto
    return None if later else _counted_by(named)


def registered(log: Log, every: Iterable[Printed]) -> tuple[list[Printed], list[str]]:
    """Return which printings are new, and the names of those recorded already.

    :raises PublicationTakenError: a name is taken, and by another printing.
    """
    held = {one.content.name: one for one in recorded(log)}
    new: list[Printed] = []
    already: list[str] = []
    for one in every:
        there = held.get(one.name)
        if there is None:
            new.append(one)
        elif _is_same(log, there.content, one):
            already.append(one.name)
        else:
            raise PublicationTakenError(one.name, there.position)
    return new, already


def _is_same(log: Log, there: Publication, one: Printed) -> bool:
    figures = tuple(
        (each.measure, each.fiscal_year, each.printed, each.printed_as)
        for each in there.figures
    )
    words = (there.document, there.claims, there.printed_on, there.synthetic)
    same = figures == tuple(map(tuple, one.figures)) and words == (
        one.document,
        one.claims,
        one.printed_on,
        one.synthetic,
    )
    return same and _rests_on(log, there.basis, one.as_of)


def _rests_on(log: Log, there: Rested, as_of: str) -> bool:
    """Whether a basis is what an ``--as-of`` names, were the log no longer than then.

    Only a basis without a cut-off is named by its position; else that was the head.
    """
    basis = bases.parse_as_of(as_of, log)
    if basis.bound != there.bound:
        return False
    if basis.instant is None or there.instant is None:
        return basis.position == there.position
    return basis.instant == bases.printed_instant(there.instant)


def unexplained(one: Publication) -> list[str]:
    """Return the figures that differ from their last printing without a status."""
    return [
        f"{figure.measure} FY{figure.fiscal_year} {figure.shown:,}, printed"
        f" {figure.last.value:,} in {figure.last.publication}"
        for figure in one.figures
        if figure.last is not None
        and figure.status is None
        and publications.differs(figure)
    ]


def claims_otherwise(one: Publication) -> str | None:
    """Say what a document claims where it is not what was computed; else None.

    A claim in words can be compared with nothing but words: it is told beside what was
    computed, and people have to read both.
    """
    measures = {figure.measure for figure in one.figures}
    other = [
        used
        for used in one.definitions
        if used.measure in measures and used != one.claims_measure
    ]
    if not other:
        return None
    names = ", ".join(f"{used.measure}@{used.version}" for used in other)
    claimed = one.claims_measure
    claim = (
        f"the words {one.claims!r}"
        if claimed is None
        else f"{claimed.measure}@{claimed.version}"
    )
    return f"the document claims {claim}, and what is computed is {names}"


def today(
    log: Log, model: ReadModel, one: Recorded
) -> list[tuple[Figure, int, str | None]]:
    """Return each figure with its value by all that is recorded now.

    It is by the definition the publication names. Where another one is in force by now
    that is named besides: ``dd-all@2``, or ``retired``.
    """
    now = bases.of_now(log)
    names = {
        used.measure: f"{used.measure}@{used.version}"
        for used in one.content.definitions
    }
    found = []
    for measure, name in names.items():
        years = sorted(
            each.fiscal_year for each in one.content.figures if each.measure == measure
        )
        if not years:
            continue
        side = Side(now, find(model, now, name))
        values = figures(model, side, range(years[0], years[-1] + 1))
        in_force = _in_force(model, now, measure)
        found += [
            (each, values[each.fiscal_year], None if in_force == name else in_force)
            for each in one.content.figures
            if each.measure == measure
        ]
    return found


def _in_force(model: ReadModel, now: Basis, measure: str) -> str:
    try:
        return find(model, now, measure).definition.name
    except UsageError:
        return "retired"


# --- computed again -------------------------------------------------------------------


def verify(
    log: Log, model: ReadModel, name: str, every: Sequence[Recorded] | None = None
) -> tuple[Recorded, bytes]:
    """Compute a publication again; return it with the bytes that are sealed.

    :param every: all publications of the log, where they have been read already.
    :raises NoSuchPublicationError: there is none.
    :raises WrongRootError: the log has another root where it rests.
    :raises PublicationChangedError: it is not what was sealed, or what the log gives.
    :raises FactDamagedError: what is kept is none.
    """
    one, row = publication_row(log, name)
    place = (row.position, row.stream, row.version, row.topic)
    leaf = leaf_hash(entry(*place, row.recorded_at, row.payload))
    if leaf != log.leaf(row.position):
        why = "its bytes do not give the leaf hash kept with them"
        raise PublicationChangedError(name, why)
    if one.content.name != name or publications.seal_of(one.content) != one.seal:
        raise PublicationChangedError(name, "it is not what its seal is of")
    for why in publications.disagreements(one.content):
        raise PublicationChangedError(name, why)
    known = recorded(log, one.position - 1) if every is None else every
    before = [each for each in known if each.position < one.position]
    again = _again(log, model, one, last_printed(before))
    sealed = publications.canonical(again)
    if sealed != publications.canonical(one.content):
        raise PublicationChangedError(name, _difference(one.content, again))
    return one, sealed


def _again(
    log: Log,
    model: ReadModel,
    one: Recorded,
    printed: Mapping[tuple[str, int], publications.Last],
) -> Publication:
    """Return a publication with all that can be computed of it computed again."""
    content = one.content
    basis = basis_of(log, one)
    names = [f"{used.measure}@{used.version}" for used in content.definitions]
    asked = [(figure.measure, figure.fiscal_year) for figure in content.figures]
    try:
        values, used = computed(model, basis, names, asked)
    except UsageError as error:
        raise PublicationChangedError(content.name, str(error)) from None
    made = []
    for figure in content.figures:
        key = figure.measure, figure.fiscal_year
        made.append(
            _figure(*key, values[key])._replace(
                printed=figure.printed,
                printed_as=figure.printed_as,
                supported=None
                if figure.printed is None
                else figure.printed == values[key].value,
                last=printed.get(key),
                status=figure.status,
            )
        )
    if content.supersedes is not None:
        made = _restated_again(log, model, one, basis, made, used)
    again = content._replace(
        basis=rested(log, model, basis),
        definitions=tuple(_counted_by(each) for each in used),
        figures=tuple(made),
        claims_measure=_claimed(model, basis, content.claims, one.position - 1),
        four_eyes=None
        if content.four_eyes is None
        else four_eyes(log, one.position - 1),
    )
    return again if one.secret is None else committed(again, one.secret)


def _restated_again(  # noqa: PLR0913, PLR0917 - what a figure is computed from
    log: Log,
    model: ReadModel,
    one: Recorded,
    basis: Basis,
    made: Sequence[Figure],
    used: Sequence[Measure],
) -> list[Figure]:
    """Return figures with what they are in place of, and the parts between, again."""
    was = [
        ("" if each.previously is None else each.previously.measure, each.fiscal_year)
        for each in one.content.figures
    ]
    pairs = list(zip(made, was, strict=True))
    try:
        return list(compared(log, model, superseded(log, one), basis, pairs, used))
    except (KeyError, UsageError) as error:
        raise PublicationChangedError(one.content.name, str(error)) from None


def _difference(sealed: Publication, again: Publication) -> str:
    for one, other in zip(sealed.figures, again.figures, strict=True):
        if one != other:
            return (
                f"{one.measure} FY{one.fiscal_year} is {one.value:,} in it, and the log"
                f" gives {other.value:,}"
                if one.value != other.value
                else f"{one.measure} FY{one.fiscal_year} does not rest on what it names"
            )
    if sealed.basis != again.basis:
        return "its basis has another grade"
    return "it was computed by other definitions than it names"
