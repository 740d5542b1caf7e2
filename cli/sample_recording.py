"""``scr sample record`` and ``settle``: what people found, and who of them is right."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from cli.main import warn
from cli.recording import recording_options
from cli.safe import display, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cli.main import Settings
    from ledger.intake.rows import Row

RECORD_EXAMPLES = """\b
Examples:
  scr sample record A-3 --item SCR-1 --attribute tco=no --note-ref wp-7 --by auditor-1
  scr sample record A-3 --csv findings.csv --by auditor-1 --dry-run
"""
SETTLE_EXAMPLES = """\b
Examples:
  scr sample settle A-4 --item SCR-1 --attribute tco=no --reason "r" --by auditor-3
"""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_ITEM, _NOTE = "item", "note_ref"


@click.command(
    "record", short_help="record what was found of items", epilog=RECORD_EXAMPLES
)
@click.argument("name")
@click.option("--item", metavar="SCR", help="What was examined.")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=ANSWER",
    help="What was found: yes, no or not-determinable.  May recur.",
)
@click.option("--note-ref", metavar="TEXT", help="Where the working paper is.")
@click.option(
    "--csv",
    "path",
    metavar="FILE",
    help="Instead: a table with a column item, perhaps note_ref, and one for each"
    " attribute; all of it is recorded, or none.",
)
@click.option(
    "--review",
    type=click.Choice(("first", "second")),
    default="first",
    show_default=True,
    help="Second: by somebody else than the first.",
)
@recording_options
@click.pass_obj
def record_command(settings: Settings, /, **given: Any) -> None:
    """Record the answers of one person on items of a sample.

    An answer is never changed. If it is wrong, a second reviewer says so, and where
    two disagree a third person settles it. The same answer again adds nothing.
    """
    from ledger.app import open_ledger

    single = given["item"] is not None or given["attributes"] or given["note_ref"]
    if bool(single) == (given["path"] is not None):
        message = "give --item and --attribute, or --csv, and not both"
        raise click.UsageError(message)
    findings = _read(given["path"]) if given["path"] is not None else [_typed(given)]
    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.examine(
            given["name"],
            findings,
            by=given["by"],
            review=given["review"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    _tell([one.position for one in decided], given)


def _typed(given: Mapping[str, Any]) -> dict[str, object]:
    if given["item"] is None or not given["attributes"]:
        message = "give --item and --attribute NAME=ANSWER"
        raise click.UsageError(message)
    answers = dict(map(attribute_of, given["attributes"]))
    if len(answers) < len(given["attributes"]):
        message = "--attribute names one attribute twice"
        raise click.UsageError(message)
    said = {_ITEM: given["item"], "answers": answers, _NOTE: given["note_ref"]}
    return {name: value for name, value in said.items() if value is not None}


def attribute_of(text: str) -> tuple[str, str]:
    """Return name and answer of ``NAME=ANSWER``.

    :raises UsageError: it is neither.
    """
    from ledger.domain.sampling import FINDINGS

    name, _, answer = text.partition("=")
    if _NAME.fullmatch(name) is None or answer not in FINDINGS:
        message = (
            f"--attribute takes NAME=ANSWER, as tco=no, not {text or repr('')};"
            f" answers are {', '.join(FINDINGS)}"
        )
        raise click.UsageError(message)
    return name, answer


def _read(path: str) -> list[dict[str, object]]:
    """Read a table of findings.

    :raises FaultyFileError: lists what is wrong with it, row by row.
    """
    from cli.tables import opened
    from ledger.errors import FaultyFileError

    faults: list[str] = []
    findings: list[dict[str, object]] = []
    with opened(path, path, None, _is_field) as named:
        for row in named.rows():
            wrong = [
                f"{path}:{row.number}: {field}: {rule}" for field, rule in _wrong(row)
            ]
            faults += wrong
            answers = {k: v for k, v in row.cells.items() if k not in (_ITEM, _NOTE)}
            if wrong or not answers:
                continue
            finding: dict[str, object] = {_ITEM: row.cells[_ITEM], "answers": answers}
            if _NOTE in row.cells:
                finding[_NOTE] = row.cells[_NOTE]
            findings.append(finding)
    if faults:
        raise FaultyFileError(path, tuple(faults[:100]), len(faults), verb="record")
    if not findings:
        message = f"{path} has no answer in it"
        raise click.UsageError(message)
    return findings


def _is_field(name: str) -> bool:
    return name in (_ITEM, _NOTE) or _NAME.fullmatch(name) is not None


def _wrong(row: Row) -> Iterator[tuple[str, str]]:
    from ledger.domain.events import is_id, is_text
    from ledger.domain.sampling import FINDINGS

    yield from row.faults
    if row.faults:
        return
    if not is_id(row.cells.get(_ITEM)):
        yield _ITEM, "must be the id of an SCR"
    if _NOTE in row.cells and not is_text(str(row.cells[_NOTE])):
        yield _NOTE, "must be text of 1 to 200 characters"
    for name, cell in row.cells.items():
        if name not in (_ITEM, _NOTE) and cell not in FINDINGS:
            yield name, f"must be {', '.join(FINDINGS)}"


def _tell(positions: list[int | None], given: Mapping[str, Any]) -> None:
    new = [position for position in positions if position is not None]
    already = len(positions) - len(new)
    verb = "would be recorded" if given["dry_run"] else "recorded"
    if given["as_json"]:
        told = {
            "schema": "scr-sample-recorded/1",
            "status": verb,
            "positions": [] if given["dry_run"] else new,
            "sample": given["name"],
            "review": given["review"],
            "items": len(new),
            "already_recorded": already,
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    items = "1 item" if len(new) == 1 else f"{len(new):,} items"
    also = f"; {already:,} already recorded" if already else ""
    text = f"{verb} {given['review']} review of {items} of {given['name']}{also}"
    click.echo(display(text))


@click.command("settle", short_help="say which answer holds", epilog=SETTLE_EXAMPLES)
@click.argument("name")
@click.option("--item", metavar="SCR", required=True, help="What was examined.")
@click.option(
    "--attribute",
    metavar="NAME=ANSWER",
    required=True,
    help="The answer that holds.",
)
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@click.option("--note-ref", metavar="TEXT", help="Where the working paper is.")
@recording_options
@click.pass_obj
def settle_command(settings: Settings, /, **given: Any) -> None:
    """Settle what two reviewers disagree on; neither of them can."""
    from ledger.app import open_ledger

    attribute, answer = attribute_of(given["attribute"])
    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.settle(
            given["name"],
            given["item"],
            attribute,
            answer=answer,
            reason=given["reason"],
            note_ref=given["note_ref"],
            by=given["by"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    verb = "would be settled" if given["dry_run"] else "settled"
    position = None if given["dry_run"] else decided.position
    if given["as_json"]:
        told = {
            "schema": "scr-sample-settled/1",
            "status": "would be recorded" if given["dry_run"] else "recorded",
            "position": position,
            "sample": given["name"],
            "item": given["item"],
            "attribute": attribute,
            "answer": answer,
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    at = "" if position is None else f", @{position}"
    click.echo(display(f"{verb}: {given['item']} {attribute}={answer}{at}"))
