"""How a SQLite file is opened that somebody may have made to do harm.

A ledger is read by those it is handed over to. So before SQLite sees a file, it is
looked at from outside: what it is, and what lies beside it, because SQLite would write
or delete beside a file that it was only to read. After that it has limits, and an end
is put to a statement that goes on for longer than an honest one could.
"""

from __future__ import annotations

import os
import sqlite3
from stat import S_ISREG
from time import process_time

from ledger.errors import (
    ForeignJournalError,
    InterruptedWriteError,
    NoLedgerError,
    NotAFileError,
    SealedError,
    UnmergedWalError,
)

LOCK_TIMEOUT_SECONDS = 30

LONGEST = 256 * 1024 * 1024
"""Bytes of the longest value; the store takes no longer one either."""

LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, LONGEST),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (sqlite3.SQLITE_LIMIT_COLUMN, 100),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 20),
    (sqlite3.SQLITE_LIMIT_VDBE_OP, 25_000),
    (sqlite3.SQLITE_LIMIT_FUNCTION_ARG, 20),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 1_000),
    (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 10),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)
"""As sqlite.org/security.html recommends, wide enough for our own statements."""

READING = (
    "trusted_schema=OFF",
    "query_only=ON",
    "cell_size_check=ON",
    "mmap_size=0",
)

SECONDS = 3.0
SECONDS_PER_MEGABYTE = 1.0
"""An honest statement over a file needs some hundredth of this."""

_MEGABYTE = 1_000_000
_OPERATIONS = 100_000  # Between two looks at the clock: a few milliseconds.

_MAGIC = b"SQLite format 3\0"
_WAL = 2
_READ_VERSION = 19
_HEADER = 100
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_WRITE_BITS = 0o222


class Patience:
    """Ends a statement that takes longer than an honest one over so small a file.

    Time of the processor is what counts: a machine that is busy, asleep or waiting for
    a lock takes nothing from it.
    """

    def __init__(self, size: int) -> None:
        self._seconds = SECONDS + SECONDS_PER_MEGABYTE * size / _MEGABYTE
        self._until = 0.0
        self.begin()

    def begin(self) -> None:
        """Count from now: a statement begins, or a row came back."""
        self._until = process_time() + self._seconds

    def over(self) -> bool:
        """Whether the statement is to be ended."""
        return process_time() > self._until


class Guarded(sqlite3.Connection):
    """A connection that reads, under limits."""

    patience: Patience


def connect(path: str) -> Guarded:
    """Open a file read-only, under limits; nothing is written or deleted beside it.

    :raises LedgerError: it is no file, or what lies beside it would be needed.
    :raises sqlite3.Error: SQLite cannot open it.
    """
    size = size_of(path)
    connection = sqlite3.connect(
        uri(path),
        uri=True,
        timeout=LOCK_TIMEOUT_SECONDS,
        isolation_level=None,
        factory=Guarded,
    )
    connection.patience = Patience(size)
    try:
        limit(connection)
        connection.set_progress_handler(connection.patience.over, _OPERATIONS)
        for pragma in READING:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def limit(connection: sqlite3.Connection) -> None:
    """Bound what a statement, and the text of a schema, may ask of SQLite."""
    for category, most in LIMITS:
        connection.setlimit(category, most)


def size_of(path: str) -> int:
    """Return the size of a file.

    :raises NoLedgerError: there is none.
    :raises NotAFileError: it is a folder, a pipe or a device, which never ends.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib takes longer than the query
    except (FileNotFoundError, NotADirectoryError):
        raise NoLedgerError(path) from None
    if not S_ISREG(found.st_mode):
        raise NotAFileError(path)
    return found.st_size


def uri(path: str) -> str:
    """Return the URI that opens the file of exactly this name, read-only.

    It says that the file never changes (``immutable``) where it is sealed, and where
    SQLite would else make files beside it: because it was left in the mode of a
    write-ahead log, or an empty such log lies beside it.

    :raises InterruptedWriteError: it is sealed, and the journal of a write that was cut
        off lies beside it.
    :raises ForeignJournalError: what lies there is no file.
    :raises UnmergedWalError: facts may be in a write-ahead log beside it.
    """
    name = os.path.abspath(path)  # noqa: PTH100 - pathlib takes longer than the query
    for mark, escape in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        name = name.replace(mark, escape)
    fixed = "&immutable=1" if _immutable(path) else ""
    return f"file:{name}?mode=ro{fixed}"


def _immutable(path: str) -> bool:
    log = _size(f"{path}-wal")
    if log:
        raise UnmergedWalError(path)
    journal = _size(f"{path}-journal")
    if journal is not None and not os.path.isfile(f"{path}-journal"):  # noqa: PTH113
        raise ForeignJournalError(path)  # SQLite would wait for a pipe to speak.
    fixed = log is not None or is_sealed(path) or _in_wal_mode(path)
    if fixed and journal:
        raise InterruptedWriteError(path)
    return fixed


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - as above
    except OSError:
        return None


def _in_wal_mode(path: str) -> bool:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
        header = file.read(_HEADER)
    return header.startswith(_MAGIC) and header[_READ_VERSION : _READ_VERSION + 1] == (
        bytes((_WAL,))
    )


def is_sealed(path: str) -> bool:
    """Whether a file is evidence: nobody may write it, or its medium cannot be written.

    Then it is opened as one that never changes, nothing is written beside it, and what
    lies beside it is not used.
    """
    try:
        if not os.stat(path).st_mode & _WRITE_BITS:  # noqa: PTH116 - as above
            return True
        medium = getattr(os, "statvfs", None)  # Not on Windows.
        return medium is not None and bool(medium(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def refuse_sealed(path: str) -> None:
    """Refuse to write where a file is evidence, also to an administrator.

    :raises SealedError: it is.
    """
    if is_sealed(path):
        raise SealedError(path)


def refuse_foreign_journal(path: str) -> None:
    """Refuse to roll back a write where SQLite would then delete another file.

    A journal can name another file, its super-journal, and SQLite deletes that when
    it has rolled back. No write to a ledger is part of one to several databases.

    :raises ForeignJournalError: the journal beside the file names one.
    """
    try:
        size_of(f"{path}-journal")
        with open(f"{path}-journal", "rb") as file:  # noqa: PTH123 - as above
            file.seek(-min(len(_JOURNAL_MAGIC), _size(f"{path}-journal") or 0), 2)
            ending = file.read()
    except NoLedgerError:
        return
    except (OSError, NotAFileError):
        raise ForeignJournalError(path) from None
    if ending == _JOURNAL_MAGIC:
        raise ForeignJournalError(path)
