"""Figures and members at any basis, held equal to a slow replay of the contract."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.fiscal import to_micros
from ledger.reader import open_log
from projections import basis as bases_
from projections import building, comparing, counts
from projections.readmodel import open_read_model, path_beside, silent, state
from tests import ledgers, oracle, strategies

if TYPE_CHECKING:
    from projections.basis import Basis
    from tests.strategies import Load

WHERES = (
    ("category", "fraud"),
    ("subcategory", "null"),
    ("office", "SAC Houston"),
    ("program", None),
    ("meets_tco", "yes"),
    ("meets_tco", "unknown"),
    ("meets_tco", "no"),
)


def of_oracle(log, asked: oracle.Basis) -> Basis:
    """
    Return the ledger's own form of an oracle's basis.
    """
    instant = None if asked.instant is None else to_micros(asked.instant)
    return bases_.Basis(
        asked.bound, instant, asked.position, log.root(asked.position).hex()
    )


def agree(model, log, facts, asked: oracle.Basis, question: counts.Question) -> None:
    """
    Assert that figures, members and grade are those of the replay.
    """
    basis = of_oracle(log, asked)
    where = dict(question.where)
    told = (facts, asked, question.measures, question.years)
    assert counts.count(model, basis, question) == oracle.count(
        *told, by=question.by, where=where
    )
    assert counts.cases(model, basis, question) == oracle.cases(*told, where=where)
    graded = bases_.graded(basis, model, log)
    assert (graded["grade"], graded["visible"], graded["claimed"]) == oracle.grade(
        facts, asked
    )


@st.composite
def questions(draw) -> counts.Question:
    """
    Draw what may be asked: measures, years or none, breakdowns, one cell.
    """
    measures = draw(st.sampled_from(["all", *oracle.MEASURES]))
    by = draw(
        st.sampled_from([(), *((c,) for c in oracle.COLUMNS), ("office", "meets_tco")])
    )
    return counts.Question(
        oracle.MEASURES if measures == "all" else (measures,),
        draw(st.sampled_from([None, range(2016, 2022), range(2019, 2020)])),
        by,
        draw(st.sampled_from([(), *((where,) for where in WHERES), WHERES[1:3]])),
    )


@holds_for(strategies.loads(), st.data())
def test_the_read_model_answers_as_a_replay_does(loads: list[Load], data):
    """
    For lawful files loaded in any order, every figure, member and grade at any basis
    on both axes is what a replay written from the contract gives.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log, open_read_model(log) as model:
            facts = ledgers.facts(log)
            asked = st.one_of(strategies.bases(facts), strategies.past_bases(facts))
            for _ in range(5):
                basis = data.draw(asked, label="basis")
                everything = counts.Question(oracle.MEASURES)
                agree(model, log, facts, basis, everything)
                agree(model, log, facts, basis, data.draw(questions()))


@holds_for(strategies.loads())
def test_a_caught_up_read_model_is_a_rebuilt_one(loads: list[Load]):
    """
    Catching up after every file gives, row by row, what a rebuild from nothing gives.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        with open_log(path) as log:
            building.rebuild(log, path_beside(path), silent)
        for _ in ledgers.load_all(path, loads):
            with open_log(path) as log:
                building.catch_up(log, path_beside(path), silent)
        with open_log(path) as log:
            assert state(log, path_beside(path)) == "fresh"
            assert list(comparing.differences(log)) == []


@holds_for(strategies.loads(), st.data())
def test_a_pasted_basis_answers_the_same_for_ever(loads: list[Load], data):
    """
    What was answered at a basis before further files came is answered again after.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        kept = []
        question = counts.Question(oracle.MEASURES)
        for _ in ledgers.load_all(path, loads):
            with open_log(path) as log, open_read_model(log) as model:
                facts = ledgers.facts(log)
                basis = of_oracle(log, data.draw(strategies.bases(facts)))
                kept.append((basis, _everything(model, log, basis, question)))
        with open_log(path) as log, open_read_model(log) as model:
            for basis, answered in kept:
                assert _everything(model, log, basis, question) == answered


def _everything(model, log, basis, question):
    return (
        counts.count(model, basis, question),
        counts.cases(model, basis, question),
        bases_.graded(basis, model, log),
    )


@holds_for(strategies.loads(max_files=2), st.data())
def test_the_parts_add_up(loads: list[Load], data):
    """
    The three TCO answers add up to the whole, and the yes part is the TCO measure.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log, open_read_model(log) as model:
            facts = ledgers.facts(log)
            basis = of_oracle(log, data.draw(strategies.bases(facts)))
            years = range(2015, 2023)
            for whole, part in (
                ("dd-all", "dd-tco"),
                ("disruptions-all", "disruptions-tco"),
                ("dismantlements-all", "dismantlements-tco"),
            ):
                split = counts.Question((whole,), years, ("meets_tco",))
                cells = counts.count(model, basis, split)
                plain = counts.Question((whole, part), years)
                figures = {
                    (row["measure"], row["fiscal_year"]): row["value"]
                    for row in counts.count(model, basis, plain)
                }
                for year, measure in product(years, (whole, part)):
                    kept = [
                        row["value"]
                        for row in cells
                        if row["fiscal_year"] == year
                        and (measure == whole or row["meets_tco"] == "yes")
                    ]
                    assert sum(kept) == figures[measure, year]
