"""`scr publication` and `scr trace`, as typed: what was printed, what is behind it."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests import publications
from tests.claims import opened
from tests.commandline import HISTORY, life, line, prepare, scr
from tests.definitions import LONG_AGO, Put, body, put
from tests.publications import forge, payload, printing, publish, register
from tests.taxonomies import body as categories
from tests.taxonomies import put as categorize

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "md")
LATE = "2024-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of 19 facts, of FY 2019 three SCRs in publication `A` at 20;
    then one SCR more, one less, and what was printed before, as `OLD`.
    """
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "publisher")
    publish("scr.db", "A", ("dd-all", 2019), ("dd-tco", 2019), claims="dd-all")
    change()
    register("scr.db", printing("OLD", ("dd-all", 2019, 7), synthetic=True))
    return tmp_path


def change(scr_="SCR-9") -> None:
    """
    Let an SCR come; the first time SCR-2 goes as well.
    """
    text = life(scr_, tco="yes", category="gangs")
    if scr_ == "SCR-9":
        text += line("SCR-2", "reversed", "2023-01-01", LATE, outcome="D1", reason="r")
    Path("change.jsonl").write_text(text)
    assert scr("import", "change.jsonl").code == 0


def rows(*arguments: str) -> list[dict]:
    """
    Return the rows of an answer.
    """
    return scr(*arguments, "--json").json["rows"]


# --- list -----------------------------------------------------------------------------


def test_every_printed_figure_is_listed():
    """
    As printed, as the ledger had it, as of today, and the difference.
    """
    told = rows("publication", "list")

    assert [
        (
            one["publication"],
            one["measure"],
            one["printed"],
            one["ledger_then"],
            one["today"],
            one["difference"],
            one["state"],
        )
        for one in told
    ] == [
        ("A", "dd-all", 3, 3, 3, 0, "computed"),
        ("A", "dd-tco", 1, 1, 2, 1, "computed"),
        ("OLD", "dd-all", 7, 4, 3, -4, "UNSUPPORTED"),
    ]
    assert [one["published_on"] for one in told] == [
        "2024-01-02",
        "2024-01-02",
        "2020-01-15",
    ]
    assert [one["in_force"] for one in told] == [None] * 3


def test_the_list_of_some():
    """
    Of some years, of a measure; of none there are no rows.
    """
    assert len(rows("publication", "list", "--measure", "dd-all")) == 2
    assert len(rows("publication", "list", "--fy", "2019..2020")) == 3
    assert rows("publication", "list", "--fy", "2020") == []
    assert scr("publication", "list", "--fy", "x").code == 2


def test_another_definition_in_force_is_named():
    """
    Today is by the definition of then; a measure that has another by now, or none, says
    so.
    """
    put("scr.db", Put(body("m", population={"tco": ["yes"]}), LONG_AGO))
    publish("scr.db", "M", ("m", 2019))
    put("scr.db", Put(body("m", 2)))
    asked = ("publication", "list", "--measure", "m")
    assert [(one["today"], one["in_force"]) for one in rows(*asked)] == [(2, "m@2")]
    put("scr.db", Put("m"))
    assert [(one["today"], one["in_force"]) for one in rows(*asked)] == [(2, "retired")]


# --- show, verify, report: the same for ever ------------------------------------------

SAME = [
    *(["publication", "show", "A", "-f", fmt] for fmt in FORMATS),
    *(["publication", "show", "OLD", "-f", fmt] for fmt in FORMATS),
    *(["publication", "cases", "A", "-f", fmt] for fmt in FORMATS),
    ["publication", "cases", "A", "--disclosure", "full", "--json"],
    *(
        ["publication", "report", name, "-f", f]
        for name in "AM"
        for f in ("md", "html")
    ),
    ["publication", "report", "OLD", "-f", "md"],
    ["publication", "verify", "A"],
    ["count", "dd-all", "--as-of", "A", "--json"],
]


def test_what_is_sealed_is_told_the_same_for_ever():
    """
    Byte for byte, whatever is recorded later: facts, definitions, publications.
    """
    put("scr.db", Put(body("m", targets={"2019": 2}), LONG_AGO))
    publish("scr.db", "M", ("m", 2019), claims="m")
    before = [scr(*arguments) for arguments in SAME]
    assert {told.code for told in before} == {0}

    change("SCR-77")
    put("scr.db", Put(body("m", 2, targets={"2019": 9})), Put("m"))
    categorize("scr.db", categories("gangs"))
    publish("scr.db", "Z", ("dd-all", 2019))
    late = line("SCR-1", "refiled", "2023-01-01", LATE, title="another", reason="r")
    Path("late.jsonl").write_text(late)
    assert scr("import", "late.jsonl").code == 0

    assert [scr(*arguments) for arguments in SAME] == before
    assert scr("rebuild").code == 0
    assert [scr(*arguments) for arguments in SAME] == before


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_shows_the_basis(fmt):
    """
    Of show and cases that of the publication, of list and trace the head's.
    """
    sealed = scr("publication", "show", "A", "--json").json["basis"]["root"]
    for arguments in (["show", "A"], ["cases", "A"]):
        assert sealed in scr("publication", *arguments, "-f", fmt).out
    with opened("scr.db") as (log, _):
        now = log.root(log.head).hex()
    assert now in scr("publication", "list", "-f", fmt).out
    assert now in scr("trace", "SCR-1", "-f", fmt).out


def test_what_is_shown_is_what_is_sealed():
    """
    The answer has the whole content, from which the seal can be made again.
    """
    told = scr("publication", "show", "A", "--json").json
    fields = payload("scr.db", 20)

    assert told["schema"] == "scr-publication/1"
    assert (told["position"], told["by"]) == (20, "publisher")
    assert told["seal"] == fields["seal"]
    assert told["rows"] == fields["content"]["figures"]
    for name, value in fields["content"].items():
        if name not in ("basis", "figures"):
            assert told[name] == value
    assert told["basis"] == {"instant": None, **fields["content"]["basis"]}


def test_a_table_says_what_it_rests_on():
    """
    Support, claims, definitions, gate, seal; and that it is synthetic.
    """
    table = scr("publication", "show", "OLD").out

    assert "OLD: a report\n" in table
    assert "Printed on 2020-01-15." in table
    assert "The document claims: what it says" in table
    assert "They differ: the document claims the words 'what it says'" in table
    assert "SYNTHETIC" in table
    assert scr("publication", "show", "OLD", "--json").json["seal"] in table
    assert "The gate was green." in scr("publication", "show", "A").out


def test_a_rate_is_told_with_its_target():
    """
    What it is a part of, in percent, and whether the target is met.
    """
    said = body(
        "m", population={"tco": ["yes"]}, denominator="dd-all", targets={"2019": 70}
    )
    put("scr.db", Put(said, LONG_AGO))
    publish("scr.db", "M", ("m", 2019), ("m", 1990))
    table = scr("publication", "show", "M").out
    report = scr("publication", "report", "M").out

    assert "66.7" in table
    assert "UNMET" in table
    assert "| m | 2019 | 2 | 3 | 66.7 | 70 | unmet | 2 | 0 | 0 |" in report


def test_all_are_verified():
    """
    Each with its bytes and its seal; of none that is said.
    """
    told = scr("publication", "verify")

    assert told.code == 0
    assert [one.split(": ")[0] for one in told.out.splitlines()] == ["A", "OLD"]
    Path("empty").mkdir()
    prepare(Path("empty"), "")
    told = scr("--ledger", "empty/scr.db", "publication", "verify")
    assert (told.code, told.out) == (0, "no publication is recorded\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["publication", "verify"],
        ["publication", "verify", "OLD", "A"],
        ["verify"],
    ],
)
def test_one_that_was_changed_ends_with_4(arguments):
    """
    One line says which, and why; nothing else is said to be the same.
    """
    fields = payload("scr.db", 20)
    fields["content"]["document"] = "another"
    forge("scr.db", 20, fields)
    told = scr(*arguments)

    assert told.code == 4
    assert "A: the same" not in told.out
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["publication", "list"],
        ["publication", "show", "A"],
        ["publication", "report", "A"],
        ["publication", "cases", "A"],
        ["publication", "verify", "A"],
        ["trace", "SCR-1"],
        ["validate"],
        ["publish", "B", "--measure", "dd-tco", "--fy", "2019", "--document", "d",
         "--claims", "c"],
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize(
    "content", [None, {}, {"figures": 7}, {"figures": [{"value": 1.5}]}], ids=range(4)
)
def test_a_forged_one_is_damage_wherever_it_is_read(arguments, content):
    """
    A content that is none ends with 4 and its position, never with a traceback.
    """
    fields = payload("scr.db", 20)
    fields["content"] = content
    forge("scr.db", 20, fields, rehash=True)
    told = scr(*arguments)

    assert (told.code, len(told.err.splitlines())) == (4, 1)
    assert "position 20" in told.err
    assert scr("log").code == 0
    assert scr("count", "--as-of", "A").code == 4


@pytest.mark.parametrize("command", ["show", "verify", "report", "cases"])
@pytest.mark.parametrize("name", ["NOPE", "a", "", "\ud800", "A\x1b[31m"])
def test_there_is_none_of_that_name(command, name):
    """
    Exit code 3, and where to look; names are told safely.
    """
    told = scr("publication", command, name)

    assert (told.code, told.out) == (3, "")
    assert "`scr publication list` lists them" in told.err
    assert "\x1b" not in told.err


# --- behind ---------------------------------------------------------------------------


def test_the_scrs_behind_a_publication():
    """
    As `cases` at its basis has them, one figure after another; or of some figures.
    """
    told = rows("publication", "cases", "A")
    asked = [rows("cases", name, "--fy", "2019", "--as-of", "A",
                  "--disclosure", "public")
             for name in ("dd-all", "dd-tco")]  # fmt: skip

    assert told == [*asked[0], *asked[1]]
    assert [one["scr"] for one in told] == ["SCR-1", "SCR-2", "SCR-3", "SCR-1"]
    some = rows("publication", "cases", "A", "--measure", "dd-tco", "--fy", "2019")
    assert some == asked[1]
    wrong = scr("publication", "cases", "A", "--fy", "2020")
    assert wrong.code == 2
    assert "A has no figure of these years; it has 2019" in wrong.err
    wrong = scr("publication", "cases", "A", "--measure", "entered-all")
    assert wrong.code == 2
    assert "A has no figure of entered-all; it has dd-all, dd-tco" in wrong.err


def test_a_trace_then_and_now():
    """
    Every figure an SCR entered, and what has become of it.
    """
    told = [
        (one["publication"], one["measure"], one["now"] is not None)
        for one in rows("trace", "SCR-2")
    ]
    assert told == [("A", "dd-all", False), ("OLD", "dd-all", False)]
    table = scr("trace", "SCR-2").out
    assert "Counts now" in table
    assert scr("trace", "SCR-4", "--json").json["rows"] == []
    assert "It entered no printed figure." in scr("trace", "SCR-4").out
    assert scr("trace", "NOPE").code == 3
    for fmt in ("csv", "tsv"):
        told = scr("trace", "SCR-1", "-f", fmt).out
        delimiter = {"csv": ",", "tsv": "\t"}[fmt]
        found = list(csv.DictReader(io.StringIO(told), delimiter=delimiter))
        assert [one["now"] for one in found] == ["yes"] * 3
        assert found[0]["then_outcomes"] == "D1"


# --- how much is told -----------------------------------------------------------------

CANARIES = {
    "case_number": "CANARY-number",
    "title": "CANARY-title",
    "note": "CANARY-note",
    "source": "CANARY-source",
    "evidence": "CANARY-evidence",
}
WHY = {"reason": "CANARY-reason", "forced": "CANARY-forced", "source": "CANARY-source"}


@pytest.fixture
def canaries() -> None:
    """
    An SCR with something to hide in each of its texts, behind two figures, one of them
    counting case numbers.
    """
    said = [
        line("SCR-5", "filed", "2018-10-01", office="SAC Houston", **CANARIES),
        line("SCR-5", "approved", "2018-10-04", note="CANARY-note"),
        line("SCR-5", "disrupted", "2019-03-04", outcome="D1", evidence="CANARY-e"),
        line("SCR-5", "reopened", "2019-03-05", **WHY),
    ]
    Path("canaries.jsonl").write_text("".join(said))
    assert scr("import", "canaries.jsonl").code == 0
    put("scr.db", Put(body("by-case", unit="case"), LONG_AGO))
    publish("scr.db", "B", ("dd-all", 2019), ("by-case", 2019))


LISTS = [
    ["cases", "dd-all", "--fy", "2019"],
    ["cases", "by-case", "--fy", "2019"],
    ["trace", "SCR-5"],
    ["publication", "cases", "B"],
]


@pytest.mark.usefixtures("canaries")
@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
class TestDisclosure:
    """The three lists, at each level, in each format."""

    def test_public_hides_it_all(self, arguments, fmt):
        """
        No case number, no source, no free text, whatever the format; but the SCR.
        """
        told = scr(*arguments, "--disclosure", "public", "-f", fmt)

        assert told.code == 0
        assert "SCR-5" in told.out or arguments[0] == "trace"
        assert "CANARY" not in told.out + told.err

    def test_official_tells_number_and_title(self, arguments, fmt):
        """
        And no source, and no other free text.
        """
        told = scr(*arguments, "--disclosure", "official", "-f", fmt).out

        assert "CANARY-number" in told
        assert "CANARY-title" in told
        rest = told.replace("CANARY-number", "").replace("CANARY-title", "")
        assert "CANARY" not in rest

    def test_full_tells_the_facts(self, arguments, fmt):
        """
        With their positions; in JSON every field of them.
        """
        told = scr(*arguments, "--disclosure", "full", "-f", fmt).out
        with opened("scr.db") as (log, _):
            positions = [row.position for row in log.stream("scr/SCR-5", log.head)]

        assert "CANARY-number" in told
        if fmt in ("json", "jsonl"):
            compact = told.replace(" ", "")
            assert all(f'"position":{at},' in compact for at in positions)
            for text in (*CANARIES.values(), *WHY.values()):
                assert text in told
        else:
            assert all(str(at) in told for at in positions)


@pytest.mark.usefixtures("canaries")
def test_lists_are_public_unless_asked():
    """
    Behind a publication and in a trace; `cases` alone says what it always said.
    """
    for arguments in LISTS[2:]:
        plain, public = (
            scr(*arguments, *more, "--json").out
            for more in ([], ["--disclosure", "public"])
        )
        assert plain == public
    assert "case_number" in rows(*LISTS[1])[0]
    assert "disclosure" not in scr(*LISTS[0], "--json").json
    assert scr(*LISTS[0], "--disclosure", "public", "--json").json["disclosure"]
    assert scr(*LISTS[0], "--disclosure", "secret").code == 2


@pytest.mark.usefixtures("canaries")
def test_full_tells_no_more_than_the_basis_sees():
    """
    What became known after the publication is not among the facts behind it.
    """
    with opened("scr.db") as (log, _):
        basis = log.head - 1
    later = line("SCR-5", "reopened", "2023-01-01", LATE, reason="LATER")
    Path("later.jsonl").write_text(later)
    assert scr("import", "later.jsonl").code == 0
    told = scr("publication", "cases", "B", "--disclosure", "full", "--json")

    assert "LATER" not in told.out
    facts = [fact for row in told.json["rows"] for fact in row["facts"]]
    assert max(fact["position"] for fact in facts) <= basis
    traced = scr("trace", "SCR-5", "--disclosure", "full", "--json")
    (first, *_) = traced.json["rows"]
    assert "LATER" not in json.dumps(first["then"])
    assert "LATER" in json.dumps(first["now"])


# --- reports --------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src='http://x.example/' onerror=alert(1)>",
    "'; </title></style></td></table><h1>",
    "a | b || `c` | --- |",
    "# heading",
    "1. one",
    "- [link](http://x.example) ![image](http://x.example/i.png)",
    "> quote *bold* _under_ ~~gone~~ $x$",
    "&lt;b&gt; &amp; &#60;",
    "\u202eright to left\u202c \u2066isolated\u2069",
    "{{ 7 * 7 }} {% raw %} {# x #}",
    "C:\\new\\table",
    "http://x.example www.x.example x@x.example",
    "zero\u200bwidth \ufeff \u2028 line",
]
WORDS = ("verification", "sources", "accuracy", "limitations", "compensation")


def hostile(text: str, name: str) -> None:
    """
    Record a publication that says a text wherever people may say something.
    """
    said = body(
        f"m-{name.lower()}",
        title=text,
        owner=text,
        source=text,
        population={"categories_except": [text], "offices_except": [text]},
        targets={"2019": 2},
    )
    said["data_quality"] = dict.fromkeys(WORDS, text)
    put("scr.db", Put(said, LONG_AGO))
    content, head = publications.compute(
        "scr.db",
        name,
        (said["id"], 2019),
        claims=text,
        gate=publications.RED,
        override=text,
    )
    publications.record("scr.db", head, content._replace(document=text))


class Page(HTMLParser):
    """What a browser would see: every tag with its attributes, and the text."""

    VOID = ("meta", "br", "hr", "img", "link", "input")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        """Open a tag."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        """Close the tag that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        """Keep the text."""
        self.text.append(data)


def page(name: str) -> Page:
    """
    Return the report of a publication as a page.
    """
    return Page(scr("publication", "report", name, "-f", "html").out)


@pytest.mark.parametrize("name", ["A", "OLD"])
def test_a_page_of_its_own(name):
    """
    Balanced, with nothing that is fetched from elsewhere and nothing that runs.
    """
    text = scr("publication", "report", name, "-f", "html").out
    found = page(name)

    assert found.open == []
    assert text.startswith("<!DOCTYPE html>")
    assert {name for name, _ in found.attributes}.isdisjoint({"src", "href", "srcset"})
    assert not any(name.startswith("on") for name, _ in found.attributes)
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(found.tags)
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_text_does_nothing_in_a_page(number):
    """
    Whatever a document, a claim, an override or a definition says: the page has the
    tags and attributes of one with plain words, and the text reads as itself.
    """
    text = HOSTILE[number]
    hostile("plain words", "PLAIN")
    hostile(text, "HOSTILE")
    plain, found = page("PLAIN"), page("HOSTILE")

    assert found.open == []
    assert found.tags == plain.tags
    assert found.attributes == plain.attributes
    shown = "".join(found.text)
    assert not any(mark in shown for mark in "\u202e\u2066\u200b\ufeff\u2028")
    if text.isprintable():
        assert shown.count(text) >= 10
    else:
        assert "\\u" in shown


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_text_does_nothing_in_markdown(number):
    """
    Nor in Markdown: no tag, link, heading, list, table cell or emphasis of its own.
    """
    hostile("plain words", "PLAIN")
    hostile(HOSTILE[number], "HOSTILE")

    assert _built("HOSTILE") == _built("PLAIN")
    report = scr("publication", "report", "HOSTILE").out
    assert not any(mark in report for mark in "\u202e\u2066\u200b\ufeff\u2028")


def _built(name: str) -> list[tuple[str, str]]:
    """
    Return what Markdown makes of a report, but its text.
    """
    report = scr("publication", "report", name, "-f", "md").out
    parser = MarkdownIt("gfm-like", {"linkify": False}).disable(["linkify"])
    return [
        (token.type, token.tag)
        for block in parser.parse(report)
        for token in (block, *(block.children or ()))
        if token.type not in ("text", "text_special")
    ]


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_text_does_nothing_where_it_is_listed(number, fmt):
    """
    Nor in any answer about publications, in any format.
    """
    hostile(HOSTILE[number], "HOSTILE")
    for arguments in (["list"], ["show", "HOSTILE"], ["cases", "HOSTILE"]):
        told = scr("publication", *arguments, "-f", fmt)
        assert told.code == 0
        if fmt not in ("csv", "tsv"):
            assert not any(mark in told.out for mark in "\u202e\u2066\u200b\u2028")
        if fmt == "md":
            assert "<script>" not in told.out
    assert scr("log", "-f", fmt).code == 0


def test_a_report_is_written_where_it_is_asked_for(here):
    """
    Its format by the ending of the file, unless another is asked for.
    """
    md = scr("publication", "report", "A").out
    html = scr("publication", "report", "A", "-f", "html").out
    for name, more, text in (
        ("r.html", [], html),
        ("r.htm", [], html),
        ("R.HTML", [], html),
        ("R.MD", [], md),
        ("x.pdf", ["-f", "html"], html),
        ("r.md", [], md),
        ("r", [], md),
        ("x.html", ["-f", "md"], md),
    ):
        assert scr("publication", "report", "A", "-o", name, *more).out == ""
        assert (here / name).read_text(encoding="utf-8") == text
    assert scr("publication", "report", "A", "-o", "nowhere/r.md").code == 6
    over = ("-o", "scr.db", "-f", "md")
    assert scr("publication", "report", "A", *over).code == 5
    for name in ("r.pdf", "r.PDF", "r.md.txt"):
        told = scr("publication", "report", "A", "-o", name)
        assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
        assert "and a document is .md or .html" in told.err
        assert not (here / name).exists()
    assert scr("publication", "report", "A", "-f", "pdf").code == 2


def test_a_report_says_what_a_reader_must_know():
    """
    Figures, claims, definitions, five statements, the gate, the basis and the seal.
    """
    shown = scr("publication", "show", "A", "--json").json
    for text in (
        scr("publication", "report", "A").out,
        "".join(page("A").text),
    ):
        assert "a report" in text
        assert shown["seal"] in text
        assert shown["basis"]["root"] in text
        for title in (
            "Verification and validation",
            "Sources",
            "Accuracy and completeness",
            "Limitations",
            "How the agency makes up for them",
        ):
            assert title in text
        assert "The gate was green" in text
        assert "of 3 counted" in text
        assert "unknown of 1" in text
        for used in shown["definitions"]:
            assert used["hash"] in text


def test_a_report_of_what_is_unsupported():
    """
    Says so before anything else, and that it is synthetic.
    """
    for text in (scr("publication", "report", "OLD").out, "".join(page("OLD").text)):
        assert "was printed as 7; the ledger gives 4, so it is unsupported" in text
        assert text.index("unsupported") < text.index("What is measured")
        assert "SYNTHETIC" in text
        assert "Claim and computation differ" in text


def test_a_name_in_code_is_as_it_is_typed():
    """
    What a reader copies from the report is the command.
    """
    publish("scr.db", "A_b-c_D", ("dd-all", 2018))
    assert "`scr publication verify A_b-c_D`" in scr(
        "publication", "report", "A_b-c_D"
    ).out  # fmt: skip


# --- elsewhere ------------------------------------------------------------------------


def test_the_log_tells_of_it_in_words():
    """
    Its subject is its name; what it says, but not each SCR that it counts.
    """
    told = scr("log", "--event", "published", "-f", "csv").out
    first, second = csv.DictReader(io.StringIO(told))

    assert (first["subject"], second["subject"]) == ("A", "OLD")
    assert first["details"].startswith(
        "kind computed, document a report, claims dd-all, figures dd-all FY2019 3;"
        " dd-tco FY2019 1, seal "
    )
    assert "figures dd-all FY2019 7" in second["details"]
    assert "SCR-1" not in told


def test_publications_change_no_count():
    """
    They are the ledger's own facts: exports and figures are the same without them.
    """
    Path("other").mkdir()
    prepare(Path("other"), HISTORY)
    assert scr("--ledger", "other/scr.db", "import", "change.jsonl").code == 0

    assert rows("count") == rows("--ledger", "other/scr.db", "count")
    exported = [json.loads(one) for one in scr("export").out.splitlines()]
    assert len(exported) == 17 + 6
    assert not any("publication" in one for one in exported)
