"""Inclusion and consistency proofs, RFC 6962 sections 2.1.1 and 2.1.2.

They are made from the kept hashes and checked with none: whoever has a root can check a
proof without the log. The checks are the algorithms of RFC 9162 sections 2.1.3.2 and
2.1.4.2, which use every hash of the proof, and refuse one too many or too few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.tlog.merkle import node_hash, root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.tlog.tiles import ReadHashes

_ROWS = 8
"""Kept levels are eight rows of the binary tree apart (``ledger.tlog.tiles``)."""


def inclusion(index: int, size: int, read: ReadHashes) -> list[bytes]:
    """Return the proof that a leaf is in a tree: from its sibling up to the root.

    :param index: of the leaf, from 0.
    :param size: of the tree, in leaves.
    :param read: the kept hashes, as for :func:`ledger.tlog.tiles.root_at`.
    :raises ValueError: there is no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        message = f"a tree of {size} leaves has no leaf {index}"
        raise ValueError(message)
    start, stop, path = 0, size, []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_subtree(middle, stop, read))
            stop = middle
        else:
            path.append(_subtree(start, middle, read))
            start = middle
    return path[::-1]


def consistency(old: int, size: int, read: ReadHashes) -> list[bytes]:
    """Return the proof that a tree of ``size`` leaves begins with its first ``old``.

    Of no leaves, and of the same tree, it is empty.

    :raises ValueError: the old tree is larger.
    """
    if not 0 <= old <= size:
        message = f"a tree of {size} leaves does not begin with {old}"
        raise ValueError(message)
    if old in {0, size}:
        return []
    start, stop, path, whole = 0, size, [], True
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(_subtree(middle, stop, read))
            stop = middle
        else:
            path.append(_subtree(start, middle, read))
            start, whole = middle, False
    if not whole:  # Else the verifier has it: it is the old root.
        path.append(_subtree(start, stop, read))
    return path[::-1]


def includes(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], head: bytes
) -> bool:
    """Whether a proof shows that a leaf hash is at an index of the tree of this root.

    RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at % 2 or at == last:
            found = node_hash(sibling, found)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == head


def extends(
    old: int, old_head: bytes, size: int, head: bytes, path: Sequence[bytes]
) -> bool:
    """Whether a proof shows that the tree of one root begins with that of another.

    RFC 9162 section 2.1.4.2; every tree begins with the empty one.
    """
    if old in {0, size}:
        known = root([]) if old == 0 else head
        return old_head == known and not path and (size > 0 or head == root([]))
    if not 0 < old < size or not path:
        return False
    if old & (old - 1) == 0:
        path = [old_head, *path]
    at, last = old - 1, size - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    found_old = found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            found_old, found = node_hash(sibling, found_old), node_hash(sibling, found)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found_old == old_head and found == head


def _split(size: int) -> int:
    """Return the largest power of two below a size above 1."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(start: int, stop: int, read: ReadHashes) -> bytes:
    """Return the root over leaves [start, stop), as RFC 6962 splits a tree."""
    size = stop - start
    if size & (size - 1):
        middle = start + _split(size)
        return node_hash(_subtree(start, middle, read), _subtree(middle, stop, read))
    level, rows = divmod(size.bit_length() - 1, _ROWS)
    first, width = start >> level * _ROWS, 1 << rows
    hashes = read(level, first, first + width)
    if len(hashes) != width:
        message = (
            f"level {level} has {len(hashes)} hashes at [{first}, {first + width})"
        )
        raise ValueError(message)
    return root(hashes)
