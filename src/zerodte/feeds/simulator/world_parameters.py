"""The parameters of paths, surfaces and listings that do not belong to one name.

Each is a fixed value, or the range that a seed draws from, with its source. "Ours" marks a choice
of this project. Parameters of one name are in `names`. "SPY's minutes" are 247 whole sessions from
March 2024 to April 2025. "Cboe's chains" are its delayed quotes of SPX on 2022-03-23 at 10:11 and
of SPY on 2025-05-01 before the open.
"""

from typing import Final

#: Annual volatility of the market during sessions: 5% of SPY's sessions realised less than 0.049,
#: and 5% more than 0.186.
MARKET_VOLATILITY: Final = (0.05, 0.19)
#: Volatility of the growth factor as a multiple of the market's (ours).
GROWTH_VOLATILITY: Final = 0.35
#: Standard deviation of the log of opening price over usual price, of the market and of each core
#: (ours).
OPENING_LEVEL: Final = (0.03, 0.05)

#: Jumps of the market and of each stock: number per session, and their share of its variance; 7%
#: of the S&P 500's variance by daily tests (Huang and Tauchen, Journal of Financial Econometrics 3,
#: 2005), about 1% in ticks (Christensen, Oomen and Podolskij, JFE 114, 2014).
JUMPS: Final = (0.5, 3.0)
JUMP_SHARE: Final = (0.01, 0.10)

#: Scheduled news adds a jump with this share of the market's session variance, and the second share
#: over the following minutes, fading linearly (ours).
NEWS_JUMP: Final = (0.10, 0.40)
NEWS_VARIANCE: Final = (0.10, 0.30)
NEWS_MINUTES: Final = 30

#: Overnight variance as a share of a session's: SPY's minutes, winsorised by one percent at each
#: end (0.74 without).
OVERNIGHT: Final = 0.6
#: Sessions in which a deviation of volatility from its usual level decays by a factor e (ours).
REVERSION: Final = 40.0

#: The smile is SSVI with phi = eta theta^-gamma. Gamma and the range of eta follow Cboe's chains:
#: the slope at the money, as a share of volatility per standard deviation, is about 0.06 on the
#: day of expiry, 0.14 two days and 0.3 a month before it.
SMILE_POWER: Final = 0.2
CURVATURE: Final = (3.5, 6.0)
#: Largest deviation of a seed's skew from a name's usual one (ours).
SKEW_REACH: Final = 0.1

#: Number of daily expiries from today on, of Fridays, and of third Fridays (ours: enough for the
#: anchors of the model and whole-chain totals).
DAYS_LISTED: Final = 6
WEEKS_LISTED: Final = 6
MONTHS_LISTED: Final = 2
#: Strikes are dense within this many standard deviations to expiry, and sparse up to `FAR_SIGMAS`
#: above and below (ours).
NEAR_SIGMAS: Final = 3.0
FAR_SIGMAS: Final = (6.0, 8.0)
#: Today's strikes are dense within this share of spot too: a fall of 2.5% ends among dense strikes,
#: as on real chains (Cboe's chains) ...
NEAR_SHARE: Final = 0.15
#: ... and sparser ones reach as many widths of open interest above and below (Cboe's chains).
FAR_WIDTHS: Final = (3.5, 10.0)
#: Most dense strikes on each side of today's chain, and of later ones (ours).
STRIKES_TODAY: Final = 45
STRIKES_LATER: Final = 28

#: Open interest of an expiry as a share of a name's, a / (1 + sessions to expiry)^b: (a, b) for
#: other days than Friday and for Fridays of names with daily expiries (Cboe's chains; less on the
#: day of expiry, to match SPXW's ratio of volume to open interest), for Fridays of other names
#: (ours), for third Fridays (Cboe's chains) ...
DAILY_INTEREST: Final = (0.0175, 0.92)
FRIDAY_INTEREST: Final = (0.026, 0.32)
STOCK_INTEREST: Final = (0.08, 0.6)
MONTHLY_INTEREST: Final = (0.16, 0.25)
#: ... of which a root that settles at the opening has this share.
MORNING_INTEREST: Final = 0.85
#: Standard deviation of its logarithm between expiries (ours).
INTEREST_NOISE: Final = 0.25
#: Share of puts, by kind of name (index and fund: Cboe's chains; stock: ours).
PUT_INTEREST: Final = {"index": 0.68, "fund": 0.65, "stock": 0.42}
#: Positions were opened over this many sessions at other prices: their variance adds to that until
#: expiry, and its root is the width of open interest (Cboe's chains).
PAST_SESSIONS: Final = 6.0
#: Its location in widths from the last close: mean and deviation for calls and puts, and the share
#: and scale of the puts' far tail (Cboe's chains).
CALL_PLACE: Final = (0.5, 1.2)
PUT_PLACE: Final = (-1.5, 1.2)
PUT_TAIL: Final = (0.7, 4.0)
#: A strike on a round number r has (r / s)^p times the open interest of a strike on the smallest
#: step s at the same distance: p today, and a month ahead (Cboe's chains).
ROUNDNESS: Final = (0.35, 1.2)
ROUND_NUMBERS: Final = (2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 500.0)
#: Sessions of that month.
MONTH: Final = 21
#: Standard deviation of its logarithm between contracts (Cboe's chains).
STRIKE_NOISE: Final = 0.4

#: Price move at impact 1 per day's turnover, in standard deviations of a session. It is near 1 for
#: an order of a whole day (Almgren, Thum, Hauptmann and Li, "Direct estimation of equity market
#: impact", Risk 18, 2005); the next price reacts far more strongly to a single order (ours).
IMPACT: Final = 60.0
#: The largest impact allowed (ours): far above it, prices become negative.
MOST_IMPACT: Final = 10.0
#: Short gamma hedging at most doubles a move ...
LEAST_RESISTANCE: Final = 0.5
#: ... and hedging for the passing of time is at most this share of turnover (ours).
HEDGE_LIMIT: Final = 0.10
