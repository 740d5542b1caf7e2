"""What ``scr doctor`` looks at: this installation, then the ledger."""

from __future__ import annotations

import platform
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import LedgerError, UnseenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from ledger.reader import Log

PACKAGES = ("ledger", "projections", "cli")
LIBRARIES = ("click", "eventsourcing", "pydantic", "rich", "sqlite-utils")
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""


MINUTES_AHEAD = 5
"""By how much clocks that are right may differ."""
CHECKPOINTS = "checkpoints"
"""The stream that covers others and is not to be covered."""


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
            yield from _clock(log)
            yield from _seen(log)
            yield _exposure(log)
            yield _read_model(log)
            yield from _imports(log)
    except LedgerError as error:
        yield Symptom("ledger", "attention", str(error))


def _clock(log: Log) -> Iterator[Symptom]:
    """Say that the last fact is of a time to come: no later one is dated before."""
    from datetime import timedelta

    (last,) = log.at([log.head])
    if _since(last.recorded_at) < timedelta(minutes=-MINUTES_AHEAD):
        says = (
            f"the last fact was recorded at {last.recorded_at}, which is to come: here"
            " or there a clock is wrong, and what is recorded until then has that"
            " instant too; set the clock, or find out who wrote that"
        )
        yield Symptom("clock", "attention", says)


def _seen(log: Log) -> Iterator[Symptom]:
    """Compare the ledger with what this user has seen of it."""
    from cli.seeing import now_of, older_words
    from ledger import seen

    now = now_of(log)
    try:
        found = seen.disagreements(now)
        older = seen.is_older_copy(now)
        last = seen.of_ledger(now.ledger_id)
    except UnseenError as error:
        yield Symptom("last seen", "attention", str(error))
        return
    for one in found:
        if older and one.word == "rolled back":
            yield Symptom("last seen", "note", older_words(one.seen.position))
        else:
            yield Symptom("last seen", "attention", str(one))
    if found:
        return
    if last is None:
        says = "never by this user; what is recorded or verified is remembered"
        yield Symptom("last seen", "note", says)
        return
    yield Symptom("last seen", "fine", f"@{last.position}, which is in this log")


def _exposure(log: Log) -> Symptom:
    """Say what nobody could tell if whoever can write the file changed it.

    That a checkpoint was issued is known here; that somebody keeps it is not.
    """
    from projections.keys import checkpoints, keys_of

    issued = [one for one in checkpoints(log) if one.trusted]
    if issued:
        size, began = issued[-1].size, issued[-1].recorded_at
        since = f"since the last checkpoint that was issued, of all up to @{size}"
        how = "`scr checkpoint`"
    else:
        (first,) = log.at([1])
        size, began = 0, first.recorded_at
        since = "since the ledger was made: no checkpoint was issued that is believed"
        signs = keys_of(log).current is not None
        how = "`scr checkpoint`" if signs else "`scr key new`, `scr checkpoint`"
    covering = sum(row.position > size for row in log.stream(CHECKPOINTS, log.head))
    facts, days = log.head - size - covering, _days_since(began)
    if not facts:
        says = f"none {since}; whoever keeps a copy of that elsewhere could tell"
        return Symptom("exposure", "fine", says)
    says = (
        f"{_number(facts, 'fact')}, {_number(days, 'day')} {since}; if they were"
        f" changed, nobody could tell: {how}, and give a copy to somebody else"
    )
    return Symptom("exposure", "note", says)


def _days_since(recorded_at: str) -> int:
    return max(0, _since(recorded_at).days)


def _since(recorded_at: str) -> timedelta:
    from datetime import UTC, datetime

    return datetime.now(UTC) - datetime.fromisoformat(recorded_at)


def _number(count: int, of: str) -> str:
    return f"{count:,} {of}" if count == 1 else f"{count:,} {of}s"


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
