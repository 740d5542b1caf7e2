"""The read model as those who ask see it: opened read-only, fresh or not at all."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger import guard
from ledger.errors import (
    STUMBLES,
    LedgerError,
    LogDamagedError,
    NotALedgerError,
    ReadModelChangedError,
)
from ledger.failures import SQLITE_SAYS, translate, translated
from ledger.schema import differing
from projections.readmodel_tables import STATEMENTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from ledger.reader import Log

    Values = dict[str, Any] | tuple[Any, ...]

VERSION = 3
"""Raised whenever the rows mean something else; an older read model is rebuilt."""

NEVER = 2**63 - 1
"""Largest SQLite integer: still believed."""

NO_CUTOFF = NEVER - 1
"""The cut-off of a basis without one: everything known, and still not never."""

RUN = 16_384
"""How many positions a run of claims covers (`projections/grade.py`)."""

SUFFIX = ".readmodel"

ATTEMPTS = 10
"""How often a read model is made fresh while others replace it; then one apart is."""


class Meta(NamedTuple):
    """What a read model was built from."""

    version: int
    ledger_id: str
    reached: int
    root: str


class ReadModel:
    """An open read model of one log, at or past the log's head."""

    def __init__(self, path: str, connection: guard.Guarded) -> None:
        self.path = path
        self._connection = connection

    def all(self, query: str, values: Values = ()) -> list[Any]:
        """Return the rows of a query."""
        self._connection.patience.begin()
        try:
            return self._connection.execute(query, values).fetchall()
        except SQLITE_SAYS as error:
            raise _told(error, self.path) from error

    def each(self, query: str) -> Iterator[object]:
        """Yield the rows of a query as they come."""
        self._connection.patience.begin()
        try:
            for row in self._connection.execute(query):
                yield row
                self._connection.patience.begin()
        except SQLITE_SAYS as error:
            raise _told(error, self.path) from error


def _told(error: sqlite3.Error | UnicodeDecodeError, path: str) -> LedgerError:
    """Return the ledger's error: what can be made anew is never the damaged log."""
    found = translate(error, path)
    damaged = isinstance(found, (LogDamagedError, NotALedgerError))
    return ReadModelChangedError(path) if damaged else found


def path_beside(ledger: str) -> str:
    """Return where the read model of a ledger stands."""
    return f"{ledger}{SUFFIX}"


def silent(_position: int) -> None:
    """Tell nobody."""


@contextmanager
def open_read_model(
    log: Log, on_progress: Callable[[int], None] = silent
) -> Iterator[ReadModel]:
    """Yield a read model that has reached the head of the log.

    One that is missing, behind, of another version, or of another log is caught up
    or rebuilt first; where the folder cannot be written, in a temporary folder. Of a
    sealed ledger it always is: what lies beside evidence is neither used nor changed.
    """
    path = path_beside(log.path)
    for _ in range(0 if guard.is_sealed(log.path) else ATTEMPTS):
        # What is asked is asked of the connection whose rows were found fresh: another
        # process may put another file in its place at any moment.
        with _fresh(log, path) as model:
            if model is not None:
                with _compared_if_it_stumbles(log, path):
                    yield model
                return
        try:
            refresh(log, path, on_progress)
        except (LedgerError, OSError):
            if _writable_folder(path):
                raise
            break
    import tempfile

    with tempfile.TemporaryDirectory(prefix="scr-") as folder:
        elsewhere = f"{folder}/readmodel"
        refresh(log, elsewhere, on_progress)
        with opened(elsewhere) as model:
            yield model


@contextmanager
def _compared_if_it_stumbles(log: Log, path: str) -> Iterator[None]:
    """Find out whether it was the read model, where what it says makes no sense.

    :raises ReadModelChangedError: it is not as a rebuild.
    """
    try:
        yield
    except LedgerError:
        raise
    except STUMBLES as error:
        from projections.comparing import differences

        if any(True for _ in differences(log)):
            raise ReadModelChangedError(path) from error
        raise


@contextmanager
def _fresh(log: Log, path: str) -> Iterator[ReadModel | None]:
    """Yield the read model at a path if it has reached the head, else None."""
    if not os.path.exists(path):  # noqa: PTH110 - pathlib takes longer than the query
        yield None
        return
    with ExitStack() as stack:
        try:
            model = stack.enter_context(opened(path))
        except LedgerError:
            yield None
            return
        yield model if _state(log, _meta(model)) == "fresh" else None


def state(log: Log, path: str) -> str:
    """Return ``fresh``, ``behind`` or ``unusable``: what a read model is to a log."""
    return _state(log, read_meta(path))


def _state(log: Log, meta: Meta | None) -> str:
    if meta is None or meta.version != VERSION:
        return "unusable"
    if meta.reached > log.head:
        log.look_again()
    if meta.reached > log.head or meta.ledger_id != log.identity.ledger_id:
        return "unusable"
    if meta.root != log.root(meta.reached).hex():
        return "unusable"
    return "fresh" if meta.reached == log.head else "behind"


def read_meta(path: str) -> Meta | None:
    """Return what a read model says of itself, or None if it says nothing usable."""
    if not os.path.exists(path):  # noqa: PTH110 - pathlib takes longer than the query
        return None
    try:
        with opened(path) as model:
            return _meta(model)
    except LedgerError:
        return None


def _meta(model: ReadModel) -> Meta | None:
    try:
        rows = model.all("SELECT version, ledger_id, reached, root FROM meta")
    except LedgerError:
        return None
    return Meta._make(rows[0]) if len(rows) == 1 else None


def refresh(log: Log, path: str, on_progress: Callable[[int], None]) -> None:
    """Catch a read model up, or rebuild it where that is impossible or no cheaper."""
    from projections import building

    with translated(path), building.alone(path):
        meta = read_meta(path)
        found = state(log, path)
        if found == "fresh":
            return  # Somebody else has done it meanwhile.
        behind = found == "behind"
        if behind and meta is not None and meta.reached * 2 > log.head:
            building.catch_up(log, path, on_progress)
        else:
            building.rebuild(log, path, on_progress)


def _writable_folder(path: str) -> bool:
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=os.path.dirname(path) or "."):  # noqa: PTH120
            return True
    except OSError:
        return False


@contextmanager
def opened(path: str) -> Iterator[ReadModel]:
    """Open a read model as it is, read-only.

    :raises LedgerError: it cannot be read, or has other tables than ours.
    """
    try:
        connection = guard.connect(path)
    except SQLITE_SAYS as error:
        raise translate(error, path) from error
    try:
        model = ReadModel(path, connection)
        _check_tables(model)
        yield model
    finally:
        connection.close()


def _check_tables(model: ReadModel) -> None:
    """Compare the tables with ours before anything in them is asked.

    :raises LogDamagedError: there are others, or views, triggers and the like.
    """
    if differing(_tables(model), STATEMENTS):
        why = f"the tables of {model.path} are not those of a read model"
        raise LogDamagedError(why)


def has_other_tables(path: str) -> bool:
    """Whether a read model was changed in its tables; not only of an earlier version.

    Those of one of this version begin with a table that is ours to the letter.
    """
    try:
        connection = guard.connect(path)
    except (LedgerError, *SQLITE_SAYS):
        return False
    try:
        found = _tables(ReadModel(path, connection))
    except LedgerError:
        return False
    finally:
        connection.close()
    ours = ("table", "meta", STATEMENTS["meta"])
    return ours in found and bool(differing(found, STATEMENTS))


def _tables(model: ReadModel) -> list[Any]:
    return model.all("SELECT type, name, sql FROM sqlite_schema")
