"""What validation would have said each January of the audit's story."""

from __future__ import annotations

import io
import sys
import tomllib
from collections import defaultdict
from datetime import UTC, datetime
from importlib import util

import pytest

from ledger.intake.facts import JsonLines
from ledger.reader import open_log
from projections import basis as bases
from projections.readmodel import open_read_model
from projections.validation import Asked, validate
from tests import ledgers, taxonomies
from tests.test_fixtures_oig_23_52 import (
    FOLDER,
    PRINTINGS,
    category,
    countable,
    entered_years,
    fiscal_year,
    last,
    meets,
    outcome_years,
    read,
)

RULE = "category-weaker-than-measure"
WEAK = {"crimes-against-children", "worksite-enforcement"}
RATES = range(2017, 2020)
"""Printed as `dd-all` out of `entered-all`; from FY 2020 on `dd-all` alone."""


@pytest.fixture(scope="module")
def taxonomy():
    """
    The fixture's taxonomy, as its file says it.
    """
    return tomllib.loads((FOLDER / "taxonomy.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def path(tmp_path_factory, taxonomy):
    """
    A ledger of the fixture, its taxonomy adopted before FY 2017.
    """
    path = ledgers.make(tmp_path_factory.mktemp("fixture") / "scr.db")
    ledger, identity = ledgers.app.open_ledger(path, clock=ledgers.Clock())
    facts = JsonLines(io.BytesIO((FOLDER / "events.jsonl").read_bytes()))
    ledger.import_file("f", facts, zone=ledgers.ZoneInfo(identity.timezone))
    ledger.close()
    adopted = datetime(2016, 10, 1, 4, tzinfo=UTC)
    taxonomies.put(path, taxonomy, adopted_at=adopted)
    return path


@pytest.fixture(scope="module")
def streams():
    """
    The facts of each SCR, read without the ledger.
    """
    found = defaultdict(list)
    for fact in read("events.jsonl"):
        if "scr" in fact:
            found[fact["scr"]].append(fact)
    return found


def known(streams, year) -> dict:
    """
    Return what was known of each SCR when the figure of a year was printed.
    """
    cut = {
        scr: [fact for fact in facts if fact["known_at"] < PRINTINGS[year]]
        for scr, facts in streams.items()
    }
    return {scr: facts for scr, facts in cut.items() if facts}


def printed(facts, year) -> bool:
    """
    Say whether an SCR was behind the figure printed for a year.
    """
    years = entered_years(facts) if year in RATES else outcome_years(facts)
    return year in years


def answers(facts, year) -> set[str]:
    """
    Return the answers of an SCR in a year: on the days of its outcomes, or of its
    first approval where it has none.
    """
    days = []
    for fact in facts:
        if fact["event"] in ("disrupted", "dismantled") and countable(facts):
            name = fact["outcome"]
            ruling = last(facts, "approved", "returned", "rescinded", outcome=name)
            back = last(facts, "reversed", outcome=name)["event"]
            dated = last(facts, "disrupted", "dismantled", "redated", outcome=name)
            live = back is None and ruling["event"] in (None, "approved")
            if live and fiscal_year(dated["effective_on"]) == year:
                days.append(dated["effective_on"])
    if not days:
        approvals = [
            fact["effective_on"]
            for fact in facts
            if fact["event"] == "approved" and "outcome" not in fact
        ]
        days = approvals[:1]
    return {answer(facts, day) for day in days}


def answer(facts, day) -> str:
    """
    Return what the last determination that holds on a day says.
    """
    held = [
        fact
        for fact in facts
        if fact["event"] in ("determined", "redetermined")
        and fact.get("from", day) <= day
    ]
    return meets(held[-1]) if held else "unknown"


def named(path, year) -> set[str]:
    """
    Return the SCRs that validation names as errors in the January of a printing.
    """
    measures = ("dd-all", "entered-all") if year in RATES else ("dd-all",)
    asked = Asked(measures, range(year, year + 1))
    with open_log(path) as log, open_read_model(log) as model:
        basis = bases.parse_as_of(f"{year + 1}-01-15", log)
        results = validate(log, model, basis, [RULE], asked=asked)
    (found,) = (one for one in results if one.severity == "error")
    assert found.state == "fails"
    return {one.scr for one in found.failing}


def test_the_taxonomy_has_the_categories_of_the_generator(taxonomy):
    """
    Names and order are the generator's; two categories require no TCO.
    """
    spec = util.spec_from_file_location("build", FOLDER / "build.py")
    build = sys.modules["build"] = util.module_from_spec(spec)
    spec.loader.exec_module(build)
    held = taxonomy["categories"]

    assert {name: tuple(one["subcategories"]) for name, one in held.items()} == {
        one.name: one.subcategories for one in build.CATEGORIES
    }
    assert {n for n, one in held.items() if one["requires_tco"] == "no"} == WEAK
    assert {one["requires_tco"] for one in held.values()} == {"yes", "no"}
    assert {build.CHILDREN, build.WORKSITE} == WEAK


@pytest.mark.parametrize("year", PRINTINGS)
def test_each_january_it_names_who_should_not_be_printed(path, streams, year):
    """
    Exactly the SCRs behind that printing, of the two categories, that were not held to
    be of a TCO themselves.
    """
    wrong = {
        scr
        for scr, facts in known(streams, year).items()
        if printed(facts, year)
        and category(facts) in WEAK
        and "yes" not in answers(facts, year)
    }

    assert named(path, year) == wrong
    assert len(wrong) > 20


def test_it_would_have_stopped_the_107_and_the_3(path, streams):
    """
    Of the 107 and the 3 in the printings, it names all but the 7 that had been
    determined to be TCOs by every printing they were in, which no rule could know to be
    wrong.
    """
    found = {
        item["scr"]: item["category"]
        for item in read("sample.jsonl")[1:]
        if item["finding"] == "not a TCO" and item["category"] in WEAK
    }
    in_print = {
        (year, scr)
        for year in PRINTINGS
        for scr, facts in known(streams, year).items()
        if scr in found and printed(facts, year)
    }
    behind = {scr for _, scr in in_print}
    stopped = {scr for year in PRINTINGS for scr in named(path, year)} & behind
    missed = behind - stopped

    assert sorted(map(found.get, behind)).count("crimes-against-children") == 107
    assert sorted(map(found.get, behind)).count("worksite-enforcement") == 3
    assert len(stopped) == 103
    assert len(missed) == 7
    assert all(
        answers(known(streams, year)[scr], year) == {"yes"}
        for year, scr in in_print
        if scr in missed
    )
