"""Claims for tests: proved, recorded and proved again as everybody's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger import app
from ledger.domain.claim import Claim, Proof, typed
from ledger.reader import open_log
from projections import assertions
from projections import basis as bases
from projections.readmodel import open_read_model
from tests.ledgers import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ledger.app import CaseLedger
    from ledger.reader import Log
    from ledger.store.assertions import Decided
    from projections.assertions import Checked
    from projections.readmodel import ReadModel


@contextmanager
def opened(path: str) -> Iterator[tuple[Log, ReadModel]]:
    """
    Yield a ledger's log and its read model.
    """
    with open_log(path) as log, open_read_model(log) as model:
        yield log, model


@contextmanager
def writing(
    path: str, clock: Callable[[], datetime] | None = None
) -> Iterator[CaseLedger]:
    """
    Yield a ledger to record in.
    """
    ledger, _ = app.open_ledger(path, clock=clock or Clock())
    try:
        yield ledger
    finally:
        ledger.close()


def prove(path: str, text: str) -> tuple[Claim, Proof]:
    """
    Prove a claim as it is typed.
    """
    said = typed(text)
    with opened(path) as (log, model):
        if said.as_of is None:
            basis = bases.of_now(log)
        else:
            basis = bases.parse_as_of(said.as_of, log)
        return assertions.prove(log, model, said, basis)


def claim(path: str, text: str, by: str = "auditor", **said) -> Decided:
    """
    Prove a claim and record it.
    """
    clock = said.pop("clock", None)
    proved = prove(path, text)
    with writing(path, clock) as ledger:
        return ledger.assert_claim(*proved, by=by, **said)


def withdraw(path: str, position: int, **said) -> Decided:
    """
    Take an assertion back.
    """
    with writing(path, said.pop("clock", None)) as ledger:
        return ledger.withdraw(position, **{"by": "auditor", "reason": "r", **said})


def check(path: str) -> list[Checked]:
    """
    Prove all assertions again.
    """
    with opened(path) as (log, model):
        return [assertions.check(log, model, one) for one in assertions.recorded(log)]
