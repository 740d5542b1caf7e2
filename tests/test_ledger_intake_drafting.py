"""Drafts of maps: what is guessed of a table, and that the draft is a map."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.errors import FaultyTableError, NoInputFileError, UnreadableTableError
from ledger.intake import facts
from ledger.intake.drafting import CODES, draft, open_any, survey
from ledger.intake.mapping import read_map
from ledger.intake.tables import open_table
from tests import ledgers
from tests.workbooks import Formula, written


def drafted(path, data: bytes) -> str:
    """
    Return the draft for a table.
    """
    path.write_bytes(data)
    with open_any(str(path)) as (table, layout):
        seen = survey(table)
        return draft("f.csv", layout, seen, sorted(facts.FIELDS), facts.is_field)


def map_of(path, data: bytes) -> dict:
    """
    Return what the draft for a table says; that it is a map is seen on the way.
    """
    text = drafted(path, data)
    toml = path.with_suffix(".toml")
    toml.write_text(text)
    read_map(str(toml))
    return tomllib.loads(text)


COLUMNS = [
    ("scr", "scr"),
    ("SCR", "scr"),
    (" Effective On ", "effective_on"),
    ("case-number", "case_number"),
    ("FROM", "from"),
    ("SCR No", None),
    ("recorded_by", None),
    ("Straße", None),
]


@pytest.mark.parametrize(("name", "field"), COLUMNS)
def test_a_column_called_as_a_field_is_guessed(tmp_path, name, field):
    """
    But for capitals and what stands between the words; any other is left open.
    """
    columns = map_of(tmp_path / "f.csv", f"{name},x\n1,2\n".encode())["columns"]

    assert columns == ({} if field is None else {name: field})


def test_two_columns_of_one_field(tmp_path):
    """
    The first one gets it, because the draft must be a map.
    """
    assert map_of(tmp_path / "f.csv", b"SCR,scr\n1,2\n")["columns"] == {"SCR": "scr"}


def test_what_is_open_stands_as_a_comment(tmp_path):
    """
    Of every column: how many cells are filled, examples, and a line to fill in.
    """
    rows = "".join(f"v{n},{n % 2}\n" for n in range(10))

    told = drafted(tmp_path / "f.csv", f"Code,Odd\n{rows},\n,x\n".encode()).splitlines()

    place = told.index('# "Code" = ""')
    assert told[place - 1] == (
        '# 10 filled: "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", and 2 more'
    )
    assert told[place + 1 : place + 3] == ['# 11 filled: "0", "1", "x"', '# "Odd" = ""']
    assert told[0].startswith('# A draft from "f.csv": read every line')
    assert "trim = true" in told
    assert max(map(len, told)) < 100


def test_no_more_is_kept_than_is_needed(tmp_path):
    """
    A column with more different values than codes may have says that there are more.
    """
    path = tmp_path / "f.csv"
    path.write_text("Code,n\n" + "".join(f"v{n},1\n" for n in range(CODES + 30)))

    with open_table(str(path)) as table:
        code, number = survey(table)
    assert (len(code.values), code.filled) == (CODES + 1, CODES + 30)
    assert number.values == {"1": CODES + 30}
    told = drafted(path, path.read_bytes())
    assert f'"v7", and more than {CODES - 8} others' in told


DATES = [
    (["2019-03-04"], None),
    (["03/14/2019", "12/01/2018"], ["%m/%d/%Y"]),
    (["03/14/2019", "2018-12-01"], ["%m/%d/%Y"]),
    (["14/03/2019"], ["%d/%m/%Y"]),
    (["14-Mar-2019"], ["%d-%b-%Y"]),
    (["14.03.2019"], ["%d.%m.%Y"]),
    (["2019/03/14"], ["%Y/%m/%d"]),
    (["Mar 14, 2019"], ["%b %d, %Y"]),
    (["43831", "43832"], ["excel"]),
    (["03/14/2019", "14/03/2019"], None),
    (["03/14/19"], None),
    (["03/14/2019", "soon"], None),
]


@pytest.mark.parametrize(("cells", "forms"), DATES)
def test_forms_of_dates(tmp_path, cells, forms):
    """
    A form is drafted if every cell can be read in it, beside YYYY-MM-DD; none, if every
    cell is that.
    """
    rows = "".join(f'"{cell}"\n' for cell in cells)

    said = map_of(tmp_path / "f.csv", f"Effective on\n{rows}\n".encode())
    assert said.get("dates", {}).get("effective_on") == forms


def test_forms_that_both_fit(tmp_path):
    """
    Where no cell tells the day from the month, both forms stand in a comment.
    """
    data = b"effective_on\n03/04/2019\n05/06/2019\n"

    assert "effective_on" not in map_of(tmp_path / "f.csv", data)["dates"]
    told = drafted(tmp_path / "f.csv", data).splitlines()
    assert '# effective_on = ["%m/%d/%Y", "%d/%m/%Y"]' in told
    assert "# 2 filled; dates as %m/%d/%Y or %d/%m/%Y: " in "\n".join(told)


def test_codes(tmp_path):
    """
    What a code of a field with few values is likely to mean is drafted, with how often
    it occurs; any other is left open.
    """
    data = b"association,category\nY,Gangs\nY,fraud\nUNK,Gangs\nmaybe,\nno,\n"

    said = map_of(tmp_path / "f.csv", data)
    assert said["values"] == {
        "association": {"Y": "yes", "UNK": "unknown", "no": "no"},
        "category": {"Gangs": "Gangs", "fraud": "fraud"},
    }
    told = drafted(tmp_path / "f.csv", data).splitlines()
    assert '"Y" = "yes"  # 2 cells' in told
    assert '# "maybe" = ""  # 1 cell' in told


LAYOUTS = [
    ("f.csv", "scr,note\nS-1,é\n", "utf-8", {}),
    ("f.csv", "scr;note\nS-1;a,b\n", "utf-8", {"delimiter": ";"}),
    ("f.csv", "scr\tnote\nS-1\ta,b\n", "utf-8", {"delimiter": "\t"}),
    ("f.csv", 'scr|note\nS-1|"a|b"\n', "utf-8", {"delimiter": "|"}),
    ("f.csv", "scr,note\nS-1,é\n", "cp1252", {"encoding": "cp1252"}),
    ("f.csv", "scr;é\nS-1;1\n", "cp1252", {"encoding": "cp1252", "delimiter": ";"}),
    ("f.tsv", "scr\tnote\nS-1\té\n", "cp1252", {"encoding": "cp1252"}),
    ("f.csv", "scr\nS-1\n", "utf-8", {}),
]


@pytest.mark.parametrize(("name", "text", "encoding", "said"), LAYOUTS)
def test_how_a_file_is_written_is_found(tmp_path, name, text, encoding, said):
    """
    Encodings and delimiters are tried, and stand in the draft unless they are usual.
    """
    found = map_of(tmp_path / name, text.encode(encoding))

    layout = {key: found[key] for key in ("encoding", "delimiter") if key in found}
    assert layout == said
    assert "scr" in found["columns"]


def test_a_workbook(tmp_path):
    """
    Of a workbook the cells are seen as they are: dates as such, and what holds no value
    is counted.
    """
    rows = [
        ["SCR", "Effective on", "n"],
        *([f"S-{n}", date(2019, 1, 2), n] for n in range(3)),
    ]
    rows += [["S-3", Formula("=1", 1), 1.5], [True, "2019-01-03", None]]

    said = map_of(tmp_path / "f.xlsx", written(rows))
    assert said["columns"] == {"SCR": "scr", "Effective on": "effective_on"}
    assert "dates" not in said
    told = drafted(tmp_path / "f.xlsx", written(rows)).splitlines()
    assert '# 5 filled: "S-0", "S-1", "S-2", "S-3", "TRUE"' in told
    assert '# 5 filled; 1 cannot be read: "2019-01-02", "2019-01-03"' in told
    assert '# 4 filled; 1 cannot be read: "0", "1", "2"' in told


REFUSED = [
    ("f.csv", b"", UnreadableTableError, "has no header"),
    ("f.csv", b"\x81\xff,b\n", UnreadableTableError, "is not utf-8"),
    ("f.csv", b"a,a\n1,2\n", FaultyTableError, "cannot be read"),
    ("f.csv", b"a;;b\n1;2;3\n", FaultyTableError, "cannot be read"),
    ("f.xlsx", b"a,b\n1,2\n", UnreadableTableError, "is not an XLSX workbook"),
    ("f.jsonl", b"{}\n", UnreadableTableError, "is no table"),
    ("folder.csv", None, NoInputFileError, "cannot read"),
]


@pytest.mark.parametrize(("name", "data", "error", "words"), REFUSED)
def test_what_is_no_table_in_any_way(tmp_path, name, data, error, words):
    """
    Where no way of reading a file makes a table of it, the usual one says why not.
    """
    path = tmp_path / name
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)

    with pytest.raises(error, match=words):
        open_any(str(path)).__enter__()


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
HEADS = st.lists(NAMES.filter(str.strip), min_size=1, max_size=4, unique=True)


@holds_for(HEADS, st.lists(NAMES, max_size=5))
def test_every_draft_is_a_map(header, values):
    """
    Whatever a table's columns are called and hold, the draft is a map of it, on lines
    that a terminal shows as they are.
    """
    quoted = [name.replace('"', '""') for name in (*header, *values)]
    head = ",".join(f'"{name}"' for name in quoted[: len(header)])
    rows = "".join(
        ",".join([f'"{value}"'] * len(header)) + "\n" for value in quoted[len(header) :]
    )
    with ledgers.folder() as folder:
        said = map_of(folder / "f.csv", f"{head}\n{rows}".encode())
        told = drafted(folder / "f.csv", f"{head}\n{rows}".encode())

    assert set(said["columns"]) <= set(header)
    assert all(line.isprintable() for line in told.split("\n"))
