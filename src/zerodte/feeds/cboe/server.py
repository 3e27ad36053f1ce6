"""A tape served as Cboe's website serves delayed quotes, for development without a market."""

import email.utils
import gzip
import http.server
import logging
import threading
from http import HTTPStatus
from typing import Final

from zerodte.feeds.cboe.board import CboeBoard, minute_of
from zerodte.feeds.cboe.http import CBOE_SPEED_HEADER
from zerodte.feeds.client_listener import cannot_listen
from zerodte.feeds.feed_clock import FeedClock
from zerodte.importers.cboe_delayed import CBOE_DELAY
from zerodte.logs import log
from zerodte.market.roots import underlying_of
from zerodte.tape.error import TapeError
from zerodte.tape.metadata import utc_datetime
from zerodte.tape.source import FileSource

_TIMEOUT: Final = 30.0  # seconds for a request
_SUFFIX: Final = ".json"


class CboeServer:
    """Serves a tape, from the open on, a quarter of an hour late and a new body a minute.

    Args:
        tape: The tape.
        speed: Times the wall clock; the clock starts now.
        start: What the clock of its quotes shows at first, UTC ns; by default the open.
        host: Address to listen on.
        port: 0 lets the system choose.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self, tape: FileSource, speed: float, *, start: int | None, host: str, port: int
    ) -> None:
        self._clock = FeedClock(tape.session.open if start is None else start, speed)
        self._board = CboeBoard(tape)
        self._lock = threading.Lock()
        self._bodies: dict[str, tuple[int, bytes]] = {}
        handler = type("QuotesHandler", (_QuotesHandler,), {"quotes": self})
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
    def speed(self) -> float:
        """Seconds of its clock per second of the wall clock."""
        return self._clock.speed

    @property
    def symbols(self) -> list[str]:
        """The underlyings that it serves."""
        return self._board.symbols

    def run(self) -> None:
        """Answer until `stop`."""
        self._server.serve_forever(0.1)

    def stop(self) -> None:
        """End `run`."""
        self._server.shutdown()
        self._server.server_close()

    def now(self) -> int:
        """The host's clock, UTC ns."""
        return self._clock.now() + CBOE_DELAY

    def body(self, symbol: str) -> tuple[str, bytes]:
        """The tag and the JSON of a symbol's newest body.

        Raises:
            TapeError: If the tape is damaged.
        """
        with self._lock:
            at = minute_of(self._clock.now())
            if self._bodies.get(symbol, (0, b""))[0] != at:
                self._board.advance(at)
                self._bodies[symbol] = at, self._board.body(symbol, at)
            return f'"{at}"', self._bodies[symbol][1]


class _QuotesHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT
    quotes: CboeServer

    def do_GET(self) -> None:
        try:
            self._get()
        except TapeError as error:
            log(str(error), logging.ERROR)
            self.close_connection = True
        except OSError as error:
            log(f"client disconnected: {error}")
            self.close_connection = True

    def _get(self) -> None:
        name = self.path.rpartition("/")[2].removesuffix(_SUFFIX).removeprefix("_")
        symbol = underlying_of(name)
        if symbol not in self.quotes.symbols:
            self._answer(HTTPStatus.NOT_FOUND, b"no such symbol")
            return
        tag, body = self.quotes.body(symbol)
        if self.headers.get("If-None-Match") == tag:
            self._answer(HTTPStatus.NOT_MODIFIED, b"", ETag=tag)
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            packed = gzip.compress(body, 6)
            self._answer(HTTPStatus.OK, packed, ETag=tag, Content_Encoding="gzip")
        else:
            self._answer(HTTPStatus.OK, body, ETag=tag)

    def _answer(self, status: HTTPStatus, body: bytes, **headers: str) -> None:
        self.send_response_only(status)
        at = utc_datetime(self.quotes.now())
        headers = {
            "Date": email.utils.format_datetime(at, usegmt=True),
            "Content_Type": "application/json",
            CBOE_SPEED_HEADER.replace("-", "_"): f"{self.quotes.speed:g}",
            **({} if status == HTTPStatus.NOT_MODIFIED else {"Content_Length": str(len(body))}),
            **headers,
        }
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests are not logged."""
