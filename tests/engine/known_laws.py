"""Laws that are known, and the chains that a market of theirs would quote."""

import datetime
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm  # type: ignore[import-untyped]

from zerodte.arrays import F64
from zerodte.engine.chain_inputs import CALL, PUT, ChainClock, ChainInputs, Quotes
from zerodte.market.contracts import Chain


@dataclass(frozen=True, eq=False)
class KnownLaw:
    """A mixture of normals, each part a share, a centre and a width."""

    shares: F64
    centres: F64
    widths: F64

    def cdf(self, at: F64) -> F64:
        """P(X <= at), for any shape."""
        below: F64 = norm.cdf((at[..., None] - self.centres) / self.widths) @ self.shares
        return below

    def density(self, at: F64) -> F64:
        """The derivative of that."""
        density: F64 = norm.pdf(at[..., None], self.centres, self.widths) @ self.shares
        return density

    def mass(self, low: F64, high: F64) -> F64:
        """P(low < X <= high)."""
        return self.cdf(high) - self.cdf(low)

    def calls(self, strikes: F64) -> F64:
        """E[(X - K)+]."""
        d = (self.centres - strikes[..., None]) / self.widths
        calls: F64 = (self.widths * (d * norm.cdf(d) + norm.pdf(d))) @ self.shares
        return calls

    def at(self, mean: float, sigma: float) -> "KnownLaw":
        """The law with this mean, on which a straddle at the mean costs what a normal's would."""
        centres = self.centres - self.centres @ self.shares
        unit = KnownLaw(self.shares, centres, self.widths)
        scale = sigma / (np.sqrt(2.0 * np.pi) * float(unit.calls(np.zeros(1))[0]))
        return KnownLaw(self.shares, mean + scale * centres, scale * self.widths)


def _law(*parts: tuple[float, float, float]) -> KnownLaw:
    return KnownLaw(*np.array(parts).T)


LAWS: Final = {
    "normal": _law((1.0, 0.0, 1.0)),
    "peaked": _law((0.7, 0.0, 0.5), (0.3, 0.0, 1.6)),
    "skewed": _law((0.8, 0.25, 0.7), (0.2, -1.0, 1.5)),
    "bimodal": _law((0.5, -0.8, 0.55), (0.5, 0.8, 0.55)),
}


def instant_of(strikes: F64, mid: F64, spread: F64) -> ChainInputs:
    """A chain with nothing but quotes, in the last hour of a day."""
    shape = (2, len(strikes))
    chain = Chain(
        number=0,
        root="SPXW",
        symbol="SPX",
        expiry=datetime.date(2022, 3, 23),
        am_settled=False,
        strikes=strikes,
        positions=np.arange(2 * len(strikes), dtype=np.int32).reshape(shape),
        listed=np.ones(shape, np.bool_),
    )
    clock = ChainClock(0, 60 / (390 * 252), 1.0, 84.6, 0.2, 1.0)
    unknown = np.full(shape, np.nan)
    return ChainInputs(chain, clock, True, 0, Quotes(mid, spread, {}), unknown, unknown, unknown)


def quoted(law: KnownLaw, strikes: F64, tick: float, rng: np.random.Generator) -> ChainInputs:
    """The chain whose quotes lie around the law's prices, on ticks, zero bids not counted."""
    mean = float(law.centres @ law.shares)
    mid, spread = np.empty((2, len(strikes))), np.empty((2, len(strikes)))
    calls = law.calls(strikes)
    for right, price in ((CALL, calls), (PUT, calls - (mean - strikes))):
        half = tick * (rng.uniform(0.5, 1.0, len(strikes)) + 0.1 * np.maximum(price, 0.0) ** 0.8)
        middle = price + half * rng.uniform(-0.25, 0.25, len(strikes))
        bid = tick * np.floor((middle - half) / tick + 1e-9)
        ask = tick * np.ceil((middle + half) / tick - 1e-9)
        mid[right] = np.where(bid > 0.0, 0.5 * (bid + ask), np.nan)
        spread[right] = np.where(bid > 0.0, ask - bid, np.nan)
    return instant_of(strikes, mid, spread)
