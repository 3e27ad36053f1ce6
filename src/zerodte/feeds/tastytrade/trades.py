"""Trades of DXLink as records: each once, with its sale condition, and what it takes back.

A TimeAndSale has an index that is its own among its symbol's. A CANCEL has the index of the trade
that it cancels, and a CORRECTION that of the trade that it replaces.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from zerodte.arrays import Bool
from zerodte.constants import HOUR
from zerodte.feeds.quote_fields import MOMENTS_MS, MOST_CROSSED, MOST_DOLLARS, NS_PER_MS, are_traded
from zerodte.feeds.repeated_records import CANCEL_FLAG, RepeatedRecords
from zerodte.feeds.tastytrade.protocol import EventBlock
from zerodte.feeds.trade_index import NOWHERE, TradeEntry, TradeIndex
from zerodte.importers.chain_tape import fixed
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE, Records, records, times_of
from zerodte.records.opra_conditions import OpraConditionReader
from zerodte.tape.tick_assembler import Piece

#: What is older than so long was of another session, ns.
_LATEST: Final = 8 * HOUR
_SIDES: Final = {"BUY": b"B", "SELL": b"A"}


class TimeAndSaleRecords:
    """Turns events into records, and remembers them by their index.

    Attributes:
        conditions: Reads sale conditions.
        garbled_count: Events with a price, size or type that cannot be, which are left out.
        undated_count: Events with a time that cannot be; that of receipt counts instead.
    """

    def __init__(self) -> None:
        self.conditions = OpraConditionReader()
        self.garbled_count = self.undated_count = 0
        self._index = TradeIndex[tuple[int, int]]()

    @property
    def repeated_count(self) -> int:
        """Events that came again, and were left out."""
        return self._index.repeated_count

    def restart(self, count: int) -> None:
        """Undo what came after the first `count` records, which is all that a recording has."""
        self._index.restart(count)

    def piece(
        self,
        block: EventBlock,
        ids: Sequence[int],
        first: int,
        *,
        since: int = 0,
        recorded: RepeatedRecords | None = None,
    ) -> Piece | None:
        """The records of the events that are new; None if none is.

        Args:
            block: TimeAndSale events.
            ids: Their instruments; 0 where unknown.
            first: The position of the first record in the stream.
            since: Leave out trades of before, UTC ns, but for what is told late on the same day: a
                late trade, a cancel and a correction have the time of the trade that they are
                about.
            recorded: Leave out what a recording has.
        """
        rows, is_possible = _rows(block, ids)
        self.undated_count += sum(
            time > 0 and number > 0 and not _is_moment(time)
            for time, number in zip(block.integers("time"), ids, strict=True)
        )
        codes = self._codes(block)
        kinds, indices = block.texts("type"), block.integers("index")
        is_prompt = [
            kind == "NEW" and code is not Condition.LATE
            for kind, code in zip(kinds, codes, strict=True)
        ]
        times = times_of(rows, "ts_event")
        is_old = (times < since) & (np.array(is_prompt, np.bool_) | (times < since - _LATEST))
        if recorded is not None:
            is_old |= recorded.find(rows)
        chosen: list[tuple[int, Condition, int]] = []
        prices, sizes = rows["price"].tolist(), rows["size"].tolist()
        for row in np.flatnonzero(np.array(ids) > 0).tolist():
            key = ids[row], indices[row]
            if not is_possible[row]:
                # A cancel may tell no more than the index of its trade.
                known = self._index.find(key) if kinds[row] == "CANCEL" else None
                if known is None:
                    self.garbled_count += 1
                    continue
                prices[row], sizes[row] = known.price, known.size
                rows["price"][row], rows["size"][row] = known.price, known.size
            if is_old[row]:
                self._index.repeated_count += 1
                continue
            place = first + len(chosen)
            entry = TradeEntry(place, prices[row], sizes[row])
            if kinds[row] == "CANCEL":
                found = self._index.cancel(key, entry)
            else:
                is_correction = kinds[row] == "CORRECTION"
                found = self._index.trade(key, entry, codes[row], is_correction=is_correction)
            chosen += [(row, *one) for one in found]
        if not chosen:
            return None
        out: Records = rows[[row for row, _, _ in chosen]]
        out.flags.writeable = False
        pairs = [(first + n, of) for n, (_, _, of) in enumerate(chosen) if of != NOWHERE]
        return Piece(
            first,
            out,
            np.array([code for _, code, _ in chosen], np.uint8),
            np.array(pairs, np.int64).reshape(-1, 2),
        )

    def _codes(self, block: EventBlock) -> list[Condition]:
        """The condition of each trade: by OPRA's letter, else whether it is a leg of a package."""
        return [
            self.conditions.read(letters)
            if letters.strip()
            else Condition.MULTI_LEG
            if is_leg
            else Condition.REGULAR
            for letters, is_leg in zip(
                block.texts("exchangeSaleConditions"), block.flags("spreadLeg"), strict=True
            )
        ]


def _is_moment(time: int) -> bool:
    """Whether a time in milliseconds can be that of a trade."""
    return MOMENTS_MS[0] < time < MOMENTS_MS[1]


def _rows(block: EventBlock, ids: Sequence[int]) -> tuple[Records, Bool]:
    """A record of every event, and whether it can be."""
    price, size = block.numbers("price"), block.numbers("size")
    bid, ask = block.numbers("bidPrice"), block.numbers("askPrice")
    kinds = block.texts("type")
    is_possible: Bool = (
        (price > 0.0)
        & (price < MOST_DOLLARS)
        & are_traded(size)
        & ~((ask > 0.0) & (bid > MOST_CROSSED * ask))
        & np.array([kind in ("NEW", "CORRECTION", "CANCEL") for kind in kinds], np.bool_)
        & np.array([index >= 0 for index in block.integers("index")], np.bool_)
    )
    out = records("tcbbo", block.count)
    out["instrument_id"] = np.array(ids, np.uint32)
    times, nanos = block.integers("time"), block.integers("timeNanoPart")
    out["ts_event"] = [
        time * NS_PER_MS + max(nano, 0) if _is_moment(time) else received
        for time, nano, received in zip(times, nanos, block.received.tolist(), strict=True)
    ]
    out["ts_recv"] = block.received
    out["price"] = fixed(np.where(is_possible, price, 0.0))
    out["size"] = np.where(is_possible, size, 0.0).astype(np.uint32)
    out["flags"] = [CANCEL_FLAG if kind == "CANCEL" else 0 for kind in kinds]
    out["side"] = np.array([_SIDES.get(s, b"N") for s in block.texts("aggressorSide")], "S1")
    for name, dollars in (("bid_px_00", bid), ("ask_px_00", ask)):
        is_known = (dollars >= 0.0) & (dollars < MOST_DOLLARS)
        out[name] = np.where(is_known, fixed(np.where(is_known, dollars, 0.0)), UNDEF_PRICE)
    return out, is_possible
