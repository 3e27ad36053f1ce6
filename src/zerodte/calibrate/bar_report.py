"""har_t on minute bars: its scores beside its rivals', its parameters, its placebo of pins."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from zerodte.calibrate.bars import BarSessions
from zerodte.calibrate.comparison import ForecastComparison, compare
from zerodte.calibrate.error import CalibrationError
from zerodte.calibrate.forecast import walk_forward
from zerodte.calibrate.har import HarModel, fit_har
from zerodte.calibrate.moves import close_moves
from zerodte.calibrate.parameter_file import FILE_VERSION
from zerodte.calibrate.placebo import PinLift, pin_lifts
from zerodte.constants import HAR_FREEDOM, WALK_FORWARD
from zerodte.engine.physical import SCALE_VERSION
from zerodte.wire.calibration import CalibrationFile, HarParameters

#: Method of the parameters.
METHOD: Final = "har_t_v1"


@dataclass(frozen=True, eq=False, slots=True)
class BarReport:
    """What minute bars say.

    Attributes:
        symbol: The underlying.
        bars: The sessions.
        scored: Number of sessions that were forecast.
        base: Share of closes within one and within two bands.
        comparison: har_t beside the others, by the close within one band.
        lifts: Of the nearest strike by time, and over all times last.
        model: Fitted on all sessions.
    """

    symbol: str
    bars: BarSessions
    scored: int
    base: tuple[float, float]
    comparison: ForecastComparison
    lifts: tuple[PinLift, ...]
    model: HarModel

    def file(self) -> CalibrationFile:
        """The fitted parameters."""
        first, second, third, fourth = self.model.gains
        constant, vix, so_far, recent = self.model.weights
        return CalibrationFile(
            zerodte_calibration=FILE_VERSION,
            symbol=self.symbol,
            fitted_on="minute bars",
            first=self.bars.dates[0],
            last=self.bars.dates[-1],
            sessions=len(self.bars),
            method=METHOD,
            scale_version=SCALE_VERSION,
            har_t=HarParameters(
                weights=(constant, vix, so_far, recent),
                gains=(first, second, third, fourth),
                freedom=HAR_FREEDOM,
            ),
            scores=self.comparison.score_records(),
            coverage=self.comparison.coverage_records(self.comparison.tested),
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
            "scores": dict(self.comparison.scores),
            "verdicts": self.comparison.verdicts(),
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
    known = moves.known[first:]
    inside = np.where(known[..., None], moves.inside[first:], np.nan)
    return BarReport(
        symbol=symbol,
        bars=bars,
        scored=int(known.any(axis=1).sum()),
        base=(float(np.nanmean(inside[..., 0])), float(np.nanmean(inside[..., 1]))),
        comparison=compare(walk_forward(moves), inside, bands=1),
        lifts=tuple(pin_lifts(moves, step)),
        model=fit_har(moves, len(bars)),
    )
