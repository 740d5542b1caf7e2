"""Publications: decided against what was published before, and appended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.domain import publication as publications
from ledger.domain import restatement as restatements
from ledger.domain.events import Marked, Retracted, parse_stored, payload_of
from ledger.errors import (
    HeadMovedError,
    PublicationFaultyError,
    PublicationTakenError,
)
from ledger.members import miscommitted
from ledger.store.codec import fact_of
from ledger.store.people import four_eyes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.domain.events import Published, Summarized
    from ledger.domain.keys import Covered
    from ledger.domain.publication import Last
    from ledger.domain.restatement import Printing
    from ledger.store.sqlite import Appending

PREFIX = "publication/"


class Decided(NamedTuple):
    """What came of publishing."""

    name: str
    position: int
    """Where it stands, or would stand."""
    content: publications.Publication
    """As it is sealed."""
    checkpoint: Covered | None = None
    """The checkpoint that covers it, where one was issued with it."""


class Heard(NamedTuple):
    """What came of saying something of a publication."""

    position: int
    """Where it stands, or would stand."""
    already: bool


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
    printed, before = _recorded(appending)
    on = four_eyes(appending)
    decided: list[Decided] = []
    for fact in facts:
        name = fact.publication
        taken = appending.positions(fact.stream)
        if taken:
            raise PublicationTakenError(name, taken[0])
        content = _content(payload_of(fact))
        wrong = [
            *publications.disagreements(content),
            *miscommitted(content, fact.members_secret),
            *publications.stale(content, printed),
            *restatements.misplaced(content, before),
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
        before |= restatements.published(before, content, fact.seal)
        decided.append(Decided(name, position, content))
    return decided


def summarize(appending: Appending, fact: Summarized) -> int:
    """Append what a publication prints that was recorded in the same append.

    :returns: where it stands.
    """
    stored = StoredEvent(fact.stream, 1, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return position


def say(appending: Appending, fact: Marked | Retracted) -> Heard:
    """Decide what is said of a publication, and append it.

    The floor that holds already, said by the same person, adds nothing.

    :raises LedgerError: a rule of ``ledger.domain.restatement``.
    """
    before = _recorded(appending)[1]
    restatements.refuse(before, fact)
    rows = appending.stream(fact.stream)
    positions = appending.positions(fact.stream)
    aside = {"run_by"}  # Who ran the command says nothing about what is said.
    for position, (topic, payload, _) in reversed(
        list(zip(positions, rows, strict=True))
    ):
        old = fact_of(fact.stream, topic, payload)
        if (
            isinstance(old, Marked)
            and isinstance(fact, Marked)
            and (old.measure, old.fiscal_year) == (fact.measure, fact.fiscal_year)
        ):
            if old.model_dump(exclude=aside) == fact.model_dump(exclude=aside):
                return Heard(position, already=True)
            break
    if isinstance(fact, Marked):
        restatements.refuse_floor(before, fact)
    version = len(rows) + 1
    stored = StoredEvent(fact.stream, version, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return Heard(position, already=False)


def _content(payload: bytes) -> publications.Publication:
    return publications.from_json(json.loads(payload)["content"])


def _recorded(
    appending: Appending,
) -> tuple[dict[tuple[str, int], Last], dict[str, Printing]]:
    """Return what was printed last of every figure, and every publication."""
    printed: dict[tuple[str, int], Last] = {}
    before: dict[str, Printing] = {}
    for payload in appending.family(PREFIX):
        said = json.loads(payload)
        if said["event"] == "published":
            content = publications.from_json(said["content"])
            printed |= publications.lasts(content)
            before |= restatements.published(before, content, said["seal"])
        elif said["event"] == "retracted":
            fact = parse_stored(Retracted.topic, payload)
            assert isinstance(fact, Retracted)
            before |= restatements.said(before, fact)
    return printed, before
