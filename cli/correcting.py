"""``scr correct``: corrections that two people stand behind."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from cli.asking import F, form_options
from cli.live import FIELD_HELP
from cli.main import Suggesting, say, warn
from cli.packages import items_words
from cli.recording import by_option, dry_run_option
from ledger.domain import events
from ledger.domain.corrections import REASON_CODES
from ledger.domain.package import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

    from cli.main import Settings
    from ledger.app import CaseLedger

CORRECT_EXAMPLES = """\b
Examples:
  scr correct list
  scr correct preview C-1
"""
PROPOSE_EXAMPLES = """\b
Examples:
  scr correct propose --csv items.csv --reason-code other --reason "as found" --by ann
"""

_NOT_OPTIONS = {
    "scr",
    "organization",
    "event",
    "effective_on",
    "known_at",
    "by",
    "correction",
    "recorded_by",
    "command_id",
    "reason",
    "evidence",
}


def _fields() -> dict[str, str]:
    """Return the fields an item may have, by their names in a file → in Python."""
    found: dict[str, str] = {}
    for cls in events.CASE_CLASSES:
        event = cls.topic.partition(".")[2].partition("/")[0]
        if event in EVENTS:
            for name, field in cls.model_fields.items():
                if name not in _NOT_OPTIONS:
                    found[field.alias or name] = field.alias or name
    return found


def field_options(command: F) -> F:
    """Add an option for each field that an item may have."""
    for name in sorted(_fields(), reverse=True):
        command = click.option(
            f"--{name.replace('_', '-')}",
            f"field_{name}",
            metavar="VALUE",
            help=FIELD_HELP.get(name, "Why it is recorded though it breaks a rule."),
        )(command)
    return command


def what_options(command: F) -> F:
    """Add what a package says."""
    for option in (
        dry_run_option,
        by_option,
        click.option(
            "--evidence", multiple=True, metavar="TEXT", help="A reference. May recur."
        ),
        click.option("--reason", metavar="TEXT", help="Why, in words."),
        click.option(
            "--reason-code",
            type=click.Choice(REASON_CODES),
            help="Why, from a closed list.",
        ),
        field_options,
        click.option(
            "--on",
            metavar="DAY",
            help="Effective on; of a redating the right day.  [default: today]",
        ),
        click.option(
            "--event", type=click.Choice(EVENTS), help="What is recorded of it."
        ),
        click.option("--organization-id", metavar="ID", help="The organization."),
        click.option("--scr", metavar="SCR", help="The SCR to correct."),
        click.option(
            "--csv",
            "table",
            metavar="FILE",
            help="Many at once: a table (CSV, TSV, XLSX) or JSON Lines, with scr, event"
            " and the fields of each.",
        ),
    ):
        command = option(command)
    return command


@click.group("correct", cls=Suggesting, epilog=CORRECT_EXAMPLES)
def correct_command() -> None:
    """Correct the record: propose, preview, and agree, by two people.

    A package is a list of corrections with one reason. What it would do to every
    printed figure is known before anybody agrees to it; agreed to, all of its facts are
    recorded at once. Whoever proposed or amended it cannot agree to it.
    """


@correct_command.command("propose", epilog=PROPOSE_EXAMPLES)
@what_options
@click.pass_obj
def propose_command(settings: Settings, /, **given: Any) -> None:
    """Propose a package: options for one SCR, or a file for many."""
    _propose(settings, given, None)


@correct_command.command("amend")
@click.argument("package")
@what_options
@click.pass_obj
def amend_command(settings: Settings, /, package: str, **given: Any) -> None:
    """Replace what a package says; whoever amends it is an author of it."""
    _propose(settings, given, package)


def _propose(settings: Settings, given: dict[str, Any], amends: str | None) -> None:
    for option, what in (("reason_code", "--reason-code"), ("reason", "--reason")):
        if not given[option]:
            message = f"give {what}: why this is corrected"
            raise click.UsageError(message)
    items = _items(given)
    with _opened(settings) as (ledger, zone):
        decided = ledger.propose(
            items,
            zone=zone,
            reason_code=given["reason_code"],
            reason=given["reason"],
            evidence=given["evidence"],
            by=given["by"],
            amends=amends,
            dry_run=given["dry_run"],
        )
    done = "proposed" if amends is None else "amended"
    if given["dry_run"]:
        say(f"would be {done}: {decided.package}, {items_words(len(items))}")
        return
    say(f"{done} @{decided.position}: {decided.package}, {items_words(len(items))}")
    say(f"look at what it would do: scr correct preview {decided.package}")


def _items(given: dict[str, Any]) -> list[dict[str, str]]:
    fields = {
        name.removeprefix("field_"): value
        for name, value in given.items()
        if name.startswith("field_") and value is not None
    }
    alone = [given["scr"], given["organization_id"], given["event"], given["on"]]
    if given["table"] is not None:
        if fields or any(alone):
            message = "--csv brings all items; leave the options of one SCR out"
            raise click.UsageError(message)
        return _read(given["table"])
    if given["scr"] and given["organization_id"]:
        message = "--scr and --organization-id name two subjects; an item has one"
        raise click.UsageError(message)
    if not (given["scr"] or given["organization_id"]) or not given["event"]:
        message = "give --scr and --event, or --csv FILE"
        raise click.UsageError(message)
    subject = "scr" if given["scr"] else "organization"
    item = {subject: given["scr"] or given["organization_id"], "event": given["event"]}
    if given["on"]:
        item["effective_on"] = given["on"]
    return [{**item, **fields}]


def _read(path: str) -> list[dict[str, str]]:
    from ledger.intake.packages import read_items

    return read_items(path)


# --- deciding -------------------------------------------------------------------------


@correct_command.command("approve")
@click.argument("package")
@click.option(
    "--hash",
    "hash_",
    metavar="HASH",
    required=True,
    help="Of what was looked at, as `scr correct preview` prints it.",
)
@by_option
@dry_run_option
@click.pass_obj
def approve_command(
    settings: Settings, package: str, hash_: str, by: str, *, dry_run: bool
) -> None:
    """Agree to a package: all its facts are recorded, in one transaction.

    It fails if the package, or any SCR it touches, changed since its preview.
    """
    import re

    if re.fullmatch(r"[0-9a-f]{64}", hash_) is None:
        message = f"--hash takes the 64 hex digits of a preview, not {hash_}"
        raise click.UsageError(message)
    with _opened(settings) as (ledger, zone):
        decided = ledger.agree(package, zone=zone, hash_=hash_, by=by, dry_run=dry_run)
    if dry_run:
        say(f"would be agreed to: {package}, {decided.facts:,} facts")
        return
    last = decided.position + decided.facts
    first = decided.position + 1
    where = f"@{first}" if first == last else f"@{first} to @{last}"
    say(f"agreed @{decided.position}: {package}, its facts at {where}")


def _turning(name: str, does: str, *, recall: bool) -> Callable[..., None]:
    @correct_command.command(name, help=does)
    @click.argument("package")
    @click.option("--reason", metavar="TEXT", required=True, help="Why.")
    @by_option
    @dry_run_option
    @click.pass_obj
    def command(
        settings: Settings, package: str, reason: str, by: str, *, dry_run: bool
    ) -> None:
        with _opened(settings) as (ledger, zone):
            decided = ledger.turn_down(
                package, zone=zone, reason=reason, by=by, recall=recall, dry_run=dry_run
            )
        done = "withdrawn" if recall else "rejected"
        at = f"would be {done}" if dry_run else f"{done} @{decided.position}"
        say(f"{at}: {package}")

    return command


reject_command = _turning(
    "reject", "Turn a package down, as an approver.", recall=False
)
withdraw_command = _turning(
    "withdraw", "Take a package back, as an author of it.", recall=True
)


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[CaseLedger, ZoneInfo]]:

    from ledger.app import open_ledger

    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        yield ledger, identity.zone
    finally:
        ledger.close()


# --- looking --------------------------------------------------------------------------


@correct_command.command("preview")
@click.argument("package")
@click.option("--items", is_flag=True, help="List every SCR that comes or goes.")
@form_options
@click.pass_obj
def preview_command(settings: Settings, /, **given: Any) -> None:
    """Show what a package would do: to every printed figure, and to today's.

    It is carried out in a copy, so what is shown is what agreement brings. Material
    changes, of a tenth or more from what was printed, and flips of met and unmet are
    marked. It ends with the hash that agreement names.
    """
    from cli.packages import answer_preview

    answer_preview(settings, given)


@correct_command.command("list")
@click.option("--open", "open_", is_flag=True, help="Only those nobody has decided.")
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List all packages: what they are about, who proposed and who decided."""
    from cli.packages import answer_list

    answer_list(settings, given)


@correct_command.command("show")
@click.argument("package")
@form_options
@click.pass_obj
def show_command(settings: Settings, /, **given: Any) -> None:
    """Show a package: its items, its history, and how long the mistakes stood."""
    from cli.packages import answer_show

    answer_show(settings, given)
