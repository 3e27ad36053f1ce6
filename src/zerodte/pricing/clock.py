"""The two clocks of a session: trading time, which is linear, and variance time, which is not.

Trading time gives tau, the time to expiry of prices and greeks. The variance profile gives the
remaining share of a session's variance. It is used for the whole-session sigma and the charm of the
next hour, never for tau.
"""

from bisect import bisect_right
from itertools import accumulate

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import (
    FIRST_VARIANCE_PROFILE,
    LAST_VARIANCE_PROFILE,
    MINUTE,
    SESSIONS_PER_YEAR,
    TAU_FLOOR_MINUTES,
    VARIANCE_PROFILE,
)

#: Minutes of the next hour of charm, and of a half hour of the variance profile.
_HOUR = 60.0
_HALF_HOUR = 30.0


def _variance_slots() -> tuple[tuple[float, float], ...]:
    """Minutes and percent of a full session's variance of each slot of the profile, in order."""
    whole = [(_HALF_HOUR, share) for share in VARIANCE_PROFILE]
    for slots, at in ((LAST_VARIANCE_PROFILE, -1), (FIRST_VARIANCE_PROFILE, 0)):
        scale, length = VARIANCE_PROFILE[at] / sum(slots), _HALF_HOUR / len(slots)
        within = slice(at, None if at == -1 else at + 1)
        whole[within] = [(length, scale * share) for share in slots]
    return tuple(whole)


_SLOTS = _variance_slots()
#: Minutes of the session at the start of each slot, and cumulative percent there and at the close.
_SLOT_STARTS = (0.0, *accumulate(length for length, _ in _SLOTS[:-1]))
_VARIANCE_BY_SLOT = (0.0, *accumulate(share for _, share in _SLOTS))


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
    slot = bisect_right(_SLOT_STARTS, minutes) - 1
    length, share = _SLOTS[slot]
    return _VARIANCE_BY_SLOT[slot] + share * (minutes - _SLOT_STARTS[slot]) / length


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
