"""The log as people read it: fact by fact, each with its clocks."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import scr as scrs
from ledger.domain.events import ScrFact, Unreadable, parse_stored
from ledger.domain.fiscal import (
    end_of_day,
    format_instant,
    format_instant_fixed,
    parse_instant,
    to_micros,
)
from ledger.errors import (
    BeyondHeadError,
    FactDamagedError,
    NotFoundError,
    RuleError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log, Row
    from projections.basis import Basis

Line = dict[str, object]

_LEDGERS_OWN = "ledger."
_CLOCKS = ("position", "recorded_at", "known_at", "claimed")
_COMMON = ("event", "effective_on", "by")


def line_of(row: Row) -> Line:
    """Return a recorded fact with its clocks first, then its own fields as kept.

    ``known_at`` is that of the source, or ``recorded_at`` where the ledger set it;
    ``claimed`` says which. The ledger's own facts have neither.
    """
    fields = json.loads(row.payload)
    recorded = format_instant(datetime.fromisoformat(row.recorded_at))
    line: Line = {"position": row.position, "recorded_at": recorded}
    if not row.topic.startswith(_LEDGERS_OWN):
        claimed = fields.pop("known_at", None)
        line["known_at"] = (
            format_instant(datetime.fromisoformat(claimed)) if claimed else recorded
        )
        line["claimed"] = claimed is not None
    return {**line, **fields}


def details(line: Line) -> str:
    """Return the fields of a line that have no column of their own, as words."""
    # Of an SCR's fact the organization is a detail; of its own it is the subject.
    aside = {*_CLOCKS, *_COMMON, "scr" if "scr" in line else "organization"}
    return ", ".join(
        f"{name} {_words(value)}" for name, value in line.items() if name not in aside
    )


def _words(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- one SCR -------------------------------------------------------------------


def of_scr(log: Log, scr: str, basis: Basis) -> list[Line]:
    """Return the visible facts of an SCR, in stream order.

    :raises NotFoundError: there is none at this basis.
    """
    lines = [line_of(row) for row in _visible(log, scr, basis)]
    if not lines:
        later = "" if not log.stream(f"scr/{scr}", log.head) else " at this basis"
        msg = f"no SCR {scr} is recorded{later}; `scr log` lists what is"
        raise NotFoundError(msg)
    return lines


def state_of(log: Log, scr: str, basis: Basis) -> Line:
    """Return how an SCR stands at a basis, by the rules of ``ledger.domain.scr``."""
    state: scrs.Scr | None = None
    for row in _visible(log, scr, basis):
        try:
            fact = parse_stored(row.topic, row.payload)
            assert isinstance(fact, ScrFact)
            state = scrs.evolve(state, fact)
        except (Unreadable, RuleError) as error:
            raise FactDamagedError(row.position, str(error)) from None
    assert state is not None  # of_scr found facts.
    return {
        "case_number": state.case_number,
        "office": state.office,
        "program": state.program,
        "category": state.category,
        "subcategory": state.subcategory,
        "approved": state.approved,
        "stands": state.stands,
        "duplicate_of": state.duplicate_of,
        "outcomes": [
            {
                "outcome": outcome.id,
                "kind": outcome.kind,
                "on": outcome.on.isoformat(),
                "live": outcome.live,
                "meets_tco": state.meets_tco(outcome.on),
            }
            for outcome in state.outcomes.values()
        ],
    }


def _visible(log: Log, scr: str, basis: Basis) -> Iterator[Row]:
    for row in log.stream(f"scr/{scr}", basis.position):
        known = json.loads(row.payload).get("known_at") or row.recorded_at
        if to_micros(datetime.fromisoformat(known)) <= basis.cutoff:
            yield row


# --- the whole log -------------------------------------------------------------


class Span(NamedTuple):
    """The positions asked for, both included."""

    first: int
    last: int


def span(log: Log, since: str | None, until: str | None) -> Span:
    """Read ``--from`` and ``--to``: dates or instants of recording, or ``@N``.

    :raises UsageError: neither, or beyond the head.
    """
    first = 1 if since is None else _first_from(log, since)
    last = log.head if until is None else _last_to(log, until)
    return Span(first, last)


def facts(
    log: Log, asked: Span, *, scr: str | None, event: str | None
) -> Iterator[Line]:
    """Yield the facts of a span of the log, of one SCR or event where asked."""
    rows = (
        log.rows(asked.first - 1, asked.last)
        if scr is None
        else iter(log.stream(f"scr/{scr}", asked.last))
    )
    for row in rows:
        if row.position >= asked.first:
            line = line_of(row)
            if event is None or line["event"] == event:
                yield line


def exported(log: Log) -> Iterator[Line]:
    """Yield the case facts as interchange objects, in log order.

    Always with ``known_at``; ``position`` and ``recorded_at`` come last and import
    ignores them.
    """
    for row in log.rows(0, log.head):
        if row.topic.startswith(_LEDGERS_OWN):
            continue
        fields = json.loads(row.payload)
        fields.pop("recorded_by", None)
        known = fields.get("known_at") or row.recorded_at
        fields["known_at"] = format_instant(datetime.fromisoformat(known))
        fields["position"] = row.position
        fields["recorded_at"] = format_instant(datetime.fromisoformat(row.recorded_at))
        yield fields


def _first_from(log: Log, text: str) -> int:
    if (position := _position(log, text)) is not None:
        return max(position, 1)
    # The first fact recorded at the instant or after: one past the last before it.
    micros = to_micros(_instant(log, text, ends=False)) - 1
    return log.recorded_through(_fixed(micros)) + 1


def _last_to(log: Log, text: str) -> int:
    if (position := _position(log, text)) is not None:
        return position
    ends = _is_day(text)
    micros = to_micros(_instant(log, text, ends=ends)) - (1 if ends else 0)
    return log.recorded_through(_fixed(micros))


def _position(log: Log, text: str) -> int | None:
    if not (text.startswith("@") and text[1:].isascii() and text[1:].isdigit()):
        return None
    position = int(text[1:19])
    if position > log.head:
        raise BeyondHeadError(position, log.head)
    return position


def _is_day(text: str) -> bool:
    return len(text) == len("2019-03-06")


def _instant(log: Log, text: str, *, ends: bool) -> datetime:
    """Read an instant, or a day's first or the next day's, in the ledger's zone."""
    from datetime import date, timedelta

    try:
        if _is_day(text):
            day = date.fromisoformat(text)
            zone = log.identity.timezone
            return end_of_day(day if ends else day - timedelta(days=1), zone)
        return parse_instant(text)
    except (ValueError, OverflowError):
        msg = f"{text} is neither a date, an instant with offset, nor @POSITION"
        raise UsageError(msg) from None


def _fixed(micros: int) -> str:
    from ledger.domain.fiscal import from_micros

    return format_instant_fixed(from_micros(micros))
