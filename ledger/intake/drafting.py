"""A first draft of a map, from the header of a table and the values seen in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import FaultyTableError, UnreadableTableError
from ledger.intake.cells import Unsaid
from ledger.intake.mapping import DAYS, EXCEL, base_of, read_day, text_of
from ledger.intake.tables import PLAIN, Layout, open_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.intake.cells import Cell
    from ledger.intake.mapping import Encoding, IsField
    from ledger.intake.rows import Heading
    from ledger.intake.tables import Table

SHOWN = 8
"""How many values of a column are shown as examples."""
CODES = 50
"""A column with more distinct values than this is no column of codes."""

_ENCODINGS: tuple[Encoding, ...] = ("utf-8", "cp1252")
_DELIMITERS = (",", ";", "\t", "|")
_FORMS = (
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%b-%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%b %d, %Y",
    EXCEL,
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_ANSWERS = {
    **dict.fromkeys(("y", "yes", "true", "1"), "yes"),
    **dict.fromkeys(("n", "no", "false", "0"), "no"),
    **dict.fromkeys(("u", "unk", "unknown", "not determined"), "unknown"),
}
_FLAGS = {text: answer for text, answer in _ANSWERS.items() if answer != "unknown"}
_GUESSES: dict[str, dict[str, str]] = {
    **dict.fromkeys(("association", "transnational", "high_threat"), _ANSWERS),
    "voided": _FLAGS,
    "approved": _FLAGS
    | {"approved": "yes", "pending": "no", "draft": "no", "returned": "returned"},
    "kind": {
        **dict.fromkeys(("disruption", "disrupted", "disr"), "disruption"),
        **dict.fromkeys(("dismantlement", "dismantled", "dism"), "dismantlement"),
    },
}
"""What codes of fields with few values are likely to mean."""


class Seen(NamedTuple):
    """What was seen in one column."""

    heading: Heading
    filled: int
    values: Counter[str]
    """At most one more than ``CODES`` of them."""
    forms: tuple[str, ...]
    """Those in which every filled cell can be read as a date; none if all are plain."""
    odd: int
    """Cells that hold no value: formulas, errors, times of day, fractions."""


@contextmanager
def open_any(path: str) -> Iterator[tuple[Table, Layout]]:
    """Open a table however it is written, with how that is.

    :raises NoInputFileError: it cannot be opened.
    :raises RefusedError: it is no table in any way that is tried.
    """
    layout = _layout(path)
    with open_table(path, layout) as table:
        yield table, layout


def _layout(path: str) -> Layout:
    """Find the encoding a file is in, and what stands between its cells."""
    if path.lower().endswith(".xlsx"):
        return PLAIN
    widths: dict[Layout, float] = {}
    for encoding in _ENCODINGS:
        for delimiter in _DELIMITERS:
            layout = Layout(encoding, delimiter)
            try:
                with open_table(path, layout) as table:
                    widths[layout] = len(table.header)
                    for _ in table.lines():
                        pass
            except FaultyTableError:
                # Its header is cut into names, if not into good ones: rather this than
                # a header that is one name, and rather any other.
                widths[layout] = 1.5
            except UnreadableTableError:
                widths.pop(layout, None)
        if widths:
            break
    return max(widths, key=lambda layout: widths[layout]) if widths else PLAIN


def survey(table: Table) -> list[Seen]:
    """Read a table through, and return what was seen in each column."""
    columns = [_Column(heading) for heading in table.header]
    for line in table.lines():
        for column, cell in zip(columns, line.cells, strict=False):
            if cell != "":
                column.see(cell)
    return [column.seen for column in columns]


class _Column:
    def __init__(self, heading: Heading) -> None:
        self.heading = heading
        self.filled = self.odd = 0
        self.values: Counter[str] = Counter()
        self.plain = True
        self.forms = list(_FORMS)

    def see(self, cell: Cell) -> None:
        self.filled += 1
        try:
            text = "" if isinstance(cell, Unsaid) else text_of(cell).strip()
        except ValueError:
            text = ""
        if not text:
            self.odd += 1
            return
        if text in self.values or len(self.values) <= CODES:
            self.values[text] += 1
        if not _ISO.fullmatch(text):
            self.plain = False
            self.forms = [form for form in self.forms if _is_of(text, form)]

    @property
    def seen(self) -> Seen:
        forms = () if self.plain else tuple(self.forms)
        return Seen(self.heading, self.filled, self.values, forms, self.odd)


def _is_of(text: str, form: str) -> bool:
    try:
        read_day(text, form)
    except (ValueError, OverflowError):
        return False
    return True


def draft(
    name: str,
    layout: Layout,
    seen: Sequence[Seen],
    fields: Sequence[str],
    is_field: IsField,
) -> str:
    """Return a map as TOML text: what can be guessed, and what cannot as comments.

    :param name: of the table.
    :param fields: the names a column may have, for whoever fills the rest in.
    """
    guessed = _guessed(seen, is_field)
    lines = [
        f"# A draft from {_quoted(name)}: read every line before you use it.",
        "# Lines that begin with # say nothing yet; a column or value without a line",
        "# is refused.",
        "",
        "trim = true",
        '# empty = ["N/A", "-"]',
        "# ignore = []",
    ]
    if layout.encoding != PLAIN.encoding:
        lines.append(f"encoding = {_quoted(layout.encoding)}")
    if layout.delimiter != PLAIN.delimiter:
        lines.append(f"delimiter = {_quoted(layout.delimiter)}")
    lines += ["", "[columns]", *_fields(fields)]
    for one in seen:
        lines += _column(one, guessed.get(one.heading.name))
    lines += _dates(seen, guessed)
    lines += _values(seen, guessed)
    return "\n".join(lines) + "\n"


def _guessed(seen: Sequence[Seen], is_field: IsField) -> dict[str, str]:
    """Return the fields of the columns that are called as one, but for case and so."""
    found: dict[str, str] = {}
    for one in seen:
        field = re.sub(r"[^a-z0-9]+", "_", one.heading.name.lower()).strip("_")
        if is_field(field) and field not in found.values():
            found[one.heading.name] = field
    return found


def _fields(fields: Sequence[str]) -> Iterator[str]:
    line = "# fields:"
    for field in fields:
        if len(line) + len(field) > 86:  # noqa: PLR2004 - of a line
            yield line
            line = "#"
        line += f" {field}"
    yield line


def _column(one: Seen, field: str | None) -> Iterator[str]:
    values = one.values
    shown = ", ".join(_quoted(text) for text in list(values)[:SHOWN])
    more = f", and {len(values) - SHOWN:,} more" if len(values) > SHOWN else ""
    if len(values) > CODES:
        more = f", and more than {CODES - SHOWN} others"
    forms = f"; dates as {' or '.join(one.forms)}" if one.forms else ""
    odd = f"; {one.odd:,} cannot be read" if one.odd else ""
    yield f"# {one.filled:,} filled{forms}{odd}: {shown}{more}".rstrip(": ")
    quoted = _quoted(one.heading.name)
    yield f"{quoted} = {_quoted(field)}" if field else f'# {quoted} = ""'


def _dates(seen: Sequence[Seen], guessed: dict[str, str]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for one in seen:
        name = base_of(guessed.get(one.heading.name, ""))
        if name in DAYS and one.forms:
            forms = found.setdefault(name, [])
            forms += [form for form in one.forms if form not in forms]
    if found:
        yield from ("", "[dates]")
    for name, forms in found.items():
        if len(forms) > 1:
            yield "# Every cell can be read in each of these forms; keep the right one."
        listed = ", ".join(_quoted(form) for form in forms)
        yield f"{'# ' if len(forms) > 1 else ''}{name} = [{listed}]"


def _values(seen: Sequence[Seen], guessed: dict[str, str]) -> Iterator[str]:
    found: dict[str, Counter[str]] = {}
    for one in seen:
        name = base_of(guessed.get(one.heading.name, ""))
        if name in _GUESSES or (name == "category" and len(one.values) <= CODES):
            found.setdefault(name, Counter()).update(one.values)
    for name, counts in found.items():
        yield from ("", f"[values.{name}]")
        guesses = _GUESSES.get(name)
        for text, count in counts.items():
            meant = text if guesses is None else guesses.get(text.lower())
            rows = "1 cell" if count == 1 else f"{count:,} cells"
            if meant is None:
                yield f'# {_quoted(text)} = ""  # {rows}'
            else:
                yield f"{_quoted(text)} = {_quoted(meant)}  # {rows}"


def _quoted(text: str) -> str:
    """Return text as TOML has it; no character in it that a terminal would act on."""
    return "".join(
        char if char.isprintable() else f"\\U{ord(char):08X}"
        for char in json.dumps(text, ensure_ascii=False)
    )
