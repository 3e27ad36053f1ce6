"""Every parameter of paths, surfaces and listings that is not a habit of one name.

Each is fixed, or the range that a seed draws from, with its source; "ours" marks a choice of this
project. What belongs to one name stands in `names`. SPY's minutes are those of 247 whole sessions
from March 2024 to April 2025; Cboe's chains its delayed quotes of SPX on 2022-03-23 at 10:11 and of
SPY on 2025-05-01 before the open.
"""

from typing import Final

#: Annual volatility of the market while it trades: a twentieth of SPY's sessions realised less
#: than 0.049, a twentieth more than 0.186.
MARKET_VOLATILITY: Final = (0.05, 0.19)
#: Volatility of the growth factor as a multiple of the market's (ours).
GROWTH_VOLATILITY: Final = 0.35
#: Standard deviation of how far the opening lies from a name's usual price, in logarithms, for
#: the whole market and for each core (ours).
OPENING_LEVEL: Final = (0.03, 0.05)

#: Jumps of the market and of each stock: how many a session, and their share of its variance; 7%
#: of the S&P 500's variance by daily tests (Huang and Tauchen, Journal of Financial Econometrics 3,
#: 2005), about 1% in ticks (Christensen, Oomen and Podolskij, JFE 114, 2014).
JUMPS: Final = (0.5, 3.0)
JUMP_SHARE: Final = (0.01, 0.10)

#: Scheduled news adds this share of the market's session variance at one blow, and as much as the
#: second over the minutes after it, fading (ours).
NEWS_JUMP: Final = (0.10, 0.40)
NEWS_VARIANCE: Final = (0.10, 0.30)
NEWS_MINUTES: Final = 30

#: Variance from one close to the next opening, as a share of the session's: SPY's minutes, one
#: percent winsorised at each end (0.74 without).
OVERNIGHT: Final = 0.6
#: Sessions over which volatility comes back to its usual level by a factor e (ours).
REVERSION: Final = 40.0

#: The smile is SSVI with phi = eta theta^-gamma. Gamma and the range of eta follow Cboe's chains:
#: the slope at the money, as a share of volatility by standard deviation, is about 0.06 on the
#: day of expiry, 0.14 two days and 0.3 a month before it.
SMILE_POWER: Final = 0.2
CURVATURE: Final = (3.5, 6.0)
#: How far a seed's skew may lie from a name's usual one (ours).
SKEW_REACH: Final = 0.1

#: Sessions from today on, on which a daily name's options expire; then Fridays; then third
#: Fridays (ours: what the anchors of the model and whole-chain totals need).
DAYS_LISTED: Final = 6
WEEKS_LISTED: Final = 6
MONTHS_LISTED: Final = 2
#: Strikes stand close together within so many standard deviations of the expiry, and thinly up to
#: so many above and below (ours).
NEAR_SIGMAS: Final = 3.0
FAR_SIGMAS: Final = (6.0, 8.0)
#: How many close strikes there may be on a side of today's chain, and of later ones (ours).
STRIKES_TODAY: Final = 45
STRIKES_LATER: Final = 28

#: Open interest of an expiry as a share of a name's, a / (1 + sessions until then)^b: (a, b) of
#: expiries on days that are no Friday and on Fridays of names that have both (Cboe's chains; on the
#: day itself less, so that its volume is a multiple of it as it is for SPXW), on Fridays of other
#: names (ours), on third Fridays (Cboe's chains) ...
DAILY_INTEREST: Final = (0.02, 1.0)
FRIDAY_INTEREST: Final = (0.03, 0.4)
STOCK_INTEREST: Final = (0.08, 0.6)
MONTHLY_INTEREST: Final = (0.16, 0.25)
#: ... of which a morning's root has this share where there is one.
MORNING_INTEREST: Final = 0.85
#: Standard deviation of its logarithm from expiry to expiry (ours).
INTEREST_NOISE: Final = 0.25
#: The puts' share of it, by kind of name (index and fund: Cboe's chains; stock: ours).
PUT_INTEREST: Final = {"index": 0.68, "fund": 0.65, "stock": 0.42}
#: Where it lies, in standard deviations from the last close: mean and deviation for calls and puts,
#: and the share and scale of the puts' far tail (Cboe's chains).
CALL_PLACE: Final = (0.9, 1.4)
PUT_PLACE: Final = (-1.6, 1.4)
PUT_TAIL: Final = (0.35, 6.0)
#: Of strikes at equal places, one on a round number r has (r / s)^p times what one on the least
#: step s has: p today, and a month ahead (Cboe's chains).
ROUNDNESS: Final = (0.55, 1.2)
ROUND_NUMBERS: Final = (2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 500.0)
#: Sessions of that month.
MONTH: Final = 21
#: Standard deviation of its logarithm from contract to contract (Cboe's chains).
STRIKE_NOISE: Final = 0.6

#: Impact 1: what one day's turnover moves the price by, in standard deviations of a session. For a
#: whole day's programme it is near 1 (Almgren, Thum, Hauptmann and Li, "Direct estimation of equity
#: market impact", Risk 18, 2005); the next price follows one order by far more (ours).
IMPACT: Final = 60.0
#: The most that may be asked for (ours): far beyond it prices fall below 0.
MOST_IMPACT: Final = 10.0
#: However short of gamma dealers are, their hedging no more than doubles a move ...
LEAST_RESISTANCE: Final = 0.5
#: ... and the passing of time asks for no more than this share of the turnover (ours).
HEDGE_LIMIT: Final = 0.10
