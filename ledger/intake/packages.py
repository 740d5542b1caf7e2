"""The items of a correction package, from a table or from JSON Lines.

The columns are the fields of facts, as for an import; who says so and when is the
package's to say.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.domain.events import MAX_LINE_BYTES
from ledger.errors import FaultyFileError, NoInputFileError
from ledger.intake.facts import FactTable, JsonLines, is_field
from ledger.intake.mapping import NO_MAP, name_columns
from ledger.intake.tables import SUFFIXES, open_table
from ledger.store.bulk import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.intake.facts import FactFile

_LISTED = 100
_NO_TEXTS = "must be one object of texts"


def read_items(path: str) -> list[dict[str, str]]:
    """Return the items of a file, in its order.

    :raises NoInputFileError: it cannot be read.
    :raises FaultyFileError: a line is no object of texts.
    :raises UnreadableTableError: what should be a table is none.
    :raises LedgerError: a column is called as no field is.
    """
    items: list[dict[str, str]] = []
    faults: list[str] = []
    with _opened(path) as held:
        for number, line in held.lines(lambda _: None):
            if isinstance(line, Unread):
                faults += [f"{path}:{number}: {f}: {rule}" for f, rule in line.faults]
                continue
            try:
                items.append(_item(line))
            except ValueError as error:
                faults.append(f"{path}:{number}: line: {error}")
    if not items and not faults:
        faults.append(f"{path}: has no items")
    if faults:
        listed = tuple(faults[:_LISTED])
        raise FaultyFileError(path, listed, len(faults), verb="propose")
    return items


def _item(line: bytes) -> dict[str, str]:
    """Return the fields of one item.

    :raises ValueError: with the rule that the line breaks.
    """
    if len(line) > MAX_LINE_BYTES:
        message = f"is longer than {MAX_LINE_BYTES:,} bytes"
        raise ValueError(message)
    try:
        pairs = json.loads(line.decode(), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise ValueError(_NO_TEXTS) from None
    if not isinstance(pairs, _Pairs):
        raise ValueError(_NO_TEXTS)  # noqa: TRY004 - a rule of the file
    item: dict[str, str] = {}
    for name, value in pairs:
        if not isinstance(value, str):
            raise ValueError(_NO_TEXTS)  # noqa: TRY004 - a rule of the file
        if name in item:
            message = f"has {name} twice"
            raise ValueError(message)
        item[name] = value
    return item


class _Pairs(list[tuple[str, object]]):
    """What an object holds, before a name given twice would be lost."""


@contextmanager
def _opened(path: str) -> Iterator[FactFile]:
    if path.lower().endswith(SUFFIXES):
        with open_table(path) as table:
            named = name_columns(table, NO_MAP, is_field)
            named.check(values=False)
            yield FactTable(named)
        return
    try:
        with Path(path).open("rb") as lines:
            yield JsonLines(lines)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoInputFileError(path, why) from None
