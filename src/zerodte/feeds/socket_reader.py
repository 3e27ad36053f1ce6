"""A thread that reads a connection, so that it is drained while ticks are computed.

Its buffer is bounded. When it is full the thread stops reading, the connection's own buffers fill
up, and the vendor waits, warns or hangs up.
"""

import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import U8
from zerodte.feeds.feed import FeedError

#: Bytes that wait at most, per connection.
BUFFER_SIZE: Final = 16 << 20
#: Bytes of a buffer, and how few of them may be free for one more read.
_READ_SIZE: Final = 1 << 20
_LEAST_READ: Final = 1 << 16
#: Bytes that are taken at once, about: few enough for the processor's caches.
_TAKE_SIZE: Final = 4 << 20
#: Seconds of a blocking read, which bounds the delay of a stop.
_READ_S: Final = 0.25
#: Bytes before the first of a buffer, in which its reader may put the end of the one before.
HEADROOM: Final = 1 << 10


class ReceivedBytes(NamedTuple):
    """Bytes of a connection, one after the other, where they were received.

    Attributes:
        buffer: Holds them. Before `start` there are earlier bytes of the connection as they were,
            or `HEADROOM`.
        start: Of the first.
        stop: After the last.
    """

    buffer: U8
    start: int
    stop: int

    def content(self) -> memoryview:
        """The bytes alone."""
        return self.buffer.data[self.start : self.stop]


class SocketReader:
    """Reads a connected socket until it is closed.

    Args:
        client: The socket; the reader owns it.
        watch: Seconds without a byte after which a connection counts as dead.
        name: The thread's.
    """

    def __init__(self, client: socket.socket, watch: float, name: str) -> None:
        self._socket = client
        self._watch = watch
        self._chunks: deque[ReceivedBytes] = deque()
        self._buffer: U8 = np.empty(0, np.uint8)
        self._end = 0
        self._size = 0
        self._problem = ""
        self._changed = threading.Condition()
        self._is_closed = False
        self._heard = time.monotonic()
        client.settimeout(_READ_S)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def has_content(self) -> bool:
        """Whether there are bytes to take."""
        with self._changed:
            return self._size > 0

    def take(self, timeout: float) -> list[ReceivedBytes]:
        """The bytes that have arrived, in parts, waiting up to `timeout` seconds for the first.

        Raises:
            FeedError: If the connection has ended, and everything it sent was taken.
        """
        with self._changed:
            if not self._size and not self._problem:
                self._changed.wait(timeout)
            if not self._size and self._problem:
                raise FeedError(self._problem)
            chunks: list[ReceivedBytes] = []
            size = 0
            while self._chunks and size < _TAKE_SIZE:
                chunk = self._chunks.popleft()
                size += chunk.stop - chunk.start
                last = chunks[-1] if chunks else None
                if last and last.buffer is chunk.buffer:
                    chunks[-1] = last._replace(stop=chunk.stop)
                else:
                    chunks.append(chunk)
            self._size -= size
            self._changed.notify_all()
            return chunks

    def close(self) -> None:
        """Close the connection and end the thread."""
        with self._changed:
            self._is_closed = True
            self._problem = self._problem or "the connection was closed"
            self._changed.notify_all()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10.0 * _READ_S)
        self._socket.close()

    def _run(self) -> None:
        problem = ""
        while not problem:
            with self._changed:
                while self._size >= BUFFER_SIZE and not self._is_closed:
                    self._changed.wait(_READ_S)
                    self._heard = time.monotonic()  # it is we who do not listen
                if self._is_closed:
                    return
            problem = self._read()
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def _read(self) -> str:
        """Read once; returns what is wrong with the connection."""
        if len(self._buffer) - self._end < _LEAST_READ:
            self._buffer, self._end = np.empty(HEADROOM + _READ_SIZE, np.uint8), HEADROOM
        start = self._end
        try:
            size = self._socket.recv_into(self._buffer.data[start:])
        except TimeoutError:
            silent = time.monotonic() - self._heard
            return f"it sent nothing for {silent:.0f} seconds" if silent > self._watch else ""
        except OSError as error:
            return error.strerror or str(error)
        if not size:
            return "it closed the connection"
        with self._changed:
            self._heard = time.monotonic()
            self._end += size
            self._chunks.append(ReceivedBytes(self._buffer, start, self._end))
            self._size += size
            self._changed.notify_all()
        return ""
