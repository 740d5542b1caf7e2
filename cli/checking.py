"""``scr verify`` and ``scr doctor``: whether record and program are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import answer, form, form_options, output, progress
from cli.main import complain, read_enough
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.main import Settings

VERIFY_EXAMPLES = """\b
Examples:
  scr verify
  scr --ledger scr.db verify --json
"""
DOCTOR_EXAMPLES = """\b
Examples:
  scr doctor
  scr doctor --json
"""

INTEGRITY = 4


@click.command("verify", epilog=VERIFY_EXAMPLES)
@form_options
@click.pass_context
def verify_command(ctx: click.Context, /, **given: Any) -> int:
    """Recompute leaves, tiles, root and rules from the bytes of the file.

    Also compares the read model with a rebuild. Ends with 4 where anything differs,
    and names the first bad position.
    """
    from ledger import fsck

    settings: Settings = ctx.obj
    how = form(given)
    with progress("checked position") as tell:
        checked = fsck.check(settings.ledger, tell)
    rows: list[dict[str, object]] = [
        {"position": found.position, "check": found.check, "why": found.why}
        for found in checked.findings
    ]
    if not rows:
        rows = [
            {"position": None, "check": "read model", "why": why}
            for why in _read_model(settings.ledger)
        ]
    extra = {
        "verified": not rows,
        "position": checked.head,
        "root": checked.root,
        "first_bad": checked.first_bad,
    }
    found = Answer(
        "scr-verify/1",
        None,
        [
            Column("position", "Position", right=True),
            Column("check", "Check"),
            Column("why", "What is wrong"),
        ],
        rows,
        title=f"{settings.ledger} @{checked.head} {checked.root}",
        extra=extra,
    )
    if rows or how.format != "table":
        answer(found, how)
    else:
        with read_enough(), output(how.output) as out:
            out.write(f"verified: every fact up to @{checked.head},")
            out.write(f" root {checked.root}\n")
    if not rows:
        return 0
    if not checked.findings:
        complain(
            f"the read model of {settings.ledger} does not say what the log says, which"
            " verifies; run `scr rebuild`, and ask again whatever was answered from it"
        )
        return INTEGRITY
    where = "" if checked.first_bad is None else f", first at @{checked.first_bad}"
    complain(
        f"{settings.ledger} does not verify: {len(rows):,} findings{where};"
        " keep this file as evidence and restore a copy that verifies"
    )
    return INTEGRITY


def _read_model(ledger: str) -> Iterator[str]:
    from ledger.reader import open_log
    from projections.comparing import differences

    with open_log(ledger) as log:
        yield from differences(log)


@click.command("doctor", epilog=DOCTOR_EXAMPLES)
@form_options
@click.pass_obj
def doctor_command(settings: Settings, /, **given: Any) -> None:
    """Look over this installation and the ledger, and say what needs attention."""
    from cli.diagnosis import symptoms

    how = form(given)
    rows = [found._asdict() for found in symptoms(settings.ledger)]
    answer(
        Answer(
            "scr-doctor/1",
            None,
            [
                Column("what", "What"),
                Column("verdict", "Verdict"),
                Column("says", "Says"),
            ],
            rows,
        ),
        how,
    )
