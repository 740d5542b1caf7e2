"""What every command that seals figures shares: the gate, and recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cli.asking import Asking
    from cli.main import Settings
    from ledger.domain.publication import Gate, Publication

ATTEMPTS = 5
"""How often figures are computed anew because the log has grown meanwhile."""


def passed(
    open_: Asking, figures: Sequence[tuple[str, int]], override: str | None
) -> tuple[Gate, str | None]:
    """Return what validation says of figures, and the override if one is needed.

    :param figures: measures, as ``ID`` or ``ID@VERSION``, and fiscal years.
    :raises GateClosedError: the gate is not green, and nobody overrides it.
    """
    from ledger.errors import GateClosedError
    from projections.gating import closing, gate
    from projections.validation import Asked, validate

    years = [year for _, year in figures]
    results = validate(
        open_.log,
        open_.model,
        open_.basis,
        asked=Asked(
            tuple(dict.fromkeys(name for name, _ in figures)),
            range(min(years), max(years) + 1),
        ),
    )
    found = gate(open_.log, open_.basis, results)
    if not found.green and override is None:
        raise GateClosedError("; ".join(closing(results)))
    return found, None if found.green else override


def record(
    settings: Settings,
    contents: Sequence[Publication],
    head: int,
    given: Mapping[str, Any],
) -> list[int]:
    """Record publications, all or none; return where they stand, or would stand.

    :param head: the last position that was read to make them.
    :raises HeadMovedError: the log has grown since.
    """
    from ledger.app import open_ledger

    ledger, _ = open_ledger(settings.ledger)
    try:
        decided = ledger.publish(
            contents, head=head, by=given["by"], dry_run=given["dry_run"]
        )
    finally:
        ledger.close()
    return [one.position for one in decided]
