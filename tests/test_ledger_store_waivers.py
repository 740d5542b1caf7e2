"""Waivers: of an SCR that is filed, each recorded once."""

from __future__ import annotations

import pytest

from ledger import fsck
from ledger.errors import FieldError, NoSuchScrError
from ledger.reader import open_log
from tests import ledgers
from tests.commandline import life
from tests.taxonomies import waive

RULE = "office-silent"


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of one SCR, with the head at position 6.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, life("S-1"))
    return path


def head(path) -> int:
    """
    Return how far the log goes.
    """
    with open_log(path) as log:
        return log.head


def test_a_waiver_is_a_fact(path):
    """
    It stands in the one stream of waivers, and verifies.
    """
    at = head(path) + 1
    told = [waive(path, RULE, "S-1"), waive(path, "same-case-number", "S-1")]
    with open_log(path) as log:
        rows = log.stream("waivers", log.head)

    assert [one.position for one in told] == [at, at + 1]
    assert [row.version for row in rows] == [1, 2]
    assert fsck.check(path, lambda _: None).findings == ()


def test_the_one_that_holds_again_adds_nothing(path):
    """
    The last of a rule and an SCR is not repeated; any word changed is another.
    """
    waive(path, RULE, "S-1")
    waive(path, "same-case-number", "S-1")
    at = head(path)

    assert waive(path, RULE, "S-1").position is None
    assert head(path) == at
    assert waive(path, RULE, "S-1", until="2024-06-30").position == at + 1
    assert waive(path, RULE, "S-1", reason="other").position == at + 2
    assert waive(path, RULE, "S-1", by="c").position == at + 3
    assert waive(path, RULE, "S-1").position == at + 4


@pytest.mark.parametrize(
    ("error", "words", "given"),
    [
        (NoSuchScrError, "no SCR S-2 is recorded", {"scr": "S-2"}),
        (FieldError, "the SCR must be an id", {"scr": "S 2"}),
        (FieldError, "the rule must be 1 to 64", {"rule": "A"}),
        (FieldError, "--until must be a date", {"until": "2024-02-30"}),
        (FieldError, "--reason must be text", {"reason": " "}),
        (FieldError, "--by must be text", {"by": "a\nb"}),
    ],
)
def test_what_is_refused(path, error, words, given):
    """
    In one line, and nothing is recorded.
    """
    at = head(path)
    said = {"rule": RULE, "scr": "S-1", **given}

    with pytest.raises(error, match=words):
        waive(path, said.pop("rule"), said.pop("scr"), **said)
    assert head(path) == at
