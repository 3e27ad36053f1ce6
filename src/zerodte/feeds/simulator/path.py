"""Prices of underlyings, second by second: correlated martingales with jumps."""

import numpy as np

from zerodte.feeds.simulator.law import Law
from zerodte.feeds.simulator.parts import Floats
from zerodte.feeds.simulator.chance import generator
from zerodte.market.calendar import TradingSession


class Path:
    """The spots of a session, taken as many seconds at a time as one likes: they stay the same.

    Args:
        session: The trading session.
        law: Of its prices.
        seed: What the factors are drawn from, each from streams of its own.
    """

    def __init__(self, session: TradingSession, law: Law, seed: int) -> None:
        self._law = law
        date = session.date
        self._moves = [generator(seed, date, "path", key) for key in law.factors]
        self._jumps = [generator(seed, date, "jumps", key) for key in law.factors]
        self._distance = law.opening / law.gear
        self._ceiling = law.opening + self._distance
        self.second = 0

    @property
    def spot(self) -> Floats:
        """Prices now, dollars, shape (names,)."""
        return self._ceiling - self._distance

    def advance(self, seconds: int) -> Floats:
        """Prices at the end of each of the next seconds, dollars, shape (seconds, names)."""
        distances = self._distance * np.exp(np.cumsum(self._growth(seconds), axis=0))
        self._distance = distances[-1].copy()
        self.second += seconds
        return self._ceiling - distances

    def _growth(self, seconds: int) -> Floats:
        """Of log Y in each second, shape (seconds, names)."""
        law, now = self._law, slice(self.second, self.second + seconds)
        draws = np.stack([rng.standard_normal((seconds, 2)) for rng in self._moves], axis=1)
        chances = np.stack([rng.random(seconds) for rng in self._jumps], axis=1)
        variance = law.diffusion[now]
        jumps = (chances < law.jump_rate[now]) * law.jump_variance
        moves = np.sqrt(variance) * draws[:, :, 0] + np.sqrt(jumps) * draws[:, :, 1]
        gear = law.gear
        growth: Floats = -gear * (moves @ law.loads.T)
        growth -= 0.5 * gear**2 * ((variance + jumps) @ (law.loads**2).T)
        return growth
