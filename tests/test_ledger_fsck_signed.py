"""The checker on keys and checkpoints: what nobody who may has signed is found."""

from __future__ import annotations

import shutil

import pytest

from ledger import fsck
from ledger.fsck import signed as checks
from ledger.reader import open_log
from ledger.tlog import checkpoint, key_note
from tests import ledgers
from tests.commandline import filed
from tests.keys import ONE, THREE, TWO, distrust, issue, key, origin, put_key, signed
from tests.people import smuggle

FOUR = key(4)


def findings(path: str) -> list[tuple[str, int | None]]:
    """
    Return what the checker finds: the check and the position of each.
    """
    checked = fsck.check(path, lambda _: None)
    return [(found.check, found.position) for found in checked.findings]


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> str:
    """
    A ledger with a key at 4 and a checkpoint of it at 5; another key at 6, a checkpoint
    of that at 7, its revocation at 8, and a third key at 9.
    """
    found = ledgers.make(tmp_path_factory.mktemp("sound") / "scr.db")
    ledgers.load(found, filed("S-1"))
    put_key(found, ONE)
    issue(found, ONE)
    put_key(found, TWO, ONE)
    issue(found, TWO)
    distrust(found, TWO, 6)
    put_key(found, THREE)
    assert findings(found) == []
    return found


@pytest.fixture
def path(sound, tmp_path) -> str:
    """
    A copy to forge in.
    """
    return shutil.copy(sound, tmp_path / "scr.db")


def root(path: str, position: int) -> str:
    """
    Return the root of a ledger at a position.
    """
    with open_log(path) as log:
        return log.root(position).hex()


def head(path: str) -> int:
    """
    Return the last position of a ledger.
    """
    with open_log(path) as log:
        return log.head


def new_key(path: str, *signers, **said) -> str:
    """
    Return the note of a fourth key, signed by whom one likes.
    """
    name, at = origin(path), head(path)
    made = key_note.NewKey(name, FOUR.public(name), at, root(path, at))
    return signed(str(made._replace(**said)), *signers, name=name)


def tree_head(path: str, *signers, **said) -> str:
    """
    Return a checkpoint of a ledger, signed by whom one likes.
    """
    name, at = origin(path), head(path)
    made = checkpoint.TreeHead(name, at, bytes.fromhex(root(path, at)))
    return signed(str(made._replace(**said)), *signers, name=name)


KEYED = ("keys", "ledger.keyed/1", "keyed")
CHECKPOINTED = ("checkpoints", "ledger.checkpointed/1", "checkpointed")


def put(path: str, kind: tuple[str, str, str], note: str) -> int:
    """
    Put a note at the end of the log that nobody decided.
    """
    stream, topic, event = kind
    return smuggle(path, stream, topic, event=event, note=note)


FORGED = {
    "a rotation without the old key": lambda p: put(p, KEYED, new_key(p, FOUR)),
    "a rotation without the new key": lambda p: put(p, KEYED, new_key(p, THREE)),
    "a rotation by an old key": lambda p: put(p, KEYED, new_key(p, FOUR, ONE)),
    "a rotation by a revoked key": lambda p: put(p, KEYED, new_key(p, FOUR, TWO)),
    "a rotation of another moment": lambda p: put(
        p, KEYED, new_key(p, FOUR, THREE, position=2, root=root(p, 2))
    ),
    "a key on record already": lambda p: put(
        p, KEYED, new_key(p, ONE, THREE, key=ONE.public(origin(p)))
    ),
    "a key of another log": lambda p: put(
        p,
        KEYED,
        new_key(p, FOUR, THREE).replace(origin(p), "scr-ledger/other"),
    ),
    "a note that is none": lambda p: put(p, KEYED, "x\n"),
    "a checkpoint by nobody known": lambda p: put(p, CHECKPOINTED, tree_head(p, FOUR)),
    "a checkpoint by an old key": lambda p: put(p, CHECKPOINTED, tree_head(p, ONE)),
    "a checkpoint by a revoked key": lambda p: put(p, CHECKPOINTED, tree_head(p, TWO)),
    "a checkpoint by two": lambda p: put(p, CHECKPOINTED, tree_head(p, THREE, ONE)),
    "a checkpoint of less than the last": lambda p: put(
        p, CHECKPOINTED, tree_head(p, THREE, size=3)
    ),
    "a checkpoint with another byte": lambda p: put(
        p, CHECKPOINTED, tree_head(p, THREE).replace(f"\n{head(p)}\n", "\n7\n")
    ),
    "a revocation of nobody": lambda p: smuggle(
        p,
        "keys",
        "ledger.distrusted/1",
        event="distrusted",
        key="00000000",
        trusted_to=1,
        reason="r",
    ),
    "a revocation that gives trust": lambda p: smuggle(
        p,
        "keys",
        "ledger.distrusted/1",
        event="distrusted",
        key=TWO.id(origin(p)),
        trusted_to=7,
        reason="r",
    ),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_is_not_signed_by_who_may_is_found(path, forge, monkeypatch):
    """
    Its hashes are as they should be, so nothing but the check of signatures and rules
    knows; without the check nobody would.
    """
    position = forge(path)

    assert findings(path) == [("unsigned", position)]
    monkeypatch.setattr(fsck.LogCheck, "_signed", lambda *_: iter(()))
    assert findings(path) == []


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (KEYED, lambda p: new_key(p, FOUR, THREE, root="ab" * 32)),
        (CHECKPOINTED, lambda p: tree_head(p, THREE, root=b"\x01" * 32)),
    ],
    ids=["key", "checkpoint"],
)
def test_what_was_signed_of_another_log_is_found(path, kind, note, monkeypatch):
    """
    The signature holds, and the root is not this log's: there are two histories.
    """
    position = put(path, kind, note(path))

    assert findings(path) == [("forked", position)]
    monkeypatch.setattr(fsck, "proofs", lambda _: iter(()))
    assert findings(path) == []


def ahead(path: str) -> int:
    """
    Put a checkpoint on record that covers more facts than stand before it.
    """
    return put(path, CHECKPOINTED, tree_head(path, THREE, size=99))


def test_a_checkpoint_of_more_than_there_is_is_of_another_log(path):
    """
    Who may sign has signed it: facts before it are gone, as when one is deleted.
    """
    position = ahead(path)

    assert findings(path) == [("forked", position)]


@pytest.mark.parametrize("what", ["announced", "issued"])
def test_signatures_are_checked_not_only_named(path, what, monkeypatch):
    """
    A signature that names the right key and is not by it is found; a check that only
    looked at names would pass it.
    """
    kind, note = (
        (KEYED, new_key(path, FOUR, THREE))
        if what == "announced"
        else (CHECKPOINTED, tree_head(path, THREE))
    )
    *lines, last = note.splitlines()
    name, value = last.rsplit(" ", 1)
    forged = value[:20] + ("A" if value[20] != "A" else "B") + value[21:]
    position = put(path, kind, "\n".join([*lines, f"{name} {forged}", ""]))

    assert findings(path) == [("unsigned", position)]
    monkeypatch.setattr("ledger.tlog.note._verified", lambda *_: True)
    assert findings(path) == []


def test_what_a_forged_key_signs_is_not_believed(path):
    """
    A key that is put on record against the rules signs nothing that is.
    """
    first = put(path, KEYED, new_key(path, FOUR))
    second = put(path, CHECKPOINTED, tree_head(path, FOUR))

    assert findings(path) == [("unsigned", first), ("unsigned", second)]


def test_checkpoints_before_a_revocation_stay_as_they_were(path):
    """
    A key that is revoked for a size before its last checkpoint does not make the log
    one that cannot verify: what was issued in order was issued in order.
    """
    issue(path, THREE)
    distrust(path, THREE, 8)

    assert findings(path) == []


def test_a_restoration_of_nothing_is_found(path, monkeypatch):
    """
    What it says is gone is not in the log.
    """
    said = {"event": "restored", "seen_position": 3}
    topic = "ledger.restored/1"
    smuggle(path, "ledger", topic, **said, seen_root="ab" * 32, reason="r")
    at = smuggle(path, "ledger", topic, **said, seen_root=root(path, 3), reason="r")

    assert findings(path) == [("restored", at)]
    monkeypatch.setattr(checks.Signed, "_restored", lambda *_: None)
    assert findings(path) == []
