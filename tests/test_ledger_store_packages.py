"""Correction packages: decided, and carried out, under one lock."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from ledger.errors import (
    FaultyPackageError,
    FieldError,
    NoSuchPackageError,
    NotAnAuthorError,
    PackageChangedError,
    PackageDecidedError,
    PackagesOwnError,
    SelfApprovalError,
)
from ledger.reader import open_log
from tests import ledgers, taxonomies
from tests.commandline import HISTORY, filed, line
from tests.ledgers import Clock
from tests.packages import (
    NO_HASH,
    agree,
    counts,
    hash_now,
    head,
    item,
    lines,
    merger,
    propose,
    record,
    turn_down,
    two_people,
    verified,
)


@pytest.fixture
def path(tmp_path, monkeypatch) -> str:
    """
    A ledger of four SCRs in which two people are asked for.
    """
    two_people(monkeypatch)
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, HISTORY)
    return path


def faults(path, *items, **said) -> tuple[str, ...]:
    """
    Return the faults for which items are not proposed; nothing is recorded.
    """
    before = head(path)
    with pytest.raises(FaultyPackageError) as told:
        propose(path, *items, **said)
    assert head(path) == before
    return told.value.lines


def content(path, package="C-1") -> dict:
    """
    Return what the last proposal or amendment of a package says.
    """
    with open_log(path) as log:
        rows = log.stream(f"correction/{package}", log.head)
    said = [json.loads(row.payload) for row in rows]
    return next(one["content"] for one in reversed(said) if "content" in one)


VOID = item("voided")
REDATED = item("redated", outcome="D1", day="2019-10-02")


# --- proposing ----------------------------------------------------------------


def test_packages_are_numbered(path):
    """
    Each proposal is a package of its own, by number and not by code point.
    """
    told = [propose(path, VOID).package for _ in range(11)]

    assert told == [f"C-{number}" for number in range(1, 12)]


def test_items_are_decided_one_after_another(path):
    """
    An item may rest on the one before it, of the same SCR or of another one.
    """
    told = propose(
        path,
        item("voided", duplicate_of="SCR-2"),
        item("reinstated"),
        item("voided", "SCR-2", duplicate_of="SCR-1"),
        item("classified", "SCR-3", category="gangs", subcategory="s"),
        item("reclassified", "SCR-3", category="fraud", subcategory="s"),
    )

    assert told == ("C-1", head(path), 0)
    (only,) = faults(path, item("reinstated"), VOID)
    assert only.startswith("item 1: SCR-1: event: SCR-1 is not voided")
    (only,) = faults(path, VOID, REDATED)
    assert only.startswith("item 2: SCR-1: event: SCR-1 is voided")
    (only,) = faults(
        path,
        item("voided", duplicate_of="SCR-2"),
        item("voided", "SCR-2", duplicate_of="SCR-1"),
    )
    assert only.startswith("item 2: SCR-2: event: ")


def test_a_faulty_item_is_none_for_those_after_it(path):
    """
    What is refused is not taken, so only what is wrong in itself is listed.
    """
    assert len(faults(path, item("voided", extra="x"), REDATED)) == 1


# Items, and for each of their faults what it says.
FAULTY = [
    ([item("filed", case_number="C", office="O")], ["event: is none a package brings"]),
    ([item("disrupted", outcome="D9")], ["event: is none a package brings"]),
    ([{"scr": "SCR-1"}], ["event: is none a package brings"]),
    ([item("")], ["event: is none a package brings"]),
    *(
        ([{**VOID, field: "x"}], [f"{field}: is set by the ledger in a package"])
        for field in ("known_at", "by", "correction", "recorded_by", "command_id")
    ),
    ([item("voided", "SCR-9")], ["SCR-9: event: SCR-9 is not filed yet"]),
    ([{"event": "voided"}], ["scr: "]),
    ([item("voided", office="X")], ["office: is not a field of this event"]),
    ([item("voided", day="2019-02-30")], ["effective_on: "]),
    ([item("redated")], ["outcome: "]),
    ([item("redated", outcome="D9")], ["event: SCR-1 has no outcome D9"]),
    ([item("voided", note="")], ["note: must be text of 1 to 2,000 characters"]),
    ([item("voided", note="a\x1bb")], ["note: must be text of 1 to 2,000 characters"]),
    ([item("voided", note="x" * 2001)], ["note: must be text"]),
    ([item("voided", "SCR-1\ud800")], [""]),
    ([item("transferred", office="x" * 201)], ["office: must be text of 1 to 200"]),
    ([{**VOID, "": "x"}], [": is not a field of this event"]),
    ([merger("O-1", "O-1")], ["event: O-1 names itself"]),
    (
        [merger("O-1", "O-2"), merger("O-2", "O-1")],
        ["item 2: O-2: event: O-1 already leads to O-2"],
    ),
    (
        [item("voided", "SCR-9"), item("voided", note=""), item("determined"), VOID],
        ["item 1: SCR-9", "item 2: SCR-1: note", "item 3: ", "item 3: "],
    ),
]


@pytest.mark.parametrize(("items", "words"), FAULTY)
def test_all_faults_are_listed(path, items, words):
    """
    Each says which item, which SCR, which field and which rule; nothing is recorded.
    """
    told = faults(path, *items)

    assert len(told) == len(words)
    for fault, said in zip(told, words, strict=True):
        assert fault.startswith("item ")
        assert said in fault


def test_the_first_hundred_faults_are_listed(path):
    """
    And how many there are.
    """
    with pytest.raises(FaultyPackageError, match="130") as told:
        propose(path, *[item("voided", f"SCR-{n}") for n in range(10, 140)])
    assert len(told.value.lines) == 100
    assert told.value.count == 130


ANOMALOUS = [
    item("redated", outcome="D1", day="2018-09-01"),
    item("voided", day="2999-01-01"),
    item("voided", duplicate_of="SCR-404"),
    item("rescinded", outcome="D1"),
    item("reclassified", "SCR-3", category="gangs", subcategory="s"),
    item("redetermined", "SCR-3", association="no", transnational="no"),
    merger("O-1", "O-2", effective_on="2999-01-01"),
]


@pytest.mark.parametrize("one", ANOMALOUS)
def test_an_anomaly_needs_a_reason(path, one):
    """
    What a live command would have to be forced to is forced here too, item by item.
    """
    (told,) = faults(path, one)
    assert told.endswith("; say why in `forced` if it is so")

    propose(path, {**one, "forced": "it is so"})
    agree(path)
    assert lines(path)[-1]["forced"] == "it is so"
    assert verified(path) == ()


def test_a_category_has_to_be_in_the_taxonomy(path):
    """
    Once one is loaded.
    """
    one = item("classified", category="piracy", subcategory="s")
    propose(path, one)
    taxonomies.put(path, taxonomies.body("gangs"))

    (told,) = faults(path, one)
    assert "taxonomy" in told
    with pytest.raises(FaultyPackageError):
        agree(path, "C-1")


def test_what_an_item_leaves_out_is_completed(path):
    """
    The day is that of proposing in the ledger's zone, the reason the package's.
    """
    clock = Clock()
    clock.now = clock.now.replace(year=2025, month=3, hour=3)
    bare = {"scr": "SCR-1", "event": "voided"}
    other = {"scr": "SCR-2", "event": "voided", "reason": "its own"}
    plain = {"scr": "SCR-3", "event": "classified", "category": "c", "subcategory": "s"}
    propose(path, bare, other, plain, clock=clock)

    assert content(path)["items"] == [
        {**bare, "effective_on": "2025-03-01", "reason": "as found"},
        {**other, "effective_on": "2025-03-01"},
        {**plain, "effective_on": "2025-03-01"},
    ]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"reason": " "}, "--reason must be text"),
        ({"reason_code": "because"}, "--reason-code must be audit-finding"),
        ({"evidence": [""]}, "--evidence must be text"),
        ({"evidence": ["ok", "x" * 201]}, "--evidence must be text"),
        ({"by": ""}, "--by must be text"),
    ],
)
def test_what_a_package_says_is_checked(path, said, words):
    """
    Which option is wrong is named.
    """
    before = head(path)

    with pytest.raises(FieldError, match=words):
        propose(path, VOID, **said)
    assert head(path) == before


def test_a_rehearsal_records_nothing(path):
    """
    It decides all the same.
    """
    before = head(path)

    assert propose(path, VOID, dry_run=True).package == "C-1"
    assert head(path) == before
    propose(path, VOID)
    assert agree(path, dry_run=True) == ("C-1", before + 2, 1)
    assert head(path) == before + 1


# --- agreeing -----------------------------------------------------------------


def test_agreement_and_facts_stand_right_behind_each_other(path):
    """
    In the order of the items, at one moment, each naming package and proposer.
    """
    before = head(path)
    two = item("classified", "SCR-3", category="gangs", subcategory="s")
    propose(path, REDATED, VOID, two)
    told = agree(path, by="bob")

    with open_log(path) as log:
        rows = list(log.rows(before + 1, log.head))
    assert told == ("C-1", before + 2, 3)
    assert [row.topic for row in rows] == [
        "ledger.agreed/1",
        "scr.redated/1",
        "scr.voided/1",
        "scr.classified/1",
    ]
    assert {row.recorded_at for row in rows} == {rows[0].recorded_at}
    said = [json.loads(row.payload) for row in rows]
    assert (said[0]["facts"], said[0]["by"], said[0]["four_eyes"]) == (3, "bob", True)
    for one in said[1:]:
        assert (one["by"], one["correction"]) == ("ann", "C-1")
        assert "known_at" not in one
    assert verified(path) == ()


def test_a_package_that_nobody_agrees_to_changes_no_count(path):
    """
    Proposed, amended, rejected or withdrawn, it is ignored by every figure.
    """
    before = counts(path)
    for package, recall in (("C-1", False), ("C-2", True)):
        propose(path, VOID)
        propose(path, REDATED, amends=package, by="cy")
        assert counts(path) == before
        turn_down(path, package, by="ann" if recall else "bob", recall=recall)
        assert counts(path) == before
    assert verified(path) == ()


# What happens after the look, and whether the hash that was looked at still holds.
MEANWHILE = {
    "nothing": (lambda _: None, True),
    "another SCR": (lambda path: record(path, "reopened", "SCR-3", reason="r"), True),
    "this SCR": (lambda path: record(path, "reopened", reason="r"), False),
    "its original": (
        lambda path: record(path, "reopened", "SCR-2", reason="r"),
        False,
    ),
    "an import about it": (
        lambda path: ledgers.load(
            path, line("SCR-1", "reopened", "2019-05-01", reason="r")
        ),
        False,
    ),
    "an amendment": (lambda path: propose(path, REDATED, amends="C-1", by="cy"), False),
    "the same again": (
        lambda path: propose(
            path, item("voided", duplicate_of="SCR-2"), amends="C-1", by="cy"
        ),
        True,
    ),
    "another package": (
        lambda path: (propose(path, item("voided", "SCR-4")), agree(path, "C-2")),
        True,
    ),
    "another package about it": (
        lambda path: (propose(path, REDATED), agree(path, "C-2")),
        False,
    ),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_agreement_is_to_what_was_looked_at(path, meanwhile):
    """
    If the package or an SCR it touches changed since, nothing is recorded.
    """
    happens, holds = MEANWHILE[meanwhile]
    propose(path, item("voided", duplicate_of="SCR-2"))
    seen = hash_now(path)
    happens(path)
    before = head(path), lines(path)

    if holds:
        assert agree(path, hash_=seen).facts == 1
        return
    with pytest.raises(PackageChangedError, match="scr correct preview C-1"):
        agree(path, hash_=seen)
    assert (head(path), lines(path)) == before


def test_nobody_agrees_to_or_rejects_their_own(path):
    """
    Nor does who amended it; and only who is an author takes it back.
    """
    propose(path, VOID)
    propose(path, REDATED, amends="C-1", by="cy")
    before = head(path)

    for name in ("ann", " ANN", "A.N.N.", "cy", "Cy"):
        with pytest.raises(SelfApprovalError):
            agree(path, by=name)
        with pytest.raises(SelfApprovalError):
            turn_down(path, by=name, recall=False)
    with pytest.raises(NotAnAuthorError, match="scr correct reject"):
        turn_down(path, by="bob", recall=True)
    assert head(path) == before
    turn_down(path, by="CY", recall=True)


def test_one_person_alone_may_do_all_of_it(path, monkeypatch):
    """
    Where four eyes are off that is kept with the agreement.
    """
    monkeypatch.undo()
    propose(path, VOID)
    told = agree(path, by="ann")

    with open_log(path) as log:
        (row,) = log.rows(told.position - 1, told.position)
    assert json.loads(row.payload)["four_eyes"] is False
    assert verified(path) == ()


@pytest.mark.parametrize("end", ["agreed", "rejected", "recalled"])
def test_what_is_decided_stays_so(path, end):
    """
    Nothing follows an agreement, a rejection or a withdrawal.
    """
    propose(path, VOID)
    if end == "agreed":
        agree(path)
    else:
        turn_down(
            path, by="ann" if end == "recalled" else "bob", recall=end != "rejected"
        )
    before = head(path)

    for attempt in (
        lambda: propose(path, item("voided", "SCR-2"), amends="C-1"),
        lambda: agree(path, hash_=NO_HASH),
        lambda: turn_down(path, by="bob", recall=False),
        lambda: turn_down(path, by="ann", recall=True),
    ):
        with pytest.raises(PackageDecidedError, match=f"C-1 is {end} already"):
            attempt()
    assert head(path) == before


@pytest.mark.parametrize("name", ["C-7", "C-0", "c-1", "", "C-1\udcff", "C-1\n"])
def test_a_package_that_is_none(path, name):
    """
    Whoever asks for it is told that there is none.
    """
    propose(path, VOID)

    for attempt in (
        lambda: propose(path, VOID, amends=name),
        lambda: agree(path, name, hash_=NO_HASH),
        lambda: turn_down(path, name, by="bob", recall=False),
        lambda: turn_down(path, name, by="ann", recall=True),
    ):
        with pytest.raises(NoSuchPackageError):
            attempt()


def test_what_cannot_be_carried_out_any_more_is_refused_whole(path):
    """
    An item that the SCR's further history forbids keeps all the others out.
    """
    propose(path, item("voided", "SCR-4"), REDATED)
    record(path, "reversed", outcome="D1", reason="r")
    before = head(path), lines(path)

    with pytest.raises(FaultyPackageError) as told:
        agree(path)
    assert told.value.lines[0].startswith("item 2: SCR-1")
    assert (head(path), lines(path)) == before


def test_a_live_fact_does_not_pass_for_a_packages_own(path):
    """
    Whether there is a package of that name yet or not; what names none is free text.
    """
    record(path, "reopened", reason="r", correction="ticket 7")
    with pytest.raises(PackagesOwnError):
        record(path, "reopened", reason="r", correction="C-1")
    propose(path, VOID)

    with pytest.raises(PackagesOwnError):
        record(path, "reopened", reason="r", correction="C-1")
    assert verified(path) == ()


# --- mergers, and undoing -----------------------------------------------------

TWO_ORGANIZATIONS = "".join(
    filed(scr)
    + line(
        scr,
        "determined",
        "2018-10-03",
        association="yes",
        transnational="yes",
        organization=organization,
    )
    + line(scr, "approved", "2018-10-04")
    + line(scr, "disrupted", "2019-03-04", outcome="D1")
    for scr, organization in (("SCR-5", "O-1"), ("SCR-6", "O-2"))
)


def test_mergers_go_the_same_way(path):
    """
    Two organizations are one once it is agreed to, and again two by another package.
    """
    ledgers.load(path, TWO_ORGANIZATIONS)

    def organizations() -> int:
        found = counts(path, range(2019, 2020))
        return found["organizations-tco", 2019]

    assert organizations() == 2
    propose(path, merger("O-1", "O-2"))
    agree(path)
    assert organizations() == 1
    propose(path, {"organization": "O-1", "event": "unmerged"})
    agree(path, "C-2")
    assert organizations() == 2
    assert verified(path) == ()


UNDONE = [
    (item("voided"), item("reinstated")),
    (item("redated", outcome="D1", day="2019-10-02"), item("redated", outcome="D1")),
    (
        item("redetermined", association="no", transnational="no"),
        item("redetermined", association="yes", transnational="yes"),
    ),
    (
        item("reclassified", category="fraud", subcategory="s"),
        item("reclassified", category="gangs", subcategory="s"),
    ),
    (item("rescinded"), item("approved")),
]


@pytest.mark.parametrize(("does", "undoes"), UNDONE)
def test_a_correction_is_undone_by_another(path, does, undoes):
    """
    Every figure is as before, and both corrections stay in the record.
    """
    before = counts(path)
    length = len(lines(path))
    propose(path, does)
    agree(path)
    propose(path, undoes, by="bob")
    agree(path, "C-2", by="ann")

    assert counts(path) == before
    assert [one["correction"] for one in lines(path)[length:]] == ["C-1", "C-2"]
    assert verified(path) == ()


def test_the_clock_never_goes_back(path):
    """
    Facts of packages carry the moment of agreement, not of the proposal.
    """
    propose(path, VOID)
    record(path, "reopened", "SCR-3", reason="r")
    agree(path)

    recorded = [one["recorded_at"] for one in lines(path)]
    assert all(a <= b for a, b in pairwise(recorded))
    assert lines(path)[-1]["known_at"] == lines(path)[-1]["recorded_at"]
