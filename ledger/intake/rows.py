"""A row of a table once its columns are named: fields and the text their cells hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Heading(NamedTuple):
    """What the column of a field is called in the file."""

    name: str
    letters: str = ""
    """Of a spreadsheet, ``C`` or ``AB``; empty elsewhere."""


class CellFault(NamedTuple):
    """A cell that says nothing this program can take."""

    field: str
    rule: str


Columns = Mapping[str, Heading]
"""The columns of a table by the field they hold."""


class Row(NamedTuple):
    """One row. An empty cell is not in ``cells``, nor is one with a fault."""

    number: int
    """Of the line the row starts in, or of the row in a spreadsheet; from 1."""
    cells: Mapping[str, str]
    columns: Columns
    faults: tuple[CellFault, ...] = ()


def place(file: str, number: int, field: str, columns: Columns) -> str:
    """Name a cell, else a row, else a file: ``f.xlsx:C12``, ``f.csv:12``, ``f.csv``.

    :param number: of the row; 0 where no row of the file is meant.
    """
    if not number:
        return file
    letters = columns[field].letters if field in columns else ""
    return f"{file}:{letters}{number}"


def titled(field: str, columns: Columns) -> str:
    """Return a field with the name its column has in the file, where that differs."""
    name = columns[field].name if field in columns else field
    return field if name == field else f"{field} ({name})"
