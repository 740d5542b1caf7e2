"""New keys of a log: signed notes that say which key signs from where on.

The text is five lines: what it is, the log's origin, the key as a verifier key (vkey),
and where the log stood, as position and root in hex. The new key signs it, which shows
that somebody holds it; and the key whose place it takes, if there is one. Nobody else:
what is not checked has no place in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ledger.tlog import note
from ledger.tlog.note import ED25519, Note, NoteError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from ledger.tlog.note import Key

HEADING = "scr-ledger key/1"
_LINES = 5
_POSITION = re.compile(r"[1-9][0-9]{0,18}")
_ROOT = re.compile(r"[0-9a-f]{64}")


class NewKey(NamedTuple):
    """What such a note says."""

    origin: str
    """Of the log; also the key's name."""
    key: Key
    position: int
    """Where the log ended before this key was put on record."""
    root: str
    """There, in hex."""

    def __str__(self) -> str:
        """Return the text that is signed."""
        lines = (HEADING, self.origin, str(self.key), str(self.position), self.root)
        return "".join(f"{line}\n" for line in lines)


def signed(
    said: NewKey, private: Ed25519PrivateKey, replaced: Ed25519PrivateKey | None = None
) -> Note:
    """Return the note of a new key, signed by it, and by the one that it replaces."""
    keys = [private] if replaced is None else [private, replaced]
    text = str(said)
    return Note(text, tuple(note.sign(text, key, said.origin) for key in keys))


def parse_text(text: str) -> NewKey:
    """Read the text of such a note.

    :raises NoteError: it is none.
    """
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[_LINES] or lines[0] != HEADING:
        message = f"a new key is {_LINES} lines, the first of them {HEADING}"
        raise NoteError(message)
    origin, vkey, position, root = lines[1:_LINES]
    key = note.parse_key(vkey)
    if key.kind != ED25519 or key.name != origin:
        message = "its key does not sign for its origin"
        raise NoteError(message)
    if _POSITION.fullmatch(position) is None or _ROOT.fullmatch(root) is None:
        message = "where the log stood is not a position and a root"
        raise NoteError(message)
    return NewKey(origin, key, int(position), root)


def signers(signed_note: Note, keys: Iterable[Key]) -> frozenset[str]:
    """Return the ids, in hex, of the keys that signed a note; all must be known.

    :raises NoteError: a signature is by none of them, does not hold, or stands twice.
    """
    ids = [
        key.key_id.hex()
        for key in keys
        if note.signature_of(signed_note, key) is not None
    ]
    if len(set(ids)) != len(signed_note.signatures):
        message = "it is signed by a key that is not on record"
        raise NoteError(message)
    return frozenset(ids)
