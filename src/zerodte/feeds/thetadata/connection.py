"""A connection to the terminal's live data: events in the order in which they come.

The terminal numbers nothing that a client could go on from: what passed while nobody listened is a
gap. Whether a new stream begins with what stands is not documented, so that is asked for over REST.
"""

import contextlib
import datetime
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zerodte.constants import MINUTE
from zerodte.feeds.chain_watch import ChainWatch
from zerodte.feeds.connection_watch import GarbledWatch, SleepWatch
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.interest_records import InterestRecords
from zerodte.feeds.patience import Patience
from zerodte.feeds.recorded import committed_rows
from zerodte.feeds.repeated_records import RepeatedRecords
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
from zerodte.records.dbn import Records, records
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival, next_piece

#: Contracts of a connection, each of which has two streams: the plan Standard has 10,000 or more.
MOST_CONTRACTS_STREAMED: Final = 5_000
#: How often the windows of strikes are looked at, ns; how often the chains are, seconds.
_WIDEN_EVERY: Final = MINUTE
CHAINS_EVERY: Final = 300.0
_LEAST_CHAINS_EVERY: Final = 5.0


@dataclass(slots=True)
class ThetaReading:
    """What a connection leaves to the next one.

    Attributes:
        most: Contracts that are followed at most.
        contracts: Those that are followed; None before the first connection.
        chains: The chains that were asked for last, by underlying.
        listed_at: When they were, seconds of the monotonic clock.
        spots: Prices of the underlyings, dollars; NaN if unknown.
        next_id: Of the next request: ids grow as long as the terminal runs.
        patience: With the vendor, when it has had too many requests.
        lacking: Why there are no values of an index, by its symbol.
    """

    most: int = MOST_CONTRACTS_STREAMED
    contracts: FollowedContracts | None = None
    chains: dict[str, ThetaChain] = field(default_factory=dict)
    listed_at: float = -math.inf
    spots: dict[str, float] = field(default_factory=dict)
    next_id: int = 0
    patience: Patience = field(default_factory=Patience)
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


class ThetaConnection:
    """A session of the terminal for a session of the market; see `FeedConnection`.

    Args:
        session: It has the subscriptions of indices.
        chains: Asks for chains.
        manifest: The session of the market.
        folder: Its recording.
        reading: What the connection before has left.
        contracts: Those that are followed.
        events: Makes records.
    """

    is_over = False
    refused_count = 0

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
        self.manifest = manifest
        self._session = session
        self._chains = chains
        self._folder = folder
        self._reading = reading
        self._contracts = contracts
        self._events = events
        self._standing: list[ThetaQuote] = []
        self._interest = InterestRecords(manifest.date, records("statistics", 0))
        self._interest_days: dict[str, datetime.date] = {}
        self._problem = ""
        self._recorded: RepeatedRecords | None = None
        self._counts: dict[str, int] = {}
        self._watermark = self._widened = 0
        speed = session.clock.speed
        self._sleep_watch = SleepWatch(speed)
        self._garbled_watch = GarbledWatch("messages")
        self._watch = ChainWatch(
            chains.chain, tuple(reading.spots), max(CHAINS_EVERY / speed, _LEAST_CHAINS_EVERY)
        )
        self._new_chains = dict(reading.chains)

    @property
    def spots(self) -> dict[str, float]:
        """Prices of the underlyings, dollars; NaN if unknown."""
        return dict(self._reading.spots)

    def warnings(self) -> list[str]:
        """What is left out, in words."""
        found = self._contracts.sentences()
        found += [
            f"{symbol}: no values of the index ({reason}); spot is the parity of its chain"
            for symbol, reason in sorted(self._reading.lacking.items())
        ]
        found += [
            f"{symbol}: the newest open interest is of the morning of {day}"
            for symbol, day in sorted(self._interest_days.items())
            if day < self.manifest.date
        ]
        if failed := self._session.failed:
            found.append(
                f"the terminal answers ERROR for {len(failed):,} contracts, such as "
                f"{min(failed)}; they are asked for again every minute"
            )
        found += self._events.sentences()
        found += self._interest.sentences()
        return [*found, *(text for text in (self._problem, self._watch.problem) if text)]

    def start(self, position: RecordingPosition) -> FeedStart:
        """Subscribe, wait until that is in effect, and ask for what stands; see `FeedConnection`.

        Raises:
            FeedError: If the connection is lost, or there may be fewer streams.
        """
        self._counts = {
            stream.name: position.counts.get(stream.name, 0) for stream in self.manifest.streams
        }
        self._contracts.restart(self._counts[THETA_DEFINITIONS.name])
        self._interest = InterestRecords(
            self.manifest.date,
            committed_rows(self._folder, THETA_STATISTICS, self._counts[THETA_STATISTICS.name]),
        )
        recent = position.recent.of(THETA_TRADES.name, THETA_TRADES.schema)
        self._recorded = RepeatedRecords(recent, received_here=True, apart_from=QUOTE_FIELDS)
        self._events.resume(
            committed_rows(self._folder, THETA_TRADES, self._counts[THETA_TRADES.name])
        )
        followed = self._followed()
        self._follow(followed)
        self._standing = self._chains.last_quotes(followed)
        self._widened = self._session.newest
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
        with self._reading.noting():
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
        self._garbled_watch.check(self._watermark, self._events.garbled_count)
        arrivals += self._settled_interest(self._reading.chains if defined else new)
        return [*arrivals, Arrival(self._watermark)]

    def close(self) -> None:
        """End the session."""
        self._reading.next_id = self._session.next_id
        self._session.close()

    def _received(self, timeout: float) -> list[Arrival]:
        """The records of what has come."""
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

    def _stood(self) -> list[Arrival]:
        """The last quotes that were asked for, but for those of which newer ones came."""
        if not self._standing:
            return []
        self._events.make_room(self._contracts.largest)
        numbers = self._contracts.numbers
        rows = self._events.standing(self._standing, numbers, self._watermark)
        self._standing = []
        return self._arrival(THETA_QUOTES, rows)

    def _arrival(self, stream: FeedStream, rows: Records) -> list[Arrival]:
        if not len(rows):
            return []
        at = int(rows["ts_recv"][-1])
        return [Arrival(at, stream.name, next_piece(self._counts, stream.name, rows))]

    def _widen(self, chains: Mapping[str, ThetaChain]) -> bool:
        """Follow what has been listed, or come into a window; whether there is anything new."""
        for symbol, chain in chains.items():
            self._reading.chains[symbol] = chain
            self._contracts.add(symbol, chain.listings)
        if not chains and self._session.newest < self._widened + _WIDEN_EVERY:
            return False
        self._widened = self._session.newest
        parities = self._contracts.parities(self._events.mids) | self._events.spots
        self._reading.spots |= {
            symbol: spot for symbol, spot in parities.items() if math.isfinite(spot)
        }
        names = self._contracts.follow(self._events.mids, self._reading.spots)
        new = self._followed(names)
        again = self._followed(self._session.failed)
        if not new and not again:
            return False
        with self._reading.noting():
            self._follow([*new, *again])
        try:
            self._standing += self._chains.last_quotes(new)
            self._problem = ""
        except FeedError as error:
            # They come with their next change; that is no reason to lose the stream.
            self._problem = f"last quotes of new contracts are not known: {error}"
        return bool(new)

    def _defined(self, at: int) -> list[Arrival]:
        """Definitions that were not sent yet, of a time, UTC ns."""
        return self._arrival(THETA_DEFINITIONS, self._contracts.definitions(at))

    def _settled_interest(self, chains: Mapping[str, ThetaChain]) -> list[Arrival]:
        """Open interest that is new."""
        found = []
        for symbol, chain in chains.items():
            found += self._arrival(THETA_STATISTICS, self._settled(symbol, chain))
        return found

    def _settled(self, symbol: str, chain: ThetaChain) -> Records:
        """The open interest of a chain that is new."""
        ids = {raw: number for number, raw in self._contracts.symbols.items()}
        known = {raw: one for raw, one in chain.interest.items() if raw in ids}
        if known:
            self._interest_days[symbol] = max(one.day for one in known.values())
        return self._interest.take(
            [ids[raw] for raw in known],
            [one.figure for one in known.values()],
            [one.day for one in known.values()],
            [self._watermark] * len(known),
        )

    def _followed(self, names: Collection[str] | None = None) -> list[Contract]:
        """The followed contracts, or those of some names."""
        numbers = self._contracts.numbers
        symbols = self._contracts.symbols
        chosen = numbers if names is None else [name for name in names if name in numbers]
        return [parse_osi(symbols[numbers[name]]) for name in chosen]

    def _follow(self, contracts: Sequence[Contract]) -> None:
        with self._reading.noting():
            self._session.subscribe([event_contract(one) for one in contracts])
