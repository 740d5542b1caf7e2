"""Maps: how the columns of a table somebody else made are to be read (docs/maps.md).

A map names the field of every column, says which columns to leave out, and translates
codes and dates. What it does not name is refused, never guessed.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.errors import FaultyMapError, FaultyTableError, NoInputFileError
from ledger.intake.cells import Unsaid
from ledger.intake.rows import CellFault, Row, place, titled
from ledger.intake.tables import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.intake.cells import Cell
    from ledger.intake.rows import Columns
    from ledger.intake.tables import Line, Table

IsField = Callable[[str], bool]

Encoding = Literal["utf-8", "cp1252", "iso-8859-1"]
EXCEL = "excel"
"""In place of the form of a date: a spreadsheet's number of a day."""

DAYS = frozenset(
    {
        "effective_on",
        "from",
        "filed_on",
        "determined_on",
        "approved_on",
        "first_approved_on",
        "on",
    }
)
"""The fields that hold a day."""

LISTED = 1_000
"""How many unmapped values are listed before the cells with others are counted."""

_INSTANT = "known_at"
_MAX_BYTES = 2**20
# Two digits take its year for 2001, half a day's hours its afternoon for the morning.
_PROBE = datetime(2101, 12, 30, 15, 47, 31).astimezone()
# More digits than a spreadsheet keeps of a number.
_TOO_LARGE = 10**15


class ColumnMap(BaseModel):
    """A map as it stands in its file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    trim: bool = False
    """Whether white space is taken off both ends of every cell."""
    empty: list[str] = []
    """Cells that say nothing."""
    ignore: list[str] = []
    """Columns that are left out."""
    encoding: Encoding = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    columns: dict[str, str] = {}
    """The field of each column, by its name in the file."""
    constants: dict[str, str] = {}
    """Fields the table has no column for, the same in every row."""
    values: dict[str, dict[str, str]] = {}
    """By field: what each code means; empty text for nothing."""
    dates: dict[str, str | list[str]] = {}
    """By field: the forms its dates may have, tried in order."""

    @property
    def layout(self) -> Layout:
        """How the file is written."""
        return Layout(self.encoding, self.delimiter)

    def forms(self, field: str) -> list[str]:
        """Return the forms of a date that a field takes besides YYYY-MM-DD."""
        given = self.dates.get(field, [])
        return [given] if isinstance(given, str) else given


class MapFile(NamedTuple):
    """A map, and which file it is."""

    name: str
    sha256: str
    held: ColumnMap


NO_MAP = MapFile("", "", ColumnMap())


class Named(NamedTuple):
    """A table whose columns have the names of fields."""

    table: Table
    map: MapFile
    fields: tuple[str | None, ...]
    """Of each column; None where it is left out."""
    columns: Columns
    notes: tuple[str, ...]
    """What the map names and the table has not, and what of the file is not read."""
    unnamed: tuple[str, ...]
    """Of each column that is neither a field's nor left out: where it is, and why."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows, their cells translated; again and again."""
        for line in self.table.lines():
            yield self._row(line)

    def _row(self, line: Line) -> Row:
        if line.fault is not None:
            fault = CellFault("row", line.fault)
            return Row(line.number, {}, self.columns, (fault,))
        cells: dict[str, str] = {}
        faults: list[CellFault] = []
        for field, cell in zip(self.fields, line.cells, strict=True):
            if field is None or cell == "":
                continue
            try:
                text = _translated(self.map, field, cell)
            except _CellError as error:
                faults.append(CellFault(field, str(error)))
                continue
            if text:
                cells[field] = text
        cells |= self.map.held.constants
        return Row(line.number, cells, self.columns, tuple(faults))

    def check(self, *, values: bool) -> None:
        """Check that every column is named; read the table through for every value too.

        :param values: whether a value that the map does not translate is a fault here.
        :raises FaultyTableError: names every such column, and every such value once,
            with the place where it stands first.
        """
        found: dict[tuple[str, str], tuple[int, str]] = {}
        counts: Counter[tuple[str, str]] = Counter()
        unlisted = 0
        if values:
            for row in self.rows():
                for fault in row.faults:
                    key = (base_of(fault.field), fault.rule)
                    if len(found) < LISTED:
                        found.setdefault(key, (row.number, fault.field))
                    if key in found:
                        counts[key] += 1
                    else:
                        unlisted += 1
        lines = self.unnamed + tuple(
            f"{place(self.table.name, number, field, self.columns)}:"
            f" {titled(field, self.columns)}: {key[1]}{_times(counts[key])}"
            for key, (number, field) in found.items()
        )
        if lines:
            raise FaultyTableError(self.table.name, lines, len(lines) + unlisted)


def read_map(path: str) -> MapFile:
    """Read a map.

    :raises NoInputFileError: there is no such file.
    :raises FaultyMapError: it is no map.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoInputFileError(path or "''", why) from None
    if len(raw) > _MAX_BYTES:
        raise FaultyMapError(path, (f"{path}: is longer than {_MAX_BYTES:,} bytes",))
    try:
        held = ColumnMap.model_validate(tomllib.loads(raw.decode("utf-8-sig")))
    except tomllib.TOMLDecodeError as error:
        raise FaultyMapError(path, (f"{path}: is not TOML: {error}",)) from None
    except UnicodeDecodeError:
        raise FaultyMapError(path, (f"{path}: is not UTF-8",)) from None
    except RecursionError:
        raise FaultyMapError(path, (f"{path}: is nested too deep",)) from None
    except ValidationError as error:
        raise FaultyMapError(path, tuple(_map_faults(path, error))) from None
    except ValueError as error:  # A number of more digits than Python reads.
        raise FaultyMapError(path, (f"{path}: is not TOML: {error}",)) from None
    if faults := tuple(f"{path}: {fault}" for fault in _contradictions(held)):
        raise FaultyMapError(path, faults)
    return MapFile(path, sha256(raw).hexdigest(), held)


def name_columns(table: Table, map_file: MapFile, is_field: IsField) -> Named:
    """Give the columns of a table the names of fields.

    :param map_file: ``NO_MAP`` where the columns are called as the fields are.
    :param is_field: whether a name is one of the fields that are read here.
    :raises FaultyMapError: the map names what is no field here.
    """
    map_name, held = map_file.name, map_file.held
    if faults := tuple(
        f"{map_name}: {fault}"
        for fault in (*_strange_fields(held, is_field), *_other_days(held, table))
    ):
        raise FaultyMapError(map_name, faults)
    called = [
        heading.name.strip() if held.trim else heading.name for heading in table.header
    ]
    names = set(called)
    # Without a map a table's columns are called as the fields are.
    given = held.columns if map_name else {name: name for name in names}
    fields: list[str | None] = []
    unnamed = []
    for heading, name in zip(table.header, called, strict=True):
        field = given.get(name)
        if name in held.ignore:
            field = None
        elif called.count(name) > 1:
            field = None
            where = f"{table.name}:{heading.letters}{table.header_number}"
            unnamed.append(
                f"{where}: column {heading.name!r}: there is another {name!r}"
            )
        elif field is None or not is_field(field):
            field = None
            rule = f"is not in [columns] of {map_name}; name its field, or ignore it"
            if not map_name:
                rule = "is no field; name the field it holds in a map (--map)"
            where = f"{table.name}:{heading.letters}{table.header_number}"
            unnamed.append(f"{where}: column {heading.name!r}: {rule}")
        fields.append(field)
    columns = {
        field: heading
        for field, heading in zip(fields, table.header, strict=True)
        if field is not None
    }
    absent = [name for name in (*held.columns, *held.ignore) if name not in names]
    notes = [
        f"{table.name}: has no column {name!r}, which {map_name} names"
        for name in absent
    ]
    return Named(
        table,
        map_file,
        tuple(fields),
        columns,
        (*table.notes, *notes),
        tuple(unnamed),
    )


def base_of(field: str) -> str:
    """Return a field without its number: ``on_2`` is one of the ``on``."""
    return re.sub(r"_[0-9]+$", "", field)


def _times(count: int) -> str:
    return f" ({count:,} rows)" if count > 1 else ""


# --- cells ------------------------------------------------------------------------


class _CellError(ValueError):
    """A cell says nothing that its field could take."""


def _translated(map_file: MapFile, field: str, cell: Cell) -> str:
    """Return what a cell says as a line of facts has it; empty if it says nothing.

    :raises _CellError: it cannot be said.
    """
    held = map_file.held
    name = base_of(field)
    values = held.values.get(name)
    forms = held.forms(name)
    if isinstance(cell, Unsaid):
        raise _CellError(cell.rule)
    if isinstance(cell, date):
        if name in DAYS:
            return _day(cell)
        if values is None:
            # What looks like a date becomes one as it is typed: `1-2`, `MAR1`.
            message = "is a date in the spreadsheet; make it text"
            raise _CellError(message)
    text = text_of(cell)
    if held.trim:
        text = text.strip()
    if not text or text in held.empty:
        return ""
    if values is not None:
        if text not in values:
            message = f"{text!r} is not in [values.{name}] of {map_file.name}"
            raise _CellError(message)
        text = values[text]
    return _dated(text, name, tuple(forms)) if text and forms else text


def text_of(cell: str | float | date) -> str:
    """Return what a cell holds as text.

    :raises ValueError: it is a fraction, too long a number, or has a time of day.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, date):
        return _day(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if not cell.is_integer():
        message = f"is the number {cell!r}; make it text"
        raise _CellError(message)
    if abs(cell) >= _TOO_LARGE:
        message = "is a number with more digits than a spreadsheet keeps; make it text"
        raise _CellError(message)
    return str(int(cell))


def _day(cell: date) -> str:
    if isinstance(cell, datetime):
        if cell != datetime.combine(cell.date(), datetime.min.time()):
            message = f"is a date with a time of day ({cell})"
            raise _CellError(message)
        cell = cell.date()
    return cell.isoformat()


@lru_cache(maxsize=4096)
def _dated(text: str, field: str, forms: tuple[str, ...]) -> str:
    if field != _INSTANT and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return text
    for form in forms:
        try:
            if field == _INSTANT:
                return _read_instant(text, form)
            return read_day(text, form)
        except (ValueError, OverflowError):
            continue
    message = f"{text!r} is in none of the forms {', '.join(forms)}"
    raise _CellError(message)


def _read_instant(text: str, form: str) -> str:
    if not text.isascii():
        raise ValueError(text)
    # Its form has `%z` (see `_no_form`).
    return datetime.strptime(text, form).isoformat()  # noqa: DTZ007


def read_day(text: str, form: str) -> str:
    """Read a date of one form; return it as YYYY-MM-DD.

    :raises ValueError: it is not of that form.
    """
    if not text.isascii():
        raise ValueError(text)
    if form == EXCEL:
        # Days before 1 March 1900 are told differently by different programs.
        if not re.fullmatch(r"[0-9]{2,6}", text) or int(text) <= 60:  # noqa: PLR2004
            raise ValueError(text)
        return (date(1899, 12, 30) + timedelta(days=int(text))).isoformat()
    found = datetime.strptime(text, form)  # noqa: DTZ007 - a day has no zone
    if re.search(r"%[A-Za-z]%", form) and found.strftime(form) != text:
        # Without something between them `201911` could be read in several ways.
        raise ValueError(text)
    return f"{found.year:04}-{found.month:02}-{found.day:02}"


# --- what a map may not say ---------------------------------------------------------


def _map_faults(path: str, error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False, include_context=False):
        where = ".".join(
            str(part) for part in item["loc"] if part not in ("str", "list[str]")
        )
        unknown = item["type"] == "extra_forbidden"
        yield f"{path}: {where}: {'is not known' if unknown else item['msg']}"


def _contradictions(held: ColumnMap) -> Iterator[str]:
    fields: dict[str, str] = {}
    for column, field in held.columns.items():
        if field in fields:
            yield f"columns: {fields[field]!r} and {column!r} are both {field}"
        fields[field] = column
        if column in held.ignore:
            yield f"ignore: {column!r} is in [columns] too"
    for field in held.constants:
        if field in fields:
            yield f"constants: {field} is the column {fields[field]!r} too"
    for field, codes in held.values.items():
        if "" in codes:
            yield f"values.{field}: an empty cell has no value; leave it out"
    if held.delimiter in '"\r\n' or not held.delimiter.isascii():
        yield "delimiter: must be one character that is no quote and no line end"
    for field in held.dates:
        for form in held.forms(field):
            if why := _no_form(field, form):
                yield f"dates.{field}: {form!r} {why}"


def _no_form(field: str, form: str) -> str | None:
    """Say why a form of dates is none that tells one day, or one instant."""
    if field == _INSTANT:
        if "%z" not in form:
            return "must have %z: an instant has an offset"
    elif form == EXCEL:
        return None
    if "%y" in form:
        return "must have %Y: two digits do not tell the century"
    try:
        told = datetime.strptime(_PROBE.strftime(form), form)  # noqa: DTZ007
    except ValueError as error:
        return f"is no form of a date ({error})"
    if told.date() != _PROBE.date():
        return "does not tell a whole date, with a year of four digits"
    if field == _INSTANT and told.hour not in {0, _PROBE.hour}:
        return "must have %H, or %I and %p: half a day's hours do not tell the hour"
    return None


def _other_days(held: ColumnMap, table: Table) -> Iterator[str]:
    for field in held.dates:
        if table.from_1904 and EXCEL in held.forms(field):
            yield (
                f"dates.{field}: {EXCEL!r} counts from 1900, and {table.name} from"
                " 1904; make its numbers dates"
            )


def _strange_fields(held: ColumnMap, is_field: IsField) -> Iterator[str]:
    for column, field in held.columns.items():
        if not is_field(field):
            yield f"columns: {column!r} is {field!r}, which is no field here"
    for field in held.constants:
        if not is_field(field):
            yield f"constants: {field!r} is no field here"
    for table, given in (("values", held.values), ("dates", held.dates)):
        for field in given:
            known = is_field(field) and base_of(field) == field
            if not known:
                yield f"{table}: {field!r} is no field here"
            elif table == "dates" and field not in DAYS | {_INSTANT}:
                yield f"dates: {field} holds no date"
