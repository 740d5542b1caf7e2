"""``scr map``: a first draft of how a table's columns are to be read."""

from __future__ import annotations

import click

from cli.asking import output

MAP_EXAMPLES = """\b
Examples:
  scr map --init extract.csv --snapshot
  scr map --init extract.csv --snapshot -o draft.toml
"""


@click.command("map", epilog=MAP_EXAMPLES)
@click.option(
    "--init", "path", metavar="FILE", required=True, help="The table to read."
)
@click.option(
    "--snapshot",
    is_flag=True,
    help="FILE is an extract: a row per SCR as it stood, not a row per fact.",
)
@click.option(
    "-o", "--output", "out", metavar="FILE", help="Write there, not to stdout."
)
def map_command(path: str, out: str | None, *, snapshot: bool) -> None:
    """Draft a map from the header of a table and the values seen in it.

    What the draft cannot tell stands in it as a comment. It is TOML; fill it in and
    give it to `import --map` or `compare --map`.
    """
    from ledger.intake import facts
    from ledger.intake import snapshot as snapshots
    from ledger.intake.drafting import draft, open_any, survey

    kind = snapshots if snapshot else facts
    with open_any(path) as (table, layout):
        text = draft(
            table.name, layout, survey(table), sorted(kind.FIELDS), kind.is_field
        )
    with output(out) as stream:
        stream.write(text)
