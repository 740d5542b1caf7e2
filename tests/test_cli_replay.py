"""``scr replay`` as a list: the facts of a part of history, and what each moved."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.commandline import life, line, prepare, scr

HISTORY = (
    life("SCR-1", tco="yes", category="gangs")
    + life("SCR-2")
    + line("SCR-1", "transferred", "2019-11-01", office="SAC El Paso")
    + line(
        "SCR-1", "redated", "2020-03-01", outcome="D1", reason="the warrant was later"
    )
)


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """
    A ledger of two SCRs, one of them moved to another office and another year.
    """
    monkeypatch.chdir(tmp_path)
    return prepare(tmp_path, HISTORY)


def rows(*arguments: str) -> list[dict]:
    """
    Return the rows of a replay.
    """
    told = scr("replay", *arguments, "--json")
    assert (told.code, told.err) == (0, "")
    return told.json["rows"]


def places(*arguments: str) -> list[int]:
    """
    Return the positions of a replay.
    """
    return [row["position"] for row in rows(*arguments)]


def test_a_step_in_json():
    """
    A fact with its clocks and fields, its subject before and after, and what it moved.
    """
    (step,) = rows("--from", "@11", "--to", "@11")

    assert (step["event"], step["scr"]) == ("redated", "SCR-1")
    assert step["reason"] == "the warrant was later"
    assert step["claimed"] is True
    assert step["before"]["outcomes"][0]["on"] == "2019-03-04"
    assert step["after"]["outcomes"][0]["on"] == "2020-03-01"
    assert {k: v for k, v in step["before"].items() if k != "outcomes"} == {
        k: v for k, v in step["after"].items() if k != "outcomes"
    }
    assert step["moved"] == [
        {"measure": "dd-all", "fiscal_year": 2019, "from": 2, "to": 1},
        {"measure": "dd-all", "fiscal_year": 2020, "from": 0, "to": 1},
        {"measure": "dd-tco", "fiscal_year": 2019, "from": 1, "to": 0},
        {"measure": "dd-tco", "fiscal_year": 2020, "from": 0, "to": 1},
    ]


def test_what_is_said_of_the_whole():
    """
    The object names the basis, the clock, the measures, and the figures at the end.
    """
    told = scr("replay", "--measure", "disruptions-all", "--to", "@9", "--json").json
    counted = scr("count", "disruptions-all", "--as-of", "@9", "--json").json

    assert told["schema"] == "scr-replay/1"
    assert told["basis"] == counted["basis"]
    assert (told["clock"], told["measures"]) == ("recorded", ["disruptions-all"])
    assert told["figures"] == counted["rows"]


def test_a_subject_has_no_state_before_its_first_fact():
    """
    Before `filed` there is nothing; the ledger itself has no state at all.
    """
    opened, filed, *_ = rows()

    assert (opened["before"], opened["after"]) == (None, None)
    assert filed["before"] is None
    assert filed["after"]["office"] == "SAC Houston"


CHOSEN = [
    pytest.param([], list(range(1, 13)), id="everything"),
    pytest.param(["--scr", "SCR-2"], [7, 8, 9], id="one SCR"),
    pytest.param(["--office", "SAC El Paso"], [10, 11], id="one office"),
    pytest.param(["--moving"], [6, 9, 11], id="what moved a figure"),
    pytest.param(["--fy", "2020"], [11], id="what moved a year"),
    pytest.param(["--fy", "2019", "--measure", "dd-tco"], [6, 11], id="of a measure"),
    pytest.param(["--from", "@10"], [10, 11, 12], id="from a position"),
    pytest.param(["--to", "@2"], [1, 2], id="to a position"),
    pytest.param(["--from", "2024-01-02"], list(range(1, 13)), id="from a day"),
    pytest.param(["--to", "2024-01-01"], [], id="to a day"),
    pytest.param(["--from", "@5", "--moving", "--to", "@9"], [6, 9], id="together"),
]


@pytest.mark.parametrize(("arguments", "positions"), CHOSEN)
def test_which_facts(arguments, positions):
    """
    Each option leaves only the facts that meet it, and they meet all.
    """
    assert places(*arguments) == positions


KNOWN = [
    pytest.param([], [2, 7, 3, 4, 5, 8, 6, 9, 10, 11, 1, 12], id="everything"),
    pytest.param(["--to", "2018-10-02"], [2, 7, 3], id="to a day"),
    pytest.param(["--from", "2019-03-04", "--to", "2019-11-01"], [6, 9, 10], id="days"),
    pytest.param(
        ["--from", "2019-03-04T12:00:00Z", "--to", "2019-03-04T12:00:00Z"],
        [6, 9],
        id="an instant",
    ),
]


@pytest.mark.parametrize(("arguments", "positions"), KNOWN)
def test_by_what_was_known(arguments, positions):
    """
    By the other clock facts come as they became known, and days are days of knowledge.
    """
    assert places("--clock", "known", *arguments) == positions


def test_by_what_was_known_the_basis_is_a_cut_off():
    """
    A walk that ends on a day rests on the basis that `--as-of` that day has.
    """
    told = scr("replay", "--clock", "known", "--to", "2019-11-01", "--json").json
    counted = scr("count", "dd-all", "dd-tco", "--as-of", "2019-11-01", "--json").json

    assert told["basis"] == counted["basis"]
    assert told["figures"] == [row for row in counted["rows"] if row["value"]]


def test_in_columns():
    """
    Where there are columns, what changed and what moved are words.
    """
    told = scr("replay", "--from", "@11", "--to", "@11", "-f", "csv")
    (row,) = csv.DictReader(io.StringIO(told.out))

    assert row["changed"] == "D1 on 2019-03-04 → 2020-03-01"
    assert row["moved"].startswith("dd-all FY2019 2 → 1; dd-all FY2020 0 → 1; dd-tco")
    assert row["basis"].startswith("all @11 ")


def test_a_table():
    """
    A table shows the clock that is walked by, and says where the figures end.
    """
    told = scr("replay", "--scr", "SCR-2", "--clock", "known")

    assert "Known at" in told.out
    assert "Recorded at" not in told.out
    assert "3 facts, in the order in which things became known" in told.out
    assert told.out.endswith(
        "At the end: dd-all FY2019 1, dd-all FY2020 1, dd-tco FY2020 1.\n"
    )


def test_json_lines():
    """
    In JSON Lines what is said of the whole stands before the steps.
    """
    head, *steps = map(json.loads, scr("replay", "-f", "jsonl").out.splitlines())

    assert head["figures"][0]["measure"] == "dd-all"
    assert [step["position"] for step in steps] == list(range(1, 13))


def test_no_read_model_is_made(ledger):
    """
    It reads the log, and needs no read model beside it.
    """
    assert places("--moving") == [6, 9, 11]
    assert [path.name for path in ledger.parent.iterdir()] == ["scr.db"]


REFUSED = [
    pytest.param(["--scr", "SCR-9"], 3, "no SCR SCR-9 is recorded", id="no such SCR"),
    pytest.param(["--measure", "x"], 2, "no measure is named x", id="no such measure"),
    pytest.param(["--measure", "dd-all@7"], 2, "no version 7", id="no such version"),
    pytest.param(["--fy", "19"], 2, "19", id="no year"),
    pytest.param(["--from", "@99"], 2, "@99", id="beyond the head"),
    pytest.param(["--from", "soon"], 2, "soon", id="no date"),
    pytest.param(["--clock", "known", "--from", "@3"], 2, "a date", id="a position"),
    pytest.param(["--clock", "known", "--to", "@3"], 2, "a date", id="to a position"),
    pytest.param(["--clock", "wall"], 2, "wall", id="no clock"),
    pytest.param(["SCR-1"], 2, "SCR-1", id="an argument"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), REFUSED)
def test_refused(arguments, code, said):
    """
    What cannot be walked is refused in one line.
    """
    told = scr("replay", *arguments)

    assert (told.code, told.out) == (code, "")
    assert len(told.err.splitlines()) == 1
    assert said in told.err
