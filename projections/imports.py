"""What imports have left out; light, because every count asks (docs/decisions/0006)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ledger.errors import FactDamagedError

if TYPE_CHECKING:
    from ledger.reader import Log, Row

_IMPORTED = "ledger.imported/1"
_NONE_ASIDE = b',"set_aside":0,'


def set_aside(log: Log, upto: int) -> int:
    """Return how many SCRs the imports up to a position have set aside.

    An SCR that several imports have set aside is counted for each.

    :raises FactDamagedError: what is recorded of an import cannot be read.
    """
    return sum(
        _count(row)
        for row in log.stream("ledger", upto)
        if row.topic == _IMPORTED and _NONE_ASIDE not in row.payload
    )


def _count(row: Row) -> int:
    try:
        return int(json.loads(row.payload)["set_aside"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise FactDamagedError(row.position, "its bytes are not a fact") from None
