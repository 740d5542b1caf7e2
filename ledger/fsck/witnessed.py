"""Whether witnesses on record may be that, and signed what is there, on replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import cosignatures
from ledger.domain import witnesses as rules
from ledger.domain.events import Cosigned, Entrusted
from ledger.errors import LedgerError, UnknownWitnessError
from ledger.fsck.found import UNSIGNED, Finding
from ledger.fsck.signed import Signed
from ledger.fsck.state import instant_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Witnesses(Signed):
    """Holds policies and cosignatures against the keys and checkpoints before them."""

    def _witness(
        self, position: int, fact: Entrusted | Cosigned, recorded_at: str
    ) -> Iterator[Finding]:
        if self.unchecked:  # Then it is not known which checkpoints there are, either.
            self.unchecked += isinstance(fact, Cosigned)
            return
        try:
            match fact:
                case Entrusted():
                    self._entrusted(fact)
                case Cosigned():
                    self._cosigned(fact, recorded_at)
        except ImportError:  # Whether it holds takes `cryptography`.
            self.unchecked += 1
        except LedgerError as error:
            yield Finding(position, UNSIGNED, str(error))

    def _entrusted(self, fact: Entrusted) -> None:
        said = cosignatures.policy(fact.required, fact.witnesses)
        rules.refuse_policy(said, cosignatures.publics(self.keys))
        self._witnessed = rules.with_policy(self._witnessed, said)

    def _cosigned(self, fact: Cosigned, recorded_at: str) -> None:
        text = self._checkpoints.get(fact.size)
        said = None
        if text is not None:
            policy = self._witnessed.policy
            said = cosignatures.signed(fact.line, fact.size, text, policy)
        if said is None or rules.has(self._witnessed, said):
            raise UnknownWitnessError(fact.line.split(" ")[1])
        recorded = instant_of(recorded_at)
        if recorded is not None:  # Else that is a finding already.
            rules.refuse(self._witnessed, said, int(recorded.timestamp()))
        self._witnessed = rules.evolve(self._witnessed, said)
