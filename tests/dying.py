"""Children that live a story and are killed; what they had acknowledged by then."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple

from tests import acts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.acts import Act


class Ended(NamedTuple):
    """How a child ended."""

    acknowledged: int
    """How many acts of the whole story had ended well."""
    killed: bool
    said: str
    """Of an act that did not end well: what it said."""


def tell(
    story: Sequence[Act],
    path: str,
    start: int,
    *,
    prepare: Callable[[], None] = lambda: None,
    watch: Callable[[int, int], None] = lambda _child, _pipe: None,
) -> Ended:
    """Live a story from an act on in a child, which writes down each act that ended.

    :param prepare: what the child does first, such as arming its own end.
    :param watch: what the parent does meanwhile, told the child and where it writes.
    """
    theirs, ours = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - it may die anywhere
        os.close(theirs)
        _live(story, path, start, ours, prepare)
    os.close(ours)
    with os.fdopen(theirs, "rb", buffering=0) as pipe:
        watch(child, pipe.fileno())
        rest = pipe.read() or b""
    _, status = os.waitpid(child, 0)
    lines = (_heard.pop(child, b"") + rest).split(b"\n")
    done = [line for line in lines if line.isdigit()]
    said = next((line.decode() for line in lines if line.startswith(b"!")), "")
    return Ended(int(done[-1]) + 1 if done else start, os.WIFSIGNALED(status), said)


EAGER = False
"""Whether an act is acknowledged before it is done; a test sees that it is noticed."""

_heard: dict[int, bytes] = {}


def _live(
    story: Sequence[Act], path: str, start: int, pipe: int, prepare: Callable[[], None]
) -> None:
    code = 70
    try:
        prepare()
        for number in range(start, len(story)):
            if EAGER:
                os.write(pipe, f"{number}\n".encode())
            told = acts.perform(story[number], path)
            if told.code:
                os.write(pipe, f"!{number} {told.code} {json.dumps(told.err)}".encode())
                break
            os.write(pipe, f"{number}\n".encode())
        code = 0
    finally:
        os._exit(code)


def killing(after: int, seconds: float) -> Callable[[int, int], None]:
    """Return who kills a child so long after so many acts, wherever it then is."""

    def watch(child: int, pipe: int) -> None:
        heard = b""
        while heard.count(b"\n") < after:
            more = os.read(pipe, 4_096)
            if not more:
                break
            heard += more
        _heard[child] = heard
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)

    return watch


def before_statement(number: int) -> Callable[[], None]:
    """Return what arms a child so that it dies before its statement of that number."""

    def arm() -> None:
        left = [number]

        def step(_statement: str) -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sqlite3.connect = traced(step)

    return arm


def traced(step: Callable[[str], None]) -> Callable[..., sqlite3.Connection]:
    """Return what connects as usual, and tells of every statement."""
    connect = sqlite3.connect

    def connected(*given: object, **named: object) -> sqlite3.Connection:
        connection = connect(*given, **named)
        connection.set_trace_callback(step)
        return connection

    return connected
