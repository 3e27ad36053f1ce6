"""The fit of the density once more, plainly: scipy's least squares, equalities as heavy rows."""

import numpy as np
from scipy.optimize import nnls  # type: ignore[import-untyped]

from engine.known_laws import KnownLaw
from zerodte.arrays import F64

_HEAVY = 1e5


def fitted(strikes: F64, mids: F64, half_spreads: F64, mean: float, sigma: float) -> KnownLaw:
    """The law for out-of-the-money quotes, calls from the mean up; all in dollars."""
    z = (strikes - mean) / sigma
    centres = np.concatenate(
        (-_side(max(1.5 - z[0], 4.5), 14.0)[:0:-1], _side(max(1.5 + z[-1], 4.5), 10.0))
    )
    outer = np.concatenate(([_beyond(centres[0])], centres, [_beyond(centres[-1])]))
    gaps = (outer[2:] - outer[:-2]) / 2.0
    shape = 0.9 * np.exp(-(centres**2) / 2.0) / np.sqrt(2.0 * np.pi) + 0.05 * np.exp(-abs(centres))
    prior = gaps * shape / np.sum(gaps * shape)
    prices = np.stack(
        [
            KnownLaw(np.ones(1), np.array([mean + sigma * c]), np.array([sigma * 1.11 * g])).calls(
                strikes
            )
            - np.where(z < 0.0, mean + sigma * c - strikes, 0.0)
            for c, g in zip(centres, gaps, strict=True)
        ],
        axis=1,
    )
    errors = np.maximum(half_spreads, 0.25 * np.median(half_spreads))
    bends = np.diff(np.eye(len(centres)), 2, axis=0) / prior
    rows = (
        prices / errors[:, None],
        0.2 * np.sqrt(len(z)) * np.sqrt(prior[1:-1, None]) * bends,
        _HEAVY * np.stack((np.ones(len(centres)), centres)),
    )
    target = np.concatenate((mids / errors, np.zeros(len(centres) - 2), (_HEAVY, 0.0)))
    weights, _ = nnls(np.concatenate(rows) * prior, target, maxiter=10_000)
    return KnownLaw(weights * prior, mean + sigma * centres, sigma * 1.11 * gaps)


def _side(reach: float, most: float) -> F64:
    centres = [0.0]
    while centres[-1] < min(reach, most):
        centres.append(abs(_beyond(centres[-1])))
    return np.array(centres)


def _beyond(centre: float) -> float:
    """The next centre outwards."""
    gap = 0.3 * (1.0 + 0.12 * abs(centre))
    return centre - gap if centre < 0.0 else centre + gap
