"""A ledger in memory, to be tampered with at every place and checked from there on.

The checker reads rows one after another, each against all before it. So a row changed
at one place can be judged by a copy of what the checker knew just before, by the same
code as a whole file is: ``test_ledger_fsck_tampering`` holds the two to agree.
"""

from __future__ import annotations

import copy
import json
import sqlite3
from collections import Counter, deque
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.fsck import whole
from ledger.fsck.found import Finding, Row
from ledger.fsck.log import LogCheck, proofs
from ledger.fsck.tables import connect, given_out, kept_tiles, rows
from ledger.tlog.entry import entry
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.tiles import completed
from tests import ledgers
from tests.keys import ONE, issue, put_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ledger.fsck.tables import Tiles

    Attack = Callable[["Image", int], Iterable[Row]]


class Image(NamedTuple):
    """What a ledger file holds."""

    rows: list[Row]
    tiles: Tiles
    given: object


def image_of(path: str) -> Image:
    """
    Read a ledger file.
    """
    with closing(connect(path)) as connection:
        kept, given = kept_tiles(connection), given_out(connection)
        return Image(list(rows(connection)), kept, given)


def fork(log: LogCheck) -> LogCheck:
    """
    Return a checker that knows the same and goes its own way; facts are never changed.
    """
    other = copy.copy(log)
    for name, value in vars(log).items():
        if isinstance(value, dict | list | deque | Counter):
            setattr(other, name, copy.copy(value))
    return other


def before(
    image: Image, cases: Iterable[tuple[int, str, bool]]
) -> Iterator[tuple[tuple[int, str, bool], LogCheck]]:
    """
    Yield, for cases by ascending place, a checker that has read all before the place.
    """
    log, read = LogCheck(), iter(image.rows)
    for case in cases:
        for row in islice(read, case[0] - 1 - len(log.leaves)):
            assert not list(log.row(row))
        log.proofs.clear()  # Of facts before the place, which stay as they are.
        yield case, fork(log)


def made(folder: Path, facts: int, *, every: int) -> str:
    """
    Make a ledger of so many case facts, with a key and a checkpoint every so often.
    """
    path = ledgers.make(folder / "scr.db")
    put_key(path, ONE)
    lines = list(islice(_lines(), facts))
    for start in range(0, facts, every):
        ledgers.load(path, "".join(lines[start : start + every]))
        issue(path, ONE)
    ledgers.load(path, "".join(islice(_lines("T"), every)))
    return path


def _lines(prefix: str = "S") -> Iterator[str]:
    for n in count():
        common = {"scr": f"{prefix}-{n}", "effective_on": "2019-03-04", "by": "agent-1"}
        common["known_at"] = "2019-04-01T00:00:00Z"
        for said in (
            {"event": "filed", "case_number": f"C-{n}", "office": "SAC X"},
            {"event": "classified", "category": "a", "subcategory": "b"},
            {"event": "approved"},
            {"event": "disrupted", "outcome": "D1"},
            {"event": "reversed", "outcome": "D1", "reason": "as found"},
        ):
            yield f"{json.dumps({**common, **said})}\n"


# --- what is done to a log; each gives the rows from a place on -----------------------


def edited(image: Image, place: int) -> Iterable[Row]:
    """
    The fact at the place says that somebody else said so; of the first, its name.
    """
    row = image.rows[place - 1]
    fields = json.loads(row.payload)
    said = next(name for name in ("by", "run_by", "name") if name in fields)
    fields[said] = f"{fields[said]}x"
    said = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return (row._replace(payload=said), *image.rows[place:])


def backdated(image: Image, place: int) -> Iterable[Row]:
    """
    The fact at the place was recorded when the one before it was.
    """
    first = image.rows[max(place - 2, 0)].recorded_at
    if first == image.rows[place - 1].recorded_at:
        first = b"2001-01-01T00:00:00.000000Z"
    row = image.rows[place - 1]._replace(recorded_at=first)
    return (row, *image.rows[place:])


def deleted(image: Image, place: int) -> Iterable[Row]:
    """
    The fact at the place is gone.
    """
    return image.rows[place:]


def duplicated(image: Image, place: int) -> Iterable[Row]:
    """
    The fact at the place stands there twice; the table takes no version twice.
    """
    row = image.rows[place - 1]
    return (row, row._replace(version=row.version + 9_999), *image.rows[place:])


def swapped(image: Image, place: int) -> Iterable[Row]:
    """
    The fact at the place and the next stand the other way round.
    """
    one, other = image.rows[place - 1 : place + 1]
    return (other, one, *image.rows[place + 1 :])


def inserted(image: Image, place: int) -> Iterable[Row]:
    """
    A fact that nobody recorded stands before the place.
    """
    return (_smuggled(image.rows[place - 1]), *image.rows[place - 1 :])


def truncated(image: Image, place: int) -> Iterable[Row]:
    """
    The place and all after it are gone.
    """
    del image, place
    return ()


ATTACKS: dict[str, Attack] = {
    "edited": edited,
    "backdated": backdated,
    "deleted": deleted,
    "duplicated": duplicated,
    "swapped": swapped,
    "inserted": inserted,
    "truncated": truncated,
}


def _smuggled(after: Row) -> Row:
    said = {
        "scr": "S-SMUGGLED",
        "event": "filed",
        "effective_on": "2019-03-04",
        "known_at": "2019-04-01T00:00:00Z",
        "by": "a",
        "case_number": "C",
        "office": "SAC X",
    }
    payload = json.dumps(said, separators=(",", ":")).encode()
    stream, topic = b"scr/S-SMUGGLED", b"scr.filed/1"
    return Row(after.position, stream, 1, topic, payload, after.recorded_at, after.leaf)


def lasts(image: Image, attack: str) -> range:
    """
    Return the places at which an attack can be made and change what was seen.

    The last fact has none to swap with; and again at the end, it is a further one.
    """
    end = len(image.rows) + (attack not in {"swapped", "duplicated"})
    return range(2 if attack == "truncated" else 1, end)


# --- as clumsily or as cleverly as can be ---------------------------------------------


def moved_up(tail: Iterable[Row], place: int) -> Iterator[Row]:
    """
    Give rows the positions from a place on; nothing is hashed anew.
    """
    for position, row in enumerate(tail, place):
        yield row._replace(position=position)


def hashed_anew(tail: Iterable[Row], log: LogCheck, place: int) -> Iterator[Row]:
    """
    Give rows their positions, versions and leaf hashes from a place on.
    """
    versions = Counter(log._versions)
    for position, row in enumerate(tail, place):
        stream = row.stream.decode()
        versions[stream] += 1
        version = versions[stream]
        header = (stream, version, row.topic.decode(), row.recorded_at.decode())
        leaf = leaf_hash(entry(position, *header, row.payload))
        yield row._replace(position=position, version=version, leaf=leaf)


def tiles_of(leaves: list[bytes]) -> Tiles:
    """
    Return the tiles of some leaves, as the writer makes them.
    """
    return {
        (one.level, one.place): one.hash for one in completed(0, leaves, lambda *_: ())
    }


# --- found ----------------------------------------------------------------------------


def findings(
    image: Image, log: LogCheck, place: int, attack: str, *, anew: bool
) -> Iterator[Finding]:
    """
    Yield what the checker finds after an attack, as soon as it can.

    Of a root that a fact names it is known as soon as the fact is read: it is of facts
    before it. A whole file is asked at its end.
    """
    for row in changed(image, log, place, attack, anew=anew):
        known = len(log.proofs)
        yield from log.row(row)
        if len(log.proofs) > known:
            yield from proofs(log)
            log.proofs.clear()
    kept = tiles_of(log.leaves) if anew else image.tiles
    given = len(log.leaves) if anew else image.given
    yield from whole(log, kept, given)


def changed(
    image: Image, log: LogCheck, place: int, attack: str, *, anew: bool
) -> Iterator[Row]:
    """
    Return the rows from a place on, after an attack.
    """
    tail = ATTACKS[attack](image, place)
    return hashed_anew(tail, log, place) if anew else moved_up(tail, place)


def put_back(path: str, image: Image) -> None:
    """
    Write rows and what goes with them into a ledger file, in place of its own.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type='trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("BEGIN")
    connection.execute("DELETE FROM stored_events")
    connection.execute("DELETE FROM tiles")
    connection.executemany(
        "INSERT INTO stored_events VALUES (?, CAST(? AS TEXT), ?, CAST(? AS TEXT), ?,"
        " CAST(? AS TEXT), ?)",
        image.rows,
    )
    hashes = [(*key, value) for key, value in image.tiles.items()]
    connection.executemany("INSERT INTO tiles VALUES (?, ?, ?)", hashes)
    connection.execute("UPDATE sqlite_sequence SET seq=?", (image.given,))
    connection.execute("COMMIT")
    for _, text in triggers:
        connection.execute(text)
    connection.close()


# --- told -----------------------------------------------------------------------------


def table(document: str, heading: str) -> dict[str, tuple[str, ...]]:
    """
    Return the rows of a table of the docs by their first cell.

    :param heading: what stands in the heading of its second column.
    """
    text = (Path(__file__).parents[1] / document).read_text(encoding="utf-8")
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("|") and line.split("|")[2].strip() == heading:
            break
    rows = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            break
        if set(cells[0]) != {"-"}:
            rows[cells[0]] = tuple(cells[1:])
    return rows
