"""A connection that follows contracts of chains: what vendors' streams have in common.

The vendors number nothing that a client could go on from: what passed while nobody listened is a
gap. Whether a subscription begins with what stands differs, so the last quotes are asked for apart.
"""

import abc
import datetime
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from zerodte.arrays import F64
from zerodte.constants import MINUTE
from zerodte.feeds.chain_watch import ChainWatch
from zerodte.feeds.connection_watch import EndWatch, GarbledWatch, SleepWatch
from zerodte.feeds.contract_records import ContractStreams
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.interest_records import InterestRecords
from zerodte.feeds.recorded import committed_rows
from zerodte.feeds.stream_reading import AnyChain, StreamReading
from zerodte.market.calendar import calendar
from zerodte.records.dbn import Records, records
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival, next_piece

#: How often the windows of strikes are looked at, ns; how often the chains are, seconds.
_WIDEN_EVERY: Final = MINUTE
CHAINS_EVERY: Final = 300.0
_LEAST_CHAINS_EVERY: Final = 5.0

#: What a vendor says of a last quote.
Standing = TypeVar("Standing")
_Standing_contra = TypeVar("_Standing_contra", contravariant=True)


class FollowingSession(Protocol):
    """A vendor's session.

    Attributes:
        clock: The feed's clock.
        newest: When the last message that was taken came, UTC ns of that clock.
    """

    clock: FeedClock
    newest: int

    @property
    def oldest(self) -> int:
        """When the first message that waits came, UTC ns; else when the newest did."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class FollowedRecords(Protocol[_Standing_contra]):
    """What makes records of a vendor's messages, and knows the last quotes."""

    @property
    def mids(self) -> F64:
        """Mids of contracts, dollars, by id; NaN without a quote."""
        ...

    @property
    def garbled_count(self) -> int:
        """Messages that cannot be, which are left out."""
        ...

    def sentences(self) -> list[str]:
        """What was left out or could not be read, in words."""
        ...

    def make_room(self, largest: int) -> None:
        """Make room for ids up to `largest`."""
        ...

    def standing(
        self, quotes: Sequence[_Standing_contra], numbers: Mapping[str, int], received: int
    ) -> Records:
        """Last quotes of contracts, but for those of which a newer one has come."""
        ...


class ContractConnection(abc.ABC, Generic[AnyChain, Standing]):
    """A vendor's session for a session of the market; see `FeedConnection`.

    Args:
        session: No contract is subscribed to yet.
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
        session: FollowingSession,
        manifest: FeedManifest,
        folder: Path,
        reading: StreamReading[AnyChain],
        contracts: FollowedContracts,
        streams: ContractStreams,
        found: FollowedRecords[Standing],
    ) -> None:
        self.manifest = manifest
        self._followed_session = session
        self._folder = folder
        self._reading = reading
        self._contracts = contracts
        self._streams = streams
        self._found = found
        self._standing: list[Standing] = []
        self._interest = InterestRecords(manifest.date, records("statistics", 0))
        self._interest_days: dict[str, datetime.date] = {}
        self._problem = ""
        self._counts: dict[str, int] = {}
        self._watermark = self._widened = 0
        speed = session.clock.speed
        self._sleep_watch = SleepWatch(speed)
        self._garbled_watch = GarbledWatch("messages")
        self._end_watch = EndWatch()
        self._watch = ChainWatch(
            self._chain, tuple(reading.spots), max(CHAINS_EVERY / speed, _LEAST_CHAINS_EVERY)
        )
        self._new_chains = dict(reading.chains)

    @property
    def spots(self) -> dict[str, float]:
        """Prices of the underlyings, dollars; NaN if unknown."""
        return dict(self._reading.spots)

    def warnings(self) -> list[str]:
        """What is left out, in words."""
        found = self._contracts.sentences()
        before = calendar().previous(self.manifest.date).date
        found += [
            f"{symbol}: the newest open interest is of {day}; that of {before} is not there yet"
            for symbol, day in sorted(self._interest_days.items())
            if day < before
        ]
        found += self._found.sentences()
        found += self._interest.sentences()
        return [*found, *(text for text in (self._problem, self._watch.problem) if text)]

    def start(self, position: RecordingPosition) -> FeedStart:
        """Subscribe, wait until that is in effect, and ask for what stands; see `FeedConnection`.

        Raises:
            FeedError: If the connection is lost, or takes fewer contracts.
        """
        streams, clock = self._streams, self._followed_session.clock
        self._counts = {stream.name: position.counts.get(stream.name, 0) for stream in streams.all}
        self._contracts.restart(self._counts[streams.definitions.name])
        self._interest = InterestRecords(
            self.manifest.date,
            committed_rows(self._folder, streams.statistics, self._counts[streams.statistics.name]),
        )
        self._resume(position)
        with self._reading.noting():
            names = list(self._contracts.numbers)
            self._follow(names)
            self._standing = self._last_quotes(names)
        self._reading.patience.end()
        return FeedStart(clock.now(), clock.speed, resumed=False)

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals; see `FeedConnection`. Why it ends is the last one.

        Raises:
            FeedError: If the session is lost, or sends garbage.
        """
        return self._end_watch.receive(self._receive, timeout)

    def _receive(self, timeout: float) -> list[Arrival]:
        session = self._followed_session
        self._sleep_watch.check()
        # A definition is older than all else of its contract: a tick may close between them.
        defined = self._defined(session.oldest)
        with self._reading.noting():
            arrivals = [*defined, *self._received(timeout)]
            new = self._new_chains | self._watch.take()
            self._new_chains = {}
            at = max(self._watermark, session.newest)
            if self._widen(new):
                # Data of it may have come while it was subscribed to.
                defined += (more := self._defined(at))
                arrivals += [*more, *self._received(0.0)]
        self._watermark = max(self._watermark, session.newest)
        arrivals += self._stood()
        arrivals += self._beside()
        self._garbled_watch.check(self._watermark, self._found.garbled_count)
        arrivals += self._settled_interest(self._reading.chains if defined else new)
        return [*arrivals, Arrival(self._watermark)]

    def close(self) -> None:
        """End the session."""
        self._followed_session.close()

    @abc.abstractmethod
    def _chain(self, symbol: str) -> AnyChain:
        """Ask for the chain of an underlying; called in a thread of its own."""

    @abc.abstractmethod
    def _resume(self, position: RecordingPosition) -> None:
        """Go on after the trades that are recorded."""

    @abc.abstractmethod
    def _follow(self, names: Sequence[str]) -> None:
        """Subscribe to contracts that are new, and wait until that is in effect."""

    @abc.abstractmethod
    def _last_quotes(self, names: Sequence[str]) -> list[Standing]:
        """Ask for the last quotes of some followed contracts."""

    @abc.abstractmethod
    def _received(self, timeout: float) -> list[Arrival]:
        """The records of what has come."""

    def _beside(self) -> list[Arrival]:
        """What else has come by the watermark.

        What came later waits: it would move the clock past what this stream may have lost.
        """
        return []

    def _told_spots(self) -> dict[str, float]:
        """Prices of the underlyings, dollars; NaN if unknown."""
        return self._contracts.parities(self._found.mids)

    def _stood(self) -> list[Arrival]:
        """The last quotes that were asked for, but for those of which newer ones came."""
        if not self._standing:
            return []
        self._found.make_room(self._contracts.largest)
        rows = self._found.standing(self._standing, self._contracts.numbers, self._watermark)
        self._standing = []
        return self._arrival(self._streams.quotes, rows)

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
        newest = self._followed_session.newest
        if not chains and newest < self._widened + _WIDEN_EVERY:
            return False
        self._widened = newest
        self._reading.spots |= {
            symbol: spot for symbol, spot in self._told_spots().items() if math.isfinite(spot)
        }
        names = self._contracts.follow(self._found.mids, self._reading.spots)
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
        mornings = {one.day: calendar().next(one.day).date for one in known.values()}
        return self._interest.take(
            [ids[raw] for raw in known],
            [one.figure for one in known.values()],
            [mornings[one.day] for one in known.values()],
            [self._watermark] * len(known),
        )
