"""What the notice of a restatement says, beside what is sealed of it.

SFFAS 21, the SEC's practice and GASB 100 ask for the same things: nature, periods, the
figures as they were and as they are, the cause, the effect on each period. The years
in a row in which a target was not met are those of 31 USC 1116(f) to (i). The notice
rests on the log up to the restatement, so it is the same for ever, but for what is said
of either publication since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import UsageError
from projections.material import is_material, proportion
from projections.people import identity
from projections.publications import basis_of, recorded
from projections.reporting import lines_of
from projections.restating import met, superseded
from projections.superseding import afterwards

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger.domain.people import Identity
    from ledger.domain.publication import Figure, Publication, Status
    from ledger.domain.restatement import Change, Previously
    from ledger.reader import Log
    from projections.publications import Recorded
    from projections.readmodel import ReadModel
    from projections.superseding import Floor

    Targets = Mapping[int, bool | None]


class Line(NamedTuple):
    """A figure as previously reported, its correction, and as restated."""

    figure: Figure
    was: Previously
    changes: tuple[Change, ...]
    unknown: int
    """Of how many counted nobody knows whether they meet the TCO definition."""
    floor: Floor | None
    """What is known to be wrong of the old figure at least."""
    met: tuple[bool | None, bool | None]
    """Whether the target is met: as previously reported, and as restated."""
    unmet: tuple[int, int] | None
    """How many years in a row up to this one the target was not met: before and after;
    None without a target on either side."""

    @property
    def correction(self) -> int:
        """As restated less as previously reported."""
        return self.figure.value - self.was.value

    @property
    def material(self) -> bool:
        """Whether that is 10 % or more, either way; of a rate, of its share."""
        return is_material(*self.proportion)

    @property
    def proportion(self) -> tuple[int, int]:
        """Two numbers in the proportion of what was shown before to what is now."""
        below = self.was.denominator, self.figure.denominator
        return proportion(self.was.value, self.figure.value, *below)


class Notice(NamedTuple):
    """All that a notice says."""

    recorded: Recorded
    old: Recorded
    nature: str
    """``restated``, ``recast`` or ``restated and recast``; else ``confirmed``."""
    lines: tuple[Line, ...]
    identity: Identity
    """How the restatement is tied to who is said to have recorded it."""
    said: tuple[str, ...]
    """What was said of the restatement itself since."""


def notice(log: Log, model: ReadModel, one: Recorded) -> Notice:
    """Return what the notice of a restatement says.

    :raises UsageError: it restates nothing.
    """
    if one.content.supersedes is None:
        message = (
            f"{one.content.name} is no restatement; `scr publication report"
            f" {one.content.name}` writes it as a document"
        )
        raise UsageError(message)
    old = superseded(log, one)
    since = afterwards(log)
    before, after = _targets(log, one, old)
    parts = lines_of(model, basis_of(log, one), one.content)
    lines = []
    for figure, counted in zip(one.content.figures, parts, strict=True):
        was = figure.previously
        assert was is not None  # A restatement has it; it was read so.
        key = was.measure, figure.fiscal_year
        of = before.get(was.measure, {}), after.get(figure.measure, {})
        lines.append(
            Line(
                figure,
                was,
                figure.changes or (),
                counted.parts["unknown"],
                since[old.content.name].floor(*key),
                (of[0].get(figure.fiscal_year), of[1].get(figure.fiscal_year)),
                _in_a_row(*of, figure.fiscal_year),
            )
        )
    said = tuple(since[one.content.name].notices())
    tied = identity(log, one.by, one.run_by, one.position)
    return Notice(one, old, nature(one.content), tuple(lines), tied, said)


def nature(one: Publication) -> str:
    """Return what kind of restatement it is: of data, of the definition, or of both."""
    found: set[Status] = set()
    recast = False
    for figure in one.figures:
        found |= set(figure.statuses or ())
        was = figure.previously
        versions = {used.measure: used.version for used in one.definitions}
        now = (figure.measure, versions[figure.measure])
        recast |= was is not None and (was.measure, was.version) != now
    data = bool(found - {"definition"})
    words = [*(["restated"] if data else []), *(["recast"] if recast else [])]
    return " and ".join(words) or "confirmed"


def _targets(
    log: Log, one: Recorded, old: Recorded
) -> tuple[dict[str, Targets], dict[str, Targets]]:
    """Return by measure and year whether targets were met: before, and after.

    Of other years that is what was printed of them last; of these years what the
    superseded publication shows, and what the restatement does.
    """
    earlier = recorded(log, one.position - 1)
    before = _met_by_year(earlier, [old])
    after = _met_by_year(earlier, [one])
    return before, after


def _met_by_year(
    every: Iterable[Recorded], last: Iterable[Recorded]
) -> dict[str, Targets]:
    found: dict[str, dict[int, bool | None]] = {}
    for one in (*every, *last):
        for figure in one.content.figures:
            of = found.setdefault(figure.measure, {})
            of[figure.fiscal_year] = met(figure, figure.shown)
    return dict(found)


def _in_a_row(before: Targets, after: Targets, year: int) -> tuple[int, int] | None:
    if before.get(year) is None and after.get(year) is None:
        return None
    return _run(before, year), _run(after, year)


def _run(targets: Targets, year: int) -> int:
    """Return how many years in a row up to one the target is known to be unmet."""
    length = 0
    while targets.get(year - length) is False:
        length += 1
    return length
