"""What goes home with an auditor: a checker that needs nothing of this program."""

from __future__ import annotations

from pathlib import Path


def verifier() -> bytes:
    """Return ``verify.py`` as it stands here."""
    return Path(__file__).with_name("verify.py").read_bytes()
