"""A vendor's stream of quotes and trades as a feed, whose contracts are told by REST."""

import abc
import datetime
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Generic

import numpy as np

from zerodte.feeds.contract_connection import CHAINS_EVERY
from zerodte.feeds.contract_records import ContractStreams
from zerodte.feeds.feed import FeedError
from zerodte.feeds.followed_contracts import FollowedContracts
from zerodte.feeds.recorded import recorded_contracts
from zerodte.feeds.stream_connection import StreamConnection
from zerodte.feeds.stream_reading import AnyChain, StreamReading
from zerodte.feeds.stream_session import AnySession
from zerodte.market.calendar import calendar
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.sidecars import Notes


class StreamFeed(abc.ABC, Generic[AnyChain, AnySession]):
    """Options of some underlyings.

    Args:
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
        streams: Those of the feed.
        most: Contracts of which a connection may have quotes.
        origin: Whose what is, in words.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        root: Path,
        streams: ContractStreams,
        most: int,
        origin: str,
    ) -> None:
        self._symbols = tuple(sorted(set(symbols)))
        self._root = root
        self._streams = streams
        self._origin = origin
        self._reading: StreamReading[AnyChain] = StreamReading(
            most, spots=dict.fromkeys(self._symbols, math.nan)
        )
        self._opening: AnySession | None = None
        self._connection: StreamConnection[AnyChain] | None = None

    def warnings(self) -> list[str]:
        """What users have to know: what is missing, and messages that were left out."""
        connection = self._connection
        return [self._lacks, *(connection.warnings() if connection else ())]

    def interrupt(self) -> None:
        """Close the session that is being opened."""
        if (opening := self._opening) is not None:
            opening.close()

    def connect(self) -> StreamConnection[AnyChain]:
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

    @property
    @abc.abstractmethod
    def _lacks(self) -> str:
        """What is missing, in words."""

    @abc.abstractmethod
    def _session(self) -> AnySession:
        """Open a session."""

    @abc.abstractmethod
    def _chain(self, symbol: str, date: datetime.date) -> AnyChain:
        """Ask for the chain of an underlying."""

    @abc.abstractmethod
    def _spot(self, symbol: str, chain: AnyChain, date: datetime.date) -> float:
        """The price of an underlying before anything has come, dollars; NaN if unknown."""

    @abc.abstractmethod
    def _connected(
        self,
        session: AnySession,
        manifest: FeedManifest,
        folder: Path,
        contracts: FollowedContracts,
    ) -> StreamConnection[AnyChain]:
        """The connection of a session."""

    def _following(self, date: datetime.date, folder: Path) -> FollowedContracts:
        """The contracts to follow on a date, before any is listed."""
        recorded = recorded_contracts(folder, date, self._streams.quotes.dataset)
        return FollowedContracts(self._symbols, date, recorded, self._reading.most)

    def _numbered(self, contracts: FollowedContracts) -> dict[str, dict[int, str]]:
        """The symbols of each dataset, by id."""
        return {self._streams.quotes.dataset: contracts.symbols}

    def _connect(self) -> StreamConnection[AnyChain]:
        session = self._session()
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
            self._connection = self._connected(session, manifest, folder, contracts)
        except BaseException:
            session.close()
            raise
        finally:
            self._opening = None
        return self._connection

    def _contracts(self, date: datetime.date, folder: Path) -> FollowedContracts:
        reading = self._reading
        if reading.contracts is None or reading.contracts.date != date:
            reading.contracts = self._following(date, folder)
            reading.listed_at = -math.inf
        if time.monotonic() - reading.listed_at > CHAINS_EVERY:
            for symbol in self._symbols:
                chain = self._chain(symbol, date)
                reading.chains[symbol] = chain
                reading.contracts.add(symbol, chain.listings)
                if math.isnan(reading.spots[symbol]):
                    reading.spots[symbol] = self._spot(symbol, chain, date)
            reading.listed_at = time.monotonic()
        return reading.contracts

    def _manifest(self, date: datetime.date, contracts: FollowedContracts) -> FeedManifest:
        notes = Notes(
            notes=(f"{self._origin}: {', '.join(self._symbols)}", self._lacks),
            warnings=dict.fromkeys(self._symbols, (self._lacks,)),
        )
        return FeedManifest(date, self._streams.all, self._numbered(contracts), notes)
