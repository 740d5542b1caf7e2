"""Merkle tree hashing, against published vectors and the definition in the RFC."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.tlog import merkle

VECTORS = json.loads(
    Path(__file__)
    .parent.parent.joinpath("fixtures/vectors/certificate-transparency.json")
    .read_text(encoding="utf-8")
)


def by_definition(leaves):
    """Split at the largest power of two below the count, as RFC 6962 2.1 says."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    left, right = by_definition(leaves[:k]), by_definition(leaves[k:])
    return sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size):
    """
    The roots of the Certificate Transparency reference tree are reproduced.
    """
    inputs = [bytes.fromhex(text) for text in VECTORS["leaves"]]
    leaves = [merkle.leaf_hash(entry) for entry in inputs[:size]]

    assert merkle.root(leaves).hex() == VECTORS["roots"][size]


def test_every_small_tree_agrees_with_the_definition():
    """
    Built from below, the root is the one the RFC defines from above.
    """
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(300)]

    for size in range(1, 301):
        assert merkle.root(leaves[:size]) == by_definition(leaves[:size])


def test_root_of_subtrees():
    """
    Roots of equal complete subtrees stand for their leaves.
    """
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(12)]
    subtrees = [merkle.root(leaves[start : start + 4]) for start in (0, 4, 8)]

    assert merkle.root(subtrees) == merkle.root(leaves)


def test_parents():
    """
    Neighbours are paired from the left, and an odd last hash rises unchanged.
    """
    a, b, c = (merkle.leaf_hash(text) for text in (b"a", b"b", b"c"))

    assert merkle.parents([a, b, c]) == [merkle.node_hash(a, b), c]
    assert merkle.parents([]) == []


def test_a_node_is_not_a_leaf():
    """
    The bytes of two children, entered as a leaf, do not have the hash of their node.
    """
    left, right = merkle.leaf_hash(b"left"), merkle.leaf_hash(b"right")

    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
    assert merkle.leaf_hash(b"\x01" + left + right) != merkle.node_hash(left, right)
