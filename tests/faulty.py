"""A clock that jumps, and a connection that dies at a statement, for simulations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from random import Random

_EDGES = (
    datetime(2024, 11, 3, 5, 59, 59, 999_999, tzinfo=UTC),  # The clocks go back.
    datetime(2025, 3, 9, 7, tzinfo=UTC),  # They go forward.
    datetime(2024, 10, 1, 3, 59, 59, tzinfo=UTC),  # A fiscal year ends.
    datetime(2024, 2, 29, 12, tzinfo=UTC),
)


class CrashError(BaseException):
    """The process is gone; nobody may catch it on the way."""


class Clock:
    """A clock that goes on by itself, and jumps when it is told to."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self.now = datetime(2024, 6, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time; it does not always go on between two looks."""
        self.now += timedelta(microseconds=self._dice.choice((0, 1, 900, 10**7)))
        return self.now

    def jump(self) -> None:
        """Go somewhere else: back, forward, or to where days and hours are odd."""
        back, on = self._dice.randrange(400), self._dice.randrange(40)
        self.now = self._dice.choice(
            (self.now - timedelta(days=back), self.now + timedelta(days=on), *_EDGES)
        )


class Cursor:
    """A cursor that tells before each statement that it is about to run."""

    def __init__(self, cursor: sqlite3.Cursor, tick: Callable[[], None]) -> None:
        self._cursor, self._tick = cursor, tick

    def execute(self, *arguments: Any) -> None:
        """Run a statement, unless the process dies first."""
        self._tick()
        self._cursor.execute(*arguments)

    def executemany(self, *arguments: Any) -> None:
        """Run a statement for many rows."""
        self._tick()
        self._cursor.executemany(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class Connection:
    """A connection over such cursors; its commit is a step as well."""

    def __init__(self, held: sqlite3.Connection, tick: Callable[[], None]) -> None:
        self._held, self._tick = held, tick

    def cursor(self) -> Cursor:
        """Return a cursor."""
        return Cursor(self._held.cursor(), self._tick)

    def commit(self) -> None:
        """Commit; the process may die right before it, and right after."""
        self._tick()
        self._held.commit()
        self._tick()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._held, name)
