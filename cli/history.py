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
    from ledger.reader import Log
    from projections.filtering import Wanted
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
  scr log --corrections --by corrections --known 2023-01-01.. --last 20
"""
EXPORT_EXAMPLES = """\b
Examples:
  scr export -o facts.jsonl
  scr export | scr --ledger copy.db import -
"""

_POSITION = Column("position", "Position", right=True)
_EVENT = Column("event", "Event")
_CLOCKS = [
    Column("effective_on", "Effective on"),
    Column("known_at", "Known at"),
    Column("claimed", "Claimed", show=lambda claimed: "claimed" if claimed else ""),
]
_LATE = Column("days_late", "Days late", right=True)
_RECORDED = [Column("recorded_at", "Recorded at"), Column("by", "By")]
_DETAILS = Column("details", "Details", show=lambda text: _shortened(str(text)))

_COLUMNS = [
    _POSITION,
    Column("subject", "Subject"),
    _EVENT,
    *_CLOCKS,
    *_RECORDED,
    _DETAILS,
]
_TIMELINE = [
    _POSITION,
    _EVENT,
    *_CLOCKS,
    _LATE,
    *_RECORDED,
    Column("corrects", "Corrects"),
    Column("corrected_by", "Corrected by"),
    _DETAILS,
]
_NARROW = [
    Column("position", "@", right=True),
    Column("effective_on", "Effective"),
    Column("known_on", "Known"),
    _LATE._replace(title="Late"),
    Column("recorded_on", "Recorded"),
    Column("what", "What", show=lambda text: _shortened(str(text))),
]
"""The timeline where a terminal has no room for it: days of the ledger's zone in place
of instants, and all the rest in words."""
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
        lines = history.timeline(open_.log, given["scr"], open_.basis)
        state = history.state_of(open_.log, given["scr"], open_.basis)
        found = Answer(
            "scr-show/1",
            open_.graded(),
            _TIMELINE,
            lines
            if how.format in ("json", "jsonl")
            else list(_as_timeline(lines, open_.log)),
            narrow_columns=_NARROW,
            title=given["scr"],
            extra={"scr": given["scr"], "state": state},
            notes=_standing(state),
        )
        answer(found, how)


def _as_timeline(lines: Iterable[Line], log: Log) -> Iterator[Line]:
    """Shape the facts of an SCR for columns, those of a narrow table as well."""
    from datetime import datetime

    from ledger.domain.fiscal import days_in

    day_of = days_in(log.identity.timezone)
    for line in _in_columns(lines):
        known, recorded = (
            day_of(datetime.fromisoformat(str(line[clock]))).isoformat()
            for clock in ("known_at", "recorded_at")
        )
        pairs = {name: _places(line[name]) for name in ("corrects", "corrected_by")}
        yield {
            **line,
            **pairs,
            "known_on": known,
            "recorded_on": recorded,
            "what": "; ".join(_in_words(line, pairs)),
        }


def _places(positions: object) -> str:
    assert isinstance(positions, list)
    return ", ".join(map(str, positions))


def _in_words(line: Line, pairs: dict[str, str]) -> Iterator[str]:
    """Yield what a narrow table has no columns for, the most wanted first."""
    yield f"{line['event']} by {line['by']}"
    if pairs["corrects"]:
        yield f"corrects {pairs['corrects']}"
    if pairs["corrected_by"]:
        yield f"corrected by {pairs['corrected_by']}"
    if line["claimed"]:
        yield "claimed"
    if line["details"]:
        yield str(line["details"])


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
@click.option(
    "--event", "events", metavar="EVENT", multiple=True, help="This event; may recur."
)
@click.option("--scr", metavar="SCR", help="On this SCR.")
@click.option(
    "--organization", metavar="ID", help="On this organization, or naming it."
)
@click.option("--measure", metavar="MEASURE", help="On this measure's definitions.")
@click.option("--by", metavar="PERSON", help="Said by this person or role.")
@click.option("--source", metavar="TEXT", help="Found in this source.")
@click.option("--corrections", is_flag=True, help="Only corrections.")
@click.option("--claimed", is_flag=True, help="A file gave known_at.")
@click.option("--witnessed", is_flag=True, help="The ledger set known_at.")
@click.option("--effective", metavar="A..B", help="Effective on these days, included.")
@click.option(
    "--known",
    metavar="A..B",
    help="Known on these days of the ledger's zone, included.",
)
@click.option("--last", metavar="N", type=click.IntRange(min=1), help="The last N.")
@form_options
@click.pass_obj
def log_command(settings: Settings, /, **given: Any) -> None:
    """List the log: case facts and the ledger's own, in the order of recording.

    Filters narrow it, and all of them hold; --last then takes the last of what is left.
    A..B may leave out either end, and one day may stand for both.
    """
    from projections import history

    how = form(given)
    wanted = _wanted(given)
    with asking(settings, Basing(None, None)) as open_:
        asked = history.span(open_.log, given["since"], given["until"])
        lines = history.facts(open_.log, asked, wanted)
        exact = how.format in ("json", "jsonl")
        found = Answer(
            "scr-log/1",
            open_.graded(),
            _COLUMNS,
            lines if exact else _in_columns(lines),
        )
        answer(found, how)


def _wanted(given: dict[str, Any]) -> Wanted:
    """Return the filters asked for, once it is clear that something can pass them."""
    from projections import filtering

    check_events(given["events"])
    days = {
        name: None if given[name] is None else filtering.parse_days(given[name])
        for name in ("effective", "known")
    }
    fields = {name: given[name] for name in filtering.Wanted._fields}
    wanted = filtering.Wanted(**{**fields, **days})
    filtering.check(wanted)
    return wanted


def check_events(events: Iterable[str], *, own: bool = True) -> None:
    """Refuse names that no event has; without ``own``, those of the ledger's own facts.

    :raises UsageError: names the events that there are.
    """
    if not events:
        return
    from ledger.domain.events import TOPICS
    from ledger.errors import UsageError

    names = [topic.partition(".")[2].partition("/")[0] for topic in TOPICS]
    known = [
        name
        for name, topic in zip(names, TOPICS, strict=True)
        if own or not topic.startswith("ledger.")
    ]
    for event in events:
        if event not in known:
            there = f"there are {', '.join(known)}"
            message = f"no event is named {event or repr('')}; {there}"
            if event in names:
                message = f"{event} is the ledger's own, of no day; {there}"
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
