"""Opening a ledger that was made to do harm does none, and ends with a line.

The long version opens every file with every command and draws damage from more seeds:
`SCR_SOAK_HOSTILE=100`.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli import main
from ledger import fsck, guard, reader, schema
from ledger.domain import events, fiscal
from projections import readmodel
from tests import hostile_files as hostile
from tests import ledgers, watching
from tests.commandline import DOCUMENTED, prepare, scr
from tests.hostile_files import ATTACKS, PLANTED, VICTIM
from tests.watching import listed, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.watching import Watched

SOAK = int(os.environ.get("SCR_SOAK_HOSTILE", "0"))

PRINTED = (
    '{"name":"APR-2019","document":"Report","printed_on":"2020-01-15",'
    '"as_of":"2020-01-15","fiscal_year":2019,"claims":"dd-all",'
    '"figures":{"dd-all":3}}\n'
)

ASKING = (
    ("count",),
    ("verify",),
    ("log",),
    ("show", "SCR-1"),
    ("export",),
    ("doctor",),
    ("validate", "--fy", "2019"),
    ("publication", "list"),
    ("publication", "verify"),
    ("cases", "dd-all"),
    ("diff", "dd-all", "--from", "2019-01-01", "--to", "2024-06-01"),
    ("explain", "dd-all", "--fy", "2019", "--scr", "SCR-1"),
    ("trace", "SCR-1"),
    ("measure", "list"),
    ("taxonomy", "show"),
    ("person", "list"),
    ("request", "list"),
    ("recommendation", "list"),
    ("correct", "list"),
    ("sample", "list"),
    ("scorecard",),
    ("late",),
    ("activity",),
    ("vintages", "dd-all"),
    ("check",),
    ("bundle", "-o", "{folder}/bundle.zip"),
    ("key", "list"),
    ("witness", "list"),
    ("prove", "@2"),
)
WRITING = (
    (
        *("file", "SCR-9", "--case-number", "C-9", "--office", "SAC X"),
        *("--on", "2019-01-01", "--by", "x"),
    ),
    ("rebuild",),
)
ALWAYS = 3
"""So many of the questions are asked of every file here; the others of some."""


@pytest.fixture(scope="module")
def sound() -> Iterator[Path]:
    """
    A folder with a ledger that verifies, its read model, and a file of somebody's.
    """
    with ledgers.folder() as folder:
        path = prepare(folder)
        (folder / "printed.jsonl").write_text(PRINTED)
        printed = str(folder / "printed.jsonl")
        scr("--ledger", str(path), "publish", "--as-printed", printed, "--by", "x")
        (folder / VICTIM).write_text("nobody's to touch")
        (folder / f"{PLANTED}.py").write_text("HARM = 1\n")
        for command in (*ASKING, *WRITING):  # Whatever is imported is imported here.
            words = [word.format(folder=folder) for word in command]
            told = scr("--ledger", str(shutil.copy(path, folder / "warm.db")), *words)
            assert told.code in (0, 1, 3), (command, told)
        scr("--ledger", str(path), "--help")
        scr("--ledger", str(path), "no-such-command")
        for left in folder.glob("warm.db*"):
            left.unlink()
        scr("--ledger", str(path), "count")
        sys.path.insert(0, str(folder))
        yield folder
        sys.path.remove(str(folder))


@contextmanager
def attacked(sound: Path, attack: hostile.Attack) -> Iterator[Path]:
    """Yield a copy of the ledger to which something was done."""
    with ledgers.folder() as folder:
        for one in ("scr.db", "scr.db.readmodel", VICTIM):
            shutil.copy(sound / one, folder / one)
        attack(folder / "scr.db")
        yield folder / "scr.db"


def asked(path: Path, *commands: tuple[str, ...], writes: bool = False) -> Watched:
    """Run commands on a ledger in a child that is watched."""

    def allowed(one: str) -> bool:
        name = os.path.realpath(one)
        beside = f"{os.path.realpath(path)}.readmodel"
        return (
            one.startswith(beside)
            or f"{os.sep}scr-" in name.replace("scr-test-", "")
            or name == os.devnull
            or (writes and one == str(path))
            or Path(one).name.startswith((".bundle.zip.", "bundle.zip"))
        )

    return watched(
        [
            (
                "--ledger",
                str(path),
                *(one.format(folder=path.parent) for one in command),
            )
            for command in commands
        ],
        allowed,
        import_allowed=lambda module: module.startswith("tzdata"),
    )


def faults(found: Watched, count: int) -> list[str]:
    """Return what commands did that none may do."""
    said = list(found.seen)
    if len(found.ended) < count:
        said.append(f"it does not come to an end: {found.last}")
    for one in found.ended:
        if one.code not in DOCUMENTED:
            said.append(f"it ends with {one.code}: {one.command}: {one.err}")
        if "Traceback" in one.err:
            said.append(f"a traceback: {one.command}: {one.err}")
        if one.seconds > watching.SECONDS:
            said.append(f"it takes {one.seconds} s: {one.command}")
    return said


def questions(number: int) -> tuple[tuple[str, ...], ...]:
    """Return what is asked of a file: in the long version everything."""
    if SOAK:
        return ASKING
    rest = ASKING[ALWAYS:]
    return (*ASKING[:ALWAYS], rest[number % len(rest)])


def changes(before: dict, after: dict) -> list[str]:
    """Return what in a folder is another than it was, but for the read model."""
    return [
        name
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
        and not name.startswith(("scr.db.readmodel", "bundle.zip"))
    ]


NUMBERED = list(enumerate(ATTACKS.items()))


@pytest.mark.parametrize(
    ("number", "attack"),
    [pytest.param(n, attack, id=name) for n, (name, attack) in NUMBERED],
)
def test_a_hostile_ledger_does_nothing(sound, number, attack):
    """
    Whatever is asked of it, it is answered or refused in a line: nothing is imported,
    written, removed, started or connected to, and it comes to an end.
    """
    with attacked(sound, attack) as path:
        before = listed(path.parent)
        asking = questions(number)
        found = asked(path, *asking)

        assert faults(found, len(asking)) == []
        kept = changes(before, listed(path.parent))
        if Path(f"{path}-journal") not in path.parent.iterdir():
            # An honest journal is rolled back: it goes, and the ledger is as it was.
            kept = [name for name in kept if not name.startswith("scr.db")]
        assert kept == []


@pytest.mark.parametrize(
    ("number", "attack"),
    [
        pytest.param(n, attack, id=name)
        for n, (name, attack) in NUMBERED
        if SOAK or n % 3 == 0 or "trigger" in name or "journal" in name
    ],
)
def test_a_hostile_ledger_is_not_written_to_harm(sound, number, attack):
    """
    What writes does so to the ledger and its read model, or is refused in a line.
    """
    del number
    with attacked(sound, attack) as path:
        before = listed(path.parent)
        found = asked(path, *WRITING, writes=True)

        assert faults(found, len(WRITING)) == []
        kept = changes(before, listed(path.parent))
        assert [name for name in kept if not name.startswith("scr.db")] == []


@pytest.mark.skipif(not SOAK, reason="long; runs in ./dev soak")
@pytest.mark.parametrize("place", [(16, 100), (100, 4096), (4096, 1 << 40)])
def test_damage_drawn_from_many_seeds_does_nothing(sound, place):
    """
    Bits turned over in the header, in the schema, or in the pages of the rows.
    """
    for seed in range(100, 100 + SOAK):
        attack = partial(hostile.flipped, hostile.Place(*place), seed)
        with attacked(sound, attack) as path:
            found = asked(path, *ASKING, *WRITING, writes=True)

            assert faults(found, len(ASKING) + len(WRITING)) == [], seed


def test_a_sound_ledger_is_answered(sound):
    """
    The same commands on the ledger as it was end well: the files are not refused for
    how they are asked.
    """
    with attacked(sound, lambda _: None) as path:
        found = asked(path, *ASKING)

        assert faults(found, len(ASKING)) == []
        assert {one.code for one in found.ended} <= {0, 1, 3}
        assert len(ATTACKS) >= 30


def _imports(topic: str, payload: bytes) -> object:
    """Do as the library does: import whatever a row names."""
    if ":" in topic:
        import_module(topic.partition(":")[0])
    return events.parse_stored(topic, payload)


def _everything(_one: object) -> None:
    """Refuse nothing."""


@pytest.mark.parametrize(
    ("attack", "command", "defences", "what"),
    [
        (
            "topic of a planted module",
            ("verify",),
            ((fsck.log, "parse_stored", _imports),),
            f"{PLANTED}.py",
        ),
        (
            "view for the log",
            ("count",),
            (
                (schema, "differing", lambda _found, _wanted: []),
                (guard.Patience, "over", lambda _self: False),
            ),
            "does not come to an end",
        ),
        (
            "pages without an end",
            ("log",),
            (
                (guard.Patience, "over", lambda _self: False),
                (reader, "PAGE", 1 << 40),
                (reader, "_check_end", _everything),
            ),
            "does not come to an end",
        ),
        (
            "trigger of SQLite's name",
            WRITING[0],
            ((schema, "differing", lambda _found, _wanted: []),),
            "does not come to an end",
        ),
        (
            "read model with a trigger",
            ("count",),
            ((readmodel, "_check_tables", _everything),),
            "does not come to an end",
        ),
        (
            "a pipe",
            ("count",),
            (
                (main, "check_ledger", _everything),
                (guard, "S_ISREG", lambda _mode: True),
            ),
            "does not come to an end",
        ),
        (
            "journal that names a victim",
            ("count",),
            ((guard, "refuse_foreign_journal", _everything),),
            VICTIM,
        ),
        (
            "write-ahead log",
            ("count",),
            ((guard, "_immutable", lambda _path: False),),
            "scr.db-shm",
        ),
        (
            "zone that is none",
            ("late",),
            (
                (fiscal, "UnknownZoneError", ValueError),
                (main, "_damage", _everything),
            ),
            "ends with 70",
        ),
    ],
)
def test_each_defence_is_needed(  # noqa: PLR0913, PLR0917 - a table of detectors
    sound, monkeypatch, attack, command, defences, what
):
    """
    With a defence taken out, the same watching finds what it had kept from happening.
    """
    monkeypatch.setattr(watching, "SECONDS", 0)
    monkeypatch.setattr(watching, "WAITING", 5)
    for where, name, instead in defences:
        monkeypatch.setattr(where, name, instead)
    with attacked(sound, ATTACKS[attack]) as path:
        before = listed(path.parent)
        found = asked(path, command, writes=True)

        said = [*faults(found, 1), *changes(before, listed(path.parent))]
        assert [one for one in said if what in one], (said, found)
