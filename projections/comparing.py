"""A read model made anew: what the one beside the ledger, and facts, say otherwise."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger import guard
from ledger.errors import LedgerError
from projections import building
from projections.readmodel import (
    NEVER,
    has_other_tables,
    opened,
    path_beside,
    read_meta,
    silent,
    state,
)
from projections.readmodel_tables import TABLES
from projections.reperforming import Reperformed, anything, reperformed
from projections.standing import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.reader import Log
    from projections.readmodel import ReadModel

_TABLES = (*TABLES, "totals")
_UNTIL = f"CASE WHEN n.position_until>:upto THEN {NEVER} ELSE n.position_until END"
_KNOWN_UNTIL = f"CASE WHEN n.position_until>:upto THEN {NEVER} ELSE n.known_until END"
_OTHER_TABLES = "its tables or indexes are not those of a rebuild"


class Recomputed(NamedTuple):
    """What became of a log that was read again from its first fact."""

    read_model: tuple[str, ...]
    """What the read model beside the ledger says that the one made anew does not."""
    figures: Reperformed


def recomputed(log: Log, on_progress: Callable[[int], None]) -> Recomputed:
    """Make a read model anew, compare the one beside the ledger, and ask it again.

    One beside it that is missing, of another version or of another log is made anew
    before it is used; one that is behind is gone on from, so it is compared with a
    rebuild up to where it is. Its indexes are checked too: figures are read from them.
    """
    other = (_OTHER_TABLES,) if has_other_tables(path_beside(log.path)) else ()
    reached, said = None if other else _comparable(log), anything(log)
    if reached is None and not said:
        return Recomputed(other, Reperformed({}, ()))
    with tempfile.TemporaryDirectory(prefix="scr-") as folder:
        anew = str(Path(folder) / "readmodel")
        building.rebuild(log, anew, on_progress, reached)
        found = other if reached is None else tuple(_differences(log, anew))
        if not said:
            return Recomputed(found, Reperformed({}, ()))
        building.catch_up(log, anew, on_progress)
        with opened(anew) as model:
            return Recomputed(found, reperformed(log, model, on_progress))


def differences(log: Log) -> Iterator[str]:
    """Yield how the read model beside a ledger is not as one made anew, if it differs.

    It is :func:`recomputed` without the figures that facts name.
    """
    if has_other_tables(path_beside(log.path)):
        yield _OTHER_TABLES
        return
    reached = _comparable(log)
    if reached is None:
        return
    with tempfile.TemporaryDirectory(prefix="scr-") as folder:
        anew = str(Path(folder) / "readmodel")
        building.rebuild(log, anew, silent, reached)
        yield from _differences(log, anew)


def unlike(log: Log, held: str, made: str) -> tuple[int, str | None] | None:
    """Compare a read model with a newer one, where both cover the same positions.

    :param held: the one that was there before.
    :param made: a whole one, at least as far on.
    :returns: up to which position, and the table that differs; None instead of both if
        the one before cannot be compared: it is of another version or log, or damaged.
    """
    meta = read_meta(held)
    if meta is None or state(log, held) == "unusable":
        return None
    with closing(sqlite3.connect(":memory:", uri=True)) as connection:
        try:
            # By the indexes there are: one made for the occasion fills the memory.
            connection.execute("PRAGMA automatic_index=OFF")
            for name, path in (("held", held), ("made", made)):
                connection.execute(f"ATTACH ? AS {name}", (guard.uri(path),))
            for table, pairs in _PAIRS.items():
                if not _paired(connection, table, pairs, meta.reached):
                    return meta.reached, table
        except sqlite3.Error:
            return None
    return meta.reached, None


_PAIRS = {
    "totals": (
        "position",
        "n.cell=h.cell AND n.known_at=h.known_at AND n.position=h.position"
        " AND n.change=h.change AND n.log_total=h.log_total",
    ),
    "beliefs": (
        "position_from",
        "n.scr=h.scr AND n.position_from=h.position_from AND n.outcome=h.outcome"
        + "".join(
            f" AND n.{column} IS h.{column}" for column in (*COLUMNS, "known_from")
        )
        + f" AND h.position_until={_UNTIL} AND h.known_until={_KNOWN_UNTIL}",
    ),
}
"""Which position a row begins at, and which rows of both are the same."""


def _paired(
    connection: sqlite3.Connection, table: str, pairs: tuple[str, str], upto: int
) -> bool:
    begins, same = pairs
    values = {"upto": upto}
    counts = [
        connection.execute(query, values).fetchone()[0]
        for query in (
            f"SELECT count(*) FROM held.{table}",  # noqa: S608 - our names, and below
            f"SELECT count(*) FROM made.{table} WHERE {begins}<=:upto",  # noqa: S608
            f"SELECT count(*) FROM held.{table} h CROSS JOIN made.{table} n ON {same}",  # noqa: S608
        )
    ]
    return len(set(counts)) == 1


def _comparable(log: Log) -> int | None:
    """Return how far the read model beside a ledger goes, if it would be used."""
    path = path_beside(log.path)
    meta = read_meta(path)
    usable = meta is not None and state(log, path) != "unusable"
    return meta.reached if meta is not None and usable else None


def _differences(log: Log, anew: str) -> Iterator[str]:
    try:
        with opened(path_beside(log.path)) as held, opened(anew) as made:
            yield from _structure(held)
            for table in _TABLES:
                yield from _compare(table, held, made)
    except LedgerError as error:
        yield f"it cannot be read ({error})"


def _structure(held: ReadModel) -> Iterator[str]:
    """Let SQLite check that tables and indexes belong together."""
    for (said,) in held.all("PRAGMA integrity_check(1)"):
        if said != "ok":
            yield f"SQLite finds it damaged ({said})"


def _compare(table: str, held: ReadModel, made: ReadModel) -> Iterator[str]:
    query = f"SELECT * FROM {table} ORDER BY {_order(table)}"  # noqa: S608 - our names
    for number, (one, other) in enumerate(
        _pairs(held.each(query), made.each(query)), 1
    ):
        if one != other:
            yield f"its table {table} differs from a rebuild at row {number}"
            return


def _order(table: str) -> str:
    columns = TABLES.get(table, dict.fromkeys(range(6)))
    return ", ".join(str(place) for place in range(1, len(columns) + 1))


def _pairs(
    one: Iterator[object], other: Iterator[object]
) -> Iterator[tuple[object, object]]:
    from itertools import zip_longest

    return zip_longest(one, other)
