"""Make text from facts, files and users safe to show.

Data may carry what a terminal, a page or a spreadsheet would obey: escape sequences,
direction marks, markup, formulas. Each function here takes one piece of text for one
place; text with nothing to hide costs one scan and comes back unchanged.
"""

import re
from functools import cache

# Unicode categories Cc, Cf, Cs, Zl and Zp, spelt out: a table costs less at start-up
# than unicodedata, and a test holds it to unicodedata's.
_HIDDEN = (
    r"[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff"
    r"\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# Entities where the many Markdown parsers disagree about a backslash (in a table cell,
# or in front of a pipe); backslashes, which read better, where they all agree.
_MARKDOWN = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "|": "&#124;",
        "`": "&#96;",
        "\\": "&#92;",
        **{mark: f"\\{mark}" for mark in "*_[]~$"},
    }
)


@cache
def _hidden() -> re.Pattern[str]:
    """Return the pattern of one hidden character, compiled when first needed."""
    return re.compile(_HIDDEN)


def _visible(match: re.Match[str]) -> str:
    r"""Return the hidden character as Python spells it: ``\x1b``, ``\u202e``."""
    return match[0].encode("unicode_escape").decode("ascii")


def display(text: str) -> str:
    r"""Return ``text`` for a terminal, a page or an error line.

    Control, format, direction and separator characters and lone surrogates become
    visible escapes; everything else, backslashes included, stays.
    """
    return text if text.isprintable() else _hidden().sub(_visible, text)


def cell(text: str) -> str:
    """Return ``text`` for a CSV or TSV cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def encodable(text: str) -> str:
    r"""Return ``text`` exactly, but for lone surrogates, which UTF-8 cannot hold."""
    if text.isprintable():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def json_text(text: str) -> str:
    r"""Return one-line JSON with its hidden characters as ``\uXXXX``.

    Outside strings JSON is ASCII, so only strings change, and they decode to the same.
    """
    if text.isprintable():
        return text
    import json

    return _hidden().sub(lambda match: json.dumps(match[0])[1:-1], text)


def markdown(text: str) -> str:
    """Return ``text`` for a place within a line of Markdown: it reads as itself."""
    return display(text).translate(_MARKDOWN)


def markdown_line(text: str) -> str:
    """Return ``text`` for a whole line of Markdown: no heading, no list, no code."""
    return re.sub(r"^(\d*)([#+=.)-])", r"\1\\\2", markdown(text).strip())
