"""The facts themselves: one SCR, the whole log, and the export of it."""

from __future__ import annotations

import csv
import io
import json
from contextlib import chdir
from datetime import UTC, date, datetime

import pytest
from hypothesis import given as holds_for
from hypothesis import settings

from tests import ledgers, oracle, strategies
from tests.commandline import HISTORY, filed, life, line, on_terminal, prepare, scr
from tests.test_cli_defining import TOML

DAYS = [datetime(2024, 1, day, 12, tzinfo=UTC) for day in range(1, 6)]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """
    A ledger made on 2 January 2024, with files loaded on 3, 4 and 5 January, at noon.
    """
    path = ledgers.make(
        tmp_path_factory.mktemp("log") / "scr.db", ledgers.Clock(DAYS[0])
    )
    merged = (
        '{"organization":"ORG-1","event":"merged","effective_on":"2019-05-01",'
        '"by":"analyst","into":"ORG-2","reason":"one network"}\n'
    )
    for day, text in zip(
        DAYS[1:4], (life("SCR-1"), filed("SCR-2", note="n" * 300), merged), strict=True
    ):
        ledgers.load(path, text, clock=ledgers.Clock(day))
    return path


def log(ledger: str, *arguments: str) -> list[dict]:
    """
    Return the rows of `scr log`.
    """
    told = scr("--ledger", ledger, "log", *arguments, "--json")
    assert (told.code, told.err) == (0, "")
    return told.json["rows"]


def places(rows: list[dict]) -> list[int]:
    """
    Return the positions of rows.
    """
    return [row["position"] for row in rows]


# Position 1 is the ledger's identity; 2 to 4 and 5 (its import) came on 3 January; 6
# and 7 on the 4th; 8 and 9 on the 5th.


def test_the_log_has_everything_in_order(ledger):
    """
    Case facts and the ledger's own stand at 1, 2, 3, …, each with its clocks.
    """
    rows = log(ledger)

    assert places(rows) == list(range(1, 10))
    assert rows[0]["event"] == "opened"
    assert {row["event"] for row in rows if "scr" not in row} == {
        "opened",
        "imported",
        "merged",
    }
    assert list(rows[1])[:7] == [
        "position",
        "recorded_at",
        "known_at",
        "claimed",
        "scr",
        "event",
        "effective_on",
    ]
    assert rows[1]["recorded_at"] == "2024-01-03T12:00:00Z"
    assert rows[1]["known_at"] == "2018-10-01T12:00:00Z"
    assert rows[1]["claimed"] is True
    assert (rows[7]["known_at"], rows[7]["claimed"]) == ("2024-01-05T12:00:00Z", False)
    assert "known_at" not in rows[0]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["--from", "@4"], range(4, 10)),
        (["--from", "@0"], range(1, 10)),
        (["--to", "@4"], range(1, 5)),
        (["--to", "@0"], []),
        (["--from", "@4", "--to", "@4"], [4]),
        (["--from", "@6", "--to", "@4"], []),
        (["--from", "2024-01-03"], range(2, 10)),
        (["--from", "2024-01-04"], range(6, 10)),
        (["--to", "2024-01-02"], [1]),
        (["--to", "2024-01-04"], range(1, 8)),
        (["--from", "2024-01-04", "--to", "2024-01-04"], [6, 7]),
        (["--from", "2024-01-04T12:00:00Z"], range(6, 10)),
        (["--from", "2024-01-04T12:00:00.000001Z"], range(8, 10)),
        (["--from", "2024-01-04T07:00:00-05:00"], range(6, 10)),
        (["--to", "2024-01-04T12:00:00Z"], range(1, 8)),
        (["--to", "2024-01-04T11:59:59.999999Z"], range(1, 6)),
        (["--from", "2024-01-03", "--to", "@3"], [2, 3]),
        (["--from", "1900-01-01", "--to", "2999-12-31"], range(1, 10)),
    ],
    ids=lambda given: " ".join(map(str, given)),
)
def test_from_and_to_are_both_included(ledger, given, wanted):
    """
    Days, instants and positions bound the log by `recorded_at`, ends included.
    """
    assert places(log(ledger, *given)) == list(wanted)


def test_a_day_of_the_log_is_one_of_the_ledgers_zone(tmp_path):
    """
    What was recorded at 04:59 UTC belongs to the day before in New York.
    """
    path = ledgers.make(tmp_path / "scr.db", ledgers.Clock(DAYS[0]))
    for text, at in (
        (filed("SCR-1"), datetime(2024, 1, 3, 4, 59, 59, 999_999, tzinfo=UTC)),
        (filed("SCR-2"), datetime(2024, 1, 4, 5, tzinfo=UTC)),
    ):
        ledgers.load(path, text, clock=ledgers.Clock(at))

    # The clock is a day further at each look: 4 January 04:59:59, 5 January 05:00.
    assert places(log(path, "--from", "2024-01-03", "--to", "2024-01-03")) == [2, 3]
    assert places(log(path, "--from", "2024-01-05")) == [4, 5]


def test_filters_narrow_the_log(ledger):
    """
    `--event` and `--scr` keep what they name, within `--from` and `--to`.
    """
    assert places(log(ledger, "--event", "filed")) == [2, 6]
    assert places(log(ledger, "--event", "imported")) == [5, 7, 9]
    assert places(log(ledger, "--event", "dismantled")) == []
    assert places(log(ledger, "--scr", "SCR-1")) == [2, 3, 4]
    assert places(log(ledger, "--scr", "SCR-1", "--from", "@3", "--to", "@8")) == [3, 4]
    assert places(log(ledger, "--scr", "SCR-1", "--event", "approved")) == [3]


@pytest.fixture(scope="module")
def varied(tmp_path_factory):
    """
    A ledger with corrections, sources, organizations, live facts and a definition.
    """
    folder = tmp_path_factory.mktemp("varied")
    path = ledgers.make(folder / "scr.db", ledgers.Clock(DAYS[0]))
    text = (
        life("SCR-1", tco="yes", category="gangs")  # Positions 2 to 6.
        + filed("SCR-2", "2019-05-01", source="letter 7")  # 7
        + line(
            "SCR-1",
            "redetermined",
            "2019-11-01",
            known_at="2019-11-02T03:59:59.999999Z",  # Still the first in New York.
            association="no",
            transnational="no",
            organization="ORG-1",
            reason="one person",
        )  # 8
        + '{"organization":"ORG-2","event":"merged","effective_on":"2019-05-01",'
        '"known_at":"2019-05-02T12:00:00Z","by":"analyst","into":"ORG-1",'
        '"reason":"one network"}\n'  # 9; the import is 10.
    )
    ledgers.load(path, text, clock=ledgers.Clock(DAYS[1]))
    (folder / "apg.toml").write_text(TOML)
    given = ["--ledger", path, "measure", "define", str(folder / "apg.toml")]
    assert scr(*given, "--by", "performance office").code == 0  # 11
    live = ["--ledger", path, "redate", "SCR-1", "--outcome", "D1", "--reason", "typo"]
    told = scr(*live, "--on", "2019-02-04", "--by", "corrections")  # 12
    assert told.code == 0, told.err
    return path


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["--event", "filed", "--event", "merged"], [2, 7, 9]),
        (["--by", "analyst"], [9]),
        (["--by", "performance office"], [11]),
        (["--by", "Analyst"], []),
        (["--source", "letter 7"], [7]),
        (["--organization", "ORG-1"], [8, 9]),
        (["--organization", "ORG-2"], [9]),
        (["--organization", "ORG-3"], []),
        (["--measure", "apg"], [11]),
        (["--measure", "apg", "--from", "@12"], []),
        (["--measure", "dd-all"], []),
        (["--corrections"], [8, 12]),
        (["--claimed"], range(2, 10)),
        (["--witnessed"], [12]),
        (["--effective", "2019-02-04..2019-05-01"], [6, 7, 9, 12]),
        (["--effective", "2019-05-01"], [7, 9]),
        (["--effective", "..2018-10-01"], [2]),
        (["--effective", "2019-05-02.."], [8]),
        (["--known", "2019-11-01"], [8]),
        (["--known", "2019-11-02"], []),
        (["--known", "..2018-10-02"], [2, 3]),
        (["--known", "2019-05-02..2019-11-02"], [8, 9]),
        (["--known", "2020-01-01.."], [12]),
        (["--last", "2"], [11, 12]),
        (["--last", "2", "--to", "@9"], [8, 9]),
        (["--last", "1", "--claimed"], [9]),
        (["--last", "99"], range(1, 13)),
        (["--scr", "SCR-1", "--corrections", "--claimed"], [8]),
        (["--scr", "SCR-1", "--organization", "ORG-1", "--by", "agent-1"], [8]),
    ],
    ids=lambda given: " ".join(map(str, given)),
)
def test_every_filter_keeps_what_it_names(varied, given, wanted):
    """
    Days are those of the ledger's zone, ends included; all filters hold together.
    """
    assert places(log(varied, *given)) == list(wanted)


def test_tables_cut_long_details_and_nothing_else_does(ledger):
    """
    The last column of a table has 100 characters at most; JSON and CSV have all.
    """
    told = scr("--ledger", ledger, "log")
    assert "n" * 300 not in told.out
    details = told.out.splitlines()[3].index("Details")
    assert max(len(row[details:]) for row in told.out.splitlines()[5:]) == 100

    assert log(ledger, "--scr", "SCR-2")[0]["note"] == "n" * 300
    for fmt, mark in (("csv", ","), ("tsv", "\t")):
        told = scr("--ledger", ledger, "log", "-f", fmt)
        rows = list(csv.DictReader(io.StringIO(told.out), delimiter=mark))
        assert f"note {'n' * 300}" in rows[5]["details"]
        assert rows[6]["details"].count("sha256 ") == 1


def test_an_organization_is_the_subject_of_its_own_facts(ledger):
    """
    A merger is about an organization; who it is stands in the column of the subject.
    """
    told = scr("--ledger", ledger, "log", "--event", "merged", "-f", "csv")
    row = next(csv.DictReader(io.StringIO(told.out)))

    assert (row["subject"], row["details"]) == (
        "ORG-1",
        "into ORG-2, reason one network",
    )


# --- one SCR ----------------------------------------------------------------------


def test_show_has_both_clocks_and_how_it_stands(ledger):
    """
    Every fact of an SCR with its day, its two instants, and whose claim it is; then
    the state they fold to.
    """
    told = scr("--ledger", ledger, "show", "SCR-1", "--json")

    assert told.json["schema"] == "scr-show/1"
    assert told.json["scr"] == "SCR-1"
    assert places(told.json["rows"]) == [2, 3, 4]
    assert told.json["state"] == {
        "case_number": "C-1",
        "office": "SAC Houston",
        "program": None,
        "title": None,
        "category": None,
        "subcategory": None,
        "approved": True,
        "stands": True,
        "duplicate_of": None,
        "determinations": [],
        "outcomes": [
            {
                "outcome": "D1",
                "kind": "disruption",
                "on": "2019-03-04",
                "live": True,
                "meets_tco": "unknown",
            }
        ],
    }
    table = scr("--ledger", ledger, "show", "SCR-1").out
    assert "2024-01-03T12:00:00Z" in table
    assert "2018-10-01T12:00:00Z" in table
    assert table.splitlines()[-2:] == [
        "At this basis: approved, stands; no category; SAC Houston.",
        "D1: disruption on 2019-03-04, live, meets TCO: unknown.",
    ]


def test_show_is_a_timeline(varied):
    """
    Each fact has its days late, and a correction and what it corrects name each other;
    what it had before comes first and is as it was.
    """
    rows = scr("--ledger", varied, "show", "SCR-1", "--json").json["rows"]
    told = {row["position"]: row for row in rows}

    assert all(
        list(row)[-3:] == ["days_late", "corrects", "corrected_by"] for row in rows
    )
    listed = {row["position"]: row for row in log(varied, "--scr", "SCR-1")}
    assert listed == {
        place: dict(list(row.items())[:-3]) for place, row in told.items()
    }
    assert {place: row["corrects"] for place, row in told.items()} == {
        2: [],
        3: [],
        4: [],
        5: [],
        6: [],
        8: [4],
        12: [6],
    }
    assert {place: row["corrected_by"] for place, row in told.items()} == {
        2: [],
        3: [],
        4: [8],
        5: [],
        6: [12],
        8: [],
        12: [],
    }
    assert [row["days_late"] for row in rows[:-1]] == [0] * 6
    recorded = datetime.fromisoformat(told[12]["recorded_at"])
    day = recorded.astimezone(oracle.ZONE).date()
    assert told[12]["days_late"] == (day - date(2019, 2, 4)).days


def test_days_late_are_negative_ahead_of_time(tmp_path):
    """
    What was effective after the day it was known is so many days less than none.
    """
    text = filed("SCR-1", "2019-03-10", known_at="2019-03-06T05:00:00Z")
    path = str(prepare(tmp_path, text))

    (row,) = scr("--ledger", path, "show", "SCR-1", "--json").json["rows"]
    assert row["days_late"] == -4


def test_a_timeline_pairs_what_is_visible(varied):
    """
    Before it is known that something is corrected, nothing is said of it.
    """
    given = ("--ledger", varied, "show", "SCR-1", "--json")
    for as_of in ("2019-10-31", "@7"):
        rows = scr(*given, "--as-of", as_of).json["rows"]
        assert places(rows) == [2, 3, 4, 5, 6]
        assert not any(row["corrects"] or row["corrected_by"] for row in rows)
    rows = scr(*given, "--as-of", "2019-11-01").json["rows"]
    assert [row["corrected_by"] for row in rows] == [[], [], [8], [], [], []]


def test_a_timeline_in_columns(varied):
    """
    CSV has positions as text; a table has both clocks and the pairs side by side.
    """
    told = scr("--ledger", varied, "show", "SCR-1", "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(told.out)))

    assert [(row["corrects"], row["corrected_by"]) for row in rows] == [
        ("", ""),
        ("", ""),
        ("", "8"),
        ("", ""),
        ("", "12"),
        ("4", ""),
        ("6", ""),
    ]
    assert rows[5]["details"] == (
        "association no, transnational no, organization ORG-1, reason one person"
    )
    heading = scr("--ledger", varied, "show", "SCR-1").out.splitlines()[4]
    titles = [title.strip() for title in heading.split("   ") if title.strip()]
    assert titles == [
        *("Position", "Event", "Effective on", "Known at", "Claimed", "Days late"),
        *("Recorded at", "By", "Corrects", "Corrected by", "Details"),
    ]


def test_a_narrow_terminal_has_a_timeline_too(varied):
    """
    In eighty columns nothing is wider, the days stand whole, and the rest is words.
    """
    told = on_terminal("--ledger", varied, "show", "SCR-1", columns=80, NO_COLOR="1")
    lines = told.out.splitlines()

    assert told.code == 0
    assert lines[4].split() == ["@", "Effective", "Known", "Late", "Recorded", "What"]
    table = lines[4 : lines.index("", 4)]
    assert max(map(len, table)) <= 80
    assert [row.split()[:5] for row in table if row[:2].strip().isdigit()][-2] == [
        *("8", "2019-11-01", "2019-11-01", "0", "2024-01-03"),
    ]
    words = " ".join(" ".join(row[43:].strip() for row in table[2:]).split())
    assert (
        "redetermined by agent-1; corrects 4; claimed; association no, transnational no"
        in words
    )
    assert "disrupted by agent-1; corrected by 12; claimed; outcome D1" in words
    wide = on_terminal("--ledger", varied, "show", "SCR-1", columns=300, NO_COLOR="1")
    assert wide.out == scr("--ledger", varied, "show", "SCR-1").out


def test_show_at_a_basis_knows_nothing_later(ledger):
    """
    Facts and state are those visible at the basis, on either axis.
    """
    for given in (["--as-of", "2018-10-04"], ["--as-of", "@3"]):
        told = scr("--ledger", ledger, "show", "SCR-1", *given, "--json")
        assert places(told.json["rows"]) == [2, 3]
        assert told.json["state"]["outcomes"] == []


def test_a_state_in_words(tmp_path):
    """
    A voided duplicate, a returned approval and a reversed outcome are said in words.
    """
    text = (
        filed("SCR-9")
        + life("SCR-1", tco="yes", category="gangs")
        + line("SCR-1", "returned", "2020-01-01", reason="r")
        + line("SCR-1", "reversed", "2020-01-02", outcome="D1", reason="r")
        + line("SCR-1", "voided", "2020-01-03", duplicate_of="SCR-9", reason="r")
    )
    path = str(prepare(tmp_path, text))

    assert scr("--ledger", path, "show", "SCR-1").out.splitlines()[-2:] == [
        "At this basis: not approved, voided, a duplicate of SCR-9; gangs / s;"
        " SAC Houston.",
        "D1: disruption on 2019-03-04, not live, meets TCO: yes.",
    ]


# --- export -----------------------------------------------------------------------


def test_an_export_is_only_facts(ledger):
    """
    Case facts as objects, a line each, in log order, always with `known_at`; no basis,
    nothing of the ledger's own.
    """
    told = scr("--ledger", ledger, "export")
    assert (told.code, told.err) == (0, "")
    facts = [json.loads(text) for text in told.out.splitlines()]

    assert places(facts) == [2, 3, 4, 6, 8]
    assert all(list(fact)[-2:] == ["position", "recorded_at"] for fact in facts)
    assert facts[-1] == {
        "organization": "ORG-1",
        "event": "merged",
        "effective_on": "2019-05-01",
        "by": "analyst",
        "reason": "one network",
        "into": "ORG-2",
        "known_at": "2024-01-05T12:00:00Z",
        "position": 8,
        "recorded_at": "2024-01-05T12:00:00Z",
    }


def test_an_export_of_live_facts_hides_who_ran_the_command(tmp_path, monkeypatch):
    """
    The account stays in the log; the export can be imported again.
    """
    path = str(prepare(tmp_path))
    monkeypatch.setenv("SCR_BY", "agent-1")
    assert scr("--ledger", path, "reopen", "SCR-1", "--reason", "r").code == 0
    text = scr("--ledger", path, "export").out
    assert "recorded_by" not in text
    assert "recorded_by" in log(path)[-1]

    other = ledgers.make(tmp_path / "other.db")
    (tmp_path / "facts.jsonl").write_text(text)
    assert scr("--ledger", other, "import", str(tmp_path / "facts.jsonl")).code == 0


@holds_for(strategies.loads(max_files=3))
@settings(max_examples=8)
def test_an_export_imported_anew_gives_the_same_rows(loads):
    """
    For drawn histories, every date and instant has the same figures and the same SCRs
    in a new ledger that holds the export, and its export is the same facts.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        other = ledgers.make(folder / "other.db")
        with chdir(folder):
            assert scr("export", "-o", "facts.jsonl").code == 0
            assert scr("--ledger", "other.db", "import", "facts.jsonl").code == 0
        facts = oracle.facts_of(scr("--ledger", path, "export").out.splitlines())
        again = oracle.facts_of(scr("--ledger", other, "export").out.splitlines())
        assert [fact.line for fact in again] == [fact.line for fact in facts]
        for as_of in ("2018-09-30", "2019-01-15", "2019-10-01T04:00:00Z", "2023-01-01"):
            for asked in (
                ["count", *oracle.MEASURES, "--by", "category,meets_tco"],
                ["cases", "organizations-tco"],
                ["cases", "entered-all"],
            ):
                one, two = (
                    scr("--ledger", held, *asked, "--as-of", as_of, "--json")
                    for held in (path, other)
                )
                assert (one.code, two.code) == (0, 0)
                assert one.json["rows"] == two.json["rows"]


def test_an_export_is_exact_and_safe(tmp_path):
    """
    Text comes back as it went in; hidden characters are escaped on the way.
    """
    title = '\u202e<b>\u2028 \U0001f600 \\ "'
    path = str(prepare(tmp_path, filed("SCR-1", title=title)))

    told = scr("--ledger", path, "export")

    assert json.loads(told.out)["title"] == title
    assert "\u202e" not in told.out
    assert told.out.count("\n") == len(told.out.splitlines()) == 1


def test_the_history_of_the_readme(tmp_path):
    """
    `scr export | scr --ledger copy.db import -` copies the facts.
    """
    prepare(tmp_path, HISTORY)
    ledgers.make(tmp_path / "copy.db")
    with chdir(tmp_path):
        facts = scr("export").out
        (tmp_path / "facts").write_text(facts)
        told = scr("--ledger", "copy.db", "import", "facts")
        assert "added 17 facts" in told.out
        again = scr("--ledger", "copy.db", "import", "facts")
        assert "nothing new, 17 already recorded" in again.out
