"""A bundle holds what is needed to check it, and on request no free text."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import get_args, get_type_hints
from zipfile import ZipFile

import pytest
from pydantic import BaseModel

from ledger import evidence
from ledger.domain.events import TOPICS
from ledger.errors import LogDamagedError
from projections import bundling
from tests.bundles import unpacked, written
from tests.commandline import HISTORY, filed, line, prepare, scr
from tests.definitions import Put, body, put
from tests.publications import printing, register

SECRET = "the name of a victim"  # noqa: S105 - a text

TEXTS = (
    filed("SCR-7", title=f"{SECRET} 1")
    + line("SCR-7", "returned", "2018-10-09", reason=f"{SECRET} 2", note=f"{SECRET} 3")
    + line("SCR-7", "approved", "2018-10-10", forced=f"{SECRET} 4")
)

KEPT_LONG = {
    "ledger.published/1": "what is sealed is made to be read",
    "ledger.keyed/1": "a signed note is no prose",
    "ledger.checkpointed/1": "a signed note is no prose",
    "ledger.framed/1": "a query is what was asked, word by word",
    "ledger.drawn/1": "the same",
    "ledger.categorized/1": "criteria are published",
    "ledger.defined/1": "a definition is published, its statements on data too",
}
"""Facts with long texts that stay in, and why."""


@pytest.fixture
def ledger(tmp_path) -> str:
    """
    A ledger with free text, a definition, and a publication.
    """
    path = str(prepare(tmp_path, HISTORY + TEXTS))
    put(path, Put(body()))
    register(path, printing("APR/2019", ("dd-all", 2019, 3)))
    return path


def test_the_same_ledger_gives_the_same_bytes(ledger):
    """
    No clock, no account and no order of a dictionary is in a bundle.
    """
    assert written(ledger) == written(ledger)


def test_every_fact_is_there_as_its_leaf_was_hashed(ledger, tmp_path):
    """
    Payloads stand as they are stored, in the order of the log.
    """
    files = unpacked(written(ledger), tmp_path)

    kept = sqlite3.connect(ledger).execute(
        "SELECT rowid, originator_id, originator_version, topic, recorded_at, state"
        " FROM stored_events ORDER BY rowid"
    )
    names = ("position", "stream", "version", "topic", "recorded_at")
    due = [
        {**dict(zip(names, row, strict=False)), "payload": row[5].decode()}
        for row in kept
    ]
    assert list(map(json.loads, files["facts.jsonl"].splitlines())) == due
    assert files["verify.py"] == evidence.verifier()


def test_no_name_leads_out_of_the_folder(ledger, tmp_path):
    """
    A publication may have a slash in its name; its file has none.
    """
    (tmp_path / "bundle.zip").write_bytes(written(ledger))
    with ZipFile(tmp_path / "bundle.zip") as held:
        names = held.namelist()

    assert all(name.startswith(bundling.FOLDER) for name in names)
    assert all(name.count("/") <= 2 and ".." not in name for name in names)
    assert any(name.endswith("-APR%2F2019.json") for name in names)


def test_free_text_is_left_out_on_request(ledger):
    """
    No word of it is in any file; without the request all of it is.
    """
    assert written(ledger).count(SECRET.encode()) == 4
    assert SECRET.encode() not in written(ledger, without_text=True)


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_every_long_text_is_left_out_or_kept_for_a_reason(topic):
    """
    Of each fact there is: a field of up to 2,000 characters is in the closed list.
    """
    hints = get_type_hints(TOPICS[topic], include_extras=True)
    left = bundling.free_text(topic)
    long = {name for name, hint in hints.items() if is_long(hint)}

    assert long <= set(left) or topic in KEPT_LONG
    assert topic not in bundling.FREE_TEXT_OF or set(left) <= set(hints)


def is_long(hint: object) -> bool:
    """
    Say whether a field takes, or holds anywhere in it, a long text.
    """
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return any(map(is_long, get_type_hints(hint, include_extras=True).values()))
    told = getattr(hint, "__metadata__", ())
    return any(getattr(one, "longest", 0) > 200 for one in told) or any(
        map(is_long, get_args(hint))
    )


def test_a_ledger_whose_bytes_do_not_give_its_root_is_not_bundled(ledger):
    """
    A changed payload is refused, also where its leaf hash is still the old one.
    """
    with sqlite3.connect(ledger) as held:
        held.execute("DROP TRIGGER stored_events_no_update")
        held.execute(
            "UPDATE stored_events SET state=CAST(replace(state, 'C-1', 'C-2') AS BLOB)"
            " WHERE rowid=2"
        )
        held.execute(
            "CREATE TRIGGER stored_events_no_update BEFORE UPDATE ON stored_events"
            " BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        )
    held.close()

    with pytest.raises(LogDamagedError, match="its facts give the root"):
        written(ledger)


def test_the_command_says_what_to_note_elsewhere(ledger, tmp_path):
    """
    How much is in it, the root, and the hash of bundle.json.
    """
    out = tmp_path / "out" / "evidence.zip"
    out.parent.mkdir()

    told = scr("--ledger", ledger, "bundle", "-o", str(out), "--without-text")

    assert told.code == 0
    assert "2 without their text" not in told.out
    assert "3 without their text" in told.out
    assert told.out.splitlines()[-1].startswith("bundle.json ")
    assert [one.name for one in out.parent.iterdir()] == ["evidence.zip"]


def test_a_bundle_is_never_written_over_a_database(ledger):
    """
    Nor half of one left where it cannot be written.
    """
    told = scr("--ledger", ledger, "bundle", "-o", ledger)
    gone = scr("--ledger", ledger, "bundle", "-o", str(Path(ledger) / "x" / "y.zip"))

    os.mkfifo(f"{ledger}.pipe")
    pipe = scr("--ledger", ledger, "bundle", "-o", f"{ledger}.pipe")

    assert (told.code, gone.code, pipe.code) == (5, 6, 6)
