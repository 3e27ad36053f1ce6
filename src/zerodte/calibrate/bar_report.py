"""har_t on minute bars: its scores beside its rivals', its parameters, its placebo of pins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from zerodte.arrays import F64
from zerodte.calibrate.bars import BarSessions
from zerodte.calibrate.error import CalibrationError
from zerodte.calibrate.forecast import HAR_T, Forecast, walk_forward
from zerodte.calibrate.har import HarModel, fit_har
from zerodte.calibrate.moves import close_moves
from zerodte.calibrate.parameter_file import (
    FILE_VERSION,
    CalibrationFile,
    CoverageRecord,
    HarRecord,
    ScoreRecord,
    verdict,
)
from zerodte.calibrate.placebo import PinLift, pin_lifts
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
from zerodte.constants import COVERAGE_LEVELS, HAR_FREEDOM, WALK_FORWARD

#: Method of the parameters.
METHOD: Final = "har_t_v1"


@dataclass(frozen=True, eq=False, slots=True)
class ForecastScore:
    """The scores of one forecast over the scored sessions.

    Attributes:
        brier: Of the close within one band.
        brier_two: Within two bands.
        log_loss: Of the first event.
        parts: Murphy's decomposition of the first.
        brier_by_time: Brier of the first by scored time, (t,).
        gain: har_t's gain in Brier over this forecast.
        coverage: By level; empty if the forecast says nothing beyond the bands.
        pit: Share of closes in each tenth of the forecast, likewise.
        gap: Largest distance of the PIT from the uniform; NaN likewise.
    """

    brier: DayInterval
    brier_two: DayInterval
    log_loss: DayInterval
    parts: Decomposition
    brier_by_time: tuple[float, ...]
    gain: DayInterval
    coverage: tuple[DayInterval, ...]
    pit: tuple[DayInterval, ...]
    gap: float

    @property
    def skill(self) -> float:
        """har_t's gain as a share of this forecast's Brier score."""
        return self.gain.mean / self.brier.mean


@dataclass(frozen=True, eq=False, slots=True)
class BarReport:
    """What minute bars say.

    Attributes:
        symbol: The underlying.
        bars: The sessions.
        scored: Number of sessions that were forecast.
        base: Share of closes within one and within two bands.
        scores: By forecast, har_t first.
        lifts: Of the nearest strike by time, and over all times last.
        model: Fitted on all sessions.
        step: Distance of strikes, dollars.
    """

    symbol: str
    bars: BarSessions
    scored: int
    base: tuple[float, float]
    scores: Mapping[str, ForecastScore]
    lifts: tuple[PinLift, ...]
    model: HarModel
    step: float

    def verdicts(self) -> list[str]:
        """What har_t may be called beside each rival, a sentence each."""
        return [_sentence(name, of) for name, of in self.scores.items() if name != HAR_T]

    def file(self) -> CalibrationFile:
        """The fitted parameters."""
        gains = self.model.gains
        weights = self.model.weights
        return CalibrationFile(
            zerodte_calibration=FILE_VERSION,
            symbol=self.symbol,
            fitted_on="minute bars",
            first=self.bars.dates[0],
            last=self.bars.dates[-1],
            sessions=len(self.bars),
            method=METHOD,
            har_t=HarRecord(
                weights=(weights[0], weights[1], weights[2], weights[3]),
                gains=(gains[0], gains[1], gains[2], gains[3]),
                freedom=HAR_FREEDOM,
            ),
            scores=tuple(
                score_record(name, self.scores[HAR_T], of)
                for name, of in self.scores.items()
                if name != HAR_T
            ),
            coverage=tuple(
                CoverageRecord(level=level, covered=of.mean, low=of.low, high=of.high)
                for level, of in zip(COVERAGE_LEVELS, self.scores[HAR_T].coverage, strict=True)
            ),
        )

    def json(self) -> bytes:
        """All figures as JSON; unknown ones are null."""
        body: dict[str, Any] = {
            "symbol": self.symbol,
            "first": self.bars.dates[0],
            "last": self.bars.dates[-1],
            "sessions": len(self.bars),
            "scored": self.scored,
            "left_out": dict(self.bars.left_out),
            "base": self.base,
            "scores": dict(self.scores),
            "verdicts": self.verdicts(),
            "pins": self.lifts,
            "har_t": self.model,
        }
        return msgspec.json.encode(body)


def bar_report(symbol: str, bars: BarSessions, step: float) -> BarReport:
    """Score har_t and its rivals on minute bars.

    Args:
        symbol: The underlying.
        bars: Enough whole sessions.
        step: Distance of strikes for the placebo, dollars.

    Raises:
        CalibrationError: Prices stand still too often.
    """
    moves = close_moves(bars)
    first = WALK_FORWARD[0]
    for known in (moves.known[:first], moves.known[first:]):
        if known.mean(axis=0).min() < 0.5:
            raise CalibrationError(
                f"{symbol}: in most sessions the price stands still for half an hour or to the "
                "close; bars of an underlying that hardly trades cannot be calibrated on"
            )
    forecasts = walk_forward(moves)
    known = moves.known[first:]
    inside = np.where(known[..., None], moves.inside[first:], np.nan)
    own = (forecasts[HAR_T].inside - inside)[..., 0] ** 2
    return BarReport(
        symbol=symbol,
        bars=bars,
        scored=int(known.any(axis=1).sum()),
        base=(float(np.nanmean(inside[..., 0])), float(np.nanmean(inside[..., 1]))),
        scores={name: _score(of, inside, own) for name, of in forecasts.items()},
        lifts=tuple(pin_lifts(moves, step)),
        model=fit_har(moves, len(bars)),
        step=step,
    )


def _score(forecast: Forecast, inside: F64, own: F64) -> ForecastScore:
    squares = (forecast.inside - inside) ** 2
    known = np.isfinite(inside[..., 0])
    below = np.where(known, forecast.below, np.nan)
    has_law = bool(np.isfinite(below).any())
    return ForecastScore(
        brier=day_interval(squares[..., 0]),
        brier_two=day_interval(squares[..., 1]),
        log_loss=day_interval(log_loss(forecast.inside[..., 0], inside[..., 0])),
        parts=decomposition(forecast.inside[..., 0][known], inside[..., 0][known]),
        brier_by_time=tuple(np.nanmean(squares[..., 0], axis=0).tolist()),
        gain=day_interval(squares[..., 0] - own),
        coverage=_by_last_axis(covered(below)) if has_law else (),
        pit=_by_last_axis(in_bin(below)) if has_law else (),
        gap=largest_gap(below),
    )


def score_record(rival: str, own: ForecastScore, of: ForecastScore) -> ScoreRecord:
    """har_t against a rival, for the file."""
    return ScoreRecord(
        forecast=HAR_T,
        rival=rival,
        sessions=own.brier.days,
        brier=own.brier.mean,
        rival_brier=of.brier.mean,
        log_loss=own.log_loss.mean,
        gain=of.gain.mean,
        gain_low=of.gain.low,
        gain_high=of.gain.high,
        verdict=verdict(of.gain.low, of.gain.high),
    )


def _by_last_axis(values: F64) -> tuple[DayInterval, ...]:
    """The mean over days and times, by the last axis."""
    return tuple(day_interval(values[..., place]) for place in range(values.shape[-1]))


def _sentence(rival: str, of: ForecastScore) -> str:
    """What the interval of the gain allows to say."""
    bounds = f"[{of.gain.low:+.4f}, {of.gain.high:+.4f}]"
    match verdict(of.gain.low, of.gain.high):
        case "better":
            return f"better than {rival}: gain {of.gain.mean:.4f} {bounds}, skill {of.skill:.1%}"
        case "worse":
            return f"worse than {rival}: gain {of.gain.mean:+.4f} {bounds}"
        case _:
            return f"no better than {rival}: interval {bounds} holds 0"
