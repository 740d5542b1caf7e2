"""What this user has seen of each ledger last, kept outside the ledger file.

An older copy of a ledger is a valid ledger, and so is one that somebody wrote on in a
copy. Only a memory that whoever changes the file does not reach can tell. It is in
``scr-ledger`` of ``$XDG_STATE_HOME``, else of ``~/.local/state``: per ledger how far it
went and its root there, and per path which ledger was there. Nothing in it is secret,
and without it a ledger is as it was before anybody had seen it.

A line is added to a file each time, and the last whole one holds: to put a new file in
place would cost more than the write to the ledger, and a line that is cut off leaves
the one before it, which is an earlier state and therefore safe.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ledger.errors import ForkedError, RolledBackError, SwappedError, UnseenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ROOT = re.compile(r"[0-9a-f]{64}")
_LONG = 64 * 1024
"""Bytes of a file beyond which its earlier lines are dropped."""
_PATHS = 100
"""Of how many paths it is kept how far the ledger went there."""
_LAST = 2**63 - 1
"""No ledger goes further."""
_NOT_OF_ITS_FORM = "it is not of its form"
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
NOTHING = sha256().hexdigest()
"""The root of no facts, RFC 6962 section 2.1."""


class Seen(NamedTuple):
    """How a ledger was when it was seen last."""

    position: int
    root: str
    at: str
    """When that position was recorded, as the ledger has it."""
    checkpoint: str | None = None
    """The last one that was issued here, as it was signed."""
    paths: Mapping[str, int] = {}
    """How far it went at each path."""


class Now(NamedTuple):
    """How a ledger is."""

    path: str
    """Absolute."""
    ledger_id: str
    head: int
    root: Callable[[int], str]
    """The root at a position up to the head, in hex."""
    shown: str | None = None
    """The path as it was typed."""

    @property
    def named(self) -> str:
        """The path as it was typed, if that is known."""
        return self.shown or self.path


Disagreement = SwappedError | RolledBackError | ForkedError


def folder() -> Path:
    """Return where it is kept.

    :raises UnseenError: the user has no home folder.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification has a relative path ignored.
    if not os.path.isabs(state):  # noqa: PTH117 - as below
        state = os.path.expanduser("~/.local/state")  # noqa: PTH111 - never raises
    if state.startswith("~"):  # A folder of that name is nobody's home.
        why = "this user has no home folder; set XDG_STATE_HOME"
        raise UnseenError(str(Path(state, "scr-ledger")), why)
    return Path(state, "scr-ledger")


def of_ledger(ledger_id: str) -> Seen | None:
    """Return what was seen of a ledger, or None.

    :raises UnseenError: what is kept cannot be read.
    """
    return _last(_of_ledger(ledger_id), _seen)


def _seen(fields: Mapping[str, Any]) -> Seen:
    """Return a line as what it is.

    :raises ValueError: it is something else.
    """
    seen = Seen(*(fields[name] for name in Seen._fields))
    if not (
        _is_position(seen.position)
        and _ROOT.fullmatch(seen.root) is not None
        and isinstance(seen.at, str)
        and isinstance(seen.checkpoint, str | None)
        and all(map(_is_position, seen.paths.values()))
    ):
        raise ValueError(_NOT_OF_ITS_FORM)
    return seen


def _is_position(value: object) -> bool:
    # A truth value is a number to Python; SQLite gives none out beyond the last.
    return type(value) is int and 0 <= value <= _LAST


def at_path(path: str) -> str | None:
    """Return the id of the ledger that was seen at a path, or None.

    :raises UnseenError: what is kept cannot be read.
    """
    return _last(_of_path(path), _ledger_at)


def _ledger_at(fields: Mapping[str, Any]) -> str:
    if not isinstance(held := fields["ledger_id"], str):
        raise TypeError(_NOT_OF_ITS_FORM)
    return held


def by_now(path: str) -> dict[str, Seen]:
    """Return what was seen of the ledgers that were at a path, by their ids.

    :raises UnseenError: what is kept cannot be read.
    """
    found = {}
    for ledger_id in filter(None, map(at_path, _places(path))):
        if (seen := of_ledger(ledger_id)) is not None:
            found[ledger_id] = seen
    return found


def disagreements(
    now: Now, before: Mapping[str, Seen] = MappingProxyType({})
) -> list[Disagreement]:
    """Return what is not as this user has seen it: another ledger, another history.

    :param before: what was seen, by the ledger's id, before it was read: since then
        more may have been recorded, and seen.
    :raises UnseenError: what is kept cannot be read.
    """
    found: list[Disagreement] = []
    others = {at_path(place): None for place in _places(now.path)}
    for other in others:
        if other is not None and other != now.ledger_id:
            was = of_ledger(other) or Seen(0, NOTHING, "")
            found.append(SwappedError(now.named, now.ledger_id, other, was))
    seen = before.get(now.ledger_id) or of_ledger(now.ledger_id)
    if seen is None:
        return found
    if now.head < seen.position:
        found.append(RolledBackError(now.named, now.head, seen))
    elif (root := now.root(seen.position)) != seen.root:
        found.append(ForkedError(now.named, root, seen))
    return found


def is_older_copy(now: Now) -> bool:
    """Whether a ledger that ends too early never went further where it is.

    Such a one is a backup, or a copy that was handed on. That it may be read is no
    reason to write on it.

    :raises UnseenError: what is kept cannot be read.
    """
    seen = of_ledger(now.ledger_id)
    if seen is None:
        return False
    here = max(seen.paths.get(place, 0) for place in _places(now.path))
    return here <= now.head < seen.position


def compare(now: Now) -> None:
    """Refuse a ledger that is not as this user has seen it.

    :raises SwappedError: another ledger was at its path.
    :raises RolledBackError: it went further.
    :raises ForkedError: it had another history.
    :raises UnseenError: what is kept cannot be read.
    """
    for found in disagreements(now):
        raise found


def remember(
    now: Now, at: str, checkpoint: str | None = None, *, anew: bool = False
) -> None:
    """Keep how a ledger is; never an earlier state than is kept.

    :param at: when its head was recorded.
    :param checkpoint: that was issued now, if one was.
    :param anew: whatever was seen before: it was admitted to be gone.
    :raises UnseenError: it cannot be kept.
    """
    path = _of_ledger(now.ledger_id)
    with _locked(path):
        try:
            old = None if anew else of_ledger(now.ledger_id)
        except UnseenError:
            old = None  # What cannot be read is written anew, and was warned of.
        if old is not None and old.position > now.head:
            return
        paths = {} if old is None else dict(old.paths)
        for place in _places(now.path):
            paths.pop(place, None)
            paths[place] = now.head
        paths = dict(list(paths.items())[-_PATHS:])
        kept = checkpoint or (None if old is None else old.checkpoint)
        seen = Seen(now.head, now.root(now.head), at, kept, paths)
        _add(path, {"ledger_id": now.ledger_id, **seen._asdict()})


def settle(path: str, ledger_id: str) -> None:
    """Keep which ledger is at a path.

    :raises UnseenError: it cannot be kept.
    """
    for place in _places(path):
        try:
            if at_path(place) == ledger_id:
                continue
        except UnseenError:
            pass  # It is written anew.
        target = _of_path(place)
        with _locked(target):
            _add(target, {"path": place, "ledger_id": ledger_id})


def _places(path: str) -> tuple[str, ...]:
    """Return a path as it was given, and the file it leads to.

    By a link or by ``..`` a file is where it is; and a link that leads to another
    ledger than it did is not what was seen there.
    """
    return tuple(dict.fromkeys((path, os.path.realpath(path))))


def _of_ledger(ledger_id: str) -> Path:
    # A hostile file may have chosen the id.
    plain = _PLAIN.fullmatch(ledger_id) is not None
    name = ledger_id if plain else _hash(ledger_id)
    return folder() / "ledgers" / f"{name}.jsonl"


def _of_path(path: str) -> Path:
    return folder() / "paths" / f"{_hash(path)}.jsonl"


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def _last(path: Path, read: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Return the last line of a file that is whole; None where there is no file."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnseenError(str(path), error.strerror or _NOT_OF_ITS_FORM) from None
    for line in reversed(lines):
        try:
            return read(json.loads(line))
        except _UNREADABLE:
            continue
    raise UnseenError(str(path), _NOT_OF_ITS_FORM)


def _add(path: Path, fields: Mapping[str, object]) -> None:
    """Add a line to a file; of a long one only that line is kept."""
    # What was cut off before has no line feed: this line has its own beginning.
    line = f"\n{json.dumps(fields)}\n".encode()
    try:
        if path.exists() and path.stat().st_size > _LONG:
            draft = path.with_name(f".{path.name}.part")
            draft.write_bytes(line)
            draft.replace(path)
            return
        with path.open("ab") as file:
            file.write(line)
    except OSError as error:
        raise UnseenError(str(path), error.strerror or _NOT_OF_ITS_FORM) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, so that nobody else writes it between read and write."""
    try:
        import fcntl
    except ImportError:  # Not a Unix: the last to write wins, which is as recent.
        _make_folder(path.parent)
        yield
        return
    lock = path.with_suffix(".lock")
    try:
        try:
            held = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
        except FileNotFoundError:
            _make_folder(path.parent)
            held = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise UnseenError(str(path), error.strerror or _NOT_OF_ITS_FORM) from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _make_folder(path: Path) -> None:
    for one in (path.parent, path):  # A mode is given to the last folder alone.
        one.mkdir(mode=0o700, parents=True, exist_ok=True)
