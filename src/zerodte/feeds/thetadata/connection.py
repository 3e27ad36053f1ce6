"""A connection to the terminal's live data: events in the order in which they come.

The terminal numbers nothing that a client could go on from: what passed while nobody listened is a
gap. Whether a new stream begins with what stands is not documented, so that is asked for over REST.
"""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zerodte.feeds.contract_connection import ContractConnection
from zerodte.feeds.contract_records import ContractStreams
from zerodte.feeds.feed import FeedStart
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.recorded import committed_rows
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.stream_reading import StreamReading
from zerodte.feeds.thetadata.event_records import (
    QUOTE_FIELDS,
    THETA_DEFINITIONS,
    THETA_QUOTES,
    THETA_STATISTICS,
    THETA_TRADES,
    THETA_VALUES,
    ThetaEventRecords,
)
from zerodte.feeds.thetadata.event_session import ThetaEventSession
from zerodte.feeds.thetadata.events import event_contract
from zerodte.feeds.thetadata.live_chain import ThetaChain, ThetaChains, ThetaQuote
from zerodte.feeds.thetadata.terminal_words import ThetaStreamLimitError
from zerodte.market.osi import Contract, parse_osi
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival

#: Contracts of a connection, each of which has two streams: the plan Standard has 10,000 or more.
MOST_CONTRACTS_STREAMED: Final = 5_000


@dataclass(slots=True)
class ThetaReading(StreamReading[ThetaChain]):
    """What a connection leaves to the next one; see `StreamReading`.

    Attributes:
        next_id: Of the next request: ids grow as long as the terminal runs.
        lacking: Why there are no values of an index, by its symbol.
    """

    next_id: int = 0
    lacking: dict[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Note how long the vendor wants to be left alone, and how many streams there may be."""
        try:
            with self.patience.noting():
                yield
        except ThetaStreamLimitError as error:
            # None at all is no limit of the plan: somebody else has the streams.
            if error.accepted:
                self.most = error.accepted
                self.contracts = None
            raise


class ThetaConnection(ContractConnection[ThetaChain, ThetaQuote]):
    """A session of the terminal for a session of the market; see `ContractConnection`.

    Args:
        session: It has the subscriptions of indices.
        chains: Asks for chains.
        manifest: The session of the market.
        folder: Its recording.
        reading: What the connection before has left.
        contracts: Those that are followed.
        events: Makes records.
    """

    def __init__(
        self,
        session: ThetaEventSession,
        chains: ThetaChains,
        manifest: FeedManifest,
        folder: Path,
        reading: ThetaReading,
        contracts: FollowedContracts,
        events: ThetaEventRecords,
    ) -> None:
        self._chains = chains
        values = THETA_VALUES if THETA_VALUES in manifest.streams else None
        streams = ContractStreams(
            THETA_DEFINITIONS, THETA_STATISTICS, THETA_QUOTES, THETA_TRADES, values
        )
        super().__init__(session, manifest, folder, reading, contracts, streams, events)
        self._session = session
        self._theta_reading = reading
        self._events = events
        self._recorded: RepeatedRecords | None = None

    def warnings(self) -> list[str]:
        """What is left out, in words."""
        found = [
            f"{symbol}: no values of the index ({reason}); spot is the parity of its chain"
            for symbol, reason in sorted(self._theta_reading.lacking.items())
        ]
        if failed := self._session.failed:
            found.append(
                f"the terminal answers ERROR for {len(failed):,} contracts, such as "
                f"{min(failed)}; they are asked for again every minute"
            )
        return [*super().warnings(), *found]

    def start(self, position: RecordingPosition) -> FeedStart:
        """Subscribe, wait until that is in effect, and ask for what stands; see `FeedConnection`.

        Raises:
            FeedError: If the connection is lost, or there may be fewer streams.
        """
        started = super().start(position)
        self._widened = self._session.newest
        return started

    def close(self) -> None:
        """End the session."""
        self._theta_reading.next_id = self._session.next_id
        super().close()

    def _chain(self, symbol: str) -> ThetaChain:
        return self._chains.chain(symbol)

    def _resume(self, position: RecordingPosition) -> None:
        recent = position.recent.of(THETA_TRADES.name, THETA_TRADES.schema)
        self._recorded = RepeatedRecords(recent, received_here=True, apart_from=QUOTE_FIELDS)
        self._events.resume(
            committed_rows(self._folder, THETA_TRADES, self._counts[THETA_TRADES.name])
        )

    def _follow(self, names: Sequence[str]) -> None:
        """What has failed is asked for again beside."""
        contracts = [*self._followed(names), *self._followed(self._session.failed)]
        if contracts:
            self._session.subscribe([event_contract(one) for one in contracts])

    def _last_quotes(self, names: Sequence[str]) -> list[ThetaQuote]:
        return self._chains.last_quotes(self._followed(names))

    def _received(self, timeout: float) -> list[Arrival]:
        block = self._session.take(timeout)
        if not block.messages:
            return []
        self._events.make_room(self._contracts.largest)
        name = THETA_TRADES.name
        numbers = self._contracts.numbers
        found = self._events.read(block, numbers, self._counts[name], self._recorded)
        arrivals = self._arrival(THETA_QUOTES, found.quotes)
        if found.trades is not None:
            self._counts[name] += len(found.trades.records)
            at = int(found.trades.records["ts_recv"][-1])
            arrivals.append(Arrival(at, name, found.trades))
        return arrivals + self._arrival(THETA_VALUES, found.values)

    def _told_spots(self) -> dict[str, float]:
        """The value of an index, where it comes, else parity."""
        return super()._told_spots() | self._events.spots

    def _followed(self, names: Collection[str]) -> list[Contract]:
        """The followed contracts among some names."""
        numbers = self._contracts.numbers
        symbols = self._contracts.symbols
        return [parse_osi(symbols[numbers[name]]) for name in names if name in numbers]
