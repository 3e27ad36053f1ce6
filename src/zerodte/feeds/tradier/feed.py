"""Tradier's live data as a feed: trades with their quotes, quotes, open interest, underlyings."""

import datetime
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.feeds.feed import FeedError
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.recorded import recorded_contracts
from zerodte.feeds.tradier.account import TradierAccount
from zerodte.feeds.tradier.chain import TradierChain
from zerodte.feeds.tradier.connection import (
    CHAINS_EVERY,
    MOST_CONTRACTS_FOLLOWED,
    TradierConnection,
    TradierReading,
)
from zerodte.feeds.tradier.records import (
    TRADIER_DEFINITIONS,
    TRADIER_QUOTES,
    TRADIER_STATISTICS,
    TRADIER_TRADES,
    TradierUnderlyings,
)
from zerodte.feeds.tradier.session import TradierSession
from zerodte.feeds.tradier.trades import TimesaleRecords
from zerodte.feeds.universe import is_live, parity
from zerodte.market.calendar import calendar
from zerodte.records.dbn import TRADIER_OPRA
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.sidecars import Notes

#: What users of its tapes have to know.
TRADIER_ORIGIN: Final = "trades, quotes and open interest are Tradier's"
TRADIER_LACKS: Final = (
    "Tradier does not publish what the flags of trades mean, so legs of packages and auctions look "
    "like single trades; it sends the trades of followed strikes alone, and cannot send again what "
    "was missed"
)
TRADIER_VALUE: Final = (
    "the value of an index is Tradier's, which may derive it from options rather than take the "
    "published one"
)

#: The vendor publishes none, so it is ours.
_LIMIT: Final = "zerodte follows no more than"


class TradierFeed:
    """Options of some underlyings.

    Args:
        account: The user's.
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
        capture: Folder for a copy of what is sent; None for none.
    """

    def __init__(
        self,
        account: TradierAccount,
        symbols: Sequence[str],
        root: Path,
        capture: Path | None = None,
    ) -> None:
        self._account = account
        self._symbols = tuple(sorted(set(symbols)))
        self._root = root
        self._capture = capture
        self._reading = TradierReading()
        self._opening: TradierSession | None = None
        self._connection: TradierConnection | None = None
        indices = TradierUnderlyings(self._symbols).indices
        self._lacks = (TRADIER_LACKS, *((TRADIER_VALUE,) if indices else ()))

    @property
    def name(self) -> str:
        """The host."""
        return self._account.name

    def warnings(self) -> list[str]:
        """What users have to know: what is missing, and events that were left out."""
        connection = self._connection
        return [*self._lacks, *(connection.warnings() if connection else ())]

    def interrupt(self) -> None:
        """Close the stream that is being opened, and ask for nothing more."""
        self._account.interrupt()
        if (opening := self._opening) is not None:
            opening.close()

    def connect(self) -> TradierConnection:
        """Begin a stream, and learn from chains and prices which contracts to follow.

        Raises:
            FeedRefusalError: If the token is refused.
            FeedError: If the vendor cannot be reached, wants to be left alone for a while, or has
                no contract of the symbols.
        """
        self._reading.patience.check()
        with self._reading.patience.noting():
            return self._connect()

    def _connect(self) -> TradierConnection:
        session = TradierSession(self._account, self._capture, self._reading.refused)
        self._opening = session
        try:
            date = calendar().session_of(session.clock.now()).date
            folder = self._root / date.isoformat()
            underlyings = TradierUnderlyings(self._symbols)
            underlyings.learn(self._account.quotes(self._symbols))
            contracts = self._contracts(date, folder)
            nothing = np.full(contracts.largest + 1, math.nan)
            spots = {
                symbol: spot if math.isfinite(spot) else self._parity(symbol, date)
                for symbol, spot in underlyings.spots.items()
            }
            contracts.follow(nothing, spots)
            if not contracts.symbols:
                raise FeedError(
                    f"no contract of {', '.join(self._symbols)} is live on {date}; check the names"
                )
            manifest = self._manifest(date, contracts, underlyings)
        except BaseException:
            session.close()
            raise
        finally:
            self._opening = None
        self._connection = TradierConnection(
            session, self._account, manifest, folder, self._reading, contracts, underlyings
        )
        return self._connection

    def _contracts(self, date: datetime.date, folder: Path) -> FollowedContracts:
        reading = self._reading
        if reading.contracts is None or reading.contracts.date != date:
            recorded = recorded_contracts(folder, date, TRADIER_OPRA)
            reading.contracts = FollowedContracts(
                self._symbols, date, recorded, MOST_CONTRACTS_FOLLOWED, _LIMIT
            )
            reading.trades, reading.recorded = TimesaleRecords(), None
            reading.listed_at = -math.inf
            reading.refused.clear()
        if time.monotonic() - reading.listed_at > CHAINS_EVERY:
            for symbol in self._symbols:
                chain = self._account.chain(symbol, date)
                reading.chains[symbol] = chain
                reading.contracts.add(symbol, chain.listings)
            reading.listed_at = time.monotonic()
        return reading.contracts

    def _parity(self, symbol: str, date: datetime.date) -> float:
        """The parity of a chain's last quotes, dollars; NaN if nothing tells it."""
        chain = self._reading.chains.get(symbol, TradierChain([], {}, {}))
        live = [one for one in chain.listings if is_live(one.contract, date)]
        mids = np.array([chain.mids[one.raw] for one in live], np.float64)
        return parity([one.contract for one in live], mids)

    def _manifest(
        self, date: datetime.date, contracts: FollowedContracts, underlyings: TradierUnderlyings
    ) -> FeedManifest:
        notes = Notes(
            notes=(f"{TRADIER_ORIGIN}: {', '.join(self._symbols)}", *self._lacks),
            warnings={
                symbol: self._lacks if symbol in underlyings.indices else (TRADIER_LACKS,)
                for symbol in self._symbols
            },
        )
        streams = (
            TRADIER_DEFINITIONS,
            TRADIER_STATISTICS,
            TRADIER_QUOTES,
            TRADIER_TRADES,
            *underlyings.streams,
        )
        symbols = {TRADIER_OPRA: contracts.symbols} | underlyings.numbered
        return FeedManifest(date, streams, symbols, notes)
