"""Every way of tampering at every place of a log is found, and called what it is.

`SCR_SOAK_TAMPERED` sets how many facts the log has; then every place of it is tried,
else a sample. The table of words is that of SECURITY.md.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from random import Random

import pytest

from ledger import fsck
from ledger.fsck.elsewhere import seen
from ledger.fsck.found import DAMAGED, FORKED, ROLLED_BACK, UNSIGNED, Seen
from ledger.fsck.log import LogCheck
from ledger.tlog.merkle import root
from tests.soak import figure
from tests.tampering import (
    ATTACKS,
    Image,
    before,
    changed,
    findings,
    fork,
    image_of,
    lasts,
    made,
    put_back,
    table,
    tiles_of,
)

FACTS = int(os.environ.get("SCR_SOAK_TAMPERED", "0"))
SAMPLE = 1_000
EVERY = 100

WORDS = {
    # Attack: plain; hashed anew, under a checkpoint on record; after the last one, by
    # what was last seen of the log.
    "edited": (DAMAGED, FORKED, FORKED),
    "backdated": (DAMAGED, FORKED, FORKED),
    "deleted": (DAMAGED, FORKED, ROLLED_BACK),
    "duplicated": (DAMAGED, FORKED, FORKED),
    "swapped": (DAMAGED, FORKED, FORKED),
    "inserted": (DAMAGED, FORKED, FORKED),
    "truncated": (DAMAGED, ROLLED_BACK, ROLLED_BACK),
}
"""What each attack is called. A log that was cut off, with its bookkeeping, holds no
checkpoint of what is gone: only who has seen it knows."""


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> str:
    """
    A ledger with a key, checkpoints, and some facts after the last one.
    """
    folder = tmp_path_factory.mktemp("tampered")
    every = EVERY if FACTS else EVERY // 2
    return made(folder, FACTS or 500, every=every)


@pytest.fixture(scope="module")
def image(path) -> Image:
    """
    What that ledger holds.
    """
    assert fsck.check(path, lambda _: None).findings == ()
    return image_of(path)


def covered(image: Image) -> int:
    """
    Return the size of the last checkpoint on record.
    """
    log = LogCheck()
    for row in image.rows:
        assert not list(log.row(row))
    return log.issued[-1].size


def keyed(image: Image) -> int:
    """
    Return where the key stands.
    """
    return next(i for i, row in enumerate(image.rows, 1) if row.stream == b"keys")


def needs_memory(case: tuple[int, str, bool], signed: int) -> bool:
    """
    Whether only who has seen the log can know of an attack.
    """
    place, attack, anew = case
    first = place + 1 if attack == "duplicated" else place
    return anew and (first > signed or attack == "truncated")


def expected(case: tuple[int, str, bool], signed: int, key: int) -> str:
    """
    Return the word for an attack at a place.

    :param signed: the size of the last checkpoint on record.
    :param key: where the key stands.
    """
    place, attack, anew = case
    plain, under, after = WORDS[attack]
    if not anew:
        return plain
    if needs_memory(case, signed):
        return after
    # A key that is not where it says it is signs nothing after it.
    moves = {
        "deleted": place <= key,
        "inserted": place <= key,
        "duplicated": place < key,
        "swapped": place in {key - 1, key},
    }
    return UNSIGNED if moves.get(attack) else under


def attacks(image: Image) -> list[tuple[int, str, bool]]:
    """
    Return every attack at every place, as found and hashed anew, by place.
    """
    every = [
        (place, attack, anew)
        for attack in ATTACKS
        for place in lasts(image, attack)
        for anew in (False, True)
    ]
    return sorted(every if FACTS else Random(1).sample(every, SAMPLE))


def found(image: Image, log: LogCheck, case: tuple[int, str, bool], word: str) -> bool:
    """
    Whether an attack is found with its word by the file alone; it stops there.
    """
    place, attack, anew = case
    return any(
        one.word == word for one in findings(image, log, place, attack, anew=anew)
    )


def test_every_attack_is_found_at_every_place(image):
    """
    A hundred of a hundred, each with its word: as found, or with every hash made anew.
    """
    since, missed = time.monotonic(), []
    cases, signed, key = attacks(image), covered(image), keyed(image)
    whole = root([row.leaf for row in image.rows]).hex()
    last = Seen(len(image.rows), whole, "this computer")
    for case, log in before(image, cases):
        word = expected(case, signed, key)
        if found(image, log, case, word):
            continue
        covers = not needs_memory(case, signed)
        if covers or word not in {one.word for one in seen(log, last)}:
            missed.append((*case, word))
    figure("tampering", "held", len(cases), len(missed), "not found", since=since)
    assert missed == [], (len(missed), missed[:20], signed)


def test_the_table_is_that_of_the_docs():
    """
    In the same words; where only who has seen it knows, it says so.
    """
    seen = ", to who has seen it"
    told = table("SECURITY.md", "hashes left as they were")
    assert told == {
        attack: (plain, under + seen * (under == ROLLED_BACK), after + seen)
        for attack, (plain, under, after) in WORDS.items()
    }


def test_without_a_checkpoint_or_a_witness_new_hashes_are_not_found(image):
    """
    What SECURITY.md says cannot be found: all of it, not a fact less.
    """
    signed = covered(image)
    silent = Counter()
    places = range(signed + 2, len(image.rows) - 1, 7)
    for (place, attack, _), log in before(
        image, [(place, attack, True) for place in places for attack in ATTACKS]
    ):
        said = {one.word for one in findings(image, log, place, attack, anew=True)}
        silent[attack] += not said
        assert FORKED not in said
    assert silent["edited"] == silent["truncated"] == len(places), silent


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("anew", [False, True])
def test_a_log_in_memory_is_judged_as_a_file_is(path, image, tmp_path, attack, anew):
    """
    The same findings, in the same words, wherever the log is read from.
    """
    for place in Random(attack).sample(list(lasts(image, attack)), 1):
        ((_, log),) = before(image, [(place, attack, anew)])
        tail = list(changed(image, fork(log), place, attack, anew=anew))
        whole = [*image.rows[: place - 1], *tail]
        in_memory = {
            (one.position, one.check)
            for one in findings(image, log, place, attack, anew=anew)
        }
        kept = tiles_of([row.leaf for row in whole]) if anew else image.tiles
        given = len(whole) if anew else image.given
        file = shutil.copy(path, tmp_path / "scr.db")
        put_back(file, Image(whole, kept, given))
        in_file = fsck.check(file, lambda _: None).findings
        assert {(one.position, one.check) for one in in_file} == in_memory, place
