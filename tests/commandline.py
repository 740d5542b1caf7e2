"""The command line, run here: what it says on which stream, and how it ends."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, NamedTuple

from cli.main import run
from tests import ledgers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOT_SIGNED = "scr: note: not signed: no key signs for this ledger; see `scr key new`\n"
"""What `scr publish` and `scr restate` say of a ledger without keys."""
DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 130}


class Told(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it said, as JSON."""
        return json.loads(self.out)


class Lines(io.BytesIO):
    """A file of exactly these lines, whatever bytes are in them."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        super().__init__()
        self._left = iter(lines)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line."""
        del size
        return next(self._left, b"")


def scr(*arguments: str) -> Told:
    """Run a command here, its streams caught."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(arguments)
    return Told(code, out.getvalue(), err.getvalue())


def on_terminal(*arguments: str, columns: int, **environment: str) -> Told:
    """Run a command in a process of its own on a pseudo-terminal so many columns wide.

    What it says on either stream is one text, without the carriage returns.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    around = {name: os.environ[name] for name in os.environ if name != "COLUMNS"}
    with subprocess.Popen(
        [sys.executable, "-c", "from cli.entry import main; main()", *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**around, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    ) as running:
        os.close(its)
        said = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return Told(running.returncode, said.decode().replace("\r\n", "\n"), "")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so where nobody has the other end any more.
        return b""


def line(scr: str, event: str, day: str, known_at: str = "", **fields: str) -> str:
    """Return a line of a file; without `known_at` it is known on its day at noon."""
    given = {
        "scr": scr,
        "event": event,
        "effective_on": day,
        "known_at": known_at or f"{day}T12:00:00Z",
        "by": "agent-1",
        **fields,
    }
    return f"{json.dumps({name: value for name, value in given.items() if value})}\n"


def filed(scr: str, day: str = "2018-10-01", **fields: str) -> str:
    """Return a line that files an SCR in Houston."""
    return line(scr, "filed", day, case_number="C-1", office="SAC Houston", **fields)


def life(scr: str, *, tco: str = "", category: str = "", outcome: str = "") -> str:
    """Return the lines of an SCR that is approved, with one disruption of FY 2019."""
    told = filed(scr)
    if category:
        told += line(
            scr, "classified", "2018-10-02", category=category, subcategory="s"
        )
    if tco:
        told += line(
            scr, "determined", "2018-10-03", association=tco, transnational=tco
        )
    told += line(scr, "approved", "2018-10-04")
    day = outcome or "2019-03-04"
    return told + line(scr, "disrupted", day, outcome="D1")


HISTORY = (
    life("SCR-1", tco="yes", category="gangs")
    + life("SCR-2", tco="no", category="narcotics")
    + life("SCR-3")
    + life("SCR-4", tco="yes", outcome="2020-09-30")
)
"""Three SCRs counted in FY 2019: a TCO, none, unknown; and a TCO in FY 2020."""


def prepare(folder: Path, text: str = HISTORY) -> Path:
    """Make `scr.db` in a folder, of the facts of a text; recorded in January 2024."""
    path = ledgers.make(folder / "scr.db")
    if text:
        ledgers.load(path, text)
    return folder / "scr.db"
