"""A measure along its stream; the rules one by one are in the tests of the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ledger.domain import measure as measures
from ledger.domain.definitions import as_json, from_json, hash_of
from ledger.domain.events import Defined, Retired, parse_definition, parse_stored
from ledger.errors import AdoptedEarlierError, NoDenominatorError
from tests.definitions import body

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
EARLIER = datetime(2020, 1, 1, tzinfo=UTC)


def fact(cls, **fields):
    """
    Return a fact about measure `m`.
    """
    common = {"measure": "m", "by": "b", "run_by": "r"}
    told = {**common, "event": cls.topic[7:-2], **fields}
    return parse_stored(cls.topic, json.dumps(told).encode())


def defined(version: int = 1, said: dict | None = None, **fields) -> Defined:
    """
    Return the fact that records a version.
    """
    told = parse_definition(said or body(version=version))
    definition = from_json(told.model_dump(mode="json", exclude_none=True))
    body_ = as_json(definition)
    agreed = {"version": version, "hash": hash_of(definition), "definition": body_}
    return fact(Defined, **agreed, **fields)


def retired(**fields) -> Retired:
    """
    Return the fact that retires it.
    """
    return fact(Retired, reason="r", **fields)


def test_how_a_measure_stands_after_each_fact():
    """
    The last version, whether it is retired, and from when the last fact holds.
    """
    one = measures.evolve(None, defined(3, adopted_at="2020-01-01T00:00:00Z"), NOON)
    two = measures.evolve(one, retired(), NOON)
    three = measures.evolve(two, defined(4), NOON)

    assert one == (3, False, EARLIER)
    assert two == (3, True, NOON)
    assert three == (4, False, NOON)
    assert measures.evolve(None, retired(), NOON).version == 0


def test_a_denominator_stands_at_that_moment():
    """
    A retired one is none; a built-in one is not asked about.
    """
    standing = measures.Standing(1, retired=False, since=EARLIER)
    rate = defined(said=body(denominator="n"))

    measures.refuse(None, rate, NOON, {"n": standing}.get)
    measures.refuse(None, defined(said=body(denominator="dd-all")), NOON, {}.get)
    with pytest.raises(NoDenominatorError, match="no measure n"):
        measures.refuse(None, rate, NOON, {"n": standing._replace(retired=True)}.get)


def test_adoption_is_compared_with_when_the_last_fact_holds():
    """
    What was adopted long ago may be followed by what was adopted since, at the same
    instant included.
    """
    standing = measures.Standing(1, retired=False, since=EARLIER)

    for text in ("2020-01-01T00:00:00Z", "2019-12-31T19:00:00-05:00"):
        measures.refuse(standing, defined(2, adopted_at=text), NOON, {}.get)
    before = defined(2, adopted_at="2019-12-31T23:59:59.999999Z")
    with pytest.raises(AdoptedEarlierError):
        measures.refuse(standing, before, NOON, {}.get)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, []),
        ({"version": 2}, ["m@2 holds m@1"]),
        ({"measure": "n"}, ["n@1 holds m@1"]),
        ({"hash": "0" * 64}, ["its hash is 0000"]),
        ({"version": 2, "hash": "0" * 64}, ["m@2 holds m@1", "its hash is 0000"]),
    ],
)
def test_a_fact_agrees_with_its_definition(changed, words):
    """
    Its measure, its version and its hash are those of the definition it holds.
    """
    told = list(measures.disagreements(defined().model_copy(update=changed)))

    assert [one[: len(word)] for one, word in zip(told, words, strict=True)] == words
