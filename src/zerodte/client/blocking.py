"""The client whose methods return answers."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

import httpx

from zerodte.client.cache import TagCache
from zerodte.client.call import Call
from zerodte.client.chains import ChainEndpoints, ListingEndpoints
from zerodte.client.errors import ClientError
from zerodte.client.events import StreamEvent
from zerodte.client.exchange import (
    LOCAL,
    STREAM_HEADERS,
    STREAM_SILENCE_S,
    Outcome,
    Reconnection,
    Request,
    Wait,
    error_from,
    failure_of,
    headers_of,
    reply_of,
    steps_of,
)
from zerodte.client.method import BlockingCaller
from zerodte.client.resumption import StreamPosition
from zerodte.client.settings import ClientSettings
from zerodte.client.streaming import stream_target
from zerodte.client.zero_dte import ZeroDteEndpoints

T = TypeVar("T")


class Client(ZeroDteEndpoints, ChainEndpoints, ListingEndpoints, BlockingCaller):
    """Asks a server of this API; every endpoint is a method. Threads may share one.

    Args:
        url: The server's base URL; by default `ZERODTE_URL`, else `http://127.0.0.1:8017`.
        key: By default `ZERODTE_KEY`, else none is sent; "" sends none either way.
        timeout: Seconds without a byte after which a request has failed, at most 300.
        retries: How often a request is tried again, 0 to 10.
        cache_size: How many answers are kept, to be asked for again by their tag.

    Raises:
        SettingError: One of them cannot be used.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 3,
        cache_size: int = 64,
    ) -> None:
        self._settings = ClientSettings.of(url, key, timeout, retries, cache_size)
        self._cache = TagCache(cache_size)
        self._http = httpx.Client(
            headers=headers_of(self._settings), timeout=timeout, mounts=dict.fromkeys(LOCAL)
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @property
    def url(self) -> str:
        """The server's base URL."""
        return self._settings.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def stream(self, symbols: str | Sequence[str], *, ticks: bool = False) -> Iterator[StreamEvent]:
        """Each sample of a symbol, or of several, as it is taken.

        A stream that is cut is resumed where it was cut: no event is lost or comes twice.

        Args:
            symbols: A symbol, or up to 32 on one connection.
            ticks: Whether to send the newest figures each second too.

        Raises:
            ClientError: The server refuses, or was away for longer than the retries.
        """
        target, symbol = stream_target(symbols, ticks=ticks)
        position = StreamPosition(symbol)
        reconnection = Reconnection(self._settings.retries)
        while True:
            failure: ClientError | None = None
            try:
                with self._open(target, position.reconnect()) as response:
                    for piece in response.iter_bytes():
                        reconnection.received()
                        yield from position.feed(piece)
            except (httpx.TransportError, httpx.DecodingError) as error:
                failure = failure_of(error, self._settings)
            except ClientError as error:
                failure = error
            time.sleep(reconnection.wait(failure, position.retry))

    @contextmanager
    def _open(self, target: str, last_id: str) -> Iterator[httpx.Response]:
        headers = STREAM_HEADERS | ({"last-event-id": last_id} if last_id else {})
        timeout = httpx.Timeout(self._settings.timeout, read=STREAM_SILENCE_S)
        url = self._settings.url + target
        with self._http.stream("GET", url, headers=headers, timeout=timeout) as response:
            if response.status_code != 200:
                response.read()
                raise error_from(reply_of(response))
            yield response

    def _answer(self, call: Call[T]) -> T:
        steps = steps_of(call, self._cache, self._settings.retries)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                answer: T = end.value
                return answer
            if isinstance(step, Wait):
                time.sleep(step.seconds)
                outcome = None
            else:
                outcome = self._send(step)

    def _send(self, request: Request) -> Outcome:
        try:
            url = self._settings.url + request.target
            return reply_of(self._http.get(url, headers=request.headers))
        except (httpx.TransportError, httpx.DecodingError) as error:
            return failure_of(error, self._settings)
