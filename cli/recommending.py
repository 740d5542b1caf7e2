"""``scr recommendation add``, ``respond``, ``milestone`` and ``close``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, asking
from cli.main import warn
from cli.recording import at_the_head, recording_options
from cli.requesting import on_option
from cli.safe import display, json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.main import Settings
    from ledger.domain.events import RecommendationEvent
    from projections.checks import Result

    Fields = dict[str, object]
    Decided = tuple[RecommendationEvent, int | None]

ADD_EXAMPLES = """\b
Examples:
  scr recommendation add R-1 --text do --addressee ICE --issued-on 2023-09-19 --by x
"""
RESPOND_EXAMPLES = """\b
Examples:
  scr recommendation respond R-1 --concur --text "by June" --due 2030-06-30 --by ICE
  scr recommendation respond R-1 --non-concur --text "it is done already" --by ICE
"""
MILESTONE_EXAMPLES = """\b
Examples:
  scr recommendation milestone R-1 guidance --due 2030-03-31 --by ICE
  scr recommendation milestone R-1 guidance --done --by ICE
"""
CLOSE_EXAMPLES = """\b
Examples:
  scr recommendation close R-1 --evidence "guidance of 1 March" --by OIG
"""


@click.command("add", short_help="record one", epilog=ADD_EXAMPLES)
@click.argument("recommendation", metavar="ID")
@click.option("--number", metavar="TEXT", help="Its number in the report.")
@click.option("--report", metavar="TEXT", help="The report that makes it.")
@click.option("--text", metavar="TEXT", required=True, help="What is recommended.")
@click.option("--addressee", metavar="TEXT", required=True, help="To whom.")
@click.option("--issued-on", metavar="DATE", required=True, help="The day of issue.")
@click.option(
    "--check",
    metavar="CHECK",
    help="What shows that it is carried out: validation:RULE[@SEVERITY],"
    " coverage>=PERCENT, gate:MEASURE or assertions.",
)
@recording_options
@click.pass_obj
def add_command(settings: Settings, /, **given: Any) -> None:
    """Record a recommendation; the same one again adds nothing.

    With a check its evidence is computed: what that says is asked whenever the
    recommendation is shown, and it is not closed while that is not green.
    """
    if given["check"] is not None:
        _evaluated(settings, given["check"])
    names = ("recommendation", "number", "report", "text", "addressee", "check")
    said = {name: given[name] for name in (*names, "issued_on")}
    decided = _record(settings, {"event": "recommended", **said}, None, given)
    _tell(decided, given)


@click.command(
    "respond", short_help="record what the addressee says", epilog=RESPOND_EXAMPLES
)
@click.argument("recommendation", metavar="ID")
@click.option("--concur/--non-concur", default=None, help="Whether it concurs.")
@click.option("--text", metavar="TEXT", required=True, help="What it says.")
@click.option(
    "--due", metavar="DATE", help="By when it will be done; of a concurrence."
)
@on_option("of the response")
@recording_options
@click.pass_obj
def respond_command(settings: Settings, /, **given: Any) -> None:
    """Record a response: who concurs names a day by which it will be done.

    Concurring makes the recommendation open and resolved; the last response holds.
    """
    if given["concur"] is None:
        message = "give --concur or --non-concur"
        raise click.UsageError(message)
    if given["concur"] == (given["due"] is None):
        message = "--concur takes --due, by when it will be done; --non-concur does not"
        raise click.UsageError(message)
    said = {
        "event": "responded",
        "recommendation": given["recommendation"],
        "answer": "concur" if given["concur"] else "non-concur",
        "text": given["text"],
        "due_on": given["due"],
        "responded_on": given["on"],
    }
    _tell(_record(settings, said, None, given), given)


@click.command(
    "milestone",
    short_help="record a step, or that it is done",
    epilog=MILESTONE_EXAMPLES,
)
@click.argument("recommendation", metavar="ID")
@click.argument("milestone", metavar="NAME")
@click.option("--due", metavar="DATE", help="By when it is due; the last one holds.")
@click.option("--done", is_flag=True, help="It is completed.")
@on_option("it was set or completed")
@recording_options
@click.pass_obj
def milestone_command(settings: Settings, /, **given: Any) -> None:
    """Record by when a step of the corrective action is due, or that it is done."""
    if given["done"] == (given["due"] is not None):
        message = "give --due, or --done: one of both"
        raise click.UsageError(message)
    said: Fields = {name: given[name] for name in ("recommendation", "milestone")}
    if given["done"]:
        said |= {"event": "completed", "completed_on": given["on"]}
    else:
        said |= {"event": "scheduled", "due_on": given["due"]}
        said |= {"scheduled_on": given["on"]}
    _tell(_record(settings, said, None, given), given)


@click.command("close", short_help="record that it is met", epilog=CLOSE_EXAMPLES)
@click.argument("recommendation", metavar="ID")
@click.option("--evidence", metavar="TEXT", required=True, help="What shows it.")
@recording_options
@click.pass_obj
def close_command(settings: Settings, /, **given: Any) -> None:
    """Close a recommendation; refused while its own check is not green."""

    def attempt() -> Decided:
        said, head = _closing(settings, given)
        return _record(settings, said, head, given)

    _tell(at_the_head(attempt), given)


def _closing(settings: Settings, given: Mapping[str, Any]) -> tuple[Fields, int | None]:
    from ledger.errors import RedCheckError
    from projections.checks import evaluate
    from projections.recommendations import named

    name = given["recommendation"]
    said: Fields = {
        "event": "closed",
        "recommendation": name,
        "evidence": given["evidence"],
    }
    with asking(settings, Basing(None, None)) as open_:
        one = named(open_.log, open_.basis, name).recommendation
        if one.check is None or one.closing is not None:
            return {**said, "check": None}, None
        result = evaluate(open_.log, open_.model, open_.basis, one.check)
        if result.state != "green":
            raise RedCheckError(name, one.check, result.says)
        basis = open_.basis
        said |= {"proved_position": basis.position, "proved_root": basis.root}
        return {**said, "check": one.check}, basis.position


def _evaluated(settings: Settings, check: str) -> Result:
    """Compute a check once, so that one that can never be computed is not recorded.

    :raises UsageError: it is no check, or names a rule or a measure there is not.
    """
    from projections.checks import evaluate

    with asking(settings, Basing(None, None)) as open_:
        return evaluate(open_.log, open_.model, open_.basis, check)


def _record(
    settings: Settings, said: Fields, head: int | None, given: Mapping[str, Any]
) -> Decided:

    from ledger.app import open_ledger

    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        return ledger.record_recommendation(
            said,
            zone=identity.zone,
            by=given["by"],
            head=head,
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()


def _tell(decided: Decided, given: Mapping[str, Any]) -> None:
    fact, position = decided
    status = "recorded"
    if position is None:
        status = "already recorded"
    elif given["dry_run"]:
        status, position = "would be recorded", None
    if given["as_json"]:
        told = {
            "schema": "scr-recommendation-recorded/1",
            "status": status,
            "position": position,
            "event": fact.event,
            "recommendation": fact.recommendation,
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    at = "" if position is None else f", at @{position}"
    name = fact.recommendation
    click.echo(display(f"{status}: recommendation {name}, {fact.event}{at}"))
