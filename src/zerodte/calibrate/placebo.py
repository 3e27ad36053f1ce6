"""Whether closes are drawn to strikes: the nearest strike beside the point half a step away.

If strikes attract, the close lands in the nearest strike's cell more often than the density says,
and no more often in a cell of the same size that has its strike on its border.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64
from zerodte.calibrate.har import fit_har
from zerodte.calibrate.law import student_cdf
from zerodte.calibrate.moves import TIMES, CloseMoves
from zerodte.calibrate.score import DayInterval, day_interval
from zerodte.constants import HAR_FREEDOM, PIN_MINUTES, WALK_FORWARD

#: Standard errors that a lift must measure to be seen: two-sided 5%, power 80%.
_SEEN: Final = 1.959964 + 0.841621


@dataclass(frozen=True, slots=True)
class PinLift:
    """Closes in the nearest strike's cell beside those in the cell half a step away.

    Attributes:
        minutes: Elapsed minutes of the forecasts.
        claimed: Mean forecast of the strike's cell.
        strike: Share of closes in it.
        placebo: Share of closes in the shifted cell.
        lift: (strike - its forecast) - (placebo - its forecast).
        detectable: The lift that so many sessions would have shown, a fraction.
    """

    minutes: tuple[int, ...]
    claimed: float
    strike: float
    placebo: float
    lift: DayInterval
    detectable: float

    @property
    def is_seen(self) -> bool:
        """Whether the interval lies above 0."""
        return self.lift.low > 0.0

    @property
    def sentence(self) -> str:
        """What the sessions say, in words."""
        if self.is_seen:
            return (
                f"a lift of {100 * self.lift.mean:.1f} points in {self.lift.days} sessions: "
                f"interval [{100 * self.lift.low:.1f}, {100 * self.lift.high:.1f}]"
            )
        return (
            f"no lift found in {self.lift.days} sessions; "
            f"could have seen {100 * self.detectable:.0f} points"
        )


def pin_lifts(moves: CloseMoves, step: float) -> list[PinLift]:
    """The lift of the nearest strike at several times, walk-forward, and over all of them.

    Args:
        moves: Of whole sessions.
        step: Distance of strikes, dollars.
    """
    first, stride = WALK_FORWARD
    sigma = np.concatenate(
        [
            fit_har(moves, start).sigma(moves)[start : start + stride]
            for start in range(first, len(moves.move), stride)
        ]
    )
    price, close = moves.price[first:], (moves.price + moves.move)[first:]
    groups = [*((minute,) for minute in PIN_MINUTES), PIN_MINUTES]
    out = []
    for minutes in groups:
        at = np.isin(TIMES, minutes)
        out.append(_lift(minutes, price[:, at], close[:, at], sigma[:, at], step))
    return out


def _lift(minutes: tuple[int, ...], price: F64, close: F64, sigma: F64, step: float) -> PinLift:
    """Of sessions by times, (n, t); not where sigma is NaN."""
    spot = np.exp(price)
    hits, claims = [], []
    for shift in (0.0, 0.5 * step):
        middle = np.rint((spot - shift) / step) * step + shift
        ends = np.log(np.stack([middle - 0.5 * step, middle + 0.5 * step]))
        below = student_cdf((ends - price) / sigma, HAR_FREEDOM)
        claims.append(below[1] - below[0])
        hit = ((close >= ends[0]) & (close < ends[1])).astype(np.float64)
        hits.append(np.where(np.isfinite(sigma), hit, np.nan))
    lift = day_interval((hits[0] - claims[0]) - (hits[1] - claims[1]))
    return PinLift(
        minutes,
        float(np.nanmean(claims[0])),
        float(np.nanmean(hits[0])),
        float(np.nanmean(hits[1])),
        lift,
        _SEEN * lift.error,
    )
