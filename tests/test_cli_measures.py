"""`scr measure list`, `show` and `diff`, and every command on a ledger that has any."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from cli.render import FORMATS
from ledger.domain.definitions import BUILT_IN
from tests.commandline import HISTORY, prepare, scr
from tests.definitions import Put, body, put

IN_2017 = datetime(2017, 10, 1, 4, tzinfo=UTC)
IN_2022 = datetime(2022, 10, 1, 4, tzinfo=UTC)
RATE = {"population": {"tco": ["yes"]}, "denominator": "dd-all"}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """
    A ledger of 19 facts, then `apg@1` as of 2017, `gone@1` and its retirement, `apg@2`
    as of 2022: at positions 20 to 23.
    """
    path = str(prepare(tmp_path_factory.mktemp("measures")))
    put(
        path,
        Put(body("apg", targets={"2019": 40, "2021": 2.5}, **RATE), IN_2017),
        Put(body("gone", unit="case"), IN_2017),
        Put("gone", IN_2022),
        Put(body("apg", 2, population={"tco": ["yes", "unknown"]}), IN_2022),
    )
    return path


@pytest.fixture(autouse=True)
def here(ledger, monkeypatch):
    """
    That ledger, named in the environment.
    """
    monkeypatch.setenv("SCR_LEDGER", ledger)


def rows(*arguments: str) -> list[dict]:
    """
    Return the rows of an answer in JSON that went well.
    """
    told = scr(*arguments, "--json")
    assert told.err == ""
    assert told.code in {0, 1}
    return told.json["rows"]


# --- the group --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["measure"], 2, "Missing command; see `scr measure --help`"),
        (["measure", "lst"], 2, "no command of measure is named lst; did you mean li"),
        (["measure", "x"], 2, "no command of measure is named x; see `scr measure --h"),
        (["measure", "\udc80"], 2, r"no command of measure is named \udc80"),
        (["measure", "list", "x"], 2, "unexpected extra argument"),
        (["measure", "list", "--as-of", "x"], 3, "no publication is named x"),
        (["measure", "show"], 2, "Missing argument 'ID[@VERSION]'"),
        (
            ["measure", "show", "x"],
            2,
            "no measure is named x; there are dd-all, dd-tco,",
        ),
        (["measure", "show", "\udc80"], 2, r"no measure is named \udc80"),
        (["measure", "show", "apg@"], 2, "measure apg has no version ''; there are v"),
        (["measure", "show", "apg@3"], 2, "has no version 3; there are versions 1, 2"),
        (["measure", "show", "apg@01"], 2, "has no version 01"),
        (["measure", "show", "gone@2"], 2, "no version 2; there is version 1"),
        (["measure", "show", "dd-all@2"], 2, "no version 2; there is version 1"),
        (
            ["measure", "show", "gone"],
            2,
            "not in force at this basis; ask for a versio",
        ),
        (["measure", "diff", "apg@1"], 2, "Missing argument 'ID[@VERSION]'"),
        (["measure", "diff", "apg@1", "apg@9"], 2, "measure apg has no version 9"),
        (["count", "apg", "--definition", "apg"], 2, "takes ID@VERSION, not apg"),
        (["count", "apg", "--definition", "apg@"], 2, "takes ID@VERSION, not apg@"),
        (["count", "apg", "--definition", "@1"], 2, "takes ID@VERSION, not @1"),
        (["count", "apg", "--definition", "apg@7"], 2, "measure apg has no version 7"),
        (["count", "--definition", "apg@1"], 2, "apg@1 is of no measure that is asked"),
        (["count", "apg@2", "--definition", "apg@1"], 2, "apg@1 is of no measure that"),
        (["cases", "apg@1", "--definition", "dd-all@1"], 2, "is of no measure that is"),
        (
            ["count", "apg", *["--definition", "apg@1"] * 2],
            2,
            "--definition names apg twice",
        ),
    ],
)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    One line says what was wrong and what there is.
    """
    told = scr(*arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err


def test_the_group_has_its_commands_in_order():
    """
    Its help lists them, recording first.
    """
    listed = scr("measure", "--help").out.partition("Commands:\n")[2]

    names = [line.split()[0] for line in listed.partition("\n\n")[0].splitlines()]
    assert names == ["define", "retire", "list", "show", "diff"]


# --- list -------------------------------------------------------------------------


def standing(*arguments: str) -> dict[str, tuple]:
    """
    Return how measures stand: id → version and state, the built-in ones aside.
    """
    return {
        row["measure"]: (row["version"], row["state"])
        for row in rows("measure", "list", *arguments)
        if row["state"] != "built in"
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([], {"apg": (2, "in force"), "gone": (1, "retired")}),
        (
            ["--as-of", "2020-01-15"],
            {"apg": (1, "in force"), "gone": (1, "in force")},
        ),
        (
            ["--as-of", "2016-01-15"],
            {"apg": (1, "not in force yet"), "gone": (1, "not in force yet")},
        ),
        (["--as-of", "@22"], {"apg": (1, "in force"), "gone": (1, "retired")}),
        (["--as-of", "@20"], {"apg": (1, "in force")}),
        (["--as-of", "@19"], {}),
        (["--as-of", "2022-10-01T03:59:59.999999Z"], {
            "apg": (1, "in force"), "gone": (1, "in force"),
        }),
        (["--as-of", "2022-10-01T04:00:00Z"], {
            "apg": (2, "in force"), "gone": (1, "retired"),
        }),
    ],
)  # fmt: skip
def test_a_measure_stands_as_it_does_at_the_basis(asked, found):
    """
    In force, retired or not yet; what was recorded after the basis is not there.
    """
    assert standing(*asked) == found


def test_of_a_retired_measure_the_last_version_is_listed(tmp_path):
    """
    And from when it was in force, until when.
    """
    path = str(prepare(tmp_path))
    put(path, Put(body("m"), IN_2017), Put(body("m", 2), IN_2022), Put("m"))

    told = scr("--ledger", path, "measure", "list", "--json").json["rows"][-1]
    assert (told["version"], told["state"], told["position"]) == (2, "retired", 21)
    assert told["adopted_at"] == "2022-10-01T04:00:00Z"
    assert told["retired_at"] > told["adopted_at"]


def test_the_built_in_ones_come_first_and_hold_always():
    """
    At every basis, with their hashes, in the order of the contract.
    """
    for asked in ([], ["--as-of", "@0"], ["--as-of", "1950-01-01"]):
        told = rows("measure", "list", *asked)[: len(BUILT_IN)]
        assert [row["measure"] for row in told] == list(BUILT_IN)
        assert {row["state"] for row in told} == {"built in"}
        assert {row["adopted_at"] for row in told} == {None}


def test_a_row_says_what_there_is_to_say():
    """
    From when, as claimed, where it was recorded, until when; the hash in whole.
    """
    apg, gone = rows("measure", "list")[-2:]

    assert list(gone) == [
        "measure", "version", "title", "unit", "state",
        "adopted_at", "claimed", "position", "retired_at", "hash",
    ]  # fmt: skip
    assert gone["adopted_at"] == "2017-10-01T04:00:00Z"
    assert gone["retired_at"] == "2022-10-01T04:00:00Z"
    assert (gone["position"], gone["claimed"], gone["unit"]) == (21, True, "case")
    assert (apg["retired_at"], len(apg["hash"])) == (None, 64)


def test_the_table_is_for_reading():
    """
    Short hashes; always, from when, as claimed, until when.
    """
    lines = scr("measure", "list").out.splitlines()

    assert lines[3].split("   ")[0] == "Measure"
    built_in = next(line for line in lines if line.startswith("dd-tco"))
    assert built_in.split()[-4:] == ["in", "always", "none", "3854364c…"]
    assert "2022-10-01T04:00:00Z (claimed)" in lines[-2]
    until = "2017-10-01T04:00:00Z (claimed), until 2022-10-01T04:00:00Z"
    assert until in lines[-1]


def test_a_basis_gives_the_same_list_for_ever(tmp_path):
    """
    Whatever is recorded afterwards.
    """
    path = str(prepare(tmp_path))
    put(path, Put(body("one"), IN_2017))
    asked = ["--ledger", path, "measure", "list"]
    before = scr(*asked, "--json")
    basis = json.dumps(before.json["basis"])
    put(path, Put(body("two"), IN_2017), Put("one", IN_2017))

    assert scr(*asked, "--basis", basis, "--json") == before
    assert scr(*asked, "--json").json["rows"] != before.json["rows"]


# --- show and diff ----------------------------------------------------------------


def test_show_gives_what_anybody_can_hash():
    """
    The canonical text hashes to the hash, says the same as the definition, and has
    every field in the rows.
    """
    for name in ("apg@1", "apg", "dd-all", "organizations-tco"):
        told = scr("measure", "show", name, "--json").json
        assert sha256(told["canonical"].encode()).hexdigest() == told["hash"]
        assert json.loads(told["canonical"]) == told["definition"]
        assert len(told["rows"]) == sum(
            len(value) if isinstance(value, dict) else 1
            for value in told["definition"].values()
        )


def test_show_takes_the_definition_in_force():
    """
    That of the basis, or a version; it says whether it is the one in force.
    """
    for asked, version, current in (
        (["apg"], 2, True),
        (["apg", "--as-of", "2020-01-15"], 1, True),
        (["apg@1"], 1, False),
        (["apg@2", "--as-of", "2020-01-15"], 2, False),
        (["gone@1"], 1, False),
    ):
        told = scr("measure", "show", *asked, "--json").json
        assert (told["version"], told["in_force"]) == (version, current)
    assert list(told)[:9] == [
        "schema", "basis", "measure", "version", "hash", "position", "adopted_at",
        "claimed", "in_force",
    ]  # fmt: skip


def test_show_in_words():
    """
    The clauses as a table; below it whose it is, from when, and the five statements.
    """
    told = scr("measure", "show", "apg@1").out
    words = "only where the entity meets the TCO definition: yes"

    assert told.startswith("apg@1: what apg counts\n")
    assert f"population.tco        yes                         {words}\n" in told
    for line in (
        "owner   the programme office",
        "source  a memorandum",
        "adopted 2017-10-01T04:00:00Z, as claimed, recorded @20",
        "It is not the definition in force at this basis.",
        "(A) how values are verified and validated:",
        "(E) how the agency makes up for that:",
    ):
        assert f"\n{line}\n" in told
    assert told.count("    as for every measure\n") == 5
    assert "Built in: it holds" in scr("measure", "show", "dd-all").out


def test_diff_says_what_differs():
    """
    Field by field, with exit code 1; where nothing does, 0.
    """
    told = scr("measure", "diff", "apg@1", "apg@2", "--json")

    assert told.code == 1
    assert told.json["rows"] == [
        {"field": "population.tco", "first": ["yes"], "second": ["yes", "unknown"]},
        {"field": "denominator", "first": "dd-all", "second": None},
        {"field": "targets.2019", "first": 40, "second": None},
        {"field": "targets.2021", "first": 2.5, "second": None},
    ]
    assert told.json["definitions"]["first"]["version"] == 1
    assert scr("measure", "diff", "apg", "apg@2").code == 0
    assert "apg@2 to apg@2: no difference" in scr("measure", "diff", "apg", "apg@2").out
    assert scr("measure", "diff", "apg", "apg@2", "--as-of", "2020-01-15").code == 1
    one = scr("measure", "diff", "dd-all", "dd-tco").out
    assert "title" in one
    assert "2 fields differ" in one


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(
    "asked", [["list"], ["show", "apg"], ["diff", "apg@1", "apg@2"]], ids=" ".join
)
def test_every_format_is_written(asked, fmt):
    """
    Each names the basis, and nothing goes to standard error.
    """
    told = scr("measure", *asked, "-f", fmt)

    assert (told.code, told.err) == (int(asked[0] == "diff"), "")
    assert "@23" in told.out or '"position":23' in told.out.replace(" ", "")


# --- figures by a definition ------------------------------------------------------


def test_a_figure_names_its_definition():
    """
    JSON after the rows, JSON Lines in the first line; built-in ones too, and the
    denominator of a rate.
    """
    told = scr("count", "apg", "dd-tco", "--as-of", "2020-01-15", "--json").json

    assert list(told) == ["schema", "basis", "rows", "definitions"]
    assert [(one["measure"], one["version"]) for one in told["definitions"]] == [
        ("apg", 1), ("dd-all", 1), ("dd-tco", 1),
    ]  # fmt: skip
    assert told["definitions"][0] == {
        "measure": "apg",
        "version": 1,
        "hash": scr("measure", "show", "apg@1", "--json").json["hash"],
        "position": 20,
        "adopted_at": "2017-10-01T04:00:00Z",
        "claimed": True,
        "in_force": True,
    }
    lines = scr("count", "apg", "dd-tco", "--as-of", "2020-01-15", "-f", "jsonl").out
    assert json.loads(lines.splitlines()[0])["definitions"] == told["definitions"]


def test_a_definition_may_be_asked_for():
    """
    In place of the one in force, under the name as asked; with a denominator too.
    """
    for command in ("count", "cases"):
        plain = scr(command, "apg", "--fy", "2019", "--json").json
        then = scr(
            command, "apg", "--fy", "2019", "--definition", "apg@1", "--json"
        ).json
        assert plain["definitions"][0]["version"] == 2
        assert then["definitions"][0]["version"] == 1
        assert then["definitions"][0]["in_force"] is False
        assert {row["measure"] for row in then["rows"]} == {"apg"}
    assert [row["scr"] for row in then["rows"]] == ["SCR-1"]
    assert [row["scr"] for row in plain["rows"]] == ["SCR-1", "SCR-3"]
    under = ["apg@1", "--definition", "dd-all@1", "--fy", "2019"]
    assert rows("count", *under)[0]["denominator"] == 3


def test_a_rate_is_two_integers_in_json():
    """
    Value and denominator, and the target of the year; never a quotient.
    """
    told = rows("count", "apg@1", "--fy", "2019..2021")

    assert told == [
        {"measure": "apg@1", "fiscal_year": 2019, "value": 1, "denominator": 3,
         "target": 40},
        {"measure": "apg@1", "fiscal_year": 2020, "value": 1, "denominator": 1},
        {"measure": "apg@1", "fiscal_year": 2021, "value": 0, "denominator": 0,
         "target": 2.5},
    ]  # fmt: skip


def test_a_rate_is_a_percentage_in_a_table():
    """
    Value, denominator, percentage to one decimal, target; of nothing there is none.
    """
    told = scr("count", "apg@1", "dd-all", "--fy", "2019..2021").out.splitlines()

    assert [line.split() for line in told[3:8]] == [
        ["Fiscal", "year", "apg@1", "of", "dd-all", "%", "target", "dd-all"],
        ["─" * len(told[4])],
        ["2019", "1", "3", "33.3", "40", "3"],
        ["2020", "1", "1", "100.0", "none", "1"],
        ["2021", "0", "0", "none", "2.5", "0"],
    ]


@pytest.mark.parametrize(
    ("value", "denominator", "text"),
    [
        (0, 7, "0.0"), (1, 3, "33.3"), (2, 3, "66.7"), (1, 1, "100.0"),
        (1, 2000, "0.1"), (1, 2001, "0.0"), (999, 1000, "99.9"),
        (1999, 2000, "100.0"), (25, 2, "1,250.0"), (5, 0, None),
    ],
)  # fmt: skip
def test_a_percentage_is_rounded_half_up(value, denominator, text):
    """
    In integers, so that no figure depends on how a float is rounded.
    """
    from cli.counting import _percentage

    assert _percentage(value, denominator) == text


def test_a_table_says_which_definition_it_rests_on():
    """
    One line each, with the hash's beginning, from when, as claimed; and where it is not
    the one in force. Built-in ones need no line.
    """
    hashes = [
        scr("measure", "show", name, "--json").json["hash"][:8]
        for name in ("apg@2", "apg@1")
    ]
    told = scr("count", "apg", "apg@1", "--fy", "2019").out.splitlines()

    assert told[-2:] == [
        f"apg@2 sha256 {hashes[0]}…, in force from 2022-10-01T04:00:00Z (claimed),"
        " recorded @23",
        f"apg@1 sha256 {hashes[1]}…, adopted 2017-10-01T04:00:00Z (claimed), not the"
        " definition in force at this basis, recorded @20",
    ]
    assert "sha256" not in scr("count", "dd-all").out
    assert scr("cases", "apg", "--fy", "2019").out.splitlines()[-1] == told[-2]


@pytest.mark.parametrize("fmt", ["csv", "tsv"])
def test_cells_have_columns_for_what_a_rate_has(fmt):
    """
    Denominator and target where a measure has them; else the columns there always were.
    """
    mark = {"csv": ",", "tsv": "\t"}[fmt]

    def heading(*asked: str) -> list[str]:
        told = scr("count", *asked, "--fy", "2019", "-f", fmt).out
        assert "sha256" not in told
        return next(csv.reader(io.StringIO(told), delimiter=mark))

    plain = ["measure", "fiscal_year", "value", "basis"]
    assert heading("dd-all", "apg@2") == plain
    assert heading("apg@1") == [*plain[:3], "denominator", "target", "basis"]
    assert heading("apg@1", "--by", "office") == [*plain[:2], "office", *plain[2:]]


def test_markdown_has_no_notes():
    """
    It is the rows and the basis, as before.
    """
    assert "sha256" not in scr("count", "apg", "-f", "md").out


def test_cases_of_case_numbers_name_them():
    """
    Where case numbers are counted, each row has its own, in every format.
    """
    told = scr("cases", "gone@1", "--fy", "2019", "-f", "csv").out
    (first, *_) = csv.DictReader(io.StringIO(told))

    assert first["case_number"] == "C-1"
    assert "Case number" in scr("cases", "gone@1", "--fy", "2019").out
    assert "case_number" not in scr("cases", "apg", "--fy", "2019", "-f", "csv").out


# --- every other command ----------------------------------------------------------


def test_the_log_lists_definitions():
    """
    By measure, with what they say first; JSON has them as they are kept.
    """
    told = scr("log", "--from", "@20").out.splitlines()[5:]

    assert [line.split()[:3] for line in told] == [
        ["20", "apg", "defined"],
        ["21", "gone", "defined"],
        ["22", "gone", "retired"],
        ["23", "apg", "defined"],
    ]
    assert "version 2, title what apg counts, owner the programme office" in told[3]
    kept = rows("log", "--event", "defined")
    assert [row["measure"] for row in kept] == ["apg", "gone", "apg"]
    assert kept[0]["definition"]["population"] == {"approved": True, "tco": ["yes"]}
    assert [row["event"] for row in rows("log", "--event", "retired")] == ["retired"]


def test_an_export_has_case_facts_only(tmp_path):
    """
    Definitions are the ledger's own facts; a ledger made of an export counts by the
    built-in ones as before.
    """
    told = scr("export")
    assert "defined" not in told.out
    assert told.out.count("\n") == HISTORY.count("\n")

    (tmp_path / "facts.jsonl").write_text(told.out)
    other = ["--ledger", str(tmp_path / "other.db")]
    assert scr(*other, "init").code == 0
    assert scr(*other, "import", str(tmp_path / "facts.jsonl")).code == 0
    assert scr(*other, "count", "--json").json["rows"] == rows("count")
    assert scr(*other, "count", "apg").code == 2


def test_the_keeping_commands_work(ledger):
    """
    It verifies, can be rebuilt, is looked over, and an SCR is shown.
    """
    before = rows("count", "apg", "apg@1", "dd-all")

    assert scr("verify").out.startswith("verified: every fact up to @23")
    assert scr("rebuild").out.startswith(f"rebuilt {ledger}.readmodel to @23, in ")
    assert {row["verdict"] for row in rows("doctor")} <= {"fine", "note"}
    assert len(rows("show", "SCR-1")) == 5
    assert rows("count", "apg", "apg@1", "dd-all") == before


def test_facts_still_follow(tmp_path, monkeypatch):
    """
    Files and live facts are recorded after definitions as before them.
    """
    monkeypatch.setenv("SCR_BY", "agent-1")
    path = str(prepare(tmp_path))
    put(path, Put(body("apg"), IN_2017))
    (tmp_path / "same.jsonl").write_text(HISTORY)

    told = scr("--ledger", path, "import", str(tmp_path / "same.jsonl"))
    assert "nothing new, 17 already recorded; head @20" in told.out
    reopen = ["reopen", "SCR-1", "--reason", "more came up"]
    assert scr("--ledger", path, *reopen).out.startswith("recorded @21")
    assert scr("--ledger", path, "verify").code == 0
