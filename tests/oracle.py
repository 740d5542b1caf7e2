"""What the figures are by definition: a replay of the whole log for every question.

It is slow and obvious, and shares no line with the ledger or its read models, so that
a property test that compares them finds the slip in either.
A case fact is kept as the line of the interchange format that said it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Line = Mapping[str, str]
History = Sequence[Line]

MEASURES = (
    "dd-all",
    "dd-tco",
    "disruptions-all",
    "disruptions-tco",
    "dismantlements-all",
    "dismantlements-tco",
    "organizations-tco",
    "entered-all",
)
COLUMNS = ("category", "subcategory", "office", "program", "meets_tco")
EVERY_CELL: Mapping[str, str | None] = MappingProxyType({})

ZONE = ZoneInfo("America/New_York")
KINDS = {"disrupted": "disruption", "dismantled": "dismantlement"}
RULINGS = ("approved", "returned", "rescinded")


class Fact(NamedTuple):
    """One case fact in the log."""

    position: int
    recorded_at: datetime
    known_at: datetime
    claimed: bool  # The file gave `known_at`; otherwise the ledger set it.
    line: dict[str, str]


class Basis(NamedTuple):
    """What an answer rests on."""

    bound: str  # "all", "before" or "through"
    instant: datetime | None
    position: int


class Outcome(NamedTuple):
    """A live outcome of an SCR, with its own answer to the TCO question."""

    outcome: str
    kind: str
    on: date
    meets_tco: str
    organization: str | None


class Case(NamedTuple):
    """An SCR that stands and is approved."""

    scr: str
    cell: dict[str, str | None]  # Category, subcategory, office and program.
    outcomes: list[Outcome]  # By date, then in stream order.
    entered_on: date
    meets_tco_on_entry: str


# The log, and what of it is visible


def facts_of(export_lines: Iterable[str]) -> list[Fact]:
    """Read what ``scr export`` wrote."""
    return [_fact(json.loads(line)) for line in export_lines if line.strip()]


def _fact(exported: dict[str, str]) -> Fact:
    line = dict(exported)
    position = int(line.pop("position"))
    recorded_at = datetime.fromisoformat(line.pop("recorded_at"))
    known_at = datetime.fromisoformat(line.pop("known_at"))
    return Fact(position, recorded_at, known_at, known_at != recorded_at, line)


def end_of_day(day: date, position: int, zone: ZoneInfo = ZONE) -> Basis:
    """Return the basis of ``--as-of DAY``: before the first instant of the next day."""
    midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    return Basis("before", midnight.astimezone(UTC), position)


def visible(log: Iterable[Fact], basis: Basis) -> list[Fact]:
    """Return the facts that pass the cut-off, at positions up to the basis's."""
    reached = [fact for fact in log if fact.position <= basis.position]
    reached.sort(key=lambda fact: fact.position)
    if basis.bound == "before":
        return [fact for fact in reached if fact.known_at < basis.instant]
    if basis.bound == "through":
        return [fact for fact in reached if fact.known_at <= basis.instant]
    return reached


def grade(log: Iterable[Fact], basis: Basis) -> tuple[str, int, int]:
    """Return the grade, how many facts are visible, and how many of them claimed."""
    facts = visible(log, basis)
    claimed = sum(fact.claimed for fact in facts)
    if not facts:
        return "none", 0, 0
    if claimed == len(facts):
        return "claimed", len(facts), claimed
    if claimed == 0:
        return "witnessed", len(facts), claimed
    return "mixed", len(facts), claimed


def _histories(facts: Iterable[Fact], subject: str) -> dict[str, History]:
    """Return the streams of all SCRs, or of all organizations, in stream order."""
    histories: dict[str, list[Line]] = {}
    for fact in facts:
        # An SCR's line may name an organization; then the SCR is the subject.
        of = "scr" if "scr" in fact.line else "organization"
        if of == subject:
            histories.setdefault(fact.line[subject], []).append(fact.line)
    return histories


# The state of an SCR


def _last(history: History, *events: str) -> Line | None:
    """Return the last of a group of events: it holds."""
    return next((line for line in reversed(history) if line["event"] in events), None)


def _last_given(history: History, field: str, *events: str) -> str | None:
    """Return a field as last given; an event that leaves it out leaves it alone."""
    given = [line for line in history if line["event"] in events and field in line]
    return given[-1][field] if given else None


def _about_the_scr(history: History) -> History:
    """Return the panel's rulings on the SCR itself."""
    return [
        line for line in history if line["event"] in RULINGS and "outcome" not in line
    ]


def _naming(history: History, outcome: str) -> History:
    return [line for line in history if line.get("outcome") == outcome]


def _is_approved(history: History) -> bool:
    """Say whether the last ruling without ``outcome`` is an approval."""
    ruling = _last(_about_the_scr(history), *RULINGS)
    return ruling is not None and ruling["event"] == "approved"


def _stands(history: History) -> bool:
    """Say whether the SCR is not voided, or reinstated since."""
    change = _last(history, "voided", "reinstated")
    return change is None or change["event"] == "reinstated"


def _is_live(history: History, outcome: str) -> bool:
    """Say whether an outcome is not reversed, and its last ruling, if any, approves."""
    about_it = _naming(history, outcome)
    ruling = _last(about_it, *RULINGS)
    return _last(about_it, "reversed") is None and (
        ruling is None or ruling["event"] == "approved"
    )


def _date(history: History, outcome: str) -> date:
    """Return an outcome's own date, or that of its last redating."""
    dated = _last(_naming(history, outcome), "disrupted", "dismantled", "redated")
    return date.fromisoformat(dated["effective_on"])


# Does it meet the TCO definition


def _determination(history: History, day: date) -> Line | None:
    """Return the last determination whose ``from`` is absent or not after the day."""
    return _last(
        [
            line
            for line in history
            if "from" not in line or date.fromisoformat(line["from"]) <= day
        ],
        "determined",
        "redetermined",
    )


def _meets_tco(determination: Line | None) -> str:
    """Return ``no`` if an element is missing, ``yes`` if none is, else ``unknown``."""
    if determination is None:
        return "unknown"
    answers = {determination["association"], determination["transnational"]}
    if "no" in answers:
        return "no"
    return "yes" if answers == {"yes"} else "unknown"


def _any_meets_tco(answers: Iterable[str]) -> str:
    """Return the answer for an SCR: a yes wins, then an unknown."""
    given = set(answers)
    return next(answer for answer in ("yes", "unknown", "no") if answer in given)


def _shown_as(organization: str, organizations: Mapping[str, History]) -> str:
    """Return the id a chain of mergers ends in, or the smallest of a circle."""
    chain: list[str] = []
    while organization not in chain:
        chain.append(organization)
        change = _last(organizations.get(organization, []), "merged", "unmerged")
        if change is None or change["event"] == "unmerged":
            return organization
        organization = change["into"]
    return min(chain[chain.index(organization) :])


# The SCRs that can count


def _cases(log: Iterable[Fact], basis: Basis) -> list[Case]:
    """Return the SCRs that stand and are approved at the basis, by code point."""
    facts = visible(log, basis)
    organizations = _histories(facts, "organization")
    return [
        _case(scr, history, organizations)
        for scr, history in sorted(_histories(facts, "scr").items())
        if _stands(history) and _is_approved(history)
    ]


def _case(scr: str, history: History, organizations: Mapping[str, History]) -> Case:
    named = ("classified", "reclassified")
    placed = ("filed", "transferred", "refiled")
    first = next(
        line for line in _about_the_scr(history) if line["event"] == "approved"
    )
    entered_on = date.fromisoformat(first["effective_on"])
    return Case(
        scr=scr,
        cell={
            "category": _last_given(history, "category", *named),
            "subcategory": _last_given(history, "subcategory", *named),
            "office": _last_given(history, "office", *placed),
            "program": _last_given(history, "program", *placed),
        },
        outcomes=_live_outcomes(history, organizations),
        entered_on=entered_on,
        meets_tco_on_entry=_meets_tco(_determination(history, entered_on)),
    )


def _live_outcomes(
    history: History, organizations: Mapping[str, History]
) -> list[Outcome]:
    outcomes = []
    for line in history:
        if line["event"] in KINDS and _is_live(history, line["outcome"]):
            on = _date(history, line["outcome"])
            determination = _determination(history, on)
            named = (determination or {}).get("organization")
            outcomes.append(
                Outcome(
                    outcome=line["outcome"],
                    kind=KINDS[line["event"]],
                    on=on,
                    meets_tco=_meets_tco(determination),
                    organization=named and _shown_as(named, organizations),
                )
            )
    return sorted(outcomes, key=lambda outcome: outcome.on)


# Measures


def fiscal_year(day: date) -> int:
    """Return the year that begins on 1 October of the year before."""
    return day.year + 1 if day.month >= 10 else day.year


def _counted(measure: str, year: int, case: Case) -> list[Outcome]:
    """Return the outcomes of an SCR that count for a measure in a year."""
    kind = {"disruptions": "disruption", "dismantlements": "dismantlement"}.get(
        measure.partition("-")[0]
    )
    return [
        outcome
        for outcome in case.outcomes
        if fiscal_year(outcome.on) == year
        and (kind is None or outcome.kind == kind)
        and (not measure.endswith("-tco") or outcome.meets_tco == "yes")
    ]


def _rows(measure: str, year: int, case: Case) -> list[dict]:
    """Return the rows of one SCR behind one figure."""
    if measure.startswith(("disruptions-", "dismantlements-")):
        return _rows_apart(measure, year, case, lambda outcome: outcome.meets_tco)
    if measure == "organizations-tco":
        return _rows_apart(measure, year, case, lambda outcome: outcome.organization)
    outcomes = _counted(measure, year, case)
    if outcomes:
        answer = _any_meets_tco(outcome.meets_tco for outcome in outcomes)
        return [_row(measure, year, case, answer, outcomes)]
    if measure == "entered-all" and fiscal_year(case.entered_on) == year:
        return [_row(measure, year, case, case.meets_tco_on_entry, [])]
    return []


def _rows_apart(
    measure: str, year: int, case: Case, key: Callable[[Outcome], str | None]
) -> list[dict]:
    """Return one row per SCR and answer, or per SCR and organization it names."""
    outcomes = _counted(measure, year, case)
    rows = []
    for value in sorted({key(outcome) for outcome in outcomes} - {None}):
        alike = [outcome for outcome in outcomes if key(outcome) == value]
        rows.append(_row(measure, year, case, alike[0].meets_tco, alike))
    return rows


def _row(
    measure: str, year: int, case: Case, meets_tco: str, outcomes: Sequence[Outcome]
) -> dict:
    named = {outcome.organization for outcome in outcomes} - {None}
    return {
        "measure": measure,
        "fiscal_year": year,
        "scr": case.scr,
        **case.cell,
        "meets_tco": meets_tco,
        "organization": named.pop() if len(named) == 1 else None,
        "outcomes": [
            {"outcome": each.outcome, "kind": each.kind, "on": each.on.isoformat()}
            for each in outcomes
        ],
    }


def _value(measure: str, rows: Sequence[dict]) -> int:
    """Return a figure from the rows behind it, in the measure's unit."""
    if measure == "organizations-tco":
        return len({row["organization"] for row in rows})
    if measure.startswith(("disruptions-", "dismantlements-")):
        return sum(len(row["outcomes"]) for row in rows)
    return len(rows)


# Questions


def _asked_years(cases: Sequence[Case], years: Sequence[int] | None) -> Sequence[int]:
    """Return the years asked, else from the first to the last that ``dd-all`` has."""
    if years is not None:
        return years
    counted = {fiscal_year(outcome.on) for case in cases for outcome in case.outcomes}
    return range(min(counted), max(counted) + 1) if counted else []


def _code_points_null_last(cell: Sequence[str | None]) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in cell]


def cases(
    log: Iterable[Fact],
    basis: Basis,
    measures: Sequence[str],
    years: Sequence[int] | None,
    where: Mapping[str, str | None] = EVERY_CELL,
) -> list[dict]:
    """Return the rows of ``scr cases --json``, for one measure or for several."""
    approved = _cases(log, basis)
    return [
        row
        for measure in measures
        for year in _asked_years(approved, years)
        for row in _rows_behind(measure, year, approved, where)
    ]


def count(  # noqa: PLR0913, PLR0917  # As many as the command has options.
    log: Iterable[Fact],
    basis: Basis,
    measures: Sequence[str],
    years: Sequence[int] | None,
    by: Sequence[str] = (),
    where: Mapping[str, str | None] = EVERY_CELL,
) -> list[dict]:
    """Return the rows of ``scr count --json``."""
    approved = _cases(log, basis)
    return [
        figure
        for measure in measures
        for year in _asked_years(approved, years)
        for figure in _figures(
            measure, year, _rows_behind(measure, year, approved, where), by
        )
    ]


def _rows_behind(
    measure: str, year: int, approved: Sequence[Case], where: Mapping[str, str | None]
) -> list[dict]:
    """Return the rows behind one figure, in the cell that is kept."""
    return [
        row
        for case in approved
        for row in _rows(measure, year, case)
        if all(row[column] == (value or None) for column, value in where.items())
    ]


def _figures(
    measure: str, year: int, rows: Sequence[dict], by: Sequence[str]
) -> list[dict]:
    """Return a year's figure, or with ``by`` those of its cells that are not 0."""
    cells = {tuple(row[column] for column in by) for row in rows} if by else {()}
    figures = []
    for cell in sorted(cells, key=_code_points_null_last):
        inside = [row for row in rows if tuple(row[column] for column in by) == cell]
        figures.append(
            {
                "measure": measure,
                "fiscal_year": year,
                **dict(zip(by, cell, strict=True)),
                "value": _value(measure, inside),
            }
        )
    return figures


# Definitions: any measure, from the JSON body of its definition

Body = Mapping[str, Any]

FIRST_APPROVAL = "first-approval"
DD = ["disruption", "dismantlement"]

# The measures of the contract, said a second time: as definitions.
BUILT_INS: Mapping[str, Body] = {
    "dd-all": {"unit": "scr", "kinds": DD},
    "dd-tco": {"unit": "scr", "kinds": DD, "population": {"tco": ["yes"]}},
    "disruptions-all": {"unit": "outcome", "kinds": ["disruption"]},
    "disruptions-tco": {
        "unit": "outcome",
        "kinds": ["disruption"],
        "population": {"tco": ["yes"]},
    },
    "dismantlements-all": {"unit": "outcome", "kinds": ["dismantlement"]},
    "dismantlements-tco": {
        "unit": "outcome",
        "kinds": ["dismantlement"],
        "population": {"tco": ["yes"]},
    },
    "organizations-tco": {
        "unit": "organization",
        "kinds": DD,
        "population": {"tco": ["yes"]},
    },
    "entered-all": {"unit": "scr", "kinds": [*DD, FIRST_APPROVAL]},
}


class Adopted(NamedTuple):
    """A definition of a measure, or its retirement, in the log."""

    position: int
    known_at: datetime  # Since when it was adopted, or else recorded.
    body: Body | None  # None for a retirement.


class Countable(NamedTuple):
    """What a definition may count: a live outcome, or the first approval of an SCR."""

    scr: str
    cell: dict[str, str | None]
    case_number: str
    approved: bool  # The SCR's approval stands now.
    outcome: str | None  # None for a first approval.
    kind: str
    on: date
    outcome_approved_on: date | None
    scr_approved_on: date | None
    meets_tco: str
    high_threat: str
    organization: str | None


def in_force(adopted: Iterable[Adopted], basis: Basis) -> Body | None:
    """Return the definition that a measure has at a basis: the last visible one."""
    said = visible(adopted, basis)
    return said[-1].body if said else None


def _countables(log: Iterable[Fact], basis: Basis) -> list[Countable]:
    """Return what can be counted at a basis, by SCR, then date, then stream order."""
    facts = visible(log, basis)
    organizations = _histories(facts, "organization")
    return [
        each
        for scr, history in sorted(_histories(facts, "scr").items())
        if _stands(history)
        for each in _countables_of(scr, history, organizations)
    ]


def _countables_of(
    scr: str, history: History, organizations: Mapping[str, History]
) -> list[Countable]:
    approvals = [
        line for line in _about_the_scr(history) if line["event"] == "approved"
    ]
    entered_on = date.fromisoformat(approvals[0]["effective_on"]) if approvals else None

    def countable(outcome: str | None, kind: str, on: date) -> Countable:
        determination = _determination(history, on) or {}
        # Of a first approval only the answers are looked at.
        named = outcome and determination.get("organization")
        approval = outcome and _last(_naming(history, outcome), "approved")
        return Countable(
            scr=scr,
            cell=_cell(history),
            case_number=_last_given(history, "case_number", "filed", "refiled"),
            approved=_is_approved(history),
            outcome=outcome,
            kind=kind,
            on=on,
            outcome_approved_on=(
                date.fromisoformat(approval["effective_on"]) if approval else None
            ),
            scr_approved_on=entered_on,
            meets_tco=_meets_tco(determination or None),
            high_threat=determination.get("high_threat", "unknown"),
            organization=named and _shown_as(named, organizations),
        )

    found = [
        countable(
            line["outcome"], KINDS[line["event"]], _date(history, line["outcome"])
        )
        for line in history
        if line["event"] in KINDS and _is_live(history, line["outcome"])
    ]
    if entered_on is not None:
        found.append(countable(None, FIRST_APPROVAL, entered_on))
    return sorted(found, key=lambda each: each.on)


def _cell(history: History) -> dict[str, str | None]:
    named = ("classified", "reclassified")
    placed = ("filed", "transferred", "refiled")
    return {
        "category": _last_given(history, "category", *named),
        "subcategory": _last_given(history, "subcategory", *named),
        "office": _last_given(history, "office", *placed),
        "program": _last_given(history, "program", *placed),
    }


def counted_on(body: Body, each: Countable) -> date | None:
    """Return the day that decides the year, if it has one."""
    return {
        "outcome": each.on,
        "outcome-approval": each.outcome_approved_on,
        "scr-approval": each.scr_approved_on,
    }[body.get("attribution", "outcome")]


def takes(body: Body, each: Countable) -> bool:
    """Say whether a definition counts this, in whatever year."""
    population = body.get("population", {})
    category, office = each.cell["category"], each.cell["office"]
    return (
        each.kind in body["kinds"]
        and counted_on(body, each) is not None
        and (each.approved or not population.get("approved", True))
        and ("tco" not in population or each.meets_tco in population["tco"])
        and (
            "high_threat" not in population
            or each.high_threat in population["high_threat"]
        )
        and ("categories" not in population or category in population["categories"])
        and category not in population.get("categories_except", [])
        and ("offices" not in population or office in population["offices"])
        and office not in population.get("offices_except", [])
    )


def _unit(body: Body, each: Countable) -> object:
    """Return which unit this counts for, if for any."""
    return {
        "scr": each.scr,
        "outcome": (each.scr, each.outcome),
        "organization": each.organization,
        "case": each.case_number,
    }[body["unit"]]


def counted(body: Body, countables: Iterable[Countable]) -> dict[int, list[Countable]]:
    """Return what a definition counts, by fiscal year."""
    years: dict[int, list[Countable]] = {}
    for each in countables:
        if takes(body, each) and _unit(body, each) is not None:
            year = fiscal_year(counted_on(body, each))
            years.setdefault(year, []).append(each)
    if body.get("once") == "ever":
        seen: set[object] = set()
        for year in sorted(years):
            years[year] = [one for one in years[year] if _unit(body, one) not in seen]
            seen |= {_unit(body, one) for one in years[year]}
    return years


def _rows_by_definition(
    name: str, body: Body, year: int, found: Sequence[Countable]
) -> list[dict]:
    """Return the rows behind the figure of one year: by SCR, then by what is apart."""
    apart: Callable[[Countable], object] = {
        "outcome": lambda each: each.meets_tco,
        "organization": lambda each: each.organization,
    }.get(body["unit"], lambda _: None)
    rows = []
    for scr in sorted({each.scr for each in found}):
        of_scr = [each for each in found if each.scr == scr]
        for value in sorted({apart(each) for each in of_scr}, key=str):
            alike = [each for each in of_scr if apart(each) == value]
            # A first approval answers only where there is no outcome to do so.
            outcomes = [each for each in alike if each.kind != FIRST_APPROVAL]
            answer = _any_meets_tco(each.meets_tco for each in outcomes or alike)
            row = _row(name, year, alike[0], answer, outcomes)
            if body["unit"] == "case":
                row["case_number"] = alike[0].case_number
            rows.append(row)
    return rows


def value_of(body: Body, rows: Sequence[dict]) -> int:
    """Return a figure from the rows behind it, in the definition's unit."""
    if body["unit"] == "organization":
        return len({row["organization"] for row in rows})
    if body["unit"] == "case":
        return len({row["case_number"] for row in rows})
    if body["unit"] == "outcome":
        return sum(len(row["outcomes"]) for row in rows)
    return len(rows)


def cases_by_definition(  # noqa: PLR0913, PLR0917  # As many as the command has options.
    log: Iterable[Fact],
    basis: Basis,
    name: str,
    body: Body,
    years: Sequence[int] | None,
    where: Mapping[str, str | None] = EVERY_CELL,
) -> list[dict]:
    """Return the rows of ``scr cases --json`` for a definition asked under a name."""
    found = counted(body, _countables(log, basis))
    return [
        row
        for year in _asked_years(_cases(log, basis), years)
        for row in _rows_by_definition(name, body, year, found.get(year, []))
        if all(row[column] == (value or None) for column, value in where.items())
    ]


def count_by_definition(  # noqa: PLR0913, PLR0917  # As many as the command has options.
    log: Iterable[Fact],
    basis: Basis,
    name: str,
    body: Body,
    years: Sequence[int] | None,
    by: Sequence[str] = (),
    where: Mapping[str, str | None] = EVERY_CELL,
    denominator: Body | None = None,
) -> list[dict]:
    """Return the rows of ``scr count --json`` for a definition asked under a name.

    ``denominator`` is the definition that the one named there has at the basis.
    """
    years = _asked_years(_cases(log, basis), years)
    rows = cases_by_definition(log, basis, name, body, years, where)
    under = denominator and cases_by_definition(
        log, basis, name, denominator, years, where
    )
    figures = []
    for year in years:
        behind = [row for row in rows if row["fiscal_year"] == year]
        cells = {tuple(row[column] for column in by) for row in behind} if by else {()}
        for cell in sorted(cells, key=_code_points_null_last):
            inside = [row for row in behind if tuple(row[each] for each in by) == cell]
            figure = {
                "measure": name,
                "fiscal_year": year,
                **dict(zip(by, cell, strict=True)),
                "value": value_of(body, inside),
            }
            if not by and denominator is not None:
                figure["denominator"] = value_of(
                    denominator, [row for row in under if row["fiscal_year"] == year]
                )
            if not by and str(year) in body.get("targets", {}):
                figure["target"] = body["targets"][str(year)]
            figures.append(figure)
    return figures
