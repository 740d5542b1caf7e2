"""What was printed before a ledger existed: a JSON object a line.

Lines of one name are one publication, such as a table of five years
(docs/publications.md).
"""

from __future__ import annotations

from typing import IO, NamedTuple

from pydantic import BaseModel, ConfigDict

from ledger.domain.events import (
    Day,
    FiscalYear,
    Id,
    LongText,
    MeasureId,
    PublicationName,
    Quantity,
    Text,
    Unreadable,
)
from ledger.errors import FaultyFileError, NoPrintingError
from ledger.intake import json_lines
from ledger.intake.json_lines import MOST_FAULTS

_SHARED = ("document", "claims", "printed_on", "as_of", "synthetic")


class _Line(BaseModel):
    """One printing of the figures of one fiscal year."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: PublicationName
    document: Text
    claims: Text
    printed_on: Day
    as_of: Text
    fiscal_year: FiscalYear
    figures: dict[MeasureId, Quantity]
    printed: Text | None = None
    definition: dict[str, Id] | None = None
    """How the document defines it, for people; figures name their measures."""
    note: LongText | None = None
    synthetic: bool = False


class PrintedFigure(NamedTuple):
    """A figure as a document has it."""

    measure: str
    fiscal_year: int
    value: int
    words: str | None
    line: int
    """Of its file, for what is found wrong later."""


class Printing(NamedTuple):
    """A document that printed figures."""

    name: str
    document: str
    claims: str
    printed_on: str
    as_of: str
    synthetic: bool
    figures: tuple[PrintedFigure, ...]
    line: int
    """The first of its name."""


def read_printings(file: str, lines: IO[bytes]) -> list[Printing]:
    """Read printings; the order of their names is that of the lines.

    :param file: what the file is called when something is wrong with it.
    :raises FaultyFileError: a line is no printing, or contradicts another of its name.
    :raises NoPrintingError: no line has anything on it.
    """
    faults: list[str] = []
    found: dict[str, Printing] = {}
    for number, text in json_lines.numbered(lines):
        try:
            read = json_lines.validated(_Line, json_lines.decoded(text))
        except Unreadable as error:
            wrong = list(error.faults)
        else:
            wrong = _add(found, read, number)
        faults += [f"{file}:{number}: {field}: {rule}" for field, rule in wrong]
    if faults:
        raise faulty(file, faults)
    if not found:
        raise NoPrintingError(file)
    return list(found.values())


def faulty(file: str, faults: list[str]) -> FaultyFileError:
    """Return the refusal of a file of printings; all of its faults are given."""
    listed = tuple(faults[:MOST_FAULTS])
    return FaultyFileError(file, listed, len(faults), verb="register")


def _add(found: dict[str, Printing], line: _Line, number: int) -> list[tuple[str, str]]:
    """Add a line to the printing of its name; return what contradicts it."""
    shared = {name: getattr(line, name) for name in _SHARED}
    shared["printed_on"] = line.printed_on.isoformat()
    held = found.get(line.name)
    if held is None:
        held = Printing(line.name, figures=(), line=number, **shared)
    wrong = [
        (name, f"is another than in the lines of {line.name} before")
        for name, value in shared.items()
        if getattr(held, name) != value
    ]
    if not line.figures:
        wrong.append(("figures", "must name at least one measure"))
    there = {(one.measure, one.fiscal_year) for one in held.figures}
    for measure, value in line.figures.items():
        if (measure, line.fiscal_year) in there:
            wrong.append(("figures", f"{measure} FY{line.fiscal_year} is there twice"))
        figure = PrintedFigure(measure, line.fiscal_year, value, line.printed, number)
        held = held._replace(figures=(*held.figures, figure))
    found[line.name] = held
    return wrong
