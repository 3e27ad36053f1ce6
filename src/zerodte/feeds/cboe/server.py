"""A tape served as Cboe's website serves delayed quotes, for development without a market."""

import email.utils
import gzip
import threading
from http import HTTPStatus
from typing import Final

from zerodte.feeds.cboe.board import CboeBoard, minute_of
from zerodte.feeds.cboe.http import CBOE_SPEED_HEADER
from zerodte.feeds.fault_script import FaultKind, FaultScript
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.importers.cboe_delayed import CBOE_DELAY
from zerodte.market.roots import underlying_of
from zerodte.tape.metadata import utc_datetime
from zerodte.tape.source import FileSource

_SUFFIX: Final = ".json"


class CboeServer:
    """Serves a tape, from the open on, a quarter of an hour late and a new body a minute.

    Args:
        tape: The tape.
        speed: Times the wall clock; the clock starts now.
        start: What the clock of its quotes shows at first, UTC ns; by default the open.
        host: Address to listen on.
        port: 0 lets the system choose.
        faults: What goes wrong with the next request for a symbol: cut, garbage or busy.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        tape: FileSource,
        speed: float,
        *,
        start: int | None,
        host: str,
        port: int,
        faults: FaultScript | None = None,
    ) -> None:
        self._clock = FeedClock(tape.session.open if start is None else start, speed)
        self._board = CboeBoard(tape)
        self._lock = threading.Lock()
        self._faults = faults or FaultScript()
        # Those of before its beginning befell nobody.
        self._faults.due(self.now())
        self._bodies: dict[str, tuple[int, bytes]] = {}
        handler = type("QuotesHandler", (_QuotesHandler,), {"quotes": self})
        self._listener = HttpListener(host, port, handler)

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        return self._listener.address

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
        self._listener.run()

    def stop(self) -> None:
        """End `run`."""
        self._listener.stop()

    def now(self) -> int:
        """The host's clock, UTC ns."""
        return self._clock.now() + CBOE_DELAY

    def fault(self) -> FaultKind | None:
        """What goes wrong with the next request, by the host's clock; None if nothing does.

        Of several faults since the last request it is the newest: a client that asks once a
        minute, and not for a while when it is told so, would never be through with all of them.
        """
        due = self._faults.due(self.now())
        return due[-1].kind if due else None

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


class _QuotesHandler(HttpRequestHandler):
    quotes: CboeServer

    def do_GET(self) -> None:  # noqa: N802
        with self.hanging_up():
            self._get()

    def _get(self) -> None:
        name = self.path.rpartition("/")[2].removesuffix(_SUFFIX).removeprefix("_")
        symbol = underlying_of(name)
        if symbol not in self.quotes.symbols:
            self._answer(HTTPStatus.NOT_FOUND, b"no such symbol", {})
            return
        tag, body = self.quotes.body(symbol)
        fault = self.quotes.fault()
        if fault == "busy":
            self._answer(HTTPStatus.TOO_MANY_REQUESTS, b"slow down", {"Retry-After": "120"})
        elif fault == "garbage":
            self._answer(HTTPStatus.OK, b"<html>Just a moment...</html>", {})
        elif fault == "cut":
            self._answer(HTTPStatus.OK, body[: len(body) // 2], {"Content-Length": f"{len(body)}"})
            self.close_connection = True
        elif self.headers.get("If-None-Match") == tag:
            self._answer(HTTPStatus.NOT_MODIFIED, b"", {"ETag": tag})
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            packed = gzip.compress(body, 6)
            self._answer(HTTPStatus.OK, packed, {"ETag": tag, "Content-Encoding": "gzip"})
        else:
            self._answer(HTTPStatus.OK, body, {"ETag": tag})

    def _answer(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        at = utc_datetime(self.quotes.now())
        self.answer(
            status,
            body,
            {
                "Date": email.utils.format_datetime(at, usegmt=True),
                "Content-Type": "application/json",
                CBOE_SPEED_HEADER: f"{self.quotes.speed:g}",
                **({} if status == HTTPStatus.NOT_MODIFIED else {"Content-Length": str(len(body))}),
                **headers,
            },
        )
