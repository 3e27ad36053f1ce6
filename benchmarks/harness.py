"""How a benchmark is timed, and the row it becomes."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

#: One timing lasts at least this long, so that the clock's own cost disappears.
_TIMING_SECONDS = 0.002
#: Timings whose median is the result. A peer of 20 ms then takes about half a second.
_TIMINGS = 25


@dataclass(frozen=True)
class Row:
    """One line of the table: our microseconds for a job, and a peer's for the same job."""

    name: str
    ours_us: float
    peer: str
    peer_us: float

    @property
    def ratio(self) -> float:
        """How many times faster than the peer we are."""
        return self.peer_us / self.ours_us


def microseconds(job: Callable[[], object]) -> float:
    """Median time of one call, after warming up (which compiles, fills caches)."""
    job()
    calls, spent = 1, _timed(job, 1)
    while spent < _TIMING_SECONDS:
        calls = max(2 * calls, int(calls * _TIMING_SECONDS / spent))
        spent = _timed(job, calls)
    return statistics.median(_timed(job, calls) / calls for _ in range(_TIMINGS)) * 1e6


def _timed(job: Callable[[], object], calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        job()
    return time.perf_counter() - begin


def compared(name: str, ours: Callable[[], object], **peers: Callable[[], object]) -> list[Row]:
    """One row per peer; ours is timed again beside each, under the same conditions."""
    return [
        Row(name, microseconds(ours), peer.replace("_", " "), microseconds(job))
        for peer, job in peers.items()
    ]
