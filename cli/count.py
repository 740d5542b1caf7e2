"""``scr count`` and ``scr cases``: figures, and the SCRs behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import (
    Basing,
    F,
    answer,
    asking,
    basis_options,
    form,
    form_options,
)
from cli.main import complain
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.asking import Asking, Form
    from cli.main import Settings
    from projections.counts import Question, Row

_YEAR = Column("fiscal_year", "Fiscal year")
_VALUE = Column("value", "Value", right=True, grouped=True)

COUNT_EXAMPLES = """\b
Examples:
  scr count --fy 2019 --as-of 2020-01-15
  scr count dd-all --fy FY2017..FY2022 --by category --json
"""
CASES_EXAMPLES = """\b
Examples:
  scr cases dd-tco --fy 2019 --as-of 2020-01-15
  scr cases dd-all --fy 2020 --where category=worksite-enforcement -f csv
"""


def question_options(command: F) -> F:
    """Add ``--fy`` and ``--where``: what ``count`` and ``cases`` have in common."""
    command = click.option(
        "--where",
        multiple=True,
        metavar="COLUMN=VALUE",
        help="Keep one cell of a column; `COLUMN=` those without a value. May recur.",
    )(command)
    return click.option(
        "--fy",
        metavar="Y|Y..Z",
        help="Fiscal years.  [default: those in which dd-all is not 0]",
    )(command)


def question(
    measures: Sequence[str], fy: str | None, by: Sequence[str], where: Sequence[str]
) -> Question:
    """Return the question asked, checked.

    :raises UsageError: a year, a measure, a column or a value that does not exist.
    """
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError
    from projections.counts import Question, check

    try:
        years = None if fy is None else parse_fiscal_years(fy)
    except ValueError as error:
        raise UsageError(str(error)) from None
    asked = Question(
        tuple(measures),
        years,
        tuple(column for part in by for column in part.split(",")),
        tuple(_cell(part) for part in where),
    )
    check(asked)
    _check_once("--by", asked.by)
    _check_once("--where", [column for column, _ in asked.where])
    return asked


def _check_once(option: str, columns: Sequence[str]) -> None:
    """Refuse a column given twice: two cells of one column share nothing."""
    for place, column in enumerate(columns):
        if column in columns[:place]:
            message = f"{option} names {column} twice; name each column once"
            raise click.UsageError(message)


def _cell(text: str) -> tuple[str, str | None]:
    column, equals, value = text.partition("=")
    if not equals:
        message = f"--where takes COLUMN=VALUE, not {text}"
        raise click.UsageError(message)
    return column, value or None


@click.command("count", epilog=COUNT_EXAMPLES)
@click.argument("measures", nargs=-1, metavar="[MEASURE]...")
@question_options
@click.option(
    "--by",
    multiple=True,
    metavar="COLUMN",
    help="Split by category, subcategory, office, program or meets_tco. May recur.",
)
@basis_options
@form_options
@click.pass_obj
def count_command(settings: Settings, /, **given: Any) -> None:
    """Count per fiscal year, at a basis.

    MEASURE is one of dd-all, dd-tco, disruptions-all, disruptions-tco,
    dismantlements-all, dismantlements-tco, organizations-tco, entered-all; left out:
    dd-all and dd-tco. Without --by every asked year is a row.
    """
    from projections import counts

    how = form(
        given["format_"], given["output"], as_json=given["as_json"], raw=given["raw"]
    )
    asked = question(
        given["measures"] or counts.DEFAULT_MEASURES,
        given["fy"],
        given["by"],
        given["where"],
    )
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        rows = counts.count(open_.model, open_.basis, asked)
        table = None
        if how.format == "table" and not asked.by:
            table = _per_year(rows, asked)
            if not given["measures"]:
                table = _with_parts(open_, asked)
        found = Answer(
            "scr-count/1",
            open_.graded(),
            [
                Column("measure", "Measure"),
                _YEAR,
                *(Column(name, _TITLES[name]) for name in asked.by),
                _VALUE,
            ],
            rows,
            table_columns=table and table[0],
            table_rows=table and table[1],
            notes=_left_out(open_, how),
        )
        answer(found, how)


def _left_out(open_: Asking, how: Form) -> list[str]:
    """Say under a table, else on stderr, that imports have set SCRs aside."""
    from projections.imports import set_aside

    count = set_aside(open_.log, open_.basis.position)
    if not count:
        return []
    note = f"note: the imports into this ledger have set aside {_scrs(count)}"
    if how.format == "table":
        return [note]
    complain(note)
    return []


def _scrs(count: int) -> str:
    return "1 SCR" if count == 1 else f"{count:,} SCRs"


_TITLES = {
    "category": "Category",
    "subcategory": "Subcategory",
    "office": "Office",
    "program": "Program",
    "meets_tco": "Meets TCO",
}

Table = tuple[list[Column], list["Row"]]


def _per_year(rows: list[Row], asked: Question) -> Table:
    """Shape figures for reading: a line per year, a column per measure."""
    years: dict[object, Row] = {}
    for row in rows:
        line = years.setdefault(row["fiscal_year"], {"fiscal_year": row["fiscal_year"]})
        line[str(row["measure"])] = row["value"]
    columns = [
        Column(name, name, right=True, grouped=True)
        for name in dict.fromkeys(asked.measures)
    ]
    return [_YEAR, *columns], list(years.values())


def _with_parts(open_: Asking, asked: Question) -> Table:
    """Shape the default table: ``dd-all``, and the three parts it adds up from."""
    from projections import counts

    whole = asked._replace(measures=("dd-all",))
    columns, lines = _per_year(counts.count(open_.model, open_.basis, whole), whole)
    parts = whole._replace(by=("meets_tco",))
    values = {
        (row["fiscal_year"], row["meets_tco"]): row["value"]
        for row in counts.count(open_.model, open_.basis, parts)
    }
    for line in lines:
        for word in ("yes", "unknown", "no"):
            line[word] = values.get((line["fiscal_year"], word), 0)
    titles = {"yes": "TCO yes (dd-tco)", "unknown": "TCO unknown", "no": "TCO no"}
    split = [Column(w, t, right=True, grouped=True) for w, t in titles.items()]
    return [*columns, *split], lines


@click.command("cases", epilog=CASES_EXAMPLES)
@click.argument("measure")
@question_options
@basis_options
@form_options
@click.pass_obj
def cases_command(settings: Settings, /, **given: Any) -> None:
    """List the SCRs behind a figure, given the same arguments as count."""
    from projections import counts

    how = form(
        given["format_"], given["output"], as_json=given["as_json"], raw=given["raw"]
    )
    asked = question([given["measure"]], given["fy"], (), given["where"])
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        rows = counts.cases(open_.model, open_.basis, asked)
        columns = [
            _YEAR,
            Column("scr", "SCR"),
            *(Column(name, title) for name, title in _TITLES.items()),
            Column("organization", "Organization"),
            Column("outcomes", "Outcomes", show=_outcomes),
        ]
        found = Answer(
            "scr-cases/1",
            open_.graded(),
            [Column("measure", "Measure"), *columns],
            rows,
            table_columns=columns,
            title=_title(given["measure"], len(rows)),
        )
        answer(found, how)


def _title(measure: str, rows: int) -> str:
    return f"{measure}: {rows:,} row{'' if rows == 1 else 's'}"


def _outcomes(value: object) -> str:
    assert isinstance(value, list)
    return ", ".join(f"{o['outcome']} {o['kind']} {o['on']}" for o in value)
