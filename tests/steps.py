"""One act of each kind, tried again and again from the same beginning.

Each trial begins with the files as they were before the act. Something is done to the
child that performs it; then it is looked at what is left, and the act is done again.
"""

from __future__ import annotations

import json
import sqlite3
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from ledger import fsck
from tests import acts, dying, ledgers, shim

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from pathlib import Path
    from random import Random

SCRS = 4
DOCUMENTED = (1, 3, 4, 5, 6)
"""How a command may end when it could not do what it was asked."""


class Trial(NamedTuple):
    """What came of one."""

    kind: str
    number: int
    """Of the step at which something was done."""
    code: int | None
    """How the act ended; None if it was killed."""
    said: str
    faults: tuple[str, ...]


class Scene(NamedTuple):
    """The files before an act, and which act it is."""

    index: int
    files: dict[str, bytes]

    @property
    def kind(self) -> str:
        """What the act is called."""
        return acts.story(SCRS)[self.index].kind


@cache
def scenes() -> tuple[Scene, ...]:
    """Return the first act of each kind, with the files before it."""
    story, seen, found = acts.story(SCRS), set(), []
    with ledgers.folder() as folder:
        acts.written(folder, SCRS)
        path = str(folder / "scr.db")
        for index, act in enumerate(story):
            if act.kind not in seen:
                seen.add(act.kind)
                files = {one.name: one.read_bytes() for one in folder.iterdir()}
                found.append(Scene(index, files))
            assert acts.perform(act, path).code == 0
    return tuple(found)


def tried(scene: Scene, folder: Path, number: int, *arms: Callable[[], None]) -> Trial:
    """Perform an act in children to which something is done; look at what is left.

    :param arms: what a child does first; each further one is of the same act once more.
    """
    upto, known = acts.story(SCRS)[: scene.index + 1], acts.reference(SCRS)
    path = put(scene, folder)
    faults: list[str] = []
    done, code, said, head = scene.index, None, "", 0
    for arm in arms:
        if faults or acts.following(upto, known, done, path) > scene.index:
            break
        ended = dying.tell(upto, path, scene.index, prepare=arm)
        done = ended.acknowledged
        code, said = (None, "") if ended.killed else (0, "")
        if ended.said:
            _, given, told = ended.said.split(" ", 2)
            code, said = int(given), json.loads(told)
        found = acts.left(path, known, done)
        grown, head = found.head > max(head, _before(scene)), found.head
        faults += [*_complaints(code, said, grown=grown), *found.faults]
    faults += acts.beside(path, known)
    if not faults and done == scene.index:
        faults += _again(scene, path, upto[-1], head)
    return Trial(scene.kind, number, code, said, tuple(faults))


def _before(scene: Scene) -> int:
    return acts.reference(SCRS).heads[scene.index - 1] if scene.index else 0


def _complaints(code: int | None, said: str, *, grown: bool) -> list[str]:
    """Say what is wrong with how an act ended, and what it said."""
    if not code:
        return []
    if code not in DOCUMENTED:
        return [f"ended with {code}: {said}"]
    if said.count("\n") != 1 or not said.startswith("scr: "):
        return [f"not one clear line: {said}"]
    if grown and "nothing was recorded" in said:
        return [f"something was recorded: {said}"]
    return []


def _again(scene: Scene, path: str, act: acts.Act, head: int) -> list[str]:
    """Do the act again, now that nothing is in its way; say what is wrong with it."""
    known = acts.reference(SCRS)
    there = acts.is_done(act, path, head, known.heads[scene.index])
    if not (there and act.kind in acts.ONCE):
        told = acts.perform(act, path)
        if told.code:
            return [f"cannot be done again: {told.code} {told.err}"]
    after = acts.left(path, known, scene.index + 1)
    wrong = [*after.faults, *map(str, fsck.check(path, lambda _: None).findings)]
    wrong += acts.beside(path, known)
    return [f"after it was done again: {one}" for one in wrong]


class Way(NamedTuple):
    """One way to disturb an act."""

    count: Callable[[Callable[[], object]], int]
    """Calls a function undisturbed, and returns how many steps it had."""
    arm: Callable[[int], Callable[[], None]]
    """Returns what makes something happen at the step of a number."""


def everywhere(
    way: Way, most: int, *, begin: int = 0, kinds: Container[str] | None = None
) -> list[Trial]:
    """Try each act at each of its steps.

    :param most: trials of each act at most; where it has more steps, every so many.
    :param begin: which of the steps is the first, where not all are tried.
    :param kinds: of which acts; left out: of all.
    """
    trials = []
    with ledgers.folder() as folder:
        for scene in scenes():
            if kinds is not None and scene.kind not in kinds:
                continue
            count = way.count(undisturbed(scene, folder))
            every = -(-count // most)
            trials += [
                tried(scene, folder, number, way.arm(number))
                for number in range(begin % every, count, every)
            ]
    return trials


def twice(first: Way, second: Way, count: int, random: Random) -> list[Trial]:
    """Disturb acts, and then what is to go on from there, each at any step."""
    trials = []
    with ledgers.folder() as folder:
        counts = {}
        for scene in scenes():
            counts[scene.index] = first.count(undisturbed(scene, folder))
        for _ in range(count):
            scene = random.choice(scenes())
            numbers = [random.randrange(counts[scene.index]) for _ in range(2)]
            arms = first.arm(numbers[0]), second.arm(numbers[1])
            trials.append(tried(scene, folder, numbers[0], *arms))
    return trials


def undisturbed(scene: Scene, folder: Path) -> Callable[[], object]:
    """Return what performs an act here, once."""
    path = put(scene, folder)
    return lambda: acts.perform(acts.story(SCRS)[scene.index], path)


def put(scene: Scene, folder: Path) -> str:
    """Put the files before an act into a folder, alone; return the ledger."""
    for one in folder.iterdir():
        one.unlink()
    for name, content in scene.files.items():
        (folder / name).write_bytes(content)
    return str(folder / "scr.db")


def by_statement() -> Way:
    """Kill before a statement of SQL."""

    def count(undisturbed: Callable[[], object]) -> int:
        seen = [0]

        def step(_statement: str) -> None:
            seen[0] += 1

        with mock.patch.object(sqlite3, "connect", dying.traced(step)):
            undisturbed()
        return seen[0]

    return Way(count, dying.before_statement)


def by_call(arm: Callable[[int], None], kinds: int) -> Way:
    """Do something at a call of some kinds; in a process that has the shim.

    :param arm: tells the shim at which.
    """
    library = shim.library()

    def count(undisturbed: Callable[[], object]) -> int:
        library.shim_fail(2**40, 0, 0, kinds, 0)
        undisturbed()
        library.shim_rest()
        calls: int = library.shim_calls()
        return calls

    return Way(count, lambda number: lambda: arm(number))
