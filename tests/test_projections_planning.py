"""Sample sizes, against published tables and a scan of every n."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, comb

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.errors import UsageError
from projections.planning import (
    Stratum,
    allocate,
    attribute_size,
    binomial_at_most,
    cochran_size,
    hypergeometric_at_most,
    percent,
)


def rate(text: object) -> Fraction:
    """
    Return the fraction of a percentage.
    """
    return percent(str(text), "--rate")


def size(confidence, expected, tolerable, population=None) -> int:
    """
    Return the size of a sample, its rates in percent.
    """
    rates = (rate(confidence), rate(expected), rate(tolerable))
    return attribute_size(*rates, population).n


# AICPA Audit Guide Audit Sampling (2017), tables, as published: expected
# and tolerable rate in percent, and the size; A-1 at 5 %, A-2 at 10 % risk.
AICPA = [
    *(
        (95, *cell)
        for cell in (
            (0, 2, 149),
            (0, 5, 59),
            (0, 10, 29),
            (1, 5, 93),
            (2, 5, 181),
            (3, 8, 95),
            (5, 10, 116),
            (17.5, 20, 720),
        )
    ),
    *(
        (90, *cell)
        for cell in ((0, 2, 114), (0, 5, 45), (0, 10, 22), (1, 5, 77), (6, 7, 1150))
    ),
]


@pytest.mark.parametrize(("confidence", "expected", "tolerable", "n"), AICPA)
def test_the_sizes_of_the_aicpa_tables(confidence, expected, tolerable, n):
    """
    Attribute sampling gives what the audit guide prints.
    """
    assert size(confidence, expected, tolerable) == n


# Printed, and wrong: the reason is in the name of each.
WRONG_IN_PRINT = [
    pytest.param(90, 3.25, 7, None, 112, 113, id="tail-at-112-is-.10071-above-.10"),
    pytest.param(90, 3.5, 7, None, 112, 113, id="tail-at-112-is-.10071-above-.10-too"),
    pytest.param(90, 3.5, 5, None, 423, 400, id="ceiling-of-binary-400*.035-is-15"),
    pytest.param(90, 7, 8, None, 1313, 1300, id="ceiling-of-binary-1300*.07-is-92"),
    pytest.param(90, 0, 6, 500, 35, 36, id="binary-.06-marks-31-of-500"),
]


@pytest.mark.parametrize(
    ("confidence", "expected", "tolerable", "population", "printed", "exact"),
    WRONG_IN_PRINT,
)
def test_what_is_printed_wrong_is_not_adopted(  # noqa: PLR0913, PLR0917 - a table
    confidence, expected, tolerable, population, printed, exact
):
    """
    Exact arithmetic gives another size than some tables print.
    """
    assert size(confidence, expected, tolerable, population) == exact != printed


def test_why_112_is_not_enough():
    """
    At n = 112, with 4 accepted, the tail at 7 % is above 10 %; at 113 it is not.
    """
    assert round(float(binomial_at_most(4, 112, rate(7))), 5) == 0.10071
    assert binomial_at_most(4, 113, rate(7)) <= Fraction(1, 10)


# DCAA EZ-Quant, none expected, tolerable 8, 6, 4 and 2 %.
EZ_QUANT = {
    90: {500: (27, 36, 54, 102), 1000: (28, 37, 55, 108), 5000: (28, 38, 57, 113)},
    95: {500: (35, 47, 69, 129), 1000: (36, 48, 71, 138), 5000: (36, 49, 73, 147)},
    99: {500: (53, 70, 101, 183), 1000: (54, 72, 107, 204), 5000: (55, 74, 112, 223)},
}


@pytest.mark.parametrize("confidence", EZ_QUANT)
def test_the_sizes_of_ez_quant(confidence):
    """
    With a population, nothing expected: all 36 published sizes.
    """
    for population, sizes in EZ_QUANT[confidence].items():
        found = tuple(size(confidence, 0, t, population) for t in (8, 6, 4, 2))
        assert found == sizes


# AuditSampler: population, expected, tolerable, confidence; hypergeometric, binomial.
AUDIT_SAMPLER = [
    (500, 1, 8, 90, 46, 48),
    (500, 1, 4, 90, 90, 96),
    (500, 2, 5, 90, 99, 132),
    (500, 1, 4, 95, 140, 156),
    (500, 2, 5, 95, 139, 181),
    (500, 6, 9, 95, 196, 266),
    (5000, 1, 4, 95, 154, 156),
    (36000, 1, 4, 95, 156, 156),
]


@pytest.mark.parametrize(
    ("population", "expected", "tolerable", "confidence", "of_all", "of_many"),
    AUDIT_SAMPLER,
)
def test_the_sizes_of_audit_sampler(  # noqa: PLR0913, PLR0917 - a table
    population, expected, tolerable, confidence, of_all, of_many
):
    """
    Hypergeometric beside binomial, as published.
    """
    assert size(confidence, expected, tolerable, population) == of_all
    assert size(confidence, expected, tolerable) == of_many


def test_touw_and_hoogduin():
    """
    Touw and Hoogduin (2011), chapter 5: N = 1200, tolerable 5 %, 90 %: n = 45 with
    none accepted, 102 with two.
    """
    assert size(90, 0, 5, 1200) == 45
    found = attribute_size(rate(90), Fraction(2, 102), rate(5), 1200)
    assert (found.n, found.accepted) == (102, 2)
    assert [least_for(x, 5, 95) for x in range(4)] == [59, 93, 124, 153]
    assert [least_for(x, 1, 95) for x in range(4)] == [299, 473, 628, 773]


def least_for(x, tolerable, confidence) -> int:
    """
    Return the least n with P(X <= x) at most 1 - confidence.
    """
    n = x + 1
    while binomial_at_most(x, n, rate(tolerable)) > 1 - rate(confidence):
        n += 1
    return n


RATES = st.builds(Fraction, st.integers(1, 60), st.just(200))


@holds_for(RATES, RATES, st.sampled_from((80, 90, 95)), st.integers(1, 80))
def test_no_smaller_sample_would_do(one, other, confidence, population):
    """
    What is found is the first n of a scan from 1; where there is none, it is refused.
    """
    expected, tolerable = sorted((one, other))
    risk = 1 - rate(confidence)
    marked = ceil(population * tolerable)
    fine = [
        n
        for n in range(1, population + 1)
        if slowly(ceil(n * expected), n, marked, population) <= risk
    ]
    if fine and expected < tolerable:
        found = attribute_size(1 - risk, expected, tolerable, population)
        assert found.n == fine[0]
    else:
        with pytest.raises(UsageError):
            attribute_size(1 - risk, expected, tolerable, population)


def slowly(x, n, marked, population) -> Fraction:
    """
    Return P(X <= x), hypergeometric, from the definition.
    """
    ways = sum(
        comb(marked, i) * comb(population - marked, n - i) for i in range(min(x, n) + 1)
    )
    return Fraction(ways, comb(population, n))


def test_tails_are_those_of_the_definition():
    """
    Every small case, both distributions, term by term.
    """
    for n in range(1, 7):
        for x in range(n + 1):
            p = Fraction(3, 10)
            terms = [comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(x + 1)]
            assert binomial_at_most(x, n, p) == sum(terms)
            for marked in range(8):
                if n <= 7:
                    found = hypergeometric_at_most(x, n, marked, 7)
                    assert found == slowly(x, n, marked, 7)


@pytest.mark.parametrize(
    ("confidence", "margin", "population", "n"),
    [
        (95, 5, None, 385),
        (95, 5, 1000, 278),
        (95, 5, 5000, 357),
        (90, 10, None, 68),
        (90, 10, 1000, 64),
        (95, 10, None, 97),
        (99, 5, None, 664),
    ],
)
def test_cochran(confidence, margin, population, n):
    """
    384.1459 is 385, as in GAO-14-476; with finite correction fewer.
    """
    assert cochran_size(rate(confidence), rate(margin), population=population) == n


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1e3", "101", "5 5", "٣", "1.2.3", "%"]
)
def test_a_percentage_is_decimal(text):
    """
    Anything but digits and a point, from 0 to 100, is refused.
    """
    with pytest.raises(UsageError, match="--rate takes a percentage"):
        rate(text)


def test_a_percentage_is_exact():
    """
    The ceiling of 400 times 3.5 % is 14, where binary floats give 15.
    """
    assert ceil(400 * rate("3.5 %")) == 14
    assert ceil(400 * 0.035) == 15


@holds_for(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), min_size=1, max_size=6),
    st.data(),
)
def test_an_allocation_adds_up(drawn, data):
    """
    With rates and without, it is the size, and of no stratum more than there is or
    less than two, or all.
    """
    for rates in (True, False):
        strata = [
            Stratum(f"s{i}", n, Fraction(p, 20) if rates else None)
            for i, (n, p) in enumerate(drawn)
        ]
        least = sum(min(2, one.population) for one in strata)
        n = data.draw(st.integers(least, sum(one.population for one in strata)))
        found = allocate(strata, n)
        assert sum(found) == n
        for stratum, share in zip(strata, found, strict=True):
            assert min(2, stratum.population) <= share <= stratum.population


def test_allocations():
    """
    Proportional goes by size, Neyman by size and spread; too few are refused.
    """
    sizes = [("a", 400), ("b", 600), ("c", 1000)]

    assert allocate([Stratum(*one) for one in sizes], 240) == [48, 72, 120]
    spread = [Fraction(1, 2), Fraction(1, 10), Fraction(1, 100)]
    strata = [Stratum(*one, p) for one, p in zip(sizes, spread, strict=True)]
    assert allocate(strata, 240) == [100, 90, 50]
    with pytest.raises(UsageError, match="cannot be allocated"):
        allocate(strata, 5)


@pytest.mark.parametrize(
    ("strata", "words"),
    [
        ((Stratum("a", 400), Stratum("b", 0)), "b has a population of 0"),
        ((Stratum("a", 400, rate(5)), Stratum("b", 40)), "others have none"),
    ],
)
def test_strata_that_cannot_be_allocated_to(strata, words):
    """
    An empty one, and rates of some alone.
    """
    with pytest.raises(UsageError, match=words):
        allocate(strata, 24)


@pytest.mark.parametrize("expected", [0, 100])
def test_no_size_follows_from_no_spread(expected):
    """
    One item would not estimate a rate, however near to 0 it is expected.
    """
    with pytest.raises(UsageError, match="no spread"):
        cochran_size(rate(95), rate(5), rate(expected))
