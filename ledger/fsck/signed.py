"""Whether keys and checkpoints on record are signed by who may sign, on replay."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ledger import signatures
from ledger.domain import keys as rules
from ledger.domain.events import (
    Checkpointed,
    Distrusted,
    Keyed,
    Opened,
    Restored,
)
from ledger.errors import BeyondHeadError, LedgerError
from ledger.fsck.found import FORKED, UNSIGNED, Finding
from ledger.fsck.state import State
from ledger.tlog import checkpoint
from ledger.tlog.note import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Signed(State):
    """Holds keys, revocations and checkpoints against the keys before them."""

    def _origin(self, fact: Opened) -> None:
        self.keys = self.keys._replace(origin=checkpoint.origin_of(fact.ledger_id))

    def _signed(
        self, position: int, fact: Keyed | Distrusted | Checkpointed | Restored
    ) -> Iterator[Finding]:
        if self.unchecked:
            self._unverified(position, fact)
            return
        try:
            yield from self._verified(position, fact)
        except ImportError:
            self._unverified(position, fact)

    def _verified(
        self, position: int, fact: Keyed | Distrusted | Checkpointed | Restored
    ) -> Iterator[Finding]:
        match fact:
            case Keyed():
                yield from self._keyed(position, fact)
            case Distrusted():
                yield from self._distrusted(position, fact)
            case Checkpointed():
                yield from self._checkpointed(position, fact)
            case Restored():
                self._restored(position, fact)

    def _unverified(
        self, position: int, fact: Keyed | Distrusted | Checkpointed | Restored
    ) -> None:
        """Compare roots where no signature can be checked, and count what was not."""
        if isinstance(fact, Keyed | Checkpointed):
            self.unchecked += 1
        if isinstance(fact, Checkpointed):
            with suppress(NoteError):
                head = checkpoint.parse(fact.note.encode()).head
                self.proofs.append((position, head.size, head.root.hex(), FORKED))

    def _keyed(self, position: int, fact: Keyed) -> Iterator[Finding]:
        try:
            said = signatures.announced(fact.note, self.keys)
        except LedgerError as error:
            yield Finding(position, UNSIGNED, str(error))
            return
        self.proofs.append((position, said.position, said.root, FORKED))
        try:
            rules.refuse_key(self.keys, said, position - 1)
        except LedgerError as error:
            # It is believed no further: whoever may have put it there cannot use it.
            yield Finding(position, UNSIGNED, str(error))
            return
        self.keys = rules.with_key(self.keys, said, position)

    def _distrusted(self, position: int, fact: Distrusted) -> Iterator[Finding]:
        said = rules.Distrust(fact.key, fact.trusted_to)
        try:
            rules.refuse_distrust(self.keys, said, position - 1)
        except LedgerError as error:
            yield Finding(position, UNSIGNED, str(error))
            return
        self.keys = rules.with_distrust(self.keys, said)

    def _checkpointed(self, position: int, fact: Checkpointed) -> Iterator[Finding]:
        try:
            said = signatures.issued(fact.note, self.keys)
            rules.refuse_checkpoint(self.keys, said.issued, position - 1)
        except BeyondHeadError:
            why = f"it is of @{said.issued.size}, and not all of that is before it"
            yield Finding(position, FORKED, why)
            return
        except LedgerError as error:
            yield Finding(position, UNSIGNED, str(error))
            return
        self.issued.append(said.issued)
        self.proofs.append((position, said.issued.size, said.root, FORKED))
        self.keys = rules.with_checkpoint(self.keys, said.issued)
        self._checkpoints[said.issued.size] = fact.note.partition("\n\n")[0] + "\n"

    def _restored(self, position: int, fact: Restored) -> None:
        if fact.seen_ledger is None and fact.seen_position < position:
            self.gone.append((position, fact.seen_position, fact.seen_root))
