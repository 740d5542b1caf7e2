"""A first import in two processes records what one records, and says the same."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ledger import app, companion, fsck
from ledger.errors import FaultyFileError, StoreError
from ledger.intake.facts import JsonLines
from ledger.store import apart
from tests import ledgers

if TYPE_CHECKING:
    from collections.abc import Callable

SCRS = 40


def lines(count: int = SCRS) -> list[dict[str, str]]:
    """
    Return facts about some SCRs, one event of all of them after the other.
    """
    common = {"effective_on": "2019-03-04", "by": "agent-1"}
    common["known_at"] = "2019-03-05T00:00:00Z"
    filed = {"event": "filed", "case_number": "C", "office": "SAC X"}
    outcome = {"event": "disrupted", "outcome": "D1"}
    return [
        {"scr": f"S-{number}", **common, **fact}
        for fact in (filed, {"event": "approved"}, outcome)
        for number in range(count)
    ]


def text(facts: list[dict[str, str]]) -> bytes:
    """
    Return facts as a file.
    """
    return "".join(f"{json.dumps(fact)}\n" for fact in facts).encode()


def imported(path: str, file: bytes, **options: object) -> app.ImportReport:
    """
    Import a file at a fixed moment.
    """
    ledger, _ = app.open_ledger(path, clock=ledgers.Clock())
    try:
        return ledger.import_file(
            "facts.jsonl", JsonLines(io.BytesIO(file)), zone=ZoneInfo("UTC"), **options
        )
    finally:
        ledger.close()


def recorded(path: str) -> list[tuple[object, ...]]:
    """
    Return all that identifies the facts of a ledger, its own first left out.
    """
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT rowid, originator_id, originator_version, topic, state,"
            " recorded_at, leaf_hash FROM stored_events WHERE rowid>1"
        ).fetchall()


@pytest.fixture
def in_two(monkeypatch) -> list[object]:
    """
    Let an import take two processes from three lines on; return what the second says.
    """
    monkeypatch.setattr(apart, "WORTH_IT", 3)
    monkeypatch.setattr(apart, "_CHUNK", 7)
    monkeypatch.setattr(apart, "cores", lambda: 2)
    told = []
    hear = companion.Companion.receive

    def heard(self):
        told.append(hear(self))
        return told[-1]

    monkeypatch.setattr(companion.Companion, "receive", heard)
    return told


@pytest.fixture
def path(tmp_path) -> str:
    """
    An empty ledger.
    """
    return ledgers.make(tmp_path / "scr.db")


@pytest.fixture
def other(tmp_path) -> str:
    """
    Another.
    """
    return ledgers.make(tmp_path / "other.db")


def test_two_processes_record_what_one_records(path, other, in_two, monkeypatch):
    """
    The same facts at the same positions with the same leaves, and the same report.
    """
    one = imported(path, text(lines()), source="register")
    assert in_two[0] == "ready"
    assert len(in_two[1]) == len(lines())
    monkeypatch.setattr(apart, "cores", lambda: 1)
    two = imported(other, text(lines()), source="register")

    assert one == two
    assert recorded(path) == recorded(other)
    assert len(recorded(path)) == 3 * SCRS + 1
    assert fsck.check(path, lambda _: None).findings == ()


def faulty() -> bytes:
    """
    Return a file with a line that is none, a second filing, and an early outcome.
    """
    facts = lines()
    again = {**facts[5]}
    early = {**facts[-1], "scr": "S-NONE"}
    return text(facts[:50]) + b"no json\n" + text([again, early, *facts[50:]])


def test_the_faults_of_a_file_are_the_same_from_either(
    path, other, in_two, monkeypatch
):
    """
    Each with its line, and nothing is recorded.
    """
    told = []
    for ledger, processors in ((path, 2), (other, 1)):
        monkeypatch.setattr(apart, "cores", lambda count=processors: count)
        with pytest.raises(FaultyFileError) as refused:
            imported(ledger, faulty())
        told.append(refused.value.lines)

    assert in_two[0] == "ready"
    assert told[0] == told[1]
    assert len(told[0]) == 3
    assert recorded(path) == []


def test_a_rehearsal_records_nothing(path, in_two):
    """
    Also in two processes.
    """
    report = imported(path, text(lines()), dry_run=True)

    assert in_two[0] == "ready"
    assert report.totals.new == 3 * SCRS
    assert recorded(path) == []


def test_what_is_recorded_already_is_looked_up_by_one(path, in_two):
    """
    A second process is only for a ledger that holds nothing yet.
    """
    imported(path, text(lines(2)))
    in_two.clear()
    report = imported(path, text(lines()))

    assert in_two == []
    assert report.totals.already_recorded == 6


def test_a_second_process_that_never_starts_is_done_without(path, in_two, monkeypatch):
    """
    The lines that were read meanwhile are not lost.
    """
    monkeypatch.setattr(companion, "_PROGRAM", "raise SystemExit(1)")
    report = imported(path, text(lines()))

    assert in_two == [None]
    assert report.totals.new == 3 * SCRS


def test_a_second_process_that_is_killed_records_nothing(path, in_two, monkeypatch):
    """
    What it had decided by then is taken back with the rest.
    """
    monkeypatch.setattr(
        companion,
        "_PROGRAM",
        companion._PROGRAM.replace(
            "companion.be",
            "from ledger.store import apart, bulk; bulk.BATCH = 10;"
            " apart._Elsewhere.head = property(lambda _: 1);"
            " bulk.Loader._day = lambda self, *_: self.rows > 60 or exit();"
            " companion.be",
        ),
    )
    with pytest.raises(StoreError, match="ended before it was done; nothing is"):
        imported(path, text(lines()))

    assert in_two[-1] is None
    assert recorded(path) == []


class _Broken(io.BytesIO):
    """A file that cannot be read to its end."""

    def readline(self, size: int = -1, /) -> bytes:
        """Fail at the sixtieth line."""
        line = super().readline(size)
        if b'"S-20"' in line and b"approved" in line:
            raise OSError(5, "Input/output error")
        return line


def test_a_file_that_cannot_be_read_on_says_so(path, in_two):
    """
    What is read in a thread is told where it is heard; nothing is recorded.
    """
    ledger, _ = app.open_ledger(path)
    file = JsonLines(_Broken(text(lines())))
    with pytest.raises(OSError, match="Input/output"):
        ledger.import_file("facts.jsonl", file, zone=ZoneInfo("UTC"))
    ledger.close()

    assert in_two[0] == "ready"
    assert recorded(path) == []


_IN_TWO = """\
from cli.entry import main
from ledger.store import apart
apart.WORTH_IT, apart._CHUNK, apart.cores = 3, 50, lambda: 2
start = apart._started
def started(*given):
    second = start(*given)
    print(second._companion._process.pid, flush=True)
    return second
apart._started = started
main()
"""


def state_of(process: int) -> str:
    """
    Return the letter of a process's state; a killed one that nobody asked for is Z.
    """
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return "gone"
    return said.rpartition(")")[2].split()[0]


def until(true: Callable[[], bool]) -> None:
    """
    Wait until something is so, at most some seconds.
    """
    for _ in range(2_000):
        if true():
            return
        time.sleep(0.005)
    pytest.fail("it never came to be so")


@pytest.fixture(params=["-", "pipe.jsonl"])
def waiting(request, tmp_path, path):
    """
    A program that imports from a pipe which says nothing more; and the other process.
    """
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    with (
        pipe.open("rb") as reader,
        subprocess.Popen(
            [sys.executable, "-c", _IN_TWO, "--ledger", path, "import", request.param],
            cwd=tmp_path,
            stdin=reader,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as program,
    ):
        os.write(writer, text(lines(3)))
        other = int(program.stdout.readline())
        time.sleep(0.2)  # It waits for a tenth line.
        try:
            yield program, other, writer
        finally:
            program.kill()
            os.close(writer)


def test_who_waits_for_the_next_line_can_be_interrupted(waiting, path):
    """
    At once, with one line and the exit code of an interrupt; nothing is recorded.
    """
    program, _, _ = waiting
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=20)

    assert (program.returncode, said) == (130, b"scr: interrupted\n")
    assert recorded(path) == []


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="nothing says whether it has ended"
)
def test_a_killed_second_process_is_one_line(waiting, path):
    """
    Said once there are more lines to hand over; the pipe may stay open.
    """
    program, other, writer = waiting
    os.kill(other, signal.SIGKILL)
    until(lambda: state_of(other) in {"Z", "gone"})
    os.set_blocking(writer, False)  # It may end before it has read all of it.
    os.write(writer, text(lines(200)))
    _, said = program.communicate(timeout=20)

    assert program.returncode == 6
    assert said.startswith(b"scr: the process that reads the lines ended before")
    assert said.count(b"\n") == 1
    assert recorded(path) == []
