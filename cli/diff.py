"""``scr diff``: two figures taken apart, item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import Asking, answer, form, form_options, progress
from cli.render import Answer, Column

if TYPE_CHECKING:
    from cli.asking import Form
    from cli.main import Settings
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel
    from projections.reconcile import Corners, Item, Side, Year

    Row = dict[str, object]

DIFF_EXAMPLES = """\b
Examples:
  scr diff dd-all --from 2020-01-15 --to 2023-01-15
  scr diff dd-all dd-tco --as-of 2023-01-15 --fy 2019
  scr diff dd-all dd-tco --from 2020-01-15 --corners
"""

DIFFERS = 1
MINUS = "\N{MINUS SIGN}"
_BAR = 40

_YEAR = Column("fiscal_year", "Fiscal year")
_SUBJECTS = {
    "scr": "scr",
    "outcome": "scr",
    "organization": "organization",
    "case": "case_number",
}
"""The member of an item that says what came or went."""
_TITLES = {"scr": "SCR", "organization": "Organization", "case_number": "Case number"}


@click.command("diff", epilog=DIFF_EXAMPLES)
@click.argument("measures", nargs=-1, required=True, metavar="MEASURE [MEASURE]")
@click.option(
    "--from",
    "from_",
    metavar="WHEN|BASIS",
    help="The first basis: as --as-of takes it, or one copied from an answer.",
)
@click.option(
    "--to",
    metavar="WHEN|BASIS",
    help="The second basis.  [default: all that is recorded]",
)
@click.option("--as-of", metavar="WHEN|BASIS", help="One basis, for two measures.")
@click.option(
    "--fy",
    metavar="Y|Y..Z",
    help="Fiscal years.  [default: those in which dd-all is not 0 at either basis]",
)
@click.option("--items", is_flag=True, help="List every item, also in a table.")
@click.option(
    "--corners",
    is_flag=True,
    help="Split the change into what the data did and what the definition did.",
)
@form_options
@click.pass_obj
def diff_command(settings: Settings, /, **given: Any) -> int:
    """Reconcile two figures: per year, what came or went, and which fact did it.

    With one MEASURE: between two bases. With two, or two versions of one (ID@1 ID@2):
    between two definitions, at one basis or between two. The effects add up to the
    change. Ends with 1 if anything came or went.
    """
    from ledger.reader import open_log
    from projections import reconcile
    from projections.readmodel import open_read_model

    how = form(
        given["format_"], given["output"], as_json=given["as_json"], raw=given["raw"]
    )
    _check(given)
    years = _years(given["fy"])
    with (
        open_log(settings.ledger) as log,
        progress("reading the log, position") as tell,
        open_read_model(log, tell) as model,
    ):
        before, after = _sides(log, model, given)
        head = _head(log, model, before, after)
        if given["corners"]:
            found = reconcile.corners(model, before, after, years)
            _answer_corners(found, head, how)
            return DIFFERS if any(one.then_then != one.now_now for one in found) else 0
        reconciled = reconcile.reconcile(log, model, before, after, years)
    _answer(reconciled, head, how, items=given["items"])
    return DIFFERS if any(one.items for one in reconciled) else 0


def _check(given: dict[str, Any]) -> None:
    if len(given["measures"]) > 2:  # noqa: PLR2004 - two sides
        message = "diff takes one measure, or two"
        raise click.UsageError(message)
    if given["as_of"] is not None and (given["from_"] or given["to"]):
        message = "--as-of and --from or --to contradict; give one basis, or two"
        raise click.UsageError(message)
    if given["from_"] is None and given["to"] is not None:
        message = "--to needs --from: the basis to start from"
        raise click.UsageError(message)
    if len(given["measures"]) == 1 and given["from_"] is None:
        message = "one measure at one basis has no difference; give --from, or two"
        raise click.UsageError(message)
    if given["items"] and given["corners"]:
        message = "--items and --corners contradict; corners have no items"
        raise click.UsageError(message)


def _years(text: str | None) -> range | None:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError

    try:
        return None if text is None else parse_fiscal_years(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _sides(log: Log, model: ReadModel, given: dict[str, Any]) -> tuple[Side, Side]:
    from projections.measures import find
    from projections.reconcile import Side

    names = given["measures"]
    one = _basis(given["from_"] or given["as_of"], log)
    other = _basis(given["to"] or given["as_of"], log)
    return (
        Side(one, find(model, one, names[0])),
        Side(other, find(model, other, names[-1])),
    )


def _basis(text: str | None, log: Log) -> Basis:
    from projections import basis as bases

    if text is None:
        return bases.of_now(log)
    # What an answer printed begins with a word and a space, or is an object.
    if text.lstrip().startswith(("{", "all ", "before ", "through ")):
        return bases.parse_basis(text, log)
    return bases.parse_as_of(text, log)


# --- what every answer says of its two sides ------------------------------------------


class _Head:
    """The two bases and the two definitions of an answer."""

    def __init__(
        self,
        basis: dict[str, object],
        definitions: dict[str, object],
        names: tuple[str, str],
        subject: str,
    ) -> None:
        self.basis = basis
        self.subject = subject
        self.definitions = definitions
        self.names = names

    @property
    def measure(self) -> Row:
        """What a row says of the measure; of both, where they are two."""
        one, other = self.names
        return (
            {"measure": one} if one == other else {"measure": one, "to_measure": other}
        )


def _head(log: Log, model: ReadModel, before: Side, after: Side) -> _Head:
    from projections.measures import as_json

    graded = [Asking(log, model, side.basis).graded() for side in (before, after)]
    one, other = before.measure.definition, after.measure.definition
    names = (one.id, other.id)
    if one.id == other.id and one != other:
        names = (one.name, other.name)
    return _Head(
        dict(zip(("from", "to"), graded, strict=True)),
        {"from": as_json(before.measure), "to": as_json(after.measure)},
        names,
        _SUBJECTS[one.unit],
    )


# --- a reconciliation ---------------------------------------------------------------


def _answer(years: list[Year], head: _Head, how: Form, *, items: bool) -> None:
    flat = how.format in ("csv", "tsv", "md")
    unit = head.subject
    rows = [row for year in years for row in _flat(year, head, unit)]
    by_outcome = any("outcome" in row for row in rows)
    table = _item_table(unit, by_outcome=by_outcome) if items else _summary_table()
    lines = [_summary(year) for year in years]
    if items:
        lines = [row for row in rows if row["effect"] is not None]
    answer(
        Answer(
            "scr-diff/1",
            head.basis,
            _flat_columns(unit),
            rows if flat else [_nested(year, head, unit) for year in years],
            table_columns=table,
            table_rows=lines,
            title=f"{' to '.join(dict.fromkeys(head.names))}",
            notes=[]
            if items
            else [line for year in years for line in _waterfall(year)],
            extra={"definitions": head.definitions},
        ),
        how,
    )


def _flat_columns(unit: str) -> list[Column]:
    return [
        Column("measure", "Measure"),
        _YEAR,
        Column("from", "From", right=True, grouped=True),
        Column("to", "To", right=True, grouped=True),
        Column("change", "Change", right=True),
        Column(unit, _TITLES[unit]),
        Column("outcome", "Outcome"),
        Column("effect", "Effect", right=True),
        Column("cause", "Cause"),
        Column("clause", "Clause"),
        Column("positions", "Positions", show=_positions),
    ]


def _item_table(unit: str, *, by_outcome: bool) -> list[Column]:
    return [
        _YEAR,
        Column(unit, _TITLES[unit]),
        *([Column("outcome", "Outcome")] if by_outcome else []),
        Column("effect", "Effect", right=True, show=_signed),
        Column("cause", "Cause"),
        Column("detail", "Detail"),
        Column("positions", "Facts", show=_positions),
    ]


def _summary_table() -> list[Column]:
    return [
        _YEAR,
        Column("from", "From", right=True, grouped=True),
        Column("to", "To", right=True, grouped=True),
        Column("change", "Change", right=True, show=_signed),
        Column("causes", "What did it"),
    ]


def _summary(year: Year) -> Row:
    causes = [f"{_signed(effect)} {cause}" for cause, effect in _effects(year)]
    return {
        "fiscal_year": year.fiscal_year,
        "from": year.before,
        "to": year.after,
        "change": year.change,
        "causes": ", ".join(causes) or "nothing",
    }


def _effects(year: Year) -> list[tuple[str, int]]:
    """Return the effect of each cause, of a definition also of each clause."""
    from projections.reconcile import by_cause

    return by_cause(
        item
        if item.clause is None
        else item._replace(cause=f"{item.cause} ({item.clause})")
        for item in year.items
    )


def _nested(year: Year, head: _Head, unit: str) -> Row:
    return {
        **head.measure,
        "fiscal_year": year.fiscal_year,
        "from": year.before,
        "to": year.after,
        "change": year.change,
        "items": [_item(item, unit) for item in year.items],
    }


def _item(item: Item, unit: str) -> Row:
    told: Row = {unit: item.subject}
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


def _flat(year: Year, head: _Head, unit: str) -> list[Row]:
    whole = {
        **head.measure,
        "fiscal_year": year.fiscal_year,
        "from": year.before,
        "to": year.after,
        "change": year.change,
    }
    rows = [
        {**whole, **_item(item, unit), "detail": _detail(item)} for item in year.items
    ]
    return rows or [{**whole, "effect": None}]


def _detail(item: Item) -> str | None:
    if item.clause is not None:
        return item.clause
    if item.other_year is None:
        return None
    return f"moved {'from' if item.effect > 0 else 'to'} FY {item.other_year}"


def _positions(value: object) -> str:
    assert isinstance(value, list)
    return " ".join(f"@{position}" for position in value)


def _signed(value: object) -> str:
    assert isinstance(value, int)
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else MINUS}{abs(value):,}"


def _waterfall(year: Year) -> list[str]:
    """Draw how one figure becomes the other, a bar for each cause."""
    causes = _effects(year)
    if not causes:
        return []
    steps: list[tuple[str, int, int]] = []
    running = year.before
    for cause, effect in causes:
        steps.append((f"{_signed(effect)} {cause}", running, running + effect))
        running += effect
    most = max(year.before, year.after, *(max(step[1:]) for step in steps), 1)
    wide = max(len(step[0]) for step in steps)
    lines = [f"FY {year.fiscal_year}", _bar("from", wide, 0, year.before, most)]
    lines += [_bar(label, wide, low, high, most) for label, low, high in steps]
    return [*lines, _bar("to", wide, 0, year.after, most), ""]


def _bar(label: str, wide: int, one: int, other: int, most: int) -> str:
    """Draw a bar from one value to another: `░` where it falls."""
    low, high = sorted((one, other))
    begin = round(low * _BAR / most)
    length = max(round(high * _BAR / most) - begin, 1 if high > low else 0)
    mark = "░" if other < one else "█"
    return f"  {label:<{wide}}  {' ' * begin}{mark * length} {other:,}"


# --- four corners -------------------------------------------------------------------


def _answer_corners(found: list[Corners], head: _Head, how: Form) -> None:
    names = ("then_then", "now_then", "then_now", "now_now")
    effects = ("data_effect", "definition_effect", "interaction")
    rows = [
        {
            **head.measure,
            "fiscal_year": one.fiscal_year,
            **{name: getattr(one, name) for name in (*names, *effects)},
            "removed": dict(one.removed),
            "added": dict(one.added),
            **{f"removed_{word}": count for word, count in one.removed.items()},
        }
        for one in found
    ]
    columns = [
        _YEAR,
        Column("then_then", "Then", right=True, grouped=True),
        Column("data_effect", "Data", right=True, show=_signed),
        Column("definition_effect", "Definition", right=True, show=_signed),
        Column("interaction", "Both", right=True, show=_signed),
        Column("now_now", "Now", right=True, grouped=True),
        Column("removed_no", "Removed: TCO no", right=True, grouped=True),
        Column("removed_unknown", "Removed: unknown", right=True, grouped=True),
    ]
    answer(
        Answer(
            "scr-corners/1",
            head.basis,
            [
                Column("measure", "Measure"),
                *columns[:2],
                Column("now_then", "New data", right=True, grouped=True),
                Column("then_now", "New definition", right=True, grouped=True),
                *columns[2:],
            ],
            rows,
            table_columns=columns,
            title=f"{' to '.join(dict.fromkeys(head.names))}: four corners",
            notes=[
                "Then + data + definition + both = now. Removed: what the second"
                " definition leaves out of the first, on the data of the second basis;",
                "answered no is the floor of what should never have been counted.",
            ],
            extra={"definitions": head.definitions},
        ),
        how,
    )
