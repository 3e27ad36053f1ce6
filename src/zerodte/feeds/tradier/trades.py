"""Tradier's timesales as records: each trade once, with its quote, and what is taken back.

The vendor numbers a trade by `seq`. It does not say whether a number is one trade's alone, so one
that comes with another time, price or size is another trade's. Nor does it say whether a cancel has
the number of its trade or one of its own: one that no trade of its contract had cancels an unknown
trade. What `flag` means it does not say either, so the sale condition of a trade is unknown; flags
are counted.
"""

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.feeds.quote_fields import MOST_CROSSED, MOST_DOLLARS, are_traded, fill_side
from zerodte.feeds.repeated_records import CANCEL_FLAG, RepeatedRecords
from zerodte.feeds.trade_index import MOST_TRADES, NOWHERE, TradeEntry, TradeIndex, TradeOutcome
from zerodte.feeds.tradier.protocol import TradierEvent
from zerodte.feeds.tradier.records import TradierBlock
from zerodte.importers.chain_tape import fixed
from zerodte.records.condition import Condition
from zerodte.records.dbn import Records, records
from zerodte.tape.tick_assembler import Piece

#: Flags that are named in a sentence.
_MOST_FLAGS = 12
#: Characters of a flag that are kept.
_LONGEST_FLAG = 8

#: A contract and a `seq`; and that trade's time, price and size.
_Number = tuple[int, int]
_Key = tuple[_Number, int, int, int]


class TimesaleRecords:
    """Turns timesales into records, and remembers them by their number.

    Attributes:
        flags: How often each flag came; an empty one is none.
        garbled_count: Timesales with a price, size or quote that cannot be, which are left out.
        unknown_cancels: Cancels and corrections whose trade did not come.
        reused_count: Trades with the number of another one of their contract.
        count: All trades.
    """

    def __init__(self) -> None:
        self.flags: Counter[str] = Counter()
        self.garbled_count = self.unknown_cancels = self.reused_count = self.count = 0
        self._index = TradeIndex[_Key]()
        self._newest: dict[_Number, _Key] = {}

    @property
    def repeated_count(self) -> int:
        """Timesales that came again, which are left out."""
        return self._index.repeated_count

    def sentences(self) -> list[str]:
        """What is left out or unknown, in words."""
        found = []
        # The feed goes on counting meanwhile.
        if flags := self.flags.copy():
            named = ", ".join(
                f"{flag!r} {count:,}" for flag, count in flags.most_common(_MOST_FLAGS)
            )
            found.append(
                f"{flags.total():,} of {self.count:,} trades have flags, whose meaning the "
                f"vendor does not publish: {named}"
            )
        if self.repeated_count:
            found.append(f"{self.repeated_count:,} trades came again; they are left out")
        if self.unknown_cancels:
            found.append(f"{self.unknown_cancels:,} cancels name a trade that did not come")
        return found

    def restart(self, count: int) -> None:
        """Undo what came after the first `count` records, which is all that a recording has."""
        self._index.restart(count)
        self._newest = {key[0]: key for key in self._index.keys}

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
        is_old = np.zeros(len(rows), np.bool_) if recorded is None else recorded.find(rows)
        chosen: list[tuple[int, TradeOutcome]] = []
        for row in np.flatnonzero(ids > 0).tolist():
            if is_old[row]:
                self._index.repeated_count += 1
                continue
            event, number = block.events[row], int(ids[row])
            if not is_possible[row]:
                # A cancel may tell no more than the number of its trade.
                known = self._known(event, number) if event.cancel else None
                if known is None:
                    self.garbled_count += 1
                    continue
                rows["price"][row], rows["size"][row] = known.price, known.size
            place = first + len(chosen)
            entry = TradeEntry(place, int(rows["price"][row]), int(rows["size"][row]))
            found = self._taken(event, number, int(rows["ts_event"][row]), entry)
            chosen += [(row, one) for one in found]
        if not chosen:
            return None
        out: Records = rows[[row for row, _ in chosen]]
        codes = np.array([one.condition for _, one in chosen], np.uint8)
        # A correction is a cancel as well.
        out["flags"] = np.where(codes == Condition.CANCEL, CANCEL_FLAG, 0)
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
        takes_back = event.cancel or event.correction
        if event.seq is None:
            # Without advanced details nothing tells a repetition, nor what is taken back.
            self.unknown_cancels += takes_back
            if not event.cancel:
                self._note_trade(event)
            return [
                *([TradeOutcome(Condition.CANCEL)] if takes_back else ()),
                *([] if event.cancel else [TradeOutcome(Condition.UNKNOWN)]),
            ]
        own = number, event.seq
        key = (own, at, entry.price, entry.size)
        known = self._index.find(key)
        if takes_back and known is None:
            # It may have a time and a price of its own: the newest trade of the number is meant.
            key = self._newest.get(own, key)
            self.unknown_cancels += self._index.find(key) is None
        elif known is not None and not takes_back:
            self._index.repeated_count += 1
            return []
        self.reused_count += own in self._newest and not takes_back
        self._newest[own] = key
        if len(self._newest) > MOST_TRADES:
            del self._newest[next(iter(self._newest))]
        if event.cancel:
            return self._index.cancel(key, entry)
        found = self._index.trade(key, entry, Condition.UNKNOWN, is_correction=event.correction)
        if found:
            self._note_trade(event)
        return found

    def _known(self, event: TradierEvent, number: int) -> TradeEntry | None:
        """The newest trade with the number of an event; None if none came."""
        if event.seq is None:
            return None
        key = self._newest.get((number, event.seq))
        return None if key is None else self._index.find(key)

    def _note_trade(self, event: TradierEvent) -> None:
        self.count += 1
        if flag := (event.flag or "").strip()[:_LONGEST_FLAG]:
            self.flags[flag] += 1


def _rows(block: TradierBlock, ids: I64) -> tuple[Records, Bool]:
    """A record of every timesale, and whether it can be."""
    events = block.events
    price, size = _numbers([one.last for one in events]), _numbers([one.size for one in events])
    bid, ask = _numbers([one.bid for one in events]), _numbers([one.ask for one in events])
    is_possible: Bool = (
        (price > 0.0)
        & (price < MOST_DOLLARS)
        & are_traded(size)
        & ~((ask > 0.0) & (bid > MOST_CROSSED * ask))
    )
    out = records("tcbbo", len(events))
    out["instrument_id"], out["ts_event"] = ids, block.times()
    out["ts_recv"] = block.received
    out["price"] = fixed(np.where(is_possible, price, 0.0))
    out["size"] = np.where(is_possible, size, 0.0).astype(np.uint32)
    out["action"], out["side"] = b"T", b"N"
    # A cancel may repeat every field of its trade, and is no repetition of it.
    out["flags"] = [CANCEL_FLAG if one.cancel else 0 for one in events]
    unknown = np.full(len(events), math.nan)
    fill_side(out, "bid", bid, unknown)
    fill_side(out, "ask", ask, unknown)
    return out, is_possible


def _numbers(values: list[float | None]) -> F64:
    return np.array(values, np.float64)
