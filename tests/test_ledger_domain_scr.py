"""The life of an SCR: what each fact makes of it."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.domain import scr as scrs
from ledger.domain.events import ScrEvent
from ledger.domain.scr import Determination
from ledger.errors import AlreadyFiledError, NotFiledError, UnknownOutcomeError
from tests.facts import (
    WHY,
    classified,
    determined,
    dismantled,
    disrupted,
    fact,
    filed,
    given,
    read,
    reclassified,
    redated,
    redetermined,
    reinstated,
    rescinded,
    returned,
    reversed_,
    scr_after,
    voided,
)

DAY = date(2019, 9, 30)
NEW = {"category": None, "panel": None, "voided": False, "outcomes": {}}
APPROVED = fact("approved")
D1 = [disrupted()]
TRANSFERRED = fact("transferred", office="SAC Y", program="P")


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        ([], {"case_number": "C-1", "office": "SAC X", "program": None, "title": None}),
        ([], NEW),
        ([classified()], {"category": "gangs", "subcategory": "street"}),
        ([classified(), reclassified()], {"subcategory": "prison"}),
        ([reclassified(), classified()], {"subcategory": "street"}),
        ([APPROVED], {"panel": "approved", "first_approved_on": date(2019, 1, 1)}),
        ([returned()], {"panel": "returned", "first_approved_on": None}),
        ([APPROVED, rescinded()], {"panel": "rescinded"}),
        ([rescinded(), APPROVED], {"panel": "approved"}),
        (
            [APPROVED, returned(), fact("approved", effective_on="2019-01-02")],
            {"panel": "approved", "first_approved_on": date(2019, 1, 1)},
        ),
        ([*D1, fact("approved", outcome="D1")], {"panel": None}),
        ([*D1, fact("approved", outcome="D1")], {"first_approved_on": None}),
        ([APPROVED, *D1, returned(outcome="D1")], {"panel": "approved"}),
        ([TRANSFERRED], {"office": "SAC Y", "program": "P"}),
        ([TRANSFERRED, fact("transferred", office="Z")], {"program": "P"}),
        ([fact("refiled", office="SAC Y", **WHY)], {"office": "SAC Y"}),
        ([fact("refiled", office="SAC Y", **WHY)], {"case_number": "C-1"}),
        ([fact("refiled", office="SAC Y", **WHY), TRANSFERRED], {"office": "SAC Y"}),
        ([TRANSFERRED, fact("refiled", program="Q", **WHY)], {"program": "Q"}),
        (
            [fact("refiled", case_number="C-2", title="T", **WHY)],
            {"case_number": "C-2", "title": "T", "office": "SAC X"},
        ),
        ([fact("refiled", **WHY)], {"office": "SAC X", "title": None}),
        ([voided()], {"voided": True, "stands": False, "duplicate_of": None}),
        ([voided(duplicate_of="S-2")], {"duplicate_of": "S-2"}),
        ([voided(duplicate_of="S-2"), reinstated()], {"duplicate_of": None}),
        ([voided(), reinstated()], {"voided": False, "stands": True}),
        ([voided(), reinstated(), voided()], {"stands": False}),
        ([APPROVED, voided()], {"panel": "approved"}),
        ([fact("reopened", **WHY)], NEW),
    ],
)
def test_what_facts_make_of_an_scr(lines, changed):
    """
    The last event of a group holds; a correction does not outrank a later plain one.
    """
    scr = scr_after(*lines)

    assert {name: getattr(scr, name) for name in changed} == changed


@pytest.mark.parametrize(
    ("lines", "live"),
    [
        ([], True),
        ([reversed_()], False),
        ([returned(outcome="D1")], False),
        ([rescinded(outcome="D1")], False),
        ([fact("approved", outcome="D1")], True),
        ([returned(outcome="D1"), fact("approved", outcome="D1")], True),
        ([fact("approved", outcome="D1"), returned(outcome="D1")], False),
        ([reversed_(), fact("approved", outcome="D1")], False),
        ([disrupted("D2"), reversed_("D2"), returned(outcome="D2")], True),
        ([returned()], True),
        ([redated(effective_on="2020-01-01")], True),
    ],
)
def test_when_an_outcome_is_live(lines, live):
    """
    Unless it is reversed, or the panel's last word that names it is no approval.
    """
    assert scr_after(disrupted(), *lines).outcomes["D1"].live is live


@pytest.mark.parametrize(
    ("lines", "on"),
    [
        ([], "2019-09-30"),
        ([redated(effective_on="2019-10-01")], "2019-10-01"),
        (
            [redated(effective_on="2019-10-01"), redated(effective_on="2018-10-01")],
            "2018-10-01",
        ),
        ([disrupted("D2"), redated("D2", effective_on="2020-01-01")], "2019-09-30"),
        ([returned(outcome="D1", effective_on="2020-01-01")], "2019-09-30"),
    ],
)
def test_when_an_outcome_happened(lines, on):
    """
    On its own day, or on that of its last redating.
    """
    scr = scr_after(disrupted(effective_on="2019-09-30"), *lines)

    assert scr.outcomes["D1"].on == date.fromisoformat(on)


def test_an_outcome_has_a_kind():
    """
    An outcome is a disruption or a dismantlement, and stays one.
    """
    outcomes = scr_after(disrupted(), dismantled(), redated()).outcomes

    assert {name: held.kind for name, held in outcomes.items()} == {
        "D1": "disruption",
        "D2": "dismantlement",
    }


@pytest.mark.parametrize(
    ("association", "transnational", "answer"),
    [
        ("yes", "yes", "yes"),
        ("yes", "no", "no"),
        ("yes", "unknown", "unknown"),
        ("no", "yes", "no"),
        ("no", "no", "no"),
        ("no", "unknown", "no"),
        ("unknown", "yes", "unknown"),
        ("unknown", "no", "no"),
        ("unknown", "unknown", "unknown"),
    ],
)
def test_what_meets_the_definition(association, transnational, answer):
    """
    One no is a no, two yeses are a yes; anything else is not known.
    """
    assert scr_after(determined(association, transnational)).meets_tco(DAY) == answer


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([], "unknown"),
        ([determined(), redetermined()], "no"),
        ([redetermined(), determined()], "yes"),
        ([determined(from_="2019-09-30")], "yes"),
        ([determined(from_="2019-10-01")], "unknown"),
        ([determined(), redetermined(from_="2019-09-30")], "no"),
        ([determined(), redetermined(from_="2019-10-01")], "yes"),
        ([redetermined(from_="2019-09-30"), determined(from_="2010-01-01")], "yes"),
        ([determined(from_="2010-01-01"), redetermined(), determined()], "yes"),
        ([determined(), redetermined("unknown", "yes")], "unknown"),
    ],
)
def test_which_determination_holds(lines, answer):
    """
    The last one that is for all outcomes, or from a day not after the outcome's.
    """
    assert scr_after(*lines).meets_tco(DAY) == answer


def test_all_of_a_determination_is_kept():
    """
    What was determined can be said again, element by element.
    """
    line = determined(
        high_threat="no", organization="O-1", definition="E.O.", from_="2019-09-30"
    )

    assert scr_after(line).determination(DAY) == Determination(
        "yes", "yes", "no", "O-1", "E.O.", DAY
    )


def test_every_event_is_evolved():
    """
    Each event has a meaning; the table above spells out what it is.
    """
    lines = {
        "filed": filed(),
        "classified": classified(),
        "reclassified": reclassified(),
        "determined": determined(),
        "redetermined": redetermined(),
        "approved": APPROVED,
        "returned": returned(),
        "rescinded": rescinded(),
        "disrupted": disrupted("D3"),
        "dismantled": dismantled("D3"),
        "transferred": TRANSFERRED,
        "reopened": fact("reopened", **WHY),
        "redated": redated(),
        "reversed": reversed_(),
        "refiled": fact("refiled", **WHY),
        "voided": voided(),
        "reinstated": reinstated(),
    }
    before = scr_after(disrupted())

    for event, line in lines.items():
        after = scrs.evolve(None if event == "filed" else before, read(line))
        assert after.id == "S-1"
    assert {f"scr.{event}/1" for event in lines} == {
        cls.topic for cls in ScrEvent.__args__
    }


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([disrupted()], NotFiledError),
        ([filed(), filed()], AlreadyFiledError),
        ([filed(), redated()], UnknownOutcomeError),
        ([filed(), returned(outcome="D1")], UnknownOutcomeError),
    ],
)
def test_a_history_without_meaning_is_not_evolved(lines, error):
    """
    A stream that no ledger can have written raises, and is not guessed at.
    """
    with pytest.raises(error):
        given(*lines)


def test_replay_goes_on_from_a_state():
    """
    A stream folded in two parts is the same SCR.
    """
    first, *rest = map(read, [filed(), classified(), disrupted(), APPROVED])

    assert scrs.replay([first, *rest]) == scrs.replay(rest, scrs.replay([first]))
    assert scrs.replay([]) is None


def test_evolving_changes_nothing_that_was():
    """
    States are values: a later fact leaves an earlier state as it is.
    """
    before = scr_after(disrupted())
    scrs.evolve(before, read(reversed_()))

    assert before == scr_after(disrupted())
