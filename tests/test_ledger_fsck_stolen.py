"""With a stolen key everything can be signed anew, and who holds something older knows.

Nobody else does: of the file alone `verify` says that it verifies. The table of words
is that of SECURITY.md.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.fsck.found import FORKED, NOT_CHECKPOINTED, ROLLED_BACK, SWAPPED
from ledger.fsck.log import LogCheck
from ledger.tlog import checkpoint
from ledger.tlog.entry import entry
from ledger.tlog.key_note import NewKey
from ledger.tlog.merkle import leaf_hash, root
from tests import ledgers, users
from tests.commandline import filed, life, scr
from tests.keys import ONE, TWO, distrust, issue, origin, put_key, signed
from tests.publications import compact
from tests.tampering import Image, hashed_anew, image_of, put_back, table, tiles_of

if TYPE_CHECKING:
    from ledger.private_keys import PrivateKey

FIRST = 3
"""The fact that is rewritten."""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """
    A ledger at `scr.db` that was verified here, an older copy of it, and the checkpoint
    of then, held elsewhere.
    """
    monkeypatch.chdir(tmp_path)
    path = ledgers.make(tmp_path / "scr.db")
    put_key(path, ONE)
    ledgers.load(path, life("S-1"))
    issue(path, ONE)
    shutil.copy(path, "older.db")
    ledgers.load(path, life("S-2"))
    Path("held").write_text(issue(path, ONE).note)
    ledgers.load(path, life("S-3"))
    issue(path, ONE)
    assert scr("verify").code == 0
    return tmp_path


def rewritten(key: PrivateKey = ONE) -> None:
    """
    A fact says something else; leaves, tiles and every checkpoint are made anew.

    :param key: that signs them; another one takes the place of the key on record too.
    """
    image = image_of("scr.db")
    leaves: list[bytes] = []
    rows = []
    for row in image.rows:
        payload = row.payload
        if row.position == FIRST:
            payload = payload.replace(b'"by":"', b'"by":"x')
            assert payload != row.payload
        if row.topic == b"ledger.checkpointed/1":
            payload = resigned(payload, leaves, key)
        if row.topic == b"ledger.keyed/1" and key is not ONE:
            payload = announced(payload, leaves, key)
        header = (row.position, row.stream.decode(), row.version, row.topic.decode())
        leaves.append(leaf_hash(entry(*header, row.recorded_at.decode(), payload)))
        rows.append(row._replace(payload=payload, leaf=leaves[-1]))
    put_back("scr.db", Image(rows, tiles_of(leaves), len(rows)))


def resigned(payload: bytes, leaves: list[bytes], key: PrivateKey) -> bytes:
    """
    Return a checkpoint of the same size of other leaves, signed by a key.
    """
    fields = json.loads(payload)
    head = checkpoint.parse(fields["note"].encode()).head
    head = head._replace(root=root(leaves[: head.size]))
    fields["note"] = signed(str(head), key, name=head.origin)
    return compact(fields)


def announced(payload: bytes, leaves: list[bytes], key: PrivateKey) -> bytes:
    """
    Return that another key was the first one.
    """
    fields = json.loads(payload)
    name = origin("scr.db")
    made = NewKey(name, key.public(name), len(leaves), root(leaves).hex())
    fields["note"] = signed(str(made), key, name=name)
    return compact(fields)


def stripped() -> None:
    """
    Without a key: no checkpoint is left, and a fact that they covered says otherwise.
    """
    image = image_of("scr.db")
    rows = [row for row in image.rows if row.topic != b"ledger.checkpointed/1"]
    at = next(n for n, row in enumerate(rows) if row.stream == b"scr/S-1")
    payload = rows[at].payload.replace(b'"by":"', b'"by":"x')
    assert payload != rows[at].payload
    rows[at] = rows[at]._replace(payload=payload)
    rows = list(hashed_anew(rows, LogCheck(), 1))
    put_back("scr.db", Image(rows, tiles_of([row.leaf for row in rows]), len(rows)))


def rolled_back() -> None:
    """
    An older copy takes the place of the ledger.
    """
    shutil.copy("older.db", "scr.db")


def forked() -> None:
    """
    An older copy goes on with other facts, signed as well, for as long.
    """
    shutil.copy("older.db", "scr.db")
    user = os.environ["XDG_STATE_HOME"]
    os.environ["XDG_STATE_HOME"] = str(Path("thief").absolute())
    path = str(Path("scr.db").absolute())
    ledgers.load(path, life("S-8"))
    issue(path, ONE)
    ledgers.load(path, life("S-9") + filed("S-10") + filed("S-11"))
    issue(path, ONE)
    os.environ["XDG_STATE_HOME"] = user


def swapped() -> None:
    """
    Another ledger, with a key of its own, takes the place.
    """
    path = ledgers.make(Path("other.db").absolute())
    put_key(path, ONE)
    ledgers.load(path, life("S-1"))
    issue(path, ONE)
    shutil.move(path, "scr.db")


STOLEN = {
    # Attack: the file alone, an older checkpoint held elsewhere, what was seen here.
    "rewritten": (None, FORKED, FORKED),
    "rolled back": (None, ROLLED_BACK, ROLLED_BACK),
    "forked": (None, FORKED, FORKED),
    "swapped": (None, SWAPPED, SWAPPED),
}
DO = {
    "rewritten": rewritten,
    "rolled back": rolled_back,
    "forked": forked,
    "swapped": swapped,
}


def words(*options: str) -> tuple[int, list[str]]:
    """
    Return how `verify` ends, and its words.
    """
    told = scr("verify", "--json", *options)
    assert told.json["verified"] == (told.code == 0)
    return told.code, told.json["words"]


@pytest.mark.parametrize("attack", STOLEN)
def test_a_stolen_key_deceives_who_holds_nothing_older(here, attack, monkeypatch):
    """
    By an older checkpoint it is found, by what was seen here too, else by nobody.
    """
    alone, held, seen = STOLEN[attack]
    DO[attack]()

    assert words() == (4, [seen])
    # Without what was seen here.
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "nobody"))
    assert words() == (0, []), alone
    assert (here / "scr.db").stat().st_size
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "auditor"))
    assert words("--since", "held") == (4, [held])


def test_other_keys_are_of_nobody_known(here, monkeypatch):
    """
    Whoever has not the key can put another in its place, and sign all with that: by
    the file alone it verifies, and a checkpoint of before is by no key of it.
    """
    rewritten(TWO)
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "nobody"))

    assert words() == (0, [])
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "auditor"))
    assert words("--since", "held") == (4, ["unsigned", "forked"])


def test_the_table_is_that_of_the_docs():
    """
    What cannot be found is said, in the same words.
    """
    told = table("SECURITY.md", "`scr verify` alone")
    assert told == {
        attack: tuple(word or "not found" for word in row)
        for attack, row in STOLEN.items()
    }


def test_the_sentence_says_what_it_is(here):
    """
    Finding, verdict and advice are of the word.
    """
    del here
    shutil.copy("scr.db", "whole.db")
    forked()
    told = scr("verify", "--since", "held")
    assert told.code == 4
    assert "does not verify: 2 findings (forked)" in told.err
    assert "keep both files as evidence" in told.err


def test_an_older_checkpoint_of_the_same_log_is_no_finding(here):
    """
    The log has only grown since.
    """
    del here
    assert words("--since", "held") == (0, [])


def test_a_log_without_its_checkpoints_is_found_by_who_asks_for_one(here):
    """
    By itself it verifies, and a note says that nothing is signed; SECURITY.md says so.
    """
    del here
    stripped()
    assert words()[1] == [ROLLED_BACK]  # What was seen here went further.
    users.forget()

    told = scr("verify")
    assert told.code == 0, told.err
    assert "not checkpointed: the key " in told.out
    users.forget()
    assert words("--checkpointed") == (4, [NOT_CHECKPOINTED])
    assert words("--since", "held") == (4, [FORKED])


def test_it_is_said_where_no_signature_can_be_checked(here, monkeypatch):
    """
    Without the library the rest is verified, and the answer is not silent about it.
    """
    del here
    for name in ("cryptography", "cryptography.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)

    told = scr("verify")
    assert told.code == 0
    assert "not checked: 4 signatures" in told.out
    assert "signed: every fact" not in told.out
    assert "no key signs" not in told.out
    held = scr("verify", "--since", "held")
    assert held.code == 0, held.err
    assert "not checked: 5 signatures" in held.out


def test_how_far_it_is_signed_is_said(here):
    """
    A key that has signed nothing yet, and one that is trusted no further than before
    its last checkpoint.
    """
    path = ledgers.make(here / "new.db")
    put_key(path, ONE)
    told = scr("--ledger", path, "verify")
    assert "not checkpointed: the key " in told.out
    assert told.out.rstrip().endswith("has signed nothing yet")

    distrust(str(here / "scr.db"), ONE, 7)
    told = scr("verify")
    assert told.code == 0
    assert "\nsigned: every fact up to @6;" in told.out
    assert "not believed: 2 checkpoints of a size beyond" in told.out


def test_what_is_no_checkpoint_is_refused(here):
    """
    A file that is none ends with 2, one that is not there with 3.
    """
    (here / "none").write_text("a letter\n")
    told = scr("verify", "--since", "none")
    assert (told.code, told.out) == (2, "")
    assert "that is no checkpoint: " in told.err
    assert scr("verify", "--since", "nowhere").code == 3


def test_facts_without_a_checkpoint_are_a_note_or_on_request_a_finding(here):
    """
    It is in words how many there are, and 4 only where it is asked for.
    """
    del here
    assert words("--checkpointed") == (0, [])
    ledgers.load(str(Path("scr.db").absolute()), filed("S-4"))

    told = scr("verify")
    assert told.code == 0
    assert "; 2 facts after it not checkpointed" in told.out
    assert words("--checkpointed") == (4, ["not checkpointed"])
    told = scr("verify", "--checkpointed")
    assert "run `scr checkpoint`" in told.err
