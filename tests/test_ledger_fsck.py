"""The checker: every way of tampering is found, by the check that is there for it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from cli.main import run
from ledger import fsck
from ledger.domain import publication as publications
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash
from tests import ledgers, taxonomies
from tests.claims import claim, withdraw
from tests.definitions import Put, body
from tests.definitions import put as define
from tests.packages import agree, item, merger, propose, two_people
from tests.publications import payload, printing, publish, register

SCRS = 60


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> str:
    """
    A ledger of some three hundred facts, as it should be.
    """
    path = ledgers.make(tmp_path_factory.mktemp("sound") / "scr.db")
    ledgers.load(path, "".join(f"{json.dumps(line)}\n" for line in _lines()))
    return path


def _lines():
    for n in range(SCRS):
        common = {"scr": f"S-{n}", "effective_on": "2019-03-04", "by": "agent-1"}
        common["known_at"] = f"2019-04-01T00:00:{n:02}Z"
        yield {**common, "event": "filed", "case_number": f"C-{n}", "office": "SAC X"}
        yield {**common, "event": "classified", "category": "a", "subcategory": "b"}
        yield {**common, "event": "approved"}
        yield {**common, "event": "disrupted", "outcome": "D1"}
        yield {**common, "event": "reversed", "outcome": "D1", "reason": "as found"}


@pytest.fixture
def path(sound, tmp_path) -> str:
    """
    A copy to tamper with.
    """
    return shutil.copy(sound, tmp_path / "scr.db")


def tamper(path: str, *statements: str, many: list | None = None) -> None:
    """
    Change a ledger as somebody who owns the file can: triggers dropped and put back.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type='trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        if many is None:
            connection.execute(statement)
            continue
        with connection:
            connection.execute("BEGIN")
            connection.executemany(statement, many)
    for _, text in triggers:
        connection.execute(text)
    connection.close()


def rehash(path: str) -> None:
    """
    Give every fact the leaf hash of its bytes, as a clever insider would.
    """
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
        " FROM stored_events"
    ).fetchall()
    connection.close()
    leaves = [(leaf_hash(entry(*row)), row[0]) for row in rows]
    tamper(path, "UPDATE stored_events SET leaf_hash=? WHERE rowid=?", many=leaves)


def findings(path: str) -> list[tuple[str, int | None]]:
    """
    Return which checks complained, and where.
    """
    checked = fsck.check(path, lambda _: None)
    return [(found.check, found.position) for found in checked.findings]


def test_a_sound_ledger_has_no_findings(sound):
    """
    What was recorded verifies, and its root is the one answers print.
    """
    checked = fsck.check(sound, lambda _: None)

    assert checked.findings == ()
    assert checked.head == SCRS * 5 + 2


E = "stored_events"


def put(position: int, old: str, new: str) -> str:
    """
    Return the statement that replaces text in the payload of a fact.
    """
    return (
        f"UPDATE {E} SET state=CAST(replace(CAST(state AS TEXT), '{old}', '{new}')"
        f" AS BLOB) WHERE rowid={position}"
    )


def move(position: int, measure: str) -> str:
    """
    Return the statement that puts a fact into the stream of a measure, as its first.
    """
    stream = f"originator_id='measure/{measure}', originator_version=1"
    return f"UPDATE {E} SET {stream} WHERE rowid={position}"


MATRIX = [
    ("leaf", 7, [put(7, "agent-1", "agent-2")]),
    ("columns", 7, [f"UPDATE {E} SET topic='a'||char(10)||'b' WHERE rowid=7"]),
    ("payload", 7, [f"UPDATE {E} SET topic='os.system/1' WHERE rowid=7"]),
    ("stream", 7, [f"UPDATE {E} SET originator_id='scr/other' WHERE rowid=7"]),
    ("version", 7, [f"UPDATE {E} SET originator_version=77 WHERE rowid=7"]),
    (
        "recorded_at",
        7,
        [f"UPDATE {E} SET recorded_at='2001-01-01T00:00:00.000000Z' WHERE rowid=7"],
    ),
    ("recorded_at", 7, [f"UPDATE {E} SET recorded_at='yesterday' WHERE rowid=7"]),
    ("leaf", 7, [f"UPDATE {E} SET leaf_hash=zeroblob(32) WHERE rowid=7"]),
    ("position", 7, [f"DELETE FROM {E} WHERE rowid=7"]),
    ("position", 1, [f"DELETE FROM {E} WHERE rowid=1"]),
    ("tail", None, [f"DELETE FROM {E} WHERE rowid>300"]),
    (
        "leaf",
        7,
        [
            f"UPDATE {E} SET rowid=-7 WHERE rowid=7",
            f"UPDATE {E} SET rowid=7 WHERE rowid=8",
            f"UPDATE {E} SET rowid=8 WHERE rowid=-7",
        ],
    ),
    (
        "version",
        303,
        [
            f"INSERT INTO {E} SELECT 303, originator_id, 99, topic, state, recorded_at,"
            f" leaf_hash FROM {E} WHERE rowid=7"
        ],
    ),
    ("tiles", 256, ["UPDATE tiles SET hash=zeroblob(32)"]),
    ("tiles", 256, ["DELETE FROM tiles"]),
    ("tiles", None, ["INSERT INTO tiles VALUES (9, 9, zeroblob(32))"]),
    ("tail", None, ["UPDATE sqlite_sequence SET seq=1000"]),
    ("tail", None, ["DELETE FROM sqlite_sequence"]),
    ("schema", None, ["DROP TRIGGER IF EXISTS x", "CREATE VIEW v AS SELECT 1"]),
    ("schema", None, ["CREATE TABLE extra (a)"]),
    ("schema", None, ["PRAGMA application_id=7"]),
    ("schema", None, ["PRAGMA user_version=7"]),
]


@pytest.mark.parametrize(("name", "position", "statements"), MATRIX)
def test_tampering_is_found(path, name, position, statements):
    """
    Each change is found by its check, at its position, and ends with exit code 4.
    """
    tamper(path, *statements)

    assert (name, position) in findings(path)
    assert run(["--ledger", path, "verify", "-o", f"{path}.out"]) == 4


REHASHED = [
    ("rules", 6, put(6, "D1", "D9")),
    ("payload", 7, put(7, ":", ": ")),
    ("import", 302, put(302, '"filed":60', '"filed":61')),
    ("payload", 6, f"UPDATE {E} SET topic='scr.reopened/1' WHERE rowid=6"),
    ("rules", 6, put(6, "2019-04-01", "2018-04-01")),
    ("rules", 6, put(6, "2019-04-01", "2999-04-01")),
    ("payload", 1, put(1, "opened", "filed")),
    (
        "identity",
        2,
        f"UPDATE {E} SET originator_id='ledger', topic='ledger.opened/1',"
        f" originator_version=9, state=(SELECT state FROM {E} WHERE rowid=1)"
        " WHERE rowid=2",
    ),
]


@pytest.mark.parametrize(("name", "position", "statement"), REHASHED)
def test_tampering_with_hashes_made_anew_breaks_rules(path, name, position, statement):
    """
    Where leaf hashes were recomputed, the rules of the domain still speak.
    """
    tamper(path, statement)
    rehash(path)

    found = findings(path)
    assert (name, position) in found
    assert not any(check == "leaf" for check, _ in found)


@pytest.fixture
def defined(tmp_path) -> str:
    """
    A ledger with `m@1` at position 2, `m@2` at 3, its retirement at 4, `n@1` at 5.
    """
    path = ledgers.make(tmp_path / "defined.db")
    adopted = datetime(2020, 1, 1, tzinfo=UTC)
    define(
        path,
        Put(body("m"), adopted),
        Put(body("m", 2), adopted),
        Put("m", adopted),
        Put(body("n", denominator="dd-all")),
    )
    assert findings(path) == []
    return path


FORGED = [  # What a finding says, where; what was done.
    ("that of its definition", 2, [put(2, "what m counts", "what m counted")]),
    ("that of its definition", 3, [put(3, '"once":"per-year"', '"once":"ever"')]),
    ("m@1 holds m@9", 2, [put(2, '"id":"m","version":1', '"id":"m","version":9')]),
    ("m@3 holds m@2", 3, [put(3, '"version":2,"hash"', '"version":3,"hash"')]),
    ("m has versions up to 1 already", 3, [put(3, '"version":2', '"version":1')]),
    ("is earlier than 2020-01-01", 3, [put(3, "2020-01-01", "2019-01-01")]),
    ("is earlier than 2020-01-01", 4, [put(4, "2020-01-01", "2019-01-01")]),
    ("is later than 2024", 2, [put(2, "2020-01-01", "2999-01-01")]),
    ("dd-tco is built in", 5, [put(5, '"n"', '"dd-tco"'), move(5, "dd-tco")]),
    ("no measure o is in force", 4, [put(4, '"m"', '"o"'), move(4, "o")]),
    ("no measure p is built in", 5, [put(5, "dd-all", "p")]),
]


@pytest.mark.parametrize(("words", "position", "statements"), FORGED)
def test_a_forged_definition_is_found(defined, words, position, statements):
    """
    With leaf hashes made anew, a definition still has to agree with itself, and to
    follow what was recorded of its measure.
    """
    tamper(defined, *statements)
    rehash(defined)

    found = fsck.check(defined, lambda _: None).findings
    assert ("definition", position) in {(one.check, one.position) for one in found}
    assert any(words in one.why for one in found if one.position == position)
    assert run(["--ledger", defined, "verify", "-o", f"{defined}.out"]) == 4


def test_the_check_of_definitions_is_needed(defined, monkeypatch):
    """
    With it taken out, a definition that says something else than it is hashed as is
    no longer found.
    """
    tamper(defined, put(2, "what m counts", "what m counted"))
    rehash(defined)
    assert ("definition", 2) in findings(defined)

    monkeypatch.setattr(fsck.LogCheck, "_measure", lambda *_: iter(()))

    assert findings(defined) == []


@pytest.fixture
def asserted(tmp_path) -> str:
    """
    A ledger with `m@1` at position 2, claims at 3 and 4, both withdrawn at 5 and 6.
    """
    path = ledgers.make(tmp_path / "asserted.db")
    define(path, Put(body("m"), datetime(2020, 1, 1, tzinfo=UTC)))
    claim(path, "dd-all FY2019 = 0 as of 2020-01-15")
    claim(path, "m@1 FY2019 = 0 as of @2")
    withdraw(path, 3)
    withdraw(path, 4)
    assert findings(path) == []
    return path


PINNED = '"pinned":2,"proved_position":2'
FORGED_ASSERTIONS = [  # What a finding says, where; what was done.
    ("it was proved at root", 3, [put(2, '"by":"b"', '"by":"c"')]),
    ("it was proved at root", 4, [put(2, '"by":"b"', '"by":"c"')]),
    (
        "proved at @1, and the log goes up to @2",
        3,
        [put(3, 'position":2', 'position":1')],
    ),
    (
        "proved at @9, and the log goes up",
        4,
        [put(4, PINNED, PINNED.replace("2", "9"))],
    ),
    ("proved at @2, and the log", 4, [put(4, '"pinned":2', '"pinned":1')]),
    ("no definition of dd-all before it", 3, [put(3, "342ae20f", "00000000")]),
    ("no definition of dd-tco before it", 3, [put(3, "dd-all", "dd-tco")]),
    ("no definition of m@2 before it", 4, [put(4, '"version":1', '"version":2')]),
    ("no assertion stands at @2", 5, [put(5, '"assertion":3', '"assertion":2')]),
    ("no assertion stands at @5", 5, [put(5, '"assertion":3', '"assertion":5')]),
    ("at @3 is withdrawn already", 6, [put(6, '"assertion":4', '"assertion":3')]),
]


@pytest.mark.parametrize(("words", "position", "statements"), FORGED_ASSERTIONS)
def test_a_forged_assertion_is_found(asserted, words, position, statements):
    """
    With leaf hashes made anew, a claim still names its log and its definition, and a
    withdrawal what stands.
    """
    tamper(asserted, *statements)
    rehash(asserted)

    found = fsck.check(asserted, lambda _: None).findings
    assert ("assertion", position) in {(one.check, one.position) for one in found}
    assert any(words in one.why for one in found if one.position == position)
    assert run(["--ledger", asserted, "verify", "-o", f"{asserted}.out"]) == 4


def test_roots_of_assertions_are_found_in_a_long_log(path):
    """
    Past the first complete subtrees as well, wherever they were proved.
    """
    for position in (0, 1, 255, 256, 257, 301):
        claim(path, f"dd-all FY2020 = 0 as of @{position}")
    assert findings(path) == []

    tamper(path, put(256, '"by":"agent-1"', '"by":"agent-2"'))
    rehash(path)
    wrong = [at for check, at in findings(path) if check == "assertion"]
    assert wrong == [306, 307, 308]


@pytest.mark.parametrize("check", ["_assertion", "proofs"])
def test_each_check_of_assertions_is_needed(asserted, check, monkeypatch):
    """
    With it taken out, what it alone finds is no longer found.
    """
    forged = {
        "_assertion": put(5, '"assertion":3', '"assertion":2'),
        "proofs": put(2, '"by":"b"', '"by":"c"'),
    }[check]
    tamper(asserted, forged)
    rehash(asserted)
    assert "assertion" in {name for name, _ in findings(asserted)}

    owner = fsck.LogCheck if check == "_assertion" else fsck
    monkeypatch.setattr(owner, check, lambda *_: iter(()))

    assert findings(asserted) == []


@pytest.fixture
def published(tmp_path) -> str:
    """
    A ledger with 60 SCRs and `m@1` at position 303, of FY 2019 publications `A` at 304
    and `B` at 305, and what was printed before as `C` at 306.
    """
    path = ledgers.make(tmp_path / "published.db")
    ledgers.load(path, "".join(f"{json.dumps(line)}\n" for line in _lines()))
    approved = {"kinds": ["first-approval"], "attribution": "scr-approval"}
    define(path, Put(body("m", **approved), datetime(2019, 6, 1, tzinfo=UTC)))
    publish(path, "A", ("m", 2019), claims="m")
    publish(path, "B", ("m", 2019), ("dd-all", 2019), claims="dd-all")
    register(path, printing("C", ("m", 2019, 59)))
    assert findings(path) == []
    return path


def reseal(path: str, position: int) -> None:
    """
    Give a publication the seal of its content, as a clever insider would.
    """
    fields = payload(path, position)
    content = publications.from_json(fields["content"])
    tamper(path, put(position, fields["seal"], publications.seal_of(content)))


ONE_LESS = [put(304, '"S-0",', ""), put(304, '"value":60', '"value":59')]
FORGED_PUBLICATIONS = [  # What a finding says, where; what was done, resealed or not.
    ("its seal is of another content", 304, False, [put(304, "a report", "a book")]),
    ("its seal is of another content", 304, False, ONE_LESS),
    ("the hash of what is counted is another", 304, True, ONE_LESS),
    ("its value is another", 305, True, [put(305, '"value":60', '"value":61')]),
    ("is not sorted", 304, True, [put(304, '"S-0","S-1"', '"S-1","S-0"')]),
    (
        "went through a gate",
        306,
        True,
        [put(306, '"kind":"as-printed"', '"kind":"computed"')],
    ),
    ("an error is left", 304, True, [put(304, '"failing":2', '"failing":3')]),
    ("whether the ledger supports it", 306, True, [put(306, "false", "true")]),
    (
        "its name is another, or taken",
        306,
        True,
        [
            put(306, '"publication":"C"', '"publication":"D"'),
            f"UPDATE {E} SET originator_id='publication/D' WHERE rowid=306",
        ],
    ),
    (
        "its name is another, or taken",
        305,
        True,
        [
            put(305, '"publication":"B"', '"publication":"A"'),
            put(305, '"name":"B"', '"name":"A"'),
            f"UPDATE {E} SET originator_id='publication/A', originator_version=2"
            " WHERE rowid=305",
        ],
    ),
    (
        "m FY2019 was printed otherwise",
        305,
        True,
        [put(305, '"publication":"A"', '"publication":"C"')],
    ),
    (
        "m FY2019 was printed otherwise",
        305,
        True,
        [put(305, ',"last":{"publication":"A","value":60}', "")],
    ),
    ("m FY2019 was printed otherwise", 306, True, [put(304, '"m"', '"dd-all"')]),
    (
        "no definition of m before it",
        304,
        True,
        [put(304, '"version":1', '"version":2')],
    ),
    ("no definition of dd-all before", 305, True, [put(305, "342ae20f", "00000000")]),
    (
        "and the log goes up to @303",
        304,
        True,
        [put(304, '"position":303', '"position":304')],
    ),
    (
        "and the log goes up to @305",
        306,
        True,
        [put(306, '"position":305', '"position":9000')],
    ),
    ("it was proved at root", 304, True, [put(9, '"by":"agent-1"', '"by":"agent-2"')]),
    (
        "it was proved at root",
        305,
        True,
        [put(305, '"position":304', '"position":303')],
    ),
]


@pytest.mark.parametrize(
    ("words", "position", "resealed", "statements"), FORGED_PUBLICATIONS
)
def test_a_forged_publication_is_found(
    published, words, position, resealed, statements
):
    """
    With leaf hashes made anew, and mostly its seal too, a publication still has to
    agree with itself, with what was printed before it, and with the log it rests on.
    """
    tamper(published, *statements)
    if resealed:
        reseal(published, position)
    rehash(published)

    found = fsck.check(published, lambda _: None).findings
    said = [one.why for one in found if one.check == "publication"]
    assert any(words in one for one in said), said
    assert ("publication", position) in {(one.check, one.position) for one in found}
    assert run(["--ledger", published, "verify", "-o", f"{published}.out"]) == 4


def said_of(path: str) -> list[str]:
    """
    Return what is found wrong with publications, in words.
    """
    found = fsck.check(path, lambda _: None).findings
    return [one.why for one in found if one.check == "publication"]


@pytest.mark.parametrize(
    ("words", "check", "statement"),
    [
        ("whether the ledger supports", "disagreements", put(306, "false", "true")),
        ("printed otherwise", "stale", put(305, '"value":60}', '"value":61}')),
        ("its seal is of another", "seal_of", put(304, "a report", "a book")),
        ("proved at root", "proofs", put(9, '"by":"agent-1"', '"by":"agent-2"')),
        ("log goes up to", "_publication", put(306, 'ion":305', 'ion":9000')),
    ],
)
def test_each_check_of_publications_is_needed(
    published, monkeypatch, words, check, statement
):
    """
    With it taken out, what it alone finds is no longer found.
    """
    tamper(published, statement)
    if check != "seal_of":
        reseal(published, 305)
        reseal(published, 306)
    rehash(published)
    assert words in " ".join(said_of(published))

    seals = iter([payload(published, at)["seal"] for at in (304, 305, 306)])
    instead = (lambda _: next(seals)) if check == "seal_of" else lambda *_: iter(())
    owner = {"proofs": fsck, "_publication": fsck.LogCheck}.get(check, publications)
    monkeypatch.setattr(owner, check, instead)

    assert words not in " ".join(said_of(published))


def test_what_no_publication_says_is_no_publication(published):
    """
    A number that no JSON holds exactly, a day that is none: the payload is at fault.
    """
    tamper(
        published,
        put(304, '"value":60', f'"value":{2**53}'),
        put(305, '"position":304', '"position":-1'),
        put(306, "2020-01-15", "2020-W03-3"),
    )
    rehash(published)

    assert {("payload", at) for at in (304, 305, 306)} <= set(findings(published))


@pytest.fixture
def categorized(tmp_path) -> str:
    """
    A ledger with S-1 filed at position 2, taxonomies at 4 and 5, its waiver at 6.
    """
    path = ledgers.make(tmp_path / "categorized.db")
    ledgers.load(path, f"{json.dumps(next(_lines()))}\n")
    adopted = datetime(2020, 1, 1, tzinfo=UTC)
    taxonomies.put(path, taxonomies.body("a", b="no"), adopted_at=adopted)
    taxonomies.put(path, taxonomies.body("a"), adopted_at=adopted)
    taxonomies.waive(path, "office-silent", "S-0")
    assert findings(path) == []
    return path


FORGED_OTHERS = [
    ("taxonomy", "that of its taxonomy", 4, put(4, '"no"', '"yes"')),
    ("taxonomy", "that of its taxonomy", 5, put(5, "what a asks", "what b asks")),
    (
        "taxonomy",
        "version 3 holds version 2",
        5,
        put(5, '"version":2,"h', '"version":3,"h'),
    ),
    (
        "taxonomy",
        "has versions up to 1 already",
        5,
        put(5, '"version":2', '"version":1'),
    ),
    ("taxonomy", "is earlier than 2020-01-01", 5, put(5, "2020-01-01", "2019-01-01")),
    ("taxonomy", "is later than 2024", 4, put(4, "2020-01-01", "2999-01-01")),
    ("waiver", "for S-1, which is not filed", 6, put(6, "S-0", "S-1")),
]


@pytest.mark.parametrize(("check", "words", "position", "statement"), FORGED_OTHERS)
def test_a_forged_taxonomy_or_waiver_is_found(  # noqa: PLR0913, PLR0917 - a table
    categorized, monkeypatch, check, words, position, statement
):
    """
    With leaf hashes made anew, a taxonomy still has to agree with itself and to follow
    the one before, and a waiver to name an SCR; without the check nobody would know.
    """
    tamper(categorized, statement)
    rehash(categorized)

    found = fsck.check(categorized, lambda _: None).findings
    assert (check, position) in {(one.check, one.position) for one in found}
    assert any(words in one.why for one in found if one.position == position)
    monkeypatch.setattr(fsck.LogCheck, "_own", lambda *_: iter(()))
    assert check not in {name for name, _ in findings(categorized)}


@pytest.fixture
def packaged(tmp_path, monkeypatch) -> str:
    """
    A ledger with a package of two items agreed to at 7, one of a merger at 11, and one
    that stands proposed.
    """
    two_people(monkeypatch)
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, "".join(f"{json.dumps(line)}\n" for line in list(_lines())[:3]))
    propose(path, item("voided", "S-0"), item("reinstated", "S-0"))
    agree(path)
    propose(path, merger("O-1", "O-2"))
    agree(path, "C-2")
    propose(path, item("rescinded", "S-0"))
    assert findings(path) == []
    return path


def swapped(one: int, other: int) -> list[str]:
    """
    Return the statements that exchange two facts.
    """
    columns = "originator_id, originator_version, topic, state"
    places = f"(SELECT {columns} FROM aside WHERE place="
    return [
        f"CREATE TABLE aside AS SELECT rowid AS place, * FROM {E}",
        *(
            f"UPDATE {E} SET originator_version=-rowid WHERE rowid={a}"
            for a in (one, other)
        ),
        *(
            f"UPDATE {E} SET ({columns})={places}{b}) WHERE rowid={a}"
            for a, b in ((one, other), (other, one))
        ),
        "DROP TABLE aside",
    ]


def inserted(position: int, stream: str, version: int, payload: str) -> list[str]:
    """
    Return the statements that put a fact between others.
    """
    topic = f"scr.{json.loads(payload)['event']}/1"
    return [
        f"UPDATE {E} SET rowid=-rowid WHERE rowid>={position}",
        f"UPDATE {E} SET rowid=1-rowid WHERE rowid<0",
        f"INSERT INTO {E} SELECT {position}, '{stream}', {version}, '{topic}',"
        f" CAST('{payload}' AS BLOB), recorded_at, leaf_hash FROM {E}"
        f" WHERE rowid={position - 1}",
    ]


OTHER = "is another fact"
NOT_BROUGHT = "which did not bring it"
STRAY = (
    '{"scr":"S-0","event":"reopened","effective_on":"2019-03-04","by":"ann",'
    '"correction":"C-1","reason":"r"}'
)
ANOTHER_HASH = (
    f"UPDATE {E} SET state=CAST(json_set(CAST(state AS TEXT), '$.hash', '{'0' * 64}')"
    " AS BLOB) WHERE rowid=7"
)
FORGED_PACKAGES = [  # What a finding says, where; what was done.
    (OTHER, 8, [put(8, "as found", "as lost")]),
    (OTHER, 8, [put(8, '"ann"', '"eve"')]),
    (OTHER, 8, [put(8, "2019-03-04", "2019-03-05")]),
    (OTHER, 8, [put(8, "C-1", "C-2")]),
    (OTHER, 8, [put(8, ',"correction":"C-1"', "")]),
    (OTHER, 9, [put(9, "as found", "as lost")]),
    (OTHER, 12, [put(12, "O-2", "O-3")]),
    (OTHER, 8, swapped(8, 9)),
    (OTHER, 9, [f"DELETE FROM {E} WHERE rowid=8"]),
    (OTHER, 10, [f"DELETE FROM {E} WHERE rowid=9"]),
    (
        OTHER,
        8,
        [f"UPDATE {E} SET recorded_at='2024-01-09T00:00:00.000000Z' WHERE rowid>7"],
    ),
    ("not all of it there", None, [f"DELETE FROM {E} WHERE rowid>8"]),
    ("not all of it there", None, [f"DELETE FROM {E} WHERE rowid>7"]),
    (NOT_BROUGHT, 10, inserted(10, "scr/S-0", 6, STRAY)),
    (NOT_BROUGHT, 14, inserted(14, "scr/S-0", 6, STRAY)),
    (OTHER, 8, inserted(8, "scr/S-0", 6, STRAY)),
    ("is not what that hash is of", 7, [put(6, "as found", "as lost")]),
    ("is not what that hash is of", 7, [ANOTHER_HASH]),
    ("is not what that hash is of", 11, [put(10, "as found", "as lost")]),
    ("it brings 2 facts, not 3", 7, [put(7, '"facts":2', '"facts":3')]),
    ("an author of package C-1", 7, [put(7, '"bob"', '"A.N.N."')]),
    ("no package is named", 7, [f"DELETE FROM {E} WHERE rowid=6"]),
]


@pytest.mark.parametrize(("words", "position", "statements"), FORGED_PACKAGES)
def test_a_forged_package_is_found(packaged, words, position, statements):
    """
    With leaf hashes made anew, what was agreed to, by whom, and what it brought still
    have to be one and the same.
    """
    tamper(packaged, *statements)
    rehash(packaged)

    found = fsck.check(packaged, lambda _: None).findings
    assert any(words in one.why for one in found if one.position == position), found
    assert "package" in {one.check for one in found if one.position == position}


def test_agreeing_twice_is_found(packaged):
    """
    A package is decided once: a second agreement is no agreement.
    """
    connection = sqlite3.connect(packaged)
    (said,) = connection.execute(f"SELECT state FROM {E} WHERE rowid=7").fetchone()
    connection.close()
    again = f"'correction/C-1', 3, 'ledger.agreed/1', CAST('{said.decode()}' AS BLOB)"
    tamper(
        packaged,
        f"INSERT INTO {E} SELECT 14, {again}, recorded_at, leaf_hash"
        f" FROM {E} WHERE rowid=13",
    )
    rehash(packaged)

    why = [one.why for one in fsck.check(packaged, lambda _: None).findings]
    assert any("C-1 is agreed already" in one for one in why)


CHECKS_OF_PACKAGES = {
    "_package": (7, [put(7, '"bob"', '"ann"')]),
    "_is_due": (8, [put(8, "as found", "as lost")]),
    "strays": (14, inserted(14, "scr/S-0", 6, STRAY)),
}


@pytest.mark.parametrize("name", CHECKS_OF_PACKAGES)
def test_each_check_of_packages_is_needed(packaged, name, monkeypatch):
    """
    With a check taken out, what it alone finds is no longer found.
    """
    position, statements = CHECKS_OF_PACKAGES[name]
    tamper(packaged, *statements)
    rehash(packaged)
    assert ("package", position) in findings(packaged)

    monkeypatch.setattr(fsck.LogCheck, name, lambda *_: iter(()))
    assert ("package", position) not in findings(packaged)


def test_the_check_for_the_end_of_a_package_is_needed(packaged, monkeypatch):
    """
    Nothing else says so where the log ends before the package does.
    """
    tamper(packaged, f"DELETE FROM {E} WHERE rowid>8")
    rehash(packaged)
    assert ("package", None) in findings(packaged)

    monkeypatch.setattr(fsck, "unbrought", lambda _: iter(()))
    assert ("package", None) not in findings(packaged)


def test_what_a_file_says_of_a_package_is_its_claim(packaged):
    """
    An import may bring facts that name a package, as the export of another ledger does;
    no fact beside it may hide behind the import.
    """
    line = {**json.loads(STRAY), "known_at": "2024-01-01T00:00:00Z"}
    line["scr"] = "S-9"
    first = {"case_number": "C-9", "office": "SAC X", "event": "filed"}
    filed = {**{k: v for k, v in line.items() if k != "reason"}, **first}
    ledgers.load(packaged, f"{json.dumps(filed)}\n{json.dumps(line)}\n")
    assert findings(packaged) == []

    tamper(packaged, *inserted(13, "scr/S-0", 6, STRAY))
    rehash(packaged)
    assert ("package", 13) in findings(packaged)


CHECKS = {
    "schema": ("schema_text", None),
    "tiles": ("tiles", None),
    "tail": ("ends", None),
    "version": ("_place", fsck.LogCheck),
    "rules": ("_rules", fsck.LogCheck),
    "import": ("_own", fsck.LogCheck),
}


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_is_needed(path, check, monkeypatch):
    """
    With a check taken out, what it alone finds is no longer found.
    """
    name, owner = CHECKS[check]
    statement = {
        "schema": ["CREATE TABLE extra (a)"],
        "tiles": ["UPDATE tiles SET hash=zeroblob(32)"],
        "tail": ["UPDATE sqlite_sequence SET seq=1000"],
        "version": [f"UPDATE {E} SET originator_version=77 WHERE rowid=7"],
        "rules": [put(6, "D1", "D9")],
        "import": [put(302, '"filed":60', '"filed":61')],
    }[check]
    tamper(path, *statement)
    if check in ("version", "rules", "import"):
        rehash(path)
    before = {found for found, _ in findings(path)}

    monkeypatch.setattr(owner or fsck, name, lambda *_: iter(()))

    assert check in before
    assert check not in {found for found, _ in findings(path)}


def test_single_bits_are_never_wrong_in_silence(path, sound, capsys):
    """
    With any bit flipped, the file is refused, does not verify, or answers the same.
    """
    run(["--ledger", sound, "count", "--json"])
    right = json.loads(capsys.readouterr().out)
    whole = bytearray(Path(sound).read_bytes())
    random = Random(1)
    for _ in range(40):
        bit = random.randrange(len(whole) * 8)
        whole[bit // 8] ^= 1 << bit % 8
        Path(path).write_bytes(whole)
        whole[bit // 8] ^= 1 << bit % 8

        verified = run(["--ledger", path, "verify", "-o", f"{path}.out"])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        assert verified in (0, 3, 4, 6)
        if verified == 0:
            assert run(["--ledger", path, "count", "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["rows"] == right["rows"]


def test_the_checker_needs_no_writer():
    """
    Importing the checker imports neither the use cases, nor the store, nor the library.
    """
    code = (
        "import sys, ledger.fsck;"
        "print([m for m in sys.modules if m.startswith(('ledger.app','ledger.store',"
        "'eventsourcing'))])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert out.stdout.strip() == b"[]"
