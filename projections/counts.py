"""Figures per fiscal year at a basis, and the SCRs behind each.

Plain figures come from running totals per cell, in time that does not grow with the
log; breakdowns and members from belief rows. ``count`` and ``cases`` take the same
question and always reconcile.
"""

from __future__ import annotations

from itertools import groupby, product
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.links import end_of_chain
from ledger.domain.measures import BOTH, BUILT_IN
from ledger.errors import UsageError
from projections.readmodel import NO_CUTOFF
from projections.standing import ENTERED, NO, UNKNOWN, WORDS, YES, cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ledger.domain.measures import Measure
    from projections.basis import Basis
    from projections.readmodel import ReadModel

COLUMNS = ("category", "subcategory", "office", "program", "meets_tco")
DEFAULT_MEASURES = ("dd-all", "dd-tco")
ANSWERS = (YES, UNKNOWN, NO)

Row = dict[str, object]


class Question(NamedTuple):
    """What is asked of the counts, at whatever basis.

    ``years`` None asks for the first to the last year in which ``dd-all`` is not 0;
    ``where`` keeps one cell per column, None the one of SCRs without a value.
    """

    measures: tuple[str, ...]
    years: range | None = None
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, str | None], ...] = ()


def check(question: Question) -> None:
    """Refuse a question that names a measure or a column that does not exist.

    :raises UsageError: with the names that do.
    """
    for name in question.measures:
        if name not in BUILT_IN:
            msg = f"no measure is named {name}; there are {', '.join(BUILT_IN)}"
            raise UsageError(msg)
    for column in (*question.by, *(column for column, _ in question.where)):
        if column not in COLUMNS:
            msg = f"no column is named {column}; there are {', '.join(COLUMNS)}"
            raise UsageError(msg)
    for column, value in question.where:
        if column == "meets_tco" and value not in WORDS.values():
            msg = f"meets_tco is yes, unknown or no, not {value or 'empty'}"
            raise UsageError(msg)


def count(model: ReadModel, basis: Basis, question: Question) -> list[Row]:
    """Return the rows of ``scr count``: measures as asked, then years, then cells.

    Without ``by`` every asked year is a row, 0 where nothing counts; with it only
    the cells that are not 0.
    """
    years = asked_years(model, basis, question)
    rows: list[Row] = []
    for name in question.measures:
        values = _values(model, basis, BUILT_IN[name], years, question)
        if question.by:
            rows += _cells(name, values, question.by)
        else:
            rows += [
                {"measure": name, "fiscal_year": year, "value": values.get((year,), 0)}
                for year in years
            ]
    return rows


def asked_years(model: ReadModel, basis: Basis, question: Question) -> range:
    """Return the years asked for, or those in which ``dd-all`` is not 0."""
    if question.years is not None:
        return question.years
    counted = [
        year
        for year, values in totals(model, basis, None).items()
        if any(values.get(("dd", answer)) for answer in ANSWERS)
    ]
    return range(min(counted), max(counted) + 1) if counted else range(0)


# --- running totals ------------------------------------------------------------


def totals(
    model: ReadModel, basis: Basis, years: range | None
) -> dict[int, dict[tuple[str, int], int]]:
    """Return every cell's total at a basis: year → (shape, answer) → value."""
    shapes = ("dd", ENTERED, *BOTH)
    names = {
        cell(0, shape, answer): (shape, answer)
        for shape, answer in product(shapes, ANSWERS)
    }
    low = cell(years.start, "dd", 0) if years is not None else 0
    high = cell(years.stop, "dd", 0) if years is not None else NO_CUTOFF
    query = _ALL if basis.cutoff == NO_CUTOFF else _CUT_OFF
    found: dict[int, dict[tuple[str, int], int]] = {}
    values = {"k": basis.cutoff, "p": basis.position, "low": low, "high": high}
    for number, total in model.all(query, values):
        if total:
            year, within = divmod(number, cell(1, "dd", 0))
            found.setdefault(year, {})[names[within]] = total
    return found


_ALL = """
    SELECT cell, (
        SELECT log_total FROM totals
        WHERE totals.cell=cells.cell AND position<=:p ORDER BY position DESC LIMIT 1)
    FROM cells WHERE cell>=:low AND cell<:high
"""
# What was known by the cut-off, less what was known by then but recorded later.
_CUT_OFF = """
    SELECT cell, coalesce((
        SELECT known_total FROM totals
        WHERE totals.cell=cells.cell AND known_at<=:k
        ORDER BY known_at DESC, position DESC LIMIT 1), 0)
      - coalesce((
        SELECT sum(change) FROM totals
        WHERE totals.cell=cells.cell AND position>:p AND known_at<=:k), 0)
    FROM cells WHERE cell>=:low AND cell<:high
"""


def _values(
    model: ReadModel, basis: Basis, measure: Measure, years: range, question: Question
) -> dict[tuple[object, ...], int]:
    """Return year and cell → value; only those that are not 0."""
    columns = {*question.by, *(column for column, _ in question.where)}
    if measure.unit == "organization" or columns - {"meets_tco"}:
        return _counted_members(model, basis, measure, years, question)
    kept = dict(question.where).get("meets_tco")
    values: dict[tuple[object, ...], int] = {}
    for year, cells in totals(model, basis, years).items():
        for answer in ANSWERS:
            if measure.tco_only and answer != YES:
                continue
            if kept is not None and WORDS[answer] != kept:
                continue
            value = sum(cells.get((shape, answer), 0) for shape in _shapes(measure))
            key = (year, *(WORDS[answer] for _ in question.by))
            if value:
                values[key] = values.get(key, 0) + value
    return values


def _shapes(measure: Measure) -> tuple[str, ...]:
    if measure.unit == "outcome":
        return measure.kinds
    return ("dd", ENTERED) if measure.or_entered else ("dd",)


def _cells(
    name: str, values: Mapping[tuple[object, ...], int], by: Sequence[str]
) -> list[Row]:
    # By code point; null stands last.
    def order(key: tuple[object, ...]) -> tuple[object, ...]:
        return tuple((part is None, part or 0) for part in key)

    return [
        {
            "measure": name,
            "fiscal_year": key[0],
            **dict(zip(by, key[1:], strict=True)),
            "value": values[key],
        }
        for key in sorted(values, key=order)
    ]


# --- members -------------------------------------------------------------------


def cases(model: ReadModel, basis: Basis, question: Question) -> list[Row]:
    """Return the rows of ``scr cases``: the SCRs behind each figure of ``count``."""
    years = asked_years(model, basis, question)
    merged = mergers(model, basis)
    return [
        row
        for name in question.measures
        for row in _members(model, basis, BUILT_IN[name], years, merged)
        if _kept(row, question.where)
    ]


def _counted_members(
    model: ReadModel, basis: Basis, measure: Measure, years: range, question: Question
) -> dict[tuple[object, ...], int]:
    values: dict[tuple[object, ...], int] = {}
    counted: set[tuple[object, ...]] = set()
    merged = mergers(model, basis) if measure.unit == "organization" else {}
    for row in _members(model, basis, measure, years, merged):
        if not _kept(row, question.where):
            continue
        key = (row["fiscal_year"], *(row[column] for column in question.by))
        if measure.unit == "organization":
            if (*key, row["organization"]) in counted:
                continue
            counted.add((*key, row["organization"]))
        values[key] = values.get(key, 0) + _weight(measure, row)
    return values


def _weight(measure: Measure, row: Row) -> int:
    outcomes = row["outcomes"]
    assert isinstance(outcomes, list)
    return len(outcomes) if measure.unit == "outcome" else 1


def _kept(row: Row, where: Iterable[tuple[str, str | None]]) -> bool:
    return all(row[column] == value for column, value in where)


class _Belief(NamedTuple):
    fiscal_year: int
    scr: str
    outcome: str
    place: int
    kind: str
    happened_on: str
    answer: int
    organization: str | None
    category: str | None
    subcategory: str | None
    office: str
    program: str | None


VISIBLE = (
    "known_from<=:k AND position_from<=:p AND (known_until>:k OR position_until>:p)"
)
"""A belief is visible when what began it passes both the cut-off and the position,
and what ended it fails either (docs/decisions/0008)."""

_BELIEFS = f"""
    SELECT fiscal_year, scr, outcome, place, kind, happened_on, answer, organization,
        category, subcategory, office, program
    FROM beliefs
    WHERE fiscal_year>=:low AND fiscal_year<:high AND {VISIBLE}
    ORDER BY fiscal_year, scr, happened_on, place
"""  # noqa: S608 - a constant of ours


def _members(
    model: ReadModel,
    basis: Basis,
    measure: Measure,
    years: range,
    merged: Mapping[str, str],
) -> Iterator[Row]:
    """Yield the rows of ``cases`` for a measure, by year, then SCR."""
    values = {
        "k": basis.cutoff,
        "p": basis.position,
        "low": years.start,
        "high": years.stop,
    }
    beliefs = (_Belief._make(row) for row in model.all(_BELIEFS, values))
    for (year, _), held in groupby(beliefs, lambda row: (row.fiscal_year, row.scr)):
        yield from _of_scr(measure, year, list(held), merged)


def _of_scr(
    measure: Measure, year: int, held: list[_Belief], merged: Mapping[str, str]
) -> Iterator[Row]:
    outcomes = [
        row
        for row in held
        if row.kind in measure.kinds and (row.answer == YES or not measure.tco_only)
    ]
    if not outcomes:
        if measure.or_entered and held[0].kind == ENTERED:
            yield _row(measure, year, held[:1], None, [])
        return
    named = [_end(row, merged) for row in outcomes]
    match measure.unit:
        case "scr":
            one = _only(named)
            yield _row(measure, year, outcomes, one, outcomes)
        case "outcome":
            for answer in sorted(ANSWERS):  # By code point: no, unknown, yes.
                rows = [row for row in outcomes if row.answer == answer]
                if rows:
                    one = _only([_end(row, merged) for row in rows])
                    yield _row(measure, year, rows, one, rows)
        case "organization":
            for name in sorted({name for name in named if name is not None}):
                rows = [row for row in outcomes if _end(row, merged) == name]
                yield _row(measure, year, rows, name, rows)


def _row(
    measure: Measure,
    year: int,
    rows: list[_Belief],
    organization: str | None,
    outcomes: list[_Belief],
) -> Row:
    scr = rows[0]
    return {
        "measure": measure.id,
        "fiscal_year": year,
        "scr": scr.scr,
        "category": scr.category,
        "subcategory": scr.subcategory,
        "office": scr.office,
        "program": scr.program,
        "meets_tco": WORDS[max(row.answer for row in rows)],
        "organization": organization,
        "outcomes": [
            {"outcome": row.outcome, "kind": row.kind, "on": row.happened_on}
            for row in outcomes
        ],
    }


def _end(row: _Belief, merged: Mapping[str, str]) -> str | None:
    if row.organization is None:
        return None
    return end_of_chain(row.organization, merged)


def _only(names: Iterable[str | None]) -> str | None:
    """Return the one organization named, or None where there are none or several."""
    distinct = {name for name in names if name is not None}
    return distinct.pop() if len(distinct) == 1 else None


def mergers(model: ReadModel, basis: Basis) -> dict[str, str]:
    """Return what each merged organization is merged into, as visible at a basis."""
    rows = model.all(
        f"SELECT organization, into_id FROM mergers WHERE {VISIBLE}",  # noqa: S608
        {"k": basis.cutoff, "p": basis.position},
    )
    return dict(rows)
