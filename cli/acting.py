"""Who did something, and how sure that is, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.domain.people import Identity


def acted(by: str, identity: Identity) -> str:
    """Return who did something; it is only asserted where no account binds it."""
    return by if identity == "bound" else f"{by} (asserted)"


def eyes(four_eyes: bool | None) -> str | None:  # noqa: FBT001 - a field, as it is
    """Say whether four eyes were on for a publication; of one that is silent, None."""
    if four_eyes is None:
        return None
    if four_eyes:
        return "Four eyes were on: each act took a role that somebody held."
    return (
        "Four eyes were off: no role was asked for, and one person could record a"
        " correction alone."
    )
