"""How much of an SCR is told along with a figure it counts in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from projections.history import of_scr, state_of

if TYPE_CHECKING:
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.counts import Row

Disclosure = Literal["public", "official", "full"]

DISCLOSURES: dict[Disclosure, str] = {
    "public": "no case number, no source, no free text",
    "official": "with case number and title",
    "full": "with every visible fact as well",
}


def told(log: Log, basis: Basis, row: Row, disclosure: Disclosure) -> Row:
    """Return a row of ``cases`` with as much of its SCR as is disclosed.

    Public rows have no case number, no source and no free text; official ones have the
    case number and the title; full ones the visible facts with their positions.
    """
    public = {name: value for name, value in row.items() if name != "case_number"}
    if disclosure == "public":
        return public
    scr = str(row["scr"])
    state = state_of(log, scr, basis)
    official = {
        **public,
        "case_number": state["case_number"],
        "title": state["title"],
    }
    if disclosure == "official":
        return official
    return {**official, "facts": of_scr(log, scr, basis)}
