"""A ledger that an earlier version wrote opens, verifies, answers the same and goes on.

The ledgers and what their versions said of them are in `fixtures/ledgers`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ledger.reader import open_log
from tests.commandline import filed, scr

FOLDER = Path(__file__).parent.parent / "fixtures" / "ledgers"
NAMES = sorted(path.name.removesuffix(".db.gz") for path in FOLDER.glob("*.db.gz"))
ROLES = ("agent", "supervisor", "publisher", "auditor")
TAXONOMY = """\
title = "t"
source = "s"

[categories.c]
criteria = "c"
requires_tco = "no"
"""
PERIODS = 7
"""One for every time that what is recorded grew; ledgers are added, never replaced."""


def differences(old: Any, new: Any, place: str = "") -> list[str]:
    """
    Return where an answer says something else; what is added to it is no difference.
    """
    match old, new:
        case dict(), dict():
            return [
                one
                for name, value in old.items()
                for one in (
                    differences(value, new[name], f"{place}.{name}")
                    if name in new
                    else [f"{place}.{name} is gone"]
                )
            ]
        case list(), list():
            if len(old) != len(new):
                return [f"{place} has {len(new)} members, not {len(old)}"]
            pairs = enumerate(zip(old, new, strict=True))
            return [
                one
                for number, (first, second) in pairs
                for one in differences(first, second, f"{place}[{number}]")
            ]
        case _:
            return [] if old == new else [f"{place} is {new!r}, not {old!r}"]


@pytest.fixture(params=NAMES)
def name(request) -> str:
    """
    Return which ledger it is about.
    """
    return request.param


@pytest.fixture
def ledger(name, tmp_path, monkeypatch) -> Path:
    """
    Return the ledger, unpacked as `scr.db` in the current folder.
    """
    path = tmp_path / "scr.db"
    path.write_bytes(gzip.decompress((FOLDER / f"{name}.db.gz").read_bytes()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "keeper")
    return path


def said(name: str) -> dict[str, Any]:
    """
    Return what the version that wrote a ledger said of it.
    """
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def test_it_answers_the_same(name, ledger):
    """
    Every question has the answer it had then, and nothing asked changes a byte.
    """
    before = ledger.read_bytes()
    ledger.chmod(stat.S_IRUSR)
    found = []
    for one in said(name)["answers"]:
        told = scr(*one["asked"])
        new = told.json if "--json" in one["asked"] else told.out
        found += [
            f"{' '.join(one['asked'])}: {each}"
            for each in differences(
                {"code": one["code"], "said": one["said"]},
                {"code": told.code, "said": new},
            )
        ]

    assert found == []
    assert ledger.read_bytes() == before


def test_it_verifies_and_exports_the_same(name, ledger):
    """
    It verifies, with the root and the export that it had then, byte for byte.
    """
    told = scr("verify")

    assert (told.code, told.err) == (0, "")
    old = said(name)
    assert told.out.split("root")[1].split()[0] in old["verified"]
    exported = scr("export").out.encode()
    assert hashlib.sha256(exported).hexdigest() == old["export_sha256"]
    assert ledger.exists()


def test_it_goes_on(name, ledger):
    """
    In a copy facts are recorded, imported and published, and all of it verifies; the
    old root is that of its prefix.
    """
    with open_log(str(ledger)) as log:
        head, root = log.head, log.root(log.head)
    Path("more.jsonl").write_text(filed("S-9"))
    words = ("--document", "d", "--claims", "c", "--override", "o", "--status", "error")
    Path("t.toml").write_text(TAXONOMY)
    four_eyes = any("person add" in step for step in said(name)["recorded"])
    roles = [word for role in ROLES for word in ("--role", role)]
    for arguments in (
        *([("person", "add", "keeper", *roles)] if four_eyes else []),
        ("import", "more.jsonl"),
        ("reopen", "S-9", "--reason", "r"),
        ("taxonomy", "load", "t.toml"),
        ("publish", "NEW", "--measure", "dd-all", "--fy", "2019", *words),
    ):
        told = scr(*arguments)
        assert told.code == 0, (arguments, told)

    with open_log(str(ledger)) as log:
        assert log.head > head + 3
        assert log.root(head) == root
    assert scr("verify").code == 0


def test_what_is_kept():
    """
    A ledger is kept of every time that what is recorded grew, each small, and the
    last version recorded all there is.
    """
    assert len(NAMES) >= PERIODS
    assert said(NAMES[0])["not_recorded"]
    assert any(not said(name)["not_recorded"] for name in NAMES)
    for name in NAMES:
        assert os.path.getsize(FOLDER / f"{name}.db.gz") < 150_000  # noqa: PTH202
        assert len(said(name)["answers"]) >= 16


def test_the_comparison_sees_a_difference(name):
    """
    Another number, a row less or a field less is noticed; a field more is none.
    """
    old = said(name)["answers"][0]["said"]
    rows = old["rows"]

    assert differences(old, {**old, "more": 1}) == []
    assert differences(old, {**old, "rows": rows[1:]})
    assert differences(old, {**old, "rows": [{**rows[0], "value": -1}, *rows[1:]]})
    assert differences(old, {"rows": rows})
