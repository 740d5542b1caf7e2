"""What of the log is asked for: each filter by itself, and all of them together."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.corrections import CORRECTIONS
from ledger.errors import UsageError
from ledger.reader import open_log
from projections import filtering, history
from projections.filtering import Days, Wanted
from projections.history import Span
from tests import ledgers, oracle, strategies

days = st.builds(
    lambda first, more: Days(
        first, None if more is None else (first or date(2019, 1, 1)) + more
    ),
    st.sampled_from([None, *map(date.fromisoformat, strategies.DAYS)]),
    st.sampled_from([None, timedelta(0), timedelta(1), timedelta(200)]),
).filter(lambda span: span != Days(None, None))

filters = st.one_of(
    st.sampled_from(
        [
            ("events", ("filed",)),
            ("events", ("redated", "merged", "imported")),
            ("events", ("approved", "filed")),
            ("scr", strategies.SCRS[0]),
            *(("organization", name) for name in strategies.ORGANIZATIONS),
            ("by", "agent-1187"),
            ("by", "nobody"),
            ("source", "nowhere"),
            ("corrections", True),
            ("claimed", True),
            ("witnessed", True),
            ("last", 1),
            ("last", 3),
        ]
    ),
    st.tuples(st.sampled_from(["effective", "known"]), days),
)
wanted = st.lists(filters, max_size=3).map(lambda given: Wanted(**dict(given)))


def known_on(line: dict) -> date | None:
    """
    Return the day on which a fact was known, on a calendar in New York.
    """
    if "known_at" not in line:
        return None
    return datetime.fromisoformat(line["known_at"]).astimezone(oracle.ZONE).date()


def within(day: date | None, span: Days) -> bool:
    """
    Say whether a day is in a span of which both ends are included.
    """
    if day is None:
        return False
    return (span.first is None or span.first <= day) and (
        span.last is None or day <= span.last
    )


def passing(line: dict, asked: Wanted) -> bool:
    """
    Say of a line whether it passes, one filter after another.
    """
    happened = line.get("effective_on")
    day = date.fromisoformat(happened) if happened else None
    named = (line.get("organization"), line.get("into"))
    return not (
        (asked.events and line["event"] not in asked.events)
        or (asked.scr is not None and line.get("scr") != asked.scr)
        or (asked.organization is not None and asked.organization not in named)
        or (asked.by is not None and line.get("by") != asked.by)
        or (asked.source is not None and line.get("source") != asked.source)
        or (asked.corrections and line["event"] not in CORRECTIONS)
        or (asked.claimed and line.get("claimed") is not True)
        or (asked.witnessed and line.get("claimed") is not False)
        or (asked.effective is not None and not within(day, asked.effective))
        or (asked.known is not None and not within(known_on(line), asked.known))
    )


@holds_for(strategies.loads(), wanted)
def test_what_is_listed_is_what_passes_every_filter(loads, asked):
    """
    For every log and question: the facts that pass all filters, in log order; of them
    the last so many, where that is asked.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log:
            lines = [history.line_of(row) for row in log.rows(0, log.head)]
            if asked.scr not in {None, *(line.get("scr") for line in lines)}:
                asked = asked._replace(scr=None)
            found = list(history.facts(log, Span(1, log.head), asked))

    expected = [line for line in lines if passing(line, asked)]
    assert found == (expected if asked.last is None else expected[-asked.last :])


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        (Days(date(2019, 3, 10), date(2019, 3, 10)), [False, True, True, False]),
        (Days(date(2019, 3, 10), None), [False, True, True, True]),
        (Days(None, date(2019, 3, 10)), [True, True, True, False]),
        (Days(date(2019, 3, 9), date(2019, 3, 11)), [True, True, True, True]),
    ],
)
def test_both_ends_of_days_are_included(asked, passes):
    """
    Of `known_at` from the first microsecond of a day in New York, 10 March 2019 with
    its 23 hours, to the last; of `effective_on` the day itself.
    """
    known = filtering.test(Wanted(known=asked), ledgers.ZONE)
    instants = (
        "2019-03-10T04:59:59.999999Z",
        "2019-03-10T05:00:00Z",
        "2019-03-11T03:59:59.999999Z",
        "2019-03-11T04:00:00Z",
    )
    effective = filtering.test(Wanted(effective=asked), ledgers.ZONE)
    happened = ("2019-03-09", "2019-03-10", "2019-03-10", "2019-03-11")

    assert [known({"known_at": instant}) for instant in instants] == passes
    assert [effective({"effective_on": day}) for day in happened] == passes
    assert not known({"event": "opened"})
    assert not effective({"event": "opened"})


@holds_for(strategies.loads(), wanted)
def test_what_is_refused_nothing_passes(loads, asked):
    """
    Filters that contradict let no fact of any log through.
    """
    try:
        filtering.check(asked)
    except UsageError:
        log = strategies.log_of(loads)
        own = [{"event": event} for event in ("opened", "imported", "defined")]
        lines = [
            {**fact.line, "claimed": fact.claimed, "known_at": str(fact.known_at)}
            for fact in log
        ]
        assert not any(passing(line, asked) for line in (*lines, *own))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019-01-01..2019-12-31", date(2019, 1, 1), date(2019, 12, 31)),
        ("2019-01-01..2019-01-01", date(2019, 1, 1), date(2019, 1, 1)),
        ("2019-01-01..", date(2019, 1, 1), None),
        ("..2019-12-31", None, date(2019, 12, 31)),
        ("2019-01-01", date(2019, 1, 1), date(2019, 1, 1)),
    ],
)
def test_days_are_read(text, first, last):
    """
    Either end may be left out; one day is both.
    """
    assert filtering.parse_days(text) == Days(first, last)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' names no day; give A..B"),
        ("..", ".. names no day"),
        ("2019", "2019 is not a date such as 2020-01-15"),
        ("2019-02-30..", "2019-02-30 is not a day of the calendar"),
        ("2019-01-01..x", "x is not a date"),
        ("2019-01-01...2019-01-02", r"\.2019-01-02 is not a date"),
        (
            "2019-01-02..2019-01-01",
            "ends before it begins; give 2019-01-01..2019-01-02",
        ),
        ("2019-01-01T00:00:00Z", "is not a date"),
        ("@4", "@4 is not a date"),
    ],
)
def test_days_that_are_none_are_refused(text, said):
    """
    What cannot be read is refused with what to give.
    """
    with pytest.raises(UsageError, match=said):
        filtering.parse_days(text)


ANY = Days(date(2019, 1, 1), None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Wanted(claimed=True, witnessed=True), "--claimed and --witnessed contradict"),
        (Wanted(scr="S", measure="m"), "--scr and --measure contradict"),
        (Wanted(organization="O", measure="m"), "--organization and --measure"),
        (Wanted(measure="m", corrections=True), "--measure and --corrections"),
        (Wanted(measure="m", claimed=True), "--measure and --claimed"),
        (Wanted(measure="m", known=ANY), "--measure and --known"),
        (Wanted(measure="m", effective=ANY), "--measure and --effective"),
        (Wanted(measure="m", source="s"), "--measure and --source"),
        (Wanted(events=("filed",), corrections=True), "--event and --corrections"),
        (Wanted(events=("merged",), scr="S"), "--event and --scr"),
        (Wanted(events=("filed",), organization="O"), "--event and --organization"),
        (Wanted(events=("imported",), witnessed=True), "--event and --witnessed"),
        (Wanted(events=("imported", "opened"), by="b"), "--event and --by"),
        (Wanted(events=("defined",), scr=""), "--event and --scr"),
        (
            Wanted(scr="S", organization="O", events=("merged", "voided")),
            "--event, --scr, --organization contradict",
        ),
    ],
)
def test_contradictions_are_refused(asked, said):
    """
    Filters that no fact passes together, by the names that are typed.
    """
    with pytest.raises(UsageError, match=said):
        filtering.check(asked)


@pytest.mark.parametrize(
    "asked",
    [
        Wanted(),
        Wanted(events=("filed", "merged"), scr="S"),
        Wanted(scr="S", organization="O", corrections=True, claimed=True, known=ANY),
        Wanted(measure="m", by="b", events=("retired",), last=1),
        Wanted(events=("imported",), source="s"),
    ],
)
def test_what_may_pass_is_asked(asked):
    """
    Filters that some fact could pass are no contradiction.
    """
    filtering.check(asked)
