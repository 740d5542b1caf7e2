"""Keys and checkpoints for tests: the same keys every time, on record as by everybody.

A test that has a ledger with keys imports from here; what is forged is signed by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.private_keys import PrivateKey
from ledger.tlog import checkpoint, note
from tests.people import opened

if TYPE_CHECKING:
    from ledger.domain.keys import Covered, Decided


def key(number: int) -> PrivateKey:
    """
    Return the private key of a number.
    """
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


ONE, TWO, THREE = key(1), key(2), key(3)


def put_key(path: str, private: PrivateKey, replaced: PrivateKey | None = None):
    """
    Put a key on record, in the place of another one.
    """
    with opened(path) as ledger:
        return ledger.put_key(private, replaced=replaced, by="chief")


def distrust(path: str, private: PrivateKey, trusted_to: int) -> Decided:
    """
    Take the trust in a key back.
    """
    with opened(path) as ledger:
        return ledger.distrust(
            private.id(origin(path)), trusted_to=trusted_to, reason="r", by="chief"
        )


def issue(path: str, private: PrivateKey) -> Covered:
    """
    Issue a checkpoint.
    """
    with opened(path) as ledger:
        return ledger.checkpoint(private, by="chief")


def origin(path: str) -> str:
    """
    Return the origin of a ledger's checkpoints.
    """
    from ledger.reader import open_log

    with open_log(path) as log:
        return checkpoint.origin_of(log.identity.ledger_id)


def signed(text: str, *keys: PrivateKey, name: str) -> str:
    """
    Return a note that some keys have signed, whatever it says.
    """
    made = (note.sign(text, one.private, name) for one in keys)
    return str(note.Note(text, tuple(made)))
