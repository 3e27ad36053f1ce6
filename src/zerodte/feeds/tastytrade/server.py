"""A tape served as tastytrade would: its REST session on one port, which names the websocket's.

So whoever has no account can develop against it, with other clients too. Its SETUP tells the clock
and speed; other clients ignore that.
"""

import email.utils
import secrets
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

import msgspec
from websockets.sync.server import ServerConnection

from zerodte.feeds.fault_script import FaultScript
from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.http_listener import HttpListener, HttpRequestHandler
from zerodte.feeds.tastytrade.account import TastytradeKeys
from zerodte.feeds.tastytrade.chain import (
    NestedChain,
    NestedChainAnswer,
    NestedChainItems,
    NestedExpiration,
    NestedStrike,
    streamer_symbol,
)
from zerodte.feeds.tastytrade.event_board import EventBoard
from zerodte.feeds.tastytrade.gateway import DXLINK_OVERLAP, DXLinkGateway, GatewayState
from zerodte.feeds.websocket_listener import WebsocketListener
from zerodte.market.osi import Contract, find_osi, format_osi
from zerodte.market.roots import canonical_name, root_info
from zerodte.tape.source import FileSource

_ACCESS_S: Final = 900
_LARGEST_BODY: Final = 1 << 16
#: Bytes of a client's message; with more the vendor hangs up.
_LARGEST_MESSAGE: Final = 1 << 17


class TastytradeServer:
    """Serves a tape to every client, from the open on.

    Args:
        tape: The tape.
        speed: Times the wall clock; the clock starts now.
        keys: The keys that clients need; None accepts any.
        host: Address to listen on.
        port: Of the REST session; 0 lets the system choose. The websocket's is always chosen.
        start: What its clock shows at first, UTC ns; by default the open.
        faults: What goes wrong.
        level: The level of its tokens of quotes.

    Raises:
        FeedError: If the address is in use, forbidden, or not of this machine.
        TapeError: If the tape is damaged before `start`, up to where it is read first.
    """

    def __init__(
        self,
        tape: FileSource,
        speed: float,
        *,
        keys: TastytradeKeys | None,
        host: str,
        port: int,
        start: int | None = None,
        faults: FaultScript | None = None,
        level: str = "api",
    ) -> None:
        self._keys = keys
        self._level = level
        begin = tape.session.open if start is None else start
        self._board = EventBoard(tape, DXLINK_OVERLAP)
        self._board.advance(begin)
        self._clock = FeedClock(begin, speed)
        self._tokens: set[str] = set()
        self._is_key_refused = False
        self._chains = _chains(tape)
        self._state = GatewayState(
            faults or FaultScript(), self._tokens.__contains__, self._tokens.clear, self._refuse
        )
        handler = type("TastytradeHandler", (_RestHandler,), {"server_of": self})
        self._listener = HttpListener(host, port, handler)
        try:
            self._sockets = WebsocketListener(host, 0, self._talk, largest=_LARGEST_MESSAGE)
        except FeedError:
            self._listener.close()
            raise

    @property
    def address(self) -> tuple[str, int]:
        """The host and port of its REST session."""
        return self._listener.address

    @property
    def symbols(self) -> list[str]:
        """The underlyings that it serves."""
        return sorted(self._chains)

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

    def token_of(self, fields: dict[str, str]) -> str:
        """A new access token for a client's keys; empty if they are not accepted."""
        keys = self._keys
        is_right = keys is None or (
            secrets.compare_digest(fields.get("client_secret", ""), keys.client_secret.reveal())
            and secrets.compare_digest(fields.get("refresh_token", ""), keys.refresh_token.reveal())
        )
        return self._new_token() if is_right and not self._is_key_refused else ""

    def is_token(self, token: str) -> bool:
        """Whether an access token is valid."""
        return token in self._tokens

    def quote_token(self) -> dict[str, str]:
        """A new token of quotes, as the vendor answers it."""
        host, port = self._sockets.address
        url = f"ws://{host}:{port}/realtime"
        return {"token": self._new_token(), "dxlink-url": url, "level": self._level}

    def chain(self, symbol: str) -> NestedChainAnswer | None:
        """The chain of an underlying; None if there is none."""
        return self._chains.get(root_info(canonical_name(symbol)).symbol)

    def _new_token(self) -> str:
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        return token

    def _refuse(self) -> None:
        self._is_key_refused = True
        self._tokens.clear()

    def _talk(self, client: ServerConnection) -> None:
        stopped = self._sockets.stopped
        DXLinkGateway(client, self._board, self._clock, self._state, stopped).run()


class _RestHandler(HttpRequestHandler):
    server_of: TastytradeServer

    def do_POST(self) -> None:  # noqa: N802
        with self.hanging_up():
            text = self.headers.get("Content-Length", "")
            size = int(text) if text.isascii() and text.isdecimal() else 0
            body = self.rfile.read(min(size, _LARGEST_BODY))
            if self.path != "/oauth/token":
                self._refuse(HTTPStatus.NOT_FOUND, "no such address")
                return
            try:
                fields = msgspec.json.decode(body, type=dict[str, str])
            except ValueError:
                fields = {}
            token = self.server_of.token_of(fields)
            if not token:
                self._refuse(HTTPStatus.UNAUTHORIZED, "The grant is not valid", "invalid_grant")
                return
            answer = {"access_token": token, "token_type": "Bearer", "expires_in": _ACCESS_S}
            self._send(HTTPStatus.OK, msgspec.json.encode(answer))

    def do_GET(self) -> None:  # noqa: N802
        with self.hanging_up():
            kind, _, token = self.headers.get("Authorization", "").partition(" ")
            if kind != "Bearer" or not self.server_of.is_token(token):
                self._refuse(HTTPStatus.UNAUTHORIZED, "The access token is not valid")
                return
            if "/" not in self.headers.get("User-Agent", ""):
                self._refuse(HTTPStatus.BAD_REQUEST, "User-Agent: PRODUCT/VERSION is required")
                return
            path = self.path.partition("?")[0]
            if path == "/api-quote-tokens":
                data = {"data": self.server_of.quote_token(), "context": path}
                self._send(HTTPStatus.OK, msgspec.json.encode(data))
                return
            chain = None
            if path.startswith("/option-chains/") and path.endswith("/nested"):
                chain = self.server_of.chain(unquote(path.split("/")[2]))
            if chain is None:
                self._refuse(HTTPStatus.NOT_FOUND, "Couldn't find what was asked for")
                return
            self._send(HTTPStatus.OK, msgspec.json.encode(chain))

    def _refuse(self, status: HTTPStatus, text: str, code: str = "error") -> None:
        answer = {"error": {"code": code, "message": text}}
        self._send(status, msgspec.json.encode(answer))

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        headers = {
            "Date": email.utils.formatdate(time.time(), usegmt=True),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        self.answer(status, body, headers)


def _chains(tape: FileSource) -> dict[str, NestedChainAnswer]:
    """The chain of every underlying of a tape's options."""
    by_root: dict[str, dict[str, Contract]] = {}
    for dataset, symbols in tape.symbols.items():
        if tape.kind(dataset) == "options":
            for raw in symbols.values():
                if contract := find_osi(raw):
                    by_root.setdefault(contract.root, {})[raw] = contract
    found: dict[str, NestedChainAnswer] = {}
    for root, contracts in sorted(by_root.items()):
        symbol = root_info(root).symbol
        answer = found.setdefault(symbol, NestedChainAnswer(NestedChainItems([])))
        expirations = list(_expirations(list(contracts.values()), tape))
        answer.data.items.append(
            NestedChain(symbol, root, "Standard", 100, [{"value": "0.01"}], None, expirations)
        )
    return found


def _expirations(contracts: list[Contract], tape: FileSource) -> Iterator[NestedExpiration]:
    by_expiry: dict[str, dict[float, list[Contract]]] = {}
    for contract in sorted(contracts):
        strikes = by_expiry.setdefault(contract.expiry.isoformat(), {})
        strikes.setdefault(contract.strike, []).append(contract)
    for expiry, strikes in by_expiry.items():
        first = next(iter(strikes.values()))[0]
        yield NestedExpiration(
            "Regular",
            expiry,
            (first.expiry - tape.session.date).days,
            root_info(first.root).settlement,
            [_strike(strike, both) for strike, both in strikes.items()],
        )


def _strike(strike: float, both: list[Contract]) -> NestedStrike:
    found = NestedStrike(f"{strike:g}")
    for contract in both:
        raw, streamer = format_osi(contract), streamer_symbol(contract)
        if contract.right == "C":
            found.call, found.call_streamer_symbol = raw, streamer
        else:
            found.put, found.put_streamer_symbol = raw, streamer
    return found
