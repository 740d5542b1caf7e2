"""The use cases. The only module that appends, and the one that hands in the clock."""

from __future__ import annotations

import getpass
import json
import os
from contextlib import contextmanager
from pathlib import Path, PurePath
from secrets import token_hex
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import uuid4
from zoneinfo import available_timezones

from eventsourcing.application import Application
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment

from ledger import cosignatures, guard, reader, seen
from ledger.collector import paused_collector
from ledger.domain import taxonomy as taxonomy_data
from ledger.domain.definitions import as_json, from_json, hash_of
from ledger.domain.events import (
    LEDGER_STREAM,
    Agreed,
    Amended,
    Asserted,
    AssertionEvent,
    Categorized,
    Checkpointed,
    Cited,
    Closed,
    Completed,
    Cosigned,
    Declined,
    Defined,
    Distrusted,
    Drawn,
    Entrusted,
    Examined,
    Framed,
    Granted,
    Imported,
    Joined,
    Keyed,
    KeyEvent,
    Marked,
    MeasureEvent,
    Opened,
    PackageEvent,
    PersonEvent,
    Proposed,
    PublicationEvent,
    Published,
    Recalled,
    RecommendationEvent,
    Recommended,
    Rejected,
    Requested,
    RequestEvent,
    Responded,
    Restored,
    Retired,
    Retracted,
    Revoked,
    SampleEvent,
    Scheduled,
    Settled,
    Spared,
    Summarized,
    Unreadable,
    Waived,
    Withdrawn,
    WitnessEvent,
    is_text,
    parse_definition,
    parse_own,
    parse_stored,
    parse_taxonomy,
)
from ledger.domain.fiscal import format_instant, from_micros
from ledger.domain.package import check_name
from ledger.domain.publication import as_json as publication_json
from ledger.domain.publication import hash_of_set, seal_of
from ledger.domain.sampling import ORDER
from ledger.domain.sampling import as_json as draw_json
from ledger.errors import (
    FaultyFileError,
    FieldError,
    HeadMovedError,
    LedgerExistsError,
    NoKeyError,
    NothingGoneError,
    UnseenError,
    UsageError,
)
from ledger.failures import translated
from ledger.intake.mapping import NO_MAP
from ledger.intake.rows import place, titled
from ledger.intake.snapshot_import import Snapshot, take
from ledger.members import committed, summary_of
from ledger.membership import summary_json
from ledger.placing import put_in_place
from ledger.store import (
    apart,
    assertions,
    keys,
    live,
    measures,
    packages,
    people,
    publications,
    recommendations,
    requests,
    samples,
    taxonomies,
    waivers,
    witnesses,
)
from ledger.store.aside import Rehearsal
from ledger.store.bulk import Faults, Loader, Totals
from ledger.store.codec import FactMapper, Placed, fact_of
from ledger.store.sqlite import AppendOnlyRecorder, Datastore, system_clock
from ledger.tlog import checkpoint, key_note, note
from ledger.tlog.members import SECRET_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from eventsourcing.persistence import InfrastructureFactory
    from eventsourcing.utils import EnvType

    from ledger.domain import keys as signing
    from ledger.domain import people as persons
    from ledger.domain.claim import Claim, Proof
    from ledger.domain.publication import Publication
    from ledger.domain.sampling import Part
    from ledger.intake.facts import FactFile
    from ledger.intake.mapping import MapFile
    from ledger.intake.rows import Columns, Row
    from ledger.intake.snapshot import Refused
    from ledger.membership import Summary
    from ledger.private_keys import PrivateKey
    from ledger.store.bulk import Aside, LeftOut
    from ledger.store.sqlite import Appending

DEFAULT_ZONE = "America/New_York"
STANDARD_INPUT = "-"
_LONGEST_NAME = 200
_LOCAL_ZONES = frozenset({"localtime", "posixrules", "Factory"})


class ImportReport(NamedTuple):
    """What one file brought, and where the log stands after it."""

    file: str
    sha256: str
    totals: Totals
    head: int
    dry_run: bool


class Onward(NamedTuple):
    """What came of correcting what a sample found, and of marking what was printed."""

    proposed: packages.Decided | None
    """None where there was nothing to propose."""
    heard: tuple[publications.Heard, ...]
    """Of each floor, in their order."""


class SetAside(NamedTuple):
    """One line or row of an SCR, or of an organization, that is left out whole."""

    line: int
    """Its number; 0 for an SCR that is refused because the file lacks it."""
    kind: str
    """``scr`` or ``organization``."""
    subject: str
    faults: tuple[tuple[str, str], ...]
    """Field and rule; none if it only shares its subject with a refused line."""
    said: dict[str, object]
    """``text`` of a line, or ``cells`` of a row, as they stand in the file."""


class SnapshotReport(NamedTuple):
    """What an extract brought, and which SCRs it lacks."""

    imported: ImportReport
    missing: tuple[str, ...]
    """They stood in the ledger at the snapshot's instant and are not in the file."""


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

    def __init__(
        self,
        path: str,
        clock: Callable[[], datetime],
        warn: Callable[[str], None] = lambda _: None,
        shown: str | None = None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._warn = warn
        self._shown = path if shown is None else shown
        self._issued: str | None = None
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
        facts: FactFile,
        *,
        zone: ZoneInfo,
        source: str | None = None,
        dry_run: bool = False,
        set_aside: Callable[[SetAside], None] | None = None,
        before_commit: Callable[[], None] = lambda: None,
        on_progress: Callable[[int], None] = lambda _rows: None,
    ) -> ImportReport:
        """Load a file of facts: all of its new lines, or none.

        :param file: the name it is recorded under.
        :param facts: what is in it; with ``set_aside`` it is read twice.
        :param zone: the ledger's time zone.
        :param source: given to facts that name none themselves.
        :param set_aside: told of every line of a subject that has a refused one; all
            of these are left out. Left out itself: they refuse the whole file.
        :param before_commit: called once nothing is at fault: what is set aside must be
            in a safe place before the rest is recorded.
        :param on_progress: told the number of lines read, now and then.
        :raises FaultyFileError: a line cannot be recorded; nothing was.
        :raises UnreadableTableError: what should be a table is none.
        :raises FieldError: the source is not what the field takes.
        """
        _check_source(source)
        with paused_collector(), self._appending(keep=not dry_run) as appending:
            if set_aside is None:
                lines = facts.lines(on_progress)
                totals, faults = apart.load(appending, zone, lines, source=source)
            else:
                loader = Loader(
                    appending,
                    zone,
                    source=source,
                    left_out=_left_out(appending, zone, file, facts),
                    set_aside=lambda aside: set_aside(_line_aside(aside)),
                )
                totals = loader.load(facts.lines(on_progress))
                faults = loader.faults
            if faults.count:
                raise _faulty(file, faults, facts.columns)
            if totals.new or _newly_aside(appending, facts.sha256, totals.set_aside):
                said = {"source": source, **_mapped(facts.map)}
                imported = _imported(file, facts.sha256, totals, said)
                self._put_import(appending, imported)
            head = appending.head
            before_commit()
        return ImportReport(file, facts.sha256, totals, head, dry_run)

    def import_snapshot(  # noqa: PLR0913 - all but two are keywords
        self,
        snapshot: Snapshot,
        rows: Iterable[Row],
        *,
        sha256: str,
        zone: ZoneInfo,
        columns: Columns = MappingProxyType({}),
        map_file: MapFile = NO_MAP,
        set_aside: Callable[[SetAside], None] | None = None,
        before_commit: Callable[[], None] = lambda: None,
        dry_run: bool = False,
    ) -> SnapshotReport:
        """Load an extract of one day: the facts that differ from what was known then.

        :param snapshot: the file's name, and when what it shows was known.
        :param rows: its rows, read to their end.
        :param sha256: of the file's bytes, in hex.
        :param zone: the ledger's time zone.
        :param columns: of the table, so that a fault names its cell.
        :param map_file: the map that named them.
        :param set_aside: told of SCRs that cannot be taken; left out: they refuse the
            whole file.
        :param before_commit: as for :meth:`import_file`.
        :raises FaultyFileError: a row cannot be taken; nothing was recorded.
        :raises KnownLaterError: the snapshot is of a moment to come.
        :raises FieldError: the source is not what the field takes.
        """
        _check_source(snapshot.source)
        file = snapshot.file
        with paused_collector(), self._appending(keep=not dry_run) as appending:
            refuse = None if set_aside is None else _rows_aside(set_aside)
            taken = take(appending, zone, snapshot, rows, refuse)
            if taken.faults.count:
                raise _faulty(file, taken.faults, columns)
            aside = taken.totals.set_aside
            if taken.totals.new or _newly_aside(appending, sha256, aside):
                said = {
                    "source": snapshot.source,
                    "snapshot_at": format_instant(snapshot.known_at),
                    **_mapped(map_file),
                }
                imported = _imported(file, sha256, taken.totals, said)
                self._put_import(appending, imported)
            head = appending.head
            before_commit()
        report = ImportReport(file, sha256, taken.totals, head, dry_run)
        return SnapshotReport(report, taken.missing)

    def _put_import(self, appending: Appending, imported: Imported) -> None:
        version = len(appending.stream(LEDGER_STREAM)) + 1
        placed = Placed(LEDGER_STREAM, version, imported)
        appending.put([self.mapper.to_stored_event(placed)])

    def record(
        self, fields: Mapping[str, str], *, zone: ZoneInfo, dry_run: bool = False
    ) -> live.Recorded:
        """Record one live fact, decided against what is recorded at that moment.

        :param fields: as in a line of a file, without ``known_at``, which is the
            moment of recording; ``effective_on`` may be left out.
        :raises RefusedError: a rule, an anomaly nobody forced, a command id; while
            four eyes are on, also a correction, or who may not do it.
        :raises FieldError: a value is not what its field takes.
        """
        acts = fields.get("event", ""), fields.get("by", "")
        with self._deciding(*acts, dry_run=dry_run) as appending:
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
        with self._deciding("defined", by, dry_run=dry_run) as appending:
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
        with self._deciding("retired", by, dry_run=dry_run) as appending:
            return measures.append(appending, fact)

    def assert_claim(
        self,
        claim: Claim,
        proof: Proof,
        *,
        by: str,
        note: str | None = None,
        dry_run: bool = False,
    ) -> assertions.Decided:
        """Record a claim that was proved; the same one of its author adds nothing.

        :param proof: what it was proved by: the whole log, or up to where it is pinned.
        :raises HeadMovedError: the log has grown since; prove it again.
        :raises FieldError: a value is not what its field takes.
        """
        cutoff = None
        if claim.instant is not None:
            cutoff = format_instant(from_micros(claim.instant))
        fields = {
            "event": "asserted",
            **claim._asdict(),
            "instant": cutoff,
            "proved_position": proof.position,
            "proved_root": proof.root,
            "definition_hash": proof.definition_hash,
            "note": note,
        }
        return self._assertion(Asserted, fields, by, dry_run=dry_run)

    def withdraw(
        self, assertion: int, *, by: str, reason: str, dry_run: bool = False
    ) -> assertions.Decided:
        """Record that an assertion is proved no more.

        :param assertion: its position.
        :raises NoSuchAssertionError: there is none.
        :raises AlreadyWithdrawnError: it was withdrawn before.
        :raises FieldError: a value is not what its field takes.
        """
        fields = {"event": "withdrawn", "assertion": assertion, "reason": reason}
        return self._assertion(Withdrawn, fields, by, dry_run=dry_run)

    def _assertion(
        self,
        cls: type[AssertionEvent],
        fields: Mapping[str, object],
        by: str,
        *,
        dry_run: bool,
    ) -> assertions.Decided:
        fact = _own_fact(cls, fields, by)
        with self._deciding(fact.event, by, dry_run=dry_run) as appending:
            return assertions.append(appending, fact)

    def publish(
        self,
        contents: Iterable[Publication],
        *,
        head: int,
        by: str,
        signer: PrivateKey | None = None,
        dry_run: bool = False,
    ) -> list[publications.Decided]:
        """Record publications, all or none, and a checkpoint that covers them.

        Each gets its members roots here. They come from a secret that is drawn anew
        every time, so the seal of one that is only decided is of no other.

        :param head: the last position that was read to make them.
        :param signer: the key that signs for the ledger; without it, or where none
            does, there is no checkpoint.
        :raises HeadMovedError: the log has grown since; make them again.
        :raises PublicationTakenError: there is one of that name.
        :raises PublicationFaultyError: one does not agree with itself, or with the log.
        :raises FieldError: a value is not what its field takes.
        """
        facts = [
            _published(content, token_hex(SECRET_BYTES), by) for content in contents
        ]
        with self._deciding("published", by, dry_run=dry_run) as appending:
            decided = publications.append(appending, facts, head)
            if signer is None:
                return decided
            for one, fact in zip(decided, facts, strict=True):
                summary = summary_of(one.content, fact.seal)
                publications.summarize(appending, _summarized(summary, by))
            covered = self._covered(appending, signer, by)
        return [one._replace(checkpoint=covered) for one in decided]

    def put_key(
        self,
        private: PrivateKey,
        *,
        replaced: PrivateKey | None = None,
        by: str,
        dry_run: bool = False,
    ) -> signing.Decided:
        """Put a key on record: from now on it signs for the ledger.

        :param replaced: the key whose place it takes, which signs as well.
        :raises KeysError: a rule of ``ledger.domain.keys``.
        """
        with self._deciding("keyed", by, dry_run=dry_run) as appending:
            origin, head = keys.recorded(appending).origin, appending.head
            said = key_note.NewKey(
                origin, private.public(origin), head, appending.root(head)
            )
            old = None if replaced is None else replaced.private
            signed = key_note.signed(said, private.private, old)
            fact = _own_fact(Keyed, {"event": "keyed", "note": str(signed)}, by)
            return keys.put_key(appending, fact)

    def distrust(
        self, key: str, *, trusted_to: int, reason: str, by: str, dry_run: bool = False
    ) -> signing.Decided:
        """Record that a key is believed no further than a size.

        :param key: its id, in hex.
        :raises NoSuchKeyError: it is not on record.
        :raises LedgerError: a rule of ``ledger.domain.keys``.
        :raises FieldError: a value is not what its field takes.
        """
        fields = {"event": "distrusted", "key": key, "trusted_to": trusted_to}
        fact = _own_fact(Distrusted, {**fields, "reason": reason}, by)
        with self._deciding("distrusted", by, dry_run=dry_run) as appending:
            return keys.distrust(appending, fact)

    def checkpoint(
        self, signer: PrivateKey, *, by: str, dry_run: bool = False
    ) -> signing.Covered:
        """Issue a checkpoint of all that is recorded.

        Where nothing but checkpoints is new since the last one, that one is returned,
        and nothing recorded.

        :raises KeysError: a rule of ``ledger.domain.keys``.
        """
        with self._deciding("checkpointed", by, dry_run=dry_run) as appending:
            covered = keys.covering(appending, keys.recorded(appending))
            return covered or self._covered(appending, signer, by)

    def entrust(
        self, required: int, vkeys: Iterable[str], *, by: str, dry_run: bool = False
    ) -> witnesses.Decided:
        """Record how many of which witnesses a publication needs.

        :param vkeys: their verifier keys.
        :raises PolicyError: nobody could keep it.
        :raises FieldError: a value is not what its field takes.
        """
        vkeys = list(dict.fromkeys(vkeys))
        cosignatures.policy(required, vkeys)  # What a key is, it says best.
        fields = {
            "event": "entrusted",
            "required": required,
            "witnesses": vkeys,
        }
        fact = _own_fact(Entrusted, fields, by)
        with self._deciding("entrusted", by, dry_run=dry_run) as appending:
            return witnesses.put_policy(appending, fact)

    def cosign(
        self, lines: Iterable[str], *, by: str, dry_run: bool = False
    ) -> list[witnesses.Heard]:
        """Record cosignatures of checkpoints on record, all or none.

        :param lines: signature lines of a note, without line feeds.
        :raises WitnessError: a rule of ``ledger.domain.witnesses``.
        :raises NotSignedError: one is no line of a signature.
        """

        def made(size: int, line: str) -> Cosigned:
            fields = {"event": "cosigned", "size": size, "line": line}
            return _own_fact(Cosigned, fields, by)

        with self._deciding("cosigned", by, dry_run=dry_run) as appending:
            return witnesses.put_cosigned(appending, lines, made)

    def mark(  # noqa: PLR0913 - what a floor says
        self,
        publication: str,
        measure: str,
        fiscal_year: int,
        *,
        at_least: int,
        basis_of: str,
        reason: str,
        by: str,
        dry_run: bool = False,
    ) -> publications.Heard:
        """Record by how much at least a printed figure is misstated.

        :param basis_of: what was looked at to know it.
        :raises NoSuchPublicationError: there is none of that name.
        :raises NoSuchFigureError: it has no such figure.
        :raises FieldError: a value is not what its field takes.
        """
        fields = {
            "event": "marked",
            "publication": publication,
            "measure": measure,
            "fiscal_year": fiscal_year,
            "at_least": at_least,
            "basis_of": basis_of,
            "reason": reason,
        }
        fact = _own_fact(Marked, fields, by)
        with self._deciding("marked", by, dry_run=dry_run) as appending:
            return publications.say(appending, fact)

    def retract(
        self, publication: str, *, reason: str, by: str, dry_run: bool = False
    ) -> publications.Heard:
        """Record that a publication is withdrawn.

        :raises NoSuchPublicationError: there is none of that name.
        :raises AlreadyRetractedError: it was withdrawn before.
        :raises FieldError: a value is not what its field takes.
        """
        fields = {"event": "retracted", "publication": publication, "reason": reason}
        fact = _own_fact(Retracted, fields, by)
        with self._deciding("retracted", by, dry_run=dry_run) as appending:
            return publications.say(appending, fact)

    def categorize(
        self,
        body: Mapping[str, object],
        *,
        by: str,
        adopted_at: datetime | None = None,
        reason: str | None = None,
        dry_run: bool = False,
    ) -> taxonomies.Decided:
        """Record a version of the taxonomy; the last one again adds nothing.

        :param body: the taxonomy, as ``TaxonomyBody`` takes it; without a version it
            is the next one.
        :param adopted_at: from when it holds, aware; left out: from now on.
        :raises MeasureError: it may not follow what is recorded.
        :raises FieldError: a value is not what its field takes.
        :raises Unreadable: the body is no taxonomy.
        """
        read = parse_taxonomy({"version": 1, **body})
        given = read.model_dump(mode="json", exclude_none=True)
        taxonomy = taxonomy_data.from_json(given)
        with self._deciding("categorized", by, dry_run=dry_run) as appending:
            if "version" not in body:
                version = taxonomies.version_for(appending, taxonomy)
                taxonomy = taxonomy._replace(version=version)
            fields = {
                "event": "categorized",
                "version": taxonomy.version,
                "hash": taxonomy_data.hash_of(taxonomy),
                "taxonomy": taxonomy_data.as_json(taxonomy),
                "adopted_at": adopted_at and format_instant(adopted_at),
                "reason": reason,
            }
            return taxonomies.append(appending, _own_fact(Categorized, fields, by))

    def waive(  # noqa: PLR0913 - all but two are keywords
        self,
        rule: str,
        scr: str,
        *,
        until: str,
        reason: str,
        by: str,
        dry_run: bool = False,
    ) -> waivers.Decided:
        """Record that an SCR's failure of a rule is waived; again, it adds nothing.

        :param rule: a rule of validation; which there are, only validation knows.
        :param until: the last day on which it is waived, ``YYYY-MM-DD``.
        :raises NoSuchScrError: there is no such SCR.
        :raises FieldError: a value is not what its field takes.
        """
        fields = {"event": "waived", "rule": rule, "scr": scr, "until": until}
        fact = _own_fact(Waived, {**fields, "reason": reason}, by)
        with self._deciding("waived", by, dry_run=dry_run) as appending:
            return waivers.append(appending, fact)

    # --- correction packages ---

    def propose(  # noqa: PLR0913 - what a package says
        self,
        items: Iterable[Mapping[str, str]],
        *,
        zone: ZoneInfo,
        reason_code: str,
        reason: str,
        evidence: Iterable[str] = (),
        by: str,
        amends: str | None = None,
        dry_run: bool = False,
    ) -> packages.Decided:
        """Propose a package, or amend one that is not decided yet.

        :param items: facts as in a file, without who says so and when; a day that is
            left out is today's, a reason the package's.
        :param amends: the package to amend; None proposes a new one.
        :raises FaultyPackageError: an item cannot be recorded, with every fault.
        :raises LedgerError: a rule of ``ledger.domain.package``.
        :raises FieldError: a value is not what its field takes.
        """
        if amends is not None:
            check_name(amends)
        act = "proposed" if amends is None else "amended"
        said: dict[str, object] = {
            "reason_code": reason_code,
            "reason": reason,
            "evidence": list(evidence),
        }
        with self._deciding(act, by, dry_run=dry_run) as appending:
            if amends is not None:
                said["findings"] = packages.findings_of(appending, amends)
            return _packaged(appending, zone, items, said, by=by, amends=amends)

    def correct_findings(  # noqa: PLR0913 - all but one are keywords
        self,
        items: Sequence[Mapping[str, str]],
        *,
        said: Mapping[str, object],
        floors: Sequence[Mapping[str, object]],
        zone: ZoneInfo,
        head: int,
        by: str,
        dry_run: bool = False,
    ) -> Onward:
        """Propose what a sample found as a package, and mark what was printed of it.

        All of it is recorded, or nothing.

        :param items: as for :meth:`propose`; none: nothing is proposed.
        :param said: ``reason_code``, ``reason``, ``evidence`` and ``findings`` of the
            package.
        :param floors: the fields of each mark, as :meth:`mark` takes them.
        :param head: the last position that was read to find them.
        :raises HeadMovedError: the log has grown since.
        :raises PeopleError: four eyes are on, and whoever it is may not do both.
        :raises LedgerError: as for :meth:`propose` and :meth:`mark`.
        """
        marks = [_own_fact(Marked, {"event": "marked", **one}, by) for one in floors]
        with (
            translated(self._path),
            self.appender.appending(keep=not dry_run) as appending,
        ):
            if appending.head != head:
                raise HeadMovedError(head, appending.head)
            decided = None
            if items:
                people.permit(appending, "proposed", by, account())
                decided = _packaged(appending, zone, items, said, by=by)
            if marks:
                people.permit(appending, "marked", by, account())
            heard = tuple(publications.say(appending, one) for one in marks)
            return Onward(decided, heard)

    def agree(
        self,
        package: str,
        *,
        zone: ZoneInfo,
        hash_: str,
        by: str,
        dry_run: bool = False,
    ) -> packages.Decided:
        """Agree to a package: its facts are recorded, all in one transaction.

        :param hash_: of what was looked at, as `preview` prints it.
        :raises SelfApprovalError: who agrees proposed or amended it.
        :raises PackageChangedError: it is not what that hash is of.
        :raises LedgerError: a rule of ``ledger.domain.package``.
        """
        check_name(package)
        with self._deciding("agreed", by, dry_run=dry_run) as appending:
            standing = packages.held(appending, package)
            fields = {
                "event": "agreed",
                "package": package,
                "hash": hash_,
                "facts": len(standing.content.items),
                "four_eyes": people.four_eyes(appending),
            }
            fact = _own_fact(Agreed, fields, by)
            return packages.append(appending, zone, fact, account=account())

    def turn_down(  # noqa: PLR0913 - all but two are keywords
        self,
        package: str,
        *,
        zone: ZoneInfo,
        reason: str,
        by: str,
        recall: bool = False,
        dry_run: bool = False,
    ) -> packages.Decided:
        """Reject a package, or recall one's own.

        :raises LedgerError: a rule of ``ledger.domain.package``.
        """
        check_name(package)
        cls: type[Recalled | Rejected] = Recalled if recall else Rejected
        event = "recalled" if recall else "rejected"
        fields = {"event": event, "package": package, "reason": reason}
        fact = _own_fact(cls, fields, by)
        with self._deciding(event, by, dry_run=dry_run) as appending:
            return packages.append(appending, zone, fact, account=account())

    def carry_out(self, package: str, *, zone: ZoneInfo) -> int:
        """Record a package's facts without agreement: only ever in a copy.

        :returns: the position after them.
        """
        with (
            translated(self._path),
            self.appender.appending(keep=True) as appending,
        ):
            standing = packages.held(appending, package)
            stored = packages.facts_of(
                appending,
                zone,
                standing.id,
                standing.content.items,
                standing.proposer,
                account=account(),
            )
            return appending.put(stored)[-1]

    def add_person(
        self,
        person: str,
        *,
        by: str,
        account_of: str | None = None,
        roles: Sequence[str] = (),
        dry_run: bool = False,
    ) -> persons.Decided:
        """Record a person, with roles; what is on record as asked adds nothing.

        :param account_of: the operating-system account that is the person's.
        :raises PeopleError: a rule of ``ledger.domain.people``.
        :raises FieldError: a value is not what its field takes.
        """
        said = {"event": "joined", "person": person, "account": account_of}
        joined = _own_fact(Joined, said, by)
        facts = [joined, *_role_facts(Granted, person, roles, by)]
        with self._deciding("joined", by, dry_run=dry_run) as appending:
            return people.append(appending, facts)

    def grant(
        self, person: str, roles: Sequence[str], *, by: str, dry_run: bool = False
    ) -> persons.Decided:
        """Record that a person holds roles; one that is held already adds nothing.

        :raises PeopleError: a rule of ``ledger.domain.people``.
        :raises NoSuchPersonError: the person was not added.
        :raises FieldError: a value is not what its field takes.
        """
        facts = _role_facts(Granted, person, roles, by)
        with self._deciding("granted", by, dry_run=dry_run) as appending:
            return people.append(appending, facts)

    def revoke(
        self,
        person: str,
        roles: Sequence[str],
        *,
        reason: str,
        by: str,
        dry_run: bool = False,
    ) -> persons.Decided:
        """Record that a person holds roles no more.

        :raises PeopleError: a rule of ``ledger.domain.people``.
        :raises NoSuchPersonError: the person was not added.
        :raises FieldError: a value is not what its field takes.
        """
        facts = _role_facts(Revoked, person, roles, by, reason=reason)
        with self._deciding("revoked", by, dry_run=dry_run) as appending:
            return people.append(appending, facts)

    def frame(  # noqa: PLR0913 - all but one are keywords
        self,
        name: str,
        *,
        query: str,
        basis: Mapping[str, object],
        items: Iterable[str],
        by: str,
        dry_run: bool = False,
    ) -> samples.Decided:
        """Seal the frame of a sample: what may be drawn, and nothing else.

        :param query: the population that was asked for, as typed.
        :param basis: the JSON object of the basis it was asked at.
        :param items: the SCRs it gave.
        :raises SampleTakenError: a frame of that name is sealed.
        :raises SampleFaultyError: it is empty.
        :raises FieldError: a value is not what its field takes.
        """
        listed = sorted(items)
        fields = {
            "event": "framed",
            "sample": name,
            "query": query,
            "basis": {k: v for k, v in basis.items() if v is not None},
            "order": ORDER,
            "size": len(listed),
            "sha256": hash_of_set(listed),
            "items": listed,
        }
        return self._sampled([_own_fact(Framed, fields, by)], dry_run=dry_run)[0]

    def draw(  # noqa: PLR0913 - all but two are keywords
        self,
        name: str,
        parts: Sequence[Part],
        *,
        seed: str | None,
        by: str,
        reviews: int = 1,
        dry_run: bool = False,
    ) -> samples.Decided:
        """Draw a sample from its sealed frame, once.

        :param parts: how many of each stratum; of a simple draw, of the whole frame.
        :param seed: None takes it from the log.
        :raises NoSuchSampleError: no frame of that name is sealed.
        :raises SampleError: it is drawn already; there is no seed yet, or not so much.
        :raises FieldError: a value is not what its field takes.
        """
        with self._deciding("drawn", by, dry_run=dry_run) as appending:
            drawn = samples.selection(
                appending, name, parts, seed=seed, reviews=reviews
            )
            fact = _own_fact(Drawn, {"event": "drawn", **draw_json(drawn)}, by)
            return samples.append(appending, [fact])[0]

    def spare(
        self, name: str, item: str, *, reason: str, by: str, dry_run: bool = False
    ) -> samples.Decided:
        """Take the next spare in place of an item that cannot be examined.

        :raises NoSuchSampleError: no frame of that name is sealed.
        :raises SampleError: the item is not in the sample, or has no spare.
        :raises FieldError: a value is not what its field takes.
        """
        with self._deciding("spared", by, dry_run=dry_run) as appending:
            spare = samples.next_spare(appending, name, item)
            fields = {"event": "spared", "sample": name, "item": item, "spare": spare}
            fact = _own_fact(Spared, {**fields, "reason": reason}, by)
            return samples.append(appending, [fact])[0]

    def examine(
        self,
        name: str,
        findings: Iterable[Mapping[str, object]],
        *,
        by: str,
        review: str = "first",
        dry_run: bool = False,
    ) -> list[samples.Decided]:
        """Record what was found of items of a sample, all or none.

        :param findings: ``item``, ``answers`` and perhaps ``note_ref`` of each.
        :raises NoSuchSampleError: no frame of that name is sealed.
        :raises SampleError: a rule of ``ledger.domain.sampling``.
        :raises FieldError: a value is not what its field takes.
        """
        said = {"event": "examined", "sample": name, "review": review}
        facts = [_own_fact(Examined, {**said, **one}, by) for one in findings]
        return self._sampled(facts, dry_run=dry_run)

    def settle(  # noqa: PLR0913 - all but three are keywords
        self,
        name: str,
        item: str,
        attribute: str,
        *,
        answer: str,
        reason: str,
        by: str,
        note_ref: str | None = None,
        dry_run: bool = False,
    ) -> samples.Decided:
        """Record which answer holds, where two reviews disagree.

        :raises NoSuchSampleError: no frame of that name is sealed.
        :raises SampleError: there is no disagreement, or no third person.
        :raises FieldError: a value is not what its field takes.
        """
        fields = {
            "event": "settled",
            "sample": name,
            "item": item,
            "attribute": attribute,
            "answer": answer,
            "reason": reason,
            "note_ref": note_ref,
        }
        return self._sampled([_own_fact(Settled, fields, by)], dry_run=dry_run)[0]

    def _sampled(
        self, facts: Sequence[SampleEvent], *, dry_run: bool
    ) -> list[samples.Decided]:
        if not facts:
            return []
        event, by = facts[0].event, facts[0].by  # One person does one thing at a time.
        with self._deciding(event, by, dry_run=dry_run) as appending:
            return samples.append(appending, facts)

    def record_requests(
        self,
        said: Iterable[Mapping[str, object]],
        *,
        zone: ZoneInfo,
        by: str,
        head: int | None = None,
        dry_run: bool = False,
    ) -> list[requests.Decided]:
        """Record facts about resource requests, all or none.

        :param said: the fields of each, with its ``event``: ``requested``, ``cited`` or
            ``declined``; what is None is left out.
        :param zone: the ledger's time zone: no day that is claimed is after today.
        :param head: the last position that citations were proved at, if there are any.
        :raises HeadMovedError: the log has grown since; prove them again.
        :raises LedgerError: a rule of ``ledger.domain.request``.
        :raises FieldError: a value is not what its field takes.
        """
        facts = [_own_fact(_REQUESTS[str(one["event"])], one, by) for one in said]
        with self._deciding("requested", by, dry_run=dry_run) as appending:
            return requests.append(appending, facts, zone, head)

    def record_recommendation(
        self,
        said: Mapping[str, object],
        *,
        zone: ZoneInfo,
        by: str,
        head: int | None = None,
        dry_run: bool = False,
    ) -> recommendations.Decided:
        """Record a fact about a recommendation; the last one again adds nothing.

        :param said: its fields, with its ``event``; what is None is left out.
        :param zone: as for :meth:`record_requests`.
        :param head: the last position that its check was computed at, to close it.
        :raises HeadMovedError: the log has grown since; compute it again.
        :raises LedgerError: a rule of ``ledger.domain.recommendation``.
        :raises FieldError: a value is not what its field takes.
        """
        fact = _own_fact(_RECOMMENDATIONS[str(said["event"])], said, by)
        with self._deciding(fact.event, by, dry_run=dry_run) as appending:
            return recommendations.append(appending, fact, zone, head)

    def _covered(
        self, appending: Appending, signer: PrivateKey, by: str
    ) -> signing.Covered:
        """Append a checkpoint of all that is recorded by now."""
        held, size = keys.recorded(appending), appending.head
        if held.signing is None:
            raise NoKeyError
        origin, root = held.origin, bytes.fromhex(appending.root(size))
        text = str(checkpoint.TreeHead(origin, size, root))
        signed = note.Note(text, (note.sign(text, signer.private, origin),))
        fields = {"event": "checkpointed", "note": str(signed)}
        covered = keys.put_checkpoint(appending, _own_fact(Checkpointed, fields, by))
        self._issued = covered.note
        return covered

    def admit(
        self, *, reason: str, by: str, dry_run: bool = False
    ) -> list[signing.Admitted]:
        """Record that the file was put back on purpose, and see it anew.

        What somebody else has admitted already is not recorded again; then this user
        only takes note of it.

        :raises NothingGoneError: nothing that was seen is missing.
        :raises FieldError: a value is not what its field takes.
        """
        self._issued = None
        with (
            translated(self._path),
            self.appender.appending(keep=not dry_run) as appending,
        ):
            people.permit(appending, "restored", by, account())
            found = seen.disagreements(self._now(appending))
            if not found:
                raise NothingGoneError
            facts = [
                _own_fact(
                    Restored,
                    {
                        "event": "restored",
                        "seen_position": one.seen.position,
                        "seen_root": one.seen.root,
                        "seen_ledger": one.ledger,
                        "reason": reason,
                    },
                    by,
                )
                for one in found
            ]
            admitted = [keys.admit(appending, fact) for fact in facts]
            after = self._now(appending)
            at = format_instant(appending.moment)
        if not dry_run:
            self._remember(after, at, anew=True)
        return admitted

    @contextmanager
    def _deciding(self, act: str, by: str, *, dry_run: bool) -> Iterator[Appending]:
        """Open an append for an event, once whoever records it may.

        :raises PeopleError: four eyes are on, and whoever it is may not.
        """
        with self._appending(keep=not dry_run) as appending:
            people.permit(appending, act, by, account())
            yield appending

    @contextmanager
    def _appending(self, *, keep: bool) -> Iterator[Appending]:
        """Open an append to a ledger that is as this user has seen it, and remember it.

        It is compared while the lock is held, so nothing can be put in its place
        between that and the write; and remembered once it is recorded.

        :raises UnlikeSeenError: it is another ledger, or has another history.
        """
        self._issued = None
        with (
            translated(self._path),
            self.appender.appending(keep=keep) as appending,
        ):
            now = self._now(appending)
            with self._warning():
                seen.compare(now)
            yield appending
            after = self._now(appending)
            at = format_instant(appending.moment)
        if keep and after.head > now.head:
            self._remember(after, at)

    def _now(self, appending: Appending) -> seen.Now:
        head = appending.head
        root = appending.root(head)
        return seen.Now(
            self._path,
            keys.ledger_id(appending),
            head,
            lambda position: root if position == head else appending.root(position),
            self._shown,
        )

    def _remember(self, now: seen.Now, at: str, *, anew: bool = False) -> None:
        with self._warning():
            seen.remember(now, at, self._issued, anew=anew)
            seen.settle(now.path, now.ledger_id)

    @contextmanager
    def _warning(self) -> Iterator[None]:
        """Warn of what cannot be read or kept of what was seen; it fails nothing."""
        try:
            yield
        except UnseenError as error:
            self._warn(str(error))


_REQUESTS: dict[str, type[RequestEvent]] = {
    "requested": Requested,
    "cited": Cited,
    "declined": Declined,
}
_RECOMMENDATIONS: dict[str, type[RecommendationEvent]] = {
    "recommended": Recommended,
    "responded": Responded,
    "scheduled": Scheduled,
    "completed": Completed,
    "closed": Closed,
}

_Own = TypeVar(
    "_Own",
    bound=MeasureEvent
    | AssertionEvent
    | Categorized
    | Waived
    | PublicationEvent
    | PackageEvent
    | PersonEvent
    | SampleEvent
    | RequestEvent
    | RecommendationEvent
    | KeyEvent
    | Checkpointed
    | Restored
    | WitnessEvent
    | Summarized,
)


def _measure_fact(
    cls: type[_Own],
    fields: Mapping[str, object],
    by: str,
    adopted_at: datetime | None,
) -> _Own:
    adopted = None if adopted_at is None else format_instant(adopted_at)
    return _own_fact(cls, {**fields, "adopted_at": adopted}, by)


def _role_facts(
    cls: type[Granted | Revoked],
    person: str,
    roles: Sequence[str],
    by: str,
    **more: str,
) -> list[Granted | Revoked]:
    """Return a fact for each role, once; that about supervisors is the last.

    Who makes the first supervisor, or ends being one, does the rest before.
    """
    once = sorted(dict.fromkeys(roles), key=lambda role: role == "supervisor")
    event = "granted" if cls is Granted else "revoked"
    return [
        _own_fact(cls, {"event": event, "person": person, "role": role, **more}, by)
        for role in once
    ]


def _packaged(  # noqa: PLR0913 - what a package is made of
    appending: Appending,
    zone: ZoneInfo,
    items: Iterable[Mapping[str, str]],
    said: Mapping[str, object],
    *,
    by: str,
    amends: str | None = None,
) -> packages.Decided:
    """Record a package, or what one is amended to.

    :raises FaultyPackageError: an item cannot be recorded, with every fault.
    :raises FieldError: a value is not what its field takes.
    """
    references = said["evidence"]
    assert isinstance(references, list)
    if not all(map(is_text, references)):
        field, rule = "evidence", "must be text of 1 to 200 characters"
        raise FieldError(field, rule)
    today = appending.moment.astimezone(zone).date()
    completed = packages.completed(items, today=today, reason=str(said["reason"]))
    name = amends or packages.next_id(appending)
    content = {n: value for n, value in said.items() if value is not None}
    cls: type[Proposed | Amended] = Proposed if amends is None else Amended
    act = "proposed" if amends is None else "amended"
    fields = {"event": act, "package": name}
    try:
        content["items"] = completed
        fact = _own_fact(cls, {**fields, "content": content}, by)
    except FieldError:
        # Of an item it does not say which; deciding them one by one does.
        _own_fact(cls, {**fields, "content": {**content, "items": [{}]}}, by)
        packages.facts_of(appending, zone, name, completed, "-", account=account())
        raise
    return packages.append(appending, zone, fact, account=account())


def _own_fact(cls: type[_Own], fields: Mapping[str, object], by: str) -> _Own:
    """Return one of the ledger's own facts; what is None is left out.

    :raises FieldError: a value is not what its field takes.
    """
    said = {**fields, "by": by, "run_by": account()}
    try:
        return parse_own(
            cls, {n: value for n, value in said.items() if value is not None}
        )
    except Unreadable as error:
        raise FieldError(*error.faults[0]) from None


def _summarized(one: Summary, by: str) -> Summarized:
    """Return the fact that says what a publication prints."""
    fields = {"event": "summarized", **summary_json(one)}
    return _own_fact(Summarized, fields, by)


def _published(content: Publication, secret: str, by: str) -> Published:
    """Return the fact that records a publication, with members roots of a secret."""
    sealed = committed(content, secret)
    fields = {
        "event": "published",
        "publication": sealed.name,
        "seal": seal_of(sealed),
        "content": publication_json(sealed),
        "members_secret": secret,
    }
    return _own_fact(Published, fields, by)


def create(  # noqa: PLR0913 - all but one are keywords
    path: str,
    *,
    name: str | None = None,
    timezone: str = DEFAULT_ZONE,
    solo: bool = False,
    clock: Callable[[], datetime] = system_clock,
    warn: Callable[[str], None] = lambda _: None,
) -> Opened:
    """Make a ledger at ``path``, whole or not at all; return its identity.

    :param name: what people call it; left out: the file's name without its ending.
    :param timezone: the zone in which a day of the ledger ends (an IANA name).
    :param solo: whether it is one person's for ever, without roles.
    :param warn: as for :func:`open_ledger`.
    :raises LedgerExistsError: there is a file already.
    :raises LeftBesideError: there is the journal of one.
    :raises UsageError: the name or the zone is not one.
    """
    target = Path(path)
    if target.exists():
        raise LedgerExistsError(path)
    identity = _identity(name or target.stem, timezone, solo=solo)
    draft = target.with_name(f".{target.name}.{os.getpid()}.init")
    try:
        with translated(path):
            ledger = CaseLedger(str(draft.absolute()), clock)
            ledger.appender.create_table()
            ledger.save(Placed(LEDGER_STREAM, 1, identity))
            ledger.close()
        put_in_place(draft, target, "init")
    finally:
        draft.unlink(missing_ok=True)
    try:
        seen.settle(str(target.absolute()), identity.ledger_id)
    except UnseenError as error:
        warn(str(error))
    return identity


def open_ledger(
    path: str,
    *,
    clock: Callable[[], datetime] = system_clock,
    warn: Callable[[str], None] = lambda _: None,
) -> tuple[CaseLedger, reader.Identity]:
    """Open an existing ledger for appending; return it with its identity.

    :param warn: told, in a sentence, what does not keep anything from being recorded.
    :raises NoLedgerError: there is no file.
    :raises SealedError: it is evidence, and not written.
    :raises LedgerError: the file is not a ledger, is damaged, locked or not writable.
    """
    with reader.open_log(path) as log:
        identity = log.identity
    guard.refuse_sealed(path)
    with translated(path):
        return CaseLedger(str(Path(path).absolute()), clock, warn, path), identity


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


def _identity(name: str, timezone: str, *, solo: bool) -> Opened:
    # A name such as `localtime` or `posixrules` is another zone on another machine.
    if timezone not in available_timezones() or timezone in _LOCAL_ZONES:
        msg = f"{timezone} is not a time zone; give one such as {DEFAULT_ZONE} or UTC"
        raise UsageError(msg)
    fields = {
        "event": "opened",
        "ledger_id": str(uuid4()),
        "name": name,
        "timezone": timezone,
        **({"solo": True} if solo else {}),
    }
    try:
        opened = parse_stored(Opened.topic, json.dumps(fields).encode())
    except Unreadable as error:
        raise UsageError(str(error)) from None
    assert isinstance(opened, Opened)
    return opened


def _newly_aside(appending: Appending, digest: str, count: int) -> bool:
    """Whether something is set aside that no import of the same file has recorded.

    Else a ledger would look complete because all else of the file was known already.
    """
    return count > 0 and not any(
        isinstance(fact, Imported) and fact.sha256 == digest and fact.set_aside == count
        for topic, payload, _ in appending.stream(LEDGER_STREAM)
        for fact in [fact_of(LEDGER_STREAM, topic, payload)]
    )


def _mapped(map_file: MapFile) -> dict[str, str | None]:
    if map_file is NO_MAP:
        return {}
    name = _as_text(PurePath(map_file.name).name)
    return {"map": name, "map_sha256": map_file.sha256}


def _imported(
    file: str, digest: str, totals: Totals, said: Mapping[str, str | None]
) -> Imported:
    fields = {
        "event": "imported",
        "file": _as_text(file),
        "sha256": digest,
        "rows": totals.rows,
        "added": totals.added,
        "already_recorded": totals.already_recorded,
        "set_aside": totals.set_aside,
        "anomalies": totals.anomalies,
        "run_by": account(),
        **{name: text for name, text in said.items() if text},
    }
    fact = parse_stored(Imported.topic, json.dumps(fields).encode())
    assert isinstance(fact, Imported)
    return fact


def _left_out(
    appending: Appending, zone: ZoneInfo, file: str, facts: FactFile
) -> LeftOut:
    """Read a file through; return what to leave out of it."""
    rehearsal = Rehearsal(appending, zone)
    left_out = rehearsal.left(facts.lines(lambda _: None))
    if rehearsal.nameless.count:
        raise _faulty(file, rehearsal.nameless, facts.columns)
    return left_out


def _line_aside(aside: Aside) -> SetAside:
    kind, _, subject = aside.stream.partition("/")
    faults = tuple((fault.field, fault.rule) for fault in aside.faults)
    text = aside.line.decode(errors="backslashreplace")
    return SetAside(aside.number, kind, subject, faults, {"text": text})


def _rows_aside(set_aside: Callable[[SetAside], None]) -> Callable[[Refused], None]:
    def tell(refused: Refused) -> None:
        assert refused.scr is not None  # A row that names none refuses the file.
        by_row = {row.number: row.cells for row in refused.rows} or {0: {}}
        for number, cells in by_row.items():
            faults = tuple(
                (fault.field, fault.rule)
                for fault in refused.faults
                if fault.row == number
            )
            said: dict[str, object] = {
                "cells": {name: str(cell) for name, cell in cells.items()}
            }
            set_aside(SetAside(number, "scr", refused.scr, faults, said))

    return tell


def _check_source(source: str | None) -> None:
    if source is not None and not is_text(source):
        field, rule = "source", "must be text of 1 to 200 characters"
        raise FieldError(field, rule)


def _faulty(file: str, faults: Faults, columns: Columns) -> FaultyFileError:
    lines = tuple(
        f"{place(file, fault.line, fault.field, columns)}:"
        f" {titled(fault.field, columns)}: {fault.rule}"
        for fault in faults.listed
    )
    return FaultyFileError(file, lines, faults.count)
