"""A tape in tastytrade's words: what stands is sent at once, and clients may misbehave."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from feeds.gateway import simulated
from feeds.tasty import TastytradeHost, serving
from zerodte.feeds.feed import FeedError
from zerodte.feeds.tastytrade.server import TastytradeServer

Message = dict[str, Any]


@pytest.fixture(scope="module")
def host() -> Iterator[TastytradeHost]:
    with serving(simulated(), 1.0, late=120.0) as found:
        yield found


@contextlib.contextmanager
def websocket(host: TastytradeHost) -> Iterator[ClientConnection]:
    url = host.account().quote_token().url
    with connect(url, proxy=None, compression=None, max_size=1 << 24) as client:
        yield client


def say(client: ClientConnection, kind: str, channel: int = 0, **fields: Any) -> None:
    client.send(json.dumps({"type": kind, "channel": channel, **fields}))


def answer(client: ClientConnection, kind: str) -> Message:
    """The next message of a type."""
    while True:
        message: Message = json.loads(client.recv(20))
        if message["type"] == kind:
            return message


def authorized(client: ClientConnection, host: TastytradeHost) -> None:
    say(client, "SETUP", version="1.0", keepaliveTimeout=60, acceptKeepaliveTimeout=60)
    answer(client, "SETUP")
    assert answer(client, "AUTH_STATE")["state"] == "UNAUTHORIZED"
    say(client, "KEEPALIVE")
    say(client, "AUTH", token=host.account().quote_token().token.reveal())
    assert answer(client, "AUTH_STATE")["state"] == "AUTHORIZED"


def opened(client: ClientConnection, number: int, fields: dict[str, list[str]]) -> None:
    say(client, "CHANNEL_REQUEST", number, service="FEED", parameters={"contract": "AUTO"})
    assert answer(client, "CHANNEL_OPENED")["channel"] == number
    say(client, "FEED_SETUP", number, acceptDataFormat="COMPACT", acceptEventFields=fields)
    config = answer(client, "FEED_CONFIG")
    assert config["eventFields"] == fields
    assert config["dataFormat"] == "COMPACT"


def test_what_stands_is_sent_in_the_order_of_the_fields_asked_for(host: TastytradeHost) -> None:
    fields = ["bidPrice", "eventSymbol", "askPrice", "sequence", "neverHeardOf"]
    name = host.account().chain("NVDA")[200].name
    with websocket(host) as client:
        authorized(client, host)
        opened(client, 5, {"Quote": fields})
        say(client, "FEED_SUBSCRIPTION", 5, add=[{"type": "Quote", "symbol": name}])
        kind, values = answer(client, "FEED_DATA")["data"]
        assert kind == "Quote"
        bid, symbol, ask, sequence, unknown = values
        assert (symbol, sequence, unknown) == (name, 0, None)
        assert 0 <= bid < ask


def test_subscriptions_can_be_taken_back(host: TastytradeHost) -> None:
    chain = host.account().chain("NVDA")
    with websocket(host) as client:
        authorized(client, host)
        opened(client, 1, {"Quote": ["eventSymbol"]})
        adds = [{"type": "Quote", "symbol": one.name} for one in chain[180:190]]
        say(client, "FEED_SUBSCRIPTION", 1, add=adds)
        assert len(answer(client, "FEED_DATA")["data"][1]) == len(adds)
        say(client, "FEED_SUBSCRIPTION", 1, remove=adds[1:])
        say(client, "FEED_SUBSCRIPTION", 1, reset=True, add=adds[:1])
        while True:  # what was under way before
            symbols = answer(client, "FEED_DATA")["data"][1]
            if symbols == [adds[0]["symbol"]]:
                break
        say(client, "CHANNEL_CANCEL", 1)
        assert answer(client, "CHANNEL_CLOSED")["channel"] == 1


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ({"type": "AUTH", "channel": 0, "token": "x"}, "INVALID_MESSAGE"),
        ({"type": "FEED_SUBSCRIPTION", "channel": 1}, "INVALID_MESSAGE"),
    ],
)
def test_a_client_that_does_not_begin_with_setup(
    host: TastytradeHost, first: Message, said: str
) -> None:
    with websocket(host) as client:
        client.send(json.dumps(first))
        assert answer(client, "ERROR")["error"] == said


@pytest.mark.parametrize(
    "action",
    [
        {"type": "FEED_SUBSCRIPTION", "channel": 7, "add": []},
        {"type": "FEED_SETUP", "channel": 7},
        {"type": "CHANNEL_REQUEST", "channel": 7, "service": "CHART"},
        {"type": "DANCE", "channel": 0},
    ],
)
def test_actions_that_do_not_fit_end_the_connection(host: TastytradeHost, action: Message) -> None:
    with websocket(host) as client:
        authorized(client, host)
        client.send(json.dumps(action))
        assert answer(client, "ERROR")["error"] == "BAD_ACTION"
        with pytest.raises(ConnectionClosed):
            client.recv(20)


def test_a_wrong_token_is_refused(host: TastytradeHost) -> None:
    with websocket(host) as client:
        say(client, "SETUP")
        say(client, "AUTH", token="wrong")  # noqa: S106  of a test
        assert answer(client, "ERROR")["error"] == "UNAUTHORIZED"


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"type": 5}', "x" * (1 << 18)])
def test_garbage_ends_a_connection_and_no_other(host: TastytradeHost, text: str) -> None:
    with websocket(host) as good, websocket(host) as bad:
        authorized(good, host)
        bad.send(text)
        with pytest.raises(ConnectionClosed):
            bad.recv(20)
        opened(good, 1, {"Quote": ["eventSymbol"]})


def request(
    host: TastytradeHost, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host.address, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, path, body or None, headers)
        found = connection.getresponse()
        return found.status, found.read()


def test_the_rest_session_refuses_what_it_does_not_know(host: TastytradeHost) -> None:
    assert request(host, "POST", "/sessions", b"{}")[0] == 404
    assert request(host, "POST", "/oauth/token", b"[")[0] == 401
    assert request(host, "GET", "/api-quote-tokens")[0] == 401
    status, body = request(host, "POST", "/oauth/token", b'{"client_secret": "x"}')
    assert status == 401
    assert json.loads(body)["error"]["code"] == "invalid_grant"


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FeedError, match=f"cannot listen on 127.0.0.1:{port}"):
            TastytradeServer(simulated(), 1.0, keys=None, host="127.0.0.1", port=port)
