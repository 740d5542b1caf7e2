"""What it costs to record facts, and to make a read model of them."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.making import command, environment, load
from benchmarks.measuring import (
    Figure,
    Spent,
    beside,
    in_turn,
    most_memory,
    spent,
    wall_of,
)
from ledger import app
from ledger.domain.events import CASE_EVENTS
from ledger.reader import open_log
from projections import building
from projections.readmodel import open_read_model, path_beside, silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.making import Made

SAVES = 1_000
WRITERS = 8


class StockCase(Aggregate):
    """A case as the library's own tutorial would write it."""

    @event("Filed")
    def __init__(self, case_number: str, office: str) -> None:
        self.case_number = case_number
        self.office = office
        self.classified: list[str] = []

    @event("Classified")
    def classify(self, category: str, subcategory: str, by: str) -> None:
        """Add a category."""
        self.classified.append(f"{category}/{subcategory} by {by}")


def writing(folder: Path, made: Made, repeat: int) -> Iterator[Figure]:
    """Yield the figures of one ledger."""
    yield from importing(folder, made, repeat)
    yield rebuilding(made, repeat)
    yield rebuilding_memory(made)
    yield from catching_up(made)


def importing(folder: Path, made: Made, repeat: int) -> Iterator[Figure]:
    """Compare an import with saves one at a time, and with validating its lines."""

    def ours() -> None:
        path = folder / f"import-{uuid4().hex}.db"
        load(str(path), made.source)
        path.unlink()

    def validate() -> None:
        with made.source.open("rb") as lines:
            for line in lines:
                CASE_EVENTS.validate_json(line)

    def stock() -> None:
        path = folder / f"stock-{uuid4().hex}.db"
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
        application: Application = Application(env)  # type: ignore[type-arg]
        case = StockCase("HO07QR19HO0042", "SAC Houston")
        for _ in range(SAVES):
            case.classify("crimes-against-children", "production", "agent-1187")
            application.save(case)
        application.close()
        path.unlink()

    triples = [(spent(stock), spent(ours), spent(validate)) for _ in range(repeat)]
    scale = made.facts / SAVES
    yield Figure(
        "import, facts per second",
        made.facts,
        "one-at-a-time saves of the stock library",
        "at least 15",
        median(one.wall * scale / our.wall for one, our, _ in triples),
        median(one.cpu * scale / our.cpu for one, our, _ in triples),
        median(our.wall for _, our, _ in triples),
        median(one.wall * scale for one, _, _ in triples),
    )
    yield Figure(
        "import, time",
        made.facts,
        "pydantic validation of the same lines",
        "at most 3",
        median(our.wall / alone.wall for _, our, alone in triples),
        median(our.cpu / alone.cpu for _, our, alone in triples),
        median(our.wall for _, our, _ in triples),
        median(alone.wall for _, _, alone in triples),
    )


def rebuilding(made: Made, repeat: int) -> Figure:
    """Compare a rebuild of the read model with ``json.loads`` of the same rows."""
    with open_log(made.ledger) as log:

        def loads() -> None:
            for row in log.narrow(0, log.head):
                json.loads(row[3])

        return in_turn(
            "rebuild",
            made.facts,
            lambda: building.rebuild(log, path_beside(made.ledger), silent),
            loads,
            baseline="json.loads of the same rows",
            aim="at most 2",
            repeat=repeat,
        )


def rebuilding_memory(made: Made) -> Figure:
    """Run `scr rebuild`; compare its greatest process with a GiB."""
    rebuild = command(made.ledger, "rebuild")
    mebibytes, took = most_memory(rebuild, environment())
    bytes_each = mebibytes * 2**20 / (made.facts / 5)
    return Figure(
        "rebuild, memory of the larger process",
        made.facts,
        "1 GiB",
        "below 1",
        mebibytes / 1024,
        None,
        took.wall,
        1.0,
        f"{mebibytes} MiB; {bytes_each:,.0f} bytes for each SCR there is",
    )


def catching_up(made: Made) -> Iterator[Figure]:
    """Record live facts one at a time; time the catch-up after each."""
    path = path_beside(made.ledger)
    took: dict[str, list[Spent]] = {"filed": [], "disrupted": []}
    with open_log(made.ledger) as log, open_read_model(log):
        pass  # It is at the head now.
    ledger, identity = app.open_ledger(made.ledger)
    zone = ZoneInfo(identity.timezone)
    for _ in range(10):
        scr = f"BENCH-{uuid4().hex}"
        for kind, facts in _LIFE.items():
            for fields in facts:
                ledger.record({"scr": scr, "by": "bench", **fields}, zone=zone)
            with open_log(made.ledger) as log:
                once = spent(lambda: building.catch_up(log, path, silent))
            took[kind].append(once)
    ledger.close()
    for kind, times in took.items():
        seconds = median(one.wall for one in times)
        processor = median(one.cpu for one in times)
        yield beside(
            f"catch-up after a live fact ({kind})",
            made.facts,
            seconds,
            0.010,
            baseline="10 milliseconds",
            note=f"{processor * 1000:.1f} ms of a processor",
        )


_LIFE: dict[str, list[dict[str, str]]] = {
    "filed": [
        {
            "event": "filed",
            "case_number": "B",
            "office": "X",
            "effective_on": "2024-01-01",
        }
    ],
    "disrupted": [
        {"event": "determined", "association": "yes", "transnational": "yes"},
        {"event": "approved"},
        {"event": "disrupted", "outcome": "D1", "effective_on": "2024-01-02"},
    ],
}
"""What is recorded of an SCR before each catch-up; the last three at once."""


def _one_writer(ledger: str, writer: int, facts: int) -> float:
    """Record facts one at a time; return the longest that one of them took."""
    longest = 0.0
    for number in range(facts):
        fields = {
            "scr": f"WAIT-{writer}-{number}",
            "event": "filed",
            "by": "bench",
            "case_number": "B",
            "office": "SAC Houston",
        }
        opened, identity = app.open_ledger(ledger)
        zone = ZoneInfo(identity.timezone)
        longest = max(longest, wall_of(lambda: opened.record(fields, zone=zone)))  # noqa: B023
        opened.close()
    return longest


def longest_wait(folder: Path) -> Figure:
    """Let eight processes record live facts at once; report the longest wait of any."""
    ledger = str(folder / f"waits-{uuid4().hex}.db")
    app.create(ledger)
    with ProcessPoolExecutor(WRITERS, mp_context=get_context("spawn")) as pool:
        waits = list(
            pool.map(_one_writer, [ledger] * WRITERS, range(WRITERS), [40] * WRITERS)
        )
    return beside(
        "longest wait of 8 writers, 40 facts each",
        320,
        max(waits),
        30.0,
        baseline="the 30 seconds after which one gives up",
    )
