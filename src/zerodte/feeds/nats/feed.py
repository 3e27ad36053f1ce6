"""A session that another server publishes to NATS JetStream, as a feed."""

import time
from collections import defaultdict, deque
from dataclasses import replace
from typing import Final
from uuid import uuid4

import msgspec
import numpy as np
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError, FeedRefusalError, FeedStart
from zerodte.feeds.feed_checks import blank_unreadable, check_manifest
from zerodte.feeds.nats.link import NatsLink, shown_url
from zerodte.feeds.nats.positions import PositionMap
from zerodte.feeds.nats.published import newest_session, newest_tick, published_symbols
from zerodte.feeds.nats.session_messages import PUBLISHER, TickCommit, decode_tick
from zerodte.feeds.nats.subjects import SessionSubjects, suffix_of
from zerodte.feeds.tcp_protocol import MessageDecoder, RecordsMessage, decode_piece
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.folder import kind_of
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.tick_assembler import GRACE, Arrival, Piece

#: Messages that are fetched at once.
_BATCH: Final = 256
#: Seconds without a message after which the server is asked whether there would be any.
_QUIET: Final = 3.0
#: Seconds after which the server forgets a consumer that is not asked.
_FORGOTTEN: Final = 60.0


class NatsFeed:
    """The newest session that a NATS server has.

    Args:
        url: As for `NatsLink`.
        symbols: Underlyings to follow; all without any.
    """

    def __init__(self, url: str, symbols: tuple[str, ...] = ()) -> None:
        self._url, self._symbols = url, symbols
        self._link: NatsLink | None = None

    @property
    def name(self) -> str:
        """Its URL, without what may be secret in it."""
        return shown_url(self._url)

    def interrupt(self) -> None:
        """End a wait for the server."""
        if self._link is not None:
            self._link.interrupt()

    def connect(self) -> "NatsConnection":
        """Connect to it.

        Raises:
            FeedError: If it cannot be reached, or no session is published there.
        """
        link = self._link = NatsLink(self._url)
        try:
            return NatsConnection(link, self._symbols)
        except BaseException:
            link.close()
            raise


class NatsConnection:
    """A connection; see `FeedConnection`.

    Attributes:
        manifest: The session, with the followed symbols alone.
        is_over: Whether the publisher has ended the session, and all of it was received.
        refused_count: Records that were refused.
    """

    def __init__(self, link: NatsLink, symbols: tuple[str, ...]) -> None:
        self._link, self._symbols = link, symbols
        found = newest_session(link)
        if found is None:
            raise FeedError("no session is published there; `zerodte live ... --publish` does it")
        date, session = found
        self._subjects = SessionSubjects(date)
        check_manifest(session.manifest)
        self._speed = session.speed
        self.manifest = _of_symbols(session.manifest, symbols)
        self.is_over = False
        self.refused_count = 0
        self._messages: JetStreamContext.PullSubscription | None = None
        self._seen = 0
        self._heard = time.monotonic()
        #: Of ticks that are not complete: records by who sent them.
        self._open: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        self._ticks: deque[list[Arrival]] = deque()
        self._has_ended = False
        self._last = 0
        self._counts = [0] * len(self.manifest.streams)
        self._known = list(self._counts)
        self._places: dict[tuple[str, int], PositionMap] = defaultdict(PositionMap)

    def start(self, position: RecordingPosition) -> FeedStart:
        """Begin with the session's first tick, and leave out the records that the client has."""
        self._last = position.last_end
        self._known = [position.counts[stream.name] for stream in self.manifest.streams]
        config = ConsumerConfig(
            name=f"zerodte-{uuid4().hex[:12]}",
            filter_subjects=self._subjects.wanted(self._symbols),
            ack_policy=AckPolicy.NONE,
            inactive_threshold=_FORGOTTEN,
            mem_storage=True,
        )
        stream = self._link.stream

        async def subscribed() -> JetStreamContext.PullSubscription:
            await stream.add_consumer(self._subjects.stream, config)
            return await stream.pull_subscribe_bind(config.name, self._subjects.stream)

        self._messages = self._link.call(subscribed)
        return FeedStart(self._now(), self._speed, resumed=True, is_gapless=True)

    def receive(self, timeout: float) -> list[Arrival]:
        """The records of the next tick, and a clock by which it is complete; perhaps none."""
        if not self._ticks and not self._has_ended:
            for message in self._fetched(timeout):
                self._take(message)
        if self._ticks:
            return self._ticks.popleft()
        self.is_over = self._has_ended
        return []

    def close(self) -> None:
        """Disconnect."""
        self._link.close()

    def _fetched(self, timeout: float) -> list[Msg]:
        messages = self._messages

        async def fetched() -> list[Msg]:
            if messages is None:
                return []
            try:
                return await messages.fetch(_BATCH, timeout)
            except TimeoutError:  # its own one is a kind of it
                return []

        found, now = self._link.call(fetched), time.monotonic()
        if found:
            self._heard = now
        elif messages is not None and now > self._heard + _QUIET:
            # The server that told us of messages may be gone, while another one answers.
            self._link.call(messages.consumer_info)
            self._heard = now
        return found

    def _take(self, message: Msg) -> None:
        number = message.metadata.sequence.consumer
        if number != self._seen + 1:
            raise FeedError(f"message {number:,} after message {self._seen:,}; some were lost")
        self._seen = number
        suffix = self._subjects.suffix(message.subject)
        kind = suffix.partition(".")[0]
        if kind == "end":
            self._has_ended = True
        elif kind == "tick":
            self._complete(decode_tick(message.data))
        else:
            sender = (message.headers or {}).get(PUBLISHER, "")
            self._open[sender].append((suffix, message.data))

    def _complete(self, commit: TickCommit) -> None:
        """Take ticks: the records that their publisher sent for them."""
        found: dict[int, list[Arrival]] = {end: [] for end in sorted(commit.gaps)}
        for suffix, payload in self._open.pop(commit.publisher, []):
            arrival = self._arrival(suffix, payload)
            if arrival.clock not in found:
                raise FeedError(f"records of {suffix} for a tick that is not complete")
            if arrival.piece is not None and len(arrival.piece.records):
                found[arrival.clock].append(arrival)
        self._open.clear()
        for end, arrivals in found.items():
            is_new = end > self._last
            if is_new and (gap := commit.gaps[end]):
                arrivals.insert(0, Arrival(end, lost=gap, lost_since=end - SECOND))
            if is_new and not arrivals and self._ticks:
                # While we catch up, silent seconds are passed at once.
                self._ticks[-1][-1] = Arrival(end + GRACE)
            elif is_new or arrivals:
                # Records of a second that is known already join the next one.
                self._ticks.append([*arrivals, Arrival(end + GRACE)])

    def _arrival(self, suffix: str, payload: bytes) -> Arrival:
        """The records of a message, numbered as ours; its clock is the end of their tick."""
        found = MessageDecoder().add(payload)
        message, body = found[0] if found else (None, b"")
        if not isinstance(message, RecordsMessage) or not (0 <= message.stream < len(self._counts)):
            raise FeedError(f"an unexpected message of {suffix}")
        stream = self.manifest.streams[message.stream]
        piece, refused = blank_unreadable(decode_piece(message, stream, body), stream.schema)
        self.refused_count += refused
        first, size = self._counts[message.stream], len(piece.records)
        self._counts[message.stream] += size
        pairs = piece.cancel_pairs
        if stream.has_cancels:
            places = self._places[suffix, message.stream]
            places.add(piece.first, np.arange(first, first + size))
            pairs = places.of(pairs)
            # Of a trade that another publisher's recording numbered, nothing is known.
            pairs = pairs[pairs[:, 1] >= 0]
        mine = Piece(first, piece.records, piece.conditions, pairs)
        known = min(max(self._known[message.stream] - first, 0), size)
        return Arrival(message.clock, stream.name, mine.rows(known, size))

    def _now(self) -> int:
        """What time it is in the session, by its newest tick, UTC ns."""
        found = newest_tick(self._link, self.manifest.date)
        if found is None:
            return time.time_ns()
        age = time.time_ns() - round(found.time.timestamp() * SECOND) if found.time else 0
        return decode_tick(found.data or b"").now + round(max(age, 0) * self._speed)


def _of_symbols(manifest: FeedManifest, symbols: tuple[str, ...]) -> FeedManifest:
    """A manifest with the instruments of some underlyings, and all index values.

    Raises:
        FeedRefusalError: If one of the symbols is not there.
    """
    if not symbols:
        return manifest
    known = published_symbols(manifest)
    if absent := [symbol for symbol in symbols if symbol not in known]:
        raise FeedRefusalError(
            f"{', '.join(absent)} not in the session of {manifest.date}; it has {', '.join(known)}"
        )
    wanted = {f"market.{symbol}" for symbol in symbols}
    kept: dict[str, dict[int, str]] = {}
    for dataset, names in manifest.symbols.items():
        kind = kind_of(dataset, names)
        kept[dataset] = {
            number: raw
            for number, raw in names.items()
            if kind == "index" or suffix_of(kind, raw) in wanted
        }
    followed = f"of a stream of more symbols: {', '.join(sorted(symbols))}"
    notes = msgspec.structs.replace(manifest.notes, notes=(*manifest.notes.notes, followed))
    return replace(manifest, symbols=kept, notes=notes)
