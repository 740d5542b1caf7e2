"""``scr demo``: load the synthetic audit fixture, and recount what the audit found."""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from cli.asking import Basing, answer, asking, form, form_options, progress
from cli.main import Settings, check_ledger
from cli.render import Answer, Column

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from zoneinfo import ZoneInfo

    from ledger.app import CaseLedger
    from ledger.reader import Log
    from projections.audit import Supported, Tally
    from projections.readmodel import ReadModel
    from projections.scorecard import Scorecard
    from projections.suggesting import Overlooked

FIXTURE = "oig-23-52"
FRAME_YEARS = range(2017, 2023)
SCORED_ON = ("2023-06-30", "2024-01-15")
"""Before the audit's corrections, and after them."""
BY = "synthetic demonstration"

DEMO_EXAMPLES = """\b
Examples:
  scr demo
  scr demo --keep demo.db
"""


class _Story(NamedTuple):
    supported: list[Supported]
    tally: Tally
    unused: tuple[int, int]
    overlooked: list[Overlooked]
    scorecards: tuple[Scorecard, ...]


@click.command("demo", epilog=DEMO_EXAMPLES)
@click.option(
    "--keep",
    metavar="FILE",
    help="Make the ledger there and leave it, to ask it more.  [default: discard it]",
)
@click.option(
    "--uncorrected",
    is_flag=True,
    help="Leave the audit's own corrections out of the ledger that is kept.",
)
@form_options
@click.pass_obj
def demo_command(settings: Settings, /, **given: Any) -> None:
    """Load a synthetic ledger, and recount on it what audit OIG-23-52 found.

    The audit's totals (422, 253, 171, 123, 107, 3, 98 %) are published facts; every
    case, year and figure beside them is made up.
    """
    del settings
    how = form(given)
    if given["uncorrected"] and given["keep"] is None:
        message = "--uncorrected is for a ledger that is kept; give --keep FILE"
        raise click.UsageError(message)
    if given["keep"] is not None:
        check_ledger(given["keep"])
    with _place(given["keep"]) as path:
        _make(path, uncorrected=given["uncorrected"])
        with asking(Settings(path), Basing(None, None)) as open_:
            story = _recount(open_.model, open_.log)
            answer(_told(story, open_.graded(), given["keep"]), how)


@contextmanager
def _place(keep: str | None) -> Iterator[str]:
    if keep is not None:
        yield keep
        return
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="scr-demo-") as folder:
        yield str(Path(folder) / "demo.db")


def fixture(name: str) -> Traversable:
    """Return a file of the fixture: from the wheel, else from the checkout."""
    from importlib.resources import files

    packaged = files("ledger") / "_fixtures" / FIXTURE / name
    if packaged.is_file():
        return packaged
    from pathlib import Path

    return Path(__file__).resolve().parent.parent / "fixtures" / FIXTURE / name


def _make(path: str, *, uncorrected: bool) -> None:
    from zoneinfo import ZoneInfo

    from ledger import app
    from ledger.intake.facts import JsonLines

    identity = app.create(path, name="synthetic demonstration")
    ledger, _ = app.open_ledger(path)
    try:
        with (
            _lines(uncorrected=uncorrected) as lines,
            progress("loading the synthetic ledger, line") as tell,
        ):
            ledger.import_file(
                "events.jsonl",
                JsonLines(lines),
                zone=ZoneInfo(identity.timezone),
                on_progress=tell,
            )
        _register(ledger, path)
        _request(ledger, path, ZoneInfo(identity.timezone))
    finally:
        ledger.close()


@contextmanager
def _lines(*, uncorrected: bool) -> Iterator[IO[bytes]]:
    with fixture("events.jsonl").open("rb") as lines:
        if not uncorrected:
            yield lines
            return
        from io import BytesIO

        kept = (line for line in lines if b'"by":"corrections"' not in line)
        yield BytesIO(b"".join(kept))


def _register(ledger: CaseLedger, path: str) -> None:
    """Register what was printed, as it was printed."""
    from cli.publishing import printed_of
    from ledger.intake.printed import read_printings
    from projections.publishing import as_printed

    with fixture("printed.jsonl").open("rb") as lines:
        printings = read_printings("printed.jsonl", lines)
    with asking(Settings(path), Basing(None, None)) as open_:
        wanted = [printed_of(one) for one in printings]
        contents = as_printed(open_.log, open_.model, wanted)
        head = open_.log.head
    ledger.publish(contents, head=head, by=BY)


def _request(ledger: CaseLedger, path: str, zone: ZoneInfo) -> None:
    """Record the requests, and prove what they cite."""
    from cli.requesting import facts_of
    from ledger.intake.requests import read_requests

    with fixture("requests.jsonl").open("rb") as lines:
        read = read_requests("requests.jsonl", lines)
    with asking(Settings(path), Basing(None, None)) as open_:
        facts, head = facts_of(open_, "requests.jsonl", read), open_.log.head
    ledger.record_requests(facts, zone=zone, by=BY, head=head)


def _recount(model: ReadModel, log: Log) -> _Story:
    from projections import audit, requests
    from projections import basis as bases
    from projections.coverage import coverage
    from projections.scorecard import scorecard
    from projections.suggesting import overlooked

    def lines(name: str) -> list[str]:
        return fixture(name).read_text(encoding="utf-8").splitlines()

    printings = audit.read_printings(lines("printed.jsonl"))
    sample = audit.read_sample(lines("sample.jsonl"))
    every = requests.at(log, bases.of_now(log))
    (share,) = coverage(every)
    return _Story(
        audit.support(model, log, printings),
        audit.tally(model, log, printings, sample, FRAME_YEARS),
        (share.of - share.used, share.of),
        overlooked(log, model, every),
        tuple(scorecard(log, model, bases.parse_as_of(day, log)) for day in SCORED_ON),
    )


_COLUMNS = [
    Column("fiscal_year", "FY"),
    Column("printed", "Printed", right=True),
    Column("ledger", "Ledger", right=True),
    Column("supported", "Supported"),
    Column("then_yes", "TCO yes", right=True),
    Column("then_unknown", "unknown", right=True),
    Column("then_no", "no", right=True),
    Column("today_yes", "Today yes", right=True),
    Column("today_unknown", "unknown", right=True),
    Column("today_no", "no", right=True),
]


def _told(story: _Story, basis: dict[str, object], keep: str | None) -> Answer:
    return Answer(
        "scr-demo/1",
        basis,
        _COLUMNS,
        [_row(one) for one in story.supported],
        title="SYNTHETIC data in the shape of audit OIG-23-52: what was printed each"
        " 15 January",
        notes=_notes(story, keep),
        extra={"synthetic": True, "audit": _audit(story)},
        tail={
            "overlooked": [_left_out(one) for one in story.overlooked],
            "scorecards": [_scored(one) for one in story.scorecards],
        },
    )


def _row(one: Supported) -> dict[str, object]:
    return {
        "fiscal_year": one.printing.fiscal_year,
        "as_of": one.printing.as_of,
        "printed": _words(one.printing.numerator, one.printing.denominator),
        "ledger": _words(one.numerator, one.denominator),
        "supported": "yes" if one.holds else "NO",
        **{f"then_{word}": value for word, value in one.then.items()},
        **{f"today_{word}": value for word, value in one.today.items()},
    }


def _words(numerator: int, denominator: int | None) -> str:
    if denominator is None:
        return str(numerator)
    return f"{numerator}/{denominator} = {numerator / denominator:.1%}"


def _audit(story: _Story) -> dict[str, object]:
    unused, requests = story.unused
    return {
        **story.tally._asdict(),
        "requests": requests,
        "requests_without_scr_data": unused,
        "requests_with_activity_overlooked": len(story.overlooked),
    }


def _left_out(one: Overlooked) -> dict[str, object]:
    """Return a request with the figure it had to cite on the day it was submitted."""
    asked = one.request
    return {
        **{name: getattr(asked, name) for name in ("request", "program", "office")},
        "submitted_on": asked.submitted_on,
        "measure": "dd-all",
        "fiscal_year": one.fiscal_year,
        "value": one.value,
    }


def _scored(one: Scorecard) -> dict[str, object]:
    return {
        "day": one.day,
        "rates": [{**rate._asdict(), "percent": rate.percent} for rate in one.rates],
    }


def _notes(story: _Story, keep: str | None) -> list[str]:
    tally = story.tally
    unused, requests = story.unused
    children = tally.by_category.get("crimes-against-children", 0)
    worksite = tally.by_category.get("worksite-enforcement", 0)
    redrawn = "drawn again here: the same" if tally.drawn_again else "NOT DRAWN AGAIN"
    unsupported = [one for one in story.supported if not one.holds]
    where = keep or "demo.db"
    before = "" if keep else f"scr demo --keep {where}, then "
    return [
        "Printed: SCRs with a disruption or dismantlement (dd-all); to FY 2019 as a"
        " rate of SCRs entered.",
        "TCO yes, unknown, no: the same SCRs as known that day; Today: as known now,"
        " after corrections.",
        *(
            f"The ledger does not support FY {one.printing.fiscal_year}: printed"
            f" {one.printing.numerator}, counted {one.numerator} as of"
            f" {one.printing.as_of}."
            for one in unsupported
        ),
        "",
        f"{tally.sampled:>5} approved SCRs sampled, of {tally.frame:,} in the frame"
        f" ({redrawn})",
        f"{tally.not_a_tco:>5} of them did not involve a TCO",
        f"{tally.in_measure:>5} of those were in a published measure all the same",
        f"{tally.as_outcomes:>5} of those as disruptions or dismantlements,"
        f" {tally.in_denominator_only} in a denominator only",
        f"{children:>5} of the {tally.in_measure} were crimes against children,"
        f" {worksite} worksite enforcement",
        f"{unused / requests:>5.0%} of {requests} resource requests used no SCR data",
        *_overlooked(story),
        "",
        *_scorecards(story),
        "",
        f"Ask further: {before}scr --ledger {where} cases dd-tco --fy 2019",
    ]


def _overlooked(story: _Story) -> list[str]:
    """Say how many requests left out activity that was known, and the most of it."""
    found = story.overlooked
    if not found:
        return []
    most = found[0]
    return [
        f"{len(found):>5} of these had SCRs to cite; {most.request.request} of"
        f" {most.request.program}: {most.value} of FY {most.fiscal_year}, known on"
        f" {most.request.submitted_on}",
    ]


def _scorecards(story: _Story) -> list[str]:
    """Show the three rates before the audit's corrections and after them."""
    from cli.scorecard import shown
    from projections.scorecard import TITLES

    days = "".join(f"{f'on {one.day}':>24}" for one in story.scorecards)
    lines = [f"{'Do the fixes hold? Scorecard':<28}{days}"]
    for number, title in enumerate(TITLES.values()):
        told = [f"{shown(one.rates[number]):>24}" for one in story.scorecards]
        lines.append(f"{title:<28}{''.join(told)}")
    return lines
