"""`scr map --init`: a draft that is a map, where it goes, and what is refused."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.commandline import prepare, scr
from tests.workbooks import written

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    ["SCR", "Event", "Effective on", "By", "Case number", "Office", "Remark"],
    ["S-1", "filed", "03/14/2019", "a", "C-1", "SAC X", "x"],
    ["S-2", "filed", "03/15/2019", "a", "C-2", "SAC Y", ""],
]
TEXT = "".join(",".join(row) + "\n" for row in ROWS)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """
    A working directory without a ledger.
    """
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_draft_goes_to_stdout(folder):
    """
    It is TOML: what can be guessed, and the rest as comments; no ledger is needed.
    """
    (folder / "f.csv").write_text(TEXT)

    told = scr("map", "--init", "f.csv")

    assert (told.code, told.err) == (0, "")
    said = tomllib.loads(told.out)
    assert said["columns"]["Effective on"] == "effective_on"
    assert "Remark" not in said["columns"]
    assert '# "Remark" = ""' in told.out
    assert said["dates"] == {"effective_on": ["%m/%d/%Y"]}
    assert list(folder.iterdir()) == [folder / "f.csv"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("f.csv", TEXT.encode()),
        ("f.csv", TEXT.replace(",", ";").encode("cp1252")),
        ("f.tsv", TEXT.replace(",", "\t").encode()),
        ("f.xlsx", written(ROWS)),
    ],
    ids=["csv", "semicolons", "tsv", "xlsx"],
)
def test_a_draft_is_filled_in_and_used(folder, name, data):
    """
    The draft refuses what it leaves open; once a line is written for it, it imports.
    """
    prepare(folder, "")
    (folder / name).write_bytes(data)
    assert scr("map", "--init", name, "-o", "m.toml") == (0, "", "")

    told = scr("import", "--map", "m.toml", name)
    assert told.code == 5
    assert "column 'Remark': is not in [columns] of m.toml" in told.err

    draft = (folder / "m.toml").read_text()
    (folder / "m.toml").write_text(
        draft.replace('# "Remark" = ""', '"Remark" = "note"')
    )
    told = scr("import", "--map", "m.toml", name)
    assert told.code == 0, told.err
    assert "2 rows, added 2 facts (2 filed)" in told.out


def test_a_draft_for_an_extract(folder):
    """
    With `--snapshot` the fields are those of an extract.
    """
    (folder / "f.csv").write_text(
        "SCR,Filed on,Event,On 1\nS-1,2019-01-02,x,2019-01-03\n"
    )

    said = tomllib.loads(scr("map", "--init", "f.csv", "--snapshot").out)
    assert said["columns"] == {"SCR": "scr", "Filed on": "filed_on", "On 1": "on_1"}
    said = tomllib.loads(scr("map", "--init", "f.csv").out)
    assert said["columns"] == {"SCR": "scr", "Event": "event"}


def test_what_hides_is_shown(folder):
    """
    A name or value of a table that a terminal would act on stands in the draft in
    escapes, and means the same.
    """
    (folder / "f.csv").write_text("a\x1b[31m\u202e,SCR\n\x07b,1\n", encoding="utf-8")

    told = scr("map", "--init", "f.csv")
    assert told.out.replace("\n", "").isprintable()
    filled = told.out.replace('# "a', '"a').replace('= ""', '= "note"')
    assert tomllib.loads(filled)["columns"]["a\x1b[31m\u202e"] == "note"


def test_a_workbook_of_several_sheets(folder):
    """
    The first sheet is drafted, with its dates as they are.
    """
    rows = [["SCR", "From"], ["S-1", date(2019, 1, 2)]]
    (folder / "f.xlsx").write_bytes(written(rows, sheets=2))

    told = scr("map", "--init", "f.xlsx")
    assert told.code == 0
    assert '# 1 filled: "2019-01-02"\n"From" = "from"\n' in told.out


REFUSED = [
    ((), 2, "Missing option '--init'"),
    (("--init", "none.csv"), 3, "cannot read none.csv"),
    (("--init", "folder.csv"), 3, "cannot read folder.csv"),
    (("--init", "f.jsonl"), 5, "f.jsonl is no table; give a file that ends in .csv"),
    (("--init", "empty.csv"), 5, "empty.csv has no header"),
    (("--init", "twice.csv"), 5, "twice.csv cannot be read: 2 faults"),
    (("--init", "bad.csv"), 5, "bad.csv:1 is not utf-8"),
    (("--init", "bad.xlsx"), 5, "bad.xlsx is not an XLSX workbook"),
    (("--init", "f.csv", "-o", "none/m.toml"), 6, "cannot write none/m.toml"),
    (("--init", "f.csv", "-o", "scr.db"), 5, "scr.db is a database"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED)
def test_what_is_refused(folder, arguments, code, words):
    """
    One line says why there is no draft, after the faults of the table if it has some.
    """
    prepare(folder, "")
    (folder / "f.csv").write_text(TEXT)
    (folder / "f.jsonl").write_text("{}\n")
    (folder / "empty.csv").write_text("\n")
    (folder / "twice.csv").write_text("a;a;;b\n1;2;3;4\n")
    (folder / "bad.csv").write_bytes(b"a\x81\xff,b\n")
    (folder / "bad.xlsx").write_text(TEXT)
    (folder / "folder.csv").mkdir()

    told = scr("map", *arguments)
    assert (told.code, told.out) == (code, "")
    summary = told.err.splitlines()[-1]
    assert summary.startswith("scr: ")
    assert words in summary
    assert "Traceback" not in told.err
