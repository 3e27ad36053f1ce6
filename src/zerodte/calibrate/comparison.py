"""Forecasts beside each other on the same sessions: the scores of each, and what may be said."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64
from zerodte.calibrate.forecast import Forecast
from zerodte.calibrate.parameter_file import verdict
from zerodte.calibrate.score import (
    DayInterval,
    Decomposition,
    covered,
    day_interval,
    decomposition,
    in_bin,
    largest_gap,
    log_loss,
)
from zerodte.constants import COVERAGE_LEVELS
from zerodte.wire.calibration import CalibrationCoverage, CalibrationScore


@dataclass(frozen=True, eq=False, slots=True)
class ForecastScore:
    """The scores of one forecast over the scored sessions.

    Attributes:
        brier: Of the close within one band.
        brier_two: Within two bands.
        loss: What forecasts are compared by: the mean of the Brier scores that count.
        log_loss: Of the first event.
        parts: Murphy's decomposition of the first.
        brier_by_time: Brier of the first by scored time, (t,).
        gain: The tested forecast's gain in loss over this one.
        coverage: By level; empty if the forecast says nothing beyond the bands.
        pit: Share of closes in each tenth of the forecast, likewise.
        gap: Largest distance of the PIT from the uniform; NaN likewise.
    """

    brier: DayInterval
    brier_two: DayInterval
    loss: DayInterval
    log_loss: DayInterval
    parts: Decomposition
    brier_by_time: tuple[float, ...]
    gain: DayInterval
    coverage: tuple[DayInterval, ...]
    pit: tuple[DayInterval, ...]
    gap: float

    @property
    def skill(self) -> float:
        """The tested forecast's gain as a share of this one's loss."""
        return self.gain.mean / self.loss.mean


@dataclass(frozen=True, eq=False, slots=True)
class ForecastComparison:
    """Scores of forecasts, the tested one first."""

    scores: Mapping[str, ForecastScore]

    @property
    def tested(self) -> str:
        """The name of the tested forecast."""
        return next(iter(self.scores))

    @property
    def rivals(self) -> Mapping[str, ForecastScore]:
        """The others."""
        return {name: of for name, of in self.scores.items() if name != self.tested}

    def verdicts(self) -> list[str]:
        """What the tested forecast may be called beside each rival, a sentence each."""
        return [f"{self.tested} is {_words(name, of)}" for name, of in self.rivals.items()]

    def score_records(self) -> tuple[CalibrationScore, ...]:
        """The tested forecast against each rival, for the file."""
        own = self.scores[self.tested]
        return tuple(
            CalibrationScore(
                forecast=self.tested,
                rival=name,
                sessions=own.loss.days,
                brier=_finite(own.loss.mean),
                rival_brier=_finite(of.loss.mean),
                log_loss=_finite(own.log_loss.mean),
                gain=_finite(of.gain.mean),
                gain_low=_finite(of.gain.low),
                gain_high=_finite(of.gain.high),
                verdict=verdict(of.gain.low, of.gain.high),
            )
            for name, of in self.rivals.items()
        )

    def coverage_records(self, forecast: str) -> tuple[CalibrationCoverage, ...]:
        """A forecast's coverage, for the file."""
        return tuple(
            CalibrationCoverage(
                level=level, covered=of.mean, low=_finite(of.low), high=_finite(of.high)
            )
            for level, of in zip(COVERAGE_LEVELS, self.scores[forecast].coverage, strict=True)
        )


def compare(forecasts: Mapping[str, Forecast], inside: F64, bands: int) -> ForecastComparison:
    """Score forecasts.

    Args:
        forecasts: By name, the tested one first.
        inside: 1 where the close was within one and two bands, else 0, (n, t, 2); NaN where
            nothing is scored.
        bands: How many of the two events forecasts are compared by.
    """
    losses = {
        name: ((of.inside - inside) ** 2)[..., :bands].mean(axis=-1)
        for name, of in forecasts.items()
    }
    own = next(iter(losses.values()))
    return ForecastComparison(
        {name: _score(of, inside, losses[name], own) for name, of in forecasts.items()}
    )


def _score(forecast: Forecast, inside: F64, loss: F64, own: F64) -> ForecastScore:
    squares = (forecast.inside - inside) ** 2
    known = np.isfinite(inside[..., 0])
    below = np.where(known, forecast.below, np.nan)
    has_law = bool(np.isfinite(below).any())
    by_time = [column[np.isfinite(column)] for column in squares[..., 0].T]
    return ForecastScore(
        brier=day_interval(squares[..., 0]),
        brier_two=day_interval(squares[..., 1]),
        loss=day_interval(loss),
        log_loss=day_interval(log_loss(forecast.inside[..., 0], inside[..., 0])),
        parts=decomposition(forecast.inside[..., 0][known], inside[..., 0][known]),
        brier_by_time=tuple(float(one.mean()) if len(one) else np.nan for one in by_time),
        gain=day_interval(loss - own),
        coverage=_by_last_axis(covered(below)) if has_law else (),
        pit=_by_last_axis(in_bin(below)) if has_law else (),
        gap=largest_gap(below),
    )


def _by_last_axis(values: F64) -> tuple[DayInterval, ...]:
    """The mean over days and times, by the last axis."""
    return tuple(day_interval(values[..., place]) for place in range(values.shape[-1]))


def _finite(value: float) -> float | None:
    """A figure of the file; None where it is unknown."""
    return value if math.isfinite(value) else None


def _words(rival: str, of: ForecastScore) -> str:
    """What the interval of the gain allows to say."""
    if of.gain.days < 2:
        return f"no better than {rival}: one session tells nothing"
    bounds = f"[{of.gain.low:+.4f}, {of.gain.high:+.4f}]"
    match verdict(of.gain.low, of.gain.high):
        case "better":
            return f"better than {rival}: gain {of.gain.mean:.4f} {bounds}, skill {of.skill:.1%}"
        case "worse":
            return f"worse than {rival}: gain {of.gain.mean:+.4f} {bounds}"
        case _:
            return f"no better than {rival}: interval {bounds} holds 0"
