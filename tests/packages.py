"""Correction packages for tests: proposed, previewed and decided as everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from ledger import app, fsck
from ledger.copying import copied
from ledger.reader import open_log
from projections import basis as bases
from projections import packages
from projections.counts import Question, count
from projections.history import exported
from projections.publishing import Printed, as_printed
from projections.readmodel import open_read_model, path_beside
from tests import ledgers, oracle
from tests.claims import opened, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import pytest

    from ledger.store.packages import Decided
    from projections.packages import Preview

    Clocked = Callable[[], datetime]

ZONE = ZoneInfo(ledgers.ZONE)
WHY = {"reason_code": "other", "reason": "as found"}
NO_HASH = "0" * 64


def two_people(patch: pytest.MonkeyPatch) -> None:
    """
    Let a ledger ask for two people, and not for their roles.
    """
    for module in ("people", "publications"):
        patch.setattr(f"ledger.store.{module}.four_eyes", lambda _: True)
    patch.setattr("ledger.domain.people.People.four_eyes", property(lambda _: True))
    patch.setattr("ledger.domain.people.permit", lambda _people, _act, by, _as: by)


def item(event: str, scr: str = "SCR-1", day: str = "2019-03-04", **fields) -> dict:
    """
    Return an item about an SCR; an underscore at the end of a name is left out.
    """
    named = {name.removesuffix("_"): value for name, value in fields.items()}
    return {"scr": scr, "event": event, "effective_on": day, **named}


def merger(organization: str, into: str, **fields) -> dict:
    """
    Return an item that makes an organization one with another.
    """
    said = {"event": "merged", "into": into, "effective_on": "2019-03-04"}
    return {"organization": organization, **said, **fields}


def propose(
    path: str,
    *items: Mapping[str, str],
    by: str = "ann",
    clock: Clocked | None = None,
    **said,
) -> Decided:
    """
    Propose a package, or with `amends` amend one.
    """
    with writing(path, clock) as ledger:
        return ledger.propose(items, zone=ZONE, by=by, **{**WHY, **said})


def hash_now(path: str, package: str = "C-1") -> str:
    """
    Return the hash of a package as it stands.
    """
    with open_log(path) as log:
        return packages.hash_now(log, packages.package_of(log, package).package)


def agree(  # noqa: PLR0913 - of keywords
    path: str,
    package: str = "C-1",
    *,
    by: str = "bob",
    hash_: str | None = None,
    clock: Clocked | None = None,
    dry_run: bool = False,
) -> Decided:
    """
    Agree to a package; without a hash to what stands.
    """
    digest = hash_now(path, package) if hash_ is None else hash_
    with writing(path, clock) as ledger:
        return ledger.agree(package, zone=ZONE, hash_=digest, by=by, dry_run=dry_run)


def turn_down(path: str, package: str = "C-1", *, by: str, recall: bool) -> Decided:
    """
    Reject a package, or take it back.
    """
    with writing(path) as ledger:
        return ledger.turn_down(package, zone=ZONE, reason="no", by=by, recall=recall)


def record(path: str, event: str, scr: str = "SCR-1", **fields) -> None:
    """
    Record one live fact.
    """
    said = {"scr": scr, "event": event, "by": "agent-1", **fields}
    with writing(path) as ledger:
        ledger.record(said, zone=ZONE)


def previewed(path: str, package: str = "C-1") -> Preview:
    """
    Carry a package out in a copy, and return what it does.
    """
    with open_log(path) as log:
        size = len(packages.package_of(log, package).package.content.items)
    with copied(path, [path_beside(path)]) as copy:
        ledger, _ = app.open_ledger(copy, clock=ledgers.Clock())
        try:
            upto = ledger.carry_out(package, zone=ZONE)
        finally:
            ledger.close()
        with open_log(copy) as log, open_read_model(log) as model:
            return packages.preview(log, model, upto - size, upto)


def publish(path: str, name: str, *figures: tuple[str, int, int]) -> None:
    """
    Register what a document printed: measures, years and figures, as of now.
    """
    with opened(path) as (log, model):
        printed = tuple((*figure, None) for figure in figures)
        one = Printed(
            name,
            "a report",
            "dd-all",
            printed_on="2024-01-01",
            as_of=f"@{log.head}",
            synthetic=True,
            figures=printed,
        )
        made = as_printed(log, model, [one])
        head = log.head
    with writing(path) as ledger:
        ledger.publish(made, head=head, by="press")


def seals(path: str) -> dict[str, bytes]:
    """
    Return the publications of a ledger, each as the bytes that are kept.
    """
    with open_log(path) as log:
        return {
            row.stream: row.payload
            for row in log.rows(0, log.head)
            if row.topic == "ledger.published/1"
        }


class Cell(NamedTuple):
    """A figure: a measure and a year."""

    measure: str
    fiscal_year: int


YEARS = range(2015, 2023)


def counts(path: str, years: range = YEARS) -> dict[Cell, int]:
    """
    Return every figure of today, by the read model.
    """
    with opened(path) as (log, model):
        basis = bases.of_now(log)
        question = Question(oracle.MEASURES, years)
        return {
            Cell(str(row["measure"]), int(row["fiscal_year"])): int(row["value"])
            for row in count(model, basis, question)
        }


def head(path: str) -> int:
    """
    Return how far the log goes.
    """
    with open_log(path) as log:
        return log.head


def lines(path: str) -> list[dict]:
    """
    Return the case facts of a ledger, as its export has them.
    """
    with open_log(path) as log:
        return list(exported(log))


def verified(path: str) -> tuple[fsck.Finding, ...]:
    """
    Return what the checker finds.
    """
    return fsck.check(path, lambda _: None).findings
