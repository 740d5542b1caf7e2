"""What every peer is given, what it is asked, and what it answers.

Asked: approved outcomes by fiscal year, as known at an instant. Peers that keep
tables are given the intervals in which each outcome counted, so that they need not
know the rules of counting; the stock application is given the facts, and folds them.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from ledger.reader import open_log
from projections import counts
from projections.basis import parse_as_of
from projections.readmodel import NEVER, open_read_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from benchmarks.making import Made

    Answer = dict[int, int]
    Ask = Callable[[], tuple[Answer, float]]
    """Ask once; the answer, and the seconds it took by the peer's own clock if it has
    one, so that a pipe to its client is not counted."""

AS_OF = "2020-01-15T23:59:59.999999Z"
DAY_AFTER = "2020-01-16"
"""The same cut-off for whoever knows only days."""

MEASURES = counts.Question(("disruptions-all", "dismantlements-all"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER = "2038-01-19 03:14:07.999999"
"""MariaDB's last instant."""


class Missing(Exception):  # noqa: N818 - no fault
    """A peer that is not on this machine, and why."""


class Interval(NamedTuple):
    """An outcome of a fiscal year, and from when until when it counted."""

    year: int
    since: str
    until: str | None
    """Instants in UTC, ``YYYY-MM-DD HH:MM:SS.ffffff``; None: still."""


class Peer(Protocol):
    """One way to keep the data."""

    name: str
    whole_process: bool
    """Whether each question is a program of its own; else it stays connected."""

    def prepared(self, made: Made, folder: Path) -> AbstractContextManager[Ask]:
        """Load the data and index it; then it can be asked.

        :raises Missing: it is not here.
        """


def intervals(made: Made) -> Iterator[Interval]:
    """Yield what counted, from the read model."""
    with open_log(made.ledger) as log, open_read_model(log) as model:
        rows = model.each(
            "SELECT fiscal_year, known_from, known_until FROM beliefs"
            " WHERE place>=0 AND approved=1 AND known_from<known_until"
        )
        for year, since, until in cast("Iterator[tuple[int, int, int]]", rows):
            yield Interval(year, _text(since), None if until == NEVER else _text(until))


def _text(micros: int) -> str:
    instant = _EPOCH + timedelta(microseconds=micros)
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f")


@contextmanager
def ours(made: Made) -> Iterator[Ask]:
    """Yield how this ledger is asked, in process."""
    from time import perf_counter

    with open_log(made.ledger) as log, open_read_model(log) as model:

        def ask() -> tuple[Answer, float]:
            started = perf_counter()
            rows = counts.count(model, parse_as_of(AS_OF, log), MEASURES)
            took = perf_counter() - started
            found: Answer = {}
            for row in rows:
                year, value = row["fiscal_year"], row["value"]
                assert isinstance(year, int)
                assert isinstance(value, int)
                found[year] = found.get(year, 0) + value
            return not_0(found), took

        yield ask


def not_0(answer: Answer) -> Answer:
    """Return an answer without the years in which nothing counts."""
    return {year: value for year, value in sorted(answer.items()) if value}
