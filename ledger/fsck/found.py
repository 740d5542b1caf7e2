"""What a check finds, and the rows that it reads."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing not as it was written; ``position`` None is the file as a whole."""

    position: int | None
    check: str
    why: str


class Row(NamedTuple):
    """A row as read, nothing believed yet."""

    position: object
    stream: object
    version: object
    topic: object
    payload: object
    recorded_at: object
    leaf: object


class Checked(NamedTuple):
    """What a check came to: how far the log goes, its recomputed root, the findings."""

    head: int
    root: str
    findings: tuple[Finding, ...]

    @property
    def first_bad(self) -> int | None:
        """The first position with a finding, if a finding has one."""
        places = [f.position for f in self.findings if f.position is not None]
        return min(places, default=None)
