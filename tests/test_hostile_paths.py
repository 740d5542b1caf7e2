"""Paths that are no files, or no names one would choose: one line, or the very file.

The roles a path has are: the ledger, a file to read, a map, a file to write.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commandline import HISTORY, life, prepare, scr
from tests.hostile import faults
from tests.test_hostile_values import run_with

if TYPE_CHECKING:
    from tests.commandline import Told

WHY = ("--by", "b", "--reason", "r")
READS = {
    "import": ("import",),
    "map": ("import", "x.csv", "--map"),
    "definition": ("measure", "define", "--by", "b"),
    "taxonomy": ("taxonomy", "load", "--by", "b"),
    "printings": ("publish", "--by", "b", "--as-printed"),
    "requests": ("request", "load", "--by", "b"),
    "items": ("correct", "propose", *WHY, "--reason-code", "other", "--csv"),
    "extract": ("compare",),
    "snapshot": ("import", "--snapshot", "--known-at", "2020-01-01"),
    "draft": ("map", "--init"),
    "sample": ("sample", "record", "A", "--by", "b", "--csv"),
}
TABLES = {"extract", "snapshot", "draft", "sample"}
WRITES = {
    "-o": ("count", "-o"),
    "export": ("export", "-o"),
    "set-aside": ("import", "ok.jsonl", "--set-aside"),
    "draft -o": ("map", "--init", "x.csv", "-o"),
}
LEDGERS = {
    "count": ("count",),
    "live": ("reopen", "SCR-1", *WHY),
    "import": ("import", "ok.jsonl"),
    "verify": ("verify",),
    "rebuild": ("rebuild",),
}
NO_FILES = {
    "missing": "nothing",
    "a folder": "folder",
    "a folder with a slash": "folder/",
    "the folder": ".",
    "the root": "/",
    "a link to nothing": "dangling",
    "a link to itself": "loop",
    "through a file": "plain/x",
    "too long a name": "x" * 300,
    "too long a path": "x/" * 3000,
    "nothing": "",
    "a zero byte": "a\0b",
    "half a character": "a\ud800",
    "a missing folder": "none/x",
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger, a file, a folder, links, and files that load.
    """
    prepare(tmp_path, HISTORY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    Path("folder").mkdir()
    Path("plain").write_text("x\n")
    Path("dangling").symlink_to("not-there")
    Path("loop").symlink_to("loop")
    Path("ok.jsonl").write_text(life("SCR-9"))
    Path("x.csv").write_text("scr,event\nSCR-9,filed\n")
    return tmp_path


def tree(folder: Path) -> dict[str, bytes | None]:
    """
    Return every file with its bytes, but for the read model, which is disposable.
    """
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not path.name.endswith(".readmodel")
    }


def one_line(told: Told) -> None:
    """
    Assert that it ended in one line of error.
    """
    assert faults(told) == []
    assert told.err.count("\n") == 1, told
    assert told.err.startswith("scr: ")


@pytest.mark.parametrize("role", READS)
def test_what_cannot_be_read(here, role):
    """
    One line, exit code 3 (2 where it can name no file, 5 where the ending is of no
    table), and nothing has changed.
    """
    before = tree(here)
    for kind, path in NO_FILES.items():
        told = scr(*READS[role], path)

        one_line(told)
        refused = (2, 3, 5) if role in TABLES else (2, 3)
        assert told.code in refused, (kind, told)
    assert tree(here) == before


@pytest.mark.parametrize("role", WRITES)
def test_what_cannot_be_written(here, role):
    """
    One line and exit code 6 (2 where it can name no file), nothing recorded, no part
    of a file left; a name that is free, and a link to nothing or itself, are written.
    """
    for kind, path in NO_FILES.items():
        before = tree(here)
        told = scr(*WRITES[role], path)

        if kind in ("missing", "a link to nothing", "a link to itself"):
            assert told.code == 0, (kind, told)
            continue
        one_line(told)
        assert told.code in (2, 6), (kind, told)
        assert tree(here) == before, kind


@pytest.mark.parametrize("role", LEDGERS)
def test_what_is_no_ledger(here, role):
    """
    One line, exit code 2, 3 or 6, and nothing is made.
    """
    before = tree(here)
    for kind, path in NO_FILES.items():
        told = scr("--ledger", path, *LEDGERS[role])

        one_line(told)
        assert told.code in (2, 3, 6), (kind, told)
    assert tree(here) == before


@pytest.mark.parametrize("role", ["count", "live", "verify", "rebuild"])
def test_a_pipe_or_a_device_is_no_ledger(role):
    """
    It is said at once; nothing waits for somebody to write into the pipe.
    """
    os.mkfifo("fifo")
    for path in ("fifo", "/dev/null", "/dev/zero", "/dev/full", "/dev/tty"):
        told = scr("--ledger", path, *LEDGERS[role])

        one_line(told)
        assert told.code in (3, 6), told


def test_a_pipe_is_read_and_written():
    """
    As a file of facts, and as an answer's place, a pipe is as good as a file.
    """
    os.mkfifo("in.jsonl")
    with subprocess.Popen(["cp", "ok.jsonl", "in.jsonl"]):
        assert scr("import", "in.jsonl").code == 0
    os.mkfifo("out")
    with subprocess.Popen(["cat", "out"], stdout=subprocess.PIPE) as reader:
        assert scr("count", "--json", "-o", "out").code == 0
        assert reader.stdout is not None
        assert reader.stdout.read().startswith(b"{")
    assert Path("out").is_fifo()


@pytest.mark.parametrize("beside", ["scr.db.readmodel", "scr.db-journal"])
@pytest.mark.parametrize("made", ["folder", "fifo", "loop", "/dev/zero"])
def test_what_stands_beside_a_ledger(here, beside, made):
    """
    A folder, a pipe or a device in the place of a read model or a journal ends nothing
    in a traceback, and no command waits for it.
    """
    place = here / beside
    match made:
        case "folder":
            place.mkdir()
        case "fifo":
            os.mkfifo(place)
        case _:
            place.symlink_to(beside if made == "loop" else made)
    told = run_with([b"count"], cwd=here) if made == "fifo" else scr("count")

    assert faults(told) == []
    # A link to itself is as good as none to SQLite, or in its way.
    assert told.code in ((0, 4, 6) if made == "loop" else (6,)), told


# --- names one would not choose -------------------------------------------------------

NAMES = [
    "a?mode=memory",
    "file:a?mode=memory&cache=shared",
    "file:a",
    "a#b",
    "a%20b%00c",
    ":memory:",
    "-rf",
    "--help",
    "a b",
    "a\nb",
    "a\x1b[31mb",
    "\u202egnp",
    "'; DROP TABLE x; --",
    "$(touch x)",
    "~",
    "a'b\"c",
    "été 漢字",
    "a;b&c|d",
    "%s%n",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name(here, name):
    """
    A ledger, a file and an answer of any name are those files: nothing in a name means
    anything to SQLite, a shell or a format, and nothing else is made.
    """
    folder = here / "odd"
    folder.mkdir()
    os.chdir(folder)
    ledger = ("--ledger", name)
    data = f"{name}.jsonl"
    Path(data).write_text(life("SCR-1"))

    told = [
        scr(*ledger, "init", "--name", "odd"),
        scr(*ledger, "import", "--", data),
        scr(*ledger, "reopen", "SCR-1", *WHY),
        scr(*ledger, "count", f"--output={name}.txt"),
        scr(*ledger, "rebuild"),
        scr(*ledger, "verify"),
        scr(*ledger, "export", "-o", f"{name}.out"),
    ]

    assert [one.code for one in told] == [0] * len(told), told
    assert [one for each in told for one in faults(each)] == []
    made = {path.name for path in folder.iterdir()}
    assert made == {name, data, f"{name}.readmodel", f"{name}.txt", f"{name}.out"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize("role", [*READS, *WRITES])
def test_without_permission(role):
    """
    What may not be read or written is said in one line.
    """
    closed = "x.csv" if role in TABLES else "plain"
    Path(closed).chmod(0)
    Path("folder").chmod(0)
    words = READS.get(role) or WRITES[role]
    told = scr(*words, closed if role in READS else "folder/x")

    Path("folder").chmod(0o700)
    one_line(told)
    assert told.code == (3 if role in READS else 6)


def test_the_checks_see_a_path_that_is_opened_anyway():
    """
    Without the look before, SQLite waits for the pipe, and this would hang.
    """
    os.mkfifo("fifo")
    code = (
        "import cli.main as m; from ledger import guard;"
        " m.check_ledger = lambda _: None; guard.S_ISREG = lambda _: True; m.main()"
    )
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-c", code, "--ledger", "fifo", "count"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=False,
            timeout=1,
        )
