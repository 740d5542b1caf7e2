"""Samples that are recorded: their frames proved again, and how they stand.

A fact of a sample is known when it is recorded, so a basis shows a sample as it stood.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.domain import sampling
from ledger.domain.fiscal import format_instant
from ledger.domain.publication import hash_of_set
from ledger.errors import (
    FactDamagedError,
    FrameChangedError,
    LedgerError,
    NoSuchSampleError,
    NotDrawnError,
    UsageError,
)
from projections import basis as bases
from projections.populations import Population

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ledger.domain.sampling import Answered, Drawn, Sample, Stratum
    from ledger.reader import Log, Row
    from projections.basis import Basis
    from projections.readmodel import ReadModel

_NO_FACT = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    LedgerError,
    RecursionError,
)


class Made(NamedTuple):
    """When and by whom something was recorded."""

    position: int
    recorded_at: str
    by: str


class Recorded(NamedTuple):
    """A sample as it stands at a basis."""

    sample: Sample
    basis: dict[str, Any]
    """That the frame rests on, as its fact has it."""
    framed: Made
    drawn: Made | None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.sample.framed.sample


def every(log: Log, basis: Basis) -> list[Recorded]:
    """Return the samples visible at a basis, in the order their frames were sealed."""
    streams: dict[str, list[Row]] = {}
    for row in log.family(sampling.PREFIX, basis.position):
        if bases.is_recorded(row, basis):
            streams.setdefault(row.stream, []).append(row)
    return [_folded(rows) for rows in streams.values()]


def named(log: Log, basis: Basis, name: str) -> Recorded:
    """Return the sample of a name as it stands at a basis.

    :raises NoSuchSampleError: no frame of that name is sealed there.
    :raises FactDamagedError: what is kept of it cannot be read.
    """
    stream = f"{sampling.PREFIX}{name}"
    rows = log.stream(stream, basis.position) if name.isascii() else []
    seen = [row for row in rows if bases.is_recorded(row, basis)]
    if not seen:
        raise NoSuchSampleError(name)
    return _folded(seen)


def _folded(rows: Iterable[Row]) -> Recorded:
    sample: Sample | None = None
    made: dict[str, Made] = {}
    rested: dict[str, Any] = {}
    for row in rows:
        try:
            fields = json.loads(row.payload)
            sample = sampling.evolve(sample, sampling.act_of(fields), row.position)
            moment = format_instant(datetime.fromisoformat(row.recorded_at))
            made[fields["event"]] = Made(row.position, moment, str(fields["by"]))
            if fields["event"] == "framed":
                rested = {"instant": None, **fields["basis"]}
        except _NO_FACT:
            why = "it is no fact of a sample"
            raise FactDamagedError(row.position, why) from None
    assert sample is not None  # There is at least one row.
    return Recorded(sample, rested, made["framed"], made.get("drawn"))


def drawn_of(one: Recorded) -> Drawn:
    """Return the draw of a sample.

    :raises NotDrawnError: there is none yet.
    """
    if one.sample.drawn is None:
        raise NotDrawnError(one.name)
    return one.sample.drawn


# --- the frame ------------------------------------------------------------------------


def frame_basis(log: Log, one: Recorded) -> Basis:
    """Return the basis a frame rests on; the root it names is checked.

    :raises WrongRootError: the log has another root there.
    :raises FactDamagedError: its basis is none.
    """
    try:
        return bases.parse_basis(json.dumps(one.basis), log)
    except UsageError as error:
        raise FactDamagedError(one.framed.position, str(error)) from None


def population_of(
    log: Log, model: ReadModel, one: Recorded, *, upto: int | None = None
) -> Population:
    """Return what queries about a sample's items are asked of.

    :param upto: publications recorded by then are known; left out, by the frame's
        basis.
    """
    return Population(log, model, frame_basis(log, one), upto=upto)


def check_frame(
    log: Log, model: ReadModel, one: Recorded, expected: str | None = None
) -> Population:
    """Ask a frame's query again at its basis; return what it was asked of.

    :param expected: the hash that somebody noted when the frame was sealed.
    :raises FrameChangedError: it gives other SCRs, or another hash was noted.
    """
    frame = one.sample.framed
    held = hash_of_set(frame.items)
    if held != frame.sha256:
        raise FrameChangedError(one.name, frame.sha256, held)
    if expected is not None and expected.lower() != held:
        raise FrameChangedError(one.name, held, f"{expected} as it was noted")
    population = population_of(log, model, one)
    found = hash_of_set(population.of(frame.query))
    if found != held:
        raise FrameChangedError(one.name, held, found)
    return population


def parts_of(
    population: Population, frame: Sequence[str], asked: Iterable[sampling.Part]
) -> list[sampling.Part]:
    """Return strata with their members: each SCR of the frame is in one of them.

    :raises UsageError: one is in several, or in none.
    """
    within = set(frame)
    parts: list[sampling.Part] = []
    seen: dict[str, str] = {}
    for part in asked:
        members = sorted(population.of(part.query or "") & within)
        for scr in members:
            if scr in seen:
                message = (
                    f"{scr} is in the strata {seen[scr]} and {part.stratum};"
                    " each SCR is in one"
                )
                raise UsageError(message)
            seen[scr] = part.stratum
        parts.append(part._replace(members=tuple(members)))
    if left := sorted(within - set(seen)):
        message = (
            f"{len(left):,} SCRs of the frame are in no stratum, {left[0]} first;"
            " each SCR is in one"
        )
        raise UsageError(message)
    return parts


# --- items ----------------------------------------------------------------------------


class Item(NamedTuple):
    """One item to be examined, and what is said of it."""

    item: str
    stratum: Stratum
    place: int
    """In the order of selection of its stratum, from 1."""
    instead_of: str | None
    answers: dict[str, Answered]


def items_of(one: Recorded) -> Iterator[Item]:
    """Yield the items to be examined, by stratum, in the order of selection.

    :raises NotDrawnError: nothing is drawn yet.
    """
    sample, drawn = one.sample, drawn_of(one)
    said: dict[str, dict[str, Answered]] = {}
    for (item, attribute), answered in sample.answers.items():
        said.setdefault(item, {})[attribute] = answered
    for stratum in drawn.strata:
        pairs = zip(stratum.items, sample.in_place(stratum), strict=True)
        for place, (first, item) in enumerate(pairs, 1):
            instead = None if item == first else first
            yield Item(item, stratum, place, instead, said.get(item, {}))


# --- what needs a correction ----------------------------------------------------------


class Needing(NamedTuple):
    """An SCR whose record is not what an audit found, and what it found."""

    scr: str
    attribute: str
    answer: str
    by: str
    """Whose answer holds: of the first review, or who settled it."""
    position: int
    """Of the fact that says so."""
    note_ref: str | None


def needing_correction(one: Recorded, attribute: str, answer: str) -> list[Needing]:
    """Return the SCRs of a sample with an answer that holds, in the order drawn.

    What two reviews disagree on, and nobody has settled, is not among them.

    :raises NotDrawnError: nothing is drawn yet.
    """
    found = []
    for item in items_of(one):
        answered = item.answers.get(attribute)
        said = None if answered is None else answered.holds
        if said is not None and said.answer == answer:
            found.append(
                Needing(
                    item.item, attribute, answer, said.by, said.position, said.note_ref
                )
            )
    return found
