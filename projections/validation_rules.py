"""The rules of validation: what each looks for, and how grave it is to find it.

A rule is a name, a sentence and a function from the ground it looks at to what it
finds (docs/validation.md says the same in words). To add one, add it to ``RULES``.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.domain.links import end_of_chain
from ledger.domain.scr import ANOMALIES
from projections.validation_moved import PERCENT, moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ledger.domain.taxonomy import Threshold
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel
    from projections.taxonomies import Loaded
    from projections.validation_fold import Judged, Seen

Severity = Literal["error", "warning"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning")

FAR_DAYS = 1825
"""Five years: how far an outcome may be from its filing, if no taxonomy says else."""

HABIT_FILINGS = 10
"""Filings that an office must have made before it has a habit."""

_NAMED = 3
"""How many others a detail names."""


class Counted(NamedTuple):
    """An SCR behind a figure: a row of ``scr cases``."""

    measure: str
    speaks_of_tcos: bool
    """Whether the definition takes outcomes by their TCO answer: `population.tco`."""
    fiscal_year: int
    scr: str
    category: str | None
    subcategory: str | None
    meets_tco: str
    outcomes: tuple[tuple[str, str], ...]
    """Each counted outcome and its day; none of a first approval."""


class Ground(NamedTuple):
    """What rules look at: everything that is visible at a basis."""

    log: Log
    model: ReadModel
    basis: Basis
    seen: Seen
    counted: Sequence[Counted]
    taxonomy: Loaded | None
    merged: Mapping[str, str]
    """What each merged organization is merged into."""
    figures: Sequence[tuple[str, int]] = ()
    """The measures in force, and the fiscal years, that are looked at."""

    @property
    def scrs(self) -> Mapping[str, Judged]:
        """All that are visible."""
        return self.seen.scrs

    def threshold(self, rule: Threshold) -> int | None:
        """Return the threshold that the taxonomy at the basis records for a rule."""
        if self.taxonomy is None:
            return None
        return self.taxonomy.taxonomy.thresholds.get(rule)


class Found(NamedTuple):
    """One SCR that a rule finds."""

    severity: Severity
    scr: str
    positions: tuple[int, ...]
    """The facts it rests on, in log order."""
    detail: str


def _no_threshold(_ground: Ground) -> int | None:
    return None


class Rule(NamedTuple):
    """One rule of validation."""

    id: str
    severities: tuple[Severity, ...]
    """Those that it may find something with."""
    reason: str
    """Why it matters, in one sentence."""
    find: Callable[[Ground], Iterable[Found]]
    """At most one finding for each severity and SCR."""
    threshold: Callable[[Ground], int | None] = _no_threshold
    needs_taxonomy: bool = False
    """Whether nothing can be said without a taxonomy at the basis."""


# --- what is counted -----------------------------------------------------------


def _weaker(ground: Ground) -> Iterator[Found]:
    assert ground.taxonomy is not None
    taxonomy = ground.taxonomy.taxonomy
    weak: dict[str, list[Counted]] = defaultdict(list)
    for one in ground.counted:
        if one.meets_tco != "yes":
            weak[one.scr].append(one)
    for scr, rows in weak.items():
        category, subcategory = rows[0].category, rows[0].subcategory
        answer = taxonomy.requires_tco(category, subcategory)
        if answer == "yes":
            continue
        judged = ground.scrs[scr]
        where = judged.filed_at if judged.category_at is None else judged.category_at
        named = f"{category} / {subcategory}" if category is not None else "no category"
        own = ", ".join(sorted({one.meets_tco for one in rows}))
        yield Found(
            "error" if answer == "no" else "warning",
            scr,
            tuple(sorted({where, *_dated_at(judged, rows)})),
            f"{named} requires_tco {answer}, its own answer {own};"
            f" counted in {_figures(rows)}",
        )


def _dated_at(judged: Judged, rows: Iterable[Counted]) -> Iterator[int]:
    for one in rows:
        for outcome, _ in one.outcomes:
            yield judged.outcome_at[outcome]


def _figures(rows: Iterable[Counted]) -> str:
    """Return the figures that rows are behind: ``dd-all FY 2018, 2019``."""
    years: dict[str, set[int]] = defaultdict(set)
    for one in rows:
        years[one.measure].add(one.fiscal_year)
    return ", ".join(
        f"{measure} FY {', '.join(map(str, sorted(held)))}"
        for measure, held in years.items()
    )


def _undetermined(ground: Ground) -> Iterator[Found]:
    found: dict[tuple[Severity, str], list[Counted]] = defaultdict(list)
    for one in ground.counted:
        judged = ground.scrs[one.scr]
        days = [on for _, on in one.outcomes] or [judged.entered_on or ""]
        if not all(map(judged.is_determined, days)):
            severity: Severity = "error" if one.speaks_of_tcos else "warning"
            found[severity, one.scr].append(one)
    for (severity, scr), rows in found.items():
        judged = ground.scrs[scr]
        positions = {
            judged.outcome_at[outcome]
            for one in rows
            for outcome, on in one.outcomes
            if not judged.is_determined(on)
        } or {judged.filed_at}
        detail = f"no determination; counted in {_figures(rows)}"
        yield Found(severity, scr, tuple(sorted(positions)), detail)


# --- duplicates ----------------------------------------------------------------


def _same_case_number(ground: Ground) -> Iterator[Found]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name, scr in ground.scrs.items():
        if not scr.voided:
            groups[scr.case_number].append(name)
    for number, names in groups.items():
        if len(names) < 2:  # noqa: PLR2004 - a pair
            continue
        for name in names:
            others = _named(sorted(set(names) - {name}))
            at = ground.scrs[name].case_number_at
            yield Found("warning", name, (at,), f"{number}, as {others}")


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED])
    return listed if more <= 0 else f"{listed} and {more:,} more"


def _same_organization(ground: Ground) -> Iterator[Found]:
    groups: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(dict)
    for name, scr in ground.scrs.items():
        for outcome, on in scr.live():
            organization = scr.organization(on)
            if organization is not None:
                key = end_of_chain(organization, ground.merged), on
                at = scr.outcome_at[outcome]
                groups[key].setdefault(name, []).append(at)
    found: dict[str, tuple[set[int], list[str]]] = {}
    for (organization, on), held in sorted(groups.items()):
        if len(held) < 2:  # noqa: PLR2004 - a pair
            continue
        for name, positions in held.items():
            all_at, told = found.setdefault(name, (set(), []))
            all_at.update(positions)
            others = _named(sorted(held.keys() - {name}))
            told.append(f"{organization} on {on}, as {others}")
    for name, (all_at, told) in found.items():
        yield Found("warning", name, tuple(sorted(all_at)), "; ".join(told))


# --- what is missing, what is far ------------------------------------------------


def _silent(ground: Ground) -> Iterator[Found]:
    day = ground.seen.day
    if day is None:
        return
    filings: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for name, scr in ground.scrs.items():
        filings[scr.filed_office].append((scr.filed_on, scr.filed_at, name))
    recorded = ground.threshold("office-silent")
    for office, held in filings.items():
        if len(held) < HABIT_FILINGS:
            continue
        last, position, name = max(held)
        longest = _longest_gap(held)
        silent = (day - date.fromisoformat(last)).days
        allowed = longest if recorded is None else recorded
        if silent > allowed:
            yield Found(
                "warning",
                name,
                (position,),
                f"{office}: no filing for {silent:,} days since {last}, with"
                f" {len(held):,} filings; its longest gap {longest:,} days",
            )


def _longest_gap(held: Iterable[tuple[str, int, str]]) -> int:
    days = sorted({date.fromisoformat(on) for on, *_ in held})
    return max(((after - before).days for before, after in pairwise(days)), default=0)


def _far_days(ground: Ground) -> int:
    recorded = ground.threshold("outcome-far-from-filing")
    return FAR_DAYS if recorded is None else recorded


def _far(ground: Ground) -> Iterator[Found]:
    most = _far_days(ground)
    for name, scr in ground.scrs.items():
        filed = date.fromisoformat(scr.filed_on).toordinal()
        far = {
            outcome: days
            for outcome, on in scr.live()
            if abs(days := date.fromisoformat(on).toordinal() - filed) > most
        }
        if far:
            positions = tuple(sorted(scr.outcome_at[outcome] for outcome in far))
            told = [f"{outcome} {_apart(days)} filing" for outcome, days in far.items()]
            yield Found("warning", name, positions, ", ".join(told))


def _apart(days: int) -> str:
    return f"{abs(days):,} days {'after' if days > 0 else 'before'}"


# --- what was printed ------------------------------------------------------------


def _moved_percent(ground: Ground) -> int:
    recorded = ground.threshold("moved-since-printing")
    return PERCENT if recorded is None else recorded


def _moved(ground: Ground) -> Iterator[Found]:
    told: dict[str, tuple[set[int], list[str]]] = {}
    for one in moved(
        ground.log,
        ground.model,
        ground.basis,
        ground.figures,
        _moved_percent(ground),
    ):
        # What was never supported is no SCR's doing: the figure stands for itself.
        name = f"{one.figure.measure} FY {one.figure.fiscal_year}"
        for scr in one.scrs or (name,):
            positions, words = told.setdefault(scr, (set(), []))
            positions.add(one.publication.position)
            words.append(one.words)
    for scr, (positions, words) in told.items():
        yield Found("warning", scr, tuple(sorted(positions)), "; ".join(words))


# --- the accepted anomalies ------------------------------------------------------


def _departed(rule: str, ground: Ground) -> Iterator[Found]:
    for name, positions in ground.seen.departures.get(rule, {}).items():
        facts = "1 fact" if len(positions) == 1 else f"{len(positions)} facts"
        yield Found("warning", name, tuple(positions), facts)


def _duplicate_of_unknown(ground: Ground) -> Iterator[Found]:
    unknown: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, of, position in ground.seen.duplicates:
        if of not in ground.scrs:
            unknown[name].append((of, position))
    for name, held in unknown.items():
        targets = sorted({of for of, _ in held})
        yield Found("warning", name, tuple(at for _, at in held), ", ".join(targets))


def _not_in_taxonomy(ground: Ground) -> Iterator[Found]:
    assert ground.taxonomy is not None
    known = ground.taxonomy.taxonomy.categories
    for name, scr in ground.scrs.items():
        if scr.category is not None and scr.category not in known:
            assert scr.category_at is not None
            yield Found("warning", name, (scr.category_at,), scr.category)


def _anomaly(rule: str, words: str) -> Rule:
    reason = f"{words[0].upper()}{words[1:]}."
    match rule:
        case "duplicate-of-unknown":
            return Rule(rule, ("warning",), reason, _duplicate_of_unknown)
        case "category-not-in-taxonomy":
            return Rule(
                rule, ("warning",), reason, _not_in_taxonomy, needs_taxonomy=True
            )
        case _:
            return Rule(rule, ("warning",), reason, partial(_departed, rule))


RULES: tuple[Rule, ...] = (
    Rule(
        "category-weaker-than-measure",
        SEVERITIES,
        "It is counted, but neither the criteria it was approved against nor its own"
        " determination says that it is about a TCO.",
        _weaker,
        needs_taxonomy=True,
    ),
    Rule(
        "counted-without-determination",
        SEVERITIES,
        "It is counted, and nobody determined whether it is about a TCO.",
        _undetermined,
    ),
    Rule(
        "same-case-number",
        ("warning",),
        "Two SCRs of one case number may be one SCR filed twice.",
        _same_case_number,
    ),
    Rule(
        "same-organization-and-date",
        ("warning",),
        "Two SCRs with an outcome of one organization on one day may count one event"
        " twice.",
        _same_organization,
    ),
    Rule(
        "office-silent",
        ("warning",),
        "An office that files nothing for longer than ever before may have stopped"
        " reporting; named is its last SCR.",
        _silent,
        lambda ground: ground.threshold("office-silent"),
    ),
    Rule(
        "outcome-far-from-filing",
        ("warning",),
        "An outcome years from its filing may have the wrong date or the wrong SCR.",
        _far,
        _far_days,
    ),
    Rule(
        "moved-since-printing",
        ("warning",),
        "A figure that moved by more than the threshold since it was printed last has"
        " to be explained; named are the SCRs that came or went.",
        _moved,
        _moved_percent,
    ),
    *(_anomaly(rule, words) for rule, words in ANOMALIES.items()),
)
"""In the order of answers."""
