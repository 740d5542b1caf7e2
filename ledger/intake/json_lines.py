"""Files of a JSON object a line, as requests and printings come in.

Whatever the bytes, each line that cannot be read is a field and a rule.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from ledger.domain.events import MAX_LINE_BYTES, Unreadable, rule_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    Fault = tuple[str, str]

MOST_FAULTS = 100
"""How many faults of a file are told."""

_Model = TypeVar("_Model", bound=BaseModel)
_MOST_DIGITS = 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE = MAX_LINE_BYTES + len(_BYTE_ORDER_MARK) + len(b"\r\n")


def numbered(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers, in bounded memory.

    The first may begin with a byte order mark. Of one that is longer than any may be
    only the beginning is there, and is too long itself.
    """
    number = 0
    while line := file.readline(_PIECE):
        number += 1
        if len(line) == _PIECE and not line.endswith(b"\n"):
            yield number, line
            while not line.endswith(b"\n") and (line := file.readline(_PIECE)):
                pass
            continue
        text = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip()
        if text:
            yield number, text


def decoded(text: bytes) -> Any:
    """Return what a line holds.

    :raises Unreadable: it is too long, no UTF-8, no JSON, or has a key twice.
    """
    if len(text) > MAX_LINE_BYTES:
        raise Unreadable((("line", f"is longer than {MAX_LINE_BYTES:,} bytes"),))
    try:
        return json.loads(text.decode(), object_pairs_hook=_once, parse_int=_number)
    except Unreadable:
        raise
    except UnicodeDecodeError as error:
        why = f"is not UTF-8: byte {error.start + 1} is {text[error.start]:#04x}"
        raise Unreadable((("line", why),)) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable((("line", f"is not JSON: {error}"),)) from None


def validated(model: type[_Model], fields: object) -> _Model:
    """Return a line as what it has to be.

    :raises Unreadable: with every field that is not what it takes, and why.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        faults = ((_path(item["loc"]), rule_of(item)) for item in error.errors())
        raise Unreadable(tuple(faults)) from None


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc if part != "[key]") or "line"


def _number(digits: str) -> int:
    # Python refuses to read some thousand digits; any number so long is too large.
    return int(digits[:_MOST_DIGITS])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise Unreadable(((name, "is given twice"),))
        fields[name] = value
    return fields
