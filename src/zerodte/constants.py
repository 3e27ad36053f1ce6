"""The constants of the model, each with its source. No other module defines one.

"ours" marks a choice of this project. "reference" marks a value from the public documentation of
comparable services, which is used so that figures can be compared.
"""

from typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
CALENDAR_DAY: Final = 24 * HOUR

#: Sessions in a year, the trading clock's unit (exchange convention).
SESSIONS_PER_YEAR: Final = 252
#: Shares per option contract; OPRA leaves it undefined (standard contracts).
MULTIPLIER: Final = 100
#: Minimum time to expiry in minutes (ours: below it, greeks are noise).
TAU_FLOOR_MINUTES: Final = 1.0

#: Shares of a session's variance by half hour, percent (SPY one-minute returns, 252 sessions
#: 2024-25, winsorised by two percent). Half days use the first seven, rescaled.
VARIANCE_PROFILE: Final = (12.8, 13.4, 9.6, 7.2, 5.9, 5.0, 5.5, 5.9, 5.1, 6.3, 6.1, 6.3, 10.8)
#: The same by five minutes within the first half hour and within the last (same data, standard
#: errors 0.1 to 0.2). Each six is scaled to its half hour's share above.
FIRST_VARIANCE_PROFILE: Final = (3.1, 2.3, 2.0, 2.2, 2.1, 1.6)
LAST_VARIANCE_PROFILE: Final = (1.41, 1.37, 1.36, 1.23, 2.95, 2.28)

#: Time between samples (reference), ns.
SAMPLE_INTERVAL: Final = 30 * SECOND
#: The sizes of bars (reference), ns. Each divides the half hour, so that bars end on clock times.
BARS: Final = {"30s": 30 * SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE}
#: Default and bounds of `minutes`, the length of a window (reference).
WINDOW: Final = 60
WINDOW_BOUNDS: Final = (1, 390)
#: Bounds of `digits`, significant digits of figures by strike (ours).
DIGITS_BOUNDS: Final = (3, 7)
#: Indices whose values every symbol shares: the snapshot of any symbol shows the VIX, so its
#: values are inputs of all symbols, and a tape cut by symbols has them in every part (ours).
SHARED_INDICES: Final = ("VIX",)
#: A chain without quotes for longer than this, and than two cadences, is stale (ours).
STALE_AFTER: Final = 15 * SECOND
#: Two sources of spot that differ by more than this fraction cause a warning (ours).
SPOT_DISAGREEMENT: Final = 0.0025
#: An own price that lies further than this from the parity of at least so many strikes is none
#: (the widest band of the Limit Up-Limit Down plan for S&P 500 stocks, the doubled 10%; ours).
SPOT_LIMIT: Final = 0.10
#: Where there is no parity, an own price so many times beyond the quoted strikes is of another
#: scale (ours: indices and their fractions are at least five times apart).
SPOT_SCALE: Final = 4.0
PARITY_STRIKES: Final = 3
#: In the session, the chain that expires today says more: nothing is paid or earned before it does.
#: Where this many of its strikes agree, an own price is none that lies beyond the disagreement
#: above, beyond what half of the strikes allow and further from parity than so many remaining
#: sigmas (ours: on recorded sessions own prices lie within a quarter of one).
SPOT_STRIKES: Final = 5
SPOT_SIGMAS: Final = 1.0
#: So many remaining sigmas cause a warning, where two strikes that agree do not allow the price
#: (ours).
SPOT_DOUBT: Final = 0.5
#: An underlying's own quote wider than this share of its mid, and than so many dollars, is no price
#: (ours: a recorded half day of GOOG stays below 0.2% in the session and has 1.8% at its close and
#: up to 5% before the open; SPY is a cent wide. A low price is a few ticks wide).
OWN_QUOTE_WIDTH: Final = 0.01
OWN_QUOTE_TICKS: Final = 0.05
#: A quote is too wide at this multiple of the width at which the exchanges' obvious-error rules
#: call it wide (Cboe rule 6.5: 0.75 below a bid of 2.00 up to 6.00 above 100.00), and at this share
#: of a high bid (ours: on recorded chains of the next weeks widths stay below four times that
#: and 10% of the bid, on those of years below half of it).
WIDTH_MULTIPLE: Final = 10.0
WIDTH_OF_BID: Final = 0.5
#: Quotes of expiries further away than this are not judged: options of a year and more are sound at
#: widths that are absurd for those of a week (ours; nine months).
LONG_TERM_DAYS: Final = 270
#: A wide quote's mid may break the bounds of tighter neighbours by this share of its width (ours).
LOOSE_SLACK: Final = 0.25
#: A quote wider than this share of its mid, and than so many times its neighbours, is too wide
#: (ours: two ticks beside one is the most that recorded cheap quotes have).
RELATIVE_WIDTH: Final = 0.75
LOOSE_MULTIPLE: Final = 4.0
#: In a chain with a refused quote the others are held to the middle of their widths: so much is
#: taken off on either side (ours).
SUSPECT_SHRINK: Final = 0.35
#: Fewer quotes than this behind a smile hardly bound each other; they disagree where one's
#: volatility is off the line through the others by this much in logarithms, at either end of the
#: smile, where it is steep, or between (ours: recorded ends lie 0.46 apart at most, sound simulated
#: quotes between others 0.06; of 1,000 chains with one quote at a tenth to ten times its price, 14
#: were off by over 5% and not withheld).
THIN_SMILE: Final = 10
SMILE_DISAGREEMENT: Final = (0.6, 0.25)
#: In such a chain net GEX is withheld if the smile has fewer quotes than this, which none of them
#: could outvote, ...
LEAST_SMILE: Final = 3
#: ... or if leaving out single quotes moves it by this share, as the root of the sum of squares
#: (ours: of 6,000 simulated chains with one quote in ten wrong, 272 that had a refused quote were
#: off by over 5%, and all but one of them moved by more than this).
JACKKNIFE_LIMIT: Final = 0.015
#: Neighbours on each side of a quote that bound it (ours).
ARBITRAGE_NEIGHBOURS: Final = 32
#: Slack of bounds that rest on the forward, a share of it (ours: carry, early exercise).
FORWARD_TOLERANCE: Final = 0.10
#: Minutes before the close in which every answer has a warning (reference).
CLOSING_MINUTES: Final = 5

#: The constant-maturity anchor of ratios over expiries, calendar days (reference).
SEVEN_DAYS: Final = 7
#: Number of nearest expiries, from the same-day one, that are sampled at full cadence (ours).
NEAR_EXPIRIES: Final = 3

#: A net exposure below this share of gross has no sign (reference for the regime).
NEUTRAL_SHARE: Final = 0.05
#: The regime is claimed with this share of the quotes around spot (ours: with half of the quotes of
#: simulated chains dropped the sign stayed), ...
REGIME_QUOTES_NEEDED: Final = 0.25
#: ... and where this share of either side's open interest is known (ours).
OPEN_INTEREST_NEEDED: Final = 0.5
#: One contract that holds the other share, so many times what any other holds, and at least so many
#: contracts, is doubted (ours: of 96 recorded chains of SPX and SPY one, of a distant year, has a
#: contract with over half of all, 14 times the next, and none of those within a month). So are a
#: few that do so together.
LONE_INTEREST: Final = (50.0, 5_000)
#: More than this is no count of one contract's open interest or volume, in contracts (ours: the
#: clearing house holds some 500 million of all contracts together), ...
MOST_OPEN_INTEREST: Final = 100_000_000
#: ... and no trade's size (ours: the largest reported ones have some hundred thousand).
MOST_TRADED: Final = 10_000_000
#: The moves for which hedging flow is computed: wire name, fraction of spot (reference).
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
#: Beside them: wire name, remaining sigmas (ours).
SIGMA_MOVES: Final = (("spot_up_1sd", 1.0), ("spot_down_1sd", -1.0))

#: The gamma flip is searched within max(3%, four remaining sigmas) of spot (ours) ...
FLIP_REACH: Final = 0.03
FLIP_REACH_SIGMAS: Final = 4.0
#: ... on this many trial spots, so that a step is at most 1/30 sigma or 2.5 bp.
FLIP_TRIALS: Final = 241
#: Spots of the profile that an answer shows; odd, so that the middle one is spot (ours).
PROFILE_SPOTS: Final = 41
#: Sensitivity test: put open interest is scaled by these factors, and a root that moves by more
#: than this many sigmas is withheld.
FLIP_PUT_SCALES: Final = (0.9, 1.1)
FLIP_SENSITIVITY_SIGMAS: Final = 0.5
#: Of this many nearest out-of-the-money quotes per side, so many must be usable (ours).
COVERAGE_STRIKES: Final = 3
COVERAGE_NEEDED: Final = 2
#: Share of quotes around spot that must be usable (ours).
QUALITY_NEEDED: Final = 0.60

#: Weights of the pin score: open interest, proximity, time, gamma (reference).
PIN_WEIGHTS: Final = (0.30, 0.25, 0.25, 0.20)
#: Shares at which the open interest and gamma components saturate (ours).
PIN_OI_SATURATION: Final = 0.45
PIN_GAMMA_SATURATION: Final = 0.35

#: Concentration is the share of this many largest strikes (reference).
TOP_STRIKES: Final = 3
#: The straddle is withheld if no strike is within this many remaining sigmas of the forward: it
#: would cost over 12% more than one at the money (ours).
STRADDLE_REACH: Final = 0.5
#: Strikes within this fraction of spot count as at the money for volume (reference).
ATM_VOLUME_BAND: Final = 0.005
#: Target |delta| of `skew_25d`, and the largest deviation from it (ours).
SKEW_DELTA: Final = 0.25
SKEW_TOLERANCE: Final = 0.20
#: Number of samples in the leaderboard's `abs_flow` (reference).
LEADER_SAMPLES: Final = 10
#: Default and bounds of the leaderboard's `n` (reference).
LEADERS: Final = 20
LEADERS_BOUNDS: Final = (1, 100)
#: Default and bounds of the snapshot's `strike_range` (reference).
STRIKE_RANGE: Final = 0.03
STRIKE_RANGE_BOUNDS: Final = (0.001, 0.10)

#: Weights of data_quality_score: usable quotes, fresh chain, classified volume, agreed spot (ours).
QUALITY_WEIGHTS: Final = (0.4, 0.2, 0.2, 0.2)
#: Range around spot in which usable quotes are counted, in remaining sigmas (ours).
QUALITY_SIGMAS: Final = 2.0
#: What usable quotes count for that carry no flip or no net GEX (ours: setups stay possible).
QUALITY_WITHOUT_LEVELS: Final = 0.5
#: Mean second difference of the smile that lowers smoothness to 1/e (ours).
SMOOTHNESS_SCALE: Final = 0.02
#: execution_score: weight and scale of the spread (percent), weight and saturation of the
#: at-the-money open interest (reference).
EXECUTION_SPREAD: Final = (70.0, 5.0)
EXECUTION_OPEN_INTEREST: Final = (30.0, 5_000.0)

#: Trades this soon after the open have no side, because quotes are still forming (ours).
OPENING_NOISE: Final = 5 * SECOND
#: The share of a multi-leg trade's size that is signed (ours: none, because legs of complex index
#: trades are classified hardly better than at random: Savickas and Wilson, JFQA 38, 2003).
MULTI_LEG_WEIGHT: Final = 0.0
#: A cancel can undo one of this many latest trades of its symbol; cancels of older ones are
#: counted (ours).
CANCEL_REACH: Final = 2**20
#: The most contracts of one root and expiry, expiries of one root, and underlyings of one session:
#: several times what the market lists, so that a broken feed cannot exhaust memory (ours).
MOST_OF_CHAIN: Final = 8_192
MOST_EXPIRIES: Final = 256
MOST_UNDERLYINGS: Final = 16_384
#: The expected side of a contract, by evidence: 1 less twice the probability that it is wrong.
#: Quote rule: wrong in 0.17 by the Cboe's record of 1995 (Savickas and Wilson 2003), in 0.36
#: against the customer's side, 86 M trades at ISE and Cboe in 2005-17 (Bilz, thesis at KIT 2023,
#: after Grauer, Schuster and Uhrig-Homburg). Tick test: 0.41 and 0.48 there. Both are the middle of
#: the two. Depth rule: ours, a little above the 0.34 and 0.39 of midpoint trades where the size
#: rule comes before it (Bilz). Empty bid: ours, 0.485 right in simulated sessions.
EXPECTED_SIDE: Final = {"quote": 0.46, "depth": 0.20, "tick": 0.12, "empty bid": 0.0}
#: The same of a trade that took a whole quote, for the customer who let it rest: what the size rule
#: adds in the same data allows 0.75 to 0.80 right. Half of that where several venues list the
#: option, because the quote's size is not one venue's (ours).
WHOLE_QUOTE_SIDE: Final = 0.60
WHOLE_QUOTE_SIDE_OF_MANY: Final = 0.30
#: Symbols whose options one exchange alone lists (Cboe, Nasdaq).
SINGLE_LISTED: Final = ("SPX", "XSP", "NDX", "RUT")
#: The same of a package by |net price - net midpoint| over the root of the sum of its legs' squared
#: half-widths: below each strength, and above. Half of what simulated sessions say (ours; the cost
#: of legs there is ours too).
PACKAGE_STRENGTHS: Final = (0.3, 0.6, 1.0)
PACKAGE_SIDE: Final = (0.04, 0.15, 0.25, 0.28)

#: Method of effective open interest: signed_v1 (reference), turnover_v1 to turnover_v3 (ours).
OPEN_INTEREST_METHOD: Final = "turnover_v3"
#: What open interest grows by per contract traded, under turnover_v2: 0.16 in SPY options on
#: 2025-04-30, a day before their expiry (Cboe); 0.19 in simulated sessions (ours: between the two).
OPEN_INTEREST_PER_TRADED: Final = 0.18
#: Weight of a contract of flow in open interest, under the others (reference).
OPEN_INTEREST_WEIGHT: Final = 0.43
#: Share of volume that closes positions, under turnover_v3 (ours: as many as open; what comes of it
#: on a day is the growth per contract above).
CLOSING_SHARE: Final = 0.5
#: Share of the morning's open interest that may be closed today, likewise (ours: the rest expires).
CLOSABLE_SHARE: Final = 0.5
#: Minutes after which a trade counts half in the volume of late, likewise (ours; of 1 to 20 minutes
#: none finds the levels much better).
PACE_HALF_LIFE: Final = 5
#: Opening minus closing share of volume, by thirteenth of the session (turnover_v1). No study
#: reports it by time of day. The level is measured: over a day, weight x share equals 0.16, the
#: growth of open interest per contract traded in SPY options on 2025-04-30, a day before their
#: expiry (Cboe). The decline is ours: some positions of the morning are closed later.
OPENING_SHARE: Final = (0.6,) * 4 + (0.4,) * 5 + (0.1,) * 4

#: Dealers' position as a share of morning open interest: mean and standard deviation, for calls and
#: for puts (ours, wide). No study reports it as a share. Signs: end users are
#: net long index options, puts above all, and a little short equity options (Garleanu, Pedersen and
#: Poteshman, RFS 22, 2009); market makers' net gamma in same-day SPX options is positive on average
#: (Dim, Eraker and Vilkov, SSRN 4692190, 2025) and stems from older positions (Adams, Fontaine and
#: Ornthanalai 2025); it is small against volume (Cboe, "Much ado about 0DTEs", 2023).
DEALER_PRIOR: Final = ((0.1, 0.4), (0.0, 0.4))
#: Standard deviation of that share between strikes, independent of each other (ours) ...
DEALER_STRIKE_NOISE: Final = 0.25
#: ... and of what all trades' sides have in common, as a share of volume (ours).
COMMON_SIDE_ERROR: Final = 0.02
#: Confidence level of inventory intervals (ours).
INTERVAL: Final = 0.90

#: The density of the close is a mixture of normals on fixed centres. In remaining sigmas: the gap
#: between centres at the mean and its growth per sigma from it; a component's width in gaps ...
DENSITY_GAP: Final = (0.3, 0.12)
DENSITY_WIDTH: Final = 1.11
#: ... how far the centres go beyond the outermost quote, at least, and at most down and up ...
DENSITY_REACH: Final = (1.5, 4.5, 14.0, 10.0)
#: ... the shape without quotes: shares of a normal and of an exponential of both sides ...
DENSITY_PRIOR: Final = (0.9, 0.1)
#: ... how strongly it is preferred, and the least error of a quote, a share of the median one (all
#: ours: on recorded chains and known laws they reprice best).
DENSITY_SMOOTHING: Final = 0.2
DENSITY_ERROR_FLOOR: Final = 0.25
#: Its mean is the forward where parity knows that to this share of a sigma, else spot (ours).
DENSITY_FORWARD_ERROR: Final = 0.1
#: The range whose quotes it is judged by, in remaining sigmas (ours).
DENSITY_SIGMAS: Final = 2.0

#: Latest trades of a symbol that are remembered, to recognise repeats (ours).
REPEAT_REACH: Final = 2**18
#: A trade this many spreads outside the quote is signed, and reported (ours).
FAR_SPREADS: Final = 10

#: Physical over risk-neutral sigma of the close, before any session of one's own: realised over
#: implied variance of same-day SPX options is 0.76 at 10:00 to 0.69 at 15:30, as sigma 0.87 to 0.83
#: (Vilkov, SSRN 4641356, 2016-26), and the close moves a little more than its minutes.
PREMIUM_SCALE: Final = 0.87
#: Sessions that it weighs (ours: its range of 0.83 to 0.93 is what some 60 sessions would tell).
PREMIUM_SESSIONS: Final = 60
#: Squared move to the close over the sum of squared minute returns (SPY, 252 sessions 2024-25:
#: 1.05 at 10:00, 1.15 at 13:00, 1.17 at 15:00).
CLOSE_OVER_MINUTES: Final = 1.1

#: Minutes of a usual session; calibration leaves half days out.
WHOLE_SESSION: Final = 390
#: Minutes that a session of bars may lack (ours: five percent).
MISSING_MINUTES: Final = 19
#: A VIX below this, in points, is a fraction or none (ours: its lowest close is 9.14, of 2017), ...
LEAST_VIX: Final = 3.0
#: ... and one above this is none either (ours: the highest it ever had is 89.53, of 2008).
MOST_VIX: Final = 250.0
#: Elapsed minutes at which calibration forecasts the close: 10:00 to 15:30 every half hour, then
#: 15:45, 15:50 and 15:55 (ours).
SCORED_MINUTES: Final = (*range(30, 361, 30), 375, 380, 385)
#: Those at which pins are compared with their placebo: from 14:00 on (ours).
PIN_MINUTES: Final = (270, 330, 360, 375, 385)
#: Sessions before the first forecast, and between two fits (ours).
WALK_FORWARD: Final = (60, 10)
#: Scored events: the close within one and within two of so many VIX sigmas (ours: on SPY in 2024-25
#: the first came true in 86% of cases, neither always nor seldom).
BAND_OF_VIX: Final = 0.79
#: Shares of a normal law within one and two standard deviations, served for ranges as constants
#: (reference).
NORMAL_WITHIN: Final = (0.6827, 0.9545)
#: har_t: minutes of recent variance, elapsed minutes at which its gain changes (12:50, 14:50,
#: 15:40), bound on squared moves in sigma, degrees of freedom (ours, on SPY 2024-25).
RECENT_MINUTES: Final = 30
HAR_GAIN_MINUTES: Final = (200, 320, 370)
HAR_WINSOR: Final = 4.0
HAR_FREEDOM: Final = 5
#: Levels of central intervals whose coverage is scored (ours).
COVERAGE_LEVELS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
#: Resamples of days, and the level of intervals from them (convention).
BOOTSTRAP_DRAWS: Final = 2_000
BOOTSTRAP_LEVEL: Final = 0.95
#: Scored sessions from which on the physical scale is judged; worse than none, it is not served
#: (ours: by 20 the error of a frequency is below the constants' offset of 7 points).
JUDGED_SESSIONS: Final = 20
#: Samples in a row that a condition, a level or a label takes to turn (ours: two minutes; without
#: it the primary setup of simulated days changed 35 to 81 times a day).
DWELL: Final = 4
#: Samples that a setup stands at least, once it has come (ours: one in 27 stood for two or fewer).
SETUP_STAND: Final = 3
#: A level moves to a strike that leads by this share (ours), ...
LEVEL_LEAD: Final = 0.10
#: ... and the regime label turns where the other sign reaches this share of gross (ours: it turned
#: 60 to 89 times a day at any sign).
LABEL_SHARE: Final = 0.08
#: Spot has crossed the flip once it is so many sigmas beyond (ours); an alert stands so long after
#: (ours: with 0.1 sigma and 10 and 15 minutes alerts stood in 16% of simulated days).
CROSSING_CLEAR: Final = 0.25
CROSSING_HOLD: Final = 5 * MINUTE
#: So long stands an alert after net GEX has turned against its settled sign (ours).
FLIP_HOLD: Final = 5 * MINUTE
#: A scheduled event counts for so long after its time (ours: a press conference follows a rate
#: decision after half an hour).
EVENT_HOLD: Final = 30 * MINUTE
#: Data quality that the highest confidence needs (ours).
HIGH_QUALITY: Final = 80.0
#: A strike is touched before the close so many times as often as the close lies beyond it (SPY
#: one-minute bars of 252 sessions 2024-25; the reflection principle says 2).
TOUCH_RATIO: Final = 1.9
#: The condor's shorts lie so many remaining sigmas out, nearest and furthest, and its wings so many
#: further (ours: at 0.8 a short is touched on a third of all days).
CONDOR_SHORT: Final = (1.0, 1.5)
CONDOR_WING: Final = 0.5

#: Quotes contradict each other where the density prices less than this share of those within two
#: sigmas inside their spread (ours).
REPRICED_NEEDED: Final = 0.7
#: With a sigma of fewer strike steps nobody can know the shape between strikes (ours: known laws
#: were missed by up to 4 points a cell at 0.3 steps, 0.5 at 2.4).
PIN_STEPS_NEEDED: Final = 0.6
#: In doubt other shapes count too, at these multiples of sigma (ours).
DOUBTFUL_SCALES: Final = (0.5, 1.0, 2.0)
#: Half width of the scale's interval without own sessions, a share of it (Vilkov, SSRN 4641356:
#: 0.83 to 0.93 by time of day); with own sessions it narrows as the weight of the premium does.
SCALE_WIDTH: Final = 0.057
#: heuristic_v1 (reference): factors by regime, and the most it says.
HEURISTIC_REGIME: Final = {"positive_gamma": 1.20, "negative_gamma": 0.70, "unknown": 1.00}
HEURISTIC_CAP: Final = 0.95

#: Distance of spot from max pain at which `signal` leaves neutral, a fraction of spot.
MAX_PAIN_SIGNAL: Final = 0.05
#: Max pain lies near the flip within this, a fraction of spot.
MAX_PAIN_NEAR_FLIP: Final = 0.01
