"""Compare a read model with one made anew: whether it says what the log says."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from projections import building
from projections.readmodel import opened, path_beside, silent, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log
    from projections.readmodel import ReadModel

_TABLES = (*building.TABLES, "totals")


def differences(log: Log) -> Iterator[str]:
    """Yield what the read model beside a ledger says that a rebuild does not.

    One that is missing, behind or of another version is made anew before it is used,
    so only one that claims to be fresh can be wrong.
    """
    path = path_beside(log.path)
    if state(log, path) != "fresh":
        return
    with tempfile.TemporaryDirectory(prefix="scr-") as folder:
        anew = str(Path(folder) / "readmodel")
        building.rebuild(log, anew, silent)
        with opened(path) as held, opened(anew) as made:
            for table in _TABLES:
                yield from _compare(table, held, made)


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
