"""What may show that a recommendation is carried out: a check, named in one line.

The name is kept with the recommendation; what it says is computed again whenever it is
asked (docs/accountability.md).
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from ledger.errors import UsageError

Kind = Literal["validation", "coverage", "gate", "assertions"]

# Whole: the parser of facts takes the same text.
PATTERN = (
    r"^(validation:[a-z][a-z0-9-]{0,63}(@(error|warning))?"
    r"|coverage>=(100|[1-9]?[0-9])"
    r"|gate:[a-z][a-z0-9-]{0,63}(@[0-9]{1,7})?"
    r"|assertions)$"
)


class Check(NamedTuple):
    """A check as it is named."""

    kind: Kind
    of: str | None = None
    """Of ``validation`` the rule, of ``gate`` the measure."""
    severity: Literal["error", "warning"] | None = None
    """Of ``validation``: that one alone; None: all that the rule has."""
    percent: int | None = None
    """Of ``coverage``: the share that is enough."""


def parse(text: str) -> Check:
    """Read a check: ``validation:RULE[@SEVERITY]``, ``coverage>=PERCENT`` or the like.

    :raises UsageError: it is none of these.
    """
    if re.fullmatch(PATTERN, text) is None:
        message = (
            f"{text or repr('')} is no check; write validation:RULE[@SEVERITY],"
            " coverage>=PERCENT, gate:MEASURE or assertions"
        )
        raise UsageError(message)
    if text.startswith("coverage>="):
        return Check("coverage", percent=int(text.partition("=")[2]))
    if text.startswith("gate:"):
        return Check("gate", of=text.partition(":")[2])
    if text.startswith("validation:"):
        rule, _, severity = text.partition(":")[2].partition("@")
        match severity:
            case "error" | "warning":
                return Check("validation", of=rule, severity=severity)
            case _:
                return Check("validation", of=rule)
    return Check("assertions")
