"""A connection to tastytrade's live data: events in the order in which they come.

The vendor numbers nothing that a client could go on from: what passed while nobody listened is a
gap. The feed's clock is when a message came, so a connection that is mute holds it up.
"""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.chain_watch import ChainWatch
from zerodte.feeds.connection_watch import GarbledWatch, SleepWatch, end_reason
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.interest_records import InterestRecords
from zerodte.feeds.recorded import committed_rows
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.tastytrade.account import TastytradeAccount
from zerodte.feeds.tastytrade.protocol import EventBlock
from zerodte.feeds.tastytrade.records import (
    TASTY_DEFINITIONS,
    TASTY_QUOTES,
    TASTY_STATISTICS,
    TASTY_TRADES,
    QuoteRecords,
    ids_of,
    summaries,
)
from zerodte.feeds.tastytrade.session import DXLinkChannel, DXLinkSession, DXLinkTokenError
from zerodte.feeds.tastytrade.trades import TimeAndSaleRecords
from zerodte.market.calendar import calendar
from zerodte.records.dbn import Records
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import Arrival, next_piece

TICKERS: Final = DXLinkChannel(1, "TICKER", 1.0, ("Quote", "Trade"))
SALES: Final = DXLinkChannel(3, "STREAM", 0.0, ("TimeAndSale",))
#: The day's high and low change all the time; its open interest does not.
SUMMARIES: Final = DXLinkChannel(5, "TICKER", 60.0, ("Summary",))
#: Seconds until a subscription counts as in effect, and of one look at what has come.
_SETTLING_S: Final = 5.0
_STEP_S: Final = 0.25
#: On a new subscription trades older than this are not new, ns.
_OVERLAP: Final = 30 * SECOND
#: How often the windows of strikes are looked at, ns; how often the chains are, seconds.
_WIDEN_EVERY: Final = MINUTE
CHAINS_EVERY: Final = 300.0
_LEAST_CHAINS_EVERY: Final = 5.0
#: A session has trades all the time, ns.
_LONG_WITHOUT_TRADES: Final = 2 * MINUTE


@dataclass(slots=True)
class TastytradeReading:
    """What a connection leaves to the next one.

    Attributes:
        trades: The trades that came, by their index.
        universe: The contracts; None before the first connection.
        listed_at: When their chains were last asked for, seconds of the monotonic clock.
        recorded: The last trades that the recording had before the first connection, which the
            vendor may send again on every one; None before it.
    """

    trades: TimeAndSaleRecords = field(default_factory=TimeAndSaleRecords)
    universe: FollowedContracts | None = None
    listed_at: float = -math.inf
    recorded: Records | None = None


class TastytradeConnection:
    """A session of DXLink for a session of the market; see `FeedConnection`.

    Args:
        session: It has its channels, and the subscriptions of underlyings.
        account: Whose it is.
        manifest: The session of the market.
        folder: Its recording.
        reading: What the connection before has left.
        universe: The contracts.
        quotes: Makes records of quotes.
        early: Events that have come already.
    """

    is_over = False
    refused_count = 0

    def __init__(
        self,
        session: DXLinkSession,
        account: TastytradeAccount,
        manifest: FeedManifest,
        folder: Path,
        reading: TastytradeReading,
        universe: FollowedContracts,
        quotes: QuoteRecords,
        early: list[EventBlock],
    ) -> None:
        self.manifest = manifest
        self._session = session
        self._account = account
        self._folder = folder
        self._universe = universe
        self._reading = reading
        self._trades = reading.trades
        self._quotes = quotes
        self._early = early
        speed = session.clock.speed
        self._watch = ChainWatch(
            account.chain, tuple(quotes.spots), max(CHAINS_EVERY / speed, _LEAST_CHAINS_EVERY)
        )
        self._interest: InterestRecords | None = None
        self._recorded: RepeatedRecords | None = None
        self._counts: dict[str, int] = {}
        self._since = self._watermark = self._widened = 0
        self._quiet_since = 0
        self._end: FeedError | None = None
        self._sleep_watch, self._garbled_watch = SleepWatch(speed), GarbledWatch("events")

    @property
    def spots(self) -> dict[str, float]:
        """Prices of the underlyings, dollars; NaN if unknown."""
        return dict(self._quotes.spots)

    def warnings(self) -> list[str]:
        """What is left out, in words."""
        found = self._universe.sentences()
        found += self._trades.conditions.sentences()
        if self._trades.repeated_count:
            found.append(f"{self._trades.repeated_count:,} trades came again; they are left out")
        if self._garbled:
            found.append(
                f"{self._garbled:,} events have prices or sizes that cannot be; they are left out"
            )
        if undated := self._trades.undated_count + self._quotes.undated_count:
            found.append(f"{undated:,} events have times that cannot be; that of receipt counts")
        if self._interest is not None:
            found += self._interest.sentences()
        if self._lacks_trades():
            found.append(
                "no trade has come for two minutes of the session: the account may not be sent "
                "TimeAndSale"
            )
        return [*found, *([self._watch.problem] if self._watch.problem else [])]

    def start(self, position: RecordingPosition) -> FeedStart:
        """Subscribe, and wait until that is in effect; see `FeedConnection`."""
        self._counts = {
            stream.name: position.counts.get(stream.name, 0) for stream in self.manifest.streams
        }
        self._universe.restart(self._counts[TASTY_DEFINITIONS.name])
        self._interest = InterestRecords(
            self.manifest.date,
            committed_rows(self._folder, TASTY_STATISTICS, self._counts[TASTY_STATISTICS.name]),
        )
        reading = self._reading
        if reading.recorded is None:
            reading.recorded = position.recent.of(TASTY_TRADES.name, TASTY_TRADES.schema)
        self._recorded = RepeatedRecords(reading.recorded, received_here=True)
        self._trades.restart(self._counts[TASTY_TRADES.name])
        self._since = self._session.clock.now() - _OVERLAP
        self._follow(list(self._universe.numbers))
        # A server obeys in order: once a quote of a contract has come, its trades come too.
        deadline = time.monotonic() + _SETTLING_S
        while time.monotonic() < deadline:
            blocks = self._take(_STEP_S)
            self._early += blocks
            if any(block.kind == "Quote" and any(self._ids(block)) for block in blocks):
                break
        self._watermark = self._quiet_since = self._session.clock.now()
        return FeedStart(self._watermark, self._session.clock.speed, resumed=False)

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals; see `FeedConnection`. Why it ends is the last one.

        Raises:
            FeedError: If the session is lost, or sends garbage.
        """
        if self._end is not None:
            raise self._end
        arrivals, blocks = [], list[EventBlock]()
        for block in self._early:
            arrivals += self._arrivals(block)
        # What is older than a subscription comes with its beginning alone.
        self._early, self._since = [], 0
        try:
            self._sleep_watch.check()
            blocks = self._take(0.0 if arrivals else timeout)
            self._garbled_watch.check(self._watermark, self._garbled)
        except FeedError as error:
            self._end = error
        for block in blocks:
            arrivals += self._arrivals(block)
        if self._end is not None:
            lost, since = end_reason(self._end), self._watermark - 1
            return [*arrivals, Arrival(self._watermark, lost=lost, lost_since=since)]
        self._watermark = max(self._watermark, self._session.newest)
        arrivals += self._widened_arrivals()
        return [*arrivals, Arrival(self._watermark)]

    def close(self) -> None:
        """End the session."""
        self._session.close()

    @property
    def _garbled(self) -> int:
        return self._trades.garbled_count + self._quotes.garbled_count

    def _take(self, timeout: float) -> list[EventBlock]:
        try:
            return self._session.take(timeout)
        except DXLinkTokenError:
            self._account.forget_tokens()
            raise

    def _ids(self, block: EventBlock) -> list[int]:
        return ids_of(block, self._universe.numbers)

    def _arrivals(self, block: EventBlock) -> list[Arrival]:
        """The records of a block; its events may be of contracts and of underlyings."""
        ids = self._ids(block)
        found: list[tuple[str, Records]] = []
        if block.kind == "TimeAndSale":
            self._quiet_since = block.newest
            first = self._counts[TASTY_TRADES.name]
            piece = self._trades.piece(
                block, ids, first, since=self._since, recorded=self._recorded
            )
            if piece is None:
                return []
            self._counts[TASTY_TRADES.name] = first + len(piece.records)
            return [Arrival(block.newest, TASTY_TRADES.name, piece)]
        if block.kind == "Summary" and self._interest is not None:
            found.append((TASTY_STATISTICS.name, summaries(self._interest, block, ids)))
            self._quotes.learn_closes(block)
        elif block.kind in ("Quote", "Trade"):
            if block.kind == "Quote" and any(ids):
                self._quotes.make_room(self._universe.largest)
                found.append((TASTY_QUOTES.name, self._quotes.options(block, ids)))
            if not all(ids):
                found.append(self._quotes.underlying(block))
        return [
            Arrival(block.newest, name, next_piece(self._counts, name, rows))
            for name, rows in found
            if len(rows)
        ]

    def _widened_arrivals(self) -> list[Arrival]:
        """Definitions of contracts that are followed from now on."""
        for symbol, chain in self._watch.take().items():
            self._universe.add(symbol, chain)
            self._widened = 0
        if self._watermark >= self._widened + _WIDEN_EVERY:
            self._widened = self._watermark
            self._follow(self._universe.follow(self._quotes.mids, self._quotes.spots))
        rows = self._universe.definitions(self._watermark)
        if not len(rows):
            return []
        name = TASTY_DEFINITIONS.name
        return [Arrival(self._watermark, name, next_piece(self._counts, name, rows))]

    def _follow(self, names: list[str]) -> None:
        self._session.subscribe(SALES, "TimeAndSale", names)
        self._session.subscribe(SUMMARIES, "Summary", names)
        self._session.subscribe(TICKERS, "Quote", names)

    def _lacks_trades(self) -> bool:
        hours = calendar().session(self.manifest.date)
        since = self._quiet_since + _LONG_WITHOUT_TRADES
        return hours is not None and max(since, hours.open) < self._watermark < hours.close
