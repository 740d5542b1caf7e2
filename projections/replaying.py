"""The log walked fact by fact, and what each fact did to the figures.

It reads the log itself, never the read model, so it shows what really happened there;
a property test holds the two to the same figures at every step. The facts are taken in
the order in which they were recorded, or in that in which they became known.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.definitions import BUILT_IN, from_json
from ledger.domain.fiscal import to_micros
from ledger.errors import FactDamagedError, UsageError
from projections.grade import Grade
from projections.history import line_of
from projections.presence import Presence
from projections.selecting import taker, year_of
from projections.standing import COLUMNS, FOLDS, Standing
from projections.states import Subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Literal

    from ledger.domain.definitions import Definition
    from ledger.reader import Log, Row
    from projections.basis import Basis
    from projections.history import Line
    from projections.standing import Fields, Observation
    from projections.states import Change

    Observations = dict[str, Observation]
    Figure = tuple[str, int]
    Clock = Literal["recorded", "known"]

PAGE = 5_000
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
_UNIT_COLUMNS = {
    unit: COLUMNS.index(column)
    for unit, column in (("organization", "organization"), ("case", "case_number"))
}
_OFFICE = COLUMNS.index("office")


class Move(NamedTuple):
    """A figure that one fact moved."""

    measure: str
    """As it was asked for."""
    fiscal_year: int
    before: int
    after: int


class Step(NamedTuple):
    """One fact, and the figures it moved."""

    place: int
    """Its place in the whole walk, from 0, whatever was chosen."""
    position: int
    known: int
    """When it was known, in microseconds since 1970."""
    moved: tuple[Move, ...]


class Chosen(NamedTuple):
    """Which facts are wanted: those that meet all that is given."""

    scr: str | None = None
    office: str | None = None
    """Facts on SCRs that this office has before or after them."""
    years: range | None = None
    """Facts that moved a figure of these years."""
    moving: bool = False
    """Facts that moved any figure."""


EVERYTHING = Chosen()


class Walk(NamedTuple):
    """A part of history, ready to be walked."""

    steps: tuple[Step, ...]
    """The chosen facts, in the order of the clock."""
    start: Mapping[Figure, int]
    """The figures before the first of them: measure and fiscal year → value."""
    end: Mapping[Figure, int]
    """The figures after the last fact, chosen or not."""
    moves: tuple[tuple[int, Move], ...]
    """Every move since the start, at the place of its fact, chosen or not."""
    grade: Grade
    """Of all case facts that were read."""

    def figures(self, taken: int) -> dict[Figure, int]:
        """Return the figures once ``taken`` of the steps are taken, 0 where they fell.

        They are those of all facts up to there, not of the chosen ones alone.
        """
        found = dict(self.start)
        if taken == 0:
            return found
        last = self.steps[taken - 1].place
        for place, move in self.moves:
            if place > last:
                break
            found[move.measure, move.fiscal_year] = move.after
        return found


class Fact(NamedTuple):
    """A fact as the walk reads it."""

    position: int
    topic: str
    recorded_at: str
    payload: bytes
    known: int
    claimed: bool


def walk(  # noqa: PLR0913 - all but three are keywords
    log: Log,
    measures: Iterable[str],
    basis: Basis,
    *,
    after: int = 0,
    clock: Clock = "recorded",
    chosen: Chosen = EVERYTHING,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> Walk:
    """Walk the visible facts of a basis, and return the chosen steps.

    :param measures: whose figures are followed: ``ID``, by the definition in force at
        each step, or ``ID@VERSION``, by that one throughout.
    :param after: where the steps begin: after this position, or, by the clock
        ``known``, after this instant, in microseconds since 1970. All before is read
        too, because figures rest on it.
    :param on_progress: told how many facts are read, now and then.
    :raises UsageError: a measure has no definition.
    :raises FactDamagedError: what is kept of a fact cannot be read.
    """
    figures = Figures(log, measures)
    steps: list[Step] = []
    moves: list[tuple[int, Move]] = []
    start: dict[Figure, int] | None = None
    visible = claimed = 0
    by = attrgetter("position" if clock == "recorded" else "known")
    for place, fact in enumerate(_facts(log, basis, clock)):
        if place % PAGE == 0:
            on_progress(place)
        if start is None and by(fact) > after:
            start = figures.values()
        if not fact.topic.startswith("ledger."):
            visible += 1
            claimed += fact.claimed
        moved, offices = figures.take(fact)
        if start is not None:
            moves += [(place, move) for move in moved]
            if _is_chosen(chosen, fact, moved, offices):
                steps.append(Step(place, fact.position, fact.known, moved))
    end = figures.values()
    return Walk(
        tuple(steps),
        end if start is None else start,
        end,
        tuple(moves),
        Grade(visible, claimed),
    )


def _is_chosen(
    chosen: Chosen, fact: Fact, moved: tuple[Move, ...], offices: tuple[str, ...]
) -> bool:
    years = chosen.years
    return (
        (chosen.scr is None or _is_of(chosen.scr, fact))
        and (chosen.office is None or chosen.office in offices)
        and (not chosen.moving or bool(moved))
        and (years is None or any(move.fiscal_year in years for move in moved))
    )


def _is_of(scr: str, fact: Fact) -> bool:
    if not fact.topic.startswith("scr."):
        return False
    found: object = json.loads(fact.payload)["scr"]
    return found == scr


# --- as lines -------------------------------------------------------------------------


def lines(log: Log, steps: Iterable[Step]) -> Iterator[Line]:
    """Yield each step as answers say it: the fact, before, after, and what it moved.

    Facts of one subject have to come in their order, as those of a walk do.
    """
    subjects = Subjects(log)
    for step, row in _rows(log, steps):
        yield line_of_step(step, row, subjects.take(row))


def line_of_step(step: Step, row: Row, made: Change) -> Line:
    """Return one step as answers say it."""
    moved = [
        {
            "measure": move.measure,
            "fiscal_year": move.fiscal_year,
            "from": move.before,
            "to": move.after,
        }
        for move in step.moved
    ]
    return {**line_of(row), "before": made.before, "after": made.after, "moved": moved}


def _rows(log: Log, steps: Iterable[Step]) -> Iterator[tuple[Step, Row]]:
    waiting = iter(steps)
    while page := list(islice(waiting, PAGE)):
        rows = {row.position: row for row in log.at(step.position for step in page)}
        for step in page:
            yield step, rows[step.position]


# --- in the order of a clock ----------------------------------------------------------


def _facts(log: Log, basis: Basis, clock: Clock) -> Iterator[Fact]:
    rows = log.narrow(0, basis.position)
    visible = (fact for fact in map(_read, rows) if fact.known <= basis.cutoff)
    return visible if clock == "recorded" else _by_known(log, visible)


def _by_known(log: Log, facts: Iterable[Fact]) -> Iterator[Fact]:
    """Yield facts in the order in which they became known, then by position.

    Only where each belongs is held, so that memory stays small.
    """
    order = sorted((fact.known, fact.position) for fact in facts)
    for first in range(0, len(order), PAGE):
        positions = [position for _, position in order[first : first + PAGE]]
        rows = {row.position: row for row in log.at(positions)}
        for position in positions:
            row = rows[position]
            yield _read((position, row.topic, row.recorded_at, row.payload))


def _read(row: tuple[int, str, str, bytes]) -> Fact:
    position, topic, recorded_at, payload = row
    own = topic.startswith("ledger.")
    # Most facts need no more of their JSON than this one field, if they have it.
    named = b'"adopted_at"' if own else b'"known_at"'
    claimed = None
    try:
        if named in payload:
            fields: dict[str, Any] = json.loads(payload)
            claimed = fields.get("adopted_at" if own else "known_at")
        known = to_micros(datetime.fromisoformat(claimed or recorded_at))
    except _DAMAGED as error:
        raise _damaged(position, error) from None
    return Fact(position, topic, recorded_at, payload, known, claimed is not None)


def _damaged(position: int, error: Exception) -> FactDamagedError:
    why = f"it cannot be read ({type(error).__name__}: {error})"
    return FactDamagedError(position, why)


# --- figures --------------------------------------------------------------------------


class Figures:
    """The figures of some measures, moved by one fact after the other.

    :raises UsageError: a measure has no definition in the log.
    """

    def __init__(self, log: Log, measures: Iterable[str]) -> None:
        self._followed = [_Followed(log, name) for name in dict.fromkeys(measures)]
        self._scrs: dict[str, tuple[Standing, Observations]] = {}
        self._mergers: dict[str, str] = {}

    def values(self) -> dict[Figure, int]:
        """Return the figures that are not 0: measure and fiscal year → value."""
        return {
            (one.name, year): value
            for one in self._followed
            for year, value in sorted(one.values.items())
            if value
        }

    def take(self, fact: Fact) -> tuple[tuple[Move, ...], tuple[str, ...]]:
        """Take a fact; return what it moved, and the offices that have its SCR.

        :raises FactDamagedError: what is kept of it cannot be read.
        """
        offices: tuple[str, ...] = ()
        try:
            if fact.topic.startswith("scr."):
                offices = self._scr(json.loads(fact.payload))
            elif fact.topic.startswith("organization."):
                self._organization(json.loads(fact.payload))
            elif fact.topic in ("ledger.defined/1", "ledger.retired/1"):
                self._definition(fact)
        except _DAMAGED as error:
            raise _damaged(fact.position, error) from None
        return tuple(move for one in self._followed for move in one.moves()), offices

    def _scr(self, fields: Fields) -> tuple[str, ...]:
        name = fields["scr"]
        held = self._scrs.get(name)
        if held is None:
            if fields["event"] != "filed":
                raise ValueError(fields["event"])
            standing = Standing(fields)
            self._scrs[name] = standing, {}
            return (standing.office,)
        standing, before = held
        had = standing.office
        FOLDS[fields["event"]](standing, fields)
        after = standing.observations() if standing.observable else {}
        if after != before:
            self._scrs[name] = standing, after
            for one in self._followed:
                one.change(name, before, after)
        return had, standing.office

    def _organization(self, fields: Fields) -> None:
        if fields["event"] == "merged":
            self._mergers[fields["organization"]] = fields["into"]
        else:
            self._mergers.pop(fields["organization"], None)
        for one in self._followed:
            one.merge(self._mergers)

    def _definition(self, fact: Fact) -> None:
        measure = json.loads(fact.payload)["measure"]
        for one in self._followed:
            if one.measure == measure:
                every = ((name, held[1]) for name, held in self._scrs.items())
                one.see(fact.position, every, self._mergers)


class _Followed:
    """One measure, and its figures by the definition in force."""

    def __init__(self, log: Log, name: str) -> None:
        self.name = name
        self.measure, _, version = name.partition("@")
        self.values: Counter[int] = Counter()
        self._moved: dict[int, int] = {}
        self._versions = _versions(log, self.measure)
        self._seen: set[int] = set()
        self._pinned = _pinned(self.name, self._versions) if version else None
        self._use(self._pinned or BUILT_IN.get(self.measure))

    def see(
        self,
        position: int,
        every: Iterable[tuple[str, Observations]],
        mergers: Mapping[str, str],
    ) -> None:
        """Let a definition, or a retirement, come into view: the last one holds."""
        if position not in self._versions:
            return  # It was recorded after the walk began.
        self._seen.add(position)
        if self._pinned is not None:
            return
        self._take_back()
        self._use(self._versions[max(self._seen)])
        self.merge(mergers)
        for scr, observations in every:
            self.change(scr, {}, observations)

    def _use(self, definition: Definition | None) -> None:
        self._definition = definition
        self._presence = Presence(
            once=definition is not None and definition.once == "ever"
        )
        if definition is not None:
            self._takes, self._year = taker(definition), year_of(definition)

    def _take_back(self) -> None:
        for year, value in self.values.items():
            self._moved.setdefault(year, value)
        self.values.clear()

    def merge(self, mergers: Mapping[str, str]) -> None:
        """Let these mergers hold."""
        if self._definition is not None and self._definition.unit == "organization":
            self._presence.merge(mergers)

    def change(self, scr: str, before: Observations, after: Observations) -> None:
        """Let an SCR be observed otherwise than before."""
        if self._definition is None:
            return
        for observations, change in ((before, -1), (after, 1)):
            for outcome, row in observations.items():
                if self._takes(row):
                    name = self._unit(scr, outcome, row)
                    if name is not None:
                        self._presence.add(name, self._year(row), change)

    def _unit(self, scr: str, outcome: str, row: Observation) -> str | None:
        assert self._definition is not None
        unit = self._definition.unit
        if unit == "outcome":
            return f"{scr} {outcome}"  # No id has a space in it.
        if unit == "scr":
            return scr
        named = row[_UNIT_COLUMNS[unit]]
        return None if named is None else str(named)

    def moves(self) -> Iterator[Move]:
        """Yield what moved since this was last asked, by year."""
        for (year, _), there in self._presence.changed().items():
            self._moved.setdefault(year, self.values[year])
            self.values[year] += 1 if there else -1
        for year, before in sorted(self._moved.items()):
            if before != self.values[year]:
                yield Move(self.name, year, before, self.values[year])
        self._moved = {}


def _versions(log: Log, measure: str) -> dict[int, Definition | None]:
    """Return the definitions of a measure by position; None is a retirement."""
    found: dict[int, Definition | None] = {}
    # Ids are ASCII; SQLite would stumble over half a surrogate pair.
    for row in log.stream(f"measure/{measure}", log.head) if measure.isascii() else ():
        try:
            body = json.loads(row.payload).get("definition")
            found[row.position] = None if body is None else from_json(body)
        except _DAMAGED as error:
            raise _damaged(row.position, error) from None
    if not found and measure not in BUILT_IN:
        message = f"no measure is named {measure}; `scr measure list` lists them"
        raise UsageError(message)
    return found


def _pinned(name: str, versions: Mapping[int, Definition | None]) -> Definition:
    measure, _, version = name.partition("@")
    if measure in BUILT_IN and version == "1":
        return BUILT_IN[measure]
    for definition in versions.values():
        if definition is not None and str(definition.version) == version:
            return definition
    message = f"measure {measure} has no version {version}; see `scr measure list`"
    raise UsageError(message)
