"""What SQLite says when it cannot, in the ledger's words."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.errors import (
    LedgerError,
    LockedError,
    LogDamagedError,
    NoRoomError,
    NotALedgerError,
    RunawayError,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRIMARY = 0xFF  # Extended result codes carry the primary one in the low byte.


# Python reads what SQLite says as UTF-8; of a damaged schema it may not be.
SQLITE_SAYS = (sqlite3.Error, UnicodeDecodeError)


def translate(error: sqlite3.Error | UnicodeDecodeError, path: str) -> LedgerError:
    """Return the ledger's error for one of SQLite's about the file at ``path``."""
    if isinstance(error, UnicodeDecodeError):
        return LogDamagedError(f"SQLite cannot read {path} (its schema is no text)")
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LockedError(path)
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return _no_room_or_broken(error, path)
        case sqlite3.SQLITE_NOTADB:
            return NotALedgerError(path)
        case sqlite3.SQLITE_CORRUPT:
            return LogDamagedError(f"SQLite cannot read {path} ({error})")
        case sqlite3.SQLITE_INTERRUPT:
            return RunawayError(path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(
                f"{path} cannot be written; check its permissions and its folder's"
            )
        case _:
            return _unusable(error, path)


def _unusable(error: sqlite3.Error, path: str) -> LedgerError:
    if not hasattr(error, "sqlite_errorcode") and "UTF-8" in str(error):
        # Python says so, of a value; what it holds is not repeated.
        return LogDamagedError(f"{path} holds a text that is not UTF-8")
    if isinstance(error, sqlite3.OperationalError):
        return StoreError(f"{path} cannot be opened ({error}); check that it is a file")
    return LogDamagedError(f"SQLite cannot use {path} ({error})")


def _no_room_or_broken(error: sqlite3.Error, path: str) -> LedgerError:
    # A limit on file size shows as an input/output error, not as a full disk.
    name = getattr(error, "sqlite_errorname", "")
    if name in ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE"):
        return NoRoomError(path)
    return StoreError(f"{path} cannot be read or written ({error}); check the disk")


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn SQLite's errors, also wrapped by the library, into the ledger's own."""
    try:
        yield
    except SQLITE_SAYS as error:
        raise translate(error, path) from error
    except Exception as error:
        cause = _sqlite_cause(error)
        if cause is None:
            raise
        raise translate(cause, path) from error


def _sqlite_cause(error: BaseException) -> sqlite3.Error | None:
    # The library hands SQLite's error on as its only argument.
    if isinstance(error, LedgerError) or not error.args:
        return None
    inner = error.args[0]
    if isinstance(inner, sqlite3.Error):
        return inner
    return _sqlite_cause(inner) if isinstance(inner, BaseException) else None
