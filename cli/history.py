"""``scr show``, ``scr log`` and ``scr export``: the facts themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.asking import (
    Basing,
    answer,
    asking,
    basis_options,
    form,
    form_options,
    output,
)
from cli.render import Answer, Column
from cli.safe import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cli.main import Settings
    from projections.history import Line

SHOW_EXAMPLES = """\b
Examples:
  scr show SCR-2019-00042
  scr show SCR-2019-00042 --as-of 2020-01-15 --json
"""
LOG_EXAMPLES = """\b
Examples:
  scr log --from @1 --to @20
  scr log --event redetermined -f jsonl
"""
EXPORT_EXAMPLES = """\b
Examples:
  scr export -o facts.jsonl
  scr export | scr --ledger copy.db import -
"""

_COLUMNS = [
    Column("position", "Position", right=True),
    Column("subject", "Subject"),
    Column("event", "Event"),
    Column("effective_on", "Effective on"),
    Column("known_at", "Known at"),
    Column("claimed", "Claimed", show=lambda claimed: "claimed" if claimed else ""),
    Column("recorded_at", "Recorded at"),
    Column("by", "By"),
    Column("details", "Details", show=lambda text: _shortened(str(text))),
]
_ROOM = 100
"""How much of the details a table shows; every other format has them whole."""


def _shortened(text: str) -> str:
    return text if len(text) <= _ROOM else f"{text[: _ROOM - 1]}…"


@click.command("show", epilog=SHOW_EXAMPLES)
@click.argument("scr")
@basis_options
@form_options
@click.pass_obj
def show_command(settings: Settings, /, **given: Any) -> None:
    """Show one SCR: every fact with both clocks, and how it stands."""
    from projections import history

    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        lines = history.of_scr(open_.log, given["scr"], open_.basis)
        state = history.state_of(open_.log, given["scr"], open_.basis)
        columns = [column for column in _COLUMNS if column.name != "subject"]
        found = Answer(
            "scr-show/1",
            open_.graded(),
            columns,
            lines if how.format in ("json", "jsonl") else list(_in_columns(lines)),
            title=given["scr"],
            extra={"scr": given["scr"], "state": state},
            notes=_standing(state),
        )
        answer(found, how)


def _standing(state: Line) -> list[str]:
    """Say in words how an SCR stands."""
    words = [
        "approved" if state["approved"] else "not approved",
        "stands" if state["stands"] else "voided",
    ]
    if state["duplicate_of"]:
        words.append(f"a duplicate of {state['duplicate_of']}")
    category = state["category"] or "no category"
    if state["subcategory"]:
        category = f"{category} / {state['subcategory']}"
    lines = [f"At this basis: {', '.join(words)}; {category}; {state['office']}."]
    outcomes = state["outcomes"]
    assert isinstance(outcomes, list)
    for outcome in outcomes:
        live = "live" if outcome["live"] else "not live"
        lines.append(
            f"{outcome['outcome']}: {outcome['kind']} on {outcome['on']}, {live},"
            f" meets TCO: {outcome['meets_tco']}."
        )
    return lines


@click.command("log", epilog=LOG_EXAMPLES)
@click.option(
    "--from",
    "since",
    metavar="WHEN",
    help="First to list: a date or instant of recording, or @POSITION.",
)
@click.option("--to", "until", metavar="WHEN", help="Last to list, included.")
@click.option("--event", metavar="EVENT", help="Only facts of this event.")
@click.option("--scr", "only", metavar="SCR", help="Only facts on this SCR.")
@form_options
@click.pass_obj
def log_command(settings: Settings, /, **given: Any) -> None:
    """List the log: case facts and the ledger's own, in the order of recording."""
    from projections import history

    how = form(given)
    if given["event"] is not None:
        _check_event(given["event"])
    with asking(settings, Basing(None, None)) as open_:
        asked = history.span(open_.log, given["since"], given["until"])
        lines = history.facts(open_.log, asked, scr=given["only"], event=given["event"])
        exact = how.format in ("json", "jsonl")
        found = Answer(
            "scr-log/1",
            open_.graded(),
            _COLUMNS,
            lines if exact else _in_columns(lines),
        )
        answer(found, how)


def _check_event(event: str) -> None:
    from ledger.domain.events import TOPICS
    from ledger.errors import UsageError

    known = [topic.partition(".")[2].partition("/")[0] for topic in TOPICS]
    if event not in known:
        message = f"no event is named {event}; there are {', '.join(known)}"
        raise UsageError(message)


def _in_columns(lines: Iterable[Line]) -> Iterator[Line]:
    """Shape facts for columns: what has none of its own goes into the last."""
    from projections.history import details, subject_of

    for line in lines:
        yield {**line, "subject": subject_of(line), "details": details(line)}


@click.command("export", epilog=EXPORT_EXAMPLES)
@click.option("-o", "--output", "path", metavar="FILE", help="Write to a file instead.")
@click.pass_obj
def export_command(settings: Settings, path: str | None) -> None:
    """Write the case facts as JSON Lines, in the order of the log.

    A new ledger that imports them gives every date and instant the same rows.
    """
    from ledger.reader import open_log
    from projections.history import exported

    with open_log(settings.ledger) as log, output(path) as out:
        for line in exported(log):
            text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            out.write(f"{json_text(text)}\n")
