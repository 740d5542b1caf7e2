"""What every command that seals figures shares: the gate, and recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cli.recording import at_the_head

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cli.asking import Asking
    from cli.main import Settings
    from ledger.domain.publication import Gate, Publication


class Made(NamedTuple):
    """A publication that may be recorded."""

    content: Publication
    basis: dict[str, object]
    head: int
    warnings: tuple[str, ...]


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


def sealed(
    settings: Settings, make: Callable[[], Made], given: Mapping[str, Any]
) -> tuple[Made, int]:
    """Make a publication and record it; return it, and where it stands.

    :raises HeadMovedError: the log kept growing.
    """

    def attempt() -> tuple[Made, int]:
        made = make()
        return made, record(settings, [made.content], made.head, given)[0]

    return at_the_head(attempt)


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
