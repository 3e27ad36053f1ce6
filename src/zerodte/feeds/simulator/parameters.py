"""What the simulator's customers and dealers are like: every number, with its source.

Fixed parameters stand as tables; what a seed draws stands as ranges, wider than the estimator's
tables in `zerodte.config`, from which nothing here is taken. "Ours" marks a choice without a
published figure. Sources, by the words used for them below:

- Bilz: thesis at KIT, 2023, after Grauer, Schuster and Uhrig-Homburg, "Option trade
  classification", 2023: option trades at ISE and Cboe, 2005 to 2017, sides known. Where trades lie
  is solved exactly from its tables of accuracy, overall and by location.
- Fu: Fu, Li, Musto and Pearson, "Hope at a reasonable price", SEC DERA, 2025: SPXW, 2020 to 2023.
- Li: Li, Musto and Pearson, "A simple role for complex options", SSRN 4389657, 2023.
- Muravyev: Muravyev and Pearson, "Options trading costs are lower than you think", RFS 33, 2020.
- Dim: Dim, Eraker and Vilkov, SSRN 4692190, 2025: market makers' inventories in SPX, 2021 to 2023.
- Savickas: Savickas and Wilson, "On inferring the direction of option trades", JFQA 38, 2003.
- Decoded: Cboe, "0DTEs decoded", May 2025.
- Chains: Cboe's delayed quotes of SPX on 2022-03-23 at 10:11 and of SPY on 2025-05-01.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

Range = tuple[float, float]

#: A cent in the tape's raw units.
CENT: Final = 10_000_000
#: From a venue to who receives the consolidated feed, ns, as on the vendor's records.
TRANSIT: Final = 209_000

#: Expiries by sessions wholly ahead: today, the next two, a week, all later ones.
HORIZONS: Final = (0, 1, 3, 8)
TODAY: Final = 0

#: Shares of a day's volume by thirteenth of the session, percent. Today's expiries: so that by 10:00,
#: 12:00 and 16:00 their volume over morning open interest is that of SPXW. Later ones: a U (ours).
TODAY_PROFILE: Final = (6.6, 9.2, 8.8, 8.2, 7.6, 6.6, 6.3, 6.2, 6.4, 6.9, 7.6, 8.8, 10.8)
LATER_PROFILE: Final = (14.0, 9.8, 8.2, 7.2, 6.5, 6.0, 5.7, 5.7, 6.0, 6.5, 7.0, 7.9, 9.5)
#: What a name's volume in later expiries is, in parts of open interest, falls by this a session
#: (ours), to no less than the least.
LATER_DECAY: Final = 0.25
LATER_LEAST: Final = 0.04
#: The shape of the gamma that multiplies each block's volume: bursts (ours).
BURSTS: Final = 8.0

#: Sizes of orders, contracts, from a number to below the next, and how many in a thousand are so
#: large: one-lots dominate, round numbers heap, the tail is Pareto's. At ISE and Cboe quartiles were
#: 1 or 2, 4 or 5, and 10, 95% below 50 (Bilz); smaller now, half being retail (Decoded).
SIZES: Final = (
    (1, 415.0), (2, 130.0), (3, 68.0), (4, 40.0), (5, 88.0), (6, 45.0), (10, 84.0), (11, 30.0),
    (20, 30.0), (21, 10.0), (25, 13.0), (26, 9.0), (50, 15.0), (51, 6.0), (100, 9.0), (101, 3.6),
    (200, 1.6), (201, 1.2), (500, 0.9), (501, 0.4), (1000, 0.3), (1001, 0.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of customer (ours, but for what is said).

    Attributes:
        share: Of customers' orders.
        structure: A key of `zerodte.feeds.simulator.packages.STRUCTURES`.
        calls: Share of its orders whose first leg is a call.
        buys: Share that buys the structure to open it.
        out: How far out of the money the first leg lies: mean, in standard deviations to expiry.
        spread: Standard deviation of that.
        horizons: Its taste for each of `HORIZONS`.
        size: Of its orders, as a multiple of `SIZES`.
        follows: How strongly it takes the side of the last minutes' move.
    """

    share: float
    structure: str
    calls: float
    buys: float
    out: float
    spread: float
    horizons: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    size: float = 1.0
    follows: float = 0.0


#: Complex orders are over 30% of volume, verticals and calendars before all others (Li); just over
#: half of the opening orders in same-day SPX options are single legs, four in a hundred of them
#: naked sales; puts and calls balance, as do buys and sells (Decoded).
KINDS: Final[dict[str, Kind]] = {
    "lottery_calls": Kind(0.14, "single", 1.0, 1.0, 1.2, 0.5, (1.4, 1.2, 1.0, 0.5), 0.8),
    "lottery_puts": Kind(0.11, "single", 0.0, 1.0, 1.2, 0.5, (1.4, 1.2, 1.0, 0.5), 0.8),
    "put_hedges": Kind(0.05, "single", 0.0, 0.95, 0.9, 0.5, (0.5, 0.8, 1.0, 1.6), 1.6),
    "momentum": Kind(0.18, "single", 0.5, 1.0, 0.3, 0.5, (1.4, 0.9, 0.6, 0.3), 0.9, 1.0),
    "premium_sellers": Kind(0.14, "single", 0.45, 0.0, 1.0, 0.5, (0.5, 1.0, 1.2, 1.2)),
    "covered_calls": Kind(0.06, "single", 1.0, 0.0, 0.9, 0.4, (0.3, 0.8, 1.2, 1.4), 1.2),
    "traders": Kind(0.10, "single", 0.5, 0.45, 0.2, 0.8, (1.0, 1.0, 1.0, 1.0), 1.2),
    "credit_spreads": Kind(0.075, "vertical", 0.5, 0.0, 0.8, 0.4, (1.6, 1.0, 0.9, 0.7), 1.3),
    "debit_spreads": Kind(0.04, "vertical", 0.5, 1.0, 0.3, 0.4, (1.0, 1.0, 1.0, 0.8), 1.2),
    "condors": Kind(0.028, "condor", 1.0, 0.05, 0.9, 0.3, (1.8, 1.0, 0.7, 0.4), 0.9),
    "flies": Kind(0.012, "fly", 1.0, 0.1, 0.0, 0.25, (1.8, 0.8, 0.5, 0.2), 0.7),
    "straddles": Kind(0.01, "strangle", 1.0, 0.5, 0.4, 0.4, (1.0, 1.0, 1.0, 1.0)),
    "calendars": Kind(0.022, "calendar", 0.5, 0.5, 0.5, 0.5, (0.4, 1.0, 1.2, 1.2), 1.4),
}
#: Strikes of round numbers attract as open interest does: weight of a strike's share of it (ours).
ROUNDNESS: Final = 0.5
#: Wings of packages lie so many strikes beyond (ours).
WIDTHS: Final = (1, 2, 2, 3, 4, 5, 5, 10)

#: What moves those who follow: the return of so many minutes, tanh of its ratio to this (ours).
MOVE_BLOCKS: Final = 5
MOVE: Final = 0.0015
#: Crosses are larger than other orders by this (ours).
CROSS_SIZE: Final = 10
#: First quotes come within so many seconds, those at the money first; trades after that (ours).
ROTATION: Final = 5

#: A fund's or a stock's own quote: cents wide, hundreds of shares a side. The volatility index is
#: told every so many seconds (ours).
STOCK_SPREAD: Final = 1
STOCK_DEPTH: Final = 5.0
VIX_SECONDS: Final = 15

#: Auctions improve by one tick, and by one more with this probability, and so on (ours).
IMPROVES_AGAIN: Final = 0.35
#: Where spreads are wide they improve by up to this part of the half-spread, and resting orders by
#: up to this (ours).
AUCTION_DEPTH: Final = 0.7
REST_DEPTH: Final = 1.4
#: What dealers take of crosses (ours).
DEALERS_CROSSED: Final = 0.15
#: Legs of packages: distance from mid towards the customer's worse side, mean and standard
#: deviation in half-spreads (ours; complex orders cost less than simple ones: Li).
LEG_COST: Final = (0.3, 0.6)
#: Mean delay of prints that are late, and of cancels, seconds (ours).
LATE_DELAY: Final = 90.0
CANCEL_DELAY: Final = 40.0
#: Share of the orders of the first half minute that are prints of the opening rotation (ours).
OPENING_PRINTS: Final = 0.6
OPENING_SECONDS: Final = 30

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
    "limit": (0.30, 0.60),
    # Of those, inside the quote where there is room; and how many of the quotes that they made are
    # seen before the trade: in sequence, 16% to 38% (Fu).
    "improving": (0.35, 0.75),
    "in_sequence": (0.15, 0.50),
    # Of those that join the touch, how many stood there alone, so that the trade takes the whole
    # quote: 22% of all trades at ISE are of the size of a quote (Bilz).
    "alone": (0.5, 0.9),
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
    "overnight_calls": (-0.60, 0.80),
    "overnight_puts": (-0.70, 0.70),
    "overnight_noise": (0.10, 0.35),
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
class Drawn:
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
    turnover: float
    later: float
    sizes: float
    mix: dict[str, float]


def draw(random: np.random.Generator) -> Drawn:
    """Draw what is a seed's own."""
    numbers = {
        field.name: float(random.uniform(*RANGES[field.name]))
        for field in fields(Drawn)
        if field.name in RANGES
    }
    weights = {name: kind.share * random.uniform(*MIX_RANGE) for name, kind in KINDS.items()}
    total = sum(weights.values())
    return Drawn(**numbers, mix={name: float(weight / total) for name, weight in weights.items()})


def cumulative(profile: tuple[float, ...], elapsed: float) -> float:
    """The share of a day's volume that a profile has by a fraction of the session."""
    edges = np.linspace(0.0, 1.0, len(profile) + 1)
    total: npt.NDArray[np.float64] = np.concatenate(((0.0,), np.cumsum(profile))) / sum(profile)
    return float(np.interp(elapsed, edges, total))
