"""The live commands, as typed."""

from __future__ import annotations

import json

import pytest

from cli import live
from cli.main import COMMANDS, run
from ledger.domain.events import CASE_CLASSES
from tests import ledgers


@pytest.fixture
def ledger(tmp_path, monkeypatch) -> str:
    """
    An empty ledger, named in the environment, and somebody who acts.
    """
    path = ledgers.make(tmp_path / "scr.db")
    monkeypatch.setenv("SCR_LEDGER", path)
    monkeypatch.setenv("SCR_BY", "agent-1")
    return path


FILE = ["file", "S-1", "--case-number", "C-1", "--office", "SAC X"]
EARLY = ["--on", "2020-01-02"]


def test_every_event_has_its_command():
    """
    There is one live command for each case event, and each is in the help.
    """
    assert set(live.VERBS.values()) == set(CASE_CLASSES)
    assert set(live.VERBS) <= set(COMMANDS)


@pytest.mark.parametrize("verb", live.VERBS)
def test_options_are_named_as_the_fields(verb, capsys):
    """
    Each field of the event is an option of its name, with hyphens.
    """
    assert run([verb, "--help"]) == 0
    text = capsys.readouterr().out

    for name, field in live.VERBS[verb].model_fields.items():
        if name not in ("scr", "event", "known_at", "recorded_by", "organization"):
            named = {"effective_on": "on", "forced": "force"}.get(name, name)
            assert f"--{(field.alias or named).replace('_', '-')} " in text


@pytest.mark.usefixtures("ledger")
def test_a_life_from_filing_to_the_figure(capsys):
    """
    Facts typed one after another are counted, witnessed.
    """
    tco = ["--association", "yes", "--transnational", "yes", "--organization", "O-1"]
    for command in (
        [*FILE, *EARLY],
        ["classify", "S-1", "--category", "gangs", "--subcategory", "street", *EARLY],
        ["determine", "S-1", *tco, *EARLY],
        ["approve", "S-1", *EARLY],
        ["disrupt", "S-1", "--outcome", "D1", "--on", "2021-09-30"],
        ["merge", "O-1", "--into", "O-2", "--reason", "one network"],
    ):
        assert run(command) == 0
    capsys.readouterr()

    assert run(["cases", "organizations-tco", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert told["basis"]["grade"] == "witnessed"
    assert [(row["fiscal_year"], row["organization"]) for row in told["rows"]] == [
        (2021, "O-2")
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["approve", "S-9"], 5, "S-9 is not filed yet"),
        (["approve", "S-1"], 5, "say why with --force"),
        (["disrupt", "S-1", "--outcome", "D1"], 2, "Missing option '--on'"),
        (["disrupt", "S-1", "--on", "2021-01-01"], 2, "Missing option '--outcome'"),
        (["reopen", "S-1", "--reason", "x", "--on", "2021-02-30"], 2, "--on must be"),
        (["reopen", "S 1", "--reason", "x"], 2, "the SCR must be an id"),
        (["reopen", "S-1", "--reason", "  "], 2, "--reason must be text"),
        (["reopen", "S-1", "--reason", "x", "--known-at", "2020"], 2, "--known-at"),
        (
            ["determine", "S-1", "--association", "maybe", "--transnational", "no"],
            2,
            "yes",
        ),
        ([*FILE], 5, "filed already"),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_wrong_input_gets_one_line(arguments, code, words, capsys):
    """
    What cannot be recorded is said in one line, with its exit code.
    """
    assert run([*FILE, *EARLY]) == 0
    capsys.readouterr()

    assert run(arguments) == code
    told = capsys.readouterr()

    assert told.out == ""
    assert told.err.count("\n") == 1
    assert words in told.err


@pytest.mark.usefixtures("ledger")
def test_without_anybody_it_is_refused(monkeypatch, capsys):
    """
    Who says so must be given, as an option or in SCR_BY.
    """
    monkeypatch.delenv("SCR_BY")

    assert run(FILE) == 2
    assert "--by" in capsys.readouterr().err


@pytest.mark.usefixtures("ledger")
def test_the_answer_for_a_program(capsys):
    """
    `--json` says what was recorded, and where.
    """
    assert run([*FILE, *EARLY, "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "schema": "scr-recorded/1",
        "status": "recorded",
        "position": 2,
        "subject": "S-1",
        "event": "filed",
        "effective_on": "2020-01-02",
    }
