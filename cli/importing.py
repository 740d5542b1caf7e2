"""``scr import``: files of facts, and extracts of one day."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, nullcontext
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from cli.asking import check_path, check_text, output, progress, scrs
from cli.main import complain, say, warn
from cli.safe import display, json_text
from cli.tables import opened
from ledger.errors import NoInputFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cli.main import Settings
    from ledger.app import CaseLedger, ImportReport, SetAside, SnapshotReport
    from ledger.intake.facts import FactFile
    from ledger.reader import Identity

IMPORT_EXAMPLES = """\b
Examples:
  scr import events.jsonl
  scr import --dry-run --source "extract of 2023-02-28" events.jsonl
  scr import --set-aside left-out.jsonl events.jsonl
  scr import --snapshot --known-at 2020-02-28 --map columns.toml extract.csv
"""

NAMED = 20
"""How many missing SCRs are named before the rest is counted."""

_OTHER_TABLES = (".xls", ".xlsb", ".xlsm", ".ods")


class Given(NamedTuple):
    """The options of an import."""

    source: str | None
    mapping: str | None
    set_aside: str | None
    dry_run: bool


class Extract(NamedTuple):
    """The options of an extract."""

    known_at: str | None
    missing: str


@click.command("import", epilog=IMPORT_EXAMPLES)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--dry-run", is_flag=True, help="Check everything, record nothing.")
@click.option(
    "--source", metavar="NAME", help="Where facts that name no source were found."
)
@click.option(
    "--map",
    "mapping",
    metavar="FILE.toml",
    help="How a table names its columns; `scr map --init` drafts one.",
)
@click.option(
    "--set-aside",
    metavar="OUT",
    help="Leave out whole SCRs that have a refused line; write these lines to OUT.",
)
@click.option(
    "--snapshot",
    is_flag=True,
    help="FILE is an extract: a row per SCR as it stood. Needs --known-at.",
)
@click.option(
    "--known-at",
    metavar="WHEN",
    help="The day (its end, in the ledger's zone) or instant an extract shows.",
)
@click.option(
    "--missing",
    type=click.Choice(["report", "voids"]),
    default="report",
    show_default=True,
    help="What becomes of SCRs that an extract does not have any more.",
)
@click.pass_obj
def import_command(  # noqa: PLR0913 - one per option
    settings: Settings,
    /,
    files: tuple[str, ...],
    *,
    source: str | None,
    mapping: str | None,
    set_aside: str | None,
    dry_run: bool,
    snapshot: bool,
    known_at: str | None,
    missing: str,
) -> None:
    """Load facts from JSON Lines (`-` is standard input), CSV, TSV or XLSX files.

    A file is recorded whole or not at all, and only what is new in it: the same file
    again adds nothing. With several files the first refused one stops; earlier ones
    stay. Of an extract the facts are recorded that lead from what the ledger knew then
    to what it shows.
    """
    from ledger.app import open_ledger

    given = Given(source, mapping, set_aside, dry_run)
    extract = Extract(known_at, missing)
    _check(files, given, extract, snapshot=snapshot)
    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        if snapshot:
            _import_snapshot(ledger, identity, files[0], given, extract)
        else:
            _import_facts(ledger, identity, files, given)
    finally:
        ledger.close()


def _check(
    files: tuple[str, ...], given: Given, extract: Extract, *, snapshot: bool
) -> None:
    if given.source is not None:
        check_text("--source", given.source)
    if snapshot and len(files) > 1:
        message = "--snapshot takes one FILE, because an SCR not in it is missing"
        raise click.UsageError(message)
    if not snapshot and extract != Extract(None, "report"):
        message = "--known-at and --missing are for extracts; give --snapshot too"
        raise click.UsageError(message)
    for name in files:
        if name.lower().endswith(_OTHER_TABLES):
            message = f"{name} is a workbook of a kind not read; save it as .xlsx"
            raise UsageError(message)
    if given.set_aside is not None:
        check_path("--set-aside", given.set_aside)
        for name in (*files, *([given.mapping] if given.mapping else [])):
            if _is_place(given.set_aside, name):
                message = f"--set-aside would write over {name}; give another OUT"
                raise UsageError(message)


def _is_place(path: str, name: str) -> bool:
    """Whether two names are of one place; one that can name none is of no place."""
    try:
        return os.path.realpath(path) == os.path.realpath(name)
    except ValueError:
        return False


# --- facts --------------------------------------------------------------------------


def _import_facts(
    ledger: CaseLedger, identity: Identity, files: tuple[str, ...], given: Given
) -> None:

    aside = None if given.set_aside is None else _Aside(given.set_aside)
    for name in files:
        recorded = _recorded_name(name)
        with (
            _facts(name, recorded, given) as facts,
            progress(f"reading {name}, line") as tell,
        ):
            report = ledger.import_file(
                recorded,
                facts,
                zone=identity.zone,
                source=given.source,
                dry_run=given.dry_run,
                on_progress=tell,
                **_told(aside, recorded),
            )
        _tell(report, "rows" if facts.columns else "lines")


@contextmanager
def _facts(name: str, recorded: str, given: Given) -> Iterator[FactFile]:
    from ledger.intake.facts import FactTable, JsonLines, is_field
    from ledger.intake.tables import is_table

    mending = given.set_aside is not None
    if name != "-" and is_table(name):
        with opened(name, recorded, given.mapping, is_field, mending=mending) as named:
            yield FactTable(named)
        return
    if given.mapping is not None:
        message = f"--map is for tables, and {name} is none: .csv, .tsv and .xlsx are"
        raise UsageError(message)
    with opened_file(name, twice=mending) as lines:
        yield JsonLines(lines)


@contextmanager
def opened_file(name: str, *, twice: bool = False) -> Iterator[IO[bytes]]:
    """Open a file that was named on the command line; `-` is standard input.

    :param twice: whether it is to be read again.
    :raises NoInputFileError: it cannot be read.
    """
    from pathlib import Path

    if name == "-":
        if sys.stdin is None:
            raise NoInputFileError(name, "standard input is closed")
        stdin = sys.stdin.buffer
        with _kept(stdin) if twice else nullcontext(stdin) as lines:
            yield lines
        return
    try:
        lines = Path(name or "''").open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoInputFileError(name or "''", why) from None
    with lines:
        yield lines


def _kept(stream: IO[bytes]) -> IO[bytes]:
    """Return a copy of a stream that cannot be read again."""
    import shutil
    from tempfile import TemporaryFile

    copy = TemporaryFile()  # noqa: SIM115 - its reader closes it
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    return copy


# --- extracts -----------------------------------------------------------------------


def _import_snapshot(
    ledger: CaseLedger, identity: Identity, path: str, given: Given, extract: Extract
) -> None:

    from ledger.intake.snapshot import is_field
    from ledger.intake.snapshot_import import Snapshot

    recorded = _recorded_name(path)
    snapshot = Snapshot(
        recorded,
        _known_at(extract.known_at, identity.timezone),
        given.source,
        "voids" if extract.missing == "voids" else "report",
    )
    aside = None if given.set_aside is None else _Aside(given.set_aside)
    mending = aside is not None
    with opened(path, recorded, given.mapping, is_field, mending=mending) as named:
        report = ledger.import_snapshot(
            snapshot,
            named.rows(),
            sha256=named.table.sha256,
            zone=identity.zone,
            columns=named.columns,
            map_file=named.map,
            dry_run=given.dry_run,
            **_told(aside, recorded),
        )
    _tell(report.imported, "rows")
    _tell_missing(report, extract.missing)


def _known_at(text: str | None, zone: str) -> datetime:
    """Read ``--known-at``: a day stands for its last microsecond in a time zone.

    :raises UsageError: it is neither a day nor an instant.
    """
    from datetime import timedelta

    from ledger.domain.fiscal import end_of_day, parse_instant
    from projections.basis import day_of

    if text is None:
        message = "--snapshot needs --known-at: the day, or instant, the extract shows"
        raise click.UsageError(message)
    day = day_of(text)
    if day is not None:
        return end_of_day(day, zone) - timedelta(microseconds=1)
    try:
        return parse_instant(text)
    except ValueError as error:
        message = f"--known-at takes a day such as 2020-01-15, or an instant: {error}"
        raise UsageError(message) from None


# --- setting aside ------------------------------------------------------------------


class _Aside:
    """The file for what is set aside; it is put in place before a file is recorded."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._kept = ""
        self._lines: list[str] = []

    def writing(self, file: str) -> Callable[[SetAside], None]:
        """Return what takes the lines of a file that are set aside."""
        self._lines = []

        def write(aside: SetAside) -> None:
            faults = [{"field": field, "rule": rule} for field, rule in aside.faults]
            line = {
                "file": file,
                "line": aside.line,
                aside.kind: aside.subject,
                "faults": faults,
                **aside.said,
            }
            text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            self._lines.append(f"{json_text(text)}\n")

        return write

    def keep(self) -> None:
        """Write the lines of the files so far, whole or not at all.

        :raises StoreError: they cannot be written.
        """
        self._kept += "".join(self._lines)
        with output(self._path) as out:
            out.write(self._kept)


def _told(aside: _Aside | None, file: str) -> dict[str, Any]:
    """Return what an import is told about setting aside."""
    if aside is None:
        return {}
    return {"set_aside": aside.writing(file), "before_commit": aside.keep}


# --- what is told -------------------------------------------------------------------


def _recorded_name(name: str) -> str:
    """Return the name a file is recorded under: its last part, made safe and short."""
    from pathlib import Path

    last = Path(name).name if name != "-" else "-"
    return display(last if last.strip() else repr(last))[:200]


def _tell(report: ImportReport, unit: str) -> None:
    totals = report.totals
    verb = "would add" if report.dry_run else "added"
    head = "the head would be" if report.dry_run else "head"
    known = ""
    if totals.already_recorded:
        known = f", {totals.already_recorded:,} already recorded"
    if totals.new:
        parts = ", ".join(f"{n:,} {event}" for event, n in totals.added.items())
        say(
            f"{report.file}: {totals.rows:,} {unit}, {verb} {totals.new:,} facts{known}"
            f" ({parts}); {head} @{report.head}"
        )
    else:
        say(
            f"{report.file}: {totals.rows:,} {unit}, nothing new{known};"
            f" {head} @{report.head}"
        )
    if totals.set_aside:
        complain(f"{report.file}: {scrs(totals.set_aside)} set aside", prefix="")
    for rule, count in sorted(totals.anomalies.items()):
        complain(f"{report.file}: {count:,} {rule}", prefix="")


def _tell_missing(report: SnapshotReport, missing: str) -> None:
    """Name on stderr the SCRs that an extract lacks."""
    if not report.missing:
        return
    count = len(report.missing)
    named = ", ".join(report.missing[:NAMED])
    more = f" and {count - NAMED:,} more" if count > NAMED else ""
    did = "voided" if missing == "voids" else "left alone"
    complain(
        f"{report.imported.file}: not in it, but standing in the ledger, and {did}:"
        f" {scrs(count)}: {named}{more}",
        prefix="",
    )
