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
    scrs,
)
from cli.disclosing import TITLES, case_columns, disclosed, disclosure_option
from cli.main import complain
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cli.asking import Asking, Form
    from cli.main import Settings
    from projections.counts import Question, Row
    from projections.measures import Measure

_YEAR = Column("fiscal_year", "Fiscal year")
_VALUE = Column("value", "Value", right=True, grouped=True)

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
        used = counts.used(open_.model, open_.basis, asked, rates=not asked.by)
        rows = counts.count(open_.model, open_.basis, asked)
        table = None
        if how.format == "table" and not asked.by:
            table = _per_year(rows, asked, _denominators(open_, asked))
            if not given["measures"]:
                table = _with_parts(open_, asked)
        found = Answer(
            "scr-count/1",
            open_.graded(),
            [
                Column("measure", "Measure"),
                _YEAR,
                *(Column(name, TITLES[name]) for name in asked.by),
                _VALUE,
                *(column for column in _OF_SOME if any(column.name in r for r in rows)),
            ],
            rows,
            table_columns=table and table[0],
            table_rows=table and table[1],
            notes=[
                *(_notes(used) if how.format == "table" else ()),
                *_left_out(open_, how),
            ],
            tail=_definitions(used),
        )
        answer(found, how)


def _left_out(open_: Asking, how: Form) -> list[str]:
    """Say under a table, else on stderr, that imports have set SCRs aside."""
    from projections.imports import set_aside

    count = set_aside(open_.log, open_.basis.position)
    if not count:
        return []
    note = f"note: the imports into this ledger have set aside {scrs(count)}"
    if how.format == "table":
        return [note]
    complain(note)
    return []


def _definitions(used: Sequence[Measure]) -> dict[str, object]:
    """Return what JSON says of the definitions an answer rests on."""
    from projections.measures import as_json

    return {"definitions": [as_json(one) for one in used]}


def _notes(used: Sequence[Measure]) -> list[str]:
    """Say which recorded definitions an answer rests on; built-in ones hold always."""
    from projections.measures import instant

    notes = []
    for one in used:
        if one.position is None:
            continue
        claimed = " (claimed)" if one.claimed else ""
        holds = (
            f"in force from {instant(one.adopted)}{claimed}"
            if one.in_force
            else f"adopted {instant(one.adopted)}{claimed},"
            " not the definition in force at this basis"
        )
        name = one.definition.name
        notes.append(
            f"{name} sha256 {one.hash[:8]}…, {holds}, recorded @{one.position}"
        )
    return notes


_OF_SOME = (
    Column("denominator", "Denominator", right=True, grouped=True),
    Column("target", "Target", right=True, grouped=True),
)
"""What the rows of a rate, or of a measure with targets, have besides."""

Table = tuple[list[Column], list["Row"]]


def _denominators(open_: Asking, asked: Question) -> dict[str, str]:
    """Return the denominators of those measures that are rates."""
    from projections.counts import measure_of

    found = {
        name: measure_of(open_.model, open_.basis, asked, name).definition.denominator
        for name in asked.measures
    }
    return {name: under for name, under in found.items() if under is not None}


def _per_year(rows: list[Row], asked: Question, rates: dict[str, str]) -> Table:
    """Shape figures for reading: a line per year, a column per measure.

    A rate has two more, its denominator and the percentage; a measure with targets
    has the target.
    """
    years: dict[object, Row] = {}
    for row in rows:
        line = years.setdefault(row["fiscal_year"], {"fiscal_year": row["fiscal_year"]})
        name = str(row["measure"])
        line[name] = row["value"]
        line[f"{name} target"] = row.get("target")
        if name in rates:
            line[f"{name} of"] = row["denominator"]
            line[f"{name} %"] = _percentage(row["value"], row["denominator"])
    columns = [_YEAR]
    for name in dict.fromkeys(asked.measures):
        columns.append(Column(name, name, right=True, grouped=True))
        if name in rates:
            title = f"of {rates[name]}"
            columns.append(Column(f"{name} of", title, right=True, grouped=True))
            columns.append(Column(f"{name} %", "%", right=True))
        title = f"{name} target"
        if any(line[title] is not None for line in years.values()):
            columns.append(Column(title, "target", right=True, grouped=True))
    return columns, list(years.values())


def _percentage(value: object, denominator: object) -> str | None:
    """Return a rate in percent, to one decimal, halves up; of nothing there is none."""
    assert isinstance(value, int)
    assert isinstance(denominator, int)
    if denominator == 0:
        return None
    tenths = (2_000 * value + denominator) // (2 * denominator)
    return f"{tenths // 10:,}.{tenths % 10}"


def _with_parts(open_: Asking, asked: Question) -> Table:
    """Shape the default table: ``dd-all``, and the three parts it adds up from."""
    from projections import counts

    whole = asked._replace(measures=("dd-all",))
    columns, lines = _per_year(counts.count(open_.model, open_.basis, whole), whole, {})
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
            notes=_notes(used) if how.format == "table" else (),
            extra={} if level is None else {"disclosure": level},
            tail=_definitions(used),
        )
        answer(found, how)


def _title(measure: str, rows: int) -> str:
    return f"{measure}: {rows:,} row{'' if rows == 1 else 's'}"
