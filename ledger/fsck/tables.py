"""The file itself: its tables as text and as rows, tiles, what SQLite checks."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger import guard, schema
from ledger.fsck.found import Finding, Row
from ledger.tlog.merkle import root

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

PAGE = 2_000
WIDTH = 256
"""Hashes of one level under a hash of the next."""

BEFORE_ALL = -(2**63)
"""No row has a smaller key, and honest ones have greater."""

Tiles = Mapping[tuple[object, object], object]
"""The hashes that are kept, by level and place; none of it is believed."""


def connect(path: str) -> guard.Guarded:
    """Open a file read-only, with nothing in it believed: texts come as bytes."""
    connection = guard.connect(path)
    connection.text_factory = bytes
    return connection


@contextmanager
def unmoved(connection: guard.Guarded) -> Iterator[None]:
    """Let several statements see the file as it is at one moment.

    Whoever records waits for that, so it has to be short.
    """
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:  # SQLite ends it itself where it cannot read.
            connection.execute("COMMIT")


def schema_text(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Compare the text of every table, index and trigger with what `init` writes."""
    found = [
        (shown(kind), shown(name), None if text is None else shown(text))
        for kind, name, text in connection.execute(
            "SELECT type, name, sql FROM sqlite_schema"
        )
    ]
    names = {name for _, name, _ in found}
    for name in schema.differing(found, schema.expected()):
        what = "is missing" if name not in names else "is not as `scr init` made it"
        yield Finding(None, "schema", f"{name} {what}")
    for pragma, value in (
        ("application_id", schema.APPLICATION_ID),
        ("user_version", schema.FORMAT),
    ):
        held = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if held != value:
            yield Finding(None, "schema", f"{pragma} is {held}, not {value}")


def rows(connection: guard.Guarded, after: int = BEFORE_ALL) -> Iterator[Row]:
    """Yield the rows of the log in the order of their keys, page by page.

    :param after: the key after which to begin.
    """
    query = (
        "SELECT rowid, originator_id, originator_version, topic, state, recorded_at,"
        " leaf_hash FROM stored_events WHERE rowid>? ORDER BY rowid LIMIT ?"
    )
    while page := connection.execute(query, (after, PAGE)).fetchall():
        yield from map(Row._make, page)
        if page[-1][0] <= after:  # Or the same page would be read for ever.
            return
        after = page[-1][0]
        connection.patience.begin()


def columns_of(row: Row) -> tuple[str, int, str, bytes, str, bytes] | None:
    """Return the columns as what they should be, or None if one is not."""
    match row:
        case Row(
            stream=bytes(stream),
            version=int(version),
            topic=bytes(topic),
            payload=bytes(payload),
            recorded_at=bytes(recorded_at),
            leaf=bytes(leaf),
        ):
            texts = (stream, topic, recorded_at)
        case _:
            return None
    if any(b"\n" in text for text in texts):
        return None
    try:
        return (
            stream.decode(),
            version,
            topic.decode(),
            payload,
            recorded_at.decode(),
            leaf,
        )
    except UnicodeDecodeError:
        return None


def kept_tiles(connection: guard.Guarded) -> Tiles:
    """Return the tiles that are kept, by level and place."""
    connection.patience.begin()
    rows = connection.execute("SELECT level, place, hash FROM tiles")
    return {(level, place): held for level, place, held in rows}


def given_out(connection: guard.Guarded) -> object:
    """Return the last position that SQLite says it gave out, or None."""
    connection.patience.begin()
    query = "SELECT seq FROM sqlite_sequence WHERE name=?"
    row = connection.execute(query, (schema.EVENTS,)).fetchone()
    return row[0] if row else None


def tiles(held: Tiles, leaves: list[bytes]) -> Iterator[Finding]:
    """Compare the kept tiles with those the recomputed leaves give."""
    kept = dict(held)
    level, hashes = 1, row_above(leaves)
    while hashes:
        for place, computed in enumerate(hashes):
            if kept.pop((level, place), None) != computed:
                position = (place + 1) * WIDTH**level
                why = f"tile entry {level}/{place} is not what its leaves give"
                yield Finding(position, "tiles", why)
        level, hashes = level + 1, row_above(hashes)
    for extra in sorted(kept, key=str):
        yield Finding(None, "tiles", f"tile entry {extra} has no leaves")


def row_above(hashes: list[bytes]) -> list[bytes]:
    """Return the hashes of the next level: of the whole groups, in order."""
    whole = len(hashes) // WIDTH * WIDTH
    return [root(hashes[i : i + WIDTH]) for i in range(0, whole, WIDTH)]


def ends(given: object, head: int) -> Iterator[Finding]:
    """Compare where the log ends with the last position that was given out."""
    if given != head:
        why = f"the log ends at {head}, but position {shown(given or 0)} was given out"
        yield Finding(None, "tail", why)
    if head == 0:
        yield Finding(None, "identity", "the log is empty")


def pages(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Let SQLite check what hashes do not see: pages, and indexes against tables."""
    connection.set_progress_handler(None, 0)  # It looks at each page once.
    for (line,) in connection.execute("PRAGMA integrity_check(10)"):
        if line != b"ok":
            yield Finding(None, "file", shown(line))


def shown(value: object) -> str:
    """Return a value of the file as text, whatever it is."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
