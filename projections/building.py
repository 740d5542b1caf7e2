"""Builds the read model: rows and position together, whole or not at all.

Everything here can be thrown away and made again from the log. Imported only when
there is something to write: reading a figure does not need it.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, closing, contextmanager, suppress
from glob import escape
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.collector import paused_collector
from ledger.companion import cores
from ledger.domain.definitions import BUILT_IN, from_json
from ledger.errors import FactDamagedError, LogDamagedError
from ledger.placing import sync
from projections.claims import extend_runs, shared, write_runs
from projections.folding import UNFOLDABLE, Fold, Instants
from projections.halves import (
    BATCH,
    BOTH,
    Half,
    Second,
    copy,
    copy_totals,
    fold_streams,
    keep_changes,
    write,
)
from projections.readmodel import NEVER, VERSION
from projections.selecting import key_of, summed
from projections.tables import (
    INDEXES_OF_ROWS,
    INDEXES_OF_TOTALS,
    create,
    index,
    insert_into,
    open_for_writing,
)
from projections.totalling import (
    every_key,
    every_series,
    extend_totals,
    new_series,
    total,
    total_anew,
)

try:
    import fcntl
except ImportError:  # Not on Windows, where a file in use is not replaced anyway.
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from sqlite_utils import Database

    from ledger.reader import Log, Row
    from projections.folding import Change
    from projections.selecting import Series

TWO_FROM = 80_000
"""From how many facts on a second process is worth its start."""


class Receipt(NamedTuple):
    """What a rebuild came to."""

    head: int
    root: str
    rows: dict[str, int]
    """By table, those that grow with the log."""
    seconds: float


@contextmanager
def alone(path: str) -> Iterator[None]:
    """Wait until no other process writes a read model in this folder.

    A rebuild puts another file in place of the one that a catch-up may be writing. The
    folder is what is locked: no file is left behind, and none of SQLite's locks, which
    are of another kind, is touched.
    """
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)  # noqa: PTH100, PTH120 - a descriptor
    try:
        if fcntl is not None:
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def rebuild(
    log: Log,
    path: str,
    on_progress: Callable[[int], None],
    upto: int | None = None,
    before_swap: Callable[[str], None] = lambda _draft: None,
) -> Receipt:
    """Make the read model at ``path`` anew from the log, whole or not at all.

    The streams are folded one after another, from a certain size on in two processes.
    Whatever interrupts it, what was there before is there still.

    :param on_progress: told how many facts are read, now and then.
    :param upto: the position to reach; left out: the head.
    :param before_swap: told where the new one stands before it takes its place.
    :raises FactDamagedError: a fact cannot be folded.
    :raises LogDamagedError: the log has fewer facts than positions.
    """
    started = monotonic()
    reached = log.head if upto is None else upto
    _clear_away(path)
    # Absolute: SQLite would take some names for URIs.
    draft = f"{os.path.abspath(path)}.{os.getpid()}.new"  # noqa: PTH100 - as in `alone`
    try:
        with closing(open_for_writing(draft)) as db, paused_collector():
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA synchronous=OFF")
            with db.atomic():
                create(db)
                _define(log, db.conn, reached)
            _fill(log, db, draft, reached, on_progress)
            _mark(db, log, reached)
            rows = {table: db.table(table).count for table in _GROWING}
        sync(Path(draft))
        before_swap(draft)
        # What a catch-up that was cut off left is of the file that goes; SQLite would
        # write it into the new one.
        for ending in ("-journal", "-wal", "-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        Path(draft).replace(path)
    finally:
        _clear_away(path)
    root = log.root(reached).hex()
    return Receipt(reached, root, rows, monotonic() - started)


_GROWING = ("beliefs", "totals", "cells", "mergers", "definitions")


def _clear_away(path: str) -> None:
    """Remove the drafts of a read model, also those of a rebuild that was killed.

    Nobody else has one: whoever rebuilds is alone.
    """
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 - as in `alone`
    for left in Path(folder).glob(f"{escape(name)}.*.new*"):
        left.unlink(missing_ok=True)


def _define(log: Log, conn: sqlite3.Connection, upto: int) -> None:
    """Write the definitions there are, and the series that totals are kept of."""
    for definition in BUILT_IN.values():
        new_series(conn, key_of(definition), wanted=summed(definition))
    _definitions(conn, log.family("measure/", upto))


def _fill(
    log: Log,
    db: Database,
    draft: str,
    upto: int,
    on_progress: Callable[[int], None],
) -> None:
    """Fold all streams into the tables of a new read model, total it, and index it."""
    first = Half(log.path, draft, "", None, upto)
    keep_changes(db.conn, first.changes)
    with ExitStack() as stack:
        numbers = stack.enter_context(shared(first.claims, upto))
        fold = Fold(every_series(db.conn), numbers)
        second = None
        if upto >= TWO_FROM and cores() > 1:
            middle = log.middle_stream(upto)
            with suppress(OSError):  # Then one does it all.
                second = Second(first._replace(first=middle), every_key(db.conn))
                first = first._replace(until=middle)
                stack.callback(second.end)
        with db.atomic():
            facts = fold_streams(log, db.conn, fold, first, on_progress)
            told = None if second is None else second.facts()
            if second is not None and told is None:
                # It came to nothing; then one does that half too.
                told = fold_streams(log, db.conn, fold, second.half, on_progress)
                second = None
        facts += told or 0
        if facts != upto:
            why = f"there are {facts} facts up to position {upto}"
            raise LogDamagedError(why)
        if second is not None:
            second.start_totals()
            copy(db.conn, first)
        with db.atomic():
            write_runs(db.conn, numbers, upto)
            index(db, INDEXES_OF_ROWS)
            if second is None:
                total(db.conn)
            elif second.has_totals():
                copy_totals(db.conn, first)
            else:
                total(db.conn, BOTH)
            index(db, INDEXES_OF_TOTALS)
            db.execute("INSERT INTO cells SELECT DISTINCT cell FROM totals")


def catch_up(log: Log, path: str, on_progress: Callable[[int], None]) -> None:
    """Bring the read model at ``path`` from the position it reached to the head."""
    with closing(open_for_writing(path)) as db:
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("BEGIN IMMEDIATE")
        try:
            reached = next(iter(db.query("SELECT reached FROM meta")))["reached"]
            if reached < log.head:
                _go_on(log, db, reached, on_progress)
                db.execute("DELETE FROM meta")
                _mark(db, log, log.head)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise


def _go_on(
    log: Log, db: Database, reached: int, on_progress: Callable[[int], None]
) -> None:
    """Fold what came after a position; the subjects it is about from their first fact.

    What is open of them is taken back, and written again as it now is.
    """
    conn = db.conn
    own: list[Row] = []
    subjects: dict[str, None] = {}
    for row in log.rows(reached, log.head):
        if row.topic.startswith("ledger."):
            own.append(row)
        else:
            subjects[row.stream] = None
    claimed: dict[int, int] = {}
    fold = Fold(every_series(conn), claimed, reached)
    changes: list[Change] = []
    for done, stream in enumerate(subjects):
        _take_back(conn, stream)
        fold.subject(
            stream,
            [
                (row.position, row.recorded_at, row.payload)
                for row in log.stream(stream, log.head)
                if not row.topic.startswith("ledger.")
            ],
        )
        if len(fold.beliefs) >= BATCH:
            changes += write(conn, fold)
            on_progress(reached + done)
    changes += write(conn, fold)
    conn.executemany(insert_into("own_facts"), [(row.position,) for row in own])
    new = _definitions(conn, own)
    extend_runs(conn, claimed)
    extend_totals(conn, changes)
    total_anew(conn, new)


OPEN = {
    # By its SCR: SQLite would rather look through all rows that are open.
    "scr": "DELETE FROM beliefs WHERE scr=? AND +position_until=?",
    "organization": "DELETE FROM mergers WHERE organization=? AND position_until=?",
}
"""What takes back the open rows of a subject."""


def _take_back(conn: sqlite3.Connection, stream: str) -> None:
    kind, _, name = stream.partition("/")
    conn.execute(OPEN["scr" if kind == "scr" else "organization"], (name, NEVER))


def _definitions(conn: sqlite3.Connection, facts: Iterable[Row]) -> list[Series]:
    """Write the definitions among some facts; return what is newly totalled.

    :raises FactDamagedError: one is no definition.
    """
    micros = Instants().micros
    new = []
    for row in facts:
        if row.topic not in ("ledger.defined/1", "ledger.retired/1"):
            continue
        try:
            fields: dict[str, Any] = json.loads(row.payload)
            claimed = fields.get("adopted_at")
            body = fields.get("definition")
            conn.execute(
                insert_into("definitions"),
                (
                    row.position,
                    micros(claimed or row.recorded_at),
                    int(claimed is not None),
                    fields["measure"],
                    fields.get("version"),
                    fields.get("hash"),
                    None if body is None else json.dumps(body),
                ),
            )
            if body is not None:
                definition = from_json(body)
                key = key_of(definition)
                new.append(new_series(conn, key, wanted=summed(definition)))
        except UNFOLDABLE as error:
            why = f"it is no definition ({type(error).__name__}: {error})"
            raise FactDamagedError(row.position, why) from None
    return [one for one in new if one is not None]


def _mark(db: Database, log: Log, reached: int) -> None:
    db.table("meta").insert(
        {
            "version": VERSION,
            "ledger_id": log.identity.ledger_id,
            "reached": reached,
            "root": log.root(reached).hex(),
        }
    )
