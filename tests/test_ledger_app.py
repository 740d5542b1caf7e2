"""The use cases against what happens to machines: kills, crowds, full disks."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from cli.main import run
from ledger import app, fsck
from ledger.errors import LedgerExistsError, UsageError
from ledger.reader import open_log
from projections.readmodel import path_beside
from tests import ledgers

SCR = [sys.executable, "-c", "from cli.main import main; main()"]
MODULES = Path(__file__).parent.parent


def scr(path: str, *arguments: str, **options) -> subprocess.Popen:
    """
    Start a command in a process of its own.
    """
    env = {**os.environ, "PYTHONPATH": str(MODULES)}
    return subprocess.Popen(
        [*SCR, "--ledger", path, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        **options,
    )


def write_facts(file: Path, count: int, prefix: str = "S") -> None:
    """
    Write a file that files SCRs.
    """
    with file.open("w") as out:
        for number in range(count):
            line = {
                "scr": f"{prefix}-{number}",
                "event": "filed",
                "effective_on": "2019-03-04",
                "known_at": "2019-03-05T00:00:00Z",
                "by": "agent-1",
                "case_number": f"C-{number}",
                "office": "SAC X",
            }
            out.write(json.dumps(line) + "\n")


@pytest.fixture
def path(tmp_path) -> str:
    """
    An empty ledger.
    """
    return ledgers.make(tmp_path / "scr.db")


def head(path: str) -> int:
    """
    Return the last position of a ledger.
    """
    with open_log(path) as log:
        return log.head


def test_a_killed_import_leaves_nothing(path, tmp_path):
    """
    Killed at any moment, an import is there whole or not at all; then it can be again.
    """
    file = tmp_path / "facts.jsonl"
    write_facts(file, 6_000)
    random = Random(7)
    killed = 0
    for _ in range(12):
        importing = scr(path, "import", str(file))
        time.sleep(0.15 + random.random() * 0.6)
        importing.send_signal(signal.SIGKILL)
        importing.communicate()
        killed += importing.returncode == -signal.SIGKILL
        assert head(path) in (1, 6_002)
        assert fsck.check(path, lambda _: None).findings == ()
        if head(path) > 1:
            Path(path).unlink()
            Path(path_beside(path)).unlink(missing_ok=True)
            ledgers.make(Path(path))

    assert killed
    assert run(["--ledger", path, "import", str(file)]) == 0
    assert head(path) == 6_002


def test_an_import_killed_while_it_writes_is_rolled_back(path, tmp_path):
    """
    What a killed import had already written to the file is undone by the next reader.
    """
    file = tmp_path / "facts.jsonl"
    write_facts(file, 40)
    code = (
        "import os, signal, sys\n"
        "from ledger.store import sqlite, bulk\n"
        "sqlite.BULK_CACHE_KIB = 1\n"  # Small, so that pages reach the file early.
        "bulk.BATCH = 5\n"
        "put = sqlite.Appending.put\n"
        "def put_and_die(self, events):\n"
        "    if self.head > 20: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return put(self, events)\n"
        "sqlite.Appending.put = put_and_die\n"
        "from cli.main import main; main()\n"
    )
    env = {**os.environ, "PYTHONPATH": str(MODULES)}
    dead = subprocess.run(
        [sys.executable, "-c", code, "--ledger", path, "import", str(file)],
        env=env,
        check=False,
    )

    assert dead.returncode == -signal.SIGKILL
    assert head(path) == 1
    assert fsck.check(path, lambda _: None).findings == ()


def test_two_import_while_two_ask(path, tmp_path):
    """
    Importing and reading at once lose nothing and end well, all of them.
    """
    files = []
    for name in "AB":
        file = tmp_path / f"{name}.jsonl"
        write_facts(file, 2_000, name)
        files.append(str(file))
    running = [scr(path, "import", file) for file in files]
    for _ in range(3):
        running += [scr(path, "count", "--json"), scr(path, "verify")]
    ended = [(process.communicate(), process.returncode) for process in running]

    assert [(err, code) for (_, err), code in ended if code or err] == []
    assert head(path) == 4_003


READING = [
    ["count", "--json"],
    ["cases", "dd-all"],
    ["show", "S-1"],
    ["log"],
    ["late"],
    ["activity"],
    ["export"],
    ["verify"],
    ["doctor"],
    ["rebuild"],
]


@pytest.mark.parametrize("arguments", READING, ids=lambda a: a[0])
def test_asking_changes_no_byte(path, tmp_path, arguments):
    """
    A reader's command leaves the ledger as it was, and only a read model beside it.
    """
    file = tmp_path / "facts.jsonl"
    write_facts(file, 20)
    assert run(["--ledger", path, "import", str(file)]) == 0
    before = (sha256(Path(path).read_bytes()).digest(), Path(path).stat().st_mtime_ns)
    beside = {each.name for each in tmp_path.iterdir()}

    assert run(["--ledger", path, *arguments]) == 0

    after = (sha256(Path(path).read_bytes()).digest(), Path(path).stat().st_mtime_ns)
    new = {each.name for each in tmp_path.iterdir()} - beside
    assert after == before
    assert new <= {Path(path_beside(path)).name}


@pytest.mark.parametrize("arguments", READING[:-1], ids=lambda a: a[0])
def test_asking_works_where_nothing_can_be_written(tmp_path, arguments):
    """
    On a read-only file system the same commands answer, and the folder stays as it is.
    """
    if subprocess.run(
        ["mount", "--version"], check=False, capture_output=True
    ).returncode:
        pytest.skip("there is no mount here")
    place = tmp_path / "place"
    place.mkdir()
    only = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if subprocess.run(only, check=False, capture_output=True).returncode:
        pytest.skip("not allowed to mount a file system")
    try:
        file = tmp_path / "facts.jsonl"
        write_facts(file, 20)
        there = ledgers.make(place / "scr.db")
        assert run(["--ledger", there, "import", str(file)]) == 0
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)

        assert run(["--ledger", there, *arguments]) == 0
        assert [each.name for each in place.iterdir()] == ["scr.db"]
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_a_full_disk_records_nothing(path, tmp_path):
    """
    Where there is no room, one line says so, nothing is recorded, and later it works.
    """
    file = tmp_path / "facts.jsonl"
    write_facts(file, 3_000)
    importing = scr(path, "import", str(file), preexec_fn=_small_files)
    out, err = importing.communicate()

    assert (importing.returncode, out) == (6, "")
    assert err.startswith("scr: no room left")
    assert err.count("\n") == 1
    assert head(path) == 1
    assert run(["--ledger", path, "import", str(file)]) == 0


NAMES = ["with space.db", "a?b.db", "a#b.db", "100%41.db", ":memory:x", "ünïcödé.db"]


@pytest.mark.parametrize("name", [*NAMES, "file:x.db?mode=memory"])
def test_a_ledger_is_a_plain_file_of_any_name(tmp_path, name, monkeypatch):
    """
    No part of a name is taken for an instruction.
    """
    monkeypatch.chdir(tmp_path)

    assert run(["--ledger", name, "init"]) == 0
    assert run(["--ledger", name, "count"]) == 0
    assert name in {each.name for each in tmp_path.iterdir()}


def test_init_is_whole_or_not_at_all(path, tmp_path):
    """
    A ledger is never made over a file, and a refused one leaves nothing.
    """
    before = {each.name for each in tmp_path.iterdir()}
    with pytest.raises(LedgerExistsError):
        app.create(path)
    for wrong in ({"timezone": "Mars/Olympus"}, {"name": " "}, {"timezone": "../x"}):
        with pytest.raises(UsageError):
            app.create(str(tmp_path / "new.db"), **wrong)

    assert {each.name for each in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "name",
    [
        "PERSISTENCE_MODULE",
        "COMPRESSOR_TOPIC",
        "CIPHER_TOPIC",
        "IS_SNAPSHOTTING_ENABLED",
        "MAPPER_TOPIC",
        "TRANSCODER_TOPIC",
        "APPLICATION_RECORDER_TOPIC",
        "SQLITE_DBNAME",
    ],
)
def test_the_environment_configures_nothing(path, tmp_path, name, monkeypatch):
    """
    The library's variables name modules to import; a ledger takes none of them.
    """
    file = tmp_path / "facts.jsonl"
    write_facts(file, 2)
    monkeypatch.setenv(name, "planted:thing")
    monkeypatch.setenv(f"SCR_{name}", "planted:thing")

    assert run(["--ledger", path, "import", str(file)]) == 0
    assert head(path) == 4
    assert "planted" not in sys.modules
