"""Samples: selection, and which fact may follow which."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.publication import hash_of_set
from ledger.domain.sampling import (
    ORDER,
    RULE,
    Drawn,
    Examined,
    Framed,
    Part,
    Settled,
    Spared,
    Stratum,
    draw,
    evolve,
    ranked,
    refuse,
    repeated,
    same_person,
)
from ledger.errors import (
    AlreadyAnsweredError,
    AlreadyDrawnError,
    NoDisagreementError,
    NoFirstReviewError,
    NoSpareError,
    NoSuchSampleError,
    NotAThirdPersonError,
    NotDrawnError,
    NotInSampleError,
    OwnReviewError,
    SampleFaultyError,
    SampleTakenError,
)

ITEMS = tuple(sorted(f"S-{n}" for n in range(1, 7)))
FRAMED = Framed("A", "stands", ORDER, 6, hash_of_set(ITEMS), ITEMS)
STRATA = draw("seed", ITEMS, [Part("all", 3, 2)])
DRAWN = Drawn("A", FRAMED.sha256, RULE, "seed", "given", None, 1, STRATA)
FIRST, SECOND, THIRD = STRATA[0].items
SPARE, NEXT = STRATA[0].spares
UNDRAWN = next(one for one in ITEMS if one not in (*STRATA[0].items, SPARE, NEXT))


def examined(item, answer="no", by="ann", review="first", attribute="tco"):
    """
    Return the answer of one person.
    """
    return Examined("A", item, review, ((attribute, answer),), by, None)


def settled(item, by="cy", answer="no"):
    """
    Return what a third person says.
    """
    return Settled("A", item, "tco", answer, by, "r", None)


def after(*acts):
    """
    Return the sample after some acts, each of which is allowed.
    """
    sample = None
    for position, act in enumerate(acts, 11):
        refuse(sample, act)
        sample = evolve(sample, act, position)
    return sample


def test_the_lowest_hashes_are_drawn():
    """
    By SHA-256 of `seed,id`, spares next; a golden order, the same on any machine.
    """
    slow = sorted(ITEMS, key=lambda one: sha256(b"seed," + one.encode()).digest())

    assert ranked("seed", ITEMS) == slow
    assert (*STRATA[0].items, *STRATA[0].spares) == tuple(slow[:5])
    assert ranked("oig", ["a", "b", "c", "é"]) == GOLDEN


GOLDEN = ["a", "é", "b", "c"]
"""By `printf oig,a | sha256sum`, and so on."""


@holds_for(st.text(max_size=9), st.sets(st.text(max_size=5), max_size=9), st.data())
def test_the_order_of_a_frame_changes_nothing(seed, items, data):
    """
    However it is handed over, the same seed gives the same items, each once.
    """
    try:
        f"{seed}{''.join(items)}".encode()
    except UnicodeEncodeError:
        return
    shuffled = data.draw(st.permutations(sorted(items)))

    assert ranked(seed, shuffled) == ranked(seed, items)
    assert set(ranked(seed, items)) == items


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("auditor-1", "Auditor 1", True),
        ("auditor-1", "\uff21\uff35\uff24\uff29\uff34\uff2f\uff32\uff11", True),
        ("auditor-1", "a.u.d.i.t.o.r\u200b1", True),
        ("straße", "STRASSE", True),
        ("auditor-1", "auditor-11", False),
        ("é", "e", False),
        ("--", "..", False),
        ("--", "--", True),
    ],
)
def test_one_person_however_typed(one, other, same):
    """
    Case, width, spaces and punctuation make nobody another.
    """
    assert same_person(one, other) is same
    assert same_person(other, one) is same


OTHER = STRATA[0]._replace(items=(UNDRAWN, SECOND, THIRD))
HALVES = (
    Stratum("x", 3, tuple(ranked("seed", ITEMS[:3])[:1]), (), "q", ITEMS[:3]),
    Stratum("y", 3, tuple(ranked("seed", ITEMS[3:])[:1]), (), "q", ITEMS[3:]),
)
DISPUTED = (
    FRAMED,
    DRAWN,
    examined(FIRST),
    examined(FIRST, "yes", "bo", "second"),
)
REFUSED = [
    ([], DRAWN, NoSuchSampleError),
    ([], examined(FIRST), NoSuchSampleError),
    ([FRAMED], FRAMED, SampleTakenError),
    ([], FRAMED._replace(items=(), size=0, sha256=hash_of_set(())), SampleFaultyError),
    ([], FRAMED._replace(items=ITEMS[::-1]), SampleFaultyError),
    ([], FRAMED._replace(sha256="0" * 64), SampleFaultyError),
    ([], FRAMED._replace(size=5), SampleFaultyError),
    ([], FRAMED._replace(order="as found"), SampleFaultyError),
    ([FRAMED], examined(FIRST), NotDrawnError),
    ([FRAMED, DRAWN], DRAWN, AlreadyDrawnError),
    ([FRAMED], DRAWN._replace(frame_sha256="0" * 64), SampleFaultyError),
    ([FRAMED], DRAWN._replace(rule="by hand"), SampleFaultyError),
    ([FRAMED], DRAWN._replace(seed="another"), SampleFaultyError),
    ([FRAMED], DRAWN._replace(strata=(OTHER,)), SampleFaultyError),
    ([FRAMED], DRAWN._replace(chosen="log"), SampleFaultyError),
    ([FRAMED], DRAWN._replace(chosen="log", seed_position=13), SampleFaultyError),
    ([FRAMED], DRAWN._replace(seed_position=12), SampleFaultyError),
    ([FRAMED], DRAWN._replace(strata=HALVES[:1]), SampleFaultyError),
    ([FRAMED], DRAWN._replace(strata=(*STRATA, HALVES[0])), SampleFaultyError),
    (
        [FRAMED],
        DRAWN._replace(strata=(HALVES[0], HALVES[1]._replace(stratum="x"))),
        SampleFaultyError,
    ),
    (
        [FRAMED],
        DRAWN._replace(strata=(STRATA[0]._replace(population=7),)),
        SampleFaultyError,
    ),
    ([FRAMED, DRAWN], examined(UNDRAWN), NotInSampleError),
    ([FRAMED, DRAWN], examined(SPARE), NotInSampleError),
    ([FRAMED, DRAWN], Spared("A", FIRST, NEXT, "r"), NoSpareError),
    ([FRAMED, DRAWN], Spared("A", UNDRAWN, SPARE, "r"), NotInSampleError),
    ([FRAMED, DRAWN, examined(FIRST)], Spared("A", FIRST, SPARE, "r"), NoSpareError),
    (
        [FRAMED, DRAWN, Spared("A", FIRST, SPARE, "r")],
        examined(FIRST),
        NotInSampleError,
    ),
    (
        [
            FRAMED,
            DRAWN,
            Spared("A", FIRST, SPARE, "r"),
            Spared("A", SECOND, NEXT, "r"),
        ],
        Spared("A", THIRD, SPARE, "r"),
        NoSpareError,
    ),
    ([FRAMED, DRAWN, examined(FIRST)], examined(FIRST, "yes"), AlreadyAnsweredError),
    ([FRAMED, DRAWN], examined(FIRST, review="second"), NoFirstReviewError),
    (
        [FRAMED, DRAWN, examined(FIRST)],
        examined(FIRST, by="A n n", review="second"),
        OwnReviewError,
    ),
    (DISPUTED, examined(FIRST, by="di", review="second"), AlreadyAnsweredError),
    ([FRAMED, DRAWN, examined(FIRST)], settled(FIRST), NoDisagreementError),
    (
        [FRAMED, DRAWN, examined(FIRST), examined(FIRST, "no", "bo", "second")],
        settled(FIRST),
        NoDisagreementError,
    ),
    (DISPUTED, settled(FIRST, by="ANN"), NotAThirdPersonError),
    (DISPUTED, settled(FIRST, by="b.o"), NotAThirdPersonError),
    ([*DISPUTED, settled(FIRST)], settled(FIRST, by="di"), NoDisagreementError),
]


@pytest.mark.parametrize(("before", "act", "error"), REFUSED)
def test_what_is_refused(before, act, error):
    """
    Each rule has its name.
    """
    with pytest.raises(error):
        refuse(after(*before), act)


def test_strata_are_drawn_each_by_itself():
    """
    Two halves of the frame, each ranked by the same seed, may be recorded.
    """
    assert after(FRAMED, DRAWN._replace(strata=HALVES)).drawn.strata == HALVES


def test_a_spare_stands_in_its_place_and_may_be_replaced():
    """
    The order of the draw stays; a spare that cannot be examined has one of its own.
    """
    sample = after(
        FRAMED, DRAWN, Spared("A", SECOND, SPARE, "r"), Spared("A", SPARE, NEXT, "r")
    )

    assert sample.in_place(STRATA[0]) == [FIRST, NEXT, THIRD]
    with pytest.raises(NoSpareError, match="none is left"):
        sample.next_spare(FIRST)


def test_which_answer_holds():
    """
    One review holds, two that agree, and of two that do not the third person's.
    """
    key = (FIRST, "tco")

    assert after(*DISPUTED[:3]).answers[key].holds.answer == "no"
    disputed = after(*DISPUTED).answers[key]
    assert (disputed.disputed, disputed.holds) == (True, None)
    over = after(*DISPUTED, settled(FIRST, answer="not-determinable")).answers[key]
    assert (over.disputed, over.holds.answer) == (False, "not-determinable")
    assert (over.first.answer, over.second.answer) == ("no", "yes")


def test_the_same_answer_of_the_same_person_is_nothing_new():
    """
    Another answer, or that of somebody else, is.
    """
    sample = after(*DISPUTED[:3])

    assert repeated(sample, examined(FIRST, by="Ann")).answers == ()
    for other in (examined(FIRST, "yes"), examined(FIRST, by="bo"), examined(SECOND)):
        assert repeated(sample, other) == other
