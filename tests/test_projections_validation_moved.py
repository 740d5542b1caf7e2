"""Figures that moved since they were printed: by how much, and the SCRs that did it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from projections.basis import parse_as_of
from projections.publications import recorded
from projections.validation import Asked, fails, validate
from projections.validation_moved import moved
from tests import ledgers, oracle, taxonomies
from tests.claims import opened
from tests.commandline import life, line, prepare
from tests.definitions import (
    LONG_AGO,
    Put,
    all_bases,
    body,
    case_facts,
    case_loads,
    of_oracle,
    put,
)
from tests.publications import printing, publish, register
from tests.strategies import as_jsonl

RULE = "moved-since-printing"
LATER = ledgers.Clock(datetime.fromisoformat("2024-06-01T12:00:00Z"))
TEN = "".join(life(f"S-{n}") for n in range(10))
"""Ten SCRs counted in FY 2019."""


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of 32 facts, ten SCRs counted in FY 2019.
    """
    return str(prepare(tmp_path, TEN))


def more(path, *scrs) -> None:
    """
    Let further SCRs count in FY 2019.
    """
    ledgers.load(path, "".join(map(life, scrs)), clock=LATER)


def reversed_(path, *scrs) -> None:
    """
    Let SCRs not count any more.
    """
    late = "2024-03-01T12:00:00Z"
    lines = [
        line(scr, "reversed", "2024-02-01", late, outcome="D1", reason="r")
        for scr in scrs
    ]
    ledgers.load(path, "".join(lines), clock=LATER)


def failing(path, as_of=None, measures=("dd-all",), years=range(2019, 2020)):
    """
    Return what the rule finds: SCR, positions and words.
    """
    with opened(path) as (log, model):
        basis = parse_as_of(as_of or f"@{log.head}", log)
        asked = Asked(measures, years)
        (found,) = validate(log, model, basis, [RULE], asked=asked)
    return [(one.scr, one.positions, one.detail) for one in found.failing]


def test_one_that_moved_and_one_that_did_not(path):
    """
    One of ten is not more than ten percent; two are, whether they came or went; and
    those that did are named, at the printing.
    """
    publish(path, "A", ("dd-all", 2019))
    assert failing(path) == []
    more(path, "S-10")
    assert failing(path) == []
    more(path, "S-11")
    words = "dd-all FY 2019 was printed as 10 in A, and is 12"
    assert failing(path) == [("S-10", (33,), words), ("S-11", (33,), words)]


def test_what_went_counts_as_what_came(path):
    """
    Down by a fifth, the two that went are named; one there and one gone moved nothing.
    """
    publish(path, "A", ("dd-all", 2019))
    more(path, "S-10")
    reversed_(path, "S-0")
    assert failing(path) == []
    reversed_(path, "S-1", "S-2")
    words = "dd-all FY 2019 was printed as 10 in A, and is 8"
    assert failing(path) == [
        (scr, (33,), words) for scr in ("S-0", "S-1", "S-10", "S-2")
    ]


def test_the_last_printing_is_compared(path):
    """
    What was printed again with its new value moved no more.
    """
    publish(path, "A", ("dd-all", 2019))
    more(path, "S-10", "S-11")
    publish(path, "B", ("dd-all", 2019))
    assert failing(path) == []
    more(path, "S-12", "S-13")
    assert {one[2] for one in failing(path)} == {
        "dd-all FY 2019 was printed as 12 in B, and is 14"
    }


def test_the_rule_is_a_warning(path):
    """
    It closes no gate, and says by how many percent it judges.
    """
    publish(path, "A", ("dd-all", 2019))
    more(path, "S-10", "S-11")
    with opened(path) as (log, model):
        basis = parse_as_of(f"@{log.head}", log)
        results = validate(log, model, basis, [RULE])

    assert [(one.severity, one.threshold) for one in results] == [("warning", 10)]
    assert fails(results, "warning")
    assert not fails(results, "error")


@pytest.mark.parametrize(("percent", "found"), [(19, 2), (20, 0), (1, 2), (1000, 0)])
def test_the_threshold_is_that_of_the_taxonomy(path, percent, found):
    """
    More than so many percent, exactly so many are not.
    """
    said = {**taxonomies.body("gangs"), "thresholds": {RULE: percent}}
    taxonomies.put(path, said, adopted_at=LONG_AGO)
    publish(path, "A", ("dd-all", 2019))
    more(path, "S-10", "S-11")

    assert len(failing(path)) == found


def test_what_was_never_supported_is_no_scrs_doing(path):
    """
    The figure stands for itself, where what was printed is not what the ledger gives.
    """
    register(path, printing("A", ("dd-all", 2019, 12)))

    assert failing(path) == [
        ("dd-all FY 2019", (33,), "dd-all FY 2019 was printed as 12 in A, and is 10")
    ]


def test_what_was_printed_as_nothing(path):
    """
    Any figure is more than any percent of nothing.
    """
    publish(path, "A", ("dd-all", 2020))
    assert failing(path, years=range(2020, 2021)) == []
    ledgers.load(path, life("S-10", outcome="2019-12-01"), clock=LATER)
    assert [one[0] for one in failing(path, years=range(2020, 2021))] == ["S-10"]


def test_another_definition_may_have_moved_it(path):
    """
    What was printed by the definition of then is compared with the one in force; the
    SCRs that only one of them takes are named.
    """
    put(path, Put(body("m", population={"tco": ["unknown"]}), LONG_AGO))
    publish(path, "A", ("m", 2019))
    put(path, Put(body("m", 2, population={"tco": ["yes"]})), clock=LATER)

    assert [one[0] for one in failing(path, measures=("m",))] == [
        f"S-{n}" for n in range(10)
    ]
    assert failing(path, measures=("m@1",)) == []


@pytest.mark.parametrize(
    ("as_of", "seen"),
    [
        ("2020-01-14", False),
        ("2020-01-15T04:59:59.999999Z", False),
        ("2020-01-15T05:00:00Z", True),
        ("2020-01-15", True),
        ("@33", True),
        ("@32", False),
    ],
)
def test_a_printing_is_known_from_its_day(path, as_of, seen):
    """
    At a basis before it was printed, or before it was recorded, there is none.
    """
    register(path, printing("A", ("dd-all", 2019, 20)))

    assert bool(failing(path, as_of)) is seen


def test_a_computed_one_is_known_from_its_recording(path):
    """
    To its microsecond.
    """
    publish(path, "A", ("dd-all", 2019))
    more(path, *(f"T-{n}" for n in range(5)))
    with opened(path) as (log, _):
        at = recorded(log)[0].recorded_at
    before = at.replace("Z", "")

    assert len(failing(path, at)) == 5
    assert "." not in before
    assert failing(path, "2024-01-02T11:59:59.999999Z") == []


PRINTED = st.lists(
    st.tuples(st.sampled_from(oracle.MEASURES), st.integers(2017, 2020)),
    min_size=1,
    max_size=4,
    unique=True,
)
DAYS = st.sampled_from(("2018-10-01", "2019-03-10", "2019-10-01", "2023-01-15"))


@holds_for(case_loads(max_lines=30, max_files=3), st.data())
def test_what_moved_is_what_a_replay_says(loads, data):
    """
    At any basis, of any history and printings: those figures that by the oracle are
    another by more than the share, of the last printing known then; and where figures
    are SCRs, the SCRs that came and went add up to the difference.
    """
    clock = ledgers.Clock()
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db", clock)
        told = []
        for number, load in enumerate(loads):
            ledgers.load(path, as_jsonl(load), clock=clock)
            figures = data.draw(PRINTED, label="printed")
            day = data.draw(DAYS, label="day")
            values = [(*key, data.draw(st.integers(0, 3))) for key in figures]
            register(
                path,
                printing(f"P{number}", *values, as_of=day, printed_on=day),
                clock=clock,
            )
            told.append((day, values))
        percent = data.draw(st.sampled_from((1, 10, 100)), label="percent")
        with opened(path) as (log, model):
            facts = case_facts(log)
            every = recorded(log)
            at = data.draw(all_bases(facts), label="basis")
            keys = [
                (name, year) for name in oracle.MEASURES for year in range(2017, 2021)
            ]
            last = {}
            for one, (day, values) in zip(every, told, strict=True):
                if one.position <= at.position and _begins(day, at):
                    last |= dict(map(_keyed, values))
            expected = {}
            for key in keys:
                (row,) = oracle.count(facts, at, [key[0]], [key[1]])
                if key in last:
                    now, then = row["value"], last[key]
                    if abs(now - then) * 100 > percent * then:
                        expected[key] = (then, now)
            found = list(moved(log, model, of_oracle(log, at), keys, percent))

        assert {
            (one.figure.measure, one.figure.fiscal_year): (one.figure.shown, one.now)
            for one in found
        } == expected


def _keyed(figure):
    measure, year, value = figure
    return (measure, year), value


def _begins(day, at):
    midnight = datetime.combine(date.fromisoformat(day), datetime.min.time())
    begins = midnight.replace(tzinfo=oracle.ZONE)
    if at.instant is None:
        return True
    return begins < at.instant if at.bound == "before" else begins <= at.instant
