"""A read model made anew: what the one beside the ledger, and facts, say otherwise."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import LedgerError
from projections import building
from projections.readmodel import (
    has_other_tables,
    opened,
    path_beside,
    read_meta,
    silent,
    state,
)
from projections.readmodel_tables import TABLES
from projections.reperforming import Reperformed, anything, reperformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.reader import Log
    from projections.readmodel import ReadModel

_TABLES = (*TABLES, "totals")
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
