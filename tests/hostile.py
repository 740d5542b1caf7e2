"""Values that have hurt other programs, and what may not come of them.

The values are those of `fixtures/attacks/strings.json`. A surface is a place where
one goes in (an option, a cell, a field) or comes out (a command in a format).
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import escape

from cli import safe
from ledger.domain.events import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURE = Path(__file__).parent.parent / "fixtures" / "attacks" / "strings.json"
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_MAY_BE_OUT = {"\n", "\t"}
_TAG = re.compile(r"Q\d{4}Q")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_LONGEST = 200
_TRACEBACK = "Traceback (most recent call last)"


class Attack(NamedTuple):
    """A hostile text, and what it is about."""

    kind: str
    text: str


def attacks() -> list[Attack]:
    """Return all hostile texts, those that repeat one another last."""
    held = json.loads(FIXTURE.read_text(encoding="ascii"))
    found = [
        Attack(kind, text) for kind, texts in held["strings"].items() for text in texts
    ]
    return found + [
        Attack("repeated", text * times) for text, times in held["repeated"]
    ]


def broken() -> list[tuple[str, bytes]]:
    """Return bytes that are no UTF-8, or hide something in it, each with its kind."""
    held = json.loads(FIXTURE.read_text(encoding="ascii"))["bytes"]
    return [
        (kind, bytes.fromhex(text)) for kind, texts in held.items() for text in texts
    ]


def accepted() -> list[Attack]:
    """Return the texts that a field takes; each ends in a tag of its own.

    What ends in a tag can be found again wherever it comes out, and however.
    """
    tagged = (
        Attack(kind, f"{text}Q{number:04}Q")
        for number, (kind, text) in enumerate(attacks())
    )
    return [one for one in tagged if is_text(one.text)]


def harmless(text: str) -> str:
    """Return a plain text with the same tag."""
    return f"plain {_TAG.findall(text)[-1]}"


# --- what may not come out ------------------------------------------------------------


def unsafe(said: str, *, styled: bool = False) -> set[str]:
    """Return the characters that a terminal or a reader would obey.

    :param styled: whether colours are allowed, as on a terminal.
    """
    text = _STYLE.sub("", said) if styled else said
    if text.replace("\n", "").replace("\t", "").isprintable():
        return set()
    return {
        char for char in set(text) - _MAY_BE_OUT if unicodedata.category(char) in HIDDEN
    }


def faults(told, attack: str = "") -> list[str]:
    """Return what is wrong with how a command ended, whatever it was asked."""
    from tests.commandline import DOCUMENTED

    found = []
    if told.code not in DOCUMENTED:
        found.append(f"exit code {told.code}: {told.err[:300]}")
    for name, said in (("stdout", told.out), ("stderr", told.err)):
        found += [f"{char!a} on {name}" for char in sorted(unsafe(said))]
        if _TRACEBACK in said and _TRACEBACK not in attack:
            found.append(f"a traceback on {name}")
    if told.code > 1 and not told.err.strip():
        found.append(f"exit code {told.code} without a word")
    return found


def tags(said: str) -> set[str]:
    """Return the tags of the texts that came out."""
    return set(_TAG.findall(said))


def cells(said: str, fmt: str) -> list[str]:
    """Return the cells of CSV or TSV."""
    delimiter = "," if fmt == "csv" else "\t"
    limit = csv.field_size_limit(2**24)  # It holds for all that reads CSV here.
    try:
        rows = list(csv.reader(io.StringIO(said), delimiter=delimiter))
    finally:
        csv.field_size_limit(limit)
    return [one for row in rows for one in row]


def formulas(said: str, fmt: str) -> list[str]:
    """Return the cells that a spreadsheet would run; a number is none."""
    return [
        one
        for one in cells(said, fmt)
        if one.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))
        and not _NUMBER.fullmatch(one)
    ]


def texts(value: object) -> Iterator[str]:
    """Yield every text in JSON."""
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from texts(one)
        case dict():
            for name, one in value.items():
                yield name
                yield from texts(one)


def shows(said: str, fmt: str) -> str:
    """Return an output as one text in which a value stands as :func:`shown` has it."""
    match fmt:
        case "json":
            return "\n".join(texts(json.loads(said)))
        case "jsonl":
            return "\n".join(
                one for line in said.splitlines() for one in texts(json.loads(line))
            )
        case "csv" | "tsv":
            return "\n".join(cells(said, fmt))
        case _:
            return said


def shown(text: str, fmt: str) -> str:
    """Return how a text has to look in a format, so that it reads as itself."""
    match fmt:
        case "json" | "jsonl":
            return text
        case "md":
            return safe.markdown(text)
        case "html":
            return str(escape(safe.display(text)))
        case _:
            return safe.display(text)


# --- pages ----------------------------------------------------------------------------


class _Shape(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, ...]] = []

    def handle_starttag(self, tag, attrs):
        """Note an element and the names of its attributes."""
        self.found.append(("<", tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        """Note its end."""
        self.found.append((">", tag))

    def handle_comment(self, data):
        """Note a comment: none of ours is there."""
        self.found.append(("comment", data))

    def handle_decl(self, decl):
        """Note the document type."""
        self.found.append(("declaration", decl))

    def unknown_decl(self, data):
        """Note CDATA."""
        self.found.append(("declaration", data))

    def handle_pi(self, data):
        """Note a processing instruction."""
        self.found.append(("instruction", data))


def shape(page: str) -> list[tuple[str, ...]]:
    """Return the elements and attribute names of a page, without any of its text."""
    parser = _Shape()
    parser.feed(page)
    parser.close()
    return parser.found


def whole(told: str, fmt: str, text: str) -> bool:
    """Say whether a text that came out did so as itself.

    :param told: the output as :func:`shows` has it.
    """
    if shown(text, fmt) in told:
        return True
    # JSON within a cell; the start of a line of Markdown, where spaces go as well.
    inside = safe.json_text(json.dumps(text, ensure_ascii=False))[1:-1]
    return (fmt == "md" and safe.markdown_line(text) in told) or inside in told
