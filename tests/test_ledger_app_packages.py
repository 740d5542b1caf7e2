"""Agreement against what happens to machines: crowds, and kills at every statement."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from tests import ledgers, people, users
from tests.commandline import HISTORY
from tests.packages import (
    agree,
    hash_now,
    head,
    item,
    lines,
    propose,
    verified,
)
from tests.soak import figure

RACES = int(os.environ.get("SCR_SOAK_RACES", "24"))
ITEMS = [item("voided"), item("voided", "SCR-2"), item("voided", "SCR-3")]


@pytest.fixture
def proposed(tmp_path) -> Path:
    """
    A ledger of people, with a package of three items.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, HISTORY)
    people.add(path, people.CHIEF, "supervisor")
    for name in ("ann", "bob", "cy"):
        people.add(path, name, "corrector", "approver")
    propose(path, *ITEMS)
    return tmp_path / "scr.db"


def _act(path: str, act: str, by: str, digest: str, at: float) -> str | None:
    """
    Agree or amend at an instant; return by what rule it was refused.
    """
    # Of each race two users who are one, and have not seen the races before it.
    os.environ["XDG_STATE_HOME"] = f"{path}-{at}"
    while time.time() < at:
        pass
    try:
        if act == "agree":
            agree(path, by=by, hash_=digest)
        else:
            propose(path, item("voided", "SCR-4"), amends="C-1", by=by)
    except LedgerError as refused:
        return type(refused).__name__
    return None


RIVALS = {
    "amend": ({"PackageChangedError", "PackageDecidedError"}),
    "agree": ({"PackageDecidedError"}),
}


@pytest.mark.parametrize("rival", RIVALS)
def test_of_two_processes_one_is_refused(proposed, tmp_path, rival):
    """
    Approve against amend, approve against approve: never both, and never half.
    """
    start = proposed.read_bytes()
    digest = hash_now(str(proposed))
    first = 0
    since = time.monotonic()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(
            pool.map(
                _act, [str(tmp_path / "none")] * 2, ["agree"] * 2, "bc", "00", [0, 0]
            )
        )
        for number in range(RACES):
            path = str(tmp_path / "race.db")
            Path(path).write_bytes(start)
            at = time.time() + 0.01
            acts = ("agree", rival) if number % 2 else (rival, "agree")
            told = list(
                pool.map(_act, [path] * 2, acts, ("bob", "cy"), [digest] * 2, [at] * 2)
            )

            refusals = {one for one in told if one is not None}
            assert told.count(None) == 1, told
            assert refusals <= RIVALS[rival], told
            agreed = told[acts.index("agree")] is None or rival == "agree"
            brought = [one for one in lines(path) if one.get("correction") == "C-1"]
            assert len(brought) == (3 if agreed else 0)
            assert verified(path) == ()
            first += told[0] is None
    assert RACES < 24 or 0 < first < RACES
    what = "both won, or one by half"
    figure("packages-races", "held", RACES, 0, what, since=since)


def _killed(path: str, digest: str, statement: int) -> bool:
    """
    Agree in a process that is killed before a statement; say whether it was.
    """
    child = os.fork()
    if child == 0:
        left = [statement]
        connect = sqlite3.connect

        def step(_text: str) -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def watched(*args, **options):
            connection = connect(*args, **options)
            connection.set_trace_callback(step)
            return connection

        sqlite3.connect = watched
        try:
            agree(path, hash_=digest)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_kill_at_every_statement_leaves_all_or_nothing(proposed):
    """
    Whichever statement it dies before, the package is agreed to whole or stands
    proposed; and then it can be agreed to.
    """
    start, path = proposed.read_bytes(), str(proposed)
    digest, before = hash_now(path), head(path)
    seen = set()
    for statement in range(500):
        Path(f"{path}-journal").unlink(missing_ok=True)
        proposed.write_bytes(start)
        users.forget()
        if not _killed(path, digest, statement):
            break
        with sqlite3.connect(path) as connection:  # Whoever writes next rolls it back.
            connection.execute("BEGIN IMMEDIATE")
        seen.add(head(path) - before)
        assert head(path) in (before, before + 4)
        assert verified(path) == ()
        if head(path) == before:
            agree(path, hash_=digest)
        assert [one.get("correction") for one in lines(path)[-3:]] == ["C-1"] * 3
    else:
        pytest.fail("it was never let through")
    assert statement > 20
    assert head(path) == before + 4
    assert 0 in seen
