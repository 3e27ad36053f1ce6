"""What a vendor carries of a tape, as comparable rows; see its table in docs/feeds.md."""

import bisect
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zerodte.constants import SECOND
from zerodte.records.condition import Condition
from zerodte.records.dbn import (
    CADENCE,
    STAT_OPEN_INTEREST,
    UNDEF_PRICE,
    UNDEF_SIZE,
    UNDEF_TIME,
)
from zerodte.records.tick import Batch
from zerodte.tape.folder import Tape

MS = 10**6
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Carried:
    """What a vendor carries.

    Attributes:
        dataset: Of its recordings' options.
        unit: Of the times of its quotes, ns.
        trade: Fields of its trades.
        is_cancel_told: Whether a cancel names its trade.
        is_standing_asked: Whether the quotes that stand when a gap ends are asked for, so that
            they are recorded in the first tick after it.
        has_conditions: Whether it carries the conditions of trades other than cancels.
        trade_unit: Of the times of its trades, ns.
        is_trade_quoted: Whether the quote before a trade comes as a quote too, and an unknown side
            as 0.
        is_gradual: Whether contracts are subscribed one by one.
    """

    dataset: str
    unit: int
    trade: tuple[str, ...]
    is_cancel_told: bool
    is_standing_asked: bool = False
    has_conditions: bool = True
    trade_unit: int = 1
    is_trade_quoted: bool = False
    is_gradual: bool = False


TASTYTRADE = Carried(
    "TASTY.OPRA", MS, ("ts_event", "price", "size", "bid_px_00", "ask_px_00"), is_cancel_told=True
)
ALPACA = Carried(
    "ALPACA.OPRA", 1, ("ts_event", "price", "size"), is_cancel_told=False, is_standing_asked=True
)
MASSIVE = Carried(
    "MASSIVE.OPRA",
    MS,
    ("ts_event", "price", "size"),
    is_cancel_told=False,
    is_standing_asked=True,
    trade_unit=MS,
)
TRADIER = Carried(
    "TRADIER.OPRA",
    MS,
    ("ts_event", "price", "size", "bid_px_00", "ask_px_00"),
    is_cancel_told=True,
    is_standing_asked=True,
    has_conditions=False,
    trade_unit=MS,
)
_TOP = ("bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00")
THETADATA = Carried(
    "THETA.OPRA",
    MS,
    ("ts_event", "price", "size", "publisher_id", *_TOP),
    is_cancel_told=False,
    is_standing_asked=True,
    trade_unit=MS,
    is_trade_quoted=True,
    is_gradual=True,
)
INDICATIVE = Carried("ALPACA.INDICAT", 1, (), is_cancel_told=False, is_standing_asked=True)


@dataclass
class Content:
    """Rows of contracts, with the ends of the ticks that each was in.

    `cancels` are the pairs of a cancel's row and that of its trade; `trade_order` and
    `quote_order` are the rows as they came.
    """

    trades: Counter[Row] = field(default_factory=Counter)
    quotes: Counter[Row] = field(default_factory=Counter)
    interest: Counter[Row] = field(default_factory=Counter)
    equities: Counter[Row] = field(default_factory=Counter)
    values: Counter[Row] = field(default_factory=Counter)
    cancels: Counter[Row] = field(default_factory=Counter)
    ends: dict[Row, list[int]] = field(default_factory=dict)
    trade_order: list[Row] = field(default_factory=list)
    quote_order: list[Row] = field(default_factory=list)
    #: The end of the tick in which each contract had its first quote.
    quoted: dict[str, int] = field(default_factory=dict)


def content_of(tape: Tape, vendor: Carried = TASTYTRADE) -> Content:
    """Everything of a tape that can be carried; records of ours and served ones look the same."""
    out = Content()
    numbered: dict[int, Row] = {}
    is_served = vendor.dataset not in tape.symbols
    for tick in tape.ticks():
        quotes = [
            key
            for batch in tick.quotes
            for key in _quotes(tape, batch, vendor, is_served=is_served)
        ]
        if vendor.is_trade_quoted and is_served:
            quotes += [key for batch in tick.trades for key in _trade_quotes(tape, batch, vendor)]
            quotes.sort(key=lambda key: key[1])
        for key in quotes:
            out.quotes[key] += 1
            out.quote_order.append(key)
            out.quoted.setdefault(key[0], tick.end)
            out.ends.setdefault(key, []).append(tick.end)
        for batch in tick.trades:
            for at, key in enumerate(_trades(tape, batch, vendor)):
                out.trades[key] += 1
                out.trade_order.append(key)
                out.ends.setdefault(key, []).append(tick.end)
                numbered[batch.first + at] = key
                if vendor.is_cancel_told and batch.cancels is not None and batch.cancels[at] >= 0:
                    out.cancels[key, numbered[int(batch.cancels[at])]] += 1
        for batch in tick.statistics:
            for row in batch.records[batch.records["stat_type"] == STAT_OPEN_INTEREST]:
                raw = tape.symbols[batch.dataset][int(row["instrument_id"])]
                day = int(row["ts_event"]) // (86_400 * 10**9)
                out.interest[raw, day, int(row["quantity"])] += 1
        for batch in tick.underlying:
            for row in batch.records:
                symbol = tape.symbols[batch.dataset][int(row["instrument_id"])]
                if batch.schema in CADENCE:
                    time = int(row["ts_recv"]) if is_served else int(row["ts_event"])
                    out.equities[symbol, time // MS, *_sides(row)] += 1
                else:
                    out.values[symbol, int(row["ts_event"]) // MS, int(row["price"])] += 1
    return out


def _sides(row: Any) -> Row:
    return tuple(int(row[name]) for name in _TOP)


def _known(row: Any, names: tuple[str, ...], vendor: Carried) -> Row:
    """Fields as a vendor can tell them."""
    found = []
    for name in names:
        value = int(row[name])
        if name == "ts_event":
            value = value // vendor.trade_unit * vendor.trade_unit
        elif vendor.is_trade_quoted and value in (UNDEF_PRICE, UNDEF_SIZE):
            value = 0
        found.append(value)
    return tuple(found)


def _trade_quotes(tape: Tape, batch: Batch, vendor: Carried) -> Iterator[Row]:
    names = tape.symbols[batch.dataset]
    for row in batch.records:
        time = int(row["ts_event"]) // vendor.unit
        yield names[int(row["instrument_id"])], time, *_known(row, _TOP, vendor)


def _quotes(tape: Tape, batch: Batch, vendor: Carried, *, is_served: bool) -> Iterator[Row]:
    """A quote's time is that of its change: of receipt on the served tape."""
    names = tape.symbols[batch.dataset]
    for row in batch.records:
        time = int(row["ts_recv"]) if is_served else int(row["ts_event"])
        assert time != UNDEF_TIME
        yield names[int(row["instrument_id"])], time // vendor.unit, *_known(row, _TOP, vendor)


def _trades(tape: Tape, batch: Batch, vendor: Carried) -> Iterator[Row]:
    names = tape.symbols[batch.dataset]
    codes = batch.conditions
    assert codes is not None
    for at, row in enumerate(batch.records):
        code = Condition(codes[at])
        if batch.cancels is not None and batch.cancels[at] >= 0:
            code = Condition.CANCEL
        code = Condition.REGULAR if code is Condition.UNKNOWN else code
        if code is not Condition.CANCEL and not vendor.has_conditions:
            code = Condition.REGULAR
        values = _known(row, vendor.trade, vendor)
        side = (row["side"],) if vendor is TASTYTRADE else ()
        yield names[int(row["instrument_id"])], *values, *side, code


class StreamProgress:
    """How far a stream had come by each tick of a recording.

    Its trades tell, by the tick of the served tape that they are from: a quote may also come
    because it was asked for, and then overtakes a stream that is late.
    """

    def __init__(self, found: Content, wanted: Content) -> None:
        came = sorted(
            (found.ends[key][0], wanted.ends[key][0])
            for key in found.trades
            if key in wanted.trades
        )
        self._ticks = [tick for tick, _ in came]
        self._sent = list(itertools.accumulate((sent for _, sent in came), max))

    @property
    def last(self) -> int:
        """The end of the last tick that a trade came from; 0 without any."""
        return self._sent[-1] if self._sent else 0

    def had_sent(self, tick: int, sent: int) -> bool:
        """Whether what was sent in one tick had its turn by another, both by their ends.

        Without trades nothing tells, and all has.
        """
        if not self._ticks:
            return True
        place = bisect.bisect_right(self._ticks, tick)
        return place > 0 and sent <= self._sent[place - 1] + SECOND


def unexcused(
    order: list[Row], found: Content, wanted: Content, gaps: list[int], progress: StreamProgress
) -> list[Row]:
    """The rows that a recording lacks, though it was listening.

    How late a record comes depends on the machine, so order tells: what is missing between two
    rows that came is excused by a gap among the ticks from the one's to the other's, and by a
    contract that had no quote yet when the first of them came.

    Args:
        order: The rows that were sent, in order.
        found: What was recorded.
        wanted: What was sent.
        gaps: The ends of ticks with a gap, ascending.
        progress: What came without its turn tells nothing of the order.
    """
    sent: dict[Row, int] = Counter(order)
    came = {
        key: sorted(found.ends[key])
        for key, count in sent.items()
        if len(found.ends.get(key, ())) >= count
    }
    streamed = {
        key for key, ticks in came.items() if progress.had_sent(ticks[-1], wanted.ends[key][0])
    }
    before, lasts = 0, []
    for key in order:
        before = came[key][0] if key in came else before
        lasts.append(before)
    after, nexts = 0, []
    for key in reversed(order):
        after = came[key][-1] if key in streamed else after
        nexts.append(after)
    lacking = Counter(
        {
            key: count - len(found.ends.get(key, ()))
            for key, count in sent.items()
            if key not in came
        }
    )
    for key, low, high in zip(order, lasts, reversed(nexts), strict=True):
        # What stands is asked for, and may come before what is older.
        place = bisect.bisect_left(gaps, min(low, high))
        is_gap = place < len(gaps) and gaps[place] <= max(low, high)
        if lacking[key] and (not high or is_gap or low <= found.quoted.get(key[0], low)):
            lacking[key] -= 1
    return [key for key, count in lacking.items() if count > 0]
