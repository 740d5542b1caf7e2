"""Keys and checkpoints on record: which key signs, and what is covered by a checkpoint.

Signatures are checked here too: what is shown as signed was signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger import signatures
from ledger.domain import keys as rules
from ledger.domain.events import (
    Checkpointed,
    Distrusted,
    Keyed,
    Unreadable,
    parse_stored,
)
from ledger.domain.keys import CHECKPOINTS, STREAM, Distrust, Keys
from ledger.errors import FactDamagedError, NotSignedError
from ledger.tlog.checkpoint import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.domain.events import Event
    from ledger.domain.keys import Key
    from ledger.reader import Log, Row


class Listed(NamedTuple):
    """A key as it stands, and who put it on record."""

    key: Key
    state: str
    """``signs``, ``replaced`` or ``revoked``."""
    by: str
    recorded_at: str


class Checkpoint(NamedTuple):
    """A checkpoint on record, whose signature holds."""

    position: int
    recorded_at: str
    size: int
    root: str
    key: str
    """The id of the key that signed it."""
    trusted: bool
    """Whether that key is believed at that size, as the keys stand now."""
    note: str

    def as_json(self) -> dict[str, object]:
        """Return what an answer says of it."""
        named = ("position", "size", "root", "key", "trusted")
        return {name: getattr(self, name) for name in named}


def keys_of(log: Log) -> Keys:
    """Return the keys of a ledger as they stand.

    :raises FactDamagedError: what is kept is no key, or its signature does not hold.
    """
    return _folded(log)[0]


def listed(log: Log) -> list[Listed]:
    """Return all keys in the order of the log.

    :raises FactDamagedError: as :func:`keys_of`.
    """
    keys, rows = _folded(log)
    return [
        Listed(
            one,
            "revoked"
            if one.revoked
            else "signs"
            if one.id == keys.current
            else "replaced",
            *rows[one.id],
        )
        for one in keys.keys.values()
    ]


def checkpoints(log: Log) -> list[Checkpoint]:
    """Return all checkpoints in the order of the log.

    :raises FactDamagedError: what is kept is none, or its signature does not hold.
    """
    rows = log.stream(CHECKPOINTS, log.head)
    if not rows:  # Most ledgers have none, and are asked this often.
        return []
    keys = keys_of(log)
    found = []
    for row in rows:
        fact = _fact(row)
        if not isinstance(fact, Checkpointed):
            continue
        try:
            said = signatures.issued(fact.note, keys)
        except NotSignedError as error:
            raise FactDamagedError(row.position, str(error)) from None
        size, signed_by = said.issued.size, said.issued.signed_by
        trusted = rules.trusted(keys, signed_by, size)
        found.append(
            Checkpoint(
                row.position,
                row.recorded_at,
                size,
                said.root,
                min(signed_by),
                trusted,
                fact.note,
            )
        )
    return found


def covering(log: Log, position: int) -> Checkpoint | None:
    """Return the first checkpoint that covers a position and is believed."""
    found = (one for one in checkpoints(log) if one.size >= position and one.trusted)
    return next(found, None)


def _folded(log: Log) -> tuple[Keys, Mapping[str, tuple[str, str]]]:
    keys = Keys(origin_of(log.identity.ledger_id))
    rows: dict[str, tuple[str, str]] = {}
    for row in log.stream(STREAM, log.head):
        fact = _fact(row)
        if isinstance(fact, Distrusted):
            keys = rules.with_distrust(keys, Distrust(fact.key, fact.trusted_to))
        elif isinstance(fact, Keyed):
            try:
                said = signatures.announced(fact.note, keys)
            except NotSignedError as error:
                raise FactDamagedError(row.position, str(error)) from None
            keys = rules.with_key(keys, said, row.position)
            rows[said.key] = fact.by, row.recorded_at
    return keys, rows


def _fact(row: Row) -> Event:
    try:
        return parse_stored(row.topic, row.payload)
    except Unreadable as error:
        raise FactDamagedError(row.position, str(error)) from None
