"""The fixed parameters of the simulator's customers, quotes and trades, each with its source.

Parameters that a seed draws are in `seed_draw`, parameters of a kernel next to it. "Ours" marks a
choice without a published figure. Abbreviations of sources:

- Bilz: thesis at KIT, 2023, after Grauer, Schuster and Uhrig-Homburg, "Option trade
  classification", 2023: option trades at ISE and Cboe, 2005 to 2017, with known sides. The
  location of trades is solved from its tables of accuracy, overall and by location.
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
#: Latency from a venue to the receiver of the consolidated feed, ns, as in the vendor's records.
TRANSIT: Final = 209_000

#: Lower bounds of the horizons, in whole sessions to expiry: today, next two, one week, later.
HORIZONS: Final = (0, 1, 3, 8)
TODAY: Final = 0

#: Shares of a day's volume by thirteenth of the session, percent. Today's expiries: follows SPXW's
#: volume over morning open interest at 10:00, 12:00 and 16:00. Later ones: U-shaped (ours).
TODAY_PROFILE: Final = (6.6, 9.2, 8.8, 8.2, 7.6, 6.6, 6.3, 6.2, 6.4, 6.9, 7.6, 8.8, 10.8)
LATER_PROFILE: Final = (14.0, 9.8, 8.2, 7.2, 6.5, 6.0, 5.7, 5.7, 6.0, 6.5, 7.0, 7.9, 9.5)
#: Volume over open interest of later expiries decays at this rate per session (ours), down to the
#: floor `LATER_LEAST`.
LATER_DECAY: Final = 0.25
LATER_LEAST: Final = 0.04
#: Shape of the gamma variable that multiplies each block's volume, for bursts (ours).
BURSTS: Final = 8.0

#: Order sizes: lower bounds of bins in contracts, and the frequency of each bin per thousand.
#: One-lots dominate, round numbers are frequent, the tail is long. At ISE and Cboe quartiles were 1
#: or 2, 4 or 5, and 10, and 95% at most 50 (Bilz); sizes are smaller now, half is retail (Decoded).
SIZES: Final = (
    (1, 415.0), (2, 130.0), (3, 68.0), (4, 40.0), (5, 88.0), (6, 45.0), (10, 84.0), (11, 30.0),
    (20, 30.0), (21, 10.0), (25, 13.0), (26, 9.0), (50, 15.0), (51, 6.0), (100, 9.0), (101, 3.6),
    (200, 1.6), (201, 1.2), (500, 0.9), (501, 0.4), (1000, 0.3), (1001, 0.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CustomerKind:
    """A type of customer. Figures without a source are ours.

    Attributes:
        share: Share of all orders.
        structure: A key of `zerodte.feeds.simulator.packages.STRUCTURES`.
        call_share: Share of its orders whose first leg is a call.
        buy_share: Share of its opening orders that buy the structure.
        otm: Mean distance of the first leg out of the money, in standard deviations to expiry.
        otm_deviation: Standard deviation of that distance.
        horizons: Preference for each of `HORIZONS`.
        size: Its order sizes as a multiple of `SIZES`.
        momentum: How strongly its choice of calls or puts follows the recent move.
        dealer_lean: How strongly it offsets dealers' purchases since the morning.
    """

    share: float
    structure: str
    call_share: float
    buy_share: float
    otm: float
    otm_deviation: float
    horizons: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    size: float = 1.0
    momentum: float = 0.0
    dealer_lean: float = 0.0


#: Complex orders are over 30% of volume, mostly verticals and calendars (Li). Just over half of the
#: opening orders in same-day SPX options are single legs, few of them naked sales. Puts and calls
#: balance, and so do buys and sells, which keeps dealers' gamma small (Decoded).
KINDS: Final[dict[str, CustomerKind]] = {
    "lottery_calls": CustomerKind(0.10, "single", 1.0, 1.0, 1.2, 0.5, (1.4, 1.2, 1.0, 0.5), 0.8),
    "lottery_puts": CustomerKind(0.09, "single", 0.0, 1.0, 1.2, 0.5, (1.4, 1.2, 1.0, 0.5), 0.8),
    "put_hedges": CustomerKind(0.04, "single", 0.0, 0.95, 0.9, 0.5, (0.5, 0.8, 1.0, 1.6), 1.6),
    "momentum": CustomerKind(
        0.11, "single", 0.5, 1.0, 0.3, 0.5, (1.4, 0.9, 0.6, 0.3), 0.8, momentum=1.0
    ),
    "premium_sellers": CustomerKind(0.15, "single", 0.45, 0.0, 0.9, 0.5, (0.8, 1.0, 1.2, 1.2)),
    "covered_calls": CustomerKind(0.06, "single", 1.0, 0.0, 0.9, 0.4, (0.4, 0.8, 1.2, 1.4), 1.2),
    "traders": CustomerKind(
        0.20, "single", 0.5, 0.5, 0.2, 0.8, (1.0, 1.0, 1.0, 1.0), 1.2, dealer_lean=1.0
    ),
    "credit_spreads": CustomerKind(0.10, "vertical", 0.5, 0.0, 0.7, 0.4, (1.6, 1.0, 0.9, 0.7), 1.3),
    "debit_spreads": CustomerKind(0.035, "vertical", 0.5, 1.0, 0.4, 0.4, (1.0, 1.0, 1.0, 0.8), 1.2),
    "condors": CustomerKind(0.035, "condor", 1.0, 0.05, 0.8, 0.3, (1.8, 1.0, 0.7, 0.4), 0.9),
    "flies": CustomerKind(0.014, "fly", 1.0, 0.1, 0.0, 0.25, (1.8, 0.8, 0.5, 0.2), 0.7),
    "straddles": CustomerKind(0.01, "strangle", 1.0, 0.4, 0.4, 0.4, (1.0, 1.0, 1.0, 1.0)),
    "calendars": CustomerKind(0.018, "calendar", 0.5, 0.5, 0.5, 0.5, (0.4, 1.0, 1.2, 1.2), 1.4),
}
#: Weight of open interest in the choice of a strike (ours).
FOLLOWS_INTEREST: Final = 0.5
#: Widths of wings in standard deviations to expiry, equally likely, at least one strike (ours).
WIDTHS: Final = (0.1, 0.25, 0.5, 0.5, 0.75, 1.0, 1.0, 1.5)

#: The recent move: tanh of the return over `MOVE_BLOCKS` minutes divided by `MOVE` (ours).
MOVE_BLOCKS: Final = 5
MOVE: Final = 0.0015
#: Size of crosses as a multiple of other orders (ours).
CROSS_SIZE: Final = 10
#: Seconds until all contracts are quoted, the money first; trading starts after that (ours).
ROTATION: Final = 5

#: Half-spreads of the tightest name by horizon, in cents per square root of the dollar price (after
#: Chains; same-day SPXW options were one or two ticks wide in 2023: Fu). Deeper in the money than
#: the first fraction of spot, the second share of the excess is added, up to the third fraction.
ROOT_CENTS: Final = (0.18, 1.0, 1.1, 1.0)
DEEP_SPREAD: Final = (0.001, 0.0036, 5e-4)
#: Extra spread at the open as a multiple, and its decay time in seconds; likewise before the close
#: for expiring contracts (ours).
OPENING_SPREAD: Final = (3.0, 240.0)
CLOSING_SPREAD: Final = (1.5, 420.0)

#: Random requotes per second by horizon, at the money (`BUSY`) and far from it (`IDLE`). A move of
#: the fair value by `PATIENCE` half-spreads and `PATIENCE_TICKS` ticks forces a requote (ours).
BUSY: Final = (0.98, 0.7, 0.4, 0.15)
IDLE: Final = (0.05, 0.022, 0.014, 0.008)
PATIENCE: Final = (1.0, 1.0, 1.5, 2.0)
PATIENCE_TICKS: Final = (0.5, 1.0, 1.5, 2.5)

#: Median contracts at the touch (Bilz: 57 to 82), the extra size at prices near zero, and its decay
#: in dollars of price (ours).
DEPTH: Final = (60.0, 400.0, 0.10)

#: Quotes of funds and stocks: spread in cents, mean hundreds of shares per side above one. Seconds
#: between values of VIX (ours).
STOCK_SPREAD: Final = 1
STOCK_DEPTH: Final = 5.0
VIX_SECONDS: Final = 15

#: Auctions improve by one tick, and by another one with this probability, and so on (ours).
IMPROVES_AGAIN: Final = 0.35
#: Maximum improvement in wide markets, in half-spreads: by auctions, by resting orders (ours).
AUCTION_DEPTH: Final = 0.7
REST_DEPTH: Final = 1.4
#: Share of crosses that trade against dealers (ours).
DEALERS_CROSSED: Final = 0.15
#: Cost of package legs against mid, in half-spreads: mean and standard deviation (ours; complex
#: orders cost less than simple ones: Li).
LEG_COST: Final = (0.3, 0.55)
#: Mean delays of late prints and of cancels, seconds (ours).
LATE_DELAY: Final = 90.0
CANCEL_DELAY: Final = 40.0
#: Share of orders in the first half minute that are prints of the opening rotation (ours).
OPENING_PRINTS: Final = 0.6
OPENING_SECONDS: Final = 30
