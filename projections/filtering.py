"""Which facts of the log are asked for: each filter narrows, and all of them hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.corrections import CORRECTIONS
from ledger.domain.fiscal import end_of_day
from ledger.errors import UsageError
from projections import basis as bases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    Line = Mapping[str, object]
    Test = Callable[[Line], bool]

_NAME_ORGANIZATIONS = frozenset({"determined", "redetermined", "merged", "unmerged"})
_OF_MEASURES = frozenset({"defined", "retired"})
_IMPORT = frozenset({"imported"})


class Days(NamedTuple):
    """The first and the last day asked for, both included; None: no bound."""

    first: date | None
    last: date | None


class Wanted(NamedTuple):
    """What of the log is asked for; what is left out narrows nothing."""

    events: tuple[str, ...] = ()
    scr: str | None = None
    organization: str | None = None
    measure: str | None = None
    by: str | None = None
    source: str | None = None
    corrections: bool = False
    claimed: bool = False
    witnessed: bool = False
    effective: Days | None = None
    known: Days | None = None
    last: int | None = None
    """How many of those that pass, from the end."""


def parse_days(text: str) -> Days:
    """Read ``A..B``, ``A..``, ``..B`` or one day; both ends are included.

    :raises UsageError: a day is none, there is none at all, or B is before A.
    """
    before, dots, after = text.partition("..")
    ends = (before, after) if dots else (before, before)
    first, last = (_day(end) if end else None for end in ends)
    if first is None and last is None:
        message = f"{text or repr('')} names no day; give A..B, A.. or ..B"
        raise UsageError(message)
    if first is not None and last is not None and first > last:
        message = f"{text} ends before it begins; give {last}..{first}"
        raise UsageError(message)
    return Days(first, last)


def _day(text: str) -> date:
    day = bases.day_of(text)
    if day is None:
        message = f"{text} is not a date such as 2020-01-15; give A..B, A.. or ..B"
        raise UsageError(message)
    return day


def check(wanted: Wanted) -> None:
    """Refuse filters that no fact can pass together, whatever the log holds.

    :raises UsageError: says which two contradict.
    """
    if len(_given(wanted)) <= 1:
        return  # The list of events, which one filter does not need, loads pydantic.
    passing = _events_passing(wanted)
    for (one, these), (other, those) in combinations(passing.items(), 2):
        if these.isdisjoint(those):
            message = f"{one} and {other} contradict: no fact passes both"
            raise UsageError(message)
    if wanted.claimed and wanted.witnessed:
        message = "--claimed and --witnessed contradict; give one"
        raise UsageError(message)
    if passing and not frozenset.intersection(*passing.values()):
        message = f"{', '.join(passing)} contradict: no fact passes them all"
        raise UsageError(message)


def _events_passing(wanted: Wanted) -> dict[str, frozenset[str]]:
    """Return, for each filter given, the events it can let through."""
    from ledger.domain.events import CASE_CLASSES, ScrFact

    events = {
        cls: cls.topic.partition(".")[2].partition("/")[0] for cls in CASE_CLASSES
    }
    cases = frozenset(events.values())
    on_scrs = frozenset(
        name for cls, name in events.items() if issubclass(cls, ScrFact)
    )
    given = _given(wanted)
    passing = {
        "event": frozenset(wanted.events),
        "scr": on_scrs,
        "organization": _NAME_ORGANIZATIONS,
        "measure": _OF_MEASURES,
        "by": cases | _OF_MEASURES,
        "source": cases | _IMPORT,
        "corrections": frozenset(CORRECTIONS),
        **dict.fromkeys(("claimed", "witnessed", "effective", "known"), cases),
    }
    return {f"--{name}": these for name, these in passing.items() if name in given}


def _given(wanted: Wanted) -> list[str]:
    """Return the options of the filters that are asked for.

    An empty text is a filter too, which nothing passes.
    """
    given = {"event": wanted.events, **wanted._asdict()}
    return [
        name
        for name, value in given.items()
        if name not in ("events", "last") and value not in (None, False, ())
    ]


def test(wanted: Wanted, zone: str) -> Test:
    """Return what says whether a line of the log passes every filter.

    :param zone: the ledger's, in which the days of ``known`` begin and end.
    """
    tests = list(_tests(wanted, zone))
    return lambda line: all(passes(line) for passes in tests)


def _tests(wanted: Wanted, zone: str) -> Iterable[Test]:
    if wanted.events:
        yield lambda line: line["event"] in wanted.events
    for name in ("scr", "measure", "by", "source"):
        if (value := getattr(wanted, name)) is not None:
            yield _equals(name, value)
    if wanted.organization is not None:
        yield (
            lambda line: (
                wanted.organization
                in (
                    line.get("organization"),
                    line.get("into"),
                )
            )
        )
    if wanted.corrections:
        yield lambda line: line["event"] in CORRECTIONS
    if wanted.claimed:
        yield lambda line: line.get("claimed") is True
    if wanted.witnessed:
        yield lambda line: line.get("claimed") is False
    if wanted.effective is not None:
        yield _effective(wanted.effective)
    if wanted.known is not None:
        yield _known(wanted.known, zone)


def _equals(name: str, value: str) -> Test:
    return lambda line: line.get(name) == value


def _effective(days: Days) -> Test:
    first = "" if days.first is None else days.first.isoformat()
    last = "~" if days.last is None else days.last.isoformat()  # After every digit.
    return lambda line: (
        "effective_on" in line and first <= str(line["effective_on"]) <= last
    )


def _known(days: Days, zone: str) -> Test:
    """Test ``known_at`` as ``--as-of`` does: a day ends where the next begins."""
    first = days.first
    since = None if first is None else end_of_day(first - timedelta(days=1), zone)
    until = None if days.last is None else end_of_day(days.last, zone)

    def passes(line: Line) -> bool:
        if "known_at" not in line:
            return False
        known = datetime.fromisoformat(str(line["known_at"]))
        return (since is None or since <= known) and (until is None or known < until)

    return passes
