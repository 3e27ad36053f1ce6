"""Market makers' quotes: how wide, how deep and how often, and the records that say so.

A record appears only when a contract's quote was made anew in that second: near the money almost
every second, wings now and then, later expiries every few seconds to minutes.
"""

from typing import Final

import numpy as np

from zerodte.feeds.simulator.packages import horizon_of, outness
from zerodte.feeds.simulator.parameters import ROTATION, TODAY
from zerodte.feeds.simulator.parts import BLOCK_SECONDS, Floats, Ints, Listing, Minute
from zerodte.feeds.simulator.quote_kernel import Book, Makers, Taps, Words, quote_minute
from zerodte.records.dbn import OPRA_CONSOLIDATED, UNDEF_PRICE, Records, records

#: Half-spreads of the tightest name, by horizon: cents per square root of a dollar of price (after
#: Chains; SPXW's of the day were one or two ticks wide in 2023: Fu). Further in the money than a
#: fraction of spot, a part of what is beyond is added, but no more than another fraction of it.
ROOT_CENTS: Final = (0.18, 1.0, 1.1, 1.0)
DEEP_SPREAD: Final = (0.001, 0.0036, 5e-4)
#: In the first minutes spreads are wider by so many times, fading over so many seconds; likewise in
#: the last minutes of what expires (ours).
OPENING_SPREAD: Final = (3.0, 240.0)
CLOSING_SPREAD: Final = (1.5, 420.0)

#: Requotes a second by horizon, at the money and far from it (ours), besides those that a move
#: forces: of this many half-spreads, and at least of so many ticks.
BUSY: Final = (0.98, 0.7, 0.4, 0.15)
IDLE: Final = (0.05, 0.022, 0.014, 0.008)
PATIENCE: Final = (1.0, 1.0, 1.5, 2.0)
PATIENCE_TICKS: Final = (0.5, 1.0, 1.5, 2.5)

#: Median contracts at the touch, and how many more for what is almost worthless (Bilz: 57 to 82).
DEPTH: Final = (60.0, 400.0)
_CHEAP: Final = 0.10


class Quotes:
    """The standing quotes of a session."""

    def __init__(self, listing: Listing, words: Words) -> None:
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
        self._book = Book(
            np.zeros((size, 4), np.int64), np.zeros(size), np.full(size, -1.0), words.copy()
        )
        self._ids = np.arange(1, size + 1, dtype=np.uint32)
        self._room = np.empty((BLOCK_SECONDS * size, 6), np.int64)
        self._name = listing.name
        self._start = listing.session.open

    def advance(self, minute: Minute, second: Ints, contract: Ints) -> tuple[Records, Ints]:
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
        taps = Taps(second, contract, np.zeros((len(second), 4), np.int64))
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
        tick = 0.01 * np.where(price < 3.0, low, high)
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
            depth=DEPTH[0] + DEPTH[1] * np.exp(-price / _CHEAP),
        )

    def _strain(self, started: float) -> Floats:
        """How much wider quotes are at this time than usual, by contract."""
        more, fading = OPENING_SPREAD
        opening = 1.0 + more * np.exp(-started / fading)
        more, fading = CLOSING_SPREAD
        closing = more * np.exp((started - self._seconds) / fading)
        strain: Floats = np.where(self._horizon == TODAY, opening + closing, opening)
        return strain

    def _rotate(self, minute: Minute) -> None:
        """Set when each contract opens."""
        far = 1.0 - np.exp(-0.5 * outness(minute.delta) ** 2)
        self._book.due[:] = 0.2 + (ROTATION - 1.2) * far * (self._book.words % 1024) / 1024.0

    def _records(self, changes: Ints, start: int) -> Records:
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
