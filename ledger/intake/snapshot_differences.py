"""An extract beside what the ledger knew: where they differ, field by field."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain import scr as scrs
from ledger.intake.snapshot import DETERMINATION, OUTCOME, SnapshotDetermination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.events import ScrEvent
    from ledger.domain.scr import Outcome, Scr
    from ledger.intake.snapshot import Panel, SnapshotState

FILED = ("case_number", "office", "filed_on")
"""What an SCR always has: an empty cell says nothing about it."""

# --- what the ledger knew --------------------------------------------------------


class Known(NamedTuple):
    """An SCR as the ledger knew it, with the days an extract has and a fold has not."""

    scr: Scr
    approved_on: date | None = None
    determined_on: tuple[date, ...] = ()
    """Of each of its determinations."""

    @property
    def determinations(self) -> tuple[SnapshotDetermination, ...]:
        """All that were made, as an extract has them."""
        return tuple(
            SnapshotDetermination(
                held.association,
                held.transnational,
                held.high_threat,
                held.organization,
                on,
                held.since,
            )
            for held, on in zip(
                self.scr.determinations, self.determined_on, strict=True
            )
        )

    @property
    def live(self) -> dict[str, Outcome]:
        """The outcomes that stand."""
        return {name: held for name, held in self.scr.outcomes.items() if held.live}

    @property
    def approved(self) -> Panel:
        """What the panel last said, in an extract's words."""
        if self.scr.approved:
            return "yes"
        return "returned" if self.scr.panel == "returned" else "no"


def learn(known: Known | None, event: ScrEvent) -> Known:
    """Return what is known after one more fact."""
    state = scrs.evolve(known.scr if known else None, event)
    approved_on, determined_on = known[1:] if known else (None, ())
    if event.event == "approved" and event.outcome is None:
        approved_on = event.effective_on
    if event.event in ("determined", "redetermined"):
        determined_on = (*determined_on, event.effective_on)
    return Known(state, approved_on, determined_on)


# --- comparing -------------------------------------------------------------------


class Difference(NamedTuple):
    """One field of one SCR that an extract and the ledger do not agree on."""

    field: str
    extract: str | None
    ledger: str | None


def differences(known: Known, wanted: SnapshotState) -> list[Difference]:
    """Return where an extract and the ledger differ about an SCR, field by field.

    Only what the extract has a column for is compared; of an SCR that is voided in
    both, or voided here where the extract does not say, nothing else.
    """
    scr = known.scr
    if scr.voided and (wanted.voided or "voided" not in wanted.columns):
        return []
    pairs = [*_pairs(known, wanted), *_outcome_pairs(known, wanted)]
    if scr.voided != wanted.voided:
        words = {True: "yes", False: "no"}
        pairs.append(("voided", words[wanted.voided], words[scr.voided]))
    return [
        Difference(
            field,
            None if extract is None else str(extract),
            None if ledger is None else str(ledger),
        )
        for field, extract, ledger in pairs
        if extract != ledger
    ]


_Pair = tuple[str, object, object]


def _pairs(known: Known, wanted: SnapshotState) -> Iterator[_Pair]:
    for field in ("case_number", "office", "program", "title", "filed_on"):
        if field in wanted.columns and not (
            field in FILED and getattr(wanted, field) is None
        ):
            yield field, getattr(wanted, field), getattr(known.scr, field)
    for field in ("category", "subcategory"):
        if field in wanted.columns:
            yield field, getattr(wanted, field), getattr(known.scr, field)
    pairs = determination_pairs(known.determinations, wanted)
    for number, (there, here) in enumerate(pairs, 1):
        suffix = f"_{number}" if len(pairs) > 1 else ""
        for field, extract, ledger in _elements(there, here, wanted.columns):
            yield f"{field}{suffix}", extract, ledger
    yield from _panel_pairs(known, wanted)


def _panel_pairs(known: Known, wanted: SnapshotState) -> Iterator[_Pair]:
    held = known.approved
    if wanted.approved is not None and (wanted.approved, held) != ("no", "returned"):
        yield "approved", wanted.approved, held
    if wanted.approved == "yes" == held and wanted.approved_on is not None:
        yield "approved_on", wanted.approved_on, known.approved_on
    first = first_approval(known, wanted)
    if first is not None:
        yield "first_approved_on", first, known.scr.first_approved_on


def first_approval(known: Known, wanted: SnapshotState) -> date | None:
    """Return the first approval an extract tells of.

    An SCR that is not approved, but has a date of approval, was approved then.
    """
    if wanted.first_approved_on is not None:
        return wanted.first_approved_on
    if wanted.approved in ("no", "returned") and known.scr.first_approved_on is None:
        return wanted.approved_on
    return None


def _outcome_pairs(known: Known, wanted: SnapshotState) -> Iterator[_Pair]:
    if wanted.columns.isdisjoint(OUTCOME):
        return
    live = known.live
    for name in sorted(live.keys() | wanted.outcomes.keys()):
        here, there = live.get(name), wanted.outcomes.get(name)
        yield (
            f"outcome {name}",
            None if there is None else f"{there.kind} {there.on}",
            None if here is None else f"{here.kind} {here.on}",
        )


# --- determinations --------------------------------------------------------------

_Determinations = tuple[SnapshotDetermination, ...]
_DeterminationPair = tuple[SnapshotDetermination | None, SnapshotDetermination | None]


def determination_pairs(
    held: _Determinations, wanted: SnapshotState
) -> list[_DeterminationPair]:
    """Return the determinations in force, the extract's beside the ledger's.

    Empty where they agree. An extract without a column `from` has one determination,
    the last that was made.

    :param held: what the ledger has, in stream order.
    """
    columns = wanted.columns
    if not {"association", "transnational"} <= columns:
        return []
    there = in_force(wanted.determinations)
    here = tuple(_as_seen(each, columns) for each in in_force(held))
    if "from" not in columns:
        return _paired(there, here[-1:])
    if not held:
        return _paired(there, here)
    pairs = _paired(_without_nothing(there), _without_nothing(here))
    if not any(_differ(pair, columns) for pair in pairs):
        return []
    return _paired(there, here) if len(there) == len(here) else pairs


def in_force(determinations: _Determinations) -> _Determinations:
    """Return those that hold for outcomes of some day, in stream order.

    Of two, the later holds from its `from` on, so one with a later `from` than a later
    one holds for nothing.
    """
    kept: list[SnapshotDetermination] = []
    for each in reversed(determinations):
        if not kept or _since(each) < _since(kept[-1]):
            kept.append(each)
    return tuple(reversed(kept))


def _since(determination: SnapshotDetermination) -> date:
    return determination.since or date.min


def _as_seen(
    determination: SnapshotDetermination, columns: frozenset[str]
) -> SnapshotDetermination:
    """Leave out what the extract has no column for."""
    held = determination
    return held._replace(
        high_threat=held.high_threat if "high_threat" in columns else None,
        organization=held.organization if "organization" in columns else None,
    )


def _without_nothing(determinations: _Determinations) -> _Determinations:
    """Leave out, from the first, those that say no more than none would."""
    for number, each in enumerate(determinations):
        elements = {each.association, each.transnational, each.high_threat}
        if each.organization is not None or not elements <= {"unknown", None}:
            return determinations[number:]
    return ()


def _paired(there: _Determinations, here: _Determinations) -> list[_DeterminationPair]:
    """Pair as many with as many in order, else those that hold from the same day on.

    Of those in force, no two hold from the same day on.
    """
    if len(there) == len(here):
        return list(zip(there, here, strict=True))
    wanted = {_since(each): each for each in there}
    held = {_since(each): each for each in here}
    return [(wanted.get(day), held.get(day)) for day in sorted({*wanted, *held})]


def _differ(pair: _DeterminationPair, columns: frozenset[str]) -> bool:
    return any(extract != ledger for _, extract, ledger in _elements(*pair, columns))


def _elements(
    there: SnapshotDetermination | None,
    here: SnapshotDetermination | None,
    columns: frozenset[str],
) -> Iterator[_Pair]:
    nothing = (None,) * len(DETERMINATION)
    for field, extract, ledger in zip(
        DETERMINATION, there or nothing, here or nothing, strict=True
    ):
        # A day of determining that is not in the extract is no news.
        if field in columns and (field != "determined_on" or extract is not None):
            yield field, extract, ledger
