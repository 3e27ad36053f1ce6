"""Records that a feed sends again after a break, left out as a multiset of whole records.

Equal records are legal: an order may fill twice alike. So one that comes again is left out as often
as the recording has it, and no more.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from zerodte.arrays import Bool
from zerodte.records.dbn import Records, chosen_rows, copied_rows, newest_time, times_of

#: DBN's flag of what a publisher alone means: a cancel, which may have all else of its trade.
CANCEL_FLAG: Final = 2


class RepeatedRecords:
    """What a stream of a recording has already, of the time since which a feed repeats itself.

    Args:
        recorded: The records of the recording since then, or more.
        received_here: Whether `ts_recv` is our own time of receipt, which differs each time they
            come: then they are told by all other fields.
        apart_from: Fields that may differ too.
    """

    def __init__(
        self, recorded: Records, *, received_here: bool = False, apart_from: Sequence[str] = ()
    ) -> None:
        self._ignored = [*apart_from, *(("ts_recv",) if received_here else ())]
        self._time = "ts_event" if received_here else "ts_recv"
        self._left = Counter(self._keys(recorded))
        self._layout = recorded.dtype
        self._newest = newest_time(recorded, self._time)

    @property
    def newest(self) -> int:
        """The newest of their times, UTC ns; 0 if there are none."""
        return self._newest

    @property
    def missing(self) -> int:
        """How many have not come again yet."""
        return self._left.total()

    def missing_since(self, start: int) -> int:
        """How many that were received since a time (UTC ns) have not come again."""
        rows = np.frombuffer(b"".join(self._left.elements()), self._layout)
        return int(np.count_nonzero(rows["ts_recv"] >= np.uint64(start)))

    def without(self, records: Records) -> Records:
        """Records without those that the recording has; each of its own counts once."""
        repeated = self.find(records)
        return chosen_rows(records, ~repeated) if repeated.any() else records

    def find(self, records: Records) -> Bool:
        """Which records the recording has, bool[n]; each of its own counts once."""
        found = np.zeros(len(records), np.bool_)
        candidates = np.flatnonzero(times_of(records, self._time) <= self._newest)
        if not self._left or not len(candidates):
            return found
        for row, key in zip(
            candidates.tolist(), self._keys(chosen_rows(records, candidates)), strict=True
        ):
            if self._left[key] > 0:
                self._left[key] -= 1
                found[row] = True
        return found

    def _keys(self, records: Records) -> list[bytes]:
        if self._ignored:
            records = copied_rows(records)
            for name in self._ignored:
                records[name] = 0
        content, size = records.tobytes(), records.dtype.itemsize
        return [content[start : start + size] for start in range(0, len(content), size)]
