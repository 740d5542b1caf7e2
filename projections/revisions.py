"""How much figures were revised, as statistical offices measure it.

A revision is the later value less the earlier one. Mean and mean absolute revision are
as in the Bureau of Labor Statistics' table *Nonfarm Payroll Employment: Revisions
between over-the-month estimates*; the relative one is that of R. McKenzie and M. Gamba,
*Interpreting the Results of Revision Analyses: Recommended Summary Statistics*
(OECD/Eurostat Task Force on Performing Revisions Analysis, 2008), section 3.6: relative
to the earlier values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Revisions(NamedTuple):
    """What became of some figures between an earlier and a later value of each."""

    figures: int
    """How many figures."""
    total: int
    """The sum of their revisions."""
    absolute: int
    """The sum of their sizes."""
    earlier: int
    """The sum of the sizes of the earlier values."""
    up: int
    """How many were raised."""
    down: int
    """How many were lowered."""
    largest: int
    """The revision of the greatest size, with its sign."""

    @property
    def mean(self) -> float | None:
        """Mean revision: above 0 where first values tend to be too low."""
        return self.total / self.figures if self.figures else None

    @property
    def mean_absolute(self) -> float | None:
        """Mean absolute revision: how far values move, whichever way."""
        return self.absolute / self.figures if self.figures else None

    @property
    def relative(self) -> float | None:
        """Relative mean absolute revision: that share of the earlier values."""
        return self.absolute / self.earlier if self.earlier else None

    @property
    def unchanged(self) -> int:
        """How many stayed what they were."""
        return self.figures - self.up - self.down


def revisions(pairs: Iterable[tuple[int, int]]) -> Revisions:
    """Measure revisions.

    :param pairs: of each figure an earlier value and a later one.
    """
    held = list(pairs)
    changes = [later - earlier for earlier, later in held]
    return Revisions(
        len(held),
        sum(changes),
        sum(map(abs, changes)),
        sum(abs(earlier) for earlier, _ in held),
        sum(change > 0 for change in changes),
        sum(change < 0 for change in changes),
        max(changes, key=abs, default=0),
    )
