"""A tape served as Alpaca would: its REST interface and its stream, on one port.

So whoever has no account can develop against it, with other clients too. Its greeting tells the
clock and speed; other clients ignore that.
"""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from zerodte.feeds.alpaca.gateway import AlpacaGateway, AlpacaGatewayState
from zerodte.feeds.alpaca.protocol import LARGEST_MESSAGE
from zerodte.feeds.alpaca.tape_words import AlpacaWords, snapshot_of
from zerodte.feeds.message_board import Fields, MessageBoard
from zerodte.feeds.stream_gateway import STREAM_OVERLAP
from zerodte.feeds.websocket_listener import json_answer
from zerodte.feeds.websocket_server import WebsocketTapeServer
from zerodte.market.osi import Contract
from zerodte.market.roots import canonical_name, root_info
from zerodte.tape.source import FileSource

_STREAMS: Final = ("/v1beta1/opra", "/v1beta1/indicative")
_CONTRACTS: Final = "/v2/options/contracts"
_SNAPSHOTS: Final = "/v1beta1/options/snapshots/"
#: Of ids that only this server gives.
_IDS: Final = uuid.NAMESPACE_OID
#: Entries of a page, if a client does not say, and at most.
_USUAL_PAGE: Final = 100
_MOST_CONTRACTS, _MOST_SNAPSHOTS = 10_000, 1_000


class AlpacaServer(WebsocketTapeServer[MessageBoard, AlpacaGatewayState]):
    """Serves a tape in Alpaca's words; see `WebsocketTapeServer`."""

    largest = LARGEST_MESSAGE

    def _board_of(self, tape: FileSource) -> MessageBoard:
        return MessageBoard(tape, AlpacaWords(), STREAM_OVERLAP)

    def _conversation(self, client: ServerConnection, path: str) -> AlpacaGateway:
        feed, stopped = path.rpartition("/")[2], self._listener.stopped
        return AlpacaGateway(client, self._board, self._clock, self._state, stopped, feed)

    def _answer(self, _: ServerConnection, request: Request) -> Response | None:
        """The answer to a request; None where the stream begins."""
        parts = urlsplit(request.path)
        if parts.path in _STREAMS:
            return None
        headers = request.headers
        key, secret = headers.get("APCA-API-KEY-ID", ""), headers.get("APCA-API-SECRET-KEY", "")
        if not self._state.accepts(key, secret):
            return _refusal(HTTPStatus.FORBIDDEN, "forbidden.")
        query = dict(parse_qsl(parts.query))
        if parts.path == _CONTRACTS:
            return self._contracts(query)
        if parts.path.startswith(_SNAPSHOTS):
            if query.get("feed", "opra") == "opra" and not self._state.has_opra:
                text = "subscription does not permit querying OPRA data"
                return _refusal(HTTPStatus.FORBIDDEN, text)
            return self._snapshots(unquote(parts.path.removeprefix(_SNAPSHOTS)), query)
        return _refusal(HTTPStatus.NOT_FOUND, "endpoint not found.")

    def _contracts(self, query: Mapping[str, str]) -> Response:
        symbols = query.get("underlying_symbols", "").split(",")
        interest = self._board.at(self._clock.now()).interest
        listed = []
        for symbol in symbols:
            for name, contract in self._chosen(symbol, query).items():
                entry: Fields = {
                    "id": str(uuid.uuid5(_IDS, name)),
                    "symbol": name,
                    "name": f"{symbol} {contract.expiry} {contract.strike:g} {contract.right}",
                    "underlying_asset_id": str(uuid.uuid5(_IDS, symbol)),
                    "style": "european" if root_info(contract.root).is_index else "american",
                    "status": "active",
                    "tradable": True,
                    "expiration_date": contract.expiry.isoformat(),
                    "root_symbol": contract.root,
                    "underlying_symbol": symbol,
                    "type": "call" if contract.right == "C" else "put",
                    "strike_price": f"{contract.strike:g}",
                    "size": "100",
                }
                if name in interest:
                    day, figure = interest[name]
                    entry |= {
                        "open_interest": str(figure),
                        "open_interest_date": day.isoformat(),
                    }
                listed.append(entry)
        first, page = _page(query, _MOST_CONTRACTS)
        token = str(first + page) if first + page < len(listed) else None
        answer = {"option_contracts": listed[first : first + page], "next_page_token": token}
        return json_answer(HTTPStatus.OK, answer)

    def _snapshots(self, symbol: str, query: Mapping[str, str]) -> Response:
        quotes = self._board.at(self._clock.now()).quotes
        names = [name for name in self._chosen(symbol, query) if name in quotes]
        first, page = _page(query, _MOST_SNAPSHOTS)
        found = {name: snapshot_of(quotes[name]) for name in names[first : first + page]}
        token = str(first + page) if first + page < len(names) else None
        return json_answer(HTTPStatus.OK, {"snapshots": found, "next_page_token": token})

    def _chosen(self, symbol: str, query: Mapping[str, str]) -> dict[str, Contract]:
        """The contracts of an underlying that a query asks for, in order of their names."""
        wanted = root_info(canonical_name(symbol)).symbol
        day = query.get("expiration_date")
        low = query.get("strike_price_gte", "0")
        high = query.get("strike_price_lte", "inf")
        return {
            name: contract
            for name, contract in sorted(self._board.contracts.items())
            if root_info(contract.root).symbol == wanted
            and day in (None, contract.expiry.isoformat())
            and query.get("expiration_date_gte", "") <= contract.expiry.isoformat()
            and contract.expiry.isoformat() <= query.get("expiration_date_lte", "9999")
            and float(low) <= contract.strike <= float(high)
        }


def _page(query: Mapping[str, str], most: int) -> tuple[int, int]:
    """The first entry of a page, and the number of its entries."""
    first, count = query.get("page_token", "0"), query.get("limit", str(_USUAL_PAGE))
    return (
        int(first) if first.isascii() and first.isdecimal() else 0,
        min(int(count), most) if count.isascii() and count.isdecimal() else _USUAL_PAGE,
    )


def _refusal(status: HTTPStatus, text: str) -> Response:
    return json_answer(status, {"message": text})
