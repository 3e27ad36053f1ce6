"""The rate of orders in one name by customer type and chain, and the share of opening orders."""

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
    """The demand for one name's chains."""

    def __init__(
        self,
        flow_draw: FlowDraw,
        horizon: Index,
        settled_interest: F64,
        sessions: I64,
        usual_volume: float,
    ) -> None:
        """Start a day.

        Args:
            flow_draw: The parameters that the seed determines.
            horizon: Index of each chain's expiry in `HORIZONS`, shape (m,).
            settled_interest: Open interest of each chain in the morning, contracts, shape (m,).
            sessions: Whole sessions after today's until each chain's expiry, shape (m,).
            usual_volume: Contracts of all expiries that trade on a usual day.
        """
        self._flow_draw, self._is_today = flow_draw, horizon == TODAY
        weight = settled_interest * np.maximum(np.exp(-LATER_DECAY * sessions), LATER_LEAST)
        weight = np.where(self._is_today, 0.0, weight)
        later = flow_draw.later * usual_volume * weight / max(float(weight.sum()), 1.0)
        volume = np.where(self._is_today, flow_draw.turnover * settled_interest, later)
        self._orders = volume * self._by_contract(horizon)

    def _by_contract(self, horizon: Index) -> F64:
        """Orders of each type per contract of a chain's volume, shape (types, chains)."""
        mix = _TASTES[:, horizon] * np.array([self._flow_draw.mix[name] for name in KINDS])[:, None]
        sizes = Sizes(self._flow_draw.sizes)
        each = [sizes.mean(kind.size) * len(STRUCTURES[kind.structure]) for kind in KINDS.values()]
        orders: F64 = mix / (mix * np.array(each)[:, None]).sum(axis=0)
        return orders

    def rates(self, start: float, end: float, rng: np.random.Generator) -> F64:
        """Expected orders between two fractions of the session, shape (types, chains)."""
        today, later = (
            _cumulative(profile, end) - _cumulative(profile, start)
            for profile in (TODAY_PROFILE, LATER_PROFILE)
        )
        burst = rng.gamma(BURSTS, 1.0 / BURSTS)
        rates: F64 = self._orders * np.where(self._is_today, today, later) * burst
        return rates

    def opening_share(self, elapsed: float) -> float:
        """The share of orders that open positions, at a fraction of the session."""
        flow_draw = self._flow_draw
        shares = (flow_draw.opening_morning, flow_draw.opening_noon, flow_draw.opening_close)
        return float(np.interp(elapsed, (0.0, 0.5, 1.0), shares))


def _cumulative(profile: tuple[float, ...], elapsed: float) -> float:
    """The cumulative share of a day's volume at a fraction of the session."""
    edges = np.linspace(0.0, 1.0, len(profile) + 1)
    total: F64 = np.concatenate(((0.0,), np.cumsum(profile))) / sum(profile)
    return float(np.interp(elapsed, edges, total))
