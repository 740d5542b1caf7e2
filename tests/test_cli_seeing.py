"""A ledger that is not as its user has seen it: refused, found, shown, and admitted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Thread
from unittest import mock
from uuid import UUID

import pytest

from cli import verifying
from cli.main import run
from ledger import app, fsck, private_keys, schema, seen
from ledger.reader import open_log
from tests import ledgers, users
from tests.commandline import HISTORY, filed, prepare, scr
from tests.keys import ONE, TWO, issue, key, put_key
from tests.test_cli_person import TYPED, peopled

__all__ = ["peopled"]  # The fixture: a ledger in which everything can be recorded.

FILE = ("file", "S-9", "--case-number", "c", "--office", "o", "--by", "b")


@pytest.fixture
def here(monkeypatch):
    """
    A folder with a ledger, and a copy of how it was before its last fact.
    """
    with ledgers.folder() as folder, monkeypatch.context() as inside:
        prepare(folder)
        inside.chdir(folder)
        shutil.copy("scr.db", "older.db")
        assert scr(*FILE).code == 0
        yield folder


def head(path: str = "scr.db") -> int:
    """
    Return the last position of a ledger.
    """
    with open_log(path) as log:
        return log.head


def roll_back() -> None:
    """
    Put the older copy in the place of the ledger.
    """
    shutil.copy("older.db", "scr.db")


def fork() -> None:
    """
    Put one in its place that somebody else wrote on from the older copy.
    """
    with mock.patch.dict(os.environ, XDG_STATE_HOME=f"{Path.cwd()}/elsewhere"):
        for name in ("S-7", "S-8"):
            told = scr("--ledger", "older.db", *FILE[:1], name, *FILE[2:])
            assert told.code == 0, told.err
    roll_back()


def swap() -> None:
    """
    Put another ledger in its place.
    """
    ledgers.load(ledgers.make(Path("other.db")), HISTORY)
    shutil.copy("other.db", "scr.db")


HOW = {"rolled back": roll_back, "forked": fork, "swapped": swap}
WRITING = [
    FILE,
    ("import", "new.jsonl"),
    ("assert", "dd-all FY2019 = 3", "--by", "b"),
    ("key", "new", "--by", "b"),
    ("person", "add", "chief", "--by", "chief"),
]


@pytest.mark.parametrize("how", HOW)
def test_what_is_not_as_it_was_seen_takes_no_facts(here, how):
    """
    One line that says which of the three, exit code 4, and not a byte is changed.
    """
    (here / "new.jsonl").write_text(filed("S-5"))
    HOW[how]()
    before = Path("scr.db").read_bytes()

    for typed in WRITING:
        told = scr(*typed)
        assert (told.code, told.out) == (4, ""), typed
        assert told.err.startswith(f"scr: scr.db is {how}: ")
        assert told.err.count("\n") == 1
        assert "`scr checkpoint admit` records that" in told.err
    assert Path("scr.db").read_bytes() == before


@pytest.fixture(scope="module")
def rolled_back(peopled, tmp_path_factory):
    """
    The ledger in which everything can be recorded, rolled back by one fact; and the
    folder of a user who has seen that.
    """
    folder = tmp_path_factory.mktemp("rolled-back")
    shutil.copytree(peopled, folder, dirs_exist_ok=True)
    state = {"XDG_STATE_HOME": f"{folder}/state", "SCR_KEYS": f"{folder}/keys"}
    path = str(folder / "scr.db")
    with mock.patch.dict(os.environ, state):
        typed = ("file", "S-9", "--case-number", "c", "--office", "o")
        assert scr("--ledger", path, *typed, "--by", "agent").code == 0
    shutil.copy(peopled / "scr.db", path)
    return folder, state


@pytest.mark.parametrize("act", [act for act in TYPED if act != "restored"])
def test_every_command_that_records_refuses(rolled_back, monkeypatch, act):
    """
    Whatever it records, and whoever asks; before it looks at anybody's role.
    """
    folder, state = rolled_back
    monkeypatch.chdir(folder)
    values = json.loads(Path("values.json").read_text())
    before = Path("scr.db").read_bytes()
    with mock.patch.dict(os.environ, state):
        told = scr(*TYPED[act].format(**values).split(), "--by", "supervisor")

    assert (told.code, told.out) == (4, ""), told.err
    assert "scr.db is rolled back: " in told.err
    assert Path("scr.db").read_bytes() == before


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("how", HOW)
def test_a_deliberate_restore_is_admitted(how):
    """
    It is recorded what is gone; then facts are recorded again, and all verifies.
    """
    HOW[how]()
    at = head()
    told = scr("checkpoint", "admit", "--reason", "r", "--by", "chief")

    assert told.code == 0, told.err
    assert told.out.startswith(f"recorded @{at + 1}: @20 ")
    assert scr(*FILE[:1], "S-6", *FILE[2:]).code == 0
    assert scr("verify").code == 0
    again = scr("checkpoint", "admit", "--reason", "r", "--by", "chief")
    assert (again.code, head()) == (5, at + 2)
    assert "nothing that you have seen of this ledger is missing" in again.err


@pytest.mark.usefixtures("here")
def test_a_rehearsed_admission_is_none():
    """
    What would be recorded is said, and the ledger is as little admitted as before.
    """
    roll_back()
    admit = ("checkpoint", "admit", "--reason", "r", "--by", "chief")
    told = scr(*admit, "--dry-run", "--json").json["admitted"][0]

    assert (told["status"], told["position"]) == ("would be recorded", None)
    assert scr(*FILE).code == 4


# --- verify and doctor --------------------------------------------------------------


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("how", HOW)
def test_verify_and_doctor_say_which(how):
    """
    The one as a finding, with exit code 4; the other as what needs attention.
    """
    assert scr("verify").code == 0
    HOW[how]()
    told = scr("verify", "--json")

    assert told.code == 4
    assert told.json["words"] == [how]
    rows = {row["what"]: row for row in scr("doctor", "--json").json["rows"]}
    assert rows["last seen"]["verdict"] == "attention"
    assert f"scr.db is {how}" in rows["last seen"]["says"]


@pytest.mark.usefixtures("here")
def test_a_backup_is_an_older_copy():
    """
    At a path where it never was longer it verifies, and is said to be older; nothing is
    recorded in it all the same.
    """
    for _ in range(2):  # Looking at it does not make it the ledger that was seen.
        told = scr("--ledger", "older.db", "verify")
        assert told.code == 0, told.err
        assert "an older copy: you have seen this ledger at @20" in told.out
    rows = scr("--ledger", "older.db", "doctor", "--json").json["rows"]
    (row,) = [row for row in rows if row["what"] == "last seen"]
    assert row["verdict"] == "note"
    assert scr("--ledger", "older.db", *FILE).code == 4
    assert scr(*FILE[:1], "S-6", *FILE[2:]).code == 0


@pytest.mark.usefixtures("here")
def test_who_only_verifies_is_told_too():
    """
    What verified is remembered, without recording anything.
    """
    users.forget()
    assert scr("verify").code == 0
    roll_back()

    told = scr("verify")
    assert told.code == 4
    assert "rolled back" in told.err


@pytest.mark.parametrize("typed", ["link.db", "folder/../scr.db", "way/scr.db"])
def test_no_way_round_leads_past_what_was_seen(here, typed):
    """
    By a link, or by ``..``, the file is where it was seen; else it would be an older
    copy at a path of its own, and verify.
    """
    (here / "folder").mkdir()
    (here / "link.db").symlink_to("scr.db")
    (here / "way").symlink_to(here)
    roll_back()

    assert scr("--ledger", typed, "verify", "--json").json["words"] == ["rolled back"]
    rows = scr("--ledger", typed, "doctor", "--json").json["rows"]
    (row,) = [row for row in rows if row["what"] == "last seen"]
    assert row["verdict"] == "attention"


def test_a_link_that_leads_to_another_ledger_is_swapped(here):
    """
    Neither of the two was touched, and who asks by the link is told all the same.
    """
    link = here / "link.db"
    link.symlink_to("scr.db")
    assert scr("--ledger", "link.db", *FILE[:1], "S-6", *FILE[2:]).code == 0
    ledgers.load(ledgers.make(here / "other.db"), HISTORY)
    link.unlink()
    link.symlink_to("other.db")

    assert scr("--ledger", "link.db", "verify", "--json").json["words"] == ["swapped"]
    assert scr("--ledger", "other.db", "verify").code == 0
    assert scr("verify").code == 0


@pytest.mark.usefixtures("here")
def test_who_only_verifies_is_told_of_another_ledger():
    """
    Which ledger verified at a path is remembered as well.
    """
    users.forget()
    assert scr("verify").code == 0
    with mock.patch.dict(os.environ, XDG_STATE_HOME=f"{Path.cwd()}/elsewhere"):
        swap()

    told = scr("verify", "--json")
    assert (told.code, told.json["words"]) == (4, ["swapped"])


def test_without_a_home_nothing_is_kept_in_a_folder_called_tilde(here, monkeypatch):
    """
    An account that has none, as in a container: a warning, and what to set.
    """
    for name in users.KEPT:
        monkeypatch.delenv(name)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)

    told = scr(*FILE[:1], "S-6", *FILE[2:])
    assert told.code == 0
    assert "has no home folder; set XDG_STATE_HOME" in told.err
    made = scr("key", "new", "--by", "b")
    assert made.code == 6
    assert "has no home folder; " in made.err
    assert "with SCR_KEYS" in made.err
    assert scr("key", "list").code == 0
    assert not (here / "~").exists()


@pytest.mark.parametrize("when", ["kept_tiles", "given_out", "pages"])
def test_what_is_recorded_while_it_is_verified_is_no_finding(here, monkeypatch, when):
    """
    Neither that the file goes further than was read of it, nor that this user has seen
    that by then.
    """
    real, done = getattr(fsck, when), []

    def meanwhile(*given):
        if not done:
            typed = (str(here / "scr.db"), filed("S-6"))
            done.append(Thread(target=ledgers.load, args=typed))
            done[0].start()
            # Where the end is read it has to wait for that; elsewhere it must not.
            done[0].join(30 if when == "pages" else 0.3)
            assert when != "pages" or not done[0].is_alive()
        return real(*given)

    monkeypatch.setattr(fsck, when, meanwhile)
    told = scr("verify", "--json")
    done[0].join()

    assert (told.code, told.json["words"]) == (0, []), told.out
    assert head() > told.json["position"]


@pytest.mark.parametrize("meanwhile", ["longer", "another"])
def test_what_verified_is_remembered_and_no_more(here, monkeypatch, meanwhile):
    """
    Not what was recorded since, or was put in its place: nobody has verified that.
    """
    real, path = verifying._recomputed, str(here / "scr.db")

    def changed(ledger: str):
        told = real(ledger)
        with mock.patch.dict(os.environ, XDG_STATE_HOME=str(here / "elsewhere")):
            if meanwhile == "longer":
                ledgers.load(path, filed("S-6"))
            else:
                fork()
        return told

    users.forget()
    monkeypatch.setattr(verifying, "_recomputed", changed)
    told = scr("verify", "--json").json
    with open_log(path) as log:
        kept = seen.of_ledger(log.identity.ledger_id)

    assert told["verified"]
    if meanwhile == "longer":
        assert (kept.position, kept.root) == (20, told["root"])
    else:
        assert kept is None


@pytest.mark.usefixtures("here")
def test_what_does_not_verify_is_not_remembered():
    """
    Else a damaged file would be what the sound one is compared with.
    """
    users.forget()
    with sqlite3.connect("scr.db") as connection:
        connection.execute("DROP TRIGGER tiles_no_delete")

    assert scr("verify").code == 4
    assert not seen.folder().exists()


@pytest.mark.usefixtures("here")
def test_a_damaged_ledger_is_not_called_forked():
    """
    Its bytes do not give the root they gave; that is what damage is.
    """
    with sqlite3.connect("scr.db") as connection:
        connection.execute("DROP TRIGGER stored_events_no_update")
        connection.execute("UPDATE stored_events SET state=x'7b7d' WHERE rowid=3")
        for text in schema.statements():
            if "stored_events_no_update" in text:
                connection.execute(text)

    assert scr("verify", "--json").json["words"] == ["damaged"]


def symptoms() -> dict[str, str]:
    """
    Return what the doctor says.
    """
    return {
        row["what"]: f"{row['verdict']}: {row['says']}"
        for row in scr("doctor", "--json").json["rows"]
    }


@pytest.mark.usefixtures("here")
def test_the_doctor_states_the_exposure():
    """
    Facts and days since the last checkpoint that was issued; checkpoints do not count.
    """
    users.forget()
    assert symptoms()["last seen"].startswith("note: never by this user")
    assert symptoms()["exposure"].startswith("note: 20 facts, ")
    assert "no checkpoint was issued" in symptoms()["exposure"]
    assert "`scr key new`" in symptoms()["exposure"]
    assert scr("key", "new", "--by", "b").code == 0
    assert scr("checkpoint", "--by", "b").code == 0
    assert symptoms()["last seen"] == "fine: @22, which is in this log"
    assert symptoms()["exposure"] == (
        "fine: none since the last checkpoint that was issued, of all up to @21;"
        " whoever keeps a copy of that elsewhere could tell"
    )
    assert scr(*FILE[:1], "S-6", *FILE[2:]).code == 0
    assert symptoms()["exposure"].startswith(
        "note: 1 fact, 0 days since the last checkpoint that was issued, of all up to"
        " @21; if they were changed, nobody could tell: `scr checkpoint`"
    )


@pytest.mark.usefixtures("here")
def test_a_checkpoint_that_is_not_believed_any_more_covers_nothing():
    """
    After a revocation the exposure is what it was before it.
    """
    made = scr("key", "new", "--by", "b", "--json").json["key"]
    scr("checkpoint", "--by", "b")
    revoke = ("key", "revoke", made, "--trusted-to", "@20", "--reason", "r")
    assert scr(*revoke, "--by", "b").code == 0

    said = symptoms()["exposure"]
    assert said.startswith("note: 22 facts, ")
    assert "no checkpoint was issued that is believed" in said


def test_where_nothing_can_be_kept_it_is_a_warning(here, monkeypatch):
    """
    Everything works, and says that a file that is rolled back will not be noticed.
    """
    (here / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "file"))
    made = scr("--ledger", "new.db", "init")
    told = scr(*FILE[:1], "S-6", *FILE[2:])
    verified = scr("verify")

    for one in (made, told, verified):
        assert one.code == 0
        assert {line[:36] for line in one.err.splitlines()} == {
            "scr: warning: cannot keep what you h"
        }
    assert head() == 21


def test_no_home_is_written_to(here, tmp_path):
    """
    The tests' own users hold for the processes that tests start.
    """
    home = tmp_path / "home"
    home.mkdir()
    typed = [sys.executable, "-c", "from cli.entry import main; main()", *FILE[:1]]
    around = {**os.environ, "HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([*typed, "S-6", *FILE[2:]], cwd=here, env=around, check=True)

    assert list(home.iterdir()) == []
    assert seen.folder().is_relative_to(users.FOLDER)


# --- the stolen key ------------------------------------------------------------------

ID = UUID("5c4e2a70-0000-4000-8000-000000000009")


def made(folder: Path, *names: str) -> str:
    """
    Make a ledger of one id and one key, with SCRs of some names and a checkpoint.
    """
    with mock.patch.object(app, "uuid4", return_value=ID):
        path = ledgers.make(folder / "scr.db")
    put_key(path, ONE)
    for name in names:
        ledgers.load(path, filed(name))
    issue(path, ONE)
    return path


def test_with_the_stolen_key_a_rewrite_verifies_and_is_forked_all_the_same(tmp_path):
    """
    By itself it cannot be told: hashes, rules and signatures hold. Whoever has seen the
    ledger before is told, and so is who holds a checkpoint from before.
    """
    (tmp_path / "theirs").mkdir()
    path = made(tmp_path, "S-1", "S-2")
    held = tmp_path / "held.txt"
    with open_log(path) as log:
        fields = json.loads(log.stream("checkpoints", log.head)[-1].payload)
    held.write_text(fields["note"])
    mine = os.environ["XDG_STATE_HOME"]
    users.forget()
    forged = made(tmp_path / "theirs", "S-1", "S-3", "S-4")
    shutil.copy(forged, path)

    users.forget()  # Somebody who has seen nothing, and holds nothing.
    assert scr("--ledger", path, "verify").code == 0
    users.forget()
    since = scr("--ledger", path, "verify", "--since", str(held), "--json")
    assert (since.code, since.json["words"]) == (4, ["forked"])
    os.environ["XDG_STATE_HOME"] = mine
    assert scr("--ledger", path, "verify", "--json").json["words"] == ["forked"]
    assert scr("--ledger", path, *FILE).code == 4


# --- killed --------------------------------------------------------------------------


STRIDE = 1 if "SCR_SOAK_STEPS" in os.environ else 3
"""Before which statements it is killed: all of them, or every third."""


def killed(typed: list[str], statement: int) -> bool:
    """
    Run a command in a process that is killed before a statement; say whether it was.
    """
    child = os.fork()
    if child == 0:  # pragma: no cover - it may die anywhere
        left, connect = [statement], sqlite3.connect

        def step(_text: str) -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def watched(*args, **options):
            connection = connect(*args, **options)
            connection.set_trace_callback(step)
            return connection

        sqlite3.connect = watched
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(run(typed))
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("typed", [["checkpoint"], ["key", "rotate"]], ids=" ".join)
def test_killed_before_a_statement_it_is_there_whole_or_not_at_all(
    here, monkeypatch, typed
):
    """
    The log has the fact or has not, verifies either way, and goes on; no file of it is
    taken for one that was rolled back. A key file without its fact is nobody's key.
    """
    monkeypatch.setattr(private_keys, "made", lambda: TWO)
    assert scr("key", "new", "--by", "b").code == 0
    monkeypatch.setattr(private_keys, "made", lambda: key(3))
    start, before = Path("scr.db").read_bytes(), head()
    state = Path(os.environ["XDG_STATE_HOME"])
    shutil.copytree(state, here / "state")
    typed = [*typed, "--by", "b"]
    for statement in range(0, 300, STRIDE):
        Path("scr.db-journal").unlink(missing_ok=True)
        Path("scr.db").write_bytes(start)
        shutil.rmtree(state)
        shutil.copytree(here / "state", state)
        for extra in Path(os.environ["SCR_KEYS"]).rglob("*.pem"):
            if extra.stem not in start.decode(errors="replace"):
                extra.unlink()
        if not killed(typed, statement):
            break
        if statement % (5 * STRIDE) == 0:
            monkeypatch.setattr(private_keys, "made", lambda: key(4))
            assert scr(*FILE[:1], "S-6", *FILE[2:]).code == 0
            assert head() in (before + 1, before + 2)
            assert not fsck.check("scr.db", lambda _: None).findings
            assert scr(*typed).code == 0
            monkeypatch.setattr(private_keys, "made", lambda: key(3))
        else:
            with sqlite3.connect("scr.db") as connection:  # It rolls back what is cut.
                connection.execute("BEGIN IMMEDIATE")
            assert head() in (before, before + 1)
    else:
        pytest.fail("it was never let through")
    assert statement > 15
    assert head() == before + 1
    assert not fsck.check("scr.db", lambda _: None).findings
