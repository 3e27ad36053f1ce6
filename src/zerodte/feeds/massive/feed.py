"""Massive's live data as a feed: quotes and trades of options, open interest, index values."""

import datetime
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.massive.account import MassiveAccount
from zerodte.feeds.massive.chain import MassiveChain
from zerodte.feeds.massive.connection import MassiveConnection
from zerodte.feeds.massive.protocol import MOST_QUOTES
from zerodte.feeds.massive.records import index_numbers, massive_streams
from zerodte.feeds.massive.session import MassiveSession
from zerodte.feeds.massive.values import MassiveValues
from zerodte.feeds.recorded import recorded_contracts
from zerodte.feeds.stream_feed import StreamFeed
from zerodte.feeds.universe import is_live, parity
from zerodte.records.dbn import INDEX
from zerodte.tape.feed_manifest import FeedManifest

#: What users of its tapes have to know.
MASSIVE_ORIGIN: Final = "quotes, trades and open interest are Massive's"
MASSIVE_LACKS: Final = (
    "Massive sends the quotes of up to {most:,} contracts, trades without the quote at their time, "
    "times in milliseconds, and cannot send again what was missed"
)


class MassiveFeed(StreamFeed[MassiveChain, MassiveSession]):
    """Options of some underlyings.

    Args:
        account: The user's.
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
        capture: Folder for a copy of what is sent; None for none.
    """

    def __init__(
        self,
        account: MassiveAccount,
        symbols: Sequence[str],
        root: Path,
        capture: Path | None = None,
    ) -> None:
        super().__init__(symbols, root, massive_streams(symbols), MOST_QUOTES, MASSIVE_ORIGIN)
        self._account = account
        self._capture = capture
        self._values = MassiveValues(account, index_numbers(self._symbols))

    @property
    def name(self) -> str:
        """The host."""
        return self._account.name

    @property
    def _lacks(self) -> str:
        return MASSIVE_LACKS.format(most=self._reading.most)

    def _session(self) -> MassiveSession:
        return MassiveSession(self._account, capture=self._capture)

    def _chain(self, symbol: str, date: datetime.date) -> MassiveChain:
        return self._account.chain(symbol, date)

    def _following(self, date: datetime.date, folder: Path) -> FollowedContracts:
        """Trades have no limit."""
        recorded = recorded_contracts(folder, date, self._streams.quotes.dataset)
        return FollowedContracts(self._symbols, date, recorded)

    def _numbered(self, contracts: FollowedContracts) -> dict[str, dict[int, str]]:
        found = super()._numbered(contracts)
        if indices := self._values.numbers:
            found[INDEX] = {number: symbol for symbol, number in indices.items()}
        return found

    def _spot(self, symbol: str, chain: MassiveChain, date: datetime.date) -> float:
        """The parity of the nearest expiry's last quotes, or closes, else what the vendor tells."""
        live = [one for one in chain.listings if is_live(one.contract, date)]
        if not live:
            return math.nan
        nearest = min(one.contract.expiry for one in live)
        ours = [one for one in live if one.contract.expiry == nearest]
        contracts = [one.contract for one in ours]
        found = self._account.snapshot(symbol, nearest)
        mids = {one.name: (one.bid + one.ask) / 2.0 for one in found.quotes if one.ask > 0.0}
        for prices in (mids, found.closes):
            known = [prices.get(one.name, math.nan) for one in ours]
            spot = parity(contracts, np.array(known, np.float64))
            if math.isfinite(spot):
                return spot
        return found.spot

    def _connected(
        self,
        session: MassiveSession,
        manifest: FeedManifest,
        folder: Path,
        contracts: FollowedContracts,
    ) -> MassiveConnection:
        return MassiveConnection(
            session,
            self._account,
            manifest,
            folder,
            self._reading,
            contracts,
            self._streams,
            self._values,
        )
