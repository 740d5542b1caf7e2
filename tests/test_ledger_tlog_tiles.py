"""Tiles: the root at any size, from few hashes, however the log came to be."""

from hashlib import sha256
from random import Random

import pytest

from ledger.tlog import tiles


class Held:
    """Hashes by level, as a store would keep them, and a count of what is read."""

    def __init__(self):
        self.levels = {0: []}
        self.reads = []

    def read(self, level, start, stop):
        """Return hashes, and note the level and how many."""
        hashes = self.levels[level][start:stop]
        self.reads.append((level, len(hashes)))
        return hashes

    def append(self, leaves):
        """Keep leaves and the entries they complete."""
        for level, place, entry in tiles.completed(self.size, leaves, self.read):
            row = self.levels.setdefault(level, [])
            assert place == len(row), "each entry once, in order"
            row.append(entry)
        self.levels[0] += leaves

    @property
    def size(self):
        """Return the number of leaves."""
        return len(self.levels[0])

    def most_read(self):
        """Return the most hashes and the most calls for one level, then forget."""
        levels = [level for level, _ in self.reads]
        calls = max((levels.count(level) for level in levels), default=0)
        hashes = max((count for _, count in self.reads), default=0)
        self.reads.clear()
        return hashes, calls


def seeded(seed):
    """Return numbers at random, the same every time."""
    return Random(seed)  # Batch sizes are no secret.


def leaves_of(count):
    """Return distinct leaf hashes."""
    return [sha256(b"\x00%d" % number).digest() for number in range(count)]


def by_definition(leaves):
    """Split at the largest power of two below the count, as RFC 6962 2.1 says."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256().digest()
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    left, right = by_definition(leaves[:k]), by_definition(leaves[k:])
    return sha256(b"\x01" + left + right).digest()


def in_batches(leaves, rng, largest):
    """Return what is held after appending leaves in batches of random sizes."""
    held = Held()
    while held.size < len(leaves):
        held.append(leaves[held.size : held.size + rng.randint(1, largest)])
        hashes, calls = held.most_read()
        assert hashes <= 255
        assert calls <= 1
    return held


@pytest.fixture(scope="module")
def large():
    """Return a log a little larger than one level-2 entry, in random batches."""
    return in_batches(leaves_of(65_536 + 600), seeded(7), 5_000)


def test_every_size_to_a_thousand():
    """
    At every size, tiles and leaves give the same root, and few hashes are read.
    """
    leaves = leaves_of(1_000)
    held = in_batches(leaves, seeded(1), 40)

    for size in range(1_001):
        assert tiles.root_at(size, held.read) == by_definition(leaves[:size])
        hashes, calls = held.most_read()
        assert hashes <= 255
        assert calls <= 1


@pytest.mark.parametrize(
    "size",
    [65_279, 65_280, 65_281, 65_535, 65_536, 65_537, 65_791, 65_792, 65_793, 66_136],
)
def test_around_a_whole_second_level(large, size):
    """
    Where level 2 gets its first entry, roots still agree and reads stay few.
    """
    assert tiles.root_at(size, large.read) == by_definition(large.levels[0][:size])
    hashes, calls = large.most_read()
    assert hashes <= 255
    assert calls <= 1


@pytest.mark.parametrize("seed", range(20))
def test_batches_leave_no_trace(seed):
    """
    The same leaves give the same entries, whatever batches they came in.
    """
    rng = seeded(seed)
    leaves = leaves_of(rng.randint(1, 2_000))
    whole = Held()
    whole.append(leaves)

    assert in_batches(leaves, rng, rng.choice([1, 10, 300, 2_000])).levels == (
        whole.levels
    )


def test_one_batch_completes_two_levels():
    """
    The last leaf of 65,536 completes entries on both levels, each the subtree's root.
    """
    leaves = leaves_of(65_536)
    held = Held()
    held.append(leaves[:-1])
    held.reads.clear()

    entries = tiles.completed(65_535, leaves[-1:], held.read)

    assert entries == [
        tiles.TileEntry(1, 255, by_definition(leaves[-256:])),
        tiles.TileEntry(2, 0, by_definition(leaves)),
    ]
    assert held.reads == [(0, 255), (1, 255)]


def test_nothing_completed_reads_nothing():
    """
    An append that completes no entry needs no hash of the past.
    """

    def read(*_):
        pytest.fail("nothing need be read")

    assert tiles.completed(300, leaves_of(100), read) == []
    assert tiles.completed(300, [], read) == []


@pytest.mark.parametrize("given", [0, 1, 4])
def test_refuses_a_gap(given):
    """
    A reader that gives too few or too many hashes is refused: the root would be wrong.
    """
    hashes = leaves_of(given)

    with pytest.raises(ValueError, match=rf"level 0 has {given} hashes at \[0, 3\)"):
        tiles.root_at(3, lambda *_: hashes)
    with pytest.raises(ValueError, match=rf"level 0 has {given} hashes at \[0, 3\)"):
        tiles.completed(3, leaves_of(253), lambda *_: hashes)


def test_what_is_no_hash_gives_no_root():
    """
    A page that lost its power may hold NULL even where a column takes none.
    """
    with pytest.raises(ValueError, match="something else than hashes"):
        tiles.root_at(3, lambda _level, start, stop: [None] * (stop - start))
