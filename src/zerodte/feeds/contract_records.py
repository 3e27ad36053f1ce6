"""Messages of a vendor's stream as records: quotes of contracts, trades with their conditions.

The stream has quotes and trades beside each other, and no trade brings its quote.
"""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np

from zerodte.arrays import F64, I64, U8
from zerodte.feeds.last_quotes import LastQuotes
from zerodte.feeds.quote_fields import MOST_DOLLARS, are_traded, whole_numbers
from zerodte.feeds.repeated_records import CANCEL_FLAG, RepeatedRecords
from zerodte.importers.chain_tape import fixed
from zerodte.records.condition import Condition
from zerodte.records.dbn import Records, records
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.tick_assembler import Piece

#: Times that can be those of a message, UTC ns.
_TIMES: Final = (10**18, 1 << 62)


class NamedMessage(Protocol):
    """A message about a contract."""

    @property
    def symbol(self) -> str:
        """What the vendor calls it."""
        ...


Message = TypeVar("Message", bound=NamedMessage)


@dataclass(frozen=True, eq=False, slots=True)
class MessageBlock(Generic[Message]):
    """Messages of one kind, in the order in which they came.

    Attributes:
        kind: That of all, as the vendor calls it.
        received: When each one came, UTC ns of the feed's clock, int64[n], ascending.
        messages: n of them.
    """

    kind: str
    received: I64
    messages: Sequence[Message]

    @property
    def newest(self) -> int:
        """When the last one came, UTC ns."""
        return int(self.received[-1])

    def split(self, at: int) -> tuple["MessageBlock[Message]", "MessageBlock[Message]"]:
        """Those that came by a time, UTC ns, and those that came after it."""
        count = int(np.searchsorted(self.received, at, side="right"))
        return (
            MessageBlock(self.kind, self.received[:count], self.messages[:count]),
            MessageBlock(self.kind, self.received[count:], self.messages[count:]),
        )

    def ids(self, numbers: Mapping[str, int]) -> I64:
        """The ids of their contracts; 0 where unknown."""
        return np.array([numbers.get(one.symbol, 0) for one in self.messages], np.int64)

    def times(self, told: I64) -> I64:
        """The vendor's times, UTC ns; that of receipt where there is none that can be."""
        return np.where((told > _TIMES[0]) & (told < _TIMES[1]), told, self.received)


@dataclass(frozen=True, slots=True)
class StandingQuote:
    """The last quote of a contract.

    Attributes:
        name: What the vendor calls it.
        at: UTC ns; 0 if it is not told, negative if what is told is no time.
        bid: Dollars; NaN if unknown, likewise all others.
        bid_size: Contracts.
        ask: Dollars.
        ask_size: Contracts.
    """

    name: str
    at: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


@dataclass(frozen=True, slots=True)
class ContractStreams:
    """The streams of a feed.

    Attributes:
        definitions: Of contracts.
        statistics: Open interest.
        quotes: Every one.
        trades: Every one of followed contracts; None if there are none.
        values: Of indices; None if there are none.
    """

    definitions: FeedStream
    statistics: FeedStream
    quotes: FeedStream
    trades: FeedStream | None
    values: FeedStream | None = None

    @property
    def all(self) -> tuple[FeedStream, ...]:
        """They."""
        found = self.definitions, self.statistics, self.quotes, self.trades, self.values
        return tuple(stream for stream in found if stream is not None)


class ContractRecords(abc.ABC, Generic[Message]):
    """Turns messages into records, and knows the last quotes.

    Attributes:
        repeated_count: Trades that came again, which are left out.
        undated_count: Messages with a time that cannot be. That of receipt counts instead; what
            stands has none, and is left out.
    """

    def __init__(self) -> None:
        self.repeated_count = self.undated_count = 0
        self._garbled_trades = 0
        self._last = LastQuotes()

    @property
    def mids(self) -> F64:
        """Mids of contracts, dollars, by id; NaN without a quote."""
        return self._last.mids

    @property
    def garbled_count(self) -> int:
        """Messages with prices or sizes that cannot be, which are left out."""
        return self._garbled_trades + self._last.garbled_count

    @abc.abstractmethod
    def quotes(self, block: MessageBlock[Message], numbers: Mapping[str, int]) -> Records:
        """Quotes of contracts; those of unknown ones, and those that cannot be, are left out."""

    @abc.abstractmethod
    def trades(
        self,
        block: MessageBlock[Message],
        numbers: Mapping[str, int],
        first: int,
        recorded: RepeatedRecords | None,
    ) -> Piece | None:
        """Trades of contracts with their conditions; None if there are none.

        Args:
            block: Of trades.
            numbers: Ids by the vendor's names.
            first: The position of the first record in the stream.
            recorded: Leave out what a recording has.
        """

    @abc.abstractmethod
    def unknown_conditions(self) -> list[str]:
        """The sale conditions that could not be read, in words."""

    def sentences(self) -> list[str]:
        """What was left out or could not be read, in words."""
        found = self.unknown_conditions()
        if self.repeated_count:
            found.append(f"{self.repeated_count:,} trades came again; they are left out")
        if self.garbled_count:
            found.append(
                f"{self.garbled_count:,} messages have prices or sizes that cannot be; they are "
                "left out"
            )
        if self.undated_count:
            found.append(
                f"{self.undated_count:,} messages have times that cannot be; that of receipt "
                "counts, and a last quote that was asked for is left out"
            )
        return found

    def make_room(self, largest: int) -> None:
        """Make room for ids up to `largest`."""
        self._last.make_room(largest)

    def standing(
        self, quotes: Sequence[StandingQuote], numbers: Mapping[str, int], received: int
    ) -> Records:
        """Last quotes of contracts, but for those of which a newer one has come."""
        dated = [quote for quote in quotes if 0 <= quote.at < _TIMES[1]]
        self.undated_count += len(quotes) - len(dated)
        wanted = [
            quote
            for quote in dated
            if (number := numbers.get(quote.name, 0)) and quote.at > int(self._last.times[number])
        ]
        return self._last.take(
            np.array([numbers[quote.name] for quote in wanted], np.int64),
            np.array([quote.at for quote in wanted], np.int64),
            np.full(len(wanted), received, np.int64),
            column([quote.bid for quote in wanted], [quote.bid_size for quote in wanted]),
            column([quote.ask for quote in wanted], [quote.ask_size for quote in wanted]),
        )

    def _times(self, block: MessageBlock[Message], told: Sequence[int]) -> I64:
        """The times of a block, UTC ns; counts those that cannot be. 0 is an unknown one."""
        at = whole_numbers(told)
        found = block.times(at)
        self.undated_count += int(np.count_nonzero((at != 0) & (found != at)))
        return found

    def _trades(
        self,
        ids: I64,
        times: I64,
        received: I64,
        values: tuple[F64, F64],
        codes: U8,
        first: int,
        recorded: RepeatedRecords | None,
    ) -> Piece | None:
        """Records of trades; values are prices, dollars, and sizes."""
        price, size = values
        is_possible = (price > 0.0) & (price < MOST_DOLLARS)
        is_possible &= are_traded(size)
        self._garbled_trades += int(np.count_nonzero(~is_possible & (ids > 0)))
        is_possible &= ids > 0
        out = records("trades", len(ids))
        out["instrument_id"], out["ts_event"], out["ts_recv"] = ids, times, received
        out["price"] = fixed(np.where(is_possible, price, 0.0))
        out["size"] = np.where(is_possible, size, 0.0).astype(np.uint32)
        out["action"], out["side"] = b"T", b"N"
        # A cancel may repeat every field of its trade, and is no repetition of it.
        out["flags"] = np.where(codes == Condition.CANCEL, CANCEL_FLAG, 0)
        if recorded is not None:
            is_old = recorded.find(out) & is_possible
            self.repeated_count += int(np.count_nonzero(is_old))
            is_possible &= ~is_old
        rows = np.flatnonzero(is_possible)
        if not len(rows):
            return None
        chosen = out[rows]
        chosen.flags.writeable = False
        return Piece(first, chosen, codes[rows])


def column(dollars: Sequence[float | None], sizes: Sequence[float | None]) -> tuple[F64, F64]:
    """Dollars and sizes as arrays; what is None is NaN."""
    return np.array(dollars, np.float64), np.array(sizes, np.float64)
