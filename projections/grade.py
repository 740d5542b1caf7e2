"""How the ledger knows when the visible facts were known: witnessed, claimed, mixed.

Of the facts the ledger witnessed, ``known_at`` is ``recorded_at`` and never decreases
along the log, so those before a cut-off are a prefix. Of the claimed ones each has an
instant of its own; they are kept sorted in runs of positions, and bisected.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import format_instant_fixed, from_micros
from projections.readmodel import NO_CUTOFF

if TYPE_CHECKING:
    from ledger.reader import Log
    from projections.readmodel import ReadModel


class Grade(NamedTuple):
    """Of the visible case facts: how many, and for how many a source made the claim."""

    visible: int
    claimed: int

    @property
    def word(self) -> str:
        """``none``, ``witnessed``, ``claimed`` or ``mixed``."""
        if self.visible == 0:
            return "none"
        if self.claimed == 0:
            return "witnessed"
        return "claimed" if self.claimed == self.visible else "mixed"


def grade(model: ReadModel, log: Log, cutoff: int, position: int) -> Grade:
    """Grade the facts known at or before a cut-off, up to a position.

    :param cutoff: microseconds since 1970, inclusive; ``NO_CUTOFF`` for none.
    """
    claimed = _claims(model, cutoff, position)
    through = position
    if cutoff < NO_CUTOFF:
        last = log.recorded_through(format_instant_fixed(from_micros(cutoff)))
        through = min(position, last)
    return Grade(_witnessed(model, through) + claimed, claimed)


def _witnessed(model: ReadModel, through: int) -> int:
    own = model.all("SELECT count(*) FROM own_facts WHERE position<=?", (through,))
    count: int = own[0][0]
    return through - count - _claims(model, NO_CUTOFF, through)


def _claims(model: ReadModel, cutoff: int, position: int) -> int:
    """Count the claimed facts known by a cut-off, up to a position."""
    whole = model.all(
        "SELECT coalesce(sum(claimed), 0) FROM runs WHERE last<=? AND high<=?",
        (position, cutoff),
    )
    count: int = whole[0][0]
    # The runs that only one side of the cut-off, or of the position, cuts through.
    cut = model.all(
        "SELECT first, last, instants, offsets FROM runs"
        " WHERE first<=? AND low<=? AND (last>? OR high>?)",
        (position, cutoff, position, cutoff),
    )
    for first, last, instants, offsets in cut:
        known = bisect_right(array("q", instants), cutoff)
        if last <= position:
            count += known
        else:
            furthest = position - first
            places = array("H", offsets)[:known]
            count += sum(place <= furthest for place in places)
    return count
