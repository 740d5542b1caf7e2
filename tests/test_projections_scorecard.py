"""The scorecard: each rate reconciles with its list, at every basis."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.reader import open_log
from projections import basis as bases
from projections import coverage, publications, publishing, requests
from projections.publishing import Printed
from projections.readmodel import open_read_model
from projections.scorecard import POINTS, rates, scorecard
from tests import accountability, ledgers, oracle
from tests.accountability import cited, declined, requested
from tests.claims import writing
from tests.commandline import life, line
from tests.definitions import all_bases, case_facts, case_loads, of_oracle


def printed(path: str, days) -> None:
    """
    Register a figure as printed on each of some days.
    """
    with open_log(path) as log, open_read_model(log) as model:
        wanted = [
            Printed(
                f"P-{number}",
                "d",
                "dd-all",
                day,
                "@0",
                synthetic=True,
                figures=(("dd-all", 2019, 1, None), ("dd-tco", 2019, 1, None)),
            )
            for number, day in enumerate(days)
        ]
        contents = publishing.as_printed(log, model, wanted)
        head = log.head
    if contents:
        with writing(path) as ledger:
            ledger.publish(contents, head=head, by="b")


class TestEveryBasis:
    """
    Numerators, denominators, lists and trends against a slow count.
    """

    @holds_for(
        loads=case_loads(),
        drawn=accountability.drawn(),
        days=st.lists(st.sampled_from(accountability.DAYS), max_size=2),
        by=st.sampled_from(("year", "quarter")),
        data=st.data(),
    )
    def test_every_rate_is_what_the_document_says(self, loads, drawn, days, by, data):
        """
        At every basis numerator, denominator and list are those of a slow count written
        from docs/accountability.md; so is every point of the trend, and of coverage.
        """
        with ledgers.folder() as folder:
            path = ledgers.make(folder / "scr.db")
            list(ledgers.load_all(path, loads))
            accountability.record(path, drawn)
            printed(path, days)
            with open_log(path) as log, open_read_model(log) as model:
                facts = case_facts(log)
                at = data.draw(all_bases(facts), label="basis")
                if data.draw(st.booleans(), label="any position"):
                    position = data.draw(st.integers(0, log.head), label="position")
                    at = at._replace(position=position)
                basis = of_oracle(log, at)
                found = scorecard(log, model, basis, by)

                assert_lists(log, facts, at, found)
                for point in found.trend[:-1]:
                    then = oracle.end_of_day(date.fromisoformat(point.day), at.position)
                    again = scorecard(log, model, of_oracle(log, then), by)
                    assert point.rates == again.rates
                    assert_lists(log, facts, then, again)
                (share,) = coverage.coverage(requests.at(log, basis))
                assert share.used == found.rates[2].numerator
                assert share.of == found.rates[2].denominator


def assert_lists(log, facts, at, found) -> None:
    """
    Hold a scorecard equal to the slow count, unit by unit.
    """
    lists = {
        name: {one.unit: one.counts for one in listed}
        for name, listed in found.lists.items()
    }
    assert lists["tco-identified"] == accountability.identified(facts, at)
    states = accountability.used(log, at)
    assert lists["scr-data-used"] == {
        name: state == "used" for name, state in states.items()
    }
    figures = [
        one
        for one in publications.recorded(log)
        if accountability.passes(
            at, one.position, one.recorded_at, one.content.printed_on
        )
        for _ in one.content.figures
    ]
    assert list(lists["validated-before-reporting"].values()) == [False] * len(figures)
    for rate in found.rates:
        counted = list(lists[rate.rate].values())
        assert (rate.numerator, rate.denominator) == (sum(counted), len(counted))


class TestTrend:
    """
    The ends of the fiscal periods before a basis.
    """

    def test_it_has_the_ends_of_the_periods_before_the_basis(self, tmp_path):
        """
        The last day of each fiscal quarter or year, from the first with anything, at
        most twelve with the basis, which comes last.
        """
        path = ledgers.make(tmp_path / "scr.db")
        ledgers.load(path, life("S-1"))
        with open_log(path) as log, open_read_model(log) as model:
            basis = bases.parse_as_of("2020-01-15", log)
            years = [one.label for one in scorecard(log, model, basis).trend]
            quarters = scorecard(log, model, basis, "quarter").trend
            long = bases.parse_as_of("2030-01-15", log)
            ends = [one.day for one in scorecard(log, model, long, "quarter").trend]

        assert years == ["FY2019", "2020-01-15"]
        assert [(one.label, one.day) for one in quarters] == [
            ("FY2019 Q1", "2018-12-31"),
            ("FY2019 Q2", "2019-03-31"),
            ("FY2019 Q3", "2019-06-30"),
            ("FY2019 Q4", "2019-09-30"),
            ("FY2020 Q1", "2019-12-31"),
            ("2020-01-15", "2020-01-15"),
        ]
        wanted = accountability.ends(date(2030, 1, 15), "quarter")[: POINTS - 1]
        assert ends == [*(one.isoformat() for one in reversed(wanted)), "2030-01-15"]

    def test_a_basis_on_the_last_day_of_a_period_is_its_own_point(self, tmp_path):
        """
        The period that ends with the basis is not there twice.
        """
        path = ledgers.make(tmp_path / "scr.db")
        ledgers.load(path, life("S-1"))
        with open_log(path) as log, open_read_model(log) as model:
            basis = bases.parse_as_of("2020-09-30", log)
            labels = [one.label for one in scorecard(log, model, basis).trend]

        assert labels == ["FY2019", "2020-09-30"]

    def test_nothing_is_not_zero_percent(self, tmp_path):
        """
        A rate of nothing has no percentage, on an empty ledger as well.
        """
        path = ledgers.make(tmp_path / "scr.db")
        with open_log(path) as log, open_read_model(log) as model:
            for basis in (bases.of_now(log), bases.parse_as_of("@0", log)):
                found = scorecard(log, model, basis)
                assert [one.percent for one in found.rates] == [None] * 3
                assert len(found.trend) == 1


class TestTcoIdentified:
    """
    Which SCRs say whether they are about a TCO.
    """

    @pytest.mark.parametrize(
        ("more", "identified"),
        [
            ({"tco": "yes"}, True),
            ({"tco": "no"}, True),
            ({"tco": "unknown"}, False),
            ({}, False),
        ],
    )
    def test_unknown_is_not_identified(self, tmp_path, more, identified):
        """
        Yes and no are answers; unknown and nothing are none.
        """
        assert found(tmp_path, life("S-1", **more)) == (int(identified), 1)

    def test_every_day_that_counts_has_to_be_answered(self, tmp_path):
        """
        A determination from a day on leaves what happened before it unknown.
        """
        said = {"association": "yes", "transnational": "yes", "from": "2019-01-01"}
        late = line("S-1", "determined", "2019-05-01", **said)
        assert found(tmp_path, life("S-1") + late) == (0, 1)

    def test_only_what_stands_and_is_approved_is_asked(self, tmp_path):
        """
        A voided SCR, and one that is not approved, are in neither number.
        """
        text = life("S-1", tco="yes") + life("S-2")
        text += line("S-2", "voided", "2020-01-01", reason="r")
        assert found(tmp_path, text) == (1, 1)


def found(folder, text: str) -> tuple[int, int]:
    """
    Return the first rate of a ledger with the facts of a text.
    """
    path = ledgers.make(folder / "scr.db")
    ledgers.load(path, text)
    with open_log(path) as log, open_read_model(log) as model:
        rate = rates(log, model, bases.of_now(log))[0]
    return rate.numerator, rate.denominator


class TestCoverage:
    """
    Which requests used SCR data, cell by cell.
    """

    def test_each_request_is_in_one_cell_and_one_state(self, tmp_path):
        """
        Used, declined and undecided add up to all, in every cell; none comes last.
        """
        path = ledgers.make(tmp_path / "scr.db")
        ledgers.load(path, life("S-1"))
        accountability.request(
            path,
            requested("A", fiscal_year=2021),
            requested("B", program=None, office="o"),
            requested("C"),
            declined("B"),
            cited(path, "C"),
        )
        with open_log(path) as log:
            every = requests.at(log, bases.of_now(log))
        told = {
            by: [
                (one.cell, [one.count(state) for state in requests.STATES], one.of)
                for one in coverage.coverage(every, by)
            ]
            for by in (None, *coverage.COLUMNS)
        }

        assert told == {
            None: [(None, [1, 1, 1], 3)],
            "office": [("o", [0, 1, 0], 1), (None, [1, 0, 1], 2)],
            "program": [("p", [1, 0, 1], 2), (None, [0, 1, 0], 1)],
            "fy": [(2021, [0, 0, 1], 1), (2022, [1, 1, 0], 2)],
        }

    def test_nothing_is_known_of_a_request_before_its_day(self, tmp_path):
        """
        A citation that is dated before its request waits for it.
        """
        path = ledgers.make(tmp_path / "scr.db")
        ledgers.load(path, life("S-1"))
        with accountability.before_days_were_compared():
            accountability.request(
                path,
                requested(submitted_on="2020-03-15"),
                cited(path, cited_on="2020-03-01"),
                clock=ledgers.Clock(datetime(2024, 7, 1, 12, tzinfo=UTC)),
            )
        with open_log(path) as log:
            states = [
                [one.state for one in requests.at(log, bases.parse_as_of(day, log))]
                for day in ("2020-03-14", "2020-03-15", "2020-03-15T00:00:00-04:00")
            ]
        assert states == [[], ["used"], ["used"]]
