"""Market makers' quotes: how wide, how deep and how often, and the records that say so.

A record appears only when a contract's quote was made anew in that second: near the money almost
every second, wings now and then, later expiries every few seconds to minutes.
"""

import numpy as np

from zerodte.arrays import F64, I64, U64
from zerodte.feeds.simulator.columns import BLOCK_SECONDS, ContractList, Minute
from zerodte.feeds.simulator.packages import horizon_of, outness
from zerodte.feeds.simulator.parameters import (
    BUSY,
    CLOSING_SPREAD,
    DEEP_SPREAD,
    DEPTH,
    IDLE,
    OPENING_SPREAD,
    PATIENCE,
    PATIENCE_TICKS,
    ROOT_CENTS,
    ROTATION,
    TODAY,
)
from zerodte.feeds.simulator.quote_kernel import (
    TICK_CHANGE,
    MakerQuotes,
    Makers,
    TradeQuotes,
    quote_minute,
)
from zerodte.records.dbn import OPRA_CONSOLIDATED, UNDEF_PRICE, Records, records


class QuoteProcess:
    """The standing quotes of a session."""

    def __init__(self, listing: ContractList, words: U64) -> None:
        """Begin before the open.

        Args:
            listing: What is listed.
            words: A random 64-bit word of each contract, shape (n,).
        """
        size = len(listing.symbols)
        ticks = np.array([name.ticks for name in listing.names])[listing.name]
        self.cents = np.rint(100.0 * ticks).astype(np.int64)
        self._spread = np.array([name.spread for name in listing.names])[listing.name]
        self._horizon = horizon_of(listing)
        self._is_call, self._strike = listing.is_call, listing.strike
        self._seconds = (listing.session.close - listing.session.open) / 1e9
        self._book = MakerQuotes(
            np.zeros((size, 4), np.int64), np.zeros(size), np.full(size, -1.0), words.copy()
        )
        self._ids = np.arange(1, size + 1, dtype=np.uint32)
        self._room = np.empty((BLOCK_SECONDS * size, 6), np.int64)
        self._name = listing.name
        self._start = listing.session.open

    def advance(self, minute: Minute, second: I64, contract: I64) -> tuple[Records, I64]:
        """Quote a block.

        Args:
            minute: Its prices.
            second: Of the block, of trades by time, shape (m,).
            contract: Of each trade, shape (m,).

        Returns:
            The records of cbbo-1s, by time; and the quote just before each trade: bid, ask (raw),
            their sizes, shape (m, 4), 0 where there is none.
        """
        started = (minute.start - self._start) / 1e9
        makers = self._makers(minute, started)
        if self._book.due[0] < 0.0:
            self._rotate(minute)
        taps = TradeQuotes(second, contract, np.zeros((len(second), 4), np.int64))
        changes = quote_minute(minute.fair, started, makers, self._book, taps, self._room)
        return self._records(self._room[:changes], minute.start), taps.sides

    def _makers(self, minute: Minute, started: float) -> Makers:
        price, horizon = np.maximum(minute.fair[0], 0.0), self._horizon
        spot = minute.spot[0][self._name]
        from_spot, part, most = DEEP_SPREAD
        inside = np.where(self._is_call, spot - self._strike, self._strike - spot)
        half = 0.01 * np.take(ROOT_CENTS, horizon) * np.sqrt(price)
        half += np.clip(part * (inside - from_spot * spot), 0.0, most * spot)
        half *= self._spread * self._strain(started)
        low, high = self.cents[:, 0], self.cents[:, 1]
        tick = 0.01 * np.where(price < TICK_CHANGE, low, high)
        near = np.exp(-0.5 * outness(minute.delta) ** 2)
        busy, idle = np.take(BUSY, horizon), np.take(IDLE, horizon)
        return Makers(
            low=low,
            high=high,
            half=half,
            patience=np.maximum(
                np.take(PATIENCE, horizon) * half, np.take(PATIENCE_TICKS, horizon) * tick
            ),
            rate=idle + (busy - idle) * near,
            depth=DEPTH[0] + DEPTH[1] * np.exp(-price / DEPTH[2]),
        )

    def _strain(self, started: float) -> F64:
        """How much wider quotes are at this time than usual, by contract."""
        more, fading = OPENING_SPREAD
        opening = 1.0 + more * np.exp(-started / fading)
        more, fading = CLOSING_SPREAD
        closing = more * np.exp((started - self._seconds) / fading)
        strain: F64 = np.where(self._horizon == TODAY, opening + closing, opening)
        return strain

    def _rotate(self, minute: Minute) -> None:
        """Set when each contract opens."""
        far = 1.0 - np.exp(-0.5 * outness(minute.delta) ** 2)
        self._book.due[:] = 0.2 + (ROTATION - 1.2) * far * (self._book.words % 1024) / 1024.0

    def _records(self, changes: I64, start: int) -> Records:
        out = records("cbbo-1s", len(changes))
        second, contract, bid, ask, bid_size, ask_size = changes.T
        out["publisher_id"] = OPRA_CONSOLIDATED
        out["instrument_id"] = self._ids[contract]
        out["ts_recv"] = start + (second + 1) * 1_000_000_000
        out["size"] = 0
        out["bid_px_00"] = bid
        out["ask_px_00"] = np.where(ask > 0, ask, UNDEF_PRICE)
        out["bid_sz_00"], out["ask_sz_00"] = bid_size, ask_size
        out["bid_pb_00"] = out["ask_pb_00"] = OPRA_CONSOLIDATED
        return out
