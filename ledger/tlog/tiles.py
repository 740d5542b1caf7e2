"""Roots of complete subtrees, kept so that a root is found without all the leaves.

Level 0 is the leaf hashes, held elsewhere. Above it, the entry at (level, place) is the
root over the leaves [place * 256**level, (place + 1) * 256**level). It is written once,
when its last leaf arrives, and never changes, because the log only grows.

The rows between (2, 4, … 128 leaves) are not kept: at most 255 hashes of the level
below give them back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ledger.tlog import merkle

# 256 hashes of one level make one of the next: eight rows of the binary tree.
_ROWS = 8
_WIDTH = 1 << _ROWS

ReadHashes = Callable[[int, int, int], Sequence[bytes]]
"""Given (level, start, stop), return the hashes at [start, stop), every one of them."""


class TileEntry(NamedTuple):
    """The root of one complete subtree of 256**level leaves; place counts from 0."""

    level: int
    place: int
    hash: bytes


def completed(size: int, leaves: Sequence[bytes], read: ReadHashes) -> list[TileEntry]:
    """Return the entries that appending ``leaves`` to ``size`` leaves completes.

    ``leaves`` are leaf hashes. Entries come level by level from 1, in order of place;
    those below ``size`` must be readable, those returned are not read back.
    ``read`` is called at most once per level, for at most 255 hashes.
    """
    entries: list[TileEntry] = []
    fresh, level = leaves, 0
    while size % _WIDTH + len(fresh) >= _WIDTH:
        place = size // _WIDTH
        hashes = [*_unfinished(level, size, read), *fresh]
        fresh = hashes[: len(hashes) - len(hashes) % _WIDTH]
        for _ in range(_ROWS):
            fresh = merkle.parents(fresh)
        size, level = place, level + 1
        entries += [
            TileEntry(level, at, entry) for at, entry in enumerate(fresh, place)
        ]
    return entries


def root_at(size: int, read: ReadHashes) -> bytes:
    """Return the root over the first ``size`` leaves, RFC 6962 section 2.1.

    ``read`` is called at most once per level, for at most 255 hashes.
    """
    # The root of the one subtree still growing, if any, is the last hash of each level.
    growing: list[bytes] = []
    level = 0
    while size:
        hashes = [*_unfinished(level, size, read), *growing]
        growing = [merkle.root(hashes)] if hashes else []
        size, level = size // _WIDTH, level + 1
    return merkle.root(growing)


def _unfinished(level: int, count: int, read: ReadHashes) -> Sequence[bytes]:
    """Return the hashes of a level of ``count`` that no entry above covers yet."""
    start = count - count % _WIDTH
    if start == count:
        return ()
    hashes = read(level, start, count)
    if len(hashes) != count - start:
        # A gap would give a root, and a wrong one.
        message = f"level {level} has {len(hashes)} hashes at [{start}, {count})"
        raise ValueError(message)
    if not all(isinstance(one, bytes) for one in hashes):  # Read from a damaged page.
        message = f"level {level} has something else than hashes at [{start}, {count})"
        raise ValueError(message)
    return hashes
