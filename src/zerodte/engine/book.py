"""Standing quotes: the last one of each instrument wins, and stands until it is replaced.

Flat float64 arrays by position. Nothing here knows which positions make a chain; a group
number per position (the chain's number) only serves to tell how long a chain has been silent.
"""

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from zerodte.arrays import F64, I32, I64, U64, Bool
from zerodte.compiled import inline, kernel
from zerodte.constants import STALE_AFTER
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, Records

Scalar = TypeVar("Scalar", bound=np.generic)

#: The receive time of what has never spoken: so early that no patience reaches it.
NEVER_QUOTED = -(2**62)
#: Raw prices per dollar. Dividing gives the double nearest to the decimal, as strikes are; times
#: 1e-9 would not, and a price at a strike would fall to either side of it.
RAW_PER_DOLLAR = 1e9


def patience_for(cadence: int, delay: int = 0) -> int:
    """How long a quote stays fresh, ns: max(15 s, two cadences), and its source's delay (ours).

    Args:
        cadence: Interval of its schema, ns; 0 for an event feed.
        delay: How late its source is as a whole, ns.
    """
    return max(STALE_AFTER, 2 * cadence) + delay


@inline
def raw_price(dollars: float) -> int:
    """A quote in the tape's integers; 0 where there is none."""
    return int(np.rint(dollars * RAW_PER_DOLLAR)) if dollars > 0.0 else 0


class PrevailingQuotes(NamedTuple):
    """Trades that want to know the quote that stood before them.

    Attributes:
        received: Receive times, shape (k,).
        positions: Where each belongs, shape (k,), negative for none.
        standing: Bid, ask, bid size, ask size before each, shape (k, 4); kept up to date by
            `update_prevailing`.
    """

    received: U64
    positions: I32
    standing: F64


class QuoteBook:
    """The standing quote of every instrument, by position.

    Attributes:
        newest: Receive time of each group's newest record, UTC ns, shape (groups,).
        overtaken: Quotes of each group that came after a newer one of their instrument, and so
            never stood, shape (groups,).
    """

    def __init__(self) -> None:
        self.newest = np.empty(0, np.int64)
        self.overtaken = np.empty(0, np.int64)
        self._quotes = np.empty((0, 4))
        self._received = np.empty(0, np.int64)
        self._patience = np.empty(0, np.int64)

    @property
    def bid(self) -> F64:
        """Dollars, shape (n,); NaN where there is none, 0 where the venue said 0."""
        return self._quotes[:, 0]

    @property
    def ask(self) -> F64:
        """Dollars, shape (n,); NaN where there is none."""
        return self._quotes[:, 1]

    def grow(self, instruments: int, groups: int) -> None:
        """Make room for positions below `instruments` and groups below `groups`."""
        self._quotes = grown(self._quotes, instruments, np.nan)
        self._received = grown(self._received, instruments, NEVER_QUOTED)
        self.newest = grown(self.newest, groups, NEVER_QUOTED)
        self.overtaken = grown(self.overtaken, groups, 0)
        self._patience = grown(self._patience, groups, STALE_AFTER)

    def apply(
        self,
        records: Records,
        positions: I32,
        group: I32,
        patience: int,
        now: int,
    ) -> None:
        """Take quotes in order. The one received last stands, whatever the order.

        Args:
            records: Records of a quote schema, shape (m,).
            positions: Where each belongs, shape (m,); negative ones are passed over.
            group: The group of every position, shape (n,).
            patience: How long they stay fresh, ns; see `patience_for`.
            now: End of their tick, UTC ns: a clock ahead of it does not keep quotes fresh.
        """
        _apply(
            records,
            positions,
            group,
            patience,
            now,
            self._quotes,
            self._received,
            self.newest,
            self.overtaken,
            self._patience,
        )

    def prevailing(self, trades: Records, positions: I32) -> PrevailingQuotes:
        """Taps of trades, holding what stands now; positions of shape (k,), negative for none."""
        standing = np.where(positions[:, None] >= 0, self._quotes[positions], np.nan)
        return PrevailingQuotes(np.array(trades["ts_recv"]), positions, standing)

    def update_prevailing(
        self, quotes: Records, positions: I32, prevailing: PrevailingQuotes
    ) -> None:
        """Tell trades of the quotes just before them, each batch of their tick's quotes in turn.

        Args:
            quotes: Records of a quote schema, shape (m,).
            positions: Where each belongs, shape (m,), negative for none.
            prevailing: The trades. Those that a batch has no quote for stay as they are, so the way
                in which a tick's quotes are spread over batches does not matter.
        """
        _update_prevailing(quotes, positions, prevailing, len(self._quotes))

    def is_fresh(self, group: int, now: int) -> bool:
        """Whether the group has spoken within the patience for its quotes before `now`."""
        return bool(now - self.newest[group] <= self._patience[group])

    def stale(self, now: int) -> Bool:
        """Which groups have been silent for longer than `is_fresh` allows, shape (groups,)."""
        return _stale(self.newest, self._patience, now)

    def newest_of(self, group: int) -> int | None:
        """Receive time of the group's newest record, or None if it has never spoken."""
        return None if self.newest[group] == NEVER_QUOTED else int(self.newest[group])


def grown(array: npt.NDArray[Scalar], size: int, fill: float) -> npt.NDArray[Scalar]:
    """`array` lengthened to at least `size` with `fill`; the same object if it is long enough."""
    if len(array) >= size:
        return array
    longer = np.full((max(size, 2 * len(array)), *array.shape[1:]), fill, array.dtype)
    longer[: len(array)] = array
    return longer


@kernel
def _price(raw: int) -> float:
    """Dollars; NaN for the sentinel and for a price below zero, which no option quote has."""
    return np.nan if raw == UNDEF_PRICE or raw < 0 else raw / RAW_PER_DOLLAR


@kernel
def _size(raw: int) -> float:
    return np.nan if raw == UNDEF_SIZE else float(raw)


@kernel
def _apply(
    records: Records,
    positions: I32,
    group: I32,
    fresh_for: int,
    now: int,
    quotes: F64,
    received: I64,
    newest: I64,
    overtaken: I64,
    patience: I64,
) -> None:
    for i in range(positions.shape[0]):
        quote = records[i]
        at = positions[i]
        if at < 0:
            continue
        # A clock ahead of the tick is wrong, and keeps no later quote from standing.
        time = np.int64(quote.ts_recv)
        if time < received[at]:
            overtaken[group[at]] += 1
            continue
        if time <= now:
            received[at] = time
        quotes[at, 0] = _price(quote.bid_px_00)
        quotes[at, 1] = _price(quote.ask_px_00)
        quotes[at, 2] = _size(quote.bid_sz_00)
        quotes[at, 3] = _size(quote.ask_sz_00)
        newest[group[at]] = max(newest[group[at]], min(time, now))
        patience[group[at]] = fresh_for


@kernel
def _update_prevailing(
    quotes: Records, positions: I32, prevailing: PrevailingQuotes, size: int
) -> None:
    newest = np.full(size, -1, np.int64)  # row of each position's last quote so far
    # In order of receive times: a record out of order must not hide those of other symbols.
    times = np.empty(positions.shape[0], np.uint64)
    for row in range(positions.shape[0]):
        times[row] = quotes[row].ts_recv
    quote_rows, trade_rows = _in_order(times), _in_order(prevailing.received)
    passed = 0
    for trade in trade_rows:
        while passed < len(quote_rows) and times[quote_rows[passed]] < prevailing.received[trade]:
            row = quote_rows[passed]
            if positions[row] >= 0:
                newest[positions[row]] = row
            passed += 1
        at = prevailing.positions[trade]
        if at >= 0 and newest[at] >= 0:
            _unpack_row(quotes, newest[at], prevailing.standing, trade)


@kernel
def _in_order(times: U64) -> I64:
    """The rows in order of their times; equal times stay in order, and so do all as a rule."""
    for row in range(1, times.shape[0]):
        if times[row] < times[row - 1]:
            return np.argsort(times, kind="mergesort")
    return np.arange(times.shape[0])


@kernel
def _stale(newest: I64, patience: I64, now: int) -> Bool:
    stale = np.empty(newest.shape[0], np.bool_)
    for group in range(newest.shape[0]):
        stale[group] = now - newest[group] > patience[group]
    return stale


def embedded_quotes(trades: Records) -> F64:
    """The quote that each trade record carries: bid, ask, bid size, ask size, shape (k, 4).

    Args:
        trades: Records of `tcbbo` or `tbbo`.
    """
    standing = np.empty((len(trades), 4))
    _unpack(trades, standing)
    return standing


@kernel
def _unpack(trades: Records, standing: F64) -> None:
    for i in range(standing.shape[0]):
        _unpack_row(trades, i, standing, i)


@kernel
def _unpack_row(records: Records, row: int, standing: F64, to: int) -> None:
    standing[to, 0] = _price(records[row].bid_px_00)
    standing[to, 1] = _price(records[row].ask_px_00)
    standing[to, 2] = _size(records[row].bid_sz_00)
    standing[to, 3] = _size(records[row].ask_sz_00)
