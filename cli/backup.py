"""``scr backup`` and ``scr restore``: a verified copy, and a ledger from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.asking import check_path, progress
from cli.main import say

if TYPE_CHECKING:
    from cli.main import Settings

BACKUP_EXAMPLES = """\b
Examples:
  scr backup monday.db
  scr --ledger scr.db backup monday.db
"""
RESTORE_EXAMPLES = """\b
Examples:
  scr restore monday.db
  scr --ledger again.db restore monday.db
"""


@click.command("backup", epilog=BACKUP_EXAMPLES)
@click.argument("file")
@click.pass_obj
def backup_command(settings: Settings, file: str) -> None:
    """Write a verified copy of the ledger to a new FILE, also while others write.

    The copy is the ledger as it was at one moment. Everything in it is recomputed
    before it gets its name; the read model is no part of it.
    """
    from ledger.backup import back_up

    check_path("FILE", file)
    with progress("checked position") as tell:
        made = back_up(settings.ledger, file, tell)
    say(f"backed up {settings.ledger} to {file}: verified up to @{made.head},")
    say(f" root {made.root}")


@click.command("restore", epilog=RESTORE_EXAMPLES)
@click.argument("backup")
@click.pass_obj
def restore_command(settings: Settings, backup: str) -> None:
    """Make the ledger at --ledger from a BACKUP that verifies.

    It never writes over a ledger: move away what is there, and keep it. What was
    recorded after the backup was made is not in it.
    """
    from ledger.backup import restore

    check_path("BACKUP", backup)
    with progress("checked position") as tell:
        made = restore(backup, settings.ledger, tell)
    identity = made.identity
    say(
        f"restored {settings.ledger} from {backup}: {identity.name}, id"
        f" {identity.ledger_id}, verified up to @{made.head},"
    )
    say(f" root {made.root}")
