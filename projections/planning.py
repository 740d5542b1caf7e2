"""How large a sample has to be: attribute sampling, Cochran, strata.

Rates are fractions made of decimal text, and tails of distributions are ratios of whole
numbers, so no ceiling and no tie depends on how a machine rounds: ``ceil(400 * 3.5 %)``
is 14 here, and 15 in binary floating point.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, comb, isqrt
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST = 10_000
"""No larger sample is looked for: whoever needs one counts everything."""
_PERCENT = 100
_MIN_OF_STRATUM = 2
"""A variance within a stratum takes two."""
_ROOT_SCALE = 10**24


def percent(text: str, option: str) -> Fraction:
    """Return the fraction that a percentage such as ``3.5`` or ``3.5 %`` names.

    :raises UsageError: it is none from 0 to 100.
    """
    digits = text.strip().removesuffix("%").strip()
    whole, _, decimals = digits.partition(".")
    if not (whole + decimals).isdecimal() or not (whole + decimals).isascii():
        message = (
            f"{option} takes a percentage such as 5 or 3.5, not {text or repr('')}"
        )
        raise UsageError(message)
    if len(digits) > 15:  # noqa: PLR2004 - more digits than any rate is known to
        message = f"{option} takes a percentage of at most 15 digits"
        raise UsageError(message)
    rate = Fraction(f"{whole or 0}.{decimals or 0}") / _PERCENT
    if rate > 1:
        message = f"{option} takes a percentage from 0 to 100, not {text}"
        raise UsageError(message)
    return rate


# --- tails, exactly -------------------------------------------------------------------


def binomial_at_most(x: int, n: int, rate: Fraction) -> Fraction:
    """Return P(X ≤ x) of X binomial over n trials at a rate, exactly."""
    yes, of = rate.numerator, rate.denominator
    no = of - yes
    if x >= n or yes == 0:
        return Fraction(1)
    if no == 0:
        return Fraction(0)
    term = total = no**n
    for i in range(x):
        term = term * (n - i) * yes // ((i + 1) * no)
        total += term
    return Fraction(total, of**n)


def hypergeometric_at_most(x: int, n: int, marked: int, population: int) -> Fraction:
    """Return P(X ≤ x) of X marked among n drawn without replacement, exactly."""
    least, most = max(0, n - (population - marked)), min(n, marked)
    if x >= most:
        return Fraction(1)
    if x < least:
        return Fraction(0)
    term = total = comb(marked, least) * comb(population - marked, n - least)
    for i in range(least, x):
        others = population - marked - n + i + 1
        term = term * (marked - i) * (n - i) // ((i + 1) * others)
        total += term
    return Fraction(total, comb(population, n))


# --- attribute sampling ---------------------------------------------------------------


class Size(NamedTuple):
    """A sample size, and what it is good for."""

    n: int
    accepted: int
    """So many exceptions still support that the tolerable rate is not exceeded."""
    risk: Fraction
    """The probability of so few at the tolerable rate, exactly."""


def attribute_size(
    confidence: Fraction,
    expected: Fraction,
    tolerable: Fraction,
    population: int | None = None,
) -> Size:
    """Return the least n with P(X ≤ ceil(n * expected)) ≤ 1 - confidence.

    X is binomial at the tolerable rate; with a population, hypergeometric with
    ceil(population * tolerable) marked (AICPA Audit Guide Audit Sampling, appendix A;
    DCAA EZ-Quant).

    :raises UsageError: no sample of up to ``MOST``, or of the population, will do.
    """
    if expected >= tolerable:
        message = "the tolerable rate must be above the expected one"
        raise UsageError(message)
    risk = 1 - confidence
    most = MOST if population is None else min(MOST, population)
    marked = 0 if population is None else ceil(population * tolerable)

    def tail(n: int, x: int) -> Fraction:
        if population is None:
            return binomial_at_most(x, n, tolerable)
        return hypergeometric_at_most(x, n, marked, population)

    n = _least(expected, most, lambda n, x: tail(n, x) <= risk)
    if n is None:
        message = (
            f"no sample of up to {most:,} will do; raise the tolerable rate, or lower"
            " the confidence"
        )
        raise UsageError(message)
    accepted = ceil(n * expected)
    return Size(n, accepted, tail(n, accepted))


def _least(
    expected: Fraction, most: int, enough: Callable[[int, int], bool]
) -> int | None:
    """Return the least n that is enough.

    While ceil(n * expected) stays the same, more items are never worse; so of each
    such stretch only the last is asked, and the first that is enough is searched.
    """
    first = 1
    while first <= most:
        accepted = ceil(first * expected)
        last = most if expected == 0 else min(most, int(accepted / expected))
        if enough(last, accepted):
            while first < last:
                middle = (first + last) // 2
                if enough(middle, accepted):
                    last = middle
                else:
                    first = middle + 1
            return first
        first = last + 1
    return None


# --- estimating a rate ----------------------------------------------------------------


def cochran_size(
    confidence: Fraction,
    margin: Fraction,
    rate: Fraction = Fraction(1, 2),
    population: int | None = None,
) -> int:
    """Return ``ceil(n0 / (1 + (n0 - 1) / N))`` of ``n0 = z² p (1 - p) / d²``.

    Cochran, Sampling Techniques (3rd ed.), 4.4; without a population ``ceil(n0)``.

    :raises UsageError: the margin is 0, or a rate of 0 or 100 % is expected.
    """
    if rate in (0, 1):
        message = (
            "a rate of 0 or 100 % has no spread to estimate a size from;"
            " expect another, or give --tolerable in place of --margin"
        )
        raise UsageError(message)
    if margin == 0:
        message = "a margin of 0 takes everything; give one above 0"
        raise UsageError(message)
    n0 = Fraction(quantile(confidence)) ** 2 * rate * (1 - rate) / margin**2
    if population is None:
        return max(1, ceil(n0))
    return min(population, max(1, ceil(n0 / (1 + (n0 - 1) / population))))


def quantile(confidence: Fraction) -> float:
    """Return z: between -z and z lies so much of the standard normal distribution."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(float((1 + confidence) / 2))


# --- strata ---------------------------------------------------------------------------


class Stratum(NamedTuple):
    """A part of a population, and the rate expected there."""

    name: str
    population: int
    rate: Fraction | None = None


def allocate(strata: Sequence[Stratum], size: int) -> list[int]:
    """Return how many of each stratum are drawn, so that they are ``size`` together.

    Proportional to the population or, where every stratum has a rate, to population
    times standard deviation (Neyman 1934). Each has at least two, for a variance, or
    all it has; rounding is by largest remainder, ties in the order given.

    :raises UsageError: there are not so many, or too few for two of each; a stratum
        has nothing in it, or some have a rate and others have none.
    """
    if empty := [one.name for one in strata if one.population < 1]:
        message = f"the stratum {empty[0]} has a population of 0; leave it out"
        raise UsageError(message)
    if len({one.rate is None for one in strata}) > 1:
        message = "some strata have a rate and others have none; give all of them one"
        raise UsageError(message)
    least = [min(_MIN_OF_STRATUM, one.population) for one in strata]
    if not sum(least) <= size <= sum(one.population for one in strata):
        message = (
            f"--size {size:,} cannot be allocated: two of each stratum are"
            f" {sum(least):,}, and all are {sum(one.population for one in strata):,}"
        )
        raise UsageError(message)
    exact = _bounded(_weights(strata), least, [one.population for one in strata], size)
    shares = [int(share) for share in exact]
    order = sorted(range(len(exact)), key=lambda i: (shares[i] - exact[i], i))
    for i in order[: size - sum(shares)]:
        shares[i] += 1
    return shares


def _bounded(
    weights: Sequence[Fraction], least: Sequence[int], most: Sequence[int], size: int
) -> list[Fraction]:
    """Return shares in proportion to weights, each kept within its bounds.

    Between the factors at which a share meets a bound, their sum is a straight line.
    """

    def at(factor: Fraction) -> list[Fraction]:
        return [
            min(max(factor * weight, Fraction(low)), Fraction(high))
            for weight, low, high in zip(weights, least, most, strict=True)
        ]

    bounds = zip(weights, least, most, strict=True)
    turns = sorted(
        {end / weight for weight, low, high in bounds for end in (low, high)}
    )
    before = turns[0]
    for turn in turns:
        low, high = sum(at(before), Fraction(0)), sum(at(turn), Fraction(0))
        if high >= size:
            part = (size - low) / (high - low) if high > low else Fraction(0)
            return at(before + part * (turn - before))
        before = turn
    return at(before)


def _weights(strata: Sequence[Stratum]) -> list[Fraction]:
    rates = [one.rate for one in strata if one.rate is not None]
    if len(rates) < len(strata):
        return [Fraction(one.population) for one in strata]
    # Where nothing varies one item tells as much as all; it takes what nobody needs.
    return [
        one.population * (_deviation(rate) or Fraction(1, _ROOT_SCALE))
        for one, rate in zip(strata, rates, strict=True)
    ]


def _deviation(rate: Fraction) -> Fraction:
    """Return sqrt(p (1 - p)) to 12 places: the same on every machine."""
    square = rate * (1 - rate) * _ROOT_SCALE
    return Fraction(isqrt(int(square)), isqrt(_ROOT_SCALE))
