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
    measure, at, version = name.partition("@")
    if measure in BUILT_IN and (not at or version == "1"):
        return _built_in(BUILT_IN[measure])
    if not measure:
        said = f"{name or repr('')} names no measure, give ID or ID@VERSION"
        message = f"{said}; {_known(model)}"
        raise UsageError(message)
    # SQLite would stumble over half a surrogate pair; no measure has one.
    rows = recorded(model, measure) if measure.isascii() else []
    current = in_force(rows, basis)
    if at and (rows or measure in BUILT_IN):
        for row in rows:
            if row.body is not None and str(row.version) == version:
                return _measure(row, current)
        known = _versions(rows, measure) or _known(model)
        message = f"measure {measure} has no version {version or repr('')}; {known}"
        raise UsageError(message)
    if not rows:
        message = f"no measure is named {measure}; {_known(model)}"
        raise UsageError(message)
    if current is None:
        message = (
            f"measure {measure} is not in force at this basis;"
            f" ask for a version, such as {measure}@{_first(rows)}"
        )
        raise UsageError(message)
    return _measure(current, current)


class Listed(NamedTuple):
    """A measure of a ledger, and how it stands at a basis."""

    measure: Measure
    """With the definition in force; else the last one that was, or the first to be."""
    state: str
    """One of ``STATES``."""
    retired: int | None
    """From when it is retired, in microseconds since 1970."""


STATES = ("built in", "in force", "retired", "not in force yet")


def every(model: ReadModel, basis: Basis) -> list[Listed]:
    """Return the measures of a ledger: the built-in ones, then the others by id.

    What was recorded after the basis is not there; what was adopted after its cut-off
    is not in force yet.
    """
    found = [Listed(_built_in(one), "built in", None) for one in BUILT_IN.values()]
    streams: dict[str, list[Recorded]] = {}
    for row in recorded(model):
        if row.position <= basis.position:
            streams.setdefault(row.measure, []).append(row)
    for _, rows in sorted(streams.items()):
        visible = [row for row in rows if row.known <= basis.cutoff]
        current = in_force(rows, basis)
        last = next((row for row in reversed(visible) if row.body is not None), None)
        if current is not None:
            found.append(Listed(_measure(current, current), "in force", None))
        elif last is not None:
            retired = visible[-1].known
            found.append(Listed(_measure(last, None), "retired", retired))
        else:
            first = next(row for row in rows if row.body is not None)
            found.append(Listed(_measure(first, None), "not in force yet", None))
    return found


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


def _built_in(definition: Definition) -> Measure:
    return Measure(
        definition,
        hash_of(definition),
        position=None,
        adopted=None,
        claimed=False,
        in_force=True,
    )


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


def _versions(rows: list[Recorded], measure: str) -> str:
    versions = [str(row.version) for row in rows if row.body is not None]
    if measure in BUILT_IN:
        versions = ["1"]
    are = "is version" if len(versions) == 1 else "are versions"
    return f"there {are} {', '.join(versions)}" if versions else ""


def _known(model: ReadModel) -> str:
    own = dict.fromkeys(row.measure for row in recorded(model))
    return f"there are {', '.join((*BUILT_IN, *own))}"


def as_json(measure: Measure) -> dict[str, object]:
    """Return what an answer says of a definition it used."""
    return {
        "measure": measure.definition.id,
        "version": measure.definition.version,
        "hash": measure.hash,
        "position": measure.position,
        "adopted_at": instant(measure.adopted),
        "claimed": measure.claimed,
        "in_force": measure.in_force,
    }


def instant(micros: int | None) -> str | None:
    """Return an instant as answers write it."""
    from ledger.domain.fiscal import format_instant, from_micros

    return None if micros is None else format_instant(from_micros(micros))
