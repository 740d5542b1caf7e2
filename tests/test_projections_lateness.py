"""How late facts are, held equal to arithmetic on the export."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.fiscal import fiscal_year
from ledger.errors import FactDamagedError
from ledger.reader import open_log
from projections import basis as bases
from projections import lateness
from projections.lateness import BUCKETS, Asked
from tests import ledgers, oracle, strategies
from tests.commandline import filed, life, line

ASKED = st.builds(
    Asked,
    clock=st.sampled_from(lateness.CLOCKS),
    years=st.sampled_from([None, range(2019, 2020), range(2017, 2020)]),
    events=st.sampled_from([(), ("disrupted",), ("filed", "redetermined", "merged")]),
    by=st.sampled_from([None, None, "agent-1187", "nobody"]),
    office=st.sampled_from([None, None, "SAC Houston", "SAC El Paso"]),
)


def days_of(fact: oracle.Fact, clock: str) -> int:
    """
    Return the days of a fact: two days on a calendar in New York, subtracted.
    """
    instant = fact.known_at if clock == "known" else fact.recorded_at
    day = instant.astimezone(oracle.ZONE).date()
    return (day - date.fromisoformat(fact.line["effective_on"])).days


def office_of(facts: list[oracle.Fact], scr: str | None) -> str | None:
    """
    Return the office that the last fact with one gives an SCR.
    """
    events = ("filed", "transferred", "refiled")
    given = [
        fact.line["office"]
        for fact in facts
        if scr is not None
        and fact.line.get("scr") == scr
        and fact.line["event"] in events
        and "office" in fact.line
    ]
    return given[-1] if given else None


def expected(facts: list[oracle.Fact], asked: Asked) -> list[tuple[int, int, str]]:
    """
    Return days, position and event of the facts asked for.
    """
    return [
        (days_of(fact, asked.clock), fact.position, fact.line["event"])
        for fact in facts
        if (not asked.events or fact.line["event"] in asked.events)
        and asked.by in (None, fact.line["by"])
        and (
            asked.years is None
            or fiscal_year(date.fromisoformat(fact.line["effective_on"])) in asked.years
        )
        and asked.office in (None, office_of(facts, fact.line.get("scr")))
    ]


@holds_for(strategies.loads(), ASKED, st.data())
def test_days_are_those_of_a_calendar(loads, asked, data):
    """
    For every history, basis and question: the facts that are visible and asked for, in
    log order, each with the days between its clock and `effective_on`.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log:
            facts = ledgers.facts(log)
            at = data.draw(strategies.bases(facts))
            basis = bases.parse_as_of(strategies.as_of(at), log)
            found = list(lateness.measured(log, basis, asked))

            wanted = expected(oracle.visible(facts, at), asked)
            assert [(one.days, one.position, one.event) for one in found] == wanted
            visible = oracle.visible(facts, at)
            for scr, office in lateness.offices_of(log, basis).items():
                assert office == office_of(visible, scr)


def timed(*days: int, event: str = "filed") -> list[lateness.Timed]:
    """
    Return facts of an event that are so many days late.
    """
    rest = ("2019-01-01", "2019-01-01T12:00:00Z", True, "2024-01-01T12:00:00Z", "b")
    return [
        lateness.Timed(late, position, "scr", "SCR-1", event, *rest)
        for position, late in enumerate(days, 2)
    ]


late_days = st.lists(
    st.tuples(
        st.sampled_from(["filed", "approved", "merged"]),
        st.one_of(
            st.integers(-500, 1200),
            st.sampled_from([-1, 0, 1, 7, 8, 30, 31, 90, 91, 365, 366]),
        ),
    ),
    max_size=40,
)


def bucket_of(days: int) -> str:
    """
    Return the bucket of a number of days, by the headings of the page.
    """
    if days < 0:
        return "effective_after"
    if days == 0:
        return "same_day"
    for most, name in ((7, "1_7"), (30, "8_30"), (90, "31_90"), (365, "91_365")):
        if days <= most:
            return f"days_{name}"
    return "over_365"


@holds_for(late_days, st.integers(0, 400))
def test_the_spread_is_that_of_a_sorted_list(drawn, over):
    """
    Buckets add up to the facts, of each event and of all; the median, the ninetieth and
    the largest stand where a sorted list has them.
    """
    facts = [one for event, days in drawn for one in timed(days, event=event)]
    found = lateness.spread(facts, over)

    assert [one.event for one in found.events] == sorted({event for event, _ in drawn})
    for one in (*found.events, found.total):
        days = sorted(d for event, d in drawn if one.event in (None, event))
        counted = Counter(map(bucket_of, days))
        assert one.facts == len(days) == sum(one.buckets.values())
        assert one.buckets == {name: counted[name] for name, _, _ in BUCKETS}
        assert one.over == sum(late > over for late in days)
        if not days:
            assert (one.median, one.p90, one.largest) == (None, None, None)
            continue
        assert one.median == statistics.median_low(days)
        assert one.p90 == days[math.ceil(len(days) * 9 / 10) - 1]
        assert one.largest == days[-1]
    for name, _, _ in BUCKETS:
        events = sum(one.buckets[name] for one in found.events)
        assert events == found.total.buckets[name]


@holds_for(late_days, st.integers(0, 400))
def test_the_list_is_exactly_what_is_over(drawn, over):
    """
    Every fact later than the days asked about and no other, the latest first, and as
    many as the spread says are over.
    """
    facts = [
        one._replace(position=position)
        for position, (event, days) in enumerate(drawn, 2)
        for one in timed(days, event=event)
    ]
    found = lateness.listed(facts, over)

    assert sorted(found) == sorted(one for one in facts if one.days > over)
    assert len(found) == lateness.spread(facts, over).total.over
    order = [(one.days, -one.position) for one in found]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize(
    ("days", "percent", "wanted"),
    [
        ([5], 50, 5),
        ([5], 90, 5),
        ([1, 2], 50, 1),
        ([1, 2, 3], 50, 2),
        ([1, 2, 3, 4], 50, 2),
        (list(range(1, 11)), 90, 9),
        (list(range(1, 12)), 90, 10),
        ([-3, -3, 0], 50, -3),
        ([], 50, None),
        # The example of the nearest-rank method: 15, 20, 35, 40, 50.
        ([15, 20, 35, 40, 50], 5, 15),
        ([15, 20, 35, 40, 50], 30, 20),
        ([15, 20, 35, 40, 50], 40, 20),
        ([15, 20, 35, 40, 50], 50, 35),
        ([15, 20, 35, 40, 50], 100, 50),
    ],
)
def test_nearest_rank_by_hand(days, percent, wanted):
    """
    A percentile is a number of the list, never one between two.
    """
    assert lateness.nearest_rank(Counter(days), percent) == wanted


@pytest.mark.parametrize(
    ("known_at", "days"),
    [
        ("2019-03-05T04:59:59.999999Z", 0),  # Still the fourth in New York.
        ("2019-03-05T05:00:00Z", 1),
        ("2019-03-04T05:00:00Z", 0),
        ("2019-03-04T04:59:59Z", -1),
        ("2019-03-11T03:59:59Z", 6),  # The clocks went forward on the tenth.
        ("2019-03-11T04:00:00Z", 7),
        ("2019-03-05T10:29:59+05:30", 0),
    ],
)
def test_a_day_is_one_of_the_ledgers_zone(tmp_path, known_at, days):
    """
    A fact effective on 4 March is late by the midnights of New York since.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, filed("SCR-1", "2019-03-04", known_at=known_at))

    with open_log(path) as log:
        (found,) = lateness.measured(log, bases.of_now(log), Asked())
        assert found.days == days


def test_a_witnessed_fact_is_as_late_by_either_clock(tmp_path):
    """
    Without a claim the ledger knew when it recorded: both clocks are one.
    """
    clock = ledgers.Clock(datetime(2024, 1, 1, 12, tzinfo=UTC))
    path = ledgers.make(tmp_path / "scr.db", clock)
    witnessed = life("SCR-1").replace('"known_at": "2018-10-01T12:00:00Z", ', "")
    ledgers.load(path, witnessed.splitlines()[0] + "\n", clock=clock)
    ledgers.load(path, filed("SCR-2"), clock=clock)

    with open_log(path) as log:
        by = {
            name: {
                one.id: one.days
                for one in lateness.measured(log, bases.of_now(log), Asked(name))
            }
            for name in lateness.CLOCKS
        }
    recorded = (date(2024, 1, 3) - date(2018, 10, 1)).days
    assert by["known"] == {"SCR-1": recorded, "SCR-2": 0}
    assert by["recorded"] == {"SCR-1": recorded, "SCR-2": recorded + 1}


def test_memory_of_days_does_not_grow_with_the_log(tmp_path, monkeypatch):
    """
    What is remembered is forgotten in time, and the days stay the same.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, "".join(life(f"SCR-{n}") for n in range(5)))
    with open_log(path) as log:
        basis = bases.of_now(log)
        whole = list(lateness.measured(log, basis, Asked()))
        monkeypatch.setattr(lateness, "_REMEMBERED", 2)
        reading = lateness._Reading(log, basis)
        for one in whole:
            told = {"scr": one.id, "event": one.event, "by": one.by}
            told |= {"effective_on": one.effective_on, "known_at": one.known_at}
            assert reading.timed(one.position, one.recorded_at, told, "known") == one
            assert len(reading._instants) <= 2
            assert len(reading._days) <= 2


class _Damaged:
    """A log whose one fact is not what its topic says."""

    def __init__(self, topic: str, payload: bytes):
        self.row = (7, topic, "2024-01-03T12:00:00.000000Z", payload)
        self.identity = type("Identity", (), {"timezone": ledgers.ZONE})

    def narrow(self, _after, _upto):
        """
        Return the one row.
        """
        return iter([self.row])


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"[]",
        b'{"event":"filed","scr":"SCR-1"}',
        b'{"event":"filed","scr":"SCR-1","effective_on":"2019-02-30","by":"b"}',
        b'{"event":"filed","scr":"SCR-1","effective_on":7,"by":"b"}',
        b'{"event":"filed","effective_on":"2019-02-03","by":"b"}',
        b'{"event":"filed","scr":"SCR-1","effective_on":"2019-02-03","by":7}',
        b'{"event":"filed","scr":"SCR-1","effective_on":"2019-02-03","by":"b"} ',
        b'{"event":"filed","scr":"SCR-1","effective_on":"2019-02-03","by":"b",'
        b'"known_at":"2019-02-03T12:00:00"}',
        b'{"event":"filed","scr":["S"],"office":"o","effective_on":"2019-02-03",'
        b'"by":"b","known_at":"x"}',
    ],
)
def test_a_damaged_fact_is_named_by_its_position(payload):
    """
    What has no days is evidence of damage; nothing is passed over.
    """
    log = _Damaged("scr.filed/1", payload)
    basis = bases.Basis("all", None, 7, "")

    with pytest.raises(FactDamagedError, match="position 7 is damaged"):
        list(lateness.measured(log, basis, Asked()))
    with pytest.raises(FactDamagedError, match="position 7 is damaged"):
        lateness.offices_of(log, basis)


def test_an_organization_has_no_office(tmp_path):
    """
    Facts on organizations are late as well; an office asked for leaves them out, and a
    list says none of them.
    """
    merged = (
        '{"organization":"ORG-1","event":"merged","effective_on":"2019-05-01",'
        '"known_at":"2019-06-01T12:00:00Z","by":"a","into":"ORG-2","reason":"r"}\n'
    )
    path = ledgers.make(tmp_path / "scr.db")
    transfer = line("SCR-1", "transferred", "2019-04-01", office="SAC Miami")
    ledgers.load(path, filed("SCR-1") + merged + transfer)

    with open_log(path) as log:
        now = bases.of_now(log)
        everything = list(lateness.measured(log, now, Asked()))
        offices = lateness.offices_of(log, now)
        rows = list(lateness.as_rows(everything, offices))
        assert [row["office"] for row in rows] == ["SAC Miami", None, "SAC Miami"]
        assert (rows[1]["organization"], "scr" in rows[1]) == ("ORG-1", False)
        in_miami = lateness.measured(log, now, Asked(office="SAC Miami"))
        assert [one.event for one in in_miami] == ["filed", "transferred"]
        assert list(lateness.measured(log, now, Asked(office="SAC Houston"))) == []
