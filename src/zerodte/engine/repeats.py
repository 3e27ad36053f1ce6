"""Trades that come a second time: a feed that resends, a backlog that overlaps.

A record that was there in an earlier tick, byte for byte, is a repeat. Within a tick equal records
are separate fills of one order, unless they have a sequence number to tell them apart.
"""

from typing import Final

import numpy as np

from zerodte.arrays import I32, I64, U64, Bool, Row, Rows
from zerodte.compiled import inline, kernel
from zerodte.constants import REPEAT_REACH
from zerodte.engine.book import grown
from zerodte.records.dbn import Records
from zerodte.records.digest import record_hash, words

#: A trade that came: its hash, the end of its tick, its symbol and its number among the symbol's
#: trades, from 1; 0 where the slot is empty.
_SEEN = np.dtype([("key", "u8"), ("tick", "i8"), ("symbol", "i8"), ("serial", "i8")])

#: After so many newer ones of its symbol a trade is forgotten.
_FORGOTTEN: Final = 2 * REPEAT_REACH
_FIRST_ROOM: Final = 4096

#: The slots of a table that have moved to the next one: so many, in a circle from the first.
_MOVED = np.dtype([("first", "i8"), ("count", "i8")])
#: Slots that move with each trade. A table is at first a third full at most, and no smaller than
#: the one before, so all have moved before it is half full.
_MOVES: Final = 6


class Repeats:
    """Remembers the newest `REPEAT_REACH` trades of each symbol, and as many before them.

    One table of hashes serves all symbols. A trade that its symbol has left too far behind is
    forgotten. A table that is half full is replaced by one with room for what is remembered; its
    slots move there a few with every trade, in order, so that no tick waits for all of them.
    """

    def __init__(self) -> None:
        self._table: Rows = np.zeros(_FIRST_ROOM, _SEEN)
        self._used = 0
        # The table before, and which of its slots have moved.
        self._before: Rows = np.zeros(1, _SEEN)
        self._moved: Rows = np.ones(1, _MOVED)
        self._newest = np.zeros(1, np.int64)
        self._repeats = np.zeros(1, np.int64)

    @property
    def count(self) -> int:
        """Repeats of all symbols so far."""
        return int(self._repeats.sum())

    def count_of(self, symbol: int) -> int:
        """Those of one symbol."""
        return int(self._repeats[symbol])

    def grow(self, symbols: int) -> None:
        """Make room for symbols below `symbols`."""
        self._newest = grown(self._newest, symbols, 0)
        self._repeats = grown(self._repeats, symbols, 0)

    def find(self, records: Records, tick: int, symbols: I32 | None = None) -> Bool:
        """Which trades came before, shape (m,).

        Args:
            records: Records of a trade schema.
            tick: The end of their tick, UTC ns.
            symbols: The number of each trade's symbol, shape (m,), that there is room for; one that
                is negative is neither remembered nor found. By default all are of one symbol.
        """
        count = len(records)
        if symbols is None:
            symbols = np.zeros(count, np.int32)
        if 2 * (self._used + count) > len(self._table):
            self._replace(count)
        self._move(_MOVES * count)
        numbered = np.zeros(count, np.bool_)
        if "sequence" in (records.dtype.names or ()):
            numbered = records["sequence"] != 0
        found = np.zeros(count, np.bool_)
        self._used += _find(
            words(records),
            symbols,
            tick,
            numbered,
            self._before,
            self._moved[0],
            self._table,
            self._newest,
            found,
        )
        np.add.at(self._repeats, symbols[found], 1)
        return found

    def _replace(self, more: int) -> None:
        """Begin a table with room for what is remembered and `more` trades."""
        self._move(len(self._before))
        self._used = int(np.minimum(self._newest, _FORGOTTEN).sum())
        # A table that became half full doubles.
        size = max(_FIRST_ROOM, 1 << (3 * (self._used + more) - 1).bit_length())
        self._before, self._table = self._table, np.zeros(size, _SEEN)
        # Trades that collided lie beside each other, and are never parted by where moving begins.
        empty = next(at for at, seen in enumerate(self._before) if not seen["serial"])
        self._moved["first"], self._moved["count"] = empty + 1, 0

    def _move(self, slots: int) -> None:
        """Move slots of the table before, at least so many if there are."""
        if self._moved["count"][0] < len(self._before):
            _move(self._before, self._moved[0], slots, self._table, self._newest)
            if self._moved["count"][0] >= len(self._before):
                self._before, self._moved["count"] = np.zeros(1, _SEEN), 1


@inline
def _place(table: Rows, key: np.uint64) -> np.uint64:
    """Where a table keeps a key, or would."""
    mask = np.uint64(table.shape[0] - 1)
    place = key & mask
    while table[place].key != key and table[place].serial != 0:
        place = (place + np.uint64(1)) & mask
    return place


@inline
def _has_moved(before: Rows, moved: Row, key: np.uint64) -> bool:
    """Whether the slot that a key belongs into has moved."""
    slot = np.int64(key & np.uint64(before.shape[0] - 1))
    has_moved: bool = ((slot - moved.first) & (before.shape[0] - 1)) < moved.count
    return has_moved


@kernel
def _move(before: Rows, moved: Row, slots: int, table: Rows, newest: I64) -> None:
    """Move so many slots, and on to the next empty one, without what is forgotten."""
    mask = before.shape[0] - 1
    end = min(moved.count + slots, before.shape[0])
    while True:
        seen = before[(moved.first + moved.count) & mask]
        if seen.serial != 0:
            if newest[seen.symbol] - seen.serial < _FORGOTTEN:
                table[_place(table, seen.key)] = seen
            seen.serial = 0
        elif moved.count >= end:
            return
        moved.count += 1


@kernel
def _find(
    words: U64,
    symbols: I32,
    tick: int,
    numbered: Bool,
    before: Rows,
    moved: Row,
    table: Rows,
    newest: I64,
    found: Bool,
) -> int:
    """Mark repeats in `found`; returns how many slots were taken."""
    taken = 0
    for i in range(words.shape[0]):
        symbol = symbols[i]
        if symbol < 0:
            continue
        # The symbol is part of the key, so that no trade of another one is ever its repeat.
        key = record_hash(words, i, np.uint64(symbol + 1))
        if _has_moved(before, moved, key):
            slot = table[_place(table, key)]
        else:
            slot = before[_place(before, key)]
        if slot.serial != 0 and newest[symbol] - slot.serial < _FORGOTTEN:
            found[i] = numbered[i] or slot.tick != tick
            continue
        taken += slot.serial == 0
        newest[symbol] += 1
        slot.key, slot.tick, slot.symbol, slot.serial = key, tick, symbol, newest[symbol]
    return taken
