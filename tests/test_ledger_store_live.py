"""Live facts: decided under the lock they are appended under."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from zoneinfo import ZoneInfo

import pytest

from ledger import app, fsck
from ledger.errors import (
    AnomalyError,
    CommandIdTakenError,
    FieldError,
    LogDamagedError,
    NotFiledError,
    OutcomeTakenError,
)
from ledger.reader import open_log
from projections.history import line_of
from tests import ledgers
from tests.ledgers import Clock

ZONE = ZoneInfo(ledgers.ZONE)


@pytest.fixture
def path(tmp_path) -> str:
    """
    An empty ledger.
    """
    return ledgers.make(tmp_path / "scr.db")


def record(path, event, scr="S-1", *, clock=None, dry_run=False, **fields):
    """
    Record one fact on an SCR, as a command would.
    """
    fields = {"scr": scr, "event": event, "by": "agent-1", **fields}
    ledger, _ = app.open_ledger(path, clock=clock or Clock())
    try:
        return ledger.record(fields, zone=ZONE, dry_run=dry_run)
    finally:
        ledger.close()


def file(path, scr="S-1", **fields):
    """
    File an SCR.
    """
    return record(path, "filed", scr, case_number="C-1", office="SAC X", **fields)


def lines(path) -> list[dict]:
    """
    Return the facts of a ledger.
    """
    with open_log(path) as log:
        return [line_of(row) for row in log.rows(0, log.head)]


def test_what_the_ledger_sees_is_witnessed(path):
    """
    A live fact is known when it is recorded, on that day of the ledger's zone.
    """
    late = Clock(datetime(2024, 10, 1, 3, 30, tzinfo=UTC))  # +1 day: 2 Oct, 23:30 NY.
    file(path, clock=late)

    fact = lines(path)[-1]

    assert fact["known_at"] == fact["recorded_at"] == "2024-10-02T03:30:00Z"
    assert fact["claimed"] is False
    assert fact["effective_on"] == "2024-10-01"


def test_who_ran_it_is_kept_apart_from_who_says_so(path):
    """
    `by` is what the person says, `recorded_by` the account of the command.
    """
    file(path)

    assert lines(path)[-1]["by"] == "agent-1"
    assert lines(path)[-1]["recorded_by"] == app.account()


def test_a_rule_is_a_rule(path):
    """
    What a file may not bring, a live command may not either.
    """
    with pytest.raises(NotFiledError):
        record(path, "reopened", reason="new lead")
    assert len(lines(path)) == 1


def test_an_anomaly_needs_a_reason(path):
    """
    What history may bring, a live command may only with a reason, which is kept.
    """
    file(path)
    with pytest.raises(AnomalyError, match="before any determination"):
        record(path, "approved")

    record(path, "approved", forced="panel of 2010")

    assert lines(path)[-1]["forced"] == "panel of 2010"


@pytest.mark.parametrize(
    ("event", "fields", "words"),
    [
        ("disrupted", {"outcome": "D1"}, "not approved"),
        ("dismantled", {"outcome": "D1"}, "before any disruption"),
        ("reclassified", {"category": "a", "subcategory": "b"}, "no category"),
        (
            "redetermined",
            {"association": "no", "transnational": "no"},
            "no determination",
        ),
        ("returned", {}, "returned"),
        ("rescinded", {}, "rescinded"),
        ("voided", {"duplicate_of": "S-404"}, "not here"),
        ("reopened", {"effective_on": "2999-01-01"}, "after the day it was known"),
    ],
)
def test_every_anomaly_is_refused_by_name(path, event, fields, words):
    """
    Each departure that a file may bring is refused when typed, in words.
    """
    file(path)
    if event not in ("disrupted", "dismantled"):
        fields = {"reason": "as found", **fields}

    with pytest.raises(AnomalyError, match=words):
        record(path, event, **fields)


def test_a_repeated_command_is_recorded_once(path):
    """
    With the same command id, the same command answers that it is already recorded.
    """
    first = file(path, command_id="k-1")
    again = file(path, command_id="k-1", clock=Clock(datetime(2025, 1, 1, tzinfo=UTC)))

    assert (first.already, again.already) == (False, True)
    assert len(lines(path)) == 2


def test_a_command_id_belongs_to_one_command(path):
    """
    Another command under the same id is refused.
    """
    file(path, command_id="k-1")

    with pytest.raises(CommandIdTakenError):
        record(path, "reopened", reason="new lead", command_id="k-1")


def test_a_rehearsal_records_nothing(path):
    """
    A dry run decides, and leaves the log as it was.
    """
    assert file(path, dry_run=True).already is False
    assert len(lines(path)) == 1


def test_a_bad_value_names_its_option(path):
    """
    A value that is not what its field takes is named as the person gave it.
    """
    with pytest.raises(FieldError, match=r"^--on must be a date"):
        file(path, effective_on="2024-02-30")


def test_known_at_is_the_ledgers(path):
    """
    A live command cannot say when a fact was known.
    """
    with pytest.raises(FieldError, match="known-at"):
        file(path, known_at="2020-01-01T00:00:00Z")


def _write(path: str, writer: int, many: int) -> list[tuple[str, str]]:
    acknowledged = []
    for number in range(12):
        scr = f"S-{writer}-{number}" if many else "S-1"
        outcome = f"D-{writer}-{number}"
        if many:
            file(path, scr)
        record(path, "disrupted", scr, outcome=outcome, forced="test")
        acknowledged.append((scr, outcome))
    return acknowledged


@pytest.mark.parametrize("many", [0, 1], ids=["one SCR", "many SCRs"])
def test_eight_writers_lose_and_double_nothing(path, many):
    """
    What eight processes were told is recorded is there, once each, and verifies.
    """
    file(path, effective_on="2000-01-01")
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as pool:
        told = pool.map(_write, [path] * 8, range(8), [many] * 8)
        acknowledged = [pair for pairs in told for pair in pairs]

    there = [
        (fact["scr"], fact["outcome"])
        for fact in lines(path)
        if fact["event"] == "disrupted"
    ]

    assert sorted(there) == sorted(acknowledged)
    assert fsck.check(path, lambda _: None).findings == ()


def test_of_two_writers_of_one_outcome_one_is_refused(path):
    """
    A decision is made against what is recorded at that moment, not before.
    """
    file(path, effective_on="2000-01-01")
    record(path, "disrupted", outcome="D1", forced="test")

    with pytest.raises(OutcomeTakenError):
        record(path, "disrupted", outcome="D1", forced="test")


def test_who_ran_it_is_not_what_the_environment_says(path, monkeypatch):
    """
    The account is asked of the system: a name in the environment changes nothing.
    """
    before = app.account()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")

    assert app.account() == before
    file(path)
    assert lines(path)[-1]["recorded_by"] == before


def test_a_stream_that_breaks_its_rules_is_damage(path):
    """
    A log whose facts cannot follow each other is damaged, not a refusal of the command.
    """
    file(path)
    connection = sqlite3.connect(path)
    (text,) = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE name='stored_events_no_update'"
    ).fetchone()
    connection.execute("DROP TRIGGER stored_events_no_update")
    payload = (
        b'{"scr":"S-1","event":"reopened","effective_on":"2024-01-01","by":"a",'
        b'"reason":"r"}'
    )
    connection.execute(
        "UPDATE stored_events SET topic='scr.reopened/1', state=? WHERE rowid=2",
        (payload,),
    )
    connection.execute(text)
    connection.commit()
    connection.close()

    with pytest.raises(LogDamagedError, match="cannot follow each other"):
        record(path, "reopened", reason="new lead")
