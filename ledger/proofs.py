"""Proofs checked offline: what a file shows, with no ledger at hand.

Nothing a file says counts before the checkpoint in it is verified with a key that the
reader had beforehand. Signatures by other keys are left aside, as C2SP signed-note asks
for, and counted, so that a reader can be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from ledger.errors import (
    NoProofError,
    NotLinkedError,
    NotProvedError,
    TwoHistoriesError,
    UnknownKeyError,
)
from ledger.membership import SUMMARY_TOPIC, parse_summary
from ledger.tlog import checkpoint, note, proof_text
from ledger.tlog import entry as entries
from ledger.tlog.note import NoteError
from ledger.tlog.proof_text import Consistency, Inclusion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.membership import Summary
    from ledger.tlog.checkpoint import Checkpoint, TreeHead
    from ledger.tlog.entry import Entry
    from ledger.tlog.note import Key

AHEAD_SECONDS = 300
"""How far the clock of a witness may be ahead before its signature counts no more."""


class Trust(NamedTuple):
    """Whose signatures a reader believes."""

    logs: tuple[Key, ...]
    witnesses: tuple[Key, ...]
    required: int
    """How many of the witnesses have to have signed."""
    now: int
    """The time, in seconds since 1970: what is signed later than that is not."""


class Cosigned(NamedTuple):
    """That a witness has signed, and when it says so."""

    vkey: str
    name: str
    at: int


class Vouched(NamedTuple):
    """A checkpoint that is verified, and by whom it is signed."""

    head: TreeHead
    key: str
    """The verifier key of the log that signed."""
    cosigned: tuple[Cosigned, ...]
    others: int
    """Signatures by keys that the reader did not give."""


class Included(NamedTuple):
    """That a fact is in a log."""

    vouched: Vouched
    fact: Entry


class Extended(NamedTuple):
    """That a log begins with what it was when it was smaller."""

    vouched: Vouched
    old: TreeHead


Shown = Included | Extended | Vouched


def trust_of(vkeys: Iterable[str], *, required: int | None = None, now: int) -> Trust:
    """Return whom a reader believes, from verifier keys as typed.

    :param required: how many witnesses have to have signed; None: all that are given.
    :raises NoteError: one is no verifier key, or a log is given as its own witness, or
        there are fewer witnesses than required.
    """
    keys = tuple(dict.fromkeys(map(note.parse_key, vkeys)))
    logs = tuple(key for key in keys if key.kind == note.ED25519)
    witnesses = tuple(key for key in keys if key.kind == note.COSIGNATURE)
    publics = {key.public for key in witnesses}
    if publics & {key.public for key in logs}:
        message = "the key of a log cannot be that of its witness"
        raise NoteError(message)
    if len(publics) < len(witnesses):
        message = "one witness is given twice, under two names"
        raise NoteError(message)
    needed = len(witnesses) if required is None else required
    if needed > len(witnesses):
        message = f"{needed} witnesses are required, and {len(witnesses)} given"
        raise NoteError(message)
    return Trust(logs, witnesses, needed, now)


def read(file: str, data: bytes) -> Inclusion | Consistency | Checkpoint:
    """Read a proof or a checkpoint; nothing of it is checked yet.

    :raises NoProofError: it is neither.
    """
    try:
        return proof_text.parse(data)
    except NoteError as error:
        raise NoProofError(file, str(error)) from None


def read_checkpoint(file: str, data: bytes) -> Checkpoint:
    """Read a checkpoint, or the one that a proof ends in.

    :raises NoProofError: it is none.
    """
    one = read(file, data)
    return one if isinstance(one, checkpoint.Checkpoint) else one.checkpoint


def vouch(file: str, one: Checkpoint, trust: Trust) -> Vouched:
    """Verify a checkpoint with the keys that a reader believes.

    :raises UnknownKeyError: no key of this log is given that signed it.
    :raises NotProvedError: a signature does not hold, or witnesses are missing.
    """
    origin = one.head.origin
    mine = [key for key in trust.logs if key.name == origin]
    if not mine:
        why = "no key of this log is given" if trust.logs else "no key is given"
        raise UnknownKeyError(file, origin, why)
    try:
        signers = [key for key in mine if note.signature_of(one.note, key)]
        cosigned = tuple(_cosigned(one, trust))
    except NoteError as error:
        raise NotProvedError(file, str(error)) from None
    if not signers:
        why = "it is signed by another key than is given"
        raise UnknownKeyError(file, origin, why)
    if len(cosigned) < trust.required:
        absent = {str(key) for key in trust.witnesses} - {c.vkey for c in cosigned}
        names = ", ".join(sorted(vkey.partition("+")[0] for vkey in absent))
        why = (
            f"of the witnesses given {len(cosigned)} signed its checkpoint, and"
            f" {trust.required} have to; it is not signed by {names}"
        )
        raise NotProvedError(file, why)
    known = len({(s.name, s.key_id) for s in one.note.signatures}) - len(cosigned)
    return Vouched(one.head, str(signers[0]), cosigned, known - len(signers))


def _cosigned(one: Checkpoint, trust: Trust) -> Iterable[Cosigned]:
    for key in trust.witnesses:
        signature = note.signature_of(one.note, key)
        if signature is None:
            continue
        at = note.cosigned_at(signature)
        if at <= trust.now + AHEAD_SECONDS:  # C2SP lets the rest be none.
            yield Cosigned(str(key), key.name, at)


def included(file: str, one: Inclusion, trust: Trust) -> Included:
    """Check an inclusion proof, and return the fact that it shows.

    :raises NotProvedError: it does not hold.
    :raises UnknownKeyError: no key is given that signed its checkpoint.
    """
    vouched = vouch(file, one.checkpoint, trust)
    if not one.holds:
        why = "its fact and its hashes do not give the root that is signed"
        raise NotProvedError(file, why)
    try:
        fact = entries.parse(one.entry)
    except ValueError as error:  # UnicodeDecodeError is one as well.
        why = f"what is in the log there is no fact: {error}"
        raise NotProvedError(file, why) from None
    if fact.position != one.leaf_index + 1:
        why = f"the fact says it is @{fact.position}, and stands @{one.leaf_index + 1}"
        raise NotProvedError(file, why)
    return Included(vouched, fact)


def extended(
    file: str, one: Consistency, held: Vouched | None, trust: Trust
) -> Extended:
    """Check a consistency proof against the checkpoint that a reader held before.

    :param held: that checkpoint; without one nothing is proved.
    :raises NotProvedError: it does not hold.
    :raises NotLinkedError: the checkpoint is of another size.
    """
    vouched = vouch(file, one.checkpoint, trust)
    if held is None:
        why = (
            f"it ties the log to what it was at size {one.old}, and nobody says what"
            " that was; give the checkpoint you kept then with --against"
        )
        raise NotProvedError(file, why)
    _same_log(file, vouched, held)
    if held.head.size != one.old:
        raise NotLinkedError(file, one.old, held.head.size)
    if not one.extends(held.head.root):
        why = (
            "the log does not begin with what it was at the checkpoint held:"
            " something was changed, removed or put in between"
        )
        raise NotProvedError(file, why)
    return Extended(vouched, held.head)


def check(
    file: str,
    one: Inclusion | Consistency | Checkpoint,
    trust: Trust,
    held: Vouched | None,
    ties: Sequence[Consistency] = (),
) -> Shown:
    """Check what was read, whichever it is, and return what it shows.

    :param held: a checkpoint that the reader kept: it has to be of the same log.
    :param ties: consistency proofs that may tie it to that one.
    :raises LedgerError: it does not hold, or is of another log.
    """
    if isinstance(one, Consistency):
        return extended(file, one, held, trust)
    shown: Included | Vouched
    if isinstance(one, Inclusion):
        shown = included(file, one, trust)
        vouched = shown.vouched
    else:
        shown = vouched = vouch(file, one, trust)
    if held is not None:
        linked(file, vouched, held, ties)
    return shown


def summarized(
    file: str, text: str, trust: Trust, held: Vouched | None = None
) -> Included:
    """Check the proof that what a publication prints is in a log.

    :raises LedgerError: it does not hold, or is of another log than the one held.
    """
    try:
        one = proof_text.parse_inclusion(text.encode())
    except NoteError as error:
        raise NotProvedError(file, f"its summary is no proof: {error}") from None
    shown = included(file, one, trust)
    if held is not None:
        linked(file, shown.vouched, held, ())
    return shown


def summary_in(file: str, shown: Included) -> Summary:
    """Return what a fact says that a publication prints.

    :raises NotProvedError: it says nothing of the kind.
    """
    try:
        if shown.fact.topic != SUMMARY_TOPIC:
            message = f"its topic is {shown.fact.topic}"
            raise ValueError(message)  # noqa: TRY301 - as what is read below
        return parse_summary(shown.fact.payload)
    except ValueError as error:
        raise NotProvedError(file, f"its summary is none: {error}") from None


def is_consistency(
    one: Inclusion | Consistency | Checkpoint,
) -> TypeGuard[Consistency]:
    """Whether what was read ties two sizes of a log."""
    return isinstance(one, Consistency)


def linked(
    file: str, new: Vouched, held: Vouched, proofs: Sequence[Consistency]
) -> None:
    """Make sure that a checkpoint goes together with one that a reader held before.

    :param proofs: consistency proofs that tie different sizes.
    :raises TwoHistoriesError: they are of one size and two roots.
    :raises NotProvedError: they are of two logs.
    :raises NotLinkedError: nothing ties them.
    """
    _same_log(file, new, held)
    small, large = sorted((new.head, held.head), key=lambda head: head.size)
    if small.size == large.size:
        if small.root != large.root:
            roots = (small.root.hex(), large.root.hex())
            raise TwoHistoriesError(small.origin, small.size, *roots)
        return
    for one in proofs:
        if (one.old, one.checkpoint.head) == (small.size, large) and one.extends(
            small.root
        ):
            return
    raise NotLinkedError(file, new.head.size, held.head.size)


def _same_log(file: str, one: Vouched, held: Vouched) -> None:
    if one.head.origin != held.head.origin:
        why = f"it is of {one.head.origin}, the checkpoint held of {held.head.origin}"
        raise NotProvedError(file, why)
