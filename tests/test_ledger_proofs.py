"""Proofs checked offline: what a file shows to whom, and what it does not."""

import os
import time

import pytest

from ledger import proofs
from ledger.errors import (
    LedgerError,
    NoProofError,
    NotLinkedError,
    NotProvedError,
    TwoHistoriesError,
    UnknownKeyError,
)
from ledger.tlog import note
from ledger.tlog.note import NoteError
from ledger.tlog.proof_text import Inclusion
from tests.proofs import (
    ANN,
    BEN,
    LOG,
    NEXT,
    NOW,
    bits,
    entries,
    grown,
    included,
    log_key,
    signed,
    text,
    witness_key,
)
from tests.soak import figure

FACTS = entries(5)
BOTH = (("ann", ANN), ("ben", BEN))
SIGNED = signed(FACTS, witnesses=BOTH)
VKEYS = (log_key(), witness_key("ann", ANN), witness_key("ben", BEN))


def trust(*vkeys, required=None, now=NOW):
    """Return whom a reader believes: the log, if nobody else."""
    return proofs.trust_of(vkeys or (log_key(),), required=required, now=now)


def check(data, believed=None, held=None, ties=()):
    """Read a file and check it, as the command does."""
    one = proofs.read("f", data)
    return proofs.check("f", one, believed or trust(), held, ties)


def held(facts):
    """Return a checkpoint that the reader kept of a log of these facts."""
    return proofs.vouch("held", signed(facts), trust())


# --- inclusion ------------------------------------------------------------------------


def test_a_fact_is_in_the_log():
    """
    It says which fact, how long the log was, who signed it and who cosigned when.
    """
    shown = check(str(included(FACTS, 3, SIGNED)).encode(), trust(*VKEYS))

    assert (shown.fact.position, shown.fact.payload) == (3, b'{"at":3}')
    assert (shown.vouched.head.size, shown.vouched.key) == (5, log_key())
    assert [(one.name, one.at) for one in shown.vouched.cosigned] == [
        ("ann", NOW),
        ("ben", NOW),
    ]
    assert shown.vouched.others == 0


def test_signatures_by_other_keys_are_left_aside_and_counted():
    """
    As C2SP signed-note asks for; nothing that is said rests on them.
    """
    shown = check(str(included(FACTS, 3, SIGNED)).encode())

    assert (shown.vouched.cosigned, shown.vouched.others) == ((), 2)


def turned(proof):
    """Return a proof with each bit turned; all of them in a soak, else every third."""
    every = 1 if os.environ.get("SCR_SOAK_STEPS") else 3
    return list(bits(str(proof).encode()))[::every]


def test_no_bit_of_a_proof_can_be_turned():
    """
    To whoever has all its keys, no changed proof of a fact is one.
    """
    believed, since = trust(*VKEYS), time.monotonic()
    tried, accepted = turned(included(FACTS, 3, SIGNED)), []
    for data in tried:
        try:
            check(data, believed)
        except LedgerError:
            continue
        accepted.append(data)

    what = "of a fact, accepted"
    figure("proofs", "held", len(tried), len(accepted), what, since=since)
    assert not accepted


def test_no_bit_of_a_consistency_proof_can_be_turned():
    """
    Nor of one that ties two sizes.
    """
    proof = grown(FACTS, 3, SIGNED)
    believed, kept = trust(*VKEYS), held(FACTS[:3])
    accepted = []
    check(str(proof).encode(), believed, kept)
    tried, since = turned(proof), time.monotonic()
    for other in tried:
        try:
            check(other, believed, kept)
        except LedgerError:
            continue
        accepted.append(other)

    what = "of growth, accepted"
    figure("proofs", "held", len(tried), len(accepted), what, since=since)
    assert not accepted


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (included(FACTS, 3, SIGNED)._replace(leaf_index=2, entry=FACTS[3]), "the root"),
        (included(FACTS, 3, SIGNED)._replace(path=()), "the root"),
        (Inclusion(b"no fact", 0, (), signed([b"no fact"])), "no fact"),
        (Inclusion(FACTS[1], 0, (), signed([FACTS[1]])), "stands @1"),
        (Inclusion(b"\xff\n" * 7, 0, (), signed([b"\xff\n" * 7])), "no fact"),
    ],
)
def test_what_is_not_in_the_log(one, says):
    """
    Another fact, too few hashes, no fact, or one that says that it stands elsewhere.
    """
    with pytest.raises(NotProvedError, match=says):
        proofs.included("f", one, trust())


# --- keys -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vkeys", "says"),
    [
        ((), "no key is given"),
        ((log_key(origin="scr-ledger/two"),), "no key of this log"),
        ((log_key(NEXT),), "another key"),
        ((witness_key("ann", ANN),), "no key is given"),
    ],
)
def test_an_unknown_key_verifies_nothing(vkeys, says):
    """
    Whoever has not the key of the very log cannot tell, and is told so.
    """
    with pytest.raises(UnknownKeyError, match=says):
        proofs.vouch("f", SIGNED, proofs.trust_of(vkeys, required=0, now=NOW))


def test_one_of_the_keys_of_a_log_is_enough():
    """
    A log that has changed its key signs with one of them.
    """
    vouched = proofs.vouch("f", signed(FACTS, NEXT), trust(log_key(), log_key(NEXT)))

    assert vouched.key == log_key(NEXT)


def test_a_signature_that_says_it_is_by_a_known_key_has_to_be():
    """
    One that is not is no unknown one.
    """
    forged = note.sign(str(signed(entries(4)).head), LOG, SIGNED.head.origin)
    one = SIGNED._replace(note=note.Note(SIGNED.note.text, (forged,)))

    with pytest.raises(NotProvedError, match="not by its key"):
        proofs.vouch("f", one, trust())


@pytest.mark.parametrize(
    ("witnesses", "required", "enough"),
    [
        (BOTH, None, True),
        (BOTH[:1], None, False),
        (BOTH[:1], 1, True),
        ((), 1, False),
        ((), 0, True),
    ],
)
def test_as_many_witnesses_have_to_have_signed(witnesses, required, enough):
    """
    All that are given, or as many as are asked for.
    """
    one = signed(FACTS, witnesses=witnesses)
    believed = trust(*VKEYS, required=required)
    if enough:
        assert len(proofs.vouch("f", one, believed).cosigned) == len(witnesses)
        return
    with pytest.raises(NotProvedError, match="have to"):
        proofs.vouch("f", one, believed)


def test_the_same_witness_twice_is_one():
    """
    Two signatures by one witness are not two witnesses; a second name does not help.
    """
    twice = signed(FACTS, witnesses=(BOTH[0], BOTH[0]))
    believed = trust(log_key(), witness_key("ann", ANN), witness_key("ben", BEN))

    with pytest.raises(NotProvedError, match="given 1 signed"):
        proofs.vouch("f", twice, believed)
    with pytest.raises(NoteError, match="twice"):
        trust(log_key(), witness_key("ann", ANN), witness_key("anna", ANN))


def test_a_log_does_not_witness_itself():
    """
    Its own key is none of a witness, whatever it is called.
    """
    with pytest.raises(NoteError, match="its witness"):
        trust(log_key(), witness_key("w", LOG))


def test_what_is_signed_in_the_future_is_not_signed():
    """
    A cosignature of a time to come does not count; a clock a little ahead is let be.
    """
    one = signed(FACTS, witnesses=BOTH, at=NOW + proofs.AHEAD_SECONDS)

    assert len(proofs.vouch("f", one, trust(*VKEYS)).cosigned) == 2
    with pytest.raises(NotProvedError, match="given 0 signed"):
        proofs.vouch("f", one, trust(*VKEYS, now=NOW - 1))


# --- growth ---------------------------------------------------------------------------


def test_a_log_that_only_grew():
    """
    It is tied to the checkpoint that the reader kept.
    """
    shown = check(str(grown(FACTS, 3, SIGNED)).encode(), None, held(FACTS[:3]))

    assert (shown.old.size, shown.vouched.head.size) == (3, 5)


@pytest.mark.parametrize(
    ("kept", "error", "says"),
    [
        (None, NotProvedError, "--against"),
        (entries(3, "0"), NotProvedError, "changed"),
        (entries(2), NotLinkedError, "of 2"),
    ],
)
def test_a_log_that_did_not(kept, error, says):
    """
    Against nothing, another history, or another size, nothing is shown.
    """
    one = None if kept is None else held(kept)

    with pytest.raises(error, match=says):
        check(str(grown(FACTS, 3, SIGNED)).encode(), None, one)


def test_a_proof_of_a_fact_against_a_checkpoint_kept():
    """
    Of the same log; of another size with what ties them; never of another history.
    """
    data = str(included(FACTS, 3, SIGNED)).encode()
    tie = grown(FACTS, 3, SIGNED)

    assert check(data, None, held(FACTS)).fact.position == 3
    assert check(data, None, held(FACTS[:3]), [tie]).fact.position == 3
    with pytest.raises(NotLinkedError, match="prove --from"):
        check(data, None, held(FACTS[:3]))
    with pytest.raises(NotLinkedError):
        check(data, None, held(entries(3, "0")), [tie])
    with pytest.raises(TwoHistoriesError, match="forked: at size 5"):
        check(data, None, held(entries(5, "0")))


def test_a_checkpoint_by_itself():
    """
    Who signed it, and for which log.
    """
    assert check(text(SIGNED), trust(*VKEYS)).head == SIGNED.head


def test_two_logs_are_not_one():
    """
    A checkpoint of another log ties nothing.
    """
    other = signed(FACTS, origin="scr-ledger/two")
    kept = proofs.vouch("f", other, trust(log_key(origin="scr-ledger/two")))

    with pytest.raises(NotProvedError, match="scr-ledger/two"):
        check(text(SIGNED), None, kept)


@pytest.mark.parametrize("data", [b"", b"old", b"no proof", b"\xff" * 9, b"\n\n\n"])
def test_what_is_no_proof(data):
    """
    It is refused with a sentence.
    """
    with pytest.raises(NoProofError, match="no proof that can be read"):
        proofs.read("f", data)
