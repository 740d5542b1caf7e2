"""How the tables of the read model are made, opened for writing and filled.

Everything in them can be thrown away and made again from the log.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import Database

from projections.readmodel_tables import INDEXES, STATEMENTS, TABLES

INDEXES_OF_TOTALS = ("totals_by_position",)
"""The indexes that are made once the totals are there."""

INDEXES_OF_ROWS = tuple(name for name in INDEXES if name not in INDEXES_OF_TOTALS)

CHANGES = "(cell INTEGER, known_at INTEGER, position INTEGER, change INTEGER)"
"""What totals are made of: by how much each fact changed each cell."""

_CACHE_KIB = 65_536


def open_for_writing(path: str) -> Database:
    """Open a read model, or the draft of one, to write it."""
    # Opened here: sqlite-utils would take some names for URIs.
    db = Database(sqlite3.connect(Path(path).absolute()))
    db.conn.isolation_level = None
    db.execute("PRAGMA busy_timeout=30000")
    db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    return db


def create(db: Database) -> None:
    """Make all tables, without their indexes: they are faster made once full."""
    for name in (*TABLES, "totals"):
        db.execute(STATEMENTS[name])


def index(db: Database, names: tuple[str, ...]) -> None:
    """Make some indexes."""
    for name in names:
        db.execute(STATEMENTS[name])


def insert_into(table: str) -> str:
    """Return the statement that inserts whole rows into a table."""
    marks = ",".join("?" * len(TABLES[table]))
    return f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - question marks
