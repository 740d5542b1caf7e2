"""What can be counted of one SCR after each of its facts.

The rules are those of ``ledger.domain.scr``, here over plain fields and in place: a
rebuild folds millions of facts. A property test holds the two, and a slow replay
written from the contract, to the same answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.fiscal import fiscal_year_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fields = dict[str, str]

YES, UNKNOWN, NO = 3, 2, 1
"""TCO answers, ordered so that the answer of several outcomes is their greatest."""

WORDS = {YES: "yes", UNKNOWN: "unknown", NO: "no"}
_ANSWERS = {word: answer for answer, word in WORDS.items()}

KINDS = {"disrupted": "disruption", "dismantled": "dismantlement"}

FIRST_APPROVAL = "first-approval"
"""The kind of the observation of an SCR's first approval."""

COLUMNS = (
    "fiscal_year",
    "place",
    "kind",
    "happened_on",
    "outcome_approved_on",
    "scr_approved_on",
    "approved",
    "answer",
    "high_threat",
    "organization",
    "case_number",
    "category",
    "subcategory",
    "office",
    "program",
)
"""What an observation says, in this order."""

Observation = tuple[
    int,
    int,
    str,
    str,
    str | None,
    str | None,
    int,
    int,
    int,
    str | None,
    str,
    str | None,
    str | None,
    str,
    str | None,
]
"""One live outcome of an SCR that stands, or its first approval, as believed: all that
a definition can look at. The fiscal year is that of ``happened_on``; ``place`` is the
place among the outcomes, -1 for a first approval; ``approved`` is 1 if the SCR's
approval stands. A plain tuple, because a rebuild makes one for each that may have
changed."""

_Whole = tuple[str, str | None, str | None, str, str | None]
"""Case number, category, subcategory, office and program: those of the whole SCR."""


class Outcome:
    """A disruption or dismantlement while its SCR is folded."""

    __slots__ = ("approved_on", "kind", "on", "panel_accepts", "reversed")

    def __init__(self, kind: str, on: str) -> None:
        self.kind = kind
        self.on = on
        self.approved_on: str | None = None
        self.reversed = False
        self.panel_accepts = True


class Standing:
    """One SCR while it is folded."""

    __slots__ = (
        "approved",
        "case_number",
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
        self.case_number = fields["case_number"]
        self.office = fields["office"]
        self.program = fields.get("program")
        self.category: str | None = None
        self.subcategory: str | None = None
        self.approved = False
        self.entered_on: str | None = None
        self.voided = False
        self.outcomes: dict[str, Outcome] = {}
        self.determinations: list[tuple[str, int, int, str | None]] = []

    @property
    def observable(self) -> bool:
        """Whether there may be anything of it to count under any definition."""
        return not self.voided and (self.entered_on is not None or bool(self.outcomes))

    def observations(self) -> dict[str, Observation]:
        """Return what can be counted of it; a first approval under the empty id."""
        if self.voided:
            return {}
        whole = self._whole()
        found = {}
        if self.entered_on is not None:
            found[""] = self._first_approval(self.entered_on, whole)
        for place, (name, outcome) in enumerate(self.outcomes.items()):
            if outcome.panel_accepts and not outcome.reversed:
                found[name] = self._observed(place, outcome, whole)
        return found

    def candidates(self) -> Iterator[tuple[str, bool, Observation]]:
        """Yield all that could be counted if it stood, and whether it is live.

        Its first approval, under the empty id, comes before its outcomes.
        """
        whole = self._whole()
        if self.entered_on is not None:
            yield "", True, self._first_approval(self.entered_on, whole)
        for place, (name, outcome) in enumerate(self.outcomes.items()):
            live = outcome.panel_accepts and not outcome.reversed
            yield name, live, self._observed(place, outcome, whole)

    def _whole(self) -> _Whole:
        return (
            self.case_number,
            self.category,
            self.subcategory,
            self.office,
            self.program,
        )

    def _first_approval(self, entered: str, whole: _Whole) -> Observation:
        answer, threat, _ = self._determination(entered)
        approved = int(self.approved)
        year = fiscal_year_of(entered)
        # Joined, not unpacked: that takes twice as long, and this is done per fact.
        first = (year, -1, FIRST_APPROVAL, entered, None)
        return first + (entered, approved, answer, threat, None) + whole  # noqa: RUF005

    def _observed(self, place: int, outcome: Outcome, whole: _Whole) -> Observation:
        on = outcome.on
        dated = (fiscal_year_of(on), place, outcome.kind, on)
        approvals = (outcome.approved_on, self.entered_on, int(self.approved))
        return dated + approvals + self._determination(on) + whole

    def _determination(self, on: str) -> tuple[int, int, str | None]:
        """Return answer, threat and organization of the determination that holds."""
        for since, answer, threat, organization in reversed(self.determinations):
            if since <= on:
                return answer, threat, organization
        return UNKNOWN, UNKNOWN, None


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
    threat = _ANSWERS[fields.get("high_threat", "unknown")]
    # Every date is later than the empty text: a determination for all outcomes.
    scr.determinations.append(
        (fields.get("from", ""), answer, threat, fields.get("organization"))
    )


def _approved(scr: Standing, fields: Fields) -> None:
    outcome = fields.get("outcome")
    if outcome is not None:
        scr.outcomes[outcome].panel_accepts = True
        scr.outcomes[outcome].approved_on = fields["effective_on"]
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
    scr.case_number = fields.get("case_number", scr.case_number)
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
