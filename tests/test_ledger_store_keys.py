"""Keys and checkpoints on record: what is signed, what is refused, what is covered."""

from __future__ import annotations

import shutil

import pytest

from ledger import fsck, signatures
from ledger.domain import events
from ledger.domain import keys as rules
from ledger.errors import (
    KeyHeldError,
    KeyTakenError,
    LacksRoleError,
    NoKeyError,
    NoSuchKeyError,
    NotSignedError,
)
from ledger.reader import open_log
from ledger.store import keys
from ledger.tlog import checkpoint, key_note, note
from tests import ledgers
from tests.commandline import filed
from tests.keys import ONE, THREE, TWO, distrust, issue, origin, put_key, signed
from tests.people import add, opened
from tests.publications import compute, record


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> str:
    """
    A ledger of one SCR, its head at 3.
    """
    found = ledgers.make(tmp_path_factory.mktemp("made") / "scr.db")
    ledgers.load(found, filed("S-1"))
    return found


@pytest.fixture
def path(made, tmp_path) -> str:
    """
    A copy to sign in.
    """
    return shutil.copy(made, tmp_path / "scr.db")


def head(path: str) -> int:
    """
    Return the last position of a ledger.
    """
    with open_log(path) as log:
        return log.head


def standing(path: str) -> rules.Keys:
    """
    Return the keys as they stand.
    """
    with opened(path) as ledger, ledger.appender.appending(keep=False) as appending:
        return keys.recorded(appending)


def verifies(path: str) -> bool:
    """
    Whether the checker finds nothing.
    """
    return not fsck.check(path, lambda _: None).findings


def test_a_checkpoint_is_of_the_log_as_it_was(path):
    """
    It names the log, its size and its root, and is signed by the key on record, as
    whoever has the public key can check.
    """
    put_key(path, ONE)
    covered = issue(path, ONE)

    found = checkpoint.parse(covered.note.encode())
    with open_log(path) as log:
        assert found.head == checkpoint.TreeHead(origin(path), 4, log.root(4))
    assert note.signature_of(found.note, ONE.public(origin(path)))
    assert (covered.size, covered.position, covered.already) == (4, 5, False)
    assert verifies(path)


def test_nothing_new_is_covered_already(path):
    """
    A checkpoint is no news; the same one comes back, until something is recorded.
    """
    put_key(path, ONE)
    first = issue(path, ONE)

    assert issue(path, ONE) == first._replace(already=True)
    assert head(path) == 5
    ledgers.load(path, filed("S-2"))
    assert issue(path, ONE).size == 7


def test_a_checkpoint_that_is_not_believed_any_more_covers_nothing(path):
    """
    After a revocation that takes it back, the next key issues another.
    """
    put_key(path, ONE)
    issue(path, ONE)
    distrust(path, ONE, 3)
    put_key(path, TWO)

    assert issue(path, TWO).size == 7
    assert verifies(path)


def test_rotating_in_the_middle_leaves_what_was_signed(path):
    """
    Checkpoints of the old key still verify, and those of the new one do.
    """
    put_key(path, ONE)
    before = issue(path, ONE)
    put_key(path, TWO, ONE)
    after = issue(path, TWO)

    held = standing(path)
    for one in (before, after):
        said = signatures.issued(one.note, held).issued
        assert rules.trusted(held, said.signed_by, said.size)
    assert verifies(path)


def test_after_a_revocation_only_small_sizes_are_believed(path):
    """
    A checkpoint that a thief signs later is of a size that the key is not believed at.
    """
    put_key(path, ONE)
    early = issue(path, ONE)
    ledgers.load(path, filed("S-2"))
    late = issue(path, ONE)
    distrust(path, ONE, 5)

    held = standing(path)
    believed = [
        rules.trusted(held, said.signed_by, said.size)
        for one in (early, late)
        for said in [signatures.issued(one.note, held).issued]
    ]
    assert believed == [True, False]
    assert held.current is None
    assert verifies(path)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (lambda path: put_key(path, TWO), KeyHeldError),
        (lambda path: put_key(path, ONE), KeyTakenError),
        (lambda path: put_key(path, THREE, TWO), NotSignedError),
        (lambda path: issue(path, TWO), NotSignedError),
        (lambda path: distrust(path, TWO, 1), NoSuchKeyError),
    ],
)
def test_what_is_refused_leaves_nothing(path, wish, error):
    """
    A key beside the one that signs, itself again, a stranger's signature.
    """
    put_key(path, ONE)

    with pytest.raises(error):
        wish(path)
    assert head(path) == 4
    assert verifies(path)


def test_the_key_that_was_replaced_signs_no_more(path):
    """
    Its signature is that of a key on record, and is not asked for any more.
    """
    put_key(path, ONE)
    put_key(path, TWO, ONE)

    with pytest.raises(NotSignedError, match="the key that signs"):
        issue(path, ONE)
    assert head(path) == 5


def note_of(path: str, what: str) -> str:
    """
    Return a note that is signed as it should be, and names another root.
    """
    name, other = origin(path), "ab" * 32
    if what == "key":
        said = key_note.NewKey(name, TWO.public(name), head(path), other)
        return signed(str(said), TWO, ONE, name=name)
    tree_head = checkpoint.TreeHead(name, head(path), bytes.fromhex(other))
    return signed(str(tree_head), ONE, name=name)


@pytest.mark.parametrize("what", ["key", "checkpoint"])
def test_what_is_signed_is_this_log(path, what):
    """
    A signature under another root than the log's is not put on record.
    """
    put_key(path, ONE)
    said = {"by": "b", "run_by": "r", "note": note_of(path, what)}
    with opened(path) as ledger, ledger.appender.appending() as appending:
        if what == "key":
            fact = events.parse_own(events.Keyed, {**said, "event": "keyed"})
            put = keys.put_key
        else:
            said["event"] = "checkpointed"
            fact = events.parse_own(events.Checkpointed, said)
            put = keys.put_checkpoint
        with pytest.raises(NotSignedError, match="another root than it says"):
            put(appending, fact)
    assert head(path) == 4


def test_without_a_key_nothing_is_signed(path):
    """
    A ledger without keys has no checkpoints, and is what it always was.
    """
    with pytest.raises(NoKeyError, match="`scr key new` makes one"):
        issue(path, ONE)
    assert head(path) == 3


@pytest.mark.parametrize("name", ["chief", "press"])
def test_whoever_holds_a_role_may(path, name):
    """
    Supervisors and publishers put keys on record and issue checkpoints; nobody else.
    """
    add(path, "chief", "supervisor")
    add(path, "press", "publisher")
    add(path, "ann", "agent")

    with opened(path) as ledger:
        with pytest.raises(LacksRoleError, match="supervisor or publisher"):
            ledger.put_key(ONE, by="ann")
        ledger.put_key(ONE, by=name)
        with pytest.raises(LacksRoleError, match="supervisor or publisher"):
            ledger.checkpoint(ONE, by="ann")
        ledger.checkpoint(ONE, by=name)
    assert verifies(path)


def test_a_publication_is_covered_by_a_checkpoint(path):
    """
    Behind it and its summary, in the same transaction; one without a key has none.
    """
    figures = [("dd-all", 2019)]
    content, at = compute(path, "P-1", *figures)
    before = record(path, at, content)
    put_key(path, ONE)
    content, at = compute(path, "P-2", *figures)
    (after,) = record(path, at, content, signer=ONE)

    assert [one.checkpoint for one in before] == [None]
    assert after.checkpoint is not None
    assert (after.position, *after.checkpoint[1:]) == (6, 7, 8, False)
    assert verifies(path)
