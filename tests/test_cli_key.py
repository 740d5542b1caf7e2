"""`scr key` and `scr checkpoint`, as typed; and what `scr publish` signs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger import app, private_keys
from ledger.errors import KeyHeldError
from ledger.reader import open_log
from ledger.tlog import checkpoint, note
from tests import ledgers
from tests.commandline import NOT_SIGNED, prepare, scr
from tests.keys import key

PUBLISH = ("publish", "P", "--measure", "dd-all", "--fy", "2019", "--document", "d")
PUBLISH += ("--claims", "dd-all", "--override", "o")


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """
    A folder with a ledger of 19 facts; keys that are the same every time.
    """
    made = map(key, range(1, 256))
    with ledgers.folder() as folder, monkeypatch.context() as inside:
        prepare(folder)
        inside.chdir(folder)
        inside.setenv("SCR_BY", "chief")
        inside.setattr(app, "account", lambda: "registry")
        inside.setattr(private_keys, "made", lambda: next(made))
        yield folder


def head() -> int:
    """
    Return how far the log goes.
    """
    return scr("verify", "--json").json["position"]


def key_id(number: int) -> str:
    """
    Return the id of a key in this ledger.
    """
    with open_log("scr.db") as log:
        return private_keys.id_of(key(number), log.identity.ledger_id)


def files() -> list[Path]:
    """
    Return the key files there are.
    """
    with open_log("scr.db") as log:
        return sorted(private_keys.folder(log.identity.ledger_id).glob("*"))


def listed() -> list[tuple]:
    """
    Return each key with its state and from where to where it is believed.
    """
    rows = scr("key", "list", "--json").json["rows"]
    return [(row["key"], row["state"], row["since"], row["trusted_to"]) for row in rows]


def test_a_key_is_made_kept_and_put_on_record():
    """
    What is said is public: its id, its public half, and where the private one is.
    """
    told = scr("key", "new")

    assert (told.code, told.err) == (0, "")
    first, public, private = told.out.splitlines()
    assert first == f"key {key_id(1)} signs from @20 on"
    assert public.startswith("public: scr-ledger/")
    assert Path(private.removeprefix("private: ")) == files()[0]
    assert listed() == [(key_id(1), "signs", 20, None)]
    assert "PRIVATE" not in told.out


def test_a_refused_key_leaves_no_file():
    """
    Where a key signs already; nor does a rehearsal.
    """
    assert scr("key", "new", "--dry-run").out == "would be recorded: a new key\n"
    assert files() == []
    scr("key", "new")

    told = scr("key", "new")
    assert (told.code, head(), len(files())) == (5, 20, 1)
    assert "`scr key rotate`" in told.err


def test_a_key_that_is_not_recorded_in_the_end_leaves_no_file(monkeypatch):
    """
    Somebody else was quicker between the rehearsal and the record.
    """
    really = app.CaseLedger.put_key

    def late(self, *keys, dry_run=False, **said):
        if not dry_run:
            raise KeyHeldError(*"0")
        return really(self, *keys, dry_run=dry_run, **said)

    monkeypatch.setattr(app.CaseLedger, "put_key", late)

    assert scr("key", "new").code == 5
    assert (files(), head()) == ([], 19)


def test_a_rotation_is_signed_by_both():
    """
    It takes the old private key, and leaves it where it is.
    """
    scr("key", "new")
    told = scr("key", "rotate", "--json").json

    assert (told["key"], told["replaces"], told["position"]) == (
        key_id(2),
        key_id(1),
        21,
    )
    assert listed() == [
        (key_id(1), "replaced", 20, 20),
        (key_id(2), "signs", 21, None),
    ]
    assert len(files()) == 2
    files()[0].unlink()
    files()[0].unlink()
    told = scr("key", "rotate")
    assert (told.code, head()) == (5, 21)
    assert f"the private key {key_id(2)} is not here" in told.err


def test_without_a_key_there_is_nothing_to_rotate_or_sign_with():
    """
    Both say how to make one.
    """
    for typed in (["key", "rotate"], ["checkpoint"]):
        told = scr(*typed)
        assert (told.code, told.out, head()) == (5, "", 19)
        assert "`scr key new` makes one" in told.err


def test_a_revocation_says_what_falls_with_it():
    """
    Also the key that it had put in its place later, and that nobody signs now.
    """
    scr("key", "new")
    scr("key", "rotate")
    typed = ("key", "revoke", key_id(1), "--reason", "stolen")
    told = scr(*typed, "--trusted-to", "@19")

    assert told.out == f"revoked @22: key {key_id(1)}, believed up to @19\n"
    assert f"it vouched for {key_id(2)} after that" in told.err
    assert "no key signs now" in told.err
    assert [row[1] for row in listed()] == ["revoked", "revoked"]
    again = scr(*typed, "--trusted-to", "@19")
    assert (again.code, head()) == (5, 22)
    assert scr("key", "new").code == 0
    assert scr("verify").code == 0


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        (["--trusted-to", "19", "--reason", "r"], 2, "takes a position, such as @20"),
        (["--trusted-to", "@", "--reason", "r"], 2, "takes a position, such as @20"),
        (["--trusted-to", "@99", "--reason", "r"], 2, "beyond the head"),
        (["--reason", "r"], 2, "--trusted-to"),
        (["--trusted-to", "@19"], 2, "--reason"),
        (["--trusted-to", "@19", "--reason", " "], 2, "reason must be text"),
    ],
)
def test_a_revocation_says_all(typed, code, words):
    """
    What is wrong with one is said in a line, and nothing recorded.
    """
    scr("key", "new")
    told = scr("key", "revoke", key_id(1), *typed)

    assert (told.code, told.out, head()) == (code, "", 20)
    assert words in told.err


@pytest.mark.parametrize("ended", [3, 2])
def test_no_such_key(ended):
    """
    An id that is of no key, and what is no id.
    """
    name = "00000000" if ended == 3 else "x"
    told = scr("key", "revoke", name, "--trusted-to", "@1", "--reason", "r")

    assert (told.code, head()) == (ended, 19)
    assert "`scr key list`" in told.err


def test_who_interrupts_once_it_is_recorded_keeps_the_key(monkeypatch):
    """
    A key on record without its private half could sign nothing, nor be rotated.
    """
    put_key = app.CaseLedger.put_key

    def interrupted(ledger, private, **said):
        decided = put_key(ledger, private, **said)
        if not said.get("dry_run"):
            raise KeyboardInterrupt
        return decided

    with monkeypatch.context() as inside:
        inside.setattr(app.CaseLedger, "put_key", interrupted)
        assert scr("key", "new").code == 130
    assert scr("checkpoint").code == 0


def test_what_cannot_be_written_elsewhere_is_not_recorded():
    """
    A checkpoint is to be kept elsewhere, so the file is opened first.
    """
    assert scr("key", "new").code == 0
    before = head()
    told = scr("checkpoint", "-o", "no/folder/c.txt")

    assert (told.code, told.out) == (6, "")
    assert head() == before


def test_a_checkpoint_is_printed_as_it_is():
    """
    The note alone on stdout, so that it can be mailed; in a file with -o; once.
    """
    scr("key", "new")
    told = scr("checkpoint")
    found = checkpoint.parse(told.out.encode())

    with open_log("scr.db") as log:
        assert found.head.root == log.root(20)
    assert (found.head.size, head()) == (20, 21)
    assert told.err == (
        "scr: recorded: checkpoint @21 of all up to @20; keep a copy elsewhere\n"
    )
    again = scr("checkpoint", "-o", "c.txt")
    assert Path("c.txt").read_text() == told.out
    assert (again.out, head()) == ("", 21)
    assert again.err.startswith("scr: already recorded: checkpoint @21")
    shown = scr("checkpoint", "--json").json
    assert (shown["size"], shown["note"]) == (20, told.out)


def test_a_rehearsed_checkpoint_is_none():
    """
    It is said what would be recorded.
    """
    scr("key", "new")
    told = scr("checkpoint", "--dry-run", "--json")

    assert (told.json["status"], told.json["position"]) == ("would be recorded", None)
    assert head() == 20


def test_a_checkpoint_says_who():
    """
    As every command that records.
    """
    scr("key", "new")
    told = scr("checkpoint", "--by", " ")

    assert (told.code, head()) == (2, 20)


def test_an_encrypted_key(monkeypatch):
    """
    The passphrase comes from the environment, or from nowhere in a script.
    """
    assert scr("key", "new", "--encrypt").code == 2
    assert (files(), head()) == ([], 19)
    monkeypatch.setenv("SCR_KEY_PASSPHRASE", "horse")
    made = scr("key", "new", "--encrypt", "--json").json
    assert made["encrypted"]
    assert scr("checkpoint").code == 0
    for wrong, code, words in (
        ("mule", 5, "not the passphrase"),
        (None, 2, "terminal"),
    ):
        if wrong is None:
            monkeypatch.delenv("SCR_KEY_PASSPHRASE")
        else:
            monkeypatch.setenv("SCR_KEY_PASSPHRASE", wrong)
        for typed in (["key", "rotate"], PUBLISH):
            told = scr(*typed)
            assert (told.code, told.out, head()) == (code, "", 21)
            assert words in told.err
            assert "horse" not in told.err


def test_any_passphrase_is_taken_or_refused(monkeypatch):
    """
    Also one that is no UTF-8; one that is too long for the library is refused, and a
    wrong one is said to be that, whatever it is.
    """
    monkeypatch.setenv("SCR_KEY_PASSPHRASE", "x" * 1024)
    told = scr("key", "new", "--encrypt")
    assert told.code == 2
    assert "a passphrase may have 1,023 bytes" in told.err
    monkeypatch.setenv("SCR_KEY_PASSPHRASE", "a\udcff")
    assert scr("key", "new", "--encrypt").code == 0
    assert scr("checkpoint").code == 0
    for wrong in ("a\udcfe", "x" * 1024, ""):
        monkeypatch.setenv("SCR_KEY_PASSPHRASE", wrong)
        told = scr("checkpoint")
        assert told.code == 5
        assert "that is not the passphrase" in told.err


@pytest.mark.usefixtures("here")
def test_an_exposed_key_signs_nothing():
    """
    Publishing refuses as well: somebody may have the key.
    """
    scr("key", "new")
    files()[0].chmod(0o644)

    for typed in (["checkpoint"], ["key", "rotate"], PUBLISH):
        told = scr(*typed)
        assert (told.code, told.out, head()) == (5, "", 20)
        assert "others can read the private key" in told.err


def test_a_publication_is_signed_where_the_key_is():
    """
    The checkpoint follows it and its summary, is told, and is shown with it from then
    on.
    """
    scr("key", "new")
    told = scr(*PUBLISH)

    assert told.code == 0
    assert told.out.splitlines()[1] == "checkpoint @23 of all up to @22"
    assert "not signed" not in told.err
    shown = scr("publication", "show", "P", "--json").json["checkpoint"]
    assert (shown["position"], shown["size"], shown["key"]) == (23, 22, key_id(1))
    words = f"Checkpoint @23 covers it: all up to @22, signed by key {key_id(1)}."
    assert words in scr("publication", "show", "P").out
    assert "A checkpoint of all up to position 22 covers this publication" in (
        " ".join(scr("publication", "report", "P").out.split())
    )
    assert scr("verify").code == 0


def test_a_publication_is_one_without_the_key():
    """
    It is recorded, and said not to be signed, and why.
    """
    assert scr(*PUBLISH).err.endswith(NOT_SIGNED)
    assert "No checkpoint covers it." in scr("publication", "show", "P").out
    scr("key", "new")
    files()[0].unlink()
    typed = list(PUBLISH)
    typed[1] = "Q"
    told = scr(*typed, "--json")

    assert told.code == 0
    assert told.json["checkpoint"] is None
    assert f"warning: not signed: the private key {key_id(1)} is not here" in told.err


def test_a_later_checkpoint_covers_what_was_not_signed():
    """
    What is computed from the log is never kept twice.
    """
    scr(*PUBLISH)
    scr("key", "new")
    scr("checkpoint")

    shown = scr("publication", "show", "P", "--json").json["checkpoint"]
    assert (shown["size"], shown["trusted"]) == (21, True)
    scr("key", "revoke", key_id(1), "--trusted-to", "@20", "--reason", "r")
    assert scr("publication", "show", "P", "--json").json["checkpoint"] is None


def test_a_restatement_is_signed_too():
    """
    Right behind it, as a publication is.
    """
    scr(*PUBLISH)
    scr("key", "new")
    typed = ("restate", "P", "--document", "d", "--reason", "r", "--override", "o")
    told = scr(*typed)

    assert told.code == 0
    assert told.out.splitlines()[-1] == "checkpoint @24 of all up to @23"
    assert scr("verify").code == 0


def test_what_is_signed_can_be_checked_by_others():
    """
    With the public key alone, by the specification.
    """
    public = scr("key", "new", "--json").json["vkey"]
    found = note.parse(scr("checkpoint").out.encode())

    assert note.signature_of(found, note.parse_key(public)) is not None
    assert json.loads(scr("key", "list", "--json").out)["rows"][0]["vkey"] == public
