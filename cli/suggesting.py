"""``scr request suggest``: the case activity that could support a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, asking, basis_options, form, form_options, scrs
from cli.disclosing import case_columns, disclosed, disclosure_option
from cli.items import signed
from cli.render import Answer, Column, basis_line, grade_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cli.main import Settings
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.suggesting import Suggested

    Row = dict[str, object]

SUGGEST_EXAMPLES = """\b
Examples:
  scr request suggest --program transnational-gangs --fy 2022 --as-of 2021-03-15
  scr request suggest --office "SAC Houston" --fy 2022 --disclosure official --json
"""

TITLES = {
    "dd-all": "SCRs with a disruption or dismantlement",
    "dd-tco": "of these, determined to be about a TCO",
    "disruptions-all": "disruptions",
    "dismantlements-all": "dismantlements",
    "entered-all": "SCRs entered",
}
FEW = 10
"""How many SCRs a table names; the other formats have all."""


@click.command("suggest", short_help="what could support one", epilog=SUGGEST_EXAMPLES)
@click.option("--program", metavar="TEXT", help="The program office that asks.")
@click.option("--office", metavar="TEXT", help="The office that asks.")
@click.option("--fy", metavar="Y", required=True, help="The fiscal year it is for.")
@disclosure_option
@basis_options
@form_options
@click.pass_obj
def suggest_command(settings: Settings, /, **given: Any) -> int:
    """Show the case activity that could support a request, with what to cite.

    The five fiscal years before the one asked for, as known at the basis: figures,
    largest categories, SCRs to cite, and a paragraph ready to paste. Ends with 1 where
    there is no activity to cite.
    """
    from cli.requesting import fiscal_year
    from projections import basis as bases
    from projections.suggesting import suggest

    how = form(given)
    where = _where(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        found = suggest(
            open_.log,
            open_.model,
            open_.basis,
            fiscal_year=fiscal_year(given["fy"]),
            where=where,
        )
        level = given["disclosure"] or "public"
        told = list(disclosed(open_.log, open_.basis, found.cases, level))
        basis = open_.graded()
        until = given["as_of"] or bases.as_of(open_.basis, open_.log)
        known = _known(open_.basis, open_.log)
        paragraph = _paragraph(found, where, known, basis)
        rows = [_activity(found, measure) for measure in TITLES]
        whole = {
            "disclosure": level,
            "cell": dict(where),
            "fiscal_year": fiscal_year(given["fy"]),
            "complete": found.complete,
            "supports": found.supports,
        }
        tail = {
            "categories": [
                {"category": name, "value": value} for name, value in found.categories
            ],
            "cite": _claims(found, where, until),
            "cases": told,
            "paragraph": paragraph,
        }
        answer(
            Answer(
                "scr-request-suggest/1",
                basis,
                _columns(found),
                rows,
                table_columns=_columns(found),
                table_rows=[_flat(row) for row in rows],
                title=_title(where, given["fy"]),
                notes=[*_lists(found, told, level), "", *paragraph],
                extra=whole,
                tail=tail,
            ),
            how,
        )
    return 0 if found.supports else 1


def _where(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    where = tuple(
        (name, given[name]) for name in ("office", "program") if given[name] is not None
    )
    if not where:
        message = "give --program or --office: who asks"
        raise click.UsageError(message)
    return where


def _title(where: tuple[tuple[str, str], ...], year: str) -> str:
    cell = ", ".join(f"{name} {value}" for name, value in where)
    return (
        f"Case activity for a request of {cell}, FY {year.upper().removeprefix('FY')}"
    )


def _activity(found: Suggested, measure: str) -> Row:
    values = [found.value(measure, year) for year in found.years]
    return {
        "measure": measure,
        "title": TITLES[measure],
        "values": [
            {"fiscal_year": year, "value": value, "complete": _is_over(found, year)}
            for year, value in zip(found.years, values, strict=True)
        ],
        "change": None if (c := found.change(measure)) is None else c[1] - c[0],
    }


def _is_over(found: Suggested, year: int) -> bool:
    return found.complete is not None and year <= found.complete


def _flat(row: Row) -> Row:
    values = row["values"]
    assert isinstance(values, list)
    return {**row, **{f"fy{one['fiscal_year']}": one["value"] for one in values}}


def _columns(found: Suggested) -> list[Column]:
    return [
        Column("measure", "Measure"),
        *(
            Column(
                f"fy{year}",
                f"FY {year}{'' if _is_over(found, year) else ' (so far)'}",
                right=True,
                grouped=True,
            )
            for year in found.years
        ),
        Column("change", _since(found), right=True, show=signed),
        Column("title", "Is"),
    ]


def _since(found: Suggested) -> str:
    first, last = found.years[0], found.complete
    return "Change" if last in (None, first) else f"{first} to {last}"


def _lists(found: Suggested, told: list[Row], level: str) -> Iterator[str]:
    if found.complete is None or not found.supports:
        return
    categories = ", ".join(
        f"{name or 'none'} {value:,}" for name, value in found.categories
    )
    yield f"Largest categories of dd-all, FY {found.complete}: {categories}"
    yield (
        f"To cite, {found.cited_measure} FY {found.complete}, {scrs(len(told))},"
        f" disclosure {level}:"
    )
    columns = case_columns(level)
    for row in told[:FEW]:
        shown = [
            str(row[column.name])
            if column.show is None
            else column.show(row[column.name])
            for column in columns[1:]
            if column.name != "facts" and row.get(column.name) is not None
        ]
        yield f"  {'  '.join(shown)}"
    if len(told) > FEW:
        yield f"  and {len(told) - FEW:,} more, in --json"


def _claims(
    found: Suggested, where: tuple[tuple[str, str], ...], as_of: str | None
) -> list[Row]:
    """Return what `scr request cite` takes for the figures of the last year."""
    if found.complete is None:
        return []
    until = "" if as_of is None else f" as of {as_of}"
    return [
        {
            "figure": f"{measure} FY{found.complete} ="
            f" {found.value(measure, found.complete)}{until}",
            "where": [f"{name}={value}" for name, value in where],
        }
        for measure in ("dd-all", "dd-tco")
    ]


def _known(basis: Basis, log: Log) -> str:
    """Return in words what a basis sees: by when it was known, and up to where."""
    from projections.basis import as_of

    upto = "" if basis.position == log.head else f" up to @{basis.position}"
    if basis.instant is None:
        return f"all that is recorded{upto}"
    recorded = upto and f", as recorded{upto}"
    return f"what was known by {as_of(basis, log)}{recorded}"


def _paragraph(
    found: Suggested,
    where: tuple[tuple[str, str], ...],
    known: str,
    basis: dict[str, object],
) -> list[str]:
    """Return sentences ready to paste, which name what they rest on."""
    who = " at ".join(value for _, value in reversed(where))
    year = found.complete
    if not found.supports or year is None:
        return [
            f"No case activity of {who} is known at this basis: {basis_line(basis)}"
        ]
    dd, tco = found.value("dd-all", year), found.value("dd-tco", year)
    trend = ""
    if (change := found.change("dd-all")) is not None:
        trend = f", against {change[0]:,} in FY {found.years[0]}"
    largest = " and ".join(
        f"{name or 'no category'} ({value:,})" for name, value in found.categories[:2]
    )
    return [
        f"In FY {year} {who} had {scrs(dd)} with a disruption or dismantlement{trend};"
        f" {scrs(tco)} of these {'is' if tco == 1 else 'are'} determined to be about a"
        " transnational criminal organization.",
        f"Disruptions: {found.value('disruptions-all', year):,}; dismantlements:"
        f" {found.value('dismantlements-all', year):,}; largest categories: {largest}.",
        f"Source: SCR ledger, measures dd-all and dd-tco, by {known}"
        f" (grade {grade_text(basis)}): {basis_line(basis)}",
    ]
