"""One SCR along its own stream: what was observable of it after each of its facts.

Within one SCR both clocks run the same way, so what was known of it at any basis is a
prefix of its stream (docs/decisions/0008). A belief row is a span of that stream; the
rows of one SCR tell the whole of it, without the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.readmodel import NEVER
from projections.standing import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from projections.standing import Observation

    Turn = tuple[int, int, dict[str, Observation]]

_WIDTH = len(COLUMNS)


def turns(rows: Iterable[tuple[Any, ...]]) -> Iterator[Turn]:
    """Yield every fact at which observations began or ended, in stream order.

    :param rows: all belief rows of one SCR: outcome, the columns of an observation,
        ``known_from``, ``position_from``, ``known_until``, ``position_until``.
    :returns: ``known_at`` and position of the fact, and what was observable after it,
        by outcome. The dictionary is the same one each time: take what you need.
    """
    begins: dict[int, list[tuple[str, Observation]]] = {}
    ends: dict[int, list[str]] = {}
    known: dict[int, int] = {}
    for outcome, *rest in rows:
        known_from, since, known_until, until = rest[_WIDTH:]
        begins.setdefault(since, []).append((outcome, tuple(rest[:_WIDTH])))
        known[since] = known_from
        if until != NEVER:
            ends.setdefault(until, []).append(outcome)
            known[until] = known_until
    held: dict[str, Observation] = {}
    for position in sorted(known):
        for outcome in ends.get(position, ()):
            del held[outcome]
        held.update(begins.get(position, ()))
        yield known[position], position, held
