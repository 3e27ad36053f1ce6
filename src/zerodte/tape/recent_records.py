"""The newest committed records of a recording: what a feed that repeats itself has sent already."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from zerodte.constants import SECOND
from zerodte.records.dbn import SCHEMAS, Records

#: Ticks up to this much older than the newest one are remembered, ns.
RECENT: Final = 60 * SECOND


class RecentRecords:
    """The records of the last ticks, by stream."""

    def __init__(self) -> None:
        self._ticks: deque[tuple[int, str, Records]] = deque()

    def add(self, end: int, name: str, records: Records) -> None:
        """Add a stream's records of the tick that ends at `end` (UTC ns), the newest one."""
        self._ticks.append((end, name, records))
        while self._ticks[0][0] <= end - RECENT:
            self._ticks.popleft()

    def of(self, name: str, schema: str) -> Records:
        """The records of a stream of a schema in the last ticks, in their order."""
        found: Sequence[Records] = [records for _, stream, records in self._ticks if stream == name]
        if not found:
            return np.empty(0, SCHEMAS[schema])
        out: Records = np.concatenate(found)
        return out


@dataclass(frozen=True, eq=False, slots=True)
class RecordingPosition:
    """Where a recording ends, and what a feed needs to go on there.

    Attributes:
        counts: Committed records by stream.
        last_end: End of the last committed tick, UTC ns; 0 without one.
        recent: The records of the last ticks.
    """

    counts: Mapping[str, int]
    last_end: int = 0
    recent: RecentRecords = field(default_factory=RecentRecords)
