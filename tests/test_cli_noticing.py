"""`scr publication notice`: what a restatement tells its readers."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ledger import app
from tests import ledgers
from tests.claims import writing
from tests.commandline import life, prepare, scr
from tests.definitions import LONG_AGO, Put, body, put
from tests.restatements import draft, publish, register, restate

MINUS = "\N{MINUS SIGN}"
HOSTILE = "x <script>alert(1)</script> | `*_ [a](http://x) \u202e # &amp;"
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "header", "h1", "p", "strong"),
    *("main", "dl", "dt", "dd", "h2", "div", "table", "caption", "thead", "tr", "th"),
    *("tbody", "td", "ul", "li", "code", "footer"),
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger, and APR: m, with targets, of FY 2018 to 2020.
    """
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(app.open_ledger.__kwdefaults__, "clock", ledgers.Clock())
    targets = {"2018": 1, "2019": 4, "2020": 2}
    strict = body("tco", targets=targets, population={"tco": ["yes"]})
    put("scr.db", Put(body("m", targets=targets), LONG_AGO), Put(strict, LONG_AGO))
    publish("scr.db", "APR", ("m", 2018), ("m", 2019), ("m", 2020))
    return tmp_path


def notice(*options, name="APR-R1"):
    """
    Return a notice as it is written.
    """
    told = scr("publication", "notice", name, *options)
    assert told.code == 0, told.err
    return told.out


def rows_of(page, heading):
    """
    Return the rows of the table under a heading of Markdown.
    """
    text = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [one for one in text.splitlines() if one.startswith("|")]
    return [[cell.strip() for cell in one.strip("|").split("|")] for one in lines[2:]]


def test_a_notice_tells_figures_causes_and_effects():
    """
    As previously reported, the correction, as restated; per year and cause.
    """
    ledgers.load("scr.db", life("SCR-9"))
    restate("scr.db", "APR")
    page = notice()

    assert "- Nature: restated: the data changed, and the definition did not" in page
    assert "- Periods: FY 2018 to FY 2020 (1 October" in page
    assert rows_of(page, "Figures") == [
        ["2018", "m@1", "m@1", "0", "0", "0", "0.0 %", "unchanged", "no"],
        ["2019", "m@1", "m@1", "3", "+1", "4", "+33.3 %", "late-data", "yes"],
        ["2020", "m@1", "m@1", "1", "0", "1", "0.0 %", "unchanged", "no"],
    ]
    assert rows_of(page, "Causes") == [
        ["m", "2019", "late information", "1", "0", "+1"]
    ]
    assert "- m FY2019: 3 +1 (late information) = 4" in page
    assert "- m FY2019: of 4 counted, it is unknown of 2 whether" in page
    assert "`scr publication verify APR APR-R1`" in page


def test_a_notice_counts_unmet_targets_in_a_row():
    """
    Up to each year, before and after; a year that is met begins anew.
    """
    ledgers.load("scr.db", life("SCR-9"))
    restate("scr.db", "APR")

    assert rows_of(notice(), "Targets") == [
        ["m", "2018", "unmet", "unmet", "1", "1", "no"],
        ["m", "2019", "unmet", "met", "2", "0", "yes"],
        ["m", "2020", "unmet", "unmet", "3", "1", "no"],
    ]


def test_a_target_was_met_if_what_was_printed_met_it():
    """
    Not what the ledger gave: readers saw the document.
    """
    register("scr.db", "OLD", ("m", 2019, 4))
    restate("scr.db", "OLD")

    assert rows_of(notice(name="OLD-R1"), "Targets") == [
        ["m", "2019", "met", "unmet", "0", "2", "yes"]
    ]


def test_the_row_goes_on_through_other_publications():
    """
    Of other years what was printed of them last counts, also after the restatement.
    """
    publish("scr.db", "LAST", ("m", 2017))
    publish("scr.db", "ONE", ("m", 2021))
    restate("scr.db", "ONE")

    assert "## Targets" not in notice(name="ONE-R1")
    restate("scr.db", "APR")
    assert rows_of(notice(), "Targets")[0][4:6] == ["1", "1"]


def test_a_measure_without_targets_has_no_such_table():
    """
    Nothing is said of what there is not.
    """
    publish("scr.db", "DD", ("dd-all", 2019))
    restate("scr.db", "DD")

    assert "Targets" not in notice(name="DD-R1")
    assert "confirmed: nothing changed" in notice(name="DD-R1")
    assert "Nothing came or went." in notice(name="DD-R1")


def test_a_recast_is_told_apart_from_a_correction():
    """
    By the definition alone; by both; and what is left out though nobody can tell.
    """
    restate("scr.db", "APR", ["tco"])
    page = notice()
    assert "- Nature: recast: the definition changed, and the data did not" in page
    assert [row[2:] for row in rows_of(page, "Causes")] == [
        ["definition: no TCO", "0", "1", f"{MINUS}1"],
        ["definition: TCO unknown", "0", "1", f"{MINUS}1"],
    ]
    assert "1 are left out of which nobody knows yet" in page
    ledgers.load("scr.db", life("SCR-9", tco="yes"))
    restate("scr.db", "APR", ["m"])
    page = notice(name="APR-R2")
    assert "restated and recast: the data and the definition changed" in page


@pytest.mark.parametrize("name", ["n.pdf", "n.HTM5", "n.html.gz"])
def test_a_notice_is_no_other_document(name):
    """
    A name that ends as another document does is refused before anything is read.
    """
    told = scr("publication", "notice", "APR", "-o", name)
    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert f"-o {name} ends with ." in told.err
    assert not Path(name).exists()


def test_what_is_no_restatement_has_no_notice():
    """
    One line says so, and what there is instead.
    """
    told = scr("publication", "notice", "APR")

    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert "scr publication report APR" in told.err
    assert scr("publication", "notice", "X").code == 3


def hostile():
    """
    Record a restatement whose every text would run or format something.
    """
    content, head = draft("scr.db", "APR")
    said = {"document": HOSTILE, "claims": HOSTILE, "reason": HOSTILE}
    with writing("scr.db") as ledger:
        ledger.publish([content._replace(**said)], head=head, by=HOSTILE)
        ledger.mark(
            "APR-R1", "m", 2019, at_least=1, basis_of=HOSTILE, reason=HOSTILE, by="b"
        )
        ledger.mark(
            "APR", "m", 2019, at_least=1, basis_of=HOSTILE, reason=HOSTILE, by="b"
        )


class Elements(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        """
        Note an element.
        """
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        """
        Note a text.
        """
        self.text += data


def test_hostile_text_is_inert_in_html(tmp_path):
    """
    It is text, and nothing but the elements of the page is there.
    """
    hostile()
    scr("publication", "notice", "APR-R1", "-o", "n.html")
    page = (tmp_path / "n.html").read_text(encoding="utf-8")
    found = Elements()
    found.feed(page)

    assert found.names == ELEMENTS
    assert not any(name.startswith("on") for name in found.attributes)
    assert found.attributes <= {
        *("lang", "charset", "name", "content", "http-equiv", "class", "scope")
    }
    assert "default-src 'none'" in page
    assert "\u202e" not in page
    assert "<script>alert(1)</script> | `*_" in found.text


def test_hostile_text_is_inert_in_markdown():
    """
    No element, no link, no further cell, no hidden direction.
    """
    hostile()
    page = notice()

    assert "<" not in page
    assert "\u202e" not in page
    assert not re.search(r"(?<!\\)\[a(?<!\\)\]\(", page)
    assert all(len(row) == 9 for row in rows_of(page, "Figures"))
    assert html.unescape(page).count("<script>") >= 5


def test_a_page_refers_to_nothing_else(tmp_path):
    """
    It is one file: no address, no import, no image.
    """
    restate("scr.db", "APR")
    scr("publication", "notice", "APR-R1", "-o", "n.html")
    page = (tmp_path / "n.html").read_text(encoding="utf-8")

    assert not re.search(r"(?:src|href)=|url\(|@import|https?://", page)
    assert "@media print" in page
