"""Validation: what speaks against printing a figure, at any basis.

Each rule is asked of what was visible then, under the taxonomy, the thresholds and the
waivers that held then: so it can be shown what validation would have said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ledger.collector import paused_collector
from ledger.errors import UsageError
from projections import taxonomies, waivers
from projections.counts import DEFAULT_MEASURES, Question, asked_years, members, mergers
from projections.measures import find
from projections.validation_fold import fold
from projections.validation_rules import RULES, SEVERITIES, Counted, Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.measures import Measure
    from projections.readmodel import ReadModel
    from projections.validation_rules import Found, Rule, Severity
    from projections.waivers import Waiver

State = Literal["passes", "fails", "waived", "unknown"]


class Asked(NamedTuple):
    """The figures that rules on what is counted look at."""

    measures: tuple[str, ...] = DEFAULT_MEASURES
    """``ID``, as in force at the basis, or ``ID@VERSION``."""
    years: range | None = None
    """None: the first to the last in which ``dd-all`` is not 0."""


class Failure(NamedTuple):
    """One SCR that fails a rule."""

    scr: str
    positions: tuple[int, ...]
    detail: str
    waived: str | None
    """The last day on which it is waived; None if it is not."""


class Result(NamedTuple):
    """What one rule says, with one of its severities."""

    rule: str
    severity: Severity
    reason: str
    threshold: int | None
    """As recorded, or else the rule's own; None if it has none, or one per office."""
    state: State
    """`unknown` where no taxonomy at the basis says what the rule needs."""
    failing: tuple[Failure, ...]
    """By SCR, those that are waived among them."""

    @property
    def waived(self) -> int:
        """How many of the failures are waived."""
        return sum(one.waived is not None for one in self.failing)


def validate(  # noqa: PLR0913 - the last three are keywords
    log: Log,
    model: ReadModel,
    basis: Basis,
    rules: Sequence[str] | None = None,
    *,
    asked: Asked = Asked(),  # noqa: B008 - it cannot change
    registry: Sequence[Rule] = RULES,
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[Result]:
    """Ask rules of what is visible at a basis, in one pass over the log.

    :param rules: their ids; None: all of the registry.
    :param registry: the rules there are; other modules may add theirs to ``RULES``.
    :return: for each rule, in the order of the registry, a result for each severity.
    :raises UsageError: there is no such rule, or a measure has no definition then.
    """
    chosen = chosen_rules(rules, registry)
    waived = waivers.holding(log, basis)
    with paused_collector():
        ground = _ground(log, model, basis, asked, on_progress)
        return [result for rule in chosen for result in _results(rule, ground, waived)]


def chosen_rules(
    names: Sequence[str] | None, registry: Sequence[Rule] = RULES
) -> list[Rule]:
    """Return the rules of some ids, in the order of the registry.

    :raises UsageError: with the ids that there are.
    """
    known = [rule.id for rule in registry]
    for name in names or ():
        if name not in known:
            message = (
                f"no rule is named {name or repr('')}; there are {', '.join(known)}"
            )
            raise UsageError(message)
    return [rule for rule in registry if names is None or rule.id in names]


def fails(results: Sequence[Result], fail_on: Severity) -> bool:
    """Whether a rule fails, unwaived, with this severity or a graver one."""
    grave = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return any(one.state == "fails" and one.severity in grave for one in results)


def measures_of(model: ReadModel, basis: Basis, asked: Asked) -> list[Measure]:
    """Return the definitions that validation rests on, each once.

    :raises UsageError: a measure has none.
    """
    found = [find(model, basis, name) for name in asked.measures]
    return list({one.definition.name: one for one in found}.values())


def _ground(
    log: Log,
    model: ReadModel,
    basis: Basis,
    asked: Asked,
    on_progress: Callable[[int], None],
) -> Ground:
    used = measures_of(model, basis, asked)
    years = asked_years(model, basis, Question((), asked.years))
    merged = mergers(model, basis)
    counted = [
        row for one in used for row in _counted(model, basis, one, years, merged)
    ]
    seen = fold(log, basis, on_progress)
    return Ground(
        log,
        model,
        basis,
        seen,
        counted,
        taxonomies.at(log, basis),
        merged,
        [(one.definition.id, year) for one in used if one.in_force for year in years],
    )


def _counted(
    model: ReadModel,
    basis: Basis,
    measure: Measure,
    years: range,
    merged: Mapping[str, str],
) -> Iterator[Counted]:
    definition = measure.definition
    speaks = definition.population.tco is not None
    name = definition.id if measure.in_force else definition.name
    for row in members(model, basis, definition, years, merged):
        yield _behind(name, row, speaks_of_tcos=speaks)


def _behind(measure: str, row: Mapping[str, Any], *, speaks_of_tcos: bool) -> Counted:
    return Counted(
        measure,
        speaks_of_tcos,
        row["fiscal_year"],
        row["scr"],
        row["category"],
        row["subcategory"],
        row["meets_tco"],
        tuple((each["outcome"], each["on"]) for each in row["outcomes"]),
    )


def _results(
    rule: Rule, ground: Ground, waived: Mapping[tuple[str, str], Waiver]
) -> Iterator[Result]:
    unknown = rule.needs_taxonomy and ground.taxonomy is None
    found = [] if unknown else sorted(rule.find(ground), key=lambda one: one.scr)
    threshold = rule.threshold(ground)
    for severity in rule.severities:
        failing = tuple(
            _failure(rule, one, waived) for one in found if one.severity == severity
        )
        state = "unknown" if unknown else _state(failing)
        yield Result(rule.id, severity, rule.reason, threshold, state, failing)


def _failure(
    rule: Rule, found: Found, waived: Mapping[tuple[str, str], Waiver]
) -> Failure:
    held = waived.get((rule.id, found.scr))
    until = None if held is None else held.until
    return Failure(found.scr, found.positions, found.detail, until)


def _state(failing: Sequence[Failure]) -> State:
    if not failing:
        return "passes"
    return "waived" if all(one.waived for one in failing) else "fails"
