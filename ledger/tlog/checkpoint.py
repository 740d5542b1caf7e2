"""Checkpoints: signed tree heads, as C2SP tlog-checkpoint has them.

https://c2sp.org/tlog-checkpoint. The text is origin, size and root, a line each. Lines
after these are left to other logs: a checkpoint of ours has none, and none is accepted,
because nobody could check what they say.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple

from ledger.tlog import note
from ledger.tlog.note import NoteError

_HASH = 32
_LARGEST = 2**63 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class TreeHead(NamedTuple):
    """How large a log was, and its root then."""

    origin: str
    """Which log: the first line of its checkpoints, and the name of its keys."""
    size: int
    """Leaves, which is the position of the last fact."""
    root: bytes

    def __str__(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


class Checkpoint(NamedTuple):
    """A tree head and the note that it stands in."""

    head: TreeHead
    note: note.Note

    def __str__(self) -> str:
        return str(self.note)


def origin_of(ledger_id: str) -> str:
    """Return the origin line of a ledger: a name that no other ledger has."""
    return f"scr-ledger/{ledger_id}"


def parse_head(text: str) -> TreeHead:
    """Read the text of a checkpoint.

    :raises NoteError: it is none, or has lines beyond the third.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004 - three, each with its line feed
        message = "a checkpoint is three lines: origin, size and root"
        raise NoteError(message)
    origin, size, root = lines[:3]
    if not note.is_name(origin):
        message = "its origin is none"
        raise NoteError(message)
    if _SIZE.fullmatch(size) is None or int(size) > _LARGEST:
        message = "its size is no number of leaves"
        raise NoteError(message)
    value = note.unbase64(root)
    if len(value) != _HASH:
        message = "its root is not 32 bytes"
        raise NoteError(message)
    return TreeHead(origin, int(size), value)


def parse(data: bytes) -> Checkpoint:
    """Read a checkpoint; nobody's signature is checked yet.

    :raises NoteError: it is none.
    """
    signed = note.parse(data)
    return Checkpoint(parse_head(signed.text), signed)
