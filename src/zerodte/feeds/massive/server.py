"""A tape served as Massive would: its REST interface and its streams, on one port.

So whoever has no account can develop against it, with other clients too. Its greeting tells the
clock and speed; other clients ignore that.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from zerodte.feeds.massive.account import NEEDS_OPTIONS
from zerodte.feeds.massive.gateway import MassiveGateway, MassiveGatewayState
from zerodte.feeds.massive.pages import CONTRACTS_PATH, INTEREST_PATH, ROWS_PER_PAGE
from zerodte.feeds.massive.protocol import INDEX_PREFIX, LARGEST_MESSAGE, OPTION_PREFIX
from zerodte.feeds.massive.rows import (
    contract_row,
    details_of,
    interest_row,
    is_within,
    page_of,
)
from zerodte.feeds.massive.tape_words import MassiveWords, last_quote_of
from zerodte.feeds.message_board import Fields, MessageBoard
from zerodte.feeds.stream_gateway import STREAM_OVERLAP
from zerodte.feeds.websocket_listener import json_answer
from zerodte.feeds.websocket_server import WebsocketTapeServer
from zerodte.market.osi import Contract
from zerodte.market.roots import root_info, underlying_of
from zerodte.tape.source import FileSource

_CLUSTERS: Final = ("/options", "/indices")
_SNAPSHOTS: Final = "/v3/snapshot/options/"
#: Entries of a page of snapshots at most.
_MOST_SNAPSHOTS: Final = 250


class MassiveServer(WebsocketTapeServer[MessageBoard, MassiveGatewayState]):
    """Serves a tape in Massive's words; see `WebsocketTapeServer`."""

    largest = LARGEST_MESSAGE

    def _board_of(self, tape: FileSource) -> MessageBoard:
        return MessageBoard(tape, MassiveWords(), STREAM_OVERLAP)

    def _conversation(self, client: ServerConnection, path: str) -> MassiveGateway:
        cluster, stopped = path.lstrip("/"), self._listener.stopped
        return MassiveGateway(client, self._board, self._clock, self._state, stopped, cluster)

    def _answer(self, _: ServerConnection, request: Request) -> Response | None:
        """The answer to a request; None where a stream begins."""
        parts = urlsplit(request.path)
        if parts.path in _CLUSTERS:
            return None
        query = dict(parse_qsl(parts.query))
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self._state.accepts(key or query.get("apiKey", "")):
            return _refusal(HTTPStatus.UNAUTHORIZED, "Unknown API Key")
        base = f"http://{request.headers.get('Host', '')}{parts.path}"
        if parts.path == CONTRACTS_PATH:
            return _page(base, query, self._contracts(query), ROWS_PER_PAGE)
        if parts.path == INTEREST_PATH:
            return _page(base, query, self._interest(query), ROWS_PER_PAGE)
        if parts.path.startswith(_SNAPSHOTS):
            if not self._state.has_options:
                return _refusal(HTTPStatus.FORBIDDEN, f"You are not entitled; {NEEDS_OPTIONS}")
            symbol = unquote(parts.path.removeprefix(_SNAPSHOTS)).removeprefix(INDEX_PREFIX)
            return _page(base, query, self._snapshots(symbol, query), _MOST_SNAPSHOTS)
        return _refusal(HTTPStatus.NOT_FOUND, "Not Found")

    def _contracts(self, query: Mapping[str, str]) -> list[Fields]:
        symbol = query.get("underlying_ticker", "")
        return [
            contract_row(f"{OPTION_PREFIX}{name}", contract)
            for name, contract in self._chosen(symbol, query).items()
        ]

    def _interest(self, query: Mapping[str, str]) -> list[Fields]:
        interest = self._board.at(self._clock.now()).interest
        found: list[Fields] = []
        for name, (day, figure) in sorted(interest.items()):
            ticker = f"{OPTION_PREFIX}{name}"
            contract = self._board.contracts.get(name)
            if contract is None or not is_within(ticker, "ticker", query):
                continue
            if is_within(day.isoformat(), "date", query):
                found.append(interest_row(ticker, contract, day, figure))
        return found

    def _snapshots(self, symbol: str, query: Mapping[str, str]) -> list[Fields]:
        state = self._board.at(self._clock.now())
        found: list[Fields] = []
        for name, contract in self._chosen(symbol, query).items():
            row: Fields = {
                "details": details_of(f"{OPTION_PREFIX}{name}", contract),
                "underlying_asset": {"ticker": symbol},
            }
            if name in state.quotes:
                row["last_quote"] = last_quote_of(state.quotes[name])
            if name in state.interest:
                row["open_interest"] = state.interest[name][1]
            found.append(row)
        return found

    def _chosen(self, symbol: str, query: Mapping[str, str]) -> dict[str, Contract]:
        """The contracts of an underlying that a query asks for, in order of their names."""
        wanted = underlying_of(symbol) if symbol else ""
        return {
            name: contract
            for name, contract in sorted(self._board.contracts.items())
            if root_info(contract.root).symbol == wanted
            and is_within(contract.expiry.isoformat(), "expiration_date", query)
            and float(query.get("strike_price.gte", "0")) <= contract.strike
            and contract.strike <= float(query.get("strike_price.lte", "inf"))
        }


def _page(base: str, query: Mapping[str, str], rows: Sequence[Fields], most: int) -> Response:
    return json_answer(HTTPStatus.OK, page_of(base, query, rows, most))


def _refusal(status: HTTPStatus, text: str) -> Response:
    return json_answer(status, {"status": "ERROR", "request_id": "0" * 32, "error": text})
