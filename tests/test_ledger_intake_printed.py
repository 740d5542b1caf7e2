"""Printings as a file has them: what is read, and every fault with its line."""

from __future__ import annotations

import json

import pytest

from ledger.errors import FaultyFileError, NoPrintingError
from ledger.intake.printed import MOST_FAULTS, Printing, read_printings
from tests.commandline import Lines

LINE = {
    "name": "APR-2019",
    "document": "a report",
    "claims": "what it says",
    "printed_on": "2020-01-15",
    "as_of": "2020-01-15",
    "fiscal_year": 2019,
    "figures": {"dd-all": 252, "entered-all": 510},
}


def read(file: str, lines: list[bytes]) -> list[Printing]:
    """
    Return what a file of these lines says.
    """
    return read_printings(file, Lines(lines))


def line(**said) -> bytes:
    """
    Return a line; None leaves a field out.
    """
    fields = {**LINE, **said}
    kept = {name: value for name, value in fields.items() if value is not None}
    return f"{json.dumps(kept)}\n".encode()


def faults(*lines: bytes) -> list[str]:
    """
    Return what is said of a file that is refused.
    """
    with pytest.raises(FaultyFileError) as refused:
        read("p.jsonl", lines)
    assert refused.value.count >= len(refused.value.lines)
    assert refused.value.exit_code == 5
    return list(refused.value.lines)


def test_a_line_is_a_printing():
    """
    With each of its figures, in the order of the line, and the words for them.
    """
    optional = {"printed": "49.4 %", "synthetic": True, "note": "n"}
    definition = {"kind": "rate", "numerator": "dd-all"}
    (one,) = read("f", [line(**optional, definition=definition)])

    assert one == Printing(
        "APR-2019",
        "a report",
        "what it says",
        "2020-01-15",
        "2020-01-15",
        synthetic=True,
        figures=(
            ("dd-all", 2019, 252, "49.4 %", 1),
            ("entered-all", 2019, 510, "49.4 %", 1),
        ),
        line=1,
    )


def test_lines_of_one_name_are_one_printing():
    """
    A table of years, whatever stands between its lines; names keep their order.
    """
    found = read(
        "f",
        [
            line(fiscal_year=2018),
            line(name="B"),
            line(fiscal_year=2019),
            line(figures={"dd-tco": 0}),
        ],
    )

    assert [one.name for one in found] == ["APR-2019", "B"]
    assert [(f.measure, f.fiscal_year) for f in found[0].figures] == [
        ("dd-all", 2018),
        ("entered-all", 2018),
        ("dd-all", 2019),
        ("entered-all", 2019),
        ("dd-tco", 2019),
    ]


def test_what_is_around_the_lines_does_not_matter():
    """
    A byte order mark, CRLF, blank lines, no line feed at the end; an empty file is
    none.
    """
    plain = read("f", [line()])
    dressed = [
        b"\xef\xbb\xbf" + line().replace(b"\n", b"\r\n"),
        b"\r\n",
        b" \t\n",
        line(name="B").rstrip(),
    ]

    assert read("f", dressed)[:1] == plain
    for lines in ([], [b"\xef\xbb\xbf\n", b" \n"]):
        with pytest.raises(NoPrintingError, match="f has no printing in it"):
            read("f", lines)


DAY = "must be a date YYYY-MM-DD, years 1900 to 2999"
NUMBER = "must be a whole number from 0 to 9,007,199,254,740,991"
YEAR = "must be a fiscal year, such as 2019, from 1900 to 3000"
NAME = "must be 1 to 64 of A-Z a-z 0-9 . _ - /, a letter first"
TEXT = "must be text of 1 to 200 characters, not only spaces, without control"

FAULTS = [  # Field and rule; what the line says otherwise.
    *((f"{name}: is required", {name: None}) for name in LINE),
    (f"name: {NAME}", {"name": "9"}),
    (f"name: {NAME}", {"name": "a b"}),
    (f"name: {NAME}", {"name": 7}),
    (f"document: {TEXT}", {"document": ""}),
    (f"document: {TEXT}", {"document": "a\x1b[31mb"}),
    (f"claims: {TEXT}", {"claims": "x" * 201}),
    (f"claims: {TEXT}", {"claims": "\ud800"}),
    *(
        (f"printed_on: {DAY}", {"printed_on": day})
        for day in ("", "2020-02-30", "2020-W03-3", "20200115", "1899-12-31", 7)
    ),
    (f"as_of: {TEXT}", {"as_of": " "}),
    *(
        (f"fiscal_year: {YEAR}", {"fiscal_year": year})
        for year in (1899, 3001, "2019", 2019.0, True, 10**30)
    ),
    *(
        (f"figures.dd-all: {NUMBER}", {"figures": {"dd-all": value}})
        for value in (-1, "7", 7.5, True, 2**53, 10**30)
    ),
    ("figures: must name at least one measure", {"figures": {}}),
    ("figures: must be one JSON object", {"figures": [1]}),
    ("figures.dd all: must be 1 to 64 of a-z 0-9 -", {"figures": {"dd all": 1}}),
    (f"printed: {TEXT}", {"printed": ""}),
    ("note: must be text of 1 to 2,000 characters", {"note": "\x00"}),
    ("definition.kind: must be an id", {"definition": {"kind": "a b"}}),
    ("synthetic: ", {"synthetic": "yes"}),
    ("document_: is no", {"document_": "x"}),
]


@pytest.mark.parametrize(("words", "said"), FAULTS)
def test_a_fault_is_told_by_line_and_field(words, said):
    """
    One fault a line, with the file, the number of the line, the field and its rule.
    """
    (told,) = faults(line(name="B"), b"\n", line(**said))

    assert told.startswith(f"p.jsonl:3: {words}")


NO_JSON = [
    b"{",
    b"7",
    b"null",
    b"[]",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\xff",
    b"\xef\xbb\xbf" + line(name="B"),  # Only the first line may begin so.
    line().replace(b"252", b"NaN"),
    line().replace(b"252", b"1e999"),
    line().replace(b"252", b"9" * 10_000),
    line() + line(),
    b'{"a":1,"a":1}',
    line().decode().encode("utf-16"),
    b" " * 300_000 + b"{",
    b'"' + b"x" * 300_000 + b'"',
]


@pytest.mark.parametrize("text", NO_JSON, ids=range(len(NO_JSON)))
def test_hostile_lines_are_faults_like_others(text):
    """
    Whatever the bytes: a line and a rule, short enough to read.
    """
    told = faults(line(), text)

    assert all(one.startswith("p.jsonl:2: ") for one in told)
    assert all(len(one) < 300 for one in told)


def test_a_number_of_any_length_is_a_number():
    """
    It is told as too large, not as something that cannot be read.
    """
    long = line().replace(b"252", b"9" * 10_000).replace(b"2019,", b"1" * 5_000 + b",")

    assert faults(long) == [
        f"p.jsonl:1: fiscal_year: {YEAR}",
        f"p.jsonl:1: figures.dd-all: {NUMBER}",
    ]


def test_a_repeated_key_is_named():
    """
    Wherever in the line it stands, and however many keys there are.
    """
    twice = line().replace(b'"dd-all": 252', b'"dd-all": 252, "dd-all": 253')
    keys = ",".join(f'"k{n}":1' for n in range(20_000))

    assert faults(twice) == ["p.jsonl:1: dd-all: is given twice"]
    assert faults(f'{{{keys},"k9":1}}'.encode()) == ["p.jsonl:1: k9: is given twice"]


CONTRADICTIONS = [
    ("document", {"document": "another"}),
    ("claims", {"claims": "another"}),
    ("printed_on", {"printed_on": "2020-01-16"}),
    ("as_of", {"as_of": "2020-01-16"}),
    ("synthetic", {"synthetic": True}),
]


@pytest.mark.parametrize(("field", "said"), CONTRADICTIONS)
def test_lines_of_one_name_agree(field, said):
    """
    What holds for the whole document is the same in each of its lines.
    """
    assert faults(line(), line(fiscal_year=2018, **said)) == [
        f"p.jsonl:2: {field}: is another than in the lines of APR-2019 before"
    ]


def test_a_figure_is_printed_once():
    """
    Of one name, measure and year there is one.
    """
    assert faults(line(), line(figures={"entered-all": 510})) == [
        "p.jsonl:2: figures: entered-all FY2019 is there twice"
    ]


def test_all_faults_are_told_in_the_order_of_the_file():
    """
    The first hundred, and how many there are; nothing of the file is read.
    """
    told = faults(line(name="9", document=""), b"{", line(figures={}))
    assert [one.split(": ")[:2] for one in told] == [
        ["p.jsonl:1", "name"],
        ["p.jsonl:1", "document"],
        ["p.jsonl:2", "line"],
        ["p.jsonl:3", "figures"],
    ]

    with pytest.raises(FaultyFileError, match="150 faults") as refused:
        read("p.jsonl", [b"{\n"] * 150)
    assert len(refused.value.lines) == MOST_FAULTS
    assert "correct the file and register it again" in str(refused.value)
