"""`scr backup` and `scr restore`: what they say, and how they end."""

from __future__ import annotations

import pytest

from tests.commandline import filed, prepare, scr
from tests.test_ledger_backup import DAMAGE, edit


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """
    The working directory, with a small ledger.
    """
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    return tmp_path


def test_a_backup_says_how_far_it_goes(folder):
    """
    Position and root are those of the ledger, and of the ledger made from it.
    """
    root = scr("count", "--json").json["basis"]["root"]
    told = scr("backup", "monday.db")
    lines = f"verified up to @19,\n root {root}\n"

    assert told == (0, f"backed up scr.db to monday.db: {lines}", "")
    assert sorted(one.name for one in folder.iterdir()) == [
        "monday.db", "scr.db", "scr.db.readmodel"
    ]  # fmt: skip
    told = scr("--ledger", "again.db", "restore", "monday.db")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("restored again.db from monday.db: test, id ")
    assert told.out.endswith(lines)


def test_a_read_model_of_what_was_there_before_is_not_used(folder):
    """
    After a restore in the same place figures are those of the backup; what was seen
    to be there and is gone is admitted by a fact, or said to need one.
    """
    assert scr("backup", "monday.db").code == 0
    before = scr("count", "--json").out
    (folder / "more.jsonl").write_text(filed("NEW"))
    assert scr("import", "more.jsonl").code == 0
    assert scr("count", "--json").out != before
    (folder / "scr.db").rename(folder / "kept.db")

    told = scr("restore", "monday.db")

    assert told.code == 0
    assert "nothing is recorded in it until `scr checkpoint admit" in told.err
    assert scr("count", "--json").out == before
    assert scr("import", "more.jsonl").code == 4

    (folder / "scr.db").unlink()
    why = ("--reason", "the disk failed", "--by", "registry")
    told = scr("restore", "monday.db", *why)
    assert (told.code, told.err) == (0, "")
    assert "recorded @20: @21 " in told.out
    assert scr("verify").code == 0
    assert scr("import", "more.jsonl").code == 0
    assert scr("log", "--event", "restored", "--json").json["rows"][0]["by"] == (
        "registry"
    )


def test_a_reason_is_somebodys(folder):
    """
    It is recorded, so it is a text, and says by whom.
    """
    assert scr("backup", "monday.db").code == 0
    for wrong in (["--reason", "x"], ["--reason", " ", "--by", "b"]):
        told = scr("--ledger", "again.db", "restore", "monday.db", *wrong)
        assert told.code == 2
        assert not (folder / "again.db").exists()


REFUSED = [
    (["backup", "scr.db"], 5, "scr.db already exists; backup never writes over a file"),
    (["restore", "scr.db"], 5, "scr.db already exists; restore never writes over a"),
    (["--ledger", "none.db", "backup", "a"], 3, "no ledger at none.db"),
    (["--ledger", "new.db", "restore", "none.db"], 3, "no backup at none.db; give the"),
    (["--ledger", "new.db", "restore", "."], 3, "no backup at ."),
    (["--ledger", "new.db", "restore", "text"], 6, "text is not an SCR ledger"),
    (["--ledger", "new.db", "restore", "bad.db"], 4, "bad.db does not verify: leaf at"),
    (["--ledger", "bad.db", "backup", "new.db"], 4, "bad.db does not verify: leaf at"),
    (["--ledger", "left.db", "restore", "scr.db"], 5, "left.db-journal was left by"),
    (["backup", "none/a.db"], 6, "there is no folder"),
    (["backup", "a\0b"], 2, "cannot name a file; FILE takes a path"),
    (["backup", ""], 2, "'' cannot name a file; FILE takes a path"),
    (["restore", "\ud800"], 2, "BACKUP takes a path"),
    (["backup", "x" * 300], 6, "File name too long"),
    (["backup", "a\x1b]0;x.db/b"], 6, r"a\x1b]0;x.db"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED)
def test_what_is_refused(folder, arguments, code, words):
    """
    One line, the documented exit code, and nothing new in the folder.
    """
    (folder / "text").write_text("text")
    (folder / "left.db-journal").write_text("left")
    (folder / "bad.db").write_bytes((folder / "scr.db").read_bytes())
    edit(str(folder / "bad.db"), DAMAGE)
    before = {one.name for one in folder.iterdir()}

    told = scr(*arguments)

    assert (told.code, told.out) == (code, "")
    assert words in told.err
    assert told.err.count("\n") == 1
    assert {one.name for one in folder.iterdir()} == before
