"""The use cases. The only module that appends, and the one that hands in the clock."""

from __future__ import annotations

import getpass
import json
import os
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventsourcing.application import Application
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment

from ledger import reader
from ledger.collector import paused_collector
from ledger.domain.definitions import as_json, from_json, hash_of
from ledger.domain.events import (
    LEDGER_STREAM,
    MAX_LINE_BYTES,
    Defined,
    Imported,
    Opened,
    Retired,
    Unreadable,
    is_text,
    parse_definition,
    parse_measure,
    parse_stored,
)
from ledger.domain.fiscal import format_instant
from ledger.errors import (
    FaultyFileError,
    FieldError,
    LedgerExistsError,
    UsageError,
)
from ledger.failures import translated
from ledger.store import live, measures
from ledger.store.bulk import Loader, Totals
from ledger.store.codec import FactMapper, Placed
from ledger.store.sqlite import AppendOnlyRecorder, Datastore, system_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from eventsourcing.persistence import InfrastructureFactory
    from eventsourcing.utils import EnvType

    from ledger.store.sqlite import Appending

DEFAULT_ZONE = "America/New_York"
STANDARD_INPUT = "-"
_LONGEST_NAME = 200


class ImportReport(NamedTuple):
    """What one file brought, and where the log stands after it."""

    file: str
    sha256: str
    totals: Totals
    head: int
    dry_run: bool


class _Factory(SQLiteFactory):
    """Makes our recorder over our datastore, and takes nothing from the environment."""

    def __init__(self, path: str, clock: Callable[[], datetime]) -> None:
        super().__init__({self.SQLITE_DBNAME: path, self.ORIGINATOR_ID_TYPE: "text"})
        self.datastore = Datastore(path)
        self._clock = clock

    def application_recorder(self) -> AppendOnlyRecorder:
        return AppendOnlyRecorder(self.datastore, clock=self._clock)


class CaseLedger(Application[str]):
    """An open ledger that can be written to. Reading does not need it (`reader`)."""

    name = "scr"

    def __init__(self, path: str, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        super().__init__()

    # The library would read its configuration, and names of classes to import, from
    # the environment of whoever runs the command. Ours is fixed.

    def construct_env(
        self,
        name: str,
        env: EnvType | None = None,  # noqa: ARG002 - the library's signature
    ) -> Environment:
        """Return an environment that holds nothing."""
        return Environment(name)

    def construct_factory(
        self,
        env: Environment,  # noqa: ARG002 - the library's signature
    ) -> InfrastructureFactory[Any]:
        """Return the factory of our recorder."""
        return _Factory(self._path, self._clock)

    def construct_mapper(self) -> FactMapper:
        """Return the mapper with the closed dictionary of topics."""
        return FactMapper()

    @property
    def appender(self) -> AppendOnlyRecorder:
        """The recorder, as what it is."""
        assert isinstance(self.recorder, AppendOnlyRecorder)
        return self.recorder

    def import_file(  # noqa: PLR0913 - all but two are keywords
        self,
        file: str,
        lines: IO[bytes],
        *,
        zone: ZoneInfo,
        source: str | None = None,
        dry_run: bool = False,
        on_progress: Callable[[int], None] = lambda _rows: None,
    ) -> ImportReport:
        """Load a file of facts: all of its new lines, or none.

        :param file: the name it is recorded under.
        :param lines: the file, opened in binary.
        :param zone: the ledger's time zone.
        :param source: given to facts that name none themselves.
        :param on_progress: told the number of lines read, now and then.
        :raises FaultyFileError: a line cannot be recorded; nothing was.
        :raises FieldError: the source is not what the field takes.
        """
        if source is not None and not is_text(source):
            field, rule = "source", "must be text of 1 to 200 characters"
            raise FieldError(field, rule)
        digest = sha256()
        with (
            translated(self._path),
            paused_collector(),
            self.appender.appending(keep=not dry_run) as appending,
        ):
            loader = Loader(appending, zone, source=source)
            totals = loader.load(_numbered(lines, digest.update, on_progress))
            if loader.faults.count:
                raise _faulty(file, loader)
            if totals.new:
                imported = _imported(file, digest.hexdigest(), totals, source)
                version = len(appending.stream(LEDGER_STREAM)) + 1
                placed = Placed(LEDGER_STREAM, version, imported)
                appending.put([self.mapper.to_stored_event(placed)])
            head = appending.head
        return ImportReport(file, digest.hexdigest(), totals, head, dry_run)

    def record(
        self, fields: Mapping[str, str], *, zone: ZoneInfo, dry_run: bool = False
    ) -> live.Recorded:
        """Record one live fact, decided against what is recorded at that moment.

        :param fields: as in a line of a file, without ``known_at``, which is the
            moment of recording; ``effective_on`` may be left out.
        :raises RefusedError: a rule, an anomaly nobody forced, a command id.
        :raises FieldError: a value is not what its field takes.
        """
        with (
            translated(self._path),
            self.appender.appending(keep=not dry_run) as appending,
        ):
            return live.record(appending, zone, fields, account=account())

    def define(
        self,
        body: Mapping[str, object],
        *,
        by: str,
        adopted_at: datetime | None = None,
        reason: str | None = None,
        dry_run: bool = False,
    ) -> measures.Decided:
        """Record a version of a measure; the same one again adds nothing.

        :param body: the definition, as ``DefinitionBody`` takes it; without a version
            it is the next one.
        :param adopted_at: from when it holds, aware; left out: from now on.
        :raises MeasureError: it may not follow what is recorded of the measure.
        :raises FieldError: a value is not what its field takes.
        :raises Unreadable: the body is no definition.
        """
        read = parse_definition({"version": 1, **body})
        definition = from_json(read.model_dump(mode="json", exclude_none=True))
        with self._deciding(dry_run=dry_run) as appending:
            if "version" not in body:
                version = measures.version_for(appending, definition)
                definition = definition._replace(version=version)
            fields = {
                "event": "defined",
                "measure": definition.id,
                "version": definition.version,
                "hash": hash_of(definition),
                "definition": as_json(definition),
                "reason": reason,
            }
            fact = _measure_fact(Defined, fields, by, adopted_at)
            return measures.append(appending, fact)

    def retire(
        self,
        measure: str,
        *,
        by: str,
        reason: str,
        adopted_at: datetime | None = None,
        dry_run: bool = False,
    ) -> measures.Decided:
        """Record that a measure has no definition any more.

        :param adopted_at: from when it has none, aware; left out: from now on.
        :raises MeasureError: there is nothing to retire.
        :raises FieldError: a value is not what its field takes.
        """
        fields = {"event": "retired", "measure": measure, "reason": reason}
        fact = _measure_fact(Retired, fields, by, adopted_at)
        with self._deciding(dry_run=dry_run) as appending:
            return measures.append(appending, fact)

    @contextmanager
    def _deciding(self, *, dry_run: bool) -> Iterator[Appending]:
        with (
            translated(self._path),
            self.appender.appending(keep=not dry_run) as appending,
        ):
            yield appending


def _measure_fact(
    cls: type[Defined | Retired],
    fields: Mapping[str, object],
    by: str,
    adopted_at: datetime | None,
) -> Defined | Retired:
    adopted = None if adopted_at is None else format_instant(adopted_at)
    said = {**fields, "by": by, "run_by": account(), "adopted_at": adopted}
    kept = {name: value for name, value in said.items() if value is not None}
    try:
        return parse_measure(cls.topic, kept)
    except Unreadable as error:
        raise FieldError(*error.faults[0]) from None


def create(
    path: str,
    *,
    name: str | None = None,
    timezone: str = DEFAULT_ZONE,
    clock: Callable[[], datetime] = system_clock,
) -> Opened:
    """Make a ledger at ``path``, whole or not at all; return its identity.

    :param name: what people call it; left out: the file's name without its ending.
    :param timezone: the zone in which a day of the ledger ends (an IANA name).
    :raises LedgerExistsError: there is a file already.
    :raises UsageError: the name or the zone is not one.
    """
    target = Path(path)
    if target.exists():
        raise LedgerExistsError(path)
    identity = _identity(name or target.stem, timezone)
    draft = target.with_name(f".{target.name}.{os.getpid()}.init")
    try:
        with translated(path):
            ledger = CaseLedger(str(draft.absolute()), clock)
            ledger.appender.create_table()
            ledger.save(Placed(LEDGER_STREAM, 1, identity))
            ledger.close()
        _put_in_place(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return identity


def open_ledger(
    path: str, *, clock: Callable[[], datetime] = system_clock
) -> tuple[CaseLedger, reader.Identity]:
    """Open an existing ledger for appending; return it with its identity.

    :raises NoLedgerError: there is no file.
    :raises LedgerError: the file is not a ledger, is damaged, locked or not writable.
    """
    with reader.open_log(path) as log:
        identity = log.identity
    with translated(path):
        return CaseLedger(str(Path(path).absolute()), clock), identity


def account() -> str:
    """Return the operating-system account that runs this.

    Asked of the system, not of the environment, in which anyone writes a name.
    """
    try:
        import pwd
    except ImportError:  # Not a Unix: there is only the environment.
        return _as_text(getpass.getuser())
    try:
        return _as_text(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return f"uid {os.getuid()}"


def _as_text(name: str) -> str:
    """Return a name from outside as a field of text takes it, whatever it holds."""
    shown = "".join(char if char.isprintable() else "?" for char in name)
    shown = shown[:_LONGEST_NAME]
    return shown if is_text(shown) else "unnamed"


def _identity(name: str, timezone: str) -> Opened:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"{timezone} is not a time zone; give one such as {DEFAULT_ZONE} or UTC"
        raise UsageError(msg) from None
    fields = {
        "event": "opened",
        "ledger_id": str(uuid4()),
        "name": name,
        "timezone": timezone,
    }
    try:
        opened = parse_stored(Opened.topic, json.dumps(fields).encode())
    except Unreadable as error:
        raise UsageError(str(error)) from None
    assert isinstance(opened, Opened)
    return opened


def _put_in_place(draft: Path, target: Path) -> None:
    # A link fails where a rename would silently replace somebody else's file.
    try:
        os.link(draft, target)
    except FileExistsError:
        raise LedgerExistsError(str(target)) from None
    except OSError:
        if target.exists():
            raise LedgerExistsError(str(target)) from None
        draft.rename(target)


def _imported(file: str, digest: str, totals: Totals, source: str | None) -> Imported:
    fields = {
        "event": "imported",
        "file": _as_text(file),
        "sha256": digest,
        "rows": totals.rows,
        "added": totals.added,
        "already_recorded": totals.already_recorded,
        "set_aside": 0,
        "anomalies": totals.anomalies,
        "run_by": account(),
        **({"source": source} if source else {}),
    }
    fact = parse_stored(Imported.topic, json.dumps(fields).encode())
    assert isinstance(fact, Imported)
    return fact


def _faulty(file: str, loader: Loader) -> FaultyFileError:
    lines = tuple(
        f"{file}:{fault.line}: {fault.field}: {fault.rule}"
        for fault in loader.faults.listed
    )
    return FaultyFileError(file, lines, loader.faults.count)


_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE = MAX_LINE_BYTES + len(_BYTE_ORDER_MARK) + len(b"\r\n")
_PROGRESS_LINES = 10_000


def _numbered(
    lines: IO[bytes],
    digest: Callable[[bytes], None],
    on_progress: Callable[[int], None],
) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers, in bounded memory."""
    number = 0
    while raw := lines.readline(_PIECE):
        digest(raw)
        number += 1
        if len(raw) == _PIECE and not raw.endswith(b"\n"):
            line = raw  # Longer than any line may be; the rest is passed over.
            while not raw.endswith(b"\n") and (raw := lines.readline(_PIECE)):
                digest(raw)
        else:
            line = raw.removesuffix(b"\n").removesuffix(b"\r")
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if line and not line.isspace():
            yield number, line
        if number % _PROGRESS_LINES == 0:
            on_progress(number)
