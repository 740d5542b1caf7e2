"""Snapshots in a ledger: what they add, what they refuse, and what they answer."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger import app
from ledger.domain.fiscal import end_of_day
from ledger.errors import FaultyFileError, KnownLaterError
from ledger.intake.rows import Heading
from ledger.intake.snapshot_import import Snapshot
from ledger.reader import open_log
from projections import basis as bases
from projections import counts, extracts
from projections.history import line_of
from projections.readmodel import open_read_model
from tests import extracts as made
from tests import ledgers, oracle, strategies

if TYPE_CHECKING:
    from tests.strategies import Load

ZONE = ledgers.ZONE
TODAY = datetime(2025, 6, 1, 12, tzinfo=UTC)
QUESTIONS = [
    counts.Question(oracle.MEASURES),
    *(counts.Question(oracle.MEASURES, by=(column,)) for column in oracle.COLUMNS),
]


def end(day: str | date) -> datetime:
    """
    Return the last microsecond of a day.
    """
    if isinstance(day, str):
        day = date.fromisoformat(day)
    return end_of_day(day, ZONE) - timedelta(microseconds=1)


def take(path, extract, day, *, refuse=None, rows=None, **given):
    """
    Load an extract as known at the end of a day.
    """
    ledger, identity = app.open_ledger(str(path), clock=ledgers.Clock(TODAY))
    known_at = day if isinstance(day, datetime) else end(day)
    try:
        return ledger.import_snapshot(
            Snapshot("extract.csv", known_at, **given),
            made.rows(extract) if rows is None else rows,
            sha256="0" * 64,
            zone=ZoneInfo(identity.timezone),
            set_aside=refuse,
        )
    finally:
        ledger.close()


def told(path) -> list[dict]:
    """
    Return the facts of a ledger but its first.
    """
    with open_log(str(path)) as log:
        return [line_of(row) for row in log.rows(1, log.head)]


def events(path) -> list[str]:
    """
    Return the events of a ledger but its first.
    """
    return [fact["event"] for fact in told(path)]


@pytest.fixture
def path():
    """
    An empty ledger.
    """
    with ledgers.folder() as folder:
        yield ledgers.make(folder / "scr.db")


# --- whatever happened -------------------------------------------------------------


def figures(path, day: date) -> list:
    """
    Return every built-in figure as of a day, whole and by each column.
    """
    with open_log(path) as log, open_read_model(log) as model:
        basis = bases.parse_as_of(day.isoformat(), log)
        return [counts.count(model, basis, question) for question in QUESTIONS]


def with_known_at(loads: list[Load], *, with_from: bool) -> list[dict]:
    """
    Return the lines of all files that have a `known_at`, and whether with `from`.
    """
    lines = [line for load in loads for line in load.lines if "known_at" in line]
    if with_from:
        return lines
    return [{k: v for k, v in line.items() if k != "from"} for line in lines]


def days(facts) -> st.SearchStrategy[list[date]]:
    """
    Draw days on which extracts were made, in order.
    """
    known = {fact.known_at.astimezone(oracle.ZONE).date() for fact in facts}
    return st.lists(
        st.sampled_from(sorted(known | {date(2019, 1, 15), date(2022, 1, 15)})),
        min_size=1,
        max_size=4,
        unique=True,
    ).map(sorted)


@pytest.mark.parametrize("choice", ["last", "every", "holding"])
@holds_for(strategies.loads(max_files=2), st.data())
def test_extracts_of_some_days_answer_as_the_history_does(
    choice: str, loads: list[Load], data
):
    """
    Whatever lawful history is cut into extracts on any days, the ledger they load into
    gives each built-in figure, as of each of those days, as it does: with every
    determination in the extracts, with those that hold, and where none says `from`
    with the last.
    """
    lines = with_known_at(loads, with_from=choice != "last")
    chosen = {"every": made.determined, "holding": made.holding}.get(choice)
    mergers = [line for line in lines if "scr" not in line]
    with ledgers.folder() as folder:
        whole = ledgers.make(folder / "whole.db")
        cut = ledgers.make(folder / "cut.db")
        ledgers.load(whole, _text(lines))
        ledgers.load(cut, _text(mergers))
        with open_log(whole) as log:
            facts = ledgers.facts(log)
        cuts = data.draw(days(facts), label="days")
        left_out = data.draw(st.booleans(), label="voided SCRs are left out")
        per_outcome = data.draw(st.booleans(), label="a row per outcome")
        for day in cuts:
            extract = made.extract(facts, end(day), chosen)
            if left_out:
                extract = [cells for cells in extract if "voided" not in cells]
            if per_outcome:
                extract = made.one_row_per_outcome(extract)
            extract.append({"scr": "SCR-0", **NEW})  # An empty one is refused.
            take(cut, extract, day, missing="voids" if left_out else "report")
            assert take(cut, extract, day).imported.totals.new == 0
            with open_log(cut) as log:
                basis = bases.parse_as_of(day.isoformat(), log)
                compared = extracts.compare(log, basis, made.rows(extract))
                assert compared.rows == []
        for day in cuts:
            assert figures(cut, day) == figures(whole, day)


def _text(lines: list[dict]) -> str:
    return "".join(f"{json.dumps(line)}\n" for line in lines)


# --- what an extract adds ------------------------------------------------------------

NEW = {"case_number": "C-1", "office": "SAC Houston", "filed_on": "2018-10-01"}
PLAIN = {
    "scr": "SCR-1",
    **NEW,
    "category": "gangs",
    "subcategory": "street",
    "association": "yes",
    "transnational": "unknown",
    "organization": "ORG-1",
    "determined_on": "2018-10-03",
    "approved": "yes",
    "approved_on": "2018-10-04",
    "outcome_1": "D1",
    "kind_1": "disruption",
    "on_1": "2019-03-04",
    "outcome_2": "D2",
    "kind_2": "dismantlement",
    "on_2": "2019-03-01",
}
FIRST, SECOND, THIRD = "2020-01-15", "2021-01-15", "2022-01-15"


def changed(*without: str, **cells: str) -> dict[str, str]:
    """
    Return the plain SCR with other cells.
    """
    return {k: v for k, v in (PLAIN | cells).items() if k not in without}


def test_an_scr_seen_first_is_told_from_its_beginning(path):
    """
    It is filed, classified, determined, approved, and its outcomes happened, each on
    the day the row has; all known at the end of the extract's day, all claimed.
    """
    take(path, [PLAIN], FIRST)

    facts = told(path)
    assert [(fact["event"], fact.get("effective_on")) for fact in facts] == [
        ("filed", "2018-10-01"),
        ("classified", "2018-10-01"),
        ("determined", "2018-10-03"),
        ("approved", "2018-10-04"),
        ("disrupted", "2019-03-04"),
        ("dismantled", "2019-03-01"),
        ("imported", None),
    ]
    assert {fact["known_at"] for fact in facts[:-1]} == {"2020-01-16T04:59:59.999999Z"}
    assert all(fact["claimed"] for fact in facts[:-1])
    assert facts[0]["source"] == "extract.csv, row 2"


CHANGES = {
    "category": ({"category": "fraud"}, (), ["reclassified"]),
    "transnational": ({"transnational": "yes"}, (), ["redetermined"]),
    "no organization": ({}, ("organization",), ["redetermined"]),
    "determined anew": (
        {"determined_on": "2020-05-05", "association": "no"},
        (),
        ["determined"],
    ),
    "office": ({"office": "SAC El Paso"}, (), ["transferred"]),
    "office and program": (
        {"office": "SAC El Paso", "program": "p"},
        (),
        ["transferred"],
    ),
    "program": ({"program": "p"}, (), ["refiled"]),
    "case number": ({"case_number": "C-2"}, (), ["refiled"]),
    "title": ({"title": "t"}, (), ["refiled"]),
    "outcome redated": ({"on_1": "2019-10-01"}, (), ["redated"]),
    "outcome gone": ({}, ("outcome_2", "kind_2", "on_2"), ["rescinded"]),
    "outcome new": (
        {"outcome_3": "D3", "kind_3": "disruption", "on_3": "2020-10-01"},
        (),
        ["disrupted"],
    ),
    "not approved": ({"approved": "no"}, (), ["rescinded"]),
    "returned": ({"approved": "returned"}, (), ["returned"]),
    "approved again": ({"approved_on": "2020-02-02"}, (), ["approved"]),
    "voided": ({"voided": "yes"}, (), ["voided"]),
    "changed and voided": (
        {"voided": "yes", "category": "fraud"},
        (),
        ["reclassified", "voided"],
    ),
}


@pytest.mark.parametrize(("cells", "without", "added"), CHANGES.values(), ids=CHANGES)
def test_a_later_extract_adds_what_differs(path, cells, without, added):
    """
    One fact for one difference, whose reason names file and row; and when the next
    extract is as the first was, the facts that lead back.
    """
    take(path, [PLAIN], FIRST)
    before = len(told(path))
    take(path, [changed(*without, **cells)], SECOND)
    facts = told(path)[before:]

    assert [fact["event"] for fact in facts] == [*added, "imported"]
    for fact in facts[:-1]:
        assert fact.get("reason", "extract.csv, row 2") == "extract.csv, row 2"
        assert fact["known_at"] == "2021-01-16T04:59:59.999999Z"


@pytest.mark.parametrize(
    ("changes", "back"),
    [
        ({"approved": "no"}, ["approved"]),
        ({"voided": "yes"}, ["reinstated"]),
        ({"category": "fraud"}, ["reclassified"]),
        ({"on_1": "2019-10-01"}, ["redated"]),
        ({"outcome_2": "D9"}, ["approved", "rescinded"]),
    ],
)
def test_what_comes_back_is_told_back(path, changes, back):
    """
    When an extract is again as an earlier one was, the facts that lead back are added:
    an outcome or an SCR that was taken back is approved, a voided SCR reinstated.
    """
    take(path, [PLAIN], FIRST)
    take(path, [changed(**changes)], SECOND)
    before = len(told(path))
    take(path, [PLAIN], THIRD)

    assert events(path)[before:] == [*back, "imported"]
    with open_log(path) as log:
        found = extracts.compare(log, bases.of_now(log), made.rows([PLAIN]))
    assert found.rows == []


def test_an_extract_that_says_nothing_new_adds_nothing(path):
    """
    Neither the same extract again, nor one of a later day in which all is the same.
    """
    take(path, [PLAIN], FIRST)
    before = len(told(path))

    assert take(path, [PLAIN], FIRST).imported.totals.new == 0
    assert take(path, [PLAIN], SECOND).imported.totals.already_recorded == 1
    assert len(told(path)) == before


def test_a_column_that_is_not_there_says_nothing(path):
    """
    An extract without a column leaves alone what the ledger has; with an empty one it
    says that there is nothing.
    """
    take(path, [PLAIN], FIRST)
    cells = {"scr": "SCR-1", "office": "SAC X"}
    row = made.Row(2, cells, {name: Heading(name) for name in cells})
    before = len(told(path))
    take(path, [], SECOND, rows=[row])

    assert events(path)[before:] == ["transferred", "imported"]


def test_an_scr_with_an_earlier_first_approval_is_told_of_both(path):
    """
    The first approval decides in which year an SCR entered, so an extract that has its
    day tells of it even where the SCR is not approved any more.
    """
    cells = {"approved_on": "2019-12-01", "first_approved_on": "2018-11-01"}
    take(path, [changed(**cells), changed(scr="SCR-2", approved="no", **cells)], FIRST)

    facts = [f for f in told(path) if f["event"] in {"approved", "rescinded"}]
    assert [(fact["event"], fact["effective_on"]) for fact in facts] == [
        ("approved", "2018-11-01"),
        ("approved", "2019-12-01"),
        ("approved", "2018-11-01"),
        ("rescinded", "2020-01-15"),
    ]


# --- what is not in it ---------------------------------------------------------------


def test_an_scr_that_is_gone_is_reported(path):
    """
    It stays as it was, and is named; an SCR that was voided before is not missed.
    """
    take(path, [PLAIN, changed(scr="SCR-2"), changed(scr="S-3", voided="yes")], FIRST)
    report = take(path, [PLAIN], SECOND)

    assert report.missing == ("SCR-2",)
    assert report.imported.totals.new == 0


def test_an_scr_that_is_gone_is_voided_where_asked(path):
    """
    With `voids` it is voided, for the reason that the file lacks it; and an extract
    that has it again reinstates it.
    """
    take(path, [PLAIN, changed(scr="SCR-2")], FIRST)
    report = take(path, [PLAIN], SECOND, missing="voids")

    assert report.missing == ("SCR-2",)
    assert told(path)[-2]["event"] == "voided"
    assert told(path)[-2]["reason"] == "extract.csv: the SCR is not in it"
    take(path, [PLAIN, changed(scr="SCR-2")], THIRD)
    assert events(path)[-2] == "reinstated"


def test_an_extract_without_rows_voids_nothing(path):
    """
    It is refused: more likely the file is wrong than that everything is gone.
    """
    take(path, [PLAIN], FIRST)

    with pytest.raises(FaultyFileError) as caught:
        take(path, [], SECOND, missing="voids")
    assert caught.value.lines == ("extract.csv:1: scr: the extract has no rows",)


# --- what is refused -----------------------------------------------------------------


def test_a_snapshot_of_a_day_to_come_is_refused(path):
    """
    Nobody can know today how things will stand at the end of the day.
    """
    with pytest.raises(KnownLaterError):
        take(path, [PLAIN], "2025-06-02")


def test_what_the_ledger_knew_later_is_not_overtaken(path):
    """
    An older extract may not add facts about an SCR of which something later is known,
    where it differs; where it agrees it adds nothing, as always.
    """
    take(path, [PLAIN, changed(scr="SCR-2")], FIRST)
    take(path, [PLAIN, changed(scr="SCR-2", category="fraud")], THIRD)

    assert take(path, [PLAIN, changed(scr="SCR-2")], SECOND).imported.totals.new == 0
    with pytest.raises(FaultyFileError) as caught:
        take(path, [PLAIN, changed(scr="SCR-2", category="theft")], SECOND)
    assert caught.value.lines[0].startswith("extract.csv:3: scr: differs, but")
    with pytest.raises(FaultyFileError) as caught:
        take(path, [PLAIN], SECOND, missing="voids")
    assert caught.value.lines[0].startswith("extract.csv: scr: SCR-2 is not in")


UNSAYABLE = {
    "category": (changed("category", "subcategory"), "category", "is empty"),
    "determination": (
        changed("association", "transnational", "organization", "determined_on"),
        "association",
        "is empty",
    ),
    "kind": (changed(kind_1="dismantlement"), "outcome", "is a disruption"),
    "first approval": (
        changed(first_approved_on="2017-01-01"),
        "first_approved_on",
        "no event corrects it",
    ),
}


@pytest.mark.parametrize(("row", "field", "why"), UNSAYABLE.values(), ids=UNSAYABLE)
def test_what_no_event_can_say_refuses_the_row(path, row, field, why):
    """
    The refusal names file, row, field and rule, and nothing is recorded.
    """
    take(path, [PLAIN], FIRST)
    before = len(told(path))

    with pytest.raises(FaultyFileError) as caught:
        take(path, [changed(scr="SCR-9"), row], SECOND)
    assert caught.value.lines[0].startswith(f"extract.csv:3: {field}: ")
    assert why in caught.value.lines[0]
    assert len(told(path)) == before


def test_a_reversed_outcome_does_not_come_back(path):
    """
    An outcome that the ledger has reversed needs a new id, and the refusal says so.
    """
    take(path, [PLAIN], FIRST)
    fact = {
        "scr": "SCR-1",
        "event": "reversed",
        "effective_on": "2020-06-01",
        "known_at": "2020-06-01T12:00:00Z",
        "by": "b",
        "outcome": "D1",
        "reason": "r",
    }
    ledgers.load(path, _text([fact]), clock=ledgers.Clock(TODAY))

    with pytest.raises(FaultyFileError, match="refused") as caught:
        take(path, [PLAIN], SECOND)
    assert caught.value.lines == (
        "extract.csv:2: outcome: D1 is reversed in the ledger;"
        " give the new one a new id",
    )


def test_what_no_count_depends_on_is_kept_and_reported(path):
    """
    No event corrects the day of filing or empties a title: the ledger keeps what it
    has, and the import says for how many SCRs.
    """
    take(path, [changed(title="t")], FIRST)
    report = take(path, [changed(filed_on="2018-10-02", office="SAC X")], SECOND)

    assert report.imported.totals.added == {"transferred": 1}
    assert report.imported.totals.anomalies == {"filed-on-kept": 1, "title-kept": 1}


def test_set_aside_leaves_out_whole_scrs(path):
    """
    All rows of an SCR with a fault are left out with their reasons, the others are
    taken, and the import says how many SCRs it left out.
    """
    refused = []
    extract = [PLAIN, {"scr": "SCR-2", "office": "SAC X"}]
    report = take(path, extract, FIRST, refuse=refused.append)

    assert report.imported.totals.set_aside == 1
    assert told(path)[-1]["set_aside"] == 1
    assert [(each.line, each.subject) for each in refused] == [(3, "SCR-2")]
    assert {field for field, _ in refused[0].faults} == {"case_number", "filed_on"}
    assert refused[0].said == {"cells": extract[1]}
    assert {fact["scr"] for fact in told(path)[:-1]} == {"SCR-1"}


def test_a_row_without_an_scr_is_never_set_aside(path):
    """
    Nobody knows which SCR would be left incomplete, so the file is refused.
    """
    with pytest.raises(FaultyFileError) as caught:
        take(path, [PLAIN, {"office": "SAC X"}], FIRST, refuse=[].append)
    assert caught.value.lines == ("extract.csv:3: scr: is required",)
