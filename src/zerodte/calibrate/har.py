"""har_t_v1: the sigma of the close from minute bars alone.

The log of the variance that is left, per share of the profile, is regressed on the VIX, on what was
realised since the open, and on what was realised lately (after Corsi, J. Financial Econometrics 7,
2009). A gain by time of day takes the step from the log's mean to the variance of the close. The
shape is Student's.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, Index
from zerodte.calibrate.moves import TIMES, CloseMoves
from zerodte.constants import HAR_GAIN_MINUTES, HAR_WINSOR

#: The part of the session that each scored time's gain belongs to, (t,).
PART: Final[Index] = np.searchsorted(np.array(HAR_GAIN_MINUTES), TIMES, side="right")
PARTS: Final = len(HAR_GAIN_MINUTES) + 1


@dataclass(frozen=True, slots=True)
class HarModel:
    """Fitted parameters.

    Attributes:
        weights: Constant, and the weights of the logs of VIX, variance so far and recent variance.
        gains: Variance of the close over exp of the regression, by part of the session.
    """

    weights: tuple[float, ...]
    gains: tuple[float, ...]

    def sigma(self, moves: CloseMoves) -> F64:
        """Standard deviation of the log return to the close, (n, t); NaN where not known."""
        variance = _central(np.array(self.weights), moves) * np.array(self.gains)[PART]
        return np.asarray(np.sqrt(variance))


def fit_har(moves: CloseMoves, sessions: int) -> HarModel:
    """Fit to the first sessions: least squares, every session and time alike.

    A part's gain is the mean of the squared moves over the regression's variance, each at most 16
    (four sigma), so that no single day carries it.
    """
    known = moves.known[:sessions]
    inputs = _inputs(moves)[:sessions][known]
    rest = np.log(moves.rest[:sessions][known])
    weights = np.asarray(np.linalg.lstsq(inputs, rest, rcond=None)[0], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        squares = (moves.move**2 / _central(weights, moves))[:sessions]
    squares = np.minimum(squares, HAR_WINSOR**2)
    gains = [
        float(squares[:, part == PART][known[:, part == PART]].mean()) for part in range(PARTS)
    ]
    return HarModel(tuple(weights.tolist()), tuple(gains))


def _central(weights: F64, moves: CloseMoves) -> F64:
    """The variance that is left by the regression alone, (n, t)."""
    return np.asarray(np.exp(_inputs(moves) @ weights) * moves.share)


def _inputs(moves: CloseMoves) -> F64:
    """Regressors, (n, t, 4); NaN where not known."""
    known = moves.known
    logs = [
        np.log(values, out=np.full(known.shape, np.nan), where=known)
        for values in (moves.vix, moves.so_far, moves.recent)
    ]
    return np.stack([np.ones(known.shape), *logs], axis=-1)
