"""Publications: decided against what was published before, and appended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import publication as publications
from ledger.domain.events import payload_of
from ledger.errors import (
    HeadMovedError,
    PublicationFaultyError,
    PublicationTakenError,
)
from ledger.store.people import four_eyes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.domain.events import Published
    from ledger.domain.publication import Last
    from ledger.store.sqlite import Appending

PREFIX = "publication/"


class Decided(NamedTuple):
    """What came of publishing."""

    name: str
    position: int
    """Where it stands, or would stand."""


def append(
    appending: Appending, facts: Iterable[Published], head: int
) -> list[Decided]:
    """Decide publications against what is recorded, and append them, all or none.

    The append is open, so nothing can come between the figures and their seal.

    :param head: the last position that whoever made them had read.
    :raises HeadMovedError: the log has grown since.
    :raises PublicationTakenError: there is one of that name.
    :raises PublicationFaultyError: one does not agree with itself, or with the log.
    """
    if appending.head != head:
        raise HeadMovedError(head, appending.head)
    printed, on = _printed(appending), four_eyes(appending)
    decided: list[Decided] = []
    for fact in facts:
        name = fact.publication
        taken = appending.positions(fact.stream)
        if taken:
            raise PublicationTakenError(name, taken[0])
        content = _content(payload_of(fact))
        wrong = [
            *publications.disagreements(content),
            *publications.stale(content, printed),
        ]
        if content.four_eyes not in (None, on):
            wrong.append("whether four eyes were on is not what it says")
        if content.basis.position > head:
            wrong.append("its basis is beyond the head")
        if content.name != name or publications.seal_of(content) != fact.seal:
            wrong.append("its seal is of another content")
        if wrong:
            raise PublicationFaultyError(name, wrong[0])
        stored = StoredEvent(fact.stream, 1, fact.topic, payload_of(fact))
        (position,) = appending.put([stored])
        printed |= publications.lasts(content)
        decided.append(Decided(name, position))
    return decided


def _content(payload: bytes) -> publications.Publication:
    return publications.from_json(json.loads(payload)["content"])


def _printed(appending: Appending) -> dict[tuple[str, int], Last]:
    """Return what was printed last of every figure."""
    printed: dict[tuple[str, int], Last] = {}
    for payload in appending.family(PREFIX):
        printed |= publications.lasts(_content(payload))
    return printed
