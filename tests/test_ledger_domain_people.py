"""People: one name however it is written, and which act takes which role."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain import people as persons
from ledger.domain.events import TOPICS
from ledger.domain.people import (
    ACTS,
    PROPOSED_ONLY,
    ROLES,
    Change,
    People,
    identity_of,
    normal,
)
from ledger.errors import (
    AccountOfAnotherError,
    AccountTakenError,
    DirectCorrectionError,
    ImpersonationError,
    LacksRoleError,
    LastSupervisorError,
    NoSuchPersonError,
    NotAPersonError,
    PeopleError,
    PersonTakenError,
    RoleHeldError,
    RoleNotHeldError,
    SoloLedgerError,
    UnnamableError,
)
from tests.people import changes, roles_of


def joined(person: str, **said) -> Change:
    """
    Return the fact that a person joined.
    """
    return Change("joined", **{"person": person, "by": "b", "run_by": "r", **said})


def granted(person: str, role: str, **said) -> Change:
    """
    Return the fact that a person holds a role.
    """
    said = {"person": person, "by": "b", "run_by": "r", "role": role, **said}
    return Change("granted", **said)


def revoked(person: str, role: str, **said) -> Change:
    """
    Return the fact that a person holds a role no more.
    """
    return granted(person, role, **said)._replace(event="revoked")


def people(*facts: Change, solo: bool = False) -> People:
    """
    Return the people after some facts.
    """
    found = People(solo=solo)
    for fact in facts:
        found = persons.evolve(found, fact)
    return found


# --- names ----------------------------------------------------------------------------

ONE_NAME = [
    "ann-obrien",
    "Ann  O'Brien",
    "ANN OBRIEN",
    "ann.o.brien",
    " ann_obrien ",
    "AnnO\u2019Brien",
    "ann\u00adobrien",
    "ann\u200bobrien",
    "\u202eann obrien",
    "\uff21\uff4e\uff4e \uff2f\uff42\uff52\uff49\uff45\uff4e",
    "\U0001d41a\U0001d427\U0001d427 obrien",
    "ann/o/brien\n",
]


@pytest.mark.parametrize("name", ONE_NAME)
def test_ways_to_write_ones_own_name_are_one(name):
    """
    Case, spaces, punctuation, what is not seen, full width and other forms of letters
    make nobody another person.
    """
    assert normal(name) == "annobrien"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jos\u00e9", "Jose\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("agent-1187", "AGENT 1187"),
        ("agent-1187", "agent \u2460\u2460\u2467\u2466"),
        ("\ufb01nn", "finn"),
        ("\u00c5sa", "A\u030asa"),
        ("\u212bsa", "\u00e5SA"),
        ("\u0130", "i\u0307"),
        ("\u1100-\u1161", "\uac00"),
    ],
)
def test_other_alphabets_as_well(one, other):
    """
    Composed and decomposed forms, ligatures, circled digits, letters of two letters,
    and those that compose once what stood between them is gone.
    """
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann", "anne"),
        ("agent-1", "agent-11"),
        ("jose", "jos\u00e9"),
        ("ann", "\u0430nn"),
        ("a1", "al"),
    ],
)
def test_other_names_stay_others(one, other):
    """
    What has other letters, or other digits, is another name; one that only looks the
    same is nobody's, as an id is ASCII.
    """
    assert normal(one) != normal(other)


@pytest.mark.parametrize("name", ["", " ", "-._/", "\u200b", "'\u2019", "\u0301"])
def test_no_letter_is_no_name(name):
    """
    What has no letter and no digit names nobody.
    """
    assert normal(name) == ""
    assert people(joined("ann")).find(name) is None


@holds_for(st.text())
def test_the_form_of_a_form_is_itself(name):
    """
    It has letters and digits alone, and composing or taking it apart changes nothing.
    """
    form = normal(name)

    assert normal(form) == form
    assert form == "" or form.isalnum()
    for way in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normal(unicodedata.normalize(way, name)) == normal(
            unicodedata.normalize("NFKC", name)
        )


# --- roles ----------------------------------------------------------------------------

CASE = "agent supervisor"
MATRIX = {
    "filed": CASE,
    "classified": CASE,
    "determined": CASE,
    "disrupted": CASE,
    "dismantled": CASE,
    "transferred": CASE,
    "reopened": CASE,
    "approved": "panel",
    "returned": "panel",
    "published": "publisher",
    "retracted": "publisher",
    "marked": "auditor supervisor publisher",
    "asserted": "auditor supervisor publisher",
    "withdrawn": "auditor supervisor publisher",
    "waived": "supervisor",
    "categorized": "supervisor",
    "defined": "supervisor publisher",
    "retired": "supervisor publisher",
    "proposed": "corrector",
    "amended": "corrector",
    "agreed": "approver",
    "rejected": "approver",
    "recalled": "corrector approver",
    "framed": "auditor",
    "drawn": "auditor",
    "spared": "auditor",
    "examined": "auditor",
    "settled": "auditor",
    "requested": "agent supervisor",
    "cited": "agent supervisor",
    "declined": "agent supervisor",
    "recommended": "auditor",
    "responded": "supervisor",
    "scheduled": "supervisor",
    "completed": "supervisor",
    "closed": "auditor",
    "keyed": "supervisor publisher",
    "distrusted": "supervisor publisher",
    "checkpointed": "supervisor publisher",
    "restored": "supervisor",
    "entrusted": "supervisor publisher",
    "cosigned": "auditor supervisor publisher",
    "summarized": "publisher",
}
"""Which roles may, as docs/people.md has it."""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", [*MATRIX, *sorted(PROPOSED_ONLY)])
def test_each_act_takes_its_roles(act, role):
    """
    Whoever holds one of them may; whoever holds all others may not.
    """
    others = [granted("ben", each) for each in ROLES if each != role]
    held = people(joined("ann"), granted("ann", role), joined("ben"), *others)

    if act in PROPOSED_ONLY:
        with pytest.raises(DirectCorrectionError, match="`scr correct propose`"):
            persons.permit(held, act, "ann", "r")
    elif role in MATRIX[act].split():
        assert persons.permit(held, act, " Ann", "r") == "ann"
    else:
        with pytest.raises(LacksRoleError, match="ann may not do this"):
            persons.permit(held, act, "ann", "r")


def test_every_event_has_been_thought_of():
    """
    It takes roles, or is a correction, or has rules of its own, or loads history.
    """
    events = [
        cls.model_fields["event"].annotation.__args__[0] for cls in TOPICS.values()
    ]
    own = {"joined", "granted", "revoked"}
    free = {"opened", "imported"}

    assert {*MATRIX} == {*ACTS}
    assert {*events} == {*ACTS, *PROPOSED_ONLY, *own, *free}
    assert len({*ACTS} | PROPOSED_ONLY) == len(ACTS) + len(PROPOSED_ONLY)


@pytest.mark.parametrize(
    ("by", "account", "error", "words"),
    [
        ("zoe", "r", NotAPersonError, "zoe is no person of this ledger; it takes the"),
        ("", "r", NotAPersonError, "'' is no person"),
        ("\u0430nn", "ann-acct", NotAPersonError, "is no person"),
        (
            "ben",
            "r",
            LacksRoleError,
            "ben may not do this; it takes the role panel: ann",
        ),
        ("ann", "r", ImpersonationError, "ann acts from another account than r, which"),
        ("A N N", "r", ImpersonationError, "A N N acts from another account"),
        ("ben", "ann-acct", AccountOfAnotherError, "is that of ann, not of ben"),
    ],
)
def test_who_may_not_is_told_who_may(by, account, error, words):
    """
    By a refusal with a name, with the roles it takes and those who hold one.
    """
    held = people(
        joined("ann", account="ann-acct"), granted("ann", "panel"), joined("ben")
    )

    with pytest.raises(error, match=re.escape(words)) as told:
        persons.permit(held, "approved", by, account)
    assert str(told.value).endswith("it takes the role panel: ann")
    assert told.value.exit_code == 5
    assert persons.permit(held, "approved", "ANN", "ann-acct") == "ann"


def test_a_refusal_names_ten_at_most():
    """
    Then how many more; and where nobody holds the role, it says that.
    """
    many = [f"p{number:02}" for number in range(12)]
    facts = [fact for one in many for fact in (joined(one), granted(one, "panel"))]

    with pytest.raises(NotAPersonError, match=r"panel: p00, .*, p09 and 2 more$"):
        persons.permit(people(*facts), "approved", "zoe", "r")
    with pytest.raises(LacksRoleError, match="role publisher, which nobody holds"):
        persons.permit(people(joined("ann")), "published", "ann", "r")


def test_where_four_eyes_are_off_everybody_may():
    """
    In a ledger without persons, and in one that is solo; the name stays as it is.
    """
    for nobody in (people(), people(joined("ann"), solo=True)):
        assert not nobody.four_eyes
        for act in (*ACTS, *PROPOSED_ONLY):
            assert persons.permit(nobody, act, " Z ", "r") == " Z "
    assert people(joined("ann")).four_eyes


def test_how_an_act_is_tied_to_a_person():
    """
    Bound by the account on record; asserted without; unknown of nobody.
    """
    held = people(joined("ann", account="one"), joined("ben"))

    assert identity_of(held, "Ann", "one") == "bound"
    assert identity_of(held, "ann", "two") == "asserted"
    assert identity_of(held, "ben", "one") == "asserted"
    assert identity_of(held, "zoe", "one") == "unknown"


# --- facts about people --------------------------------------------------------------

SOME = (
    joined("ann", account="one"),
    joined("ben"),
    granted("ann", "agent"),
    granted("ben", "supervisor"),
)
REFUSED = [
    ([], joined("--", by="ben"), UnnamableError, "no letter and no digit"),
    (SOME, joined("AN.N", by="ben"), PersonTakenError, "AN.N is ann, who is on record"),
    (SOME, joined("c", by="ben", account="one"), AccountTakenError, "that of ann"),
    (SOME, joined("c", by="ben", account="r"), AccountTakenError, "that of ben"),
    (SOME, granted("ann", "agent", by="ben"), RoleHeldError, "role agent already"),
    (SOME, granted("zoe", "agent", by="ben"), NoSuchPersonError, "no person zoe"),
    (SOME, granted("Ann", "panel", by="ben"), NoSuchPersonError, "no person Ann"),
    (
        SOME,
        revoked("ann", "panel", by="ben"),
        RoleNotHeldError,
        "not hold the role pan",
    ),
    (SOME, revoked("ben", "supervisor", by="ben"), LastSupervisorError, "only superv"),
    (SOME, joined("c"), NotAPersonError, "b is no person"),
    (SOME, joined("c", by="ann", run_by="one"), LacksRoleError, "supervisor: ben"),
    (
        SOME,
        joined("c", by="ben", run_by="one"),
        AccountOfAnotherError,
        "is that of ann",
    ),
    (SOME[:3], joined("c", by="ann"), ImpersonationError, "ann acts from another acc"),
    (
        SOME,
        granted("ann", "panel", by="ann", run_by="one"),
        LacksRoleError,
        "ann may n",
    ),
]


@pytest.mark.parametrize(("held", "fact", "error", "words"), REFUSED)
def test_what_is_refused(held, fact, error, words):
    """
    A rule each, by a class with its name.
    """
    with pytest.raises(error, match=re.escape(words)):
        persons.refuse(people(*held), fact)


def test_a_solo_ledger_has_nobody():
    """
    Nothing is recorded of people there.
    """
    with pytest.raises(SoloLedgerError, match="--solo"):
        persons.refuse(people(solo=True), joined("ann"))


def test_anybody_begins():
    """
    Until somebody is a supervisor anybody adds and grants, also to themselves.
    """
    nobody = people()
    for fact in (joined("ann"), joined("ben", by="ann"), granted("ann", "panel")):
        persons.refuse(nobody, fact)
        nobody = persons.evolve(nobody, fact)
    persons.refuse(nobody, granted("ann", "supervisor", by="ann"))


def test_a_supervisor_may_end_being_one_where_there_is_another():
    """
    Only the last one stays.
    """
    two = people(*SOME, granted("ann", "supervisor"))

    persons.refuse(two, revoked("ben", "supervisor", by="ben"))


@holds_for(changes())
def test_folding_gives_what_a_slow_model_gives(facts):
    """
    Of what may follow, the last fact about a role decides; no two have one account, and
    once there is a supervisor there is always one.
    """
    kept, held = [], people()
    for fact in facts:
        try:
            persons.refuse(held, fact)
        except (PeopleError, NoSuchPersonError):
            pass
        else:
            before = held.holders(("supervisor",))
            assert not before or fact.by in before
            held = persons.evolve(held, fact)
            kept.append(fact)
            assert not before or held.holders(("supervisor",))

    assert {one.id: {*one.roles} for one in held.persons.values()} == roles_of(kept)
    accounts = [one.account for one in held.persons.values() if one.account]
    assert len(accounts) == len({*accounts})
    assert all(key == normal(one.id) for key, one in held.persons.items())
