"""The streams of a log in two halves, the second folded by a process of its own.

What it makes goes into a file beside the draft of the read model, from which SQLite
copies it. Where the process cannot be had, or comes to nothing, whoever asked folds
that half too: two are faster than one, and nothing else.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from ledger.collector import paused_collector
from ledger.companion import Companion
from ledger.errors import FactDamagedError
from projections.claims import shared
from projections.folding import Fold
from projections.readmodel_tables import STATEMENTS
from projections.tables import CHANGES, insert_into, open_for_writing
from projections.totalling import series_under, total

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from sqlite_utils import Database

    from ledger.companion import Receive, Send
    from ledger.reader import Log
    from projections.folding import Change, Fact

BATCH = 20_000

Damage = tuple[int, str]
"""Position and reason of a fact that cannot be folded."""


class Half(NamedTuple):
    """Some of the streams of a log, and where what is made of them goes."""

    ledger: str
    draft: str
    """The new read model; what is passed from process to process stands beside it."""
    first: str
    until: str | None
    upto: int

    @property
    def claims(self) -> str:
        """The file of both processes' claims."""
        return f"{self.draft}.claims"

    @property
    def changes(self) -> str:
        """The first process's changes."""
        return f"{self.draft}.changes"

    @property
    def part(self) -> str:
        """The second process's rows, and its changes."""
        return f"{self.draft}.part"

    @property
    def totals(self) -> str:
        """The totals of both, made by the second process."""
        return f"{self.draft}.totals"


def fold_streams(  # noqa: PLR0913, PLR0917 - one place for each kind of row, and which
    log: Log,
    conn: sqlite3.Connection,
    fold: Fold,
    half: Half,
    on_progress: Callable[[int], None],
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Fold a half of the streams into the tables of a file; return how many facts.

    :param stop: asked now and then whether nobody waits for the result any more.
    :raises FactDamagedError: a fact cannot be folded.
    """
    own: list[tuple[int]] = []
    done = 0
    for stream, facts in _by_stream(log, half, own):
        done += len(facts)
        fold.subject(stream, facts)
        if len(fold.beliefs) + len(fold.changes) >= BATCH:
            _write(conn, fold)
            on_progress(done)
            if stop():
                break
    _write(conn, fold)
    conn.executemany(insert_into("own_facts"), own)
    return done + len(own)


def _by_stream(
    log: Log, half: Half, own: list[tuple[int]]
) -> Iterator[tuple[str, list[Fact]]]:
    """Yield each subject with its facts; those of the ledger itself go to ``own``."""
    current = ""
    facts: list[Fact] = []
    for stream, _, position, topic, recorded_at, payload in log.by_stream(
        half.first, half.until, half.upto
    ):
        if topic.startswith("ledger."):
            own.append((position,))
            continue
        if stream != current:
            if facts:
                yield current, facts
            current, facts = stream, []
        facts.append((position, recorded_at, payload))
    if facts:
        yield current, facts


def write(conn: sqlite3.Connection, fold: Fold) -> list[Change]:
    """Write the rows a fold has made, and take them off it; return the changes."""
    conn.executemany(insert_into("beliefs"), fold.beliefs)
    conn.executemany(insert_into("mergers"), fold.mergers)
    fold.beliefs.clear()
    fold.mergers.clear()
    changes, fold.changes = fold.changes, []
    return changes


def _write(conn: sqlite3.Connection, fold: Fold) -> None:
    conn.executemany("INSERT INTO changes VALUES (?,?,?,?)", write(conn, fold))


def keep_changes(conn: sqlite3.Connection, path: str) -> None:
    """Give a connection a table ``changes`` in a file of its own, for totals."""
    conn.execute("ATTACH ? AS first", (path,))
    conn.execute("PRAGMA first.journal_mode=OFF")
    conn.execute("PRAGMA first.synchronous=OFF")
    conn.execute(f"CREATE TABLE first.changes {CHANGES}")


BOTH = "(SELECT * FROM first.changes UNION ALL SELECT * FROM part.changes)"
"""The changes of both halves, to a connection that has both files."""


# --- the second process ------------------------------------------------------------


class Second:
    """The process that folds the second half, from the moment it is started.

    :param keys: of the series that totals are kept of, by number.
    :raises OSError: no process can be had.
    """

    def __init__(self, half: Half, keys: Sequence[str]) -> None:
        self.half = half
        self._companion = Companion(__name__, "second")
        self._companion.send((half, keys))

    def facts(self) -> int | None:
        """Wait until it is done; return how many facts, None if it came to nothing.

        :raises FactDamagedError: a fact cannot be folded.
        """
        told: int | Damage | None = self._companion.receive()
        if isinstance(told, tuple):
            raise FactDamagedError(*told)
        return told

    def start_totals(self) -> None:
        """Let it total what both halves have changed; all of it is written."""
        self._companion.send(self.half)

    def has_totals(self) -> bool:
        """Wait until it is done; whether it came to anything."""
        return self._companion.receive() is not None

    def end(self) -> None:
        """Stop it, whatever it is doing."""
        self._companion.end()


def second(receive: Receive, send: Send) -> None:
    """Be the second process: fold, and total when asked to."""
    first_process = os.getppid()
    half, keys = receive()
    try:
        send(_fold(half, keys, lambda: os.getppid() != first_process))
    except FactDamagedError as error:
        send((error.position, error.why))
    if receive() is not None:
        _total(half)
        send("totalled")


def _fold(half: Half, keys: Sequence[str], stop: Callable[[], bool]) -> int:
    from ledger.reader import open_log

    with (
        open_log(half.ledger) as log,
        closing(_open(half.part)) as db,
        shared(half.claims, half.upto) as numbers,
        paused_collector(),
    ):
        for table in _COPIED:
            db.execute(STATEMENTS[table])
        db.execute(f"CREATE TABLE changes {CHANGES}")
        fold = Fold([series_under(*one) for one in enumerate(keys)], numbers)
        with db.atomic():
            return fold_streams(log, db.conn, fold, half, lambda _: None, stop)


def _total(half: Half) -> None:
    with closing(_open(half.totals)) as db:
        db.execute(STATEMENTS["totals"])
        db.execute("ATTACH ? AS first", (half.changes,))
        db.execute("ATTACH ? AS part", (half.part,))
        with db.atomic():
            total(db.conn, BOTH)


def _open(path: str) -> Database:
    db = open_for_writing(path)
    db.execute("PRAGMA journal_mode=OFF")
    db.execute("PRAGMA synchronous=OFF")
    return db


_COPIED = ("beliefs", "mergers", "own_facts")


def copy(conn: sqlite3.Connection, half: Half) -> None:
    """Copy the rows that the second process made; its file stays attached."""
    conn.execute("ATTACH ? AS part", (half.part,))
    for table in _COPIED:
        conn.execute(f"INSERT INTO {table} SELECT * FROM part.{table}")  # noqa: S608 - ours


def copy_totals(conn: sqlite3.Connection, half: Half) -> None:
    """Copy the totals that the second process made."""
    conn.execute("ATTACH ? AS totalled", (half.totals,))
    conn.execute(
        "INSERT INTO totals SELECT * FROM totalled.totals"
        " ORDER BY cell, known_at, position"
    )
