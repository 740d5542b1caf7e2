"""Taxonomies: decided under the lock they are appended under."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger import app, fsck
from ledger.domain.events import Unreadable
from ledger.errors import (
    AdoptedEarlierError,
    AdoptedLaterError,
    AdoptedOtherwiseError,
    AnomalyError,
    FieldError,
    VersionTakenError,
)
from ledger.reader import open_log
from tests import ledgers, taxonomies
from tests.ledgers import Clock
from tests.taxonomies import body, put

YEAR_2020 = datetime(2020, 1, 1, tzinfo=UTC)
YEAR_2021 = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path) -> str:
    """
    An empty ledger, made on 2 January 2024.
    """
    return ledgers.make(tmp_path / "scr.db")


def head(path) -> int:
    """
    Return how far the log goes.
    """
    with open_log(path) as log:
        return log.head


def test_versions_are_given_as_they_come(path):
    """
    A taxonomy without a version is the next one; each stands in the one stream.
    """
    told = [put(path, body(name)) for name in ("a", "b", "c")]
    with open_log(path) as log:
        rows = log.stream("taxonomy", log.head)

    assert [one.fact.version for one in told] == [1, 2, 3]
    assert [(row.position, row.version) for row in rows] == [(2, 1), (3, 2), (4, 3)]
    assert {row.topic for row in rows} == {"ledger.categorized/1"}
    assert fsck.check(path, lambda _: None).findings == ()


def test_the_same_again_adds_nothing(path):
    """
    With its version or without; a word changed is another version, and so is the first
    one after a second.
    """
    first = put(path, body("a"), adopted_at=YEAR_2020)

    assert put(path, body("a")).position is None
    assert put(path, {**body("a"), "version": 1}).position is None
    assert put(path, body("a"), adopted_at=YEAR_2020) == (first.fact, None, YEAR_2020)
    assert head(path) == 2
    assert put(path, body(a="no")).fact.version == 2
    assert put(path, body("a")).fact.version == 3


REFUSED = [
    (VersionTakenError, "give 2", {"said": {**body("b"), "version": 1}}),
    (AdoptedLaterError, "later than", {"adopted_at": datetime(2999, 1, 1, tzinfo=UTC)}),
    (
        AdoptedEarlierError,
        "earlier than 2020",
        {"adopted_at": datetime(2019, 1, 1, tzinfo=UTC)},
    ),
    (
        AdoptedOtherwiseError,
        "version 1 of the taxonomy is recorded already",
        {"said": body("a"), "adopted_at": YEAR_2021},
    ),
    (Unreadable, "title: is required", {"said": {"categories": body("a")}}),
]


@pytest.mark.parametrize(("rule", "words", "given"), REFUSED)
def test_what_may_not_follow_is_refused(path, rule, words, given):
    """
    The rule says so, and nothing is recorded.
    """
    put(path, body("a"), adopted_at=YEAR_2020)

    with pytest.raises(rule, match=words):
        put(path, **{"said": body("b"), **given})
    assert head(path) == 2


def test_who_says_so_is_text(path):
    """
    What is not what its field takes is refused by its option.
    """
    ledger, _ = app.open_ledger(path, clock=Clock())
    try:
        with pytest.raises(FieldError, match="--by must be text"):
            ledger.categorize(body("a"), by=" ")
        with pytest.raises(FieldError, match="--reason must be text"):
            ledger.categorize(body("a"), by="b", reason="")
    finally:
        ledger.close()
    assert head(path) == 1


def test_a_rehearsal_records_nothing(path):
    """
    It says where it would stand.
    """
    ledger, _ = app.open_ledger(path, clock=Clock())
    try:
        assert ledger.categorize(body("a"), by="b", dry_run=True).position == 2
    finally:
        ledger.close()
    assert head(path) == 1


def record(path, event, **fields):
    """
    Record one fact on S-1, as a command would.
    """
    ledger, identity = app.open_ledger(path, clock=Clock())
    zone = ledgers.ZoneInfo(identity.timezone)
    try:
        said = {"scr": "S-1", "event": event, "by": "agent-1", **fields}
        return ledger.record(said, zone=zone)
    finally:
        ledger.close()


@pytest.mark.parametrize("event", ["classified", "reclassified"])
def test_a_live_command_keeps_to_the_taxonomy(path, event):
    """
    Before one is loaded any category may be typed; then only one of the latest
    recorded, whenever it was adopted, unless a reason forces it, which is kept.
    """
    record(path, "filed", case_number="C", office="O")
    record(path, "classified", category="x", subcategory="s")
    put(path, body("x"), adopted_at=YEAR_2020)
    put(path, body("gangs"))
    why = {"reason": "r"} if event == "reclassified" else {}

    with pytest.raises(AnomalyError, match="a category that is not in the taxonomy"):
        record(path, event, category="x", subcategory="s", **why)
    record(path, event, category="gangs", subcategory="anything", **why)
    forced = record(path, event, category="x", subcategory="s", forced="old", **why)

    assert forced.anomalies == ("category-not-in-taxonomy",)
    assert forced.fact.forced == "old"


def test_a_ledger_of_before_has_none(path):
    """
    Nothing is asked of categories where no taxonomy was ever recorded.
    """
    record(path, "filed", case_number="C", office="O")
    told = record(path, "classified", category="anything", subcategory="s")

    assert told.anomalies == ()
    assert taxonomies.waive(path, "office-silent", "S-1").position == 4
