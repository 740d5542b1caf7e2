"""Limits and estimates, against published values and every small population."""

from __future__ import annotations

import sys
from fractions import Fraction
from math import ceil, comb

import pytest

from ledger.errors import MissingExtraError
from projections.estimating import (
    Part,
    clopper_pearson,
    hypergeometric,
    stratified,
    upper_count,
    upper_limit,
)
from projections.planning import binomial_at_most, hypergeometric_at_most

C80, C90, C95 = Fraction(80, 100), Fraction(90, 100), Fraction(95, 100)

# AICPA Audit Guide (2017), tables A-3 (5 % risk) and A-4 (10 % risk): n, x, and the
# upper limit in percent, rounded up to a tenth.
UPPER = [
    *(
        (C95, *cell)
        for cell in (
            (20, 0, 14.0),
            (25, 0, 11.3),
            (60, 0, 4.9),
            (60, 1, 7.7),
            (60, 2, 10.2),
            (100, 0, 3.0),
            (100, 3, 7.6),
            (150, 5, 6.9),
            (200, 10, 8.4),
            (500, 10, 3.4),
        )
    ),
    *(
        (C90, *cell)
        for cell in (
            (20, 0, 10.9),
            (60, 0, 3.8),
            (60, 1, 6.4),
            (100, 3, 6.6),
            (200, 10, 7.6),
            (500, 10, 3.1),
        )
    ),
]


@pytest.mark.parametrize(("confidence", "n", "x", "printed"), UPPER)
def test_the_upper_limits_of_the_aicpa_tables(confidence, n, x, printed):
    """
    As printed; and exact tails say so too: the tenth below does not reach it.
    """
    assert ceil(upper_limit(x, n, confidence) * 1000) / 10 == printed
    tenth = Fraction(round(printed * 10), 1000)
    assert binomial_at_most(x, n, tenth) <= 1 - confidence
    assert binomial_at_most(x, n, tenth - Fraction(1, 1000)) > 1 - confidence


def test_touw_and_hoogduin():
    """
    Touw and Hoogduin (2011), chapter 5: upper limits of n = 102 of 1200 at 90 %, and
    of n = 145 at 95 %.
    """
    assert [upper_count(x, 102, 1200, C90) for x in range(4)] == [25, 43, 59, 75]
    found = [upper_limit(x, 145, C95) for x in range(4)]
    printed = [0.02044826, 0.03229696, 0.04278054, 0.0526026]
    assert found == pytest.approx(printed, abs=1e-8)


def test_hypergeometric_upper_limits_of_a_thousand():
    """
    As published for N = 1000 at 95 %: 13.7, 2.8 and 2.9 %.
    """
    asked = ((0, 20), (0, 100), (10, 500))
    assert [upper_count(x, n, 1000, C95) for x, n in asked] == [137, 28, 29]


SAMPLE = [
    (253, 422, C80, 0.567473, 0.630877),
    (253, 422, C90, 0.558676, 0.639333),
    (253, 422, C95, 0.551027, 0.646619),
    (171, 253, C95, 0.614427, 0.733172),
    (123, 171, C95, 0.645603, 0.785220),
    (132, 288, C95, 0.399743, 0.517790),
]


@pytest.mark.parametrize(("x", "n", "confidence", "lower", "upper"), SAMPLE)
def test_clopper_pearson(x, n, confidence, lower, upper):
    """
    The sample of OIG-23-52, and that of GAO-03-266, to six places.
    """
    assert clopper_pearson(x, n, confidence) == pytest.approx((lower, upper), abs=6e-7)


@pytest.mark.parametrize(
    ("population", "limits"),
    [
        (1000, ((575, 623), (569, 630), (563, 635))),
        (2000, ((1142, 1255), (1127, 1270), (1113, 1283))),
        (5000, ((2845, 3147), (2802, 3188), (2766, 3223))),
    ],
)
def test_hypergeometric_limits_of_the_sample(population, limits):
    """
    253 of 422 in frames of other sizes, at 80, 90 and 95 %.
    """
    found = [hypergeometric(253, 422, population, c) for c in (C80, C90, C95)]
    assert found == list(limits)


def test_equal_tails_are_no_other_method():
    """
    The alpha-max-optimal method gives 10-60, 22-94, 45-123 and 60-140 here.
    """
    asked = ((3, 10, 100), (5, 20, 200), (8, 20, 200), (10, 20, 200))
    found = [hypergeometric(*one, C95) for one in asked]
    assert found == [(8, 63), (19, 95), (40, 125), (57, 143)]


def test_a_tie_excludes():
    """
    P(X = 0 | K = 1) of 90 of 100 is exactly .1, which is not above 1 - 90 %; binary
    1 - .9 is a little less than .1, and would take it.
    """
    assert hypergeometric_at_most(0, 90, 1, 100) == Fraction(1, 10)
    assert upper_count(0, 90, 100, C90) == 0
    assert 1 - 0.9 < 0.1


def test_none_and_all():
    """
    Nothing found and everything found have their limits at the ends.
    """
    assert clopper_pearson(0, 10, C95).lower == 0
    assert clopper_pearson(10, 10, C95).upper == 1
    assert hypergeometric(0, 10, 20, C95).lower == 0
    assert hypergeometric(10, 10, 20, C95).upper == 20
    assert hypergeometric(4, 10, 10, C95) == (4, 4)


@pytest.mark.parametrize("confidence", [C80, C90, C95])
def test_hypergeometric_limits_cover_every_small_population(confidence):
    """
    Of each population to 14, each sample and each K: limits hold K at least as often
    as the confidence says, counted exactly.
    """
    for population in range(1, 15):
        for n in range(1, population + 1):
            held = [hypergeometric(x, n, population, confidence) for x in range(n + 1)]
            for k in range(population + 1):
                ways = sum(
                    comb(k, x) * comb(population - k, n - x)
                    for x in range(max(0, n - population + k), min(n, k) + 1)
                    if held[x].lower <= k <= held[x].upper
                )
                assert Fraction(ways, comb(population, n)) >= confidence


def test_clopper_pearson_covers_every_rate():
    """
    Of each n to 20, at each hundredth: as often as it claims, counted exactly.
    """
    for n in range(1, 21):
        held = [clopper_pearson(x, n, C90) for x in range(n + 1)]
        for hundredth in range(101):
            p = Fraction(hundredth, 100)
            covered = sum(
                comb(n, x) * p**x * (1 - p) ** (n - x)
                for x in range(n + 1)
                if held[x].lower <= p <= held[x].upper
            )
            assert covered >= C90


STRATA = [Part(400, 60, 33), Part(600, 80, 52), Part(1000, 100, 48)]


def test_the_stratified_estimate():
    """
    Total, standard error, and normal limits at 80, 90 and 95 %.
    """
    made = stratified(STRATA)

    assert (made.total, made.rate) == (1090, Fraction(1090, 2000))
    assert made.standard_error == pytest.approx(61.1398, abs=1e-4)
    limits = [made.limits(c) for c in (C80, C90, C95)]
    expected = [(1011.65, 1168.35), (989.43, 1190.57), (970.17, 1209.83)]
    for found, printed in zip(limits, expected, strict=True):
        assert found == pytest.approx(printed, abs=0.01)


def test_a_stratum_seen_whole_adds_no_error_and_one_item_has_none():
    """
    All of a stratum is certain; one of several has no variance, so no limits.
    """
    assert stratified([Part(5, 5, 2)]).standard_error == 0
    lone = stratified([Part(5, 1, 1), Part(5, 2, 1)])
    assert lone.standard_error is None
    assert lone.limits(C95) is None


def test_without_scipy_one_line_says_what_to_install(monkeypatch):
    """
    The extra is named; limits that are counts need nothing.
    """
    monkeypatch.setitem(sys.modules, "scipy.stats", None)

    with pytest.raises(MissingExtraError, match=r'pip install "scr-ledger\[audit\]"'):
        clopper_pearson(1, 2, C95)
    assert hypergeometric(1, 2, 4, C95) == (1, 3)


def test_no_spread_seen_is_no_certainty():
    """
    A stratum of which all that was seen is alike adds no error, and where all are so
    there are no limits: three of ten do not tell exactly ten.
    """
    unseen = stratified([Part(10, 3, 3), Part(10, 2, 0)])
    assert (unseen.alike, unseen.standard_error) == (2, 0)
    assert unseen.limits(C95) is None
    whole = stratified([Part(3, 3, 3), Part(2, 2, 0)])
    assert (whole.alike, whole.limits(C95)) == (0, (3, 3))
    one = stratified([Part(10, 3, 3), Part(10, 4, 2)])
    assert one.alike == 1
    assert one.limits(C95) is not None
