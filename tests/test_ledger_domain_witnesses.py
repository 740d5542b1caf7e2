"""Whose cosignatures count, and which are on record."""

import pytest

from ledger.domain import witnesses as rules
from ledger.domain.witnesses import Cosignature, Policy, Witness, Witnessed
from ledger.errors import FutureError, PolicyError, UnknownWitnessError

ANN, BEN, EVE = (Witness(name, f"{name}+id+key", name * 2) for name in "abe")
BOTH = Policy(1, (ANN, BEN))


def said(who=ANN, size=5, at=100):
    """Return a cosignature."""
    return Cosignature(who.name, who.public, size, at)


@pytest.mark.parametrize(
    "policy",
    [Policy(), BOTH, Policy(2, (ANN, BEN)), Policy(1, (ANN,))],
)
def test_a_policy_that_can_be(policy):
    """
    As many are required as there are, or fewer; or nobody at all.
    """
    rules.refuse_policy(policy, [EVE.public])


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (Policy(3, (ANN, BEN)), "3 of 2"),
        (Policy(1, ()), "1 of 0"),
        (Policy(0, (ANN,)), "none of them"),
        (Policy(1, (ANN, ANN)), "twice"),
        (Policy(1, (ANN, ANN._replace(name="other"))), "twice"),
        (Policy(1, (ANN, ANN._replace(public="other"))), "twice"),
        (Policy(1, (ANN, EVE)), "own witness"),
        (Policy(1, tuple(Witness(str(n), "", str(n)) for n in range(17))), "16"),
    ],
)
def test_a_policy_that_cannot(policy, says):
    """
    More than there are, one as two, a key of the ledger itself, or more than fit.
    """
    with pytest.raises(PolicyError, match=says):
        rules.refuse_policy(policy, [EVE.public])


def test_what_is_cosigned():
    """
    By a witness of the policy, not in the future; a clock a little ahead is let be.
    """
    held = Witnessed(BOTH)
    rules.refuse(held, said(at=100 + rules.AHEAD_SECONDS), 100)

    with pytest.raises(FutureError):
        rules.refuse(held, said(at=101 + rules.AHEAD_SECONDS), 100)
    with pytest.raises(UnknownWitnessError):
        rules.refuse(held, said(EVE), 100)
    with pytest.raises(UnknownWitnessError):
        rules.refuse(Witnessed(), said(), 100)


def test_who_covers_a_position():
    """
    Whoever signed a log that holds it, each once, whichever sizes they signed.
    """
    held = Witnessed(BOTH)
    for one in (said(ANN, 5), said(ANN, 7), said(BEN, 3), said(EVE, 9)):
        held = rules.evolve(held, one)

    assert held.covering(2, []) == (ANN, BEN)
    assert held.covering(5, []) == (ANN,)
    assert held.covering(7, []) == (ANN,)
    assert held.covering(8, []) == ()
    assert held.covering(2, [ANN.public]) == (BEN,)
    assert rules.has(held, said(ANN, 7))
    assert not rules.has(held, said(BEN, 7))


def test_the_last_policy_holds():
    """
    What was signed before by whom it names counts, and by others not any more.
    """
    held = rules.evolve(Witnessed(BOTH), said(ANN, 5))
    held = rules.with_policy(held, Policy(1, (BEN,)))

    assert held.covering(1, []) == ()
    assert rules.with_policy(held, BOTH).covering(1, []) == (ANN,)
