"""The taxonomy's versions: a new one decided and appended, and the latest looked up."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import taxonomy as taxonomies
from ledger.domain.events import Categorized, payload_of
from ledger.domain.fiscal import format_instant
from ledger.domain.taxonomy import NAME, STREAM, Taxonomy, hash_of
from ledger.errors import AdoptedOtherwiseError
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from ledger.domain.taxonomy import Standing
    from ledger.store.sqlite import Appending

    Held = list[tuple[Categorized, datetime]]


class Decided(NamedTuple):
    """What came of loading a taxonomy."""

    fact: Categorized
    position: int | None
    """Where it stands; None if it was recorded already."""
    since: datetime
    """From when it holds."""


def append(appending: Appending, fact: Categorized) -> Decided:
    """Decide a version against those recorded, and append it.

    One that says what the last one says adds nothing.

    :raises MeasureError: a rule of ``ledger.domain.taxonomy``; or the version is
        recorded as adopted at another time.
    """
    held = _recorded(appending)
    if held and held[-1][0].hash == fact.hash:
        last, recorded = held[-1]
        since = taxonomies.since(last, recorded)
        if fact.adopted_at not in (None, since):
            asked = format_instant(taxonomies.since(fact, since))
            name = f"version {last.version} of {NAME}"
            raise AdoptedOtherwiseError(name, asked, format_instant(since))
        return Decided(last, None, since)
    taxonomies.refuse(_standing(held), fact, appending.moment)
    stored = StoredEvent(STREAM, len(held) + 1, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Decided(fact, position, taxonomies.since(fact, appending.moment))


def version_for(appending: Appending, taxonomy: Taxonomy) -> int:
    """Return the version of a taxonomy that gives none: the next one.

    It is the last one, if that says the same.
    """
    held = _recorded(appending)
    standing = _standing(held)
    if standing is None:
        return 1
    same = taxonomy._replace(version=standing.version)
    if held[-1][0].hash == hash_of(same):
        return standing.version
    return standing.version + 1


def categories(appending: Appending) -> frozenset[str] | None:
    """Return the categories of the latest taxonomy recorded; None if there is none."""
    held = _recorded(appending)
    return frozenset(held[-1][0].taxonomy.categories) if held else None


def _standing(held: Held) -> Standing | None:
    return taxonomies.evolve(*held[-1]) if held else None


def _recorded(appending: Appending) -> Held:
    """Return the versions, each with the moment it was recorded."""
    found: Held = []
    for topic, payload, recorded_at in appending.stream(STREAM):
        fact = fact_of(STREAM, topic, payload)
        assert isinstance(fact, Categorized)
        found.append((fact, datetime.fromisoformat(recorded_at)))
    return found
