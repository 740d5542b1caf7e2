"""The log in SQLite: strict types, positions without gaps, rows that never change.

The library's recorder decides what a stored event is; ours decides where it stands:
position, ``recorded_at``, leaf hash and tiles are set inside the write transaction.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteDatastore,
    SQLiteTransaction,
)

from ledger import guard, schema
from ledger.domain.fiscal import format_instant_fixed
from ledger.errors import LogDamagedError, LogEndError
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.tiles import completed, root_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from eventsourcing.sqlite import SQLiteCursor

Placed = tuple[str, int, str, bytes]
"""A fact to append: its stream, its version there, its topic and its payload."""

BULK_CACHE_KIB = 262_144
_COLUMNS = 7
_TOGETHER = 20
"""How many facts one statement inserts; each statement also notes the last position."""
SYNCHRONOUS = "EXTRA"
"""FULL is not enough beside a rollback journal (docs/decisions/0017)."""


def system_clock() -> datetime:
    """Return now, aware, in UTC. The only place that asks the machine."""
    return datetime.now(UTC)


class RollbackJournalPool(SQLiteConnectionPool):
    """Connections with a rollback journal and every sync there is, to plain paths only.

    The library turns every file to WAL, which then cannot be opened from read-only
    media, and whose copies can lack the last facts (docs/decisions/0007).
    """

    @staticmethod
    def detect_memory_mode(db_name: str) -> bool:
        """Whether the database is in memory; a file may have any name."""
        return db_name == ":memory:"

    def _create_connection(self) -> SQLiteConnection:
        try:
            connection = sqlite3.connect(
                self.db_name,
                uri=self.is_sqlite_memory_mode,
                check_same_thread=False,
                isolation_level=None,
                timeout=self.lock_timeout or guard.LOCK_TIMEOUT_SECONDS,
            )
        except (sqlite3.Error, TypeError) as error:
            raise InterfaceError(error) from error
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
        connection.execute("PRAGMA fullfsync=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        guard.limit(connection)  # What is recorded can be read again.
        connection.execute(f"PRAGMA cache_size=-{BULK_CACHE_KIB}")
        connection.row_factory = sqlite3.Row
        return SQLiteConnection(sqlite_conn=connection, max_age=self.max_age)


class ImmediateTransaction(SQLiteTransaction):
    """Takes the write lock before it reads, so that it never has to give up after."""

    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        except sqlite3.Error as error:
            raise PersistenceError(error) from error
        return cursor


class Datastore(SQLiteDatastore):
    """The library's datastore over our connections, with text ids for streams."""

    def __init__(self, path: str) -> None:
        super().__init__(path, originator_id_type="text")
        self.pool.close()
        self.pool = RollbackJournalPool(db_name=path, pool_timeout=60)

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Yield a cursor in a transaction; a writer holds the lock from the start."""
        with (
            self.get_connection(commit=commit) as connection,
            ImmediateTransaction(connection, commit=commit) as cursor,
            cursor,
        ):
            yield cursor


class _RehearsalOverError(Exception):
    """Rolls back a transaction that was only to be tried."""


class AppendOnlyRecorder(SQLiteApplicationRecorder):
    """The library's recorder over a table that refuses UPDATE and DELETE."""

    def __init__(
        self,
        datastore: SQLiteDatastore,
        events_table_name: str = schema.EVENTS,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        super().__init__(datastore, events_table_name)
        self.clock = clock
        self.tiles_table_name = (
            schema.TILES
            if events_table_name == schema.EVENTS
            else f"{events_table_name}_tiles"
        )

    def create_table(self) -> None:
        """Make the tables, once, and mark the file as a ledger."""
        with self.datastore.transaction(commit=True) as cursor:
            for statement in schema.statements(
                self.events_table_name, self.tiles_table_name
            ):
                cursor.execute(statement)
            cursor.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
            cursor.execute(f"PRAGMA user_version={schema.FORMAT}")

    @contextmanager
    def appending(self, *, keep: bool = True) -> Iterator[Appending]:
        """Yield an open append: everything put in it is recorded together or not.

        :param keep: False for a rehearsal, after which nothing is recorded.
        """
        try:
            with self.datastore.transaction(commit=True) as cursor:
                yield Appending(self, cursor)
                if not keep:
                    raise _RehearsalOverError  # noqa: TRY301 - how a transaction ends
        except _RehearsalOverError:
            pass

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any
    ) -> Sequence[int] | None:
        return Appending(self, c).put(stored_events)


class Appending:
    """One append: the moment it takes place, and where the log stands meanwhile."""

    def __init__(self, recorder: AppendOnlyRecorder, cursor: SQLiteCursor) -> None:
        self.cursor = cursor
        self.events = recorder.events_table_name
        self.tiles = recorder.tiles_table_name
        self.head, last = self._head()
        now = format_instant_fixed(recorder.clock())
        self.recorded_at = max(now, last)

    @property
    def moment(self) -> datetime:
        """When this append takes place: now, or the last fact's time if later."""
        return datetime.fromisoformat(self.recorded_at)

    def put(self, stored_events: Sequence[StoredEvent]) -> list[int]:
        """Insert facts at the end of the log; return their positions."""
        first = self.head + 1
        self.put_placed(
            [
                (
                    _text(stored.originator_id),
                    stored.originator_version,
                    stored.topic,
                    stored.state,
                )
                for stored in stored_events
            ]
        )
        return list(range(first, self.head + 1))

    def put_placed(self, facts: Sequence[Placed]) -> None:
        """Insert facts at the end of the log, each with its place in its stream."""
        recorded_at = self.recorded_at
        values: list[str | int | bytes] = []
        leaves = []
        for position, (stream, version, topic, state) in enumerate(
            facts, self.head + 1
        ):
            leaf = leaf_hash(
                entry(position, stream, version, topic, recorded_at, state)
            )
            leaves.append(leaf)
            values += (position, stream, version, topic, state, recorded_at, leaf)
        together = len(values) - len(values) % (_COLUMNS * _TOGETHER)
        try:
            self._insert(values[:together], _TOGETHER)
            self._insert(values[together:], 1)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error
        try:
            new_tiles = completed(self.head, leaves, self._read_hashes)
        except ValueError as error:
            raise LogDamagedError(str(error)) from None
        self.cursor.executemany(
            f"INSERT INTO {self.tiles} VALUES (?,?,?)",  # noqa: S608 - our names
            new_tiles,
        )
        self.head += len(leaves)

    def _insert(self, values: list[str | int | bytes], rows: int) -> None:
        """Insert facts, so many in each statement."""
        # Or FAIL, not ABORT: else SQLite keeps what it takes to undo a statement of
        # several rows. Whoever has the transaction undoes all of it.
        row = f"({','.join('?' * _COLUMNS)})"
        width = _COLUMNS * rows
        self.cursor.executemany(
            f"INSERT OR FAIL INTO {self.events} VALUES {','.join([row] * rows)}",  # noqa: S608 - our names
            [values[at : at + width] for at in range(0, len(values), width)],
        )

    def stream(self, stream: str) -> list[tuple[str, bytes, str]]:
        """Return topic, payload and ``recorded_at`` of a stream's facts, in order."""
        self.cursor.execute(
            f"SELECT topic, state, recorded_at FROM {self.events} "  # noqa: S608
            "WHERE originator_id=? ORDER BY originator_version",
            (stream,),
        )
        return [tuple(row) for row in self.cursor.fetchall()]

    def at(self, position: int) -> bytes | None:
        """Return the payload of the fact at a position, or None."""
        self.cursor.execute(
            f"SELECT state FROM {self.events} WHERE rowid=?",  # noqa: S608
            (position,),
        )
        row = self.cursor.fetchone()
        return None if row is None else row[0]

    def positions(self, stream: str) -> list[int]:
        """Return the positions of a stream's facts, in order."""
        self.cursor.execute(
            f"SELECT rowid FROM {self.events} "  # noqa: S608
            "WHERE originator_id=? ORDER BY originator_version",
            (stream,),
        )
        return [row[0] for row in self.cursor.fetchall()]

    def streams(self, prefix: str) -> list[str]:
        """Return the streams whose names begin with ``prefix``, by code point."""
        self.cursor.execute(
            f"SELECT DISTINCT originator_id FROM {self.events} "  # noqa: S608
            "WHERE originator_id>=? AND originator_id<? ORDER BY originator_id",
            (prefix, f"{prefix}\U0010ffff"),
        )
        return [row[0] for row in self.cursor.fetchall()]

    def family(self, prefix: str) -> list[bytes]:
        """Return the payloads of such streams' facts, in the order of the log."""
        self.cursor.execute(
            f"SELECT state FROM {self.events} "  # noqa: S608
            "WHERE originator_id>=? AND originator_id<? ORDER BY rowid",
            (prefix, f"{prefix}\U0010ffff"),
        )
        return [row[0] for row in self.cursor.fetchall()]

    def root(self, position: int) -> str:
        """Return the root of the log up to a position that is recorded, in hex.

        :raises LogDamagedError: hashes are missing.
        """
        try:
            return root_at(position, self._read_hashes).hex()
        except ValueError as error:
            raise LogDamagedError(str(error)) from None

    def _head(self) -> tuple[int, str]:
        self.cursor.execute(
            f"SELECT rowid, recorded_at FROM {self.events} "  # noqa: S608
            "ORDER BY rowid DESC LIMIT 1"
        )
        head, last = self.cursor.fetchone() or (0, "")
        self.cursor.execute(
            "SELECT seq FROM sqlite_sequence WHERE name=?", (self.events,)
        )
        given = (self.cursor.fetchone() or (0,))[0]
        if given != head:
            raise LogEndError(head, given)
        return head, last

    def _read_hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        if level == 0:
            self.cursor.execute(
                f"SELECT leaf_hash FROM {self.events} "  # noqa: S608
                "WHERE rowid>? AND rowid<=? ORDER BY rowid",
                (start, stop),
            )
        else:
            self.cursor.execute(
                f"SELECT hash FROM {self.tiles} "  # noqa: S608
                "WHERE level=? AND place>=? AND place<? ORDER BY place",
                (level, start, stop),
            )
        return [row[0] for row in self.cursor.fetchall()]


def _text(originator_id: UUID | str) -> str:
    return originator_id if isinstance(originator_id, str) else originator_id.hex
