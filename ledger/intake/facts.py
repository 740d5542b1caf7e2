"""Files of facts, as lines for the one parser: JSON Lines, and tables of facts."""

from __future__ import annotations

import json
from hashlib import sha256
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Protocol

from ledger.domain.events import CASE_CLASSES, MAX_LINE_BYTES
from ledger.intake.mapping import NO_MAP
from ledger.store.bulk import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.intake.mapping import MapFile, Named
    from ledger.intake.rows import Columns, Row

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE = MAX_LINE_BYTES + len(_BYTE_ORDER_MARK) + len(b"\r\n")
_PROGRESS_LINES = 10_000

_IGNORED = frozenset({"position", "recorded_at"})  # An export adds them.
FIELDS = frozenset(
    field.alias or name
    for cls in CASE_CLASSES
    for name, field in cls.model_fields.items()
    if name != "recorded_by"
)


class FactFile(Protocol):
    """A file of facts, readable from its beginning as often as need be."""

    @property
    def columns(self) -> Columns:
        """Its columns by field; none if it is no table."""

    @property
    def sha256(self) -> str:
        """The hash of its bytes, in hex; of JSON Lines once they are read through."""

    @property
    def map(self) -> MapFile:
        """The map it is read through; ``NO_MAP`` if none."""

    def lines(
        self, on_progress: Callable[[int], None]
    ) -> Iterator[tuple[int, bytes | Unread]]:
        """Yield the lines that are not blank, with their numbers, from 1.

        :param on_progress: told the number of lines read, now and then.
        """


class JsonLines:
    """A file with a fact on each line."""

    columns: Columns = MappingProxyType({})
    map = NO_MAP

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._begin: int | None = None
        self._digest = sha256()

    @property
    def sha256(self) -> str:
        """The hash of its bytes, in hex, once they are read through."""
        return self._digest.hexdigest()

    def lines(self, on_progress: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that are not blank, in bounded memory."""
        if self._begin is not None:
            self._file.seek(self._begin)
        elif self._file.seekable():
            self._begin = self._file.tell()
        self._digest = sha256()
        tell, readline = self._digest.update, self._file.readline
        number = 0
        while raw := readline(_PIECE):
            tell(raw)
            number += 1
            if len(raw) == _PIECE and not raw.endswith(b"\n"):
                # Longer than any line may be, even one that begins with blanks; the
                # rest is passed over.
                yield number, raw
                while not raw.endswith(b"\n") and (raw := readline(_PIECE)):
                    tell(raw)
                continue
            line = raw.removesuffix(b"\n").removesuffix(b"\r")
            if number == 1:
                line = line.removeprefix(_BYTE_ORDER_MARK)
            if line.strip(b" \t"):
                yield number, line
            if number % _PROGRESS_LINES == 0:
                on_progress(number)


class FactTable:
    """A table with a fact in each row, its columns named as the fields are."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self.columns = named.columns
        self.map = named.map
        self.sha256 = named.table.sha256

    def lines(
        self, on_progress: Callable[[int], None]
    ) -> Iterator[tuple[int, bytes | Unread]]:
        """Yield a line of interchange for each row."""
        for count, row in enumerate(self._named.rows(), 1):
            text = _line(row)
            faults = tuple(fault for fault in row.faults if fault.field not in _IGNORED)
            yield row.number, Unread(text, faults) if faults else text
            if count % _PROGRESS_LINES == 0:
                on_progress(row.number)


def is_field(name: str) -> bool:
    """Whether a column of a table of facts may be called so."""
    return name in FIELDS or name in _IGNORED


def _line(row: Row) -> bytes:
    cells = {name: text for name, text in row.cells.items() if name not in _IGNORED}
    return json.dumps(cells, ensure_ascii=False).encode(errors="surrogatepass")
