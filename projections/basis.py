"""What an answer rests on: a cut-off on what was known, and a position of the log."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from ledger.errors import (
    BeyondHeadError,
    FactDamagedError,
    NotFoundError,
    UsageError,
    WrongRootError,
)
from projections.grade import Grade, grade
from projections.readmodel import NO_CUTOFF

if TYPE_CHECKING:
    from datetime import date

    from ledger.reader import Log, Row
    from projections.readmodel import ReadModel

Bound = Literal["all", "before", "through"]

FIRST_YEAR, LAST_YEAR = 1900, 2999

# Compiled on first use, by `re` itself: most questions read none of them.
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_POSITION = r"@([0-9]+)"
_NAME = r"[A-Za-z][A-Za-z0-9._/-]*"
_LINE = r"(?:(all)|(before|through) (\S+)) @([0-9]{1,18}) ([0-9a-fA-F]{64})"
_ROOT = r"[0-9a-fA-F]{64}"
_AFTER_THE_LAST_DAY = r"3000-01-01T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"


class Basis(NamedTuple):
    """A cut-off on ``known_at`` (or none) and a position, checked against a log.

    ``instant`` and ``cutoff`` are microseconds since 1970; a fact is visible when its
    ``known_at`` is at or before ``cutoff`` and its position at most ``position``.
    """

    bound: Bound
    instant: int | None
    position: int
    root: str

    @property
    def cutoff(self) -> int:
        """The last microsecond whose knowledge is visible."""
        if self.instant is None:
            return NO_CUTOFF
        return self.instant - 1 if self.bound == "before" else self.instant


def is_recorded(row: Row, basis: Basis) -> bool:
    """Whether one of the ledger's own facts is known: it is when it is recorded."""
    from datetime import datetime

    from ledger.domain.fiscal import to_micros

    known = to_micros(datetime.fromisoformat(row.recorded_at))
    return row.position <= basis.position and known <= basis.cutoff


def of_now(log: Log) -> Basis:
    """Return the basis of a question asked without one: all, up to the head."""
    return _at(log, "all", None, log.head)


def parse_as_of(text: str, log: Log) -> Basis:
    """Read an ``--as-of``: a date, an instant, ``@N`` or a publication's name.

    :raises UsageError: it is none of these, or beyond the head.
    :raises NotFoundError: there is no such publication.
    """
    if (position := position_of(text, log)) is not None:
        return _at(log, "all", None, position)
    if (day := day_of(text)) is not None:
        return _at(log, "before", _end_of_day(day, log.identity.timezone), log.head)
    if re.fullmatch(_NAME, text):
        return _of_publication(log, text)
    return _at(log, "through", instant_of(text), log.head)


def as_of(basis: Basis, log: Log) -> str | None:
    """Return what ``parse_as_of`` takes for a basis; None: all that is recorded.

    No text names both a cut-off and a position: of such a basis it is the cut-off.
    """
    from ledger.domain.fiscal import from_micros

    if basis.instant is None:
        return None if basis.position == log.head else f"@{basis.position}"
    last = from_micros(basis.cutoff)
    day = last.astimezone(log.identity.zone).date()
    whole = _end_of_day(day, log.identity.timezone) == basis.instant
    if basis.bound == "before" and whole:
        return day.isoformat()
    return _text(basis.cutoff)


def _of_publication(log: Log, name: str) -> Basis:
    """Return the basis of a publication, as its fact has it.

    :raises NotFoundError: there is none of that name.
    :raises WrongRootError: the log has another root there.
    :raises FactDamagedError: what is kept is no publication.
    """
    rows = log.stream(f"publication/{name}", log.head)
    if not rows:
        msg = f"no publication is named {name}; give a date, an instant or @POSITION"
        raise NotFoundError(msg)
    try:
        said = json.loads(rows[0].payload)["content"]["basis"]
        return parse_basis(json.dumps({"instant": None, **said}), log)
    except (ValueError, KeyError, TypeError, RecursionError, UsageError):
        why = "its bytes are no publication"
        raise FactDamagedError(rows[0].position, why) from None


def position_of(text: str, log: Log) -> int | None:
    """Return the position that ``@N`` names, or None where the text is not one.

    :raises BeyondHeadError: the log is not that long.
    """
    match = re.fullmatch(_POSITION, text)
    if match is None:
        return None
    digits = match[1].lstrip("0")[:19]  # No log has a position of more.
    position = int(digits or "0")
    if position > log.head:
        raise BeyondHeadError(position, log.head)
    return position


def day_of(text: str) -> date | None:
    """Return the day ``YYYY-MM-DD`` names, or None where the text has another shape.

    :raises UsageError: the calendar has no such day, or not within 1900 to 2999.
    """
    from datetime import date

    if re.fullmatch(_DAY, text) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        msg = f"{text} is not a day of the calendar, years 1900 to 2999"
        raise UsageError(msg)
    return day


def instant_of(text: str) -> int:
    """Return the instant a text names, in microseconds since 1970.

    :raises UsageError: it names none.
    """
    from ledger.domain.fiscal import parse_instant, to_micros

    try:
        return to_micros(parse_instant(text))
    except ValueError as error:
        msg = str(error)
        if re.match(_DAY + "T", text, re.IGNORECASE) is None:
            msg = (
                f"{text or repr('')} is neither a date such as 2020-01-15, an instant"
                " such as 2020-01-15T09:00:00-05:00, nor @POSITION"
            )
        raise UsageError(msg) from None


def parse_basis(text: str, log: Log) -> Basis:
    """Read a basis an answer printed, as its line or as its JSON object.

    :raises UsageError: it is neither, or its position is beyond the head.
    :raises WrongRootError: the log has another root at that position.
    """
    bound, instant, position, root = _pasted(text.strip())
    if position > log.head:
        raise BeyondHeadError(position, log.head)
    micros = None if instant is None else printed_instant(instant)
    return checked(log, bound, micros, position, root.lower())


def checked(
    log: Log, bound: Bound, instant: int | None, position: int, root: str
) -> Basis:
    """Return a basis that was taken before, if it was taken from this log.

    :raises BeyondHeadError: the log is not that long.
    :raises WrongRootError: the log has another root at that position.
    """
    basis = _at(log, bound, instant, position)
    if basis.root != root:
        raise WrongRootError(position, root, basis.root)
    return basis


def as_json(basis: Basis, found: Grade) -> dict[str, object]:
    """Return the JSON object of a basis, as every answer carries it."""
    return {
        "bound": basis.bound,
        "instant": None if basis.instant is None else _text(basis.instant),
        "position": basis.position,
        "root": basis.root,
        "grade": found.word,
        "visible": found.visible,
        "claimed": found.claimed,
    }


def graded(basis: Basis, model: ReadModel, log: Log) -> dict[str, object]:
    """Return the JSON object of a basis with its grade."""
    return as_json(basis, grade(model, log, basis.cutoff, basis.position))


def _at(log: Log, bound: Bound, instant: int | None, position: int) -> Basis:
    return Basis(bound, instant, position, log.root(position).hex())


def _end_of_day(day: date, zone: str) -> int:
    from ledger.domain.fiscal import end_of_day, to_micros

    return to_micros(end_of_day(day, zone))


def printed_instant(text: str) -> int:
    """Read the instant of a basis: 31 December 2999 ends after the last year.

    :raises UsageError: it is none.
    """
    from datetime import datetime

    from ledger.domain.fiscal import to_micros

    if re.fullmatch(_AFTER_THE_LAST_DAY, text) is None:
        return instant_of(text)
    try:
        return to_micros(datetime.fromisoformat(text))
    except ValueError:
        return instant_of(text)


def _text(micros: int) -> str:
    from ledger.domain.fiscal import format_instant, from_micros

    return format_instant(from_micros(micros))


def _pasted(text: str) -> tuple[Bound, str | None, int, str]:
    if text.startswith("{"):
        return _pasted_object(text)
    match = re.fullmatch(_LINE, text)
    if match is None:
        msg = (
            "a basis is `all @POSITION ROOT`, or `before` or `through` with an instant"
            " first, as an answer prints it"
        )
        raise UsageError(msg)
    everything, bound, instant, position, root = match.groups()
    return cast("Bound", everything or bound), instant, int(position), root


def _pasted_object(text: str) -> tuple[Bound, str | None, int, str]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    match fields:
        case {
            "bound": ("all" | "before" | "through") as bound,
            "instant": None | str() as instant,
            "position": int(position),
            "root": str(root),
        } if (
            (bound == "all") == (instant is None)
            and position is not True
            and position >= 0
            and re.fullmatch(_ROOT, root)
        ):
            return cast("Bound", bound), instant, position, root
        case _:
            pass
    msg = "this is not the basis object of an answer; copy it whole"
    raise UsageError(msg)
