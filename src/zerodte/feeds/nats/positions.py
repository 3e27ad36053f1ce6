"""Where records of one numbering stand in another, for cancels that name a trade by its number."""

import numpy as np

from zerodte.arrays import I64


class PositionMap:
    """Numbers of records in one order, by their numbers in another."""

    def __init__(self) -> None:
        self._runs: list[I64] = []
        self._first = self._next = 0

    def add(self, first: int, positions: I64) -> None:
        """The numbers of the next records, int64[n]; in the other order they are `first` and on.

        Another numbering begins where these do not follow the last ones: of the records before it
        nothing is known any more.
        """
        if first != self._next:
            self._runs, self._first = [], first
        self._runs.append(positions)
        self._next = first + len(positions)

    def of(self, numbers: I64) -> I64:
        """The numbers of records by their numbers in the other order; -1 where they are unknown."""
        if len(self._runs) > 1:
            self._runs = [np.concatenate(self._runs)]
        places = numbers - self._first
        is_known = (places >= 0) & (numbers < self._next)
        found: I64 = np.where(is_known, self._runs[0][np.where(is_known, places, 0)], -1)
        return found
