"""The line's far end: a process that sends a tape as time passes, whether or not anybody listens.

Each client has a thread and a way through the tape of its own, so nothing is kept for those who are
slow: one that can go on from a count falls behind, one that cannot is hung up on.
"""

import itertools
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from zerodte.constants import SECOND
from zerodte.feeds import tcp_protocol
from zerodte.feeds.feed import FeedError
from zerodte.feeds.playback import Burst, FeedClock, Playback
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.folder import Tape
from zerodte.tape.tick_assembler import GRACE, Piece

_LOG = logging.getLogger(__name__)

_BACKLOG: Final = 16
_CHUNK: Final = 1 << 16
#: A client may take this long, seconds, until it says where to go on, or takes what it is sent.
_PATIENCE: Final = 120.0
#: Of a feed that gives only what comes from now on, a client may be this far behind, seconds.
_FARTHEST: Final = 5.0
#: The clock is told no more often than this, seconds.
_BEAT: Final = 0.02


class TcpFeedServer:
    """Sends a tape to all who connect, from the open on, at a speed.

    Args:
        tape: What to send.
        speed: Times the wall clock; the clock starts now.
        is_resumable: Whether a client may go on from the counts it has; otherwise it is sent what
            comes from now on.
        host: Address to listen on.
        port: 0 lets the system choose.

    Raises:
        FeedError: The address is in use, not allowed or not this machine's.
    """

    def __init__(
        self, tape: Tape, speed: float, *, is_resumable: bool, host: str, port: int
    ) -> None:
        self._tape = tape
        self._clock = FeedClock(tape.session.open, speed)
        self._is_resumable = is_resumable
        try:
            self._socket = socket.create_server((host, port), backlog=_BACKLOG)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise FeedError(
                f"cannot listen on {host}:{port}: {reason}; choose another host or port"
            ) from error
        self._stopped = threading.Event()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: host and port."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def run(self) -> None:
        """Take clients until `stop`."""
        while not self._stopped.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def stop(self) -> None:
        """End `run`, and hang up on everybody."""
        self._stopped.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(_PATIENCE)
            try:
                self._send_session(client)
            except TapeError as error:
                _LOG.error("%s", error)
                _refuse(client, "its tape is damaged")
            except FeedError as error:
                _refuse(client, str(error))
            except OSError as error:
                _LOG.info("a client went away: %s", error)

    def _send_session(self, client: socket.socket) -> None:
        playback = Playback(self._tape)
        client.sendall(
            tcp_protocol.encode(tcp_protocol.HelloMessage(tcp_protocol.VERSION, playback.offer))
        )
        counts = _start(client, playback.offer).counts
        now = self._clock.now()
        bursts = playback.bursts()
        if self._is_resumable:
            rest = _after(bursts, playback.offer, counts)
        else:
            now = now // SECOND * SECOND
            rest = _from(bursts, playback.offer, counts, now)
        client.sendall(
            tcp_protocol.encode(
                tcp_protocol.StartedMessage(now, self._clock.speed, self._is_resumable)
            )
        )
        for burst in rest:
            if not self._wait(client, burst.end):
                return
            if not self._is_resumable:
                self._check_pace(burst.end)
            client.sendall(_encoded(burst))
        end = self._tape.session.close + SECOND
        if self._wait(client, end):
            client.sendall(
                tcp_protocol.encode(tcp_protocol.ClockMessage(end))
                + tcp_protocol.encode(tcp_protocol.EndMessage())
            )

    def _wait(self, client: socket.socket, until: int) -> bool:
        """Tell the clock as it goes, up to the instant `until`; False when stopped meanwhile."""
        step = max(SECOND, round(_BEAT * self._clock.speed) * SECOND)
        while True:
            beat = (self._clock.now() - GRACE) // step * step + step + GRACE
            if beat >= until:
                return not self._stopped.wait(self._clock.until(until))
            if self._stopped.wait(self._clock.until(beat)):
                return False
            client.sendall(tcp_protocol.encode(tcp_protocol.ClockMessage(beat)))

    def _check_pace(self, sent: int) -> None:
        behind = (self._clock.now() - sent) / self._clock.speed / SECOND
        if behind > _FARTHEST:
            raise FeedError(f"{behind:.0f} seconds behind, and nothing is kept here; connect again")


def _start(client: socket.socket, offer: FeedManifest) -> tcp_protocol.StartMessage:
    """What a client says first."""
    decoder = tcp_protocol.MessageDecoder()
    while True:
        content = client.recv(_CHUNK)
        if not content:
            raise OSError("it hung up before it said where to start")
        for message, _ in decoder.add(content):
            if isinstance(message, tcp_protocol.StartMessage) and len(message.counts) == len(
                offer.streams
            ):
                return message
            raise FeedError("expected is Start, with a count for each stream of the offer")


def _refuse(client: socket.socket, reason: str) -> None:
    with suppress(OSError):
        client.sendall(tcp_protocol.encode(tcp_protocol.RefusalMessage(reason)))


def _after(bursts: Iterator[Burst], offer: FeedManifest, counts: Sequence[int]) -> Iterator[Burst]:
    """What comes after the records that a client has."""
    to_skip = dict(enumerate(counts))
    for burst in bursts:
        pieces = []
        for place, piece in burst.pieces:
            skipped = min(to_skip[place], len(piece.records))
            to_skip[place] -= skipped
            if skipped < len(piece.records):
                pieces.append((place, piece.part(skipped, len(piece.records))))
        if pieces or not any(to_skip.values()):
            yield Burst(burst.end, tuple(pieces))
    for place, missing in to_skip.items():
        if missing:
            raise FeedError(
                f"there are {missing} records fewer of {offer.streams[place].name} than you have"
            )


def _from(
    bursts: Iterator[Burst], offer: FeedManifest, counts: Sequence[int], now: int
) -> Iterator[Burst]:
    """What comes after `now`, numbered from 0, and what a client lacks of what stands all day."""
    bases = [0] * len(counts)
    standing: list[tuple[int, Piece]] = []
    later: Burst | None = None
    for burst in bursts:
        if burst.end > now:
            later = burst
            break
        for place, piece in burst.pieces:
            after = piece.first + len(piece.records)
            if not offer.streams[place].is_standing:
                bases[place] = after
            elif after > counts[place]:
                start = max(counts[place] - piece.first, 0)
                standing.append((place, piece.part(start, len(piece.records))))
    if standing:
        yield Burst(now, tuple(standing))
    for burst in () if later is None else itertools.chain((later,), bursts):
        yield Burst(
            burst.end,
            tuple((place, _rebased(piece, bases[place])) for place, piece in burst.pieces),
        )


def _rebased(piece: Piece, base: int) -> Piece:
    """The same, positions counted from `base`; cancels of what came before it lose their trade."""
    pairs = piece.pairs[piece.pairs[:, 1] >= base] - base
    return Piece(piece.first - base, piece.records, piece.conditions, pairs)


def _encoded(burst: Burst) -> bytes:
    """A tick's records as they go over the line; those of earlier ticks have all been sent."""
    parts = [tcp_protocol.encode(tcp_protocol.ClockMessage(burst.end - SECOND + GRACE))]
    for place, piece in burst.pieces:
        count = len(piece.records)
        step = tcp_protocol.PIECE_BYTES // piece.records.dtype.itemsize
        parts += [
            tcp_protocol.encode_piece(burst.end, place, piece.part(start, min(start + step, count)))
            for start in range(0, count, step)
        ]
    return b"".join(parts)
