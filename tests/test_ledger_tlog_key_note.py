"""Notes of new keys: five lines, one spelling, signed by those it takes."""

from __future__ import annotations

import pytest

from ledger.tlog import key_note, note
from ledger.tlog.note import COSIGNATURE, NoteError
from tests.keys import ONE, THREE, TWO, signed

NAME = "scr-ledger/x"
SAID = key_note.NewKey(NAME, ONE.public(NAME), 41, "ab" * 32)
TEXT = (
    f"scr-ledger key/1\n{NAME}\n{ONE.public(NAME)}\n41\n{'ab' * 32}\n"  # As documented.
)


def test_what_is_signed():
    """
    The text is what docs/checkpoints.md says, and is read again.
    """
    assert str(SAID) == TEXT
    assert key_note.parse_text(TEXT) == SAID


def test_who_signs():
    """
    The new key, and the one it replaces; each signature is one that holds.
    """
    keys = [one.public(NAME) for one in (ONE, TWO, THREE)]
    alone = key_note.signed(SAID, ONE.private)
    both = key_note.signed(SAID, ONE.private, TWO.private)

    assert key_note.signers(alone, keys) == {ONE.id(NAME)}
    assert key_note.signers(both, keys) == {ONE.id(NAME), TWO.id(NAME)}


@pytest.mark.parametrize(
    "made",
    [
        signed(TEXT, ONE, TWO, name=NAME),
        signed(TEXT, ONE, ONE, name=NAME),
        signed(TEXT, ONE, name="scr-ledger/y"),
    ],
    ids=["by a stranger", "twice", "by another name"],
)
def test_nobody_else_signs(made):
    """
    What nobody can check has no place in it.
    """
    with pytest.raises(NoteError, match="a key that is not on record"):
        key_note.signers(note.parse(made.encode()), [ONE.public(NAME)])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key/1", "key/2", "a new key is 5 lines"),
        ("key/1\n", "key/1\n\n", "a new key is 5 lines"),
        (f"{'ab' * 32}\n", f"{'ab' * 32}\nmore\n", "a new key is 5 lines"),
        ("\n41\n", "\n0\n", "where the log stood"),
        ("\n41\n", "\n041\n", "where the log stood"),
        ("\n41\n", "\n\uff141\n", "where the log stood"),
        ("ab" * 32, "AB" * 32, "where the log stood"),
        ("ab" * 32, "ab" * 31, "where the log stood"),
        (f"1\n{NAME}\n", "1\nscr-ledger/y\n", "does not sign for its origin"),
        (str(ONE.public(NAME)), "x", "no verifier key"),
        (
            str(ONE.public(NAME)),
            str(ONE.public(NAME)._replace(kind=COSIGNATURE)),
            "does not sign for its origin",
        ),
    ],
)
def test_another_text_is_none(old, new, words):
    """
    It has one form, and its key is of the log's name.
    """
    assert old in TEXT
    with pytest.raises(NoteError, match=words):
        key_note.parse_text(TEXT.replace(old, new, 1))


def test_no_byte_of_it_can_be_another():
    """
    Each byte of the note changed: it is none, or a signature does not hold.
    """
    whole = str(key_note.signed(SAID, ONE.private, TWO.private)).encode()
    keys = [one.public(NAME) for one in (ONE, TWO)]

    for place in range(len(whole)):
        for bit in (1, 32):
            other = bytearray(whole)
            other[place] ^= bit
            with pytest.raises(NoteError):
                key_note.signers(note.parse(bytes(other)), keys)
