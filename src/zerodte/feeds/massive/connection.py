"""A connection to Massive's live data: all trades, quotes of some contracts, values of indices."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from zerodte.feeds.contract_records import ContractStreams, StandingQuote
from zerodte.feeds.feed import FeedStart
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.massive.account import MassiveAccount
from zerodte.feeds.massive.chain import MassiveChain
from zerodte.feeds.massive.records import MassiveRecords, value_records
from zerodte.feeds.massive.session import MassiveLimitError, MassiveSession
from zerodte.feeds.massive.values import MassiveValues
from zerodte.feeds.stream_connection import StreamConnection
from zerodte.feeds.stream_reading import StreamReading
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival


class MassiveConnection(StreamConnection[MassiveChain]):
    """A session of the stream for a session of the market; see `StreamConnection`.

    All followed contracts have their trades; as many as a connection may have, in the order in
    which they are followed, have their quotes too.

    Args:
        session: Nothing is subscribed to yet.
        account: Whose it is.
        manifest: The session of the market.
        folder: Its recording.
        reading: What the connection before has left.
        contracts: Those that are followed.
        streams: Those of the manifest.
        values: Of the indices; they end with the connection.
    """

    def __init__(
        self,
        session: MassiveSession,
        account: MassiveAccount,
        manifest: FeedManifest,
        folder: Path,
        reading: StreamReading[MassiveChain],
        contracts: FollowedContracts,
        streams: ContractStreams,
        values: MassiveValues,
    ) -> None:
        self._account = account
        self._stream = session
        self._values = values
        self._quoted: set[str] = set()
        self._is_delayed = False
        super().__init__(session, manifest, folder, reading, contracts, streams, MassiveRecords())

    def start(self, position: RecordingPosition) -> FeedStart:
        """Subscribe, wait until that is in effect, and ask for what stands; see `FeedConnection`.

        Raises:
            FeedError: If the connection is lost, or takes fewer contracts.
        """
        self._stream.subscribe_trades()
        self._values.open()
        return super().start(position)

    def warnings(self) -> list[str]:
        """What is left out, in words."""
        found = super().warnings()
        # Whoever reads this before the subscriptions are in effect is told what will be.
        if (without := len(self._contracts.numbers) - self._reading.most) > 0:
            found.append(
                f"{without:,} contracts have trades and no quotes: a connection may have quotes of "
                f"{self._reading.most:,}"
            )
        if self._is_delayed:
            found.append("the vendor calls quotes delayed: the plan has none in real time")
        return [*found, *([self._values.problem] if self._values.problem else ())]

    def close(self) -> None:
        """End the session."""
        self._values.close()
        super().close()

    def _chain(self, symbol: str) -> MassiveChain:
        return self._account.chain(symbol, self.manifest.date)

    def _follow(self, names: Sequence[str]) -> None:
        room = max(self._reading.most - len(self._quoted), 0)
        quoted = names[:room]
        try:
            self._stream.subscribe_quotes(quoted)
        except MassiveLimitError:
            # Nobody documents what is said beyond the limit: fewer from the next connection on.
            self._reading.most = max((len(self._quoted) + len(quoted)) // 2, 1)
            raise
        self._quoted.update(quoted)

    def _last_quotes(self, names: Sequence[str]) -> list[StandingQuote]:
        return super()._last_quotes([name for name in names if name in self._quoted])

    def _ask_quotes(
        self, symbol: str, expiry: datetime.date, low: float, high: float
    ) -> list[StandingQuote]:
        found = self._account.snapshot(symbol, expiry, low, high)
        self._is_delayed |= found.is_delayed
        return found.quotes

    def _beside(self) -> list[Arrival]:
        """The values of indices, which come on a connection of their own."""
        found = super()._beside()
        stream = self._streams.values
        if stream is None:
            return found
        for block in self._values.take(self._watermark):
            found += self._arrival(stream, value_records(block, self._values.numbers))
        return found
