"""Differences between two figures, held equal to a slow walk from one to the other."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.reader import open_log
from projections import basis as bases
from projections.counts import Question, cases, count
from projections.measures import find
from projections.readmodel import open_read_model
from projections.reconcile import (
    CAUSES,
    DEFINITION,
    Item,
    Side,
    by_cause,
    corners,
    reconcile,
)
from tests import ledgers, oracle, strategies
from tests.clauses import CLAUSES
from tests.definitions import (
    ATTRIBUTIONS,
    LONG_AGO,
    Put,
    adopted,
    all_bases,
    body,
    case_facts,
    definitions,
    of_oracle,
    populations,
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
    reclassified,
    redated,
    redetermined,
    reinstated,
    rescinded,
    returned,
    reversed_,
    unmerged,
    voided,
)
from tests.strategies import Load, as_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.reader import Log
    from projections.readmodel import ReadModel
    from tests.definitions import Body

    Key = tuple[int, str, str | None]

YEARS = range(2014, 2024)
"""All that drawn facts can be counted in."""


# --- the slow walk ------------------------------------------------------------------


class Asked(NamedTuple):
    """One side, as the oracle takes it."""

    body: Body
    basis: oracle.Basis
    recorded: int | None
    """Where its definition stands in the log."""


def counted(facts: list[oracle.Fact], one: Body) -> set[Key]:
    """
    Return what is counted of these facts: year, subject, and the outcome if any.
    """
    rows = oracle.cases_by_definition(facts, _ALL, "m", one, YEARS)
    subject = {"organization": "organization", "case": "case_number"}
    name = subject.get(one["unit"], "scr")
    return {
        (row["fiscal_year"], row[name], outcome)
        for row in rows
        for outcome in (
            [each["outcome"] for each in row["outcomes"]]
            if one["unit"] == "outcome"
            else [None]
        )
    }


_ALL = oracle.Basis("all", None, 1_000_000)


def walk(
    facts: list[oracle.Fact], one: oracle.Basis, other: oracle.Basis
) -> Iterator[tuple[int, list[oracle.Fact]]]:
    """
    Go from what is visible at one basis to what is at another, a fact at a time: what
    only the first sees goes, the last of it first; then comes what only the other sees.
    """
    seen, there = oracle.visible(facts, one), oracle.visible(facts, other)
    going = [each for each in seen if each not in there]
    coming = [each for each in there if each not in seen]
    for each in reversed(going):
        seen = [kept for kept in seen if kept != each]
        yield each.position, seen
    for each in coming:
        seen = sorted([*seen, each])
        yield each.position, seen


def flips(
    facts: list[oracle.Fact], one: Asked, other: Asked
) -> tuple[set[Key], dict[Key, list[int]]]:
    """
    Return what is counted at the end of the walk, and where each key came or went.
    """
    held = counted(oracle.visible(facts, one.basis), one.body)
    found: dict[Key, list[int]] = {}
    for position, seen in walk(facts, one.basis, other.basis):
        now = counted(seen, one.body)
        for key in held ^ now:
            found.setdefault(key, []).append(position)
        held = now
    return held, {key: sorted(positions) for key, positions in found.items()}


def by_the_walk(
    facts: list[oracle.Fact], before: Asked, after: Asked
) -> dict[Key, dict[str, Any]]:
    """
    Return every item by its key, with all it says.

    Whichever side is asked first, the walk begins at the one that knew less.
    """
    one, other = sorted((before, after), key=lambda side: _knowledge(side.basis))
    data, found = flips(facts, one, other)
    first = counted(oracle.visible(facts, before.basis), before.body)
    last = counted(oracle.visible(facts, after.basis), after.body)
    now = counted(oracle.visible(facts, other.basis), other.body)
    lines = {each.position: each.line for each in facts}
    items: dict[Key, dict[str, Any]] = {}
    for key in first ^ last:
        told: dict[str, Any] = {"effect": 1 if key in last else -1}
        if (key in data) == (key in now):
            positions = found[key]
            told |= {"cause": cause(lines[positions[-1]]), "positions": positions}
        else:
            told["cause"] = "definition"
            recorded = [s.recorded for s in (one, other) if s.recorded is not None]
            told["positions"] = [max(recorded)] if recorded else []
            both = (one.body, other.body)
            takes, refuses = both if key in data else both[::-1]
            seen = oracle.visible(facts, other.basis)
            told["clause"] = refusing(seen, takes, refuses, key)
        items[key] = told
    return items


def _knowledge(basis: oracle.Basis) -> tuple[float, bool, int]:
    instant = float("inf") if basis.instant is None else basis.instant.timestamp()
    return instant, basis.bound != "before", basis.position


def cause(line: dict[str, str]) -> str:
    """
    Return what a fact is called as a cause.
    """
    if "duplicate_of" in line:
        return "duplicate"
    corrections = {
        "reclassified": "reclassification",
        "redetermined": "redetermination",
        "redated": "redating",
        "reversed": "reversal",
        "returned": "return",
        "rescinded": "rescission",
        "transferred": "transfer",
        "refiled": "refiling",
        "voided": "voiding",
        "reinstated": "reinstatement",
        "merged": "merger",
        "unmerged": "merger",
    }
    return corrections.get(line["event"], "late-information")


def refusing(
    facts: list[oracle.Fact], takes: Body, refuses: Body, key: Key
) -> str | None:
    """
    Return the first clause that the nearest thing behind a key does not meet.
    """
    year, subject, outcome = key
    unmet = []
    for each in oracle._countables(facts, _ALL):
        of = {
            "organization": each.organization,
            "case": each.case_number,
        }.get(takes["unit"], each.scr)
        if of != subject or outcome not in (None, each.outcome):
            continue
        if not oracle.takes(takes, each):
            continue
        if oracle.fiscal_year(oracle.counted_on(takes, each)) != year:
            continue
        broken = [name for name, holds in CLAUSES.items() if not holds(refuses, each)]
        if not broken and oracle.fiscal_year(oracle.counted_on(refuses, each)) != year:
            broken = ["attribution"]
        unmet.append(broken or ["once"])
    return min(unmet, key=len)[0]


# --- properties ---------------------------------------------------------------------


class Drawn(NamedTuple):
    """A ledger and two sides of it, as both take them."""

    log: Log
    model: ReadModel
    facts: list[oracle.Fact]
    asked: tuple[Asked, Asked]
    sides: tuple[Side, Side]


@st.composite
def two_definitions(draw) -> list[Body]:
    """
    Draw a definition and another that counts the same: with other clauses, by another
    date, once ever, or with other answers or other words only.
    """
    one = draw(definitions("m0"))
    other = {**one, "id": "m1", "population": draw(populations())}
    if one["unit"] != "outcome":
        other["once"] = draw(st.sampled_from(("per-year", "ever")))
    if "first-approval" not in one["kinds"]:
        other["attribution"] = draw(st.sampled_from(ATTRIBUTIONS))
    return [one, draw(st.one_of(st.just(other), relatives(one, "m1")))]


@contextmanager
def drawn(loads: list[Load], bodies: list[Body], data) -> Iterator[Drawn]:
    """
    Load a ledger with definitions, and draw two sides: any measures at any bases.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        decided = put(path, *(Put(one, LONG_AGO) for one in bodies), clock=in_july())
        recorded = {
            one["id"]: each.position for one, each in zip(bodies, decided, strict=True)
        }
        every = {**oracle.BUILT_INS, **{one["id"]: one for one in bodies}}
        with open_log(path) as log, open_read_model(log) as model:
            facts = case_facts(log)
            asked, sides = [], []
            # Half of all pairs differ by the definition, and half by the basis.
            name = data.draw(st.sampled_from(("m0", *every)), label="measure")
            alike = [n for n in every if every[n]["unit"] == every[name]["unit"]]
            other = data.draw(
                st.one_of(st.just(name), st.sampled_from(alike)), label="other"
            )
            basis = data.draw(all_bases(facts), label="basis")
            another = data.draw(
                st.one_of(all_bases(facts), st.just(basis)), label="other basis"
            )
            drawn_bases, names = (basis, another), (name, other)
            for name, basis in zip(names, drawn_bases, strict=True):
                ours = of_oracle(log, basis)
                sides.append(Side(ours, find(model, ours, f"{name}@1")))
                asked.append(Asked(every[name], basis, recorded.get(name)))
            yield Drawn(log, model, facts, tuple(asked), tuple(sides))


def in_july():
    """
    Return a clock that starts after the last file was loaded.
    """
    return ledgers.Clock(ledgers.datetime(2024, 7, 1, 12, tzinfo=ledgers.UTC))


def told(item: Item) -> dict[str, Any]:
    """
    Return what an item says, as the walk tells it.
    """
    said: dict[str, Any] = {
        "effect": item.effect,
        "cause": item.cause,
        "positions": list(item.positions),
    }
    if item.clause is not None:
        said["clause"] = item.clause
    return said


def keyed(years: Iterable[Any]) -> dict[Key, dict[str, Any]]:
    """
    Return the items of a reconciliation by their keys; there are no two of one.
    """
    pairs = [
        ((year.fiscal_year, item.subject, item.outcome), told(item))
        for year in years
        for item in year.items
    ]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@holds_for(strategies.loads(max_subjects=5), two_definitions(), st.data())
def test_every_item_is_what_a_walk_finds(loads, bodies, data):
    """
    Over random histories, bases and definitions: which units came and went, at which
    facts, the last of them the cause; a definition's with the clause.
    """
    with drawn(loads, bodies, data) as given:
        found = reconcile(given.log, given.model, *given.sides, YEARS)

        assert keyed(found) == by_the_walk(given.facts, *given.asked)


@holds_for(strategies.loads(max_subjects=5), two_definitions(), st.data())
def test_effects_add_up_and_turn_round(loads, bodies, data):
    """
    The effects add up to the change, to two answers of `count`; the items are the set
    difference of two answers of `cases`; the other way round all is the negative.
    """
    with drawn(loads, bodies, data) as given:
        found = reconcile(given.log, given.model, *given.sides, YEARS)
        back = reconcile(given.log, given.model, *reversed(given.sides), YEARS)

        for year, turned in zip(found, back, strict=True):
            assert year.change == sum(item.effect for item in year.items)
            assert year.change == sum(effect for _, effect in by_cause(year.items))
            assert (turned.before, turned.after) == (year.after, year.before)
            assert turned.items == tuple(
                item._replace(effect=-item.effect) for item in year.items
            )
        figures = [
            {
                row["fiscal_year"]: row["value"]
                for row in count(given.model, side.basis, question(side))
            }
            for side in given.sides
        ]
        assert figures == [
            {year.fiscal_year: getattr(year, side) for year in found}
            for side in ("before", "after")
        ]
        was, is_now = (members(given.model, side) for side in given.sides)
        effects = {key: item["effect"] for key, item in keyed(found).items()}
        assert effects == {
            **dict.fromkeys(was - is_now, -1),
            **dict.fromkeys(is_now - was, 1),
        }


def question(side: Side) -> Question:
    """
    Return the question for a side's figures.
    """
    return Question((side.measure.definition.name,), YEARS)


def members(model: ReadModel, side: Side) -> set[Key]:
    """
    Return the units behind a side's figures, from the rows of `scr cases`.
    """
    unit = side.measure.definition.unit
    name = {"organization": "organization", "case": "case_number"}.get(unit, "scr")
    return {
        (row["fiscal_year"], row[name], outcome)
        for row in cases(model, side.basis, question(side))
        for outcome in (
            [each["outcome"] for each in row["outcomes"]]
            if unit == "outcome"
            else [None]
        )
    }


@holds_for(strategies.loads(max_subjects=5), two_definitions(), st.data())
def test_corners_add_up(loads, bodies, data):
    """
    Each corner is a figure of the replay; data, definition and interaction are the
    whole change; what the definition removes and adds is what it changes, by answer.
    """
    with drawn(loads, bodies, data) as given:
        found = corners(given.model, *given.sides, YEARS)

        was, is_now = given.asked
        crossed = [
            counted(oracle.visible(given.facts, data_.basis), rule.body)
            for rule in (was, is_now)
            for data_ in (was, is_now)
        ]
        values = [Counter(key[0] for key in keys) for keys in crossed]
        for one in found:
            year = one.fiscal_year
            assert [one.then_then, one.now_then, one.then_now, one.now_now] == [
                each[year] for each in values
            ]
            parts = one.data_effect + one.definition_effect + one.interaction
            assert one.then_then + parts == one.now_now
            left = one.now_then - sum(one.removed.values()) + sum(one.added.values())
            assert left == one.now_now
            assert one.differs == any(key[0] == year for key in crossed[0] ^ crossed[3])
        removed = crossed[1] - crossed[3]
        split = answers(given.facts, was, is_now.basis)
        for one in found:
            assert dict(one.removed) == {
                answer: sum(
                    split[key] == answer for key in removed if key[0] == one.fiscal_year
                )
                for answer in ("yes", "unknown", "no")
            }


def answers(
    facts: list[oracle.Fact], asked: Asked, basis: oracle.Basis
) -> dict[Key, str]:
    """
    Return the TCO answer of each unit: the greatest of what it is counted for.
    """
    name = {"organization": "organization", "case": "case_number"}
    unit = asked.body["unit"]
    found: dict[Key, str] = {}
    rows = oracle.cases_by_definition(facts, basis, "m", asked.body, YEARS)
    for row in rows:
        outcomes = [each["outcome"] for each in row["outcomes"]]
        for outcome in outcomes if unit == "outcome" else [None]:
            key = (row["fiscal_year"], row[name.get(unit, "scr")], outcome)
            both = {found.get(key, "no"), row["meets_tco"]}
            found[key] = next(a for a in ("yes", "unknown", "no") if a in both)
    return found


@holds_for(strategies.loads(), st.data())
def test_versions_in_force(loads, data):
    """
    Asked by its id, a measure is counted on either side by the definition in force
    there, and what the newer one does is told with its position.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        first = data.draw(definitions("m"), label="version 1")
        second = {**data.draw(relatives(first, "m"), label="version 2"), "version": 2}
        with open_log(path) as log:
            facts = case_facts(log)
        since = data.draw(strategies.cutoffs(facts), label="adopted")
        put(path, Put(first, LONG_AGO), Put(second, since), clock=in_july())
        with open_log(path) as log, open_read_model(log) as model:
            sides, asked = [], []
            said = adopted(log, "m")
            for _ in range(2):
                basis = data.draw(all_bases(facts), label="basis")
                basis = basis._replace(position=log.head)
                held = oracle.in_force(said, basis)
                place = next(one.position for one in said if one.body == held)
                asked.append(Asked(held, basis, place))
                ours = of_oracle(log, basis)
                sides.append(Side(ours, find(model, ours, "m")))

            found = reconcile(log, model, *sides, YEARS)

            assert keyed(found) == by_the_walk(facts, *asked)


@holds_for(strategies.loads(max_subjects=5), two_definitions(), st.data())
def test_moves_are_pairs(loads, bodies, data):
    """
    What a redating took out of one year and put into another names the other year on
    both sides, whichever years are asked; nothing else does.
    """
    with drawn(loads, bodies, data) as given:
        found = reconcile(given.log, given.model, *given.sides, YEARS)

        items = [(year.fiscal_year, item) for year in found for item in year.items]
        for year, item in items:
            there = [
                other
                for other, each in items
                if item.cause == each.cause == "redating"
                and (each.subject, each.outcome) == (item.subject, item.outcome)
                and each.positions[-1] == item.positions[-1]
                and each.effect == -item.effect
            ]
            moved = [] if item.other_year is None else [item.other_year]
            assert moved == there
            one_year = range(year, year + 1)
            (alone,) = reconcile(given.log, given.model, *given.sides, one_year)
            assert item in alone.items


# --- one history for each cause ----------------------------------------------------

WAS = [
    filed(),
    classified(),
    determined(organization="O-1"),
    fact("approved"),
    disrupted(),
]
AT = len(WAS) + 2
"""Where the next fact stands, behind the ledger's own first."""
TWO = [
    *WAS,
    filed("S-2"),
    fact("determined", "S-2", association="yes", transnational="yes",
         organization="O-2"),
    fact("approved", "S-2"),
    disrupted(scr="S-2"),
]  # fmt: skip
GANGS = body("m", population={"categories": ["gangs"]})
HOUSTON = body("m", population={"offices": ["SAC X"]})
OUTCOMES = body("m", unit="outcome")
NEXT_YEAR = {"effective_on": "2019-10-01"}

# Cause; what is counted; the history before and what came then; year, subject, outcome,
# effect and positions of each item, and the year it moved to or from.
BY_CAUSE: list[tuple[str, str | Body, list[dict], list[dict], list[tuple]]] = [
    (
        "late-information",
        "dd-all",
        WAS[:-1],
        WAS[-1:],
        [(2019, "S-1", None, 1, [AT - 1], None)],
    ),
    (
        "late-information",
        OUTCOMES,
        WAS,
        [dismantled()],
        [(2019, "S-1", "D2", 1, [AT], None)],
    ),
    (
        "late-information",
        "dd-tco",
        WAS,
        [determined("no")],
        [(2019, "S-1", None, -1, [AT], None)],
    ),
    (
        "reclassification",
        GANGS,
        WAS,
        [reclassified("fraud")],
        [(2019, "S-1", None, -1, [AT], None)],
    ),
    (
        "redetermination",
        "dd-tco",
        WAS,
        [redetermined()],
        [(2019, "S-1", None, -1, [AT], None)],
    ),
    (
        "redetermination",
        "organizations-tco",
        WAS,
        [redetermined("yes", "yes", organization="O-2")],
        [(2019, "O-1", None, -1, [AT], None), (2019, "O-2", None, 1, [AT], None)],
    ),
    (
        "redating",
        "dd-all",
        WAS,
        [redated(**NEXT_YEAR)],
        [(2019, "S-1", None, -1, [AT], 2020), (2020, "S-1", None, 1, [AT], 2019)],
    ),
    (
        "redating",
        OUTCOMES,
        WAS,
        [redated(**NEXT_YEAR)],
        [(2019, "S-1", "D1", -1, [AT], 2020), (2020, "S-1", "D1", 1, [AT], 2019)],
    ),
    (
        "redating",
        "organizations-tco",
        WAS,
        [redated(**NEXT_YEAR)],
        [(2019, "O-1", None, -1, [AT], 2020), (2020, "O-1", None, 1, [AT], 2019)],
    ),
    # It leaves a year, but the other had it already.
    (
        "redating",
        "dd-all",
        [*WAS, dismantled(**NEXT_YEAR)],
        [redated(**NEXT_YEAR)],
        [(2019, "S-1", None, -1, [AT + 1], None)],
    ),
    ("reversal", "dd-all", WAS, [reversed_()], [(2019, "S-1", None, -1, [AT], None)]),
    ("return", "dd-all", WAS, [returned()], [(2019, "S-1", None, -1, [AT], None)]),
    (
        "return",
        "disruptions-all",
        WAS,
        [returned(outcome="D1")],
        [(2019, "S-1", "D1", -1, [AT], None)],
    ),
    ("rescission", "dd-all", WAS, [rescinded()], [(2019, "S-1", None, -1, [AT], None)]),
    (
        "transfer",
        HOUSTON,
        WAS,
        [fact("transferred", office="SAC Y")],
        [(2019, "S-1", None, -1, [AT], None)],
    ),
    (
        "refiling",
        HOUSTON,
        WAS,
        [fact("refiled", office="SAC Y", **WHY)],
        [(2019, "S-1", None, -1, [AT], None)],
    ),
    (
        "refiling",
        body("m", unit="case"),
        WAS,
        [fact("refiled", case_number="C-2", **WHY)],
        [(2019, "C-1", None, -1, [AT], None), (2019, "C-2", None, 1, [AT], None)],
    ),
    ("voiding", "dd-all", WAS, [voided()], [(2019, "S-1", None, -1, [AT], None)]),
    (
        "duplicate",
        "dd-all",
        WAS,
        [voided(duplicate_of="S-2")],
        [(2019, "S-1", None, -1, [AT], None)],
    ),
    (
        "reinstatement",
        "dd-all",
        [*WAS, voided()],
        [reinstated()],
        [(2019, "S-1", None, 1, [AT + 1], None)],
    ),
    (
        "merger",
        "organizations-tco",
        TWO,
        [merged("O-2", "O-1")],
        [(2019, "O-2", None, -1, [len(TWO) + 2], None)],
    ),
    (
        "merger",
        "organizations-tco",
        [*TWO, merged("O-2", "O-1")],
        [unmerged("O-2")],
        [(2019, "O-2", None, 1, [len(TWO) + 3], None)],
    ),
    (
        "merger",
        "organizations-tco",
        [*WAS, merged("O-1", "O-2")],
        [merged("O-2", "O-3")],
        [
            (2019, "O-2", None, -1, [AT + 1], None),
            (2019, "O-3", None, 1, [AT + 1], None),
        ],
    ),
    # Counted once ever, it goes to the year in which it is counted now.
    (
        "reversal",
        body("m", unit="case", once="ever"),
        [*WAS, dismantled(**NEXT_YEAR)],
        [reversed_()],
        [
            (2019, "C-1", None, -1, [AT + 1], None),
            (2020, "C-1", None, 1, [AT + 1], None),
        ],
    ),
    # Many facts, the last of them the cause; all are told.
    (
        "reinstatement",
        "dd-all",
        WAS[:-1],
        [*WAS[-1:], voided(), reinstated()],
        [(2019, "S-1", None, 1, [AT - 1, AT, AT + 1], None)],
    ),
    (
        "voiding",
        "organizations-tco",
        WAS,
        [redetermined(), determined(organization="O-1"), voided()],
        [(2019, "O-1", None, -1, [AT, AT + 1, AT + 2], None)],
    ),
    # Nothing with no net effect is an item.
    ("reinstatement", "dd-all", WAS, [voided(), reinstated()], []),
    ("redating", "dd-all", WAS, [redated(**NEXT_YEAR), redated()], []),
]


@contextmanager
def two_sides(
    path: str,
    one: str | Body,
    before: list[dict],
    then: list[dict],
    cuts: tuple[str, ...] = (),
):
    """
    Yield a ledger with a definition, and its sides before and after some facts: by
    position, or what was known by either of two days.
    """
    ledgers.make(path)
    later = [{**each, "known_at": "2020-06-01T12:00:00Z"} for each in then]
    ledgers.load(path, as_jsonl(Load([*before, *later])))
    name = one if isinstance(one, str) else one["id"]
    if not isinstance(one, str):
        put(path, Put(one, LONG_AGO), clock=in_july())
    with open_log(path) as log, open_read_model(log) as model:
        ends = (len(before) + 1, len(before) + len(then) + 1)
        sides = [
            Side(basis, find(model, basis, f"{name}@1"))
            for basis in (
                bases.parse_as_of(cut, log)
                for cut in cuts or [f"@{end}" for end in ends]
            )
        ]
        yield log, model, sides


@pytest.mark.parametrize("cuts", [(), ("2020-05-31", "2020-06-01")], ids=str)
@pytest.mark.parametrize("row", BY_CAUSE, ids=lambda row: row[0])
def test_each_cause(tmp_path, row, cuts):
    """
    What a fact of each kind makes come or go, with the fact; a redating is one move,
    also where only one of its years is asked for.
    """
    cause, one, before, then, items = row
    path = str(tmp_path / "scr.db")
    with two_sides(path, one, before, then, cuts) as (log, model, sides):
        found = reconcile(log, model, *sides, YEARS)
        for year in found:
            alone = range(year.fiscal_year, year.fiscal_year + 1)
            assert reconcile(log, model, *sides, alone) == [year]

    assert [
        (
            year.fiscal_year,
            item.subject,
            item.outcome,
            item.effect,
            list(item.positions),
            item.other_year,
        )
        for year in found
        for item in year.items
    ] == items
    assert {item.cause for year in found for item in year.items} <= {cause}


def test_what_only_the_first_side_sees_goes_the_last_first(tmp_path):
    """
    Where neither side sees all that the other sees, an organization is followed back
    from the one and then on to the other, so that each SCR is what it once was.
    """
    path = ledgers.make(tmp_path / "scr.db")
    late = [{**each, "known_at": "2020-06-01T12:00:00Z"} for each in (filed("S-3"),)]
    lines = [*late, *WAS, redetermined(), determined(organization="O-1")]
    ledgers.load(path, as_jsonl(Load(lines)))
    with open_log(path) as log, open_read_model(log) as model:
        sides = [
            Side(basis, find(model, basis, "organizations-tco"))
            for basis in (bases.parse_as_of(cut, log) for cut in ("2020-01-01", "@2"))
        ]
        (year,) = reconcile(log, model, *sides, range(2019, 2020))

    (item,) = year.items
    assert (item.subject, item.effect) == ("O-1", -1)
    assert item.positions == (AT, AT + 1, AT + 2)


def test_every_cause_has_its_history():
    """
    The table above has each cause of the closed list; the definition's is below.
    """
    closed = {
        "late-information", "reclassification", "redetermination", "redating",
        "reversal", "return", "rescission", "transfer", "refiling", "voiding",
        "duplicate", "reinstatement", "merger", "definition",
    }  # fmt: skip

    assert {row[0] for row in BY_CAUSE if row[-1]} | {DEFINITION} == closed
    assert {*CAUSES.values(), "late-information", "duplicate", DEFINITION} == closed


# What the second definition has that the first has not; the clause that it names.
BY_CLAUSE: list[tuple[dict[str, Any], str]] = [
    ({"population": {"tco": ["no", "unknown"]}}, "population.tco"),
    ({"population": {"high_threat": ["yes"]}}, "population.high_threat"),
    ({"population": {"categories": ["fraud"]}}, "population.categories"),
    ({"population": {"categories_except": ["gangs"]}}, "population.categories_except"),
    ({"population": {"offices": ["SAC Y"]}}, "population.offices"),
    ({"population": {"offices_except": ["SAC X"]}}, "population.offices_except"),
    ({"kinds": ["dismantlement"]}, "kinds"),
    ({"attribution": "outcome-approval"}, "attribution"),
    # It has a date, in another year.
    ({"attribution": "scr-approval"}, "attribution"),
    ({"once": "ever"}, "once"),
    # Two clauses: the first in their order.
    (
        {"kinds": ["dismantlement"], "population": {"tco": ["no"]}},
        "kinds",
    ),
]
DEFINED = [
    filed(),
    classified(),
    determined(),
    fact("approved", effective_on="2018-01-01"),
    disrupted(),
    disrupted("D0", effective_on="2018-02-01"),
]


@pytest.mark.parametrize(("said", "clause"), BY_CLAUSE, ids=str)
def test_a_definition_names_its_clause(tmp_path, said, clause):
    """
    What one definition takes and the other does not is an item with the clause, and
    the place of the later of the two in the log; in either direction.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, as_jsonl(Load(DEFINED)))
    (decided,) = put(path, Put(body("m", **said), LONG_AGO), clock=in_july())
    with open_log(path) as log, open_read_model(log) as model:
        now = bases.of_now(log)
        sides = [Side(now, find(model, now, name)) for name in ("dd-all", "m")]
        year = range(2019, 2020)

        (there,) = reconcile(log, model, *sides, year)
        (back,) = reconcile(log, model, *reversed(sides), year)

    assert there.items == (
        Item("S-1", None, -1, DEFINITION, (decided.position,), clause),
    )
    assert back.items == (there.items[0]._replace(effect=1),)


def test_the_clause_is_that_of_the_outcome_that_lacks_least(tmp_path):
    """
    Of several outcomes behind an SCR the one with the fewest clauses against it tells.
    """
    lines = [*WAS, dismantled()]
    neither = body("m", kinds=["dismantlement"], population={"tco": ["no"]})
    with two_sides(str(tmp_path / "scr.db"), neither, lines, []) as (log, model, sides):
        every = Side(sides[0].basis, find(model, sides[0].basis, "dd-all"))
        (year,) = reconcile(log, model, every, sides[0], range(2019, 2020))

    (item,) = year.items
    assert item.clause == "population.tco"


def test_built_in_definitions_have_no_position(tmp_path):
    """
    Between two of them the item names the clause, and no fact.
    """
    with two_sides(str(tmp_path / "scr.db"), "dd-all", [*WAS, redetermined()], []) as (
        log,
        model,
        sides,
    ):
        tco = Side(sides[1].basis, find(model, sides[1].basis, "dd-tco"))
        (year,) = reconcile(log, model, sides[0], tco, range(2019, 2020))

    assert year.items == (Item("S-1", None, -1, DEFINITION, (), "population.tco"),)


def test_what_data_and_definition_do_together(tmp_path):
    """
    Where either alone would do, it is the data's; where it takes both, it is the
    definition's. The other way round it is the same.
    """
    path = str(tmp_path / "scr.db")
    with two_sides(path, GANGS, WAS, [reclassified("fraud"), redetermined()]) as (
        log,
        model,
        sides,
    ):
        was, is_now = (side.basis for side in sides)
        gangs, tco, every = (
            find(model, was, name) for name in ("m@1", "dd-tco", "dd-all")
        )

        def causes(one: Side, other: Side) -> list[tuple[int, str]]:
            (year,) = reconcile(log, model, one, other, range(2019, 2020))
            return [(item.effect, item.cause) for item in year.items]

        # Reclassified: it is no gang any more, and by the TCO answer no TCO either.
        assert causes(Side(was, gangs), Side(is_now, tco)) == [(-1, "reclassification")]
        assert causes(Side(is_now, tco), Side(was, gangs)) == [(1, "reclassification")]
        # Neither fact changes what dd-all counts; the definition does.
        assert causes(Side(was, every), Side(is_now, tco)) == [(-1, DEFINITION)]
        assert causes(Side(is_now, tco), Side(was, every)) == [(1, DEFINITION)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("dd-all", "disruptions-all"), ("organizations-tco", "dd-tco")],
)
def test_different_units_do_not_reconcile(tmp_path, one, other):
    """
    SCRs and outcomes, or organizations, have no difference; one sentence says so.
    """
    with two_sides(str(tmp_path / "scr.db"), one, WAS, []) as (log, model, sides):
        there = Side(sides[0].basis, find(model, sides[0].basis, other))
        for asked in ((sides[0], there), (there, sides[0])):
            with pytest.raises(UsageError, match="take two measures that count the"):
                reconcile(log, model, *asked, None)
            with pytest.raises(UsageError, match="take two measures that count the"):
                corners(model, *asked, None)


def test_the_years_left_out_are_those_of_either_side(tmp_path):
    """
    From the first to the last in which `dd-all` is not 0 at either basis; none if
    there is none.
    """
    then = [redated(effective_on="2021-01-01")]
    with two_sides(str(tmp_path / "scr.db"), "dd-tco", WAS, then) as (
        log,
        model,
        sides,
    ):
        found = reconcile(log, model, *sides, None)
        nothing = bases.parse_as_of("@0", log)
        empty = [side._replace(basis=nothing) for side in sides]

        assert [year.fiscal_year for year in found] == [2019, 2020, 2021]
        assert reconcile(log, model, *empty, None) == []
        assert corners(model, *empty, None) == []


def test_a_rate_is_reconciled_by_its_numerator(tmp_path):
    """
    Its denominator need not even be in force on either side.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, as_jsonl(Load([*WAS, redetermined()])))
    rate = body("m", denominator="under", population={"tco": ["yes"]})
    put(path, Put(body("under")), Put(rate), clock=in_july())
    with open_log(path) as log, open_read_model(log) as model:
        sides = [
            Side(basis, find(model, basis, "m@1"))
            for basis in (bases.parse_as_of(f"@{end}", log) for end in (AT - 1, AT))
        ]
        with pytest.raises(UsageError, match="under is not in force at this basis"):
            count(model, sides[0].basis, Question(("m@1",), YEARS))

        (year,) = reconcile(log, model, *sides, range(2019, 2020))
        (one,) = corners(model, *sides, range(2019, 2020))

    assert (year.before, year.after, one.data_effect) == (1, 0, -1)


def test_what_the_definition_removes_is_split_by_answer(tmp_path):
    """
    An organization of several SCRs has the greatest of their answers.
    """
    lines = [
        *WAS[:2], determined("unknown", organization="O-1"), *WAS[3:],
        *TWO[5:6],
        fact("determined", "S-2", association="yes", transnational="no",
             organization="O-1"),
        *TWO[7:],
    ]  # fmt: skip
    every = body("m", unit="organization")
    with two_sides(str(tmp_path / "scr.db"), every, lines, []) as (_, model, sides):
        tco = Side(sides[0].basis, find(model, sides[0].basis, "organizations-tco"))
        (one,) = corners(model, sides[0], tco, range(2019, 2020))

    assert one.removed == {"yes": 0, "unknown": 1, "no": 0}
    assert one.added == {"yes": 0, "unknown": 0, "no": 0}
    assert one.definition_effect == -1
