"""The gate before a publication: what validation says, in the form that is sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.publication import Gate, Ruled
from projections import taxonomies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.validation import Result

ERROR = "error"


def gate(log: Log, basis: Basis, results: Sequence[Result]) -> Gate:
    """Return what is sealed of a validation.

    The gate is green when no error is left unwaived, and none could not be judged:
    unknown is not yes.
    """
    taxonomy = taxonomies.at(log, basis)
    return Gate(
        not list(closing(results)),
        None if taxonomy is None else taxonomy.hash,
        tuple(
            Ruled(
                one.rule,
                one.severity,
                len(one.failing),
                one.waived,
                one.threshold,
                True if one.state == "unknown" else None,
            )
            for one in results
        ),
    )


def closing(results: Iterable[Result]) -> list[str]:
    """Say which errors keep the gate from being green."""
    found = []
    for one in results:
        if one.severity != ERROR:
            continue
        left = len(one.failing) - one.waived
        if one.state == "unknown":
            found.append(f"{one.rule} cannot be judged")
        elif left:
            scrs = "1 SCR" if left == 1 else f"{left:,} SCRs"
            found.append(f"{one.rule} fails for {scrs}")
    return found
