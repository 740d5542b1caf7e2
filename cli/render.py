"""Write an answer as a table, JSON, JSON Lines, CSV, TSV or Markdown.

Every format names the basis the answer rests on. JSON is exact; all other formats are
for eyes and spreadsheets, and pass every piece of data through ``cli.safe``.
This module is on the path of every command, so rich and csv are imported when used.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple, TextIO, cast

from cli import safe

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "md")

_SPACED = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=dict)
_COMPACT = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, default=dict, separators=(",", ":")
)
_NONE = "none"
_NO_ROWS = "no rows"
_GAP = 3
_NARROWEST = 16  # Text is never folded below this: an SCR id, "dismantlement".
_RICH_ROWS = 1000  # rich takes a millisecond a row; nobody reads more at a sitting.


class Column(NamedTuple):
    """A column: where its values are, what stands above them, how they are drawn."""

    name: str
    """The key in the rows, and the heading in CSV and TSV."""
    title: str
    """The heading in tables and Markdown."""
    right: bool = False
    """Whether the values stand at the right: numbers."""
    grouped: bool = False
    """Whether tables write 1,234: counts, never years or positions."""
    show: Callable[[object], str] | None = None
    """The short text for a value in tables and Markdown; not asked about None."""
    shade: Callable[[object], str] | None = None
    """The style of a value in a terminal with colours: never all that tells it."""


class Answer(NamedTuple):
    """What a command found, and the basis it rests on."""

    schema: str
    basis: Mapping[str, object] | None
    """One basis object, or ``{"from": …, "to": …}`` of two."""
    columns: Sequence[Column]
    rows: Iterable[Mapping[str, object]]
    """Read once. JSON has them whole; CSV, TSV and Markdown have the columns."""
    table_columns: Sequence[Column] | None = None
    """The columns of a table, where people want another shape."""
    table_rows: Iterable[Mapping[str, object]] | None = None
    narrow_columns: Sequence[Column] | None = None
    """The columns where a table has no room for those; its rows are then a list."""
    notes: Sequence[str] = ()
    title: str | None = None
    extra: Mapping[str, object] = MappingProxyType({})
    """Further members of the JSON object, between basis and rows."""
    tail: Mapping[str, object] = MappingProxyType({})
    """Further members of it, after the rows; in JSON Lines they come before them."""


def write(  # noqa: PLR0913 - the last three are options.
    answer: Answer,
    fmt: str,
    out: TextIO,
    *,
    raw: bool = False,
    width: int | None = None,
    colour: bool = False,
) -> None:
    """Write the answer to ``out`` in one of ``FORMATS``.

    ``raw`` leaves CSV and TSV cells exact. ``width`` is the room a table has; without
    it, a table is as wide as its rows.
    """
    match fmt:
        case "table":
            _write_table(answer, out, width=width, colour=colour)
        case "json":
            _write_json(answer, out)
        case "jsonl":
            _write_json_lines(answer, out)
        case "csv":
            _write_cells(answer, out, delimiter=",", raw=raw)
        case "tsv":
            _write_cells(answer, out, delimiter="\t", raw=raw)
        case "md":
            _write_markdown(answer, out)
        case _:
            message = f"unknown format {fmt!r}: use one of {', '.join(FORMATS)}"
            raise ValueError(message)


# The basis, in words


def basis_line(basis: Mapping[str, object]) -> str:
    """Return ``before INSTANT @POSITION ROOT``; of two bases, ``from … to …``."""
    return " ".join(f"{name} {_line(one)}".lstrip() for name, one in _bases(basis))


def grade_text(basis: Mapping[str, object]) -> str:
    """Return the grade in words, with the two counts if it is mixed."""
    return " ".join(f"{name} {_grade(one)}".lstrip() for name, one in _bases(basis))


def _bases(
    basis: Mapping[str, object],
) -> Sequence[tuple[str, Mapping[str, object]]]:
    """Return the one basis without a name, or the two with theirs."""
    if "bound" in basis:
        return [("", basis)]
    return [
        (name, cast("Mapping[str, object]", basis[name])) for name in ("from", "to")
    ]


def _line(basis: Mapping[str, object]) -> str:
    """Return the line of one basis; ``all`` has no instant."""
    instant = "" if basis["instant"] is None else f"{basis['instant']} "
    return f"{basis['bound']} {instant}@{basis['position']} {basis['root']}"


def _grade(basis: Mapping[str, object]) -> str:
    """Return the grade of one basis."""
    if basis["grade"] != "mixed":
        return str(basis["grade"])
    return f"mixed ({basis['claimed']} of {basis['visible']} claimed)"


# JSON


def _json(value: object, encoder: json.JSONEncoder = _SPACED) -> str:
    """Return the value as one line of JSON that no terminal obeys."""
    return safe.json_text(encoder.encode(value))


def _head(answer: Answer) -> dict[str, object]:
    """Return the members of the JSON object that come before the rows."""
    return {"schema": answer.schema, "basis": answer.basis, **answer.extra}


def _write_json(answer: Answer, out: TextIO) -> None:
    """Write one object, a line for each member and each row, as the rows come."""
    out.write("{\n")
    head = _head(answer).items()
    out.writelines(f"  {_json(name)}: {_json(value)},\n" for name, value in head)
    out.write('  "rows": [')
    before, end = "\n    ", "]"
    for row in answer.rows:
        out.write(f"{before}{_json(row)}")
        before, end = ",\n    ", "\n  ]"
    out.write(end)
    tail = answer.tail.items()
    out.writelines(f",\n  {_json(name)}: {_json(value)}" for name, value in tail)
    out.write("\n}\n")


def _write_json_lines(answer: Answer, out: TextIO) -> None:
    """Write what comes before the rows as the first line, then a row a line."""
    head = {**_head(answer), **answer.tail}
    out.write(f"{_json(head, _COMPACT)}\n")
    out.writelines(f"{_json(row, _COMPACT)}\n" for row in answer.rows)


# CSV and TSV


def _plain(value: object) -> str:
    """Return a value as text: nothing for None, compact JSON for what is nested."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value, _COMPACT)


def _cell(value: object, *, raw: bool) -> str:
    """Return a cell. Only text can be a formula; a number such as -3 is a number."""
    if not isinstance(value, str):
        return _plain(value)
    return safe.encodable(value) if raw else safe.display(safe.cell(value))


def _write_cells(answer: Answer, out: TextIO, *, delimiter: str, raw: bool) -> None:
    """Write a header row and the rows, the basis in the last column of each."""
    import csv

    plain = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    # Before Python 3.13 csv.writer leaves a carriage return bare, which raw text may
    # hold, and no reader gets it back.
    quoted = csv.writer(
        out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL
    )
    names = [column.name for column in answer.columns]
    basis = [] if answer.basis is None else [basis_line(answer.basis)]

    plain.writerow([*names, "basis"][: len(names) + len(basis)])
    for row in answer.rows:
        cells = [_cell(row.get(name), raw=raw) for name in names]
        writer = quoted if any("\r" in cell for cell in cells) else plain
        writer.writerow([*cells, *basis])


# Markdown


def _words(column: Column, value: object) -> str:
    """Return a value that is not None as people read it."""
    return _plain(value) if column.show is None else column.show(value)


def _write_markdown(answer: Answer, out: TextIO) -> None:
    """Write paragraphs and a table in GitHub's Markdown, without any of the data's."""
    if answer.title is not None:
        out.write(f"**{safe.markdown(answer.title).strip()}**\n\n")
    for name, basis in _bases(answer.basis) if answer.basis is not None else ():
        line = safe.display(_line(basis)).replace("`", "'")
        grade = safe.markdown(_grade(basis))
        out.write(f"{name} `{line}` grade {grade}".lstrip() + "\n\n")
    _write_markdown_table(answer, out)
    out.writelines(f"\n{safe.markdown_line(note)}\n" for note in answer.notes)


def _write_markdown_table(answer: Answer, out: TextIO) -> None:
    """Write the rows as a table, or say that there are none."""
    rows = iter(answer.rows)
    first = next(rows, None)
    if first is None:
        out.write(f"{_NO_ROWS}\n")
        return
    titles = [safe.markdown(column.title) for column in answer.columns]
    rules = ["---:" if column.right else "---" for column in answer.columns]
    out.write(f"| {' | '.join(titles)} |\n| {' | '.join(rules)} |\n")
    for row in chain([first], rows):
        cells = [_markdown_cell(column, row) for column in answer.columns]
        out.write(f"| {' | '.join(cells)} |\n")


def _markdown_cell(column: Column, row: Mapping[str, object]) -> str:
    """Return a cell; None is set apart from a text that says none."""
    value = row.get(column.name)
    return f"*{_NONE}*" if value is None else safe.markdown(_words(column, value))


# Tables


class _Grid(NamedTuple):
    """A table ready to draw: safe text, and the room each column needs."""

    columns: Sequence[Column]
    titles: Sequence[str]
    rows: Sequence[Sequence[str | None]]
    shades: Sequence[Sequence[str]]
    widths: Sequence[int]

    @property
    def width(self) -> int:
        """The room the grid needs when nothing is folded."""
        return sum(self.widths) + _GAP * (len(self.widths) - 1)

    @property
    def narrowest(self) -> int:
        """The least room: numbers are whole, and text keeps a readable width."""
        columns = zip(self.columns, self.widths, strict=True)
        least = (w if column.right else min(w, _NARROWEST) for column, w in columns)
        return sum(least) + _GAP * (len(self.widths) - 1)


def _write_table(
    answer: Answer, out: TextIO, *, width: int | None, colour: bool
) -> None:
    """Write title, basis and grade as plain lines, never folded; then the table."""
    if answer.title is not None:
        out.write(f"{safe.display(answer.title)}\n")
    if answer.basis is not None:
        out.writelines(f"{safe.display(line)}\n" for line in _heading(answer.basis))
    if answer.title is not None or answer.basis is not None:
        out.write("\n")
    grid = _fitting(answer, width)
    out.writelines(f"{line}\n" for line in _draw(grid, width, colour=colour))
    if answer.notes:
        out.write("\n")
    out.writelines(f"{safe.display(note)}\n" for note in answer.notes)


def _heading(basis: Mapping[str, object]) -> Iterator[str]:
    """Yield the basis and its grade, two lines for each basis."""
    for name, one in _bases(basis):
        label = f"{name:<5}" if name else ""
        yield f"{label}{_line(one)}"
        yield f"{' ' * len(label)}grade {_grade(one)}"


def _fitting(answer: Answer, width: int | None) -> _Grid:
    """Return the table, with the narrow columns where the others have no room."""
    grid, narrow = _grid(answer), answer.narrow_columns
    if narrow is None or width is None or grid.narrowest <= width:
        return grid
    return _grid(answer._replace(table_columns=narrow))


def _grid(answer: Answer) -> _Grid:
    """Return the table's cells and the room they need."""
    columns = answer.columns if answer.table_columns is None else answer.table_columns
    source = list(answer.rows if answer.table_rows is None else answer.table_rows)
    titles = [safe.display(column.title) for column in columns]
    rows = [[_table_cell(column, row) for column in columns] for row in source]
    shades = [[_shade(column, row) for column in columns] for row in source]
    drawn = zip(titles, *rows, strict=True)
    widths = [max(_room(_NONE if c is None else c) for c in cells) for cells in drawn]
    return _Grid(columns, titles, rows, shades, widths)


def _shade(column: Column, row: Mapping[str, object]) -> str:
    return "" if column.shade is None else column.shade(row.get(column.name))


def _table_cell(column: Column, row: Mapping[str, object]) -> str | None:
    """Return a cell as safe text; None stays None."""
    value = row.get(column.name)
    if value is None:
        return None
    if column.grouped and column.show is None and isinstance(value, int):
        return f"{value:,}"
    return safe.display(_words(column, value))


def _room(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _draw(grid: _Grid, width: int | None, *, colour: bool) -> Iterable[str]:
    """Return the lines of the table.

    rich folds and colours; where there is nothing to fold or colour, and where there
    is too much to read, the same lines are drawn here in a hundredth of the time.
    """
    if not grid.rows:
        return [_NO_ROWS]
    fits = width is None or grid.width <= width
    if len(grid.rows) > _RICH_ROWS or (fits and not colour):
        return _draw_plain(grid)
    room = grid.width if width is None else max(width, grid.narrowest)
    return _draw_rich(grid, room, colour=colour)


def _draw_plain(grid: _Grid) -> Iterator[str]:
    """Yield the lines, each as wide as it is."""
    yield _aligned(grid, grid.titles)
    yield "─" * grid.width
    for row in grid.rows:
        yield _aligned(grid, row)


def _aligned(grid: _Grid, row: Sequence[str | None]) -> str:
    """Return the cells of a row, each at its side of its column."""
    parts = []
    for cell, column, width in zip(row, grid.columns, grid.widths, strict=True):
        text = _NONE if cell is None else cell
        pad = " " * (width - _room(text))
        parts.append(f"{pad}{text}" if column.right else f"{text}{pad}")
    return (" " * _GAP).join(parts).rstrip(" ")


def _draw_rich(grid: _Grid, room: int, *, colour: bool) -> Sequence[str]:
    """Return the lines, text folded to fit the room, numbers whole."""
    from io import StringIO

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column, title in zip(grid.columns, grid.titles, strict=True):
        table.add_column(
            Text(title),
            justify="right" if column.right else "left",
            no_wrap=column.right,
            overflow="fold",
        )
    for row, shades in zip(grid.rows, grid.shades, strict=True):
        table.add_row(
            *(
                Text(_NONE, "dim") if cell is None else Text(cell, shade)
                for cell, shade in zip(row, shades, strict=True)
            )
        )
    drawn = StringIO()
    console = Console(
        file=drawn,
        width=room,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
    )
    console.print(table)
    return [line.rstrip(" ") for line in drawn.getvalue().splitlines()]
