"""``scr sample plan``: how large a sample has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import answer, form, form_options
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    Row = dict[str, object]

PLAN_EXAMPLES = """\b
Examples:
  scr sample plan --confidence 95 --expected 1 --tolerable 5
  scr sample plan --confidence 95 --expected 1 --tolerable 5 --population 2042
  scr sample plan --confidence 95 --margin 5 --population 2042
"""
MOST_OF_POPULATION = 100_000_000


@click.command("plan", short_help="how large it has to be", epilog=PLAN_EXAMPLES)
@click.option("--confidence", metavar="%", required=True, help="In percent, as 95.")
@click.option("--expected", metavar="%", help="The rate that is expected; 0 if none.")
@click.option(
    "--tolerable",
    metavar="%",
    help="The rate that is still tolerable: attribute sampling.",
)
@click.option(
    "--margin", metavar="%", help="How far the estimate may be off: Cochran's size."
)
@click.option(
    "--population",
    type=click.IntRange(1, MOST_OF_POPULATION),
    help="How many there are: hypergeometric, or with finite correction.",
)
@click.option(
    "--strata",
    metavar="FILE",
    help="A table with the columns stratum, population and perhaps rate, to allocate"
    " the size to; with rates by Neyman.",
)
@click.option("--size", type=click.IntRange(1), help="The size to allocate.")
@form_options
def plan_command(**given: Any) -> None:
    """Say how large a sample has to be, in exact arithmetic; no ledger is needed.

    With --tolerable: the least n that shows, at the confidence, that the rate is below
    it, if no more than the expected rate is found. With --margin: the least n that
    estimates a rate so closely. --strata divides a size among strata.
    """
    from projections.planning import percent

    how = form(given)
    confidence = percent(given["confidence"], "--confidence")
    if not 1 / 2 <= confidence < 1:
        message = "--confidence is in percent, from 50 to less than 100"
        raise click.UsageError(message)
    if (given["tolerable"] is None) == (given["margin"] is None):
        if given["tolerable"] is not None or given["size"] is None:
            message = "give --tolerable, or --margin, and not both"
            raise click.UsageError(message)
        size: Row = {"method": "given", "n": given["size"]}
    elif given["size"] is not None:
        message = "--size is allocated as it is; leave --tolerable and --margin out"
        raise click.UsageError(message)
    elif given["tolerable"] is not None:
        size = _attribute(confidence, given)
    else:
        size = _cochran(confidence, given)
    rows = [{"stratum": None, "population": given["population"], **size}]
    if given["strata"] is not None:
        rows += _allocated(given["strata"], int(str(size["n"])), given["population"])
    elif size["method"] == "given":
        message = "--size is for --strata FILE"
        raise click.UsageError(message)
    columns = [
        Column("stratum", "Stratum"),
        Column("population", "Population", right=True, grouped=True),
        Column("n", "Size", right=True, grouped=True),
        Column("accepted", "Exceptions accepted", right=True),
        Column("risk", "Risk", right=True, show=lambda value: f"{value:.6f}"),
        Column("method", "Method"),
    ]
    whole = dict.fromkeys(("accepted", "risk"))
    asked = {
        name: given[name]
        for name in ("confidence", "expected", "tolerable", "margin", "population")
    }
    rows = [{**whole, **row} for row in rows]
    answer(Answer("scr-sample-plan/1", None, columns, rows, extra=asked), how)


def _attribute(confidence: Fraction, given: Mapping[str, Any]) -> Row:
    from projections.planning import attribute_size, percent

    expected = percent(given["expected"] or "0", "--expected")
    tolerable = percent(given["tolerable"], "--tolerable")
    size = attribute_size(confidence, expected, tolerable, given["population"])
    kind = "binomial" if given["population"] is None else "hypergeometric"
    return {
        "n": size.n,
        "accepted": size.accepted,
        "risk": round(float(size.risk), 6),
        "method": f"attribute, {kind}, exact",
    }


def _cochran(confidence: Fraction, given: Mapping[str, Any]) -> Row:
    from projections.planning import cochran_size, percent

    rate = percent(given["expected"] or "50", "--expected")
    margin = percent(given["margin"], "--margin")
    kind = "" if given["population"] is None else " with finite correction"
    return {
        "n": cochran_size(confidence, margin, rate, given["population"]),
        "method": f"Cochran{kind}, rate {float(rate):.1%}",
    }


def _allocated(path: str, size: int, population: int | None) -> list[Row]:
    from projections.planning import Stratum, allocate, percent

    strata = [
        Stratum(
            row["stratum"],
            whole(row["population"], "population"),
            percent(row["rate"], "rate") if "rate" in row else None,
        )
        for row in table(path, ("stratum", "population"), ("rate",), "plan with")
    ]
    there = sum(one.population for one in strata)
    if population not in (None, there):
        message = f"--population is {population:,}, and the strata have {there:,}"
        raise click.UsageError(message)
    kind = "Neyman" if all(one.rate is not None for one in strata) else "proportional"
    return [
        {
            "stratum": one.name,
            "population": one.population,
            "n": n,
            "method": f"allocation, {kind}",
        }
        for one, n in zip(strata, allocate(strata, size), strict=True)
    ]


def whole(text: str, column: str) -> int:
    """Return the whole number in a cell.

    :raises UsageError: it is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 10):  # noqa: PLR2004 - no frame has so many
        message = f"{column} takes a whole number, not {text or repr('')}"
        raise click.UsageError(message)
    return int(text)


def table(
    path: str, required: Sequence[str], optional: Sequence[str], verb: str
) -> list[dict[str, str]]:
    """Return the rows of a table of strata.

    :raises FaultyFileError: a row lacks a cell, or names a stratum twice.
    """
    from cli.tables import opened
    from ledger.errors import FaultyFileError

    faults: list[str] = []
    rows: list[dict[str, str]] = []
    seen: set[str] = set()
    with opened(path, path, None, lambda name: name in (*required, *optional)) as held:
        for row in held.rows():
            where = f"{path}:{row.number}"
            faults += [f"{where}: {field}: {rule}" for field, rule in row.faults]
            cells = {name: str(cell) for name, cell in row.cells.items()}
            if row.faults:
                continue
            faults += [
                f"{where}: {name}: is required"
                for name in required
                if name not in cells
            ]
            if cells.get("stratum") in seen:
                faults.append(f"{where}: stratum: is there twice")
            seen.add(cells.get("stratum", ""))
            rows.append(cells)
    if faults or not rows:
        faults = faults or [f"{path}: has no stratum"]
        raise FaultyFileError(path, tuple(faults[:100]), len(faults), verb=verb)
    return rows
