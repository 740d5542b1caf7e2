"""A bundle: one file to take home, with all that is needed to check it elsewhere.

It holds every fact as its leaf was hashed, what was published by which definitions, the
checkpoints on record, and a checker that needs nothing of this program
(``ledger/evidence/verify.py``; docs/evidence.md).
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import IO, TYPE_CHECKING, NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from ledger import evidence
from ledger.domain import definitions
from ledger.domain import publication as publications
from ledger.domain.definitions import BUILT_IN
from ledger.errors import FactDamagedError, LogDamagedError
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash, root
from projections.history import fields_of
from projections.publications import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ledger.domain.definitions import Definition
    from ledger.reader import Log, Row
    from projections.publications import Recorded

SCHEMA = "scr-bundle/1"

FREE_TEXT = ("title", "note", "reason", "forced", "text")
"""Fields in which people write what they like; of every fact not named below."""

FREE_TEXT_OF: Mapping[str, tuple[str, ...]] = {
    "ledger.closed/1": ("evidence",),
    "ledger.proposed/1": ("content",),
    "ledger.amended/1": ("content", "note"),
    # What is sealed is made to be read; a signed note is no prose.
    "ledger.published/1": (),
    "ledger.keyed/1": (),
    "ledger.checkpointed/1": (),
}
"""The same, by topic: of a package all that it holds, reasons and notes in it too."""

FOLDER = "scr-bundle/"
CHECKPOINTED = "ledger.checkpointed/1"
_DEFINED = "ledger.defined/1"
_DATE = (1980, 1, 1, 0, 0, 0)  # The first that a zip can hold: it says nothing.
_MODE = 0o100644 << 16
_UNIX = 3

README = """\
A bundle of the ledger {name}, up to position {head}.

    python3 verify.py

checks it without the program that wrote it: Python 3.8 or later is enough. It
computes every leaf, root, hash and published figure again, and says what it finds in
a line each. If the library cryptography is installed, it checks signatures too.

bundle.json      what this is, and the SHA-256 of every other file
facts.jsonl      every fact, a line each: what its leaf is the hash of
publications/    what was sealed: the SHA-256 of a file is the seal
definitions/     what was counted: the SHA-256 of a file is the definition's hash
checkpoints/     signed heads of the log, as they were issued
verify.py        the checker; take it from where you trust it

Whoever can write all of these files can make others that agree with one another.
Compare the root, or the SHA-256 of bundle.json, with what was noted elsewhere.
"""


class Written(NamedTuple):
    """What went into a bundle."""

    head: int
    root: str
    publications: int
    checkpoints: int
    without_text: int
    """How many facts lack their free text."""
    sha256: str
    """Of ``bundle.json``, which has the hashes of all other files."""


def write(
    log: Log,
    out: IO[bytes],
    *,
    without_text: bool = False,
    on_progress: Callable[[int], None] = lambda _position: None,
) -> Written:
    """Write a bundle of a ledger; the same ledger gives the same bytes.

    :param without_text: leave free text out; what it stood in has its leaf instead.
    :raises IntegrityError: the facts do not give the root of the log, or something in
        them is not what it was sealed as.
    """
    with ZipFile(out, "w", ZIP_STORED) as held:
        packed = _Packed(held)
        facts = _Facts(without_text=without_text)
        lines = facts.lines(log, on_progress)
        packed.add("facts.jsonl", (f"{line}\n".encode() for line in lines))
        found = log.root(log.head).hex()
        if root(facts.leaves).hex() != found:
            why = f"its facts give the root {root(facts.leaves).hex()}, not {found}"
            raise LogDamagedError(why)
        for position, note in facts.checkpoints:
            packed.add(f"checkpoints/{position}.txt", [note.encode()])
        every = recorded(log)
        published = [_publication(packed, one) for one in every]
        used = {one.measure for each in every for one in each.content.definitions}
        built_in = [one for one in BUILT_IN.values() if one.id in used]
        defined = [_definition(packed, one) for one in [*built_in, *facts.defined]]
        name, zone = log.identity.name, log.identity.timezone
        packed.add("README.txt", [README.format(name=name, head=log.head).encode()])
        packed.add("verify.py", [evidence.verifier()])
        said = {
            "schema": SCHEMA,
            "ledger": {
                "ledger_id": log.identity.ledger_id,
                "name": name,
                "timezone": zone,
            },
            "head": log.head,
            "root": found,
            "without_text": without_text,
            "publications": published,
            "definitions": defined,
            "files": dict(packed.hashes),
        }
        text = json.dumps(said, indent=2, ensure_ascii=False, sort_keys=True)
        digest = packed.add("bundle.json", [f"{text}\n".encode()])
    return Written(
        log.head,
        found,
        len(published),
        len(facts.checkpoints),
        facts.without_text,
        digest,
    )


class _Packed:
    """The files of a bundle as they are written, and their hashes."""

    def __init__(self, held: ZipFile) -> None:
        self._held = held
        self.hashes: dict[str, str] = {}

    def add(self, name: str, parts: Iterable[bytes]) -> str:
        info = ZipInfo(f"{FOLDER}{name}", _DATE)
        info.create_system, info.external_attr = _UNIX, _MODE
        digest = sha256()
        with self._held.open(info, "w", force_zip64=True) as file:
            for part in parts:
                digest.update(part)
                file.write(part)
        self.hashes[name] = digest.hexdigest()
        return self.hashes[name]


class _Facts:
    """What is met in the log on the way."""

    def __init__(self, *, without_text: bool) -> None:
        self._without_text = without_text
        self.leaves: list[bytes] = []
        self.checkpoints: list[tuple[int, str]] = []
        self.defined: list[Definition] = []
        self.without_text = 0

    def lines(self, log: Log, on_progress: Callable[[int], None]) -> Iterator[str]:
        """Yield a line for every fact."""
        for row in log.rows(0, log.head):
            on_progress(row.position)
            leaf = leaf_hash(_entry(row))
            self.leaves.append(leaf)
            self._note(row)
            yield json.dumps(
                self._line(row, leaf), ensure_ascii=False, separators=(",", ":")
            )

    def _line(self, row: Row, leaf: bytes) -> dict[str, object]:
        placed: dict[str, object] = {
            "position": row.position,
            "stream": row.stream,
            "version": row.version,
            "topic": row.topic,
            "recorded_at": row.recorded_at,
        }
        if self._without_text:
            fields = fields_of(row.position, row.payload)
            left = {k: v for k, v in fields.items() if k not in free_text(row.topic)}
            if left != fields:
                self.without_text += 1
                return {**placed, "leaf": leaf.hex(), "fields": left}
        return {**placed, "payload": _text(row)}

    def _note(self, row: Row) -> None:
        if row.topic == CHECKPOINTED:
            note = fields_of(row.position, row.payload).get("note")
            self.checkpoints.append((row.position, str(note)))
        elif row.topic == _DEFINED:
            self.defined.append(_defined(row))


def free_text(topic: str) -> tuple[str, ...]:
    """Return the fields of a fact of a topic in which people write what they like."""
    return FREE_TEXT_OF.get(topic, FREE_TEXT)


def _entry(row: Row) -> bytes:
    try:
        return entry(*row)
    except ValueError as error:
        raise FactDamagedError(row.position, str(error)) from None


def _text(row: Row) -> str:
    try:
        return row.payload.decode()
    except UnicodeDecodeError:
        raise FactDamagedError(row.position, "its payload is no text") from None


def _defined(row: Row) -> Definition:
    fields = fields_of(row.position, row.payload)
    try:
        found = definitions.from_json(fields["definition"])
        same = definitions.hash_of(found) == fields["hash"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise FactDamagedError(row.position, "it is no definition") from None
    if not same:
        why = "its hash is of another definition"
        raise FactDamagedError(row.position, why)
    return found


def _definition(packed: _Packed, one: Definition) -> dict[str, object]:
    name = f"definitions/{one.name}.json"
    return {
        "measure": one.id,
        "version": one.version,
        "hash": packed.add(name, [definitions.canonical(one)]),
        "file": name,
    }


def _publication(packed: _Packed, one: Recorded) -> dict[str, object]:
    """Write what was sealed; its place in the log tells names apart that differ little.

    A name may hold a slash, which would be a folder.
    """
    name = one.content.name
    file = f"publications/{one.position}-{name.replace('/', '%2F')}.json"
    if packed.add(file, [publications.canonical(one.content)]) != one.seal:
        raise FactDamagedError(one.position, "its seal is of another content")
    return {"name": name, "position": one.position, "seal": one.seal, "file": file}
