"""`scr measure define` and `retire`, as typed."""

from __future__ import annotations

import io
import json
import sys

import pytest

from ledger.reader import open_log
from tests.commandline import prepare, scr
from tests.definitions import body

QUALITY = "".join(f'{name} = "so"\n' for name in body()["data_quality"])
TOML = f"""\
id = "apg"
title = "SCRs of a TCO"
owner = "Performance office"
source = "APG statement"
unit = "scr"
kinds = ["disruption", "dismantlement"]

[population]
tco = ["yes"]

[data_quality]
{QUALITY}"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of 19 facts and a definition; somebody who acts.
    """
    prepare(tmp_path)
    (tmp_path / "apg.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "performance office")
    return tmp_path


def define(*options, file="apg.toml"):
    """
    Define, and return what is said.
    """
    return scr("measure", "define", file, *options)


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def test_a_definition_is_recorded(here):
    """
    One line says what, under which hash, where, and from when it is in force.
    """
    del here
    told = define("--json")
    recorded = told.json
    (row,) = scr("log", "--from", "@20", "--json").json["rows"]

    assert (told.code, told.err) == (0, "")
    assert recorded == {
        "schema": "scr-measure-recorded/1",
        "status": "recorded",
        "position": 20,
        "event": "defined",
        "measure": "apg",
        "version": 1,
        "hash": row["hash"],
        "adopted_at": row["recorded_at"],
        "claimed": False,
    }
    assert row["by"] == "performance office"
    assert row["definition"]["version"] == 1
    again = define()
    assert again.out == (
        f"already defined apg@1 (sha256 {row['hash']}), in force from"
        f" {row['recorded_at']}\n"
    )
    assert head() == 20


@pytest.mark.parametrize(
    ("adopted", "since"),
    [
        ("2017-10-01", "2017-10-01T04:00:00Z"),
        ("2018-03-11", "2018-03-11T05:00:00Z"),
        ("2017-10-01T00:00:00Z", "2017-10-01T00:00:00Z"),
        ("2017-10-01T00:00:00.5+02:00", "2017-09-30T22:00:00.500000Z"),
    ],
)
def test_it_may_have_been_adopted_before(adopted, since):
    """
    A day is its first instant in the ledger's zone; it is marked claimed.
    """
    told = define("--adopted", adopted, "--reason", "found in the files")

    assert told.out.endswith(f" at @20, in force from {since} (claimed)\n")
    (row,) = scr("log", "--from", "@20", "--json").json["rows"]
    assert (row["adopted_at"], row["reason"]) == (since, "found in the files")


def test_a_rehearsal_records_nothing():
    """
    It says what would be, and nothing is there.
    """
    assert define("--dry-run").out.startswith("would be defined apg@1 (sha256 ")
    assert define("--dry-run", "--json").json["position"] is None
    assert head() == 19


def test_it_is_read_from_standard_input(monkeypatch):
    """
    `-` names it; faults name it so too.
    """
    for text, code in ((TOML, 0), ("id = \n", 5)):
        stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        told = define(file="-")
        assert told.code == code
    assert told.err.startswith("-:1: is not TOML")


def test_a_retirement_is_recorded():
    """
    One line says from when; the measure is then in force no more.
    """
    define()
    told = scr("measure", "retire", "apg", "--reason", "ended", "--json")

    assert told.code == 0
    assert (told.json["event"], told.json["position"]) == ("retired", 21)
    assert told.json["version"] is None
    assert scr("count", "apg").code == 2
    again = scr("measure", "retire", "apg", "--reason", "ended")
    assert (again.code, head()) == (5, 21)
    assert again.err.startswith("scr: no measure apg is in force; see")


def test_retiring_says_it_in_words():
    """
    With the day it was retired, or as a rehearsal.
    """
    define("--adopted", "2017-10-01")
    retire = ["measure", "retire", "apg", "--reason", "r", "--adopted", "2020-01-01"]

    words = "apg, not in force from 2020-01-01T05:00:00Z (claimed)\n"
    assert scr(*retire, "--dry-run").out == f"would be retired {words}"
    assert scr(*retire).out == f"retired {words.replace('apg,', 'apg at @21,')}"


def test_every_fault_of_a_file_is_a_line(here):
    """
    The path of the field and the rule, then how many; nothing is recorded.
    """
    wrong = TOML.replace('["yes"]', '["yes", "maybe"]').replace("title", "titel")
    (here / "apg.toml").write_text(wrong)
    told = define()

    assert told.code == 5
    assert told.err.splitlines() == [
        "apg.toml: title: is required",
        "apg.toml: population.tco.1: must be yes, no or unknown, not maybe",
        "apg.toml: titel: is no field; there are id, version, title, owner, source,"
        " unit, kinds, population, attribution, once, denominator, targets,"
        " data_quality",
        "scr: apg.toml is refused, nothing of it was recorded: 3 faults;"
        " correct the file and define it again",
    ]
    assert head() == 19


WRONG = [
    (["define"], 2, "Missing argument 'FILE'"),
    (["define", "none.toml"], 3, "cannot read none.toml: No such file"),
    (["define", "."], 3, "cannot read .: Is a directory"),
    (["define", ""], 3, "cannot read ''"),
    (["define", "apg.toml", "--adopted", "2017"], 2, "--adopted takes a day or an in"),
    (["define", "apg.toml", "--adopted", "2017-02-30"], 2, "is not a day of the cal"),
    (["define", "apg.toml", "--adopted", "2999-01-01"], 5, "is later than"),
    (["define", "apg.toml", "--by", " "], 2, "--by must be text of 1 to 200"),
    (["define", "apg.toml", "--reason", ""], 2, "--reason must be text of 1 to"),
    (["define", "rate.toml"], 5, "denominator: no measure nothing is built in or in"),
    (["define", "dd.toml"], 5, "dd-all is built in and holds at every basis"),
    (["retire"], 2, "Missing argument 'ID'"),
    (["retire", "apg"], 2, "Missing option '--reason'"),
    (["retire", "apg", "--reason", "r"], 5, "no measure apg is in force"),
    (["retire", "A B", "--reason", "r"], 2, "the measure must be 1 to 64 of a-z"),
    (["retire", "dd-all", "--reason", "r"], 5, "dd-all is built in"),
    (["retire", "\udc80", "--reason", "r"], 2, "the measure must be 1 to 64 of a-z"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(here, arguments, code, words):
    """
    What cannot be recorded is said in one line, with its exit code.
    """
    rate = TOML.replace('unit = "scr"', 'unit = "scr"\ndenominator = "nothing"')
    (here / "rate.toml").write_text(rate)
    (here / "dd.toml").write_text(TOML.replace('"apg"', '"dd-all"'))
    told = scr("measure", *arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == 19


def test_without_anybody_it_is_refused(monkeypatch):
    """
    Who says so must be given, as an option or in SCR_BY.
    """
    monkeypatch.delenv("SCR_BY")

    assert define().code == 2
    assert define("--by", "somebody").code == 0


def test_hostile_text_in_a_file_is_shown(here):
    """
    A path that a terminal would obey is shown as escapes, on one line.
    """
    (here / "apg.toml").write_text(f'{TOML}"a\\u001b[31m\\u202e\\nb" = 1\n')
    told = define()

    assert r"apg.toml: data_quality.a\x1b[31m\u202e\nb: is no field" in told.err
    assert told.err.count("\n") == 2


def test_text_of_any_script_is_hashed_as_it_is(here):
    """
    What is not ASCII is neither escaped nor changed; the log gives it back.
    """
    (here / "apg.toml").write_text(TOML.replace("Performance", "Ørsted 😀 “as is”"))
    recorded = define("--json").json
    shown = scr("measure", "show", "apg", "--json").json

    assert shown["hash"] == recorded["hash"]
    assert json.loads(shown["canonical"]) == shown["definition"]
    assert "Ørsted 😀 “as is” office" in shown["canonical"]
