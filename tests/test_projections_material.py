"""How far a figure is from what was printed."""

from __future__ import annotations

import pytest

from projections.material import is_beyond, is_material, proportion


@pytest.mark.parametrize(
    ("printed", "now", "expected"),
    [
        (10, 11, True),
        (10, 9, True),
        (100, 109, False),
        (100, 91, False),
        (0, 1, True),
        (0, 0, False),
        (5, 5, False),
        (11, 12, False),
        (101, 111, False),
    ],
)
def test_ten_percent_either_way_is_material(printed, now, expected):
    """
    From nothing, everything is.
    """
    assert is_material(printed, now) is expected


@pytest.mark.parametrize(
    ("printed", "now", "percent", "expected"),
    [(10, 11, 10, False), (10, 12, 10, True), (10, 8, 20, False), (0, 1, 1000, True)],
)
def test_beyond_is_more_than_so_many_percent(printed, now, percent, expected):
    """
    Exactly so many are not.
    """
    assert is_beyond(printed, now, percent) is expected


@pytest.mark.parametrize(
    ("printed", "now", "same"),
    [
        ((1, 2), (5, 10), True),
        ((10, 20), (10, 18), False),
        ((0, 20), (0, 10), True),
        ((1, 20), (0, 0), False),
        ((0, 0), (0, 20), False),
        ((0, 0), (3, 0), True),
        ((1, None), (1, 5), True),
        ((1, 5), (1, None), True),
    ],
)
def test_of_a_rate_the_shares_are_compared(printed, now, same):
    """
    One of nothing is another than any; what is no rate on either side is a number.
    """
    was, is_now = proportion(printed[0], now[0], printed[1], now[1])

    assert (was == is_now) is same
    assert is_material(was, is_now) is not same
