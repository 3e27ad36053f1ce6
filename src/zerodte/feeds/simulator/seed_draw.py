"""The parameters of customers and dealers that a seed draws, and their ranges.

The ranges are wider than the estimator's tables in `zerodte.constants`, and independent of them:
neither is derived from the other. The abbreviations of sources are those of `parameters`.
"""

from dataclasses import dataclass, fields
from typing import Final, TypeAlias

import numpy as np

from zerodte.feeds.simulator.parameters import KINDS

Range: TypeAlias = tuple[float, float]

#: The bounds between which a seed draws each parameter, uniformly.
RANGES: Final[dict[str, Range]] = {
    # Share of orders that open positions: in the morning, at noon, at the close. No study reports
    # it by time of day; retail trades all day, institutions early and late (Decoded).
    "opening_morning": (0.60, 0.95),
    "opening_noon": (0.50, 0.90),
    "opening_close": (0.30, 0.75),
    # Share of customers' morning positions that may be closed today (ours).
    "closable": (0.2, 0.7),
    # Share of single orders that are resting limit orders: at least a quarter of same-day trades
    # (Fu); the quote rule finds the customer's side 83% (Savickas) to 61% of the time (Bilz).
    "limit": (0.10, 0.50),
    # Share of those that improve the quote where there is room, and share of their quotes that the
    # feed shows before the trade: in sequence, 16% to 38% (Fu).
    "improving": (0.35, 0.75),
    "in_sequence": (0.15, 0.50),
    # Share of orders at the touch that are alone there, so that the trade takes the whole quote:
    # 22% of all trades at ISE have the size of a quote (Bilz).
    "alone": (0.6, 1.0),
    # Shares of the other single orders: price improvement in an auction, midpoint, cross, tied to
    # stock. Trades at mid are 8.3% to 10.1% (Bilz); the rest is ours.
    "auction": (0.20, 0.45),
    "midpoint": (0.01, 0.05),
    "cross": (0.003, 0.012),
    "stock_option": (0.004, 0.02),
    # Shares of single trades that are reported late, and that are cancelled (ours).
    "late": (0.0005, 0.003),
    "cancelled": (0.0001, 0.0008),
    # Share of package legs that trade outside the quote: 1.9% to 2.6% of all trades do (Bilz).
    "outside": (0.02, 0.10),
    # How often the deeper side is the dealers': the depth rule is right for 61% (Cboe) to 66% (ISE)
    # of trades at mid (Bilz).
    "depth_tells": (0.50, 0.70),
    # Share of marketable orders, resting orders and packages that trade against dealers. Other
    # customers trade the rest: they are at the touch more than half of the time (Fu; shares ours).
    "dealers_taken": (0.60, 0.97),
    "dealers_rested": (0.45, 0.90),
    "dealers_package": (0.50, 0.95),
    # Dealers' morning position as a share of open interest, in calls and puts, and its standard
    # deviation between strikes (ours; of either sign, since market makers' gamma is positive on two
    # days out of three: Dim).
    "overnight_calls": (-0.50, 0.80),
    "overnight_puts": (-0.60, 0.80),
    "overnight_noise": (0.10, 0.35),
    # How strongly traders offset dealers' inventory: the slope of their side in its change since
    # the morning over open interest near the money (ours: inventories revert; no source for speed).
    "leaning": (1.0, 10.0),
    # Volume of today's expiries over their open interest of the morning (SPXW).
    "turnover": (3.5, 9.2),
    # Share of a name's usual volume in later expiries (59% of SPX volume was same-day in 2025:
    # Cboe).
    "later": (0.35, 0.50),
    # Multiple of all sizes above one lot (ours).
    "sizes": (0.85, 1.15),
}
#: The share of every customer type is multiplied by a number from this range (ours).
MIX_RANGE: Final[Range] = (0.5, 1.7)


@dataclass(frozen=True, slots=True)
class FlowDraw:
    """The draw of one seed: a number from each of `RANGES`, where they are explained.

    Attributes:
        mix: Share of each customer type, by its name in `KINDS`.
    """

    opening_morning: float
    opening_noon: float
    opening_close: float
    closable: float
    limit: float
    improving: float
    in_sequence: float
    alone: float
    auction: float
    midpoint: float
    cross: float
    stock_option: float
    late: float
    cancelled: float
    outside: float
    depth_tells: float
    dealers_taken: float
    dealers_rested: float
    dealers_package: float
    overnight_calls: float
    overnight_puts: float
    overnight_noise: float
    leaning: float
    turnover: float
    later: float
    sizes: float
    mix: dict[str, float]


def draw_flow(rng: np.random.Generator) -> FlowDraw:
    """Draw the parameters of a seed."""
    numbers = {
        field.name: float(rng.uniform(*RANGES[field.name]))
        for field in fields(FlowDraw)
        if field.name in RANGES
    }
    weights = {name: kind.share * rng.uniform(*MIX_RANGE) for name, kind in KINDS.items()}
    total = sum(weights.values())
    return FlowDraw(
        **numbers, mix={name: float(weight / total) for name, weight in weights.items()}
    )
