"""From an extract to facts: those that lead from what was known to what it says.

A snapshot tells how an SCR stood, never what happened. So it becomes the fewest facts
after which the ledger stands as it does; where they agree, none (docs/snapshots.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import scr as scrs
from ledger.domain.fiscal import format_instant
from ledger.intake.mapping import base_of
from ledger.intake.snapshot import (
    DETERMINATION,
    KINDS,
    RowFault,
    SnapshotDetermination,
    Unsayable,
)
from ledger.intake.snapshot_differences import (
    FILED,
    Known,
    determination_pairs,
    differences,
    first_approval,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ledger.domain.scr import Determination, Kind, Outcome
    from ledger.intake.snapshot import SnapshotOutcome, SnapshotState
    from ledger.intake.snapshot_differences import Difference

Line = dict[str, str]
Given = Mapping[str, str | None]

_HAPPENED: dict[Kind, str] = {"disruption": "disrupted", "dismantlement": "dismantled"}
_FILED_WITH = ("case_number", "office", "program", "title")
_LONGEST = 200
_NOTHING: Given = {}


class Taking(NamedTuple):
    """What all facts from one snapshot have in common."""

    file: str
    known_at: datetime
    day: date
    """The day of ``known_at`` in the ledger's zone."""
    by: str
    source: str

    def line(
        self, scr: str, event: str, on: date, where: str, given: Mapping[str, str]
    ) -> Line:
        """Return a line of interchange; ``where`` in the file it was found."""
        return {
            "scr": scr,
            "event": event,
            "effective_on": on.isoformat(),
            "known_at": format_instant(self.known_at),
            "by": self.by,
            "source": f"{self.source}, {where}"[-_LONGEST:],
            **given,
        }

    def void(self, scr: str) -> Line:
        """Return the fact that an SCR the extract no longer has is voided."""
        reason = f"{self.file}: the SCR is not in it"
        return self.line(scr, "voided", self.day, "not in it", {"reason": reason})


def facts(known: Known | None, wanted: SnapshotState, taking: Taking) -> list[Line]:
    """Return the lines that lead from what was known of an SCR to what a row says.

    :param known: the SCR at the snapshot's instant; None if it was not known then.
    :raises Unsayable: the row says what no fact can say.
    """
    telling = _Telling(wanted, taking)
    if known is None:
        known = telling.file()
    telling.change(known)
    if telling.faults:
        raise Unsayable(tuple(telling.faults))
    return telling.lines


def kept(known: Known, wanted: SnapshotState) -> list[str]:
    """Return the fields in which the ledger keeps what it has.

    No event says what the row says there, and no count depends on it. Anything else
    that no event can say refuses the row.
    """
    if known.scr.voided and "voided" not in wanted.columns:
        return ["voided"]
    return [
        each.field
        for each in differences(known, wanted)
        if each.field == "filed_on" or (each.field == "title" and each.extract is None)
    ]


class _Telling:
    """The lines and the faults of one SCR, as they are found."""

    def __init__(self, wanted: SnapshotState, taking: Taking) -> None:
        self.wanted = wanted
        self.taking = taking
        self.lines: list[Line] = []
        self.faults: list[RowFault] = []
        self.default = taking.day
        self.changed: dict[str, Difference] = {}

    def file(self) -> Known:
        """Tell that the SCR exists; what the extract has no day for, is of that day."""
        wanted = self.wanted
        for field in FILED:
            if getattr(wanted, field) is None:
                self._fault(field, f"is required: {wanted.scr} is new to the ledger")
        on = self.default = wanted.filed_on or self.taking.day
        self._tell(
            "filed",
            on,
            {field: getattr(wanted, field) for field in _FILED_WITH},
        )
        return Known(
            scrs.Scr(
                wanted.scr,
                on,
                wanted.case_number or "",
                wanted.office or "",
                wanted.program,
                wanted.title,
            )
        )

    def change(self, known: Known) -> None:
        """Tell everything else, in an order in which each fact may follow the last."""
        found = differences(known, self.wanted)
        self.changed = {difference.field: difference for difference in found}
        if not self.changed:
            return
        if known.scr.voided:
            self._correct("reinstated")
        self._place(known)
        self._classify(known)
        self._determine(known)
        self._approve(known)
        self._outcomes(known)
        self._take_back()
        if self.wanted.voided:
            self._correct("voided")

    def _place(self, known: Known) -> None:
        wanted = self.wanted
        refiled = {
            field: each.extract
            for field in ("case_number", "program", "title")
            if (each := self.changed.get(field)) and each.extract is not None
        }
        if "program" in self.changed and wanted.program is None:
            self._cannot_empty("program", known.scr.program)
        if "office" in self.changed:
            moved = {"office": wanted.office, "program": refiled.pop("program", None)}
            self._tell("transferred", self.taking.day, moved)
        if refiled:
            self._correct("refiled", refiled)

    def _classify(self, known: Known) -> None:
        wanted = self.wanted
        if not self.changed.keys() & {"category", "subcategory"}:
            return
        if wanted.category is None or wanted.subcategory is None:
            self._cannot_empty("category", known.scr.category)
            return
        given = {"category": wanted.category, "subcategory": wanted.subcategory}
        if known.scr.category is None:
            self._tell("classified", self.default, given)
        else:
            self._correct("reclassified", given)

    def _determine(self, known: Known) -> None:
        if not any(base_of(field) in DETERMINATION for field in self.changed):
            return
        if "from" in self.wanted.columns:
            for each in _determinations_to_tell(known, self.wanted):
                held = known.scr.determination(each.since or date.min)
                self._tell_determination(known, each, held, each.since)
        elif self.wanted.determinations:
            last = _last(known)
            since = last.since if last else None
            each = self.wanted.determinations[-1]
            self._tell_determination(known, each, last, since)
        else:
            self._cannot_empty("association", "a determination")

    def _tell_determination(
        self,
        known: Known,
        wanted: SnapshotDetermination,
        held: Determination | None,
        since: date | None,
    ) -> None:
        """Tell of one, with what the extract has no column for as the ledger has it."""
        columns = self.wanted.columns
        held = held or _last(known)
        given = {
            "association": wanted.association,
            "transnational": wanted.transnational,
            **{
                field: getattr(wanted if field in columns else held, field, None)
                for field in ("high_threat", "organization", "definition")
            },
            "from": since.isoformat() if since else None,
        }
        on = wanted.determined_on
        if not known.determined_on:
            self._tell("determined", on or self.default, given)
        elif on is not None and on > known.determined_on[-1]:
            self._tell("determined", on, given)
        else:
            self._correct("redetermined", given, on)

    def _approve(self, known: Known) -> None:
        """Tell of the first approval, which decides a count for ever, and the last."""
        wanted, first = self.wanted, known.scr.first_approved_on
        if "first_approved_on" in self.changed:
            if first is not None:
                rule = f"is {first} in the ledger, and no event corrects it"
                self._fault("first_approved_on", rule)
                return
            first = first_approval(known, wanted)
            assert first is not None
            self._tell("approved", first)
            if wanted.approved == "yes" and wanted.approved_on in (None, first):
                return
        if wanted.approved == "yes" and self.changed.keys() & {
            "approved",
            "approved_on",
        }:
            if wanted.approved_on is None:
                rule = f"is required: {wanted.scr} is not approved in the ledger"
                self._fault("approved_on", rule)
                return
            self._tell("approved", wanted.approved_on)

    def _outcomes(self, known: Known) -> None:
        wanted = [
            each
            for each in self.wanted.outcomes.values()
            if f"outcome {each.id}" in self.changed
        ]
        for each in sorted(wanted, key=lambda each: (KINDS.index(each.kind), each.on)):
            held = known.scr.outcomes.get(each.id)
            if held is None:
                named = {"outcome": each.id}
                self._tell(_HAPPENED[each.kind], each.on, named, each.row)
            else:
                self._change_outcome(held, each)
        for name in sorted(known.live.keys() - self.wanted.outcomes.keys()):
            if f"outcome {name}" in self.changed:
                self._correct("rescinded", {"outcome": name})

    def _change_outcome(self, held: Outcome, wanted: SnapshotOutcome) -> None:
        if held.reversed or held.kind != wanted.kind:
            is_now = "reversed" if held.reversed else f"a {held.kind}"
            rule = f"{held.id} is {is_now} in the ledger; give the new one a new id"
            self._fault("outcome", rule, wanted.row)
            return
        named = {"outcome": held.id}
        if not held.live:
            self._tell("approved", self.taking.day, named, wanted.row)
        if held.on != wanted.on:
            self._correct("redated", named, wanted.on, wanted.row)

    def _take_back(self) -> None:
        """Tell that the SCR is not approved, where it was or just came to be."""
        wanted = self.wanted.approved
        before = "first_approved_on" in self.changed
        if wanted == "returned" and ("approved" in self.changed or before):
            self._correct("returned")
        elif wanted == "no" and ("approved" in self.changed or before):
            self._correct("rescinded")

    def _correct(
        self,
        event: str,
        given: Given = _NOTHING,
        on: date | None = None,
        row: int | None = None,
    ) -> None:
        reason = f"{self.taking.file}, row {row or self.wanted.row}"
        self._tell(event, on or self.taking.day, {**given, "reason": reason}, row)

    def _tell(
        self, event: str, on: date, given: Given = _NOTHING, row: int | None = None
    ) -> None:
        said = {name: text for name, text in given.items() if text is not None}
        where = f"row {row or self.wanted.row}"
        line = self.taking.line(self.wanted.scr, event, on, where, said)
        self.lines.append(line)

    def _cannot_empty(self, field: str, held: str | None) -> None:
        rule = f"is empty, and no event takes {held} back; say what it is instead"
        self._fault(field, rule)

    def _fault(self, field: str, rule: str, row: int | None = None) -> None:
        number = row or self.wanted.row
        self.faults.append(RowFault(number, field, rule))


def _last(known: Known) -> Determination | None:
    return known.scr.determinations[-1] if known.scr.determinations else None


def _determinations_to_tell(
    known: Known, wanted: SnapshotState
) -> Sequence[SnapshotDetermination]:
    """Return the fewest of an extract's last after which those in force are its own."""
    every, held = wanted.determinations, known.determinations
    if not held:
        return every
    # What came before holds for nothing any more after one that is of all days.
    for before in ((), (SnapshotDetermination("unknown", "unknown"),)):
        for begin in range(len(every), -1, -1):
            told = (*before, *every[begin:])
            if not determination_pairs((*held, *told), wanted):
                return told
    raise AssertionError(wanted.scr)  # All of them after that are always enough.
