"""The log, read without the writer: nothing a file names is imported, nothing changed.

Commands that only ask open the ledger here. It needs the standard library alone, so
a question starts fast, and it opens the file read-only, so it cannot change a byte.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger import schema
from ledger.errors import (
    BeyondHeadError,
    FactDamagedError,
    InterruptedWriteError,
    LedgerError,
    LockedError,
    LogDamagedError,
    LogEndError,
    NoLedgerError,
    NotALedgerError,
    SchemaChangedError,
)
from ledger.failures import SQLITE_SAYS, translate
from ledger.tlog.proof import consistency, inclusion
from ledger.tlog.tiles import root_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ledger.tlog.tiles import ReadHashes

LOCK_TIMEOUT_SECONDS = 30
PAGE = 5_000


class Identity(NamedTuple):
    """What `init` recorded at position 1."""

    ledger_id: str
    name: str
    timezone: str
    solo: bool = False


class Row(NamedTuple):
    """A recorded fact as it is kept."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: str
    payload: bytes


class Log:
    """An open ledger that can only be read."""

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._head: int | None = None

    @property
    def head(self) -> int:
        """The last position when it was first asked for; the log may grow meanwhile."""
        if self._head is None:
            self._head = self._one("SELECT max(rowid) FROM stored_events")[0] or 0
        return self._head

    def look_again(self) -> None:
        """Ask for the head anew."""
        self._head = None

    @property
    def identity(self) -> Identity:
        """The ledger's id, name and time zone, and whether it is solo.

        :raises LogDamagedError: position 1 does not hold them.
        """
        row = self._one("SELECT topic, state FROM stored_events WHERE rowid=1")
        try:
            fields = json.loads(row[1]) if row and row[0] == "ledger.opened/1" else {}
            named = (fields["ledger_id"], fields["name"], fields["timezone"])
            return Identity(*named, solo=fields.get("solo") is True)
        except (TypeError, ValueError, KeyError, RecursionError):
            why = "position 1 does not hold the ledger's identity"
            raise LogDamagedError(why) from None

    def root(self, position: int) -> bytes:
        """Return the RFC 6962 root of the facts up to ``position``.

        :raises BeyondHeadError: the log is not that long.
        :raises LogDamagedError: hashes are missing.
        """
        if position > self.head:
            raise BeyondHeadError(position, self.head)
        try:
            return root_at(position, self._hashes)
        except ValueError as error:
            raise LogDamagedError(str(error)) from None

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """Return the proof that a fact is in the log as it was at a size.

        :param position: of the fact, at most ``size``.
        :raises BeyondHeadError: the log is not that long.
        :raises LogDamagedError: hashes are missing.
        """
        return self._proof(inclusion, position - 1, size)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """Return the proof that the log at a size begins with what it was before.

        :param old: the smaller size.
        :raises BeyondHeadError: the log is not that long.
        :raises LogDamagedError: hashes are missing.
        """
        return self._proof(consistency, old, size)

    def _proof(
        self, make: Callable[[int, int, ReadHashes], list[bytes]], of: int, size: int
    ) -> list[bytes]:
        if size > self.head:
            raise BeyondHeadError(size, self.head)
        try:
            return make(of, size, self._hashes)
        except ValueError as error:
            raise LogDamagedError(str(error)) from None

    def rows(self, after: int, upto: int) -> Iterator[Row]:
        """Yield the facts at positions after ``after``, up to and with ``upto``."""
        columns = "rowid, originator_id, originator_version, topic, recorded_at, state"
        return map(Row._make, self._paged(columns, after, upto))

    def narrow(self, after: int, upto: int) -> Iterator[tuple[int, str, str, bytes]]:
        """Yield position, topic, ``recorded_at`` and payload: what a fold reads."""
        return self._paged("rowid, topic, recorded_at, state", after, upto)

    def at(self, positions: Iterable[int]) -> list[Row]:
        """Return the facts at some positions, in their order in the log."""
        query = (
            "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
            " FROM stored_events WHERE rowid IN (SELECT value FROM json_each(?))"
            " ORDER BY rowid"
        )
        rows = self._all(query, (json.dumps(sorted(set(positions))),))
        return [Row._make(row) for row in rows]

    def topics(self, positions: Iterable[int]) -> dict[int, str]:
        """Return the topics of the facts at some positions."""
        query = (
            "SELECT rowid, topic FROM stored_events"
            " WHERE rowid IN (SELECT value FROM json_each(?))"
        )
        return dict(self._all(query, (json.dumps(sorted(set(positions))),)))

    def _paged(self, columns: str, after: int, upto: int) -> Iterator[Any]:
        # Page by page, so that no read holds up a writer for long.
        query = (
            f"SELECT {columns} FROM stored_events"  # noqa: S608 - ours, from above
            " WHERE rowid>? AND rowid<=? ORDER BY rowid LIMIT ?"
        )
        while after < upto:
            page = self._all(query, (after, upto, PAGE))
            if not page:
                return
            yield from page
            after = page[-1][0]

    def stream(self, stream: str, upto: int) -> list[Row]:
        """Return one stream's facts up to a position, in order."""
        query = (
            "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
            " FROM stored_events WHERE originator_id=? AND rowid<=?"
            " ORDER BY originator_version"
        )
        return [Row._make(row) for row in self._all(query, (stream, upto))]

    def family(self, prefix: str, upto: int) -> list[Row]:
        """Return the facts of all streams whose names begin so, in log order."""
        query = (
            "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
            " FROM stored_events WHERE originator_id>=? AND originator_id<?"
            " AND rowid<=? ORDER BY rowid"
        )
        values = (prefix, f"{prefix}\U0010ffff", upto)
        return [Row._make(row) for row in self._all(query, values)]

    def leaf(self, position: int) -> bytes:
        """Return the leaf hash kept with a fact.

        :raises FactDamagedError: there is none.
        """
        row = self._one(
            "SELECT leaf_hash FROM stored_events WHERE rowid=?", (position,)
        )
        if row is None or not isinstance(row[0], bytes):
            raise FactDamagedError(position, "it is missing")
        return row[0]

    def recorded_through(self, instant: str) -> int:
        """Return the last position recorded at or before an instant, or 0.

        :param instant: UTC in the fixed form ``recorded_at`` is kept in.
        """
        low, high = 0, self.head
        while low < high:
            middle = (low + high + 1) // 2
            if self._recorded_at(middle) <= instant:
                low = middle
            else:
                high = middle - 1
        return low

    def _recorded_at(self, position: int) -> str:
        row = self._one(
            "SELECT recorded_at FROM stored_events WHERE rowid=?", (position,)
        )
        if row is None:
            raise FactDamagedError(position, "it is missing")
        text: str = row[0]
        return text

    def _hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        if level == 0:
            query = (
                "SELECT leaf_hash FROM stored_events"
                " WHERE rowid>? AND rowid<=? ORDER BY rowid"
            )
            return [row[0] for row in self._all(query, (start, stop))]
        query = (
            "SELECT hash FROM tiles"
            " WHERE level=? AND place>=? AND place<? ORDER BY place"
        )
        return [row[0] for row in self._all(query, (level, start, stop))]

    def _one(self, query: str, values: tuple[object, ...] = ()) -> Any:
        rows = self._all(query, values)
        return rows[0] if rows else None

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except SQLITE_SAYS as error:
            raise translate(error, self.path) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@contextmanager
def open_log(path: str) -> Iterator[Log]:
    """Open a ledger for reading; nothing in the file or beside it is changed.

    :raises NoLedgerError: there is no file.
    :raises NotALedgerError: the file is something else.
    :raises SchemaChangedError: its tables are not those a ledger has.
    """
    if not os.path.exists(path):  # noqa: PTH110 - pathlib takes longer than the query
        raise NoLedgerError(path)
    connection = _connect(path)
    try:
        yield Log(path, connection)
    finally:
        connection.close()


def _connect(path: str) -> sqlite3.Connection:
    try:
        return _checked(path)
    except LockedError:
        raise
    except LedgerError:
        if not os.path.exists(f"{path}-journal"):  # noqa: PTH110 - as above
            raise
    _roll_back_interrupted_write(path)
    return _checked(path)


def read_only_uri(path: str) -> str:
    """Return the URI that opens the file of exactly this name, read-only."""
    name = os.path.abspath(path)  # noqa: PTH100 - pathlib takes longer than the query
    for mark, escape in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        name = name.replace(mark, escape)
    return f"file:{name}?mode=ro"


def _checked(path: str) -> sqlite3.Connection:
    uri = read_only_uri(path)
    try:
        connection = sqlite3.connect(
            uri, uri=True, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None
        )
    except SQLITE_SAYS as error:
        raise translate(error, path) from error
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        _check_schema(path, connection)
        _check_end(connection)
    except SQLITE_SAYS as error:
        connection.close()
        raise translate(error, path) from error
    except LedgerError:
        connection.close()
        raise
    return connection


def _check_schema(path: str, connection: sqlite3.Connection) -> None:
    """Compare the tables with what `init` made, before anything in them is trusted."""
    found = dict(
        connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%'"
            " ESCAPE '\\'"
        )
    )
    expected = schema.expected()
    if found == expected:
        return
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != schema.APPLICATION_ID and not set(found) & set(expected):
        raise NotALedgerError(path)
    names = sorted(
        str(name)
        for name in set(found) | set(expected)
        if found.get(name) != expected.get(name)
    )
    raise SchemaChangedError(path, ", ".join(names))


def _check_end(connection: sqlite3.Connection) -> None:
    """Compare the last position with the last that was given out.

    They differ where the end was removed, and in a copy that found the pages of the
    file at several moments, so that it ends in the middle of what was one transaction.
    """
    given, head = connection.execute(
        "SELECT (SELECT seq FROM sqlite_sequence WHERE name='stored_events'),"
        " (SELECT max(rowid) FROM stored_events)"
    ).fetchone()
    if given != head:
        raise LogEndError(head or 0, given or 0)


def _roll_back_interrupted_write(path: str) -> None:
    """Let SQLite undo a write that was cut off; only possible with write access.

    What it restores is the last committed state: nothing recorded is changed.
    """
    try:
        connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS)
        with connection:
            connection.execute("SELECT count(*) FROM sqlite_schema")
        connection.close()
    except sqlite3.Error:
        raise InterruptedWriteError(path) from None


def sqlite_version() -> tuple[int, ...]:
    """Return the version of the SQLite library in use."""
    return sqlite3.sqlite_version_info
