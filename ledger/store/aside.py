"""Setting aside: what of a file must be left out so that the rest can be loaded."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ledger.store.bulk import Fault, Faults, LeftOut, Loader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from ledger.store.bulk import Unread
    from ledger.store.sqlite import Appending


class EveryFault(Faults):
    """What is wrong with a file, line by line, however much it is."""

    def __init__(self) -> None:
        super().__init__()
        self.by_line: dict[int, list[Fault]] = defaultdict(list)

    def add(self, fault: Fault) -> None:
        """Add a fault of the line that is being read."""
        super().add(fault)
        self.by_line[fault.line].append(fault)

    def put_back(self, fault: Fault, *, instead: bool) -> None:
        """Add a fault of an earlier line; ``instead`` of the one it has."""
        super().put_back(fault, instead=instead)
        self.by_line[fault.line] = [
            *([] if instead else self.by_line[fault.line]),
            fault,
        ]


class Rehearsal(Loader):
    """Takes lines as a loader does and appends none; finds whom they refuse."""

    def __init__(self, appending: Appending, zone: ZoneInfo) -> None:
        super().__init__(appending, zone)
        self.every = self.faults = EveryFault()

    def _flush(self) -> None:
        self._pending.clear()

    def left(self, lines: Iterable[tuple[int, bytes | Unread]]) -> LeftOut:
        """Return what must be set aside so that the rest of a file can be loaded.

        What is left out leaves no trace, so a refused line that names no subject is not
        covered: nobody knows whose history would be loaded without it (``nameless``).
        """
        self.load(lines)
        return LeftOut(frozenset(self.refused), self.every.by_line)
