"""Programs that need no server: DuckDB over its own file, hledger over a journal."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from shutil import which
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.peers.common import AS_OF, DAY_AFTER, Missing, intervals, not_0

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.making import Made
    from benchmarks.peers.common import Answer, Ask

_DUCK = """
import json, sys, time
import duckdb
path, rows, at = sys.argv[1:]
db = duckdb.connect(path)
db.execute("SET threads=2")
db.execute("CREATE TABLE held AS SELECT * FROM read_csv(?, header=false,"
           " columns={'year':'INTEGER','since':'TIMESTAMP','until':'TIMESTAMP'})",
           [rows])
print("ready", flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    found = db.execute("SELECT year, count(*) FROM held WHERE since<=?::TIMESTAMP"
                       " AND until>?::TIMESTAMP GROUP BY year", [at, at]).fetchall()
    print(json.dumps([found, time.perf_counter() - started]), flush=True)
"""


class DuckDb:
    """Intervals in its own columns; it needs no index for a scan.

    Its Python may be another one: ``SCR_BENCH_DUCKDB`` names it.
    """

    name = "DuckDB, intervals"
    whole_process = False

    @contextmanager
    def prepared(self, made: Made, folder: Path) -> Iterator[Ask]:
        """Load the intervals."""
        python = os.environ.get("SCR_BENCH_DUCKDB", sys.executable)
        try:
            subprocess.run(
                [python, "-c", "import duckdb"], check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError):
            message = f"{python} has no duckdb; set SCR_BENCH_DUCKDB to one that has"
            raise Missing(message) from None
        rows, path = folder / "intervals.csv", folder / "peer.duckdb"
        path.unlink(missing_ok=True)
        with rows.open("w") as out:
            for year, since, until in intervals(made):
                out.write(f"{year},{since},{until or '2999-01-01 00:00:00'}\n")
        at = AS_OF.rstrip("Z").replace("T", " ")
        with subprocess.Popen(
            [python, "-c", _DUCK, str(path), str(rows), at],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            rows.unlink()
            asking, told = process.stdin, process.stdout

            def ask() -> tuple[Answer, float]:
                asking.write("\n")
                asking.flush()
                found, took = json.loads(told.readline())
                return not_0(dict(found)), took

            yield ask
            asking.close()
        path.unlink()


class Hledger:
    """A text journal: a transaction when an outcome began to count, one when it ended.

    It reads and checks the whole journal for every question.
    """

    name = "hledger, a journal of days"
    whole_process = True

    @contextmanager
    def prepared(self, made: Made, folder: Path) -> Iterator[Ask]:
        """Write the journal, by day."""
        if which("hledger") is None:
            message = "hledger is not here"
            raise Missing(message)
        entries: list[tuple[str, int, int]] = []
        for year, since, until in intervals(made):
            entries.append((since[:10], year, 1))
            if until is not None:
                entries.append((until[:10], year, -1))
        entries.sort()
        path = folder / "outcomes.journal"
        with path.open("w") as out:
            for day, year, change in entries:
                out.write(f"{day} x\n  outcomes:{year}  {change}\n  source\n\n")
        words = ["hledger", "-f", str(path), "balance", "outcomes", "--depth", "2"]
        words += ["-e", DAY_AFTER, "-N", "-O", "csv"]

        def ask() -> tuple[Answer, float]:
            started = perf_counter()
            said = subprocess.run(words, capture_output=True, text=True, check=True)
            took = perf_counter() - started
            rows = list(csv.reader(said.stdout.splitlines()))[1:]
            found = {int(name.split(":")[1]): int(value) for name, value in rows}
            return not_0(found), took

        yield ask
        path.unlink()
