"""One pass over the log: what validation has to know of each SCR at a basis.

The departures noted here are those of ``ledger.domain.scr.anomalies``, over plain
fields and in place, as in ``projections.standing``; a property test holds the two to
the same answers.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import from_micros, to_micros
from ledger.errors import FactDamagedError
from projections.standing import FOLDS, KINDS, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.standing import Fields

    Departs = Callable[["Judged", Fields], Iterator[str]]

_decode = json.JSONDecoder().raw_decode
_UNFOLDABLE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
_CACHED = 50_000
_TOLD = 50_000
_OFFSETS_DIFFER_BY = 3
"""Days: between any two offsets the day of an instant differs by less."""


class Judged(Standing):
    """One SCR while it is folded, with where it is said what validation looks at."""

    __slots__ = (
        "case_number_at",
        "category_at",
        "ever_disrupted",
        "filed_at",
        "filed_office",
        "filed_on",
        "outcome_at",
    )

    def __init__(self, fields: Fields, position: int) -> None:
        super().__init__(fields)
        self.filed_on = fields["effective_on"]
        self.filed_office = fields["office"]
        self.filed_at = self.case_number_at = position
        self.category_at: int | None = None
        self.ever_disrupted = False
        self.outcome_at: dict[str, int] = {}
        """Where each outcome is dated: the last fact that did."""

    def is_determined(self, on: str) -> bool:
        """Whether some determination holds for what happened on a day."""
        return any(since <= on for since, *_ in self.determinations)

    def live(self) -> Iterator[tuple[str, str]]:
        """Yield the live outcomes of an SCR that stands, each with its day."""
        if self.voided:
            return
        for name, outcome in self.outcomes.items():
            if outcome.panel_accepts and not outcome.reversed:
                yield name, outcome.on

    def organization(self, on: str) -> str | None:
        """Return the organization of the determination that holds on a day."""
        return self._determination(on)[2]

    def take(self, fields: Fields, position: int) -> list[str]:
        """Note where a fact says what, and fold it; return what it departs from."""
        event = fields["event"]
        departs = _DEPARTS.get(event)
        departed = [] if departs is None else list(departs(self, fields))
        if event in _CLASSIFIES:
            self.category_at = position
        elif event in _DATES:
            self.outcome_at[fields["outcome"]] = position
            self.ever_disrupted |= event == "disrupted"
        elif event == "refiled":
            self.filed_office = fields.get("office", self.filed_office)
            if "case_number" in fields:
                self.case_number_at = position
        FOLDS[event](self, fields)
        return departed


_CLASSIFIES = frozenset({"classified", "reclassified"})
_DATES = frozenset({*KINDS, "redated"})


def _approved(scr: Judged, fields: Fields) -> Iterator[str]:
    if "outcome" not in fields and not scr.determinations:
        yield "approved-without-determination"


def _happened(scr: Judged, fields: Fields) -> Iterator[str]:
    if not scr.approved:
        yield "outcome-not-approved"
    yield from _dated(scr, fields)
    if fields["event"] == "dismantled" and not scr.ever_disrupted:
        yield "dismantled-before-disrupted"


def _dated(scr: Judged, fields: Fields) -> Iterator[str]:
    if fields["effective_on"] < scr.filed_on:
        yield "outcome-before-filing"


def _sent_back(scr: Judged, fields: Fields) -> Iterator[str]:
    name = fields.get("outcome")
    if name is None:
        accepted = scr.approved
    else:
        held = scr.outcomes[name]
        # An outcome nobody has ruled on is countable, and still not approved.
        accepted = held.panel_accepts and held.approved_on is not None
    if not accepted:
        yield f"nothing-{fields['event']}"


def _reclassified(scr: Judged, _fields: Fields) -> Iterator[str]:
    if scr.category is None:
        yield "nothing-reclassified"


def _redetermined(scr: Judged, _fields: Fields) -> Iterator[str]:
    if not scr.determinations:
        yield "nothing-redetermined"


_DEPARTS: dict[str, Departs] = {
    "approved": _approved,
    "disrupted": _happened,
    "dismantled": _happened,
    "redated": _dated,
    "returned": _sent_back,
    "rescinded": _sent_back,
    "reclassified": _reclassified,
    "redetermined": _redetermined,
}
"""What each event may depart from; `duplicate-of-unknown` and the taxonomy are judged
once all is seen."""


class Seen(NamedTuple):
    """All SCRs visible at a basis."""

    scrs: dict[str, Judged]
    departures: dict[str, dict[str, list[int]]]
    """By rule and SCR, the facts that depart from it."""
    duplicates: list[tuple[str, str, int]]
    """SCRs that were voided as duplicates, of what, and where."""
    day: date | None
    """The day of the basis: that of its cut-off; without one, the last day on which a
    visible case fact was known. None if there is neither."""


def fold(
    log: Log, basis: Basis, on_progress: Callable[[int], None] = lambda _: None
) -> Seen:
    """Read the log up to a basis and fold what is visible there.

    :param on_progress: told the position reached, now and then.
    :raises FactDamagedError: a fact cannot be folded.
    """
    folding = _Folding(basis, log.identity.zone)
    for position, topic, recorded_at, payload in log.narrow(0, basis.position):
        if position % _TOLD == 0:
            on_progress(position)
        if topic.startswith("ledger."):
            continue
        try:
            folding.fact(position, recorded_at, payload)
        except _UNFOLDABLE as error:
            why = f"it cannot be folded ({type(error).__name__}: {error})"
            raise FactDamagedError(position, why) from None
    return Seen(folding.scrs, folding.departures, folding.duplicates, folding.day())


class _Folding:
    """Folds facts that are visible at a basis."""

    def __init__(self, basis: Basis, zone: ZoneInfo) -> None:
        self.basis = basis
        self.zone = zone
        self.scrs: dict[str, Judged] = {}
        self.departures: dict[str, dict[str, list[int]]] = {}
        self.duplicates: list[tuple[str, str, int]] = []
        self.last: int | None = None
        self._moments: dict[str, tuple[int, datetime]] = {}

    def fact(self, position: int, recorded_at: str, payload: bytes) -> None:
        fields: Fields = _decode(payload.decode())[0]
        known, moment = self._moment(fields.get("known_at") or recorded_at)
        if known > self.basis.cutoff:
            return
        if self.last is None or known > self.last:
            self.last = known
        name = fields.get("scr")
        if name is None:
            return
        scr = self.scrs.get(name)
        if scr is None:
            scr = self.scrs[name] = Judged(fields, position)
        else:
            for rule in scr.take(fields, position):
                self._departed(rule, name, position)
            if "duplicate_of" in fields:
                self.duplicates.append((name, fields["duplicate_of"], position))
        if self._is_after(fields["effective_on"], moment):
            self._departed("effective-after-known", name, position)

    def _departed(self, rule: str, scr: str, position: int) -> None:
        self.departures.setdefault(rule, {}).setdefault(scr, []).append(position)

    def _moment(self, text: str) -> tuple[int, datetime]:
        found = self._moments.get(text)
        if found is None:
            if len(self._moments) > _CACHED:
                self._moments.clear()
            moment = datetime.fromisoformat(text)
            found = self._moments[text] = to_micros(moment), moment
        return found

    def _is_after(self, effective_on: str, moment: datetime) -> bool:
        """Whether a day is after that of an instant in the ledger's zone."""
        day = date.fromisoformat(effective_on)
        if day.toordinal() < moment.toordinal() - _OFFSETS_DIFFER_BY:
            return False
        return day > moment.astimezone(self.zone).date()

    def day(self) -> date | None:
        last = self.last if self.basis.instant is None else self.basis.cutoff
        if last is None:
            return None
        return from_micros(last).astimezone(self.zone).date()
