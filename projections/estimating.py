"""What a sample says of its frame: exact limits, and the stratified estimate.

Limits that are counts (hypergeometric) are searched with exact tails; limits that are
rates (Clopper-Pearson) come from scipy, which is imported here and nowhere else.
"""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import MissingExtraError
from projections.planning import hypergeometric_at_most, quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Beta = Callable[[float, float, float], float]


class Limits(NamedTuple):
    """A lower and an upper limit."""

    lower: float
    upper: float


class Counts(NamedTuple):
    """Limits of how many there are in the frame."""

    lower: int
    upper: int


# --- rates ----------------------------------------------------------------------------


def _beta() -> Beta:
    """Return the quantile function of the beta distribution.

    :raises MissingExtraError: scipy is not installed.
    """
    try:
        from scipy.stats import beta
    except ImportError:
        library, extra = "scipy", "audit"
        raise MissingExtraError(library, extra) from None
    return lambda q, a, b: float(beta.ppf(q, a, b))


def clopper_pearson(x: int, n: int, confidence: Fraction) -> Limits:
    """Return exact two-sided limits of a rate, with equal tails.

    Clopper and Pearson (1934), Biometrika 26; 0 where x is 0, and 1 where x is n.
    """
    return Limits(
        lower_limit(x, n, (1 + confidence) / 2), upper_limit(x, n, (1 + confidence) / 2)
    )


def upper_limit(x: int, n: int, confidence: Fraction) -> float:
    """Return the exact one-sided upper limit of a rate: betaInv(c; x+1, n-x)."""
    return 1.0 if x == n else _beta()(float(confidence), x + 1, n - x)


def lower_limit(x: int, n: int, confidence: Fraction) -> float:
    """Return the exact one-sided lower limit of a rate: betaInv(1-c; x, n-x+1)."""
    return 0.0 if x == 0 else _beta()(float(1 - confidence), x, n - x + 1)


# --- how many of a frame --------------------------------------------------------------


def hypergeometric(x: int, n: int, population: int, confidence: Fraction) -> Counts:
    """Return exact two-sided limits of how many are in the frame, with equal tails.

    All K with P(X ≥ x) > a/2 and P(X ≤ x) > a/2, where a is 1 - confidence: the
    inequalities are strict, and compared exactly, so a tie excludes (docs/sampling.md).
    """
    each = (1 + confidence) / 2
    return Counts(
        lower_count(x, n, population, each), upper_count(x, n, population, each)
    )


def upper_count(x: int, n: int, population: int, confidence: Fraction) -> int:
    """Return the greatest K with P(X ≤ x) > 1 - confidence."""
    risk = 1 - confidence
    low, high = x, population - (n - x)
    while low < high:  # P(X ≤ x) falls as K grows; at K = x it is 1.
        middle = (low + high + 1) // 2
        if hypergeometric_at_most(x, n, middle, population) > risk:
            low = middle
        else:
            high = middle - 1
    return low


def lower_count(x: int, n: int, population: int, confidence: Fraction) -> int:
    """Return the least K with P(X ≥ x) > 1 - confidence."""
    # What is not marked is marked the other way round.
    return population - upper_count(n - x, n, population, confidence)


# --- strata ---------------------------------------------------------------------------


class Part(NamedTuple):
    """What was found in one stratum."""

    population: int
    n: int
    x: int


class Estimate(NamedTuple):
    """A total of the frame, estimated by stratum."""

    total: Fraction
    population: int
    standard_error: float | None
    """None where a stratum has one item of several, which has no variance."""
    alike: int
    """So many strata were not seen whole, and all that was seen of each is alike."""

    @property
    def rate(self) -> Fraction:
        """The total as a share of the frame."""
        return self.total / self.population

    def limits(self, confidence: Fraction) -> Limits | None:
        """Return normal two-sided limits of the total, within what is possible.

        None where no spread was seen, and not because all was: nothing is that sure.
        """
        if self.standard_error is None or (self.alike and not self.standard_error):
            return None
        reach = quantile(confidence) * self.standard_error
        total = float(self.total)
        return Limits(
            max(0.0, total - reach), min(float(self.population), total + reach)
        )


def stratified(parts: Sequence[Part]) -> Estimate:
    """Return the total Σ N p and the square root of Σ N (N - n) p q / (n - 1).

    Cochran, Sampling Techniques (3rd ed.), 5.3 and 3.2.
    """
    total, variance = Fraction(0), Fraction(0)
    known, alike = True, 0
    for part in parts:
        rate = Fraction(part.x, part.n)
        total += part.population * rate
        if part.n == part.population:
            continue  # All of it was seen.
        if part.n == 1:
            known = False
            continue
        alike += part.x in (0, part.n)
        spread = part.population * (part.population - part.n) * rate * (1 - rate)
        variance += spread / (part.n - 1)
    error = sqrt(variance) if known else None
    return Estimate(total, sum(part.population for part in parts), error, alike)
