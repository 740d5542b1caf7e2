"""A real terminal for tests: a pseudo-terminal with a window of some size."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

PROGRAM = [sys.executable, "-c", "from cli.entry import main; main()"]
PATIENCE = 30.0
HOME = "\x1b[H"
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

RIGHT, LEFT, DOWN, END = "\x1b[C", "\x1b[D", "\x1b[B", "\x1b[F"


class Terminal:
    """A command that runs in a terminal, and what it shows there."""

    def __init__(
        self,
        *arguments: str,
        width: int = 80,
        height: int = 24,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._controller, self._terminal = pty.openpty()
        self._set_size(width, height)
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
        said = {"TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
        self.sent = ""
        # The terminal has to be the command's own, or no key interrupts it.
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments],
            env={**kept, **said, **(env or {})},
            preexec_fn=lambda: os.login_tty(self._terminal),  # noqa: PLW1509 - no threads here
            pass_fds=[self._terminal],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._controller)
        os.close(self._terminal)

    def _set_size(self, width: int, height: int) -> None:
        size = struct.pack("HHHH", height, width, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size; the system tells the command."""
        self._set_size(width, height)

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self._controller, keys.encode())

    def wait_for(self, text: str) -> str:
        """Return the screen once it shows a text.

        :raises AssertionError: it never does; with what is there instead.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if text in self.screen:
                return self.screen
            self._take(0.05)
        message = f"{text!r} is not on the screen:\n{self.screen}"
        raise AssertionError(message)

    def ended(self) -> int:
        """Return the exit code once the command has ended."""
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            self._take(0.05)
        while self._take(0.05):
            pass
        return self.process.wait(0)

    def _take(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._controller], [], [], seconds)
        if not ready:
            return False
        self.sent += os.read(self._controller, 65536).decode(errors="replace")
        return True

    @property
    def screen(self) -> str:
        """What the last whole drawing shows, without its styles."""
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The lines of it."""
        return [*self._lines()]

    def _lines(self) -> Iterator[str]:
        drawing = self.sent.rpartition(HOME)[2]
        for line in drawing.replace("\r", "").split("\n"):
            yield _STYLE.sub("", line).rstrip()
