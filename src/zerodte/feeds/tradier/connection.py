"""A connection to Tradier's live data: events in the order in which they come.

The vendor numbers nothing that a client could go on from: what passed while nobody listened is a
gap. Whether a new subscription is answered with what stands is not documented, so the last quotes
are asked for over REST.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.chain_watch import ChainWatch
from zerodte.feeds.connection_watch import EndWatch, GarbledWatch, SleepWatch
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.interest_records import InterestRecords
from zerodte.feeds.patience import Patience
from zerodte.feeds.recorded import committed_rows
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.tradier.account import TradierAccount
from zerodte.feeds.tradier.chain import TradierChain, TradierQuote
from zerodte.feeds.tradier.protocol import QUOTE_EVENT, TIMESALE_EVENT
from zerodte.feeds.tradier.records import (
    TRADIER_DEFINITIONS,
    TRADIER_EQUITIES,
    TRADIER_QUOTES,
    TRADIER_STATISTICS,
    TRADIER_TRADES,
    TRADIER_VALUES,
    TradierBlock,
    TradierQuotes,
    TradierUnderlyings,
)
from zerodte.feeds.tradier.session import TradierSession
from zerodte.feeds.tradier.trades import TimesaleRecords
from zerodte.importers.chain_tape import settled_day
from zerodte.market.calendar import calendar
from zerodte.records.dbn import Records, records
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival, next_piece

#: Contracts that are followed at most. The vendor publishes no limit, and watches over abuse.
MOST_CONTRACTS_FOLLOWED: Final = 2_000
#: How often the windows of strikes are looked at, ns; how often chains are, seconds.
_WIDEN_EVERY: Final = MINUTE
CHAINS_EVERY: Final = 300.0
_LEAST_CHAINS_EVERY: Final = 5.0
#: How often the values of indices are asked for, seconds.
_VALUES_EVERY: Final = 5.0
_LEAST_VALUES_EVERY: Final = 0.25
#: A session has trades all the time, ns.
_LONG_WITHOUT_TRADES: Final = 2 * MINUTE
#: Events that are older than so when they come are no live data, ns.
_OLD: Final = 10 * MINUTE


@dataclass(slots=True)
class TradierReading:
    """What a connection leaves to the next one.

    Attributes:
        trades: The trades that came, by their number.
        contracts: Those that are followed; None before the first connection.
        chains: The chains that were asked for last, by underlying.
        listed_at: When they were, seconds of the monotonic clock.
        patience: With the vendor.
        recorded: The last trades that the recording had before the first connection, which the
            vendor may send again on every one; None before it.
        refused: Symbols that the vendor does not know.
    """

    trades: TimesaleRecords = field(default_factory=TimesaleRecords)
    contracts: FollowedContracts | None = None
    chains: dict[str, TradierChain] = field(default_factory=dict)
    listed_at: float = -math.inf
    patience: Patience = field(default_factory=Patience)
    recorded: Records | None = None
    refused: list[str] = field(default_factory=list)


class TradierConnection:
    """A stream for a session of the market; see `FeedConnection`.

    Args:
        session: Nothing is subscribed to yet.
        account: Whose it is.
        manifest: The session of the market.
        folder: Its recording.
        reading: What the connection before has left.
        contracts: Those that are followed.
        underlyings: Makes records of them, and knows their prices.
    """

    is_over = False
    refused_count = 0

    def __init__(
        self,
        session: TradierSession,
        account: TradierAccount,
        manifest: FeedManifest,
        folder: Path,
        reading: TradierReading,
        contracts: FollowedContracts,
        underlyings: TradierUnderlyings,
    ) -> None:
        self.manifest = manifest
        self._session = session
        self._account = account
        self._folder = folder
        self._reading = reading
        self._contracts = contracts
        self._underlyings = underlyings
        self._quotes = TradierQuotes()
        self._standing: list[TradierQuote] = []
        self._interest = InterestRecords(manifest.date, records("statistics", 0))
        self._recorded: RepeatedRecords | None = None
        self._problem = ""
        self._counts: dict[str, int] = {}
        self._watermark = self._widened = self._quiet_since = self._told = 0
        speed = session.clock.speed
        self._sleep_watch, self._garbled_watch = SleepWatch(speed), GarbledWatch("events")
        self._end_watch = EndWatch()
        self._watch = ChainWatch(
            lambda symbol: account.chain(symbol, manifest.date),
            tuple(underlyings.spots),
            max(CHAINS_EVERY / speed, _LEAST_CHAINS_EVERY),
        )
        self._value_watch = ChainWatch(
            lambda _: account.quotes(underlyings.indices),
            (", ".join(underlyings.indices),),
            max(_VALUES_EVERY / speed, _LEAST_VALUES_EVERY),
            "values",
        )
        self._new_chains = dict(reading.chains)

    @property
    def spots(self) -> dict[str, float]:
        """Prices of the underlyings, dollars; NaN if unknown."""
        return dict(self._underlyings.spots)

    @property
    def came(self) -> frozenset[str]:
        """The underlyings whose value or quote of the session has come."""
        return self._underlyings.came

    @property
    def parities(self) -> dict[str, float]:
        """The parity of each underlying, dollars; NaN if nothing tells it."""
        return self._contracts.parities(self._quotes.last.mids)

    @property
    def trades(self) -> TimesaleRecords:
        """What is known of the trades."""
        return self._reading.trades

    def warnings(self) -> list[str]:
        """What is left out, in words."""
        found = [*self._contracts.sentences(), *self.trades.sentences()]
        if refused := self._session.refused:
            found.append(
                f"the vendor does not know {len(refused):,} of the symbols, such as {refused[0]}"
            )
        if self._garbled:
            found.append(
                f"{self._garbled:,} events have prices or sizes that cannot be; they are left out"
            )
        found += self._interest.sentences()
        hours = calendar().session(self.manifest.date)
        if hours is not None and hours.open < self._watermark < hours.close:
            if max(self._quiet_since, hours.open) + _LONG_WITHOUT_TRADES < self._watermark:
                found.append("no trade has come for two minutes of the session; there is no flow")
            if self._told and self._told < self._watermark - _OLD:
                late = (self._watermark - self._told) // MINUTE
                found.append(f"what comes is {late} minutes old: the account's data is delayed")
        problems = (self._problem, self._watch.problem, self._value_watch.problem)
        return [*found, *(text for text in problems if text)]

    def start(self, position: RecordingPosition) -> FeedStart:
        """Subscribe, wait until that is in effect, and ask for what stands; see `FeedConnection`.

        Raises:
            FeedError: If the connection is lost, or the vendor has enough.
        """
        streams = self.manifest.streams
        self._counts = {stream.name: position.counts.get(stream.name, 0) for stream in streams}
        self._contracts.restart(self._counts[TRADIER_DEFINITIONS.name])
        self._interest = InterestRecords(
            self.manifest.date,
            committed_rows(self._folder, TRADIER_STATISTICS, self._counts[TRADIER_STATISTICS.name]),
        )
        reading = self._reading
        if reading.recorded is None:
            reading.recorded = position.recent.of(TRADIER_TRADES.name, TRADIER_TRADES.schema)
        self._recorded = RepeatedRecords(reading.recorded, received_here=True)
        self.trades.restart(self._counts[TRADIER_TRADES.name])
        with self._reading.patience.noting():
            self._subscribe(list(self._contracts.numbers))
            self._standing = self._account.quotes(list(self._contracts.numbers))
        self._reading.patience.end()
        self._quiet_since = self._session.clock.now()
        return FeedStart(self._session.clock.now(), self._session.clock.speed, resumed=False)

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals; see `FeedConnection`. Why it ends is the last one.

        Raises:
            FeedError: If the stream is lost or mute, or sends garbage.
        """
        return self._end_watch.receive(self._receive, timeout)

    def _receive(self, timeout: float) -> list[Arrival]:
        self._sleep_watch.check()
        # A definition is older than all else of its contract: a tick may close between them.
        defined = self._defined(self._session.oldest)
        with self._reading.patience.noting():
            arrivals = [*defined, *self._received(timeout)]
            looked = self._watch.take()
            if looked and not self._watch.problem:
                self._reading.listed_at = time.monotonic()
            new, self._new_chains = self._new_chains | looked, {}
            at = max(self._watermark, self._session.newest)
            if self._widen(new):
                # Data of it may have come while it was subscribed to.
                defined += (more := self._defined(at))
                arrivals += [*more, *self._received(0.0)]
        self._watermark = max(self._watermark, self._session.newest)
        arrivals += self._stood()
        self._garbled_watch.check(self._watermark, self._garbled)
        arrivals += self._settled_interest(self._reading.chains if defined else new)
        return [*arrivals, Arrival(self._watermark)]

    def close(self) -> None:
        """End it."""
        self._session.close()

    @property
    def _garbled(self) -> int:
        return (
            self.trades.garbled_count
            + self._quotes.last.garbled_count
            + self._underlyings.garbled_count
        )

    def _subscribe(self, new: Sequence[str]) -> None:
        symbols = [*self._underlyings.spots, *self._contracts.numbers]
        self._session.subscribe(symbols, frozenset(new))

    def _received(self, timeout: float) -> list[Arrival]:
        """The records of what has come."""
        found = []
        for block in self._session.take(timeout):
            self._told = max(self._told, int(block.times().max()))
            found += self._arrivals(block)
        return found

    def _arrivals(self, block: TradierBlock) -> list[Arrival]:
        """The records of a block; its events may be of contracts and of underlyings."""
        numbers = self._contracts.numbers
        if block.kind == QUOTE_EVENT:
            self._quotes.last.make_room(self._contracts.largest)
            found = self._arrival(TRADIER_QUOTES, self._quotes.take(block, numbers))
            return found + self._arrival(TRADIER_EQUITIES, self._underlyings.quotes(block))
        found = self._arrival(TRADIER_VALUES, self._underlyings.values(block))
        if block.kind != TIMESALE_EVENT:
            return found
        first = self._counts[TRADIER_TRADES.name]
        piece = self.trades.piece(block, numbers, first, self._recorded)
        if piece is None:
            return found
        self._quiet_since = block.newest
        self._counts[TRADIER_TRADES.name] = first + len(piece.records)
        return [*found, Arrival(block.newest, TRADIER_TRADES.name, piece)]

    def _arrival(self, stream: FeedStream, rows: Records) -> list[Arrival]:
        if not len(rows):
            return []
        at = int(rows["ts_recv"][-1])
        return [Arrival(at, stream.name, next_piece(self._counts, stream.name, rows))]

    def _stood(self) -> list[Arrival]:
        """What was asked for over REST: last quotes of contracts, and values of indices."""
        found = []
        if self._standing:
            self._quotes.last.make_room(self._contracts.largest)
            numbers = self._contracts.numbers
            rows = self._quotes.standing(self._standing, numbers, self._watermark)
            self._standing = []
            found += self._arrival(TRADIER_QUOTES, rows)
        hours = calendar().session_of(self._watermark)
        if self._underlyings.indices and hours.open <= self._watermark <= hours.close:
            asked = [one for quotes in self._value_watch.take().values() for one in quotes]
            rows = self._underlyings.asked(asked, hours.open - SECOND, self._watermark)
            found += self._arrival(TRADIER_VALUES, rows)
        return found

    def _widen(self, chains: Mapping[str, TradierChain]) -> bool:
        """Follow what has been listed, or come into a window; whether there is anything new."""
        for symbol, chain in chains.items():
            self._reading.chains[symbol] = chain
            self._contracts.add(symbol, chain.listings)
        if not chains and self._session.newest < self._widened + _WIDEN_EVERY:
            return False
        self._widened = self._session.newest
        names = self._contracts.follow(self._quotes.last.mids, self._known_spots())
        if names:
            self._subscribe(names)
            self._standing += self._last_quotes(names)
        return bool(names)

    def _known_spots(self) -> dict[str, float]:
        """Prices of the underlyings; the parity of what has none."""
        parities = self.parities
        return {
            symbol: spot if math.isfinite(spot) else parities[symbol]
            for symbol, spot in self._underlyings.spots.items()
        }

    def _last_quotes(self, names: Sequence[str]) -> list[TradierQuote]:
        try:
            found = self._account.quotes(names)
        except FeedError as error:
            # They come with their next change; that is no reason to lose the stream.
            self._problem = f"last quotes of new contracts are not known: {error}"
            return []
        self._problem = ""
        return found

    def _defined(self, at: int) -> list[Arrival]:
        """Definitions that were not sent yet, of a time, UTC ns."""
        return self._arrival(TRADIER_DEFINITIONS, self._contracts.definitions(at))

    def _settled_interest(self, chains: Mapping[str, TradierChain]) -> list[Arrival]:
        """Open interest that is new."""
        found = []
        for chain in chains.values():
            found += self._arrival(TRADIER_STATISTICS, self._settled(chain))
        return found

    def _settled(self, chain: TradierChain) -> Records:
        """The open interest of a chain that is new; the vendor does not tell of which day it is."""
        ids = {raw: number for number, raw in self._contracts.symbols.items()}
        known = {raw: figure for raw, figure in chain.interest.items() if raw in ids}
        return self._interest.take(
            [ids[raw] for raw in known],
            list(known.values()),
            [settled_day(self._watermark)] * len(known),
            [self._watermark] * len(known),
        )
