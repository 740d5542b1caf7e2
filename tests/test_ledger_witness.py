"""A witness signs a log only as one that begins with all it has signed before."""

import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import private_keys, witness
from ledger.errors import (
    ExposedKeyError,
    FirstSightError,
    LedgerError,
    NoSuchWitnessError,
    NotProvedError,
    OtherSizeError,
    PolicyError,
    SmallerError,
    StoreError,
    TwoHistoriesError,
    UnknownKeyError,
    WitnessTakenError,
)
from ledger.private_keys import PrivateKey
from ledger.tlog import key_note, merkle, note, proof_text
from ledger.tlog.entry import entry
from ledger.witness import Seen, Shown
from tests.proofs import (
    LOG,
    NEXT,
    NOW,
    ORIGIN,
    entries,
    grown,
    included,
    log_key,
    signed,
    text,
)
from tests.soak import figure

FACTS = entries(9)
SEEN = Seen(ORIGIN, 3, signed(FACTS[:3]).head.root.hex(), log_key())


def shown(facts, old=None, **said):
    """Return what a witness is shown: a checkpoint, or what ties it to a size."""
    one = signed(facts)
    data = text(one) if old is None else str(grown(facts, old, one)).encode()
    return Shown("f", data, **said)


def sign(asked, name="ann", at=NOW):
    """Sign as a witness of this machine."""
    return witness.sign(name, asked, clock=lambda: at, ask=lambda: None)


def memory():
    """Return the files that witnesses remember logs in."""
    folder = Path(os.environ["XDG_STATE_HOME"]) / "scr-ledger" / "witness"
    return sorted(folder.glob("*/*.json"))


# --- what may be signed ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "asked", "size"),
    [
        (None, shown(FACTS[:3], vkeys=(log_key(),)), 3),
        (None, shown(FACTS[:3], 0, vkeys=(log_key(),)), 3),
        (SEEN, shown(FACTS, 3), 9),
        (SEEN, shown(FACTS[:3]), 3),
        (SEEN, shown(FACTS[:3], 3), 3),
        (SEEN._replace(size=0, root=merkle.root([]).hex()), shown(FACTS, 0), 9),
    ],
)
def test_what_is_signed(seen, asked, size):
    """
    A log never seen whose key somebody gives; one that grew; one as it was.
    """
    one, after = witness.decide(seen, asked, NOW)

    assert (one.head.size, after.size) == (size, size)
    assert after == Seen(ORIGIN, size, one.head.root.hex(), log_key())


@pytest.mark.parametrize(
    ("seen", "asked", "error", "says"),
    [
        (None, shown(FACTS), FirstSightError, "never seen"),
        (None, shown(FACTS, vkeys=(log_key(origin="o"),)), FirstSightError, "never"),
        (None, shown(FACTS, vkeys=(log_key(NEXT),)), UnknownKeyError, "another key"),
        (None, shown(FACTS, 3, vkeys=(log_key(),)), OtherSizeError, "@0"),
        (SEEN, shown(FACTS), OtherSizeError, "@3"),
        (SEEN, shown(FACTS, 2), OtherSizeError, "@3"),
        (SEEN, shown(FACTS, 0), OtherSizeError, "@3"),
        (SEEN, shown(FACTS[:2]), SmallerError, "rolled back"),
        (SEEN, shown(entries(3, "0")), TwoHistoriesError, "forked: at size 3"),
        (SEEN, shown(entries(9, "0"), 3), NotProvedError, "does not begin"),
        (SEEN._replace(vkey=log_key(NEXT)), shown(FACTS, 3), UnknownKeyError, "key"),
    ],
)
def test_what_is_not_signed(seen, asked, error, says):
    """
    Nothing of an unknown log or key, smaller, forked, or tied to another size.
    """
    with pytest.raises(error, match=says):
        witness.decide(seen, asked, NOW)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=8))
def test_what_it_has_signed_is_one_history(steps):
    """
    Whatever it is shown, and in whichever order, all that it signs is of one log.
    """
    seen, accepted = None, []
    for size, other in steps:
        facts = entries(size, "0" if other else "")
        old = None if seen is None or seen.size == size else min(seen.size, size)
        asked = shown(facts, old, vkeys=(log_key(),) if seen is None else ())
        try:
            one, seen = witness.decide(seen, asked, NOW)
        except LedgerError:
            continue
        accepted.append((one.head, other))

    assert len({other for head, other in accepted if head.size}) <= 1
    assert [head.size for head, _ in accepted] == sorted(h.size for h, _ in accepted)


# --- another key ----------------------------------------------------------------------


def rotated(*signers, origin=ORIGIN, topic="ledger.keyed/1"):
    """Return a log in which a key takes the place of another, and the proof of it."""
    said = key_note.NewKey(
        origin, note.public_of(NEXT, origin), 3, signed(FACTS[:3]).head.root.hex()
    )
    lines = tuple(note.sign(str(said), key, origin) for key in signers)
    payload = json.dumps({"note": str(note.Note(str(said), lines))}).encode()
    fact = entry(4, "keys", 2, topic, "2026-01-05T14:00:00Z", payload)
    facts = [*FACTS[:3], fact]
    one = signed(facts, NEXT)
    proof = str(included(facts, 4, one)).encode()
    return Shown("f", str(grown(facts, 3, one)).encode(), (), proof)


def test_a_log_that_has_put_another_key_in_place():
    """
    The proof of the fact, signed by the key known, is enough; so is who gives the key.
    """
    asked = rotated(NEXT, LOG)

    assert witness.decide(SEEN, asked, NOW)[1].vkey == log_key(NEXT)
    given = asked._replace(rotation=None, vkeys=(log_key(NEXT),))
    assert witness.decide(SEEN, given, NOW)[1].vkey == log_key(NEXT)
    with pytest.raises(UnknownKeyError, match="another key"):
        witness.decide(SEEN, asked._replace(rotation=None), NOW)


def elsewhere():
    """Return a proof that the same fact is in another log, which nobody signed."""
    asked = rotated(NEXT, LOG)
    fact = proof_text.parse_inclusion(asked.rotation).entry
    other = [*entries(3, "0"), fact]
    return asked._replace(rotation=str(included(other, 4, signed(other))).encode())


@pytest.mark.parametrize(
    "asked",
    [
        elsewhere(),
        rotated(NEXT),
        rotated(NEXT, LOG, topic="scr.filed/1"),
        rotated(NEXT, LOG)._replace(rotation=text(signed(FACTS))),
        rotated(NEXT, LOG)._replace(
            rotation=str(included(FACTS, 4, signed(FACTS))).encode()
        ),
    ],
)
def test_what_is_no_rotation(asked):
    """
    Not signed by the key known, another fact, another log, or no proof.
    """
    with pytest.raises(UnknownKeyError, match="rotation"):
        witness.decide(SEEN, asked, NOW)


# --- on a machine ---------------------------------------------------------------------


def test_a_witness_is_made_once():
    """
    Its key is for its owner alone; its name is taken.
    """
    vkey, path = witness.new("example.com/ann")

    assert note.parse_key(vkey).kind == note.COSIGNATURE
    assert path.stat().st_mode & 0o777 == 0o600
    assert witness.here() == {"example.com/ann": vkey}
    with pytest.raises(WitnessTakenError):
        witness.new("example.com/ann")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "x" * 201])
def test_what_no_witness_is_called(name):
    """
    Its name stands in lines that are parted by spaces.
    """
    with pytest.raises(PolicyError, match="name"):
        witness.new(name)


def test_it_signs_and_remembers():
    """
    The line is a cosignature of its key; what was signed is remembered before.
    """
    vkey, _ = witness.new("ann")
    line = sign(shown(FACTS[:3], vkeys=(log_key(),)))
    one = signed(FACTS[:3])
    cosigned = note.parse(f"{one}{line}".encode())

    assert note.signature_of(cosigned, note.parse_key(vkey)) is not None
    assert note.cosigned_at(note.parse_signature(line[:-1])) == NOW
    assert sign(shown(FACTS, 3)).startswith("— ann ")
    with pytest.raises(SmallerError):
        sign(shown(FACTS[:3]))


def test_a_witness_that_is_none():
    """
    Without a key nothing is signed.
    """
    with pytest.raises(NoSuchWitnessError):
        sign(shown(FACTS, vkeys=(log_key(),)))


def test_a_key_that_others_can_read_does_not_sign():
    """
    As with the keys of a ledger.
    """
    _, path = witness.new("ann")
    path.chmod(0o644)

    with pytest.raises(ExposedKeyError):
        sign(shown(FACTS, vkeys=(log_key(),)))


def test_a_log_is_not_its_own_witness(tmp_path):
    """
    The key that a log is signed with cosigns none of it.
    """
    del tmp_path
    path = private_keys.witness_folder() / "ann.pem"
    private_keys.write(PrivateKey(LOG), path)

    with pytest.raises(PolicyError, match="own witness"):
        sign(shown(FACTS, vkeys=(log_key(),)))
    assert memory() == []


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{}",
        b"\xff",
        json.dumps(SEEN._replace(origin="o")._asdict()).encode(),
        json.dumps(SEEN._replace(size="3")._asdict()).encode(),
        json.dumps(SEEN._replace(size=-1)._asdict()).encode(),
        json.dumps(SEEN._replace(root="00")._asdict()).encode(),
        json.dumps(SEEN._replace(vkey="v")._asdict()).encode(),
    ],
)
def test_a_memory_that_cannot_be_read_is_no_first_sight(damage):
    """
    Nothing is signed, not even where somebody gives the key: it has seen something.
    """
    witness.new("ann")
    sign(shown(FACTS[:3], vkeys=(log_key(),)))
    memory()[0].write_bytes(damage)

    with pytest.raises(StoreError, match="nothing is signed"):
        sign(shown(FACTS, 3, vkeys=(log_key(),)))


def test_a_memory_that_leads_nowhere_is_no_first_sight(tmp_path):
    """
    It lies where nothing is mounted now, say; something was seen all the same.
    """
    witness.new("ann")
    sign(shown(FACTS[:3], vkeys=(log_key(),)))
    (held,) = memory()
    held.unlink()
    held.symlink_to(tmp_path / "gone")

    with pytest.raises(StoreError, match="nothing is signed"):
        sign(shown(FACTS[:2], vkeys=(log_key(),)))


def test_what_cannot_be_remembered_is_not_signed(monkeypatch):
    """
    The memory comes first: without it there is no signature.
    """
    witness.new("ann")

    def full(path, seen):
        del path, seen
        message = "No space left on device"
        raise OSError(28, message)

    monkeypatch.setattr(witness, "_remember", full)
    with pytest.raises(StoreError, match="No space"):
        sign(shown(FACTS, vkeys=(log_key(),)))


def _race(start, other, answers):
    start.wait()
    facts = entries(9, "0" if other else "")
    facts = [*FACTS[:3], *facts[3:]]
    try:
        answers.put((other, sign(shown(facts, 3))))
    except LedgerError as error:
        answers.put((other, type(error).__name__))


def test_two_calls_at_once_never_sign_two_forks():
    """
    Of two processes that are shown two forks at once, one signs.
    """
    context = multiprocessing.get_context("fork")
    races = int(os.environ.get("SCR_SOAK_RACES", "3"))
    witness.new("ann")
    sign(shown(FACTS[:3], vkeys=(log_key(),)))
    (kept,) = memory()
    before, since, lost = kept.read_bytes(), time.monotonic(), 0
    for _ in range(races):
        kept.write_bytes(before)
        start, answers = context.Event(), context.Queue()
        both = [
            context.Process(target=_race, args=(start, other, answers))
            for other in (False, True)
        ]
        for one in both:
            one.start()
        start.set()
        told = [answers.get(timeout=60) for _ in both]
        for one in both:
            one.join()

        lines = [said for _, said in told if said.startswith("—")]
        lost += len(lines) != 1 or "TwoHistoriesError" not in dict(told).values()
    what = "both signed, or neither"
    figure("witness-races", "held", races, lost, what, since=since)
    assert not lost
