"""A long first import in two processes: one reads and decides, one hashes and inserts.

What a file says is read, checked and decided by the second process, with the same code
as ever; the first one reads the bytes, and has the transaction. It is only for a ledger
that holds nothing yet, because then nothing has to be looked up in it.
"""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from ledger.collector import paused_collector
from ledger.companion import Companion, cores
from ledger.errors import StoreError
from ledger.store.bulk import Faults, Loader, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ledger.companion import Receive, Send
    from ledger.store.bulk import Unread
    from ledger.store.sqlite import Appending, Placed

    Line = tuple[int, bytes | Unread]

WORTH_IT = 50_000
"""From how many lines on a second process is worth its start."""

_CHUNK = 2_000


def load(
    appending: Appending,
    zone: ZoneInfo,
    lines: Iterable[Line],
    *,
    source: str | None = None,
) -> tuple[Totals, Faults]:
    """Load the lines of a file; return what was found, and what is wrong with them.

    :param appending: into an empty ledger it may take two processes.
    :raises StoreError: the second process ended before it was done.
    """
    lines = iter(lines)
    if appending.head <= 1 and zone.key and cores() > 1:
        first = list(islice(lines, WORTH_IT))
        if len(first) == WORTH_IT and (second := _started(appending, zone, source)):
            with closing(second):
                return second.loaded(appending, _chained(first, lines))
        lines = _chained(first, lines)
    loader = Loader(appending, zone, source=source)
    return loader.load(lines), loader.faults


def _chained(first: list[Line], others: Iterator[Line]) -> Iterator[Line]:
    yield from first
    first.clear()
    yield from others


def _started(
    appending: Appending, zone: ZoneInfo, source: str | None
) -> _Second | None:
    """Return a second process that is ready, None if there cannot be one."""
    try:
        second = _Second()
    except OSError:
        return None
    if second.is_ready(zone.key, appending.moment, source):
        return second
    second.close()
    return None


class _Second:
    """The process that reads and decides."""

    def __init__(self) -> None:
        self._companion = Companion(__name__, "decide")

    def is_ready(self, zone: str, moment: datetime, source: str | None) -> bool:
        """Tell it what all lines have in common; whether it is there."""
        self._companion.send((zone, moment, source))
        return bool(self._companion.receive() == "ready")

    def loaded(
        self, appending: Appending, lines: Iterator[Line]
    ) -> tuple[Totals, Faults]:
        """Send it the lines, and insert what it makes of them.

        The lines are read here, not in a thread: whoever waits for the next line of a
        pipe can be interrupted, and nobody else holds the file when it is closed.
        """
        heard: SimpleQueue[object] = SimpleQueue()
        Thread(target=self._hear, args=(heard,), daemon=True).start()
        while chunk := list(islice(lines, _CHUNK)):
            if not self._companion.send(chunk):
                break  # It has ended, and nobody has to wait for the next line.
            while not heard.empty():
                appending.put_placed(_placed(heard.get()))
        self._companion.no_more()
        while not isinstance(told := heard.get(), tuple):
            appending.put_placed(_placed(told))
        return cast("tuple[Totals, Faults]", told)

    def _hear(self, heard: SimpleQueue[object]) -> None:
        """Take what it says at once: it waits for no reader, and nobody for it."""
        told: object = []
        while isinstance(told, list):
            try:
                told = self._companion.receive()
            except Exception:  # noqa: BLE001 - what it was is no message
                told = None
            heard.put(told)

    def close(self) -> None:
        """Stop it, whatever it is doing."""
        self._companion.end()


def _placed(told: object) -> list[Placed]:
    """Return the facts of a message.

    :raises StoreError: it is the end, and nothing was said of how it went.
    """
    if isinstance(told, list):
        return told
    message = (
        "the process that reads the lines ended before it was done; nothing is"
        " recorded, see that there is enough memory and import again"
    )
    raise StoreError(message)


def decide(receive: Receive, send: Send) -> None:
    """Be the second process: make facts of lines, until there are no more."""
    zone, moment, source = receive()
    appending = cast("Appending", _Elsewhere(moment, send))
    loader = Loader(appending, ZoneInfo(zone), source=source)
    send("ready")
    with paused_collector():
        totals = loader.load(_lines(receive))
    send((totals, loader.faults))


def _lines(receive: Receive) -> Iterator[Line]:
    while chunk := receive():
        yield from chunk


class _Elsewhere:
    """An append to an empty ledger that takes place in another process."""

    head = 1

    def __init__(self, moment: datetime, send: Send) -> None:
        self.moment = moment
        self._send = send

    def put_placed(self, placed: list[Placed]) -> None:
        """Hand facts over."""
        self._send(placed)

    def stream(self, _stream: str) -> list[tuple[str, bytes, str]]:
        """Return what is recorded: nothing."""
        return []
