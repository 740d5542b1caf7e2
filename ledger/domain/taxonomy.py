"""The taxonomy as data: categories, what their criteria ask for, and its versions.

An SCR is approved against the criteria of its category, and counted by a measure. The
one word of criteria that decides whether the two agree is `requires_tco`; validation
compares it with what a measure says (docs/validation.md). A taxonomy changes no count.
"""

from __future__ import annotations

from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ledger.domain.fiscal import format_instant
from ledger.errors import AdoptedEarlierError, AdoptedLaterError, VersionTakenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ledger.domain.events import Categorized

Answer = Literal["yes", "no", "unknown"]

Threshold = Literal["office-silent", "outcome-far-from-filing", "moved-since-printing"]
"""The validation rules whose threshold a taxonomy may record; the list only grows."""

STREAM = "taxonomy"
NAME = "the taxonomy"


class Subcategory(NamedTuple):
    """A part of a category, with criteria of its own."""

    criteria: str
    requires_tco: Answer | None = None
    """None: as its category."""


class Category(NamedTuple):
    """A category, and whether its criteria ask for a TCO."""

    criteria: str
    requires_tco: Answer
    subcategories: Mapping[str, Subcategory] = MappingProxyType({})


class Taxonomy(NamedTuple):
    """One version of all categories, and of the thresholds of validation."""

    version: int
    title: str
    source: str
    categories: Mapping[str, Category]
    thresholds: Mapping[str, int] = MappingProxyType({})
    """By rule; a rule without one has its default."""

    def requires_tco(self, category: str | None, subcategory: str | None) -> Answer:
        """Say whether the criteria that an SCR was approved against ask for a TCO.

        A listed subcategory answers for itself, or as its category. Nobody knows the
        criteria of one that is not listed, but where those of the category ask for no
        TCO; nor those of a category that is not in the taxonomy.
        """
        held = self.categories.get(category) if category is not None else None
        if held is None:
            return "unknown"
        if not held.subcategories:
            return held.requires_tco
        part = held.subcategories.get(subcategory or "")
        if part is None:
            return "no" if held.requires_tco == "no" else "unknown"
        return part.requires_tco or held.requires_tco


def as_json(taxonomy: Taxonomy) -> dict[str, Any]:
    """Return a taxonomy as JSON has it: whatever says nothing is left out."""
    categories = {}
    for name, held in taxonomy.categories.items():
        parts = {sub: _kept(part._asdict()) for sub, part in held.subcategories.items()}
        categories[name] = _kept({**held._asdict(), "subcategories": parts})
    given = {**taxonomy._asdict(), "categories": categories}
    return _kept({**given, "thresholds": dict(taxonomy.thresholds)})


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in (None, {})}


def from_json(given: Mapping[str, Any]) -> Taxonomy:
    """Read what :func:`as_json` wrote; it was validated when it was recorded."""
    categories = {
        name: Category(
            held["criteria"],
            held["requires_tco"],
            {
                sub: Subcategory(**part)
                for sub, part in held.get("subcategories", {}).items()
            },
        )
        for name, held in given["categories"].items()
    }
    return Taxonomy(
        given["version"],
        given["title"],
        given["source"],
        categories,
        dict(given.get("thresholds", {})),
    )


def canonical(taxonomy: Taxonomy) -> bytes:
    """Return a taxonomy as RFC 8785 JSON: the bytes that are hashed."""
    import rfc8785

    return rfc8785.dumps(as_json(taxonomy))


def hash_of(taxonomy: Taxonomy) -> str:
    """Return the SHA-256 of a taxonomy as RFC 8785 JSON, in hex."""
    return sha256(canonical(taxonomy)).hexdigest()


# --- along its stream: the same rules decide before a fact and judge it after --------


class Standing(NamedTuple):
    """How the taxonomy stands after its last fact."""

    version: int
    since: datetime
    """From when it holds."""


def since(fact: Categorized, recorded: datetime) -> datetime:
    """Return from when a fact holds: its adoption, or else when it was recorded."""
    return fact.adopted_at or recorded


def refuse(standing: Standing | None, fact: Categorized, recorded: datetime) -> None:
    """Refuse a version that may not follow.

    :param recorded: the moment at which it is recorded.
    :raises VersionTakenError: versions count up.
    :raises AdoptedLaterError: it is recorded before it was adopted.
    :raises AdoptedEarlierError: versions are adopted in their order.
    """
    if standing is not None and fact.version <= standing.version:
        raise VersionTakenError(NAME, fact.version, standing.version)
    holds = since(fact, recorded)
    if holds > recorded:
        raise AdoptedLaterError(format_instant(holds), format_instant(recorded))
    if standing is not None and holds < standing.since:
        previous = format_instant(standing.since)
        raise AdoptedEarlierError(NAME, format_instant(holds), previous)


def evolve(fact: Categorized, recorded: datetime) -> Standing:
    """Return how the taxonomy stands after a fact; each version is all of it."""
    return Standing(fact.version, since(fact, recorded))


def disagreements(fact: Categorized) -> Iterator[str]:
    """Yield where a fact does not say of a taxonomy what the taxonomy says."""
    body = from_json(fact.taxonomy.model_dump(mode="json", exclude_none=True))
    if fact.version != body.version:
        yield f"version {fact.version} holds version {body.version}"
    if fact.hash != (found := hash_of(body)):
        yield f"its hash is {fact.hash}, that of its taxonomy {found}"
