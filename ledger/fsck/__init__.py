"""Recompute everything from the bytes of a ledger file, and say what does not agree.

The checker's path is not the writer's path: it opens the file with a cursor of its
own, reads every column as if somebody hostile had written it, and shares with the
writer only the rules and the hashing. It imports no store.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import InterruptedWriteError
from ledger.failures import SQLITE_SAYS, translate
from ledger.fsck.elsewhere import against, readable, signing, uncovered
from ledger.fsck.found import BROKEN, DAMAGED, Checked, Finding, Signing
from ledger.fsck.log import LogCheck, proofs, unbrought
from ledger.fsck.tables import (
    BEFORE_ALL,
    PAGE,
    connect,
    ends,
    given_out,
    kept_tiles,
    pages,
    rows,
    schema_text,
    tiles,
    unmoved,
)
from ledger.tlog.merkle import root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ledger.fsck.found import Row
    from ledger.fsck.tables import Tiles
    from ledger.guard import Guarded

    Compare = Callable[[str, int, Callable[[int], str]], Iterable[Finding]]

__all__ = ["DAMAGED", "Checked", "Finding", "Signing", "check"]


def check(
    path: str,
    on_progress: Callable[[int], None],
    *,
    since: bytes | None = None,
    compare: Compare | None = None,
    checkpointed: bool = False,
) -> Checked:
    """Check a ledger file, whole; it is opened read-only and not changed.

    A log whose bytes do not give its own hashes is compared with nothing: that it is
    another one than was seen is then no news.

    :param on_progress: told the position reached, now and then.
    :param since: a checkpoint held elsewhere, that the log is compared with.
    :param compare: what else the log is compared with: given its origin, its length
        and its recomputed root at any position, it yields what differs.
    :param checkpointed: whether facts that no checkpoint covers are a finding.
    :raises NoLedgerError: there is no file.
    :raises NoCheckpointError: what is held elsewhere is none.
    :raises LedgerError: SQLite cannot read it at all.
    """
    log = LogCheck()
    with reading(path) as connection:
        findings = list(schema_text(connection))
        if findings:  # Nothing in such tables is what it seems.
            return Checked(0, root([]).hex(), tuple(findings))
        findings += contents(connection, log, on_progress)
    # Where bytes are not what they were, any root is another, and says nothing more.
    whole_log = not any(one.check in BROKEN for one in findings)
    if compare is not None and whole_log:
        at = partial(_root_at, log)
        findings += compare(log.keys.origin, log.expected, at)
    if since is not None:
        findings += against(log, since) if whole_log else readable(since)
    covered = signing(log)
    findings += uncovered(covered) if checkpointed else ()
    whole_root = root(log.leaves).hex()
    found = tuple(findings)
    return Checked(log.expected, whole_root, found, covered, compared=whole_log)


@contextmanager
def reading(path: str) -> Iterator[Guarded]:
    """Open a file as somebody hostile may have left it.

    :raises NoLedgerError: there is no file.
    :raises LedgerError: SQLite cannot read it.
    """
    try:
        with closing(connect(path)) as connection:
            yield connection
    except SQLITE_SAYS as error:
        if Path(f"{path}-journal").exists() and _is_read_only(error):
            # SQLite would roll it back first, and this is no place to write.
            raise InterruptedWriteError(path) from error
        raise translate(error, path) from error


def contents(
    connection: Guarded, log: LogCheck, on_progress: Callable[[int], None]
) -> Iterator[Finding]:
    """Yield what is wrong with the tables, as soon as it is known.

    :param log: has read nothing yet; afterwards it has read the whole log.
    """
    end: list[tuple[Tiles, object]] = []
    for row in _every(connection, end):
        yield from log.row(row)
        if log.expected % PAGE == 0:
            on_progress(log.expected)
    yield from whole(log, *end[0])
    yield from pages(connection)


def _every(connection: Guarded, end: list[tuple[Tiles, object]]) -> Iterator[Row]:
    """Return all rows of the log; with the last ones, tiles and end of the same moment.

    Others may have recorded more while the first ones were read.
    """
    last = BEFORE_ALL
    for row in rows(connection):
        yield row
        last = row.position if isinstance(row.position, int) else last
    with unmoved(connection):
        rest = list(rows(connection, last))
        end.append((kept_tiles(connection), given_out(connection)))
    yield from rest


def whole(log: LogCheck, kept: Tiles, given: object) -> Iterator[Finding]:
    """Yield what is wrong with a log that has been read to its end.

    :param kept: the tiles beside it.
    :param given: the last position that was given out.
    """
    yield from proofs(log)
    yield from unbrought(log)
    yield from log.strays(0)
    yield from tiles(kept, log.leaves)
    yield from ends(given, log.expected)


def _root_at(log: LogCheck, position: int) -> str:
    return root(log.leaves[:position]).hex()


def _is_read_only(error: Exception) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_READONLY
