"""What the simulator's customers and their trades are like: every fixed number, with its source.

What a seed draws stands in `drawn`, what a kernel needs beside it. "Ours" marks a choice without a
published figure. Sources, by the words used for them here and there:

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

from dataclasses import dataclass
from typing import Final

#: A cent in the tape's raw units.
CENT: Final = 10_000_000
#: From a venue to who receives the consolidated feed, ns, as on the vendor's records.
TRANSIT: Final = 209_000

#: Expiries by sessions wholly ahead, from so many on: today, the next two, to a week, later.
HORIZONS: Final = (0, 1, 3, 8)
TODAY: Final = 0

#: Shares of a day's volume by thirteenth of the session, percent. Today's expiries: as volume over
#: open interest of the morning grows in SPXW by 10:00, 12:00 and 16:00. Later ones: a U (ours).
TODAY_PROFILE: Final = (6.6, 9.2, 8.8, 8.2, 7.6, 6.6, 6.3, 6.2, 6.4, 6.9, 7.6, 8.8, 10.8)
LATER_PROFILE: Final = (14.0, 9.8, 8.2, 7.2, 6.5, 6.0, 5.7, 5.7, 6.0, 6.5, 7.0, 7.9, 9.5)
#: What a name's volume in later expiries is, in parts of open interest, falls by this a session
#: (ours), to no less than the least.
LATER_DECAY: Final = 0.25
LATER_LEAST: Final = 0.04
#: The shape of the gamma that multiplies each block's volume: bursts (ours).
BURSTS: Final = 8.0

#: Sizes of orders, contracts, from a number to below the next, and how many in a thousand are so
#: large: one-lots dominate, round numbers heap, the tail is long. At ISE and Cboe quartiles were 1
#: or 2, 4 or 5, and 10, 95% at most 50 (Bilz); smaller now, half being retail (Decoded).
SIZES: Final = (
    (1, 415.0), (2, 130.0), (3, 68.0), (4, 40.0), (5, 88.0), (6, 45.0), (10, 84.0), (11, 30.0),
    (20, 30.0), (21, 10.0), (25, 13.0), (26, 9.0), (50, 15.0), (51, 6.0), (100, 9.0), (101, 3.6),
    (200, 1.6), (201, 1.2), (500, 0.9), (501, 0.4), (1000, 0.3), (1001, 0.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CustomerKind:
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
        leans: How strongly it trades against what dealers have taken on since the morning.
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
    leans: float = 0.0


#: Complex orders are over 30% of volume, verticals and calendars before all others (Li); just over
#: half of the opening orders in same-day SPX options are single legs, few of them naked sales; puts
#: and calls balance, as do buys and sells, so that dealers' gamma stays small (Decoded).
KINDS: Final[dict[str, CustomerKind]] = {
    "lottery_calls": CustomerKind(0.10, "single", 1.0, 1.0, 1.2, 0.5, (1.4, 1.2, 1.0, 0.5), 0.8),
    "lottery_puts": CustomerKind(0.09, "single", 0.0, 1.0, 1.2, 0.5, (1.4, 1.2, 1.0, 0.5), 0.8),
    "put_hedges": CustomerKind(0.04, "single", 0.0, 0.95, 0.9, 0.5, (0.5, 0.8, 1.0, 1.6), 1.6),
    "momentum": CustomerKind(
        0.11, "single", 0.5, 1.0, 0.3, 0.5, (1.4, 0.9, 0.6, 0.3), 0.8, follows=1.0
    ),
    "premium_sellers": CustomerKind(0.15, "single", 0.45, 0.0, 0.9, 0.5, (0.8, 1.0, 1.2, 1.2)),
    "covered_calls": CustomerKind(0.06, "single", 1.0, 0.0, 0.9, 0.4, (0.4, 0.8, 1.2, 1.4), 1.2),
    "traders": CustomerKind(
        0.20, "single", 0.5, 0.5, 0.2, 0.8, (1.0, 1.0, 1.0, 1.0), 1.2, leans=1.0
    ),
    "credit_spreads": CustomerKind(0.10, "vertical", 0.5, 0.0, 0.7, 0.4, (1.6, 1.0, 0.9, 0.7), 1.3),
    "debit_spreads": CustomerKind(0.035, "vertical", 0.5, 1.0, 0.4, 0.4, (1.0, 1.0, 1.0, 0.8), 1.2),
    "condors": CustomerKind(0.035, "condor", 1.0, 0.05, 0.8, 0.3, (1.8, 1.0, 0.7, 0.4), 0.9),
    "flies": CustomerKind(0.014, "fly", 1.0, 0.1, 0.0, 0.25, (1.8, 0.8, 0.5, 0.2), 0.7),
    "straddles": CustomerKind(0.01, "strangle", 1.0, 0.4, 0.4, 0.4, (1.0, 1.0, 1.0, 1.0)),
    "calendars": CustomerKind(0.018, "calendar", 0.5, 0.5, 0.5, 0.5, (0.4, 1.0, 1.2, 1.2), 1.4),
}
#: Half of an order's choice of a strike follows open interest (ours).
FOLLOWS_INTEREST: Final = 0.5
#: Wings of packages lie so many standard deviations to expiry beyond, and at least a strike (ours).
WIDTHS: Final = (0.1, 0.25, 0.5, 0.5, 0.75, 1.0, 1.0, 1.5)

#: What moves those who follow: the return of so many minutes, tanh of its ratio to this (ours).
MOVE_BLOCKS: Final = 5
MOVE: Final = 0.0015
#: Crosses are larger than other orders by this (ours).
CROSS_SIZE: Final = 10
#: First quotes come within so many seconds, those at the money first; trades after that (ours).
ROTATION: Final = 5

#: Half-spreads of the tightest name, by horizon: cents per square root of a dollar of price (after
#: Chains; SPXW's of the day were one or two ticks wide in 2023: Fu). Further in the money than a
#: fraction of spot, a part of what is beyond is added, but no more than another fraction of it.
ROOT_CENTS: Final = (0.18, 1.0, 1.1, 1.0)
DEEP_SPREAD: Final = (0.001, 0.0036, 5e-4)
#: In the first minutes spreads are wider by so many times, fading over so many seconds; likewise in
#: the last minutes of what expires (ours).
OPENING_SPREAD: Final = (3.0, 240.0)
CLOSING_SPREAD: Final = (1.5, 420.0)

#: Requotes a second by horizon, at the money and far from it (ours), besides those that a move
#: forces: of this many half-spreads, and at least of so many ticks.
BUSY: Final = (0.98, 0.7, 0.4, 0.15)
IDLE: Final = (0.05, 0.022, 0.014, 0.008)
PATIENCE: Final = (1.0, 1.0, 1.5, 2.0)
PATIENCE_TICKS: Final = (0.5, 1.0, 1.5, 2.5)

#: Median contracts at the touch (Bilz: 57 to 82), how many more where a price is almost nothing,
#: and the dollars by which that fades (ours).
DEPTH: Final = (60.0, 400.0, 0.10)

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
LEG_COST: Final = (0.3, 0.55)
#: Mean delay of prints that are late, and of cancels, seconds (ours).
LATE_DELAY: Final = 90.0
CANCEL_DELAY: Final = 40.0
#: Share of the orders of the first half minute that are prints of the opening rotation (ours).
OPENING_PRINTS: Final = 0.6
OPENING_SECONDS: Final = 30
