"""``scr publish``: figures through the gate, and under a seal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, asking
from cli.main import complain
from cli.recording import at_the_head
from cli.safe import display, json_text
from cli.sealing import (
    Made,
    Placed,
    check_said,
    passed,
    record,
    seal_words,
    sealed,
    sealing_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cli.asking import Asking
    from cli.main import Settings
    from cli.signing import AtHand
    from ledger.domain.publication import Publication, Status
    from ledger.intake.printed import Printing
    from projections.publishing import Printed, Wanted

_STANDARD_INPUT = "standard input"

PUBLISH_EXAMPLES = """\b
Examples:
  scr publish --as-printed printed.jsonl --by archivist
  scr publish APR-23 --measure dd-tco --fy 2023 --document APR --claims dd-tco --by me
"""


@click.command("publish", epilog=PUBLISH_EXAMPLES)
@click.argument("name", required=False)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="ID[@VERSION]",
    help="Publish figures of this measure.  May recur.",
)
@click.option("--fy", metavar="Y|Y..Z", help="The fiscal years of the figures.")
@click.option(
    "--as-of",
    metavar="WHEN",
    help="What was known by then.  [default: all that is recorded]",
)
@click.option("--document", metavar="TEXT", help="The document that prints them.")
@click.option(
    "--claims",
    metavar="TEXT",
    help="What the document says that it measures: a measure, or its own words.",
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    metavar="[MEASURE:YEAR=]STATUS",
    help="Why a figure is not what was printed last: late-data, error or definition."
    "  May recur.",
)
@click.option("--override", metavar="REASON", help="Why the gate does not matter here.")
@click.option(
    "--as-printed",
    "printed",
    metavar="FILE",
    help="Register what was printed before this ledger existed; - is standard input.",
)
@click.option(
    "--by",
    metavar="TEXT",
    envvar="SCR_BY",
    required=True,
    help="Who publishes; also SCR_BY.",
)
@click.option("--dry-run", is_flag=True, help="Compute and decide, record nothing.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.pass_obj
def publish_command(settings: Settings, /, **given: Any) -> None:
    """Compute figures, let them through the gate, and seal them.

    What is sealed: figures, targets, definitions with their hashes, the basis and its
    root, and the sorted list of what each figure counts. The gate is `scr validate`;
    one that is not green refuses, or is overridden with a reason that is kept for
    ever. A figure that is not what was printed last needs a status.
    """
    if given["printed"] is not None:
        _refuse_with_printed(given)
        _register(settings, given)
        return
    _require(given)
    _publish(settings, given)


def _refuse_with_printed(given: Mapping[str, Any]) -> None:
    others = ("name", "measures", "fy", "as_of", "document", "claims")
    for option in (*others, "statuses", "override"):
        if given[option]:
            message = "--as-printed takes all from its file; leave the rest out"
            raise click.UsageError(message)


def _require(given: Mapping[str, Any]) -> None:
    for option, what in (
        ("name", "a NAME for the publication"),
        ("measures", "--measure, what to publish"),
        ("fy", "--fy, the fiscal years"),
        ("document", "--document, what prints them"),
        ("claims", "--claims, what the document says that it measures"),
    ):
        if not given[option]:
            message = f"give {what}; or --as-printed FILE"
            raise click.UsageError(message)


# --- computed -----------------------------------------------------------------------


def _publish(settings: Settings, given: dict[str, Any]) -> None:
    wanted = _wanted(given)
    statuses = _statuses(given["statuses"], wanted)
    check_said(wanted.name, given)
    made, placed = sealed(
        settings, lambda: _make(settings, wanted, statuses, given), given
    )
    _tell(made, placed, given)


def _wanted(given: Mapping[str, Any]) -> Wanted:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError
    from projections.publishing import Wanted

    try:
        years = parse_fiscal_years(given["fy"])
    except ValueError as error:
        raise UsageError(str(error)) from None
    ids = [name.partition("@")[0] for name in given["measures"]]
    if len(set(ids)) < len(ids):
        message = "--measure names one measure twice; name each once"
        raise click.UsageError(message)
    return Wanted(
        given["name"],
        given["document"],
        given["claims"],
        tuple((name, year) for name in given["measures"] for year in years),
    )


def _make(
    settings: Settings,
    wanted: Wanted,
    statuses: Mapping[tuple[str, int], Status],
    given: Mapping[str, Any],
) -> Made:
    from ledger.errors import PublicationTakenError, UnexplainedError
    from projections.publications import recorded
    from projections.publishing import publication, unexplained

    with asking(settings, Basing(given["as_of"], None)) as open_:
        for one in recorded(open_.log):
            if one.content.name == wanted.name:
                raise PublicationTakenError(wanted.name, one.position)
        gate, override = passed(open_, wanted.figures, given["override"])
        content = publication(
            open_.log,
            open_.model,
            open_.basis,
            wanted,
            gate=gate,
            override=override,
            statuses=statuses,
        )
        if missing := unexplained(content):
            raise UnexplainedError("; ".join(missing))
        warnings = tuple(_warnings(content, given))
        return Made(content, open_.graded(), open_.log.head, warnings)


def _statuses(texts: Sequence[str], wanted: Wanted) -> dict[tuple[str, int], Status]:
    from ledger.domain.publication import STATUSES

    keys = {(name.partition("@")[0], year) for name, year in wanted.figures}
    found: dict[tuple[str, int], Status] = {}
    for text in texts:
        about, equals, word = text.rpartition("=")
        status = next((one for one in STATUSES if one == word), None)
        measure, colon, year = about.rpartition(":")
        digits = year.upper().removeprefix("FY")
        key = (measure, int(digits)) if re.fullmatch("[0-9]{4}", digits) else None
        if status is None or (equals and (not colon or key not in keys)):
            message = (
                f"--status takes {', '.join(STATUSES)}, or a figure that is published,"
                f" as dd-all:2019=late-data, not {text}"
            )
            raise click.UsageError(message)
        found.update(dict.fromkeys(keys if key is None else {key}, status))
    return found


def _warnings(content: Publication, given: Mapping[str, Any]) -> list[str]:
    from projections.publishing import claims_otherwise

    warnings = []
    if (said := claims_otherwise(content)) is not None:
        warnings.append(f"note: {said}")
    if content.override is not None:
        warnings.append("note: published through a gate that is not green")
    if given["statuses"] and not any(figure.status for figure in content.figures):
        warnings.append("note: no figure needs a status; none is recorded")
    if given["override"] is not None and content.override is None:
        warnings.append("note: the gate is green; the override is not recorded")
    return warnings


def _tell(made: Made, placed: Placed, given: Mapping[str, Any]) -> None:
    from ledger.domain.publication import as_json, seal_of

    for text in made.warnings:
        complain(text)
    (position,) = placed.positions
    dry = given["dry_run"]
    if given["as_json"]:
        told = {
            "schema": "scr-published/1",
            "basis": made.basis,
            "status": "would be recorded" if dry else "recorded",
            "position": None if dry else position,
            "checkpoint": placed.as_json(),
            "seal": None if dry else seal_of(made.content),
            "publication": as_json(made.content),
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        placed.tell(as_json=True)
        return
    verb = "would be published" if dry else f"published @{position}"
    count = len(made.content.figures)
    figures = "1 figure" if count == 1 else f"{count} figures"
    seal = seal_words(made.content, dry=dry)
    click.echo(display(f"{verb}: {made.content.name}, {figures}, {seal}"))
    placed.tell(as_json=False)


# --- as printed ---------------------------------------------------------------------


def _register(settings: Settings, given: dict[str, Any]) -> None:
    path = given["printed"]
    file = _STANDARD_INPUT if path == "-" else path
    printings = _read(path)
    key = sealing_key(settings, given)
    at_the_head(lambda: _register_once(settings, file, printings, given, key))


def _read(path: str) -> list[Printing]:
    import sys
    from pathlib import Path

    from ledger.errors import NoInputFileError
    from ledger.intake.printed import read_printings

    if path == "-":
        return read_printings(_STANDARD_INPUT, sys.stdin.buffer)
    try:
        with Path(path).open("rb") as lines:
            return read_printings(path, lines)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoInputFileError(path, why) from None


def _register_once(
    settings: Settings,
    file: str,
    printings: Sequence[Printing],
    given: Mapping[str, Any],
    key: Callable[[], AtHand],
) -> None:
    from projections.publishing import as_printed, registered

    with asking(settings, Basing(None, None)) as open_:
        wanted = [printed_of(one) for one in printings]
        _check_answerable(open_, file, printings)
        new, already = registered(open_.log, wanted)
        contents = as_printed(open_.log, open_.model, new)
        basis, head = open_.graded(), open_.log.head
    placed = Placed()
    if contents:
        placed = record(settings, contents, head, given, key())
        if not given["dry_run"]:  # Else their members roots are of no other.
            contents = list(placed.contents)
    _tell_registered(contents, placed, already, basis, given)


def printed_of(one: Printing) -> Printed:
    """Return a printing without where in its file it is."""
    from projections.publishing import Printed

    figures = tuple(
        (each.measure, each.fiscal_year, each.value, each.words) for each in one.figures
    )
    said = {**one._asdict(), "figures": figures}
    return Printed(**{name: said[name] for name in Printed._fields})


def _check_answerable(open_: Asking, file: str, printings: Iterable[Printing]) -> None:
    """Refuse printings at a basis, or of a measure, that the ledger does not know.

    :raises FaultyFileError: with each of them, and its line.
    """
    from ledger.intake.printed import faulty
    from projections.publishing import unanswerable

    faults: list[tuple[int, str]] = []
    for one in printings:
        for measure, why in unanswerable(open_.log, open_.model, printed_of(one)):
            field = "as_of" if measure is None else f"figures.{measure}"
            lines = [each.line for each in one.figures if each.measure == measure]
            number = min(lines, default=one.line)
            faults.append((number, f"{file}:{number}: {field}: {why}"))
    if faults:
        raise faulty(file, [text for _, text in sorted(faults)])


def _tell_registered(
    contents: Sequence[Publication],
    placed: Placed,
    already: Sequence[str],
    basis: dict[str, object],
    given: Mapping[str, Any],
) -> None:
    from ledger.domain.publication import as_json

    dry = given["dry_run"]
    if given["as_json"]:
        told = {
            "schema": "scr-registered/1",
            "basis": basis,
            "status": "would be recorded" if dry else "recorded",
            "positions": [] if dry else list(placed.positions),
            "checkpoint": placed.as_json(),
            "already_recorded": list(already),
            "publications": [as_json(one) for one in contents],
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        placed.tell(as_json=True)
        return
    for name in already:
        click.echo(display(f"already recorded: {name}"))
    for position, one in zip(placed.positions, contents, strict=True):
        at = "would be registered" if dry else f"registered @{position}"
        click.echo(display(f"{at}: {one.name}, {_support(one)}"))
    placed.tell(as_json=False)


def _support(one: Publication) -> str:
    wrong = [figure for figure in one.figures if not figure.supported]
    if not wrong:
        return "supported"
    return "UNSUPPORTED: " + "; ".join(
        f"{figure.measure} FY{figure.fiscal_year} printed {figure.printed:,},"
        f" the ledger gives {figure.value:,}"
        for figure in wrong
    )
