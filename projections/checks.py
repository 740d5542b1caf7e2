"""What the check of a recommendation says at a basis; computed, never stored.

A check is *green*, *red*, or *unknown* where the ledger cannot say: no taxonomy is
loaded, nothing is asserted, nothing was requested. Unknown is not green.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.domain.check import parse
from ledger.domain.fiscal import to_micros
from projections import assertions, gating, requests
from projections.coverage import coverage
from projections.validation import Asked, validate

if TYPE_CHECKING:
    from ledger.domain.check import Check
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel

State = Literal["green", "red", "unknown"]

_PERCENT = 100


class Result(NamedTuple):
    """What a check says, and in words why."""

    check: str
    state: State
    says: str


def evaluate(log: Log, model: ReadModel, basis: Basis, text: str) -> Result:
    """Compute a check at a basis.

    :raises UsageError: it names a rule or a measure that there is not.
    """
    check = parse(text)
    match check.kind:
        case "validation":
            state, says = _validation(log, model, basis, check)
        case "coverage":
            state, says = _coverage(log, basis, check)
        case "gate":
            state, says = _gate(log, model, basis, check)
        case "assertions":
            state, says = _assertions(log, model, basis)
    return Result(text, state, says)


def _validation(
    log: Log, model: ReadModel, basis: Basis, check: Check
) -> tuple[State, str]:
    assert check.of is not None
    found = [
        one
        for one in validate(log, model, basis, [check.of])
        if check.severity in (None, one.severity)
    ]
    if any(one.state == "unknown" for one in found):
        return "unknown", f"{check.of} cannot be judged at this basis"
    left = {
        failure.scr
        for one in found
        for failure in one.failing
        if failure.waived is None
    }
    waived = sum(one.waived for one in found)
    besides = f", {waived:,} waived" if waived else ""
    if left:
        scrs = "1 SCR" if len(left) == 1 else f"{len(left):,} SCRs"
        return "red", f"{check.of} fails for {scrs}{besides}"
    return "green", f"{check.of} fails for none{besides}"


def _coverage(log: Log, basis: Basis, check: Check) -> tuple[State, str]:
    (share,) = coverage(requests.at(log, basis))
    assert check.percent is not None
    if not share.of:
        return "unknown", "no request is known at this basis"
    says = f"{share.used:,} of {share.of:,} requests used SCR data"
    # Whole numbers: no rounding turns a check green.
    enough = share.used * _PERCENT >= check.percent * share.of
    return ("green" if enough else "red"), says


def _gate(log: Log, model: ReadModel, basis: Basis, check: Check) -> tuple[State, str]:
    assert check.of is not None
    results = validate(log, model, basis, asked=Asked((check.of,)))
    closing = gating.closing(results)
    if not closing:
        return "green", f"the gate of {check.of} is green"
    judged = any(
        one.state == "fails" and one.severity == gating.ERROR for one in results
    )
    return ("red" if judged else "unknown"), "; ".join(closing)


def _assertions(log: Log, model: ReadModel, basis: Basis) -> tuple[State, str]:
    standing = [
        one
        for one in assertions.recorded(log)
        if _visible(basis, one.position, one.recorded_at)
        and (
            one.withdrawn is None
            or not _visible(basis, one.withdrawn.position, one.withdrawn.recorded_at)
        )
    ]
    if not standing:
        return "unknown", "nothing is asserted at this basis"
    failing = [
        one.position
        for one in standing
        if assertions.check(log, model, one._replace(withdrawn=None), upto=basis).state
        == "fails"
    ]
    if not failing:
        return "green", f"{len(standing):,} standing assertions hold"
    named = ", ".join(f"@{position}" for position in failing)
    return "red", f"{len(failing):,} of {len(standing):,} assertions fail: {named}"


def _visible(basis: Basis, position: int, recorded_at: str) -> bool:
    from datetime import datetime

    known = to_micros(datetime.fromisoformat(recorded_at))
    return position <= basis.position and known <= basis.cutoff
