"""How a command begins and how it ends when nobody listens, or somebody interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import chdir

import pytest

from cli import entry
from tests import ledgers
from tests.commandline import life, prepare

PROGRAM = [sys.executable, "-c", "from cli.entry import main; main()"]


@pytest.fixture
def folder():
    """
    A folder with scr.db, of four SCRs, and the working directory of the test.
    """
    with ledgers.folder() as made, chdir(made):
        prepare(made)
        yield made


def unread(*arguments: str) -> subprocess.CompletedProcess[str]:
    """
    Run a command whose stdout nobody reads.
    """
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [*PROGRAM, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    finally:
        os.close(writing)


def test_an_import_that_nobody_listens_to_is_finished(folder):
    """
    What it says cannot be read; what it records is recorded, of every file.
    """
    for number in (5, 6, 7):
        (folder / f"{number}.jsonl").write_text(life(f"SCR-{number}"))

    told = unread("import", "5.jsonl", "6.jsonl", "7.jsonl")

    assert told.returncode == 0
    imported = subprocess.run(
        [*PROGRAM, "log", "--event", "imported", "-f", "csv"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert "7.jsonl" in imported.stdout


def test_a_verdict_stands_when_nobody_reads_the_answer(folder):
    """
    A ledger that does not verify ends with 4, and says so on stderr.
    """
    held = (folder / "scr.db").read_bytes()
    (folder / "scr.db").write_bytes(held.replace(b"SAC Houston", b"SAC Hoaston", 1))

    told = unread("verify")

    assert told.returncode == 4
    assert "does not verify" in told.stderr


@pytest.mark.usefixtures("folder")
def test_an_answer_that_is_read_no_further_is_fine():
    """
    `scr log | head` ends with 0 and without a word.
    """
    told = unread("log")

    assert (told.returncode, told.stderr) == (0, "")


def test_an_interrupt_before_anything_is_loaded_is_one_line(monkeypatch, capfd):
    """
    Also where the program itself is still being imported.
    """

    class _Importing:
        def find_spec(self, name, *_):
            if name == "cli.main":
                os.kill(os.getpid(), signal.SIGINT)

    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.delitem(sys.modules, "cli.main")
    monkeypatch.setattr(sys, "meta_path", [_Importing(), *sys.meta_path])
    entry.main()

    assert ended == [130]
    assert capfd.readouterr().err == "scr: interrupted\n"
