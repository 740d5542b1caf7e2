"""``scr checkpoint``: a signed head of the log, to be kept elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.asking import output
from cli.main import Suggesting, complain, read_enough, warn
from cli.recording import recording_options
from cli.safe import display, json_text
from cli.signing import signer, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.main import Settings
    from ledger.domain.keys import Admitted, Covered

EXAMPLES = """\b
Examples:
  scr checkpoint --by publisher
  scr checkpoint -o checkpoint.txt --by publisher
"""
ADMIT_EXAMPLES = """\b
Examples:
  scr checkpoint admit --reason "the disk failed, restored from Sunday" --by chief
"""


@click.group(
    "checkpoint",
    cls=Suggesting,
    invoke_without_command=True,
    no_args_is_help=False,
    epilog=EXAMPLES,
)
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead.")
@click.option("--by", metavar="TEXT", envvar="SCR_BY", help="Who says so; also SCR_BY.")
@click.option("--dry-run", is_flag=True, help="Decide, record nothing.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.pass_context
def checkpoint_command(ctx: click.Context, /, **given: Any) -> None:
    """Sign how long the log is and its root, and print that.

    What is covered by a checkpoint that somebody else keeps cannot be changed
    unnoticed, not even by who holds the key. With nothing new since the last one, that
    one is printed again.
    """
    settings: Settings = ctx.obj
    if ctx.invoked_subcommand is not None:
        return
    if given["by"] is None:
        message = "give --by, who says so, or set SCR_BY"
        raise click.UsageError(message)
    _issue(settings, given)


def _issue(settings: Settings, given: Mapping[str, Any]) -> None:
    from ledger.app import open_ledger

    private = signer(settings)
    dry = given["dry_run"]
    # Opened first: what cannot be written down elsewhere is not recorded.
    with read_enough(), output(given["output"]) as out:
        ledger, _ = open_ledger(settings.ledger, warn=warn)
        try:
            covered = ledger.checkpoint(private, by=given["by"], dry_run=dry)
        finally:
            ledger.close()
        if covered.already:
            status = "already recorded"
        else:
            status = "would be recorded" if dry else "recorded"
        out.write(_json(covered, status) if given["as_json"] else covered.note)
    complain(f"{status}: {told(covered)}; keep a copy elsewhere")


@checkpoint_command.command(
    "admit", short_help="say that a restore was deliberate", epilog=ADMIT_EXAMPLES
)
@click.option("--reason", metavar="TEXT", required=True, help="Why it was put back.")
@recording_options
@click.pass_obj
def admit_command(settings: Settings, /, **given: Any) -> None:
    """Record that the file was put back from a backup on purpose.

    Every command that records refuses a ledger that is not as you have seen it: rolled
    back, forked or swapped. This one records what is gone, and sees the ledger anew.
    """
    from ledger.app import open_ledger

    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        admitted = ledger.admit(
            reason=given["reason"], by=given["by"], dry_run=given["dry_run"]
        )
    finally:
        ledger.close()
    dry = given["dry_run"]
    if given["as_json"]:
        said = {
            "schema": "scr-restored/1",
            "admitted": [
                {
                    "status": _status(one, dry=dry),
                    "position": None if dry and not one.already else one.position,
                    "seen_position": one.seen_position,
                    "seen_root": one.seen_root,
                    "seen_ledger": one.seen_ledger,
                }
                for one in admitted
            ],
        }
        click.echo(json_text(json.dumps(said, ensure_ascii=False)))
        return
    for one in admitted:
        of = "" if one.seen_ledger is None else f" of the ledger {one.seen_ledger}"
        gone = f"@{one.seen_position} {one.seen_root}{of} is gone"
        click.echo(display(f"{_status(one, dry=dry)}: {gone}"))


def _status(one: Admitted, *, dry: bool) -> str:
    if one.already:
        return f"already recorded @{one.position}"
    return "would be recorded" if dry else f"recorded @{one.position}"


def _json(covered: Covered, status: str) -> str:
    said = {
        "schema": "scr-checkpoint/1",
        "status": status,
        "position": None if status.startswith("would") else covered.position,
        "size": covered.size,
        "note": covered.note,
    }
    return json_text(json.dumps(said, ensure_ascii=False)) + "\n"
