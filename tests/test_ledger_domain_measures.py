"""The built-in measures, against the table of the contract."""

from __future__ import annotations

import pytest

from ledger.domain.measures import BUILT_IN

EITHER = ("disruption", "dismantlement")

TABLE = [  # Id, unit, kinds, only TCO, also if entered.
    ("dd-all", "scr", EITHER, False, False),
    ("dd-tco", "scr", EITHER, True, False),
    ("disruptions-all", "outcome", ("disruption",), False, False),
    ("disruptions-tco", "outcome", ("disruption",), True, False),
    ("dismantlements-all", "outcome", ("dismantlement",), False, False),
    ("dismantlements-tco", "outcome", ("dismantlement",), True, False),
    ("organizations-tco", "organization", EITHER, True, False),
    ("entered-all", "scr", EITHER, False, True),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_what_a_measure_counts(row):
    """
    Each measure counts its unit, over its kinds of outcomes, as it is defined.
    """
    measure = BUILT_IN[row[0]]

    assert measure[:5] == row
    assert measure.says


def test_the_built_in_measures():
    """
    There are these and no others, in this order.
    """
    assert list(BUILT_IN) == [name for name, *_ in TABLE]
