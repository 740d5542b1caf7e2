"""The power goes: whatever the disk had not been told to keep may be lost.

A story is lived once with everything it does to its files recorded. Then the power goes
after each of these doings, in several ways, and what may be left on the disk is opened,
verified, and compared with what had been acknowledged by then.
`./dev soak` looks at SCR_SOAK_POWER states or more.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import nullcontext
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from unittest import mock

import pytest

from ledger import fsck, placing
from ledger.errors import LedgerError
from ledger.store import sqlite
from tests import acts, ledgers, power, shim
from tests.soak import figure

STATES = int(os.environ.get("SCR_SOAK_POWER", "100"))
SEED = int(os.environ.get("SCR_SOAK_SEED", "7"))
SCRS = 4 if STATES < 5_000 else 12
LOST = "acknowledged facts lost, torn or changed, a figure or an export wrong"


@pytest.fixture(scope="module", autouse=True)
def _fixed():
    with acts.fixed():
        yield


def live(folder: str, record: str, scrs: str, synchronous: str, unsynced: str) -> None:
    """
    Live a story and record what it does; in a process that has the shim.
    """
    library = shim.library()
    with (
        acts.fixed(),
        mock.patch.object(sqlite, "SYNCHRONOUS", synchronous),
        mock.patch.object(placing, "sync") if unsynced else nullcontext(),
    ):
        acts.written(Path(folder), int(scrs))
        library.shim_root(folder.encode())
        library.shim_record(record.encode())
        for number, act in enumerate(acts.story(int(scrs))):
            told = acts.perform(act, f"{folder}/scr.db")
            assert told.code == 0, told.err
            library.shim_note(str(number).encode())


@cache
def recorded(synchronous: str, scrs: int, unsynced: str = "") -> list[shim.Op]:
    """
    Return what a story does to its files, at a level of syncing; told of `/f`.

    :param unsynced: anything, for files that are named before they are synced.
    """
    with ledgers.folder() as folder, ledgers.folder() as beside:
        record = beside / "record"
        live_at = "tests.test_durability_power:live"
        given = (str(folder), str(record), str(scrs), synchronous, unsynced)
        shim.preloaded(live_at, *given)
        ops = list(shim.recorded(record))
        prefix = str(folder)
    return [
        one._replace(
            path=one.path.replace(prefix, "/f"),
            data=one.data.replace(prefix.encode(), b"/f")
            if one.kind in "RL"
            else one.data,
        )
        for one in ops
    ]


def judged(state: power.State, folder: Path, known: acts.Reference) -> list[str]:
    """
    Put what may be left into a folder; return what is wrong with it.
    """
    for one in folder.iterdir():
        one.unlink()
    for path, content in state.files.items():
        (folder / Path(path).name).write_bytes(content)
    path = str(folder / "scr.db")
    done = 0 if state.acknowledged is None else int(state.acknowledged) + 1
    found = acts.left(path, known, done)
    wrong = list(found.faults)
    if not wrong and Path(path).exists():
        try:
            wrong += map(str, fsck.check(path, lambda _: None).findings)
        except LedgerError as error:
            wrong.append(f"does not open: {error}")
    wrong += acts.beside(path, known)
    return wrong


def powerless(
    synchronous: str, states: int, seed: int, unsynced: str = ""
) -> tuple[int, Counter[str]]:
    """
    Let the power go after every doing, or every so many and each acknowledgement;
    return how many states, and what was wrong.
    """
    ops = recorded(synchronous, SCRS, unsynced)
    known = acts.reference(SCRS)
    random, seen, wrong = Random(seed), set(), Counter()
    # Half of the draws fall on what was looked at before: draw until it is enough.
    draws = max(0, states // len(ops))
    every = max(1, len(ops) * len(power.VARIANTS) // (states * 2))
    with ledgers.folder() as folder:
        while len(seen) < states:
            disk = power.Disk("/f")
            begin = random.randrange(every)
            for number, op in enumerate(ops):
                disk.hears(op)
                if op.kind != "A" and number % every != begin:
                    continue  # Right after an acknowledgement it is always tried.
                for state in disk.states(random, draws):
                    key = _key(state)
                    if key in seen:
                        continue
                    seen.add(key)
                    for fault in judged(state, folder, known)[:1]:
                        wrong[f"{state.variant}: {fault.split(':')[0]}"] += 1
            draws += 1
    return len(seen), wrong


def _key(state: power.State) -> bytes:
    digest = sha256(repr(state.acknowledged).encode())
    for path, content in sorted(state.files.items()):
        digest.update(f"{path} {len(content)} ".encode())
        digest.update(content)
    return digest.digest()


def test_no_loss_of_power_loses_what_was_acknowledged():
    """
    Nor does it leave half a fact, half an export, or a figure that is not so.
    """
    since = time.monotonic()
    tried, wrong = powerless(sqlite.SYNCHRONOUS, STATES, SEED)
    figure("power", "held", tried, wrong.total(), LOST, since=since)

    assert wrong == Counter()
    assert tried >= STATES


LOWERED = ("FULL", "NORMAL", "OFF") if STATES >= 5_000 else ("FULL",)


@pytest.mark.parametrize("synchronous", LOWERED)
def test_with_fewer_syncs_it_is_red(synchronous):
    """
    FULL leaves the folder unsynced when the journal goes, which is what commits.
    """
    since, states = time.monotonic(), (5_000 if STATES >= 5_000 else 1)
    tried, wrong = powerless(synchronous, states, SEED)
    what = f"the same, with synchronous={synchronous} instead of EXTRA"
    figure("power", "seeded", tried, wrong.total(), what, since=since)

    assert wrong.total()


def test_without_syncing_a_file_before_its_name_it_is_red():
    """
    An export, and a new ledger, appear whole only because they are synced first.
    """
    since, states = time.monotonic(), (5_000 if STATES >= 5_000 else 1)
    tried, wrong = powerless(sqlite.SYNCHRONOUS, states, SEED, "unsynced")
    what = "the same, with files named before they are synced"
    figure("power", "seeded", tried, wrong.total(), what, since=since)

    assert any("an export by half" in one for one in wrong)
