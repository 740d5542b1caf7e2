"""Ledger files made to do harm to whoever opens them, each by one function.

Every one starts from a copy of a sound ledger in a folder of its own. What is drawn is
drawn from a seed, so a file can be made again. `ATTACKS` is the list.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from ledger import reader, schema
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Attack = Callable[[Path], None]

PLANTED = "planted_by_a_ledger"
"""A module that lies on `sys.path` when the files are opened; nothing imports it."""

VICTIM = "victim.txt"
"""A file beside the ledger that is nobody's to touch."""

_PAGE = 4096
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_BOMB = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x"


class Place(NamedTuple):
    """A page in the file's bytes, from its first to behind its last."""

    start: int
    stop: int


# --- by SQL -------------------------------------------------------------------------


def changed(path: Path, *statements: str) -> None:
    """Change a ledger past its triggers, which stand as they were afterwards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        _unguarded(held)
        for statement in statements:
            held.execute(statement)
        _guarded(held)


def _triggers() -> list[str]:
    return [text for text in schema.statements() if text.startswith("CREATE TRIGGER")]


def _unguarded(held: sqlite3.Connection) -> None:
    for text in _triggers():
        held.execute(f"DROP TRIGGER IF EXISTS {text.split()[2]}")


def _guarded(held: sqlite3.Connection) -> None:
    for text in _triggers():
        held.execute(text)


def rehashed(path: Path, *statements: str) -> None:
    """Change a ledger, and give every fact the leaf hash of what it says now."""
    changed(path, *statements)
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        _unguarded(held)
        held.text_factory = lambda raw: raw.decode(errors="surrogateescape")
        for position, stream, version, topic, state, at in held.execute(
            "SELECT rowid, originator_id, originator_version, topic, state,"
            " recorded_at FROM stored_events"
        ).fetchall():
            try:
                leaf = leaf_hash(entry(position, stream, version, topic, at, state))
            except (ValueError, TypeError):
                continue  # It has no entry; its leaf hash stays another's.
            held.execute(
                "UPDATE stored_events SET leaf_hash=? WHERE rowid=?", (leaf, position)
            )
        _guarded(held)


def topic(name: str, path: Path) -> None:
    """A fact whose topic names code."""
    rehashed(path, f"UPDATE stored_events SET topic='{name}' WHERE rowid=4")


def payload(text: str, path: Path) -> None:
    """A fact with another payload."""
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        _unguarded(held)
        held.execute("UPDATE stored_events SET state=? WHERE rowid=3", (text.encode(),))
        _guarded(held)
    rehashed(path)


def own(stream: str, name: str, fields: dict[str, object], path: Path) -> None:
    """A fact of the ledger's own at the end, that it would never record."""
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic,"
            " state, recorded_at, leaf_hash) SELECT ?, 1, ?, ?, max(recorded_at), x''"
            " FROM stored_events",
            (stream, name, json.dumps(fields).encode()),
        )
    rehashed(path)


def identity(fields: dict[str, object], path: Path) -> None:
    """A ledger of a hostile identity."""
    said = {"event": "opened", "ledger_id": "x", "name": "x", "timezone": "UTC"}
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        _unguarded(held)
        held.execute(
            "UPDATE stored_events SET state=? WHERE rowid=1",
            (json.dumps({**said, **fields}).encode(),),
        )
        _guarded(held)
    rehashed(path)


def remade(path: Path, *, pragma: str = "", strict: bool = True) -> None:
    """The same rows in a file of another encoding, page size, or strictness."""
    other = path.with_name("other")
    with (
        closing(sqlite3.connect(path)) as held,
        closing(sqlite3.connect(other, isolation_level=None)) as made,
    ):
        if pragma:
            made.execute(f"PRAGMA {pragma}")
        for text in schema.statements():
            made.execute(text if strict else text.replace(" STRICT", " "))
        for table, count in ((schema.EVENTS, 7), (schema.TILES, 3)):
            marks = ",".join("?" * count)
            made.executemany(
                f"INSERT INTO {table} VALUES ({marks})",
                held.execute(f"SELECT * FROM {table}").fetchall(),
            )
        made.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
        made.execute(f"PRAGMA user_version={schema.FORMAT}")
    other.replace(path)


def mistyped(assignment: str, path: Path) -> None:
    """Columns of other types, in a file whose schema says that this cannot be."""
    remade(path, strict=False)
    changed(path, f"UPDATE stored_events SET {assignment} WHERE rowid=5")
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute("PRAGMA writable_schema=ON")
        for text in schema.statements()[:2]:
            held.execute(
                "UPDATE sqlite_schema SET sql=? WHERE name=? AND type='table'",
                (text, text.split()[2]),
            )
        # SQLite goes on without knowing until the file is opened anew.


def schema_row(kind: str, name: str, table: str, text: str, path: Path) -> None:
    """A row of the schema that no statement would make."""
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute("PRAGMA writable_schema=ON")
        held.execute(
            "INSERT INTO sqlite_schema VALUES (?,?,?,0,?)", (kind, name, table, text)
        )


def hidden_trigger(path: Path) -> None:
    """A trigger of the name of a table, so that a dictionary of names shows one."""
    text = (
        "CREATE TRIGGER stored_events AFTER INSERT ON stored_events"
        f" BEGIN {_BOMB} FROM c; END"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute("PRAGMA writable_schema=ON")
        held.execute("UPDATE sqlite_schema SET rowid=rowid+10")
        held.execute(
            "INSERT INTO sqlite_schema (rowid, type, name, tbl_name, rootpage, sql)"
            " VALUES (1, 'trigger', 'stored_events', 'stored_events', 0, ?)",
            (text,),
        )


def instead_of_table(text: str, path: Path) -> None:
    """A view, or another table, under the name of one of ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        _unguarded(held)
        held.execute("ALTER TABLE stored_events RENAME TO kept")
        held.execute(text)


def stock(path: Path) -> None:
    """The stored events of the library, whose mapper imports what a row names."""
    path.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute(
            "CREATE TABLE stored_events (originator_id TEXT, originator_version"
            " INTEGER, topic TEXT, state BLOB, PRIMARY KEY (originator_id,"
            " originator_version))"
        )
        held.execute(
            f"INSERT INTO stored_events VALUES ('a', 1, '{PLANTED}:Gadget', '{{}}')"
        )


# --- by bytes -----------------------------------------------------------------------


def patched(path: Path, at: int, with_: bytes) -> None:
    """Write bytes into a file."""
    data = bytearray(path.read_bytes())
    data[at : at + len(with_)] = with_
    path.write_bytes(data)


def flipped(place: Place, seed: int, path: Path) -> None:
    """Some bits of a part of the file turned over."""
    random = Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(random.randint(1, 4)):
        at = random.randrange(place.start, min(place.stop, len(data)))
        data[at] ^= 1 << random.randrange(8)
    path.write_bytes(data)


def cut(share: float, path: Path) -> None:
    """A file that ends early."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def freelist_loop(path: Path) -> None:
    """A list of free pages that leads back to itself."""
    changed(path, "CREATE TABLE gone (x)", "INSERT INTO gone VALUES (zeroblob(30000))")
    changed(path, "DROP TABLE gone")
    first = struct.unpack(">I", path.read_bytes()[32:36])[0]
    patched(path, (first - 1) * _PAGE, struct.pack(">I", first))


def page_bomb(path: Path) -> None:
    """Pages that lead to one another: some thousand bytes, rows without an end.

    Eighteen pages, each with hundreds of children, and all of them the next page.
    """
    with closing(sqlite3.connect(path)) as held:
        (root,) = held.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name='stored_events'"
            " AND type='table'"
        ).fetchone()
    data = bytearray(path.read_bytes())
    start = _first_leaf(path) * _PAGE
    leaf = bytes(data[start : start + _PAGE])
    count = len(data) // _PAGE
    chain = [root, *range(count + 1, count + 17)]
    for page, following in zip(chain, [*chain[1:], count + 17], strict=True):
        made = _interior(following, children=300)
        start = (page - 1) * _PAGE
        if start == len(data):
            data += made
        else:
            data[start : start + _PAGE] = made
    data += leaf
    data[28:32] = struct.pack(">I", len(data) // _PAGE)
    path.write_bytes(data)


def _interior(child: int, children: int) -> bytes:
    """Return an inner page of a table with so many cells, all of one child."""
    cells = [struct.pack(">I", child) + b"\x7f" for _ in range(children)]
    start = _PAGE - 5 * children
    header = struct.pack(">BHHHBI", 5, 0, children, start, 0, child)
    pointers = b"".join(struct.pack(">H", start + 5 * n) for n in range(children))
    body = header + pointers
    return body + bytes(start - len(body)) + b"".join(cells)


def one_rowid(path: Path) -> None:
    """All facts of a page at the same position."""
    page = _first_leaf(path)
    data = bytearray(path.read_bytes())
    start = page * _PAGE
    (cells,) = struct.unpack(">H", data[start + 3 : start + 5])
    for cell in range(cells):
        (at,) = struct.unpack(">H", data[start + 8 + 2 * cell :][:2])
        at += start
        while data[at] & 0x80:  # The length of the payload.
            at += 1
        data[at + 1] = 3
    path.write_bytes(data)


def _first_leaf(path: Path) -> int:
    with closing(sqlite3.connect(path)) as held:
        (root,) = held.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name='stored_events'"
            " AND type='table'"
        ).fetchone()
    data = path.read_bytes()
    page = data[(root - 1) * _PAGE : root * _PAGE]
    if page[0] == 13:
        return int(root) - 1
    (cell,) = struct.unpack(">H", page[12:14])
    return int(struct.unpack(">I", page[cell : cell + 4])[0]) - 1


# --- by what lies there, or beside --------------------------------------------------


def replaced(content: bytes, path: Path) -> None:
    """Another file altogether."""
    path.write_bytes(content)


def folder(path: Path) -> None:
    """A folder of the ledger's name."""
    path.unlink()
    path.mkdir()


def pipe(suffix: str, path: Path) -> None:
    """A pipe that never says anything, at or beside the ledger."""
    at = Path(f"{path}{suffix}")
    at.unlink(missing_ok=True)
    os.mkfifo(at)


def beside(suffix: str, content: bytes, path: Path) -> None:
    """A file beside the ledger."""
    Path(f"{path}{suffix}").write_bytes(content)


def wal_mode(path: Path) -> None:
    """A ledger in the mode of a write-ahead log, though there is none."""
    patched(path, 18, b"\x02\x02")


def with_wal(path: Path) -> None:
    """A write-ahead log beside it that changes a fact."""
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("PRAGMA journal_mode=WAL")
    _unguarded(held)
    held.execute("UPDATE stored_events SET topic='os:system' WHERE rowid=4")
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", f"{path}{ending}.kept")
    held.close()
    for ending in ("", "-wal"):
        Path(f"{path}{ending}.kept").replace(f"{path}{ending}")


def hot_journal(path: Path, *, names: str | None) -> None:
    """The journal of a write that was cut off; it may name a file to delete."""
    before = path.read_bytes()
    page = before[:_PAGE]
    nonce = 7
    checksum = (nonce + sum(page[i] for i in range(_PAGE - 200, 0, -200))) & 0xFFFFFFFF
    head = _JOURNAL_MAGIC + struct.pack(
        ">IIIII", 1, nonce, len(before) // _PAGE, 512, _PAGE
    )
    text = head.ljust(512, b"\0") + struct.pack(">I", 1) + page
    text += struct.pack(">I", checksum)
    if names is not None:
        name = str(path.with_name(names)).encode()
        lock = 0x40000000 // _PAGE + 1
        text += struct.pack(">I", lock) + name
        text += struct.pack(">II", len(name), sum(name)) + _JOURNAL_MAGIC
    Path(f"{path}-journal").write_bytes(text)
    # Half of the write had reached the file.
    patched(path, 24, b"\xff\xff\xff\xff")


# --- the read model beside ----------------------------------------------------------


def model(path: Path, *statements: str) -> None:
    """A read model that was changed."""
    with closing(sqlite3.connect(f"{path}.readmodel", isolation_level=None)) as held:
        held.execute("PRAGMA writable_schema=ON")
        for statement in statements:
            held.execute(statement)


def behind(path: Path) -> None:
    """A read model of the log before its last fact, with a trigger for what follows."""
    with reader.open_log(str(path)) as log:
        reached, root = log.head - 1, log.root(log.head - 1).hex()
    model(
        path,
        f"UPDATE meta SET reached={reached}, root='{root}'",
        f"DELETE FROM own_facts WHERE position>{reached}",
        f"CREATE TRIGGER t AFTER INSERT ON meta BEGIN {_BOMB} FROM c; END",
    )


def model_link(path: Path) -> None:
    """A read model that is a link to somebody else's file."""
    at = Path(f"{path}.readmodel")
    at.unlink()
    at.symlink_to(path.with_name(VICTIM))


def model_folder(path: Path) -> None:
    """A folder in the place of the read model."""
    at = Path(f"{path}.readmodel")
    at.unlink()
    at.mkdir()
    (at / "x").write_text("x")


def _nested(depth: int) -> str:
    line = '{"scr":"SCR-1","event":"determined","effective_on":"2018-10-03","by":'
    return line + "[" * depth + "]" * depth + "}"


_DEFINITION: dict[str, object] = {
    "id": "dd-x",
    "version": 1,
    "title": "x",
    "owner": "x",
    "source": "x",
    "unit": "scr",
    "kinds": ["disruption"],
    "attribution": "outcome",
    "once": "per-year",
    "population": {"approved": True},
}


def _defined(**fields: object) -> Attack:
    body = {**_DEFINITION, **fields}
    said = {
        "measure": "dd-x",
        "event": "defined",
        "version": 1,
        "definition": body,
        "hash": "0" * 64,
        "by": "x",
        "run_by": "x",
    }
    return partial(own, "measure/dd-x", "ledger.defined/1", said)


def _published(**fields: object) -> Attack:
    said = {
        "publication": "P",
        "event": "published",
        "seal": "0" * 64,
        "by": "x",
        "run_by": "x",
        "content": fields,
    }
    return partial(own, "publication/P", "ledger.published/1", said)


def _sql(*statements: str) -> Attack:
    return lambda path: changed(path, *statements)


def _hashed(*statements: str) -> Attack:
    return lambda path: rehashed(path, *statements)


def _model(*statements: str) -> Attack:
    return lambda path: model(path, *statements)


_HEADER = Place(16, 100)
_SCHEMA = Place(100, _PAGE)
_ROWS = Place(_PAGE, 1 << 40)


def _drawn(name: str, place: Place, seeds: Iterable[int]) -> dict[str, Attack]:
    return {f"{name} {seed}": partial(flipped, place, seed) for seed in seeds}


def _without_tiles(path: Path) -> None:
    """A view for the tiles."""
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        _unguarded(held)
        held.execute("DROP TABLE tiles")
        held.execute(
            f"CREATE VIEW tiles AS {_BOMB} AS level, x AS place, x AS hash FROM c"
        )
        for text in _triggers():
            if " ON stored_events" in text:
                held.execute(text)


def _twin(path: Path, old: str, new: str, more: str = "") -> None:
    """The log's table made otherwise."""
    text = schema.statements()[0].replace(old, new) + more
    changed(
        path,
        "ALTER TABLE stored_events RENAME TO kept",
        text,
        *(() if "CHECK" in new else ("INSERT INTO stored_events SELECT * FROM kept",)),
        "DROP TABLE kept",
    )


def _tables(path: Path, count: int) -> None:
    """So many tables besides."""
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute("BEGIN")
        held.execute("PRAGMA writable_schema=ON")
        held.executemany(
            "INSERT INTO sqlite_schema VALUES ('table', ?, ?, 2, ?)",
            ((f"t{n}", f"t{n}", f"CREATE TABLE t{n} (x)") for n in range(count)),
        )
        held.execute("COMMIT")


ATTACKS: dict[str, Attack] = {
    # Names of code.
    "topic of a module": partial(topic, "os:system"),
    "topic of a planted module": partial(topic, f"{PLANTED}:Gadget"),
    "topic of a class": partial(topic, "x:y"),
    "topic of a later version": partial(topic, "scr.filed/99"),
    "stream of a planted module": _hashed(
        f"UPDATE stored_events SET originator_id='{PLANTED}:Gadget' WHERE rowid=4"
    ),
    "stream out of its folder": _hashed(
        "UPDATE stored_events SET originator_id='scr/../../etc/passwd' WHERE rowid=4"
    ),
    "originator_topic": _sql(
        "ALTER TABLE stored_events ADD COLUMN originator_topic TEXT"
        f" DEFAULT '{PLANTED}:Gadget'"
    ),
    "snapshots": _sql(
        "CREATE TABLE snapshots (originator_id TEXT, originator_version INTEGER,"
        " topic TEXT, state BLOB)",
        f"INSERT INTO snapshots VALUES ('scr/SCR-1', 1, '{PLANTED}:Gadget', x'80')",
    ),
    "the library's own table": stock,
    # What a schema can hold.
    "view for the log": partial(
        instead_of_table,
        f"CREATE VIEW stored_events AS {_BOMB} AS rowid, 'a' originator_id,"
        " 1 originator_version, 'b' topic, 'c' state, 'd' recorded_at, 'e' leaf_hash"
        " FROM c",
    ),
    "view for the tiles": _without_tiles,
    "view besides": _sql(f"CREATE VIEW sums AS {_BOMB} FROM c"),
    "trigger that rewrites": _sql(
        "CREATE TRIGGER t AFTER INSERT ON stored_events BEGIN"
        " UPDATE stored_events SET state='{}' WHERE rowid=new.rowid; END"
    ),
    "trigger that explodes": _sql(
        "CREATE TRIGGER t AFTER INSERT ON stored_events"
        f" BEGIN INSERT INTO tiles {_BOMB}, x, x FROM c; END"
    ),
    "trigger of SQLite's name": partial(
        schema_row,
        "trigger",
        "sqlite_autoindex_tiles_9",
        "stored_events",
        "CREATE TRIGGER sqlite_autoindex_tiles_9 AFTER INSERT ON stored_events"
        f" BEGIN {_BOMB} FROM c; END",
    ),
    "trigger behind a table": hidden_trigger,
    "view of SQLite's name": partial(
        schema_row,
        "view",
        "sqlite_stat1",
        "sqlite_stat1",
        f"CREATE VIEW sqlite_stat1 AS {_BOMB} AS tbl, x AS idx, x AS stat FROM c",
    ),
    "generated column": _sql(
        "ALTER TABLE stored_events ADD COLUMN more TEXT AS (hex(zeroblob(1000000)))"
    ),
    "partial index": _sql("CREATE INDEX i ON stored_events (topic) WHERE rowid<3"),
    "expression index": _sql("CREATE INDEX i ON stored_events (abs(rowid))"),
    "check that calls": lambda path: _twin(
        path, ") STRICT", ", CHECK (load_extension('x'))) STRICT"
    ),
    "WITHOUT ROWID twin": lambda path: _twin(
        path,
        "INTEGER PRIMARY KEY AUTOINCREMENT",
        "INTEGER PRIMARY KEY",
        ", WITHOUT ROWID",
    ),
    "no strict types": lambda path: remade(path, strict=False),
    "virtual table": partial(
        schema_row,
        "table",
        "far",
        "far",
        "CREATE VIRTUAL TABLE far USING csv(filename='/etc/passwd')",
    ),
    "ten thousand tables": lambda path: _tables(path, 10_000),
    "table of two thousand columns": _sql(
        f"CREATE TABLE wide ({','.join(f'c{n}' for n in range(2000))})"
    ),
    "names of control characters": _sql('CREATE TABLE "a\x1b[2Jb" (x)'),
    "attached names": partial(
        schema_row,
        "view",
        "aux",
        "aux",
        "CREATE VIEW aux AS SELECT * FROM other.stored_events",
    ),
    "statistics": _sql("ANALYZE", "UPDATE sqlite_stat1 SET stat='1 1 unordered'"),
    "statistics of nothing": _sql(
        "ANALYZE", "INSERT INTO sqlite_stat1 VALUES (x'ff', 'x', '-1 1e999')"
    ),
    "sequence forged": _sql("UPDATE sqlite_sequence SET seq=9223372036854775807"),
    "sequence a text": _sql("UPDATE sqlite_sequence SET seq='x'"),
    "sequence gone": _sql("DELETE FROM sqlite_sequence"),
    "application id": _sql("PRAGMA application_id=0"),
    "format of a later version": _sql("PRAGMA user_version=99"),
    # What rows can hold.
    "UTF-16": lambda path: remade(path, pragma="encoding='UTF-16le'"),
    "pages of 65,536": lambda path: remade(path, pragma="page_size=65536"),
    "pages of 512": lambda path: remade(path, pragma="page_size=512"),
    "text where bytes are": partial(mistyped, "state='{}'"),
    "bytes where text is": partial(mistyped, "topic=x'ff00'"),
    "a text for a version": partial(mistyped, "originator_version='x'"),
    "a number for a stream": partial(mistyped, "originator_id=5"),
    "nothing for an instant": partial(mistyped, "recorded_at=7.5"),
    "a text for a leaf": partial(mistyped, "leaf_hash='x'"),
    "text that is not UTF-8": _sql(
        "UPDATE stored_events SET topic=CAST(x'66ff80' AS TEXT) WHERE rowid=4"
    ),
    "stream that is not UTF-8": _sql(
        "UPDATE stored_events SET originator_id=CAST(x'7363722fff' AS TEXT)"
        " WHERE rowid=4"
    ),
    "NUL in a stream": _sql(
        "UPDATE stored_events SET originator_id=CAST(x'7363722f0041' AS TEXT)"
        " WHERE rowid=4"
    ),
    "lines in a topic": _sql(
        "UPDATE stored_events SET topic=topic||char(10)||'x' WHERE rowid=4"
    ),
    "an instant that is none": _hashed(
        "UPDATE stored_events SET recorded_at='99999-99-99' WHERE rowid=4"
    ),
    "positions with a gap": _hashed(
        "UPDATE stored_events SET rowid=4611686018427387904 WHERE rowid=8"
    ),
    "a position below none": _hashed("UPDATE stored_events SET rowid=-5 WHERE rowid=8"),
    "no facts": _sql("DELETE FROM stored_events"),
    "no identity": _sql("DELETE FROM stored_events WHERE rowid=1"),
    "nested payload": partial(payload, _nested(100_000)),
    "payload of a huge number": partial(
        payload, '{"scr":"SCR-1","event":"filed","effective_on":' + "9" * 5000 + "}"
    ),
    "payload of no number": partial(
        payload, '{"scr":"SCR-1","event":NaN,"effective_on":Infinity}'
    ),
    "payload of half a pair": partial(
        payload,
        '{"scr":"SCR-\\ud800","event":"filed","effective_on":"2018-10-01",'
        '"known_at":"2018-10-01T12:00:00Z","by":"\\ud800","case_number":"C",'
        '"office":"\\udfff"}',
    ),
    "payload of lists": partial(payload, '["scr"]'),
    "payload of control characters": partial(
        payload,
        '{"scr":"SCR-1","event":"determined","effective_on":"2018-10-03",'
        '"known_at":"2018-10-03T12:00:00Z","by":"\\u001b]0;x\\u0007","association":'
        '"yes","transnational":"yes\\u202e"}',
    ),
    "a year beyond all": partial(
        payload,
        '{"scr":"SCR-1","event":"disrupted","effective_on":"9999-99-99",'
        '"known_at":"0000-00-00T00:00:00Z","by":"x","outcome":"D"}',
    ),
    "a long value": _sql(
        "UPDATE stored_events SET state=zeroblob(8000000) WHERE rowid=4"
    ),
    # The ledger's own facts.
    "zone out of its folder": partial(identity, {"timezone": "../../../etc/passwd"}),
    "zone that is none": partial(identity, {"timezone": "Mars/Olympus"}),
    "zone of a module": partial(identity, {"timezone": f"{PLANTED}/x"}),
    "zone a number": partial(identity, {"timezone": 5}),
    "name of control characters": partial(
        identity, {"name": "\x1b]0;owned\x07\u202e", "ledger_id": "\x1b[2J"}
    ),
    "definition of nothing": _defined(kinds=[]),
    "definition of another form": _defined(population=["x"], targets="x"),
    "definition of itself": _defined(denominator="dd-x"),
    "definition of many": _defined(
        population={"categories": [f"c{n}" for n in range(50_000)]}
    ),
    "definition of SQL": _defined(
        population={"offices": ["x') OR 1=1; ATTACH 'x.db' AS y; --"]}
    ),
    "publication of nothing": _published(),
    "publication of itself": _published(
        name="P",
        kind="computed",
        document="x",
        claims="x",
        basis={
            "bound": "all",
            "position": 10**18,
            "root": "0" * 64,
            "grade": "none",
            "visible": 0,
            "claimed": 0,
        },
        definitions=[{"measure": "dd-x", "version": 1, "hash": "0" * 64}],
        figures=[],
    ),
    "taxonomy of nothing": partial(
        own,
        "taxonomy",
        "ledger.categorized/1",
        {"event": "categorized", "taxonomy": {"categories": [[[]]]}, "by": "x"},
    ),
    # Damaged pages.
    **_drawn("header bits", _HEADER, range(6)),
    **_drawn("schema bits", _SCHEMA, range(6)),
    **_drawn("row bits", _ROWS, range(6)),
    "free pages in a circle": freelist_loop,
    "pages without an end": page_bomb,
    "one position for all": one_rowid,
    "cut in the schema": partial(cut, 0.05),
    "cut in half": partial(cut, 0.5),
    # Other things than a ledger.
    "nothing": partial(replaced, b""),
    "a text": partial(replaced, b"import os; os.system('x')\n" * 200),
    "only a header": partial(replaced, b"SQLite format 3\0" + bytes(84)),
    "a folder": folder,
    "a pipe": partial(pipe, ""),
    # Beside it.
    "mode of a write-ahead log": wal_mode,
    "write-ahead log": with_wal,
    "write-ahead log of nothing": partial(beside, "-wal", b""),
    "write-ahead log of anything": partial(beside, "-wal", b"x" * 5000),
    "write-ahead log a pipe": partial(pipe, "-wal"),
    "shared memory of anything": partial(beside, "-shm", b"x" * 32768),
    "journal of anything": partial(beside, "-journal", b"x" * 5000),
    "journal a pipe": partial(pipe, "-journal"),
    "journal": lambda path: hot_journal(path, names=None),
    "journal that names a victim": lambda path: hot_journal(path, names=VICTIM),
    # The read model.
    "read model of views": _model(
        "DROP TABLE beliefs", f"CREATE VIEW beliefs AS {_BOMB} AS scr FROM c"
    ),
    "read model that says little": _model(
        "DROP TABLE meta",
        f"CREATE VIEW meta AS {_BOMB} AS version, x AS ledger_id, x AS reached,"
        " x AS root FROM c",
    ),
    "read model with a trigger": behind,
    "read model of another version": _model("UPDATE meta SET version=1000000000"),
    "read model beyond the head": _model("UPDATE meta SET reached=9000000000"),
    "read model behind": _model("UPDATE meta SET reached=2, root='x'"),
    "read model of no series": _model("UPDATE series SET key='{\"a\":[}'"),
    "read model of anything": partial(beside, ".readmodel", b"x" * 5000),
    "read model a pipe": partial(pipe, ".readmodel"),
    "read model a link": model_link,
    "read model a folder": model_folder,
    "read model with a journal": partial(beside, ".readmodel-journal", b"x" * 5000),
    "read model with a write-ahead log": partial(beside, ".readmodel-wal", b"x" * 5000),
}
"""What is done to a sound ledger, by name."""
