"""Publications that are recorded, and the SCRs behind their figures."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import publication as publications
from ledger.domain.fiscal import format_instant
from ledger.errors import (
    FactDamagedError,
    NoSuchPublicationError,
    UsageError,
)
from projections import basis as bases
from projections.counts import Question, cases

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.domain.events import Published
    from ledger.domain.publication import (
        Last,
        Publication,
    )
    from ledger.reader import Log, Row
    from projections.basis import Basis
    from projections.counts import Row as CaseRow
    from projections.readmodel import ReadModel

PREFIX = "publication/"
TOPIC = "ledger.published/1"
_PERCENT = 100


class Recorded(NamedTuple):
    """A publication, and when and by whom it was recorded."""

    position: int
    recorded_at: str
    by: str
    run_by: str
    seal: str
    content: Publication
    secret: str | None = None
    """What its members roots come from; older ones have neither."""


# --- recorded ones --------------------------------------------------------------------


def recorded(log: Log, upto: int | None = None) -> list[Recorded]:
    """Return all publications, in log order.

    :raises FactDamagedError: what is kept is none.
    """
    rows = log.family(PREFIX, log.head if upto is None else upto)
    return [_recorded(row) for row in rows if row.topic == TOPIC]


def named(log: Log, name: str) -> Recorded:
    """Return the publication of a name.

    :raises NoSuchPublicationError: there is none.
    :raises FactDamagedError: what is kept is none.
    """
    return publication_row(log, name)[0]


def publication_row(log: Log, name: str) -> tuple[Recorded, Row]:
    """Return a publication, and its fact as it is kept.

    :raises NoSuchPublicationError: there is none.
    :raises FactDamagedError: what is kept is none.
    """
    rows = log.stream(f"{PREFIX}{name}", log.head) if name.isascii() else []
    if not rows or rows[0].topic != TOPIC:
        raise NoSuchPublicationError(name)
    return _recorded(rows[0]), rows[0]


def _recorded(row: Row) -> Recorded:
    try:
        fact = _fact(row)
        return Recorded(
            row.position,
            format_instant(datetime.fromisoformat(row.recorded_at)),
            fact.by,
            fact.run_by,
            fact.seal,
            publications.from_json(json.loads(row.payload)["content"]),
            fact.members_secret,
        )
    except (ValueError, RecursionError):
        raise FactDamagedError(row.position, "it is no publication") from None


def _fact(row: Row) -> Published:
    """Return what is kept; nothing in it is believed before it is looked at.

    :raises ValueError: it is no publication, or not that of its stream.
    """
    from ledger.domain.events import Published, parse_stored

    fact = parse_stored(row.topic, row.payload)
    if not isinstance(fact, Published) or fact.stream != row.stream:
        raise ValueError
    return fact


def printed_on(log: Log, one: Recorded) -> str:
    """Return the day of printing; else of recording, in the ledger's zone."""
    if one.content.printed_on is not None:
        return one.content.printed_on
    zone = log.identity.zone
    return datetime.fromisoformat(one.recorded_at).astimezone(zone).date().isoformat()


def basis_of(log: Log, one: Recorded) -> Basis:
    """Return the basis of a publication; the root it names is checked.

    :raises WrongRootError: the log has another root there.
    :raises FactDamagedError: its basis is none.
    """
    rested = one.content.basis
    try:
        micros = (
            None if rested.instant is None else bases.printed_instant(rested.instant)
        )
        return bases.checked(log, rested.bound, micros, rested.position, rested.root)
    except UsageError as error:
        raise FactDamagedError(one.position, str(error)) from None


def last_printed(
    every: Iterable[Recorded],
) -> dict[tuple[str, int], Last]:
    """Return what was printed last of each figure, in the order of the log."""
    printed: dict[tuple[str, int], Last] = {}
    for one in every:
        printed |= publications.lasts(one.content)
    return printed


# --- the SCRs behind it ---------------------------------------------------------------


def behind(  # noqa: PLR0913 - all but three are keywords
    log: Log,
    model: ReadModel,
    one: Recorded,
    *,
    years: range | None = None,
    measures: Sequence[str] = (),
    scr: str | None = None,
) -> list[CaseRow]:
    """Return the SCRs behind the figures of a publication, as ``scr cases`` would.

    :param years: only figures of these years.
    :param measures: only figures of these measures; none: of all.
    :param scr: only this SCR.
    """
    basis = basis_of(log, one)
    names = {
        used.measure: f"{used.measure}@{used.version}"
        for used in one.content.definitions
    }
    rows: list[CaseRow] = []
    for figure in one.content.figures:
        if measures and figure.measure not in measures:
            continue
        if years is not None and figure.fiscal_year not in years:
            continue
        alone = range(figure.fiscal_year, figure.fiscal_year + 1)
        question = Question(
            (figure.measure,), alone, definitions=(names[figure.measure],)
        )
        rows += cases(model, basis, question, scr=scr)
    return rows
