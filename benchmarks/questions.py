"""What questions about definitions and differences cost, beside a second."""

from __future__ import annotations

import subprocess
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.making import command, environment
from benchmarks.measuring import Figure, beside, spent, wall_of
from ledger import app
from ledger.reader import open_log
from projections import building, counts, reconcile
from projections.basis import parse_as_of
from projections.measures import find
from projections.readmodel import open_read_model, path_beside, silent
from projections.reconcile import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.making import Made
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel

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


REPORTS = (
    ("vintages", "dd-all"),
    ("vintages", "organizations-tco"),
    ("validate",),
    ("late",),
)
"""Commands that go through much of the log; whole processes."""


def questions(made: Made, repeat: int) -> Iterator[Figure]:
    """Define a measure, and ask; yield what each question costs beside a second."""
    with open_log(made.ledger) as log, open_read_model(log):
        pass  # It is at the head now.
    opened, _ = app.open_ledger(made.ledger)
    opened.define(BODY, by="bench")
    opened.close()
    with open_log(made.ledger) as log:
        path = path_beside(made.ledger)
        once = wall_of(lambda: building.catch_up(log, path, silent))
        yield _figure("a new definition, totalled once", made, [once])
        with open_read_model(log) as model:
            for name, work in _asked(log, model):
                yield _figure(name, made, [wall_of(work) for _ in range(repeat)])
    for report in REPORTS:
        yield _reported(made, report, repeat)


def _reported(made: Made, report: tuple[str, ...], repeat: int) -> Figure:
    """Run a command some times; give its processor time beside a second."""

    def work() -> None:
        subprocess.run(
            command(made.ledger, *report, "--json"),
            env=environment(),
            stdout=subprocess.DEVNULL,
            check=report != ("validate",),  # It ends with 1 where a rule fails.
        )

    took = [spent(work) for _ in range(repeat)]
    return beside(
        f"scr {' '.join(report)}, processor time",
        made.facts,
        median(one.cpu for one in took),
        1.0,
        baseline="1 second",
        note=f"{median(one.wall for one in took):.1f} s on the wall",
    )


def _figure(name: str, made: Made, seconds: list[float]) -> Figure:
    return beside(name, made.facts, median(seconds), 1.0, baseline="1 second")


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
