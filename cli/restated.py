"""Restatements, floors and withdrawals in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.domain.restatement import Change
    from projections.superseding import Floor, Since

MINUS = "\N{MINUS SIGN}"

_PARTS = {
    "tco-no": "no TCO",
    "tco-unknown": "TCO unknown",
    "tco-yes": "left out though a TCO",
    "taken-in": "taken in besides",
}


def signed(number: object) -> str:
    """Return a whole number with its sign."""
    assert isinstance(number, int)
    if number == 0:
        return "0"
    return f"{'+' if number > 0 else MINUS}{abs(number):,}"


def part_name(one: Change) -> str:
    """Return what a part of a difference is called."""
    name = one.cause.replace("-", " ")
    return name if one.part is None else f"{name}: {_PARTS[one.part]}"


def state_since(since: Since) -> str:
    """Return how a publication stands, in a few words."""
    words = []
    if since.superseded_by is not None:
        words.append(f"superseded by {since.superseded_by}")
    if since.withdrawn is not None:
        words.append("WITHDRAWN")
    return ", ".join(words) or "current"


def floor_words(floor: Floor | None) -> str | None:
    """Return what a floor says of a figure, in a few words."""
    if floor is None:
        return None
    return f"misstated by at least {floor.at_least:,}"


def since_json(since: Since) -> dict[str, object]:
    """Return what was said of a publication since, outside of what is sealed."""
    gone = since.withdrawn
    return {
        "current": since.current,
        "superseded_by": since.superseded_by,
        "withdrawn": None if gone is None else gone._asdict(),
        "floors": [floor._asdict() for floor in since.floors],
    }
