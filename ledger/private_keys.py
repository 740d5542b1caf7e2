"""Private keys of one's own ledgers: on disk, outside the ledger, for one user alone.

They are in ``$SCR_KEYS``, else in ``scr-ledger/keys`` of ``$XDG_CONFIG_HOME``, else of
``~/.config``: a folder per ledger, and in it a PKCS #8 PEM file per key, encrypted on
request. Nobody but its owner may read such a file: one that others can read is not
used.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import (
    ExposedKeyError,
    KeyFileError,
    NoPassphraseError,
    WrongPassphraseError,
)
from ledger.tlog.checkpoint import origin_of
from ledger.tlog.note import Key, public_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LARGEST = 16 * 1024
_SEED_BYTES = 32
_LONGEST_PASSPHRASE = 1023
"""Bytes; ``cryptography`` takes no more."""


class PrivateKey(NamedTuple):
    """A key that can sign."""

    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        """Say nothing of what it holds."""
        return "PrivateKey(…)"

    def public(self, origin: str) -> Key:
        """Return its public half, under the name of the log it signs for."""
        return public_of(self.private, origin)

    def id(self, origin: str) -> str:
        """Return its id, in hex."""
        return self.public(origin).key_id.hex()


def folder(ledger_id: str) -> Path:
    """Return where the keys of a ledger are kept."""
    return _base() / file_name(ledger_id)


def file_name(ledger_id: str) -> str:
    """Return a file name for a ledger's id, which a hostile file may have chosen."""
    if _PLAIN.fullmatch(ledger_id):
        return ledger_id
    return sha256(ledger_id.encode(errors="surrogatepass")).hexdigest()


def witness_folder() -> Path:
    """Return where the keys of one's own witnesses are kept."""
    return _base() / "witness"


def _base() -> Path:
    if given := os.environ.get("SCR_KEYS"):
        return Path(given)
    config = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG specification has a relative path ignored.
    if not os.path.isabs(config):  # noqa: PTH117 - as in ledger.seen
        config = os.path.expanduser("~/.config")  # noqa: PTH111 - never raises
    base = Path(config, "scr-ledger", "keys")
    if config.startswith("~"):  # A folder of that name is nobody's home.
        why = "this user has no home folder"
        raise KeyFileError(str(base), why)
    return base


def path_of(ledger_id: str, key: str) -> Path:
    """Return the file of a key."""
    return folder(ledger_id) / f"{key}.pem"


def made() -> PrivateKey:
    """Return a new key, from the system's randomness."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return PrivateKey(Ed25519PrivateKey.from_private_bytes(_seed()))


def _seed() -> bytes:
    return secrets.token_bytes(_SEED_BYTES)


def id_of(private: PrivateKey, ledger_id: str) -> str:
    """Return the id of a key that signs for a ledger, in hex."""
    return private.id(origin_of(ledger_id))


def save(private: PrivateKey, ledger_id: str, passphrase: str | None = None) -> Path:
    """Write a key where only its owner can read it; return its file.

    :param passphrase: what to encrypt it with; None leaves it in the clear.
    :raises KeyFileError: it cannot be written.
    """
    path = path_of(ledger_id, id_of(private, ledger_id))
    write(private, path, passphrase)
    return path


def write(private: PrivateKey, path: Path, passphrase: str | None = None) -> None:
    """Write a key into a new file that only its owner can read.

    :raises KeyFileError: it cannot be written, or there is a file.
    """
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    encryption = (
        NoEncryption()
        if passphrase is None
        else BestAvailableEncryption(_bytes(passphrase))
    )
    pem = private.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(path, flags, 0o600), "wb") as out:  # noqa: PTH123 - flags
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise KeyFileError(str(path), error.strerror or str(error)) from None


def discard(path: Path) -> None:
    """Remove the file of a key that was not put on record."""
    path.unlink(missing_ok=True)


def find(ledger_id: str, key: str, ask: Callable[[], str | None]) -> PrivateKey | None:
    """Return a key that this user holds, or None.

    :param ask: returns the passphrase, or None if nobody can be asked; it is called
        for an encrypted key only.
    :raises ExposedKeyError: others can read the file.
    :raises NoPassphraseError: it is encrypted, and there is no passphrase.
    :raises WrongPassphraseError: it is not the passphrase.
    :raises KeyFileError: the file is no key, or that of another one.
    """
    path = path_of(ledger_id, key)
    private = read(path, ask)
    if private is not None and id_of(private, ledger_id) != key:
        why = "it holds another key"
        raise KeyFileError(str(path), why)
    return private


def read(path: Path, ask: Callable[[], str | None]) -> PrivateKey | None:
    """Return the key of a file, or None if there is none; else as :func:`find`."""
    try:
        pem = _read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(str(path), error.strerror or str(error)) from None
    return _parsed(pem, path, ask)


def held(ledger_id: str) -> dict[str, bool]:
    """Return the ids of the keys this user has files of, and whether encrypted."""
    try:
        found = sorted(folder(ledger_id).glob("*.pem"))
        return {one.stem: b"ENCRYPTED" in one.read_bytes()[:64] for one in found}
    except (OSError, KeyFileError):
        return {}


def _read(path: Path) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - flags
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            why = "it is no file"
            raise KeyFileError(str(path), why)
        if status.st_mode & 0o077:
            raise ExposedKeyError(str(path), stat.S_IMODE(status.st_mode))
        return file.read(_LARGEST)


def _bytes(passphrase: str) -> bytes:
    """Return a passphrase as it was typed, also where that is no UTF-8."""
    return passphrase.encode(errors="surrogateescape")


def is_too_long(passphrase: str) -> bool:
    """Whether nothing can be encrypted with a passphrase."""
    return len(_bytes(passphrase)) > _LONGEST_PASSPHRASE


def _parsed(pem: bytes, path: Path, ask: Callable[[], str | None]) -> PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    passphrase = None
    if b"ENCRYPTED" in pem:
        passphrase = ask()
        if passphrase is None:
            raise NoPassphraseError(str(path))
    given = None if passphrase is None else _bytes(passphrase)
    try:
        private = load_pem_private_key(pem, given)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if passphrase is not None:
            raise WrongPassphraseError(str(path)) from None
        why = "it is no PKCS #8 key"
        raise KeyFileError(str(path), why) from error
    if not isinstance(private, Ed25519PrivateKey):
        why = "its key is not an Ed25519 one"
        raise KeyFileError(str(path), why)
    return PrivateKey(private)
