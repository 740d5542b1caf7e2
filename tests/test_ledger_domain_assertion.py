"""Which fact may follow in the stream of assertions."""

from __future__ import annotations

import pytest

from ledger.domain.assertion import after, is_same, refuse
from ledger.domain.events import Asserted, Unreadable, Withdrawn, parse_own
from ledger.errors import (
    AlreadyWithdrawnError,
    HeadMovedError,
    NoSuchAssertionError,
)

HASH = "0" * 64
INSTANT = "2020-01-16T05:00:00Z"


def asserted(**said) -> Asserted:
    """
    Return a claim of which a test says what it is about, proved at 10.
    """
    fields = {
        "event": "asserted",
        "by": "auditor",
        "run_by": "registry",
        "measure": "dd-all",
        "fiscal_year": 2019,
        "value": 3,
        "bound": "all",
        "proved_position": 10,
        "proved_root": HASH,
        "definition_hash": HASH,
        **said,
    }
    return parse_own(Asserted, fields)


def withdrawn(assertion: int) -> Withdrawn:
    """
    Return the withdrawal of an assertion.
    """
    fields = {"event": "withdrawn", "by": "a", "run_by": "r", "reason": "as found"}
    return parse_own(Withdrawn, {**fields, "assertion": assertion})


HELD = {11: True, 12: False}

REFUSED = [  # The rule, what it says; the head; the fact.
    (HeadMovedError, "proved at @10, and the log goes up to @11", 11, asserted()),
    (HeadMovedError, "proved at @10, and the log goes up to @9", 9, asserted()),
    (HeadMovedError, "proved at @10", 12, asserted(pinned=9)),
    (HeadMovedError, "goes up to @9", 9, asserted(pinned=10)),
    (NoSuchAssertionError, "no assertion stands at @10", 12, withdrawn(10)),
    (AlreadyWithdrawnError, "at @12 is withdrawn already", 12, withdrawn(12)),
]


@pytest.mark.parametrize(("rule", "words", "head", "fact"), REFUSED)
def test_what_may_not_follow_is_refused(rule, words, head, fact):
    """
    The rule says so in one line.
    """
    with pytest.raises(rule, match=words):
        refuse(HELD, fact, head)


@pytest.mark.parametrize(
    ("head", "fact", "stands"),
    [
        (10, asserted(), (13, True)),
        (12, asserted(pinned=10), (13, True)),
        (10, asserted(pinned=10), (13, True)),
        (12, withdrawn(11), (11, False)),
    ],
)
def test_what_may_follow_says_what_stands(head, fact, stands):
    """
    A claim stands at its position; a withdrawal ends that of another.
    """
    refuse(HELD, fact, head)

    assert after(fact, 13) == stands


@pytest.mark.parametrize(
    "other",
    [
        {"by": "another"},
        {"measure": "dd-tco"},
        {"version": 1},
        {"fiscal_year": 2020},
        {"value": 4},
        {"bound": "before", "instant": INSTANT},
        {"pinned": 10},
    ],
    ids=str,
)
def test_another_claim_is_not_the_same(other):
    """
    Each of its parts counts, and so does its author.
    """
    assert is_same(asserted(), asserted())
    assert not is_same(asserted(), asserted(**other))
    assert not is_same(withdrawn(11), asserted())


def test_how_it_was_proved_and_the_note_are_no_part_of_a_claim():
    """
    The same claim proved again is the same.
    """
    again = {"proved_position": 11, "proved_root": "1" * 64, "note": "again"}

    assert is_same(asserted(), asserted(**again))
    other = asserted(bound="before", instant=INSTANT)
    assert is_same(other, asserted(bound="before", instant=INSTANT))
    assert not is_same(other, asserted(bound="through", instant=INSTANT))


@pytest.mark.parametrize(
    "wrong",
    [
        {"bound": "before"},
        {"bound": "all", "instant": INSTANT},
        {"bound": "after", "instant": INSTANT},
        {"value": -1},
        {"value": 3.0},
        {"value": True},
        {"fiscal_year": 1899},
        {"fiscal_year": 3001},
        {"version": 0},
        {"pinned": -1},
        {"pinned": None},
        {"proved_root": "x"},
        {"measure": "DD ALL"},
        {"note": " "},
        {"extra": 1},
    ],
    ids=str,
)
def test_what_is_no_claim_is_not_read(wrong):
    """
    A cut-off has an instant, none has none; numbers are whole and of their size.
    """
    with pytest.raises(Unreadable):
        asserted(**wrong)
