"""Setting aside, snapshots and maps where half a history could be loaded unseen."""

from __future__ import annotations

import json
from contextlib import chdir

import pytest
import xlsxwriter

from tests import ledgers
from tests.commandline import filed, life, line, scr


@pytest.fixture
def folder():
    """
    A folder with an empty scr.db, and the working directory of the test.
    """
    with ledgers.folder() as made, chdir(made):
        ledgers.make(made / "scr.db")
        yield made


def test_a_row_whose_subject_is_at_fault_is_never_set_aside(folder):
    """
    It names an organization, but it may be about any SCR: the file is refused.
    """
    columns = ["scr", "event", "effective_on", "by", "case_number", "office"]
    columns += ["association", "transnational", "organization"]
    book = xlsxwriter.Workbook(folder / "f.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, columns)
    sheet.write_row(1, 0, ["S1", "filed", "2018-10-01", "a", "C", "O"])
    sheet.write_row(
        2, 1, ["determined", "2018-10-02", "a", "", "", "no", "no", "ORG-1"]
    )
    sheet.write_formula(2, 0, '="S"&"1"')
    book.close()

    told = scr("import", "--set-aside", "out.jsonl", "f.xlsx")

    assert told.code == 5
    assert "f.xlsx:A3: scr: is a formula" in told.err


def test_a_line_with_two_subjects_is_never_set_aside(folder):
    """
    Nobody knows which of them it is about.
    """
    void = line("S1", "voided", "2019-01-01", reason="r")
    twice = void.replace("}", ', "scr": "S2"}')
    (folder / "f.jsonl").write_text(life("S1") + twice + life("S2"))

    assert scr("import", "--set-aside", "out.jsonl", "f.jsonl").code == 5


def test_what_is_set_aside_is_counted_though_nothing_else_is_new(folder):
    """
    Once: the same file again adds nothing.
    """
    (folder / "a.jsonl").write_text(filed("S1"))
    (folder / "b.jsonl").write_text(filed("S1") + filed("S2", program=" "))
    scr("import", "a.jsonl")
    for _ in range(2):
        assert scr("import", "--set-aside", "out.jsonl", "b.jsonl").code == 0

    rows = scr("log", "--event", "imported", "--json").json["rows"]
    assert [row["set_aside"] for row in rows] == [0, 1]
    assert "set aside 1 SCR" in scr("count").out


def test_setting_aside_writes_over_nothing_that_is_read(folder):
    """
    Neither over a file nor over the map.
    """
    (folder / "m.toml").write_text('[columns]\n"scr" = "scr"\n')
    (folder / "e.csv").write_text("scr\nS1\n")
    given = ("--snapshot", "--known-at", "2020-01-01", "--map", "m.toml", "e.csv")

    for out in ("m.toml", "e.csv"):
        assert scr("import", "--set-aside", out, *given).code == 2
    assert (folder / "m.toml").read_text().startswith("[columns]")


def test_a_column_that_is_not_there_reinstates_nothing(folder):
    """
    A voided SCR stays as it is, and is counted.
    """
    (folder / "a.jsonl").write_text(
        filed("S1") + line("S1", "voided", "2019-01-01", reason="r")
    )
    (folder / "e.csv").write_text("scr,office\nS1,SAC Houston\n")
    scr("import", "a.jsonl")
    told = scr("import", "--snapshot", "--known-at", "2020-01-01", "e.csv")

    assert "nothing new" in told.out
    assert "e.csv: 1 voided-kept" in told.err


def test_a_date_of_approval_is_an_approval_though_it_was_taken_back(folder):
    """
    Else the year in which the SCR entered would be lost for ever.
    """
    header = "scr,case_number,office,filed_on,approved,approved_on\n"
    (folder / "y.csv").write_text(f"{header}S4,C,O,2018-01-01,no,2018-05-01\n")
    told = scr("import", "--snapshot", "--known-at", "2019-01-15", "y.csv")

    assert "(1 filed, 1 approved, 1 rescinded)" in told.out
    assert scr("compare", "y.csv").code == 0
    scr("approve", "S4", "--by", "panel", "--force", "test")
    count = scr("count", "entered-all", "--fy", "2018", "--json").json
    assert count["rows"][0]["value"] == 1


def test_digits_without_anything_between_are_not_guessed(folder):
    """
    `201911` could be a month, or the first of January.
    """
    (folder / "m.toml").write_text(
        '[columns]\n"a" = "scr"\n"b" = "filed_on"\n[dates]\nfiled_on = "%Y%m%d"\n'
    )
    (folder / "e.csv").write_text("a,b\nS1,201911\nS2,20191101\n")
    told = scr("compare", "e.csv", "--map", "m.toml")

    assert told.code == 5
    assert "e.csv:2: filed_on (b): '201911' is in none of the forms" in told.err


def test_trim_holds_for_the_header_too(folder):
    """
    Two columns that become one are refused.
    """
    (folder / "m.toml").write_text('trim = true\n[columns]\n"a" = "scr"\n')
    (folder / "e.csv").write_text(" a \nS1\n")
    assert scr("compare", "e.csv", "--map", "m.toml", "--json").code == 1

    (folder / "e.csv").write_text(" a ,a\nS1,S1\n")
    told = scr("compare", "e.csv", "--map", "m.toml")
    assert (told.code, "there is another 'a'" in told.err) == (5, True)


def test_faults_of_a_set_aside_row_have_their_reasons(folder):
    """
    Each line of OUT is one object.
    """
    (folder / "f.jsonl").write_text(filed("S1", program=" ") + filed("S2"))
    scr("import", "--set-aside", "out.jsonl", "f.jsonl")
    (held,) = map(json.loads, (folder / "out.jsonl").read_text().splitlines())

    assert held["scr"] == "S1"
    assert held["faults"][0]["field"] == "program"


def test_what_is_set_aside_stays_when_a_later_file_is_refused(folder):
    """
    The earlier file is recorded, so what was left out of it must not be lost.
    """
    (folder / "a.jsonl").write_text(filed("S1", program=" ") + filed("S2"))
    (folder / "b.jsonl").write_text("no fact\n")

    assert scr("import", "--set-aside", "out.jsonl", "a.jsonl", "b.jsonl").code == 5
    assert json.loads((folder / "out.jsonl").read_text())["scr"] == "S1"


def test_nothing_is_recorded_when_what_is_set_aside_cannot_be_written(folder):
    """
    What is left out is put in place before the rest is recorded.
    """
    (folder / "a.jsonl").write_text(filed("S1", program=" ") + filed("S2"))

    assert scr("import", "--set-aside", "none/out.jsonl", "a.jsonl").code == 6
    assert scr("import", "--set-aside", "/dev/full", "a.jsonl").code == 6
    assert len(scr("log", "--json").json["rows"]) == 1
