"""What requests cite: proved when it is cited, and proved again.

A cited figure is proved as an assertion is: at its own cut-off, with all that is
recorded by now. It is *restated* where that gives another value, or where a later
publication printed another one. A cited SCR has to stand and be approved, then and now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import (
    FactDamagedError,
    FigureChangedError,
    NoSuchScrError,
    NotCountableError,
    UsageError,
)
from projections import assertions
from projections import basis as bases
from projections.assertions import Assertion, Checked
from projections.counts import VISIBLE, Question, cases
from projections.history import of_scr
from projections.people import identity
from projections.publications import printed_on, recorded
from projections.reconcile import CAUSES, Item, Side, Year
from projections.standing import FIRST_APPROVAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ledger.domain.claim import Claim
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.publications import Recorded
    from projections.readmodel import ReadModel
    from projections.requests import Citation

_LATE = "late-information"
_TAKEN_APART = ("scr", "outcome")


class Reprinted(NamedTuple):
    """A publication that printed another value of a cited figure, later."""

    publication: str
    position: int
    printed_on: str
    value: int


class Verified(NamedTuple):
    """A citation, and what the ledger says of it now."""

    citation: Citation
    basis: Basis
    """What it was proved at."""
    checked: Checked | None
    """Of a figure."""
    difference: Year | None
    """Of a restated figure: what came and went since it was proved."""
    gone: tuple[str, ...]
    """Cited SCRs that do not stand, or are not approved, any more."""
    reprinted: tuple[Reprinted, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing of it has been restated since."""
        figure = self.checked is None or self.checked.state == "holds"
        return figure and not self.gone and not self.reprinted


# --- proved ---------------------------------------------------------------------------


def prove_scrs(log: Log, model: ReadModel, basis: Basis, scrs: Sequence[str]) -> None:
    """Refuse SCRs that do not support a request at a basis.

    :raises NoSuchScrError: one is not filed.
    :raises NotCountableError: one does not stand, or is not approved, at the basis.
    """
    countable = approved(model, basis, scrs)
    for scr in scrs:
        if not scr.isascii() or not log.stream(f"scr/{scr}", log.head):
            raise NoSuchScrError(scr)
        if scr not in countable:
            raise NotCountableError(scr)


def approved(model: ReadModel, basis: Basis, scrs: Iterable[str]) -> set[str]:
    """Return which of some SCRs stand and are approved at a basis."""
    # Every SCR that stands and is approved has one row for its first approval.
    query = (
        "SELECT 1 FROM beliefs WHERE scr=:scr AND kind=:kind"  # noqa: S608 - ours
        f" AND approved AND {VISIBLE}"
    )
    values = {"kind": FIRST_APPROVAL, "k": basis.cutoff, "p": basis.position}
    return {
        scr
        for scr in scrs
        if scr.isascii() and model.all(query, {"scr": scr, **values})
    }


# --- proved again ---------------------------------------------------------------------


def verify(log: Log, model: ReadModel, citations: Iterable[Citation]) -> list[Verified]:
    """Prove citations again, with all that is recorded by now.

    :raises WrongRootError: one was proved by another log than this one.
    :raises FactDamagedError: what is kept is no citation.
    """
    printed = recorded(log)
    return [_verified(log, model, one, printed) for one in citations]


def _verified(
    log: Log, model: ReadModel, one: Citation, printed: Sequence[Recorded]
) -> Verified:
    basis = _proved(log, one)
    now = basis if one.pinned is not None else _now(log, one)
    still = approved(model, now, one.scrs)
    gone = tuple(scr for scr in one.scrs if scr not in still)
    if one.claim is None:
        return Verified(one, basis, None, None, gone, ())
    held = _as_assertion(log, one, one.claim)
    checked = assertions.check(log, model, held, one.where)
    difference = checked.difference
    if checked.state == "fails" and one.where and checked.measure is not None:
        difference = _cell_difference(log, model, one, checked)
    reprinted = tuple(_reprinted(log, one, printed))
    return Verified(one, basis, checked, difference, gone, reprinted)


def _as_assertion(log: Log, one: Citation, claim: Claim) -> Assertion:
    """Return what a citation says of a figure as a claim of its own."""
    tied = identity(log, one.by, one.run_by, one.position)
    said = (one.position, one.recorded_at, one.by, tied, one.note)
    return Assertion(*said, claim, one.proof, None)


def prove_again(log: Log, model: ReadModel, one: Citation) -> None:
    """Compute what is cited where it was proved, as if it were cited now.

    :raises WrongRootError: it was proved by another log than this one.
    :raises FactDamagedError: what is kept is no citation.
    :raises FigureChangedError: an SCR did not stand, or a figure was another one.
    """
    basis = _proved(log, one)
    countable = approved(model, basis, one.scrs)
    for scr in one.scrs:
        if scr not in countable:
            why = f"{scr} did not stand, or was not approved"
            raise FigureChangedError(one.position, why)
    if one.claim is not None:
        held = _as_assertion(log, one, one.claim)
        assertions.prove_again(log, model, held, one.where)


def _proved(log: Log, one: Citation) -> Basis:
    try:
        return bases.checked(
            log, one.bound, one.instant, one.proof.position, one.proof.root
        )
    except UsageError as error:
        raise FactDamagedError(one.position, str(error)) from None


def _now(log: Log, one: Citation) -> Basis:
    return bases.of_now(log)._replace(bound=one.bound, instant=one.instant)


def _reprinted(
    log: Log, one: Citation, printed: Iterable[Recorded]
) -> Iterator[Reprinted]:
    """Yield later printings of the cited figure with another value.

    Of one day, what is recorded later is later.
    """
    claim = one.claim
    if claim is None or one.where:
        return
    for each in printed:
        day = printed_on(log, each)
        if (day, each.position) <= (one.day, one.position):
            continue
        for figure in each.content.figures:
            same = (figure.measure, figure.fiscal_year) == (
                claim.measure,
                claim.fiscal_year,
            )
            if same and figure.shown != claim.value:
                yield Reprinted(each.content.name, each.position, day, figure.shown)


# --- one cell of a figure, taken apart ------------------------------------------------


def _cell_difference(
    log: Log, model: ReadModel, one: Citation, checked: Checked
) -> Year | None:
    """Return what came into a cell and what left it since the citation was proved.

    None for measures whose units are not those of one SCR.
    """
    assert one.claim is not None
    assert checked.measure is not None
    assert checked.now is not None
    if checked.measure.definition.unit not in _TAKEN_APART:
        return None
    year = one.claim.fiscal_year
    after = Side(checked.basis, checked.measure)
    was = _units(model, checked.proved, year, one.where)
    is_now = _units(model, after, year, one.where)
    items = [
        _item(log, unit, effect, checked.proved.basis, checked.basis)
        for unit, effect in (
            *((unit, -1) for unit in was - is_now),
            *((unit, 1) for unit in is_now - was),
        )
    ]
    return Year(year, one.claim.value, checked.now, tuple(sorted(items)))


def _units(
    model: ReadModel, side: Side, year: int, where: assertions.Cell
) -> set[tuple[str, str | None]]:
    definition = side.measure.definition
    asked = Question(
        (definition.id,),
        range(year, year + 1),
        where=where,
        definitions=(definition.name,),
    )
    found: set[tuple[str, str | None]] = set()
    for row in cases(model, side.basis, asked):
        outcomes = row["outcomes"]
        assert isinstance(outcomes, list)
        names = [None]
        if definition.unit == "outcome":
            names = [one["outcome"] for one in outcomes]
        found |= {(str(row["scr"]), name) for name in names}
    return found


def _item(
    log: Log,
    unit: tuple[str, str | None],
    effect: int,
    before: Basis,
    after: Basis,
) -> Item:
    """Return an item with the facts of its SCR that became visible in between."""
    scr, outcome = unit
    seen = {
        line["position"]
        for line in of_scr(log, scr, after)
        if int(str(line["position"])) <= before.position
        and before.instant == after.instant
    }
    new = [line for line in of_scr(log, scr, after) if line["position"] not in seen]
    causes = [
        (CAUSES.get(str(line["event"]), _LATE), int(str(line["position"])))
        for line in new
    ]
    cause = causes[-1][0] if causes else _LATE
    return Item(scr, outcome, effect, cause, tuple(at for _, at in causes))
