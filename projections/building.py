"""Builds the read model: rows and position together, in one transaction a batch.

Everything here can be thrown away and made again from the log. Imported only when
there is something to write: reading a figure does not need it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from array import array
from collections import defaultdict
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlite_utils import Database

from ledger.collector import paused_collector
from ledger.domain.definitions import BUILT_IN, from_json
from ledger.domain.fiscal import to_micros
from ledger.errors import FactDamagedError
from ledger.placing import sync
from projections.readmodel import NEVER, RUN, VERSION
from projections.readmodel_tables import INDEXES, STATEMENTS, TABLES
from projections.selecting import Series, cells_of, key_of, series_of, summed
from projections.standing import COLUMNS, FOLDS, Standing
from projections.timeline import turns

try:
    import fcntl
except ImportError:  # Not on Windows, where a file in use is not replaced anyway.
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.reader import Log
    from projections.standing import Fields, Observation

    # cell, known_at, position, change, log_total
    Change = tuple[int, int, int, int, int]
    Ended = tuple[str, tuple[Observation, int, int]]

BATCH = 50_000

# What is kept is compact JSON, so the bare decoder reads it; `json.loads` spends as
# long again on finding out encodings and skipping spaces.
_decode = json.JSONDecoder().raw_decode

# What a payload can raise that was never checked, or was changed since.
_UNFOLDABLE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


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
) -> None:
    """Make the read model at ``path`` anew from the log, whole or not at all.

    :param on_progress: told the position reached, now and then.
    :param upto: the position to reach; left out: the head.
    """
    reached = log.head if upto is None else upto
    draft = f"{path}.{os.getpid()}.new"
    Path(draft).unlink(missing_ok=True)
    try:
        with closing(_open(draft)) as db, paused_collector():
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA synchronous=OFF")
            with db.atomic():
                _create(db)
                batch = _Batch(log, db, reached=0)
                batch.run(reached, on_progress)
                _total(db)
                for name in INDEXES:
                    db.execute(STATEMENTS[name])
                _total_anew(db, batch.new_series)
                _mark(db, log, reached)
        sync(Path(draft))
        # What a catch-up that was cut off left is of the file that goes; SQLite would
        # write it into the new one.
        for ending in ("-journal", "-wal", "-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def catch_up(log: Log, path: str, on_progress: Callable[[int], None]) -> None:
    """Bring the read model at ``path`` from the position it reached to the head."""
    with closing(_open(path)) as db:
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("BEGIN IMMEDIATE")
        try:
            reached = next(iter(db.query("SELECT reached FROM meta")))["reached"]
            if reached < log.head:
                batch = _Batch(log, db, reached=reached)
                batch.run(log.head, on_progress)
                _extend_totals(db, batch.changes)
                _total_anew(db, batch.new_series)
                db.execute("DELETE FROM meta")
                _mark(db, log, log.head)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise


def _open(path: str) -> Database:
    # Opened here: sqlite-utils would take some names for URIs.
    db = Database(sqlite3.connect(Path(path).absolute()))
    db.conn.isolation_level = None
    db.execute("PRAGMA busy_timeout=30000")
    db.execute("PRAGMA cache_size=-262144")
    return db


def _create(db: Database) -> None:
    for name in (*TABLES, "totals"):
        db.execute(STATEMENTS[name])
    for definition in BUILT_IN.values():
        _new_series(db.conn, key_of(definition), summed(definition))
    db.execute(
        "CREATE TEMP TABLE changes (cell, known_at, position, change, log_total)"
    )


def _new_series(conn: sqlite3.Connection, key: str, wanted: bool) -> Series | None:  # noqa: FBT001
    """Give a definition a series, unless it needs none or shares one."""
    held = conn.execute("SELECT 1 FROM series WHERE key=?", (key,)).fetchone()
    if not wanted or held is not None:
        return None
    (number,) = conn.execute("SELECT count(*) FROM series").fetchone()
    conn.execute("INSERT INTO series VALUES (?,?)", (number, key))
    return series_of(number, from_json(json.loads(key)))


def _every_series(conn: sqlite3.Connection) -> list[Series]:
    return [
        series_of(number, from_json(json.loads(key)))
        for number, key in conn.execute(
            "SELECT number, key FROM series ORDER BY number"
        )
    ]


def _mark(db: Database, log: Log, reached: int) -> None:
    db.table("meta").insert(
        {
            "version": VERSION,
            "ledger_id": log.identity.ledger_id,
            "reached": reached,
            "root": log.root(reached).hex(),
        }
    )


class _Batch:
    """Folds the facts after a position into rows.

    A belief row is written when it ends; those that still hold are written last. So
    a batch that goes on from a read model first takes back the open rows of the
    SCRs it touches, and knows them again by replaying what the log says of them.
    """

    def __init__(self, log: Log, db: Database, *, reached: int) -> None:
        self.log = log
        self.conn: sqlite3.Connection = db.conn
        self.reached = reached
        self.changes: list[Change] = []
        self.log_totals: dict[int, int] = {}
        self.new_series: list[Series] = []
        self._series = _every_series(self.conn)
        self._scrs: dict[str, _Believed] = {}
        self._mergers: dict[str, tuple[str, int, int]] = {}
        self._beliefs: list[tuple[object, ...]] = []
        self._own: list[tuple[int]] = []
        self._claims = _Claims(self.conn, reached)
        self._instants: dict[str, int] = {}
        if reached:
            self._take_back_mergers()
            self._know_log_totals()

    def run(self, upto: int, on_progress: Callable[[int], None]) -> None:
        """Fold the log from where the read model is up to a position."""
        for position, topic, recorded_at, payload in self.log.narrow(
            self.reached, upto
        ):
            self._fact(position, topic, recorded_at, payload)
            if position % BATCH == 0:
                self._flush()
                on_progress(position)
        self._finish()

    def _fact(
        self, position: int, topic: str, recorded_at: str, payload: bytes
    ) -> None:
        try:
            if topic.startswith("ledger."):
                self._own.append((position,))
                if topic in ("ledger.defined/1", "ledger.retired/1"):
                    self._definition(position, recorded_at, payload)
                return
            fields: Fields = _decode(payload.decode())[0]
            claimed = fields.get("known_at")
            known = self._micros(claimed or recorded_at)
            if claimed is not None:
                self._claims.add(position, known)
            if topic.startswith("scr."):
                self._scr(fields, known, position)
            else:
                self._organization(fields, known, position)
        except _UNFOLDABLE as error:
            why = f"it cannot be folded ({type(error).__name__}: {error})"
            raise FactDamagedError(position, why) from None

    def _micros(self, instant: str) -> int:
        found = self._instants.get(instant)
        if found is None:
            if len(self._instants) > BATCH:
                self._instants.clear()
            found = to_micros(datetime.fromisoformat(instant))
            self._instants[instant] = found
        return found

    # --- SCRs ------------------------------------------------------------------

    def _scr(self, fields: Fields, known: int, position: int) -> None:
        name = fields["scr"]
        believed = self._scrs.get(name)
        if believed is None:
            believed = self._scrs[name] = _Believed(self._series)
            if self.reached:
                self._recall(name, believed)
        if not believed.fold(fields):
            return
        for outcome, (row, since_known, since) in believed.turn(known, position):
            self._beliefs.append(
                (name, outcome, *row, since_known, since, known, position)
            )
        for cell, change in believed.changed.items():
            total = self.log_totals.get(cell, 0) + change
            self.log_totals[cell] = total
            self.changes.append((cell, known, position, change, total))

    def _recall(self, name: str, believed: _Believed) -> None:
        """Replay what the log said of an SCR before, and take back its open rows."""
        for row in self.log.stream(f"scr/{name}", self.reached):
            fields: Fields = json.loads(row.payload)
            if believed.fold(fields):
                known = self._micros(fields.get("known_at") or row.recorded_at)
                believed.turn(known, row.position)
        self.conn.execute(
            "DELETE FROM beliefs WHERE scr=? AND position_until=?", (name, NEVER)
        )

    # --- definitions -----------------------------------------------------------

    def _definition(self, position: int, recorded_at: str, payload: bytes) -> None:
        try:
            fields: dict[str, Any] = json.loads(payload)
            claimed = fields.get("adopted_at")
            row = (
                position,
                self._micros(claimed or recorded_at),
                int(claimed is not None),
                fields["measure"],
                fields.get("version"),
                fields.get("hash"),
                json.dumps(fields["definition"]) if "definition" in fields else None,
            )
            self.conn.execute("INSERT INTO definitions VALUES (?,?,?,?,?,?,?)", row)
            if "definition" in fields:
                definition = from_json(fields["definition"])
                key = key_of(definition)
                new = _new_series(self.conn, key, summed(definition))
                self.new_series += [] if new is None else [new]
        except _UNFOLDABLE as error:
            why = f"it is no definition ({type(error).__name__}: {error})"
            raise FactDamagedError(position, why) from None

    # --- organizations ---------------------------------------------------------

    def _organization(self, fields: Fields, known: int, position: int) -> None:
        name = fields["organization"]
        held = self._mergers.pop(name, None)
        if held is not None:
            self.conn.execute(
                "INSERT INTO mergers VALUES (?,?,?,?,?,?)",
                (name, *held, known, position),
            )
        if fields["event"] == "merged":
            self._mergers[name] = (fields["into"], known, position)

    def _take_back_mergers(self) -> None:
        self._mergers = {
            name: (into, known, position)
            for name, into, known, position in self.conn.execute(
                "SELECT organization, into_id, known_from, position_from FROM mergers"
                " WHERE position_until=?",
                (NEVER,),
            )
        }
        self.conn.execute("DELETE FROM mergers WHERE position_until=?", (NEVER,))

    def _know_log_totals(self) -> None:
        """Go on from the totals along the log where the read model left them."""
        query = (
            "SELECT cell, (SELECT log_total FROM totals WHERE totals.cell=cells.cell"
            " ORDER BY position DESC LIMIT 1) FROM cells"
        )
        self.log_totals = dict(self.conn.execute(query))

    # --- writing ---------------------------------------------------------------

    def _flush(self) -> None:
        self._write_beliefs()
        self._claims.write()
        if not self.reached:
            self.conn.executemany(
                "INSERT INTO changes VALUES (?,?,?,?,?)", self.changes
            )
            self.changes.clear()

    def _write_beliefs(self) -> None:
        marks = ",".join("?" * len(TABLES["beliefs"]))
        self.conn.executemany(
            f"INSERT INTO beliefs VALUES ({marks})",  # noqa: S608 - question marks
            self._beliefs,
        )
        self._beliefs.clear()

    def _finish(self) -> None:
        self._flush()
        for name, believed in self._scrs.items():
            for outcome, (row, known, position) in believed.held.items():
                self._beliefs.append(
                    (name, outcome, *row, known, position, NEVER, NEVER)
                )
            if len(self._beliefs) >= BATCH:
                self._write_beliefs()
        self._write_beliefs()
        self.conn.executemany(
            "INSERT INTO mergers VALUES (?,?,?,?,?,?)",
            ((name, *held, NEVER, NEVER) for name, held in self._mergers.items()),
        )
        self.conn.executemany("INSERT INTO own_facts VALUES (?)", self._own)


class _Believed:
    """An SCR while it is folded, and since when each of its observations holds."""

    __slots__ = ("cells", "changed", "held", "scr", "series")

    def __init__(self, series: list[Series]) -> None:
        self.series = series
        self.scr: Standing | None = None
        self.held: dict[str, tuple[Observation, int, int]] = {}
        self.cells: dict[int, int] = {}
        self.changed: dict[int, int] = {}

    def fold(self, fields: Fields) -> bool:
        """Apply a fact; return whether observations may have changed."""
        event = fields["event"]
        if self.scr is None:
            if event != "filed":
                raise ValueError(event)
            self.scr = Standing(fields)
            return False
        FOLDS[event](self.scr, fields)
        return bool(self.held) or self.scr.observable

    def turn(self, known: int, position: int) -> list[Ended]:
        """Compare with what held before; return what ended."""
        assert self.scr is not None
        now = self.scr.observations()
        held = self.held
        ended = [(name, was) for name, was in held.items() if now.get(name) != was[0]]
        for name, _ in ended:
            del held[name]
        if len(held) < len(now):
            for name, row in now.items():
                if name not in held:
                    held[name] = (row, known, position)
        elif not ended:
            self.changed = {}
            return ended
        self._recount(now)
        return ended

    def _recount(self, now: dict[str, Observation]) -> None:
        """Note how the cells changed since the last count."""
        before, self.cells = self.cells, cells_of(self.series, now.values())
        self.changed = {
            cell: change
            for cell in {**before, **self.cells}
            if (change := self.cells.get(cell, 0) - before.get(cell, 0))
        }


class _Claims:
    """The instants at which facts were claimed to be known, in runs of positions.

    A run covers ``RUN`` consecutive positions and holds its claimed instants sorted,
    so that a count of claims is a bisection per run (`projections/grade.py`).
    """

    def __init__(self, conn: sqlite3.Connection, reached: int) -> None:
        self._conn = conn
        self._run = reached // RUN
        self._claims: list[tuple[int, int]] = []
        row = conn.execute(
            "SELECT instants, offsets FROM runs WHERE first=?", (self._first,)
        ).fetchone()
        if row is not None:
            instants, offsets = array("q", row[0]), array("H", row[1])
            self._claims = list(zip(instants, offsets, strict=True))

    @property
    def _first(self) -> int:
        return self._run * RUN + 1

    def add(self, position: int, known: int) -> None:
        """Note a claimed fact; positions come in order."""
        run = (position - 1) // RUN
        if run != self._run:
            self.write()
            self._run, self._claims = run, []
        self._claims.append((known, position - self._first))

    def write(self) -> None:
        """Write the run that is being filled."""
        if not self._claims:
            return
        self._claims.sort()
        instants = array("q", (known for known, _ in self._claims))
        offsets = array("H", (offset for _, offset in self._claims))
        self._conn.execute(
            "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?)",
            (
                self._first,
                self._first + max(offsets),
                len(instants),
                instants[0],
                instants[-1],
                instants.tobytes(),
                offsets.tobytes(),
            ),
        )


def _total(db: Database) -> None:
    """Run the totals of a new read model along both axes at once."""
    db.execute(
        "INSERT INTO totals SELECT cell, known_at, position, change,"
        " sum(change) OVER (PARTITION BY cell ORDER BY known_at, position), log_total"
        " FROM changes ORDER BY cell, known_at, position"
    )
    db.execute("INSERT INTO cells SELECT DISTINCT cell FROM totals")
    db.execute("DROP TABLE changes")


def _extend_totals(db: Database, changes: list[Change]) -> None:
    """Add changes to running totals; what was known later is totalled again."""
    by_cell: dict[int, list[Change]] = defaultdict(list)
    for change in changes:
        by_cell[change[0]].append(change)
    for cell, new in by_cell.items():
        db.execute("INSERT OR IGNORE INTO cells VALUES (?)", (cell,))
        _extend_cell(db.conn, cell, new)


def _extend_cell(conn: sqlite3.Connection, cell: int, new: list[Change]) -> None:
    conn.executemany(
        "INSERT INTO totals (cell, known_at, position, change, log_total, known_total)"
        " VALUES (?,?,?,?,?,0)",
        new,
    )
    since = min(change[1] for change in new)
    row = conn.execute(
        "SELECT known_total FROM totals WHERE cell=? AND known_at<?"
        " ORDER BY known_at DESC, position DESC LIMIT 1",
        (cell, since),
    ).fetchone()
    conn.execute(
        "UPDATE totals SET known_total=? + later.total FROM ("
        " SELECT known_at AS at, position AS place,"
        " sum(change) OVER (ORDER BY known_at, position) AS total"
        " FROM totals WHERE cell=? AND known_at>=?) AS later"
        " WHERE cell=? AND known_at=later.at AND position=later.place",
        (row[0] if row else 0, cell, since, cell),
    )


def _total_anew(db: Database, new: list[Series]) -> None:
    """Keep running totals of series that were defined when there were rows already."""
    if not new:
        return
    changes: list[tuple[int, int, int, int]] = []
    rows = db.conn.execute(
        f"SELECT scr, outcome, {', '.join(COLUMNS)}, known_from, position_from,"  # noqa: S608 - our names
        " known_until, position_until FROM beliefs ORDER BY scr"
    )
    for _, held in groupby(rows, itemgetter(0)):
        before: dict[int, int] = {}
        for known, position, observations in turns(row[1:] for row in held):
            now = cells_of(new, observations.values())
            changes += [
                (cell, known, position, change)
                for cell in {**before, **now}
                if (change := now.get(cell, 0) - before.get(cell, 0))
            ]
            before = now
    changes.sort(key=itemgetter(2))
    log_totals: dict[int, int] = defaultdict(int)
    totalled: list[Change] = []
    for cell, known, position, change in changes:
        log_totals[cell] += change
        totalled.append((cell, known, position, change, log_totals[cell]))
    _extend_totals(db, totalled)
