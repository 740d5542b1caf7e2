"""The shape of a ledger file, as text: the store writes it, the checker compares it."""

from __future__ import annotations

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
    """Return what ``sqlite_schema`` of a ledger holds: name → text, nothing else.

    SQLite's own objects (``sqlite_…``) have no text of ours and are left aside.
    """
    return {text.split()[2]: text for text in statements()}
