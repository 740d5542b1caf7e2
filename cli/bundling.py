"""``scr bundle``: one file to take home, that can be checked without this program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.asking import progress, put_in_place
from cli.main import say

if TYPE_CHECKING:
    from cli.main import Settings

BUNDLE_EXAMPLES = """\b
Examples:
  scr bundle -o evidence.zip
  scr bundle -o public.zip --without-text
"""


@click.command("bundle", epilog=BUNDLE_EXAMPLES)
@click.option(
    "-o", "--output", "path", metavar="FILE", required=True, help="The zip to write."
)
@click.option(
    "--without-text",
    is_flag=True,
    help="Leave titles, notes, reasons and other free text out; what they stood in has"
    " its leaf hash instead.",
)
@click.pass_obj
def bundle_command(settings: Settings, path: str, *, without_text: bool) -> None:
    """Write one file to take home: facts, publications, and a checker.

    The checker, verify.py, needs Python and nothing of this program. It computes every
    leaf, the root, and every published figure again. Note the last line elsewhere.
    """
    from ledger.reader import open_log
    from projections.bundling import write

    with (
        open_log(settings.ledger) as log,
        progress("reading the log, position") as tell,
        put_in_place(path) as draft,
        draft.open("w+b") as out,
    ):
        made = write(log, out, without_text=without_text, on_progress=tell)
    text = f", {made.without_text:,} without their text" if without_text else ""
    say(
        f"wrote {path}: {made.head:,} facts{text},"
        f" publications: {made.publications:,}, checkpoints: {made.checkpoints:,}"
    )
    say(f"root @{made.head} {made.root}")
    say(f"bundle.json {made.sha256}")
