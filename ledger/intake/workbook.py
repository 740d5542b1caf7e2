"""The first sheet of an XLSX workbook, checked before it is unpacked.

A workbook is a zip of XML that somebody else wrote. A small one can unpack to more than
there is memory, one cell far out makes the reader lay out a table of billions, and a
formula shows a value that nobody has computed. So sizes, places and formulas are read
first, with the standard library; then calamine reads the values, from a copy that holds
the first sheet and nothing that was not looked at (docs/decisions/0012-tables.md).
"""

from __future__ import annotations

import posixpath
import shutil
import zlib
from array import array
from datetime import date, datetime
from io import BytesIO
from itertools import chain, repeat
from typing import IO, TYPE_CHECKING, NamedTuple
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from ledger.errors import FaultyTableError, UnreadableTableError
from ledger.intake.cells import Unsaid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from python_calamine import CalamineSheet

    from ledger.intake.cells import Cell

MAX_MEMBERS = 1_000
MAX_BYTES = 128 * 2**20
"""Of all members, unpacked."""
MAX_CELLS = 4_000_000
"""Rows times columns, from the first cell of a sheet to its last."""
MAX_CHARACTERS = 128 * 2**20
"""Of all cells of a sheet; a text kept once may stand in every one of them."""

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_PIECE = 2**16
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_SHEET, _SHARED_STRINGS, _STYLES = "worksheet", "sharedStrings", "styles"
_DIGITS = 20
"""More than any number here has."""
# A spreadsheet has a 29 February 1900, and programs disagree on the days before.
_FIRST_DAY = date(1900, 3, 1)


class _Map(NamedTuple):
    """Where the cells of a sheet are, and which of them are no plain values."""

    formulas: frozenset[tuple[int, int]]
    errors: frozenset[tuple[int, int]]
    last_row: int
    last_value_row: int


class _Book(NamedTuple):
    """What the workbook part says."""

    sheets: tuple[str, ...]
    """Their names, in order."""
    hidden: bool
    """Whether the first one is."""
    from_1904: bool
    """Whether days are counted from 1904, not from 1900."""
    parts: dict[str, str]
    """The members that hold the first sheet, and texts and styles of its cells."""


class Workbook:
    """A workbook whose first sheet can be read again and again."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        """Check a workbook, then open its first sheet.

        :raises UnreadableTableError: it is not one, or larger than what is read.
        :raises FaultyTableError: cells of it are merged.
        """
        from python_calamine import CalamineError, CalamineWorkbook

        self._name = name
        book, self._map, copy = _checked(name, file)
        try:
            self._sheet: CalamineSheet = CalamineWorkbook.from_filelike(
                copy
            ).get_sheet_by_index(0)
            merged = self._sheet.merged_cell_ranges or []
        except (CalamineError, ValueError, OSError) as error:
            raise _unreadable(
                name, f"is not a workbook that can be read ({error})"
            ) from None
        self._height = (self._sheet.end or (-1, 0))[0] + 1
        if self._height < self._map.last_value_row:
            raise _unreadable(name, "has rows that were not read")
        if merged:
            lines = tuple(
                f"{name}:{cell_name(*start)}: cell: is merged with others"
                for start, _ in merged[:100]
            )
            raise FaultyTableError(name, lines, len(merged))
        self.others = book.sheets[1:]
        """The names of the sheets that are not read."""
        self.hidden = book.hidden
        """Whether the first sheet is."""
        self.from_1904 = book.from_1904
        """Whether the number of a day counts from 1904."""
        self.first_column = (self._sheet.start or (0, 0))[1] + 1
        """The columns before it have no cells."""

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Yield the number of every row and its cells, from the first column on."""
        # What was never computed is not there for the reader.
        unread = max(0, self._map.last_row - self._height)
        empty = repeat([""] * self._sheet.width, unread)
        rows: Iterable[Sequence[object]] = chain(self._sheet.iter_rows(), empty)
        for number, cells in enumerate(rows, 1):
            columns = enumerate(cells, self.first_column)
            yield number, [self._cell(number, at, cell) for at, cell in columns]

    def _cell(self, row: int, column: int, cell: object) -> Cell:
        if (row, column) in self._map.formulas:
            return Unsaid("is a formula; put its value in its place")
        if (row, column) in self._map.errors:
            return Unsaid("is an error of the spreadsheet")
        if isinstance(cell, str | bool | float):
            return cell
        if isinstance(cell, date):
            day = cell.date() if isinstance(cell, datetime) else cell
            if day < _FIRST_DAY:
                return Unsaid(f"is a date before {_FIRST_DAY}; make it text")
            return cell
        return Unsaid("is a time of day, not a date; make it text")


def letters(column: int) -> str:
    """Return the letters of a column: 1 is ``A``, 28 is ``AB``."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def cell_name(row: int, column: int) -> str:
    """Return ``C12`` for row 11 and column 2, both counted from 0."""
    return f"{letters(column + 1)}{row + 1}"


def _unreadable(name: str, why: str) -> UnreadableTableError:
    what_to_do = "save the sheet as a small .xlsx, or as CSV, and try again"
    return UnreadableTableError(name, why, what_to_do)


# --- before it is unpacked -----------------------------------------------------------


def _checked(name: str, file: IO[bytes]) -> tuple[_Book, _Map, IO[bytes]]:
    """Return what a workbook says, where its cells are, and a copy that is safe."""
    try:
        with ZipFile(file) as archive:
            members = _members(name, archive)
            book = _book(name, archive, members)
            where = _survey(name, archive, book.parts)
            return book, where, _copy(archive, book)
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        # A member may be encrypted, or packed in a way this Python does not know.
        raise _unreadable(name, f"is not an XLSX workbook ({error})") from None
    except (expat.ExpatError, zlib.error, ValueError) as error:
        raise _unreadable(name, f"is not an XLSX workbook ({error})") from None


def _members(name: str, archive: ZipFile) -> dict[str, str]:
    """Check sizes and names; return the members by their names in lower case."""
    entries = archive.infolist()
    if len(entries) > MAX_MEMBERS:
        raise _unreadable(name, f"has more than {MAX_MEMBERS:,} members")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise _unreadable(name, f"unpacks to more than {MAX_BYTES // 2**20} MB")
    members = {entry.filename.lower(): entry.filename for entry in entries}
    if len(members) < len(entries):
        raise _unreadable(name, "has two members of one name")
    for entry in entries:
        # Reading to the end compares size and checksum with what was announced.
        with archive.open(entry) as member:
            while member.read(_PIECE):
                pass
    return members


def _book(name: str, archive: ZipFile, members: dict[str, str]) -> _Book:
    """Read which sheets there are, and find the members that hold the first."""
    if not {_WORKBOOK, _RELATIONS} <= members.keys():
        raise _unreadable(name, "is not an XLSX workbook (it has no workbook part)")
    sheets: list[dict[str, str]] = []
    targets: dict[str, str] = {}
    parts: dict[str, str] = {}
    from_1904 = False

    def element(tag: str, given: dict[str, str]) -> None:
        nonlocal from_1904
        if tag == "sheet":
            sheets.append(given)
        elif tag == "workbookPr":
            from_1904 = given.get("date1904") in {"1", "true"}

    def relation(tag: str, given: dict[str, str]) -> None:
        if tag == "Relationship":
            if given.get("Id", "") in targets:
                message = "two relations have one id"
                raise ValueError(message)
            target = posixpath.join("/xl", given.get("Target", ""))
            path = posixpath.normpath(target).lstrip("/").lower()
            targets[given.get("Id", "")] = path
            kind = given.get("Type", "").rpartition("/")[2]
            if kind in {_SHARED_STRINGS, _STYLES} and path in members:
                parts[kind] = members[path]

    _parse(archive, members[_WORKBOOK], element)
    _parse(archive, members[_RELATIONS], relation)
    ids = [v for k, v in sheets[0].items() if _local(k) == "id"] if sheets else []
    if len(ids) != 1 or ids[0] not in targets:
        raise _unreadable(name, "is not an XLSX workbook (it has no sheet)")
    path = targets[ids[0]]
    if path not in members:
        raise _unreadable(name, "is not an XLSX workbook (its first sheet is missing)")
    return _Book(
        tuple(sheet.get("name", "") for sheet in sheets),
        sheets[0].get("state", "visible") != "visible",
        from_1904,
        parts | {_SHEET: members[path]},
    )


class _Surveyor:
    """Notes where cells are as the parser comes by them."""

    def __init__(self, lengths: Sequence[int]) -> None:
        """Begin.

        :param lengths: of the texts that cells share.
        """
        self.characters = 0
        """Of the cells with such a text."""
        self.row = self.column = 0
        self.first_column = _LAST_COLUMN
        self.last_row = self.last_column = self.last_value_row = 0
        self.formulas: set[tuple[int, int]] = set()
        self.errors: set[tuple[int, int]] = set()
        self.root = ""
        self._lengths = lengths
        self._place_before = 0, 0
        self._is_shared = False
        self._value: str | None = None

    def start(self, tag: str, given: dict[str, str]) -> None:
        """Take the beginning of an element."""
        self.end()
        match tag:
            case "c":
                self._place(given)
                self._is_shared = given.get("t") == "s"
                if given.get("t") == "e":
                    self.errors.add((self.row, self.column))
            case "v" | "t":
                self._fill()
                self._value = ""
            case "f":
                self._fill()
                self.formulas.add((self.row, self.column))
            case "row":
                self.row = _number(given["r"]) if "r" in given else self.row + 1
                self.column = 0
            case _:
                self.root = self.root or tag

    def text(self, text: str) -> None:
        """Take some text, which may be that of a value."""
        if self._value is not None and len(self._value) < _DIGITS:
            self._value += text

    def end(self) -> None:
        """Take the end of a value, if there is one."""
        value, self._value = self._value, None
        if value and not value.isspace():
            self.last_value_row = max(self.last_value_row, self.row)
            if self._is_shared:
                self.characters += self._length(value)

    def _length(self, number: str) -> int:
        try:
            return self._lengths[int(number)]
        except (ValueError, IndexError):
            return 0  # It stops the reader.

    def _place(self, given: dict[str, str]) -> None:
        name = given.get("r")
        if name is None:
            self.column += 1
        else:
            text = name.rstrip("0123456789")
            if _number(name[len(text) :]) != self.row:
                message = f"cell {name} is in row {self.row}"
                raise ValueError(message)
            self.column = 0
            for letter in text.upper():
                self.column = self.column * 26 + ord(letter) - ord("A") + 1
        if not (0 < self.row <= _LAST_ROW and 0 < self.column <= _LAST_COLUMN):
            message = f"a cell is at row {self.row}, column {self.column}"
            raise ValueError(message)
        before, self._place_before = self._place_before, (self.row, self.column)
        if self._place_before <= before:
            message = f"cell {cell_name(self.row - 1, self.column - 1)} is out of order"
            raise ValueError(message)

    def _fill(self) -> None:
        self.first_column = min(self.first_column, self.column)
        self.last_row = max(self.last_row, self.row)
        self.last_column = max(self.last_column, self.column)


def _survey(name: str, archive: ZipFile, parts: dict[str, str]) -> _Map:
    lengths = _lengths(archive, parts.get(_SHARED_STRINGS))
    found = _Surveyor(lengths)
    _parse(archive, parts[_SHEET], found.start, found.text)
    found.end()
    if found.root != "worksheet":
        raise _unreadable(
            name, "has a chart or a macro where its first sheet should be"
        )
    # The reader begins at the first row whatever is in it.
    cells = found.last_row * (found.last_column - found.first_column + 1)
    if found.last_row and cells > MAX_CELLS:
        far = cell_name(found.last_row - 1, found.last_column - 1)
        raise _unreadable(
            name, f"has cells out to {far}, more than {MAX_CELLS:,} in all"
        )
    if found.characters > MAX_CHARACTERS:
        # The reader writes a text out in every cell that has it.
        megabytes = MAX_CHARACTERS // 2**20
        raise _unreadable(name, f"has more than {megabytes} MB of text in its cells")
    return _Map(
        frozenset(found.formulas),
        frozenset(found.errors),
        found.last_row,
        found.last_value_row,
    )


def _lengths(archive: ZipFile, member: str | None) -> Sequence[int]:
    """Return how long each of the texts is that cells share."""
    lengths = array("L")

    def start(tag: str, _: dict[str, str]) -> None:
        if tag == "si":
            lengths.append(0)
        if len(lengths) > MAX_CELLS:
            message = f"its cells share more than {MAX_CELLS:,} texts"
            raise ValueError(message)

    def text(text: str) -> None:
        if lengths:
            lengths[-1] += len(text)

    if member is not None:
        _parse(archive, member, start, text)
    return lengths


def _parse(
    archive: ZipFile,
    member: str,
    start: Callable[[str, dict[str, str]], None],
    text: Callable[[str], None] | None = None,
) -> None:
    """Tell of every element, by its name without its namespace, and of text."""
    # Whatever a part says of its encoding, the reader takes it for UTF-8.
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True

    def element(tag: str, given: dict[str, str]) -> None:
        start(_local(tag), given)

    def doctype(*_: object) -> None:
        message = "it has a document type, where entities could be declared"
        raise ValueError(message)

    parser.StartElementHandler = element
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    with archive.open(member) as part:
        while piece := part.read(_PIECE):
            if b"\0" in piece:
                message = f"{member} is not UTF-8"  # UTF-16 is told by its mark.
                raise ValueError(message)
            parser.Parse(piece, False)  # noqa: FBT003 - the library's signature
        parser.Parse(b"", True)  # noqa: FBT003


def _local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition(" ")[2]


def _number(text: str) -> int:
    """Read the number of a row.

    :raises ValueError: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
        message = f"{text[:_DIGITS]!r} is no number of a row"
        raise ValueError(message)
    return int(text)


# --- what the reader is given ---------------------------------------------------------

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_USUAL = {
    _SHEET: "worksheets/sheet1.xml",
    _SHARED_STRINGS: "sharedStrings.xml",
    _STYLES: "styles.xml",
}
"""Where the parts of a workbook are, as most programs have it."""


def _copy(archive: ZipFile, book: _Book) -> IO[bytes]:
    """Pack the first sheet anew, as a workbook of its own.

    Two readers may take another member for a part of one name, or another sheet for the
    first; in here there is nothing to choose from.
    """
    copy = BytesIO()
    with ZipFile(copy, "w", ZIP_DEFLATED, compresslevel=1) as made:
        made.writestr("_rels/.rels", _relations({"officeDocument": _WORKBOOK}))
        made.writestr(
            _WORKBOOK,
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_KIND}">'
            f'<workbookPr date1904="{int(book.from_1904)}"/><sheets>'
            f'<sheet name="1" sheetId="1" r:id="{_SHEET}"/></sheets></workbook>',
        )
        targets = {kind: _USUAL[kind] for kind in book.parts}
        made.writestr(_RELATIONS, _relations(targets))
        for kind, member in book.parts.items():
            with (
                archive.open(member) as part,
                made.open(f"xl/{targets[kind]}", "w") as into,
            ):
                shutil.copyfileobj(part, into, _PIECE)
    copy.seek(0)
    return copy


def _relations(targets: dict[str, str]) -> str:
    """Return a part of relations; the kind of each is its id."""
    relations = "".join(
        f'<Relationship Id="{kind}" Type="{_KIND}/{kind}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>'
