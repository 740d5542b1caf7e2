"""Keys: which key signs for the ledger, and up to which size a key is believed.

The rules are those of docs/checkpoints.md; they decide before a fact is appended, and
judge it when it is verified. Whether a signature holds is found out elsewhere: here a
key has signed something, or has not.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import (
    BeyondHeadError,
    CheckpointOrderError,
    KeyHeldError,
    KeyTakenError,
    NoKeyError,
    NoSuchKeyError,
    NotSignedError,
    TrustedLessError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAM = "keys"
CHECKPOINTS = "checkpoints"


class Announced(NamedTuple):
    """A new key, as its note has it."""

    key: str
    """Its id, in hex."""
    vkey: str
    origin: str
    position: int
    """Where the note says the log ended before it."""
    root: str
    """And its root there, in hex."""
    signed_by: frozenset[str]
    """The ids of the keys on record, and of itself, that signed the note."""


class Distrust(NamedTuple):
    """That a key is believed no further than this."""

    key: str
    trusted_to: int
    """The largest size at which a checkpoint of it is believed."""


class Issued(NamedTuple):
    """A checkpoint, as its note has it."""

    origin: str
    size: int
    signed_by: frozenset[str]


class Key(NamedTuple):
    """One key as the facts have it."""

    id: str
    vkey: str
    since: int
    """Where it stands on record: the smallest size at which it is believed."""
    replaces: str | None = None
    """The key that vouched for it, by a rotation."""
    trusted_to: int | None = None
    """The largest size at which it is believed; None: any."""
    revoked: bool = False
    """Whether trust in it was taken back, not only handed on to another key."""

    def trusted(self, size: int) -> bool:
        """Whether a checkpoint of a size is believed that it has signed."""
        return self.since <= size and (
            self.trusted_to is None or size <= self.trusted_to
        )


class Keys(NamedTuple):
    """The keys of a ledger, by id, in the order of the log."""

    origin: str = ""
    keys: Mapping[str, Key] = MappingProxyType({})
    current: str | None = None
    """The id of the key that signs now."""
    size: int = 0
    """Of the last checkpoint on record."""

    @property
    def signing(self) -> Key | None:
        """The key that signs now."""
        return None if self.current is None else self.keys[self.current]

    def find(self, key: str) -> Key:
        """Return the key of an id.

        :raises NoSuchKeyError: there is none.
        """
        if key not in self.keys:
            raise NoSuchKeyError(key)
        return self.keys[key]


class Decided(NamedTuple):
    """What came of putting a key on record, or of taking the trust in one back."""

    position: int
    """Where it stands, or would stand."""
    keys: Keys
    """As they stand after it."""


class Covered(NamedTuple):
    """The checkpoint that covers the log."""

    note: str
    size: int
    position: int
    """Where it stands, or would stand."""
    already: bool
    """Whether it was on record, and nothing but checkpoints has come since."""


class Admitted(NamedTuple):
    """That something seen is gone on purpose."""

    position: int
    """Where that stands, or would stand."""
    seen_position: int
    seen_root: str
    seen_ledger: str | None
    already: bool


def refuse_key(keys: Keys, said: Announced, head: int) -> None:
    """Refuse a new key that may not be put on record.

    Where a key signs already, a new one takes its place and is signed by both. After a
    revocation nobody is left who could vouch for the next: it stands for itself, as the
    first did.

    :param head: the last position before it.
    :raises LedgerError: the rule it breaks.
    """
    if said.origin != keys.origin:
        why = f"it is of the log {said.origin}, not of {keys.origin}"
        raise NotSignedError(why)
    if said.key in keys.keys:
        raise KeyTakenError(said.key)
    if said.position != head:
        why = f"it says that the log ended at @{said.position}, not at @{head}"
        raise NotSignedError(why)
    if said.key not in said.signed_by:
        why = "the new key did not sign it"
        raise NotSignedError(why)
    if keys.current is not None and keys.current not in said.signed_by:
        raise KeyHeldError(keys.current)
    if not said.signed_by <= {said.key, keys.current}:
        why = "it is signed by a key that does not sign any more"
        raise NotSignedError(why)


def with_key(keys: Keys, said: Announced, position: int) -> Keys:
    """Return the keys after a new one; it never argues.

    :param position: where the fact stands.
    """
    after = dict(keys.keys)
    if (held := keys.signing) is not None:
        # What the log holds from here on, the old key has never seen.
        after[held.id] = held._replace(trusted_to=position - 1)
    after[said.key] = Key(said.key, said.vkey, position, keys.current)
    return keys._replace(keys=MappingProxyType(after), current=said.key)


def refuse_distrust(keys: Keys, said: Distrust, head: int) -> None:
    """Refuse a revocation that takes no trust away.

    :param head: the last position before it.
    :raises LedgerError: the rule it breaks.
    """
    held = keys.find(said.key)
    if said.trusted_to > head:
        raise BeyondHeadError(said.trusted_to, head)
    if held.trusted_to is not None and said.trusted_to >= held.trusted_to:
        raise TrustedLessError(held.id, held.trusted_to)


def with_distrust(keys: Keys, said: Distrust) -> Keys:
    """Return the keys after a revocation; it never argues.

    Whom the key vouched for beyond that size was vouched for by nobody.
    """
    held = keys.keys.get(said.key)
    if held is None:
        return keys
    after = dict(keys.keys)
    after[held.id] = held._replace(trusted_to=said.trusted_to, revoked=True)
    fallen = {held.id}
    for one in keys.keys.values():
        of = one.replaces
        # The note of a rotation says how the log stood right before it.
        if of in fallen and (of != held.id or one.since - 1 > said.trusted_to):
            fallen.add(one.id)
            after[one.id] = one._replace(trusted_to=0, revoked=True)
    current = None if keys.current in fallen else keys.current
    return keys._replace(keys=MappingProxyType(after), current=current)


def refuse_checkpoint(keys: Keys, said: Issued, head: int) -> None:
    """Refuse a checkpoint that may not be put on record.

    :param head: the last position before it.
    :raises LedgerError: the rule it breaks.
    """
    held = keys.signing
    if held is None:
        raise NoKeyError
    if said.origin != keys.origin:
        why = f"it is of the log {said.origin}, not of {keys.origin}"
        raise NotSignedError(why)
    if said.signed_by != {held.id}:
        why = f"it is not signed by {held.id}, the key that signs"
        raise NotSignedError(why)
    if said.size > head:
        raise BeyondHeadError(said.size, head)
    if not held.trusted(said.size) or said.size <= keys.size:
        raise CheckpointOrderError(said.size, max(held.since - 1, keys.size))


def with_checkpoint(keys: Keys, said: Issued) -> Keys:
    """Return the keys after a checkpoint; it never argues."""
    return keys._replace(size=max(keys.size, said.size))


def trusted(keys: Keys, signed_by: frozenset[str], size: int) -> bool:
    """Whether a checkpoint of a size is believed, as the keys stand now."""
    found = [keys.keys[one] for one in signed_by if one in keys.keys]
    return any(one.trusted(size) for one in found)
