"""A file of doubtful origin is looked at from outside first, and read under limits."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ledger import guard, schema
from ledger.errors import NoLedgerError, NotAFileError, RunawayError, SealedError
from ledger.failures import translated
from tests.commandline import prepare, scr
from tests.watching import listed

RUNAWAY = (
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT max(x) FROM c"
)


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger with its read model.
    """
    made = str(prepare(tmp_path))
    assert scr("--ledger", made, "count").code == 0
    return made


def test_a_sealed_ledger_is_answered_as_before_and_nothing_is_written(path, tmp_path):
    """
    Nobody may write it: not the ledger, nor a read model beside it.
    """
    asked = ("--ledger", path, "count", "--json")
    before = scr(*asked)
    (tmp_path / "scr.db.readmodel").unlink()
    (tmp_path / "scr.db").chmod(0o444)
    kept = listed(tmp_path)

    assert scr(*asked) == before
    assert listed(tmp_path) == kept


def test_a_read_model_beside_a_sealed_ledger_is_not_used(path, tmp_path):
    """
    Whatever it counts: what came with evidence proves nothing.
    """
    asked = ("--ledger", path, "count", "--json")
    before = scr(*asked)
    with closing(sqlite3.connect(f"{path}.readmodel", isolation_level=None)) as held:
        held.execute("UPDATE totals SET log_total=log_total+1")
    assert scr(*asked).json["rows"] != before.json["rows"]

    (tmp_path / "scr.db").chmod(0o444)
    kept = listed(tmp_path)

    assert scr(*asked) == before
    assert listed(tmp_path) == kept


@pytest.mark.parametrize(
    "command",
    [
        ("file", "SCR-9", "--case-number", "C", "--office", "X", "--by", "x"),
        ("rebuild",),
        ("import", "scr.db"),
    ],
)
def test_nothing_is_recorded_in_a_sealed_ledger(path, tmp_path, command):
    """
    Also by an administrator, whom the system would let write it.
    """
    (tmp_path / "scr.db").chmod(0o444)
    kept = listed(tmp_path)

    told = scr("--ledger", path, *command)

    assert (told.code, "has no write permission" in told.err) == (6, True)
    assert listed(tmp_path) == kept
    with pytest.raises(SealedError):
        guard.refuse_sealed(path)


def test_a_ledger_that_may_be_written_is_not_sealed(path, tmp_path):
    """
    Whoever else may write it: then it can change, and locks are needed.
    """
    (tmp_path / "scr.db").chmod(0o464)
    assert not guard.is_sealed(path)
    assert "immutable" not in guard.uri(path)
    (tmp_path / "scr.db").chmod(0o444)
    assert guard.uri(path).endswith("?mode=ro&immutable=1")


def test_what_is_no_file_is_not_opened(tmp_path):
    """
    A folder is none, nor is a device that never ends; and nothing is nothing.
    """
    for one in (str(tmp_path), "/dev/zero"):
        with pytest.raises(NotAFileError):
            guard.connect(one)
    with pytest.raises(NoLedgerError):
        guard.connect(str(tmp_path / "gone"))


def test_a_statement_that_runs_away_is_ended(path, monkeypatch):
    """
    After a time that depends on the size of the file; with a line.
    """
    monkeypatch.setattr(guard, "SECONDS", 0.05)
    monkeypatch.setattr(guard, "SECONDS_PER_MEGABYTE", 0)
    connection = guard.connect(path)

    with closing(connection), pytest.raises(RunawayError), translated(path):
        connection.execute(RUNAWAY).fetchall()


def test_a_large_file_has_more_time():
    """
    A scan of ten million facts, some gigabytes, has most of an hour of the processor.
    """
    assert guard.Patience(2_000_000_000)._seconds > 1_800


def test_a_row_that_comes_back_starts_the_time_anew(path, monkeypatch):
    """
    A scan is not ended for how many rows it has.
    """
    monkeypatch.setattr(guard, "SECONDS", 0.2)
    monkeypatch.setattr(guard, "SECONDS_PER_MEGABYTE", 0)
    connection = guard.connect(path)
    patience = connection.patience
    assert not patience.over()
    while not patience.over():
        pass
    patience.begin()

    with closing(connection):
        assert not patience.over()


def test_another_file_cannot_be_attached(path):
    """
    Nor does a file say more than a ledger has: columns, depth, length.
    """
    connection = guard.connect(path)
    with closing(connection):
        for category, most in guard.LIMITS:
            assert connection.getlimit(category) == most
        with pytest.raises(sqlite3.OperationalError, match="too many attached"):
            connection.execute("ATTACH ':memory:' AS other")
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("CREATE TEMP TABLE t (x)")


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (("table", "sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)"), []),
        (("index", "sqlite_autoindex_tiles_1", None), []),
        (("table", "sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)"), []),
        (("trigger", "sqlite_x", "CREATE TRIGGER sqlite_x ..."), ["sqlite_x"]),
        (("view", "sqlite_stat1", "CREATE VIEW sqlite_stat1 AS ..."), ["sqlite_stat1"]),
        (("trigger", "tiles", "CREATE TRIGGER tiles ..."), ["tiles"]),
        (("table", "sqlite_x", "CREATE TABLE sqlite_x (y)"), ["sqlite_x"]),
    ],
)
def test_sqlites_own_objects_are_known_by_what_they_are(row, named):
    """
    Not by their names, which a file can give to anything.
    """
    ours = [
        (text.split()[1].lower(), name, text)
        for name, text in schema.expected().items()
    ]

    assert schema.differing([*ours, row], schema.expected()) == named
    assert schema.differing(ours[1:], schema.expected()) == [ours[0][1]]
