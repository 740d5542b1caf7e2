"""What every command that seals figures shares: the gate, and recording."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cli.asking import check_text
from cli.main import complain, warn
from cli.recording import at_the_head
from cli.render import basis_line
from cli.safe import display
from cli.signing import AtHand, at_hand, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cli.asking import Asking
    from cli.main import Settings
    from ledger.domain.keys import Covered
    from ledger.domain.publication import Gate, Publication


class Made(NamedTuple):
    """A publication that may be recorded."""

    content: Publication
    basis: dict[str, object]
    head: int
    warnings: tuple[str, ...]


class Placed(NamedTuple):
    """Where publications stand, or would stand, and the checkpoint that covers them."""

    positions: Sequence[int] = ()
    checkpoint: Covered | None = None
    why_not: str | None = None
    """Why nothing is signed, if that is to be said."""
    contents: Sequence[Publication] = ()
    """As they are sealed."""

    def as_json(self) -> dict[str, object] | None:
        """Return what an answer says of the checkpoint."""
        if self.checkpoint is None:
            return None
        of = self.checkpoint
        return {"position": of.position, "size": of.size, "note": of.note}

    def tell(self, *, as_json: bool) -> None:
        """Say that there is a checkpoint, or why there is none."""
        if self.checkpoint is not None and not as_json:
            click.echo(display(told(self.checkpoint)))
        if self.why_not is not None:
            complain(self.why_not)


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
) -> tuple[Made, Placed]:
    """Make a publication and record it; return it, and where it stands.

    :raises HeadMovedError: the log kept growing.
    """
    key = sealing_key(settings, given)

    def attempt() -> tuple[Made, Placed]:
        made = make()
        placed = record(settings, [made.content], made.head, given, key())
        if given["dry_run"]:  # Its members roots, and so its seal, are of no other.
            return made, placed
        return made._replace(content=placed.contents[0]), placed

    return at_the_head(attempt)


def seal_words(content: Publication, *, dry: bool) -> str:
    """Return the seal in words: it is drawn with its secret, when it is recorded."""
    from ledger.domain.publication import seal_of

    return "to be sealed when it is recorded" if dry else f"seal {seal_of(content)}"


def sealing_key(settings: Settings, given: Mapping[str, Any]) -> Callable[[], AtHand]:
    """Return what gives the key that signs a checkpoint of what is published.

    It looks for the key when it is known what to seal, and asks nobody twice. It
    raises a LedgerError where there is a key file that cannot be used.
    """
    return cache(lambda: AtHand(None) if given["dry_run"] else at_hand(settings))


def record(
    settings: Settings,
    contents: Sequence[Publication],
    head: int,
    given: Mapping[str, Any],
    key: AtHand,
) -> Placed:
    """Record publications, all or none; return where they stand, or would stand.

    :param head: the last position that was read to make them.
    :raises HeadMovedError: the log has grown since.
    """
    from ledger.app import open_ledger

    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.publish(
            contents,
            head=head,
            by=given["by"],
            signer=key.private,
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    covered = decided[0].checkpoint if decided else None
    positions = [one.position for one in decided]
    contents = [one.content for one in decided]
    return Placed(positions, covered, key.why_not, contents)
