"""A connection to Alpaca's live data."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from zerodte.feeds.alpaca.account import AlpacaAccount
from zerodte.feeds.alpaca.chain import AlpacaChain
from zerodte.feeds.alpaca.protocol import MOST_FREE_QUOTES
from zerodte.feeds.alpaca.records import AlpacaRecords
from zerodte.feeds.alpaca.session import AlpacaLimitError, AlpacaSession
from zerodte.feeds.contract_records import ContractStreams, StandingQuote
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.stream_connection import StreamConnection
from zerodte.feeds.stream_reading import StreamReading
from zerodte.tape.feed_manifest import FeedManifest


class AlpacaConnection(StreamConnection[AlpacaChain]):
    """A session of the stream for a session of the market; see `StreamConnection`.

    Args:
        session: Nothing is subscribed to yet.
        account: Whose it is.
        manifest: The session of the market.
        folder: Its recording.
        reading: What the connection before has left.
        contracts: Those that are followed.
        streams: Those of the manifest.
    """

    def __init__(
        self,
        session: AlpacaSession,
        account: AlpacaAccount,
        manifest: FeedManifest,
        folder: Path,
        reading: StreamReading[AlpacaChain],
        contracts: FollowedContracts,
        streams: ContractStreams,
    ) -> None:
        self._account = account
        self._stream = session
        super().__init__(session, manifest, folder, reading, contracts, streams, AlpacaRecords())

    def _chain(self, symbol: str) -> AlpacaChain:
        return self._account.chain(symbol, self.manifest.date)

    def _follow(self, names: Sequence[str]) -> None:
        try:
            self._stream.subscribe(names, with_trades=self._streams.trades is not None)
        except AlpacaLimitError:
            # The plan has a lower limit: fewer contracts from the next connection on.
            free, asked = MOST_FREE_QUOTES, len(self._contracts.numbers)
            self._reading.most = free if asked > free else max(asked // 2, 1)
            self._reading.contracts = None
            raise

    def _ask_quotes(
        self, symbol: str, expiry: datetime.date, low: float, high: float
    ) -> list[StandingQuote]:
        return self._account.quotes(symbol, expiry, low, high)
