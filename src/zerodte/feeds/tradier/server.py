"""A tape served as Tradier would: its REST interface on one port, its websocket on another.

So whoever has no account can develop against it, with other clients too. The answer that begins a
market session tells the clock and speed, and where the stream is; other clients ignore the clock.
"""

import email.utils
import threading
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from websockets.sync.server import ServerConnection

from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.message_board import Fields, MessageBoard
from zerodte.feeds.tradier.account import (
    CHAINS_PATH,
    EVENTS_PATH,
    EXPIRATIONS_PATH,
    QUOTES_PATH,
    SESSION_PATH,
)
from zerodte.feeds.tradier.gateway import TRADIER_OVERLAP, TradierGateway, TradierGatewayState
from zerodte.feeds.tradier.tape_words import TradierWords, quote_entry
from zerodte.feeds.websocket_listener import WebsocketListener
from zerodte.market.roots import root_info, symbols_of, underlying_of
from zerodte.tape.source import FileSource

_LARGEST_BODY: Final = 1 << 20
_LARGEST_MESSAGE: Final = 1 << 20


class TradierServer:
    """Serves a tape to every client, from the open on.

    Args:
        tape: The tape.
        speed: Times the wall clock; the clock starts now.
        state: Token and faults.
        host: Address to listen on.
        port: Of the REST interface; 0 lets the system choose. The websocket's is always chosen.
        start: What its clock shows at first, UTC ns; by default the open.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
    """

    def __init__(
        self,
        tape: FileSource,
        speed: float,
        *,
        state: TradierGatewayState,
        host: str,
        port: int,
        start: int | None = None,
    ) -> None:
        self.state = state
        self._clock = FeedClock(tape.session.open if start is None else start, speed)
        self._board = MessageBoard(tape, TradierWords(), TRADIER_OVERLAP)
        self._underlyings = {
            underlying_of(raw)
            for dataset, symbols in tape.symbols.items()
            if tape.kind(dataset) != "options"
            for raw in symbols.values()
        }
        handler = type("TradierHandler", (_TradierRestHandler,), {"server_of": self})
        self._listener = HttpListener(host, port, handler)
        try:
            self._sockets = WebsocketListener(host, 0, self._talk, largest=_LARGEST_MESSAGE)
        except FeedError:
            self._listener.close()
            raise

    @property
    def address(self) -> tuple[str, int]:
        """The host and port of its REST interface."""
        return self._listener.address

    @property
    def symbols(self) -> list[str]:
        """The underlyings that it serves."""
        return symbols_of(contract.root for contract in self._board.contracts.values())

    def run(self) -> None:
        """Answer until `stop`."""
        thread = threading.Thread(target=self._sockets.run, daemon=True)
        thread.start()
        self._listener.run()
        thread.join()

    def stop(self) -> None:
        """End `run` and disconnect all clients."""
        self._sockets.stop()
        self._listener.stop()

    def session(self) -> Fields | None:
        """The answer that begins a market session; None if there are too many."""
        session = self.state.new_session(self._clock.now())
        if not session:
            return None
        host, port = self._sockets.address
        host = f"[{host}]" if ":" in host else host
        url = f"http://{host}:{port}{EVENTS_PATH}"
        clock = self._clock.greeting()
        return {"stream": {"url": url, "sessionid": session, "clock": clock}}

    def answer(self, path: str, query: Mapping[str, str]) -> Fields | None:
        """The answer to another request; None if there is no such address."""
        if path == QUOTES_PATH:
            return self._quotes(query.get("symbols", "").split(","))
        symbol = underlying_of(query.get("symbol", ""))
        names = [
            name
            for name, contract in sorted(self._board.contracts.items())
            if root_info(contract.root).symbol == symbol
        ]
        if path == EXPIRATIONS_PATH:
            days = sorted({self._board.contracts[name].expiry.isoformat() for name in names})
            return {"expirations": {"date": _few(days)} if days else None}
        if path == CHAINS_PATH:
            day = query.get("expiration")
            ours = [one for one in names if self._board.contracts[one].expiry.isoformat() == day]
            entries = self._entries(ours)
            return {"options": {"option": _few(entries)} if entries else None}
        return None

    def _quotes(self, names: Sequence[str]) -> Fields:
        entries = self._entries(names)
        known = {one["symbol"] for one in entries}
        unknown = [name for name in names if name not in known]
        found: Fields = {"quote": _few(entries)} if entries else {}
        if unknown:
            found["unmatched_symbols"] = {"symbol": _few(unknown)}
        return {"quotes": found}

    def _entries(self, names: Sequence[str]) -> list[Fields]:
        state = self._board.at(self._clock.now())
        contracts, symbols = self._board.contracts, sorted(self._underlyings)
        entries = [quote_entry(name, state, contracts, symbols) for name in names]
        return [one for one in entries if one is not None]

    def _talk(self, client: ServerConnection) -> None:
        stopped = self._sockets.stopped
        TradierGateway(
            client, self._board, self._underlyings, self._clock, self.state, stopped
        ).run()


class _TradierRestHandler(HttpRequestHandler):
    server_of: TradierServer

    def do_GET(self) -> None:  # noqa: N802
        with self.hanging_up():
            path, _, query = self.path.partition("?")
            self._reply(path, dict(parse_qsl(query)), is_post=False)

    def do_POST(self) -> None:  # noqa: N802
        with self.hanging_up():
            text = self.headers.get("Content-Length", "")
            size = int(text) if text.isascii() and text.isdecimal() else 0
            body = self.rfile.read(min(size, _LARGEST_BODY)).decode("utf-8", "replace")
            self._reply(self.path.partition("?")[0], dict(parse_qsl(body)), is_post=True)

    def _reply(self, path: str, query: Mapping[str, str], *, is_post: bool) -> None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not self.server_of.state.accepts(token):
            self._send(HTTPStatus.UNAUTHORIZED, b"Invalid Access Token", "text/plain")
            return
        if path == SESSION_PATH and is_post:
            session = self.server_of.session()
            if session is None:
                body = b"too many sessions requested"
                self._send(HTTPStatus.BAD_REQUEST, body, "text/plain")
                return
            self._send(HTTPStatus.OK, msgspec.json.encode(session))
            return
        found = self.server_of.answer(path, query)
        if found is None:
            self._send(HTTPStatus.NOT_FOUND, b"Not Found", "text/plain")
            return
        self._send(HTTPStatus.OK, msgspec.json.encode(found))

    def _send(self, status: HTTPStatus, body: bytes, kind: str = "application/json") -> None:
        headers = {
            "Date": email.utils.formatdate(time.time(), usegmt=True),
            "Content-Type": kind,
            "Content-Length": str(len(body)),
        }
        self.answer(status, body, headers)


def _few(found: list[Fields] | list[str]) -> object:
    """One entry as itself, several as an array."""
    return found[0] if len(found) == 1 else found
