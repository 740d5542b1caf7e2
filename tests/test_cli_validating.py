"""`scr validate` and `scr waive`, as typed."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from ledger import app
from ledger.reader import open_log
from projections.validation_rules import RULES
from tests.commandline import life, prepare, scr
from tests.test_cli_main import imported

TOML = """\
title = "categories"
source = "a handbook"
[categories.narcotics]
criteria = "c"
requires_tco = "no"
[categories.gangs]
criteria = "c"
requires_tco = "yes"
"""
WEAKER = "category-weaker-than-measure"
MISSING = "approved-without-determination"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A ledger of 19 facts: SCR-2 of narcotics is no TCO, SCR-3 has no determination; a
    taxonomy at position 20.
    """
    prepare(tmp_path)
    (tmp_path / "t.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "program office")
    loading = ["taxonomy", "load", "t.toml", "--adopted", "2016-10-01"]
    assert scr(*loading).code == 0
    return tmp_path


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def waive(*options, rule=WEAKER, of="SCR-2"):
    """
    Waive, and return what is said.
    """
    said = {"--scr": of, "--until": "2999-12-31", "--reason": "r"}
    given = [part for pair in said.items() for part in pair]
    return scr("waive", rule, *given, *options)


def rows(*options) -> dict:
    """
    Return the rows of a validation by rule and severity.
    """
    told = scr("validate", "--json", *options).json["rows"]
    return {(row["rule"], row["severity"]): row for row in told}


def test_an_answer_says_all_of_it():
    """
    Basis, taxonomy, definitions; a row for each rule and severity, with the SCRs.
    """
    told = scr("validate", "--json")
    taxonomy = scr("taxonomy", "show", "--json").json

    assert (told.code, told.err) == (1, "")
    assert told.json["schema"] == "scr-validate/1"
    assert told.json["basis"]["position"] == 20
    assert told.json["fail_on"] == "error"
    assert told.json["taxonomy"] == {
        name: taxonomy[name]
        for name in ("version", "hash", "position", "adopted_at", "claimed")
    }
    assert [one["measure"] for one in told.json["definitions"]] == ["dd-all", "dd-tco"]
    assert [(row["rule"], row["severity"]) for row in told.json["rows"]] == [
        (rule.id, severity) for rule in RULES for severity in rule.severities
    ]
    assert told.json["rows"][0] == {
        "rule": WEAKER,
        "severity": "error",
        "reason": RULES[0].reason,
        "threshold": None,
        "state": "fails",
        "failing": 1,
        "waived": 0,
        "scrs": [
            {
                "scr": "SCR-2",
                "detail": "narcotics / s requires_tco no, its own answer no; counted in"
                " dd-all FY 2019",
                "positions": [8, 11],
                "waived_until": None,
            }
        ],
    }


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 1),
        (["--fail-on", "warning"], 1),
        (["--rule", MISSING], 0),
        (["--rule", MISSING, "--fail-on", "warning"], 1),
        (["--rule", "outcome-before-filing", "--fail-on", "warning"], 0),
        (["--rule", WEAKER], 1),
        (["--rule", WEAKER, "--rule", MISSING], 1),
        (["--rule", WEAKER, "--measure", "dd-tco"], 0),
        (["--rule", WEAKER, "--measure", "dd-all@1"], 1),
        (["--rule", WEAKER, "--fy", "2019"], 1),
        (["--rule", WEAKER, "--fy", "FY2020..2021"], 0),
        (["--rule", WEAKER, "--as-of", "2019-03-03"], 0),
        (["--rule", WEAKER, "--as-of", "2019-03-04"], 1),
        (["--rule", WEAKER, "--as-of", "@19"], 0),
        (["--as-of", "@0", "--fail-on", "warning"], 0),
    ],
)
def test_how_it_ends(options, code):
    """
    With 1 if a rule asked for, at or above the severity, fails by what was known then.
    """
    told = scr("validate", *options)

    assert (told.code, told.err) == (code, "")


def test_a_table_names_the_first_few():
    """
    Counts in the table; below it each failing rule with its reason and first SCRs.
    """
    lines = "".join(life(f"SCR-{n}") for n in range(20, 30))
    assert scr("import", "-o", "x").code == 2
    with open("more.jsonl", "w", encoding="utf-8") as out:  # noqa: PTH123 - one line
        out.write(lines)
    assert scr("import", "more.jsonl").code == 0
    out = scr("validate", "--rule", MISSING).out

    assert "validation: fails: 1 warning\n" in out
    assert f"warning {MISSING}: 11 SCRs. An SCR is approved before any determin" in out
    assert out.count("    SCR-2") == 5
    assert "    and 6 more; --items lists all\n" in out
    assert "taxonomy version 1 sha256 " in out
    every = scr("validate", "--rule", MISSING, "--items").out
    assert every.count("SCR-2") == 10
    assert "more" not in every
    assert scr("validate", "--rule", MISSING, "--list").out == every


@pytest.mark.parametrize("fmt", ["csv", "tsv"])
def test_items_are_rows(fmt):
    """
    A row for each SCR that fails, with the basis; without --items one for each rule.
    """
    delimiter = "," if fmt == "csv" else "\t"

    def read(*options):
        text = scr("validate", "-f", fmt, *options).out
        return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))

    (item,) = read("--items", "--rule", WEAKER, "--fy", "2019")[:1]
    assert (item["rule"], item["severity"], item["scr"]) == (WEAKER, "error", "SCR-2")
    assert item["positions"] == "[8,11]"
    assert item["basis"].startswith("all @20 ")
    assert len(read()) == sum(len(rule.severities) for rule in RULES)


@pytest.mark.parametrize("fmt", ["table", "json", "jsonl", "csv", "tsv", "md"])
@pytest.mark.parametrize("items", [[], ["--items"]])
def test_the_same_basis_gives_the_same_bytes(fmt, items):
    """
    Whatever is recorded afterwards: facts, another taxonomy, a waiver.
    """
    basis = scr("validate", "--json").json["basis"]
    first = scr("validate", "-f", fmt, *items)
    assert scr("taxonomy", "load", "t.toml").code == 0
    with open("u.toml", "w", encoding="utf-8") as out:  # noqa: PTH123 - one line
        out.write(TOML.replace('"no"', '"yes"'))
    assert scr("taxonomy", "load", "u.toml").code == 0
    assert waive().code == 0

    again = scr("validate", "-f", fmt, *items, "--basis", json.dumps(basis))
    assert again == first
    assert scr("validate", "-f", fmt, *items).out != first.out


def test_without_a_taxonomy_it_says_so():
    """
    Unknown, not passes; it ends with 0, and the title says how many are unknown.
    """
    told = scr("validate", "--as-of", "@19")

    assert told.code == 0
    assert "validation: fails: 3 warnings; 2 unknown\n" in told.out
    assert "no taxonomy at this basis; what needs one is unknown\n" in told.out
    assert rows("--as-of", "@19")[WEAKER, "error"]["state"] == "unknown"


@pytest.mark.parametrize(
    "asked",
    [["validate", "--as-of", "@0"], ["taxonomy", "show"], ["waive", "--list"]],
    ids=" ".join,
)
def test_asking_loads_nothing_heavy(here, asked):
    """
    With a warm read model, no library but click: neither to parse facts nor to write.
    """
    assert scr("count").code == 0
    found = imported(here, *asked, "--json")

    assert "ledger.domain.taxonomy" in found or asked[0] == "waive"
    assert found.isdisjoint({"pydantic", "eventsourcing", "sqlite_utils", "rich"})


def test_hostile_data_is_shown():
    """
    Text of facts is cleaned in tables, and exact in JSON.
    """
    hostile = "a\u202eb"
    classify = ["classify", "SCR-3", "--category", hostile, "--subcategory", "s"]
    assert scr(*classify, "--force", "r").code == 0

    assert r"a\u202eb" in scr("validate").out
    assert hostile not in scr("validate").out
    assert json.dumps(hostile)[1:-1] in scr("validate", "--json").out
    found = rows()["category-not-in-taxonomy", "warning"]
    assert found["scrs"][0]["detail"] == hostile


# --- waiving --------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2990-05-30", "2990-05-31"])
def test_a_waiver_until_a_day_that_is_past_says_so(monkeypatch, day):
    """
    It is recorded, for that is how a waiver ends; the day is that of the ledger's zone.
    """
    late = datetime(2990, 6, 1, 3, tzinfo=UTC)  # In New York it is 31 May.
    monkeypatch.setitem(app.open_ledger.__kwdefaults__, "clock", lambda: late)
    told = waive("--until", day)

    past = day == "2990-05-30"
    assert (told.code, told.out[:6]) == (0, "waived")
    assert told.err == (
        "scr: note: 2990-05-30 is past, so this waives nothing from today on; to waive"
        " it, give a day to come\n"
        if past
        else ""
    )


@pytest.mark.parametrize("name", ["", "@", "@1"])
def test_what_names_no_measure(name):
    """
    Is said as it was typed, with what does.
    """
    told = scr("validate", "--measure", name)
    typed = name or "''"
    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert f"{typed} names no measure, give ID or ID@VERSION; there are" in told.err


def test_a_waiver_is_recorded():
    """
    One line says what, until when and where; the failure is shown as waived.
    """
    told = waive("--json")

    assert told.json == {
        "schema": "scr-waived/1",
        "status": "recorded",
        "position": 21,
        "rule": WEAKER,
        "scr": "SCR-2",
        "until": "2999-12-31",
    }
    assert waive().out == f"already waived {WEAKER} for SCR-2 to 2999-12-31\n"
    assert head() == 21
    row = rows()[WEAKER, "error"]
    assert (row["state"], row["failing"], row["waived"]) == ("waived", 1, 1)
    assert row["scrs"][0]["waived_until"] == "2999-12-31"
    assert scr("validate").code == 0
    assert "(waived to 2999-12-31)" in scr("validate").out
    assert scr("validate", "--as-of", "@20").code == 1
    assert scr("verify").code == 0


def test_a_rehearsal_records_nothing():
    """
    It says what would be.
    """
    words = f"would be waived {WEAKER} for SCR-2 to 2999-12-31\n"

    assert waive("--dry-run").out == words
    assert waive("--dry-run", "--json").json["position"] is None
    assert head() == 20


def test_waivers_are_listed():
    """
    Those visible at a basis, each with how it stands.
    """
    waive()
    waive("--until", "2020-01-01")
    listed = scr("waive", "--list", "--json").json

    assert listed["schema"] == "scr-waivers/1"
    assert [(row["position"], row["state"]) for row in listed["rows"]] == [
        (21, "replaced"),
        (22, "over"),
    ]
    (early,) = scr("waive", "--list", "--as-of", "@21", "--json").json["rows"]
    assert (early["rule"], early["scr"], early["until"]) == (
        WEAKER,
        "SCR-2",
        "2999-12-31",
    )
    assert early["by"] == "program office"
    assert "no rows" in scr("waive", "--list", "--as-of", "2020-01-15").out
    (row,) = scr("log", "--from", "@21", "--to", "@21", "--json").json["rows"]
    assert (row["event"], row["scr"], row["until"]) == ("waived", "SCR-2", "2999-12-31")


GIVEN = ["--scr", "SCR-2", "--until", "2999-12-31", "--reason", "r"]
WRONG = [
    (["validate", "--rule", "x"], 2, "no rule is named x; there are category-weaker"),
    (["validate", "--rule", ""], 2, "no rule is named ''"),
    (["validate", "--measure", "x"], 2, "no measure is named x"),
    (["validate", "--fy", "19"], 2, "'19' is not a fiscal year"),
    (["validate", "--fail-on", "x"], 2, "'x' is not one of 'error', 'warning'"),
    (["validate", "--as-of", "2020-02-30"], 2, "is not a day of the calendar"),
    (["validate", "--as-of", "@99"], 2, "beyond the head"),
    (["validate", "--basis", f"all @3 {'0' * 64}"], 4, "not the log the basis was"),
    (["validate", "--json", "-f", "csv"], 2, "contradict"),
    (["waive"], 2, "Missing argument 'RULE'"),
    (["waive", WEAKER], 2, "Missing option '--scr'"),
    (["waive", WEAKER, "--scr", "SCR-2"], 2, "Missing option '--until'"),
    (["waive", WEAKER, *GIVEN[:4]], 2, "Missing option '--reason'"),
    (["waive", "x", *GIVEN], 2, "no rule is named x; there are category-weaker"),
    (["waive", WEAKER, *GIVEN, "--scr", "SCR-9"], 3, "no SCR SCR-9 is recorded"),
    (["waive", WEAKER, *GIVEN, "--scr", "\udc80"], 2, "the SCR must be an id"),
    (["waive", WEAKER, *GIVEN, "--until", "soon"], 2, "--until must be a date"),
    (["waive", WEAKER, *GIVEN, "--reason", " "], 2, "--reason must be text"),
    (["waive", WEAKER, *GIVEN, "--by", ""], 2, "--by"),
    (["waive", WEAKER, *GIVEN, "--as-of", "@3"], 2, "--as-of is for --list"),
    (["waive", WEAKER, *GIVEN, "-f", "csv"], 2, "--format is for --list"),
    (["waive", "--list", WEAKER], 2, "--list lists all waivers"),
    (["waive", "--list", "--scr", "SCR-2"], 2, "--list lists all waivers"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What cannot be done is said in one line, with its exit code; nothing is recorded.
    """
    told = scr(*arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == 20


def test_without_anybody_nothing_is_waived(monkeypatch):
    """
    Who says so must be given, as an option or in SCR_BY.
    """
    monkeypatch.delenv("SCR_BY")

    assert waive().code == 2
    assert waive("--by", "somebody").code == 0
