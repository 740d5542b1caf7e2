"""The plain question: answered without click, and never otherwise than with it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from contextlib import chdir

import pytest

from cli import entry
from cli.main import run
from cli.plain import Plain, plain, read
from tests import ledgers
from tests.commandline import prepare


@pytest.fixture(scope="module")
def folder():
    """
    A folder with scr.db, and an empty folder beside it.
    """
    with ledgers.folder() as made, chdir(made):
        prepare(made)
        (made / "empty").mkdir()
        yield made


@pytest.fixture(autouse=True)
def _here(folder, monkeypatch):
    """
    Stand in it, with no ledger named by the environment.
    """
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SCR_LEDGER", raising=False)


PLAIN = [
    "count",
    "count --json",
    "count dd-all",
    "count --json dd-all dd-tco organizations-tco",
    "count dd-all --fy 2019 --json",
    "count --fy FY2017..FY2022 dd-all",
    "count --as-of 2020-01-15 --json",
    "count dd-all dd-all --as-of @9 --json",
    "count dd-all@1 --as-of 2020-01-15T09:00:00-05:00",
    "count --as-of 2999-01-01 --json --fy 2019",
    "--ledger scr.db count --json",
    "--ledger ./scr.db count entered-all --as-of @0",
]
"""Questions that are answered without click."""

FAULTY = [
    "count no-such-measure",
    "count --json --fy 19",
    "count --fy 2020..2019",
    "count --as-of yesterday --json",
    "count --as-of 2999-01-01 no-such-measure --json",
    "count --as-of @99999",
    "--ledger none.db count --json",
    "--ledger empty count",
    "count dd-all@99 --json",
]
"""Such that end in an error, which click's way says."""


def told(capfd, command) -> tuple[object, str, str]:
    """
    Return the exit code of what is called, and what it says.
    """
    code = command()
    said = capfd.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("words", PLAIN)
def test_a_plain_question_has_the_answer_that_click_gives(words, capfd):
    """
    Byte for byte on both streams, and with the same exit code.
    """
    arguments = shlex.split(words)

    one = told(capfd, lambda: plain(arguments))
    other = told(capfd, lambda: run(arguments))

    assert one == other
    assert one[0] == 0


@pytest.mark.parametrize("words", FAULTY)
def test_what_ends_in_an_error_is_left_to_click(words, capfd, monkeypatch):
    """
    Nothing is said before, and then all of it once.
    """
    arguments = shlex.split(words)

    assert told(capfd, lambda: plain(arguments)) == (None, "", "")
    monkeypatch.setattr(sys, "argv", ["scr", *arguments])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    whole = capfd.readouterr()
    assert (ended.value.code, whole.out, whole.err) == told(
        capfd, lambda: run(arguments)
    )


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--help",
        "count --help",
        "count -h",
        "count -f json",
        "count --format json",
        "count --json --json",
        "count --fy 2019 --fy 2020",
        "count --fy=2019",
        "count --fy",
        "count --fy --json",
        "count --fy ''",
        "count --as-of -1",
        "count --as-of @1 --as-of @2",
        "count --by office",
        "count -- dd-all",
        "count DD-ALL",
        "count ''",
        "count 'dd all'",
        "count --basis x",
        "count -o file",
        "count --raw",
        "--ledger",
        "--ledger '' count",
        "--ledger -x count",
        "--ledger=scr.db count",
        "--ledger scr.db --ledger scr.db count",
        "cases dd-all",
        "counts",
        "--version",
    ],
)
def test_what_is_not_plain_is_left_to_click(words):
    """
    Whatever click reads in a way of its own.
    """
    assert read(shlex.split(words)) is None


def test_the_environment_names_the_ledger(monkeypatch):
    """
    As for click: the option outranks it, and empty is as if unset.
    """
    monkeypatch.setenv("SCR_LEDGER", "other.db")
    assert read(["count"]) == Plain("other.db", (), None, None, "table")
    assert read(["--ledger", "x.db", "count", "--json"]).ledger == "x.db"
    monkeypatch.setenv("SCR_LEDGER", "")
    assert read(["count"]).ledger == "scr.db"
    monkeypatch.setenv("_SCR_COMPLETE", "bash_complete")
    assert read(["count"]) is None


def program(*arguments: str, code: str = "main()") -> subprocess.CompletedProcess[str]:
    """
    Run the program, whole.
    """
    return subprocess.run(
        [sys.executable, "-c", f"from cli.entry import main; {code}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


HEAVY = {
    "click",
    "pydantic",
    "pydantic_core",
    "eventsourcing",
    "sqlite_utils",
    "rich",
    "scipy",
    "cryptography",
    "inspect",
    "uuid",
    "tempfile",
    "pathlib",
    "subprocess",
    "csv",
    "zoneinfo",
}


@pytest.mark.parametrize("words", ["count --json", "count", "count dd-all --fy 2019"])
def test_a_plain_question_loads_nothing_but_what_it_needs(words):
    """
    Neither click nor any other library, and of the standard one little.
    """
    code = (
        "import sys, atexit;"
        " atexit.register(lambda: print(*sys.modules, file=sys.stderr)); main()"
    )
    ended = program(*shlex.split(words), code=code)

    assert ended.returncode == 0
    assert HEAVY.isdisjoint(ended.stderr.split())


def test_a_closed_stdout_is_said(folder):
    """
    `>&-`: as for any other question.
    """
    command = f"{shlex.quote(sys.executable)} -c 'from cli.entry import main; main()'"
    ended = subprocess.run(
        ["sh", "-c", f"{command} count --json >&-"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert ended.returncode == 6
    assert ended.stderr.startswith("scr: standard output is closed;")
    assert ended.stderr.count("\n") == 1
