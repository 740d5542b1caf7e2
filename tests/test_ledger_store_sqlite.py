"""The event table: the library's contract, and what ours promises beyond it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from ledger import schema
from ledger.errors import LogDamagedError
from ledger.store.sqlite import AppendOnlyRecorder, Datastore
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash, root
from ledger.tlog.tiles import root_at


class TestLibraryContract(ApplicationRecorderTestCase):
    """The suite the library ships for every back end."""

    INITIAL_VERSION: ClassVar[int] = 1

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path) -> None:
        self.path = tmp_path / "scr.db"

    def new_originator_id(self) -> str:
        """Return a new stream's id; ours are text."""
        return uuid4().hex

    def create_recorder(self) -> AppendOnlyRecorder:
        """Return a recorder over an empty table."""
        recorder = AppendOnlyRecorder(Datastore(str(self.path)))
        recorder.create_table()
        return recorder


class Times:
    """A clock that says what it is told to."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    def __call__(self) -> datetime:
        """Return the next time."""
        return datetime.fromisoformat(self.texts.pop(0)).replace(tzinfo=UTC)


def stored(stream: str, version: int, state: bytes = b"{}") -> StoredEvent:
    """
    Return an event as the library hands it over.
    """
    return StoredEvent(stream, version, "scr.filed/1", state)


@pytest.fixture
def path(tmp_path) -> str:
    """
    Where the tests' ledger is.
    """
    return str(tmp_path / "scr.db")


def recorder(path: str, *times: str) -> AppendOnlyRecorder:
    """
    Return a recorder over a new table.
    """
    made = AppendOnlyRecorder(
        Datastore(path), clock=Times(*(times or ["2024-01-01"] * 50))
    )
    made.create_table()
    return made


def rows(path: str, query: str) -> list:
    """
    Read a file past the ledger.
    """
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_refused_append_takes_no_position(path):
    """
    Positions are gapless: what is refused is given no place.
    """
    log = recorder(path)
    log.insert_events([stored("scr/A", 1)])
    with pytest.raises(IntegrityError):
        log.insert_events([stored("scr/B", 1), stored("scr/A", 1)])

    assert log.insert_events([stored("scr/B", 1)]) == [2]


@pytest.mark.parametrize("refused", [0, 5, 19, 20, 39, 40, 41])
def test_many_facts_are_appended_together_or_not(path, refused):
    """
    Of more facts than one statement inserts none is recorded if one cannot be.
    """
    many = [stored(f"scr/{number}", 1) for number in range(42)]
    log = recorder(path)
    log.insert_events([stored("scr/A", 1)])
    with pytest.raises(IntegrityError):
        log.insert_events(
            [*many[:refused], stored("scr/A", 1), *many[refused:]],
        )

    assert rows(path, "SELECT count(*) FROM stored_events") == [(1,)]
    assert log.insert_events(many) == list(range(2, 44))
    assert rows(path, "SELECT originator_id FROM stored_events ORDER BY rowid") == [
        ("scr/A",),
        *((one.originator_id,) for one in many),
    ]


def test_the_clock_never_runs_back(path):
    """
    `recorded_at` is now, or the last fact's time where the clock went back.
    """
    log = recorder(path, "2024-01-02T00:00:00", "2023-01-01", "2024-01-03T00:00:00.5")
    for version in (1, 2, 3):
        log.insert_events([stored("scr/A", version)])

    assert rows(path, "SELECT recorded_at FROM stored_events ORDER BY rowid") == [
        ("2024-01-02T00:00:00.000000Z",),
        ("2024-01-02T00:00:00.000000Z",),
        ("2024-01-03T00:00:00.500000Z",),
    ]


def test_the_leaf_is_the_whole_fact(path):
    """
    The hash kept with a fact is that of all its columns and bytes.
    """
    recorder(path).insert_events([stored("scr/A", 1, b'{"a":1}')])
    ((leaf, recorded_at),) = rows(
        path, "SELECT leaf_hash, recorded_at FROM stored_events"
    )

    whole = entry(1, "scr/A", 1, "scr.filed/1", recorded_at, b'{"a":1}')
    assert leaf == leaf_hash(whole)


def test_tiles_give_the_root_of_the_leaves(path):
    """
    However facts arrive, the kept tiles give the RFC 6962 root at any position.
    """
    log = recorder(path)
    version = 0
    for size in (1, 254, 1, 1, 300, 55):
        batch = [stored("scr/A", version + n) for n in range(1, size + 1)]
        log.insert_events(batch)
        version += size
    leaves = [
        leaf
        for (leaf,) in rows(path, "SELECT leaf_hash FROM stored_events ORDER BY rowid")
    ]
    tiles = {
        (level, place): held for level, place, held in rows(path, "SELECT * FROM tiles")
    }

    def read(level: int, start: int, stop: int) -> list[bytes]:
        if level == 0:
            return leaves[start:stop]
        return [tiles[level, place] for place in range(start, stop)]

    for size in (0, 1, 255, 256, 257, 511, 512, 612):
        assert root_at(size, read) == root(leaves[:size])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET topic='x'",
        "DELETE FROM stored_events",
        "UPDATE tiles SET hash=x'00'",
        "DELETE FROM tiles",
    ],
)
def test_nothing_is_changed_or_removed(path, statement):
    """
    The tables refuse UPDATE and DELETE.
    """
    log = recorder(path)
    log.insert_events([stored("scr/A", n) for n in range(1, 300)])

    with (
        pytest.raises(IntegrityError, match="append-only"),
        log.datastore.transaction(commit=True) as cursor,
    ):
        cursor.execute(statement)


def test_columns_hold_what_they_are_made_for(path):
    """
    The table is STRICT: text does not stand where bytes belong.
    """
    log = recorder(path)

    with (
        pytest.raises(IntegrityError, match="cannot store TEXT"),
        log.datastore.transaction(commit=True) as cursor,
    ):
        cursor.execute(
            "INSERT INTO stored_events VALUES (1,'a',1,'t','text','r',x'00')"
        )


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("synchronous", 3), ("journal_mode", "delete"), ("trusted_schema", 0)],
)
def test_what_durability_rests_on_is_set(path, pragma, value):
    """
    Full syncs and a rollback journal are set on the connection, not hoped for.
    """
    log = recorder(path)

    with log.datastore.transaction(commit=False) as cursor:
        cursor.execute(f"PRAGMA {pragma}")
        assert cursor.fetchone()[0] == value


def test_a_removed_tail_is_noticed_by_the_next_append(path):
    """
    A position that was given out is not given again to another fact.
    """
    log = recorder(path)
    log.insert_events([stored("scr/A", 1), stored("scr/A", 2)])
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER stored_events_no_delete")
    connection.execute("DELETE FROM stored_events WHERE rowid=2")
    connection.commit()
    connection.close()

    with pytest.raises(LogDamagedError, match="position 2 was given out"):
        log.insert_events([stored("scr/A", 2)])


def test_a_rehearsal_leaves_nothing(path):
    """
    An append that is not to be kept is rolled back whole.
    """
    log = recorder(path)
    with log.appending(keep=False) as appending:
        appending.put([stored("scr/A", 1)])

    assert log.max_notification_id() is None
    assert log.insert_events([stored("scr/A", 1)]) == [1]


def test_the_tables_are_those_the_schema_says(path):
    """
    What a new file holds is, word for word, what the checker compares with.
    """
    recorder(path)
    found = dict(
        rows(path, "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'")
    )

    assert found == schema.expected()
