"""The shape of a ledger file, as text: the store writes it, the checker compares it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

APPLICATION_ID = 0x53435231
"""``SCR1``, at byte 68 of the file: what kind of file this is."""

FORMAT = 1
"""The version of this shape, kept as SQLite's ``user_version``."""

EVENTS = "stored_events"
TILES = "tiles"

_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"


def statements(events: str = EVENTS, tiles: str = TILES) -> list[str]:
    """Return the statements that make the tables, in order.

    The key is named ``rowid`` because the library reads that name; AUTOINCREMENT
    never gives a position twice; STRICT keeps every column to its type.
    """
    return [
        f"CREATE TABLE {events} ("
        "rowid INTEGER PRIMARY KEY AUTOINCREMENT, "
        "originator_id TEXT NOT NULL, "
        "originator_version INTEGER NOT NULL, "
        "topic TEXT NOT NULL, "
        "state BLOB NOT NULL, "
        "recorded_at TEXT NOT NULL, "
        "leaf_hash BLOB NOT NULL, "
        "UNIQUE (originator_id, originator_version)) STRICT",
        f"CREATE TABLE {tiles} ("
        "level INTEGER NOT NULL, "
        "place INTEGER NOT NULL, "
        "hash BLOB NOT NULL, "
        "PRIMARY KEY (level, place)) STRICT, WITHOUT ROWID",
        *(
            f"CREATE TRIGGER {table}_no_{verb.lower()}"
            f" BEFORE {verb} ON {table} {_REFUSE}"
            for table in (events, tiles)
            for verb in ("UPDATE", "DELETE")
        ),
    ]


def expected() -> dict[str, str]:
    """Return what ``sqlite_schema`` of a ledger holds: name → text, nothing else."""
    return {text.split()[2]: text for text in statements()}


SQLITES_OWN = frozenset(
    {
        "CREATE TABLE sqlite_sequence(name,seq)",
        "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
        "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
    }
)
"""What SQLite adds of its own, by AUTOINCREMENT and by ANALYZE."""


def differing(
    found: Iterable[tuple[object, object, object]], wanted: Mapping[str, str]
) -> list[str]:
    """Return the names that a schema and the one wanted do not have alike, sorted.

    SQLite's own objects are left aside for what they are, not for their names: a
    trigger may be called ``sqlite_…``, and may share its name with a table.

    :param found: type, name and text of each object, as SQLite has them.
    :param wanted: name → text of each statement, ``CREATE TYPE …``.
    """
    held = Counter(row for row in found if not _sqlites_own(*row))
    due: Counter[tuple[object, object, object]] = Counter(
        (text.split()[1].lower(), name, text) for name, text in wanted.items()
    )
    rows = (held - due) + (due - held)
    return sorted({str(name) for _, name, _ in rows})


def _sqlites_own(kind: object, name: object, text: object) -> bool:
    if not str(name).startswith("sqlite_"):
        return False
    return text in SQLITES_OWN if kind == "table" else kind == "index" and text is None
