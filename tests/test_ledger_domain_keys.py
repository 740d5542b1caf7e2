"""Keys: one signs at a time, and what it is believed for has an end."""

from __future__ import annotations

import pytest

from ledger.domain import keys as rules
from ledger.domain.keys import Announced, Distrust, Issued, Keys
from ledger.errors import (
    BeyondHeadError,
    CheckpointOrderError,
    KeyHeldError,
    KeyTakenError,
    NoKeyError,
    NoSuchKeyError,
    NotSignedError,
    TrustedLessError,
)

LOG = "scr-ledger/x"


def new(name: str, at: int, *signers: str, **said) -> Announced:
    """
    Return a key that is announced at a position, signed by itself and by others.
    """
    signed_by = frozenset((name, *signers))
    made = Announced(name, f"vkey-{name}", LOG, at - 1, "00", signed_by)
    return made._replace(**said)


def issued(size: int, *signers: str, origin: str = LOG) -> Issued:
    """
    Return a checkpoint of a size.
    """
    return Issued(origin, size, frozenset(signers))


def keys(*facts: tuple[int, Announced | Distrust | Issued]) -> Keys:
    """
    Return the keys after facts at their positions; each is allowed to be there.
    """
    found = Keys(LOG)
    for position, fact in facts:
        match fact:
            case Announced():
                rules.refuse_key(found, fact, position - 1)
                found = rules.with_key(found, fact, position)
            case Distrust():
                rules.refuse_distrust(found, fact, position - 1)
                found = rules.with_distrust(found, fact)
            case Issued():
                rules.refuse_checkpoint(found, fact, position - 1)
                found = rules.with_checkpoint(found, fact)
    return found


FIRST = (2, new("a", 2))
ROTATED = (10, new("b", 10, "a"))


@pytest.mark.parametrize(
    ("held", "said", "head", "error", "words"),
    [
        (
            Keys(LOG),
            new("a", 2, origin="scr-ledger/y"),
            1,
            NotSignedError,
            "of the log",
        ),
        (Keys(LOG), new("a", 2), 2, NotSignedError, "ended at @1, not at @2"),
        (
            Keys(LOG),
            new("a", 2, signed_by=frozenset()),
            1,
            NotSignedError,
            "the new key did not sign it",
        ),
        (keys(FIRST), new("b", 5), 4, KeyHeldError, "the key a signs .* already"),
        (keys(FIRST), new("a", 5), 4, KeyTakenError, "a key a is or was on record"),
        (
            keys(FIRST, ROTATED),
            new("a", 20, "b"),
            19,
            KeyTakenError,
            "a key a is or was on record",
        ),
        (keys(FIRST, ROTATED), new("c", 20, "a"), 19, KeyHeldError, "the key b signs"),
        (
            keys(FIRST, ROTATED),
            new("c", 20, "a", "b"),
            19,
            NotSignedError,
            "does not sign any more",
        ),
        (
            keys(FIRST, (9, Distrust("a", 8))),
            new("b", 10, "a"),
            9,
            NotSignedError,
            "does not sign any more",
        ),
    ],
)
def test_a_key_that_may_not_be_put_on_record(held, said, head, error, words):
    """
    It is of this log, as it stands, signed by itself, new, and where a key signs by
    that one too; by nobody else.
    """
    with pytest.raises(error, match=words):
        rules.refuse_key(held, said, head)


def test_a_rotation_hands_on():
    """
    The new key signs from then on; each is believed for what it has seen.
    """
    held = keys(FIRST, ROTATED)

    assert held.current == "b"
    believed = {
        name: [size for size in range(20) if rules.trusted(held, frozenset(name), size)]
        for name in "abc"
    }
    assert believed == {"a": list(range(2, 10)), "b": list(range(10, 20)), "c": []}


def test_a_revoked_key_is_believed_to_its_end():
    """
    Up to the size that the revocation names, and nobody signs until there is another.
    """
    held = keys(FIRST, (9, Distrust("a", 5)))

    assert held.current is None
    assert [rules.trusted(held, frozenset("a"), size) for size in (5, 6)] == [
        True,
        False,
    ]
    after = rules.with_key(held, new("b", 10), 10)
    assert (after.current, after.keys["b"].replaces) == ("b", None)


@pytest.mark.parametrize(
    ("trusted_to", "current", "revoked"),
    [(8, None, ["b", "c"]), (2, None, ["b", "c"])],
)
def test_whom_a_revoked_key_vouched_for_falls_with_it(trusted_to, current, revoked):
    """
    A rotation is believed as a checkpoint of its size is; and so are those after it.
    """
    held = keys(
        FIRST, ROTATED, (20, new("c", 20, "b")), (30, Distrust("a", trusted_to))
    )

    assert held.current == current
    assert [one for one in "bc" if held.keys[one].revoked] == revoked
    for one in revoked:
        assert not any(rules.trusted(held, frozenset(one), size) for size in range(40))


@pytest.mark.parametrize(
    ("held", "said", "error", "words"),
    [
        (keys(FIRST), Distrust("b", 3), NoSuchKeyError, "no key b is on record"),
        (keys(FIRST), Distrust("a", 40), BeyondHeadError, "40"),
        (
            keys(FIRST, (9, Distrust("a", 5))),
            Distrust("a", 5),
            TrustedLessError,
            "trusted up to @5 only",
        ),
        (
            keys(FIRST, (9, Distrust("a", 5))),
            Distrust("a", 7),
            TrustedLessError,
            "trusted up to @5 only",
        ),
        (
            keys(FIRST, ROTATED),
            Distrust("a", 9),
            TrustedLessError,
            "trusted up to @9 only",
        ),
    ],
)
def test_a_revocation_gives_no_trust(held, said, error, words):
    """
    It is of a key on record, and takes something away that was there.
    """
    with pytest.raises(error, match=words):
        rules.refuse_distrust(held, said, 39)


def test_a_revocation_of_a_later_key_leaves_those_before_it():
    """
    What vouched for it stays believed; so does what it vouched for in time.
    """
    third = (20, new("c", 20, "b"))
    held = keys(FIRST, ROTATED, (30, Distrust("b", 15)))
    later = keys(FIRST, ROTATED, third, (30, Distrust("c", 25)))

    assert [one.revoked for one in held.keys.values()] == [False, True]
    assert [one.revoked for one in later.keys.values()] == [False, False, True]


def test_a_revocation_can_be_narrowed():
    """
    When the theft turns out to be older, less is believed.
    """
    held = keys(FIRST, (9, Distrust("a", 5)), (11, Distrust("a", 3)))

    assert held.keys["a"].trusted_to == 3


@pytest.mark.parametrize(
    ("held", "said", "error", "words"),
    [
        (Keys(LOG), issued(3, "a"), NoKeyError, "no key signs"),
        (keys(FIRST), issued(3, "a", origin="o"), NotSignedError, "of the log o"),
        (keys(FIRST), issued(3), NotSignedError, "not signed by a"),
        (keys(FIRST), issued(3, "b"), NotSignedError, "not signed by a"),
        (keys(FIRST), issued(30, "a"), BeyondHeadError, "30"),
        (keys(FIRST), issued(1, "a"), CheckpointOrderError, "@1 is not larger than @1"),
        (
            keys(FIRST, (5, issued(4, "a"))),
            issued(4, "a"),
            CheckpointOrderError,
            "@4 is not larger than @4",
        ),
        (keys(FIRST, ROTATED), issued(12, "a"), NotSignedError, "not signed by b"),
        (keys(FIRST, ROTATED), issued(12, "a", "b"), NotSignedError, "not signed by b"),
        (keys(FIRST, ROTATED), issued(9, "b"), CheckpointOrderError, "than @9"),
        (
            keys(FIRST, (9, Distrust("a", 5))),
            issued(12, "a"),
            NoKeyError,
            "no key signs",
        ),
    ],
)
def test_a_checkpoint_that_may_not_be_put_on_record(held, said, error, words):
    """
    It is of this log, signed by the key that signs and no other, covers what is there,
    and more than the last.
    """
    with pytest.raises(error, match=words):
        rules.refuse_checkpoint(held, said, 25)


def test_a_checkpoint_that_may():
    """
    Of all that is there, or less, as long as it is more than the last one covers.
    """
    held = keys(FIRST, (5, issued(4, "a")), (9, issued(6, "a")), ROTATED)

    assert held.size == 6
    rules.refuse_checkpoint(held, issued(10, "b"), 10)


def test_the_rules_never_argue_when_they_evolve():
    """
    A revocation of nobody changes nothing.
    """
    held = keys(FIRST)

    assert rules.with_distrust(held, Distrust("z", 1)) == held
