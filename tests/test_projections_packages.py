"""What a package would do before anybody agrees to it, and how long mistakes stood."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.domain.publication import Figure
from ledger.errors import FaultyPackageError, NoSuchPackageError
from ledger.reader import open_log
from projections import basis as bases
from projections import packages
from projections.measures import find
from projections.publications import recorded
from projections.readmodel import path_beside
from projections.reconcile import Side, reconcile
from projections.selecting import EVERY_YEAR
from tests import ledgers, oracle, strategies
from tests.claims import opened, writing
from tests.commandline import HISTORY
from tests.definitions import Put, body
from tests.definitions import put as define
from tests.ledgers import Clock
from tests.packages import (
    WHY,
    YEARS,
    ZONE,
    agree,
    counts,
    head,
    item,
    merger,
    previewed,
    propose,
    publish,
    record,
    seals,
    turn_down,
)

OUTCOMES = ("D1", "D2", "D3")
BROUGHT = tuple(event for event in packages.packages.EVENTS if event != "unmerged")


def drawn_item(tape: strategies.Tape) -> dict[str, str]:
    """
    Return an item that may be lawful somewhere; what is unusual is forced.
    """
    event = tape.pick(BROUGHT)
    named = ("organization", strategies.ORGANIZATIONS)
    subject, names = named if event == "merged" else ("scr", strategies.SCRS[:3])
    said = {subject: tape.pick(names), "event": event, "forced": "drawn"}
    said["effective_on"] = tape.pick(strategies.DAYS)
    options = {
        **strategies.VALUES,
        "outcome": OUTCOMES,
        "duplicate_of": strategies.SCRS,
        "into": strategies.ORGANIZATIONS,
    }
    for field in strategies.FIELDS[event]:
        name = field.removesuffix("?")
        if field == name or tape.number(2):
            said[name] = tape.pick(options[name])
    return said


def lawful(path: str, items: list[dict[str, str]]) -> list[dict[str, str]]:
    """
    Return those of the items that can be proposed one after another.
    """
    taken: list[dict[str, str]] = []
    with writing(path) as ledger:
        for one in items:
            try:
                ledger.propose([*taken, one], zone=ZONE, by="ann", dry_run=True, **WHY)
            except FaultyPackageError:
                continue
            taken.append(one)
    return taken


ITEMS = st.lists(st.binary(min_size=12, max_size=12), min_size=1, max_size=24)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(strategies.loads(max_lines=24), ITEMS, st.data())
def test_preview_and_result_never_differ(loads, drawn, data):
    """
    Every effect, item by item, and every printed figure it moves are what counting and
    reconciling give after the agreement; looking changes no byte.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        for _ in ledgers.load_all(path, loads):
            pass
        items = lawful(path, [drawn_item(strategies.Tape(one)) for one in drawn])
        if not items:
            return
        before = counts(path)
        some = st.lists(
            st.sampled_from(sorted(before)), unique=True, min_size=1, max_size=6
        )
        printed = {cell: data.draw(st.integers(0, 12)) for cell in data.draw(some)}
        publish(path, "APR", *((*cell, value) for cell, value in printed.items()))
        propose(
            path, *items, clock=Clock(ledgers.datetime(2025, 1, 1, tzinfo=ledgers.UTC))
        )
        bytes_before = [Path(one).read_bytes() for one in (path, path_beside(path))]

        found = previewed(path)

        looked = [Path(one).read_bytes() for one in (path, path_beside(path))]
        assert looked == bytes_before
        last = head(path)
        agree(path)
        _same_effects(path, found, last, len(items))
        _same_figures(found, before, counts(path), printed)
        _same_as_the_oracle(path, counts(path))


def _same_effects(path: str, found: packages.Preview, last: int, size: int) -> None:
    """
    The facts of the preview stand one position earlier; all else is the same.
    """
    shown = {one.measure.definition.name: one.years for one in found.effects}
    with opened(path) as (log, model):
        now = bases.parse_as_of(f"@{last}", log)
        then = bases.parse_as_of(f"@{last + 1 + size}", log)
        assert log.head == last + 1 + size
        for name in oracle.MEASURES:
            measure = find(model, now, name)
            years = reconcile(
                log, model, Side(now, measure), Side(then, measure), EVERY_YEAR
            )
            real = [year for year in years if year.items]
            moved = [_moved(year, last) for year in shown.get(f"{name}@1", ())]
            assert moved == real


def _moved(year, last: int):
    """
    Return a year of a preview with the positions that agreement gives.
    """
    items = tuple(
        one._replace(positions=tuple(at + (at > last) for at in one.positions))
        for one in year.items
    )
    return year._replace(items=items)


def _same_figures(found, before, after, printed) -> None:
    """
    A printed figure is listed if anything came or went in it, with both counts.
    """
    listed = {
        (one.figure.measure, one.figure.fiscal_year): one for one in found.affected
    }
    assert listed.keys() <= printed.keys()
    for cell, value in printed.items():
        if before[cell] != after[cell]:
            assert cell in listed
        if cell in listed:
            one = listed[cell]
            assert (one.before, one.after) == (before[cell], after[cell])
            assert one.figure.shown == value
            apart = abs(Fraction(after[cell] - value))
            assert one.material == (apart >= Fraction(1, 10) * max(value, 1))
            assert not one.flips


def _same_as_the_oracle(path: str, after) -> None:
    """
    What is counted after the agreement is what the slow replay gives.
    """
    with open_log(path) as log:
        facts = ledgers.facts(log)
    rows = oracle.count(facts, oracle.Basis("all", None, 10**6), oracle.MEASURES, YEARS)
    assert {(one["measure"], one["fiscal_year"]): one["value"] for one in rows} == after


# --- examples -----------------------------------------------------------------


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of four SCRs.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, HISTORY)
    return path


# What was printed, what is counted then, and whether that is a tenth or more away.
MATERIAL = [
    (3, 2, True),
    (2, 2, False),
    (0, 0, False),
    (0, 1, True),
    (10, 9, True),
    (10, 11, True),
    (11, 10, False),
    (9, 10, True),
    (20, 18, True),
    (21, 19, False),
    (1000, 901, False),
    (1000, 900, True),
]


@pytest.mark.parametrize(("printed", "after", "material"), MATERIAL)
def test_what_is_material(printed, after, material):
    """
    A tenth of what was printed, either way, to the unit.
    """
    figure = Figure("dd-all", 2019, printed, (), "")
    one = packages.Affected(None, figure, 0, after, None, None, ())

    assert one.material is material


# Printed above and below the line, then above and below, and whether it is material.
MATERIAL_RATES = [
    ((1, 2), (1, 2), False),
    ((1, 2), (5, 10), False),
    ((10, 20), (10, 18), True),
    ((10, 20), (10, 19), False),
    ((10, 20), (9, 20), True),
    ((0, 20), (0, 10), False),
    ((0, 20), (1, 20), True),
    ((1, 20), (0, 20), True),
    ((1, 20), (0, 0), True),
    ((0, 0), (1, 20), True),
    ((0, 0), (0, 0), False),
]


@pytest.mark.parametrize(("printed", "then", "material"), MATERIAL_RATES)
def test_what_is_material_of_a_rate(printed, then, material):
    """
    A tenth of the printed share, either way.
    """
    figure = Figure("m", 2019, printed[0], (), "", denominator=printed[1])
    one = packages.Affected(
        None, figure, 0, then[0], None, None, (), printed[1], then[1]
    )

    assert one.material is material


def test_a_flip_is_marked(path):
    """
    A target that was met is unmet with the package, and the other way round.
    """
    targets = {"2019": 3, "2020": 2}
    define(path, Put(body("m", targets=targets)))
    publish(path, "APR", ("m", 2019, 3), ("m", 2020, 1), ("dd-all", 2019, 3))
    propose(path, item("redated", outcome="D1", day="2019-10-02"))

    found = {
        (one.figure.measure, one.figure.fiscal_year): one
        for one in previewed(path).affected
    }
    assert found["m", 2019].flips
    assert (found["m", 2019].met_before, found["m", 2019].met_after) == (True, False)
    assert (found["m", 2020].met_before, found["m", 2020].met_after) == (False, True)
    assert not found["dd-all", 2019].flips


def test_a_figure_is_compared_by_the_definition_it_names(path):
    """
    However the measure is defined by now.
    """
    define(path, Put(body("m")))
    publish(path, "APR", ("m", 2019, 3))
    define(path, Put(body("m", version=2, kinds=["dismantlement"])))
    propose(path, item("voided"))

    (one,) = previewed(path).affected
    assert (one.before, one.after, one.publication.content.name) == (3, 2, "APR")


def test_a_year_without_outcomes_is_looked_at_too(path):
    """
    Of an SCR that was entered and has no outcome, only the entering moves.
    """
    lines = [
        {"scr": "S-9", "event": event, "effective_on": "2012-03-04", "by": "a", **more}
        for event, more in (
            ("filed", {"case_number": "9", "office": "o"}),
            ("approved", {}),
        )
    ]
    ledgers.load(path, "".join(f"{json.dumps(one)}\n" for one in lines))
    publish(path, "APR", ("entered-all", 2012, 1))
    propose(path, item("voided", "S-9"))

    found = previewed(path)
    assert [one.measure.definition.id for one in found.effects] == ["entered-all"]
    assert [(one.before, one.after) for one in found.affected] == [(1, 0)]


def test_a_rate_moves_with_its_denominator(path):
    """
    A printed share is affected by what is counted below the line alone.
    """
    define(path, Put(body("rate", denominator="dd-all", kinds=["dismantlement"])))
    publish(path, "APR", ("rate", 2019, 0))
    propose(path, item("voided"))

    (one,) = previewed(path).affected
    assert (one.before, one.after) == (0, 0)
    assert (one.below_before, one.below_after) == (3, 2)


def test_what_moves_nothing_has_no_effect(path):
    """
    A transfer changes no count of the years.
    """
    publish(path, "APR", ("dd-all", 2019, 7))
    propose(path, item("transferred", office="SAC El Paso"))

    assert previewed(path)[2:] == ((), ())


def delays(path, package="C-1") -> list[packages.Delay]:
    """
    Return the delays of a package.
    """
    with open_log(path) as log:
        return packages.delays(log, packages.package_of(log, package))


def test_how_long_a_mistake_stood(path):
    """
    From when it was known to the proposal, and to the agreement; an item
    that corrects nothing has no delay.
    """
    clock = Clock()
    propose(
        path,
        item("redetermined", association="no", transnational="no"),
        item("transferred", office="SAC El Paso"),
        item("voided", "SCR-2"),
        clock=clock,
    )

    first, second = delays(path)
    assert (first.subject, first.event, first.corrected_at) == (
        "SCR-1",
        "redetermined",
        None,
    )
    assert first.mistake_at == "2018-10-03T12:00:00Z"
    assert first.days(first.detected_at) == (clock.now.date() - _day("2018-10-03")).days
    assert first.days(first.corrected_at) is None
    assert (second.subject, second.mistake_at) == ("SCR-2", "2018-10-01T12:00:00Z")

    for _ in range(9):
        clock()
    agree(path, clock=clock)
    first, _ = delays(path)
    days = [first.days(at) for at in (first.detected_at, first.corrected_at)]
    assert days[1] - days[0] == 10


def _day(text: str):
    return ledgers.datetime.fromisoformat(text).date()


def test_what_was_recorded_after_the_proposal_can_be_corrected_by_an_amendment(path):
    """
    The delay of such an item runs from the amendment that brought it.
    """
    propose(path, item("voided", "SCR-2"))
    record(path, "classified", "SCR-3", category="gangs", subcategory="s")
    propose(
        path,
        item("reclassified", "SCR-3", category="fraud", subcategory="s"),
        amends="C-1",
    )

    (one,) = delays(path)
    assert one.mistake_at <= one.detected_at


def test_a_turned_down_package_corrected_nothing(path):
    """
    Its delays end with the detection.
    """
    propose(path, item("voided"))
    turn_down(path, by="bob", recall=False)

    (one,) = delays(path)
    assert one.corrected_at is None


def test_packages_stand_as_their_streams_say(path):
    """
    In the order of proposing, each with its steps.
    """
    propose(path, item("voided"))
    propose(path, merger("O-1", "O-2"), by="cy")
    propose(path, item("voided", "SCR-2"), amends="C-1", by="dee")
    agree(path, "C-2")

    with open_log(path) as log:
        first, second = packages.packages_of(log)
        assert packages.package_of(log, "C-2") == second
        for name in ("C-3", "", "C-1\udcff"):
            with pytest.raises(NoSuchPackageError):
                packages.package_of(log, name)
    assert [(step.event, step.by) for step in first.steps] == [
        ("proposed", "ann"),
        ("amended", "dee"),
    ]
    assert first.decided is None
    assert (first.package.state, second.package.state) == ("proposed", "agreed")
    assert (second.decided.event, second.decided.by) == ("agreed", "bob")


def test_a_publication_is_kept_byte_for_byte(path):
    """
    Agreement to a package that moves its figures changes nothing of it.
    """
    publish(path, "APR", ("dd-all", 2019, 3))
    before = seals(path)
    propose(path, item("voided"))
    previewed(path)
    agree(path)

    assert seals(path) == before
    with open_log(path) as log:
        assert len(recorded(log)) == 1
