"""The read model: fresh or made again, whatever has become of the file."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.main import run
from ledger import companion
from ledger.errors import FactDamagedError, LogDamagedError, ReadModelChangedError
from ledger.reader import open_log
from projections import building, comparing, readmodel, tables
from projections.readmodel import open_read_model, path_beside, silent, state
from tests import ledgers

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines(count: int, prefix: str = "S") -> str:
    """
    Return a file of SCRs that were filed, approved and disrupted.
    """
    made = []
    for number in range(count):
        common = {
            "scr": f"{prefix}-{number}",
            "effective_on": "2019-03-04",
            "by": "agent-1",
            "known_at": "2019-03-05T00:00:00Z",
        }
        made += [
            {**common, "event": "filed", "case_number": "C", "office": "SAC X"},
            {**common, "event": "approved"},
            {**common, "event": "disrupted", "outcome": "D1"},
        ]
    return "".join(f"{json.dumps(line)}\n" for line in made)


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of seven SCRs, with its read model.
    """
    made = ledgers.make(tmp_path / "scr.db")
    ledgers.load(made, lines(7))
    with open_log(made) as log:
        building.rebuild(log, path_beside(made), silent)
    return made


def counted(path: str, capsys) -> int:
    """
    Ask how many SCRs counted in FY 2019.
    """
    assert run(["--ledger", path, "count", "dd-all", "--fy", "2019", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["rows"][0]["value"]


def change(path: str, statement: str) -> None:
    """
    Change the read model behind everybody's back.
    """
    connection = sqlite3.connect(path_beside(path))
    with connection:
        connection.execute(statement)
    connection.close()


@contextmanager
def tampering(path: str) -> Iterator[sqlite3.Connection]:
    """
    Open a ledger that lets its facts be changed, and looks untouched afterwards.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type='trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, text in triggers:
            connection.execute(text)


def _other(path: str) -> None:
    other = ledgers.make(Path(path).with_name("other.db"))
    ledgers.load(other, lines(3))
    with open_log(other) as log:
        building.rebuild(log, path_beside(path), silent)


SPOILED = {
    "deleted": lambda path: Path(path_beside(path)).unlink(),
    "emptied": lambda path: Path(path_beside(path)).write_bytes(b""),
    "cut short": lambda path: Path(path_beside(path)).write_bytes(
        Path(path_beside(path)).read_bytes()[:5000]
    ),
    "garbage": lambda path: Path(path_beside(path)).write_bytes(b"x" * 9000),
    "older version": lambda path: change(path, "UPDATE meta SET version=0"),
    "another ledger's": _other,
    "ahead of the log": lambda path: change(path, "UPDATE meta SET reached=999"),
    "of another history": lambda path: change(path, "UPDATE meta SET root='00'"),
    "without its position": lambda path: change(path, "DELETE FROM meta"),
    "behind": lambda path: ledgers.load(path, ""),
}


@pytest.mark.parametrize("spoil", SPOILED)
def test_what_is_not_usable_is_made_again(path, spoil, capsys):
    """
    Whatever became of the read model, the answer is right, and it is fresh after.
    """
    SPOILED[spoil](path)

    assert counted(path, capsys) == 7
    with open_log(path) as log:
        assert state(log, path_beside(path)) == "fresh"


@pytest.mark.parametrize("new", [1, 40], ids=["caught up", "rebuilt"])
def test_new_facts_are_there_at_the_next_question(path, new, capsys):
    """
    Few new facts are caught up, many are a reason to rebuild; both answer the same.
    """
    assert counted(path, capsys) == 7
    ledgers.load(path, lines(new, "N"))

    assert counted(path, capsys) == 7 + new
    with open_log(path) as log:
        assert list(comparing.differences(log)) == []


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("beliefs", "UPDATE beliefs SET answer=3 WHERE rowid=1"),
        ("beliefs", "DELETE FROM beliefs WHERE rowid=1"),
        ("totals", "UPDATE totals SET known_total=known_total+1"),
        ("totals", "UPDATE totals SET log_total=log_total+1"),
        ("cells", "DELETE FROM cells"),
        ("runs", "UPDATE runs SET claimed=0"),
        ("own_facts", "DELETE FROM own_facts"),
        ("mergers", "INSERT INTO mergers VALUES ('a','b',1,1,2,2)"),
    ],
)
def test_an_edited_read_model_does_not_verify(path, table, statement, capsys):
    """
    A read model that claims to be fresh and says something else is named by `verify`.
    """
    change(path, statement)

    assert run(["--ledger", path, "verify", "-f", "csv"]) == 4
    assert f"its table {table} differs" in capsys.readouterr().out


def test_an_interrupted_rebuild_leaves_the_old_one(path, monkeypatch):
    """
    A rebuild is put in place whole, or the read model stays as it was.
    """
    before = Path(path_beside(path)).read_bytes()

    def fail(_db):
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "total", fail)
    with open_log(path) as log, pytest.raises(KeyboardInterrupt):
        building.rebuild(log, path_beside(path), silent)

    assert Path(path_beside(path)).read_bytes() == before
    assert {each.name for each in Path(path).parent.iterdir()} == {
        "scr.db",
        "scr.db.readmodel",
    }


@pytest.fixture
def in_two(monkeypatch) -> list[object]:
    """
    Let a rebuild take two processes whatever the size; return what the second told.
    """
    monkeypatch.setattr(building, "TWO_FROM", 1)
    monkeypatch.setattr(building, "cores", lambda: 2)
    told = []
    hear = companion.Companion.receive

    def heard(self):
        told.append(hear(self))
        return told[-1]

    monkeypatch.setattr(companion.Companion, "receive", heard)
    return told


def rows_of(path: str) -> dict[str, list[tuple[object, ...]]]:
    """
    Return all rows of a read model, by table.
    """
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
            for table in (*tables.TABLES, "totals")
        }


def test_two_processes_make_what_one_makes(path, in_two):
    """
    Each folds half of the streams, and the second one totals what both changed.
    """
    ledgers.load(path, MERGED)
    with open_log(path) as log:
        building.rebuild(log, path_beside(path), silent)
        with pytest.MonkeyPatch.context() as alone:
            alone.setattr(building, "TWO_FROM", 1_000)
            building.rebuild(log, f"{path}.one", silent)

    facts, totalled = in_two
    assert facts > 5
    assert totalled == "totalled"
    assert rows_of(path_beside(path)) == rows_of(f"{path}.one")
    assert len(rows_of(f"{path}.one")["mergers"]) == 2


MERGED = "".join(
    f"{json.dumps(line)}\n"
    for line in (
        {
            "organization": f"ORG-{number}",
            "event": "merged",
            "effective_on": "2019-03-04",
            "by": "analyst-1",
            "into": "ORG-9",
            "reason": "one network",
        }
        for number in (1, 2)
    )
)


@pytest.mark.parametrize(
    "program",
    ["raise SystemExit(1)", companion._PROGRAM.replace("companion.be", "print")],
    ids=["at once", "with other words"],
)
def test_a_second_process_that_fails_leaves_all_to_the_first(
    path, in_two, program, monkeypatch
):
    """
    It is faster, and nothing else.
    """
    before = rows_of(path_beside(path))
    monkeypatch.setattr(companion, "_PROGRAM", program)
    with open_log(path) as log:
        building.rebuild(log, path_beside(path), silent)

    assert in_two == [None]
    assert rows_of(path_beside(path)) == before


def test_a_second_process_that_fails_at_the_end_leaves_the_totals_to_the_first(
    path, in_two, monkeypatch
):
    """
    What it has folded is of use all the same.
    """
    before = rows_of(path_beside(path))
    program = companion._PROGRAM.replace(
        "companion.be",
        "from projections import halves; del halves._total; companion.be",
    )
    monkeypatch.setattr(companion, "_PROGRAM", program)
    with open_log(path) as log:
        building.rebuild(log, path_beside(path), silent)

    assert in_two[1:] == [None]
    assert in_two[0] is not None
    assert rows_of(path_beside(path)) == before


@pytest.mark.usefixtures("in_two")
@pytest.mark.parametrize("subject", ["S-0", "S-6"], ids=["first half", "second half"])
def test_a_damaged_fact_is_named_from_either_half(path, subject):
    """
    Which process meets it makes no difference to whoever is told.
    """
    damaged = (
        "UPDATE stored_events SET state=x'5b5d' WHERE originator_version=2"
        f" AND originator_id='scr/{subject}'"
    )
    with tampering(path) as connection:
        connection.execute(damaged)
        (position,) = connection.execute(
            "SELECT rowid FROM stored_events WHERE originator_version=2"
            f" AND originator_id='scr/{subject}'"
        ).fetchone()
    with (
        open_log(path) as log,
        pytest.raises(FactDamagedError, match=f"at position {position} is damaged"),
    ):
        building.rebuild(log, path_beside(path), silent)


def test_a_fact_in_the_stream_of_another_is_not_folded(path):
    """
    Streams are folded one by one: it would be counted of the wrong SCR.
    """
    with tampering(path) as connection:
        connection.execute(
            "UPDATE stored_events SET originator_id='scr/S-0', originator_version=9"
            " WHERE rowid=21"
        )
    with open_log(path) as log, pytest.raises(FactDamagedError, match="position 21 "):
        building.rebuild(log, path_beside(path), silent)


def test_a_catch_up_looks_for_an_scr_by_its_name(path):
    """
    Not among all rows that are open, of which there are as many as SCRs.
    """
    with closing(sqlite3.connect(path_beside(path))) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {building.OPEN['scr']}", ("S-1", readmodel.NEVER)
        ).fetchall()

    assert "beliefs_by_scr" in str(plan)


def test_a_log_that_lacks_facts_is_not_folded(path):
    """
    What is missing would be missing from every figure.
    """
    with tampering(path) as connection:
        connection.execute("DELETE FROM stored_events WHERE rowid=4")
    with open_log(path) as log, pytest.raises(LogDamagedError, match="22 facts up to"):
        building.rebuild(log, path_beside(path), silent)


def test_what_a_killed_rebuild_left_is_cleared_away(path):
    """
    The next one starts over; a file of another name is nobody's draft.
    """
    beside = Path(path).parent
    for left in ("4711.new", "4711.new.part", "4711.new.claims"):
        (beside / f"scr.db.readmodel.{left}").write_bytes(b"half")
    (beside / "scr.db.readmodel.old").write_bytes(b"kept")
    with open_log(path) as log:
        building.rebuild(log, path_beside(path), silent)

    assert {each.name for each in beside.iterdir()} == {
        "scr.db",
        "scr.db.readmodel",
        "scr.db.readmodel.old",
    }


def test_a_rebuild_gives_a_receipt(path, capsys):
    """
    Head, root, rows, time, and what the one before had said.
    """
    with open_log(path) as log:
        root = log.root(log.head).hex()
    assert run(["--ledger", path, "rebuild"]) == 0
    told = capsys.readouterr()

    first, *others = told.out.splitlines()
    assert first.startswith(f"rebuilt {path}.readmodel to @23, in ")
    assert others == [
        f"root {root}",
        "14 beliefs, 21 totals, 3 cells, 0 mergers, 0 definitions",
        "the one before said the same up to @23",
    ]
    assert told.err == ""


def test_one_that_was_behind_is_compared_as_far_as_it_went(path, capsys):
    """
    What has ended since, and what was known earlier since, is no difference.
    """
    late = lines(1, "EARLY").replace("2019-03-05", "2018-03-05")
    ended = {
        "scr": "S-1",
        "event": "reversed",
        "effective_on": "2019-04-04",
        "by": "agent-1",
        "outcome": "D1",
        "reason": "twice",
    }
    ledgers.load(path, late + json.dumps(ended) + "\n")
    assert run(["--ledger", path, "rebuild"]) == 0

    assert "said the same up to @23\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("totals", "UPDATE totals SET log_total=99 WHERE position=4"),
        ("totals", "DELETE FROM totals WHERE position=4"),
        ("beliefs", "UPDATE beliefs SET office='SAC Y' WHERE scr='S-3'"),
        ("beliefs", "UPDATE beliefs SET program='x' WHERE scr='S-3'"),
        ("beliefs", "UPDATE beliefs SET position_until=20, known_until=1"),
    ],
)
def test_one_that_said_something_else_is_named(path, table, statement, capsys):
    """
    It is replaced all the same, and whoever asked it has to know.
    """
    change(path, statement)
    assert run(["--ledger", path, "rebuild"]) == 0

    assert capsys.readouterr().err == (
        f"scr: the one before said something else up to @23, in its table {table};"
        " ask again whatever was answered from it\n"
    )
    assert run(["--ledger", path, "rebuild"]) == 0
    assert "said the same" in capsys.readouterr().out


def test_an_interrupted_catch_up_changes_nothing(path, monkeypatch):
    """
    Rows and position move together: where one fails, neither is moved.
    """
    ledgers.load(path, lines(1, "N"))

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "extend_totals", fail)
    with open_log(path) as log:
        with pytest.raises(KeyboardInterrupt):
            building.catch_up(log, path_beside(path), silent)
        assert state(log, path_beside(path)) == "behind"


def test_a_read_model_can_be_copied_with_its_ledger(path, tmp_path, capsys):
    """
    It belongs to the log, not to the place.
    """
    there = tmp_path / "there"
    there.mkdir()
    for each in (path, path_beside(path)):
        shutil.copy(each, there)

    with open_log(str(there / "scr.db")) as log:
        assert state(log, readmodel.path_beside(log.path)) == "fresh"
    assert counted(str(there / "scr.db"), capsys) == 7


def test_a_page_of_the_read_model_that_is_damaged_is_not_called_the_log(path):
    """
    It is to be made anew; no copy of the ledger has to be restored.
    """
    beside = path_beside(path)
    with closing(sqlite3.connect(beside)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name='beliefs'"
        ).fetchone()
    with open(beside, "r+b") as file:  # noqa: PTH123 - patched in place
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)

    with (
        open_log(path) as log,
        open_read_model(log) as model,
        pytest.raises(ReadModelChangedError, match="run `scr rebuild`"),
    ):
        model.all("SELECT * FROM beliefs NOT INDEXED")
