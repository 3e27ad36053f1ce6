"""ThetaData's live data as a feed: trades with their quotes, quotes, open interest, the index."""

import datetime
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.feeds.contract_connection import CHAINS_EVERY
from zerodte.feeds.feed import FeedError
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.recorded import recorded_contracts
from zerodte.feeds.thetadata.client import ThetaClient
from zerodte.feeds.thetadata.connection import (
    MOST_CONTRACTS_STREAMED,
    ThetaConnection,
    ThetaReading,
)
from zerodte.feeds.thetadata.event_records import (
    THETA_DEFINITIONS,
    THETA_QUOTES,
    THETA_STATISTICS,
    THETA_TRADES,
    THETA_VALUES,
    ThetaEventRecords,
)
from zerodte.feeds.thetadata.event_session import ThetaEventSession
from zerodte.feeds.thetadata.live_chain import ThetaChain, ThetaChains
from zerodte.feeds.universe import parity
from zerodte.market.calendar import calendar
from zerodte.market.roots import root_info
from zerodte.records.dbn import INDEX, THETA_OPRA
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.sidecars import Notes

#: What users of its tapes have to know.
THETA_ORIGIN: Final = "trades, quotes and open interest are ThetaData's, from its terminal"
THETA_LACKS: Final = (
    "ThetaData's terminal sends the trades of followed strikes, with times to the millisecond, and "
    "cannot send again what was missed"
)


class ThetaFeed:
    """Options of some underlyings.

    Args:
        client: Asks the terminal, whose websocket has the events.
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
        capture: Folder for a copy of what is sent; None for none.
    """

    def __init__(
        self,
        client: ThetaClient,
        symbols: Sequence[str],
        root: Path,
        capture: Path | None = None,
    ) -> None:
        self._client = client
        self._symbols = tuple(sorted(set(symbols)))
        self._root = root
        self._capture = capture
        indices = [symbol for symbol in self._symbols if root_info(symbol).is_index]
        self._indices = {symbol: number for number, symbol in enumerate(indices, 1)}
        self._reading = ThetaReading(
            MOST_CONTRACTS_STREAMED, spots=dict.fromkeys(self._symbols, math.nan)
        )
        self._opening: ThetaEventSession | None = None
        self._connection: ThetaConnection | None = None

    @property
    def name(self) -> str:
        """Where the terminal is."""
        return self._client.host.name

    def warnings(self) -> list[str]:
        """What users have to know: what is missing, and events that were left out."""
        connection = self._connection
        return [THETA_LACKS, *(connection.warnings() if connection else ())]

    def interrupt(self) -> None:
        """Close the session that is being opened; from now on nothing is asked over REST."""
        self._client.host.stopped.set()
        if (opening := self._opening) is not None:
            opening.close()

    def connect(self) -> ThetaConnection:
        """Connect, and learn from chains and spot which contracts to follow.

        Raises:
            FeedRefusalError: If the login or the subscription is refused.
            FeedError: If the terminal does not run, the vendor wants to be left alone for a
                while, or there is no contract of the symbols.
        """
        self._reading.patience.check()
        with self._reading.noting():
            return self._connect()

    def _connect(self) -> ThetaConnection:
        host, reading = self._client.host, self._reading
        session = ThetaEventSession(
            host.url,
            is_loopback=host.is_loopback,
            first_id=reading.next_id,
            capture=self._capture,
        )
        self._opening = session
        try:
            date = calendar().session_of(session.clock.now()).date
            folder = self._root / date.isoformat()
            chains = ThetaChains(self._client, date)
            contracts = self._contracts(chains, date, folder)
            nothing = np.full(contracts.largest + 1, math.nan)
            contracts.follow(nothing, reading.spots)
            if not contracts.symbols:
                raise FeedError(
                    f"no contract of {', '.join(self._symbols)} is live on {date}; check the names"
                )
            reading.lacking = {
                symbol: reason
                for symbol in self._indices
                if (reason := session.subscribe_index(symbol))
            }
            manifest = self._manifest(date, contracts)
        except BaseException:
            reading.next_id = session.next_id
            session.close()
            raise
        finally:
            self._opening = None
        events = ThetaEventRecords(self._indices)
        self._connection = ThetaConnection(
            session, chains, manifest, folder, reading, contracts, events
        )
        return self._connection

    def _contracts(
        self, chains: ThetaChains, date: datetime.date, folder: Path
    ) -> FollowedContracts:
        reading = self._reading
        if reading.contracts is None or reading.contracts.date != date:
            recorded = recorded_contracts(folder, date, THETA_OPRA)
            reading.contracts = FollowedContracts(self._symbols, date, recorded, reading.most)
            reading.listed_at = -math.inf
        if time.monotonic() - reading.listed_at > CHAINS_EVERY:
            for symbol in self._symbols:
                chain = chains.chain(symbol)
                reading.chains[symbol] = chain
                reading.contracts.add(symbol, chain.listings)
                if math.isnan(reading.spots[symbol]):
                    reading.spots[symbol] = _spot(chains, chain)
            reading.listed_at = time.monotonic()
        return reading.contracts

    def _manifest(self, date: datetime.date, contracts: FollowedContracts) -> FeedManifest:
        notes = Notes(
            notes=(f"{THETA_ORIGIN}: {', '.join(self._symbols)}", THETA_LACKS),
            warnings=dict.fromkeys(self._symbols, (THETA_LACKS,)),
        )
        streams = [THETA_DEFINITIONS, THETA_STATISTICS, THETA_QUOTES, THETA_TRADES]
        symbols = {THETA_OPRA: contracts.symbols}
        if self._indices:
            streams.append(THETA_VALUES)
            symbols[INDEX] = {number: symbol for symbol, number in self._indices.items()}
        return FeedManifest(date, tuple(streams), symbols, notes)


def _spot(chains: ThetaChains, chain: ThetaChain) -> float:
    """The parity of the nearest expiry's last quotes, else of those of the session before."""
    if not chain.listings:
        return math.nan
    nearest = min(one.contract.expiry for one in chain.listings)
    ours = [one for one in chain.listings if one.contract.expiry == nearest]
    contracts = [one.contract for one in ours]
    for ask in (chains.last_quotes, chains.closing_quotes):
        events = {quote.name: quote.event for quote in ask(contracts)}
        mids = [
            (event.bid + event.ask) / 2.0
            if (event := events.get(one.name)) is not None and event.ask > 0.0
            else math.nan
            for one in ours
        ]
        spot = parity(contracts, np.array(mids, np.float64))
        if math.isfinite(spot):
            return spot
    return math.nan
