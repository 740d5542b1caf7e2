"""Ledgers for tests: made through the same use cases as everybody's."""

from __future__ import annotations

import io
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ledger import app
from ledger.intake.facts import JsonLines
from projections.history import line_of
from tests.oracle import Fact
from tests.strategies import as_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.app import ImportReport
    from ledger.reader import Log
    from tests.strategies import Load

MEMORY = Path("/dev/shm")  # noqa: S108 - syncs cost nothing there
ZONE = "America/New_York"


class Clock:
    """A clock that is a day further at each look."""

    def __init__(self, start: datetime = datetime(2024, 1, 1, 12, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """Return the time, and let a day pass."""
        self.now += timedelta(days=1)
        return self.now


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards, in memory where there is such a thing."""
    where = MEMORY if MEMORY.is_dir() else None
    made = Path(tempfile.mkdtemp(prefix="scr-test-", dir=where))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def make(path: Path, clock: Clock | None = None) -> str:
    """Make an empty ledger; return its path as text."""
    app.create(str(path), name="test", timezone=ZONE, clock=clock or Clock())
    return str(path)


def load(path: str, text: str, *, clock: Clock | None = None) -> ImportReport:
    """Import a text as a file named `test.jsonl`."""
    ledger, identity = app.open_ledger(path, clock=clock or Clock())
    try:
        return ledger.import_file(
            "test.jsonl",
            JsonLines(io.BytesIO(text.encode())),
            zone=ZoneInfo(identity.timezone),
        )
    finally:
        ledger.close()


def load_all(path: str, loads: Iterable[Load]) -> Iterator[ImportReport]:
    """Import drawn files one after another, a day apart."""
    clock = Clock(datetime(2024, 6, 1, 12, tzinfo=UTC))
    for one in loads:
        yield load(path, as_jsonl(one), clock=clock)


def facts(log: Log) -> list[Fact]:
    """Return the case facts of a log as the oracle takes them."""
    found = []
    for row in log.rows(0, log.head):
        if row.topic.startswith("ledger."):
            continue
        line = line_of(row)
        found.append(
            Fact(
                position=row.position,
                recorded_at=datetime.fromisoformat(str(line.pop("recorded_at"))),
                known_at=datetime.fromisoformat(str(line.pop("known_at"))),
                claimed=bool(line.pop("claimed")),
                line={k: str(v) for k, v in line.items() if k != "position"},
            )
        )
    return found
