"""A sample evaluated: rates with exact limits, projected to the frame, part by part."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.sampling import FINDINGS, WHOLE
from ledger.errors import UnfinishedError, UsageError
from projections import estimating
from projections.samples import drawn_of, items_of, population_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.reader import Log
    from projections.estimating import Counts, Limits
    from projections.populations import Population
    from projections.readmodel import ReadModel
    from projections.samples import Item, Recorded

SIMPLE = "exact, equal tails: Clopper-Pearson for the rate, hypergeometric in the frame"
HYPERGEOMETRIC = "exact, equal tails: hypergeometric in the frame"
SUBSET = "exact, equal tails: Clopper-Pearson; the number in the frame is not known"
STRATIFIED = "stratified estimate, normal approximation, with finite correction"
NO_LIMITS = "a share of shares in strata: no limits are given"
UNDETERMINED = "not-determinable"
_PREFIX = "attribute:"


class Asked(NamedTuple):
    """What is asked of a sample."""

    attribute: str
    answer: str
    """What is counted as an exception."""
    then: tuple[str, ...]
    """Queries, each of those before it: of the exceptions, how many are so."""
    by_category: bool
    confidence: Fraction
    partial: bool


class Line(NamedTuple):
    """So many of so many, and what that says."""

    what: str
    of: str
    stratum: str | None
    category: str | None
    x: int
    n: int
    method: str
    limits: Limits | None = None
    one_sided: Limits | None = None
    """The lower and the upper limit, each by itself at the same confidence."""
    frame: int | None = None
    """How many the frame, or the stratum, has."""
    projected: Fraction | None = None
    counts: Counts | Limits | None = None
    """Of how many in the frame, two-sided."""
    one_sided_counts: Counts | None = None
    standard_error: float | None = None

    @property
    def rate(self) -> Fraction | None:
        """The share; of strata weighted by how many they have."""
        if self.method == STRATIFIED and self.projected is not None:
            return self.projected / (self.frame or 1)
        return Fraction(self.x, self.n) if self.n else None


class Evaluation(NamedTuple):
    """What a sample says, and how far it is."""

    recorded: Recorded
    asked: Asked
    lines: tuple[Line, ...]
    items: int
    unanswered: int
    disputed: int
    not_reviewed: int
    """Without the second review that was asked for."""
    reviewed_twice: int
    undetermined: int
    design: str


def evaluate(
    log: Log, model: ReadModel, one: Recorded, asked: Asked, *, upto: int
) -> Evaluation:
    """Say what a sample says.

    :param upto: publications recorded by then are known to the queries of ``then``.
    :raises NotDrawnError: nothing is drawn.
    :raises UnfinishedError: an item is not answered, or two reviews disagree on it.
    :raises UsageError: nobody answered the attribute; a query is none.
    """
    if asked.answer not in FINDINGS:
        message = f"--attribute takes NAME=ANSWER, an answer of {', '.join(FINDINGS)}"
        raise UsageError(message)
    items = list(items_of(one))
    _check_attribute(asked, items)
    held = [item.answers.get(asked.attribute) for item in items]
    missing = held.count(None)
    disputed = sum(one is not None and one.disputed for one in held)
    twice = sum(one is not None and one.second is not None for one in held)
    not_reviewed = 0
    if drawn_of(one).reviews > 1:
        not_reviewed = len(items) - missing - twice
    if (missing or disputed or not_reviewed) and not asked.partial:
        raise UnfinishedError(one.name, _unfinished(missing, disputed, not_reviewed))
    usable = [item for item in items if _answer(item, asked.attribute) is not None]
    if not usable:
        raise UnfinishedError(one.name, "no answer holds, so nothing can be evaluated")
    answers = Counter(_answer(item, asked.attribute) for item in usable)
    population = population_of(log, model, one, upto=upto)
    lines = tuple(_lines(one, usable, population, asked))
    design = _design(one, usable, len(items))
    return Evaluation(
        one,
        asked,
        lines,
        len(items),
        missing,
        disputed,
        not_reviewed,
        twice,
        answers[UNDETERMINED],
        design,
    )


def _check_attribute(asked: Asked, items: Sequence[Item]) -> None:
    there = sorted({name for item in items for name in item.answers})
    if asked.attribute not in there:
        known = f"there are {', '.join(there)}" if there else "nothing is recorded yet"
        message = f"no attribute {asked.attribute} is answered; {known}"
        raise UsageError(message)


def _answer(item: Item, attribute: str) -> str | None:
    held = item.answers.get(attribute)
    said = None if held is None else held.holds
    return None if said is None else said.answer


def _unfinished(missing: int, disputed: int, not_reviewed: int) -> str:
    said = [
        (missing, "not answered"),
        (disputed, "in dispute"),
        (not_reviewed, "without a second review"),
    ]
    return ", ".join(f"{count:,} {words}" for count, words in said if count)


# --- line by line ---------------------------------------------------------------------


class _Group(NamedTuple):
    """Some of the items, under a name."""

    what: str
    items: list[Item]


def _lines(
    one: Recorded, usable: list[Item], population: Population, asked: Asked
) -> Iterator[Line]:
    simple = len(drawn_of(one).strata) == 1
    frame = _Group("sample", usable)
    levels = _levels(usable, population, asked)
    before = frame
    for level in levels:
        if before is not frame:
            yield _share(level, before, asked, simple=simple)
        yield from _of_sample(level, usable, asked)
        if asked.by_category:
            yield from _by_category(level, population, asked, simple=simple)
        before = level
    unsure = [i for i in usable if _answer(i, asked.attribute) == UNDETERMINED]
    if unsure and asked.answer != UNDETERMINED:
        name = f"{asked.attribute}={UNDETERMINED}"
        yield from _of_sample(_Group(name, unsure), usable, asked)
        either = _Group(f"{levels[0].what} or {UNDETERMINED}", levels[0].items + unsure)
        yield from _of_sample(either, usable, asked)


def _levels(usable: list[Item], population: Population, asked: Asked) -> list[_Group]:
    kept = [i for i in usable if _answer(i, asked.attribute) == asked.answer]
    levels = [_Group(f"{asked.attribute}={asked.answer}", kept)]
    for query in asked.then:
        if query.startswith(_PREFIX):
            name, _, answer = query.removeprefix(_PREFIX).partition("=")
            if answer not in FINDINGS:
                message = f"{query} is no attribute:NAME=ANSWER; answers are "
                raise UsageError(message + ", ".join(FINDINGS))
            kept = [item for item in kept if _answer(item, name) == answer]
        else:
            found = population.of(query)
            kept = [item for item in kept if item.item in found]
        levels.append(_Group(query, kept))
    return levels


def _of_sample(level: _Group, usable: list[Item], asked: Asked) -> Iterator[Line]:
    """Yield what a level is of the sample; of strata each, then all of them."""
    examined = Counter(item.stratum.stratum for item in usable)
    found = Counter(item.stratum.stratum for item in level.items)
    strata = {item.stratum.stratum: item.stratum for item in usable}
    for name, stratum in strata.items():
        shown = None if name == WHOLE and len(strata) == 1 else name
        x, n, there = found[name], examined[name], stratum.population
        yield _simple(level.what, shown, (x, n, there), asked.confidence)
    if len(strata) > 1:
        parts = [
            estimating.Part(one.population, examined[name], found[name])
            for name, one in strata.items()
        ]
        yield _stratified(level.what, parts, asked.confidence)


def _simple(
    what: str, stratum: str | None, seen: tuple[int, int, int], confidence: Fraction
) -> Line:
    x, n, frame = seen
    return Line(
        what,
        "sample",
        stratum,
        None,
        x,
        n,
        SIMPLE,
        *_rate_limits(x, n, confidence),
        frame,
        Fraction(frame * x, n),
        estimating.hypergeometric(x, n, frame, confidence),
        estimating.Counts(
            estimating.lower_count(x, n, frame, confidence),
            estimating.upper_count(x, n, frame, confidence),
        ),
    )


class Projection(NamedTuple):
    """How many of a frame are so, as a sample gives it: an estimate, with limits."""

    projected: Fraction
    limits: Counts | Limits | None
    """Two-sided; None where a stratum has one item of several."""
    frame: int
    method: str


def projection(
    hits: Sequence[Item], usable: Sequence[Item], confidence: Fraction
) -> Projection:
    """Project some items of a sample to its frame, as an evaluation does.

    :param usable: the items that are answered, at least one.
    """
    examined = Counter(item.stratum.stratum for item in usable)
    found = Counter(item.stratum.stratum for item in hits)
    strata = {item.stratum.stratum: item.stratum.population for item in usable}
    parts = [
        estimating.Part(there, examined[name], found[name])
        for name, there in strata.items()
    ]
    made = estimating.stratified(parts)
    if len(parts) > 1:
        limits: Counts | Limits | None = made.limits(confidence)
        return Projection(made.total, limits, made.population, STRATIFIED)
    ((there, n, x),) = parts
    exact = estimating.hypergeometric(x, n, there, confidence)
    return Projection(made.total, exact, there, HYPERGEOMETRIC)


def _rate_limits(x: int, n: int, confidence: Fraction) -> tuple[Limits, Limits]:
    one_sided = estimating.Limits(
        estimating.lower_limit(x, n, confidence),
        estimating.upper_limit(x, n, confidence),
    )
    return estimating.clopper_pearson(x, n, confidence), one_sided


def _stratified(
    what: str, parts: Sequence[estimating.Part], confidence: Fraction
) -> Line:
    made = estimating.stratified(parts)
    limits = made.limits(confidence)
    rates = None
    if limits is not None:
        frame = made.population
        rates = estimating.Limits(limits.lower / frame, limits.upper / frame)
    return Line(
        what,
        "sample",
        "all strata",
        None,
        sum(part.x for part in parts),
        sum(part.n for part in parts),
        STRATIFIED,
        rates,
        frame=made.population,
        projected=made.total,
        counts=limits,
        standard_error=made.standard_error,
    )


def _share(level: _Group, before: _Group, asked: Asked, *, simple: bool) -> Line:
    x, n = len(level.items), len(before.items)
    line = Line(level.what, before.what, None, None, x, n, NO_LIMITS)
    if not simple or not n:
        return line
    limits, one_sided = _rate_limits(x, n, asked.confidence)
    return line._replace(method=SUBSET, limits=limits, one_sided=one_sided)


def _by_category(
    level: _Group, population: Population, asked: Asked, *, simple: bool
) -> Iterator[Line]:
    found = Counter(population.category(item.item) for item in level.items)
    for category, x in sorted(found.items(), key=lambda one: (-one[1], one[0] or "~")):
        part = _Group(level.what, level.items[:x])  # Only its number counts.
        share = _share(part, level, asked, simple=simple)
        yield share._replace(category=category or "none")


# --- words ----------------------------------------------------------------------------


def _design(one: Recorded, usable: Sequence[Item], items: int) -> str:
    drawn = drawn_of(one)
    how = (
        "simple random sampling"
        if len(drawn.strata) == 1
        else (f"simple random sampling within each of {len(drawn.strata)} strata")
    )
    seed = (
        f"the root of the log at @{drawn.seed_position}, which nobody could choose"
        if drawn.chosen == "log"
        else f"{drawn.seed}, chosen by whoever drew"
    )
    said = (
        f"Design: {how} without replacement, {items:,} of"
        f" {one.sample.framed.size:,}, by {drawn.rule}; the seed is {seed}."
    )
    if replaced := len(one.sample.replaced):
        said += (
            f" Spares replaced {replaced:,}; the limits take them as drawn, which holds"
            " if what made them necessary has nothing to do with what was found."
        )
    if len(usable) < items:
        said += (
            f" PARTIAL: only {len(usable):,} are answered, and the limits take these as"
            " a random sample, which nobody has shown."
        )
    return said


def rows(evaluation: Evaluation) -> list[dict[str, object]]:
    """Return the lines of an evaluation as answers have them, rounded to six places."""
    return [_row(line) for line in evaluation.lines]


def _row(line: Line) -> dict[str, object]:
    return {
        "what": line.what,
        "of": line.of,
        "stratum": line.stratum,
        "category": line.category,
        "x": line.x,
        "n": line.n,
        "rate": _rounded(line.rate),
        **_pair("", line.limits),
        **_pair("one_sided_", line.one_sided),
        "frame": line.frame,
        "projected": _rounded(line.projected),
        **_pair("frame_", line.counts),
        **_pair("frame_one_sided_", line.one_sided_counts),
        "standard_error": _rounded(line.standard_error),
        "method": line.method,
    }


def _pair(name: str, pair: Limits | Counts | None) -> Mapping[str, object]:
    lower, upper = (None, None) if pair is None else pair
    return {f"{name}lower": _rounded(lower), f"{name}upper": _rounded(upper)}


def _rounded(value: float | Fraction | None) -> float | int | None:
    if value is None or isinstance(value, int):
        return value
    return round(float(value), 6)
