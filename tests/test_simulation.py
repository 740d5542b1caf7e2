"""A ledger's life, simulated from a seed: nothing acknowledged is ever lost or double.

`./dev soak` lives SCR_SOAK_SEEDS lives; SCR_SEED lives one again that has failed.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager

import pytest

from ledger import app
from ledger.domain.fiscal import format_instant_fixed
from ledger.store import sqlite as store
from projections.readmodel import open_read_model
from tests import simulation
from tests.faulty import Connection
from tests.simulation import Broken, simulated
from tests.soak import figure

SEEDS = int(os.environ.get("SCR_SOAK_SEEDS", "8"))
FIRST = int(os.environ.get("SCR_SOAK_FIRST_SEED", "0"))
RED = 8
"""Lives in which a defence is out, of which one at least has to fail."""


def seeds() -> list[int]:
    """
    Return the seeds to live, or the one that is asked for.
    """
    asked = os.environ.get("SCR_SEED")
    return [int(asked)] if asked else list(range(FIRST, FIRST + SEEDS))


def lived(seed: int, steps: int = simulation.STEPS) -> simulation.Simulation:
    """
    Live a life to its end.
    """
    with simulated(seed, steps) as life:
        life.run()
    return life


def test_no_invariant_breaks():
    """
    Whatever is done, whoever dies and whatever the clock says: what was acknowledged is
    there once, positions have no gap, instants never decrease, old roots stay prefixes,
    the ledger verifies, the read model is a rebuilt one, and figures are the replay's.
    """
    since, broken, crashes = time.monotonic(), [], 0
    for seed in seeds():
        try:
            crashes += lived(seed).crashes
        except Broken as error:
            broken.append(str(error))

    what = "a broken invariant"
    figure("simulation", "held", len(seeds()), len(broken), what, since=since)
    assert broken == []
    assert crashes or len(seeds()) == 1


def test_a_seed_is_a_life():
    """
    The same seed gives the same log, byte for byte.
    """
    first, second = lived(3, steps=12), lived(3, steps=12)

    assert (first.rows, first.root) == (second.rows, second.root)
    assert (first.crashes, first.locked) == (second.crashes, second.locked)


def test_a_failing_seed_prints_itself(monkeypatch):
    """
    Who sees it fail can see it fail again.
    """
    monkeypatch.setattr(Connection, "commit", lambda self: self.rollback())

    with pytest.raises(Broken, match=r"seed 4, step 1: .*\n.*SCR_SEED=4 \./dev test"):
        lived(4)


# --- with a defence taken out ---------------------------------------------------------


def in_halves(patch) -> None:
    """
    Commit every fact by itself.
    """
    real = store.Appending.put

    def put(self, stored):
        positions = []
        for one in stored:
            positions += real(self, [one])
            self.cursor.execute("COMMIT")
            self.cursor.execute("BEGIN IMMEDIATE")
        return positions

    patch.setattr(store.Appending, "put", put)


def by_the_clock(patch) -> None:
    """
    Record what the clock says, though it was later before.
    """
    real = store.Appending.__init__

    def begin(self, recorder, cursor):
        real(self, recorder, cursor)
        self.recorded_at = format_instant_fixed(recorder.clock())

    patch.setattr(store.Appending, "__init__", begin)


def without_command_ids(patch) -> None:
    """
    Record a live command that is repeated once more.
    """
    real = app.CaseLedger.record

    def record(self, fields, **said):
        return real(
            self, {k: v for k, v in fields.items() if k != "command_id"}, **said
        )

    patch.setattr(app.CaseLedger, "record", record)


def without_commit(patch) -> None:
    """
    Acknowledge what is not committed.
    """
    patch.setattr(Connection, "commit", lambda self: self.rollback())


def with_a_stale_read_model(patch) -> None:
    """
    Forget what the read model believed last.
    """

    @contextmanager
    def opened(log):
        with open_read_model(log):
            pass
        with sqlite3.connect(f"{log.path}.readmodel") as connection:
            last = "SELECT max(rowid) FROM beliefs"
            connection.execute(f"DELETE FROM beliefs WHERE rowid=({last})")
        connection.close()
        with open_read_model(log) as model:
            yield model

    patch.setattr(simulation, "open_read_model", opened)


def cut_short(patch) -> None:
    """
    Lose half of the ledger's file where a process dies.
    """
    real = simulation.Simulation._after_crash

    def after(self, writer):
        left = {path.name: path for path in self._left_behind}
        data = self._left_behind[left["scr.db"]]
        self._left_behind[left["scr.db"]] = data[: len(data) // 2]
        real(self, writer)

    patch.setattr(simulation.Simulation, "_after_crash", after)


OUT = {
    "facts committed one by one": in_halves,
    "recorded_at as the clock says": by_the_clock,
    "retries without a command id": without_command_ids,
    "acknowledged before the commit": without_commit,
    "a read model that has forgotten": with_a_stale_read_model,
    "files cut short by a crash": cut_short,
}


@pytest.mark.parametrize("what", OUT)
def test_a_defence_that_is_out_is_seen(monkeypatch, what):
    """
    Each invariant has been seen to break.
    """
    OUT[what](monkeypatch)
    broken = lives = 0
    while lives < RED and not broken:
        lives += 1
        try:
            lived(lives)
        except Broken:
            broken += 1

    figure("simulation", "seeded", lives, broken, f"seen, with {what}")
    assert broken
