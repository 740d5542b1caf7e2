"""The log as people read it: fact by fact, each with its clocks."""

from __future__ import annotations

import json
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.domain import scr as scrs
from ledger.domain.fiscal import (
    days_in,
    end_of_day,
    format_instant,
    format_instant_fixed,
    from_micros,
    to_micros,
)
from ledger.errors import FactDamagedError, NotFoundError, RuleError, UsageError
from projections import basis as bases
from projections import filtering, pairing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from ledger.domain.events import ScrEvent
    from ledger.reader import Log, Row
    from projections.basis import Basis
    from projections.filtering import Wanted

Line = dict[str, object]

_LEDGERS_OWN = "ledger."
_CLOCKS = ("position", "recorded_at", "known_at", "claimed")
_COMMON = ("event", "effective_on", "by")
_TOLD = ("days_late", "corrects", "corrected_by")
_NO_FACT = "its bytes are not a fact"

# What is kept is compact JSON, so the bare decoder reads it, as a rebuild does.
_decode = json.JSONDecoder().raw_decode


def line_of(row: Row) -> Line:
    """Return a recorded fact with its clocks first, then its own fields as kept.

    ``known_at`` is that of the source, or ``recorded_at`` where the ledger set it;
    ``claimed`` says which. The ledger's own facts have neither.
    """
    fields = _fields(row)
    claimed = fields.pop("known_at", None)
    recorded = _instant(row, row.recorded_at)
    line: Line = {"position": row.position, "recorded_at": recorded}
    if not row.topic.startswith(_LEDGERS_OWN):
        line["known_at"] = recorded if claimed is None else _instant(row, claimed)
        line["claimed"] = claimed is not None
    return {**line, **fields}


def _fields(row: Row) -> dict[str, Any]:
    return fields_of(row.position, row.payload)


def fields_of(position: int, payload: bytes) -> dict[str, Any]:
    """Return a fact's own fields, of which ``event`` is a text.

    :raises FactDamagedError: what is kept cannot be read.
    """
    try:
        text = payload.decode()
        fields, end = _decode(text)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise FactDamagedError(position, _NO_FACT) from None
    if (
        end != len(text)
        or not isinstance(fields, dict)
        or not isinstance(fields.get("event"), str)
    ):
        raise FactDamagedError(position, _NO_FACT)
    return fields


def _moment(row: Row, text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FactDamagedError(row.position, f"{text} is no instant")
    return moment


def _instant(row: Row, text: object) -> str:
    return format_instant(_moment(row, text))


def _known_at(row: Row) -> object:
    return _fields(row).get("known_at") or row.recorded_at


def details(line: Line) -> str:
    """Return the fields of a line that have no column of their own, as words."""
    # Of an SCR's fact the organization is a detail; of its own it is the subject.
    subject = "scr" if "scr" in line else "organization"
    aside = {*_CLOCKS, *_COMMON, *_TOLD, subject, "measure", "person", "sample"}
    aside |= {"request", "recommendation", "package"}
    told = {name: value for name, value in line.items() if name not in aside}
    body = told.get("definition")
    if isinstance(body, dict):  # A measure's; what the words begin with matters.
        del told["definition"]
        first = {name: body[name] for name in ("version", "title") if name in body}
        told = {**first, **body, **told}
        told.pop("id", None)
    if isinstance(content := told.get("content"), dict):
        del told["content"]
        of_package = told.pop("publication", None) is None
        told = {**(_packaged if of_package else _printed)(content), **told}
    if isinstance(figures := told.get("figures"), list):
        told["figures"] = _figures(figures)
    if line.get("event") in _SIGNED and isinstance(note := told.get("note"), str):
        told["note"] = note.partition("\n\n")[0].replace("\n", " ")
    if isinstance(items := told.get("items"), list):  # A frame may have thousands.
        told["items"] = f"{len(items):,}"
    if isinstance(strata := told.get("strata"), list):
        told["strata"] = "; ".join(_stratum(one) for one in strata)
    if isinstance(categories := told.get("taxonomy"), dict):
        del told["taxonomy"]
        told = {**told, **categories}
    return ", ".join(f"{name} {_words(value)}" for name, value in told.items())


def _printed(content: Mapping[str, Any]) -> Line:
    """Return what a publication says, but not what each of its figures counts."""
    names = ("kind", "document", "claims", "override")
    kept = content.get("figures")
    figures = kept if isinstance(kept, list) else []  # `scr verify` says what is wrong.
    told: Line = {name: content[name] for name in names if name in content}
    return {**told, "figures": _figures(figures)}


def _figures(figures: list[Any]) -> str:
    """Return figures in words, but not what each of them counts."""
    return "; ".join(
        f"{one.get('measure')} FY{one.get('fiscal_year')}"
        f" {one.get('printed', one.get('value'))}"
        for one in figures
        if isinstance(one, dict)
    )


def _packaged(content: Mapping[str, Any]) -> Line:
    """Return what a package says, but not each of its items."""
    kept = content.get("items")
    told: Line = {"items": f"{len(kept):,}"} if isinstance(kept, list) else {}
    names = ("reason_code", "reason", "evidence")
    return {**told, **{name: content[name] for name in names if content.get(name)}}


def _stratum(one: dict[str, Any]) -> str:
    sizes = (len(one["items"]), len(one["spares"]), one["population"])
    return "{} {:,} and {:,} spares of {:,}".format(one["stratum"], *sizes)


_SIGNED = frozenset({"keyed", "checkpointed"})
"""Facts whose note is a signed one: its text says what was signed."""

_ABOUT_SIGNING = {
    "keyed": "keys",
    "distrusted": "keys",
    "checkpointed": "checkpoints",
    "cosigned": "checkpoints",
    "entrusted": "witnesses",
}


def subject_of(line: Line) -> object:
    """Return what a line is about: an SCR, an organization, a measure or the like."""
    names = (
        *("scr", "organization", "measure", "publication", "person", "sample"),
        *("request", "recommendation", "package"),
    )
    others = "taxonomy" if "taxonomy" in line else "ledger"
    others = _ABOUT_SIGNING.get(str(line.get("event")), others)
    return next((line[name] for name in names if name in line), others)


def _words(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- one SCR -------------------------------------------------------------------


def of_scr(log: Log, scr: str, basis: Basis) -> list[Line]:
    """Return the visible facts of an SCR, in stream order.

    :raises NotFoundError: there is none at this basis.
    """
    check_recorded(log, scr)
    lines = [line_of(row) for row in _visible(log, scr, basis)]
    if not lines:
        msg = f"nothing about SCR {scr} is known at this basis; leave --as-of out"
        raise NotFoundError(msg)
    return lines


def check_recorded(log: Log, scr: str) -> None:
    """Refuse an SCR that nothing is recorded of.

    :raises NotFoundError: with where to look.
    """
    if not _stream(log, scr, log.head):
        msg = f"no SCR {scr or repr('')} is recorded; `scr log` lists what is"
        raise NotFoundError(msg)


def state_of(log: Log, scr: str, basis: Basis) -> Line:
    """Return how an SCR stands at a basis, by the rules of ``ledger.domain.scr``."""
    state: scrs.Scr | None = None
    for position, fact in _parsed(log, scr, basis):
        try:
            state = scrs.evolve(state, fact)
        except RuleError as error:
            raise FactDamagedError(position, str(error)) from None
    assert state is not None  # of_scr found facts.
    return described(state)


def described(state: scrs.Scr) -> Line:
    """Return how an SCR stands, as answers say it."""
    return {
        "case_number": state.case_number,
        "office": state.office,
        "program": state.program,
        "title": state.title,
        "category": state.category,
        "subcategory": state.subcategory,
        "approved": state.approved,
        "stands": state.stands,
        "duplicate_of": state.duplicate_of,
        "determinations": [
            {
                "association": held.association,
                "transnational": held.transnational,
                "high_threat": held.high_threat,
                "meets_tco": held.meets_tco,
                "organization": held.organization,
                "from": None if held.since is None else held.since.isoformat(),
            }
            for held in state.determinations
        ],
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


def timeline(log: Log, scr: str, basis: Basis) -> list[Line]:
    """Return the facts of :func:`of_scr`, each beside its clocks and its corrections.

    ``days_late`` is the day it was known, in the ledger's zone, less ``effective_on``;
    ``corrects`` and ``corrected_by`` are positions (``projections.pairing``).

    :raises NotFoundError: there is none at this basis.
    """
    lines = of_scr(log, scr, basis)
    stream = list(_parsed(log, scr, basis))
    pairs = pairing.pair(stream)
    day_of = days_in(log.identity.timezone)
    return [
        {
            **line,
            "days_late": (
                day_of(datetime.fromisoformat(str(line["known_at"])))
                - fact.effective_on
            ).days,
            "corrects": list(pairs.corrects.get(position, ())),
            "corrected_by": list(pairs.corrected_by.get(position, ())),
        }
        for line, (position, fact) in zip(lines, stream, strict=True)
    ]


def _parsed(log: Log, scr: str, basis: Basis) -> Iterator[tuple[int, ScrEvent]]:
    """Yield the visible facts of an SCR as the domain has them, with their positions.

    :raises FactDamagedError: what is kept is no fact about an SCR.
    """
    from ledger.domain.events import ScrFact, Unreadable, parse_stored

    for row in _visible(log, scr, basis):
        try:
            fact = parse_stored(row.topic, row.payload)
        except Unreadable as error:
            raise FactDamagedError(row.position, str(error)) from None
        if not isinstance(fact, ScrFact):
            raise FactDamagedError(row.position, "it is not about an SCR")
        yield row.position, fact


def _visible(log: Log, scr: str, basis: Basis) -> Iterator[Row]:
    for row in _stream(log, scr, basis.position):
        if to_micros(_moment(row, _known_at(row))) <= basis.cutoff:
            yield row


def _stream(log: Log, scr: str, upto: int) -> list[Row]:
    # Ids are ASCII; SQLite would stumble over half a surrogate pair.
    return log.stream(f"scr/{scr}", upto) if scr.isascii() else []


# --- the whole log -------------------------------------------------------------


class Span(NamedTuple):
    """The positions asked for, both included."""

    first: int
    last: int


def span(log: Log, since: str | None, until: str | None) -> Span:
    """Read ``--from`` and ``--to``: dates or instants of recording, or ``@N``.

    :raises UsageError: neither, or beyond the head.
    """
    first = 1 if since is None else first_from(log, since)
    last = log.head if until is None else _last_to(log, until)
    return Span(first, last)


def facts(log: Log, asked: Span, wanted: Wanted) -> Iterable[Line]:
    """Return the facts of a span of the log that pass every filter, in log order.

    :raises NotFoundError: the SCR asked for was never recorded.
    :raises UsageError: no measure has the name asked for.
    """
    passes = filtering.test(wanted, log.identity.timezone)
    lines = (
        line
        for row in _rows(log, asked, wanted)
        if row.position >= asked.first and passes(line := line_of(row))
    )
    if wanted.last is None:
        return lines
    return deque(
        lines, maxlen=min(wanted.last, log.head)
    )  # Python's own limit is less.


def _rows(log: Log, asked: Span, wanted: Wanted) -> Iterable[Row]:
    """Return at least the facts asked for: of one stream where that has them all."""
    if wanted.scr is not None:
        check_recorded(log, wanted.scr)
        return _stream(log, wanted.scr, asked.last)
    if wanted.measure is not None:
        _check_measure(log, wanted.measure)
        return _definitions(log, wanted.measure, asked.last)
    return log.rows(asked.first - 1, asked.last)


def _check_measure(log: Log, measure: str) -> None:
    from ledger.domain.definitions import BUILT_IN

    if measure not in BUILT_IN and not _definitions(log, measure, log.head):
        msg = f"no measure is named {measure or repr('')}; see `scr measure list`"
        raise UsageError(msg)


def _definitions(log: Log, measure: str, upto: int) -> list[Row]:
    return log.stream(f"measure/{measure}", upto) if measure.isascii() else []


def exported(log: Log) -> Iterator[Line]:
    """Yield the case facts as interchange objects, in log order.

    Always with ``known_at``; ``position`` and ``recorded_at`` come last and import
    ignores them.
    """
    for row in log.rows(0, log.head):
        if row.topic.startswith(_LEDGERS_OWN):
            continue
        fields = _fields(row)
        fields.pop("recorded_by", None)
        fields["known_at"] = _instant(row, _known_at(row))
        fields["position"] = row.position
        fields["recorded_at"] = _instant(row, row.recorded_at)
        yield fields


def first_from(log: Log, text: str) -> int:
    """Return the first position recorded on a day, at an instant or after, or ``@N``.

    :raises UsageError: the text is none of these, or beyond the head.
    """
    if (position := bases.position_of(text, log)) is not None:
        return max(position, 1)
    # The first fact recorded at the instant or after: one past the last before it.
    return _recorded_through(log, known_before(log, text)) + 1


def known_before(log: Log, text: str) -> int:
    """Return the last microsecond before a day, or an instant, begins.

    :raises UsageError: it is neither.
    """
    day = bases.day_of(text)
    if day is None:
        return bases.instant_of(text) - 1
    return _end_of(day - timedelta(days=1), log.identity.timezone) - 1


def _last_to(log: Log, text: str) -> int:
    if (position := bases.position_of(text, log)) is not None:
        return position
    day = bases.day_of(text)
    if day is None:
        return _recorded_through(log, bases.instant_of(text))
    return _recorded_through(log, _end_of(day, log.identity.timezone) - 1)


def _end_of(day: date, zone: str) -> int:
    return to_micros(end_of_day(day, zone))


def _recorded_through(log: Log, micros: int) -> int:
    return log.recorded_through(format_instant_fixed(from_micros(micros)))
