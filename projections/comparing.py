"""A read model made anew: what the one beside the ledger, and facts, say otherwise."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import LedgerError
from projections import building
from projections.readmodel import opened, path_beside, read_meta, state
from projections.reperforming import Reperformed, anything, reperformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.reader import Log
    from projections.readmodel import ReadModel

_TABLES = (*building.TABLES, "totals")


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
    reached, said = _comparable(log), anything(log)
    if reached is None and not said:
        return Recomputed((), Reperformed({}, ()))
    with tempfile.TemporaryDirectory(prefix="scr-") as folder:
        anew = str(Path(folder) / "readmodel")
        building.rebuild(log, anew, on_progress, reached)
        differences = () if reached is None else tuple(_differences(log, anew))
        if not said:
            return Recomputed(differences, Reperformed({}, ()))
        building.catch_up(log, anew, on_progress)
        with opened(anew) as model:
            return Recomputed(differences, reperformed(log, model, on_progress))


def _comparable(log: Log) -> int | None:
    """Return how far the read model beside a ledger goes, if it would be used."""
    path = path_beside(log.path)
    meta = read_meta(path)
    usable = meta is not None and state(log, path) != "unusable"
    return meta.reached if meta is not None and usable else None


def _differences(log: Log, anew: str) -> Iterator[str]:
    try:
        with opened(path_beside(log.path)) as held, opened(anew) as made:
            yield from _structure(held, made)
            for table in _TABLES:
                yield from _compare(table, held, made)
    except LedgerError as error:
        yield f"it cannot be read ({error})"


def _structure(held: ReadModel, made: ReadModel) -> Iterator[str]:
    """Compare tables and indexes, and let SQLite check that they belong together."""
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"
    if held.all(schema) != made.all(schema):
        yield "its tables or indexes are not those of a rebuild"
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
    columns = building.TABLES.get(table, dict.fromkeys(range(6)))
    return ", ".join(str(place) for place in range(1, len(columns) + 1))


def _pairs(
    one: Iterator[object], other: Iterator[object]
) -> Iterator[tuple[object, object]]:
    from itertools import zip_longest

    return zip_longest(one, other)
