"""Clients of a websocket that a gateway of ours serves, and what all such gateways do to them.

Each client has a thread, up to a number of clients. The faults here are those of a connection, so
they are the same whatever the vendor says on it.
"""

import email.utils
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from zerodte.feeds.client_listener import MOST_CLIENTS, cannot_listen
from zerodte.feeds.feed import FeedError
from zerodte.logs import log
from zerodte.tape.error import TapeError

#: Seconds of waiting at a time, which bounds the delay of a stop.
WEBSOCKET_STEP: Final = 0.1
#: Slow sending: bytes or characters at a time, and seconds between two parts.
_SLOW_PART, _SLOW_S = 2_000, 0.01
#: The last frame of a message in bytes, or in text, whose length follows in 8 bytes (RFC 6455,
#: section 5.2).
_BINARY_FRAME, _TEXT_FRAME = b"\x82\x7f", b"\x81\x7f"

C = TypeVar("C", str, bytes, str | bytes)


class WebsocketListener:
    """Accepts clients.

    Args:
        host: Address to listen on.
        port: 0 lets the system choose.
        talk: Serves a client in its thread. A FeedError, a lost connection and a damaged tape end
            it, and are logged.
        largest: Bytes of a client's message at most.
        answer: Answers a request that is for no websocket; None begins one.

    Attributes:
        stopped: Set when the listener ends.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        host: str,
        port: int,
        talk: Callable[[ServerConnection], None],
        *,
        largest: int,
        answer: Callable[[ServerConnection, Request], Response | None] | None = None,
    ) -> None:
        self._serve = talk
        self._places = threading.BoundedSemaphore(MOST_CLIENTS)
        self.stopped = threading.Event()
        try:
            self._server: Server = serve(
                self._talk,
                host,
                port,
                process_request=answer,
                compression=None,
                ping_interval=None,
                max_size=largest,
                logger=_SILENT,
            )
        except (OSError, OverflowError) as error:
            raise cannot_listen(host, port, error) from error

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        host, port = self._server.socket.getsockname()[:2]
        return host, port

    def run(self) -> None:
        """Accept clients until `stop`."""
        self._server.serve_forever()

    def stop(self) -> None:
        """End `run` and disconnect all clients."""
        self.stopped.set()
        self._server.shutdown()

    def _talk(self, client: ServerConnection) -> None:
        if not self._places.acquire(blocking=False):
            client.close(1013, f"it serves {MOST_CLIENTS} clients already")
            return
        try:
            self._serve(client)
        except TapeError as error:
            log(str(error), logging.ERROR)
        except (ConnectionClosed, FeedError, OSError) as error:
            log(f"client disconnected: {error}")
            with suppress(OSError):
                client.close_socket()
        finally:
            self._places.release()


def json_answer(status: HTTPStatus, content: object) -> Response:
    """An answer in JSON to a request that is for no websocket."""
    body = msgspec.json.encode(content)
    headers = Headers(
        {
            "Date": email.utils.formatdate(time.time(), usegmt=True),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
    )
    return Response(status.value, status.phrase, headers, body)


def waiting_messages(client: ServerConnection, timeout: float) -> Iterator[str | bytes]:
    """A client's messages that have come, waiting up to `timeout` seconds for the first.

    Raises:
        ConnectionClosed: If the client is gone.
    """
    while True:
        try:
            yield client.recv(timeout)
        except TimeoutError:
            return
        timeout = 0.0


def cut_off(client: ServerConnection, content: str | bytes, draw: random.Random) -> None:
    """Send the beginning of a message's frame, of a length that is drawn."""
    head, body = (
        (_BINARY_FRAME, content) if isinstance(content, bytes) else (_TEXT_FRAME, content.encode())
    )
    frame = head + len(body).to_bytes(8) + body
    client.socket.sendall(frame[: draw.randrange(1, len(frame))])


def stay_mute(client: ServerConnection, stopped: threading.Event) -> None:
    """Send nothing until the client has had enough, or the server stops."""
    with suppress(ConnectionClosed):
        while not stopped.is_set():
            with suppress(TimeoutError):
                client.recv(WEBSOCKET_STEP)


def slow_parts(content: C) -> Iterator[C]:
    """A message in small frames, with time between them."""
    for start in range(0, len(content), _SLOW_PART):
        yield content[start : start + _SLOW_PART]
        time.sleep(_SLOW_S)


#: Clients that hang up, or send garbage, are no news of the websockets' own.
_SILENT: Final = logging.getLogger("zerodte.websockets")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
