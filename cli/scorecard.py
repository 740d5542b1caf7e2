"""``scr scorecard``: whether the fixes hold, with numerator, denominator and lists."""

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
    output,
)
from cli.main import read_enough
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.asking import Form
    from cli.main import Settings
    from projections.scorecard import Point, Rate, Scorecard

    Row = dict[str, object]

EXAMPLES = """\b
Examples:
  scr scorecard --as-of 2023-06-30
  scr scorecard --by quarter -o scorecard.html
"""

HTML = (".html", ".htm")


@click.command("scorecard", epilog=EXAMPLES)
@click.option(
    "--by",
    type=click.Choice(("quarter", "year")),
    default="year",
    show_default=True,
    help="The fiscal periods of the trend.",
)
@click.option("--items", is_flag=True, help="Every unit behind the rates instead.")
@basis_options
@form_options
@click.pass_obj
def scorecard_command(settings: Settings, /, **given: Any) -> None:
    """Say whether three recommendations of an audit are met, as rates at a basis.

    TCO identified in each SCR; figures validated before they were printed; SCR data
    used in resource requests. Each with its trend and the list behind it; -o FILE.html
    writes one self-contained page.
    """
    from projections.scorecard import scorecard

    how = form(given)
    if given["items"] and _is_page(how, given):
        message = "--items lists, and -o FILE.html writes a page; give one, or --format"
        raise click.UsageError(message)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        found = scorecard(open_.log, open_.model, open_.basis, given["by"])
        basis = open_.graded()
    if _is_page(how, given):
        from cli.scorecard_page import page

        text = page(found, basis, given["by"])
        with read_enough(), output(how.output) as out:
            out.write(text)
        return
    answer(_answer(found, basis, how, given), how)


def _is_page(how: Form, given: dict[str, Any]) -> bool:
    """Whether a page is asked for: a file of that ending, and no other format."""
    chosen = given["format_"] is not None or given["as_json"]
    return not chosen and how.output is not None and how.output.lower().endswith(HTML)


def _answer(
    found: Scorecard, basis: dict[str, object], how: Form, given: dict[str, Any]
) -> Answer:
    nested = how.format in ("json", "jsonl")
    rows = [_row(found, rate) for rate in found.rates]
    items = [item for row in rows for item in _flat(row)]
    listed = given["items"] and not nested
    return Answer(
        "scr-scorecard/1",
        basis,
        _ITEM_COLUMNS if listed else _COLUMNS,
        items if listed else rows,
        title=f"Scorecard on {found.day or 'an empty ledger'}",
        notes=[] if listed else list(_trend(found)),
        extra={"day": found.day or None, "by": given["by"]},
        tail={"trend": [_point(point) for point in found.trend]},
    )


_COLUMNS = [
    Column("title", "Recommendation"),
    Column("rate", "Rate"),
    Column("numerator", "Met", right=True, grouped=True),
    Column("denominator", "Of", right=True, grouped=True),
    Column("unit", "What"),
    Column("percent", "%", right=True),
]
_ITEM_COLUMNS = [
    Column("rate", "Rate"),
    Column("unit", "What"),
    Column("counts", "Met", show=lambda held: "yes" if held else "no"),
    Column("why", "Why"),
]


def _row(found: Scorecard, rate: Rate) -> Row:
    from projections.scorecard import TITLES, UNITS

    return {
        "title": TITLES[rate.rate],
        "rate": rate.rate,
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "unit": UNITS[rate.rate],
        "percent": rate.percent,
        "items": [one._asdict() for one in found.lists[rate.rate]],
    }


def _flat(row: Row) -> Iterator[Row]:
    items = row["items"]
    assert isinstance(items, list)
    for item in items:
        yield {"rate": row["rate"], **item}


def _point(point: Point) -> Row:
    return {
        "period": point.label,
        "day": point.day or None,
        "rates": [{**one._asdict(), "percent": one.percent} for one in point.rates],
    }


def shown(rate: Rate) -> str:
    """Return a rate as people read it: ``1 of 50, 2.0 %``; nothing is not 0 %."""
    if rate.percent is None:
        return "none yet"
    return f"{rate.numerator:,} of {rate.denominator:,}, {rate.percent:.1f} %"


def _trend(found: Scorecard) -> Iterator[str]:
    from projections.scorecard import TITLES

    yield "Trend, at the end of each period as known then, up to this position:"
    width = max(len(point.label) for point in found.trend)
    heads = "   ".join(f"{TITLES[one.rate]:>26}" for one in found.rates)
    yield f"  {'':<{width}} {heads}"
    for point in found.trend:
        told = "   ".join(f"{shown(one):>26}" for one in point.rates)
        yield f"  {point.label:<{width}} {told}"
