"""A websocket that a thread drains, and keeps alive, while ticks are computed.

What has come waits in a bounded buffer. When it is full the connection ends and says so: of quotes
that change only now and then none may be left out, so everything is asked for again.
"""

import itertools
import threading
import time
from collections import deque
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, NamedTuple, TextIO
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

import zerodte
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS

#: Characters that wait at most.
WEBSOCKET_BUFFER: Final = 32 << 20
#: Characters that are taken at once, about.
_TAKE_SIZE: Final = 4 << 20
_TIMEOUT: Final = 10.0  # seconds, to connect and to send
_CLOSING: Final = 1.0  # seconds for the other side's farewell
#: Seconds of a blocking read, which bounds the delay of a stop.
_READ_S: Final = 0.25


class WebsocketMessage(NamedTuple):
    """A message.

    Attributes:
        received: When it came, ns of the monotonic clock.
        text: Its text.
    """

    received: int
    text: str


class WebsocketReader:
    """Reads a websocket until it is closed.

    Args:
        url: Its address, wss or ws.
        largest: Bytes of a message at most.
        keepalive: What is sent when nothing else has been for `pause` seconds.
        pause: As above.
        copy: Folder that gets a file of all messages that come, a line each; None for none.

    Attributes:
        watch: Seconds without a message after which a connection counts as dead.

    Raises:
        FeedError: If it cannot be reached.
    """

    def __init__(
        self, url: str, *, largest: int, keepalive: str, pause: float, copy: Path | None = None
    ) -> None:
        self.watch = 60.0
        self._keepalive, self._pause = keepalive, pause
        self._copy: TextIO | None = None
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
            self._copy = _new_file(copy)
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
                size += len(messages[-1].text)
            self._size -= size
            return messages

    def send(self, text: str) -> None:
        """Send a message; from any thread.

        Raises:
            FeedError: If the connection has ended.
        """
        try:
            self._socket.send(text)
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
                self._socket.send(self._keepalive)
                self._sent = time.monotonic()
            text = self._socket.recv(_READ_S)
        except TimeoutError:
            silent = time.monotonic() - self._heard
            return f"it sent nothing for {silent:.0f} seconds" if silent > self.watch else ""
        except (OSError, WebSocketException, UnicodeError) as error:
            return _words(error)
        if not isinstance(text, str):
            return "a garbled message: it is binary"
        self._heard = time.monotonic()
        if self._copy is not None:
            self._copy.write(text.replace("\n", " ") + "\n")
        with self._changed:
            self._messages.append(WebsocketMessage(time.monotonic_ns(), text))
            self._size += len(text)
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


def _new_file(folder: Path) -> TextIO:
    """A new file for a copy of what a session sends."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        path = folder / f"dxlink.{number}.jsonl"
        if not path.exists():
            return path.open("x", encoding="utf-8")
    raise AssertionError("numbers do not end")
