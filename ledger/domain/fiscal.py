"""Days, instants and fiscal years: reading them, writing them, telling them apart.

An instant is always an aware datetime in UTC; to the microsecond, and as an integer
where it is stored, because floats cannot hold one exactly.
A day becomes an instant only in a named time zone.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ledger.errors import UnknownZoneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_OCTOBER = 10
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_LAST_FISCAL_YEAR = 3000  # It has 31 December 2999, the last day a fact can have.

# Compiled on first use, by `re` itself: most commands read neither.
_FISCAL_YEARS = r"(?:FY)?(\d{4})(?:\.\.(?:FY)?(\d{4}))?"
_INSTANT = (
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
    r"(?:\.\d{1,6})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
)


def fiscal_year(day: date) -> int:
    """Return the fiscal year a day is in: from 1 October to 30 September, 31 USC 1102.

    One rule for every day: the years before FY 1977, which began in July, are not told
    apart.
    """
    return day.year + (day.month >= _OCTOBER)


def fiscal_year_of(text: str) -> int:
    """Return the fiscal year, 31 USC 1102, of a valid day written ``YYYY-MM-DD``."""
    # Called per fact. Months 10 to 12 are those whose first digit is 1.
    return int(text[:4]) + (text[5] == "1")


def first_day(year: int) -> date:
    """Return the first day of a fiscal year: 1 October before, 31 USC 1102."""
    return date(year - 1, 10, 1)


def last_day(year: int) -> date:
    """Return the last day of a fiscal year: its 30 September, 31 USC 1102."""
    return date(year, 9, 30)


def end_of_day(day: date, zone: str) -> datetime:
    """Return the instant, in UTC, at which the next day begins in an IANA time zone.

    If clocks skip that midnight, the next day begins where they land; if they repeat
    it, at the first of the two. ValueError if there is no such zone.
    """
    local = zone_named(zone)
    following = day + timedelta(days=1)
    midnight = datetime.combine(following, time.min, local)
    # `fold` picks the offset before (0) or after (1) the clocks change. Both agree
    # except near a change; fold 0 is the later instant only if midnight is skipped.
    before = midnight.astimezone(UTC)
    after = midnight.replace(fold=1).astimezone(UTC)
    if before <= after:
        return before

    def begun(seconds: int) -> bool:
        return (after + seconds * _SECOND).astimezone(local).date() >= following

    skipped = range((before - after) // _SECOND)
    return after + bisect_left(skipped, True, key=begun) * _SECOND  # noqa: FBT003


def days_in(zone: str) -> Callable[[datetime], date]:
    """Return what tells on which day of an IANA time zone an aware instant falls.

    The day is that of the clocks there, as an import takes it for its rules.
    ValueError if there is no such zone.
    """
    local = zone_named(zone)
    return lambda instant: instant.astimezone(local).date()


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone.

    :raises UnknownZoneError: there is none of that name; it is a ValueError too.
    """
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownZoneError(name) from None


def parse_fiscal_years(text: str) -> range:
    """Return the fiscal years ``2019`` or ``2017..2019``, each with or without ``FY``.

    Both ends are included. ValueError, with a sentence, for anything else.
    """
    match = re.fullmatch(_FISCAL_YEARS, text, re.ASCII)
    if match is None:
        message = f"{text!r} is not a fiscal year: write 2019, FY2019 or 2017..2019"
        raise ValueError(message)
    years = [int(year) for year in match.groups() if year]
    first, last = years[0], years[-1]
    if not all(_FIRST_YEAR <= year <= _LAST_FISCAL_YEAR for year in years):
        bounds = f"{_FIRST_YEAR} to {_LAST_FISCAL_YEAR}"
        message = f"{text!r} is outside the fiscal years {bounds}"
        raise ValueError(message)
    if first > last:
        message = f"{text!r} ends before it begins: write {last}..{first}"
        raise ValueError(message)
    return range(first, last + 1)


def parse_instant(text: str) -> datetime:
    """Return the instant, in UTC, that RFC 3339 section 5.6 text names.

    Seconds and an offset are required, at most six decimals allowed; leap seconds and
    24:00 are not. ValueError, with a sentence, for anything else. The year must be
    1900 to 2999 as written and in UTC, so that what is written back can be read.
    """
    if re.fullmatch(_INSTANT, text, re.ASCII) is None:
        message = f"{text!r} is not an instant: {_fault(text)}"
        raise ValueError(message)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        message = f"{text!r} is not an instant: there is no such day"
        raise ValueError(message) from error
    if _is_kept(moment.year):  # Before the change to UTC, which can overflow.
        instant = moment.astimezone(UTC)
        if _is_kept(instant.year):
            return instant
    message = f"{text!r} is outside the years {_FIRST_YEAR} to {_LAST_YEAR}"
    raise ValueError(message)


def format_instant(instant: datetime) -> str:
    """Return an aware datetime in UTC with ``Z``, RFC 3339 section 5.6.

    Six decimals if it has microseconds, else none. ValueError if it is naive.
    """
    # Called per fact: of the standard library's ways this is the quickest.
    if instant.tzinfo is not UTC:
        instant = _in_utc(instant)
    return f"{instant.date().isoformat()}T{instant.time().isoformat()}Z"


def format_instant_fixed(instant: datetime) -> str:
    """Return an aware datetime in UTC with ``Z`` and always six decimals.

    Texts of this form sort as the instants do; ``recorded_at`` is kept so.
    """
    moment = instant.astimezone(UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='microseconds')}Z"


def to_micros(instant: datetime) -> int:
    """Return whole microseconds since 1970, exactly. TypeError if naive."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """Return the instant, in UTC, so many microseconds after 1970; before, if < 0."""
    return _EPOCH + timedelta(microseconds=micros)


def _is_kept(year: int) -> bool:
    """Say whether the ledger keeps dates and instants of this year."""
    return _FIRST_YEAR <= year <= _LAST_YEAR


def _in_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; a naive one is nobody's instant."""
    if moment.tzinfo is None:
        message = f"{moment.isoformat()} has no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC)


def _fault(text: str) -> str:
    """Say what keeps text from being an instant, the likeliest slip first."""
    for shape, fault in (
        (r"\d{4}-\d\d-\d\d", "a day; add a time and an offset"),
        (r".*T24:\d\d.*", "24:00 is 00:00 of the next day"),
        (r".*T\d\d:\d\d:60.*", "leap seconds are not kept"),
        (r".*T\d\d:\d\d(Z|[+-]\d\d:\d\d)?", "seconds are missing"),
        (r".*T\d\d:\d\d:\d\d(\.\d+)?", "the offset is missing; add Z or one as -05:00"),
        (
            r".*T\d\d:\d\d:\d\d\.\d{7,}(Z|[+-]\d\d:\d\d)",
            "at most six decimals are kept",
        ),
    ):
        if re.fullmatch(shape, text, re.ASCII | re.IGNORECASE):
            return fault
    return "write 2019-03-06T15:00:00Z or 2019-03-06T10:00:00-05:00"
