"""A long story of everyday acts, so fixed that every run of it makes the same bytes.

The clock stands still and ids are given, so after each act the log has one root it can
have. Whoever cuts the story off anywhere can say of what is left: this is the log after
act 17, whole; or it is not.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock
from uuid import UUID

from cli.main import run
from ledger import app, fsck
from ledger.errors import LedgerError
from ledger.reader import open_log
from tests import ledgers, users
from tests.commandline import HISTORY, Told, filed, line
from tests.packages import hash_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.reader import Row

MOMENT = datetime(2026, 1, 5, 14, tzinfo=UTC)
LEDGER_ID = UUID("5c4e2a70-0000-4000-8000-000000000002")
ENVIRONMENT = {"COLUMNS": "80", "SCR_LEDGER": "", "SCR_BY": "tester"}

INIT = "init"
FIRST = "first.jsonl"
OUT = "out.jsonl"
ONCE = ("init", "publish", "propose", "agree", "backup", "restore")
"""What is not done again once it is done: it is refused, or there are two of it."""


class Act(NamedTuple):
    """What is typed, after `scr --ledger PATH`; ``kind`` is what it is called."""

    kind: str
    arguments: tuple[str, ...]


class Reference(NamedTuple):
    """What an undisturbed run of a story came to."""

    heads: tuple[int, ...]
    """The head after each act; a story begins with `init`, so the first is 1."""
    roots: tuple[str, ...]
    """The root at each position from 0."""
    rows: tuple[Row, ...]
    """The facts, as they are kept."""
    answers: dict[int, str]
    """What `scr count --json` says at each of these heads."""
    exports: dict[int, str]
    """What `scr export` says."""


@contextmanager
def fixed() -> Iterator[None]:
    """Let the clock stand, and whoever runs this be nobody in particular."""

    def clock() -> datetime:
        return MOMENT

    with ExitStack() as stack:
        for function in (app.create, app.open_ledger):
            stack.enter_context(
                mock.patch.dict(function.__kwdefaults__, {"clock": clock})
            )
        stack.enter_context(mock.patch.object(app, "uuid4", return_value=LEDGER_ID))
        stack.enter_context(mock.patch.object(app, "account", return_value="registry"))
        stack.enter_context(mock.patch.object(app, "token_hex", return_value="5c" * 32))
        stack.enter_context(mock.patch.dict(os.environ, ENVIRONMENT))
        yield


def story(scrs: int) -> tuple[Act, ...]:
    """Return the acts about so many SCRs; the files they read are in `written`."""
    acts = [Act(INIT, (INIT, "--name", "story")), Act("import", ("import", FIRST))]
    for number in range(scrs):
        acts += _life(f"S-{number}")
        if number % 4 == 1:
            acts += _correction(number // 4 + 1, f"S-{number}")
        if number % 4 == 2:
            acts += [
                Act("import", ("import", f"part-{number}.jsonl")),
                Act("count", ("count", "--json")),
                Act("export", ("export", "-o", OUT)),
            ]
        if number % 8 == 3:
            acts += [_publication(number), Act("rebuild", ("rebuild",))]
            copy, again = f"copy-{number}.db", f"again-{number}.db"
            acts += [
                Act("backup", ("backup", copy)),
                Act("restore", ("--ledger", again, "restore", copy)),
            ]
    return tuple(acts)


def _life(scr: str) -> list[Act]:
    given = {
        "file": ("--case-number", "C-1", "--office", "SAC X"),
        "determine": ("--association", "yes", "--transnational", "yes"),
        "approve": (),
        "disrupt": ("--outcome", "D1", "--on", "2026-01-05"),
    }
    return [
        Act("live", (verb, scr, *said, "--command-id", f"{verb}-{scr}"))
        for verb, said in given.items()
    ]


def _correction(number: int, scr: str) -> list[Act]:
    why = ("--reason-code", "other", "--reason", "as found", "--by", "ann")
    what = ("--scr", scr, "--event", "voided")
    return [
        Act("propose", ("correct", "propose", *what, *why)),
        Act("agree", ("correct", "approve", f"C-{number}", "--by", "bob")),
    ]


def _publication(number: int) -> Act:
    what = ("--measure", "dd-tco", "--fy", "2019..2020", "--document", "d")
    why = ("--claims", "c", "--override", "this is a test")
    return Act("publish", ("publish", f"APR-{number}", *what, *why))


def written(folder: Path, scrs: int) -> None:
    """Write the files that a story reads."""
    (folder / FIRST).write_text(HISTORY, encoding="utf-8")
    for number in range(2, scrs, 4):
        lives = "".join(
            filed(f"P-{number}-{each}")
            + line(f"P-{number}-{each}", "approved", "2018-10-04")
            for each in range(6)
        )
        (folder / f"part-{number}.jsonl").write_text(lives, encoding="utf-8")


def perform(act: Act, path: str) -> Told:
    """Do one act on the ledger of a folder, and say how it ended.

    The files are those beside the ledger, whatever the working directory is. Who acts
    has never seen a ledger: files are put back here that were seen to be longer.
    """
    users.forget()
    folder = Path(path).parent
    given = [
        str(folder / one) if one.endswith((".jsonl", ".db")) else one
        for one in act.arguments
    ]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        if act.kind == "agree":
            given += ["--hash", hash_now(path, given[2])]
        code = run(["--ledger", path, *given])
    return Told(code, out.getvalue(), err.getvalue())


@cache
def reference(scrs: int) -> Reference:
    """Run a story undisturbed, once, and keep what it came to."""
    heads, answers, exports = [], {}, {}
    with fixed(), ledgers.folder() as folder:
        written(folder, scrs)
        path = str(folder / "scr.db")
        for act in story(scrs):
            told = perform(act, path)
            assert told.code == 0, (act, told.err)
            with open_log(path) as log:
                heads.append(log.head)
            if log.head not in answers:
                answers[log.head] = asked(path)
                exports[log.head] = perform(Act("export", ("export",)), path).out
        with open_log(path) as log:
            roots = [log.root(each).hex() for each in range(log.head + 1)]
            rows = tuple(log.rows(0, log.head))
    return Reference(tuple(heads), tuple(roots), rows, answers, exports)


def asked(path: str) -> str:
    """Return the figures of a ledger, or how it says that there are none."""
    told = perform(Act("count", ("count", "dd-all", "dd-tco", "--json")), path)
    return told.out if told.code == 0 else told.err


class Found(NamedTuple):
    """What is left of a story that was cut off."""

    head: int
    faults: tuple[str, ...]


def left(path: str, known: Reference, acknowledged: int, *, ask: bool = True) -> Found:
    """Say what is left of a story after it was cut off, and what is wrong with it.

    :param acknowledged: how many of its acts had ended well; one more may be there.
    :param ask: whether the figures are asked for, too.
    """
    least = known.heads[acknowledged - 1] if acknowledged else 0
    if not Path(path).exists():
        return Found(0, ("acknowledged facts lost: the ledger is gone",) * (least > 0))
    try:
        with open_log(path) as log:
            head = log.head
            root = log.root(head).hex()
    except LedgerError as error:
        return Found(0, (f"does not open: {error}",))
    faults = []
    most = known.heads[min(acknowledged, len(known.heads) - 1)]
    if head < least:
        faults.append(f"acknowledged facts lost: @{head}, not @{least}")
    elif head > most:
        faults.append(f"facts nobody asked for: @{head}, not @{most}")
    elif head not in (least, most):
        faults.append(f"torn: @{head}, between @{least} and @{most}")
    if head >= len(known.roots) or root != known.roots[head]:
        faults.append(f"other facts: the root at @{head} is {root}")
    elif not faults and ask and asked(path) != known.answers[head]:
        faults.append(f"another figure at @{head}")
    return Found(head, tuple(faults))


def beside(path: str, known: Reference) -> list[str]:
    """Say what is wrong with the files that acts made beside the ledger."""
    faults = []
    for one in Path(path).parent.iterdir():
        if one.name == OUT and one.read_text("utf-8") not in known.exports.values():
            faults.append("an export by half")
        if re.fullmatch(r"(copy|again)-\d+\.db", one.name):
            try:
                checked = fsck.check(str(one), lambda _: None)
            except LedgerError as error:
                faults.append(f"a backup by half: {error}")
                continue
            if checked.findings or checked.root != known.roots[checked.head]:
                faults.append("a backup by half")
    return faults


def is_done(act: Act, path: str, head: int, after: int) -> bool:
    """Say whether an act that was cut off took place all the same.

    :param after: the head after it.
    """
    match act.kind:
        case "backup":
            return (Path(path).parent / act.arguments[-1]).exists()
        case "restore":
            return (Path(path).parent / act.arguments[1]).exists()
        case _:
            return head == after


def following(story: Sequence[Act], known: Reference, done: int, path: str) -> int:
    """Return which act is next: the one cut off once more, unless it is done."""
    if done == len(story) or not Path(path).exists():
        return done
    with open_log(path) as log:
        there = is_done(story[done], path, log.head, known.heads[done])
    return done + (there and story[done].kind in ONCE)
