"""What a user has seen of a ledger: kept outside it, forward only, and compared."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import pytest

from ledger import app, seen
from ledger.domain.fiscal import format_instant
from ledger.errors import (
    ForkedError,
    NothingGoneError,
    RolledBackError,
    SwappedError,
    UnseenError,
)
from ledger.reader import open_log
from ledger.seen import Now
from tests import ledgers
from tests.commandline import filed
from tests.keys import ONE, issue, put_key
from tests.people import opened

ID = "5c4e2a70-0000-4000-8000-000000000001"


def now(head: int, *, history: str = "a", path: str = "/l/scr.db", ledger_id: str = ID):
    """
    Return a ledger of some length, whose roots tell its history from another one.
    """
    return Now(path, ledger_id, head, lambda n: f"{ord(history):02x}{n:062x}")


def words(of: Now) -> list[str]:
    """
    Return what a ledger is beside what was seen of it.
    """
    return [one.word for one in seen.disagreements(of)]


def test_a_ledger_that_nobody_has_seen_is_fine():
    """
    There is nothing to compare it with.
    """
    assert words(now(5)) == []
    assert not seen.folder().exists()


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (now(5), []),
        (now(9), []),
        (now(4), ["rolled back"]),
        (now(0), ["rolled back"]),
        (now(5, history="b"), ["forked"]),
        (now(9, history="b"), ["forked"]),
        (now(4, history="b"), ["rolled back"]),
        (now(4, path="/l/copy.db"), ["rolled back"]),
        (now(9, path="/l/copy.db"), []),
        (now(9, ledger_id="other"), ["swapped"]),
        (now(9, ledger_id="other", path="/l/copy.db"), []),
    ],
)
def test_a_ledger_that_was_seen_is_compared(other, expected):
    """
    Shorter than it was, with another history, or another ledger at its path.
    """
    seen.remember(now(5), "2026-01-05T14:03:00Z")
    seen.settle("/l/scr.db", ID)

    assert words(other) == expected


def test_a_swapped_ledger_may_be_rolled_back_as_well():
    """
    Both are said, of each what was seen.
    """
    seen.remember(now(5), "t")
    seen.settle("/l/scr.db", ID)
    seen.remember(now(7, ledger_id="other", path="/l/o.db"), "t")

    assert words(now(6, ledger_id="other")) == ["swapped", "rolled back"]


def test_it_says_what_was_seen_and_what_to_do():
    """
    One sentence: which of the three, since when, and how to go on.
    """
    seen.remember(now(5), "2026-01-05T14:03:00Z")
    seen.settle("/l/scr.db", ID)

    with pytest.raises(RolledBackError) as rolled:
        seen.compare(now(4))
    assert str(rolled.value) == (
        "/l/scr.db is rolled back: it ends at @4, and you have seen it at @5, recorded"
        " 2026-01-05T14:03:00Z; put the newer file back; if it was put there on"
        " purpose, `scr checkpoint admit` records that"
    )
    with pytest.raises(ForkedError, match="is forked: at @5, recorded 2026-01-05"):
        seen.compare(now(9, history="b"))
    with pytest.raises(SwappedError, match=f"is swapped: .* other.* ledger {ID} there"):
        seen.compare(now(9, ledger_id="other"))


def test_it_only_moves_forward():
    """
    Whoever comes late with an earlier state changes nothing.
    """
    seen.remember(now(5), "t", "a checkpoint\n")
    seen.remember(now(3), "u", "an older one\n")
    held = seen.of_ledger(ID)

    assert (held.position, held.at, held.checkpoint) == (5, "t", "a checkpoint\n")
    seen.remember(now(8), "v")
    held = seen.of_ledger(ID)
    assert (held.position, held.checkpoint) == (8, "a checkpoint\n")


def test_what_was_admitted_is_seen_anew():
    """
    It may be earlier then.
    """
    seen.remember(now(5), "t", "a checkpoint\n")
    seen.remember(now(3, history="b"), "u", anew=True)

    assert words(now(3, history="b")) == []
    assert seen.of_ledger(ID).checkpoint is None


def _write(positions: list[int]) -> None:
    for position in positions:
        seen.remember(now(position), str(position))


def test_two_who_write_at_once_never_move_it_back():
    """
    Two processes and two threads, each in an order of its own: the last one stays.
    """
    orders = [list(range(n, 200, 2)) for n in range(2)]
    context = get_context("fork")
    running = [context.Process(target=_write, args=[order]) for order in orders]
    for one in running:
        one.start()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_write, orders))
    for one in running:
        one.join()
        assert one.exitcode == 0

    held = seen.of_ledger(ID)
    assert (held.position, held.root) == (199, now(0).root(199))
    assert [path.name for path in seen.folder().rglob("*.part")] == []


def test_it_is_the_users_own():
    """
    Nobody else needs to see which ledgers there are.
    """
    seen.remember(now(5), "t")

    for folder in (seen.folder(), seen.folder() / "ledgers"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_where_it_is_kept(monkeypatch, tmp_path):
    """
    In XDG_STATE_HOME if that is absolute, else in ~/.local/state.
    """
    assert seen.folder() == Path(os.environ["XDG_STATE_HOME"]) / "scr-ledger"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert seen.folder() == tmp_path / ".local" / "state" / "scr-ledger"


@pytest.mark.parametrize(
    "ledger_id", ["../../x", "/etc/passwd", ".", "..", "", "\ud800"]
)
def test_no_ledger_chooses_a_file_elsewhere(ledger_id):
    """
    The id of a ledger that somebody handed over names a file inside the folder.
    """
    of = now(5, ledger_id=ledger_id)
    seen.remember(of, "t")

    assert words(of._replace(head=4)) == ["rolled back"]
    kept = seen.folder().rglob("*.jsonl")
    assert [path.parent.name for path in kept] == ["ledgers"]


SOUND = {"position": 5, "root": "0" * 64, "at": "t", "checkpoint": None, "paths": {}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        *(
            json.dumps({**SOUND, **wrong}).encode()
            for wrong in (
                {"position": "5"},
                {"position": True},
                {"position": -5},
                {"position": 10**30},
                {"paths": {"/l": -1}},
                {"root": 5},
                {"root": "0"},
                {"at": None},
                {"checkpoint": 5},
                {"paths": []},
                {"paths": {"/l": "5"}},
            )
        ),
        json.dumps({"position": 5}).encode(),
    ],
)
def test_what_cannot_be_read_is_said_and_written_anew(content):
    """
    It is no reason not to record; whoever asks is told that nothing was compared.
    """
    seen.remember(now(5), "t")
    (kept,) = seen.folder().rglob("*.jsonl")
    kept.write_bytes(content)  # Nothing whole is left.

    with pytest.raises(UnseenError, match="rolled back will not be noticed"):
        seen.disagreements(now(4))
    seen.remember(now(6), "t")
    assert words(now(5)) == ["rolled back"]


def test_a_line_that_is_cut_off_leaves_the_one_before():
    """
    Wherever the power went: an earlier state is no false alarm, and the next write is
    read again.
    """
    seen.remember(now(5), "t")
    (kept,) = seen.folder().rglob("*.jsonl")
    before = kept.read_bytes()
    seen.remember(now(6), "t")
    whole = kept.read_bytes()

    for length in range(len(before), len(whole)):
        kept.write_bytes(whole[:length])
        found = seen.of_ledger(ID).position
        assert found == (6 if length == len(whole) - 1 else 5)
        seen.remember(now(7), "t")
        assert seen.of_ledger(ID).position == 7


def test_it_does_not_grow_for_ever():
    """
    Of a long file the last line is kept, and of many paths the last ones.
    """
    for number in range(400):
        seen.remember(now(number, path=f"/l/{number}.db"), "t")
    (kept,) = seen.folder().rglob("*.jsonl")

    assert kept.stat().st_size < 100_000
    held = seen.of_ledger(ID)
    assert (held.position, list(held.paths)[-1], len(held.paths)) == (
        399,
        "/l/399.db",
        100,
    )


# --- as everybody writes ----------------------------------------------------------


def head(path: str) -> int:
    """
    Return the last position of a ledger.
    """
    with open_log(path) as log:
        return log.head


@pytest.fixture
def path():
    """
    A ledger of two imports, beside a copy of how it was before the second.
    """
    with ledgers.folder() as folder:
        found = ledgers.make(folder / "scr.db")
        ledgers.load(found, filed("S-1"))
        shutil.copy(found, folder / "older.db")
        ledgers.load(found, filed("S-2"))
        yield found


def put_back(path: str) -> str:
    """
    Put the older copy in the place of the ledger; return its path.
    """
    shutil.copy(Path(path).with_name("older.db"), path)
    return path


def test_every_write_is_remembered(path):
    """
    The head and its root, and how far it went at this path.
    """
    held = seen.of_ledger(_id(path))

    with open_log(path) as log:
        assert (held.position, held.root) == (5, log.root(5).hex())
        recorded = datetime.fromisoformat(log.at([5])[0].recorded_at)
        assert held.at == format_instant(recorded)
    assert held.paths == {path: 5}
    assert seen.at_path(path) == _id(path)


def _id(path: str) -> str:
    with open_log(path) as log:
        return log.identity.ledger_id


def test_a_rehearsal_is_not_remembered(path):
    """
    What is not recorded nobody has seen.
    """
    with opened(path) as ledger:
        ledger.put_key(ONE, by="b", dry_run=True)

    assert seen.of_ledger(_id(path)).position == 5


def test_a_checkpoint_is_remembered_as_it_was_signed(path):
    """
    The last one stays, when others are recorded after it.
    """
    put_key(path, ONE)
    covered = issue(path, ONE)
    ledgers.load(path, filed("S-3"))

    held = seen.of_ledger(_id(path))
    assert (held.position, held.checkpoint) == (9, covered.note)


def test_it_is_compared_while_the_lock_is_held(path, monkeypatch):
    """
    What is put in its place after it was opened, and before the write, is refused.
    """
    ledger, _ = app.open_ledger(path)
    compared = []
    real = seen.compare

    def compare(of):
        compared.append(of.head)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            _write_now(path)
        real(of)

    monkeypatch.setattr(seen, "compare", compare)
    try:
        ledger.put_key(ONE, by="b")
    finally:
        ledger.close()
    assert compared == [5]


def _write_now(path: str) -> None:
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")


def test_an_older_copy_takes_no_more_facts(path):
    """
    Nothing is recorded in it, so that it stays what it is.
    """
    put_back(path)
    before = Path(path).read_bytes()

    with pytest.raises(RolledBackError):
        ledgers.load(path, filed("S-3"))
    assert Path(path).read_bytes() == before


def test_other_facts_on_an_older_copy_are_a_fork(path, monkeypatch):
    """
    Written by somebody who has not seen the ledger; as long, or longer.
    """
    put_back(path)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", f"{path}-elsewhere")
        ledgers.load(path, filed("S-3"))
        ledgers.load(path, filed("S-4"))

    with pytest.raises(ForkedError, match="at @5"):
        ledgers.load(path, filed("S-5"))
    assert head(path) == 7


def test_another_ledger_at_its_path_is_refused(path, tmp_path):
    """
    Also one that was never seen; where it comes from it stays what it is.
    """
    other = ledgers.make(tmp_path / "other.db")
    shutil.copy(other, path)

    with pytest.raises(SwappedError):
        ledgers.load(path, filed("S-3"))
    ledgers.load(other, filed("S-3"))


def test_a_new_ledger_at_a_path_is_the_one_there(path):
    """
    Whoever makes one has not been handed it.
    """
    Path(path).unlink()
    ledgers.make(Path(path))

    ledgers.load(path, filed("S-3"))
    assert head(path) == 3


def admit(path: str, **said):
    """
    Admit that a ledger was put back.
    """
    with opened(path) as ledger:
        return ledger.admit(reason="the disk failed", by="chief", **said)


def test_a_deliberate_restore_is_admitted(path):
    """
    What is gone is recorded, and from then on it is the ledger that was seen.
    """
    with open_log(path) as log:
        gone = (5, log.root(5).hex(), None)
    put_back(path)
    (admitted,) = admit(path)

    assert admitted[1:] == (*gone, False)
    assert admitted.position == 4
    assert seen.of_ledger(_id(path)).position == 4
    ledgers.load(path, filed("S-3"))
    assert head(path) == 6


def test_what_another_one_has_admitted_is_not_recorded_again(path, monkeypatch):
    """
    A second user who had seen the same takes note of it; it is never done unasked,
    for whoever puts an older copy back can write that into it as well.
    """
    put_back(path)
    mine = os.environ["XDG_STATE_HOME"]
    shutil.copytree(mine, f"{mine}-second")
    admit(path)
    monkeypatch.setenv("XDG_STATE_HOME", f"{mine}-second")

    with pytest.raises(RolledBackError):
        ledgers.load(path, filed("S-3"))
    (admitted,) = admit(path)
    assert (admitted.position, admitted.already, head(path)) == (4, True, 4)
    ledgers.load(path, filed("S-3"))


def test_a_swap_is_admitted_by_name(path, tmp_path):
    """
    The ledger that was there, and how far it went.
    """
    was = _id(path)
    other = ledgers.make(tmp_path / "other.db")
    shutil.copy(other, path)
    (admitted,) = admit(path)

    assert (admitted.seen_ledger, admitted.seen_position) == (was, 5)
    assert seen.at_path(path) == _id(other)
    ledgers.load(path, filed("S-3"))


def test_there_is_nothing_to_admit_where_nothing_is_gone(path):
    """
    Nor does a rehearsal see anything anew.
    """
    with pytest.raises(NothingGoneError):
        admit(path)
    put_back(path)
    admit(path, dry_run=True)
    assert head(path) == 3
    with pytest.raises(RolledBackError):
        ledgers.load(path, filed("S-3"))


def test_without_a_place_to_keep_it_a_ledger_works(path, monkeypatch, tmp_path):
    """
    It is a warning, and everything is recorded.
    """
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    warned = []
    ledger, _ = app.open_ledger(path, warn=warned.append)
    try:
        ledger.put_key(ONE, by="b")
    finally:
        ledger.close()

    assert head(path) == 6
    assert {"cannot keep what you have seen" in one for one in warned} == {True}
