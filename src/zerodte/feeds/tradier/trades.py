"""Tradier's timesales as records: each trade once, with its quote, and what is taken back.

The vendor numbers a trade by `seq`. It does not say whether a cancel has the number of its trade or
one of its own: one that no trade of its contract had cancels an unknown trade. What `flag` means it
does not say either, so the sale condition of a trade is unknown; flags are counted.
"""

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.feeds.quote_fields import MOST_CONTRACTS, MOST_CROSSED, MOST_DOLLARS, fill_side
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.trade_index import MOST_TRADES, NOWHERE, TradeEntry, TradeIndex, TradeOutcome
from zerodte.feeds.tradier.protocol import TradierEvent
from zerodte.feeds.tradier.records import TradierBlock
from zerodte.importers.chain_tape import fixed
from zerodte.records.condition import Condition
from zerodte.records.dbn import Records, records
from zerodte.tape.tick_assembler import Piece

#: DBN's flag of what a publisher alone means.
_CANCEL_FLAG = 2
#: Flags that are named in a sentence.
_MOST_FLAGS = 12


class TimesaleRecords:
    """Turns timesales into records, and remembers them by their number.

    Attributes:
        flags: How often each flag came; an empty one is none.
        garbled_count: Timesales with a price, size or quote that cannot be, which are left out.
        unknown_cancels: Cancels and corrections whose trade did not come.
        count: All trades.
    """

    def __init__(self) -> None:
        self.flags: Counter[str] = Counter()
        self.garbled_count = self.unknown_cancels = self.count = 0
        self._index = TradeIndex()
        self._times: dict[tuple[int, int], int] = {}

    @property
    def repeated_count(self) -> int:
        """Timesales that came again, which are left out."""
        return self._index.repeated_count

    @property
    def is_empty(self) -> bool:
        """Whether no trade is remembered."""
        return self._index.is_empty

    def sentences(self) -> list[str]:
        """What is left out or unknown, in words."""
        found = []
        if self.flags:
            named = ", ".join(
                f"{flag!r} {count:,}" for flag, count in self.flags.most_common(_MOST_FLAGS)
            )
            found.append(
                f"{self.flags.total():,} of {self.count:,} trades have flags, whose meaning the "
                f"vendor does not publish: {named}"
            )
        if self.repeated_count:
            found.append(f"{self.repeated_count:,} trades came again; they are left out")
        if self.unknown_cancels:
            found.append(f"{self.unknown_cancels:,} cancels name a trade that did not come")
        return found

    def restart(self, count: int) -> None:
        """Forget the trades after the first `count`, which is all that a recording has."""
        self._index.restart(count)
        self._times = {
            (number, seq): at
            for (number, seq), at in self._times.items()
            if self._index.knows((number, seq, at))
        }

    def piece(
        self,
        block: TradierBlock,
        numbers: Mapping[str, int],
        first: int,
        recorded: RepeatedRecords | None = None,
    ) -> Piece | None:
        """The records of the timesales that are new; None if none is.

        Args:
            block: Timesales.
            numbers: Ids by the vendor's names; others are left out.
            first: The position of the first record in the stream.
            recorded: Leave out what a recording has.
        """
        ids = block.ids(numbers)
        rows, is_possible = _rows(block, ids)
        self.garbled_count += int(np.count_nonzero(~is_possible & (ids > 0)))
        is_old = np.zeros(len(rows), np.bool_) if recorded is None else recorded.find(rows)
        chosen: list[tuple[int, TradeOutcome]] = []
        for row in np.flatnonzero(is_possible & (ids > 0)).tolist():
            event = block.events[row]
            if is_old[row]:
                self._index.repeated_count += 1
                continue
            place = first + len(chosen)
            entry = TradeEntry(place, int(rows["price"][row]), int(rows["size"][row]))
            found = self._taken(event, int(ids[row]), int(rows["ts_event"][row]), entry)
            chosen += [(row, one) for one in found]
        if not chosen:
            return None
        out: Records = rows[[row for row, _ in chosen]]
        codes = np.array([one.condition for _, one in chosen], np.uint8)
        # A cancel may repeat every field of its trade, and is no repetition of it.
        out["flags"] = np.where(codes == Condition.CANCEL, _CANCEL_FLAG, 0)
        out.flags.writeable = False
        pairs = [(first + n, one.cancelled) for n, (_, one) in enumerate(chosen)
                 if one.cancelled != NOWHERE]  # fmt: skip
        return Piece(first, out, codes, np.array(pairs, np.int64).reshape(-1, 2))

    def _taken(
        self, event: TradierEvent, number: int, at: int, entry: TradeEntry
    ) -> list[TradeOutcome]:
        """The records of one timesale.

        Args:
            event: It.
            number: Its instrument.
            at: Its time, UTC ns.
            entry: What it would be, at the position of its first record.
        """
        if event.seq is None:
            # Without advanced details nothing tells a repetition.
            self._note_trade(event)
            return [TradeOutcome(Condition.UNKNOWN)]
        own = number, event.seq
        # A number may be used again at another time: it is then that of the newest trade.
        key = (*own, at)
        takes_back = event.cancel or event.correction
        if takes_back and not self._index.knows(key):
            key = (*own, self._times.get(own, at))
            self.unknown_cancels += not self._index.knows(key)
        self._times[own] = key[2]
        if len(self._times) > MOST_TRADES:
            del self._times[next(iter(self._times))]
        if event.cancel:
            return self._index.cancel(key, entry)
        found = self._index.trade(key, entry, Condition.UNKNOWN, is_correction=event.correction)
        if found:
            self._note_trade(event)
        return found

    def _note_trade(self, event: TradierEvent) -> None:
        self.count += 1
        if flag := (event.flag or "").strip():
            self.flags[flag] += 1


def _rows(block: TradierBlock, ids: I64) -> tuple[Records, Bool]:
    """A record of every timesale, and whether it can be."""
    events = block.events
    price, size = _numbers([one.last for one in events]), _numbers([one.size for one in events])
    bid, ask = _numbers([one.bid for one in events]), _numbers([one.ask for one in events])
    is_possible: Bool = (
        (price > 0.0)
        & (price < MOST_DOLLARS)
        & (size >= 1.0)
        & (size <= MOST_CONTRACTS)
        & ~((ask > 0.0) & (bid > MOST_CROSSED * ask))
    )
    out = records("tcbbo", len(events))
    out["instrument_id"], out["ts_event"] = ids, block.times()
    out["ts_recv"] = block.received
    out["price"] = fixed(np.where(is_possible, price, 0.0))
    out["size"] = np.where(is_possible, size, 0.0).astype(np.uint32)
    out["action"], out["side"] = b"T", b"N"
    unknown = np.full(len(events), math.nan)
    fill_side(out, "bid", bid, unknown)
    fill_side(out, "ask", ask, unknown)
    return out, is_possible


def _numbers(values: list[float | None]) -> F64:
    return np.array(values, np.float64)
