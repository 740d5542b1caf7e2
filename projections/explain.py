"""Why an SCR is counted, or is not: clause by clause, with the fact that made it so.

Read from the log, not from the read model: the facts that are visible at a basis are
folded one after another, and every clause of the definition is asked after each.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import format_instant, to_micros
from ledger.domain.links import end_of_chain
from ledger.errors import FactDamagedError, NotFoundError
from projections.counts import members, mergers
from projections.selecting import EVERY_YEAR, INDEX, clauses, year_column, year_of
from projections.standing import (
    FIRST_APPROVAL,
    FOLDS,
    KINDS,
    WORDS,
    Outcome,
    Standing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ledger.domain.definitions import Definition
    from ledger.reader import Log, Row
    from projections.basis import Basis
    from projections.readmodel import ReadModel
    from projections.selecting import Clause
    from projections.standing import Fields, Observation

    Value = str | int | None
    Figures = dict[str, object]

KNOWN, STANDS, LIVE = "known", "stands", "live"
YEAR, NAMED, ONCE = "year", "organization", "once"
ENTERED = "first approval"
"""A candidate; no outcome has a space in its id."""
_ANSWERS = ("answer", "high_threat")
# What an SCR has without an outcome.
_OF_THE_SCR = ("approved", "category", "office")
# What `filed` says; all else is not so because nobody has said so yet.
_FILED = (STANDS, "population.offices", "population.offices_except")
# What bytes can raise that were changed since they were recorded.
_NO_FACT = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


class Told(NamedTuple):
    """A fact, as far as a clause needs it."""

    position: int
    event: str
    effective_on: str
    known_at: str
    by: str


class Finding(NamedTuple):
    """One clause, asked of one thing that could be counted."""

    candidate: str | None
    """The outcome; ``first approval``; None for the SCR itself."""
    clause: str
    holds: bool
    value: str | None
    """What there is."""
    wants: str
    """What the clause takes."""
    fact: Told | None
    """What made it so; None where it is so because no fact says otherwise."""
    since: str | None
    """From when the clause has held, or not held: that fact's ``known_at``."""


class Explanation(NamedTuple):
    """Why one SCR is counted in a year, or is not."""

    scr: str
    fiscal_year: int
    counted: bool
    findings: list[Finding]
    """By candidate, in the order in which they came up; clauses in their order."""
    nearest: str | None
    """If it is not counted: the candidate with the fewest clauses against it; of
    several, one that is in the year.
    """

    def counting(self) -> list[str]:
        """Return the candidates it is counted for."""
        return [
            name for name, against in _against(self.findings).items() if not against
        ]

    def against(self) -> list[Finding]:
        """Return what stands against the nearest candidate."""
        return [
            one
            for one in self.findings
            if not one.holds and one.candidate in (None, self.nearest)
        ]


class Asked(NamedTuple):
    """What is asked: a definition, a year, at a basis."""

    definition: Definition
    fiscal_year: int
    basis: Basis


def explain(log: Log, model: ReadModel, asked: Asked, scr: str) -> Explanation:
    """Say why an SCR is, or is not, counted.

    :raises NotFoundError: the log has no such SCR.
    :raises FactDamagedError: what is recorded cannot be read.
    """
    history = list(log.stream(f"scr/{scr}", log.head)) if scr.isascii() else []
    if not history:
        message = f"no SCR is named {scr or repr('')}; `scr log` lists what is recorded"
        raise NotFoundError(message)
    seen = list(_visible(history, asked.basis))
    if not seen:
        missing = Finding(None, KNOWN, False, None, "a fact at this basis", None, None)  # noqa: FBT003
        return Explanation(scr, asked.fiscal_year, False, [missing], None)  # noqa: FBT003
    findings, standing = _asked_after_each(seen, asked)
    counted = _met(findings)
    if counted and asked.definition.once == "ever":
        # Only what counts once ever depends on more than the SCR's own facts.
        once = _once(model, asked, scr, standing)
        findings.append(once)
        counted = once.holds
    nearest = None if counted else _nearest(findings)
    return Explanation(scr, asked.fiscal_year, counted, findings, nearest)


def _once(model: ReadModel, asked: Asked, scr: str, standing: Standing) -> Finding:
    """Ask whether the year is the first of what the SCR counts for."""
    definition = asked.definition
    merged = mergers(model, asked.basis)
    rows = list(members(model, asked.basis, definition, EVERY_YEAR, merged))
    year = asked.fiscal_year
    holds = any(row["scr"] == scr and row["fiscal_year"] == year for row in rows)
    named = {
        end_of_chain(str(row[INDEX["organization"]]), merged)
        for _, live, row in standing.candidates()
        if live and row[INDEX["organization"]] is not None
    }
    column, own = {
        "organization": ("organization", named),
        "case": ("case_number", {standing.case_number}),
    }.get(definition.unit, ("scr", {scr}))
    first = year if holds else min(_years(rows, column, own))
    wants = f"not counted in an earlier year than FY {year}"
    return Finding(None, ONCE, holds, f"first counted in FY {first}", wants, None, None)


def _years(rows: Iterable[Figures], column: str, own: set[str]) -> Iterator[int]:
    for row in rows:
        if row[column] in own:
            yield int(str(row["fiscal_year"]))


def _visible(history: Iterable[Row], basis: Basis) -> Iterator[tuple[Told, Fields]]:
    for row in history:
        try:
            fields: Fields = json.loads(row.payload)
            known = datetime.fromisoformat(fields.get("known_at") or row.recorded_at)
            told = Told(
                row.position,
                fields["event"],
                fields["effective_on"],
                format_instant(known),
                fields["by"],
            )
        except _NO_FACT:
            raise FactDamagedError(row.position, "its bytes are not a fact") from None
        if row.position <= basis.position and to_micros(known) <= basis.cutoff:
            yield told, fields


def _asked_after_each(
    seen: Sequence[tuple[Told, Fields]], asked: Asked
) -> tuple[list[Finding], Standing]:
    """Fold facts one by one; return how the clauses stand after the last."""
    made: dict[tuple[str | None, str], tuple[object, Told | None]] = {}
    since: dict[tuple[str | None, str], tuple[bool, str]] = {}
    held: list[Finding] = []
    position = seen[0][0].position
    try:
        scr = Standing(seen[0][1])
        there: set[str] = set()
        for told, fields in seen:
            position = told.position
            _foresee(scr, fields)
        for told, fields in seen:
            position = told.position
            _fold(scr, fields)
            there.update(_begun(fields))
            held = list(_findings(scr, asked))
            for one in held:
                if not _has_begun(one, scr, there, year_column(asked.definition)):
                    continue
                key = (one.candidate, one.clause)
                if key not in made or made[key][0] != one.value:
                    unsaid = told.event == "filed" and one.clause not in _FILED
                    made[key] = (one.value, None if unsaid else told)
                if key not in since or since[key][0] != one.holds:
                    since[key] = (one.holds, told.known_at)
    except _NO_FACT:
        raise FactDamagedError(position, "its bytes are not a fact") from None
    findings = [
        one._replace(
            fact=made[one.candidate, one.clause][1],
            since=since[one.candidate, one.clause][1],
        )
        for one in held
    ]
    return findings, scr


# An SCR may have been approved, classified and determined before the outcome that is
# asked about came up. So that each is told with its own fact, and not with that of the
# outcome, outcomes and first approval are there from the start.


def _foresee(scr: Standing, fields: Fields) -> None:
    """Give an SCR as filed an outcome it will have, or the day of its approval."""
    if fields["event"] in KINDS:
        kind = KINDS[fields["event"]]
        scr.outcomes[fields["outcome"]] = Outcome(kind, fields["effective_on"])
    elif "" in _begun(fields) and scr.entered_on is None:
        scr.entered_on = fields["effective_on"]


def _fold(scr: Standing, fields: Fields) -> None:
    event = fields["event"]
    if event != "filed" and event not in KINDS:
        FOLDS[event](scr, fields)


def _begun(fields: Fields) -> tuple[str, ...]:
    """Return the outcome a fact begins; nothing in its place for a first approval."""
    if fields["event"] in KINDS:
        return (fields["outcome"],)
    return ("",) if fields["event"] == "approved" and "outcome" not in fields else ()


def _has_begun(one: Finding, scr: Standing, there: set[str], dated: str) -> bool:
    """Whether what a clause looks at is there yet, and not only foreseen."""
    if one.candidate is None:
        return True
    own = "" if one.candidate == ENTERED else one.candidate
    if one.clause in (LIVE, "kinds"):
        return own in there
    if one.clause in (YEAR, "attribution"):
        if dated == "scr_approved_on":
            return "" in there or scr.entered_on is None
        return dated == "outcome_approved_on" or own in there
    return True


def _findings(scr: Standing, asked: Asked) -> Iterator[Finding]:
    """Yield how every clause stands, of every candidate of an SCR."""
    definition = asked.definition
    yield Finding(
        None,
        STANDS,
        not scr.voided,
        "voided" if scr.voided else "stands",
        "stands",
        None,
        None,
    )
    candidates = [
        (name or ENTERED, live, row)
        for name, live, row in scr.candidates()
        if row[2] in definition.kinds or name
    ]
    if not candidates:
        yield from _without_candidates(scr, definition)
    for name, live, row in candidates:
        if row[2] != FIRST_APPROVAL:
            value = "live" if live else _undone(scr.outcomes[name])
            yield Finding(name, LIVE, live, value, "live", None, None)
        for clause in clauses(definition):
            yield _finding(name, clause, row)
        yield _year(name, row, asked)
        if definition.unit == "organization":
            named = row[INDEX["organization"]]
            assert named is None or isinstance(named, str)
            wants = "a named organization"
            yield Finding(name, NAMED, named is not None, named, wants, None, None)


def _undone(outcome: Outcome) -> str:
    return "reversed" if outcome.reversed else "not accepted by the panel"


def _without_candidates(scr: Standing, definition: Definition) -> Iterator[Finding]:
    kinds = " or ".join(definition.kinds)
    yield Finding(None, "kinds", False, None, kinds, None, None)  # noqa: FBT003
    of_scr = {
        "approved": int(scr.approved),
        "category": scr.category,
        "office": scr.office,
    }
    for clause in clauses(definition):
        if clause.column in _OF_THE_SCR:
            value = of_scr[clause.column]
            holds = (value in clause.values) != clause.negated
            shown = _shown(clause.column, value)
            yield Finding(None, clause.name, holds, shown, _wants(clause), None, None)


def _finding(candidate: str, clause: Clause, row: Observation) -> Finding:
    value = row[INDEX[clause.column]]
    return Finding(
        candidate,
        clause.name,
        clause.holds(row),
        _shown(clause.column, value),
        _wants(clause),
        None,
        None,
    )


def _year(candidate: str, row: Observation, asked: Asked) -> Finding:
    day = row[INDEX[year_column(asked.definition)]]
    assert day is None or isinstance(day, str)
    holds = day is not None and year_of(asked.definition)(row) == asked.fiscal_year
    wants = f"a day of FY {asked.fiscal_year}"
    return Finding(candidate, YEAR, holds, day, wants, None, None)


def _shown(column: str, value: Value) -> str | None:
    if column == "approved":
        return "approved" if value else "not approved"
    if column in _ANSWERS:
        assert isinstance(value, int)
        return WORDS[value]
    return None if value is None else str(value)


def _wants(clause: Clause) -> str:
    if clause.values == (None,):
        return "a date"
    shown = [_shown(clause.column, value) or "none" for value in clause.values]
    listed = " or ".join(shown)
    return f"anything but {listed}" if clause.negated else listed


def _met(findings: Iterable[Finding]) -> bool:
    """Whether any candidate has nothing against it."""
    return any(not against for against in _against(findings).values())


def _against(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many clauses stand against each candidate."""
    found: dict[str, int] = {}
    of_all = 0
    for one in findings:
        if one.candidate is None:
            of_all += not one.holds
        else:
            found[one.candidate] = found.get(one.candidate, 0) + (not one.holds)
    return {name: count + of_all for name, count in found.items()}


def _nearest(findings: Sequence[Finding]) -> str | None:
    against = _against(findings)
    within = {one.candidate for one in findings if one.clause == YEAR and one.holds}
    return min(
        against, key=lambda name: (against[name], name not in within), default=None
    )


# --- the funnel -----------------------------------------------------------------------


class Step(NamedTuple):
    """How many SCRs are left after one more clause."""

    clause: str
    wants: str
    kept: int
    dropped: int


def funnel(
    log: Log, model: ReadModel, asked: Asked, on_progress: Callable[[int], None]
) -> list[Step]:
    """Return how many SCRs each clause keeps and drops, one clause after another.

    An SCR is kept as long as one of its candidates meets all clauses so far; the last
    step keeps those that are counted.

    :param on_progress: told the position reached, now and then.
    :raises FactDamagedError: what is recorded cannot be read.
    """
    definition = asked.definition
    tests = _tests(asked)
    kept = [0] * len(tests)
    known = 0
    counted: set[str] = set()
    for name, scr in _folded(log, asked.basis, on_progress):
        known += 1
        left = [(live, row) for _, live, row in scr.candidates()]
        for number, (_, _, holds) in enumerate(tests):
            if number == 0:
                left = left if not scr.voided else []
                kept[0] += not scr.voided
                continue
            left = [one for one in left if holds(*one)]
            if not left:
                break
            kept[number] += 1
        else:
            counted.add(name)
    steps = [Step(KNOWN, "a fact at this basis", known, 0)]
    for (clause, wants, _), now in zip(tests, kept, strict=True):
        steps.append(Step(clause, wants, now, steps[-1].kept - now))
    if definition.once == "ever":
        years = range(asked.fiscal_year, asked.fiscal_year + 1)
        merged = mergers(model, asked.basis)
        rows = members(model, asked.basis, definition, years, merged)
        now = len({str(row["scr"]) for row in rows} & counted)
        steps.append(Step(ONCE, "its first year", now, steps[-1].kept - now))
    return steps


def _tests(
    asked: Asked,
) -> list[tuple[str, str, Callable[[bool, Observation], bool]]]:
    definition = asked.definition
    takes_year = year_of(definition)
    place = INDEX["organization"]

    def of_clause(clause: Clause) -> Callable[[bool, Observation], bool]:
        return lambda _live, row: clause.holds(row)

    tests: list[tuple[str, str, Callable[[bool, Observation], bool]]] = [
        (STANDS, "an SCR that stands", lambda _live, _row: True),
        (
            "kinds",
            " or ".join(definition.kinds),
            lambda _l, row: row[2] in definition.kinds,
        ),
        (LIVE, "a live outcome", lambda live, _row: live),
    ]
    tests += [
        (clause.name, _wants(clause), of_clause(clause))
        for clause in clauses(definition)
        if clause.name != "kinds"
    ]
    tests.append(
        (
            YEAR,
            f"a day of FY {asked.fiscal_year}",
            lambda _live, row: takes_year(row) == asked.fiscal_year,
        )
    )
    if definition.unit == "organization":
        named = "a named organization"
        tests.append((NAMED, named, lambda _live, row: row[place] is not None))
    return tests


def _folded(
    log: Log, basis: Basis, on_progress: Callable[[int], None]
) -> Iterator[tuple[str, Standing]]:
    """Fold what is visible of every SCR; yield them all at the end."""
    scrs: dict[str, Standing] = {}
    for position, topic, recorded_at, payload in log.narrow(0, basis.position):
        if position % _PROGRESS == 0:
            on_progress(position)
        if not topic.startswith("scr."):
            continue
        try:
            fields: Fields = json.loads(payload)
            known = datetime.fromisoformat(fields.get("known_at") or recorded_at)
            if to_micros(known) > basis.cutoff:
                continue
            scr = scrs.get(fields["scr"])
            if scr is None:
                scrs[fields["scr"]] = Standing(fields)
            else:
                FOLDS[fields["event"]](scr, fields)
        except _NO_FACT:
            raise FactDamagedError(position, "its bytes are not a fact") from None
    yield from scrs.items()


_PROGRESS = 50_000
