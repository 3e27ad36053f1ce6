"""Trades that come a second time: a feed that resends, a backlog that overlaps.

A record that was there in an earlier tick, byte for byte, is a repeat. Within a tick equal records
are separate fills of one order, unless their layout has sequence numbers to tell them apart.
"""

import numpy as np
import numpy.typing as npt

from zerodte.compiled import kernel
from zerodte.config import REPEAT_REACH
from zerodte.records.dbn import Records
from zerodte.records.digest import record_hash, words

Hashes = npt.NDArray[np.uint64]

_SEED = np.uint64(1)


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
        is_numbered = "sequence" in (records.dtype.names or ()) and bool(records["sequence"].any())
        found = np.zeros(len(records), np.bool_)
        self.count += _find(words(records), tick, is_numbered, self._seen, self._ticks, found)
        return found


@kernel
def _find(
    words: Hashes,
    tick: int,
    is_numbered: bool,
    seen: Hashes,
    ticks: npt.NDArray[np.int64],
    found: npt.NDArray[np.bool_],
) -> int:
    mask, count = np.uint64(seen.shape[0] - 1), 0
    for i in range(words.shape[0]):
        key = record_hash(words, i, _SEED)
        place = key & mask
        if seen[place] != key:
            seen[place], ticks[place] = key, tick
        elif is_numbered or ticks[place] != tick:
            found[i] = True
            count += 1
    return count
