"""One pass over the log: the same departures as the rules that decide note."""

from __future__ import annotations

import pytest
from hypothesis import given as holds_for

from ledger.domain import scr as scrs
from ledger.domain.events import ScrFact, parse_stored
from ledger.errors import FactDamagedError
from ledger.reader import open_log
from projections import basis as bases
from projections.validation_fold import fold
from tests import ledgers
from tests.commandline import filed, life, line
from tests.definitions import case_loads

SEEN_LATER = {"duplicate-of-unknown", "category-not-in-taxonomy"}
"""Judged of all that is visible at a basis, not of what came before."""


def decided(log, zone) -> set[tuple[str, str, int]]:
    """
    Return rule, SCR and position of each departure, by the rules of the domain.
    """
    states: dict[str, scrs.Scr] = {}
    found = set()
    for row in log.rows(0, log.head):
        fact = parse_stored(row.topic, row.payload)
        if not isinstance(fact, ScrFact):
            continue
        known = fact.known_at or ledgers.datetime.fromisoformat(row.recorded_at)
        rules = scrs.anomalies(
            states.get(fact.scr),
            fact,
            known_on=known.astimezone(zone).date(),
            exists=lambda _: True,
        )
        found |= {(rule, fact.scr, row.position) for rule in rules}
        states[fact.scr] = scrs.evolve(states.get(fact.scr), fact)
    return found


@holds_for(case_loads(max_lines=40))
def test_it_notes_what_the_domain_notes(loads):
    """
    Of every fact of every history, the departures that deciding would have noted.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        for _ in ledgers.load_all(path, loads):
            pass
        with open_log(path) as log:
            seen = fold(log, bases.of_now(log))
            zone = ledgers.ZoneInfo(log.identity.timezone)
            noted = {
                (rule, scr, position)
                for rule, held in seen.departures.items()
                for scr, positions in held.items()
                for position in positions
            }
            assert noted == decided(log, zone)


def test_where_it_is_said(tmp_path):
    """
    The facts that gave category, case number and the day of an outcome, the last ones.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(
        path,
        life("A", category="gangs")
        + line("A", "redated", "2019-05-01", outcome="D1", reason="r")
        + line("A", "refiled", "2019-05-02", case_number="C-2", reason="r")
        + line("A", "refiled", "2019-05-03", office="SAC Y", reason="r")
        + line("A", "transferred", "2019-05-04", office="SAC Z")
        + filed("B"),
    )
    with open_log(path) as log:
        held = fold(log, bases.of_now(log)).scrs
        early = fold(log, bases.parse_as_of("@3", log)).scrs

    assert (held["A"].filed_at, held["A"].category_at) == (2, 3)
    assert held["A"].outcome_at == {"D1": 6}
    assert (held["A"].case_number, held["A"].case_number_at) == ("C-2", 7)
    assert (held["A"].filed_office, held["A"].office) == ("SAC Y", "SAC Z")
    assert held["B"].category_at is None
    assert list(early) == ["A"]
    assert early["A"].outcome_at == {}


@pytest.mark.parametrize(
    ("as_of", "day"),
    [
        (None, "2019-03-04"),
        ("2020-01-15", "2020-01-15"),
        ("2020-01-15T04:59:59Z", "2020-01-14"),
        ("@1", None),
        ("@2", "2018-10-01"),
    ],
)
def test_the_day_of_a_basis(tmp_path, as_of, day):
    """
    That of its cut-off in the ledger's zone; else the last on which a case fact was
    known.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, life("A"))
    with open_log(path) as log:
        basis = bases.of_now(log) if as_of is None else bases.parse_as_of(as_of, log)
        found = fold(log, basis).day

    assert (found and found.isoformat()) == day


def test_progress_is_told_and_damage_is_named(tmp_path, monkeypatch):
    """
    A fact that cannot be folded is named by its position.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, life("A"))
    monkeypatch.setattr("projections.validation_fold._TOLD", 2)
    told: list[int] = []
    with open_log(path) as log:
        fold(log, bases.of_now(log), told.append)
        monkeypatch.setattr("projections.validation_fold.FOLDS", {})
        with pytest.raises(FactDamagedError, match="position 3 is damaged"):
            fold(log, bases.of_now(log))
    assert told == [2, 4]
