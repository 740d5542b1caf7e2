"""First figures: what import, rebuild and a question cost, as ratios within one run.

    ./dev bench [--facts N] [--repeat R] [--questions]

Every figure is a median of alternating repetitions, each beside its named baseline in
the same run, because the speed of a shared machine is nobody's property. The result is
written to ``benchmarks/results/`` with machine, versions and commit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from ledger import app, fsck
from ledger.domain.events import CASE_EVENTS
from ledger.intake.facts import JsonLines
from ledger.reader import open_log
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash
from projections import building, counts, reconcile
from projections.basis import parse_as_of
from projections.measures import find
from projections.readmodel import open_read_model, path_beside, silent
from projections.reconcile import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel

HERE = Path(__file__).parent
ROOT = HERE.parent
SAVES = 1_000
WRITERS = 8


class Figure(NamedTuple):
    """One comparison: how often the baseline fits into it, or it into the baseline."""

    name: str
    baseline: str
    aim: str
    ratio: float
    seconds: float
    baseline_seconds: float


def main() -> None:
    """Measure, print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument(
        "--questions", action="store_true", help="only what is asked of definitions"
    )
    asked = parser.parse_args()
    wanted = questions if asked.questions else measure
    with tempfile.TemporaryDirectory(prefix="scr-bench-") as folder:
        figures = list(wanted(Path(folder), asked.facts, asked.repeat))
    for figure in figures:
        print(f"{figure.name:<44} {figure.ratio:8.2f} times {figure.baseline}")
        print(f"{'':<44} aim: {figure.aim}")
    name = f"{asked.facts}{'-questions' if asked.questions else ''}"
    print(f"written to {write(figures, asked.facts, asked.repeat, name)}")


def measure(folder: Path, facts: int, repeat: int) -> list[Figure]:
    """Return the figures on a synthetic ledger of about ``facts`` facts."""
    source = folder / "facts.jsonl"
    build = ROOT / "fixtures" / "oig-23-52" / "build.py"
    command = [sys.executable, str(build), "--facts", str(facts), "-o", str(source)]
    subprocess.run(command, check=True)
    rows = source.read_bytes().splitlines()
    ledger = str(folder / "scr.db")
    load(ledger, source)
    return [
        saves_in_an_import(folder, source, len(rows), repeat),
        import_and_validation(folder, source, rows, repeat),
        rebuild_and_loads(ledger, repeat),
        catch_up(ledger, folder, repeat),
        question_and_start(ledger, repeat),
        verify_and_hashing(ledger, repeat),
        longest_wait(folder),
    ]


BODY = {
    "id": "bench",
    "version": 1,
    "title": "SCRs of a few categories",
    "owner": "bench",
    "source": "bench",
    "unit": "scr",
    "kinds": ["disruption", "dismantlement"],
    "population": {"categories_except": ["worksite-enforcement"], "tco": ["yes", "no"]},
    "attribution": "scr-approval",
    "data_quality": dict.fromkeys(
        ("verification", "sources", "accuracy", "limitations", "compensation"), "none"
    ),
}


def questions(folder: Path, facts: int, repeat: int) -> list[Figure]:
    """Return what questions about definitions and differences cost, beside a second."""
    source = folder / "facts.jsonl"
    build = ROOT / "fixtures" / "oig-23-52" / "build.py"
    command = [sys.executable, str(build), "--facts", str(facts), "-o", str(source)]
    subprocess.run(command, check=True)
    ledger = str(folder / "scr.db")
    load(ledger, source)
    path = path_beside(ledger)
    with open_log(ledger) as log:
        building.rebuild(log, path, silent)
    opened, _ = app.open_ledger(ledger)
    opened.define(BODY, by="bench")
    opened.close()
    figures = []
    with open_log(ledger) as log:
        totalled = timed(lambda: building.catch_up(log, path, silent))
        figures.append(_beside_a_second("a new definition, totalled once", [totalled]))
        with open_read_model(log) as model:
            for name, work in _asked(log, model):
                times = [timed(work) for _ in range(repeat)]
                figures.append(_beside_a_second(name, times))
    return figures


def _asked(log: Log, model: ReadModel) -> Iterator[tuple[str, Callable[[], object]]]:
    early, late = (parse_as_of(day, log) for day in ("2018-01-15", "2020-01-15"))
    month = parse_as_of("2020-02-15", log)
    for name in ("dd-all", "bench@1", "organizations-tco"):
        for by in ((), ("office",)):
            asked = counts.Question((name,), by=by)
            said = f"{name} as of a day{' by office' if by else ''}"
            yield said, partial(counts.count, model, late, asked)

    def sides(name: str, *bases: Basis) -> list[Side]:
        return [Side(basis, find(model, basis, name)) for basis in bases]

    for name in ("dd-all", "disruptions-tco", "organizations-tco"):
        one, other = sides(name, early, late)
        said = f"{name}, two years reconciled"
        yield said, partial(reconcile.reconcile, log, model, one, other, None)
    one, other = sides("dd-all", late, month)
    said = "dd-all, a month reconciled"
    yield said, partial(reconcile.reconcile, log, model, one, other, None)


def _beside_a_second(name: str, times: list[float]) -> Figure:
    return Figure(name, "1 second", "below 1", median(times), median(times), 1.0)


def alternating(
    repeat: int, ours: Callable[[], object], theirs: Callable[[], object]
) -> tuple[float, float, float]:
    """Time two things in turn; return the median ratio and both median times."""
    pairs = [(timed(ours), timed(theirs)) for _ in range(repeat)]
    ratio = median(one / other for one, other in pairs)
    return ratio, median(p[0] for p in pairs), median(p[1] for p in pairs)


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds something takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def load(path: str, source: Path) -> None:
    """Make a ledger and import a file."""
    app.create(path)
    ledger, identity = app.open_ledger(path)
    with source.open("rb") as lines:
        ledger.import_file(
            source.name, JsonLines(lines), zone=ZoneInfo(identity.timezone)
        )
    ledger.close()


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


def saves_in_an_import(folder: Path, source: Path, rows: int, repeat: int) -> Figure:
    """Compare facts per second: an import, and saves one at a time."""
    per_save: list[float] = []

    def stock() -> None:
        path = folder / f"stock-{uuid4().hex}.db"
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
        application: Application = Application(env)  # type: ignore[type-arg]
        case = StockCase("HO07QR19HO0042", "SAC Houston")
        for _ in range(SAVES):
            case.classify("crimes-against-children", "production", "agent-1187")
            application.save(case)
        application.close()

    def ours() -> None:
        load(str(folder / f"import-{uuid4().hex}.db"), source)

    pairs = []
    for _ in range(repeat):
        one, other = timed(ours) / rows, timed(stock) / SAVES
        per_save.append(other)
        pairs.append((other / one, one, other))
    return Figure(
        "import, facts per second",
        "one-at-a-time saves of the stock library",
        "at least 15",
        median(p[0] for p in pairs),
        median(p[1] for p in pairs),
        median(p[2] for p in pairs),
    )


def import_and_validation(
    folder: Path, source: Path, rows: list[bytes], repeat: int
) -> Figure:
    """Compare the time of an import with validating its lines by pydantic alone."""

    def ours() -> None:
        load(str(folder / f"import-{uuid4().hex}.db"), source)

    def validate() -> None:
        for row in rows:
            CASE_EVENTS.validate_json(row)

    return Figure(
        "import, time",
        "pydantic validation of the same lines",
        "at most 3 (of issue: fast)",
        *alternating(repeat, ours, validate),
    )


def rebuild_and_loads(ledger: str, repeat: int) -> Figure:
    """Compare a rebuild of the read model with ``json.loads`` of the same rows."""
    with open_log(ledger) as log:
        ratio = alternating(
            repeat,
            lambda: building.rebuild(log, path_beside(ledger), silent),
            lambda: [json.loads(row[3]) for row in log.narrow(0, log.head)],
        )
    return Figure("rebuild", "json.loads of the same rows", "at most 2", *ratio)


def catch_up(ledger: str, folder: Path, repeat: int) -> Figure:
    """Time the catch-up after one new fact, beside a rebuild."""
    seconds = []
    for number in range(repeat):
        extra = folder / f"extra-{number}.jsonl"
        fields = {
            "scr": f"BENCH-{number}",
            "event": "filed",
            "effective_on": "2024-01-02",
            "by": "bench",
            "case_number": "B",
            "office": "SAC Houston",
        }
        extra.write_text(json.dumps(fields) + "\n")
        opened, identity = app.open_ledger(ledger)
        with extra.open("rb") as lines:
            opened.import_file(
                extra.name, JsonLines(lines), zone=ZoneInfo(identity.timezone)
            )
        opened.close()
        with open_log(ledger) as log:
            path = path_beside(ledger)
            seconds.append(timed(lambda: building.catch_up(log, path, silent)))  # noqa: B023
    return Figure(
        "catch-up after one new fact",
        "10 milliseconds",
        "at most 1",
        median(seconds) / 0.01,
        median(seconds),
        0.01,
    )


def question_and_start(ledger: str, repeat: int) -> Figure:
    """Compare the whole command ``scr count --json`` with a bare interpreter start."""
    scr = Path(sys.executable).parent / "scr"
    count = [str(scr), "--ledger", ledger, "count", "--json"]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run(command: list[str]) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)

    run(count)
    ratio = alternating(
        max(repeat, 15), lambda: run(count), lambda: run([sys.executable, "-c", "pass"])
    )
    return Figure("scr count --json", "a bare interpreter start", "at most 5", *ratio)


def verify_and_hashing(ledger: str, repeat: int) -> Figure:
    """Compare a full check with hashing the leaves alone."""

    def hashing() -> None:
        with open_log(ledger) as log:
            for row in log.rows(0, log.head):
                leaf_hash(
                    entry(
                        row.position,
                        row.stream,
                        row.version,
                        row.topic,
                        row.recorded_at,
                        row.payload,
                    )
                )

    ratio = alternating(repeat, lambda: fsck.check(ledger, silent), hashing)
    return Figure("full verification", "hashing its leaves", "stated", *ratio)


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
        longest = max(longest, timed(lambda: opened.record(fields, zone=zone)))  # noqa: B023
        opened.close()
    return longest


def longest_wait(folder: Path) -> Figure:
    """Let eight processes record live facts at once; report the longest wait of any."""
    ledger = str(folder / "waits.db")
    app.create(ledger)
    with ProcessPoolExecutor(WRITERS, mp_context=get_context("spawn")) as pool:
        waits = list(
            pool.map(_one_writer, [ledger] * WRITERS, range(WRITERS), [40] * WRITERS)
        )
    return Figure(
        "longest wait of 8 writers, 40 facts each",
        "the 30 seconds after which one gives up",
        "below 1",
        max(waits) / 30,
        max(waits),
        30.0,
    )


def write(figures: list[Figure], facts: int, repeat: int, name: str) -> Path:
    """Write the figures with what they were measured on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - whichever git is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    libraries = ("eventsourcing", "pydantic", "sqlite-utils", "click")
    result = {
        "measured": datetime.now(UTC).date().isoformat(),
        "commit": commit or "unknown",
        "facts": facts,
        "repetitions": repeat,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in libraries},
        "figures": [
            {
                k: round(v, 6) if isinstance(v, float) else v
                for k, v in f._asdict().items()
            }
            for f in figures
        ],
    }
    path = HERE / "results" / f"{result['measured']}-{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path


if __name__ == "__main__":
    main()
