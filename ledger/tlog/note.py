"""Signed notes, as C2SP signed-note v1.0.0 (https://c2sp.org/signed-note) has them.

A note is text and signature lines. It is read strictly: one spelling per note, so that
no byte of an accepted one can be changed unnoticed. What a note says counts only once
a signature by a key that is known beforehand was checked.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = 0x01
"""Ed25519 over the note's text."""
COSIGNATURE = 0x04
"""Ed25519 over the text and a time, as C2SP tlog-cosignature has it."""

LONGEST = 64 * 1024
"""Bytes of a note. The specification asks for at least 16 signatures."""
_ID = 4
_KEY = 32
_TIME = 8
_LATEST = 2**63 - 1
_DASH = "\N{EM DASH}"
_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)")


class NoteError(ValueError):
    """Some text is no note, no key, or a known key did not sign it; it says why."""


class Signature(NamedTuple):
    """One signature line."""

    name: str
    key_id: bytes
    value: bytes
    """What the key made; of a cosignature, eight bytes of time before it."""

    def __str__(self) -> str:
        return f"{_DASH} {self.name} {b64encode(self.key_id + self.value).decode()}\n"


class Note(NamedTuple):
    """Text, its last line feed included, and who signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"


class Key(NamedTuple):
    """A public key that signatures are checked with."""

    name: str
    kind: int
    """:data:`ED25519` or :data:`COSIGNATURE`."""
    public: bytes
    """32 bytes, RFC 8032."""

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart; no protection by themselves."""
        kind = bytes([self.kind])
        return sha256(self.name.encode() + b"\n" + kind + self.public).digest()[:_ID]

    def __str__(self) -> str:
        """Return it as a verifier key (vkey): name, id and key in one word."""
        material = b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"


def parse(data: bytes) -> Note:
    """Read a note.

    :raises NoteError: it is none, or not in its one spelling.
    """
    if len(data) > LONGEST:
        message = f"it is longer than {LONGEST} bytes"
        raise NoteError(message)
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        message = "it is not UTF-8"
        raise NoteError(message) from None
    if any(character < " " and character != "\n" for character in whole):
        message = "it holds a control character"
        raise NoteError(message)
    text, parted, tail = whole.rpartition("\n\n")
    if not parted or not tail.endswith("\n"):
        message = "it has no signature lines after an empty line"
        raise NoteError(message)
    lines = tail[:-1].split("\n")
    note = Note(f"{text}\n", tuple(map(parse_signature, lines)))
    if str(note) != whole:  # One spelling, whatever the parsing above lets pass.
        message = "it is not in its one spelling"
        raise NoteError(message)
    return note


def parse_signature(line: str) -> Signature:
    """Read a signature line, without its line feed.

    :raises NoteError: it is none.
    """
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH or not is_name(parts[1]):  # noqa: PLR2004
        message = "a signature line is not of its form"
        raise NoteError(message)
    value = unbase64(parts[2])
    if len(value) <= _ID:
        message = "a signature is too short"
        raise NoteError(message)
    return Signature(parts[1], value[:_ID], value[_ID:])


def parse_key(text: str) -> Key:
    """Read a verifier key.

    :raises NoteError: it is none, of a kind that is not checked here, or its id is not
        that of its name and key.
    """
    found = _VKEY.fullmatch(text)
    if found is None or not is_name(found[1]):
        message = "it is no verifier key: NAME+ID+KEY"
        raise NoteError(message)
    material = unbase64(found[3])
    if len(material) != 1 + _KEY or material[0] not in {ED25519, COSIGNATURE}:
        message = "its key is not an Ed25519 one"
        raise NoteError(message)
    key = Key(found[1], material[0], material[1:])
    if str(key) != text:
        message = "its id is not that of its name and key"
        raise NoteError(message)
    return key


def is_name(text: str) -> bool:
    """Whether some text can be a key's name: no spaces, no plus, nothing unseen."""
    return bool(text) and text.isprintable() and not re.search(r"[\s+]", text)


def unbase64(text: str) -> bytes:
    """Return the bytes of some standard base64, which has one spelling only.

    :raises NoteError: it is not that.
    """
    try:
        value = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        value = b""
    if not text or b64encode(value).decode() != text:
        message = "what should be base64 is not"
        raise NoteError(message)
    return value


def public_of(private: Ed25519PrivateKey, name: str, kind: int = ED25519) -> Key:
    """Return the public half of a key under a name."""
    return Key(name, kind, private.public_key().public_bytes_raw())


def sign(text: str, private: Ed25519PrivateKey, name: str) -> Signature:
    """Sign a note's text, which ends in a line feed."""
    key = public_of(private, name)
    return Signature(name, key.key_id, private.sign(text.encode()))


def cosign(text: str, private: Ed25519PrivateKey, name: str, at: int) -> Signature:
    """Sign a checkpoint's text as a witness.

    :param at: when, in seconds since 1970-01-01T00:00:00Z.
    """
    key = public_of(private, name, COSIGNATURE)
    value = private.sign(_timed(text, at))
    return Signature(name, key.key_id, at.to_bytes(_TIME, "big") + value)


def signature_of(note: Note, key: Key) -> Signature | None:
    """Return the signature that a key made of a note, or None if it did not sign it.

    :raises NoteError: a signature says that it is by this key, and is not.
    """
    for signature in note.signatures:
        if (signature.name, signature.key_id) == (key.name, key.key_id):
            if not _verified(note.text, signature, key):
                message = f"the signature of {key.name} is not by its key"
                raise NoteError(message)
            return signature
    return None


def cosigned_at(signature: Signature) -> int:
    """Return when a cosignature says it was made, in seconds since 1970."""
    return int.from_bytes(signature.value[:_TIME], "big")


def _verified(text: str, signature: Signature, key: Key) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    value, message = signature.value, text.encode()
    if key.kind == COSIGNATURE:
        at = cosigned_at(signature)
        if len(value) <= _TIME or at > _LATEST:
            return False
        value, message = value[_TIME:], _timed(text, at)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _timed(text: str, at: int) -> bytes:
    """Return what a cosignature signs: C2SP tlog-cosignature, cosignature/v1."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()
