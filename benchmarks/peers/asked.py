"""All peers in turn with this ledger, each answer compared with ours."""

from __future__ import annotations

import subprocess
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.making import command, environment
from benchmarks.measuring import Figure
from benchmarks.peers.common import AS_OF, MEASURES, Missing, ours
from benchmarks.peers.files import DuckDb, Hledger
from benchmarks.peers.servers import MariaDb, PostgreSql
from benchmarks.peers.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.making import Made
    from benchmarks.peers.common import Answer, Ask, Peer

PEERS: tuple[Peer, ...] = (Stock(), PostgreSql(), MariaDb(), DuckDb(), Hledger())


def peers(
    folder: Path, made: Made, repeat: int, tell: Callable[[str], None]
) -> Iterator[Figure]:
    """Yield how many times as long each peer takes; one that is missing is told of.

    :raises ValueError: an answer is not ours.
    """
    with ours(made) as ask:
        expected, _ = ask()
        for peer in PEERS:
            started = perf_counter()
            try:
                with peer.prepared(made, folder) as theirs:
                    took = perf_counter() - started
                    base = _whole(made, expected) if peer.whole_process else ask
                    yield _compared(peer, made, theirs, base, repeat, took)
            except Missing as why:
                tell(f"{peer.name}: skipped, {why}")


def _compared(  # noqa: PLR0913, PLR0917 - what a comparison is of
    peer: Peer, made: Made, theirs: Ask, base: Ask, repeat: int, preparing: float
) -> Figure:
    pairs = []
    for _ in range(repeat):
        (found, one), (expected, other) = theirs(), base()
        if found != expected:
            message = f"{peer.name} answers {found}, not {expected}"
            raise ValueError(message)
        pairs.append((one, other))
    what = "scr count --json" if peer.whole_process else "our count, in process"
    return Figure(
        peer.name,
        made.facts,
        what,
        "above 1: slower than ours",
        median(one / other for one, other in pairs),
        None,
        median(one for one, _ in pairs),
        median(other for _, other in pairs),
        f"answers equal; {preparing:,.1f} s to prepare",
    )


def _whole(made: Made, expected: Answer) -> Ask:
    """Return how the whole command is asked; its answer is the one in process."""
    words = command(made.ledger, "count", *MEASURES.measures, "--as-of", AS_OF)
    env = environment()

    def ask() -> tuple[Answer, float]:
        started = perf_counter()
        subprocess.run(
            [*words, "--json"], check=True, stdout=subprocess.DEVNULL, env=env
        )
        return expected, perf_counter() - started

    return ask
