"""What `scr verify` and `scr doctor` say of a ledger that was tampered with."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing

import pytest

from tests.commandline import prepare, scr

TAMPERED = {
    "payload": (
        "UPDATE stored_events SET"
        " state=CAST(replace(state, 'SAC Houston', 'SAC Hxxston') AS BLOB)"
        " WHERE rowid=7",
        7,
    ),
    "not a fact": ("UPDATE stored_events SET state=x'7b' WHERE rowid=5", 5),
    "not an object": ("UPDATE stored_events SET state=x'5b5d' WHERE rowid=2", 2),
    "topic": ("UPDATE stored_events SET topic='os.system' WHERE rowid=4", 4),
    "recorded_at": (
        "UPDATE stored_events SET recorded_at='yesterday' WHERE rowid=3",
        3,
    ),
    "known_at": (
        "UPDATE stored_events SET"
        " state=CAST(replace(state, '2018-10-04T', '2018-13-04T') AS BLOB)"
        " WHERE rowid=5",
        5,
    ),
    "leaf": ("UPDATE stored_events SET leaf_hash=zeroblob(32) WHERE rowid=9", 9),
    "deleted": ("DELETE FROM stored_events WHERE rowid=10", 10),
    "tail": ("DELETE FROM stored_events WHERE rowid>15", None),
    "sequence": ("UPDATE sqlite_sequence SET seq=99", None),
    "trigger": ("SELECT 1", None),
}
EVERY_READER = (
    ["count"],
    ["cases", "dd-all"],
    ["show", "SCR-1"],
    ["log"],
    ["log", "--from", "2024-01-01"],
    ["late"],
    ["activity", "--per", "account"],
    ["export"],
    ["rebuild"],
    ["verify"],
    ["doctor"],
    ["import", "facts.jsonl"],
)


def tamper(path, change: str, *, restore: bool = True) -> None:
    """
    Change a ledger behind its back, triggers and all.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        triggers = db.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type='trigger'"
        ).fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute(change)
        for _, text in triggers if restore else []:
            db.execute(text)


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """
    A small ledger in the working directory, with a fresh read model.
    """
    monkeypatch.chdir(tmp_path)
    path = prepare(tmp_path)
    (tmp_path / "facts.jsonl").write_text(scr("export").out)
    assert scr("count").code == 0
    return path


def test_a_whole_ledger_verifies(ledger):
    """
    One line says how far and to which root; JSON says the same.
    """
    told = scr("verify")
    root = scr("count", "--json").json["basis"]["root"]

    unsigned = "not signed: no key signs for this ledger"
    said = f"verified: every fact up to @19, root {root}\n{unsigned}\n"
    assert told == (0, said, "")
    assert scr("verify", "--json").json == {
        "schema": "scr-verify/1",
        "basis": None,
        "verified": True,
        "position": 19,
        "root": root,
        "first_bad": None,
        "words": [],
        "notes": [unsigned],
        "rows": [],
    }
    assert scr("verify", "-o", "answer") == (0, "", "")
    assert (ledger.parent / "answer").read_text() == told.out


@pytest.mark.parametrize("name", TAMPERED)
def test_verify_names_the_first_bad_position(ledger, name):
    """
    A tampered file ends with 4; findings are the answer, and stderr says where first.
    """
    change, first = TAMPERED[name]
    tamper(ledger, change, restore=name != "trigger")

    told = scr("verify", "--json")

    assert told.code == 4
    assert told.json["verified"] is False
    assert told.json["first_bad"] == first
    keys = ["position", "check", "why", "word"]
    assert all(list(row) == keys for row in told.json["rows"])
    cut = ["damaged", "rolled back"]  # Who verified it before has seen more.
    assert told.json["words"] == (cut if name == "tail" else ["damaged"])
    assert told.err.startswith("scr: scr.db does not verify: ")
    assert told.err.count("\n") == 1
    words = ", ".join(told.json["words"])
    where = f" ({words}), first at @{first};" if first else f" ({words});"
    assert where in told.err
    table = scr("verify")
    assert (table.code, table.err) == (4, told.err)
    assert "What is wrong" in table.out
    rows = csv.DictReader(io.StringIO(scr("verify", "-f", "csv").out))
    assert [row["check"] for row in rows] == [r["check"] for r in told.json["rows"]]


@pytest.mark.parametrize("name", TAMPERED)
@pytest.mark.parametrize("asked", EVERY_READER, ids=" ".join)
def test_a_damaged_ledger_never_ends_in_a_traceback(ledger, name, asked):
    """
    Whatever was done to the file, with a read model or without, every command ends
    with an answer, with 5 where it would write, or with 4, in a line.
    """
    change, _ = TAMPERED[name]
    tamper(ledger, change, restore=name != "trigger")
    warm = scr(*asked)
    (ledger.parent / "scr.db.readmodel").unlink()
    cold = scr(*asked)

    for told in (warm, cold):
        assert told.code in {0, 4, 5 if asked[0] == "import" else 4}
        if told.code == 4:
            assert told.err.startswith("scr: ")
            assert told.err.count("\n") == 1


def test_a_read_model_that_lies_is_found(ledger):
    """
    One that claims to be fresh and says something else ends with 4; `rebuild` mends it.
    """
    model = ledger.parent / "scr.db.readmodel"
    with closing(sqlite3.connect(model, isolation_level=None)) as db:
        db.execute("UPDATE beliefs SET office='SAC Hxxston'")

    told = scr("verify", "--json")

    assert told.code == 4
    assert [(row["position"], row["check"]) for row in told.json["rows"]] == [
        (None, "read model")
    ]
    assert "differs from a rebuild" in told.json["rows"][0]["why"]
    assert scr("rebuild").code == 0
    assert scr("verify").code == 0


def test_verify_needs_no_read_model(ledger):
    """
    Without one, and in front of a spoilt one, the ledger still verifies.
    """
    model = ledger.parent / "scr.db.readmodel"
    model.write_bytes(b"junk")
    assert scr("verify").code == 0
    model.unlink()
    assert scr("verify").code == 0
    assert not model.exists()


def test_text_in_a_finding_is_escaped(ledger):
    """
    What a tampered file says never reaches the terminal as it is.
    """
    tamper(
        ledger,
        "UPDATE stored_events SET topic=char(27)||'[31m'||char(8238) WHERE rowid=3",
    )
    for fmt in ("table", "csv", "md", "json"):
        told = scr("verify", "-f", fmt)
        assert told.code == 4
        assert "\x1b" not in told.out + told.err
        assert "\u202e" not in told.out + told.err
    for asked in (["log"], ["show", "SCR-1"], ["count"], ["doctor"]):
        told = scr(*asked)
        assert "\x1b" not in told.out + told.err
