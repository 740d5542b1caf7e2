"""A copy of a ledger, to try in it what must not be tried in the ledger itself."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import guard
from ledger.failures import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def copied(path: str, beside: Sequence[str] = ()) -> Iterator[str]:
    """Yield the path of a copy of a ledger that is gone afterwards.

    It is as the ledger was at one moment, also while others write to it.

    :param beside: files to copy along, as they are, where they exist.
    :raises LedgerError: the ledger cannot be read, or there is no room.
    """
    with tempfile.TemporaryDirectory(prefix="scr-") as folder:
        target = Path(folder) / Path(path).name
        copy(path, target)
        for one in beside:
            if Path(one).exists():
                shutil.copy(one, Path(folder) / Path(one).name)
        yield str(target)


def copy(path: str, target: Path) -> None:
    """Copy a ledger as it is at one moment, also while others write to it.

    SQLite's own backup holds writers off while it takes place, which a copy of the
    bytes does not.

    :param target: a new file, or an empty one.
    :raises LedgerError: the ledger cannot be read, or there is no room.
    """
    with (
        translated(path),
        closing(guard.connect(path)) as held,
        closing(sqlite3.connect(target)) as made,
    ):
        held.backup(made)
