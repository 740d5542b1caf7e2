"""Merkle tree hashing, as in RFC 6962 section 2.1. Bytes in, hashes out.

RFC 9162 section 2.1.1 keeps the same hashes. The RFC defines the root from the top,
by splitting at powers of two; here it is built from below, pairing neighbours and
carrying an odd last hash up as it is, which gives the same tree.

>>> root([]).hex()[:8]
'e3b0c442'
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Distinct prefixes, or a node could be passed off as a leaf.
_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry: SHA-256(0x00 ‖ entry), RFC 6962 section 2.1."""
    return sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two children: SHA-256(0x01 ‖ left ‖ right), RFC 6962, 2.1."""
    return sha256(_NODE + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the row above ``hashes`` in the tree; an odd last hash rises unchanged."""
    # `node_hash`, written out: a bulk load comes here for every fact.
    pairs = zip(hashes[::2], hashes[1::2], strict=False)
    row = [sha256(_NODE + left + right).digest() for left, right in pairs]
    if len(hashes) % 2:
        row.append(hashes[-1])
    return row


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes in log order, RFC 6962 section 2.1.

    Of no leaves it is SHA-256 of nothing; of one, that leaf hash itself.
    The roots of neighbouring complete subtrees of one size may stand for their leaves.
    """
    if not leaves:
        return sha256().digest()
    row = leaves
    while len(row) > 1:
        row = parents(row)
    return row[0]
