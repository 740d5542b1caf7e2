"""Every printed figure an SCR ever entered, then and now.

Tracing goes from the record to what was printed of it; ``publications.behind`` goes the
other way, and a property test holds each to be the other's inverse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from projections import basis as bases
from projections.counts import Question, cases
from projections.history import check_recorded
from projections.measures import find
from projections.publications import behind, recorded

if TYPE_CHECKING:
    from ledger.reader import Log
    from projections.counts import Row
    from projections.publications import Recorded
    from projections.readmodel import ReadModel


class Traced(NamedTuple):
    """A figure of a publication that an SCR entered."""

    publication: Recorded
    then: Row
    """What ``scr cases`` has of it at the publication's basis."""
    now: Row | None
    """The same by all that is recorded now; None if it does not count any more."""


def trace(log: Log, model: ReadModel, scr: str) -> list[Traced]:
    """Return every figure of every publication that an SCR entered, in log order.

    Now is by the definition the publication names, so what differs is the data.

    :raises NotFoundError: nothing is recorded of that SCR.
    """
    check_recorded(log, scr)
    today = bases.of_now(log)
    found: list[Traced] = []
    for one in recorded(log):
        names = {used.measure: used.version for used in one.content.definitions}
        for then in behind(log, model, one, scr=scr):
            measure, year = str(then["measure"]), int(str(then["fiscal_year"]))
            question = Question(
                (measure,),
                range(year, year + 1),
                definitions=(f"{measure}@{names[measure]}",),
            )
            unit = find(model, today, question.definitions[0]).definition.unit
            rows = cases(model, today, question, scr=scr)
            found.append(Traced(one, then, _still(unit, rows, then)))
    return found


def _still(unit: str, rows: list[Row], then: Row) -> Row | None:
    """Return the row in which what counted then counts now.

    An SCR that is counted itself may count by another outcome now. Of a measure of
    outcomes, or of organizations, it may have several rows, and each is for its own.
    """
    if unit in ("scr", "case"):
        return rows[0] if rows else None
    ids = _outcomes(then)
    return next((row for row in rows if ids & _outcomes(row)), None)


def _outcomes(row: Row) -> set[str]:
    outcomes = row["outcomes"]
    assert isinstance(outcomes, list)
    return {one["outcome"] for one in outcomes}
