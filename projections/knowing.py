"""Which facts about requests and recommendations are known at a basis.

A fact that claims a day (``ledger.domain.claimed_days``) is known from that day on; one
that claims none from its recording on. Of days only the day of the cut-off is asked, in
the ledger's zone: a cut-off within a day sees what that day is claimed for.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.domain.claimed_days import FIELDS
from ledger.domain.fiscal import format_instant, from_micros, to_micros
from ledger.errors import FactDamagedError
from projections.history import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log, Row
    from projections.basis import Basis


class Known(NamedTuple):
    """A fact that is known at a basis."""

    position: int
    recorded_at: str
    day: str
    """On which it became known: the one it claims, else that of its recording."""
    claimed: bool
    fields: dict[str, Any]


class Knowing:
    """Tells what is known at one basis of one ledger."""

    def __init__(self, log: Log, basis: Basis) -> None:
        self.basis = basis
        self.zone = log.identity.zone
        self._day = None
        if basis.instant is not None:
            self._day = self._on(from_micros(basis.cutoff))

    def day_passes(self, day: str) -> bool:
        """Whether what is claimed for a day is known."""
        return self._day is None or day <= self._day

    def facts(self, log: Log, prefix: str) -> Iterator[Known]:
        """Yield the known facts of the streams that begin so, in log order.

        :raises FactDamagedError: what is kept cannot be read.
        """
        for row in log.family(prefix, self.basis.position):
            known = self._known(row)
            if known is not None:
                yield known

    def _known(self, row: Row) -> Known | None:
        fields = fields_of(row.position, row.payload)
        try:
            recorded = datetime.fromisoformat(row.recorded_at)
            claimed = fields.get(FIELDS.get(fields["event"], ""))
            if claimed is None:
                passes = to_micros(recorded) <= self.basis.cutoff
            else:
                passes = self.day_passes(claimed)
        except (TypeError, ValueError) as error:
            raise FactDamagedError(row.position, str(error)) from None
        if not passes:
            return None
        return Known(
            row.position,
            format_instant(recorded),
            claimed or self._on(recorded),
            claimed is not None,
            fields,
        )

    def _on(self, instant: datetime) -> str:
        return instant.astimezone(self.zone).date().isoformat()
