"""A disk that loses its power: what can be left of files at a moment of a record.

Writes reach the disk when their file is synced, names when their folder is. Whatever
was not synced is there or not, in part or as zeros. Names are kept in the order they
were given, as journalling file systems keep them; data in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from tests.shim import Op

SECTOR = 512


@dataclass
class _File:
    """What the disk holds for sure, and what it was told since: offset, data or None.

    None with an offset is a truncation to that size.
    """

    durable: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def whole(self) -> bytes:
        return _applied(self.durable, self.pending)

    def zeros(self) -> bytes:
        """The sizes arrived, the data did not."""
        return _applied(
            self.durable,
            [
                (at, data if data is None else b"\0" * len(data))
                for at, data in self.pending
            ],
        )

    def some(self, random: Random) -> bytes:
        """Any of what is pending arrived, sector by sector."""
        arrived = random.random()
        kept: list[tuple[int, bytes | None]] = []
        for at, data in self.pending:
            if data is None:
                kept += [(at, None)] * (random.random() < arrived)
                continue
            start = at
            while start < at + len(data):
                end = min((start // SECTOR + 1) * SECTOR, at + len(data))
                if random.random() < arrived:
                    kept.append((start, data[start - at : end - at]))
                start = end
        return _applied(self.durable, kept)


def _applied(content: bytes, changes: list[tuple[int, bytes | None]]) -> bytes:
    made = bytearray(content)
    for at, data in changes:
        if data is None:
            del made[at:]
            made += b"\0" * (at - len(made))
        else:
            made += b"\0" * (at - len(made))
            made[at : at + len(data)] = data
    return bytes(made)


class State(NamedTuple):
    """What may be left: each file's content, and what had been acknowledged."""

    variant: str
    files: dict[str, bytes]
    acknowledged: str | None


VARIANTS = ("lost", "kept", "names", "data", "zeros")
"""Nothing unsynced arrived; all did; only names; only data; names and sizes."""


class Disk:
    """The files of one folder, as the disk has them and as it was told."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.durable: dict[str, _File] = {}
        self.pending: list[tuple[str, str, str, _File]] = []
        self.names: dict[str, _File] = {}
        self.acknowledged: str | None = None

    def hears(self, op: Op) -> None:
        """Take one thing that was done."""
        match op.kind:
            case "A":
                self.acknowledged = op.path
            case "S" if op.path == self.folder:
                self.durable, self.pending = dict(self.names), []
            case "S":
                file = self.names[op.path]
                file.durable, file.pending = file.whole(), []
            case "W":
                self.names[op.path].pending.append((op.offset, op.data))
            case "T":
                self.names[op.path].pending.append((op.offset, None))
            case "C":
                self._named("C", op.path, "", _File())
            case "U":
                self._named("U", op.path, "", self.names[op.path])
            case "R" | "L":
                self._named(op.kind, op.path, op.data.decode(), self.names[op.path])

    def _named(self, kind: str, path: str, to: str, file: _File) -> None:
        change = (kind, path, to, file)
        self.pending.append(change)
        _renamed(self.names, [change])

    def states(self, random: Random, draws: int) -> Iterator[State]:
        """Yield what may be left if the power goes now."""
        after = _renamed(dict(self.durable), self.pending)
        for variant in VARIANTS:
            names = self.durable if variant in ("lost", "data") else after
            yield self._state(variant, names, random)
        for _ in range(draws):
            upto = random.randint(0, len(self.pending))
            names = _renamed(dict(self.durable), self.pending[:upto])
            yield self._state("some", names, random)

    def _state(self, variant: str, names: dict[str, _File], random: Random) -> State:
        def content(file: _File) -> bytes:
            match variant:
                case "lost" | "names":
                    return file.durable
                case "kept" | "data":
                    return file.whole()
                case "zeros":
                    return file.zeros()
                case _:
                    return file.some(random)

        files = {path: content(file) for path, file in names.items()}
        return State(variant, files, self.acknowledged)


def _renamed(
    names: dict[str, _File], changes: Iterable[tuple[str, str, str, _File]]
) -> dict[str, _File]:
    for kind, path, to, file in changes:
        if kind in "CL":
            names[to or path] = file
        else:
            names.pop(path, None)
            if kind == "R":
                names[to] = file
    return names
