"""One measure's definitions: a new version or a retirement, decided and appended."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain.definitions import BUILT_IN
from ledger.domain.events import Defined, Retired, payload_of
from ledger.domain.fiscal import format_instant
from ledger.errors import (
    AdoptedEarlierError,
    AdoptedLaterError,
    BuiltInMeasureError,
    NoSuchMeasureError,
    VersionTakenError,
)
from ledger.store.codec import fact_of

if TYPE_CHECKING:
    from ledger.domain.events import MeasureEvent
    from ledger.store.sqlite import Appending


class Decided(NamedTuple):
    """What came of defining or retiring a measure."""

    fact: MeasureEvent
    position: int | None
    """Where it stands; None if it was recorded already."""


def append(appending: Appending, fact: MeasureEvent) -> Decided:
    """Decide a definition or a retirement against what is recorded, and append it.

    :raises BuiltInMeasureError: the built-in measures hold at every basis.
    :raises VersionTakenError: the measure has this or a later version, another one.
    :raises NoSuchMeasureError: there is nothing to retire.
    :raises AdoptedLaterError: it is adopted in time to come.
    :raises AdoptedEarlierError: it is adopted before the last fact of its measure.
    """
    if fact.measure in BUILT_IN:
        raise BuiltInMeasureError(fact.measure)
    held = _recorded(appending, fact.stream)
    last = held[-1][0] if held else None
    match fact:
        case Defined():
            if isinstance(last, Defined) and last.hash == fact.hash:
                return Decided(last, None)
            taken = max(
                (old.version for old, _ in held if isinstance(old, Defined)), default=0
            )
            if fact.version <= taken:
                raise VersionTakenError(fact.measure, fact.version, taken)
        case Retired():
            if not isinstance(last, Defined):
                raise NoSuchMeasureError(fact.measure)
    adopted = fact.adopted_at or appending.moment
    if adopted > appending.moment:
        moment = format_instant(appending.moment)
        raise AdoptedLaterError(format_instant(adopted), moment)
    if held and adopted < held[-1][1]:
        previous = format_instant(held[-1][1])
        raise AdoptedEarlierError(fact.measure, format_instant(adopted), previous)
    version = len(held) + 1
    stored = StoredEvent(fact.stream, version, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Decided(fact, position)


def _recorded(appending: Appending, stream: str) -> list[tuple[MeasureEvent, datetime]]:
    found: list[tuple[MeasureEvent, datetime]] = []
    for topic, payload, recorded_at in appending.stream(stream):
        fact = fact_of(stream, topic, payload)
        assert isinstance(fact, Defined | Retired)
        found.append((fact, fact.adopted_at or datetime.fromisoformat(recorded_at)))
    return found
