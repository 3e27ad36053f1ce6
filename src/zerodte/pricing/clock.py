"""The two clocks of a session: trading time, which is linear, and variance time, which is not.

Trading time gives tau, the time to expiry of prices and greeks. The variance profile gives the
remaining share of a session's variance. It is used for the whole-session sigma and the charm of the
next hour, never for tau.
"""

from itertools import accumulate

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import MINUTE, SESSIONS_PER_YEAR, TAU_FLOOR_MINUTES, VARIANCE_PROFILE

#: Minutes of a slot of the variance profile, and of the next hour of charm.
_SLOT = 30.0
_HOUR = 60.0
#: Cumulative percent of a full session's variance at the start of each slot, and at the close.
_VARIANCE_BY_SLOT = (0.0, *accumulate(VARIANCE_PROFILE))


def session_minutes(session_open: int, session_close: int) -> float:
    """The length of a session; open and close in UTC nanoseconds."""
    return (session_close - session_open) / MINUTE


def elapsed_minutes(now: int, session_open: int, session_close: int) -> float:
    """Minutes of the session elapsed at `now`, from 0 at the open to its length at the close."""
    return (min(max(now, session_open), session_close) - session_open) / MINUTE


def tau_years(now: int, session_open: int, session_close: int, whole_sessions: F64) -> F64:
    """Trading time from `now` to expiries, in years of 252 sessions.

    The remaining share of today's session plus the whole sessions after it. A half day counts as a
    whole session. Before the open, all of today remains.

    Args:
        now: UTC nanoseconds.
        session_open: Open of the session that `now` belongs to, UTC nanoseconds.
        session_close: Its close.
        whole_sessions: Sessions after today's until each expiry, shape (k,); -1 for an expiry at
            today's open.

    Returns:
        Years, shape (k,); at least one minute of today's session, even after expiry.
    """
    length = session_minutes(session_open, session_close)
    left = length - elapsed_minutes(now, session_open, session_close)
    sessions: F64 = np.maximum(left / length + whole_sessions, TAU_FLOOR_MINUTES / length)
    return sessions / SESSIONS_PER_YEAR


def _variance_until(minutes: float) -> float:
    """Percent of a full session's variance in its first `minutes`, linear within each slot."""
    slot = min(int(minutes / _SLOT), len(VARIANCE_PROFILE) - 1)
    return _VARIANCE_BY_SLOT[slot] + VARIANCE_PROFILE[slot] * (minutes / _SLOT - slot)


def remaining_variance_share(elapsed: float, length: float) -> float:
    """Remaining share of a session's variance, in [0, 1].

    A shorter session uses the first part of the profile, rescaled.

    Args:
        elapsed: Minutes since the open; the share is 1 before the open, 0 after the close.
        length: Length of the session in minutes, at most 390.
    """
    past = min(max(elapsed, 0.0), length)
    return 1.0 - _variance_until(past) / _variance_until(length)


def next_hour_share(elapsed: float, length: float) -> float:
    """Share of the remaining variance in the next hour; 1 if less than an hour remains.

    Arguments as in `remaining_variance_share`. Before the open, the next hour is the first.
    """
    start = max(elapsed, 0.0)
    if length - start <= _HOUR:
        return 1.0
    left = remaining_variance_share(start, length)
    return (left - remaining_variance_share(start + _HOUR, length)) / left
