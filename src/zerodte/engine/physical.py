"""How far the close moves, over what the chain prices: the variance premium, and what is learned.

A chain's density of the close is risk-neutral: its sigma holds a premium. The physical law is the
same density drawn towards its mean by k, the ratio of the two sigmas:

    X = F + k (X_chain - F)

k is the posterior of a published premium and of the own finished sessions, for each quarter of the
session: with n sessions, k^2 = (n0 k0^2 + sum c RV / w) / (n0 + n), where RV is the realised and w
the implied variance from a sample to the close. Realised variance tells the scale three times as
exactly as squared moves do; c is what the close moves beyond the sum of its minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import CLOSE_OVER_MINUTES, PREMIUM_SCALE, PREMIUM_SESSIONS

#: Parts of the session that have a scale each.
QUARTERS: Final = 4
#: Version of the method and its parameters.
SCALE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Scale:
    """Physical sigma over the chain's, by quarter of the session.

    Attributes:
        factors: k of each quarter, above 0.
        sessions: Finished sessions behind it; 0 is the published premium alone.
        version: Of the method and its parameters.
    """

    factors: tuple[float, float, float, float]
    sessions: int
    version: int

    def at(self, elapsed_pct: float) -> float:
        """K in force at an elapsed share of the session, percent from 0 to 100."""
        quarter = int(elapsed_pct * QUARTERS / 100.0)
        return self.factors[min(max(quarter, 0), QUARTERS - 1)]


#: The published premium, without any session of one's own.
PUBLISHED_SCALE: Final = Scale((PREMIUM_SCALE,) * QUARTERS, 0, SCALE_VERSION)
#: The chain's own density.
UNIT_SCALE: Final = Scale((1.0,) * QUARTERS, 0, SCALE_VERSION)


@dataclass(frozen=True, eq=False, slots=True)
class RemainingVariance:
    """A finished session's variance to the close, by quarter: means over the quarter's samples.

    Attributes:
        realised: Of log returns from a sample to the close, f8[4]; NaN where unknown.
        implied: By the chain at the same samples, f8[4], likewise.
    """

    realised: F64
    implied: F64

    @property
    def ratio(self) -> F64:
        """Realised over implied, f8[4]; NaN where either is unknown or nothing was implied."""
        counts = np.isfinite(self.realised) & (self.implied > 0.0)
        return np.where(counts, self.realised, np.nan) / np.where(counts, self.implied, 1.0)


def fitted(remaining: Sequence[RemainingVariance]) -> Scale:
    """The scale after finished sessions.

    Args:
        remaining: One per session, in any order. A quarter that a session does not know keeps the
            weight of the others; a session that knows none does not count.
    """
    ratios = np.array([day.ratio for day in remaining]).reshape(-1, QUARTERS)
    known = np.isfinite(ratios)
    total = CLOSE_OVER_MINUTES * np.where(known, ratios, 0.0).sum(axis=0)
    prior = PREMIUM_SESSIONS * PREMIUM_SCALE**2
    first, second, third, fourth = np.sqrt((prior + total) / (PREMIUM_SESSIONS + known.sum(axis=0)))
    factors = (float(first), float(second), float(third), float(fourth))
    return Scale(factors, int(known.any(axis=1).sum()), SCALE_VERSION)
