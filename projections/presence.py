"""Which units count in which years, while what makes them count comes and goes.

A unit counts in a year as long as anything of it is there. Organizations that mergers
connect are one unit. Built for changes: what one of them costs does not grow with what
is there already.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from ledger.domain.links import end_of_chain

if TYPE_CHECKING:
    from collections.abc import Mapping

    Place = tuple[int, str]


class Presence:
    """Units, and the years in which each is present.

    :param once: whether a unit counts only in its first year.
    """

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self._there: dict[str, Counter[int]] = defaultdict(Counter)
        self._ends: dict[str, str] = {}
        self._together: dict[str, set[str]] = {}
        """By the id a chain of mergers ends in: all that end there, and itself."""
        self._present: dict[str, set[int]] = {}
        self._stale: set[str] = set()

    def add(self, name: str, year: int, change: int) -> None:
        """Let so much of a unit come, or go, in a year."""
        self._there[name][year] += change
        self._stale.add(self._ends.get(name, name))

    def merge(self, into: Mapping[str, str]) -> None:
        """Let these mergers hold, in place of those that did.

        :param into: each merged id, and what it is merged into.
        """
        ends = {name: end_of_chain(name, into) for name in into}
        moved = {
            name
            for name in ends.keys() | self._ends.keys()
            if ends.get(name, name) != self._ends.get(name, name)
        }
        for held in (self._ends, ends):
            self._stale |= {held.get(name, name) for name in moved}
        self._ends = ends
        self._together = {}
        for name, end in ends.items():
            self._together.setdefault(end, {end}).add(name)

    def changed(self) -> dict[Place, bool]:
        """Return what came or went since this was last asked.

        :returns: year and unit → whether it is there now.
        """
        found: dict[Place, bool] = {}
        for name in self._stale:
            was, now = self._present.get(name, set()), self._years(name)
            found.update({(year, name): year in now for year in was ^ now})
            self._present[name] = now
        self._stale = set()
        return found

    def _years(self, end: str) -> set[int]:
        if self._ends.get(end, end) != end:
            return set()  # It is shown under another id.
        years = {
            year
            for name in self._together.get(end, (end,))
            for year, count in self._there.get(name, {}).items()
            if count
        }
        return {min(years)} if self._once and years else years
