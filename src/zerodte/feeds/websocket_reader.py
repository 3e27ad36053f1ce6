"""A websocket that a thread drains, and keeps alive, while ticks are computed.

What has come waits in a bounded buffer. When it is full the connection ends and says so: of quotes
that change only now and then none may be left out, so everything is asked for again.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

import zerodte
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS

#: Bytes or characters that wait at most.
WEBSOCKET_BUFFER: Final = 32 << 20
#: Bytes or characters that are taken at once, about.
_TAKE_SIZE: Final = 4 << 20
_TIMEOUT: Final = 10.0  # seconds, to connect and to send
_CLOSING: Final = 1.0  # seconds for the other side's farewell
#: Seconds of a blocking read, which bounds the delay of a stop.
_READ_S: Final = 0.25


class WebsocketMessage(NamedTuple):
    """A message.

    Attributes:
        received: When it came, ns of the monotonic clock.
        content: Its text or bytes; empty if it only tells that the other side is there.
    """

    received: int
    content: str | bytes


class WebsocketReader:
    """Reads a websocket until it is closed.

    Args:
        url: Its address, wss or ws.
        largest: Bytes of a message at most.
        keepalive: What is sent when nothing else has been for `pause` seconds; empty for a ping,
            whose answer is an empty message.
        pause: As above.
        is_binary: Whether its messages are bytes rather than text.
        headers: Those of the request, beside the usual ones.
        copy: Folder that gets a file of all messages that come, texts a line each; None for none.
        copy_name: The first and the last part of that file's name.

    Attributes:
        watch: Seconds without a message after which a connection counts as dead.

    Raises:
        FeedError: If it cannot be reached.
    """

    def __init__(
        self,
        url: str,
        *,
        largest: int,
        keepalive: str,
        pause: float,
        is_binary: bool = False,
        headers: Mapping[str, str] | None = None,
        copy: Path | None = None,
        copy_name: tuple[str, str] = ("dxlink", "jsonl"),
    ) -> None:
        self.watch = 60.0
        self._keepalive, self._pause = keepalive, pause
        self._is_binary = is_binary
        self._pong: threading.Event | None = None
        self._copy: BinaryIO | None = None
        self._messages: deque[WebsocketMessage] = deque()
        self._size = 0
        self._problem = ""
        self._changed = threading.Condition()
        self._is_closed = False
        self._heard = self._sent = time.monotonic()
        self._closing = ExitStack()
        try:
            self._socket = self._closing.enter_context(
                connect(
                    url,
                    compression=None,
                    user_agent_header=f"zerodte/{zerodte.__version__}",
                    additional_headers=dict(headers or {}),
                    proxy=None if urlsplit(url).hostname in LOOPBACK_HOSTS else True,
                    open_timeout=_TIMEOUT,
                    close_timeout=_CLOSING,
                    # The protocol has keepalives of its own.
                    ping_interval=None,
                    max_size=largest,
                )
            )
        except (OSError, ValueError, WebSocketException) as error:
            text = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise FeedError(f"its websocket cannot be reached: {text}") from None
        if copy is not None:
            self._copy = _new_file(copy, *copy_name)
        self._thread = threading.Thread(target=self._run, name="websocket", daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> list[WebsocketMessage]:
        """The messages that have come, waiting up to `timeout` seconds for the first.

        Raises:
            FeedError: If the connection has ended, and everything it sent was taken.
        """
        with self._changed:
            if not self._messages and not self._problem:
                self._changed.wait(timeout)
            if not self._messages and self._problem:
                raise FeedError(self._problem)
            messages: list[WebsocketMessage] = []
            size = 0
            while self._messages and size < _TAKE_SIZE:
                messages.append(self._messages.popleft())
                size += len(messages[-1].content)
            self._size -= size
            return messages

    def send(self, content: str | bytes) -> None:
        """Send a message; from any thread.

        Raises:
            FeedError: If the connection has ended.
        """
        try:
            self._socket.send(content)
        except (OSError, WebSocketException) as error:
            raise FeedError(self._problem or _words(error)) from None
        self._sent = time.monotonic()

    def close(self) -> None:
        """Close the connection and end the thread."""
        with self._changed:
            self._is_closed = True
            self._problem = self._problem or "the connection was closed"
            self._changed.notify_all()
        with suppress(OSError, WebSocketException):
            self._closing.close()
        self._thread.join(10.0 * _READ_S)

    def _run(self) -> None:
        problem = ""
        while not problem and not self._is_closed:
            problem = self._read()
        if self._copy is not None:
            self._copy.close()
        with self._changed:
            self._problem = self._problem or problem
            self._changed.notify_all()
        with suppress(OSError, WebSocketException):
            self._socket.close()

    def _read(self) -> str:
        """Read once, and send a keepalive if one is due; what is wrong with the connection."""
        try:
            if time.monotonic() - self._sent >= self._pause:
                self._keep_alive()
            content = self._socket.recv(_READ_S)
        except TimeoutError:
            if self._pong is not None and self._pong.is_set():
                # What came before it has been read: nothing is left.
                self._pong = None
                return self._add("" if not self._is_binary else b"")
            silent = time.monotonic() - self._heard
            return f"it sent nothing for {silent:.0f} seconds" if silent > self.watch else ""
        except (OSError, WebSocketException, UnicodeError) as error:
            return _words(error)
        if isinstance(content, bytes) is not self._is_binary:
            return f"a garbled message: it is {'text' if self._is_binary else 'binary'}"
        if self._copy is not None:
            self._copy.write(
                content
                if isinstance(content, bytes)
                else f"{content.replace(chr(10), ' ')}\n".encode()
            )
        return self._add(content)

    def _keep_alive(self) -> None:
        self._sent = time.monotonic()
        if self._keepalive:
            self._socket.send(self._keepalive)
        elif self._pong is None:
            self._pong = self._socket.ping()

    def _add(self, content: str | bytes) -> str:
        """Let a message wait; returns what is wrong with us."""
        self._heard = time.monotonic()
        with self._changed:
            self._messages.append(WebsocketMessage(time.monotonic_ns(), content))
            self._size += len(content)
            self._changed.notify_all()
            if self._size > WEBSOCKET_BUFFER:
                return f"we read too slowly: {self._size >> 20} MiB waited"
        return ""


def _words(error: Exception) -> str:
    """What ended a connection."""
    if isinstance(error, ConnectionClosed):
        close = error.rcvd
        if close is None:
            return "it closed the connection"
        reason = f" {close.reason}" if close.reason else ""
        return f"it closed the connection: {close.code}{reason}"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _new_file(folder: Path, name: str, suffix: str) -> BinaryIO:
    """A new file for a copy of what a session sends."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        path = folder / f"{name}.{number}.{suffix}"
        if not path.exists():
            return path.open("xb")
    raise AssertionError("numbers do not end")
