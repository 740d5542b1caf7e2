"""Synthetic ledgers of any size, from the generator of the audit's fixture."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.measuring import ROOT
from ledger import app
from ledger.intake.facts import JsonLines

if TYPE_CHECKING:
    from pathlib import Path

BUILD = ROOT / "fixtures" / "oig-23-52" / "build.py"
COUNTED_AS_OF = "2020-01-15"


class Made(NamedTuple):
    """A ledger, and the lines it was loaded from."""

    size: int
    """About so many facts were asked for."""
    facts: int
    source: Path
    ledger: str


def facts_file(folder: Path, size: int) -> Path:
    """Return a file of about so many facts, made unless it is there."""
    source = folder / f"facts-{size}.jsonl"
    if not source.exists():
        draft = source.with_suffix(".part")
        command = [sys.executable, str(BUILD), "--facts", str(size), "-o", str(draft)]
        subprocess.run(command, check=True)
        draft.replace(source)
    return source


def made(folder: Path, size: int) -> Made:
    """Return a ledger of about so many facts, made unless it is there."""
    source = facts_file(folder, size)
    ledger = folder / f"scr-{size}.db"
    if not ledger.exists():
        draft = ledger.with_suffix(".part")
        draft.unlink(missing_ok=True)
        load(str(draft), source)
        draft.replace(ledger)
    with source.open("rb") as lines:
        return Made(size, sum(1 for _ in lines), source, str(ledger))


def load(path: str, source: Path) -> None:
    """Make a ledger and import a file."""
    app.create(path)
    add(path, source)


def add(path: str, source: Path) -> None:
    """Import a file into a ledger."""
    ledger, identity = app.open_ledger(path)
    zone = ZoneInfo(identity.timezone)
    with source.open("rb") as lines:
        ledger.import_file(source.name, JsonLines(lines), zone=zone)
    ledger.close()


def environment() -> dict[str, str]:
    """Return what a command is run with: this code, its bytecode kept."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT)}


def command(ledger: str, *arguments: str) -> list[str]:
    """Return the whole command ``scr``, as installed."""
    program = "from cli.entry import main; main()"
    return [sys.executable, "-c", program, "--ledger", ledger, *arguments]
