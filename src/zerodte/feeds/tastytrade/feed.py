"""tastytrade's live data as a feed: trades with their quotes, quotes, open interest, the index."""

import datetime
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zerodte.feeds.feed import FeedError
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.recorded import recorded_contracts
from zerodte.feeds.tastytrade.account import TastytradeAccount
from zerodte.feeds.tastytrade.connection import (
    CHAINS_EVERY,
    SALES,
    SUMMARIES,
    TICKERS,
    TastytradeConnection,
    TastytradeReading,
)
from zerodte.feeds.tastytrade.protocol import EventBlock
from zerodte.feeds.tastytrade.records import (
    TASTY_DEFINITIONS,
    TASTY_QUOTES,
    TASTY_STATISTICS,
    TASTY_TRADES,
    QuoteRecords,
)
from zerodte.feeds.tastytrade.session import DXLinkSession, DXLinkTokenError
from zerodte.feeds.tastytrade.trades import TimeAndSaleRecords
from zerodte.market.calendar import calendar
from zerodte.records.dbn import TASTY_OPRA
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.sidecars import Notes

#: Seconds for the prices of underlyings, and of one look at what has come.
_SPOT_S: Final = 3.0
_STEP_S: Final = 0.25
#: What users of its tapes have to know.
TASTY_ORIGIN: Final = "trades, quotes and open interest are tastytrade's"
TASTY_LACKS: Final = (
    "tastytrade sends the trades of followed strikes alone, and cannot send again what was missed"
)
_DELAYED: Final = "the account's data is delayed (level {level}): it is no live market"


class TastytradeFeed:
    """Options of some underlyings.

    Args:
        account: The user's.
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
        capture: Folder for a copy of what is sent; None for none.
    """

    def __init__(
        self,
        account: TastytradeAccount,
        symbols: Sequence[str],
        root: Path,
        capture: Path | None = None,
    ) -> None:
        self._account = account
        self._symbols = tuple(sorted(set(symbols)))
        self._root = root
        self._capture = capture
        self._reading = TastytradeReading()
        self._opening: DXLinkSession | None = None
        self._connection: TastytradeConnection | None = None

    @property
    def name(self) -> str:
        """The host."""
        return self._account.name

    def warnings(self) -> list[str]:
        """What users have to know: what is missing, and events that were left out."""
        connection = self._connection
        return [TASTY_LACKS, *(connection.warnings() if connection else ())]

    def interrupt(self) -> None:
        """Close the session whose prices are waited for."""
        if (opening := self._opening) is not None:
            opening.close()

    def connect(self) -> "TastytradeConnection":
        """Log in, connect, and learn from chains and spot which contracts to follow.

        Raises:
            FeedRefusalError: If the keys are refused.
            FeedError: If the vendor cannot be reached, or has no contract of the symbols.
        """
        session = self._session()
        self._opening = session
        try:
            date = calendar().session_of(session.clock.now()).date
            folder = self._root / date.isoformat()
            universe = self._universe(date, folder)
            quotes = QuoteRecords(self._symbols)
            early = self._spots(session, quotes)
            universe.follow(quotes.mids, quotes.spots)
            if not universe.symbols:
                raise FeedError(
                    f"no contract of {', '.join(self._symbols)} is live on {date}; check the names"
                )
            manifest = self._manifest(date, universe, quotes)
        except BaseException:
            session.close()
            raise
        finally:
            self._opening = None
        self._connection = TastytradeConnection(
            session, self._account, manifest, folder, self._reading, universe, quotes, early
        )
        return self._connection

    def _session(self) -> DXLinkSession:
        """A session with its channels open; a token that is not accepted is replaced once."""
        for is_last in (False, True):
            token = self._account.quote_token()
            is_loopback = self._account.is_loopback
            try:
                session = DXLinkSession(token, is_loopback=is_loopback, capture=self._capture)
            except DXLinkTokenError:
                self._account.forget_tokens()
                if is_last:
                    raise
                continue
            try:
                for channel in (TICKERS, SALES, SUMMARIES):
                    session.open(channel)
            except BaseException:
                session.close()
                raise
            return session
        raise AssertionError("the last attempt returns or raises")

    def _universe(self, date: datetime.date, folder: Path) -> FollowedContracts:
        reading = self._reading
        if reading.universe is None or reading.universe.date != date:
            recorded = recorded_contracts(folder, date, TASTY_OPRA)
            reading.universe = FollowedContracts(self._symbols, date, recorded)
            reading.trades, reading.recorded = TimeAndSaleRecords(), None
            reading.listed_at = -math.inf
        if time.monotonic() - reading.listed_at > CHAINS_EVERY:
            for symbol in self._symbols:
                reading.universe.add(symbol, self._account.chain(symbol))
            reading.listed_at = time.monotonic()
        return reading.universe

    def _spots(self, session: DXLinkSession, quotes: QuoteRecords) -> list[EventBlock]:
        """Subscribe to the underlyings and wait for their prices; the events that came."""
        for kind in ("Quote", "Trade"):
            session.subscribe(TICKERS, kind, self._symbols)
        session.subscribe(SUMMARIES, "Summary", self._symbols)
        early: list[EventBlock] = []
        closes: list[EventBlock] = []
        deadline = time.monotonic() + _SPOT_S
        while time.monotonic() < deadline and any(map(math.isnan, quotes.spots.values())):
            for block in session.take(_STEP_S):
                if block.kind == "Summary":
                    closes.append(block)
                else:
                    quotes.underlying(block)
                    early.append(block)
        for block in closes:
            quotes.learn_closes(block)
        return early

    def _manifest(
        self, date: datetime.date, universe: FollowedContracts, quotes: QuoteRecords
    ) -> FeedManifest:
        token = self._account.quote_token()
        delayed = (_DELAYED.format(level=token.level),) if token.is_delayed else ()
        notes = Notes(
            notes=(f"{TASTY_ORIGIN}: {', '.join(self._symbols)}", *delayed),
            warnings=dict.fromkeys(self._symbols, (TASTY_LACKS, *delayed)),
        )
        streams = (
            TASTY_DEFINITIONS,
            TASTY_STATISTICS,
            TASTY_QUOTES,
            TASTY_TRADES,
            *quotes.streams(),
        )
        return FeedManifest(
            date, streams, {TASTY_OPRA: universe.symbols} | quotes.numbered(), notes
        )
