"""The statistics of scores: shares, errors, correlations, and intervals over seeds."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, Bool

#: Confidence level of intervals over seeds.
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds with its confidence interval.

    Attributes:
        mean: Over the seeds that have the figure; NaN if none has it.
        low: Lower bound; NaN with fewer than two seeds.
        high: Upper bound; NaN with fewer than two seeds.
        seeds: Number of seeds that have it.
    """

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def half(self) -> float:
        """Half of the width."""
        return 0.5 * (self.high - self.low)


def interval(values: F64) -> Interval:
    """Student's confidence interval of the mean of independent values."""
    finite = values[np.isfinite(values)]
    count = len(finite)
    if count < 2:
        mean = float(finite[0]) if count else math.nan
        return Interval(mean, math.nan, math.nan, count)
    mean = float(finite.mean())
    half = student(count - 1) * float(finite.std(ddof=1)) / math.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


def student(freedom: int, level: float = LEVEL) -> float:
    """The half-width of Student's interval in standard errors.

    Args:
        freedom: Degrees of freedom, at least 1.
        level: Confidence level.
    """
    low, high = 0.0, 1.0
    while _within(high, freedom) < level:
        high *= 2.0
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _within(middle, freedom) < level else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    """P(|T| < t) of Student's distribution: Abramowitz and Stegun 26.7.3 and 26.7.4."""
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
    """The share of the weights where `which` is true; NaN if all weights are 0."""
    total = float(weights.sum())
    return float(weights[which].sum()) / total if total else math.nan


def correlation(left: F64, right: F64) -> float:
    """Pearson's correlation; NaN for fewer than three pairs, or if one side is constant."""
    if len(left) < 3 or left.std() == 0.0 or right.std() == 0.0:
        return math.nan
    return float(np.corrcoef(left, right)[0, 1])


def slope(estimate: F64, true: F64) -> float:
    """Least-squares slope of the estimate in the truth; NaN if the truth is constant."""
    if len(true) < 3 or true.std() == 0.0:
        return math.nan
    return float(np.cov(estimate, true, ddof=0)[0, 1] / true.var())


def relative_error(estimate: F64, true: F64) -> float:
    """Root mean square error over the root mean square of the truth; NaN if that is 0."""
    size = math.sqrt(float(np.mean(true**2))) if len(true) else 0.0
    return math.sqrt(float(np.mean((estimate - true) ** 2))) / size if size else math.nan


def same_sign(estimate: F64, true: F64) -> float:
    """How often signs agree where the truth is not 0. An estimate of 0 never agrees."""
    has_sign = true != 0.0
    return share(np.sign(estimate) == np.sign(true), has_sign.astype(np.float64))


def mean_of(scores: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each column over the scores that have it."""
    return {
        name: float(np.mean(finite)) if (finite := _finite(scores, name)) else np.nan
        for name in (scores[0] if scores else ())
    }


def _finite(scores: list[dict[str, float]], name: str) -> list[float]:
    return [score[name] for score in scores if np.isfinite(score[name])]
