"""A terminal's keyboard and window, while a screen of ours is on it."""

from __future__ import annotations

import os
import re
import signal
import sys
from codecs import getincrementaldecoder
from contextlib import contextmanager
from select import select
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AT_MOST = 4_096
"""Bytes taken at once."""


@contextmanager
def keyboard() -> Iterator[Callable[[], str]]:
    """Yield what waits for keys; nothing that is typed is lost, or shown, meanwhile."""
    try:
        import termios
        import tty
    except ImportError:  # Windows.
        yield click.getchar
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setcbreak(keyboard, termios.TCSANOW)
        # Stopped in the middle of a screen, nobody could give the terminal back.
        changed = termios.tcgetattr(keyboard)
        changed[6][termios.VSUSP] = _NO_KEY
        termios.tcsetattr(keyboard, termios.TCSANOW, changed)
        yield _Keys(keyboard).read
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


class _Keys:
    """What a keyboard sends, never cut in the middle of a key."""

    def __init__(self, keyboard: int) -> None:
        self._keyboard = keyboard
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def read(self) -> str:
        """Wait for keys; the empty text is the end of them."""
        text = self._more()
        # A key of several characters may come in two parts; a lone Escape does not.
        while text and _CUT.search(text) and self._is_more():
            more = self._more()
            if not more:
                break
            text += more
        return text

    def _more(self) -> str:
        while True:
            sent = os.read(self._keyboard, _AT_MOST)
            text = self._decoder.decode(sent)
            if text or not sent:
                return text

    def _is_more(self) -> bool:
        return bool(select([self._keyboard], [], [], _PATIENCE)[0])


_CUT = re.compile(r"\x1b(?:\[[0-9;]*|O)?\Z")
_PATIENCE = 0.1
"""How many seconds the rest of a key may take: a slow line splits them."""
_NO_KEY = b"\0"


@contextmanager
def resizing(show: Callable[[], None]) -> Iterator[Waiting]:
    """Draw again when the window has another size, while a key is waited for."""
    waiting = Waiting(show)
    if not hasattr(signal, "SIGWINCH"):  # Windows tells by no signal.
        yield waiting
        return
    before = signal.signal(signal.SIGWINCH, lambda *_: waiting.resized())
    try:
        yield waiting
    finally:
        signal.signal(signal.SIGWINCH, before)


class Waiting:
    """Waits for a key, and never draws in the middle of a drawing."""

    def __init__(self, show: Callable[[], None]) -> None:
        self._show = show
        self._now = False
        self._stale = False
        self._drawing = False

    def resized(self) -> None:
        """Draw again, now or as soon as a key is waited for."""
        self._stale = True
        if self._now and not self._drawing:
            self._draw()

    def _draw(self) -> None:
        self._drawing = True
        while self._stale:
            self._stale = False
            self._show()
        self._drawing = False

    def __enter__(self) -> None:
        self._draw()
        self._now = True
        self._draw()

    def __exit__(self, *_: object) -> None:
        self._now = False
