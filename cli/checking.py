"""``scr doctor``: whether ledger and program need attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import answer, form, form_options
from cli.render import Answer, Column

if TYPE_CHECKING:
    from cli.main import Settings

DOCTOR_EXAMPLES = """\b
Examples:
  scr doctor
  scr doctor --json
"""


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
