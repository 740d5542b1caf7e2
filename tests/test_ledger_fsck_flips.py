"""No bit of a ledger file can turn over and change an answer unnoticed.

`SCR_SOAK_FLIPS` sets how many bits of the file are tried, `all` for every one.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from ledger import fsck
from ledger.errors import LedgerError
from ledger.fsck.log import LogCheck
from ledger.fsck.tables import schema_text
from ledger.reader import open_log
from tests import ledgers
from tests.commandline import scr
from tests.soak import figure
from tests.tampering import image_of, made

FLIPS = os.environ.get("SCR_SOAK_FLIPS", "500")
FACTS = 100


@pytest.fixture(scope="module")
def path() -> str:
    """
    A ledger of a hundred case facts with a key and checkpoints; files in memory.
    """
    with ledgers.folder() as folder:
        found = made(folder, FACTS, every=FACTS // 2)
        assert fsck.check(found, lambda _: None).findings == ()
        yield found


def answered(path: str) -> tuple:
    """
    Return all that any question is answered from, in the order of the log and, read
    through the index, of each stream.
    """
    with open_log(path) as log:
        head, told = log.head, log.identity
        facts, streams = log.rows(0, head), log.family("", head)
        return told, list(facts), streams, log.root(head), image_of(path)


def found(path: str) -> bool:
    """
    Whether the checker finds anything, or the file is refused; it stops at the first.
    """
    log = LogCheck()
    try:
        with fsck.reading(path) as connection:
            for _ in schema_text(connection):
                return True
            for _ in fsck.contents(connection, log, lambda _: None):
                return True
    except LedgerError:
        return True
    return False


def flips(size: int) -> list[int]:
    """
    Return the bits to turn over.
    """
    if FLIPS == "all":
        return list(range(size * 8))
    return Random(1).sample(range(size * 8), int(FLIPS))


def test_no_flipped_bit_is_wrong_in_silence(path):
    """
    It is found, or refused, or lies where nothing is read from and every answer stays.
    """
    since, right = time.monotonic(), answered(path)
    whole = Path(path).read_bytes()
    told, wrong = Counter(), []
    file = os.open(path, os.O_RDWR)
    for bit in flips(len(whole)):
        place = bit // 8
        os.pwrite(file, bytes([whole[place] ^ 1 << bit % 8]), place)
        if found(path):
            told["found"] += 1
        else:
            told["free"] += 1
            try:
                if answered(path) != right:
                    wrong.append(bit)
            except LedgerError:
                told["refused"] += 1
        os.pwrite(file, whole[place : place + 1], place)
    os.close(file)
    assert Path(path).read_bytes() == whole
    runs = told["found"] + told["free"]
    figure("flips", "held", runs, len(wrong), "wrong in silence", since=since)
    assert wrong == []
    assert told["found"] > runs // 3, told


def test_a_flip_in_a_fact_is_found_by_the_command(path, tmp_path):
    """
    What stops at the first finding here ends with 4 there; a count would have changed.
    """
    whole = bytearray(Path(path).read_bytes())
    place = bytes(whole).index(b"D1")
    whole[place + 1] ^= 1
    spoilt = tmp_path / "scr.db"
    spoilt.write_bytes(whole)

    assert found(str(spoilt))
    assert answered(str(spoilt)) != answered(path)
    assert scr("--ledger", str(spoilt), "verify").code == 4
