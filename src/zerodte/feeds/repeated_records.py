"""Records that a feed sends again after a break, left out as a multiset of whole records.

Equal records are legal: an order may fill twice alike. So one that comes again is left out as often
as the recording has it, and no more.
"""

from collections import Counter

import numpy as np

from zerodte.records.dbn import Records, newest_time, times_of


class RepeatedRecords:
    """What a stream of a recording has already, of the time since which a feed repeats itself.

    Args:
        recorded: The records of the recording since then, or more.
    """

    def __init__(self, recorded: Records) -> None:
        self._left = Counter(_keys(recorded))
        self._layout = recorded.dtype
        self._newest = newest_time(recorded, "ts_recv")

    @property
    def newest(self) -> int:
        """The newest receive time among them, UTC ns; 0 if there are none."""
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
        candidates = np.flatnonzero(times_of(records, "ts_recv") <= self._newest)
        if not self._left or not len(candidates):
            return records
        repeated = []
        for row, key in zip(candidates.tolist(), _keys(records[candidates]), strict=True):
            if self._left[key] > 0:
                self._left[key] -= 1
                repeated.append(row)
        return np.delete(records, repeated) if repeated else records


def _keys(records: Records) -> list[bytes]:
    content, size = records.tobytes(), records.dtype.itemsize
    return [content[start : start + size] for start in range(0, len(content), size)]
