"""`scr import` of tables: what it says, what it refuses, and what is recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from tests.commandline import Told, life, prepare, scr
from tests.workbooks import BOOK, Formula, altered, crafted, packed, text, written

NAMES = "scr,event,effective_on,known_at,by,case_number,office,outcome"
FILED = "{},filed,2019-03-04,2019-03-04T12:00:00Z,a,C-1,SAC X,"
DISRUPTED = "{},disrupted,2019-03-05,2019-03-05T12:00:00Z,a,,,{}"
GOOD = f"{NAMES}\n{FILED.format('S-1')}\n{DISRUPTED.format('S-1', 'D1')}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """
    A working directory with a ledger that holds its identity only.
    """
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path, "")
    return tmp_path


def rows(text: str) -> list[list[str]]:
    """
    Return the cells of a simple CSV text.
    """
    return [line.split(",") for line in text.splitlines()]


def table(name: str, text: str) -> str:
    """
    Write a simple CSV text as the table that a name asks for; return the name.
    """
    if name.endswith(".xlsx"):
        data = written(rows(text))
    else:
        data = text.replace(",", "\t" if name.endswith(".tsv") else ",").encode()
    Path(name).write_bytes(data)
    return name


def log(*arguments: str) -> list[dict]:
    """
    Return rows of the log.
    """
    return scr("log", *arguments, "--json").json["rows"]


def refused(told: Told, code: int = 5) -> list[str]:
    """
    See that a command was refused in words and recorded nothing; return its faults.
    """
    *faults, summary = told.err.splitlines()
    assert (told.code, told.out) == (code, ""), told
    assert summary.startswith("scr: ")
    assert "Traceback" not in told.err
    assert "fault of scr" not in told.err
    assert [row["event"] for row in log()] == ["opened"]
    return faults


KINDS = ("f.csv", "f.tsv", "f.xlsx", "F.CSV")


@pytest.mark.parametrize("name", KINDS)
def test_a_table_of_facts(folder, name):
    """
    Its rows are facts; a line says how many were added, and the same table again adds
    nothing, whichever way it is written.
    """
    del folder
    said = "2 rows, added 2 facts (1 filed, 1 disrupted); head @4\n"
    again = "2 rows, nothing new, 2 already recorded; head @4\n"

    assert scr("import", table(name, GOOD)).out == f"{name}: {said}"
    for other in KINDS:
        told = scr("import", table(other, GOOD))
        assert (told.code, told.out, told.err) == (0, f"{other}: {again}", "")


def test_the_import_of_a_table_is_recorded(folder):
    """
    Name and hash of the file, the number of its rows, and no map where there was none.
    """
    scr("import", table("f.csv", GOOD))

    (row,) = log("--event", "imported")
    assert (row["file"], row["rows"]) == ("f.csv", 2)
    assert row["sha256"] == sha256((folder / "f.csv").read_bytes()).hexdigest()
    assert "map" not in row
    assert "map_sha256" not in row


MAP = """
ignore = ["Chk"]
trim = true
empty = ["-"]
[columns]
"SCR No" = "scr"
"What" = "event"
"When" = "effective_on"
"Case" = "case_number"
"Office" = "office"
"TCO" = "association"
"Abroad" = "transnational"
[constants]
by = "load"
known_at = "2019-12-31T00:00:00Z"
[values.event]
F = "filed"
D = "determined"
[values.association]
Y = "yes"
"?" = ""
[values.transnational]
Y = "yes"
"?" = ""
[dates]
effective_on = ["%m/%d/%Y", "excel"]
"""
LEGACY = """SCR No,What,When,Case,Office,TCO,Abroad,Chk
S-1 ,F,03/04/2019,C-1,SAC X,?,-,x
S-1,D,43831,,-,Y,Y,=1
"""


@pytest.mark.parametrize("name", KINDS[:3])
def test_a_table_through_a_map(folder, name):
    """
    The map says what columns, codes and dates mean; its name and hash are recorded.
    """
    (folder / "m.toml").write_text(MAP)

    told = scr("import", "--map", "./m.toml", table(name, LEGACY))

    assert (told.code, told.err) == (0, f"{name}: 1 effective-after-known\n")
    filed, determined, imported = log()[1:]
    assert (filed["scr"], filed["by"]) == ("S-1", "load")
    assert filed["effective_on"] == "2019-03-04"
    assert "association" not in filed
    assert determined["effective_on"] == "2020-01-01"
    assert (determined["association"], determined["transnational"]) == ("yes", "yes")
    assert imported["map"] == "m.toml"
    assert imported["map_sha256"] == sha256(MAP.encode()).hexdigest()


def test_what_a_map_lacks_is_listed_at_once(folder):
    """
    Every column and every value without a meaning, with its first place and how often
    it occurs, before anything else is said.
    """
    (folder / "m.toml").write_text(MAP)
    text = LEGACY.replace("Chk", "Check").replace("F,03", "X,03").replace("Y,Y", "y,n")
    text += "S-2,X,soon,C,O,?,?,\n"

    told = scr("import", "--map", "m.toml", table("f.xlsx", text))

    assert refused(told) == [
        "note: f.xlsx: has no column 'Chk', which m.toml names",
        "f.xlsx:H1: column 'Check': is not in [columns] of m.toml; name its field, or"
        " ignore it",
        "f.xlsx:B2: event (What): 'X' is not in [values.event] of m.toml (2 rows)",
        "f.xlsx:F3: association (TCO): 'y' is not in [values.association] of m.toml",
        "f.xlsx:G3: transnational (Abroad): 'n' is not in [values.transnational] of"
        " m.toml",
        "f.xlsx:C4: effective_on (When): 'soon' is in none of the forms %m/%d/%Y,"
        " excel",
    ]


@pytest.mark.parametrize(
    ("name", "place"), [("f.csv", "f.csv:3"), ("f.xlsx", "f.xlsx:C3")]
)
def test_a_fault_names_cell_and_column(folder, name, place):
    """
    A fault has its place, and the name the column has in the file beside the field's.
    """
    (folder / "m.toml").write_text(MAP.replace("[dates]", "[dates]\nfrom = '%Y%m%d'"))
    text = LEGACY.replace("43831", "2019-02-30")

    (fault,) = refused(scr("import", "--map", "m.toml", table(name, text)))
    assert fault == (
        f"{place}: effective_on (When): must be a date YYYY-MM-DD, years 1900 to 2999"
    )


def test_only_so_many_faults_are_listed(folder):
    """
    The first hundred, then how many more.
    """
    del folder
    bad = "".join(f"{FILED.format(f'S {n}')}\n" for n in range(130))

    told = scr("import", table("f.csv", f"{NAMES}\n{bad}"))
    assert len(refused(told)) == 100
    assert "130 faults, 100 of them above and 30 more" in told.err


# --- set aside --------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS[:3])
def test_what_cannot_be_taken_is_set_aside(folder, name):
    """
    All rows of an SCR with one that is refused are left out and written with the
    reasons, as the facts they would have been; all others are recorded.
    """
    (folder / "m.toml").write_text(MAP)
    text = (
        f"{LEGACY}S-2,F,03/04/2019,C-2,SAC Y,,,\nS-2,X,03/05/2019,,,,,\n"
        "S-3,F,03/04/2019,C-3,SAC Z,,,\n"
    )

    asked = ("import", "--map", "m.toml", table(name, text), "--set-aside", "out.jsonl")
    told = scr(*asked)

    assert told.code == 0, told.err
    assert "5 rows, added 3 facts" in told.out
    assert f"{name}: 1 SCR set aside" in told.err
    assert {row.get("scr") for row in log()} == {None, "S-1", "S-3"}
    first, second = map(json.loads, (folder / "out.jsonl").read_text().splitlines())
    assert first["faults"] == []
    assert json.loads(first["text"])["case_number"] == "C-2"
    assert (first["line"], second["line"]) == (4, 5)
    assert second["faults"] == [
        {"field": "event", "rule": "'X' is not in [values.event] of m.toml"}
    ]
    assert (second["file"], second["scr"]) == (name, "S-2")
    assert log("--event", "imported")[0]["set_aside"] == 1


@pytest.mark.parametrize("row", ["S-9", ",filed,2019-03-04,,a,C,O,", "S 9,filed,,,,,,"])
def test_a_row_that_names_no_subject_refuses_the_table(folder, row):
    """
    Nobody knows whose history would be recorded without it.
    """
    told = scr("import", table("f.csv", f"{GOOD}{row}\n"), "--set-aside", "out.jsonl")

    assert {fault.split(": ")[0] for fault in refused(told)} == {"f.csv:4"}
    assert not (folder / "out.jsonl").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have it")
def test_a_full_disk_is_not_blamed_on_the_table(folder):
    """
    Where what is set aside cannot be written, that is said, and nothing is recorded.
    """
    del folder
    bad = "".join(f"{FILED.format('S-2')}\n" for _ in range(500))

    told = scr("import", table("f.csv", f"{GOOD}{bad}"), "--set-aside", "/dev/full")
    assert refused(told, 6) == []
    assert told.err.startswith("scr: cannot write /dev/full: ")


# --- refusals ---------------------------------------------------------------------


FAR = f'<row r="1">{text("A1", "scr")}</row><row r="9999">{text("XFD9999", "x")}</row>'
DOCTYPE = ("<workbook ", "<!DOCTYPE x><workbook ")
BAD = {
    "not a table": ("f.csv", GOOD.replace("S-1", 'S"1').encode()),
    "an open quote": ("f.csv", f'{GOOD}"'.encode()),
    "not UTF-8": ("f.csv", GOOD.encode() + b"\xff\n"),
    "UTF-8 cut off": ("f.csv", GOOD.encode() + b"\xc3"),
    "UTF-16": ("f.csv", GOOD.encode("utf-16")),
    "CR only": ("f.csv", GOOD.replace("\n", "\r").encode()),
    "no header": ("f.csv", b""),
    "an endless line": ("f.csv", b"x" * 300_000),
    "an unknown column": ("f.csv", GOOD.replace("office", "Office").encode()),
    "the ledger's own": ("f.csv", GOOD.replace("office", "recorded_by").encode()),
    "a column twice": ("f.csv", GOOD.replace("office", "by").encode()),
    "a column without a name": ("f.csv", GOOD.replace("office", "").encode()),
    "a short row": ("f.csv", f"{GOOD}S-2\n".encode()),
    "a long row": ("f.csv", f"{GOOD}{',' * 7}x,y\n".encode()),
    "a control character": ("f.csv", GOOD.replace("SAC X", "a\0b").encode()),
    "an escape": ("f.csv", GOOD.replace("SAC X", "\x1b[31m").encode()),
    "a field not taken": ("f.csv", f"{GOOD}S-1,approved,,,,C,,\n".encode()),
    "CSV in TSV": ("f.tsv", GOOD.encode()),
    "no workbook": ("f.xlsx", GOOD.encode()),
    "an old workbook": ("f.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "a workbook cut short": ("f.xlsx", written(rows(GOOD))[:-30]),
    "a bomb": ("f.xlsx", packed({"xl/workbook.xml": b" " * (129 * 2**20)})),
    "a far cell": ("f.xlsx", crafted(FAR)),
    "a document type": ("f.xlsx", altered(written(rows(GOOD)), BOOK, DOCTYPE)),
    "a formula": ("f.xlsx", written([*rows(GOOD), ["S-2", Formula("=1", "filed")]])),
    "a fraction": ("f.xlsx", written([*rows(GOOD), [1.5]])),
    "a date as an id": ("f.xlsx", written([*rows(GOOD), [date(2019, 1, 2)]])),
    "a number as a date": ("f.xlsx", written([*rows(GOOD), ["S-2", "filed", 43831]])),
    "a title": ("f.xlsx", written([["Facts of 2019"], [], *rows(GOOD)])),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_in_words(folder, name):
    """
    Whatever is wrong with a table: one line says so, after the faults if there are
    some, nothing of it is recorded, and a file before it stays.
    """
    file, data = BAD[name]
    (folder / file).write_bytes(data)

    told = scr("import", file)
    faults = refused(told)
    assert all(fault.startswith(f"{file}:") for fault in faults)
    assert told.err.splitlines()[-1].startswith(f"scr: {file}")
    assert told.err.replace("\n", "").isprintable()

    (folder / "first.jsonl").write_text(life("SCR-1"))
    told = scr("import", "first.jsonl", file, "first.jsonl")
    assert (told.code, told.out.count("\n")) == (5, 1)


@pytest.mark.parametrize("suffix", [".xls", ".XLSB", ".xlsm", ".ods"])
def test_other_workbooks_are_not_tried(folder, suffix):
    """
    They are told apart by their names, whatever is in them.
    """
    (folder / f"f{suffix}").write_bytes(written(rows(GOOD)))

    assert refused(scr("import", f"f{suffix}"), 2) == []


MISUSED = [
    (("--map", "m.toml", "f.jsonl"), 2, "--map is for tables, and f.jsonl is none"),
    (("--map", "m.toml", "-"), 2, "--map is for tables, and - is none"),
    (("--map", "none.toml", "f.csv"), 3, "cannot read none.toml"),
    (("--map", "", "f.csv"), 3, "cannot read ''"),
    (("--map", ".", "f.csv"), 3, "cannot read ."),
    (("none.csv",), 3, "cannot read none.csv"),
    (("none.xlsx",), 3, "cannot read none.xlsx"),
    (("folder.csv",), 3, "cannot read folder.csv"),
    (("f.csv", "--set-aside", "f.csv"), 2, "--set-aside would write over f.csv"),
    (("f.csv", "--set-aside", "./f.csv"), 2, "--set-aside would write over f.csv"),
    (("f.csv", "--set-aside", "none/out"), 6, "cannot write none/out"),
    (("--map", "f.csv", "f.csv"), 5, "f.csv is no map: 1 fault"),
    (("--map", "bad.toml", "f.csv"), 5, "bad.toml is no map: 2 faults"),
    (("--map", "long.toml", "f.csv"), 5, "long.toml is no map: 1 fault"),
    (("--map", "deep.toml", "f.csv"), 5, "deep.toml is no map: 1 fault"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), MISUSED)
def test_what_is_asked_wrongly(folder, arguments, code, words):
    """
    One line says what was wrong with the question, or with the map.
    """
    (folder / "f.csv").write_text(GOOD)
    (folder / "f.jsonl").write_text(life("SCR-1"))
    (folder / "m.toml").write_text(MAP)
    (folder / "bad.toml").write_text('[columns]\nx = "y"\nz = "w"\n')
    (folder / "long.toml").write_text(f"trim = {'9' * 10_000}\n")
    (folder / "deep.toml").write_text(f"ignore = {'[' * 100_000}\n")
    (folder / "folder.csv").mkdir()

    told = scr("import", *arguments)
    refused(told, code)
    assert words in told.err.splitlines()[-1]


def test_notes_say_what_is_not_read(folder):
    """
    Of a workbook with several sheets only the first is read, and that is said.
    """
    (folder / "f.xlsx").write_bytes(written(rows(GOOD), sheets=3))

    told = scr("import", "f.xlsx")
    assert (told.code, told.err) == (
        0,
        "note: f.xlsx: only the first sheet is read, not 2 other sheets\n"
        "f.xlsx: 1 outcome-not-approved\n",
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (f"{'x' * 240}.xlsx", "x" * 200),
        ("a\x1b[31m.csv", r"a\x1b[31m.csv"),
        ("\u202evsc.csv", r"\u202evsc.csv"),
    ],
)
def test_a_name_is_shown_safely(folder, name, shown):
    """
    Whatever a table is called, it is read by its ending and told without what hides.
    """
    del folder
    told = scr("import", table(name, GOOD))

    assert (told.code, told.out.split(": ")[0]) == (0, shown)
    assert refused_name(name) == shown


def refused_name(name: str) -> str:
    """
    Return what a table is called where it is refused.
    """
    told = scr("import", table(name, GOOD.replace("2019-03-04,", "soon,")))
    assert told.code == 5
    return told.err.split(":")[0]


def test_a_dry_run_of_a_table(folder):
    """
    It says what would be added, and records nothing.
    """
    before = (folder / "scr.db").read_bytes()

    told = scr("import", "--dry-run", table("f.xlsx", GOOD))
    assert "2 rows, would add 2 facts" in told.out
    assert (folder / "scr.db").read_bytes() == before


SMALL = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
from cli.main import main
main()
"""


def test_a_large_row_is_refused_by_a_small_process(folder):
    """
    A row of half a gigabyte is refused in far less memory.
    """
    with (folder / "f.csv").open("wb") as out:
        out.write(NAMES.encode() + b'\nS-1,"')
        out.truncate(2**29)  # Of zeros, which take no room.

    told = subprocess.run(
        [sys.executable, "-c", SMALL, "import", "f.csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 5
    assert told.stderr.startswith("scr: f.csv:2 is a row of more than 262,144 bytes")
