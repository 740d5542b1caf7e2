"""Private keys on disk: one user's alone, and no other key than is asked for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ledger import private_keys
from ledger.errors import (
    ExposedKeyError,
    KeyFileError,
    NoPassphraseError,
    WrongPassphraseError,
)
from tests.keys import ONE, TWO

LEDGER = "5c4e2a70-0000-4000-8000-000000000001"
KEY = private_keys.id_of(ONE, LEDGER)


def find(passphrase: str | None = None):
    """
    Return the private key of ONE, if it is here.
    """
    return private_keys.find(LEDGER, KEY, lambda: passphrase)


def test_a_key_is_kept_for_its_owner_alone():
    """
    Folder 0700, file 0600, whatever the mask; PKCS #8 as other tools read it.
    """
    old = os.umask(0)
    try:
        path = private_keys.save(ONE, LEDGER)
    finally:
        os.umask(old)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert find().private.private_bytes_raw() == b"\x01" * 32
    assert private_keys.held(LEDGER) == {KEY: False}


def test_a_folder_that_others_can_read_is_closed():
    """
    Also one that was there before.
    """
    private_keys.folder(LEDGER).mkdir(parents=True, mode=0o755)
    path = private_keys.save(ONE, LEDGER)

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_where_keys_are_kept(monkeypatch, tmp_path):
    """
    In SCR_KEYS, else under XDG_CONFIG_HOME if that is absolute, else in ~/.config.
    """
    monkeypatch.setenv("SCR_KEYS", str(tmp_path / "a"))
    assert private_keys.folder("x") == tmp_path / "a" / "x"
    monkeypatch.delenv("SCR_KEYS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "b"))
    assert private_keys.folder("x") == tmp_path / "b" / "scr-ledger" / "keys" / "x"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / ".config" / "scr-ledger" / "keys"
    assert private_keys.folder("x") == home / "x"


@pytest.mark.parametrize("ledger_id", ["..", "../../x", "/etc", ".hidden", "a/b", ""])
def test_no_ledger_chooses_a_folder_elsewhere(ledger_id):
    """
    The id of a ledger that somebody handed over names a folder inside the one of keys.
    """
    base = Path(os.environ["SCR_KEYS"])

    found = private_keys.folder(ledger_id)
    assert found.parent == base
    assert found.resolve().parent == base.resolve()


def test_an_encrypted_key_takes_its_passphrase():
    """
    The right one; a wrong one and none at all are told apart.
    """
    path = private_keys.save(ONE, LEDGER, "correct horse")

    assert b"ENCRYPTED" in path.read_bytes()
    assert private_keys.held(LEDGER) == {KEY: True}
    assert find("correct horse").private.private_bytes_raw() == b"\x01" * 32
    with pytest.raises(WrongPassphraseError, match="nothing is recorded"):
        find("battery staple")
    with pytest.raises(WrongPassphraseError):
        find("")
    with pytest.raises(NoPassphraseError, match="set SCR_KEY_PASSPHRASE"):
        find(None)


def test_nobody_is_asked_for_the_passphrase_of_a_plain_key():
    """
    A key in the clear has none.
    """
    private_keys.save(ONE, LEDGER)

    def ask():
        raise AssertionError

    assert private_keys.find(LEDGER, KEY, ask) is not None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o660, 0o644, 0o601])
def test_a_key_that_others_can_read_is_not_used(mode):
    """
    Any right of the group or of others is one too many.
    """
    path = private_keys.save(ONE, LEDGER)
    path.chmod(mode)

    with pytest.raises(ExposedKeyError, match=f"mode {mode:04o}.*`chmod 600`"):
        find()


def other_kind() -> bytes:
    """
    Return a key that does not sign.
    """
    return X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: b"", "it is no PKCS #8 key"),
        (lambda: b"-----BEGIN PRIVATE KEY-----\nx\n", "it is no PKCS #8 key"),
        (other_kind, "its key is not an Ed25519 one"),
        (lambda: private_keys.save(TWO, LEDGER).read_bytes(), "it holds another key"),
    ],
    ids=["nothing", "damaged", "another kind", "another key"],
)
def test_another_file_is_not_used(content, words):
    """
    A key file holds the key of its name, or is refused with what it is.
    """
    path = private_keys.save(ONE, LEDGER)
    path.write_bytes(content())

    with pytest.raises(KeyFileError, match=words):
        find()


def test_a_link_is_not_followed(tmp_path):
    """
    Nor is a folder or a pipe read, which could be anything.
    """
    path = private_keys.save(ONE, LEDGER)
    path.rename(tmp_path / "real.pem")
    path.symlink_to(tmp_path / "real.pem")
    with pytest.raises(KeyFileError):
        find()
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileError, match="it is no file"):
        find()


def test_a_key_is_never_written_over():
    """
    A file of that name stays as it is.
    """
    private_keys.save(ONE, LEDGER)

    with pytest.raises(KeyFileError, match="File exists"):
        private_keys.save(ONE, LEDGER)


def test_a_key_that_is_not_here_is_none():
    """
    Whether that matters is for who asks to say.
    """
    assert find() is None
    assert private_keys.held(LEDGER) == {}


def test_a_key_shows_nothing_of_itself():
    """
    Not in a traceback, not in a log.
    """
    assert repr(ONE) == "PrivateKey(…)"
    assert "01" not in str(ONE)
