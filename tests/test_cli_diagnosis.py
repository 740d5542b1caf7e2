"""What `scr doctor` looks at, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import util

import pytest

from cli import diagnosis
from ledger import reader
from tests import ledgers
from tests.commandline import prepare, scr


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """
    A small ledger in the working directory.
    """
    monkeypatch.chdir(tmp_path)
    return prepare(tmp_path)


def found() -> dict[str, tuple[str, str]]:
    """
    Return what the doctor says: what → verdict and words.
    """
    told = scr("doctor", "--json")
    assert (told.code, told.err) == (0, "")
    assert told.json["schema"] == "scr-doctor/1"
    return {row["what"]: (row["verdict"], row["says"]) for row in told.json["rows"]}


def test_a_sound_installation_is_fine(ledger):
    """
    Versions, SQLite, our packages, the ledger, its head, what was seen and is exposed,
    read model and imports.
    """
    del ledger
    assert scr("count").code == 0
    told = found()

    assert list(told) == [
        "versions",
        "SQLite",
        "package ledger",
        "package projections",
        "package cli",
        "ledger",
        "head and root",
        "last seen",
        "exposure",
        "read model",
        "imports",
    ]
    assert {word for word, _ in told.values()} == {"fine", "note"}
    assert told["ledger"][1].startswith("test, 19 facts, days end in America/New_York")
    assert told["head and root"][1].startswith("@19 ")
    assert told["imports"][1] == "1; 0 SCRs set aside"


def test_it_changes_nothing(ledger):
    """
    No read model is made, and no byte of the ledger changes.
    """
    before = ledger.read_bytes()

    assert found()["read model"][0] == "note"
    assert [path.name for path in ledger.parent.iterdir()] == ["scr.db"]
    assert ledger.read_bytes() == before


def test_the_read_model_may_be_behind(ledger):
    """
    Where facts came after the last question, it says so.
    """
    assert scr("count").code == 0
    (ledger.parent / "more.jsonl").write_text(
        '{"scr":"S","event":"filed","effective_on":"2020-01-01","by":"b",'
        '"case_number":"C","office":"O"}'
    )
    assert scr("import", "more.jsonl").code == 0

    assert found()["read model"] == (
        "note",
        "is behind; the next question catches it up",
    )


@pytest.mark.parametrize(
    ("content", "verdict", "words"),
    [
        (None, "note", "there is none at scr.db; make one with `scr init`"),
        (b"not a ledger" * 100, "attention", "scr.db is not an SCR ledger"),
        (b"", "attention", "scr.db is not an SCR ledger"),
    ],
)
def test_no_ledger_is_no_error(tmp_path, monkeypatch, content, verdict, words):
    """
    It says what is the matter with the ledger, and still ends with 0.
    """
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "scr.db").write_bytes(content)

    word, says = found()["ledger"]

    assert word == verdict
    assert words in says


def test_an_old_sqlite_needs_attention(ledger, monkeypatch):
    """
    STRICT tables came with 3.37.
    """
    del ledger
    monkeypatch.setattr(reader, "sqlite_version", lambda: (3, 36, 0))

    assert found()["SQLite"] == ("attention", "3.36.0 is older than 3.37.0")


def test_a_package_of_somebody_else_needs_attention(ledger, monkeypatch, tmp_path):
    """
    Another distribution that ships a `cli` would be imported in place of ours.
    """
    del ledger
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "__init__.py").write_text("")
    other = util.spec_from_file_location("cli", tmp_path / "cli" / "__init__.py")
    monkeypatch.setattr(diagnosis.util, "find_spec", lambda _name: other)

    word, says = found()["package cli"]

    assert word == "attention"
    assert "is not this program's" in says


@pytest.mark.parametrize(("ahead", "told"), [(0, False), (4, False), (999_999, True)])
def test_a_fact_that_is_to_come_needs_attention(tmp_path, monkeypatch, ahead, told):
    """
    Nothing after it is dated before it, so one clock that was wrong dates them all.
    """
    monkeypatch.chdir(tmp_path)
    at = datetime.now(UTC) + timedelta(minutes=ahead)
    path = ledgers.make(tmp_path / "scr.db", clock=lambda: at)
    assert scr("--ledger", path, "verify").code == 0

    said = found().get("clock")
    assert (said is not None) == told
    if said is not None:
        assert said[0] == "attention"
        assert f"recorded at {at:%Y-%m-%dT%H:%M}" in said[1]
