"""``scr init`` and ``scr rebuild``: making and keeping a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.asking import check_text, progress
from cli.main import complain, say, warn
from ledger.errors import StoreError

if TYPE_CHECKING:
    from cli.main import Settings

INIT_EXAMPLES = """\b
Examples:
  scr --ledger new.db init
  scr --ledger west.db init --name "Field offices, west" --timezone US/Pacific
  scr --ledger mine.db init --solo
"""
REBUILD_EXAMPLES = """\b
Examples:
  scr rebuild
  scr --ledger scr.db rebuild
"""


@click.command("init", epilog=INIT_EXAMPLES)
@click.option(
    "--name", metavar="TEXT", help="What people call it.  [default: the file's name]"
)
@click.option(
    "--timezone",
    metavar="ZONE",
    default="America/New_York",
    show_default=True,
    help="The zone in which a day of this ledger ends; fixed for ever.",
)
@click.option(
    "--solo",
    is_flag=True,
    help="One person's ledger, for ever: no roles, no approvals, and every publication"
    " says that four eyes were off.",
)
@click.pass_obj
def init_command(
    settings: Settings, name: str | None, timezone: str, *, solo: bool
) -> None:
    """Make an empty ledger; its identity is the fact at position 1."""
    from pathlib import Path

    from ledger.app import create

    if name is not None:
        check_text("--name", name)
    folder = Path(settings.ledger).absolute().parent
    if not folder.is_dir():
        message = f"there is no folder {folder}; make it first, or name another ledger"
        raise StoreError(message)
    identity = create(
        settings.ledger, name=name, timezone=timezone, solo=solo, warn=warn
    )
    say(
        f"made {settings.ledger}: {identity.name}, days end in {identity.timezone},"
        f" id {identity.ledger_id}"
        f"{', solo: four eyes stay off' if identity.solo else ''}"
    )


@click.command("rebuild", epilog=REBUILD_EXAMPLES)
@click.pass_obj
def rebuild_command(settings: Settings) -> None:
    """Make the read model anew from the log; nothing is lost by it.

    It is made beside the one there is, compared with it as far as that goes, and put in
    its place whole or not at all.
    """
    from ledger.failures import translated
    from ledger.guard import refuse_sealed
    from ledger.reader import open_log
    from projections import building
    from projections.comparing import unlike
    from projections.readmodel import path_beside

    refuse_sealed(settings.ledger)
    path = path_beside(settings.ledger)
    compared = None

    def compare(draft: str) -> None:
        nonlocal compared
        compared = unlike(log, path, draft)

    with (
        open_log(settings.ledger) as log,
        progress("reading the log, facts") as tell,
        translated(path),
        building.alone(path),
    ):
        receipt = building.rebuild(log, path, tell, before_swap=compare)
    say(f"rebuilt {path} to @{receipt.head}, in {_seconds(receipt.seconds)}")
    say(f"root {receipt.root}")
    say(", ".join(f"{rows:,} {table}" for table, rows in receipt.rows.items()))
    _say_compared(compared)


def _seconds(seconds: float) -> str:
    return "less than a second" if seconds < 1 else f"{seconds:,.0f} s"


def _say_compared(compared: tuple[int, str | None] | None) -> None:
    if compared is None:
        say("there was none before that it could be compared with")
        return
    upto, table = compared
    if table is None:
        say(f"the one before said the same up to @{upto}")
        return
    complain(
        f"the one before said something else up to @{upto}, in its table {table};"
        " ask again whatever was answered from it"
    )
