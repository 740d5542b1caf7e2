"""Leaves, tiles and root alone: what was changed is found, in one process or in two."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from cli.main import run
from ledger import companion, fsck, leaves
from ledger.errors import LogEndError
from tests import ledgers

FACTS = 1_100


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """
    A ledger of some more facts than four tiles hold.
    """
    path = ledgers.make(tmp_path_factory.mktemp("leaves") / "scr.db")
    facts = (
        {
            "scr": f"S-{number}",
            "event": "filed",
            "effective_on": "2019-03-04",
            "by": "agent-1",
            "case_number": "C",
            "office": "SAC X",
        }
        for number in range(FACTS)
    )
    ledgers.load(path, "".join(f"{json.dumps(fact)}\n" for fact in facts))
    return path


@pytest.fixture
def path(made, tmp_path) -> str:
    """
    A copy of it that a test may spoil.
    """
    copy = tmp_path / "scr.db"
    with open(made, "rb") as file:  # noqa: PTH123 - a path as text
        copy.write_bytes(file.read())
    return str(copy)


@pytest.fixture(params=[1, 10**9], ids=["two", "one"])
def processes(request, monkeypatch) -> int:
    """
    Two processes, or one.
    """
    monkeypatch.setattr(leaves, "TWO_FROM", request.param)
    monkeypatch.setattr(leaves, "cores", lambda: 2)
    return 2 if request.param == 1 else 1


def tamper(path: str, statement: str) -> None:
    """
    Change a ledger so that its tables look untouched afterwards.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type='trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _, text in triggers:
            connection.execute(text)


def checked(path: str) -> leaves.Leaves:
    """
    Check, and tell nobody.
    """
    return leaves.check(path, lambda _: None)


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("facts", [0, 1, 255, 256, 257, 511, 512, 513, 1_023])
def test_the_root_is_that_of_the_whole_check(tmp_path, made, facts):
    """
    Whatever is left over after whole runs of 256, and wherever the halves meet.
    """
    path = str(tmp_path / "part.db")
    with (
        closing(sqlite3.connect(made)) as whole,
        closing(sqlite3.connect(path)) as part,
    ):
        whole.backup(part)
    for table, condition in (
        ("stored_events", f"rowid>{facts + 1}"),
        ("tiles", f"place>={(facts + 1) // 256}"),
    ):
        tamper(path, f"DELETE FROM {table} WHERE {condition}")
    tamper(path, f"UPDATE sqlite_sequence SET seq={facts + 1}")

    found = checked(path)

    assert found.wrong == ()
    assert (found.head, found.root) == fsck.check(path, lambda _: None)[:2]
    assert found.head == facts + 1


SPOILED = [
    ("leaf", 700, "UPDATE stored_events SET state=x'7b7d' WHERE rowid=700"),
    ("leaf", 3, "UPDATE stored_events SET recorded_at='2020' WHERE rowid=3"),
    ("leaf", 9, "UPDATE stored_events SET topic='a' || char(10) WHERE rowid=9"),
    ("leaf", 9, "UPDATE stored_events SET leaf_hash=x'' WHERE rowid=9"),
    ("position", 600, "DELETE FROM stored_events WHERE rowid=600"),
    ("position", 1, "DELETE FROM stored_events WHERE rowid=1"),
    ("tiles", 512, "UPDATE tiles SET hash=x'00' WHERE place=1"),
    ("tiles", 512, "DELETE FROM tiles WHERE place=1"),
    ("tiles", None, "INSERT INTO tiles VALUES (1, 77, x'00')"),
    ("tiles", None, "INSERT INTO tiles VALUES (2, 0, x'00')"),
    ("tiles", None, "INSERT INTO tiles VALUES (987654321, 0, x'00')"),
]


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(("check", "position", "statement"), SPOILED)
def test_what_was_changed_is_found(path, check, position, statement):
    """
    Its place is named, and the check that found it.
    """
    tamper(path, statement)

    assert (position, check) in [one[:2] for one in checked(path).wrong]


def test_a_log_that_was_cut_short_is_not_hashed(path):
    """
    It does not end where it says that it ends, which is said before anything is read.
    """
    tamper(path, "DELETE FROM stored_events WHERE rowid>1090")

    with pytest.raises(LogEndError, match="ends at position 1090"):
        checked(path)


def test_a_hundred_are_listed(path, processes):
    """
    Each process keeps no more.
    """
    del processes
    tamper(path, "UPDATE stored_events SET state=x'7b7d'")

    assert [one.position for one in checked(path).wrong] == list(range(1, 101))


@pytest.mark.usefixtures("processes")
def test_a_second_process_that_fails_is_done_without(path, monkeypatch):
    """
    It is faster, and nothing else.
    """
    monkeypatch.setattr(companion, "_PROGRAM", "raise SystemExit(1)")

    assert checked(path).root == fsck.check(path, lambda _: None).root


def test_the_command_says_what_it_looked_at(path, capsys):
    """
    A root that was printed can be compared; rules and read model are not looked at.
    """
    assert run(["--ledger", path, "verify", "--leaves"]) == 0
    found = checked(path)
    assert capsys.readouterr().out == (
        f"verified: the leaf of every fact up to @{found.head}, root {found.root}\n"
        "not checked: signatures, rules, the read model and figures\n"
    )
    tamper(path, "UPDATE stored_events SET state=x'7b7d' WHERE rowid=5")
    assert run(["--ledger", path, "verify", "--leaves", "--json"]) == 4
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert (answer["verified"], answer["first_bad"]) == (False, 5)
    assert answer["notes"] == [
        "not checked: signatures, rules, the read model and figures"
    ]
    assert "does not verify: 2 findings (damaged), first at @5" in told.err
    assert run(["--ledger", path, "verify", "--leaves", "--log-only"]) == 2
