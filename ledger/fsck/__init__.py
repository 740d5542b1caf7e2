"""Recompute everything from the bytes of a ledger file, and say what does not agree.

The checker's path is not the writer's path: it opens the file with a cursor of its
own, reads every column as if somebody hostile had written it, and shares with the
writer only the rules and the hashing. It imports no store.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import InterruptedWriteError, NoLedgerError
from ledger.failures import SQLITE_SAYS, translate
from ledger.fsck.found import Checked, Finding
from ledger.fsck.log import LogCheck, proofs, unbrought
from ledger.fsck.tables import PAGE, connect, ends, pages, rows, schema_text, tiles
from ledger.tlog.merkle import root

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Checked", "Finding", "check"]


def check(path: str, on_progress: Callable[[int], None]) -> Checked:
    """Check a ledger file, whole; it is opened read-only and not changed.

    :param on_progress: told the position reached, now and then.
    :raises NoLedgerError: there is no file.
    :raises LedgerError: SQLite cannot read it at all.
    """
    if not Path(path).exists():
        raise NoLedgerError(path)
    try:
        with closing(connect(path)) as connection:
            findings = list(schema_text(connection))
            if findings:  # Nothing in such tables is what it seems.
                return Checked(0, root([]).hex(), tuple(findings))
            log = LogCheck()
            for row in rows(connection):
                findings += log.row(row)
                if log.expected % PAGE == 0:
                    on_progress(log.expected)
            findings += proofs(log)
            findings += unbrought(log)
            findings += log.strays(0)
            findings += tiles(connection, log.leaves)
            findings += ends(connection, log.expected)
            findings += pages(connection)
    except SQLITE_SAYS as error:
        if Path(f"{path}-journal").exists() and _is_read_only(error):
            # SQLite would roll it back first, and this is no place to write.
            raise InterruptedWriteError(path) from error
        raise translate(error, path) from error
    return Checked(log.expected, root(log.leaves).hex(), tuple(findings))


def _is_read_only(error: Exception) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_READONLY
