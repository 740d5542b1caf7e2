"""Leaves, tiles and root recomputed from the bytes, and nothing else: the cheap check.

It says whether a file holds the log that a root was printed of. It does not say
whether the facts in it keep the rules, nor whether the read model is theirs; `fsck`
does, and takes some ten times as long. From a certain size on half is hashed by a
second process. Memory does not grow with the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.companion import Companion, cores
from ledger.reader import open_log
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash, root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.companion import Receive, Send
    from ledger.reader import Log

WIDTH = 256
TWO_FROM = 200_000
"""From how many facts on a second process is worth its start."""

LISTED = 100


class Wrong(NamedTuple):
    """One thing that is not as it was written; ``position`` None: not at one fact."""

    position: int | None
    check: str
    why: str


class Leaves(NamedTuple):
    """How far the log goes, its recomputed root, and the first hundred things wrong."""

    head: int
    root: str
    wrong: tuple[Wrong, ...]

    @property
    def first_bad(self) -> int | None:
        """The first position at which something is wrong, if it is at one."""
        places = [one.position for one in self.wrong if one.position is not None]
        return min(places, default=None)


class Hashed(NamedTuple):
    """A part of the log: roots of its runs of 256 leaves, and the leaves left over."""

    runs: list[bytes]
    rest: list[bytes]
    wrong: list[Wrong]


def check(path: str, on_progress: Callable[[int], None]) -> Leaves:
    """Hash every fact of a ledger, and compare with what is kept.

    :param on_progress: told how many facts are hashed, now and then.
    :raises LedgerError: the file cannot be read, is no ledger, or does not end where it
        says that it ends.
    """
    with open_log(path) as log:
        head = log.head
        second, half = None, head
        if head >= TWO_FROM and cores() > 1:
            half = head // 2 // WIDTH * WIDTH
            second = _started(path, half, head)
        try:
            first = _hashed(log, 0, half, on_progress)
            told = None if second is None else second.receive()
            if told is None:  # It could not be had, or came to nothing.
                told = _hashed(log, half, head, on_progress)
        finally:
            if second is not None:
                second.end()
        wrong = [*first.wrong, *told.wrong]
        runs, rest = [*first.runs, *told.runs], told.rest or first.rest
        wrong += _tiles(log, runs)
        return Leaves(head, _root(runs, rest).hex(), tuple(wrong[:LISTED]))


def _started(path: str, after: int, upto: int) -> Companion | None:
    try:
        second = Companion(__name__, "hash_part")
    except OSError:
        return None
    second.send((path, after, upto))
    return second


def hash_part(receive: Receive, send: Send) -> None:
    """Be the second process: hash the part of a log that a message names."""
    path, after, upto = receive()
    with open_log(path) as log:
        send(_hashed(log, after, upto, lambda _: None))


def _hashed(
    log: Log, after: int, upto: int, on_progress: Callable[[int], None]
) -> Hashed:
    """Hash the facts after a position that is a multiple of 256, up to another."""
    found = Hashed([], [], [])
    leaves: list[bytes] = []
    expected = after
    for position, stream, version, topic, recorded_at, payload, kept in log.hashed(
        after, upto
    ):
        expected += 1
        if position != expected:
            why = f"position {expected} is missing; {position} follows"
            _note(found, Wrong(expected, "position", why))
            expected = position
        leaf = _leaf(position, stream, version, topic, recorded_at, payload)
        if leaf != kept:
            why = "its bytes do not give the leaf hash kept with them"
            _note(found, Wrong(position, "leaf", why))
        leaves.append(leaf)
        if len(leaves) == WIDTH:
            found.runs.append(root(leaves))
            leaves.clear()
            on_progress(position)
    found.rest.extend(leaves)
    return found


def _leaf(  # noqa: PLR0913, PLR0917 - the parts of a fact
    position: int,
    stream: object,
    version: object,
    topic: object,
    recorded_at: object,
    payload: object,
) -> bytes:
    """Hash a fact as it is found; of what cannot be one there is no hash."""
    match stream, version, topic, recorded_at, payload:
        case str(), int(), str(), str(), bytes():
            try:
                return leaf_hash(
                    entry(position, stream, version, topic, recorded_at, payload)
                )
            except ValueError:  # A line break in a header, or no Unicode.
                return b""
        case _:
            return b""


def _note(found: Hashed, wrong: Wrong) -> None:
    if len(found.wrong) < LISTED:
        found.wrong.append(wrong)


def _tiles(log: Log, runs: list[bytes]) -> Iterator[Wrong]:
    """Compare the tiles that are kept with those that the leaves give."""
    level, hashes = 1, runs
    while hashes:
        kept = log.tiles(level)
        for place, computed in enumerate(hashes):
            if kept.pop(place, None) != computed:
                why = f"tile entry {level}/{place} is not what its leaves give"
                yield Wrong((place + 1) * WIDTH**level, "tiles", why)
        for extra in sorted(kept):
            why = f"tile entry {level}/{extra} has no leaves"
            yield Wrong(None, "tiles", why)
        whole = len(hashes) // WIDTH
        hashes = [root(hashes[i * WIDTH : (i + 1) * WIDTH]) for i in range(whole)]
        level += 1
    for extra in log.tile_levels:
        if not 0 < extra < level:
            yield Wrong(None, "tiles", f"tile entries of level {extra} have no leaves")


def _root(runs: list[bytes], rest: list[bytes]) -> bytes:
    # Roots of complete subtrees of one size stand for their leaves; what is left over
    # is the subtree after the last of them.
    return root([*runs, root(rest)] if rest else runs)
