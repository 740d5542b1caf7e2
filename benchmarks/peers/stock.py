"""The eventsourcing library as it comes: aggregates, and a projection in Python."""

from __future__ import annotations

import json
from contextlib import contextmanager
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

from eventsourcing.application import Application, LocalNotificationLog
from eventsourcing.domain import Aggregate, event

from benchmarks.peers.common import AS_OF, not_0
from projections.standing import FOLDS, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.making import Made
    from benchmarks.peers.common import Answer, Ask

PAGE = 1_000
CASES_A_SAVE = 1_000


class Case(Aggregate):
    """An SCR that records what happens to it."""

    @event("Filed")
    def __init__(self, fact: dict[str, str]) -> None:
        self.scr = fact["scr"]

    @event("Recorded")
    def record(self, fact: dict[str, str]) -> None:
        """Record a fact."""


class Stock:
    """The library's application over SQLite, replayed for every question."""

    name = "eventsourcing, stock application, Python projection"
    whole_process = False

    @contextmanager
    def prepared(self, made: Made, folder: Path) -> Iterator[Ask]:
        """Save every SCR as an aggregate, a thousand at a time."""
        path = folder / "stock-peer.db"
        path.unlink(missing_ok=True)
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
        application: Application = Application(env)  # type: ignore[type-arg]
        cases = iter(_cases(made).values())
        while some := list(islice(cases, CASES_A_SAVE)):
            application.save(*map(_case, some))
        yield lambda: _asked(application)
        application.close()
        path.unlink()


def _cases(made: Made) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    with made.source.open("rb") as lines:
        for line in lines:
            fact = json.loads(line)
            if "scr" in fact:
                found.setdefault(fact["scr"], []).append(fact)
    return found


def _case(facts: list[dict[str, str]]) -> Case:
    case = Case(facts[0])
    for fact in facts[1:]:
        case.record(fact)
    return case


def _asked(application: Any) -> tuple[Answer, float]:
    started = perf_counter()
    standings: dict[str, Standing] = {}
    start: int | None = 1
    # Its pages are of ten unless one says otherwise.
    log = LocalNotificationLog(application.recorder, section_size=PAGE)
    while start is not None:
        notifications = log.select(start, PAGE)
        for notification in notifications:
            fact = application.mapper.to_domain_event(notification).fact
            if fact["known_at"] > AS_OF:
                continue
            if fact["event"] == "filed":
                standings[fact["scr"]] = Standing(fact)
            else:
                FOLDS[fact["event"]](standings[fact["scr"]], fact)
        start = notifications[-1].id + 1 if notifications else None
    found: Answer = {}
    for standing in standings.values():
        for name, row in standing.observations().items():
            if name and row[6]:
                found[row[0]] = found.get(row[0], 0) + 1
    return not_0(found), perf_counter() - started
