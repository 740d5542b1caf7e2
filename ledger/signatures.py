"""Signed notes on record, read and checked: who signed what, in the rules' words.

The store asks before a note is recorded, the checker when it replays one; both then
ask the rules of ``ledger.domain.keys``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.keys import Announced, Issued
from ledger.errors import NotSignedError
from ledger.tlog import checkpoint, key_note, note
from ledger.tlog.note import NoteError

if TYPE_CHECKING:
    from ledger.domain.keys import Keys


class Signed(NamedTuple):
    """A checkpoint whose signatures hold, and its root in hex."""

    issued: Issued
    root: str


def announced(text: str, keys: Keys) -> Announced:
    """Read the note of a new key, and check who signed it.

    :param keys: those on record before it.
    :raises NotSignedError: it is no such note, or a signature does not hold.
    """
    try:
        signed = note.parse(text.encode())
        said = key_note.parse_text(signed.text)
        held = [note.parse_key(one.vkey) for one in keys.keys.values()]
        signers = key_note.signers(signed, {said.key, *held})
    except NoteError as error:
        raise NotSignedError(str(error)) from None
    key, vkey = said.key.key_id.hex(), str(said.key)
    return Announced(key, vkey, said.origin, said.position, said.root, signers)


def issued(text: str, keys: Keys) -> Signed:
    """Read a checkpoint as it is on record, and check who signed it.

    :param keys: those on record before it.
    :raises NotSignedError: it is none, or a signature is by no key on record, or does
        not hold.
    """
    try:
        found = checkpoint.parse(text.encode())
        held = [note.parse_key(one.vkey) for one in keys.keys.values()]
        signers = key_note.signers(found.note, held)
    except NoteError as error:
        raise NotSignedError(str(error)) from None
    head = found.head
    return Signed(Issued(head.origin, head.size, signers), head.root.hex())
