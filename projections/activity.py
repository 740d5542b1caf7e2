"""Who recorded what: the facts of the log in groups, the ledger's own among them.

``by`` is what a fact says of itself, and a file only claims it. The account is who ran
the command or the import, as the ledger saw it: of a live fact its ``recorded_by``, of
an imported one the ``run_by`` of the import that stands right after what it added.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.corrections import CORRECTIONS
from ledger.domain.fiscal import days_in, format_instant
from ledger.errors import FactDamagedError, UsageError
from projections.history import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ledger.reader import Log
    from projections.history import Span

    Key = tuple[str | None, ...]

COLUMNS = ("person", "account", "source", "day", "month", "event")
"""What facts can be grouped by; days and months are of ``recorded_at``, in the
ledger's zone."""

_IMPORTED = "ledger.imported/1"
_LEDGERS_OWN = "ledger."


class Group(NamedTuple):
    """The facts of one group."""

    key: Key
    """A value for each column asked for; None: the facts have none."""
    facts: int
    scrs: int
    """How many SCRs they are about."""
    corrections: int
    forced: int
    claimed: int
    """For how many a file gave ``known_at``."""
    first_recorded_at: str
    last_recorded_at: str


class Import(NamedTuple):
    """The positions that an import added, and who ran it."""

    first: int
    last: int
    run_by: str


class _Tally:
    """A group while the log is read."""

    __slots__ = ("claimed", "corrections", "facts", "first", "forced", "last", "scrs")

    def __init__(self, recorded_at: str) -> None:
        self.facts = self.corrections = self.forced = self.claimed = 0
        self.scrs: set[int] = set()
        self.first = self.last = recorded_at

    def take(self, fields: Mapping[str, str], scrs: dict[str, int]) -> None:
        """Count a case fact; ``scrs`` numbers the SCRs of the whole answer."""
        if "scr" in fields:
            self.scrs.add(scrs.setdefault(fields["scr"], len(scrs)))
        self.corrections += fields["event"] in CORRECTIONS
        self.forced += "forced" in fields
        self.claimed += "known_at" in fields

    def group(self, key: Key) -> Group:
        """Return the group as it is now."""
        return Group(
            key,
            self.facts,
            len(self.scrs),
            self.corrections,
            self.forced,
            self.claimed,
            _written(self.first),
            _written(self.last),
        )


def parse_columns(texts: Sequence[str]) -> tuple[str, ...]:
    """Read ``--per``: names of ``COLUMNS``, one by one or with commas between them.

    :raises UsageError: there is no such column, or it is named twice.
    """
    names = tuple(name for text in texts for name in text.split(","))
    for name in names:
        if name not in COLUMNS:
            message = f"--per takes {', '.join(COLUMNS)}, not {name or 'empty'}"
            raise UsageError(message)
        if names.count(name) > 1:
            message = f"--per names {name} twice; once is enough"
            raise UsageError(message)
    return names


def activity(log: Log, asked: Span, per: tuple[str, ...]) -> list[Group]:
    """Return the facts of a span of the log in groups, by code point, None last.

    Memory grows with the groups, and in each with the SCRs it has.

    :param per: columns of ``COLUMNS``.
    :raises FactDamagedError: what is kept cannot be read.
    """
    tallies: dict[Key, _Tally] = {}
    scrs: dict[str, int] = {}
    key_of = _key_of(log, per)
    for position, topic, recorded_at, payload in log.narrow(
        asked.first - 1, asked.last
    ):
        fields = fields_of(position, payload)
        try:
            key = key_of(position, recorded_at, fields)
            tally = tallies.get(key)
            if tally is None:
                tally = tallies[key] = _Tally(recorded_at)
            tally.facts += 1
            tally.last = recorded_at
            if not topic.startswith(_LEDGERS_OWN):
                tally.take(fields, scrs)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            why = f"who recorded it cannot be told ({type(error).__name__}: {error})"
            raise FactDamagedError(position, why) from None
    found = [tally.group(key) for key, tally in tallies.items()]
    return sorted(found, key=_in_order)


def _in_order(group: Group) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in group.key]


def _key_of(
    log: Log, per: tuple[str, ...]
) -> Callable[[int, str, Mapping[str, str]], Key]:
    """Return what tells the group of a fact."""
    accounts = _Accounts(log) if "account" in per else None
    days = _Days(log.identity.timezone)

    def value(
        column: str, position: int, recorded_at: str, fields: Mapping[str, str]
    ) -> str | None:
        match column:
            case "person":
                return fields.get("by")
            case "account":
                assert accounts is not None
                return accounts.of(position, fields)
            case "day":
                return days.of(recorded_at)
            case "month":
                return days.of(recorded_at)[:7]
            case _:
                return fields.get(column)

    def text(said: str | None) -> str | None:
        if said is None or isinstance(said, str):
            return said
        message = f"{said} is no text"
        raise TypeError(message)

    return lambda position, recorded_at, fields: tuple(
        text(value(column, position, recorded_at, fields)) for column in per
    )


class _Days:
    """Tells the day of an instant; facts recorded together have the same one."""

    def __init__(self, zone: str) -> None:
        self._day_of = days_in(zone)
        self._last = ("", "")

    def of(self, recorded_at: str) -> str:
        if self._last[0] != recorded_at:
            day = self._day_of(datetime.fromisoformat(recorded_at))
            self._last = (recorded_at, day.isoformat())
        return self._last[1]


class _Accounts:
    """Tells who ran what, along the log."""

    def __init__(self, log: Log) -> None:
        self._imports = imports(log)
        self._next = next(self._imports, None)

    def of(self, position: int, fields: Mapping[str, str]) -> str | None:
        """Return the account of a fact; positions must not decrease."""
        ran = fields.get("recorded_by", fields.get("run_by"))
        if ran is not None:
            return ran
        while self._next is not None and self._next.last < position:
            self._next = next(self._imports, None)
        if self._next is not None and self._next.first <= position:
            return self._next.run_by
        return None


def imports(log: Log) -> Iterator[Import]:
    """Yield the imports, in log order, each with the positions right before it.

    :raises FactDamagedError: what is kept of one cannot be read.
    """
    for row in log.stream("ledger", log.head):
        if row.topic != _IMPORTED:
            continue
        fields = fields_of(row.position, row.payload)
        try:
            added = sum(fields["added"].values())
            yield Import(row.position - added, row.position - 1, fields["run_by"])
        except (KeyError, TypeError, AttributeError) as error:
            why = f"it is no import ({type(error).__name__}: {error})"
            raise FactDamagedError(row.position, why) from None


def _written(instant: str) -> str:
    return format_instant(datetime.fromisoformat(instant))
