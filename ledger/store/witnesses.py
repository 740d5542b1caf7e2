"""Policies of witnesses and their cosignatures: decided, and appended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger import cosignatures
from ledger.domain import witnesses as rules
from ledger.domain.events import Checkpointed, Cosigned, Entrusted, payload_of
from ledger.domain.keys import CHECKPOINTS
from ledger.domain.witnesses import STREAM, Witnessed
from ledger.errors import LedgerError, LogDamagedError, UnknownWitnessError
from ledger.store import keys
from ledger.store.codec import fact_of
from ledger.tlog import checkpoint, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ledger.domain.witnesses import Cosignature, Policy, Witness
    from ledger.store.sqlite import Appending


class Decided(NamedTuple):
    """What came of a policy."""

    position: int
    """Where it stands, or would stand."""
    already: bool
    policy: Policy


class Heard(NamedTuple):
    """What came of a cosignature."""

    position: int
    """Where it stands, or would stand."""
    already: bool
    said: Cosignature


class _Recorded(NamedTuple):
    witnessed: Witnessed
    texts: dict[int, str]
    """Of the checkpoints on record, by size: what is signed."""
    last: int
    """Where the last policy stands; 0 if there is none."""
    positions: dict[tuple[int, str], int]
    """Where cosignatures stand, by size and public key."""


def put_policy(appending: Appending, fact: Entrusted) -> Decided:
    """Decide a policy and append it; the one that holds already adds nothing.

    :raises PolicyError: nobody could keep it.
    """
    held = _recorded(appending)
    said = cosignatures.policy(fact.required, fact.witnesses)
    if said == held.witnessed.policy and held.last:
        return Decided(held.last, already=True, policy=said)
    rules.refuse_policy(said, cosignatures.publics(keys.recorded(appending)))
    return Decided(_put(appending, fact), already=False, policy=said)


def put_cosigned(
    appending: Appending, lines: Iterable[str], made: Callable[[int, str], Cosigned]
) -> list[Heard]:
    """Decide cosignatures and append them, all or none; those on record add nothing.

    :param lines: without line feeds; each is of one of the checkpoints on record.
    :param made: returns the fact of a size and a line.
    :raises UnknownWitnessError: one is by no witness of the policy, or of nothing.
    :raises FutureError: one is of a time to come.
    :raises NotSignedError: it is no line of a signature.
    """
    held = _recorded(appending)
    now = int(appending.moment.timestamp())
    witnessed, heard = held.witnessed, []
    for line in lines:
        said = _found(line, held)
        if rules.has(witnessed, said):
            place = held.positions[said.size, said.public]
            heard.append(Heard(place, already=True, said=said))
            continue
        rules.refuse(witnessed, said, now)
        position = _put(appending, made(said.size, line))
        witnessed = rules.evolve(witnessed, said)
        held.positions[said.size, said.public] = position
        heard.append(Heard(position, already=False, said=said))
    return heard


def _found(line: str, held: _Recorded) -> Cosignature:
    policy = held.witnessed.policy
    for size in sorted(held.texts, reverse=True):
        said = cosignatures.signed(line, size, held.texts[size], policy)
        if said is not None:
            return said
    raise UnknownWitnessError(note.parse_signature(line).name)


def _recorded(appending: Appending) -> _Recorded:
    witnessed, last = Witnessed(), 0
    policies = zip(appending.positions(STREAM), appending.stream(STREAM), strict=True)
    every: list[Witness] = []
    for position, (topic, payload, _) in policies:
        fact = fact_of(STREAM, topic, payload)
        assert isinstance(fact, Entrusted)
        said = cosignatures.policy(fact.required, fact.witnesses)
        witnessed, last = rules.with_policy(witnessed, said), position
        every += said.witnesses
    texts: dict[int, str] = {}
    positions: dict[tuple[int, str], int] = {}
    known = rules.Policy(0, tuple(dict.fromkeys(every)))
    for position, (topic, payload, _) in zip(
        appending.positions(CHECKPOINTS), appending.stream(CHECKPOINTS), strict=True
    ):
        fact = fact_of(CHECKPOINTS, topic, payload)
        if isinstance(fact, Checkpointed):
            one = checkpoint.parse(fact.note.encode())
            texts[one.head.size] = one.note.text
        elif isinstance(fact, Cosigned):
            found = _again(position, fact, texts, known)
            witnessed = rules.evolve(witnessed, found)
            positions[found.size, found.public] = position
    return _Recorded(witnessed, texts, last, positions)


def _again(
    position: int, fact: Cosigned, texts: dict[int, str], known: Policy
) -> Cosignature:
    try:
        text = texts.get(fact.size, "")
        found = cosignatures.signed(fact.line, fact.size, text, known)
    except LedgerError:
        found = None
    if found is None:
        why = f"the cosignature at @{position} is of no checkpoint and no witness"
        raise LogDamagedError(why)
    return found


def _put(appending: Appending, fact: Entrusted | Cosigned) -> int:
    version = len(appending.positions(fact.stream)) + 1
    stored = StoredEvent(fact.stream, version, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return position
