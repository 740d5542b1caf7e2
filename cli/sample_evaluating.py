"""``scr sample evaluate`` and ``report``: what a sample says of its frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import (
    Basing,
    answer,
    asking,
    basis_options,
    document_format,
    document_options,
    form,
    form_options,
    output,
)
from cli.main import read_enough
from cli.packages import package_row
from cli.render import Answer, Column, basis_line, grade_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from cli.asking import Asking, F
    from cli.main import Settings
    from projections.packages import Standing
    from projections.sample_report import Asked, Evaluation

    Row = dict[str, object]

EVALUATE_EXAMPLES = """\b
Examples:
  scr sample evaluate A-5 --attribute tco=no
  scr sample evaluate A-5 --attribute tco=no --then counted:dd-all:2019 --by-category
"""
REPORT_EXAMPLES = """\b
Examples:
  scr sample report A-5 --attribute tco=no
  scr sample report A-5 --attribute tco=no -o A-5.html
"""
_PERCENT = 100


def _evaluating(command: F) -> F:
    for option in (
        click.option(
            "--partial", is_flag=True, help="Evaluate what is answered so far."
        ),
        click.option("--by-category", is_flag=True, help="Split each by category."),
        click.option(
            "--confidence",
            metavar="%",
            default="95",
            show_default=True,
            help="In percent.",
        ),
        click.option(
            "--then",
            multiple=True,
            metavar="QUERY",
            help="Of those, how many are so: a query of `scr sample frame`, or"
            " attribute:NAME=ANSWER.  May recur, each of the one before.",
        ),
        click.option(
            "--attribute",
            required=True,
            metavar="NAME=ANSWER",
            help="What is counted, as tco=no.",
        ),
    ):
        command = option(command)
    return command


@click.command(
    "evaluate", short_help="rates, limits and projections", epilog=EVALUATE_EXAMPLES
)
@click.argument("name")
@_evaluating
@basis_options
@form_options
@click.pass_obj
def evaluate_command(settings: Settings, /, **given: Any) -> None:
    """Say what a sample says of its frame, with exact limits.

    Limits of rates are Clopper-Pearson, limits of how many there are in the frame
    hypergeometric, both with equal tails; of strata the total is estimated with its
    standard error. Every number names its method.
    """
    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        found = _evaluated(open_, given)
        answer(_answer(found, open_.graded(), given), how)


def _evaluated(open_: Asking, given: Mapping[str, Any]) -> Evaluation:
    from projections.sample_report import evaluate
    from projections.samples import named

    asked = _asked(given)
    one = named(open_.log, open_.basis, given["name"])
    upto = open_.basis.position
    return evaluate(open_.log, open_.model, one, asked, upto=upto)


def _asked(given: Mapping[str, Any]) -> Asked:
    from cli.sample_recording import attribute_of
    from projections.sample_report import Asked

    attribute, said = attribute_of(given["attribute"])
    return Asked(
        attribute,
        said,
        given["then"],
        given["by_category"],
        confidence_of(given["confidence"]),
        given["partial"],
    )


def confidence_of(text: str) -> Fraction:
    """Return a confidence that is typed in percent.

    :raises UsageError: it is none, or out of range.
    """
    from projections.planning import percent

    confidence = percent(text, "--confidence")
    if not 1 / 2 <= confidence < 1:
        message = "--confidence is in percent, from 50 to less than 100"
        raise click.UsageError(message)
    return confidence


def _percent(value: object) -> str:
    return f"{_PERCENT * float(str(value)):.2f} %"


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{float(str(value)):,.1f}"


COLUMNS = [
    Column("what", "What"),
    Column("of", "Of"),
    Column("stratum", "Stratum"),
    Column("category", "Category"),
    Column("x", "x", right=True, grouped=True),
    Column("n", "n", right=True, grouped=True),
    Column("rate", "Rate", right=True, show=_percent),
    Column("lower", "Lower", right=True, show=_percent),
    Column("upper", "Upper", right=True, show=_percent),
    Column("one_sided_lower", "One-sided lower", right=True, show=_percent),
    Column("one_sided_upper", "One-sided upper", right=True, show=_percent),
    Column("frame", "Frame", right=True, grouped=True),
    Column("projected", "Projected", right=True, show=_count),
    Column("frame_lower", "At least", right=True, show=_count),
    Column("frame_upper", "At most", right=True, show=_count),
    Column("frame_one_sided_lower", "One-sided at least", right=True, show=_count),
    Column("frame_one_sided_upper", "One-sided at most", right=True, show=_count),
    Column("standard_error", "SE", right=True, show=_count),
    Column("method", "Method"),
]


def _answer(
    found: Evaluation, basis: dict[str, object], given: Mapping[str, Any]
) -> Answer:
    from projections.sample_report import rows

    lines = rows(found)
    seen = [c for c in COLUMNS if any(row[c.name] is not None for row in lines)]
    return Answer(
        "scr-sample-evaluation/1",
        basis,
        COLUMNS,
        lines,
        table_columns=seen,
        title=f"{given['name']}: {given['attribute']}, {given['confidence']} %"
        " confidence",
        notes=notes(found),
        extra={
            "sample": given["name"],
            "attribute": given["attribute"],
            "confidence": given["confidence"],
            "frame_sha256": found.recorded.sample.framed.sha256,
            "items": found.items,
            "unanswered": found.unanswered,
            "disputed": found.disputed,
            "not_reviewed": found.not_reviewed,
            "reviewed_twice": found.reviewed_twice,
            "not_determinable": found.undetermined,
            "partial": bool(
                found.unanswered
                or found.disputed
                or found.not_reviewed
                or found.parts_open
            ),
            "design": found.design,
        },
    )


def notes(found: Evaluation) -> list[str]:
    """Return what has to be said beside the numbers: how they rest on the design."""
    said = [found.design]
    if found.undetermined:
        said.append(
            f"{found.undetermined:,} items are not determinable: they are neither yes"
            " nor no, stay in n, and have lines of their own."
        )
    said.append(
        f"{found.reviewed_twice:,} of {found.items:,} items have a second review."
    )
    said.append("Limits are no statement on any single SCR; projections are estimates.")
    return said


@click.command(
    "report", short_help="the evaluation as a document", epilog=REPORT_EXAMPLES
)
@click.argument("name")
@_evaluating
@basis_options
@document_options
@click.pass_obj
def report_command(settings: Settings, /, **given: Any) -> None:
    """Write the evaluation as a document: frame, draw, findings, limits, method.

    The page of HTML is self-contained, and prints well.
    """
    from projections.packages import of_sample

    path = given["path"]
    fmt = document_format(given["format_"], path)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        found = _evaluated(open_, given)
        packages = of_sample(open_.log, open_.basis, given["name"])
        text = document(found, packages, open_.graded(), given, fmt)
    with read_enough(), output(path) as out:
        out.write(text)


def document(
    found: Evaluation,
    packages: Sequence[Standing],
    basis: dict[str, object],
    given: Mapping[str, Any],
    fmt: str,
) -> str:
    """Return an evaluation as a document, in ``md`` or ``html``.

    :param packages: those proposed from the findings of the sample.
    """
    from cli.reporting import environment
    from projections.sample_report import rows

    lines = rows(found)
    columns = [c for c in COLUMNS if any(row[c.name] is not None for row in lines)]
    one = found.recorded
    return (
        environment(fmt)
        .get_template(f"sample.{fmt}.j2")
        .render(
            name=one.name,
            attribute=given["attribute"],
            confidence=given["confidence"],
            frame=one.sample.framed,
            frame_basis=basis_line(one.basis),
            framed=one.framed,
            draw=one.sample.drawn,
            drawn=one.drawn,
            spared=one.sample.spared,
            packages=list(map(package_row, packages)),
            columns=columns,
            rows=[
                [_cell(column, row[column.name]) for column in columns] for row in lines
            ],
            notes=notes(found),
            basis_line=basis_line(basis),
            grade=grade_text(basis),
        )
    )


def _cell(column: Column, value: object) -> str:
    if value is None:
        return ""
    if column.show is not None:
        return column.show(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
