"""Two figures taken apart: what came, what went, and which fact did it.

A side is a basis and a definition. Between two sides every unit that is counted on one
and not on the other is an item with an effect and a cause; the effects add up to the
change, with nothing left over (docs/reconciliation.md).
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
from projections.counts import Question, asked_years, count, members, mergers
from projections.selecting import Clause, clauses, in_years, series_of, taker, year_of
from projections.standing import COLUMNS, WORDS
from projections.timeline import turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from ledger.domain.definitions import Definition
    from ledger.reader import Log
    from projections.basis import Basis
    from projections.measures import Measure
    from projections.readmodel import ReadModel
    from projections.standing import Observation

    Observations = Mapping[str, Observation]
    Key = tuple[int, str]

DEFINITION = "definition"

CAUSES = {
    "reclassified": "reclassification",
    "redetermined": "redetermination",
    "redated": "redating",
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
    """The facts at which it came or went, ascending; of a definition that of its fact,
    if it is recorded.
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
    unit, other = before.measure.definition.unit, after.measure.definition.unit
    if unit != other:
        raise _different_units(before, after)
    if years is None:
        years = _years(model, before, after)
    found = _of_groups if unit in ("organization", "case") else _of_scrs
    items: dict[int, list[Item]] = defaultdict(list)
    told = _Causes(log)
    for year, item in found(model, before, after, years, told):
        if year in years:
            items[year].append(item)
    was, is_now = (_values(model, side, years) for side in (before, after))
    return [
        Year(
            year,
            was[year],
            is_now[year],
            tuple(
                sorted(items[year], key=lambda item: (item.subject, item.outcome or ""))
            ),
        )
        for year in years
    ]


def _different_units(before: Side, after: Side) -> UsageError:
    one, other = before.measure.definition, after.measure.definition
    return UsageError(
        f"{one.name} counts by {one.unit}, and {other.name} by {other.unit};"
        " take two measures that count the same"
    )


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


def _values(model: ReadModel, side: Side, years: range) -> dict[int, int]:
    definition = side.measure.definition
    name = definition.id if side.measure.in_force else definition.name
    rows = count(model, side.basis, Question((name,), years))
    return {int(str(row["fiscal_year"])): int(str(row["value"])) for row in rows}


# --- causes ------------------------------------------------------------------------


class _Causes:
    """What the fact at a position is called as a cause."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[int, str] = {}

    def of(self, position: int) -> str:
        found = self._known.get(position)
        if found is None:
            (row,) = self._log.rows(position - 1, position)
            fields = json.loads(row.payload)
            found = CAUSES.get(fields["event"], "late-information")
            if fields["event"] == "voided" and "duplicate_of" in fields:
                found = "duplicate"
            self._known[position] = found
        return found


# --- SCRs and outcomes: each along its own stream ------------------------------------


def _of_scrs(
    model: ReadModel, before: Side, after: Side, years: range, causes: _Causes
) -> Iterator[tuple[int, Item]]:
    del years
    same = _counts_alike(before.measure.definition, after.measure.definition)
    counted = tuple(_counting(side.measure.definition) for side in (before, after))
    for scr, rows in _candidates(model, before.basis, after.basis, everything=not same):
        seen = [_visible(rows, side.basis) for side in (before, after)]
        was, is_now = counted[0](seen[0]), counted[1](seen[1])
        differ = was.keys() ^ is_now.keys()
        if not differ:
            continue
        flips = _flips(rows, before, after, counted[0], differ)
        items: list[tuple[int, Item]] = []
        for key in sorted(differ):
            effect = 1 if key in is_now else -1
            by_data = (key in counted[0](seen[1])) == (key in is_now)
            if by_data:
                positions = tuple(flips[key])
                item = Item(
                    scr, key[1] or None, effect, causes.of(positions[-1]), positions
                )
            else:
                item = _by_definition((before, after), scr, key, effect, seen[1])
            items.append((key[0], item))
        yield from _moves(items)


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


def _counting(definition: Definition) -> Callable[[Observations], dict[Key, int]]:
    """Return what tells in which years an SCR, or each of its outcomes, is counted.

    Of an SCR the key is the year and an empty id.
    """
    takes, year = taker(definition), year_of(definition)
    everything = definition.population._replace(tco=None)
    # The takings are done here; the series only tells the years.
    one = series_of(0, definition._replace(population=everything))

    def outcomes(seen: Observations) -> dict[Key, int]:
        return {(year(row), name): row[7] for name, row in seen.items() if takes(row)}

    def scrs(seen: Observations) -> dict[Key, int]:
        taken = [row for row in seen.values() if takes(row)]
        return {(year, ""): answer for year, answer in in_years(one, taken).items()}

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
    counted: Callable[[Observations], dict[Key, int]],
    keys: Iterable[Key],
) -> dict[Key, list[int]]:
    """Return the facts between two bases at which keys came or went."""
    found: dict[Key, list[int]] = {key: [] for key in keys}
    held: dict[Key, int] = {}
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
    """Pair what left one year and entered another by the same fact."""
    gone: dict[tuple[str | None, int], int] = {}
    come: dict[tuple[str | None, int], int] = {}
    for year, item in items:
        if item.positions and item.cause == "redating":
            told = come if item.effect > 0 else gone
            told[item.outcome, item.positions[-1]] = year
    for year, item in items:
        if item.positions and item.cause == "redating":
            there = gone if item.effect > 0 else come
            other = there.get((item.outcome, item.positions[-1]))
            yield year, item._replace(other_year=other)
        else:
            yield year, item


def _by_definition(
    sides: tuple[Side, Side], subject: str, key: Key, effect: int, seen: Observations
) -> Item:
    """Return an item that the two definitions make, on the data of the second side."""
    before, after = sides
    refuses, takes = (after, before) if effect < 0 else (before, after)
    clause = _refusing(refuses.measure.definition, takes.measure.definition, key, seen)
    position = after.measure.position
    positions = () if position is None else (position,)
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
    model: ReadModel, before: Side, after: Side, years: range, causes: _Causes
) -> Iterator[tuple[int, Item]]:
    """Yield the organizations or cases that came or went.

    Who is counted depends on many SCRs and on mergers, so both sides are counted whole;
    only what differs is then followed fact by fact.
    """
    column = (
        "organization"
        if before.measure.definition.unit == "organization"
        else "case_number"
    )
    sets = [_groups(model, side, years, column) for side in (before, after)]
    differ = sorted(sets[0] ^ sets[1])
    if not differ:
        return
    by_data = _groups(model, Side(after.basis, before.measure), years, column)
    path = _Path(model, before, after, column, {name for _, name in differ})
    for year, name in differ:
        effect = 1 if (year, name) in sets[1] else -1
        if ((year, name) in by_data) == ((year, name) in sets[1]):
            positions = path.flips(year, name)
            yield year, Item(name, None, effect, causes.of(positions[-1]), positions)
            continue
        seen = path.observations(name)
        sides = (before, after)
        yield year, _by_definition(sides, name, (year, ""), effect, seen)


def _groups(
    model: ReadModel, side: Side, years: range, column: str
) -> set[tuple[int, str]]:
    merged = mergers(model, side.basis)
    rows = members(model, side.basis, side.measure.definition, years, merged)
    return {(int(str(row["fiscal_year"])), str(row[column])) for row in rows}


class _Path:
    """From one basis to another, fact by fact in log order, for a few groups."""

    def __init__(
        self, model: ReadModel, before: Side, after: Side, column: str, names: set[str]
    ) -> None:
        self._before, self._after = before, after
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
        rows, merging = self._of(name)
        basis = self._after.basis
        merged = {row[0]: row[1] for row in merging if _span(basis, row)}
        return {
            f"{row[0]} {row[1]}": row[2:-4]
            for row in rows
            if self._shown(row, merged) == name and _span(basis, row)
        }

    def flips(self, year: int, name: str) -> tuple[int, ...]:
        """Return the facts between the bases at which a group came or went."""
        rows, merging = self._of(name)
        steps = {
            position: tuple(
                _sees(side.basis, known, position)
                for side in (self._before, self._after)
            )
            for row in (*rows, *merging)
            for known, position in (row[-4:-2], row[-2:])
        }
        seen = {position for position, sees in steps.items() if sees[0]}
        held = self._has(year, name, seen)
        flipped = []
        # What is seen from the first basis only goes, latest first; then comes what is
        # seen from the second only. So each SCR is a prefix of its stream throughout.
        going = sorted(
            (p for p, s in steps.items() if s == (True, False)), reverse=True
        )
        coming = sorted(p for p, s in steps.items() if s == (False, True))
        for position in (*going, *coming):
            seen ^= {position}
            now = self._has(year, name, seen)
            if now != held:
                flipped.append(position)
            held = now
        return tuple(sorted(flipped))

    def _of(self, name: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Return the rows and the mergers that can make a group come or go."""
        alike = self._alike[name]
        return (
            [row for one in alike for row in self._rows.get(one, ())],
            [row for one in alike for row in self._merging.get(one, ())],
        )

    def _has(self, year: int, name: str, seen: set[int]) -> bool:
        """Whether a group is counted in a year when only some facts are seen."""
        definition = self._before.measure.definition
        takes, year_in = taker(definition), year_of(definition)
        rows, merging = self._of(name)
        merged = {
            row[0]: row[1] for row in merging if row[3] in seen and row[5] not in seen
        }
        years = [
            year_in(row[2:-4])
            for row in rows
            if row[-3] in seen
            and row[-1] not in seen
            and takes(row[2:-4])
            and self._shown(row, merged) == name
        ]
        if definition.once == "ever":
            return bool(years) and min(years) == year
        return year in years

    def _shown(self, row: tuple[Any, ...], merged: Mapping[str, str]) -> str:
        value: str = row[2 + self._place]
        return value if self._column == "case_number" else end_of_chain(value, merged)


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
    if years is None:
        years = _years(model, before, after)
    crossed = [
        Side(data.basis, rule.measure)
        for rule in (before, after)
        for data in (before, after)
    ]
    values = [_values(model, _pinned(side), years) for side in crossed]
    removed, added = _crossing(model, before, after, years)
    return [
        Corners(
            year,
            values[0][year],
            values[1][year],
            values[2][year],
            values[3][year],
            {word: removed[year, word] for word in WORDS.values()},
            {word: added[year, word] for word in WORDS.values()},
        )
        for year in years
    ]


def _pinned(side: Side) -> Side:
    """Ask for a definition by its version: another one may be in force at a basis."""
    return side._replace(measure=side.measure._replace(in_force=False))


def _crossing(
    model: ReadModel, before: Side, after: Side, years: range
) -> tuple[Counter[tuple[int, str]], Counter[tuple[int, str]]]:
    """Return what two definitions do not both take at the second basis, by answer."""
    if before.measure.definition.unit != after.measure.definition.unit:
        raise _different_units(before, after)
    found = []
    merged = mergers(model, after.basis)
    for side in (before, after):
        definition = side.measure.definition
        rows = members(model, after.basis, definition, years, merged)
        found.append(dict(_units(definition, rows)))
    removed, added = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    for key in found[0].keys() - found[1].keys():
        removed[key[0], found[0][key]] += 1
    for key in found[1].keys() - found[0].keys():
        added[key[0], found[1][key]] += 1
    return removed, added


def _units(
    definition: Definition, rows: Iterable[dict[str, Any]]
) -> Iterator[tuple[tuple[int, str], str]]:
    for row in rows:
        year, answer = row["fiscal_year"], row["meets_tco"]
        match definition.unit:
            case "outcome":
                for one in row["outcomes"]:
                    yield (year, f"{row['scr']} {one['outcome']}"), answer
            case "scr":
                yield (year, row["scr"]), answer
            case "organization":
                yield (year, row["organization"]), answer
            case "case":
                yield (year, row["case_number"]), answer
