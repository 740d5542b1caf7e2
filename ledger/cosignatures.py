"""Witnesses on record, read and checked: who they are, and what they have signed.

The store asks before a fact is recorded, the checker when it replays one, and readers
when they say who has witnessed what; all ask the rules of ``ledger.domain.witnesses``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.witnesses import Cosignature, Policy, Witness
from ledger.errors import NotSignedError, PolicyError
from ledger.tlog import note
from ledger.tlog.note import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.domain.keys import Keys


def policy(required: int, vkeys: Iterable[str]) -> Policy:
    """Return a policy from verifier keys as they are typed and kept.

    :raises PolicyError: one is none of a witness.
    """
    return Policy(required, tuple(map(witness, vkeys)))


def witness(vkey: str) -> Witness:
    """Return a witness from its verifier key.

    :raises PolicyError: it is none of a witness.
    """
    try:
        key = note.parse_key(vkey)
    except NoteError as error:
        raise PolicyError(str(error)) from None
    if key.kind != note.COSIGNATURE:
        why = f"{key.name} is the key of a log, not of a witness"
        raise PolicyError(why)
    return Witness(key.name, vkey, key.public.hex())


def publics(keys: Keys) -> frozenset[str]:
    """Return the public keys, in hex, that are or were on record for the ledger."""
    held = (note.parse_key(one.vkey) for one in keys.keys.values())
    return frozenset(key.public.hex() for key in held)


def signed(line: str, size: int, text: str, held: Policy) -> Cosignature | None:
    """Return what a cosignature line says, or None if no witness of a policy made it.

    :param line: without its line feed.
    :param size: of the checkpoint that it may be of.
    :param text: of that checkpoint, as it was signed.
    :raises NotSignedError: it is no such line.
    """
    try:
        made = note.parse_signature(line)
    except NoteError as error:
        raise NotSignedError(str(error)) from None
    alone = note.Note(text, (made,))
    for one in held.witnesses:
        try:
            if note.signature_of(alone, note.parse_key(one.vkey)) is not None:
                return Cosignature(one.name, one.public, size, note.cosigned_at(made))
        except NoteError:  # It is of another checkpoint, or forged.
            continue
    return None


def _of_witnesses(signed: note.Note) -> Sequence[str]:
    origin = signed.text.partition("\n")[0]
    lines = [str(one) for one in signed.signatures if one.name != origin]
    if not lines:
        why = "nobody but the log itself has signed it"
        raise NotSignedError(why)
    return [line.rstrip("\n") for line in lines]


def lines_of(data: bytes) -> Sequence[str]:
    """Return the signature lines of a file: of lines alone, or of a cosigned note.

    Of a note, what the log itself has signed is left out.

    :raises NotSignedError: it holds none.
    """
    try:
        text = data.decode()
        if "\n\n" in text:
            return _of_witnesses(note.parse(data))
        lines = text.removesuffix("\n").split("\n")
        for line in lines:
            note.parse_signature(line)
    except (NoteError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, NoteError) else "it is not UTF-8"
        raise NotSignedError(why) from None
    return lines
