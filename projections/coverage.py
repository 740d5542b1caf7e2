"""How many resource requests used SCR data, and which.

A request *used* SCR data if it cites a figure or an SCR; it *declined* if it says why
it does not; else it is *undecided*, which is not the same. Each request is in exactly
one of the three, so the list behind a share always adds up (docs/accountability.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projections.requests import Request, State

COLUMNS = ("office", "program", "fy")


class Share(NamedTuple):
    """One cell: what is counted of all requests in it."""

    cell: str | int | None
    """The office, program or fiscal year; None: a request without one, or all."""
    requests: tuple[Request, ...]

    def count(self, state: State) -> int:
        """Return how many of its requests stand so."""
        return sum(one.state == state for one in self.requests)

    @property
    def used(self) -> int:
        """The numerator."""
        return self.count("used")

    @property
    def of(self) -> int:
        """The denominator: all requests of the cell."""
        return len(self.requests)


def coverage(requests: Iterable[Request], by: str | None = None) -> list[Share]:
    """Return the share of requests that used SCR data, in all or cell by cell.

    :param by: one of ``COLUMNS``; the cells are by code point, none last.
    :raises UsageError: there is no such column.
    """
    if by is None:
        return [Share(None, tuple(requests))]
    if by not in COLUMNS:
        message = f"requests have no column {by}; there are {', '.join(COLUMNS)}"
        raise UsageError(message)
    cells: dict[str | int | None, list[Request]] = {}
    for one in requests:
        cells.setdefault(_cell(one, by), []).append(one)

    def order(cell: str | int | None) -> tuple[bool, str | int]:
        return cell is None, "" if cell is None else cell

    return [Share(cell, tuple(cells[cell])) for cell in sorted(cells, key=order)]


def _cell(one: Request, by: str) -> str | int | None:
    match by:
        case "office":
            return one.office
        case "program":
            return one.program
        case _:
            return one.fiscal_year
