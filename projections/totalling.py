"""Running totals per cell, along both axes: when it was known, and the log."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from ledger.domain.definitions import from_json
from projections.selecting import cells_of, series_of
from projections.standing import COLUMNS
from projections.timeline import turns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from projections.folding import Change
    from projections.selecting import Series


def every_series(conn: sqlite3.Connection) -> list[Series]:
    """Return what totals are kept of, in the order of their numbers."""
    return [series_under(number, key) for number, key in enumerate(every_key(conn))]


def every_key(conn: sqlite3.Connection) -> list[str]:
    """Return the keys of the series, in the order of their numbers, from 0."""
    return [key for (key,) in conn.execute("SELECT key FROM series ORDER BY number")]


def series_under(number: int, key: str) -> Series:
    """Return the series of a key under a number."""
    return series_of(number, from_json(json.loads(key)))


def new_series(conn: sqlite3.Connection, key: str, *, wanted: bool) -> Series | None:
    """Give a definition a series, unless it needs none or shares one."""
    held = conn.execute("SELECT 1 FROM series WHERE key=?", (key,)).fetchone()
    if not wanted or held is not None:
        return None
    (number,) = conn.execute("SELECT count(*) FROM series").fetchone()
    conn.execute("INSERT INTO series VALUES (?,?)", (number, key))
    return series_under(number, key)


def total(conn: sqlite3.Connection, changes: str = "first.changes") -> None:
    """Run the totals of a new read model.

    A fact changes a cell once, so rows up to one's own are the same as peers up to it,
    and SQLite need not look for peers.

    :param changes: the name of the table that has them.
    """
    conn.execute(
        "INSERT INTO totals SELECT cell, known_at, position, change,"  # noqa: S608 - ours
        " sum(change) OVER (PARTITION BY cell ORDER BY known_at, position"
        " ROWS UNBOUNDED PRECEDING),"
        " sum(change) OVER (PARTITION BY cell ORDER BY position"
        " ROWS UNBOUNDED PRECEDING)"
        f" FROM {changes} ORDER BY cell, known_at, position"
    )


def extend_totals(conn: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """Add changes to running totals; what was known later is totalled again.

    All of them are at later positions than those there are.
    """
    by_cell: dict[int, list[Change]] = defaultdict(list)
    for change in sorted(changes, key=itemgetter(2)):
        by_cell[change[0]].append(change)
    for cell, new in by_cell.items():
        _extend_cell(conn, cell, new)


def _extend_cell(conn: sqlite3.Connection, cell: int, new: list[Change]) -> None:
    conn.execute("INSERT OR IGNORE INTO cells VALUES (?)", (cell,))
    log_total = _first_of(
        conn.execute(
            "SELECT log_total FROM totals WHERE cell=? ORDER BY position DESC LIMIT 1",
            (cell,),
        )
    )
    rows = []
    for _, known, position, change in new:
        log_total += change
        rows.append((cell, known, position, change, log_total))
    since = min(change[1] for change in new)
    before = _first_of(
        conn.execute(
            "SELECT known_total FROM totals WHERE cell=? AND known_at<?"
            " ORDER BY known_at DESC, position DESC LIMIT 1",
            (cell, since),
        )
    )
    conn.executemany(
        "INSERT INTO totals (cell, known_at, position, change, log_total, known_total)"
        " VALUES (?,?,?,?,?,0)",
        rows,
    )
    conn.execute(
        "UPDATE totals SET known_total=? + later.total FROM ("
        " SELECT known_at AS at, position AS place,"
        " sum(change) OVER (ORDER BY known_at, position) AS total"
        " FROM totals WHERE cell=? AND known_at>=?) AS later"
        " WHERE cell=? AND known_at=later.at AND position=later.place",
        (before, cell, since, cell),
    )


def _first_of(rows: sqlite3.Cursor) -> int:
    row = rows.fetchone()
    found: int = row[0] if row else 0
    return found


def total_anew(conn: sqlite3.Connection, new: Sequence[Series]) -> None:
    """Keep running totals of series that were defined when there were rows already."""
    if not new:
        return
    changes: list[Change] = []
    rows = conn.execute(
        f"SELECT scr, outcome, {', '.join(COLUMNS)}, known_from, position_from,"  # noqa: S608 - our names
        " known_until, position_until FROM beliefs ORDER BY scr"
    )
    for _, held in groupby(rows, itemgetter(0)):
        before: dict[int, int] = {}
        for known, position, observations in turns(row[1:] for row in held):
            now = cells_of(new, observations.values())
            changes += [
                (cell, known, position, change)
                for cell in {**before, **now}
                if (change := now.get(cell, 0) - before.get(cell, 0))
            ]
            before = now
    extend_totals(conn, changes)
