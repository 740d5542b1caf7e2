"""Calls that fail: each write, sync, truncation, opening, naming and removal in turn.

The shim (tests/shim.c) lets the Nth of them fail, once or from then on, for want of
room or for a broken disk. What was acknowledged stays, the command says in one line why
it could not, and it can be done again once nothing is in its way.
`./dev soak` tries every N, and a second failure while the first is recovered from.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest import mock

import pytest

from cli import asking
from ledger import reader
from tests import acts, ledgers, shim, steps
from tests.soak import figure

MOST = int(os.environ.get("SCR_SOAK_FAULTS", "1"))
TWICE = int(os.environ.get("SCR_SOAK_FAULTS_TWICE", "12"))
SIZES = int(os.environ.get("SCR_SOAK_SIZES", "2"))
SEED = int(os.environ.get("SCR_SOAK_SEED", "7"))
HERE = "tests.test_durability_faults:"
LOST = "acknowledged facts lost or torn, no clear line, not to be done again"
NO_ROOM = 6

WAYS = {
    "no room once": (errno.ENOSPC, 0, 0),
    "no room from then on": (errno.ENOSPC, 1, 0),
    "half a write, then no room": (errno.ENOSPC, 1, 1),
    "a broken disk once": (errno.EIO, 0, 0),
    "a broken disk from then on": (errno.EIO, 1, 0),
}


@pytest.fixture(scope="module", autouse=True)
def _fixed():
    with acts.fixed():
        yield


def fail_at_calls(most: str) -> None:
    """
    Let calls fail in each way, and print what came of it; in a process with the shim.
    """
    library = shim.library()
    library.shim_root(str(ledgers.MEMORY).encode())
    found = {}
    with acts.fixed():
        for turn, (name, (error, good, half)) in enumerate(WAYS.items()):

            def arm(number: int, error=error, good=good, half=half) -> None:
                library.shim_fail(number, error, good, shim.EVERYTHING, half)

            way = steps.by_call(arm, shim.EVERYTHING)
            found[name] = steps.everywhere(way, int(most), begin=SEED + turn)
    print(json.dumps(found))  # noqa: T201 - to who called


def test_whichever_call_fails_nothing_is_lost():
    """
    Once or from then on, for want of room or for a broken disk: whoever asked is told
    so in a line, with the exit code for a store in trouble.
    """
    since = time.monotonic()
    told = json.loads(shim.preloaded(f"{HERE}fail_at_calls", str(MOST)))
    trials = [steps.Trial(*one) for way in told.values() for one in way]
    wrong = [one for one in trials if one.faults]
    figure("io-errors", "held", len(trials), len(wrong), LOST, since=since)

    assert wrong == []
    codes = Counter(one.code for one in trials)
    assert codes[NO_ROOM] > len(trials) // 2, codes


def remove_journal(path: str) -> None:
    """
    Take what a cut-off write left for rubbish.
    """
    Path(f"{path}-journal").unlink()


def fail_twice(count: str, careless: str = "") -> None:
    """
    Kill or let fail, and let fail again what comes after; print what came of it.

    :param careless: anything, to remove journals instead of rolling them back.
    """
    if careless:
        reader._roll_back_interrupted_write = remove_journal
    library = shim.library()
    library.shim_root(str(ledgers.MEMORY).encode())
    random = Random(SEED)

    def disturb(number: int) -> None:
        if number % 2:
            library.shim_kill(number, shim.CHANGES, number % 4 == 1)
        else:
            library.shim_fail(number, errno.ENOSPC, 0, shim.CHANGES, number % 4 == 2)

    def fail(number: int) -> None:
        good = number % 2
        library.shim_fail(
            number // 2, errno.EIO, good, shim.EVERYTHING, number % 3 == 0
        )

    with acts.fixed():
        first = steps.by_call(disturb, shim.CHANGES)
        second = steps.by_call(fail, shim.EVERYTHING)
        trials = steps.twice(first, second, int(count), random)
    print(json.dumps(trials))  # noqa: T201 - to who called


def test_a_failure_while_another_is_recovered_from():
    """
    Killed or without room, then the next command meets a broken disk: nothing is lost.
    """
    since = time.monotonic()
    told = json.loads(shim.preloaded(f"{HERE}fail_twice", str(TWICE)))
    wrong = [one for one in told if one[-1]]
    figure("io-errors-twice", "held", len(told), len(wrong), LOST, since=since)

    assert wrong == []


# --- a limit on the size of files -----------------------------------------------------


def smaller_than(size: int):
    """
    Return what makes a child's files no longer than that.
    """

    def arm():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return arm


def test_a_limit_on_file_size_loses_nothing():
    """
    Wherever the limit is met, one line says that there is no room, with 6; and with
    room it can be done.
    """
    since, trials, random = time.monotonic(), [], Random(SEED)
    with ledgers.folder() as folder:
        for scene in steps.scenes():
            for _ in range(SIZES):
                size = random.randrange(len(scene.files.get("scr.db", b"")) + 40_000)
                trials.append(steps.tried(scene, folder, size, smaller_than(size)))
    wrong = [one for one in trials if one.faults or one.code not in (0, NO_ROOM)]
    figure("file-size", "held", len(trials), len(wrong), LOST, since=since)

    assert wrong == []
    assert any(one.code == NO_ROOM for one in trials)


# --- with a defence taken out ---------------------------------------------------------


def test_with_journals_removed_it_is_red():
    """
    What a killed command leaves beside the ledger is not rubbish: it is the way back.
    """
    since, count = time.monotonic(), max(150, min(TWICE, 500))
    told = json.loads(shim.preloaded(f"{HERE}fail_twice", str(count), "careless"))
    wrong = [one for one in told if one[-1]]
    what = "the same, with journals removed instead of rolled back"
    figure("io-errors-twice", "seeded", len(told), len(wrong), what, since=since)

    assert wrong


@contextmanager
def in_place(path):
    """
    Write a file where it is to be, and not beside it first.
    """
    with open(path, "w", encoding="utf-8") as out:  # noqa: PTH123 - as it is said
        yield out


def test_with_files_written_in_place_a_limit_is_red(monkeypatch):
    """
    An export that meets a limit would be there by half.
    """
    monkeypatch.setattr(asking, "_file", in_place)
    since = time.monotonic()
    (scene,) = (one for one in steps.scenes() if one.kind == "export")
    with ledgers.folder() as folder:
        trials = [
            steps.tried(scene, folder, size, smaller_than(size))
            for size in range(100, 3_000, 500)
        ]
    wrong = [one for one in trials if "an export by half" in one.faults]
    what = "the same, with files written in place"
    figure("file-size", "seeded", len(trials), len(wrong), what, since=since)

    assert wrong


def fail_in_place(most: str) -> None:
    """
    As above, with files written where they are to be.
    """
    library = shim.library()
    library.shim_root(str(ledgers.MEMORY).encode())

    def arm(number: int) -> None:
        library.shim_fail(number, errno.ENOSPC, 1, shim.WRITES, 1)

    with acts.fixed(), mock.patch.object(asking, "_file", in_place):
        way = steps.by_call(arm, shim.WRITES)
        trials = steps.everywhere(way, int(most), kinds=["export"])
    print(json.dumps(trials))  # noqa: T201 - to who called


def test_with_files_written_in_place_it_is_red():
    """
    An export that meets a full disk would be there by half.
    """
    since = time.monotonic()
    trials = json.loads(shim.preloaded(f"{HERE}fail_in_place", "20"))
    wrong = [one for one in trials if "an export by half" in one[-1]]
    what = "the same, with files written in place"
    figure("io-errors", "seeded", len(trials), len(wrong), what, since=since)

    assert wrong
