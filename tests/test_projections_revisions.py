"""How much figures were revised, against a table a statistical office printed."""

from __future__ import annotations

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from projections.revisions import revisions

# Bureau of Labor Statistics, Current Employment Statistics, "Nonfarm Payroll
# Employment: Revisions between over-the-month estimates", 2022, seasonally adjusted,
# thousands (https://www.bls.gov/web/empsit/cesnaicsrev.htm): first, second and third
# estimate of each month from January to December.
PAYROLLS_2022 = [
    (467, 481, 504),
    (678, 750, 714),
    (431, 428, 398),
    (428, 436, 368),
    (390, 384, 386),
    (372, 398, 293),
    (528, 526, 537),
    (315, 315, 292),
    (263, 315, 269),
    (261, 284, 263),
    (263, 256, 290),
    (223, 260, 239),
]
# What it prints below: earlier and later estimate, mean revision, mean absolute one.
PRINTED = [
    pytest.param(0, 1, 18, 21, id="2nd - 1st"),
    pytest.param(1, 2, -23, 35, id="3rd - 2nd"),
    pytest.param(0, 2, -6, 28, id="3rd - 1st"),
]


@pytest.mark.parametrize(("earlier", "later", "mean", "absolute"), PRINTED)
def test_a_printed_table_is_reproduced(earlier, later, mean, absolute):
    """
    Mean revision and mean absolute revision of 2022 are those the Bureau prints.
    """
    found = revisions((month[earlier], month[later]) for month in PAYROLLS_2022)

    assert (found.figures, round(found.mean), round(found.mean_absolute)) == (
        12,
        mean,
        absolute,
    )


def test_the_arithmetic():
    """
    Third less first estimate, month by month, as anyone can add it up.
    """
    changes = [37, 36, -33, -60, -4, -79, 9, -23, 6, 2, 27, 16]
    found = revisions((first, third) for first, _, third in PAYROLLS_2022)

    assert [third - first for first, _, third in PAYROLLS_2022] == changes
    assert found.total == sum(changes) == -66
    assert found.mean == -66 / 12 == -5.5
    sizes = 37 + 36 + 33 + 60 + 4 + 79 + 9 + 23 + 6 + 2 + 27 + 16
    assert found.absolute == sizes == 332
    assert found.mean_absolute == 332 / 12
    # Relative to the first estimates, which add up to 4,619: 7.19 %.
    firsts = 467 + 678 + 431 + 428 + 390 + 372 + 528 + 315 + 263 + 261 + 263 + 223
    assert found.earlier == firsts == 4_619
    assert found.relative == 332 / 4_619
    assert f"{found.relative:.4f}" == "0.0719"
    assert (found.up, found.down, found.unchanged, found.largest) == (7, 5, 0, -79)


def test_nothing_to_measure():
    """
    Of no figures there is no mean; of figures that were 0 there is no relative one.
    """
    nothing, zeros = revisions([]), revisions([(0, 2), (0, 0)])

    assert (nothing.mean, nothing.mean_absolute, nothing.relative) == (None, None, None)
    assert (zeros.mean, zeros.relative, zeros.unchanged) == (1.0, None, 1)


@holds_for(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=1))
def test_against_the_definitions(pairs):
    """
    The three measures are those of their definitions, and the counts add up.
    """
    found = revisions(pairs)
    changes = [later - earlier for earlier, later in pairs]

    assert found.mean == sum(changes) / len(changes)
    assert found.mean_absolute == sum(abs(one) for one in changes) / len(changes)
    assert found.up + found.down + found.unchanged == len(changes)
    assert abs(found.mean) <= found.mean_absolute <= abs(found.largest)
