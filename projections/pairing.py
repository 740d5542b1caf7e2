"""Which facts a correction corrects.

A correction does not name the fact it corrects: what is said by the same stream before
it does (docs/commands/show.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger.domain.events import CaseEvent

    Key = tuple[str | None, ...]
    Places = tuple[int, ...]

_FILED = ("case_number", "office", "program", "title")


class Pairs(NamedTuple):
    """Corrections and what they corrected, each by position, ascending."""

    corrects: Mapping[int, Places]
    """Of a correction, the facts it corrects; of none is nothing kept."""
    corrected_by: Mapping[int, Places]
    """Of a fact, the corrections of it."""


def pair(stream: Iterable[tuple[int, CaseEvent]]) -> Pairs:
    """Pair the corrections of one subject with what they corrected.

    :param stream: positions and facts of one stream, in its order; of a part of it, the
        facts that part begins with.
    :returns: both ways; a correction with nothing before it to correct has no pair.
    """
    last: dict[Key, int] = {}
    corrects: dict[int, Places] = {}
    corrected_by: dict[int, Places] = {}
    for position, fact in stream:
        found = tuple(sorted({last[key] for key in _corrected(fact, last)}))
        if found:
            corrects[position] = found
        for place in found:
            corrected_by[place] = (*corrected_by.get(place, ()), position)
        last.update(dict.fromkeys(_said(fact), position))
    return Pairs(corrects, corrected_by)


def _corrected(fact: CaseEvent, last: Mapping[Key, int]) -> list[Key]:
    """Return what of all that was said so far a fact corrects."""
    wanted: list[Key]
    match fact.event:
        case "reclassified":
            wanted = [("category",)]
        case "redetermined":
            same: Key = ("determination", _since(fact))
            wanted = [same if same in last else ("determination",)]
        case "redated":
            wanted = [("date", fact.outcome)]
        case "reversed":
            # The outcome itself does not stand; a redating only said when it was.
            wanted = [("outcome", fact.outcome)]
        case "rescinded":
            wanted = [("approval", fact.outcome)]
        case "refiled":
            wanted = [(name,) for name in _FILED if getattr(fact, name) is not None]
        case "voided":
            wanted = [("filing",)]
        case "reinstated":
            wanted = [("voiding",)]
        case "unmerged":
            wanted = [("merger",)]
        case (
            "filed"
            | "classified"
            | "determined"
            | "approved"
            | "returned"
            | "disrupted"
            | "dismantled"
            | "transferred"
            | "reopened"
            | "merged"
        ):
            wanted = []
        case _:
            assert_never(fact.event)
    return [key for key in wanted if key in last]


def _said(fact: CaseEvent) -> list[Key]:  # noqa: PLR0911 - one case per fact
    """Return what a fact says that a later one may correct."""
    match fact.event:
        case "filed":
            # What a filing leaves out it says there is none of.
            return [("filing",), *((name,) for name in _FILED)]
        case "transferred" | "refiled":
            given = (name for name in _FILED if getattr(fact, name, None) is not None)
            return [(name,) for name in given]
        case "classified" | "reclassified":
            return [("category",)]
        case "determined" | "redetermined":
            return [("determination",), ("determination", _since(fact))]
        case "approved":
            return [("approval", fact.outcome)]
        case "disrupted" | "dismantled":
            return [("outcome", fact.outcome), ("date", fact.outcome)]
        case "redated":
            return [("date", fact.outcome)]
        case "voided":
            return [("voiding",)]
        case "merged":
            return [("merger",)]
        case (
            "returned"
            | "reopened"
            | "reversed"
            | "rescinded"
            | "reinstated"
            | "unmerged"
        ):
            return []
        case _:
            assert_never(fact.event)


def _since(fact: CaseEvent) -> str | None:
    since = getattr(fact, "since", None)
    return None if since is None else str(since)
