"""The answer of ``scr count``: figures per fiscal year, in the shape they are read.

Without click: a plain question is answered before that is loaded (``cli.plain``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.asking import scrs
from cli.disclosing import TITLES
from cli.render import Answer, Column
from cli.saying import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.asking import Asking, Form
    from projections.counts import Question, Row
    from projections.measures import Measure

YEAR = Column("fiscal_year", "Fiscal year")
_VALUE = Column("value", "Value", right=True, grouped=True)


def counted(
    open_: Asking,
    asked: Question,
    how: Form,
    *,
    parts: bool,
    tell: Callable[[str], None] = complain,
) -> Answer:
    """Return the answer to a question.

    :param parts: whether a table without columns shows what ``dd-all`` adds up from.
    :param tell: gets what is to be said on standard error.
    """
    from projections import counts

    used = counts.used(open_.model, open_.basis, asked, rates=not asked.by)
    rows = counts.count(open_.model, open_.basis, asked)
    table = None
    if how.format == "table" and not asked.by:
        table = _per_year(rows, asked, _denominators(open_, asked))
        if parts:
            table = _with_parts(open_, asked)
    return Answer(
        "scr-count/1",
        open_.graded(),
        [
            Column("measure", "Measure"),
            YEAR,
            *(Column(name, TITLES[name]) for name in asked.by),
            _VALUE,
            *(column for column in _OF_SOME if any(column.name in r for r in rows)),
        ],
        rows,
        table_columns=table and table[0],
        table_rows=table and table[1],
        notes=[
            *(notes_on(used) if how.format == "table" else ()),
            *_left_out(open_, how, tell),
        ],
        tail=definitions_in(used),
    )


def _left_out(open_: Asking, how: Form, tell: Callable[[str], None]) -> list[str]:
    """Say under a table, else on stderr, that imports have set SCRs aside."""
    from projections.imports import set_aside

    count = set_aside(open_.log, open_.basis.position)
    if not count:
        return []
    note = f"note: the imports into this ledger have set aside {scrs(count)}"
    if how.format == "table":
        return [note]
    tell(note)
    return []


def definitions_in(used: Sequence[Measure]) -> dict[str, object]:
    """Return what JSON says of the definitions an answer rests on."""
    from projections.measures import as_json

    return {"definitions": [as_json(one) for one in used]}


def notes_on(used: Sequence[Measure]) -> list[str]:
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
    columns = [YEAR]
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
