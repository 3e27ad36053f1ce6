"""Listens for HTTP clients, for tapes that are served as a vendor's website or API would."""

import contextlib
import http.server
import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

from zerodte.feeds.client_listener import cannot_listen
from zerodte.logs import log
from zerodte.tape.error import TapeError

_TIMEOUT: Final = 30.0  # seconds for a request


class HttpListener:
    """Hands every request to a handler in a thread of its own, until it is stopped.

    Args:
        host: Address to listen on.
        port: 0 lets the system choose.
        handler: Answers a connection's requests.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(self, host: str, port: int, handler: type["HttpRequestHandler"]) -> None:
        try:
            self._server = http.server.ThreadingHTTPServer((host, port), handler)
        except (OSError, OverflowError) as error:
            raise cannot_listen(host, port, error) from error
        self._server.daemon_threads = True

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        host, port = self._server.server_address[:2]
        return str(host), port

    @property
    def url(self) -> str:
        """Where clients find it."""
        host, port = self.address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self) -> None:
        """Answer until `stop`."""
        self._server.serve_forever(0.1)

    def stop(self) -> None:
        """End `run`."""
        self._server.shutdown()
        self.close()

    def close(self) -> None:
        """Give up the port, where `run` was not called."""
        self._server.server_close()


class HttpRequestHandler(http.server.BaseHTTPRequestHandler):
    """Answers the requests of a connection, which it keeps open between them."""

    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT

    @contextlib.contextmanager
    def hanging_up(self) -> Iterator[None]:
        """A damaged tape, or a client that is gone, is logged and ends the connection."""
        try:
            yield
        except TapeError as error:
            log(str(error), logging.ERROR)
            self.close_connection = True
        except OSError as error:
            log(f"client disconnected: {error}")
            self.close_connection = True

    def answer(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        """Send an answer; its headers are given by their names."""
        self.send_response_only(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests are not logged."""
