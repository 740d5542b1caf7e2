"""What commands about proofs share: files read, keys as typed, times as told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST = 16 * 1024 * 1024


def read_file(path: str) -> bytes:
    """Return what a file holds.

    :raises NoInputFileError: it cannot be read.
    :raises NoProofError: it is far too large.
    """
    from ledger.errors import NoInputFileError, NoProofError

    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoInputFileError(path, why) from None
    if len(data) > _LARGEST:
        why = f"it has more than {_LARGEST:,} bytes"
        raise NoProofError(path, why)
    return data


def keys_in(given: Iterable[str]) -> tuple[str, ...]:
    """Return verifier keys as typed; what is no such key names a file of some.

    :raises NoInputFileError: there is no such file.
    """
    found: list[str] = []
    for text in given:
        if "+" in text and not Path(text).is_file():
            found.append(text)
            continue
        lines = read_file(text).decode(errors="replace").split("\n")
        found += filter(None, map(str.strip, lines))
    return tuple(found)


def instant(at: int) -> str:
    """Return a time in seconds since 1970 as answers print it."""
    from ledger.domain.fiscal import format_instant, from_micros

    return format_instant(from_micros(at * 1_000_000))
