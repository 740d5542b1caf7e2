"""Standing assertions: claims somebody made, proved again.

A claim is proved at its own cut-off, with all that is recorded by now: facts loaded
later that were known earlier, corrections, and definitions adopted in retrospect make
it fail. Only one that is pinned to a position is proved there for ever.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.domain.claim import Claim, Proof
from ledger.domain.fiscal import format_instant
from ledger.errors import (
    FactDamagedError,
    FigureChangedError,
    NoSuchAssertionError,
    NotTrueError,
    UsageError,
)
from projections import basis as bases
from projections.counts import Question, count
from projections.measures import find
from projections.people import identity
from projections.reconcile import Side, figures, reconcile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ledger.domain.claim import Typed
    from ledger.domain.people import Identity
    from ledger.reader import Log, Row
    from projections.basis import Basis
    from projections.measures import Measure
    from projections.readmodel import ReadModel
    from projections.reconcile import Year

State = Literal["holds", "fails", "withdrawn"]

Cell = tuple[tuple[str, str | None], ...]
"""A cell of a figure: column and value."""

_STREAM = "assertions"
_ASSERTED, _WITHDRAWN = "ledger.asserted/1", "ledger.withdrawn/1"


class Withdrawal(NamedTuple):
    """Who took an assertion back, and why."""

    position: int
    recorded_at: str
    by: str
    reason: str


class Assertion(NamedTuple):
    """A claim as it is recorded."""

    position: int
    recorded_at: str
    by: str
    identity: Identity
    """How the claim is tied to who is said to have made it."""
    note: str | None
    claim: Claim
    proof: Proof
    withdrawn: Withdrawal | None


class Checked(NamedTuple):
    """An assertion, and what the ledger says of it now."""

    assertion: Assertion
    state: State
    proved: Side
    """What it was proved by."""
    basis: Basis
    """What it is proved at now."""
    measure: Measure | None
    """The definition it is counted by now; None where none is in force."""
    now: int | None
    """The figure now; None where there is none, or where it is withdrawn."""
    difference: Year | None = None
    """Of a failed one: what came and went since it was proved."""
    reason: str | None = None
    """Of a failed one: why there is no figure, or why the items are not all of it."""


# --- a claim that is made ------------------------------------------------------------


def prove(
    log: Log, model: ReadModel, said: Typed, basis: Basis, where: Cell = ()
) -> tuple[Claim, Proof]:
    """Prove a claim as typed; return it as it is kept, and what proved it.

    :param basis: what its ``as of`` names.
    :param where: the cell of the figure that is meant, by column; none: all of it.
    :raises NotTrueError: the ledger gives another value.
    :raises UsageError: there is no such measure at the basis.
    """
    measure = find(model, basis, said.name)
    value = figure(model, Side(basis, measure), said.fiscal_year, where)
    if value != said.value:
        figure_of = "".join(f" {name}={cell or ''}" for name, cell in where)
        name = f"{said.figure}{figure_of}"
        raise NotTrueError(name, value, said.value, _see(said, where))
    version = None if said.version is None else measure.definition.version
    claim = Claim(
        said.measure,
        version,
        said.fiscal_year,
        said.value,
        basis.bound,
        basis.instant,
        pinned(said.as_of, basis, log),
    )
    return claim, Proof(basis.position, basis.root, measure.hash)


def pinned(as_of: str | None, basis: Basis, log: Log) -> int | None:
    """Return the position that a claim names, if it names one.

    ``@N`` does; so does whatever else stands for a basis that does not grow.
    """
    names = as_of is not None and bases.position_of(as_of, log) is not None
    return basis.position if names or basis.position != log.head else None


def _see(said: Typed, where: Cell) -> str:
    """Say which commands show why a figure is what it is."""
    asked = f"{said.measure} --fy {said.fiscal_year}"
    asked += "".join(f" --where {name}={cell or ''}" for name, cell in where)
    until = "" if said.as_of is None else f" --as-of {said.as_of}"
    by = "" if said.version is None else f" --definition {said.name}"
    cases = f"`scr cases {asked}{until}{by}`"
    if said.as_of is None:
        return cases
    diff = f"`scr diff {said.name} --fy {said.fiscal_year} --from {said.as_of}`"
    return f"{cases}, and {diff} for what changed since"


def figure(model: ReadModel, side: Side, year: int, where: Cell = ()) -> int:
    """Return a figure of one fiscal year, or one cell of it."""
    alone = range(year, year + 1)
    if not where:
        return figures(model, side, alone)[year]
    definition = side.measure.definition
    asked = Question(
        (definition.id,), alone, where=where, definitions=(definition.name,)
    )
    (row,) = count(model, side.basis, asked)
    return int(str(row["value"]))


# --- those that are recorded ---------------------------------------------------------


def recorded(log: Log) -> list[Assertion]:
    """Return all assertions, in log order, those withdrawn included.

    :raises FactDamagedError: what is kept is no assertion.
    """
    held: dict[int, Assertion] = {}
    for row in log.stream(_STREAM, log.head):
        try:
            fields = json.loads(row.payload)
            if row.topic == _ASSERTED:
                held[row.position] = _assertion(log, row, fields)
            elif row.topic == _WITHDRAWN:
                about = fields["assertion"]
                held[about] = held[about]._replace(withdrawn=_withdrawal(row, fields))
            else:
                why = f"{row.topic} is no topic of assertions"
                raise FactDamagedError(row.position, why)
        except (KeyError, TypeError, ValueError, UsageError, RecursionError):
            raise FactDamagedError(row.position, "it is no assertion") from None
    return list(held.values())


def _assertion(log: Log, row: Row, fields: Mapping[str, Any]) -> Assertion:
    """Return what a fact asserts; nothing in it is believed.

    :raises ValueError: what is kept is no assertion.
    """
    match fields:
        case {
            "by": str(by),
            "run_by": str(run_by),
            "measure": str(measure),
            "fiscal_year": int(year),
            "value": int(value),
            "bound": ("all" | "before" | "through") as bound,
            "proved_position": int(position),
            "proved_root": str(root),
            "definition_hash": str(digest),
        }:
            proof = Proof(position, root, digest)
        case _:
            raise ValueError
    note, pinned, version = (fields.get(name) for name in ("note", "pinned", "version"))
    micros = None
    if bound != "all":
        micros = bases.instant_of(fields["instant"])
    if not bases.FIRST_YEAR <= year <= bases.LAST_YEAR + 1:
        raise ValueError
    if pinned not in (None, position) or not 0 <= position < row.position:
        raise ValueError
    claim = Claim(measure, version, year, value, bound, micros, pinned)
    tied = identity(log, by, run_by, row.position)
    said = (row.position, _recorded_at(row), by, tied, note)
    return Assertion(*said, claim, proof, None)


def _withdrawal(row: Row, fields: Mapping[str, Any]) -> Withdrawal:
    by, reason = str(fields["by"]), str(fields["reason"])
    return Withdrawal(row.position, _recorded_at(row), by, reason)


def _recorded_at(row: Row) -> str:
    return format_instant(datetime.fromisoformat(row.recorded_at))


def chosen(every: Iterable[Assertion], positions: Iterable[int]) -> list[Assertion]:
    """Return the assertions at some positions, as asked.

    :raises NoSuchAssertionError: there is none at one of them.
    """
    held = {one.position: one for one in every}
    asked = dict.fromkeys(positions)
    for position in asked:
        if position not in held:
            raise NoSuchAssertionError(position)
    return [held[position] for position in asked]


# --- proved again --------------------------------------------------------------------


def check(
    log: Log,
    model: ReadModel,
    one: Assertion,
    where: Cell = (),
    upto: Basis | None = None,
) -> Checked:
    """Prove an assertion again; one that is withdrawn is not.

    :param where: the cell of the figure that is meant; none: all of it.
    :param upto: the basis up to whose position it is proved; None: the head.
    :raises WrongRootError: it was proved by another log than this one.
    """
    proved = _proved(log, model, one)
    basis = _basis_now(upto or bases.of_now(log), one.claim, proved.basis)
    if one.withdrawn is not None:
        return Checked(one, "withdrawn", proved, basis, None, None)
    try:
        measure = find(model, basis, one.claim.name)
    except UsageError as error:
        return Checked(one, "fails", proved, basis, None, None, reason=str(error))
    side = Side(basis, measure)
    now = figure(model, side, one.claim.fiscal_year, where)
    if now == one.claim.value:
        return Checked(one, "holds", proved, basis, measure, now)
    if where:
        return Checked(one, "fails", proved, basis, measure, now)
    year, reason = _difference(log, model, one, proved, side)
    return Checked(one, "fails", proved, basis, measure, now, year, reason)


def prove_again(log: Log, model: ReadModel, one: Assertion, where: Cell = ()) -> None:
    """Compute a claim where it was proved, as if it were made now.

    :param where: the cell of the figure that is meant; none: all of it.
    :raises WrongRootError: it was proved by another log than this one.
    :raises FactDamagedError: there is no such measure there.
    :raises FigureChangedError: its definition, or its value, was another one there.
    """
    claim, proved = one.claim, _proved(log, model, one)
    if proved.measure.hash != one.proof.definition_hash:
        why = f"{claim.name} had another definition"
        raise FigureChangedError(one.position, why)
    value = figure(model, proved, claim.fiscal_year, where)
    if value != claim.value:
        why = f"{claim.name} FY {claim.fiscal_year} was {value:,}, not {claim.value:,}"
        raise FigureChangedError(one.position, why)


def _difference(
    log: Log, model: ReadModel, one: Assertion, proved: Side, side: Side
) -> tuple[Year | None, str | None]:
    """Return what came and went since the proof, and what that does not explain."""
    year = one.claim.fiscal_year
    try:
        (found,) = reconcile(log, model, proved, side, range(year, year + 1))
    except UsageError as error:
        return None, str(error)
    reason = None
    if found.before != one.claim.value:
        reason = (
            f"at the basis it was proved at, this ledger gives {found.before:,};"
            " run `scr verify`"
        )
    return found, reason


def _basis_now(now: Basis, claim: Claim, proved: Basis) -> Basis:
    if claim.pinned is not None:
        return proved
    return now._replace(bound=claim.bound, instant=claim.instant)


def _proved(log: Log, model: ReadModel, one: Assertion) -> Side:
    """Return what an assertion was proved by; the root it names is checked.

    :raises WrongRootError: the log has another root there.
    """
    claim, proof = one.claim, one.proof
    try:
        basis = bases.checked(
            log, claim.bound, claim.instant, proof.position, proof.root
        )
        return Side(basis, find(model, basis, claim.name))
    except UsageError as error:
        raise FactDamagedError(one.position, str(error)) from None
