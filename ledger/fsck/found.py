"""What a check finds, and the rows that it reads."""

from __future__ import annotations

from typing import NamedTuple

DAMAGED = "damaged"
"""Bytes, columns, tiles, the file, or a rule: not what was recorded."""
ROLLED_BACK = "rolled back"
"""Facts that somebody has seen are missing at the end."""
FORKED = "forked"
"""What was signed or seen is another log than this, as long or shorter."""
SWAPPED = "swapped"
"""This is another ledger than the one that was seen or signed."""
UNSIGNED = "unsigned"
"""A signature does not hold, or is not of a key that is believed at that size."""
NOT_CHECKPOINTED = "not checkpointed"
"""Facts that no checkpoint on record covers; a finding only where that is asked."""


BROKEN = frozenset({"position", "columns", "leaf"})
"""Checks after which no root is that of what was recorded."""


class Finding(NamedTuple):
    """One thing not as it was written; ``position`` None is the file as a whole."""

    position: int | None
    check: str
    why: str

    @property
    def word(self) -> str:
        """What it comes to; bytes, columns, tiles and rules are all ``damaged``."""
        own = {ROLLED_BACK, FORKED, SWAPPED, UNSIGNED, NOT_CHECKPOINTED}
        return self.check if self.check in own else DAMAGED


class Row(NamedTuple):
    """A row as read, nothing believed yet."""

    position: object
    stream: object
    version: object
    topic: object
    payload: object
    recorded_at: object
    leaf: object


class Seen(NamedTuple):
    """A position and root that somebody has seen of a log."""

    position: int
    root: str
    by: str
    """Who or what has seen them, in words that a sentence begins with."""


class Signing(NamedTuple):
    """How far a log is covered by the checkpoints that are on record in it."""

    key: str | None
    """The id of the key that signs now."""
    covered: int | None
    """The size of the last checkpoint that is believed."""
    uncovered: int
    """Facts after it that are no checkpoints themselves."""
    distrusted: int
    """Checkpoints of a size that their key is not believed at any more."""
    unchecked: int
    """Signatures nobody checked, because `cryptography` is not installed."""


class Checked(NamedTuple):
    """What a check came to: how far the log goes, its recomputed root, the findings."""

    head: int
    root: str
    findings: tuple[Finding, ...]
    signing: Signing | None = None
    """How far it is signed; None where the file is no ledger to say so of."""
    compared: bool = False
    """Whether it was compared with what others hold of it, where that was asked."""

    @property
    def first_bad(self) -> int | None:
        """The first position with a finding, if a finding has one."""
        places = [f.position for f in self.findings if f.position is not None]
        return min(places, default=None)
