"""A restatement, computed: what takes the place of a publication, to be sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from projections.measures import find
from projections.publishing import Wanted, publication
from projections.restating import compared, supersedes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.domain.publication import Gate, Publication
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.publications import Recorded
    from projections.readmodel import ReadModel
    from projections.restating import Restated


class Said(NamedTuple):
    """What people say of a restatement."""

    name: str
    document: str
    claims: str | None
    """None: what the superseded one claims, or the measure in its place."""
    reason: str


def restatement(  # noqa: PLR0913, PLR0917 - what is sealed
    log: Log,
    model: ReadModel,
    basis: Basis,
    old: Recorded,
    figures: Sequence[Restated],
    said: Said,
    *,
    gate: Gate,
    override: str | None,
) -> Publication:
    """Compute a restatement of a publication at a basis.

    :param figures: what takes the place of each figure of it.
    :raises UsageError: a definition counts something else than the one before.
    """
    content = old.content
    wanted = Wanted(
        said.name,
        said.document,
        said.claims or _claims(content, figures),
        tuple((one.name, one.was[1]) for one in figures),
        tuple(f"{used.measure}@{used.version}" for used in content.definitions),
    )
    made = publication(
        log, model, basis, wanted, gate=gate, override=override, statuses={}
    )
    used = [
        find(model, basis, f"{one.measure}@{one.version}") for one in made.definitions
    ]
    pairs = [(one, each.was) for one, each in zip(made.figures, figures, strict=True)]
    return made._replace(
        kind="restatement",
        supersedes=supersedes(old),
        reason=said.reason,
        figures=compared(log, model, old, basis, pairs, used),
    )


def _claims(one: Publication, figures: Sequence[Restated]) -> str:
    """Return the claim: as it was, but where it named a measure that is recast."""
    claimed = one.claims_measure
    for each in figures:
        if claimed is not None and each.was[0] == claimed.measure:
            recast = each.name != f"{claimed.measure}@{claimed.version}"
            return each.name if recast else one.claims
    return one.claims
