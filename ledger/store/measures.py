"""One measure's definitions: a new version or a retirement, decided and appended."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import measure as measures
from ledger.domain.definitions import hash_of
from ledger.domain.events import Defined, Retired, payload_of
from ledger.domain.fiscal import format_instant
from ledger.errors import AdoptedOtherwiseError
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from ledger.domain.definitions import Definition
    from ledger.domain.events import MeasureEvent
    from ledger.domain.measure import Standing
    from ledger.store.sqlite import Appending


class Decided(NamedTuple):
    """What came of defining or retiring a measure."""

    fact: MeasureEvent
    position: int | None
    """Where it stands; None if it was recorded already."""
    since: datetime
    """From when it holds."""


def append(appending: Appending, fact: MeasureEvent) -> Decided:
    """Decide a definition or a retirement against what is recorded, and append it.

    A definition that is recorded already adds nothing, unless it was retired since.

    :raises MeasureError: a rule of ``ledger.domain.measure``; or the definition is
        recorded as adopted at another time.
    """
    held = _recorded(appending, fact.measure)
    if isinstance(fact, Defined) and (same := _same(held, fact)) is not None:
        return same
    measures.refuse(
        _standing(held),
        fact,
        appending.moment,
        lambda other: _standing(_recorded(appending, other)),
    )
    stored = StoredEvent(fact.stream, len(held) + 1, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Decided(fact, position, measures.since(fact, appending.moment))


def version_for(appending: Appending, definition: Definition) -> int:
    """Return the version of a definition that gives none: the next one.

    It is the last one, if that says the same and is not retired.
    """
    held = _recorded(appending, definition.id)
    standing = _standing(held)
    if standing is None:
        return 1
    last = held[-1][0]
    same = definition._replace(version=standing.version)
    if isinstance(last, Defined) and last.hash == hash_of(same):
        return standing.version
    return standing.version + 1


def _same(held: list[tuple[MeasureEvent, datetime]], fact: Defined) -> Decided | None:
    """Return what is recorded of the very definition, as long as it is not retired."""
    if not held or isinstance(held[-1][0], Retired):
        return None
    for old, recorded in held:
        if isinstance(old, Defined) and old.hash == fact.hash:
            since = measures.since(old, recorded)
            if fact.adopted_at not in (None, since):
                name = f"{fact.measure}@{fact.version}"
                asked = format_instant(measures.since(fact, since))
                raise AdoptedOtherwiseError(name, asked, format_instant(since))
            return Decided(old, None, since)
    return None


def _standing(held: list[tuple[MeasureEvent, datetime]]) -> Standing | None:
    standing = None
    for fact, recorded in held:
        standing = measures.evolve(standing, fact, recorded)
    return standing


def _recorded(
    appending: Appending, measure: str
) -> list[tuple[MeasureEvent, datetime]]:
    """Return a measure's facts, each with the moment it was recorded."""
    stream = f"measure/{measure}"
    found: list[tuple[MeasureEvent, datetime]] = []
    for topic, payload, recorded_at in appending.stream(stream):
        fact = fact_of(stream, topic, payload)
        assert isinstance(fact, Defined | Retired)
        found.append((fact, datetime.fromisoformat(recorded_at)))
    return found
