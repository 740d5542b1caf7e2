"""``scr sample``: seal a frame, draw from it, and see how a sample stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.asking import (
    Basing,
    answer,
    asking,
    basis_options,
    form,
    form_options,
    progress,
)
from cli.main import Suggesting, warn
from cli.packages import package_row, package_words
from cli.recording import recording_options
from cli.render import Answer, Column
from cli.safe import display, json_text
from cli.sample_correcting import propose_corrections_command
from cli.sample_evaluating import evaluate_command, report_command
from cli.sample_planning import plan_command
from cli.sample_recording import record_command, settle_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.main import Settings
    from ledger.domain.sampling import Answered, Part
    from projections.samples import Item, Recorded

    Row = dict[str, object]

EXAMPLES = """\b
Examples:
  scr sample plan --confidence 95 --expected 1 --tolerable 5
  scr sample list
"""
FRAME_EXAMPLES = """\b
Examples:
  scr sample frame A-1 "filed:2017..2022 and approved and stands" --by auditor-1
  scr sample frame A-2 "counted:dd-tco:2019" --as-of 2020-01-15 --by auditor-1
"""
DRAW_EXAMPLES = """\b
Examples:
  scr sample draw A-0 --size 60 --spares 5 --seed 20230301 --by auditor-1
  scr sample draw A-0 --size 60 --seed-from-log --by auditor-1 --dry-run
"""
SPARE_EXAMPLES = """\b
Examples:
  scr sample spare A-3 --item SCR-1 --reason "file is sealed by court" --by auditor-1
"""
LIST_EXAMPLES = """\b
Examples:
  scr sample list
"""
SHOW_EXAMPLES = """\b
Examples:
  scr sample show A-3
  scr sample show A-3 --json
"""


@click.group("sample", cls=Suggesting, no_args_is_help=False, epilog=EXAMPLES)
def sample_command() -> None:
    """Draw a sample nobody can steer, and say what was found in it.

    A frame is sealed before anything is drawn, a seed and a rule give the items, and
    whoever has these gets the same ones (docs/sampling.md).
    """


sample_command.add_command(plan_command)


# --- frame ----------------------------------------------------------------------------


@sample_command.command(
    "frame", short_help="seal what may be drawn", epilog=FRAME_EXAMPLES
)
@click.argument("name")
@click.argument("query")
@basis_options
@recording_options
@click.pass_obj
def frame_command(settings: Settings, /, **given: Any) -> None:
    """Seal the frame of a sample: the SCRs that a query names at a basis.

    QUERY is terms joined by `and`: filed:2017..2022, approved, stands, category=X
    (also subcategory, office, program), counted:MEASURE:2017..2022,
    publication:NAME[:FY][:MEASURE]; docs/sampling.md has the grammar.
    """
    from ledger.app import open_ledger
    from projections.populations import Population

    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        items = Population(open_.log, open_.model, open_.basis).of(given["query"])
        basis = open_.graded()
    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.frame(
            given["name"],
            query=given["query"],
            basis=basis,
            items=items,
            by=given["by"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    fact = json.loads(decided.fact.model_dump_json(include={"size", "sha256"}))
    _tell(
        "scr-sample-framed/1",
        f"sealed frame {given['name']}: {fact['size']:,} SCRs, sha256 {fact['sha256']}",
        {"basis": basis, "sample": given["name"], **fact},
        decided.position,
        given,
    )


def _tell(
    schema: str,
    words: str,
    told: Mapping[str, object],
    position: int | None,
    given: Mapping[str, Any],
) -> None:
    """Say what is recorded, or would be."""
    status = "would be recorded" if given["dry_run"] else "recorded"
    at = None if given["dry_run"] else position
    if given["as_json"]:
        said = {"schema": schema, "status": status, "position": at, **told}
        click.echo(json_text(json.dumps(said, ensure_ascii=False)))
        return
    where = "would be " if given["dry_run"] else ""
    click.echo(display(f"{where}{words}{'' if at is None else f', @{at}'}"))


# --- draw -----------------------------------------------------------------------------


@sample_command.command(
    "draw", short_help="draw from the sealed frame, once", epilog=DRAW_EXAMPLES
)
@click.argument("name")
@click.option("--size", type=click.IntRange(1, 1_000_000), help="How many items.")
@click.option(
    "--strata",
    metavar="FILE",
    help="In place of --size: a table with the columns stratum, query, size and"
    " perhaps spares.",
)
@click.option("--seed", metavar="TEXT", help="What decides which items are drawn.")
@click.option(
    "--seed-from-log",
    is_flag=True,
    help="Take the root of the log right after the frame, which was not there before.",
)
@click.option(
    "--spares",
    type=click.IntRange(0, 1_000_000),
    default=0,
    show_default=True,
    help="How many items may stand in, in their order.",
)
@click.option(
    "--reviews",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="How many people answer for each item.",
)
@click.option(
    "--frame-sha256",
    metavar="HASH",
    help="Refuse to draw unless the frame has the hash that was noted.",
)
@recording_options
@click.pass_obj
def draw_command(settings: Settings, /, **given: Any) -> None:
    """Draw the items with the lowest SHA-256 of the text `seed,id`.

    The frame's query is asked again first, at its basis: a frame that is not what was
    sealed is refused. A sample is drawn once.
    """
    from ledger.app import open_ledger
    from projections.samples import check_frame, named, parts_of

    _check_draw(given)
    with (
        asking(settings, Basing(None, None)) as open_,
        progress("proving the frame") as _,
    ):
        one = named(open_.log, open_.basis, given["name"])
        population = check_frame(open_.log, open_.model, one, given["frame_sha256"])
        parts = _parts(given)
        if given["strata"] is not None:
            parts = parts_of(population, one.sample.framed.items, parts)
        basis = open_.graded()
    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.draw(
            given["name"],
            parts,
            seed=None if given["seed_from_log"] else given["seed"],
            by=given["by"],
            reviews=given["reviews"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    fact = decided.fact.model_dump(mode="json", exclude_none=True)
    items = sum(len(stratum["items"]) for stratum in fact["strata"])
    spares = sum(len(stratum["spares"]) for stratum in fact["strata"])
    told = {name: fact.get(name) for name in ("seed", "chosen", "seed_position")}
    verb = "drawn for" if given["dry_run"] else "drew"
    _tell(
        "scr-sample-drawn/1",
        f"{verb} {given['name']}: {items:,} items and {spares:,} spares of"
        f" {one.sample.framed.size:,}, seed {fact['seed']}",
        {
            "basis": basis,
            "sample": given["name"],
            "frame_sha256": fact["frame_sha256"],
            **told,
            "strata": [
                {k: stratum[k] for k in ("stratum", "population", "items", "spares")}
                for stratum in fact["strata"]
            ],
        },
        decided.position,
        given,
    )


def _check_draw(given: Mapping[str, Any]) -> None:
    if (given["size"] is None) == (given["strata"] is None):
        message = "give --size, or --strata, and not both"
        raise click.UsageError(message)
    if (given["seed"] is not None) == given["seed_from_log"]:
        message = "give --seed, or --seed-from-log, and not both"
        raise click.UsageError(message)
    if given["strata"] is not None and given["spares"]:
        message = "--strata has the spares of each stratum; leave --spares out"
        raise click.UsageError(message)


def _parts(given: Mapping[str, Any]) -> list[Part]:
    from ledger.domain.sampling import WHOLE, Part

    if given["strata"] is None:
        return [Part(WHOLE, given["size"], given["spares"])]
    from cli.sample_planning import table, whole

    rows = table(given["strata"], ("stratum", "query", "size"), ("spares",), "draw")
    return [
        Part(
            row["stratum"],
            whole(row["size"], "size"),
            whole(row.get("spares", "0"), "spares"),
            row["query"],
        )
        for row in rows
    ]


# --- spares ---------------------------------------------------------------------------


@sample_command.command(
    "spare", short_help="put the next spare in an item's place", epilog=SPARE_EXAMPLES
)
@click.argument("name")
@click.option("--item", metavar="SCR", required=True, help="What it stands in for.")
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@recording_options
@click.pass_obj
def spare_command(settings: Settings, /, **given: Any) -> None:
    """Put the next spare in the place of an item that cannot be examined.

    An item that was examined is not exchanged, and the order of spares is that drawn.
    """
    from ledger.app import open_ledger

    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.spare(
            given["name"],
            given["item"],
            reason=given["reason"],
            by=given["by"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    fact = decided.fact.model_dump(mode="json")
    _tell(
        "scr-sample-spared/1",
        f"replaced {fact['item']} by {fact['spare']} in {given['name']}",
        {name: fact[name] for name in ("sample", "item", "spare", "reason")},
        decided.position,
        given,
    )


sample_command.add_command(spare_command)
sample_command.add_command(record_command)
sample_command.add_command(settle_command)


# --- list and show --------------------------------------------------------------------


@sample_command.command("list", short_help="all samples", epilog=LIST_EXAMPLES)
@basis_options
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List the samples, each with its frame and how far it is."""
    from projections.samples import every

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        rows = [_listed(one) for one in every(open_.log, open_.basis)]
        found = Answer(
            "scr-samples/1",
            open_.graded(),
            [
                Column("sample", "Sample"),
                Column("frame", "Frame", right=True, grouped=True),
                Column("items", "Items", right=True, grouped=True),
                Column("examined", "Examined", right=True, grouped=True),
                Column("framed_at", "Framed at", right=True),
                Column("drawn_at", "Drawn at", right=True),
                Column("query", "Query"),
            ],
            rows,
        )
        answer(found, how)


def _listed(one: Recorded) -> Row:
    from projections.samples import items_of

    items = list(items_of(one)) if one.sample.drawn else []
    return {
        "sample": one.name,
        "query": one.sample.framed.query,
        "frame": one.sample.framed.size,
        "frame_sha256": one.sample.framed.sha256,
        "items": len(items) if one.sample.drawn else None,
        "examined": sum(bool(item.answers) for item in items)
        if one.sample.drawn
        else None,
        "framed_at": one.framed.position,
        "drawn_at": None if one.drawn is None else one.drawn.position,
    }


@sample_command.command(
    "show", short_help="a sample, item by item", epilog=SHOW_EXAMPLES
)
@click.argument("name")
@click.option("--open", "open_only", is_flag=True, help="Only what is left to do.")
@basis_options
@form_options
@click.pass_obj
def show_command(settings: Settings, /, **given: Any) -> None:
    """Show a sample: frame, draw, each item with its answers, and what came of it."""
    from projections.packages import of_sample
    from projections.samples import drawn_of, items_of, named

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        one = named(open_.log, open_.basis, given["name"])
        packages = of_sample(open_.log, open_.basis, one.name)
        rows = [
            row
            for item in (items_of(one) if one.sample.drawn else ())
            for row in _shown(item, drawn_of(one).reviews)
            if not given["open_only"] or row["state"] in _LEFT_TO_DO
        ]
        found = Answer(
            "scr-sample/1",
            open_.graded(),
            [
                Column("stratum", "Stratum"),
                Column("place", "Place", right=True),
                Column("item", "Item"),
                Column("instead_of", "Instead of"),
                Column("attribute", "Attribute"),
                Column("first", "First"),
                Column("second", "Second"),
                Column("settled", "Settled"),
                Column("state", "State"),
                Column("note_ref", "Note"),
            ],
            rows,
            title=f"{one.name}: {one.sample.framed.query}",
            notes=[*_around(one), *map(package_words, packages)],
            extra={**_extra(one), "packages": list(map(package_row, packages))},
        )
        answer(found, how)


_UNREVIEWED = "to be reviewed"
_LEFT_TO_DO = ("open", "in dispute", _UNREVIEWED)


def _state(held: Answered, reviews: int) -> str:
    if held.holds is None:
        return "in dispute"
    if reviews > 1 and held.second is None:
        return _UNREVIEWED
    return held.holds.answer


def _shown(item: Item, reviews: int) -> list[Row]:
    base: Row = {
        "stratum": item.stratum.stratum,
        "place": item.place,
        "item": item.item,
        "instead_of": item.instead_of,
    }
    nothing = dict.fromkeys(("attribute", "first", "second", "settled"))
    if not item.answers:
        return [{**base, **nothing, "state": "open", "note_ref": None}]
    return [
        {
            **base,
            "attribute": attribute,
            **{
                part: None if said is None else f"{said.answer} ({said.by})"
                for part, said in held._asdict().items()
            },
            "state": _state(held, reviews),
            "note_ref": (held.holds or held.first).note_ref,
        }
        for attribute, held in item.answers.items()
    ]


def _around(one: Recorded) -> list[str]:
    frame, drawn = one.sample.framed, one.sample.drawn
    said = [
        f"frame  {frame.size:,} SCRs, {frame.order}, sha256 {frame.sha256},"
        f" sealed @{one.framed.position} by {one.framed.by}"
    ]
    if drawn is None or one.drawn is None:
        return [*said, "It is not drawn yet."]
    return [
        *said,
        f"draw   {drawn.rule}, @{one.drawn.position} by {one.drawn.by}",
        f"seed   {drawn.seed} ({_chosen(one)})",
        *(
            f"spare  {act.spare} for {act.item}: {act.reason}"
            for act in one.sample.spared
        ),
    ]


def _chosen(one: Recorded) -> str:
    drawn = one.sample.drawn
    if drawn is None or drawn.chosen == "given":
        return "given"
    return f"the root of the log at @{drawn.seed_position}"


def _extra(one: Recorded) -> Row:
    frame, drawn = one.sample.framed, one.sample.drawn
    return {
        "sample": one.name,
        "query": frame.query,
        "frame_basis": one.basis,
        "order": frame.order,
        "frame": frame.size,
        "frame_sha256": frame.sha256,
        "framed_at": one.framed.position,
        "drawn_at": None if one.drawn is None else one.drawn.position,
        "rule": None if drawn is None else drawn.rule,
        "seed": None if drawn is None else drawn.seed,
        "chosen": None if drawn is None else drawn.chosen,
        "seed_position": None if drawn is None else drawn.seed_position,
        "reviews": None if drawn is None else drawn.reviews,
        "frame_items": list(frame.items),
    }


sample_command.add_command(evaluate_command)
sample_command.add_command(report_command)
sample_command.add_command(propose_corrections_command)
