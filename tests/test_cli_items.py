"""The items of a reconciliation, in rows and words."""

# ruff: noqa: RUF001 - a figure that falls has a minus sign, not a hyphen.

from __future__ import annotations

import pytest

from cli.items import effects_of, item_row, positions, signed, spelled, why, year_line
from projections.reconcile import Item, Year

CAME = Item("SCR-1", "D1", 1, "redating", (4, 9), None, 2020)
WENT = Item("SCR-2", None, -1, "definition", (), "population.tco")


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (3, "+3"), (-3, "−3"), (12345, "+12,345")]
)
def test_a_difference_has_its_sign(value, text):
    """
    Plus or minus, and nothing where there is none.
    """
    assert signed(value) == text


def test_an_item_says_only_what_it_has():
    """
    Its subject by its own name; outcome, clause and the other year where they are.
    """
    assert item_row(CAME, "scr") == {
        "scr": "SCR-1",
        "outcome": "D1",
        "effect": 1,
        "cause": "redating",
        "positions": [4, 9],
        "moved_from": 2020,
    }
    assert item_row(CAME._replace(effect=-1), "scr")["moved_to"] == 2020
    assert item_row(WENT, "case_number") == {
        "case_number": "SCR-2",
        "effect": -1,
        "cause": "definition",
        "positions": [],
        "clause": "population.tco",
    }


def test_an_item_is_told_in_words():
    """
    A cause with its clause or year, and the facts that did it.
    """
    assert why(item_row(CAME, "scr")) == "redating: from FY 2020"
    assert why(item_row(WENT, "scr")) == "definition: population.tco"
    assert spelled("late-information") == "late information"
    assert positions([4, 9]) == "@4 @9"
    assert positions([]) == "built in"


def test_a_year_is_told_in_a_line():
    """
    Both figures, the change, and each cause; what came and what went, if both did.
    """
    more = [CAME._replace(cause="late-information", subject=name) for name in "ABC"]
    back = CAME._replace(cause="late-information", subject="D", effect=-1)
    year = Year(2019, 5, 6, (*more, back, WENT))

    assert effects_of(year) == [
        ("late information (3 came, 1 went)", 2),
        ("definition (population.tco)", -1),
    ]
    assert year_line(year) == (
        "FY 2019: 5 → 6 = +1: +2 late information (3 came, 1 went),"
        " −1 definition (population.tco)"
    )
