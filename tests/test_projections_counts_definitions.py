"""Figures of any definition, held equal to a slow replay that is told only its JSON."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.definitions import BUILT_IN, as_json
from ledger.reader import open_log
from projections import basis as bases
from projections import building, comparing, counts
from projections.readmodel import open_read_model, path_beside, silent, state
from tests import ledgers, oracle, strategies
from tests.definitions import (
    ANSWERS,
    LONG_AGO,
    Put,
    all_bases,
    body,
    case_facts,
    case_loads,
    definitions,
    families,
    of_oracle,
    put,
    relatives,
)
from tests.facts import (
    WHY,
    classified,
    determined,
    dismantled,
    disrupted,
    fact,
    filed,
    merged,
    redated,
    redetermined,
    rescinded,
    returned,
    reversed_,
    voided,
)
from tests.strategies import Load, as_jsonl

if TYPE_CHECKING:
    from projections.basis import Basis
    from projections.readmodel import ReadModel
    from tests.definitions import Body

HEAD = oracle.Basis("all", None, 1_000_000)
CELLS = tuple((column,) for column in oracle.COLUMNS)


# --- by hand -------------------------------------------------------------------------


def approved(**fields) -> dict:
    """
    Return a line with which the panel accepts.
    """
    return fact("approved", **fields)


def on(day: str) -> dict[str, str]:
    """
    Return the fields of what happened on a day.
    """
    return {"effective_on": day}


BEFORE, AFTER = on("2018-09-30"), on("2018-10-01")  # FY 2018 and FY 2019.
LATER = on("2019-10-01")  # FY 2020.
ENTERED = {"kinds": ["first-approval"]}
EVERYTHING = {"kinds": ["disruption", "dismantlement", "first-approval"]}


def only(**clauses) -> dict[str, Any]:
    """
    Return a population.
    """
    return {"population": clauses}


APPROVED = [filed(), approved(**BEFORE)]
RESCINDED = [*APPROVED, disrupted(**AFTER), rescinded()]
TWICE = [*APPROVED, disrupted("D1", **AFTER), disrupted("D2", **LATER)]
MIXED = [
    *APPROVED,
    determined(),
    determined("no", from_="2018-10-15"),
    disrupted("D1", **AFTER),
    disrupted("D2", effective_on="2018-10-20"),
]
# Two SCRs of one case, a year apart.
SHARED = [
    *APPROVED,
    disrupted(**AFTER),
    filed("S-2"),
    fact("approved", "S-2", **BEFORE),
    disrupted("D1", "S-2", **LATER),
]

# What it is about; what the definition says; the history; the figures that are not 0.
BY_HAND: list[tuple[str, dict, list[dict], dict[int, int]]] = [
    ("an outcome in its year", {}, [*APPROVED, disrupted(**AFTER)], {2019: 1}),
    ("an SCR once a year", {}, [*APPROVED, disrupted(), dismantled()], {2019: 1}),
    (
        "each outcome",
        {"unit": "outcome"},
        [*TWICE, dismantled("D3")],
        {2019: 2, 2020: 1},
    ),
    ("one kind", {"kinds": ["dismantlement"]}, TWICE, {}),
    ("only a live outcome", {}, [*TWICE, reversed_("D2")], {2019: 1}),
    ("as redated", {}, [*TWICE, redated("D2", **BEFORE)], {2018: 1, 2019: 1}),
    ("a voided SCR", only(approved=False), [*RESCINDED, voided()], {}),
    # Approval.
    ("taken back", {}, RESCINDED, {}),
    ("taken back, no matter", only(approved=False), RESCINDED, {2019: 1}),
    ("never approved", only(approved=False), [filed(), disrupted(**AFTER)], {2019: 1}),
    # The first approval.
    ("in the year of the first approval", ENTERED, APPROVED, {2018: 1}),
    (
        "the first of several, by stream order",
        ENTERED,
        [filed(), approved(**LATER), returned(), approved(**BEFORE)],
        {2020: 1},
    ),
    ("an outcome's is no first approval", ENTERED, [*RESCINDED[:3], returned()], {}),
    (
        "the first, though it was taken back",
        ENTERED,
        [*APPROVED, rescinded(), approved(**LATER)],
        {2018: 1},
    ),
    ("entered and taken back", ENTERED, [*APPROVED, returned()], {}),
    (
        "entered and taken back, no matter",
        {**ENTERED, **only(approved=False)},
        [*APPROVED, returned()],
        {2018: 1},
    ),
    ("entered or disrupted", EVERYTHING, TWICE, {2018: 1, 2019: 1, 2020: 1}),
    # TCO and high threat.
    ("no determination is unknown", only(tco=["unknown"]), TWICE, {2019: 1, 2020: 1}),
    ("no determination is no no", only(tco=["yes", "no"]), TWICE, {}),
    ("any outcome's yes", only(tco=["yes"]), MIXED, {2019: 1}),
    ("any outcome's no", only(tco=["no"]), MIXED, {2019: 1}),
    ("no outcome's unknown", only(tco=["unknown"]), MIXED, {}),
    (
        "the answer on the day of the approval",
        {**EVERYTHING, **only(tco=["yes"])},
        [
            *APPROVED,
            determined(),
            determined("no", from_="2018-10-01"),
            disrupted(**AFTER),
        ],
        {2018: 1},
    ),
    (
        "a high threat",
        only(high_threat=["yes"]),
        [*APPROVED, determined(high_threat="yes"), disrupted(**AFTER)],
        {2019: 1},
    ),
    (
        "a threat left out is unknown",
        only(high_threat=["unknown"]),
        [
            *APPROVED,
            determined(high_threat="yes"),
            redetermined(),
            disrupted(**AFTER),
        ],
        {2019: 1},
    ),
    (
        "a threat from a day on",
        only(high_threat=["no"]),
        [
            *TWICE,
            determined(high_threat="yes"),
            determined(high_threat="no", from_=LATER["effective_on"]),
        ],
        {2020: 1},
    ),
    # Category and office.
    ("no category is in no list", only(categories=["gangs"]), TWICE[:3], {}),
    (
        "no category is in no list of exceptions",
        only(categories_except=["gangs"]),
        TWICE[:3],
        {2019: 1},
    ),
    (
        "a category in the list",
        only(categories=["fraud", "gangs"]),
        [*TWICE[:3], classified()],
        {2019: 1},
    ),
    ("excepted", only(categories_except=["gangs"]), [*TWICE, classified()], {}),
    ("in case", only(categories=["Gangs"]), [*TWICE, classified()], {}),
    ("the office", only(offices=["SAC X"]), TWICE[:3], {2019: 1}),
    ("excepted office", only(offices_except=["SAC X"]), TWICE[:3], {}),
    (
        "the office it has now",
        only(offices_except=["SAC X"]),
        [*TWICE[:3], fact("transferred", office="SAC Y")],
        {2019: 1},
    ),
    # Attribution.
    (
        "by its approval",
        {"attribution": "outcome-approval"},
        [*TWICE, approved(outcome="D1", **LATER)],
        {2020: 1},
    ),
    (
        "by its last approval",
        {"attribution": "outcome-approval"},
        [
            *TWICE,
            approved(outcome="D1", **LATER),
            returned(outcome="D1"),
            approved(outcome="D1", **BEFORE),
        ],
        {2018: 1},
    ),
    ("none without approval", {"attribution": "outcome-approval"}, TWICE, {}),
    ("by the SCR's approval", {"attribution": "scr-approval"}, TWICE, {2018: 1}),
    (
        "each by the SCR's approval",
        {"attribution": "scr-approval", "unit": "outcome"},
        TWICE,
        {2018: 2},
    ),
    (
        "none of an SCR never approved",
        {"attribution": "scr-approval", **only(approved=False)},
        [filed(), disrupted(**AFTER), approved(outcome="D1", **AFTER)],
        {},
    ),
    # Once ever.
    ("in its first year only", {"once": "ever"}, TWICE, {2019: 1}),
    ("since it entered", {**EVERYTHING, "once": "ever"}, TWICE, {2018: 1}),
    (
        "the first year in which it is taken",
        {"once": "ever", **only(tco=["no"])},
        [*TWICE, determined(), determined("no", from_="2019-10-01")],
        {2020: 1},
    ),
    # Cases and organizations.
    ("a case in each year", {"unit": "case"}, SHARED, {2019: 1, 2020: 1}),
    ("a case once ever", {"unit": "case", "once": "ever"}, SHARED, {2019: 1}),
    ("two SCRs of one case", {"unit": "case", **ENTERED}, SHARED, {2018: 1}),
    (
        "a case number corrected",
        {"unit": "case", **ENTERED},
        [*SHARED, fact("refiled", case_number="C-2", **WHY)],
        {2018: 2},
    ),
    ("no organization", {"unit": "organization"}, TWICE, {}),
    (
        "an organization once ever",
        {"unit": "organization", "once": "ever"},
        [*TWICE, determined("no", organization="O-1")],
        {2019: 1},
    ),
    (
        "two that are one, once ever",
        {"unit": "organization", "once": "ever"},
        [
            *TWICE,
            determined(organization="O-1"),
            determined(organization="O-2", from_="2019-10-01"),
            merged("O-1", "O-2"),
        ],
        {2019: 1},
    ),
]


@pytest.fixture(scope="module")
def replays(tmp_path_factory) -> dict[str, tuple[list[dict], list[dict]]]:
    """
    Figures of every example: what the replay says, and what the ledger says.
    """
    folder = tmp_path_factory.mktemp("by-hand")
    return {
        about: both_ways(str(folder / f"{number}.db"), body("m", **said), lines)
        for number, (about, said, lines, _) in enumerate(BY_HAND)
    }


def both_ways(path: str, one: Body, lines: list[dict]) -> tuple[list[dict], list[dict]]:
    """
    Count by one definition in a ledger of its own.
    """
    ledgers.make(path)
    ledgers.load(path, as_jsonl(Load(lines)))
    put(path, Put(one))
    years = range(2017, 2022)
    with open_log(path) as log, open_read_model(log) as model:
        facts = case_facts(log)
        told = oracle.count_by_definition(facts, HEAD, "m", one, years)
        asked = counts.Question(("m",), years)
        return told, counts.count(model, bases.of_now(log), asked)


@pytest.mark.parametrize(
    ("about", "figures"), [(about, figures) for about, *_, figures in BY_HAND]
)
def test_by_hand(replays, about, figures):
    """
    What each clause means, worked out by hand: the replay and the ledger say the same.
    """
    for rows in replays[about]:
        found = {row["fiscal_year"]: row["value"] for row in rows if row["value"]}
        assert found == figures


def test_the_answer_of_an_scr_is_that_of_its_outcomes(tmp_path):
    """
    Where an SCR has an outcome in the year, its first approval does not answer.
    """
    path = ledgers.make(tmp_path / "scr.db")
    lines = [
        *(filed(), determined(), determined("no", from_="2018-10-15")),
        *(approved(**AFTER), disrupted(effective_on="2018-10-20")),
    ]
    ledgers.load(path, as_jsonl(Load(lines)))
    put(path, Put(body("m", **EVERYTHING)), Put(body("e", **ENTERED)))

    with open_log(path) as log, open_read_model(log) as model:
        for measure, answer in (("m", "no"), ("e", "yes")):
            (row,) = counts.count(
                model,
                bases.of_now(log),
                counts.Question((measure,), by=("meets_tco",)),
            )
            assert row["meets_tco"] == answer


# --- the replay, twice ---------------------------------------------------------------


@holds_for(strategies.histories(), st.data())
def test_the_replay_says_the_built_in_measures_twice(facts, data):
    """
    As measures of the contract, and as definitions: in figures, cells and members.
    """
    basis = data.draw(all_bases(facts))
    by = data.draw(st.sampled_from([(), *CELLS]))
    for measure, one in oracle.BUILT_INS.items():
        assert oracle.count_by_definition(
            facts, basis, measure, one, None, by
        ) == oracle.count(facts, basis, [measure], None, by)
        assert oracle.cases_by_definition(
            facts, basis, measure, one, None
        ) == oracle.cases(facts, basis, [measure], None)


def test_the_built_in_measures_are_those_of_the_contract():
    """
    The same ids in the same order, and clauses that say the same as the replay's.
    """
    assert tuple(BUILT_IN) == oracle.MEASURES == tuple(oracle.BUILT_INS)
    for measure, one in oracle.BUILT_INS.items():
        told = as_json(BUILT_IN[measure])
        population = {"approved": True, **one.get("population", {})}
        clauses = {"attribution": "outcome", "once": "per-year", **one}
        assert {**clauses, "population": population}.items() <= told.items()


# --- any definition ------------------------------------------------------------------


def wheres() -> st.SearchStrategy[tuple[tuple[str, str | None], ...]]:
    """
    Draw cells to keep, of one column each: values of the loads, or null.
    """
    values = {
        column: (*strategies.VALUES[column], None)
        for column in oracle.COLUMNS
        if column != "meets_tco"
    }
    cells = [
        (column, value)
        for column, several in {**values, "meets_tco": ANSWERS}.items()
        for value in several
    ]
    column = itemgetter(0)
    return st.lists(
        st.sampled_from(cells), min_size=1, max_size=2, unique_by=column
    ).map(tuple)


class Asked(NamedTuple):
    """
    One basis: of the replay, which knows the facts, and of the read model.
    """

    model: ReadModel
    facts: list[oracle.Fact]
    replayed: oracle.Basis
    basis: Basis


def agree(asked: Asked, one: Body, question: counts.Question) -> None:
    """
    Assert that figures and members of a definition are those of the replay.
    """
    (name,) = question.measures
    where = dict(question.where)
    told = (asked.facts, asked.replayed, name, one, question.years)
    assert counts.count(
        asked.model, asked.basis, question
    ) == oracle.count_by_definition(
        *told,
        by=question.by,
        where=where,
        denominator=oracle.BUILT_INS.get(one.get("denominator")),
    )
    assert counts.cases(
        asked.model, asked.basis, question
    ) == oracle.cases_by_definition(*told, where=where)


@holds_for(case_loads(), families(most=3), st.data())
def test_the_read_model_counts_by_any_definition_as_a_replay_does(
    loads: list[Load], bodies: list[Body], data
):
    """
    Whole, by every column and in one cell, at any basis; and with definitions in the
    log, the grade is still that of the case facts.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        put(path, *map(Put, bodies), clock=in_july())
        with open_log(path) as log, open_read_model(log) as model:
            facts = case_facts(log)
            for _ in range(2):
                replayed = data.draw(all_bases(facts), label="basis")
                basis = of_oracle(log, replayed)
                asked = Asked(model, facts, replayed, basis)
                kept = data.draw(wheres(), label="cells kept")
                years = data.draw(st.sampled_from([None, range(2019, 2021)]))
                by = data.draw(st.sampled_from([*CELLS, ("office", "meets_tco")]))
                for one in bodies:
                    name = f"{one['id']}@1"
                    for question in (
                        counts.Question((name,), years),
                        counts.Question((name,), years, by),
                        counts.Question((name,), years, (), kept),
                        counts.Question((name,), years, by, kept[:1]),
                    ):
                        agree(asked, one, question)
                graded = bases.graded(basis, model, log)
                told = (graded["grade"], graded["visible"], graded["claimed"])
                assert told == oracle.grade(facts, replayed)


def in_july() -> ledgers.Clock:
    """
    Return a clock that is past the drawn loads.
    """
    return ledgers.Clock(datetime(2024, 7, 1, tzinfo=UTC))


@holds_for(case_loads(max_files=2), definitions(), st.data())
def test_cases_and_figures_reconcile(loads: list[Load], one: Body, data):
    """
    The members of every cell of every column add up to its figure, in the measure's
    unit.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        put(path, Put(one), clock=in_july())
        with open_log(path) as log, open_read_model(log) as model:
            basis = of_oracle(log, data.draw(all_bases(case_facts(log))))
            for by in ((), *CELLS, ("category", "office")):
                question = counts.Question(("m@1",), range(2015, 2023), by)
                members: dict[tuple, list[dict]] = {}
                for row in counts.cases(model, basis, question):
                    cell = tuple(row[column] for column in ("fiscal_year", *by))
                    members.setdefault(cell, []).append(row)
                figures = {
                    tuple(row[column] for column in ("fiscal_year", *by)): row["value"]
                    for row in counts.count(model, basis, question)
                    if row["value"]
                }
                assert figures == {
                    cell: oracle.value_of(one, rows) for cell, rows in members.items()
                }


@holds_for(strategies.loads(), st.data())
def test_a_built_in_measure_under_another_name(loads: list[Load], data):
    """
    A definition that differs from a built-in one in its words alone has its figures,
    cells and members at every basis, wherever in the log it stands.
    """
    own = [
        Put(body(f"own-{measure}", **one), LONG_AGO)
        for measure, one in oracle.BUILT_INS.items()
    ]
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        put(path, *own[:4])
        list(ledgers.load_all(path, loads))
        put(path, *own[4:], clock=in_july())
        with open_log(path) as log, open_read_model(log) as model:
            facts = case_facts(log)
            for _ in range(2):
                basis = of_oracle(log, data.draw(all_bases(facts)))
                by = data.draw(st.sampled_from([(), *CELLS]))
                named = {f"own-{measure}@1": measure for measure in oracle.MEASURES}
                for answer in (counts.count, counts.cases):
                    told = [
                        {**row, "measure": named[row["measure"]]}
                        for row in answer(
                            model, basis, counts.Question(tuple(named), None, by)
                        )
                    ]
                    asked = counts.Question(oracle.MEASURES, None, by)
                    assert told == answer(model, basis, asked)


# --- recorded whenever ---------------------------------------------------------------


@st.composite
def careers(draw, loads: list[Load]) -> list[Load | Put]:
    """
    Draw definitions and retirements of two measures, between the files and around them.
    """
    steps: list[Load | Put] = []
    versions: Counter[str] = Counter()
    held: dict[str, Body] = {}
    for load in (*loads, None):
        for _ in range(draw(st.integers(0, 2))):
            name = draw(st.sampled_from(("a", "b")))
            if name in held and draw(st.integers(0, 2)) == 2:
                steps.append(Put(name))
                del held[name]
                continue
            fresh = definitions(name)
            related = [relatives(one, name) for one in held.values()]
            versions[name] += 1
            held[name] = draw(st.one_of(fresh, *related)) | {"version": versions[name]}
            steps.append(Put(held[name]))
        steps += [] if load is None else [load]
    return steps


@holds_for(strategies.loads().flatmap(careers), st.data())
def test_definitions_recorded_whenever_give_what_a_rebuild_gives(
    steps: list[Load | Put], data
):
    """
    Before the facts, between them or after: a read model that is caught up with them,
    now and then, is the one made anew, and counts what a replay counts.
    """
    clock = ledgers.Clock()
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db", clock)
        with open_log(path) as log:
            building.rebuild(log, path_beside(path), silent)
        for step in steps:
            match step:
                case Put():
                    put(path, step, clock=clock)
                case _:
                    ledgers.load(path, as_jsonl(step), clock=clock)
            if data.draw(st.booleans(), label="catch up"):
                with open_log(path) as log:
                    building.catch_up(log, path_beside(path), silent)
        with open_log(path) as log:
            building.catch_up(log, path_beside(path), silent)
            assert state(log, path_beside(path)) == "fresh"
            assert list(comparing.differences(log)) == []
            facts = case_facts(log)
            replayed = data.draw(all_bases(facts), label="basis")
            with open_read_model(log) as model:
                asked = Asked(model, facts, replayed, of_oracle(log, replayed))
                for step in steps:
                    if isinstance(step, Put) and isinstance(step.said, dict):
                        name = f"{step.said['id']}@{step.said['version']}"
                        agree(asked, step.said, counts.Question((name,)))


def test_definitions_that_differ_in_words_or_answers_share_their_totals(tmp_path):
    """
    Many definitions, one series: only what is counted otherwise needs another.
    """
    path = ledgers.make(tmp_path / "scr.db")
    same = [
        body("a", title="another title", owner="somebody else", source="elsewhere"),
        body("b", **only(tco=["yes"])),
        body("c", **only(tco=["unknown", "yes"]), targets={"2019": 3}),
        body("d", **only(tco=["yes", "unknown", "no"]), denominator="dd-all"),
        body("e", attribution="outcome", once="per-year", **only(approved=True)),
    ]
    other = [
        body("o", **only(tco=["no"])),  # An SCR with a yes has the answer yes.
        body("p", once="ever"),
        body("q", **only(approved=False)),
        body("r", attribution="scr-approval"),
    ]
    distinct = [body("s", unit="case"), body("t", unit="organization")]

    def series() -> int:
        with open_log(path) as log, open_read_model(log) as model:
            return len(model.all("SELECT number FROM series"))

    built_in = series()
    assert built_in == 4  # dd, disruptions, dismantlements and entered.
    put(path, *map(Put, same))
    assert series() == built_in
    put(path, *map(Put, distinct), clock=in_july())
    assert series() == built_in
    put(path, *map(Put, other), clock=in_july())
    assert series() == built_in + len(other)


def test_a_rate_has_its_denominator_and_its_target(tmp_path):
    """
    Whole figures have both, in the same cell; cells of a breakdown have neither.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, as_jsonl(Load([*SHARED, classified(), determined()])))
    rate = body(
        "rate",
        **only(tco=["yes"]),
        denominator="whole",
        targets={"2019": 0.5, "2031": 1},
    )
    put(path, Put(body("whole", **EVERYTHING)), Put(rate))
    years = range(2018, 2020)

    with open_log(path) as log, open_read_model(log) as model:
        now = bases.of_now(log)

        def asked(**said):
            return counts.count(model, now, counts.Question(("rate",), years, **said))

        assert [json.dumps([*row.values()][1:]) for row in asked()] == [
            "[2018, 0, 2]",
            "[2019, 1, 1, 0.5]",
        ]
        assert asked(where=(("category", "gangs"),))[0]["denominator"] == 1
        assert [set(row) for row in asked(by=("office",))] == [
            {"measure", "fiscal_year", "office", "value"}
        ]
