"""``scr replay``: history fact by fact, forwards and back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, form, form_options, progress, resolve
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.history import Line
    from projections.replaying import Chosen, Walk

    from cli.main import Settings  # isort: skip

REPLAY_EXAMPLES = """\b
Examples:
  scr replay --scr SCR-2019-00042
  scr replay --fy 2019 --measure dd-all --clock known --to 2020-01-15
  scr replay --office "SAC Houston" --moving -f jsonl
"""

CLOCKS = {
    "recorded": "the order of recording",
    "known": "the order in which things became known",
}


@click.command("replay", epilog=REPLAY_EXAMPLES)
@click.option("--scr", metavar="SCR", help="Only facts on this SCR.")
@click.option("--office", metavar="OFFICE", help="Only facts on an SCR it then has.")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="ID[@VERSION]",
    help="Follow the figures of this measure.  May recur.  [default: dd-all, dd-tco]",
)
@click.option("--fy", metavar="Y|Y..Z", help="Only facts that moved these years.")
@click.option("--moving", is_flag=True, help="Only facts that moved a figure.")
@click.option(
    "--clock",
    type=click.Choice(list(CLOCKS)),
    default="recorded",
    show_default=True,
    help="Walk in the order of recording, or in that of becoming known.",
)
@click.option(
    "--from",
    "since",
    metavar="WHEN",
    help="Begin here: a date or an instant of the clock, or @POSITION.",
)
@click.option("--to", "until", metavar="WHEN", help="End here, included.")
@click.option("--plain", is_flag=True, help="List the steps, in a terminal too.")
@form_options
@click.pass_obj
def replay_command(settings: Settings, /, **given: Any) -> None:
    """Walk through history: each fact, its subject before and after, what it moved.

    In a terminal, step with the arrow keys; `?` lists the others. Everywhere else,
    and with --plain or a format, all steps are listed. It reads the log itself, not
    the read model.
    """
    from ledger.reader import open_log
    from projections.replaying import walk

    how = form(given)
    asked = _chosen(given)
    measures = given["measures"] or ("dd-all", "dd-tco")
    with open_log(settings.ledger) as log:
        _check_scr(log, given["scr"])
        after, basis = _span(log, given)
        with progress("reading the log, fact") as tell:
            walked = walk(
                log,
                measures,
                basis,
                after=after,
                clock=given["clock"],
                chosen=asked,
                on_progress=tell,
            )
        chosen_format = given["format_"] or given["as_json"] or given["output"]
        if walked.steps and not (given["plain"] or chosen_format) and _at_a_terminal():
            from cli.walking import explore

            explore(log, walked, given["clock"])
            return
        from projections import basis as bases
        from projections.replaying import lines

        found = lines(log, walked.steps)
        exact = how.format in ("json", "jsonl")
        answer(
            Answer(
                "scr-replay/1",
                bases.as_json(basis, walked.grade),
                _COLUMNS,
                found if exact else _in_columns(found),
                extra={"clock": given["clock"], "measures": list(measures)},
                tail={"figures": _figures(walked)},
                table_columns=_narrow(given["clock"]),
                notes=_notes(walked, given["clock"], measures),
            ),
            how,
        )


def _at_a_terminal() -> bool:
    import os

    streams = (sys.stdin, sys.stdout)
    dumb = os.environ.get("TERM", "dumb") in ("dumb", "unknown", "")
    return not dumb and all(stream and stream.isatty() for stream in streams)


# --- what is asked for ----------------------------------------------------------------


def _chosen(given: dict[str, Any]) -> Chosen:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError
    from projections.replaying import Chosen

    try:
        years = None if given["fy"] is None else parse_fiscal_years(given["fy"])
    except ValueError as error:
        raise UsageError(str(error)) from None
    return Chosen(given["scr"], given["office"], years, given["moving"])


def _check_scr(log: Log, scr: str | None) -> None:
    from projections.history import check_recorded

    if scr is not None:
        check_recorded(log, scr)


def _span(log: Log, given: dict[str, Any]) -> tuple[int, Basis]:
    """Return after what the walk begins, on its clock, and where it ends."""
    from projections.history import known_before, span

    if given["clock"] == "known":
        since = given["since"]
        after = -(2**63) if since is None else known_before(log, since)
        _refuse_positions(since, given["until"])
        return after, resolve(Basing(given["until"], None), log)
    asked = span(log, given["since"], given["until"])
    return asked.first - 1, resolve(Basing(f"@{asked.last}", None), log)


def _refuse_positions(*texts: str | None) -> None:
    if any(text is not None and text.startswith("@") for text in texts):
        message = (
            "by the clock `known` a walk begins and ends at a date or an instant;"
            " leave --clock out to give positions"
        )
        raise click.UsageError(message)


# --- as a list ------------------------------------------------------------------------


_COLUMNS: Sequence[Column] = (
    Column("position", "Position", right=True),
    Column("recorded_at", "Recorded at"),
    Column("known_at", "Known at"),
    Column("claimed", "Claimed", show=lambda claimed: "claimed" if claimed else ""),
    Column("subject", "Subject"),
    Column("event", "Event"),
    Column("effective_on", "Effective on"),
    Column("by", "By"),
    Column("changed", "What it changed"),
    Column("moved", "Figures it moved"),
)


_NARROW = ("position", "subject", "event", "effective_on", "changed", "moved")


def _narrow(clock: str) -> list[Column]:
    """Return the columns of a table: of the clocks, the one that is walked by."""
    wanted = (*_NARROW, f"{clock}_at")
    return [column for column in _COLUMNS if column.name in wanted]


def _in_columns(found: Iterable[Line]) -> Iterator[Line]:
    from projections.history import subject_of
    from projections.states import Change, differences

    for line in found:
        made = Change(line["before"], line["after"])  # type: ignore[arg-type]
        yield {
            **line,
            "subject": subject_of(line),
            "changed": "; ".join(map(changed_words, differences(made))) or None,
            "moved": "; ".join(map(moved_words, line["moved"])) or None,  # type: ignore[call-overload]
        }


def changed_words(difference: tuple[str, str | None, str | None]) -> str:
    """Return what a fact changed: ``office none → SAC Houston``."""
    name, before, after = difference
    return f"{name} {before or 'none'} → {after or 'none'}"


def moved_words(move: dict[str, Any]) -> str:
    """Return what a fact moved: ``dd-all FY2019 213 → 214``."""
    return (
        f"{move['measure']} FY{move['fiscal_year']} {move['from']:,} → {move['to']:,}"
    )


def _figures(walked: Walk) -> list[Line]:
    return [
        {"measure": measure, "fiscal_year": year, "value": value}
        for (measure, year), value in sorted(walked.end.items())
    ]


def _notes(walked: Walk, clock: str, measures: Sequence[str]) -> list[str]:
    facts = "1 fact" if len(walked.steps) == 1 else f"{len(walked.steps):,} facts"
    followed = f"{facts}, in {CLOCKS[clock]}; following {', '.join(measures)}."
    ends = [
        f"{measure} FY{year} {value:,}"
        for (measure, year), value in sorted(walked.end.items())
    ]
    return [followed, f"At the end: {', '.join(ends) or 'every figure is 0'}."]
