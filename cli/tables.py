"""Tables on the command line: opened, their columns named by a map."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.main import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.intake.mapping import Named


@contextmanager
def opened(
    path: str,
    name: str,
    mapping: str | None,
    is_field: Callable[[str], bool],
    *,
    mending: bool = False,
) -> Iterator[Named]:
    """Open a table with its columns named, and say on stderr what of it is not read.

    :param name: what messages call the file.
    :param mapping: the path of a map; None where columns are called as the fields are.
    :param is_field: whether a name is one of the fields that are read.
    :param mending: whether rows with a value that is not in the map are taken as they
        are; else the table is read through first, and all of these are listed at once.
    :raises NoInputFileError: there is no such table, or no such map.
    :raises RefusedError: one of them is not what it should be, or they do not fit.
    """
    from ledger.intake.mapping import NO_MAP, name_columns, read_map
    from ledger.intake.tables import open_table

    map_file = NO_MAP if mapping is None else read_map(mapping)
    with open_table(path, map_file.held.layout, name) as table:
        named = name_columns(table, map_file, is_field)
        for note in named.notes:
            complain(f"note: {note}", prefix="")
        named.check(values=mapping is not None and not mending)
        yield named
