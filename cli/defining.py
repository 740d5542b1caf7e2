"""``scr measure define`` and ``retire``: facts on what a measure is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.main import warn
from cli.recording import recording_options
from cli.safe import display, json_text

if TYPE_CHECKING:
    from datetime import datetime

    from cli.asking import F
    from cli.main import Settings
    from ledger.domain.events import MeasureEvent

DEFINE_EXAMPLES = """\b
Examples:
  scr measure define apg.toml --by "performance office"
  scr measure define apg.toml --adopted 2017-10-01 --by "performance office" --dry-run
"""
RETIRE_EXAMPLES = """\b
Examples:
  scr measure retire apg --reason "replaced by apg-2026" --by "performance office"
"""


def adopting_options(command: F) -> F:
    """Add what says who records something, from when it holds, and whether really."""
    return click.option(
        "--adopted",
        metavar="DAY|INSTANT",
        help="From when it holds, where that was before now: a day (its first"
        " instant, in the ledger's zone) or an instant with offset. It is then"
        " marked claimed.  [default: from now on]",
    )(recording_options(command))


@click.command("define", short_help="record a version", epilog=DEFINE_EXAMPLES)
@click.argument("file")
@click.option("--reason", metavar="TEXT", help="Why, where there was one before.")
@adopting_options
@click.pass_obj
def define_command(settings: Settings, /, **given: Any) -> None:
    """Record a definition from a TOML file; `-` is standard input.

    The file has the fields of docs/measures.md; without `version` it is the next one.
    The same definition again adds nothing.
    """
    from cli.importing import opened_file
    from ledger import definition_files
    from ledger.app import open_ledger
    from ledger.domain.events import Unreadable

    with opened_file(given["file"]) as held:
        body = definition_files.read(given["file"], held)
    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.define(
            body,
            by=given["by"],
            adopted_at=adopted_at(given["adopted"], identity.timezone),
            reason=given["reason"],
            dry_run=given["dry_run"],
        )
    except Unreadable as error:
        raise definition_files.faulty(given["file"], error.faults) from None
    finally:
        ledger.close()
    _tell(decided.fact, decided.position, decided.since, given)


@click.command("retire", short_help="record that it ends", epilog=RETIRE_EXAMPLES)
@click.argument("measure", metavar="ID")
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@adopting_options
@click.pass_obj
def retire_command(settings: Settings, /, **given: Any) -> None:
    """Record that a measure has no definition any more; what it counted stays."""
    from ledger.app import open_ledger

    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.retire(
            given["measure"],
            by=given["by"],
            reason=given["reason"],
            adopted_at=adopted_at(given["adopted"], identity.timezone),
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    _tell(decided.fact, decided.position, decided.since, given)


def adopted_at(text: str | None, zone: str) -> datetime | None:
    """Return the instant that ``--adopted`` names: of a day its first.

    :raises UsageError: it names none.
    """
    from datetime import timedelta

    from ledger.domain.fiscal import end_of_day, parse_instant
    from ledger.errors import FieldError
    from projections.basis import day_of

    if text is None:
        return None
    day = day_of(text)
    if day is not None:
        return end_of_day(day - timedelta(days=1), zone)
    try:
        return parse_instant(text)
    except ValueError as error:
        field, rule = "adopted_at", f"takes a day or an instant: {error}"
        raise FieldError(field, rule) from None


def _tell(
    fact: MeasureEvent, position: int | None, since: datetime, given: dict[str, Any]
) -> None:
    from ledger.domain.events import Defined
    from ledger.domain.fiscal import format_instant

    status = "recorded"
    if position is None:
        status = "already recorded"
    elif given["dry_run"]:
        status, position = "would be recorded", None
    told = {
        "schema": "scr-measure-recorded/1",
        "status": status,
        "position": position,
        "event": fact.event,
        "measure": fact.measure,
        "version": fact.version if isinstance(fact, Defined) else None,
        "hash": fact.hash if isinstance(fact, Defined) else None,
        "adopted_at": format_instant(since),
        "claimed": fact.adopted_at is not None,
    }
    if given["as_json"]:
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    what = told["measure"]
    if told["version"] is not None:
        what = f"{what}@{told['version']} (sha256 {told['hash']})"
    verb = status.replace("recorded", fact.event)
    at = "" if position is None else f" at @{position}"
    held = "in force from" if isinstance(fact, Defined) else "not in force from"
    claimed = " (claimed)" if told["claimed"] else ""
    click.echo(display(f"{verb} {what}{at}, {held} {told['adopted_at']}{claimed}"))
