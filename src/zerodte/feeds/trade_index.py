"""The trades of a feed by what the vendor knows each one by: so none comes twice.

A cancel has the index of the trade that it cancels, and a correction that of the trade that it
replaces.
"""

from collections.abc import Hashable, Iterable
from typing import Final, Generic, NamedTuple, TypeVar

from zerodte.records.condition import Condition

#: Trades that are remembered.
MOST_TRADES: Final = 300_000
NOWHERE: Final = -1

_Key = TypeVar("_Key", bound=Hashable)


class TradeEntry(NamedTuple):
    """A trade that came.

    Attributes:
        position: Of its record in the stream; `NOWHERE` if it has none.
        price: Fixed point.
        size: Contracts.
        is_cancelled: Whether its cancel has come.
        since: The position of the record that made it so.
        before: What it was before that; None if it was not there.
    """

    position: int
    price: int
    size: int
    is_cancelled: bool = False
    since: int = NOWHERE
    before: "TradeEntry | None" = None


class TradeOutcome(NamedTuple):
    """What becomes of a message: a record.

    Attributes:
        condition: Its own.
        cancelled: The position of the trade that it cancels; `NOWHERE` for none that is known.
    """

    condition: Condition
    cancelled: int = NOWHERE


class TradeIndex(Generic[_Key]):
    """Trades by key.

    Attributes:
        repeated_count: Messages that came again.
    """

    def __init__(self) -> None:
        self.repeated_count = 0
        self._entries: dict[_Key, TradeEntry] = {}

    @property
    def keys(self) -> Iterable[_Key]:
        """Those that came, in the order in which they did first."""
        return self._entries.keys()

    def find(self, key: _Key) -> TradeEntry | None:
        """What is known of a trade, or of a cancel of it; None if neither came."""
        return self._entries.get(key)

    def restart(self, count: int) -> None:
        """Undo what came after the first `count` records, which is all that a recording has."""
        self._entries = {
            key: kept
            for key, entry in self._entries.items()
            if (kept := _as_of(entry, count)) is not None
        }

    def trade(
        self, key: _Key, entry: TradeEntry, condition: Condition, *, is_correction: bool
    ) -> list[TradeOutcome]:
        """The rows of a trade, the first of which would be at its position; none if it is known.

        A correction, or a known key with another price or size, is a cancel and a new trade.
        """
        known = self._entries.get(key)
        if known is None and not is_correction:
            self._note(key, entry._replace(since=entry.position))
            return [TradeOutcome(condition)]
        is_same = known is not None and (known.price, known.size) == (entry.price, entry.size)
        if is_same or (known is not None and known.is_cancelled):
            self.repeated_count += 1
            return []
        place = entry.position + 1
        self._note(key, entry._replace(position=place, since=place, before=known))
        position = NOWHERE if known is None else known.position
        return [TradeOutcome(Condition.CANCEL, position), TradeOutcome(condition)]

    def cancel(self, key: _Key, entry: TradeEntry) -> list[TradeOutcome]:
        """The row of a cancel; none if it is known."""
        known = self._entries.get(key)
        if known is not None and known.is_cancelled:
            self.repeated_count += 1
            return []
        position = NOWHERE if known is None else known.position
        gone = TradeEntry(position, entry.price, entry.size, True, entry.position, known)
        self._note(key, gone)
        return [TradeOutcome(Condition.CANCEL, position)]

    def _note(self, key: _Key, entry: TradeEntry) -> None:
        self._entries[key] = entry
        while len(self._entries) > MOST_TRADES:
            del self._entries[next(iter(self._entries))]


def _as_of(entry: TradeEntry, count: int) -> TradeEntry | None:
    """What a trade was after the first `count` records; None if it was not there."""
    found: TradeEntry | None = entry
    while found is not None and found.since >= count:
        found = found.before
    return found
