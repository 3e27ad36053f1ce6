"""How many orders come to a name: of which type, in which chain, opening or closing positions."""

from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Index
from zerodte.feeds.simulator.orders import Sizes
from zerodte.feeds.simulator.packages import STRUCTURES
from zerodte.feeds.simulator.parameters import (
    BURSTS,
    KINDS,
    LATER_DECAY,
    LATER_LEAST,
    LATER_PROFILE,
    TODAY,
    TODAY_PROFILE,
)
from zerodte.feeds.simulator.seed_draw import FlowDraw

_TASTES: Final = np.array([kind.horizons for kind in KINDS.values()])


class Demand:
    """What customers want of one name's chains."""

    def __init__(
        self, drawn: FlowDraw, horizon: Index, settled: F64, sessions: I64, usual: float
    ) -> None:
        """Begin a day.

        Args:
            drawn: What the seed drew.
            horizon: Place of each chain's expiry in `HORIZONS`, shape (m,).
            settled: Open interest of each chain in the morning, contracts, shape (m,).
            sessions: Sessions wholly ahead of each chain after today's, shape (m,).
            usual: Contracts of all expiries that trade on a usual day.
        """
        self._drawn, self._is_today = drawn, horizon == TODAY
        weight = settled * np.maximum(np.exp(-LATER_DECAY * sessions), LATER_LEAST)
        weight = np.where(self._is_today, 0.0, weight)
        later = drawn.later * usual * weight / max(float(weight.sum()), 1.0)
        volume = np.where(self._is_today, drawn.turnover * settled, later)
        self._orders = volume * self._by_contract(horizon)

    def _by_contract(self, horizon: Index) -> F64:
        """Orders of each type for every contract of a chain's volume, shape (types, chains)."""
        mix = _TASTES[:, horizon] * np.array([self._drawn.mix[name] for name in KINDS])[:, None]
        sizes = Sizes(self._drawn.sizes)
        each = [sizes.mean(kind.size) * len(STRUCTURES[kind.structure]) for kind in KINDS.values()]
        orders: F64 = mix / (mix * np.array(each)[:, None]).sum(axis=0)
        return orders

    def rates(self, start: float, end: float, random: np.random.Generator) -> F64:
        """Orders to be expected between two fractions of the session, shape (types, chains)."""
        today, later = (
            _cumulative(profile, end) - _cumulative(profile, start)
            for profile in (TODAY_PROFILE, LATER_PROFILE)
        )
        burst = random.gamma(BURSTS, 1.0 / BURSTS)
        rates: F64 = self._orders * np.where(self._is_today, today, later) * burst
        return rates

    def opening(self, elapsed: float) -> float:
        """The share of orders that open positions at a fraction of the session."""
        drawn = self._drawn
        shares = (drawn.opening_morning, drawn.opening_noon, drawn.opening_close)
        return float(np.interp(elapsed, (0.0, 0.5, 1.0), shares))


def _cumulative(profile: tuple[float, ...], elapsed: float) -> float:
    """The share of a day's volume that a profile has by a fraction of the session."""
    edges = np.linspace(0.0, 1.0, len(profile) + 1)
    total: F64 = np.concatenate(((0.0,), np.cumsum(profile))) / sum(profile)
    return float(np.interp(elapsed, edges, total))
