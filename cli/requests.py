"""``scr request``: what was asked for, what supports it, and how many used SCR data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, asking, basis_options, form, form_options
from cli.main import Suggesting, complain
from cli.render import Answer, Column
from cli.requesting import add_command, cite_command, decline_command, load_command
from cli.suggesting import suggest_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.asking import Asking
    from cli.main import Settings
    from projections.citations import Verified
    from projections.coverage import Share
    from projections.requests import Citation, Request

    Row = dict[str, object]

GROUP_EXAMPLES = """\b
Examples:
  scr request list
  scr request coverage --by program
"""
LIST_EXAMPLES = """\b
Examples:
  scr request list --fy 2022
  scr request list --as-of 2020-01-15 --json
"""
SHOW_EXAMPLES = """\b
Examples:
  scr request show RR-2022-47
  scr request show RR-2022-47 --json
"""
COVERAGE_EXAMPLES = """\b
Examples:
  scr request coverage --as-of 2020-01-15
  scr request coverage --by fy --items
"""
VERIFY_EXAMPLES = """\b
Examples:
  scr request verify
  scr request verify RR-2022-47 --json
"""

RESTATED = 1
NESTED = ("json", "jsonl")
_PERCENT = 100


@click.group("request", cls=Suggesting, epilog=GROUP_EXAMPLES)
def request_command() -> None:
    """Record resource requests, what supports each, and how many used SCR data.

    What a request cites is proved when it is cited, and can be proved again.
    """


for _command in (add_command, load_command, cite_command, decline_command):
    request_command.add_command(_command)


# --- list and show --------------------------------------------------------------------


@request_command.command("list", short_help="all of them", epilog=LIST_EXAMPLES)
@click.option("--fy", metavar="Y|Y..Z", help="Only of these fiscal years.")
@click.option("--program", metavar="TEXT", help="Only of this program.")
@click.option("--office", metavar="TEXT", help="Only of this office.")
@basis_options
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List the requests known at a basis, and how each uses SCR data.

    used: it cites a figure or an SCR. declined: it says why not. undecided: neither.
    """
    how = form(given)
    years = fiscal_years(given["fy"])
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        found = _chosen(open_, years, given)
        rows = [request_row(one) for one in found]
        answer(
            Answer(
                "scr-requests/1",
                open_.graded(),
                _COLUMNS,
                rows,
                table_columns=_NARROW,
                title=_counted(len(rows)),
            ),
            how,
        )


def _chosen(open_: Asking, years: range | None, given: dict[str, Any]) -> list[Request]:
    from projections.requests import at, chosen

    return chosen(
        at(open_.log, open_.basis),
        years=years,
        program=given.get("program"),
        office=given.get("office"),
    )


def fiscal_years(text: str | None) -> range | None:
    """Return the fiscal years of ``--fy``.

    :raises UsageError: it names none.
    """
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError

    try:
        return None if text is None else parse_fiscal_years(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def request_row(one: Request) -> Row:
    """Return a request as JSON has it."""
    return {
        "request": one.request,
        "fiscal_year": one.fiscal_year,
        "program": one.program,
        "office": one.office,
        "title": one.title,
        "amount": one.amount,
        "positions": one.positions,
        "submitted_on": one.submitted_on,
        "claimed": one.claimed,
        "state": one.state,
        "cites": [citation_row(citation) for citation in one.citations],
        "reason": one.reason,
        "synthetic": one.synthetic,
        "by": one.by,
        "position": one.position,
        "recorded_at": one.recorded_at,
    }


def citation_row(one: Citation) -> Row:
    """Return a citation as JSON has it: what is cited, and what it rests on."""
    from projections.measures import instant

    claim = one.claim
    figure: Row | None = None
    if claim is not None:
        figure = {
            "measure": claim.measure,
            "version": claim.version,
            "fiscal_year": claim.fiscal_year,
            "where": dict(one.where),
            "value": claim.value,
        }
    return {
        "position": one.position,
        "figure": figure,
        "scrs": list(one.scrs),
        "bound": one.bound,
        "instant": instant(one.instant),
        "pinned": one.pinned,
        "proved_position": one.proof.position,
        "proved_root": one.proof.root,
        "cited_on": one.day,
        "by": one.by,
        "note": one.note,
    }


def _cites(value: object) -> str:
    assert isinstance(value, list)
    return "; ".join(_words(one) for one in value)


def _words(one: Row) -> str:
    figure, scrs = one["figure"], one["scrs"]
    assert isinstance(scrs, list)
    named = ", ".join(map(str, scrs))
    if figure is None:
        return named
    assert isinstance(figure, dict)
    version = "" if figure["version"] is None else f"@{figure['version']}"
    cell = "".join(
        f" {name}={value or 'none'}" for name, value in figure["where"].items()
    )
    name = f"{figure['measure']}{version} FY{figure['fiscal_year']}{cell}"
    value = f"{name} = {figure['value']:,}"
    return f"{value}, {named}" if named else value


_COLUMNS = [
    Column("request", "Request"),
    Column("fiscal_year", "FY"),
    Column("program", "Program"),
    Column("office", "Office"),
    Column("title", "Title"),
    Column("amount", "Amount", right=True, grouped=True),
    Column("positions", "Positions", right=True, grouped=True),
    Column("submitted_on", "Submitted on"),
    Column("state", "SCR data"),
    Column("cites", "Cites", show=_cites),
    Column("reason", "Reason"),
    Column("by", "By"),
    Column("position", "Position", right=True),
    Column("recorded_at", "Recorded at"),
]
_IN_TABLES = ("request", "fiscal_year", "program", "office", "amount", "positions")
_NARROW = [
    column
    for column in _COLUMNS
    if column.name in (*_IN_TABLES, "submitted_on", "state")
]


def _counted(count: int) -> str:
    return "1 request" if count == 1 else f"{count:,} requests"


@request_command.command("show", short_help="one, whole", epilog=SHOW_EXAMPLES)
@click.argument("request", metavar="ID")
@basis_options
@form_options
@click.pass_obj
def show_command(settings: Settings, /, **given: Any) -> None:
    """Show a request: what is asked, what it cites and on which basis, or why not."""
    from projections.requests import named

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        one = named(open_.log, open_.basis, given["request"])
        row = request_row(one)
        answer(
            Answer(
                "scr-request/1",
                open_.graded(),
                _COLUMNS,
                [row],
                table_columns=[Column("field", "Field"), Column("value", "Value")],
                table_rows=_fields(row),
                title=f"request {one.request}: {one.title or 'untitled'}",
                notes=list(_cited(one)),
            ),
            how,
        )


def _fields(row: Row) -> list[Row]:
    titles = {column.name: column for column in _COLUMNS}
    told: list[Row] = []
    for name, value in row.items():
        column = titles.get(name)
        if column is None or value is None or name == "cites":
            continue
        text = f"{value:,}" if column.grouped and isinstance(value, int) else str(value)
        told.append({"field": column.title, "value": text})
    return told


def _cited(one: Request) -> Iterator[str]:
    from cli.render import basis_line
    from projections.measures import instant

    for citation in one.citations:
        yield f"cites @{citation.position}, on {citation.day}: {citation.words}"
        line = {
            "bound": citation.bound,
            "instant": instant(citation.instant),
            "position": citation.proof.position,
            "root": citation.proof.root,
        }
        yield f"  proved at {basis_line(line)}"


# --- coverage -------------------------------------------------------------------------


@request_command.command(
    "coverage", short_help="the share that used SCR data", epilog=COVERAGE_EXAMPLES
)
@click.option(
    "--by", type=click.Choice(("office", "program", "fy")), help="A row for each."
)
@click.option("--fy", metavar="Y|Y..Z", help="Only of these fiscal years.")
@click.option("--items", is_flag=True, help="Every request, also in a table.")
@basis_options
@form_options
@click.pass_obj
def coverage_command(settings: Settings, /, **given: Any) -> None:
    """Say how many requests used SCR data, of all that are known at a basis.

    Every share has its numerator, its denominator and the list behind it.
    """
    from projections.coverage import coverage

    how = form(given)
    years = fiscal_years(given["fy"])
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        shares = coverage(_chosen(open_, years, given), given["by"])
        rows = [_share_row(share, given["by"]) for share in shares]
        flat = [{**row, **item} for row in rows for item in _items_of(row)]
        items = given["items"]
        answer(
            Answer(
                "scr-coverage/1",
                open_.graded(),
                _share_columns(given["by"], items=items),
                rows if how.format in NESTED or not items else flat,
                notes=[_said(shares)],
            ),
            how,
        )


def _share_row(share: Share, by: str | None) -> Row:
    from projections.requests import STATES

    cell: Row = {}
    if by is not None:
        cell["fiscal_year" if by == "fy" else by] = share.cell
    percent = round(share.used * _PERCENT / share.of, 1) if share.of else None
    return {
        **cell,
        **{state: share.count(state) for state in STATES},
        "requests": share.of,
        "percent": percent,
        "items": [
            {
                "request": one.request,
                "state": one.state,
                "why": "; ".join(c.words for c in one.citations) or one.reason,
            }
            for one in share.requests
        ],
    }


def _items_of(row: Row) -> list[Row]:
    items = row["items"]
    assert isinstance(items, list)
    return items


def _share_columns(by: str | None, *, items: bool) -> list[Column]:
    titles = {"fy": ("fiscal_year", "FY"), "program": ("program", "Program")}
    first = [] if by is None else [Column(*titles.get(by, ("office", "Office")))]
    if items:
        return [
            *first,
            Column("request", "Request"),
            Column("state", "SCR data"),
            Column("why", "Cites, or why not"),
        ]
    return [
        *first,
        Column("used", "Used", right=True, grouped=True),
        Column("declined", "Declined", right=True, grouped=True),
        Column("undecided", "Undecided", right=True, grouped=True),
        Column("requests", "Requests", right=True, grouped=True),
        Column("percent", "Used %", right=True),
    ]


def _said(shares: Sequence[Share]) -> str:
    used, of = sum(one.used for one in shares), sum(one.of for one in shares)
    if not of:
        return "No request is known at this basis."
    unused = of - used
    return (
        f"{used:,} of {_counted(of)} used SCR data;"
        f" {unused:,} did not, {unused / of:.1%}."
    )


# --- verify ---------------------------------------------------------------------------


@request_command.command(
    "verify", short_help="prove what they cite again", epilog=VERIFY_EXAMPLES
)
@click.argument("requests", nargs=-1, metavar="[ID]...")
@form_options
@click.pass_obj
def verify_command(settings: Settings, /, **given: Any) -> int:
    """Prove every citation again, and list those that have been restated since.

    At the same cut-off, with all that is recorded by now. Ends with 1 if a figure is
    another by now, if a later publication printed another, or if a cited SCR does not
    stand any more; with every item that came or went.
    """
    from projections.citations import verify
    from projections.requests import at, named

    how = form(given)
    with asking(settings, Basing(None, None)) as open_:
        names = dict.fromkeys(given["requests"])
        asked = (
            [named(open_.log, open_.basis, name) for name in names]
            if names
            else at(open_.log, open_.basis)
        )
        citations = [citation for one in asked for citation in one.citations]
        found = verify(open_.log, open_.model, citations)
        restated = [one for one in found if not one.holds]
        if not found:
            complain("note: nothing is cited; `scr request cite` records a citation")
        answer(
            Answer(
                "scr-request-verify/1",
                open_.graded(),
                _VERIFY_COLUMNS,
                [_verified_row(open_, one) for one in found],
                table_rows=[_verified_row(open_, one) for one in restated],
                title=_verdict(len(found), len(restated)),
                notes=[line for one in restated for line in _verified_notes(one)],
                extra={
                    "holding": len(found) - len(restated),
                    "restated": len(restated),
                },
            ),
            how,
        )
    return RESTATED if restated else 0


_VERIFY_COLUMNS = [
    Column("request", "Request"),
    Column("position", "Citation", show=lambda value: f"@{value}"),
    Column("state", "State"),
    Column("cited", "Cited"),
    Column("claimed", "Claimed", right=True, grouped=True),
    Column("now", "Now", right=True, grouped=True),
    Column("change", "Change", right=True),
    Column("cited_on", "Cited on"),
]


def _verdict(count: int, restated: int) -> str:
    of = "1 citation" if count == 1 else f"{count:,} citations"
    if not restated:
        return f"{of}, none restated" if count else of
    return f"{of}, {restated:,} restated"


def _verified_row(open_: Asking, one: Verified) -> Row:
    from cli.items import SUBJECTS, item_row

    citation, checked = one.citation, one.checked
    items: list[Row] = []
    if one.difference is not None and checked is not None and checked.measure:
        subject = SUBJECTS[checked.measure.definition.unit]
        items = [item_row(item, subject) for item in one.difference.items]
    claimed = None if citation.claim is None else citation.claim.value
    now = None if checked is None else checked.now
    return {
        "request": citation.request,
        "position": citation.position,
        "state": "holds" if one.holds else "restated",
        "cited": citation.words,
        "claimed": claimed,
        "now": now,
        "change": None if now is None or claimed is None else now - claimed,
        "cited_on": citation.day,
        "gone": list(one.gone),
        "reprinted": [each._asdict() for each in one.reprinted],
        "reason": None if checked is None else checked.reason,
        "basis": open_._replace(basis=one.basis).graded(),
        "items": items,
    }


def _verified_notes(one: Verified) -> Iterator[str]:
    from cli.items import positions, signed, why, year_line

    citation = one.citation
    yield f"{citation.request} @{citation.position}: {citation.words}"
    if one.checked is not None and one.checked.reason is not None:
        yield f"  {one.checked.reason}"
    if one.difference is not None and one.difference.items:
        yield f"  {year_line(one.difference)}"
        for item in one.difference.items:
            of = (
                item.subject
                if item.outcome is None
                else f"{item.subject} {item.outcome}"
            )
            row: Row = {"cause": item.cause}
            at = positions(list(item.positions))
            yield f"  {signed(item.effect)} {of}: {why(row)}, {at}"
    for each in one.reprinted:
        yield (
            f"  printed as {each.value:,} in {each.publication}"
            f" on {each.printed_on}, @{each.position}"
        )
    for scr in one.gone:
        yield f"  {scr} does not stand, or is not approved, any more"


request_command.add_command(suggest_command)
