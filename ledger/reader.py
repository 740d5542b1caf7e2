"""The log, read without the writer: nothing a file names is imported, nothing changed.

Commands that only ask open the ledger here. It needs the standard library alone, so
a question starts fast, and it opens the file read-only, so it cannot change a byte.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger import guard, schema
from ledger.errors import (
    BeyondHeadError,
    FactDamagedError,
    ForeignJournalError,
    InterruptedWriteError,
    LedgerError,
    LockedError,
    LogDamagedError,
    LogEndError,
    NoLedgerError,
    NotAFileError,
    NotALedgerError,
    SchemaChangedError,
    UnmergedWalError,
)
from ledger.failures import SQLITE_SAYS, translate
from ledger.tlog.proof import consistency, inclusion
from ledger.tlog.tiles import root_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from zoneinfo import ZoneInfo

    from ledger.tlog.tiles import ReadHashes

PAGE = 5_000
_SAMPLED = 1_000


_OUT_OF_ORDER = "its facts do not stand in order"

_AS_FOUND = (
    ForeignJournalError,
    InterruptedWriteError,
    NoLedgerError,
    NotAFileError,
    UnmergedWalError,
)
"""What rolling back a write would not mend."""


class Identity(NamedTuple):
    """What `init` recorded at position 1."""

    ledger_id: str
    name: str
    timezone: str
    solo: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its days end.

        :raises UnknownZoneError: there is none of that name.
        """
        from ledger.domain.fiscal import zone_named

        return zone_named(self.timezone)


class Row(NamedTuple):
    """A recorded fact as it is kept."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: str
    payload: bytes


_OBJECT = b'{"'
_TYPES = (int, str, int, str, str, bytes)


def _row(columns: tuple[Any, ...]) -> Row:
    """Return a fact, if its columns are what they should be; pages may hold others.

    :raises FactDamagedError: one is not.
    """
    if tuple(map(type, columns)) != _TYPES:
        raise FactDamagedError(columns[0], "a column is not of its type")
    # `json.loads` would take bytes that begin otherwise for another encoding.
    if not columns[5].startswith(_OBJECT):
        raise FactDamagedError(columns[0], "its payload is no JSON object")
    try:
        datetime.fromisoformat(columns[4])
    except ValueError:
        why = "the instant it was recorded at is none"
        raise FactDamagedError(columns[0], why) from None
    return Row._make(columns)


class Log:
    """An open ledger that can only be read."""

    def __init__(self, path: str, connection: guard.Guarded) -> None:
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
            (topic, payload) = row or ("", b"")
            opened = topic == "ledger.opened/1" and payload.startswith(_OBJECT)
            fields = json.loads(payload) if opened else {}
            named = (fields["ledger_id"], fields["name"], fields["timezone"])
            "".join(named)  # Raises TypeError of what is no text.
            return Identity(*named, solo=fields.get("solo") is True)
        except (AttributeError, TypeError, ValueError, KeyError, RecursionError):
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
        except TypeError:
            why = "a hash in it is no hash"
            raise LogDamagedError(why) from None
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
        return map(_row, self._paged(columns, after, upto))

    def narrow(self, after: int, upto: int) -> Iterator[tuple[int, str, str, bytes]]:
        """Yield position, topic, ``recorded_at`` and payload: what a fold reads."""
        return self._paged("rowid, topic, recorded_at, state", after, upto)

    def hashed(
        self, after: int, upto: int
    ) -> Iterator[tuple[int, object, object, object, object, object, object]]:
        """Yield all columns of a fact as they are kept, its leaf hash last."""
        columns = (
            "rowid, originator_id, originator_version, topic, recorded_at, state,"
            " leaf_hash"
        )
        return self._paged(columns, after, upto)

    @property
    def tile_levels(self) -> list[int]:
        """The levels of which there are tile entries, in order."""
        return [
            level
            for (level,) in self._all("SELECT DISTINCT level FROM tiles ORDER BY 1")
        ]

    def tiles(self, level: int) -> dict[int, bytes]:
        """Return the tile entries of a level by their place."""
        return dict(self._all("SELECT place, hash FROM tiles WHERE level=?", (level,)))

    def by_stream(
        self, first: str, until: str | None, upto: int
    ) -> Iterator[tuple[str, int, int, str, str, bytes]]:
        """Yield facts stream by stream, by code point, each in its order.

        Stream, version, position, topic, ``recorded_at`` and payload, up to a
        position; of the streams from ``first`` to before ``until``, None for all.
        """
        query = (
            "SELECT originator_id, originator_version, rowid, topic, recorded_at, state"  # noqa: S608 - ours
            " FROM stored_events WHERE (originator_id, originator_version)>(?,?)"
            f"{'' if until is None else ' AND originator_id<?'} AND rowid<=?"
            " ORDER BY originator_id, originator_version LIMIT ?"
        )
        bounds = (upto, PAGE) if until is None else (until, upto, PAGE)
        stream, version = first, -1
        while page := self._all(query, (stream, version, *bounds)):
            yield from page
            if page[-1][:2] <= (stream, version):  # Or it would be read for ever.
                raise LogDamagedError(_OUT_OF_ORDER)
            stream, version = page[-1][:2]

    def middle_stream(self, upto: int) -> str:
        """Return a stream that has about as many facts before it as after it."""
        positions = range(1, upto + 1, max(1, upto // _SAMPLED))
        query = (
            "SELECT originator_id FROM stored_events"
            " WHERE rowid IN (SELECT value FROM json_each(?)) ORDER BY originator_id"
        )
        names = self._all(query, (json.dumps(list(positions)),))
        return names[len(names) // 2][0] if names else ""

    def at(self, positions: Iterable[int]) -> list[Row]:
        """Return the facts at some positions, in their order in the log."""
        query = (
            "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
            " FROM stored_events WHERE rowid IN (SELECT value FROM json_each(?))"
            " ORDER BY rowid"
        )
        rows = self._all(query, (json.dumps(sorted(set(positions))),))
        return [_row(row) for row in rows]

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
            if page[-1][0] <= after:  # Or the same page would be read for ever.
                raise LogDamagedError(_OUT_OF_ORDER)
            yield from page
            after = page[-1][0]

    def stream(self, stream: str, upto: int) -> list[Row]:
        """Return one stream's facts up to a position, in order."""
        query = (
            "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
            " FROM stored_events WHERE originator_id=? AND rowid<=?"
            " ORDER BY originator_version"
        )
        return self._rising(query, (stream, upto), "version")

    def family(self, prefix: str, upto: int) -> list[Row]:
        """Return the facts of all streams whose names begin so, in log order."""
        query = (
            "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
            " FROM stored_events WHERE originator_id>=? AND originator_id<?"
            " AND rowid<=? ORDER BY rowid"
        )
        values = (prefix, f"{prefix}\U0010ffff", upto)
        return self._rising(query, values, "position")

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
        if row is None or not isinstance(row[0], str):
            raise FactDamagedError(position, "it is missing")
        return row[0]

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

    def _rising(self, query: str, values: tuple[object, ...], column: str) -> list[Row]:
        """Return facts as long as a column rises; damaged pages may never end."""
        found: list[Row] = []
        last = 0
        self._connection.patience.begin()
        try:
            for row in map(_row, self._connection.execute(query, values)):
                place = getattr(row, column)
                if place <= last:
                    raise LogDamagedError(_OUT_OF_ORDER)
                last = place
                found.append(row)
        except SQLITE_SAYS as error:
            raise translate(error, self.path) from error
        return found

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        self._connection.patience.begin()
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
    :raises StoreError: it is none that can be read safely (`guard`).
    """
    connection = _connect(path)
    try:
        yield Log(path, connection)
    finally:
        connection.close()


def _connect(path: str) -> guard.Guarded:
    try:
        return _checked(path)
    except (LockedError, *_AS_FOUND):
        raise
    except LedgerError:
        if not os.path.exists(f"{path}-journal"):  # noqa: PTH110 - as in `guard`
            raise
    _roll_back_interrupted_write(path)
    return _checked(path)


def _checked(path: str) -> guard.Guarded:
    try:
        connection = guard.connect(path)
    except SQLITE_SAYS as error:
        raise translate(error, path) from error
    try:
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
    found = connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
    names = schema.differing(found, schema.expected())
    if not names:
        return
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    ours = {name for _, name, _ in found} & set(schema.expected())
    if application != schema.APPLICATION_ID and not ours:
        raise NotALedgerError(path)
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
    guard.refuse_foreign_journal(path)
    try:
        connection = sqlite3.connect(path, timeout=guard.LOCK_TIMEOUT_SECONDS)
        guard.limit(connection)
        with connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("SELECT count(*) FROM sqlite_schema")
        connection.close()
    except sqlite3.Error:
        raise InterruptedWriteError(path) from None


def sqlite_version() -> tuple[int, ...]:
    """Return the version of the SQLite library in use."""
    return sqlite3.sqlite_version_info
