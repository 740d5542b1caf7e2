"""A log beside what others hold of it: how far it is signed, what was seen of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import keys as rules
from ledger.errors import NoCheckpointError
from ledger.fsck.found import (
    FORKED,
    NOT_CHECKPOINTED,
    ROLLED_BACK,
    SWAPPED,
    UNSIGNED,
    Finding,
    Seen,
    Signing,
)
from ledger.tlog import checkpoint, note
from ledger.tlog.merkle import root
from ledger.tlog.note import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.fsck.log import LogCheck
    from ledger.tlog.checkpoint import Checkpoint


def signing(log: LogCheck) -> Signing:
    """Return how far a log that has been read to its end is covered."""
    sizes = [
        one.size
        for one in log.issued
        if rules.trusted(log.keys, one.signed_by, one.size)
    ]
    covered = max(sizes, default=None)
    after = covered or 0
    checkpoints = sum(place > after for place in log.checkpoints)
    return Signing(
        log.keys.current,
        covered,
        log.expected - after - checkpoints,
        len(log.issued) - len(sizes),
        log.unchecked,
    )


def uncovered(found: Signing) -> Iterator[Finding]:
    """Yield that a log is not covered to its end, to whoever asks that it is."""
    if found.covered is None:
        why = "no checkpoint that is believed is on record"
        yield Finding(None, NOT_CHECKPOINTED, why)
    elif found.uncovered:
        since = f"since the last checkpoint, of @{found.covered}"
        why = f"{found.uncovered:,} facts were recorded {since}"
        yield Finding(found.covered + 1, NOT_CHECKPOINTED, why)


def readable(held: bytes) -> tuple[Finding, ...]:
    """Read a checkpoint that nothing can be compared with.

    :raises NoCheckpointError: it is none.
    """
    try:
        checkpoint.parse(held)
    except NoteError as error:
        raise NoCheckpointError(str(error)) from None
    return ()


def against(log: LogCheck, held: bytes) -> Iterator[Finding]:
    """Compare a log that has been read to its end with a checkpoint held elsewhere.

    :raises NoCheckpointError: it is none.
    """
    try:
        found = checkpoint.parse(held)
    except NoteError as error:
        raise NoCheckpointError(str(error)) from None
    if found.head.origin != log.keys.origin:
        why = f"the checkpoint is of {found.head.origin}, this is {log.keys.origin}"
        yield Finding(None, SWAPPED, why)
        return
    yield from _signed(log, found)
    head = found.head
    yield from seen(log, Seen(head.size, head.root.hex(), "the checkpoint"))


def seen(log: LogCheck, last: Seen) -> Iterator[Finding]:
    """Compare a log with a position and root that somebody has seen of it."""
    position, root_then, by = last
    where = f"{by} has @{position} {root_then}"
    if position > len(log.leaves):
        why = f"{where}, and the log ends at @{len(log.leaves)}"
        yield Finding(None, ROLLED_BACK, f"{why}{_admitted(log, position, root_then)}")
        return
    found = root(log.leaves[:position]).hex()
    if found != root_then:
        why = f"{where}, and the log has {found} there"
        yield Finding(None, FORKED, f"{why}{_admitted(log, position, root_then)}")


def _admitted(log: LogCheck, position: int, root_then: str) -> str:
    """Return where the log admits that it was restored from before that, if it does."""
    for place, gone, named in log.gone:
        if (gone, named) == (position, root_then):
            return f"; that it was restored from a backup is admitted at @{place}"
    return ""


def _signed(log: LogCheck, found: Checkpoint) -> Iterator[Finding]:
    size = found.head.size
    signers = set()
    if log.unchecked:  # Then it is not known which keys there are, either.
        log.unchecked += 1
        return
    try:
        for one in log.keys.keys.values():
            if note.signature_of(found.note, note.parse_key(one.vkey)) is not None:
                signers.add(one.id)
    except NoteError as error:
        yield Finding(None, UNSIGNED, f"the checkpoint does not hold: {error}")
        return
    except ImportError:
        log.unchecked += 1
        return
    if not rules.trusted(log.keys, frozenset(signers), size):
        why = f"no key that this log believes at @{size} has signed the checkpoint"
        yield Finding(None, UNSIGNED, why)
