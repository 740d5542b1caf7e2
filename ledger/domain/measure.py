"""One measure along its stream: which fact may follow, and how it stands after it.

The same rules decide before a fact is appended and judge it when it is verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from ledger.domain.definitions import BUILT_IN, from_json, hash_of
from ledger.domain.events import Defined, Retired
from ledger.domain.fiscal import format_instant
from ledger.errors import (
    AdoptedEarlierError,
    AdoptedLaterError,
    BuiltInMeasureError,
    NoDenominatorError,
    NoSuchMeasureError,
    VersionTakenError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ledger.domain.events import MeasureEvent


class Standing(NamedTuple):
    """How a measure stands after its last fact."""

    version: int
    """The last one defined."""
    retired: bool
    since: datetime
    """From when the last fact holds."""


def since(fact: MeasureEvent, recorded: datetime) -> datetime:
    """Return from when a fact holds: its adoption, or else when it was recorded."""
    return fact.adopted_at or recorded


def refuse(
    standing: Standing | None,
    fact: MeasureEvent,
    recorded: datetime,
    stands: Callable[[str], Standing | None],
) -> None:
    """Refuse a fact that may not follow.

    :param recorded: the moment at which it is recorded.
    :param stands: how any other measure stands at that moment.
    :raises MeasureError: the rule it breaks.
    """
    if fact.measure in BUILT_IN:
        raise BuiltInMeasureError(fact.measure)
    match fact:
        case Defined():
            if standing is not None and fact.version <= standing.version:
                raise VersionTakenError(fact.measure, fact.version, standing.version)
            under = fact.definition.denominator
            if under is not None and under not in BUILT_IN:
                other = stands(under)
                if other is None or other.retired:
                    raise NoDenominatorError(under)
        case Retired():
            if standing is None or standing.retired:
                raise NoSuchMeasureError(fact.measure)
        case _:
            assert_never(fact)
    holds = since(fact, recorded)
    if holds > recorded:
        raise AdoptedLaterError(format_instant(holds), format_instant(recorded))
    if standing is not None and holds < standing.since:
        previous = format_instant(standing.since)
        raise AdoptedEarlierError(fact.measure, format_instant(holds), previous)


def evolve(
    standing: Standing | None, fact: MeasureEvent, recorded: datetime
) -> Standing:
    """Return how a measure stands after a fact."""
    match fact:
        case Defined():
            return Standing(fact.version, retired=False, since=since(fact, recorded))
        case Retired():
            version = 0 if standing is None else standing.version
            return Standing(version, retired=True, since=since(fact, recorded))
        case _:
            assert_never(fact)


def disagreements(fact: Defined) -> Iterator[str]:
    """Yield where a fact does not say of a definition what the definition says."""
    body = fact.definition
    if (fact.measure, fact.version) != (body.id, body.version):
        yield f"{fact.measure}@{fact.version} holds {body.id}@{body.version}"
    found = hash_of(from_json(body.model_dump(mode="json", exclude_none=True)))
    if fact.hash != found:
        yield f"its hash is {fact.hash}, that of its definition {found}"
