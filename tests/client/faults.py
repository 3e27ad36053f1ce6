"""A server of this machine that stands between a client and another, and fails as it is told."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

#: What happens to a connection: it gets these bytes and is closed, or is forwarded, and cut once
#: so many bytes have come back; None: forwarded whole.
Fault = bytes | int | None


def response(status: int, body: str, **headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


def address_of(url: str) -> tuple[str, int]:
    """The host and port of a base URL."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


class FaultyProxy:
    """Forwards connections to a server, each after the next fault of `faults`.

    Attributes:
        url: Its base URL.
        upstream: Where it forwards to.
        faults: Those to come; without any, connections are forwarded.
        heads: The head of every request so far.
    """

    def __init__(self, url: str) -> None:
        self.upstream = address_of(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.faults: list[Fault] = []
        self.heads: list[bytes] = []
        self._open: set[socket.socket] = set()

    def cut(self) -> None:
        """Cut every connection that is open."""
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Accept until the listener is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """Accept no more."""
        # Closing alone does not wake `accept`.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        with connection, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            fault = self.faults.pop(0) if self.faults else None
            if isinstance(fault, bytes):
                connection.sendall(fault)
                return
            # One request to a connection, so that each meets its own fault.
            one = head.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
            one = one.replace(b"Connection: keep-alive\r\n", b"")
            with socket.create_connection(self.upstream) as upstream:
                self._open.add(upstream)
                upstream.sendall(one)
                _copy(upstream, connection, fault)


def _copy(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    left = limit
    while left is None or left > 0:
        piece = source.recv(65536 if left is None else min(left, 65536))
        if not piece:
            return
        target.sendall(piece)
        left = None if left is None else left - len(piece)


@contextmanager
def faulty(url: str) -> Iterator[FaultyProxy]:
    """A proxy before a server."""
    proxy = FaultyProxy(url)
    running = threading.Thread(target=proxy.run)
    running.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        running.join(10)
        assert not running.is_alive()
