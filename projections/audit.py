"""The audit's questions, asked of a ledger and of what was printed from it.

Who was in a printed measure, who was sampled and with what finding, and which
requests used the data: each number is computed, none is looked up (docs/demo.md).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.sampling import ranked
from projections import basis as bases
from projections.counts import Question, cases, count
from projections.populations import Population

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel

NOT_A_TCO = "not a TCO"


class Printing(NamedTuple):
    """A figure as some document printed it, for one fiscal year."""

    name: str
    fiscal_year: int
    as_of: str
    numerator: int
    denominator: int | None
    words: str


class Item(NamedTuple):
    """One sampled SCR and what the auditors found of it."""

    scr: str
    finding: str


class Sample(NamedTuple):
    """A sample, with what it takes to draw it again."""

    as_of: str
    seed: str
    items: tuple[Item, ...]


class Supported(NamedTuple):
    """A printing beside what the ledger gives for that day, and gives today."""

    printing: Printing
    numerator: int
    denominator: int | None
    then: dict[str, int]
    today: dict[str, int]

    @property
    def holds(self) -> bool:
        """Whether the ledger gives what was printed."""
        found = (self.numerator, self.denominator)
        return found == (self.printing.numerator, self.printing.denominator)


class Tally(NamedTuple):
    """What the audit counted in its sample, recounted."""

    frame: int
    sampled: int
    drawn_again: bool
    not_a_tco: int
    in_measure: int
    as_outcomes: int
    in_denominator_only: int
    by_category: dict[str, int]


# --- reading the files that came with the ledger --------------------------------


def read_printings(lines: Iterable[str]) -> list[Printing]:
    """Read figures as printed: one JSON object a line, as in ``printed.jsonl``."""
    found = []
    for fields in map(json.loads, lines):
        definition, figures = fields["definition"], fields["figures"]
        denominator = definition.get("denominator")
        found.append(
            Printing(
                fields["name"],
                fields["fiscal_year"],
                fields["as_of"],
                figures[definition["numerator"]],
                figures[denominator] if denominator else None,
                fields["printed"],
            )
        )
    return found


def read_sample(lines: Iterable[str]) -> Sample:
    """Read a sample: a header line, then an item a line, as in ``sample.jsonl``."""
    header, *rest = map(json.loads, lines)
    items = tuple(Item(fields["scr"], fields["finding"]) for fields in rest)
    return Sample(header["as_of"], header["seed"], items)


# --- what was printed -----------------------------------------------------------


def support(
    model: ReadModel, log: Log, printings: Sequence[Printing]
) -> list[Supported]:
    """Recompute each printing as known on its day, and today."""
    today = bases.of_now(log)
    found = []
    for printing in printings:
        then = bases.parse_as_of(printing.as_of, log)
        year = printing.fiscal_year
        found.append(
            Supported(
                printing,
                _figure(model, then, "dd-all", year),
                None
                if printing.denominator is None
                else _figure(model, then, "entered-all", year),
                _parts(model, then, year),
                _parts(model, today, year),
            )
        )
    return found


def _figure(model: ReadModel, basis: Basis, measure: str, year: int) -> int:
    asked = Question((measure,), range(year, year + 1))
    (row,) = count(model, basis, asked)
    value = row["value"]
    assert isinstance(value, int)
    return value


def _parts(model: ReadModel, basis: Basis, year: int) -> dict[str, int]:
    asked = Question(("dd-all",), range(year, year + 1), ("meets_tco",))
    found = {"yes": 0, "unknown": 0, "no": 0}
    for row in count(model, basis, asked):
        found[str(row["meets_tco"])] = int(str(row["value"]))
    return found


# --- who was in the measure, and who was sampled --------------------------------


def tally(
    model: ReadModel,
    log: Log,
    printings: Sequence[Printing],
    sample: Sample,
    filed_in: range,
) -> Tally:
    """Recount the audit: draw its sample again, and find its items in the printings.

    :param filed_in: the fiscal years of filing that make the frame.
    """
    frame_day = bases.parse_as_of(sample.as_of, log)
    population = Population(log, model, frame_day)
    years = f"{filed_in.start}..{filed_in.stop - 1}"
    frame = population.of(f"filed:{years} and approved and stands")
    drawn = ranked(sample.seed, frame)[: len(sample.items)]
    numerators, denominators = _printed_sets(model, log, printings)
    none = [item.scr for item in sample.items if item.finding == NOT_A_TCO]
    outcomes = [scr for scr in none if scr in numerators]
    measured = [scr for scr in none if scr in numerators | denominators]
    by_category: dict[str, int] = {}
    for scr in measured:
        category = population.category(scr) or "none"
        by_category[category] = by_category.get(category, 0) + 1
    return Tally(
        frame=len(frame),
        sampled=len(sample.items),
        drawn_again=drawn == [item.scr for item in sample.items],
        not_a_tco=len(none),
        in_measure=len(measured),
        as_outcomes=len(outcomes),
        in_denominator_only=len(measured) - len(outcomes),
        by_category=by_category,
    )


def _printed_sets(
    model: ReadModel, log: Log, printings: Sequence[Printing]
) -> tuple[set[str], set[str]]:
    """Return who was counted in a numerator, and who in a denominator, when printed."""
    numerators: set[str] = set()
    denominators: set[str] = set()
    for printing in printings:
        basis = bases.parse_as_of(printing.as_of, log)
        years = range(printing.fiscal_year, printing.fiscal_year + 1)
        counted = cases(model, basis, Question(("dd-all",), years))
        numerators |= {str(row["scr"]) for row in counted}
        if printing.denominator is not None:
            entered = cases(model, basis, Question(("entered-all",), years))
            denominators |= {str(row["scr"]) for row in entered}
    return numerators, denominators
