"""What a seed draws of customers and dealers, and from which ranges.

The ranges are wider than the estimator's tables in `zerodte.constants`, from which nothing here is
taken, nor anything there from here. Sources by the words of `parameters`.
"""

from dataclasses import dataclass, fields
from typing import Final, TypeAlias

import numpy as np

from zerodte.feeds.simulator.parameters import KINDS

Range: TypeAlias = tuple[float, float]

#: What a seed draws, uniformly between two bounds.
RANGES: Final[dict[str, Range]] = {
    # Of customers' orders, how many open, in the morning, at noon, at the close: no study has it by
    # time of day; retail opens and closes all day, institutions early and late (Decoded).
    "opening_morning": (0.60, 0.95),
    "opening_noon": (0.50, 0.90),
    "opening_close": (0.30, 0.75),
    # Of what customers held in the morning, how much may be closed today (ours).
    "closable": (0.2, 0.7),
    # Single orders that rested and were hit: at least a quarter of same-day trades (Fu); the quote
    # rule takes the customer's side 83% (Savickas) to 61% of the time (Bilz).
    "limit": (0.10, 0.50),
    # Of those, inside the quote where there is room; and how many of the quotes that they made are
    # seen before the trade: in sequence, 16% to 38% (Fu).
    "improving": (0.35, 0.75),
    "in_sequence": (0.15, 0.50),
    # Of those that join the touch, how many stood there alone, so that the trade takes the whole
    # quote: 22% of all trades at ISE are of the size of a quote (Bilz).
    "alone": (0.6, 1.0),
    # Of the other single orders: improved in an auction; at the midpoint; crossed; with stock.
    # Trades at mid are 8.3% to 10.1% (Bilz); the rest is ours.
    "auction": (0.20, 0.45),
    "midpoint": (0.01, 0.05),
    "cross": (0.003, 0.012),
    "stock_option": (0.004, 0.02),
    # Of all single trades, reported late; of all, cancelled (ours).
    "late": (0.0005, 0.003),
    "cancelled": (0.0001, 0.0008),
    # Legs of packages that trade outside of the quote: 1.9% to 2.6% of all trades do (Bilz).
    "outside": (0.02, 0.10),
    # How often the side with more depth is the dealers': the depth rule is right for 61% (Cboe) to
    # 66% (ISE) of trades at mid (Bilz).
    "depth_tells": (0.50, 0.70),
    # What dealers take of single orders that take, of those that rest, and of packages (ours; other
    # customers take the rest: they are at the touch more than half of the time: Fu).
    "dealers_taken": (0.60, 0.97),
    "dealers_rested": (0.45, 0.90),
    "dealers_package": (0.50, 0.95),
    # Dealers' position in the morning as a share of open interest, calls and puts, and its standard
    # deviation from strike to strike (ours: either sign, since market makers' gamma is positive on
    # two days of three and negative on the third: Dim).
    "overnight_calls": (-0.50, 0.80),
    "overnight_puts": (-0.60, 0.80),
    "overnight_noise": (0.10, 0.35),
    # How hard others lean against what dealers have taken on: the slope of their side in its share
    # of open interest near the money (ours: inventories revert; how fast was not found).
    "leaning": (1.0, 10.0),
    # Volume of today's expiries over their open interest in the morning (SPXW).
    "turnover": (4.2, 6.8),
    # Share of a name's usual volume that is in later expiries (59% of that of SPX was in same-day
    # ones in 2025: Cboe).
    "later": (0.35, 0.50),
    # A multiple of all sizes above one lot (ours).
    "sizes": (0.85, 1.15),
}
#: Every type's share is multiplied by a number of this range (ours).
MIX_RANGE: Final[Range] = (0.5, 1.7)


@dataclass(frozen=True, slots=True)
class FlowDraw:
    """What a seed drew: a number from each of `RANGES`, which tell what they are.

    Attributes:
        mix: Share of each type of customer, by its name in `KINDS`.
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


def draw_flow(random: np.random.Generator) -> FlowDraw:
    """Draw what is a seed's own."""
    numbers = {
        field.name: float(random.uniform(*RANGES[field.name]))
        for field in fields(FlowDraw)
        if field.name in RANGES
    }
    weights = {name: kind.share * random.uniform(*MIX_RANGE) for name, kind in KINDS.items()}
    total = sum(weights.values())
    return FlowDraw(
        **numbers, mix={name: float(weight / total) for name, weight in weights.items()}
    )
