"""A sample evaluated: rates with exact limits, projected to the frame, part by part."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.sampling import FINDINGS
from ledger.errors import UnfinishedError, UsageError
from projections import estimating
from projections.sample_parts import (
    UNDETERMINED,
    Group,
    answer_of,
    check_attribute,
    levels_of,
)
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
NO_SPREAD = "stratified estimate; no spread was seen, so no limits are given"
NO_LIMITS = "a share of shares in strata: no limits are given"


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
        if self.projected is not None and self.frame:
            return self.projected / self.frame
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
    parts_open: int
    """Of the parts asked for with ``then``: without an answer to go by."""
    design: str


def evaluate(
    log: Log, model: ReadModel, one: Recorded, asked: Asked, *, upto: int
) -> Evaluation:
    """Say what a sample says.

    :param upto: publications recorded by then are known to the queries of ``then``.
    :raises NotDrawnError: nothing is drawn.
    :raises UnfinishedError: an item is not answered, or two reviews disagree on it;
        the same of a part that is asked for.
    :raises UsageError: nobody answered the attribute; a query is none.
    """
    if asked.answer not in FINDINGS:
        message = f"--attribute takes NAME=ANSWER, an answer of {', '.join(FINDINGS)}"
        raise UsageError(message)
    items = list(items_of(one))
    check_attribute(asked.attribute, items)
    held = [item.answers.get(asked.attribute) for item in items]
    missing = held.count(None)
    disputed = sum(one is not None and one.disputed for one in held)
    twice = sum(one is not None and one.second is not None for one in held)
    not_reviewed = 0
    if drawn_of(one).reviews > 1:
        not_reviewed = len(items) - missing - twice
    if (missing or disputed or not_reviewed) and not asked.partial:
        raise UnfinishedError(one.name, _unfinished(missing, disputed, not_reviewed))
    usable = [item for item in items if answer_of(item, asked.attribute) is not None]
    if not usable:
        raise UnfinishedError(one.name, "no answer holds, so nothing can be evaluated")
    answers = Counter(answer_of(item, asked.attribute) for item in usable)
    population = population_of(log, model, one, upto=upto)
    finding, reviews = (asked.attribute, asked.answer), drawn_of(one).reviews
    levels = levels_of(usable, population, finding, asked.then, reviews=reviews)
    parts_open = [words for level in levels for words in level.open_words()]
    if parts_open and not asked.partial:
        raise UnfinishedError(one.name, ", ".join(parts_open))
    lines = tuple(_lines(one, usable, levels, population, asked))
    design = _design(one, usable, len(items), levels)
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
        sum(level.open for level in levels),
        design,
    )


def _unfinished(missing: int, disputed: int, not_reviewed: int) -> str:
    said = [
        (missing, "not answered"),
        (disputed, "in dispute"),
        (not_reviewed, "without a second review"),
    ]
    return ", ".join(f"{count:,} {words}" for count, words in said if count)


# --- line by line ---------------------------------------------------------------------


def _lines(
    one: Recorded,
    usable: list[Item],
    levels: Sequence[Group],
    population: Population,
    asked: Asked,
) -> Iterator[Line]:
    drawn = len(drawn_of(one).strata)
    simple = drawn == 1
    frame = Group("sample", usable)
    before = frame
    for level in levels:
        if before is not frame:
            yield _share(level, before, asked, simple=simple)
        yield from _of_sample(level, usable, drawn, asked)
        if asked.by_category:
            yield from _by_category(level, population, asked, simple=simple)
        before = level
    unsure = [i for i in usable if answer_of(i, asked.attribute) == UNDETERMINED]
    if unsure and asked.answer != UNDETERMINED:
        name = f"{asked.attribute}={UNDETERMINED}"
        yield from _of_sample(Group(name, unsure), usable, drawn, asked)
        either = Group(f"{levels[0].what} or {UNDETERMINED}", levels[0].items + unsure)
        yield from _of_sample(either, usable, drawn, asked)


def _of_sample(
    level: Group, usable: list[Item], drawn: int, asked: Asked
) -> Iterator[Line]:
    """Yield what a level is of the sample; of strata each, then all of them.

    Of all of them nothing is known while one of them has no answer.
    """
    examined = Counter(item.stratum.stratum for item in usable)
    found = Counter(item.stratum.stratum for item in level.items)
    strata = {item.stratum.stratum: item.stratum for item in usable}
    for name, stratum in strata.items():
        shown = None if stratum.members is None else name
        x, n, there = found[name], examined[name], stratum.population
        yield _simple(level.what, shown, (x, n, there), asked.confidence)
    if len(strata) == drawn > 1:
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
        return Projection(made.total, limits, made.population, _method(made))
    ((there, n, x),) = parts
    exact = estimating.hypergeometric(x, n, there, confidence)
    return Projection(made.total, exact, there, HYPERGEOMETRIC)


def _method(made: estimating.Estimate) -> str:
    if made.alike and not made.standard_error:
        return NO_SPREAD
    if made.alike:
        return f"{STRATIFIED}; too narrow: in {made.alike} strata all seen were alike"
    return STRATIFIED


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
        _method(made),
        rates,
        frame=made.population,
        projected=made.total,
        counts=limits,
        standard_error=made.standard_error,
    )


def _share(level: Group, before: Group, asked: Asked, *, simple: bool) -> Line:
    x, n = len(level.items), len(before.items)
    line = Line(level.what, before.what, None, None, x, n, NO_LIMITS)
    if not simple or not n:
        return line
    limits, one_sided = _rate_limits(x, n, asked.confidence)
    return line._replace(method=SUBSET, limits=limits, one_sided=one_sided)


def _by_category(
    level: Group, population: Population, asked: Asked, *, simple: bool
) -> Iterator[Line]:
    found = Counter(population.category(item.item) for item in level.items)
    for category, x in sorted(found.items(), key=lambda one: (-one[1], one[0] or "~")):
        part = Group(level.what, level.items[:x])  # Only its number counts.
        share = _share(part, level, asked, simple=simple)
        yield share._replace(category=category or "none")


# --- words ----------------------------------------------------------------------------


def _design(
    one: Recorded, usable: Sequence[Item], items: int, levels: Sequence[Group]
) -> str:
    drawn = drawn_of(one)
    how = (
        "simple random sampling"
        if len(drawn.strata) == 1
        else (f"simple random sampling within each of {len(drawn.strata)} strata")
    )
    seed = (
        f"the root of the log at @{drawn.seed_position}, which was not there when the"
        " frame was sealed"
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
    if words := [words for level in levels for words in level.open_words()]:
        said += f" PARTIAL: {', '.join(words)}; without one they count as not so."
    if words := [words for level in levels for words in level.unsure_words()]:
        said += f" Of the parts {', '.join(words)}; these count as not so."
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
