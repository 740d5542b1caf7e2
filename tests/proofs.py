"""A log in memory for tests of proofs: entries, a key, witnesses, no ledger.

What is checked offline needs no ledger, so neither do most of its tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.tlog import merkle, note, proof
from ledger.tlog.checkpoint import Checkpoint, TreeHead
from ledger.tlog.entry import entry
from ledger.tlog.proof_text import Consistency, Inclusion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ORIGIN = "scr-ledger/one"
NOW = 1_800_000_000


def private(number: int) -> Ed25519PrivateKey:
    """
    Return the private key of a number.
    """
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


LOG, NEXT, ANN, BEN = private(1), private(2), private(3), private(4)


def log_key(of: Ed25519PrivateKey = LOG, origin: str = ORIGIN) -> str:
    """
    Return the verifier key of a log.
    """
    return str(note.public_of(of, origin))


def witness_key(name: str, of: Ed25519PrivateKey) -> str:
    """
    Return the verifier key of a witness.
    """
    return str(note.public_of(of, name, note.COSIGNATURE))


def entries(count: int, mark: str = "") -> list[bytes]:
    """
    Return the bytes of so many facts; another mark is another history.
    """
    return [
        entry(
            at, "scr/S-1", at, "scr.filed/1", "2026-01-05T14:00:00Z", payload(at, mark)
        )
        for at in range(1, count + 1)
    ]


def payload(at: int, mark: str = "") -> bytes:
    """
    Return the payload of a fact; so many characters that a bit of each is tried.
    """
    return f'{{"at":{at}{mark}}}'.encode()


def signed(
    facts: Sequence[bytes],
    *keys: Ed25519PrivateKey,
    witnesses: Sequence[tuple[str, Ed25519PrivateKey]] = (),
    at: int = NOW,
    origin: str = ORIGIN,
) -> Checkpoint:
    """
    Return the checkpoint of a log of these facts, signed and cosigned.
    """
    root = merkle.root(list(map(merkle.leaf_hash, facts)))
    head = TreeHead(origin, len(facts), root)
    text = str(head)
    lines = [
        *(note.sign(text, key, origin) for key in keys or (LOG,)),
        *(note.cosign(text, key, name, at) for name, key in witnesses),
    ]
    return Checkpoint(head, note.Note(text, tuple(lines)))


def reading(facts: Sequence[bytes]):
    """
    Return what reads the kept hashes of a log.
    """
    leaves = list(map(merkle.leaf_hash, facts))

    def read(level: int, start: int, stop: int) -> list[bytes]:
        width = 1 << 8 * level
        return [
            merkle.root(leaves[i * width : (i + 1) * width]) for i in range(start, stop)
        ]

    return read


def included(facts: Sequence[bytes], position: int, one: Checkpoint) -> Inclusion:
    """
    Return the proof of a fact against a checkpoint.
    """
    path = proof.inclusion(position - 1, one.head.size, reading(facts))
    return Inclusion(facts[position - 1], position - 1, tuple(path), one)


def grown(facts: Sequence[bytes], old: int, one: Checkpoint) -> Consistency:
    """
    Return the proof that a log begins with what it was.
    """
    path = proof.consistency(old, one.head.size, reading(facts))
    return Consistency(old, tuple(path), one)


def bits(data: bytes) -> Iterator[bytes]:
    """
    Yield some bytes with each bit of them turned, one after another.
    """
    for at in range(len(data)):
        for bit in range(8):
            yield data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def text(one: Checkpoint) -> bytes:
    """
    Return a checkpoint as its file.
    """
    return str(one).encode()
