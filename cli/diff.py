"""``scr diff``: two figures taken apart, item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import Asking, Basing, answer, form, form_options, progress, resolve
from cli.items import (
    SUBJECTS,
    TITLES,
    effects_of,
    item_row,
    positions,
    signed,
    spelled,
    why,
    year_line,
)
from cli.main import complain
from cli.render import Answer, Column

if TYPE_CHECKING:
    from cli.asking import Form
    from cli.main import Settings
    from ledger.domain.definitions import Definition
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel
    from projections.reconcile import Corners, Side, Year

    Row = dict[str, object]

DIFF_EXAMPLES = """\b
Examples:
  scr diff dd-all --from 2020-01-15 --to 2023-01-15
  scr diff dd-all dd-tco --as-of 2023-01-15 --fy 2019
  scr diff dd-all dd-tco --from 2020-01-15 --corners
"""

DIFFERS = 1
_BAR = 40

_YEAR = Column("fiscal_year", "Fiscal year")


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

    how = form(given)
    _check(given)
    years = _years(given["fy"])
    with (
        open_log(settings.ledger) as log,
        progress("reading the log, position") as tell,
        open_read_model(log, tell) as model,
    ):
        before, after = _sides(log, model, given)
        _warn_of_denominators(before, after)
        head = _head(log, model, before, after, given["measures"])
        if given["corners"]:
            found = reconcile.corners(model, before, after, years)
            _answer_corners(found, head, how)
            return DIFFERS if any(one.differs for one in found) else 0
        reconciled = reconcile.reconcile(log, model, before, after, years)
    _answer(reconciled, head, how, items=given["items"])
    return DIFFERS if any(one.items for one in reconciled) else 0


def _check(given: dict[str, Any]) -> None:
    if len(given["measures"]) > 2:  # noqa: PLR2004 - two sides
        message = "diff takes one measure, or two"
        raise click.UsageError(message)
    sides = [given[side] for side in ("from_", "to") if given[side] is not None]
    if given["as_of"] is not None and sides:
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
    both = given["as_of"]
    one = _basis(given["from_"] if both is None else both, log)
    other = _basis(given["to"] if both is None else both, log)
    return (
        Side(one, find(model, one, names[0])),
        Side(other, find(model, other, names[-1])),
    )


def _basis(text: str | None, log: Log) -> Basis:
    # What an answer printed begins with a word and a space, or is an object.
    if text is not None and text.lstrip().startswith(
        ("{", "all ", "before ", "through ")
    ):
        return resolve(Basing(None, text), log)
    return resolve(Basing(text, None), log)


# --- what every answer says of its two sides ------------------------------------------


class _Head:
    """The two bases and the two definitions of an answer."""

    def __init__(
        self,
        basis: dict[str, object],
        definitions: dict[str, object],
        asked: tuple[str, ...],
        before: Definition,
        after: Definition,
    ) -> None:
        self.basis = basis
        self.definitions = definitions
        self.subject = SUBJECTS[before.unit]
        self._asked = dict.fromkeys(asked)
        one_measure = len(self._asked) == 1 and before != after
        names = (before.name, after.name) if one_measure else asked
        self._names = dict.fromkeys(names)

    @property
    def measure(self) -> Row:
        """What a row says of the measure; of both, where they are two."""
        return dict(zip(("measure", "to_measure"), self._asked, strict=False))

    @property
    def columns(self) -> list[Column]:
        """The columns of that."""
        columns = [Column("measure", "Measure"), Column("to_measure", "To measure")]
        return columns[: len(self._asked)]

    def title(self, what: str) -> str:
        """Return what stands above a table: the measure, or the two definitions."""
        return f"{' to '.join(self._names)}: {what}"


def _warn_of_denominators(before: Side, after: Side) -> None:
    one, other = (side.measure.definition.denominator for side in (before, after))
    if one != other:
        complain(
            "note: only the values are reconciled; the denominators differ:"
            f" {one or 'none'} and {other or 'none'}"
        )


def _head(
    log: Log, model: ReadModel, before: Side, after: Side, asked: tuple[str, ...]
) -> _Head:
    from projections.measures import as_json

    graded = [Asking(log, model, side.basis).graded() for side in (before, after)]
    return _Head(
        dict(zip(("from", "to"), graded, strict=True)),
        {"from": as_json(before.measure), "to": as_json(after.measure)},
        asked,
        before.measure.definition,
        after.measure.definition,
    )


# --- a reconciliation ---------------------------------------------------------------


def _answer(years: list[Year], head: _Head, how: Form, *, items: bool) -> None:
    flat = how.format in ("csv", "tsv", "md")
    listed = [row for year in years for row in _flat(year, head)]
    answer(
        Answer(
            "scr-diff/1",
            head.basis,
            _columns(head, listed, how.format),
            listed if flat else [_nested(year, head) for year in years],
            table_columns=_item_columns(head, listed) if items else _FLOWS,
            table_rows=_only_items(listed)
            if items
            else [_flow(year) for year in years],
            title=head.title("every item" if items else "what came and went"),
            notes=_notes(years, how.format, items=items),
            extra={"definitions": head.definitions},
        ),
        how,
    )


_FLOWS = [
    _YEAR,
    Column("from", "From", right=True, grouped=True),
    Column("came", "Came", right=True, show=signed),
    Column("went", "Went", right=True, show=signed),
    Column("to", "To", right=True, grouped=True),
    Column("change", "Change", right=True, show=signed),
]


def _flow(year: Year) -> Row:
    return {
        "fiscal_year": year.fiscal_year,
        "from": year.before,
        "came": sum(item.effect for item in year.items if item.effect > 0),
        "went": sum(item.effect for item in year.items if item.effect < 0),
        "to": year.after,
        "change": year.change,
    }


def _columns(head: _Head, rows: list[Row], fmt: str) -> list[Column]:
    """Return what is in a cell; Markdown leaves out what nothing is said of."""
    subject = head.subject
    columns = [
        Column("from", "From", right=True, grouped=True),
        Column("to", "To", right=True, grouped=True),
        Column("change", "Change", right=True, show=signed),
        Column(subject, TITLES[subject]),
        Column("outcome", "Outcome"),
        Column("effect", "Effect", right=True, show=signed),
        Column("cause", "Cause", show=spelled),
        Column("clause", "Clause"),
        Column("moved_from", "Moved from FY"),
        Column("moved_to", "Moved to FY"),
        Column("positions", "Facts", show=positions),
    ]
    if fmt == "md":
        said = {name for row in rows for name in row}
        columns = [column for column in columns if column.name in said]
    return [*head.columns, _YEAR, *columns]


def _item_columns(head: _Head, rows: list[Row]) -> list[Column]:
    subject = head.subject
    outcome = [Column("outcome", "Outcome")]
    return [
        _YEAR,
        Column(subject, TITLES[subject]),
        *(outcome if any("outcome" in row for row in rows) else []),
        Column("effect", "Effect", right=True, show=signed),
        Column("why", "Cause"),
        Column("positions", "Facts", show=positions),
    ]


def _only_items(rows: list[Row]) -> list[Row]:
    return [{**row, "why": why(row)} for row in rows if "effect" in row]


def _nested(year: Year, head: _Head) -> Row:
    items = [item_row(item, head.subject) for item in year.items]
    return {**_figures(year, head), "items": items}


def _figures(year: Year, head: _Head) -> Row:
    return {
        **head.measure,
        "fiscal_year": year.fiscal_year,
        "from": year.before,
        "to": year.after,
        "change": year.change,
    }


def _flat(year: Year, head: _Head) -> list[Row]:
    whole = _figures(year, head)
    return [{**whole, **item_row(item, head.subject)} for item in year.items] or [whole]


# --- in words -----------------------------------------------------------------------


def _notes(years: list[Year], fmt: str, *, items: bool) -> list[str]:
    """Say every year in a line, on a table with its waterfall, and then the moves."""
    if items:
        return []
    changed = [year for year in years if year.items]
    if fmt == "md":
        return [*map(year_line, changed), *_moves(years)]
    blocks = [[year_line(year), *_waterfall(year)] for year in changed]
    moves = _moves(years)
    blocks += [moves] if moves else []
    return [line for block in blocks for line in (*block, "")][:-1]


def _moves(years: list[Year]) -> list[str]:
    """Say every move once: it is an item in either year."""
    moves = {
        (item.positions[-1], item.subject, item.outcome): (year.fiscal_year, item)
        for year in years
        for item in year.items
        if item.other_year is not None
    }
    lines = []
    for (position, subject, outcome), (year, item) in sorted(moves.items()):
        ends = (year, item.other_year) if item.effect < 0 else (item.other_year, year)
        of = subject if outcome is None else f"{subject} {outcome}"
        lines.append(f"  {of} from FY {ends[0]} to FY {ends[1]}, @{position}")
    return ["Moved by redating, one move each:", *lines] if lines else []


def _waterfall(year: Year) -> list[str]:
    """Draw how one figure becomes the other, a bar for each cause."""
    steps: list[tuple[str, int, int]] = []
    running = year.before
    for cause, effect in effects_of(year):
        steps.append((f"{signed(effect)} {cause}", running, running + effect))
        running += effect
    most = max(year.before, year.after, *(max(step[1:]) for step in steps), 1)
    wide = max(len(step[0]) for step in steps)
    lines = [_bar("from", wide, 0, year.before, most)]
    lines += [_bar(label, wide, low, high, most) for label, low, high in steps]
    return [*lines, _bar("to", wide, 0, year.after, most)]


def _bar(label: str, wide: int, one: int, other: int, most: int) -> str:
    """Draw a bar from one value to another: `░` where it falls."""
    low, high = sorted((one, other))
    begin = round(low * _BAR / most)
    length = max(round(high * _BAR / most) - begin, 1 if high > low else 0)
    begin = min(begin, _BAR - length)
    mark = "░" if other < one else "█"
    bar = f"{' ' * begin}{mark * length}"
    return f"  {label:<{wide}}  {bar:<{_BAR}}  {other:,}"


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
        }
        for one in found
    ]
    shown = [{**row, **_taken_apart(one)} for row, one in zip(rows, found, strict=True)]
    columns = [
        Column("data_effect", "Data", right=True, show=signed),
        Column("definition_effect", "Definition", right=True, show=signed),
        Column("interaction", "Both", right=True, show=signed),
        Column("now_now", "To", right=True, grouped=True),
        Column("removed_no", "Removed: no", right=True, grouped=True),
        Column("removed_unknown", "unknown", right=True, grouped=True),
        Column("removed_yes", "yes", right=True, grouped=True),
        Column("added_all", "Added", right=True, grouped=True),
    ]
    first = Column("then_then", "From", right=True, grouped=True)
    answer(
        Answer(
            "scr-corners/1",
            head.basis,
            [
                *head.columns,
                _YEAR,
                first,
                Column("now_then", "New data", right=True, grouped=True),
                Column("then_now", "New definition", right=True, grouped=True),
                *columns,
            ],
            shown if how.format in ("csv", "tsv", "md") else rows,
            table_columns=[_YEAR, first, *columns],
            table_rows=shown,
            title=head.title("four corners"),
            notes=_CORNER_NOTES,
            extra={"definitions": head.definitions},
        ),
        how,
    )


_CORNER_NOTES = [
    "From + data + definition + both = to. Data: what the second basis alone changes;",
    "definition: what the second definition alone changes; both: what only the two",
    "together change. Removed: what the second definition leaves out of the first, on",
    "the data of the second basis, by TCO answer: no is the floor of what should never",
    "have been counted, unknown is what nobody can tell.",
]


def _taken_apart(one: Corners) -> Row:
    removed = {f"removed_{word}": count for word, count in one.removed.items()}
    return {**removed, "added_all": sum(one.added.values())}
