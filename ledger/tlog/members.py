"""Who is in a printed figure, committed to so that each can be shown alone.

What a figure counts are the leaves of a small Merkle tree (RFC 6962 hashing), each with
a salt of its own, so that nobody can try out who else is in it. The tree's root, the
members root, is sealed with the figure; salt and path of one member show that it
counts, and of the others no more than how many there are (docs/proofs.md).
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from ledger.tlog import merkle, proof

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.tlog.tiles import ReadHashes

SECRET_BYTES = 32
_SALT_BYTES = 32


class Member(NamedTuple):
    """What shows that something is counted."""

    id: str
    """As it is counted: an SCR, `SCR OUTCOME`, an organization or a case number."""
    salt: bytes
    leaf_index: int
    """Its place among the leaves, which are in the order of their hashes."""
    path: tuple[bytes, ...]


def salt(secret: bytes, measure: str, fiscal_year: int, unit: str) -> bytes:
    """Return the salt of one member.

    Neither measure nor year can hold a bar, so no two members share one. Who has a salt
    learns nothing of the secret, and of no other salt.
    """
    named = f"{measure}|{fiscal_year}|{unit}"
    return hmac.digest(secret, named.encode(), sha256)


def seal_salt(secret: bytes) -> bytes:
    """Return the salt of a whole publication, which no member's can be."""
    return hmac.digest(secret, b"seal", sha256)


def leaf(salted: bytes, unit: str) -> bytes:
    """Return the leaf of a member: SHA-256 of 0x00, its salt and its id."""
    return merkle.leaf_hash(salted + unit.encode())


def members_root(
    secret: bytes, measure: str, fiscal_year: int, units: Iterable[str]
) -> bytes:
    """Return the root over all members of a figure."""
    leaves = (leaf(salt(secret, measure, fiscal_year, unit), unit) for unit in units)
    return merkle.root(sorted(leaves))


def member(
    secret: bytes, measure: str, fiscal_year: int, units: Sequence[str], unit: str
) -> Member:
    """Return what shows that one of the units of a figure is counted.

    :raises ValueError: it is none of them.
    """
    own = salt(secret, measure, fiscal_year, unit)
    leaves = sorted(leaf(salt(secret, measure, fiscal_year, one), one) for one in units)
    index = leaves.index(leaf(own, unit))
    path = proof.inclusion(index, len(leaves), _reading(leaves))
    return Member(unit, own, index, tuple(path))


def counts(one: Member, value: int, root: bytes) -> bool:
    """Whether something is shown to be one of so many members under a root."""
    if len(one.salt) != _SALT_BYTES:  # Else salt and id could be parted elsewhere.
        return False
    return proof.includes(leaf(one.salt, one.id), one.leaf_index, value, one.path, root)


def _reading(leaves: Sequence[bytes]) -> ReadHashes:
    """Return what reads the kept hashes: of a figure only the leaves are at hand."""

    def read(level: int, start: int, stop: int) -> Sequence[bytes]:
        width = 1 << 8 * level
        return [
            merkle.root(leaves[at * width : (at + 1) * width])
            for at in range(start, stop)
        ]

    return read
