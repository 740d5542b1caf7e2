"""Random questions as of random moments, many of each history: the replay agrees.

`./dev soak` asks SCR_SOAK_QUESTIONS of them, of histories that a seed decides; the
suite some hundreds. The properties of `test_projections_counts` look for small
counterexamples instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from random import Random

from ledger.reader import open_log
from projections import counts
from projections.readmodel import open_read_model
from tests import ledgers, oracle
from tests.definitions import of_oracle
from tests.simulation import basis
from tests.soak import figure
from tests.strategies import Load, Tape, World

QUESTIONS = int(os.environ.get("SCR_SOAK_QUESTIONS", "400"))
EACH = 200
"""Questions of each history, of which a quarter are asked of an older log."""
WHERE = (
    {},
    {},
    {"category": "fraud"},
    {"office": "SAC Houston"},
    {"program": None},
    {"meets_tco": "yes"},
    {"meets_tco": "unknown"},
)
BY = ((), (), ("office",), ("category", "meets_tco"), ("program",), ("subcategory",))
YEARS = (None, range(2016, 2022), range(2019, 2020))


def history(dice: Random) -> list[Load]:
    """
    Return files of a history; they load in their order.
    """
    world = World(Tape(dice.randbytes(1)), 9)
    for _ in range(dice.randrange(1, 6)):
        witnessed = dice.random() < 0.2
        world.begin_file(witnessed=witnessed, present=dice.randrange(256))
        for _ in range(dice.randrange(4, 24)):
            world.write_line(Tape(dice.randbytes(20)))
    return [Load(lines) for lines in world.files if lines]


def asked(dice: Random) -> counts.Question:
    """
    Draw what is asked at a basis.
    """
    measures = dice.choice((oracle.MEASURES, (dice.choice(oracle.MEASURES),)))
    where = dice.choice(WHERE)
    return counts.Question(
        measures, dice.choice(YEARS), dice.choice(BY), tuple(where.items())
    )


def disagreements(seed: int, questions: int) -> list[str]:
    """
    Return what the read model and the replay answer otherwise, of one history.
    """
    dice, found = Random(seed), []
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, history(dice)))
        with open_log(path) as log, open_read_model(log) as model:
            facts = ledgers.facts(log)
            for number in range(questions):
                at, question = basis(dice, facts, log.head), asked(dice)
                here = of_oracle(log, at)
                where = dict(question.where)
                told = (facts, at, question.measures, question.years)
                if number % 2:
                    same = counts.cases(model, here, question) == oracle.cases(
                        *told, where=where
                    )
                else:
                    same = counts.count(model, here, question) == oracle.count(
                        *told, by=question.by, where=where
                    )
                if not same:
                    found.append(f"seed {seed}, question {number}: {question} at {at}")
    return found


def test_every_answer_is_the_replays():
    """
    Figures and members, at any basis on both axes, in any cell.
    """
    since, found = time.monotonic(), []
    for seed in range(-(-QUESTIONS // EACH)):
        found += disagreements(seed, min(EACH, QUESTIONS))

    what = "a figure or a list of members that a replay does not give"
    figure("as-of", "held", QUESTIONS, len(found), what, since=since)
    assert found == []


def test_a_cut_off_that_is_off_is_seen(monkeypatch):
    """
    Were a cut-off a microsecond later, or a position one more, it would be noticed.
    """
    real = of_oracle

    def later(log, at):
        made = real(log, at)
        if made.instant is None:
            position = min(made.position + 1, log.head)
            return made._replace(position=position)
        return made._replace(instant=made.instant + 1)

    monkeypatch.setitem(globals(), "of_oracle", later)
    found = [one for seed in range(2) for one in disagreements(seed, EACH)]

    what = "seen, with a cut-off a microsecond and a position one too late"
    figure("as-of", "seeded", 2 * EACH, len(found), what)
    assert len(found) > 2


# --- rebuilt elsewhere ----------------------------------------------------------------

REBUILD = """
import sqlite3, sys
from ledger.reader import open_log
from projections import building
from projections.readmodel import path_beside, silent
path = sys.argv[1]
with open_log(path) as log:
    building.rebuild(log, path_beside(path), silent)
sys.stdout.write("\\n".join(sqlite3.connect(path_beside(path)).iterdump()))
"""


def rebuilt(path: str, hash_seed: str) -> str:
    """
    Rebuild the read model of a ledger elsewhere; return all it holds as text.
    """
    return subprocess.run(
        [sys.executable, "-c", REBUILD, path],
        env={
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_a_rebuild_is_the_same_whatever_the_hash_seed():
    """
    Processes with other hash seeds build the same rows, in the same order.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, history(Random(7))))
        first, second = (rebuilt(path, seed) for seed in ("1", "4242"))

    assert first == second
    assert first.count("INSERT INTO") > 20
