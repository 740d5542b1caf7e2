"""A second process beside a command: part of long work, done at the same time.

It is a program of its own, so that nothing of whoever starts it is run in it again. It
is told what to do, and tells what came of it, in messages over its pipes. It ends with
whoever started it: at the end of its messages, if not before.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Receive = Callable[[], Any]
    """Wait for the next message; None at the end of all."""
    Send = Callable[[object], None]

_PROGRAM = """\
import pickle, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:], module, function = pickle.load(sys.stdin.buffer)
from ledger import companion
companion.be(module, function)
"""
"""An interrupt of a command goes to both processes; the first one answers it."""


class Companion:
    """A process that runs one function: what it is sent, and what it says.

    :param module: where the function is; it takes ``Receive`` and ``Send``.
    :raises OSError: no process can be had.
    """

    def __init__(self, module: str, function: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-I", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What goes wrong there the first one meets again, and says so.
            stderr=subprocess.DEVNULL,
        )
        self.send((sys.path, module, function))

    def send(self, message: object) -> bool:
        """Send it a message, and say whether it is still there to take it.

        If it has ended, `receive` will tell how far it came.
        """
        assert self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def no_more(self) -> None:
        """Let it know that nothing more will be sent."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def receive(self) -> Any:
        """Wait for its next message; None if it ended without one."""
        assert self._process.stdout is not None
        return _next(self._process.stdout)

    def end(self) -> None:
        """Stop it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self.no_more()
        assert self._process.stdout is not None
        self._process.stdout.close()


def be(module: str, function: str) -> None:
    """Be the second process."""
    from importlib import import_module

    def send(message: object) -> None:
        pickle.dump(message, sys.stdout.buffer)
        sys.stdout.buffer.flush()

    getattr(import_module(module), function)(lambda: _next(sys.stdin.buffer), send)


def _next(pipe: Any) -> Any:
    try:
        return pickle.load(pipe)  # noqa: S301 - from ourselves
    except (EOFError, pickle.UnpicklingError):
        return None  # Also where it was cut off in the middle of one.


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
