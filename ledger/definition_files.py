"""A definition, or a taxonomy, as people write it: one TOML file.

What TOML it is, is checked here; what it may say, by the one parser of facts.
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


def read(file: str, held: IO[bytes], *, verb: str = "define") -> dict[str, Any]:
    """Return what a TOML file says, with or without byte order mark.

    :param file: its name, for the faults.
    :param verb: what is to be done with it, for the faults.
    :raises FaultyFileError: it is not TOML, or too long for what it should be.
    """
    raw = held.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise _refused(file, (f"{file}: is longer than {MAX_BYTES:,} bytes",), verb)
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(file, (f"{file}:{line}: is not UTF-8",), verb) from None
    except RecursionError:
        raise _refused(file, (f"{file}: is nested too deeply",), verb) from None
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        at = place[1] if place is not None and place[1] else raw.count(b"\n")
        why = _PLACE.sub("", str(error))
        raise _refused(file, (f"{file}:{at}: is not TOML: {why}",), verb) from None
    except ValueError:  # Python reads no number of more than 4,300 digits.
        raise _refused(
            file, (f"{file}: has a number that is too long",), verb
        ) from None


def faulty(
    file: str, faults: Sequence[tuple[str, str]], *, verb: str = "define"
) -> FaultyFileError:
    """Return the error that lists what is wrong with what it says: path and rule."""
    lines = tuple(f"{file}: {field}: {rule}" for field, rule in faults)
    return _refused(file, lines, verb)


def _refused(file: str, lines: tuple[str, ...], verb: str) -> FaultyFileError:
    return FaultyFileError(file, lines[:_LISTED], len(lines), verb=verb)
