"""The two clocks of a session: trading time, which is linear, and variance, which is not.

Trading time gives tau, the time to expiry that prices and greeks use. The variance profile says
how much of a session's movement is still to come; it serves the whole-session sigma and the charm
of the next hour, never tau.
"""

from itertools import accumulate

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import MINUTE, SESSIONS_PER_YEAR, TAU_FLOOR_MINUTES, VARIANCE_PROFILE

#: Minutes of one slot of the variance profile, and of the hour that charm looks ahead.
_SLOT = 30.0
_HOUR = 60.0
#: Percent of a full session's variance by the start of each slot, and at its end.
_VARIANCE_BY_SLOT = (0.0, *accumulate(VARIANCE_PROFILE))


def session_minutes(session_open: int, session_close: int) -> float:
    """Length of a session, from its ends in UTC nanoseconds."""
    return (session_close - session_open) / MINUTE


def elapsed_minutes(now: int, session_open: int, session_close: int) -> float:
    """Minutes of the session gone at `now`: 0 before the open, all of them after the close."""
    return (min(max(now, session_open), session_close) - session_open) / MINUTE


def tau_years(now: int, session_open: int, session_close: int, whole_sessions: F64) -> F64:
    """Trading time from `now` to expiries, in years of 252 sessions.

    What is left of today's session, as a share of today's length, plus the whole sessions after
    it. Half days count as whole sessions; before the open all of today is left.

    Args:
        now: UTC nanoseconds.
        session_open: Open of the session that `now` belongs to, UTC nanoseconds.
        session_close: Its close.
        whole_sessions: Sessions after today's until each expiry, shape (k,); -1 where the expiry
            is today's open.

    Returns:
        Years, shape (k,), never less than one minute of today's session: also when one is past.
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
    """Share of a session's variance still to come, in [0, 1].

    A shorter session has the first part of the profile, rescaled.

    Args:
        elapsed: Minutes since the open; before it 1, after the close 0.
        length: Minutes of the session, at most 390.
    """
    gone = min(max(elapsed, 0.0), length)
    return 1.0 - _variance_until(gone) / _variance_until(length)


def next_hour_share(elapsed: float, length: float) -> float:
    """Share of the remaining variance that the next hour takes; 1 when less than an hour is left.

    Arguments as in `remaining_variance_share`; before the open the next hour is the first.
    """
    start = max(elapsed, 0.0)
    if length - start <= _HOUR:
        return 1.0
    left = remaining_variance_share(start, length)
    return (left - remaining_variance_share(start + _HOUR, length)) / left
