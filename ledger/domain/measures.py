"""The built-in measures, as data: what is counted, and which outcomes make it count."""

from __future__ import annotations

from typing import Literal, NamedTuple

Unit = Literal["scr", "outcome", "organization"]

BOTH = ("disruption", "dismantlement")


class Measure(NamedTuple):
    """A defined quantity per fiscal year (docs/counting.md).

    All take SCRs that stand and are approved, and their live outcomes of ``kinds``
    dated in the year; ``tco_only`` keeps those whose determination meets TCO = yes;
    ``or_entered`` also counts an SCR first approved in the year.
    """

    id: str
    unit: Unit
    kinds: tuple[str, ...]
    tco_only: bool
    or_entered: bool
    says: str


BUILT_IN: dict[str, Measure] = {
    measure.id: measure
    for measure in (
        Measure(
            "dd-all",
            "scr",
            BOTH,
            tco_only=False,
            or_entered=False,
            says="SCRs with at least one disruption or dismantlement",
        ),
        Measure(
            "dd-tco",
            "scr",
            BOTH,
            tco_only=True,
            or_entered=False,
            says="SCRs with at least one disruption or dismantlement of a TCO",
        ),
        Measure(
            "disruptions-all",
            "outcome",
            BOTH[:1],
            tco_only=False,
            or_entered=False,
            says="disruptions",
        ),
        Measure(
            "disruptions-tco",
            "outcome",
            BOTH[:1],
            tco_only=True,
            or_entered=False,
            says="disruptions of a TCO",
        ),
        Measure(
            "dismantlements-all",
            "outcome",
            BOTH[1:],
            tco_only=False,
            or_entered=False,
            says="dismantlements",
        ),
        Measure(
            "dismantlements-tco",
            "outcome",
            BOTH[1:],
            tco_only=True,
            or_entered=False,
            says="dismantlements of a TCO",
        ),
        Measure(
            "organizations-tco",
            "organization",
            BOTH,
            tco_only=True,
            or_entered=False,
            says="distinct organizations disrupted or dismantled, TCO only",
        ),
        Measure(
            "entered-all",
            "scr",
            BOTH,
            tco_only=False,
            or_entered=True,
            says="SCRs with an outcome in the year, or first approved in it",
        ),
    )
}
"""In the order of the contract; they hold at every basis."""
