"""Trades that come a second time: a feed that resends, a backlog that overlaps.

A record that was there in an earlier tick, byte for byte, is a repeat. Within a tick equal records
are separate fills of one order, unless their layout has sequence numbers to tell them apart.
"""

import numpy as np
import numpy.typing as npt

from zerodte.compiled import kernel
from zerodte.config import REPEAT_REACH
from zerodte.records.dbn import Records
from zerodte.records.digest import record_hashes

Hashes = npt.NDArray[np.uint64]


class Repeats:
    """Remembers the newest trades of a session.

    Attributes:
        count: Repeats found so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._seen = np.zeros(REPEAT_REACH, np.uint64)
        self._ticks = np.zeros(REPEAT_REACH, np.int64)

    def find(self, records: Records, tick: int) -> npt.NDArray[np.bool_]:
        """Which trades came before, shape (m,).

        Args:
            records: Records of a trade schema.
            tick: The end of their tick, UTC ns.
        """
        names = records.dtype.names or ()
        is_numbered = "sequence" in names and bool(records["sequence"].any())
        found = _find(record_hashes(records), tick, is_numbered, self._seen, self._ticks)
        self.count += int(np.count_nonzero(found))
        return found


@kernel
def _find(
    hashes: Hashes,
    tick: int,
    is_numbered: bool,
    seen: Hashes,
    ticks: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    found = np.zeros(hashes.shape[0], np.bool_)
    mask = np.uint64(seen.shape[0] - 1)
    for i in range(hashes.shape[0]):
        place = hashes[i] & mask
        if seen[place] == hashes[i]:
            found[i] = is_numbered or ticks[place] != tick
        else:
            seen[place], ticks[place] = hashes[i], tick
    return found
