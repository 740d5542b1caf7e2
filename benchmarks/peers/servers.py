"""Databases that run already: PostgreSQL and MariaDB, each through its own client.

Each gets a database of its own, with a name nobody else has, dropped afterwards. The
time of a question is what the server or its client says, without starting a client.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from shutil import which
from typing import TYPE_CHECKING
from uuid import uuid4

from benchmarks.peers.common import AS_OF, FOREVER, Missing, intervals, not_0

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.making import Made
    from benchmarks.peers.common import Answer, Ask

_AT = AS_OF.rstrip("Z").replace("T", " ")


def _tsv(made: Made, path: Path, forever: str) -> None:
    with path.open("w") as out:
        for year, since, until in intervals(made):
            out.write(f"{year}\t{since}\t{until or forever}\n")


def _run(command: list[str], text: str) -> str:
    try:
        ended = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        message = f"{command[0]} is not here"
        raise Missing(message) from None
    except subprocess.CalledProcessError as error:
        raise Missing(error.stderr.strip().splitlines()[0]) from None
    return ended.stdout


def _answer(rows: str) -> Answer:
    pairs = re.findall(r"^(\d{4})\t(\d+)$", rows, re.MULTILINE)
    return not_0({int(year): int(value) for year, value in pairs})


class PostgreSql:
    """Intervals, under a covering index on both ends."""

    name = "PostgreSQL, intervals, covering index"
    whole_process = False

    @contextmanager
    def prepared(self, made: Made, folder: Path) -> Iterator[Ask]:
        """Copy the intervals in, and index them."""
        name = f"bench_{uuid4().hex}"
        psql = ["psql", "-h", "127.0.0.1", "-U", "postgres", "-XqAtF\t"]
        psql += ["-v", "ON_ERROR_STOP=1"]
        _run([*psql, "postgres"], f"CREATE DATABASE {name};")
        try:
            rows = folder / "intervals.tsv"
            _tsv(made, rows, "infinity")
            _run(
                [*psql, name],
                "CREATE TABLE held (year int, since timestamp, until timestamp);\n"
                f"\\copy held FROM '{rows}'\n"
                "CREATE INDEX ON held (since, until) INCLUDE (year);\n"
                "VACUUM ANALYZE held;",
            )
            rows.unlink()
            query = (
                "\\timing on\n"  # Of what follows, the second is told: warm.
                + f"SELECT year, count(*) FROM held WHERE since<='{_AT}'"  # noqa: S608 - ours
                f" AND until>'{_AT}' GROUP BY year;\n" * 2
            )

            def ask() -> tuple[Answer, float]:
                said = _run([*psql, name], query)
                took = re.findall(r"^Time: ([0-9.]+) ms", said, re.MULTILINE)
                return _answer(said), float(took[-1]) / 1000

            yield ask
        finally:
            _run([*psql, "postgres"], f"DROP DATABASE {name};")


class MariaDb:
    """A system-versioned table, given its history; asked as of a system time."""

    name = "MariaDB, system-versioned table"
    whole_process = False

    @contextmanager
    def prepared(self, made: Made, folder: Path) -> Iterator[Ask]:
        """Load the rows with their periods, and index them."""
        if which("mariadb") is None:
            message = "mariadb is not here"
            raise Missing(message)
        name = f"bench_{uuid4().hex}"
        client = ["mariadb", "-u", "root", "-N", "-B", "--local-infile=1"]
        _run(client, f"CREATE DATABASE {name}")
        try:
            rows = folder / "intervals-m.tsv"
            _tsv(made, rows, FOREVER)
            _run(
                [*client, name],
                "SET time_zone='+00:00', system_versioning_insert_history=1;"
                "CREATE TABLE held (year int,"
                " since timestamp(6) GENERATED ALWAYS AS ROW START,"
                " until timestamp(6) GENERATED ALWAYS AS ROW END,"
                " PERIOD FOR SYSTEM_TIME (since, until)) WITH SYSTEM VERSIONING;"
                f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE held"
                " (year, since, until);"
                "SET system_versioning_alter_history=KEEP;"
                "ALTER TABLE held ADD INDEX (since, until, year);"
                "ANALYZE TABLE held",
            )
            rows.unlink()
            query = (
                "SET time_zone='+00:00';"
                + (
                    "SELECT 'at', SYSDATE(6);"  # noqa: S608 - ours
                    f"SELECT year, count(*) FROM held FOR SYSTEM_TIME AS OF '{_AT}'"
                    " GROUP BY year; SELECT 'at', SYSDATE(6);"
                )
                * 2
            )

            def ask() -> tuple[Answer, float]:
                said = _run([*client, name], query)
                clock = r"^at\t\S+ (\d+):(\d+):([0-9.]+)$"
                times = [
                    int(h) * 3600 + int(m) * 60 + float(s)
                    for h, m, s in re.findall(clock, said, re.MULTILINE)
                ]
                return _answer(said), (times[-1] - times[-2]) % 86_400

            yield ask
        finally:
            _run(client, f"DROP DATABASE {name}")
