"""`scr taxonomy`, as typed."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from ledger.reader import open_log
from tests.commandline import filed, prepare, scr

TOML = """\
title = "categories"
source = "a handbook"

[categories.gangs]
criteria = "A gang of several commits a crime."
requires_tco = "yes"

[categories.children]
criteria = "A child is exploited."
requires_tco = "no"

[categories.children.subcategories.travel]
criteria = "A group arranges it."
requires_tco = "yes"

[thresholds]
office-silent = 90
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of 19 facts and two taxonomies; somebody who acts.
    """
    prepare(tmp_path)
    (tmp_path / "t.toml").write_text(TOML)
    (tmp_path / "u.toml").write_text(TOML.replace('"no"', '"yes"'))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "program office")
    return tmp_path


def load(*options, file="t.toml"):
    """
    Load, and return what is said.
    """
    return scr("taxonomy", "load", file, *options)


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def test_a_taxonomy_is_recorded():
    """
    One line says what, under which hash, where, and from when it holds.
    """
    told = load("--json", "--reason", "the first")
    (row,) = scr("log", "--from", "@20", "--json").json["rows"]

    assert (told.code, told.err) == (0, "")
    assert told.json == {
        "schema": "scr-taxonomy-recorded/1",
        "status": "recorded",
        "position": 20,
        "version": 1,
        "hash": row["hash"],
        "adopted_at": row["recorded_at"],
        "claimed": False,
        "categories": 2,
    }
    assert (row["event"], row["by"], row["reason"]) == (
        "categorized",
        "program office",
        "the first",
    )
    assert load().out == (
        f"already loaded taxonomy version 1, 2 categories (sha256 {row['hash']}),"
        f" holds from {row['recorded_at']}\n"
    )
    assert head() == 20
    assert scr("verify").code == 0


def test_it_may_have_been_adopted_before():
    """
    A day is its first instant in the ledger's zone; it is marked claimed.
    """
    told = load("--adopted", "2016-10-01")

    assert told.out.endswith(" at @20, holds from 2016-10-01T04:00:00Z (claimed)\n")
    assert scr("taxonomy", "show", "--as-of", "2016-10-01").code == 0
    assert scr("taxonomy", "show", "--as-of", "2016-09-30").code == 3


def test_a_rehearsal_records_nothing():
    """
    It says what would be, and nothing is there.
    """
    assert load("--dry-run").out.startswith("would be loaded taxonomy version 1, 2 cat")
    assert load("--dry-run", "--json").json["position"] is None
    assert head() == 19


def test_the_log_shows_it_in_words():
    """
    Its subject is the taxonomy; the details begin with the version.
    """
    load()
    (row,) = csv.DictReader(io.StringIO(scr("log", "--from", "@20", "-f", "csv").out))

    assert (row["subject"], row["event"]) == ("taxonomy", "categorized")
    assert row["details"].startswith("version 1, hash ")
    assert "title categories" in row["details"]


def test_it_is_shown_whole():
    """
    Each category, then its subcategories; and the text that is hashed.
    """
    hashed = load("--json").json["hash"]
    shown = scr("taxonomy", "show", "--json").json

    assert shown["schema"] == "scr-taxonomy/1"
    assert (shown["version"], shown["hash"], shown["position"]) == (1, hashed, 20)
    assert json.loads(shown["canonical"]) == shown["taxonomy"]
    assert [
        (row["category"], row["subcategory"], row["requires_tco"])
        for row in shown["rows"]
    ] == [
        ("gangs", None, "yes"),
        ("children", None, "no"),
        ("children", "travel", "yes"),
    ]
    table = scr("taxonomy", "show", "1").out
    assert "taxonomy version 1: categories\n" in table
    assert "threshold of office-silent: 90 days\n" in table


@pytest.mark.parametrize("fmt", ["table", "json", "jsonl", "csv", "tsv", "md"])
def test_every_format_names_the_basis(fmt):
    """
    And gives the same bytes when asked for by that basis after more is recorded.
    """
    load()
    first = scr("taxonomy", "show", "-f", fmt)
    basis = scr("taxonomy", "show", "--json").json["basis"]
    load(file="u.toml")

    assert basis["root"] in first.out
    again = scr("taxonomy", "show", "-f", fmt, "--basis", json.dumps(basis))
    assert again.out == first.out
    assert scr("taxonomy", "show", "-f", fmt).out != first.out


# --- two of them ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("t.toml", "t.toml", 0),
        ("t.toml", "u.toml", 1),
        ("t.toml", "1", 0),
        ("1", "2", 1),
        ("2", "u.toml", 0),
        ("@20", "1", 0),
        ("@20", "@21", 1),
        ("2020-01-15", "1", 0),
        ("2020-01-15T00:00:00Z", "./u.toml", 1),
        ("BASIS", "1", 0),
        ("OBJECT", "2", 1),
    ],
)
def test_two_of_whatever_sort_are_compared(first, second, code):
    """
    A file, a version, or what holds at a basis; it ends with 1 if they differ.
    """
    load("--adopted", "2016-10-01")
    found = scr("taxonomy", "show", "--json").json["basis"]
    load(file="u.toml")
    pasted = {
        "BASIS": f"all @{found['position']} {found['root']}",
        "OBJECT": json.dumps(found),
    }
    told = scr("taxonomy", "diff", pasted.get(first, first), second, "--json")

    assert (told.code, told.err) == (code, "")
    changes = [
        (row["category"], row["field"], row["first"], row["second"])
        for row in told.json["rows"]
    ]
    assert changes == [("children", "requires_tco", "no", "yes")] * code
    sides = told.json["taxonomies"]
    assert all(len(side["hash"]) == 64 for side in sides.values())
    assert (told.json["basis"] is None) == (second.endswith("toml") and first[0] == "t")


def test_two_files_need_no_ledger(here):
    """
    Nothing is opened, in any format.
    """
    (here / "scr.db").unlink()
    for fmt in ("table", "json", "jsonl", "csv", "tsv", "md"):
        told = scr("taxonomy", "diff", "t.toml", "u.toml", "-f", fmt)
        assert (told.code, told.err) == (1, "")
    assert scr("taxonomy", "diff", "t.toml", "1").code == 3


def test_thresholds_differ_as_numbers(here):
    """
    What is said of the whole has no category.
    """
    (here / "u.toml").write_text(TOML.replace("90", "91"))
    (row,) = scr("taxonomy", "diff", "t.toml", "u.toml", "--json").json["rows"]

    assert row == {
        "category": None,
        "subcategory": None,
        "change": "changed",
        "field": "thresholds.office-silent",
        "first": 90,
        "second": 91,
    }


# --- wrong input ----------------------------------------------------------------------

WRONG = [
    (["load"], 2, "Missing argument 'FILE'"),
    (["laod"], 2, "no command of taxonomy is named laod; did you mean load?"),
    (["load", "none.toml"], 3, "cannot read none.toml: No such file"),
    (["load", "t.toml", "--adopted", "2016"], 2, "--adopted takes a day or an instant"),
    (["load", "t.toml", "--adopted", "2999-01-01"], 5, "is later than"),
    (["load", "t.toml", "--by", " "], 2, "--by must be text of 1 to 200"),
    (["load", "t.toml", "--reason", ""], 2, "--reason must be text of 1 to"),
    (["show"], 3, "no taxonomy holds at this basis; load one with"),
    (["show", "1"], 2, "the taxonomy has no version 1; there are: none"),
    (["show", "--as-of", "yesterday"], 3, "no publication is named yesterday"),
    (["diff", "t.toml"], 2, "Missing argument 'SECOND'"),
    (["diff", "t.toml", "none.toml"], 3, "cannot read none.toml"),
    (["diff", "t.toml", "7"], 2, "the taxonomy has no version 7"),
    (["diff", "t.toml", "2020-01-15"], 3, "no taxonomy holds at this basis"),
    (["diff", "t.toml", "2020-02-30"], 2, "is not a day of the calendar"),
    (["diff", "t.toml", "@99"], 2, "is beyond the head"),
    (["diff", "t.toml", f"all @3 {'0' * 64}"], 4, "this is not the log the basis was"),
    (["diff", "t.toml", "{}"], 2, "this is not the basis object"),
    (["show", "\udc80"], 2, "the taxonomy has no version"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What cannot be done is said in one line, with its exit code; nothing is recorded.
    """
    told = scr("taxonomy", *arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == 19


@pytest.mark.parametrize(
    ("command", "verb"), [(["load"], "load"), (["diff", "t.toml"], "compare")]
)
def test_every_fault_of_a_file_is_a_line(here, command, verb):
    """
    The path of the field and the rule, hostile text as escapes; then how many.
    """
    wrong = TOML.replace("title", "titel").replace('"no"', "false")
    (here / "w.toml").write_text(f'{wrong}"a\\u001b[31m" = 1\n')
    told = scr("taxonomy", *command, "w.toml")

    assert (told.code, told.out) == (5, "")
    assert told.err.splitlines() == [
        "w.toml: title: is required",
        "w.toml: categories.children.requires_tco: must be yes, no or unknown, in"
        " quotes",
        r"w.toml: thresholds.a\x1b[31m: is no threshold; there are office-silent,"
        " outcome-far-from-filing, moved-since-printing",
        "w.toml: titel: is no field; there are version, title, source, categories,"
        " thresholds",
        "scr: w.toml is refused, nothing of it was recorded: 4 faults;"
        f" correct the file and {verb} it again",
    ]
    assert head() == 19


def test_it_is_read_from_standard_input(monkeypatch):
    """
    `-` names it; faults name it so too.
    """
    for text, code in ((TOML, 0), ("title = \n", 5)):
        stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        told = load(file="-")
        assert told.code == code
    assert told.err.startswith("-:1: is not TOML")


# --- what it does to categories -------------------------------------------------------


def test_an_import_counts_categories_it_does_not_have(here):
    """
    Once one is loaded, on standard error by the rule; a command refuses unless forced.
    """
    classify = ["classify", "SCR-3", "--category", "x", "--subcategory", "s"]
    load()
    (here / "more.jsonl").write_text(
        filed("SCR-8")
        + filed("SCR-8", "2018-10-02")
        .replace("filed", "classified")
        .replace('"case_number": "C-1", "office": "SAC Houston"', '"category": "x"')
        .replace('"category": "x"', '"category": "x", "subcategory": "s"')
    )

    told = scr("import", "more.jsonl")
    assert (told.code, told.err) == (0, "more.jsonl: 1 category-not-in-taxonomy\n")
    refused = scr(*classify)
    assert refused.code == 5
    assert (
        "refused as an anomaly: a category that is not in the taxonomy" in refused.err
    )
    assert scr(*classify, "--force", "an old one").code == 0
    assert scr("count", "--json").code == 0
