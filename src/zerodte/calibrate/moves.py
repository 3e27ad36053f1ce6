"""What is known of a session at each scored time, and how far the close then moved."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.calibrate.bars import BarSessions
from zerodte.constants import (
    BAND_OF_VIX,
    RECENT_MINUTES,
    SCORED_MINUTES,
    SESSIONS_PER_YEAR,
    WHOLE_SESSION,
)
from zerodte.pricing.clock import remaining_variance_share

#: Elapsed minutes at which forecasts are made.
TIMES: Final = np.array(SCORED_MINUTES)
#: Variance of a session below which a price stood still: a hundredth of a basis point.
_STILL: Final = 1e-12


@dataclass(frozen=True, eq=False, slots=True)
class CloseMoves:
    """Sessions at the scored times: shape (n, t), or (t,) where every session has the same.

    Variances are of log returns. What is measured over a part of a session is divided by that
    part's share of the variance profile, so that it is a whole session's.

    Attributes:
        price: Log of spot.
        move: Log return from then to the close.
        share: What is left of the session's variance, a fraction, (t,).
        vix: The VIX's variance of one session, (n, t).
        so_far: Realised since the first minute.
        recent: Realised over the last 30 minutes.
        rest: Realised from then to the close.
        known: Whether all of them are above 0, so that a forecast can be made.
    """

    price: F64
    move: F64
    share: F64
    vix: F64
    so_far: F64
    recent: F64
    rest: F64
    known: Bool

    @property
    def band(self) -> F64:
        """One standard deviation of the scored events, (n, t): a share of the VIX's sigma."""
        return np.asarray(BAND_OF_VIX * np.sqrt(self.vix * self.share))

    @property
    def inside(self) -> Bool:
        """Whether the close came within one and within two bands of spot, (n, t, 2)."""
        return np.asarray(np.abs(self.move)[..., None] <= widths(self.band))


def widths(band: F64) -> F64:
    """One and two bands, on a new last axis."""
    return np.asarray(band[..., None] * np.array([1.0, 2.0]))


def close_moves(bars: BarSessions) -> CloseMoves:
    """The moves of whole sessions."""
    squares = np.diff(bars.log_price, axis=1) ** 2
    # Realised until the end of each minute, from the end of the first.
    until = np.concatenate((np.zeros((len(bars), 1)), np.cumsum(squares, axis=1)), axis=1)
    minute, before = TIMES - 1, np.maximum(TIMES - RECENT_MINUTES, 1) - 1
    share, share_before = _left(TIMES), _left(before + 1)
    so_far = until[:, minute] / (_left(np.array([1])) - share)
    recent = (until[:, minute] - until[:, before]) / (share_before - share)
    rest = (until[:, -1:] - until[:, minute]) / share
    price = bars.log_price[:, minute]
    return CloseMoves(
        price=price,
        move=bars.log_price[:, -1:] - price,
        share=share,
        vix=np.repeat(bars.vix[:, None] ** 2 / SESSIONS_PER_YEAR, len(TIMES), axis=1),
        so_far=so_far,
        recent=recent,
        rest=rest,
        # A price that stood still leaves at most the rounding of the sums.
        known=(so_far > _STILL) & (recent > _STILL) & (rest > _STILL),
    )


def _left(minutes: I64) -> F64:
    return np.array([remaining_variance_share(float(m), WHOLE_SESSION) for m in minutes])
