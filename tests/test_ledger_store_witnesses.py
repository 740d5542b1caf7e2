"""Policies, cosignatures and summaries on record: decided, kept, and verified."""

from __future__ import annotations

import json
import shutil

import pytest

from ledger import fsck
from ledger.errors import (
    FactDamagedError,
    FutureError,
    LacksRoleError,
    NotSignedError,
    PolicyError,
    UnknownWitnessError,
)
from ledger.reader import open_log
from ledger.tlog import checkpoint, note
from projections.witnessing import on_record, policy_of, witnessing
from tests import ledgers
from tests.keys import ONE, TWO, distrust, issue, origin, put_key
from tests.people import add, opened, smuggle
from tests.proofs import ANN, BEN, witness_key
from tests.publications import compute

NOW = int(ledgers.Clock()().timestamp())
"""Some time in the year in which ledgers of tests are made."""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> str:
    """
    A ledger with a key and a checkpoint of all up to 3.
    """
    from tests.commandline import filed

    found = ledgers.make(tmp_path_factory.mktemp("made") / "scr.db")
    ledgers.load(found, filed("S-1"))
    put_key(found, ONE)
    issue(found, ONE)
    return found


@pytest.fixture
def path(made, tmp_path) -> str:
    """
    A copy to witness.
    """
    return shutil.copy(made, tmp_path / "scr.db")


def entrust(path, required=1, vkeys=None, **said):
    """
    Record a policy: of Ann and Ben one is enough, where nothing else is asked for.
    """
    vkeys = vkeys or [witness_key("ann", ANN), witness_key("ben", BEN)]
    with opened(path) as ledger:
        return ledger.entrust(required, vkeys, **{"by": "chief", **said})


def cosign(path, *lines, **said):
    """
    Record cosignatures.
    """
    with opened(path) as ledger:
        return ledger.cosign(lines, **{"by": "auditor", **said})


def last(path) -> str:
    """
    Return what is signed of the last checkpoint.
    """
    with open_log(path) as log:
        rows = log.stream("checkpoints", log.head)
    payloads = [json.loads(row.payload) for row in rows]
    issued = [one["note"] for one in payloads if one["event"] == "checkpointed"]
    found = checkpoint.parse(issued[-1].encode())
    return found.note.text


def line(path, name="ann", key=ANN, at=NOW, text=None) -> str:
    """
    Return a witness's line for the last checkpoint.
    """
    return str(note.cosign(text or last(path), key, name, at)).rstrip("\n")


def findings(path) -> list[tuple[int | None, str]]:
    """
    Return what the checker finds, and where.
    """
    found = fsck.check(path, lambda _: None).findings
    return [(one.position, one.check) for one in found]


def by(path, position=1) -> list[str]:
    """
    Return who has witnessed a position.
    """
    with open_log(path) as log:
        status = witnessing(log)(position)
    return [] if status is None else [one.name for one in status.by]


def test_a_policy_holds_until_the_next(path):
    """
    The same again adds nothing; none at all takes it back.
    """
    with open_log(path) as log:
        assert witnessing(log)(1) is None
    first, again = entrust(path), entrust(path)
    assert (first.position, first.already) == (6, False)
    assert (again.position, again.already) == (6, True)
    with open_log(path) as log:
        assert str(witnessing(log)(1)) == "witnessed by 0 of 2, 1 required"
    with opened(path) as ledger:
        ledger.entrust(0, [], by="chief")
    with open_log(path) as log:
        assert witnessing(log)(1) is None
        assert policy_of(log).required == 0
    assert findings(path) == []


@pytest.mark.parametrize(
    ("required", "vkeys", "says"),
    [
        (3, None, "3 of 2"),
        (1, ["no key"], "verifier key"),
        (1, [witness_key("ann", ANN)[:-4] + "AAAA"], "id is not"),
    ],
)
def test_what_is_no_policy(path, required, vkeys, says):
    """
    Nothing is recorded of one that nobody could keep.
    """
    with pytest.raises(Exception, match=says):
        entrust(path, required, vkeys)
    assert findings(path) == []


def test_a_key_of_the_ledger_witnesses_nothing(path):
    """
    Neither under its own name nor as a witness.
    """
    name = origin(path)
    for vkey in (str(ONE.public(name)), witness_key("w", ONE.private)):
        with pytest.raises(PolicyError):
            entrust(path, 1, [vkey])


def test_a_witness_that_becomes_the_key_of_the_ledger_counts_no_more(path):
    """
    What a key signs for the log it signs nothing else for.
    """
    entrust(path, 1, [witness_key("w", TWO.private)])
    cosign(path, line(path, "w", TWO.private))
    assert by(path) == ["w"]
    put_key(path, TWO, ONE)
    assert by(path) == []


def test_a_cosignature_is_recorded_once(path):
    """
    By the witness, over the checkpoint; at another time it is the same one.
    """
    entrust(path)
    (first,) = cosign(path, line(path))
    (again,) = cosign(path, line(path, at=NOW - 60))

    assert (first.position, first.already, first.said.size) == (7, False, 4)
    assert (again.position, again.already) == (7, True)
    assert by(path, 4) == ["ann"]
    assert by(path, 5) == []
    with open_log(path) as log:
        assert [one.said.name for one in on_record(log)] == ["ann"]
    assert findings(path) == []


def test_a_later_checkpoint_covers_what_came_before(path):
    """
    Each witness counts once, whichever checkpoints it has signed.
    """
    entrust(path)
    cosign(path, line(path))
    issue(path, ONE)
    cosign(path, line(path), line(path, "ben", BEN))

    assert by(path, 4) == ["ann", "ben"]
    assert by(path, 6) == ["ann", "ben"]
    assert findings(path) == []


def test_what_is_not_recorded(path):
    """
    By a stranger, of another log, of a time to come, or not a line at all.
    """
    with pytest.raises(UnknownWitnessError):
        cosign(path, line(path))
    entrust(path)
    other = last(path).replace("\n4\n", "\n3\n")
    for wrong in (
        line(path, "eve", TWO.private),
        line(path, "ann", BEN),
        line(path, "anna", ANN),
        line(path, text=other),
    ):
        with pytest.raises(UnknownWitnessError):
            cosign(path, wrong)
    with pytest.raises(FutureError):
        cosign(path, line(path, at=NOW + 10 * 365 * 86_400))
    with pytest.raises(NotSignedError):
        cosign(path, "— ann")
    with open_log(path) as log:
        assert log.head == 6


def test_a_checkpoint_that_is_believed_no_more_is_witnessed_by_nobody(path):
    """
    With the trust in the key that signed it, what others signed of it is gone.
    """
    entrust(path)
    cosign(path, line(path))
    distrust(path, ONE, 2)

    assert by(path) == []


def test_roles_are_asked_for(path):
    """
    A policy takes a supervisor or a publisher, a cosignature somebody who claims.
    """
    add(path, "chief", "supervisor")
    add(path, "panelist", "panel")
    add(path, "auditor", "auditor")
    entrust(path)
    cosign(path, line(path))

    with pytest.raises(LacksRoleError):
        entrust(path, 2, by="auditor")
    with pytest.raises(LacksRoleError):
        cosign(path, line(path, "ben", BEN), by="panelist")
    assert findings(path) == []


# --- forged ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forged",
    [
        lambda path: {"size": 4, "line": line(path, "ben", ANN)},
        lambda path: {"size": 3, "line": line(path)},
        lambda path: {"size": 4, "line": line(path)},
        lambda path: {"size": 4, "line": line(path, "eve", TWO.private)},
        lambda path: {"size": 4, "line": line(path, "ben", BEN, at=2**40)},
    ],
)
def test_a_forged_cosignature_is_found(path, forged):
    """
    By another key, of another size, twice, by a stranger, or of a time to come.
    """
    entrust(path)
    cosign(path, line(path))
    fields = {"event": "cosigned", **forged(path)}
    position = smuggle(path, "checkpoints", "ledger.cosigned/1", **fields)

    assert findings(path) == [(position, "unsigned")]


@pytest.mark.parametrize(
    "forged",
    [
        lambda path: {"size": 4, "line": line(path, "ben", ANN)},
        lambda path: {"size": 4, "line": line(path, at=2**62)},
    ],
)
def test_a_forged_cosignature_is_counted_by_nobody(path, forged):
    """
    Who asks what is witnessed is told that it is damaged.
    """
    entrust(path)
    fields = {"event": "cosigned", **forged(path)}
    smuggle(path, "checkpoints", "ledger.cosigned/1", **fields)

    with pytest.raises(FactDamagedError, match="position 7"):
        by(path)


def test_a_cosignature_hides_no_fact_from_the_checker(path):
    """
    It is about a checkpoint, once; the policy after that checkpoint is not covered.
    """
    entrust(path)
    cosign(path, line(path))

    assert fsck.check(path, lambda _: None).signing.uncovered == 1


@pytest.mark.parametrize(
    ("required", "vkeys"),
    [
        (2, [witness_key("ann", ANN)]),
        (1, [witness_key("ann", ANN), witness_key("anna", ANN)]),
        (1, [witness_key("w", ONE.private)]),
    ],
)
def test_a_forged_policy_is_found(path, required, vkeys):
    """
    One that was never decided.
    """
    fields = {"event": "entrusted", "required": required, "witnesses": vkeys}
    position = smuggle(path, "witnesses", "ledger.entrusted/1", **fields)

    assert findings(path) == [(position, "unsigned")]


# --- summaries ------------------------------------------------------------------------


def published(path, signer=ONE):
    """
    Record a publication, signed.
    """
    content, head = compute(path, "APR", ("dd-all", 2019))
    with opened(path) as ledger:
        (decided,) = ledger.publish([content], head=head, by="press", signer=signer)
    return decided


def test_what_is_printed_is_summed_up_where_a_key_signs(path):
    """
    Between the publication and the checkpoint; it names nobody, and verifies.
    """
    decided = published(path)
    with open_log(path) as log:
        rows = log.at(range(decided.position, log.head + 1))
    told = json.loads(rows[1].payload)

    assert [row.topic for row in rows] == [
        "ledger.published/1",
        "ledger.summarized/1",
        "ledger.checkpointed/1",
    ]
    assert set(told["figures"][0]) == {
        "measure",
        "fiscal_year",
        "value",
        "members_root",
    }
    assert "members_secret" not in told
    assert decided.checkpoint.size == decided.position + 1
    assert findings(path) == []


def test_without_a_key_nothing_is_summed_up(path):
    """
    A ledger that nobody signs has nothing to prove.
    """
    decided = published(path, None)
    with open_log(path) as log:
        assert log.head == decided.position


@pytest.mark.parametrize(
    "change",
    [
        {"seal": "ab" * 32},
        {"figures": [{"measure": "dd-all", "fiscal_year": 2019, "value": 7}]},
        {"publication": "APR-2"},
        {},
    ],
)
def test_a_forged_summary_is_found(path, change):
    """
    Of another seal, figure or publication; or a second one.
    """
    decided = published(path, ONE if not change else None)
    with open_log(path) as log:
        payload = json.loads(log.at([decided.position])[0].payload)
    figure = payload["content"]["figures"][0]
    kept = ("measure", "fiscal_year", "value", "members_root")
    fields = {
        "event": "summarized",
        "publication": "APR",
        "seal": payload["seal"],
        "figures": [{name: figure[name] for name in kept}],
        **change,
    }
    stream = f"summary/{fields['publication']}"
    position = smuggle(path, stream, "ledger.summarized/1", **fields)

    assert findings(path) == [(position, "publication")]
