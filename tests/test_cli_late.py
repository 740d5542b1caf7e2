"""`scr late` and `scr activity`, as typed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from cli.late import _share
from tests import ledgers
from tests.commandline import filed, line, on_terminal, scr

DAYS = [datetime(2024, 1, day, 12, tzinfo=UTC) for day in range(1, 6)]


def late_by(scr_: str, day: str, known_on: str, **fields: str) -> str:
    """
    Return a line that files an SCR, known at noon of a day.
    """
    return filed(scr_, day, known_at=f"{known_on}T17:00:00Z", **fields)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """
    A ledger of four filings 0, 7, 31 and 400 days late, two disruptions 31 and 366 days
    late, and an approval two days ahead; the first is in Miami since.
    """
    path = ledgers.make(
        tmp_path_factory.mktemp("late") / "scr.db", ledgers.Clock(DAYS[0])
    )
    text = (
        late_by("SCR-1", "2019-03-04", "2019-03-04")  # 2
        + late_by("SCR-2", "2019-03-04", "2019-03-11")  # 3
        + late_by("SCR-3", "2019-03-04", "2019-04-04")  # 4
        + late_by("SCR-4", "2018-03-04", "2019-04-08", by="agent-2")  # 5
        + line("SCR-1", "disrupted", "2019-09-30", "2019-10-31T12:00:00Z", outcome="D")
        + line("SCR-1", "disrupted", "2019-10-01", "2020-10-01T12:00:00Z", outcome="E")
        + line("SCR-1", "approved", "2020-10-05", "2020-10-03T12:00:00Z")  # 8
        + line("SCR-1", "transferred", "2020-10-05", office="SAC Miami")  # 9
    )
    ledgers.load(path, text, clock=ledgers.Clock(DAYS[1]))  # 10
    return path


def ask(ledger: str, *arguments: str) -> dict:
    """
    Return the answer of a command as JSON.
    """
    told = scr("--ledger", ledger, *arguments, "--json")
    assert (told.code, told.err) == (0, "")
    return told.json


def places(found: dict) -> list[int]:
    """
    Return the positions of an answer's rows.
    """
    return [row["position"] for row in found["rows"]]


# --- late -------------------------------------------------------------------------


def test_late_spreads_the_facts_of_each_event(ledger):
    """
    A row for each event there is, by name, and the total apart from them.
    """
    found = ask(ledger, "late")
    rows = {row["event"]: row for row in found["rows"]}

    assert found["schema"] == "scr-late/1"
    assert (found["clock"], found["over_days"]) == ("known", 30)
    assert list(rows) == ["approved", "disrupted", "filed", "transferred"]
    assert rows["filed"] == {
        "event": "filed",
        "facts": 4,
        "effective_after": 0,
        "same_day": 1,
        "days_1_7": 1,
        "days_8_30": 0,
        "days_31_90": 1,
        "days_91_365": 0,
        "over_365": 1,
        "over": 2,
        "median": 7,
        "p90": 400,
        "largest": 400,
    }
    assert rows["approved"]["effective_after"] == 1
    assert rows["approved"]["largest"] == -2
    assert found["total"]["facts"] == 8
    assert found["total"]["over"] == 4
    assert "event" not in found["total"]


def test_late_by_the_ledgers_own_clock(ledger):
    """
    Held against `recorded_at`, what was loaded in 2024 is years late.
    """
    found = ask(ledger, "late", "--clock", "recorded")

    assert found["clock"] == "recorded"
    assert found["total"]["over_365"] == found["total"]["facts"] == 8


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], [5, 7, 4, 6]),
        (["--over", "31"], [5, 7]),
        (["--over", "0"], [5, 7, 4, 6, 3]),
        (["--over", "400"], []),
        (["--event", "disrupted"], [7, 6]),
        (["--event", "disrupted", "--event", "approved"], [7, 6]),
        (["--by", "agent-2"], [5]),
        (["--fy", "2019"], [4, 6]),
        (["--fy", "2018..2019"], [5, 4, 6]),
        (["--fy", "FY2020"], [7]),
        (["--office", "SAC Miami"], [7, 6]),
        (["--office", "SAC Houston"], [5, 4]),
        (["--office", "SAC Houston", "--as-of", "2020-10-04"], [5, 7, 4, 6]),
        (["--as-of", "2019-10-31"], [5, 4, 6]),
        (["--as-of", "@5"], [5, 4]),
        (["--clock", "recorded", "--over", "2000", "--by", "agent-2"], [5]),
    ],
    ids=lambda given: " ".join(map(str, given)),
)
def test_the_list_has_what_is_over(ledger, given, wanted):
    """
    The latest first, then by position; every filter narrows it, the office is that at
    the basis, and the years are those of `effective_on`.
    """
    found = ask(ledger, "late", "--list", *given)

    assert found["schema"] == "scr-late-list/1"
    assert places(found) == wanted
    assert ask(ledger, "late", *given)["total"]["over"] == len(wanted)
    assert found["basis"] == ask(ledger, "late", *given)["basis"]


def test_a_row_of_the_list_has_all_its_clocks(ledger):
    """
    What happened, when it was known and recorded, whose claim it is, who and where.
    """
    row = ask(ledger, "late", "--list", "--over", "366")["rows"][0]

    assert row == {
        "days_late": 400,
        "position": 5,
        "scr": "SCR-4",
        "event": "filed",
        "effective_on": "2018-03-04",
        "known_at": "2019-04-08T17:00:00Z",
        "claimed": True,
        "recorded_at": "2024-01-03T12:00:00Z",
        "by": "agent-2",
        "office": "SAC Houston",
    }


def test_late_in_columns(ledger):
    """
    A table has shares and says how to read them; CSV has counts, the total at the end.
    """
    lines = scr("--ledger", ledger, "late").out.splitlines()
    assert lines[0] == "Days from effective_on to known_at"
    assert lines[2] == "grade claimed"
    total = next(row for row in lines if row.startswith("total"))
    assert total.split() == [
        *("total", "8", "12%", "25%", "12%", "0%", "25%", "0%", "25%", "7"),
        *("400", "400"),
    ]
    assert lines[-2:] == [
        "4 of 8 facts over 30 days late; --list lists them.",
        "Ahead: effective after the clock's day. Median and 90th: nearest rank.",
    ]
    told = scr("--ledger", ledger, "late", "-f", "csv", "--over", "31")
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert [row["event"] for row in rows][-1] == "total"
    assert (rows[-1]["over"], rows[-1]["days_31_90"], rows[-1]["median"]) == (
        *("2", "2", "7"),
    )
    assert len(scr("--ledger", ledger, "late", "-f", "jsonl").out.splitlines()) == 5


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "0%"),
        (0, 9, "0%"),
        (9, 9, "100%"),
        (1, 3, "33%"),
        (2, 3, "67%"),
        (1, 1000, "<1%"),
        (5, 1000, "<1%"),
        (999, 1000, ">99%"),
        (1, 100, "1%"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_all(part, whole, said):
    """
    One fact in a million is not none, and all but one is not all.
    """
    assert _share(part, whole) == said


def test_late_without_facts(tmp_path):
    """
    An empty ledger has no events, and a total without a median.
    """
    path = ledgers.make(tmp_path / "scr.db")
    found = ask(path, "late")

    assert found["rows"] == []
    assert found["total"]["facts"] == 0
    assert found["total"]["median"] is None
    assert scr("--ledger", path, "late").out.splitlines()[-2] == (
        "0 of 0 facts over 30 days late; --list lists them."
    )
    assert scr("--ledger", path, "late", "--list").out.splitlines()[-1] == "no rows"


def test_a_basis_gives_the_same_bytes_again(ledger, tmp_path):
    """
    What an answer rested on is taken back after more was recorded.
    """
    path = tmp_path / "scr.db"
    path.write_bytes((tmp_path.parent / ledger).read_bytes())
    for asked in (["late"], ["late", "--list"]):
        told = scr("--ledger", str(path), *asked)
        basis = told.out.splitlines()[1]
        ledgers.load(str(path), filed(f"SCR-{len(asked)}x", "2001-01-01"))
        again = scr("--ledger", str(path), *asked, "--basis", basis)
        assert again == told
        assert scr("--ledger", str(path), *asked).out != told.out


def test_an_organization_is_late_as_its_own_subject(tmp_path):
    """
    A merger is listed under the organization, which has no office.
    """
    path = ledgers.make(tmp_path / "scr.db")
    merged = (
        '{"organization":"ORG-1","event":"merged","effective_on":"2019-05-01",'
        '"known_at":"2019-07-01T12:00:00Z","by":"a","into":"ORG-2","reason":"r"}\n'
    )
    ledgers.load(path, merged)
    (row,) = ask(path, "late", "--list")["rows"]
    assert (row["organization"], row["office"]) == ("ORG-1", None)
    told = scr("--ledger", path, "late", "--list", "-f", "csv")
    (cells,) = csv.DictReader(io.StringIO(told.out))
    assert (cells["subject"], cells["office"]) == ("ORG-1", "")


# --- activity ---------------------------------------------------------------------


def test_activity_says_who_by_default(ledger):
    """
    People as facts name them, by code point; the ledger's own facts name nobody.
    """
    found = ask(ledger, "activity")

    assert found["schema"] == "scr-activity/1"
    assert (found["from"], found["to"], found["facts"]) == (1, 10, 10)
    assert [(row["person"], row["facts"]) for row in found["rows"]] == [
        ("agent-1", 7),
        ("agent-2", 1),
        (None, 2),
    ]
    assert found["rows"][0] == {
        "person": "agent-1",
        "facts": 7,
        "scrs": 3,
        "corrections": 0,
        "forced": 0,
        "claimed": 7,
        "first_recorded_at": "2024-01-03T12:00:00Z",
        "last_recorded_at": "2024-01-03T12:00:00Z",
    }


def test_activity_by_several_columns(ledger):
    """
    `--per` recurs or has commas; the columns stand as they were given.
    """
    one = ask(ledger, "activity", "--per", "month,event")
    two = ask(ledger, "activity", "--per", "month", "--per", "event")

    assert one == two
    assert list(one["rows"][0])[:3] == ["month", "event", "facts"]
    assert {row["month"] for row in one["rows"]} == {"2024-01"}
    assert sum(row["facts"] for row in one["rows"]) == one["facts"] == 10


@pytest.mark.parametrize(
    ("given", "facts", "position"),
    [
        ([], 10, 10),
        (["--from", "@4"], 7, 10),
        (["--to", "@4"], 4, 4),
        (["--from", "2024-01-03"], 9, 10),
        (["--to", "2024-01-02"], 1, 1),
        (["--from", "@4", "--to", "@4"], 1, 4),
        (["--from", "@6", "--to", "@4"], 0, 4),
        (["--to", "@0"], 0, 0),
    ],
    ids=str,
)
def test_activity_between_two_recordings(ledger, given, facts, position):
    """
    Both ends are included, as in `scr log`; the basis is all up to the last.
    """
    found = ask(ledger, "activity", *given)

    assert found["facts"] == sum(row["facts"] for row in found["rows"]) == facts
    assert (found["basis"]["bound"], found["basis"]["position"]) == ("all", position)
    listed = scr("--ledger", ledger, "log", *given, "--json").json["rows"]
    assert len(listed) == facts
    again = ["count", "--as-of", f"@{position}"]
    assert ask(ledger, *again)["basis"] == found["basis"]


def test_activity_in_columns(ledger):
    """
    A table says which facts it looked at; no person is none, and empty in CSV.
    """
    lines = scr("--ledger", ledger, "activity").out.splitlines()
    assert lines[0] == "10 facts, @1 to @10"
    assert lines[4].split()[:3] == ["Person", "Facts", "SCRs"]
    assert lines[-1].startswith("none")
    nothing = scr("--ledger", ledger, "activity", "--to", "@0").out.splitlines()
    assert (nothing[0], nothing[-1]) == ("No facts", "no rows")
    told = scr("--ledger", ledger, "activity", "-f", "csv")
    assert list(csv.DictReader(io.StringIO(told.out)))[-1]["person"] == ""


# --- both -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", [["late"], ["late", "--list"], ["activity", "--per", "source,person"]]
)
def test_what_facts_say_is_never_obeyed(tmp_path, asked):
    """
    Names and offices reach a terminal and a spreadsheet as text.
    """
    path = ledgers.make(tmp_path / "scr.db")
    hostile = {"by": "=1+1\u202e", "source": "@x\u2066", "office": "+SAC\u200b"}
    text = line("SCR-1", "filed", "2001-01-01", case_number="C", **hostile)
    ledgers.load(path, text.replace("2001-01-01T", "2003-01-01T"))
    for fmt in ("table", "csv", "md"):
        out = scr("--ledger", path, *asked, "-f", fmt).out
        assert not {"\u202e", "\u2066", "\u200b"} & set(out)
    for row in csv.reader(io.StringIO(scr("--ledger", path, *asked, "-f", "csv").out)):
        assert not any(cell.startswith(("=", "+", "@")) for cell in row)


def test_both_draw_on_a_terminal(ledger):
    """
    On a wide terminal without colour the lines are those of a pipe.
    """
    for asked in (["late"], ["late", "--list"], ["activity"]):
        drawn = on_terminal("--ledger", ledger, *asked, columns=200, NO_COLOR="1")
        assert drawn.out == scr("--ledger", ledger, *asked).out
