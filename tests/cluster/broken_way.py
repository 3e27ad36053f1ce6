"""A way to a broker that a test may break, wholly or for those who follow the stream."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from enum import Enum
from urllib.parse import urlsplit

from feeds.nats_broker import free_port


class Passing(Enum):
    """Who gets through."""

    ALL = "all"
    REQUESTS = "all but those who follow a stream"
    NONE = "nobody"


class BrokenWay:
    """Passes connections on to a broker.

    Args:
        url: The broker.

    Attributes:
        url: Where it listens.
        lease_messages: Messages about leases that were passed on to the broker.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._address = parts.hostname, parts.port
        self._port = free_port()
        self.url = f"nats://127.0.0.1:{self._port}"
        self.lease_messages = 0
        self._passing = Passing.NONE
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None

    def let(self, passing: Passing) -> None:
        """Cut all connections, and let some come back."""
        self._passing = passing
        if self._listening is not None:
            # Closing alone would not end a wait for the next one.
            _cut(self._listening)
            self._listening.close()
            self._listening = None
        for each in tuple(self._open):
            _cut(each)
        if passing is not Passing.NONE:
            self._listening = socket.create_server(("127.0.0.1", self._port))
            threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._address) as there:
            self._open |= {client, there}
            threading.Thread(target=_copy, args=(there, client), daemon=True).start()
            while content := client.recv(1 << 16):
                if self._passing is Passing.REQUESTS and b"CONSUMER" in content:
                    break
                self.lease_messages += content.count(b"zerodte-leases")
                there.sendall(content)
            self._open -= {client, there}
            _cut(client)
            _cut(there)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := source.recv(1 << 16):
            sink.sendall(content)
        _cut(sink)


def _cut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def broken_way(url: str) -> Iterator[BrokenWay]:
    """A way to a broker, whole at first, for as long as the context lasts."""
    way = BrokenWay(url)
    way.let(Passing.ALL)
    try:
        yield way
    finally:
        way.let(Passing.NONE)
