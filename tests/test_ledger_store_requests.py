"""Requests: decided one after another, appended all or none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger import fsck
from ledger.errors import (
    CitesAlreadyError,
    DayToComeError,
    DayTooEarlyError,
    FieldError,
    HeadMovedError,
    NoSuchRequestError,
    RequestTakenError,
)
from ledger.reader import open_log
from tests import ledgers
from tests.accountability import (
    before_days_were_compared,
    cited,
    declined,
    request,
    requested,
)
from tests.commandline import life


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


def test_each_request_is_a_stream(path):
    """
    Its facts stand in it one after another, and verify.
    """
    at = head(path) + 1
    told = request(path, requested("A"), requested("B"), declined("A"))
    request(path, cited(path, "A"))
    with open_log(path) as log:
        streams = [row.version for row in log.stream("request/A", log.head)]

    assert [one.position for one in told] == [at, at + 1, at + 2]
    assert streams == [1, 2, 3]
    assert fsck.check(path, lambda _: None).findings == ()


def test_the_same_again_adds_nothing(path):
    """
    Whoever says it, and whatever proved it then; a word changed is another fact.
    """
    request(path, requested(), cited(path))
    at = head(path)

    again = request(path, requested(), cited(path), by="c")
    assert [one.position for one in again] == [None, None]
    assert head(path) == at
    assert request(path, cited(path, note="n"))[0].position == at + 1


REFUSED = [
    (RequestTakenError, "says something else", [requested(amount=2)]),
    (NoSuchRequestError, "no request R-2 is recorded", [declined("R-2")]),
    (
        DayToComeError,
        "submitted_on 2999-01-01 is later",
        [
            requested("R-2", submitted_on="2999-01-01"),
        ],
    ),
    (DayToComeError, "declined_on 2999-01-01", [declined(declined_on="2999-01-01")]),
    (FieldError, "a program, of an office", [requested("R-2", program=None)]),
    (FieldError, "--request must be an id", [requested("R 2")]),
    (FieldError, "--amount", [requested("R-2", amount=-1)]),
    (FieldError, "--fiscal-year", [requested("R-2", fiscal_year=1)]),
    (FieldError, "--reason must be text", [declined(reason=" ")]),
    (FieldError, "must be a date", [requested("R-2", submitted_on="2020-02-30")]),
]


@pytest.mark.parametrize(("error", "words", "facts"), REFUSED)
def test_what_is_refused(path, error, words, facts):
    """
    In one line, and nothing is recorded, not even what stood before it.
    """
    request(path, requested())
    at = head(path)

    with pytest.raises(error, match=words):
        request(path, requested("R-0"), *facts)
    assert head(path) == at


def test_a_request_that_cites_does_not_decline(path):
    """
    One that has declined may still cite: then it has used SCR data.
    """
    request(path, requested(), declined(), cited(path))

    with pytest.raises(CitesAlreadyError):
        request(path, declined(reason="other"))


def test_nothing_comes_between_a_proof_and_its_citation(path):
    """
    If the log has grown since the proof, the citation is refused.
    """
    request(path, requested())
    one, at = cited(path), head(path)
    request(path, requested("R-2"))

    with pytest.raises(HeadMovedError):
        request(path, one, head=at)
    assert request(path, one, head=at + 1)[0].position == at + 2


def test_a_day_is_that_of_the_ledgers_zone(path):
    """
    At four in the morning UTC it is still the day before in New York.
    """
    moment = datetime(2026, 3, 1, 4, tzinfo=UTC)

    with pytest.raises(DayToComeError, match="later than 2026-02-28"):
        request(path, requested(submitted_on="2026-03-01"), clock=lambda: moment)
    assert request(path, requested(submitted_on="2026-02-28"), clock=lambda: moment)


DAYS = [  # Of the citation, what it claims, and whether it is refused, and why.
    ("cited_on", "2020-02-29", {}, "2020-03-01, the day the request was submitted"),
    ("cited_on", "2020-03-01", {}, None),
    ("declined_on", "2020-02-29", {}, "2020-03-01, the day the request was subm"),
    ("declined_on", "2020-03-01", {}, None),
    (
        "cited_on",
        "2020-03-14",
        {"bound": "before", "instant": "2020-03-16T04:00:00Z"},
        "2020-03-15, the day of the cut-off of what it cites",
    ),
    (
        "cited_on",
        "2020-03-15",
        {"bound": "before", "instant": "2020-03-16T04:00:00Z"},
        None,
    ),
    (
        "cited_on",
        "2020-03-15",
        {"bound": "through", "instant": "2020-03-16T04:00:00Z"},
        "2020-03-16, the day of the cut-off",
    ),
    (
        "cited_on",
        "2020-03-15",
        {"bound": "through", "instant": "2020-03-16T03:59:59Z"},
        None,
    ),
]


@pytest.mark.parametrize(("field", "day", "said", "why"), DAYS)
def test_nothing_is_said_before_the_request_or_what_it_rests_on(
    path, field, day, said, why
):
    """
    Neither before the request was submitted, nor before the day of the cut-off in the
    ledger's zone; what an older ledger has of that kind stands, and is recognised.
    """
    request(path, requested(submitted_on="2020-03-01"))
    plain = declined() if field == "declined_on" else cited(path)
    fact = {**plain, field: day, **said}
    if why is None:
        assert request(path, fact)[0].position == head(path)
        return

    with pytest.raises(DayTooEarlyError, match=f"{field} {day} is earlier than {why}"):
        request(path, fact)
    with before_days_were_compared():
        request(path, fact)
    assert request(path, fact)[0].position is None
    assert fsck.check(path, lambda _: None).findings == ()


def tampered(path: str, position: int, old: str, new: str) -> set[str]:
    """
    Change the payload of a fact, make its hashes anew; return which checks complain.
    """
    from tests.test_ledger_fsck import put, rehash, tamper

    tamper(path, put(position, old, new))
    rehash(path)
    found = fsck.check(path, lambda _: None).findings
    return {one.check for one in found if one.position == position}


@pytest.mark.parametrize(
    ("at", "old", "new"),
    [
        (1, '"program":"p"', '"program":"p","submitted_on":"2999-01-01"'),
        (2, "S-1", "S-9"),
        (2, '"proved_position":6', '"proved_position":5'),
        (2, '"proved_position":6', '"proved_position":60'),
        (
            3,
            '"event":"cited"',
            '"event":"cited","figure":{"measure":"dd-all",'
            '"fiscal_year":2019,"value":1,"definition_hash":"' + "0" * 64 + '"}',
        ),
    ],
)
def test_a_forged_request_is_found(path, monkeypatch, at, old, new):
    """
    With leaf hashes made anew, a citation still has to rest on what was there, and no
    day had yet to come; without the check nobody would know.
    """
    first = head(path)
    request(path, requested())
    with open_log(path) as log:
        proof = {"proved_position": 6, "proved_root": log.root(6).hex()}
    request(path, cited(path, **proof), cited(path, note="n", **proof))
    assert fsck.check(path, lambda _: None).findings == ()

    assert "request" in tampered(path, first + at, old, new)
    monkeypatch.setattr(fsck.LogCheck, "_request", lambda *_: iter(()))
    found = fsck.check(path, lambda _: None).findings
    assert "request" not in {one.check for one in found}
