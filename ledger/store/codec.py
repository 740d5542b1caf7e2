"""Between a fact and the bytes we keep; validated both ways.

The library's own mapper imports whatever class a stored row names. This one looks
the topic up in a closed dictionary, and reads nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from ledger.domain.events import Unreadable, parse_stored, payload_of
from ledger.errors import LogDamagedError

if TYPE_CHECKING:
    from ledger.domain.events import Event


class Placed(NamedTuple):
    """A fact and its place in its stream, in the library's words."""

    originator_id: str
    originator_version: int
    fact: Event


class FactMapper(Mapper[str]):
    """Maps facts to stored events and back."""

    def __init__(self) -> None:
        # A transcoder, a compressor and a cipher belong to the library's own form.
        super().__init__(transcoder=JSONTranscoder())

    def to_stored_event(self, domain_event: Placed) -> StoredEvent:  # type: ignore[override]
        """Return the row of a fact."""
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.fact.topic,
            state=payload_of(domain_event.fact),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Placed:
        """Return the fact of a row.

        :raises LogDamagedError: the row cannot have been written by this ledger.
        """
        stream = str(stored_event.originator_id)
        return Placed(
            stream,
            stored_event.originator_version,
            fact_of(stream, stored_event.topic, stored_event.state),
        )


def fact_of(stream: str, topic: str, payload: bytes) -> Event:
    """Read a stored payload, and check that its columns say the same.

    :raises LogDamagedError: they do not, or the payload is not a fact.
    """
    try:
        fact = parse_stored(topic, payload)
    except Unreadable as error:
        why = f"a fact of {stream} cannot be read ({error})"
        raise LogDamagedError(why) from None
    if fact.stream != stream:
        why = f"a fact of {fact.stream} stands in the stream {stream}"
        raise LogDamagedError(why)
    return fact
