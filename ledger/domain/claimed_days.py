"""From which day on a fact about a request or a recommendation is known.

History has days, not instants: a request was submitted on a day, long before this
ledger. A fact that names such a day is known from it on, as claimed; one that names
none from the moment of its recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import DayToComeError, DayTooEarlyError

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

FIELDS = {
    "requested": "submitted_on",
    "cited": "cited_on",
    "declined": "declined_on",
    "recommended": "issued_on",
    "responded": "responded_on",
    "scheduled": "scheduled_on",
    "completed": "completed_on",
}
"""By event, the field in which a fact may claim its day."""


def refuse(
    event: str, claimed: date | None, recorded: datetime, zone: ZoneInfo
) -> None:
    """Refuse a day that had not come when its fact was recorded.

    :raises DayToComeError: nothing is known before its day.
    """
    today = recorded.astimezone(zone).date()
    if claimed is not None and claimed > today:
        raise DayToComeError(FIELDS[event], claimed.isoformat(), today.isoformat())


def refuse_earlier(field: str, day: date | None, earliest: date, what: str) -> None:
    """Refuse a day that is earlier than another one.

    Asked before a fact is appended, not of facts that stand: older ledgers have such.

    :param what: the other day, in words.
    :raises DayTooEarlyError: it is earlier.
    """
    if day is not None and day < earliest:
        raise DayTooEarlyError(field, day.isoformat(), earliest.isoformat(), what)
