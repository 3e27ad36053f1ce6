"""Market makers' quotes: spread, depth and frequency, and their records.

A contract has a record in every second in which it is requoted: near the money almost every second,
in the wings rarely, in later expiries every few seconds to minutes.
"""

import numpy as np

from zerodte.arrays import F64, I64, U64
from zerodte.feeds.simulator.columns import BLOCK_SECONDS, ContractList, Minute
from zerodte.feeds.simulator.packages import horizon_of, otm_sigmas
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
    MakerSettings,
    TradeQuotes,
    quote_minute,
)
from zerodte.records.dbn import OPRA_CONSOLIDATED, UNDEF_PRICE, Records, records


class QuoteProcess:
    """The quotes of a session."""

    def __init__(self, listing: ContractList, random_state: U64) -> None:
        """Start before the open.

        Args:
            listing: The day's contracts.
            random_state: A random 64-bit seed of each contract, shape (n,).
        """
        size = len(listing.symbols)
        ticks = np.array([name.ticks for name in listing.names])[listing.name]
        self.tick_cents = np.rint(100.0 * ticks).astype(np.int64)
        self._spread = np.array([name.spread for name in listing.names])[listing.name]
        self._horizon = horizon_of(listing)
        self._is_call, self._strike = listing.is_call, listing.strike
        self._seconds = (listing.session.close - listing.session.open) / 1e9
        self._maker_quotes = MakerQuotes(
            np.zeros((size, 4), np.int64), np.zeros(size), np.full(size, -1.0), random_state.copy()
        )
        self._ids = np.arange(1, size + 1, dtype=np.uint32)
        self._change_buffer = np.empty((BLOCK_SECONDS * size, 6), np.int64)
        self._name = listing.name
        self._start = listing.session.open

    def advance(self, minute: Minute, second: I64, contract: I64) -> tuple[Records, I64]:
        """Quote one block.

        Args:
            minute: Prices of the block.
            second: Second of the block of each trade, ascending, shape (m,).
            contract: Position of each trade's contract, shape (m,).

        Returns:
            The cbbo-1s records by time, and the quote just before each trade: bid, ask (raw), their
            sizes, shape (m, 4); 0 if missing.
        """
        elapsed = (minute.start - self._start) / 1e9
        makers = self._maker_settings(minute, elapsed)
        if self._maker_quotes.next_requote[0] < 0.0:
            self._schedule_opening(minute)
        trades = TradeQuotes(second, contract, np.zeros((len(second), 4), np.int64))
        changes = quote_minute(
            minute.fair, elapsed, makers, self._maker_quotes, trades, self._change_buffer
        )
        return self._records(self._change_buffer[:changes], minute.start), trades.sides

    def _maker_settings(self, minute: Minute, elapsed: float) -> MakerSettings:
        price, horizon = np.maximum(minute.fair[0], 0.0), self._horizon
        spot = minute.spot[0][self._name]
        threshold, slope, limit = DEEP_SPREAD
        in_the_money = np.where(self._is_call, spot - self._strike, self._strike - spot)
        half_spread = 0.01 * np.take(ROOT_CENTS, horizon) * np.sqrt(price)
        half_spread += np.clip(slope * (in_the_money - threshold * spot), 0.0, limit * spot)
        half_spread *= self._spread * self._spread_multiple(elapsed)
        tick_low, tick_high = self.tick_cents[:, 0], self.tick_cents[:, 1]
        tick = 0.01 * np.where(price < TICK_CHANGE, tick_low, tick_high)
        nearness = np.exp(-0.5 * otm_sigmas(minute.delta) ** 2)
        busy, idle = np.take(BUSY, horizon), np.take(IDLE, horizon)
        return MakerSettings(
            tick_low=tick_low,
            tick_high=tick_high,
            half_spread=half_spread,
            patience=np.maximum(
                np.take(PATIENCE, horizon) * half_spread, np.take(PATIENCE_TICKS, horizon) * tick
            ),
            requote_rate=idle + (busy - idle) * nearness,
            depth=DEPTH[0] + DEPTH[1] * np.exp(-price / DEPTH[2]),
        )

    def _spread_multiple(self, elapsed: float) -> F64:
        """The spread at this time as a multiple of the usual one, by contract."""
        extra, fading = OPENING_SPREAD
        opening = 1.0 + extra * np.exp(-elapsed / fading)
        extra, fading = CLOSING_SPREAD
        closing = extra * np.exp((elapsed - self._seconds) / fading)
        multiple: F64 = np.where(self._horizon == TODAY, opening + closing, opening)
        return multiple

    def _schedule_opening(self, minute: Minute) -> None:
        """Schedule the first quote of each contract."""
        distance = 1.0 - np.exp(-0.5 * otm_sigmas(minute.delta) ** 2)
        self._maker_quotes.next_requote[:] = (
            0.2 + (ROTATION - 1.2) * distance * (self._maker_quotes.random_state % 1024) / 1024.0
        )

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
