"""``scr request add``, ``load``, ``cite`` and ``decline``: facts about requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cli.asking import Basing, asking
from cli.main import warn
from cli.recording import at_the_head, recording_options
from cli.safe import display, json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cli.asking import Asking, F
    from cli.main import Settings
    from ledger.domain.events import RequestEvent
    from ledger.intake.requests import Cite, RequestLine
    from projections import assertions

    Fields = dict[str, object]
    Decided = tuple[RequestEvent, int | None]

ADD_EXAMPLES = """\b
Examples:
  scr request add RR-1 --program p --fy 2026 --amount 350000 --positions 4 --by hq
  scr request add RR-2 --office "SAC Houston" --fy 2026 --amount 0 --positions 1 --by hq
"""
LOAD_EXAMPLES = """\b
Examples:
  scr request load requests.jsonl --by archivist
  scr request load requests.jsonl --by archivist --dry-run
"""
CITE_EXAMPLES = """\b
Examples:
  scr request cite RR-2022-47 --figure "dd-tco FY2019 = 46 as of 2020-01-15" --by hq
  scr request cite RR-2022-47 --scr SCR-2019-00042 --as-of 2021-01-15 --by hq
"""
DECLINE_EXAMPLES = """\b
Examples:
  scr request decline RR-2022-42 --reason "a statute names the amount" --by hq
"""


def on_option(what: str) -> Callable[[F], F]:
    """Return what adds ``--on``: the day, where it was before today."""
    return click.option(
        "--on",
        metavar="DATE",
        help=f"The day {what}, where that was before now.  [default: now]",
    )


# --- add ------------------------------------------------------------------------------


@click.command("add", short_help="record one", epilog=ADD_EXAMPLES)
@click.argument("request", metavar="ID")
@click.option("--program", metavar="TEXT", help="The program office that asks.")
@click.option("--office", metavar="TEXT", help="The office that asks.")
@click.option("--fy", metavar="Y", required=True, help="The fiscal year it is for.")
@click.option("--title", metavar="TEXT", help="What it is called.")
@click.option(
    "--amount", metavar="DOLLARS", required=True, type=int, help="How much it asks for."
)
@click.option(
    "--positions", metavar="N", required=True, type=int, help="How many positions."
)
@click.option(
    "--submitted-on",
    metavar="DATE",
    help="The day it was submitted, where that was before now.  [default: now]",
)
@recording_options
@click.pass_obj
def add_command(settings: Settings, /, **given: Any) -> None:
    """Record a resource request; the same one again adds nothing.

    The program is the `program` of SCRs, the office their `office`: one of both has
    to be named.
    """
    if given["program"] is None and given["office"] is None:
        message = "give --program or --office: who asks"
        raise click.UsageError(message)
    said = {
        "event": "requested",
        "request": given["request"],
        "fiscal_year": fiscal_year(given["fy"]),
        **{
            name: given[name]
            for name in ("program", "office", "title", "amount", "positions")
        },
        "submitted_on": given["submitted_on"],
    }
    decided = _record(settings, [said], None, given)
    _tell(decided, given, f"request {given['request']}")


def fiscal_year(text: str) -> int:
    """Return the one fiscal year a text names.

    :raises UsageError: it names none, or several.
    """
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError

    try:
        years = parse_fiscal_years(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if len(years) > 1:
        message = f"--fy takes one fiscal year here, not {text}"
        raise UsageError(message)
    return years[0]


# --- cite -----------------------------------------------------------------------------


@click.command("cite", short_help="say what supports one", epilog=CITE_EXAMPLES)
@click.argument("request", metavar="ID")
@click.option("--figure", metavar="CLAIM", help="A figure, as `scr assert` takes it.")
@click.option(
    "--where",
    "where",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="The cell of the figure that is meant; `office=` is that without an office."
    "  May recur.",
)
@click.option("--scr", "scrs", multiple=True, metavar="SCR", help="An SCR.  May recur.")
@click.option(
    "--as-of",
    metavar="WHEN",
    help="Of SCRs: what was known by then.  [default: all that is recorded]",
)
@click.option("--note", metavar="TEXT", help="Anything worth keeping with it.")
@on_option("it was cited")
@recording_options
@click.pass_obj
def cite_command(settings: Settings, /, **given: Any) -> None:
    """Record which figure, and which SCRs, support a request.

    A figure is proved first, a claim that is not true is refused, with 1; so is an SCR
    that does not stand, or is not approved, at the basis. The basis is kept, so `scr
    request verify` can prove it again.
    """
    if given["figure"] is None and not given["scrs"]:
        message = "give --figure, or --scr: what supports the request"
        raise click.UsageError(message)
    if given["where"] and given["figure"] is None:
        message = "--where is a cell of --figure; give both"
        raise click.UsageError(message)
    if given["as_of"] is not None and given["figure"] is not None:
        message = "--as-of is of --scr alone; a figure says `as of` itself"
        raise click.UsageError(message)
    where = _cells(given["where"])
    scrs = tuple(dict.fromkeys(given["scrs"]))
    citing = _Citing(given["figure"], where, scrs, given["as_of"])

    def prove() -> tuple[list[Fields], int]:
        with asking(settings, Basing(None, None)) as open_:
            fact = _proved(open_, given["request"], citing)
            more = {"cited_on": given["on"], "note": given["note"]}
            return [{**fact, **more}], open_.log.head

    decided = _proved_and_recorded(settings, prove, given)
    _tell(decided, given, f"request {given['request']}")


class _Citing(NamedTuple):
    """What is to be cited: a claim as typed with a cell, SCRs, or both at one basis."""

    claim: str | None
    where: assertions.Cell
    scrs: tuple[str, ...]
    as_of: str | None
    """Of SCRs alone; a claim says it itself."""


def _cells(texts: Sequence[str]) -> assertions.Cell:
    """Return the cell that ``--where`` names, as ``scr count`` takes it.

    :raises UsageError: it names none.
    """
    from cli.count import cells
    from ledger.errors import UsageError
    from projections.counts import COLUMNS, Question, check

    for text in texts:
        column, equals, _ = text.partition("=")
        if not equals or column not in COLUMNS:
            names = ", ".join(COLUMNS)
            message = f"--where takes COLUMN=VALUE, of {names}, not {text or repr('')}"
            raise UsageError(message)
    found = tuple(sorted(cells(texts)))
    check(Question((), where=found))
    return found


def _proved(open_: Asking, request: str, one: _Citing) -> Fields:
    """Prove a citation; return the fields of its fact.

    :raises NotTrueError, NotCountableError: it is not so.
    """
    from cli.asking import resolve
    from ledger.domain.claim import typed
    from projections.citations import prove_scrs
    from projections.measures import instant

    said = None if one.claim is None else typed(one.claim)
    as_of = one.as_of if said is None else said.as_of
    basis = resolve(Basing(as_of, None), open_.log)
    fields: Fields = {
        "event": "cited",
        "request": request,
        "bound": basis.bound,
        "instant": instant(basis.instant),
        "proved_position": basis.position,
        "proved_root": basis.root,
    }
    prove_scrs(open_.log, open_.model, basis, one.scrs)
    fields["scrs"] = list(one.scrs) or None
    if said is None:
        pinned = None if basis.position == open_.log.head else basis.position
        return {**fields, "pinned": pinned}
    from projections.assertions import prove

    claim, proof = prove(open_.log, open_.model, said, basis, one.where)
    figure: Fields = {
        "measure": claim.measure,
        "version": claim.version,
        "fiscal_year": claim.fiscal_year,
        "value": claim.value,
        "where": dict(one.where) or None,
        "definition_hash": proof.definition_hash,
    }
    kept = {name: value for name, value in figure.items() if value is not None}
    return {**fields, "figure": kept, "pinned": claim.pinned}


def _proved_and_recorded(
    settings: Settings,
    prove: Callable[[], tuple[list[Fields], int]],
    given: Mapping[str, Any],
) -> Sequence[Decided]:
    def attempt() -> Sequence[Decided]:
        facts, head = prove()
        return _record(settings, facts, head, given)

    return at_the_head(attempt)


# --- decline --------------------------------------------------------------------------


@click.command("decline", short_help="say why nothing does", epilog=DECLINE_EXAMPLES)
@click.argument("request", metavar="ID")
@click.option("--reason", metavar="TEXT", required=True, help="Why none applies.")
@on_option("it was said")
@recording_options
@click.pass_obj
def decline_command(settings: Settings, /, **given: Any) -> None:
    """Record why no SCR data supports a request; one that cites some is refused."""
    said = {
        "event": "declined",
        "request": given["request"],
        "reason": given["reason"],
        "declined_on": given["on"],
    }
    decided = _record(settings, [said], None, given)
    _tell(decided, given, f"request {given['request']}")


# --- load -----------------------------------------------------------------------------


@click.command("load", short_help="record those of a file", epilog=LOAD_EXAMPLES)
@click.argument("file")
@recording_options
@click.pass_obj
def load_command(settings: Settings, /, **given: Any) -> None:
    """Record requests of a JSON Lines file, all or none; `-` is standard input.

    Each line has the fields of docs/accountability.md. What a line cites is proved; all
    faults are listed, and the same file again adds nothing.
    """
    from cli.importing import opened_file
    from ledger.intake.requests import read_requests

    with opened_file(given["file"]) as held:
        lines = read_requests(given["file"], held)

    def prove() -> tuple[list[Fields], int]:
        with asking(settings, Basing(None, None)) as open_:
            return facts_of(open_, given["file"], lines), open_.log.head

    decided = _proved_and_recorded(settings, prove, given)
    count = len(lines)
    what = "1 request" if count == 1 else f"{count:,} requests"
    _tell(decided, given, f"{what} of {given['file']}")


def facts_of(open_: Asking, file: str, lines: Sequence[RequestLine]) -> list[Fields]:
    """Return the facts of the lines of a file, what they cite proved.

    What is recorded already is neither proved nor judged again: it may have been
    restated since, and the request may have said more.

    :raises FaultyFileError: with every citation that is not so, and every request that
        is recorded as another.
    """
    from ledger.errors import LedgerError
    from ledger.intake.requests import faulty

    faults: list[str] = []
    facts: list[Fields] = []
    for line in lines:
        if (why := _otherwise(open_, line)) is not None:
            faults.append(f"{file}:{line.number}: request: {why}")
        facts.append(_requested(line))
        held = _recorded(open_, line.request)
        for number, cite in enumerate(line.cites):
            try:
                facts.append(_loaded(open_, line, cite, held))
            except LedgerError as error:
                faults.append(f"{file}:{line.number}: cites.{number}: {error}")
        if line.reason is not None:
            facts.append(_declined(line))
    if faults:
        raise faulty(file, faults)
    return facts


def _requested(line: RequestLine) -> Fields:
    names = ("request", "fiscal_year", "amount", "positions", "program", "office")
    more = ("title", "submitted_on")
    return {
        "event": "requested",
        **{name: getattr(line, name) for name in (*names, *more)},
        "synthetic": line.synthetic or None,
    }


def _declined(line: RequestLine) -> Fields:
    return {
        "event": "declined",
        "request": line.request,
        "reason": line.reason,
        "declined_on": line.submitted_on,
    }


def _loaded(
    open_: Asking, line: RequestLine, cite: Cite, held: Sequence[Fields]
) -> Fields:
    """Return the fact of a citation of a line: the one that is recorded, or a new one.

    :raises NotTrueError, NotCountableError, DayTooEarlyError: it is not so.
    """
    if held:
        unproved = _without_proof(_unproved(open_, line, cite))
        for one in held:
            if _without_proof(one) == unproved:
                return {name: one[name] for name in one if name not in _WHO}
    fact = _proved(open_, line.request, _citing(cite))
    _refuse_unknown(open_, fact, line.submitted_on)
    return {**fact, "cited_on": line.submitted_on}


def _unproved(open_: Asking, line: RequestLine, cite: Cite) -> Fields:
    """Return the fact of a citation of a line, without what would prove it."""
    from cli.asking import resolve
    from projections.assertions import pinned
    from projections.measures import instant

    basis = resolve(Basing(cite.as_of, None), open_.log)
    names = ("measure", "version", "fiscal_year", "value")
    figure: Fields = {name: getattr(cite, name) for name in names}
    figure["where"] = dict(cite.where) or None
    said = {name: value for name, value in figure.items() if value is not None}
    return {
        "event": "cited",
        "request": line.request,
        "figure": said or None,
        "scrs": list(cite.scrs) or None,
        "bound": basis.bound,
        "instant": instant(basis.instant),
        "pinned": pinned(cite.as_of if said else None, basis, open_.log),
        "cited_on": line.submitted_on,
    }


def _refuse_unknown(open_: Asking, fact: Fields, submitted_on: str | None) -> None:
    from datetime import date

    from ledger.domain.fiscal import days_in, parse_instant
    from ledger.domain.request import refuse_unknown

    if submitted_on is None or fact["instant"] is None:
        return
    refuse_unknown(
        date.fromisoformat(submitted_on),
        str(fact["bound"]),
        parse_instant(str(fact["instant"])),
        days_in(open_.log.identity.timezone),
    )


_WHO = ("by", "run_by")
_PROOF = ("proved_position", "proved_root")


def _without_proof(fact: Mapping[str, object]) -> Fields:
    """Return what a fact says, without who said it, and without what proved it."""
    aside = (*_WHO, *_PROOF)
    said = {
        name: value
        for name, value in fact.items()
        if value is not None and name not in aside
    }
    figure = said.get("figure")
    if isinstance(figure, dict):
        said["figure"] = {
            name: value for name, value in figure.items() if name != "definition_hash"
        }
    return said


def _recorded(open_: Asking, request: str) -> list[Fields]:
    from projections.requests import PREFIX

    rows = open_.log.stream(f"{PREFIX}{request}", open_.log.head)
    return [json.loads(row.payload) for row in rows]


def _otherwise(open_: Asking, line: RequestLine) -> str | None:
    """Say why a line cannot be recorded beside what is recorded of its request."""
    held = _recorded(open_, line.request)
    if not held:
        return None
    if _without_proof(held[0]) != _without_proof(_requested(line)):
        return f"{line.request} is recorded already, and says something else"
    if line.reason is None:
        return None
    declined = _without_proof(_declined(line))
    again = any(_without_proof(one) == declined for one in held)
    if not again and any(one["event"] == "cited" for one in held):
        return f"{line.request} cites SCR data already, so it has no reason not to"
    return None


def _citing(cite: Cite) -> _Citing:
    if cite.measure is None:
        return _Citing(None, (), cite.scrs, cite.as_of)
    version = "" if cite.version is None else f"@{cite.version}"
    until = "" if cite.as_of is None else f" as of {cite.as_of}"
    claim = f"{cite.measure}{version} {cite.fiscal_year} = {cite.value}{until}"
    return _Citing(claim, cite.where, cite.scrs, None)


# --- recorded, and told ---------------------------------------------------------------


def _record(
    settings: Settings,
    facts: Sequence[Fields],
    head: int | None,
    given: Mapping[str, Any],
) -> Sequence[Decided]:

    from ledger.app import open_ledger

    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        return ledger.record_requests(
            facts,
            zone=identity.zone,
            by=given["by"],
            head=head,
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()


def _tell(decided: Sequence[Decided], given: Mapping[str, Any], what: str) -> None:
    added = [(fact, at) for fact, at in decided if at is not None]
    status = "already recorded"
    if added:
        status = "would be recorded" if given["dry_run"] else "recorded"
    positions = [] if given["dry_run"] else [at for _, at in added]
    if given["as_json"]:
        told = {
            "schema": "scr-request-recorded/1",
            "status": status,
            "positions": positions,
            "events": [fact.event for fact, _ in added],
            "requests": list(dict.fromkeys(fact.request for fact, _ in decided)),
            "already_recorded": len(decided) - len(added),
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    at = ""
    if positions:
        last = "" if len(positions) == 1 else f" to @{positions[-1]}"
        at = f" at @{positions[0]}{last}"
    facts = "1 fact" if len(added) == 1 else f"{len(added):,} facts"
    count = f", {facts}{at}" if added else ""
    click.echo(display(f"{status}: {what}{count}"))
