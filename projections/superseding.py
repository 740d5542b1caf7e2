"""What was said of publications after they were recorded; read from the log each time.

A publication keeps its bytes. That another one supersedes it, that it is withdrawn, and
by how much a figure of it is misstated at least, are later facts.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import format_instant
from ledger.errors import FactDamagedError
from projections.publications import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log, Row

_PUBLISHED, _MARKED, _RETRACTED = (
    "ledger.published/1",
    "ledger.marked/1",
    "ledger.retracted/1",
)


class Floor(NamedTuple):
    """A figure is misstated by at least so much; the true value is not known."""

    position: int
    recorded_at: str
    by: str
    measure: str
    fiscal_year: int
    at_least: int
    basis_of: str
    reason: str

    @property
    def words(self) -> str:
        """What is said of the figure."""
        return (
            f"known misstated by at least {self.at_least:,}"
            f" (on the basis of {self.basis_of})"
        )


class Withdrawal(NamedTuple):
    """A publication is withdrawn."""

    position: int
    recorded_at: str
    by: str
    reason: str


class Since(NamedTuple):
    """What was said of one publication since."""

    superseded_by: str | None
    withdrawn: Withdrawal | None
    floors: tuple[Floor, ...]
    """The last of each figure, by measure and year; none of 0."""

    @property
    def current(self) -> bool:
        """Whether it is neither superseded nor withdrawn."""
        return self.superseded_by is None and self.withdrawn is None

    def floor(self, measure: str, fiscal_year: int) -> Floor | None:
        """Return the floor of a figure, if one holds."""
        key = (measure, fiscal_year)
        held = (one for one in self.floors if (one.measure, one.fiscal_year) == key)
        return next(held, None)

    def notices(self) -> Iterator[str]:
        """Yield what has to be said beside the publication, in words."""
        if self.superseded_by is not None:
            yield f"SUPERSEDED by {self.superseded_by}."
        if self.withdrawn is not None:
            yield f"WITHDRAWN on {self.withdrawn.recorded_at}: {self.withdrawn.reason}"
        for one in self.floors:
            figure = f"{one.measure} FY{one.fiscal_year}"
            yield f"{figure}: {one.words}: {one.reason}"


NOTHING = Since(None, None, ())


def afterwards(log: Log, upto: int | None = None) -> dict[str, Since]:
    """Return of every publication what was said of it since, by its name.

    :param upto: the last position that counts; None for the head.
    :raises FactDamagedError: what is kept is of no such form.
    """
    found: dict[str, Since] = {}
    for row in log.family(PREFIX, log.head if upto is None else upto):
        try:
            found |= _after(found, row, json.loads(row.payload))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            why = "it says nothing of a publication that can be read"
            raise FactDamagedError(row.position, why) from None
    return found


def _after(
    found: dict[str, Since], row: Row, said: dict[str, object]
) -> dict[str, Since]:
    name = str(said["publication"])
    if row.topic == _PUBLISHED:
        content = said["content"]
        of = content.get("supersedes")  # type: ignore[attr-defined]  # or it is damaged
        changed = {name: NOTHING}
        if of is not None:
            old = str(of["publication"])
            changed[old] = found[old]._replace(superseded_by=name)
        return changed
    at = format_instant(datetime.fromisoformat(row.recorded_at))
    held = found[name]
    if row.topic == _RETRACTED:
        withdrawn = Withdrawal(row.position, at, str(said["by"]), str(said["reason"]))
        return {name: held._replace(withdrawn=withdrawn)}
    if row.topic != _MARKED:
        raise ValueError
    floor = Floor(
        row.position,
        at,
        str(said["by"]),
        str(said["measure"]),
        int(str(said["fiscal_year"])),
        int(str(said["at_least"])),
        str(said["basis_of"]),
        str(said["reason"]),
    )
    key = (floor.measure, floor.fiscal_year)
    others = [one for one in held.floors if (one.measure, one.fiscal_year) != key]
    floors = sorted([*others, floor][: None if floor.at_least else -1], key=_order)
    return {name: held._replace(floors=tuple(floors))}


def _order(one: Floor) -> tuple[str, int]:
    return one.measure, one.fiscal_year
