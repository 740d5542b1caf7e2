"""``scr prove``: what a log holds, to be checked without it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.asking import output
from cli.main import complain, read_enough
from cli.proof_files import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.main import Settings
    from ledger.reader import Log

PROVE_EXAMPLES = """\b
Examples:
  scr prove @5 -o 5.tlog-proof
  scr prove SCR-1 -o proofs
  scr prove --from held.checkpoint -o grown.txt
  scr prove SCR-1 --in APR-23 --measure dd-tco --fy 2019 -o member.json
"""


@click.command("prove", epilog=PROVE_EXAMPLES)
@click.argument("what", metavar="[SCR|@POSITION]", required=False)
@click.option(
    "--from",
    "since",
    metavar="CHECKPOINT|@SIZE",
    help="Prove that the log begins with what it was then.",
)
@click.option(
    "--in",
    "publication",
    metavar="PUBLICATION",
    help="Prove that it is counted in a figure of this publication.",
)
@click.option("--measure", metavar="ID", help="With --in: the measure of the figure.")
@click.option("--fy", metavar="Y", help="With --in: the fiscal year of the figure.")
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="Write to a file instead; all facts of an SCR into a folder.",
)
@click.pass_obj
def prove_command(settings: Settings, /, **given: Any) -> None:
    """Show that a fact is in the log, that the log only grew, or who is counted.

    A proof is a file that `scr check-proof` checks without the ledger. It is against
    the newest checkpoint on record that covers what is proved: with none, make one with
    `scr checkpoint`. An SCR has a file for each of its facts; --in shows that it is
    counted in a printed figure, and nobody else who is.
    """
    from ledger.reader import open_log

    _check_asked(given)
    with open_log(settings.ledger) as log:
        if given["since"] is not None:
            _write(str(_grown(log, given["since"])), given["output"])
        elif given["publication"] is not None:
            _write(_member(log, given), given["output"])
        elif given["what"].startswith("@"):
            _write(_of_fact(log, given["what"]), given["output"])
        else:
            _of_subject(log, given["what"], given["output"])


def _check_asked(given: Mapping[str, Any]) -> None:
    wanted = [given["what"], given["since"]]
    if sum(one is not None for one in wanted) != 1:
        message = "give an SCR, @POSITION, or --from CHECKPOINT; just one of them"
        raise click.UsageError(message)
    parts = [given[name] for name in ("publication", "measure", "fy")]
    if any(part is not None for part in parts) and (
        given["what"] is None or None in parts
    ):
        message = "--in, --measure and --fy go together, with an SCR"
        raise click.UsageError(message)


def _write(text: str, path: str | None) -> None:
    with read_enough(), output(path) as out:
        out.write(text)


def _of_fact(log: Log, what: str) -> str:
    from projections.proving import discloses, of_fact

    made = of_fact(log, _position(what))
    if (said := discloses(made)) is not None:
        complain(f"warning: {said}")
    return str(made)


def _position(text: str) -> int:
    from ledger.errors import UsageError

    digits = text.removeprefix("@")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):  # noqa: PLR2004
        message = f"{text} is no position; give @N, such as @5"
        raise UsageError(message)
    return int(digits)


def _grown(log: Log, what: str) -> object:
    from ledger.proofs import read_checkpoint
    from projections.proving import of_growth, since

    if what.startswith("@"):
        return of_growth(log, _position(what))
    return since(log, what, read_checkpoint(what, read_file(what)).head)


def _member(log: Log, given: Mapping[str, Any]) -> str:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError
    from projections.proving import of_member
    from projections.publications import named

    try:
        years = parse_fiscal_years(given["fy"])
    except ValueError as error:
        raise UsageError(str(error)) from None
    if len(years) != 1:
        message = "--fy takes one fiscal year here: that of the figure"
        raise click.UsageError(message)
    one = named(log, given["publication"])
    return of_member(log, one, given["measure"], years[0], given["what"])


def _of_subject(log: Log, subject: str, path: str | None) -> None:
    from ledger.errors import NoSuchScrError
    from projections.proving import of_facts

    stream = f"scr/{subject}"
    rows = log.stream(stream, log.head) if subject.isascii() else []
    if not rows:
        raise NoSuchScrError(subject)
    if path is None:
        message = f"{subject} has {len(rows)} facts, a file each; give -o FOLDER"
        raise click.UsageError(message)
    proofs = of_facts(log, rows)  # All of them before any file is written.
    folder = _folder(path)
    for one in proofs:
        _write(str(one), str(folder / f"{one.leaf_index + 1}.tlog-proof"))
    facts = "1 fact" if len(rows) == 1 else f"{len(rows)} facts"
    complain(f"proved {facts} of {subject}, in {path}", prefix="")


def _folder(path: str) -> Path:
    from ledger.errors import StoreError

    folder = Path(path)
    try:
        folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        message = f"cannot make the folder {path}: {why}; name another with -o"
        raise StoreError(message) from None
    return folder
