"""Small files that want to be large: refused in a line, in little memory.

Each is given to the program as anybody would, in a process that may not have more than
a gigabyte of addresses; what it took of memory is what the system says.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.commandline import Told, filed, prepare
from tests.hostile import faults
from tests.soak import figure
from tests.test_ledger_intake_workbook import BOMB, LAUGHS, PLAIN, also, far, shares
from tests.workbooks import SHEET, TEXTS, crafted, packed, sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CODE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from cli.entry import main
try:
    main()
finally:
    with open("/proc/self/status") as status, open("memory", "w") as memory:
        memory.write(status.read())
"""
"""In a gigabyte of addresses; at the end it says the most memory it had."""
PROGRAM = [sys.executable, "-c", CODE]
MOST_MEMORY = 200 * 2**20
PATIENCE = 120
"""Seconds after which it hangs; none of them takes more than a few."""
SPARSE = 5 * 2**28

IMPORT = ("import",)
DEEP = 120_000
LONG_LINE = filed("S-1", title="@").encode()


def title(text: str) -> Callable[[], bytes]:
    """
    Return what makes a line with something unquoted for a title.
    """
    return lambda: LONG_LINE.replace(b'"@"', text.encode())


class Bomb(NamedTuple):
    """
    A file, what is done with it, and the exit code it comes to.
    """

    file: str
    make: Callable[[], bytes] | None
    """None: it has gigabytes of zeros, of which the disk holds none."""
    words: Sequence[str] = IMPORT
    code: int = 5


DEFINE = ("measure", "define", "--by", "b")
LOAD = ("taxonomy", "load", "--by", "b")
REQUESTS = ("request", "load", "--by", "b")
PRINTED = ("publish", "--by", "b", "--as-printed")
WHY = ("--by", "b", "--reason-code", "other", "--reason", "r")
PACKAGE = ("correct", "propose", *WHY, "--csv")
MAP = ("import", "m.csv", "--map")
ROWS = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(3, 2000))
NESTED = "<a>" * DEEP + "</a>" * DEEP

BOMBS = {
    "workbook: ratio": Bomb("f.xlsx", also("xl/media/a.xml", BOMB)),
    "workbook: shared texts": Bomb("f.xlsx", also(TEXTS, BOMB)),
    "workbook: one text in many cells": Bomb("f.xlsx", lambda: shares(3_000, 2**18)),
    "workbook: many members": Bomb(
        "f.xlsx", lambda: packed({f"{n}": "" for n in range(60_000)})
    ),
    "workbook: entities": Bomb("f.xlsx", also(SHEET, LAUGHS + sheet(PLAIN))),
    "workbook: a far cell": Bomb("f.xlsx", far("<v>1</v>")),
    "workbook: a false dimension": Bomb(
        "f.xlsx",
        lambda: crafted(PLAIN, **{SHEET: dimensioned("A1:XFD1048576", PLAIN + ROWS)}),
    ),
    "workbook: elements in elements": Bomb(
        "f.xlsx", lambda: crafted(PLAIN, **{SHEET: sheet(NESTED)})
    ),
    "workbook: zips in a zip": Bomb(
        "f.xlsx", lambda: packed({"f.xlsx": packed({"f.xlsx": packed({"a": BOMB})})})
    ),
    "workbook: zeros": Bomb("f.xlsx", None),
    "lines: deep": Bomb("f.jsonl", title("[" * DEEP + "]" * DEEP)),
    "lines: deep and open": Bomb("f.jsonl", title('{"a":' * 40_000)),
    "lines: a long number": Bomb("f.jsonl", title("9" * 200_000)),
    "lines: a long exponent": Bomb("f.jsonl", title("1e" + "9" * 100_000)),
    "lines: a long text": Bomb("f.jsonl", title('"' + "a" * 50_000_000 + '"')),
    "lines: one key many times": Bomb(
        "f.jsonl", lambda: b"{" + b'"scr":"S",' * 20_000 + b'"scr":"S"}'
    ),
    "lines: many lines, all wrong": Bomb("f.jsonl", lambda: b"{}\n" * 200_000),
    "lines: zeros": Bomb("f.jsonl", None),
    "CSV: a long cell": Bomb("f.csv", lambda: b"scr,event\n" + b"a" * 50_000_000),
    "CSV: an open quote": Bomb("f.csv", lambda: b'scr,event\n"' + b"a\n" * 20_000_000),
    "CSV: many columns": Bomb("f.csv", lambda: b"a," * 5_000_000 + b"a\n"),
    "CSV: zeros": Bomb("f.csv", None),
    "TSV: zeros": Bomb("f.tsv", None),
    "definition: deep": Bomb("f.toml", lambda: b"a = " + b"[" * 10_000, DEFINE),
    "definition: deep tables": Bomb(
        "f.toml", lambda: b"[" + b"a." * 20_000 + b"a]\n", DEFINE
    ),
    "definition: a long number": Bomb("f.toml", lambda: b"a=" + b"9" * 50_000, DEFINE),
    "definition: zeros": Bomb("f.toml", None, DEFINE),
    "taxonomy: zeros": Bomb("f.toml", None, LOAD),
    "map: deep": Bomb("f.toml", lambda: b"a = " + b"{b=" * 10_000, MAP),
    "map: zeros": Bomb("f.toml", None, MAP),
    "requests: deep": Bomb("f.jsonl", lambda: b"[" * 200_000, REQUESTS),
    "requests: zeros": Bomb("f.jsonl", None, REQUESTS),
    "printings: zeros": Bomb("f.jsonl", None, PRINTED),
    "printings: a long number": Bomb(
        "f.jsonl", lambda: b'{"a":' + b"9" * 200_000 + b"}", PRINTED
    ),
    "items: zeros": Bomb("f.jsonl", None, PACKAGE),
    "ledger: zeros": Bomb("f.db", None, ("count", "--ledger"), 6),
    "a draft of a map: zeros": Bomb("f.csv", None, ("map", "--init")),
}


def dimensioned(claim: str, rows: str) -> str:
    """
    Return a sheet that claims to reach so far.
    """
    return sheet(rows).replace("<sheetData>", f'<dimension ref="{claim}"/><sheetData>')


class Taken(NamedTuple):
    """
    How it ended, and the most memory it had.
    """

    told: Told
    memory: int


def run(folder: Path, *arguments: str) -> Taken:
    """
    Run the program with little room.

    :raises subprocess.TimeoutExpired: it hangs.
    """
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    told = Told(done.returncode, done.stdout.decode(), done.stderr.decode())
    status = (folder / "memory").read_text()
    (most,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return Taken(told, int(most) * 1024)


def fallen(folder: Path, name: str) -> list[str]:
    """
    Return what is wrong with how a bomb was taken.
    """
    bomb = BOMBS[name]
    path = folder / bomb.file
    if bomb.make is None:
        with path.open("wb") as file:
            file.truncate(SPARSE)
    else:
        path.write_bytes(bomb.make())
    arguments = [*bomb.words, bomb.file]
    if "--ledger" in arguments:
        arguments = ["--ledger", bomb.file, "count"]
    taken = run(folder, *arguments)
    path.unlink()
    found = faults(taken.told)
    if taken.told.code != bomb.code:
        found.append(f"exit code {taken.told.code}: {taken.told.err[:200]}")
    if taken.memory > MOST_MEMORY:
        found.append(f"{taken.memory // 2**20} MB of memory")
    if any(len(line) > 1_000 for line in taken.told.err.splitlines()):
        found.append("a line of its own length on stderr")
    return found


QUICK = (
    "workbook: ratio",
    "workbook: entities",
    "lines: deep",
    "definition: zeros",
    "printings: a long number",
)


WHOLE = "from ledger.intake import json_lines\njson_lines._PIECE = -1\n"
LONG = "SCR_SOAK_VALUES" in os.environ
LINUX = Path("/proc/self/status").exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """
    A folder with a ledger, and a table for maps.
    """
    made = tmp_path_factory.mktemp("bombs")
    prepare(made)
    (made / "m.csv").write_text("scr,event\nS-1,filed\n")
    return made


@pytest.mark.skipif(not LINUX, reason="/proc says how much memory a process had")
def test_bombs_are_refused(folder):
    """
    In one line or a few, within 200 MB, whatever the file would become.
    """
    since = time.monotonic()
    names = list(BOMBS) if LONG else QUICK
    found = [(name, one) for name in names for one in fallen(folder, name)]

    what = f"no refusal, or more than {MOST_MEMORY // 2**20} MB"
    figure("hostile-bombs", "held", len(names), len(found), what, since=since)
    assert found == []


@pytest.mark.skipif(not LINUX, reason="/proc says how much memory a process had")
@pytest.mark.skipif(not LONG, reason="`./dev soak` takes the seconds it needs")
def test_a_bomb_that_goes_off_is_seen(folder, monkeypatch):
    """
    With its lines read whole a file of zeros takes all the memory there is.
    """
    off = CODE.replace("try:", f"{WHOLE}try:")
    monkeypatch.setattr("tests.test_hostile_bombs.PROGRAM", [sys.executable, "-c", off])
    found = fallen(folder, "printings: zeros")

    figure(
        "hostile-bombs", "seeded", 1, int(bool(found)), "seen, with lines of any length"
    )
    assert any("MB of memory" in one or "exit code" in one for one in found)
