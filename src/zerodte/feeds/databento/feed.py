"""Databento's live options data as a feed: trades with their quotes, quotes, open interest.

Each stream has a session of its own, and they are merged by time. After any break the vendor is
asked for everything since it was last read, and what the recording has already is left out.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.databento.merge import DatabentoStream
from zerodte.feeds.databento.protocol import received_since
from zerodte.feeds.databento.session import (
    AgedReplayError,
    DatabentoGateway,
    DatabentoSession,
)
from zerodte.feeds.databento.universe import DatabentoUniverse
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.feeds.recorded import recorded_rows, recorded_symbols
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.vendor_ids import VendorIds
from zerodte.market.calendar import calendar
from zerodte.market.roots import roots_of
from zerodte.records.dbn import OPRA, Records, newest_time
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.sidecars import Notes
from zerodte.tape.tick_assembler import Arrival, next_piece

_DEFINITIONS: Final = FeedStream(OPRA, "definition")
_STATISTICS: Final = FeedStream(OPRA, "statistics")
_TRADES: Final = FeedStream(OPRA, "tcbbo")
_QUOTES: Final = FeedStream(OPRA, "cbbo-1s")
_STREAMS: Final = (_DEFINITIONS, _STATISTICS, _QUOTES, _TRADES)
#: Since when the past of a session is asked for: before its open, ns.
_BEFORE_OPEN: Final = 30 * MINUTE
#: Since when after a break: before the last record of a stream, ns of the feed's clock.
_OVERLAP: Final = 30 * SECOND
#: What users of its tapes have to know.
NO_CONDITIONS: Final = (
    "Databento sends no sale conditions and no cancels: legs of packages look like single trades"
)
#: The note of its tapes.
ORIGIN: Final = "trades, quotes and open interest are Databento's"


@dataclass(slots=True)
class DatabentoReading:
    """What a connection leaves to the next one.

    Attributes:
        is_aged: Whether the vendor's replay does not reach back to where the reading ended.
    """

    is_aged: bool = False


class DatabentoFeed:
    """Options of some underlyings.

    Args:
        gateway: Where from.
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
    """

    def __init__(self, gateway: DatabentoGateway, symbols: Sequence[str], root: Path) -> None:
        self._gateway = gateway
        self._symbols = tuple(sorted(set(symbols)))
        self._root = root
        self._ids: dict[datetime.date, VendorIds] = {}
        self._opening: DatabentoSession | None = None
        self._connection: DatabentoConnection | None = None
        self._reading = DatabentoReading()

    @property
    def name(self) -> str:
        """The host, and the port where it is not the vendor's own."""
        gateway = self._gateway
        return f"{gateway.host}:{gateway.port}" if gateway.host else gateway.host_of(OPRA)

    def warnings(self) -> list[str]:
        """What users have to know: what is missing, and records that were left out."""
        connection = self._connection
        return [NO_CONDITIONS, *(connection.warnings() if connection else ())]

    def interrupt(self) -> None:
        """Close the session whose definitions are waited for."""
        if (opening := self._opening) is not None:
            opening.close()

    def connect(self) -> "DatabentoConnection":
        """Connect, and learn from the definitions which contracts to follow.

        Raises:
            FeedRefusalError: If the key is refused, or does not cover the data.
            FeedError: If the gateway cannot be reached, or has no contract of the symbols.
        """
        self._opening = reference = DatabentoSession(self._gateway, OPRA)
        try:
            parents = [f"{root}.OPT" for symbol in self._symbols for root in roots_of(symbol)]
            for stream in (_DEFINITIONS, _STATISTICS):
                reference.subscribe(stream.schema, parents, stype="parent", start=0)
            reference.begin()
            date = calendar().session_of(reference.clock.now()).date
            blocks = reference.take_replay()
            folder = self._root / date.isoformat()
            if date not in self._ids:
                self._ids[date] = VendorIds(recorded_symbols(folder, date, OPRA))
            universe = DatabentoUniverse(self._symbols, date, self._ids[date])
            universe.add(blocks, reference.symbols)
            if not universe.symbols:
                raise FeedError(
                    f"no contract of {', '.join(self._symbols)} is live on {date}; the vendor "
                    "defines them before 07:00 New York of the day"
                )
            warnings: dict[str, tuple[str, ...]] = dict.fromkeys(self._symbols, (NO_CONDITIONS,))
            notes = Notes(notes=(f"{ORIGIN}: {', '.join(self._symbols)}",), warnings=warnings)
            manifest = FeedManifest(date, _STREAMS, {OPRA: universe.symbols}, notes)
        except BaseException:
            reference.close()
            raise
        finally:
            self._opening = None
        self._connection = DatabentoConnection(
            self._gateway, reference, universe, manifest, folder, self._reading
        )
        return self._connection


class DatabentoConnection:
    """The sessions of one session of the market; see `FeedConnection`.

    Args:
        gateway: Where from.
        reference: A session that has sent the definitions and open interest so far.
        universe: The contracts, and their definitions and statistics.
        manifest: The session of the market.
        folder: Its recording.
        reading: What the connection before has left.
    """

    is_over = False
    refused_count = 0

    def __init__(
        self,
        gateway: DatabentoGateway,
        reference: DatabentoSession,
        universe: DatabentoUniverse,
        manifest: FeedManifest,
        folder: Path,
        reading: DatabentoReading,
    ) -> None:
        self._reading = reading
        self.manifest = manifest
        self._gateway = gateway
        self._reference = reference
        self._clock = reference.clock
        self._universe = universe
        self._folder = folder
        self._streams: list[DatabentoStream] = []
        self._counts: dict[str, int] = {}
        self._watermark = 0

    def warnings(self) -> list[str]:
        """What is left out, in words."""
        found = self._universe.warnings()
        unknown = sum(stream.unknown_count for stream in self._streams)
        if unknown:
            found.append(f"{unknown:,} records of instruments that the vendor did not name")
        if mistimed := sum(stream.mistimed_count for stream in self._streams):
            found.append(f"{mistimed:,} records with a time ahead of the vendor's clock")
        return found

    def start(self, position: RecordingPosition) -> FeedStart:
        """Ask for everything after a recording's end; see `FeedConnection`."""
        self._counts = dict(position.counts)
        self._watermark = position.last_end
        hours = calendar().session(self.manifest.date)
        begin = (hours.open if hours else 0) - _BEFORE_OPEN
        is_aged, self._reading.is_aged = self._reading.is_aged, False
        self._universe.leave_out(
            *(self._recorded(stream) for stream in (_DEFINITIONS, _STATISTICS))
        )
        raws = list(self._universe.symbols.values())
        for stream in (_QUOTES, _TRADES):
            recent = position.recent.of(stream.name, stream.schema)
            # While a feed is away time passes without it, so the last tick does not tell how far
            # it has been read.
            read = min(newest_time(recent, "ts_recv"), position.last_end)
            since = max(read - _OVERLAP, begin)
            start = since if since <= self._clock.now() and not is_aged else None
            repeated = RepeatedRecords(received_since(recent, since))
            session = DatabentoSession(self._gateway, OPRA)
            opened = DatabentoStream(session, stream, since, repeated, self._universe.ids)
            self._streams.append(opened)
            opened.follow(raws, start)
            opened.begin()
        return FeedStart(self._clock.now(), self._clock.speed, resumed=not is_aged)

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals; see `FeedConnection`.

        Raises:
            FeedError: If a session is lost, or sends garbage.
        """
        streams = self._streams
        last = min(streams, key=lambda stream: stream.progress)
        try:
            last.read(timeout)
            for stream in streams:
                if stream is not last and not stream.is_full:
                    stream.read(0.0)
        except AgedReplayError:
            self._reading.is_aged = True
            raise
        # It never goes back.
        until = max(self._watermark, min(stream.progress for stream in streams))
        arrivals = self._reference_arrivals(until)
        for stream in streams:
            if loss := stream.lost(until):
                arrivals.append(Arrival(until, lost=loss.reason, lost_since=loss.since))
            arrivals += [self._arrival(until, stream.name, rows) for rows in stream.release(until)]
        if until > self._watermark:
            arrivals.append(Arrival(until))
        self._watermark = until
        return arrivals

    def close(self) -> None:
        """End all sessions."""
        self._reference.close()
        for stream in self._streams:
            stream.close()

    def _reference_arrivals(self, until: int) -> list[Arrival]:
        """Definitions and statistics that are new; new contracts are subscribed to."""
        blocks = list(self._reference.take(0.0))
        if blocks:
            before = set(self._universe.symbols.values())
            self._universe.add(blocks, self._reference.symbols)
            new = [raw for raw in self._universe.symbols.values() if raw not in before]
            if new:
                for stream in self._streams:
                    stream.follow(new)
        return [
            self._arrival(until or int(rows["ts_recv"].max()), reference.name, rows)
            for reference in (_DEFINITIONS, _STATISTICS)
            if len(rows := self._universe.take(reference.schema))
        ]

    def _arrival(self, clock: int, name: str, rows: Records) -> Arrival:
        return Arrival(clock, name, next_piece(self._counts, name, rows))

    def _recorded(self, stream: FeedStream) -> Records:
        """The committed records of a stream of reference data."""
        try:
            rows = recorded_rows(self._folder, stream)
        except (TapeError, OSError) as error:
            raise FeedError(f"its recording cannot be read: {error}") from error
        return rows[: self._counts.get(stream.name, 0)]
