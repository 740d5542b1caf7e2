"""Which SCRs a query names: the populations that samples are drawn from.

A query is terms joined by ``and`` (docs/sampling.md has the grammar). What is filed,
approved or classified is judged at the basis it is asked at; what a publication counts,
at the publication's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import fiscal_year_of, parse_fiscal_years
from ledger.errors import NoSuchPublicationError, UsageError
from projections.counts import Question, cases
from projections.publications import behind, recorded
from projections.validation_fold import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel
    from projections.validation_fold import Judged

EVERY = "*"
COLUMNS = ("category", "subcategory", "office", "program")
_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')
_FORMS = (
    "filed:2017..2022, approved, stands, category=X, counted:MEASURE:2017..2022 or"
    " publication:NAME, joined by `and`"
)


class Filed(NamedTuple):
    """SCRs filed in fiscal years."""

    years: range


class State(NamedTuple):
    """SCRs that are approved, or that stand."""

    word: str


class Cell(NamedTuple):
    """SCRs with a value in a column; None: with none."""

    column: str
    value: str | None


class Counted(NamedTuple):
    """SCRs that a measure counts in fiscal years."""

    measure: str
    years: range | None


class Printed(NamedTuple):
    """SCRs behind the figures of a publication, or of any."""

    publication: str
    years: range | None
    measures: tuple[str, ...]


Term = Filed | State | Cell | Counted | Printed


def parse(query: str) -> tuple[Term, ...]:
    """Read a query.

    :raises UsageError: it is none; says which forms there are.
    """
    words = _WORD.findall(query)
    if query.count('"') % 2 or not words or len(words) % 2 == 0:
        raise _not_a_query(query)
    if any(word != "and" for word in words[1::2]):
        raise _not_a_query(query)
    return tuple(_term(word.replace('"', "")) for word in words[::2])


def _not_a_query(text: str) -> UsageError:
    message = f"{text or repr('')} is no query of a population; terms are {_FORMS}"
    return UsageError(message)


def _term(word: str) -> Term:
    if word in ("approved", "stands"):
        return State(word)
    column, equals, value = word.partition("=")
    if equals and column in COLUMNS:
        return Cell(column, value or None)
    kind, *parts = word.split(":")
    match kind, parts:
        case "filed", [years]:
            return Filed(_years(years))
        case "counted", [measure]:
            return Counted(measure, None)
        case "counted", [measure, years]:
            return Counted(measure, _years(years))
        case "publication", [name, *rest] if len(rest) <= 2:  # noqa: PLR2004 - FY, measure
            digits = [part for part in rest if part.removeprefix("FY")[:1].isdigit()]
            measures = tuple(part for part in rest if part not in digits)
            if len(digits) <= 1 and len(measures) <= 1:
                asked = _years(digits[0]) if digits else None
                return Printed(name, asked, measures)
    raise _not_a_query(word)


def _years(text: str) -> range:
    try:
        return parse_fiscal_years(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


class Population:
    """What queries are asked of: a log at a basis, read through at most once."""

    def __init__(
        self, log: Log, model: ReadModel, basis: Basis, *, upto: int | None = None
    ) -> None:
        """Remember what is asked.

        :param upto: publications recorded by then are known; left out, by the basis.
        """
        self._log = log
        self._model = model
        self._basis = basis
        self._upto = basis.position if upto is None else upto
        self._held: dict[str, Judged] | None = None

    def of(self, query: str) -> set[str]:
        """Return the SCRs that a query names.

        :raises UsageError: it is none, or names a measure that is not there.
        :raises NoSuchPublicationError: it names one that is not recorded.
        """
        return set.intersection(*[self._of_term(term) for term in parse(query)])

    def category(self, scr: str) -> str | None:
        """Return the category of an SCR at the basis."""
        held = self._scrs().get(scr)
        return None if held is None else held.category

    def _scrs(self) -> dict[str, Judged]:
        if self._held is None:
            self._held = fold(self._log, self._basis).scrs
        return self._held

    def _of_term(self, term: Term) -> set[str]:
        match term:
            case Filed():
                within = term.years
                return self._where(lambda one: fiscal_year_of(one.filed_on) in within)
            case State("approved"):
                return self._where(lambda one: one.approved)
            case State():
                return self._where(lambda one: not one.voided)
            case Cell(column, value):
                return self._where(lambda one: getattr(one, column) == value)
            case Counted(measure, years):
                asked = Question((measure,), years)
                rows = cases(self._model, self._basis, asked)
                return {str(row["scr"]) for row in rows}
            case Printed():
                return self._printed(term)

    def _where(self, holds: Callable[[Judged], bool]) -> set[str]:
        return {scr for scr, one in self._scrs().items() if holds(one)}

    def _printed(self, term: Printed) -> set[str]:
        every = recorded(self._log, self._upto)
        if term.publication != EVERY:
            every = [one for one in every if one.content.name == term.publication]
            if not every:
                raise NoSuchPublicationError(term.publication)
        measures: Sequence[str] = term.measures
        return {
            str(row["scr"])
            for one in every
            for row in behind(
                self._log, self._model, one, years=term.years, measures=measures
            )
        }
