"""Two who write and one who asks; a lock that is held; a clock that cannot be trusted.

`./dev soak` lets each writer record SCR_SOAK_CROWD facts.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from unittest import mock

import pytest

from ledger import app, fsck, guard
from ledger.reader import open_log
from ledger.store import sqlite
from tests import ledgers
from tests.commandline import filed, prepare, scr
from tests.soak import figure

CROWD = int(os.environ.get("SCR_SOAK_CROWD", "20"))
SEED = int(os.environ.get("SCR_SOAK_SEED", "7"))
LIVE = ("--case-number", "C-1", "--office", "SAC X", "--by", "agent-1")


# --- two writers and a reader ---------------------------------------------------------


def _alone(work) -> int:
    """
    Do something in a process of its own; return it.
    """
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def _writes(path: str, name: str, acknowledged) -> None:
    """
    Record facts one by one, and now and then a file; write down what ended well.
    """
    with acknowledged.open("w") as out:
        for number in range(CROWD):
            told = scr("--ledger", path, "file", f"{name}-{number}", *LIVE)
            assert told.code == 0, told.err
            print(f"scr/{name}-{number}", file=out, flush=True)
            if number % 10 == 9:
                file = acknowledged.with_name(f"{name}-{number}.jsonl")
                file.write_text("".join(filed(f"{file.stem}-{n}") for n in range(5)))
                told = scr("--ledger", path, "import", str(file))
                assert told.code == 0, told.err
                for n in range(5):
                    print(f"scr/{file.stem}-{n}", file=out, flush=True)


def _reads(path: str, stop) -> None:
    """
    Ask until told to stop: each answer is whole, and none is older than the one before.
    """
    last = (0, 0)
    while not stop.exists():
        told = scr("--ledger", path, "count", "entered-all", "--json")
        assert told.code == 0, told.err
        basis = told.json["basis"]
        assert (basis["position"], basis["visible"]) >= last
        last = (basis["position"], basis["visible"])


def test_two_writers_and_a_reader_lose_nothing():
    """
    Every acknowledged fact is there, once; positions have no gap; nobody is refused.
    """
    since = time.monotonic()
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        assert scr("--ledger", path, "count").code == 0
        told = [folder / "a.told", folder / "b.told"]
        stop = folder / "stop"
        reading = _alone(lambda: _reads(path, stop))
        writing = [
            _alone(lambda name=name, file=file: _writes(path, name, file))
            for name, file in zip("AB", told, strict=True)
        ]
        ended = [os.waitpid(child, 0)[1] for child in writing]
        stop.touch()
        ended.append(os.waitpid(reading, 0)[1])

        said = Counter(one for file in told for one in file.read_text().split())
        with open_log(path) as log:
            there = Counter(row.stream for row in log.rows(0, log.head))
            head = log.head
        lost = [one for one in said if there[one] != 1]
        wrong = [*lost, *fsck.check(path, lambda _: None).findings]
        bad = len(wrong) + sum(map(bool, ended))
        what = "facts lost, doubled or refused; an answer older than the one before"
        figure("races", "held", said.total(), bad, what, since=since)

    assert (ended, wrong) == ([0, 0, 0], [])
    assert said.total() == 2 * (CROWD + CROWD // 10 * 5)
    assert head == 1 + said.total() + 2 * (CROWD // 10)


def test_without_the_lock_first_it_is_red(monkeypatch):
    """
    A writer that reads first and locks after decides by what is so no more.
    """
    monkeypatch.setattr(
        sqlite.ImmediateTransaction,
        "__enter__",
        super(sqlite.ImmediateTransaction, sqlite.ImmediateTransaction).__enter__,
    )
    since, refused = time.monotonic(), 0
    tries = max(20, CROWD)
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        assert scr("--ledger", path, "file", "alone", *LIVE).code == 0
        start = folder / "start"

        def work(name: str) -> None:
            while not start.exists():
                pass
            for number in range(tries):
                told = scr("--ledger", path, "file", f"{name}-{number}", *LIVE)
                if told.code:
                    raise AssertionError(told.err)

        children = [_alone(lambda name=name: work(name)) for name in "AB"]
        start.touch()
        refused = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    what = "the same, with a transaction that reads before it locks"
    figure("races", "seeded", 2, refused, what, since=since)

    assert refused


# --- a lock that is held --------------------------------------------------------------

LOCKED = [
    ["count"],
    ["export"],
    ["verify"],
    ["file", "S-1", *LIVE],
    ["import", "more.jsonl"],
    ["backup", "copy.db"],
    ["rebuild"],
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """
    The working directory, with a small ledger and a file; who waits gives up at once.
    """
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    (tmp_path / "more.jsonl").write_text(filed("NEW"))
    monkeypatch.setattr(guard, "LOCK_TIMEOUT_SECONDS", 0.05)
    return tmp_path


@pytest.mark.parametrize("arguments", LOCKED, ids=lambda one: one[0])
def test_a_lock_that_is_held_is_said_in_a_line(folder, arguments):
    """
    With the exit code for a store in trouble; and once it is let go, all is well.
    """
    holder = sqlite3.connect("scr.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    before = {one.name for one in folder.iterdir()}
    told = scr(*arguments)

    assert (told.code, told.out) == (6, "")
    assert told.err.startswith("scr: scr.db is locked by another process")
    assert told.err.count("\n") == 1
    assert {one.name for one in folder.iterdir()} <= before | {"scr.db.readmodel.lock"}
    holder.rollback()
    holder.close()
    assert scr(*arguments).code == 0


def test_who_only_asks_does_not_wait_for_a_writer(folder):
    """
    A writer that has not begun to write to the file holds nobody up who asks.
    """
    del folder
    answer = scr("count").out
    holder = sqlite3.connect("scr.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    assert scr("count") == (0, answer, "")
    assert scr("file", "S-1", *LIVE).code == 6
    holder.close()


def test_a_ledger_that_another_program_keeps_in_wal_is_not_written(folder):
    """
    Its last facts would be in a file that a copy can lack; when that program lets go,
    the next fact turns it back.
    """
    holder = sqlite3.connect("scr.db", isolation_level=None)
    holder.execute("PRAGMA journal_mode=WAL")
    holder.execute("BEGIN")
    holder.execute("SELECT count(*) FROM stored_events").fetchone()

    def refused() -> None:
        for arguments in (["file", "S-1", *LIVE], ["import", "more.jsonl"]):
            told = scr(*arguments)
            assert (told.code, told.out, told.err.count("\n")) == (6, "", 1)

    assert os.waitpid(_alone(refused), 0)[1] == 0
    holder.close()

    assert scr("file", "S-1", *LIVE).code == 0
    assert (folder / "scr.db").read_bytes()[18:20] == b"\x01\x01"
    assert not (folder / "scr.db-wal").exists()


# --- a clock that cannot be trusted ---------------------------------------------------


class Told:
    """A clock that says what it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return what it was told."""
        return self.now


@pytest.fixture
def clock():
    """
    The clock of every command that records here.
    """
    told = Told()
    with (
        mock.patch.dict(app.create.__kwdefaults__, clock=told),
        mock.patch.dict(app.open_ledger.__kwdefaults__, clock=told),
    ):
        yield told


def test_whatever_the_clock_does_answers_stay(tmp_path, monkeypatch, clock):
    """
    Forward by years and back again: `recorded_at` never decreases, and each answer is
    given again from its basis, to the byte.
    """
    monkeypatch.chdir(tmp_path)
    random, answers, last = Random(SEED), [], ""
    assert scr("init").code == 0
    for number in range(12):
        clock.now += timedelta(days=random.uniform(-400, 400))
        assert scr("file", f"S-{number}", *LIVE).code == 0
        assert scr("approve", f"S-{number}", "--by", "p", "--force", "test").code == 0
        with open_log("scr.db") as log:
            (row,) = log.at([log.head])
        assert row.recorded_at >= last
        last = row.recorded_at
        told = scr("count", "entered-all", "--as-of", last, "--json")
        assert told.json["basis"]["visible"] == 2 * (number + 1)
        answers.append(told)

    for told in answers:
        basis = json.dumps(told.json["basis"])
        again = scr("count", "entered-all", "--basis", basis, "--json")
        assert again.json["rows"] == told.json["rows"]
        assert again.json["basis"] == told.json["basis"]
    assert scr("verify").code == 0


EDGES = [  # What the clock says; the day it is in New York, and the year it counts in.
    ("2026-10-01T03:59:59.999999Z", "2026-09-30", 2026),
    ("2026-10-01T04:00:00Z", "2026-10-01", 2027),
    ("2026-11-01T05:30:00Z", "2026-11-01", 2027),  # Half past one, in summer time.
    ("2026-11-01T06:30:00Z", "2026-11-01", 2027),  # Half past one, once more.
    ("2026-11-02T04:59:59Z", "2026-11-01", 2027),  # That day has 25 hours.
    ("2026-03-08T06:59:59Z", "2026-03-08", 2026),  # The hour before the one left out.
    ("2028-02-29T12:00:00Z", "2028-02-29", 2028),
]


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge[0])
def test_a_day_ends_where_the_ledger_is(tmp_path, monkeypatch, clock, edge):
    """
    A live fact without a day is of the day it is in the ledger's zone, which decides
    the fiscal year, also while the clock is put back.
    """
    instant, day, year = edge
    monkeypatch.chdir(tmp_path)
    clock.now = datetime.fromisoformat(instant) - timedelta(days=30)
    assert scr("init").code == 0
    assert scr("file", "S-1", *LIVE).code == 0
    clock.now = datetime.fromisoformat(instant)
    told = scr("approve", "S-1", "--by", "p", "--force", "test")

    assert f"effective {day}" in told.out
    rows = scr("count", "entered-all", "--fy", "2025..2029", "--json").json["rows"]
    assert {row["fiscal_year"]: row["value"] for row in rows if row["value"]} == {
        year: 1
    }


def test_both_halves_of_a_fold_are_told_apart(tmp_path, monkeypatch, clock):
    """
    Half past one comes twice; as-of with an offset says which, and the log keeps order.
    """
    monkeypatch.chdir(tmp_path)
    clock.now = datetime(2026, 10, 1, 12, tzinfo=UTC)
    assert scr("init").code == 0
    for hour, name in ((5, "first"), (6, "second")):
        clock.now = datetime(2026, 11, 1, hour, 30, tzinfo=UTC)
        assert scr("file", name, *LIVE).code == 0

    for offset, visible in (("-04:00", 1), ("-05:00", 2)):
        asked = f"2026-11-01T01:30:00{offset}"
        told = scr("count", "--as-of", asked, "--json")
        assert told.json["basis"]["visible"] == visible
    assert scr("count", "--as-of", "2026-11-01T01:30:00").code == 2


@pytest.mark.parametrize(("year", "code"), [(1, 0), (1899, 0), (3000, 2), (9999, 2)])
def test_a_year_that_cannot_be(tmp_path, monkeypatch, clock, year, code):
    """
    Before the last fact it is that fact's moment; after all days there are, no fact.
    """
    monkeypatch.chdir(tmp_path)
    assert scr("init").code == 0
    clock.now = datetime(year, 6, 1, tzinfo=UTC)
    told = scr("file", "S-1", *LIVE)

    assert told.code == code
    assert told.err.count("\n") == bool(code)
    assert scr("verify").code == 0
