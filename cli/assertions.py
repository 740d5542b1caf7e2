"""Assertions as rows, tables and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.acting import acted
from cli.asking import Asking
from cli.items import SUBJECTS, TITLES, item_row, positions, signed, spelled, why
from cli.items import year_line as line_of
from cli.render import Answer, Column, basis_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.domain.claim import Claim
    from projections.assertions import Checked
    from projections.basis import Basis
    from projections.measures import Measure

    Row = dict[str, object]

SCHEMA = "scr-check/1"
NESTED = ("json", "jsonl")


def as_of(claim: Claim) -> Row:
    """Return the cut-off of a claim; a position, if it is pinned to one."""
    from projections.measures import instant

    return {
        "bound": claim.bound,
        "instant": instant(claim.instant),
        "position": claim.pinned,
    }


def claim_text(claim: Claim) -> str:
    """Return a claim in words: ``dd-all FY 2019 = 3, known through …``."""
    return f"{_figure(claim)} = {claim.value:,}{_until(claim)}"


def _figure(claim: Claim) -> str:
    return f"{claim.name} FY {claim.fiscal_year}"


def _until(claim: Claim) -> str:
    told = as_of(claim)
    known = (
        "" if told["instant"] is None else f", known {claim.bound} {told['instant']}"
    )
    return known if claim.pinned is None else f"{known}, up to @{claim.pinned}"


# --- the answer of a check -----------------------------------------------------------


def found(open_: Asking, proved: Sequence[Checked], fmt: str) -> Answer:
    """Return what a check found; a table has those that fail."""
    failing = [one for one in proved if one.state == "fails"]
    rows = [_row(open_, one) for one in proved]
    columns = [*_HEAD, *_ITEM]
    if fmt not in NESTED:
        rows = [flat for row in rows for flat in _flat(row)]
    if fmt == "md":  # It leaves out what nothing is said of.
        said = {
            name for row in rows for name, value in row.items() if value is not None
        }
        columns = [column for column in columns if column.name in said]
    return Answer(
        SCHEMA,
        open_.graded(),
        columns,
        rows,
        table_columns=_FAILED,
        table_rows=[_failed(one) for one in failing],
        notes=list(_notes(failing)),
        title=_verdict(len(proved), len(failing)),
        extra=_totals(proved),
    )


def listed(open_: Asking, proved: Sequence[Checked], fmt: str) -> Answer:
    """Return all assertions with how each stands, a row each."""
    rows = [_row(open_, one) for one in proved]
    said = [
        {**_cells(row), "claim": claim_text(one.assertion.claim), "says": _says(one)}
        for row, one in zip(rows, proved, strict=True)
    ]
    failing = sum(one.state == "fails" for one in proved)
    standing = sum(one.state != "withdrawn" for one in proved)
    return Answer(
        SCHEMA,
        open_.graded(),
        [*_HEAD, Column("says", "Says")],
        rows if fmt in NESTED else said,
        table_columns=_LISTED,
        table_rows=[
            {**row, "by": acted(one.assertion.by, one.assertion.identity)}
            for row, one in zip(said, proved, strict=True)
        ],
        title=_verdict(standing, failing),
        extra=_totals(proved),
    )


def _at(value: object) -> str:
    return f"@{value}"


_HEAD = [
    Column("position", "Assertion", show=_at),
    Column("state", "State"),
    Column("measure", "Measure"),
    Column("version", "Version", right=True),
    Column("fiscal_year", "Fiscal year"),
    Column("bound", "Known"),
    Column("instant", "Instant"),
    Column("pinned", "Pinned", right=True),
    Column("claimed", "Claimed", right=True, grouped=True),
    Column("now", "Now", right=True, grouped=True),
    Column("change", "Change", right=True, show=signed),
    Column("by", "By"),
    Column("identity", "Identity"),
    Column("recorded_at", "Recorded at"),
    Column("note", "Note"),
    Column("reason", "Reason"),
]
_ITEM = [
    *(Column(name, title) for name, title in TITLES.items()),
    Column("outcome", "Outcome"),
    Column("effect", "Effect", right=True, show=signed),
    Column("cause", "Cause", show=spelled),
    Column("clause", "Clause"),
    Column("moved_from", "Moved from FY"),
    Column("moved_to", "Moved to FY"),
    Column("positions", "Facts", show=positions),
]
_FAILED = [
    Column("position", "Assertion", show=_at),
    Column("figure", "Figure"),
    Column("claimed", "Claimed", right=True, grouped=True),
    Column("now", "Now", right=True, grouped=True),
    Column("change", "Change", right=True, show=signed),
    Column("by", "By"),
]
_LISTED = [
    Column("position", "Assertion", show=_at),
    Column("state", "State"),
    Column("claim", "Claim"),
    Column("now", "Now", right=True, grouped=True),
    Column("by", "By"),
    Column("recorded_at", "Recorded at"),
    Column("says", "Says", show=str),
]


def _verdict(standing: int, failing: int) -> str:
    of = (
        "1 standing assertion" if standing == 1 else f"{standing:,} standing assertions"
    )
    if not failing:
        return (
            f"{of}, {'it holds' if standing == 1 else 'all hold'}" if standing else of
        )
    return f"{of}, {failing:,} {'fails' if failing == 1 else 'fail'}"


def _totals(proved: Sequence[Checked]) -> dict[str, object]:
    states = [one.state for one in proved]
    return {"holding": states.count("holds"), "failing": states.count("fails")}


# --- rows ----------------------------------------------------------------------------


def _row(open_: Asking, one: Checked) -> Row:
    """Return an assertion as JSON has it."""
    from projections.measures import as_json

    held, claim = one.assertion, one.assertion.claim
    return {
        "position": held.position,
        "state": one.state,
        "measure": claim.measure,
        "version": claim.version,
        "fiscal_year": claim.fiscal_year,
        "as_of": as_of(claim),
        "claimed": claim.value,
        "now": one.now,
        "change": None if one.now is None else one.now - claim.value,
        "by": held.by,
        "identity": held.identity,
        "recorded_at": held.recorded_at,
        "note": held.note,
        "reason": one.reason,
        "withdrawn": held.withdrawn and held.withdrawn._asdict(),
        "basis": {
            "from": _graded(open_, one.proved.basis),
            "to": _graded(open_, one.basis),
        },
        "definitions": {
            "from": as_json(one.proved.measure),
            "to": None if one.measure is None else as_json(one.measure),
        },
        "items": _items(one),
    }


def _graded(open_: Asking, basis: Basis) -> dict[str, object]:
    return Asking(open_.log, open_.model, basis).graded()


def _items(one: Checked) -> list[Row]:
    if one.difference is None or one.measure is None:
        return []
    subject = SUBJECTS[one.measure.definition.unit]
    return [item_row(item, subject) for item in one.difference.items]


def _cells(row: Row) -> Row:
    """Return a row with a cell for each part of its cut-off."""
    cut = row["as_of"]
    assert isinstance(cut, dict)
    parts = {"bound": cut["bound"], "instant": cut["instant"]}
    return {**row, **parts, "pinned": cut["position"]}


def _flat(row: Row) -> list[Row]:
    """Return a row for each item, with what is said of the assertion; else one."""
    items = row["items"]
    assert isinstance(items, list)
    whole = _cells(row)
    return [{**whole, **item} for item in items] or [whole]


# --- in words ------------------------------------------------------------------------


def _failed(one: Checked) -> Row:
    claim = one.assertion.claim
    return {
        "position": one.assertion.position,
        "figure": f"{_figure(claim)}{_until(claim)}",
        "claimed": claim.value,
        "now": one.now,
        "change": None if one.now is None else one.now - claim.value,
        "by": one.assertion.by,
    }


def _says(one: Checked) -> str:
    """Say what a list adds to a state: why it fails, who took it back, the note."""
    taken = one.assertion.withdrawn
    if taken is not None:
        return f"@{taken.position} {taken.by}: {taken.reason}"
    return one.reason or one.assertion.note or ""


def _notes(failing: Sequence[Checked]) -> Iterator[str]:
    """Say of each failed assertion every item, both bases and both definitions."""
    for number, one in enumerate(failing):
        if number:
            yield ""
        yield f"@{one.assertion.position} {_changed(one)}"
        if one.reason is not None:
            yield f"  {one.reason}"
        yield from map(_item, _items(one))
        yield f"  from {_line(one.proved.basis)}, {_by(one.proved.measure)}"
        if one.measure is not None:
            yield f"  to   {_line(one.basis)}, {_by(one.measure)}"


def _changed(one: Checked) -> str:
    if one.difference is not None and one.difference.items:
        return line_of(one.difference)
    claim = one.assertion.claim
    now = "no figure" if one.now is None else f"{one.now:,}"
    return f"FY {claim.fiscal_year}: {claim.value:,} → {now}"


def _item(row: Row) -> str:
    subject = next(str(row[name]) for name in TITLES if name in row)
    of = f"{subject} {row['outcome']}" if "outcome" in row else subject
    return f"  {signed(row['effect'])} {of}: {why(row)}, {positions(row['positions'])}"


def _line(basis: Basis) -> str:
    from projections.measures import instant

    return basis_line({**basis._asdict(), "instant": instant(basis.instant)})


def _by(measure: Measure) -> str:
    return f"by {measure.definition.name} sha256 {measure.hash[:8]}…"
