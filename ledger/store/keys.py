"""Keys and checkpoints: decided against what is recorded, and appended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from eventsourcing.persistence import StoredEvent

from ledger import signatures
from ledger.domain import keys as rules
from ledger.domain.events import (
    LEDGER_STREAM,
    Checkpointed,
    Distrusted,
    Keyed,
    Restored,
    payload_of,
)
from ledger.domain.keys import (
    CHECKPOINTS,
    STREAM,
    Admitted,
    Covered,
    Decided,
    Distrust,
    Keys,
)
from ledger.errors import LogDamagedError, NotSignedError
from ledger.store.codec import fact_of
from ledger.tlog.checkpoint import origin_of

if TYPE_CHECKING:
    from ledger.store.sqlite import Appending


def recorded(appending: Appending) -> Keys:
    """Return the keys as the log has them while an append is open.

    :raises LogDamagedError: what is on record are no keys.
    """
    keys = Keys(origin_of(ledger_id(appending)))
    # Most ledgers have no key, and are asked this at every publication.
    positions = appending.positions(STREAM)
    for position, (topic, payload, _) in zip(
        positions, appending.stream(STREAM) if positions else (), strict=True
    ):
        fact = fact_of(STREAM, topic, payload)
        if isinstance(fact, Distrusted):
            keys = rules.with_distrust(keys, Distrust(fact.key, fact.trusted_to))
            continue
        assert isinstance(fact, Keyed)
        try:
            said = signatures.announced(fact.note, keys)
        except NotSignedError as error:
            why = f"the key at @{position} does not hold: {error}"
            raise LogDamagedError(why) from None
        keys = rules.with_key(keys, said, position)
    if (last := _last(appending, keys)) is not None:
        keys = keys._replace(size=last.size)
    return keys


def ledger_id(appending: Appending) -> str:
    """Return the id of the ledger that is appended to.

    :raises LogDamagedError: position 1 does not hold it.
    """
    try:
        found = json.loads(appending.at(1) or b"")["ledger_id"]
    except (ValueError, TypeError, KeyError):
        found = None
    if not isinstance(found, str):
        why = "position 1 does not hold the ledger's identity"
        raise LogDamagedError(why)
    return found


def _last(appending: Appending, keys: Keys) -> Covered | None:
    """Return the last checkpoint on record."""
    found = zip(
        appending.positions(CHECKPOINTS), appending.stream(CHECKPOINTS), strict=True
    )
    for position, (topic, payload, _) in reversed(list(found)):
        fact = fact_of(CHECKPOINTS, topic, payload)
        if isinstance(fact, Checkpointed):
            size = signatures.issued(fact.note, keys).issued.size
            return Covered(fact.note, size, position, already=True)
    return None


def put_key(appending: Appending, fact: Keyed) -> Decided:
    """Decide a new key against those on record, and append it.

    :raises LedgerError: a rule of ``ledger.domain.keys``; its note does not hold.
    """
    keys = recorded(appending)
    head = appending.head
    said = signatures.announced(fact.note, keys)
    rules.refuse_key(keys, said, head)
    if said.root != appending.root(head):
        why = f"@{head} has another root than it says"
        raise NotSignedError(why)
    position = _put(appending, fact)
    return Decided(position, rules.with_key(keys, said, position))


def distrust(appending: Appending, fact: Distrusted) -> Decided:
    """Decide a revocation against the keys on record, and append it.

    :raises LedgerError: a rule of ``ledger.domain.keys``.
    """
    keys = recorded(appending)
    said = Distrust(fact.key, fact.trusted_to)
    rules.refuse_distrust(keys, said, appending.head)
    position = _put(appending, fact)
    return Decided(position, rules.with_distrust(keys, said))


def covering(appending: Appending, keys: Keys) -> Covered | None:
    """Return the checkpoint that covers all but checkpoints, if it is believed.

    A log of which nothing but checkpoints is new has nothing new to cover.
    """
    last = _last(appending, keys)
    if last is None:
        return None
    said = signatures.issued(last.note, keys).issued
    since = sum(one > last.size for one in appending.positions(CHECKPOINTS))
    if since != appending.head - last.size or not rules.trusted(
        keys, said.signed_by, said.size
    ):
        return None
    return last


def put_checkpoint(appending: Appending, fact: Checkpointed) -> Covered:
    """Decide a checkpoint against what is recorded, and append it.

    :raises LedgerError: a rule of ``ledger.domain.keys``; it does not hold.
    """
    keys = recorded(appending)
    said = signatures.issued(fact.note, keys)
    size = said.issued.size
    rules.refuse_checkpoint(keys, said.issued, appending.head)
    if said.root != appending.root(size):
        why = f"@{size} has another root than it says"
        raise NotSignedError(why)
    return Covered(fact.note, size, _put(appending, fact), already=False)


def admit(appending: Appending, fact: Restored) -> Admitted:
    """Append a deliberate restore; one that admits the same adds nothing."""
    rows = appending.stream(LEDGER_STREAM)
    positions = appending.positions(LEDGER_STREAM)
    gone = (fact.seen_position, fact.seen_root, fact.seen_ledger)
    for position, (topic, payload, _) in zip(positions, rows, strict=True):
        if topic != Restored.topic:
            continue
        held = fact_of(LEDGER_STREAM, topic, payload)
        assert isinstance(held, Restored)
        if (held.seen_position, held.seen_root, held.seen_ledger) == gone:
            return Admitted(position, *gone, already=True)
    return Admitted(_put(appending, fact), *gone, already=False)


def _put(
    appending: Appending, fact: Keyed | Distrusted | Checkpointed | Restored
) -> int:
    version = len(appending.positions(fact.stream)) + 1
    stored = StoredEvent(fact.stream, version, fact.topic, payload_of(fact))
    (position,) = appending.put([stored])
    return position
