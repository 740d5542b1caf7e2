"""Resource requests from a file: a JSON object a line (docs/accountability.md)."""

from __future__ import annotations

from datetime import date
from typing import IO, TYPE_CHECKING, Literal, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from ledger.domain.events import (
    Amount,
    FiscalYear,
    Id,
    LongText,
    MeasureId,
    Quantity,
    Text,
    Unreadable,
    Version,
)
from ledger.errors import FaultyFileError
from ledger.intake import json_lines
from ledger.intake.json_lines import MOST_FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMN = Literal["category", "subcategory", "office", "program", "meets_tco"]
_DAY = len("2020-01-15")


class _Cite(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    measure: MeasureId | None = None
    version: Version | None = None
    fiscal_year: FiscalYear | None = None
    value: Quantity | None = None
    where: dict[_COLUMN, Text | None] = {}
    scrs: list[Id] = Field(default=[], max_length=1_000)
    as_of: Text | None = None

    @model_validator(mode="after")
    def _something(self) -> _Cite:
        figure = (self.measure, self.fiscal_year, self.value)
        whole = None not in figure
        nothing = figure == (None,) * 3
        if not whole and not (nothing and self.scrs):
            message = "cites a measure, fiscal_year and value, or scrs, or both"
            raise ValueError(message)
        if not whole and (self.where or self.version is not None):
            message = "where and version are of a measure; name one"
            raise ValueError(message)
        if len(set(self.scrs)) < len(self.scrs):
            message = "scrs must not name anything twice"
            raise ValueError(message)
        return self


class _Line(BaseModel):
    """One request."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_by_name=True
    )

    request: Id
    program: Text | None = Field(default=None, alias="program_office")
    office: Text | None = None
    fiscal_year: FiscalYear
    title: LongText | None = None
    submitted_on: str | None = None
    amount: Amount
    positions: Amount
    cites: list[_Cite] = []
    reason: LongText | None = None
    synthetic: bool = False

    @field_validator("submitted_on")
    @classmethod
    def _day(cls, text: str | None) -> str | None:
        if text is None:
            return None
        if len(text) == _DAY and "1900" <= text[:4] <= "2999":
            return date.fromisoformat(text).isoformat()
        message = "must be a date, as 2020-01-15"
        raise ValueError(message)

    @model_validator(mode="after")
    def _whole(self) -> _Line:
        if self.program is None and self.office is None:
            message = "names a program_office or an office"
            raise ValueError(message)
        if self.cites and self.reason is not None:
            message = "cites something, or says the reason why not"
            raise ValueError(message)
        return self


class Cite(NamedTuple):
    """What a line cites: a figure, SCRs, or both."""

    measure: str | None
    version: int | None
    fiscal_year: int | None
    value: int | None
    where: tuple[tuple[str, str | None], ...]
    scrs: tuple[str, ...]
    as_of: str | None


class RequestLine(NamedTuple):
    """A request as a line has it."""

    number: int
    request: str
    program: str | None
    office: str | None
    fiscal_year: int
    title: str | None
    submitted_on: str | None
    amount: int
    positions: int
    cites: tuple[Cite, ...]
    reason: str | None
    synthetic: bool


def read_requests(file: str, lines: IO[bytes]) -> list[RequestLine]:
    """Read requests, in the order of the file.

    :param file: what the file is called when something is wrong with it.
    :raises FaultyFileError: a line is no request, or names one a second time.
    """
    faults: list[str] = []
    found: dict[str, RequestLine] = {}
    for number, text in json_lines.numbered(lines):
        try:
            read = _read(text)
        except Unreadable as error:
            wrong = error.faults
            faults += [f"{file}:{number}: {field}: {rule}" for field, rule in wrong]
            continue
        if read.request in found:
            first = found[read.request].number
            faults.append(f"{file}:{number}: request: is that of line {first}")
        else:
            found[read.request] = _line(number, read)
    if faults:
        raise faulty(file, faults)
    return list(found.values())


def faulty(file: str, faults: Sequence[str]) -> FaultyFileError:
    """Return the refusal of a file, with the first faults and how many there are."""
    listed = tuple(faults[:MOST_FAULTS])
    return FaultyFileError(file, listed, len(faults), verb="load")


def _line(number: int, read: _Line) -> RequestLine:
    cites = tuple(
        Cite(
            one.measure,
            one.version,
            one.fiscal_year,
            one.value,
            tuple(sorted(one.where.items())),
            tuple(one.scrs),
            one.as_of,
        )
        for one in read.cites
    )
    names = [name for name in RequestLine._fields if name not in ("number", "cites")]
    said = {name: getattr(read, name) for name in names}
    return RequestLine(number=number, cites=cites, **said)


def _read(text: bytes) -> _Line:
    """Return a request.

    :raises Unreadable: it is none.
    """
    fields = json_lines.decoded(text)
    if isinstance(fields, dict) and {"program", "program_office"} <= fields.keys():
        rule = "is program_office under another name; give one"
        raise Unreadable((("program", rule),))
    return json_lines.validated(_Line, fields)
