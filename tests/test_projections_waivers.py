"""Which failures are waived at a basis, and until when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.errors import FactDamagedError
from ledger.reader import Row, open_log
from projections import basis as bases
from projections import waivers
from tests import ledgers
from tests.commandline import life
from tests.taxonomies import waive

RULE, OTHER = "office-silent", "same-case-number"


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """
    Waivers of S-1 recorded at noon UTC of 10 to 12 January 2024, the head at the last.
    """
    path = ledgers.make(tmp_path_factory.mktemp("waivers") / "scr.db")
    ledgers.load(path, life("S-1"))
    for day, rule, until in (
        (10, RULE, "2024-12-31"),
        (11, OTHER, "2024-01-11"),
        (12, RULE, "2024-01-20"),
    ):
        moment = datetime(2024, 1, day, 12, tzinfo=UTC)
        waive(path, rule, "S-1", until=until, clock=lambda moment=moment: moment)
    with open_log(path) as log:
        yield log


@pytest.mark.parametrize(
    ("as_of", "states"),
    [
        (None, ["replaced", "over", "holds"]),
        ("2024-01-20", ["replaced", "over", "holds"]),
        ("2024-01-21", ["replaced", "over", "over"]),
        ("2024-01-11", ["holds", "holds"]),
        ("2024-01-11T11:59:59Z", ["holds"]),
        ("2020-01-15", []),
        ("@0", []),
        ("@6", ["holds"]),
        ("@7", ["holds", "holds"]),
    ],
)
def test_how_each_stands(log, as_of, states):
    """
    The last of a rule and an SCR holds to its day; those before it are replaced; none
    is seen before it was recorded.
    """
    basis = bases.of_now(log) if as_of is None else bases.parse_as_of(as_of, log)
    found = waivers.at(log, basis)

    assert [one.state for one in found] == states
    assert set(states) <= set(waivers.STATES)
    assert set(waivers.holding(log, basis)) == {
        (one.waiver.rule, one.waiver.scr) for one in found if one.state == "holds"
    }


@holds_for(
    st.lists(
        st.tuples(
            st.sampled_from((RULE, OTHER)),
            st.sampled_from(("S-1", "S-2")),
            st.integers(1, 9),
        ),
        max_size=5,
    ),
    st.integers(1, 9),
)
def test_what_holds_is_the_last_and_not_over(said, today):
    """
    Recorded one a second, at any day: of each rule and SCR the last one, if it goes on.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        ledgers.load(path, life("S-1") + life("S-2"))
        clock = ledgers.Clock(datetime(2024, 1, 20, 12, tzinfo=UTC))
        expected = {}
        for number, (rule, scr, day) in enumerate(said):
            until = f"2024-02-0{day}"
            waive(path, rule, scr, until=until, reason=f"r {number}", clock=clock)
            expected[rule, scr] = until
        with open_log(path) as log:
            basis = bases.parse_as_of(f"2024-02-0{today}", log)
            held = waivers.holding(log, basis)
            seen = {(one.waiver.rule, one.waiver.scr) for one in waivers.at(log, basis)}
        assert seen == set(expected)
        assert {key: one.until for key, one in held.items()} == {
            key: until
            for key, until in expected.items()
            if until >= f"2024-02-0{today}"
        }


def test_a_damaged_one_is_told():
    """
    What cannot be read names its position.
    """

    class Damaged:
        """A log that holds something else."""

        def stream(self, _stream, _upto):
            """Return it."""
            return [Row(7, "waivers", 1, "t", "2024-01-01T00:00:00Z", b"{}")]

    basis = bases.Basis("all", None, 9, "")
    with pytest.raises(FactDamagedError, match="position 7 is damaged: it is no waive"):
        waivers.at(Damaged(), basis)
