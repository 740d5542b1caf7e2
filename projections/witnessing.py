"""Who has witnessed what: the policy, the cosignatures on record, and what they cover.

Signatures are checked here too: what is shown as witnessed was signed by a witness of
the policy, over a checkpoint that is believed and is of this log.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger import cosignatures
from ledger.domain import witnesses as rules
from ledger.domain.events import Cosigned, Entrusted, Unreadable, parse_stored
from ledger.domain.keys import CHECKPOINTS
from ledger.domain.witnesses import STREAM, Policy, Witness, Witnessed
from ledger.errors import FactDamagedError, LedgerError
from ledger.tlog import checkpoint
from projections.keys import checkpoints, keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.domain.witnesses import Cosignature
    from ledger.reader import Log, Row


class OnRecord(NamedTuple):
    """A cosignature on record that holds."""

    position: int
    said: Cosignature
    line: str


class Status(NamedTuple):
    """How far what stands at a position is witnessed."""

    policy: Policy
    by: tuple[Witness, ...]
    """Who of the policy has signed a checkpoint that covers it."""

    @property
    def enough(self) -> bool:
        """Whether as many have as the policy asks for."""
        return len(self.by) >= self.policy.required

    def __str__(self) -> str:
        of = len(self.policy.witnesses)
        need = self.policy.required
        return f"witnessed by {len(self.by)} of {of}, {need} required"

    @property
    def short(self) -> str:
        """Return how many of how many have signed, as a table has it."""
        of = len(self.policy.witnesses)
        return f"{len(self.by)} of {of}{'' if self.enough else ' (too few)'}"

    def as_json(self) -> dict[str, object]:
        """Return what an answer says of it."""
        return {
            "required": self.policy.required,
            "of": len(self.policy.witnesses),
            "by": [one.name for one in self.by],
            "enough": self.enough,
        }


def policy_of(log: Log) -> Policy:
    """Return the policy that holds; of a ledger that has none, nobody is asked.

    :raises FactDamagedError: what is kept is none.
    """
    return _policies(log)[-1]


def on_record(log: Log) -> list[OnRecord]:
    """Return all cosignatures of checkpoints that are believed, in log order.

    :raises FactDamagedError: what is kept is none, or it does not hold.
    """
    rows = log.stream(CHECKPOINTS, log.head)
    known = [one for policy in _policies(log) for one in policy.witnesses]
    if not rows or not known:  # Most ledgers have neither.
        return []
    texts = _texts(log)
    found = []
    for row in rows:
        fact = _fact(row)
        if not isinstance(fact, Cosigned) or fact.size not in texts:
            continue
        every = Policy(0, tuple(known))
        try:
            text = texts[fact.size]
            said = cosignatures.signed(fact.line, fact.size, text, every)
            if said is not None:
                rules.refuse(Witnessed(every), said, _seconds(row))
        except LedgerError as error:
            raise FactDamagedError(row.position, str(error)) from None
        if said is None:
            why = "it is no cosignature of a checkpoint before it"
            raise FactDamagedError(row.position, why)
        found.append(OnRecord(row.position, said, fact.line))
    return found


def witnessing(log: Log) -> Callable[[int], Status | None]:
    """Return what says how far a position is witnessed: None without a policy.

    :raises FactDamagedError: what is kept is none, or it does not hold.
    """
    policy = policy_of(log)
    if not policy.witnesses:
        return lambda _: None
    held = Witnessed(policy)
    for one in on_record(log):
        held = rules.evolve(held, one.said)
    logs = cosignatures.publics(keys_of(log))
    return lambda position: Status(policy, held.covering(position, logs))


def _seconds(row: Row) -> int:
    try:
        return int(datetime.fromisoformat(row.recorded_at).timestamp())
    except ValueError:
        raise FactDamagedError(row.position, "it was recorded at no time") from None


def _texts(log: Log) -> dict[int, str]:
    """Return what is signed of the checkpoints that are believed, by size.

    One that is of another log than this covers nothing here.
    """
    return {
        one.size: checkpoint.parse(one.note.encode()).note.text
        for one in checkpoints(log)
        if one.trusted and log.root(one.size).hex() == one.root
    }


def _policies(log: Log) -> list[Policy]:
    found = [Policy()]
    for row in log.stream(STREAM, log.head):
        fact = _fact(row)
        if isinstance(fact, Entrusted):
            try:
                found.append(cosignatures.policy(fact.required, fact.witnesses))
            except LedgerError as error:
                raise FactDamagedError(row.position, str(error)) from None
    return found


def _fact(row: Row) -> object:
    try:
        return parse_stored(row.topic, row.payload)
    except Unreadable as error:
        raise FactDamagedError(row.position, str(error)) from None
