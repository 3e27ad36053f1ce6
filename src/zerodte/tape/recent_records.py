"""The newest committed records of a recording: what a feed that repeats itself has sent already."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from zerodte.constants import SECOND
from zerodte.records.dbn import SCHEMAS, Records, joined_rows

#: Ticks up to this much older than the newest one of a stream are remembered, ns.
RECENT: Final = 60 * SECOND


class RecentRecords:
    """The records of each stream's last ticks."""

    def __init__(self) -> None:
        self._ticks: dict[str, deque[tuple[int, Records]]] = {}

    def add(self, end: int, name: str, records: Records) -> None:
        """Add a stream's records of the tick that ends at `end` (UTC ns), the newest one."""
        ticks = self._ticks.setdefault(name, deque())
        ticks.append((end, records))
        while ticks[0][0] <= end - RECENT:
            ticks.popleft()

    def of(self, name: str, schema: str) -> Records:
        """The records of a stream of a schema in its last ticks, in their order."""
        none: Records = np.empty(0, SCHEMAS[schema])
        return joined_rows([none, *(rows for _, rows in self._ticks.get(name, ()))])


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
