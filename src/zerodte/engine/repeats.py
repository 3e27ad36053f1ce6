"""Trades that come a second time: a feed that resends, a backlog that overlaps.

A record that was there in an earlier tick, byte for byte, is a repeat. Within a tick equal records
are separate fills of one order, unless their layout has sequence numbers to tell them apart.
"""

import numpy as np

from zerodte.arrays import U64, Bool, Rows
from zerodte.compiled import inline, kernel
from zerodte.constants import REPEAT_REACH
from zerodte.records.dbn import Records
from zerodte.records.digest import record_hash, words

#: A trade that came: its hash, and the end of its tick; 0 where there is none.
_SEEN = np.dtype([("key", "u8"), ("tick", "i8")])

_SEED = np.uint64(1)


class Repeats:
    """Remembers at least the newest `REPEAT_REACH` trades of a session.

    Two tables take turns: when the younger one is full, the elder is emptied and becomes it.

    Attributes:
        count: Repeats found so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._tables = np.zeros((2, 2 * REPEAT_REACH), _SEEN)
        self._held = 0

    def find(self, records: Records, tick: int) -> Bool:
        """Which trades came before, shape (m,).

        Args:
            records: Records of a trade schema.
            tick: The end of their tick, UTC ns.
        """
        is_numbered = "sequence" in (records.dtype.names or ()) and bool(records["sequence"].any())
        found = np.zeros(len(records), np.bool_)
        young, elder = self._tables
        self._held += _find(words(records), tick, is_numbered, young, elder, found)
        if self._held >= REPEAT_REACH:
            elder[:] = 0
            self._tables, self._held = self._tables[::-1], 0
        self.count += int(np.count_nonzero(found))
        return found


@inline
def _place(table: Rows, key: np.uint64) -> np.uint64:
    """Where a table keeps a key, or would."""
    mask = np.uint64(table.shape[0] - 1)
    place = key & mask
    while table[place].key != key and table[place].tick != 0:
        place = (place + np.uint64(1)) & mask
    return place


@kernel
def _find(words: U64, tick: int, is_numbered: bool, young: Rows, elder: Rows, found: Bool) -> int:
    """Mark repeats in `found`; returns how many trades the younger table took in."""
    taken = 0
    for i in range(words.shape[0]):
        key = record_hash(words, i, _SEED)
        mine = young[_place(young, key)]
        if mine.tick != 0:
            found[i] = is_numbered or mine.tick != tick
            continue
        past = elder[_place(elder, key)].tick
        found[i] = past != 0 and (is_numbered or past != tick)
        # A table is at most half full, but for one tick: it takes in no more than there is room.
        if taken < young.shape[0] // 4:
            mine.key, mine.tick = key, tick
            taken += 1
    return taken
