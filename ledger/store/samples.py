"""Samples: each fact decided against what is recorded of its sample, and appended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import sampling
from ledger.domain.events import Examined, payload_of
from ledger.errors import (
    NoSeedYetError,
    NoSuchSampleError,
    SampleFaultyError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.domain.events import SampleEvent
    from ledger.domain.sampling import Drawn, Part, Sample
    from ledger.store.sqlite import Appending


class Decided(NamedTuple):
    """What came of recording a fact of a sample."""

    fact: SampleEvent
    position: int | None
    """Where it stands, or would stand; None if all of it was recorded already."""


def append(appending: Appending, facts: Iterable[SampleEvent]) -> list[Decided]:
    """Decide facts of one sample one after another and append them, all or none.

    Answers that are recorded already, of the same person, add nothing.

    :raises SampleError, NoSuchSampleError: one may not follow what is before it.
    """
    held: dict[str, tuple[Sample | None, int]] = {}
    decided: list[Decided] = []
    for fact in facts:
        if fact.sample not in held:
            held[fact.sample] = recalled(appending, fact.sample)
        sample, version = held[fact.sample]
        act = sampling.act_of(json.loads(payload_of(fact)))
        if sample is not None and isinstance(act, sampling.Examined):
            act = sampling.repeated(sample, act)
            if not act.answers:
                decided.append(Decided(fact, None))
                continue
            assert isinstance(fact, Examined)
            fact = fact.model_copy(update={"answers": dict(act.answers)})  # noqa: PLW2901 - less of the same
        sampling.refuse(sample, act)
        stored = StoredEvent(fact.stream, version + 1, fact.topic, payload_of(fact))
        (position,) = appending.put([stored])
        held[fact.sample] = sampling.evolve(sample, act, position), version + 1
        decided.append(Decided(fact, position))
    return decided


def selection(
    appending: Appending,
    name: str,
    parts: Sequence[Part],
    *,
    seed: str | None,
    reviews: int,
) -> Drawn:
    """Return what frame and seed give, to be recorded in the same append.

    :param seed: None takes it from the log: the root right after the frame's fact,
        which nobody could know when the frame was sealed, and nobody can choose.
    :raises NoSuchSampleError: no frame is sealed.
    :raises NoSeedYetError: nothing is recorded since.
    :raises SampleFaultyError: a part is larger than what there is of it.
    """
    sample, _ = recalled(appending, name)
    if sample is None:
        raise NoSuchSampleError(name)
    position = None
    if seed is None:
        position = sample.framed_at + 1
        if position > appending.head:
            raise NoSeedYetError(name, sample.framed_at)
        seed = appending.root(position)
    frame = sample.framed.items
    for part in parts:
        there = len(frame if part.members is None else part.members)
        if part.size < 1 or part.size + part.spares > there:
            asked = f"{part.size} and {part.spares} spares of {part.stratum}"
            raise SampleFaultyError(name, f"{asked} are asked for, of {there}")
    return sampling.Drawn(
        name,
        sample.framed.sha256,
        sampling.RULE,
        seed,
        "given" if position is None else "log",
        position,
        reviews,
        sampling.draw(seed, frame, parts),
    )


def next_spare(appending: Appending, name: str, item: str) -> str:
    """Return the spare that is to be taken in place of an item.

    :raises SampleError, NoSuchSampleError: there is none, or no such item.
    """
    sample, _ = recalled(appending, name)
    if sample is None:
        raise NoSuchSampleError(name)
    sampling.check_item(sample, item)
    return sample.next_spare(item)


def recalled(appending: Appending, name: str) -> tuple[Sample | None, int]:
    """Return a sample as its facts leave it, and how many there are."""
    stream = f"{sampling.PREFIX}{name}"
    rows = appending.stream(stream)
    sample: Sample | None = None
    for position, (_, payload, _) in zip(
        appending.positions(stream), rows, strict=True
    ):
        act = sampling.act_of(json.loads(payload))
        sample = sampling.evolve(sample, act, position)
    return sample, len(rows)
