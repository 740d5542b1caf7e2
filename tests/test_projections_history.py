"""Facts as people read them: clocks, details, and what damage does to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.errors import FactDamagedError, NotFoundError
from ledger.reader import Row, open_log
from projections import basis as bases
from projections import history
from tests import ledgers
from tests.commandline import HISTORY, life

GOLDEN = Path(__file__).parents[1] / "fixtures" / "golden"
RECORDED = "2024-01-03T12:00:00.000000Z"
FACT = {
    "scr": "SCR-1",
    "event": "filed",
    "effective_on": "2019-03-04",
    "by": "agent-1",
    "case_number": "C-1",
    "office": "SAC Houston",
}


def row(
    payload: object, topic: str = "scr.filed/1", recorded_at: str = RECORDED
) -> Row:
    """
    Return a row of the log that keeps a payload.
    """
    kept = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Row(7, "scr/SCR-1", 1, topic, recorded_at, kept)


def test_a_claimed_fact_has_the_instant_of_its_source():
    """
    `known_at` as claimed, in UTC, and `claimed` says so; clocks come first.
    """
    line = history.line_of(row({**FACT, "known_at": "2019-03-06T10:00:00-05:00"}))

    assert list(line)[:4] == ["position", "recorded_at", "known_at", "claimed"]
    assert line["known_at"] == "2019-03-06T15:00:00Z"
    assert line["claimed"] is True
    assert line["recorded_at"] == "2024-01-03T12:00:00Z"


def test_a_witnessed_fact_was_known_when_it_was_recorded():
    """
    Without a claim, `known_at` is `recorded_at`.
    """
    line = history.line_of(row(FACT))

    assert line["known_at"] == line["recorded_at"]
    assert line["claimed"] is False


def test_the_ledgers_own_facts_have_no_claim():
    """
    They have a position and `recorded_at`, and nothing about the agency's knowledge.
    """
    line = history.line_of(row({"event": "opened", "name": "n"}, "ledger.opened/1"))

    assert line == {
        "position": 7,
        "recorded_at": "2024-01-03T12:00:00Z",
        "event": "opened",
        "name": "n",
    }


def test_details_are_what_has_no_column():
    """
    An SCR's organization is a detail; an organization's own id is its subject.
    """
    line = history.line_of(row({**FACT, "organization": "ORG-1"}))
    assert history.details(line) == (
        "case_number C-1, office SAC Houston, organization ORG-1"
    )

    merged = {"organization": "ORG-1", "event": "merged", "into": "ORG-2", "by": "b"}
    assert history.details(merged) == "into ORG-2"
    assert history.details({"event": "imported", "added": {"filed": 2}}) == (
        'added {"filed": 2}'
    )


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("*.json")), ids=lambda one: one.stem
)
def test_every_kind_of_fact_has_a_subject_and_a_short_line(path):
    """
    What a log shows of it names what it is about, and tells no list item by item.
    """
    fields = json.loads(path.read_bytes())
    line = history.line_of(row(fields, f"{path.stem.rpartition('.')[0]}/1"))

    told = history.details(line)
    assert "[{" not in told
    about = history.subject_of(line)
    named = {"opened", "imported", "asserted", "withdrawn", "categorized", "restored"}
    assert (about == "ledger") <= (fields["event"] in named)


@pytest.mark.parametrize(
    "damaged",
    [
        row(b""),
        row(b"{"),
        row(b"\xff"),
        row([]),
        row({}),
        row({"event": 1}),
        row(b"[" * 100_000),
        row({**FACT, "known_at": "yesterday"}),
        row({**FACT, "known_at": 5}),
        row({**FACT, "known_at": "2019-03-06T10:00:00"}),
        row(FACT, recorded_at="yesterday"),
        row(FACT, recorded_at="2024-01-03T12:00:00"),
    ],
    ids=lambda damaged: f"{damaged.payload[-40:]!r} {damaged.recorded_at}",
)
def test_a_damaged_fact_is_named_by_its_position(damaged):
    """
    What cannot be a fact is evidence of damage, whatever is wrong with it.
    """
    with pytest.raises(FactDamagedError, match="position 7 is damaged"):
        history.line_of(damaged)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """
    An open log of a few SCRs.
    """
    path = ledgers.make(tmp_path_factory.mktemp("history") / "scr.db")
    ledgers.load(path, HISTORY + life("SCR-9/a.b_c-D"))
    with open_log(path) as opened:
        yield opened


def test_ids_that_nobody_can_have_are_not_recorded(log):
    """
    Any text may be asked for; only ids that are recorded are found.
    """
    now = bases.of_now(log)
    for name in ("", "scr-1", "SCR-1 ", "SCR-1\0", "\udc80", "漢", "%", "SCR-_"):
        with pytest.raises(NotFoundError, match="is recorded"):
            history.of_scr(log, name, now)
    assert len(history.of_scr(log, "SCR-9/a.b_c-D", now)) == 3


def test_export_lines_have_what_import_needs_and_ignores(log):
    """
    Every line has `known_at`; `position` and `recorded_at` come last.
    """
    lines = list(history.exported(log))

    assert len(lines) == 20
    for line in lines:
        assert list(line)[-2:] == ["position", "recorded_at"]
        assert "known_at" in line
        assert "claimed" not in line
