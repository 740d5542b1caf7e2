"""One subject after another: its facts, in the order of its stream, as rows.

Within one subject nothing depends on any other, so a rebuild takes the log stream by
stream: what is remembered of an SCR is forgotten at its last fact, and memory does not
grow with the log.
"""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from pydantic_core import from_json

from ledger.domain.fiscal import to_micros
from ledger.errors import FactDamagedError
from projections.claims import CLAIMED
from projections.readmodel import NEVER
from projections.selecting import cells_of, looked_at
from projections.standing import FOLDS, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from projections.selecting import Series
    from projections.standing import Fields, Observation

    # position, recorded_at, payload
    Fact = tuple[int, str, bytes]
    # By position; one of a map or of shared numbers.
    Claims = dict[int, int] | memoryview
    # cell, known_at, position, change
    Change = tuple[int, int, int, int]

SCR, ORGANIZATION = "scr/", "organization/"

REMEMBERED = 50_000

UNFOLDABLE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""What a payload can raise that was never checked, or was changed since."""


class Instants:
    """Instants as whole microseconds; neighbours in a log often share theirs."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}

    def micros(self, instant: str) -> int:
        """Return an instant as it is kept, as microseconds since 1970."""
        found = self._held.get(instant)
        if found is None:
            if len(self._held) > REMEMBERED:
                self._held.clear()
            found = self._held[instant] = to_micros(datetime.fromisoformat(instant))
        return found


class _Difference(NamedTuple):
    """Two sets of cells, and by how much each cell differs."""

    before: dict[int, int]
    now: dict[int, int]
    changes: list[tuple[int, int]]


class Fold:
    """Makes the rows of one subject after another; whoever writes them empties them.

    :param claims: gets by position when each claimed fact was known, ``CLAIMED`` added.
    :param reached: the position up to which there are rows already; facts up to it
        only say how things stood.
    """

    def __init__(
        self,
        series: Sequence[Series],
        claims: Claims,
        reached: int = 0,
    ) -> None:
        self.beliefs: list[tuple[object, ...]] = []
        self.changes: list[Change] = []
        self.mergers: list[tuple[object, ...]] = []
        self._series = series
        self._seen = itemgetter(*looked_at(series))
        self._cells: dict[tuple[object, ...], dict[int, int]] = {(): {}}
        self._claims = claims
        self._reached = reached
        self._at = 0
        self._differences: dict[tuple[int, int], _Difference] = {}
        self._micros = Instants().micros

    def subject(self, stream: str, facts: Iterable[Fact]) -> None:
        """Fold the facts of an SCR or of an organization, from its first.

        :raises FactDamagedError: one cannot be folded.
        """
        kind, _, name = stream.partition("/")
        fold = self._scr if kind == "scr" else self._organization
        try:
            fold(name, facts)
        except UNFOLDABLE as error:
            why = f"it cannot be folded ({type(error).__name__}: {error})"
            raise FactDamagedError(self._at, why) from None

    def _scr(self, name: str, facts: Iterable[Fact]) -> None:
        reached, micros, claims = self._reached, self._micros, self._claims
        scr: Standing | None = None
        held: dict[str, Observation] = {}
        since: dict[str, tuple[int, int]] = {}
        cells = self._cells[()]
        for position, recorded_at, payload in facts:
            self._at = position
            fields: Fields = from_json(payload, cache_strings="keys")
            if fields["scr"] != name:
                raise ValueError(fields["scr"])
            claimed = fields.get("known_at")
            known = micros(claimed or recorded_at)
            if claimed is not None and position > reached:
                claims[position] = known + CLAIMED
            event = fields["event"]
            if scr is None:
                if event != "filed":
                    raise ValueError(event)
                scr = Standing(fields)
                continue
            FOLDS[event](scr, fields)
            if not (held or scr.observable):
                continue  # Before anything of it can be counted.
            now = scr.observations()
            if now == held:
                continue
            self._turn(name, held, now, since, (known, position))
            held = now
            before, cells = cells, self._cells_of(now)
            if cells is not before and position > reached:
                self.changes += [
                    (cell, known, position, change)
                    for cell, change in self._difference(before, cells)
                ]
        for outcome, row in held.items():
            self.beliefs.append((name, outcome, *row, *since[outcome], NEVER, NEVER))

    def _turn(
        self,
        name: str,
        held: dict[str, Observation],
        now: dict[str, Observation],
        since: dict[str, tuple[int, int]],
        at: tuple[int, int],
    ) -> None:
        """End what no longer holds, and begin what does."""
        wanted = at[1] > self._reached
        for outcome, row in held.items():
            if now.get(outcome) != row:
                began = since.pop(outcome)
                if wanted:
                    self.beliefs.append((name, outcome, *row, *began, *at))
        for outcome in now:
            if outcome not in since:
                since[outcome] = at

    def _cells_of(self, now: dict[str, Observation]) -> dict[int, int]:
        """Return what an SCR adds to each cell; the same dictionary for the same."""
        key = tuple(map(self._seen, now.values()))
        found = self._cells.get(key)
        if found is None:
            if len(self._cells) > REMEMBERED:
                self._cells = {(): {}}
            found = self._cells[key] = cells_of(self._series, now.values())
        return found

    def _difference(
        self, before: dict[int, int], now: dict[int, int]
    ) -> list[tuple[int, int]]:
        """Return by how much each cell differs, for two that `_cells_of` returned."""
        # Each is one dictionary for ever, which stands here, so its id is its own.
        ids = id(before), id(now)
        found = self._differences.get(ids)
        if found is None:
            if len(self._differences) > REMEMBERED:
                self._differences.clear()
            changes = [
                (cell, change)
                for cell in {**before, **now}
                if (change := now.get(cell, 0) - before.get(cell, 0))
            ]
            found = self._differences[ids] = _Difference(before, now, changes)
        return found.changes

    def _organization(self, name: str, facts: Iterable[Fact]) -> None:
        held: tuple[str, int, int] | None = None
        for position, recorded_at, payload in facts:
            self._at = position
            fields: Fields = from_json(payload, cache_strings="keys")
            if fields["organization"] != name:
                raise ValueError(fields["organization"])
            claimed = fields.get("known_at")
            known = self._micros(claimed or recorded_at)
            new = position > self._reached
            if claimed is not None and new:
                self._claims[position] = known + CLAIMED
            if held is not None and new:
                self.mergers.append((name, *held, known, position))
            held = None
            if fields["event"] == "merged":
                held = (fields["into"], known, position)
        if held is not None:
            self.mergers.append((name, *held, NEVER, NEVER))
