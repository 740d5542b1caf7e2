"""Files of facts: the same facts from JSON Lines and from every kind of table."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as holds_for
from hypothesis import settings

from ledger import app
from ledger.errors import FaultyFileError
from ledger.intake.facts import FIELDS, FactTable, JsonLines, is_field
from ledger.intake.mapping import NO_MAP, name_columns
from ledger.intake.tables import open_table
from ledger.reader import open_log
from tests import ledgers, strategies
from tests.facts import filed
from tests.workbooks import Formula, written

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.app import ImportReport

FORMS = ("jsonl", "csv", "tsv", "xlsx")


def header(lines: list[dict]) -> list[str]:
    """
    Return the names of all fields that lines have.
    """
    return list(dict.fromkeys(name for line in lines for name in line))


def as_bytes(lines: list[dict], form: str) -> bytes:
    """
    Return a file with these facts.
    """
    if form == "jsonl":
        return "".join(json.dumps(line) + "\n" for line in lines).encode()
    names = header(lines)
    rows = [names, *([line.get(name, "") for name in names] for line in lines)]
    if form == "xlsx":
        return written(rows)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t" if form == "tsv" else ",").writerows(rows)
    return out.getvalue().encode()


def load(ledger: str, path: Path, clock=None) -> ImportReport:
    """
    Import a file as its name says.
    """
    held, identity = app.open_ledger(ledger, clock=clock or ledgers.Clock())
    zone = ZoneInfo(identity.timezone)
    try:
        if path.suffix == ".jsonl":
            with path.open("rb") as file:
                return held.import_file(path.name, JsonLines(file), zone=zone)
        with open_table(str(path), name=path.name) as table:
            named = name_columns(table, NO_MAP, is_field)
            named.check(values=False)
            return held.import_file(path.name, FactTable(named), zone=zone)
    finally:
        held.close()


def later() -> ledgers.Clock:
    """
    Return a clock that begins after everything that is drawn.
    """
    return ledgers.Clock(datetime(2024, 6, 1, 12, tzinfo=UTC))


def payloads(ledger: str) -> list[bytes]:
    """
    Return the facts of a ledger as they are kept, but for its own.
    """
    with open_log(ledger) as log:
        return [
            bytes(row.payload)
            for row in log.rows(0, log.head)
            if row.stream != "ledger"
        ]


@settings(max_examples=15)
@holds_for(strategies.loads(max_lines=15))
def test_the_same_facts_from_every_kind_of_file(drawn):
    """
    JSON Lines, CSV, TSV and XLSX of the same facts make the same log, and after one the
    others add nothing.
    """
    with ledgers.folder() as folder:
        logs = []
        for form in FORMS:
            ledger = ledgers.make(folder / f"{form}.db", later())
            clock = later()
            for number, one in enumerate(drawn):
                path = folder / f"{number}.{form}"
                path.write_bytes(as_bytes(one.lines, form))
                assert load(ledger, path, clock).totals.new == len(one.lines)
            logs.append(payloads(ledger))
        assert logs[1:] == logs[:1] * 3

        # Facts known when they are imported match whatever is recorded of them.
        for form in FORMS:
            for number, one in enumerate(drawn):
                again = load(ledger, folder / f"{number}.{form}", clock).totals
                assert (again.new, again.already_recorded) == (0, len(one.lines))


@pytest.fixture
def ledger(tmp_path) -> str:
    """
    An empty ledger.
    """
    return ledgers.make(tmp_path / "scr.db")


def write(folder, rows: list[list], form: str) -> Path:
    """
    Write rows as a table.
    """
    path = folder / f"f.{form}"
    if form == "xlsx":
        path.write_bytes(written(rows))
    else:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter="\t" if form == "tsv" else ",").writerows(rows)
        path.write_bytes(out.getvalue().encode())
    return path


TABLES = ("csv", "tsv", "xlsx")
NAMES = ["scr", "event", "effective_on", "by", "case_number", "office", "note"]
GOOD = ["S-1", "filed", "2019-03-04", "a", "C-1", "SAC X", ""]


def faults(ledger, path) -> list[str]:
    """
    Import a table that is refused; return its faults.
    """
    with pytest.raises(FaultyFileError) as refused:
        load(ledger, path)
    assert payloads(ledger) == []
    return list(refused.value.lines)


FAULTS = [
    ("a value", {2: "2019-02-30"}, "C", "effective_on: must be a date"),
    ("an id", {0: "S 1"}, "A", "scr: must be an id"),
    ("an event", {1: "fild"}, "B", "event: is not an event this ledger knows"),
    ("a field left out", {5: ""}, "F", "office: is required"),
    ("a field not taken", {1: "approved"}, "E", "case_number: is not a field of this"),
    ("an escape", {6: "a\rb"}, "G", "note: must be text of 1 to 2,000 characters"),
    (
        "a control character",
        {6: "a\x07b"},
        "G",
        "note: must be text of 1 to 2,000 characters",
    ),
    ("only spaces", {3: "  "}, "D", "by: must be text of 1 to 200 characters"),
    ("too long", {3: "x" * 201}, "D", "by: must be text of 1 to 200 characters"),
]


@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize(
    ("change", "letter", "words"),
    [row[1:] for row in FAULTS],
    ids=[row[0] for row in FAULTS],
)
def test_a_fault_names_its_cell(tmp_path, ledger, form, change, letter, words):  # noqa: PLR0913, PLR0917 - a table
    """
    What the parser refuses is told with the row, and of a workbook with the cell.
    """
    row = [change.get(at, cell) for at, cell in enumerate(GOOD)]
    path = write(tmp_path, [NAMES, ["S-9", *GOOD[1:]], row], form)

    told = faults(ledger, path)
    place = f"f.{form}:{letter if form == 'xlsx' else ''}3: "
    assert told[0].startswith(f"{place}{words}")


def test_a_field_without_a_column_is_told_by_its_row(tmp_path, ledger):
    """
    Where the table has no such column, the row is all that can be named.
    """
    path = write(tmp_path, [NAMES[:-2], GOOD[:-2]], "xlsx")

    assert faults(ledger, path) == ["f.xlsx:2: office: is required"]


CELLS = [
    ("a fraction", 1.5, "is the number 1.5; make it text"),
    ("a long number", 10**15, "is a number with more digits than a spreadsheet keeps"),
    ("a date", datetime(2019, 1, 2, tzinfo=UTC).date(), "is a date in the spreadsheet"),
    ("a formula", Formula("=1", 1), "is a formula; put its value in its place"),
]


@pytest.mark.parametrize(
    ("cell", "words"), [row[1:] for row in CELLS], ids=[row[0] for row in CELLS]
)
def test_what_a_spreadsheet_may_have_made_of_an_id(tmp_path, ledger, cell, words):
    """
    A cell that is no text and no integer is a fault of its place, and of nothing more.
    """
    path = write(tmp_path, [NAMES, [cell, *GOOD[1:]], GOOD], "xlsx")

    (told,) = faults(ledger, path)
    assert told.startswith(f"f.xlsx:A2: scr: {words}")


def test_what_a_workbook_may_hold(tmp_path, ledger):
    """
    Integers are ids, date cells are days, and text is what it says; `known_at` is text.
    """
    day = datetime(2019, 3, 4, tzinfo=UTC).date()
    rows = [
        [*NAMES, "known_at"],
        [7, "filed", day, "a", "00123", "=1+1", "", "2019-03-04T12:00:00-05:00"],
    ]

    assert load(ledger, write(tmp_path, rows, "xlsx")).totals.new == 1
    (said,) = map(json.loads, payloads(ledger))
    assert said == {
        "scr": "7",
        "event": "filed",
        "effective_on": "2019-03-04",
        "known_at": "2019-03-04T12:00:00-05:00",
        "by": "a",
        "case_number": "00123",
        "office": "=1+1",
    }


def test_a_ragged_row_is_one_fault(tmp_path, ledger):
    """
    A row with a cell too many or too few is told once, and its subject is not guessed.
    """
    path = tmp_path / "f.csv"
    rows = (NAMES, GOOD[:-1], [*GOOD, "x"])
    path.write_text("".join(",".join(row) + "\n" for row in rows))

    assert faults(ledger, path) == [
        "f.csv:2: row: has 6 cells, and the header 7",
        "f.csv:3: row: has 8 cells, and the header 7",
    ]


def test_the_first_faults_are_listed(tmp_path, ledger):
    """
    The first hundred in the order of the file, then how many more.
    """
    rows = [[f"S-{n}", *GOOD[1:2], "soon", *GOOD[3:]] for n in range(150)]
    path = write(tmp_path, [NAMES, *rows], "csv")

    with pytest.raises(FaultyFileError, match="150 faults, 100 of them above and 50"):
        load(ledger, path)
    assert faults(ledger, path)[99].startswith("f.csv:101: effective_on: ")


@pytest.mark.parametrize("form", TABLES)
def test_what_an_export_adds_is_left_out(tmp_path, ledger, form):
    """
    Columns `position` and `recorded_at` are passed over, whatever is in them.
    """
    rows = [["position", *NAMES, "recorded_at"], ["x", *GOOD, "never"]]
    if form == "xlsx":
        rows[1][0] = Formula("=1", 1)

    assert load(ledger, write(tmp_path, rows, form)).totals.new == 1
    assert b"position" not in payloads(ledger)[0]


def test_the_fields_of_a_table():
    """
    They are those of all events, and what an export adds; what the ledger sets itself
    is none.
    """
    assert {"scr", "organization", "from", "known_at", "duplicate_of", "into"} <= FIELDS
    assert all(map(is_field, [*FIELDS, "position", "recorded_at"]))
    assert not any(map(is_field, ["recorded_by", "since", "line", "", "SCR"]))


@pytest.mark.parametrize("form", TABLES)
def test_progress_and_hash(tmp_path, form):
    """
    The rows read are told now and then; the hash is that of the file.
    """
    path = write(tmp_path, [["scr"], *([f"S-{n}"] for n in range(20_500))], form)
    told: list[int] = []

    with open_table(str(path)) as table:
        facts = FactTable(name_columns(table, NO_MAP, is_field))
        count = sum(1 for _ in facts.lines(told.append))
    assert (count, told) == (20_500, [10_001, 20_001])
    assert facts.sha256 == sha256(path.read_bytes()).hexdigest()


def test_json_lines_are_read_in_pieces():
    """
    Blank lines are passed over, a mark and CRs taken off, a line too long cut short;
    the hash is that of all bytes; and it can be read again.
    """
    long = b"x" * 600_000
    data = b"\xef\xbb\xbf{}\r\n\n \r\n" + long + b"\n" + json.dumps(filed()).encode()
    facts = JsonLines(io.BytesIO(data))

    for _ in range(2):
        lines = list(facts.lines(lambda _: None))
        assert [number for number, _ in lines] == [1, 4, 5]
        assert lines[0][1] == b"{}"
        assert 262_144 < len(lines[1][1]) < 300_000
        assert facts.sha256 == sha256(data).hexdigest()
