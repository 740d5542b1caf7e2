"""Definitions and retirements: decided under the lock they are appended under."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger import app, fsck
from ledger.domain.events import Unreadable
from ledger.domain.fiscal import format_instant
from ledger.errors import (
    AdoptedEarlierError,
    AdoptedLaterError,
    AdoptedOtherwiseError,
    BuiltInMeasureError,
    FieldError,
    NoDenominatorError,
    NoSuchMeasureError,
    VersionTakenError,
)
from ledger.reader import open_log
from tests import ledgers
from tests.definitions import Put, body, put


@pytest.fixture
def path(tmp_path) -> str:
    """
    An empty ledger, made on 2 January 2024.
    """
    return ledgers.make(tmp_path / "scr.db")


def day(text: str) -> datetime:
    """
    Return noon of a day.
    """
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


def without_version(**said) -> dict:
    """
    Return a definition that leaves its version to the ledger.
    """
    told = body(**said)
    del told["version"]
    return told


def head(path) -> int:
    """
    Return how far the log goes.
    """
    with open_log(path) as log:
        return log.head


M1, M2 = body(), body(version=2)
RATE = body("rate", denominator="m")

# The rule, what it says; what is recorded, a day apart; what is refused.
REFUSED = [
    (BuiltInMeasureError, "dd-all is built in", [], Put(body("dd-all"))),
    (BuiltInMeasureError, "dd-tco is built in", [], Put("dd-tco")),
    (VersionTakenError, "give 2", [Put(M1)], Put(body(title="other"))),
    (VersionTakenError, "give 10", [Put(body(version=9))], Put(M2)),
    (VersionTakenError, "give 2", [Put(M1), Put("m")], Put(M1)),
    (NoSuchMeasureError, "no measure m is in force", [], Put("m")),
    (NoSuchMeasureError, "no measure m is in force", [Put(M1), Put("m")], Put("m")),
    (NoSuchMeasureError, "no measure n is in force", [Put(M1)], Put("n")),
    (NoDenominatorError, "no measure m is built in or in force", [], Put(RATE)),
    (
        NoDenominatorError,
        "no measure m is built in or in force",
        [Put(M1), Put("m")],
        Put(RATE),
    ),
    (AdoptedLaterError, "later than", [], Put(M1, day("2025-01-01"))),
    (AdoptedLaterError, "later than", [Put(M1)], Put("m", day("2025-01-01"))),
    (
        AdoptedEarlierError,
        "earlier than 2020-01-01T12:00:00Z",
        [Put(M1, day("2020-01-01"))],
        Put(M2, day("2019-12-31")),
    ),
    (AdoptedEarlierError, "earlier than", [Put(M1)], Put("m", day("2019-12-31"))),
    (
        AdoptedEarlierError,
        "earlier than",
        [Put(M1, day("2020-01-01")), Put("m")],
        Put(M2, day("2020-01-02")),
    ),
    (
        AdoptedOtherwiseError,
        "m@1 is recorded already, in force from 2020-01-01T12:00:00Z and not from 2021",
        [Put(M1, day("2020-01-01"))],
        Put(M1, day("2021-01-01")),
    ),
    (AdoptedOtherwiseError, "recorded already", [Put(M1)], Put(M1, day("2020-01-01"))),
]


@pytest.mark.parametrize(("rule", "words", "before", "refused"), REFUSED)
def test_what_may_not_follow_is_refused(path, rule, words, before, refused):
    """
    The rule says so in one line, and nothing is recorded.
    """
    put(path, *before)
    held = head(path)

    with pytest.raises(rule, match=words):
        put(path, refused)
    assert head(path) == held


@pytest.mark.parametrize(
    "these",
    [
        [Put(M1), Put(M2), Put(body(version=7))],
        [Put(M1, day("2020-01-01")), Put(M2, day("2020-01-01"))],
        [Put(M1), Put("m"), Put(M2), Put("m")],
        [Put(M1), Put(body("n"), day("2019-01-01"))],
        [Put(M1), Put(RATE), Put("m")],
        [Put(body("rate", denominator="dd-all"))],
    ],
)
def test_what_may_follow_is_recorded(path, these):
    """
    Each is a fact of its own, one after another, and the ledger verifies.
    """
    told = put(path, *these)

    assert [one.position for one in told] == list(range(2, 2 + len(these)))
    assert fsck.check(path, lambda _: None).findings == ()


def test_the_same_definition_again_adds_nothing(path):
    """
    It says where from it is in force; so does an earlier version that is not retired.
    """
    put(path, Put(M1, day("2020-01-01")), Put(M2))

    for again in (Put(M1), Put(M1, day("2020-01-01"))):
        (told,) = put(path, again)
        assert (told.position, told.since) == (None, day("2020-01-01"))
        assert told.fact.version == 1
    assert head(path) == 3


def test_without_a_version_it_is_the_next_one(path):
    """
    Counted from the last one, whatever it was; after a retirement as well.
    """
    (one,) = put(path, Put(without_version()))
    (again,) = put(path, Put(without_version()))
    (more,) = put(path, Put(body(version=7)), Put(without_version(title="new")))[1:]
    put(path, Put("m"))
    (back,) = put(path, Put(without_version(title="new")))

    assert [told.fact.version for told in (one, again, more, back)] == [1, 1, 8, 9]
    assert again.position is None


def test_it_is_in_force_from_recording_or_from_adoption(path):
    """
    The moment the ledger took, or the one that was claimed; never both.
    """
    (plain, claimed) = put(path, Put(M1), Put(body("n"), day("2020-01-01")))
    with open_log(path) as log:
        (recorded,) = [row.recorded_at for row in log.rows(1, 2)]

    assert plain.since == datetime.fromisoformat(recorded)
    assert plain.fact.adopted_at is None
    assert claimed.since == claimed.fact.adopted_at == day("2020-01-01")
    assert format_instant(claimed.since) == "2020-01-01T12:00:00Z"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"by": " "}, "--by must be text"),
        ({"by": "b", "reason": "\x00"}, "--reason must be text"),
        (
            {"by": "b", "adopted_at": datetime(1, 1, 1, tzinfo=UTC)},
            "--adopted must be a date-time",
        ),
    ],
)
def test_a_wrong_value_is_told_by_its_option(path, given, words):
    """
    Who says so, why and when are checked as in any fact.
    """
    ledger, _ = app.open_ledger(path)
    try:
        with pytest.raises(FieldError, match=words):
            ledger.define(M1, **given)
    finally:
        ledger.close()
    assert head(path) == 1


def test_what_is_no_definition_is_not_recorded(path):
    """
    All its faults come at once, before the ledger is looked at.
    """
    with pytest.raises(Unreadable) as caught:
        put(path, Put({"id": "m", "title": "t"}))

    assert ("unit", "is required") in caught.value.faults
    assert head(path) == 1


def test_a_rehearsal_records_nothing(path):
    """
    It is decided, and nothing stays.
    """
    ledger, _ = app.open_ledger(path)
    try:
        told = ledger.define(M1, by="b", dry_run=True)
    finally:
        ledger.close()

    assert told.position == 2
    assert head(path) == 1
