"""What commands share that sign: the private key, and its passphrase."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from cli.main import Settings
    from ledger.domain.keys import Covered
    from ledger.private_keys import PrivateKey
    from ledger.reader import Log

PASSPHRASE = "SCR_KEY_PASSPHRASE"  # noqa: S105 - where it is, not what it is


def signer(settings: Settings) -> PrivateKey:
    """Return the private key of the key that signs for the ledger.

    :raises NoKeyError: none does.
    :raises KeyNotHereError: this user does not hold it.
    :raises LedgerError: its file cannot be used.
    """
    from ledger.errors import KeyNotHereError, NoKeyError
    from ledger.private_keys import path_of
    from ledger.reader import open_log
    from projections.keys import keys_of

    with open_log(settings.ledger) as log:
        current, ledger_id = keys_of(log).current, log.identity.ledger_id
        if current is None:
            raise NoKeyError
        found = held(log, current)
    if found is None:
        raise KeyNotHereError(current, str(path_of(ledger_id, current)))
    return found


def held(log: Log, key: str) -> PrivateKey | None:
    """Return a private key that this user holds, or None.

    :raises LedgerError: its file cannot be used.
    """
    from ledger.private_keys import find

    return find(log.identity.ledger_id, key, passphrase)


class AtHand(NamedTuple):
    """The key that signs, or why nothing is signed."""

    private: PrivateKey | None
    why_not: str | None = None


def at_hand(settings: Settings) -> AtHand:
    """Return the key to sign a publication with, if this user holds it.

    A publication that is not signed is one all the same.

    :raises LedgerError: there is a key file, and it cannot be used.
    """
    from ledger.errors import KeyNotHereError, NoKeyError

    try:
        return AtHand(signer(settings))
    except NoKeyError:
        why = "note: not signed: no key signs for this ledger; see `scr key new`"
    except KeyNotHereError as error:
        why = f"warning: not signed: {error}; then `scr checkpoint`"
    return AtHand(None, why)


def passphrase() -> str | None:
    """Return the passphrase of an encrypted key; None if nobody can be asked."""
    if (given := os.environ.get(PASSPHRASE)) is not None:
        return given
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    asked: str = click.prompt("passphrase of the key", hide_input=True, err=True)
    return asked


def new_passphrase(path: str) -> str:
    """Return a passphrase to encrypt a new key with.

    :raises NoPassphraseError: nobody can be asked for one.
    :raises LongPassphraseError: nothing can be encrypted with it.
    """
    from ledger.errors import LongPassphraseError, NoPassphraseError
    from ledger.private_keys import is_too_long

    given = os.environ.get(PASSPHRASE)
    if not given and sys.stdin is not None and sys.stdin.isatty():
        given = click.prompt(
            "a passphrase for the key",
            hide_input=True,
            confirmation_prompt=True,
            err=True,
        )
    if not given:
        raise NoPassphraseError(path)
    if is_too_long(given):
        raise LongPassphraseError
    return given


def told(covered: Covered) -> str:
    """Return what came of a checkpoint, in words."""
    return f"checkpoint @{covered.position} of all up to @{covered.size}"
