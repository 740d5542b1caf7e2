"""Tables: a header, and rows of cells, from CSV, TSV or the first sheet of a workbook.

Read as RFC 4180 has it, but strictly: a quote out of place, a row with more or fewer
cells than the header, a column without a name are refused, never mended. However large
the file, no more than a row of it is held (of a workbook: see ``workbook``).
"""

from __future__ import annotations

import csv
import re
from codecs import getincrementaldecoder
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from ledger.domain.events import MAX_LINE_BYTES
from ledger.errors import FaultyTableError, NoInputFileError, UnreadableTableError
from ledger.intake.cells import Unsaid
from ledger.intake.rows import Heading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

    from ledger.intake.cells import Cell
    from ledger.intake.workbook import Workbook

SUFFIXES = (".csv", ".tsv", ".xlsx")
"""How the name of a table ends, in capitals or not; anything else is JSON Lines."""

MAX_ROW_CHARACTERS = MAX_LINE_BYTES
MAX_COLUMNS = 1_000
FAULTS_LISTED = 100


class Line(NamedTuple):
    """One row below the header."""

    number: int
    """Of the line it starts in, or of the row in a spreadsheet; from 1."""
    cells: Sequence[Cell]
    """As many as the header has; none if the row has more or fewer."""
    fault: str | None = None
    """Why it has no cells."""


class Layout(NamedTuple):
    """How a CSV file is written."""

    encoding: str = "utf-8"
    delimiter: str = ","


PLAIN = Layout()


class Table:
    """An open table, readable from its beginning as often as need be."""

    def __init__(self, name: str, file: BufferedReader, layout: Layout | None) -> None:
        """Read the header.

        :param layout: of a CSV or TSV file; None of a workbook.
        :raises UnreadableTableError: it is no table.
        :raises FaultyTableError: its header is not one name for each column.
        """
        self.name = name
        self.sha256 = file_digest(file, "sha256").hexdigest()
        self._file = file
        self._layout = layout or PLAIN
        self._book: Workbook | None = None
        self.from_1904 = False
        """Whether the number of a day counts from 1904, not from 1900."""
        self.notes: tuple[str, ...] = ()
        """What of the file is not read."""
        if layout is None:
            self._open_workbook()
        self.header_number, cells = next(self._filled(), (0, ()))
        if not cells:
            raise UnreadableTableError(
                name, "has no header", "put the names of its columns in the first row"
            )
        self.header = self._headings(self.header_number, cells)

    def _open_workbook(self) -> None:
        from ledger.intake.workbook import Workbook

        self._book = Workbook(self.name, self._file)
        self.from_1904 = self._book.from_1904
        first = (
            "the first sheet, which is hidden,"
            if self._book.hidden
            else "the first sheet"
        )
        if others := len(self._book.others):
            sheets = "1 other sheet" if others == 1 else f"{others} other sheets"
            self.notes = (f"{self.name}: only {first} is read, not {sheets}",)

    def lines(self) -> Iterator[Line]:
        """Yield the rows below the header that are not empty.

        :raises UnreadableTableError: from here on it is no table.
        """
        rows = self._filled()
        next(rows)
        width = len(self.header)
        for number, cells in rows:
            # A spreadsheet has no end on the right: the reader fills rows up.
            if self._book is not None:
                cells = _cut(cells, width)  # noqa: PLW2901
            if len(cells) == width:
                yield Line(number, cells)
            else:
                fault = f"has {_cells(len(cells))}, and the header {width:,}"
                yield Line(number, (), fault)

    def _filled(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        for number, cells in self._book.rows() if self._book else self._written():
            if any(cell != "" for cell in cells):
                yield number, cells

    def _written(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        text = _Text(self.name, self._file, self._layout.encoding)
        reader = csv.reader(text, delimiter=self._layout.delimiter, strict=True)
        whole = _whole_row(self._layout.delimiter)
        number = 1
        try:
            for cells in reader:
                # The library takes a quote within a cell that is not quoted.
                if '"' in "".join(cells) and not whole.fullmatch(text.row):
                    message = "a quote in a cell that is not quoted"
                    raise csv.Error(message)  # noqa: TRY301 - as the library's own
                yield number, cells
                number = reader.line_num + 1
                text.row_begins()
        except csv.Error as error:
            where, kind = f"{self.name}:{number}", _kind(self._layout.delimiter)
            why = f"is not a row of {kind} ({error})"
            what_to_do = "write it as RFC 4180 has it"
            raise UnreadableTableError(where, why, what_to_do) from None
        except OSError as error:
            raise _cannot_read(self.name, error) from None

    def _headings(self, number: int, cells: Sequence[Cell]) -> tuple[Heading, ...]:
        if self._book is not None:
            cells = _cut(cells, 0)
        if len(cells) > MAX_COLUMNS:
            why = f"has {len(cells):,} columns, more than {MAX_COLUMNS:,}"
            raise UnreadableTableError(self.name, why, "leave out what is not needed")
        found: dict[str, Heading] = {}
        faults = []
        for at, cell in enumerate(cells, 1):
            heading = Heading(str(cell), self._letters(at))
            place = f"{self.name}:{heading.letters}{number}"
            column = f"{place}: column {at}"
            if isinstance(cell, Unsaid):
                faults.append(f"{column}: {cell.rule}")
            elif not isinstance(cell, str):
                faults.append(f"{column}: its name must be text")
            elif not cell.strip():
                faults.append(f"{column}: has no name")
            elif cell in found:
                faults.append(f"{column}: there is another {cell!r}")
            found[heading.name] = heading
        if faults:
            listed = tuple(faults[:FAULTS_LISTED])
            raise FaultyTableError(self.name, listed, len(faults))
        return tuple(found.values())

    def _letters(self, column: int) -> str:
        if self._book is None:
            return ""
        from ledger.intake.workbook import letters

        return letters(self._book.first_column + column - 1)


@contextmanager
def open_table(
    path: str, layout: Layout = PLAIN, name: str | None = None
) -> Iterator[Table]:
    """Open a table for reading.

    :param path: a file whose name ends as :data:`SUFFIXES` have it.
    :param layout: of a CSV or TSV file.
    :param name: what messages call it; left out: the path.
    :raises NoInputFileError: it cannot be opened.
    :raises UnreadableTableError: it is no table, or larger than what is read.
    :raises FaultyTableError: its header is not one name for each column.
    """
    if not is_table(path):
        raise UnreadableTableError(
            path, "is no table", f"give a file that ends in {', '.join(SUFFIXES)}"
        )
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as error:
        raise _cannot_read(path, error) from None
    # The name that messages have may be cut short.
    suffix = Path(path).suffix.lower()
    if suffix == ".tsv":
        layout = layout._replace(delimiter="\t")
    with file:
        try:
            called = path if name is None else name
            table = Table(called, file, None if suffix == ".xlsx" else layout)
        except OSError as error:
            raise _cannot_read(path, error) from None
        yield table


def is_table(path: str) -> bool:
    """Whether a file is read as a table, by how its name ends."""
    return path.lower().endswith(SUFFIXES)


def _cut(cells: Sequence[Cell], width: int) -> Sequence[Cell]:
    """Cut empty cells off the right, and fill up to a width."""
    last = len(cells)
    while last > width and cells[last - 1] == "":
        last -= 1
    return [*cells[:last], *([""] * (width - last))]


def _cannot_read(path: str, error: Exception) -> NoInputFileError:
    return NoInputFileError(path, getattr(error, "strerror", None) or str(error))


def _whole_row(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of a row in which every quote stands where one may."""
    between = re.escape(delimiter)
    cell = f'(?:"(?:[^"]|"")*"|[^"{between}\r\n]*)'
    return re.compile(f"{cell}(?:{between}{cell})*[\r\n]*")


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def _kind(delimiter: str) -> str:
    return "TSV" if delimiter == "\t" else f"CSV with {delimiter!r} between cells"


class _Text:
    """The lines of a file as text, each no longer than a row may be."""

    def __init__(self, name: str, file: IO[bytes], encoding: str) -> None:
        file.seek(0)
        self._name = name
        self._file = file
        self._encoding = encoding
        self._decoder = getincrementaldecoder(encoding)()
        self._number = 0
        self._length = 0
        self._lines: list[str] = []

    @property
    def row(self) -> str:
        """The row as it stands in the file."""
        return "".join(self._lines)

    def row_begins(self) -> None:
        """Count from here."""
        self._length = 0
        self._lines.clear()

    def __iter__(self) -> Iterator[str]:
        while raw := self._file.readline(MAX_ROW_CHARACTERS + 1):
            self._number += 1
            self._length += len(raw)
            if self._length > MAX_ROW_CHARACTERS:
                why = f"is a row of more than {MAX_ROW_CHARACTERS:,} bytes"
                raise self._no_text(why, "see whether a quote is not closed")
            text = self._text(raw)
            self._lines.append(text)
            yield text
        self._text(b"", final=True)

    def _text(self, raw: bytes, *, final: bool = False) -> str:
        try:
            text = self._decoder.decode(raw, final)
        except UnicodeDecodeError as error:
            why = f"is not {self._encoding} ({error.reason})"
            what_to_do = "save it as UTF-8, or name its encoding in a map (--map)"
            raise self._no_text(why, what_to_do) from None
        return text.removeprefix("\N{BYTE ORDER MARK}") if self._number == 1 else text

    def _no_text(self, why: str, what_to_do: str) -> UnreadableTableError:
        return UnreadableTableError(f"{self._name}:{self._number}", why, what_to_do)
