"""``scr init``, ``scr import`` and ``scr rebuild``: making and keeping a ledger."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import click

from cli.asking import progress
from cli.main import complain
from cli.safe import display
from ledger.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.main import Settings
    from ledger.app import ImportReport

INIT_EXAMPLES = """\b
Examples:
  scr --ledger new.db init
  scr --ledger west.db init --name "Field offices, west" --timezone US/Pacific
"""
IMPORT_EXAMPLES = """\b
Examples:
  scr import events.jsonl
  scr import --dry-run --source "extract of 2023-02-28" events.jsonl
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
@click.pass_obj
def init_command(settings: Settings, name: str | None, timezone: str) -> None:
    """Make an empty ledger; its identity is the fact at position 1."""
    from pathlib import Path

    from ledger.app import create

    if name is not None:
        _check_text("--name", name)
    folder = Path(settings.ledger).absolute().parent
    if not folder.is_dir():
        message = f"there is no folder {folder}; make it first, or name another ledger"
        raise StoreError(message)
    identity = create(settings.ledger, name=name, timezone=timezone)
    _say(
        f"made {settings.ledger}: {identity.name}, days end in {identity.timezone},"
        f" id {identity.ledger_id}"
    )


def _say(text: str) -> None:
    """Write one line on stdout, safe whatever the text holds."""
    click.echo(display(text))


@click.command("import", epilog=IMPORT_EXAMPLES)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--dry-run", is_flag=True, help="Check everything, record nothing.")
@click.option(
    "--source", metavar="NAME", help="Where facts that name no source were found."
)
@click.pass_obj
def import_command(
    settings: Settings,
    files: tuple[str, ...],
    *,
    dry_run: bool,
    source: str | None,
) -> None:
    """Load facts from JSON Lines files; `-` is standard input.

    A file is recorded whole or not at all, and only what is new in it: the same file
    again adds nothing. With several files the first refused one stops; earlier ones
    stay.
    """
    from zoneinfo import ZoneInfo

    from ledger.app import open_ledger

    if source is not None:
        _check_text("--source", source)
    ledger, identity = open_ledger(settings.ledger)
    try:
        for name in files:
            _check_form(name)
            with opened(name) as lines, progress(f"reading {name}, line") as tell:
                report = ledger.import_file(
                    _recorded_name(name),
                    lines,
                    zone=ZoneInfo(identity.timezone),
                    source=source,
                    dry_run=dry_run,
                    on_progress=tell,
                )
            _tell(report)
    finally:
        ledger.close()


def _check_text(option: str, text: str) -> None:
    from ledger.domain.events import is_text

    if not is_text(text):
        message = (
            f"{option} takes 1 to 200 characters, not only spaces,"
            " none of them a control character"
        )
        raise UsageError(message)


def _recorded_name(name: str) -> str:
    """Return the name a file is recorded under: its last part, made safe and short."""
    from pathlib import Path

    last = Path(name).name if name != "-" else "-"
    return display(last if last.strip() else repr(last))[:200]


def _check_form(name: str) -> None:
    """Say at once that a table is no JSON Lines file, not a fault for each row."""
    from ledger.errors import UsageError

    if name.lower().endswith((".csv", ".tsv", ".xlsx", ".xls")):
        message = (
            f"{name} is a table, and import reads JSON Lines only;"
            " write one JSON object a line (docs/interchange.md)"
        )
        raise UsageError(message)


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """Open a file that was named on the command line; `-` is standard input.

    :raises NoInputFileError: it cannot be read.
    """
    from pathlib import Path

    from ledger.errors import NoInputFileError

    if name == "-":
        if sys.stdin is None:
            raise NoInputFileError(name, "standard input is closed")
        yield sys.stdin.buffer
        return
    try:
        lines = Path(name or "''").open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoInputFileError(name or "''", why) from None
    with lines:
        yield lines


def _tell(report: ImportReport) -> None:
    totals = report.totals
    verb = "would add" if report.dry_run else "added"
    head = "the head would be" if report.dry_run else "head"
    known = ""
    if totals.already_recorded:
        known = f", {totals.already_recorded:,} already recorded"
    if totals.new:
        parts = ", ".join(f"{n:,} {event}" for event, n in totals.added.items())
        _say(
            f"{report.file}: {totals.rows:,} lines, {verb} {totals.new:,} facts{known}"
            f" ({parts}); {head} @{report.head}"
        )
    else:
        _say(
            f"{report.file}: {totals.rows:,} lines, nothing new{known};"
            f" {head} @{report.head}"
        )
    for rule, count in sorted(totals.anomalies.items()):
        complain(f"{report.file}: {count:,} {rule}", prefix="")


@click.command("rebuild", epilog=REBUILD_EXAMPLES)
@click.pass_obj
def rebuild_command(settings: Settings) -> None:
    """Make the read model anew from the log; nothing is lost by it."""
    from ledger.failures import translated
    from ledger.reader import open_log
    from projections import building
    from projections.readmodel import path_beside

    path = path_beside(settings.ledger)
    with (
        open_log(settings.ledger) as log,
        progress("reading the log, position") as tell,
    ):
        with translated(path):
            building.rebuild(log, path, tell)
        _say(f"rebuilt {path} to @{log.head}")
