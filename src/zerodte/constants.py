"""The model's constants: one table, each with its source. No other module holds one inline.

"ours" marks a choice of this project; "reference" one that the public documentation of
comparable services publishes and that we follow so that figures can be compared.
"""

from typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

#: Sessions in a year, the trading clock's unit (exchange convention).
SESSIONS_PER_YEAR: Final = 252
#: Shares an option contract stands for; OPRA leaves it undefined (standard contracts).
MULTIPLIER: Final = 100
#: Time to expiry never falls below this many minutes (ours: below it, greeks are noise).
TAU_FLOOR_MINUTES: Final = 1.0

#: Shares of a session's variance by half hour, percent (SPY one-minute returns, 252 sessions
#: 2024-25, two percent winsorised). Half days use the first seven, rescaled.
VARIANCE_PROFILE: Final = (12.8, 13.4, 9.6, 7.2, 5.9, 5.0, 5.5, 5.9, 5.1, 6.3, 6.1, 6.3, 10.8)

#: A sample is taken every half minute (reference).
SAMPLE_INTERVAL: Final = 30 * SECOND
#: The sizes of bars (reference), ns. Each divides the half hour, so that bars end on the clock's.
BARS: Final = {"30s": 30 * SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE}
#: The default and the bounds of `minutes`, the length of a window (reference).
WINDOW: Final = 60
WINDOW_BOUNDS: Final = (1, 390)
#: Indices whose values every symbol shares: the snapshot of any symbol shows the VIX, so its
#: values are inputs of all symbols, and a tape cut by symbols has them in every part (ours).
SHARED_INDICES: Final = ("VIX",)
#: A chain silent for longer than this, or than two cadences, is stale (ours).
STALE_AFTER: Final = 15 * SECOND
#: Two sources of spot further apart than this fraction are a warning (ours).
SPOT_DISAGREEMENT: Final = 0.0025
#: The last minutes of a session, when every answer carries a warning (reference).
CLOSING_MINUTES: Final = 5

#: The constant-maturity anchor of ratios over expiries, calendar days (reference).
SEVEN_DAYS: Final = 7
#: Same-day and next expiries that are sampled at full cadence (ours).
NEAR_EXPIRIES: Final = 3

#: A net exposure smaller than this share of gross has no sign (reference for the regime).
NEUTRAL_SHARE: Final = 0.05
#: The moves at which hedging is repriced, as (wire name, fraction of spot) (reference).
HEDGING_MOVES: Final = (
    ("spot_up_10bp", 0.001),
    ("spot_down_10bp", -0.001),
    ("spot_up_25bp", 0.0025),
    ("spot_down_25bp", -0.0025),
    ("spot_up_half_pct", 0.005),
    ("spot_down_half_pct", -0.005),
    ("spot_up_1pct", 0.01),
    ("spot_down_1pct", -0.01),
)

#: The gamma flip is sought within max(3%, four remaining sigmas) of spot (ours) ...
FLIP_REACH: Final = 0.03
FLIP_REACH_SIGMAS: Final = 4.0
#: ... on this many trial spots, so that a step is at most a thirtieth of a sigma or 2.5 bp.
FLIP_TRIALS: Final = 241
#: Put open interest is scaled by these; a root that moves by more than half a sigma is withheld.
FLIP_PUT_SCALES: Final = (0.9, 1.1)
FLIP_SENSITIVITY_SIGMAS: Final = 0.5
#: Of the three nearest out-of-the-money quotes a side, this many must be usable (ours).
COVERAGE_STRIKES: Final = 3
COVERAGE_NEEDED: Final = 2
#: Of the quotes around spot this share must be usable (ours).
QUALITY_NEEDED: Final = 0.60

#: The pin score's weights: open interest, proximity, time, gamma (reference).
PIN_WEIGHTS: Final = (0.30, 0.25, 0.25, 0.20)
#: Shares at which the open interest and gamma components saturate (ours).
PIN_OI_SATURATION: Final = 0.45
PIN_GAMMA_SATURATION: Final = 0.35

#: Concentration is the share of so many of the largest strikes (reference).
TOP_STRIKES: Final = 3
#: The straddle is withheld when no strike lies within so many remaining sigmas of the forward: it
#: would be worth over 12% more than one at the money (ours).
STRADDLE_REACH: Final = 0.5
#: Strikes within this fraction of spot count as at the money for volume (reference).
ATM_VOLUME_BAND: Final = 0.005
#: `skew_25d` wants contracts whose delta lies within this of 25 (ours).
SKEW_DELTA: Final = 0.25
SKEW_TOLERANCE: Final = 0.20
#: The leaderboard's `abs_flow` looks at this many samples (reference).
LEADER_SAMPLES: Final = 10
#: The default and the bounds of its `n` (reference).
LEADERS: Final = 20
LEADERS_BOUNDS: Final = (1, 100)
#: The default and the bounds of the snapshot's `strike_range` (reference).
STRIKE_RANGE: Final = 0.03
STRIKE_RANGE_BOUNDS: Final = (0.001, 0.10)

#: data_quality_score's weights: usable quotes, fresh chain, classified volume, open interest
#: (ours).
QUALITY_WEIGHTS: Final = (0.4, 0.2, 0.2, 0.2)
#: Usable quotes are counted within this many remaining sigmas of spot (ours).
QUALITY_SIGMAS: Final = 2.0
#: A mean second difference of the smile of this size lowers smoothness to 1/e (ours).
SMOOTHNESS_SCALE: Final = 0.02
#: execution_score: weight and scale of the spread (percent), weight and saturation of the
#: at-the-money open interest (reference).
EXECUTION_SPREAD: Final = (70.0, 5.0)
EXECUTION_OPEN_INTEREST: Final = (30.0, 5_000.0)

#: A trade this soon after the open has no side: the first quotes are still being made (ours).
OPENING_NOISE: Final = 5 * SECOND
#: The share of a multi-leg trade's size that is signed (ours: none, for the components of complex
#: index trades are signed hardly better than by chance: Savickas and Wilson, JFQA 38, 2003).
MULTI_LEG_WEIGHT: Final = 0.0
#: A cancel undoes one of this many newest trades of its symbol; older ones are counted (ours).
CANCEL_REACH: Final = 2**20
#: How often a side is wrong, by the evidence behind it. Quote rule: 0.17 by the Cboe's record of
#: 1995 (Savickas and Wilson 2003); 0.36 against the customer's side, 86 M trades at ISE and Cboe in
#: 2005-17 (Bilz, thesis at KIT 2023, after Grauer, Schuster and Uhrig-Homburg). Tick test: 0.41 and
#: 0.48 there. Both are the middle of the two. Depth rule: ours, a little above the 0.34 and 0.39 of
#: midpoint trades where the size rule comes before it (Bilz).
SIDE_ERROR: Final = {"quote": 0.27, "depth": 0.40, "tick": 0.44}

#: How open interest follows the day's flow: signed_v1 (reference) or turnover_v1 (ours).
OPEN_INTEREST_METHOD: Final = "signed_v1"
#: What a contract of flow counts for in open interest (reference).
OPEN_INTEREST_WEIGHT: Final = 0.43
#: Opening less closing share of volume, by thirteenths of the session. No study was found that has
#: it by time of day. The level is measured: over a day, weight x share comes to the 0.16 contracts
#: by which the open interest of SPY options grew per contract traded on 2025-04-30, a day before
#: they expired (Cboe). The fall is ours: of what is opened in the morning, some is closed later.
OPENING_SHARE: Final = (0.6,) * 4 + (0.4,) * 5 + (0.1,) * 4

#: Dealers' position as a share of the morning's open interest: mean and standard deviation, for
#: calls and for puts (ours, wide). No study was found that has it as a share. Signs: end users are
#: net long index options, puts above all, and a little short equity options (Garleanu, Pedersen and
#: Poteshman, RFS 22, 2009); market makers' net gamma in same-day SPX options is positive on average
#: (Dim, Eraker and Vilkov, SSRN 4692190, 2025) and stems from older positions (Adams, Fontaine and
#: Ornthanalai 2025); it is small against volume (Cboe, "Much ado about 0DTEs", 2023).
DEALER_PRIOR: Final = ((0.1, 0.3), (0.0, 0.3))
#: The probability that an interval holds (ours).
INTERVAL: Final = 0.90

#: Newest trades of a symbol that are remembered, so that one that comes again is known (ours).
REPEAT_REACH: Final = 2**18
#: A trade this many spreads outside of the quote before it is signed, and reported (ours).
FAR_SPREADS: Final = 10
