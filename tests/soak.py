"""Figures of a long run: what was tried, how often, and how often it failed.

`./dev soak` names a file in SCR_SOAK_FIGURES; each soak test adds a line to it, and
docs/figures.py makes the table of docs/reliability.md of these lines. Without that
variable, as in the suite, nothing is written.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["held", "seeded"]
"""``held``: it is to hold, and 0 failures is the aim. ``seeded``: the defence was taken
out on purpose, and 0 failures would mean that the test cannot fail."""

PLANNED: Mapping[str, str] = {
    "kills": "kill -9 at random up to 20 ms after an acknowledgement",
    "kill-steps": "kill -9 before every statement and file operation of every act",
    "power": "loss of power at every file operation, from a record of all of them",
    "io-errors": "the Nth call that writes, syncs, names or removes fails, for every N",
    "io-errors-twice": "a second one fails while the first is recovered from",
    "file-size": "no room: a limit on the size of files, at random sizes",
    "races": "two writers and a reader, each a process",
    "copies": "copies made the wrong way while somebody writes",
    "corrections-machine": "correction packages against a model, random steps",
    "packages-races": "agreement against agreement or amendment, two processes",
    "tampering": "seven attacks at every place of a log, as found and hashed anew",
    "flips": "every bit of a ledger file of a hundred facts",
    "verifier": "each check of the verifier taken out, against every named attack",
    "signed-bytes": "every byte of checkpoints and publications, changed",
    "proofs": "every bit of a proof of a fact, of growth and of a member, turned",
    "witness-races": "two forks shown to one witness at once, two processes",
    "as-of": "random questions as of random moments, against a replay",
    "simulation": "lives of a ledger from a seed: crash, retry, clock, two writers",
    "hostile-bombs": "files that unpack, nest or reach out to far more than they are",
    "spreadsheet": "cells of CSV and TSV with hostile texts, opened in LibreOffice",
    "hostile-typed": "hostile values in every place of every command line",
    "hostile-files": "hostile values in every place of every file",
    "hostile-answers": "recorded hostile values in every answer and format",
    "hostile-pages": "recorded hostile values in every page of HTML",
}
"""Every figure there is to be, and what is tried in it; one without a line in the run
is printed as not run."""


def figure(  # noqa: PLR0913 - one for each column
    name: str,
    kind: Kind,
    runs: int,
    failures: int,
    what: str = "",
    *,
    since: float | None = None,
) -> None:
    """Add what a test did to the figures of this run, if figures are asked for.

    :param name: as in ``PLANNED``.
    :param what: what a failure is (`acknowledged facts lost`), and which defence is out
    :param since: ``time.monotonic()`` when it began.
    """
    assert name in PLANNED, f"name {name} in tests/soak.py first"
    target = os.environ.get("SCR_SOAK_FIGURES")
    if not target:
        return
    line = {
        "name": name,
        "kind": kind,
        "runs": runs,
        "failures": failures,
        "what": what,
        "seconds": None if since is None else round(time.monotonic() - since, 1),
    }
    with open(target, "a", encoding="utf-8") as out:  # noqa: PTH123 - appends a line
        out.write(f"{json.dumps(line)}\n")
