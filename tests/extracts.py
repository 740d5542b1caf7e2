"""Extracts for tests: how SCRs stood at an instant, by the replay of the oracle.

An extract is a list of rows, each the filled cells of one SCR, as a yearly table of an
agency has them: the state, and nothing of how it came to be.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ledger.intake.rows import Heading, Row
from tests import oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tests.oracle import Fact

Cells = dict[str, str]


COLUMNS = (
    *("scr", "case_number", "office", "program", "title", "filed_on"),
    *("category", "subcategory", "approved", "approved_on", "first_approved_on"),
    "voided",
)
OUTCOME = ("outcome", "kind", "on")
DETERMINED = ("association", "transnational", "organization", "determined_on")


def rows(extract: Iterable[Cells]) -> list[Row]:
    """Return the rows of a table: the first after the header is row 2.

    Without numbered determinations they stand once and do not say `from`; an empty
    text is an empty cell.
    """
    held = list(extract)
    names = dict.fromkeys([*COLUMNS, *(name for cells in held for name in cells)])
    if "outcome" not in names:
        names |= dict.fromkeys(f"{name}_1" for name in OUTCOME)
    if "from_1" not in names:
        names |= dict.fromkeys(DETERMINED)
    columns = {name: Heading(name) for name in names}
    return [
        Row(number, {name: text for name, text in cells.items() if text}, columns)
        for number, cells in enumerate(held, 2)
    ]


def extract(
    facts: Iterable[Fact],
    known: datetime,
    determinations: Callable[[oracle.History], list[oracle.Line]] | None = None,
) -> list[Cells]:
    """Return how every SCR stood at an instant: outcomes in repeated columns.

    :param determinations: which there are in repeated columns too, with their `from`;
        left out: the last, once, without it.
    """
    seen = [fact for fact in facts if fact.known_at <= known]
    found = []
    for scr, history in sorted(oracle._histories(seen, "scr").items()):
        cells = _state(scr, history) | _repeated(live(history))
        if determinations is None:
            last = oracle._last(history, "determined", "redetermined")
            cells |= {} if last is None else _determination(last)
        else:
            chosen = determinations(history)
            # The columns are there, whether anything was determined or not.
            cells |= {f"{name}_1": "" for name in (*DETERMINED, "from")}
            cells |= _repeated([_determination(line, "from") for line in chosen])
        found.append(cells)
    return found


def _repeated(groups: Iterable[Cells]) -> Cells:
    return {
        f"{name}_{number}": value
        for number, cells in enumerate(groups, 1)
        for name, value in cells.items()
    }


def one_row_per_outcome(extract: Iterable[Cells]) -> list[Cells]:
    """Return an extract with a row for each outcome instead of repeated columns."""
    found = []
    for cells in extract:
        about = {
            name: text
            for name, text in cells.items()
            if name.rpartition("_")[0] not in OUTCOME
        }
        numbers = [n for n in range(1, len(cells)) if f"outcome_{n}" in cells]
        found += [
            about | {name: cells[f"{name}_{n}"] for name in OUTCOME} for n in numbers
        ] or [about]
    return found


def determined(history: oracle.History) -> list[oracle.Line]:
    """Return every determination, as they were made."""
    return [line for line in history if line["event"] in {"determined", "redetermined"}]


def holding(history: oracle.History) -> list[oracle.Line]:
    """Return the determinations that hold for some day, as they were made."""
    every = determined(history)
    days = [line.get("from", "1900-01-01") for line in every]
    chosen = [oracle._determination(history, date.fromisoformat(day)) for day in days]
    return [line for line in every if any(line is each for each in chosen)]


def live(history: oracle.History) -> list[Cells]:
    """Return the outcomes that stand."""
    return [
        {
            "outcome": line["outcome"],
            "kind": oracle.KINDS[line["event"]],
            "on": oracle._date(history, line["outcome"]).isoformat(),
        }
        for line in history
        if line["event"] in oracle.KINDS and oracle._is_live(history, line["outcome"])
    ]


def _state(scr: str, history: oracle.History) -> Cells:
    placed = ("filed", "transferred", "refiled")
    named = ("classified", "reclassified")
    ruling = oracle._last(oracle._about_the_scr(history), *oracle.RULINGS)
    approvals = [
        line["effective_on"]
        for line in oracle._about_the_scr(history)
        if line["event"] == "approved"
    ]
    approved = {"approved": "yes", "returned": "returned"}
    cells = {
        "scr": scr,
        **{
            field: oracle._last_given(history, field, *placed)
            for field in ("case_number", "office", "program", "title")
        },
        "filed_on": history[0]["effective_on"],
        **{
            field: oracle._last_given(history, field, *named)
            for field in ("category", "subcategory")
        },
        "approved": approved.get((ruling or {}).get("event", ""), "no"),
        "approved_on": approvals[-1] if approvals else None,
        "first_approved_on": approvals[0] if approvals else None,
        "voided": None if oracle._stands(history) else "yes",
    }
    return {name: text for name, text in cells.items() if text is not None}


def _determination(line: oracle.Line, *more: str) -> Cells:
    given = ("association", "transnational", "high_threat", "organization", *more)
    cells = {field: line[field] for field in given if field in line}
    return {**cells, "determined_on": line["effective_on"]}
