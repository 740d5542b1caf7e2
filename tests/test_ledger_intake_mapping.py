"""Maps: how columns get the names of fields, and what a map may not say."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.errors import FaultyMapError, FaultyTableError, NoInputFileError
from ledger.intake import mapping
from ledger.intake.facts import is_field
from ledger.intake.mapping import (
    NO_MAP,
    base_of,
    name_columns,
    read_day,
    read_map,
)
from ledger.intake.rows import CellFault, Heading, place, titled
from ledger.intake.tables import open_table
from tests.workbooks import SHEET, Formula, altered, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.intake.mapping import MapFile, Named


@contextmanager
def named(
    folder, data: bytes, toml: str | None = None, name="f.csv"
) -> Iterator[Named]:
    """
    Open a table with its columns named by a map.
    """
    (folder / name).write_bytes(data)
    map_file = NO_MAP
    if toml is not None:
        (folder / "m.toml").write_text(toml)
        held = read_map(str(folder / "m.toml"))
        map_file = held._replace(name="m.toml")
    with open_table(str(folder / name), map_file.held.layout, name) as table:
        yield name_columns(table, map_file, is_field)


def cells(folder, data: bytes, toml: str | None = None, name="f.csv") -> list:
    """
    Return what the rows of a table say, or the faults of those that have some.
    """
    with named(folder, data, toml, name) as table:
        table.check(values=False)
        return [list(row.faults) or dict(row.cells) for row in table.rows()]


def no_map(folder, toml: str | bytes, data: bytes = b"scr\n") -> list[str]:
    """
    Return why a map is none.
    """
    with pytest.raises(FaultyMapError, match=r"m\.toml is no map: ") as refused:
        read(folder, toml, data)
    assert refused.value.count == len(refused.value.lines)
    assert all(text.startswith("m.toml: ") for text in refused.value.lines)
    return [text.removeprefix("m.toml: ") for text in refused.value.lines]


def read(folder, toml: str | bytes, data: bytes = b"scr\n") -> MapFile:
    """
    Read a map and name the columns of a table by it.
    """
    (folder / "m.toml").write_bytes(toml.encode() if isinstance(toml, str) else toml)
    (folder / "f.csv").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        found = read_map("m.toml")
        with open_table("f.csv", found.held.layout) as table:
            name_columns(table, found, is_field)
    return found


# --- columns ----------------------------------------------------------------------


def test_without_a_map_columns_are_called_as_fields(tmp_path):
    """
    Cells go by the name of their column; an empty one says nothing; no cell is changed.
    """
    data = b"note,scr,from\n a ,S-1,2019-01-01\n,S-2,\n"

    assert cells(tmp_path, data) == [
        {"note": " a ", "scr": "S-1", "from": "2019-01-01"},
        {"scr": "S-2"},
    ]


def test_a_map_names_columns(tmp_path):
    """
    Each by its exact name; those ignored are left out, whatever is in them.
    """
    toml = """
        ignore = ["Chk"]
        [columns]
        "SCR No" = "scr"
        "Text, free" = "note"
    """
    data = b'SCR No,Chk,"Text, free"\nS-1,x,y\n'

    assert cells(tmp_path, data, toml) == [{"scr": "S-1", "note": "y"}]


def test_what_has_no_field_is_listed_at_once(tmp_path):
    """
    Every column that is no field, or not in the map, is told with its place.
    """
    data = b"\nscr,Nots,recorded_by\nS-1,x,y\n"

    with named(tmp_path, data) as table, pytest.raises(FaultyTableError) as refused:
        table.check(values=False)
    assert refused.value.lines == tuple(
        f"f.csv:2: column {name!r}: is no field;"
        " name the field it holds in a map (--map)"
        for name in ("Nots", "recorded_by")
    )

    toml = '[columns]\n"scr" = "scr"'
    book = written([["scr", "note", "x"], ["S-1", "y"]])
    with (
        named(tmp_path, book, toml, "f.xlsx") as table,
        pytest.raises(FaultyTableError) as refused,
    ):
        table.check(values=True)
    assert refused.value.lines == tuple(
        f"f.xlsx:{cell}: column {name!r}: is not in [columns] of m.toml;"
        " name its field, or ignore it"
        for cell, name in (("B1", "note"), ("C1", "x"))
    )


def test_what_only_the_map_has_is_noted(tmp_path):
    """
    A column the map names and the table has not is no fault, but is said.
    """
    toml = 'ignore = ["Chk"]\n[columns]\n"SCR" = "scr"\n"Note" = "note"'

    with named(tmp_path, b"SCR\nS-1\n", toml) as table:
        assert table.notes == (
            "f.csv: has no column 'Note', which m.toml names",
            "f.csv: has no column 'Chk', which m.toml names",
        )


def test_constants_are_in_every_row(tmp_path):
    """
    A field the table has no column for says the same in every row that has cells.
    """
    toml = '[columns]\nSCR = "scr"\n[constants]\nevent = "filed"\nby = "load"'

    assert cells(tmp_path, b"SCR\nS-1\n\nS-2\n", toml) == [
        {"scr": name, "event": "filed", "by": "load"} for name in ("S-1", "S-2")
    ]


def test_a_ragged_row_says_nothing(tmp_path):
    """
    Of a row with more or fewer cells than the header no cell is taken.
    """
    assert cells(tmp_path, b"scr,note\nS-1\nS-2,x\n") == [
        [CellFault("row", "has 1 cell, and the header 2")],
        {"scr": "S-2", "note": "x"},
    ]


def test_places_and_titles():
    """
    A cell is called by the letters its column has in a workbook, a field also by the
    name its column has in the file.
    """
    columns = {"on": Heading("Dt", "C"), "scr": Heading("scr", "A")}
    plain = {"on": Heading("Dt")}

    assert place("f.xlsx", 12, "on", columns) == "f.xlsx:C12"
    assert place("f.xlsx", 12, "by", columns) == "f.xlsx:12"
    assert place("f.csv", 12, "on", plain) == "f.csv:12"
    assert place("f.csv", 0, "on", columns) == "f.csv"
    assert titled("on", columns) == "on (Dt)"
    assert (titled("scr", columns), titled("by", columns)) == ("scr", "by")
    assert (base_of("on_12"), base_of("on"), base_of("on_x")) == ("on", "on", "on_x")


# --- cells ------------------------------------------------------------------------


MAP = """
    trim = true
    empty = ["N/A", "-", "0"]
    [columns]
    S = "scr"
    A = "association"
    E = "effective_on"
    K = "known_at"
    O = "outcome"
    [values.association]
    Y = "yes"
    "?" = ""
    1 = "no"
    TRUE = "unknown"
    "2019-01-02" = "no"
    [dates]
    effective_on = ["%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y", "excel"]
    known_at = "%m/%d/%Y %I:%M %p %z"
"""
FORMS = "is in none of the forms %m/%d/%Y, %d.%m.%Y, %d-%b-%Y, excel"
NO_INSTANT = "is in none of the forms %m/%d/%Y %I:%M %p %z"
WIDE = "03/04/\uff12\uff10\uff11\uff19"
NO_CODE = "is not in [values.association] of m.toml"
TEXTS = [
    ("S", "S-1", "S-1"),
    ("S", "  S-1\t", "S-1"),
    ("S", "N/A", None),
    ("S", " - ", None),
    ("S", "  ", None),
    ("S", "n/a", "n/a"),
    ("A", " Y ", "yes"),
    ("A", "?", None),
    ("A", "-", None),
    ("A", "1", "no"),
    ("A", "y", f"'y' {NO_CODE}"),
    ("A", "yes", f"'yes' {NO_CODE}"),
    ("E", "2019-03-04", "2019-03-04"),
    ("E", "03/04/2019", "2019-03-04"),
    ("E", "3/4/2019", "2019-03-04"),
    ("E", "13.04.2019", "2019-04-13"),
    ("E", "04-Mar-2019", "2019-03-04"),
    ("E", "43831", "2020-01-01"),
    ("E", "61", "1900-03-01"),
    ("E", "60", f"'60' {FORMS}"),
    ("E", "9999999", f"'9999999' {FORMS}"),
    ("E", "13/13/2019", f"'13/13/2019' {FORMS}"),
    ("E", "03/04/19", f"'03/04/19' {FORMS}"),
    ("E", "03/04/2019 x", f"'03/04/2019 x' {FORMS}"),
    ("E", WIDE, f"'{WIDE}' {FORMS}"),
    ("K", "03/04/2019 3:15 PM -0500", "2019-03-04T15:15:00-05:00"),
    ("K", "03/04/2019 3:15 PM Z", "2019-03-04T15:15:00+00:00"),
    ("K", "03/04/2019 3:15 PM", f"'03/04/2019 3:15 PM' {NO_INSTANT}"),
    ("K", "2019-03-04", f"'2019-03-04' {NO_INSTANT}"),
    ("K", f"{WIDE} 3:15 PM Z", f"'{WIDE} 3:15 PM Z' {NO_INSTANT}"),
]


@pytest.mark.parametrize("name", ["f.csv", "f.xlsx"])
@pytest.mark.parametrize(("column", "cell", "said"), TEXTS)
def test_how_text_is_translated(tmp_path, name, column, cell, said):
    """
    Trimmed, then empty or not, then looked up, then read as a date of the first form
    that fits; what is in no table or form is a fault with the text. The same from CSV
    and from a workbook.
    """
    rows = [["S", "A", "E", "K", "O"], ["S-9", "Y", "", "", ""]]
    rows.append(
        ["D" if head == "O" else cell if head == column else "" for head in rows[0]]
    )
    data = written(rows)
    if name == "f.csv":
        quoted = [",".join(f'"{text}"' for text in row) for row in rows]
        data = "\n".join(quoted).encode()

    _, found = cells(tmp_path, data, MAP, name)
    field = {"S": "scr", "A": "association", "E": "effective_on", "K": "known_at"}[
        column
    ]
    if said is not None and " is " in said:
        assert found == [CellFault(field, said)]
    else:
        assert found == ({"outcome": "D"} | ({} if said is None else {field: said}))


@pytest.mark.parametrize(
    ("cell", "day"), [("03/04/2019", "2019-03-04"), ("13/04/2019", "2019-04-13")]
)
def test_forms_are_tried_in_order(tmp_path, cell, day):
    """
    Where a date fits several forms, the first one tells.
    """
    toml = '[columns]\nE = "from"\n[dates]\nfrom = ["%m/%d/%Y", "%d/%m/%Y"]'

    assert cells(tmp_path, f"E\n{cell}\n".encode(), toml) == [{"from": day}]


DAY = date(2019, 1, 2)
AS_TEXT = "is a date in the spreadsheet; make it text"
CELLS = [
    ("S", 7, "7"),
    ("S", -7, "-7"),
    ("S", 0, None),  # In `empty`.
    ("S", 999_999_999_999_999, "999999999999999"),
    (
        "S",
        10**15,
        "is a number with more digits than a spreadsheet keeps; make it text",
    ),
    ("S", 1.5, "is the number 1.5; make it text"),
    ("S", True, "TRUE"),
    ("S", False, "FALSE"),
    ("S", DAY, AS_TEXT),
    ("S", Formula("=1", 1), "is a formula; put its value in its place"),
    ("A", 1, "no"),
    ("A", True, "unknown"),
    ("A", DAY, "no"),
    ("A", 2, f"'2' {NO_CODE}"),
    ("E", DAY, "2019-01-02"),
    ("E", 43831, "2020-01-01"),
    ("E", 43831.5, "is the number 43831.5; make it text"),
    ("E", date(1900, 1, 2), "is a date before 1900-03-01; make it text"),
    ("K", DAY, AS_TEXT),
    ("O", DAY, AS_TEXT),
]


@pytest.mark.parametrize(("column", "cell", "said"), CELLS)
def test_how_the_cells_of_a_workbook_are_translated(tmp_path, column, cell, said):
    """
    Integers are their digits, booleans their names; a date is one where a date belongs,
    or is looked up; what a spreadsheet may have made of a text is a fault.
    """
    rows = [["S", "A", "E", "K", "O"]]
    rows.append(
        [cell if head == column else "D" if head in "SO" else "" for head in rows[0]]
    )

    (found,) = cells(tmp_path, written(rows), MAP, "f.xlsx")
    if said is None or " " not in said:
        field = {"S": "scr", "A": "association", "E": "effective_on"}.get(column)
        assert found.get(field) == said
    else:
        assert [fault.rule for fault in found] == [said]


def test_without_a_map_a_number_is_no_date(tmp_path):
    """
    A number without a form is its digits, for the parser to refuse.
    """
    data = written([["scr", "effective_on"], ["S-1", 43831]])

    assert cells(tmp_path, data, name="f.xlsx") == [
        {"scr": "S-1", "effective_on": "43831"}
    ]


def test_a_formula_in_a_column_that_is_ignored_is_fine(tmp_path):
    """
    What is left out is not looked at.
    """
    data = written([["S", "X"], ["S-1", Formula("=1", 1)], ["S-2", 1.5]])
    toml = 'ignore = ["X"]\n[columns]\nS = "scr"'

    assert cells(tmp_path, data, toml, "f.xlsx") == [{"scr": "S-1"}, {"scr": "S-2"}]


def test_a_date_with_a_time_of_day_is_refused(tmp_path):
    """
    A day that is more than a day is not cut down to one.
    """
    cell = date(2019, 1, 2)
    data = written([["scr", "effective_on"], ["S-1", cell], ["S-2", cell]])
    halved = altered(
        data, SHEET, ('<c r="B2" s="1"><v>43467<', '<c r="B2" s="1"><v>43467.5<')
    )
    assert cells(tmp_path, halved, name="f.xlsx") == [
        [
            CellFault(
                "effective_on", "is a date with a time of day (2019-01-02 12:00:00)"
            )
        ],
        {"scr": "S-2", "effective_on": "2019-01-02"},
    ]


def test_days_from_1904(tmp_path):
    """
    A date is the same day in a workbook that counts from 1904; a bare number is not,
    and a map that would read it as from 1900 is refused.
    """
    rows = [["S", "E"], ["S-1", date(2019, 1, 2)]]
    data = written(rows, date_1904=True)
    toml = '[columns]\nS = "scr"\nE = "effective_on"\n[dates]\neffective_on = {}'

    assert cells(tmp_path, data, toml.format('"%m/%d/%Y"'), "f.xlsx") == [
        {"scr": "S-1", "effective_on": "2019-01-02"}
    ]
    with pytest.raises(FaultyMapError) as refused:
        cells(tmp_path, data, toml.format('["%m/%d/%Y", "excel"]'), "f.xlsx")
    assert refused.value.lines == (
        "m.toml: dates.effective_on: 'excel' counts from 1900, and f.xlsx from 1904;"
        " make its numbers dates",
    )


@holds_for(st.dates(date(1900, 3, 1), date(2999, 12, 31)))
def test_the_days_of_a_spreadsheet(day):
    """
    The number of a day is one more than that of the day before; 43831 is New Year 2020.
    """
    number = 43831 + (day - date(2020, 1, 1)) // timedelta(days=1)

    assert read_day(str(number), "excel") == day.isoformat()
    assert read_day(day.strftime("%d.%m.") + f"{day.year:04}", "%d.%m.%Y") == str(day)


# --- values that are in no table --------------------------------------------------


def test_what_is_not_translated_is_listed_once(tmp_path):
    """
    Every column and every value that the map lacks, with its first place and how often
    it occurs, all at once.
    """
    toml = """
        [columns]
        S = "scr"
        A = "association"
        T = "transnational"
        [values.association]
        Y = "yes"
        [values.transnational]
        Y = "yes"
    """
    data = b"S,A,T,X\n1,y,Y,\n2,y,n,\n3,Y,n,\n4,no,Y,\n5\n6,y,Y,\n"

    with (
        named(tmp_path, data, toml) as table,
        pytest.raises(FaultyTableError) as refused,
    ):
        table.check(values=True)
    assert refused.value.count == 5
    assert refused.value.lines == (
        "f.csv:1: column 'X': is not in [columns] of m.toml;"
        " name its field, or ignore it",
        f"f.csv:2: association (A): 'y' {NO_CODE} (3 rows)",
        "f.csv:3: transnational (T): 'n' is not in [values.transnational] of m.toml"
        " (2 rows)",
        f"f.csv:5: association (A): 'no' {NO_CODE}",
        "f.csv:6: row: has 1 cell, and the header 4",
    )


def test_numbered_fields_share_their_values(tmp_path):
    """
    A value that two columns of one field lack is listed once, where it stands first.
    """
    toml = '[columns]\nS = "scr"\nA = "on_1"\nB = "on_2"\n[dates]\non = "%Y/%m/%d"'
    (tmp_path / "f.csv").write_bytes(b"S,A,B\n1,2019/01/02,x\n2,x,2019/01/02\n")
    (tmp_path / "m.toml").write_text(toml)

    with open_table(str(tmp_path / "f.csv"), name="f.csv") as opened:
        table = name_columns(
            opened,
            read_map(str(tmp_path / "m.toml")),
            lambda name: base_of(name) in {"scr", "on"},
        )
        first, second = table.rows()
        assert first.cells["on_1"] == second.cells["on_2"] == "2019-01-02"
        with pytest.raises(FaultyTableError) as refused:
            table.check(values=True)
    assert refused.value.lines == (
        "f.csv:2: on_2 (B): 'x' is in none of the forms %Y/%m/%d (2 rows)",
    )


def test_no_more_are_listed_than_can_be_read(tmp_path, monkeypatch):
    """
    Beyond a number of different values, only how many more cells have one is said.
    """
    monkeypatch.setattr(mapping, "LISTED", 10)
    toml = '[columns]\nS = "scr"\nA = "association"\n[values.association]\nY = "yes"'
    data = b"S,A\n" + b"".join(b"%d,c%d\n" % (n, n) for n in range(25))

    with (
        named(tmp_path, data, toml) as table,
        pytest.raises(
            FaultyTableError, match="25 faults, 10 of them above and 15 more"
        ),
    ):
        table.check(values=True)


# --- maps that are none -----------------------------------------------------------


FAULTY = [
    ("no TOML", "[columns", "is not TOML"),
    ("a key twice", "trim = true\ntrim = false", "is not TOML"),
    ("a number without end", f"trim = {'9' * 5000}", "is not TOML"),
    ("a day that is none", "trim = 2019-02-30", "is not TOML"),
    ("not UTF-8", b'ignore = ["\xff"]', "is not UTF-8"),
    ("deep", f"ignore = {'[' * 50_000}", "is nested too deep"),
    ("too large", "#" * (2**20 + 1), "is longer than 1,048,576 bytes"),
    ("an unknown key", "colums = {}", "colums: is not known"),
    ("one that is trimmed", '"trim " = true', "trim : is not known"),
    ("no truth", 'trim = "yes"', "trim: Input should be a valid boolean"),
    ("no list", 'empty = "-"', "empty: Input should be a valid list"),
    ("no text", "empty = [0]", "empty.0: Input should be a valid string"),
    ("no table", 'columns = ["scr"]', "columns: Input should be a valid dictionary"),
    ("no field", "columns.SCR = 1", "columns.SCR: Input should be a valid string"),
    ("no value", "values.by.x = false", "values.by.x: Input should be a valid string"),
    ("no code", 'values.by = "x"', "values.by: Input should be a valid dictionary"),
    ("an encoding", 'encoding = "utf-16"', "encoding: Input should be 'utf-8'"),
    ("no delimiter", 'delimiter = ""', "delimiter: String should have at least 1"),
    ("two", 'delimiter = ",;"', "delimiter: String should have at most 1"),
    ("a quote", "delimiter = '\"'", "delimiter: must be one character"),
    ("a line end", 'delimiter = "\\n"', "delimiter: must be one character"),
    ("no ASCII", 'delimiter = "¦"', "delimiter: must be one character"),
    ("no such field", 'columns.S = "scrs"', "columns: 'S' is 'scrs', which"),
    ("a field of none", 'columns.S = ""', "columns: 'S' is '', which is no field here"),
    ("the ledger's own", 'columns.S = "recorded_by"', "columns: 'S' is 'recorded_by'"),
    ("one twice", 'columns = {S = "by", T = "by"}', "columns: 'S' and 'T' are both by"),
    ("both ways", 'ignore = ["S"]\ncolumns.S = "by"', "ignore: 'S' is in [columns]"),
    ("and one", 'columns.S = "by"\nconstants.by = "x"', "constants: by is the column"),
    ("no constant", 'constants.bye = "x"', "constants: 'bye' is no field here"),
    ("no values", 'values.bye.x = "y"', "values: 'bye' is no field here"),
    ("no dates", 'dates.one = "%Y"', "dates.one: '%Y' does not tell a whole date"),
    ("of no field", 'dates.one = "%Y-%m-%d"', "dates: 'one' is no field here"),
    ("of no date", 'dates.by = "%Y-%m-%d"', "dates: by holds no date"),
    ("no form", "dates.from = 1", "dates.from: Input should be a valid string"),
]


@pytest.mark.parametrize(
    ("toml", "words"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY]
)
def test_what_a_map_may_not_say(tmp_path, toml, words):
    """
    A map that is not written as one, contradicts itself or names what is no field is
    refused, with the place in it.
    """
    assert no_map(tmp_path, toml)[0].startswith(words)


FORMS_REFUSED = [
    ("from", "%m/%d", "does not tell a whole date"),
    ("from", "%Y-%m", "does not tell a whole date"),
    ("from", "text", "does not tell a whole date"),
    ("from", "", "does not tell a whole date"),
    ("from", "%d/%m/%y", "must have %Y: two digits do not tell the century"),
    ("from", "%x", "does not tell a whole date, with a year of four digits"),
    ("from", "%Q", "is no form of a date"),
    ("from", "%Y-%m-%d%", "is no form of a date"),
    ("from", "Excel", "does not tell a whole date"),
    ("known_at", "%Y-%m-%d %H:%M", "must have %z: an instant has an offset"),
    ("known_at", "excel", "must have %z: an instant has an offset"),
    ("known_at", "%y-%m-%d %H:%M %z", "must have %Y"),
    ("known_at", "%Y-%m %H:%M %z", "does not tell a whole date"),
    ("known_at", "%Y-%m-%d %I:%M %z", "must have %H, or %I and %p"),
]


@pytest.mark.parametrize(("field", "form", "words"), FORMS_REFUSED)
def test_forms_that_tell_no_date(tmp_path, field, form, words):
    """
    A form must tell one day of one year, and of an instant the hour and the offset;
    every form of a list.
    """
    (alone,) = no_map(tmp_path, f'dates.{field} = "{form}"')
    good = "%d %B %Y" if field == "from" else "%d %B %Y %H:%M %z"
    (listed,) = no_map(tmp_path, f'dates.{field} = ["{good}", "{form}"]')

    assert alone == listed
    assert alone.startswith(f"dates.{field}: {form!r} {words}")


@pytest.mark.parametrize(
    "form", ["%d %B %Y", "%b %d, %Y", "%Y%m%d", "%Y-%j", "%G-W%V-%u", "%c", "excel"]
)
def test_forms_that_tell_a_date(tmp_path, form):
    """
    Whatever else a form has, one that tells the day is taken.
    """
    assert read(tmp_path, f'dates.from = "{form}"').held.forms("from") == [form]


def test_all_of_a_map_is_told(tmp_path):
    """
    What is wrong with a map is listed at once, as far as it can be read.
    """
    told = no_map(tmp_path, 'trim = 1\nempty = 2\nignored = ["x"]')
    assert len(told) == 3

    told = no_map(tmp_path, 'columns.A = "x"\ncolumns.B = "y"\nconstants.z = "1"')
    assert len(told) == 3


@pytest.mark.parametrize(
    "toml", ["", "# nothing\n", "\ufefftrim = true\r\n", "delimiter = '\t'", "[dates]"]
)
def test_maps_that_say_little(tmp_path, toml):
    """
    Everything in a map may be left out; a byte-order mark and CRLF change nothing.
    """
    (tmp_path / "m.toml").write_bytes(toml.encode())

    assert read_map(str(tmp_path / "m.toml")).held.columns == {}


def test_a_map_is_known_by_its_bytes(tmp_path):
    """
    The hash is that of the file, whatever it means.
    """
    path = tmp_path / "m.toml"
    path.write_bytes(b"trim = true\r\n")

    assert read_map(str(path)).sha256 == sha256(b"trim = true\r\n").hexdigest()


@pytest.mark.parametrize("name", ["", "none.toml", ".", "a\0b"])
def test_a_map_that_is_not_there(tmp_path, monkeypatch, name):
    """
    A map that cannot be opened is not found.
    """
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NoInputFileError, match="cannot read"):
        read_map(name)
