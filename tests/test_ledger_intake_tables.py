"""Tables: what is read of a CSV or TSV file, and what is refused whole."""

from __future__ import annotations

import csv
import io
import os
import tracemalloc
from hashlib import sha256
from threading import Thread

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.errors import FaultyTableError, NoInputFileError, UnreadableTableError
from ledger.intake.tables import (
    MAX_COLUMNS,
    MAX_ROW_CHARACTERS,
    Layout,
    is_table,
    open_table,
)
from tests import ledgers, workbooks


@pytest.fixture
def read(tmp_path):
    """
    A function that reads bytes as a table: header, and number and cells of each row.
    """

    def reader(data: bytes, *layout: str, name: str = "f.csv"):
        (tmp_path / name).write_bytes(data)
        with open_table(str(tmp_path / name), Layout(*layout), name) as table:
            lines = [(line.number, line.fault or line.cells) for line in table.lines()]
            return [heading.name for heading in table.header], lines

    return reader


@pytest.mark.parametrize(
    "data",
    [
        b"scr,note\nS-1,a\nS-2,b\n",
        b"scr,note\nS-1,a\nS-2,b",
        b"scr,note\r\nS-1,a\r\nS-2,b\r\n",
        b"\xef\xbb\xbfscr,note\nS-1,a\nS-2,b\n",
        b'\xef\xbb\xbf"scr",note\n"S-1",a\nS-2,"b"',
    ],
    ids=["LF", "no end", "CRLF", "mark", "quoted"],
)
def test_the_same_table_written_otherwise(read, data):
    """
    Line ends, a byte-order mark and quotes that need not be there change nothing.
    """
    assert read(data) == (["scr", "note"], [(2, ["S-1", "a"]), (3, ["S-2", "b"])])


@pytest.mark.parametrize(
    ("name", "layout", "data"),
    [
        ("f.tsv", (), b"scr\tnote\nS-1\ta,b\n"),
        ("F.TSV", ("utf-8", ";"), b"scr\tnote\nS-1\ta,b\n"),
        ("f.csv", ("utf-8", ";"), b"scr;note\nS-1;a,b\n"),
        ("f.csv", ("utf-8", "|"), b"scr|note\nS-1|a,b\n"),
        ("f.CSV", ("cp1252", "\t"), b"scr\tnote\nS-1\ta,b\n"),
    ],
)
def test_what_stands_between_cells(read, name, layout, data):
    """
    A tab in TSV whatever the layout says; elsewhere what the layout says.
    """
    assert read(data, *layout, name=name) == (["scr", "note"], [(2, ["S-1", "a,b"])])


def test_encodings(read):
    """
    A table is in the encoding that its layout names.
    """
    data = "scr,note\nS-1,\N{EN DASH}é\n".encode("cp1252")

    assert read(data, "cp1252")[1] == [(2, ["S-1", "\N{EN DASH}é"])]
    with pytest.raises(UnreadableTableError, match=r"f\.csv:2 is not utf-8 .*--map"):
        read(data)


def test_a_quoted_cell_holds_anything(read):
    """
    Quotes, line ends, delimiters and spaces in quotes are the cell's; its row is
    numbered by the line it starts in.
    """
    header, lines = read(b'a,b\n"1\n""2""\r\n3",", "\nx,y\n"\n",z\n')

    assert header == ["a", "b"]
    assert lines == [
        (2, ['1\n"2"\r\n3', ", "]),
        (5, ["x", "y"]),
        (6, ["\n", "z"]),
    ]


def test_empty_rows_are_skipped(read):
    """
    Rows without a filled cell are none, also above the header, however many cells
    they have; a row of spaces is one.
    """
    header, lines = read(b"\n,,\na,b\n\n,\n,,,,\n1,\n\r\n , \n")

    assert header == ["a", "b"]
    assert lines == [(7, ["1", ""]), (9, [" ", " "])]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (b"1", "has 1 cell, and the header 2"),
        (b"1,2,3", "has 3 cells, and the header 2"),
        (b"1,2,", "has 3 cells, and the header 2"),
    ],
)
def test_a_ragged_row_is_a_fault_of_its_own(read, row, why):
    """
    A row with more or fewer cells than the header has none; the others are read.
    """
    _, lines = read(b"a,b\n" + row + b"\nx,y\n")

    assert lines == [(2, why), (3, ["x", "y"])]


UNREADABLE = [
    ("a quote within", b'a,b\n1,2"3\n', "2 is not a row of CSV .*a quote in a cell"),
    ("a quote after space", b'a,b\n1, "2"\n', "2 is not a row of CSV .*a quote in"),
    ("both kinds", b'a,b\n"x",y"z"w\n', "2 is not a row of CSV .*a quote in a cell"),
    ("text after a quote", b'a,b\n1,"2"3\n', "2 is not a row of CSV"),
    ("an open quote", b'a,b\n1,"2\n3,4\n', "2 is not a row of CSV .*end of data"),
    ("an open quote late", b'a,b\n"1\n2",3\n\n4,"5\n', "5 is not a row of CSV"),
    ("in the header", b'a,b"\n1,2\n', "1 is not a row of CSV"),
    ("CR only", b"a,b\r1,2\r", "1 is not a row of CSV"),
    ("a stray CR", b"a,b\n1\r,2\n", "2 is not a row of CSV"),
    ("no UTF-8", b"a,b\n1,\xff\n", "2 is not utf-8 "),
    ("UTF-8 cut off", "a,b\n1,é".encode()[:-1], "2 is not utf-8 "),
    ("UTF-16", "a,b\n1,2".encode("utf-16"), "1 is not utf-8 "),
    ("a surrogate", b"a,b\n1,\xed\xa0\x80\n", "2 is not utf-8 "),
    ("a long cell", b"a,b\n1," + b"x" * 140_000, "2 is not a row of .*field limit"),
    ("nothing", b"", " has no header"),
    ("only a mark", b"\xef\xbb\xbf", " has no header"),
    ("nothing filled", b"\n,,\n\r\n", " has no header"),
    ("columns", b",".join(b"c%d" % n for n in range(1_001)), " has 1,001 columns"),
]


@pytest.mark.parametrize(
    ("data", "words"),
    [row[1:] for row in UNREADABLE],
    ids=[row[0] for row in UNREADABLE],
)
def test_what_is_no_table(read, data, words):
    """
    A file that is not written as RFC 4180 has it is refused whole, never mended: the
    line its row starts in is named, and the reason.
    """
    with pytest.raises(UnreadableTableError, match=rf"^f\.csv:?{words}"):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b'a,b\n"1""2",3\n',
        b'a,b\n"""",""""\n',
        b'a,b\n"","x ""y"""\n',
        b'"a ""b""",b\n1,2\n',
        b'a,b\n"\n""","\r\n"""\r\n',
    ],
)
def test_quotes_in_their_place_are_taken(read, data):
    """
    What RFC 4180 has about quotes is read as Python's own reader reads it.
    """
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))

    header, lines = read(data)
    assert [header, *(cells for _, cells in lines)] == rows


HEADERS = [
    (b"a,,c", ["f.csv:1: column 2: has no name"]),
    (b"a, ,c", ["f.csv:1: column 2: has no name"]),
    (b"a,b,", ["f.csv:1: column 3: has no name"]),
    (b"a,b,a", ["f.csv:1: column 3: there is another 'a'"]),
    (b"\n,a,a,", [f"f.csv:2: column {n}" for n in (1, 3, 4)]),
]


@pytest.mark.parametrize(("header", "faults"), HEADERS)
def test_a_header_is_one_name_for_each_column(read, header, faults):
    """
    Every column that has no name, or another's, is told.
    """
    with pytest.raises(FaultyTableError, match="cannot be read") as refused:
        read(header + b"\n1,2,3\n")

    assert refused.value.count == len(faults)
    for line, fault in zip(refused.value.lines, faults, strict=True):
        assert line.startswith(fault)


def test_faults_of_a_header_are_counted(read):
    """
    The first hundred are listed, then how many there are.
    """
    with pytest.raises(FaultyTableError, match=r"150 faults.* 50 more") as refused:
        read(b"a" + b"," * 150 + b"\n")

    assert len(refused.value.lines) == 100


def test_as_many_columns_as_may_be(read):
    """
    The last column that is allowed is read.
    """
    header, _ = read(",".join(f"c{n}" for n in range(MAX_COLUMNS)).encode())

    assert len(header) == MAX_COLUMNS


@pytest.mark.parametrize(
    ("piece", "before"),
    [(b"x", b"a,b\n1,"), (b"x\n", b'a,b\n1,"'), (b",", b"a,b\n"), (b"y", b"")],
    ids=["one line", "an open quote", "cells", "header"],
)
def test_a_row_without_end_is_refused_in_bounded_memory(tmp_path, piece, before):
    """
    However long a row is, no more of it is held than a row may have.
    """
    path = tmp_path / "f.csv"
    with path.open("wb") as out:
        out.write(before)
        for _ in range(40):
            out.write(piece * (2**20 // len(piece)))

    tracemalloc.start()
    try:
        with (
            pytest.raises(UnreadableTableError, match=r"more than 262,144 bytes|limit"),
            open_table(str(path)) as table,
        ):
            list(table.lines())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * MAX_ROW_CHARACTERS < path.stat().st_size


def test_many_rows_are_read_in_bounded_memory(tmp_path):
    """
    A row is let go before the next one is read.
    """
    path = tmp_path / "f.csv"
    path.write_bytes(b"a,b\n" + b'"x""y",zzzzzzzzzzzzzzzz\n' * 50_000)

    tracemalloc.start()
    try:
        with open_table(str(path)) as table:
            count = sum(1 for _ in table.lines())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 50_000
    assert peak < 2**19


def test_a_table_can_be_read_again(tmp_path):
    """
    Twice, and also after half of it, its rows are the same.
    """
    path = tmp_path / "f.csv"
    path.write_bytes(b'\xef\xbb\xbfa,b\n1,"2\n"\n3,4\n')

    with open_table(str(path)) as table:
        first = list(table.lines())
        next(table.lines())
        assert list(table.lines()) == first
        assert table.sha256 == sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["f.jsonl", "f.csv.gz", "f", "csv", "f.xls"])
def test_other_files_are_no_tables(tmp_path, name):
    """
    What a file is, is told by how its name ends.
    """
    path = tmp_path / name
    path.write_bytes(b"a,b\n")

    assert not is_table(str(path))
    with pytest.raises(UnreadableTableError, match=r"is no table; .*\.xlsx"):
        open_table(str(path)).__enter__()


@pytest.mark.parametrize("name", ["none.csv", "none.xlsx", "folder.tsv", "a\0b.csv"])
def test_what_cannot_be_opened(tmp_path, name):
    """
    A file that is not there, or is none, is not found; nothing else is said.
    """
    (tmp_path / "folder.tsv").mkdir()

    with pytest.raises(NoInputFileError, match="cannot read"):
        open_table(str(tmp_path / name)).__enter__()


def test_a_pipe_is_not_read_as_a_table(tmp_path):
    """
    A table is read more than once, so what can be read once only is refused.
    """
    path = tmp_path / "f.csv"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=[b"a,b\n"])
    writer.start()

    with pytest.raises(NoInputFileError, match="cannot read"):
        open_table(str(path)).__enter__()
    writer.join()


def test_other_errors_are_not_taken_for_the_tables(tmp_path):
    """
    What fails while a table is open, a full disk say, is not blamed on the table.
    """
    (tmp_path / "f.csv").write_bytes(b"a,b\n")

    with (
        pytest.raises(OSError, match="no room"),
        open_table(str(tmp_path / "f.csv")),
    ):
        raise OSError(28, "no room")


def test_a_name_cut_short_changes_nothing(tmp_path):
    """
    What messages call a file does not decide how it is read.
    """
    data = workbooks.written([["scr"], ["S-1"]])
    path = tmp_path / f"{'x' * 240}.xlsx"
    path.write_bytes(data)

    with open_table(str(path), name="x" * 200) as table:
        assert [line.cells for line in table.lines()] == [["S-1"]]


def test_a_sheet_of_a_workbook_is_a_table(read):
    """
    Its rows have their own numbers, and the cells right of the header that are empty
    are none; a filled one is a fault.
    """
    rows = [[None], ["a", "b"], ["1", None, None], [None], ["2", "3", "4"]]

    assert read(workbooks.written(rows), name="f.xlsx") == (
        ["a", "b"],
        [(3, ["1", ""]), (5, "has 3 cells, and the header 2")],
    )


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6)


@holds_for(ROWS, st.sampled_from(",;\t|"), st.sampled_from(("\n", "\r\n")))
def test_what_the_csv_module_writes_is_read_back(rows, delimiter, end):
    """
    Whatever is in the cells: they come back as they were, but for rows without any.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL
    )
    writer.writerows([["x", "y", "z"], *rows])
    with ledgers.folder() as folder:
        (folder / "f.csv").write_bytes(out.getvalue().encode())
        with open_table(str(folder / "f.csv"), Layout("utf-8", delimiter)) as table:
            found = [line.cells for line in table.lines()]

    assert found == [cells for cells in rows if any(cells)]


@holds_for(st.binary(max_size=60) | st.text('ab",\r\n\t', max_size=30).map(str.encode))
def test_any_bytes_are_read_or_refused(data):
    """
    Whatever bytes a file holds, it is a table or is refused in words; and a table has
    no quote that the library has let through.
    """
    with ledgers.folder() as folder:
        (folder / "f.csv").write_bytes(data)
        try:
            with open_table(str(folder / "f.csv")) as table:
                rows = [[h.name for h in table.header]]
                rows += [line.cells for line in table.lines()]
        except (UnreadableTableError, FaultyTableError):
            return
    cells = "".join(cell for row in rows for cell in row)
    assert data.count(b'"') % 2 == 0
    assert data.count(b'"') >= 2 * cells.count('"')
