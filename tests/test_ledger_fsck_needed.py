"""No check of the verifier can be taken out without a named attack passing."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from ledger import fsck
from ledger.domain import restatement as domain
from ledger.reader import open_log
from tests import ledgers, restatements
from tests.accountability import cited, recommend, recommended, request, requested
from tests.attacks import ATTACKS, Attack
from tests.claims import writing
from tests.commandline import life, scr
from tests.mutants import Check, Loader, checks
from tests.packages import two_people
from tests.people import CHIEF, add
from tests.soak import figure
from tests.test_ledger_fsck import (  # noqa: F401 - fixtures
    asserted,
    categorized,
    defined,
    packaged,
    published,
    sound,
)
from tests.test_ledger_fsck_signed import sound as signed  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.fsck import Checked

BASES = sorted({one.base for one in ATTACKS})


def is_found(check: Callable[..., Checked], attack: Attack, path: str) -> bool:
    """
    Whether a verifier has the finding that an attack is.
    """
    try:
        asked = attack.asked(path)
        with world(attack):
            found = check(path, lambda _: None, **asked).findings
    except Exception:  # noqa: BLE001 - it does not work any more; that is noticed too
        return False
    said = [one for one in found if one.check == attack.check]
    return attack.position in {one.position for one in said} and any(
        attack.words in one.why for one in said
    )


@pytest.fixture
def people(tmp_path) -> str:
    """
    A ledger of one SCR with four eyes on; the next fact is at 10.
    """
    path = ledgers.make(tmp_path / "people.db")
    ledgers.load(path, life("S-1"))
    add(path, CHIEF, "supervisor")
    add(path, "ann", "agent", account="a1")
    return path


@pytest.fixture
def answering(tmp_path) -> str:
    """
    A ledger of one SCR, a request at 6, a citation at 7, a recommendation at 8 that is
    closed at 9.
    """
    path = ledgers.make(tmp_path / "answering.db")
    ledgers.load(path, life("S-1"))
    with open_log(path) as log:
        proof = {"proved_position": 5, "proved_root": log.root(5).hex()}
    request(path, requested())
    request(path, cited(path, **proof))
    recommended(path, check="assertions")
    recommend(path, "closed", evidence="e", check="assertions", **proof)
    return path


@pytest.fixture
def sampled(tmp_path) -> str:
    """
    A ledger of one SCR, a frame at 6, and a draw at 8 with a seed from the log.
    """
    path = ledgers.make(tmp_path / "sampled.db")
    ledgers.load(path, life("S-1"))
    for said in (
        "sample frame A stands",
        "reopen S-1 --reason r",
        "sample draw A --size 1 --seed-from-log",
    ):
        told = scr("--ledger", path, *said.split(), "--by", "ann")
        assert told.code == 0, told.err
    return path


@pytest.fixture
def restated(tmp_path, monkeypatch) -> str:
    """
    A ledger in which two restatements stand in the place of one publication.
    """
    path = ledgers.make(tmp_path / "restated.db")
    ledgers.load(path, life("S-1"))
    restatements.publish(path, "APR", ("dd-all", 2019))
    content, head = restatements.draft(path, "APR")
    other = restatements.draft(path, "APR", ["dd-tco"])[0]._replace(name="APR-X")
    with monkeypatch.context() as unlocked, writing(path) as ledger:
        unlocked.setattr(domain, "misplaced", lambda *_: iter(()))
        ledger.publish([content, other], head=head, by="b")
    return path


@pytest.fixture
def folder():
    """
    A folder in memory.
    """
    with ledgers.folder() as found:
        yield found


@contextmanager
def world(attack: Attack) -> Iterator[None]:
    """
    Let things be as an attack takes them to be: packages as if by two people, and for
    who is blind, as if the library of signatures were not installed.
    """
    # An import of what is None is refused.
    missing = ("cryptography", "cryptography.exceptions") if attack.blind else ()
    with (
        mock.patch.dict(sys.modules, dict.fromkeys(missing)),
        pytest.MonkeyPatch.context() as patch,
    ):
        if attack.base == "packaged":
            two_people(patch)
        yield


def test_each_check_is_needed(request, monkeypatch, folder):
    """
    Every attack is found; and with any one check taken out, one is found no more.
    """
    since = time.monotonic()
    bases = {}
    for name in BASES:
        bases[name] = request.getfixturevalue(name)
        monkeypatch.undo()  # That two people act, which is so of one of them.
    loader, reached, paths, missed = Loader(), {}, {}, []
    seen: set[tuple[str, int]] = set()
    noting = loader.noting(seen)
    for attack in ATTACKS:
        place = folder / attack.name
        place.mkdir()
        paths[attack.name] = path = attack.made(bases, place)
        if not is_found(fsck.check, attack, path):
            missed.append(attack.name)
        seen.clear()
        is_found(noting, attack, path)
        reached[attack.name] = set(seen)

    assert not missed, missed
    every = checks()
    left = [one for one in every if survives(loader, one, every, reached, paths)]
    figure("verifier", "held", len(every), len(left), "not missed", since=since)
    assert not left, "\n".join(["", *map(str, left)])


def survives(loader: Loader, check: Check, every: list[Check], reached, paths) -> bool:
    """
    Whether a verifier without a check still finds every attack; those that it, or
    another of its function, told something of are asked.
    """
    without = loader.without(check)
    near = {
        (one.module, one.number)
        for one in every
        if (one.module, one.function) == (check.module, check.function)
    }
    own = {(check.module, check.number)}
    asked = (
        [one for one in ATTACKS if own & reached[one.name]]
        or [one for one in ATTACKS if near & reached[one.name]]
        or ATTACKS
    )
    return all(is_found(without, one, paths[one.name]) for one in asked)
