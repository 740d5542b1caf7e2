"""What one SCR adds to the counts after each of its facts.

The rules are those of ``ledger.domain.scr``, here over plain fields and in place: a
rebuild folds millions of facts. A property test holds the two, and a slow replay
written from the contract, to the same answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.fiscal import fiscal_year_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Fields = dict[str, str]

YES, UNKNOWN, NO = 3, 2, 1
"""TCO answers, ordered so that the answer of several outcomes is their greatest."""

WORDS = {YES: "yes", UNKNOWN: "unknown", NO: "no"}

KINDS = {"disrupted": "disruption", "dismantled": "dismantlement"}

ENTERED = "entered"
"""The kind of the row for the year in which an SCR was first approved."""

# A cell of the running totals is a fiscal year, a shape and an answer.
_SHAPES = {"dd": 0, ENTERED: 1, "disruption": 2, "dismantlement": 3}
_CELLS_PER_YEAR = 16


def cell(year: int, shape: str, answer: int) -> int:
    """Return the number of a cell: ``dd``, ``entered`` of SCRs, others of outcomes."""
    return year * _CELLS_PER_YEAR + _SHAPES[shape] * 4 + answer


def cells_of_year(year: int) -> range:
    """Return all the cells of a fiscal year."""
    return range(year * _CELLS_PER_YEAR, (year + 1) * _CELLS_PER_YEAR)


Contribution = tuple[
    int, int, str, str, int, str | None, str | None, str | None, str, str | None
]
"""One countable outcome of an SCR, or its entry, as believed: fiscal year, place among
the outcomes, kind, day, TCO answer, organization, category, subcategory, office and
program. A plain tuple, because a rebuild makes one for each that may have changed."""


class Outcome:
    """A disruption or dismantlement while its SCR is folded."""

    __slots__ = ("kind", "on", "panel_accepts", "reversed")

    def __init__(self, kind: str, on: str) -> None:
        self.kind = kind
        self.on = on
        self.reversed = False
        self.panel_accepts = True


class Standing:
    """One SCR while it is folded."""

    __slots__ = (
        "approved",
        "category",
        "determinations",
        "entered_on",
        "office",
        "outcomes",
        "program",
        "subcategory",
        "voided",
    )

    def __init__(self, fields: Fields) -> None:
        self.office = fields["office"]
        self.program = fields.get("program")
        self.category: str | None = None
        self.subcategory: str | None = None
        self.approved = False
        self.entered_on: str | None = None
        self.voided = False
        self.outcomes: dict[str, Outcome] = {}
        self.determinations: list[tuple[str, int, str | None]] = []

    @property
    def counts(self) -> bool:
        """Whether anything of it can be counted: it stands and is approved."""
        return self.approved and not self.voided

    def contributions(self) -> dict[str, Contribution]:
        """Return what it adds now, by outcome id; its entry under the empty id."""
        if not self.approved or self.voided:
            return {}
        assert self.entered_on is not None  # It is approved.
        whole = (self.category, self.subcategory, self.office, self.program)
        on = self.entered_on
        answer, _ = self._determination(on)
        found: dict[str, Contribution] = {
            "": (fiscal_year_of(on), -1, ENTERED, on, answer, None, *whole)
        }
        for place, (name, outcome) in enumerate(self.outcomes.items()):
            if outcome.panel_accepts and not outcome.reversed:
                on = outcome.on
                answer, named = self._determination(on)
                year = fiscal_year_of(on)
                found[name] = (year, place, outcome.kind, on, answer, named, *whole)
        return found

    def _determination(self, on: str) -> tuple[int, str | None]:
        """Return answer and organization of the last determination that holds."""
        for since, answer, organization in reversed(self.determinations):
            if since <= on:
                return answer, organization
        return UNKNOWN, None


def cells_of(contributions: dict[str, Contribution]) -> dict[int, int]:
    """Return how often an SCR with these contributions is counted in each cell."""
    counted: dict[int, int] = {}
    years: dict[int, int] = {}
    for year, _, kind, _, answer, *_ in contributions.values():
        if kind == ENTERED:
            continue
        one = cell(year, kind, answer)
        counted[one] = counted.get(one, 0) + 1
        if years.get(year, 0) < answer:
            years[year] = answer
    for year, answer in years.items():
        counted[cell(year, "dd", answer)] = 1
    entry = contributions.get("")
    if entry is not None and entry[0] not in years:
        counted[cell(entry[0], ENTERED, entry[4])] = 1
    return counted


# --- what each fact does; closed, so that a new one must be decided here --------


def _classified(scr: Standing, fields: Fields) -> None:
    scr.category = fields["category"]
    scr.subcategory = fields["subcategory"]


def _determined(scr: Standing, fields: Fields) -> None:
    elements = (fields["association"], fields["transnational"])
    answer = UNKNOWN
    if "no" in elements:
        answer = NO
    elif elements == ("yes", "yes"):
        answer = YES
    # Every date is later than the empty text: a determination for all outcomes.
    scr.determinations.append(
        (fields.get("from", ""), answer, fields.get("organization"))
    )


def _approved(scr: Standing, fields: Fields) -> None:
    outcome = fields.get("outcome")
    if outcome is not None:
        scr.outcomes[outcome].panel_accepts = True
        return
    scr.approved = True
    if scr.entered_on is None:
        scr.entered_on = fields["effective_on"]


def _not_approved(scr: Standing, fields: Fields) -> None:
    outcome = fields.get("outcome")
    if outcome is not None:
        scr.outcomes[outcome].panel_accepts = False
    else:
        scr.approved = False


def _happened(scr: Standing, fields: Fields) -> None:
    kind = KINDS[fields["event"]]
    scr.outcomes[fields["outcome"]] = Outcome(kind, fields["effective_on"])


def _redated(scr: Standing, fields: Fields) -> None:
    scr.outcomes[fields["outcome"]].on = fields["effective_on"]


def _reversed(scr: Standing, fields: Fields) -> None:
    scr.outcomes[fields["outcome"]].reversed = True


def _moved(scr: Standing, fields: Fields) -> None:
    scr.office = fields.get("office", scr.office)
    scr.program = fields.get("program", scr.program)


def _voided(scr: Standing, _fields: Fields) -> None:
    scr.voided = True


def _reinstated(scr: Standing, _fields: Fields) -> None:
    scr.voided = False


def _nothing(_scr: Standing, _fields: Fields) -> None:
    pass


FOLDS: dict[str, Callable[[Standing, Fields], None]] = {
    "classified": _classified,
    "determined": _determined,
    "approved": _approved,
    "returned": _not_approved,
    "disrupted": _happened,
    "dismantled": _happened,
    "transferred": _moved,
    "reopened": _nothing,
    "reclassified": _classified,
    "redetermined": _determined,
    "redated": _redated,
    "reversed": _reversed,
    "rescinded": _not_approved,
    "refiled": _moved,
    "voided": _voided,
    "reinstated": _reinstated,
}
"""What each event on a filed SCR does; `filed` itself makes the standing."""
