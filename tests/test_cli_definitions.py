"""A definition in words, and two of them side by side."""

from __future__ import annotations

import pytest
from hypothesis import given as holds_for

from cli.definitions import clauses_of, differing, flat, shown, told
from ledger.domain.definitions import BUILT_IN, from_json
from ledger.domain.events import parse_definition
from tests import definitions


def read(**said):
    """
    Return a definition of which a test says what it is about.
    """
    body = parse_definition(definitions.body(**said))
    return from_json(body.model_dump(mode="json", exclude_none=True))


WORDS = [
    ({"unit": "scr"}, "unit", "SCRs are counted"),
    ({"unit": "case"}, "unit", "distinct case numbers are counted"),
    ({"unit": "outcome"}, "unit", "outcomes are counted, each by itself"),
    ({"kinds": ["disruption"]}, "kinds", "with a disruption"),
    (
        {"kinds": ["disruption", "dismantlement", "first-approval"]},
        "kinds",
        "with a disruption, a dismantlement or the first approval of the SCR",
    ),
    ({}, "population.approved", "only SCRs whose approval stands"),
    (
        {"population": {"approved": False}},
        "population.approved",
        "only SCRs that stand, approved or not",
    ),
    (
        {"population": {"tco": ["yes", "unknown"]}},
        "population.tco",
        "only where the entity meets the TCO definition: yes or unknown",
    ),
    (
        {"population": {"high_threat": ["yes"]}},
        "population.high_threat",
        "only where the entity is a high threat: yes",
    ),
    (
        {"population": {"categories": ["a", "b", "c"]}},
        "population.categories",
        "only SCRs of the category a, b or c",
    ),
    (
        {"population": {"categories_except": ["a"]}},
        "population.categories_except",
        "only SCRs of another category than a, or of none",
    ),
    (
        {"population": {"offices": ["SAC X"]}},
        "population.offices",
        "only SCRs of the office SAC X",
    ),
    (
        {"population": {"offices_except": ["SAC X", "SAC Y"]}},
        "population.offices_except",
        "only SCRs of another office than SAC X or SAC Y",
    ),
    ({}, "attribution", "the day it happened decides the year"),
    (
        {"attribution": "outcome-approval"},
        "attribution",
        "the day the panel approved the outcome decides the year;"
        " an outcome it did not approve by itself is not counted",
    ),
    ({"once": "ever"}, "once", "once ever, in the first year that has one"),
    (
        {"denominator": "dd-all"},
        "denominator",
        "it is a rate: out of dd-all, in the same year",
    ),
    ({"targets": {"2020": 4.5}}, "targets.2020", "the target for FY 2020"),
    ({}, "data_quality.sources", "(B) where the data come from"),
    ({}, "title", None),
]


@pytest.mark.parametrize(("said", "field", "words"), WORDS)
def test_a_clause_in_words(said, field, words):
    """
    Each field says what it does to the count.
    """
    rows = {row["field"]: row["says"] for row in told(read(**said))}

    assert rows[field] == words


@holds_for(definitions.definitions())
def test_every_field_is_told(body):
    """
    Whatever a definition says has a row, and what is counted has words too.
    """
    definition = from_json(
        parse_definition(body).model_dump(mode="json", exclude_none=True)
    )
    rows = told(definition)

    assert [row["field"] for row in rows] == list(flat(definition))
    assert all(row["says"] for row in clauses_of(rows))
    assert all(shown(row["value"]) for row in rows)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "yes"), (False, "no"), (["a", "b"], "a, b"), (45, "45"), (4.5, "4.5")],
)
def test_a_value_as_tables_have_it(value, text):
    """
    Yes and no, lists with commas, all else as it is.
    """
    assert shown(value) == text


def test_two_definitions_side_by_side():
    """
    Only what differs; what one of them does not say is None; names are no difference.
    """
    one = read(targets={"2020": 1})
    other = read(name="n", version=3, once="ever", population={"tco": ["no"]})._replace(
        title=one.title
    )

    assert differing(one, other) == [
        {"field": "once", "first": "per-year", "second": "ever"},
        {"field": "targets.2020", "first": 1, "second": None},
        {"field": "population.tco", "first": None, "second": ["no"]},
    ]
    assert differing(one, one._replace(id="x", version=9)) == []
    assert [row["field"] for row in differing(BUILT_IN["dd-all"], BUILT_IN["dd-tco"])]
