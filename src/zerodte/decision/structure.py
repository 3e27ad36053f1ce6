"""A position of options of one expiry: what it costs, what it pays, and its chances.

Prices are dollars per share of the underlying. What is received is above zero, what is paid below.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import TOUCH_RATIO
from zerodte.engine.chain_inputs import CALL, PUT
from zerodte.engine.density import Density


@dataclass(frozen=True, slots=True)
class OptionLeg:
    """One contract of a position.

    Attributes:
        right: CALL or PUT.
        strike: Dollars.
        quantity: Contracts; below zero sold.
        bid: Dollars; 0 where nobody bids.
        ask: Dollars.
    """

    right: int
    strike: float
    quantity: int
    bid: float
    ask: float

    @property
    def at_mid(self) -> float:
        """What the leg brings at the middle of its quote, dollars."""
        return -self.quantity * 0.5 * (self.bid + self.ask)

    @property
    def at_natural(self) -> float:
        """What it brings when bought at the ask and sold at the bid, dollars."""
        return -self.quantity * (self.ask if self.quantity > 0 else self.bid)

    def payoff(self, close: F64) -> F64:
        """What it pays at closes (dollars, any shape)."""
        up = close - self.strike if self.right == CALL else self.strike - close
        return self.quantity * np.maximum(up, 0.0)

    def expected(self, density: Density) -> float:
        """The mean of what it pays, dollars."""
        at = np.array([self.strike])
        price = density.calls(at) if self.right == CALL else density.puts(at)
        return self.quantity * float(price[0])


@dataclass(frozen=True, slots=True)
class Touch:
    """The chance that spot reaches a strike that was sold, before the close.

    Attributes:
        strike: Dollars.
        probability: A fraction.
    """

    strike: float
    probability: float


@dataclass(frozen=True, slots=True)
class Position:
    """Legs of one expiry, bounded in loss: every leg sold has one bought further out.

    Attributes:
        legs: Ascending by strike, puts before calls.
    """

    legs: tuple[OptionLeg, ...]

    @property
    def at_mid(self) -> float:
        """The credit (above zero) or debit at the middle of the quotes, dollars."""
        return sum(leg.at_mid for leg in self.legs)

    @property
    def at_natural(self) -> float:
        """The same when every leg trades at the quote's worse side."""
        return sum(leg.at_natural for leg in self.legs)

    @property
    def width(self) -> float:
        """The distance between the strikes of the wider side, dollars."""
        sides = [[leg.strike for leg in self.legs if leg.right == right] for right in (CALL, PUT)]
        return max(max(side) - min(side) for side in sides if side)

    def strike(self, right: int, quantity: int) -> float:
        """The strike of a leg, dollars; NaN where the position has no such leg."""
        found = (leg.strike for leg in self.legs if leg.right == right and leg.quantity == quantity)
        return next(found, math.nan)

    def profit(self, close: F64) -> F64:
        """What it makes at closes (dollars, any shape), entered at the natural price."""
        made = np.full_like(close, self.at_natural)
        for leg in self.legs:
            made += leg.payoff(close)
        return made

    @property
    def max_profit(self) -> float:
        """The most it can make, dollars, at the natural price."""
        return float(self.profit(self._kinks()).max())

    @property
    def max_loss(self) -> float:
        """The most it can lose, dollars above zero, at the natural price."""
        return max(0.0, -float(self.profit(self._kinks()).min()))

    def break_evens(self) -> tuple[float, ...]:
        """Closes at which it neither makes nor loses, ascending, dollars."""
        kinks = self._kinks()
        made = self.profit(kinks)
        crossings = [
            low + (high - low) * below / (below - above)
            for (low, high), (below, above) in zip(
                pairwise(kinks.tolist()), pairwise(made.tolist()), strict=True
            )
            if (below < 0.0) != (above < 0.0)
        ]
        return tuple(crossings)

    def probability_of_profit(self, density: Density) -> float:
        """The chance that it makes money at the close, entered at the natural price, a fraction."""
        ends = [-math.inf, *self.break_evens(), math.inf]
        middles = [_between(low, high) for low, high in pairwise(ends)]
        wins = self.profit(np.array(middles)) > 0.0
        return sum(
            density.mass(low, high)
            for (low, high), win in zip(pairwise(ends), wins.tolist(), strict=True)
            if win
        )

    def expected_value(self, density: Density) -> float:
        """The mean of what it makes, dollars, entered at the natural price."""
        return self.at_natural + sum(leg.expected(density) for leg in self.legs)

    def touches(self, density: Density) -> tuple[Touch, ...]:
        """The chance of a touch of each strike sold: so many times that of a close beyond it.

        Beyond is the side away from the law's mean. Twice is the reflection principle's; closes
        and touches of SPY give somewhat less.
        """
        strikes = sorted({leg.strike for leg in self.legs if leg.quantity < 0})
        return tuple(
            Touch(strike, min(1.0, TOUCH_RATIO * _beyond(strike, density))) for strike in strikes
        )

    def _kinks(self) -> F64:
        """Closes between which its profit is straight, and one beyond on either side."""
        strikes = sorted({leg.strike for leg in self.legs})
        return np.array([0.0, *strikes, 2.0 * strikes[-1]])


def _beyond(strike: float, density: Density) -> float:
    below = float(density.cdf(np.array([strike]))[0])
    return 1.0 - below if strike > density.mean else below


def _between(low: float, high: float) -> float:
    """A close between two ends, of which one may be infinite."""
    if math.isinf(low) and math.isinf(high):
        return 1.0
    if math.isinf(low):
        return high - 1.0
    return low + 1.0 if math.isinf(high) else 0.5 * (low + high)


@dataclass(frozen=True, eq=False, slots=True)
class Offers:
    """What of a chain can be bought and sold.

    Attributes:
        strikes: Dollars, shape (n,), ascending.
        bid: Dollars, shape (2, n); NaN where nothing can be sold.
        ask: Dollars, shape (2, n); NaN where nothing can be bought. It may stand without a bid.
    """

    strikes: F64
    bid: F64
    ask: F64

    def sale(self, right: int, strike: float) -> OptionLeg | None:
        """A contract sold; None where nobody bids for it."""
        place = self._place(strike)
        if place is None or not self.bid[right, place] > 0.0:
            return None
        return self._leg(right, place, -1)

    def purchase(self, right: int, strike: float) -> OptionLeg | None:
        """A contract bought; None where nobody offers it."""
        place = self._place(strike)
        if place is None or not self.ask[right, place] > 0.0:
            return None
        return self._leg(right, place, 1)

    def first_sale(self, right: int, start: float) -> OptionLeg | None:
        """The first at or beyond `start`, away from the money, that somebody bids for."""
        return self._first(right, start, self.bid, -1)

    def first_purchase(self, right: int, start: float) -> OptionLeg | None:
        """The first at or beyond `start`, away from the money, that somebody offers."""
        return self._first(right, start, self.ask, 1)

    def _first(self, right: int, start: float, price: F64, quantity: int) -> OptionLeg | None:
        beyond = self.strikes >= start if right == CALL else self.strikes <= start
        places = np.flatnonzero(beyond & (price[right] > 0.0))
        if not len(places):
            return None
        return self._leg(right, int(places[0] if right == CALL else places[-1]), quantity)

    def _place(self, strike: float) -> int | None:
        place = int(np.searchsorted(self.strikes, strike))
        if place < len(self.strikes) and self.strikes[place] == strike:
            return place
        return None

    def _leg(self, right: int, place: int, quantity: int) -> OptionLeg:
        bid, ask = float(self.bid[right, place]), float(self.ask[right, place])
        return OptionLeg(
            right, float(self.strikes[place]), quantity, 0.0 if math.isnan(bid) else bid, ask
        )


def position_of(*legs: OptionLeg | None) -> Position | None:
    """A position of its legs; None where one is missing."""
    found = [leg for leg in legs if leg is not None]
    if len(found) != len(legs):
        return None
    return Position(tuple(sorted(found, key=lambda leg: (leg.strike, leg.right != PUT))))
