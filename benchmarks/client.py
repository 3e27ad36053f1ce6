"""Clients of the load: requests one after another or by the clock, and readers of streams."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")
_ANNOUNCED = re.compile(rb'"announced":(\d+)')


class Requests(asyncio.Protocol):
    """A connection that asks for one path, again and again, and waits for each answer.

    Args:
        path: What to ask for.
        coding: Which content coding to accept.
        key: The API key.
        answered: Called after each answer.
    """

    def __init__(
        self, path: str, coding: str, key: str, answered: Callable[["Requests"], None]
    ) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n"
            f"accept-encoding: {coding}\r\nuser-agent: load\r\nx-api-key: {key}\r\n\r\n"
        ).encode()
        self._answered = answered
        self._missing = 0
        self._transport: asyncio.Transport | None = None
        self.status: set[bytes] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        # uvloop's is one by its methods, not by its class.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self) -> None:
        """Send a request."""
        assert self._transport is not None
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer. A head comes in one part, as the server sends it."""
        if not self._missing:
            length = _LENGTH.search(data)
            assert length is not None, data[:200]
            self.status.add(data[9:12])
            self._missing = data.index(b"\r\n\r\n") + 4 + int(length[1])
        self._missing -= len(data)
        if not self._missing:
            self._answered(self)


async def connect(url: str, made: Callable[[], asyncio.Protocol], count: int) -> None:
    """Open connections."""
    host, port = url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    for _ in range(count):
        await loop.create_connection(made, host, int(port))


async def saturate(
    url: str, path: str, coding: str, connections: int, seconds: float, key: str = "none"
) -> float:
    """Answers a second, when every connection asks again as soon as it is answered."""
    answers = 0

    def answered(connection: Requests) -> None:
        nonlocal answers
        answers += 1
        connection.ask()

    opened: list[Requests] = []

    def made() -> Requests:
        opened.append(Requests(path, coding, key, answered))
        return opened[-1]

    await connect(url, made, connections)
    for connection in opened:
        connection.ask()
    await asyncio.sleep(seconds / 4)
    before, began = answers, time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (answers - before) / (time.perf_counter() - began)
    _end(opened)
    return rate


async def paced(
    url: str, paths: list[str], coding: str, rate: float, connections: int, seconds: float
) -> list[float]:
    """Seconds from when each request was due until it was answered, at a steady rate.

    A request that is due while all connections wait is sent late, and its wait counts.
    """
    waits: list[float] = []
    due: dict[Requests, float] = {}
    idle: deque[Requests] = deque()
    queue: deque[float] = deque()

    def answered(connection: Requests) -> None:
        waits.append(time.perf_counter() - due[connection])
        if queue:
            due[connection] = queue.popleft()
            connection.ask()
        else:
            idle.append(connection)

    made_of = iter(range(connections))

    def made() -> Requests:
        connection = Requests(paths[next(made_of) % len(paths)], coding, "none", answered)
        idle.append(connection)
        return connection

    await connect(url, made, connections)
    opened = list(idle)
    began = time.perf_counter()
    sent = 0
    while (now := time.perf_counter()) < began + seconds:
        while sent < (now - began) * rate:
            at = began + sent / rate
            sent += 1
            if idle:
                connection = idle.popleft()
                due[connection] = at
                connection.ask()
            else:
                queue.append(at)
        await asyncio.sleep(0.0005)
    while len(waits) < sent:
        await asyncio.sleep(0.01)
    _end(opened)
    return waits


class Reader(asyncio.Protocol):
    """A connection that reads a stream and notes how old each sample is when it comes.

    Args:
        path: The stream.
        heard: Where to put how old, seconds; None for a reader that stops reading at once.
    """

    def __init__(self, path: str, heard: list[float] | None) -> None:
        self._path, self._heard = path, heard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(f"GET {self._path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """A sample begins with its bar."""
        now = time.monotonic_ns()
        if self._heard is None:
            self._transport.pause_reading()
            return
        for stamp in _ANNOUNCED.findall(data):
            self._heard.append((now - int(stamp)) / 1e9)


def _end(connections: list[Requests]) -> None:
    for connection in connections:
        assert connection.status == {b"200"}, connection.status
        if connection._transport is not None:
            connection._transport.abort()
