"""Which events correct what was recorded, and the closed list of reasons to do so."""

from __future__ import annotations

from typing import Literal, get_args

CORRECTIONS = (
    "reclassified",
    "redetermined",
    "redated",
    "reversed",
    "rescinded",
    "refiled",
    "voided",
    "reinstated",
    "unmerged",
)
"""The events that say what the record should have said all along (docs/events)."""

ReasonCode = Literal[
    "audit-finding",
    "data-entry",
    "duplicate",
    "late-information",
    "not-a-tco",
    "misclassified",
    "wrong-date",
    "other",
]
REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)
"""Why a package of corrections is proposed."""
