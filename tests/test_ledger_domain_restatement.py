"""Restatements as data: what goes together, and what they take the place of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain import publication as publications
from ledger.domain import restatement as restatements
from ledger.domain.events import Marked, Retracted, parse_own
from ledger.domain.publication import Counted, canonical, from_json, seal_of
from ledger.domain.restatement import (
    REASONS,
    Change,
    Previously,
    Printing,
    Supersedes,
    statuses_of,
)
from ledger.errors import (
    AlreadyRetractedError,
    NoSuchFigureError,
    NoSuchPublicationError,
)
from projections.reconcile import CAUSES
from tests.restatements import GONE, HASH, LATE, figure, plain

GOLDEN = Path(__file__).parents[1] / "fixtures" / "golden"
DEFINED = Change("definition", -2, 0, 2, "tco-no")


def test_a_restatement_is_kept_and_read_back():
    """
    What is hashed gives the same restatement again, with every part of it.
    """
    rate = figure(
        previously=Previously("dd-all", 1, 2, 3),
        denominator=4,
        denominator_sha256=HASH,
        denominator_changes=(LATE,),
    )
    for one in (plain(), plain(rate)):
        assert not list(publications.disagreements(one))
        assert from_json(json.loads(canonical(one))) == one


def test_the_bytes_of_a_restatement_are_pinned():
    """
    The seal of a plain one is what it was when restatements were new.
    """
    assert seal_of(plain()) == (
        "eff25a35168c0f78f9fe2fefdcb4697f8409008189e19a2ffb4ac099d0c8ae88"
    )


def test_publications_that_restate_nothing_keep_their_bytes():
    """
    What was sealed before there were restatements has the same seal.
    """
    fields = json.loads((GOLDEN / "ledger.published.1.json").read_bytes())
    one = from_json(fields["content"])

    assert seal_of(one) == fields["seal"]
    assert not {"supersedes", "reason"} & set(publications.as_json(one))


def test_every_cause_of_a_reconciliation_has_a_reason():
    """
    The list is that of the reconciliation, and what was printed otherwise.
    """
    plain_facts = {"late-information", "duplicate", "definition", "printed-otherwise"}

    assert set(REASONS) == set(CAUSES.values()) | plain_facts
    assert set(REASONS.values()) == set(publications.STATUSES)


@holds_for(st.lists(st.sampled_from([*REASONS]), unique=True))
def test_all_reasons_are_told_in_order(causes):
    """
    A figure's statuses are those of everything that came or went, in one order.
    """
    changes = [Change(cause, 0, 1, 1) for cause in causes]

    told = statuses_of(changes)

    assert set(told) == {REASONS[cause] for cause in causes}
    assert list(told) == sorted(told, key=publications.STATUSES.index)


WRONG = [
    (plain(kind="computed"), "names what it supersedes"),
    (plain(supersedes=None), "names what it supersedes"),
    (plain(reason=None), "names what it supersedes"),
    (plain(gate=None), "went through a gate"),
    (plain(figure(previously=None)), "only a restatement says"),
    (plain(figure(changes=None)), "only a restatement says"),
    (plain(figure(statuses=None)), "only a restatement says"),
    (plain(figure(changes=(LATE,), statuses=("late-data",))), "do not add up"),
    (plain(figure(previously=Previously("dd-all", 1, 3))), "do not add up"),
    (plain(figure(changes=(LATE, LATE, GONE, GONE))), "named twice"),
    (plain(figure(changes=(LATE._replace(went=1), GONE))), "came less what went"),
    (plain(figure(changes=(LATE, GONE, Change("voiding", 0, 0, 0)))), "came less"),
    (plain(figure(changes=(LATE._replace(part="tco-no"), GONE))), "has parts"),
    (plain(figure(changes=(LATE._replace(cause="definition"), GONE))), "has parts"),
    (plain(figure(statuses=("late-data",))), "statuses are not those"),
    (plain(figure(statuses=("error", "late-data"))), "statuses are not those"),
    (plain(figure(status="error")), "has a status, no other has"),
    (plain(figure(denominator_changes=())), "where there are two"),
    (
        plain(figure(previously=Previously("dd-all", 1, 2, 3), denominator=4)),
        "where there are two",
    ),
]


@pytest.mark.parametrize(("one", "words"), WRONG)
def test_what_does_not_go_together_is_said(one, words):
    """
    One sentence for what in a restatement does not agree with the rest of it.
    """
    assert any(words in why for why in publications.disagreements(one))


# --- among others ---------------------------------------------------------------------

SHOWN = {("dd-all", 2019): Previously("dd-all", 1, 2)}
BEFORE = {"APR": Printing(HASH, SHOWN)}


def test_a_restatement_that_is_in_its_place():
    """
    It shows what the superseded one does, and takes its place.
    """
    one = plain()

    assert not list(restatements.misplaced(one, BEFORE))
    after = BEFORE | restatements.published(BEFORE, one, "seal")
    assert after["APR"].superseded_by == "APR-R1"
    assert after["APR-R1"].figures == SHOWN


MISPLACED = [
    (plain(), {}, "none of that name and seal"),
    (plain(supersedes=Supersedes("APR", "f" * 64)), BEFORE, "none of that name and"),
    (plain(), {"APR": BEFORE["APR"]._replace(superseded_by="X")}, "X does so already"),
    (
        plain(figure(fiscal_year=2020)),
        BEFORE,
        "not those of APR, one for one",
    ),
    (
        plain(figure(), figure(measure="m", fiscal_year=2019)),
        BEFORE,
        "not those of APR, one for one",
    ),
    (
        plain(figure(previously=Previously("dd-all", 2, 2))),
        BEFORE,
        "says otherwise than APR",
    ),
    (
        plain(figure(previously=Previously("dd-all", 1, 9))),
        BEFORE,
        "says otherwise than APR",
    ),
]


@pytest.mark.parametrize(("one", "before", "words"), MISPLACED)
def test_what_is_out_of_its_place_is_said(one, before, words):
    """
    It supersedes what is before it, once, and says of it what it shows.
    """
    assert any(words in why for why in restatements.misplaced(one, before))


# --- said of it later -----------------------------------------------------------------


def marked(**said) -> Marked:
    """
    Return a floor of a figure.
    """
    fields = {
        "event": "marked",
        "publication": "APR",
        "measure": "dd-all",
        "fiscal_year": 2019,
        "at_least": 1,
        "basis_of": "a sample",
        "reason": "r",
        "by": "a",
        "run_by": "b",
    }
    return parse_own(Marked, {**fields, **said})


def retracted(name: str = "APR") -> Retracted:
    """
    Return a withdrawal.
    """
    fields = {"event": "retracted", "publication": name, "reason": "r"}
    return parse_own(Retracted, {**fields, "by": "a", "run_by": "b"})


def test_a_floor_is_of_a_figure():
    """
    The publication is there, and the figure is one of its.
    """
    restatements.refuse(BEFORE, marked())
    with pytest.raises(NoSuchPublicationError):
        restatements.refuse(BEFORE, marked(publication="X"))
    for said in ({"measure": "dd-tco"}, {"fiscal_year": 2020}):
        with pytest.raises(NoSuchFigureError, match="it has dd-all FY2019"):
            restatements.refuse(BEFORE, marked(**said))
    assert restatements.said(BEFORE, marked()) == {}


def test_a_publication_is_withdrawn_once():
    """
    A second withdrawal is refused, and one of what is not there.
    """
    restatements.refuse(BEFORE, retracted())
    after = BEFORE | restatements.said(BEFORE, retracted())
    with pytest.raises(AlreadyRetractedError):
        restatements.refuse(after, retracted())
    with pytest.raises(NoSuchPublicationError):
        restatements.refuse(after, retracted("X"))


def test_of_what_is_printed_the_figure_shown_counts():
    """
    Where a document printed otherwise than the ledger gives, that is what it shows.
    """
    one = plain(figure(printed=7), definitions=(Counted("dd-all", 4, HASH),))

    assert restatements.printing_of(one, "s").figures == {
        ("dd-all", 2019): Previously("dd-all", 4, 7)
    }
