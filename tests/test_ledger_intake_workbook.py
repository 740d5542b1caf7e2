"""Workbooks: what of a sheet is read, and what is refused before it is unpacked."""

from __future__ import annotations

import io
import math
import subprocess
import sys
from datetime import date, datetime
from struct import pack
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo
from zlib import crc32

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.errors import FaultyTableError, LedgerError, UnreadableTableError
from ledger.intake import workbook
from ledger.intake.cells import Unsaid
from ledger.intake.tables import open_table
from ledger.intake.workbook import cell_name, letters
from tests import ledgers
from tests.workbooks import (
    BOOK,
    MAIN,
    RELATIONS,
    SHEET,
    TEXTS,
    Formula,
    altered,
    book,
    crafted,
    packed,
    parts,
    relations,
    sheet,
    text,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FORMULA = Unsaid("is a formula; put its value in its place")
ERROR = Unsaid("is an error of the spreadsheet")
TIME = Unsaid("is a time of day, not a date; make it text")
EARLY = Unsaid("is a date before 1900-03-01; make it text")

HEADER = f'<row r="1">{text("A1", "scr")}{text("B1", "note")}</row>'
PLAIN = f'{HEADER}<row r="2">{text("A2", "S-1")}{text("B2", "n")}</row>'
FAR = f'{HEADER}<row r="1048576">{text("XFD1048576", "x")}</row>'


@pytest.fixture
def read(tmp_path):
    """
    A function that reads the bytes of a workbook: number and cells of each row, the
    header first.
    """

    def reader(data: bytes):
        (tmp_path / "f.xlsx").write_bytes(data)
        with open_table(str(tmp_path / "f.xlsx"), name="f.xlsx") as table:
            header = (table.header_number, [each.name for each in table.header])
            lines = [(line.number, line.fault or line.cells) for line in table.lines()]
            return [header, *lines]

    return reader


def heading(path, data: bytes) -> list[str]:
    """
    Return the letters of the columns of a workbook.
    """
    path.write_bytes(data)
    with open_table(str(path)) as table:
        return [each.letters for each in table.header]


# --- what is read -----------------------------------------------------------------


MOMENT = datetime(2019, 9, 30, 5, 6)  # noqa: DTZ001 - a cell has no zone
MIDNIGHT = datetime(2019, 9, 30)  # noqa: DTZ001
VALUES = [
    ("text", "a", "a"),
    ("a number as text", "00123", "00123"),
    ("what looks like a formula", "=1+1", "=1+1"),
    ("spaces", " a ", " a "),
    ("a control character", "a\rb\x07", "a\rb\x07"),
    ("what looks like an escape", "a_x000D_b", "a_x000D_b"),
    ("an integer", 7, 7.0),
    ("a fraction", 1.5, 1.5),
    ("true", True, True),
    ("false", False, False),
    ("a day", date(2019, 9, 30), date(2019, 9, 30)),
    ("an instant", MOMENT, MOMENT),
    ("a midnight", MIDNIGHT, date(2019, 9, 30)),
    ("the first day", date(1900, 3, 1), date(1900, 3, 1)),
    ("the day before", date(1900, 2, 28), EARLY),
    ("a formula", Formula("=1+1", 2), FORMULA),
    ("a formula of text", Formula('="a"', "a"), FORMULA),
    ("a formula of nothing", Formula('=""', ""), FORMULA),
    ("a formula of an error", Formula("=1/0", "#DIV/0!"), FORMULA),
]


@pytest.mark.parametrize(
    ("cell", "found", "from_1904"),
    [
        pytest.param(cell, found, year == 1904, id=f"{name}, {year}")
        for name, cell, found in VALUES
        for year in (1900, 1904)
        if not (isinstance(cell, date) and cell.year < year)
    ],
)
def test_what_a_cell_holds(read, cell, found, from_1904):
    """
    Text is exact, a number floating, a date a date whichever year it is counted from;
    a formula is none of them, whatever it came to.
    """
    rows = [["scr", "note"], ["S-1", cell], ["S-2", "z"]]
    data = written(rows, date_1904=from_1904)

    assert read(data)[1:] == [(2, ["S-1", found]), (3, ["S-2", "z"])]


RUNS = "<r><t>a</t></r><r><t>b</t></r>"
CELLS = [
    ("an error", '<c r="B2" t="e"><v>#REF!</v></c>', ERROR),
    ("a formula without value", '<c r="B2"><f>A2</f></c>', FORMULA),
    ("shared", '<c r="B2"><f t="shared" si="0"/><v>1</v></c>', FORMULA),
    ("of an array", '<c r="B2"><f t="array" ref="B2">A2:A3</f><v>1</v></c>', FORMULA),
    ("a table of data", '<c r="B2"><f t="dataTable"/><v>1</v></c>', FORMULA),
    ("infinity", '<c r="B2"><v>1e999</v></c>', math.inf),
    ("a day as ISO 8601", '<c r="B2" t="d"><v>2019-09-30</v></c>', date(2019, 9, 30)),
    ("runs of text", f'<c r="B2" t="inlineStr"><is>{RUNS}</is></c>', "ab"),
    ("an empty value", '<c r="B2"><v></v></c>', ""),
    ("an empty text", '<c r="B2" t="inlineStr"><is/></c>', ""),
    ("a style only", '<c r="B2" s="0"/>', ""),
    ("no place", '<c t="inlineStr"><is><t>x</t></is></c>', "x"),
    ("an escape", text("B2", "a_x000D_b"), "a\rb"),
]


@pytest.mark.parametrize("last", [False, True], ids=["within", "last"])
@pytest.mark.parametrize(
    ("cell", "found"), [row[1:] for row in CELLS], ids=[row[0] for row in CELLS]
)
def test_what_other_programs_write(read, cell, found, last):
    """
    Each kind of cell is told apart, also in the last row, of which a reader that asks
    for values alone sees nothing.
    """
    alone = cell.replace('"B2"', '"B3"').replace("<c t", '<c r="B3" t')
    more = f'<row r="3">{alone}</row>' if last else ""
    data = crafted(f'{HEADER}<row r="2">{text("A2", "S-1")}{cell}</row>{more}')

    found_last = [] if found == "" else [(3, ["", found])]
    assert read(data)[1:] == [(2, ["S-1", found]), *(found_last if last else [])]


@pytest.mark.parametrize(
    ("serial", "found"),
    [
        (0, TIME),
        (0.5, TIME),
        (-1, TIME),
        (1, EARLY),
        (60, EARLY),  # 29 February 1900, which there never was.
        (61, date(1900, 3, 1)),
        (2_958_465, date(9999, 12, 31)),
        (2_958_466, 2_958_466.0),
        (1e300, 1e300),
    ],
)
def test_numbers_shown_as_dates(read, serial, found):
    """
    A number with the format of a date is that day, where programs agree on which.
    """
    data = altered(
        written([["scr"], [date(2019, 1, 1)]]), SHEET, ("43466", f"{serial}")
    )

    assert read(data)[1:] == [(2, [found])]


@pytest.mark.parametrize("dimension", ["A1", "A1:B2", "A1:XFD1048576", "C3:D4", "?"])
def test_a_false_dimension_is_not_believed(read, dimension):
    """
    However large a sheet says it is, all of its rows are read, and no more.
    """
    rows = [["scr", "note"], *([f"S-{n}", "x"] for n in range(200))]
    data = altered(written(rows), SHEET, ('ref="A1:B201"', f'ref="{dimension}"'))
    if dimension == "?":
        with pytest.raises(UnreadableTableError):
            read(data)
        return

    assert [cells for _, cells in read(data)] == rows


@pytest.mark.parametrize("first", [(0, 0), (2, 1), (9, 27)])
def test_a_sheet_may_begin_anywhere(tmp_path, read, first):
    """
    Rows and columns keep the numbers and letters they have in the spreadsheet.
    """
    data = written([["scr", "note"], ["S-1", None], ["S-2", "x"]], first=first)
    row, column = first

    assert read(data) == [
        (row + 1, ["scr", "note"]),
        (row + 2, ["S-1", ""]),
        (row + 3, ["S-2", "x"]),
    ]
    wanted = [letters(column + 1), letters(column + 2)]
    assert heading(tmp_path / "g.xlsx", data) == wanted


def test_letters_of_columns():
    """
    Every column of a sheet has letters of its own, in the order of a spreadsheet.
    """
    every = [letters(column) for column in range(1, 16_385)]

    assert (every[0], every[25], every[26], every[701], every[702], every[-1]) == (
        *("A", "Z", "AA", "ZZ", "AAA"),
        "XFD",
    )
    assert sorted(every, key=lambda name: (len(name), name)) == every
    assert len(set(every)) == len(every)
    assert cell_name(11, 2) == "C12"


def notes(path, data: bytes) -> tuple[str, ...]:
    """
    Return what is told of a workbook, and see that its first sheet is what is read.
    """
    path.write_bytes(data)
    with open_table(str(path), name="f.xlsx") as table:
        assert [line.cells for line in table.lines()] == [["S-1"]]
        return table.notes


def test_only_the_first_sheet_is_read(tmp_path):
    """
    A workbook with more sheets says so, and whether the one that is read is hidden.
    """
    path, rows = tmp_path / "f.xlsx", [["scr"], ["S-1"]]
    hidden = ('r:id="rId1"', 'state="hidden" r:id="rId1"')

    assert notes(path, written(rows)) == ()
    assert notes(path, written(rows, sheets=2)) == (
        "f.xlsx: only the first sheet is read, not 1 other sheet",
    )
    assert notes(path, altered(written(rows, sheets=4), BOOK, hidden)) == (
        "f.xlsx: only the first sheet, which is hidden, is read, not 3 other sheets",
    )


def test_the_order_of_sheets_is_that_of_the_workbook(tmp_path):
    """
    The first sheet is the first one listed, whatever its member and its number.
    """
    row = f"<row>{text('A2', 'S-1')}</row>"
    data = crafted(
        FAR,
        **{
            BOOK: book(
                '<sheet name="b" sheetId="9" r:id="rId9"/>'
                '<sheet name="a" sheetId="1" r:id="rId1"/>'
            ),
            RELATIONS: relations(
                ("rId1", "worksheet", "worksheets/sheet1.xml"),
                ("rId9", "worksheet", "/xl/other/../Second.XML"),
            ),
            "xl/second.xml": sheet(f"<row>{text('A1', 'scr')}</row>{row}"),
        },
    )

    assert len(notes(tmp_path / "f.xlsx", data)) == 1


# --- what is refused --------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "rot13", "no such"])
def test_a_workbook_is_utf_8(read, encoding):
    """
    Whatever encoding a part claims, known or not, checker and reader take the same.
    """
    told = f'<?xml version="1.0" encoding="{encoding}"?>'
    data = crafted(PLAIN, **{SHEET: told + sheet(PLAIN.replace("S-1", "\xe9"))})

    if " " in encoding:
        with pytest.raises(UnreadableTableError, match="XLSX"):
            read(data)
    else:
        assert read(data)[1:] == [(2, ["\xe9", "n"])]


def test_merged_cells_are_refused(read):
    """
    In the header or below, each range of merged cells is told by its first cell.
    """
    merged = '<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="B3:B7"/></mergeCells>'
    data = altered(crafted(PLAIN), SHEET, ("</sheetData>", f"</sheetData>{merged}"))

    with pytest.raises(FaultyTableError, match="2 faults") as refused:
        read(data)
    assert refused.value.lines == (
        "f.xlsx:A1: cell: is merged with others",
        "f.xlsx:B3: cell: is merged with others",
    )


HEADERS = [
    ("blank", ["scr", None, "note"], "B1: column 2: has no name"),
    ("spaces", ["scr", "  ", "note"], "B1: column 2: has no name"),
    ("twice", ["scr", "note", "scr"], "C1: column 3: there is another 'scr'"),
    ("a number", ["scr", 7], "B1: column 2: its name must be text"),
    ("a date", ["scr", date(2019, 1, 1)], "B1: column 2: its name must be text"),
    ("true", ["scr", True], "B1: column 2: its name must be text"),
    ("a formula", ["scr", Formula('="a"', "a")], "B1: column 2: is a formula"),
]


@pytest.mark.parametrize(
    ("header", "fault"), [row[1:] for row in HEADERS], ids=[row[0] for row in HEADERS]
)
def test_a_header_is_text(read, header, fault):
    """
    A name that is none is told with its cell.
    """
    with pytest.raises(FaultyTableError, match="1 fault;") as refused:
        read(written([header, ["S-1", "x", "y"]]))

    (line,) = refused.value.lines
    assert line.startswith(f"f.xlsx:{fault}")


def test_a_title_above_the_header_is_taken_for_it(read):
    """
    The header is the first row that is not empty: with a title there, every row with
    more cells is at fault, and nothing is guessed.
    """
    data = written([["Report of 2019"], [None], ["scr", "note"], ["S-1", "x"]])

    fault = "has 2 cells, and the header 1"
    assert read(data)[1:] == [(3, fault), (4, fault)]


def test_a_workbook_without_anything(read):
    """
    A sheet without a header is no table, be it empty or all formulas.
    """
    for data in (crafted(""), crafted('<row r="1"><c r="B1"><f>1+1</f></c></row>')):
        with pytest.raises(UnreadableTableError, match="has no header"):
            read(data)


def odd_size(data: bytes, member: str, size: int) -> bytes:
    """
    Return a zip whose directory and local header announce a size that is not so, and
    the checksum of what would be read then.
    """
    with ZipFile(io.BytesIO(data)) as archive:
        entry = archive.getinfo(member)
        content = archive.read(member)
    sizes = pack("<III", entry.CRC, entry.compress_size, entry.file_size)
    lie = pack("<III", crc32(content[:size]), entry.compress_size, size)
    assert data.count(sizes) == 2
    return data.replace(sizes, lie)


def flagged(data: bytes, *, flag: int = 0, method: int | None = None) -> bytes:
    """
    Return a zip with a flag set, or a method, in every header and in the directory.
    """
    changed = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            changed[place + at] |= flag
            if method is not None:
                changed[place + at + 2] = method
            place = data.find(mark, place + 4)
    return bytes(changed)


def twice(name: str, other: str) -> bytes:
    """
    Return a workbook with two members of one name, or of names that readers confuse.
    """
    held = parts(crafted(PLAIN))
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        for member, content in held.items():
            archive.writestr(member, content)
        archive.writestr(other, sheet(FAR))
        assert name in held
    return out.getvalue()


def linked(target: str, *more: tuple[str, str, str]) -> Callable[[], bytes]:
    """
    Return what makes a workbook whose first sheet is said to be somewhere.
    """
    return also(RELATIONS, relations(("rId1", "worksheet", target), *more))


def also(member: str, content: bytes | str, rows: str = PLAIN) -> Callable[[], bytes]:
    """
    Return what makes a workbook with another member.
    """
    return lambda: crafted(rows, **{member: content})


BOMB = b"<x>" + b" " * (129 * 2**20) + b"</x>"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c SYSTEM "file:///etc/passwd">]>'
)
NO_BOOK = "no workbook part"
SMALL = written([["scr", "note"], ["S-1", "x"]])


def place(row: str, name: str) -> Callable[[], bytes]:
    """
    Return what makes a workbook with a cell at an odd place.
    """
    return lambda: crafted(f'{PLAIN}<row r="{row}">{text(name, "x")}</row>')


def far(inside: str, name: str = "XFD1048576") -> Callable[[], bytes]:
    """
    Return what makes a workbook with a cell far out.
    """
    cell = f'<c r="{name}">{inside}</c>'
    return lambda: crafted(f'{PLAIN}<row r="1048576">{cell}</row>')


END = "</worksheet>"
MANY = [f"{number}" for number in range(1_001)]
SHARED = '<row r="3"><c r="A3" t="s"><v>0</v></c></row>'
SUM = pack("<I", crc32(parts(SMALL)[SHEET]))
GONE = "its first sheet is missing"
NO_XLSX = "is not an XLSX"
LATER = f"<sheetData><row r='3'>{text('A3', 'x')}</row></sheetData></worksheet>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096
NO_TEXTS = f'<sst xmlns="{MAIN}"/>'

REFUSED = [
    ("no zip", lambda: b"scr,note\nS-1,x\n", NO_XLSX),
    ("nothing", lambda: b"", NO_XLSX),
    ("encrypted, or .xls", lambda: OLE, NO_XLSX),
    ("cut short", lambda: SMALL[:-40], NO_XLSX),
    ("the head is gone", lambda: SMALL[40:], NO_XLSX),
    (".ods", lambda: packed({"content.xml": "<x/>", "mimetype": "x"}), NO_BOOK),
    (".xlsb", lambda: packed({"xl/workbook.bin": "x", RELATIONS: "<x/>"}), NO_BOOK),
    ("a zip in a zip", lambda: packed({"f.xlsx": SMALL}), NO_BOOK),
    ("an encrypted member", lambda: flagged(SMALL, flag=1), NO_XLSX),
    ("an unknown packing", lambda: flagged(SMALL, method=98), NO_XLSX),
    ("a bad checksum", lambda: SMALL.replace(SUM, b"\1\2\3\4"), "CRC"),
    ("a bomb", also("xl/media/a.xml", BOMB), "unpacks to more than 128 MB"),
    ("a bomb of texts", also(TEXTS, BOMB), "unpacks to more than 128 MB"),
    ("a lying size", lambda: odd_size(crafted(PLAIN), SHEET, 40), NO_XLSX),
    ("many members", lambda: packed(dict.fromkeys(MANY, "")), "than 1,000 members"),
    ("two of a name", lambda: twice(SHEET, SHEET.upper()), "two members of one name"),
    ("a document type", also(SHEET, LAUGHS + sheet(PLAIN)), "document type"),
    ("one of the workbook", also(BOOK, LAUGHS + book("")), "document type"),
    ("one of the relations", also(RELATIONS, LAUGHS + relations()), "document type"),
    ("one of the texts", also(TEXTS, LAUGHS + NO_TEXTS), "document type"),
    ("no XML", also(SHEET, "<worksheet><c>"), NO_XLSX),
    ("Latin-1", also(SHEET, sheet(text("A1", "\xe9")).encode("latin-1")), NO_XLSX),
    ("UTF-16", also(SHEET, sheet(PLAIN).encode("utf-16")), "is not UTF-8"),
    ("two roots", also(SHEET, sheet(PLAIN) * 2), NO_XLSX),
    (
        "a far cell",
        lambda: crafted(FAR),
        "cells out to XFD1048576, more than 4,000,000",
    ),
    ("a far empty cell", far("<v></v>"), "cells out to XFD1048576"),
    ("a far formula", far("<f>1</f>"), "cells out to XFD1048576"),
    ("a far row", far("<v>1</v>", "E1048576"), "cells out to E1048576"),
    ("beyond the last row", place("1048577", "A1048577"), "is at row 1048577"),
    ("beyond the last column", place("3", "XFE3"), "column 16385"),
    ("no column", place("3", "3"), "column 0"),
    ("no row", place("3", "A"), "is no number of a row"),
    ("an odd row", place("1_0", "A10"), "is no number of a row"),
    ("a long row", place("9" * 5000, "A3"), "is no number of a row"),
    ("in another row", place("3", "A4"), "cell A4 is in row 3"),
    ("the same place twice", place("2", "B2"), "cell B2 is out of order"),
    ("backwards", place("1", "A1"), "cell A1 is out of order"),
    ("a chart", also(SHEET, f'<chartsheet xmlns="{MAIN}"/>'), "a chart or a macro"),
    ("a macro", also(SHEET, f'<macrosheet xmlns="{MAIN}"/>'), "a chart or a macro"),
    ("no sheet", also(BOOK, book("")), "it has no sheet"),
    ("no id", also(BOOK, book('<sheet name="a"/>')), "it has no sheet"),
    (
        "two ids",
        also(BOOK, book('<sheet r:id="rId1" x:id="rId1"/>')),
        "it has no sheet",
    ),
    ("another id", also(BOOK, book('<sheet r:id="rId7"/>')), "it has no sheet"),
    ("an id twice", linked(SHEET, ("rId1", "worksheet", "x")), "relations have one id"),
    ("no target", linked(""), GONE),
    ("a missing target", linked("worksheets/sheet2.xml"), GONE),
    ("above the root", linked("../../../../etc/passwd"), GONE),
    ("elsewhere", linked("https://example.org/sheet1.xml"), GONE),
    ("a backslash", linked("worksheets\\sheet1.xml"), GONE),
    ("a text too many", also(TEXTS, NO_TEXTS, PLAIN + SHARED), "can be read"),
    ("two lots", also(SHEET, sheet(PLAIN).replace(END, LATER)), "were not read"),
]


@pytest.mark.parametrize(
    ("make", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_no_workbook(read, make, words):
    """
    A file that is damaged, too large, or built to mislead is refused in words.
    """
    with pytest.raises(UnreadableTableError, match=words) as refused:
        read(make())

    assert str(refused.value).startswith("f.xlsx ")
    assert "save the sheet as a small .xlsx, or as CSV" in str(refused.value)


def shares(times: int, long: int) -> bytes:
    """
    Return a workbook with one text in many cells.
    """
    cells = (f'<row><c t="s"><v>{n % 2}</v></c></row>' for n in range(times))
    texts = f"<si><t>{'a' * long}</t></si><si><r><t>{'b' * long}</t></r></si>"
    return crafted("".join(cells), **{TEXTS: f'<sst xmlns="{MAIN}">{texts}</sst>'})


def test_a_text_in_many_cells_is_counted_in_each(read, monkeypatch):
    """
    The reader writes a shared text out in every cell, so that is what is measured.
    """
    assert len(read(shares(2, 10))) == 2
    monkeypatch.setattr(workbook, "MAX_CHARACTERS", 19)

    with pytest.raises(UnreadableTableError, match="MB of text in its cells"):
        read(shares(2, 10))


def test_shared_texts_are_counted(read, monkeypatch):
    """
    There are no more of them than there may be cells.
    """
    monkeypatch.setattr(workbook, "MAX_CELLS", 2)
    read(shares(2, 1))
    more = altered(shares(2, 1), TEXTS, ("</sst>", "<si/></sst>"))

    with pytest.raises(UnreadableTableError, match="share more than 2 texts"):
        read(more)


# Each was seen to abort the process, or to fill its memory, when it was given to the
# reader as it is. ``ROOT`` of the package names another workbook; readers that know
# ``0x7075`` take the name in it.
UNICODE_PATH = pack("<HHBI", 0x7075, 5 + len(SHEET), 1, crc32(b"a.xml"))


def renamed() -> bytes:
    """
    Return a workbook with a member that some readers take for its first sheet.
    """
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in parts(crafted(PLAIN)).items():
            archive.writestr(name, content)
        entry = ZipInfo("a.xml")
        entry.extra = UNICODE_PATH + SHEET.encode()
        archive.writestr(entry, sheet(FAR))
    return out.getvalue()


HARMLESS = {
    "another root": lambda: crafted(
        PLAIN,
        **{
            "_rels/.rels": relations(("rId1", "officeDocument", "evil/workbook.xml")),
            "evil/workbook.xml": book('<sheet name="a" sheetId="1" r:id="rId1"/>'),
            "evil/_rels/workbook.xml.rels": relations(("rId1", "worksheet", "s.xml")),
            "evil/s.xml": sheet(FAR),
        },
    ),
    "a backslash": lambda: twice(SHEET, SHEET.replace("/", "\\")),
    "xl twice": lambda: crafted(
        FAR,
        **{
            RELATIONS: relations(("rId1", "worksheet", SHEET)),
            f"xl/{SHEET}": sheet(PLAIN),
        },
    ),
    "another name": renamed,
    "a second sheet": lambda: crafted(
        PLAIN,
        **{
            BOOK: book(
                '<sheet name="a" sheetId="1" r:id="rId1"/>'
                '<sheet name="b" sheetId="2" r:id="rId2"/>'
            ),
            RELATIONS: relations(
                ("rId1", "worksheet", "worksheets/sheet1.xml"),
                ("rId2", "worksheet", "worksheets/sheet2.xml"),
            ),
            "xl/worksheets/sheet2.xml": sheet(FAR),
        },
    ),
}
HOSTILE = {
    "a far cell": lambda: crafted(FAR),
    "two ids": lambda: crafted(
        PLAIN,
        **{
            BOOK: book('<sheet name="a" sheetId="1" x:id="rId1" r:id="rId2"/>'),
            RELATIONS: relations(
                ("rId1", "worksheet", "worksheets/sheet1.xml"),
                ("rId2", "worksheet", "worksheets/sheet2.xml"),
            ),
            "xl/worksheets/sheet2.xml": sheet(FAR),
        },
    ),
    "one long text": lambda: shares(3_000, 2**20),
    "many texts": lambda: crafted(
        PLAIN, **{TEXTS: f'<sst xmlns="{MAIN}">{"<si/>" * 4_100_000}</sst>'}
    ),
    "a bomb": lambda: crafted(PLAIN, **{TEXTS: BOMB}),
}

CHILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from ledger.errors import LedgerError
from ledger.intake.tables import open_table
try:
    with open_table(sys.argv[1]) as table:
        print([line.cells for line in table.lines()])
except LedgerError as error:
    print("refused")
"""


@pytest.mark.parametrize("name", [*HARMLESS, *HOSTILE])
def test_no_workbook_ends_the_process(tmp_path, name):
    """
    In a gigabyte: what two readers could take differently is read as the checker reads
    it, what is too much is refused, and the process lives.
    """
    path = tmp_path / "f.xlsx"
    path.write_bytes((HARMLESS | HOSTILE)[name]())

    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    wanted = "[['S-1', 'n']]" if name in HARMLESS else "refused"
    assert (child.returncode, child.stdout.strip(), child.stderr) == (0, wanted, "")


# --- anything ---------------------------------------------------------------------


def outcome(data: bytes) -> object:
    """
    Return the rows of a workbook, or None if it is refused.
    """
    with ledgers.folder() as folder:
        (folder / "f.xlsx").write_bytes(data)
        try:
            with open_table(str(folder / "f.xlsx")) as table:
                return [each.name for each in table.header], list(table.lines())
        except LedgerError:
            return None


BASE = written([["scr", "on", "n"], ["S-1", date(2019, 1, 1), 7], ["S-2", "x", 1.5]])
FLIPS = st.lists(
    st.tuples(st.integers(0, len(BASE) - 1), st.integers(0, 255)), min_size=1
)


@holds_for(st.binary(max_size=200) | st.binary(max_size=100).map(b"PK\3\4".__add__))
def test_any_bytes_are_refused(data):
    """
    Random bytes are no workbook, and nothing but a refusal comes of them.
    """
    assert outcome(data) is None


@holds_for(FLIPS)
def test_a_damaged_workbook_is_refused_or_the_same(flips):
    """
    Whatever bytes of a workbook are others, its checksums tell, or nothing changed.
    """
    data = bytearray(BASE)
    for place, byte in flips:
        data[place] = byte

    assert outcome(bytes(data)) in (None, outcome(BASE))


MEMBERS = {name: content for name, content in parts(BASE).items() if "xl/" in name}


@holds_for(st.data())
def test_a_workbook_of_damaged_parts(data):
    """
    Whatever stands in its parts, under sound checksums: it is a table, or is refused.
    """
    member = data.draw(st.sampled_from(sorted(MEMBERS)))
    content = bytearray(MEMBERS[member])
    pieces = st.sampled_from(
        [
            b"",
            b"<",
            b">",
            b'"',
            b"0",
            b"9" * 12,
            b"\xff",
            b"A",
            b"<!--",
            b"&#0;",
            b"<f/>",
        ]
    )
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = start + data.draw(st.integers(0, 12))
        content[start:end] = data.draw(pieces)

    outcome(packed(parts(BASE) | {member: bytes(content)}))


@pytest.mark.parametrize("size", range(0, len(BASE), 97))
def test_a_workbook_cut_short(size):
    """
    A workbook that ends early is refused.
    """
    assert outcome(BASE[:size]) is None


CELL = (
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
    | st.integers(-(10**14), 10**14)
    | st.booleans()
    | st.dates(date(1900, 3, 1), date(2999, 12, 31))
)


@holds_for(st.lists(st.lists(CELL | st.none(), min_size=3, max_size=3), max_size=8))
def test_what_is_written_is_read_back(rows):
    """
    Text, integers, booleans and dates come back as they were, every row that has one.
    """
    found = outcome(written([["a", "b", "c"], *rows]))

    assert found is not None
    wanted = [["" if cell is None else cell for cell in cells] for cells in rows]
    assert [list(line.cells) for line in found[1]] == [
        cells for cells in wanted if any(cell != "" for cell in cells)
    ]


def test_no_more_is_read_than_is_announced():
    """
    The size that is announced is what is read, whatever there is behind it.
    """
    data = odd_size(
        crafted(PLAIN, **{SHEET: sheet(PLAIN) + " " * 1_000}), SHEET, len(sheet(PLAIN))
    )

    assert outcome(data) == outcome(crafted(PLAIN))
