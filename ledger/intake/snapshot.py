"""An extract of one day, read: how every SCR stood, by the rows of a table.

A snapshot has a row per SCR, or one per outcome of an SCR. Its columns, and what it
cannot tell, are in docs/snapshots.md.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from pydantic import TypeAdapter, ValidationError

from ledger.domain.events import Answer, Day, Id, LongText, Text
from ledger.intake.mapping import base_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date

    from ledger.domain.scr import Kind
    from ledger.intake.rows import Row

Panel = Literal["yes", "no", "returned"]

KINDS: tuple[Kind, ...] = ("disruption", "dismantlement")
_PANELS = get_args(Panel)
_FLAGS = {"yes": True, "TRUE": True, "no": False, "FALSE": False}

OUTCOME = ("outcome", "kind", "on")
DETERMINATION = (
    "association",
    "transnational",
    "high_threat",
    "organization",
    "determined_on",
    "from",
)
# These groups of cells stand once in a row, or several times with a number.
_IN_GROUPS = re.compile(
    rf"({'|'.join((*OUTCOME, *DETERMINATION))})(?:_([1-9][0-9]{{0,2}}))?"
)

_ADAPTERS: dict[str, TypeAdapter[object]] = {
    "id": TypeAdapter(Id),
    "text": TypeAdapter(Text),
    "long text": TypeAdapter(LongText),
    "day": TypeAdapter(Day),
    "answer": TypeAdapter(Answer),
}
_TYPES = {
    "scr": "id",
    "case_number": "text",
    "office": "text",
    "program": "text",
    "title": "long text",
    "filed_on": "day",
    "category": "text",
    "subcategory": "text",
    "association": "answer",
    "transnational": "answer",
    "high_threat": "answer",
    "organization": "id",
    "determined_on": "day",
    "from": "day",
    "approved": "panel",
    "approved_on": "day",
    "first_approved_on": "day",
    "voided": "flag",
    "outcome": "id",
    "kind": "kind",
    "on": "day",
}
FIELDS = tuple(_TYPES)
"""The columns of a snapshot; those of a determination and of an outcome also with a
number: ``association_1``, ``outcome_2``."""


def is_field(name: str) -> bool:
    """Whether a column of a snapshot may be called so."""
    return name in _TYPES or _IN_GROUPS.fullmatch(name) is not None


class RowFault(NamedTuple):
    """One thing wrong with one cell of an extract."""

    row: int
    field: str
    rule: str


class SnapshotDetermination(NamedTuple):
    """A determination as an extract has it, or as it is compared with one."""

    association: str
    transnational: str
    high_threat: str | None = None
    organization: str | None = None
    determined_on: date | None = None
    since: date | None = None
    """It holds for outcomes from this day on; None: for all. The column is `from`."""


class SnapshotOutcome(NamedTuple):
    """An outcome as an extract has it: one that stands on that day."""

    id: str
    kind: Kind
    on: date
    row: int


class SnapshotState(NamedTuple):
    """How one SCR stands in an extract. None is an empty cell, or no column."""

    scr: str
    rows: tuple[Row, ...]
    columns: frozenset[str]
    """The fields the extract has a column for, without their numbers: only of these it
    says anything."""
    case_number: str | None = None
    office: str | None = None
    program: str | None = None
    title: str | None = None
    filed_on: date | None = None
    category: str | None = None
    subcategory: str | None = None
    approved: Panel | None = None
    approved_on: date | None = None
    first_approved_on: date | None = None
    voided: bool = False
    determinations: tuple[SnapshotDetermination, ...] = ()
    """In the order in which they were made."""
    outcomes: Mapping[str, SnapshotOutcome] = MappingProxyType({})

    @property
    def row(self) -> int:
        """The number of its first row."""
        return self.rows[0].number


class Refused(NamedTuple):
    """An SCR whose rows cannot be taken, or a row that names no SCR."""

    scr: str | None
    rows: tuple[Row, ...]
    faults: tuple[RowFault, ...]


class Unsayable(ValueError):  # noqa: N818 - a row whose change no event can express
    """What a row says cannot be said by facts."""

    def __init__(self, faults: tuple[RowFault, ...]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.rule}" for fault in faults))
        self.faults = faults


# --- reading -------------------------------------------------------------------


def states(
    rows: Iterable[Row], refuse: Callable[[Refused], None]
) -> Iterator[SnapshotState]:
    """Read an extract: yield each SCR once, in the order of their first rows.

    Rows of one SCR need not stand together, so all rows are read before the first SCR
    is yielded.

    :param rows: their fields named as :func:`is_field` has them.
    :param refuse: told of the SCRs that are left out, and why.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        faults: list[RowFault] = []
        if not groups and (missing := _missing_of_outcome(row)):
            # Else the outcomes of the ledger would seem to be gone.
            rule = "is required: the extract has other columns of an outcome"
            refuse(Refused(None, (row,), (RowFault(row.number, missing, rule),)))
            return
        scr = _subject(row, faults)
        if scr is None:
            refuse(Refused(None, (row,), tuple(sorted(faults))))
        else:
            groups.setdefault(scr, []).append(row)
    for name, group in groups.items():
        try:
            yield _state(name, tuple(group))
        except Unsayable as error:
            refuse(Refused(name, tuple(group), error.faults))


def _missing_of_outcome(row: Row) -> str | None:
    """Return a field of an outcome that a table has no column for, if it has others."""
    held = {base_of(field) for field in (*row.columns, *row.cells)}
    missing = [field for field in OUTCOME if field not in held]
    return missing[0] if missing and len(missing) < len(OUTCOME) else None


def _subject(row: Row, faults: list[RowFault]) -> str | None:
    """Return the SCR a row is of; None, with all its faults, if it names none."""
    try:
        scr = _value(row, "scr")
    except _CellError as error:
        faults.append(error.fault)
    else:
        if scr is not None:
            return str(scr)
        # A row that could not be read at all has no cells, and one fault.
        if not {"scr", "row"} & {field for field, _ in row.faults}:
            faults.append(RowFault(row.number, "scr", "is required"))
    faults += _given(row)
    return None


def _given(row: Row) -> Iterator[RowFault]:
    """Yield the faults a row came with."""
    for field, rule in row.faults:
        yield RowFault(row.number, field, rule)


class _CellError(ValueError):
    def __init__(self, row: Row, field: str, rule: str) -> None:
        super().__init__(rule)
        self.fault = RowFault(row.number, field, rule)


def _value(row: Row, field: str) -> str | bool | date | None:
    """Return what a cell says, in the type of its field; None where it is empty.

    :raises _CellError: it is not what the field takes.
    """
    text = row.cells.get(field)
    if text is None:
        return None
    kind = _TYPES[base_of(field)]
    match kind:
        case "panel":
            _check(text in _PANELS, row, field, "must be yes, no or returned")
        case "kind":
            _check(text in KINDS, row, field, "must be disruption or dismantlement")
        case "flag":
            _check(text in _FLAGS, row, field, "must be yes or no")
            return _FLAGS[text]
        case _:
            try:
                value: str | date = _ADAPTERS[kind].validate_python(text)  # type: ignore[assignment]  # by its kind
            except ValidationError as error:
                raise _CellError(row, field, error.errors()[0]["msg"]) from None
            return value
    return text


def _check(holds: bool, row: Row, field: str, rule: str) -> None:  # noqa: FBT001
    if not holds:
        raise _CellError(row, field, rule)


def _state(scr: str, rows: tuple[Row, ...]) -> SnapshotState:
    """Return what the rows of one SCR say.

    :raises Unsayable: a cell is wrong, or the rows contradict each other.
    """
    faults = [fault for row in rows for fault in _given(row)]
    first = rows[0]
    values = _values(first, faults)
    for row in rows[1:]:
        _check_same(first, values, row, faults)
    _check_whole(first, ("category", "subcategory"), 2, faults)
    determinations = tuple(_determinations(first, values, faults))
    outcomes: dict[str, SnapshotOutcome] = {}
    for row in rows if len(rows) == 1 or not _side_by_side(first) else ():
        for outcome in _outcomes(row, faults):
            if outcome.id in outcomes:
                rule = f"{outcome.id} is given twice for {scr}"
                faults.append(RowFault(row.number, "outcome", rule))
            outcomes[outcome.id] = outcome
    if faults:
        raise Unsayable(tuple(sorted(faults)))
    columns = frozenset(base_of(name) for name in (*first.columns, *first.cells))
    _read_approval(columns, values)
    return SnapshotState(
        scr,
        rows,
        columns,
        determinations=determinations,
        outcomes=outcomes,
        **_about_the_scr(values),  # type: ignore[arg-type]  # checked cell by cell
    )


def _read_approval(columns: frozenset[str], values: dict[str, object]) -> None:
    """Read whether the SCR is approved from its date, where that is all there is."""
    if "approved" in columns:
        values.setdefault("approved", "no")
        return
    for field in ("approved_on", "first_approved_on"):
        if field in columns:
            values["approved"] = "yes" if field in values else "no"
            return


def _about_the_scr(values: Mapping[str, object]) -> dict[str, object]:
    return {
        field: value
        for field, value in values.items()
        if base_of(field) not in DETERMINATION
    }


def _values(row: Row, faults: list[RowFault]) -> dict[str, object]:
    """Return the filled cells of a row but its id and its outcomes."""
    values: dict[str, object] = {}
    for field in row.cells:
        if field == "scr" or base_of(field) in OUTCOME:
            continue
        try:
            values[field] = _value(row, field)
        except _CellError as error:
            faults.append(error.fault)
    return values


def _side_by_side(row: Row) -> bool:
    """Whether the table has several outcomes in a row, so that an SCR has one row."""
    return any(
        base_of(name) in OUTCOME and name not in OUTCOME
        for name in (*row.columns, *row.cells)
    )


def _check_same(
    first: Row, values: Mapping[str, object], row: Row, faults: list[RowFault]
) -> None:
    """Check that another row of an SCR says the same of it, but for the outcome."""
    if _side_by_side(row):
        rule = f"is in row {first.number} already"
        faults.append(RowFault(row.number, "scr", rule))
        return
    others = _values(row, faults)
    wrong = _at_fault(first, faults) | _at_fault(row, faults)
    for field in dict.fromkeys((*values, *others)):
        if field not in wrong and values.get(field) != others.get(field):
            rule = f"differs from row {first.number}, which is of the same SCR"
            faults.append(RowFault(row.number, field, rule))


def _determinations(
    row: Row, values: Mapping[str, object], faults: list[RowFault]
) -> Iterator[SnapshotDetermination]:
    """Yield the determinations a row has, in their order."""
    for fields in _groups(row, DETERMINATION):
        if _check_whole(row, fields, 2, faults):
            yield SnapshotDetermination(*(values.get(field) for field in fields))  # type: ignore[arg-type]  # as _TYPES has them


def _outcomes(row: Row, faults: list[RowFault]) -> Iterator[SnapshotOutcome]:
    """Yield the outcomes a row has: of each, id, kind and date, or nothing."""
    for fields in _groups(row, OUTCOME):
        if not row.cells.keys() & row.columns.keys() & set(fields):
            continue  # What a map says of every row is no outcome by itself.
        try:
            name, kind, on = (_value(row, field) for field in fields)
        except _CellError as error:
            faults.append(error.fault)
            continue
        if _check_whole(row, fields, 3, faults):
            yield SnapshotOutcome(name, kind, on, row.number)  # type: ignore[arg-type]  # as _TYPES has them


def _groups(row: Row, group: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the fields of a group that stands in a row, by their number."""
    found = (_IN_GROUPS.fullmatch(name) for name in row.cells)
    numbers = {int(each[2] or 0) for each in found if each and each[1] in group}
    for number in sorted(numbers):
        yield tuple(f"{field}_{number}" if number else field for field in group)


def _check_whole(
    row: Row, fields: tuple[str, ...], required: int, faults: list[RowFault]
) -> bool:
    """Check what stands together or not at all; return whether it is all there.

    :param required: so many of the fields, from the first, are there if any is.
    """
    filled = [field for field in fields if field in row.cells]
    wrong = _at_fault(row, faults).intersection(fields)
    if filled:
        for field in fields[:required]:
            if field not in filled and field not in wrong:
                rule = f"is required with {filled[0]}"
                faults.append(RowFault(row.number, field, rule))
    return set(fields[:required]) <= set(filled)


def _at_fault(row: Row, faults: Iterable[RowFault]) -> set[str]:
    return {fault.field for fault in faults if fault.row == row.number}
