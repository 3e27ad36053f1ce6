"""Where records of one numbering stand in another, for cancels that name a trade by its number."""

import numpy as np

from zerodte.arrays import I64


class PositionMap:
    """Numbers of records in one order, by their numbers in another."""

    def __init__(self) -> None:
        self._runs: list[I64] = []

    def add(self, positions: I64) -> None:
        """The numbers of the next records, int64[n]."""
        self._runs.append(positions)

    def of(self, numbers: I64) -> I64:
        """The numbers of records that were added as number 0, 1, 2, ..."""
        if len(self._runs) > 1:
            self._runs = [np.concatenate(self._runs)]
        found: I64 = self._runs[0][numbers]
        return found
