"""Definitions as data: the built-in ones, their JSON, and the hash over it."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.definitions import (
    BUILT_IN,
    Definition,
    Population,
    as_json,
    canonical,
    from_json,
    hash_of,
)
from ledger.domain.events import Unreadable, parse_definition
from tests import definitions

EITHER = ["disruption", "dismantlement"]
YES = ["yes"]

TABLE = [  # Id, unit, kinds, TCO answers, hash.
    ("dd-all", "scr", EITHER, None, "342ae20f"),
    ("dd-tco", "scr", EITHER, YES, "3854364c"),
    ("disruptions-all", "outcome", ["disruption"], None, "ce9672f9"),
    ("disruptions-tco", "outcome", ["disruption"], YES, "dddfd7ac"),
    ("dismantlements-all", "outcome", ["dismantlement"], None, "eea61334"),
    ("dismantlements-tco", "outcome", ["dismantlement"], YES, "4da63bef"),
    ("organizations-tco", "organization", EITHER, YES, "53607375"),
    ("entered-all", "scr", [*EITHER, "first-approval"], None, "7bae77ea"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_what_a_built_in_measure_counts(row):
    """
    Each counts its unit as the contract has it: of SCRs that are approved, in the year
    of the outcome, in every year; and says so under the same hash for ever.
    """
    name, unit, kinds, tco, begins = row
    said = as_json(BUILT_IN[name])

    population = {"approved": True} if tco is None else {"approved": True, "tco": tco}
    assert said == {
        "id": name,
        "version": 1,
        "title": said["title"],
        "owner": "this program",
        "source": "docs/counting.md, Built-in measures",
        "unit": unit,
        "kinds": kinds,
        "population": population,
        "attribution": "outcome",
        "once": "per-year",
    }
    assert hash_of(BUILT_IN[name]).startswith(begins)


def test_the_built_in_measures():
    """
    There are these and no others, in this order.
    """
    assert list(BUILT_IN) == [name for name, *_ in TABLE]


# --- JSON, and the hash over it ---------------------------------------------------


def read(body) -> Definition:
    """
    Return the definition that a file says.
    """
    told = parse_definition(body).model_dump(mode="json", exclude_none=True)
    return from_json(told)


@holds_for(definitions.definitions())
def test_a_definition_comes_back_from_its_json(body):
    """
    What is written as JSON is read back as it was, through text as well.
    """
    definition = read(body)

    assert from_json(as_json(definition)) == definition
    assert from_json(json.loads(json.dumps(as_json(definition)))) == definition
    assert read(as_json(definition)) == definition


def by_hand(value: object) -> str:
    """
    Return RFC 8785 JSON for what definitions hold, if it is ASCII: keys sorted, no
    space, numbers as JavaScript has them.
    """
    if isinstance(value, dict):
        pairs = (f"{by_hand(key)}:{by_hand(value[key])}" for key in sorted(value))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(by_hand, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(int(value) if value == int(value) else value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@holds_for(
    definitions.definitions(), st.text("ab\\\"'/<>& ~", min_size=1).map("x".__add__)
)
def test_the_hash_is_that_of_canonical_json(body, title):
    """
    Whoever writes RFC 8785 JSON anew, from what JSON says of it, gets the same hash.
    """
    definition = read({**body, "title": title})
    told = json.loads(json.dumps(as_json(definition)))

    assert canonical(definition).decode() == by_hand(told)
    assert hash_of(definition) == sha256(by_hand(told).encode()).hexdigest()


def test_the_library_conforms_to_the_published_example():
    """
    RFC 8785, sections 3.2.2 to 3.2.4: this input, and these bytes of it.
    """
    given = r"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3,
                  0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""
    wanted = (
        "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d6265"
        "7273223a5b3333333333333333332e333333333333332c31652b33302c342e352c302e30"
        "30322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c"
        "225c5c5c5c5c222f227d"
    )

    assert rfc8785.dumps(json.loads(given)).hex() == wanted


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"targets": {"2020": 45}}, {"targets": {"2020": 45.0}}, True),
        ({}, {"once": "per-year", "attribution": "outcome", "targets": {}}, True),
        ({}, {"population": {"approved": True}}, True),
        ({}, {"population": {"approved": False}}, False),
        ({}, {"title": "another"}, False),
        ({"kinds": EITHER}, {"kinds": EITHER[::-1]}, False),
    ],
)
def test_what_a_hash_tells_apart(one, other, same):
    """
    Defaults count as said and 45 is 45.0; words and order are told apart.
    """
    first, second = (hash_of(read(definitions.body(**said))) for said in (one, other))

    assert (first == second) is same


def test_nothing_but_the_population_is_left_open():
    """
    A definition says everything; a population takes all unless it says otherwise.
    """
    assert Population() == (True, *[None] * 6)
    assert read(definitions.body()).name == "m@1"


# --- what a file may say ----------------------------------------------------------

TEXT = "must be text of 1 to 200 characters, not only spaces, without control"
LONG = "must be text of 1 to 2,000 characters, not only spaces, without control"
NUMBER = "must be a number from 0 to 1,000,000,000,000"
ABSENT = object()

WRONG = [  # What is said; path and rule of the one fault.
    ({"id": "APG"}, "id", "must be 1 to 64 of a-z 0-9 -, a letter first"),
    ({"id": "9a"}, "id", "must be 1 to 64 of a-z 0-9 -, a letter first"),
    ({"version": 0}, "version", "must be a whole number from 1 to 1,000,000"),
    ({"version": 1.0}, "version", "must be a whole number from 1 to 1,000,000"),
    ({"version": True}, "version", "must be a whole number from 1 to 1,000,000"),
    ({"title": ABSENT}, "title", "is required"),
    ({"title": " "}, "title", TEXT),
    ({"owner": 3}, "owner", TEXT),
    ({"source": "x" * 201}, "source", TEXT),
    ({"unit": "person"}, "unit", "must be scr, outcome, organization or case"),
    ({"kinds": []}, "kinds", "must name at least one"),
    ({"kinds": "disruption"}, "kinds", "must be a list"),
    (
        {"kinds": ["arrest"]},
        "kinds.0",
        "must be disruption, dismantlement or first-approval, not arrest",
    ),
    ({"kinds": ["disruption"] * 2}, "kinds", "must not name anything twice"),
    ({"population": []}, "population", "must be a table"),
    ({"population": {"approved": 1}}, "population.approved", "must be true or false"),
    (
        {"population": {"tco": ["yes", "maybe"]}},
        "population.tco.1",
        "must be yes, no or unknown, not maybe",
    ),
    (
        {"population": {"high_threat": ["no", ""]}},
        "population.high_threat.1",
        "must be yes, no or unknown, not empty",
    ),
    (
        {"population": {"offices": ["a"] * 2}},
        "population.offices",
        "must not name anything twice",
    ),
    (
        {"population": {"categories": [str(n) for n in range(1001)]}},
        "population.categories",
        "must name at most 1,000",
    ),
    ({"population": {"categories": [" "]}}, "population.categories.0", TEXT),
    (
        {"population": {"category": ["a"]}},
        "population.category",
        "is no field; there are approved, tco, high_threat, categories,",
    ),
    (
        {"population": {"offices": ["a"], "offices_except": ["b"]}},
        "population.offices",
        "contradicts offices_except; give one of them",
    ),
    (
        {"attribution": "today"},
        "attribution",
        "must be outcome, outcome-approval or scr-approval",
    ),
    ({"once": "daily"}, "once", "must be per-year or ever"),
    ({"denominator": "Dd"}, "denominator", "must be 1 to 64 of a-z 0-9 -"),
    ({"denominator": "m"}, "denominator", "must be another measure"),
    ({"targets": {"19": 1}}, "targets.19", "is not a fiscal year, such as 2024"),
    ({"targets": {"2020": -1}}, "targets.2020", NUMBER),
    ({"targets": {"2020": True}}, "targets.2020", NUMBER),
    ({"targets": {"2020": float("inf")}}, "targets.2020", NUMBER),
    ({"targets": {"2020": "many"}}, "targets.2020", NUMBER),
    ({"targets": 5}, "targets", "must be a table"),
    ({"data_quality": ABSENT}, "data_quality", "is required"),
    ({"sql": "SELECT 1"}, "sql", "is no field; there are id, version, title,"),
    (
        {"unit": "outcome", "kinds": ["first-approval"]},
        "kinds",
        "a first approval is no outcome; unit scr or case has one",
    ),
    (
        {"unit": "organization", "kinds": ["first-approval"]},
        "kinds",
        "a first approval is no organization",
    ),
    (
        {"kinds": ["first-approval"], "attribution": "outcome-approval"},
        "attribution",
        "a first approval is of no outcome",
    ),
    (
        {"unit": "outcome", "once": "ever"},
        "once",
        "an outcome is in one year already; leave it out",
    ),
]


def faults(**said) -> tuple[tuple[str, str], ...]:
    """
    Return what is wrong with a definition of which a test says what it is about.
    """
    body = definitions.body()
    body |= said
    with pytest.raises(Unreadable) as caught:
        parse_definition({k: v for k, v in body.items() if v is not ABSENT})
    return caught.value.faults


@pytest.mark.parametrize(("said", "path", "rule"), WRONG)
def test_a_fault_is_told_with_the_path_of_its_field(said, path, rule):
    """
    One fault, at the path of the field, in words that say what it takes.
    """
    ((field, words),) = faults(**said)

    assert field == path
    assert words.startswith(rule)


@pytest.mark.parametrize(
    "name", ["verification", "sources", "accuracy", "limitations", "compensation"]
)
def test_each_of_the_five_statements_is_required(name):
    """
    31 USC 1116(c)(6) asks for all five; an empty one is none.
    """
    quality = definitions.body()["data_quality"]
    path = f"data_quality.{name}"

    left = {key: value for key, value in quality.items() if key != name}
    assert faults(data_quality=left) == ((path, "is required"),)
    ((field, words),) = faults(data_quality={**quality, name: ""})
    assert (field, words.startswith(LONG)) == (path, True)


def test_all_faults_are_told_in_the_order_of_the_fields():
    """
    Also where fields contradict while others are no values at all.
    """
    told = faults(
        extra=1, title="", unit="outcome", once="ever", targets={"x": 1}, owner=ABSENT
    )

    assert [field for field, _ in told] == [
        "title", "owner", "once", "targets.x", "extra",
    ]  # fmt: skip
