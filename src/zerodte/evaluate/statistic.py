"""The statistics of scores: shares, errors, correlations, and intervals over seeds."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, Bool

#: The probability with which an interval over seeds holds the mean over all seeds.
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds, with the interval that holds the mean over all seeds.

    Attributes:
        mean: Over those seeds that have the figure; NaN when none has.
        low: NaN with fewer than two seeds: nobody knows then.
        high: Likewise.
        seeds: How many have it.
    """

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def half(self) -> float:
        """Half of its width."""
        return 0.5 * (self.high - self.low)


def interval(values: F64) -> Interval:
    """Student's interval of the mean, values of different seeds being independent."""
    known = values[np.isfinite(values)]
    count = len(known)
    if count < 2:
        mean = float(known[0]) if count else math.nan
        return Interval(mean, math.nan, math.nan, count)
    mean = float(known.mean())
    half = student(count - 1) * float(known.std(ddof=1)) / math.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


def student(freedom: int, level: float = LEVEL) -> float:
    """How many standard errors Student's interval reaches to each side.

    Args:
        freedom: Degrees of freedom, at least 1.
        level: Probability of the interval.
    """
    low, high = 0.0, 1.0
    while _within(high, freedom) < level:
        high *= 2.0
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _within(middle, freedom) < level else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    """P(|T| < t) of Student's law: Abramowitz and Stegun 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, odd = math.cos(angle), freedom % 2
    term, series = cosine if odd else 1.0, 0.0
    for k in range(1 + odd, freedom, 2):
        series += term
        term *= k / (k + 1) * cosine**2
    if odd:
        return 2.0 / math.pi * (angle + math.sin(angle) * series)
    return math.sin(angle) * series


def share(which: Bool, weights: F64) -> float:
    """The share of the weights where `which` holds; NaN without any weight."""
    total = float(weights.sum())
    return float(weights[which].sum()) / total if total else math.nan


def correlation(left: F64, right: F64) -> float:
    """Pearson's; NaN for fewer than three pairs, or where either does not move."""
    if len(left) < 3 or left.std() == 0.0 or right.std() == 0.0:
        return math.nan
    return float(np.corrcoef(left, right)[0, 1])


def slope(estimate: F64, true: F64) -> float:
    """By how much an estimate moves where truth moves by one: least squares; NaN if it rests."""
    if len(true) < 3 or true.std() == 0.0:
        return math.nan
    return float(np.cov(estimate, true, ddof=0)[0, 1] / true.var())


def relative_error(estimate: F64, true: F64) -> float:
    """Root mean square error over the root mean square of truth; NaN where that is 0."""
    size = math.sqrt(float(np.mean(true**2))) if len(true) else 0.0
    return math.sqrt(float(np.mean((estimate - true) ** 2))) / size if size else math.nan


def same_sign(estimate: F64, true: F64) -> float:
    """How often signs agree, where truth has one; an estimate of 0 agrees with none."""
    told = true != 0.0
    return share(np.sign(estimate) == np.sign(true), told.astype(np.float64))


def mean_of(scores: list[dict[str, float]]) -> dict[str, float]:
    """The mean of every column over those that have it."""
    return {
        name: float(np.mean(known)) if (known := _known(scores, name)) else np.nan
        for name in (scores[0] if scores else ())
    }


def _known(scores: list[dict[str, float]], name: str) -> list[float]:
    return [score[name] for score in scores if np.isfinite(score[name])]
