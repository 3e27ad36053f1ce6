"""Every parameter of paths, surfaces and listings that is not a habit of one name.

Each is fixed, or the range that a seed draws from, with its source; "ours" marks a choice of this
project. What only one name has stands in `names`.
"""

from typing import Final

#: Annual volatility of the market while it trades: the range that a seed draws from.
MARKET_VOLATILITY: Final = (0.07, 0.22)
#: Volatility of the growth factor as a multiple of the market's.
GROWTH_VOLATILITY: Final = 0.35
#: Standard deviation of how far the opening lies from a name's usual price, in logarithms, for
#: the whole market and for each core.
OPENING_LEVEL: Final = (0.03, 0.05)

#: Jumps, of the market and of each stock: how many a session, and their share of its variance.
JUMPS: Final = (0.5, 3.0)
JUMP_SHARE: Final = (0.03, 0.10)

#: Scheduled news adds this much of the market's session variance at one blow ...
NEWS_JUMP: Final = (0.10, 0.40)
#: ... and this much over the minutes after it.
NEWS_VARIANCE: Final = (0.10, 0.30)
NEWS_MINUTES: Final = 30

#: Variance from one close to the next opening, as a share of the session's.
OVERNIGHT: Final = 0.5
#: Sessions over which volatility comes back to its usual level by a factor e.
REVERSION: Final = 40.0

#: The smile's curvature: the range of eta in phi = eta / sqrt(theta (1 + theta)).
CURVATURE: Final = (0.7, 1.0)
#: How far a seed's skew may lie from a name's usual one.
SKEW_REACH: Final = 0.1

#: Sessions from today on on which a daily name's options expire, then Fridays, then third Fridays.
DAYS_LISTED: Final = 6
WEEKS_LISTED: Final = 6
MONTHS_LISTED: Final = 2
#: Strikes stand close together up to so many standard deviations of the expiry, and thinly on to
#: so many more above and below.
NEAR_SIGMAS: Final = 3.0
FAR_SIGMAS: Final = (6.0, 8.0)
#: How many close strikes there may be on a side of today's chain, and of later ones.
STRIKES_TODAY: Final = 45
STRIKES_LATER: Final = 24
