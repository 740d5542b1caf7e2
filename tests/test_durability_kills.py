"""Killed at any moment: what was acknowledged is there, and nothing is by half.

The story of tests/acts.py is cut off and gone on with, again and again. As it makes the
same bytes each time, whatever is left has to be the log after an act, root and all.
`./dev soak` kills SCR_SOAK_KILLS times at random, and at every step of every act.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from random import Random

import pytest

from ledger import fsck, leaves
from ledger.store import apart
from ledger.store.sqlite import Appending
from projections import building
from tests import acts, dying, ledgers, shim, steps
from tests.soak import figure

KILLS = int(os.environ.get("SCR_SOAK_KILLS", "80"))
SEED = int(os.environ.get("SCR_SOAK_SEED", "7"))
STEPS = int(os.environ.get("SCR_SOAK_KILL_STEPS", "4"))
SCRS = 16 if KILLS < 1_000 else 40
LOST = "acknowledged facts lost, torn, changed or miscounted"


@pytest.fixture(scope="module", autouse=True)
def _fixed():
    with acts.fixed():
        yield


def kill_at_random(kills: int, random: Random) -> list[str]:
    """
    Live a story, be killed, go on, until killed so often; return what was wrong.
    """
    story, known = acts.story(SCRS), acts.reference(SCRS)
    wrong, done, killed, verified = [], 0, 0, 0
    with ledgers.folder() as folder:
        acts.written(folder, SCRS)
        path, start = str(folder / "scr.db"), 0
        while killed < kills:
            when = dying.killing(random.randrange(4), random.random() * 0.02)
            ended = dying.tell(story, path, start, watch=when)
            done = max(done, ended.acknowledged)
            killed += ended.killed
            found = acts.left(path, known, done, ask=killed % 4 == 0)
            said = [*found.faults, ended.said] if ended.said else found.faults
            wrong += [f"kill {killed}: {one}" for one in said]
            if ended.said:
                break  # It would be refused for ever.
            if killed % 100 == 0 or done == len(story):
                verified += 1
                wrong += [*map(str, whole(path)), *acts.beside(path, known)]
            start = acts.following(story, known, done, path)
            if done == len(story):
                empty(folder)
                done = start = 0
    assert verified or wrong or kills < 100
    return wrong


def whole(path: str) -> tuple[object, ...]:
    """
    Return what the checker finds.
    """
    return fsck.check(path, lambda _: None).findings if Path(path).exists() else ()


def empty(folder: Path) -> None:
    """
    Remove the ledger and all that is beside it but the files it was made of.
    """
    for one in folder.iterdir():
        if not one.name.endswith(".jsonl") or one.name == acts.OUT:
            one.unlink()


def test_no_kill_loses_what_was_acknowledged():
    """
    Killed at random, and gone on with from there; now and then, and at the end of each
    story, the checker recomputes all of it.
    """
    random, wrong = Random(SEED), []
    for left in range(KILLS, 0, -1_000):  # A line each, should the run be cut off.
        since, kills = time.monotonic(), min(left, 1_000)
        found = kill_at_random(kills, random)
        figure("kills", "held", kills, len(found), LOST, since=since)
        wrong += found

    assert wrong == []


def test_no_kill_does_where_work_takes_two_processes(monkeypatch):
    """
    Imports, rebuilds and checks as of a long log, though this one is short.
    """
    monkeypatch.setattr(apart, "WORTH_IT", 3)
    monkeypatch.setattr(building, "TWO_FROM", 1)
    monkeypatch.setattr(leaves, "TWO_FROM", 1)
    for module in (apart, building, leaves):
        monkeypatch.setattr(module, "cores", lambda: 2)
    since, kills = time.monotonic(), max(16, KILLS // 10)
    found = kill_at_random(kills, Random(SEED))
    what = f"{LOST}, in two processes"
    figure("kills", "held", kills, len(found), what, since=since)

    assert found == []


def test_a_kill_at_every_statement_leaves_all_or_nothing():
    """
    Of every act: what it was to record, its read model, its file, its copy.
    """
    since = time.monotonic()
    trials = steps.everywhere(steps.by_statement(), STEPS, begin=SEED)
    wrong = [one for one in trials if one.faults or one.code is not None]
    figure("kill-steps", "held", len(trials), len(wrong), LOST, since=since)

    assert wrong == []
    assert {one.kind for one in trials} == {one.kind for one in acts.story(SCRS)}


def die_at_calls(most: str, half: str) -> None:
    """
    Kill at calls, and print what was wrong; in a process that has the shim.
    """
    library = shim.library()
    library.shim_root(str(ledgers.MEMORY).encode())

    kinds = shim.WRITES if int(half) else shim.EVERYTHING

    def arm(number: int) -> None:
        library.shim_kill(number, kinds, int(half))

    with acts.fixed():
        way = steps.by_call(arm, kinds)
        trials = steps.everywhere(way, int(most), begin=SEED)
    wrong = [one for one in trials if one.faults or one.code is not None]
    print(json.dumps([len(trials), wrong]))  # noqa: T201 - to who called


@pytest.mark.parametrize("half", ["0", "1"] if STEPS > 100 else ["0"])
def test_a_kill_at_every_call_leaves_all_or_nothing(half):
    """
    Before each thing it does to a file, or when half of it is written.
    """
    since = time.monotonic()
    here = "tests.test_durability_kills:die_at_calls"
    tried, wrong = json.loads(shim.preloaded(here, str(STEPS), half))
    figure("kill-steps", "held", tried, len(wrong), LOST, since=since)

    assert wrong == []
    assert tried > 20


# --- with a defence taken out ---------------------------------------------------------


def test_acknowledged_before_it_is_recorded_it_is_red(monkeypatch):
    """
    A child that says so first is caught when it is killed in between.
    """
    monkeypatch.setattr(dying, "EAGER", True)
    since, kills = time.monotonic(), min(KILLS // 2, 500)
    wrong = kill_at_random(kills, Random(SEED))
    what = "the same, acknowledged before it is recorded"
    figure("kills", "seeded", kills, len(wrong), what, since=since)

    assert any("acknowledged facts lost" in one for one in wrong)


def test_an_import_in_two_transactions_is_red(monkeypatch):
    """
    If a batch were committed before the next, a kill would leave half a file.
    """
    put = Appending.put_placed

    def put_and_commit(self, facts):
        put(self, facts)
        self.cursor.execute("COMMIT")
        self.cursor.execute("BEGIN IMMEDIATE")

    monkeypatch.setattr(Appending, "put_placed", put_and_commit)
    since = time.monotonic()
    trials = steps.everywhere(steps.by_statement(), 1_000, kinds=["import"])
    wrong = [one for one in trials if one.faults]
    what = "the same, with a commit after each batch"
    figure("kill-steps", "seeded", len(trials), len(wrong), what, since=since)

    assert any("torn" in fault for one in wrong for fault in one.faults)
