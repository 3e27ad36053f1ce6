"""The records of underlyings, and the definitions and open interest of the morning."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.clock import new_york
from zerodte.constants import SECOND
from zerodte.feeds.simulator.columns import ContractList, Minute
from zerodte.feeds.simulator.parameters import CENT, STOCK_DEPTH, STOCK_SPREAD, VIX_SECONDS
from zerodte.records.dbn import INDEX, OPRA, OPRA_CONSOLIDATED, STAT_OPEN_INTEREST, records
from zerodte.records.tick import Batch

EQUITY: Final = "ZERODTE.EQUITY"
_VIX: Final = "VIX"
_MORNING: Final = datetime.time(6, 30)


class UnderlyingFeed:
    """The records of a session's underlyings, and the reference data of its contracts."""

    def __init__(self, listing: ContractList, streams: Sequence[np.random.Generator]) -> None:
        """Number the instruments of every dataset from 1.

        Args:
            listing: The day's contracts.
            streams: A random stream per name, for the sizes of its quotes.
        """
        self._listing, self._streams = listing, streams
        is_index = np.array([name.kind == "index" for name in listing.names])
        self._stocks, self._indices = np.flatnonzero(~is_index), np.flatnonzero(is_index)
        self._bids = np.full((1, len(self._stocks)), -1, np.int64)
        names = [name.symbol for name in listing.names]
        of_dataset = {
            OPRA: listing.symbols,
            EQUITY: [names[i] for i in self._stocks],
            INDEX: [*(names[i] for i in self._indices), _VIX],
        }
        #: Raw symbol by instrument id, per dataset.
        self.symbols: Mapping[str, Mapping[int, str]] = {
            dataset: dict(enumerate(symbols, start=1))
            for dataset, symbols in of_dataset.items()
            if symbols
        }

    def definitions(self) -> tuple[Batch, ...]:
        """The definitions of all instruments."""
        return tuple(self._definitions(dataset) for dataset in self.symbols)

    def _definitions(self, dataset: str) -> Batch:
        symbols = self.symbols[dataset]
        out = records("definition", len(symbols))
        out["instrument_id"] = out["raw_instrument_id"] = list(symbols)
        out["raw_symbol"] = list(symbols.values())
        out["ts_event"] = out["ts_recv"] = self._morning
        if dataset == OPRA:
            listing = self._listing
            out["publisher_id"] = OPRA_CONSOLIDATED
            out["instrument_class"] = np.where(listing.is_call, b"C", b"P")
            out["strike_price"] = np.rint(listing.strike * 1e9).astype(np.int64)
            expiry = [new_york(chain.expiry, datetime.time()) for chain in listing.chains]
            out["expiration"] = np.array(expiry)[listing.chain]
        return Batch(dataset, "definition", out)

    def open_interest(self) -> tuple[Batch, ...]:
        """The open interest of the morning, by contract."""
        settled_interest = self._listing.settled_interest
        out = records("statistics", len(settled_interest))
        out["publisher_id"] = OPRA_CONSOLIDATED
        out["instrument_id"] = np.arange(1, len(settled_interest) + 1)
        out["stat_type"], out["quantity"] = STAT_OPEN_INTEREST, settled_interest
        out["ts_event"] = out["ts_recv"] = self._morning
        return (Batch(OPRA, "statistics", out),)

    @property
    def _morning(self) -> int:
        return new_york(self._listing.session.date, _MORNING)

    def prices(self, minute: Minute) -> tuple[Batch, ...]:
        """Changed quotes of stocks and funds, and index values, by second of a block."""
        ends = minute.start + SECOND * np.arange(1, len(minute.spot) + 1)
        quotes = self._quotes(minute.spot[:, self._stocks], ends)
        return quotes + self._values(minute.spot[:, self._indices], minute.vix, ends)

    def _quotes(self, spot: F64, ends: I64) -> tuple[Batch, ...]:
        if not spot.size:
            return ()
        bid = np.floor(100.0 * spot - 0.5).astype(np.int64)
        ask = bid + STOCK_SPREAD
        changed = np.diff(bid, axis=0, prepend=self._bids) != 0
        self._bids = bid[-1:]
        second, stock = np.nonzero(changed)
        out = records("bbo-1s", len(second))
        out["instrument_id"] = stock + 1
        out["ts_event"] = out["ts_recv"] = ends[second]
        out["bid_px_00"], out["ask_px_00"] = CENT * bid[changed], CENT * ask[changed]
        shape = (2, len(spot))
        lots = [self._streams[i].poisson(STOCK_DEPTH, shape) for i in self._stocks.tolist()]
        out["bid_sz_00"], out["ask_sz_00"] = 100 * (1 + np.stack(lots, axis=2)[:, changed])
        return (Batch(EQUITY, "bbo-1s", out),)

    def _values(self, spot: F64, vix: F64, ends: I64) -> tuple[Batch, ...]:
        is_due = np.arange(len(ends)) % VIX_SECONDS == VIX_SECONDS - 1
        value = np.concatenate((spot, np.where(is_due, vix, np.nan)[:, None]), axis=1)
        second, index = np.nonzero(np.isfinite(value))
        out = records("trades", len(second))
        out["instrument_id"] = index + 1
        out["ts_event"] = out["ts_recv"] = ends[second]
        out["price"] = CENT * np.rint(100.0 * value[second, index]).astype(np.int64)
        out["size"] = 0
        return (Batch(INDEX, "trades", out),)
