"""The read model: fresh or made again, whatever has become of the file."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from cli.main import run
from ledger.reader import open_log
from projections import building, comparing, readmodel
from projections.readmodel import path_beside, silent, state
from tests import ledgers


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

    monkeypatch.setattr(building, "_total", fail)
    with open_log(path) as log, pytest.raises(KeyboardInterrupt):
        building.rebuild(log, path_beside(path), silent)

    assert Path(path_beside(path)).read_bytes() == before
    assert {each.name for each in Path(path).parent.iterdir()} == {
        "scr.db",
        "scr.db.readmodel",
    }


def test_an_interrupted_catch_up_changes_nothing(path, monkeypatch):
    """
    Rows and position move together: where one fails, neither is moved.
    """
    ledgers.load(path, lines(1, "N"))

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "_extend_totals", fail)
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
