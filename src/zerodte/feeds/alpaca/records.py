"""Alpaca's messages as records: quotes of contracts, and trades with their sale conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.feeds.alpaca.chain import StandingQuote
from zerodte.feeds.alpaca.protocol import AlpacaMessage, nanoseconds
from zerodte.feeds.last_quotes import LastQuotes
from zerodte.feeds.quote_fields import MOST_CONTRACTS, MOST_DOLLARS
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.importers.chain_tape import fixed
from zerodte.records.condition import Condition
from zerodte.records.dbn import ALPACA_INDICATIVE, ALPACA_OPRA, Records, records
from zerodte.records.opra_conditions import OpraConditionReader
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.tick_assembler import Piece

#: Times that can be those of a message, UTC ns.
_TIMES: Final = (10**18, 1 << 62)
#: DBN's flag of what a publisher alone means.
_CANCEL_FLAG: Final = 2


@dataclass(frozen=True, slots=True)
class AlpacaStreams:
    """The streams of a feed.

    Attributes:
        definitions: Of contracts.
        statistics: Open interest.
        quotes: Every one.
        trades: Every one of followed contracts; None if there are none.
    """

    definitions: FeedStream
    statistics: FeedStream
    quotes: FeedStream
    trades: FeedStream | None

    @property
    def all(self) -> tuple[FeedStream, ...]:
        """They."""
        reference = self.definitions, self.statistics, self.quotes
        return reference if self.trades is None else (*reference, self.trades)


def alpaca_streams(*, is_indicative: bool) -> AlpacaStreams:
    """The streams of OPRA's data, or of the free quotes, which have no trades to believe."""
    dataset = ALPACA_INDICATIVE if is_indicative else ALPACA_OPRA
    trades = None if is_indicative else FeedStream(dataset, "trades", has_conditions=True)
    return AlpacaStreams(
        FeedStream(dataset, "definition"),
        FeedStream(dataset, "statistics"),
        FeedStream(dataset, "cmbp-1"),
        trades,
    )


@dataclass(frozen=True, eq=False, slots=True)
class MessageBlock:
    """Messages of one kind, in the order in which they came.

    Attributes:
        kind: That of all.
        received: When each one came, UTC ns of the feed's clock, int64[n], ascending.
        messages: n of them.
    """

    kind: str
    received: I64
    messages: Sequence[AlpacaMessage]

    @property
    def newest(self) -> int:
        """When the last one came, UTC ns."""
        return int(self.received[-1])

    def ids(self, numbers: Mapping[str, int]) -> I64:
        """The ids of their contracts; 0 where unknown."""
        return np.array([numbers.get(one.symbol, 0) for one in self.messages], np.int64)

    def times(self) -> I64:
        """The vendor's times, UTC ns; that of receipt where there is none that can be."""
        told = np.array([nanoseconds(one.at) for one in self.messages], np.int64)
        return np.where((told > _TIMES[0]) & (told < _TIMES[1]), told, self.received)


class AlpacaRecords:
    """Turns messages into records, and knows the last quotes.

    Attributes:
        conditions: Reads sale conditions.
        repeated_count: Trades that came again, which are left out.
    """

    def __init__(self) -> None:
        self.conditions = OpraConditionReader()
        self.repeated_count = 0
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

    def make_room(self, largest: int) -> None:
        """Make room for ids up to `largest`."""
        self._last.make_room(largest)

    def quotes(self, block: MessageBlock, numbers: Mapping[str, int]) -> Records:
        """Quotes of contracts; those of unknown ones, and those that cannot be, are left out."""
        messages = block.messages
        return self._last.take(
            block.ids(numbers),
            block.times(),
            block.received,
            _column([one.bid for one in messages], [one.bid_size for one in messages]),
            _column([one.ask for one in messages], [one.ask_size for one in messages]),
        )

    def standing(
        self, quotes: Sequence[StandingQuote], numbers: Mapping[str, int], received: int
    ) -> Records:
        """Last quotes of contracts, but for those of which a newer one has come."""
        wanted = [
            quote
            for quote in quotes
            if (number := numbers.get(quote.name, 0)) and quote.at > int(self._last.times[number])
        ]
        return self._last.take(
            np.array([numbers[quote.name] for quote in wanted], np.int64),
            np.array([quote.at for quote in wanted], np.int64),
            np.full(len(wanted), received, np.int64),
            _column([quote.bid for quote in wanted], [quote.bid_size for quote in wanted]),
            _column([quote.ask for quote in wanted], [quote.ask_size for quote in wanted]),
        )

    def trades(
        self,
        block: MessageBlock,
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
        ids = block.ids(numbers)
        price = np.array([one.price for one in block.messages], np.float64)
        size = np.array([one.size for one in block.messages], np.float64)
        is_possible = (price > 0.0) & (price < MOST_DOLLARS)
        is_possible &= (size >= 1.0) & (size <= MOST_CONTRACTS)
        self._garbled_trades += int(np.count_nonzero(~is_possible & (ids > 0)))
        is_possible &= ids > 0
        out = records("trades", len(ids))
        out["instrument_id"], out["ts_event"] = ids, block.times()
        out["ts_recv"] = block.received
        out["price"] = fixed(np.where(is_possible, price, 0.0))
        out["size"] = np.where(is_possible, size, 0.0).astype(np.uint32)
        out["action"], out["side"] = b"T", b"N"
        codes = np.array([self.conditions.read(_letters(one)) for one in block.messages], np.uint8)
        # A cancel may repeat every field of its trade, and is no repetition of it.
        out["flags"] = np.where(codes == Condition.CANCEL, _CANCEL_FLAG, 0)
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


def _column(dollars: Sequence[float], sizes: Sequence[float]) -> tuple[F64, F64]:
    return np.array(dollars, np.float64), np.array(sizes, np.float64)


def _letters(message: AlpacaMessage) -> str:
    """The sale condition of a trade: a letter, or a list of them as stocks have it."""
    condition = message.condition
    return condition or "" if not isinstance(condition, list) else "".join(condition)
