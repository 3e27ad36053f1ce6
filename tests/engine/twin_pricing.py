"""The twin's plain functions: clocks, Black-76 and its inverse, quotes, sums. See `engine.twin`."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

#: Section 1: percent of a session's variance by half hour.
PROFILE: Final = (12.8, 13.4, 9.6, 7.2, 5.9, 5.0, 5.5, 5.9, 5.1, 6.3, 6.1, 6.3, 10.8)
#: Within the first half hour and the last, by five minutes, in parts of the half hour.
FIRST: Final = (3.1, 2.3, 2.0, 2.2, 2.1, 1.6)
LAST: Final = (1.41, 1.37, 1.36, 1.23, 2.95, 2.28)
#: How many strikes make the forward: the text says "nearest the money" and no number.
FORWARD_STRIKES: Final = 10


class Quote(NamedTuple):
    """A standing quote in dollars, open interest and volume in contracts; None where unknown."""

    bid: float | None
    ask: float | None
    oi: float | None
    volume: float | None


class Row(NamedTuple):
    """A strike with its call and its put, None where not listed."""

    strike: float
    call: Quote | None
    put: Quote | None


@dataclass(frozen=True)
class When:
    """Minutes of today's session gone, its length, sessions after it, half days among them."""

    elapsed: float
    length: float = 390.0
    sessions_after: int = 0
    half_days: int = 0

    @property
    def left(self) -> float:
        """Session minutes left today."""
        return min(self.length, max(0.0, self.length - self.elapsed))

    @cached_property
    def tau(self) -> float:
        """Section 1: years of 252 sessions, one minute at least."""
        return max(self.left / self.length + self.sessions_after, 1 / self.length) / 252

    @property
    def hours_left(self) -> float:
        """Session hours to expiry; a half day has three less."""
        return self.left / 60 + 6.5 * self.sessions_after - 3.0 * self.half_days

    def variance_after(self, minutes: float) -> float:
        """Share of today's variance after `minutes`, slot by slot."""
        slots = PROFILE[: round(self.length / 30)]
        gone = 0.0
        for number, share in enumerate(slots):
            parts = {0: FIRST, 12: LAST}.get(number, (1.0,))
            each = 30 / len(parts)
            for place, part in enumerate(parts):
                past = minutes - 30 * number - each * place
                gone += share * part / sum(parts) * min(1.0, max(0.0, past / each))
        return 1 - gone / sum(slots)

    @property
    def remaining(self) -> float:
        """Variance until expiry, in whole sessions."""
        return self.variance_after(self.elapsed) + self.sessions_after

    @property
    def next_hour(self) -> float:
        """The share of it that the next hour takes."""
        taken = self.variance_after(self.elapsed) - self.variance_after(self.elapsed + 60)
        return taken / self.remaining


def cdf(x: float) -> float:
    """N(x)."""
    return math.erfc(-x / math.sqrt(2)) / 2


def pdf(x: float) -> float:
    """n(x)."""
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


class Greeks(NamedTuple):
    """Section 4's greeks; theta and charm per year."""

    delta: float
    gamma: float
    theta: float
    vanna: float
    charm: float


def d1_of(forward: float, strike: float, deviation: float) -> float:
    """Black's d1."""
    return math.log(forward / strike) / deviation + deviation / 2


def black(forward: float, strike: float, tau: float, vol: float, call: bool) -> float:
    """Black-76, undiscounted."""
    s = vol * math.sqrt(tau)
    d1 = d1_of(forward, strike, s)
    if call:
        return forward * cdf(d1) - strike * cdf(d1 - s)
    return strike * cdf(s - d1) - forward * cdf(-d1)


def greeks_of(forward: float, strike: float, tau: float, vol: float, call: bool) -> Greeks:
    """The derivatives of `black`."""
    s = vol * math.sqrt(tau)
    d1 = d1_of(forward, strike, s)
    d2 = d1 - s
    return Greeks(
        delta=cdf(d1) if call else -cdf(-d1),
        gamma=pdf(d1) / (forward * s),
        theta=-forward * pdf(d1) * vol / (2 * math.sqrt(tau)),
        vanna=-pdf(d1) * d2 / vol,
        charm=pdf(d1) * d2 / (2 * tau),
    )


def bisect(f: Callable[[float], float], low: float, high: float) -> float:
    """The root of f between two points where it has different signs, to the last bit."""
    rising = f(high) > 0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        low, high = (low, middle) if (f(middle) > 0) == rising else (middle, high)


def implied(forward: float, strike: float, tau: float, price: float, call: bool) -> float | None:
    """The volatility of a price, None where there is none."""
    intrinsic = max(0.0, forward - strike if call else strike - forward)
    bound = forward if call else strike
    # Out of the money the price keeps its digits: turn it by parity. What is then left of a price
    # that equals its intrinsic value is rounding.
    otm = price - intrinsic
    if not (otm > 1e-12 * forward and price < bound):
        return None
    other = call if intrinsic == 0 else not call
    high = 1.0
    while black(forward, strike, tau, high, other) < otm:
        high *= 2
    return bisect(lambda vol: black(forward, strike, tau, vol, other) - otm, 1e-9, high)


def between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Linear between neighbours, flat beyond the last."""
    if x <= xs[0]:
        return ys[0]
    for left, right, a, b in zip(xs, xs[1:], ys, ys[1:], strict=False):
        if x <= right:
            return a + (b - a) * (x - left) / (right - left)
    return ys[-1]


def usable(quote: Quote | None) -> bool:
    """Section 3: bid > 0 and ask > bid."""
    return bool(
        quote and quote.bid is not None and quote.ask is not None and 0 < quote.bid < quote.ask
    )


def mid(quote: Quote | None) -> float | None:
    """The mid of a quote that counts."""
    if not usable(quote):
        return None
    assert quote is not None
    assert quote.bid is not None
    assert quote.ask is not None
    return (quote.bid + quote.ask) / 2


def width(quote: Quote | None) -> float:
    """Ask minus bid of a quote that counts."""
    assert quote is not None
    assert quote.bid is not None
    assert quote.ask is not None
    return quote.ask - quote.bid


def forward_of(rows: Iterable[Row]) -> float | None:
    """Section 2: the weighted median of K + (C - P), the weight one over the spreads' sum."""
    votes = []
    for row in rows:
        call, put = mid(row.call), mid(row.put)
        if call is not None and put is not None:
            weight = 1 / (width(row.call) + width(row.put))
            votes.append((abs(call - put), row.strike + call - put, weight))
    nearest = sorted(votes)[:FORWARD_STRIKES]
    return weighted_median([(value, weight) for _, value, weight in nearest])


def weighted_median(votes: Iterable[tuple[float, float]]) -> float | None:
    """The value that splits the weight in halves; midway where two values do."""
    ordered = sorted(votes)
    half = sum(weight for _, weight in ordered) / 2
    below = 0.0
    for number, (value, weight) in enumerate(ordered):
        below += weight
        if math.isclose(below, half, rel_tol=1e-12):
            return (value + ordered[number + 1][0]) / 2
        if below > half:
            return value
    return None


def held(quote: Quote | None) -> float:
    """Open interest in a sum: what is not known adds nothing."""
    return quote.oi if quote and quote.oi is not None else 0.0


def traded(quote: Quote | None) -> float:
    """Volume in a sum."""
    return quote.volume if quote and quote.volume is not None else 0.0


def spread_pct(quote: Quote | None) -> float:
    """Spread over mid, percent, of a quote that counts."""
    value = mid(quote)
    assert value is not None
    return 100 * width(quote) / value


def max_pain(rows: Sequence[Row]) -> float | None:
    """Section 6: what holders get at every strike, by brute force; the lowest least one."""
    known = [quote for row in rows for quote in (row.call, row.put) if quote and quote.oi]
    if not known:
        return None

    def paid(close: float) -> float:
        return math.fsum(
            max(0.0, close - row.strike) * held(row.call)
            + max(0.0, row.strike - close) * held(row.put)
            for row in rows
        )

    return min((row.strike for row in rows), key=lambda strike: (paid(strike), strike))


def top(values: Sequence[float], count: int) -> float:
    """Share of the largest in the sum."""
    return sum(sorted(values)[-count:]) / sum(values)


def net(pairs: Iterable[tuple[float, float]]) -> float:
    """Sum of calls and puts."""
    return math.fsum(value for pair in pairs for value in pair)


def gross(pairs: Iterable[tuple[float, float]]) -> float:
    """Sum of magnitudes."""
    return math.fsum(abs(value) for pair in pairs for value in pair)
