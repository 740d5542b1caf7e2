"""``scr publication mark`` and ``withdraw``: what is said of a publication later."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.main import warn
from cli.recording import recording_options
from cli.safe import display, json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.asking import F
    from cli.main import Settings
    from ledger.reader import Log

MARK_EXAMPLES = """\b
Examples:
  scr publication mark APR-2020 --fy 2020 --misstated-by-at-least 29 \
--basis-of "a sample" --reason "no TCO" --by auditor
"""
WITHDRAW_EXAMPLES = """\b
Examples:
  scr publication withdraw APR-2019 --reason "printed by mistake" --by publisher
"""


def _saying_options(command: F) -> F:
    why = click.option("--reason", metavar="TEXT", required=True, help="Why.")
    return why(recording_options(command))


@click.command("mark", epilog=MARK_EXAMPLES)
@click.argument("name")
@click.option("--fy", metavar="Y", required=True, help="The figure's fiscal year.")
@click.option(
    "--measure", metavar="ID", help="Its measure.  [default: the only one of the year]"
)
@click.option(
    "--misstated-by-at-least",
    "at_least",
    type=click.IntRange(min=0),
    metavar="N",
    required=True,
    help="Of so many it is known; 0: of none any more.",
)
@click.option(
    "--basis-of", metavar="TEXT", required=True, help="What was looked at to know it."
)
@_saying_options
@click.pass_obj
def mark_command(settings: Settings, /, **given: Any) -> None:
    """Record a floor: a printed figure is misstated by at least so much.

    The true value stays unknown. The last floor of a figure holds, and is shown
    wherever the figure is.
    """
    from ledger.app import open_ledger
    from ledger.reader import open_log

    with open_log(settings.ledger) as log:
        measure, year = _figure(log, given)
    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.mark(
            given["name"],
            measure,
            year,
            at_least=given["at_least"],
            basis_of=given["basis_of"],
            reason=given["reason"],
            by=given["by"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    about = {
        "event": "marked",
        "publication": given["name"],
        "measure": measure,
        "fiscal_year": year,
        "at_least": given["at_least"],
    }
    words = f"{given['name']} {measure} FY{year}, misstated by at least"
    _tell(
        about,
        f"{words} {given['at_least']:,}",
        decided.position,
        given,
        already=decided.already,
    )


def _figure(log: Log, given: Mapping[str, Any]) -> tuple[str, int]:
    """Return the figure that is meant: that of the measure, else the only one."""
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError
    from projections.publications import named

    try:
        years = parse_fiscal_years(given["fy"])
    except ValueError as error:
        raise UsageError(str(error)) from None
    if len(years) != 1:
        message = "--fy takes one fiscal year here"
        raise UsageError(message)
    if given["measure"] is not None:
        return given["measure"], years[0]
    there = [
        figure.measure
        for figure in named(log, given["name"]).content.figures
        if figure.fiscal_year == years[0]
    ]
    if len(there) != 1:
        known = ", ".join(there) or "none"
        message = (
            f"--measure names the figure; {given['name']} has of FY{years[0]}: {known}"
        )
        raise UsageError(message)
    return there[0], years[0]


@click.command("withdraw", epilog=WITHDRAW_EXAMPLES)
@click.argument("name")
@_saying_options
@click.pass_obj
def withdraw_command(settings: Settings, /, **given: Any) -> None:
    """Record that a publication is withdrawn; it stays as it is, and is marked so."""
    from ledger.app import open_ledger

    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.retract(
            given["name"],
            reason=given["reason"],
            by=given["by"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    about = {"event": "retracted", "publication": given["name"]}
    _tell(about, f"{given['name']}, withdrawn", decided.position, given)


def _tell(
    about: Mapping[str, object],
    words: str,
    position: int,
    given: Mapping[str, Any],
    *,
    already: bool = False,
) -> None:
    status = "recorded"
    if already:
        status = "already recorded"
    elif given["dry_run"]:
        status = "would be recorded"
    shown = None if status == "would be recorded" else position
    if given["as_json"]:
        told = {
            "schema": "scr-publication-said/1",
            "status": status,
            "position": shown,
            **about,
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    at = "" if shown is None else f" @{shown}"
    click.echo(display(f"{status}{at}: {words}"))
