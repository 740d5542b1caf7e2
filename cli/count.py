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
from cli.counting import counted, definitions_in, notes_on
from cli.disclosing import case_columns, disclosed, disclosure_option
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cli.main import Settings
    from projections.counts import Question


COUNT_EXAMPLES = """\b
Examples:
  scr count --fy 2019 --as-of 2020-01-15
  scr count dd-all --fy FY2017..FY2022 --by category --json
  scr count dd-all --definition dd-all@1
"""
CASES_EXAMPLES = """\b
Examples:
  scr cases dd-tco --fy 2019 --as-of 2020-01-15
  scr cases dd-all --fy 2020 --where category=worksite-enforcement -f csv
"""


def question_options(command: F) -> F:
    """Add what ``count`` and ``cases`` have in common."""
    command = click.option(
        "--definition",
        "definitions",
        multiple=True,
        metavar="ID@VERSION",
        help="Ask this version of a measure, in place of the one in force. May recur.",
    )(command)
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


def question(measures: Sequence[str], given: dict[str, Any]) -> Question:
    """Return the question asked, checked.

    :param given: the options: years, columns, cells, definitions.
    :raises UsageError: a year, a column or a value that does not exist.
    """
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError
    from projections.counts import Question, check

    fy = given["fy"]
    try:
        years = None if fy is None else parse_fiscal_years(fy)
    except ValueError as error:
        raise UsageError(str(error)) from None
    asked = Question(
        tuple(measures),
        years,
        tuple(column for part in given.get("by", ()) for column in part.split(",")),
        cells(given["where"]),
        given["definitions"],
    )
    check(asked)
    _check_once("--by", asked.by)
    _check_once("--definition", [_measure(part) for part in asked.definitions])
    return asked


def _check_once(option: str, names: Sequence[str]) -> None:
    """Refuse what is given twice: two cells of a column share nothing."""
    for place, name in enumerate(names):
        if name in names[:place]:
            message = f"{option} names {name} twice; name each once"
            raise click.UsageError(message)


def _measure(text: str) -> str:
    name, at, version = text.partition("@")
    if not (name and at and version):
        message = f"--definition takes ID@VERSION, not {text}"
        raise click.UsageError(message)
    return name


def cells(texts: Iterable[str]) -> tuple[tuple[str, str | None], ...]:
    """Return the cells that ``--where`` names, each column once; None: no value.

    :raises UsageError: one is no COLUMN=VALUE, or its column is named twice.
    """
    found = tuple(map(_cell, texts))
    _check_once("--where", [column for column, _ in found])
    return found


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
    dismantlements-all, dismantlements-tco, organizations-tco, entered-all, or one of
    your own (`scr measure list`), by its definition in force at the basis, or as
    ID@VERSION; left out: dd-all and dd-tco. Without --by every asked year is a row.
    """
    from projections import counts

    how = form(given)
    asked = question(given["measures"] or counts.DEFAULT_MEASURES, given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        answer(counted(open_, asked, how, parts=not given["measures"]), how)


@click.command("cases", epilog=CASES_EXAMPLES)
@click.argument("measure")
@question_options
@basis_options
@disclosure_option
@form_options
@click.pass_obj
def cases_command(settings: Settings, /, **given: Any) -> None:
    """List the SCRs behind a figure, given the same arguments as count.

    MEASURE is a built-in one, or one of your own by its definition in force at the
    basis, or as ID@VERSION.
    """
    from projections import counts

    how = form(given)
    asked = question([given["measure"]], given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        used = counts.used(open_.model, open_.basis, asked, rates=False)
        rows = counts.cases(open_.model, open_.basis, asked)
        level = given["disclosure"]
        columns = case_columns(level, of_cases=used[0].definition.unit == "case")
        found = Answer(
            "scr-cases/1",
            open_.graded(),
            [Column("measure", "Measure"), *columns],
            disclosed(open_.log, open_.basis, rows, level),
            table_columns=columns,
            title=_title(given["measure"], len(rows)),
            notes=notes_on(used) if how.format == "table" else (),
            extra={} if level is None else {"disclosure": level},
            tail=definitions_in(used),
        )
        answer(found, how)


def _title(measure: str, rows: int) -> str:
    return f"{measure}: {rows:,} row{'' if rows == 1 else 's'}"
