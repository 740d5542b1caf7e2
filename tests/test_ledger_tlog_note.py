"""Signed notes and cosignatures, against published keys, notes and signatures."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.tlog import note

# C2SP signed-note, its example key and note.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6"
    "TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# golang.org/x/mod, sumdb/note: the tests' two signers and their note.
PETER_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvq"
    "fqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oO"
    "TGwnWLox33WWd1RvMc+QQ=\n"
)
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
# RFC 8032 section 7.1, TEST 1 to TEST 3: secret key, public key, message, signature.
RFC8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
        "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
        "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]
KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)


def seed(text):
    """Return the private key of a published signer."""
    return Ed25519PrivateKey.from_private_bytes(note.unbase64(text)[1:])


def test_the_example_of_the_specification():
    """
    The specification's example key verifies its example note.
    """
    key, signed = note.parse_key(SPEC_KEY), note.parse(SPEC_NOTE.encode())

    assert str(key) == SPEC_KEY
    assert str(signed) == SPEC_NOTE
    assert signed.text == "This is an example message.\n"
    assert note.signature_of(signed, key) is not None


def test_a_published_signer_signs_the_published_bytes():
    """
    The Go library's test signer gives its key and its signature, byte for byte.
    """
    private = seed(PETER_SEED)

    assert str(note.public_of(private, "PeterNeumann")) == PETER_KEY
    assert str(note.sign(TEXT, private, "PeterNeumann")) == PETER_LINE


def test_two_signers():
    """
    Each known key is found among several; a key that did not sign gives nothing.
    """
    signed = note.parse(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}".encode())

    for text in (PETER_KEY, ENOCH_KEY):
        assert note.signature_of(signed, note.parse_key(text)) is not None
    assert note.signature_of(signed, note.parse_key(SPEC_KEY)) is None


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC8032)
def test_ed25519_of_the_rfc(secret, public, message, signature):
    """
    The signatures of RFC 8032 section 7.1 are reproduced.
    """
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))

    assert private.public_key().public_bytes_raw().hex() == public
    assert private.sign(bytes.fromhex(message)).hex() == signature


def test_a_cosignature_names_its_time():
    """
    A witness signs the text and the time, under an id of its own kind.
    """
    line = note.cosign(TEXT, KEY, "witness.example/w", 1_679_315_147)
    key = note.public_of(KEY, "witness.example/w", note.COSIGNATURE)
    signed = note.Note(TEXT, (line,))

    assert note.cosigned_at(line) == 1_679_315_147
    assert note.signature_of(signed, key) == line
    assert note.signature_of(signed, note.public_of(KEY, "witness.example/w")) is None
    later = line._replace(value=(1_679_315_148).to_bytes(8, "big") + line.value[8:])
    with pytest.raises(note.NoteError, match="not by its key"):
        note.signature_of(signed._replace(signatures=(later,)), key)
    assert b"cosignature/v1\ntime 1679315147\nIf you" in note._timed(
        TEXT, 1_679_315_147
    )


def test_no_byte_of_a_note_can_be_changed():
    """
    Whatever byte of a signed note is changed, its key did not sign it.
    """
    key, whole = note.parse_key(SPEC_KEY), SPEC_NOTE.encode()
    accepted = []
    for at in range(len(whole)):
        for mask in (1, 2, 4, 8, 16, 32, 64, 128):
            changed = bytearray(whole)
            changed[at] ^= mask
            try:
                if note.signature_of(note.parse(bytes(changed)), key) is not None:
                    accepted.append((at, mask))
            except note.NoteError:
                continue

    assert accepted == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no signature lines"),
        (b"text\n", "no signature lines"),
        (TEXT.encode() + PETER_LINE.encode(), "no signature lines"),
        (f"{TEXT}\n{PETER_LINE}"[:-1].encode(), "no signature lines"),
        (f"{TEXT}\n{PETER_LINE}\n".encode(), "no signature lines"),
        (f"a\tb\n\n{PETER_LINE}".encode(), "control character"),
        (b"\xff\n\n", "not UTF-8"),
        (b"a" * (note.LONGEST + 1), "longer than"),
        ("text\n\n— a+b AAAAAAAA\n".encode(), "not of its form"),
        (b"text\n\n-- a AAAAAAAA\n", "not of its form"),
        ("text\n\n— a AAAA\n".encode(), "too short"),
        ("text\n\n— a AAAAAAB=\n".encode(), "base64"),
        ("text\n\n— a AAAAAAA\n".encode(), "base64"),
        ("text\n\n— a AAAA_AAA\n".encode(), "base64"),
        ("text\n\n—  AAAAAAAA\n".encode(), "not of its form"),
    ],
)
def test_what_is_no_note(data, says):
    """
    Anything but the one spelling of a note is refused, with the reason.
    """
    with pytest.raises(note.NoteError, match=says):
        note.parse(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        PETER_KEY.replace("c74f20a3", "c74f20a4"),
        PETER_KEY.replace("c74f20a3", "C74F20A3"),
        PETER_KEY.replace("Peter", "P eter"),
        PETER_KEY.replace("ARpc", "Apc"),
        f"{PETER_KEY}\n",
        "a+00000000+BQ==",
    ],
)
def test_what_is_no_key(text):
    """
    A verifier key that is not of its form, or not by its own id, is refused.
    """
    with pytest.raises(note.NoteError):
        note.parse_key(text)
