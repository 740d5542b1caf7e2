"""What a sample found, carried onward: what to correct, and what was printed of it.

The findings of a sample are the answers that hold. Each becomes one correction, unless
it needs none or cannot be one, which is said. What they say of a printed figure is a
floor: so many of the SCRs that it counted are found wrong (docs/sampling.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import scr as scrs
from ledger.domain.events import ScrFact, Unreadable, parse_stored
from ledger.errors import FactDamagedError, RuleError, UnfinishedError
from projections import basis as bases
from projections.measures import find
from projections.packages import packages_of
from projections.publications import basis_of, recorded
from projections.sample_parts import UNDETERMINED, check_attribute
from projections.sample_report import projection
from projections.samples import drawn_of, items_of, needing_correction
from projections.superseding import afterwards

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from fractions import Fraction

    from ledger.domain.publication import Figure
    from ledger.reader import Log
    from projections.publications import Recorded as Publication
    from projections.readmodel import ReadModel
    from projections.sample_report import Projection
    from projections.samples import Item, Needing, Recorded

ATTRIBUTE = "attribute:"
ANSWERS = ("yes", "no", "unknown")
_DETERMINING = ("determined", "redetermined")
_MOST_TEXT = 200


class Elements(NamedTuple):
    """Where the elements of a determination come from: an answer, or an attribute."""

    association: str = f"{ATTRIBUTE}association"
    transnational: str = f"{ATTRIBUTE}transnational"


class Asked(NamedTuple):
    """What is asked of a sample."""

    attribute: str
    answer: str
    elements: Elements
    reason: str
    on: str | None
    """The day of the corrections; None is that of proposing."""
    partial: bool


class LeftOut(NamedTuple):
    """An SCR that was looked at and is not in the package, and why."""

    scr: str
    why: str


class Findings(NamedTuple):
    """What holds of a sample, and what does not yet."""

    found: tuple[Needing, ...]
    open: tuple[LeftOut, ...]
    """Not determinable, in dispute, not answered, or not reviewed as asked for."""
    usable: tuple[Item, ...]
    """The items with an answer that holds, as an evaluation takes them."""
    finished: bool
    """Whether every item has one, so that a projection may be made."""


class Proposal(NamedTuple):
    """The corrections that are to be proposed."""

    items: tuple[dict[str, str], ...]
    left_out: tuple[LeftOut, ...]


# --- what was found -------------------------------------------------------------------


def findings(one: Recorded, asked: Asked) -> Findings:
    """Return the findings of a sample, in the order drawn.

    :raises NotDrawnError: nothing is drawn yet.
    :raises UnfinishedError: an item is not answered, or not reviewed twice where that
        was asked for, and not all of it is asked for.
    :raises UsageError: nobody answered the attribute.
    """
    items = list(items_of(one))
    check_attribute(asked.attribute, items)
    twice = drawn_of(one).reviews > 1
    left = {item.item: _unsure(item, asked, twice=twice) for item in items}
    unfinished = [why for why in left.values() if why in (_NO_ANSWER, _NO_REVIEW)]
    if unfinished and not asked.partial:
        words = [
            f"{unfinished.count(why):,} {why}"
            for why in (_NO_ANSWER, _NO_REVIEW)
            if why in unfinished
        ]
        raise UnfinishedError(one.name, ", ".join(words))
    missing = [why for why in left.values() if why not in (None, _UNDETERMINED)]
    return Findings(
        tuple(
            need
            for need in needing_correction(one, asked.attribute, asked.answer)
            if left[need.scr] is None
        ),
        tuple(LeftOut(scr, why) for scr, why in left.items() if why is not None),
        tuple(item for item in items if left[item.item] in (None, _UNDETERMINED)),
        not missing,
    )


_NO_ANSWER = "not answered"
_NO_REVIEW = "without a second review"
_DISPUTED = "two reviews disagree, and nobody has settled it"
_UNDETERMINED = "not determinable"


def _unsure(item: Item, asked: Asked, *, twice: bool) -> str | None:
    """Return why an item has no answer to go by; None if it has one."""
    held = item.answers.get(asked.attribute)
    if held is None:
        return _NO_ANSWER
    if held.holds is None:
        return _DISPUTED
    if twice and held.second is None:
        return _NO_REVIEW
    if held.holds.answer == UNDETERMINED != asked.answer:
        return _UNDETERMINED
    return None


# --- what is to be corrected ----------------------------------------------------------


def proposal(log: Log, one: Recorded, found: Findings, asked: Asked) -> Proposal:
    """Return the corrections that findings call for, and what is left out.

    :raises FactDamagedError: what is kept of an SCR or of a package is none.
    """
    proposed = _proposed(log)
    items: list[dict[str, str]] = []
    left = list(found.open)
    answers = {item.item: item for item in items_of(one)}
    for need in found.found:
        made = _elements(answers[need.scr], asked.elements)
        held = _state(log, need.scr)
        why = _unneeded(held, need, made, proposed.get(need.scr))
        if why is None:
            items.append(_item(held.scr, one.name, need, made, asked))
        else:
            left.append(LeftOut(need.scr, why))
    return Proposal(tuple(items), tuple(left))


NO_ELEMENT = "no answer says which element fails"


class _Held(NamedTuple):
    """An SCR as its stream leaves it."""

    scr: scrs.Scr
    determined_at: int
    """The position of its last determination; 0: it has none."""

    def overturns(self, need: Needing) -> bool:
        """Whether it was determined after a finding, and not to be no TCO.

        Whoever did so may have known what the auditors did not.
        """
        later = self.determined_at > need.position
        return later and self.scr.determinations[-1].meets_tco != "no"


def _unneeded(
    held: _Held, need: Needing, made: tuple[str, str], proposed: _Open | None
) -> str | None:
    """Return why a finding is not proposed; None if it is."""
    last = held.scr.determinations[-1] if held.scr.determinations else None
    if held.scr.voided:
        return "it is voided"
    if "no" not in made:
        return NO_ELEMENT
    if last is not None and (last.association, last.transnational, last.since) == (
        *made,
        None,
    ):
        return "the record says so already"
    if held.determined_at > need.position:
        return (
            f"determined anew @{held.determined_at}, after the finding;"
            " `scr correct propose` proposes it all the same"
        )
    if proposed is None:
        return None
    if "no" in proposed.elements:
        return f"proposed already, in {proposed.package}"
    return f"{proposed.package}, which nobody has decided, determines it otherwise"


def _elements(item: Item, asked: Elements) -> tuple[str, str]:
    """Return association and transnational; what nobody answered is unknown."""

    def answer(said: str) -> str:
        if not said.startswith(ATTRIBUTE):
            return said
        held = item.answers.get(said.removeprefix(ATTRIBUTE))
        holds = None if held is None else held.holds
        if holds is None or holds.answer == UNDETERMINED:
            return "unknown"
        return holds.answer

    return answer(asked.association), answer(asked.transnational)


def _item(
    held: scrs.Scr, sample: str, need: Needing, made: tuple[str, str], asked: Asked
) -> dict[str, str]:
    """Return the item of a package: a correction where there is something to correct.

    A first determination takes no reason, so the reason is its note.
    """
    corrects = bool(held.determinations)
    item = {
        "scr": need.scr,
        "event": "redetermined" if corrects else "determined",
        "association": made[0],
        "transnational": made[1],
        "reason" if corrects else "note": asked.reason,
        "evidence": _evidence(sample, need),
    }
    return item if asked.on is None else {**item, "effective_on": asked.on}


def _evidence(sample: str, need: Needing) -> str:
    """Return where the finding is; the working paper too, unless that is too long."""
    where = f"sample {sample} @{need.position}"
    both = where if need.note_ref is None else f"{where}, {need.note_ref}"
    return both if len(both) <= _MOST_TEXT else where


def _state(log: Log, scr: str) -> _Held:
    held: scrs.Scr | None = None
    determined_at = 0
    for row in log.stream(f"scr/{scr}", log.head):
        try:
            fact = parse_stored(row.topic, row.payload)
            assert isinstance(fact, ScrFact)
            held = scrs.evolve(held, fact)
        except (Unreadable, RuleError) as error:
            raise FactDamagedError(row.position, str(error)) from None
        if fact.event in _DETERMINING:
            determined_at = row.position
    assert held is not None  # A frame is of SCRs that are filed.
    return _Held(held, determined_at)


class _Open(NamedTuple):
    """What a package that nobody has decided says of an SCR."""

    package: str
    elements: tuple[str, str]


def _proposed(log: Log) -> dict[str, _Open]:
    """Return the SCRs of which a package that nobody has decided determines anew."""
    return {
        item["scr"]: _Open(
            standing.package.id, (item["association"], item["transnational"])
        )
        for standing in packages_of(log, bases.of_now(log))
        if standing.package.state == "proposed"
        for item in standing.package.content.items
        if "scr" in item and item["event"] in _DETERMINING
    }


# --- what was printed of it -----------------------------------------------------------


class Floor(NamedTuple):
    """A printed figure that counted SCRs which are found wrong."""

    publication: str
    figure: Figure
    found: int
    """So many of the SCRs that the figure counted, each once."""
    held: int
    """The floor that is said of it already; 0: none is."""
    is_own: bool
    """Whether that floor was said on the basis of the same findings."""
    projected: Projection | None
    """None while the sample is not finished."""

    @property
    def left_uncounted(self) -> int:
        """So many fewer were printed than the ledger counted: nobody knows which."""
        return max(0, self.figure.value - self.figure.shown)

    @property
    def at_least(self) -> int:
        """The floor: those found wrong that are printed whichever were left out."""
        return max(0, self.found - self.left_uncounted)

    @property
    def is_new(self) -> bool:
        """Whether it says more than what is said already; no floor is lowered."""
        return self.at_least > self.held

    @property
    def is_overtaken(self) -> bool:
        """Whether the same findings said more before than holds of them now."""
        return self.is_own and self.held > self.at_least


def floors(
    log: Log, model: ReadModel, found: Findings, confidence: Fraction, basis_of: str
) -> list[Floor]:
    """Return the figures of current publications that counted what is found wrong.

    Those too that were marked on the basis of these findings, and did not.

    Of figures that do not count SCRs or their outcomes nothing follows from an SCR:
    an organization counts by another one as well. Nor does anything follow of a finding
    that a later determination contradicts.

    :param basis_of: what a mark names as its basis if these findings are it.
    :raises FactDamagedError: what is kept of a publication is none.
    :raises WrongRootError: the log has another root where one rests.
    """
    wrong = {
        need.scr for need in found.found if not _state(log, need.scr).overturns(need)
    }
    since = afterwards(log)
    made: list[Floor] = []
    for one in recorded(log):
        said = since[one.content.name]
        if not said.current:
            continue
        for figure, counted in _counting_scrs(log, model, one):
            hit = wrong & counted
            floor = said.floor(figure.measure, figure.fiscal_year)
            is_own = floor is not None and floor.basis_of == basis_of
            if not hit and not is_own:
                continue
            made.append(
                Floor(
                    one.content.name,
                    figure,
                    len(hit),
                    0 if floor is None else floor.at_least,
                    is_own,
                    _projected(found, hit, confidence),
                )
            )
    return made


def _counting_scrs(
    log: Log, model: ReadModel, one: Publication
) -> Iterator[tuple[Figure, set[str]]]:
    """Yield the figures of a publication that count SCRs or outcomes, and the SCRs."""
    units = _units(log, model, one)
    for figure in one.content.figures:
        if units[figure.measure] in ("scr", "outcome"):
            # An outcome is named by its SCR and its id (publication.Figure).
            yield figure, {name.partition(" ")[0] for name in figure.counted}


def _units(log: Log, model: ReadModel, one: Publication) -> Mapping[str, str]:
    basis = basis_of(log, one)
    return {
        used.measure: find(
            model, basis, f"{used.measure}@{used.version}"
        ).definition.unit
        for used in one.content.definitions
    }


def _projected(
    found: Findings, hit: set[str], confidence: Fraction
) -> Projection | None:
    if not found.finished:
        return None
    hits: Sequence[Item] = [item for item in found.usable if item.item in hit]
    return projection(hits, found.usable, confidence)
