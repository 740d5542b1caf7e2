"""Correction packages: which fact may follow which, and what an agreement names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.domain import package as packages
from ledger.domain.events import (
    CASE_CLASSES,
    Agreed,
    Amended,
    PackageBody,
    Proposed,
    Recalled,
    Rejected,
    parse_own,
)
from ledger.errors import (
    LedgerError,
    NoSuchPackageError,
    PackageChangedError,
    PackageDecidedError,
    SelfApprovalError,
)
from tests.packages import NO_HASH, item, merger

LENGTHS = {"scr/SCR-1": 3}


def content(*items: dict, **said) -> PackageBody:
    """
    Return what a package says.
    """
    given = {"items": list(items) or [item("voided", reason="r")]}
    return PackageBody(**{**given, "reason_code": "other", "reason": "r", **said})


FIRST, SECOND = content(), content(reason="another")


def right_hash(body: PackageBody = FIRST) -> str:
    """
    Return the hash of what stands.
    """
    return packages.hash_of("C-1", body, LENGTHS)


def fact(cls, by="bob", **said):
    """
    Return a fact of the package C-1.
    """
    event = cls.topic.partition(".")[2].partition("/")[0]
    common = {"event": event, "package": "C-1", "by": by, "run_by": "root"}
    return parse_own(cls, {**common, **said})


def proposed(by="ann", body=FIRST):
    """
    Return the fact that proposes it.
    """
    return fact(Proposed, by, content=body.model_dump(exclude_none=True))


def amended(by="cy", body=SECOND):
    """
    Return a fact that amends it.
    """
    return fact(Amended, by, content=body.model_dump(exclude_none=True))


def agreed(by="bob", body=FIRST, **said):
    """
    Return the fact that agrees to it.
    """
    given = {"hash": right_hash(body), "facts": 1, "four_eyes": True}
    return fact(Agreed, by, **{**given, **said})


REJECTED = fact(Rejected, reason="no")
RECALLED = fact(Recalled, "ann", reason="no")
ENDS = {"agreed": agreed(), "rejected": REJECTED, "recalled": RECALLED}


def held(*facts) -> packages.Package | None:
    """
    Return a package after these facts.
    """
    found = None
    for one in facts:
        found = packages.evolve(found, one)
    return found


def refused(standing, following, *, four_eyes=True) -> type[Exception] | None:
    """
    Return the rule that a fact breaks; None if it may follow.
    """
    try:
        packages.refuse(standing, following, LENGTHS, four_eyes=four_eyes)
    except LedgerError as error:
        return type(error)
    return None


NONE, OPEN = NoSuchPackageError, PackageDecidedError
STATES = {
    "none": held(),
    "proposed": held(proposed()),
    "amended": held(proposed(), amended()),
    **{name: held(proposed(), end) for name, end in ENDS.items()},
}
FOLLOWING = {
    "proposed": proposed(),
    "amended": amended(),
    "agreed": agreed(),
    "agreed to the amendment": agreed(body=SECOND),
    "rejected": REJECTED,
    "recalled": RECALLED,
}
# In each state, what of the above is refused, in that order.
TABLE = {
    "none": (None, NONE, NONE, NONE, NONE, NONE),
    "proposed": (OPEN, None, None, PackageChangedError, None, None),
    "amended": (OPEN, None, PackageChangedError, None, None, None),
    "agreed": (OPEN,) * 6,
    "rejected": (OPEN,) * 6,
    "recalled": (OPEN,) * 6,
}


@pytest.mark.parametrize("state", STATES)
def test_every_fact_in_every_state(state):
    """
    What may follow is what the table says, and a package is decided once.
    """
    told = tuple(refused(STATES[state], one) for one in FOLLOWING.values())

    assert told == TABLE[state]


def test_a_package_evolves():
    """
    An amendment replaces what it says and adds an author; an end only ends it.
    """
    first = packages.Package("C-1", "proposed", FIRST, "ann", ("ann",))

    assert held(proposed()) == first
    after = held(proposed(), amended(), amended("ann", FIRST))
    assert after == first._replace(authors=("ann", "cy", "ann"))
    for name, end in ENDS.items():
        assert held(proposed(), end) == first._replace(state=name)


def test_an_agreement_names_what_stands():
    """
    Another content, another length of a stream or another package has another hash.
    """
    others = [
        packages.hash_of("C-1", SECOND, LENGTHS),
        packages.hash_of("C-2", FIRST, LENGTHS),
        packages.hash_of("C-1", FIRST, {"scr/SCR-1": 4}),
        packages.hash_of("C-1", FIRST, {}),
        packages.content_hash(FIRST),
    ]

    assert len({right_hash(), *others}) == 6
    for digest in (*others, NO_HASH):
        assert refused(held(proposed()), agreed(hash=digest)) is PackageChangedError


def test_the_hash_is_of_rfc_8785_json():
    """
    Anybody can compute it: SHA-256 of the sorted JSON without white space.
    """
    from hashlib import sha256

    said = (
        '{"content":{"evidence":[],"items":[{"effective_on":"2019-03-04",'
        '"event":"voided","reason":"r","scr":"SCR-1"}],"reason":"r",'
        '"reason_code":"other"},"lengths":{"scr/SCR-1":3},"package":"C-1"}'
    )

    assert right_hash() == sha256(said.encode()).hexdigest()


@given(
    st.permutations(
        ["reason", "reason_code", "evidence", "order", "field", "item", "name"]
    )
)
def test_whatever_is_changed_changes_the_hash(order):
    """
    No two of the contents that differ in one thing have the same hash.
    """
    one, two = item("voided", reason="r"), item("voided", "SCR-2", reason="r")
    changed = {
        "reason": content(one, two, reason="s"),
        "reason_code": content(one, two, reason_code="duplicate"),
        "evidence": content(one, two, evidence=["e"]),
        "order": content(two, one),
        "field": content({**one, "reason": "s"}, two),
        "item": content(one),
        "name": content({**one, "note": "r"}, two),
    }
    hashes = {packages.content_hash(changed[name]) for name in order}

    assert len({packages.content_hash(content(one, two)), *hashes}) == len(changed) + 1


@pytest.mark.parametrize(
    ("one", "streams"),
    [
        (item("voided"), ["scr/SCR-1"]),
        (item("voided", duplicate_of="SCR-2"), ["scr/SCR-1", "scr/SCR-2"]),
        (item("determined", organization="O-1"), ["scr/SCR-1"]),
        (merger("O-1", "O-2"), ["organization/O-1", "organization/O-2"]),
        ({"organization": "O-1", "event": "unmerged"}, ["organization/O-1"]),
        ({"event": "voided"}, []),
    ],
)
def test_what_a_package_touches(one, streams):
    """
    Its subjects, and those that a duplicate or a merger leads to; not the organization
    that a determination names, whose history decides nothing about it.
    """
    assert packages.touched(content(one)) == streams
    assert packages.touched(content(one, one)) == streams


def test_what_a_package_brings_are_events():
    """
    Each is an event of a case, and none brings an SCR or an outcome into being.
    """
    events = {cls.topic.partition(".")[2].partition("/")[0] for cls in CASE_CLASSES}

    assert events - {*packages.EVENTS} == {
        "filed",
        "disrupted",
        "dismantled",
        "reopened",
    }
    assert len(packages.EVENTS) == len({*packages.EVENTS})


ONE_NAME = {
    "as it is": "Zoë O'Brien-Muñoz 3",
    "small": "zoë o'brien-muñoz 3",
    "capital": "ZOË O'BRIEN-MUÑOZ 3",
    "spaces": "  Zoë   O'Brien - Muñoz\u00a03 ",
    "no spaces": "ZoëO'Brien-Muñoz3",
    "invisible spaces": "Zoë\u200b O'Brien\u2060-Muñoz\u00ad 3",
    "no punctuation": "Zoë OBrien Muñoz 3",
    "other punctuation": "Zoë.O\u2019Brien_Muñoz/3",
    "NFC": unicodedata.normalize("NFC", "Zoë O'Brien-Muñoz 3"),
    "NFD": unicodedata.normalize("NFD", "Zoë O'Brien-Muñoz 3"),
    "NFKD": unicodedata.normalize("NFKD", "Zoë O'Brien-Muñoz 3"),
    "full width": "\uff3a\uff4f\u00eb \uff2f'\uff22rien\uff0dMu\u00f1oz \uff13",
    "superscript": "Zoë O'Brien-Muñoz \u00b3",
    "direction marks": "\u202eZoë O'Brien-Muñoz 3\u202c",
}


@pytest.mark.parametrize("way", ONE_NAME)
@pytest.mark.parametrize("author", ["proposer", "amender"])
def test_no_way_to_write_ones_own_name_lets_one_agree(way, author):
    """
    Case, spaces, punctuation and Unicode forms make nobody another person.
    """
    own = ONE_NAME["as it is"]
    if author == "proposer":
        standing, body = held(proposed(own)), FIRST
    else:
        standing, body = held(proposed(), amended(own)), SECOND

    following = agreed("bob", body).model_copy(update={"by": ONE_NAME[way]})

    assert refused(standing, following) is SelfApprovalError
    assert refused(standing, agreed("bob", body)) is None


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), st.data())
@example("ß", None)
@example("\u0130", None)
def test_names_written_otherwise_are_the_same_name(name, data):
    """
    Whatever the name, each of its forms is refused as its own.
    """
    standing = packages.Package("C-1", "proposed", FIRST, name, (name,))
    forms = [name, f" {name}", f"{name}.", name.casefold()]
    forms += [unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC")]
    chosen = forms if data is None else [data.draw(st.sampled_from(forms))]
    for form in chosen:
        following = agreed().model_copy(update={"by": form})
        assert refused(standing, following) is SelfApprovalError


def test_a_refusal_says_who_may():
    """
    Whose package it is stands there, and that another approver may agree.
    """
    standing = held(proposed(), amended("cy", FIRST), amended("ann", FIRST))

    with pytest.raises(SelfApprovalError) as told:
        packages.refuse(standing, agreed("Ann"), LENGTHS, four_eyes=True)
    assert str(told.value) == (
        "Ann is an author of package C-1 (ann, cy), and nobody agrees to their own;"
        " let another person with the role approver do it"
    )
    others = {"four_eyes": True, "approvers": [f"p{n}" for n in range(12)]}
    with pytest.raises(SelfApprovalError) as told:
        packages.refuse(standing, agreed("Ann"), LENGTHS, **others)
    assert str(told.value).endswith(
        " do it: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 2 more"
    )


def test_one_person_alone_agrees_to_their_own():
    """
    Where two people are not asked for, the hash is still.
    """
    assert refused(held(proposed()), agreed("ann"), four_eyes=False) is None
    told = refused(held(proposed()), agreed("ann", hash=NO_HASH), four_eyes=False)
    assert told is PackageChangedError


@pytest.mark.parametrize(
    "name",
    [
        "",
        "C-0",
        "C-01",
        "c-1",
        "C-1 ",
        "C-1\n",
        "C-1\udcff",
        "C-1234567890",
        "C-\u0661",
    ],
)
def test_what_no_package_can_be_named(name):
    """
    There is none of such a name, whatever is recorded.
    """
    with pytest.raises(NoSuchPackageError):
        packages.check_name(name)
    packages.check_name("C-1")
    packages.check_name("C-123456789")
