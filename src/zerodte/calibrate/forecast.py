"""Forecasts of the close, each from earlier sessions alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from zerodte.arrays import F64
from zerodte.calibrate.har import fit_har
from zerodte.calibrate.law import normal_cdf, student_cdf
from zerodte.calibrate.moves import CloseMoves, widths
from zerodte.constants import HAR_FREEDOM, NORMAL_WITHIN, WALK_FORWARD

#: Names of the forecasts, the tested one first.
HAR_T: Final = "har_t"
CONSTANTS: Final = "constants"
VIX_GAUSSIAN: Final = "VIX Gaussian"
VIX_FITTED: Final = "VIX Gaussian, fitted"
CLIMATOLOGY: Final = "climatology"
HAR_GAUSSIAN: Final = "har Gaussian"


@dataclass(frozen=True, eq=False, slots=True)
class Forecast:
    """Forecasts for the scored sessions.

    Attributes:
        inside: Probability that the close is within one and two bands of spot, (n, t, 2).
        below: Probability below the close that came, (n, t): the PIT; NaN if the forecast says
            nothing beyond the bands.
    """

    inside: F64
    below: F64


#: Makes forecasts for a range of sessions from those before a session.
Method: TypeAlias = Callable[[CloseMoves, int, slice], Forecast]


def walk_forward(moves: CloseMoves) -> dict[str, Forecast]:
    """Every method's forecasts for all sessions but the first, refitted as sessions pass."""
    first, step = WALK_FORWARD
    sessions = len(moves.move)
    blocks = [slice(start, min(start + step, sessions)) for start in range(first, sessions, step)]
    return {
        name: _join([method(moves, block.start, block) for block in blocks])
        for name, method in _METHODS.items()
    }


def _join(parts: list[Forecast]) -> Forecast:
    return Forecast(
        np.concatenate([part.inside for part in parts]),
        np.concatenate([part.below for part in parts]),
    )


def _constants(moves: CloseMoves, _: int, rows: slice) -> Forecast:
    """The normal law's shares, whatever the day."""
    move = moves.move[rows]
    return Forecast(
        np.broadcast_to(np.array(NORMAL_WITHIN), (*move.shape, 2)), np.full(move.shape, np.nan)
    )


def _vix_gaussian(moves: CloseMoves, _: int, rows: slice) -> Forecast:
    """A normal law with the VIX's sigma."""
    return _symmetric(moves, rows, np.sqrt(moves.vix * moves.share)[rows], normal_cdf)


def _vix_fitted(moves: CloseMoves, fitted: int, rows: slice) -> Forecast:
    """The same, its variance scaled to the moves of earlier sessions."""
    variance = moves.vix * moves.share
    scale = float((moves.move**2 / variance)[:fitted].mean())
    return _symmetric(moves, rows, np.sqrt(scale * variance)[rows], normal_cdf)


def _har_gaussian(moves: CloseMoves, fitted: int, rows: slice) -> Forecast:
    return _symmetric(moves, rows, fit_har(moves, fitted).sigma(moves)[rows], normal_cdf)


def _har_t(moves: CloseMoves, fitted: int, rows: slice) -> Forecast:
    return _symmetric(
        moves,
        rows,
        fit_har(moves, fitted).sigma(moves)[rows],
        lambda z: student_cdf(z, HAR_FREEDOM),
    )


def _symmetric(moves: CloseMoves, rows: slice, sigma: F64, cdf: Callable[[F64], F64]) -> Forecast:
    """A law around spot with a standard deviation, (n, t)."""
    within = 2.0 * cdf(widths(moves.band[rows]) / sigma[..., None]) - 1.0
    return Forecast(within, cdf(moves.move[rows] / sigma))


def _climatology(moves: CloseMoves, _: int, rows: slice) -> Forecast:
    """The moves of all earlier sessions at the same time of day, refitted every session.

    Half a session is added on either side, so that nothing is certain.
    """
    inside, below = [], []
    for row in range(rows.start, rows.stop):
        earlier = moves.move[:row]
        within = (np.abs(earlier)[..., None] <= widths(moves.band[row])).sum(axis=0)
        under = (earlier < moves.move[row]).sum(axis=0)
        inside.append((within + 0.5) / (row + 1.0))
        below.append((under + 0.5) / (row + 1.0))
    return Forecast(np.array(inside), np.array(below))


_METHODS: Final[Mapping[str, Method]] = {
    HAR_T: _har_t,
    CLIMATOLOGY: _climatology,
    CONSTANTS: _constants,
    VIX_GAUSSIAN: _vix_gaussian,
    VIX_FITTED: _vix_fitted,
    HAR_GAUSSIAN: _har_gaussian,
}
