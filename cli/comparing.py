"""``scr compare``: an extract beside the ledger, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, asking, basis_options, form, form_options
from cli.render import Answer, Column
from cli.tables import opened

if TYPE_CHECKING:
    from cli.main import Settings
    from projections.extracts import Compared

COMPARE_EXAMPLES = """\b
Examples:
  scr compare extract.csv --map columns.toml --as-of 2020-02-28
  scr compare extract.csv --map columns.toml --json -o differences.json
"""

DIFFERS = 1


@click.command("compare", epilog=COMPARE_EXAMPLES)
@click.argument("extract", metavar="EXTRACT")
@click.option(
    "--map", "mapping", metavar="FILE", help="How the extract names its columns."
)
@basis_options
@form_options
@click.pass_obj
def compare_command(settings: Settings, /, **given: Any) -> int:
    """Compare an extract with the ledger: missing here, extra here, different.

    EXTRACT is a table with a row per SCR, or per outcome of an SCR, as `import
    --snapshot` takes it. Ends with 1 where anything differs.
    """
    from ledger.intake.snapshot import is_field
    from projections import extracts

    path, mapping = given["extract"], given["mapping"]
    how = form(given)
    with (
        asking(settings, Basing(given["as_of"], given["basis"])) as open_,
        opened(path, path, mapping, is_field) as named,
    ):
        found = extracts.compare(open_.log, open_.basis, named.rows())
        if found.refused.count:
            raise extracts.faulty(path, found.refused)
        answer(
            Answer(
                "scr-compare/1",
                open_.graded(),
                [
                    Column("scr", "SCR"),
                    Column("difference", "Difference"),
                    Column("field", "Field"),
                    Column("extract", "Extract"),
                    Column("ledger", "Ledger"),
                ],
                found.rows,
                notes=_summary(found),
                extra={"summary": _counts(found)},
            ),
            how,
        )
    return DIFFERS if found.rows else 0


def _counts(found: Compared) -> dict[str, int]:
    return {
        "extract": found.extract,
        "ledger": found.ledger,
        "agreeing": found.agreeing,
        "missing": found.missing,
        "extra": found.extra,
        "different": found.different,
    }


def _summary(found: Compared) -> list[str]:
    """Say it both ways: from the extract to the ledger, and back."""
    return [
        f"From the extract: of {found.extract:,} SCRs {found.agreeing:,} agree,"
        f" {found.different:,} differ, {found.missing:,} are missing here.",
        f"From the ledger: of {found.ledger:,} SCRs {found.agreeing:,} agree,"
        f" {found.different:,} differ, {found.extra:,} are not in the extract.",
    ]
