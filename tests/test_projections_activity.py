"""Who recorded what, held equal to a sum over the log."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.corrections import CORRECTIONS
from ledger.errors import FactDamagedError, UsageError
from ledger.reader import open_log
from projections import activity, history
from projections.activity import COLUMNS
from projections.history import Span
from tests import ledgers, oracle, strategies
from tests.commandline import filed, life, scr

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def account_of(lines: list[dict], line: dict) -> str | None:
    """
    Return who ran what recorded a line: itself says so, or the next import does.
    """
    if "recorded_by" in line or "run_by" in line:
        return line.get("recorded_by", line.get("run_by"))
    if line["event"] == "opened":
        return None
    later = [each for each in lines if each["position"] > line["position"]]
    return next(each["run_by"] for each in later if each["event"] == "imported")


def value(column: str, lines: list[dict], line: dict) -> str | None:
    """
    Return what a line has in a column.
    """
    local = datetime.fromisoformat(line["recorded_at"]).astimezone(oracle.ZONE)
    match column:
        case "person":
            return line.get("by")
        case "account":
            return account_of(lines, line)
        case "day":
            return f"{local:%Y-%m-%d}"
        case "month":
            return f"{local:%Y-%m}"
        case _:
            return line.get(column)


@holds_for(
    strategies.loads(),
    st.lists(st.sampled_from(COLUMNS), unique=True, min_size=1, max_size=3),
    st.data(),
)
def test_groups_are_a_sum_over_the_log(loads, per, data):
    """
    For every log, span and choice of columns: each fact is in one group, that of its
    values, and the groups add up to the span.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log:
            lines = [history.line_of(row) for row in log.rows(0, log.head)]
            first = data.draw(st.integers(1, log.head))
            last = data.draw(st.integers(0, log.head))
            found = activity.activity(log, Span(first, last), tuple(per))

    expected = defaultdict(list)
    for line in lines:
        if first <= line["position"] <= last:
            expected[tuple(value(column, lines, line) for column in per)].append(line)
    assert sum(group.facts for group in found) == max(0, last - first + 1)
    assert {group.key for group in found} == set(expected)
    for group in found:
        inside = expected[group.key]
        assert group.facts == len(inside)
        assert group.scrs == len({line["scr"] for line in inside if "scr" in line})
        assert group.corrections == sum(line["event"] in CORRECTIONS for line in inside)
        assert group.forced == sum("forced" in line for line in inside)
        assert group.claimed == sum(line.get("claimed") is True for line in inside)
        assert group.first_recorded_at == inside[0]["recorded_at"]
        assert group.last_recorded_at == inside[-1]["recorded_at"]


def test_groups_come_by_code_point_and_none_last(tmp_path):
    """
    Capitals before small letters, and what has no value after everything.
    """
    path = ledgers.make(tmp_path / "scr.db")
    for number, by in enumerate(("b", "B", "a", "é")):
        ledgers.load(path, filed(f"SCR-{number}", by=by))
    with open_log(path) as log:
        found = activity.activity(log, Span(1, log.head), ("person",))

    assert [group.key for group in found] == [("B",), ("a",), ("b",), ("é",), (None,)]


def test_an_import_is_the_account_of_what_it_added(tmp_path, monkeypatch):
    """
    A file says that an agent did it; who ran the import and the command is apart.
    """
    monkeypatch.setattr("ledger.app.account", lambda: "registry")
    monkeypatch.setenv("SCR_BY", "agent-9")
    path = ledgers.make(tmp_path / "scr.db")
    (tmp_path / "facts.jsonl").write_text(life("SCR-1"))
    assert scr("--ledger", path, "import", str(tmp_path / "facts.jsonl")).code == 0
    monkeypatch.setattr("ledger.app.account", lambda: "analyst")
    returned = ("--ledger", path, "return", "SCR-1", "--reason", "r")
    assert scr(*returned).code == 0
    assert scr(*returned, "--force", "sent back twice").code == 0

    with open_log(path) as log:
        found = activity.activity(log, Span(1, log.head), ("account", "person"))

    assert {group.key: (group.facts, group.forced) for group in found} == {
        ("analyst", "agent-9"): (2, 1),
        ("registry", "agent-1"): (3, 0),
        ("registry", None): (1, 0),
        (None, None): (1, 0),
    }


def test_a_day_is_one_of_the_ledgers_zone(tmp_path):
    """
    What was recorded at 04:59 UTC on 1 February belongs to 31 January in New York.
    """
    path = ledgers.make(tmp_path / "scr.db", ledgers.Clock(NOON.replace(day=1)))
    for number, at in enumerate(
        (
            datetime(2024, 1, 31, 4, 59, 59, 999_999, tzinfo=UTC),
            datetime(2024, 1, 31, 5, tzinfo=UTC),
        )
    ):
        # The clock is a day further at each look.
        ledgers.load(path, filed(f"SCR-{number}"), clock=ledgers.Clock(at))
    with open_log(path) as log:
        months = activity.activity(log, Span(2, log.head), ("month",))
        days = activity.activity(log, Span(2, log.head), ("day",))

    assert [group.key for group in months] == [("2024-01",), ("2024-02",)]
    assert [group.key for group in days] == [("2024-01-31",), ("2024-02-01",)]


@pytest.mark.parametrize(
    ("texts", "columns"),
    [
        (("person",), ("person",)),
        (("day,event",), ("day", "event")),
        (("event", "day"), ("event", "day")),
        (("event,day", "account"), ("event", "day", "account")),
    ],
)
def test_columns_come_one_by_one_or_with_commas(texts, columns):
    """
    In the order in which they are given.
    """
    assert activity.parse_columns(texts) == columns


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (
            ("office",),
            "--per takes person, account, source, day, month, event, not off",
        ),
        (("",), "not empty"),
        (("day,",), "not empty"),
        (("day", "day"), "--per names day twice"),
        (("day,event", "event"), "--per names event twice"),
    ],
)
def test_columns_that_are_none_are_refused(texts, said):
    """
    A name that is not there, nothing at all, or one twice.
    """
    with pytest.raises(UsageError, match=said):
        activity.parse_columns(texts)


class _Damaged:
    """A log whose one fact, at position 7, is not what its topic says."""

    identity = type("Identity", (), {"timezone": ledgers.ZONE})
    head = 7

    def __init__(self, topic: str, payload: bytes, recorded_at: str):
        self.row = ("ledger", 1, topic, recorded_at, payload)

    def narrow(self, _after, _upto):
        """
        Return the row as a fold reads it.
        """
        _, _, topic, recorded_at, payload = self.row
        return iter([(7, topic, recorded_at, payload)])

    def stream(self, _name, _upto):
        """
        Return it as a stream has it.
        """
        from ledger.reader import Row

        return [Row(7, *self.row)]


GOOD = "2024-01-03T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("topic", "payload", "recorded_at"),
    [
        ("scr.filed/1", b"[]", GOOD),
        ("scr.filed/1", b'{"event":"filed","scr":["S"],"by":"b"}', GOOD),
        ("scr.filed/1", b'{"event":"filed","scr":"S","by":7}', GOOD),
        ("scr.filed/1", b'{"event":"filed","scr":"S","by":{}}', GOOD),
        ("scr.filed/1", b'{"event":"filed","scr":"S","by":"b"}', "yesterday"),
        ("ledger.imported/1", b'{"event":"imported"}', GOOD),
        ("ledger.imported/1", b'{"event":"imported","added":7}', GOOD),
        ("ledger.imported/1", b'{"event":"imported","added":{"filed":"x"}}', GOOD),
    ],
)
def test_a_damaged_fact_is_named_by_its_position(topic, payload, recorded_at):
    """
    What cannot be grouped is evidence of damage; nothing is passed over.
    """
    log = _Damaged(topic, payload, recorded_at)

    with pytest.raises(FactDamagedError, match="position 7 is damaged"):
        activity.activity(log, Span(1, 7), ("person", "account", "day"))
