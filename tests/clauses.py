"""The clauses of a definition, each asked by itself of what may be counted.

As the oracle does, and from the JSON of the definition; in the order in which they are
told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests import oracle

if TYPE_CHECKING:
    from collections.abc import Mapping

Holds = Callable[[oracle.Body, oracle.Countable], bool]


def listed(name: str, value: Callable[[oracle.Countable], Any]) -> Holds:
    """
    Return whether a clause of the population takes what an observation has.
    """
    return lambda one, each: (
        name not in one.get("population", {}) or value(each) in one["population"][name]
    )


def excepted(name: str, value: Callable[[oracle.Countable], Any]) -> Holds:
    """
    Return whether a clause of the population leaves out what an observation has.
    """
    return lambda one, each: value(each) not in one.get("population", {}).get(name, [])


CLAUSES: Mapping[str, Holds] = {
    "population.approved": lambda one, each: (
        each.approved or not one.get("population", {}).get("approved", True)
    ),
    "kinds": lambda one, each: each.kind in one["kinds"],
    "attribution": lambda one, each: oracle.counted_on(one, each) is not None,
    "population.tco": listed("tco", lambda each: each.meets_tco),
    "population.high_threat": listed("high_threat", lambda each: each.high_threat),
    "population.categories": listed("categories", lambda each: each.cell["category"]),
    "population.categories_except": excepted(
        "categories_except", lambda each: each.cell["category"]
    ),
    "population.offices": listed("offices", lambda each: each.cell["office"]),
    "population.offices_except": excepted(
        "offices_except", lambda each: each.cell["office"]
    ),
}
