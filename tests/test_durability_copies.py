"""Copies made the wrong way: each is the ledger as it was after an act, or is refused.

What a story does to its files is recorded once (tests/shim.c). So a copy can be made of
any moment of it, also one that takes its time and finds the ledger's pages at one
moment after another. `./dev soak` makes SCR_SOAK_COPIES of them.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from ledger import fsck, reader
from ledger.errors import LedgerError
from ledger.reader import open_log
from tests import acts, ledgers, power
from tests.soak import figure
from tests.test_durability_power import recorded

COPIES = int(os.environ.get("SCR_SOAK_COPIES", "80"))
SEED = int(os.environ.get("SCR_SOAK_SEED", "7"))
SCRS = 8
PAGE = 4096
THIRD = "neither the ledger after an act nor refused"


@pytest.fixture(scope="module", autouse=True)
def _fixed():
    with acts.fixed():
        yield


def outcome(path: str, known: acts.Reference) -> str:
    """
    Say whether a copy is right, is refused when opened or by the checker, or neither.
    """
    try:
        with open_log(path) as log:
            head, rows = log.head, tuple(log.rows(0, log.head))
        findings = fsck.check(path, lambda _: None).findings
    except LedgerError:
        return "not opened"
    said = acts.asked(path)
    if said not in known.answers.values() and not said.startswith("scr: "):
        return "another figure"
    if findings:
        return "does not verify"
    return "right" if head in known.heads and rows == known.rows[:head] else "third"


# --- copies of a ledger at rest -------------------------------------------------------


def by_copy(path: str, target: str) -> None:
    """
    As with `cp`.
    """
    shutil.copy(path, target)


def by_dump(path: str, target: str) -> None:
    """
    As with `sqlite3 scr.db .dump | sqlite3 copy.db`.
    """
    with closing(sqlite3.connect(path)) as held, closing(sqlite3.connect(target)) as to:
        to.executescript("\n".join(held.iterdump()))


def by_vacuum(path: str, target: str) -> None:
    """
    Copied, then made compact in place.
    """
    shutil.copy(path, target)
    with closing(sqlite3.connect(target)) as made:
        made.execute("VACUUM")


def by_vacuum_into(path: str, target: str) -> None:
    """
    As with `VACUUM INTO`.
    """
    with closing(sqlite3.connect(path)) as held:
        held.execute("VACUUM INTO ?", (target,))


def by_backup(path: str, target: str) -> None:
    """
    As with `.backup`.
    """
    with closing(sqlite3.connect(path)) as held, closing(sqlite3.connect(target)) as to:
        held.backup(to)


def by_wal(path: str, target: str) -> None:
    """
    Copied, then turned to write-ahead logging and back by another program.
    """
    shutil.copy(path, target)
    with closing(sqlite3.connect(target)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("PRAGMA journal_mode=DELETE")


WAYS = {
    by_copy: "right",
    by_dump: "does not verify",  # The mark of a ledger file is not in a dump.
    by_vacuum: "right",
    by_vacuum_into: "right",
    by_backup: "right",
    by_wal: "right",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_copy_of_a_ledger_at_rest(tmp_path, way):
    """
    It has the root and the figures of the ledger, or does not verify.
    """
    known = acts.reference(SCRS)
    acts.written(tmp_path, SCRS)
    path, target = str(tmp_path / "scr.db"), str(tmp_path / "copy.db")
    for act in acts.story(SCRS):
        assert acts.perform(act, path).code == 0
    way(path, target)

    assert outcome(target, known) == WAYS[way]
    assert acts.asked(target).replace("copy.db", "scr.db") == acts.asked(path)


# --- copies of a ledger in use --------------------------------------------------------


def moments(ops) -> list[dict[str, bytes]]:
    """
    Return the ledger and its journal after each thing that was done to them.
    """
    disk, found, names = power.Disk("/f"), [], ("/f/scr.db", "/f/scr.db-journal")
    for op in ops:
        disk.hears(op)
        if op.path in names and "/f/scr.db" in disk.names:
            there = [name for name in names if name in disk.names]
            found.append({Path(one).name: disk.names[one].whole() for one in there})
    return found


def slowly(held: list[dict[str, bytes]], random: Random) -> dict[str, bytes]:
    """
    Return a copy that found each page at a later moment than the one before.
    """
    start = random.randrange(len(held))
    window = held[start : start + random.randint(1, 400)]
    size = len(window[0]["scr.db"])
    at = sorted(random.randrange(len(window)) for _ in range(0, size, PAGE))
    pages = [
        window[when]["scr.db"][place * PAGE : (place + 1) * PAGE]
        for place, when in enumerate(at)
    ]
    return {"scr.db": b"".join(pages)}


def without_journal(held: list[dict[str, bytes]], random: Random) -> dict[str, bytes]:
    """
    Return a copy of one moment without its journal.
    """
    return {"scr.db": random.choice(held)["scr.db"]}


def with_journal(held: list[dict[str, bytes]], random: Random) -> dict[str, bytes]:
    """
    Return a copy of one moment with its journal, if there was one.
    """
    names = ("scr.db", "scr.db-journal")
    chosen = random.choice(held)
    return {name: chosen[name] for name in names if name in chosen}


def journal_of_another_moment(
    held: list[dict[str, bytes]], random: Random
) -> dict[str, bytes]:
    """
    Return a copy whose journal was copied a little before or after the rest.
    """
    at = random.randrange(len(held))
    near = held[max(0, min(len(held) - 1, at + random.randint(-30, 30)))]
    journal = {name: near[name] for name in ("scr.db-journal",) if name in near}
    return {"scr.db": held[at]["scr.db"], **journal}


def copies(way, count: int) -> Counter[str]:
    """
    Make copies of a ledger in use in one way; return what became of them.
    """
    known, random = acts.reference(SCRS), Random(SEED)
    held = moments(recorded("OFF", SCRS))  # Without syncs each write is a moment.
    came = Counter()
    with ledgers.folder() as folder:
        for _ in range(count):
            for one in folder.iterdir():
                one.unlink()
            for name, content in way(held, random).items():
                (folder / name).write_bytes(content)
            came[outcome(str(folder / "scr.db"), known)] += 1
    return came


USED = (slowly, without_journal, with_journal, journal_of_another_moment)


@pytest.mark.parametrize("way", USED, ids=lambda way: way.__name__)
def test_a_copy_of_a_ledger_in_use(way):
    """
    Page by page while facts are recorded, with the journal, without, with another: it
    is the ledger as it was, or it is refused; and no figure is one that never was.
    """
    since = time.monotonic()
    came = copies(way, COPIES)
    bad = came["third"] + came["another figure"]
    figure("copies", "held", came.total(), bad, THIRD, since=since)

    assert bad == 0, came
    assert came["right"]
    assert way is with_journal or came["does not verify"] + came["not opened"], came


def test_with_ends_unchecked_it_is_red(monkeypatch):
    """
    A copy that ends in the middle of an import verifies not, but would be counted.
    """
    monkeypatch.setattr(reader, "_check_end", lambda _connection: None)
    since = time.monotonic()
    came = copies(slowly, COPIES)
    bad = came["third"] + came["another figure"]
    what = "the same, without a look at where the log ends"
    figure("copies", "seeded", came.total(), bad, what, since=since)

    assert bad, came
