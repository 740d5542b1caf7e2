"""What may be said about a subject: the contract's refusals and notes, as tables."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from ledger.domain import scr as scrs
from ledger.domain import subject as subjects
from ledger.errors import RuleError
from tests.facts import (
    ACCEPTED,
    ANOMALIES,
    IN_TAXONOMY,
    REFUSED,
    disrupted,
    filed,
    given,
    merged,
    read,
    unmerged,
    voided,
)

ZONE = ZoneInfo("America/New_York")


def decide(history, line) -> None:
    """
    Decide a line after a history.
    """
    states = given(*history)
    event = read(line)
    subjects.refuse(
        states.get(event.stream),
        event,
        lambda name: subjects.leads_to(states.get(name)),
    )


@pytest.mark.parametrize(("rule", "words", "field", "history", "line"), REFUSED)
def test_what_is_refused(rule, words, field, history, line):
    """
    Each rule refuses by its class, and says in words what is wrong, and where.
    """
    with pytest.raises(RuleError, match=words) as refused:
        decide(history, line)

    assert type(refused.value) is rule
    assert refused.value.field == field


@pytest.mark.parametrize("lines", [*ACCEPTED, *(row[3] for row in REFUSED)])
def test_what_is_not_refused(lines):
    """
    Every history that a refusal needs is lawful itself, step by step.
    """
    for count, line in enumerate(lines):
        decide(lines[:count], line)


def notes(lines) -> list[str]:
    """
    Return what is odd about the last of these lines.
    """
    states, event = given(*lines[:-1]), read(lines[-1])
    state = states.get(event.stream)
    known_on = event.known_at.astimezone(ZONE).date()
    exists = {name.removeprefix("scr/") for name in states}.__contains__
    given_ = {"known_on": known_on, "exists": exists, "categories": IN_TAXONOMY}
    return list(scrs.anomalies(state, event, **given_))


ON_SCRS = [row for row in ANOMALIES if "scr" in row[1][-1]]


@pytest.mark.parametrize(("rule", "departs", "keeps"), ON_SCRS)
def test_what_is_noted(rule, departs, keeps):
    """
    Each departure is noted by name, once, and what just keeps the rule is not.
    """
    assert notes(departs).count(rule) == 1
    assert rule not in notes(keeps)


def test_a_filing_has_only_a_day():
    """
    Of a first fact nothing is noted but that it took effect after it was known.
    """
    assert notes([filed()]) == []
    assert notes([filed(effective_on="2019-02-01")]) == ["effective-after-known"]


@pytest.mark.parametrize(
    ("lines", "stream", "target"),
    [
        ([filed()], "scr/S-1", None),
        ([filed(), voided()], "scr/S-1", None),
        ([filed(), voided(duplicate_of="S-2")], "scr/S-1", "S-2"),
        ([merged()], "organization/O-1", "O-2"),
        ([merged(), unmerged()], "organization/O-1", None),
        ([], "scr/S-1", None),
    ],
)
def test_where_a_subject_leads(lines, stream, target):
    """
    To what it duplicates, or is merged into, now; else nowhere.
    """
    assert subjects.leads_to(given(*lines).get(stream)) == target


def test_a_day_ends_in_the_ledgers_zone():
    """
    A fact is known on the day it is there, where the ledger is kept.
    """
    midnight = datetime(2019, 1, 2, 5, tzinfo=ZoneInfo("UTC"))

    assert midnight.astimezone(ZONE).date() == date(2019, 1, 2)
    line = disrupted(effective_on="2019-01-02", known_at="2019-01-02T04:59:59.999999Z")
    assert "effective-after-known" in notes([filed(), line])
    line = disrupted(effective_on="2019-01-02", known_at="2019-01-02T05:00:00Z")
    assert "effective-after-known" not in notes([filed(), line])
