"""Times benchmarks, and compares them with their peers."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

#: Minimum duration of a timing, so that the cost of the clock is negligible.
_TIMING_SECONDS = 0.002
#: Number of timings; their median is the result.
_TIMINGS = 25


@dataclass(frozen=True)
class Row:
    """A row of the table: microseconds of our job, and of a peer's equivalent."""

    name: str
    ours_us: float
    peer: str
    peer_us: float

    @property
    def ratio(self) -> float:
        """Speed relative to the peer."""
        return self.peer_us / self.ours_us


def microseconds(job: Callable[[], object]) -> float:
    """Median time of one call, after a warm-up that compiles and fills caches."""
    job()
    calls, elapsed = 1, _time(job, 1)
    while elapsed < _TIMING_SECONDS:
        calls = max(2 * calls, int(calls * _TIMING_SECONDS / elapsed))
        elapsed = _time(job, calls)
    return statistics.median(_time(job, calls) / calls for _ in range(_TIMINGS)) * 1e6


def _time(job: Callable[[], object], calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        job()
    return time.perf_counter() - begin


def compare(name: str, ours: Callable[[], object], **peers: Callable[[], object]) -> list[Row]:
    """One row per peer. Our job is timed again beside each, under the same conditions."""
    return [
        Row(name, microseconds(ours), peer.replace("_", " "), microseconds(job))
        for peer, job in peers.items()
    ]
