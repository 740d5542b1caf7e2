"""The SCRs behind a figure, with as much of each as is disclosed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.render import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cli.asking import F
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.counts import Row

_YEAR = Column("fiscal_year", "Fiscal year")
TITLES = {
    "category": "Category",
    "subcategory": "Subcategory",
    "office": "Office",
    "program": "Program",
    "meets_tco": "Meets TCO",
}

LEVELS = ("public", "official", "full")


def disclosure_option(command: F) -> F:
    """Add ``--disclosure``."""
    import click

    return click.option(
        "--disclosure",
        type=click.Choice(LEVELS),
        help="public: no case number, source or free text; official: with case number"
        " and title; full: with all visible facts and their positions.",
    )(command)


def case_columns(level: str | None, *, of_cases: bool = False) -> list[Column]:
    """Return the columns of SCRs behind a figure, as much as is disclosed."""
    columns = [
        _YEAR,
        Column("scr", "SCR"),
        *(Column(name, title) for name, title in TITLES.items()),
        Column("organization", "Organization"),
        Column("outcomes", "Outcomes", show=_outcomes),
    ]
    if level in ("official", "full") or (level is None and of_cases):
        columns.insert(1, Column("case_number", "Case number"))
    if level in ("official", "full"):
        columns.append(Column("title", "Title"))
    if level == "full":
        columns.append(Column("facts", "Facts", show=positions))
    return columns


def disclosed(
    log: Log, basis: Basis, rows: Sequence[Row], level: str | None
) -> Iterable[Row]:
    """Return rows with as much of each SCR as is disclosed; None: as they are."""
    from projections.disclosure import told

    if level is None:
        return rows
    return (told(log, basis, row, level) for row in rows)  # type: ignore[arg-type]


def positions(facts: object) -> str:
    """Return facts as their positions and events."""
    assert isinstance(facts, list)
    return ", ".join(f"@{fact['position']} {fact['event']}" for fact in facts)


def _outcomes(value: object) -> str:
    assert isinstance(value, list)
    return ", ".join(f"{o['outcome']} {o['kind']} {o['on']}" for o in value)
