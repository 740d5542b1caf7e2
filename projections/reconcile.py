"""Two figures taken apart: what came, what went, and which fact did it.

A side is a basis and a definition. Between two sides every unit that is counted on one
and not on the other is an item with an effect and a cause; the effects add up to the
change, with nothing left over (docs/reconciliation.md).

Where both differ, the data go first, counted by the definition of the side that knew
less; what is left is the definition's. The way back is the same way, so a
reconciliation the other way round is the negative, item by item.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.definitions import as_json as definition_json
from ledger.domain.links import end_of_chain
from ledger.errors import UsageError
from projections.counts import Question, asked_years, members, mergers, totals
from projections.presence import Presence
from projections.selecting import (
    EVERY_YEAR,
    Clause,
    as_sql,
    clauses,
    in_years,
    series_of,
    summed,
    taker,
    year_of,
)
from projections.standing import COLUMNS, WORDS
from projections.timeline import turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from ledger.domain.definitions import Definition
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.counts import Row
    from projections.measures import Measure
    from projections.readmodel import ReadModel
    from projections.standing import Observation

    Observations = Mapping[str, Observation]
    Key = tuple[int, str]
    Span = tuple[int, ...]
    Answers = dict[Key, int]

DEFINITION, REDATING = "definition", "redating"

CAUSES = {
    "reclassified": "reclassification",
    "redetermined": "redetermination",
    "redated": REDATING,
    "reversed": "reversal",
    "returned": "return",
    "rescinded": "rescission",
    "transferred": "transfer",
    "refiled": "refiling",
    "voided": "voiding",
    "reinstated": "reinstatement",
    "merged": "merger",
    "unmerged": "merger",
}
"""By event; any other fact is `late-information`, and `voided` with ``duplicate_of``
is `duplicate`."""


class Side(NamedTuple):
    """One of two figures: what was known, and what was counted."""

    basis: Basis
    measure: Measure


class Item(NamedTuple):
    """One unit that is counted on one side and not on the other."""

    subject: str
    """The SCR; of ``organization`` and ``case`` units the organization or case."""
    outcome: str | None
    """Of ``outcome`` units."""
    effect: int
    cause: str
    positions: tuple[int, ...]
    """The facts at which it came or went, ascending; of a definition where the later
    of the two was recorded, if any was.
    """
    clause: str | None = None
    """Of a definition: the clause that the other one does not meet."""
    other_year: int | None = None
    """The year it went to, or came from, by the same fact."""


class Year(NamedTuple):
    """One fiscal year, reconciled."""

    fiscal_year: int
    before: int
    after: int
    items: tuple[Item, ...]

    @property
    def change(self) -> int:
        """By how much the figure differs."""
        return self.after - self.before


def reconcile(
    log: Log, model: ReadModel, before: Side, after: Side, years: range | None
) -> list[Year]:
    """Return every asked year with its items.

    :param years: None for those in which ``dd-all`` is not 0 on either side.
    :raises UsageError: the two definitions count different things.
    """
    _check_units(before, after)
    if years is None:
        years = _years(model, before, after)
    if _knowledge(before) > _knowledge(after):
        turned = reconcile(log, model, after, before, years)
        return [_the_other_way_round(year) for year in turned]
    groups = before.measure.definition.unit in _COLUMNS
    found = _of_groups if groups else _of_scrs
    items: dict[int, list[Item]] = defaultdict(list)
    for year, item in _with_causes(log, found(model, before, after, years)):
        items[year].append(item)
    was, is_now = (figures(model, side, years) for side in (before, after))
    return [
        Year(year, was[year], is_now[year], tuple(sorted(items[year], key=_order)))
        for year in years
    ]


def _knowledge(side: Side) -> tuple[int, int]:
    return side.basis.cutoff, side.basis.position


def _the_other_way_round(year: Year) -> Year:
    items = tuple(item._replace(effect=-item.effect) for item in year.items)
    return Year(year.fiscal_year, year.after, year.before, items)


def _order(item: Item) -> tuple[str, str]:
    return item.subject, item.outcome or ""


def _check_units(before: Side, after: Side) -> None:
    one, other = before.measure.definition, after.measure.definition
    if one.unit != other.unit:
        message = (
            f"{one.name} counts by {one.unit}, and {other.name} by {other.unit};"
            " take two measures that count the same"
        )
        raise UsageError(message)


def by_cause(items: Iterable[Item]) -> list[tuple[str, int]]:
    """Return the effect of each cause, the largest first."""
    effects: Counter[str] = Counter()
    for item in items:
        effects[item.cause] += item.effect
    return sorted(effects.items(), key=lambda pair: (-abs(pair[1]), pair[0]))


def _years(model: ReadModel, before: Side, after: Side) -> range:
    asked = Question(())
    every = [
        *asked_years(model, before.basis, asked),
        *asked_years(model, after.basis, asked),
    ]
    return range(min(every), max(every) + 1) if every else range(0)


def figures(model: ReadModel, side: Side, years: range) -> Mapping[int, int]:
    """Return the figures of some fiscal years on one side, 0 where nothing counts."""
    definition = side.measure.definition
    if not summed(definition):
        return Counter(year for year, _ in _groups(model, side, years))
    found = totals(model, side.basis, definition, years)
    return {year: sum(found.get(year, {}).values()) for year in years}


# --- causes ------------------------------------------------------------------------


class _Causes:
    """What the facts at some positions are called as causes."""

    def __init__(self, log: Log, positions: Iterable[int]) -> None:
        self._log = log
        self._topics = log.topics(positions)

    def of(self, position: int) -> str:
        """Return the cause that the fact at one of the positions is."""
        event = self._topics[position].partition(".")[2].partition("/")[0]
        if event == "voided":
            (row,) = self._log.rows(position - 1, position)
            return (
                "duplicate" if "duplicate_of" in json.loads(row.payload) else "voiding"
            )
        return CAUSES.get(event, "late-information")


class _Found(NamedTuple):
    """An item before its cause is looked up."""

    year: int
    item: Item
    by_data: bool


def _with_causes(log: Log, found: Iterable[_Found]) -> Iterator[tuple[int, Item]]:
    held = list(found)
    causes = _Causes(log, (one.item.positions[-1] for one in held if one.by_data))
    items = [
        (
            one.year,
            one.item._replace(cause=causes.of(one.item.positions[-1]))
            if one.by_data
            else one.item,
        )
        for one in held
    ]
    return _moves(items)


# --- SCRs and outcomes: each along its own stream ------------------------------------


def _of_scrs(
    model: ReadModel, before: Side, after: Side, years: range
) -> Iterator[_Found]:
    del years  # A move has an end in a year that was not asked for.
    definition = before.measure.definition
    same = _counts_alike(definition, after.measure.definition)
    if same and definition.once == "per-year":
        yield from _by_spans(model, before, after)
        return
    counted = tuple(_counting(side.measure.definition) for side in (before, after))
    for scr, rows in _candidates(model, before.basis, after.basis, everything=not same):
        seen = [_visible(rows, side.basis) for side in (before, after)]
        was, is_now = counted[0](seen[0]), counted[1](seen[1])
        if was == is_now:
            continue
        differ = sorted(was ^ is_now)
        by_data = is_now if same else counted[0](seen[1])
        flips = _flips(rows, before, after, counted[0], differ)
        for key in differ:
            effect = 1 if key in is_now else -1
            if (key in by_data) == (key in is_now):
                item = Item(scr, key[1] or None, effect, "", tuple(flips[key]))
                yield _Found(key[0], item, by_data=True)
            else:
                item = _by_definition((before, after), scr, key, effect, seen[1])
                yield _Found(key[0], item, by_data=False)


def _by_spans(model: ReadModel, before: Side, after: Side) -> Iterator[_Found]:
    """Yield what came or went under one definition that counts each year by itself.

    Then a unit counts in a year as long as any span of its own holds there, so the
    spans tell all, and the state after each fact need not be made again.
    """
    by_outcome = before.measure.definition.unit == "outcome"
    holds_before, holds_after = _holding(before.basis), _holding(after.basis)
    for scr, rows in _taken_spans(model, before, after):
        spans: dict[Key, list[Span]] = defaultdict(list)
        for year, outcome, *span in rows:
            spans[year, outcome if by_outcome else ""].append(tuple(span))
        for key in sorted(spans):
            held = spans[key]
            was, is_now = holds_before(held), holds_after(held)
            if was != is_now:
                positions = _flips_of(held, before.basis, after.basis)
                effect = 1 if is_now else -1
                item = Item(scr, key[1] or None, effect, "", positions)
                yield _Found(key[0], item, by_data=True)


def _holding(basis: Basis) -> Callable[[list[Span]], bool]:
    """Return what says whether any of some spans is seen at a basis."""
    cutoff, last = basis.cutoff, basis.position

    def holds(spans: list[Span]) -> bool:
        # A plain loop: it is asked twice for every unit that may differ.
        for known_from, since, known_until, until in spans:
            begun = known_from <= cutoff and since <= last
            if begun and (known_until > cutoff or until > last):
                return True
        return False

    return holds


def _taken_spans(
    model: ReadModel, before: Side, after: Side
) -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
    """Yield, of the SCRs that may differ, year, outcome and span of what is taken."""
    low, high = sorted((before.basis.cutoff, after.basis.cutoff))
    first, last = sorted((before.basis.position, after.basis.position))
    values: dict[str, Any] = {"low": low, "high": high, "first": first, "last": last}
    taken, year = as_sql(before.measure.definition, values)
    query = (
        f"SELECT scr, {year}, outcome, known_from, position_from, known_until,"  # noqa: S608 - our names
        f" position_until FROM beliefs WHERE {taken} AND scr IN ({_CHANGED})"
        " ORDER BY scr"
    )
    for scr, rows in groupby(model.all(query, values), itemgetter(0)):
        yield scr, (row[1:] for row in rows)


def _flips_of(spans: list[Span], one: Basis, other: Basis) -> tuple[int, ...]:
    """Return the facts between two bases at which any span came to hold, or none."""
    changes: dict[int, int] = defaultdict(int)
    known: dict[int, int] = {}
    for known_from, since, known_until, until in spans:
        changes[since] += 1
        changes[until] -= 1
        known[since], known[until] = known_from, known_until
    holding = 0
    flipped = []
    for position in sorted(changes):
        before, holding = holding, holding + changes[position]
        if (before > 0) != (holding > 0) and _sees(
            one, known[position], position
        ) != _sees(other, known[position], position):
            flipped.append(position)
    return tuple(flipped)


def _counts_alike(one: Definition, other: Definition) -> bool:
    words = {"id", "version", "title", "owner", "source", "denominator", "targets"}
    words.add("data_quality")
    first, second = (
        {
            name: value
            for name, value in definition_json(each).items()
            if name not in words
        }
        for each in (one, other)
    )
    return first == second


def _counting(definition: Definition) -> Callable[[Observations], set[Key]]:
    """Return what tells in which years an SCR, or each of its outcomes, is counted.

    Of an SCR the key is the year and an empty id.
    """
    takes, year = taker(definition), year_of(definition)
    everything = definition.population._replace(tco=None)
    # The takings are done here; the series only tells the years.
    one = series_of(0, definition._replace(population=everything))

    def outcomes(seen: Observations) -> set[Key]:
        return {(year(row), name) for name, row in seen.items() if takes(row)}

    def scrs(seen: Observations) -> set[Key]:
        return {(year, "") for year in in_years(one, filter(takes, seen.values()))}

    return outcomes if definition.unit == "outcome" else scrs


def _candidates(
    model: ReadModel, one: Basis, other: Basis, *, everything: bool
) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield the SCRs that may differ, with all their belief rows."""
    low, high = sorted((one.cutoff, other.cutoff))
    first, last = sorted((one.position, other.position))
    values = {"low": low, "high": high, "first": first, "last": last}
    where = "" if everything else f"WHERE scr IN ({_CHANGED})"
    query = (
        f"SELECT scr, outcome, {', '.join(COLUMNS)}, known_from, position_from,"  # noqa: S608 - our names
        f" known_until, position_until FROM beliefs {where} ORDER BY scr"
    )
    for scr, rows in groupby(model.all(query, values), itemgetter(0)):
        yield scr, [row[1:] for row in rows]


# Of the spans only those that begin or end between the two bases can be seen from one
# of them and not from the other: what a reconciliation costs is what changed.
_CHANGED = """
    SELECT scr FROM beliefs WHERE known_from>:low AND known_from<=:high
    UNION SELECT scr FROM beliefs WHERE known_until>:low AND known_until<=:high
    UNION SELECT scr FROM beliefs WHERE position_from>:first AND position_from<=:last
    UNION SELECT scr FROM beliefs WHERE position_until>:first AND position_until<=:last
"""


def _visible(rows: Iterable[tuple[Any, ...]], basis: Basis) -> Observations:
    cutoff, last = basis.cutoff, basis.position
    return {
        row[0]: row[1:-4]
        for row in rows
        if row[-4] <= cutoff
        and row[-3] <= last
        and (row[-2] > cutoff or row[-1] > last)
    }


def _flips(
    rows: Iterable[tuple[Any, ...]],
    before: Side,
    after: Side,
    counted: Callable[[Observations], set[Key]],
    keys: Iterable[Key],
) -> dict[Key, list[int]]:
    """Return the facts between two bases at which keys came or went."""
    found: dict[Key, list[int]] = {key: [] for key in keys}
    held: set[Key] = set()
    for known, position, seen in turns(rows):
        now = counted(seen)
        sees = [
            known <= side.basis.cutoff and position <= side.basis.position
            for side in (before, after)
        ]
        if sees[0] != sees[1]:
            for key, positions in found.items():
                if (key in now) != (key in held):
                    positions.append(position)
        held = now
    return found


def _moves(items: list[tuple[int, Item]]) -> Iterator[tuple[int, Item]]:
    """Pair what left one year and entered another by the same redating."""
    years: dict[tuple[object, ...], int] = {}
    for year, item in items:
        if item.cause == REDATING:
            years[_movement(item, item.effect)] = year
    for year, item in items:
        other = None
        if item.cause == REDATING:
            other = years.get(_movement(item, -item.effect))
        yield year, item._replace(other_year=other)


def _movement(item: Item, effect: int) -> tuple[object, ...]:
    return item.subject, item.outcome, item.positions[-1], effect


def _by_definition(
    sides: tuple[Side, Side], subject: str, key: Key, effect: int, seen: Observations
) -> Item:
    """Return an item that the two definitions make, on the data of the second side."""
    before, after = sides
    refuses, takes = (after, before) if effect < 0 else (before, after)
    clause = _refusing(refuses.measure.definition, takes.measure.definition, key, seen)
    recorded = [
        side.measure.position for side in sides if side.measure.position is not None
    ]
    positions = (max(recorded),) if recorded else ()
    return Item(subject, key[1] or None, effect, DEFINITION, positions, clause)


def _refusing(
    refuses: Definition, takes: Definition, key: Key, seen: Observations
) -> str:
    """Name the clause of one definition that what another takes does not meet."""
    accepted, year = taker(takes), year_of(takes)
    failing: list[list[str]] = []
    for name, row in seen.items():
        if key[1] not in ("", name) or not accepted(row) or year(row) != key[0]:
            continue
        broken: list[Clause] = [c for c in clauses(refuses) if not c.holds(row)]
        if not broken and year_of(refuses)(row) != key[0]:
            failing.append(["attribution"])
        else:
            failing.append([clause.name for clause in broken] or ["once"])
    return min(failing, key=len)[0] if failing else "once"


# --- organizations and cases: across streams ------------------------------------------


def _of_groups(
    model: ReadModel, before: Side, after: Side, years: range
) -> Iterator[_Found]:
    """Yield the organizations or cases that came or went.

    Who is counted depends on many SCRs and on mergers, so both sides are counted whole;
    only what differs is then followed fact by fact.
    """
    # Of all years: a move has an end in a year that was not asked for.
    sets = [_groups(model, side, EVERY_YEAR) for side in (before, after)]
    differ = sets[0] ^ sets[1]
    names = {name for year, name in differ if year in years}
    if not names:
        return
    by_data = sets[1]  # the same question, unless the measures differ
    if before.measure != after.measure:
        by_data = _groups(model, Side(after.basis, before.measure), EVERY_YEAR)
    path = _Path(model, before, after, names)
    asked = sorted(key for key in differ if key[1] in names)
    flips = path.flips(asked)
    for year, name in asked:
        effect = 1 if (year, name) in sets[1] else -1
        if ((year, name) in by_data) == ((year, name) in sets[1]):
            item = Item(name, None, effect, "", tuple(flips[year, name]))
            yield _Found(year, item, by_data=True)
        else:
            seen = path.observations(name)
            item = _by_definition((before, after), name, (year, ""), effect, seen)
            yield _Found(year, item, by_data=False)


_COLUMNS = {"organization": "organization", "case": "case_number"}
"""By unit: the column whose distinct values are counted, across SCRs."""


def _groups(model: ReadModel, side: Side, years: range) -> set[tuple[int, str]]:
    definition = side.measure.definition
    column = _COLUMNS[definition.unit]
    merged = mergers(model, side.basis)
    rows = members(model, side.basis, definition, years, merged)
    return {(int(str(row["fiscal_year"])), str(row[column])) for row in rows}


class _Path:
    """From one basis to another, fact by fact in log order, for a few groups."""

    def __init__(
        self, model: ReadModel, before: Side, after: Side, names: set[str]
    ) -> None:
        self._before, self._after = before, after
        column = _COLUMNS[before.measure.definition.unit]
        self._column = column
        self._place = COLUMNS.index(column)
        merging: list[tuple[Any, ...]] = []
        if column == "organization":
            merging = model.all(
                "SELECT organization, into_id, known_from, position_from, known_until,"
                " position_until FROM mergers"
            )
        self._alike = _connected(names, merging)
        self._merging: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for row in merging:
            self._merging[row[0]].append(row)
        self._rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for row in self._belief_rows(model):
            self._rows[row[2 + self._place]].append(row)

    def _belief_rows(self, model: ReadModel) -> list[tuple[Any, ...]]:
        ids = sorted(set().union(*self._alike.values()))
        # As JSON: SQLite takes only so many parameters.
        return model.all(
            f"SELECT scr, outcome, {', '.join(COLUMNS)}, known_from, position_from,"  # noqa: S608 - our names
            f" known_until, position_until FROM beliefs WHERE {self._column} IN"
            " (SELECT value FROM json_each(:ids))",
            {"ids": json.dumps(ids)},
        )

    def observations(self, name: str) -> Observations:
        """Return what is observable of a group at the second basis."""
        rows, merging = self._among(self._alike[name])
        basis = self._after.basis
        merged = {row[0]: row[1] for row in merging if _span(basis, row)}
        return {
            f"{row[0]} {row[1]}": row[2:-4]
            for row in rows
            if self._shown(row, merged) == name and _span(basis, row)
        }

    def flips(
        self, keys: Iterable[tuple[int, str]]
    ) -> dict[tuple[int, str], list[int]]:
        """Return the facts between the bases at which groups came or went.

        :param keys: years and groups.
        """
        found: dict[tuple[int, str], list[int]] = {key: [] for key in keys}
        together: dict[frozenset[str], None] = {
            frozenset(self._alike[name]): None for _, name in found
        }
        for alike in together:
            for position, changed in self._walk(alike):
                for key in changed & found.keys():
                    found[key].append(position)
        return {key: sorted(positions) for key, positions in found.items()}

    def _walk(self, alike: Iterable[str]) -> Iterator[tuple[int, set[tuple[int, str]]]]:
        """Go from one basis to the other over some connected ids.

        Yield every fact with the years and groups that came or went by it. What is seen
        from the first basis only goes, latest first; then comes what is seen from the
        second only. So each SCR is a prefix of its stream throughout.
        """
        counting = _Groups(self._before.measure.definition, self._place)
        rows, merging = self._among(alike)
        counting.take(rows, merging)
        sees: dict[int, tuple[bool, bool]] = {
            position: (
                _sees(self._before.basis, known, position),
                _sees(self._after.basis, known, position),
            )
            for row in (*counting.rows, *merging)
            for known, position in (row[-4:-2], row[-2:])
        }
        for position, (first, _) in sees.items():
            if first:
                counting.toggle(position)
        going = [p for p, seen in sees.items() if seen == (True, False)]
        coming = [p for p, seen in sees.items() if seen == (False, True)]
        counting.changed()
        for position in (*sorted(going, reverse=True), *sorted(coming)):
            counting.toggle(position)
            yield position, counting.changed()

    def _among(
        self, alike: Iterable[str]
    ) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Return the rows and the mergers of some ids."""
        return (
            [row for one in sorted(alike) for row in self._rows.get(one, ())],
            [row for one in sorted(alike) for row in self._merging.get(one, ())],
        )

    def _shown(self, row: tuple[Any, ...], merged: Mapping[str, str]) -> str:
        value: str = row[2 + self._place]
        return value if self._column == "case_number" else end_of_chain(value, merged)


class _Groups:
    """Which groups count in which years, while facts come into view and go."""

    def __init__(self, definition: Definition, place: int) -> None:
        self._takes, self._year = taker(definition), year_of(definition)
        self._place = 2 + place
        self.rows: list[tuple[Any, ...]] = []
        self._at: dict[int, list[int]] = defaultdict(list)
        self._merging: list[tuple[Any, ...]] = []
        self._merged_at: set[int] = set()
        self._seen: set[int] = set()
        self._presence = Presence(once=definition.once == "ever")

    def take(
        self, rows: Iterable[tuple[Any, ...]], merging: list[tuple[Any, ...]]
    ) -> None:
        """Take the rows that the definition takes, and the mergers."""
        self.rows = [row for row in rows if self._takes(row[2:-4])]
        for number, row in enumerate(self.rows):
            self._at[row[-3]].append(number)
            self._at[row[-1]].append(number)
        self._merging = merging
        self._merged_at = {place for row in merging for place in (row[3], row[5])}

    def toggle(self, position: int) -> None:
        """Let one fact come into view, or go."""
        before = [self._is_visible(self.rows[number]) for number in self._at[position]]
        self._seen ^= {position}
        for number, was in zip(self._at[position], before, strict=True):
            row = self.rows[number]
            if self._is_visible(row) != was:
                name = row[self._place]
                self._presence.add(name, self._year(row[2:-4]), -1 if was else 1)
        if position in self._merged_at:
            self._presence.merge(
                {
                    row[0]: row[1]
                    for row in self._merging
                    if row[3] in self._seen and row[5] not in self._seen
                }
            )

    def _is_visible(self, row: tuple[Any, ...]) -> bool:
        return row[-3] in self._seen and row[-1] not in self._seen

    def changed(self) -> set[tuple[int, str]]:
        """Return the years and groups that came or went since this was last asked."""
        return set(self._presence.changed())


def _connected(
    names: Iterable[str], merging: Iterable[tuple[Any, ...]]
) -> dict[str, set[str]]:
    """Return for each name all ids that mergers ever connected with it, and itself."""
    beside: dict[str, set[str]] = defaultdict(set)
    for one, other, *_ in merging:
        beside[one].add(other)
        beside[other].add(one)
    found = {}
    for name in names:
        reached, edge = {name}, [name]
        while edge:
            edge = [other for one in edge for other in beside.get(one, ())]
            edge = [other for other in edge if other not in reached]
            reached |= set(edge)
        found[name] = reached
    return found


def _sees(basis: Basis, known: int, position: int) -> bool:
    return known <= basis.cutoff and position <= basis.position


def _span(basis: Basis, row: tuple[Any, ...]) -> bool:
    return _sees(basis, *row[-4:-2]) and not _sees(basis, *row[-2:])


# --- four corners ---------------------------------------------------------------------


class Corners(NamedTuple):
    """One year, counted with the data and the definition of either side."""

    fiscal_year: int
    then_then: int
    """Data of the first side, definition of the first side."""
    now_then: int
    """Data of the second side, definition of the first."""
    then_now: int
    """Data of the first side, definition of the second."""
    now_now: int
    removed: Mapping[str, int]
    """What the second definition leaves out of the first, on the second side's data, by
    TCO answer: *no* is the floor of what should never have been counted, *unknown* is
    what nobody can tell.
    """
    added: Mapping[str, int]
    """What it takes in besides."""
    differs: bool
    """Whether anything came or went, though the figures may be equal."""

    @property
    def data_effect(self) -> int:
        """The change that the data alone make."""
        return self.now_then - self.then_then

    @property
    def definition_effect(self) -> int:
        """The change that the definition alone makes."""
        return self.then_now - self.then_then

    @property
    def interaction(self) -> int:
        """What is left: the definition met other data than then."""
        return self.now_now - self.now_then - self.then_now + self.then_then


def corners(
    model: ReadModel, before: Side, after: Side, years: range | None
) -> list[Corners]:
    """Return the four corners of every asked year.

    :raises UsageError: the two definitions count different things.
    """
    _check_units(before, after)
    if years is None:
        years = _years(model, before, after)
    crossed = [
        Side(data.basis, rule.measure)
        for rule in (before, after)
        for data in (before, after)
    ]
    values = [figures(model, side, years) for side in crossed]
    first, last, other = (
        counted(model, side, years)
        for side in (before, after, Side(after.basis, before.measure))
    )
    removed, added = _without(other, last), _without(last, other)
    differing = {key[0] for key in first.keys() ^ last.keys()}
    return [
        Corners(
            year,
            values[0][year],
            values[1][year],
            values[2][year],
            values[3][year],
            {word: removed[year, word] for word in WORDS.values()},
            {word: added[year, word] for word in WORDS.values()},
            year in differing,
        )
        for year in years
    ]


def _without(one: Answers, other: Answers) -> Counter[tuple[int, str]]:
    """Count by year and answer what one side has and the other has not."""
    return Counter((key[0], WORDS[one[key]]) for key in one.keys() - other.keys())


def counted(model: ReadModel, side: Side, years: range) -> Answers:
    """Return what is counted on a side: year and unit → its TCO answer.

    That of an organization or a case is the greatest of its SCRs.
    """
    definition = side.measure.definition
    merged = mergers(model, side.basis)
    found: Answers = {}
    for row in members(model, side.basis, definition, years, merged):
        answer = _NUMBERS[str(row["meets_tco"])]
        for unit in _units_of(definition, row):
            key = (int(str(row["fiscal_year"])), unit)
            found[key] = max(answer, found.get(key, answer))
    return found


_NUMBERS = {word: number for number, word in WORDS.items()}


def _units_of(definition: Definition, row: Row) -> list[str]:
    if definition.unit == "outcome":
        outcomes = row["outcomes"]
        assert isinstance(outcomes, list)
        # No id has a space in it.
        return [f"{row['scr']} {one['outcome']}" for one in outcomes]
    return [str(row[_COLUMNS.get(definition.unit, "scr")])]
