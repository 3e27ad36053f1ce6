"""The forward, smile and greeks of the twin's chain: sections 2 and 4 of the model."""

import math
from dataclasses import dataclass
from functools import cached_property

from engine.twin_pricing import (
    Greeks,
    Row,
    When,
    between,
    forward_of,
    greeks_of,
    implied,
    mid,
)


@dataclass(frozen=True)
class TwinSurface:
    """The surface of one chain; `spot_price` None: its own forward.

    Attributes:
        rows: Ascending strikes.
        when: The clock.
        spot_price: The underlying's own price, dollars.
        fresh: Whether the chain has spoken lately.
    """

    rows: list[Row]
    when: When
    spot_price: float | None = None
    fresh: bool = True

    # Sections 2 and 4: forward, smile, sigma.

    @cached_property
    def forward(self) -> float:
        """F."""
        value = forward_of(self.rows)
        assert value is not None, "no strike has both sides"
        return value

    @cached_property
    def spot(self) -> float:
        """S."""
        return self.forward if self.spot_price is None else self.spot_price

    @cached_property
    def quoted(self) -> dict[float, float]:
        """Volatility by strike, where the out-of-the-money quote gives one."""
        out = {}
        for row in self.rows:
            call = row.strike >= self.forward
            price = mid(row.call if call else row.put)
            if price is not None:
                vol = implied(self.forward, row.strike, self.when.tau, price, call)
                if vol is not None:
                    out[row.strike] = vol
        return out

    def total_variance_at(self, strike: float) -> float:
        """Between quoted neighbours linear in total variance, flat beyond."""
        return between(strike, *self._known_variance)

    @cached_property
    def _known_variance(self) -> tuple[list[float], list[float]]:
        known = list(self.quoted)
        return known, [self.quoted[k] ** 2 * self.when.tau for k in known]

    @cached_property
    def smile(self) -> list[float]:
        """The volatility of every strike."""
        return [math.sqrt(self.total_variance_at(r.strike) / self.when.tau) for r in self.rows]

    @cached_property
    def w(self) -> float:
        """Total variance at the forward."""
        strikes = [row.strike for row in self.rows]
        return between(self.forward, strikes, [vol**2 * self.when.tau for vol in self.smile])

    @property
    def s(self) -> float:
        """The remaining sigma, dollars."""
        return self.forward * math.sqrt(self.w)

    @property
    def whole_session_sigma(self) -> float:
        """Dollars."""
        return self.forward * math.sqrt(self.w / self.when.remaining)

    @property
    def atm_iv(self) -> float:
        """Annual."""
        return math.sqrt(self.w / self.when.tau)

    @cached_property
    def atm(self) -> int:
        """The strike nearest the forward."""
        return min(range(len(self.rows)), key=lambda n: abs(self.rows[n].strike - self.forward))

    @property
    def straddle(self) -> float | None:
        """Call mid plus put mid; None where the strike is half a sigma or more off."""
        if abs(self.rows[self.atm].strike - self.forward) > 0.5 * self.s:
            return None
        call, put = mid(self.rows[self.atm].call), mid(self.rows[self.atm].put)
        return None if call is None or put is None else call + put

    def own_iv(self, row: Row, call: bool) -> float | None:
        """A side's own volatility."""
        price = mid(row.call if call else row.put)
        if price is None:
            return None
        return implied(self.forward, row.strike, self.when.tau, price, call)

    @cached_property
    def greeks(self) -> list[tuple[Greeks, Greeks]]:
        """Call's and put's by strike."""
        return [
            (
                greeks_of(self.forward, row.strike, self.when.tau, vol, call=True),
                greeks_of(self.forward, row.strike, self.when.tau, vol, call=False),
            )
            for row, vol in zip(self.rows, self.smile, strict=True)
        ]
