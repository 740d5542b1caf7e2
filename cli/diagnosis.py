"""What ``scr doctor`` looks at: this installation, then the ledger."""

from __future__ import annotations

import platform
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log

PACKAGES = ("ledger", "projections", "cli")
LIBRARIES = ("click", "eventsourcing", "pydantic", "rich", "sqlite-utils")
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""


class Symptom(NamedTuple):
    """One thing looked at; the verdict is ``fine``, ``note`` or ``attention``."""

    what: str
    verdict: str
    says: str


def symptoms(ledger: str) -> Iterator[Symptom]:
    """Yield what was found, each in a line."""
    yield _versions()
    yield _sqlite()
    for package in PACKAGES:
        yield _owner(package)
    yield from _ledger(ledger)


def _versions() -> Symptom:
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    says = f"Python {platform.python_version()}, {libraries}"
    return Symptom("versions", "fine", says)


def _sqlite() -> Symptom:
    from ledger.reader import sqlite_version

    version = sqlite_version()
    says = ".".join(map(str, version))
    if version < OLDEST_SQLITE:
        return Symptom("SQLite", "attention", f"{says} is older than 3.37.0")
    return Symptom("SQLite", "fine", says)


def _owner(package: str) -> Symptom:
    """Check that a package is ours: others ship a `cli` too, and pip says nothing."""
    spec = util.find_spec(package)
    here = Path(__file__).resolve().parent.parent
    found = Path(spec.origin).resolve().parent.parent if spec and spec.origin else None
    if found == here:
        return Symptom(f"package {package}", "fine", f"is this program's, in {here}")
    says = f"is not this program's but {found}; install it in its own environment"
    return Symptom(f"package {package}", "attention", says)


def _ledger(path: str) -> Iterator[Symptom]:
    from ledger.reader import open_log

    if not Path(path).exists():
        says = f"there is none at {path}; make one with `scr init`"
        yield Symptom("ledger", "note", says)
        return
    try:
        with open_log(path) as log:
            identity = log.identity
            says = (
                f"{identity.name}, {log.head:,} facts, days end in"
                f" {identity.timezone}, id {identity.ledger_id}"
            )
            yield Symptom("ledger", "fine", says)
            says = f"@{log.head} {log.root(log.head).hex()}"
            yield Symptom("head and root", "note", f"{says}; keep a copy elsewhere")
            yield _read_model(log)
            yield from _imports(log)
    except LedgerError as error:
        yield Symptom("ledger", "attention", str(error))


def _read_model(log: Log) -> Symptom:
    from projections.readmodel import path_beside, state

    word = state(log, path_beside(log.path))
    says = {
        "fresh": "has reached the head",
        "behind": "is behind; the next question catches it up",
        "unusable": "is missing or of another version; the next question makes it",
    }
    return Symptom("read model", "fine" if word == "fresh" else "note", says[word])


def _imports(log: Log) -> Iterator[Symptom]:
    from projections.imports import set_aside

    imports = [
        row
        for row in log.stream("ledger", log.head)
        if row.topic == "ledger.imported/1"
    ]
    aside = set_aside(log, log.head)
    says = f"{len(imports):,}; {aside:,} SCRs set aside"
    yield Symptom("imports", "note" if aside else "fine", says)
