"""The rows of the log, one after another, each against all before it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ledger.domain import keys
from ledger.domain.events import (
    Agreed,
    Amended,
    Asserted,
    Categorized,
    Checkpointed,
    Cited,
    Closed,
    Completed,
    Cosigned,
    Declined,
    Defined,
    Distrusted,
    Drawn,
    Entrusted,
    Examined,
    Framed,
    Imported,
    Keyed,
    Marked,
    Opened,
    OrganizationFact,
    Proposed,
    Published,
    Recalled,
    Recommended,
    Rejected,
    Requested,
    Responded,
    Restored,
    Retired,
    Retracted,
    Scheduled,
    ScrFact,
    Settled,
    Spared,
    Summarized,
    Unreadable,
    Waived,
    Withdrawn,
    parse_stored,
    payload_of,
)
from ledger.fsck.answering import Answering
from ledger.fsck.cases import Cases
from ledger.fsck.figures import Figures
from ledger.fsck.found import Finding, Row
from ledger.fsck.packages import Packages
from ledger.fsck.state import instant_of, zone_of
from ledger.fsck.tables import WIDTH, columns_of, row_above, shown
from ledger.fsck.witnessed import Witnesses
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.tiles import root_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.events import LedgerEvent


class LogCheck(Cases, Figures, Packages, Answering, Witnesses):
    """Checks the rows one after another, each against all before it."""

    def row(self, row: Row) -> Iterator[Finding]:
        """Yield what is wrong with the next row."""
        self.expected += 1
        position = self.expected
        if row.position != position:
            why = f"position {position} is missing; {shown(row.position)} follows"
            yield Finding(position, "position", why)
            if isinstance(row.position, int) and row.position > position:
                self.expected = position = row.position
        columns = columns_of(row)
        if columns is None:
            self.leaves.append(b"")
            yield Finding(position, "columns", "a column is not of its type")
            return
        stream, version, topic, payload, recorded_at, kept = columns
        leaf = leaf_hash(entry(position, stream, version, topic, recorded_at, payload))
        self.leaves.append(leaf)
        if leaf != kept:
            why = "its bytes do not give the leaf hash kept with them"
            yield Finding(position, "leaf", why)
        yield from self._place(position, stream, version, recorded_at)
        yield from self._fact(position, stream, topic, payload, recorded_at)

    def _place(
        self, position: int, stream: str, version: int, recorded_at: str
    ) -> Iterator[Finding]:
        self._versions[stream] += 1
        if version != self._versions[stream]:
            why = f"it is version {version} of {stream}, not {self._versions[stream]}"
            yield Finding(position, "version", why)
        if instant_of(recorded_at) is None:
            yield Finding(position, "recorded_at", f"{recorded_at} is no instant")
        elif recorded_at < self._last_recorded:
            why = f"{recorded_at} is earlier than {self._last_recorded} before it"
            yield Finding(position, "recorded_at", why)
        else:
            self._last_recorded = recorded_at

    def _fact(
        self, position: int, stream: str, topic: str, payload: bytes, recorded_at: str
    ) -> Iterator[Finding]:
        try:
            fact = parse_stored(topic, payload)
        except Unreadable as error:
            yield Finding(position, "payload", f"it is not a fact: {error}")
            return
        if fact.stream != stream:
            why = f"a fact of {fact.stream} stands in the stream {stream}"
            yield Finding(position, "stream", why)
            return
        if payload_of(fact) != payload:
            yield Finding(position, "payload", "its bytes are not in their one form")
        was_due = bool(self.due)
        yield from self._is_due(position, fact, recorded_at)
        if isinstance(fact, ScrFact | OrganizationFact):
            if not was_due:
                yield from self._undue(position, fact)
            self._since_import.append((fact.event, recorded_at))
            yield from self._rules(position, fact, recorded_at)
        else:
            yield from self._own(position, fact, recorded_at)

    def _own(
        self, position: int, fact: LedgerEvent, recorded_at: str
    ) -> Iterator[Finding]:
        if isinstance(fact, Opened) != (position == 1):
            why = "the ledger's identity stands at position 1 and nowhere else"
            yield Finding(position, "identity", why)
        yield from self._who(position, fact)
        count = sum(fact.added.values()) if isinstance(fact, Imported) else 0
        yield from self.strays(count)
        if isinstance(fact, Imported):
            brought = list(self._since_import)[-count:] if count else []
            found = Counter(event for event, at in brought if at == recorded_at)
            if found != Counter(fact.added):
                why = "the facts before it are not those this import says it added"
                yield Finding(position, "import", why)
        if isinstance(fact, Opened):
            self._zone = zone_of(fact.timezone)
            self._origin(fact)
        if fact.stream == keys.CHECKPOINTS:
            self.checkpoints.append(position)
        yield from self._about(position, fact, recorded_at)
        self._since_import.clear()

    def _about(
        self, position: int, fact: LedgerEvent, recorded_at: str
    ) -> Iterator[Finding]:
        match fact:
            case Defined() | Retired():
                yield from self._measure(position, fact, recorded_at)
            case Asserted() | Withdrawn():
                yield from self._assertion(position, fact)
            case Published():
                yield from self._publication(position, fact)
            case Marked() | Retracted():
                yield from self._said_of(position, fact)
            case Proposed() | Amended() | Agreed() | Rejected() | Recalled():
                yield from self._package(position, fact, recorded_at)
            case Framed() | Drawn() | Spared() | Examined() | Settled():
                yield from self._sample(position, fact)
            case Categorized():
                yield from self._categories(position, fact, recorded_at)
            case Waived() if f"scr/{fact.scr}" not in self._states:
                why = f"it waives a rule for {fact.scr}, which is not filed before it"
                yield Finding(position, "waiver", why)
            case Requested() | Cited() | Declined():
                yield from self._request(position, fact, recorded_at)
            case Recommended() | Responded() | Scheduled() | Completed() | Closed():
                yield from self._recommendation(position, fact, recorded_at)
            case _:
                yield from self._shown(position, fact, recorded_at)

    def _shown(
        self, position: int, fact: LedgerEvent, recorded_at: str
    ) -> Iterator[Finding]:
        """Look at what is signed, or made to be shown to others."""
        match fact:
            case Keyed() | Distrusted() | Checkpointed() | Restored():
                yield from self._signed(position, fact)
            case Entrusted() | Cosigned():
                yield from self._witness(position, fact, recorded_at)
            case Summarized():
                yield from self._summary(position, fact)
            case _:
                return


def proofs(log: LogCheck) -> Iterator[Finding]:
    """Compare the roots that facts name with those the recomputed leaves give."""
    levels = [log.leaves]
    while (log.proofs or log.gone) and len(levels[-1]) >= WIDTH:
        levels.append(row_above(levels[-1]))
    for position, proved, given, check in log.proofs:
        if proved >= position or proved > len(log.leaves):
            continue  # That, or a gap before it, is a finding already.
        found = root_at(proved, lambda level, start, stop: levels[level][start:stop])
        if found.hex() != given:
            why = f"it was proved at root {given}, and @{proved} has {found.hex()}"
            yield Finding(position, check, why)
    for position, gone, root in log.gone:
        found = root_at(gone, lambda level, start, stop: levels[level][start:stop])
        if found.hex() == root:
            why = f"it says that @{gone} {root} is not in the log, and it is"
            yield Finding(position, "restored", why)


def unbrought(log: LogCheck) -> Iterator[Finding]:
    """Say that the log ends before an agreement has brought all its facts."""
    if log.due:
        why = (
            f"package {log.due[0]['correction']} is agreed to, and not all of it there"
        )
        yield Finding(None, "package", why)
