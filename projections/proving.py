"""Proofs made: of facts, of how a log has grown, of who is in a printed figure.

They are made against checkpoints on record that are believed, from the hashes that the
log keeps; and each is checked before it is handed out, so that what does not hold is
told here and not on another machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.definitions import BUILT_IN, hash_of
from ledger.errors import (
    BeyondHeadError,
    LogDamagedError,
    NoMembersError,
    NoSuchFigureError,
    NotAMemberError,
    NotCoveredError,
    OtherLogError,
    TwoHistoriesError,
)
from ledger.members import summary_of
from ledger.membership import SUMMARY_TOPIC, Membership, text
from ledger.tlog import checkpoint
from ledger.tlog.entry import entry, parse
from ledger.tlog.members import member
from ledger.tlog.proof_text import Consistency, Inclusion
from projections.history import fields_of
from projections.keys import checkpoints
from projections.publications import TOPIC as PUBLISHED_TOPIC
from projections.witnessing import on_record, policy_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.domain.publication import Publication
    from ledger.reader import Log, Row
    from ledger.tlog.checkpoint import Checkpoint, TreeHead
    from projections.keys import Checkpoint as OnRecordCheckpoint
    from projections.publications import Recorded


def _believed(log: Log, position: int) -> list[OnRecordCheckpoint]:
    """Return the checkpoints on record that cover a position and are believed.

    :raises NotCoveredError: there is none.
    """
    held = [one for one in checkpoints(log) if one.trusted and one.size >= position]
    if not held:
        raise NotCoveredError(position)
    return held


def covering(log: Log, position: int) -> Checkpoint:
    """Return the checkpoint that proofs of a position are made against.

    It is the newest that covers it, with the cosignatures on record; where a policy
    asks for witnesses, the newest that has as many, if there is one.

    :raises NotCoveredError: none on record covers it and is believed.
    :raises TwoHistoriesError: it is of another log than this.
    """
    held = _believed(log, position)
    policy = policy_of(log)
    asked = {one.public for one in policy.witnesses}
    signed: dict[int, set[str]] = {}
    for one in on_record(log):
        signed.setdefault(one.said.size, set()).add(one.said.public)
    enough = [
        one
        for one in held
        if len(signed.get(one.size, set()) & asked) >= policy.required
    ]
    return _with_lines(log, (enough or held)[-1])


def _with_lines(log: Log, chosen: OnRecordCheckpoint) -> Checkpoint:
    """Return a checkpoint as it is handed out: with the cosignatures on record."""
    found = log.root(chosen.size).hex()
    if found != chosen.root:
        origin = checkpoint.origin_of(log.identity.ledger_id)
        raise TwoHistoriesError(origin, chosen.size, chosen.root, found)
    lines = [one.line for one in on_record(log) if one.said.size == chosen.size]
    more = "".join(f"{line}\n" for line in lines)
    return checkpoint.parse(f"{chosen.note}{more}".encode())


def of_fact(log: Log, position: int) -> Inclusion:
    """Return the proof that the fact at a position is in the log; as below.

    :raises BeyondHeadError: there is none, or it is position 0.
    """
    if not 1 <= position <= log.head:
        raise BeyondHeadError(position, log.head)
    (made,) = of_facts(log, log.at([position]))
    return made


def of_facts(log: Log, rows: Sequence[Row]) -> list[Inclusion]:
    """Return the proofs that facts are in the log, all against one checkpoint.

    :raises NotCoveredError: no checkpoint on record covers all of them.
    :raises LogDamagedError: what is kept does not give the root that is signed.
    """
    against = covering(log, max(row.position for row in rows))
    found = []
    for row in rows:
        path = tuple(log.inclusion(row.position, against.head.size))
        made = Inclusion(entry(*row), row.position - 1, path, against)
        if not made.holds:
            why = f"the fact at @{row.position} does not give the root that is signed"
            raise LogDamagedError(why)
        found.append(made)
    return found


def discloses(one: Inclusion) -> str | None:
    """Return what a proof gives away that nobody may have meant to show, in words."""
    if parse(one.entry).topic != PUBLISHED_TOPIC:
        return None
    return (
        "this proof holds a whole publication: all that its figures count, and the"
        " secret that keeps members apart; `scr prove SCR --in` shows one alone"
    )


def of_growth(log: Log, old: int) -> Consistency:
    """Return the proof that the log begins with what it was at an older size.

    :raises BeyondHeadError: the log is not that long.
    :raises NotCoveredError: no checkpoint on record covers it.
    :raises LogDamagedError: what is kept does not give the root that is signed.
    """
    if old > log.head:
        raise BeyondHeadError(old, log.head)
    against = _with_lines(log, _believed(log, old)[-1])  # All that it has become.
    made = Consistency(old, tuple(log.consistency(old, against.head.size)), against)
    if not made.extends(log.root(old)):
        why = f"its hashes do not tie @{old} to the root that is signed"
        raise LogDamagedError(why)
    return made


def since(log: Log, file: str, held: TreeHead) -> Consistency:
    """Return the proof that the log begins with what a checkpoint says it was.

    :param file: what the checkpoint was read from.
    :raises OtherLogError: it is of another ledger.
    :raises TwoHistoriesError: this log has another root there.
    :raises BeyondHeadError: the log is not that long.
    """
    origin = checkpoint.origin_of(log.identity.ledger_id)
    if held.origin != origin:
        raise OtherLogError(file, held.origin, origin)
    if held.size <= log.head and (found := log.root(held.size)) != held.root:
        roots = (held.root.hex(), found.hex())
        raise TwoHistoriesError(origin, held.size, *roots)
    return of_growth(log, held.size)


def of_member(log: Log, one: Recorded, measure: str, year: int, unit: str) -> str:
    """Return the file that shows something to be counted in a printed figure.

    :param unit: what is counted: an SCR, `SCR OUTCOME`, an organization or a case
        number. Of an SCR whose outcomes are counted, all that are.
    :raises NoSuchFigureError: the publication has no such figure.
    :raises NoMembersError: it is older than members roots.
    :raises NotAMemberError: it is not counted there.
    """
    content = one.content
    figures = {(each.measure, each.fiscal_year): each for each in content.figures}
    about = f"{measure} FY{year}"
    if (measure, year) not in figures:
        names = ", ".join(f"{name} FY{of}" for name, of in figures)
        raise NoSuchFigureError(content.name, about, names)
    figure = figures[measure, year]
    if one.secret is None or figure.members_root is None:
        raise NoMembersError(content.name)
    outcomes = _counts_outcomes(log, content, measure)
    units = _meant(figure.counted, unit, outcomes=outcomes)
    if not units:
        raise NotAMemberError(unit, content.name, about)
    secret = bytes.fromhex(one.secret)
    members = tuple(member(secret, measure, year, figure.counted, u) for u in units)
    summary = summary_of(content, one.seal)
    (printed,) = (
        each
        for each in summary.figures
        if (each.measure, each.fiscal_year) == (measure, year)
    )
    proof = _summary_proof(log, content.name)
    return text(Membership(content.name, one.seal, printed, members, proof))


def _meant(counted: Iterable[str], unit: str, *, outcomes: bool) -> list[str]:
    """Return whom a word means, and nobody beside: a case number may hold a space."""
    every = list(counted)
    if unit in every:
        return [unit]
    return [one for one in every if outcomes and one.rpartition(" ")[0] == unit]


def _counts_outcomes(log: Log, content: Publication, measure: str) -> bool:
    hashes = {one.hash for one in content.definitions if one.measure == measure}
    if measure in BUILT_IN and hash_of(BUILT_IN[measure]) in hashes:
        return BUILT_IN[measure].unit == "outcome"
    for row in log.stream(f"measure/{measure}", log.head):
        said = fields_of(row.position, row.payload)
        if said.get("hash") in hashes:
            definition = said.get("definition")
            return isinstance(definition, dict) and definition.get("unit") == "outcome"
    return False


def _summary_proof(log: Log, publication: str) -> str | None:
    """Return the proof that what a publication prints is in the log, if it can be.

    It is recorded where a key signs; and nothing can be proved of a log that nobody
    has signed since.
    """
    rows = log.stream(f"summary/{publication}", log.head)
    if not rows or rows[0].topic != SUMMARY_TOPIC:
        return None
    try:
        return str(of_fact(log, rows[0].position))
    except NotCoveredError:
        return None
