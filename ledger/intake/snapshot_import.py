"""A snapshot against an open ledger: what it adds, what it refuses, what it lacks."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.domain.events import ScrFact
from ledger.domain.fiscal import format_instant
from ledger.errors import KnownLaterError
from ledger.intake.snapshot import Refused, RowFault, Unsayable, states
from ledger.intake.snapshot_differences import learn
from ledger.intake.snapshot_facts import Taking, facts, kept
from ledger.store.bulk import Fault, Faults, Loader, Totals
from ledger.store.streams import recall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ledger.intake.rows import Row
    from ledger.intake.snapshot import SnapshotState
    from ledger.intake.snapshot_differences import Known
    from ledger.intake.snapshot_facts import Line
    from ledger.store.sqlite import Appending
    from ledger.store.streams import Recalled

Missing = Literal["report", "voids"]


class Snapshot(NamedTuple):
    """What is said of an extract by whoever loads it."""

    file: str
    known_at: datetime
    """What the extract shows was known then."""
    source: str | None = None
    missing: Missing = "report"
    """What becomes of SCRs that stand in the ledger and are not in the extract."""


class Taken(NamedTuple):
    """What a snapshot came to."""

    totals: Totals
    missing: tuple[str, ...]
    """The SCRs that stood in the ledger at that instant and are not in the extract."""
    faults: Faults


def take(
    appending: Appending,
    zone: ZoneInfo,
    snapshot: Snapshot,
    rows: Iterable[Row],
    set_aside: Callable[[Refused], None] | None = None,
) -> Taken:
    """Append the facts that a snapshot adds to what the ledger knew at its instant.

    Faults do not stop it, so that all are found; the caller rolls the transaction back
    when there are any.

    :param set_aside: told of the SCRs that cannot be taken, which are then left out
        and are no faults.
    :raises KnownLaterError: the snapshot is of a moment to come.
    """
    if snapshot.known_at > appending.moment:
        raise KnownLaterError(
            format_instant(snapshot.known_at), format_instant(appending.moment)
        )
    return _Taker(appending, zone, snapshot, set_aside).take(rows)


class _Taker:
    def __init__(
        self,
        appending: Appending,
        zone: ZoneInfo,
        snapshot: Snapshot,
        set_aside: Callable[[Refused], None] | None,
    ) -> None:
        self.appending = appending
        self.snapshot = snapshot
        self.set_aside = set_aside
        self.loader = Loader(appending, zone, matching=False)
        self.faults = self.loader.faults
        said_by = snapshot.source or snapshot.file
        day = snapshot.known_at.astimezone(zone).date()
        self.taking = Taking(snapshot.file, snapshot.known_at, day, said_by, said_by)
        self.rows = 0
        self.agreeing = 0
        self.left_out = 0
        self.kept: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.missing: list[str] = []

    def take(self, rows: Iterable[Row]) -> Taken:
        """Go through the extract, then through what is not in it."""
        totals = self.loader.load(self._lines(rows))
        totals = totals._replace(
            rows=self.rows,
            already_recorded=self.agreeing,
            anomalies={**totals.anomalies, **self.kept},
            set_aside=self.left_out,
        )
        return Taken(totals, tuple(self.missing), self.faults)

    def _lines(self, rows: Iterable[Row]) -> Iterator[tuple[int, bytes]]:
        for state in states(self._counted(rows), self._refuse):
            self.seen.add(state.scr)
            for line in self._told(state):
                yield state.row, _bytes(line)
        if not self.rows:
            # Else an empty file with `voids` would void all there is.
            self.faults.add(Fault(1, "scr", "the extract has no rows"))
        for scr in self._missing():
            self.missing.append(scr)
            if self.snapshot.missing == "voids" and self._may_void(scr):
                yield 0, _bytes(self.taking.void(scr))

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.rows += 1
            yield row

    def _told(self, state: SnapshotState) -> list[Line]:
        """Return the lines of one SCR; none where it is refused, or agrees."""
        recalled = recall(self.appending, f"scr/{state.scr}")
        known = self._at_the_time(recalled)
        try:
            lines = facts(known, state, self.taking)
        except Unsayable as error:
            self._refuse(Refused(state.scr, state.rows, error.faults))
            return []
        if lines and self._knows_later(recalled):
            rule = f"differs, but {self._later(recalled)}"
            fault = RowFault(state.row, "scr", rule)
            self._refuse(Refused(state.scr, state.rows, (fault,)))
            return []
        if known is not None:
            for field in kept(known, state):
                self.kept[f"{field.replace('_', '-')}-kept"] += 1
        if not lines:
            self.agreeing += len(state.rows)
        return lines

    def _at_the_time(self, recalled: Recalled) -> Known | None:
        known: Known | None = None
        for fact, known_at in recalled.facts:
            if known_at > self.snapshot.known_at:
                break
            assert isinstance(fact, ScrFact)
            known = learn(known, fact)
        return known

    def _knows_later(self, recalled: Recalled) -> bool:
        return recalled.known is not None and recalled.known > self.snapshot.known_at

    def _later(self, recalled: Recalled) -> str:
        assert recalled.known is not None
        return (
            "the ledger has a fact about it that was known later, at"
            f" {format_instant(recalled.known)}, and nothing may be added before that"
        )

    def _missing(self) -> Iterator[str]:
        for stream in self.appending.streams("scr/"):
            scr = stream.removeprefix("scr/")
            if scr not in self.seen:
                known = self._at_the_time(recall(self.appending, stream))
                if known is not None and known.scr.stands:
                    yield scr

    def _may_void(self, scr: str) -> bool:
        recalled = recall(self.appending, f"scr/{scr}")
        if not self._knows_later(recalled):
            return True
        rule = f"{scr} is not in the extract, but {self._later(recalled)}"
        self._refuse(Refused(scr, (), (RowFault(0, "scr", rule),)))
        return False

    def _refuse(self, refused: Refused) -> None:
        if refused.scr is not None:
            self.seen.add(refused.scr)
            if self.set_aside is not None:
                self.left_out += 1
                self.set_aside(refused)
                return
        for fault in refused.faults:
            # SCRs come in the order of their first rows, faults in that of all rows.
            self.faults.put_back(Fault(*fault), instead=False)


def _bytes(line: Line) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode()
