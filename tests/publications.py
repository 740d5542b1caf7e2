"""Publications for tests: plain ones, and ones computed and recorded as everybody's.

A plain one agrees with itself, so a test spells out only what does not.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from ledger.domain.publication import (
    Counted,
    Figure,
    Gate,
    Last,
    Publication,
    Rested,
    Ruled,
    hash_of_set,
)
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash
from projections import basis as bases
from projections import publishing
from projections.publications import recorded
from projections.publishing import Printed, Wanted
from tests.claims import opened, writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.publications import Recorded

    Key = tuple[str, int]

HASH = "0123456789abcdef" * 4
GREEN = Gate(green=True, taxonomy=HASH, rules=(Ruled("a-rule", "error", 2, 2, 10),))
RED = Gate(green=False, taxonomy=None, rules=(Ruled("a-rule", "error", 2, 0),))


def figure(
    measure: str = "dd-all", year: int = 2019, units: str = "ab", **said: Any
) -> Figure:
    """
    Return a figure of so many units, each a letter.
    """
    found = Figure(measure, year, len(units), tuple(units), hash_of_set(units))
    return found._replace(**said)


def plain(*figures: Figure, **said: Any) -> Publication:
    """
    Return a computed publication that agrees with itself.
    """
    made = figures or (figure(),)
    names = dict.fromkeys(one.measure for one in made)
    return Publication(
        "APR",
        "computed",
        "a report",
        "what it says",
        Rested("before", "2020-01-16T05:00:00Z", 1, HASH, "none", 0, 0),
        tuple(Counted(name, 1, HASH) for name in names),
        made,
        gate=GREEN,
    )._replace(**said)


def printed(*figures: Figure, **said: Any) -> Publication:
    """
    Return a publication as it was printed, that agrees with itself.
    """
    made = [
        one._replace(printed=one.value, supported=True)
        for one in (figures or (figure(),))
    ]
    told = plain(*made, kind="as-printed", gate=None, printed_on="2020-01-15")
    return told._replace(**said)


def last(value: int = 2, denominator: int | None = None) -> Last:
    """
    Return what was printed last.
    """
    return Last("APR-0", value, denominator)


# --- recorded ones --------------------------------------------------------------------


def compute(  # noqa: PLR0913 - all but two are keywords
    path: str,
    name: str,
    *figures: Key,
    at: Callable[[Log], Basis] = bases.of_now,
    claims: str = "what it says",
    gate: Gate = GREEN,
    override: str | None = None,
    status: str = "late-data",
) -> tuple[Publication, int]:
    """
    Compute a publication; return it with the head it was computed at.

    :param figures: measures, as ``ID`` or ``ID@VERSION``, and fiscal years.
    :param status: of every figure that differs from its last printing.
    """
    wanted = Wanted(name, "a report", claims, figures)
    keys = [(measure.partition("@")[0], year) for measure, year in figures]
    with opened(path) as (log, model):
        content = publishing.publication(
            log,
            model,
            at(log),
            wanted,
            gate=gate,
            override=override,
            statuses=dict.fromkeys(keys, status),
        )
        return content, log.head


def publish(
    path: str,
    name: str,
    *figures: Key,
    clock: Callable[[], datetime] | None = None,
    **said: Any,
) -> Publication:
    """
    Compute a publication and record it.
    """
    content, head = compute(path, name, *figures, **said)
    (decided,) = record(path, head, content, clock=clock)
    return decided.content


def record(
    path: str,
    head: int,
    *contents: Publication,
    clock: Callable[[], datetime] | None = None,
    **said: Any,
) -> list[Any]:
    """
    Record publications.
    """
    with writing(path, clock) as ledger:
        return ledger.publish(contents, head=head, by="publisher", **said)


def register(
    path: str, *every: Printed, clock: Callable[[], datetime] | None = None
) -> list[Publication]:
    """
    Register what was printed before the ledger existed.
    """
    with opened(path) as (log, model):
        contents, head = publishing.as_printed(log, model, every), log.head
    record(path, head, *contents, clock=clock)
    return contents


def printing(name: str, *figures: tuple[str, int, int], **said: Any) -> Printed:
    """
    Return what a document printed on 15 January 2020, as of that day.
    """
    words = tuple((measure, year, value, None) for measure, year, value in figures)
    made = Printed(
        name,
        "a report",
        "what it says",
        printed_on="2020-01-15",
        as_of="2020-01-15",
        synthetic=False,
        figures=words,
    )
    return made._replace(**said)


def verify(path: str, name: str) -> bytes:
    """
    Compute a publication again; return the bytes that are sealed.
    """
    with opened(path) as (log, model):
        return publishing.verify(log, model, name)[1]


def every(path: str) -> list[Recorded]:
    """
    Return all publications of a ledger.
    """
    with opened(path) as (log, _):
        return recorded(log)


# --- tampered with --------------------------------------------------------------------


def payload(path: str, position: int) -> dict[str, Any]:
    """
    Return a fact as it is kept.
    """
    with sqlite3.connect(path) as connection:
        (state,) = connection.execute(
            "SELECT state FROM stored_events WHERE rowid=?", (position,)
        ).fetchone()
    connection.close()
    return json.loads(state)


def forge(
    path: str,
    position: int,
    fields: dict[str, Any] | bytes,
    *,
    rehash: bool = False,
) -> None:
    """
    Put other bytes in a fact's place, as somebody who owns the file can.

    :param rehash: whether its leaf hash is made anew, as a clever insider would.
    """
    state = fields if isinstance(fields, bytes) else compact(fields)
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type='trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    change = "UPDATE stored_events SET state=? WHERE rowid=?"
    connection.execute(change, (state, position))
    if rehash:
        row = connection.execute(
            "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
            " FROM stored_events WHERE rowid=?",
            (position,),
        ).fetchone()
        change = "UPDATE stored_events SET leaf_hash=? WHERE rowid=?"
        connection.execute(change, (leaf_hash(entry(*row)), position))
    for _, text in triggers:
        connection.execute(text)
    connection.close()


def compact(fields: dict[str, Any]) -> bytes:
    """
    Return fields as a payload has them.
    """
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
