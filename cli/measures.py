"""``scr measure``: define what is counted, and look it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, asking, basis_options, form, form_options
from cli.defining import define_command, retire_command
from cli.main import Suggesting
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.main import Settings
    from projections.measures import Listed, Measure

    Row = dict[str, object]

EXAMPLES = """\b
Examples:
  scr measure list --as-of 2020-01-15
  scr measure show dd-tco
"""
LIST_EXAMPLES = """\b
Examples:
  scr measure list
  scr measure list --as-of 2020-01-15 --json
"""
SHOW_EXAMPLES = """\b
Examples:
  scr measure show dd-tco
  scr measure show dd-tco@1 --json
"""
DIFF_EXAMPLES = """\b
Examples:
  scr measure diff dd-all dd-tco
"""

DIFFERS = 1


@click.group("measure", cls=Suggesting, no_args_is_help=False, epilog=EXAMPLES)
def measure_command() -> None:
    """Define what is counted, and look it up.

    A definition is data, never code. Recorded, it is in force from when it was
    adopted until the next version or its retirement, and every figure names it.
    """


measure_command.add_command(define_command)
measure_command.add_command(retire_command)


_HASH = Column("hash", "SHA-256", show=lambda value: f"{str(value)[:8]}…")


@measure_command.command(
    "list", short_help="all of them, at a basis", epilog=LIST_EXAMPLES
)
@basis_options
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List the measures, each with its definition in force at a basis."""
    from projections.measures import every

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        rows = [_listed(one) for one in every(open_.model, open_.basis)]
        head = [
            Column("measure", "Measure"),
            Column("version", "Version", right=True),
            Column("title", "Title"),
            Column("unit", "Unit"),
            Column("state", "State"),
        ]
        position = Column("position", "Position", right=True)
        found = Answer(
            "scr-measures/1",
            open_.graded(),
            [
                *head,
                Column("adopted_at", "Adopted at"),
                Column("claimed", "Claimed", show=lambda value: "yes" if value else ""),
                position,
                Column("retired_at", "Retired at"),
                _HASH,
            ],
            rows,
            table_columns=[*head, Column("since", "Since"), position, _HASH],
            table_rows=[{**row, "since": _since(row)} for row in rows],
        )
        answer(found, how)


def _listed(one: Listed) -> Row:
    from projections.measures import as_json, instant

    row = as_json(one.measure)
    definition = one.measure.definition
    return {
        "measure": row["measure"],
        "version": row["version"],
        "title": definition.title,
        "unit": definition.unit,
        "state": one.state,
        "adopted_at": row["adopted_at"],
        "claimed": row["claimed"],
        "position": row["position"],
        "retired_at": instant(one.retired),
        "hash": row["hash"],
    }


def _since(row: Row) -> str:
    """Say from when a definition is in force, and until when it was."""
    if row["adopted_at"] is None:
        return "always"
    claimed = " (claimed)" if row["claimed"] else ""
    until = "" if row["retired_at"] is None else f", until {row['retired_at']}"
    return f"{row['adopted_at']}{claimed}{until}"


@measure_command.command("show", short_help="a definition, whole", epilog=SHOW_EXAMPLES)
@click.argument("measure", metavar="ID[@VERSION]")
@basis_options
@form_options
@click.pass_obj
def show_command(settings: Settings, /, **given: Any) -> None:
    """Show a definition whole: the one in force at a basis, or a version.

    In JSON `canonical` is the RFC 8785 text that is hashed.
    """
    from cli.definitions import clauses_of, shown, told
    from ledger.domain.definitions import as_json as body_of
    from ledger.domain.definitions import canonical
    from projections.measures import as_json, find

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        measure = find(open_.model, open_.basis, given["measure"])
        definition = measure.definition
        rows = told(definition)
        columns = [
            Column("field", "Field"),
            Column("value", "Value", show=shown),
            Column("says", "In words"),
        ]
        found = Answer(
            "scr-measure/1",
            open_.graded(),
            columns,
            rows,
            table_rows=list(clauses_of(rows)),
            title=f"{definition.name}: {definition.title}",
            notes=list(_around(measure)) if how.format == "table" else (),
            extra={
                **as_json(measure),
                "definition": body_of(definition),
                "canonical": canonical(definition).decode(),
            },
        )
        answer(found, how)


def _around(measure: Measure) -> Iterator[str]:
    """Yield what a definition says besides its clauses: whose it is, and from when."""
    from cli.definitions import STATEMENTS
    from projections.measures import instant

    definition = measure.definition
    yield f"owner   {definition.owner}"
    yield f"source  {definition.source}"
    yield f"sha256  {measure.hash}"
    if measure.position is None:
        yield "Built in: it holds at every basis, and reports no data quality."
        return
    claimed = ", as claimed" if measure.claimed else ""
    at = f"recorded @{measure.position}"
    yield f"adopted {instant(measure.adopted)}{claimed}, {at}"
    if not measure.in_force:
        yield "It is not the definition in force at this basis."
    yield ""
    yield "Data quality, 31 USC 1116(c)(6):"
    quality = definition.data_quality
    assert quality is not None  # Only a built-in one has none.
    for name, said in quality._asdict().items():
        yield f"{STATEMENTS[name]}:"
        yield f"    {said}"


@measure_command.command(
    "diff", short_help="two definitions, field by field", epilog=DIFF_EXAMPLES
)
@click.argument("first", metavar="ID[@VERSION]")
@click.argument("second", metavar="ID[@VERSION]")
@basis_options
@form_options
@click.pass_obj
def diff_command(settings: Settings, /, **given: Any) -> int:
    """Compare two definitions, field by field, id and version aside.

    Ends with 1 if they differ. What it does to figures says `scr diff`.
    """
    from cli.definitions import differing
    from projections.measures import as_json, find

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        first, second = (
            find(open_.model, open_.basis, given[side]) for side in ("first", "second")
        )
        rows = differing(first.definition, second.definition)
        names = (first.definition.name, second.definition.name)
        found = Answer(
            "scr-measure-diff/1",
            open_.graded(),
            _sides(names),
            rows,
            title=f"{names[0]} to {names[1]}: {_differ(rows)}",
            extra={"definitions": {"first": as_json(first), "second": as_json(second)}},
        )
        answer(found, how)
    return DIFFERS if rows else 0


def _sides(names: tuple[str, str]) -> list[Column]:
    from cli.definitions import shown

    return [
        Column("field", "Field"),
        Column("first", names[0], show=shown),
        Column("second", names[1], show=shown),
    ]


def _differ(rows: Sequence[Row]) -> str:
    if not rows:
        return "no difference"
    return "1 field differs" if len(rows) == 1 else f"{len(rows)} fields differ"
