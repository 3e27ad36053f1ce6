"""Silence beside gaps that were told: what nobody explains stays said."""

import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zerodte.constants import SECOND
from zerodte.market.calendar import calendar
from zerodte.session.gap_detector import GapDetector

HOURS = calendar().session(datetime.date(2025, 6, 2))
#: A source without a cadence is silent after so many seconds.
PATIENCE = 15


#: Two owners: the first has data, the second never.
OWNERS = np.array([True, False])


def detector() -> GapDetector:
    assert HOURS is not None
    detector = GapDetector(HOURS, 0)
    detector.grow(len(OWNERS))
    return detector


def gaps(detector: GapDetector, now: int, owner: int = 0) -> list[tuple[int, int, str]]:
    """Start, end, in seconds after the open, and reason."""
    assert HOURS is not None
    return [
        ((gap.start - HOURS.open) // SECOND, (gap.end - HOURS.open) // SECOND, gap.reason)
        for gap in detector.gaps(owner, HOURS.open + now * SECOND)
    ]


@given(st.integers(20, 600), st.integers(0, 600), st.integers(1, 300), st.integers(0, 300))
def test_a_told_gap_takes_only_its_own_time_out_of_a_silence(
    spoke: int, before: int, told: int, after: int
) -> None:
    assert HOURS is not None
    silence = detector()
    for second in range(1, spoke + 1):
        silence.observe(OWNERS, HOURS.open + second * SECOND)
    start, end = spoke + before, spoke + before + told
    silence.report(HOURS.open + start * SECOND, HOURS.open + end * SECOND, "the feed was away")
    silence.observe(OWNERS, HOURS.open + (end + after) * SECOND)
    expected = [(start, end, "the feed was away")]
    if before > PATIENCE and before + told + after > PATIENCE:
        expected.insert(0, (spoke, start, "silence"))
    if after > PATIENCE:
        expected.append((end, end + after, "silence"))
    assert gaps(silence, end + after) == expected
    # Of one that never had data the rest of the session is silence; the reported gap is its, too.
    other = gaps(silence, end + after, owner=1)
    assert (start, end, "the feed was away") in other
    assert other[0] == (0, start, "silence")
