"""What was printed before a ledger existed: a JSON object a line.

Lines of one name are one publication, such as a table of five years
(docs/publications.md).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from ledger.domain.events import (
    MAX_LINE_BYTES,
    Day,
    FiscalYear,
    Id,
    LongText,
    MeasureId,
    PublicationName,
    Quantity,
    Text,
    Unreadable,
    rule_of,
)
from ledger.errors import FaultyFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_FAULTS = 100
_MOST_DIGITS = 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
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
        text = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip()
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
    if len(text) > MAX_LINE_BYTES:
        return [("line", f"is longer than {MAX_LINE_BYTES:,} bytes")]
    try:
        fields = json.loads(text.decode(), object_pairs_hook=_once, parse_int=_number)
        return _Line.model_validate(fields)
    except Unreadable as error:
        return list(error.faults)
    except ValidationError as error:
        return [(_path(item["loc"]), rule_of(item)) for item in error.errors()]
    except (ValueError, RecursionError) as error:
        return [("line", f"is not JSON: {error}")]


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc if part != "[key]") or "line"


def _number(digits: str) -> int:
    # Python refuses to read some thousand digits; any number so long is too large.
    return int(digits[:_MOST_DIGITS])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise Unreadable(((name, "is given twice"),))
        fields[name] = value
    return fields


def _add(found: dict[str, Printing], line: _Line) -> list[tuple[str, str]]:
    """Add a line to the printing of its name; return what contradicts it."""
    shared = {name: getattr(line, name) for name in _SHARED}
    shared["printed_on"] = line.printed_on.isoformat()
    held = found.get(line.name)
    if held is None:
        held = Printing(line.name, figures=(), **shared)
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
        figure = PrintedFigure(measure, line.fiscal_year, value, line.printed)
        held = held._replace(figures=(*held.figures, figure))
    found[line.name] = held
    return wrong
