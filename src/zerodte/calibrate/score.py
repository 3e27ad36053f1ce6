"""Scores of probabilities: Brier with its decomposition, log loss, PIT, coverage.

What happens at several times of one day hangs together, so every interval comes from resampling
whole days.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import BOOTSTRAP_DRAWS, BOOTSTRAP_LEVEL, COVERAGE_LEVELS

#: Of the resampling, so that the same bars give the same table.
_SEED: Final = 20260101
#: Bins of forecasts in the decomposition, and of the PIT.
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class DayInterval:
    """A mean over days with the interval of resampled days.

    Attributes:
        mean: Over all values, those of a day counting one by one; NaN without any.
        low: Lower bound; NaN with fewer than two days.
        high: Upper bound, likewise.
        days: Days with a value.
        error: Standard error, likewise of resampled days.
    """

    mean: float
    low: float
    high: float
    days: int
    error: float

    def holds(self, value: float) -> bool:
        """Whether the interval holds a value; True if there is no interval."""
        return not (self.low > value or self.high < value)


def day_interval(values: F64) -> DayInterval:
    """The mean of values by day, shape (days, any); NaN does not count."""
    known = np.isfinite(values)
    counts = known.sum(axis=1)
    sums, counts = np.where(known, values, 0.0).sum(axis=1)[counts > 0], counts[counts > 0]
    days = len(counts)
    if not days:
        return DayInterval(math.nan, math.nan, math.nan, 0, math.nan)
    mean = float(sums.sum() / counts.sum())
    if days < 2:
        return DayInterval(mean, math.nan, math.nan, days, math.nan)
    draws = np.random.default_rng(_SEED).integers(0, days, (BOOTSTRAP_DRAWS, days))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    edge = 0.5 - 0.5 * BOOTSTRAP_LEVEL
    low, high = np.quantile(means, [edge, 1.0 - edge])
    return DayInterval(mean, float(low), float(high), days, float(means.std()))


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Murphy's parts of a Brier score: reliability - resolution + uncertainty + within.

    Attributes:
        reliability: How far the bins' forecasts lie from what happened; 0 is best.
        resolution: How far what happened in the bins lies from the mean; more is better.
        uncertainty: Of the event itself, p (1 - p).
        within: What forecasts of one bin differ by, small.
        forecast: Mean forecast of each bin, ascending, (b,).
        happened: Share that came true in each bin, (b,).
    """

    reliability: float
    resolution: float
    uncertainty: float
    within: float
    forecast: tuple[float, ...]
    happened: tuple[float, ...]


def decomposition(probability: F64, happened: F64) -> Decomposition:
    """Murphy's decomposition with bins of equally many forecasts, ties together.

    Args:
        probability: Forecasts, (n,).
        happened: 1 where the event came true, else 0, (n,).
    """
    edges = np.unique(np.quantile(probability, np.linspace(0.0, 1.0, BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, probability, side="right")
    size = np.bincount(bins, minlength=len(edges) + 1)
    full = size > 0
    share = size[full] / len(bins)
    forecast = np.bincount(bins, probability, len(edges) + 1)[full] / size[full]
    came = np.bincount(bins, happened, len(edges) + 1)[full] / size[full]
    base = float(happened.mean())
    reliability = float((share * (forecast - came) ** 2).sum())
    resolution = float((share * (came - base) ** 2).sum())
    uncertainty = base * (1.0 - base)
    brier = float(((probability - happened) ** 2).mean())
    return Decomposition(
        reliability,
        resolution,
        uncertainty,
        brier - (reliability - resolution + uncertainty),
        tuple(forecast.tolist()),
        tuple(came.tolist()),
    )


def log_loss(probability: F64, happened: F64) -> F64:
    """-log of the probability of what happened; infinite where that was 0."""
    right = np.where(happened > 0.5, probability, 1.0 - probability)
    right = np.where(np.isfinite(happened), right, np.nan)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(right))


def covered(below: F64) -> F64:
    """Whether the central interval of each level held the close: 1 or 0, (..., levels)."""
    held = np.abs(below - 0.5)[..., None] <= 0.5 * np.array(COVERAGE_LEVELS)
    return np.where(np.isfinite(below)[..., None], held.astype(np.float64), np.nan)


def largest_gap(below: F64) -> float:
    """The largest distance of the PIT's distribution from the uniform; NaN without a PIT."""
    values = np.sort(below[np.isfinite(below)])
    count = len(values)
    if not count:
        return math.nan
    steps = np.arange(count + 1) / count
    return float(max((steps[1:] - values).max(), (values - steps[:-1]).max()))


def in_bin(below: F64) -> F64:
    """Whether the PIT lies in each tenth, 1 or 0, (..., bins); NaN without a PIT."""
    bins = np.clip(np.floor(np.nan_to_num(below) * BINS), 0, BINS - 1)
    held = bins[..., None] == np.arange(BINS)
    return np.where(np.isfinite(below)[..., None], held.astype(np.float64), np.nan)
