r"""Text that would be obeyed is shown instead; all other text is left alone."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from cli.safe import cell, display, encodable, json_text, markdown, markdown_line

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
anything = st.text(st.characters())  # Lone surrogates too.


def hides(text):
    """Return the characters of the text that are obeyed or not shown."""
    return {c for c in text if unicodedata.category(c) in HIDDEN}


class TestDisplay:
    """Text for terminals, pages and error lines."""

    def test_every_character(self):
        """
        Of all characters, exactly those of the five hidden categories are escaped.
        """
        changed = {c for c in map(chr, range(sys.maxunicode + 1)) if display(c) != c}
        expected = hides(map(chr, range(sys.maxunicode + 1)))

        assert expected <= changed
        # A newer Unicode may have assigned what an older Python does not know yet.
        assert {unicodedata.category(c) for c in changed - expected} <= {"Cn"}

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("\x1b[31mred", r"\x1b[31mred"),
            ("a\nb\tc\rd\x00", r"a\nb\tc\rd\x00"),
            ("\x7f\x9b", r"\x7f\x9b"),
            ("\u202efdp.exe", r"\u202efdp.exe"),
            ("\u2066\u2069\u200e\u200f\u061c", r"\u2066\u2069\u200e\u200f\u061c"),
            ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
            ("\u2028\u2029", r"\u2028\u2029"),
            ("file\udc80", r"file\udc80"),
            ("\U000e0041", r"\U000e0041"),
        ],
    )
    def test_shows_what_is_hidden(self, text, shown):
        """
        Hidden characters are shown as Python spells them.
        """
        assert display(text) == shown

    @pytest.mark.parametrize("text", ["", "SAC Zürich", "漢字", r"C:\new", "a\u00a0b"])
    def test_leaves_the_rest(self, text):
        """
        Text in any script is left alone, as are backslashes and hard spaces.
        """
        assert display(text) == text

    @holds_for(anything)
    def test_hides_nothing(self, text):
        """
        What is displayed has no hidden character, can be encoded, and stays as it is.
        """
        shown = display(text)

        assert not hides(shown)
        shown.encode()
        assert display(shown) == shown


class TestCell:
    """Text for spreadsheets."""

    @pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
    def test_defuses_a_formula(self, first):
        """
        A cell that a spreadsheet would run starts with an apostrophe.
        """
        assert cell(f"{first}1+1") == f"'{first}1+1"

    @pytest.mark.parametrize("text", ["", "1=1", "SCR-2019-00042", " =1", "'=1"])
    def test_leaves_other_text(self, text):
        """
        Any other cell is left alone.
        """
        assert cell(text) == text


class TestEncodable:
    """Text as exact as UTF-8 allows."""

    @holds_for(anything)
    def test_changes_only_surrogates(self, text):
        """
        Exact text can be encoded and differs only where a surrogate stood alone.
        """
        exact = "".join(display(c) if "\ud800" <= c <= "\udfff" else c for c in text)

        assert encodable(text) == exact
        assert encodable(text).encode().decode() == exact


class TestJsonText:
    """JSON that no terminal obeys."""

    @holds_for(st.text())
    def test_decodes_to_the_same(self, text):
        """
        Safe JSON has no hidden character, and is the same text to a reader.
        """
        safe = json_text(json.dumps({text: text}, ensure_ascii=False))

        assert not hides(safe)
        assert json.loads(safe) == {text: text}

    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("\x7f\x9b", r'"\u007f\u009b"'),
            ("\u202e", r'"\u202e"'),
            ("\udc80", r'"\udc80"'),
            ("\U000e0041", r'"\udb40\udc41"'),
            ("Zürich 漢字", '"Zürich 漢字"'),
        ],
    )
    def test_escapes_what_is_hidden(self, text, written):
        r"""
        Hidden characters become ``\uXXXX``, beyond the first plane as a pair.
        """
        safe = json_text(json.dumps(text, ensure_ascii=False))

        assert safe == written
        assert json.loads(safe) == text


class TestMarkdown:
    """Text in Markdown."""

    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("a|b", "a&#124;b"),
            (r"a\|b", "a&#92;&#124;b"),
            ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
            ("`code`", "&#96;code&#96;"),
            ("*a* _b_ [c](d) ~~e~~", r"\*a\* \_b\_ \[c\](d) \~\~e\~\~"),
            ("\x1b[1m", r"&#92;x1b\[1m"),
            ("SAC Houston, 1", "SAC Houston, 1"),
        ],
    )
    def test_escapes_markup(self, text, written):
        """
        Characters that Markdown or HTML would read as markup are escaped.
        """
        assert markdown(text) == written

    @pytest.mark.parametrize("text", ["# a", "- a", "+ a", "1. a", "23) a", "==="])
    def test_starts_no_block(self, text):
        """
        A line starts no heading, list or underline, and stays readable.
        """
        assert markdown_line(text).replace("\\", "") == text
        assert markdown_line(text) != text
        assert markdown_line(f"     {text}") == markdown_line(text)
