"""Claims and withdrawals: decided under the lock they are appended under."""

from __future__ import annotations

import pytest

from ledger import fsck
from ledger.errors import (
    AlreadyWithdrawnError,
    FieldError,
    HeadMovedError,
    NoSuchAssertionError,
)
from ledger.reader import open_log
from tests import ledgers
from tests.claims import claim, prove, withdraw, writing
from tests.commandline import life, prepare

THREE = "dd-all FY2019 = 3"


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of 19 facts, three SCRs counted in FY 2019.
    """
    return str(prepare(tmp_path))


def head(path) -> int:
    """
    Return how far the log goes.
    """
    with open_log(path) as log:
        return log.head


def test_a_claim_is_recorded_with_its_proof(path):
    """
    After what proved it: position, root and definition; and the ledger verifies.
    """
    told = claim(path, "dd-all FY2019 = 3 as of 2020-01-15", note="as printed")
    with open_log(path) as log:
        root = log.root(19).hex()
    fact = told.fact

    assert (told.position, told.already) == (20, False)
    assert (fact.proved_position, fact.proved_root) == (19, root)
    assert (fact.bound, fact.pinned, fact.version) == ("before", None, None)
    assert fact.instant.isoformat() == "2020-01-16T05:00:00+00:00"
    assert fact.note == "as printed"
    assert fsck.check(path, lambda _: None).findings == ()


def test_the_same_claim_by_the_same_author_adds_nothing(path):
    """
    Whenever it is made again; by another, or withdrawn meanwhile, it is a new one.
    """
    claim(path, THREE)
    again = claim(path, THREE, note="again")
    another = claim(path, THREE, by="another")
    withdraw(path, 20)
    anew = claim(path, THREE)

    assert (again.position, again.already, again.fact.note) == (20, True, None)
    assert (another.position, another.already) == (21, False)
    assert (anew.position, anew.already) == (23, False)
    assert head(path) == 23
    assert fsck.check(path, lambda _: None).findings == ()


def test_a_claim_that_the_log_outran_is_refused(path):
    """
    Whatever was recorded between proof and claim, nothing of the claim is.
    """
    proved = prove(path, THREE)
    ledgers.load(path, life("SCR-9"))

    with (
        writing(path) as ledger,
        pytest.raises(HeadMovedError, match="proved at @19, and the log goes up to"),
    ):
        ledger.assert_claim(*proved, by="auditor")
    assert head(path) == 19 + 4


def test_a_pinned_claim_does_not_mind_a_longer_log(path):
    """
    It is proved at its position, and stays proved there.
    """
    proved = prove(path, f"{THREE} as of @19")
    ledgers.load(path, life("SCR-9"))
    with writing(path) as ledger:
        told = ledger.assert_claim(*proved, by="auditor")

    assert told.position == 24
    assert fsck.check(path, lambda _: None).findings == ()


def test_an_assertion_is_withdrawn_once(path):
    """
    By its position and with a reason; what is none, or is withdrawn, is not.
    """
    claim(path, THREE)
    told = withdraw(path, 20, reason="typed by mistake")

    assert (told.position, told.fact.assertion) == (21, 20)
    with pytest.raises(AlreadyWithdrawnError):
        withdraw(path, 20)
    for position in (19, 21, 10**9):
        with pytest.raises(NoSuchAssertionError):
            withdraw(path, position)
    assert head(path) == 21


def test_a_rehearsal_records_nothing(path):
    """
    Of a claim, of a withdrawal.
    """
    assert claim(path, THREE, dry_run=True).position == 20
    assert head(path) == 19
    claim(path, THREE)
    assert withdraw(path, 20, dry_run=True).position == 21
    assert head(path) == 20


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"by": " "}, "--by must be text"),
        ({"by": "b", "note": "\x00"}, "--note must be text"),
        ({"by": "b", "note": ""}, "--note must be text"),
    ],
)
def test_a_wrong_value_is_told_by_its_option(path, given, words):
    """
    Who says so, and what is noted, are checked as in any fact.
    """
    with pytest.raises(FieldError, match=words):
        claim(path, THREE, **given)
    assert head(path) == 19


def test_a_cut_off_no_fact_can_hold_is_refused(path):
    """
    The last day ends in a year that instants do not have.
    """
    with pytest.raises(FieldError, match="the cut-off must be a date-time"):
        claim(path, f"{THREE} as of 2999-12-31")
    assert head(path) == 19
