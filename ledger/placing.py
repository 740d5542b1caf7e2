"""Files that are there whole or not at all, and still are after a loss of power.

What was written to a file reaches the disk when the file is synced, and its name when
its folder is: a draft is synced, then named, then its folder is synced.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from ledger.errors import KeptBesideError, LedgerExistsError, LeftBesideError

if TYPE_CHECKING:
    from pathlib import Path

_SQLITES = ("-journal", "-wal", "-shm")
"""What SQLite keeps beside a file, and takes for a part of it."""


_KEPT_BESIDE = (*_SQLITES, ".readmodel")


def refuse_kept(path: str) -> None:
    """Refuse a name under which something is kept beside a ledger.

    The next command would take the file for its own, and remove it or write over it.

    :raises KeptBesideError: says which.
    """
    for ending in _KEPT_BESIDE:
        if path.endswith(ending):
            raise KeptBesideError(path, ending)


def put_in_place(draft: Path, target: Path, by: str) -> None:
    """Give a ledger, or a backup, its name, unless something has it.

    :param by: the command that makes it.
    :raises LedgerExistsError: there is a file of that name.
    :raises LeftBesideError: there is a journal of a file of that name.
    :raises KeptBesideError: it is no name for a ledger.
    :raises OSError: the disk does not take it.
    """
    refuse_kept(str(target))
    for ending in _SQLITES:
        left = target.with_name(f"{target.name}{ending}")
        if left.exists():
            raise LeftBesideError(str(left), by)
    sync(draft)
    # A link fails where a rename would silently replace somebody else's file.
    try:
        os.link(draft, target)
    except FileExistsError:
        raise LedgerExistsError(str(target), by) from None
    except OSError:
        if target.exists():
            raise LedgerExistsError(str(target), by) from None
        draft.rename(target)
    sync(target.parent)


def put_over(draft: Path, target: Path) -> None:
    """Put a file in the place of whatever has that name.

    :raises OSError: the disk does not take it.
    """
    sync(draft)
    draft.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk.

    :raises OSError: the disk does not take it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # Folders on Windows, which keeps names by itself.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # Nothing of the kind that can be synced.
            raise
    finally:
        os.close(descriptor)
