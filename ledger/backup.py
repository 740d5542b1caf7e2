"""A verified copy of a ledger in use, and a ledger from such a copy.

Both go the same way: SQLite copies to a draft, the checker recomputes everything in the
draft from its bytes, and only what verifies gets a name. The read model is no part of
it, because it is made anew from the log.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger import fsck
from ledger.copying import copy
from ledger.errors import (
    LedgerExistsError,
    NoBackupError,
    NotVerifiedError,
    StoreError,
)
from ledger.failures import translated
from ledger.placing import put_in_place, refuse_kept
from ledger.reader import open_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.reader import Identity


class Copied(NamedTuple):
    """How far the log of a copy goes, its recomputed root, and whose it is."""

    head: int
    root: str
    identity: Identity


def back_up(
    ledger: str, target: str, on_progress: Callable[[int], None] = lambda _: None
) -> Copied:
    """Write a verified copy of a ledger, as it is at one moment, to a new file.

    :param on_progress: told the position checked, now and then.
    :raises LedgerExistsError: there is a file of that name.
    :raises KeptBesideError: the next command would remove a file of that name.
    :raises NotVerifiedError: the ledger does not verify; no copy was made.
    :raises NoLedgerError: there is no ledger.
    :raises LedgerError: it cannot be read, or the copy cannot be written.
    """
    instead = "no backup was made; see `scr verify`, and keep the file as evidence"
    with _draft(Path(target), "backup") as draft:
        made = _verified_copy(ledger, draft, instead, on_progress)
        put_in_place(draft, Path(target), "backup")
    return made


def restore(
    backup: str, ledger: str, on_progress: Callable[[int], None] = lambda _: None
) -> Copied:
    """Make a ledger from a backup that verifies.

    :param ledger: where it is to be; there must be no file.
    :param on_progress: told the position checked, now and then.
    :raises NoBackupError: there is no backup.
    :raises LedgerExistsError: there is a file where the ledger is to be.
    :raises NotVerifiedError: the backup does not verify; nothing was restored.
    :raises LedgerError: it cannot be read, or the ledger cannot be written.
    """
    if not Path(backup).is_file():
        raise NoBackupError(backup)
    instead = "nothing was restored; take another backup, and keep this as evidence"
    with _draft(Path(ledger), "restore") as draft:
        made = _verified_copy(backup, draft, instead, on_progress)
        put_in_place(draft, Path(ledger), "restore")
    return made


@contextmanager
def _draft(target: Path, by: str) -> Iterator[Path]:
    """Yield the path of a file beside ``target`` that is gone afterwards."""
    refuse_kept(str(target))
    if target.exists():
        raise LedgerExistsError(str(target), by)
    folder = target.absolute().parent
    if not folder.is_dir():
        message = f"there is no folder {folder}; make it first, or name another file"
        raise StoreError(message)
    draft = folder / f".{target.name[:200]}.{os.getpid()}.{by}"
    try:
        with translated(str(target)):
            yield draft
    finally:
        for ending in ("", "-journal"):
            draft.with_name(f"{draft.name}{ending}").unlink(missing_ok=True)


def _verified_copy(
    path: str, draft: Path, instead: str, on_progress: Callable[[int], None]
) -> Copied:
    draft.touch(mode=0o600)  # Nobody else may read it before it is known who may.
    with open_log(path):  # Is it a ledger? A write that was cut off is undone.
        copy(path, draft)
    draft.chmod(Path(path).stat().st_mode & 0o777)
    checked = fsck.check(str(draft), on_progress)
    if checked.findings:
        first = checked.findings[0]
        where = "" if first.position is None else f" at @{first.position}"
        more = len(checked.findings) - 1
        others = f", and {more:,} more findings" if more else ""
        what = f"{first.check}{where}: {first.why}{others}"
        raise NotVerifiedError(path, what, instead)
    with open_log(str(draft)) as log:
        return Copied(checked.head, checked.root, log.identity)
