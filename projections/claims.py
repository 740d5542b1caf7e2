"""When facts were claimed to be known, in runs of positions, as `grade` counts them.

A run covers ``RUN`` consecutive positions and holds its claimed instants sorted, so
that a count of claims is a bisection per run. Facts come in any order of position: a
rebuild takes them stream by stream, in two processes.
"""

from __future__ import annotations

import mmap
from array import array
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from projections.readmodel import RUN

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

_WIDTH = 8
CLAIMED = 1 << 62
"""Added to an instant, so that 0 is no claim: instants are from 1900 to 2999."""


@contextmanager
def shared(path: str, positions: int) -> Iterator[memoryview]:
    """Yield one number for each position, in a file that several processes share."""
    with Path(path).open("a+b") as file:
        file.truncate((positions + 1) * _WIDTH)
        with mmap.mmap(file.fileno(), 0) as mapped:
            bytewise = memoryview(mapped)
            numbers = bytewise.cast("q")
            try:
                yield numbers
            finally:
                numbers.release()
                bytewise.release()


def write_runs(conn: sqlite3.Connection, numbers: memoryview, upto: int) -> None:
    """Write the runs of a new read model from the claims among shared numbers."""
    for first in range(1, upto + 1, RUN):
        noted = numbers[first : min(first + RUN, upto + 1)]
        claims = [
            (known - CLAIMED, offset)
            for offset, known in enumerate(noted.tolist())
            if known
        ]
        noted.release()
        _write(conn, first, claims)


def extend_runs(conn: sqlite3.Connection, claimed: Mapping[int, int]) -> None:
    """Add claims, by position, to the runs they fall in."""
    runs: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for position, known in claimed.items():
        first = (position - 1) // RUN * RUN + 1
        runs[first].append((known - CLAIMED, position - first))
    for first, new in runs.items():
        row = conn.execute(
            "SELECT instants, offsets FROM runs WHERE first=?", (first,)
        ).fetchone()
        held = () if row is None else _claims(*row)
        _write(conn, first, [*held, *new])


def _claims(instants: bytes, offsets: bytes) -> Iterator[tuple[int, int]]:
    return zip(array("q", instants), array("H", offsets), strict=True)


def _write(conn: sqlite3.Connection, first: int, claims: list[tuple[int, int]]) -> None:
    if not claims:
        return
    claims.sort()
    instants = array("q", [known for known, _ in claims])
    offsets = array("H", [offset for _, offset in claims])
    conn.execute(
        "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?)",
        (
            first,
            first + max(offsets),
            len(instants),
            instants[0],
            instants[-1],
            instants.tobytes(),
            offsets.tobytes(),
        ),
    )
