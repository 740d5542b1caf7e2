"""What it costs to ask for figures, and to check a ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.making import COUNTED_AS_OF, add, command, environment
from benchmarks.measuring import Figure, in_turn, wall_of
from ledger import fsck, leaves
from ledger.reader import open_log
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash
from projections import counts
from projections.basis import parse_as_of
from projections.readmodel import open_read_model, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.making import Made
    from projections.basis import Basis
    from projections.readmodel import ReadModel

ROUNDS = 200
MEASURES = counts.Question(counts.DEFAULT_MEASURES)
STARTS = 15
VERIFIED_UP_TO = 1_000_000
"""A minute a million facts."""


def reading(made: Made, repeat: int) -> Iterator[Figure]:
    """Yield the figures of one ledger."""
    yield whole_command(made)
    yield hashed(made, repeat)
    if made.size <= VERIFIED_UP_TO:
        yield verifying(made, repeat)


def as_of_counts(ledgers: Sequence[Made]) -> Iterator[Figure]:
    """Ask all ledgers in turn, in process, as of a day; compare with the smallest."""
    with ExitStack() as stack:
        asks = {one.facts: _asking(stack, one.ledger) for one in ledgers}
        took: dict[int, list[float]] = {facts: [] for facts in asks}
        for _ in range(ROUNDS):
            for facts, ask in asks.items():
                took[facts].append(wall_of(ask))
    smallest = min(took)
    for facts, seconds in took.items():
        pairs = zip(seconds, took[smallest], strict=True)
        yield Figure(
            "as-of count, in process",
            facts,
            f"the same at {smallest:,} facts",
            "at most 1.5, and below 5 ms",
            median(one / other for one, other in pairs),
            None,
            median(seconds),
            median(took[smallest]),
            f"{median(seconds) * 1000:.2f} ms",
        )


def _asking(stack: ExitStack, ledger: str) -> Callable[[], object]:
    log = stack.enter_context(open_log(ledger))
    model = stack.enter_context(open_read_model(log))
    return lambda: counts.count(model, parse_as_of(COUNTED_AS_OF, log), MEASURES)


def after_back_loading(folder: Path, made: Made) -> Iterator[Figure]:
    """Load facts that were known long ago; ask at a basis from before that, and now."""
    with open_log(made.ledger) as log, open_read_model(log):
        before = parse_as_of(COUNTED_AS_OF, log)
    for loaded in (made.facts // 1_000, made.facts // 100):
        source = folder / "back.jsonl"
        with source.open("w") as lines:
            lines.writelines(_known_long_ago(f"BACK-{loaded}", loaded // 4))
        add(made.ledger, source)
        source.unlink()
        yield _back_loaded(made, loaded, before)


def _known_long_ago(name: str, scrs: int) -> Iterator[str]:
    for number in range(scrs):
        common = {
            "scr": f"{name}-{number}",
            "effective_on": "2017-03-01",
            "known_at": "2017-03-02T12:00:00Z",
            "by": "bench",
        }
        filed = {"event": "filed", "case_number": "B", "office": "SAC Houston"}
        classified = {"event": "classified", "category": "gangs", "subcategory": "x"}
        outcome = {"event": "disrupted", "outcome": "D1"}
        for fact in (filed, classified, {"event": "approved"}, outcome):
            yield json.dumps(common | fact) + "\n"


def _back_loaded(made: Made, loaded: int, before: Basis) -> Figure:
    def ask(model: ReadModel, basis: Basis) -> float:
        return wall_of(lambda: counts.count(model, basis, MEASURES))

    with open_log(made.ledger) as log, open_read_model(log) as model:
        now = parse_as_of(COUNTED_AS_OF, log)
        pairs = [(ask(model, before), ask(model, now)) for _ in range(50)]
    one, other = (median(p[place] for p in pairs) for place in (0, 1))
    return Figure(
        "as-of count at a basis from before",
        made.facts,
        f"the same now, after back-loading {loaded:,} facts",
        "grows with these only",
        median(p[0] / p[1] for p in pairs),
        None,
        one,
        other,
        f"{one * 1000:.2f} ms",
    )


def whole_command(made: Made) -> Figure:
    """Compare the whole command ``scr count --json`` with a bare interpreter start."""
    env = environment()

    def run(words: list[str]) -> None:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=env)

    count = command(made.ledger, "count", "--json")
    run(count)
    return in_turn(
        "scr count --json",
        made.facts,
        lambda: run(count),
        lambda: run([sys.executable, "-c", "pass"]),
        baseline="a bare interpreter start",
        aim="at most 5",
        repeat=STARTS,
    )


def _hashing(made: Made) -> None:
    with open_log(made.ledger) as log:
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


def hashed(made: Made, repeat: int) -> Figure:
    """Compare a check of leaves, tiles and root with hashing the leaves alone."""
    return in_turn(
        "leaves, tiles and root verified",
        made.facts,
        lambda: leaves.check(made.ledger, silent),
        lambda: _hashing(made),
        baseline="hashing its leaves",
        aim="at most 3",
        repeat=repeat,
    )


def verifying(made: Made, repeat: int) -> Figure:
    """Compare a full check with hashing the leaves alone."""
    return in_turn(
        "full verification",
        made.facts,
        lambda: fsck.check(made.ledger, silent),
        lambda: _hashing(made),
        baseline="hashing its leaves",
        aim="stated",
        repeat=min(repeat, 3),
    )
