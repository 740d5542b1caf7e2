"""``scr vintages``: the revision triangle of a measure."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any

import click

from cli.asking import (
    Asking,
    Basing,
    answer,
    asking,
    form,
    form_options,
    progress,
    warn_of_future,
)
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.main import Settings
    from projections.revisions import Revisions
    from projections.vintages import Final, Revised, Triangle

    Row = dict[str, object]

VINTAGES_EXAMPLES = """\b
Examples:
  scr vintages dd-all --fy 2017..2022
  scr vintages dd-tco --at 2020-01-15 --at 2021-01-15 --at 2023-09-30
  scr vintages dd-all --every 6m --on 01-15 --shape changes -f csv
"""

SHAPES = {
    "matrix": "a row a year, a column a vintage",
    "long": "a row a figure",
    "changes": "a row a figure that is new or revised, with causes",
    "first": "a row a year: the first figure, and the last",
}
NOT_YET = "·"
MINUS = "\N{MINUS SIGN}"
_YEAR = Column("fiscal_year", "Fiscal year")
_FAINT, _CLEAR, _STRONG = "on grey23", "on grey35", "on grey50"
_PERCENT = 100


@click.command("vintages", epilog=VINTAGES_EXAMPLES)
@click.argument("measure")
@click.option(
    "--fy",
    metavar="Y|Y..Z",
    help="Fiscal years.  [default: those that have ended, in which dd-all is not 0]",
)
@click.option(
    "--at",
    multiple=True,
    metavar="WHEN",
    help="A vintage: as --as-of takes it.  May recur.",
)
@click.option("--every", metavar="Ny|Nm", help="Vintages so far apart.  [default: 1y]")
@click.option(
    "--on", metavar="MM-DD", help="The day of regular vintages.  [default: 01-15]"
)
@click.option(
    "--publications",
    is_flag=True,
    help="A vintage for each publication that has figures of the measure.",
)
@click.option(
    "--definition",
    metavar="ID@VERSION",
    help="Count by this version throughout, not by the one in force at each vintage.",
)
@click.option(
    "--shape",
    type=click.Choice(list(SHAPES)),
    default="matrix",
    show_default=True,
    help="How the figures are laid out.",
)
@form_options
@click.pass_obj
def vintages_command(settings: Settings, /, **given: Any) -> None:
    """Show how figures grew and shrank as knowledge came in.

    A row is a fiscal year, a column what was known at one time: a vintage. A year has
    no figure in a vintage before its end. With what was revised, by how much, why,
    and how much of each year was final 12 and 24 months after its end.
    """
    from projections import vintages

    how = form(given)
    measure, definition = _asked(given)
    years = _years(given["fy"])
    with asking(settings, Basing(None, None)) as open_:
        log, model = open_.log, open_.model
        if given["publications"]:
            at = vintages.published(log, measure)
        elif given["at"]:
            at = vintages.asked_for(log, given["at"])
        else:
            every, on = given["every"] or vintages.EVERY, given["on"] or vintages.ON
            at = vintages.regular(log, model, every, on, years)
        for text, basis in at:
            if basis.instant is not None:
                warn_of_future(basis.instant, text)
        found = vintages.triangle(
            log, model, measure, at, years, definition, time_ns() // 1000
        )
        with progress("reconciling vintages, pair") as tell:
            revised = vintages.revised(log, model, found, tell)
        final = vintages.finality(log, model, found)
        statistics = vintages.statistics(found)
        shape: str = given["shape"]
        rows = _SHAPED[shape](found, revised)
        matrix = shape == "matrix"
        answer(
            Answer(
                "scr-vintages/1",
                open_.graded(),
                _columns(shape, found),
                rows
                if how.format in ("json", "jsonl")
                else _flat(shape, rows, NOT_YET if how.format == "md" else None),
                table_columns=_table_columns(found) if matrix else None,
                table_rows=_table_rows(found) if matrix else None,
                title=f"{definition or measure}: {SHAPES[shape]}",
                notes=_notes(statistics, revised, final),
                extra={
                    "measure": found.measure,
                    "shape": shape,
                    "vintages": [_vintage(open_, found, n) for n in range(len(at))],
                },
                tail={
                    "revisions": [_statistic(*one) for one in statistics],
                    "causes": [
                        {"cause": cause, "effect": effect}
                        for cause, effect in vintages.causes(revised)
                    ],
                    "final": [_final(one) for one in final],
                },
            ),
            how,
        )


def _asked(given: dict[str, Any]) -> tuple[str, str | None]:
    """Return the measure, and the version to count by throughout if there is one."""
    regular = given["every"] or given["on"]
    if sum(map(bool, (given["at"], regular, given["publications"]))) > 1:
        message = "--at, --every or --on, and --publications contradict; give one"
        raise click.UsageError(message)
    measure, at, version = given["measure"].partition("@")
    pinned = given["measure"] if at else given["definition"]
    if pinned is None:
        return measure, None
    name, at, version = pinned.partition("@")
    if (
        not (name and at and version)
        or name != measure
        or given["definition"]
        not in (
            None,
            pinned,
        )
    ):
        message = f"--definition takes {measure}@VERSION, not {given['definition']}"
        raise click.UsageError(message)
    return measure, pinned


def _years(text: str | None) -> range | None:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError

    try:
        return None if text is None else parse_fiscal_years(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _vintage(open_: Asking, found: Triangle, place: int) -> Row:
    from projections.measures import as_json

    vintage = found.vintages[place]
    return {
        "vintage": vintage.name,
        "basis": Asking(open_.log, open_.model, vintage.basis).graded(),
        "definition": None if vintage.measure is None else as_json(vintage.measure),
    }


# --- shapes -------------------------------------------------------------------------


def _matrix(found: Triangle, revised: Sequence[Revised]) -> list[Row]:
    del revised
    return [
        {
            "fiscal_year": year,
            "values": {
                vintage.name: found.values.get((year, place))
                for place, vintage in enumerate(found.vintages)
            },
        }
        for year in found.years
    ]


def _long(found: Triangle, revised: Sequence[Revised]) -> list[Row]:
    return [
        {
            "fiscal_year": row.fiscal_year,
            "vintage": found.vintages[row.place].name,
            "value": row.value,
        }
        for row in revised
    ]


def _changes(found: Triangle, revised: Sequence[Revised]) -> list[Row]:
    return [
        {
            "fiscal_year": row.fiscal_year,
            "vintage": found.vintages[row.place].name,
            "previous": row.before,
            "value": row.value,
            "change": row.change,
            "came": row.came,
            "went": row.went,
            "causes": dict(row.causes),
        }
        for row in revised
        if row.change is None or row.change or row.came or row.went
    ]


def _first(found: Triangle, revised: Sequence[Revised]) -> list[Row]:
    del revised
    rows: list[Row] = []
    for year in found.years:
        held = found.of_year(year)
        if held:
            (place, first), (_, last) = held[0], held[-1]
            rows.append(
                {
                    "fiscal_year": year,
                    "vintage": found.vintages[place].name,
                    "value": first,
                    "latest": last,
                    "change": last - first,
                }
            )
    return rows


_SHAPED = {"matrix": _matrix, "long": _long, "changes": _changes, "first": _first}


def _columns(shape: str, found: Triangle) -> list[Column]:
    vintage = Column("vintage", "Vintage")
    value = Column("value", "Value", right=True, grouped=True)
    change = Column("change", "Change", right=True, show=signed)
    match shape:
        case "matrix":
            of_each = [
                Column(one.name, one.name, right=True, grouped=True)
                for one in found.vintages
            ]
            return [_YEAR, *of_each]
        case "long":
            return [_YEAR, vintage, value]
        case "changes":
            return [
                _YEAR,
                vintage,
                Column("previous", "Before", right=True, grouped=True),
                value,
                change,
                Column("came", "Came", right=True, grouped=True),
                Column("went", "Went", right=True, grouped=True),
                Column("causes", "Causes", show=_causes_in_words),
            ]
        case _:
            latest = Column("latest", "Latest", right=True, grouped=True)
            return [_YEAR, vintage, value, latest, change]


def _flat(shape: str, rows: Sequence[Row], unknown: str | None) -> Sequence[Row]:
    if shape != "matrix":
        return rows
    flat: list[Row] = []
    for row in rows:
        values = row["values"]
        assert isinstance(values, dict)
        told = {k: unknown if v is None else v for k, v in values.items()}
        flat.append({"fiscal_year": row["fiscal_year"], **told})
    return flat


def _causes_in_words(causes: object) -> str:
    assert isinstance(causes, dict)
    return ", ".join(f"{cause} {signed(effect)}" for cause, effect in causes.items())


def signed(value: object) -> str:
    """Return a number with its sign, as tables write it."""
    assert isinstance(value, int)
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else MINUS}{abs(value):,}"


# --- the triangle in a table --------------------------------------------------------

# A cell is a figure, and by how much it differs from the first one of its year.
_Cell = tuple[int, int | None]


def _table_columns(found: Triangle) -> list[Column]:
    return [
        _YEAR,
        *(
            Column(one.name, one.name, right=True, show=_cell_in_words, shade=_shaded)
            for one in found.vintages
        ),
    ]


def _table_rows(found: Triangle) -> list[Row]:
    rows: list[Row] = []
    for year in found.years:
        row: Row = {one.name: (0, None) for one in found.vintages}
        held = found.of_year(year)
        for place, value in held:
            row[found.vintages[place].name] = (value, value - held[0][1], held[0][1])
        rows.append({"fiscal_year": year, **row})
    return rows


def _cell_in_words(cell: object) -> str:
    assert isinstance(cell, tuple)
    value, change, *_ = cell
    if change is None:
        return NOT_YET
    return f"{value:,} {signed(change)}" if change else f"{value:,}"


def _shaded(cell: object) -> str:
    """Return a shade by how far a figure is from its first one."""
    assert isinstance(cell, tuple)
    _, change, *first = cell
    if not change:
        return ""
    share = abs(change) / max(first[0], 1)
    if share < _SMALL:
        return _FAINT
    return _CLEAR if share < _MATERIAL else _STRONG


_SMALL, _MATERIAL = 0.02, 0.1


# --- what is said of it -------------------------------------------------------------


def _statistic(name: str, one: Revisions) -> Row:
    return {
        "between": name,
        "figures": one.figures,
        "mean": one.mean,
        "mean_absolute": one.mean_absolute,
        "relative_mean_absolute": one.relative,
        "up": one.up,
        "down": one.down,
        "unchanged": one.unchanged,
        "largest": one.largest,
    }


def _final(one: Final) -> Row:
    return {
        "fiscal_year": one.fiscal_year,
        "months_after": one.months,
        "then": one.then,
        "kept": one.kept,
        "gone": one.gone,
        "last": one.last,
    }


def _notes(
    statistics: Sequence[tuple[str, Revisions]],
    revised: Sequence[Revised],
    final: Sequence[Final],
) -> list[str]:
    from projections.vintages import causes

    notes = [
        f"{NOT_YET}: the year had not ended, or the measure had no definition."
        " A change is from the first figure of its year."
    ]
    moved = [place for place, (_, one) in enumerate(statistics) if one.absolute]
    told = statistics[: moved[-1] + 1 if moved else 1]
    notes += [_revision_words(name, one) for name, one in told if one.figures]
    if 1 <= len(told) < len(statistics):
        after = statistics[len(told)][0].partition(" ")[0]
        notes.append(f"No figure was revised after the {after} vintage it is in.")
    effects = [f"{cause} {signed(effect)}" for cause, effect in causes(revised)]
    if effects:
        notes.append(f"All revisions by cause: {', '.join(effects)}.")
    return [*notes, *_final_words(final)]


def _revision_words(name: str, one: Revisions) -> str:
    relative = "" if one.relative is None else f" ({one.relative * _PERCENT:.2f} %)"
    years = "1 year" if one.figures == 1 else f"{one.figures} years"
    return (
        f"Revisions, {name}: {years}, mean {one.mean:+.2f},"
        f" mean absolute {one.mean_absolute:.2f}{relative},"
        f" {one.up} up, {one.down} down, largest {signed(one.largest)}."
    )


def _final_words(final: Sequence[Final]) -> list[str]:
    by_months: dict[int, list[str]] = {}
    for one in final:
        gone = f", {one.gone:,} gone since" if one.gone else ""
        text = f"FY{one.fiscal_year} {one.kept:,} of {one.last:,}{gone}"
        by_months.setdefault(one.months, []).append(text)
    return [
        f"Final {months} months after the year: {'; '.join(texts)}."
        for months, texts in by_months.items()
    ]
