"""Silence beside gaps that were told: what nobody explains stays said."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from zerodte.constants import SECOND
from zerodte.market.calendar import calendar
from zerodte.records.dbn import records
from zerodte.records.tick import Batch, Tick
from zerodte.session.gap_detector import GapDetector

HOURS = calendar().session(datetime.date(2025, 6, 2))
#: A source without a cadence is silent after so many seconds.
PATIENCE = 15


def spoken(second: int) -> Tick:
    """A quote so many seconds after the open."""
    assert HOURS is not None
    batch = Batch("OPRA.PILLAR", "cmbp-1", records("cmbp-1", 1))
    return Tick(HOURS.open + second * SECOND, quotes=(batch,))


def gaps(silence: GapDetector, now: int) -> list[tuple[int, int, str]]:
    """Start, end, in seconds after the open, and reason."""
    assert HOURS is not None
    return [
        ((gap.start - HOURS.open) // SECOND, (gap.end - HOURS.open) // SECOND, gap.reason)
        for gap in silence.gaps(HOURS.open + now * SECOND)
    ]


@given(st.integers(20, 600), st.integers(0, 600), st.integers(1, 300), st.integers(0, 300))
def test_a_told_gap_takes_only_its_own_time_out_of_a_silence(
    spoke: int, before: int, told: int, after: int
) -> None:
    assert HOURS is not None
    silence = GapDetector(HOURS, 0)
    for second in range(1, spoke + 1):
        silence.hear(spoken(second))
    start, end = spoke + before, spoke + before + told
    silence.note(HOURS.open + start * SECOND, HOURS.open + end * SECOND, "the feed was away")
    silence.hear(spoken(end + after))
    expected = [(start, end, "the feed was away")]
    if before > PATIENCE and before + told + after > PATIENCE:
        expected.insert(0, (spoke, start, "silence"))
    if after > PATIENCE:
        expected.append((end, end + after, "silence"))
    assert gaps(silence, end + after) == expected
