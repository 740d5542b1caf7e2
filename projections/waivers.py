"""Which failures of validation are waived at a basis.

A waiver is known when it is recorded, so none is seen at a cut-off before that. The
last visible one of a rule and an SCR holds, up to and with its day.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import from_micros, to_micros
from ledger.errors import FactDamagedError
from projections.measures import instant

if TYPE_CHECKING:
    from ledger.reader import Log, Row
    from projections.basis import Basis

STREAM = "waivers"


class Waiver(NamedTuple):
    """A waiver as the log has it."""

    rule: str
    scr: str
    until: str
    """The last day on which it holds, ``YYYY-MM-DD``."""
    reason: str
    by: str
    run_by: str
    position: int
    known: int
    """When it was recorded, in microseconds since 1970."""


class Listed(NamedTuple):
    """A waiver, and how it stands at a basis."""

    waiver: Waiver
    state: str
    """One of ``STATES``."""


STATES = ("holds", "over", "replaced")


def at(log: Log, basis: Basis) -> list[Listed]:
    """Return the waivers visible at a basis, in the order of recording."""
    rows = log.stream(STREAM, basis.position)
    seen = [one for one in map(_waiver, rows) if one.known <= basis.cutoff]
    last = {(one.rule, one.scr): one.position for one in seen}
    today = day_of(log, basis) if seen else ""

    def state(one: Waiver) -> str:
        if last[one.rule, one.scr] != one.position:
            return "replaced"
        return "holds" if today <= one.until else "over"

    return [Listed(one, state(one)) for one in seen]


def holding(log: Log, basis: Basis) -> dict[tuple[str, str], Waiver]:
    """Return the waivers that hold at a basis, by rule and SCR."""
    return {
        (one.rule, one.scr): one for one, state in at(log, basis) if state == "holds"
    }


def day_of(log: Log, basis: Basis) -> str:
    """Return the day in the ledger's zone on which a basis asks what is waived.

    That of its cut-off; without one that of the last fact recorded up to its position:
    an answer never depends on when it is asked.
    """
    zone = log.identity.zone
    if basis.instant is not None:
        return from_micros(basis.cutoff).astimezone(zone).date().isoformat()
    last = next(iter(log.narrow(basis.position - 1, basis.position)), None)
    if last is None:
        return ""
    return datetime.fromisoformat(last[2]).astimezone(zone).date().isoformat()


def _waiver(row: Row) -> Waiver:
    try:
        fields = json.loads(row.payload)
        names = ("rule", "scr", "until", "reason", "by", "run_by")
        rule, scr, until, reason, by, run_by = (fields[name] for name in names)
        known = to_micros(datetime.fromisoformat(row.recorded_at))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        why = f"it is no waiver ({type(error).__name__}: {error})"
        raise FactDamagedError(row.position, why) from None
    return Waiver(rule, scr, until, reason, by, run_by, row.position, known)


def as_json(listed: Listed) -> dict[str, object]:
    """Return what an answer says of a waiver."""
    one = listed.waiver
    return {
        "rule": one.rule,
        "scr": one.scr,
        "until": one.until,
        "state": listed.state,
        "reason": one.reason,
        "by": one.by,
        "run_by": one.run_by,
        "position": one.position,
        "recorded_at": instant(one.known),
    }
