"""A connection to a vendor's stream of quotes and trades, in the order in which they come."""

import abc
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zerodte.feeds.contract_connection import ContractConnection
from zerodte.feeds.contract_records import (
    ContractRecords,
    ContractStreams,
    MessageBlock,
    StandingQuote,
)
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.stream_reading import AnyChain, StreamReading
from zerodte.feeds.stream_session import StreamSession
from zerodte.market.osi import find_osi
from zerodte.market.roots import root_info
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival


class StreamConnection(ContractConnection[AnyChain, StandingQuote]):
    """A session of the stream for a session of the market; see `ContractConnection`."""

    def __init__(
        self,
        session: StreamSession[Any],
        manifest: FeedManifest,
        folder: Path,
        reading: StreamReading[AnyChain],
        contracts: FollowedContracts,
        streams: ContractStreams,
        found: ContractRecords[Any],
    ) -> None:
        super().__init__(session, manifest, folder, reading, contracts, streams, found)
        self._session = session
        self._records = found
        self._recorded: RepeatedRecords | None = None

    @abc.abstractmethod
    def _ask_quotes(
        self, symbol: str, expiry: datetime.date, low: float, high: float
    ) -> list[StandingQuote]:
        """Ask for the last quotes of an expiry, from one strike to another, dollars."""

    def _resume(self, position: RecordingPosition) -> None:
        if (trades := self._streams.trades) is not None:
            recent = position.recent.of(trades.name, trades.schema)
            self._recorded = RepeatedRecords(recent, received_here=True)

    def _received(self, timeout: float) -> list[Arrival]:
        found = []
        for block in self._session.take(timeout):
            found += self._arrivals(block)
        return found

    def _beside(self) -> list[Arrival]:
        """What the vendor left out."""
        found = [
            Arrival(loss.until, lost=loss.reason, lost_since=loss.since)
            for loss in self._session.lost
        ]
        self._session.lost.clear()
        return found

    def _arrivals(self, block: MessageBlock[Any]) -> list[Arrival]:
        numbers = self._contracts.numbers
        if block.kind == self._session.kinds[0]:
            self._records.make_room(self._contracts.largest)
            return self._arrival(self._streams.quotes, self._records.quotes(block, numbers))
        if self._streams.trades is None:
            return []
        name = self._streams.trades.name
        piece = self._records.trades(block, numbers, self._counts[name], self._recorded)
        if piece is None:
            return []
        self._counts[name] += len(piece.records)
        return [Arrival(block.newest, name, piece)]

    def _last_quotes(self, names: Sequence[str]) -> list[StandingQuote]:
        """Asked for expiry by expiry."""
        wanted = set(names)
        raws = self._contracts.symbols
        strikes: dict[tuple[str, datetime.date], list[float]] = {}
        for name in names:
            if (contract := find_osi(raws[self._contracts.numbers[name]])) is not None:
                symbol = root_info(contract.root).symbol
                strikes.setdefault((symbol, contract.expiry), []).append(contract.strike)
        found = []
        for (symbol, expiry), ours in strikes.items():
            quotes = self._ask_quotes(symbol, expiry, min(ours), max(ours))
            found += [quote for quote in quotes if quote.name in wanted]
        return found
