"""The command line as a whole: wrong input, exit codes, streams, what it imports."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import unicodedata
from contextlib import chdir, closing

import pytest
from hypothesis import given as holds_for
from hypothesis import settings
from hypothesis import strategies as st

from cli.main import COMMANDS, run
from ledger import guard
from projections import counts
from tests import ledgers
from tests.commandline import DOCUMENTED, filed, life, line, prepare, scr

SCR = [sys.executable, "-c", "from cli.main import main; main()"]
HOSTILE = "a\x1b[31mb\u202e\udc80\nc"
SHOWN = r"a\x1b[31mb\u202e\udc80\nc"
ZEROS = "0" * 64


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """
    A folder with a small ledger, and files that are not what a command wants.
    """
    folder = tmp_path_factory.mktemp("kept")
    prepare(folder)
    (folder / "text.txt").write_text("not a ledger\n" * 100)
    (folder / "empty.db").write_bytes(b"")
    (folder / "folder").mkdir()
    with closing(sqlite3.connect(folder / "other.db")) as other:
        other.execute("CREATE TABLE t (a)")
    with chdir(folder):
        assert scr("count").code == 0  # Now the read model is there as well.
    return folder


WRONG = [
    # The command itself.
    ([], 2, "Missing command"),
    (["cuont"], 2, "did you mean count?"),
    (["frobnicate"], 2, "no command is named frobnicate"),
    ([""], 2, "no command is named"),
    (["--frob"], 2, "No such option '--frob'"),
    (["--ledger"], 2, "requires an argument"),
    (["count", "--frob"], 2, "No such option '--frob'"),
    (["count", "--fy"], 2, "requires an argument"),
    (["cases"], 2, "Missing argument 'MEASURE'"),
    (["cases", "dd-all", "dd-tco"], 2, "unexpected extra argument"),
    (["show"], 2, "Missing argument 'SCR'"),
    (["import"], 2, "Missing argument 'FILE...'"),
    (["rebuild", "x"], 2, "unexpected extra argument"),
    # Measures, columns, cells.
    (["count", "dd"], 2, "no measure is named dd; there are dd-all, dd-tco,"),
    (["cases", "dd"], 2, "no measure is named dd"),
    (["count", "--by", "region"], 2, "no column is named region; there are category,"),
    (["count", "--by", ""], 2, "no column is named"),
    (["count", "--by", "office,"], 2, "no column is named"),
    (["count", "--by", "office,office"], 2, "--by names office twice"),
    (["count", "--where", "region=x"], 2, "no column is named region"),
    (["count", "--where", "office"], 2, "--where takes COLUMN=VALUE, not office"),
    (["count", "--where", "meets_tco=maybe"], 2, "yes, unknown or no, not maybe"),
    (["cases", "dd-all", "--where", "meets_tco="], 2, "yes, unknown or no, not empty"),
    (
        ["count", "--where", "office=a", "--where", "office=b"],
        2,
        "--where names office twice",
    ),
    # Fiscal years.
    (["count", "--fy", "2019..2017"], 2, "ends before it begins: write 2017..2019"),
    (["count", "--fy", "19"], 2, "'19' is not a fiscal year"),
    (["count", "--fy", "FY19x"], 2, "'FY19x' is not a fiscal year"),
    (["count", "--fy", ""], 2, "'' is not a fiscal year"),
    (["count", "--fy", "2019.."], 2, "is not a fiscal year"),
    (["count", "--fy", "2019..2020..2021"], 2, "is not a fiscal year"),
    (["count", "--fy", "1899"], 2, "outside the fiscal years 1900 to 3000"),
    (["count", "--fy", "3001"], 2, "outside the fiscal years 1900 to 3000"),
    (["count", "--fy", "２０１９"], 2, "is not a fiscal year"),  # noqa: RUF001
    (["cases", "dd-all", "--fy", "19"], 2, "'19' is not a fiscal year"),
    # Cut-offs.
    (["count", "--as-of", "2019-02-30"], 2, "2019-02-30 is not a day of the calendar"),
    (["count", "--as-of", "1899-12-31"], 2, "is not a day of the calendar"),
    (["count", "--as-of", "3000-01-01"], 2, "is not a day of the calendar"),
    (["count", "--as-of", "2019-1-1"], 2, "2019-1-1 is neither a date"),
    (["count", "--as-of", "2019-W01-1"], 2, "is neither a date"),
    (["count", "--as-of", ""], 2, "'' is neither a date"),
    (["count", "--as-of", "2019-01-15T09:00:00"], 2, "the offset is missing"),
    (["count", "--as-of", "2019-01-15T24:00:00Z"], 2, "24:00 is 00:00 of the next"),
    (["count", "--as-of", "2019-01-15T09:00:60Z"], 2, "leap seconds are not kept"),
    (["count", "--as-of", "2019-01-15T09:00Z"], 2, "seconds are missing"),
    (["count", "--as-of", "2019-01-15T09:00:00.1234567Z"], 2, "at most six decimals"),
    (["count", "--as-of", "2019-02-30T09:00:00Z"], 2, "there is no such day"),
    (["count", "--as-of", "9999-12-31T23:59:59-23:59"], 2, "outside the years"),
    (["count", "--as-of", "@23"], 2, "@23 is beyond the head of the log; give @0 to"),
    (["count", "--as-of", "@" + "9" * 4000], 2, "is beyond the head of the log"),
    (["count", "--as-of", "@x"], 2, "@x is neither a date"),
    (["count", "--as-of", "@"], 2, "@ is neither a date"),
    (["count", "--as-of", "@-1"], 2, "@-1 is neither a date"),
    (["count", "--as-of", "@1.0"], 2, "@1.0 is neither a date"),
    (["count", "--as-of", "gpra-fy2019"], 3, "no publication is named gpra-fy2019"),
    (["count", "--as-of", "@1", "--basis", "x"], 2, "--as-of and --basis contradict"),
    # Pasted bases.
    (["count", "--basis", ""], 2, "a basis is `all @POSITION ROOT`"),
    (["count", "--basis", f"all @1 {ZEROS[1:]}"], 2, "a basis is"),
    (["count", "--basis", f"all 2019-01-01T00:00:00Z @1 {ZEROS}"], 2, "a basis is"),
    (["count", "--basis", f"before @1 {ZEROS}"], 2, "a basis is"),
    (["count", "--basis", f"before 2019-01-01 @1 {ZEROS}"], 2, "is neither a date"),
    (["count", "--basis", f"all @23 {ZEROS}"], 2, "@23 is beyond the head"),
    (["count", "--basis", f"all @1 {ZEROS}"], 4, "this is not the log the basis"),
    (["count", "--basis", "{"], 2, "this is not the basis object"),
    (["count", "--basis", "{}"], 2, "this is not the basis object"),
    (["count", "--basis", '{"a":' * 100_000], 2, "this is not the basis object"),
    *(
        (
            [
                "count",
                "--basis",
                f'{{"bound":{bound},"instant":{instant},"position":{position},'
                f'"root":"{root}"}}',
            ],
            2,
            "this is not the basis object",
        )
        for bound, instant, position, root in (
            ('"all"', '"2019-01-01T00:00:00Z"', "1", ZEROS),
            ('"before"', "null", "1", ZEROS),
            ('"after"', "null", "1", ZEROS),
            ('"all"', "null", "true", ZEROS),
            ('"all"', "null", "-1", ZEROS),
            ('"all"', "null", "1.0", ZEROS),
            ('"all"', "null", '"1"', ZEROS),
            ('"all"', "null", "1" * 5000, ZEROS),
            ('"all"', "null", "1", "abc"),
            ('"all"', "null", "1", r"\ud800"),
        )
    ),
    # SCRs and the log.
    (["show", "SCR-9"], 3, "no SCR SCR-9 is recorded"),
    (["show", ""], 3, "no SCR '' is recorded"),
    (["show", "SCR-1", "--as-of", "2018-09-01"], 3, "nothing about SCR SCR-1 is known"),
    (["show", "SCR-1", "--as-of", "@1"], 3, "nothing about SCR SCR-1 is known"),
    (["log", "--scr", "SCR-9"], 3, "no SCR SCR-9 is recorded"),
    (["log", "--event", "deleted"], 2, "no event is named deleted; there are filed,"),
    (["log", "--from", "yesterday"], 2, "yesterday is neither a date"),
    (["log", "--from", "2019-02-30"], 2, "is not a day of the calendar"),
    (["log", "--to", "2019-W01-1"], 2, "is neither a date"),
    (["log", "--to", "9999-12-31"], 2, "is not a day of the calendar"),
    (["log", "--to", "@23"], 2, "@23 is beyond the head"),
    (["log", "--from", "@" + "9" * 40], 2, "is beyond the head"),
    (["log", "--to", "2019-01-15T09:00:00"], 2, "the offset is missing"),
    (["log", "--event", "filed", "--event", "x"], 2, "no event is named x; there are"),
    (["log", "--event", ""], 2, "no event is named ''"),
    (["log", "--measure", "dd"], 2, "no measure is named dd; see `scr measure list`"),
    (["log", "--measure", ""], 2, "no measure is named ''"),
    (["log", "--measure", "\udc80"], 2, r"no measure is named \udc80"),
    (["log", "--last", "0"], 2, "Invalid value for '--last': 0 is not in the range"),
    (["log", "--last", "x"], 2, "Invalid value for '--last'"),
    (["log", "--known", "2019"], 2, "2019 is not a date such as 2020-01-15"),
    (["log", "--known", ".."], 2, ".. names no day"),
    (["log", "--effective", "2019-02-30.."], 2, "is not a day of the calendar"),
    (
        ["log", "--effective", "2020-01-01..2019-01-01"],
        2,
        "ends before it begins; give 2019-01-01..2020-01-01",
    ),
    (["log", "--claimed", "--witnessed"], 2, "--claimed and --witnessed contradict"),
    (["log", "--scr", "S", "--measure", "m"], 2, "--scr and --measure contradict"),
    (["log", "--event", "filed", "--corrections"], 2, "--corrections contradict"),
    # What auditors look for.
    (["late", "--clock", "wall"], 2, "'wall' is not one of 'known', 'recorded'"),
    (["late", "--over", "-1"], 2, "Invalid value for '--over': -1 is not in the range"),
    (["late", "--over", "9" * 5000], 2, "Invalid value for '--over'"),
    (["late", "--fy", "19"], 2, "'19' is not a fiscal year"),
    (["late", "--event", "deleted"], 2, "no event is named deleted; there are filed,"),
    (["late", "--event", "opened"], 2, "opened is the ledger's own, of no day; there"),
    (["late", "--as-of", "@23"], 2, "@23 is beyond the head"),
    (["late", "--basis", f"all @1 {ZEROS}"], 4, "this is not the log the basis"),
    (["activity", "--per", "office"], 2, "--per takes person, account, source, day,"),
    (["activity", "--per", "day,"], 2, "not empty"),
    (["activity", "--per", "day", "--per", "day"], 2, "--per names day twice"),
    (["activity", "--from", "yesterday"], 2, "yesterday is neither a date"),
    (["activity", "--to", "@23"], 2, "@23 is beyond the head"),
    # Formats and outputs.
    (["count", "-f", "xml"], 2, "'xml' is not one of"),
    (["count", "--json", "-f", "csv"], 2, "--json and --format csv contradict"),
    (["count", "-o", "none/answer.txt"], 6, "cannot write none/answer.txt: No such"),
    (["count", "-o", "text.txt/answer"], 6, "cannot write text.txt/answer: Not a"),
    (["count", "-o", "folder"], 6, "cannot write folder: Is a directory"),
    (["count", "-o", "/dev/full"], 6, "cannot write /dev/full: No space left"),
    (["count", "-o", "x" * 300], 6, "File name too long"),
    (["count", "-o", ""], 2, "'' cannot name a file"),
    (["count", "-o", "a\0b"], 2, r"a\x00b cannot name a file"),
    (["count", "-o", "scr.db"], 5, "scr.db is a database"),
    (["export", "-o", "scr.db"], 5, "scr.db is a database"),
    (["log", "-o", "scr.db.readmodel"], 5, "is a database"),
    (["log", "-o", "scr.db-journal"], 5, "scr.db-journal ends in -journal"),
    (["log", "-o", "other.db.readmodel"], 5, "name another file"),
    (["export", "-o", "none/facts.jsonl"], 6, "cannot write none/facts.jsonl"),
    # The ledger.
    (["--ledger", "none.db", "count"], 3, "no ledger at none.db; make one with"),
    (["--ledger", "none.db", "import", "text.txt"], 3, "no ledger at none.db"),
    (["--ledger", "none.db", "verify"], 3, "no ledger at none.db"),
    (["--ledger", "none.db", "rebuild"], 3, "no ledger at none.db"),
    (["--ledger", "none.db", "export", "-o", "x"], 3, "no ledger at none.db"),
    (["--ledger", "", "count"], 2, "'' cannot name a ledger"),
    (["--ledger", "a\0b", "count"], 2, "cannot name a ledger"),
    (["--ledger", "folder", "count"], 6, "folder is a folder"),
    (["--ledger", "text.txt", "count"], 6, "text.txt is not an SCR ledger"),
    (["--ledger", "text.txt", "import", "x"], 6, "text.txt is not an SCR ledger"),
    (["--ledger", "text.txt", "verify"], 6, "text.txt is not an SCR ledger"),
    (["--ledger", "other.db", "count"], 6, "other.db is not an SCR ledger"),
    (["--ledger", "empty.db", "log"], 6, "empty.db is not an SCR ledger"),
    (["--ledger", "x" * 300, "init"], 6, "File name too long"),
    (["init"], 5, "scr.db already exists; init never writes over a file"),
    (["--ledger", "text.txt", "init"], 5, "text.txt already exists"),
    (["--ledger", "none/scr.db", "init"], 6, "there is no folder"),
    (["--ledger", "new.db", "init", "--timezone", "Mars"], 2, "Mars is not a time"),
    (["--ledger", "new.db", "init", "--timezone", ""], 2, "is not a time zone"),
    (["--ledger", "new.db", "init", "--timezone", "../UTC"], 2, "is not a time zone"),
    (["--ledger", "new.db", "init", "--name", " "], 2, "--name takes 1 to 200"),
    (["--ledger", "new.db", "init", "--name", "x" * 201], 2, "--name takes 1 to 200"),
    # Input files.
    (["import", "none.jsonl"], 3, "cannot read none.jsonl: No such file"),
    (["import", "folder"], 3, "cannot read folder: Is a directory"),
    (["import", "text.txt/x"], 3, "cannot read text.txt/x: Not a directory"),
    (["import", ""], 3, "cannot read ''"),
    (["import", "a\0b"], 3, "cannot read a\\x00b"),
    (["import", "--source", "", "text.txt"], 2, "--source takes 1 to 200"),
    (["import", "--source", "a\tb", "text.txt"], 2, "--source takes 1 to 200"),
    # Text that a terminal would obey.
    ([HOSTILE], 2, r"a\x1b[31mb\u202e\udc80"),
    ([f"--{HOSTILE}"], 2, r"a\x1b[31mb\u202e\udc80"),
    (["count", HOSTILE], 2, f"no measure is named {SHOWN}"),
    (["count", "--by", HOSTILE], 2, SHOWN),
    (["count", "--where", HOSTILE], 2, r"a\x1b[31mb\u202e\udc80"),
    (["count", "--where", f"{HOSTILE}=x"], 2, SHOWN),
    (["count", "--where", f"meets_tco={HOSTILE}"], 2, SHOWN),
    (["count", "--fy", HOSTILE], 2, SHOWN),
    (["count", "--as-of", HOSTILE], 2, SHOWN),
    (["count", "--as-of", f"2019T{HOSTILE}"], 2, SHOWN),
    (["count", "--basis", HOSTILE], 2, "a basis is"),
    (["count", "-f", HOSTILE], 2, r"a\x1b[31mb\u202e\udc80"),
    (["count", "-o", f"none/{HOSTILE}"], 6, f"cannot write none/{SHOWN}"),
    (["show", HOSTILE], 3, f"no SCR {SHOWN} is recorded"),
    (["log", "--scr", HOSTILE], 3, SHOWN),
    (["log", "--event", HOSTILE], 2, SHOWN),
    (["log", "--from", HOSTILE], 2, SHOWN),
    (["import", HOSTILE], 3, f"cannot read {SHOWN}"),
    (["import", "--source", HOSTILE, "text.txt"], 2, "--source takes 1 to 200"),
    (["--ledger", HOSTILE, "count"], 2, f"{SHOWN} cannot name a ledger"),
    (["--ledger", "a\x1b[31m.db", "count"], 3, r"no ledger at a\x1b[31m.db"),
    (["--ledger", "new.db", "init", "--timezone", HOSTILE], 2, SHOWN),
    (["--ledger", "new.db", "init", "--name", HOSTILE], 2, "--name takes 1 to 200"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    WRONG,
    ids=[f"{number}-{' '.join(row[0])[:40]!a}" for number, row in enumerate(WRONG)],
)
def test_wrong_input_gets_one_line_and_its_exit_code(kept, arguments, code, words):
    """
    What is wrong, where, and what to do stand in one safe line; nothing else happens.
    """
    before = sorted(kept.iterdir())
    with chdir(kept):
        told = scr(*arguments)

    assert (told.code, told.out) == (code, "")
    assert told.err.startswith("scr: ")
    assert told.err.endswith("\n")
    assert words in told.err
    hidden = [c for c in told.err[:-1] if unicodedata.category(c) in {"Cc", "Cf", "Cs"}]
    assert hidden == []
    assert sorted(kept.iterdir()) == before


def test_every_fault_of_a_file_is_a_line_before_the_summary(tmp_path):
    """
    A refused file gives FILE:LINE: FIELD: RULE per fault, in order, then one line.
    """
    path = prepare(tmp_path, "")
    faulty = tmp_path / "faulty.jsonl"
    faulty.write_text(
        filed("S-1").replace("2018-10-01", "2019-02-30", 1)
        + "{\n"
        + filed("S-2")
        + line("S-3", "approved", "2019-01-01")
        + filed("S-2")
    )

    told = scr("--ledger", str(path), "import", str(faulty))

    assert (told.code, told.out) == (5, "")
    *faults, last = told.err.splitlines()
    assert [fault.split(":")[:3] for fault in faults] == [
        ["faulty.jsonl", "1", " effective_on"],
        ["faulty.jsonl", "2", " line"],
        ["faulty.jsonl", "4", " event"],
        ["faulty.jsonl", "5", " event"],
    ]
    assert last.startswith("scr: faulty.jsonl is refused, nothing of it was recorded")
    assert "4 faults" in last
    assert scr("--ledger", str(path), "export").out == ""


def test_the_first_hundred_faults_are_listed(tmp_path):
    """
    Of 130 faults 100 are listed, and the last line says how many there are.
    """
    path = prepare(tmp_path, "")
    faulty = tmp_path / "faulty.jsonl"
    faulty.write_text("{}\n" * 130)

    told = scr("--ledger", str(path), "import", str(faulty))

    assert told.code == 5
    assert len(told.err.splitlines()) == 101
    assert "130 faults, 100 of them above and 30 more" in told.err.splitlines()[-1]


def test_text_of_a_faulty_file_is_escaped(tmp_path):
    """
    Neither a file's name nor its text reaches the terminal as it is.
    """
    path = prepare(tmp_path, "")
    faulty = tmp_path / "a\x1b[31m\u202e.jsonl"
    faulty.write_text(
        '{"scr":"S-1","event":"filed\\u001b[31m","\\u202e":"x"}\n', encoding="utf-8"
    )

    told = scr("--ledger", str(path), "import", str(faulty))

    assert told.code == 5
    assert r"a\x1b[31m\u202e.jsonl:1: " in told.err
    assert "\x1b" not in told.err
    assert "\u202e" not in told.err


@pytest.mark.parametrize("arguments", [["count"], ["import", "more.jsonl"], ["verify"]])
def test_a_locked_ledger_is_said_to_be_locked(tmp_path, monkeypatch, arguments):
    """
    Another process that writes for too long ends a command with 6 and a line.
    """
    path = prepare(tmp_path)
    (tmp_path / "more.jsonl").write_text(life("SCR-9"))
    monkeypatch.setattr(guard, "LOCK_TIMEOUT_SECONDS", 0.1)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.1})
    )
    with chdir(tmp_path), closing(connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        told = scr(*arguments)

    assert (told.code, told.out) == (6, "")
    assert told.err.startswith("scr: ")
    assert "is locked by another process" in told.err
    assert told.err.count("\n") == 1


def test_a_fault_of_the_program_is_a_line_as_well(kept, monkeypatch):
    """
    What nobody foresaw is said in one line; SCR_DEBUG shows where it is.
    """

    def fail(*_given):
        msg = "boom\x1b\n"
        raise RuntimeError(msg)

    monkeypatch.setattr(counts, "count", fail)
    with chdir(kept):
        told = scr("count")
        assert (told.code, told.out, told.err.count("\n")) == (70, "", 1)
        assert r"a fault of scr itself (RuntimeError: boom\x1b\n)" in told.err

        monkeypatch.setenv("SCR_DEBUG", "1")
        with pytest.raises(RuntimeError):
            run(["count"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name):
    """
    `--help` and `-h` say the same, end with two examples or more, and need no ledger.
    """
    told = scr(name, "--help")

    assert (told.code, told.err) == (0, "")
    assert told == scr(name, "-h")
    examples = told.out.partition("Examples:\n")[2].splitlines()
    assert len(examples) >= 2
    assert all(example.startswith("    scr ") for example in examples)


def test_the_help_lists_every_command():
    """
    `scr --help` names every command; `--version` names the version.
    """
    told = scr("--help")

    assert told.code == 0
    for name, (_, says) in COMMANDS.items():
        assert f"  {name} " in told.out
        assert says in told.out
    assert scr("--version").out.startswith("scr, version ")


# --- streams and signals ----------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """
    A ledger whose log does not fit into a pipe.
    """
    folder = tmp_path_factory.mktemp("large")
    prepare(folder, "".join(life(f"SCR-{number}") for number in range(500)))
    with chdir(folder):
        assert scr("count").code == 0
    return folder


@pytest.mark.parametrize(
    "arguments",
    [["log"], ["log", "--json"], ["log", "-f", "csv"], ["export"], ["log", "-f", "md"]],
    ids=" ".join,
)
def test_a_reader_that_leaves_is_no_error(large, arguments):
    """
    `scr log | head -1` ends with 0 and without a word.
    """
    with subprocess.Popen(
        [*SCR, *arguments], cwd=large, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.parametrize(
    ("redirected", "code", "said"),
    [
        ("log > /dev/full", 6, "scr: cannot write or read: No space left on device\n"),
        ("log >&-", 6, "scr: standard output is closed;"),
        ("count dd 2>&-", 2, ""),
        ("count 2>&- >/dev/null", 0, ""),
        ("import - <&-", 3, "scr: cannot read -: standard input is closed;"),
        ("log -o /dev/stdout | head -1 >/dev/null", 0, ""),
        ("count dd 2>&1 >/dev/null | true", 2, ""),
        ("--help | true", 0, ""),
    ],
)
def test_streams_that_are_closed_or_full(large, redirected, code, said):
    """
    A stream that cannot be used ends in a line or in silence, never in a traceback.
    """
    script = f'"$0" -c "$1" {redirected}; exit "${{PIPESTATUS[0]}}"'
    ended = subprocess.run(
        ["bash", "-c", script, sys.executable, SCR[2]],
        cwd=large,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == code
    assert ended.stderr.startswith(said) if said else ended.stderr == ""
    assert ended.stderr.count("\n") == (1 if said else 0)


def test_an_interrupt_ends_an_import_with_nothing_recorded(tmp_path):
    """
    Ctrl-C ends with 130 and one line, and nothing of the file is recorded.
    """
    path = prepare(tmp_path, "")
    os.mkfifo(tmp_path / "slow.jsonl")
    with subprocess.Popen(
        [*SCR, "import", "slow.jsonl"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        # Opening waits until the other side reads.
        with (tmp_path / "slow.jsonl").open("w") as slow:
            slow.write(life("SCR-1"))
            slow.flush()
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
        assert process.stdout.read() == b""
        assert process.stderr.read() == b"scr: interrupted\n"
    assert scr("--ledger", str(path), "export").out == ""


# --- anything at all --------------------------------------------------------------

WORDS = shlex.split(
    "--fy 2019 FY2019..2018 --as-of 2019-02-30 2020-01-15 @1 @-1 @99 --basis --by"
    " office meets_tco --where office= a=b --json -f csv md --raw -o out.txt --event"
    " filed --scr S-1 SCR-1 dd-all dd-tco --from --to --dry-run --source --name"
    " --timezone UTC --on 2024-01-01 --force --outcome D1 --reason --into O-1 --help"
    " -- - = text.txt scr.db folder --category --office --association yes --keep"
)
JUNK = st.one_of(
    st.sampled_from(WORDS),
    st.text(st.characters(exclude_characters="/"), max_size=12),
    st.sampled_from([HOSTILE, "\0", "", "\ud800", "\u202e", "x" * 500, "{", "9" * 30]),
)


@pytest.fixture(scope="module")
def playground(kept, tmp_path_factory):
    """
    A copy of the folder that may be spoiled.
    """
    return shutil.copytree(kept, tmp_path_factory.mktemp("play") / "ground")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])
def test_junk_never_ends_in_a_traceback(playground, monkeypatch, name):
    """
    Whatever is typed after a command, it ends with a documented exit code.
    """
    monkeypatch.setenv("SCR_BY", "somebody")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))

    @holds_for(st.lists(JUNK, max_size=6))
    @settings(max_examples=15)
    def anything(junk):
        with chdir(playground):
            told = scr(name, *junk)
        assert told.code in DOCUMENTED
        assert "Traceback" not in told.err
        assert told.code == 0 or told.err.startswith(("scr: ", "text.txt:", "scr.db:"))

    anything()


# --- what a start costs -----------------------------------------------------------

HEAVY = (
    "pydantic",
    "eventsourcing",
    "sqlite_utils",
    "rich",
    "scipy",
    "starlette",
    "tempfile",
    "pathlib",
    "urllib.parse",
    "importlib.metadata",
    "csv",
    "difflib",
)


def imported(folder, *arguments: str) -> set[str]:
    """
    Run a command in a new interpreter and return the modules it imported.
    """
    code = (
        "import sys; from cli.main import run; code = run(sys.argv[1:]);"
        " print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ended.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["count", "--json"],
        ["count"],
        ["count", "--as-of", "@9", "--json"],
        ["check"],
        ["check", "--list", "--json"],
    ],
    ids=" ".join,
)
def test_a_question_imports_nothing_heavy(kept, arguments):
    """
    Help, and a figure from a warm read model, load no library but click.
    """
    found = imported(kept, *arguments)

    assert found.isdisjoint({*HEAVY, "zoneinfo"})
    assert not any(name.startswith("pydantic") for name in found)


def test_a_day_loads_its_time_zone_and_nothing_more(kept):
    """
    A date needs the ledger's zone; nothing else heavy comes with it.
    """
    found = imported(kept, "count", "--as-of", "2020-01-15", "--json")

    assert "zoneinfo" in found
    assert found.isdisjoint(
        {"pydantic", "eventsourcing", "sqlite_utils", "rich", "scipy", "starlette"}
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["log", "--json"],
        ["log", "--known", "2019-03-04..", "--last", "3", "--json"],
        ["late", "--json"],
        ["late", "--list", "--json"],
        ["activity", "--per", "account,day", "--json"],
        ["sample", "list", "--json"],
        ["sample", "plan", "--confidence", "95", "--tolerable", "5", "--json"],
    ],
    ids=" ".join,
)
def test_reading_the_log_loads_no_model_of_facts(kept, arguments):
    """
    What is kept is read as it is kept; its form was checked when it was recorded.
    """
    found = imported(kept, *arguments)

    assert found.isdisjoint(
        {"pydantic", "eventsourcing", "sqlite_utils", "rich", "scipy"}
    )


def test_help_opens_no_ledger(kept):
    """
    `scr --help` loads neither SQLite nor any command.
    """
    found = imported(kept, "--help")

    assert not any(name.startswith(("sqlite3", "projections")) for name in found)
    assert "cli.count" not in found


def test_the_environment_names_the_ledger(kept, monkeypatch, tmp_path):
    """
    SCR_LEDGER names the ledger, `--ledger` outranks it, and empty is as if unset.
    """
    with chdir(tmp_path):
        assert scr("count").code == 3
        monkeypatch.setenv("SCR_LEDGER", str(kept / "scr.db"))
        assert scr("count").code == 0
        assert scr("--ledger", "none.db", "count").code == 3
        monkeypatch.setenv("SCR_LEDGER", "")
        assert scr("count").code == 3


def test_a_ledger_with_an_odd_name_works(tmp_path):
    """
    Spaces, marks of a URI and letters of any script may stand in a ledger's path.
    """
    path = str(tmp_path / "a b%20c?d#e 漢字.db")
    ledgers.make(tmp_path / "a b%20c?d#e 漢字.db")

    assert scr("--ledger", path, "count").code == 0
    assert scr("--ledger", path, "verify").code == 0
