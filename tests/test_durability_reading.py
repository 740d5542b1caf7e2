"""Every command that only asks leaves the ledger as it is, to the byte and the minute.

A command that is new is either asked here, or named as one that records.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS
from cli.main import scr as group
from tests.commandline import scr
from tests.test_docs import refresh

BY = ("--by", "b")
SET_UP = [
    ["taxonomy", "load", "taxonomy.toml", "--adopted", "2016-10-01", *BY],
    ["measure", "define", "apg.toml", "--adopted", "2018-10-01", *BY],
    ["assert", "dd-all FY2019 = 2", *BY],
    ["publish", "--as-printed", "printed.jsonl", *BY],
    ["correct", "propose", "--scr", "SCR-1", "--event", "voided", *BY,
     "--reason-code", "other", "--reason", "r"],
    ["restate", "APR-2019", "--document", "d", "--reason", "r", *BY, "--override", "o"],
    ["sample", "frame", "A-1", "counted:dd-all:2019", *BY],
    ["sample", "draw", "A-1", "--size", "1", "--seed", "7", *BY],
    ["sample", "record", "A-1", "--item", "SCR-1", "--attribute", "tco=no", *BY],
    ["request", "load", "requests.jsonl", *BY],
    ["recommendation", "add", "R-1", "--text", "t", "--addressee", "a",
     "--issued-on", "2023-09-19", *BY],
    ["key", "new", *BY],
    ["checkpoint", "-o", "held.txt", *BY],
]  # fmt: skip

ASKED = [
    ["map", "--init", "extract.csv", "--snapshot"],
    ["export"],
    ["export", "-o", "out.jsonl"],
    ["count"],
    ["count", "apg", "--by", "office", "--as-of", "2020-02-28", "--json"],
    ["cases", "dd-all"],
    ["measure", "list"],
    ["measure", "show", "apg"],
    ["measure", "diff", "dd-all", "apg"],
    ["taxonomy", "show"],
    ["taxonomy", "diff", "taxonomy.toml", "1"],
    ["diff", "dd-all", "--from", "2020-01-15", "--to", "@10"],
    ["explain", "dd-all", "--fy", "2019", "--scr", "SCR-1"],
    ["vintages", "dd-all"],
    ["assert", "dd-all FY2019 = 2", *BY, "--dry-run"],
    ["check"],
    ["publication", "list"],
    ["publication", "show", "APR-2019"],
    ["publication", "verify"],
    ["publication", "report", "APR-2019"],
    ["publication", "cases", "APR-2019"],
    ["publication", "notice", "APR-2019-R1"],
    ["trace", "SCR-1"],
    ["person", "list"],
    ["sample", "plan", "--confidence", "95", "--expected", "1", "--tolerable", "5"],
    ["sample", "list"],
    ["sample", "show", "A-1"],
    ["sample", "evaluate", "A-1", "--attribute", "tco=no"],
    ["sample", "report", "A-1", "--attribute", "tco=no"],
    ["request", "list"],
    ["request", "show", "RR-2026-01"],
    ["request", "coverage"],
    ["request", "verify"],
    ["request", "suggest", "--fy", "2026", "--office", "SAC Houston"],
    ["recommendation", "list"],
    ["recommendation", "show", "R-1"],
    ["scorecard"],
    ["compare", "extract.csv", "--map", "columns.toml"],
    ["validate"],
    ["waive", "--list"],
    ["show", "SCR-1"],
    ["log"],
    ["replay"],
    ["late"],
    ["activity"],
    ["verify"],
    ["correct", "preview", "C-1"],
    ["correct", "list"],
    ["correct", "show", "C-1"],
    ["backup", "copy.db"],
    ["--ledger", "again.db", "restore", "scr.db"],
    ["bundle", "-o", "bundle.zip"],
    ["key", "list"],
    ["witness", "list"],
    ["prove", "SCR-1", "-o", "proofs"],
    ["rebuild"],
    ["doctor"],
]

RECORDING = {
    "init", "import", "publish", "restate", "demo",
    "file", "classify", "determine", "approve", "return", "disrupt", "dismantle",
    "transfer", "reopen", "reclassify", "redetermine", "redate", "reverse", "rescind",
    "refile", "void", "reinstate", "merge", "unmerge",
    "measure define", "measure retire", "taxonomy load", "publication mark",
    "publication withdraw", "person add", "person grant", "person revoke",
    "sample frame", "sample draw", "sample spare", "sample record", "sample settle",
    "sample propose-corrections",
    "request add", "request load", "request cite", "request decline",
    "recommendation add", "recommendation respond", "recommendation milestone",
    "recommendation close", "correct propose", "correct amend", "correct approve",
    "correct reject", "correct withdraw", "key new", "key rotate", "key revoke",
    "checkpoint admit", "witness policy", "witness add",
}  # fmt: skip

ELSEWHERE = {"check-proof", "witness new", "witness sign"}
"""What looks at no ledger: it is for those who have none."""

MADE = {"scr.db.readmodel", "out.jsonl", "copy.db", "again.db", "bundle.zip", "proofs"}
"""The read model, and what was asked for by name."""


def names() -> set[str]:
    """
    Return every command there is, those of groups with their group.
    """
    context, found = click.Context(group), set()
    for name in COMMANDS:
        command = group.get_command(context, name)
        own = command.commands if isinstance(command, click.Group) else {}
        found |= {f"{name} {sub}" for sub in own} or {name}
    return found


def test_every_command_is_looked_at():
    """
    Here, or it is one that records.
    """
    words = [[one for one in asked if not one.startswith("-")] for asked in ASKED]
    asked = {" ".join(one[:2]) for one in words} | {one[0] for one in words}
    asked |= {"restore"}  # Its first word is the ledger's name.

    assert names() - RECORDING - ELSEWHERE <= asked
    assert names() >= RECORDING


@pytest.fixture(scope="module")
def _there():
    with refresh().prepared():
        for arguments in SET_UP:
            told = scr(*arguments)
            assert told.code == 0, (arguments, told.err)
        yield


def kept() -> tuple[bytes, int, int]:
    """
    Return what the ledger is like.
    """
    ledger = Path("scr.db")
    stat = ledger.stat()
    return sha256(ledger.read_bytes()).digest(), stat.st_mtime_ns, stat.st_ino


@pytest.mark.parametrize("arguments", ASKED, ids=" ".join)
@pytest.mark.usefixtures("_there")
def test_asking_changes_nothing(arguments):
    """
    Not a byte of the ledger, not when it was changed, and no file beside it but the
    read model and what was asked for.
    """
    before, beside = kept(), {one.name for one in Path().iterdir()}

    told = scr(*arguments)

    assert told.code in (0, 1), told.err
    assert kept() == before
    assert {one.name for one in Path().iterdir()} - beside <= MADE


@pytest.mark.usefixtures("_there")
def test_opened_as_the_library_opens_it_it_is_red():
    """
    Turning a file to write-ahead logging, as the library does to read it, is a change.
    """
    before = kept()
    with closing(sqlite3.connect("scr.db")) as opened:
        opened.execute("PRAGMA journal_mode=WAL")

    assert kept() != before
