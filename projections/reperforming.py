"""What facts say of figures, computed again from the log.

A figure that was printed, asserted or cited has to come out again at the basis it was
proved at, for ever. Whether it still holds by what is recorded since is another
question, and no fault of the record.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import FactDamagedError, FigureChangedError, LedgerError, UsageError
from projections import assertions, citations, publishing, requests, samples
from projections import basis as bases
from projections import recommendations as advice
from projections.checks import evaluate
from projections.publications import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ledger.reader import Log
    from projections.readmodel import ReadModel


class Disagreement(NamedTuple):
    """A fact whose figure does not come out again."""

    position: int | None
    check: str
    why: str


class Reperformed(NamedTuple):
    """How much was computed again, and what did not come out as it was recorded."""

    counts: Mapping[str, int]
    """By kind: how many facts."""
    disagreements: tuple[Disagreement, ...]


class _Again(NamedTuple):
    position: int
    kind: str
    check: str
    compute: Callable[[], object]
    """Raises a LedgerError where it does not come out again."""


def anything(log: Log) -> bool:
    """Whether any fact says something of figures."""
    families = ("assertions", "publication/", advice.PREFIX, requests.PREFIX, "sample/")
    return any(log.family(prefix, log.head) for prefix in families)


def reperformed(
    log: Log, model: ReadModel, on_progress: Callable[[int], None]
) -> Reperformed:
    """Compute every publication, assertion, citation, frame and closing check again.

    :param model: made from the log by whoever asks, not one found beside it.
    :param on_progress: told the position of each before it is computed.
    """
    try:
        every = sorted(_every(log, model), key=lambda one: one.position)
    except LedgerError as error:
        return Reperformed({}, (Disagreement(None, "figures", str(error)),))
    found = []
    for one in every:
        on_progress(one.position)
        try:
            one.compute()
        except LedgerError as error:
            found.append(Disagreement(one.position, one.check, str(error)))
    return Reperformed(Counter(one.kind for one in every), tuple(found))


def _every(log: Log, model: ReadModel) -> Iterator[_Again]:
    again: Callable[[], object]
    now = bases.of_now(log)
    printed = recorded(log)
    for each in printed:
        again = partial(publishing.verify, log, model, each.content.name, printed)
        yield _Again(each.position, "publication", "publication", again)
    for claim in assertions.recorded(log):
        again = partial(assertions.prove_again, log, model, claim)
        yield _Again(claim.position, "assertion", "assertion", again)
    for cited in (one for each in requests.at(log, now) for one in each.citations):
        again = partial(citations.prove_again, log, model, cited)
        yield _Again(cited.position, "citation", "request", again)
    for sample in samples.every(log, now):
        again = partial(samples.check_frame, log, model, sample)
        yield _Again(sample.framed.position, "frame", "sample", again)
    for listed in advice.at(log, now):
        closing = listed.recommendation.closing
        if closing is not None and closing.check is not None:
            again = partial(_green, log, model, closing)
            yield _Again(closing.position, "closing check", "recommendation", again)


def _green(log: Log, model: ReadModel, closing: advice.Closing) -> None:
    """Compute the check that closed a recommendation where it was computed then.

    :raises FactDamagedError: it cannot be computed there.
    :raises FigureChangedError: it was not green there.
    """
    assert closing.check is not None
    assert closing.proof is not None
    try:
        basis = bases.checked(log, "all", None, *closing.proof)
        result = evaluate(log, model, basis, closing.check)
    except UsageError as error:
        raise FactDamagedError(closing.position, str(error)) from None
    if result.state != "green":
        why = f"its check was {result.state}: {result.says}"
        raise FigureChangedError(closing.position, why)
