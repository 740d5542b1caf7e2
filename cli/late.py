"""``scr late`` and ``scr activity``: what auditors look for in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, asking, basis_options, form, form_options
from cli.history import check_events
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cli.asking import Asking, Form
    from cli.main import Settings
    from projections.activity import Group
    from projections.history import Span
    from projections.lateness import Asked, Spread

    Row = Mapping[str, object]

LATE_EXAMPLES = """\b
Examples:
  scr late --as-of 2020-01-15
  scr late --event disrupted --event dismantled --fy 2019 --over 90 --list
  scr late --clock recorded -f csv
"""
ACTIVITY_EXAMPLES = """\b
Examples:
  scr activity
  scr activity --per account,event --from 2020-01-01 --to 2020-01-31
  scr activity --per month -f csv
"""

LONG_DAYS = 30

# --- scr late ------------------------------------------------------------------------


@click.command("late", epilog=LATE_EXAMPLES)
@click.option(
    "--clock",
    type=click.Choice(["known", "recorded"]),
    default="known",
    show_default=True,
    help="Which is held against effective_on: known_at, or recorded_at.",
)
@click.option(
    "--over",
    metavar="DAYS",
    type=click.IntRange(min=0),
    default=LONG_DAYS,
    show_default=True,
    help="How many days late is long.",
)
@click.option(
    "--list", "listing", is_flag=True, help="List the facts over that, latest first."
)
@click.option(
    "--fy", metavar="Y|Y..Z", help="Fiscal years of effective_on.  [default: all]"
)
@click.option(
    "--event", "events", metavar="EVENT", multiple=True, help="This event; may recur."
)
@click.option("--by", metavar="PERSON", help="Said by this person or role.")
@click.option("--office", metavar="OFFICE", help="Of SCRs in this office at the basis.")
@basis_options
@form_options
@click.pass_obj
def late_command(settings: Settings, /, **given: Any) -> None:
    """Say how long after it happened each event was known, or was recorded.

    Days late are days of the ledger's zone: the day of the clock less effective_on.
    Without --list: per event how many facts were known so late, and the median, the
    90th percentile and the largest.
    """
    how = form(given)
    check_events(given["events"], own=False)
    asked = _asked(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        show = _listed if given["listing"] else _spread
        answer(show(open_, asked, given["over"], how), how)


def _asked(given: dict[str, Any]) -> Asked:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError
    from projections.lateness import Asked

    fy = given["fy"]
    try:
        years = None if fy is None else parse_fiscal_years(fy)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return Asked(given["clock"], years, given["events"], given["by"], given["office"])


_BUCKETS = {
    "effective_after": "Ahead",
    "same_day": "Same day",
    "days_1_7": "1–7",  # noqa: RUF001 - a range, as printed
    "days_8_30": "8–30",  # noqa: RUF001
    "days_31_90": "31–90",  # noqa: RUF001
    "days_91_365": "91–365",  # noqa: RUF001
    "over_365": ">365",
}
"""What stands above the days of each bucket in a table."""


def _spread(open_: Asking, asked: Asked, over: int, how: Form) -> Answer:
    """Return the distribution: a row for each event, and one for all."""
    from projections import lateness

    found = lateness.spread(lateness.measured(open_.log, open_.basis, asked), over)
    rows = [_members(one) for one in found.events]
    total = _members(found.total)
    named = [*rows, {**total, "event": "total"}]
    head = [
        Column("event", "Event"),
        Column("facts", "Facts", right=True, grouped=True),
    ]
    quantiles = [
        Column("median", "Median", right=True, grouped=True),
        Column("p90", "90th", right=True, grouped=True),
        Column("largest", "Largest", right=True, grouped=True),
    ]
    over_them = Column("over", f"Over {over:,}", right=True, grouped=True)
    counts = [
        Column(name, title, right=True, grouped=True)
        for name, title in _BUCKETS.items()
    ]
    del total["event"]
    return Answer(
        "scr-late/1",
        open_.graded(),
        [*head, *counts, over_them, *quantiles],
        rows if how.format in ("json", "jsonl") else named,
        table_columns=[
            *head,
            *(one._replace(grouped=False) for one in counts),
            *quantiles,
        ],
        table_rows=[_with_shares(row) for row in named],
        title=f"Days from effective_on to {asked.clock}_at",
        extra={"clock": asked.clock, "over_days": over, "total": total},
        notes=list(_on_spread(found.total, over)),
    )


def _members(spread: Spread) -> dict[str, object]:
    return {
        "event": spread.event,
        "facts": spread.facts,
        **spread.buckets,
        "over": spread.over,
        "median": spread.median,
        "p90": spread.p90,
        "largest": spread.largest,
    }


def _with_shares(row: Row) -> dict[str, object]:
    """Return a row with its buckets as shares of its facts."""
    facts = row["facts"]
    return {**row, **{name: _share(row[name], facts) for name in _BUCKETS}}


def _share(part: object, whole: object) -> str:
    """Write a part in a hundred; one that is not nothing is never written as nothing.

    Nor is one that is not all written as all.
    """
    assert isinstance(part, int)
    assert isinstance(whole, int)
    if part == 0:
        return "0%"
    if part == whole:
        return "100%"
    percent = round(100 * part / whole)
    if percent == 0:
        return "<1%"
    return ">99%" if percent == 100 else f"{percent}%"  # noqa: PLR2004


def _on_spread(total: Spread, over: int) -> Iterator[str]:
    facts = "1 fact" if total.facts == 1 else f"{total.facts:,} facts"
    days = "1 day" if over == 1 else f"{over:,} days"
    yield f"{total.over:,} of {facts} over {days} late; --list lists them."
    yield "Ahead: effective after the clock's day. Median and 90th: nearest rank."


def _listed(open_: Asking, asked: Asked, over: int, how: Form) -> Answer:
    """Return the facts over so many days late."""
    from projections import lateness
    from projections.history import subject_of

    timed = lateness.measured(open_.log, open_.basis, asked)
    found = lateness.listed(timed, over)
    offices = lateness.offices_of(open_.log, open_.basis)
    rows = lateness.as_rows(found, offices)
    exact = how.format in ("json", "jsonl")
    return Answer(
        "scr-late-list/1",
        open_.graded(),
        [
            Column("days_late", "Days late", right=True, grouped=True),
            Column("position", "Position", right=True),
            Column("subject", "Subject"),
            Column("event", "Event"),
            Column("effective_on", "Effective on"),
            Column("known_at", "Known at"),
            Column(
                "claimed", "Claimed", show=lambda claimed: "claimed" if claimed else ""
            ),
            Column("recorded_at", "Recorded at"),
            Column("by", "By"),
            Column("office", "Office"),
        ],
        rows if exact else ({**row, "subject": subject_of(row)} for row in rows),
        title=f"Over {over:,} days from effective_on to {asked.clock}_at",
        extra={"clock": asked.clock, "over_days": over},
    )


# --- scr activity --------------------------------------------------------------------


@click.command("activity", epilog=ACTIVITY_EXAMPLES)
@click.option(
    "--per",
    metavar="COLUMN[,COLUMN]",
    multiple=True,
    help="person, account, source, day, month or event; may recur.  [default: person]",
)
@click.option(
    "--from",
    "since",
    metavar="WHEN",
    help="First to look at: a date or instant of recording, or @POSITION.",
)
@click.option("--to", "until", metavar="WHEN", help="Last to look at, included.")
@form_options
@click.pass_obj
def activity_command(settings: Settings, /, **given: Any) -> None:
    """Say who recorded what: facts in groups, the ledger's own among them.

    A person is whom a fact names in `by`, which a file only claims; an account is who
    ran the command or the import, as this ledger saw it. Days and months are those of
    recording, in the ledger's zone.
    """
    from projections import activity, history
    from projections import basis as bases

    how = form(given)
    per = activity.parse_columns(given["per"] or ("person",))
    with asking(settings, Basing(None, None)) as open_:
        asked = history.span(open_.log, given["since"], given["until"])
        groups = activity.activity(open_.log, asked, per)
        basis = bases.parse_as_of(f"@{asked.last}", open_.log)
        facts = max(0, asked.last - asked.first + 1)
        found = Answer(
            "scr-activity/1",
            bases.graded(basis, open_.model, open_.log),
            [*(Column(name, name.capitalize()) for name in per), *_MEASURED],
            [_row(per, group) for group in groups],
            title=_title(asked, facts),
            extra={"from": asked.first, "to": asked.last, "facts": facts},
        )
        answer(found, how)


_MEASURED = [
    Column("facts", "Facts", right=True, grouped=True),
    Column("scrs", "SCRs", right=True, grouped=True),
    Column("corrections", "Corrections", right=True, grouped=True),
    Column("forced", "Forced", right=True, grouped=True),
    Column("claimed", "Claimed", right=True, grouped=True),
    Column("first_recorded_at", "First recorded at"),
    Column("last_recorded_at", "Last recorded at"),
]


def _row(per: Sequence[str], group: Group) -> Row:
    members = group._asdict()
    return {**dict(zip(per, members.pop("key"), strict=True)), **members}


def _title(asked: Span, facts: int) -> str:
    if not facts:
        return "No facts"
    counted = "1 fact" if facts == 1 else f"{facts:,} facts"
    return f"{counted}, @{asked.first} to @{asked.last}"
