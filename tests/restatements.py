"""Restatements for tests: plain ones, and ones computed and recorded as everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.publication import (
    Counted,
    Figure,
    Gate,
    Publication,
    Rested,
    hash_of_set,
)
from ledger.domain.restatement import Change, Previously, Supersedes
from projections import basis as bases
from projections import publishing
from projections.publications import named
from projections.publishing import Printed, Wanted
from projections.restatements import Said, restatement
from projections.restating import current, next_name, restated
from tests.claims import opened, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.reader import Log
    from projections.basis import Basis

HASH = "0123456789abcdef" * 4
GREEN = Gate(green=True, taxonomy=None, rules=())
LATE = Change("late-information", 1, 1, 0)
GONE = Change("reversal", -1, 0, 1)


def figure(**said: Any) -> Figure:
    """
    Return a restated figure: 2 previously, of which one went, and one came.
    """
    units = ("a", "b")
    found = Figure("dd-all", 2019, 2, units, hash_of_set(units))
    return found._replace(
        previously=Previously("dd-all", 1, 2),
        changes=(LATE, GONE),
        statuses=("late-data", "error"),
    )._replace(**said)


def plain(*figures: Figure, **said: Any) -> Publication:
    """
    Return a restatement that agrees with itself.
    """
    return Publication(
        "APR-R1",
        "restatement",
        "a report (revised)",
        "what it says",
        Rested("all", None, 1, HASH, "none", 0, 0),
        (Counted("dd-all", 1, HASH),),
        figures or (figure(),),
        gate=GREEN,
        supersedes=Supersedes("APR", HASH),
        reason="late facts",
    )._replace(**said)


# --- recorded ones --------------------------------------------------------------------


def publish(path: str, name: str, *figures: tuple[str, int]) -> Publication:
    """
    Compute a publication of all that is recorded, and record it.
    """
    wanted = Wanted(name, "a report", "what it says", figures)
    keys = [(measure.partition("@")[0], year) for measure, year in figures]
    with opened(path) as (log, model):
        basis, head = bases.of_now(log), log.head
        content = publishing.publication(
            log,
            model,
            basis,
            wanted,
            gate=GREEN,
            override=None,
            statuses=dict.fromkeys(keys, "late-data"),
        )
    with writing(path) as ledger:
        (decided,) = ledger.publish([content], head=head, by="publisher")
    return decided.content


def register(path: str, name: str, *figures: tuple[str, int, int]) -> None:
    """
    Register what was printed, on the basis of all that is recorded.
    """
    words = tuple((measure, year, value, None) for measure, year, value in figures)
    with opened(path) as (log, model):
        head = log.head
        one = Printed(
            name,
            "a report",
            "what it says",
            printed_on="2020-01-15",
            as_of=f"@{head}",
            synthetic=False,
            figures=words,
        )
        contents = publishing.as_printed(log, model, [one])
    with writing(path) as ledger:
        ledger.publish(contents, head=head, by="archivist")


def draft(
    path: str,
    name: str,
    recasts: Sequence[str] = (),
    at: Callable[[Log], Basis] = bases.of_now,
) -> tuple[Publication, int]:
    """
    Compute the restatement of what is current of a publication, and the head.
    """
    with opened(path) as (log, model):
        basis, old = at(log), current(log, named(log, name))
        figures = restated(model, basis, old.content, recasts)
        said = Said(next_name(log, old), "a report (revised)", None, "because")
        content = restatement(
            log, model, basis, old, figures, said, gate=GREEN, override=None
        )
        return content, log.head


def restate(
    path: str,
    name: str,
    recasts: Sequence[str] = (),
    at: Callable[[Log], Basis] = bases.of_now,
) -> Publication:
    """
    Compute the restatement of a publication and record it.
    """
    content, head = draft(path, name, recasts, at)
    with writing(path) as ledger:
        (decided,) = ledger.publish([content], head=head, by="publisher")
    return decided.content
