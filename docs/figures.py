"""Write what a long run came to into docs/reliability.md.

`docs/figures.py FILE` reads the lines that the tests of `./dev soak` left in FILE (see
tests/soak.py); lines of the same figure are added up. `./dev soak` runs it at its end.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
PLACE = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- /figures -->)", re.DOTALL)


class Figure(NamedTuple):
    """All of one run about one name, kind and way to fail."""

    name: str
    kind: str
    what: str
    runs: int
    failures: int
    seconds: float

    @property
    def verdict(self) -> str:
        """What the reader is to think of it."""
        if self.kind == "seeded":
            return "red, as it must be" if self.failures else "NOT RED"
        return "held" if not self.failures else "BROKEN"


def read(lines: list[str]) -> list[Figure]:
    """Return the figures of a run, each once, in the order they first came."""
    found: dict[tuple[str, str, str], Figure] = {}
    for line in lines:
        said = json.loads(line)
        key = (said["name"], said["kind"], said["what"])
        old = found.get(key, Figure(*key, 0, 0, 0.0))
        found[key] = old._replace(
            runs=old.runs + said["runs"],
            failures=old.failures + said["failures"],
            seconds=old.seconds + (said["seconds"] or 0.0),
        )
    return list(found.values())


def table(figures: list[Figure], planned: dict[str, str]) -> str:
    """Return the table, in the order of the plan, and what was not run."""
    order = list(planned)
    kinds = ["held", "seeded"]
    ranked = sorted(
        figures, key=lambda one: (order.index(one.name), kinds.index(one.kind))
    )
    rows = [
        "| what was tried | a failure is, or what was taken out"
        " | tried | failed | seconds | so it |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for one in ranked:
        seconds = f"{one.seconds:,.0f}" if one.seconds else ""
        rows.append(
            f"| {planned[one.name]} | {one.what} | {one.runs:,} | {one.failures:,}"
            f" | {seconds} | {one.verdict} |"
        )
    done = {one.name for one in figures}
    left = [
        f"- {says} (`{name}`)" for name, says in planned.items() if name not in done
    ]
    missing = "\n".join(left) if left else "Nothing of what is planned was left out."
    detectors = {one.name for one in figures if one.kind == "seeded"}
    red = {one.name for one in figures if one.kind == "seeded" and one.failures}
    return (
        "\n".join(rows)
        + f"\n\nDetectors with a defence taken out on purpose: {len(detectors)};"
        f" seen to turn red: {len(red)}.\n"
        f"\n### Not run this time\n\n{missing}\n"
    )


def machine() -> str:
    """Return on what this runs, in a sentence."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - whichever is there
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return (
        f"Written on {datetime.now(UTC):%Y-%m-%d} at commit"
        f" {commit or 'unknown'}: {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} cores, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}.\n"
        "Seconds are of a machine shared with other work.\n"
    )


def main(file: str) -> int:
    """Write the figures of a run into the page; end with 1 if one is not as it must."""
    sys.path.insert(0, str(ROOT))
    from tests.soak import PLANNED

    lines = Path(file).read_text(encoding="utf-8").splitlines()
    figures = read(lines)
    text = f"\n{machine()}\n{table(figures, dict(PLANNED))}\n"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(PLACE.sub(lambda _: text, page), encoding="utf-8")
    return 1 if any(one.verdict.isupper() for one in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
