"""The items of a reconciliation, in JSON, columns and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projections.reconcile import Item, Year

    Row = dict[str, object]

MINUS = "\N{MINUS SIGN}"
SUBJECTS = {
    "scr": "scr",
    "outcome": "scr",
    "organization": "organization",
    "case": "case_number",
}
"""The member of an item that says what came or went."""
TITLES = {"scr": "SCR", "organization": "Organization", "case_number": "Case number"}


def signed(value: object) -> str:
    """Return a number with its sign, as a difference is written."""
    assert isinstance(value, int)
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else MINUS}{abs(value):,}"


def item_row(item: Item, subject: str) -> Row:
    """Return an item as JSON has it; ``subject`` is one of ``SUBJECTS``' values."""
    told: Row = {subject: item.subject}
    if item.outcome is not None:
        told["outcome"] = item.outcome
    told |= {
        "effect": item.effect,
        "cause": item.cause,
        "positions": list(item.positions),
    }
    if item.clause is not None:
        told["clause"] = item.clause
    if item.other_year is not None:
        told["moved_from" if item.effect > 0 else "moved_to"] = item.other_year
    return told


def why(row: Row) -> str:
    """Say a cause with what belongs to it: a clause, or the year at the other end."""
    told = spelled(row["cause"])
    for name, words in (
        ("clause", ""),
        ("moved_from", "from FY "),
        ("moved_to", "to FY "),
    ):
        if name in row:
            told += f": {words}{row[name]}"
    return told


def year_line(year: Year) -> str:
    """Return a year as auditors write it: both figures, the change, and the causes."""
    causes = ", ".join(
        f"{signed(effect)} {cause}" for cause, effect in effects_of(year)
    )
    figures = f"{year.before:,} → {year.after:,} = {signed(year.change)}"
    return f"FY {year.fiscal_year}: {figures}: {causes}"


def effects_of(year: Year) -> list[tuple[str, int]]:
    """Return the effect of each cause, of a definition of each clause.

    Where as much went as came, or some of it, both are told.
    """
    from projections.reconcile import by_cause

    named = [item._replace(cause=_cause(item)) for item in year.items]
    effects = []
    for cause, effect in by_cause(named):
        came = sum(item.effect > 0 for item in named if item.cause == cause)
        went = came - effect
        both = f" ({came:,} came, {went:,} went)" if came and went else ""
        effects.append((cause + both, effect))
    return effects


def _cause(item: Item) -> str:
    cause = spelled(item.cause)
    return cause if item.clause is None else f"{cause} ({item.clause})"


def spelled(cause: object) -> str:
    """Return a cause as it is written in a sentence."""
    return str(cause).replace("-", " ")


def positions(value: object) -> str:
    """Return where an item's facts stand; a built-in definition stands nowhere."""
    assert isinstance(value, list)
    return " ".join(f"@{position}" for position in value) or "built in"
