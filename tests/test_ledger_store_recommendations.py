"""Recommendations: each fact decided against what is recorded before it."""

from __future__ import annotations

import pytest

from ledger import fsck
from ledger.errors import (
    ClosedAlreadyError,
    DayToComeError,
    DayTooEarlyError,
    FieldError,
    HeadMovedError,
    MilestoneCompletedError,
    NoSuchMilestoneError,
    NoSuchRecommendationError,
    RecommendationTakenError,
)
from ledger.reader import open_log
from tests import ledgers
from tests.accountability import (
    before_days_were_compared,
    recommend,
    recommended,
)
from tests.test_ledger_store_requests import tampered


@pytest.fixture
def path(tmp_path) -> str:
    """
    An empty ledger, with the head at position 1.
    """
    return ledgers.make(tmp_path / "scr.db")


def respond(path, **said):
    """
    Record that the addressee concurs.
    """
    plain = {"answer": "concur", "text": "t", "due_on": "2024-06-30"}
    return recommend(path, "responded", **{**plain, **said})


def close(path, **said):
    """
    Record that R is closed.
    """
    return recommend(path, "closed", **{"evidence": "e", **said})


def proof(path) -> dict:
    """
    Return what a check is proved by at the head.
    """
    with open_log(path) as log:
        return {"proved_position": log.head, "proved_root": log.root(log.head).hex()}


def test_a_life_verifies(path):
    """
    From issue to closing, each fact in the stream of its recommendation.
    """
    told = [
        recommended(path, check="assertions", number="1", report="r"),
        respond(path, responded_on="2023-12-01"),
        recommend(path, "scheduled", milestone="m", due_on="2024-01-31"),
        recommend(path, "scheduled", milestone="m", due_on="2024-02-28"),
        recommend(path, "completed", milestone="m", completed_on="2024-01-01"),
        close(path, check="assertions", **proof(path)),
    ]

    assert [one.position for one in told] == [2, 3, 4, 5, 6, 7]
    assert fsck.check(path, lambda _: None).findings == ()


def test_the_last_again_adds_nothing(path):
    """
    Nor does the recommendation itself; an earlier fact again is another one.
    """
    recommended(path)
    assert respond(path).position == 3
    assert respond(path).position is None
    assert recommended(path).position is None
    assert respond(path, due_on="2024-09-30").position == 4
    assert respond(path).position == 5


def before(path, *milestones: str, closed: bool = False) -> None:
    """
    Record R, with milestones, the first completed.
    """
    recommended(path)
    for name in milestones:
        recommend(path, "scheduled", milestone=name, due_on="2024-01-31")
    for name in milestones[:1]:
        recommend(path, "completed", milestone=name)
    if closed:
        close(path)


REFUSED = [
    (RecommendationTakenError, "something else", recommended, {"text": "other"}, False),
    (FieldError, "--check must be validation:RULE", recommended, {"check": "x"}, False),
    (FieldError, "who concurs names a day", respond, {"due_on": None}, False),
    (FieldError, "who concurs names", respond, {"answer": "non-concur"}, False),
    (FieldError, "--answer must be concur", respond, {"answer": "maybe"}, False),
    (DayToComeError, "responded_on", respond, {"responded_on": "2999-01-01"}, False),
    (ClosedAlreadyError, "R is closed", respond, {}, True),
    (ClosedAlreadyError, "R is closed", close, {"evidence": "other"}, True),
    (FieldError, "a check is proved at", close, {"check": "assertions"}, False),
]


@pytest.mark.parametrize(("error", "words", "do", "said", "closed"), REFUSED)
def test_what_is_refused(  # noqa: PLR0913, PLR0917 - a table
    path, error, words, do, said, closed
):
    """
    In one line, and nothing is recorded.
    """
    before(path, closed=closed)
    with open_log(path) as log:
        head = log.head

    with pytest.raises(error, match=words):
        do(path, **said)
    with open_log(path) as log:
        assert log.head == head


EARLY, ISSUED = "2023-09-18", "2023-09-19"
CONCURS = {"answer": "concur", "text": "t"}
DAYS = [
    ("responded", "responded_on", {**CONCURS, "due_on": "2024-06-30"}),
    ("responded", "due_on", CONCURS),
    ("scheduled", "scheduled_on", {"milestone": "a", "due_on": "2024-01-31"}),
    ("scheduled", "due_on", {"milestone": "a"}),
    ("completed", "completed_on", {"milestone": "m"}),
]


@pytest.mark.parametrize(("event", "field", "said"), DAYS)
def test_nothing_is_said_due_or_done_before_the_issue(path, event, field, said):
    """
    On the day of issue it may be, the day before it is refused in one line; what an
    older ledger has of that kind stands.
    """
    recommended(path, issued_on=ISSUED)
    recommend(path, "scheduled", milestone="m", due_on="2024-01-31")

    why = f"{field} {EARLY} is earlier than {ISSUED}, the day the recommendation was"
    with pytest.raises(DayTooEarlyError, match=why):
        recommend(path, event, **said, **{field: EARLY})
    if event != "completed":
        assert recommend(path, event, **said, **{field: ISSUED}).position == 4
    with before_days_were_compared():
        assert recommend(path, event, **said, **{field: EARLY}).position
    assert fsck.check(path, lambda _: None).findings == ()


def test_a_milestone_is_completed_on_the_day_of_issue(path):
    """
    Nothing says that it takes a day.
    """
    recommended(path, issued_on=ISSUED)
    recommend(path, "scheduled", milestone="m", due_on=ISSUED)

    done = recommend(path, "completed", milestone="m", completed_on=ISSUED)
    assert done.position == 4


def test_milestones_are_scheduled_then_completed_once(path):
    """
    One that is not there is not completed, and a completed one does not come again.
    """
    before(path, "done", "open")

    with pytest.raises(NoSuchMilestoneError):
        recommend(path, "completed", milestone="other")
    with pytest.raises(MilestoneCompletedError):
        recommend(path, "scheduled", milestone="done", due_on="2024-05-01")
    recommend(path, "completed", milestone="open")


def test_nothing_follows_what_is_not_there(path):
    """
    A response names a recommendation that is recorded.
    """
    with pytest.raises(NoSuchRecommendationError):
        respond(path)


def test_nothing_comes_between_a_check_and_the_closing(path):
    """
    If the log has grown since the check was computed, closing is refused.
    """
    recommended(path, check="assertions")
    said = proof(path)
    respond(path)

    with pytest.raises(HeadMovedError):
        close(path, check="assertions", head=said["proved_position"], **said)


@pytest.mark.parametrize(
    ("position", "old", "new"),
    [
        (3, '"answer":"concur"', '"answer":"concur"'),
        (4, '"proved_position":3', '"proved_position":2'),
        (4, '"proved_position":3', '"proved_position":30'),
        (4, '"check":"assertions"', '"check":"coverage>=0"'),
        (2, '"issued_on":"2023-09-19"', '"issued_on":"2999-09-19"'),
    ],
)
def test_a_forged_recommendation_is_found(path, monkeypatch, position, old, new):
    """
    With leaf hashes made anew, a closing still has to rest on the check that the
    recommendation names; without the check nobody would know.
    """
    recommended(path, check="assertions")
    respond(path)
    close(path, check="assertions", **proof(path))

    found = tampered(path, position, old, new)
    assert ("recommendation" in found) == (old != new)
    monkeypatch.setattr(fsck.LogCheck, "_recommendation", lambda *_: iter(()))
    left = fsck.check(path, lambda _: None).findings
    assert "recommendation" not in {one.check for one in left}
