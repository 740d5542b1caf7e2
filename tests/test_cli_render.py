"""Every format says the same, names its basis, and lets no data act."""

import csv
import json
import subprocess
import sys
import unicodedata
from io import StringIO
from types import MappingProxyType

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from cli import render
from cli.render import FORMATS, Answer, Column, basis_line, grade_text, write
from cli.safe import display

ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
BASIS = {
    "bound": "before",
    "instant": "2019-01-16T05:00:00Z",
    "position": 48112,
    "root": ROOT,
    "grade": "claimed",
    "visible": 31544,
    "claimed": 31544,
}
MIXED = {**BASIS, "grade": "mixed", "visible": 5678, "claimed": 1234}
ALL = {**BASIS, "bound": "all", "instant": None, "grade": "witnessed"}
LINE = f"before 2019-01-16T05:00:00Z @48112 {ROOT}"

MEASURE = Column("measure", "Measure")
YEAR = Column("fiscal_year", "Fiscal year", right=True)
VALUE = Column("value", "SCRs", right=True, grouped=True)
TEXT = Column("text", "Text")
OUTCOMES = Column(
    "outcomes", "Outcomes", show=lambda found: ", ".join(o["outcome"] for o in found)
)
HOSTILE = {
    "ansi": "\x1b[31mred\x1b[0m\x9b1m",
    "bell, nul, delete": "\x07\x00\x7f",
    "lines": "one\ntwo\r\nthree\x85four\u2028five\x0b\x0c",
    "tab": "\tone\ttwo",
    "return": "\r=1",
    "direction": "\u202efdp.exe\u202c\u2066x\u2069\u200f\u061c",
    "unseen": "a\u200bb\ufeffc\u00add\U000e0041",
    "surrogate": "file\udc80name",
    "rich": "[red]x[/] [link=http://a.example]b[/link] :smile:",
    "formula": "=1+1",
    "pipe": r"a|b\|c",
    "html": "<script>alert(1)</script> &amp; <!-- ",
    "markdown": "`a` ``` *b* __c__ [d](e) ![f](g) ~~h~~ # i",
    "quotes": "a \"b\" 'c', d",
    "long": "x" * 5000,
    "wide": "漢字" * 30 + "e\u0301",
}
every_format = pytest.mark.parametrize("fmt", FORMATS)
every_hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def rendered(fmt, rows, columns=(TEXT,), basis=BASIS, **options):
    """Return an answer in a format; options are the answer's and the writer's."""
    given = {name: options.pop(name) for name in [*options] if name in Answer._fields}
    out = StringIO(newline="")
    write(Answer("scr-test/1", basis, columns, rows, **given), fmt, out, **options)
    return out.getvalue()


def hidden(text, allowed="\n"):
    """Return the characters of the text that a terminal obeys or does not show."""
    unseen = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {c for c in text if unicodedata.category(c) in unseen} - set(allowed)


def cells(text, delimiter=","):
    """Return the rows that a reader of CSV or TSV finds."""
    return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))


class TestBasis:
    """The basis and its grade, in words."""

    def test_of_one(self):
        """
        A basis is one line that ``--basis`` takes back.
        """
        assert basis_line(BASIS) == LINE

    def test_without_cut_off(self):
        """
        A basis without a cut-off has no instant.
        """
        assert basis_line(ALL) == f"all @48112 {ROOT}"

    def test_of_two(self):
        """
        The basis of a difference is two, each with its name.
        """
        both = {"from": BASIS, "to": ALL}

        assert basis_line(both) == f"from {LINE} to all @48112 {ROOT}"
        assert grade_text(both) == "from claimed to witnessed"

    @pytest.mark.parametrize(
        ("grade", "words"),
        [
            ("claimed", "claimed"),
            ("witnessed", "witnessed"),
            ("none", "none"),
            ("mixed", "mixed (1234 of 5678 claimed)"),
        ],
    )
    def test_grade(self, grade, words):
        """
        A grade is one word; a mixed one says how many facts are claimed.
        """
        assert grade_text({**MIXED, "grade": grade}) == words


class TestJson:
    """JSON and JSON Lines are exact."""

    def test_is_as_the_contract_shows(self):
        """
        The example of the contract is reproduced byte for byte.
        """
        rows = [
            {"measure": "dd-all", "fiscal_year": 2017, "value": 214},
            {"measure": "dd-all", "fiscal_year": 2018, "value": 0},
        ]
        answer = Answer(
            "scr-count/1", {**BASIS, "root": "…"}, [MEASURE, YEAR, VALUE], rows
        )
        out = StringIO()

        write(answer, "json", out)

        assert out.getvalue() == (
            "{\n"
            '  "schema": "scr-count/1",\n'
            '  "basis": {"bound": "before", "instant": "2019-01-16T05:00:00Z",'
            ' "position": 48112, "root": "…", "grade": "claimed",'
            ' "visible": 31544, "claimed": 31544},\n'
            '  "rows": [\n'
            '    {"measure": "dd-all", "fiscal_year": 2017, "value": 214},\n'
            '    {"measure": "dd-all", "fiscal_year": 2018, "value": 0}\n'
            "  ]\n"
            "}\n"
        )

    def test_without_rows(self):
        """
        No rows are an empty list, and no basis is null.
        """
        text = rendered("json", [], basis=None)

        assert text == (
            '{\n  "schema": "scr-test/1",\n  "basis": null,\n  "rows": []\n}\n'
        )

    def test_extra_members(self):
        """
        Further members stand between the basis and the rows.
        """
        found = json.loads(rendered("json", [], extra={"state": {"stands": True}}))

        assert list(found) == ["schema", "basis", "state", "rows"]
        assert found["state"] == {"stands": True}

    def test_takes_any_mapping(self):
        """
        Rows and bases need not be dicts.
        """
        row = MappingProxyType({"text": MappingProxyType({"a": 1})})
        both = {"from": MappingProxyType(BASIS), "to": MappingProxyType(ALL)}

        found = json.loads(rendered("json", [row], basis=MappingProxyType(both)))
        head, line = rendered("jsonl", [row], basis=both).splitlines()

        assert found["rows"] == [json.loads(line)] == [{"text": {"a": 1}}]
        assert found["basis"] == json.loads(head)["basis"] == {"from": BASIS, "to": ALL}

    def test_writes_rows_as_they_come(self):
        """
        A row is written before the next one is asked for.
        """
        out = StringIO()

        def rows():
            yield {"text": "first"}
            assert '{"text": "first"}' in out.getvalue()
            yield {"text": "second"}

        write(Answer("scr-test/1", BASIS, [TEXT], rows()), "json", out)

    @holds_for(st.lists(st.dictionaries(st.text(), st.text() | st.integers())))
    def test_is_exact(self, rows):
        """
        Read again, JSON and JSON Lines are what was asked to be written.
        """
        head, *lines = rendered("jsonl", iter(rows)).splitlines()

        assert json.loads(rendered("json", iter(rows)))["rows"] == rows
        assert [json.loads(line) for line in lines] == rows
        assert json.loads(head) == {"schema": "scr-test/1", "basis": BASIS}

    @every_hostile
    def test_is_exact_for_hostile_text(self, text):
        """
        Escapes decode to the same text, a lone surrogate included.
        """
        assert json.loads(rendered("json", [{"text": text}]))["rows"][0]["text"] == text


class TestCells:
    """CSV and TSV are for spreadsheets and their readers."""

    def test_csv(self):
        """
        CSV has a header, a row a line, nothing for None, and the basis last.
        """
        rows = [
            {"measure": "dd-all", "fiscal_year": 2017, "value": 1214},
            {"measure": None, "fiscal_year": 2018, "value": -3},
        ]

        assert rendered("csv", rows, [MEASURE, YEAR, VALUE]) == (
            "measure,fiscal_year,value,basis\n"
            f"dd-all,2017,1214,{LINE}\n"
            f",2018,-3,{LINE}\n"
        )

    def test_tsv(self):
        """
        TSV is the same with tabs.
        """
        assert rendered("tsv", [{"text": "a,b"}]) == f"text\tbasis\na,b\t{LINE}\n"

    def test_without_basis(self):
        """
        An answer that rests on no basis has no such column.
        """
        assert rendered("csv", [{"text": "a"}], basis=None) == "text\na\n"

    def test_nested_values(self):
        """
        What is nested is compact JSON; true and false are JSON's.
        """
        rows = [{"text": [{"outcome": "D1", "on": None}]}, {"text": True}]

        _, nested, flag = cells(rendered("csv", rows))

        assert nested[0] == '[{"outcome":"D1","on":null}]'
        assert flag[0] == "true"

    @pytest.mark.parametrize("fmt", ["csv", "tsv"])
    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\tx", "\rx"])
    def test_defuse_formulas(self, fmt, text):
        """
        Text that a spreadsheet would run gets an apostrophe; raw text stays exact.
        """
        delimiter = "\t" if fmt == "tsv" else ","
        row = {"text": text}

        assert cells(rendered(fmt, [row]), delimiter)[1][0] == f"'{display(text)}"
        assert cells(rendered(fmt, [row], raw=True), delimiter)[1][0] == text

    @holds_for(st.lists(st.text()))
    def test_raw_is_exact(self, texts):
        """
        Read again, raw cells are what was asked to be written.
        """
        rows = [{"text": text} for text in texts]

        for fmt, delimiter in (("csv", ","), ("tsv", "\t")):
            _, *found = cells(rendered(fmt, rows, raw=True), delimiter)
            assert found == [[text, LINE] for text in texts]

    @holds_for(
        st.lists(st.text(st.characters(exclude_categories=("C", "Z"))), min_size=1)
    )
    def test_values_come_back(self, texts):
        """
        Without hidden characters or formulas, cells are exact without ``raw`` too.
        """
        rows = [{"text": f"x{text}"} for text in texts]

        _, *found = cells(rendered("csv", rows))

        assert found == [[row["text"], LINE] for row in rows]

    def test_raw_can_be_encoded(self):
        """
        Raw or not, a lone surrogate from a file name is shown as an escape.
        """
        row = {"text": "file\udc80"}

        assert rendered("csv", [row], raw=True) == rendered("csv", [row])
        assert r"file\udc80" in rendered("csv", [row])


class TestMarkdown:
    """Markdown is the writer's, never the data's."""

    def test_page(self):
        """
        Markdown has title, basis and grade, a table, and the notes.
        """
        rows = [
            {"fiscal_year": 2017, "text": "a|b", "value": 1214},
            {"fiscal_year": 2018, "text": None, "value": 0},
        ]

        assert rendered(
            "md", rows, [YEAR, TEXT, VALUE], MIXED, title="A_B", notes=["1. c", "d"]
        ) == (
            "**A\\_B**\n\n"
            f"`{LINE}` grade mixed (1234 of 5678 claimed)\n\n"
            "| Fiscal year | Text | SCRs |\n"
            "| ---: | --- | ---: |\n"
            "| 2017 | a&#124;b | 1214 |\n"
            "| 2018 | *none* | 0 |\n"
            "\n1\\. c\n"
            "\nd\n"
        )

    def test_of_two_bases(self):
        """
        Each of two bases has its own line, name first.
        """
        text = rendered("md", [], basis={"from": BASIS, "to": ALL})

        assert text == (
            f"from `{LINE}` grade claimed\n\n"
            f"to `all @48112 {ROOT}` grade witnessed\n\n"
            "no rows\n"
        )

    @pytest.mark.parametrize("place", ["cell", "title", "note"])
    @holds_for(text=st.text("a 1#-+=.)*_`~|\\<>&[]()!$\n\t", max_size=12))
    def test_injects_nothing(self, place, text):
        """
        To a Markdown parser the data is text and nothing else, the same everywhere.
        """
        assert_only_text(place, text)

    @every_hostile
    @pytest.mark.parametrize("place", ["cell", "title", "note"])
    def test_injects_nothing_hostile(self, place, text):
        """
        The same holds for the hostile texts.
        """
        assert_only_text(place, text)


def assert_only_text(place, text):
    """Check that a Markdown parser finds the same blocks as for an innocent text."""
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark")
    parser.enable(["table", "strikethrough"])
    text = f"a{text}z" if place == "title" else text
    parts = {"title": "T", "notes": ["N"], "rows": [{"text": "C"}]}
    parts |= {
        "cell": {"rows": [{"text": text}]},
        "title": {"title": text},
        "note": {"notes": [text]},
    }[place]

    plain = parser.parse(rendered("md", [{"text": "C"}], title="T", notes=["N"]))
    found = parser.parse(rendered("md", **parts))

    shown = display(text).strip()
    expected = [t.type for t in plain]
    if place == "note" and not shown:
        expected = expected[:-3]
    assert [t.type for t in found] == expected
    inlines = ["".join(c.content for c in t.children or ()) for t in found]
    assert shown in [inline.strip() for inline in inlines]


class TestTable:
    """Tables are for people, and can be pasted."""

    def test_page(self):
        """
        A table has title, basis and grade above it and the notes below.
        """
        rows = [
            {"fiscal_year": 2017, "text": "[red]x[/]", "value": 1214},
            {"fiscal_year": 2018, "text": None, "value": -3},
        ]

        assert rendered(
            "table", rows, [YEAR, TEXT, VALUE], MIXED, title="Title", notes=["A note"]
        ) == (
            "Title\n"
            f"{LINE}\n"
            "grade mixed (1234 of 5678 claimed)\n"
            "\n"
            "Fiscal year   Text         SCRs\n"
            "───────────────────────────────\n"
            "       2017   [red]x[/]   1,214\n"
            "       2018   none           -3\n"
            "\n"
            "A note\n"
        )

    def test_of_two_bases(self):
        """
        Each of two bases has two lines, name first.
        """
        text = rendered("table", [], basis={"from": BASIS, "to": ALL})

        assert text == (
            f"from {LINE}\n"
            "     grade claimed\n"
            f"to   all @48112 {ROOT}\n"
            "     grade witnessed\n"
            "\n"
            "no rows\n"
        )

    def test_bare(self):
        """
        Without title, basis and notes there is only the table.
        """
        assert rendered("table", [{"text": "a"}], basis=None) == "Text\n────\na\n"

    def test_has_a_shape_of_its_own(self):
        """
        The rows and columns for people are drawn in place of those for programs.
        """
        text = rendered(
            "table",
            [{"text": "programs"}],
            table_columns=[YEAR],
            table_rows=[{"fiscal_year": 2017}],
        )

        assert "2017" in text
        assert "programs" not in text

    def test_shows_what_is_nested(self):
        """
        A column says in words what is nested; without words it is JSON.
        """
        found = [{"outcome": "D1"}, {"outcome": "D2"}]

        assert "D1, D2" in rendered("table", [{"outcomes": found}], [OUTCOMES])
        assert "| D1, D2 |" in rendered("md", [{"outcomes": found}], [OUTCOMES])
        assert '[{"outcome":"D1"}' in rendered("table", [{"text": found}])

    def test_root_stays_on_one_line(self):
        """
        However narrow the terminal, the root can be pasted.
        """
        rows = [{"text": "folded " * 20, "value": 1234567}]

        lines = rendered("table", rows, [TEXT, VALUE], width=40).splitlines()

        assert lines[0] == LINE
        assert all(len(line) <= 40 for line in lines[2:])
        assert sum("folded" in line for line in lines) > 1

    @pytest.mark.parametrize(
        ("width", "title"), [(None, "Text"), (200, "Text"), (35, "Text"), (34, "T")]
    )
    def test_narrow_columns_stand_in_where_there_is_no_room(self, width, title):
        """
        Only where the others do not fit when folded as far as they may be.
        """
        rows = [{"text": "words " * 10, "measure": "dd-all " * 5}]

        drawn = rendered(
            "table",
            rows,
            [TEXT, MEASURE],  # Twice 16, and 3 between them.
            narrow_columns=[Column("text", "T")],
            width=width,
        )

        assert drawn.splitlines()[3].split()[0] == title
        assert rendered("md", rows, [TEXT], narrow_columns=[MEASURE]) == rendered(
            "md", rows, [TEXT]
        )

    @pytest.mark.parametrize("width", [1, 20, 40, 80])
    def test_folding_loses_nothing(self, width):
        """
        Text is folded, never cut, and numbers stay whole, at any width.
        """
        columns = [Column(name, "T") for name in "abcdefgh"]
        row = {name: name * 50 for name in "abcdefgh"}
        count = {**VALUE._asdict(), "title": "N"}

        text = rendered(
            "table",
            [{**row, "value": 10**24}],
            [*columns, Column(**count)],
            basis=None,
            width=width,
        )

        assert {name: text.count(name) for name in row} == dict.fromkeys(row, 50)
        assert f"{10**24:,}" in text

    def test_numbers_are_whole(self):
        """
        A number with less room than it needs runs over the edge.
        """
        text = rendered("table", [{"value": 10**24}], [VALUE], width=5)

        assert text.splitlines()[-1] == f"{10**24:,}"

    @holds_for(
        st.lists(
            st.fixed_dictionaries(
                {"text": st.none() | st.text(max_size=9), "value": st.integers()}
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_rich_draws_the_same(self, rows):
        """
        Where nothing is folded, rich and the plain lines are the same.
        """
        grid = render._grid(Answer("scr-test/1", BASIS, [VALUE, TEXT], rows))

        assert list(render._draw_plain(grid)) == list(
            render._draw_rich(grid, grid.width, colour=False)
        )

    def test_many_rows(self):
        """
        A table that is too long to read at a sitting is not folded.
        """
        rows = [{"text": "long " * 20}] * 1001

        text = rendered("table", rows, width=40, colour=True)

        assert text.count(("long " * 20).strip()) == 1001

    def test_colour(self):
        """
        Colour is only where it is asked for, and changes no text.
        """
        row = {"text": None}

        assert "\x1b[2mnone\x1b[0m" in rendered("table", [row], colour=True)
        assert "\x1b" not in rendered("table", [row], width=1)


class TestHostileData:
    """Whatever the data, no format lets it act."""

    @every_format
    @every_hostile
    @pytest.mark.parametrize("width", [None, 40])
    def test_never_acts(self, fmt, text, width):
        """
        No format lets a control or hidden character of the data through.
        """
        written = rendered(
            fmt,
            [{"text": text, "outcomes": [{"outcome": text}]}],
            [TEXT, OUTCOMES, Column("outcomes", text)],
            title=text,
            notes=[text],
            extra={"state": text},
            width=width,
        )

        assert not hidden(written, "\n\t" if fmt == "tsv" else "\n")
        assert written.endswith("\n")
        assert written.encode()

    @every_format
    @holds_for(text=st.text(st.characters()))
    def test_never_adds_a_line(self, fmt, text):
        """
        For all text, the answer has as many lines as for an innocent one.
        """
        written = rendered(fmt, [{"text": text}])
        innocent = rendered(fmt, [{"text": "innocent"}])

        assert not hidden(written, "\n\t" if fmt == "tsv" else "\n")
        assert len(written.splitlines()) == len(innocent.splitlines())

    def test_rich_markup_is_text(self):
        """
        Markup and emoji codes of rich are data like any other, folded or coloured.
        """
        row = {"text": HOSTILE["rich"]}

        assert HOSTILE["rich"] in rendered("table", [row])
        assert HOSTILE["rich"] in rendered("table", [row], colour=True)


def test_unknown_format():
    """
    A format that is not one of the six is refused by name.
    """
    with pytest.raises(ValueError, match="unknown format 'xml': use one of table,"):
        rendered("xml", [])


@pytest.mark.parametrize("fmt", ["json", "table"])
def test_imports_nothing_heavy(fmt):
    """
    Neither importing the module nor a plain answer loads a heavy library.
    """
    program = (
        "import io, sys\n"
        "from cli.render import Answer, Column, write\n"
        "answer = Answer('scr-test/1', None, [Column('a', 'A')], [{'a': 'b'}])\n"
        f"write(answer, {fmt!r}, io.StringIO())\n"
        "heavy = {'rich', 'pydantic', 'sqlite3', 'click', 'csv', 'eventsourcing'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert loaded.stdout == "[]\n"
