"""``scr recommendation``: what was recommended, how it stands, what is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, asking, basis_options, form, form_options
from cli.main import Suggesting
from cli.recommending import (
    add_command,
    close_command,
    milestone_command,
    respond_command,
)
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.asking import Asking
    from cli.main import Settings
    from projections.recommendations import Listed, Recommendation

    Row = dict[str, object]

GROUP_EXAMPLES = """\b
Examples:
  scr recommendation list
  scr recommendation show R-1
"""
LIST_EXAMPLES = """\b
Examples:
  scr recommendation list
  scr recommendation list --as-of 2024-01-15 --json
"""
SHOW_EXAMPLES = """\b
Examples:
  scr recommendation show R-1
  scr recommendation show R-1 --as-of 2024-01-15 --json
"""


@click.group("recommendation", cls=Suggesting, epilog=GROUP_EXAMPLES)
def recommendation_command() -> None:
    """Record what an audit recommended, and show whether it is carried out.

    A recommendation may name a check; what that says at a basis is its evidence.
    """


for _command in (add_command, respond_command, milestone_command, close_command):
    recommendation_command.add_command(_command)


@recommendation_command.command("list", short_help="all of them", epilog=LIST_EXAMPLES)
@basis_options
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List the recommendations known at a basis: status, check, and what is overdue.

    Overdue is computed at the day of the basis: a response 90 days after issue, the
    corrective action and each milestone after its own day.
    """
    from projections.recommendations import at
    from projections.waivers import day_of

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        found = at(open_.log, open_.basis)
        rows = [_row(open_, one) for one in found]
        overdue = sum(bool(one.overdue) for one in found)
        answer(
            Answer(
                "scr-recommendations/1",
                open_.graded(),
                _COLUMNS,
                rows,
                table_columns=[c for c in _COLUMNS if c.name in _IN_TABLES],
                title=_verdict(len(found), overdue),
                extra={"day": day_of(open_.log, open_.basis) or None},
            ),
            how,
        )


def _verdict(count: int, overdue: int) -> str:
    of = "1 recommendation" if count == 1 else f"{count:,} recommendations"
    return f"{of}, {overdue:,} overdue" if overdue else f"{of}, none overdue"


def _row(open_: Asking, listed: Listed) -> Row:
    one = listed.recommendation
    check: Row | None = None
    if one.check is not None:
        check = _check(open_, one.check)
    return {
        "recommendation": one.recommendation,
        "number": one.number,
        "report": one.report,
        "text": one.text,
        "addressee": one.addressee,
        "issued_on": one.issued_on,
        "status": one.status,
        "due_on": _due_on(one),
        "overdue": [{"what": what, "due_on": day} for what, day in listed.overdue],
        "check": check,
        "responses": [each._asdict() for each in one.responses],
        "milestones": [each._asdict() for each in one.milestones],
        "closing": None if one.closing is None else one.closing._asdict(),
        "by": one.by,
        "position": one.position,
        "recorded_at": one.recorded_at,
    }


def _check(open_: Asking, text: str) -> Row:
    """Return what a check says at a basis; unknown where it cannot be asked there."""
    from ledger.errors import UsageError
    from projections.checks import evaluate

    try:
        return evaluate(open_.log, open_.model, open_.basis, text)._asdict()
    except UsageError as error:
        return {"check": text, "state": "unknown", "says": str(error)}


def _due_on(one: Recommendation) -> str | None:
    return one.responses[-1].due_on if one.responses else None


def _overdue(value: object) -> str:
    assert isinstance(value, list)
    return "; ".join(f"{one['what']}, {one['due_on']}" for one in value)


def _says(value: object) -> str:
    assert isinstance(value, dict)
    return f"{value['state']}: {value['check']}"


_COLUMNS = [
    Column("recommendation", "Recommendation"),
    Column("number", "Number"),
    Column("report", "Report"),
    Column("text", "Text"),
    Column("addressee", "Addressee"),
    Column("issued_on", "Issued on"),
    Column("status", "Status"),
    Column("due_on", "Due on"),
    Column("overdue", "Overdue since", show=_overdue),
    Column("check", "Check", show=_says),
    Column("by", "By"),
    Column("position", "Position", right=True),
    Column("recorded_at", "Recorded at"),
]
_IN_TABLES = (
    "recommendation",
    "addressee",
    "issued_on",
    "status",
    "due_on",
    "overdue",
    "check",
)


@recommendation_command.command("show", short_help="one, whole", epilog=SHOW_EXAMPLES)
@click.argument("recommendation", metavar="ID")
@basis_options
@form_options
@click.pass_obj
def show_command(settings: Settings, /, **given: Any) -> None:
    """Show a recommendation: text, responses, milestones, and what its check says."""
    from projections.recommendations import named

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        row = _row(open_, named(open_.log, open_.basis, given["recommendation"]))
        answer(
            Answer(
                "scr-recommendation/1",
                open_.graded(),
                _COLUMNS,
                [row],
                table_columns=[Column("field", "Field"), Column("value", "Value")],
                table_rows=list(_fields(row)),
                title=f"recommendation {row['recommendation']}: {row['status']}",
                notes=list(_history(row)),
            ),
            how,
        )


def _fields(row: Row) -> Iterator[Row]:
    for column in _COLUMNS:
        value = row.get(column.name)
        if value is None or value == []:
            continue
        text = str(value) if column.show is None else column.show(value)
        if column.name == "check":
            assert isinstance(value, dict)
            text = f"{text}, {value['says']}"
        yield {"field": column.title, "value": text}


def _history(row: Row) -> Iterator[str]:
    for one in _listed(row["responses"]):
        due = "" if one["due_on"] is None else f", due {one['due_on']}"
        yield f"{one['day']} {one['by']}: {one['answer']}{due}: {one['text']}"
    for one in _listed(row["milestones"]):
        done = one["completed_on"]
        state = "open" if done is None else f"completed {done}"
        yield f"milestone {one['milestone']}, due {one['due_on']}: {state}"
    closing = row["closing"]
    if isinstance(closing, dict):
        yield f"{closing['day']} {closing['by']}: closed: {closing['evidence']}"


def _listed(value: object) -> Sequence[Row]:
    assert isinstance(value, list)
    return value
