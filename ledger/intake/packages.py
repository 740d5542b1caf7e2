"""The items of a correction package, from a table or from JSON Lines.

The columns are the fields of facts, as for an import; who says so and when is the
package's to say.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import FaultyFileError, NoInputFileError
from ledger.intake.facts import FactTable, JsonLines, is_field
from ledger.intake.mapping import NO_MAP, name_columns
from ledger.intake.tables import SUFFIXES, open_table
from ledger.store.bulk import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.intake.facts import FactFile

_LISTED = 100


def read_items(path: str) -> list[dict[str, str]]:
    """Return the items of a file, in its order.

    :raises NoInputFileError: it cannot be read.
    :raises FaultyFileError: a line is no object of texts.
    :raises UnreadableTableError: what should be a table is none.
    """
    items: list[dict[str, str]] = []
    faults: list[str] = []
    with _opened(path) as held:
        for number, line in held.lines(lambda _: None):
            if isinstance(line, Unread):
                faults += [f"{path}:{number}: {f}: {rule}" for f, rule in line.faults]
                continue
            item = _item(line)
            if item is None:
                faults.append(f"{path}:{number}: line: must be one object of texts")
            else:
                items.append(item)
    if not items and not faults:
        faults.append(f"{path}: has no items")
    if faults:
        listed = tuple(faults[:_LISTED])
        raise FaultyFileError(path, listed, len(faults), verb="propose")
    return items


def _item(line: bytes) -> dict[str, str] | None:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(item, dict):
        return None
    texts = {str(name): value for name, value in item.items() if isinstance(value, str)}
    return texts if len(texts) == len(item) else None


@contextmanager
def _opened(path: str) -> Iterator[FactFile]:
    if path.lower().endswith(SUFFIXES):
        with open_table(path) as table:
            yield FactTable(name_columns(table, NO_MAP, is_field))
        return
    try:
        with Path(path).open("rb") as lines:
            yield JsonLines(lines)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoInputFileError(path, why) from None
