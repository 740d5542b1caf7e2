"""Backups: of a ledger in use, verified before they get a name; and the way back."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from ledger import backup, fsck, placing
from ledger.errors import (
    KeptBesideError,
    LedgerError,
    LedgerExistsError,
    LeftBesideError,
    LogEndError,
    NoBackupError,
    NotALedgerError,
    NotVerifiedError,
    StoreError,
)
from ledger.reader import open_log
from tests import acts, ledgers
from tests.commandline import HISTORY, filed


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of a few SCRs.
    """
    made = ledgers.make(tmp_path / "scr.db")
    ledgers.load(made, HISTORY)
    return made


def rows(path: str) -> list:
    """
    Return every fact of a ledger, as it is kept.
    """
    with open_log(path) as log:
        return list(log.rows(0, log.head))


def beside(path: str) -> set[str]:
    """
    Return the names in the folder of a file.
    """
    return {one.name for one in Path(path).parent.iterdir()}


def edit(path: str, change: str) -> None:
    """
    Change a fact behind the ledger's back, triggers and all.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        texts = db.execute("SELECT name, sql FROM sqlite_schema WHERE type='trigger'")
        triggers = texts.fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute(change)
        for _, text in triggers:
            db.execute(text)


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm", ".readmodel"])
def test_no_backup_where_the_next_command_would_remove_it(path, ending):
    """
    SQLite and the read model keep files of these names beside a ledger.
    """
    before = beside(path)

    with pytest.raises(KeptBesideError, match="name another file"):
        backup.back_up(path, f"{path}{ending}")

    assert beside(path) == before


DAMAGE = (
    "UPDATE stored_events SET state=CAST(replace(state, 'Houston', 'Dallas') AS BLOB)"
    " WHERE rowid=2"
)


def test_there_and_back(path, tmp_path):
    """
    A ledger made from its backup has the same facts, and takes new ones.
    """
    Path(path).chmod(0o640)
    made = backup.back_up(path, str(tmp_path / "copy.db"))
    back = backup.restore(str(tmp_path / "copy.db"), str(tmp_path / "back.db"))

    assert made == back
    assert rows(path) == rows(str(tmp_path / "back.db"))
    assert (made.head, made.identity.name) == (19, "test")
    assert beside(path) == {"scr.db", "copy.db", "back.db"}
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o640
    assert ledgers.load(str(tmp_path / "back.db"), filed("NEW")).head == 21


def test_of_a_ledger_in_use(tmp_path):
    """
    While a story goes on, each backup is the ledger as it was after one of its acts.
    """
    with acts.fixed(), ledgers.folder() as folder:
        known, story = acts.reference(16), acts.story(16)
        acts.written(folder, 16)
        path = str(folder / "scr.db")
        assert acts.perform(story[0], path).code == 0
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            try:
                for act in story[1:]:
                    acts.perform(act, path)
            finally:
                os._exit(0)
        heads, ended = [], 0
        while not ended:
            ended, _ = os.waitpid(child, os.WNOHANG)
            made = backup.back_up(path, str(tmp_path / f"{len(heads)}.db"))
            heads.append(made.head)
            assert made.head in known.heads
            assert made.root == known.roots[made.head]
    assert heads[-1] == known.heads[-1]
    assert len(set(heads)) > 1


def test_what_has_a_name_is_never_written_over(path, tmp_path):
    """
    Neither a backup nor a ledger, nor anything else.
    """
    other = tmp_path / "other"
    other.write_text("mine")
    for refused in (
        lambda: backup.back_up(path, str(other)),
        lambda: backup.restore(path, str(other)),
        lambda: backup.restore(path, path),
    ):
        with pytest.raises(LedgerExistsError, match="never writes over a file"):
            refused()
    assert other.read_text() == "mine"


def test_nor_what_gets_its_name_meanwhile(path, tmp_path, monkeypatch):
    """
    Somebody makes a file of that name while the copy is checked.
    """
    check = fsck.check

    def meanwhile(draft, tell):
        (tmp_path / "copy.db").write_text("mine")
        return check(draft, tell)

    monkeypatch.setattr(fsck, "check", meanwhile)
    with pytest.raises(LedgerExistsError):
        backup.back_up(path, str(tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").read_text() == "mine"
    assert beside(path) == {"scr.db", "copy.db"}


SPOILED = {
    "a fact": (lambda file: edit(file, DAMAGE), NotVerifiedError),
    "the end": (
        lambda file: edit(file, "DELETE FROM stored_events WHERE rowid>15"),
        LogEndError,
    ),
    "a tile": (
        lambda file: edit(file, "INSERT INTO tiles VALUES (1,0,x'00')"),
        NotVerifiedError,
    ),
    "cut short": (lambda file: os.truncate(file, 9_000), Exception),
    "text": (lambda file: Path(file).write_text("no ledger" * 99), NotALedgerError),
    "empty": (lambda file: os.truncate(file, 0), NotALedgerError),
}


@pytest.mark.parametrize("what", SPOILED)
def test_what_does_not_verify_is_neither_backed_up_nor_restored(path, tmp_path, what):
    """
    Nothing gets a name, and nothing is left.
    """
    spoil, error = SPOILED[what]
    spoil(path)
    held = Path(path).read_bytes()

    for act in (backup.back_up, backup.restore):
        with pytest.raises(error):
            act(path, str(tmp_path / "new.db"))
    assert beside(path) == {"scr.db"}
    assert Path(path).read_bytes() == held


def test_unverified_it_would_be_restored(path, tmp_path, monkeypatch):
    """
    The edited fact opens and counts like any other: only the checker is in its way.
    """
    edit(path, DAMAGE)
    blind = SimpleNamespace(findings=(), head=19, root="")
    monkeypatch.setattr(fsck, "check", lambda *_: blind)

    backup.restore(path, str(tmp_path / "new.db"))

    assert b"Dallas" in rows(str(tmp_path / "new.db"))[1].payload


def test_a_backup_there_is_none_of(tmp_path):
    """
    A missing file and a folder are no backups.
    """
    for name in ("none.db", "."):
        with pytest.raises(NoBackupError):
            backup.restore(str(tmp_path / name), str(tmp_path / "new.db"))


def test_a_folder_there_is_none_of(path, tmp_path):
    """
    It is not made.
    """
    with pytest.raises(StoreError, match="there is no folder"):
        backup.back_up(path, str(tmp_path / "none" / "copy.db"))


def _hot_journal(folder: Path) -> bytes:
    """
    Return what a ledger's journal holds when a write to it is cut off.
    """
    path = ledgers.make(folder / "gone.db")
    child = os.fork()
    if child == 0:  # pragma: no cover - it dies
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA cache_size=1")
        db.execute("BEGIN")
        db.execute("CREATE TABLE t AS SELECT randomblob(90000) AS a")
        db.execute("INSERT INTO t SELECT randomblob(90000)")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    return Path(f"{path}-journal").read_bytes()


def _readable(path: str) -> list | None:
    try:
        return rows(path)
    except LedgerError:
        return None


def test_the_journal_of_a_ledger_that_is_gone(path, tmp_path, monkeypatch):
    """
    It would be rolled back into whatever gets its name, so nothing does.
    """
    (tmp_path / "elsewhere").mkdir()
    left = tmp_path / "new.db-journal"
    left.write_bytes(_hot_journal(tmp_path / "elsewhere"))
    new = tmp_path / "new.db"

    with pytest.raises(LeftBesideError, match=r"new\.db-journal was left by a"):
        backup.restore(path, str(new))
    with pytest.raises(LeftBesideError):
        ledgers.make(new)
    assert not new.exists()

    monkeypatch.setattr(placing, "_SQLITES", ())
    backup.restore(path, str(new))
    assert _readable(str(new)) != rows(path)


def test_a_write_that_was_cut_off_is_no_part_of_it(path, tmp_path):
    """
    A ledger whose writer was killed is backed up as it was before.
    """
    before = rows(path)
    child = os.fork()
    if child == 0:  # pragma: no cover - it dies
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA cache_size=1")
        db.execute("BEGIN")
        insert = "INSERT INTO stored_events VALUES (?,'a',?,'t',?,'r',x'')"
        for number in range(20, 90):
            db.execute(insert, (number, number, b"x" * 900))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert Path(f"{path}-journal").exists()

    backup.back_up(path, str(tmp_path / "copy.db"))

    assert rows(str(tmp_path / "copy.db")) == before


def test_time_does_not_matter_to_a_backup(path, tmp_path):
    """
    Two backups of the same log are the same bytes.
    """
    for name in ("one.db", "two.db"):
        backup.back_up(path, str(tmp_path / name))
        time.sleep(0.01)

    assert (tmp_path / "one.db").read_bytes() == (tmp_path / "two.db").read_bytes()
