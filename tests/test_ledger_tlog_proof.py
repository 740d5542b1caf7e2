"""Inclusion and consistency proofs, against the recursion that RFC 6962 writes down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.merkle import leaf_hash, node_hash, root
from ledger.tlog.proof import consistency, extends, includes, inclusion
from ledger.tlog.tiles import completed

LEAVES = [leaf_hash(b"%d" % number) for number in range(700)]
SIZES = st.integers(1, len(LEAVES))


def kept(leaves):
    """Return a reader over leaves and the tiles that appending them completes."""
    tiles = {(0, at): leaf for at, leaf in enumerate(leaves)}

    def read(level, start, stop):
        return [tiles[level, at] for at in range(start, stop) if (level, at) in tiles]

    for entry in completed(0, leaves, read):
        tiles[entry.level, entry.place] = entry.hash
    return read


READ = kept(LEAVES)


def split(size):
    """Return the largest power of two below a size."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def path(index, leaves):
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), root(leaves[k:])]
    return [*path(index - k, leaves[k:]), root(leaves[:k])]


def subproof(old, leaves, whole):
    """RFC 6962 section 2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], whole), root(leaves[k:])]
    return [*subproof(old - k, leaves[k:], False), root(leaves[:k])]  # noqa: FBT003


@given(SIZES, st.data())
def test_inclusion_is_the_path_of_the_rfc(size, data):
    """
    The proof made from kept hashes is the audit path that RFC 6962 defines.
    """
    index = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]

    made = inclusion(index, size, READ)

    assert made == path(index, leaves)
    assert includes(leaves[index], index, size, made, root(leaves))


@given(SIZES, st.data())
def test_consistency_is_the_proof_of_the_rfc(size, data):
    """
    The proof made from kept hashes is the one that RFC 6962 defines.
    """
    old = data.draw(st.integers(1, size))
    leaves = LEAVES[:size]

    made = consistency(old, size, READ)

    assert made == subproof(old, leaves, True)  # noqa: FBT003
    assert extends(old, root(leaves[:old]), size, root(leaves), made)


@given(st.integers(1, 70), st.data())
def test_an_inclusion_proof_holds_for_nothing_else(size, data):
    """
    Another leaf, place, size or root, and a hash changed, dropped or added: no proof.
    """
    index = data.draw(st.integers(0, size - 1))
    head = root(LEAVES[:size])
    made = inclusion(index, size, READ)
    other = leaf_hash(b"other")

    assert not includes(other, index, size, made, head)
    assert not includes(LEAVES[index], index, size, made, other)
    assert not includes(LEAVES[index], index, size, [*made, other], head)
    for at in range(len(made)):
        changed = [*made[:at], other, *made[at + 1 :]]
        assert not includes(LEAVES[index], index, size, changed, head)
        dropped = [*made[:at], *made[at + 1 :]]
        assert not includes(LEAVES[index], index, size, dropped, head)
    for place in range(size + 2):
        if place != index:
            assert not includes(LEAVES[index], place, size, made, head)
    assert not includes(LEAVES[index], -1, size, made, head)


@given(st.integers(1, 70), st.data())
def test_a_consistency_proof_holds_for_nothing_else(size, data):
    """
    Another root, and a hash changed, dropped or added: no proof.
    """
    old = data.draw(st.integers(1, size))
    before, head = root(LEAVES[:old]), root(LEAVES[:size])
    made = consistency(old, size, READ)
    other = leaf_hash(b"other")

    assert not extends(old, other, size, head, made)
    assert not extends(old, before, size, other, made)
    assert not extends(old, before, size, head, [*made, other])
    assert not extends(size + 1, before, size, head, made)
    for at in range(len(made)):
        changed = [*made[:at], other, *made[at + 1 :]]
        assert not extends(old, before, size, head, changed)
        dropped = [*made[:at], *made[at + 1 :]]
        assert not extends(old, before, size, head, dropped)


def test_a_fork_has_no_proof():
    """
    No proof made from one log shows that it begins with another.
    """
    forked = [*LEAVES[:9], leaf_hash(b"another"), *LEAVES[10:40]]

    for size in range(11, 40):
        made = consistency(size, 40, kept(forked))
        assert extends(size, root(forked[:size]), 40, root(forked), made)
        assert not extends(size, root(LEAVES[:size]), 40, root(forked), made)


def test_the_empty_tree():
    """
    Every tree begins with the empty one, by an empty proof and nothing else.
    """
    empty, head = root([]), root(LEAVES[:3])

    assert consistency(0, 3, READ) == []
    assert extends(0, empty, 3, head, [])
    assert extends(0, empty, 0, empty, [])
    assert not extends(0, head, 3, head, [])
    assert not extends(0, empty, 0, head, [])
    assert not extends(0, empty, 3, head, [head])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_of_what_is_not_there(index, size):
    """
    A leaf beyond the tree has no proof.
    """
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion(index, size, READ)


def test_no_proof_backwards():
    """
    A smaller tree does not begin with a larger one.
    """
    with pytest.raises(ValueError, match="does not begin"):
        consistency(4, 3, READ)


def test_a_gap_gives_no_proof():
    """
    Where a hash is missing there is an error, not a wrong proof.
    """
    with pytest.raises(ValueError, match="has 0 hashes"):
        inclusion(0, 3, lambda _level, _start, _stop: [])


# Roots, audit paths and consistency proofs of the Certificate Transparency reference
# tree over its eight inputs, as hex of their first four bytes each, from the tests of
# google/certificate-transparency-go, merkletree.
CT_INPUTS = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
CT_PATHS = [
    (0, 1, []),
    (0, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (5, 8, ["bc1a0643", "ca854ea1", "d37ee418"]),
    (2, 3, ["fac54203"]),
    (1, 5, ["6e340b9c", "5f083f0a", "bc1a0643"]),
]
CT_PROOFS = [
    (1, 1, []),
    (1, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (6, 8, ["0ebc5d34", "ca854ea1", "d37ee418"]),
    (2, 5, ["5f083f0a", "bc1a0643"]),
]
CT_LEAVES = [leaf_hash(bytes.fromhex(text)) for text in CT_INPUTS]


def short(hashes):
    """Return the beginnings of hashes, as they are published."""
    return [one.hex()[:8] for one in hashes]


@pytest.mark.parametrize(("index", "size", "expected"), CT_PATHS)
def test_published_paths(index, size, expected):
    """
    The audit paths of the Certificate Transparency reference tree are reproduced.
    """
    assert short(inclusion(index, size, kept(CT_LEAVES))) == expected


@pytest.mark.parametrize(("old", "size", "expected"), CT_PROOFS)
def test_published_consistency_proofs(old, size, expected):
    """
    The consistency proofs of the reference tree are reproduced.
    """
    assert short(consistency(old, size, kept(CT_LEAVES))) == expected


def test_three_leaves_by_hand():
    """
    Of three leaves, the proof of the first is its sibling, then the third.
    """
    a, b, c = LEAVES[:3]

    assert inclusion(0, 3, READ) == [b, c]
    assert root([a, b, c]) == node_hash(node_hash(a, b), c)
