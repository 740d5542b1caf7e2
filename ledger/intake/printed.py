"""What was printed before a ledger existed: a JSON object a line.

Lines of one name are one publication, such as a table of five years
(docs/publications.md).
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from ledger.domain.events import (
    FiscalYear,
    Id,
    LongText,
    MeasureId,
    PublicationName,
    Quantity,
    Text,
    rule_of,
)
from ledger.errors import FaultyFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_FAULTS = 100
_SHARED = ("document", "claims", "printed_on", "as_of", "synthetic")


class _Line(BaseModel):
    """One printing of the figures of one fiscal year."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: PublicationName
    document: Text
    claims: Text
    printed_on: str
    as_of: Text
    fiscal_year: FiscalYear
    figures: dict[MeasureId, Quantity]
    printed: Text | None = None
    definition: dict[str, Id] | None = None
    """How the document defines it, for people; figures name their measures."""
    note: LongText | None = None
    synthetic: bool = False

    @field_validator("printed_on")
    @classmethod
    def _day(cls, text: str) -> str:
        if len(text) == len("2020-01-15"):
            date.fromisoformat(text)
            return text
        message = "must be a date, as 2020-01-15"
        raise ValueError(message)


class PrintedFigure(NamedTuple):
    """A figure as a document has it."""

    measure: str
    fiscal_year: int
    value: int
    words: str | None


class Printing(NamedTuple):
    """A document that printed figures."""

    name: str
    document: str
    claims: str
    printed_on: str
    as_of: str
    synthetic: bool
    figures: tuple[PrintedFigure, ...]


def read_printings(file: str, lines: Iterable[bytes]) -> list[Printing]:
    """Read printings; the order of their names is that of the lines.

    :param file: what the file is called when something is wrong with it.
    :raises FaultyFileError: a line is no printing, or contradicts another of its name.
    """
    faults: list[str] = []
    found: dict[str, Printing] = {}
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if not text:
            continue
        read = _read(text)
        if isinstance(read, _Line):
            wrong = _add(found, read)
            faults += [f"{file}:{number}: {field}: {rule}" for field, rule in wrong]
        else:
            faults += [f"{file}:{number}: {field}: {rule}" for field, rule in read]
    if faults:
        raise FaultyFileError(
            file, tuple(faults[:MOST_FAULTS]), len(faults), verb="register"
        )
    return list(found.values())


def _read(text: bytes) -> _Line | list[tuple[str, str]]:
    try:
        fields = json.loads(text, object_pairs_hook=_once)
        return _Line.model_validate(fields)
    except ValidationError as error:
        return [
            (".".join(map(str, item["loc"])) or "line", rule_of(item))
            for item in error.errors(include_url=False)
        ]
    except (ValueError, RecursionError) as error:
        return [("line", f"is not JSON: {error}")]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            message = f"{name} is given twice"
            raise ValueError(message)
    return dict(pairs)


def _add(found: dict[str, Printing], line: _Line) -> list[tuple[str, str]]:
    """Add a line to the printing of its name; return what contradicts it."""
    held = found.get(line.name)
    if held is None:
        shared = {name: getattr(line, name) for name in _SHARED}
        held = Printing(line.name, figures=(), **shared)
    wrong = [
        (name, f"is another than in the lines of {line.name} before")
        for name in _SHARED
        if getattr(held, name) != getattr(line, name)
    ]
    if not line.figures:
        wrong.append(("figures", "must name at least one measure"))
    there = {(one.measure, one.fiscal_year) for one in held.figures}
    for measure, value in line.figures.items():
        if (measure, line.fiscal_year) in there:
            wrong.append(("figures", f"{measure} FY{line.fiscal_year} is there twice"))
        figure = PrintedFigure(measure, line.fiscal_year, value, line.printed)
        held = held._replace(figures=(*held.figures, figure))
    found[line.name] = held
    return wrong
