"""What every command that seals figures shares: the gate, and recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cli.asking import check_text
from cli.recording import at_the_head
from cli.render import basis_line

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


def check_said(name: str | None, given: Mapping[str, Any]) -> None:
    """Refuse what cannot be sealed, before anything is computed.

    :param name: of the publication, where one is given.
    :raises LedgerError: says what the name or the option takes.
    """
    from ledger.domain.publication import check_name

    if name is not None:
        check_name(name)
    for option in ("document", "claims", "override", "by"):
        if given[option] is not None:
            check_text(f"--{option}", given[option])


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
    names = tuple(dict.fromkeys(name for name, _ in figures))
    span = range(min(years), max(years) + 1)
    results = validate(open_.log, open_.model, open_.basis, asked=Asked(names, span))
    found = gate(open_.log, open_.basis, results)
    if not found.green and override is None:
        past = open_.basis.bound != "all" or open_.basis.position < open_.log.head
        command = _validating(open_, names, span, past=past)
        raise GateClosedError("; ".join(closing(results)), command, past=past)
    return found, None if found.green else override


def _validating(
    open_: Asking, names: Sequence[str], years: range, *, past: bool
) -> str:
    """Return the command that lists what the gate found."""
    at = f' --basis "{basis_line(open_.graded())}"' if past else ""
    measures = " ".join(f"--measure {name}" for name in names)
    return f"scr validate{at} {measures} --fy {years.start}..{years.stop - 1}"


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
