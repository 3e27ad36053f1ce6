"""From the instrument ids of records to positions in one's own arrays, a batch at a time."""

from typing import Final

import numpy as np
import numpy.typing as npt

from zerodte.arrays import I32, U32
from zerodte.compiled import inline, kernel

#: What an id that was never added maps to.
UNKNOWN_ID: Final = -1

_EMPTY: Final = np.int32(-2)
_FIRST_ROOM: Final = 1024
# Fibonacci hashing: the multiplier is 2**32 over the golden ratio; the upper bits are used.
_MULTIPLIER: Final = np.uint32(2654435769)
_WORD: Final = 32


class IdTable:
    """The positions of one dataset's instruments. It only grows.

    Args:
        ids: uint32[n], any values.
        positions: int32[n], at least `UNKNOWN_ID` each.
    """

    def __init__(self, ids: npt.ArrayLike = (), positions: npt.ArrayLike = ()) -> None:
        self._used = 0
        self._make_room(_FIRST_ROOM)
        self.add(ids, positions)

    def add(self, ids: npt.ArrayLike, positions: npt.ArrayLike) -> None:
        """Add instruments. An id that came before gets the new position; the last of equals wins.

        Args:
            ids: uint32[n].
            positions: int32[n].
        """
        new_ids = np.atleast_1d(np.asarray(ids, np.uint32))
        new_positions = np.atleast_1d(np.asarray(positions, np.int32))
        # At most half full, so that a search soon meets an empty place.
        if 2 * (self._used + len(new_ids)) > len(self._ids):
            known = self._positions != _EMPTY
            old_ids, old_positions = self._ids[known], self._positions[known]
            self._make_room(4 * (self._used + len(new_ids)))
            _insert(self._ids, self._positions, self._shift, old_ids, old_positions)
        self._used += _insert(self._ids, self._positions, self._shift, new_ids, new_positions)

    def positions(self, ids: U32) -> I32:
        """Look ids up: int32[n], `UNKNOWN_ID` where an id was never added."""
        return _find(self._ids, self._positions, self._shift, np.ascontiguousarray(ids))

    def _make_room(self, places: int) -> None:
        bits = max(places - 1, 1).bit_length()
        self._shift = np.uint32(_WORD - bits)
        self._ids: U32 = np.zeros(1 << bits, np.uint32)
        self._positions: I32 = np.full(1 << bits, _EMPTY)


@inline
def _place(table: U32, positions: I32, shift: np.uint32, number: np.uint32) -> np.int64:
    """Where an id is, or the empty place where it would be."""
    last = len(table) - 1
    at = np.int64(np.uint32(number * _MULTIPLIER) >> shift)
    while positions[at] != _EMPTY and table[at] != number:
        at = (at + 1) & last
    return at


@kernel
def _insert(table: U32, positions: I32, shift: np.uint32, ids: U32, values: I32) -> int:
    """Set the position of every id; how many of them are new."""
    new = 0
    for i in range(len(ids)):
        at = _place(table, positions, shift, ids[i])
        new += positions[at] == _EMPTY
        table[at] = ids[i]
        positions[at] = values[i]
    return new


@kernel
def _find(table: U32, positions: I32, shift: np.uint32, ids: U32) -> I32:
    out = np.empty(len(ids), np.int32)
    for i in range(len(ids)):
        found = positions[_place(table, positions, shift, ids[i])]
        out[i] = UNKNOWN_ID if found == _EMPTY else found
    return out
