"""What the checker knows of the log so far, as it reads it row by row."""

from __future__ import annotations

import re
from collections import Counter, deque
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ledger.domain import keys as signing
from ledger.domain import measure as measures
from ledger.domain import package as packages
from ledger.domain import people as persons
from ledger.domain import publication as publications
from ledger.domain import recommendation as recommendations
from ledger.domain import request as requests
from ledger.domain import restatement as restatements
from ledger.domain import sampling, witnesses
from ledger.domain import subject as subjects
from ledger.domain import taxonomy as taxonomies
from ledger.domain.definitions import BUILT_IN, hash_of
from ledger.fsck.found import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORDED_AT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
)


class State:
    """Everything read so far that a later fact is held against."""

    def __init__(self) -> None:
        self.expected = 0
        self.leaves: list[bytes] = []
        self._last_recorded = ""
        self._versions: Counter[str] = Counter()
        self._states: dict[str, subjects.Subject] = {}
        self._known: dict[str, datetime] = {}
        self._since_import: deque[tuple[str, str]] = deque()
        self._strays: list[tuple[Finding, int]] = []
        """What is wrong with facts since then unless a file brought them, and how many
        there were before each."""
        self._measures: dict[str, measures.Standing] = {}
        self._definitions = {
            (one.id, hash_of(one)): one.version for one in BUILT_IN.values()
        }
        self._assertions: dict[int, bool] = {}
        self._printed: dict[tuple[str, int], publications.Last] = {}
        self._printings: dict[str, restatements.Printing] = {}
        self._packages: dict[str, packages.Package] = {}
        self.due: deque[dict[str, str]] = deque()
        """The facts that an agreement brings, and that have to follow it."""
        self._due_at = ""
        self.proofs: list[tuple[int, int, str, str]] = []
        """Of each assertion, publication, frame and seed from the log: its position,
        and the position and root it names."""
        self.gone: list[tuple[int, int, str]] = []
        """Of each restoration: its position, and what it says is not in the log."""
        self._witnessed = witnesses.Witnessed()
        self._checkpoints: dict[int, str] = {}
        """What was signed of the checkpoints on record, by size."""
        self._summaries: dict[str, tuple[str, list[dict[str, object]]]] = {}
        """Of publications not summed up yet: seal, and what they print."""
        self.keys = signing.Keys()
        self.issued: list[signing.Issued] = []
        """Checkpoints on record whose signatures hold."""
        self.checkpoints: list[int] = []
        """Where facts about checkpoints stand."""
        self.unchecked = 0
        """Signatures that were not checked, because `cryptography` is missing."""
        self._samples: dict[str, sampling.Sample] = {}
        self._taxonomy: taxonomies.Standing | None = None
        self._people = persons.People()
        self._requests: dict[str, requests.Standing] = {}
        self._recommendations: dict[str, recommendations.Standing] = {}
        self._zone = ZoneInfo("UTC")

    def _stray(self, position: int, check: str, why: str) -> None:
        """Note a fact that is a finding unless a file turns out to have brought it."""
        found = Finding(position, check, why)
        self._strays.append((found, len(self._since_import)))

    def strays(self, imported: int) -> Iterator[Finding]:
        """Yield what is wrong with facts that no file brought either.

        :param imported: how many of the last facts a file brought: what it says of a
            package is the file's claim.
        """
        first = len(self._since_import) - imported
        yield from (found for found, place in self._strays if place < first)
        self._strays.clear()

    def _leads_to(self, stream: str) -> str | None:
        return subjects.leads_to(self._states.get(stream))


def zone_of(name: str) -> ZoneInfo:
    """Return a ledger's zone; one that there is not is told when days are asked for."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def instant_of(text: str) -> datetime | None:
    """Return the instant a ``recorded_at`` names, or None if it is not of its form."""
    if _RECORDED_AT.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
