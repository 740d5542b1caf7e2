"""``scr taxonomy``: categories, and what their criteria require."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cli.asking import (
    Asking,
    Basing,
    answer,
    asking,
    basis_options,
    form,
    form_options,
)
from cli.defining import adopted_at, adopting_options
from cli.main import Suggesting, warn
from cli.render import Answer, Column
from cli.safe import display, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cli.main import Settings
    from ledger.domain.events import Categorized
    from ledger.domain.taxonomy import Taxonomy
    from projections.taxonomies import Loaded

    Row = dict[str, object]

EXAMPLES = """\b
Examples:
  scr taxonomy load taxonomy.toml --adopted 2016-10-01 --by "program office"
  scr taxonomy diff taxonomy.toml taxonomy.toml
"""
LOAD_EXAMPLES = """\b
Examples:
  scr taxonomy load taxonomy.toml --by "program office" --dry-run
  scr taxonomy load taxonomy.toml --adopted 2016-10-01 --by "program office"
"""
SHOW_EXAMPLES = """\b
Examples:
  scr taxonomy show --as-of 2020-01-15
  scr taxonomy show 1 --json
"""
DIFF_EXAMPLES = """\b
Examples:
  scr taxonomy diff taxonomy.toml 1
"""

DIFFERS = 1


@click.group("taxonomy", cls=Suggesting, no_args_is_help=False, epilog=EXAMPLES)
def taxonomy_command() -> None:
    """Record the categories, and look them up.

    A taxonomy says of each category and subcategory what its criteria are, and whether
    they require a TCO. Recorded, it holds from when it was adopted until the next. It
    changes no count: validation compares it with what is counted.
    """


@taxonomy_command.command("load", short_help="record a version", epilog=LOAD_EXAMPLES)
@click.argument("file")
@click.option("--reason", metavar="TEXT", help="Why, where there was one before.")
@adopting_options
@click.pass_obj
def load_command(settings: Settings, /, **given: Any) -> None:
    """Record a taxonomy from a TOML file; `-` is standard input.

    The file has the fields of docs/validation.md; without `version` it is the next one.
    The same taxonomy again adds nothing.
    """
    from cli.importing import opened_file
    from ledger import definition_files
    from ledger.app import open_ledger
    from ledger.domain.events import Unreadable

    with opened_file(given["file"]) as held:
        body = definition_files.read(given["file"], held, verb="load")
    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.categorize(
            body,
            by=given["by"],
            adopted_at=adopted_at(given["adopted"], identity.timezone),
            reason=given["reason"],
            dry_run=given["dry_run"],
        )
    except Unreadable as error:
        faults = error.faults
        raise definition_files.faulty(given["file"], faults, verb="load") from None
    finally:
        ledger.close()
    _tell(decided.fact, decided.position, decided.since, given)


def _tell(
    fact: Categorized, position: int | None, since: datetime, given: dict[str, Any]
) -> None:
    from ledger.domain.fiscal import format_instant

    status = "recorded"
    if position is None:
        status = "already recorded"
    elif given["dry_run"]:
        status, position = "would be recorded", None
    told = {
        "schema": "scr-taxonomy-recorded/1",
        "status": status,
        "position": position,
        "version": fact.version,
        "hash": fact.hash,
        "adopted_at": format_instant(since),
        "claimed": fact.adopted_at is not None,
        "categories": len(fact.taxonomy.categories),
    }
    if given["as_json"]:
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    verb = status.replace("recorded", "loaded")
    at = "" if position is None else f" at @{position}"
    count = told["categories"]
    categories = "1 category" if count == 1 else f"{count} categories"
    claimed = " (claimed)" if told["claimed"] else ""
    click.echo(
        display(
            f"{verb} taxonomy version {fact.version}, {categories} (sha256"
            f" {fact.hash}){at}, holds from {told['adopted_at']}{claimed}"
        )
    )


@taxonomy_command.command("show", short_help="one, whole", epilog=SHOW_EXAMPLES)
@click.argument("version", required=False)
@basis_options
@form_options
@click.pass_obj
def show_command(settings: Settings, /, **given: Any) -> None:
    """Show the taxonomy that holds at a basis, or a version of it.

    In JSON `canonical` is the RFC 8785 text that is hashed.
    """
    from ledger.domain.taxonomy import as_json as body_of
    from ledger.domain.taxonomy import canonical
    from projections.taxonomies import as_json, find

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        found = find(open_.log, open_.basis, given["version"])
        taxonomy = found.taxonomy
        shown = Answer(
            "scr-taxonomy/1",
            open_.graded(),
            [
                Column("category", "Category"),
                Column("subcategory", "Subcategory"),
                Column("requires_tco", "Requires TCO"),
                Column("criteria", "Criteria"),
            ],
            list(_rows(taxonomy)),
            title=f"taxonomy version {taxonomy.version}: {taxonomy.title}",
            notes=list(_around(found)) if how.format == "table" else (),
            extra={
                **as_json(found),
                "taxonomy": body_of(taxonomy),
                "canonical": canonical(taxonomy).decode(),
            },
        )
        answer(shown, how)


def _rows(taxonomy: Taxonomy) -> Iterator[Row]:
    for name, held in taxonomy.categories.items():
        yield _row(name, None, held.requires_tco, held.criteria)
        for sub, part in held.subcategories.items():
            own = part.requires_tco or held.requires_tco
            yield _row(name, sub, own, part.criteria)


def _row(category: str, subcategory: str | None, answer: str, criteria: str) -> Row:
    return {
        "category": category,
        "subcategory": subcategory,
        "requires_tco": answer,
        "criteria": criteria,
    }


def _around(found: Loaded) -> Iterator[str]:
    """Yield what a taxonomy says besides its categories, and from when it holds."""
    from projections.measures import instant

    yield f"source  {found.taxonomy.source}"
    yield f"sha256  {found.hash}"
    claimed = ", as claimed" if found.claimed else ""
    yield f"adopted {instant(found.known)}{claimed}, recorded @{found.position}"
    for rule, value in sorted(found.taxonomy.thresholds.items()):
        yield f"threshold of {rule}: {value:,} days"


# --- two of them -----------------------------------------------------------------


class _Side(NamedTuple):
    """One of two taxonomies: what was asked for, and what of it answers say."""

    given: str
    taxonomy: Taxonomy
    loaded: Loaded | None
    """None of a file."""
    basis: str | None
    """The line of the basis at which it holds, if it was asked for by one."""


@taxonomy_command.command("diff", short_help="two, side by side", epilog=DIFF_EXAMPLES)
@click.argument("first")
@click.argument("second")
@basis_options
@form_options
@click.pass_obj
def diff_command(settings: Settings, /, **given: Any) -> int:
    """Compare two taxonomies, version aside; ends with 1 if they differ.

    Each is a TOML file, the number of a version, or what holds at a basis: a day, an
    instant, @POSITION, or a basis line. A file of such a name is ./NAME.
    """
    from projections.taxonomies import differences

    how = form(given)
    asked = (given["first"], given["second"])
    basing = Basing(given["as_of"], given["basis"])
    if all(map(_is_file, asked)) and basing == Basing(None, None):
        sides, basis = [_of_file(text) for text in asked], None
    else:
        with asking(settings, basing) as open_:
            sides = [_side(open_, text) for text in asked]
            basis = open_.graded()
    rows = [
        dict(one._asdict()) for one in differences(*(side.taxonomy for side in sides))
    ]
    names = [side.given for side in sides]
    found = Answer(
        "scr-taxonomy-diff/1",
        basis,
        [
            Column("category", "Category"),
            Column("subcategory", "Subcategory"),
            Column("change", "Change"),
            Column("field", "Field"),
            Column("first", names[0]),
            Column("second", names[1]),
        ],
        rows,
        title=f"taxonomy, {sides[0].given} to {sides[1].given}: {_differ(len(rows))}",
        extra={
            "taxonomies": dict(zip(("first", "second"), map(_told, sides), strict=True))
        },
    )
    answer(found, how)
    return DIFFERS if rows else 0


_VERSION = r"[0-9]{1,7}"
_BASIS = r"@[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?|(all|before|through) .*|\{.*"


def _is_file(text: str) -> bool:
    pattern = f"{_VERSION}|{_BASIS}"
    return re.fullmatch(pattern, text.strip(), re.IGNORECASE | re.DOTALL) is None


def _of_file(text: str) -> _Side:
    from cli.importing import opened_file
    from ledger import definition_files
    from ledger.domain.events import Unreadable, parse_taxonomy
    from ledger.domain.taxonomy import from_json

    with opened_file(text) as held:
        body = definition_files.read(text, held, verb="compare")
    try:
        read = parse_taxonomy({"version": 1, **body})
    except Unreadable as error:
        raise definition_files.faulty(text, error.faults, verb="compare") from None
    taxonomy = from_json(read.model_dump(mode="json", exclude_none=True))
    return _Side(text, taxonomy, None, None)


def _side(open_: Asking, text: str) -> _Side:
    from cli.render import basis_line
    from projections import basis as bases
    from projections.taxonomies import find

    if _is_file(text):
        return _of_file(text)
    if re.fullmatch(_VERSION, text):
        found = find(open_.log, open_.basis, text)
        return _Side(f"version {text}", found.taxonomy, found, None)
    pasted = not re.match(r"[@0-9]", text)
    read = bases.parse_basis if pasted else bases.parse_as_of
    basis = read(text, open_.log)
    found = find(open_.log, basis, None)
    line = basis_line(bases.graded(basis, open_.model, open_.log))
    return _Side(text, found.taxonomy, found, line)


def _told(side: _Side) -> Row:
    from ledger.domain.taxonomy import hash_of
    from projections.taxonomies import as_json

    if side.loaded is None:
        empty = dict.fromkeys(("position", "adopted_at"))
        version: Row = {
            "version": side.taxonomy.version,
            "hash": hash_of(side.taxonomy),
            **empty,
            "claimed": False,
        }
    else:
        version = as_json(side.loaded)
    return {"given": side.given, **version, "basis": side.basis}


def _differ(count: int) -> str:
    if not count:
        return "no difference"
    return "1 difference" if count == 1 else f"{count} differences"
