"""Opening a ledger that somebody hands over: nothing in it is trusted or run."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from cli.main import run
from ledger import guard, reader
from ledger.errors import (
    BeyondHeadError,
    InterruptedWriteError,
    LockedError,
    LogDamagedError,
    NoLedgerError,
    NotALedgerError,
    SchemaChangedError,
    StoreError,
)
from ledger.reader import open_log
from ledger.tlog.merkle import root
from tests import ledgers

LINE = {
    "scr": "S-1",
    "event": "filed",
    "effective_on": "2019-03-04",
    "known_at": "2019-03-05T00:00:00Z",
    "by": "agent-1",
    "case_number": "C-1",
    "office": "SAC X",
}


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger with one SCR.
    """
    made = ledgers.make(tmp_path / "scr.db")
    ledgers.load(made, json.dumps(LINE) + "\n")
    return made


def change(path: str, *statements: str) -> None:
    """
    Change a file past the ledger.
    """
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def opened(path: str) -> None:
    """
    Open and close a ledger.
    """
    with open_log(path) as log:
        assert log.identity.name


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, NoLedgerError),
        (b"", NotALedgerError),
        (b"%PDF-1.7 not a ledger" * 100, NotALedgerError),
    ],
)
def test_what_is_no_ledger(tmp_path, content, error):
    """
    A missing file and another kind of file are told apart.
    """
    path = tmp_path / "scr.db"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(error):
        opened(str(path))


def test_another_database_is_no_ledger(tmp_path):
    """
    A SQLite file of somebody else's is not a damaged ledger, but none.
    """
    change(str(tmp_path / "x.db"), "CREATE TABLE t (a)")

    with pytest.raises(NotALedgerError):
        opened(str(tmp_path / "x.db"))
    with pytest.raises(StoreError):
        opened(str(tmp_path))


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE extra (a)"],
        ["CREATE VIEW v AS SELECT 1"],
        ["DROP TRIGGER stored_events_no_update"],
        ["CREATE INDEX i ON stored_events (topic)"],
        [
            "DROP TRIGGER stored_events_no_update",
            "CREATE TRIGGER stored_events_no_update AFTER INSERT ON stored_events"
            " BEGIN SELECT 1; END",
        ],
        ["ALTER TABLE stored_events ADD COLUMN more TEXT"],
        [
            "ALTER TABLE stored_events RENAME TO held",
            "CREATE VIEW stored_events AS WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i FROM n) SELECT i AS rowid FROM n",
        ],
    ],
)
@pytest.mark.parametrize("command", ["count", "log", "export", "verify", "doctor"])
def test_changed_tables_are_refused_before_they_are_read(path, statements, command):
    """
    Views, triggers and tables that `init` did not make are never asked anything.
    """
    change(path, *statements)

    with pytest.raises(SchemaChangedError):
        opened(path)
    expected = 0 if command == "doctor" else 4
    assert run(["--ledger", path, command]) == expected


PLANTED = """
import sys
sys.path.insert(0, {folder!r})
events = []
def hook(event, arguments):
    if event == "import" and "planted" in str(arguments[0]):
        events.append(arguments[0])
    if event in ("os.system", "subprocess.Popen", "socket.connect", "os.remove"):
        if not str(arguments).count("readmodel"):
            events.append(event)
sys.addaudithook(hook)
from cli.main import run
for command in (["count"], ["log"], ["show", "S-1"], ["export"], ["verify"],
                ["rebuild"], ["import", {file!r}]):
    run(["--ledger", {path!r}, *command])
print(events, "planted" in sys.modules)
"""


@pytest.mark.parametrize("topic", ["planted:Thing", "os:system", "scr.filed/9", ""])
def test_a_stored_topic_imports_nothing(path, tmp_path, topic):
    """
    Whatever module a row names, no command imports it, starts or connects to anything.
    """
    (tmp_path / "planted.py").write_text("print('RAN')\nclass Thing: pass\n")
    (tmp_path / "more.jsonl").write_text(json.dumps({**LINE, "scr": "S-2"}) + "\n")
    connection = sqlite3.connect(path)
    text = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE name='stored_events_no_update'"
    ).fetchone()[0]
    connection.execute("DROP TRIGGER stored_events_no_update")
    connection.execute("UPDATE stored_events SET topic=? WHERE rowid=2", (topic,))
    connection.execute(text)
    connection.commit()
    connection.close()
    code = PLANTED.format(
        folder=str(tmp_path), path=path, file=str(tmp_path / "more.jsonl")
    )

    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )

    assert ran.stdout.splitlines()[-1] == "[] False"
    assert "RAN" not in ran.stdout
    assert "Traceback" not in ran.stderr


def test_a_locked_ledger_says_so(path, monkeypatch):
    """
    After waiting for a writer that goes on and on, one line says what is the matter.
    """
    monkeypatch.setattr(guard, "LOCK_TIMEOUT_SECONDS", 0.1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(LockedError, match="locked"):
        opened(path)

    holder.rollback()
    holder.close()
    opened(path)


def test_an_interrupted_write_needs_somebody_who_may_write(path, tmp_path, monkeypatch):
    """
    What a dead writer left is rolled back; where that is not possible, it is said.
    """
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA cache_size=1")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DROP TRIGGER tiles_no_delete")
    for number in range(200):
        writer.execute("INSERT INTO tiles VALUES (9, ?, zeroblob(2000))", (number,))
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    shutil.copy(f"{path}-journal", f"{copy}-journal")
    writer.rollback()
    writer.close()

    def refuse(path: str) -> None:
        raise InterruptedWriteError(path)

    with monkeypatch.context() as patched:
        patched.setattr(reader, "_roll_back_interrupted_write", refuse)
        with pytest.raises(InterruptedWriteError):
            opened(str(copy))
    opened(str(copy))
    assert not Path(f"{copy}-journal").exists()
    with open_log(str(copy)) as log:
        assert log.head == 3


def test_the_root_is_that_of_the_leaves(path):
    """
    At every position, from tiles and leaves as kept, to the empty ledger.
    """
    connection = sqlite3.connect(path)
    leaves = [
        row[0] for row in connection.execute("SELECT leaf_hash FROM stored_events")
    ]
    connection.close()

    with open_log(path) as log:
        roots = [log.root(position) for position in range(4)]
        with pytest.raises(BeyondHeadError):
            log.root(4)

    assert roots == [root(leaves[:size]) for size in range(4)]


def test_a_ledger_without_identity_is_damaged(path):
    """
    Position 1 says which ledger this is; without it nothing is answered.
    """
    connection = sqlite3.connect(path)
    text = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE name='stored_events_no_update'"
    ).fetchone()[0]
    connection.execute("DROP TRIGGER stored_events_no_update")
    connection.execute("UPDATE stored_events SET state=x'7b7d' WHERE rowid=1")
    connection.execute(text)
    connection.commit()
    connection.close()

    with pytest.raises(LogDamagedError, match="identity"), open_log(path) as log:
        assert log.identity
    assert run(["--ledger", path, "count"]) == 4
