"""Which definition a measure has at a basis.

Definitions are facts: one is in force from when it was adopted, at positions from where
it was recorded, until a later version or a retirement of the same measure. The built-in
ones hold at every basis.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.definitions import BUILT_IN, from_json, hash_of
from ledger.errors import UsageError

if TYPE_CHECKING:
    from ledger.domain.definitions import Definition
    from projections.basis import Basis
    from projections.readmodel import ReadModel


class Measure(NamedTuple):
    """A definition as an answer uses it."""

    definition: Definition
    hash: str
    """SHA-256 of the definition as RFC 8785 JSON, in hex."""
    position: int | None
    """Where it was recorded; None for a built-in one."""
    adopted: int | None
    """From when it is in force, in microseconds since 1970; None for a built-in one."""
    claimed: bool
    """Whether whoever recorded it said when it was adopted."""
    in_force: bool
    """Whether it is the measure's definition at the basis asked for; another one was
    asked for by its version.
    """


def find(model: ReadModel, basis: Basis, name: str) -> Measure:
    """Return the definition of ``ID`` in force at a basis, or of ``ID@VERSION``.

    :raises UsageError: there is none.
    """
    measure, _, version = name.partition("@")
    if measure in BUILT_IN and version in ("", "1"):
        built_in = BUILT_IN[measure]
        return Measure(built_in, hash_of(built_in), None, None, False, True)  # noqa: FBT003
    rows = recorded(model, measure)
    current = in_force(rows, basis)
    if version:
        for row in rows:
            if row.body is not None and str(row.version) == version:
                return _measure(row, current)
        message = f"measure {measure} has no version {version}; {_known(model)}"
        raise UsageError(message)
    if current is None:
        message = f"no measure is named {measure}; {_known(model)}"
        if rows:
            message = (
                f"measure {measure} is not in force at this basis;"
                f" ask for a version, such as {measure}@{_first(rows)}"
            )
        raise UsageError(message)
    return _measure(current, current)


class Recorded(NamedTuple):
    """One definition, or retirement, as the log has it."""

    position: int
    known: int
    claimed: int
    measure: str
    version: int | None
    hash: str | None
    body: str | None
    """Of a definition, its JSON; None for a retirement."""


def recorded(model: ReadModel, measure: str | None = None) -> list[Recorded]:
    """Return what is recorded of one measure, or of all, in log order."""
    where = "" if measure is None else " WHERE measure=?"
    rows = model.all(
        "SELECT position, known, claimed, measure, version, hash, body"  # noqa: S608
        f" FROM definitions{where} ORDER BY position",
        () if measure is None else (measure,),
    )
    return [Recorded._make(row) for row in rows]


def in_force(rows: list[Recorded], basis: Basis) -> Recorded | None:
    """Return the definition of one measure that holds at a basis, of all recorded."""
    visible = [
        row
        for row in rows
        if row.position <= basis.position and row.known <= basis.cutoff
    ]
    return visible[-1] if visible and visible[-1].body is not None else None


def definition_of(row: Recorded) -> Definition:
    """Return what a recorded definition says."""
    assert row.body is not None
    return from_json(json.loads(row.body))


def _measure(row: Recorded, current: Recorded | None) -> Measure:
    assert row.hash is not None
    return Measure(
        definition_of(row),
        row.hash,
        row.position,
        row.known,
        bool(row.claimed),
        row == current,
    )


def _first(rows: list[Recorded]) -> int | None:
    return next(row.version for row in rows if row.body is not None)


def _known(model: ReadModel) -> str:
    own = dict.fromkeys(row.measure for row in recorded(model))
    return f"there are {', '.join((*BUILT_IN, *own))}"


def as_json(measure: Measure) -> dict[str, object]:
    """Return what an answer says of a definition it used."""
    from ledger.domain.fiscal import format_instant, from_micros

    adopted = measure.adopted
    return {
        "measure": measure.definition.id,
        "version": measure.definition.version,
        "hash": measure.hash,
        "position": measure.position,
        "adopted_at": None if adopted is None else format_instant(from_micros(adopted)),
        "claimed": measure.claimed,
        "in_force": measure.in_force,
    }
