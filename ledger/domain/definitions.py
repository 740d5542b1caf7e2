"""Measure definitions, as data: what is counted, in which year, from which population.

A definition is a closed set of clauses over one countable thing, an *observation*: an
outcome of an SCR that stands, or its first approval. No code is in it, so a rule of
2019 still runs in 2035. It is hashed as RFC 8785 JSON, and figures name the hash
(docs/measures.md).
"""

from __future__ import annotations

from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Unit = Literal["scr", "outcome", "organization", "case"]
Kind = Literal["disruption", "dismantlement", "first-approval"]
Attribution = Literal["outcome", "outcome-approval", "scr-approval"]
Once = Literal["per-year", "ever"]
Answer = Literal["yes", "unknown", "no"]

UNITS: tuple[Unit, ...] = ("scr", "outcome", "organization", "case")
KINDS: tuple[Kind, ...] = ("disruption", "dismantlement", "first-approval")
OUTCOMES: tuple[Kind, ...] = KINDS[:2]
ANSWERS: tuple[Answer, ...] = ("yes", "unknown", "no")


class Population(NamedTuple):
    """Which observations a measure takes; None takes all."""

    approved: bool = True
    """Only of SCRs whose approval stands."""
    tco: tuple[Answer, ...] | None = None
    """By whether the entity meets the TCO definition."""
    high_threat: tuple[Answer, ...] | None = None
    categories: tuple[str, ...] | None = None
    categories_except: tuple[str, ...] | None = None
    offices: tuple[str, ...] | None = None
    offices_except: tuple[str, ...] | None = None


class DataQuality(NamedTuple):
    """What 31 USC 1116(c)(6) asks of every measure that is reported."""

    verification: str
    """(A) How measured values are verified and validated."""
    sources: str
    """(B) Where the data come from."""
    accuracy: str
    """(C) The accuracy the use of the data requires."""
    limitations: str
    """(D) What limits the data at that accuracy."""
    compensation: str
    """(E) How the agency makes up for these limitations."""


class Definition(NamedTuple):
    """One version of a measure."""

    id: str
    version: int
    title: str
    owner: str
    source: str
    unit: Unit
    kinds: tuple[Kind, ...]
    population: Population = Population()
    attribution: Attribution = "outcome"
    """The date that decides the year."""
    once: Once = "per-year"
    """Whether a unit is counted in every year that has it, or in its first only."""
    denominator: str | None = None
    """The id of another measure, where this one is a rate."""
    targets: Mapping[int, float] = MappingProxyType({})
    """By fiscal year."""
    data_quality: DataQuality | None = None

    @property
    def name(self) -> str:
        """How a version is named: ``apg-tco@2``."""
        return f"{self.id}@{self.version}"


def as_json(definition: Definition) -> dict[str, Any]:
    """Return a definition as JSON has it: whatever says nothing is left out."""
    population = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in definition.population._asdict().items()
        if value is not None
    }
    quality = definition.data_quality
    given: dict[str, Any] = {
        **definition._asdict(),
        "kinds": list(definition.kinds),
        "population": population,
        "targets": {str(year): value for year, value in definition.targets.items()},
        "data_quality": quality._asdict() if quality else None,
    }
    return {name: value for name, value in given.items() if value not in (None, {})}


def from_json(given: Mapping[str, Any]) -> Definition:
    """Read what :func:`as_json` wrote; it was validated when it was recorded."""
    fields = dict(given)
    population: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in fields.pop("population", {}).items()
    }
    quality = fields.pop("data_quality", None)
    return Definition(
        **{
            **fields,
            "kinds": tuple(fields["kinds"]),
            "population": Population(**population),
            "targets": {
                int(y): value for y, value in fields.pop("targets", {}).items()
            },
            "data_quality": DataQuality(**quality) if quality else None,
        }
    )


def canonical(definition: Definition) -> bytes:
    """Return a definition as RFC 8785 JSON: the bytes that are hashed."""
    import rfc8785

    return rfc8785.dumps(as_json(definition))


def hash_of(definition: Definition) -> str:
    """Return the SHA-256 of a definition as RFC 8785 JSON, in hex."""
    return sha256(canonical(definition)).hexdigest()


# --- the built-in measures ---------------------------------------------------------

_TCO = Population(tco=("yes",))


def _built_in(
    name: str, title: str, unit: Unit, kinds: tuple[Kind, ...], population: Population
) -> Definition:
    return Definition(
        name,
        1,
        title,
        owner="this program",
        source="docs/counting.md, Built-in measures",
        unit=unit,
        kinds=kinds,
        population=population,
    )


BUILT_IN: Mapping[str, Definition] = MappingProxyType(
    {
        one.id: one
        for one in (
            _built_in(
                "dd-all",
                "SCRs with at least one disruption or dismantlement",
                "scr",
                OUTCOMES,
                Population(),
            ),
            _built_in(
                "dd-tco",
                "SCRs with at least one disruption or dismantlement of a TCO",
                "scr",
                OUTCOMES,
                _TCO,
            ),
            _built_in(
                "disruptions-all", "disruptions", "outcome", OUTCOMES[:1], Population()
            ),
            _built_in(
                "disruptions-tco", "disruptions of a TCO", "outcome", OUTCOMES[:1], _TCO
            ),
            _built_in(
                "dismantlements-all",
                "dismantlements",
                "outcome",
                OUTCOMES[1:],
                Population(),
            ),
            _built_in(
                "dismantlements-tco",
                "dismantlements of a TCO",
                "outcome",
                OUTCOMES[1:],
                _TCO,
            ),
            _built_in(
                "organizations-tco",
                "distinct organizations disrupted or dismantled, TCO only",
                "organization",
                OUTCOMES,
                _TCO,
            ),
            _built_in(
                "entered-all",
                "SCRs with an outcome in the year, or first approved in it",
                "scr",
                KINDS,
                Population(),
            ),
        )
    }
)
"""In the order of the contract; they hold at every basis."""
