"""Two things done in turn, and how often one fits into the other.

The speed of a shared machine is nobody's property: only neighbours in time compare.
Processor time is kept beside wall time, because what else runs there lengthens only
the latter; of work in two processes it is that of both together.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[], object]

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"


class Spent(NamedTuple):
    """Seconds something took: on the wall, and of processors, its children's too."""

    wall: float
    cpu: float


class Figure(NamedTuple):
    """One comparison at one size: how often one of two things fits into the other."""

    name: str
    size: int
    """How many facts the ledger has."""
    baseline: str
    aim: str
    ratio: float
    """Of wall times; the median of ratios of neighbours."""
    cpu_ratio: float | None
    seconds: float
    baseline_seconds: float
    note: str = ""


def spent(work: Work) -> Spent:
    """Do something, and return what it took."""
    cpu, wall = _cpu(), perf_counter()
    work()
    return Spent(perf_counter() - wall, _cpu() - cpu)


def _cpu() -> float:
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(one.ru_utime + one.ru_stime for one in used)


def wall_of(work: Work) -> float:
    """Do something, and return how many seconds it took on the wall."""
    return spent(work).wall


def in_turn(  # noqa: PLR0913 - what a figure says of itself
    name: str,
    size: int,
    ours: Work,
    theirs: Work,
    *,
    baseline: str,
    aim: str,
    repeat: int,
    note: str = "",
) -> Figure:
    """Do two things in turn; return how many times as long the first takes."""
    pairs = [(spent(ours), spent(theirs)) for _ in range(repeat)]
    return Figure(
        name,
        size,
        baseline,
        aim,
        median(one.wall / other.wall for one, other in pairs),
        median(one.cpu / other.cpu for one, other in pairs),
        median(one.wall for one, _ in pairs),
        median(other.wall for _, other in pairs),
        note,
    )


def beside(  # noqa: PLR0913 - what a figure says of itself
    name: str, size: int, seconds: float, limit: float, *, baseline: str, note: str = ""
) -> Figure:
    """Return a time as a part of a limit it has to stay below."""
    ratio = seconds / limit
    return Figure(name, size, baseline, "below 1", ratio, None, seconds, limit, note)


_MEASURED = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_maxrss // 1024, used.ru_utime + used.ru_stime]))
"""
"""A process starts with the memory of whoever starts it, so a small one does."""


def most_memory(command: list[str], env: dict[str, str]) -> tuple[int, Spent]:
    """Run a command; return the MiB of its greatest process, and what it took."""
    before = perf_counter()
    said = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command],
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    wall = perf_counter() - before
    mebibytes, cpu = json.loads(said.stdout)
    return mebibytes, Spent(wall, cpu)


def printed(figures: list[Figure]) -> str:
    """Return figures as one table."""
    lines = [f"{'what':<44}{'facts':>11}{'ratio':>10}{'cpu':>8}  times what (aim)"]
    for one in figures:
        cpu = "" if one.cpu_ratio is None else f"{one.cpu_ratio:.2f}"
        lines.append(
            f"{one.name:<44}{one.size:>11,}{one.ratio:>10.3g}{cpu:>8}"
            f"  {one.baseline} ({one.aim}){'; ' if one.note else ''}{one.note}"
        )
    return "\n".join(lines)


def write(figures: list[Figure], name: str, **said: object) -> Path:
    """Write figures with what they were measured on; return where."""
    result = {
        "measured": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        **said,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "load": [round(one, 1) for one in os.getloadavg()],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "libraries": {
            name: metadata.version(name)
            for name in ("eventsourcing", "pydantic", "sqlite-utils", "click")
        },
        "figures": [
            {
                key: round(value, 6) if isinstance(value, float) else value
                for key, value in one._asdict().items()
            }
            for one in figures
        ],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{result['measured']}-{name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    said = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"
