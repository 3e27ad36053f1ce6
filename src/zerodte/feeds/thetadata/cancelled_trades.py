"""Which trade a cancel takes back, where it names none: the newest that is like it.

As the vendor's history has it: a cancel repeats the contract, exchange, price and size of its
trade.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from zerodte.arrays import I64, U8
from zerodte.feeds.repeated_records import CANCEL_FLAG
from zerodte.records.condition import Condition
from zerodte.records.dbn import Records

#: Trades that are remembered at least; twice as many at most.
_MEMORY: Final = 50_000

_Key = tuple[int, int, int, int]


class CancelledTrades:
    """Remembers the trades of a recording, and finds those that cancels take back."""

    def __init__(self) -> None:
        self._recent: dict[_Key, list[int]] = {}
        self._before: dict[_Key, list[int]] = {}
        self._count = 0

    def resume(self, trades: Records) -> None:
        """Go on after the trades of a recording, all of them."""
        newest = trades[-2 * _MEMORY :]
        is_cancel = (newest["flags"] & CANCEL_FLAG) != 0
        codes = np.where(is_cancel, Condition.CANCEL, Condition.UNKNOWN).astype(np.uint8)
        self.pairs(newest, codes, len(trades) - len(newest))

    def pairs(self, trades: Records, conditions: U8, first: int) -> I64:
        """The positions of cancels and of their trades, int64[k, 2].

        Args:
            trades: In the order in which they came, n of them.
            conditions: Theirs, uint8[n].
            first: The position of the first in its stream.
        """
        found: list[tuple[int, int]] = []
        columns: list[Sequence[int]] = [
            trades[name].tolist() for name in ("instrument_id", "publisher_id", "price", "size")
        ]
        is_cancel = (conditions == Condition.CANCEL).tolist()
        for position, (key, cancels) in enumerate(
            zip(zip(*columns, strict=True), is_cancel, strict=True), first
        ):
            if not cancels:
                self._remember(key, position)
            elif trades_alike := self._recent.get(key) or self._before.get(key):
                found.append((position, trades_alike.pop()))
        return np.array(found, np.int64).reshape(-1, 2)

    def _remember(self, key: _Key, position: int) -> None:
        self._recent.setdefault(key, []).append(position)
        self._count += 1
        if self._count % _MEMORY == 0:
            self._recent, self._before = {}, self._recent
