"""A definition in words, field by field, and two of them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.definitions import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.domain.definitions import Definition

    Row = dict[str, object]

_UNITS = {
    "scr": "SCRs are counted",
    "outcome": "outcomes are counted, each by itself",
    "organization": "distinct organizations are counted, merged ones as one",
    "case": "distinct case numbers are counted",
}
_KINDS = {
    "disruption": "a disruption",
    "dismantlement": "a dismantlement",
    "first-approval": "the first approval of the SCR",
}
_DATES = {
    "outcome": "the day it happened decides the year",
    "outcome-approval": "the day the panel approved the outcome decides the year;"
    " an outcome it did not approve by itself is not counted",
    "scr-approval": "the day of the SCR's first approval decides the year",
}
_ONCE = {
    "per-year": "once in every year that has one",
    "ever": "once ever, in the first year that has one",
}
_WORDS = {"unit": _UNITS, "attribution": _DATES, "once": _ONCE}
STATEMENTS = {
    "verification": "(A) how values are verified and validated",
    "sources": "(B) where the data come from",
    "accuracy": "(C) the accuracy that the use of the data requires",
    "limitations": "(D) what limits the data at that accuracy",
    "compensation": "(E) how the agency makes up for that",
}
"""The five of 31 USC 1116(c)(6)."""
_PLAIN = ("id", "version", "title", "owner", "source")


def flat(definition: Definition) -> dict[str, object]:
    """Return a definition as paths and values: ``population.tco`` → ``["yes"]``."""
    found: dict[str, object] = {}
    for name, value in as_json(definition).items():
        if isinstance(value, dict):
            found.update({f"{name}.{key}": part for key, part in value.items()})
        else:
            found[name] = value
    return found


def told(definition: Definition) -> list[Row]:
    """Return every field of a definition with its value and what it means."""
    return [
        {"field": field, "value": value, "says": _says(field, value)}
        for field, value in flat(definition).items()
    ]


def clauses_of(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield of these the rows that say what is counted, and not by whom or why."""
    for row in rows:
        field = str(row["field"])
        if field not in _PLAIN and not field.startswith("data_quality."):
            yield row


def differing(one: Definition, other: Definition) -> list[Row]:
    """Return the fields in which two definitions differ, id and version aside."""
    before, after = flat(one), flat(other)
    return [
        {"field": field, "first": before.get(field), "second": after.get(field)}
        for field in dict.fromkeys((*before, *after))
        if field not in ("id", "version") and before.get(field) != after.get(field)
    ]


def shown(value: object) -> str:
    """Return a value of a definition as tables have it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _says(field: str, value: Any) -> str | None:
    part, _, name = field.partition(".")
    if part in _WORDS:
        return _WORDS[part][value]
    match part:
        case "kinds":
            return f"with {_or([_KINDS[kind] for kind in value])}"
        case "population":
            return _population(name, value)
        case "denominator":
            return f"it is a rate: out of {value}, in the same year"
        case "targets":
            return f"the target for FY {name}"
        case "data_quality":
            return STATEMENTS[name]
        case _:
            return None


def _population(name: str, value: Any) -> str:
    match name:
        case "approved":
            return f"only SCRs {_approved(value)}"
        case "tco":
            return f"only where the entity meets the TCO definition: {_or(value)}"
        case "high_threat":
            return f"only where the entity is a high threat: {_or(value)}"
        case "categories":
            return f"only SCRs of the category {_or(value)}"
        case "categories_except":
            return f"only SCRs of another category than {_or(value)}, or of none"
        case "offices":
            return f"only SCRs of the office {_or(value)}"
        case _:
            return f"only SCRs of another office than {_or(value)}"


def _approved(value: object) -> str:
    return "whose approval stands" if value else "that stand, approved or not"


def _or(values: Sequence[str]) -> str:
    *most, last = values
    return f"{', '.join(most)} or {last}" if most else last
