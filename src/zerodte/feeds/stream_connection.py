"""A connection to a vendor's stream of quotes and trades: messages in the order in which they come.

The vendor numbers nothing that a client could go on from: what passed while nobody listened is a
gap. On a subscription nothing is sent of what stands, so the last quotes are asked for apart.
"""

import abc
import datetime
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic

from zerodte.constants import MINUTE
from zerodte.feeds.chain_watch import ChainWatch
from zerodte.feeds.connection_watch import GarbledWatch, SleepWatch
from zerodte.feeds.contract_records import (
    ContractRecords,
    ContractStreams,
    MessageBlock,
    StandingQuote,
)
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.interest_records import InterestRecords
from zerodte.feeds.recorded import committed_rows
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.stream_reading import AnyChain, StreamReading
from zerodte.feeds.stream_session import StreamSession
from zerodte.market.calendar import calendar
from zerodte.market.osi import find_osi
from zerodte.market.roots import root_info
from zerodte.records.dbn import Records, records
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival, next_piece

#: How often the windows of strikes are looked at, ns; how often the chains are, seconds.
_WIDEN_EVERY: Final = MINUTE
CHAINS_EVERY: Final = 300.0
_LEAST_CHAINS_EVERY: Final = 5.0


class StreamConnection(abc.ABC, Generic[AnyChain]):
    """A session of the stream for a session of the market; see `FeedConnection`.

    Args:
        session: Nothing is subscribed to yet.
        manifest: The session of the market.
        folder: Its recording.
        reading: What the connection before has left.
        contracts: Those that are followed.
        streams: Those of the manifest.
        found: Turns messages into records.
    """

    is_over = False
    refused_count = 0

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
        self.manifest = manifest
        self._session = session
        self._folder = folder
        self._reading = reading
        self._contracts = contracts
        self._streams = streams
        self._records = found
        self._standing: list[StandingQuote] = []
        self._interest = InterestRecords(manifest.date, records("statistics", 0))
        self._interest_days: dict[str, datetime.date] = {}
        self._problem = ""
        self._recorded: RepeatedRecords | None = None
        self._counts: dict[str, int] = {}
        self._watermark = self._widened = 0
        self._sleep_watch = SleepWatch(session.clock.speed)
        self._garbled_watch = GarbledWatch("messages")
        self._watch = ChainWatch(
            self._chain,
            tuple(reading.spots),
            max(CHAINS_EVERY / session.clock.speed, _LEAST_CHAINS_EVERY),
        )
        self._new_chains = dict(reading.chains)

    @property
    def spots(self) -> dict[str, float]:
        """Prices of the underlyings, dollars; NaN if unknown."""
        return dict(self._reading.spots)

    def warnings(self) -> list[str]:
        """What is left out, in words."""
        found = self._contracts.sentences()
        morning = calendar().previous(self.manifest.date).date
        found += [
            f"{symbol}: the newest open interest is of {day}; that of {morning} is not there yet"
            for symbol, day in sorted(self._interest_days.items())
            if day < morning
        ]
        found += self._records.sentences()
        found += self._interest.sentences()
        return [*found, *(text for text in (self._problem, self._watch.problem) if text)]

    def start(self, position: RecordingPosition) -> FeedStart:
        """Subscribe, wait until that is in effect, and ask for what stands; see `FeedConnection`.

        Raises:
            FeedError: If the connection is lost, or takes fewer contracts.
        """
        streams = self._streams
        self._counts = {stream.name: position.counts.get(stream.name, 0) for stream in streams.all}
        self._contracts.restart(self._counts[streams.definitions.name])
        self._interest = InterestRecords(
            self.manifest.date,
            committed_rows(self._folder, streams.statistics, self._counts[streams.statistics.name]),
        )
        if streams.trades is not None:
            recent = position.recent.of(streams.trades.name, streams.trades.schema)
            self._recorded = RepeatedRecords(recent, received_here=True)
        with self._reading.patience.noting():
            names = list(self._contracts.numbers)
            self._follow(names)
            self._standing = self._last_quotes(names)
        self._reading.patience.end()
        return FeedStart(self._session.clock.now(), self._session.clock.speed, resumed=False)

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals; see `FeedConnection`.

        Raises:
            FeedError: If the session is lost, or sends garbage.
        """
        self._sleep_watch.check()
        # A definition is older than all else of its contract: a tick may close between them.
        defined = self._defined(self._session.oldest)
        with self._reading.patience.noting():
            arrivals = [*defined, *self._received(timeout)]
            new = self._new_chains | self._watch.take()
            self._new_chains = {}
            at = max(self._watermark, self._session.newest)
            if self._widen(new):
                # Data of it may have come while it was subscribed to.
                defined += (more := self._defined(at))
                arrivals += [*more, *self._received(0.0)]
        self._watermark = max(self._watermark, self._session.newest)
        arrivals += self._stood()
        arrivals += self._beside()
        for loss in self._session.lost:
            arrivals.append(Arrival(loss.until, lost=loss.reason, lost_since=loss.since))
        self._session.lost.clear()
        self._garbled_watch.check(self._watermark, self._records.garbled_count)
        arrivals += self._settled_interest(self._reading.chains if defined else new)
        return [*arrivals, Arrival(self._watermark)]

    def close(self) -> None:
        """End the session."""
        self._session.close()

    @abc.abstractmethod
    def _chain(self, symbol: str) -> AnyChain:
        """Ask for the chain of an underlying; called in a thread of its own."""

    @abc.abstractmethod
    def _follow(self, names: Sequence[str]) -> None:
        """Subscribe to contracts that are new, and wait until that is in effect."""

    @abc.abstractmethod
    def _ask_quotes(
        self, symbol: str, expiry: datetime.date, low: float, high: float
    ) -> list[StandingQuote]:
        """Ask for the last quotes of an expiry, from one strike to another, dollars."""

    def _beside(self) -> list[Arrival]:
        """What has come on other connections by the watermark.

        What came later waits: it would move the clock past what this stream may have lost.
        """
        return []

    def _received(self, timeout: float) -> list[Arrival]:
        """The records of what has come."""
        found = []
        for block in self._session.take(timeout):
            found += self._arrivals(block)
        return found

    def _stood(self) -> list[Arrival]:
        """The last quotes that were asked for, but for those of which newer ones came."""
        if not self._standing:
            return []
        self._records.make_room(self._contracts.largest)
        numbers = self._contracts.numbers
        rows = self._records.standing(self._standing, numbers, self._watermark)
        self._standing = []
        return self._arrival(self._streams.quotes, rows)

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

    def _arrival(self, stream: FeedStream, rows: Records) -> list[Arrival]:
        if not len(rows):
            return []
        at = int(rows["ts_recv"][-1])
        return [Arrival(at, stream.name, next_piece(self._counts, stream.name, rows))]

    def _widen(self, chains: Mapping[str, AnyChain]) -> bool:
        """Follow what has been listed, or come into a window; whether there is anything new."""
        for symbol, chain in chains.items():
            self._reading.chains[symbol] = chain
            self._contracts.add(symbol, chain.listings)
        if not chains and self._session.newest < self._widened + _WIDEN_EVERY:
            return False
        self._widened = self._session.newest
        parities = self._contracts.parities(self._records.mids)
        self._reading.spots |= {
            symbol: spot for symbol, spot in parities.items() if math.isfinite(spot)
        }
        names = self._contracts.follow(self._records.mids, self._reading.spots)
        self._follow(names)
        try:
            self._standing += self._last_quotes(names)
            self._problem = ""
        except FeedError as error:
            # They come with their next change; that is no reason to lose the stream.
            self._problem = f"last quotes of new contracts are not known: {error}"
        return bool(names)

    def _defined(self, at: int) -> list[Arrival]:
        """Definitions that were not sent yet, of a time, UTC ns."""
        return self._arrival(self._streams.definitions, self._contracts.definitions(at))

    def _settled_interest(self, chains: Mapping[str, AnyChain]) -> list[Arrival]:
        """Open interest that is new."""
        found = []
        for symbol, chain in chains.items():
            found += self._arrival(self._streams.statistics, self._settled(symbol, chain))
        return found

    def _settled(self, symbol: str, chain: AnyChain) -> Records:
        """The open interest of a chain that is new, dated of the morning that it was told in."""
        ids = {raw: number for number, raw in self._contracts.symbols.items()}
        known = {raw: one for raw, one in chain.interest.items() if raw in ids}
        if known:
            self._interest_days[symbol] = max(one.day for one in known.values())
        days = {one.day: calendar().next(one.day).date for one in known.values()}
        return self._interest.take(
            [ids[raw] for raw in known],
            [one.figure for one in known.values()],
            [days[one.day] for one in known.values()],
            [self._watermark] * len(known),
        )

    def _last_quotes(self, names: Sequence[str]) -> list[StandingQuote]:
        """The last quotes of some followed contracts, asked for expiry by expiry."""
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
