"""Extracts as they are read: what a row says, and every fault with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger.domain.events import parse_fields
from ledger.intake.rows import CellFault, Heading, Row
from ledger.intake.snapshot import FIELDS, SnapshotState, is_field, states
from ledger.intake.snapshot_differences import Known, differences, learn
from ledger.intake.snapshot_facts import Taking, facts, kept
from projections.extracts import Unread, faulty
from tests.extracts import rows

TAKING = Taking(
    "x.csv", datetime(2020, 1, 16, 4, 59, tzinfo=UTC), date(2020, 1, 15), "desk", "desk"
)
SCR = {
    "scr": "SCR-1",
    "case_number": "C-1",
    "office": "SAC Houston",
    "filed_on": "2018-10-01",
}


def read(*extract: dict) -> tuple[list, list]:
    """
    Return what an extract says, and what of it is refused.
    """
    refused = []
    return list(states(rows(extract), refused.append)), refused


def faults(*extract: dict) -> list[tuple[int, str, str]]:
    """
    Return the faults of an extract.
    """
    return [fault for each in read(*extract)[1] for fault in each.faults]


def known(*lines: dict) -> Known | None:
    """
    Return what is known after some lines.
    """
    held = None
    for line in lines:
        held = learn(held, parse_fields(line))
    return held


# --- reading -----------------------------------------------------------------------


def headings(*fields: str) -> dict[str, Heading]:
    """
    Return columns that are called as their fields are.
    """
    return {field: Heading(field) for field in fields}


@pytest.mark.parametrize(
    ("text", "voided"), [("yes", True), ("TRUE", True), ("no", False), ("FALSE", False)]
)
def test_voided_takes_a_boolean_of_a_workbook(text, voided):
    """
    Beside yes and no; it is the one field that a workbook would have as one.
    """
    ((state,), refused) = read(SCR | {"voided": text})

    assert (state.voided, refused) == (voided, [])


@pytest.mark.parametrize(
    "name",
    [*FIELDS, "outcome_3", "kind_12", "on_999", "association_2", "from_1"],
)
def test_a_field_may_be_called_so(name):
    """
    Those of an outcome and of a determination with a number, too.
    """
    assert is_field(name)


@pytest.mark.parametrize(
    "name", ["", "row", "colour", "office_2", "outcome_0", "on_1000", "from_", "_1"]
)
def test_nothing_else_is_a_field(name):
    """
    What is once in a row has no number, and a number is from 1 to 999.
    """
    assert not is_field(name)


FAULTS = {
    "filed_on": ("1.10.2018", "must be a date YYYY-MM-DD"),
    "approved_on": ("2018-01-01 09:00:00", "must be a date"),
    "determined_on": ("TRUE", "must be a date"),
    "from": ("2018", "must be a date"),
    "case_number": ("\t", "must be text"),
    "title": ("x" * 2001, "must be text of 1 to 2,000"),
    "association": ("Y", "must be yes, no or unknown"),
    "approved": ("maybe", "must be yes, no or returned"),
    "voided": ("X", "must be yes or no"),
    "organization": ("A B", "must be an id"),
    "outcome_1": ("D 1", "must be an id"),
    "kind_1": ("disrupted", "must be disruption or dismantlement"),
    "on_1": ("2019.5", "must be a date"),
}
WHOLE = {
    "association": "yes",
    "transnational": "no",
    "outcome_1": "D1",
    "kind_1": "disruption",
    "on_1": "2019-01-01",
}


@pytest.mark.parametrize(
    ("field", "cell", "rule"), [(f, *v) for f, v in FAULTS.items()]
)
def test_a_wrong_cell_is_named(field, cell, rule):
    """
    By row, field and rule; once.
    """
    ((row, named, why),) = faults(SCR | WHOLE | {field: cell})

    assert (row, named) == (2, field)
    assert why.startswith(rule)


@pytest.mark.parametrize("field", [*FAULTS, "transnational", "row"])
def test_a_cell_at_fault_refuses_its_scr(field):
    """
    Whatever it should have held; nothing is asked for in its place.
    """
    cells = {name: text for name, text in (SCR | WHOLE).items() if name != field}
    row = Row(2, cells, headings(*cells, field), (CellFault(field, "is an error"),))
    refused = []

    assert list(states([row, *rows([SCR | {"scr": "S"}])], refused.append))
    assert [(each.scr, each.faults) for each in refused] == [
        ("SCR-1", ((2, field, "is an error"),))
    ]


def test_rows_of_one_scr_do_not_contradict_a_cell_at_fault():
    """
    The fault of one row is all that is said of that field.
    """
    whole = SCR | {"outcome": "D1", "kind": "disruption", "on": "2019-01-01"}
    other = {k: v for k, v in whole.items() if k != "office"} | {"outcome": "D2"}
    fault = (CellFault("office", "is an error"),)
    refused = []
    found = [Row(2, whole, headings(*whole)), Row(3, other, headings(*whole), fault)]

    assert list(states(found, refused.append)) == []
    assert refused[0].faults == ((3, "office", "is an error"),)


@pytest.mark.parametrize(
    ("cells", "fault", "faults"),
    [
        ({}, ("scr", "is an error"), [("scr", "is an error")]),
        ({}, ("row", "has 2 cells"), [("row", "has 2 cells")]),
        ({}, ("on_1", "bad"), [("on_1", "bad"), ("scr", "is required")]),
        ({"scr": "S 1"}, ("on_1", "bad"), [("on_1", "bad"), ("scr", "must be an id")]),
    ],
)
def test_a_row_without_an_scr_names_none(cells, fault, faults):
    """
    Where its `scr` is at fault, empty or no id, and all faults of the row are told.
    """
    row = Row(2, cells, headings("scr"), (CellFault(*fault),))
    refused = []

    assert list(states([row], refused.append)) == []
    assert [each.scr for each in refused] == [None]
    for (number, field, rule), (named, why) in zip(
        refused[0].faults, faults, strict=True
    ):
        assert (number, field, rule[: len(why)]) == (2, named, why)


def test_a_fault_is_printed_with_its_cell_and_the_title_of_its_column():
    """
    Of a workbook the cell, else the row; the field, and what the column is called.
    """
    columns = {"scr": Heading("Nbr", "A"), "filed_on": Heading("filed_on", "C")}
    found = [Row(2, {"scr": "S-1", "filed_on": "soon"}, columns), Row(3, {}, columns)]
    refused = Unread()
    assert list(states(found, refused.add)) == []

    assert faulty("f.xlsx", refused).lines == (
        "f.xlsx:C2: filed_on: must be a date YYYY-MM-DD, years 1900 to 2999",
        "f.xlsx:A3: scr (Nbr): is required",
    )


TOGETHER = [
    ({"category": "c"}, "subcategory"),
    ({"subcategory": "s"}, "category"),
    ({"association": "yes"}, "transnational"),
    ({"transnational": "yes"}, "association"),
    ({"association": "yes", "from": "2019-01-01"}, "transnational"),
    ({"association_2": "yes"}, "transnational_2"),
    ({"transnational_2": "yes", "from_2": "2019-01-01"}, "association_2"),
    ({"outcome_1": "D1", "kind_1": "disruption"}, "on_1"),
    ({"kind_1": "disruption", "on_1": "2019-01-01"}, "outcome_1"),
]


@pytest.mark.parametrize(("cells", "missing"), TOGETHER)
def test_what_stands_together_is_asked_for(cells, missing):
    """
    Category and subcategory, the elements of a determination, the parts of an outcome.
    """
    ((row, field, rule),) = faults(SCR | cells)

    assert (row, field) == (2, missing)
    assert rule.startswith("is required with ")


def test_what_a_map_says_of_every_row_is_no_outcome():
    """
    A form that numbers its places for outcomes has an id in each, also in empty ones:
    a constant of the map. An id in a column of the table is a cell like any other.
    """
    cells = SCR | {"outcome_1": "1"}
    columns = headings(*SCR, "kind_1", "on_1")
    ((state,), refused) = list(states([Row(2, cells, columns)], None)), []

    assert (dict(state.outcomes), refused) == ({}, [])
    assert faults(SCR | {"outcome_1": "1"}) == [
        (2, "kind_1", "is required with outcome_1"),
        (2, "on_1", "is required with outcome_1"),
    ]


@pytest.mark.parametrize("held", [("outcome",), ("outcome_1", "on_1"), ("kind",)])
def test_an_extract_has_all_columns_of_an_outcome_or_none(held):
    """
    Else every outcome that the ledger has would seem to be gone.
    """
    row = Row(2, SCR, headings(*SCR, *held))
    refused = []

    assert list(states([row], refused.append)) == []
    ((fault,),) = [each.faults for each in refused]
    assert fault.rule == "is required: the extract has other columns of an outcome"


def test_rows_of_one_scr_may_stand_apart_and_must_agree():
    """
    In a table with a row per outcome; what differs is named with the row it differs
    from, and an outcome is given once.
    """
    first = SCR | {"outcome": "D1", "kind": "disruption", "on": "2019-01-01"}
    second = first | {"outcome": "D2", "kind": "dismantlement"}
    ((state, _), refused) = read(first, SCR | {"scr": "S"}, second)
    assert (list(state.outcomes), refused) == (["D1", "D2"], [])

    assert faults(first, second | {"office": "SAC X"}) == [
        (3, "office", "differs from row 2, which is of the same SCR")
    ]
    assert faults(first, first) == [(3, "outcome", "D1 is given twice for SCR-1")]


def test_an_scr_has_one_row_where_outcomes_stand_side_by_side():
    """
    A second row of the same SCR is a fault of the table, even if it says the same.
    """
    assert faults(SCR | WHOLE, SCR | WHOLE) == [(3, "scr", "is in row 2 already")]


@pytest.mark.parametrize(
    ("columns", "cells", "approved"),
    [
        (["approved_on"], {"approved_on": "2019-01-01"}, "yes"),
        (["approved_on"], {}, "no"),
        (["approved_on", "approved"], {"approved_on": "2019-01-01"}, "no"),
        (["first_approved_on"], {"first_approved_on": "2019-01-01"}, "yes"),
        ([], {}, None),
    ],
)
def test_a_date_alone_tells_of_approval(columns, cells, approved):
    """
    Where there is no column `approved`, an SCR with a date of approval is approved;
    without either, the extract says nothing about it.
    """
    row = Row(2, SCR | cells, headings(*SCR, *columns))
    (state,) = states([row], [].append)

    assert state.approved == approved


# --- differences and facts -----------------------------------------------------------

FULL = (
    SCR
    | WHOLE
    | {
        "category": "c",
        "subcategory": "s",
        "high_threat": "yes",
        "organization": "ORG-1",
        "determined_on": "2018-10-02",
        "approved": "yes",
        "approved_on": "2018-12-01",
        "first_approved_on": "2018-11-01",
        "title": "t",
        "program": "p",
    }
)


def lines(cells: dict, held: Known | None = None) -> list[dict]:
    """
    Return the facts of one row.
    """
    ((state,), refused) = read(cells)
    assert refused == []
    return facts(held, state, TAKING)


VARIANTS = [
    FULL,
    SCR,
    FULL | {"voided": "yes"},
    FULL | {"approved": "no"},
    FULL | {"approved": "returned", "voided": "yes"},
    FULL | {"office": "o", "program": "q", "case_number": "C-2", "title": "u"},
    FULL | {"kind_2": "dismantlement", "on_2": "2019-02-01", "outcome_2": "D0"},
    FULL | {"on_1": "2020-01-01", "association": "no", "determined_on": "2019-01-01"},
    {k: v for k, v in FULL.items() if k[-2:] != "_1" and k != "organization"},
    {k: v for k, v in FULL.items() if k not in {"high_threat", "title"}},
]


# A category and a determination cannot be emptied, so nothing leads back to the second.
@pytest.mark.parametrize("after", [VARIANTS[0], *VARIANTS[2:]])
@pytest.mark.parametrize("before", VARIANTS)
def test_the_facts_of_a_row_leave_no_difference(before, after):
    """
    After them the ledger stands as the row says, but for what it must keep; and from
    any state that can be led there.
    """
    held = known(*lines(before))
    ((state,), _) = read(after)
    for line in facts(held, state, TAKING):
        held = learn(held, parse_fields(line))

    assert [each.field for each in differences(held, state)] == kept(held, state)
    assert facts(held, state, TAKING) == []


def test_what_is_not_in_the_extract_is_carried_over():
    """
    A new determination keeps organization, threat and definition where the extract has
    no column for them.
    """
    held = known(*lines(FULL))
    cells = {"scr": "SCR-1", "association": "no", "transnational": "no"}
    (state,) = states([Row(2, cells, headings(*cells))], [].append)
    (line,) = facts(held, state, TAKING)

    assert line["event"] == "redetermined"
    assert (line["organization"], line["high_threat"]) == ("ORG-1", "yes")


# --- several determinations -----------------------------------------------------------

ELEMENTS = ("association", "transnational", "organization", "determined_on", "from")
A = ("no", "yes", "", "2018-10-02", "")
B = ("yes", "yes", "ORG-1", "2018-11-02", "2018-11-01")
C = ("yes", "no", "ORG-2", "2018-12-02", "2018-12-01")
ALL = ("yes", "yes", "ORG-3", "2019-01-02", "")
NEVER = ("unknown", "unknown", "", "2018-10-01", "")


def having(*determinations: tuple[str, ...]) -> dict:
    """
    Return an SCR that has these, in a table that has columns for three.
    """
    empty = {f"{name}_{number}": "" for name in ELEMENTS for number in (1, 2, 3)}
    return (
        SCR
        | empty
        | {
            f"{name}_{number}": text
            for number, given in enumerate(determinations, 1)
            for name, text in zip(ELEMENTS, given, strict=True)
        }
    )


def determined(cells: dict, held: Known | None = None) -> list[tuple[str, ...]]:
    """
    Return of the facts of one row those that determine: event, elements, days.
    """
    return [
        (
            line["event"],
            *(line.get(name, "") for name in ELEMENTS[:3]),
            line["effective_on"],
            line.get("from", ""),
        )
        for line in lines(cells, held)
        if "association" in line
    ]


TOLD = {
    "a first one": ((), (A,), [("determined", *A)]),
    "all of them": ((), (A, B, C), [("determined", *e) for e in (A, B, C)]),
    "even those of before": ((), (A, ALL), [("determined", *e) for e in (A, ALL)]),
    "even what says nothing": ((), (NEVER,), [("determined", *NEVER)]),
    "one more": ((A, B), (A, B, C), [("determined", *C)]),
    "an earlier day": ((A, C), (A, B, C), [("redetermined", *e) for e in (B, C)]),
    "of all days": ((A, B), (ALL,), [("determined", *ALL)]),
    "superseded": ((ALL,), (A, B, ALL), []),
    "held for nothing": ((A, C, B), (A, B), []),
    "another first": (
        (A, B),
        ((*A[:3], "2019-02-02", ""), B),
        [("determined", *A[:3], "2019-02-02", ""), ("redetermined", *B)],
    ),
    "another element": ((A, B), (A, ("no", *B[1:])), [("redetermined", "no", *B[1:])]),
    "another organization": (
        (A, B),
        (A, (*B[:2], "ORG-9", *B[3:])),
        [("redetermined", *B[:2], "ORG-9", *B[3:])],
    ),
    "a later from": (
        (A, B),
        (A, (*B[:4], "2018-12-01")),
        [("redetermined", *e) for e in (A, (*B[:4], "2018-12-01"))],
    ),
    "the first must go": (
        (A, B),
        (B,),
        [
            ("redetermined", "unknown", "unknown", "", "2020-01-15", ""),
            ("redetermined", *B),
        ],
    ),
    "none": (
        (A, B),
        (),
        [("redetermined", "unknown", "unknown", "", "2020-01-15", "")],
    ),
    "an organization is something": (
        ((*NEVER[:2], "ORG-1", *NEVER[3:]),),
        (),
        [("redetermined", "unknown", "unknown", "", "2020-01-15", "")],
    ),
    "nothing is as good as none": ((NEVER, B), (B,), []),
    "and the other way round": ((B,), (NEVER, B), []),
    "it was all": ((NEVER,), (), []),
}


@pytest.mark.parametrize(("before", "after", "told"), TOLD.values(), ids=TOLD)
def test_determinations_that_hold_are_led_to(before, after, told):
    """
    By the last of the extract's, as few as suffice: `determined` where it is news,
    else `redetermined` for the reason that the row says so; then nothing is left.
    """
    held = known(*lines(having(*before)))
    if not before:
        held = None
    found = determined(having(*after), held)
    for line in lines(having(*after), held):
        if line["event"] == "redetermined":
            assert line["reason"] == "x.csv, row 2"
        held = learn(held, parse_fields(line))

    assert found == told
    assert lines(having(*after), held) == []


@pytest.mark.parametrize("after", [(), (A,), (A, B), (C,), (A, C, B), (NEVER, C)])
@pytest.mark.parametrize("before", [(), (A,), (A, B, C), (B, C), (C, B), (B, ALL)])
def test_determinations_lead_from_any_to_any(before, after):
    """
    After the facts of a row the determination of each day is the row's, and the
    comparison finds none that differs.
    """
    held = known(*lines(having(*before)))
    ((state,), _) = read(having(*after))
    for line in facts(held, state, TAKING):
        held = learn(held, parse_fields(line))

    assert differences(held, state) == []
    for month in range(1, 13):
        day = date(2018, month, 15)
        rows_of_day = [e for e in after if not e[-1] or e[-1] <= day.isoformat()]
        here = held.scr.determination(day)
        there = rows_of_day[-1] if rows_of_day else ("unknown", "unknown", "")
        nothing = ("unknown", "unknown", None)
        assert (here[:2] + here[3:4] if here else nothing) == (
            *there[:2],
            there[2] or None,
        )


DIFFERENT = {
    "one element": ((A, B), (A, ("no", *B[1:])), {"association_2": ("no", "yes")}),
    "another from": (
        (A, B),
        (A, (*B[:4], "2019-01-01")),
        {"from_2": ("2019-01-01", "2018-11-01")},
    ),
    "one of several from that day": (
        (A, (*B[:2], "ORG-9", *B[3:]), B),
        (A, (*B[:4], "2019-01-01")),
        {"from_2": ("2019-01-01", "2018-11-01")},
    ),
    "nothing before": (
        (NEVER,),
        (A,),
        {
            "association": ("no", "unknown"),
            "transnational": ("yes", "unknown"),
            "determined_on": ("2018-10-02", "2018-10-01"),
        },
    ),
    "one of one": ((A,), (("yes", *A[1:]),), {"association": ("yes", "no")}),
    "one more here": (
        (A, B, C),
        (A, C),
        {
            "association_2": (None, "yes"),
            "transnational_2": (None, "yes"),
            "organization_2": (None, "ORG-1"),
            "from_2": (None, "2018-11-01"),
        },
    ),
    "one more there": (
        (B,),
        (A, B),
        {
            "association_1": ("no", None),
            "transnational_1": ("yes", None),
            "determined_on_1": ("2018-10-02", None),
        },
    ),
}


@pytest.mark.parametrize(
    ("before", "after", "found"), DIFFERENT.values(), ids=DIFFERENT
)
def test_determinations_differ_field_by_field(before, after, found):
    """
    With a number where there are several, of those in force; as many with as many in
    order, else by the day from which they hold.
    """
    held = known(*lines(having(*before)))
    ((state,), _) = read(having(*after))

    assert {each[0]: each[1:] for each in differences(held, state)} == found


def test_an_extract_without_from_has_the_last_determination():
    """
    It is compared with the last here, whatever that holds for; a change of it holds
    from the same day on, and those of other days are left alone.
    """
    held = known(*lines(having(A, B)))
    same = SCR | dict(zip(ELEMENTS[:4], B[:4], strict=True))
    assert lines(same, held) == []
    other = {"association_1": "no", "transnational_1": "no"}

    assert determined(same | other, held) == [
        ("redetermined", "no", "no", "", "2020-01-15", B[-1])
    ]
    assert determined(same | {"association": "no"}, held) == [
        ("redetermined", "no", *B[1:])
    ]


def without_organizations(*determinations: tuple[str, ...]) -> SnapshotState:
    """
    Return an extract that has these, and no column for an organization or a day.
    """
    names = ("association", "transnational", "from")
    columns = [f"{name}_{number}" for number in (1, 2) for name in names]
    cells = {
        f"{name}_{number}": text
        for number, given in enumerate(determinations, 1)
        for name, text in zip(names, given, strict=True)
        if text
    }
    row = Row(2, {"scr": "SCR-1"} | cells, headings("scr", *columns))
    (state,) = states([row], [].append)
    return state


def test_a_determination_keeps_what_is_not_in_the_extract():
    """
    Of that which held from its day on; where there was none, of the last.
    """
    held = known(*lines(having((*A[:2], "ORG-5", *A[3:]), B)))
    state = without_organizations(("unknown", "yes", ""), ("no", "no", B[-1]))
    told = facts(held, state, TAKING)
    assert [line["organization"] for line in told] == ["ORG-5", "ORG-1"]

    (line,) = facts(
        known(*lines(having(B))),
        without_organizations(("yes", "yes", "2018-10-15")),
        TAKING,
    )
    assert (line["organization"], line["from"]) == ("ORG-1", "2018-10-15")


def test_nothing_is_as_good_as_none_whatever_the_extract_does_not_show():
    """
    An organization that the extract has no column for does not make it something.
    """
    held = known(*lines(having((*NEVER[:2], "ORG-1", *NEVER[3:]))))

    assert differences(held, without_organizations()) == []


def test_tens_come_after_ones():
    """
    The order of numbers is that of determinations, not of their texts.
    """
    cells = {f"{name}_{n}": "yes" for n in (10, 9) for name in ELEMENTS[:2]}
    ((state,), _) = read(SCR | cells | {"organization_10": "ORG-10"})

    assert [each.organization for each in state.determinations] == [None, "ORG-10"]


def test_columns_of_from_without_the_elements_say_nothing():
    """
    Then the table has nothing about determinations, and those here are left alone.
    """
    held = known(*lines(having(A, B)))
    (state,) = states([Row(2, SCR, headings(*SCR, "from", "organization"))], [].append)

    assert differences(held, state) == []


def test_rows_of_one_scr_agree_on_every_determination():
    """
    What differs is named with its number.
    """
    first = having(A, B) | {"outcome": "D1", "kind": "disruption", "on": "2019-01-01"}
    second = first | {"outcome": "D2", "association_2": "unknown"}

    assert faults(first, second) == [
        (3, "association_2", "differs from row 2, which is of the same SCR")
    ]


# --- what is not compared, and where it was found -------------------------------------


def test_of_voided_scrs_nothing_else_is_compared():
    """
    Nothing happens to a voided SCR, so an extract that has it voided agrees.
    """
    held = known(*lines(FULL | {"voided": "yes"}))
    ((state,), _) = read(SCR | {"office": "elsewhere", "voided": "yes"})

    assert differences(held, state) == []


def test_a_source_that_is_long_still_names_the_row():
    """
    The field takes 200 characters; what is cut is the beginning of the name.
    """
    ((state,), _) = read(SCR)
    (line,) = facts(None, state, TAKING._replace(source="n" * 200))

    assert len(line["source"]) == 200
    assert line["source"].endswith("n, row 2")
