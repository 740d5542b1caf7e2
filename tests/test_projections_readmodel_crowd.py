"""A read model while others replace, damage or half-write it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import chdir

import pytest

from ledger.reader import open_log
from projections import building, readmodel
from tests import ledgers
from tests.commandline import life, prepare, scr


@pytest.fixture
def folder():
    """
    A folder with scr.db and its read model, and the working directory of the test.
    """
    with ledgers.folder() as made, chdir(made):
        prepare(made)
        assert scr("count").code == 0
        yield made


def figure() -> int:
    """
    Return `dd-all` of FY 2019.
    """
    rows = scr("count", "dd-all", "--fy", "2019", "--json").json["rows"]
    return rows[0]["value"]


@pytest.mark.usefixtures("folder")
def test_an_older_read_model_put_in_place_meanwhile_is_never_answered_from(
    monkeypatch,
):
    """
    A rebuild that began before the last import may replace the file at any moment; what
    answers is what was found fresh, or it is made fresh again.
    """
    shutil.copy("scr.db.readmodel", "old")
    ledgers.load("scr.db", life("SCR-9"))
    refresh, times = readmodel.refresh, []

    def refreshed(*given):
        refresh(*given)
        times.append(1)
        if len(times) < 3:
            shutil.copy("old", "scr.db.readmodel")

    monkeypatch.setattr(readmodel, "refresh", refreshed)

    assert figure() == 4
    assert len(times) == 3


def test_what_a_cut_off_catch_up_left_is_removed_with_its_file(folder):
    """
    A journal beside the read model is of the file that goes, not of the new one.
    """
    (folder / "scr.db.readmodel-journal").write_bytes(b"\xd9\xd5\x05\xf9 left behind")
    ledgers.load("scr.db", life("SCR-9"))

    assert scr("rebuild").code == 0
    assert not (folder / "scr.db.readmodel-journal").exists()
    assert figure() == 4


@pytest.mark.usefixtures("folder")
def test_a_read_model_that_is_behind_is_checked_too():
    """
    It is gone on from, so what is wrong in it would stay wrong.
    """
    with sqlite3.connect("scr.db.readmodel") as model:
        model.execute("UPDATE totals SET log_total=log_total+7")
    ledgers.load("scr.db", life("SCR-9"))
    told = scr("verify")

    assert told.code == 4
    assert "its table totals differs from a rebuild" in told.out
    assert "run `scr rebuild`" in told.err


@pytest.mark.usefixtures("folder")
def test_an_index_that_is_damaged_or_missing_is_found():
    """
    Figures are read from indexes, which the rows alone do not show.
    """
    with sqlite3.connect("scr.db.readmodel") as model:
        model.execute("DROP INDEX totals_by_position")
    told = scr("verify")

    assert told.code == 4
    assert "its tables or indexes are not those of a rebuild" in told.out


@pytest.mark.usefixtures("folder")
def test_a_read_model_without_a_table_is_a_finding():
    """
    The log verifies all the same, and a rebuild is the answer.
    """
    with sqlite3.connect("scr.db.readmodel") as model:
        model.execute("DROP TABLE totals")
    told = scr("verify")

    assert told.code == 4
    assert "run `scr rebuild`" in told.err
    assert scr("rebuild").code == 0
    assert scr("verify").code == 0


def test_a_rebuild_up_to_a_position_is_that_of_the_log_up_to_there(folder):
    """
    What it is compared with is what a shorter log would give.
    """
    with open_log("scr.db") as log:
        building.rebuild(log, str(folder / "upto"), readmodel.silent, 5)
    with readmodel.opened(str(folder / "upto")) as model:
        assert model.all("SELECT reached FROM meta") == [(5,)]
        assert model.all("SELECT max(position_from) <= 5 FROM beliefs") == [(1,)]
