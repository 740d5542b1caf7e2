"""Workbooks for tests: as XlsxWriter makes them, and as nobody should."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SHEET = "xl/worksheets/sheet1.xml"
BOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
TEXTS = "xl/sharedStrings.xml"

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


class Formula(NamedTuple):
    """A formula, and what it came to when somebody last looked."""

    text: str
    value: object = 0


def written(
    rows: Iterable[Sequence[object]],
    *,
    sheets: int = 1,
    first: tuple[int, int] = (0, 0),
    **options: object,
) -> bytes:
    """Return a workbook as a spreadsheet saves it; None and "" are no cell.

    :param first: row and column of the upper left cell, from 0.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet()
        for number in range(1, sheets):
            book.add_worksheet(f"other {number}").write_string(0, 0, "not read")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for row, cells in enumerate(rows, first[0]):
            for column, cell in enumerate(cells, first[1]):
                match cell:
                    case None | "":
                        pass
                    case str():
                        sheet.write_string(row, column, cell)
                    case bool():
                        sheet.write_boolean(row, column, cell)
                    case Formula(text, value):
                        sheet.write_formula(row, column, text, None, value)
                    case datetime():
                        sheet.write_datetime(row, column, cell, moment)
                    case date():
                        sheet.write_datetime(row, column, cell, day)
                    case _:
                        sheet.write_number(row, column, cell)
    return out.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    """Return the members of a workbook."""
    with ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Mapping[str, bytes | str]) -> bytes:
    """Return a zip of these members."""
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def altered(data: bytes, member: str, *changes: tuple[str, str]) -> bytes:
    """Return a workbook with pieces of one of its members replaced."""
    held = parts(data)
    text = held[member].decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return packed(held | {member: text.encode()})


def text(place: str, said: str) -> str:
    """Return the XML of a cell of text."""
    return f'<c r="{place}" t="inlineStr"><is><t>{said}</t></is></c>'


def sheet(rows: str) -> str:
    """Return a worksheet of these rows."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def book(sheets: str, more: str = "") -> str:
    """Return a workbook part."""
    return (
        f'<workbook xmlns="{MAIN}" xmlns:r="{KIND}" xmlns:x="urn:x">{more}'
        f"<sheets>{sheets}</sheets></workbook>"
    )


def relations(*targets: tuple[str, str, str]) -> str:
    """Return a part of relations: id, kind and target of each."""
    inside = "".join(
        f'<Relationship Id="{name}" Type="{KIND}/{kind}" Target="{target}"/>'
        for name, kind, target in targets
    )
    return f'<Relationships xmlns="{PACKAGE}">{inside}</Relationships>'


def crafted(rows: str, **more: bytes | str) -> bytes:
    """Return the least workbook with these rows.

    :param more: members by name, with `/` and `.` as they are; they take precedence.
    """
    return packed(
        {
            "_rels/.rels": relations(("rId1", "officeDocument", BOOK)),
            BOOK: book('<sheet name="a" sheetId="1" r:id="rId1"/>'),
            RELATIONS: relations(
                ("rId1", "worksheet", "worksheets/sheet1.xml"),
                ("rId2", "sharedStrings", "sharedStrings.xml"),
            ),
            SHEET: sheet(rows),
            **more,
        }
    )
