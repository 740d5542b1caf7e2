"""Commands run in a child that is watched: what they import, open, start, connect to.

The child is forked from this process, where everything is loaded already, so what it
imports then is imported because of what it read.
"""

from __future__ import annotations

import io
import json
import os
import resource
import select
import signal
import sys
import time
import warnings
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECONDS = 5
"""Of the processor, for one command: more is a hang."""

WAITING = 60
"""Of the clock, for all commands about a file: a pipe that is waited for takes none of
the processor."""

_STARTS = (
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "socket.",
    "ctypes.",
    "pty.",
    "sqlite3.enable_load_extension",
    "sqlite3.load_extension",
)
_CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "shutil.",
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Ended(NamedTuple):
    """How a command ended."""

    command: str
    code: int
    err: str
    seconds: float


class Watched(NamedTuple):
    """What commands did in a child."""

    ended: tuple[Ended, ...]
    seen: tuple[str, ...]
    """What nobody may do, one line each."""
    last: str
    """The command that was begun last; it went on for ever if `ended` lacks it."""


def watched(
    commands: Sequence[Sequence[str]],
    allowed: Callable[[str], bool],
    *,
    import_allowed: Callable[[str], bool],
) -> Watched:
    """Run commands one after another in a child, and return what it did.

    :param allowed: says of a path whether it may be written or removed.
    :param import_allowed: says of a module whether it may be imported.
    """
    ours, its = os.pipe()
    with warnings.catch_warnings():
        # Later versions of Python warn where there are threads, as pytest-xdist has.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # Nothing of pytest may run here any more.
        os.close(ours)
        try:
            _run_watched(its, commands, allowed, import_allowed)
        finally:
            os._exit(0)
    os.close(its)
    text = _read(ours, child)
    os.close(ours)
    os.waitpid(child, 0)
    lines = [json.loads(line) for line in text.splitlines()]
    return Watched(
        tuple(Ended(*line["ended"]) for line in lines if "ended" in line),
        tuple(line["seen"] for line in lines if "seen" in line),
        next((line["begun"] for line in reversed(lines) if "begun" in line), ""),
    )


def _read(pipe: int, child: int) -> str:
    until = time.monotonic() + WAITING
    said = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0, until - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            return said[: said.rfind(b"\n") + 1].decode()
        part = os.read(pipe, 65_536)
        if not part:
            return said[: said.rfind(b"\n") + 1].decode()
        said += part


def _run_watched(
    pipe: int,
    commands: Sequence[Sequence[str]],
    allowed: Callable[[str], bool],
    import_allowed: Callable[[str], bool],
) -> None:
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)

    def tell(**line: object) -> None:
        os.write(pipe, json.dumps(line).encode() + b"\n")

    busy = False

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            found = forbidden(event, arguments, allowed, import_allowed)
            if found:
                tell(seen=found)
        finally:
            busy = False

    sys.addaudithook(hook)
    for command in commands:
        name = " ".join(command)
        tell(begun=name)
        # Whoever goes on for longer is ended by the system.
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = used.ru_utime + used.ru_stime
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(spent + SECONDS * 2) + 1, hard))
        out, err = io.StringIO(), io.StringIO()
        before = time.process_time()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(command)
        seconds = time.process_time() - before
        tell(ended=(name, code, err.getvalue()[-2000:], round(seconds, 2)))


def forbidden(
    event: str,
    arguments: tuple[object, ...],
    allowed: Callable[[str], bool],
    import_allowed: Callable[[str], bool],
) -> str | None:
    """Return what an event of `sys.addaudithook` tells that nobody may do."""
    if event == "import":
        module = str(arguments[0])
        return None if import_allowed(module) else f"imported {module}"
    if event.startswith(_STARTS):
        return f"{event} {arguments!r:.200}"
    if event in ("compile", "exec"):
        where = getattr(arguments[0], "co_filename", arguments[-1])
        return None if _of_a_library(str(where)) else f"{event} of {where}"
    if event == "open":
        path, _, flags = arguments
        # A folder is opened to write where that makes a file without a name in it.
        if flags & _WRITES and not Path(path).is_dir() and not allowed(str(path)):
            return f"opened {path} to write"
    if event.startswith(_CHANGES):
        touched = [str(one) for one in arguments if isinstance(one, str | bytes | Path)]
        if os.sep not in "".join(touched) and arguments[-1] != -1:
            return None  # Within a folder that is being removed, which was looked at.
        if not all(map(allowed, touched)):
            return f"{event} {', '.join(touched)}"
    return None


_INSTALLED = (sys.prefix, sys.base_prefix, str(Path(__file__).parent.parent))


def _of_a_library(where: str) -> bool:
    """Say whether code stands in a file of Python's, of a library's, or of ours."""
    return where.startswith(("<frozen ", *_INSTALLED))


def listed(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return what lies in a folder: name → kind, time of change, bytes."""
    found: dict[str, tuple[object, ...]] = {}
    for one in sorted(folder.rglob("*")):
        said = one.lstat()
        content = one.read_bytes() if one.is_file() and not one.is_symlink() else b""
        with suppress(OSError):
            found[str(one.relative_to(folder))] = (said.st_mode, said.st_mtime, content)
    return found
