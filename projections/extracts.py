"""An extract beside the ledger: what is missing here, extra here, or different.

Both ways, as data-reliability guidance asks: from the source to the record, whether
every SCR and every field arrived; from the record to the source, whether anything here
has nothing there to rest on (docs/commands/compare.md).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.events import ScrFact, Unreadable, parse_stored
from ledger.domain.fiscal import to_micros
from ledger.errors import FactDamagedError, FaultyTableError, RuleError
from ledger.intake.rows import place, titled
from ledger.intake.snapshot import states
from ledger.intake.snapshot_differences import differences, learn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger.intake.rows import Columns
    from ledger.intake.rows import Row as TableRow
    from ledger.intake.snapshot import Refused, RowFault, SnapshotState
    from ledger.intake.snapshot_differences import Known
    from ledger.reader import Log, Row
    from projections.basis import Basis

Line = dict[str, object]

FAULTS_LISTED = 100
MISSING, EXTRA, DIFFERENT = "missing", "extra", "different"


class Compared(NamedTuple):
    """What a comparison found, and of how many SCRs."""

    rows: list[Line]
    """By SCR; of one SCR in the order of the extract's fields, outcomes last."""
    extract: int
    """The SCRs of the extract."""
    ledger: int
    """The SCRs here: those that stand, and those that are voided in both."""
    missing: int
    extra: int
    different: int
    agreeing: int
    refused: Unread
    """What of the extract could not be read, and is in none of the counts."""


class Unread:
    """The faults of an extract: the first hundred by row, and how many."""

    def __init__(self) -> None:
        self.count = 0
        self.scrs: set[str] = set()
        self._columns: Columns = {}
        self._listed: list[RowFault] = []

    def add(self, refused: Refused) -> None:
        """Add what could not be read; its rows are not kept."""
        if refused.scr is not None:
            self.scrs.add(refused.scr)
        if refused.rows:
            self._columns = refused.rows[0].columns
        self.count += len(refused.faults)
        self._listed = sorted([*self._listed, *refused.faults])[:FAULTS_LISTED]

    def lines(self, file: str) -> tuple[str, ...]:
        """Return a line for each of the first faults."""
        return tuple(
            f"{place(file, row, field, self._columns)}:"
            f" {titled(field, self._columns)}: {rule}"
            for row, field, rule in self._listed
        )


def compare(log: Log, basis: Basis, rows: Iterable[TableRow]) -> Compared:
    """Compare an extract with how SCRs stand at a basis.

    :raises FactDamagedError: what is recorded cannot be read.
    """
    known = standing(log, basis)
    refused = Unread()
    found: list[Line] = []
    seen: set[str] = set()
    different = 0
    for state in states(rows, refused.add):
        seen.add(state.scr)
        lines = list(_of_scr(known.get(state.scr), state))
        different += bool(lines) and state.scr in known
        found += lines
    extra = [
        scr
        for scr, held in known.items()
        if scr not in seen and scr not in refused.scrs and held.scr.stands
    ]
    found += [_line(scr, EXTRA) for scr in extra]
    missing = len(seen - known.keys())
    return Compared(
        sorted(found, key=lambda line: str(line["scr"])),
        extract=len(seen),
        ledger=len(seen) - missing + len(extra),
        missing=missing,
        extra=len(extra),
        different=different,
        agreeing=len(seen) - missing - different,
        refused=refused,
    )


def faulty(file: str, unread: Unread) -> FaultyTableError:
    """Return the error for an extract that cannot be read, its faults in row order."""
    return FaultyTableError(file, unread.lines(file), unread.count)


def _of_scr(known: Known | None, state: SnapshotState) -> Iterator[Line]:
    if known is None:
        yield _line(state.scr, MISSING)
        return
    for each in differences(known, state):
        yield _line(state.scr, DIFFERENT, *each)


def _line(
    scr: str,
    difference: str,
    field: str | None = None,
    extract: str | None = None,
    ledger: str | None = None,
) -> Line:
    return {
        "scr": scr,
        "difference": difference,
        "field": field,
        "extract": extract,
        "ledger": ledger,
    }


def standing(log: Log, basis: Basis) -> Mapping[str, Known]:
    """Return every SCR that is known at a basis, as it was known."""
    known: dict[str, Known] = {}
    for row in log.rows(0, basis.position):
        if not row.stream.startswith("scr/"):
            continue
        try:
            fact = parse_stored(row.topic, row.payload)
            assert isinstance(fact, ScrFact)
            if to_micros(fact.known_at or _recorded_at(row)) <= basis.cutoff:
                known[fact.scr] = learn(known.get(fact.scr), fact)
        except (Unreadable, RuleError, ValueError) as error:
            raise FactDamagedError(row.position, str(error)) from None
    return known


def _recorded_at(row: Row) -> datetime:
    return datetime.fromisoformat(row.recorded_at)
