"""What import, rebuild, a question and a check cost, as ratios within one run.

    ./dev bench [--size 1e4..1e6] [--repeat R] [--ledgers FOLDER] [--only PART…]

One ledger for each power of ten, and one table. Peers are asked at the largest size up
to a million facts; one that is not on this machine is skipped by name. The result is
written to ``benchmarks/results/`` with machine, versions and commit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.making import made
from benchmarks.measuring import printed, write
from benchmarks.peers.asked import peers
from benchmarks.questions import questions
from benchmarks.reading import after_back_loading, as_of_counts, reading
from benchmarks.writing import longest_wait, writing

if TYPE_CHECKING:
    from benchmarks.making import Made
    from benchmarks.measuring import Figure

PARTS = ("writing", "reading", "counts", "peers", "questions")
PEERS_UP_TO = 1_000_000
LARGE = 1_000_000
"""From how many facts on things are done fewer times."""


def main() -> None:
    """Measure, print the table, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=sizes, default=sizes("1e4..1e5"), metavar="N..M")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--ledgers", type=Path, help="where ledgers are kept for later")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=PARTS,
        default=PARTS[:-1],
        help="what is measured; `questions`, of definitions, only if it is named",
    )
    asked = parser.parse_args()
    keep = asked.ledgers
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = keep or stack.enter_context(tempfile.TemporaryDirectory("-scr-bench"))
        ledgers = []
        for size in asked.size:
            tell(f"a ledger of {size:,} facts")
            ledgers.append(made(Path(folder), size))
        figures = measured(Path(folder), ledgers, asked)
    print(printed(figures))
    parts = "" if set(asked.only) == set(PARTS[:-1]) else f"-{'-'.join(asked.only)}"
    name = f"{asked.size[-1]}{parts}"
    print(f"written to {write(figures, name, sizes=asked.size, repeat=asked.repeat)}")


def sizes(text: str) -> list[int]:
    """Return the powers of ten from one size to another, ``1e4..1e6``; or the one."""
    first, _, last = text.partition("..")
    low, high = float(first), float(last or first)
    found = []
    while low <= high:
        found.append(round(low))
        low *= 10
    return found


def measured(
    folder: Path, ledgers: list[Made], asked: argparse.Namespace
) -> list[Figure]:
    """Return all figures of some ledgers."""
    figures: list[Figure] = []
    for one in ledgers:
        repeat = asked.repeat if one.size < LARGE else max(1, asked.repeat // 3)
        if "writing" in asked.only:
            tell(f"writing, at {one.facts:,} facts")
            figures += writing(folder, one, repeat)
        if "reading" in asked.only:
            tell(f"reading, at {one.facts:,} facts")
            figures += reading(one, repeat)
        if "questions" in asked.only:
            tell(f"questions, at {one.facts:,} facts")
            figures += questions(one, repeat)
    if "counts" in asked.only:
        tell("counts as of a day, all sizes in turn")
        figures += as_of_counts(ledgers)
    asked_peers = [one for one in ledgers if one.size <= PEERS_UP_TO][-1:]
    for one in asked_peers if "peers" in asked.only else ():
        tell(f"peers, at {one.facts:,} facts")
        figures += peers(folder, one, min(asked.repeat, 3), tell)
    for one in ledgers if "reading" in asked.only else ():
        tell(f"back-loading, at {one.facts:,} facts")
        figures += after_back_loading(folder, one)
    if "writing" in asked.only:
        figures.append(longest_wait(folder))
    return figures


def tell(text: str) -> None:
    """Say on stderr what is being done."""
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
