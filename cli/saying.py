"""What a command says, and where: safe text, one line an error, on a stream that lasts.

Without click, which takes four times as long to import as a figure takes to find.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cli.safe import display
from ledger.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_LEDGER = "scr.db"

NO_ROOM = 6


class Settings(NamedTuple):
    """What holds for every command."""

    ledger: str


def check_ledger(ledger: str) -> None:
    """Refuse what can never name a ledger, before a library stumbles over it."""
    if not ledger or "\0" in ledger or not _is_unicode(ledger):
        message = f"{ledger or repr('')} cannot name a ledger; give the path of a file"
        raise UsageError(message)
    try:
        mode = os.stat(ledger).st_mode  # noqa: PTH116 - pathlib costs a command 4 ms
    except OSError:
        return  # There is none: who opens it says so, who makes it makes it.
    if stat.S_ISDIR(mode):
        message = f"{ledger} is a folder; give the path of a ledger file"
        raise StoreError(message)
    if not stat.S_ISREG(mode):  # Opening a pipe would wait for ever.
        message = f"{ledger} is a device or a pipe; give the path of a ledger file"
        raise StoreError(message)
    for beside in (f"{ledger}-journal", f"{ledger}.readmodel"):
        _check_beside(beside)


def _check_beside(path: str) -> None:
    """Refuse a pipe, a device or a folder where SQLite would open a file."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - as above
    except OSError:
        return
    if not stat.S_ISREG(mode):
        message = f"{path} is no file, and stands where one has to be; move it away"
        raise StoreError(message)


def _is_unicode(text: str) -> bool:
    """Say whether UTF-8 holds the text; a file name may be any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def prepare_streams() -> None:
    """Let both streams take any text."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def say(text: str) -> None:
    """Write one line on stdout, safe whatever the text holds."""
    with read_enough():
        _write(sys.stdout, display(text))


@contextmanager
def read_enough() -> Iterator[None]:
    """Let a command go on to its end, and its verdict, when stdout is not read on.

    `scr log | head`: whoever read has read enough. What was to be recorded is recorded
    all the same, and what does not verify ends with 4.
    """
    try:
        yield
    except BrokenPipeError:
        let_go_of(sys.stdout)


def complain(text: str, prefix: str = "scr: ") -> None:
    """Write one line on stderr, safe whatever the text holds."""
    try:
        _write(sys.stderr, f"{prefix}{display(text)}")
    except OSError:
        # Nobody listens: `2>&1 | head`. The exit code still says how it ended.
        let_go_of(sys.stderr)


def warn(text: str) -> None:
    """Warn on stderr of what keeps nothing from being done."""
    complain(f"warning: {text}")


def cannot_write(error: OSError) -> int:
    """Say what could not be written or read; return the exit code."""
    where = f" {error.filename}" if error.filename else ""
    complain(f"cannot write or read{where}: {error.strerror or error}")
    let_go_of(sys.stdout)
    return NO_ROOM


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # It was closed: `>&-`.
        return
    stream.write(f"{text}\n")
    stream.flush()


def let_go_of(stream: TextIO | None) -> None:
    """Turn a stream that cannot be written to nowhere, so that the end is silent."""
    if stream is None:
        return
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return  # It is no file, so nothing is left in it.
