"""Figures per fiscal year at a basis, and the SCRs behind each.

Plain figures come from running totals per cell, in time that does not grow with the
log; breakdowns and members from belief rows. ``count`` and ``cases`` take the same
question and always reconcile.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.definitions import BUILT_IN
from ledger.domain.links import end_of_chain
from ledger.errors import UsageError
from projections.measures import find
from projections.readmodel import NO_CUTOFF
from projections.selecting import (
    EVERY_YEAR,
    answers_of,
    as_sql,
    cell,
    key_of,
    summed,
    year_and_answer,
)
from projections.standing import COLUMNS as OBSERVED
from projections.standing import FIRST_APPROVAL, NO, UNKNOWN, WORDS, YES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ledger.domain.definitions import Definition
    from projections.basis import Basis
    from projections.measures import Measure
    from projections.readmodel import ReadModel

COLUMNS = ("category", "subcategory", "office", "program", "meets_tco")
DEFAULT_MEASURES = ("dd-all", "dd-tco")
ANSWERS = (YES, UNKNOWN, NO)

Row = dict[str, object]


class Question(NamedTuple):
    """What is asked of the counts, at whatever basis.

    ``years`` None asks for the first to the last year in which ``dd-all`` is not 0;
    ``where`` keeps one cell per column, None the one of SCRs without a value.
    ``definitions`` names versions (``ID@VERSION``) to ask in place of those in force.
    """

    measures: tuple[str, ...]
    years: range | None = None
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, str | None], ...] = ()
    definitions: tuple[str, ...] = ()


def check(question: Question) -> None:
    """Refuse a question that names a column that does not exist, or half a character.

    :raises UsageError: with the names that do.
    """
    for column in (*question.by, *(column for column, _ in question.where)):
        if column not in COLUMNS:
            msg = f"no column is named {column}; there are {', '.join(COLUMNS)}"
            raise UsageError(msg)
    for column, value in question.where:
        if column == "meets_tco" and value not in WORDS.values():
            msg = f"meets_tco is yes, unknown or no, not {value or 'empty'}"
            raise UsageError(msg)
        if value is not None and not _is_unicode(value):
            msg = f"no fact holds {value} as its {column}: it is no UTF-8"
            raise UsageError(msg)


def _is_unicode(text: str) -> bool:
    """Whether SQLite takes the text; what is typed may be any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def count(model: ReadModel, basis: Basis, question: Question) -> list[Row]:
    """Return the rows of ``scr count``: measures as asked, then years, then cells.

    Without ``by`` every asked year is a row, 0 where nothing counts; with it only
    the cells that are not 0. Without ``by`` a row of a rate has its denominator too,
    and one of a measure with a target for the year that target.

    :raises UsageError: a measure has no definition at the basis.
    """
    years = asked_years(model, basis, question)
    rows: list[Row] = []
    for name in question.measures:
        definition = measure_of(model, basis, question, name).definition
        values = _values(model, basis, definition, years, question)
        if question.by:
            rows += _cells(name, values, question.by)
            continue
        under = _denominators(model, basis, definition, years, question)
        for year in years:
            row: Row = {"measure": name, "fiscal_year": year}
            row["value"] = values.get((year,), 0)
            if under is not None:
                row["denominator"] = under.get((year,), 0)
            if year in definition.targets:
                row["target"] = definition.targets[year]
            rows.append(row)
    return rows


def _denominators(
    model: ReadModel,
    basis: Basis,
    definition: Definition,
    years: range,
    question: Question,
) -> dict[tuple[object, ...], int] | None:
    if definition.denominator is None:
        return None
    other = measure_of(model, basis, question, definition.denominator).definition
    return _values(model, basis, other, years, question)


def measure_of(
    model: ReadModel, basis: Basis, question: Question, name: str
) -> Measure:
    """Return the definition that a question asks a measure by.

    :raises UsageError: there is none.
    """
    for version in question.definitions:
        if version.partition("@")[0] == name:
            return find(model, basis, version)
    return find(model, basis, name)


def used(
    model: ReadModel, basis: Basis, question: Question, *, rates: bool
) -> list[Measure]:
    """Return the definitions an answer rests on: of its measures, as asked.

    :param rates: whether it has the denominators of rates, which follow each.
    :raises UsageError: there is none, or one that is asked for is of no use here.
    """
    names: dict[str, Measure] = {}
    for name in question.measures:
        names[name] = measure_of(model, basis, question, name)
        under = names[name].definition.denominator
        if rates and under is not None:
            names[under] = measure_of(model, basis, question, under)
    for version in question.definitions:
        if version.partition("@")[0] not in names:
            message = f"definition {version} is of no measure that is asked for"
            raise UsageError(message)
    return list({one.definition.name: one for one in names.values()}.values())


def asked_years(model: ReadModel, basis: Basis, question: Question) -> range:
    """Return the years asked for, or those in which ``dd-all`` is not 0."""
    if question.years is not None:
        return question.years
    counted = totals(model, basis, BUILT_IN["dd-all"], None)
    return range(min(counted), max(counted) + 1) if counted else range(0)


# --- running totals ------------------------------------------------------------


def totals(
    model: ReadModel, basis: Basis, definition: Definition, years: range | None
) -> dict[int, dict[int, int]]:
    """Return totals at a basis: year → TCO answer → value; only those that are not 0.

    :param definition: one whose figures are sums (``selecting.summed``).
    """
    numbers = model.all("SELECT number FROM series WHERE key=?", (key_of(definition),))
    series: int = numbers[0][0]
    within = EVERY_YEAR if years is None else years
    low, high = cell(series, within.start, 0), cell(series, within.stop, 0)
    query = _ALL if basis.cutoff == NO_CUTOFF else _CUT_OFF
    values = {"k": basis.cutoff, "p": basis.position, "low": low, "high": high}
    taken = answers_of(definition)
    found: dict[int, dict[int, int]] = {}
    for number, total in model.all(query, values):
        year, answer = year_and_answer(number)
        if total and answer in taken:
            found.setdefault(year, {})[answer] = total
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
    model: ReadModel,
    basis: Basis,
    definition: Definition,
    years: range,
    question: Question,
) -> dict[tuple[object, ...], int]:
    """Return year and cell → value; only those that are not 0."""
    columns = {*question.by, *(column for column, _ in question.where)}
    if not summed(definition) or columns - {"meets_tco"}:
        return _counted_members(model, basis, definition, years, question)
    kept = dict(question.where).get("meets_tco")
    values: dict[tuple[object, ...], int] = {}
    for year, answers in totals(model, basis, definition, years).items():
        for answer, value in answers.items():
            if kept is not None and WORDS[answer] != kept:
                continue
            key = (year, *(WORDS[answer] for _ in question.by))
            values[key] = values.get(key, 0) + value
    return values


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


def cases(
    model: ReadModel, basis: Basis, question: Question, *, scr: str | None = None
) -> list[Row]:
    """Return the rows of ``scr cases``: the SCRs behind each figure of ``count``.

    :param scr: only the rows of this SCR.
    """
    years = asked_years(model, basis, question)
    merged = mergers(model, basis)
    rows: list[Row] = []
    for name in question.measures:
        definition = measure_of(model, basis, question, name).definition
        for row in members(model, basis, definition, years, merged, scr=scr):
            if definition.unit != "case":
                del row["case_number"]
            if _kept(row, question.where):
                rows.append({"measure": name, **row})
    return rows


def _counted_members(
    model: ReadModel,
    basis: Basis,
    definition: Definition,
    years: range,
    question: Question,
) -> dict[tuple[object, ...], int]:
    if definition.once == "ever" or definition.unit == "organization":
        return _counted_one_by_one(model, basis, definition, years, question)
    values: dict[str, object] = {"k": basis.cutoff, "p": basis.position}
    values |= {"low": years.start, "high": years.stop}
    kept = [
        _kept_sql(number, part, values) for number, part in enumerate(question.where)
    ]
    by = ["year", *(_ANSWER if name == "meets_tco" else name for name in question.by)]
    query = _CELLS.format(
        taken=_taken_sql(definition, values),
        # Of an SCR's outcomes the greatest answer is its own; each outcome has one.
        unit=", outcome" if definition.unit == "outcome" else "",
        kept=" AND ".join(["1", *kept]),
        counted="DISTINCT case_number" if definition.unit == "case" else "*",
        by=", ".join(by),
    )
    return {tuple(row[:-1]): row[-1] for row in model.all(query, values)}


_ANSWER = (
    f"CASE answer WHEN {YES} THEN 'yes' WHEN {UNKNOWN} THEN 'unknown' ELSE 'no' END"
)
# Within one basis all rows of an SCR have its one category, office and so on. Its first
# approval answers only where no outcome does.
_CELLS = f"""
    WITH taken AS ({{taken}}),
    units AS (
        SELECT year, category, subcategory, office, program, case_number, coalesce(
            max(answer) FILTER (WHERE kind!='{FIRST_APPROVAL}'), max(answer)) AS answer
        FROM taken GROUP BY year, scr{{unit}})
    SELECT {{by}}, count({{counted}}) FROM units WHERE {{kept}} GROUP BY {{by}}
"""  # noqa: S608 - of our own making


def _taken_sql(definition: Definition, values: dict[str, object]) -> str:
    taken, year = as_sql(definition, values)
    return (
        f"SELECT {year} AS year, scr, outcome, kind, answer, category, subcategory,"  # noqa: S608 - of our own making
        f" office, program, case_number FROM beliefs WHERE {taken}"
        f" AND {year}>=:low AND {year}<:high AND {VISIBLE}"
    )


def _kept_sql(
    number: int, part: tuple[str, str | None], values: dict[str, object]
) -> str:
    column, value = part
    values[f"w{number}"] = value
    return f"{_ANSWER if column == 'meets_tco' else column} IS :w{number}"


def _counted_one_by_one(
    model: ReadModel,
    basis: Basis,
    definition: Definition,
    years: range,
    question: Question,
) -> dict[tuple[object, ...], int]:
    """Count where one unit depends on the others: on mergers, or on the first year."""
    values: dict[tuple[object, ...], int] = {}
    counted: set[tuple[object, ...]] = set()
    merged = mergers(model, basis) if definition.unit == "organization" else {}
    distinct = _DISTINCT.get(definition.unit)
    for row in members(model, basis, definition, years, merged):
        if not _kept(row, question.where):
            continue
        key = (row["fiscal_year"], *(row[column] for column in question.by))
        if distinct is not None:
            if (*key, row[distinct]) in counted:
                continue
            counted.add((*key, row[distinct]))
        values[key] = values.get(key, 0) + _weight(definition, row)
    return values


_DISTINCT = {"organization": "organization", "case": "case_number"}
"""The column whose distinct values are counted."""


def _weight(definition: Definition, row: Row) -> int:
    outcomes = row["outcomes"]
    assert isinstance(outcomes, list)
    return len(outcomes) if definition.unit == "outcome" else 1


def _kept(row: Row, where: Iterable[tuple[str, str | None]]) -> bool:
    return all(row[column] == value for column, value in where)


class Belief(NamedTuple):
    """One row of beliefs: an observation, and the SCR and outcome it is of."""

    year: int
    """In which it is counted, by the definition that was asked."""
    scr: str
    outcome: str
    fiscal_year: int
    place: int
    kind: str
    happened_on: str
    outcome_approved_on: str | None
    scr_approved_on: str | None
    approved: int
    answer: int
    high_threat: int
    organization: str | None
    case_number: str
    category: str | None
    subcategory: str | None
    office: str
    program: str | None


VISIBLE = (
    "known_from<=:k AND position_from<=:p AND (known_until>:k OR position_until>:p)"
)
"""A belief is visible when what began it passes both the cut-off and the position,
and what ended it fails either (docs/decisions/0008)."""


def members(  # noqa: PLR0913 - the last is a keyword
    model: ReadModel,
    basis: Basis,
    definition: Definition,
    years: range,
    merged: Mapping[str, str],
    *,
    scr: str | None = None,
) -> Iterator[Row]:
    """Yield the rows of ``cases`` for a definition, by year, then SCR.

    :param scr: only those of this SCR.
    """
    if definition.once == "ever":
        # In which year a unit is first may be up to other SCRs.
        taken = beliefs(model, basis, definition, None)
        taken = _first_only(definition, list(taken), years, merged)
    else:
        taken = beliefs(model, basis, definition, years, scr=scr)
    for (year, name), held in groupby(taken, lambda row: (row.year, row.scr)):
        if scr not in (None, name):
            continue
        yield from _of_scr(definition, year, list(held), merged)


def beliefs(
    model: ReadModel,
    basis: Basis,
    definition: Definition,
    years: range | None,
    *,
    scr: str | None = None,
) -> Iterator[Belief]:
    """Yield what a definition takes at a basis, by year, SCR, day and place."""
    values: dict[str, object] = {"k": basis.cutoff, "p": basis.position}
    taken, year = as_sql(definition, values)
    within = ""
    if years is not None:
        within = f"AND {year}>=:low AND {year}<:high"
        values |= {"low": years.start, "high": years.stop}
    if scr is not None:
        within += " AND scr=:scr"
        values["scr"] = scr
    query = (
        f"SELECT {year} AS year, scr, outcome, {', '.join(OBSERVED)} FROM beliefs"  # noqa: S608 - of our own making
        f" WHERE {taken} {within} AND {VISIBLE} ORDER BY year, scr, happened_on, place"
    )
    return (Belief._make(row) for row in model.all(query, values))


def _first_only(
    definition: Definition,
    taken: list[Belief],
    years: range,
    merged: Mapping[str, str],
) -> Iterator[Belief]:
    """Keep of what counts once ever the year in which it counts: the first."""
    first: dict[str, int] = {}
    for row in taken:  # By year.
        if (unit := _unit(definition, row, merged)) is not None:
            first.setdefault(unit, row.year)
    for row in taken:
        unit = _unit(definition, row, merged)
        if row.year in years and (unit is None or first[unit] == row.year):
            yield row


def _unit(definition: Definition, row: Belief, merged: Mapping[str, str]) -> str | None:
    match definition.unit:
        case "organization":
            return _end(row, merged)
        case "case":
            return row.case_number
        case _:
            return row.scr


def _of_scr(
    definition: Definition, year: int, held: list[Belief], merged: Mapping[str, str]
) -> Iterator[Row]:
    outcomes = [row for row in held if row.kind != FIRST_APPROVAL]
    if not outcomes:
        if definition.unit in ("scr", "case"):
            yield _row(year, held[:1], None, [])
        return
    named = [_end(row, merged) for row in outcomes]
    match definition.unit:
        case "scr" | "case":
            one = _only(named)
            yield _row(year, outcomes, one, outcomes)
        case "outcome":
            for answer in sorted(ANSWERS):  # By code point: no, unknown, yes.
                rows = [row for row in outcomes if row.answer == answer]
                if rows:
                    one = _only([_end(row, merged) for row in rows])
                    yield _row(year, rows, one, rows)
        case "organization":
            for name in sorted({name for name in named if name is not None}):
                rows = [row for row in outcomes if _end(row, merged) == name]
                yield _row(year, rows, name, rows)


def _row(
    year: int,
    rows: list[Belief],
    organization: str | None,
    outcomes: list[Belief],
) -> Row:
    scr = rows[0]
    return {
        "fiscal_year": year,
        "scr": scr.scr,
        "category": scr.category,
        "subcategory": scr.subcategory,
        "office": scr.office,
        "program": scr.program,
        "case_number": scr.case_number,
        "meets_tco": WORDS[max(row.answer for row in rows)],
        "organization": organization,
        "outcomes": [
            {"outcome": row.outcome, "kind": row.kind, "on": row.happened_on}
            for row in outcomes
        ],
    }


def _end(row: Belief, merged: Mapping[str, str]) -> str | None:
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
