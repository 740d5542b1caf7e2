"""What validation says by definition: written from docs/validation.md alone, slowly.

It reads the lines of the interchange format, and shares no line with the rules.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tests import oracle
from tests.oracle import ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.oracle import Basis, Fact, History

    Body = Mapping[str, Any]
    Finding = tuple[str, str, str]

DETERMINES = ("determined", "redetermined")
CLASSIFIES = ("classified", "reclassified")
HAPPENS = ("disrupted", "dismantled")


class Question(NamedTuple):
    """
    What validation is asked, and what it goes by.
    """

    log: Sequence[Fact]
    basis: Basis
    measures: Mapping[str, Body]
    taxonomy: Body | None
    habit_filings: int = 10


def findings(asked: Question) -> set[Finding]:
    """
    Return rule, severity and SCR of all that fails.
    """
    facts = oracle.visible(asked.log, asked.basis)
    streams: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if "scr" in fact.line:
            streams[fact.line["scr"]].append(fact)
    organizations = oracle._histories(facts, "organization")
    histories = {scr: [one.line for one in held] for scr, held in streams.items()}
    return {
        *_counted(asked, histories),
        *_same_case_number(histories),
        *_same_organization(histories, organizations),
        *_silent(asked, facts, histories),
        *_far(asked, histories, organizations),
        *_anomalies(asked, streams),
    }


def requires_tco(taxonomy: Body, category: str | None, subcategory: str | None) -> str:
    """
    Return what the criteria of a category and subcategory ask for.
    """
    if category not in taxonomy["categories"]:
        return "unknown"
    held = taxonomy["categories"][category]
    parts = held.get("subcategories", {})
    if subcategory in parts:
        return parts[subcategory].get("requires_tco", held["requires_tco"])
    if parts and held["requires_tco"] != "no":
        return "unknown"
    return held["requires_tco"]


def _counted(asked: Question, histories) -> Iterator[Finding]:
    for name, body in asked.measures.items():
        told = (asked.log, asked.basis, name, body, None)
        for row in oracle.cases_by_definition(*told):
            history = histories[row["scr"]]
            if asked.taxonomy is not None and row["meets_tco"] != "yes":
                answer = requires_tco(
                    asked.taxonomy, row["category"], row["subcategory"]
                )
                severity = {"no": "error", "unknown": "warning"}.get(answer)
                if severity:
                    yield "category-weaker-than-measure", severity, row["scr"]
            days = [date.fromisoformat(one["on"]) for one in row["outcomes"]]
            if not days:
                rulings = oracle._about_the_scr(history)
                first = next(one for one in rulings if one["event"] == "approved")
                days = [date.fromisoformat(first["effective_on"])]
            if any(oracle._determination(history, day) is None for day in days):
                speaks = "tco" in body.get("population", {})
                severity = "error" if speaks else "warning"
                yield "counted-without-determination", severity, row["scr"]


def _same_case_number(histories) -> Iterator[Finding]:
    numbers = {
        scr: oracle._last_given(history, "case_number", "filed", "refiled")
        for scr, history in histories.items()
        if oracle._stands(history)
    }
    for scr, number in numbers.items():
        if list(numbers.values()).count(number) > 1:
            yield "same-case-number", "warning", scr


def _same_organization(histories, organizations) -> Iterator[Finding]:
    events = {
        (scr, one.organization, one.on)
        for scr, history in histories.items()
        if oracle._stands(history)
        for one in oracle._live_outcomes(history, organizations)
        if one.organization is not None
    }
    for scr, organization, on in events:
        if any((organization, on) == other[1:] and scr != other[0] for other in events):
            yield "same-organization-and-date", "warning", scr


def _silent(asked: Question, facts, histories) -> Iterator[Finding]:
    if asked.basis.bound == "all":
        if not facts:
            return
        last = max(fact.known_at for fact in facts)
    elif asked.basis.bound == "before":
        last = asked.basis.instant - timedelta(microseconds=1)
    else:
        last = asked.basis.instant
    today = last.astimezone(ZONE).date()
    recorded = (asked.taxonomy or {}).get("thresholds", {}).get("office-silent")
    offices: dict[str, list[tuple[date, int, str]]] = defaultdict(list)
    for fact in facts:
        if fact.line["event"] == "filed":
            scr = fact.line["scr"]
            office = oracle._last_given(histories[scr], "office", "filed", "refiled")
            day = date.fromisoformat(fact.line["effective_on"])
            offices[office].append((day, fact.position, scr))
    for filings in offices.values():
        if len(filings) < asked.habit_filings:
            continue
        days = sorted(day for day, _, _ in filings)
        gaps = [(after - day).days for day, after in pairwise(days)]
        allowed = max(gaps, default=0) if recorded is None else recorded
        day, _, scr = max(filings)
        if (today - day).days > allowed:
            yield "office-silent", "warning", scr


def _far(asked: Question, histories, organizations) -> Iterator[Finding]:
    limits = (asked.taxonomy or {}).get("thresholds", {})
    most = limits.get("outcome-far-from-filing", 1825)
    for scr, history in histories.items():
        filed = date.fromisoformat(history[0]["effective_on"])
        for outcome in oracle._live_outcomes(history, organizations):
            if oracle._stands(history) and abs((outcome.on - filed).days) > most:
                yield "outcome-far-from-filing", "warning", scr


def _anomalies(asked: Question, streams) -> Iterator[Finding]:
    for scr, facts in streams.items():
        lines = [fact.line for fact in facts]
        for number, fact in enumerate(facts):
            for rule in _departs(fact, lines[:number], streams):
                yield rule, "warning", scr
        category = oracle._cell(lines)["category"]
        known = (asked.taxonomy or {"categories": [category]})["categories"]
        if category is not None and category not in known:
            yield "category-not-in-taxonomy", "warning", scr


def _departs(fact: Fact, before: History, streams) -> Iterator[str]:
    line = fact.line
    event, outcome, day = line["event"], line.get("outcome"), line["effective_on"]
    events = [one["event"] for one in before]
    if date.fromisoformat(day) > fact.known_at.astimezone(ZONE).date():
        yield "effective-after-known"
    on_the_scr = event == "approved" and outcome is None
    if on_the_scr and not {*DETERMINES} & {*events}:
        yield "approved-without-determination"
    if event in HAPPENS and not oracle._is_approved(before):
        yield "outcome-not-approved"
    if event in (*HAPPENS, "redated") and day < before[0]["effective_on"]:
        yield "outcome-before-filing"
    if event == "dismantled" and "disrupted" not in events:
        yield "dismantled-before-disrupted"
    if event in ("returned", "rescinded"):
        about = [one for one in before if one.get("outcome") == outcome]
        ruling = oracle._last(about, *oracle.RULINGS)
        if ruling is None or ruling["event"] != "approved":
            yield f"nothing-{event}"
    if event == "reclassified" and not {*CLASSIFIES} & {*events}:
        yield "nothing-reclassified"
    if event == "redetermined" and not {*DETERMINES} & {*events}:
        yield "nothing-redetermined"
    if "duplicate_of" in line and line["duplicate_of"] not in streams:
        yield "duplicate-of-unknown"
