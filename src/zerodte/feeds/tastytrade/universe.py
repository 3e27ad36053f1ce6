"""The contracts that are followed of tastytrade's chains, and their definitions."""

import datetime
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from zerodte.arrays import F64
from zerodte.feeds.recorded import RecordedContracts
from zerodte.feeds.tastytrade.chain import OptionListing
from zerodte.feeds.universe import Universe, is_live
from zerodte.importers.chain_tape import definitions
from zerodte.market.osi import find_osi
from zerodte.market.roots import root_info
from zerodte.records.dbn import Records, records


class TastytradeUniverse:
    """The followed contracts of some underlyings. New ones are numbered after the largest id.

    Args:
        symbols: The underlyings.
        date: The session's.
        recorded: What a recording has already.

    Attributes:
        date: As above.
        left_out: Live contracts that are not followed, by underlying; only where there are any.
    """

    def __init__(
        self, symbols: Sequence[str], date: datetime.date, recorded: RecordedContracts
    ) -> None:
        self.date = date
        self.left_out: dict[str, int] = {}
        self._universes = {symbol: Universe(date) for symbol in symbols}
        self._listed: dict[str, dict[str, OptionListing]] = {symbol: {} for symbol in symbols}
        self._live_counts = dict.fromkeys(symbols, 0)
        self._ids = {raw: number for number, raw in recorded.ids.items()}
        self._next = max(recorded.ids, default=0) + 1
        self._defined = dict.fromkeys(recorded.defined)
        self._numbers: dict[str, int] = {}

    @property
    def symbols(self) -> dict[int, str]:
        """Raw symbols of the followed contracts, by id."""
        return {number: raw for raw, number in self._ids.items()}

    @property
    def numbers(self) -> Mapping[str, int]:
        """Ids of the followed contracts, by what DXLink calls them."""
        return self._numbers

    @property
    def largest(self) -> int:
        """The largest id."""
        return self._next - 1

    def add(self, symbol: str, chain: Iterable[OptionListing]) -> None:
        """Add the listed contracts of an underlying, those of the followed expiries."""
        live = [
            listing
            for listing in chain
            if is_live(listing.contract, self.date)
            and root_info(listing.contract.root).symbol == symbol
        ]
        self._live_counts[symbol] = len(live)
        universe = self._universes[symbol]
        expiries = set(universe.expiries([listing.contract for listing in live]))
        self._listed[symbol] |= {
            listing.raw: listing
            for listing in live
            if listing.contract.expiry in expiries or listing.raw in self._ids
        }

    def follow(self, mids: F64, spots: Mapping[str, float]) -> list[str]:
        """Follow what the windows of strikes hold now; nothing is followed no more.

        Args:
            mids: Mids of contracts, dollars, by id; NaN without a quote.
            spots: Prices of underlyings, dollars; NaN if unknown.

        Returns:
            What DXLink calls the new ones.
        """
        new = []
        for symbol, listed in self._listed.items():
            own = list(listed.values())
            known = [self._ids.get(listing.raw, 0) for listing in own]
            quoted = np.array([mids[i] if 0 < i < len(mids) else np.nan for i in known], np.float64)
            contracts = [listing.contract for listing in own]
            chosen = self._universes[symbol].select(contracts, quoted, spots[symbol])
            for listing, is_chosen in zip(own, chosen.tolist(), strict=True):
                # Neither a move of spot nor a restart loses a contract.
                if not is_chosen and listing.raw not in self._ids:
                    continue
                if listing.raw not in self._ids:
                    self._ids[listing.raw] = self._next
                    self._next += 1
                if listing.streamer not in self._numbers:
                    self._numbers[listing.streamer] = self._ids[listing.raw]
                    new.append(listing.streamer)
        self._count()
        return new

    def restart(self, count: int) -> None:
        """Forget the definitions that were sent after the first `count`."""
        self._defined = dict.fromkeys(list(self._defined)[:count])

    def definitions(self, at: int) -> Records:
        """The definitions of followed contracts that were not sent yet.

        Args:
            at: Their time, UTC ns.
        """
        new = [raw for raw in self._ids if raw not in self._defined]
        self._defined.update(dict.fromkeys(new))
        by_symbol: dict[str, list[str]] = {}
        for raw in new:
            contract = find_osi(raw)
            if contract is not None:
                by_symbol.setdefault(root_info(contract.root).symbol, []).append(raw)
        blocks = [records("definition", 0)]
        for symbol, raws in by_symbol.items():
            contracts = [found for raw in raws if (found := find_osi(raw))]
            ids = np.array([self._ids[raw] for raw in raws], np.uint32)
            blocks.append(definitions(contracts, ids, symbol, at))
        out: Records = np.concatenate(blocks)
        # In the order in which they were noted, which is that of a recording.
        places = {number: place for place, number in enumerate(self._ids[raw] for raw in new)}
        order = np.argsort([places[number] for number in out["instrument_id"].tolist()])
        return out[order] if len(out) else out

    def _count(self) -> None:
        left_out = {}
        for symbol, listed in self._listed.items():
            count = self._live_counts[symbol] - sum(raw in self._ids for raw in listed)
            if count > 0:
                left_out[symbol] = count
        self.left_out = left_out
