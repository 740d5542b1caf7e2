"""Why an SCR is counted, or is not, held equal to a replay of its facts one by one."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.fiscal import format_instant
from ledger.errors import FactDamagedError, NotFoundError
from ledger.reader import open_log
from projections import basis as bases
from projections.explain import Asked, explain, funnel
from projections.measures import find
from projections.readmodel import open_read_model, silent
from tests import ledgers, oracle, strategies
from tests.clauses import CLAUSES
from tests.definitions import (
    LONG_AGO,
    Put,
    all_bases,
    body,
    case_facts,
    definitions,
    of_oracle,
    put,
)
from tests.facts import (
    EARLY,
    WHY,
    classified,
    determined,
    dismantled,
    disrupted,
    fact,
    filed,
    merged,
    reclassified,
    redated,
    redetermined,
    rescinded,
    returned,
    reversed_,
    voided,
)
from tests.strategies import Load, as_jsonl

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.definitions import Body

FIRST = "first approval"


def in_july() -> ledgers.Clock:
    """
    Return a clock that starts after the last file was loaded.
    """
    return ledgers.Clock(ledgers.datetime(2024, 7, 1, 12, tzinfo=ledgers.UTC))


# --- by replay ------------------------------------------------------------------------


class Told(NamedTuple):
    """What a finding says."""

    holds: bool
    position: int | None
    """Of the fact that made it so."""
    since: str


def beginning(facts: list[oracle.Fact], candidate: str) -> int | None:
    """
    Return the place of the fact that an outcome, or the first approval, began with.
    """
    for place, each in enumerate(facts):
        event, outcome = each.line["event"], each.line.get("outcome")
        begins = event == "approved" and outcome is None
        if candidate != FIRST:
            begins = event in oracle.KINDS and outcome == candidate
        if begins:
            return place
    return None


def candidates(facts: list[oracle.Fact], one: Body) -> list[str]:
    """
    Return what of an SCR could be counted.
    """
    names = [
        each.line["outcome"] for each in facts if each.line["event"] in oracle.KINDS
    ]
    entered = oracle.FIRST_APPROVAL in one["kinds"]
    if entered and beginning(facts, FIRST) is not None:
        return [FIRST, *names]
    return names


def at(facts: list[oracle.Fact], candidate: str, end: int) -> oracle.Countable:
    """
    Return a candidate as it was after the fact at a place; before it began, with the
    date of its beginning.
    """
    start = beginning(facts, candidate)
    said = [each.line for each in facts[: end + 1]]
    soon = [each.line for each in facts[: max(end, start) + 1]]
    outcome = None if candidate == FIRST else candidate
    on = oracle.date.fromisoformat(facts[start].line["effective_on"])
    if outcome is not None:
        on = oracle._date(soon, outcome)
    determination = oracle._determination(said, on) or {}
    approval = outcome and oracle._last(oracle._naming(said, outcome), "approved")
    first = beginning(facts[: end + 1], FIRST)
    return oracle.Countable(
        scr="",
        cell=oracle._cell(said),
        case_number="",
        approved=oracle._is_approved(said),
        outcome=outcome,
        kind=oracle.KINDS.get(facts[start].line["event"], oracle.FIRST_APPROVAL),
        on=on,
        outcome_approved_on=(
            oracle.date.fromisoformat(approval["effective_on"]) if approval else None
        ),
        scr_approved_on=(
            None
            if first is None
            else oracle.date.fromisoformat(facts[first].line["effective_on"])
        ),
        meets_tco=oracle._meets_tco(determination or None),
        high_threat=determination.get("high_threat", "unknown"),
        organization=outcome and determination.get("organization"),
    )


LOOKS_AT: dict[str, Callable[[Body, oracle.Countable], object]] = {
    "population.approved": lambda _, each: each.approved,
    "kinds": lambda _, each: each.kind,
    "attribution": oracle.counted_on,
    "population.tco": lambda _, each: each.meets_tco,
    "population.high_threat": lambda _, each: each.high_threat,
    "population.categories": lambda _, each: each.cell["category"],
    "population.categories_except": lambda _, each: each.cell["category"],
    "population.offices": lambda _, each: each.cell["office"],
    "population.offices_except": lambda _, each: each.cell["office"],
    "year": oracle.counted_on,
    "organization": lambda _, each: each.organization,
}
SAID_BY_FILED = ("population.offices", "population.offices_except")


def asked_of(facts: list[oracle.Fact], candidate: str, one: Body, clause: str) -> int:
    """
    Return the place from which a clause can be asked: that of the filing, or, of what
    the outcome or the first approval itself says, its own.
    """
    dated = one.get("attribution", "outcome")
    if clause in ("live", "kinds") or (clause == "year" and dated == "outcome"):
        return beginning(facts, candidate)
    if clause in ("year", "attribution") and dated == "scr-approval":
        return beginning(facts, FIRST) or 0
    return 0


def by_replay(
    facts: list[oracle.Fact], candidate: str, one: Body, year: int, clause: str
) -> Told:
    """
    Say of a clause whether it holds, which fact made it so, and since when.
    """
    value, holds, fact, since = object(), None, None, ""
    for place in range(asked_of(facts, candidate, one, clause), len(facts)):
        if clause == "live":
            said = [each.line for each in facts[: place + 1]]
            now = (oracle._is_live(said, candidate), undone(said, candidate))
            true = now[0]
        else:
            each = at(facts, candidate, place)
            now = LOOKS_AT[clause](one, each)
            true = meets(one, each, year, clause)
        if now != value:
            unsaid = place == 0 and clause not in SAID_BY_FILED
            value, fact = now, None if unsaid else facts[place].position
        if true != holds:
            holds, since = true, format_instant(facts[place].known_at)
    return Told(holds, fact, since)


def undone(said: list[oracle.Line], outcome: str) -> bool:
    """
    Return whether an outcome is reversed, and not only sent back.
    """
    return oracle._last(oracle._naming(said, outcome), "reversed") is not None


def meets(one: Body, each: oracle.Countable, year: int, clause: str) -> bool:
    """
    Return whether a candidate meets a clause.
    """
    if clause == "organization":
        return each.organization is not None
    if clause == "year":
        day = oracle.counted_on(one, each)
        return day is not None and oracle.fiscal_year(day) == year
    return CLAUSES[clause](one, each)


@holds_for(strategies.loads(max_subjects=5), definitions(), st.data())
def test_every_scr_is_explained_as_a_replay_finds(loads, one, data):
    """
    Counted or not, as `cases` says; every clause of every candidate, whether it holds,
    the fact that made it so and since when; and the nearest miss has fewest against it.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        put(path, Put(one, LONG_AGO), clock=in_july())
        with open_log(path) as log, open_read_model(log) as model:
            facts = case_facts(log)
            basis = data.draw(all_bases(facts), label="basis")
            name = data.draw(st.sampled_from(("m", "m", *oracle.BUILT_INS)))
            said = {"m": one, **oracle.BUILT_INS}[name]
            year = data.draw(st.integers(2017, 2021), label="year")
            ours = of_oracle(log, basis)
            asked = Asked(find(model, ours, f"{name}@1").definition, year, ours)
            seen = oracle.visible(facts, basis)
            counted = {
                row["scr"]
                for row in oracle.cases_by_definition(facts, basis, "m", said, [year])
            }
            for scr in {each.line["scr"] for each in facts if "scr" in each.line}:
                found = explain(log, model, asked, scr)

                assert found.counted == (scr in counted)
                own = [each for each in seen if each.line.get("scr") == scr]
                agree(found, own, said, year)
            steps = funnel(log, model, asked, silent)
            assert steps[0].kept == len(
                {e.line["scr"] for e in seen if "scr" in e.line}
            )
            assert steps[-1].kept == len(counted)
            for before, after in pairwise(steps):
                assert before.kept - after.dropped == after.kept >= 0


def agree(found, facts: list[oracle.Fact], one: Body, year: int) -> None:
    """
    Assert that an explanation finds what the replay finds.
    """
    if not facts:
        assert [(each.clause, each.holds) for each in found.findings] == [
            ("known", False)
        ]
        return
    names = candidates(facts, one)
    assert (
        list(dict.fromkeys(f.candidate for f in found.findings if f.candidate)) == names
    )
    for each in found.findings:
        if each.candidate is not None:
            told = by_replay(facts, each.candidate, one, year, each.clause)
            position = each.fact and each.fact.position
            assert (each.holds, position, each.since) == told
    against = {
        name: sum(not f.holds for f in found.findings if f.candidate in (None, name))
        for name in names
    }
    if found.counted or not names:
        assert found.nearest is None
    else:
        assert against[found.nearest] == min(against.values())
    assert found.counting() == [name for name in names if not against[name]]


# --- each clause alone ----------------------------------------------------------------

LATE = {"known_at": "2020-05-05T08:00:00Z", "by": "agent-2"}
LIFE = [
    filed(),
    classified(),
    determined(high_threat="yes", organization="O-1"),
    fact("approved"),
    disrupted(),
    fact("approved", outcome="D1"),
]
LAST = len(LIFE) + 2
"""Where the fact that breaks a clause stands."""
EVERYTHING = {
    "attribution": "outcome-approval",
    "population": {
        "tco": ["yes"],
        "high_threat": ["yes", "no"],
        "categories": ["gangs", "fraud"],
        "offices": ["SAC X"],
    },
}
EXCEPT = {
    "population": {"categories_except": ["money"], "offices_except": ["SAC Y", "SAC Z"]}
}

# The clause; what is counted; what came last; what there is then, what it takes.
ALONE: list[tuple[str, dict[str, Any], dict, str, str]] = [
    ("stands", {}, voided(**LATE), "voided", "stands"),
    ("live", {}, reversed_(**LATE), "reversed", "live"),
    ("live", {}, returned(outcome="D1", **LATE), "not accepted by the panel", "live"),
    ("live", {}, rescinded(outcome="D1", **LATE), "not accepted by the panel", "live"),
    ("population.approved", {}, returned(**LATE), "not approved", "approved"),
    ("population.approved", {}, rescinded(**LATE), "not approved", "approved"),
    ("population.tco", EVERYTHING, redetermined(high_threat="no", **LATE), "no", "yes"),
    (
        "population.tco",
        EVERYTHING,
        determined("unknown", high_threat="no", **LATE),
        "unknown",
        "yes",
    ),
    ("population.high_threat", EVERYTHING, determined(**LATE), "unknown", "yes or no"),
    (
        "population.categories",
        EVERYTHING,
        reclassified("money", **LATE),
        "money",
        "gangs or fraud",
    ),
    (
        "population.categories_except",
        EXCEPT,
        reclassified("money", **LATE),
        "money",
        "anything but money",
    ),
    (
        "population.offices",
        EVERYTHING,
        fact("transferred", office="SAC Y", **LATE),
        "SAC Y",
        "SAC X",
    ),
    (
        "population.offices_except",
        EXCEPT,
        fact("refiled", office="SAC Z", **WHY, **LATE),
        "SAC Z",
        "anything but SAC Y or SAC Z",
    ),
    (
        "year",
        {},
        redated(effective_on="2020-10-01", **LATE),
        "2020-10-01",
        "a day of FY 2019",
    ),
    (
        "year",
        EVERYTHING,
        fact("approved", outcome="D1", effective_on="2019-10-01", **LATE),
        "2019-10-01",
        "a day of FY 2019",
    ),
]


def explained(path: str, said: dict[str, Any], history: list[dict], **asked):
    """
    Load a ledger, define a measure and explain S-1 in FY 2019, or what is asked.
    """
    ledgers.make(path)
    ledgers.load(path, as_jsonl(Load(history)))
    put(path, Put(body("m", **said), LONG_AGO), clock=in_july())
    with open_log(path) as log, open_read_model(log) as model:
        basis = bases.parse_as_of(asked.get("as_of", f"@{log.head}"), log)
        definition = find(model, basis, "m@1").definition
        year = asked.get("year", 2019)
        return explain(
            log, model, Asked(definition, year, basis), asked.get("scr", "S-1")
        )


@pytest.mark.parametrize("row", ALONE, ids=lambda row: f"{row[0]} {row[3]}")
def test_each_clause_alone(tmp_path, row):
    """
    One fact breaks one clause: that clause is told with what there is, what it takes,
    the fact and since when; before, the SCR was counted.
    """
    clause, said, last, value, wants = row
    path = str(tmp_path / "scr.db")
    found = explained(path, said, [*LIFE, last])

    (miss,) = found.against()
    assert (miss.clause, miss.value, miss.wants) == (clause, value, wants)
    assert miss.since == LATE["known_at"]
    told = miss.fact
    assert told == (LAST, last["event"], last["effective_on"], miss.since, "agent-2")
    assert not found.counted
    before = explained(
        str(tmp_path / "before.db"), said, [*LIFE, last], as_of=f"@{LAST - 1}"
    )
    assert before.counted
    assert before.counting() == ["D1"]
    assert all(each.holds for each in before.findings)


def test_what_made_each_clause_so(tmp_path):
    """
    Approval, category, determination and office are told with their own facts, not
    with that of the outcome, which came later.
    """
    said = {**EVERYTHING, "attribution": "scr-approval"}
    found = explained(str(tmp_path / "scr.db"), said, LIFE)

    assert {each.clause: each.fact.event for each in found.findings} == {
        "stands": "filed",
        "live": "disrupted",
        "population.approved": "approved",
        "kinds": "disrupted",
        "attribution": "approved",
        "population.tco": "determined",
        "population.high_threat": "determined",
        "population.categories": "classified",
        "population.offices": "filed",
        "year": "approved",
    }
    assert [each.fact.position for each in found.findings][2:6] == [5, 6, 5, 4]


def test_what_nobody_has_said_has_no_fact(tmp_path):
    """
    Without a determination the answer is unknown since the SCR is known, by no fact.
    """
    lines = [filed(), disrupted(known_at="2019-05-01T00:00:00Z")]
    found = explained(str(tmp_path / "scr.db"), EVERYTHING, lines)
    facts = {each.clause: (each.fact, each.since) for each in found.against()}

    assert facts == dict.fromkeys(
        (
            "population.approved",
            "attribution",
            "population.tco",
            "population.high_threat",
            "population.categories",
            "year",
        ),
        (None, EARLY),
    )


def test_the_last_of_several_facts(tmp_path):
    """
    A fact that says the same again makes nothing so; one that changes back does.
    """
    lines = [
        *LIFE,
        determined(organization="O-1"),
        redetermined(known_at="2019-03-01T00:00:00Z"),
        determined(known_at="2019-04-01T00:00:00Z"),
        determined(known_at="2019-05-01T00:00:00Z"),
    ]
    found = explained(str(tmp_path / "scr.db"), {"population": {"tco": ["yes"]}}, lines)
    (tco,) = [each for each in found.findings if each.clause == "population.tco"]

    assert (tco.fact.position, tco.since) == (LAST + 2, "2019-04-01T00:00:00Z")


def test_an_scr_without_anything_to_count(tmp_path):
    """
    What the clauses ask of the SCR itself is told all the same.
    """
    lines = [filed(), classified(), fact("approved", known_at=LATE["known_at"])]
    found = explained(str(tmp_path / "scr.db"), EVERYTHING, lines)

    assert [(each.candidate, each.clause, each.holds) for each in found.findings] == [
        (None, "stands", True),
        (None, "kinds", False),
        (None, "population.approved", True),
        (None, "population.categories", True),
        (None, "population.offices", True),
    ]
    assert (found.counted, found.nearest) == (False, None)
    assert found.findings[2].since == LATE["known_at"]


def test_the_first_approval_is_a_candidate_where_it_counts(tmp_path):
    """
    It is in the year of its day; the definition that takes only outcomes has none.
    """
    lines = [filed(), determined(), fact("approved", effective_on="2019-09-30")]
    entered = {"kinds": ["first-approval"], "population": {"tco": ["yes"]}}
    found = explained(str(tmp_path / "a.db"), entered, lines)
    other = explained(str(tmp_path / "b.db"), {}, lines)

    assert (found.counted, found.counting()) == (True, [FIRST])
    assert {each.clause: each.fact.event for each in found.findings} == {
        "stands": "filed",
        "population.approved": "approved",
        "kinds": "approved",
        "population.tco": "determined",
        "year": "approved",
    }
    assert not other.counted


def test_an_organization_must_be_named(tmp_path):
    """
    Where organizations are counted, an outcome that names none is a miss.
    """
    unit = {"unit": "organization"}
    found = explained(str(tmp_path / "a.db"), unit, [*LIFE, determined(**LATE)])
    named = explained(str(tmp_path / "b.db"), unit, LIFE)

    (miss,) = found.against()
    assert (miss.clause, miss.value, miss.wants) == (
        "organization", None, "a named organization",
    )  # fmt: skip
    assert (miss.fact.position, miss.since) == (LAST, LATE["known_at"])
    assert named.counted
    assert named.findings[-1].value == "O-1"


TWO_YEARS = [*LIFE, dismantled(effective_on="2019-10-01")]


@pytest.mark.parametrize(
    ("said", "history"),
    [
        ({}, TWO_YEARS),
        # Another SCR of the same case, or of an organization that is the same.
        (
            {"unit": "case"},
            [*LIFE, filed("S-2"), fact("approved", "S-2"),
             disrupted(scr="S-2", effective_on="2019-10-01")],
        ),
        (
            {"unit": "organization"},
            [*LIFE, filed("S-2"), fact("approved", "S-2"),
             fact("determined", "S-2", association="yes", transnational="yes",
                  organization="O-2"),
             disrupted(scr="S-2", effective_on="2019-10-01"), merged("O-2", "O-1")],
        ),
    ],
)  # fmt: skip
def test_what_counts_once_ever(tmp_path, said, history):
    """
    In its first year it is counted; in a later one that year stands against it.
    """
    once = {**said, "once": "ever"}
    scr = history[-2]["scr"] if "into" in history[-1] else history[-1]["scr"]
    found = explained(str(tmp_path / "a.db"), once, history, scr=scr, year=2020)
    first = explained(str(tmp_path / "b.db"), once, history)

    (miss,) = found.against()
    assert (miss.clause, miss.value) == ("once", "first counted in FY 2019")
    assert miss.wants == "not counted in an earlier year than FY 2020"
    assert not found.counted
    assert first.counted
    assert first.findings[-1].holds


def test_the_nearest_miss(tmp_path):
    """
    The candidate with the fewest clauses against it; of several, one of the year.
    """
    lines = [
        *LIFE[:4],
        disrupted("D1", effective_on="2019-10-01"),
        disrupted("D2"),
        reversed_("D2"),
        redetermined(),
    ]
    only = {"population": {"tco": ["yes"]}}
    # Each has two against it, and D2 is in the year.
    found = explained(str(tmp_path / "a.db"), only, lines)
    other = explained(str(tmp_path / "b.db"), only, [*lines, dismantled("D3")])

    assert found.nearest == "D2"
    assert [each.clause for each in found.against()] == ["live", "population.tco"]
    assert other.nearest == "D3"
    assert [each.clause for each in other.against()] == ["population.tco"]


def test_an_scr_not_known_at_the_basis(tmp_path):
    """
    It is not counted, because nothing about it is visible; whatever came later.
    """
    for number, as_of in enumerate(("@0", "@1", "2018-12-31")):
        found = explained(str(tmp_path / f"{number}.db"), {}, LIFE, as_of=as_of)

        (missing,) = found.findings
        assert (missing.clause, missing.holds, missing.fact) == ("known", False, None)
        assert (found.counted, found.nearest) == (False, None)


@pytest.mark.parametrize("scr", ["S-2", "", "s-1", "O-1", "\udcff", "é"])
def test_an_unknown_scr(tmp_path, scr):
    """
    No SCR of that name was ever recorded.
    """
    with pytest.raises(NotFoundError, match="no SCR is named"):
        explained(str(tmp_path / "scr.db"), {}, LIFE, scr=scr)


# --- the funnel -----------------------------------------------------------------------


def test_the_funnel(tmp_path):
    """
    Each clause keeps some of those that are left; the last step is the figure.
    """
    path = ledgers.make(tmp_path / "scr.db")
    lines = [
        *LIFE,
        *(filed("S-2"), fact("approved", "S-2"), disrupted(scr="S-2")),
        voided("S-2"),
        filed("S-3"),
        *(filed("S-4"), disrupted(scr="S-4"), fact("approved", "S-4")),
        reversed_(scr="S-4"),
        *(filed("S-5"), disrupted(scr="S-5")),
        *(filed("S-6"), fact("approved", "S-6"), disrupted(scr="S-6")),
        *(filed("S-7"), fact("determined", "S-7", association="yes",
                             transnational="yes"), fact("approved", "S-7")),
        disrupted(scr="S-7", effective_on="2018-09-30"),
    ]  # fmt: skip
    ledgers.load(path, as_jsonl(Load(lines)))
    with open_log(path) as log, open_read_model(log) as model:
        now = bases.of_now(log)
        asked = Asked(find(model, now, "organizations-tco").definition, 2019, now)

        steps = funnel(log, model, asked, silent)

    assert [(step.clause, step.kept, step.dropped) for step in steps] == [
        ("known", 7, 0),
        ("stands", 6, 1),
        ("kinds", 5, 1),
        ("live", 4, 1),
        ("population.approved", 3, 1),
        ("population.tco", 2, 1),
        ("year", 1, 1),
        ("organization", 1, 0),
    ]


def test_the_funnel_of_what_counts_once_ever(tmp_path):
    """
    Its last step drops those that were counted in an earlier year.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, as_jsonl(Load(TWO_YEARS)))
    put(path, Put(body("m", once="ever"), LONG_AGO), clock=in_july())
    with open_log(path) as log, open_read_model(log) as model:
        now = bases.of_now(log)
        definition = find(model, now, "m").definition
        last = [
            funnel(log, model, Asked(definition, year, now), silent)[-1]
            for year in (2019, 2020)
        ]

    assert [(step.clause, step.kept, step.dropped) for step in last] == [
        ("once", 1, 0),
        ("once", 0, 1),
    ]


def test_the_funnel_tells_how_far_it_is(tmp_path, monkeypatch):
    """
    It reads the whole log, and says now and then where it is.
    """
    from projections import explain as module

    monkeypatch.setattr(module, "_PROGRESS", 3)
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, as_jsonl(Load(LIFE)))
    told: list[int] = []
    with open_log(path) as log, open_read_model(log) as model:
        now = bases.of_now(log)
        funnel(
            log, model, Asked(find(model, now, "dd-all").definition, 2019, now),
            told.append,
        )  # fmt: skip

    assert told == [3, 6]


# --- damage ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "payload"),
    [
        (2, "nonsense"),
        (2, "[]"),
        (4, '{"event":"determined","effective_on":"2019-01-01","by":"b"}'),
        (6, '{"event":"disrupted","effective_on":"2019-01-01","by":"b"}'),
    ],
)
def test_damage_is_named(tmp_path, position, payload):
    """
    A fact whose bytes were changed since the read model was made is named.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, as_jsonl(Load(LIFE)))
    with open_log(path) as log, open_read_model(log):
        pass
    damage(path, position, payload)
    with open_log(path) as log, open_read_model(log) as model:
        now = bases.of_now(log)
        asked = Asked(find(model, now, "dd-tco").definition, 2019, now)
        for ask in (
            lambda: explain(log, model, asked, "S-1"),
            lambda: funnel(log, model, asked, silent),
        ):
            with pytest.raises(FactDamagedError, match=f"{position}"):
                ask()


def damage(path: str, position: int, payload: str) -> None:
    """
    Write other bytes over a fact.
    """
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER stored_events_no_update")
        db.execute(
            "UPDATE stored_events SET state=? WHERE rowid=?",
            (payload.encode(), position),
        )
        db.execute(
            "CREATE TRIGGER stored_events_no_update BEFORE UPDATE ON stored_events"
            " BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        )
