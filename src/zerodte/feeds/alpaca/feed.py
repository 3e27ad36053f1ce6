"""Alpaca's live data as a feed: quotes and trades of options, and their open interest."""

import datetime
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.feeds.alpaca.account import AlpacaAccount
from zerodte.feeds.alpaca.chain import AlpacaChain
from zerodte.feeds.alpaca.connection import AlpacaConnection
from zerodte.feeds.alpaca.protocol import MOST_FREE_QUOTES, MOST_QUOTES
from zerodte.feeds.alpaca.records import alpaca_streams
from zerodte.feeds.alpaca.session import AlpacaSession
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.stream_feed import StreamFeed
from zerodte.feeds.universe import is_live, parity
from zerodte.tape.feed_manifest import FeedManifest

#: What users of its tapes have to know.
ALPACA_ORIGIN: Final = "quotes, trades and open interest are Alpaca's"
ALPACA_LACKS: Final = (
    "Alpaca sends the quotes and trades of up to {most:,} contracts, trades without the quote at "
    "their time, and cannot send again what was missed"
)
INDICATIVE_LACKS: Final = (
    "Alpaca's indicative quotes are derived ones, not those of the exchanges, of up to {most:,} "
    "contracts; there are no trades and no flow, and whatever is computed is indicative too"
)


class AlpacaFeed(StreamFeed[AlpacaChain, AlpacaSession]):
    """Options of some underlyings.

    Args:
        account: The user's.
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
        capture: Folder for a copy of what is sent; None for none.
    """

    def __init__(
        self,
        account: AlpacaAccount,
        symbols: Sequence[str],
        root: Path,
        capture: Path | None = None,
    ) -> None:
        most = MOST_FREE_QUOTES if account.is_indicative else MOST_QUOTES
        streams = alpaca_streams(is_indicative=account.is_indicative)
        super().__init__(symbols, root, streams, most, ALPACA_ORIGIN)
        self._account = account
        self._capture = capture

    @property
    def name(self) -> str:
        """The host."""
        return self._account.name

    @property
    def _lacks(self) -> str:
        lacks = INDICATIVE_LACKS if self._account.is_indicative else ALPACA_LACKS
        return lacks.format(most=self._reading.most)

    def _session(self) -> AlpacaSession:
        return AlpacaSession(self._account, self._capture)

    def _chain(self, symbol: str, date: datetime.date) -> AlpacaChain:
        return self._account.chain(symbol, date)

    def _spot(self, symbol: str, chain: AlpacaChain, date: datetime.date) -> float:
        """The parity of the nearest expiry's last quotes, else of the closes of the day before."""
        live = [one for one in chain.listings if is_live(one.contract, date)]
        if not live:
            return math.nan
        nearest = min(one.contract.expiry for one in live)
        ours = [one for one in live if one.contract.expiry == nearest]
        quotes = self._account.quotes(symbol, nearest)
        mids = {quote.name: (quote.bid + quote.ask) / 2.0 for quote in quotes if quote.ask > 0.0}
        contracts = [one.contract for one in ours]
        quoted = np.array([mids.get(one.name, math.nan) for one in ours], np.float64)
        spot = parity(contracts, quoted)
        if math.isfinite(spot):
            return spot
        closes = [chain.closes.get(one.raw, math.nan) for one in live]
        return parity([one.contract for one in live], np.array(closes, np.float64))

    def _connected(
        self,
        session: AlpacaSession,
        manifest: FeedManifest,
        folder: Path,
        contracts: FollowedContracts,
    ) -> AlpacaConnection:
        return AlpacaConnection(
            session, self._account, manifest, folder, self._reading, contracts, self._streams
        )
