"""A ledger beside what this user has seen of it: for those who verify and look over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.main import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.fsck import Finding
    from ledger.reader import Log
    from ledger.seen import Now

    Compare = Callable[[str, int, Callable[[int], str]], Iterator[Finding]]

_ORIGIN = "scr-ledger/"


def beside(path: str, notes: list[str]) -> Compare:
    """Return what compares a log that is read from now on with what was seen of it.

    :param notes: where to say that it is an older copy, which is no finding.
    """
    from ledger import seen
    from ledger.errors import UnseenError
    from ledger.fsck import Finding

    try:
        before = seen.by_now(_absolute(path))
    except UnseenError:
        before = {}  # It is warned of when it is compared.

    def compare(
        origin: str, head: int, root: Callable[[int], str]
    ) -> Iterator[Finding]:
        now = seen.Now(_absolute(path), origin.removeprefix(_ORIGIN), head, root, path)
        try:
            found = seen.disagreements(now, before)
            older = seen.is_older_copy(now)
        except UnseenError as error:
            warn(str(error))
            return
        for one in found:
            if older and one.word == "rolled back":
                notes.append(older_words(one.seen.position))
            else:
                yield Finding(None, one.word, str(one))

    return compare


def older_words(position: int) -> str:
    """Return that a ledger is an older copy, in words."""
    return (
        f"an older copy: you have seen this ledger at @{position}; nothing more can be"
        " recorded in it"
    )


def keep(path: str, head: int, root: str) -> None:
    """Remember a ledger that verified, so that a later look can be compared.

    What was recorded since is not remembered, nor what was put in its place since.

    :param head: up to where it verified.
    :param root: its recomputed root there.
    """
    from datetime import datetime

    from ledger import seen
    from ledger.domain.fiscal import format_instant
    from ledger.errors import UnseenError
    from ledger.reader import open_log

    with open_log(path) as log:
        if log.head < head or log.root(head).hex() != root:
            return
        ledger_id, (last,) = log.identity.ledger_id, log.at([head])
    now = seen.Now(_absolute(path), ledger_id, head, lambda _: root)
    at = format_instant(datetime.fromisoformat(last.recorded_at))
    try:
        seen.remember(now, at)
        seen.settle(now.path, now.ledger_id)
    except UnseenError as error:
        warn(str(error))


def now_of(log: Log) -> Now:
    """Return how an open ledger is."""
    from ledger.seen import Now

    head = log.head
    at_head = log.root(head).hex()

    def root(position: int) -> str:
        return at_head if position == head else log.root(position).hex()

    return Now(_absolute(log.path), log.identity.ledger_id, head, root, log.path)


def _absolute(path: str) -> str:
    return str(Path(path).absolute())
