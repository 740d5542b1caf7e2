"""People in a ledger: added, given roles, asked for them; and what verifies."""

from __future__ import annotations

import json
import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest

from ledger import app, fsck
from ledger.domain.people import ROLES, actor
from ledger.errors import (
    DirectCorrectionError,
    FieldError,
    LacksRoleError,
    LastSupervisorError,
    NoSuchPersonError,
    NotAPersonError,
    PersonTakenError,
    PublicationFaultyError,
    SoloLedgerError,
)
from ledger.reader import open_log
from ledger.store.people import four_eyes, recorded
from tests import ledgers
from tests.commandline import filed, life, line
from tests.people import CHIEF, add, grant, opened, revoke, smuggle


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of one SCR, with the head at position 5; nobody was added.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, life("S-1"))
    return path


def head(path) -> int:
    """
    Return how far the log goes.
    """
    with open_log(path) as log:
        return log.head


def found(path) -> list[str]:
    """
    Return what the checker finds.
    """
    return [one.why for one in fsck.check(path, lambda _: None).findings]


def record(path, event: str, by: str, account: str = "registry", **fields: str):
    """
    Record a live fact about S-1.
    """
    said = {"scr": "S-1", "event": event, "by": by, **fields}
    with opened(path, account) as ledger:
        return ledger.record(said, zone=ZoneInfo("UTC"))


def asked(path, by: str, *roles: str, account: str = "registry") -> tuple[bool, str]:
    """
    Return whether four eyes are on, and who acts.
    """
    with opened(path) as ledger, ledger.appender.appending() as appending:
        on = four_eyes(appending)
        who = actor(recorded(appending), by, account, roles).id if on else by
        return on, who


# --- added and granted ----------------------------------------------------------------


def test_the_first_person_may_be_a_supervisor(path):
    """
    Anybody adds the first one; the facts stand in the one stream, and verify.
    """
    told = add(
        path,
        CHIEF,
        "supervisor",
        "panel",
        "supervisor",
        account="boss-acct",
        from_account="boss-acct",
    )
    with open_log(path) as log:
        rows = [json.loads(row.payload) for row in log.stream("people", log.head)]

    assert told.positions == {"joined": 6, "panel": 7, "supervisor": 8}
    assert (told.person, told.account, told.first) == (CHIEF, "boss-acct", True)
    assert [row["event"] for row in rows] == ["joined", "granted", "granted"]
    assert rows[0] == {
        "person": CHIEF,
        "by": CHIEF,
        "run_by": "boss-acct",
        "event": "joined",
        "account": "boss-acct",
    }
    assert found(path) == []


def test_what_is_on_record_again_adds_nothing(path):
    """
    A person as asked, a role that is held; what is new of the rest is recorded.
    """
    add(path, CHIEF, "supervisor")
    told = add(path, CHIEF, "supervisor", "agent")

    assert (told.positions, told.already) == ({"agent": 8}, ("joined", "supervisor"))
    assert not told.first
    assert grant(path, "CHIEF", "agent").already == ("agent",)
    assert head(path) == 8


def test_a_person_is_named_as_on_record(path):
    """
    Whoever is granted a role under another spelling is the same person.
    """
    add(path, CHIEF, "supervisor")
    grant(path, "C-H-I-E-F", "panel")
    with open_log(path) as log:
        last = log.stream("people", log.head)[-1]

    assert json.loads(last.payload)["person"] == CHIEF
    assert found(path) == []


def test_all_roles_or_none(path):
    """
    One that cannot be revoked leaves the others.
    """
    add(path, CHIEF, "supervisor", "panel")
    at = head(path)

    with pytest.raises(LastSupervisorError):
        revoke(path, CHIEF, "supervisor", "panel")
    assert head(path) == at
    assert asked(path, CHIEF, "panel") == (True, CHIEF)


def test_whoever_is_the_last_of_a_role_is_missed(path):
    """
    That corrections need a corrector and an approver is said, once, and not refused.
    """
    add(path, CHIEF, "supervisor", "approver", "corrector", "panel")
    add(path, "ben", "approver")

    assert revoke(path, CHIEF, "approver", "panel").vacant == ()
    assert revoke(path, "ben", "approver").vacant == ("approver",)
    assert revoke(path, CHIEF, "corrector").vacant == ("corrector",)


@pytest.mark.parametrize(
    ("error", "words", "do"),
    [
        (PersonTakenError, "is chief", lambda path: add(path, "Chief")),
        (PersonTakenError, "is chief", lambda path: add(path, CHIEF, account="z")),
        (NotAPersonError, "zoe is no person", lambda path: add(path, "a", by="zoe")),
        (NoSuchPersonError, "no person zoe", lambda path: grant(path, "zoe", "panel")),
        (NoSuchPersonError, "no person zoe", lambda path: revoke(path, "zoe", "panel")),
        (FieldError, "the person must be an id", lambda path: add(path, "a b")),
        (
            FieldError,
            "the role must be one of agent",
            lambda path: grant(path, "a", "king"),
        ),
        (FieldError, "--account must be text", lambda path: add(path, "a", account="")),
        (FieldError, "--by must be text", lambda path: add(path, "a", by=" ")),
    ],
)
def test_what_is_refused(path, error, words, do):
    """
    In one line, and nothing is recorded.
    """
    add(path, CHIEF, "supervisor")
    at = head(path)

    with pytest.raises(error, match=words):
        do(path)
    assert head(path) == at


def test_a_rehearsal_records_nothing(path):
    """
    It says where each would stand.
    """
    with opened(path) as ledger:
        told = ledger.add_person(CHIEF, by=CHIEF, roles=["panel"], dry_run=True)

    assert told.positions == {"joined": 6, "panel": 7}
    assert head(path) == 5


# --- asked for ------------------------------------------------------------------------


def test_nobody_added_is_as_before(path):
    """
    Without persons everybody does everything, as in a ledger of an earlier version.
    """
    assert asked(path, "Any One", "panel") == (False, "Any One")
    record(path, "reopened", "anyone", reason="r")
    record(path, "reversed", "anyone", outcome="D1", reason="r")
    assert found(path) == []


def test_a_role_is_asked_for_at_that_moment(path):
    """
    Granted it may, revoked it may not; what was done meanwhile stays.
    """
    add(path, CHIEF, "supervisor")
    add(path, "ann")
    said = {"category": "c", "subcategory": "s"}

    with pytest.raises(LacksRoleError, match=r"agent or supervisor: chief$"):
        record(path, "classified", "ann", **said)
    grant(path, "ann", "agent")
    assert record(path, "classified", "ANN", **said).position == 10
    revoke(path, "ann", "agent")
    with pytest.raises(LacksRoleError):
        record(path, "classified", "ann", **said)
    assert asked(path, "A.n.n") == (True, "ann")
    assert found(path) == []


def test_nothing_is_corrected_directly(path):
    """
    Not by a supervisor, not by whoever holds all roles, not with a reason to force it.
    """
    add(path, CHIEF, *ROLES)
    at = head(path)

    with pytest.raises(DirectCorrectionError, match="role corrector: chief"):
        record(path, "reversed", CHIEF, outcome="D1", reason="r", forced="r")
    assert head(path) == at


def test_a_file_brings_what_it_brings(path):
    """
    An import loads history, and asks nobody; it verifies.
    """
    add(path, CHIEF, "supervisor")
    text = filed("S-2") + line("S-2", "voided", "2020-01-01", reason="r")

    assert ledgers.load(path, text).totals.new == 2
    assert found(path) == []


def test_a_solo_ledger_stays_solo(tmp_path):
    """
    Nobody is added to it, and everybody may; both are in its identity.
    """
    path = str(tmp_path / "solo.db")
    app.create(path, name="s", solo=True, clock=ledgers.Clock())
    ledgers.load(path, life("S-1"))

    with pytest.raises(SoloLedgerError):
        add(path, CHIEF)
    record(path, "reversed", "me", outcome="D1", reason="r")
    with open_log(path) as log:
        assert log.identity.solo
    assert asked(path, "me", "panel") == (False, "me")
    assert found(path) == []


# --- two at once ----------------------------------------------------------------------

GRANT = """
import sys
from tests.people import grant
from ledger.errors import LedgerError
try:
    print(len(grant(sys.argv[1], "ann", "panel").positions))
except LedgerError as error:
    print(type(error).__name__)
"""
JOIN = """
import sys
from tests.people import add
from ledger.errors import PeopleError
try:
    add(sys.argv[1], sys.argv[2], account="theirs")
    print("joined")
except PeopleError as error:
    print(type(error).__name__)
"""


def together(script: str, *arguments: list[str]) -> list[str]:
    """
    Run a script in a process per list of arguments, all at once; return what each says.
    """
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, *each], stdout=subprocess.PIPE, text=True
        )
        for each in arguments
    ]
    return sorted(one.communicate()[0].strip() for one in running)


def test_two_processes_grant_one_role_once(path):
    """
    One records it, the other finds it recorded.
    """
    add(path, CHIEF, "supervisor")
    add(path, "ann")
    at = head(path)

    assert together(GRANT, [path], [path]) == ["0", "1"]
    assert head(path) == at + 1
    assert found(path) == []


def test_two_processes_never_give_one_account_to_two(path):
    """
    Nor one name: the second is refused.
    """
    add(path, CHIEF, "supervisor")

    told = together(JOIN, [path, "ann"], [path, "ben"])
    assert told == ["AccountTakenError", "joined"]
    assert found(path) == []


# --- what the checker finds -----------------------------------------------------------

PEOPLE, SCR = "people", "scr/S-1"
JOINED, GRANTED, REVOKED = (
    f"ledger.{event}/1" for event in ("joined", "granted", "revoked")
)
REOPENED = {"scr": "S-1", "event": "reopened", "effective_on": "2024-03-01"}
SMUGGLED = [
    (PEOPLE, JOINED, {"person": "Ann.", "event": "joined"}, "Ann. is ann"),
    (PEOPLE, JOINED, {"person": "--", "event": "joined"}, "no letter"),
    (
        PEOPLE,
        JOINED,
        {"person": "zoe", "event": "joined", "account": "a1"},
        "the account a1 is that of ann",
    ),
    (PEOPLE, JOINED, {"person": "zoe", "by": "ann", "event": "joined"}, "ann acts fr"),
    (
        PEOPLE,
        GRANTED,
        {
            "person": "ann",
            "by": "ann",
            "run_by": "a1",
            "event": "granted",
            "role": "panel",
        },
        "ann may not do this",
    ),
    (
        PEOPLE,
        GRANTED,
        {"person": "ann", "event": "granted", "role": "agent"},
        "already",
    ),
    (
        PEOPLE,
        GRANTED,
        {"person": "zoe", "event": "granted", "role": "agent"},
        "no pers",
    ),
    (
        PEOPLE,
        REVOKED,
        {"person": CHIEF, "event": "revoked", "role": "supervisor", "reason": "r"},
        "chief is the only supervisor",
    ),
    (
        "waivers",
        "ledger.waived/1",
        {
            "by": "ann",
            "run_by": "a1",
            "event": "waived",
            "rule": "office-silent",
            "scr": "S-1",
            "until": "2024-12-31",
            "reason": "r",
        },
        "ann may not do this; it takes the role supervisor: chief",
    ),
    (
        SCR,
        "scr.reversed/1",
        {
            **REOPENED,
            "event": "reversed",
            "by": CHIEF,
            "recorded_by": "registry",
            "outcome": "D1",
            "reason": "r",
        },
        "`reversed` is a correction, and four eyes are on",
    ),
    (
        SCR,
        "scr.approved/1",
        {**REOPENED, "event": "approved", "by": "ann", "recorded_by": "a1"},
        "ann may not do this; it takes the role panel, which nobody holds",
    ),
    (
        SCR,
        "scr.reversed/1",
        {
            **REOPENED,
            "event": "reversed",
            "by": CHIEF,
            "correction": "C-99",
            "recorded_by": "registry",
            "outcome": "D1",
            "reason": "r",
        },
        "`reversed` is a correction, and four eyes are on",
    ),
    (
        SCR,
        "scr.reversed/1",
        {
            **REOPENED,
            "event": "reversed",
            "by": CHIEF,
            "recorded_by": None,
            "outcome": "D1",
            "reason": "r",
        },
        "no file and no package brought it, and nobody is said to have",
    ),
    (
        SCR,
        "scr.reopened/1",
        {**REOPENED, "by": "ann", "recorded_by": "a2", "reason": "r"},
        "ann acts from another account than a2",
    ),
]


@pytest.mark.parametrize(("stream", "topic", "fields", "words"), SMUGGLED)
def test_a_fact_that_nobody_decided_is_found(path, stream, topic, fields, words):
    """
    Its bytes and hashes are sound, and it breaks a rule: the checker says which.
    """
    add(path, CHIEF, "supervisor")
    add(path, "ann", "agent", account="a1")
    if "recorded_by" in fields:
        fields = {"by": "", "run_by": "", **fields}
    position = _put(path, stream, topic, fields)

    (one,) = [
        one
        for one in fsck.check(path, lambda _: None).findings
        if one.check == "people"
    ]
    assert one.position == position
    assert words in one.why


def _put(path, stream, topic, fields) -> int:
    if "recorded_by" not in fields:
        return smuggle(path, stream, topic, **fields)
    fields = {name: text for name, text in fields.items() if name != "run_by"}
    ordered = ("scr", "event", "effective_on", "by", "recorded_by")
    said = {name: fields.pop(name) for name in ordered}
    return smuggle(path, stream, topic, **{**said, **fields}, run_by=None)


def test_somebody_in_a_solo_ledger_is_found(tmp_path):
    """
    It was made to have nobody.
    """
    path = str(tmp_path / "solo.db")
    app.create(path, name="s", solo=True, clock=ledgers.Clock())
    smuggle(path, PEOPLE, JOINED, person="ann", event="joined")

    assert any("made with `scr init --solo`" in why for why in found(path))


def test_a_publication_says_truly_whether_four_eyes_were_on(path):
    """
    One that says something else is refused by the store, and found by the checker.
    """
    from ledger.domain import publication as publications
    from projections.publishing import Printed, as_printed
    from projections.readmodel import open_read_model

    printed = Printed(
        "P",
        "d",
        "dd-all",
        "2020-01-15",
        "2020-01-15",
        synthetic=False,
        figures=(("dd-all", 2019, 1, None),),
    )
    with open_log(path) as log, open_read_model(log, lambda _: None) as model:
        (made,) = as_printed(log, model, [printed])
        at = log.head
    lie = made._replace(four_eyes=True)

    assert made.four_eyes is False
    with opened(path) as ledger:
        with pytest.raises(PublicationFaultyError, match="whether four eyes were on"):
            ledger.publish([lie], head=at, by="b")
        ledger.publish([made], head=at, by="b")
    assert found(path) == []
    again = lie._replace(
        name="Q",
        figures=(
            lie.figures[0]._replace(last=publications.lasts(made)["dd-all", 2019]),
        ),
    )
    smuggle(
        path,
        "publication/Q",
        "ledger.published/1",
        event="published",
        publication="Q",
        seal=publications.seal_of(again),
        content=publications.as_json(again),
    )
    assert "whether four eyes were on is not what it says" in found(path)
