"""No byte of a checkpoint or a publication can be another one and be accepted.

`SCR_SOAK_BYTES` sets how many bits of each byte are turned over.
"""

from __future__ import annotations

import json
import os
import time
from itertools import chain, islice

import pytest

from ledger.errors import NoCheckpointError
from ledger.fsck.elsewhere import against
from ledger.fsck.found import FORKED
from ledger.fsck.log import LogCheck, proofs
from tests import ledgers
from tests.commandline import life
from tests.keys import ONE, issue, put_key
from tests.publications import publish
from tests.soak import figure
from tests.tampering import Image, before, hashed_anew, image_of

BITS = int(os.environ.get("SCR_SOAK_BYTES", "1"))


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Image:
    """
    A ledger with a publication, and a checkpoint after it.
    """
    path = ledgers.make(tmp_path_factory.mktemp("bytes") / "scr.db")
    put_key(path, ONE)
    ledgers.load(path, life("S-1"))
    publish(path, "APR", ("dd-all", 2019), ("disruptions-all", 2019))
    issue(path, ONE)
    return image_of(path)


def mutants(data: bytes):
    """
    Yield data with one byte gone, twice, or with a bit turned over.
    """
    for at, byte in enumerate(data):
        yield data[:at] + data[at + 1 :]
        yield data[: at + 1] + data[at:]
        for bit in islice(chain((at % 8,), (b for b in range(8) if b != at % 8)), BITS):
            yield data[:at] + bytes([byte ^ 1 << bit]) + data[at + 1 :]


def test_no_mutant_of_a_checkpoint_is_accepted(image):
    """
    Held elsewhere, it is no checkpoint any more, or it is not signed, or it disagrees.
    """
    since, log = time.monotonic(), LogCheck()
    for row in image.rows:
        assert not list(log.row(row))
    (row,) = [row for row in image.rows if row.topic == b"ledger.checkpointed/1"]
    held = json.loads(row.payload)["note"].encode()
    assert list(against(log, held)) == []

    accepted, runs = [], 0
    for mutant in mutants(held):
        if mutant == held:
            continue
        runs += 1
        try:
            if not list(against(log, mutant)):
                accepted.append(mutant)
        except NoCheckpointError:
            pass
    figure("signed-bytes", "held", runs, len(accepted), "accepted", since=since)
    assert accepted == []
    assert runs > len(held)


@pytest.mark.parametrize("topic", [b"ledger.published/1", b"ledger.checkpointed/1"])
def test_no_mutant_of_a_sealed_fact_is_accepted(image, topic):
    """
    With every hash made anew: it is no fact, or its seal or its signature is another's,
    or the checkpoint after it is of another log. Nothing covers the last checkpoint but
    its signature; who is said to have issued it is not signed.
    """
    since = time.monotonic()
    (row,) = [row for row in image.rows if row.topic == topic]
    ((_, log),) = before(image, [(row.position, "edited", True)])
    tail = image.rows[row.position :]
    payload, accepted, runs = row.payload, [], 0
    if not tail:
        start = payload.index(b'"note"')
        cases = (payload[:start] + one for one in mutants(payload[start:]))
    else:
        cases = mutants(payload)
    for mutant in cases:
        if mutant == payload:
            continue
        runs += 1
        if not is_found(log, row._replace(payload=mutant), tail):
            accepted.append(mutant)
    figure("signed-bytes", "held", runs, len(accepted), "accepted", since=since)
    assert accepted == []


def is_found(log: LogCheck, row, tail) -> bool:
    """
    Whether a row, and all that comes after it, is found to be another.
    """
    from tests.tampering import fork

    mine = fork(log)
    for each in hashed_anew([row, *tail], mine, row.position):
        if list(mine.row(each)):
            return True
    return any(one.word == FORKED for one in proofs(mine))
