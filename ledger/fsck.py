"""Recompute everything from the bytes of a ledger file, and say what does not agree.

The checker's path is not the writer's path: it opens the file with a cursor of its
own, reads every column as if somebody hostile had written it, and shares with the
writer only the rules and the hashing. It imports no store.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, deque
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from ledger import schema
from ledger.domain import assertion as assertions
from ledger.domain import claimed_days, sampling
from ledger.domain import measure as measures
from ledger.domain import package as packages
from ledger.domain import people as persons
from ledger.domain import publication as publications
from ledger.domain import recommendation as recommendations
from ledger.domain import request as requests
from ledger.domain import restatement as restatements
from ledger.domain import subject as subjects
from ledger.domain import taxonomy as taxonomies
from ledger.domain.claim import named
from ledger.domain.definitions import BUILT_IN, hash_of
from ledger.domain.events import (
    Agreed,
    Amended,
    Asserted,
    Categorized,
    Cited,
    Closed,
    Completed,
    Declined,
    Defined,
    Drawn,
    Examined,
    Framed,
    Granted,
    Imported,
    Joined,
    Marked,
    Opened,
    OrganizationFact,
    Proposed,
    Published,
    Recalled,
    RecommendationEvent,
    Recommended,
    Rejected,
    Requested,
    RequestEvent,
    Responded,
    Retired,
    Retracted,
    Revoked,
    Scheduled,
    ScrFact,
    Settled,
    Spared,
    Unreadable,
    Waived,
    Withdrawn,
    parse_stored,
    payload_of,
)
from ledger.errors import (
    InterruptedWriteError,
    LedgerError,
    MeasureError,
    NoLedgerError,
    RuleError,
)
from ledger.failures import SQLITE_SAYS, translate
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash, root
from ledger.tlog.tiles import root_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.domain.events import (
        AssertionEvent,
        CaseEvent,
        Event,
        LedgerEvent,
        MeasureEvent,
        PackageEvent,
        PersonEvent,
        SampleEvent,
    )

PAGE = 2_000
_WIDTH = 256
_RECORDED_AT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
)


class Finding(NamedTuple):
    """One thing not as it was written; ``position`` None is the file as a whole."""

    position: int | None
    check: str
    why: str


class Row(NamedTuple):
    """A row as read, nothing believed yet."""

    position: object
    stream: object
    version: object
    topic: object
    payload: object
    recorded_at: object
    leaf: object


class Checked(NamedTuple):
    """What a check came to: how far the log goes, its recomputed root, the findings."""

    head: int
    root: str
    findings: tuple[Finding, ...]

    @property
    def first_bad(self) -> int | None:
        """The first position with a finding, if a finding has one."""
        places = [f.position for f in self.findings if f.position is not None]
        return min(places, default=None)


def check(path: str, on_progress: Callable[[int], None]) -> Checked:
    """Check a ledger file, whole; it is opened read-only and not changed.

    :param on_progress: told the position reached, now and then.
    :raises NoLedgerError: there is no file.
    :raises LedgerError: SQLite cannot read it at all.
    """
    if not Path(path).exists():
        raise NoLedgerError(path)
    try:
        with closing(_connect(path)) as connection:
            findings = list(_schema(connection))
            if findings:  # Nothing in such tables is what it seems.
                return Checked(0, root([]).hex(), tuple(findings))
            log = _LogCheck()
            for row in _rows(connection):
                findings += log.row(row)
                if log.expected % PAGE == 0:
                    on_progress(log.expected)
            findings += _proofs(log)
            findings += _unbrought(log)
            findings += log.strays(0)
            findings += _tiles(connection, log.leaves)
            findings += _ends(connection, log.expected)
            findings += _pages(connection)
    except SQLITE_SAYS as error:
        if Path(f"{path}-journal").exists() and _is_read_only(error):
            # SQLite would roll it back first, and this is no place to write.
            raise InterruptedWriteError(path) from error
        raise translate(error, path) from error
    return Checked(log.expected, root(log.leaves).hex(), tuple(findings))


def _is_read_only(error: Exception) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_READONLY


def _connect(path: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)
    connection.text_factory = bytes
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _schema(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Compare the text of every table, index and trigger with what `init` writes."""
    found = {
        _shown(name): _shown(text)
        for name, text in connection.execute("SELECT name, sql FROM sqlite_schema")
        if not _shown(name).startswith("sqlite_")
    }
    expected = schema.expected()
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            what = "is missing" if name not in found else "is not as `scr init` made it"
            yield Finding(None, "schema", f"{name} {what}")
    for pragma, value in (
        ("application_id", schema.APPLICATION_ID),
        ("user_version", schema.FORMAT),
    ):
        held = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if held != value:
            yield Finding(None, "schema", f"{pragma} is {held}, not {value}")


def _rows(connection: sqlite3.Connection) -> Iterator[Row]:
    after = -(2**63)
    query = (
        "SELECT rowid, originator_id, originator_version, topic, state, recorded_at,"
        " leaf_hash FROM stored_events WHERE rowid>? ORDER BY rowid LIMIT ?"
    )
    while page := connection.execute(query, (after, PAGE)).fetchall():
        yield from map(Row._make, page)
        after = page[-1][0]


class _LogCheck:
    """Checks the rows one after another, each against all before it."""

    def __init__(self) -> None:
        self.expected = 0
        self.leaves: list[bytes] = []
        self._last_recorded = ""
        self._versions: Counter[str] = Counter()
        self._states: dict[str, subjects.Subject] = {}
        self._known: dict[str, datetime] = {}
        self._since_import: deque[tuple[str, str]] = deque()
        self._strays: list[tuple[Finding, int]] = []
        """What is wrong with facts since then unless a file brought them, and how many
        there were before each."""
        self._measures: dict[str, measures.Standing] = {}
        self._definitions = {
            (one.id, hash_of(one)): one.version for one in BUILT_IN.values()
        }
        self._assertions: dict[int, bool] = {}
        self._printed: dict[tuple[str, int], publications.Last] = {}
        self._printings: dict[str, restatements.Printing] = {}
        self._packages: dict[str, packages.Package] = {}
        self.due: deque[dict[str, str]] = deque()
        """The facts that an agreement brings, and that have to follow it."""
        self._due_at = ""
        self.proofs: list[tuple[int, int, str, str]] = []
        """Of each assertion, publication, frame and seed from the log: its position,
        and the position and root it names."""
        self._samples: dict[str, sampling.Sample] = {}
        self._taxonomy: taxonomies.Standing | None = None
        self._people = persons.People()
        self._requests: dict[str, requests.Standing] = {}
        self._recommendations: dict[str, recommendations.Standing] = {}
        self._zone = ZoneInfo("UTC")

    def row(self, row: Row) -> Iterator[Finding]:
        """Yield what is wrong with the next row."""
        self.expected += 1
        position = self.expected
        if row.position != position:
            why = f"position {position} is missing; {_shown(row.position)} follows"
            yield Finding(position, "position", why)
            if isinstance(row.position, int) and row.position > position:
                self.expected = position = row.position
        columns = _columns(row)
        if columns is None:
            self.leaves.append(b"")
            yield Finding(position, "columns", "a column is not of its type")
            return
        stream, version, topic, payload, recorded_at, kept = columns
        leaf = leaf_hash(entry(position, stream, version, topic, recorded_at, payload))
        self.leaves.append(leaf)
        if leaf != kept:
            why = "its bytes do not give the leaf hash kept with them"
            yield Finding(position, "leaf", why)
        yield from self._place(position, stream, version, recorded_at)
        yield from self._fact(position, stream, topic, payload, recorded_at)

    def _place(
        self, position: int, stream: str, version: int, recorded_at: str
    ) -> Iterator[Finding]:
        self._versions[stream] += 1
        if version != self._versions[stream]:
            why = f"it is version {version} of {stream}, not {self._versions[stream]}"
            yield Finding(position, "version", why)
        if _instant(recorded_at) is None:
            yield Finding(position, "recorded_at", f"{recorded_at} is no instant")
        elif recorded_at < self._last_recorded:
            why = f"{recorded_at} is earlier than {self._last_recorded} before it"
            yield Finding(position, "recorded_at", why)
        else:
            self._last_recorded = recorded_at

    def _fact(
        self, position: int, stream: str, topic: str, payload: bytes, recorded_at: str
    ) -> Iterator[Finding]:
        try:
            fact = parse_stored(topic, payload)
        except Unreadable as error:
            yield Finding(position, "payload", f"it is not a fact: {error}")
            return
        if fact.stream != stream:
            why = f"a fact of {fact.stream} stands in the stream {stream}"
            yield Finding(position, "stream", why)
            return
        if payload_of(fact) != payload:
            yield Finding(position, "payload", "its bytes are not in their one form")
        was_due = bool(self.due)
        yield from self._is_due(position, fact, recorded_at)
        if isinstance(fact, ScrFact | OrganizationFact):
            if not was_due:
                yield from self._undue(position, fact)
            self._since_import.append((fact.event, recorded_at))
            yield from self._rules(position, fact, recorded_at)
        else:
            yield from self._own(position, fact, recorded_at)

    def _rules(
        self, position: int, fact: CaseEvent, recorded_at: str
    ) -> Iterator[Finding]:
        recorded = _instant(recorded_at)
        known = fact.known_at or recorded
        stream = fact.stream
        if known is not None and recorded is not None and known > recorded:
            yield Finding(position, "rules", "it was known after it was recorded")
        if known is not None:
            if known < self._known.get(stream, known):
                why = "it was known before the previous fact of its subject"
                yield Finding(position, "rules", why)
            self._known[stream] = known
        try:
            subjects.refuse(self._states.get(stream), fact, self._leads_to)
            self._states[stream] = subjects.evolve(self._states.get(stream), fact)
        except RuleError as error:
            yield Finding(position, "rules", str(error))

    def _undue(self, position: int, fact: CaseEvent) -> Iterator[Finding]:
        """Look at who stands behind a fact that no package brings here.

        That is whoever recorded it; or a file brought it, which may bring anything.
        """
        if fact.recorded_by is not None:
            yield from self._permitted(position, fact.event, fact.by, fact.recorded_by)
        elif self._people.four_eyes:
            why = "no file and no package brought it, and nobody is said to have"
            self._stray(position, "people", why)
        if fact.correction in self._packages:
            why = "it says that it carries a package out, which did not bring it"
            self._stray(position, "package", why)

    def _stray(self, position: int, check: str, why: str) -> None:
        """Note a fact that is a finding unless a file turns out to have brought it."""
        found = Finding(position, check, why)
        self._strays.append((found, len(self._since_import)))

    def _leads_to(self, stream: str) -> str | None:
        return subjects.leads_to(self._states.get(stream))

    def _own(
        self, position: int, fact: LedgerEvent, recorded_at: str
    ) -> Iterator[Finding]:
        if isinstance(fact, Opened) != (position == 1):
            why = "the ledger's identity stands at position 1 and nowhere else"
            yield Finding(position, "identity", why)
        yield from self._who(position, fact)
        count = sum(fact.added.values()) if isinstance(fact, Imported) else 0
        yield from self.strays(count)
        if isinstance(fact, Imported):
            brought = list(self._since_import)[-count:] if count else []
            found = Counter(event for event, at in brought if at == recorded_at)
            if found != Counter(fact.added):
                why = "the facts before it are not those this import says it added"
                yield Finding(position, "import", why)
        if isinstance(fact, Opened):
            self._zone = _zone(fact.timezone)
        yield from self._about(position, fact, recorded_at)
        self._since_import.clear()

    def _about(
        self, position: int, fact: LedgerEvent, recorded_at: str
    ) -> Iterator[Finding]:
        match fact:
            case Defined() | Retired():
                yield from self._measure(position, fact, recorded_at)
            case Asserted() | Withdrawn():
                yield from self._assertion(position, fact)
            case Published():
                yield from self._publication(position, fact)
            case Marked() | Retracted():
                yield from self._said_of(position, fact)
            case Proposed() | Amended() | Agreed() | Rejected() | Recalled():
                yield from self._package(position, fact, recorded_at)
            case Framed() | Drawn() | Spared() | Examined() | Settled():
                yield from self._sample(position, fact)
            case Categorized():
                yield from self._categories(position, fact, recorded_at)
            case Waived() if f"scr/{fact.scr}" not in self._states:
                why = f"it waives a rule for {fact.scr}, which is not filed before it"
                yield Finding(position, "waiver", why)
            case Requested() | Cited() | Declined():
                yield from self._request(position, fact, recorded_at)
            case Recommended() | Responded() | Scheduled() | Completed() | Closed():
                yield from self._recommendation(position, fact, recorded_at)
            case _:
                return

    def _who(self, position: int, fact: LedgerEvent) -> Iterator[Finding]:
        if isinstance(fact, Opened):
            self._people = self._people._replace(solo=fact.solo is True)
        elif isinstance(fact, Joined | Granted | Revoked):
            yield from self._person(position, fact)
        elif not isinstance(fact, Imported):
            yield from self._permitted(position, fact.event, fact.by, fact.run_by)

    def _permitted(
        self, position: int, act: str, by: str, account: str
    ) -> Iterator[Finding]:
        try:
            persons.permit(self._people, act, by, account)
        except LedgerError as error:
            yield Finding(position, "people", str(error))

    def _person(self, position: int, fact: PersonEvent) -> Iterator[Finding]:
        account = fact.account if isinstance(fact, Joined) else None
        role = None if isinstance(fact, Joined) else fact.role
        said = (fact.event, fact.person, fact.by, fact.run_by, account, role)
        change = persons.Change(*said)
        try:
            persons.refuse(self._people, change)
        except LedgerError as error:
            yield Finding(position, "people", str(error))
        self._people = persons.evolve(self._people, change)

    def _measure(
        self, position: int, fact: MeasureEvent, recorded_at: str
    ) -> Iterator[Finding]:
        if isinstance(fact, Defined):
            for why in measures.disagreements(fact):
                yield Finding(position, "definition", why)
            self._definitions[fact.measure, fact.hash] = fact.version
        recorded = _instant(recorded_at)
        if recorded is None:  # That is a finding already.
            return
        standing = self._measures.get(fact.measure)
        try:
            measures.refuse(standing, fact, recorded, self._measures.get)
        except MeasureError as error:
            yield Finding(position, "definition", str(error))
        self._measures[fact.measure] = measures.evolve(standing, fact, recorded)

    def _assertion(self, position: int, fact: AssertionEvent) -> Iterator[Finding]:
        try:
            assertions.refuse(self._assertions, fact, position - 1)
        except LedgerError as error:
            yield Finding(position, "assertion", str(error))
        about, stands = assertions.after(fact, position)
        self._assertions[about] = stands
        if isinstance(fact, Withdrawn):
            return
        proof = (fact.proved_position, fact.proved_root)
        self.proofs.append((position, *proof, "assertion"))
        version = self._definitions.get((fact.measure, fact.definition_hash))
        if version is None or fact.version not in (None, version):
            name = named(fact.measure, fact.version)
            why = f"no definition of {name} before it has the hash it names"
            yield Finding(position, "assertion", why)

    def _publication(self, position: int, fact: Published) -> Iterator[Finding]:
        content = publications.from_json(
            fact.content.model_dump(mode="json", exclude_none=True)
        )
        if publications.seal_of(content) != fact.seal:
            yield Finding(position, "publication", "its seal is of another content")
        if content.name != fact.publication or self._versions[fact.stream] > 1:
            yield Finding(position, "publication", "its name is another, or taken")
        if content.four_eyes not in (None, self._people.four_eyes):
            why = "whether four eyes were on is not what it says"
            yield Finding(position, "publication", why)
        for why in publications.disagreements(content):
            yield Finding(position, "publication", why)
        for why in publications.stale(content, self._printed):
            yield Finding(position, "publication", why)
        for why in restatements.misplaced(content, self._printings):
            yield Finding(position, "publication", why)
        self._printed |= publications.lasts(content)
        self._printings |= restatements.published(self._printings, content, fact.seal)
        for one in (*content.definitions, *filter(None, [content.claims_measure])):
            if self._definitions.get((one.measure, one.hash)) != one.version:
                why = f"no definition of {one.measure} before it has the hash it names"
                yield Finding(position, "publication", why)
        basis = content.basis
        if basis.position >= position:
            why = (
                f"it rests on @{basis.position}, and the log goes up to @{position - 1}"
            )
            yield Finding(position, "publication", why)
        self.proofs.append((position, basis.position, basis.root, "publication"))

    def _sample(self, position: int, fact: SampleEvent) -> Iterator[Finding]:
        act = sampling.act_of(fact.model_dump(mode="json", exclude_none=True))
        held = self._samples.get(fact.sample)
        try:
            sampling.refuse(held, act)
            self._samples[fact.sample] = sampling.evolve(held, act, position)
        except LedgerError as error:
            yield Finding(position, "sample", str(error))
        if isinstance(fact, Framed):
            basis = fact.basis
            if basis.position >= position:
                yield Finding(position, "sample", "its basis is beyond it")
            self.proofs.append((position, basis.position, basis.root, "sample"))
        if isinstance(fact, Drawn) and fact.seed_position is not None:
            proof = (fact.seed_position, fact.seed)
            self.proofs.append((position, *proof, "sample"))

    def _said_of(self, position: int, fact: Marked | Retracted) -> Iterator[Finding]:
        try:
            restatements.refuse(self._printings, fact)
        except LedgerError as error:
            yield Finding(position, "publication", str(error))
        self._printings |= restatements.said(self._printings, fact)

    def _categories(
        self, position: int, fact: Categorized, recorded_at: str
    ) -> Iterator[Finding]:
        for why in taxonomies.disagreements(fact):
            yield Finding(position, "taxonomy", why)
        recorded = _instant(recorded_at)
        if recorded is None:  # That is a finding already.
            return
        try:
            taxonomies.refuse(self._taxonomy, fact, recorded)
        except MeasureError as error:
            yield Finding(position, "taxonomy", str(error))
        self._taxonomy = taxonomies.evolve(fact, recorded)

    def _package(
        self, position: int, fact: PackageEvent, recorded_at: str
    ) -> Iterator[Finding]:
        held = self._packages.get(fact.package)
        lengths: dict[str, int] = {}
        if held is not None:
            streams = packages.touched(held.content)
            lengths = {stream: self._versions[stream] for stream in streams}
        two = fact.four_eyes if isinstance(fact, Agreed) else True
        try:
            packages.refuse(held, fact, lengths, four_eyes=two)
            if isinstance(fact, Agreed) and held is not None:
                packages.refuse_strangers(self._people, held)
        except LedgerError as error:
            yield Finding(position, "package", str(error))
            if held is None:
                return
        self._packages[fact.package] = packages.evolve(held, fact)
        if isinstance(fact, Agreed):
            assert held is not None
            said = {"by": held.proposer, "correction": held.id}
            self.due.extend({**item, **said} for item in held.content.items)
            if fact.four_eyes != self._people.four_eyes:
                why = "it does not say whether two people were asked for then"
                yield Finding(position, "package", why)
            self._due_at = recorded_at
            if fact.facts != len(held.content.items):
                why = f"it brings {len(held.content.items)} facts, not {fact.facts}"
                yield Finding(position, "package", why)

    def _is_due(
        self, position: int, fact: Event, recorded_at: str
    ) -> Iterator[Finding]:
        """Compare a fact with the one that an agreement before it brings here."""
        if not self.due:
            return
        due = self.due.popleft()
        said = fact.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"recorded_by"}
        )
        if said != due or recorded_at != self._due_at:
            self.due.clear()
            why = f"what package {due['correction']} brings here is another fact"
            yield Finding(position, "package", why)

    def strays(self, imported: int) -> Iterator[Finding]:
        """Yield what is wrong with facts that no file brought either.

        :param imported: how many of the last facts a file brought: what it says of a
            package is the file's claim.
        """
        first = len(self._since_import) - imported
        yield from (found for found, place in self._strays if place < first)
        self._strays.clear()

    def _request(
        self, position: int, fact: RequestEvent, recorded_at: str
    ) -> Iterator[Finding]:
        held = self._requests.get(fact.request)
        try:
            requests.refuse(held, fact)
            self._claimed_day(fact, recorded_at)
        except LedgerError as error:
            yield Finding(position, "request", str(error))
        self._requests[fact.request] = requests.evolve(held, fact)
        if not isinstance(fact, Cited):
            return
        self.proofs.append(
            (position, fact.proved_position, fact.proved_root, "request")
        )
        if fact.proved_position >= position:
            why = "it was proved at a position that was not there"
            yield Finding(position, "request", why)
        for scr in fact.scrs or ():
            if f"scr/{scr}" not in self._states:
                why = f"it cites {scr}, which is not filed before it"
                yield Finding(position, "request", why)
        figure = fact.figure
        if figure is None:
            return
        version = self._definitions.get((figure.measure, figure.definition_hash))
        if version is None or figure.version not in (None, version):
            name = named(figure.measure, figure.version)
            why = f"no definition of {name} before it has the hash it names"
            yield Finding(position, "request", why)

    def _recommendation(
        self, position: int, fact: RecommendationEvent, recorded_at: str
    ) -> Iterator[Finding]:
        held = self._recommendations.get(fact.recommendation)
        try:
            recommendations.refuse(held, fact)
            self._claimed_day(fact, recorded_at)
        except LedgerError as error:
            yield Finding(position, "recommendation", str(error))
        self._recommendations[fact.recommendation] = recommendations.evolve(held, fact)
        if not isinstance(fact, Closed):
            return
        if held is not None and held.check != fact.check:
            why = "it was closed by another check than its own"
            yield Finding(position, "recommendation", why)
        if fact.proved_position is not None and fact.proved_root is not None:
            proof = (fact.proved_position, fact.proved_root)
            self.proofs.append((position, *proof, "recommendation"))
            if fact.proved_position >= position:
                why = "its check was computed at a position that was not there"
                yield Finding(position, "recommendation", why)

    def _claimed_day(
        self, fact: RequestEvent | RecommendationEvent, recorded_at: str
    ) -> None:
        recorded = _instant(recorded_at)
        field = claimed_days.FIELDS.get(fact.event)
        if field is not None and recorded is not None:  # Else it is a finding already.
            claimed_days.refuse(fact.event, getattr(fact, field), recorded, self._zone)


def _zone(name: str) -> ZoneInfo:
    """Return a ledger's zone; one that there is not is told when days are asked for."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _proofs(log: _LogCheck) -> Iterator[Finding]:
    """Compare the roots that facts name with those the recomputed leaves give."""
    levels = [log.leaves]
    while log.proofs and len(levels[-1]) >= _WIDTH:
        levels.append(_row_above(levels[-1]))
    for position, proved, given, check in log.proofs:
        if proved >= position or proved > len(log.leaves):
            continue  # That, or a gap before it, is a finding already.
        found = root_at(proved, lambda level, start, stop: levels[level][start:stop])
        if found.hex() != given:
            why = f"it was proved at root {given}, and @{proved} has {found.hex()}"
            yield Finding(position, check, why)


def _unbrought(log: _LogCheck) -> Iterator[Finding]:
    """Say that the log ends before an agreement has brought all its facts."""
    if log.due:
        why = (
            f"package {log.due[0]['correction']} is agreed to, and not all of it there"
        )
        yield Finding(None, "package", why)


def _instant(text: str) -> datetime | None:
    """Return the instant a ``recorded_at`` names, or None if it is not of its form."""
    if _RECORDED_AT.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _columns(row: Row) -> tuple[str, int, str, bytes, str, bytes] | None:
    """Return the columns as what they should be, or None if one is not."""
    match row:
        case Row(
            stream=bytes(stream),
            version=int(version),
            topic=bytes(topic),
            payload=bytes(payload),
            recorded_at=bytes(recorded_at),
            leaf=bytes(leaf),
        ):
            texts = (stream, topic, recorded_at)
        case _:
            return None
    if any(b"\n" in text for text in texts):
        return None
    try:
        return (
            stream.decode(),
            version,
            topic.decode(),
            payload,
            recorded_at.decode(),
            leaf,
        )
    except UnicodeDecodeError:
        return None


def _tiles(connection: sqlite3.Connection, leaves: list[bytes]) -> Iterator[Finding]:
    """Compare the kept tiles with those the recomputed leaves give."""
    kept = {
        (level, place): held
        for level, place, held in connection.execute(
            "SELECT level, place, hash FROM tiles"
        )
    }
    level, hashes = 1, _row_above(leaves)
    while hashes:
        for place, computed in enumerate(hashes):
            if kept.pop((level, place), None) != computed:
                position = (place + 1) * _WIDTH**level
                why = f"tile entry {level}/{place} is not what its leaves give"
                yield Finding(position, "tiles", why)
        level, hashes = level + 1, _row_above(hashes)
    for extra in sorted(kept, key=str):
        yield Finding(None, "tiles", f"tile entry {extra} has no leaves")


def _row_above(hashes: list[bytes]) -> list[bytes]:
    whole = len(hashes) // _WIDTH * _WIDTH
    return [root(hashes[i : i + _WIDTH]) for i in range(0, whole, _WIDTH)]


def _ends(connection: sqlite3.Connection, head: int) -> Iterator[Finding]:
    given = connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name=?", (schema.EVENTS,)
    ).fetchone()
    if given != (head,):
        last = given[0] if given else 0
        why = f"the log ends at {head}, but position {_shown(last)} was given out"
        yield Finding(None, "tail", why)
    if head == 0:
        yield Finding(None, "identity", "the log is empty")


def _pages(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Let SQLite check what hashes do not see: pages, and indexes against tables."""
    for (line,) in connection.execute("PRAGMA integrity_check(10)"):
        if line != b"ok":
            yield Finding(None, "file", _shown(line))


def _shown(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
