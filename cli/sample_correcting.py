"""``scr sample propose-corrections``: what was found, corrected, told of figures."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cli.asking import Basing, asking, scrs
from cli.main import warn
from cli.packages import items_words
from cli.recording import at_the_head, recording_options
from cli.safe import display, json_text
from ledger.domain.corrections import REASON_CODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cli.asking import F
    from cli.main import Settings
    from ledger.app import Onward
    from projections.findings import Asked, Findings, Floor, LeftOut, Proposal

PROPOSE_EXAMPLES = """\b
Examples:
  scr sample propose-corrections A-5 --attribute tco=no --association no \
--transnational unknown --by ann
  scr sample propose-corrections A-5 --attribute tco=no --association no \
--transnational unknown --by ann --mark --dry-run
"""
_LISTED = 10
_ELEMENT_HELP = (
    "yes, no or unknown for all, or attribute:NAME, the answer to which is taken;"
    " without an answer it is unknown."
)


class Made(NamedTuple):
    """What was found, what comes of it, and what was recorded."""

    basis: dict[str, object]
    found: Findings
    proposal: Proposal
    floors: list[Floor]
    onward: Onward


def _element_options(command: F) -> F:
    for name in ("transnational", "association"):
        command = click.option(
            f"--{name}",
            metavar="VALUE",
            default=f"attribute:{name}",
            show_default=True,
            help=_ELEMENT_HELP,
        )(command)
    return command


@click.command(
    "propose-corrections",
    short_help="what was found as a correction package",
    epilog=PROPOSE_EXAMPLES,
)
@click.argument("name")
@click.option(
    "--attribute",
    metavar="NAME=ANSWER",
    default="exception=yes",
    show_default=True,
    help="The finding: the SCR involves no TCO.",
)
@_element_options
@click.option(
    "--on",
    metavar="DAY",
    help="Effective on, of the corrections.  [default: today]",
)
@click.option(
    "--reason-code",
    type=click.Choice(REASON_CODES),
    default="audit-finding",
    show_default=True,
    help="Why, from a closed list.",
)
@click.option(
    "--reason",
    metavar="TEXT",
    help="Why, in words.  [default: the finding and the sample]",
)
@click.option("--evidence", multiple=True, metavar="TEXT", help="A reference.")
@click.option("--partial", is_flag=True, help="Propose what is answered so far.")
@click.option(
    "--mark",
    is_flag=True,
    help="Mark the printed figures too, as `scr publication mark` does; all of it is"
    " recorded, or nothing.",
)
@click.option(
    "--confidence",
    metavar="%",
    default="95",
    show_default=True,
    help="Of the projections, in percent.",
)
@recording_options
@click.pass_obj
def propose_corrections_command(settings: Settings, /, **given: Any) -> None:
    """Propose one correction package from the findings, and name what was printed.

    Each finding becomes a determination that the SCR involves no TCO, unless the
    record says so already or a package proposes it. Findings that do not hold are left
    out, with the reason. Every current publication that counted an SCR which is found
    wrong is known to be misstated by at least so many: the commands that mark it are
    printed, or with --mark carried out. Beside the floor stands the projection of the
    sample to its frame, which is an estimate.
    """
    if given["attribute"].endswith("=not-determinable"):
        message = "--attribute takes a finding: what is not determinable is none"
        raise click.UsageError(message)
    made = at_the_head(lambda: _attempt(settings, given))
    told = _told(made, given)
    if given["as_json"]:
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    for line in _lines(made, told, given):
        click.echo(display(line))


def _attempt(settings: Settings, given: Mapping[str, Any]) -> Made:
    """Read the findings and record what comes of them, unless the log has grown."""
    from zoneinfo import ZoneInfo

    from cli.sample_evaluating import confidence_of
    from ledger.app import open_ledger
    from projections.findings import findings, floors, proposal
    from projections.samples import named

    asked = _asked(given)
    confidence = confidence_of(given["confidence"])
    with asking(settings, Basing(None, None)) as open_:
        one = named(open_.log, open_.basis, given["name"])
        found = findings(one, asked)
        what = proposal(open_.log, one, found, asked)
        printed = floors(open_.log, open_.model, found, confidence, _basis_of(given))
        basis, head = open_.graded(), open_.log.head
    _refuse_elements(what, given)
    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        onward = ledger.correct_findings(
            what.items,
            said={
                "reason_code": given["reason_code"],
                "reason": asked.reason,
                "evidence": list(given["evidence"]),
                "findings": {
                    "sample": given["name"],
                    "attribute": asked.attribute,
                    "answer": asked.answer,
                },
            },
            floors=[_mark(each, given) for each in _new(printed)]
            if given["mark"]
            else (),
            zone=ZoneInfo(identity.timezone),
            head=head,
            by=given["by"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    return Made(basis, found, what, printed, onward)


def _asked(given: Mapping[str, Any]) -> Asked:
    from cli.sample_recording import attribute_of
    from ledger.errors import UsageError
    from projections.findings import ANSWERS, ATTRIBUTE, Asked, Elements

    attribute, answer = attribute_of(given["attribute"])
    for name in Elements._fields:
        said = given[name]
        if said not in ANSWERS and not said.startswith(ATTRIBUTE):
            message = (
                f"--{name} takes {', '.join(ANSWERS)} or attribute:NAME,"
                f" not {said or repr('')}"
            )
            raise UsageError(message)
    return Asked(
        attribute,
        answer,
        Elements(given["association"], given["transnational"]),
        _reason(given),
        given["on"],
        given["partial"],
    )


def _reason(given: Mapping[str, Any]) -> str:
    said: str | None = given["reason"]
    return f"{given['attribute']} in sample {given['name']}" if said is None else said


def _refuse_elements(what: Proposal, given: Mapping[str, Any]) -> None:
    """Refuse findings of which none says what is wrong with the determination."""
    from ledger.errors import UsageError
    from projections.findings import NO_ELEMENT

    silent = sum(one.why == NO_ELEMENT for one in what.left_out)
    if silent and not what.items:
        message = (
            f"{NO_ELEMENT} for {scrs(silent)} found {given['attribute']}; say it with"
            " --association or --transnational: no, or attribute:NAME"
        )
        raise UsageError(message)


# --- floors ---------------------------------------------------------------------------


def _new(printed: Sequence[Floor]) -> list[Floor]:
    return [one for one in printed if one.is_new]


def _mark(one: Floor, given: Mapping[str, Any]) -> dict[str, object]:
    """Return what a mark says of a figure."""
    return {
        "publication": one.publication,
        "measure": one.figure.measure,
        "fiscal_year": one.figure.fiscal_year,
        "at_least": one.at_least,
        "basis_of": _basis_of(given),
        "reason": _reason(given),
    }


def _basis_of(given: Mapping[str, Any]) -> str:
    return f"sample {given['name']}: {given['attribute']}"


def _command(one: Floor, given: Mapping[str, Any]) -> str:
    """Return the command that marks a figure, ready to paste."""
    return shlex.join(
        [
            *("scr", "publication", "mark", one.publication),
            *("--fy", str(one.figure.fiscal_year), "--measure", one.figure.measure),
            *("--misstated-by-at-least", str(one.at_least)),
            *("--basis-of", _basis_of(given), "--reason", _reason(given)),
        ]
    )


# --- telling --------------------------------------------------------------------------


def _told(made: Made, given: Mapping[str, Any]) -> dict[str, object]:
    dry = given["dry_run"]
    proposed = made.onward.proposed
    heard = iter(made.onward.heard)
    wrote = proposed is not None or bool(made.onward.heard)
    status = ("would be recorded" if dry else "recorded") if wrote else "nothing new"
    return {
        "schema": "scr-sample-corrections/1",
        "status": status,
        "position": None if proposed is None or dry else proposed.position,
        "basis": made.basis,
        "sample": given["name"],
        "attribute": given["attribute"],
        "package": None if proposed is None else proposed.package,
        "findings": len(made.found.found),
        "items": len(made.proposal.items),
        "left_out": [one._asdict() for one in made.proposal.left_out],
        "confidence": given["confidence"],
        "figures": [
            _figure(
                one,
                given,
                next(heard).position if given["mark"] and one.is_new else None,
            )
            for one in made.floors
        ],
    }


def _figure(
    one: Floor, given: Mapping[str, Any], position: int | None
) -> dict[str, object]:
    projected = one.projected
    lower, upper = (projected and projected.limits) or (None, None)
    return {
        "publication": one.publication,
        "measure": one.figure.measure,
        "fiscal_year": one.figure.fiscal_year,
        "printed": one.figure.shown,
        "found_wrong": one.found,
        "at_least": one.at_least,
        "marked": one.held,
        "position": None if given["dry_run"] else position,
        "frame": None if projected is None else projected.frame,
        "projected": None
        if projected is None
        else round(float(projected.projected), 6),
        "frame_lower": lower,
        "frame_upper": upper,
        "method": None if projected is None else projected.method,
        "overtaken": one.is_overtaken,
        "command": _command(one, given) if one.is_new or one.is_overtaken else None,
    }


def _lines(
    made: Made, told: Mapping[str, object], given: Mapping[str, Any]
) -> Iterator[str]:
    proposed = made.onward.proposed
    number = f"{len(made.found.found):,} findings {given['attribute']} of"
    of = f"{number} {given['name']}"
    if proposed is None:
        yield f"nothing new to propose of {of}"
    else:
        done = "would be proposed"
        if not given["dry_run"]:
            done = f"proposed @{proposed.position}"
        words = items_words(len(made.proposal.items))
        yield f"{done}: {proposed.package}, {words} of {of}"
        if not given["dry_run"]:
            yield f"look at what it would do: scr correct preview {proposed.package}"
    yield from _left_out(made.proposal.left_out)
    if not made.floors:
        yield "No current publication counted an SCR that is found wrong."
        return
    yield ""
    yield "Known misstated, for SCRs that are found wrong were counted:"
    for one in told["figures"]:  # type: ignore[attr-defined]  # a list of figures
        yield from _figure_lines(one, given)
    if not made.found.finished:
        yield "The sample is not finished, so nothing is projected."
    elif any(one.projected for one in made.floors):
        yield (
            "A projection is an estimate, of the SCRs in the frame alone; the floor is"
            " what is known."
        )


def _left_out(left: Sequence[LeftOut]) -> Iterator[str]:
    """Yield what is left out, by reason; a long list ends with how many more."""
    by_reason: dict[str, list[str]] = {}
    for one in left:
        by_reason.setdefault(one.why, []).append(one.scr)
    for why, names in by_reason.items():
        shown = ", ".join(names[:_LISTED])
        more = len(names) - _LISTED
        others = f" and {more:,} more; --json lists them" if more > 0 else ""
        yield f"left out: {len(names):,}, {why}: {shown}{others}"


def _figure_lines(one: Mapping[str, object], given: Mapping[str, Any]) -> Iterator[str]:
    about = f"{one['publication']} {one['measure']} FY{one['fiscal_year']}"
    said = f"  {about}: at least {one['at_least']:,} of {one['printed']:,}"
    if one["projected"] is not None:
        lower, upper = _number(one["frame_lower"]), _number(one["frame_upper"])
        said += (
            f"; projection {one['projected']:,.1f}"
            f" ({lower} to {upper} at {given['confidence']} %)"
        )
    yield said
    if one["overtaken"]:
        yield f"    marked by {one['marked']:,} of these findings; fewer hold now, so:"
        yield f"    {one['command']}"
    elif not one["at_least"]:
        found = f"{one['found_wrong']:,} that were counted are found wrong"
        yield f"    no floor: {found}, and as many or more were not printed"
    elif one["command"] is None:
        yield f"    marked already, by at least {one['marked']:,}"
    elif given["mark"]:
        at = one["position"]
        yield "    would be marked" if at is None else f"    marked @{at}"
    else:
        yield f"    {one['command']}"


def _number(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:,}" if isinstance(value, int) else f"{float(str(value)):,.1f}"
