"""The terminal's events as records: quotes, trades with the quote before each, index values."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.constants import MINUTE
from zerodte.feeds.quote_fields import (
    MOST_DOLLARS,
    are_possible,
    are_sizes,
    are_traded,
    fill_side,
)
from zerodte.feeds.repeated_records import CANCEL_FLAG, RepeatedRecords
from zerodte.feeds.thetadata.cancelled_trades import CancelledTrades
from zerodte.feeds.thetadata.conditions import ThetaConditionReader
from zerodte.feeds.thetadata.events import (
    OPTION,
    QUOTE_TYPE,
    EventMessage,
    QuoteEvent,
    TerminalEvents,
    TradeEvent,
    message_times,
)
from zerodte.feeds.thetadata.live_chain import ThetaQuote
from zerodte.importers.chain_tape import fixed
from zerodte.records.condition import Condition
from zerodte.records.dbn import INDEX, THETA_OPRA, UNDEF_PRICE, Records, records
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.tick_assembler import Piece

THETA_DEFINITIONS: Final = FeedStream(THETA_OPRA, "definition")
THETA_STATISTICS: Final = FeedStream(THETA_OPRA, "statistics")
THETA_QUOTES: Final = FeedStream(THETA_OPRA, "cmbp-1")
THETA_TRADES: Final = FeedStream(THETA_OPRA, "tcbbo", has_conditions=True, has_cancels=True)
THETA_VALUES: Final = FeedStream(INDEX, "trades")

#: The quote before a trade: a trade may come again without it.
QUOTE_FIELDS: Final = ("bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00")
#: A time so far from that of receipt is no time of the session, ns.
_FARTHEST: Final = 60 * MINUTE

_NO_QUOTE: Final = QuoteEvent(0, 0)

#: A contract's id, when it came, UTC ns, and what.
_QuoteRow = tuple[int, int, QuoteEvent]
#: Likewise, and how many quotes of the block came before.
_TradeRow = tuple[int, int, TradeEvent, int]


@dataclass(frozen=True, eq=False, slots=True)
class _Trades:
    """Trades in the order in which they came, each with the last quote of its contract."""

    ids: I64
    received: I64
    trades: Sequence[TradeEvent]
    quotes: Sequence[QuoteEvent]

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, TradeEvent, QuoteEvent]]) -> "_Trades":
        ids, received, trades, quotes = zip(*rows, strict=True)
        return cls(np.array(ids, np.int64), np.array(received, np.int64), trades, quotes)

    def side(self, name: str) -> tuple[F64, F64]:
        return (
            np.array([getattr(one, name) for one in self.quotes], np.float64),
            np.array([getattr(one, f"{name}_size") for one in self.quotes], np.float64),
        )


@dataclass(slots=True)
class EventRecords:
    """Records of a block.

    Attributes:
        quotes: Of contracts.
        trades: Of contracts; None if there are none.
        values: Of indices.
    """

    quotes: Records
    trades: Piece | None
    values: Records


class ThetaEventRecords:
    """Turns events into records, and knows the last quotes.

    Args:
        indices: Ids of the indices by symbol.

    Attributes:
        mids: Mids of contracts, dollars, by id; NaN without a quote.
        spots: The last values of the indices, dollars, by symbol.
        conditions: Reads sale conditions.
        garbled_count: Events with prices, sizes or times that cannot be, which are left out.
        repeated_count: Trades that came again, likewise.
    """

    def __init__(self, indices: Mapping[str, int]) -> None:
        self.mids: F64 = np.full(1, math.nan)
        self.spots: dict[str, float] = {}
        self.conditions = ThetaConditionReader()
        self.garbled_count = self.repeated_count = 0
        self._indices = indices
        self._times: I64 = np.zeros(1, np.int64)
        self._last: dict[int, QuoteEvent] = {}
        self._cancelled = CancelledTrades()

    def sentences(self) -> list[str]:
        """What was left out, in words."""
        found = self.conditions.sentences()
        if self.repeated_count:
            found.append(f"{self.repeated_count:,} trades came again; they are left out")
        if self.garbled_count:
            found.append(
                f"{self.garbled_count:,} messages have prices, sizes or times that cannot be; they "
                "are left out"
            )
        return found

    def make_room(self, largest: int) -> None:
        """Make room for ids up to `largest`."""
        if largest >= len(self.mids):
            more = 2 * largest + 1 - len(self.mids)
            self.mids = np.concatenate([self.mids, np.full(more, math.nan)])
            self._times = np.concatenate([self._times, np.zeros(more, np.int64)])

    def resume(self, trades: Records) -> None:
        """Go on after the trades of a recording, all of them: cancels may take them back."""
        self._cancelled.resume(trades)

    def read(
        self,
        block: TerminalEvents,
        numbers: Mapping[str, int],
        first: int,
        recorded: RepeatedRecords | None,
    ) -> EventRecords:
        """The records of events; those of unknown contracts are left out.

        Args:
            block: The events.
            numbers: Ids of the contracts, by `event_name`.
            first: The position of the first trade in its stream.
            recorded: Leave out the trades that a recording has.
        """
        quotes: list[_QuoteRow] = []
        trades: list[_TradeRow] = []
        values: list[tuple[str, int, TradeEvent]] = []
        for received, message in zip(block.received.tolist(), block.messages, strict=True):
            self._sort(received, message, numbers, quotes, trades, values)
        rows, is_possible = self._quotes(quotes)
        quoted = self._quoted(trades, quotes, is_possible.tolist())
        return EventRecords(
            rows,
            self._trades(_Trades.of(quoted), first, recorded) if quoted else None,
            self._values(values),
        )

    def standing(
        self, quotes: Sequence[ThetaQuote], numbers: Mapping[str, int], received: int
    ) -> Records:
        """Last quotes that were asked for, but for those of which a newer one has come."""
        wanted = [
            quote
            for quote in quotes
            if (number := numbers.get(quote.name, 0)) and quote.at > int(self._times[number])
        ]
        ids = np.array([numbers[quote.name] for quote in wanted], np.int64)
        times = np.array([quote.at for quote in wanted], np.int64)
        came = np.full(len(wanted), received, np.int64)
        # A quote may have stood for hours.
        rows, is_possible = self._quote_records(
            ids, times, came, [quote.event for quote in wanted], times < came + _FARTHEST
        )
        self._last.update(
            (number, quote.event)
            for number, quote, is_quote in zip(
                ids.tolist(), wanted, is_possible.tolist(), strict=True
            )
            # The stream may be behind: a trade that is still to come is perhaps older.
            if is_quote and number not in self._last
        )
        return rows

    def _sort(
        self,
        received: int,
        message: EventMessage,
        numbers: Mapping[str, int],
        quotes: list[_QuoteRow],
        trades: list[_TradeRow],
        values: list[tuple[str, int, TradeEvent]],
    ) -> None:
        contract = message.contract
        if contract is None:
            return
        if contract.security_type != OPTION:
            if message.trade is not None and contract.root in self._indices:
                values.append((contract.root, received, message.trade))
        elif number := numbers.get(contract.name):
            if message.header.type == QUOTE_TYPE and message.quote is not None:
                quotes.append((number, received, message.quote))
            elif message.trade is not None:
                trades.append((number, received, message.trade, len(quotes)))

    def _quoted(
        self, trades: Sequence[_TradeRow], quotes: Sequence[_QuoteRow], is_possible: Sequence[bool]
    ) -> list[tuple[int, int, TradeEvent, QuoteEvent]]:
        """Trades, each with the last quote of its contract that can be."""
        found = []
        heard = 0
        for number, received, event, before in trades:
            self._hear(quotes[heard:before], is_possible[heard:before])
            heard = before
            found.append((number, received, event, self._last.get(number, _NO_QUOTE)))
        self._hear(quotes[heard:], is_possible[heard:])
        return found

    def _hear(self, quotes: Sequence[_QuoteRow], is_possible: Sequence[bool]) -> None:
        for (number, _, event), is_quote in zip(quotes, is_possible, strict=True):
            if is_quote:
                self._last[number] = event

    def _quotes(self, rows: Sequence[_QuoteRow]) -> tuple[Records, Bool]:
        events = [event for _, _, event in rows]
        ids = np.array([number for number, _, _ in rows], np.int64)
        received = np.array([at for _, at, _ in rows], np.int64)
        times = message_times([one.date for one in events], [one.ms_of_day for one in events])
        return self._quote_records(ids, times, received, events, _are_near(times, received))

    def _quote_records(
        self, ids: I64, times: I64, received: I64, events: Sequence[QuoteEvent], is_timely: Bool
    ) -> tuple[Records, Bool]:
        """The records of the quotes that can be, and which ones can."""
        bid = np.array([one.bid for one in events], np.float64)
        ask = np.array([one.ask for one in events], np.float64)
        bid_size = np.array([one.bid_size for one in events], np.float64)
        ask_size = np.array([one.ask_size for one in events], np.float64)
        # One without any side takes back the quote before.
        is_possible = are_possible(bid, ask) & are_sizes(bid_size) & are_sizes(ask_size)
        is_possible &= is_timely
        self.garbled_count += int(np.count_nonzero(~is_possible))
        out = records("cmbp-1", len(ids))
        out["instrument_id"], out["ts_event"], out["ts_recv"] = ids, times, received
        out["price"], out["action"], out["side"] = UNDEF_PRICE, b"M", b"N"
        fill_side(out, "bid", bid, bid_size)
        fill_side(out, "ask", ask, ask_size)
        mids = np.where((bid >= 0.0) & (ask > 0.0), (bid + ask) / 2.0, math.nan)
        chosen = ids[is_possible]
        self.mids[chosen] = mids[is_possible]
        self._times[chosen] = times[is_possible]
        return out[is_possible], is_possible

    def _trades(self, found: _Trades, first: int, recorded: RepeatedRecords | None) -> Piece | None:
        price = np.array([one.price for one in found.trades], np.float64)
        size = np.array([one.size for one in found.trades], np.float64)
        times = message_times(
            [one.date for one in found.trades], [one.ms_of_day for one in found.trades]
        )
        (bid, bid_size), (ask, ask_size) = found.side("bid"), found.side("ask")
        is_possible = (price > 0.0) & (price < MOST_DOLLARS)
        is_possible &= are_traded(size)
        is_possible &= _are_near(times, found.received)
        self.garbled_count += int(np.count_nonzero(~is_possible))
        out = records("tcbbo", len(found.ids))
        out["instrument_id"], out["ts_event"] = found.ids, times
        out["ts_recv"] = found.received
        out["publisher_id"] = [one.exchange & 0xFFFF for one in found.trades]
        out["price"] = fixed(np.where(is_possible, price, 0.0))
        out["size"] = np.where(is_possible, size, 0.0).astype(np.uint32)
        out["action"], out["side"] = b"T", b"N"
        fill_side(out, "bid", bid, bid_size)
        fill_side(out, "ask", ask, ask_size)
        numbers = [one.condition for one in found.trades]
        codes = self.conditions.read(list(itertools.compress(numbers, is_possible.tolist())))
        out["flags"][is_possible] = np.where(codes == Condition.CANCEL, CANCEL_FLAG, 0)
        rows = np.flatnonzero(is_possible)
        if recorded is not None:
            is_old = recorded.find(out[rows])
            self.repeated_count += int(np.count_nonzero(is_old))
            rows, codes = rows[~is_old], codes[~is_old]
        if not len(rows):
            return None
        chosen = out[rows]
        chosen.flags.writeable = False
        return Piece(first, chosen, codes, self._cancelled.pairs(chosen, codes, first))

    def _values(self, rows: Sequence[tuple[str, int, TradeEvent]]) -> Records:
        """Values of indices, as trades of no size."""
        events = [event for _, _, event in rows]
        prices = np.array([one.price for one in events], np.float64)
        received = np.array([at for _, at, _ in rows], np.int64)
        times = message_times([one.date for one in events], [one.ms_of_day for one in events])
        is_possible = (prices > 0.0) & (prices < MOST_DOLLARS) & _are_near(times, received)
        self.garbled_count += int(np.count_nonzero(~is_possible))
        out = records("trades", len(rows))
        out["instrument_id"] = [self._indices[symbol] for symbol, _, _ in rows]
        out["ts_event"], out["ts_recv"] = times, received
        out["price"], out["size"] = fixed(np.where(is_possible, prices, math.nan)), 0
        for (symbol, _, event), is_value in zip(rows, is_possible.tolist(), strict=True):
            if is_value:
                self.spots[symbol] = event.price
        return out[is_possible]


def _are_near(times: I64, received: I64) -> Bool:
    """Which times can be those of what was received."""
    found: Bool = np.abs(times - received) < _FARTHEST
    return found
