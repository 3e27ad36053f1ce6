"""The contracts that are followed of a vendor's chains, and their definitions."""

import datetime
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64
from zerodte.feeds.recorded import RecordedContracts
from zerodte.feeds.universe import Universe, is_live, parity
from zerodte.importers.chain_tape import definitions
from zerodte.market.osi import Contract, find_osi
from zerodte.market.roots import root_info
from zerodte.records.dbn import Records, records

#: More contracts than any vendor has.
_NO_LIMIT: Final = 1 << 32


class OptionListing(NamedTuple):
    """A listed contract.

    Attributes:
        raw: Its OSI symbol, padded.
        name: What the vendor's stream calls it, such as `.SPXW261128C6800`.
        contract: The contract.
    """

    raw: str
    name: str
    contract: Contract


class FollowedContracts:
    """The followed contracts of some underlyings. New ones are numbered after the largest id.

    Args:
        symbols: The underlyings.
        date: The session's.
        recorded: What a recording has already.
        most: Contracts that are followed at most, the nearest expiries' first, and of an expiry
            those nearest to spot.
        limit: Whose limit that is, in words that its number follows.

    Attributes:
        date: As above.
        most: As above. What is followed stays so if it is lowered.
        left_out: Live contracts that are not followed, by underlying; only where there are any.
        beyond: Those of them that would be followed but for `most`.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        date: datetime.date,
        recorded: RecordedContracts,
        most: int = _NO_LIMIT,
        limit: str = "a connection may have quotes of",
    ) -> None:
        self._limit = limit
        self.date = date
        self.most = most
        self.left_out: dict[str, int] = {}
        self.beyond: dict[str, int] = {}
        self._universes = {symbol: Universe(date) for symbol in symbols}
        self._listed: dict[str, dict[str, OptionListing]] = {symbol: {} for symbol in symbols}
        self._live_counts = dict.fromkeys(symbols, 0)
        self._ids = {raw: number for number, raw in recorded.ids.items()}
        self._next = max(recorded.ids, default=0) + 1
        self._defined = dict.fromkeys(recorded.defined)
        self._numbers: dict[str, int] = {}

    def sentences(self) -> list[str]:
        """How many contracts are not followed, in words."""
        return [
            *(
                f"{symbol}: {count:,} contracts of other expiries or far strikes are not followed"
                for symbol, count in sorted(self.left_out.items())
            ),
            *(
                f"{symbol}: {count:,} of them are near enough, but {self._limit} {self.most:,} "
                "contracts"
                for symbol, count in sorted(self.beyond.items())
            ),
        ]

    @property
    def symbols(self) -> dict[int, str]:
        """Raw symbols of the followed contracts, by id."""
        return {number: raw for raw, number in self._ids.items()}

    @property
    def numbers(self) -> Mapping[str, int]:
        """Ids of the followed contracts, by what the vendor calls them."""
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
            What the vendor calls the new ones, the nearest first.
        """
        wanted: list[tuple[int, float, str, OptionListing]] = []
        for symbol, listed in self._listed.items():
            own = list(listed.values())
            known = [self._ids.get(listing.raw, 0) for listing in own]
            quoted = np.array([mids[i] if 0 < i < len(mids) else np.nan for i in known], np.float64)
            contracts = [listing.contract for listing in own]
            chosen = self._universes[symbol].select(contracts, quoted, spots[symbol])
            ranks = self._ranks(symbol, contracts)
            spot = spots[symbol] if math.isfinite(spots[symbol]) else 0.0
            for listing, is_chosen in zip(own, chosen.tolist(), strict=True):
                # Neither a move of spot nor a restart loses a contract.
                is_new = listing.name not in self._numbers
                if is_new and (is_chosen or listing.raw in self._ids):
                    rank = ranks.get(listing.contract.expiry, len(ranks))
                    distance = abs(listing.contract.strike - spot) / max(spot, 1.0)
                    wanted.append((rank, distance, symbol, listing))
        room = max(self.most - len(self._numbers), 0)
        wanted.sort(key=lambda one: one[:2])
        for _, _, _, listing in wanted[:room]:
            if listing.raw not in self._ids:
                self._ids[listing.raw] = self._next
                self._next += 1
            self._numbers[listing.name] = self._ids[listing.raw]
        self.beyond = dict(Counter(symbol for _, _, symbol, _ in wanted[room:]))
        self._count()
        return [listing.name for _, _, _, listing in wanted[:room]]

    def parities(self, mids: F64) -> dict[str, float]:
        """The parity of each underlying, dollars; NaN if nothing tells it.

        Args:
            mids: Mids of contracts, dollars, by id; NaN without a quote.
        """
        found = {}
        for symbol, listed in self._listed.items():
            ours = [one for one in listed.values() if one.name in self._numbers]
            ids = [self._numbers[one.name] for one in ours]
            quoted = np.array([mids[i] if i < len(mids) else math.nan for i in ids], np.float64)
            found[symbol] = parity([one.contract for one in ours], quoted)
        return found

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

    def _ranks(self, symbol: str, contracts: Sequence[Contract]) -> dict[datetime.date, int]:
        expiries = self._universes[symbol].expiries(contracts)
        return {expiry: rank for rank, expiry in enumerate(expiries)}

    def _count(self) -> None:
        left_out = {}
        for symbol, listed in self._listed.items():
            count = self._live_counts[symbol] - sum(
                listing.name in self._numbers for listing in listed.values()
            )
            if count > 0:
                left_out[symbol] = count
        self.left_out = left_out
