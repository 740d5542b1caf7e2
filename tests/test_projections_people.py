"""Who there was at a position, and how an act is tied to who did it."""

from __future__ import annotations

import pytest

from ledger.errors import FactDamagedError
from ledger.reader import open_log
from projections.people import as_json, four_eyes, identity, listed, people
from tests import ledgers
from tests.people import CHIEF, add, grant, revoke, smuggle


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger in which two joined at 2 and 4, one of them with an account; a role of the
    second was granted at 5 and revoked at 6.
    """
    path = ledgers.make(tmp_path / "scr.db")
    add(path, CHIEF, "supervisor")
    add(path, "ann", account="ann-acct")
    grant(path, "ann", "panel")
    revoke(path, "ann", "panel")
    return path


def test_a_later_role_says_nothing_of_earlier(path):
    """
    Roles, and four eyes, are those after a position; left out, those at the head.
    """
    with open_log(path) as log:
        held = {
            upto: people(log, upto).holders(("panel",)) for upto in range(log.head + 1)
        }
        on = [four_eyes(log, upto) for upto in range(4)]
        assert four_eyes(log)
        assert people(log) == people(log, log.head)

    assert held == {0: [], 1: [], 2: [], 3: [], 4: [], 5: ["ann"], 6: []}
    assert on == [False, False, True, True]


def test_an_act_is_tied_as_it_was_then(path):
    """
    Before somebody joined the name was nobody's.
    """
    with open_log(path) as log:
        said = [identity(log, "Ann", "ann-acct", upto) for upto in (3, 4, 6)]
        assert identity(log, "ann", "other", 6) == "asserted"
        assert identity(log, CHIEF, "ann-acct", 6) == "asserted"
        assert identity(log, "zoe", "ann-acct", 6) == "unknown"

    assert said == ["unknown", "bound", "bound"]


def test_all_are_listed_in_the_order_of_joining(path):
    """
    With roles, account, since when, and how whoever added them was tied to that.
    """
    with open_log(path) as log:
        rows = [as_json(one) for one in listed(log)]
        assert [one.person.id for one in listed(log, 3)] == [CHIEF]

    assert [(row["person"], row["roles"], row["position"]) for row in rows] == [
        (CHIEF, ["supervisor"], 2),
        ("ann", [], 4),
    ]
    assert [row["identity"] for row in rows] == ["asserted", "bound"]
    assert [row["by_identity"] for row in rows] == ["unknown", "asserted"]
    assert rows[1]["account"] == "ann-acct"
    assert rows[1]["since"] == "2024-01-02T12:00:00Z"


@pytest.mark.parametrize(
    "fields",
    [
        {"event": "joined"},
        {"event": "joined", "person": 1},
        {"event": "joined", "person": "zoe", "account": 1},
        {"event": "granted", "person": "ann"},
        {"event": "granted", "person": "ann", "role": "king"},
        {"event": "granted", "person": "ann", "role": ["panel"]},
        {"event": "left", "person": "ann"},
        {"event": "joined", "person": "zoe", "run_by": 1},
    ],
)
def test_what_is_no_fact_of_a_person_is_damage(path, fields):
    """
    It is said where, and nothing is made of it.
    """
    at = smuggle(path, "people", "ledger.joined/1", **fields)

    with open_log(path) as log, pytest.raises(FactDamagedError, match=f"position {at}"):
        people(log)
