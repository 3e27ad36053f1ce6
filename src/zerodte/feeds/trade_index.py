"""The trades of a feed by what the vendor knows each one by: so none comes twice.

A cancel has the index of the trade that it cancels, and a correction that of the trade that it
replaces.
"""

from collections.abc import Hashable
from typing import Final, NamedTuple

from zerodte.records.condition import Condition

#: Trades that are remembered.
MOST_TRADES: Final = 300_000
NOWHERE: Final = -1


class TradeEntry(NamedTuple):
    """A trade that came.

    Attributes:
        position: Of its record in the stream; `NOWHERE` if it has none.
        price: Fixed point.
        size: Contracts.
        is_cancelled: Whether its cancel has come.
    """

    position: int
    price: int
    size: int
    is_cancelled: bool = False


class TradeOutcome(NamedTuple):
    """What becomes of a message: a record.

    Attributes:
        condition: Its own.
        cancelled: The position of the trade that it cancels; `NOWHERE` for none that is known.
    """

    condition: Condition
    cancelled: int = NOWHERE


class TradeIndex:
    """Trades by key.

    Attributes:
        repeated_count: Messages that came again.
    """

    def __init__(self) -> None:
        self.repeated_count = 0
        self._entries: dict[Hashable, TradeEntry] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no trade is remembered."""
        return not self._entries

    def knows(self, key: Hashable) -> bool:
        """Whether a trade, or a cancel of it, came."""
        return key in self._entries

    def restart(self, count: int) -> None:
        """Forget the trades after the first `count`, which is all that a recording has."""
        self._entries = {
            key: entry for key, entry in self._entries.items() if entry.position < count
        }

    def trade(
        self, key: Hashable, entry: TradeEntry, condition: Condition, *, is_correction: bool
    ) -> list[TradeOutcome]:
        """The rows of a trade, the first of which would be at its position; none if it is known.

        A correction, or a known key with another price or size, is a cancel and a new trade.
        """
        known = self._entries.get(key)
        if known is None and not is_correction:
            self._note(key, entry)
            return [TradeOutcome(condition)]
        is_same = known is not None and (known.price, known.size) == (entry.price, entry.size)
        if is_same or (known is not None and known.is_cancelled):
            self.repeated_count += 1
            return []
        self._note(key, entry._replace(position=entry.position + 1))
        position = NOWHERE if known is None else known.position
        return [TradeOutcome(Condition.CANCEL, position), TradeOutcome(condition)]

    def cancel(self, key: Hashable, entry: TradeEntry) -> list[TradeOutcome]:
        """The row of a cancel; none if it is known."""
        known = self._entries.get(key)
        if known is not None and known.is_cancelled:
            self.repeated_count += 1
            return []
        position = NOWHERE if known is None else known.position
        self._note(key, entry._replace(position=position, is_cancelled=True))
        return [TradeOutcome(Condition.CANCEL, position)]

    def _note(self, key: Hashable, entry: TradeEntry) -> None:
        self._entries[key] = entry
        while len(self._entries) > MOST_TRADES:
            del self._entries[next(iter(self._entries))]
