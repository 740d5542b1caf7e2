"""``scr publication notice``: what a restatement tells its readers, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.acting import acted, eyes
from cli.asking import Basing, asking, document_format, document_options, output
from cli.main import read_enough
from cli.restated import part_name, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cli.main import Settings
    from projections.notices import Line, Notice

    Row = dict[str, Any]

NOTICE_EXAMPLES = """\b
Examples:
  scr publication notice APR-2019-R1
  scr publication notice APR-2019-R1 -o notice.html
"""

_NATURE = {
    "restated": "restated: the data changed, and the definition did not",
    "recast": "recast: the definition changed, and the data did not",
    "restated and recast": "restated and recast: the data and the definition changed",
    "confirmed": "confirmed: nothing changed",
}


@click.command("notice", epilog=NOTICE_EXAMPLES)
@click.argument("name")
@document_options
@click.pass_obj
def notice_command(
    settings: Settings, name: str, format_: str | None, path: str | None
) -> None:
    """Write the notice of a restatement: nature, periods, figures, causes, effects.

    As previously reported, the correction, as restated; the years in a row in which a
    target was not met, before and after; what stays unknown; how to verify it.
    """
    from projections.notices import notice
    from projections.publications import named

    fmt = document_format(format_, path)
    with asking(settings, Basing(None, None)) as open_:
        found = notice(open_.log, open_.model, named(open_.log, name))
    text = document(found, fmt)
    with read_enough(), output(path) as out:
        out.write(text)


def document(found: Notice, fmt: str) -> str:
    """Return a notice as text, ``md`` or ``html``."""
    from cli.render import basis_line, grade_text
    from cli.reporting import environment

    one, old = found.recorded.content, found.old.content
    versions = {used.measure: used.version for used in one.definitions}
    bases = [{"instant": None, **each.basis._asdict()} for each in (old, one)]
    return (
        environment(fmt)
        .get_template(f"notice.{fmt}.j2")
        .render(
            p=one,
            old=old,
            recorded=found.recorded,
            recorded_by=acted(found.recorded.by, found.identity),
            eyes_words=eyes(one.four_eyes),
            superseded=found.old,
            said=found.said,
            nature=_NATURE[found.nature],
            periods=_periods(line.figure.fiscal_year for line in found.lines),
            lines=[_line(line, versions) for line in found.lines],
            causes=_causes(found.lines),
            years=[row for line in found.lines for row in _effects(line)],
            targets=[_target(line) for line in found.lines if line.unmet is not None],
            unknown=list(_unknown(found.lines)),
            basis_lines=[basis_line(each) for each in bases],
            grades=[grade_text(each) for each in bases],
        )
    )


def _periods(years: Iterable[int]) -> str:
    every = sorted(set(years))
    if every == list(range(every[0], every[-1] + 1)) and len(every) > 1:
        return f"FY {every[0]} to FY {every[-1]}"
    return ", ".join(f"FY {year}" for year in every)


def _line(line: Line, versions: Mapping[str, int]) -> Row:
    figure, was = line.figure, line.was
    return {
        "year": figure.fiscal_year,
        "old": f"{was.measure}@{was.version}",
        "new": f"{figure.measure}@{versions[figure.measure]}",
        "previously": f"{was.value:,}",
        "correction": signed(line.correction),
        "restated": f"{figure.value:,}",
        "percent": _percent(line),
        "status": ", ".join(figure.statuses or ()) or "unchanged",
        "material": "yes" if line.material else "no",
    }


def _percent(line: Line) -> str:
    before, after = line.proportion
    if before == after:
        return "0.0 %"
    if not before:
        return "—"
    share = 100 * (after - before) / before
    return f"{share:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _causes(lines: Iterable[Line]) -> list[Row]:
    return [
        {
            "measure": line.figure.measure,
            "year": line.figure.fiscal_year,
            "cause": part_name(change),
            "came": f"{change.came:,}",
            "went": f"{change.went:,}",
            "effect": signed(change.effect),
        }
        for line in lines
        for change in line.changes
    ]


def _effects(line: Line) -> Iterable[Row]:
    figure = line.figure
    parts = [f"{signed(one.effect)} ({part_name(one)})" for one in line.changes]
    words = " ".join([f"{line.was.value:,}", *parts])
    yield {
        "measure": figure.measure,
        "year": figure.fiscal_year,
        "words": f"{words} = {figure.value:,}",
    }
    if figure.denominator_changes is not None and line.was.denominator is not None:
        under = [
            f"{signed(one.effect)} ({part_name(one)})"
            for one in figure.denominator_changes
        ]
        words = " ".join([f"{line.was.denominator:,}", *under])
        yield {
            "measure": f"{figure.measure}, of how many",
            "year": figure.fiscal_year,
            "words": f"{words} = {figure.denominator:,}",
        }


def _target(line: Line) -> Row:
    assert line.unmet is not None
    before, after = (
        "no target" if each is None else ("met" if each else "unmet")
        for each in line.met
    )
    return {
        "measure": line.figure.measure,
        "year": line.figure.fiscal_year,
        "before": before,
        "after": after,
        "row_before": line.unmet[0],
        "row_after": line.unmet[1],
        "flip": "yes" if line.met[0] != line.met[1] else "no",
    }


def _unknown(lines: Iterable[Line]) -> Iterable[str]:
    for line in lines:
        figure = line.figure
        name = f"{figure.measure} FY{figure.fiscal_year}"
        out = [one.went for one in line.changes if one.part == "tco-unknown"]
        if out:
            yield (
                f"{name}: {out[0]:,} are left out of which nobody knows yet whether"
                " they meet the TCO definition; they may be either."
            )
        if line.unknown:
            yield (
                f"{name}: of {figure.value:,} counted, it is unknown of"
                f" {line.unknown:,} whether they meet the TCO definition."
            )
        if line.floor is not None:
            yield (
                f"{line.was.measure} FY{figure.fiscal_year}, as previously reported:"
                f" {line.floor.words}."
            )
