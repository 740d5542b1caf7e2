"""The items of a package from files: the same from each format, or a list of faults."""

from __future__ import annotations

import json
from datetime import date

import pytest

from ledger.errors import FaultyFileError, LedgerError, NoInputFileError
from ledger.intake.packages import read_items
from tests import workbooks

ITEMS = [
    {"scr": "SCR-1", "event": "voided", "reason": 'filed, "twice"', "note": "Zoë"},
    {
        "scr": "SCR-2",
        "event": "redated",
        "effective_on": "2019-10-02",
        "outcome": "D1",
        "reason": "=1+1",
    },
    {"organization": "O-1", "event": "merged", "into": "O-2", "reason": "one network"},
]
COLUMNS = list(dict.fromkeys(name for one in ITEMS for name in one))


def table(comma: str) -> str:
    """
    Return the items as a table.
    """
    quoted = [
        ['"' + one.get(name, "").replace('"', '""') + '"' for name in COLUMNS]
        for one in ITEMS
    ]
    return "".join(f"{comma.join(row)}\r\n" for row in [COLUMNS, *quoted])


def written(folder, name: str, said: str | bytes) -> str:
    """
    Write a file and return its path.
    """
    path = folder / name
    path.write_bytes(said.encode() if isinstance(said, str) else said)
    return str(path)


def refusal(path: str) -> FaultyFileError:
    """
    Return the refusal of a file.
    """
    with pytest.raises(FaultyFileError) as told:
        read_items(path)
    return told.value


JSONL = "".join(f"{json.dumps(one)}\n" for one in ITEMS)
FORMATS = {
    "items.csv": table(","),
    "ITEMS.CSV": "\ufeff" + table(","),
    "items.tsv": table("\t"),
    "items.jsonl": JSONL,
    "items.txt": "\ufeff" + JSONL.replace("\n", "\r\n\r\n"),
    "items": JSONL.removesuffix("\n"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_items(tmp_path, name):
    """
    In the order of the file, empty cells left out, text exactly as it stands.
    """
    assert read_items(written(tmp_path, name, FORMATS[name])) == ITEMS


def test_a_workbook_gives_the_same_items(tmp_path):
    """
    The first sheet, a day as a cell with a date.
    """
    path = tmp_path / "items.xlsx"
    day = {"2019-10-02": date(2019, 10, 2)}
    rows = [
        [day.get(text, text) for name in COLUMNS for text in [one.get(name, "")]]
        for one in ITEMS
    ]
    path.write_bytes(workbooks.written([COLUMNS, *rows]))

    assert read_items(str(path)) == ITEMS


def test_the_fixture_is_read():
    """
    The audit's corrections, as the walk-through proposes them.
    """
    items = read_items("fixtures/oig-23-52/corrections.csv")

    assert len(items) == 253
    assert {one["event"] for one in items} == {"determined", "redetermined"}


TEXTS = "must be one object of texts"
# A line, and what is said of it.
LINES = [
    ("{", TEXTS),
    ("[]", TEXTS),
    ('"voided"', TEXTS),
    ("null", TEXTS),
    ('{"scr":1}', TEXTS),
    ('{"scr":null}', TEXTS),
    ('{"scr":true}', TEXTS),
    ('{"scr":["SCR-1"]}', TEXTS),
    ('{"scr":{"scr":"SCR-1"}}', TEXTS),
    ('{"scr":{}}', TEXTS),
    ('[["scr","SCR-1"]]', TEXTS),
    ('{"scr":NaN}', TEXTS),
    ("9" * 5000, TEXTS),
    ("[" * 100_000, TEXTS),
    ('{"scr":"SCR-1"} {}', TEXTS),
    ('{"scr":"SCR-1","event":"voided","event":"approved"}', "has event twice"),
    ('{"scr":"SCR-1","\\u0073cr":"SCR-2"}', "has scr twice"),
    ('{"scr":"' + "x" * 1_100_000 + '"}', "is longer than"),
]


@pytest.mark.parametrize(("text", "rule"), LINES, ids=range(len(LINES)))
def test_a_line_that_is_no_item(tmp_path, text, rule):
    """
    Its number is told, and nothing of the file is taken.
    """
    path = written(tmp_path, "items.jsonl", f"{JSONL}{text}\n{JSONL}")
    told = refusal(path)

    assert told.count == 1
    assert told.lines[0].startswith(f"{path}:4: line: {rule}")
    assert str(told).endswith("correct the file and propose it again")


@pytest.mark.parametrize(
    "said", [JSONL.encode("utf-16"), JSONL.encode("utf-32"), b'{"scr":"\xff"}\n']
)
def test_what_is_not_utf_8(tmp_path, said):
    """
    No other encoding is guessed.
    """
    assert refusal(written(tmp_path, "items.jsonl", said)).count


def test_all_faults_are_counted_and_a_hundred_listed(tmp_path):
    """
    In the order of the file.
    """
    told = refusal(written(tmp_path, "items.jsonl", "[]\n" * 130))

    assert (told.count, len(told.lines)) == (130, 100)
    assert ":100: line: " in told.lines[-1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("items.jsonl", ""),
        ("items.jsonl", "\n \n\t\n"),
        ("items.jsonl", b"\xef\xbb\xbf"),
        ("items.csv", "scr,event\n"),
    ],
)
def test_a_file_without_items(tmp_path, name, said):
    """
    It proposes nothing, and says so.
    """
    path = written(tmp_path, name, said)
    assert refusal(path).lines == (f"{path}: has no items",)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("items.csv", ""),
        ("items.csv", "scr,evnt\nSCR-1,voided\n"),
        ("items.csv", "scr,event,recorded_by\nSCR-1,voided,root\n"),
        ("items.csv", "scr,event,event\nSCR-1,voided,voided\n"),
        ("items.csv", 'scr,event\n"SCR-1,voided\n'),
        ("items.csv", "scr,event\nSCR-1,voided,more\n"),
        ("items.csv", b"scr,event\nSCR-\xff,voided\n"),
        ("items.xlsx", b"no workbook"),
        ("items.xlsx", b"PK\x03\x04" + b"\x00" * 100),
    ],
)
def test_a_table_that_is_none(tmp_path, name, said):
    """
    An unknown column, one twice, a loose quote, no text: nothing of it is taken.
    """
    with pytest.raises(LedgerError) as told:
        read_items(written(tmp_path, name, said))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["nothing.csv", "nothing.jsonl", ".", "a\0b"])
def test_a_file_that_cannot_be_read(tmp_path, monkeypatch, name):
    """
    It is named, with the reason.
    """
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoInputFileError, match="cannot read"):
        read_items(name)
