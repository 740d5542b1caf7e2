"""``scr backup`` and ``scr restore``: a verified copy, and a ledger from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.asking import check_path, check_text, progress
from cli.main import say, warn

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
  scr restore monday.db --reason "the disk failed" --by registry
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
@click.option(
    "--reason",
    metavar="TEXT",
    help="Why it is restored; recorded where you have seen the ledger go further.",
)
@click.option("--by", envvar="SCR_BY", help="Who says so; also SCR_BY.")
@click.pass_obj
def restore_command(
    settings: Settings, backup: str, reason: str | None, by: str | None
) -> None:
    """Make the ledger at --ledger from a BACKUP that verifies.

    It never writes over a ledger: move away what is there, and keep it. What was
    recorded after the backup was made is not in it; where you have seen that, a fact
    has to admit it before anything else is recorded.
    """
    from ledger.backup import restore

    check_path("BACKUP", backup)
    if reason is not None:
        check_text("--reason", reason)
        if by is None:
            message = "--reason is recorded, so it needs --by or SCR_BY"
            raise click.UsageError(message)
    with progress("checked position") as tell:
        made = restore(backup, settings.ledger, tell)
    identity = made.identity
    say(
        f"restored {settings.ledger} from {backup}: {identity.name}, id"
        f" {identity.ledger_id}, verified up to @{made.head},"
    )
    say(f" root {made.root}")
    if _is_unlike_seen(settings.ledger):
        _admit(settings.ledger, reason, by)


def _is_unlike_seen(ledger: str) -> bool:
    """Whether this user has seen more of the ledger, or another one, at this path."""
    from cli.seeing import now_of
    from ledger import seen
    from ledger.errors import UnseenError
    from ledger.reader import open_log

    with open_log(ledger) as log:
        try:
            return bool(seen.disagreements(now_of(log)))
        except UnseenError as error:
            warn(str(error))
            return False


def _admit(ledger: str, reason: str | None, by: str | None) -> None:
    """Record that what was seen is gone on purpose, or say that it has to be."""
    from ledger.app import open_ledger

    if reason is None or by is None:
        warn(
            f"{ledger} is not as you have seen it, so nothing is recorded in it until"
            " `scr checkpoint admit --reason TEXT` says that this was on purpose"
        )
        return
    writable, _ = open_ledger(ledger, warn=warn)
    try:
        admitted = writable.admit(reason=reason, by=by)
    finally:
        writable.close()
    for one in admitted:
        say(f"recorded @{one.position}: @{one.seen_position} {one.seen_root} is gone")
