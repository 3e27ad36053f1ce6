"""A connection to a NATS server, for code that is not asynchronous."""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js.api import StreamInfo

from zerodte.feeds.feed import FeedError
from zerodte.logs import log

_LOG = logging.getLogger(__name__)

#: What the tools of NATS call them.
CREDENTIALS: Final = "NATS_CREDS"
USER, PASSWORD = "NATS_USER", "NATS_PASSWORD"
#: Seconds, for connections and answers.
TIMEOUT: Final = 10.0
#: Servers that have a copy where there are as many: one may be lost.
_COPIES: Final = 3
#: Seconds for a connection to one of the servers: the next one is waiting.
_CONNECT_S: Final = 3
#: Seconds between pings, of which two without an answer end a connection.
_PING_S: Final = 2

_T = TypeVar("_T")


def shown_url(url: str) -> str:
    """A URL, or several separated by commas, without what may be secret in it.

    Raises:
        ValueError: If a port is no port.
    """
    return ",".join(map(_shown, url.split(",")))


def _shown(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


class NatsLink:
    """A connection whose event loop runs in a thread of its own. It is not restored by itself.

    Args:
        url: Such as nats://127.0.0.1:4222; several, separated by commas, for a cluster. Who we are
            stands in `CREDENTIALS`, a file, or in `USER` and `PASSWORD`.

    Attributes:
        stream: Its JetStream.
        replicas: On how many servers to store what is created: three of a cluster of three or more.

    Raises:
        FeedError: If no server can be reached, or it does not let us in.
    """

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_hear_late)
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()
        self._asked: Future[Any] | None = None
        self._lock, self._is_closed = threading.Lock(), False
        self._is_closing = False
        servers = url.count(",") + 1
        self.replicas = _COPIES if servers >= _COPIES else 1
        try:
            self._client: Client = self.call(lambda: _connect(url))
            self.stream: JetStreamContext = self._client.jetstream(timeout=TIMEOUT)
        except BaseException:
            self._stop()
            raise

    @property
    def is_lost(self) -> bool:
        """Whether the connection is lost."""
        return not self._client.is_connected

    def call(self, ask: Callable[[], Awaitable[_T]], timeout: float = TIMEOUT) -> _T:
        """The result of a coroutine of the client.

        Raises:
            FeedError: If the connection is lost, the server refuses, or it takes too long.
        """

        async def asked() -> _T:
            return await asyncio.wait_for(ask(), timeout)

        with self._lock:
            if self._is_closed:
                raise FeedError("the connection is closed")
            self._asked = found = asyncio.run_coroutine_threadsafe(asked(), self._loop)
        try:
            return found.result()
        except CancelledError:
            raise FeedError("interrupted") from None
        except (NatsError, OSError, TimeoutError) as error:
            raise FeedError(_words(error)) from error

    def publish(self, subject: str, payload: bytes) -> None:
        """Send a message to whoever listens, without waiting for them.

        Raises:
            FeedError: If the connection is lost.
        """
        self.call(lambda: self._client.publish(subject, payload))

    def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """The answer of whoever listens on a subject.

        Raises:
            FeedError: If nobody does, or none comes in time (seconds).
        """
        ask = self._client.request
        return self.call(lambda: ask(subject, payload, timeout), timeout + 1.0).data

    def requests(
        self, subjects: Sequence[str], payload: bytes, timeout: float
    ) -> list[bytes | None]:
        """The answers on several subjects, asked at once; None where none comes in time (seconds).

        Raises:
            FeedError: If the connection is lost.
        """

        async def asked(subject: str) -> bytes | None:
            try:
                return (await self._client.request(subject, payload, timeout)).data
            except (NoRespondersError, TimeoutError):
                return None

        async def together() -> list[bytes | None]:
            return await asyncio.gather(*map(asked, subjects))

        return self.call(together, timeout + 1.0)

    def listen(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> None:
        """Have messages taken as they come, one after another, on the event loop.

        Raises:
            FeedError: If the connection is lost.
        """
        self.call(lambda: self._client.subscribe(subject, cb=take))

    def stream_within(self, timeout: float) -> JetStreamContext:
        """Its JetStream, for requests that wait for so many seconds only."""
        return self._client.jetstream(timeout=timeout)

    def check(self) -> None:
        """Raise FeedError if the connection is lost."""
        if self.is_lost:
            raise FeedError("the connection was lost")

    def interrupt(self) -> None:
        """End a call that waits; from any thread. Closing goes on."""
        if self._asked is not None and not self._is_closing:
            self._asked.cancel()

    def close(self) -> None:
        """Close the connection; what has not been answered is lost."""
        self._is_closing = True
        try:
            self.call(self._client.close, 2.0)
        except FeedError:
            pass
        finally:
            self._stop()

    def _stop(self) -> None:
        """End all calls that wait, then the loop."""
        with self._lock:
            self._is_closed = True
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _hear_late(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Note what became of a call after whoever made it had stopped waiting."""
    _LOG.debug("%s: %s", context.get("message"), context.get("exception"))


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def stream_infos(stream: JetStreamContext) -> list[StreamInfo]:
    """All streams of a server, which tells them page by page."""
    found: list[StreamInfo] = []
    while page := await stream.streams_info(len(found)):
        found += page
    return found


async def _connect(url: str) -> Client:
    options: dict[str, Any] = {}
    if os.environ.get(CREDENTIALS):
        options["user_credentials"] = os.environ[CREDENTIALS]
    elif os.environ.get(USER):
        options |= {"user": os.environ[USER], "password": os.environ.get(PASSWORD, "")}

    async def hear(error: Exception) -> None:
        """Whoever waits for an answer is told; of what may not be sent, nobody waits for one."""
        if "permissions violation" in str(error).lower():
            log("forbidden", logging.WARNING, problem=_words(error))

    return await nats.connect(
        url.split(","),
        name="zerodte",
        connect_timeout=_CONNECT_S,
        allow_reconnect=False,
        max_reconnect_attempts=1,
        ping_interval=_PING_S,
        max_outstanding_pings=1,
        error_cb=hear,
        **options,
    )


def _words(error: BaseException) -> str:
    text = str(error).removeprefix("nats: ").strip()
    return text or type(error).__name__
