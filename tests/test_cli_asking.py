"""What every question shares: its basis, its format, and where the answer goes."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import asking, count
from cli.render import FORMATS
from tests import ledgers
from tests.commandline import HISTORY, filed, life, line, prepare, scr

ASKED = [
    ["count"],
    ["count", "dd-tco", "--fy", "2018..2021", "--by", "office,meets_tco"],
    ["cases", "dd-all"],
    ["show", "SCR-1"],
]
every_format = pytest.mark.parametrize("fmt", FORMATS)


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """
    A small ledger in the working directory.
    """
    monkeypatch.chdir(tmp_path)
    return prepare(tmp_path)


def basis_of(*arguments: str) -> dict:
    """
    Return the basis object of an answer.
    """
    told = scr(*arguments, "--json")
    assert (told.code, told.err) == (0, "")
    return told.json["basis"]


def as_line(basis: dict) -> str:
    """
    Return the line of a basis object, as the contract has it.
    """
    instant = f"{basis['instant']} " if basis["instant"] else ""
    return f"{basis['bound']} {instant}@{basis['position']} {basis['root']}"


# --- cut-offs ---------------------------------------------------------------------

MIDNIGHT = "2019-01-16T05:00:00Z"
EDGE = (
    life("SCR-1").replace("2019-03-04T12:00:00Z", "2019-01-16T04:59:59.999999Z")
    + life("SCR-2").replace("2019-03-04T12:00:00Z", MIDNIGHT)
    + life("SCR-3").replace("2019-03-04T12:00:00Z", "2019-01-16T05:00:00.000001Z")
)


@pytest.mark.parametrize(
    ("as_of", "counted", "bound", "instant"),
    [
        ("2019-01-14", [], "before", "2019-01-15T05:00:00Z"),
        ("2019-01-15", ["SCR-1"], "before", MIDNIGHT),
        ("2019-01-16", ["SCR-1", "SCR-2", "SCR-3"], "before", "2019-01-17T05:00:00Z"),
        ("2019-01-15T23:59:59.999999-05:00", ["SCR-1"], "through", None),
        ("2019-01-16T00:00:00-05:00", ["SCR-1", "SCR-2"], "through", MIDNIGHT),
        ("2019-01-16T10:30:00+05:30", ["SCR-1", "SCR-2"], "through", MIDNIGHT),
        ("2019-01-16t05:00:00.000001z", ["SCR-1", "SCR-2", "SCR-3"], "through", None),
        ("@4", ["SCR-1"], "all", None),
        ("@0004", ["SCR-1"], "all", None),
        ("@3", [], "all", None),
        ("@0", [], "all", None),
    ],
)
def test_a_cut_off_ends_where_it_says(tmp_path, as_of, counted, bound, instant):
    """
    A day ends with the last microsecond before the next begins in New York; an
    instant takes what was known at it; a position takes what stands up to it.
    """
    path = prepare(tmp_path, EDGE)

    told = scr("--ledger", str(path), "cases", "dd-all", "--as-of", as_of, "--json")

    assert [row["scr"] for row in told.json["rows"]] == counted
    assert told.json["basis"]["bound"] == bound
    if instant is not None:
        assert told.json["basis"]["instant"] == instant


def test_a_day_ends_in_the_zone_of_the_ledger(tmp_path, monkeypatch):
    """
    The zone given to `init` decides; that of the machine never does.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert scr("init", "--timezone", "Pacific/Auckland").code == 0
        told = scr("count", "--as-of", "2019-01-15", "--json")
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()

    assert told.json["basis"]["instant"] == "2019-01-15T11:00:00Z"


@pytest.mark.parametrize("as_of", ["2999-12-31", "2999-12-31T00:00:00Z"])
def test_a_cut_off_after_now_is_answered_with_a_warning(ledger, as_of):
    """
    A future cut-off gives today's answer, one line on stderr, and exit code 0.
    """
    del ledger

    told = scr("count", "--as-of", as_of, "-f", "csv")

    assert told.code == 0
    assert told.err == (
        f"scr: warning: {as_of} is not over yet; what becomes known until then is"
        " not in this answer\n"
    )
    rows = [row["value"] for row in csv.DictReader(io.StringIO(told.out))]
    assert rows == ["3", "1", "1", "1"]
    basis = next(csv.DictReader(io.StringIO(told.out)))["basis"]
    assert scr("count", "--basis", basis, "-f", "csv")[:2] == (0, told.out)


def test_a_past_cut_off_has_no_warning(ledger):
    """
    Nothing is said about a day that is over.
    """
    del ledger

    assert scr("count", "--as-of", "2020-01-15").err == ""


# --- a basis given back -----------------------------------------------------------


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
@pytest.mark.parametrize(
    "as_of", [None, "2019-03-04", "2020-09-30T08:00:00-04:00", "@9", "@19"]
)
def test_a_pasted_basis_gives_the_same_bytes_for_ever(ledger, asked, as_of):
    """
    After two further files, one of them about the same SCRs and years, the basis of
    an answer, as its line or its object, gives every byte of it again.
    """
    first = {
        fmt: scr(*asked, *(["--as-of", as_of] if as_of else []), "-f", fmt)
        for fmt in FORMATS
    }
    basis = json.loads(first["json"].out)["basis"]
    ledgers.load(ledger, life("SCR-5", tco="yes"))
    ledgers.load(
        ledger,
        line(
            "SCR-1",
            "redetermined",
            "2021-01-01",
            association="no",
            transnational="no",
            reason="r",
        )
        + line("SCR-2", "reversed", "2021-01-01", outcome="D1", reason="r"),
    )

    assert scr(*asked, "--json").out != first["json"].out
    for given in (as_line(basis), json.dumps(basis), json.dumps(basis, indent=2)):
        for fmt in FORMATS:
            assert scr(*asked, "--basis", given, "-f", fmt) == first[fmt]


def test_the_basis_of_another_ledger_is_refused(ledger, tmp_path):
    """
    The same file in another ledger has another root: exit code 4, at any position.
    """
    other = ledgers.make(tmp_path / "other.db")
    ledgers.load(other, HISTORY)
    for position in (1, 9, 19):
        line_ = as_line(basis_of("--ledger", other, "count", "--as-of", f"@{position}"))

        told = scr("--ledger", str(ledger), "count", "--basis", line_)

        assert (told.code, told.out) == (4, "")
        assert f"at position {position} its root is " in told.err


def test_the_empty_log_has_one_basis_everywhere(ledger):
    """
    `@0` has the root of nothing, which is the same for every ledger.
    """
    del ledger
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert basis_of("count", "--basis", f"all @0 {empty}")["grade"] == "none"
    assert basis_of("count", "--basis", f"all @0 {empty.upper()}")["root"] == empty


def test_every_format_names_the_basis(ledger):
    """
    It stands above a table, in `basis` of JSON, on the first line of JSON Lines, and
    in the last column of CSV and TSV.
    """
    del ledger
    basis = basis_of("count", "--as-of", "2020-01-15")
    said = {f: scr("count", "--as-of", "2020-01-15", "-f", f).out for f in FORMATS}

    assert said["table"].splitlines()[:2] == [as_line(basis), "grade claimed"]
    assert json.loads(said["json"])["basis"] == basis
    first = json.loads(said["jsonl"].splitlines()[0])
    assert list(first) == ["schema", "basis", "definitions"]
    assert first["basis"] == basis
    for fmt, mark in (("csv", ","), ("tsv", "\t")):
        head, *rows = csv.reader(io.StringIO(said[fmt]), delimiter=mark)
        assert head[-1] == "basis"
        assert {row[-1] for row in rows} == {as_line(basis)}
    assert f"`{as_line(basis)}` grade claimed" in said["md"]


def test_a_mixed_grade_gives_both_counts(ledger, monkeypatch):
    """
    A live fact among claimed ones makes the grade mixed, and a table says how many.
    """
    del ledger
    monkeypatch.setenv("SCR_BY", "agent-1")
    assert scr("reopen", "SCR-1", "--reason", "new leads").code == 0

    basis = basis_of("count")
    assert (basis["grade"], basis["visible"], basis["claimed"]) == ("mixed", 18, 17)
    assert "grade mixed (17 of 18 claimed)" in scr("count").out
    assert basis_of("count", "--as-of", "2020-12-31")["grade"] == "claimed"


# --- where an answer goes ---------------------------------------------------------


@every_format
def test_a_file_gets_what_stdout_would(ledger, fmt):
    """
    `-o` writes the same bytes, says nothing, and leaves nothing else behind.
    """
    del ledger
    wanted = scr("cases", "dd-all", "-f", fmt).out

    told = scr("cases", "dd-all", "-f", fmt, "-o", "answer")

    assert told == (0, "", "")
    assert Path("answer").read_bytes().decode() == wanted
    names = sorted(path.name for path in Path().iterdir())
    assert names == ["answer", "scr.db", "scr.db.readmodel"]


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    """
    Where writing fails half-way, what stood there stays, and no draft is left.
    """
    target = tmp_path / "answer"
    target.write_text("before")

    def write_half() -> None:
        with asking.output(str(target)) as out:
            out.write("half an ans")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()

    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path):
    """
    An answer written to a symbolic link goes where the link points.
    """
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/answer")

    with asking.output(str(tmp_path / "link")) as out:
        out.write("text")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "answer").read_text() == "text"


def test_a_device_is_written_as_it_is(ledger):
    """
    `-o /dev/null` is not replaced by a file.
    """
    del ledger

    assert scr("count", "-o", "/dev/null") == (0, "", "")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("asked", [*ASKED, ["log"], ["export"]], ids=" ".join)
def test_the_current_time_is_never_in_an_answer(ledger, monkeypatch, asked):
    """
    Asked again in another year, on another day, every byte is the same.
    """
    del ledger
    first = scr(*asked)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    monkeypatch.setattr(time, "time_ns", lambda: 4 * 10**18)

    assert scr(*asked) == first
    assert datetime.now(UTC).date().isoformat() not in first.out


def test_a_table_does_not_change_in_a_pipe(ledger, monkeypatch):
    """
    On a wide terminal without colour and in a pipe, the lines are the same.
    """
    del ledger
    piped = scr("count").out

    class Terminal(io.StringIO):
        """Claims to be one."""

        def isatty(self) -> bool:
            """Say yes."""
            return True

    terminal = Terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stdout", terminal)
    count.count_command.main(
        [], standalone_mode=False, obj=asking.Settings("scr.db"), prog_name="scr"
    )

    assert terminal.getvalue() == piped


def test_progress_is_shown_on_a_terminal_only(monkeypatch):
    """
    Work of over a second is shown on a terminal, safely, and the line is gone after.
    """
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(asking, "PROGRESS_AFTER_SECONDS", -1.0)
    with asking.progress("reading a\x1b[31m") as tell:
        tell(1234)
    assert shown.getvalue() == ""

    monkeypatch.setattr(shown, "isatty", lambda: True)
    with asking.progress("reading a\x1b[31m") as tell:
        tell(1234)
    assert shown.getvalue() == "\r\x1b[K" + r"reading a\x1b[31m 1,234" + "\r\x1b[K"


def test_a_question_changes_no_byte_of_a_read_only_ledger(tmp_path):
    """
    In a folder that cannot be written, questions are answered and no file changes.
    """
    folder = tmp_path / "archive"
    folder.mkdir()
    path = prepare(folder, HISTORY + filed("SCR-9"))
    before = path.read_bytes()
    wanted = {" ".join(asked): scr("--ledger", str(path), *asked) for asked in ASKED}
    (folder / "scr.db.readmodel").unlink()
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        for asked in ASKED:
            told = scr("--ledger", str(path), *asked)
            assert told == wanted[" ".join(asked)]
    finally:
        folder.chmod(0o755)
    assert path.read_bytes() == before
    with chdir(folder):
        assert scr("verify").code == 0
