"""A measure's definition as people write it: one TOML file.

What TOML it is, is checked here; what a definition may say, by the one parser of facts.
"""

from __future__ import annotations

import re
import tomllib
from typing import IO, TYPE_CHECKING, Any

from ledger.errors import FaultyFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 1_000_000
_LISTED = 100
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read(file: str, held: IO[bytes]) -> dict[str, Any]:
    """Return what a TOML file says, with or without byte order mark.

    :param file: its name, for the faults.
    :raises FaultyFileError: it is not TOML, or too long to be a definition.
    """
    raw = held.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise _refused(file, (f"{file}: is longer than {MAX_BYTES:,} bytes",))
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(file, (f"{file}:{line}: is not UTF-8",)) from None
    except RecursionError:
        raise _refused(file, (f"{file}: is nested too deeply",)) from None
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        at = place[1] if place is not None and place[1] else raw.count(b"\n")
        why = _PLACE.sub("", str(error))
        raise _refused(file, (f"{file}:{at}: is not TOML: {why}",)) from None
    except ValueError:  # Python reads no number of more than 4,300 digits.
        raise _refused(file, (f"{file}: has a number that is too long",)) from None


def faulty(file: str, faults: Sequence[tuple[str, str]]) -> FaultyFileError:
    """Return the error that lists what is wrong with a definition: path and rule."""
    return _refused(file, tuple(f"{file}: {field}: {rule}" for field, rule in faults))


def _refused(file: str, lines: tuple[str, ...]) -> FaultyFileError:
    return FaultyFileError(file, lines[:_LISTED], len(lines), verb="define")
