"""The server side of the TCP feed: it sends a tape in real time, with or without clients.

Each client has a thread and its own pass through the tape, so there are no queues. A slow client
falls behind if it can resume; otherwise it is disconnected.
"""

import itertools
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from zerodte.constants import SECOND
from zerodte.feeds import tcp_protocol
from zerodte.feeds.client_listener import ClientListener
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.playback import Playback, PlaybackTick
from zerodte.logs import log
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.source import FileSource
from zerodte.tape.tick_assembler import GRACE, Piece

_READ_SIZE: Final = 1 << 16
#: Seconds for a client to send its first message, or to accept what it is sent.
_TIMEOUT: Final = 120.0
#: Seconds that a client may be behind if the feed does not resume.
_MAX_LAG: Final = 5.0
#: The shortest interval between clock messages, seconds.
_CLOCK_INTERVAL: Final = 0.02


class TcpFeedServer:
    """Sends a tape to every client, from the open on.

    Args:
        tape: The tape to send.
        speed: Times the wall clock; the clock starts now.
        is_resumable: Whether clients resume after the records they have; otherwise they receive
            only new ones.
        host: Address to listen on.
        port: 0 lets the system choose.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self, tape: FileSource, speed: float, *, is_resumable: bool, host: str, port: int
    ) -> None:
        self._tape = tape
        self._clock = FeedClock(tape.session.open, speed)
        self._is_resumable = is_resumable
        self._listener = ClientListener(host, port, self._talk, _refuse)

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        return self._listener.address

    def run(self) -> None:
        """Accept clients until `stop`."""
        self._listener.run()

    def stop(self) -> None:
        """End `run` and disconnect all clients."""
        self._listener.stop()

    def _talk(self, client: socket.socket) -> None:
        client.settimeout(_TIMEOUT)
        try:
            self._send_session(client)
        except TapeError as error:
            log(str(error), logging.ERROR)
            _refuse(client, "its tape is damaged")
        except FeedError as error:
            _refuse(client, str(error))
        except OSError as error:
            log(f"client disconnected: {error}")

    def _send_session(self, client: socket.socket) -> None:
        playback = Playback(self._tape)
        manifest = playback.manifest
        _send(client, tcp_protocol.HelloMessage(tcp_protocol.VERSION, manifest))
        counts = _receive_start(client, manifest).counts
        now = self._clock.now()
        if self._is_resumable:
            ticks = _ticks_after_counts(playback.ticks(), manifest, counts)
        else:
            now = now // SECOND * SECOND
            ticks = _ticks_after_time(playback.ticks(), manifest, counts, now)
        _send(client, tcp_protocol.StartedMessage(now, self._clock.speed, self._is_resumable))
        for tick in ticks:
            if not self._wait(client, tick.end):
                return
            if not self._is_resumable:
                self._check_lag(tick.end)
            client.sendall(_encode_tick(tick))
        end = self._tape.session.close + SECOND
        if self._wait(client, end):
            _send(client, tcp_protocol.ClockMessage(end), tcp_protocol.EndMessage())

    def _wait(self, client: socket.socket, until: int) -> bool:
        """Send clock messages up to `until` (UTC ns); False if the server stops."""
        step = max(SECOND, round(_CLOCK_INTERVAL * self._clock.speed) * SECOND)
        while True:
            clock = (self._clock.now() - GRACE) // step * step + step + GRACE
            if clock >= until:
                return not self._listener.stopped.wait(self._clock.seconds_until(until))
            if self._listener.stopped.wait(self._clock.seconds_until(clock)):
                return False
            _send(client, tcp_protocol.ClockMessage(clock))

    def _check_lag(self, end: int) -> None:
        lag = (self._clock.now() - end) / self._clock.speed / SECOND
        if lag > _MAX_LAG:
            raise FeedError(
                f"the client is {lag:.0f} seconds behind, and this feed does not resume; "
                "connect again"
            )


def _send(client: socket.socket, *messages: tcp_protocol.Message) -> None:
    client.sendall(b"".join(map(tcp_protocol.encode, messages)))


def _receive_start(client: socket.socket, manifest: FeedManifest) -> tcp_protocol.StartMessage:
    """Wait for a client's first message."""
    decoder = tcp_protocol.MessageDecoder()
    while True:
        content = client.recv(_READ_SIZE)
        if not content:
            raise OSError("it closed the connection without a start message")
        for message, _ in decoder.add(content):
            if (
                isinstance(message, tcp_protocol.StartMessage)
                and len(message.counts) == len(manifest.streams)
                and min(message.counts, default=0) >= 0
            ):
                return message
            raise FeedError("expected: a start message with a count, 0 or more, for each stream")


def _refuse(client: socket.socket, reason: str) -> None:
    with suppress(OSError):
        _send(client, tcp_protocol.RefusalMessage(reason))


def _ticks_after_counts(
    ticks: Iterator[PlaybackTick], manifest: FeedManifest, counts: Sequence[int]
) -> Iterator[PlaybackTick]:
    """The ticks without the records that a client has."""
    to_skip = dict(enumerate(counts))
    for tick in ticks:
        pieces = []
        for index, piece in tick.pieces:
            skipped = min(to_skip[index], len(piece.records))
            to_skip[index] -= skipped
            if skipped < len(piece.records):
                pieces.append((index, piece.rows(skipped, len(piece.records))))
        if pieces or not any(to_skip.values()):
            yield PlaybackTick(tick.end, tuple(pieces))
    for index, missing in to_skip.items():
        if missing:
            raise FeedError(
                f"the client has {missing} more records of {manifest.streams[index].name} than "
                "this feed; record to another folder"
            )


def _ticks_after_time(
    ticks: Iterator[PlaybackTick], manifest: FeedManifest, counts: Sequence[int], now: int
) -> Iterator[PlaybackTick]:
    """The ticks after `now`, positions starting at 0, and the reference data a client lacks."""
    bases = [0] * len(counts)
    reference: list[tuple[int, Piece]] = []
    first: PlaybackTick | None = None
    for tick in ticks:
        if tick.end > now:
            first = tick
            break
        for index, piece in tick.pieces:
            stop = piece.first + len(piece.records)
            if not manifest.streams[index].is_reference:
                bases[index] = stop
            elif stop > counts[index]:
                start = max(counts[index] - piece.first, 0)
                reference.append((index, piece.rows(start, len(piece.records))))
    if reference:
        yield PlaybackTick(now, tuple(reference))
    for tick in () if first is None else itertools.chain((first,), ticks):
        yield PlaybackTick(
            tick.end,
            tuple((index, _rebase(piece, bases[index])) for index, piece in tick.pieces),
        )


def _rebase(piece: Piece, base: int) -> Piece:
    """Count positions from `base`; cancels of earlier trades lose their reference."""
    pairs = piece.cancel_pairs[piece.cancel_pairs[:, 1] >= base] - base
    return Piece(piece.first - base, piece.records, piece.conditions, pairs)


def _encode_tick(tick: PlaybackTick) -> bytes:
    """The messages of a tick; its clock message closes the previous one."""
    messages = [tcp_protocol.encode(tcp_protocol.ClockMessage(tick.end - SECOND + GRACE))]
    for index, piece in tick.pieces:
        count = len(piece.records)
        step = tcp_protocol.PIECE_SIZE // piece.records.dtype.itemsize
        messages += [
            tcp_protocol.encode_piece(tick.end, index, piece.rows(start, min(start + step, count)))
            for start in range(0, count, step)
        ]
    return b"".join(messages)
