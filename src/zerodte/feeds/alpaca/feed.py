"""Alpaca's live data as a feed: quotes and trades of options, and their open interest."""

import datetime
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.feeds.alpaca.account import AlpacaAccount
from zerodte.feeds.alpaca.chain import AlpacaChain
from zerodte.feeds.alpaca.connection import CHAINS_EVERY, AlpacaConnection, AlpacaReading
from zerodte.feeds.alpaca.protocol import MOST_FREE_QUOTES, MOST_QUOTES
from zerodte.feeds.alpaca.records import AlpacaStreams, alpaca_streams
from zerodte.feeds.alpaca.session import AlpacaSession
from zerodte.feeds.feed import FeedError
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.recorded import recorded_contracts
from zerodte.feeds.universe import is_live, parity
from zerodte.market.calendar import calendar
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.sidecars import Notes

#: What users of its tapes have to know.
ALPACA_ORIGIN: Final = "quotes, trades and open interest are Alpaca's"
ALPACA_LACKS: Final = (
    "Alpaca sends the quotes and trades of up to {most:,} contracts, trades without the quote at "
    "their time, and cannot send again what was missed"
)
INDICATIVE_LACKS: Final = (
    "Alpaca's indicative quotes are derived ones, not those of the exchanges, of up to {most:,} "
    "contracts; there are no trades and no flow, and whatever is computed is indicative too"
)


class AlpacaFeed:
    """Options of some underlyings.

    Args:
        account: The user's.
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
        capture: Folder for a copy of what is sent; None for none.
    """

    def __init__(
        self,
        account: AlpacaAccount,
        symbols: Sequence[str],
        root: Path,
        capture: Path | None = None,
    ) -> None:
        self._account = account
        self._symbols = tuple(sorted(set(symbols)))
        self._root = root
        self._capture = capture
        self._streams: AlpacaStreams = alpaca_streams(is_indicative=account.is_indicative)
        self._reading = AlpacaReading(
            MOST_FREE_QUOTES if account.is_indicative else MOST_QUOTES,
            spots=dict.fromkeys(self._symbols, math.nan),
        )
        self._opening: AlpacaSession | None = None
        self._connection: AlpacaConnection | None = None

    @property
    def name(self) -> str:
        """The host."""
        return self._account.name

    def warnings(self) -> list[str]:
        """What users have to know: what is missing, and messages that were left out."""
        connection = self._connection
        return [self._lacks, *(connection.warnings() if connection else ())]

    def interrupt(self) -> None:
        """Close the session that is being opened."""
        if (opening := self._opening) is not None:
            opening.close()

    def connect(self) -> AlpacaConnection:
        """Connect, and learn from chains and spot which contracts to follow.

        Raises:
            FeedRefusalError: If the keys or the subscription are refused.
            FeedError: If the vendor cannot be reached, wants to be left alone for a while, or has
                no contract of the symbols.
        """
        reading = self._reading
        reading.patience.check()
        with reading.patience.noting():
            return self._connect()

    def _connect(self) -> AlpacaConnection:
        session = AlpacaSession(self._account, self._capture)
        self._opening = session
        try:
            date = calendar().session_of(session.clock.now()).date
            folder = self._root / date.isoformat()
            contracts = self._contracts(date, folder)
            nothing = np.full(contracts.largest + 1, math.nan)
            contracts.follow(nothing, self._reading.spots)
            if not contracts.symbols:
                raise FeedError(
                    f"no contract of {', '.join(self._symbols)} is live on {date}; check the names"
                )
            manifest = self._manifest(date, contracts)
        except BaseException:
            session.close()
            raise
        finally:
            self._opening = None
        self._connection = AlpacaConnection(
            session, self._account, manifest, folder, self._reading, contracts, self._streams
        )
        return self._connection

    @property
    def _lacks(self) -> str:
        lacks = INDICATIVE_LACKS if self._account.is_indicative else ALPACA_LACKS
        return lacks.format(most=self._reading.most)

    def _contracts(self, date: datetime.date, folder: Path) -> FollowedContracts:
        reading = self._reading
        if reading.contracts is None or reading.contracts.date != date:
            dataset = self._streams.quotes.dataset
            recorded = recorded_contracts(folder, date, dataset)
            reading.contracts = FollowedContracts(self._symbols, date, recorded, reading.most)
            reading.listed_at = -math.inf
        if time.monotonic() - reading.listed_at > CHAINS_EVERY:
            for symbol in self._symbols:
                chain = self._account.chain(symbol, date)
                reading.chains[symbol] = chain
                reading.contracts.add(symbol, chain.listings)
                if math.isnan(reading.spots[symbol]):
                    reading.spots[symbol] = self._spot(symbol, chain, date)
            reading.listed_at = time.monotonic()
        return reading.contracts

    def _spot(self, symbol: str, chain: AlpacaChain, date: datetime.date) -> float:
        """The parity of the nearest expiry's last quotes, else of the closes of the day before."""
        live = [one for one in chain.listings if is_live(one.contract, date)]
        if not live:
            return math.nan
        nearest = min(one.contract.expiry for one in live)
        ours = [one for one in live if one.contract.expiry == nearest]
        quotes = self._account.quotes(symbol, nearest)
        mids = {quote.name: (quote.bid + quote.ask) / 2.0 for quote in quotes if quote.ask > 0.0}
        contracts = [one.contract for one in ours]
        quoted = np.array([mids.get(one.name, math.nan) for one in ours], np.float64)
        spot = parity(contracts, quoted)
        if math.isfinite(spot):
            return spot
        closes = [chain.closes.get(one.raw, math.nan) for one in live]
        return parity([one.contract for one in live], np.array(closes, np.float64))

    def _manifest(self, date: datetime.date, contracts: FollowedContracts) -> FeedManifest:
        notes = Notes(
            notes=(f"{ALPACA_ORIGIN}: {', '.join(self._symbols)}", self._lacks),
            warnings=dict.fromkeys(self._symbols, (self._lacks,)),
        )
        dataset = self._streams.quotes.dataset
        return FeedManifest(date, self._streams.all, {dataset: contracts.symbols}, notes)
