"""A witness: signs a log only as one that begins with all it has signed before.

It is a key and a memory. The memory is one small file per log, in
``scr-ledger/witness`` of ``$XDG_STATE_HOME``, else of ``~/.local/state``: size, root,
and the key that the log is believed by. It is read and written under one lock, and
written before a signature leaves this module, so that two forks of a log are never both
signed (C2SP tlog-witness asks for just that).
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger import private_keys
from ledger.errors import (
    FirstSightError,
    NoSuchWitnessError,
    NotProvedError,
    OtherSizeError,
    PolicyError,
    SmallerError,
    StoreError,
    TwoHistoriesError,
    UnknownKeyError,
    UnseenError,
    WitnessTakenError,
)
from ledger.private_keys import PrivateKey, file_name
from ledger.proofs import read, trust_of, vouch
from ledger.seen import folder as state_folder
from ledger.tlog import entry as entries
from ledger.tlog import key_note, note
from ledger.tlog.note import NoteError
from ledger.tlog.proof_text import Consistency, Inclusion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.tlog.checkpoint import Checkpoint
    from ledger.tlog.key_note import NewKey
    from ledger.tlog.note import Key

_KEYED = "ledger.keyed/1"


class Seen(NamedTuple):
    """A log as a witness has signed it last."""

    origin: str
    size: int
    root: str
    vkey: str
    """The key that the log is believed by."""


class Shown(NamedTuple):
    """What a witness is asked to sign, and why it should."""

    file: str
    data: bytes
    vkeys: tuple[str, ...] = ()
    """Keys that whoever runs the witness says are the log's."""
    rotation: bytes | None = None
    """The proof that the log has put another key in the place of the one known."""


# --- what may be signed ---------------------------------------------------------------


def decide(seen: Seen | None, shown: Shown, now: int) -> tuple[Checkpoint, Seen]:
    """Return the checkpoint to sign, and what the witness has seen then.

    :param seen: the log as it was signed last; None: never.
    :param now: in seconds since 1970.
    :raises FirstSightError: the log is new, and nobody says which key is its.
    :raises UnknownKeyError: another key signed it than is believed.
    :raises SmallerError, TwoHistoriesError, NotProvedError: it is not the log seen.
    :raises OtherSizeError: the proof is not from where it was seen.
    :raises NoProofError: it cannot be read.
    """
    file = shown.file
    one = read(file, shown.data)
    signed = one.checkpoint if isinstance(one, Consistency | Inclusion) else one
    origin = signed.head.origin
    given = [vkey for vkey in shown.vkeys if vkey.startswith(f"{origin}+")]
    if seen is None and not given:
        raise FirstSightError(origin)
    known = [] if seen is None else [seen.vkey]
    if seen is not None and shown.rotation is not None:
        known.append(_rotated(file, shown.rotation, seen, signed))
    try:
        trust = trust_of([*given, *known], now=now)
    except NoteError as error:
        raise PolicyError(str(error)) from None
    vouched = vouch(file, signed, trust)
    head = signed.head
    if seen is not None:
        _follows(file, one, seen)
    elif isinstance(one, Consistency) and one.old:
        raise OtherSizeError(origin, 0)
    return signed, Seen(origin, head.size, head.root.hex(), vouched.key)


def _follows(file: str, one: Consistency | Inclusion | Checkpoint, seen: Seen) -> None:
    signed = one.checkpoint if isinstance(one, Consistency | Inclusion) else one
    head = signed.head
    if head.size < seen.size:
        raise SmallerError(seen.origin, head.size, seen.size)
    if head.size == seen.size:
        if head.root.hex() != seen.root:
            roots = (seen.root, head.root.hex())
            raise TwoHistoriesError(seen.origin, seen.size, *roots)
        return
    if not isinstance(one, Consistency) or one.old != seen.size:
        raise OtherSizeError(seen.origin, seen.size)
    if not one.extends(bytes.fromhex(seen.root)):
        why = (
            f"{seen.origin} does not begin with what this witness signed at size"
            f" {seen.size}"
        )
        raise NotProvedError(file, why)


def _rotated(file: str, data: bytes, seen: Seen, signed: Checkpoint) -> str:
    """Return the key that a log has put in the place of the one it is believed by.

    The proof is of the fact that did so, in the very log that is to be signed; the key
    believed so far signed it.

    :raises UnknownKeyError: it is not so.
    """
    one = read(file, data)
    said = None
    if isinstance(one, Inclusion) and one.checkpoint.head == signed.head and one.holds:
        said = _announced(one.entry, note.parse_key(seen.vkey))
    if said is None or said.origin != seen.origin:
        why = (
            "the rotation is no proof, in this very checkpoint, of a new key that the"
            " one believed so far has signed"
        )
        raise UnknownKeyError(file, seen.origin, why)
    return str(said.key)


def _announced(entry: bytes, old: Key) -> NewKey | None:
    """Return the new key that a fact puts on record, if the old one signed it."""
    try:
        fact = entries.parse(entry)
        signed = note.parse(json.loads(fact.payload)["note"].encode())
        said = key_note.parse_text(signed.text)
        signers = key_note.signers(signed, {old, said.key})
    except (NoteError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if fact.topic != _KEYED or old.key_id.hex() not in signers:
        return None
    return said


# --- keys -----------------------------------------------------------------------------


def new(name: str, passphrase: str | None = None) -> tuple[str, Path]:
    """Make a witness on this machine; return its verifier key, and its key's file.

    :raises PolicyError: it can have no such name.
    :raises WitnessTakenError: there is one of that name.
    :raises KeyFileError: its key cannot be written.
    """
    if not note.is_name(name) or len(name) > 200:  # noqa: PLR2004 - as facts take it
        why = "a witness has a name of 1 to 200 characters, without spaces and plus"
        raise PolicyError(why)
    path = _key_file(name)
    if path.exists():
        raise WitnessTakenError(name)
    private = private_keys.made()
    private_keys.write(private, path, passphrase)
    vkey = str(note.public_of(private.private, name, note.COSIGNATURE))
    path.with_suffix(".vkey").write_text(f"{vkey}\n", encoding="utf-8")
    return vkey, path


def here() -> dict[str, str]:
    """Return the witnesses of this machine, by name, with their verifier keys."""
    found = {}
    for path in sorted(private_keys.witness_folder().glob("*.vkey")):
        vkey = path.read_text(encoding="utf-8").strip()
        found[vkey.partition("+")[0]] = vkey
    return found


def _key_file(name: str) -> Path:
    return private_keys.witness_folder() / f"{file_name(name)}.pem"


# --- signing --------------------------------------------------------------------------


def sign(
    name: str,
    shown: Shown,
    *,
    clock: Callable[[], float],
    ask: Callable[[], str | None],
) -> str:
    """Sign a checkpoint as a witness, and return the cosignature line.

    :param ask: returns the passphrase of an encrypted key.
    :raises NoSuchWitnessError: there is none of that name here.
    :raises LedgerError: as :func:`decide`; the key or the memory cannot be used.
    """
    private = private_keys.read(_key_file(name), ask)
    if private is None:
        raise NoSuchWitnessError(name)
    origin = _origin(shown)
    now = int(clock())
    with _memory(name, private, origin) as memory:
        signed, seen = decide(_remembered(memory, origin), shown, now)
        log = note.parse_key(seen.vkey)
        if log.public == note.public_of(private.private, name).public:
            why = "a log cannot be its own witness"
            raise PolicyError(why)
        line = str(note.cosign(str(signed.head), private.private, name, now))
        _remember(memory, seen)  # Before anybody has the signature.
    return line


def _origin(shown: Shown) -> str:
    one = read(shown.file, shown.data)
    signed = one.checkpoint if isinstance(one, Consistency | Inclusion) else one
    return signed.head.origin


@contextmanager
def _memory(name: str, private: PrivateKey, origin: str) -> Iterator[Path]:
    """Hold the file that a witness remembers a log in, locked.

    :raises StoreError: it cannot be locked.
    """
    import fcntl

    key = note.public_of(private.private, name, note.COSIGNATURE)
    folder = _state() / key.public.hex()  # Whatever it is called, it is one witness.
    path = folder / f"{sha256(origin.encode()).hexdigest()}.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield path
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None


def _state() -> Path:
    try:
        return state_folder() / "witness"
    except UnseenError:
        why = "this user has no home folder; set XDG_STATE_HOME"
        raise _unusable(Path("~/.local/state/scr-ledger/witness"), why) from None


def _remembered(path: Path, origin: str) -> Seen | None:
    """Return a log as it was signed last; None: never.

    :raises StoreError: what is there cannot be read, which is not the same as nothing.
    """
    if not path.exists() and not path.is_symlink():
        return None
    try:
        seen = Seen(**json.loads(path.read_text(encoding="utf-8")))
        note.parse_key(seen.vkey)
        damaged = seen.origin != origin or len(bytes.fromhex(seen.root)) != 32  # noqa: PLR2004
        damaged = damaged or type(seen.size) is not int or seen.size < 0
    except (ValueError, TypeError, AttributeError):
        damaged = True
    if damaged:
        raise _unusable(path, "it is damaged")
    return seen


def _remember(path: Path, seen: Seen) -> None:
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as out:
        out.write(f"{json.dumps(seen._asdict())}\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unusable(path: Path, why: str) -> StoreError:
    return StoreError(
        f"what this witness has signed is in {path}, which cannot be used: {why};"
        " nothing is signed; put back the file as it was last"
    )
