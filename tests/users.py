"""Users for tests: what the program keeps per user is kept in folders of the tests'."""

from __future__ import annotations

import os
import tempfile
from itertools import count
from pathlib import Path
from secrets import token_hex

KEPT = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "SCR_KEYS")
"""Where what is kept per user is kept."""
_OWN = tempfile.TemporaryDirectory(prefix="scr-user-")
FOLDER = Path(_OWN.name)
_USERS = count(1)


def new() -> Path:
    """
    Become a user who has no keys and has never seen a ledger; return their folder.
    """
    folder = Path(_OWN.name) / str(next(_USERS))
    os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
    os.environ["SCR_KEYS"] = str(folder / "keys")
    os.environ.pop("SCR_KEY_PASSPHRASE", None)
    forget()
    return folder


def forget() -> None:
    """
    Become a user who has the same keys and has never seen a ledger.
    """
    # By chance: children that are forked count from the same number on.
    os.environ["XDG_STATE_HOME"] = str(Path(_OWN.name) / token_hex(8))
