"""Proofs as files: C2SP tlog-proof for inclusion, tlog-witness for consistency.

https://c2sp.org/tlog-proof and https://c2sp.org/tlog-witness. Both end in a checkpoint,
so whoever knows the log's key can check one with nothing else at hand. They are read as
strictly as notes: one spelling per proof, and a change of any byte is told.

What a proof says counts only once its checkpoint's signature is checked, which is not
done here: :mod:`ledger.tlog.note` does it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple

from ledger.tlog import checkpoint, note, proof
from ledger.tlog.checkpoint import Checkpoint  # noqa: TC001 - of a field
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.note import NoteError

SUFFIX = ".tlog-proof"
FIRST_LINE = "c2sp.org/tlog-proof@v1"

LONGEST = 8 * 1024 * 1024
"""Bytes of a proof: a publication that lists a hundred thousand SCRs fits."""
_HASH = 32
_MOST_HASHES = 63
"""The longest proof in a tree of 2^63 - 1 leaves; C2SP tlog-witness says so too."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class Inclusion(NamedTuple):
    """That an entry is in a log, at an index of it."""

    entry: bytes
    """The bytes of the fact (:mod:`ledger.tlog.entry`). The format calls it extra data
    and authenticates nothing of it; here its hash is the leaf that is proved."""
    leaf_index: int
    """From 0: the position less one."""
    path: tuple[bytes, ...]
    checkpoint: Checkpoint

    def __str__(self) -> str:
        lines = [FIRST_LINE, f"extra {_base64(self.entry)}", f"index {self.leaf_index}"]
        return _joined([*lines, *map(_base64, self.path)], self.checkpoint)

    @property
    def holds(self) -> bool:
        """Whether the entry's hash and the path give the root of the checkpoint."""
        head = self.checkpoint.head
        leaf = leaf_hash(self.entry)
        return proof.includes(leaf, self.leaf_index, head.size, self.path, head.root)


class Consistency(NamedTuple):
    """That a log begins with what it was when it was smaller."""

    old: int
    """The size it had."""
    path: tuple[bytes, ...]
    checkpoint: Checkpoint

    def __str__(self) -> str:
        lines = [f"old {self.old}", *map(_base64, self.path)]
        return _joined(lines, self.checkpoint)

    def extends(self, root: bytes) -> bool:
        """Whether a log of this size began with one of the old size and this root."""
        head = self.checkpoint.head
        return proof.extends(self.old, root, head.size, head.root, self.path)


def parse_inclusion(data: bytes) -> Inclusion:
    """Read an inclusion proof; neither it nor a signature is checked yet.

    The format lets the extra data be left out. Here they are the fact that is proved,
    so a proof without is of nothing.

    :raises NoteError: it is none, or not in its one spelling.
    """
    lines, signed = _parted(data)
    if lines[0] != FIRST_LINE:
        message = f"its first line is not {FIRST_LINE}"
        raise NoteError(message)
    if len(lines) < 3 or not lines[1].startswith("extra "):  # noqa: PLR2004 - as above
        message = "it does not hold the fact that it proves, as extra data"
        raise NoteError(message)
    entry = note.unbase64(lines[1].removeprefix("extra "))
    index = _number("index", lines[2])
    return Inclusion(entry, index, _path(lines[3:]), signed)


def parse_consistency(data: bytes) -> Consistency:
    """Read a consistency proof; neither it nor a signature is checked yet.

    :raises NoteError: it is none, or not in its one spelling.
    """
    lines, signed = _parted(data)
    return Consistency(_number("old", lines[0]), _path(lines[1:]), signed)


def parse(data: bytes) -> Inclusion | Consistency | Checkpoint:
    """Read whichever it is by its first words: a proof of either kind or a checkpoint.

    :raises NoteError: it is none of them.
    """
    if data.startswith(b"c2sp.org/tlog-proof"):
        return parse_inclusion(data)
    if data.startswith(b"old "):
        return parse_consistency(data)
    return checkpoint.parse(data)


def _parted(data: bytes) -> tuple[list[str], Checkpoint]:
    """Return the lines before the first empty one, and the checkpoint after it."""
    if len(data) > LONGEST:
        message = f"it is longer than {LONGEST:,} bytes"
        raise NoteError(message)
    before, parted, after = data.partition(b"\n\n")
    if not parted:
        message = "no empty line stands before its checkpoint"
        raise NoteError(message)
    try:
        text = before.decode("ascii")
    except UnicodeDecodeError:
        message = "what stands before its checkpoint is not ASCII"
        raise NoteError(message) from None
    return text.split("\n"), checkpoint.parse(after)


def _number(word: str, line: str) -> int:
    name, _, number = line.partition(" ")
    if name != word or _NUMBER.fullmatch(number) is None:
        message = f"it has no line of {word!r} and a number"
        raise NoteError(message)
    return int(number)


def _path(lines: list[str]) -> tuple[bytes, ...]:
    path = tuple(map(note.unbase64, lines))
    if len(path) > _MOST_HASHES or any(len(one) != _HASH for one in path):
        message = f"its hashes are not at most {_MOST_HASHES}, of {_HASH} bytes each"
        raise NoteError(message)
    return path


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _joined(lines: list[str], signed: Checkpoint) -> str:
    return "\n".join([*lines, "", str(signed)])
