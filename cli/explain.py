"""``scr explain``: why an SCR is counted, or is not; and what each clause keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import (
    Basing,
    answer,
    asking,
    basis_options,
    form,
    form_options,
    progress,
)
from cli.render import Answer, Column

if TYPE_CHECKING:
    from cli.asking import Asking, Form
    from cli.main import Settings
    from projections.explain import Asked, Explanation, Finding
    from projections.measures import Measure

    Row = dict[str, object]

EXPLAIN_EXAMPLES = """\b
Examples:
  scr explain dd-tco --fy 2019 --scr SCR-2019-00042
  scr explain dd-tco --fy 2019 --as-of 2020-01-15
"""

NOT_COUNTED = 1


@click.command("explain", epilog=EXPLAIN_EXAMPLES)
@click.argument("measure")
@click.option("--fy", metavar="Y", required=True, help="The fiscal year.")
@click.option("--scr", metavar="SCR", help="One SCR.  [default: the funnel of all]")
@basis_options
@form_options
@click.pass_obj
def explain_command(settings: Settings, /, **given: Any) -> int:
    """Say why an SCR is, or is not, counted: each clause, and the fact that made it so.

    Without --scr: how many SCRs each clause keeps and drops. With it, ends with 1 if
    the SCR is not counted.
    """
    from projections import explain
    from projections.measures import find

    how = form(given)
    year = _year(given["fy"])
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        measure = find(open_.model, open_.basis, given["measure"])
        asked = explain.Asked(measure.definition, year, open_.basis)
        if given["scr"] is None:
            _answer_funnel(open_, asked, measure, how)
            return 0
        found = explain.explain(open_.log, open_.model, asked, given["scr"])
        _answer(open_, found, measure, how)
    return 0 if found.counted else NOT_COUNTED


def _year(text: str) -> int:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError

    try:
        years = parse_fiscal_years(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if len(years) != 1:
        message = f"explain takes one fiscal year, not {text}"
        raise click.UsageError(message)
    return years.start


def _answer(open_: Asking, found: Explanation, measure: Measure, how: Form) -> None:
    from projections.measures import as_json

    name = measure.definition.name
    verb = "is counted" if found.counted else "is not counted"
    columns = [
        Column("clause", "Clause"),
        Column("holds", "Holds", show=lambda holds: "yes" if holds else "no"),
        Column("value", "There is"),
        Column("wants", "It takes"),
        Column("fact", "Made so by", show=_fact),
        Column("since", "Since"),
    ]
    answer(
        Answer(
            "scr-explain/1",
            open_.graded(),
            [Column("candidate", "Of"), *columns],
            [_row(one) for one in found.findings],
            table_columns=[Column("of", "Of"), *columns],
            table_rows=[
                {**_row(one), "of": one.candidate or "the SCR"}
                for one in found.findings
            ],
            title=f"{found.scr} {verb} in {name}, FY {found.fiscal_year}",
            notes=_why(found),
            extra={
                "definition": as_json(measure),
                "scr": found.scr,
                "fiscal_year": found.fiscal_year,
                "counted": found.counted,
                "nearest": found.nearest,
            },
        ),
        how,
    )


def _row(one: Finding) -> Row:
    return {
        "candidate": one.candidate,
        "clause": one.clause,
        "holds": one.holds,
        "value": one.value,
        "wants": one.wants,
        "fact": None if one.fact is None else one.fact._asdict(),
        "since": one.since,
    }


def _fact(value: object) -> str:
    assert isinstance(value, dict)
    words = (value["event"], value["effective_on"], "by", value["by"])
    return f"@{value['position']} {' '.join(words)}"


def _why(found: Explanation) -> list[str]:
    """Say for what an SCR is counted, or what stands against the nearest miss."""
    from projections.explain import KNOWN

    if found.counted:
        return [f"Counted for {', '.join(found.counting())}."]
    if any(one.clause == KNOWN for one in found.findings):
        return [f"No fact about {found.scr} is visible at this basis."]
    of = (
        "Against it"
        if found.nearest is None
        else f"The nearest miss is {found.nearest}"
    )
    return [f"{of}:", *(line for one in found.against() for line in _miss(one))]


def _miss(one: Finding) -> list[str]:
    lines = [f"  {one.clause}: {one.value or 'none'} (the measure takes: {one.wants})"]
    if one.since is not None:
        made = "" if one.fact is None else f", by {_fact(one.fact._asdict())}"
        lines.append(f"    so since {one.since}{made}")
    return lines


def _answer_funnel(open_: Asking, asked: Asked, measure: Measure, how: Form) -> None:
    from projections.explain import funnel
    from projections.measures import as_json

    with progress("reading the log, position") as tell:
        steps = funnel(open_.log, open_.model, asked, tell)
    answer(
        Answer(
            "scr-funnel/1",
            open_.graded(),
            [
                Column("clause", "Clause"),
                Column("wants", "It takes"),
                Column("kept", "SCRs kept", right=True, grouped=True),
                Column("dropped", "Dropped", right=True, grouped=True),
            ],
            [step._asdict() for step in steps],
            title=f"{measure.definition.name}, FY {asked.fiscal_year}: the funnel",
            notes=[]
            if (unit := measure.definition.unit) == "scr"
            else [f"The figure counts by {unit}; these are the SCRs behind it."],
            extra={"definition": as_json(measure), "fiscal_year": asked.fiscal_year},
        ),
        how,
    )
