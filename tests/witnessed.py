"""A ledger that is signed, published from and proved, as typed; witnesses elsewhere.

The clock of a witness is that of the ledgers of tests, a little later.
"""

from __future__ import annotations

import os
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import cli.proof_checking
import cli.witness
from tests.commandline import prepare, scr

if TYPE_CHECKING:
    import pytest

LATER = 1_900_000_000.0
"""Seconds since 1970 at which witnesses of tests sign: in 2030."""


def clocks(monkeypatch: pytest.MonkeyPatch, at: float = LATER) -> None:
    """
    Set the clocks of witnesses and of those who check.
    """
    time = mock.Mock()
    time.time.return_value = at
    monkeypatch.setattr(cli.witness, "time", time)
    monkeypatch.setattr(cli.proof_checking, "time", time)


def signed(folder: Path) -> None:
    """
    Make `scr.db` with a key, a publication and a checkpoint; leave `log.vkey`.
    """
    prepare(folder)
    kept = {"SCR_KEYS": str(folder / "keys")}  # Beside it, to be copied with it.
    with chdir(folder), mock.patch.dict(os.environ, kept):
        assert scr("key", "new", "--by", "press").code == 0
        rows = scr("key", "list", "--json").json["rows"]
        Path("log.vkey").write_text(f"{rows[0]['vkey']}\n", encoding="utf-8")
        told = publish("APR")
        assert told.code == 0, told.err
        assert scr("checkpoint", "-o", "held.checkpoint", "--by", "press").code == 0


def publish(name: str, *measures: str, year: str = "2019"):
    """
    Publish figures through a gate that is not green.
    """
    asked = [part for one in measures or ("dd-all",) for part in ("--measure", one)]
    said = ("--document", "d", "--claims", "c", "--override", "o", "--by", "press")
    return scr("publish", name, *asked, "--fy", year, *said)
