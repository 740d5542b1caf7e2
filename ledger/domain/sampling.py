"""Samples: a sealed frame, a draw that anyone can repeat, and what was found.

Items are selected by the lowest SHA-256 of the text ``seed,id``, so whoever has frame
and seed gets the same items in a dozen lines of any language (docs/sampling.md). Which
fact may follow which is decided here, for those who record and for those who verify.
"""

from __future__ import annotations

import unicodedata
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, assert_never

from ledger.domain.publication import hash_of_set
from ledger.errors import (
    AlreadyAnsweredError,
    AlreadyDrawnError,
    NoDisagreementError,
    NoFirstReviewError,
    NoSpareError,
    NoSuchSampleError,
    NotAThirdPersonError,
    NotDrawnError,
    NotInSampleError,
    OwnReviewError,
    SampleFaultyError,
    SampleTakenError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Finding = Literal["yes", "no", "not-determinable"]
FINDINGS: tuple[Finding, ...] = ("yes", "no", "not-determinable")

PREFIX = "sample/"
ORDER = "ids by code point, ascending"
RULE = "lowest SHA-256 of the UTF-8 text seed,id"
WHOLE = "all"
"""The one stratum of a simple draw."""


# --- what is recorded -------------------------------------------------------------


class Framed(NamedTuple):
    """A sealed frame."""

    sample: str
    query: str
    order: str
    size: int
    sha256: str
    items: tuple[str, ...]


class Stratum(NamedTuple):
    """A part of a frame, and what was drawn of it, in the order of selection."""

    stratum: str
    population: int
    items: tuple[str, ...]
    spares: tuple[str, ...]
    query: str | None = None
    members: tuple[str, ...] | None = None
    """None of a simple draw: the whole frame."""


class Drawn(NamedTuple):
    """A draw, with all it takes to repeat it."""

    sample: str
    frame_sha256: str
    rule: str
    seed: str
    chosen: Literal["given", "log"]
    seed_position: int | None
    reviews: int
    strata: tuple[Stratum, ...]


class Spared(NamedTuple):
    """A spare in place of an item, and why."""

    sample: str
    item: str
    spare: str
    reason: str


class Examined(NamedTuple):
    """The answers of one person on one item."""

    sample: str
    item: str
    review: Literal["first", "second"]
    answers: tuple[tuple[str, Finding], ...]
    by: str
    note_ref: str | None


class Settled(NamedTuple):
    """Which answer holds, where two reviews disagree."""

    sample: str
    item: str
    attribute: str
    answer: Finding
    by: str
    reason: str
    note_ref: str | None


Act = Framed | Drawn | Spared | Examined | Settled


def act_of(fields: Mapping[str, Any]) -> Act:
    """Return what a fact of a sample says, from its fields as they are kept.

    :raises KeyError, TypeError, ValueError: they are none of such a fact.
    """
    cls = _ACTS[fields["event"]]
    said = {name: fields.get(name) for name in cls._fields}
    if cls is Examined:
        said["answers"] = tuple(fields["answers"].items())
    elif cls is Drawn:
        said["strata"] = tuple(_stratum(one) for one in fields["strata"])
    elif cls is Framed:
        said["items"] = tuple(fields["items"])
    made: Act = cls(**said)
    return made


_ACTS: dict[str, Any] = {
    "framed": Framed,
    "drawn": Drawn,
    "spared": Spared,
    "examined": Examined,
    "settled": Settled,
}


def _stratum(fields: Mapping[str, Any]) -> Stratum:
    members = fields.get("members")
    return Stratum(
        fields["stratum"],
        fields["population"],
        tuple(fields["items"]),
        tuple(fields["spares"]),
        fields.get("query"),
        None if members is None else tuple(members),
    )


def as_json(drawn: Drawn) -> dict[str, object]:
    """Return a draw as a fact has it, what is absent left out."""
    strata = [
        {k: v if k == "population" else _plain(v) for k, v in one._asdict().items()}
        for one in drawn.strata
    ]
    said = {**drawn._asdict(), "strata": strata}
    said["strata"] = [{k: v for k, v in s.items() if v is not None} for s in strata]
    return {name: value for name, value in said.items() if value is not None}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


# --- selecting --------------------------------------------------------------------


def rank(seed: str, item: str) -> str:
    """Return what an item is ranked by: SHA-256 of ``seed,item`` in hex."""
    return sha256(f"{seed},{item}".encode()).hexdigest()


def ranked(seed: str, items: Iterable[str]) -> list[str]:
    """Return items in the order of selection: the first n are a draw of n."""
    return sorted(items, key=lambda item: (rank(seed, item), item))


class Part(NamedTuple):
    """What is to be drawn of one stratum."""

    stratum: str
    size: int
    spares: int
    query: str | None = None
    members: tuple[str, ...] | None = None


def draw(seed: str, frame: Sequence[str], parts: Iterable[Part]) -> tuple[Stratum, ...]:
    """Draw from each part, or from the whole frame; no more than there is."""
    return tuple(_drawn(seed, frame, part) for part in parts)


def _drawn(seed: str, frame: Sequence[str], part: Part) -> Stratum:
    held = frame if part.members is None else part.members
    order = ranked(seed, held)
    return Stratum(
        part.stratum,
        len(held),
        tuple(order[: part.size]),
        tuple(order[part.size : part.size + part.spares]),
        part.query,
        part.members,
    )


def same_person(one: str, other: str) -> bool:
    """Whether two texts name one person, however they are typed.

    Letter case, width, spaces and punctuation make nobody another.
    """
    return _folded(one) == _folded(other)


def _folded(by: str) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", by).casefold())
    kept = "".join(char for char in text if unicodedata.category(char)[0] not in "PZC")
    return kept or text


# --- how a sample stands ----------------------------------------------------------


class Said(NamedTuple):
    """One answer of one person."""

    answer: Finding
    by: str
    position: int
    note_ref: str | None


class Answered(NamedTuple):
    """What was said of one attribute of one item."""

    first: Said
    second: Said | None = None
    settled: Said | None = None

    @property
    def disputed(self) -> bool:
        """Whether two reviews disagree and nobody has settled it."""
        return (
            self.second is not None
            and self.settled is None
            and self.second.answer != self.first.answer
        )

    @property
    def holds(self) -> Said | None:
        """The answer that holds; None while two reviews disagree."""
        if self.settled is not None:
            return self.settled
        return None if self.disputed else self.first


class Sample:
    """A sample while its facts are folded, in place: there may be many."""

    __slots__ = ("answers", "drawn", "framed", "framed_at", "replaced", "spared")

    def __init__(self, framed: Framed, position: int) -> None:
        self.framed = framed
        self.framed_at = position
        self.drawn: Drawn | None = None
        self.replaced: dict[str, str] = {}
        """Each replaced item, and the spare in its place."""
        self.spared: list[Spared] = []
        self.answers: dict[tuple[str, str], Answered] = {}

    def stratum_of(self, item: str) -> Stratum | None:
        """Return the stratum an item was drawn of, as an item or as a spare."""
        for stratum in self.drawn.strata if self.drawn else ():
            if item in stratum.items or item in stratum.spares:
                return stratum
        return None

    def in_place(self, stratum: Stratum) -> list[str]:
        """Return what is to be examined of a stratum: spares stand in their places."""
        return [self._stands_for(item) for item in stratum.items]

    def _stands_for(self, item: str) -> str:
        while item in self.replaced:
            item = self.replaced[item]
        return item

    def next_spare(self, item: str) -> str:
        """Return the spare that is next for an item.

        :raises NoSpareError: its stratum has none left, or it is examined already.
        """
        stratum = self.stratum_of(item)
        if any(examined == item for examined, _ in self.answers):
            why = "it is examined already; a finding is never exchanged"
            raise NoSpareError(item, why)
        used = set(self.replaced.values())
        left = [one for one in (stratum.spares if stratum else ()) if one not in used]
        if not left:
            raise NoSpareError(item, "none is left; draw a sample with more of them")
        return left[0]

    def why_not_in(self, item: str) -> str | None:
        """Return why an item is not to be examined, or None if it is."""
        if item in self.replaced:
            return f"{self.replaced[item]} was taken in its place"
        stratum = self.stratum_of(item)
        if stratum is None:
            return "it was not drawn"
        if item not in stratum.items and item not in self.replaced.values():
            return "it is a spare that is not used"
        return None


def refuse(sample: Sample | None, act: Act) -> None:
    """Refuse what may not follow what is recorded of a sample.

    :raises SampleError, NoSuchSampleError: says which rule it breaks.
    """
    if isinstance(act, Framed):
        if sample is not None:
            raise SampleTakenError(act.sample, sample.framed_at)
        _refuse_faults(act.sample, frame_faults(act))
        return
    if sample is None:
        raise NoSuchSampleError(act.sample)
    if isinstance(act, Drawn):
        if sample.drawn is not None:
            raise AlreadyDrawnError(act.sample)
        _refuse_faults(act.sample, draw_faults(sample, act))
        return
    check_item(sample, act.item)
    match act:
        case Spared():
            if act.spare != (due := sample.next_spare(act.item)):
                raise NoSpareError(act.item, f"{due} is next in the order of the draw")
        case Examined():
            for attribute, _ in act.answers:
                _refuse_answer(sample, act, attribute)
        case Settled():
            _refuse_settling(sample, act)
        case _:
            assert_never(act)


def check_item(sample: Sample, item: str) -> None:
    """Refuse an item that is not to be examined.

    :raises NotDrawnError: nothing is drawn yet.
    :raises NotInSampleError: it was not drawn, or is replaced.
    """
    if sample.drawn is None:
        raise NotDrawnError(sample.framed.sample)
    if (why := sample.why_not_in(item)) is not None:
        raise NotInSampleError(sample.framed.sample, item, why)


def _refuse_faults(name: str, faults: Iterator[str]) -> None:
    for why in faults:
        raise SampleFaultyError(name, why)


def _refuse_answer(sample: Sample, act: Examined, attribute: str) -> None:
    held = sample.answers.get((act.item, attribute))
    if act.review == "first":
        if held is not None:
            said = held.first
            raise AlreadyAnsweredError(act.item, attribute, said.answer, said.by)
        return
    if held is None:
        raise NoFirstReviewError(act.item, attribute)
    if held.second is not None:
        said = held.second
        raise AlreadyAnsweredError(act.item, attribute, said.answer, said.by)
    if same_person(act.by, held.first.by):
        raise OwnReviewError(act.item, attribute, act.by)


def _refuse_settling(sample: Sample, act: Settled) -> None:
    held = sample.answers.get((act.item, act.attribute))
    if held is None or not held.disputed:
        raise NoDisagreementError(act.item, act.attribute)
    assert held.second is not None  # There is no dispute without one.
    if same_person(act.by, held.first.by) or same_person(act.by, held.second.by):
        raise NotAThirdPersonError(act.item, act.attribute, act.by)


def frame_faults(framed: Framed) -> Iterator[str]:
    """Yield what in a frame does not agree with the rest of it."""
    if not framed.items:
        yield "its frame has no SCR; ask for another population"
    if list(framed.items) != sorted(set(framed.items)):
        yield "its frame is not sorted, or names an SCR twice"
    if len(framed.items) != framed.size or hash_of_set(framed.items) != framed.sha256:
        yield "the size or the hash of its frame is another"
    if framed.order != ORDER:
        yield "its frame is ordered by another rule"


def draw_faults(sample: Sample, drawn: Drawn) -> Iterator[str]:
    """Yield what in a draw is not what frame, seed and rule give."""
    frame = sample.framed
    if drawn.frame_sha256 != frame.sha256 or drawn.rule != RULE:
        yield "it is drawn from another frame, or by another rule"
    due = sample.framed_at + 1 if drawn.chosen == "log" else None
    if drawn.seed_position != due:
        yield "a seed from the log is the root right after the frame, another has none"
    whole = [one for one in drawn.strata if one.members is None]
    if whole and len(drawn.strata) > 1:
        yield "a stratum beside others is not the whole frame"
    members = sorted(one for stratum in drawn.strata for one in stratum.members or ())
    if not whole and members != list(frame.items):
        yield "its strata do not hold each SCR of the frame once"
    if len({one.stratum for one in drawn.strata}) < len(drawn.strata):
        yield "a stratum is named twice"
    for stratum in drawn.strata:
        yield from (
            f"{stratum.stratum}: {why}"
            for why in _drawn_otherwise(drawn.seed, frame.items, stratum)
        )


def _drawn_otherwise(
    seed: str, frame: Sequence[str], stratum: Stratum
) -> Iterator[str]:
    held = frame if stratum.members is None else stratum.members
    if stratum.population != len(held) or list(held) != sorted(set(held)):
        yield "its members are not sorted, or another number"
    if not stratum.items:
        yield "nothing is drawn of it"
    size, spares = len(stratum.items), len(stratum.spares)
    part = Part(stratum.stratum, size, spares, stratum.query, stratum.members)
    if _drawn(seed, frame, part) != stratum:
        yield "its items are not those of its seed"


def evolve(sample: Sample | None, act: Act, position: int) -> Sample:
    """Return the sample with what an act makes of it; it never argues.

    :raises NoSuchSampleError: something else comes before the frame.
    """
    if isinstance(act, Framed):
        return Sample(act, position)
    if sample is None:
        raise NoSuchSampleError(act.sample)
    match act:
        case Drawn():
            sample.drawn = act
        case Spared():
            sample.replaced[act.item] = act.spare
            sample.spared.append(act)
        case Examined():
            for attribute, answer in act.answers:
                said = Said(answer, act.by, position, act.note_ref)
                key = (act.item, attribute)
                held = sample.answers.get(key)
                sample.answers[key] = (
                    Answered(said) if held is None else held._replace(second=said)
                )
        case Settled():
            said = Said(act.answer, act.by, position, act.note_ref)
            held = sample.answers.get((act.item, act.attribute))
            sample.answers[act.item, act.attribute] = (
                Answered(said) if held is None else held._replace(settled=said)
            )
        case _:
            assert_never(act)
    return sample


def repeated(sample: Sample, act: Examined) -> Examined:
    """Return an examination without the answers that are recorded already.

    The same answer of the same person in the same review is nothing new.
    """

    def is_new(attribute: str, answer: Finding) -> bool:
        held = sample.answers.get((act.item, attribute))
        said = held and (held.first if act.review == "first" else held.second)
        return not (said and said.answer == answer and same_person(said.by, act.by))

    kept = tuple(pair for pair in act.answers if is_new(*pair))
    return act._replace(answers=kept)
